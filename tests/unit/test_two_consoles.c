/* SPDX-License-Identifier: MIT
 *
 * Two consoles on one machine, in one process and in two: each sees what the other does, changes of
 * one VM are merged, no partition is given twice, and no more than eight jobs run at once.
 */
#include <setjmp.h>
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

enum { JOBS = 8, TRIES = 20 };

struct pair {
    char path[400];
    struct fault_rig a, b;
};

static void open_pair(struct pair *pair)
{
    fault_path(pair->path, sizeof pair->path, "machine.json");
    const struct fault_options options = {.state = pair->path};
    fault_open(&pair->a, &options);
    fault_open(&pair->b, &options);
}

static void close_pair(struct pair *pair)
{
    fault_assert_clears(&pair->b, "no fault");
    hvgpu_close(pair->a.host);
    fault_close(&pair->b);
    fault_remove_state(pair->path);
}

static bool c1_runs(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    const struct hvgpu_system *system = hvgpu_find_system(s, "c1");
    return system != NULL && system->ours && system->image != NULL &&
           system->state == HVGPU_STATE_RUNNING;
}

/* The GPUs of c1's VM are these, as text. */
static bool vm_has(const struct hvgpu_snapshot *s, const void *text)
{
    const struct hvgpu_system *vm = hvgpu_find_system(s, "c1@vm");
    return vm != NULL && vm->gpu_text != NULL && strcmp(vm->gpu_text, text) == 0;
}

static bool vm_has_count(const struct hvgpu_snapshot *s, const void *count)
{
    const struct hvgpu_system *vm = hvgpu_find_system(s, "c1@vm");
    return vm != NULL && vm->assignment_count == *(const size_t *)count;
}

static const struct hvgpu_gpu_request gpu0 = {.gpu = "gpu0"};
static const struct hvgpu_gpu_request gpu1 = {.gpu = "gpu1"};
static const struct hvgpu_request attach0 = {
    .verb = HVGPU_ATTACH, .target = "c1", .gpus = &gpu0, .gpu_count = 1};
static const struct hvgpu_request attach1 = {
    .verb = HVGPU_ATTACH, .target = "c1", .gpus = &gpu1, .gpu_count = 1};
static const struct hvgpu_request detach0 = {
    .verb = HVGPU_DETACH, .target = "c1", .gpus = &gpu0, .gpu_count = 1};
static const struct hvgpu_request detach1 = {
    .verb = HVGPU_DETACH, .target = "c1", .gpus = &gpu1, .gpu_count = 1};

static void test_each_sees_what_the_other_does(void **state)
{
    (void)state;
    struct pair pair;
    open_pair(&pair);
    (void)fault_done(&pair.a, &fault_launch);
    assert_true(fault_until(&pair.a, c1_runs, NULL, 20));
    assert_true(fault_until(&pair.b, c1_runs, NULL, 20));
    assert_true(fault_until(&pair.b, vm_has, "none", 20));
    (void)fault_done(&pair.b, &attach0);
    assert_true(fault_until(&pair.a, vm_has, "gpu0:any", 20));
    const struct hvgpu_job *check = fault_done(&pair.a, &fault_check);
    assert_non_null(strstr(check->result, "in the VM but not in the container"));
    (void)fault_done(&pair.a, &fault_detach);
    assert_true(fault_until(&pair.b, vm_has, "none", 20));
    check = fault_done(&pair.b, &fault_check);
    assert_non_null(strstr(check->result, "in neither"));
    (void)fault_done(&pair.a, &fault_stop);
    const size_t none = 0;
    assert_true(fault_until(&pair.b, fault_own_systems_are, &none, 20));
    const struct hvgpu_system *rest = hvgpu_find_system(hvgpu_snapshot(pair.b.host), "c1");
    assert_true(rest != NULL && rest->left_over);
    close_pair(&pair);
}

/* Waits for its end. Who could not have the VM's lock in time is told so, and tries again. */
static bool ends_done(struct fault_rig *rig, uint64_t id, const struct hvgpu_request *request)
{
    const struct hvgpu_job *job = fault_end(rig, id, 60);
    for (int i = 0; i < TRIES && job != NULL && job->error.status == HVGPU_BUSY; i++) {
        job = fault_run(rig, request);
    }
    if (job != NULL && job->state != HVGPU_JOB_DONE) {
        fault_say("both at once", job);
    }
    return job != NULL && job->state == HVGPU_JOB_DONE;
}

/* Both at once; each is done. */
static void both(struct pair *pair, const struct hvgpu_request *a, const struct hvgpu_request *b)
{
    uint64_t first = fault_submit(&pair->a, a);
    uint64_t second = fault_submit(&pair->b, b);
    assert_true(ends_done(&pair->a, first, a));
    assert_true(ends_done(&pair->b, second, b));
}

static void expect_count(struct pair *pair, size_t count)
{
    assert_true(fault_until(&pair->a, vm_has_count, &count, 20));
    assert_true(fault_until(&pair->b, vm_has_count, &count, 20));
}

