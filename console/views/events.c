/* SPDX-License-Identifier: MIT
 *
 * Events: the stream of the Host Compute Service. It follows the newest until somebody moves up,
 * which freezes it; End follows again. A loss is a row of its own. Only visible rows are looked at.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/event_list.h"
#include "console/views/views.h"
#include "console/wrap.h"
#include "core/base/text.h"

struct events {
    struct view view;
    struct event_list list;
    uint64_t selected; /* sequence; while following the newest */
    size_t top;        /* first row on the screen; used while frozen */
    int rows;          /* event rows that were drawn last */
    uint64_t seen;
    char id[24]; /* the selected sequence as text */
    struct rect area;
    uint64_t line_rows[512]; /* row of each screen line, for the mouse; UINT64_MAX: a gap */
};

static bool events_open(struct app *app, struct view *view)
{
    ((struct events *)view)->list.app = app;
    return true;
}

static void events_close(struct app *app, struct view *view)
{
    (void)app;
    event_list_done(&((struct events *)view)->list);
}

static bool is_following(const struct events *events)
{
    return events->list.frozen == NULL;
}

static size_t selected_row(const struct events *events)
{
    size_t count = event_list_count(&events->list);
    if (count == 0) {
        return 0;
    }
    if (is_following(events)) {
        return count - 1;
    }
    size_t row = event_list_find(&events->list, events->selected);
    return row < count ? row : count - 1;
}

static bool events_update(struct app *app, struct view *view)
{
    struct events *events = (struct events *)view;
    bool changed = events->seen != app->snapshot->event_generation;
    events->seen = app->snapshot->event_generation;
    event_list_sync(&events->list);
    return changed; /* frozen: the badge counts on */
}

static const struct hvgpu_event *selected_event(struct app *app, struct view *view)
{
    struct events *events = (struct events *)view;
    (void)app;
    event_list_sync(&events->list);
    return event_list_at(&events->list, selected_row(events));
}

/* The system that the event is about. */
static const char *events_selected(struct app *app, struct view *view)
{
    const struct hvgpu_event *event = selected_event(app, view);
    return event != NULL ? event->system_id : NULL;
}

static void events_status(struct app *app, struct view *view, char *out, size_t size)
{
    const struct event_list *list = &((struct events *)view)->list;
    (void)app;
    if (list->filter.count > 0) {
        snprintf(out, size, "%zu of %zu events", event_list_count(list), event_list_total(list));
    } else {
        snprintf(out, size, "%zu events", event_list_total(list));
    }
}

/* ---- moving ---- */

static void freeze_at(struct events *events, size_t row)
{
    if (is_following(events)) {
        size_t rows = events->rows > 0 ? (size_t)events->rows : 1;
        size_t count = event_list_count(&events->list);
        events->top = count > rows ? count - rows : 0;
        if (!event_list_freeze(&events->list, true)) {
            return;
        }
    }
    const struct hvgpu_event *event = event_list_at(&events->list, row);
    if (event != NULL) {
        events->selected = event->sequence;
    }
}

static void follow(struct events *events)
{
    event_list_freeze(&events->list, false);
}

static void move(struct events *events, long step)
{
    size_t count = event_list_count(&events->list);
    size_t row = selected_row(events);
    if (count == 0 || (is_following(events) && step > 0)) {
        return;
    }
    if (step < 0) {
        row = (size_t)-step > row ? 0 : row - (size_t)-step;
    } else {
        row = row + (size_t)step < count ? row + (size_t)step : count - 1;
    }
    freeze_at(events, row);
}

bool events_toggle_freeze(struct app *app, struct view *view)
{
    if (view == NULL || view->ops != &events_view) {
        return false;
    }
    struct events *events = (struct events *)view;
    if (is_following(events)) {
        freeze_at(events, selected_row(events));
    } else {
        follow(events);
    }
    app->dirty = true;
    return true;
}

static bool events_mouse(struct events *events, const struct input *input)
{
    if (input->mouse != MOUSE_PRESS) {
        move(events, input->mouse == MOUSE_WHEEL_UP ? -3 : 3);
        return true;
    }
    int line = input->y - events->area.y - 1;
    if (line < 0 || line >= events->area.height - 1 || line >= 512 ||
        events->line_rows[line] == UINT64_MAX) {
        return false;
    }
    freeze_at(events, (size_t)events->line_rows[line]);
    return true;
}

