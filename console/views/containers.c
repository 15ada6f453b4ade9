/* SPDX-License-Identifier: MIT
 *
 * Containers: every compute system of the host; the containers of a utility VM stand under it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

struct containers {
    struct view view;
    struct table table;
    uint64_t seen_systems, seen_checks, seen_gpus;
    int64_t seen_time;
};

static const struct hvgpu_snapshot *snapshot_of(const struct table *table)
{
    return ((const struct app *)table->context)->snapshot;
}

static void glyph_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_look(out, table, look_system(row));
}

/* The tree's line stands in front of the name. It ends where the next shown row has another VM. */
static void name_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct hvgpu_system *system = row;
    const struct app *app = table->context;
    const char *branch = "";
    if (system->host_id != NULL && hvgpu_find_system(app->snapshot, system->host_id) != NULL) {
        const struct hvgpu_system *next = table_row(table, table->drawing + 1);
        bool last = next == NULL || !text_equal(next->host_id, system->host_id);
        branch = canvas_glyph(app->canvas, last ? GLYPH_TREE_LAST : GLYPH_TREE_BRANCH);
    }
    char text[TABLE_TEXT];
    snprintf(text, sizeof(text), "%s%s%.180s", branch, branch[0] != '\0' ? " " : "",
             system_name(system));
    table_cell_set(out, system->ours ? ROLE_STRONG : ROLE_TEXT, text);
}

static const char *name_field(const struct table *table, const void *row, char *scratch,
                              size_t size)
{
    (void)table;
    (void)scratch;
    (void)size;
    return system_name(row);
}

static void name_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.text = system_name(row), .known = true};
}

static void state_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct hvgpu_system *system = row;
    char text[96];
    (void)table;
    system_state_text(system, text, sizeof(text));
    table_cell_set(out, look_system(system).role, text);
}

static const char *state_field(const struct table *table, const void *row, char *scratch,
                               size_t size)
{
    (void)table;
    system_state_text(row, scratch, size);
    return scratch;
}

static void state_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.text = look_system(row).word, .known = true};
}

static const char *kind_word(const struct hvgpu_system *system)
{
    switch (system->kind) {
    case HVGPU_SYSTEM_UTILITY_VM:
        return "utility VM";
    case HVGPU_SYSTEM_VM:
        return "VM";
    case HVGPU_SYSTEM_HYPERV_CONTAINER:
        return "Hyper-V";
    case HVGPU_SYSTEM_PROCESS_CONTAINER:
        return "process";
    case HVGPU_SYSTEM_TEMPLATE:
        return "template";
    case HVGPU_SYSTEM_OTHER:
        break;
    }
    return system->kind_text;
}

static void kind_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, kind_word(row));
}

static const char *kind_field(const struct table *table, const void *row, char *scratch,
                              size_t size)
{
    (void)table;
    (void)scratch;
    (void)size;
    return kind_word(row);
}

static void kind_key(const struct table *table, const void *row, struct table_key *out)
{
    const char *word = kind_word(row);
    (void)table;
    *out = (struct table_key){.text = word != NULL ? word : "", .known = word != NULL};
}

static const char *gpu_field(const struct table *table, const void *row, char *scratch, size_t size)
{
    return system_gpu_text(snapshot_of(table), row, scratch, size) ? scratch : NULL;
}

static void gpu_text(const struct table *table, const void *row, struct table_cell *out)
{
    char text[160];
    bool known = system_gpu_text(snapshot_of(table), row, text, sizeof(text));
    bool none = ((const struct hvgpu_system *)row)->gpu_mode == HVGPU_MODE_NONE;
    cell_text(out, none ? ROLE_DIM : ROLE_TEXT, known ? text : NULL);
}

static void gpu_key(const struct table *table, const void *row, struct table_key *out)
{
    const struct hvgpu_system *system = row;
    const char *text = system->gpu_text;
    if (text == NULL && system->assignment_count > 0) {
        text = gpu_label(snapshot_of(table), system->assignments[0].gpu);
    }
    *out = (struct table_key){.text = text != NULL ? text : "", .known = text != NULL};
}

