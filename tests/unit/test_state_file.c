/* SPDX-License-Identifier: MIT
 *
 * The machine in a file: several shells and processes meet the same machine, dead ones are noticed,
 * a kill leaves a whole file.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "tests/support/shell_fixture.h"

struct place {
    char folder[64];
    char *file;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "/tmp/hvgpu-state-XXXXXX");
    if (mkdtemp(place->folder) == NULL) {
        return -1;
    }
    place->file = text_format("%s/machine.json", place->folder);
    *state = place;
    return 0;
}

static bool remove_one(void *context, const char *name)
{
    const struct place *place = context;
    char *path = text_format("%s/%s", place->folder, name);
    struct hvgpu_error err;
    os_file_remove(path, &err);
    free(path);
    return true;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    struct hvgpu_error err;
    os_folder_list(place->folder, remove_one, place, &err);
    os_folder_remove(place->folder);
    free(place->file);
    free(place);
    return 0;
}

static bool eventually(atomic_int *what, int value)
{
    for (int i = 0; i < 5000 && atomic_load(what) < value; i++) {
        os_sleep_ms(1);
    }
    return atomic_load(what) >= value;
}

static hcs_system create_vm(struct shell_fixture *f, bool last_handle)
{
    hcs_system vm = NULL;
    char *document = shell_fixture_vm_document(f, "vm", last_handle);
    assert_non_null(document);
    assert_int_equal(shell_fixture_create(f, "vm", document, &vm), 0);
    free(document);
    return vm;
}

static void test_machine_outlives_the_shell(void **state)
{
    const struct place *place = *state;
    struct shell_fixture f;
    shell_fixture_open(&f, place->file, true, NULL);
    assert_non_null(f.machine);
    hcs_system vm = create_vm(&f, false);
    assert_int_equal(shell_fixture_start(&f, vm), 0);
    shell_fixture_close(&f);
    shell_fixture_open(&f, place->file, true, NULL);
    assert_true(shell_fixture_listed(&f, "vm"));
    assert_int_equal(shell_fixture_open_system(&f, "vm", &vm), 0);
    assert_int_equal(shell_fixture_terminate(&f, vm), 0);
    shell_fixture_close(&f);
    shell_fixture_open(&f, place->file, true, NULL);
    assert_false(shell_fixture_listed(&f, "vm"));
    shell_fixture_close(&f);
}

struct events {
    atomic_int exits;
};

static void on_event(struct hcs_event *event, void *context)
{
    struct events *events = context;
    if (event->type == HCS_EVENT_SYSTEM_EXITED) {
        atomic_fetch_add(&events->exits, 1);
    }
}

static void test_two_shells_see_each_other(void **state)
{
    const struct place *place = *state;
    struct shell_fixture one;
    struct shell_fixture two;
    struct events events = {0};
    hcs_system seen = NULL;
    shell_fixture_open(&one, place->file, true, NULL);
    shell_fixture_open(&two, place->file, true, NULL);
    hcs_system vm = create_vm(&one, false);
    assert_true(shell_fixture_listed(&two, "vm"));
    assert_int_equal(shell_fixture_open_system(&two, "vm", &seen), 0);
    assert_int_equal(two.hcs->HcsSetComputeSystemCallback(two.machine, seen, 0, &events, on_event),
                     0);
    assert_int_equal(shell_fixture_start(&one, vm), 0);
    assert_int_equal(shell_fixture_terminate(&one, vm), 0);
    assert_true(eventually(&events.exits, 1));
    shell_fixture_close(&two);
    shell_fixture_close(&one);
}

static void test_last_handle_counts_over_processes(void **state)
{
    const struct place *place = *state;
    struct shell_fixture one;
    struct shell_fixture two;
    hcs_system seen = NULL;
    shell_fixture_open(&one, place->file, true, NULL);
    shell_fixture_open(&two, place->file, true, NULL);
    hcs_system vm = create_vm(&one, true);
    assert_int_equal(shell_fixture_open_system(&two, "vm", &seen), 0);
    one.hcs->HcsCloseComputeSystem(one.machine, vm);
    assert_true(shell_fixture_listed(&one, "vm"));
    shell_fixture_close(&two); /* with the handle still open */
    assert_false(shell_fixture_listed(&one, "vm"));
    shell_fixture_close(&one);
}

/* ---- other processes: this program again, with the name of what to do and the file ---- */

