/* SPDX-License-Identifier: MIT
 *
 * The canvas: what reaches a cell, what is cut, and that columns stay aligned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "console/canvas.h"

static struct canvas *make(int width, int height)
{
    struct canvas *canvas = canvas_new(width, height);
    assert_non_null(canvas);
    return canvas;
}

static void assert_dump(const struct canvas *canvas, const char *expected)
{
    char *dump = canvas_dump(canvas, false);
    assert_string_equal(dump, expected);
    free(dump);
}

/* Every wide character has both halves, and no half stands alone. */
static void assert_sound(const struct canvas *canvas)
{
    for (int y = 0; y < canvas_height(canvas); y++) {
        for (int x = 0; x < canvas_width(canvas); x++) {
            const struct cell *cell = canvas_cell(canvas, x, y);
            if (cell->width == 2) {
                assert_true(x + 1 < canvas_width(canvas));
                assert_int_equal(canvas_cell(canvas, x + 1, y)->width, 0);
            }
            if (cell->width == 0) {
                assert_true(x > 0);
                assert_int_equal(canvas_cell(canvas, x - 1, y)->width, 2);
                assert_string_equal(cell->text, "");
            }
        }
    }
}

static void test_a_new_canvas_is_blank(void **state)
{
    (void)state;
    struct canvas *canvas = make(3, 2);
    assert_int_equal(canvas_width(canvas), 3);
    assert_int_equal(canvas_height(canvas), 2);
    assert_string_equal(canvas_cell(canvas, 2, 1)->text, " ");
    assert_int_equal(canvas_cell(canvas, 2, 1)->role, ROLE_TEXT);
    assert_dump(canvas, "\n\n");
    canvas_free(canvas);
}

static void test_text_returns_the_columns_it_took(void **state)
{
    (void)state;
    struct canvas *canvas = make(20, 1);
    assert_int_equal(canvas_text(canvas, 1, 0, 10, "gpu0", ROLE_GOOD, ATTRIBUTE_BOLD), 4);
    assert_int_equal(canvas_text(canvas, 6, 0, 10, "日本", ROLE_TEXT, 0), 4);
    assert_int_equal(canvas_text(canvas, 12, 0, 10, "", ROLE_TEXT, 0), 0);
    assert_int_equal(canvas_text(canvas, 12, 0, 10, NULL, ROLE_TEXT, 0), 0);
    assert_int_equal(canvas_text(canvas, 12, 0, 0, "x", ROLE_TEXT, 0), 0);
    assert_dump(canvas, " gpu0 日本\n");
    assert_int_equal(canvas_cell(canvas, 1, 0)->role, ROLE_GOOD);
    assert_int_equal(canvas_cell(canvas, 1, 0)->attributes, ATTRIBUTE_BOLD);
    canvas_free(canvas);
}

static void test_longer_text_ends_with_an_ellipsis(void **state)
{
    (void)state;
    struct canvas *canvas = make(20, 3);
    assert_int_equal(canvas_text(canvas, 0, 0, 5, "container", ROLE_TEXT, 0), 5);
    assert_int_equal(canvas_text(canvas, 0, 1, 5, "conta", ROLE_TEXT, 0), 5);
    assert_int_equal(canvas_text(canvas, 0, 2, 1, "container", ROLE_TEXT, 0), 1);
    assert_dump(canvas, "cont…\nconta\n…\n");
    canvas_free(canvas);
}

static void test_a_wide_character_is_never_split_by_the_ellipsis(void **state)
{
    (void)state;
    struct canvas *canvas = make(10, 1);
    canvas_fill(canvas, (struct rect){0, 0, 10, 1}, ROLE_TEXT, 0);
    canvas_text(canvas, 0, 0, 10, "xxxxxxxxxx", ROLE_TEXT, 0);
    /* 日 and 本 take four columns; before the ellipsis there are three. */
    assert_int_equal(canvas_text(canvas, 0, 0, 4, "日本語", ROLE_TEXT, 0), 4);
    assert_dump(canvas, "日… xxxxxx\n");
    assert_sound(canvas);
    canvas_free(canvas);
}

static void test_a_wide_character_is_never_split_by_the_clip_edge(void **state)
{
    (void)state;
    struct canvas *canvas = make(8, 1);
    canvas_text(canvas, 0, 0, 8, "........", ROLE_TEXT, 0);
    canvas_clip(canvas, (struct rect){1, 0, 4, 1});
    canvas_text(canvas, 0, 0, 8, "日本語", ROLE_TEXT, 0);
    canvas_unclip(canvas);
    /* Columns 1..4: right half of the first, the second, left half of the third. */
    assert_dump(canvas, ". 本 ...\n");
    assert_sound(canvas);
    canvas_free(canvas);
}

