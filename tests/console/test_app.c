/* SPDX-License-Identifier: MIT
 *
 * The application on a terminal of memory: frame, stack of views, order of input, notices, leaving.
 * The host is a simulated one that is paused, so nothing moves by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "console/frame.h"
#include "console/layout.h"
#include "console/view.h"

struct fixture {
    struct hvgpu *host;
    struct term *term;
    struct app *app;
};

/* ---- a trivial view that remembers what it was told ---- */

struct probe_view {
    struct view base;
    int draws, updates;
    struct rect area;
    char typed[32];
};

static int closed_views;

static void probe_close(struct app *app, struct view *view)
{
    (void)app;
    (void)view;
    closed_views++;
}

static bool probe_update(struct app *app, struct view *view)
{
    (void)app;
    ((struct probe_view *)view)->updates++;
    return false;
}

static void probe_draw(struct app *app, struct view *view, struct rect area)
{
    struct probe_view *probe = (struct probe_view *)view;
    probe->draws++;
    probe->area = area;
    canvas_text(app->canvas, area.x, area.y, area.width, "probe", ROLE_TEXT, 0);
    /* Wider and higher than allowed: the frame must survive it. */
    canvas_fill(app->canvas, (struct rect){-9, area.y + 1, 9999, 9999}, ROLE_TEXT, 0);
}

static bool probe_input(struct app *app, struct view *view, const struct input *input)
{
    (void)app;
    struct probe_view *probe = (struct probe_view *)view;
    size_t len = strlen(probe->typed);
    if (input->kind == INPUT_KEY && input->key < 0x7f && len + 1 < sizeof(probe->typed)) {
        probe->typed[len] = (char)input->key;
        return true;
    }
    return false;
}

static void probe_status(struct app *app, struct view *view, char *out, size_t size)
{
    (void)app;
    (void)view;
    if (size > 8) {
        memcpy(out, "7 of 99", 8);
    }
}

static const struct view_ops plain_ops = {
    .name = "probe",
    .title = "Probe",
    .size = sizeof(struct probe_view),
    .close = probe_close,
    .update = probe_update,
    .draw = probe_draw,
    .input = probe_input,
    .status = probe_status,
};

static const struct view_ops typing_ops = {
    .name = "typing",
    .title = "Typing",
    .size = sizeof(struct probe_view),
    .takes_text = true,
    .close = probe_close,
    .update = probe_update,
    .draw = probe_draw,
    .input = probe_input,
};

static struct probe_view *push(struct fixture *f, const struct view_ops *ops)
{
    struct view *view = view_new(f->app, ops);
    assert_non_null(view);
    app_push_view(f->app, view);
    return (struct probe_view *)view;
}

/* ---- fixture ---- */

static int open_app(void **state, bool read_only)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct hvgpu_options host_options = {.paused = true, .read_only = read_only};
    struct app_options options = {.theme = "dark", .term = {.mouse = true}};
    struct hvgpu_error err;
    *state = f;
    closed_views = 0;
    if (hvgpu_open("demo:still", &host_options, &f->host, &err) != HVGPU_OK) {
        return -1;
    }
    f->term = term_memory_new(100, 30, TERM_256, false);
    f->app = app_new(f->host, f->term, &options);
    return f->app != NULL ? 0 : -1;
}

static int open_it(void **state)
{
    return open_app(state, false);
}

static int open_read_only(void **state)
{
    return open_app(state, true);
}

static int close_it(void **state)
{
    struct fixture *f = *state;
    app_free(f->app);
    hvgpu_close(f->host);
    f->term->ops->close(f->term);
    free(f);
    return 0;
}

static void play(struct fixture *f)
{
    for (;;) {
        struct input input;
        f->term->ops->next(f->term, &input);
        if (input.kind == INPUT_NONE) {
            break;
        }
        app_input(f->app, &input);
    }
    app_paint(f->app);
}

static void keys(struct fixture *f, const char *names)
{
    term_memory_keys(f->term, names);
    play(f);
}

