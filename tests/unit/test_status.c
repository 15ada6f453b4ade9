/* SPDX-License-Identifier: MIT
 *
 * Tests of core/base/status.c: names, error objects, cleaning of foreign text.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/status.h"
#include "core/base/text.h"

static void test_every_status_has_a_name_and_words(void **state)
{
    (void)state;
    assert_string_equal(hvgpu_status_name(HVGPU_OK), "ok");
    assert_string_equal(hvgpu_status_name(HVGPU_NOT_FOUND), "not_found");
    assert_string_equal(hvgpu_status_words(HVGPU_LOST), "the connection to the host is lost");
    for (int i = HVGPU_OK; i <= HVGPU_LOST; i++) {
        assert_true(hvgpu_status_name((enum hvgpu_status)i)[0] != '\0');
        assert_true(hvgpu_status_words((enum hvgpu_status)i)[0] != '\0');
    }
}

static void test_a_status_outside_the_list_is_named_unknown(void **state)
{
    (void)state;
    assert_string_equal(hvgpu_status_name((enum hvgpu_status)999), "unknown");
    assert_string_equal(hvgpu_status_words((enum hvgpu_status)999), "unknown status");
}

static void test_error_set_fills_every_field_and_returns_the_status(void **state)
{
    (void)state;
    struct hvgpu_error err;
    memset(&err, 0x55, sizeof err);
    enum hvgpu_status status =
        error_set(&err, HVGPU_INVALID, "read theme", "dark.json", "line %d: %s", 7, "no colour");
    assert_int_equal(status, HVGPU_INVALID);
    assert_int_equal(err.status, HVGPU_INVALID);
    assert_int_equal(err.kind, HVGPU_CODE_NONE);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.operation, "read theme");
    assert_string_equal(err.object, "dark.json");
    assert_string_equal(err.message, "line 7: no colour");
    assert_string_equal(err.hint, "");
}

static void test_error_functions_accept_no_error_object(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, HVGPU_BUSY, NULL, NULL, "x"), HVGPU_BUSY);
    assert_int_equal(error_errno(NULL, ENOENT, NULL, NULL, "x"), HVGPU_NOT_FOUND);
    error_hint(NULL, "x");
    char out[8] = "x";
    error_text(NULL, out, sizeof out);
    assert_string_equal(out, "");
}

static void test_foreign_text_in_an_error_is_cleaned(void **state)
{
    (void)state;
    struct hvgpu_error err;
    (void)error_set(&err, HVGPU_FAILED, "a\033[2J", "b\nc", "%s", "\x9b\x31m");
    assert_string_equal(err.operation, "a\xEF\xBF\xBD[2J");
    assert_string_equal(err.object, "b c");
    assert_string_equal(err.message, "\xEF\xBF\xBD\x31m");
    error_hint(&err, "%s", "\a");
    assert_string_equal(err.hint, "\xEF\xBF\xBD");
}

static void test_an_error_can_wrap_its_own_message(void **state)
{
    (void)state;
    struct hvgpu_error err;
    (void)error_set(&err, HVGPU_IO, "open", "f", "denied");
    (void)error_set(&err, HVGPU_IO, err.operation, err.object, "journal: %s", err.message);
    assert_string_equal(err.operation, "open");
    assert_string_equal(err.object, "f");
    assert_string_equal(err.message, "journal: denied");
}

static void test_a_long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    struct hvgpu_error err;
    char text[4096];
    for (size_t i = 0; i + 2 < sizeof text; i += 2) {
        memcpy(text + i, "\xC3\xA4", 2);
    }
    text[sizeof text - 2] = '\0';
    (void)error_set(&err, HVGPU_FAILED, text, text, "%s", text);
    assert_true(strlen(err.message) == sizeof err.message - 2);
    assert_true(utf8_is_valid(err.message, strlen(err.message)));
    assert_true(utf8_is_valid(err.object, strlen(err.object)));
}

static void test_error_errno_tells_the_number_in_words(void **state)
{
    (void)state;
    struct hvgpu_error err;
    assert_int_equal(error_errno(&err, EACCES, "open", "/x", "the journal"), HVGPU_DENIED);
    assert_int_equal(err.kind, HVGPU_CODE_ERRNO);
    assert_int_equal(err.code, EACCES);
    assert_string_equal(err.message, "the journal: Permission denied");
    assert_int_equal(error_errno(&err, ENOSPC, "write", "/x", "%s", ""), HVGPU_LIMIT);
    assert_string_equal(err.message, "No space left on device");
}

static void test_error_text_joins_the_parts(void **state)
{
    (void)state;
    struct hvgpu_error err;
    char out[256];
    (void)error_set(&err, HVGPU_FAILED, "launch", "demo1", "no memory");
    error_text(&err, out, sizeof out);
    assert_string_equal(out, "launch demo1: no memory");
    error_hint(&err, "stop other VMs");
    error_text(&err, out, sizeof out);
    assert_string_equal(out, "launch demo1: no memory. stop other VMs");
    (void)error_set(&err, HVGPU_TIMEOUT, NULL, NULL, "%s", "");
    error_text(&err, out, sizeof out);
    assert_string_equal(out, "no answer in time");
    error_text(&err, out, 6);
    assert_string_equal(out, "no an");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_name_and_words),
        cmocka_unit_test(test_a_status_outside_the_list_is_named_unknown),
        cmocka_unit_test(test_error_set_fills_every_field_and_returns_the_status),
        cmocka_unit_test(test_error_functions_accept_no_error_object),
        cmocka_unit_test(test_foreign_text_in_an_error_is_cleaned),
        cmocka_unit_test(test_an_error_can_wrap_its_own_message),
        cmocka_unit_test(test_a_long_message_is_cut_at_a_character),
        cmocka_unit_test(test_error_errno_tells_the_number_in_words),
        cmocka_unit_test(test_error_text_joins_the_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
