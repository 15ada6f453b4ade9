/* SPDX-License-Identifier: MIT
 *
 * Checks: a row a container, with the ladder of five rungs as it was seen in the VM and in the
 * container. A rung is a letter and a glyph, so that it can be read without colours.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

struct checks {
    struct view view;
    struct table table;
    uint64_t seen_checks, seen_systems;
    int64_t seen_time;
};

enum { LADDER_WIDTH = HVGPU_RUNG_COUNT * 3 - 1 };

static const char rung_letters[HVGPU_RUNG_COUNT][2] = {"O", "S", "P", "A", "V"};

static const struct hvgpu_snapshot *snapshot_of(const struct table *table)
{
    return ((const struct app *)table->context)->snapshot;
}

static const char *check_name(const struct table *table, const struct hvgpu_check *check)
{
    const struct hvgpu_system *system = hvgpu_find_system(snapshot_of(table), check->system_id);
    return system != NULL ? system_name(system) : check->system_id;
}

static void glyph_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_look(out, table, look_verdict(((const struct hvgpu_check *)row)->verdict));
}

static void name_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_text(out, ROLE_STRONG, check_name(table, row));
}

static void name_key(const struct table *table, const void *row, struct table_key *out)
{
    *out = (struct table_key){.text = check_name(table, row), .known = true};
}

static void verdict_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct hvgpu_check *check = row;
    struct look look = look_verdict(check->verdict);
    (void)table;
    if (check->judged) {
        table_cell_set(out, look.role, look.word);
    } else {
        table_cell_set(out, ROLE_DIM, "not entered");
    }
}

static void verdict_key(const struct table *table, const void *row, struct table_key *out)
{
    static const uint8_t order[] = {[HVGPU_VERDICT_FAIL] = 0,
                                    [HVGPU_VERDICT_DEGRADED] = 1,
                                    [HVGPU_VERDICT_UNKNOWN] = 2,
                                    [HVGPU_VERDICT_PASS] = 3};
    const struct hvgpu_check *check = row;
    (void)table;
    *out = (struct table_key){.number = order[check->verdict], .known = check->judged};
}

static void draw_ladder(struct canvas *canvas, int x, int y, int width,
                        const struct hvgpu_rung *rungs)
{
    for (int i = 0; i < HVGPU_RUNG_COUNT && i * 3 + 2 <= width; i++) {
        struct look look = look_verdict(rungs[i].verdict);
        canvas_text(canvas, x + i * 3, y, 1, rung_letters[i], ROLE_DIM, 0);
        canvas_text(canvas, x + i * 3 + 1, y, 1, canvas_glyph(canvas, look.glyph), look.role,
                    ATTRIBUTE_BOLD);
    }
}

static void vm_draw(const struct table *table, struct canvas *canvas, int x, int y, int width,
                    const void *row)
{
    (void)table;
    draw_ladder(canvas, x, y, width, ((const struct hvgpu_check *)row)->vm);
}

static void container_draw(const struct table *table, struct canvas *canvas, int x, int y,
                           int width, const void *row)
{
    (void)table;
    draw_ladder(canvas, x, y, width, ((const struct hvgpu_check *)row)->container);
}

static void in_vm_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, yes_no(((const struct hvgpu_check *)row)->in_vm));
}

static void in_container_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, yes_no(((const struct hvgpu_check *)row)->in_container));
}

static void sentence_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_check *)row)->sentence);
}

static struct hvgpu_number check_time(const struct hvgpu_check *check)
{
    return (struct hvgpu_number){.value = (uint64_t)check->time_ms, .known = check->time_ms > 0};
}

static void ago_text(const struct table *table, const void *row, struct table_cell *out)
{
    char text[32];
    bool known = age_text(snapshot_of(table), check_time(row), text, sizeof(text));
    cell_text(out, ROLE_DIM, known ? text : NULL);
}

static void ago_key(const struct table *table, const void *row, struct table_key *out)
{
    struct hvgpu_number time = check_time(row);
    (void)table;
    *out = (struct table_key){.number = UINT64_MAX - time.value, .known = time.known};
}

static void took_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct hvgpu_check *check = row;
    char text[32];
    (void)table;
    text_duration(text, sizeof(text), check->duration_ms.value);
    cell_text(out, ROLE_DIM, check->duration_ms.known ? text : NULL);
}

static void took_key(const struct table *table, const void *row, struct table_key *out)
{
    const struct hvgpu_check *check = row;
    (void)table;
    *out =
        (struct table_key){.number = check->duration_ms.value, .known = check->duration_ms.known};
}

static void history_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    (void)row;
    table_cell_set(out, ROLE_TEXT, "");
}

/* The newest on the right. */
static void history_draw(const struct table *table, struct canvas *canvas, int x, int y, int width,
                         const void *row)
{
    const struct hvgpu_check *check = row;
    (void)table;
    size_t count =
        check->history_count < HVGPU_CHECK_HISTORY ? check->history_count : HVGPU_CHECK_HISTORY;
    size_t room = width > 0 ? (size_t)width : 0;
    size_t shown = count < room ? count : room;
    for (size_t i = 0; i < shown; i++) {
        struct look look = look_verdict(check->history[count - shown + i]);
        canvas_text(canvas, x + (int)(room - shown + i), y, 1, canvas_glyph(canvas, look.glyph),
                    look.role, 0);
    }
}