/* Row y as text. free() it. */
static char *row(struct fixture *f, int y)
{
    char *dump = canvas_dump(term_memory_canvas(f->term), false), *line = dump;
    for (int i = 0; i < y; i++) {
        line = strchr(line, '\n') + 1;
    }
    line[strcspn(line, "\n")] = '\0';
    memmove(dump, line, strlen(line) + 1);
    return dump;
}

static void assert_row_has(struct fixture *f, int y, const char *text)
{
    char *line = row(f, y);
    if (strstr(line, text) == NULL) {
        fail_msg("row %d is \"%s\", without \"%s\"", y, line, text);
    }
    free(line);
}

/* ---- painting ---- */

static void test_the_first_frame_needs_no_answer_of_the_host(void **state)
{
    struct fixture *f = *state;
    app_paint(f->app);
    assert_int_equal(term_memory_shows(f->term), 1);
    assert_row_has(f, 0, "SIMULATED");
    assert_row_has(f, 0, "demo:still");
}

static void test_nothing_changed_nothing_painted(void **state)
{
    struct fixture *f = *state;
    app_paint(f->app);
    app_paint(f->app);
    app_paint(f->app);
    assert_int_equal(term_memory_shows(f->term), 1);
    assert_int_equal(f->app->frames, 1);
}

static void test_every_size_is_served(void **state)
{
    static const int sizes[][2] = {{300, 100}, {120, 40}, {80, 24}, {79, 9}, {40, 12}, {39, 30},
                                   {20, 5},    {10, 3},   {3, 2},   {1, 1},  {500, 1}, {1, 200}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        term_memory_resize(f->term, sizes[i][0], sizes[i][1]);
        play(f);
        const struct canvas *canvas = term_memory_canvas(f->term);
        assert_int_equal(canvas_width(canvas), sizes[i][0]);
        assert_int_equal(canvas_height(canvas), sizes[i][1]);
        if (sizes[i][0] >= 20) {
            assert_row_has(f, 0, "SIMULATED");
        }
        push(f, &plain_ops);
        app_notice(f->app, ROLE_INFO, "a notice");
        play(f);
        app_back(f->app);
    }
}

static void test_the_view_cannot_draw_over_the_frame(void **state)
{
    struct fixture *f = *state;
    struct probe_view *probe = push(f, &plain_ops);
    app_paint(f->app);
    assert_row_has(f, 0, "SIMULATED");
    assert_row_has(f, 0, "7 of 99");
    assert_row_has(f, 1, "1 ");
    assert_row_has(f, 1, "Probe");
    assert_row_has(f, 29, "help");
    assert_int_equal(probe->area.y, 2);
    assert_int_equal(probe->area.height, 27);
}

static void test_the_title_says_paused_and_read_only(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 100 && !hvgpu_snapshot(f->host)->host->paused; i++) {
        (void)hvgpu_wait(f->host, 20);
    }
    app_update(f->app);
    app_paint(f->app);
    assert_row_has(f, 0, "paused");
    assert_row_has(f, 0, "read-only");
}

/* ---- notices ---- */

static void test_a_notice_stays_until_the_next_key(void **state)
{
    struct fixture *f = *state;
    push(f, &plain_ops);
    app_notice(f->app, ROLE_GOOD, "job %d is done", 7);
    app_paint(f->app);
    assert_row_has(f, 29, "job 7 is done");
    keys(f, "Z");
    assert_row_has(f, 29, "help");
}

static void test_foreign_text_in_a_notice_is_harmless(void **state)
{
    struct fixture *f = *state;
    app_notice(f->app, ROLE_ERROR, "%s", "bad \033]0;x\a name");
    assert_null(strchr(f->app->notice, '\033'));
    assert_null(strchr(f->app->notice, '\a'));
}