static bool events_input(struct app *app, struct view *view, const struct input *input)
{
    struct events *events = (struct events *)view;
    (void)app;
    event_list_sync(&events->list);
    if (input->kind == INPUT_MOUSE) {
        return events_mouse(events, input);
    }
    long page = events->area.height > 3 ? events->area.height - 2 : 1;
    switch (input->kind == INPUT_KEY ? input->key : 0) {
    case INPUT_UP:
        move(events, -1);
        return true;
    case INPUT_DOWN:
        move(events, 1);
        return true;
    case INPUT_PAGE_UP:
        move(events, -page);
        return true;
    case INPUT_PAGE_DOWN:
        move(events, page);
        return true;
    case INPUT_CTRL('u'):
        move(events, -(page / 2 + 1));
        return true;
    case INPUT_CTRL('d'):
        move(events, page / 2 + 1);
        return true;
    case INPUT_HOME:
        freeze_at(events, 0);
        events->top = 0;
        return true;
    case INPUT_END:
        follow(events);
        return true;
    default:
        return false;
    }
}

/* ---- drawing ---- */

enum { TIME_WIDTH = 8 };

struct event_columns {
    int time, kind, system; /* widths; 0: hidden */
    int gap;
};

static struct event_columns columns_for(int width)
{
    struct event_columns c = {.gap = width >= 100 ? 2 : 1};
    c.time = width >= 34 ? TIME_WIDTH : 0;
    c.kind = width >= 100 ? 24 : (width >= 60 ? 18 : 14);
    c.system = width >= 100 ? 24 : (width >= 60 ? 16 : 0);
    return c;
}

static void draw_gap(struct app *app, struct rect line, uint64_t lost)
{
    char text[96];
    snprintf(text, sizeof(text), "%s %" PRIu64 " event%s lost here; the host was asked again %s",
             canvas_glyph(app->canvas, GLYPH_GAP), lost, lost == 1 ? "" : "s",
             canvas_glyph(app->canvas, GLYPH_GAP));
    canvas_text(app->canvas, line.x, line.y, line.width, text, ROLE_WARNING, ATTRIBUTE_BOLD);
}

static void draw_event(struct app *app, struct rect line, const struct hvgpu_event *event)
{
    struct canvas *canvas = app->canvas;
    struct event_columns c = columns_for(line.width);
    struct look look = look_severity(event->severity);
    int x = line.x;
    int end = line.x + line.width;
    char text[512];
    if (c.time > 0) {
        text_clock(text, sizeof(text), event->time_ms);
        canvas_text(canvas, x, line.y, c.time, text, ROLE_DIM, 0);
        x += c.time + c.gap;
    }
    canvas_text(canvas, x, line.y, 1, canvas_glyph(canvas, look.glyph), look.role, 0);
    x += 1 + c.gap;
    int kind = c.kind < end - x ? c.kind : end - x;
    canvas_text(canvas, x, line.y, kind, event->kind, look.role == ROLE_DIM ? ROLE_TEXT : look.role,
                0);
    x += kind + c.gap;
    if (c.system > 0) {
        const struct hvgpu_system *system = hvgpu_find_system(app->snapshot, event->system_id);
        canvas_text(canvas, x, line.y, c.system,
                    system != NULL ? system_name(system) : event->system_id, ROLE_STRONG, 0);
        x += c.system + c.gap;
    }
    if (x < end) {
        hvgpu_event_text(event, text, sizeof(text));
        canvas_text(canvas, x, line.y, end - x, text, ROLE_TEXT, 0);
    }
}

/* Headings, and at the right end whether the list moves. */
static void draw_header(struct app *app, const struct events *events, struct rect line)
{
    struct canvas *canvas = app->canvas;
    struct event_columns c = columns_for(line.width);
    int x = line.x;
    canvas_fill(canvas, line, ROLE_HEADER, 0);
    if (c.time > 0) {
        canvas_text(canvas, x, line.y, c.time, "TIME", ROLE_HEADER, 0);
        x += c.time + c.gap;
    }
    x += 1 + c.gap;
    canvas_text(canvas, x, line.y, c.kind, "EVENT", ROLE_HEADER, 0);
    x += c.kind + c.gap;
    if (c.system > 0) {
        canvas_text(canvas, x, line.y, c.system, "SYSTEM", ROLE_HEADER, 0);
        x += c.system + c.gap;
    }
    if (x < line.x + line.width) {
        canvas_text(canvas, x, line.y, line.x + line.width - x, "WHAT", ROLE_HEADER, 0);
    }
    char badge[64] = "following";
    if (!is_following(events)) {
        snprintf(badge, sizeof(badge),
                 line.width >= 60 ? "frozen, %" PRIu64 " new, G follows"
                                  : "frozen, %" PRIu64 " new",
                 event_list_new(&events->list));
    }
    int width = utf8_columns(badge);
    if (line.x + line.width - x >= width + 6) {
        canvas_text_right(canvas, line.x + line.width - width, line.y, width, badge,
                          is_following(events) ? ROLE_HEADER : ROLE_WARNING, 0);
    }
}

