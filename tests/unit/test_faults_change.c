/* SPDX-License-Identifier: MIT
 *
 * What changes or reads a running system, under a fault at each of its calls: the system stays
 * usable, a second try works, and everything can be taken away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/fault_rig.h"

/* Long enough for what answers, short enough to wait for what does not. */
enum { LIMIT_MS = 40 };

static void sweep_changes(const struct fault_sweep *sweep)
{
    for (size_t i = 0; i < fault_kind_count; i++) {
        if (!fault_kinds[i].makes) {
            (void)fault_sweep_kind(&fault_kinds[i], sweep);
        }
    }
}

static void test_a_refused_call_leaves_a_usable_system(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"fail\"", .stride = 2};
    sweep_changes(&sweep);
}

static void test_a_call_that_fails_late_leaves_a_usable_system(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"fail\",\"late\":true",
                                      .stride = 2};
    sweep_changes(&sweep);
}

static void test_a_nonsense_answer_leaves_a_usable_system(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"nonsense\"", .stride = 2};
    sweep_changes(&sweep);
}

static void test_a_slow_answer_changes_nothing(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .kind_of_fault = "\"do\":\"slow\",\"delay_ms\":700", .stride = 5, .harmless = true};
    sweep_changes(&sweep);
}

static void test_a_call_that_never_answers_can_be_cleared_away(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .kind_of_fault = "\"do\":\"hang\"", .stride = 3, .hang = true, .timeout_ms = LIMIT_MS};
    sweep_changes(&sweep);
}

static void test_reads_that_fail_leave_a_usable_system(void **state)
{
    (void)state;
    static const char *const kinds[] = {"\"do\":\"fail\"", "\"do\":\"fail\",\"late\":true",
                                        "\"do\":\"nonsense\""};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct fault_sweep sweep = {.kind_of_fault = kinds[i], .reads = true, .stride = 17};
        sweep_changes(&sweep);
    }
}

static void test_reads_that_never_answer_can_be_cleared_away(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"hang\"",
                                      .reads = true,
                                      .hang = true,
                                      .stride = 7,
                                      .timeout_ms = LIMIT_MS};
    sweep_changes(&sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_call_leaves_a_usable_system),
        cmocka_unit_test(test_a_call_that_fails_late_leaves_a_usable_system),
        cmocka_unit_test(test_a_nonsense_answer_leaves_a_usable_system),
        cmocka_unit_test(test_a_slow_answer_changes_nothing),
        cmocka_unit_test(test_a_call_that_never_answers_can_be_cleared_away),
        cmocka_unit_test(test_reads_that_fail_leave_a_usable_system),
        cmocka_unit_test(test_reads_that_never_answer_can_be_cleared_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
