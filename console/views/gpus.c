/* SPDX-License-Identifier: MIT
 *
 * GPUs: a table, and under it the partition map of each GPU with a legend for the selected one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

struct gpus {
    struct view view;
    struct table table;
    uint64_t seen_gpus, seen_systems;
};

static void set_number(struct table_cell *cell, struct hvgpu_number number, const char *format)
{
    if (!number.known) {
        table_cell_dash(cell);
        return;
    }
    char out[32];
    snprintf(out, sizeof(out), "%" PRIu64 "%s", number.value, format);
    table_cell_set(cell, ROLE_TEXT, out);
}

static void glyph_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_look(out, table, look_gpu(row));
}

static void id_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_STRONG, ((const struct hvgpu_gpu *)row)->id);
}

static void id_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out = (struct table_key){.text = gpu->id != NULL ? gpu->id : "", .known = gpu->id != NULL};
}

static void name_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_gpu *)row)->name);
}

static void name_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out =
        (struct table_key){.text = gpu->name != NULL ? gpu->name : "", .known = gpu->name != NULL};
}

static void state_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    struct look look = look_gpu(gpu);
    bool problem = gpu->state == HVGPU_GPU_PROBLEM && gpu->problem_code.known;
    char text[40];
    snprintf(text, sizeof(text), "problem %" PRIu64, gpu->problem_code.value);
    table_cell_set(out, look.role, problem ? text : look.word);
}

static void state_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.text = look_gpu(row).word, .known = true};
}

static void partitions_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    if (!gpu->partition_total.known) {
        table_cell_dash(out);
        return;
    }
    char given[32];
    char text[64];
    snprintf(given, sizeof(given), "+%" PRIu32, gpu->any_count);
    snprintf(text, sizeof(text), "%zu%s/%" PRIu64, gpu->partition_count,
             gpu->any_count > 0 ? given : "", gpu->partition_total.value);
    table_cell_set(out, ROLE_TEXT, text);
}

static void partitions_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out = (struct table_key){.number = gpu->partition_count + gpu->any_count,
                              .known = gpu->partition_total.known};
}

static void vram_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    char text[32];
    text_bytes(text, sizeof(text), gpu->vram_bytes.value);
    cell_text(out, ROLE_TEXT, gpu->vram_bytes.known ? text : NULL);
}

static void vram_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out = (struct table_key){.number = gpu->vram_bytes.value, .known = gpu->vram_bytes.known};
}

static void load_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    struct hvgpu_number load = ((const struct hvgpu_gpu *)row)->load_permille;
    load.value /= 10;
    set_number(out, load, "%");
}

static void load_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out =
        (struct table_key){.number = gpu->load_permille.value, .known = gpu->load_permille.known};
}

static void heat_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    set_number(out, ((const struct hvgpu_gpu *)row)->temperature_celsius, "C");
}

static void heat_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out = (struct table_key){.number = gpu->temperature_celsius.value,
                              .known = gpu->temperature_celsius.known};
}

static void driver_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_gpu *)row)->driver_version);
}

static void driver_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    *out = (struct table_key){.text = gpu->driver_version != NULL ? gpu->driver_version : "",
                              .known = gpu->driver_version != NULL};
}

static void date_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_gpu *)row)->driver_date);
}

static void location_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_gpu *)row)->location);
}

static void vendor_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_gpu *)row)->vendor);
}

static void package_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    const struct hvgpu_gpu *gpu = row;
    cell_text(out, ROLE_DIM, gpu->driver_inf != NULL ? gpu->driver_inf : gpu->driver_package);
}

static const struct table_column columns[] = {
    {.name = "glyph", .title = "", .min = 1, .max = 1, .text = glyph_text},
    {.name = "gpu",
     .title = "GPU",
     .min = 5,
     .max = 8,
     .priority = 2,
     .text = id_text,
     .key = id_key},
    {.name = "name",
     .title = "NAME",
     .good = 25,
     .min = 12,
     .max = 40,
     .text = name_text,
     .key = name_key},
    {.name = "state",
     .title = "STATE",
     .min = 13,
     .max = 18,
     .priority = 1,
     .text = state_text,
     .key = state_key},
    {.name = "partitions",
     .title = "PARTS",
     .min = 6,
     .max = 10,
     .priority = 3,
     .right = true,
     .descending = true,
     .text = partitions_text,
     .key = partitions_key},
    {.name = "vram",
     .title = "VRAM",
     .min = 8,
     .max = 9,
     .priority = 4,
     .right = true,
     .descending = true,
     .text = vram_text,
     .key = vram_key},
    {.name = "load",
     .title = "LOAD",
     .min = 4,
     .max = 6,
     .priority = 6,
     .right = true,
     .descending = true,
     .text = load_text,
     .key = load_key},
    {.name = "temperature",
     .title = "TEMP",
     .min = 4,
     .max = 6,
     .priority = 7,
     .right = true,
     .descending = true,
     .text = heat_text,
     .key = heat_key},
    {.name = "driver",
     .title = "DRIVER",
     .min = 13,
     .max = 18,
     .priority = 5,
     .text = driver_text,
     .key = driver_key},
    {.name = "date", .title = "DATE", .min = 10, .max = 10, .priority = 9, .text = date_text},
    {.name = "location",
     .title = "LOCATION",
     .good = 31,
     .min = 18,
     .max = 36,
     .priority = 8,
     .text = location_text},
    {.name = "vendor", .title = "VENDOR", .min = 6, .max = 12, .priority = 10, .text = vendor_text},
    {.name = "package",
     .title = "PACKAGE",
     .min = 14,
     .max = 40,
     .priority = 11,
     .text = package_text},
};

static const void *row_at(const void *context, size_t index)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    return index < s->gpu_count ? s->gpus[index] : NULL;
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    (void)scratch;
    (void)size;
    return ((const struct hvgpu_gpu *)row)->instance_id;
}

static const struct table_ops table_ops = {.columns = columns,
                                           .column_count = sizeof(columns) / sizeof(columns[0]),
                                           .row = row_at,
                                           .id = row_id};

static bool gpus_open(struct app *app, struct view *view)
{
    table_init(&((struct gpus *)view)->table, &table_ops, app);
    return true;
}

static void gpus_close(struct app *app, struct view *view)
{
    (void)app;
    table_done(&((struct gpus *)view)->table);
}

static struct table *gpus_table(struct app *app, struct view *view)
{
    struct gpus *gpus = (struct gpus *)view;
    table_sync(&gpus->table, app->snapshot->gpu_count, app->snapshot->gpu_generation);
    return &gpus->table;
}

static bool gpus_update(struct app *app, struct view *view)
{
    struct gpus *gpus = (struct gpus *)view;
    const struct hvgpu_snapshot *s = app->snapshot;
    bool changed =
        gpus->seen_gpus != s->gpu_generation || gpus->seen_systems != s->system_generation;
    gpus->seen_gpus = s->gpu_generation;
    gpus->seen_systems = s->system_generation;
    gpus_table(app, view);
    return changed;
}

static const char *gpus_selected(struct app *app, struct view *view)
{
    return table_selected_id(gpus_table(app, view));
}

static void gpus_status(struct app *app, struct view *view, char *out, size_t size)
{
    table_status(gpus_table(app, view), "GPUs", out, size);
}

static bool gpus_input(struct app *app, struct view *view, const struct input *input)
{
    bool opened;
    bool used = table_mouse(gpus_table(app, view), input, &opened);
    if (opened) {
        detail_open(app, OBJECT_GPU, gpus_selected(app, view));
    }
    return used;
}

/* "A demo1  B Ubuntu  ? not known (not the same as free)" for the selected GPU. */
static void draw_legend(struct app *app, struct rect line, const struct hvgpu_gpu *gpu)
{
    struct canvas *canvas = app->canvas;
    int x = line.x;
    int end = line.x + line.width;
    for (size_t i = 0; i < gpu->partition_count && x < end; i++) {
        const char *id = gpu->partitions[i].system_id;
        bool seen = id == NULL;
        for (size_t k = 0; k < i && !seen; k++) {
            seen = text_equal(gpu->partitions[k].system_id, id);
        }
        if (seen) {
            continue;
        }
        const struct hvgpu_system *system = hvgpu_find_system(app->snapshot, id);
        bool ours = system != NULL && system->ours;
        char letter[2];
        char name[64];
        partition_owner_letter(gpu, id, letter);
        text_clean(name, sizeof(name), system != NULL ? system_name(system) : id);
        x += canvas_text(canvas, x, line.y, end - x, letter,
                         ours ? ROLE_PARTITION_OWN : ROLE_PARTITION_OTHER, ATTRIBUTE_BOLD);
        x += 1;
        x += canvas_text(canvas, x, line.y, end - x > 24 ? 24 : end - x, name, ROLE_DIM, 0);
        x += 2;
    }
    if (x < end && gpu->partition_total.known) {
        x += canvas_text(canvas, x, line.y, end - x, canvas_glyph(canvas, GLYPH_QUESTION),
                         ROLE_PARTITION_UNKNOWN, 0);
        canvas_text(canvas, x + 1, line.y, end - x - 1,
                    end - x > 34 ? "owner not known (not the same as free)" : "not known", ROLE_DIM,
                    0);
    }
}