/* How many event rows fit above and with `last`, gaps counted; returns the first of them. */
static size_t first_for_last(const struct event_list *list, size_t last, int height)
{
    size_t row = last + 1;
    int lines = 0;
    while (row > 0) {
        int needed = 1 + (row - 1 > 0 && event_list_gap(list, row - 1) > 0 ? 1 : 0);
        if (lines + needed > height && lines > 0) {
            break;
        }
        lines += needed;
        row--;
    }
    return row;
}

static void place_top(struct events *events, int height)
{
    size_t count = event_list_count(&events->list);
    if (count == 0) {
        events->top = 0;
        return;
    }
    size_t selected = selected_row(events);
    size_t least = first_for_last(&events->list, selected, height);
    if (is_following(events) || events->top < least) {
        events->top = least;
    }
    events->top = selected < events->top ? selected : events->top;
    size_t most = selected == count - 1 ? least : first_for_last(&events->list, count - 1, height);
    events->top = events->top > most ? most : events->top;
}

static void draw_rows(struct app *app, struct events *events, struct rect area)
{
    size_t count = event_list_count(&events->list);
    size_t selected = selected_row(events);
    size_t row = events->top;
    events->rows = 0;
    for (int y = 0; y < area.height && row < count; row++) {
        struct rect line = {area.x, area.y + y, area.width, 1};
        uint64_t lost = row > events->top ? event_list_gap(&events->list, row) : 0;
        if (lost > 0) {
            draw_gap(app, line, lost);
            if (y < 512) {
                events->line_rows[y] = UINT64_MAX;
            }
            y++;
            line.y++;
            if (y >= area.height) {
                break;
            }
        }
        const struct hvgpu_event *event = event_list_at(&events->list, row);
        if (event == NULL) {
            break;
        }
        draw_event(app, line, event);
        if (row == selected) {
            canvas_tint(app->canvas, line, ROLE_SELECTED, 0);
            canvas_cursor(app->canvas, line.x, line.y);
        }
        if (y < 512) {
            events->line_rows[y] = row;
        }
        events->rows++;
        y++;
    }
}

static void events_draw(struct app *app, struct view *view, struct rect area)
{
    struct events *events = (struct events *)view;
    struct rect list;
    struct rect detail;
    event_list_sync(&events->list);
    detail_split(app, area, &list, &detail);
    if (events->list.filter.count > 0 && list.height >= 5) {
        list.height--;
        table_filter_line(app->canvas, (struct rect){list.x, list.y + list.height, list.width, 1},
                          &events->list.filter, event_list_count(&events->list),
                          event_list_total(&events->list));
    }
    events->area = list;
    memset(events->line_rows, 0xff, sizeof(events->line_rows));
    draw_header(app, events, (struct rect){list.x, list.y, list.width, 1});
    struct rect rows = {list.x, list.y + 1, list.width, list.height - 1};
    if (rows.height > 0) {
        place_top(events, rows.height);
        draw_rows(app, events, rows);
    }
    if (event_list_count(&events->list) == 0 && rows.height > 1) {
        int pad = rows.width > 30 ? 2 : 0;
        wrap_draw(app->canvas,
                  (struct rect){rows.x + pad, rows.y + 1, rows.width - pad, rows.height - 1},
                  event_list_total(&events->list) > 0
                      ? "no event matches the filter; Esc clears it"
                      : "no events yet; they appear as the host reports them",
                  0, ROLE_DIM, 0);
    }
    const struct hvgpu_event *event = selected_event(app, view);
    snprintf(events->id, sizeof(events->id), "%" PRIu64, event != NULL ? event->sequence : 0);
    detail_draw(app, detail, event != NULL ? OBJECT_EVENT : OBJECT_NONE, events->id);
}

static void events_set_filter(struct app *app, struct view *view, const char *text)
{
    (void)app;
    event_list_set_filter(&((struct events *)view)->list, text);
}

static const char *events_filter(struct app *app, struct view *view)
{
    (void)app;
    return ((struct events *)view)->list.filter.source;
}

const struct hvgpu_event *events_selected_event(struct app *app, struct view *view)
{
    return view != NULL && view->ops == &events_view ? selected_event(app, view) : NULL;
}

const struct view_ops events_view = {
    .name = "events",
    .title = "Events",
    .help = "What the Host Compute Service reports, as it comes. Moving up freezes the list.",
    .size = sizeof(struct events),
    .number = 3,
    .open = events_open,
    .close = events_close,
    .update = events_update,
    .draw = events_draw,
    .input = events_input,
    .selected = events_selected,
    .status = events_status,
    .set_filter = events_set_filter,
    .filter = events_filter,
};