static void test_overwriting_one_half_blanks_the_other(void **state)
{
    (void)state;
    struct canvas *canvas = make(8, 1);
    canvas_text(canvas, 0, 0, 8, "日本語", ROLE_TEXT, 0);
    canvas_text(canvas, 1, 0, 1, "a", ROLE_TEXT, 0);
    canvas_text(canvas, 4, 0, 1, "b", ROLE_TEXT, 0);
    assert_dump(canvas, " a本b\n");
    canvas_text(canvas, 0, 0, 8, "日本語", ROLE_TEXT, 0);
    canvas_fill(canvas, (struct rect){1, 0, 2, 1}, ROLE_TEXT, 0);
    assert_dump(canvas, "    語\n");
    assert_sound(canvas);
    canvas_free(canvas);
}

static void test_combining_marks_stay_with_their_base(void **state)
{
    (void)state;
    struct canvas *canvas = make(10, 1);
    assert_int_equal(canvas_text(canvas, 0, 0, 10,
                                 "e\xCC\x81"
                                 "x",
                                 ROLE_TEXT, 0),
                     2);
    assert_string_equal(canvas_cell(canvas, 0, 0)->text, "e\xCC\x81");
    assert_string_equal(canvas_cell(canvas, 1, 0)->text, "x");
    canvas_free(canvas);
}

static void test_a_mark_without_a_base_stands_on_a_blank(void **state)
{
    (void)state;
    struct canvas *canvas = make(10, 1);
    assert_int_equal(canvas_text(canvas, 0, 0, 10, "\xCC\x81x", ROLE_TEXT, 0), 2);
    assert_string_equal(canvas_cell(canvas, 0, 0)->text, " \xCC\x81");
    canvas_free(canvas);
}

static void test_joined_emoji_and_flags_are_one_cell(void **state)
{
    (void)state;
    struct canvas *canvas = make(10, 1);
    /* woman + joiner + laptop; skin tone; flag of two letters */
    const char *worker = "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB";
    const char *thumb = "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD";
    const char *flag = "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA";
    assert_int_equal(canvas_text(canvas, 0, 0, 10, worker, ROLE_TEXT, 0), 2);
    assert_int_equal(canvas_text(canvas, 2, 0, 10, thumb, ROLE_TEXT, 0), 2);
    assert_int_equal(canvas_text(canvas, 4, 0, 10, flag, ROLE_TEXT, 0), 2);
    assert_string_equal(canvas_cell(canvas, 0, 0)->text, worker);
    assert_string_equal(canvas_cell(canvas, 2, 0)->text, thumb);
    assert_string_equal(canvas_cell(canvas, 4, 0)->text, flag);
    assert_sound(canvas);
    canvas_free(canvas);
}

static void test_endless_marks_are_cut_to_the_cell(void **state)
{
    (void)state;
    char text[2001] = "a";
    for (size_t i = 0; i < 999; i++) {
        memcpy(text + 1 + 2 * i, "\xCC\x81", 2);
    }
    text[1999] = 'z';
    struct canvas *canvas = make(10, 1);
    assert_int_equal(canvas_text(canvas, 0, 0, 10, text, ROLE_TEXT, 0), 2);
    assert_true(strlen(canvas_cell(canvas, 0, 0)->text) <= CELL_BYTES);
    assert_string_equal(canvas_cell(canvas, 1, 0)->text, "z");
    canvas_free(canvas);
}

static void test_control_characters_never_reach_a_cell(void **state)
{
    (void)state;
    struct canvas *canvas = make(40, 2);
    canvas_text(canvas, 0, 0, 40, "a\033[31mb\x9b\x07\x7f\xff", ROLE_TEXT, 0);
    canvas_text(canvas, 0, 1, 40, "x\ny\tz\xE2\x80\xAEq\xC2\x9B", ROLE_TEXT, 0);
    for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 40; x++) {
            const char *text = canvas_cell(canvas, x, y)->text;
            for (size_t i = 0; text[i] != '\0'; i++) {
                assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
            }
            assert_null(strstr(text, "\xC2\x9B"));
            assert_null(strstr(text, "\xE2\x80\xAE"));
        }
    }
    assert_string_equal(canvas_cell(canvas, 1, 1)->text, " ");
    assert_string_equal(canvas_cell(canvas, 3, 1)->text, " ");
    canvas_free(canvas);
}

