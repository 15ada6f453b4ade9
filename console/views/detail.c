/* SPDX-License-Identifier: MIT
 *
 * The detail of one object: as a pane beside or below a list, and as a view of its own. Both show
 * the sheet that describe() fills.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/state.h"
#include "console/views/views.h"
#include "console/wrap.h"
#include "core/base/text.h"

enum {
    WIDE = 120,  /* from here on the pane stands beside the list */
    AMPLE = 160, /* from here on unasked: it costs bytes at every step */
    SENTENCE_ROWS = 3,
    SENTENCE_LEAST = 7, /* rows of an area in which a sentence has room */
};

/* ---- objects ---- */

bool describe(struct app *app, struct sheet *sheet, enum object_kind kind, const char *id)
{
    switch (kind) {
    case OBJECT_GPU:
        return describe_gpu(app, sheet, id);
    case OBJECT_SYSTEM:
        return describe_system(app, sheet, id);
    case OBJECT_CHECK:
        return describe_check(app, sheet, id);
    case OBJECT_JOB:
        return describe_job(app, sheet, id);
    case OBJECT_LEFTOVER:
        return describe_leftover(app, sheet, id);
    case OBJECT_IMAGE:
        return describe_image(app, sheet, id);
    case OBJECT_EVENT:
        return describe_event(app, sheet, id);
    case OBJECT_NONE:
        break;
    }
    return false;
}

uint64_t object_generation(const struct hvgpu_snapshot *s, enum object_kind kind)
{
    switch (kind) {
    case OBJECT_GPU:
        return s->gpu_generation + s->system_generation;
    case OBJECT_SYSTEM:
    case OBJECT_CHECK:
        return s->system_generation + s->check_generation + s->gpu_generation + s->host_generation;
    case OBJECT_JOB:
    case OBJECT_LEFTOVER:
        return s->job_generation + s->leftover_generation + s->host_generation;
    case OBJECT_IMAGE:
        return s->image_generation;
    case OBJECT_EVENT:
    case OBJECT_NONE:
        break;
    }
    return 0; /* an event never changes */
}

void object_title(struct app *app, enum object_kind kind, const char *id, char *out, size_t size)
{
    const struct hvgpu_system *system;
    uint64_t number;
    text_clean(out, size, id);
    switch (kind) {
    case OBJECT_GPU:
        text_clean(out, size, gpu_label(app->snapshot, id));
        break;
    case OBJECT_SYSTEM:
    case OBJECT_CHECK:
        system = hvgpu_find_system(app->snapshot, id);
        text_clean(out, size, system != NULL ? system_name(system) : id);
        break;
    case OBJECT_JOB:
        if (text_to_u64(id, 0, UINT64_MAX, &number)) {
            snprintf(out, size, "job %" PRIu64, number);
        }
        break;
    case OBJECT_EVENT:
        snprintf(out, size, "event %s", id);
        break;
    case OBJECT_LEFTOVER:
        text_clean(out, size, "left behind");
        break;
    case OBJECT_IMAGE: {
        const char *name = strchr(id, ' ');
        text_clean(out, size, name != NULL ? name + 1 : id);
        break;
    }
    case OBJECT_NONE:
        break;
    }
}

enum object_kind view_object(struct app *app, struct view *view, char *id, size_t size)
{
    static const struct {
        const struct view_ops *ops;
        enum object_kind kind;
    } kinds[] = {
        {&gpus_view, OBJECT_GPU},
        {&containers_view, OBJECT_SYSTEM},
        {&checks_view, OBJECT_CHECK},
        {&images_view, OBJECT_IMAGE},
    };
    text_clean(id, size, "");
    if (view == NULL) {
        return OBJECT_NONE;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].ops == view->ops) {
            text_clean(id, size, view_selected(app, view));
            return id[0] != '\0' ? kinds[i].kind : OBJECT_NONE;
        }
    }
    if (view->ops == &jobs_view) {
        struct table *table = view_table(app, view);
        text_clean(id, size, table_selected_id(table));
        bool is_job = jobs_selected(app, view) != NULL;
        return id[0] == '\0' ? OBJECT_NONE : (is_job ? OBJECT_JOB : OBJECT_LEFTOVER);
    }
    if (view->ops == &events_view) {
        const struct hvgpu_event *event = events_selected_event(app, view);
        if (event != NULL) {
            snprintf(id, size, "%" PRIu64, event->sequence);
            return OBJECT_EVENT;
        }
    }
    return view->ops == &detail_view ? detail_object(view, id, size) : OBJECT_NONE;
}

