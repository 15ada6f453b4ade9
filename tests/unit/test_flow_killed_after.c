/* SPDX-License-Identifier: MIT
 *
 * A process killed when a call of a launch has been served, before it could see the answer:
 * the next process lists what was left, undoes it, and can use the name again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/flow_kill.h"

static void test_killed_after_any_call_is_recovered(void **state)
{
    (void)state;
    flow_kill_at_every_call("kill-after");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_after_any_call_is_recovered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
