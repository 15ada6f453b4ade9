/* SPDX-License-Identifier: MIT
 *
 * Title line, tab bar, key bar. The title is a list of pieces, each with a rank: where the terminal
 * is narrow, the least important ones go first, and state and SIMULATED never.
 */
#include "console/frame.h"

#include <stdio.h>
#include <string.h>

#include "console/commands.h"
#include "console/view.h"
#include "console/wrap.h"
#include "core/base/text.h"

#define PIECES      12
#define PIECE_TEXT  224
#define BAR_ACTIONS 4
#define BAR_RESERVE 15 /* columns of "? help  q quit" */
#define BAR_ALWAYS  68 /* columns of all that stands behind the actions */
#define BANNER_TEXT 1024
#define BANNER_ROWS 3

struct piece {
    char text[PIECE_TEXT];
    enum role role;
    int rank;  /* 0 and 1 stay; the greatest goes first */
    int width; /* columns; 0: hidden */
    int least; /* may be cut down to this; 0: all or nothing */
};

struct pieces {
    struct piece items[PIECES];
    int count;
};

static void add_piece(struct pieces *pieces, int rank, int least, enum role role, const char *text)
{
    if (pieces->count == PIECES || text == NULL || text[0] == '\0') {
        return;
    }
    struct piece *piece = &pieces->items[pieces->count++];
    text_clean(piece->text, sizeof(piece->text), text);
    piece->role = role;
    piece->rank = rank;
    piece->least = least;
    piece->width = utf8_columns(piece->text);
}

static int total_width(const struct pieces *pieces)
{
    int width = 1;
    for (int i = 0; i < pieces->count; i++) {
        width += pieces->items[i].width > 0 ? pieces->items[i].width + 1 : 0;
    }
    return width;
}

/* Hides or cuts pieces until they fit into width columns. */
static void fit_pieces(struct pieces *pieces, int width)
{
    for (;;) {
        int excess = total_width(pieces) - width;
        if (excess <= 0) {
            return;
        }
        struct piece *worst = NULL;
        for (int i = 0; i < pieces->count; i++) {
            struct piece *piece = &pieces->items[i];
            if (piece->width > 0 && piece->rank > 1 &&
                (worst == NULL || piece->rank > worst->rank)) {
                worst = piece;
            }
        }
        if (worst == NULL) {
            return; /* the line itself cuts the rest */
        }
        if (worst->least > 0 && worst->width - excess >= worst->least) {
            worst->width -= excess;
        } else {
            worst->width = 0;
        }
    }
}

/* ---- title ---- */

struct link_look {
    const char *word;
    enum glyph glyph;
    enum role role;
};

static struct link_look look_of(const struct hvgpu_host *host)
{
    static const struct link_look looks[] = {
        [HVGPU_LINK_CONNECTING] = {"connecting", GLYPH_ELLIPSIS, ROLE_TITLE},
        [HVGPU_LINK_LIVE] = {"live", GLYPH_RUN, ROLE_TITLE},
        [HVGPU_LINK_STALE] = {"stale", GLYPH_WARNING, ROLE_SIMULATED},
        [HVGPU_LINK_LOST] = {"lost", GLYPH_CROSS, ROLE_DIALOG_DANGER},
    };
    if (host->paused && host->link != HVGPU_LINK_LOST) {
        return (struct link_look){"paused", GLYPH_PAUSE, ROLE_SIMULATED};
    }
    if ((unsigned)host->link >= sizeof(looks) / sizeof(looks[0])) {
        return looks[HVGPU_LINK_CONNECTING];
    }
    return looks[host->link];
}

static size_t running_jobs(const struct hvgpu_snapshot *s)
{
    size_t running = 0;
    for (size_t i = 0; i < s->job_count; i++) {
        const struct hvgpu_job *job = s->jobs[i];
        bool runs = job->state == HVGPU_JOB_QUEUED || job->state == HVGPU_JOB_RUNNING ||
                    job->state == HVGPU_JOB_UNDOING;
        running += runs && !job->hidden ? 1 : 0;
    }
    return running;
}