static void draw_maps(struct app *app, struct gpus *gpus, struct rect area)
{
    const struct table *table = &gpus->table;
    canvas_hline(app->canvas, area.x, area.y, area.width, ROLE_BORDER);
    if (area.width > 20) {
        canvas_text(app->canvas, area.x + 2, area.y, area.width - 4, " Partitions ", ROLE_HEADER,
                    0);
    }
    int y = area.y + 1;
    int end = area.y + area.height - 1; /* the last line is the legend */
    size_t from = 0;
    if ((int)table->count > end - y) {
        from = table->selected;
    }
    for (size_t i = from; i < table->count && y < end; i++) {
        const struct hvgpu_gpu *gpu = table_row(table, i);
        if (gpu == NULL) {
            break;
        }
        struct rect place = {area.x + 1, y, area.width - 1, end - y};
        if (i == table->selected) {
            canvas_text(app->canvas, area.x, y, 1, canvas_glyph(app->canvas, GLYPH_BULLET),
                        ROLE_TITLE_KEY, 0);
        }
        y += partition_map(app, place, gpu);
    }
    const struct hvgpu_gpu *selected = table_selected(table);
    if (selected != NULL) {
        int line = y + 1 < end ? y + 1 : end;
        draw_legend(app, (struct rect){area.x + 1, line, area.width - 1, 1}, selected);
    }
}

