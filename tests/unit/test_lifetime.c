/* SPDX-License-Identifier: MIT
 *
 * How long systems live: what was launched with --rm ends with its launcher, closed or killed,
 * also while another console watches; everything else outlives its console.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/fault_rig.h"

enum { CLOSE_MS = 1500 };

static const struct hvgpu_request stays = {
    .verb = HVGPU_LAUNCH,
    .launch = {.name = "c1", .image = "mcr.microsoft.com/windows/server:ltsc2022", .remove = true}};

static bool launched(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    const struct hvgpu_system *system = hvgpu_find_system(s, "c1");
    return system != NULL && system->state == HVGPU_STATE_RUNNING && fault_own_running(s) == 2;
}

static bool job_has_result(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    return s->job_count > 0 && s->jobs[0]->result != NULL;
}

/* A console that watches: it reads everything, and checks when asked. */
static void watch(struct fault_rig *rig, const char *state)
{
    const struct fault_options options = {.state = state};
    fault_open(rig, &options);
    hvgpu_set_probe_interval(rig->host, 1);
}

static void expect_end(struct fault_rig *watcher)
{
    const size_t none = 0;
    assert_true(fault_until(watcher, fault_own_systems_are, &none, 20));
    fault_assert_clears(watcher, "the launcher is gone"); /* its folders are listed */
}

static void test_a_watcher_does_not_prolong_what_ends_with_its_launcher(void **state)
{
    (void)state;
    char path[400];
    fault_path(path, sizeof path, "machine.json");
    const struct fault_options options = {.state = path};
    struct fault_rig launcher;
    struct fault_rig watcher;
    fault_open(&launcher, &options);
    watch(&watcher, path);
    assert_true(fault_submit(&launcher, &stays) != 0);
    assert_true(fault_until(&launcher, job_has_result, NULL, 20));
    assert_true(fault_until(&watcher, launched, NULL, 20));
    const struct hvgpu_system *system = hvgpu_find_system(hvgpu_snapshot(watcher.host), "c1");
    assert_int_not_equal(system->ends_with_last_handle, HVGPU_ANSWER_NO);
    (void)fault_run(&watcher, &fault_check); /* it may look inside, too */
    hvgpu_close(launcher.host);
    expect_end(&watcher);
    fault_close(&watcher);
    fault_remove_state(path);
}

static void test_the_launcher_ends_it_by_itself_beside_a_watcher(void **state)
{
    (void)state;
    char path[400];
    fault_path(path, sizeof path, "machine.json");
    const struct fault_options options = {.state = path};
    struct fault_rig launcher;
    struct fault_rig watcher;
    fault_open(&launcher, &options);
    watch(&watcher, path);
    (void)fault_done(&launcher, &fault_launch_rm);
    const size_t none = 0;
    assert_true(fault_until(&watcher, fault_own_systems_are, &none, 20));
    assert_int_equal(hvgpu_snapshot(watcher.host)->leftover_count, 0);
    hvgpu_close(launcher.host);
    fault_close(&watcher);
    fault_remove_state(path);
}

/* In the child: launches, tells when it stands, and waits to be killed. */
static void launch_and_wait(const char *path, int tell)
{
    const struct fault_options options = {.state = path};
    struct fault_rig rig;
    fault_open(&rig, &options);
    char word =
        fault_submit(&rig, &stays) != 0 && fault_until(&rig, job_has_result, NULL, 20) ? 'y' : 'n';
    (void)!write(tell, &word, 1);
    for (;;) {
        pause();
    }
}

static void test_it_ends_when_its_launcher_is_killed_although_watched(void **state)
{
    (void)state;
    char path[400];
    fault_path(path, sizeof path, "machine.json");
    int tell[2];
    assert_int_equal(pipe(tell), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        launch_and_wait(path, tell[1]);
    }
    close(tell[1]);
    char word = 0;
    assert_int_equal(read(tell[0], &word, 1), 1);
    assert_int_equal(word, 'y');
    close(tell[0]);
    struct fault_rig watcher;
    watch(&watcher, path);
    assert_true(fault_until(&watcher, launched, NULL, 20));
    kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    expect_end(&watcher);
    fault_close(&watcher);
    fault_remove_state(path);
}

static void test_what_was_launched_without_rm_outlives_its_console(void **state)
{
    (void)state;
    char path[400];
    fault_path(path, sizeof path, "machine.json");
    const struct fault_options options = {.state = path};
    struct fault_rig rig;
    fault_open(&rig, &options);
    (void)fault_done(&rig, &fault_launch_gpu);
    hvgpu_close(rig.host);
    fault_open(&rig, &options);
    assert_true(fault_until(&rig, launched, NULL, 20));
    const struct hvgpu_system *system = hvgpu_find_system(hvgpu_snapshot(rig.host), "c1");
    assert_true(system->ours);
    assert_non_null(system->image);
    assert_int_equal(system->gpu_mode, HVGPU_MODE_LIST);
    assert_int_equal(hvgpu_snapshot(rig.host)->leftover_count, 0);
    fault_assert_clears(&rig, "no fault");
    fault_close(&rig);
    fault_remove_state(path);
}

static void test_closing_returns_soon_while_a_job_runs(void **state)
{
    (void)state;
    char path[400];
    fault_path(path, sizeof path, "machine.json");
    const struct fault_options options = {.state = path};
    struct fault_rig rig;
    fault_open(&rig, &options);
    assert_true(fault_submit(&rig, &stays) != 0);
    assert_true(fault_until(&rig, job_has_result, NULL, 20));
    assert_true(fault_close(&rig) < CLOSE_MS);
    fault_remove_state(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_watcher_does_not_prolong_what_ends_with_its_launcher),
        cmocka_unit_test(test_the_launcher_ends_it_by_itself_beside_a_watcher),
        cmocka_unit_test(test_it_ends_when_its_launcher_is_killed_although_watched),
        cmocka_unit_test(test_what_was_launched_without_rm_outlives_its_console),
        cmocka_unit_test(test_closing_returns_soon_while_a_job_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