static void test_a_long_error_keeps_its_hint(void **state)
{
    struct fixture *f = *state;
    struct hvgpu_error err;
    error_set(&err, HVGPU_FAILED, "HcsModifyComputeSystem", "demo1",
              "the host refused the operation because of a reason that takes a whole line to tell");
    error_hint(&err, "look at the Jobs view");
    app_error(f->app, &err);
    app_paint(f->app);
    char *dump = canvas_dump(term_memory_canvas(f->term), false);
    assert_non_null(strstr(dump, "Jobs"));
    assert_non_null(strstr(dump, "HcsModifyComputeSystem"));
    free(dump);
}

/* ---- views ---- */

static void test_numbered_views_are_kept(void **state)
{
    struct fixture *f = *state;
    struct view *first = f->app->view;
    assert_string_equal(first->ops->name, "gpus");
    app_open_view(f->app, "containers");
    struct view *second = f->app->view;
    assert_string_equal(second->ops->name, "containers");
    app_open_view(f->app, "gpus");
    assert_ptr_equal(f->app->view, first);
    app_back(f->app);
    assert_ptr_equal(f->app->view, second);
    app_back(f->app);
    app_back(f->app);
    assert_ptr_equal(f->app->view, second);
    app_open_view(f->app, "gpus");
    assert_ptr_equal(f->app->view, first);
}

static void test_back_closes_a_pushed_view(void **state)
{
    struct fixture *f = *state;
    struct view *below = f->app->view;
    struct probe_view *probe = push(f, &plain_ops);
    assert_int_equal(probe->updates, 1);
    assert_int_equal(closed_views, 0);
    app_back(f->app);
    assert_int_equal(closed_views, 1);
    assert_ptr_equal(f->app->view, below);
}

static void test_the_stack_of_views_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        push(f, &plain_ops);
    }
    assert_true(closed_views > 60);
    for (int i = 0; i < 200; i++) {
        app_back(f->app);
    }
    assert_int_equal(f->app->history_count, 0);
    assert_non_null(f->app->view);
}

static void test_an_unknown_view_is_said_so(void **state)
{
    struct fixture *f = *state;
    struct view *before = f->app->view;
    app_open_view(f->app, "nosuch");
    assert_ptr_equal(f->app->view, before);
    assert_non_null(strstr(f->app->notice, "nosuch"));
    app_push_view(f->app, NULL);
    assert_ptr_equal(f->app->view, before);
}

/* ---- input ---- */

static void test_commands_come_before_a_plain_view(void **state)
{
    struct fixture *f = *state;
    struct probe_view *probe = push(f, &plain_ops);
    keys(f, "Z 2");
    assert_string_equal(probe->typed, "Z");
    assert_string_equal(f->app->view->ops->name, "containers");
}

static void test_a_view_that_takes_text_comes_before_commands(void **state)
{
    struct fixture *f = *state;
    struct probe_view *probe = push(f, &typing_ops);
    keys(f, "q 2 text::x");
    assert_string_equal(probe->typed, "q2:x");
    assert_false(f->app->quit);
    keys(f, "esc");
    assert_int_equal(closed_views, 1);
}

static void test_a_paste_never_runs_commands(void **state)
{
    struct fixture *f = *state;
    struct probe_view *plain = push(f, &plain_ops);
    app_input(f->app, &(struct input){.kind = INPUT_PASTE, .key = 'q'});
    app_input(f->app, &(struct input){.kind = INPUT_PASTE, .key = '2'});
    assert_false(f->app->quit);
    assert_ptr_equal(f->app->view, &plain->base);
    assert_string_equal(plain->typed, "");
    struct probe_view *typing = push(f, &typing_ops);
    app_input(f->app, &(struct input){.kind = INPUT_PASTE, .key = 'q'});
    assert_string_equal(typing->typed, "q");
}

static void test_a_click_on_a_tab_goes_there(void **state)
{
    struct fixture *f = *state;
    app_paint(f->app);
    char *tabs = row(f, 1);
    const char *at = strstr(tabs, "2 ");
    assert_non_null(at);
    term_memory_mouse(f->term, MOUSE_PRESS, (int)(at - tabs), 1);
    free(tabs);
    play(f);
    assert_string_equal(f->app->view->ops->name, "containers");
    assert_int_equal(frame_key_at(f->app, 99, 15), 0);
}

