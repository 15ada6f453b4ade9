/* SPDX-License-Identifier: MIT
 *
 * Tests of core/base/utf8.c and utf8_width.c: coding, cleaning, columns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"

#define BAD "\xEF\xBF\xBD" /* U+FFFD */

static void test_every_code_point_survives_coding(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        char bytes[4];
        size_t len = utf8_encode(c, bytes);
        uint32_t back = 0;
        if (utf8_decode(bytes, len, &back) != len || back != c) {
            fail_msg("U+%04X became U+%04X", (unsigned)c, (unsigned)back);
        }
    }
}

static void test_malformed_bytes_give_one_replacement_each(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* continuation without lead */
        "\xC0\xAF",         /* overlong */
        "\xC1\xBF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong */
        "\xF0\x80\x80\xAF", /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xF4\x90\x80\x80", /* past U+10FFFF */
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xE2\x82",
        "\xC3",
        "\xC3(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint32_t c = 0;
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &c), 1);
        assert_int_equal(c, 0xFFFD);
        assert_false(utf8_is_valid(bad[i], strlen(bad[i])));
    }
    assert_true(utf8_is_valid("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 10));
    assert_true(utf8_is_valid(BAD, 3));
    assert_true(utf8_is_valid("", 0));
}

static void test_values_that_are_no_characters_encode_as_replacement(void **state)
{
    (void)state;
    char bytes[4];
    assert_int_equal(utf8_encode(0xD800, bytes), 3);
    assert_memory_equal(bytes, BAD, 3);
    assert_int_equal(utf8_encode(0x110000, bytes), 3);
    assert_memory_equal(bytes, BAD, 3);
}

static void test_widths_follow_the_unicode_standard(void **state)
{
    (void)state;
    static const struct {
        uint32_t c;
        int width;
    } cases[] = {
        {0x00, -1},    {0x1B, -1},   {0x7F, -1},   {0x9B, -1},   {'a', 1},     {0xA0, 1},
        {0xAD, 1},     {0xE4, 1},    {0x300, 0},   {0x36F, 0},   {0x5D0, 1},   {0x1100, 2},
        {0x115F, 2},   {0x1160, 0},  {0x200B, 0},  {0x200D, 0},  {0x231A, 2},  {0x2500, 1},
        {0x2588, 1},   {0x2705, 2},  {0x28FF, 1},  {0x3000, 2},  {0x3042, 2},  {0x4E00, 2},
        {0xAC00, 2},   {0xD7A3, 2},  {0xFE0F, 0},  {0xFF21, 2},  {0xFF71, 1},  {0xFFFD, 1},
        {0x1F1E6, 1},  {0x1F600, 2}, {0x1F680, 2}, {0x20000, 2}, {0x2FA1D, 2}, {0xE0100, 0},
        {0x10FFFF, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (utf8_width(cases[i].c) != cases[i].width) {
            fail_msg("U+%04X is %d wide", (unsigned)cases[i].c, utf8_width(cases[i].c));
        }
    }
}

static void test_columns_of_strings_add_up(void **state)
{
    (void)state;
    assert_int_equal(utf8_columns(""), 0);
    assert_int_equal(utf8_columns(NULL), 0);
    assert_int_equal(utf8_columns("abc"), 3);
    assert_int_equal(utf8_columns("e\xCC\x81"), 1);                /* e and an accent */
    assert_int_equal(utf8_columns("\xE6\xBC\xA2\xE5\xAD\x97"), 4); /* two ideographs */
    assert_int_equal(utf8_columns("a\x1B"), 1);
    assert_int_equal(utf8_columns("\xFF"), 1);
}

static void test_everything_a_terminal_could_obey_is_cleaned(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        bool harmful = c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 ||
                       (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
                       c == 0x200E || c == 0x200F || c == 0x061C;
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        char in[5] = "";
        char out[8];
        in[utf8_encode(c, in)] = '\0';
        text_clean(out, sizeof out, in);
        const char *want = harmful ? BAD : in;
        if (c == '\n' || c == '\r' || c == '\t') {
            want = " ";
        }
        if (strcmp(out, want) != 0) {
            fail_msg("U+%04X became \"%s\"", (unsigned)c, out);
        }
    }
}

static void test_cleaning_never_cuts_a_character(void **state)
{
    (void)state;
    char out[6];
    assert_ptr_equal(text_clean(out, sizeof out, "\xE2\x82\xAC\xE2\x82\xAC"), out);
    assert_string_equal(out, "\xE2\x82\xAC");
    text_clean(out, sizeof out, "abcdefgh");
    assert_string_equal(out, "abcde");
    text_clean(out, 1, "abc");
    assert_string_equal(out, "");
    text_clean(out, sizeof out, NULL);
    assert_string_equal(out, "");
    text_clean(out, sizeof out, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n");
    assert_string_equal(out, "     ");
}

static void test_cleaning_with_a_length_handles_nul_and_a_cut_end(void **state)
{
    (void)state;
    char out[32];
    text_clean_n(out, sizeof out, "a\0b", 3);
    assert_string_equal(out, "a" BAD "b");
    text_clean_n(out, sizeof out, "a\xE2\x82\xAC", 3);
    assert_string_equal(out, "a" BAD BAD);
}

static void test_cleaning_into_new_memory_can_keep_lines(void **state)
{
    (void)state;
    const char *in = "a\tb\r\nc\rd\033[0m";
    char *lines = text_clean_new(in, strlen(in), true);
    assert_string_equal(lines, "a\tb\nc\nd" BAD "[0m");
    free(lines);
    char *line = text_clean_new(in, strlen(in), false);
    assert_string_equal(line, "a b c d" BAD "[0m");
    free(line);
    char *none = text_clean_new(NULL, 0, true);
    assert_string_equal(none, "");
    free(none);
}

static void test_utf16_survives_both_ways(void **state)
{
    (void)state;
    const char *text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
    uint16_t *wide = utf8_to_utf16(text);
    assert_non_null(wide);
    assert_int_equal(utf16_length(wide), 6);
    assert_int_equal(wide[3], 0xD83D);
    assert_int_equal(wide[4], 0xDE00);
    char *back = utf16_to_utf8(wide, SIZE_MAX);
    assert_string_equal(back, text);
    char *part = utf16_to_utf8(wide, 2);
    assert_string_equal(part, "a\xC3\xA4");
    free(part);
    free(back);
    free(wide);
}

static void test_lone_surrogates_become_replacements(void **state)
{
    (void)state;
    const uint16_t bad[] = {'a', 0xD83D, 'b', 0xDE00, 0xD83D, 0};
    char *text = utf16_to_utf8(bad, SIZE_MAX);
    assert_string_equal(text, "a" BAD "b" BAD BAD);
    free(text);
    uint16_t *wide = utf8_to_utf16("\xED\xA0\x80");
    assert_int_equal(wide[0], 0xFFFD);
    free(wide);
    char *none = utf16_to_utf8(NULL, SIZE_MAX);
    assert_string_equal(none, "");
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_survives_coding),
        cmocka_unit_test(test_malformed_bytes_give_one_replacement_each),
        cmocka_unit_test(test_values_that_are_no_characters_encode_as_replacement),
        cmocka_unit_test(test_widths_follow_the_unicode_standard),
        cmocka_unit_test(test_columns_of_strings_add_up),
        cmocka_unit_test(test_everything_a_terminal_could_obey_is_cleaned),
        cmocka_unit_test(test_cleaning_never_cuts_a_character),
        cmocka_unit_test(test_cleaning_with_a_length_handles_nul_and_a_cut_end),
        cmocka_unit_test(test_cleaning_into_new_memory_can_keep_lines),
        cmocka_unit_test(test_utf16_survives_both_ways),
        cmocka_unit_test(test_lone_surrogates_become_replacements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
