/* SPDX-License-Identifier: MIT
 *
 * The picker of attach and detach, from either side: which GPU for this system, or which system for
 * this GPU. Left and right choose the partition. Enter acts, or shows the documents when it was
 * opened for a preview.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/commands.h"
#include "console/state.h"
#include "console/views/views.h"
#include "core/base/text.h"

/* One choice. */
struct pick {
    char id[TABLE_ID]; /* of the GPU or system; "*": all GPUs */
    char name[96];
    char detail[160];
    bool possible;
};

struct attach {
    struct view view;
    struct table table;
    struct app *app;
    bool detach, for_gpu, preview;
    char fixed[TABLE_ID]; /* the side that is given: system id, or instance id of the GPU */
    struct pick *picks;
    size_t count, capacity;
    uint64_t generation, seen;
    struct hvgpu_number partition; /* unknown: any */
};

/* ---- rows ---- */

static const struct pick *pick_of(const void *row)
{
    return row;
}

static void mark_text(const struct table *table, const void *row, struct table_cell *out)
{
    const struct attach *attach = table->context;
    bool possible = pick_of(row)->possible;
    table_cell_set(out, possible ? ROLE_GOOD : ROLE_DIM,
                   canvas_glyph(attach->app->canvas, possible ? GLYPH_BULLET : GLYPH_DASH));
}

static void name_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, pick_of(row)->possible ? ROLE_STRONG : ROLE_DIM, pick_of(row)->name);
}

static void name_key(const struct table *table, const void *row, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.text = pick_of(row)->name, .known = true};
}

static void what_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, pick_of(row)->possible ? ROLE_TEXT : ROLE_DIM, pick_of(row)->detail);
}

static const struct table_column columns[] = {
    {.name = "mark", .title = "", .min = 1, .max = 1, .text = mark_text},
    {.name = "name", .title = "CHOICE", .min = 10, .max = 36, .text = name_text, .key = name_key},
    {.name = "what", .title = "WHAT", .min = 10, .max = 0, .priority = 1, .text = what_text},
};

static const void *row_at(const void *context, size_t index)
{
    const struct attach *attach = context;
    return index < attach->count ? &attach->picks[index] : NULL;
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    (void)scratch;
    (void)size;
    return pick_of(row)->id;
}

static const struct table_ops table_ops = {.columns = columns,
                                           .column_count = sizeof(columns) / sizeof(columns[0]),
                                           .row = row_at,
                                           .id = row_id};

/* ---- gathering ---- */

static struct pick *add_pick(struct attach *attach, const char *id, const char *name)
{
    struct pick *pick = &attach->picks[attach->count++];
    memset(pick, 0, sizeof(*pick));
    text_clean(pick->id, sizeof(pick->id), id);
    text_clean(pick->name, sizeof(pick->name), name);
    pick->possible = true;
    return pick;
}

static bool holds(const struct hvgpu_system *system, const char *instance_id)
{
    for (size_t i = 0; i < system->assignment_count; i++) {
        if (text_equal(system->assignments[i].gpu, instance_id)) {
            return true;
        }
    }
    return false;
}

static void gather_gpus(struct attach *attach, const struct hvgpu_snapshot *s)
{
    const struct hvgpu_system *system = hvgpu_find_system(s, attach->fixed);
    char text[128];
    if (attach->detach) {
        struct pick *all = add_pick(attach, "*", "everything");
        bool known = system != NULL && system_gpu_text(s, system, text, sizeof(text));
        snprintf(all->detail, sizeof(all->detail), "now given: %s", known ? text : "not known");
    }
    for (size_t i = 0; i < s->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = s->gpus[i];
        bool held = system != NULL && holds(system, gpu->instance_id);
        if (attach->detach && !held) {
            continue;
        }
        struct pick *pick =
            add_pick(attach, gpu->instance_id, gpu->id != NULL ? gpu->id : gpu->instance_id);
        bool partitions =
            gpu->state == HVGPU_GPU_PARTITIONABLE || gpu->state == HVGPU_GPU_PARAVIRTUAL;
        pick->possible = attach->detach || partitions;
        snprintf(pick->detail, sizeof(pick->detail), "%s%s%s%s",
                 gpu->name != NULL ? gpu->name : "-", pick->possible ? "" : ": ",
                 pick->possible ? ""
                                : (gpu->state_text != NULL ? gpu->state_text : look_gpu(gpu).word),
                 held && !attach->detach ? "  (it has one already)" : "");
    }
    if (!attach->detach) {
        struct pick *mirror = add_pick(attach, "*", "all GPUs");
        text_clean(mirror->detail, sizeof(mirror->detail), "mirror: every GPU of the host");
    }
}

