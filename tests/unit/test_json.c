/* SPDX-License-Identifier: MIT
 *
 * Tests of core/base/json*.c: the grammar, limits, exact integers, lines, building, printing.
 */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json.h"

static struct json *parse(const char *s)
{
    struct json *value = NULL;
    struct hvgpu_error err = {0};
    if (json_parse(s, strlen(s), "test", &value, &err) != HVGPU_OK) {
        fail_msg("\"%s\" was refused: %s", s, err.message);
    }
    return value;
}

/* Refused with this status, the message ending so. */
static void refuse(const char *s, size_t len, enum hvgpu_status status, const char *message)
{
    struct json *value = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(json_parse(s, len, "test", &value, &err), status);
    assert_null(value);
    assert_int_equal(err.status, status);
    assert_string_equal(err.object, "test");
    if (strstr(err.message, message) == NULL) {
        fail_msg("\"%s\" gave \"%s\", not \"%s\"", s, err.message, message);
    }
}

static void expect_print(const struct json *value, const char *text)
{
    char *printed = json_print(value);
    assert_non_null(printed);
    assert_string_equal(printed, text);
    free(printed);
}

static void test_values_of_all_types_are_read(void **state)
{
    (void)state;
    struct json *v = parse(" {\"s\":\"x\",\"n\":-1.5e1,\"t\":true,\"f\":false,\"z\":null,"
                           "\"a\":[1,2],\"o\":{\"p\":{\"q\":\"deep\"}}} ");
    assert_int_equal(json_type(v), JSON_OBJECT);
    assert_int_equal(json_type(json_get(v, "s")), JSON_STRING);
    assert_int_equal(json_type(json_get(v, "n")), JSON_NUMBER);
    assert_int_equal(json_type(json_get(v, "t")), JSON_BOOL);
    assert_int_equal(json_type(json_get(v, "z")), JSON_NULL);
    assert_int_equal(json_type(json_get(v, "a")), JSON_ARRAY);
    assert_int_equal(json_type(json_get(v, "none")), JSON_NULL);
    assert_string_equal(json_string(v, "o/p/q"), "deep");
    assert_null(json_string(v, "o/p"));
    assert_null(json_get(v, "o/p/q/r"));
    assert_null(json_get(v, "S"));
    assert_ptr_equal(json_get(v, ""), v);
    assert_true(json_bool(v, "t", false));
    assert_false(json_bool(v, "f", true));
    assert_true(json_bool(v, "s", true));
    assert_true(json_bool(NULL, "s", true));
    double d = 0;
    assert_true(json_double(v, "n", &d));
    assert_true(d < -14.9 && d > -15.1);
    assert_int_equal(json_count(v), 7);
    assert_int_equal(json_count(json_get(v, "a")), 2);
    assert_int_equal(json_count(json_get(v, "s")), 0);
    json_free(v);
    json_free(NULL);
}

static void test_members_are_walked_in_order(void **state)
{
    (void)state;
    struct json *v = parse("{\"b\":1,\"a\":[true]}");
    const struct json *child = json_first(v);
    assert_string_equal(json_key(child), "b");
    child = json_next(child);
    assert_string_equal(json_key(child), "a");
    assert_null(json_key(json_first(child)));
    assert_null(json_next(child));
    assert_null(json_next(NULL));
    assert_null(json_first(json_get(v, "b")));
    assert_null(json_key(v));
    json_free(v);
}

static void test_a_key_with_a_slash_is_a_member_and_no_path(void **state)
{
    (void)state;
    struct json *v = parse("{\"a/b\":1,\"\":2}");
    assert_non_null(json_member(v, "a/b"));
    assert_non_null(json_member(v, ""));
    assert_null(json_get(v, "a/b"));
    assert_null(json_member(NULL, "a"));
    json_free(v);
}

