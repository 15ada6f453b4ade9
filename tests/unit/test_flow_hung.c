/* SPDX-License-Identifier: MIT
 *
 * Calls that never answer: force ends them, and meanwhile nothing else stands still.
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

enum { SECONDS = 60 };

/* Waits until a call has been without an answer for a while. */
static bool wait_for_hang(struct flow *flow, uint64_t id)
{
    size_t seen = 0;
    int still = 0;
    for (int i = 0; i < 1000; i++) {
        hvgpu_wait(flow->host, 10);
        const struct hvgpu_job *job = hvgpu_find_job(hvgpu_snapshot(flow->host), id);
        if (job == NULL || job->state >= HVGPU_JOB_DONE) {
            if (job != NULL) {
                return false;
            }
            continue;
        }
        bool open = job->call_count > 0 && !job->calls[job->call_count - 1]->answered;
        still = open && job->call_count == seen ? still + 1 : 0;
        seen = job->call_count;
        if (still >= 30) {
            return true;
        }
    }
    return false;
}

static void test_force_ends_a_call_on_a_system_that_exists(void **state)
{
    (void)state;
    static const char *const calls[] = {"HcsStartComputeSystem", "HcsModifyComputeSystem"};
    for (size_t i = 0; i < 2; i++) {
        struct flow flow;
        char *faults = text_format("{\"call\":\"%s\",\"do\":\"hang\"}", calls[i]);
        const struct flow_options options = {.candidate = 1, .faults = faults};
        const struct hvgpu_request request = flow_launch_gpu("c1");
        flow_open(&flow, &options);
        uint64_t id = flow_submit(&flow, &request);
        assert_true(wait_for_hang(&flow, id));
        hvgpu_cancel(flow.host, id, true);
        const struct hvgpu_job *job = flow_wait(&flow, id, 20);
        if (job == NULL) {
            fail_msg("%s: force did not end the job", calls[i]);
        }
        assert_int_equal(job->state, HVGPU_JOB_CANCELLED);
        free(faults);
        flow_close(&flow);
    }
}

static void test_a_hung_call_stops_nothing_else(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {
        .candidate = 1, .faults = "{\"call\":\"HcsStartComputeSystem\",\"do\":\"hang\"}"};
    const struct hvgpu_request first = flow_launch("c1");
    const struct hvgpu_request second = flow_launch("c2");
    flow_open(&flow, &options);
    uint64_t id = flow_submit(&flow, &first);
    assert_true(wait_for_hang(&flow, id));
    const struct hvgpu_job *job = flow_run(&flow, &second, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    hvgpu_cancel(flow.host, id, true);
    assert_non_null(flow_wait(&flow, id, 20));
    flow_close(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_force_ends_a_call_on_a_system_that_exists),
        cmocka_unit_test(test_a_hung_call_stops_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