static void gather_systems(struct attach *attach, const struct hvgpu_snapshot *s, bool ours)
{
    for (size_t i = 0; i < s->system_count; i++) {
        const struct hvgpu_system *system = s->systems[i];
        if (system->ours != ours || system->kind == HVGPU_SYSTEM_TEMPLATE ||
            system->kind == HVGPU_SYSTEM_PROCESS_CONTAINER || system->left_over ||
            system->state == HVGPU_STATE_STOPPED) {
            continue;
        }
        bool held = holds(system, attach->fixed);
        if (attach->detach && !held && system->gpu_mode != HVGPU_MODE_MIRROR) {
            continue;
        }
        char gpus[96];
        struct pick *pick = add_pick(attach, system->id, system_name(system));
        bool known = system_gpu_text(s, system, gpus, sizeof(gpus));
        const char *owner = system->owner_text != NULL ? system->owner_text : system->owner;
        snprintf(pick->detail, sizeof(pick->detail), "%s%s  GPU: %s%s%s",
                 system->kind == HVGPU_SYSTEM_UTILITY_VM ? "utility VM, " : "",
                 look_system(system).word, known ? gpus : "-", system->ours ? "" : "  owner: ",
                 system->ours ? "" : (owner != NULL ? owner : "-"));
    }
}

static bool make_room(struct attach *attach, const struct hvgpu_snapshot *s)
{
    size_t wanted = s->system_count + s->gpu_count + 2;
    if (wanted > attach->capacity) {
        struct pick *picks = realloc(attach->picks, wanted * sizeof(*picks));
        if (picks == NULL) {
            return false;
        }
        attach->picks = picks;
        attach->capacity = wanted;
    }
    return true;
}

static struct table *attach_table(struct app *app, struct view *view)
{
    struct attach *attach = (struct attach *)view;
    const struct hvgpu_snapshot *s = app->snapshot;
    uint64_t present = s->gpu_generation + s->system_generation;
    if ((attach->seen != present || attach->generation == 0) && make_room(attach, s)) {
        attach->seen = present;
        attach->generation++;
        attach->count = 0;
        if (attach->for_gpu) {
            gather_systems(attach, s, true);
            gather_systems(attach, s, false);
        } else {
            gather_gpus(attach, s);
        }
    }
    table_sync(&attach->table, attach->count, attach->generation);
    return &attach->table;
}

/* ---- opening ---- */

static bool attach_init(struct app *app, struct view *view)
{
    struct attach *attach = (struct attach *)view;
    attach->app = app;
    table_init(&attach->table, &table_ops, attach);
    return true;
}

static void attach_close(struct app *app, struct view *view)
{
    struct attach *attach = (struct attach *)view;
    (void)app;
    table_done(&attach->table);
    free(attach->picks);
}

static void open_picker(struct app *app, bool detach, const char *system_id, const char *gpu)
{
    struct view *view = view_new(app, &attach_view);
    if (view == NULL) {
        return;
    }
    struct attach *attach = (struct attach *)view;
    attach->detach = detach;
    attach->for_gpu = gpu != NULL;
    attach->preview = state_of(app)->preview;
    text_clean(attach->fixed, sizeof(attach->fixed), gpu != NULL ? gpu : system_id);
    attach_table(app, view);
    app_push_view(app, view);
}

void attach_open(struct app *app, const char *system_id, const char *gpu)
{
    open_picker(app, false, system_id, gpu);
}

void detach_open(struct app *app, const char *system_id, const char *gpu)
{
    open_picker(app, true, system_id, gpu);
}

/* ---- acting ---- */

