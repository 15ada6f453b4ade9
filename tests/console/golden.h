/* SPDX-License-Identifier: MIT
 *
 * Golden screens: what a view looks like at four sizes, kept in tests/console/screens/. A screen
 * that changed is shown; HVGPU_UPDATE_SCREENS=1 writes the present ones after you have looked at
 * them. Included by one file of a test program.
 */
#ifndef HVGPU_TESTS_GOLDEN_H
#define HVGPU_TESTS_GOLDEN_H

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
#include "core/base/os/os.h"
#include "core/base/text.h"

struct golden_size {
    int width, height;
};
static const struct golden_size golden_sizes[] = {{120, 40}, {80, 24}, {40, 12}, {20, 5}};

/* Compares with the kept screen, or writes it. */
static void golden_compare(const char *name, struct golden_size size, const char *dump)
{
    const char *source = getenv("HVGPU_SOURCE");
    char *path = text_format("%s/tests/console/screens/%s.%dx%d.screen",
                             source != NULL ? source : ".", name, size.width, size.height);
    assert_non_null(path);
    struct hvgpu_error err = {.status = HVGPU_OK};
    if (getenv("HVGPU_UPDATE_SCREENS") != NULL) {
        assert_int_equal(os_file_replace(path, dump, strlen(dump), &err), HVGPU_OK);
        free(path);
        return;
    }
    char *kept = NULL;
    size_t len = 0;
    if (os_file_read(path, 1 << 20, &kept, &len, &err) != HVGPU_OK) {
        fprintf(stderr, "%s\n", dump);
        fail_msg("%s: %s (look at the screen, then HVGPU_UPDATE_SCREENS=1)", path, err.message);
    }
    if (strcmp(kept, dump) != 0) {
        fprintf(stderr, "%s\n", dump);
        fail_msg("%s has changed to what stands above", path);
    }
    free(kept);
    free(path);
}

/* Draws one view of the host at all sizes; `keys` are pressed first. */
static void golden(struct hvgpu *host, const char *view, const char *name, const char *keys,
                   bool ascii)
{
    for (size_t i = 0; i < sizeof(golden_sizes) / sizeof(golden_sizes[0]); i++) {
        struct golden_size size = golden_sizes[i];
        struct term *term = term_memory_new(size.width, size.height, TERM_256, ascii);
        assert_non_null(term);
        struct app_options options = {.uri = "test:", .view = view};
        struct app *app = app_new(host, term, &options);
        assert_non_null(app);
        app_update(app);
        app_paint(app);
        term_memory_keys(term, keys);
        struct input input = {.kind = INPUT_NONE};
        for (term->ops->next(term, &input); input.kind != INPUT_NONE;
             term->ops->next(term, &input)) {
            app_input(app, &input);
            app_paint(app);
        }
        char *dump = canvas_dump(term_memory_canvas(term), false);
        assert_non_null(dump);
        golden_compare(name, size, dump);
        free(dump);
        app_free(app);
        term->ops->close(term);
    }
}

/* One kept screen: view, keys, and the name it is kept under. */
struct golden_screen {
    const char *view, *name, *keys;
};

#endif
