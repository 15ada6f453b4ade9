/* SPDX-License-Identifier: MIT
 *
 * Whatever makes something, under a fault at each of its calls: refused at once, failed late,
 * answered with nonsense, slow, never answered, and failing again while it is undone. Each ends
 * with nothing left over, or with a list of it that can be undone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/fault_rig.h"

/* Long enough for what answers, short enough to wait for what does not. */
enum { LIMIT_MS = 40 };

static void sweep_launches(const struct fault_sweep *sweep)
{
    for (size_t i = 0; i < fault_kind_count; i++) {
        if (fault_kinds[i].makes) {
            assert_true(fault_sweep_kind(&fault_kinds[i], sweep) > 0);
        }
    }
}

static void test_a_refused_call_leaves_nothing(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"fail\"", .stride = 7};
    sweep_launches(&sweep);
}

static void test_a_call_that_fails_late_leaves_nothing(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"fail\",\"late\":true",
                                      .stride = 7};
    sweep_launches(&sweep);
}

static void test_a_nonsense_answer_leaves_nothing(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"nonsense\"", .stride = 7};
    sweep_launches(&sweep);
}

static void test_a_slow_answer_changes_nothing(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .kind_of_fault = "\"do\":\"slow\",\"delay_ms\":700", .stride = 9, .harmless = true};
    sweep_launches(&sweep);
}

static void test_a_call_that_never_answers_leaves_nothing_that_is_not_listed(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .kind_of_fault = "\"do\":\"hang\"", .stride = 7, .hang = true, .timeout_ms = LIMIT_MS};
    sweep_launches(&sweep);
}

static void test_reads_that_fail_leave_nothing(void **state)
{
    (void)state;
    static const char *const kinds[] = {"\"do\":\"fail\"", "\"do\":\"fail\",\"late\":true",
                                        "\"do\":\"nonsense\""};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct fault_sweep sweep = {.kind_of_fault = kinds[i], .reads = true, .stride = 31};
        sweep_launches(&sweep);
    }
}

static void test_reads_that_never_answer_leave_nothing_that_is_not_listed(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {.kind_of_fault = "\"do\":\"hang\"",
                                      .reads = true,
                                      .hang = true,
                                      .stride = 31,
                                      .timeout_ms = LIMIT_MS};
    sweep_launches(&sweep);
}

static void test_an_undo_that_fails_is_listed_and_can_be_done_later(void **state)
{
    (void)state;
    const struct fault_sweep sweep = {
        .kind_of_fault = "\"do\":\"fail\",\"late\":true", .stride = 9, .twice = true};
    sweep_launches(&sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_call_leaves_nothing),
        cmocka_unit_test(test_a_call_that_fails_late_leaves_nothing),
        cmocka_unit_test(test_a_nonsense_answer_leaves_nothing),
        cmocka_unit_test(test_a_slow_answer_changes_nothing),
        cmocka_unit_test(test_a_call_that_never_answers_leaves_nothing_that_is_not_listed),
        cmocka_unit_test(test_reads_that_fail_leave_nothing),
        cmocka_unit_test(test_reads_that_never_answer_leave_nothing_that_is_not_listed),
        cmocka_unit_test(test_an_undo_that_fails_is_listed_and_can_be_done_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
