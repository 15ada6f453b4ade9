/* SPDX-License-Identifier: MIT
 *
 * What the shell commands share once their options are read: opening the host and waiting for its
 * first inventory, submitting a request and following its job, interruption by Ctrl-C.
 */
#ifndef HVGPU_CONSOLE_SHELL_SESSION_H
#define HVGPU_CONSOLE_SHELL_SESSION_H

#include "console/shell/shell.h"

/* Opens shell->uri and waits until GPUs, systems and images are there. False: told the user;
 * *status is the exit status. A host that answers but cannot do its work (no hypervisor) counts as
 * open; its link state says so. `need_live`: then it is a failure too. */
bool session_open(struct shell *shell, bool need_live, int *status);
void session_close(struct shell *shell);

/* Waits once and takes the new snapshot. False: interrupted (Ctrl-C, TERM). */
bool session_wait(struct shell *shell, int timeout_ms);
bool session_interrupted(void);

/* Prints the calls of a request instead of making them; returns the exit status. */
int session_dry_run(struct shell *shell, const struct hvgpu_request *request);

/* How a job is followed. */
struct session_follow {
    bool quiet;       /* no step lines */
    bool pass_output; /* output of its process to out and err */
    bool pass_input;  /* standard input to its process */
};
/* Submits and follows to the end; Ctrl-C cancels (a second one leaves the journal to a later
 * start). Returns the finished job, valid until the next wait; NULL: refused or lost, told the
 * user, *status set. */
const struct hvgpu_job *session_run(struct shell *shell, const struct hvgpu_request *request,
                                    const struct session_follow *follow, int *status);
/* Tells how a job ended: error and hint, what was left behind. Returns the exit status of the state
 * alone (0 or 1). */
int session_report(struct shell *shell, const struct hvgpu_job *job);

#endif
