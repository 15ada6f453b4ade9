/* SPDX-License-Identifier: MIT
 *
 * Drawing a table: which columns fit, how wide they are, the header, the visible rows. Widths
 * follow the texts that have been seen and only grow, so that scrolling does not make columns jump.
 */
#include "console/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/wrap.h"
#include "core/base/text.h"

void table_cell_set(struct table_cell *cell, enum role role, const char *text)
{
    cell->role = role;
    cell->attributes = 0;
    text_clean(cell->text, sizeof(cell->text), text);
}

void table_cell_dash(struct table_cell *cell)
{
    table_cell_set(cell, ROLE_UNKNOWN, "-");
}

void table_status(const struct table *table, const char *noun, char *out, size_t size)
{
    size_t len = strlen(noun);
    int letters = (int)(table->total == 1 && len > 0 ? len - 1 : len); /* "1 check" */
    if (table->filter.count > 0) {
        snprintf(out, size, "%zu of %zu %.*s", table->matched, table->total, letters, noun);
    } else {
        snprintf(out, size, "%zu %.*s", table->total, letters, noun);
    }
}

static size_t visible_rows(const struct table *table)
{
    size_t height = table->area.height > 1 ? (size_t)table->area.height - 1 : 0;
    size_t left = table->count > table->top ? table->count - table->top : 0;
    return left < height ? left : height;
}

/* Keeps the selected row on the screen, and no empty rows below the last one. */
static void scroll_to_selected(struct table *table)
{
    size_t height = table->area.height > 2 ? (size_t)table->area.height - 1 : 1;
    if (table->selected < table->top) {
        table->top = table->selected;
    } else if (table->selected >= table->top + height) {
        table->top = table->selected - height + 1;
    }
    if (table->top + height > table->count) {
        table->top = table->count > height ? table->count - height : 0;
    }
}

static int title_width(const struct table *table, size_t column)
{
    return utf8_columns(table->ops->columns[column].title) + (table->sort == (int)column ? 2 : 0);
}

static bool make_cells(struct table *table, size_t rows)
{
    size_t columns = table->ops->column_count;
    if (rows * columns > table->cell_capacity) {
        struct table_cell *cells = realloc(table->cells, rows * columns * sizeof(*cells));
        if (cells == NULL) {
            return false;
        }
        table->cells = cells;
        table->cell_capacity = rows * columns;
    }
    for (size_t r = 0; r < rows; r++) {
        table->drawing = table->top + r;
        const void *row = table_row(table, table->drawing);
        for (size_t c = 0; c < columns; c++) {
            struct table_cell *cell = &table->cells[r * columns + c];
            cell->text[0] = '\0';
            cell->role = ROLE_TEXT;
            cell->attributes = 0;
            const struct table_column *column = &table->ops->columns[c];
            if (row != NULL && column->draw == NULL) {
                column->text(table, row, cell);
                int width = utf8_columns(cell->text);
                table->natural[c] = width > table->natural[c] ? width : table->natural[c];
            }
        }
    }
    return true;
}

static int wanted_width(const struct table *table, size_t c)
{
    const struct table_column *column = &table->ops->columns[c];
    int wanted = title_width(table, c);
    if (column->draw == NULL && table->natural[c] > wanted) {
        wanted = table->natural[c];
    }
    wanted = wanted < column->min ? column->min : wanted;
    return column->max > 0 && wanted > column->max ? column->max : wanted;
}

/* The width below which a column is not squeezed while a less important one could vanish. */
static int needed_width(const struct table *table, size_t c)
{
    const struct table_column *column = &table->ops->columns[c];
    int wanted = wanted_width(table, c);
    int good = column->good > column->min ? column->good : column->min;
    return wanted < good ? wanted : good;
}

/* The column that the rows are sorted by matters as much as a column can that may vanish. */
static int priority_of(const struct table *table, size_t c)
{
    int priority = table->ops->columns[c].priority;
    return table->sort == (int)c && priority > 1 ? 1 : priority;
}

/* The least important columns vanish until the rest fits; the ones that never vanish may then be
 * squeezed. */
