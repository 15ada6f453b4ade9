/* SPDX-License-Identifier: MIT
 *
 * The prompt line: see palette.h.
 */
#include "console/palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/command.h"
#include "console/commands.h"
#include "console/filter.h"
#include "console/pager.h"
#include "console/state.h"
#include "console/table.h"
#include "console/view.h"
#include "core/base/text.h"

#define PALETTE_TEXT 1024

struct palette {
    enum palette_kind kind;
    char text[PALETTE_TEXT];
    size_t cursor;
    char before[FILTER_TEXT]; /* the filter when the prompt was opened */
    size_t history;           /* entry shown; history_count: the line being typed */
    char draft[PALETTE_TEXT]; /* the line being typed while history is shown */
};

void palette_open(struct app *app, enum palette_kind kind, const char *text)
{
    struct palette *palette = calloc(1, sizeof(*palette));
    if (palette == NULL) {
        return;
    }
    palette_close(app);
    palette->kind = kind;
    text_clean(palette->text, sizeof(palette->text), text);
    palette->cursor = strlen(palette->text);
    palette->history = state_of(app)->history_count;
    text_clean(palette->before, sizeof(palette->before), view_filter(app, app->view));
    app->palette = palette;
    app->dirty = true;
}

void palette_close(struct app *app)
{
    free(app->palette);
    app->palette = NULL;
    app->dirty = true;
}

enum palette_kind palette_kind(const struct palette *palette)
{
    return palette->kind;
}

const char *palette_text(const struct palette *palette)
{
    return palette->text;
}

static void set_text(struct palette *palette, const char *text)
{
    text_clean(palette->text, sizeof(palette->text), text);
    palette->cursor = strlen(palette->text);
}

/* What the suggestion would make of the line; false: there is none. */
static bool suggestion(struct app *app, char *out, size_t size)
{
    const struct palette *palette = app->palette;
    return palette->kind == PALETTE_COMMAND && palette->cursor == strlen(palette->text) &&
           command_complete(app, palette->text, out, size) && strcmp(out, palette->text) != 0;
}

static void show_history(struct app *app, int step)
{
    struct palette *palette = app->palette;
    const struct state *state = state_of(app);
    if (palette->kind != PALETTE_COMMAND || (step < 0 && palette->history == 0) ||
        (step > 0 && palette->history >= state->history_count)) {
        return;
    }
    if (palette->history == state->history_count) {
        memcpy(palette->draft, palette->text, sizeof(palette->draft));
    }
    palette->history += step < 0 ? (size_t)-1 : 1;
    set_text(palette, palette->history < state->history_count ? state->history[palette->history]
                                                              : palette->draft);
}

static void accept(struct app *app)
{
    struct palette *palette = app->palette;
    char text[PALETTE_TEXT];
    text_clean(text, sizeof(text), palette->text);
    enum palette_kind kind = palette->kind;
    palette_close(app);
    if (kind == PALETTE_COMMAND) {
        state_remember(app, text);
        command_run_line(app, text);
    } else if (kind == PALETTE_SEARCH) {
        struct pager *pager = view_pager(app, app->view);
        if (pager != NULL && !pager_search(pager, text) && text[0] != '\0') {
            app_notice(app, ROLE_WARNING, "\"%s\" does not stand here", text);
        }
    }
}

static void cancel(struct app *app)
{
    struct palette *palette = app->palette;
    if (palette->kind == PALETTE_FILTER) {
        view_set_filter(app, app->view, palette->before);
    }
    palette_close(app);
}

static size_t previous(const char *s, size_t at)
{
    while (at > 0) {
        at--;
        if (((unsigned char)s[at] & 0xc0) != 0x80) {
            break;
        }
    }
    return at;
}

static size_t following(const char *s, size_t at)
{
    uint32_t code_point;
    size_t len = strlen(s);
    return at < len ? at + utf8_decode(s + at, len - at, &code_point) : len;
}

