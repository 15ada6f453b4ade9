/* SPDX-License-Identifier: MIT
 *
 * The application over a host made by hand, on a terminal of memory: keys in, screen out.
 */
#ifndef HVGPU_TESTS_RIG_H
#define HVGPU_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "console/command.h"
#include "console/dialog.h"
#include "console/palette.h"
#include "console/state.h"
#include "console/view.h"
#include "hand_made_node.h"

struct rig {
    struct hvgpu *host;
    struct term *term;
    struct app *app;
    char *screen;
};

static inline struct rig *rig_new(int width, int height)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct app_options options = {.uri = "test:"};
    assert_non_null(rig);
    rig->host = node_new();
    rig->term = term_memory_new(width, height, TERM_256, false);
    assert_non_null(rig->term);
    rig->app = app_new(rig->host, rig->term, &options);
    assert_non_null(rig->app);
    app_update(rig->app);
    app_paint(rig->app);
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    app_free(rig->app);
    rig->term->ops->close(rig->term);
    free(rig->host);
    free(rig->screen);
    free(rig);
}

/* "down down enter", "text:abc" */
static inline void rig_keys(struct rig *rig, const char *names)
{
    struct input input = {.kind = INPUT_NONE};
    term_memory_keys(rig->term, names);
    for (;;) {
        rig->term->ops->next(rig->term, &input);
        if (input.kind == INPUT_NONE) {
            return;
        }
        app_input(rig->app, &input);
        app_paint(rig->app);
    }
}

/* A whole line on the ':' prompt. */
static inline void rig_line(struct rig *rig, const char *line)
{
    rig_keys(rig, ":");
    for (; *line != '\0'; line++) {
        struct input input = {.kind = INPUT_KEY, .key = (unsigned char)*line};
        app_input(rig->app, &input);
    }
    rig_keys(rig, "enter");
}

static inline const char *rig_screen(struct rig *rig)
{
    rig->app->dirty = true;
    app_paint(rig->app);
    free(rig->screen);
    rig->screen = canvas_dump(term_memory_canvas(rig->term), false);
    assert_non_null(rig->screen);
    return rig->screen;
}

static inline void rig_expect(struct rig *rig, const char *text)
{
    const char *screen = rig_screen(rig);
    if (strstr(screen, text) == NULL) {
        fprintf(stderr, "\"%s\" does not stand on\n%s\n", text, screen);
        fail();
    }
}

static inline void rig_expect_not(struct rig *rig, const char *text)
{
    const char *screen = rig_screen(rig);
    if (strstr(screen, text) != NULL) {
        fprintf(stderr, "\"%s\" stands on\n%s\n", text, screen);
        fail();
    }
}

static inline void rig_changed(struct rig *rig)
{
    hand_made_changed(rig->host);
    app_update(rig->app);
    app_paint(rig->app);
}

static int rig_setup(void **state)
{
    *state = rig_new(80, 24);
    return 0;
}

static int rig_teardown(void **state)
{
    rig_free(*state);
    return 0;
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

#endif
