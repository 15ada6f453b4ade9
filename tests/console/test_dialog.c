/* SPDX-License-Identifier: MIT
 *
 * Dialogs: the safe button first, typed words, menus, small screens.
 */
#include "rig.h"

struct answer {
    int called, choice;
};
static struct answer last;

static void done(struct app *app, void *context, int choice)
{
    (void)app;
    (void)context;
    last.called++;
    last.choice = choice;
}

static void ask(struct rig *rig, const char *typed)
{
    last = (struct answer){0};
    dialog_ask(rig->app, &(struct dialog_question){.title = "Stop demo1?",
                                                   .text = "It ends. Unsaved work is lost.",
                                                   .action = "Stop",
                                                   .typed = typed,
                                                   .danger = true,
                                                   .done = done,
                                                   .context = malloc(16)});
}

static void test_enter_takes_the_safe_button_first(void **state)
{
    struct rig *rig = *state;
    ask(rig, NULL);
    rig_expect(rig, "Stop demo1?");
    rig_expect(rig, "[ Cancel ]");
    rig_keys(rig, "enter");
    assert_int_equal(last.called, 1);
    assert_int_equal(last.choice, 0);
    assert_null(rig->app->dialog);
}

static void test_tab_then_enter_acts(void **state)
{
    struct rig *rig = *state;
    ask(rig, NULL);
    rig_keys(rig, "tab");
    rig_expect(rig, "[ Stop ]");
    rig_keys(rig, "enter");
    assert_int_equal(last.choice, 1);
}

static void test_escape_cancels(void **state)
{
    struct rig *rig = *state;
    ask(rig, NULL);
    rig_keys(rig, "tab esc");
    assert_int_equal(last.called, 1);
    assert_int_equal(last.choice, 0);
}

static void test_y_alone_never_acts(void **state)
{
    struct rig *rig = *state;
    ask(rig, NULL);
    rig_keys(rig, "y");
    assert_int_equal(last.called, 0);
    rig_keys(rig, "enter");
    assert_int_equal(last.choice, 1);
}

static void test_typed_word_guards_the_action(void **state)
{
    struct rig *rig = *state;
    ask(rig, "demo1");
    rig_expect(rig, "Type demo1:");
    rig_keys(rig, "tab text:demo enter");
    assert_int_equal(last.called, 0); /* not right yet, and the action cannot be chosen */
    rig_keys(rig, "text:1 enter");
    assert_int_equal(last.called, 0); /* right: now the button is chosen */
    rig_expect(rig, "[ Stop ]");
    rig_keys(rig, "enter");
    assert_int_equal(last.choice, 1);
}

static void test_typed_word_that_is_changed_again_takes_the_action_back(void **state)
{
    struct rig *rig = *state;
    ask(rig, "demo1");
    rig_keys(rig, "text:demo1 tab backspace");
    rig_expect(rig, "[ Cancel ]");
    rig_keys(rig, "tab");
    rig_expect(rig, "[ Cancel ]");
    rig_keys(rig, "esc");
    assert_int_equal(last.choice, 0);
}

static void menu(struct rig *rig)
{
    static const struct dialog_item items[] = {
        {.label = "attach", .detail = "give a GPU", .key = "A"},
        {.label = "detach", .disabled = true, .key = "D"},
        {.label = "stop", .detail = "shut down"},
    };
    last = (struct answer){0};
    dialog_menu(rig->app, "What to do?", items, 3, 0, done, NULL);
}

static void test_menu_moves_over_disabled_items(void **state)
{
    struct rig *rig = *state;
    menu(rig);
    rig_expect(rig, "give a GPU");
    rig_keys(rig, "down enter");
    assert_int_equal(last.choice, 3);
}

static void test_menu_key_chooses_at_once_but_not_a_disabled_item(void **state)
{
    struct rig *rig = *state;
    menu(rig);
    rig_keys(rig, "D");
    assert_int_equal(last.called, 0);
    rig_keys(rig, "A");
    assert_int_equal(last.choice, 1);
}

static void test_message_closes_with_any_key(void **state)
{
    struct rig *rig = *state;
    dialog_message(rig->app, "About", "one\ntwo", false);
    rig_expect(rig, "two");
    rig_keys(rig, "enter");
    assert_null(rig->app->dialog);
}

static void test_dialogs_fit_a_tiny_screen_and_their_text_scrolls(void **state)
{
    struct rig *rig = *state;
    term_memory_resize(rig->term, 20, 6);
    app_input(rig->app, &(struct input){.kind = INPUT_RESIZE, .x = 20, .y = 6});
    last = (struct answer){0};
    dialog_ask(rig->app, &(struct dialog_question){
                             .title = "Remove?",
                             .text = "first line\nsecond line\nthird line\nfourth line\nlast line",
                             .action = "Remove",
                             .done = done});
    rig_expect(rig, "first line");
    rig_expect(rig, "Cancel");
    rig_expect_not(rig, "last line");
    rig_keys(rig, "down down down down");
    rig_expect(rig, "last line");
    rig_keys(rig, "esc");
    assert_int_equal(last.choice, 0);
}

static void test_a_long_id_is_typed_where_there_is_little_room(void **state)
{
    struct rig *rig = rig_new(40, 14);
    (void)state;
    ask(rig, "7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90");
    rig_expect(rig, "Type it:");
    rig_keys(rig, "text:7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90");
    rig_expect(rig, "0D5E7B1F2A90"); /* the end of it is on the screen */
    rig_keys(rig, "enter enter");
    assert_int_equal(last.choice, 1);
    rig_free(rig);
}

static void test_mouse_chooses_a_button(void **state)
{
    struct rig *rig = *state;
    ask(rig, NULL);
    rig_screen(rig);
    const struct canvas *canvas = term_memory_canvas(rig->term);
    int x = -1;
    int y = -1;
    for (int row = 4; row < canvas_height(canvas); row++) {
        for (int column = 0; column + 1 < canvas_width(canvas); column++) {
            /* "Stop" behind "Cancel ]" on the line of buttons */
            if (strcmp(canvas_cell(canvas, column, row)->text, "]") == 0) {
                x = column + 6;
                y = row;
            }
        }
    }
    assert_true(x > 0);
    app_input(rig->app, &(struct input){.kind = INPUT_MOUSE, .mouse = MOUSE_PRESS, .x = x, .y = y});
    assert_int_equal(last.choice, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_enter_takes_the_safe_button_first),
        RIG_TEST(test_tab_then_enter_acts),
        RIG_TEST(test_escape_cancels),
        RIG_TEST(test_y_alone_never_acts),
        RIG_TEST(test_typed_word_guards_the_action),
        RIG_TEST(test_typed_word_that_is_changed_again_takes_the_action_back),
        RIG_TEST(test_menu_moves_over_disabled_items),
        RIG_TEST(test_menu_key_chooses_at_once_but_not_a_disabled_item),
        RIG_TEST(test_message_closes_with_any_key),
        RIG_TEST(test_dialogs_fit_a_tiny_screen_and_their_text_scrolls),
        RIG_TEST(test_a_long_id_is_typed_where_there_is_little_room),
        RIG_TEST(test_mouse_chooses_a_button),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
