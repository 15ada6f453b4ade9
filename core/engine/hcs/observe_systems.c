/* SPDX-License-Identifier: MIT
 *
 * Records of compute systems: what the enumeration says, joined with hvgpu's own record, the last
 * statistics and what follows from all of it (kind, owner in words, GPUs). A record is rebuilt when
 * something of it is dirty and posted only when it really differs.
 *
 * GPUs of systems that hvgpu did not create are unknown, never none: nothing reads them back.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/record.h"

/* ---- words ---- */

static const struct {
    const char *name;
    enum hvgpu_system_state state;
} states[] = {{"Created", HVGPU_STATE_CREATED},
              {"Running", HVGPU_STATE_RUNNING},
              {"Paused", HVGPU_STATE_PAUSED},
              {"Stopped", HVGPU_STATE_STOPPED},
              {"SavedAsTemplate", HVGPU_STATE_SAVED_AS_TEMPLATE}};

static enum hvgpu_system_state read_state(const char *text)
{
    for (size_t i = 0; text != NULL && i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i].name, text) == 0) {
            return states[i].state;
        }
    }
    return HVGPU_STATE_UNKNOWN;
}

static const char *state_name(enum hvgpu_system_state state)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (states[i].state == state) {
            return states[i].name;
        }
    }
    return NULL;
}

static const char *const kind_words[] = {[HVGPU_SYSTEM_OTHER] = "other",
                                         [HVGPU_SYSTEM_UTILITY_VM] = "utility VM",
                                         [HVGPU_SYSTEM_VM] = "VM",
                                         [HVGPU_SYSTEM_HYPERV_CONTAINER] = "Hyper-V container",
                                         [HVGPU_SYSTEM_PROCESS_CONTAINER] = "process container",
                                         [HVGPU_SYSTEM_TEMPLATE] = "template"};

static bool is_runhcs(const char *owner)
{
    return owner != NULL && text_starts_nocase(owner, "containerd-shim-runhcs-v1");
}

static enum hvgpu_system_kind classify(const struct seen *seen, const struct hvgpu_system *record)
{
    if (seen->template) {
        return HVGPU_SYSTEM_TEMPLATE;
    }
    switch (record->kind) { /* what the type alone said */
    case HVGPU_SYSTEM_VM:
    case HVGPU_SYSTEM_UTILITY_VM:
        return seen->hosts || text_ends_nocase(record->id, "@vm") ||
                       text_equal(record->owner, HVGPU_OWNER) || is_runhcs(record->owner)
                   ? HVGPU_SYSTEM_UTILITY_VM
                   : HVGPU_SYSTEM_VM;
    case HVGPU_SYSTEM_PROCESS_CONTAINER:
    case HVGPU_SYSTEM_HYPERV_CONTAINER:
        return record->host_id != NULL || seen->has_image ? HVGPU_SYSTEM_HYPERV_CONTAINER
                                                          : HVGPU_SYSTEM_PROCESS_CONTAINER;
    default:
        return record->kind;
    }
}

/* ---- the enumeration's part ---- */