static void hide_columns(struct table *table, int available, int gap)
{
    size_t columns = table->ops->column_count;
    for (;;) {
        int sum = -gap;
        size_t worst = columns;
        for (size_t c = 0; c < columns; c++) {
            if (table->widths[c] == 0) {
                continue;
            }
            sum += needed_width(table, c) + gap;
            int priority = priority_of(table, c);
            if (priority > 0 && (worst == columns || priority >= priority_of(table, worst))) {
                worst = c;
            }
        }
        if (sum <= available || worst == columns) {
            return;
        }
        table->widths[worst] = 0;
    }
}

/* Shows the columns again that fit at their smallest into what is left after all. */
static int refill_columns(struct table *table, int left, int gap)
{
    for (int priority = 0; priority < 32; priority++) {
        for (size_t c = 0; c < table->ops->column_count; c++) {
            const struct table_column *column = &table->ops->columns[c];
            if (table->widths[c] == 0 && priority_of(table, c) == priority &&
                column->min + gap <= left) {
                table->widths[c] = column->min;
                left -= column->min + gap;
            }
        }
    }
    return left;
}

/* Gives what is left to the most important columns first, up to the width each one needs, or up to
 * the width it could use. Returns what is still left. */
static int grow_columns(struct table *table, int left, bool all)
{
    for (int priority = 0; left > 0 && priority < 32; priority++) {
        for (size_t c = 0; left > 0 && c < table->ops->column_count; c++) {
            if (table->widths[c] == 0 || priority_of(table, c) != priority) {
                continue;
            }
            int target = all ? wanted_width(table, c) : needed_width(table, c);
            int more = target - table->widths[c];
            more = more < left ? more : left;
            if (more > 0) {
                table->widths[c] += more;
                left -= more;
            }
        }
    }
    return left;
}

static void layout_columns(struct table *table)
{
    size_t columns = table->ops->column_count;
    int gap = table->area.width >= 132 ? 2 : 1;
    for (size_t c = 0; c < columns; c++) {
        table->widths[c] = 1;
    }
    hide_columns(table, table->area.width, gap);
    int left = table->area.width + gap;
    for (size_t c = 0; c < columns; c++) {
        if (table->widths[c] > 0) {
            table->widths[c] = table->ops->columns[c].min;
            left -= table->widths[c] + gap;
        }
    }
    left = grow_columns(table, left, false);
    left = refill_columns(table, left, gap);
    grow_columns(table, left, true);
    int x = table->area.x;
    for (size_t c = 0; c < columns; c++) {
        table->positions[c] = x;
        x += table->widths[c] > 0 ? table->widths[c] + gap : 0;
    }
}

static void draw_header(const struct table *table, struct canvas *canvas)
{
    struct rect line = table->area;
    line.height = 1;
    canvas_fill(canvas, line, ROLE_HEADER, 0);
    for (size_t c = 0; c < table->ops->column_count; c++) {
        const struct table_column *column = &table->ops->columns[c];
        if (table->widths[c] == 0) {
            continue;
        }
        char title[64];
        bool sorted = table->sort == (int)c;
        snprintf(title, sizeof(title), "%s%s%s", column->title, sorted ? " " : "",
                 sorted ? canvas_glyph(canvas, table->reverse ? GLYPH_DOWN : GLYPH_UP) : "");
        enum role role = sorted ? ROLE_HEADER_SORT : ROLE_HEADER;
        unsigned attributes = sorted ? ATTRIBUTE_REVERSE : 0;
        if (column->right) {
            canvas_text_right(canvas, table->positions[c], line.y, table->widths[c], title, role,
                              attributes);
        } else {
            canvas_text(canvas, table->positions[c], line.y, table->widths[c], title, role,
                        attributes);
        }
    }
}

static void highlight_match(const struct table *table, struct canvas *canvas,
                            const struct table_cell *cell, int x, int y, int width)
{
    size_t start;
    size_t len;
    if (!filter_find(&table->filter, cell->text, &start, &len)) {
        return;
    }
    char part[TABLE_TEXT];
    text_clean_n(part, sizeof(part), cell->text, start);
    int before = utf8_columns(part);
    text_clean_n(part, sizeof(part), cell->text + start, len);
    int columns = utf8_columns(part);
    if (before + columns <= width) {
        canvas_tint(canvas, (struct rect){x + before, y, columns, 1}, ROLE_MATCH,
                    ATTRIBUTE_UNDERLINE);
    }
}