static const struct hvgpu_check *check_of(const struct table *table, const void *row)
{
    return hvgpu_find_check(snapshot_of(table), ((const struct hvgpu_system *)row)->id);
}

static void check_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct hvgpu_check *check = check_of(table, row);
    if (check == NULL) {
        table_cell_dash(out);
        return;
    }
    const struct app *app = table->context;
    struct look look = look_verdict(check->verdict);
    char text[48];
    snprintf(text, sizeof(text), "%s %s", canvas_glyph(app->canvas, look.glyph), look.word);
    table_cell_set(out, look.role, text);
}

static const char *check_field(const struct table *table, const void *row, char *scratch,
                               size_t size)
{
    const struct hvgpu_check *check = check_of(table, row);
    (void)scratch;
    (void)size;
    return check != NULL ? look_verdict(check->verdict).word : NULL;
}

static void check_key(const struct table *table, const void *row, struct table_key *out)
{
    const struct hvgpu_check *check = check_of(table, row);
    /* The worst first. */
    static const uint8_t order[] = {[HVGPU_VERDICT_FAIL] = 0,
                                    [HVGPU_VERDICT_DEGRADED] = 1,
                                    [HVGPU_VERDICT_UNKNOWN] = 2,
                                    [HVGPU_VERDICT_PASS] = 3};
    *out = (struct table_key){.number = check != NULL ? order[check->verdict] : 0,
                              .known = check != NULL};
}

static const char *owner_field(const struct table *table, const void *row, char *scratch,
                               size_t size)
{
    const struct hvgpu_system *system = row;
    (void)table;
    (void)scratch;
    (void)size;
    return system->owner_text != NULL && system->owner_text[0] != '\0' ? system->owner_text
                                                                       : system->owner;
}

static void owner_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_text(out, ((const struct hvgpu_system *)row)->ours ? ROLE_TEXT : ROLE_DIM,
              owner_field(table, row, NULL, 0));
}

static void owner_key(const struct table *table, const void *row, struct table_key *out)
{
    const char *text = owner_field(table, row, NULL, 0);
    *out = (struct table_key){.text = text != NULL ? text : "", .known = text != NULL};
}

static void cpu_text(const struct table *table, const void *row, struct table_cell *out)
{
    struct hvgpu_number cpu = ((const struct hvgpu_system *)row)->cpu_permille;
    char text[32];
    (void)table;
    snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 "%%", cpu.value / 10, cpu.value % 10);
    cell_text(out, ROLE_TEXT, cpu.known ? text : NULL);
}

static void cpu_key(const struct table *table, const void *row, struct table_key *out)
{
    struct hvgpu_number cpu = ((const struct hvgpu_system *)row)->cpu_permille;
    (void)table;
    *out = (struct table_key){.number = cpu.value, .known = cpu.known};
}

static void memory_text(const struct table *table, const void *row, struct table_cell *out)
{
    struct hvgpu_number memory = ((const struct hvgpu_system *)row)->memory_bytes;
    char text[32];
    (void)table;
    text_bytes(text, sizeof(text), memory.value);
    cell_text(out, ROLE_TEXT, memory.known ? text : NULL);
}

static void memory_key(const struct table *table, const void *row, struct table_key *out)
{
    struct hvgpu_number memory = ((const struct hvgpu_system *)row)->memory_bytes;
    (void)table;
    *out = (struct table_key){.number = memory.value, .known = memory.known};
}

static void age_cell(const struct table *table, const void *row, struct table_cell *out)
{
    char text[32];
    bool known = age_text(snapshot_of(table), ((const struct hvgpu_system *)row)->created_ms, text,
                          sizeof(text));
    cell_text(out, ROLE_TEXT, known ? text : NULL);
}

/* Age grows as the time of creation gets smaller. */
static void age_key(const struct table *table, const void *row, struct table_key *out)
{
    struct hvgpu_number created = ((const struct hvgpu_system *)row)->created_ms;
    (void)table;
    *out = (struct table_key){.number = UINT64_MAX - created.value, .known = created.known};
}

