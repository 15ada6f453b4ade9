/* SPDX-License-Identifier: MIT
 *
 * The rows of a table: which are shown, in which order, and which one is selected. Rebuilt when the
 * source, the filter or the sort changes; everything else costs nothing per row.
 */
#include <stdlib.h>
#include <string.h>

#include "console/table.h"
#include "core/base/text.h"

enum { ROW_HIDDEN, ROW_CONTEXT, ROW_MATCH };

/* A row while it is being sorted. */
struct sort_item {
    struct table_key key;
    uint32_t index;
    uint32_t rank; /* of its root; equal for a root and its children */
    uint8_t child;
    uint8_t reverse;
};

static const char *row_id(const struct table *table, const void *row, char *scratch, size_t size)
{
    const char *id = row != NULL ? table->ops->id(row, scratch, size) : NULL;
    return id != NULL ? id : "";
}

void table_init(struct table *table, const struct table_ops *ops, void *context)
{
    memset(table, 0, sizeof(*table));
    table->ops = ops;
    table->context = context;
    table->sort = -1;
    table->stale = true;
}

void table_done(struct table *table)
{
    free(table->order);
    free(table->cells);
    table->order = NULL;
    table->cells = NULL;
    table->count = 0;
}

static void column_names(const struct table *table, const char *names[TABLE_COLUMNS + 1])
{
    size_t n = 0;
    for (; n < table->ops->column_count && n < TABLE_COLUMNS; n++) {
        names[n] = table->ops->columns[n].name;
    }
    names[n] = NULL;
}

static const char *field_text(const void *context, const void *row, int field, char *scratch,
                              size_t size)
{
    const struct table *table = context;
    const struct table_column *column = &table->ops->columns[field];
    if (column->field != NULL) {
        return column->field(table, row, scratch, size);
    }
    struct table_cell cell;
    table_cell_set(&cell, ROLE_TEXT, "");
    column->text(table, row, &cell);
    text_clean(scratch, size, cell.text);
    return scratch;
}

static bool row_matches(const struct table *table, const struct filter *filter, const void *row)
{
    return filter->count == 0 ||
           (row != NULL &&
            filter_matches(filter, table, row, (int)table->ops->column_count, field_text));
}

/* Digits count as numbers, so that gpu2 stands before gpu10; ASCII case does not matter. */
static int compare_text(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9') {
            a += strspn(a, "0");
            b += strspn(b, "0");
            size_t len_a = strspn(a, "0123456789");
            size_t len_b = strspn(b, "0123456789");
            int order = len_a != len_b ? (len_a < len_b ? -1 : 1) : memcmp(a, b, len_a);
            if (order != 0) {
                return order;
            }
            a += len_a;
            b += len_b;
            continue;
        }
        unsigned char left = (unsigned char)(*a >= 'A' && *a <= 'Z' ? *a + 32 : *a);
        unsigned char right = (unsigned char)(*b >= 'A' && *b <= 'Z' ? *b + 32 : *b);
        if (left != right) {
            return left < right ? -1 : 1;
        }
        a++;
        b++;
    }
    return *a != '\0' ? 1 : (*b != '\0' ? -1 : 0);
}

static int compare_keys(const struct sort_item *a, const struct sort_item *b)
{
    if (a->key.known != b->key.known) {
        return a->key.known ? -1 : 1;
    }
    int order = 0;
    if (a->key.known && a->key.text != NULL && b->key.text != NULL) {
        order = compare_text(a->key.text, b->key.text);
    } else if (a->key.known) {
        order = a->key.number < b->key.number ? -1 : (a->key.number > b->key.number ? 1 : 0);
    }
    return a->reverse ? -order : order;
}

static int compare_items(const void *left, const void *right)
{
    const struct sort_item *a = left;
    const struct sort_item *b = right;
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->child != b->child) {
        return a->child ? 1 : -1;
    }
    int order = compare_keys(a, b);
    return order != 0 ? order : (a->index < b->index ? -1 : (a->index > b->index ? 1 : 0));
}

static size_t parent_of(const struct table *table, size_t index)
{
    return table->ops->parent != NULL ? table->ops->parent(table->context, index) : TABLE_NO_PARENT;
}