static void test_ascii_mode_shows_question_marks_of_the_same_width(void **state)
{
    (void)state;
    struct canvas *canvas = make(12, 3);
    canvas_set_ascii(canvas, true);
    assert_int_equal(canvas_text(canvas, 0, 0, 12, "a日b\xC3\xA9", ROLE_TEXT, 0), 5);
    canvas_text(canvas, 0, 1, 4, "abcdefg", ROLE_TEXT, 0);
    canvas_bar(canvas, 0, 2, 4, 500, ROLE_BAR);
    assert_dump(canvas, "a??b?\nabc~\n##..\n");
    for (int i = 0; i < GLYPH_COUNT; i++) {
        const char *glyph = canvas_glyph(canvas, (enum glyph)i);
        assert_int_equal(strlen(glyph), 1);
    }
    canvas_free(canvas);
}

static void test_right_aligned_text_ends_at_the_edge(void **state)
{
    (void)state;
    struct canvas *canvas = make(10, 2);
    canvas_text_right(canvas, 0, 0, 8, "12", ROLE_TEXT, 0);
    canvas_text_right(canvas, 0, 1, 3, "12345", ROLE_TEXT, 0);
    assert_dump(canvas, "      12\n12…\n");
    canvas_free(canvas);
}

static void test_drawing_outside_is_ignored(void **state)
{
    (void)state;
    struct canvas *canvas = make(4, 2);
    canvas_text(canvas, -2, 0, 10, "abcdefgh", ROLE_TEXT, 0);
    canvas_text(canvas, 0, -1, 4, "zzzz", ROLE_TEXT, 0);
    canvas_text(canvas, 0, 2, 4, "zzzz", ROLE_TEXT, 0);
    canvas_text(canvas, INT_MAX, 1, INT_MAX, "zzzz", ROLE_TEXT, 0);
    canvas_fill(canvas, (struct rect){-5, -5, 4, 4}, ROLE_BAD, 0);
    canvas_fill(canvas, (struct rect){3, 1, INT_MAX, INT_MAX}, ROLE_GOOD, 0);
    canvas_box(canvas, (struct rect){-1, -1, 1, 1}, "x", ROLE_BORDER);
    canvas_hline(canvas, -3, 5, 100, ROLE_BORDER);
    assert_dump(canvas, "cdef\n\n");
    assert_int_equal(canvas_cell(canvas, 3, 1)->role, ROLE_GOOD);
    assert_string_equal(canvas_cell(canvas, -1, 0)->text, " ");
    canvas_free(canvas);
}

static void test_tint_changes_role_and_keeps_text(void **state)
{
    (void)state;
    struct canvas *canvas = make(6, 1);
    canvas_text(canvas, 0, 0, 6, "gpu0", ROLE_GOOD, 0);
    canvas_tint(canvas, (struct rect){0, 0, 6, 1}, ROLE_SELECTED, ATTRIBUTE_BOLD);
    assert_dump(canvas, "gpu0\n");
    for (int x = 0; x < 6; x++) {
        assert_int_equal(canvas_cell(canvas, x, 0)->role, ROLE_SELECTED);
    }
    canvas_free(canvas);
}

static void test_a_box_has_a_title_and_corners(void **state)
{
    (void)state;
    struct canvas *canvas = make(12, 3);
    canvas_box(canvas, (struct rect){0, 0, 12, 3}, "GPUs", ROLE_BORDER);
    assert_dump(canvas, "╭─ GPUs ───╮\n"
                        "│          │\n"
                        "╰──────────╯\n");
    canvas_free(canvas);
}

static void test_bars_show_a_little_as_something_and_unknown_as_a_dash(void **state)
{
    (void)state;
    struct canvas *canvas = make(4, 5);
    canvas_bar(canvas, 0, 0, 4, 0, ROLE_BAR);
    canvas_bar(canvas, 0, 1, 4, 1, ROLE_BAR);
    canvas_bar(canvas, 0, 2, 4, 625, ROLE_BAR);
    canvas_bar(canvas, 0, 3, 4, 5000, ROLE_BAR);
    canvas_bar(canvas, 0, 4, 4, CANVAS_UNKNOWN, ROLE_BAR);
    assert_dump(canvas, "····\n▏···\n██▌·\n████\n–\n");
    canvas_free(canvas);
}

