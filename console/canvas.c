/* SPDX-License-Identifier: MIT
 *
 * The grid of cells and the drawing of text on it. This file owns the two rules that keep columns
 * aligned: text is cut into graphemes before it is placed, and a wide character is never left with
 * one half. Foreign bytes pass text_clean_n() on their way into a cell. Everything else that is
 * drawn (canvas_draw.c) is made of canvas_text() and canvas_fill().
 *
 * Drawing must be cheap (a frame is drawn anew for every key), so plain ASCII takes a short way.
 */
#include "console/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define ZERO_WIDTH_JOINER 0x200Du
#define MAX_SIDE          4096 /* no terminal is larger; keeps products in an int */

struct canvas {
    struct cell *cells;
    int width, height;
    struct rect clip;
    bool ascii;
    int cursor_x, cursor_y;
};

/* One grapheme: what goes into one cell. */
struct grapheme {
    char text[CELL_BYTES + 1];
    size_t bytes; /* of the source that it used */
    int width;
};

static const struct cell blank_cell = {.text = " ", .role = ROLE_TEXT, .width = 1};

struct canvas *canvas_new(int width, int height)
{
    struct canvas *canvas = calloc(1, sizeof(*canvas));
    if (canvas != NULL && !canvas_resize(canvas, width, height)) {
        free(canvas);
        canvas = NULL;
    }
    return canvas;
}

void canvas_free(struct canvas *canvas)
{
    if (canvas != NULL) {
        free(canvas->cells);
        free(canvas);
    }
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

bool canvas_resize(struct canvas *canvas, int width, int height)
{
    width = clamp(width, 1, MAX_SIDE);
    height = clamp(height, 1, MAX_SIDE);
    struct cell *cells = malloc((size_t)width * (size_t)height * sizeof(*cells));
    if (cells == NULL) {
        return false;
    }
    free(canvas->cells);
    canvas->cells = cells;
    canvas->width = width;
    canvas->height = height;
    canvas_clear(canvas);
    return true;
}

void canvas_clear(struct canvas *canvas)
{
    for (int x = 0; x < canvas->width; x++) {
        canvas->cells[x] = blank_cell;
    }
    size_t row = (size_t)canvas->width * sizeof(struct cell);
    for (int y = 1; y < canvas->height; y++) {
        memcpy(canvas->cells + (size_t)y * (size_t)canvas->width, canvas->cells, row);
    }
    canvas_unclip(canvas);
    canvas_cursor(canvas, -1, -1);
}

int canvas_width(const struct canvas *canvas)
{
    return canvas->width;
}

int canvas_height(const struct canvas *canvas)
{
    return canvas->height;
}

void canvas_set_ascii(struct canvas *canvas, bool ascii)
{
    canvas->ascii = ascii;
}

bool canvas_is_ascii(const struct canvas *canvas)
{
    return canvas->ascii;
}

const struct cell *canvas_cell(const struct canvas *canvas, int x, int y)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height) {
        return &blank_cell;
    }
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

const struct cell *canvas_row(const struct canvas *canvas, int y)
{
    return &canvas->cells[(size_t)y * (size_t)canvas->width];
}

bool canvas_copy(struct canvas *out, const struct canvas *canvas)
{
    bool same_size = out->width == canvas->width && out->height == canvas->height;
    if (!same_size && !canvas_resize(out, canvas->width, canvas->height)) {
        return false;
    }
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    memcpy(out->cells, canvas->cells, count * sizeof(struct cell));
    out->ascii = canvas->ascii;
    out->cursor_x = canvas->cursor_x;
    out->cursor_y = canvas->cursor_y;
    return true;
}

/* The part of area that lies in bounds; width and height are never negative. */
static struct rect intersect(struct rect area, struct rect bounds)
{
    /* Clamped first: callers may compute with INT_MAX as "everything". */
    int left = area.x > bounds.x ? area.x : bounds.x;
    int top = area.y > bounds.y ? area.y : bounds.y;
    long long right = (long long)area.x + area.width;
    long long bottom = (long long)area.y + area.height;
    if (right > bounds.x + bounds.width) {
        right = bounds.x + bounds.width;
    }
    if (bottom > bounds.y + bounds.height) {
        bottom = bounds.y + bounds.height;
    }
    return (struct rect){
        .x = left,
        .y = top,
        .width = right > left ? (int)(right - left) : 0,
        .height = bottom > top ? (int)(bottom - top) : 0,
    };
}