/* Gives every root its place among the roots. */
static void rank_roots(const struct table *table, struct sort_item *items, size_t count,
                       uint32_t *ranks, size_t total)
{
    size_t roots = 0;
    for (size_t i = 0; i < count; i++) {
        if (!items[i].child) {
            struct sort_item root = items[i];
            items[i] = items[roots];
            items[roots++] = root;
        }
    }
    qsort(items, roots, sizeof(*items), compare_items);
    for (size_t i = 0; i < roots; i++) {
        ranks[items[i].index] = (uint32_t)i;
        items[i].rank = (uint32_t)i;
    }
    for (size_t i = roots; i < count; i++) {
        size_t parent = parent_of(table, items[i].index);
        items[i].rank = parent < total ? ranks[parent] : UINT32_MAX;
    }
}

static void sort_rows(struct table *table)
{
    const struct table_column *column = &table->ops->columns[table->sort];
    struct sort_item *items = calloc(table->count + 1, sizeof(*items));
    uint32_t *ranks = calloc(table->total + 1, sizeof(*ranks));
    if (items == NULL || ranks == NULL) {
        free(items);
        free(ranks);
        return; /* stays in the source's order */
    }
    for (size_t i = 0; i < table->count; i++) {
        items[i].index = table->order[i];
        items[i].reverse = table->reverse;
        const void *row = table->ops->row(table->context, table->order[i]);
        if (row != NULL) {
            column->key(table, row, &items[i].key);
        }
        items[i].child = parent_of(table, table->order[i]) != TABLE_NO_PARENT;
    }
    if (table->ops->parent != NULL) {
        rank_roots(table, items, table->count, ranks, table->total);
    }
    qsort(items, table->count, sizeof(*items), compare_items);
    for (size_t i = 0; i < table->count; i++) {
        table->order[i] = items[i].index;
    }
    free(items);
    free(ranks);
}

static bool stands_first(const struct table *table, size_t index)
{
    size_t parent = parent_of(table, index);
    return table->ops->first(table->context, parent != TABLE_NO_PARENT ? parent : index);
}

/* The order of the source, but with what matters most on top. */
static void raise_first(struct table *table)
{
    uint32_t *rest = malloc((table->count + 1) * sizeof(*rest));
    size_t raised = 0;
    size_t others = 0;
    if (rest == NULL) {
        return; /* stays in the source's order */
    }
    for (size_t i = 0; i < table->count; i++) {
        if (stands_first(table, table->order[i])) {
            table->order[raised++] = table->order[i];
        } else {
            rest[others++] = table->order[i];
        }
    }
    memcpy(table->order + raised, rest, others * sizeof(*rest));
    free(rest);
}

/* Marks what is shown; a root whose child matches stands there as context. */
static void filter_rows(struct table *table)
{
    uint8_t *marks = table->filter.count > 0 ? calloc(table->total + 1, 1) : NULL;
    table->count = 0;
    table->matched = 0;
    for (size_t i = 0; marks != NULL && i < table->total; i++) {
        if (!row_matches(table, &table->filter, table->ops->row(table->context, i))) {
            continue;
        }
        marks[i] = ROW_MATCH;
        table->matched++;
        size_t parent = parent_of(table, i);
        if (parent < table->total && marks[parent] == ROW_HIDDEN) {
            marks[parent] = ROW_CONTEXT;
        }
    }
    for (size_t i = 0; i < table->total; i++) {
        if (marks == NULL || marks[i] != ROW_HIDDEN) {
            table->order[table->count++] = (uint32_t)i;
        }
    }
    if (marks == NULL) {
        table->matched = table->total;
    }
    free(marks);
}

static void remember_selected(struct table *table)
{
    char scratch[TABLE_ID];
    const char *id = row_id(table, table_row(table, table->selected), scratch, sizeof(scratch));
    text_clean(table->selected_id, sizeof(table->selected_id), id);
}

/* Finds the selected id again; a row that is gone leaves the selection where it stood. */
static void follow_selected(struct table *table)
{
    size_t offset = table->selected - table->top;
    size_t place = table->count;
    char scratch[TABLE_ID];
    if (table->selected_id[0] != '\0') {
        for (size_t i = 0; i < table->count && place == table->count; i++) {
            const void *row = table_row(table, i);
            if (strcmp(row_id(table, row, scratch, sizeof(scratch)), table->selected_id) == 0) {
                place = i;
            }
        }
    }
    if (place < table->count) {
        table->selected = place;
        if (table->top > 0) {
            table->top = place > offset ? place - offset : 0;
        }
    } else if (table->count == 0) {
        table->selected = 0;
        table->top = 0;
        return; /* the id is kept: the row may come back with the next snapshot */
    } else {
        table->selected = table->selected < table->count ? table->selected : table->count - 1;
    }
    remember_selected(table);
}

