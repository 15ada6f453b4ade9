/* SPDX-License-Identifier: MIT
 *
 * A failure and a nonsense answer at every call of every job: each ends with a machine that holds
 * nothing left over, or with a job that lists what is. Which call is struck is counted up until a
 * job runs through without meeting the fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "tests/support/flow_rig.h"

enum { SECONDS = 60, CALLS_MAX = 80 };

static const char *const functions[] = {
    "HcsCreateComputeSystem", "HcsStartComputeSystem", "HcsModifyComputeSystem",
    "HcsCreateProcess",       "HcsGrantVmAccess",      "host.copy_file",
    "host.make_folder",       "host.name_to_guid",     "host.driver_package",
};

/* A fault at the n-th call of this function; late: in the result. */
static char *fault(const char *function, unsigned nth, const char *what, bool late)
{
    return text_format("{\"call\":\"%s\",\"nth\":%u,\"do\":\"%s\"%s}", function, nth, what,
                       late ? ",\"late\":true" : "");
}

static void say(const char *faults, const struct hvgpu_job *job)
{
    print_message("with %s: %s, state %d: %s\n", faults, job->title, (int)job->state,
                  job->error.message);
    for (size_t i = 0; i < job->step_count; i++) {
        print_message("  %d %s: %s\n", (int)job->steps[i].state, job->steps[i].title,
                      job->steps[i].evidence != NULL ? job->steps[i].evidence : "");
    }
}

/* After a job that failed: nothing of ours is there, or the job says what. */
static void assert_clean(struct flow *flow, const char *faults, const struct hvgpu_job *job)
{
    if (job->left_behind != NULL) {
        return; /* listed */
    }
    if (!flow_settle(flow, 0)) {
        say(faults, job);
        fail_msg("own systems are left and not listed");
    }
    const struct hvgpu_request again = flow_launch("c1"); /* needs the folder to be gone */
    const struct hvgpu_job *second = flow_run(flow, &again, SECONDS);
    assert_non_null(second);
    if (second->state != HVGPU_JOB_DONE) {
        say(faults, second);
        fail_msg("the name could not be used again");
    }
}

/* One launch under a fault. False: the launch did not meet it. */
static bool launch_under(const struct hvgpu_request *request, const char *faults)
{
    struct flow flow;
    const struct flow_options options = {.candidate = 3, .faults = faults};
    flow_open(&flow, &options);
    const struct hvgpu_job *job = flow_run(&flow, request, SECONDS);
    if (job == NULL) {
        fail_msg("the job did not end with %s", faults);
    }
    bool failed = job->state != HVGPU_JOB_DONE;
    if (failed) {
        if (job->error.message[0] == '\0' || job->error.status == HVGPU_OK) {
            say(faults, job);
            fail_msg("it failed without a reason");
        }
        assert_clean(&flow, faults, job);
    }
    flow_close(&flow);
    return failed;
}

static void sweep(const struct hvgpu_request *request, const char *what, bool late)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        unsigned passed = 0;
        unsigned nth = 1;
        /* Some calls may fail without harm (a probe that cannot be read): go on for a few. */
        for (; nth < CALLS_MAX && passed < 3; nth++) {
            char *faults = fault(functions[i], nth, what, late);
            passed = launch_under(request, faults) ? 0 : passed + 1;
            free(faults);
        }
        assert_true(nth < CALLS_MAX);
    }
}

static void test_launch_with_gpu_survives_a_refusal_at_every_call(void **state)
{
    (void)state;
    const struct hvgpu_request request = flow_launch_gpu("c1");
    sweep(&request, "fail", false);
}

static void test_launch_with_gpu_survives_a_late_failure_at_every_call(void **state)
{
    (void)state;
    const struct hvgpu_request request = flow_launch_gpu("c1");
    sweep(&request, "fail", true);
}

static void test_launch_with_gpu_survives_nonsense_at_every_call(void **state)
{
    (void)state;
    const struct hvgpu_request request = flow_launch_gpu("c1");
    sweep(&request, "nonsense", false);
}

static void test_launch_with_device_survives_a_late_failure_at_every_call(void **state)
{
    (void)state;
    const struct hvgpu_request request = flow_launch_device("c1");
    sweep(&request, "fail", true);
}

