/* SPDX-License-Identifier: MIT
 *
 * The table widget: columns, sort, filter, selection and scroll over rows that belong to somebody
 * else (the snapshot). Selection and scroll follow ids when rows come, go or change places. Rows
 * are sorted and filtered once per generation; texts are made for visible rows only. Rows may form
 * a tree of two levels; a sort then orders the roots, and the children below each root.
 *
 * A table owns its order, its filter and a copy of the selected id, never a row.
 */
#ifndef HVGPU_CONSOLE_TABLE_H
#define HVGPU_CONSOLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/canvas.h"
#include "console/filter.h"
#include "console/input.h"

#define TABLE_TEXT      224
#define TABLE_ID        288
#define TABLE_COLUMNS   24
#define TABLE_NO_PARENT SIZE_MAX

struct table;

/* What a cell shows. Filled by a column; role and attributes come preset to text. */
struct table_cell {
    char text[TABLE_TEXT];
    enum role role;
    unsigned attributes;
};

/* What a row sorts by: text, or a number. Unknown ones stand last in either direction. */
struct table_key {
    const char *text; /* NULL: number counts */
    uint64_t number;
    bool known;
};

struct table_column {
    const char *name;  /* "state": sort and field:value */
    const char *title; /* "STATE" */
    int min, max;      /* columns on the screen; max 0: as wide as is left */
    int good;          /* up to this width it matters more than less important columns; 0: min */
    int priority;      /* 0: never hidden; the greatest goes first when it gets narrow */
    bool right;        /* right-aligned */
    bool descending;   /* the first sort by it starts with the greatest */
    void (*text)(const struct table *table, const void *row, struct table_cell *out);
    /* Draws instead of text, in its `min` columns; text still serves the filter. May be NULL. */
    void (*draw)(const struct table *table, struct canvas *canvas, int x, int y, int width,
                 const void *row);
    /* Text for the filter without formatting; NULL: text() is used. */
    const char *(*field)(const struct table *table, const void *row, char *scratch, size_t size);
    /* NULL: cannot be sorted by. */
    void (*key)(const struct table *table, const void *row, struct table_key *out);
};

struct table_ops {
    const struct table_column *columns; /* at most TABLE_COLUMNS */
    size_t column_count;
    const void *(*row)(const void *context, size_t index);
    /* The row's id; may use scratch. */
    const char *(*id)(const void *row, char *scratch, size_t size);
    /* Index of the root that the row stands under; NULL: a flat table. */
    size_t (*parent)(const void *context, size_t index);
    /* Without a sort, such rows (a child goes with its root) stand above the others; NULL: the
     * order of the source. */
    bool (*first)(const void *context, size_t index);
};

struct table {
    const struct table_ops *ops;
    void *context;
    struct filter filter;
    int sort; /* column; -1: the order of the source */
    bool reverse;
    uint32_t *order; /* shown rows -> index in the source */
    size_t count;    /* shown rows */
    size_t matched;  /* of them: rows that match (a root may stand there for its child) */
    size_t total;    /* rows of the source */
    size_t capacity;
    size_t selected; /* position in order */
    size_t top;      /* first row on the screen */
    size_t drawing;  /* position of the row whose texts are being made */
    char selected_id[TABLE_ID];
    uint64_t generation;
    bool stale;                 /* must be rebuilt */
    struct rect area;           /* where it was drawn last, for the mouse and for pages */
    int natural[TABLE_COLUMNS]; /* widest text seen; only grows while the area stays */
    int widths[TABLE_COLUMNS];  /* 0: hidden */
    int positions[TABLE_COLUMNS];
    struct table_cell *cells; /* scratch for visible rows */
    size_t cell_capacity;
};

void table_init(struct table *table, const struct table_ops *ops, void *context);
void table_done(struct table *table);

/* Must be called before anything else looks at rows, with the source's present count and
 * generation; does nothing when neither they nor filter and sort have changed. True: rebuilt. */
bool table_sync(struct table *table, size_t total, uint64_t generation);

void table_draw(struct table *table, struct canvas *canvas, struct rect area, const char *empty);
/* Clicks and wheel. True: used; *opened is set when the selected row was clicked again. */
bool table_mouse(struct table *table, const struct input *input, bool *opened);

const void *table_selected(const struct table *table);    /* NULL: no row */
const char *table_selected_id(const struct table *table); /* "" */
const void *table_row(const struct table *table, size_t position);
bool table_select_id(struct table *table, const char *id); /* false: not shown */
void table_move(struct table *table, long rows);
void table_page(struct table *table, int halves); /* -2 page up, 1 half a page down ... */
void table_home(struct table *table);
void table_end(struct table *table);
/* Next or previous row (direction 1, -1) that contains the words; wraps. */
bool table_search(struct table *table, const char *text, int direction);

void table_set_filter(struct table *table, const char *text);
bool table_set_sort(struct table *table, const char *column); /* again: reverses; "" source order */
void table_reverse(struct table *table);
/* "12 of 340 GPUs", or "340 GPUs"; noun: the plural, which is one letter more than the singular. */
void table_status(const struct table *table, const char *noun, char *out, size_t size);

/* The line below a filtered list: the filter, and how much it shows. */
void table_filter_line(struct canvas *canvas, struct rect line, const struct filter *filter,
                       size_t matched, size_t total);

/* Cell helpers for columns. */
void table_cell_set(struct table_cell *cell, enum role role, const char *text);
void table_cell_dash(struct table_cell *cell); /* not known */

#endif
