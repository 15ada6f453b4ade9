/* SPDX-License-Identifier: MIT
 *
 * Kills at every call, and what the next process does about it.
 */
#include "tests/support/flow_kill.h"

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

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "tests/support/flow_rig.h"

enum { SECONDS = 60, CALLS_MAX = 60 };

static const char *const functions[] = {
    "HcsCreateComputeSystem", "HcsStartComputeSystem", "HcsModifyComputeSystem",
    "HcsCreateProcess",       "HcsGrantVmAccess",      "host.copy_file",
};

/* In the child: launches until the fault kills it. Status 0: it was not struck. */
static void launch_in_child(const char *state_file, const char *faults)
{
    struct flow flow;
    const struct flow_options options = {
        .candidate = 2, .faults = faults, .state_file = state_file};
    const struct hvgpu_request request = flow_launch_gpu("c1");
    flow_open(&flow, &options);
    const struct hvgpu_job *job = flow_run(&flow, &request, SECONDS);
    _exit(job != NULL && job->state == HVGPU_JOB_DONE ? 0 : 1);
}

/* True: the child was killed. */
static bool run_child(const char *state_file, const char *faults)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        launch_in_child(state_file, faults);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Waits until the list of left-overs has been read again and no longer has this one. */
static bool wait_until_gone(struct flow *flow, const char *journal)
{
    for (int i = 0; i < 250; i++) {
        const struct hvgpu_snapshot *s = hvgpu_snapshot(flow->host);
        bool listed = false;
        for (size_t k = 0; k < s->leftover_count; k++) {
            listed = listed || strcmp(s->leftovers[k]->journal, journal) == 0;
        }
        if (!listed) {
            return true;
        }
        hvgpu_refresh(flow->host);
        hvgpu_wait(flow->host, 20);
    }
    return false;
}

/* Undoes every left-over that is listed; returns how many there were. */
static size_t recover_all(struct flow *flow)
{
    size_t count = 0;
    for (; hvgpu_snapshot(flow->host)->leftover_count > 0; count++) {
        const struct hvgpu_leftover *left = hvgpu_snapshot(flow->host)->leftovers[0];
        char *key = text_copy(left->journal);
        assert_true(strlen(left->text) > 0);
        const struct hvgpu_request recover = {.verb = HVGPU_RECOVER, .target = key};
        const struct hvgpu_job *job = flow_run(flow, &recover, SECONDS);
        assert_non_null(job);
        if (job->state != HVGPU_JOB_DONE) {
            fail_msg("recover: %s: %s", job->error.object, job->error.message);
        }
        assert_true(wait_until_gone(flow, key));
        free(key);
    }
    return count;
}

/* A new process finds what the killed one left, undoes it, and can use the name again. */
static void recover_and_launch_again(const char *state_file, const char *faults)
{
    struct flow flow;
    /* The same machine: its fault has struck and does not strike again. */
    const struct flow_options options = {
        .candidate = 2, .faults = faults, .state_file = state_file};
    const struct hvgpu_request request = flow_launch("c1");
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = "c1", .force = true};
    flow_open(&flow, &options);
    assert_true(recover_all(&flow) > 0);
    assert_true(flow_settle(&flow, 0));
    const struct hvgpu_job *job = flow_run(&flow, &request, SECONDS);
    assert_non_null(job);
    if (job->state != HVGPU_JOB_DONE) {
        fail_msg("after recovery: %s: %s", job->error.object, job->error.message);
    }
    assert_true(flow_settle(&flow, 2));
    assert_int_equal(flow_run(&flow, &rm, SECONDS)->state, HVGPU_JOB_DONE);
    flow_close(&flow);
}

void flow_kill_at_every_call(const char *how)
{
    const char *folder = getenv("TMPDIR");
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        bool killed = true;
        for (unsigned nth = 1; nth < CALLS_MAX && killed; nth++) {
            char *state = text_format("%s/flow-%s-%u-%zu-%u.json", folder != NULL ? folder : "/tmp",
                                      how, os_process_id(), i, nth);
            char *faults =
                text_format("{\"call\":\"%s\",\"nth\":%u,\"do\":\"%s\"}", functions[i], nth, how);
            killed = run_child(state, faults);
            if (killed) {
                recover_and_launch_again(state, faults);
            }
            assert_true(nth > 1 || killed); /* every function is called at least once */
            remove(state);
            free(state);
            free(faults);
        }
    }
}