/* What troubles the host and what to do about it; false: nothing does. */
static bool trouble_text(const struct hvgpu_host *host, char *out, size_t size)
{
    bool down = host->link == HVGPU_LINK_STALE || host->link == HVGPU_LINK_LOST;
    const char *what = down && host->link_reason != NULL ? host->link_reason : host->notice;
    const char *hint = down ? host->link_hint : NULL;
    if (what == NULL) {
        return false;
    }
    bool more = hint != NULL && !text_equal(hint, what);
    snprintf(out, size, "%s%s%s", what, more ? ": " : "", more ? hint : "");
    return true;
}

void frame_reserve(struct app *app, struct layout *layout)
{
    char text[BANNER_TEXT];
    if (layout->body.width > 4 && trouble_text(app->snapshot->host, text, sizeof(text))) {
        int rows = wrap_count(text, layout->body.width - 2);
        layout_add_banner(layout, rows < BANNER_ROWS ? rows : BANNER_ROWS);
    }
}

static void draw_banner(struct app *app, struct rect area)
{
    char text[BANNER_TEXT];
    bool lost = app->snapshot->host->link == HVGPU_LINK_LOST;
    if (area.height > 0 && trouble_text(app->snapshot->host, text, sizeof(text))) {
        wrap_draw(app->canvas, (struct rect){area.x + 1, area.y, area.width - 2, area.height}, text,
                  0, lost ? ROLE_ERROR : ROLE_WARNING, 0);
    }
}

static void left_pieces(struct app *app, struct pieces *out, bool banner)
{
    const struct hvgpu_host *host = app->snapshot->host;
    struct link_look look = look_of(host);
    char state[64];
    bool tight = canvas_width(app->canvas) < 24 && hvgpu_is_read_only(app->host);
    snprintf(state, sizeof(state), "%s%s%s", tight ? "" : canvas_glyph(app->canvas, look.glyph),
             tight ? "" : " ", look.word);
    add_piece(out, 8, 0, ROLE_TITLE_KEY, "hvgpu");
    add_piece(out, 2, 3, ROLE_TITLE_KEY, host->name != NULL ? host->name : host->uri);
    if (host->name != NULL) {
        add_piece(out, 10, 6, ROLE_TITLE, host->uri);
    }
    add_piece(out, 1, 0, ROLE_SIMULATED, host->simulated ? "SIMULATED" : NULL);
    add_piece(out, 0, 0, look.role, state);
    bool says_more = host->link_reason != NULL && !text_equal(host->link_reason, look.word);
    if (says_more) {
        add_piece(out, 3, 8, ROLE_TITLE, host->link_reason);
    } else if (!banner) {
        add_piece(out, 9, 8, ROLE_TITLE, host->notice);
    }
}

static void right_pieces(struct app *app, struct pieces *out)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    char text[PIECE_TEXT] = "";
    if (app->view != NULL && app->view->ops->status != NULL) {
        app->view->ops->status(app, app->view, text, sizeof(text));
        add_piece(out, 7, 0, ROLE_TITLE, text);
    }
    size_t jobs = running_jobs(s);
    if (jobs > 0) {
        snprintf(text, sizeof(text), "%zu job%s running", jobs, jobs == 1 ? "" : "s");
        add_piece(out, 6, 0, ROLE_TITLE_KEY, text);
    }
    if (s->events_lost > 0) {
        snprintf(text, sizeof(text), "%llu events lost", (unsigned long long)s->events_lost);
        add_piece(out, 5, 0, ROLE_SIMULATED, text);
    }
    if (hvgpu_is_read_only(app->host)) {
        bool room = canvas_width(app->canvas) >= 60;
        add_piece(out, 1, 0, ROLE_TITLE_KEY, room ? "read-only" : "RO");
    }
}

