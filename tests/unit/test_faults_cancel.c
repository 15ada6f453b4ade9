/* SPDX-License-Identifier: MIT
 *
 * Cancel while any call of any job is on its way, without and with force: the job ends cancelled,
 * and the machine is clean, or what force may have left is listed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fault_rig.h"

enum { STILL_MS = 5, STILL_LOOKS = 6, LOOKS = 4000 };

/* Waits until a call stays without an answer. False: the job ended before. */
static bool wait_for_slow_call(struct fault_rig *rig, uint64_t id)
{
    size_t seen = 0;
    int still = 0;
    for (int i = 0; i < LOOKS && still < STILL_LOOKS; i++) {
        const struct hvgpu_job *job = hvgpu_find_job(hvgpu_snapshot(rig->host), id);
        if (job != NULL && job->state >= HVGPU_JOB_DONE) {
            return false;
        }
        size_t count = job != NULL ? job->call_count : 0;
        bool open = count > 0 && !job->calls[count - 1]->answered;
        still = open && count == seen ? still + 1 : 0;
        seen = count;
        hvgpu_wait(rig->host, STILL_MS);
    }
    return still == STILL_LOOKS;
}

/* Cancels while this call is on its way, and looks at what is left. */
static bool cancel_under(const struct fault_kind *kind, const struct fault_sweep *sweep,
                         const char *faults, bool force)
{
    char what[512];
    snprintf(what, sizeof what, "%s, cancelled under %s", kind->name, faults);
    struct fault_rig rig;
    const size_t none = 0;
    const struct fault_options options = {
        .faults = faults, .real_clock = true, .timeout_ms = sweep->timeout_ms};
    fault_open(&rig, &options);
    assert_true(fault_set_up(&rig, kind));
    uint64_t id = fault_submit(&rig, kind->request);
    bool met = wait_for_slow_call(&rig, id);
    if (met) {
        hvgpu_cancel(rig.host, id, force);
    }
    const struct hvgpu_job *job = fault_end(&rig, id, 60);
    if (job == NULL) {
        fault_say_open(&rig, what);
        fail_msg("%s: it did not end", what);
        return false;
    }
    fault_assert_told(what, job);
    bool listed = job->left_behind != NULL;
    bool unasked = job->state != HVGPU_JOB_CANCELLED && job->state != HVGPU_JOB_DONE;
    if (unasked || (met && !force && listed)) {
        fault_say(what, job);
        fail_msg("%s: it should be cancelled, with nothing left", what);
    }
    if (kind->makes && job->state != HVGPU_JOB_DONE && !listed &&
        !fault_until(&rig, fault_own_systems_are, &none, 10)) {
        fault_say(what, job);
        fail_msg("%s: own systems are left and not listed", what);
    }
    fault_assert_clears(&rig, what);
    fault_close(&rig);
    return met;
}

static unsigned cancelled; /* cancels that came while a call was on its way */

static bool cancel_softly(const struct fault_kind *kind, const struct fault_sweep *sweep,
                          const char *faults)
{
    bool met = cancel_under(kind, sweep, faults, false);
    cancelled += met ? 1 : 0;
    return met;
}

static bool cancel_by_force(const struct fault_kind *kind, const struct fault_sweep *sweep,
                            const char *faults)
{
    bool met = cancel_under(kind, sweep, faults, true);
    cancelled += met ? 1 : 0;
    return met;
}

/* Every so many kinds of jobs in the usual run: each of these calls takes its time. */
static void sweep_some(const struct fault_sweep *sweep, size_t first, size_t every)
{
    const char *full = getenv("HVGPU_FULL");
    bool all = full != NULL && full[0] == '1';
    cancelled = 0;
    for (size_t i = all ? 0 : first; i < fault_kind_count; i += all ? 1 : every) {
        (void)fault_sweep_kind(&fault_kinds[i], sweep);
    }
    assert_true(cancelled > 0);
}

static void test_cancel_during_any_call_ends_clean(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .run = cancel_softly, .kind_of_fault = "\"do\":\"slow\",\"delay_ms\":150", .stride = 23};
    sweep_some(&sweep, 0, 1);
}

static void test_force_during_any_call_ends_clean_or_lists(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .run = cancel_by_force, .kind_of_fault = "\"do\":\"slow\",\"delay_ms\":150", .stride = 23};
    sweep_some(&sweep, 1, 3);
}

static void test_force_ends_any_call_that_never_answers(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .run = cancel_by_force, .kind_of_fault = "\"do\":\"hang\"", .hang = true, .stride = 41};
    sweep_some(&sweep, 1, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel_during_any_call_ends_clean),
        cmocka_unit_test(test_force_during_any_call_ends_clean_or_lists),
        cmocka_unit_test(test_force_ends_any_call_that_never_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