static void test_integers_of_64_bits_stay_exact(void **state)
{
    (void)state;
    static const char text[] =
        "{\"max\":18446744073709551615,\"min\":-9223372036854775808,"
        "\"odd\":9007199254740993,\"even\":9007199254740992,"
        "\"neg\":-9007199254740993,\"small\":1000000000,"
        "\"huge\":123456789012345678901234567890,\"fake\":\"9007199254740993\"}";
    struct json *v = parse(text);
    uint64_t u = 0;
    int64_t i = 0;
    double d = 0;
    assert_true(json_u64(v, "max", &u) && u == UINT64_MAX);
    assert_false(json_i64(v, "max", &i));
    assert_true(json_i64(v, "min", &i) && i == INT64_MIN);
    assert_false(json_u64(v, "min", &u));
    assert_true(json_u64(v, "odd", &u) && u == 9007199254740993u);
    assert_true(json_u64(v, "even", &u) && u == 9007199254740992u);
    assert_true(json_i64(v, "neg", &i) && i == -9007199254740993);
    assert_true(json_u64(v, "small", &u) && u == 1000000000);
    assert_false(json_u64(v, "huge", &u));
    assert_true(json_double(v, "huge", &d) && d > 1.2e29 && d < 1.3e29);
    assert_int_equal(json_type(json_get(v, "max")), JSON_NUMBER);
    assert_null(json_string(v, "max"));
    assert_int_equal(json_type(json_get(v, "fake")), JSON_STRING);
    assert_false(json_u64(v, "fake", &u));
    expect_print(v, text);
    struct json *copy = json_copy(v);
    assert_true(json_equal(v, copy));
    expect_print(copy, text);
    json_free(copy);
    json_free(v);
}

static void test_fractions_and_wrong_signs_are_no_integers(void **state)
{
    (void)state;
    struct json *v = parse("{\"half\":0.5,\"neg\":-1,\"exp\":1e3,\"far\":1e300,\"zero\":-0}");
    uint64_t u = 7;
    int64_t i = 7;
    assert_false(json_u64(v, "half", &u));
    assert_false(json_u64(v, "neg", &u));
    assert_false(json_u64(v, "far", &u));
    assert_false(json_u64(v, "missing", &u));
    assert_int_equal(u, 7);
    assert_true(json_i64(v, "neg", &i) && i == -1);
    assert_true(json_u64(v, "exp", &u) && u == 1000);
    assert_true(json_u64(v, "zero", &u) && u == 0);
    assert_true(json_i64(v, "zero", &i) && i == 0);
    json_free(v);
}

static void test_built_integers_stay_exact(void **state)
{
    (void)state;
    struct json *v = json_new_object();
    json_add_u64(v, "a", UINT64_MAX);
    json_add_i64(v, "b", INT64_MIN);
    json_add_i64(v, "c", INT64_MAX);
    json_add_u64(v, "d", 9007199254740991u);
    json_add_i64(v, "e", -9007199254740992);
    json_add_u64(v, "f", 999999999999999u);
    expect_print(v, "{\"a\":18446744073709551615,\"b\":-9223372036854775808,"
                    "\"c\":9223372036854775807,\"d\":9007199254740991,"
                    "\"e\":-9007199254740992,\"f\":999999999999999}");
    json_free(v);
}

static void test_doubles_are_printed_so_that_they_come_back(void **state)
{
    (void)state;
    static const double numbers[] = {0.1, 1.0 / 3, 1e-300, 1.7976931348623157e308, -2.5, 1e21};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct json *built = json_new_double(numbers[i]);
        char *text = json_print(built);
        struct json *back = parse(text);
        double d = 0;
        assert_true(json_double(back, "", &d));
        assert_memory_equal(&d, &numbers[i], sizeof d);
        json_free(back);
        json_free(built);
        free(text);
    }
    struct json *tenth = json_new_double(0.1);
    expect_print(tenth, "0.1");
    json_free(tenth);
    struct json *none = json_new_double((double)INFINITY);
    expect_print(none, "null");
    json_free(none);
}

static void test_lines_are_those_of_the_text(void **state)
{
    (void)state;
    struct json *v = parse("{\n \"a\": 1,\n \"b\": [\n  18446744073709551615,\n  {}\n ]\n}");
    assert_int_equal(json_line(v), 1);
    assert_int_equal(json_line(json_get(v, "a")), 2);
    assert_int_equal(json_line(json_get(v, "b")), 3);
    const struct json *item = json_first(json_get(v, "b"));
    assert_int_equal(json_line(item), 4);
    assert_int_equal(json_line(json_next(item)), 5);
    json_free(v);
    struct json *built = json_new_u64(1234);
    assert_int_equal(json_line(built), 0);
    assert_int_equal(json_line(NULL), 0);
    json_free(built);
}

