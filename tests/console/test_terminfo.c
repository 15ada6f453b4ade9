/* SPDX-License-Identifier: MIT
 *
 * The description with more colours: its bytes are those of term(5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/terminfo.h"

static const char *const flag_names[] = {"am", "ccc", "xenl", NULL};
static const char *const number_names[] = {"cols", "colors", "pairs", "it", NULL};
static const char *const string_names[] = {"cup", "setaf", "oc", "setab", "op", "nosuch", NULL};

static int flag(const char *name)
{
    return strcmp(name, "am") == 0 || strcmp(name, "ccc") == 0 ? 1 : 0;
}

static int number(const char *name)
{
    return strcmp(name, "cols") == 0 ? 80 : strcmp(name, "colors") == 0 ? 256 : -1;
}

static char *string(const char *name)
{
    static char cup[] = "\033[%i%p1%d;%p2%dH", oc[] = "\033]104\a", mouse[] = "\033[?1006h";
    if (strcmp(name, "cup") == 0) {
        return cup;
    }
    if (strcmp(name, "XM") == 0) {
        return mouse;
    }
    return strcmp(name, "oc") == 0 ? oc : NULL;
}

static const struct terminfo_source source = {flag,       number,       string,
                                              flag_names, number_names, string_names};

struct entry {
    uint8_t bytes[8192];
    size_t len;
};

static struct entry make(int colours)
{
    struct entry entry = {.len = 0};
    char *hex = terminfo_with_colours(&source, "xterm-256color", colours);
    assert_non_null(hex);
    assert_memory_equal(hex, "hex:", 4);
    for (size_t i = 4; hex[i] != '\0'; i += 2) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + i, "%2x", &value), 1);
        entry.bytes[entry.len++] = (uint8_t)value;
    }
    free(hex);
    return entry;
}

static unsigned short_at(const struct entry *entry, size_t offset)
{
    assert_true(offset + 1 < entry->len);
    return entry->bytes[offset] | (unsigned)entry->bytes[offset + 1] << 8;
}

static unsigned long_at(const struct entry *entry, size_t offset)
{
    return short_at(entry, offset) | short_at(entry, offset + 2) << 16;
}

/* header 12, name 15, flags 3, no padding: the numbers begin at 30 */
#define NUMBERS 30
#define OFFSETS (NUMBERS + 4 * 4)
#define TABLE   (OFFSETS + 6 * 2)

static void test_the_header_tells_the_sizes(void **state)
{
    (void)state;
    struct entry entry = make(1 << 24);
    assert_int_equal(short_at(&entry, 0), 01036);
    assert_int_equal(short_at(&entry, 2), strlen("xterm-256color") + 1);
    assert_int_equal(short_at(&entry, 4), 3);
    assert_int_equal(short_at(&entry, 6), 4);
    assert_int_equal(short_at(&entry, 8), 6);
    assert_string_equal((const char *)entry.bytes + 12, "xterm-256color");
}

static void test_colours_are_changed_and_the_rest_is_kept(void **state)
{
    (void)state;
    struct entry entry = make(1 << 24);
    assert_int_equal(long_at(&entry, NUMBERS), 80);
    assert_int_equal(long_at(&entry, NUMBERS + 4), 1 << 24);
    assert_int_equal(long_at(&entry, NUMBERS + 8), 0x10000);
    assert_int_equal(long_at(&entry, NUMBERS + 12), 0xffffffff);
    assert_string_equal((const char *)entry.bytes + TABLE + short_at(&entry, OFFSETS),
                        "\033[%i%p1%d;%p2%dH");
    const char *setaf = (const char *)entry.bytes + TABLE + short_at(&entry, OFFSETS + 2);
    assert_non_null(strstr(setaf, "38;2;"));
    const char *op = (const char *)entry.bytes + TABLE + short_at(&entry, OFFSETS + 8);
    assert_string_equal(op, "\033[39;49m");
    assert_int_equal(short_at(&entry, OFFSETS + 10), 0xffff);
}

static void test_the_palette_cannot_be_redefined(void **state)
{
    (void)state;
    struct entry entry = make(256);
    assert_int_equal(entry.bytes[27], 1); /* am */
    assert_int_equal(entry.bytes[28], 0); /* ccc */
    assert_int_equal(entry.bytes[29], 0); /* xenl */
    assert_int_equal(short_at(&entry, OFFSETS + 4), 0xffff);
    const char *setaf = (const char *)entry.bytes + TABLE + short_at(&entry, OFFSETS + 2);
    assert_non_null(strstr(setaf, "38;5;"));
}

static void test_the_extension_names_its_capabilities(void **state)
{
    (void)state;
    struct entry entry = make(1 << 24);
    size_t at = TABLE + short_at(&entry, 10);
    at += at % 2;
    assert_int_equal(short_at(&entry, at), 2);     /* flags AX, RGB */
    assert_int_equal(short_at(&entry, at + 2), 0); /* numbers */
    assert_int_equal(short_at(&entry, at + 4), 1); /* strings: XM */
    assert_int_equal(short_at(&entry, at + 6), 4); /* one value and three names */
    size_t size = short_at(&entry, at + 8), offsets = at + 10 + 2, table = offsets + 4 * 2;
    assert_int_equal(table + size, entry.len);
    const char *value = (const char *)entry.bytes + table + short_at(&entry, offsets);
    assert_string_equal(value, "\033[?1006h");
    const char *names = value + strlen(value) + 1;
    assert_string_equal(names + short_at(&entry, offsets + 2), "AX");
    assert_string_equal(names + short_at(&entry, offsets + 4), "RGB");
    assert_string_equal(names + short_at(&entry, offsets + 6), "XM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_header_tells_the_sizes),
        cmocka_unit_test(test_colours_are_changed_and_the_rest_is_kept),
        cmocka_unit_test(test_the_palette_cannot_be_redefined),
        cmocka_unit_test(test_the_extension_names_its_capabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