static void test_changes_of_one_vm_from_both_lose_nothing(void **state)
{
    (void)state;
    struct pair pair;
    open_pair(&pair);
    (void)fault_done(&pair.a, &fault_launch);
    assert_true(fault_until(&pair.a, c1_runs, NULL, 20));
    assert_true(fault_until(&pair.b, c1_runs, NULL, 20));
    for (int round = 0; round < 5; round++) {
        both(&pair, &attach0, &attach1);
        expect_count(&pair, 2);
        both(&pair, &detach0, &detach1);
        expect_count(&pair, 0);
        both(&pair, &attach1, &attach0);
        expect_count(&pair, 2);
        both(&pair, &detach0, &detach1);
        expect_count(&pair, 0);
    }
    close_pair(&pair);
}

static void test_a_partition_is_never_given_twice(void **state)
{
    (void)state;
    static const struct hvgpu_gpu_request third = {.gpu = "gpu0",
                                                   .partition = {.known = true, .value = 3}};
    struct pair pair;
    open_pair(&pair);
    struct hvgpu_request one = fault_launch;
    struct hvgpu_request two = fault_launch;
    one.launch.gpus = two.launch.gpus = &third;
    one.launch.gpu_count = two.launch.gpu_count = 1;
    two.launch.name = "c2";
    uint64_t first = fault_submit(&pair.a, &one);
    uint64_t second = fault_submit(&pair.b, &two);
    const struct hvgpu_job *a = fault_end(&pair.a, first, 60);
    const struct hvgpu_job *b = fault_end(&pair.b, second, 60);
    assert_true(a != NULL && b != NULL);
    int done = (a->state == HVGPU_JOB_DONE) + (b->state == HVGPU_JOB_DONE);
    assert_int_equal(done, 1);
    const struct hvgpu_job *loser = a->state == HVGPU_JOB_DONE ? b : a;
    fault_assert_told("a taken partition", loser);
    assert_non_null(strstr(loser->error.message, "in use"));
    assert_null(loser->left_behind);
    struct fault_rig *winner = a->state == HVGPU_JOB_DONE ? &pair.a : &pair.b;
    const char *name = a->state == HVGPU_JOB_DONE ? "c1" : "c2";
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = name, .force = true};
    (void)fault_done(winner, &rm);
    close_pair(&pair);
}

/* In the child: one change from a process of its own. */
static void change_in_child(const char *path, const struct hvgpu_request *request)
{
    const struct fault_options options = {.state = path};
    struct fault_rig rig;
    fault_open(&rig, &options);
    if (!fault_until(&rig, c1_runs, NULL, 20)) {
        _exit(2);
    }
    bool done = ends_done(&rig, fault_submit(&rig, request), request);
    hvgpu_close(rig.host);
    _exit(done ? 0 : 1);
}

static void test_a_change_from_another_process_is_merged(void **state)
{
    (void)state;
    char path[400];
    fault_path(path, sizeof path, "machine.json");
    const struct fault_options options = {.state = path};
    struct fault_rig rig;
    fault_open(&rig, &options);
    (void)fault_done(&rig, &fault_launch);
    hvgpu_close(rig.host); /* no thread is there when the process forks */
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        change_in_child(path, &attach1);
    }
    fault_open(&rig, &options);
    assert_true(fault_until(&rig, c1_runs, NULL, 20));
    assert_true(ends_done(&rig, fault_submit(&rig, &attach0), &attach0));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    const size_t two = 2;
    assert_true(fault_until(&rig, vm_has_count, &two, 20));
    fault_assert_clears(&rig, "no fault");
    fault_close(&rig);
    fault_remove_state(path);
}

static void test_eight_jobs_run_at_once_and_the_ninth_is_refused(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {0};
    fault_open(&rig, &options);
    (void)fault_done(&rig, &fault_launch);
    assert_true(fault_until(&rig, c1_runs, NULL, 20));
    const struct hvgpu_request exec = {
        .verb = HVGPU_EXEC, .target = "c1", .command = "sort", .interactive = true};
    uint64_t jobs[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = fault_submit(&rig, &exec);
        assert_true(jobs[i] != 0);
    }
    struct hvgpu_error err;
    uint64_t ninth = 0;
    assert_int_equal(hvgpu_submit(rig.host, &exec, &ninth, &err), HVGPU_LIMIT);
    assert_non_null(strstr(err.message, "8 jobs"));
    assert_true(err.hint[0] != '\0');
    for (size_t i = 0; i < JOBS; i++) {
        assert_true(hvgpu_job_input(rig.host, jobs[i], NULL, 0));
        const struct hvgpu_job *job = fault_end(&rig, jobs[i], 60);
        assert_non_null(job);
        assert_int_equal(job->state, HVGPU_JOB_DONE);
    }
    assert_true(fault_submit(&rig, &fault_check) != 0);
    fault_assert_clears(&rig, "no fault");
    fault_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_sees_what_the_other_does),
        cmocka_unit_test(test_changes_of_one_vm_from_both_lose_nothing),
        cmocka_unit_test(test_a_partition_is_never_given_twice),
        cmocka_unit_test(test_a_change_from_another_process_is_merged),
        cmocka_unit_test(test_eight_jobs_run_at_once_and_the_ninth_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
