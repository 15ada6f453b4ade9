/* SPDX-License-Identifier: MIT
 *
 * The prompt line and the command table behind it.
 */
#include "rig.h"

#include "console/commands.h"
#include "console/pager.h"

static void test_command_runs_and_unknown_ones_name_the_nearest(void **state)
{
    struct rig *rig = *state;
    rig_line(rig, "view jobs");
    assert_string_equal(rig->app->view->ops->name, "jobs");
    rig_line(rig, "atach");
    rig_expect(rig, "attach");
    rig_line(rig, "view nonsense");
    rig_expect(rig, "no view");
}

static void test_suggestion_is_shown_and_accepted(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, ": text:conta");
    rig_expect(rig, ":containers");
    rig_keys(rig, "tab enter");
    assert_string_equal(rig->app->view->ops->name, "containers");
}

static void test_letters_in_order_find_a_command_too(void **state)
{
    struct rig *rig = *state;
    char out[128];
    assert_true(command_complete(rig->app, "prbint", out, sizeof(out)));
    assert_string_equal(out, "probe-interval");
    assert_false(command_complete(rig->app, "zzz", out, sizeof(out)));
}

static void test_arguments_are_completed_by_what_is_there(void **state)
{
    struct rig *rig = *state;
    char out[128];
    assert_true(command_complete(rig->app, "view ev", out, sizeof(out)));
    assert_string_equal(out, "view events");
    assert_true(command_complete(rig->app, "attach de", out, sizeof(out)));
    assert_string_equal(out, "attach demo1");
    assert_true(command_complete(rig->app, "attach demo1 --gpu g", out, sizeof(out)));
    assert_string_equal(out, "attach demo1 --gpu gpu0");
    assert_true(command_complete(rig->app, "attach demo1 --g", out, sizeof(out)));
    assert_string_equal(out, "attach demo1 --gpu");
    assert_true(command_complete(rig->app, "sort dr", out, sizeof(out)));
    assert_string_equal(out, "sort driver");
}

static void test_history_comes_back_with_up(void **state)
{
    struct rig *rig = *state;
    rig_line(rig, "view events");
    rig_line(rig, "view jobs");
    rig_keys(rig, ": text:dra up");
    assert_string_equal(palette_text(rig->app->palette), "view jobs");
    rig_keys(rig, "up up");
    assert_string_equal(palette_text(rig->app->palette), "view events");
    rig_keys(rig, "down down");
    assert_string_equal(palette_text(rig->app->palette), "dra");
    rig_keys(rig, "esc");
    assert_null(rig->app->palette);
}

static void test_line_is_edited_in_whole_characters(void **state)
{
    struct rig *rig = *state;
    palette_open(rig->app, PALETTE_COMMAND, "a\xc3\xa9z");
    rig_keys(rig, "left backspace");
    assert_string_equal(palette_text(rig->app->palette), "az");
    rig_keys(rig, "home delete end text:q");
    assert_string_equal(palette_text(rig->app->palette), "zq");
    rig_keys(rig, "ctrl-u");
    assert_string_equal(palette_text(rig->app->palette), "");
    rig_keys(rig, "backspace"); /* on an empty line: closes */
    assert_null(rig->app->palette);
}

static void test_filter_applies_while_typed_and_escape_restores(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 / text:demo1");
    rig_expect(rig, "2 of 7");
    rig_expect_not(rig, "demo2");
    rig_keys(rig, "esc");
    rig_expect(rig, "demo2");
    rig_keys(rig, "/ text:demo2 enter");
    rig_expect_not(rig, "demo1");
    rig_keys(rig, "/ text:x esc"); /* back to what it was, not to nothing */
    assert_string_equal(view_filter(rig->app, rig->app->view), "demo2");
    rig_keys(rig, "esc"); /* the first Esc clears the filter */
    assert_string_equal(view_filter(rig->app, rig->app->view), "");
    assert_string_equal(rig->app->view->ops->name, "containers");
}

static void test_long_lines_are_bounded(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, ":");
    for (int i = 0; i < 5000; i++) {
        struct input input = {.kind = INPUT_KEY, .key = 0x6d4b};
        app_input(rig->app, &input);
    }
    assert_true(strlen(palette_text(rig->app->palette)) < 1024);
    rig_screen(rig);
    rig_keys(rig, "enter");
    assert_null(rig->app->palette);
}

static void test_every_command_has_a_summary_and_unambiguous_keys(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->name != NULL; c++) {
        assert_non_null(c->summary);
        assert_true(c->run != NULL || c->shell != NULL);
        assert_ptr_equal(command_find(c->name), c); /* no name twice */
        const char *keys = c->keys;
        while (keys != NULL && *keys != '\0') {
            char name[16];
            uint32_t key;
            size_t len = strcspn(keys, " ");
            text_clean_n(name, sizeof(name), keys, len);
            assert_true(input_from_name(name, &key));
            for (size_t v = 0; views[v] != NULL; v++) {
                if (command_in_view(c, views[v]->name)) {
                    const struct command *found = command_for_key(key, views[v]->name);
                    if (found != c) {
                        fprintf(stderr, "%s is %s and %s in %s\n", name, c->name, found->name,
                                views[v]->name);
                    }
                    assert_ptr_equal(found, c);
                }
            }
            keys += len + strspn(keys + len, " ");
        }
    }
}

static void test_words_of_a_line_may_be_quoted(void **state)
{
    char word[32];
    (void)state;
    const char *rest = command_word("  exec \"two words\" x", word, sizeof(word));
    assert_string_equal(word, "exec");
    rest = command_word(rest, word, sizeof(word));
    assert_string_equal(word, "two words");
    rest = command_word(rest, word, sizeof(word));
    assert_string_equal(word, "x");
    assert_null(command_word(rest, word, sizeof(word)));
}

static void test_search_in_a_pager_goes_on_with_n(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "? / text:command enter");
    struct pager *pager = view_pager(rig->app, rig->app->view);
    assert_non_null(pager);
    size_t first = pager->found;
    assert_true(pager->matches > 1);
    rig_keys(rig, "n");
    assert_int_not_equal(pager->found, first);
    rig_keys(rig, "N");
    assert_int_equal(pager->found, first);
    rig_keys(rig, "esc"); /* ends the search */
    assert_int_equal(pager->matches, 0);
    rig_keys(rig, "esc");
    assert_string_equal(rig->app->view->ops->name, "gpus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_command_runs_and_unknown_ones_name_the_nearest),
        RIG_TEST(test_suggestion_is_shown_and_accepted),
        RIG_TEST(test_letters_in_order_find_a_command_too),
        RIG_TEST(test_arguments_are_completed_by_what_is_there),
        RIG_TEST(test_history_comes_back_with_up),
        RIG_TEST(test_line_is_edited_in_whole_characters),
        RIG_TEST(test_filter_applies_while_typed_and_escape_restores),
        RIG_TEST(test_long_lines_are_bounded),
        RIG_TEST(test_every_command_has_a_summary_and_unambiguous_keys),
        RIG_TEST(test_words_of_a_line_may_be_quoted),
        RIG_TEST(test_search_in_a_pager_goes_on_with_n),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