static size_t word_before(const char *s, size_t at)
{
    while (at > 0 && s[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && s[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void remove_bytes(struct palette *palette, size_t from, size_t to)
{
    memmove(palette->text + from, palette->text + to, strlen(palette->text + to) + 1);
    palette->cursor = from;
}

static void insert(struct palette *palette, uint32_t code_point)
{
    char bytes[4];
    size_t used = utf8_encode(code_point, bytes);
    size_t len = strlen(palette->text);
    if (len + used + 1 <= sizeof(palette->text)) {
        memmove(palette->text + palette->cursor + used, palette->text + palette->cursor,
                len - palette->cursor + 1);
        memcpy(palette->text + palette->cursor, bytes, used);
        palette->cursor += used;
    }
}

/* Keys that move in the line. True: it was one. */
static bool move_key(struct app *app, uint32_t key)
{
    struct palette *palette = app->palette;
    char completed[PALETTE_TEXT];
    switch (key) {
    case INPUT_LEFT:
    case INPUT_CTRL('b'):
        palette->cursor = previous(palette->text, palette->cursor);
        return true;
    case INPUT_RIGHT:
    case INPUT_CTRL('f'):
    case INPUT_TAB:
        if (suggestion(app, completed, sizeof(completed))) {
            set_text(palette, completed);
        } else if (key != INPUT_TAB) {
            palette->cursor = following(palette->text, palette->cursor);
        }
        return true;
    case INPUT_HOME:
    case INPUT_CTRL('a'):
        palette->cursor = 0;
        return true;
    case INPUT_END:
    case INPUT_CTRL('e'):
        palette->cursor = strlen(palette->text);
        return true;
    case INPUT_UP:
    case INPUT_CTRL('p'):
        show_history(app, -1);
        return true;
    case INPUT_DOWN:
    case INPUT_CTRL('n'):
        show_history(app, 1);
        return true;
    default:
        return false;
    }
}

/* Keys that change the line. True: it was one. */
static bool edit_key(struct palette *palette, uint32_t key)
{
    size_t at = palette->cursor;
    switch (key) {
    case INPUT_BACKSPACE:
        remove_bytes(palette, previous(palette->text, at), at);
        return true;
    case INPUT_DELETE:
        remove_bytes(palette, at, following(palette->text, at));
        return true;
    case INPUT_CTRL('u'):
        remove_bytes(palette, 0, at);
        return true;
    case INPUT_CTRL('k'):
        palette->text[at] = '\0';
        return true;
    case INPUT_CTRL('w'):
        remove_bytes(palette, word_before(palette->text, at), at);
        return true;
    default:
        if (key < ' ' || key >= INPUT_SPECIAL || key == 127) {
            return false;
        }
        insert(palette, key);
        return true;
    }
}

void palette_input(struct app *app, const struct input *input)
{
    struct palette *palette = app->palette;
    if (palette == NULL || (input->kind != INPUT_KEY && input->kind != INPUT_PASTE)) {
        return;
    }
    app->dirty = true;
    bool empty = palette->text[0] == '\0';
    bool pasted = input->kind == INPUT_PASTE;
    if (!pasted && (input->key == INPUT_ESCAPE || input->key == INPUT_CTRL('c') ||
                    (empty && input->key == INPUT_BACKSPACE))) {
        cancel(app);
    } else if (!pasted && input->key == INPUT_ENTER) {
        accept(app);
    } else if (!pasted && move_key(app, input->key)) {
        return;
    } else if (edit_key(palette, input->key) && palette->kind == PALETTE_FILTER) {
        view_set_filter(app, app->view, palette->text);
    }
}

/* What stands at the right end: the count of a filter, what a command wants. */
static void right_hint(struct app *app, char *out, size_t size)
{
    const struct palette *palette = app->palette;
    out[0] = '\0';
    if (palette->kind == PALETTE_FILTER && app->view->ops->status != NULL) {
        app->view->ops->status(app, app->view, out, size);
    } else if (palette->kind == PALETTE_COMMAND) {
        char name[48];
        text_clean_n(name, sizeof(name), palette->text, strcspn(palette->text, " "));
        const struct command *command = command_find(name);
        if (command != NULL) {
            bool wants = command->arguments != NULL && strchr(palette->text, ' ') != NULL;
            text_clean(out, size, wants ? command->arguments : command->summary);
        }
    }
}

void palette_draw(struct app *app, struct rect line)
{
    const struct palette *palette = app->palette;
    static const char *const prompts[] = {":", "/", "search: "};
    if (palette == NULL || line.width < 2) {
        return;
    }
    canvas_fill(app->canvas, line, ROLE_PROMPT, 0);
    int x = line.x;
    int end = line.x + line.width;
    x += canvas_text(app->canvas, x, line.y, line.width, prompts[palette->kind], ROLE_PROMPT,
                     ATTRIBUTE_BOLD);
    char part[PALETTE_TEXT + 8];
    /* A line that is too long shows its end, where the cursor usually is. */
    size_t from = 0;
    text_clean_n(part, sizeof(part), palette->text, palette->cursor);
    int before = utf8_columns(part);
    while (before >= end - x && from < palette->cursor) {
        from = following(palette->text, from);
        text_clean_n(part, sizeof(part), palette->text + from, palette->cursor - from);
        before = utf8_columns(part);
    }
    int used = canvas_text(app->canvas, x, line.y, end - x, palette->text + from, ROLE_PROMPT, 0);
    char completed[PALETTE_TEXT];
    if (suggestion(app, completed, sizeof(completed)) && end - x > used) {
        bool continues = text_starts(completed, palette->text);
        snprintf(part, sizeof(part), "%s%s", continues ? "" : "  -> ",
                 continues ? completed + strlen(palette->text) : completed);
        used +=
            canvas_text(app->canvas, x + used, line.y, end - x - used, part, ROLE_SUGGESTION, 0);
    }
    char hint[160];
    right_hint(app, hint, sizeof(hint));
    int room = end - x - used - 2;
    if (hint[0] != '\0' && room > 8) {
        canvas_text_right(app->canvas, end - room, line.y, room, hint, ROLE_SUGGESTION, 0);
    }
    canvas_cursor(app->canvas, x + before, line.y);
}