bool table_sync(struct table *table, size_t total, uint64_t generation)
{
    if (!table->stale && table->generation == generation && table->total == total) {
        return false;
    }
    if (total > UINT32_MAX) {
        total = UINT32_MAX;
    }
    if (total > table->capacity || table->order == NULL) {
        size_t capacity = total + total / 4 + 64;
        uint32_t *order = realloc(table->order, capacity * sizeof(*order));
        if (order == NULL) {
            return false;
        }
        table->order = order;
        table->capacity = capacity;
    }
    table->stale = false;
    table->generation = generation;
    table->total = total;
    filter_rows(table);
    if (table->sort >= 0 && table->ops->columns[table->sort].key != NULL) {
        sort_rows(table);
    } else if (table->ops->first != NULL) {
        raise_first(table);
    }
    follow_selected(table);
    return true;
}

const void *table_row(const struct table *table, size_t position)
{
    return position < table->count ? table->ops->row(table->context, table->order[position]) : NULL;
}

const void *table_selected(const struct table *table)
{
    return table_row(table, table->selected);
}

const char *table_selected_id(const struct table *table)
{
    return table->count > 0 ? table->selected_id : "";
}

bool table_select_id(struct table *table, const char *id)
{
    char scratch[TABLE_ID];
    for (size_t i = 0; id != NULL && i < table->count; i++) {
        if (strcmp(row_id(table, table_row(table, i), scratch, sizeof(scratch)), id) == 0) {
            table->selected = i;
            remember_selected(table);
            return true;
        }
    }
    return false;
}

void table_move(struct table *table, long rows)
{
    if (table->count == 0) {
        return;
    }
    long last = (long)table->count - 1;
    long place = (long)table->selected;
    if (rows > last) {
        rows = last;
    } else if (rows < -last) {
        rows = -last;
    }
    place += rows;
    table->selected = (size_t)(place < 0 ? 0 : (place > last ? last : place));
    remember_selected(table);
}

void table_page(struct table *table, int halves)
{
    int rows = table->area.height > 2 ? table->area.height - 1 : 2;
    table_move(table, (long)halves * rows / 2);
}

void table_home(struct table *table)
{
    table_move(table, -(long)table->count);
}

void table_end(struct table *table)
{
    table_move(table, (long)table->count);
}

bool table_search(struct table *table, const char *text, int direction)
{
    const char *names[TABLE_COLUMNS + 1];
    column_names(table, names);
    struct filter filter;
    filter_parse(&filter, text, names);
    for (size_t i = 1; filter.count > 0 && i <= table->count; i++) {
        size_t step = direction < 0 ? table->count - i : i;
        size_t place = (table->selected + step) % table->count;
        if (row_matches(table, &filter, table_row(table, place))) {
            table->selected = place;
            remember_selected(table);
            return true;
        }
    }
    return false;
}

void table_set_filter(struct table *table, const char *text)
{
    const char *names[TABLE_COLUMNS + 1];
    column_names(table, names);
    filter_parse(&table->filter, text != NULL ? text : "", names);
    table->stale = true;
}

bool table_set_sort(struct table *table, const char *column)
{
    if (column == NULL || column[0] == '\0') {
        table->sort = -1;
        table->reverse = false;
        table->stale = true;
        return true;
    }
    for (size_t i = 0; i < table->ops->column_count; i++) {
        const struct table_column *c = &table->ops->columns[i];
        if (c->key != NULL && text_equal_nocase(c->name, column)) {
            bool again = table->sort == (int)i;
            table->reverse = again ? !table->reverse : c->descending;
            table->sort = (int)i;
            table->stale = true;
            return true;
        }
    }
    return false;
}

void table_reverse(struct table *table)
{
    if (table->sort >= 0) {
        table->reverse = !table->reverse;
        table->stale = true;
    }
}