static void test_sparklines_end_with_the_newest_value(void **state)
{
    (void)state;
    const uint16_t values[] = {1000, 0, 500, CANVAS_UNKNOWN, 1000};
    struct canvas *canvas = make(6, 2);
    canvas_spark(canvas, 0, 0, 6, values, 5, ROLE_BAR);
    canvas_spark(canvas, 0, 1, 3, values, 5, ROLE_BAR);
    assert_dump(canvas, " █▁▅–█\n▅–█\n");
    canvas_free(canvas);
}

static void test_the_dump_names_roles_by_letters(void **state)
{
    (void)state;
    struct canvas *canvas = make(4, 1);
    canvas_text(canvas, 0, 0, 1, "a", ROLE_DIM, 0);
    canvas_text(canvas, 1, 0, 1, "b", ROLE_STRONG, 0);
    char *dump = canvas_dump(canvas, true);
    assert_string_equal(dump, "ab\nab\n");
    free(dump);
    canvas_free(canvas);
}

static void test_a_copy_is_equal_byte_by_byte(void **state)
{
    (void)state;
    struct canvas *canvas = make(7, 3), *copy = make(1, 1);
    canvas_text(canvas, 0, 1, 7, "日本 x", ROLE_GOOD, 0);
    canvas_cursor(canvas, 2, 1);
    assert_true(canvas_copy(copy, canvas));
    for (int y = 0; y < 3; y++) {
        assert_memory_equal(canvas_row(copy, y), canvas_row(canvas, y), 7 * sizeof(struct cell));
    }
    int x = 0, y = 0;
    canvas_get_cursor(copy, &x, &y);
    assert_int_equal(x, 2);
    assert_int_equal(y, 1);
    canvas_free(copy);
    canvas_free(canvas);
}

static void test_the_cursor_is_hidden_outside(void **state)
{
    (void)state;
    struct canvas *canvas = make(4, 4);
    int x = 0, y = 0;
    canvas_cursor(canvas, 4, 0);
    canvas_get_cursor(canvas, &x, &y);
    assert_int_equal(x, -1);
    canvas_free(canvas);
}

static void test_resizing_clears_and_never_fails_on_odd_sizes(void **state)
{
    (void)state;
    struct canvas *canvas = make(5, 5);
    canvas_text(canvas, 0, 0, 5, "abc", ROLE_TEXT, 0);
    assert_true(canvas_resize(canvas, 0, -3));
    assert_int_equal(canvas_width(canvas), 1);
    assert_int_equal(canvas_height(canvas), 1);
    assert_dump(canvas, "\n");
    canvas_text(canvas, 0, 0, 5, "日", ROLE_TEXT, 0);
    assert_sound(canvas);
    canvas_free(canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_canvas_is_blank),
        cmocka_unit_test(test_text_returns_the_columns_it_took),
        cmocka_unit_test(test_longer_text_ends_with_an_ellipsis),
        cmocka_unit_test(test_a_wide_character_is_never_split_by_the_ellipsis),
        cmocka_unit_test(test_a_wide_character_is_never_split_by_the_clip_edge),
        cmocka_unit_test(test_overwriting_one_half_blanks_the_other),
        cmocka_unit_test(test_combining_marks_stay_with_their_base),
        cmocka_unit_test(test_a_mark_without_a_base_stands_on_a_blank),
        cmocka_unit_test(test_joined_emoji_and_flags_are_one_cell),
        cmocka_unit_test(test_endless_marks_are_cut_to_the_cell),
        cmocka_unit_test(test_control_characters_never_reach_a_cell),
        cmocka_unit_test(test_ascii_mode_shows_question_marks_of_the_same_width),
        cmocka_unit_test(test_right_aligned_text_ends_at_the_edge),
        cmocka_unit_test(test_drawing_outside_is_ignored),
        cmocka_unit_test(test_tint_changes_role_and_keeps_text),
        cmocka_unit_test(test_a_box_has_a_title_and_corners),
        cmocka_unit_test(test_bars_show_a_little_as_something_and_unknown_as_a_dash),
        cmocka_unit_test(test_sparklines_end_with_the_newest_value),
        cmocka_unit_test(test_the_dump_names_roles_by_letters),
        cmocka_unit_test(test_a_copy_is_equal_byte_by_byte),
        cmocka_unit_test(test_the_cursor_is_hidden_outside),
        cmocka_unit_test(test_resizing_clears_and_never_fails_on_odd_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