static void act(struct app *app, struct attach *attach)
{
    const struct pick *pick = table_selected(&attach->table);
    if (pick == NULL || !pick->possible) {
        app_notice(app, ROLE_WARNING, "%s",
                   pick == NULL ? "nothing is selected" : "this GPU has no partitions to give");
        return;
    }
    struct action action = {.verb = attach->detach ? HVGPU_DETACH : HVGPU_ATTACH};
    const char *system = attach->for_gpu ? pick->id : attach->fixed;
    const char *gpu = attach->for_gpu ? attach->fixed : pick->id;
    bool all = strcmp(gpu, "*") == 0;
    text_clean(action.target, sizeof(action.target), system);
    text_clean(action.gpu, sizeof(action.gpu), all ? "" : gpu);
    action.mirror = all && !attach->detach;
    action.partition = attach->partition;
    bool preview = attach->preview;
    if (!preview) {
        app_back(app); /* frees the view: nothing of it is used from here on */
    }
    state_of(app)->preview = preview;
    action_start(app, &action);
    state_of(app)->preview = false;
}

static void change_partition(struct attach *attach, int step)
{
    struct hvgpu_number *n = &attach->partition;
    if (step > 0) {
        n->value = n->known ? n->value + (n->value < 65534) : 0;
        n->known = true;
    } else if (n->known && n->value > 0) {
        n->value--;
    } else {
        *n = (struct hvgpu_number){0};
    }
}

static bool attach_input(struct app *app, struct view *view, const struct input *input)
{
    struct attach *attach = (struct attach *)view;
    bool opened = false;
    attach_table(app, view);
    if (input->kind == INPUT_MOUSE) {
        bool used = table_mouse(&attach->table, input, &opened);
        if (opened) {
            act(app, attach);
        }
        return used;
    }
    switch (input->kind == INPUT_KEY ? input->key : 0) {
    case INPUT_ENTER:
        act(app, attach);
        return true;
    case INPUT_LEFT:
    case 'h':
        change_partition(attach, -1);
        return true;
    case INPUT_RIGHT:
    case 'l':
        change_partition(attach, 1);
        return true;
    default:
        return false;
    }
}

static bool attach_update(struct app *app, struct view *view)
{
    struct attach *attach = (struct attach *)view;
    uint64_t before = attach->generation;
    attach_table(app, view);
    return before != attach->generation;
}

static void attach_status(struct app *app, struct view *view, char *out, size_t size)
{
    table_status(attach_table(app, view), "choices", out, size);
}

static void attach_draw(struct app *app, struct view *view, struct rect area)
{
    struct attach *attach = (struct attach *)view;
    char text[320];
    char name[96];
    struct table *table = attach_table(app, view);
    object_title(app, attach->for_gpu ? OBJECT_GPU : OBJECT_SYSTEM, attach->fixed, name,
                 sizeof(name));
    if (attach->for_gpu) {
        snprintf(text, sizeof(text),
                 attach->detach ? "Take %s from which system?" : "Give %s to which system?", name);
    } else {
        snprintf(text, sizeof(text),
                 attach->detach ? "Take what from %s?" : "Give which GPU to %s?", name);
    }
    if (area.height > 4) {
        canvas_text(app->canvas, area.x, area.y, area.width, text, ROLE_STRONG, ATTRIBUTE_BOLD);
        area.y++;
        area.height--;
    }
    if (area.height > 4) {
        struct rect line = {area.x, area.y + area.height - 1, area.width, 1};
        char number[32] = "any";
        if (attach->partition.known) {
            snprintf(number, sizeof(number), "%" PRIu64, attach->partition.value);
        }
        snprintf(text, sizeof(text), "partition < %s >  Enter %s", number,
                 attach->preview ? "shows the documents"
                                 : (attach->detach ? "detaches" : "attaches"));
        canvas_text(app->canvas, line.x, line.y, line.width, text, ROLE_KEY_TEXT, 0);
        area.height--;
    }
    table_draw(table, app->canvas, area, attach->for_gpu ? "no system that it could be" : "no GPU");
}

const struct view_ops attach_view = {
    .name = "attach",
    .title = "Choose",
    .help = "Choose what to attach or detach; left and right choose the partition.",
    .size = sizeof(struct attach),
    .open = attach_init,
    .close = attach_close,
    .update = attach_update,
    .draw = attach_draw,
    .input = attach_input,
    .status = attach_status,
    .takes_text = true,
    .table = attach_table,
};
