/* SPDX-License-Identifier: MIT
 *
 * The filter language.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "console/filter.h"

static const char *const fields[] = {"name", "state", "gpu", NULL};

struct row {
    const char *values[3];
};

static const char *get(const void *context, const void *row, int field, char *scratch, size_t size)
{
    (void)context;
    (void)scratch;
    (void)size;
    return ((const struct row *)row)->values[field];
}

static bool matches(const char *text, const struct row *row)
{
    struct filter filter;
    filter_parse(&filter, text, fields);
    return filter_matches(&filter, NULL, row, 3, get);
}

static const struct row demo = {{"Demo One", "running", "gpu0:3"}};
static const struct row other = {{"web", "stopped", NULL}};

static void test_empty_filter_matches_everything(void **state)
{
    (void)state;
    assert_true(matches("", &demo));
    assert_true(matches("   ", &other));
    assert_true(matches("name:", &other)); /* while it is being typed */
    assert_true(matches("!", &other));
}

static void test_word_is_found_in_any_field_whatever_its_case(void **state)
{
    (void)state;
    assert_true(matches("demo", &demo));
    assert_true(matches("RUN", &demo));
    assert_false(matches("demo", &other));
}

static void test_the_beginning_of_a_field_name_is_enough(void **state)
{
    (void)state;
    assert_true(matches("sta:run", &demo));
    assert_false(matches("sta:demo", &demo));
    assert_false(matches("s:run", &demo)); /* one letter may be a drive: a plain word */
    static const char *const alike[] = {"name", "state", "states", NULL};
    struct filter filter;
    filter_parse(&filter, "sta:x", alike); /* of two it is none */
    assert_int_equal(filter.terms[0].field, -1);
    filter_parse(&filter, "state:x", alike);
    assert_int_equal(filter.terms[0].field, 1);
}

static void test_all_words_must_hold(void **state)
{
    (void)state;
    assert_true(matches("demo running", &demo));
    assert_false(matches("demo stopped", &demo));
}

static void test_field_limits_where_a_word_is_looked_for(void **state)
{
    (void)state;
    assert_true(matches("state:run", &demo));
    assert_false(matches("name:run", &demo));
    assert_true(matches("STATE:RUN", &demo));
}

static void test_unknown_field_makes_a_plain_word(void **state)
{
    (void)state;
    assert_true(matches("gpu0:3", &demo));
    assert_false(matches("nothing:here", &demo));
}

static void test_exclamation_mark_excludes(void **state)
{
    (void)state;
    assert_false(matches("!running", &demo));
    assert_true(matches("!running", &other));
    assert_true(matches("demo !state:stop", &demo));
}

static void test_quotes_keep_blanks_and_colons(void **state)
{
    (void)state;
    assert_true(matches("\"demo one\"", &demo));
    assert_false(matches("\"one demo\"", &demo));
    assert_true(matches("name:\"demo one\"", &demo));
    assert_false(matches("!\"demo one\"", &demo));
    assert_true(matches("\"demo one", &demo)); /* the closing quote is still to come */
}

static void test_missing_value_matches_no_word(void **state)
{
    (void)state;
    assert_false(matches("gpu:gpu0", &other));
    assert_true(matches("!gpu:gpu0", &other));
}

static void test_long_and_hostile_text_is_bounded(void **state)
{
    (void)state;
    char text[4096];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(matches(text, &demo));
    for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
        text[i + 1] = ' ';
    }
    struct filter filter;
    filter_parse(&filter, text, fields);
    assert_int_equal(filter.count, FILTER_TERMS);
    filter_parse(&filter, "\x1b[31m\xff!\"", fields);
    assert_true(strchr(filter.source, 0x1b) == NULL);
}

static void test_find_says_where_the_word_stands(void **state)
{
    (void)state;
    struct filter filter;
    size_t start = 0;
    size_t len = 0;
    filter_parse(&filter, "!web one", fields);
    assert_true(filter_find(&filter, "Demo One", &start, &len));
    assert_int_equal(start, 5);
    assert_int_equal(len, 3);
    assert_false(filter_find(&filter, "web", &start, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_filter_matches_everything),
        cmocka_unit_test(test_word_is_found_in_any_field_whatever_its_case),
        cmocka_unit_test(test_the_beginning_of_a_field_name_is_enough),
        cmocka_unit_test(test_all_words_must_hold),
        cmocka_unit_test(test_field_limits_where_a_word_is_looked_for),
        cmocka_unit_test(test_unknown_field_makes_a_plain_word),
        cmocka_unit_test(test_exclamation_mark_excludes),
        cmocka_unit_test(test_quotes_keep_blanks_and_colons),
        cmocka_unit_test(test_missing_value_matches_no_word),
        cmocka_unit_test(test_long_and_hostile_text_is_bounded),
        cmocka_unit_test(test_find_says_where_the_word_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