static void test_errors_name_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1, column 1: the text ends where a value should be"},
        {"{\n  \"a\" 1}", "line 2, column 7: ':' was expected after the member name"},
        {"{\"\xC3\xA4\": x}", "line 1, column 7: a value was expected"},
        {"[1,]", "line 1, column 4: a value was expected"},
        {"[1 2]", "line 1, column 4: ',' or ']' was expected"},
        {"{\"a\":1,}", "line 1, column 8: a member name in quotes was expected"},
        {"{\"a\":1]", "line 1, column 7: ',' or '}' was expected"},
        {"{a:1}", "column 2: a member name in quotes was expected"},
        {"1 2", "column 3: text after the end of the document"},
        {"{} x", "column 4: text after the end of the document"},
        {"01", "column 1: a number must not begin with 0"},
        {"-01", "column 2: a number must not begin with 0"},
        {"1.", "column 3: a digit must follow the decimal point"},
        {".5", "column 1: a value was expected"},
        {"+1", "column 1: a value was expected"},
        {"-", "column 2: a number needs a digit here"},
        {"1e", "column 3: the exponent needs a digit"},
        {"1e+", "column 4: the exponent needs a digit"},
        {"0x10", "column 2: text after the end of the document"},
        {"NaN", "a value was expected"},
        {"nul", "a value was expected"},
        {"True", "a value was expected"},
        {"\"a", "column 3: the string has no end"},
        {"\"a\nb\"", "column 3: a control character in a string must be escaped"},
        {"\"\\x\"", "unknown escape in a string"},
        {"\"\\", "unknown escape in a string"},
        {"\"\\u12\"", "\\u needs four hexadecimal digits"},
        {"\"\\u0000\"", "\\u0000 is not allowed in a string"},
        {"\"\\ud800\"", "half of a surrogate pair"},
        {"\"\\udc00\"", "half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "half of a surrogate pair"},
        {"\"\xFF\"", "column 2: malformed UTF-8"},
        {"\"\xED\xA0\x80\"", "malformed UTF-8"},
        {"\xC3\xA4", "a value was expected"},
        {"// note\n1", "a value was expected"},
        {"[1e999]", "the number is out of range"},
        {"[", "the text ends where a value should be"},
        {"{", "a member name in quotes was expected"},
        {"[1", "',' or ']' was expected"},
        {"{\"a\":1,\"a\":2}", "line 1: the object has two members \"a\""},
        {"{\"a\":1,\"\\u0061\":2}", "two members \"a\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refuse(cases[i].text, strlen(cases[i].text), HVGPU_INVALID, cases[i].message);
    }
    refuse("[1\0]", 4, HVGPU_INVALID, "',' or ']' was expected");
    refuse("\"a\0b\"", 5, HVGPU_INVALID, "a control character");
    refuse(NULL, 0, HVGPU_INVALID, "the text ends");
}

static void test_long_numbers_are_refused(void **state)
{
    (void)state;
    char text[100];
    memset(text, '1', sizeof text);
    refuse(text, 61, HVGPU_INVALID, "column 1: the number is too long");
    struct json *value = NULL;
    assert_int_equal(json_parse(text, 60, "test", &value, NULL), HVGPU_OK);
    json_free(value);
}

static void test_depth_is_limited(void **state)
{
    (void)state;
    char text[2 * JSON_MAX_DEPTH + 2];
    memset(text, '[', JSON_MAX_DEPTH);
    memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    struct json *value = NULL;
    struct hvgpu_error err;
    assert_int_equal(json_parse(text, 2 * JSON_MAX_DEPTH, "test", &value, &err), HVGPU_OK);
    json_free(value);
    memset(text, '[', JSON_MAX_DEPTH + 1);
    memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    refuse(text, sizeof text, HVGPU_LIMIT, "nested too deeply");
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    refuse(deep, sizeof deep, HVGPU_LIMIT, "nested too deeply");
}

