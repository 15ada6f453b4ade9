/* SPDX-License-Identifier: MIT
 *
 * The parts of a real terminal that need no terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "console/term_parts.h"

static void test_no_color_wins_unless_a_depth_is_asked_for(void **state)
{
    (void)state;
    struct term_options automatic = {.depth = -1}, asked = {.depth = TERM_16};
    unsetenv("NO_COLOR");
    assert_int_equal(term_wanted_depth(&automatic), -1);
    setenv("NO_COLOR", "", 1);
    assert_int_equal(term_wanted_depth(&automatic), -1);
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(term_wanted_depth(&automatic), TERM_MONO);
    assert_int_equal(term_wanted_depth(&asked), TERM_16);
    unsetenv("NO_COLOR");
}

static void test_more_colours_are_asked_for_only_when_told(void **state)
{
    (void)state;
    struct term_options automatic = {.depth = -1}, few = {.depth = TERM_8};
    struct term_options many = {.depth = TERM_256}, all = {.depth = TERM_24BIT};
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    assert_int_equal(term_more_colours(&automatic), 0);
    assert_int_equal(term_more_colours(&many), 256);
    assert_int_equal(term_more_colours(&all), 1 << 24);
    setenv("COLORTERM", "truecolor", 1);
    assert_int_equal(term_more_colours(&automatic), 1 << 24);
    assert_int_equal(term_more_colours(&few), 0);
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(term_more_colours(&automatic), 0);
    setenv("COLORTERM", "yes", 1);
    unsetenv("NO_COLOR");
    assert_int_equal(term_more_colours(&automatic), 0);
    unsetenv("COLORTERM");
}

static void test_ascii_follows_the_locale_and_the_option(void **state)
{
    (void)state;
    setenv("LC_ALL", "C.UTF-8", 1);
    assert_false(term_only_ascii(&(struct term_options){.ascii = -1}));
    assert_true(term_only_ascii(&(struct term_options){.ascii = 1}));
    setenv("LC_ALL", "C", 1);
    assert_true(term_only_ascii(&(struct term_options){.ascii = -1}));
    assert_false(term_only_ascii(&(struct term_options){.ascii = 0}));
}

static void test_the_guard_has_no_padding_notes_and_is_bounded(void **state)
{
    (void)state;
    struct term_guard guard = {.len = 0};
    term_guard_add(&guard, NULL);
    term_guard_add(&guard, (const char *)-1);
    assert_int_equal(guard.len, 0);
    term_guard_add(&guard, "\033[0m$<2/>x$<");
    assert_int_equal(guard.len, 7);
    assert_memory_equal(guard.bytes, "\033[0mx$<", 7);
    for (int i = 0; i < 1000; i++) {
        term_guard_add(&guard, "abc");
    }
    assert_int_equal(guard.len, sizeof(guard.bytes));
}

static void test_characters_become_keys(void **state)
{
    (void)state;
    assert_int_equal(term_plain_key('\r'), INPUT_ENTER);
    assert_int_equal(term_plain_key('\n'), INPUT_ENTER);
    assert_int_equal(term_plain_key(0x7f), INPUT_BACKSPACE);
    assert_int_equal(term_plain_key(0x1b), INPUT_ESCAPE);
    assert_int_equal(term_plain_key('\t'), INPUT_TAB);
    assert_int_equal(term_plain_key(4), INPUT_CTRL('d'));
    assert_int_equal(term_plain_key(0xE4), 0xE4);
}

static const struct cell *cell(const struct canvas *canvas, int x)
{
    return canvas_cell(canvas, x, 0);
}

static void test_clear_blanks_take_the_colour_before_them(void **state)
{
    (void)state;
    struct term_ink inks[ROLE_COUNT];
    for (int i = 0; i < ROLE_COUNT; i++) {
        inks[i] = (struct term_ink){.clear_blanks = true};
    }
    inks[ROLE_TEXT].plain = true;
    inks[ROLE_SELECTED].clear_blanks = false;
    struct canvas *canvas = canvas_new(16, 1);
    canvas_text(canvas, 0, 0, 16, "a", ROLE_GOOD, ATTRIBUTE_BOLD);
    canvas_text(canvas, 3, 0, 16, "b", ROLE_BAD, 0);  /* coloured follows: good carries on */
    canvas_text(canvas, 6, 0, 16, "c", ROLE_TEXT, 0); /* plain follows: plain */
    canvas_text(canvas, 7, 0, 2, "  ", ROLE_SELECTED, 0);
    canvas_text(canvas, 9, 0, 2, "  ", ROLE_DIM, 0); /* after a background: plain */
    canvas_text(canvas, 11, 0, 4, "d   ", ROLE_DIM, 0);
    char *before = canvas_dump(canvas, false);
    term_cheapen_row(canvas, 0, inks);
    char *after = canvas_dump(canvas, false);
    assert_string_equal(before, after);
    assert_int_equal(cell(canvas, 1)->role, ROLE_GOOD);
    assert_int_equal(cell(canvas, 1)->attributes, ATTRIBUTE_BOLD);
    assert_int_equal(cell(canvas, 4)->role, ROLE_TEXT);
    assert_int_equal(cell(canvas, 7)->role, ROLE_SELECTED);
    assert_int_equal(cell(canvas, 9)->role, ROLE_TEXT);
    assert_int_equal(cell(canvas, 12)->role, ROLE_TEXT);
    assert_int_equal(cell(canvas, 15)->role, ROLE_TEXT);
    free(before);
    free(after);
    canvas_free(canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_color_wins_unless_a_depth_is_asked_for),
        cmocka_unit_test(test_more_colours_are_asked_for_only_when_told),
        cmocka_unit_test(test_ascii_follows_the_locale_and_the_option),
        cmocka_unit_test(test_the_guard_has_no_padding_notes_and_is_bounded),
        cmocka_unit_test(test_characters_become_keys),
        cmocka_unit_test(test_clear_blanks_take_the_colour_before_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
