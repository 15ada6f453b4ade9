/* SPDX-License-Identifier: MIT
 *
 * Tests of core/base/text.c and text_format.c: buffer, comparison, numbers, formats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"

static void test_a_new_buffer_is_empty_and_terminated(void **state)
{
    (void)state;
    struct text t;
    text_init(&t, 10);
    assert_string_equal(t.data, "");
    assert_int_equal(t.len, 0);
    char *taken = text_take(&t);
    assert_string_equal(taken, "");
    free(taken);
    text_free(&t);
}

static void test_a_buffer_grows_up_to_its_maximum(void **state)
{
    (void)state;
    struct text t;
    text_init(&t, 5);
    text_add(&t, "abc");
    text_add_char(&t, 'd');
    text_addf(&t, "%d", 5);
    assert_string_equal(t.data, "abcd5");
    assert_false(t.failed);
    text_add_char(&t, 'x');
    assert_true(t.failed);
    assert_string_equal(t.data, "abcd5");
    text_clear(&t);
    text_add(&t, "again");
    assert_false(t.failed);
    assert_string_equal(t.data, "again");
    text_free(&t);
}

static void test_after_a_failure_nothing_more_is_added(void **state)
{
    (void)state;
    struct text t;
    text_init(&t, 4);
    text_add(&t, "ab");
    text_add(&t, "cde");
    text_add(&t, "f");
    text_addf(&t, "%s", "g");
    assert_true(t.failed);
    assert_string_equal(t.data, "ab");
    assert_null(text_take(&t));
    assert_string_equal(t.data, "");
}

static void test_long_formats_are_added_whole(void **state)
{
    (void)state;
    struct text t;
    text_init(&t, SIZE_MAX);
    char word[600];
    memset(word, 'w', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    text_addf(&t, "<%s>", word);
    text_addf(&t, "<%s>", word);
    assert_int_equal(t.len, 2 * (sizeof word - 1 + 2));
    char *taken = text_take(&t);
    assert_non_null(taken);
    assert_int_equal(taken[0], '<');
    assert_int_equal(strlen(taken), 1202);
    free(taken);
}

static void test_copies_and_formats_are_new_memory(void **state)
{
    (void)state;
    assert_null(text_copy(NULL));
    char *copy = text_copy("abc");
    assert_string_equal(copy, "abc");
    free(copy);
    char *made = text_format("%s-%d", "x", 12);
    assert_string_equal(made, "x-12");
    free(made);
}

static void test_comparison_treats_null_as_equal_to_null_only(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_true(text_equal_nocase(NULL, NULL));
    assert_false(text_equal_nocase("", NULL));
    assert_false(text_starts(NULL, ""));
    assert_false(text_ends_nocase("a", NULL));
    assert_false(text_find_nocase(NULL, "a"));
}

static void test_comparison_without_case_folds_ascii_only(void **state)
{
    (void)state;
    assert_true(text_equal_nocase("PCI\\VEN_10de", "pci\\ven_10DE"));
    assert_false(text_equal_nocase("abc", "abcd"));
    assert_false(text_equal_nocase("\xC3\x84", "\xC3\xA4"));
    assert_true(text_starts_nocase("PCIP\\x", "pcip\\"));
    assert_false(text_starts_nocase("PCI", "pcip"));
    assert_true(text_starts("abc", "ab"));
    assert_false(text_starts("abc", "b"));
    assert_true(text_ends_nocase("a.VHDX", ".vhdx"));
    assert_false(text_ends_nocase("x", "xx"));
    assert_true(text_find_nocase("a NVIDIA T4", "nvidia"));
    assert_true(text_find_nocase("aab", "AB"));
    assert_true(text_find_nocase("a", ""));
    assert_false(text_find_nocase("ab", "abc"));
}

static void test_numbers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    uint64_t n = 77;
    assert_true(text_to_u64("0", 0, 10, &n));
    assert_int_equal(n, 0);
    assert_true(text_to_u64("18446744073709551615", 0, UINT64_MAX, &n));
    assert_true(n == UINT64_MAX);
    assert_true(text_to_u64("0xfF", 0, 255, &n));
    assert_int_equal(n, 255);
    n = 77;
    static const char *const bad[] = {
        "", " 1", "1 ", "-1", "+1", "0x", "1a", "0xg", "11", "0x0x1", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_to_u64(bad[i], 0, 10, &n));
    }
    assert_false(text_to_u64(NULL, 0, 10, &n));
    assert_false(text_to_u64("3", 4, 10, &n));
    assert_int_equal(n, 77);
}

static void test_sizes_have_three_digits_at_most_and_round_down(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {8ull << 30, "8.0 GiB"},
        {512ull << 20, "512 MiB"},
        {(16ull << 30) - 1, "15.9 GiB"},
        {(100ull << 20) - 1, "99.9 MiB"},
        {UINT64_MAX, "15.9 EiB"},
    };
    char out[24];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_bytes(out, sizeof out, cases[i].bytes);
        assert_string_equal(out, cases[i].text);
    }
}

static void test_durations_use_the_two_largest_units(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {
        {0, "0 ms"},         {999, "999 ms"},
        {3450, "3.4 s"},     {59999, "59.9 s"},
        {60000, "1m00s"},    {312000, "5m12s"},
        {7500000, "2h05m"},  {86399999, "23h59m"},
        {273600000, "3d4h"}, {UINT64_MAX, "213503982334d14h"},
    };
    char out[24];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_duration(out, sizeof out, cases[i].ms);
        assert_string_equal(out, cases[i].text);
    }
}

static void test_times_are_written_and_read_as_iso(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1769868202123, "2026-01-31T14:03:22.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-11644473600000, "1601-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    char out[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_iso(out, sizeof out, cases[i].ms);
        assert_string_equal(out, cases[i].text);
        int64_t back = 5;
        assert_true(text_from_iso(cases[i].text, &back));
        assert_true(back == cases[i].ms);
    }
    text_iso(out, sizeof out, INT64_MAX);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    text_iso(out, sizeof out, INT64_MIN);
    assert_string_equal(out, "0001-01-01T00:00:00.000Z");
}

static void test_iso_times_of_windows_have_seven_digits(void **state)
{
    (void)state;
    int64_t ms;
    assert_true(text_from_iso("2026-01-31T14:03:22.1239999Z", &ms));
    assert_true(ms == 1769868202123);
    assert_true(text_from_iso("2026-01-31T14:03:22Z", &ms));
    assert_true(ms == 1769868202000);
}

static void test_malformed_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-01-31",
        "2026-01-31T14:03:22",
        "2026-01-31T14:03:22.Z",
        "2026-01-31T14:03:22Zx",
        "2026-02-29T14:03:22Z",
        "2026-13-01T14:03:22Z",
        "2026-01-32T14:03:22Z",
        "2026-01-31T24:03:22Z",
        "2026-01-31T14:60:22Z",
        "2026-01-31T14:03:60Z",
        "0000-01-01T00:00:00Z",
        " 2026-01-31T14:03:22Z",
        "2026-01-31t14:03:22Z",
        "+026-01-31T14:03:22Z",
    };
    int64_t ms = 5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_from_iso(bad[i], &ms));
    }
    assert_false(text_from_iso(NULL, &ms));
    assert_true(ms == 5);
}

static void test_the_clock_shows_hours_minutes_and_seconds(void **state)
{
    (void)state;
    char out[32];
    text_clock(out, sizeof out, 1769868202123);
    assert_int_equal(strlen(out), 8);
    /* Zones differ from UTC by whole minutes: the seconds are the same everywhere. */
    assert_string_equal(out + 5, ":22");
}