static void test_size_is_limited(void **state)
{
    (void)state;
    char *text = calloc(1, JSON_MAX_BYTES + 1);
    assert_non_null(text);
    memset(text, ' ', JSON_MAX_BYTES + 1);
    refuse(text, JSON_MAX_BYTES + 1, HVGPU_LIMIT, "larger than 16 MiB");
    text[0] = '1';
    struct json *value = NULL;
    assert_int_equal(json_parse(text, JSON_MAX_BYTES, "test", &value, NULL), HVGPU_OK);
    json_free(value);
    free(text);
}

static void test_the_number_of_values_is_limited(void **state)
{
    (void)state;
    size_t len = (4u << 20) + 3;
    char *text = malloc(len);
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 1; i + 1 < len; i++) {
        text[i] = i % 2 == 1 ? '1' : ',';
    }
    text[len - 1] = ']';
    refuse(text, len, HVGPU_LIMIT, "the document holds too many values");
    free(text);
}

static void test_a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    struct json *v = parse("\xEF\xBB\xBF{\"a\":18446744073709551615}");
    uint64_t u;
    assert_true(json_u64(v, "a", &u) && u == UINT64_MAX);
    json_free(v);
    refuse("\xEF\xBB\xBFx", 4, HVGPU_INVALID, "line 1, column 1: a value was expected");
}

static void test_duplicates_among_many_members_are_found(void **state)
{
    (void)state;
    char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text, "{");
    for (int i = 0; i < 100; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "\"k%d\":%d,", i, i);
    }
    size_t good = len;
    (void)snprintf(text + good, sizeof text - good, "\"k\":0}");
    json_free(parse(text));
    (void)snprintf(text + good, sizeof text - good, "\"k55\":0}");
    refuse(text, strlen(text), HVGPU_INVALID, "two members \"k55\"");
}

static void test_escapes_are_read_and_written(void **state)
{
    (void)state;
    struct json *v = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\\u001b\"");
    assert_string_equal(json_string(v, ""), "\"\\/\b\f\n\r\t\xC3\xA4\xF0\x9F\x98\x80\x1b");
    expect_print(v, "\"\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA4\xF0\x9F\x98\x80\\u001b\"");
    json_free(v);
}

static void test_printed_text_is_harmless_for_a_terminal(void **state)
{
    (void)state;
    struct json *v = json_new_string("\x7F\xC2\x9B\xE2\x80\xAE\xFFz");
    expect_print(v, "\"\\u007f\\u009b\\u202e\xEF\xBF\xBDz\"");
    json_free(v);
}

static void test_pretty_printing_indents_with_two_spaces(void **state)
{
    (void)state;
    struct json *v = parse("{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}");
    char *text = json_print_pretty(v);
    assert_string_equal(text, "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n"
                              "  \"c\": {},\n  \"d\": []\n}");
    free(text);
    json_free(v);
    assert_null(json_print(NULL));
}

static void test_numbers_do_not_depend_on_the_locale(void **state)
{
    (void)state;
    char *before = setlocale(LC_ALL, NULL);
    char kept[64];
    (void)snprintf(kept, sizeof kept, "%s", before);
    /* Where no such locale is installed, this checks the plain one. */
    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    struct json *v = parse("[0.5,1.25e-3]");
    expect_print(v, "[0.5,0.00125]");
    json_free(v);
    (void)setlocale(LC_ALL, kept);
}