static const char *no_text(const struct table *table, const void *row, char *scratch, size_t size)
{
    (void)table;
    (void)row;
    (void)scratch;
    (void)size;
    return NULL; /* numbers that move are not what a filter is for */
}

static const char *image_field(const struct table *table, const void *row, char *scratch,
                               size_t size)
{
    (void)table;
    (void)scratch;
    (void)size;
    return ((const struct hvgpu_system *)row)->image;
}

static void image_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_text(out, ROLE_TEXT, image_field(table, row, NULL, 0));
}

static void image_key(const struct table *table, const void *row, struct table_key *out)
{
    const char *text = image_field(table, row, NULL, 0);
    *out = (struct table_key){.text = text != NULL ? text : "", .known = text != NULL};
}

static const char *id_field(const struct table *table, const void *row, char *scratch, size_t size)
{
    (void)table;
    (void)scratch;
    (void)size;
    return ((const struct hvgpu_system *)row)->id;
}

static void id_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_text(out, ROLE_DIM, id_field(table, row, NULL, 0));
}

static void id_key(const struct table *table, const void *row, struct table_key *out)
{
    *out = (struct table_key){.text = id_field(table, row, NULL, 0), .known = true};
}

static const struct table_column columns[] = {
    {.name = "glyph", .title = "", .min = 1, .max = 1, .text = glyph_text, .field = no_text},
    {.name = "name",
     .title = "NAME",
     .good = 20,
     .min = 10,
     .max = 40,
     .text = name_text,
     .field = name_field,
     .key = name_key},
    {.name = "state",
     .title = "STATE",
     .good = 26,
     .min = 8,
     .max = 28,
     .priority = 1,
     .text = state_text,
     .field = state_field,
     .key = state_key},
    {.name = "type",
     .title = "TYPE",
     .min = 10,
     .max = 12,
     .priority = 5,
     .text = kind_text,
     .field = kind_field,
     .key = kind_key},
    {.name = "gpu",
     .title = "GPU",
     .good = 10,
     .min = 6,
     .max = 20,
     .priority = 2,
     .text = gpu_text,
     .field = gpu_field,
     .key = gpu_key},
    {.name = "check",
     .title = "CHECK",
     .min = 9,
     .max = 11,
     .priority = 3,
     .text = check_text,
     .field = check_field,
     .key = check_key},
    {.name = "owner",
     .title = "OWNER",
     .min = 10,
     .max = 18,
     .priority = 4,
     .text = owner_text,
     .field = owner_field,
     .key = owner_key},
    {.name = "cpu",
     .title = "CPU",
     .min = 6,
     .max = 7,
     .priority = 7,
     .right = true,
     .descending = true,
     .text = cpu_text,
     .field = no_text,
     .key = cpu_key},
    {.name = "memory",
     .title = "MEMORY",
     .min = 8,
     .max = 9,
     .priority = 6,
     .right = true,
     .descending = true,
     .text = memory_text,
     .field = no_text,
     .key = memory_key},
    {.name = "age",
     .title = "AGE",
     .min = 6,
     .max = 7,
     .priority = 8,
     .right = true,
     .text = age_cell,
     .field = no_text,
     .key = age_key},
    {.name = "image",
     .title = "IMAGE",
     .min = 30,
     .max = 44,
     .priority = 9,
     .text = image_text,
     .field = image_field,
     .key = image_key},
    {.name = "id",
     .title = "ID",
     .min = 36,
     .max = 40,
     .priority = 10,
     .text = id_text,
     .field = id_field,
     .key = id_key},
};

static const void *row_at(const void *context, size_t index)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    return index < s->system_count ? s->systems[index] : NULL;
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    (void)scratch;
    (void)size;
    return ((const struct hvgpu_system *)row)->id;
}

/* The snapshot lists a VM and then its containers, so the VM is the nearest row above. */
static size_t row_parent(const void *context, size_t index)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    if (index >= s->system_count || s->systems[index]->host_id == NULL) {
        return TABLE_NO_PARENT;
    }
    const char *host = s->systems[index]->host_id;
    while (index > 0) {
        index--;
        if (s->systems[index]->host_id == NULL) {
            return strcmp(s->systems[index]->id, host) == 0 ? index : TABLE_NO_PARENT;
        }
        if (strcmp(s->systems[index]->host_id, host) != 0) {
            return TABLE_NO_PARENT;
        }
    }
    return TABLE_NO_PARENT;
}

