/* SPDX-License-Identifier: MIT
 *
 * The terminal made of memory: a queue in, a copy of the last canvas out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "console/term.h"

static struct term *make(void)
{
    struct term *term = term_memory_new(20, 5, TERM_256, false);
    assert_non_null(term);
    return term;
}

static struct input next(struct term *term)
{
    struct input input;
    term->ops->next(term, &input);
    return input;
}

static void test_keys_come_out_in_order(void **state)
{
    (void)state;
    struct term *term = make();
    assert_int_equal(next(term).kind, INPUT_NONE);
    term_memory_keys(term, "down ctrl-d  text:ab\xC3\xA4 space enter");
    static const uint32_t expected[] = {INPUT_DOWN, 4, 'a', 'b', 0xE4, ' ', INPUT_ENTER};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct input input = next(term);
        assert_int_equal(input.kind, INPUT_KEY);
        assert_int_equal(input.key, expected[i]);
    }
    assert_int_equal(next(term).kind, INPUT_NONE);
    term->ops->close(term);
}

static void test_many_keys_are_kept(void **state)
{
    (void)state;
    struct term *term = make();
    for (uint32_t i = 0; i < 1000; i++) {
        term_memory_key(term, 0x100 + i);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(next(term).key, 0x100 + i);
        if (i == 500) {
            term_memory_key(term, 'x');
        }
    }
    assert_int_equal(next(term).key, 'x');
    assert_int_equal(next(term).kind, INPUT_NONE);
    term->ops->close(term);
}

static void test_a_resize_is_input_and_changes_the_size(void **state)
{
    (void)state;
    struct term *term = make();
    term_memory_resize(term, 300, 100);
    struct input input = next(term);
    int width = 0, height = 0;
    assert_int_equal(input.kind, INPUT_RESIZE);
    assert_int_equal(input.x, 300);
    assert_int_equal(input.y, 100);
    term->ops->size(term, &width, &height);
    assert_int_equal(width, 300);
    assert_int_equal(height, 100);
    term->ops->close(term);
}

static void test_mouse_events_carry_their_cell(void **state)
{
    (void)state;
    struct term *term = make();
    term_memory_mouse(term, MOUSE_WHEEL_DOWN, 7, 3);
    struct input input = next(term);
    assert_int_equal(input.kind, INPUT_MOUSE);
    assert_int_equal(input.mouse, MOUSE_WHEEL_DOWN);
    assert_int_equal(input.x, 7);
    assert_int_equal(input.y, 3);
    term->ops->close(term);
}

static void test_show_keeps_a_copy_and_counts_what_changed(void **state)
{
    (void)state;
    struct term *term = make();
    struct canvas *canvas = canvas_new(20, 5);
    canvas_text(canvas, 0, 0, 20, "hello", ROLE_TEXT, 0);
    term->ops->show(term, canvas);
    uint64_t first = term->ops->bytes_written(term);
    assert_int_equal(first, 5);
    assert_int_equal(term_memory_shows(term), 1);
    term->ops->show(term, canvas);
    assert_int_equal(term->ops->bytes_written(term), first);
    canvas_clear(canvas);
    assert_string_equal(canvas_cell(term_memory_canvas(term), 0, 0)->text, "h");
    canvas_text(canvas, 0, 0, 20, "hallo", ROLE_TEXT, 0);
    term->ops->show(term, canvas);
    assert_int_equal(term->ops->bytes_written(term), first + 1);
    canvas_free(canvas);
    term->ops->close(term);
}

static void test_copied_text_is_kept_and_too_much_is_refused(void **state)
{
    (void)state;
    struct term *term = make();
    assert_true(term->ops->copy(term, "demo1"));
    assert_string_equal(term_memory_clipboard(term), "demo1");
    char *large = malloc(10000);
    memset(large, 'x', 9999);
    large[9999] = '\0';
    assert_false(term->ops->copy(term, large));
    assert_string_equal(term_memory_clipboard(term), "demo1");
    free(large);
    term->ops->close(term);
}

static void test_the_rest_of_the_table_answers(void **state)
{
    (void)state;
    struct term *term = term_memory_new(20, 5, TERM_MONO, true);
    struct theme theme;
    theme_default(&theme);
    term->ops->set_theme(term, &theme);
    term->ops->set_mouse(term, true);
    assert_int_equal(term->ops->depth(term), TERM_MONO);
    assert_true(term->ops->ascii(term));
    term->ops->suspend(term);
    term->ops->resume(term);
    term->ops->redraw(term);
    assert_int_equal(term_memory_shows(term), 0);
    term->ops->close(term);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_come_out_in_order),
        cmocka_unit_test(test_many_keys_are_kept),
        cmocka_unit_test(test_a_resize_is_input_and_changes_the_size),
        cmocka_unit_test(test_mouse_events_carry_their_cell),
        cmocka_unit_test(test_show_keeps_a_copy_and_counts_what_changed),
        cmocka_unit_test(test_copied_text_is_kept_and_too_much_is_refused),
        cmocka_unit_test(test_the_rest_of_the_table_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
