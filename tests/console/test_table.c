/* SPDX-License-Identifier: MIT
 *
 * The table widget on a canvas: selection and scroll by id, order, filter, columns that vanish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/table.h"
#include "core/base/text.h"

struct item {
    const char *id, *state, *parent;
    uint64_t size;
    bool known;
};

struct source {
    struct item items[600];
    size_t count;
    uint64_t generation;
    int texts; /* cells that were made */
};

static void name_text(const struct table *table, const void *row, struct table_cell *out)
{
    ((struct source *)table->context)->texts++;
    table_cell_set(out, ROLE_TEXT, ((const struct item *)row)->id);
}

static void name_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.text = ((const struct item *)row)->id, .known = true};
}

static void state_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    table_cell_set(out, ROLE_GOOD, ((const struct item *)row)->state);
}

static void size_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct item *item = row;
    char text[32];
    (void)table;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)item->size);
    if (item->known) {
        table_cell_set(out, ROLE_TEXT, text);
    } else {
        table_cell_dash(out);
    }
}

static void size_key(const struct table *table, const void *row, struct table_key *out)
{
    const struct item *item = row;
    (void)table;
    *out = (struct table_key){.number = item->size, .known = item->known};
}

static const struct table_column columns[] = {
    {.name = "name", .title = "NAME", .min = 6, .max = 20, .text = name_text, .key = name_key},
    {.name = "state", .title = "STATE", .min = 7, .max = 10, .priority = 2, .text = state_text},
    {.name = "size",
     .title = "SIZE",
     .min = 6,
     .max = 6,
     .priority = 1,
     .right = true,
     .descending = true,
     .text = size_text,
     .key = size_key},
};

static const void *row_at(const void *context, size_t index)
{
    const struct source *source = context;
    return index < source->count ? &source->items[index] : NULL;
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    (void)scratch;
    (void)size;
    return ((const struct item *)row)->id;
}

static size_t row_parent(const void *context, size_t index)
{
    const struct source *source = context;
    for (size_t i = index; source->items[index].parent != NULL && i > 0; i--) {
        if (strcmp(source->items[i - 1].id, source->items[index].parent) == 0) {
            return i - 1;
        }
    }
    return TABLE_NO_PARENT;
}

static const struct table_ops flat = {
    .columns = columns, .column_count = 3, .row = row_at, .id = row_id};
static const struct table_ops tree = {
    .columns = columns, .column_count = 3, .row = row_at, .id = row_id, .parent = row_parent};

struct fixture {
    struct source source;
    struct table table;
    struct canvas *canvas;
};

static void add(struct fixture *f, const char *id, const char *state, uint64_t size, bool is_known)
{
    f->source.items[f->source.count++] =
        (struct item){.id = id, .state = state, .size = size, .known = is_known};
    f->source.generation++;
}

static void sync(struct fixture *f)
{
    table_sync(&f->table, f->source.count, f->source.generation);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->canvas = canvas_new(40, 6);
    assert_non_null(f->canvas);
    table_init(&f->table, &flat, &f->source);
    add(f, "beta", "running", 5, true);
    add(f, "alpha", "stopped", 0, false);
    add(f, "gamma10", "running", 20, true);
    add(f, "gamma2", "running", 7, true);
    sync(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    table_done(&f->table);
    canvas_free(f->canvas);
    free(f);
    return 0;
}

static void expect_order(const struct fixture *f, const char *wanted)
{
    char text[256] = "";
    for (size_t i = 0; i < f->table.count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
                 ((const struct item *)table_row(&f->table, i))->id);
    }
    assert_string_equal(text, wanted);
}