/* ---- the pane ---- */

static bool is_shown(struct app *app, struct rect area)
{
    int wanted = state_of(app)->detail;
    if (wanted == 2 || (wanted == 0 && area.width < AMPLE)) {
        return false;
    }
    return area.height >= (area.width >= WIDE ? 6 : 12);
}

void detail_split(struct app *app, struct rect area, struct rect *list, struct rect *detail)
{
    *list = area;
    *detail = (struct rect){0};
    if (!is_shown(app, area)) {
        return;
    }
    *detail = area;
    if (area.width >= WIDE) {
        int width = area.width * 3 / 8;
        width = width > 80 ? 80 : width;
        list->width = area.width - width - 1;
        detail->x = area.x + list->width + 1;
        detail->width = width;
    } else {
        int height = area.height / 2;
        list->height = area.height - height;
        detail->y = area.y + list->height;
        detail->height = height;
    }
}

void detail_toggle(struct app *app)
{
    struct state *state = state_of(app);
    int width = app->canvas != NULL ? canvas_width(app->canvas) : 0;
    bool shown = state->detail == 1 || (state->detail == 0 && width >= AMPLE);
    state->detail = shown ? 2 : 1;
    app->dirty = true;
}

void sentence_draw(struct app *app, struct rect *area, enum role role, const char *text)
{
    if (area->height < SENTENCE_LEAST || area->width < 20) {
        return;
    }
    int rows = text != NULL && text[0] != '\0' ? wrap_count(text, area->width) : 1;
    rows = rows < SENTENCE_ROWS ? rows : SENTENCE_ROWS;
    area->height -= rows;
    if (text != NULL) {
        wrap_draw(app->canvas, (struct rect){area->x, area->y + area->height, area->width, rows},
                  text, 0, role, 0);
    }
}

/* Makes the pane's sheet anew when it shows something else, or that has changed. */
static struct sheet *pane_sheet(struct app *app, enum object_kind kind, const char *id)
{
    struct state *state = state_of(app);
    uint64_t generation = object_generation(app->snapshot, kind);
    bool same = state->pane_kind == (int)kind && strcmp(state->pane_id, id) == 0;
    if (!same) {
        state->pane.scroll = 0;
    }
    if (!same || state->pane_generation != generation) {
        sheet_clear(&state->pane);
        if (kind != OBJECT_NONE && !describe(app, &state->pane, kind, id)) {
            sheet_text(&state->pane, NULL, ROLE_DIM, "gone");
        }
        state->pane_kind = (int)kind;
        text_clean(state->pane_id, sizeof(state->pane_id), id);
        state->pane_generation = generation;
    }
    return &state->pane;
}

void detail_draw(struct app *app, struct rect area, enum object_kind kind, const char *id)
{
    if (area.width < 8 || area.height < 3) {
        return;
    }
    char title[96] = "";
    if (kind != OBJECT_NONE && id[0] != '\0') {
        object_title(app, kind, id, title, sizeof(title));
    } else {
        kind = OBJECT_NONE;
    }
    canvas_box(app->canvas, area, title, ROLE_BORDER);
    struct rect inner = {area.x + 2, area.y + 1, area.width - 3, area.height - 2};
    int x;
    int y;
    canvas_get_cursor(app->canvas, &x, &y);
    sheet_draw(pane_sheet(app, kind, id), app->canvas, inner);
    canvas_cursor(app->canvas, x, y); /* stays on the selected row */
}

/* ---- the view ---- */

struct detail {
    struct view view;
    enum object_kind kind;
    char id[TABLE_ID];
    char title[96];
    struct sheet sheet;
    uint64_t generation;
    bool made, gone;
    int height;
};

static void make(struct app *app, struct detail *detail)
{
    uint64_t generation = object_generation(app->snapshot, detail->kind);
    if (detail->made && (detail->generation == generation || detail->kind == OBJECT_EVENT)) {
        return;
    }
    struct sheet fresh = {.scroll = detail->sheet.scroll};
    if (describe(app, &fresh, detail->kind, detail->id)) {
        sheet_done(&detail->sheet);
        detail->sheet = fresh;
        detail->gone = false;
        object_title(app, detail->kind, detail->id, detail->title, sizeof(detail->title));
    } else {
        sheet_done(&fresh); /* the last that was known stays to be read */
        detail->gone = true;
    }
    detail->generation = generation;
    detail->made = true;
}

