/* SPDX-License-Identifier: MIT
 *
 * Golden screens: every view at four sizes on a terminal of memory, over a simulated host in which
 * nothing moves. A screen that changed is shown; HVGPU_UPDATE_SCREENS=1 writes the present ones to
 * tests/console/screens/ after you have looked at them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/app.h"
#include "console/term.h"
#include "console/view.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

#define SCENARIO "demo:still?clock=stepped"

struct size {
    int width, height;
};
static const struct size sizes[] = {{120, 40}, {80, 24}, {40, 12}, {20, 5}};

struct fixture {
    struct hvgpu *host;
};

static int open_host(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    struct hvgpu_error err = {0};
    if (hvgpu_open(SCENARIO, NULL, &f->host, &err) != HVGPU_OK) {
        print_error("%s: %s\n", err.object, err.message);
        return -1;
    }
    for (int i = 0; i < 200 && !hvgpu_snapshot(f->host)->loaded; i++) {
        hvgpu_wait(f->host, 50);
    }
    hvgpu_set_paused(f->host, true);
    for (int i = 0; i < 5; i++) {
        hvgpu_wait(f->host, 20);
    }
    *state = f;
    return hvgpu_snapshot(f->host)->loaded ? 0 : -1;
}

static int close_host(void **state)
{
    struct fixture *f = *state;
    hvgpu_close(f->host);
    free(f);
    return 0;
}

/* Compares with the kept screen, or writes it. */
static void compare(const char *name, struct size size, const char *dump)
{
    const char *source = getenv("HVGPU_SOURCE");
    char *path = text_format("%s/tests/console/screens/%s.%dx%d.screen",
                             source != NULL ? source : ".", name, size.width, size.height);
    assert_non_null(path);
    struct hvgpu_error err = {0};
    if (getenv("HVGPU_UPDATE_SCREENS") != NULL) {
        assert_int_equal(os_file_replace(path, dump, strlen(dump), &err), HVGPU_OK);
        free(path);
        return;
    }
    char *kept = NULL;
    size_t len = 0;
    if (os_file_read(path, 1 << 20, &kept, &len, &err) != HVGPU_OK) {
        fail_msg("%s: %s (look at the screen, then HVGPU_UPDATE_SCREENS=1)\n%s", path, err.message,
                 dump);
    }
    if (strcmp(kept, dump) != 0) {
        fail_msg("%s has changed; now it is:\n%s", path, dump);
    }
    free(kept);
    free(path);
}

/* Draws one view at all sizes; `keys` are pressed first. */
static void golden(struct fixture *f, const char *view, const char *name, const char *keys)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct term *term = term_memory_new(sizes[i].width, sizes[i].height, TERM_256, false);
        assert_non_null(term);
        struct app_options options = {.uri = SCENARIO, .view = view};
        struct app *app = app_new(f->host, term, &options);
        assert_non_null(app);
        app_update(app);
        app_paint(app);
        term_memory_keys(term, keys);
        struct input input;
        for (term->ops->next(term, &input); input.kind != INPUT_NONE;
             term->ops->next(term, &input)) {
            app_input(app, &input);
            app_paint(app);
        }
        char *dump = canvas_dump(term_memory_canvas(term), false);
        assert_non_null(dump);
        compare(name, sizes[i], dump);
        free(dump);
        app_free(app);
        term->ops->close(term);
    }
}

static void test_every_numbered_view_looks_as_kept(void **state)
{
    for (size_t i = 0; views[i] != NULL; i++) {
        if (views[i]->number > 0) {
            golden(*state, views[i]->name, views[i]->name, "");
        }
    }
}

static void test_help_looks_as_kept(void **state)
{
    golden(*state, "gpus", "help", "?");
}

static void test_the_launch_form_looks_as_kept(void **state)
{
    golden(*state, "containers", "launch", "L");
}

static void test_the_action_menu_looks_as_kept(void **state)
{
    golden(*state, "gpus", "actions", "a");
}

static void test_the_detail_of_a_gpu_looks_as_kept(void **state)
{
    golden(*state, "gpus", "gpu-detail", "down enter");
}

static void test_a_filter_looks_as_kept(void **state)
{
    golden(*state, "containers", "filter", "/ w s l enter");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_numbered_view_looks_as_kept),
        cmocka_unit_test(test_help_looks_as_kept),
        cmocka_unit_test(test_the_launch_form_looks_as_kept),
        cmocka_unit_test(test_the_action_menu_looks_as_kept),
        cmocka_unit_test(test_the_detail_of_a_gpu_looks_as_kept),
        cmocka_unit_test(test_a_filter_looks_as_kept),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
