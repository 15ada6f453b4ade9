/* SPDX-License-Identifier: MIT
 *
 * Numbers of the table over 10,000 rows: a filter keystroke (the whole list is looked at), a sort,
 * a new generation without either, a step of the cursor with its drawing. Best and median of runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console/table.h"
#include "core/base/text.h"

enum { ROWS = 10000, RUNS = 41 };

struct item {
    char id[48], name[32], image[64];
    const char *state, *owner;
    uint64_t memory;
};

static struct item *items;

#define FIELD(member)                                                                              \
    static const char *member##_field(const struct table *table, const void *row, char *scratch,   \
                                      size_t size)                                                 \
    {                                                                                              \
        (void)table;                                                                               \
        (void)scratch;                                                                             \
        (void)size;                                                                                \
        return ((const struct item *)row)->member;                                                 \
    }                                                                                              \
    static void member##_text(const struct table *table, const void *row, struct table_cell *out)  \
    {                                                                                              \
        table_cell_set(out, ROLE_TEXT, member##_field(table, row, NULL, 0));                       \
    }                                                                                              \
    static void member##_key(const struct table *table, const void *row, struct table_key *out)    \
    {                                                                                              \
        *out = (struct table_key){.text = member##_field(table, row, NULL, 0), .known = true};     \
    }
FIELD(id)
FIELD(name)
FIELD(image)
FIELD(state)
FIELD(owner)

static void memory_text(const struct table *table, const void *row, struct table_cell *out)
{
    char text[32];
    (void)table;
    text_bytes(text, sizeof(text), ((const struct item *)row)->memory);
    table_cell_set(out, ROLE_TEXT, text);
}

static const char *memory_field(const struct table *table, const void *row, char *scratch,
                                size_t size)
{
    (void)table;
    (void)row;
    (void)scratch;
    (void)size;
    return NULL;
}

static void memory_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.number = ((const struct item *)row)->memory, .known = true};
}

#define COLUMN(member, width)                                                                      \
    {                                                                                              \
        .name = #member, .title = #member, .min = 8, .max = width, .text = member##_text,          \
        .field = member##_field, .key = member##_key                                               \
    }
static const struct table_column columns[] = {COLUMN(name, 30),  COLUMN(state, 12),
                                              COLUMN(owner, 12), COLUMN(memory, 10),
                                              COLUMN(image, 40), COLUMN(id, 40)};

static const void *row_at(const void *context, size_t index)
{
    (void)context;
    return &items[index];
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    (void)scratch;
    (void)size;
    return ((const struct item *)row)->id;
}

static const struct table_ops ops = {.columns = columns,
                                     .column_count = sizeof(columns) / sizeof(columns[0]),
                                     .row = row_at,
                                     .id = row_id};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : (x > y ? 1 : 0);
}

static void report(const char *what, double *times)
{
    qsort(times, RUNS, sizeof(*times), compare);
    printf("%-58s %8.3f ms median  %8.3f ms best\n", what, times[RUNS / 2], times[0]);
}

static void fill(void)
{
    static const char *const states[] = {"running", "stopped", "created", "paused"};
    static const char *const owners[] = {"hvgpu", "docker", "containerd", "WSL"};
    for (unsigned i = 0; i < ROWS; i++) {
        struct item *item = &items[i];
        snprintf(item->id, sizeof(item->id), "%08x-6a3e-4c56-8c8a-0d5e7b1f2a90", i * 2654435761u);
        snprintf(item->name, sizeof(item->name), "container-%u", i);
        snprintf(item->image, sizeof(item->image), "mcr.microsoft.com/windows/server:ltsc2022");
        item->state = states[i % 4];
        item->owner = owners[i / 7 % 4];
        item->memory = i * 7919u % 100003u;
    }
}

static void bench_filter(struct table *table, const char *label, const char *text,
                         uint64_t *generation)
{
    double times[RUNS];
    for (int i = 0; i < RUNS; i++) {
        double start = now_ms();
        table_set_filter(table, text);
        table_sync(table, ROWS, (*generation)++);
        times[i] = now_ms() - start;
    }
    report(label, times);
}

int main(void)
{
    struct table table;
    struct canvas *canvas = canvas_new(120, 40);
    double times[RUNS];
    uint64_t generation = 1;
    items = calloc(ROWS, sizeof(*items));
    if (items == NULL || canvas == NULL) {
        return 1;
    }
    fill();
    table_init(&table, &ops, NULL);
    for (int i = 0; i < RUNS; i++) {
        double start = now_ms();
        table_sync(&table, ROWS, generation++);
        times[i] = now_ms() - start;
    }
    report("10,000 rows: new generation, no filter, no sort", times);
    bench_filter(&table, "10,000 rows: filter keystroke, a word that nothing has", "zebra",
                 &generation);
    bench_filter(&table, "10,000 rows: filter keystroke, three words", "state:run docker !9999",
                 &generation);
    bench_filter(&table, "10,000 rows: filter cleared", "", &generation);
    for (int i = 0; i < RUNS; i++) {
        double start = now_ms();
        table_set_sort(&table, i % 2 == 0 ? "memory" : "name");
        table_sync(&table, ROWS, generation++);
        times[i] = now_ms() - start;
    }
    report("10,000 rows: sort", times);
    for (int i = 0; i < RUNS; i++) {
        double start = now_ms();
        table_move(&table, i % 5 == 0 ? 2000 : 1);
        table_sync(&table, ROWS, generation - 1);
        canvas_clear(canvas);
        table_draw(&table, canvas, (struct rect){0, 0, 120, 40}, "");
        times[i] = now_ms() - start;
    }
    report("10,000 rows: cursor step with drawing of 120x40", times);
    table_done(&table);
    canvas_free(canvas);
    free(items);
    return 0;
}