/* What hvgpu launched is what is looked for among the systems of others. */
static bool row_is_own(const void *context, size_t index)
{
    const struct hvgpu_system *system = row_at(context, index);
    return system != NULL && system->ours;
}

static const struct table_ops table_ops = {.columns = columns,
                                           .column_count = sizeof(columns) / sizeof(columns[0]),
                                           .row = row_at,
                                           .id = row_id,
                                           .parent = row_parent,
                                           .first = row_is_own};

static bool containers_open(struct app *app, struct view *view)
{
    table_init(&((struct containers *)view)->table, &table_ops, app);
    return true;
}

static void containers_close(struct app *app, struct view *view)
{
    (void)app;
    table_done(&((struct containers *)view)->table);
}

/* Checks are a column: while they matter for order or filter, their changes rebuild the rows. */
static struct table *containers_table(struct app *app, struct view *view)
{
    struct table *table = &((struct containers *)view)->table;
    const struct hvgpu_snapshot *s = app->snapshot;
    bool sorted = table->sort >= 0 && strcmp(columns[table->sort].name, "check") == 0;
    uint64_t generation = s->system_generation;
    if (sorted || table->filter.count > 0) {
        generation += s->check_generation << 32; /* both only grow: no sum comes twice in a row */
    }
    table_sync(table, s->system_count, generation);
    return table;
}

static bool containers_update(struct app *app, struct view *view)
{
    struct containers *containers = (struct containers *)view;
    const struct hvgpu_snapshot *s = app->snapshot;
    bool changed = containers->seen_systems != s->system_generation ||
                   containers->seen_checks != s->check_generation ||
                   containers->seen_gpus != s->gpu_generation ||
                   containers->seen_time / 1000 != s->host->time_ms / 1000;
    containers->seen_systems = s->system_generation;
    containers->seen_checks = s->check_generation;
    containers->seen_gpus = s->gpu_generation;
    containers->seen_time = s->host->time_ms;
    containers_table(app, view);
    return changed;
}

static const char *containers_selected(struct app *app, struct view *view)
{
    return table_selected_id(containers_table(app, view));
}

static void containers_status(struct app *app, struct view *view, char *out, size_t size)
{
    table_status(containers_table(app, view), "systems", out, size);
}

static bool containers_input(struct app *app, struct view *view, const struct input *input)
{
    bool opened;
    bool used = table_mouse(containers_table(app, view), input, &opened);
    if (opened) {
        detail_open(app, OBJECT_SYSTEM, containers_selected(app, view));
    }
    return used;
}

static void containers_draw(struct app *app, struct view *view, struct rect area)
{
    struct table *table = containers_table(app, view);
    struct rect list;
    struct rect detail;
    detail_split(app, area, &list, &detail);
    table_draw(table, app->canvas, list,
               app->snapshot->loaded ? "no VM and no container runs here; L launches one"
                                     : "asking the host for its systems");
    detail_draw(app, detail, OBJECT_SYSTEM, containers_selected(app, view));
}

void containers_go(struct app *app, const char *system_id)
{
    app_open_view(app, "containers");
    struct table *table = view_table(app, app->view);
    if (table == NULL) {
        return;
    }
    if (!table_select_id(table, system_id)) {
        view_set_filter(app, app->view, "");
        table = view_table(app, app->view);
        if (!table_select_id(table, system_id)) {
            app_notice(app, ROLE_WARNING, "%s is not on this host any more", system_id);
        }
    }
    app->dirty = true;
}

const struct view_ops containers_view = {
    .name = "containers",
    .title = "Containers",
    .help = "Every compute system of the host; containers stand under the utility VM they run in.",
    .size = sizeof(struct containers),
    .number = 2,
    .open = containers_open,
    .close = containers_close,
    .update = containers_update,
    .draw = containers_draw,
    .input = containers_input,
    .selected = containers_selected,
    .status = containers_status,
    .table = containers_table,
};
