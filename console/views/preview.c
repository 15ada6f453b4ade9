/* SPDX-License-Identifier: MIT
 *
 * Text in a pager as a view: the calls that a request would make (a dry run), and other long texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

struct preview {
    struct view view;
    struct pager pager;
    char title[160];
};

static bool preview_init(struct app *app, struct view *view)
{
    (void)app;
    pager_init(&((struct preview *)view)->pager, PAGER_JSON);
    return true;
}

static void preview_done(struct app *app, struct view *view)
{
    (void)app;
    pager_done(&((struct preview *)view)->pager);
}

static void show(struct app *app, const char *title, const char *text, enum pager_kind kind)
{
    struct view *view = view_new(app, &preview_view);
    if (view == NULL) {
        return;
    }
    struct preview *preview = (struct preview *)view;
    preview->pager.kind = kind;
    text_clean(preview->title, sizeof(preview->title), title);
    if (kind == PAGER_JSON) {
        pager_set_json(&preview->pager, text);
    } else {
        pager_set(&preview->pager, text);
    }
    app_push_view(app, view);
}

void text_open(struct app *app, const char *title, const char *text)
{
    show(app, title, text, PAGER_TEXT);
}

void preview_open(struct app *app, const char *title, const struct hvgpu_request *request)
{
    struct hvgpu_error err;
    char *json = NULL;
    char text[192];
    if (hvgpu_preview(app->host, request, &json, &err) != HVGPU_OK) {
        app_error(app, &err);
        return;
    }
    snprintf(text, sizeof(text), "nothing was changed; to %s this would be sent:", title);
    show(app, text, json, PAGER_JSON);
    free(json);
}

static bool preview_update(struct app *app, struct view *view)
{
    (void)app;
    (void)view;
    return false; /* says what was asked when it was opened */
}

static void preview_draw(struct app *app, struct view *view, struct rect area)
{
    struct preview *preview = (struct preview *)view;
    if (area.height > 3) {
        canvas_text(app->canvas, area.x, area.y, area.width, preview->title, ROLE_STRONG, 0);
        area.y++;
        area.height--;
    }
    pager_draw(&preview->pager, app->canvas, area);
}

static bool preview_input(struct app *app, struct view *view, const struct input *input)
{
    (void)app;
    return pager_mouse(&((struct preview *)view)->pager, input);
}

static void preview_status(struct app *app, struct view *view, char *out, size_t size)
{
    (void)app;
    pager_status(&((struct preview *)view)->pager, out, size);
}

static struct pager *preview_pager(struct app *app, struct view *view)
{
    (void)app;
    return &((struct preview *)view)->pager;
}

const struct view_ops preview_view = {
    .name = "preview",
    .title = "Preview",
    .help = "The calls that an action would make, in order, with their documents.",
    .size = sizeof(struct preview),
    .open = preview_init,
    .close = preview_done,
    .update = preview_update,
    .draw = preview_draw,
    .input = preview_input,
    .status = preview_status,
    .pager = preview_pager,
};