static const struct scenario_fault *kill_after_start(void)
{
    static char call[] = "HcsStartComputeSystem";
    static const struct scenario_fault fault = {.call = call, .kind = FAULT_KILL_AFTER, .nth = 1};
    return &fault;
}

static int child_main(const char *what, const char *file)
{
    struct shell_fixture f;
    bool starts = strcmp(what, "start") == 0;
    shell_fixture_open(&f, file, true, starts ? kill_after_start() : NULL);
    if (f.machine == NULL) {
        return 2;
    }
    while (strcmp(what, "folders") == 0) {
        char *folder = text_format("C:\\k\\%u", (unsigned)os_now_ns());
        f.host->make_folder(f.machine, folder);
        free(folder);
    }
    hcs_system vm = NULL;
    char *document = shell_fixture_vm_document(&f, "vm", !starts);
    shell_fixture_create(&f, "vm", document, &vm);
    if (starts) {
        shell_fixture_start(&f, vm);
    }
    _exit(0); /* nothing is closed */
}

static pid_t child(const char *what, const char *file)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "child", what, file, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void test_handles_of_a_dead_process_are_closed(void **state)
{
    const struct place *place = *state;
    int status = 0;
    pid_t pid = child("leave", place->file);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct shell_fixture f;
    shell_fixture_open(&f, place->file, true, NULL);
    assert_non_null(f.machine);
    assert_false(shell_fixture_listed(&f, "vm"));
    shell_fixture_close(&f);
}

/* The child is killed when its start was served; what it began took effect, the fault is not
 * repeated for the next process. */
static void test_request_of_a_killed_process_goes_on(void **state)
{
    const struct place *place = *state;
    int status = 0;
    pid_t pid = child("start", place->file);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct shell_fixture f;
    shell_fixture_open(&f, place->file, true, kill_after_start());
    assert_non_null(f.machine);
    assert_true(shell_fixture_listed(&f, "vm"));
    assert_non_null(strstr(f.document, "Running"));
    shell_fixture_close(&f);
}

static void test_kill_at_any_moment_leaves_a_whole_file(void **state)
{
    const struct place *place = *state;
    for (unsigned round = 0; round < 8; round++) {
        pid_t pid = child("folders", place->file);
        os_sleep_ms(20 + round * 7);
        kill(pid, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        struct shell_fixture f;
        shell_fixture_open(&f, place->file, true, NULL);
        assert_non_null(f.machine);
        assert_int_equal(shell_fixture_enumerate(&f), 0);
        shell_fixture_close(&f);
    }
}

static void test_damaged_or_foreign_file_is_refused(void **state)
{
    const struct place *place = *state;
    static const char *const contents[] = {"", "{}", "not json", "{\"epoch_ms\":1}",
                                           "{\"epoch_ms\":1,\"skipped_ns\":0,\"machine\":{}}"};
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        struct hvgpu_error err;
        struct shell_fixture f;
        assert_int_equal(os_file_replace(place->file, contents[i], strlen(contents[i]), &err),
                         HVGPU_OK);
        shell_fixture_open(&f, place->file, true, NULL);
        assert_null(f.machine);
        shell_fixture_close(&f);
    }
}

static void test_real_clock_agrees_between_shells(void **state)
{
    const struct place *place = *state;
    struct shell_fixture one;
    struct shell_fixture two;
    shell_fixture_open(&one, place->file, false, NULL);
    shell_fixture_open(&two, place->file, false, NULL);
    int64_t a = one.host->now_ms(one.machine);
    int64_t b = two.host->now_ms(two.machine);
    assert_true(a - b < 2000 && b - a < 2000);
    assert_int_equal(shell_fixture_enumerate(&two), 0);
    shell_fixture_close(&one);
    shell_fixture_close(&two);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        return child_main(argv[1], argv[2]);
    }
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        PLACED(test_machine_outlives_the_shell),
        PLACED(test_two_shells_see_each_other),
        PLACED(test_last_handle_counts_over_processes),
        PLACED(test_handles_of_a_dead_process_are_closed),
        PLACED(test_request_of_a_killed_process_goes_on),
        PLACED(test_kill_at_any_moment_leaves_a_whole_file),
        PLACED(test_damaged_or_foreign_file_is_refused),
        PLACED(test_real_clock_agrees_between_shells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
