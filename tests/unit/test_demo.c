/* SPDX-License-Identifier: MIT
 *
 * The URI of the simulated host: each wrong part is refused and named before anything is opened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine/hcs/simulated/shell.h"

static void assert_refused(const char *rest, const char *object, const char *word)
{
    struct engine *engine = NULL;
    struct hvgpu_error err = {0};
    const struct engine_config config = {.uri = rest, .rest = rest};
    assert_int_not_equal(demo_engine.open(&config, &engine, &err), HVGPU_OK);
    assert_null(engine);
    assert_non_null(strstr(err.object, object));
    assert_non_null(strstr(err.message, word));
}

static void test_unknown_scenario_is_named(void **state)
{
    (void)state;
    assert_refused("nosuch", "nosuch", "");
    assert_refused("/nonexistent/file.json", "/nonexistent/file.json", "");
}

static void test_wrong_parts_are_named(void **state)
{
    (void)state;
    assert_refused("?clock=fast", "clock", "stepped");
    assert_refused("?events=-1", "events", "number");
    assert_refused("?events=99999999", "events", "number");
    assert_refused("?state=", "state", "missing");
    assert_refused("?bogus=1", "bogus", "unknown");
    assert_refused("?events", "events", "name=value");
    assert_refused("still?clock=real&&more=1", "more", "unknown");
}

static void test_broken_percent_encoding_is_refused(void **state)
{
    (void)state;
    assert_refused("%zz", "%zz", "percent");
    assert_refused("still%4", "still%4", "percent");
    assert_refused("?state=%00", "state=%00", "percent");
    assert_refused("?state=%c3%28", "state=%c3%28", "percent");
}

static void test_state_file_in_a_missing_folder_is_refused(void **state)
{
    (void)state;
    assert_refused("still?state=/nonexistent%2Ffolder/m.json", "/nonexistent/folder", "folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_scenario_is_named),
        cmocka_unit_test(test_wrong_parts_are_named),
        cmocka_unit_test(test_broken_percent_encoding_is_refused),
        cmocka_unit_test(test_state_file_in_a_missing_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