static void test_launch_with_device_survives_nonsense_at_every_call(void **state)
{
    (void)state;
    const struct hvgpu_request request = flow_launch_device("c1");
    sweep(&request, "nonsense", false);
}

static void test_rm_launch_survives_a_late_failure_at_every_call(void **state)
{
    (void)state;
    struct hvgpu_request request = flow_launch("c1");
    request.launch.remove = true;
    request.launch.command = "cmd /c echo done";
    sweep(&request, "fail", true);
}

/* ---- changes of a running system ---- */

/* Launches, then runs the request under a fault that strikes only what it matches. */
static bool change_under(const struct hvgpu_request *request, const char *faults,
                         bool must_stay_usable)
{
    struct flow flow;
    const struct flow_options options = {.candidate = 1, .faults = faults};
    const struct hvgpu_request launch = flow_launch("c1");
    flow_open(&flow, &options);
    const struct hvgpu_job *launched = flow_run(&flow, &launch, SECONDS);
    assert_non_null(launched);
    if (launched->state != HVGPU_JOB_DONE) {
        flow_close(&flow);
        return true; /* the fault struck the launch: that is the other tests' matter */
    }
    assert_true(flow_settle(&flow, 2));
    const struct hvgpu_job *job = flow_run(&flow, request, SECONDS);
    assert_non_null(job);
    bool failed = job->state != HVGPU_JOB_DONE;
    if (failed && must_stay_usable) {
        assert_true(job->error.message[0] != '\0');
        const struct hvgpu_job *again = flow_run(&flow, request, SECONDS);
        assert_non_null(again);
        if (again->state != HVGPU_JOB_DONE) {
            say(faults, again);
            fail_msg("a second try does not work");
        }
    }
    flow_close(&flow);
    return failed;
}

static void sweep_change(const struct hvgpu_request *request, const char *const *calls,
                         size_t count, const char *what, bool late)
{
    for (size_t i = 0; i < count; i++) {
        unsigned passed = 0;
        for (unsigned nth = 1; nth < CALLS_MAX && passed < 3; nth++) {
            char *faults = fault(calls[i], nth, what, late);
            passed = change_under(request, faults, true) ? 0 : passed + 1;
            free(faults);
        }
    }
}

static void test_attach_survives_failures_and_can_be_tried_again(void **state)
{
    (void)state;
    static const struct hvgpu_gpu_request gpu = {.gpu = "gpu0"};
    static const char *const calls[] = {"HcsModifyComputeSystem", "HcsCreateProcess",
                                        "host.driver_package"};
    const struct hvgpu_request attach = {
        .verb = HVGPU_ATTACH, .target = "c1", .gpus = &gpu, .gpu_count = 1};
    sweep_change(&attach, calls, 3, "fail", true);
    sweep_change(&attach, calls, 3, "nonsense", false);
}

static void test_stop_and_rm_survive_failures_and_can_be_tried_again(void **state)
{
    (void)state;
    static const char *const calls[] = {"HcsShutDownComputeSystem", "HcsTerminateComputeSystem",
                                        "host.delete_tree"};
    const struct hvgpu_request stop = {.verb = HVGPU_STOP, .target = "c1", .timeout_s = 1};
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = "c1", .force = true};
    sweep_change(&stop, calls, 2, "fail", true);
    sweep_change(&rm, calls, 3, "fail", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch_with_gpu_survives_a_refusal_at_every_call),
        cmocka_unit_test(test_launch_with_gpu_survives_a_late_failure_at_every_call),
        cmocka_unit_test(test_launch_with_gpu_survives_nonsense_at_every_call),
        cmocka_unit_test(test_launch_with_device_survives_a_late_failure_at_every_call),
        cmocka_unit_test(test_launch_with_device_survives_nonsense_at_every_call),
        cmocka_unit_test(test_rm_launch_survives_a_late_failure_at_every_call),
        cmocka_unit_test(test_attach_survives_failures_and_can_be_tried_again),
        cmocka_unit_test(test_stop_and_rm_survive_failures_and_can_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