static int draw_piece(struct canvas *canvas, const struct piece *piece, int x, int y)
{
    unsigned bold =
        piece->role == ROLE_SIMULATED || piece->role == ROLE_DIALOG_DANGER ? ATTRIBUTE_BOLD : 0;
    return canvas_text(canvas, x, y, piece->width, piece->text, piece->role, bold);
}

static void draw_title(struct app *app, const struct layout *layout)
{
    struct rect area = layout->title;
    struct pieces pieces = {.count = 0};
    left_pieces(app, &pieces, layout->banner.height > 0);
    int left_count = pieces.count;
    right_pieces(app, &pieces);
    fit_pieces(&pieces, area.width);
    canvas_fill(app->canvas, area, ROLE_TITLE, 0);
    int x = total_width(&pieces) > area.width ? 0 : 1;
    for (int i = 0; i < left_count; i++) {
        if (pieces.items[i].width > 0) {
            x += draw_piece(app->canvas, &pieces.items[i], x, area.y) + 1;
        }
    }
    x = area.width;
    for (int i = pieces.count - 1; i >= left_count; i--) {
        if (pieces.items[i].width > 0) {
            x -= pieces.items[i].width + 1;
            draw_piece(app->canvas, &pieces.items[i], x, area.y);
        }
    }
}

/* ---- zones ---- */

static void add_zone(struct app *app, int x, int end, int y, uint32_t key)
{
    int most = (int)(sizeof(app->zones) / sizeof(app->zones[0]));
    if (app->zone_count < most && key != 0) {
        app->zones[app->zone_count++] = (struct app_zone){.y = y, .x = x, .end = end, .key = key};
    }
}

uint32_t frame_key_at(const struct app *app, int x, int y)
{
    for (int i = 0; i < app->zone_count; i++) {
        const struct app_zone *zone = &app->zones[i];
        if (zone->y == y && x >= zone->x && x < zone->end) {
            return zone->key;
        }
    }
    return 0;
}

/* ---- tabs ---- */

/* The numbered view that is on top, or that the view on top was opened from. */
static int active_number(const struct app *app)
{
    int number = app->view != NULL ? app->view->ops->number : 0;
    for (int i = app->history_count - 1; i >= 0 && number == 0; i--) {
        number = app->history[i]->ops->number;
    }
    return number;
}

static int tab_width(const struct view_ops *ops, bool with_title)
{
    return with_title ? 5 + utf8_columns(ops->title) : 3;
}

static void draw_tabs(struct app *app, struct rect area)
{
    int active = active_number(app), all = 0;
    const char *above = NULL; /* title of an unnumbered view on top */
    if (app->view != NULL && app->view->ops->number == 0) {
        above = app->view->ops->title;
        all = 3 + utf8_columns(above);
    }
    for (size_t i = 0; views[i] != NULL; i++) {
        all += views[i]->number > 0 ? tab_width(views[i], true) : 0;
    }
    bool titles = all <= area.width;
    int x = area.x;
    for (size_t i = 0; views[i] != NULL; i++) {
        const struct view_ops *ops = views[i];
        if (ops->number <= 0) {
            continue;
        }
        bool is_active = ops->number == active, with_title = titles || is_active;
        enum role role = is_active ? ROLE_TAB_ACTIVE : ROLE_TAB;
        char text[64];
        snprintf(text, sizeof(text), with_title ? "%d %s" : "%d", ops->number, ops->title);
        int used = canvas_text(app->canvas, x + 1, area.y, area.width - x - 1, text, role, 0);
        add_zone(app, x, x + used + 2, area.y, (uint32_t)('0' + ops->number));
        x += tab_width(ops, with_title) - (with_title ? 1 : 0);
    }
    if (above != NULL) {
        x += 1 + canvas_text(app->canvas, x, area.y, area.width - x,
                             canvas_glyph(app->canvas, GLYPH_RUN), ROLE_DIM, 0);
        canvas_text(app->canvas, x, area.y, area.width - x, above, ROLE_TAB_ACTIVE, 0);
    }
}