void canvas_clip(struct canvas *canvas, struct rect clip)
{
    canvas->clip = intersect(clip, (struct rect){0, 0, canvas->width, canvas->height});
}

void canvas_unclip(struct canvas *canvas)
{
    canvas->clip = (struct rect){0, 0, canvas->width, canvas->height};
}

static struct cell *cell_at(struct canvas *canvas, int x, int y)
{
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

/* Before the cells [x, end) of a row are written: a wide character that lies half in and half out
 * loses the half that stays. */
static void free_halves(struct canvas *canvas, int x, int end, int y)
{
    struct cell *first = cell_at(canvas, x, y);
    if (first->width == 0 && x > 0) {
        uint8_t role = first[-1].role, attributes = first[-1].attributes;
        first[-1] = blank_cell;
        first[-1].role = role;
        first[-1].attributes = attributes;
    }
    if (end < canvas->width) {
        struct cell *next = cell_at(canvas, end, y);
        if (next->width == 0) {
            uint8_t role = next->role, attributes = next->attributes;
            *next = blank_cell;
            next->role = role;
            next->attributes = attributes;
        }
    }
}

/* ---- graphemes ---- */

/* Characters that belong to the one before them: width 0, skin tones, and whatever follows a
 * joiner. */
static bool is_extension(uint32_t code_point, uint32_t before)
{
    if (code_point < 0x80u) {
        return false;
    }
    return utf8_width(code_point) == 0 || (code_point >= 0x1F3FBu && code_point <= 0x1F3FFu) ||
           before == ZERO_WIDTH_JOINER;
}

static bool is_flag_letter(uint32_t code_point)
{
    return code_point >= 0x1F1E6u && code_point <= 0x1F1FFu;
}

/* The cleaned form of one character; false: it was harmful and is replaced. */
static bool clean_character(const char *s, size_t used, uint32_t code_point, char out[8])
{
    /* All that text_clean() replaces is malformed (one byte) or stands below this; the short way
     * matters for screens full of lines and bars. */
    if (code_point >= 0x2100u && used > 1) {
        memcpy(out, s, used);
        out[used] = '\0';
        return true;
    }
    text_clean_n(out, 8, s, used);
    return strlen(out) == used && memcmp(out, s, used) == 0;
}

/* Adds text to the grapheme; what does not fit any more is left out. */
static void add_text(struct grapheme *out, const char *text)
{
    size_t have = strlen(out->text), size = strlen(text);
    if (have + size <= CELL_BYTES) {
        memcpy(out->text + have, text, size);
    }
}

/* What ASCII mode shows of a grapheme. */
static void reduce_to_ascii(struct grapheme *out, uint32_t base)
{
    bool space = base == '\t' || base == '\n' || base == '\r' || base == 0xA0u;
    char shown = base >= 0x20u && base < 0x7fu ? (char)base : space ? ' ' : '?';
    memset(out->text, 0, sizeof(out->text));
    out->text[0] = shown;
}

/* The grapheme at s (len > 0 bytes are left): base, combining marks, joined emoji, flags. */
static void next_grapheme(const char *s, size_t len, bool ascii, struct grapheme *out)
{
    memset(out, 0, sizeof(*out));
    char clean[8];
    uint32_t base = 0;
    out->bytes = utf8_decode(s, len, &base);
    bool harmless = clean_character(s, out->bytes, base, clean);
    int width = harmless ? utf8_width(base) : 1;
    /* A mark without a base stands on a blank. */
    size_t start = width == 0 ? 1 : 0;
    out->text[0] = ' ';
    memcpy(out->text + start, clean, strlen(clean) + 1);
    out->width = width == 2 ? 2 : 1;
    uint32_t before = base;
    bool flag = is_flag_letter(base);
    while (harmless && out->bytes < len) {
        uint32_t next = 0;
        size_t used = utf8_decode(s + out->bytes, len - out->bytes, &next);
        bool second_letter = flag && is_flag_letter(next);
        if ((!second_letter && !is_extension(next, before)) ||
            !clean_character(s + out->bytes, used, next, clean)) {
            break;
        }
        if (second_letter) {
            flag = false;
            out->width = 2;
        }
        add_text(out, clean);
        out->bytes += used;
        before = next;
    }
    if (ascii) {
        reduce_to_ascii(out, base);
    }
}

static bool is_plain(const char *s)
{
    return (unsigned char)s[0] >= 0x20 && (unsigned char)s[0] < 0x7f &&
           (unsigned char)s[1] < 0x80; /* the terminator counts: nothing can combine with it */
}

static void put_cell(struct cell *cell, const char *text, int width, enum role role,
                     unsigned attributes)
{
    memcpy(cell->text, text, sizeof(cell->text));
    cell->role = (uint8_t)role;
    cell->attributes = (uint8_t)attributes;
    cell->width = (uint8_t)width;
}

/* Puts one grapheme at x, y; what the clip rectangle cuts becomes a blank, never half a character.
 */
static void put_grapheme(struct canvas *canvas, int x, int y, const struct grapheme *g,
                         enum role role, unsigned attributes)
{
    static const char blank[CELL_BYTES + 1] = " ";
    static const char nothing[CELL_BYTES + 1] = "";
    int left = canvas->clip.x, right = canvas->clip.x + canvas->clip.width;
    if (g->width == 2 && x >= left && x + 1 < right) {
        put_cell(cell_at(canvas, x, y), g->text, 2, role, attributes);
        put_cell(cell_at(canvas, x + 1, y), nothing, 0, role, attributes);
        return;
    }
    for (int i = 0; i < g->width; i++) {
        if (x + i >= left && x + i < right) {
            const char *text = g->width == 1 ? g->text : blank;
            put_cell(cell_at(canvas, x + i, y), text, 1, role, attributes);
        }
    }
}

/* In ASCII mode a wide character is two question marks, so that widths stay what they were. */
static void put_ascii_wide(struct canvas *canvas, int x, int y, enum role role, unsigned attributes)
{
    struct grapheme question = {.text = "?", .width = 1};
    put_grapheme(canvas, x, y, &question, role, attributes);
    put_grapheme(canvas, x + 1, y, &question, role, attributes);
}

/* Columns of text, but no more than limit + 1 are counted. */
static int measure(const char *text, size_t len, int limit)
{
    int columns = 0;
    struct grapheme g;
    for (size_t i = 0; i < len && columns <= limit;) {
        if (is_plain(text + i)) {
            columns++;
            i++;
            continue;
        }
        next_grapheme(text + i, len - i, false, &g);
        columns += g.width;
        i += g.bytes;
    }
    return columns;
}

/* Places text on the columns [x, x + columns) and returns how many it took. */
static int place(struct canvas *canvas, int x, int y, int columns, const char *text, size_t len,
                 enum role role, unsigned attributes)
{
    int left = canvas->clip.x, right = canvas->clip.x + canvas->clip.width, used = 0;
    struct grapheme g;
    for (size_t i = 0; i < len && used < columns && x + used < right;) {
        if (is_plain(text + i)) {
            if (x + used >= left) {
                char one[CELL_BYTES + 1] = {text[i]};
                put_cell(cell_at(canvas, x + used, y), one, 1, role, attributes);
            }
            used++;
            i++;
            continue;
        }
        next_grapheme(text + i, len - i, canvas->ascii, &g);
        if (used + g.width > columns) {
            break;
        }
        if (canvas->ascii && g.width == 2) {
            put_ascii_wide(canvas, x + used, y, role, attributes);
        } else {
            put_grapheme(canvas, x + used, y, &g, role, attributes);
        }
        used += g.width;
        i += g.bytes;
    }
    return used;
}

/* The clip rectangle in one row: false when nothing of [x, x + columns) can be seen there. */
static bool prepare_row(struct canvas *canvas, int x, int y, int columns)
{
    struct rect seen = intersect((struct rect){x, y, columns, 1}, canvas->clip);
    if (seen.width == 0 || seen.height == 0) {
        return false;
    }
    free_halves(canvas, seen.x, seen.x + seen.width, y);
    return true;
}

int canvas_text(struct canvas *canvas, int x, int y, int columns, const char *text, enum role role,
                unsigned attributes)
{
    if (text == NULL || columns <= 0 || text[0] == '\0') {
        return 0;
    }
    if (columns > MAX_SIDE) {
        columns = MAX_SIDE;
    }
    size_t len = strlen(text);
    int wanted = measure(text, len, columns), used = wanted < columns ? wanted : columns;
    if (!prepare_row(canvas, x, y, used)) {
        return used;
    }
    if (wanted <= columns) {
        place(canvas, x, y, columns, text, len, role, attributes);
        return wanted;
    }
    used = place(canvas, x, y, columns - 1, text, len, role, attributes);
    const char *dots = canvas_glyph(canvas, GLYPH_ELLIPSIS);
    used += place(canvas, x + used, y, 1, dots, strlen(dots), role, attributes);
    /* A wide character that did not fit before the ellipsis leaves one column. */
    while (used < columns && x + used < canvas->clip.x + canvas->clip.width) {
        place(canvas, x + used, y, 1, " ", 1, role, attributes);
        used++;
    }
    return columns;
}

int canvas_text_right(struct canvas *canvas, int x, int y, int columns, const char *text,
                      enum role role, unsigned attributes)
{
    if (text == NULL || columns <= 0) {
        return 0;
    }
    if (columns > MAX_SIDE) {
        columns = MAX_SIDE;
    }
    int wanted = measure(text, strlen(text), columns);
    int shift = wanted < columns ? columns - wanted : 0;
    return canvas_text(canvas, x + shift, y, columns - shift, text, role, attributes);
}

void canvas_repeat(struct canvas *canvas, int x, int y, int columns, const char *text,
                   enum role role)
{
    struct rect seen = intersect((struct rect){x, y, columns, 1}, canvas->clip);
    struct grapheme g;
    if (seen.width == 0 || seen.height == 0 || text[0] == '\0') {
        return;
    }
    free_halves(canvas, seen.x, seen.x + seen.width, y);
    next_grapheme(text, strlen(text), canvas->ascii, &g);
    for (int i = 0; i < seen.width && g.width == 1; i++) {
        put_cell(cell_at(canvas, seen.x + i, y), g.text, 1, role, 0);
    }
}

void canvas_fill(struct canvas *canvas, struct rect area, enum role role, unsigned attributes)
{
    struct rect seen = intersect(area, canvas->clip);
    if (seen.width == 0) {
        return;
    }
    struct cell cell = blank_cell;
    cell.role = (uint8_t)role;
    cell.attributes = (uint8_t)attributes;
    for (int y = seen.y; y < seen.y + seen.height; y++) {
        free_halves(canvas, seen.x, seen.x + seen.width, y);
        struct cell *row = cell_at(canvas, seen.x, y);
        for (int i = 0; i < seen.width; i++) {
            row[i] = cell;
        }
    }
}

void canvas_tint(struct canvas *canvas, struct rect area, enum role role, unsigned attributes)
{
    struct rect seen = intersect(area, canvas->clip);
    for (int y = seen.y; y < seen.y + seen.height; y++) {
        struct cell *row = cell_at(canvas, seen.x, y);
        for (int i = 0; i < seen.width; i++) {
            row[i].role = (uint8_t)role;
            row[i].attributes = (uint8_t)attributes;
        }
    }
}

void canvas_cursor(struct canvas *canvas, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < canvas->width && y < canvas->height;
    canvas->cursor_x = inside ? x : -1;
    canvas->cursor_y = inside ? y : -1;
}

void canvas_get_cursor(const struct canvas *canvas, int *x, int *y)
{
    *x = canvas->cursor_x;
    *y = canvas->cursor_y;
}