static size_t room(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

/* What the list says. Texts that are the same, or words of this file, are not copied: there may be
 * ten thousand of these records. */
static void fill_listed(struct hvgpu_system *record, const struct hvgpu_system *from)
{
    bool named = !text_equal(from->name, from->id);
    record_reserve(record, room(from->id) + room(named ? from->name : NULL) + room(from->owner) +
                               room(from->os) + room(from->host_id) + room(from->runtime_id));
    record->id = record_text(record, from->id);
    record->name = named ? record_text(record, from->name) : record->id;
    record->owner = record_text(record, from->owner);
    record->os = record_text(record, from->os);
    record->host_id = record_text(record, from->host_id);
    record->runtime_id = record_text(record, from->runtime_id);
}

static struct hvgpu_system *base_record(const struct system_base *base)
{
    struct hvgpu_system *record = record_new(sizeof *record);
    if (record == NULL) {
        return NULL;
    }
    fill_listed(record, &(struct hvgpu_system){.id = base->id,
                                               .name = base->name,
                                               .owner = base->owner,
                                               .os = base->os,
                                               .host_id = base->host_id,
                                               .runtime_id = base->runtime_id});
    record->state = read_state(base->state);
    record->state_text = record->state == HVGPU_STATE_UNKNOWN ? record_text(record, base->state)
                                                              : state_name(record->state);
    if (text_equal(base->type, "VirtualMachine")) {
        record->kind = HVGPU_SYSTEM_VM;
    } else if (text_equal(base->type, "Container")) {
        record->kind = HVGPU_SYSTEM_PROCESS_CONTAINER;
    } else {
        record->kind = HVGPU_SYSTEM_OTHER;
        record->kind_text = record_text(record, base->type);
    }
    if (record->id == NULL) { /* out of memory */
        hvgpu_record_drop(record);
        return NULL;
    }
    return record;
}

const struct hvgpu_system *observe_first_record(const struct system_base *base)
{
    return base_record(base);
}

void observe_base(struct seen *seen, const struct system_base *base)
{
    const struct hvgpu_system *record = base_record(base);
    if (record != NULL) {
        hvgpu_record_drop(seen->base);
        seen->base = record;
        seen->dirty = true;
    }
}

/* ---- own records ---- */

const struct own *own_of_container(const struct engine *engine, const char *id)
{
    size_t low = 0, high = engine->own.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(engine->own.items[middle].record.id, id);
        if (order == 0) {
            return &engine->own.items[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct own *own_of_vm(const struct engine *engine, const char *vm_id)
{
    for (size_t i = 0; i < engine->own.count; i++) {
        if (strcmp(engine->own.items[i].record.vm_id, vm_id) == 0) {
            return &engine->own.items[i];
        }
    }
    return NULL;
}

bool observe_vm_exists(const struct engine *engine, const struct ownership *record)
{
    if (!engine->list_known) {
        return true;
    }
    const struct seen *seen = table_find(&engine->table, record->vm_id);
    return seen != NULL && !seen->phantom && seen->record->state != HVGPU_STATE_STOPPED;
}

void observe_mark_own(struct engine *engine)
{
    for (size_t i = 0; i < engine->table.count; i++) {
        struct seen *seen = engine->table.items[i];
        if (seen->record->ours || own_of_container(engine, seen->record->id) != NULL ||
            own_of_vm(engine, seen->record->id) != NULL) {
            seen->dirty = true;
        }
    }
}

static const char *gpu_text(const struct engine *engine, struct hvgpu_system *record,
                            const struct ownership *own)
{
    if (own->gpu_mode == HVGPU_MODE_NONE) {
        return record_text(record, "none");
    }
    if (own->gpu_mode == HVGPU_MODE_MIRROR) {
        return record_text(record, "all GPUs");
    }
    if (own->gpu_mode == HVGPU_MODE_UNKNOWN) {
        return NULL;
    }
    struct text text;
    text_init(&text, 4096);
    for (size_t i = 0; i < own->gpu_count; i++) {
        const struct owned_gpu *gpu = &own->gpus[i];
        text_add(&text, i == 0 ? "" : ",");
        text_add(&text, observe_gpu_id(engine, gpu->instance_id));
        if (own->gpu_mode == HVGPU_MODE_LIST && gpu->partition.known) {
            text_addf(&text, ":%llu", (unsigned long long)gpu->partition.value);
        } else if (own->gpu_mode == HVGPU_MODE_LIST) {
            text_add(&text, ":any");
        }
    }
    const char *result = record_text(record, own->gpu_count == 0 ? "none" : text.data);
    text_free(&text);
    return result;
}

static void fill_assignments(struct hvgpu_system *record, const struct ownership *own)
{
    if (own->gpu_count == 0) {
        return;
    }
    struct hvgpu_assignment *list = record_alloc(record, own->gpu_count * sizeof *list);
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < own->gpu_count; i++) {
        list[i].gpu = record_text(record, own->gpus[i].instance_id);
        list[i].partition = own->gpus[i].partition;
    }
    record->assignments = list;
    record->assignment_count = own->gpu_count;
}

/* "Running, command ended, still holds gpu0:3": a container stays up when its command has ended. */
static void say_ended(struct hvgpu_system *record, const struct ownership *own)
{
    bool holds = own->gpu_mode != HVGPU_MODE_NONE && own->gpu_mode != HVGPU_MODE_UNKNOWN &&
                 record->gpu_text != NULL;
    record->state_text = record_textf(record, "Running, command ended%s%s",
                                      holds ? ", still holds " : "", holds ? record->gpu_text : "");
}

static void fill_own(const struct engine *engine, const struct seen *seen,
                     struct hvgpu_system *record, const struct ownership *own, bool is_vm)
{
    record->ours = true;
    record->gpu_mode = own->gpu_mode;
    record->gpu_text = gpu_text(engine, record, own);
    fill_assignments(record, own);
    if (own->remove) {
        record->ends_with_last_handle = HVGPU_ANSWER_YES;
    }
    if (!record->created_ms.known && own->created_ms > 0) {
        record->created_ms = (struct hvgpu_number){(uint64_t)own->created_ms, true};
    }
    if (is_vm) {
        return;
    }
    record->name = own->name != NULL ? record_text(record, own->name) : record->name;
    record->image = record_text(record, own->image);
    record->command = record_text(record, own->command);
    record->init_pid = own->init_pid;
    record->left_over = seen->phantom || record->state == HVGPU_STATE_STOPPED;
    if (record->init_state == HVGPU_INIT_ENDED && record->state == HVGPU_STATE_RUNNING) {
        say_ended(record, own);
    }
    if (record->left_over && observe_vm_exists(engine, own) && own->gpu_mode != HVGPU_MODE_NONE) {
        record->state_text = record_textf(record, "Stopped, its VM still runs and holds %s",
                                          record->gpu_text == NULL ? "GPUs" : record->gpu_text);
    }
}

/* ---- a whole record ---- */

static struct hvgpu_system *rebuild(const struct engine *engine, const struct seen *seen)
{
    const struct hvgpu_system *old = seen->base != NULL ? seen->base : seen->record;
    struct hvgpu_system *record = record_new(sizeof *record);
    if (record == NULL) {
        return NULL;
    }
    fill_listed(record, old);
    const char *owner = owner_decode(old->owner);
    record->owner_text = text_equal(owner, old->owner) ? record->owner : record_text(record, owner);
    record->kind = classify(seen, old);
    record->kind_text = record->kind == HVGPU_SYSTEM_OTHER && old->kind_text != NULL
                            ? record_text(record, old->kind_text)
                            : kind_words[record->kind];
    record->state = seen->phantom ? HVGPU_STATE_STOPPED : old->state;
    record->state_text = record->state == HVGPU_STATE_UNKNOWN ? record_text(record, old->state_text)
                                                              : state_name(record->state);
    record->ends_with_last_handle = seen->ends;
    if (seen->usage != NULL && record->state == HVGPU_STATE_RUNNING) {
        record->cpu_permille = seen->usage->cpu_permille;
        record->memory_bytes = seen->usage->memory_bytes;
        record->processes = seen->usage->processes;
        record->processors = seen->usage->processors;
        record->init_state = seen->usage->init_state;
    }
    if (seen->usage != NULL) {
        record->created_ms = seen->usage->created_ms;
    }
    const struct own *own = own_of_container(engine, old->id);
    if (own != NULL) {
        fill_own(engine, seen, record, &own->record, false);
    } else {
        own = own_of_vm(engine, old->id);
        if (own != NULL) {
            fill_own(engine, seen, record, &own->record, true);
        }
    }
    return record;
}

static bool same_assignments(const struct hvgpu_system *a, const struct hvgpu_system *b)
{
    if (a->assignment_count != b->assignment_count) {
        return false;
    }
    for (size_t i = 0; i < a->assignment_count; i++) {
        if (!text_equal(a->assignments[i].gpu, b->assignments[i].gpu) ||
            !number_equal(a->assignments[i].partition, b->assignments[i].partition)) {
            return false;
        }
    }
    return true;
}

static bool same_system(const struct hvgpu_system *a, const struct hvgpu_system *b)
{
    return a->kind == b->kind && a->state == b->state && a->ours == b->ours &&
           a->left_over == b->left_over && a->ends_with_last_handle == b->ends_with_last_handle &&
           a->gpu_mode == b->gpu_mode && a->init_state == b->init_state &&
           number_equal(a->cpu_permille, b->cpu_permille) &&
           number_equal(a->memory_bytes, b->memory_bytes) &&
           number_equal(a->processes, b->processes) && number_equal(a->processors, b->processors) &&
           number_equal(a->created_ms, b->created_ms) && number_equal(a->init_pid, b->init_pid) &&
           number_equal(a->init_exit_code, b->init_exit_code) && text_equal(a->name, b->name) &&
           text_equal(a->kind_text, b->kind_text) && text_equal(a->state_text, b->state_text) &&
           text_equal(a->owner, b->owner) && text_equal(a->owner_text, b->owner_text) &&
           text_equal(a->os, b->os) && text_equal(a->host_id, b->host_id) &&
           text_equal(a->runtime_id, b->runtime_id) && text_equal(a->image, b->image) &&
           text_equal(a->command, b->command) && text_equal(a->gpu_text, b->gpu_text) &&
           same_assignments(a, b);
}

/* ---- what is only left as a record ---- */

static bool add_gone(char ***gone, size_t *count, const char *id)
{
    char **grown = realloc(*gone, (*count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    *gone = grown;
    grown[*count] = text_copy(id);
    if (grown[*count] == NULL) {
        return false;
    }
    (*count)++;
    return true;
}

/* Systems that the last list no longer has: kept as left over when hvgpu's record still holds files
 * of them, gone otherwise. */
static void sort_out_absent(struct engine *engine, char ***gone, size_t *gone_count)
{
    struct table *table = &engine->table;
    for (size_t i = table->count; i-- > 0;) {
        struct seen *seen = table->items[i];
        bool ours = own_of_container(engine, seen->record->id) != NULL;
        bool absent = !seen->phantom && seen->round != engine->list_round;
        if ((absent || seen->phantom) && !ours) {
            if (add_gone(gone, gone_count, seen->record->id)) {
                observe_drop_handle(engine, seen);
                table_remove(table, seen);
            }
        } else if (absent) {
            observe_drop_handle(engine, seen);
            seen->phantom = true;
            seen->dirty = true;
        }
    }
}

void observe_phantoms(struct engine *engine, char ***gone, size_t *gone_count)
{
    if (!engine->list_known || engine->list_hash == 0) {
        return; /* no list, or one that was not taken */
    }
    sort_out_absent(engine, gone, gone_count);
    for (size_t i = 0; i < engine->own.count; i++) {
        const struct ownership *own = &engine->own.items[i].record;
        if (table_find(&engine->table, own->id) != NULL) {
            continue;
        }
        struct system_base base = {.id = own->id,
                                   .name = own->name,
                                   .owner = HVGPU_OWNER,
                                   .host_id = own->vm_id,
                                   .type = "Container",
                                   .state = "Stopped"};
        struct seen *seen = table_add(&engine->table, observe_first_record(&base));
        if (seen != NULL) {
            seen->phantom = true;
        }
    }
}

/* ---- posting ---- */

static void post(struct engine *engine, void **records, size_t count, char **gone,
                 size_t gone_count)
{
    struct message *message = count > 0 || gone_count > 0 ? message_new(MESSAGE_SYSTEMS) : NULL;
    if (message == NULL) {
        for (size_t i = 0; i < count; i++) {
            hvgpu_record_drop(records[i]);
        }
        for (size_t i = 0; i < gone_count; i++) {
            free(gone[i]);
        }
        free(records);
        free(gone);
        return;
    }
    message->records = records;
    message->record_count = count;
    message->gone = gone;
    message->gone_count = gone_count;
    observe_post(engine, message);
    engine->changed = true;
}

void observe_systems(struct engine *engine, char **gone, size_t gone_count)
{
    struct table *table = &engine->table;
    size_t dirty = 0, count = 0;
    for (size_t i = 0; i < table->count; i++) {
        dirty += table->items[i]->dirty ? 1 : 0;
    }
    void **records = dirty == 0 ? NULL : calloc(dirty, sizeof *records);
    for (size_t i = 0; records != NULL && i < table->count; i++) {
        struct seen *seen = table->items[i];
        if (!seen->dirty) {
            continue;
        }
        struct hvgpu_system *record = rebuild(engine, seen);
        if (record == NULL) {
            continue; /* stays dirty */
        }
        seen->dirty = false;
        hvgpu_record_drop(seen->base);
        seen->base = NULL;
        if (seen->posted && same_system(record, seen->record)) {
            hvgpu_record_drop(record);
            continue;
        }
        hvgpu_record_drop(seen->record);
        seen->record = record;
        seen->posted = true;
        records[count++] = (void *)(uintptr_t)hvgpu_record_keep(record);
    }
    if (count == 0) {
        free(records);
        records = NULL;
    }
    post(engine, records, count, gone, gone_count);
}