static const struct table_column columns[] = {
    {.name = "glyph", .title = "", .min = 1, .max = 1, .text = glyph_text},
    {.name = "name",
     .title = "NAME",
     .good = 14,
     .min = 10,
     .max = 30,
     .text = name_text,
     .key = name_key},
    {.name = "verdict",
     .title = "VERDICT",
     .min = 11,
     .max = 11,
     .priority = 1,
     .text = verdict_text,
     .key = verdict_key},
    {.name = "vm",
     .title = "IN THE VM",
     .min = LADDER_WIDTH,
     .max = LADDER_WIDTH,
     .priority = 3,
     .text = in_vm_text,
     .draw = vm_draw},
    {.name = "container",
     .title = "IN CONTAINER",
     .min = LADDER_WIDTH,
     .max = LADDER_WIDTH,
     .priority = 2,
     .text = in_container_text,
     .draw = container_draw},
    {.name = "checked",
     .title = "AGO",
     .min = 5,
     .max = 7,
     .priority = 4,
     .right = true,
     .text = ago_text,
     .key = ago_key},
    {.name = "sentence",
     .title = "SENTENCE",
     .good = 60,
     .min = 18,
     .max = 0,
     .priority = 5,
     .text = sentence_text},
    {.name = "history",
     .title = "HISTORY",
     .min = 16,
     .max = 16,
     .priority = 6,
     .text = history_text,
     .draw = history_draw},
    {.name = "took",
     .title = "TOOK",
     .min = 6,
     .max = 7,
     .priority = 7,
     .right = true,
     .descending = true,
     .text = took_text,
     .key = took_key},
};

static const void *row_at(const void *context, size_t index)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    return index < s->check_count ? s->checks[index] : NULL;
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    (void)scratch;
    (void)size;
    return ((const struct hvgpu_check *)row)->system_id;
}

static const struct table_ops table_ops = {.columns = columns,
                                           .column_count = sizeof(columns) / sizeof(columns[0]),
                                           .row = row_at,
                                           .id = row_id};

static bool checks_open(struct app *app, struct view *view)
{
    table_init(&((struct checks *)view)->table, &table_ops, app);
    return true;
}

static void checks_close(struct app *app, struct view *view)
{
    (void)app;
    table_done(&((struct checks *)view)->table);
}

static struct table *checks_table(struct app *app, struct view *view)
{
    struct table *table = &((struct checks *)view)->table;
    table_sync(table, app->snapshot->check_count, app->snapshot->check_generation);
    return table;
}

static bool checks_update(struct app *app, struct view *view)
{
    struct checks *checks = (struct checks *)view;
    const struct hvgpu_snapshot *s = app->snapshot;
    bool changed = checks->seen_checks != s->check_generation ||
                   checks->seen_systems != s->system_generation ||
                   checks->seen_time / 1000 != s->host->time_ms / 1000;
    checks->seen_checks = s->check_generation;
    checks->seen_systems = s->system_generation;
    checks->seen_time = s->host->time_ms;
    checks_table(app, view);
    return changed;
}

static const char *checks_selected(struct app *app, struct view *view)
{
    return table_selected_id(checks_table(app, view));
}

static void checks_status(struct app *app, struct view *view, char *out, size_t size)
{
    table_status(checks_table(app, view), "checks", out, size);
}

static bool checks_input(struct app *app, struct view *view, const struct input *input)
{
    bool opened;
    bool used = table_mouse(checks_table(app, view), input, &opened);
    if (opened) {
        detail_open(app, OBJECT_CHECK, checks_selected(app, view));
    }
    return used;
}

static void draw_legend(struct app *app, struct rect line)
{
    struct canvas *canvas = app->canvas;
    int x = line.x;
    int end = line.x + line.width;
    for (int i = 0; i < HVGPU_RUNG_COUNT && x < end; i++) {
        x += canvas_text(canvas, x, line.y, end - x, rung_letters[i], ROLE_KEY, 0) + 1;
        const char *name = hvgpu_rung_name((enum hvgpu_rung_kind)i);
        x += canvas_text(canvas, x, line.y, end - x, name, ROLE_DIM, 0) + 2;
    }
}

/* The verdict of the selected row in its one sentence, which the column may have had to cut. */
static void draw_sentence(struct app *app, const struct table *table, struct rect *area)
{
    const struct hvgpu_check *check = table_selected(table);
    struct look look = look_verdict(check != NULL ? check->verdict : HVGPU_VERDICT_UNKNOWN);
    char text[640] = "";
    if (check != NULL && check->sentence != NULL) {
        snprintf(text, sizeof(text), "%s %s: %s", canvas_glyph(app->canvas, look.glyph),
                 check_name(table, check), check->sentence);
    }
    sentence_draw(app, area, look.role, text);
}

static void checks_draw(struct app *app, struct view *view, struct rect area)
{
    struct table *table = checks_table(app, view);
    struct rect list;
    struct rect detail;
    detail_split(app, area, &list, &detail);
    bool legend = list.height >= 8 && list.width >= 40;
    struct rect rows = list;
    if (legend) {
        draw_legend(app, (struct rect){list.x, list.y + list.height - 1, list.width, 1});
        rows.height--;
        draw_sentence(app, table, &rows);
    }
    table_draw(table, app->canvas, rows,
               app->snapshot->loaded ? "nothing was checked yet: c on a container looks inside"
                                     : "asking the host for its systems");
    detail_draw(app, detail, OBJECT_CHECK, checks_selected(app, view));
}

const struct view_ops checks_view = {
    .name = "checks",
    .title = "Checks",
    .help = "Is the GPU really there? Five rungs, looked at in the VM and in the container.",
    .size = sizeof(struct checks),
    .number = 4,
    .open = checks_open,
    .close = checks_close,
    .update = checks_update,
    .draw = checks_draw,
    .input = checks_input,
    .selected = checks_selected,
    .status = checks_status,
    .table = checks_table,
};