static void gpus_draw(struct app *app, struct view *view, struct rect area)
{
    struct gpus *gpus = (struct gpus *)view;
    struct rect list;
    struct rect detail;
    gpus_table(app, view);
    detail_split(app, area, &list, &detail);
    int rows = (int)gpus->table.count + 1;
    rows = rows < 4 ? 4 : rows;
    int maps = list.height - rows - 1;
    int wanted = (int)gpus->table.count * 2 + 2;
    maps = maps > wanted ? wanted : maps;
    if (maps < 4) {
        maps = list.height >= 12 ? list.height / 2 - 1 : 0;
    }
    if (gpus->table.count == 0 || list.height < 8) {
        maps = 0;
    }
    struct rect top = list;
    top.height -= maps;
    if (maps > 0 && top.height > rows) {
        top.height = rows + (list.height - maps > rows ? 1 : 0);
    }
    table_draw(&gpus->table, app->canvas, top,
               app->snapshot->loaded ? "this host has no GPU" : "asking the host for its GPUs");
    if (maps > 0) {
        int y = top.y + top.height;
        int height = list.y + list.height - y;
        draw_maps(app, gpus, (struct rect){list.x, y, list.width, height < maps ? height : maps});
    }
    detail_draw(app, detail, OBJECT_GPU, gpus_selected(app, view));
}

const struct view_ops gpus_view = {
    .name = "gpus",
    .title = "GPUs",
    .help = "The host's GPUs, and under them who holds which partition.",
    .size = sizeof(struct gpus),
    .number = 1,
    .open = gpus_open,
    .close = gpus_close,
    .update = gpus_update,
    .draw = gpus_draw,
    .input = gpus_input,
    .selected = gpus_selected,
    .status = gpus_status,
    .table = gpus_table,
};