/* ---- bottom line ---- */

/* Draws one command of the key bar when it fits; returns the columns used, 0: it does not fit. */
static int draw_key(struct app *app, const struct command *command, int x, struct rect area)
{
    char key[16];
    uint32_t code = 0;
    command_key_text(command, key, sizeof(key));
    int key_width = utf8_columns(key), width = key_width + 1 + utf8_columns(command->name);
    if (key_width == 0 || x + width > area.x + area.width) {
        return 0;
    }
    int used = canvas_text(app->canvas, x, area.y, key_width, key, ROLE_KEY, 0);
    canvas_text(app->canvas, x + used + 1, area.y, width - used - 1, command->name, ROLE_KEY_TEXT,
                0);
    if (input_from_name(key, &code)) {
        add_zone(app, x, x + width, area.y, code);
    }
    return width + 2;
}

static bool for_key_bar(struct app *app, const struct command *command)
{
    if ((command->flags & COMMAND_HIDDEN) != 0 || command->keys == NULL) {
        return false;
    }
    /* What would be refused is not offered. */
    if ((command->flags & COMMAND_CHANGES) != 0 && hvgpu_is_read_only(app->host)) {
        return false;
    }
    return command_is_offered(app, command);
}

static void draw_key_bar(struct app *app, struct rect area)
{
    static const char *const always[] = {"help", "quit", "filter", "command", "actions", "back"};
    static const char *const typing[] = {"back"};
    bool takes_text = app->view != NULL && app->view->ops->takes_text;
    const char *const *names = takes_text ? typing : always;
    size_t count = takes_text ? 1 : sizeof(always) / sizeof(always[0]);
    const char *view = app->view != NULL ? app->view->ops->name : "";
    int x = area.x + 1, actions = 0;
    bool room = true;        /* in the table's order: what comes first matters most */
    struct rect left = area; /* the way to help and the way out have their place in any case */
    for (const struct command *c = commands; c->name != NULL && !takes_text && room; c++) {
        left.width = area.width - (actions < BAR_ACTIONS ? BAR_RESERVE : BAR_ALWAYS);
        if (for_key_bar(app, c)) {
            int used = draw_key(app, c, x, left);
            x += used;
            room = used > 0;
            actions++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct command *command = command_find(names[i]);
        if (command != NULL && command_in_view(command, view)) {
            x += draw_key(app, command, x, area);
        }
    }
}

/* A notice takes as many rows as it needs, over the lowest ones of the view. */
static void draw_notice(struct app *app, const struct layout *layout)
{
    struct rect area = layout->bottom;
    int pad = area.width > 40 ? 1 : 0;
    int end = area.y + 1;
    int most = layout->body.height / 2 > 1 ? layout->body.height / 2 : 1;
    int rows = wrap_count(app->notice, area.width - 2 * pad);
    area.height = rows < most ? rows : most;
    area.y = end - area.height;
    canvas_fill(app->canvas, area, ROLE_TEXT, 0);
    wrap_draw(app->canvas, (struct rect){area.x + pad, area.y, area.width - 2 * pad, area.height},
              app->notice, 0, app->notice_role, 0);
}

void frame_draw(struct app *app, const struct layout *layout)
{
    app->zone_count = 0;
    draw_title(app, layout);
    draw_banner(app, layout->banner);
    if (layout->tabs.height > 0) {
        draw_tabs(app, layout->tabs);
    }
    struct rect bottom = layout->bottom;
    if (app->notice[0] != '\0' && bottom.y > 0) {
        draw_notice(app, layout);
    } else if (!layout->bottom_over) {
        draw_key_bar(app, bottom);
    }
}