static void expect_screen(struct fixture *f, int width, int height, const char *wanted)
{
    canvas_resize(f->canvas, width, height);
    table_draw(&f->table, f->canvas, (struct rect){0, 0, width, height}, "nothing here");
    char *text = canvas_dump(f->canvas, false);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_source_order_is_kept_without_a_sort(void **state)
{
    struct fixture *f = *state;
    expect_order(f, "beta alpha gamma10 gamma2");
}

static void test_sort_is_natural_and_reverses(void **state)
{
    struct fixture *f = *state;
    assert_true(table_set_sort(&f->table, "name"));
    sync(f);
    expect_order(f, "alpha beta gamma2 gamma10");
    table_reverse(&f->table);
    sync(f);
    expect_order(f, "gamma10 gamma2 beta alpha");
    assert_false(table_set_sort(&f->table, "state")); /* has no key */
    assert_false(table_set_sort(&f->table, "nonsense"));
}

static void test_unknown_values_stand_last_in_both_directions(void **state)
{
    struct fixture *f = *state;
    assert_true(table_set_sort(&f->table, "size"));
    sync(f);
    expect_order(f, "gamma10 gamma2 beta alpha");
    assert_true(table_set_sort(&f->table, "size")); /* again: the other way round */
    sync(f);
    expect_order(f, "beta gamma2 gamma10 alpha");
}

static void test_selection_follows_its_id_when_rows_come_and_go(void **state)
{
    struct fixture *f = *state;
    table_move(&f->table, 2);
    assert_string_equal(table_selected_id(&f->table), "gamma10");
    memmove(&f->source.items[1], &f->source.items[0], 4 * sizeof(f->source.items[0]));
    f->source.items[0] = (struct item){.id = "aaa", .state = "running"};
    f->source.count++;
    f->source.generation++;
    sync(f);
    assert_int_equal(f->table.selected, 3);
    assert_string_equal(table_selected_id(&f->table), "gamma10");
    table_set_sort(&f->table, "name");
    sync(f);
    assert_string_equal(table_selected_id(&f->table), "gamma10");
    assert_int_equal(f->table.selected, 4);
}

static void test_selection_stays_in_place_when_its_row_goes(void **state)
{
    struct fixture *f = *state;
    table_move(&f->table, 1);
    f->source.items[1] = f->source.items[2];
    f->source.items[2] = f->source.items[3];
    f->source.count = 3;
    f->source.generation++;
    sync(f);
    assert_int_equal(f->table.selected, 1);
    assert_string_equal(table_selected_id(&f->table), "gamma10");
}

static void test_selection_comes_back_after_an_empty_moment(void **state)
{
    struct fixture *f = *state;
    table_move(&f->table, 2);
    f->source.count = 0;
    f->source.generation++;
    sync(f);
    assert_null(table_selected(&f->table));
    assert_string_equal(table_selected_id(&f->table), "");
    f->source.count = 4;
    f->source.generation++;
    sync(f);
    assert_string_equal(table_selected_id(&f->table), "gamma10");
}

static void test_scroll_keeps_the_selected_row_at_its_height(void **state)
{
    struct fixture *f = *state;
    static char ids[300][16];
    f->source.count = 0;
    for (int i = 0; i < 300; i++) {
        snprintf(ids[i], sizeof(ids[i]), "r%d", i);
        add(f, ids[i], "running", (uint64_t)i, true);
    }
    sync(f);
    table_draw(&f->table, f->canvas, (struct rect){0, 0, 40, 6}, "");
    table_move(&f->table, 100);
    table_draw(&f->table, f->canvas, (struct rect){0, 0, 40, 6}, "");
    size_t offset = f->table.selected - f->table.top;
    memmove(&f->source.items[10], &f->source.items[0], 300 * sizeof(f->source.items[0]));
    for (int i = 0; i < 10; i++) {
        f->source.items[i] = (struct item){.id = "new", .state = "running"};
    }
    f->source.count = 310;
    f->source.generation++;
    sync(f);
    table_draw(&f->table, f->canvas, (struct rect){0, 0, 40, 6}, "");
    assert_string_equal(table_selected_id(&f->table), "r100");
    assert_int_equal(f->table.selected - f->table.top, offset);
}

static void test_texts_are_made_for_visible_rows_only(void **state)
{
    struct fixture *f = *state;
    static char ids[500][16];
    f->source.count = 0;
    for (int i = 0; i < 500; i++) {
        snprintf(ids[i], sizeof(ids[i]), "r%d", i);
        add(f, ids[i], "running", (uint64_t)i, true);
    }
    table_set_sort(&f->table, "size");
    sync(f);
    f->source.texts = 0;
    table_draw(&f->table, f->canvas, (struct rect){0, 0, 40, 6}, "");
    assert_int_equal(f->source.texts, 5);
    f->source.texts = 0;
    table_move(&f->table, 1);
    sync(f);
    assert_int_equal(f->source.texts, 0);
}

static void test_filter_counts_and_shows_matches(void **state)
{
    struct fixture *f = *state;
    char text[64];
    table_set_filter(&f->table, "state:run !beta");
    sync(f);
    expect_order(f, "gamma10 gamma2");
    table_status(&f->table, "rows", text, sizeof(text));
    assert_string_equal(text, "2 of 4 rows");
    table_set_filter(&f->table, "");
    sync(f);
    table_status(&f->table, "rows", text, sizeof(text));
    assert_string_equal(text, "4 rows");
    table_set_filter(&f->table, "");
    f->source.count = 1;
    f->source.generation++;
    sync(f);
    table_status(&f->table, "rows", text, sizeof(text));
    assert_string_equal(text, "1 row");
}

static void test_search_goes_round(void **state)
{
    struct fixture *f = *state;
    assert_true(table_search(&f->table, "gamma", 1));
    assert_string_equal(table_selected_id(&f->table), "gamma10");
    assert_true(table_search(&f->table, "gamma", 1));
    assert_true(table_search(&f->table, "gamma", 1));
    assert_string_equal(table_selected_id(&f->table), "gamma10");
    assert_true(table_search(&f->table, "beta", -1));
    assert_false(table_search(&f->table, "nowhere", 1));
    assert_string_equal(table_selected_id(&f->table), "beta");
}

static void test_tree_stays_a_tree_when_sorted_and_filtered(void **state)
{
    struct fixture *f = *state;
    f->table.ops = &tree;
    f->source.count = 0;
    add(f, "vm2", "running", 1, true);
    add(f, "kid9", "running", 9, true);
    add(f, "kid1", "stopped", 1, true);
    add(f, "vm1", "running", 5, true);
    add(f, "kid5", "stopped", 5, true);
    f->source.items[1].parent = "vm2";
    f->source.items[2].parent = "vm2";
    f->source.items[4].parent = "vm1";
    table_set_sort(&f->table, "name");
    sync(f);
    expect_order(f, "vm1 kid5 vm2 kid1 kid9");
    table_reverse(&f->table);
    sync(f);
    expect_order(f, "vm2 kid9 kid1 vm1 kid5");
    table_set_filter(&f->table, "kid9"); /* its VM stands there for it */
    sync(f);
    expect_order(f, "vm2 kid9");
    assert_int_equal(f->table.matched, 1);
}

static void test_columns_vanish_one_by_one_when_it_gets_narrow(void **state)
{
    struct fixture *f = *state;
    f->source.count = 2;
    f->source.generation++;
    sync(f);
    expect_screen(f, 24, 4,
                  "NAME   STATE     SIZE\nbeta   running      5\nalpha  stopped      -\n\n");
    expect_screen(f, 16, 4, "NAME     SIZE\nbeta        5\nalpha       -\n\n");
    expect_screen(f, 8, 4, "NAME\nbeta\nalpha\n\n");
}

static void test_wide_characters_stay_aligned(void **state)
{
    struct fixture *f = *state;
    f->source.count = 0;
    add(f, "\xe6\xb5\x8b\xe8\xaf\x95", "running", 1, true);
    add(f, "e\xcc\x81x", "running", 22, true);
    sync(f);
    expect_screen(f, 24, 3,
                  "NAME   STATE     SIZE\n\xe6\xb5\x8b\xe8\xaf\x95   running      1\n"
                  "e\xcc\x81x     running     22\n");
}

static void test_empty_table_says_so(void **state)
{
    struct fixture *f = *state;
    f->source.count = 0;
    f->source.generation++;
    sync(f);
    expect_screen(f, 24, 4, "NAME   STATE     SIZE\n\nnothing here\n\n");
    table_move(&f->table, 5);
    table_page(&f->table, 2);
    table_home(&f->table);
    assert_null(table_selected(&f->table));
}

static void test_mouse_selects_rows_and_sorts_by_headings(void **state)
{
    struct fixture *f = *state;
    bool opened = false;
    struct input input = {.kind = INPUT_MOUSE, .mouse = MOUSE_PRESS, .x = 2, .y = 3};
    table_draw(&f->table, f->canvas, (struct rect){0, 0, 40, 6}, "");
    assert_true(table_mouse(&f->table, &input, &opened));
    assert_false(opened);
    assert_string_equal(table_selected_id(&f->table), "gamma10");
    assert_true(table_mouse(&f->table, &input, &opened));
    assert_true(opened);
    input.y = 0;
    assert_true(table_mouse(&f->table, &input, &opened));
    sync(f);
    expect_order(f, "alpha beta gamma2 gamma10");
    input.y = 5; /* below the last row */
    assert_false(table_mouse(&f->table, &input, &opened));
    input.x = 99;
    assert_false(table_mouse(&f->table, &input, &opened));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_source_order_is_kept_without_a_sort),
        T(test_sort_is_natural_and_reverses),
        T(test_unknown_values_stand_last_in_both_directions),
        T(test_selection_follows_its_id_when_rows_come_and_go),
        T(test_selection_stays_in_place_when_its_row_goes),
        T(test_selection_comes_back_after_an_empty_moment),
        T(test_scroll_keeps_the_selected_row_at_its_height),
        T(test_texts_are_made_for_visible_rows_only),
        T(test_filter_counts_and_shows_matches),
        T(test_search_goes_round),
        T(test_tree_stays_a_tree_when_sorted_and_filtered),
        T(test_columns_vanish_one_by_one_when_it_gets_narrow),
        T(test_wide_characters_stay_aligned),
        T(test_empty_table_says_so),
        T(test_mouse_selects_rows_and_sorts_by_headings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
