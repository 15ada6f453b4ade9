/* SPDX-License-Identifier: MIT
 *
 * The canvas: a grid of cells in memory that views draw on. A cell is one grapheme (a base
 * character with its combining marks), a role of the theme and attributes. Wide characters take
 * two cells. Views know roles, never colours; the terminal (term.h) turns the difference between
 * two canvases into output.
 */
#ifndef HVGPU_CONSOLE_CANVAS_H
#define HVGPU_CONSOLE_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/role.h"

#define CELL_BYTES 23 /* UTF-8 of one grapheme; longer clusters are cut */

struct cell {
    char text[CELL_BYTES + 1]; /* "" : right half of a wide character */
    uint8_t role;              /* enum role */
    uint8_t attributes;        /* ATTRIBUTE_* */
    uint8_t width;             /* 0 (right half), 1, 2 */
};

enum { ATTRIBUTE_BOLD = 1, ATTRIBUTE_REVERSE = 2, ATTRIBUTE_UNDERLINE = 4, ATTRIBUTE_DIM = 8 };

struct rect {
    int x, y, width, height;
};

struct canvas;
struct canvas *canvas_new(int width, int height);
void canvas_free(struct canvas *canvas);
bool canvas_resize(struct canvas *canvas, int width, int height); /* content is cleared */
void canvas_clear(struct canvas *canvas);
int canvas_width(const struct canvas *canvas);
int canvas_height(const struct canvas *canvas);
/* ASCII only: boxes, bars and glyphs are drawn with ASCII characters, others become '?'. */
void canvas_set_ascii(struct canvas *canvas, bool ascii);
bool canvas_is_ascii(const struct canvas *canvas);
const struct cell *canvas_cell(const struct canvas *canvas, int x, int y);
/* All cells of row y (0 <= y < height), side by side: terminals compare and write rows. Unused
 * bytes of a cell's text are 0, so that equal cells are equal bytes. */
const struct cell *canvas_row(const struct canvas *canvas, int y);
/* Makes out the same size and content as canvas. False: out of memory, out is as it was. */
bool canvas_copy(struct canvas *out, const struct canvas *canvas);

/* All drawing is clipped to the clip rectangle; the default is everything. */
void canvas_clip(struct canvas *canvas, struct rect clip);
void canvas_unclip(struct canvas *canvas);

/* Draws text (cleaned: control characters never reach a cell) at most `columns` wide and returns
 * the columns used. Longer text ends with an ellipsis. Never splits a wide character. */
int canvas_text(struct canvas *canvas, int x, int y, int columns, const char *text, enum role role,
                unsigned attributes);
/* The same, right-aligned within columns. */
int canvas_text_right(struct canvas *canvas, int x, int y, int columns, const char *text,
                      enum role role, unsigned attributes);
/* The same one-column text `columns` times: lines and bars. */
void canvas_repeat(struct canvas *canvas, int x, int y, int columns, const char *text,
                   enum role role);
void canvas_fill(struct canvas *canvas, struct rect area, enum role role, unsigned attributes);
/* Changes role and attributes of cells without changing their text (selection bar). */
void canvas_tint(struct canvas *canvas, struct rect area, enum role role, unsigned attributes);
void canvas_box(struct canvas *canvas, struct rect area, const char *title, enum role role);
void canvas_hline(struct canvas *canvas, int x, int y, int width, enum role role);

/* Glyphs that have an ASCII form. */
enum glyph {
    GLYPH_ELLIPSIS, GLYPH_UP, GLYPH_DOWN, GLYPH_TREE_BRANCH, GLYPH_TREE_LAST, GLYPH_TREE_DOWN,
    GLYPH_BULLET, GLYPH_CHECK, GLYPH_CROSS, GLYPH_QUESTION, GLYPH_WARNING, GLYPH_DASH,
    GLYPH_RUN, GLYPH_STOP, GLYPH_PAUSE, GLYPH_FULL, GLYPH_EMPTY, GLYPH_HALF, GLYPH_DOT, GLYPH_GAP,
    GLYPH_COUNT
};
const char *canvas_glyph(const struct canvas *canvas, enum glyph glyph);

/* Bars and sparklines. permille 0..1000, more is drawn as 1000; CANVAS_UNKNOWN (and above, for a
 * bar) draws a dash. */
#define CANVAS_UNKNOWN UINT16_MAX
void canvas_bar(struct canvas *canvas, int x, int y, int width, unsigned permille, enum role role);
void canvas_spark(struct canvas *canvas, int x, int y, int width, const uint16_t *permille,
                  size_t count, enum role role);

/* The hardware cursor: where the terminal leaves it (screen readers); hidden: x = -1. */
void canvas_cursor(struct canvas *canvas, int x, int y);
void canvas_get_cursor(const struct canvas *canvas, int *x, int *y);

/* The whole canvas as text, rows ended by '\n', trailing blanks cut. New memory. For dumps, golden
 * screens and tests. With roles: a second block with one letter a cell names the role: '.' for
 * text, then a..z and A..Z in the order of ROLE_LIST. */
char *canvas_dump(const struct canvas *canvas, bool roles);

#endif