static void test_keys_are_counted_and_paint_at_once(void **state)
{
    struct fixture *f = *state;
    app_paint(f->app);
    uint64_t shows = term_memory_shows(f->term);
    keys(f, "Z");
    assert_int_equal(f->app->keys, 1);
    assert_int_equal(term_memory_shows(f->term), shows + 1);
}

/* ---- requests and leaving ---- */

static void test_a_change_is_refused_when_read_only(void **state)
{
    struct fixture *f = *state;
    struct hvgpu_request request = {.verb = HVGPU_STOP, .target = "demo1"};
    assert_false(app_submit(f->app, &request));
    assert_int_equal(f->app->job_count, 0);
    assert_true(f->app->notice[0] != '\0' || f->app->dialog != NULL);
}

static void test_quit_leaves_at_once_when_nothing_is_lost(void **state)
{
    struct fixture *f = *state;
    app_quit(f->app);
    assert_true(f->app->quit);
    assert_null(f->app->dialog);
}

static void test_ctrl_c_leaves(void **state)
{
    struct fixture *f = *state;
    keys(f, "ctrl-c");
    assert_true(f->app->quit);
}

/* ---- layout ---- */

static void test_the_layout_gives_small_terminals_to_the_view(void **state)
{
    (void)state;
    struct layout layout;
    layout_make(&layout, 120, 40);
    assert_int_equal(layout.size, LAYOUT_WIDE);
    assert_int_equal(layout.body.y, 2);
    assert_int_equal(layout.body.height, 37);
    assert_int_equal(layout.bottom.y, 39);
    assert_false(layout.bottom_over);
    layout_make(&layout, 80, 24);
    assert_int_equal(layout.size, LAYOUT_NORMAL);
    layout_make(&layout, 40, 12);
    assert_int_equal(layout.size, LAYOUT_NARROW);
    layout_make(&layout, 20, 5);
    assert_int_equal(layout.size, LAYOUT_TINY);
    assert_int_equal(layout.tabs.height, 0);
    assert_true(layout.bottom_over);
    assert_int_equal(layout.body.y, 1);
    assert_int_equal(layout.body.height, 4);
    layout_make(&layout, 1, 1);
    assert_int_equal(layout.title.height, 1);
    assert_int_equal(layout.body.height, 0);
}

#define TEST(name)           cmocka_unit_test_setup_teardown(name, open_it, close_it)
#define TEST_READ_ONLY(name) cmocka_unit_test_setup_teardown(name, open_read_only, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_first_frame_needs_no_answer_of_the_host),
        TEST(test_nothing_changed_nothing_painted),
        TEST(test_every_size_is_served),
        TEST(test_the_view_cannot_draw_over_the_frame),
        TEST_READ_ONLY(test_the_title_says_paused_and_read_only),
        TEST(test_a_notice_stays_until_the_next_key),
        TEST(test_foreign_text_in_a_notice_is_harmless),
        TEST(test_a_long_error_keeps_its_hint),
        TEST(test_numbered_views_are_kept),
        TEST(test_back_closes_a_pushed_view),
        TEST(test_the_stack_of_views_is_bounded),
        TEST(test_an_unknown_view_is_said_so),
        TEST(test_commands_come_before_a_plain_view),
        TEST(test_a_view_that_takes_text_comes_before_commands),
        TEST(test_a_paste_never_runs_commands),
        TEST(test_a_click_on_a_tab_goes_there),
        TEST(test_keys_are_counted_and_paint_at_once),
        TEST_READ_ONLY(test_a_change_is_refused_when_read_only),
        TEST(test_quit_leaves_at_once_when_nothing_is_lost),
        TEST(test_ctrl_c_leaves),
        cmocka_unit_test(test_the_layout_gives_small_terminals_to_the_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