static void test_equality_ignores_the_order_of_members_only(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2,3]", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"{\"a\":1,\"c\":2}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"1", "1.0", true},
        {"1", "\"1\"", false},
        {"18446744073709551615", "18446744073709551615", true},
        {"18446744073709551615", "18446744073709551614", false},
        {"\"9007199254740993\"", "9007199254740993", false},
        {"true", "false", false},
        {"null", "null", true},
        {"\"a\"", "\"A\"", false},
        {"{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3,\"a\":1,\"b\":2}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *a = parse(cases[i].a);
        struct json *b = parse(cases[i].b);
        if (json_equal(a, b) != cases[i].equal || json_equal(b, a) != cases[i].equal) {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
        json_free(a);
        json_free(b);
    }
}

static void test_documents_are_built_member_by_member(void **state)
{
    (void)state;
    struct json *v = json_new_object();
    json_add_string(v, "s", "x");
    json_add_string(v, "none", NULL);
    json_add_bool(v, "b", true);
    json_add_double(v, "d", 0.5);
    json_add_null(v, "z");
    struct json *array = json_add_array(v, "a");
    assert_non_null(json_append(array, json_new_u64(1)));
    json_add_i64(json_append(array, json_new_object()), "k", -2);
    json_add_bool(json_add_object(v, "o"), "t", false);
    expect_print(v, "{\"s\":\"x\",\"none\":null,\"b\":true,\"d\":0.5,\"z\":null,"
                    "\"a\":[1,{\"k\":-2}],\"o\":{\"t\":false}}");
    json_free(v);
}

static void test_a_key_added_again_replaces_the_member(void **state)
{
    (void)state;
    struct json *v = json_new_object();
    json_add_u64(v, "a", 1);
    json_add_u64(v, "b", 2);
    json_add_string(v, "a", "new");
    assert_int_equal(json_count(v), 2);
    assert_string_equal(json_string(v, "a"), "new");
    json_free(v);
}

static void test_members_are_removed_and_detached(void **state)
{
    (void)state;
    struct json *v = parse("{\"a\":{\"x\":1},\"b\":2}");
    json_remove(v, "b");
    json_remove(v, "b");
    struct json *a = json_detach(v, "a");
    assert_non_null(a);
    assert_null(json_key(a));
    assert_null(json_detach(v, "a"));
    expect_print(v, "{}");
    struct json *array = json_new_array();
    assert_ptr_equal(json_append(array, a), a);
    expect_print(array, "[{\"x\":1}]");
    assert_null(json_detach(array, "x"));
    json_free(array);
    json_free(v);
}

static void test_what_could_not_be_added_is_noticed_when_printing(void **state)
{
    (void)state;
    struct json *v = json_new_object();
    struct json *inner = json_add_object(v, "o");
    assert_null(json_add(inner, "k", NULL));
    assert_null(json_print(v));
    json_free(v);
    struct json *array = json_new_array();
    assert_null(json_append(array, NULL));
    assert_null(json_print(array));
    json_free(array);
    assert_null(json_add(NULL, "k", json_new_u64(1)));
    struct json *number = json_new_u64(1);
    assert_null(json_add(number, "k", json_new_u64(1)));
    assert_null(json_append(number, json_new_u64(1)));
    json_free(number);
    assert_null(json_copy(NULL));
}

static void test_a_tree_too_deep_to_be_read_back_is_not_printed(void **state)
{
    (void)state;
    struct json *root = json_new_array();
    struct json *at = root;
    for (int i = 0; i < 3 * JSON_MAX_DEPTH; i++) {
        at = json_append(at, json_new_array());
    }
    assert_null(json_print(root));
    json_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_all_types_are_read),
        cmocka_unit_test(test_members_are_walked_in_order),
        cmocka_unit_test(test_a_key_with_a_slash_is_a_member_and_no_path),
        cmocka_unit_test(test_integers_of_64_bits_stay_exact),
        cmocka_unit_test(test_fractions_and_wrong_signs_are_no_integers),
        cmocka_unit_test(test_built_integers_stay_exact),
        cmocka_unit_test(test_doubles_are_printed_so_that_they_come_back),
        cmocka_unit_test(test_lines_are_those_of_the_text),
        cmocka_unit_test(test_errors_name_line_and_column),
        cmocka_unit_test(test_long_numbers_are_refused),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_size_is_limited),
        cmocka_unit_test(test_the_number_of_values_is_limited),
        cmocka_unit_test(test_a_byte_order_mark_is_skipped),
        cmocka_unit_test(test_duplicates_among_many_members_are_found),
        cmocka_unit_test(test_escapes_are_read_and_written),
        cmocka_unit_test(test_printed_text_is_harmless_for_a_terminal),
        cmocka_unit_test(test_pretty_printing_indents_with_two_spaces),
        cmocka_unit_test(test_numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(test_equality_ignores_the_order_of_members_only),
        cmocka_unit_test(test_documents_are_built_member_by_member),
        cmocka_unit_test(test_a_key_added_again_replaces_the_member),
        cmocka_unit_test(test_members_are_removed_and_detached),
        cmocka_unit_test(test_what_could_not_be_added_is_noticed_when_printing),
        cmocka_unit_test(test_a_tree_too_deep_to_be_read_back_is_not_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