void detail_open(struct app *app, enum object_kind kind, const char *id)
{
    if (kind == OBJECT_NONE || id == NULL || id[0] == '\0') {
        return;
    }
    struct view *view = view_new(app, &detail_view);
    if (view == NULL) {
        return;
    }
    struct detail *detail = (struct detail *)view;
    detail->kind = kind;
    text_clean(detail->id, sizeof(detail->id), id);
    make(app, detail);
    app_push_view(app, view);
}

static void detail_close(struct app *app, struct view *view)
{
    (void)app;
    sheet_done(&((struct detail *)view)->sheet);
}

static bool detail_update(struct app *app, struct view *view)
{
    struct detail *detail = (struct detail *)view;
    uint64_t before = detail->generation;
    make(app, detail);
    return before != detail->generation;
}

enum object_kind detail_object(struct view *view, char *id, size_t size)
{
    struct detail *detail = (struct detail *)view;
    text_clean(id, size, detail->id);
    return detail->kind;
}

static const char *detail_selected(struct app *app, struct view *view)
{
    struct detail *detail = (struct detail *)view;
    uint64_t number;
    if (detail->kind == OBJECT_JOB && text_to_u64(detail->id, 0, UINT64_MAX, &number)) {
        const struct hvgpu_job *job = hvgpu_find_job(app->snapshot, number);
        return job != NULL ? job->target : NULL;
    }
    bool names_it =
        detail->kind == OBJECT_GPU || detail->kind == OBJECT_SYSTEM || detail->kind == OBJECT_CHECK;
    return names_it ? detail->id : NULL;
}

static void detail_status(struct app *app, struct view *view, char *out, size_t size)
{
    struct detail *detail = (struct detail *)view;
    (void)app;
    snprintf(out, size, "%s%s", detail->title, detail->gone ? " (gone; the last known)" : "");
}

static bool detail_input(struct app *app, struct view *view, const struct input *input)
{
    struct detail *detail = (struct detail *)view;
    (void)app;
    int step = 0;
    int page = detail->height > 2 ? detail->height - 1 : 1;
    if (input->kind == INPUT_MOUSE && input->mouse != MOUSE_PRESS) {
        step = input->mouse == MOUSE_WHEEL_UP ? -3 : 3;
    } else if (input->kind == INPUT_KEY) {
        switch (input->key) {
        case INPUT_UP:
            step = -1;
            break;
        case INPUT_DOWN:
            step = 1;
            break;
        case INPUT_PAGE_UP:
            step = -page;
            break;
        case INPUT_PAGE_DOWN:
            step = page;
            break;
        case INPUT_CTRL('u'):
            step = -(page / 2 + 1);
            break;
        case INPUT_CTRL('d'):
            step = page / 2 + 1;
            break;
        case INPUT_HOME:
            step = -detail->sheet.drawn;
            break;
        case INPUT_END:
            step = detail->sheet.drawn;
            break;
        default:
            return false;
        }
    }
    detail->sheet.scroll += step;
    detail->sheet.scroll = detail->sheet.scroll < 0 ? 0 : detail->sheet.scroll;
    return step != 0;
}

static void detail_draw_view(struct app *app, struct view *view, struct rect area)
{
    struct detail *detail = (struct detail *)view;
    make(app, detail);
    int pad = area.width > 60 ? 1 : 0;
    detail->height = area.height;
    canvas_cursor(app->canvas, area.x, area.y);
    sheet_draw(&detail->sheet, app->canvas,
               (struct rect){area.x + pad, area.y, area.width - 2 * pad, area.height});
    if (detail->sheet.count == 0) {
        canvas_text(app->canvas, area.x, area.y, area.width, "it is not there any more", ROLE_DIM,
                    0);
    }
}

const struct view_ops detail_view = {
    .name = "detail",
    .title = "Detail",
    .help = "All that is known of one object.",
    .size = sizeof(struct detail),
    .close = detail_close,
    .update = detail_update,
    .draw = detail_draw_view,
    .input = detail_input,
    .selected = detail_selected,
    .status = detail_status,
};
