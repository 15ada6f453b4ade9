/* SPDX-License-Identifier: MIT
 *
 * Names of keys: what is printed is what is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "console/input.h"

static uint32_t key_of(const char *name)
{
    uint32_t key = 0;
    assert_true(input_from_name(name, &key));
    return key;
}

static void test_names_of_keys_are_read(void **state)
{
    (void)state;
    assert_int_equal(key_of("up"), INPUT_UP);
    assert_int_equal(key_of("page-down"), INPUT_PAGE_DOWN);
    assert_int_equal(key_of("PgDn"), INPUT_PAGE_DOWN);
    assert_int_equal(key_of("enter"), INPUT_ENTER);
    assert_int_equal(key_of("esc"), INPUT_ESCAPE);
    assert_int_equal(key_of("escape"), INPUT_ESCAPE);
    assert_int_equal(key_of("back-tab"), INPUT_BACK_TAB);
    assert_int_equal(key_of("space"), ' ');
    assert_int_equal(key_of("ctrl-d"), 4);
    assert_int_equal(key_of("Ctrl-D"), 4);
    assert_int_equal(key_of("F1"), INPUT_F1);
    assert_int_equal(key_of("f12"), INPUT_F12);
}

static void test_single_characters_are_their_own_names(void **state)
{
    (void)state;
    assert_int_equal(key_of("G"), 'G');
    assert_int_equal(key_of("g"), 'g');
    assert_int_equal(key_of("/"), '/');
    assert_int_equal(key_of("F"), 'F');
    assert_int_equal(key_of("\xC3\xA4"), 0xE4);
}

static void test_unknown_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",        "F0", "F13",  "ctrl-",    "ctrl-1", "ctrl-ab",
                                        "upwards", "gg", "\x01", "\xCC\x81", "F1x"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint32_t key = 42;
        assert_false(input_from_name(names[i], &key));
        assert_int_equal(key, 42);
    }
    uint32_t key = 42;
    assert_false(input_from_name(NULL, &key));
}

static void test_every_printed_name_is_read_back(void **state)
{
    (void)state;
    for (uint32_t key = INPUT_SPECIAL + 1; key < INPUT_SPECIAL_END; key++) {
        char name[16];
        input_name(key, name, sizeof(name));
        assert_string_not_equal(name, "?");
        assert_int_equal(key_of(name), key);
    }
    for (uint32_t key = 1; key < 0x7f; key++) {
        char name[16];
        if (key > 26 && key < ' ') {
            continue;
        }
        input_name(key, name, sizeof(name));
        assert_int_equal(key_of(name), key);
    }
}

static void test_a_name_is_cut_to_its_place_and_never_a_control_character(void **state)
{
    (void)state;
    char small[4], name[16];
    input_name(INPUT_PAGE_DOWN, small, sizeof(small));
    assert_string_equal(small, "pag");
    input_name(0x1b, name, sizeof(name));
    assert_string_equal(name, "?");
    input_name(0x7f, name, sizeof(name));
    assert_string_equal(name, "?");
    input_name(0x9b, name, sizeof(name));
    assert_null(strchr(name, '\x9b'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_keys_are_read),
        cmocka_unit_test(test_single_characters_are_their_own_names),
        cmocka_unit_test(test_unknown_names_are_refused),
        cmocka_unit_test(test_every_printed_name_is_read_back),
        cmocka_unit_test(test_a_name_is_cut_to_its_place_and_never_a_control_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
