/* SPDX-License-Identifier: MIT
 *
 * The in-process shell on a built-in scenario, for tests: calls in UTF-8 that wait for their
 * result.
 */
#ifndef TESTS_SHELL_FIXTURE_H
#define TESTS_SHELL_FIXTURE_H

#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/shell.h"

struct shell_fixture {
    struct hcs_engine_walls walls;
    const struct hcs_api *hcs;
    const struct host_api *host;
    void *machine;
    char *document; /* of the last call; NULL when there was none */
    struct hcs_process_information information;
};

/* The scenario "healthy" with fewer systems; fault (may be NULL) is copied. */
void shell_fixture_open(struct shell_fixture *f, const char *state_file, bool stepped,
                        const struct scenario_fault *fault);
void shell_fixture_close(struct shell_fixture *f);

hcs_result shell_fixture_enumerate(struct shell_fixture *f);
bool shell_fixture_listed(struct shell_fixture *f, const char *id);
hcs_result shell_fixture_create(struct shell_fixture *f, const char *id, const char *document,
                                hcs_system *system);
hcs_result shell_fixture_open_system(struct shell_fixture *f, const char *id, hcs_system *system);
hcs_result shell_fixture_start(struct shell_fixture *f, hcs_system system);
hcs_result shell_fixture_terminate(struct shell_fixture *f, hcs_system system);
hcs_result shell_fixture_run(struct shell_fixture *f, hcs_system system, const char *command,
                             hcs_process *process);
/* Copies the boot disk for the id and makes a VM document on the first image. malloc'd. */
char *shell_fixture_vm_document(struct shell_fixture *f, const char *id, bool last_handle);

#endif