static void draw_row(const struct table *table, struct canvas *canvas, size_t r)
{
    int y = table->area.y + 1 + (int)r;
    bool selected = table->top + r == table->selected;
    struct rect line = {table->area.x, y, table->area.width, 1};
    for (size_t c = 0; c < table->ops->column_count; c++) {
        const struct table_column *column = &table->ops->columns[c];
        int x = table->positions[c];
        int width = table->widths[c];
        if (width == 0) {
            continue;
        }
        if (column->draw != NULL) {
            column->draw(table, canvas, x, y, width, table_row(table, table->top + r));
            continue;
        }
        const struct table_cell *cell = &table->cells[r * table->ops->column_count + c];
        if (column->right) {
            canvas_text_right(canvas, x, y, width, cell->text, cell->role, cell->attributes);
            continue;
        }
        canvas_text(canvas, x, y, width, cell->text, cell->role, cell->attributes);
        if (table->filter.count > 0 && !selected) {
            highlight_match(table, canvas, cell, x, y, width);
        }
    }
    if (selected) {
        canvas_tint(canvas, line, ROLE_SELECTED, 0);
        canvas_cursor(canvas, table->area.x, y);
    }
}

void table_filter_line(struct canvas *canvas, struct rect line, const struct filter *filter,
                       size_t matched, size_t total)
{
    char text[FILTER_TEXT + 96];
    snprintf(text, sizeof(text), "%zu of %zu", matched, total);
    int used = canvas_text(canvas, line.x, line.y, line.width, text, ROLE_STRONG, 0) + 2;
    snprintf(text, sizeof(text), "/%s", filter->source);
    used += canvas_text(canvas, line.x + used, line.y, line.width - used, text, ROLE_MATCH, 0) + 2;
    if (line.width - used > 12) {
        canvas_text(canvas, line.x + used, line.y, line.width - used, "Esc clears", ROLE_DIM, 0);
    }
}

void table_draw(struct table *table, struct canvas *canvas, struct rect area, const char *empty)
{
    if (area.width != table->area.width) {
        memset(table->natural, 0, sizeof(table->natural));
    }
    if (table->filter.count > 0 && area.height >= 5 && area.width > 0) {
        area.height--;
        table_filter_line(canvas, (struct rect){area.x, area.y + area.height, area.width, 1},
                          &table->filter, table->matched, table->total);
    }
    table->area = area;
    if (area.width < 1 || area.height < 1) {
        return;
    }
    scroll_to_selected(table);
    size_t rows = visible_rows(table);
    if (!make_cells(table, rows)) {
        return;
    }
    layout_columns(table);
    draw_header(table, canvas);
    for (size_t r = 0; r < rows; r++) {
        table->drawing = table->top + r;
        draw_row(table, canvas, r);
    }
    if (table->count == 0 && area.height > 2) {
        bool filtered = table->filter.count > 0 && table->total > 0;
        int pad = area.width > 30 ? 2 : 0;
        wrap_draw(canvas,
                  (struct rect){area.x + pad, area.y + 2, area.width - pad, area.height - 2},
                  filtered ? "no row matches the filter; Esc clears it" : empty, 0, ROLE_DIM, 0);
    }
}

static bool click(struct table *table, const struct input *input, bool *opened)
{
    if (input->y == table->area.y) {
        for (size_t c = 0; c < table->ops->column_count; c++) {
            int x = table->positions[c];
            if (table->widths[c] > 0 && input->x >= x && input->x < x + table->widths[c]) {
                return table_set_sort(table, table->ops->columns[c].name);
            }
        }
        return false;
    }
    size_t place = table->top + (size_t)(input->y - table->area.y - 1);
    if (place >= table->count) {
        return false;
    }
    *opened = place == table->selected;
    table_move(table, (long)place - (long)table->selected);
    return true;
}

bool table_mouse(struct table *table, const struct input *input, bool *opened)
{
    *opened = false;
    const struct rect *area = &table->area;
    if (input->kind != INPUT_MOUSE || input->x < area->x || input->x >= area->x + area->width ||
        input->y < area->y || input->y >= area->y + area->height) {
        return false;
    }
    switch (input->mouse) {
    case MOUSE_PRESS:
        return click(table, input, opened);
    case MOUSE_WHEEL_UP:
        table_move(table, -3);
        return true;
    case MOUSE_WHEEL_DOWN:
        table_move(table, 3);
        return true;
    }
    return false;
}