static void test_new_guids_are_valid_and_differ(void **state)
{
    (void)state;
    char a[GUID_TEXT], b[GUID_TEXT];
    guid_new(a);
    guid_new(b);
    assert_true(guid_is_valid(a));
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_string_not_equal(a, b);
    assert_true(guid_is_valid("DCC079AE-60BA-4D07-847C-3493609C0870"));
    assert_false(guid_is_valid("DCC079AE-60BA-4D07-847C-3493609C087"));
    assert_false(guid_is_valid("DCC079AE-60BA-4D07-847C-3493609C08700"));
    assert_false(guid_is_valid("DCC079AE060BA-4D07-847C-3493609C0870"));
    assert_false(guid_is_valid("DCC079AE-60BA-4D07-847C-3493609C087g"));
    assert_false(guid_is_valid(""));
    assert_false(guid_is_valid(NULL));
}

static void test_the_hash_is_fnv_1a(void **state)
{
    (void)state;
    assert_true(text_hash("", 0) == 0xcbf29ce484222325u);
    assert_true(text_hash("a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(text_hash("foobar", 6) == 0x85944171f73967e8u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_buffer_is_empty_and_terminated),
        cmocka_unit_test(test_a_buffer_grows_up_to_its_maximum),
        cmocka_unit_test(test_after_a_failure_nothing_more_is_added),
        cmocka_unit_test(test_long_formats_are_added_whole),
        cmocka_unit_test(test_copies_and_formats_are_new_memory),
        cmocka_unit_test(test_comparison_treats_null_as_equal_to_null_only),
        cmocka_unit_test(test_comparison_without_case_folds_ascii_only),
        cmocka_unit_test(test_numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(test_sizes_have_three_digits_at_most_and_round_down),
        cmocka_unit_test(test_durations_use_the_two_largest_units),
        cmocka_unit_test(test_times_are_written_and_read_as_iso),
        cmocka_unit_test(test_iso_times_of_windows_have_seven_digits),
        cmocka_unit_test(test_malformed_times_are_refused),
        cmocka_unit_test(test_the_clock_shows_hours_minutes_and_seconds),
        cmocka_unit_test(test_new_guids_are_valid_and_differ),
        cmocka_unit_test(test_the_hash_is_fnv_1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
