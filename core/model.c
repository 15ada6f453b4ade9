/* SPDX-License-Identifier: MIT
 *
 * The model. Every section is a sorted list of records (record_list.h); a message replaces, adds or
 * removes only what it names. Events stand in a ring that grows up to its capacity.
 */
#include "core/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "core/snapshot.h"

enum { EVENTS_FIRST = 256, EVENTS_DEFAULT = 16384 };

struct model {
    struct hvgpu_snapshot snapshot;
    struct hvgpu_snapshot_index index;
    const struct hvgpu_host *host;
    /* These own one reference each; the index borrows. */
    struct record_list gpus, systems, images, checks, jobs, leftovers;
    struct hvgpu_event **events; /* ring */
    size_t event_capacity, event_size, event_start, event_count;
};

/* ---- publishing ---- */

static void publish(struct model *model)
{
    struct hvgpu_snapshot *s = &model->snapshot;
    s->host = model->host;
    s->gpus = (const struct hvgpu_gpu *const *)model->gpus.items;
    s->gpu_count = model->gpus.count;
    s->systems = (const struct hvgpu_system *const *)model->systems.items;
    s->system_count = model->systems.count;
    s->images = (const struct hvgpu_image *const *)model->images.items;
    s->image_count = model->images.count;
    s->checks = (const struct hvgpu_check *const *)model->checks.items;
    s->check_count = model->checks.count;
    s->jobs = (const struct hvgpu_job *const *)model->jobs.items;
    s->job_count = model->jobs.count;
    s->leftovers = (const struct hvgpu_leftover *const *)model->leftovers.items;
    s->leftover_count = model->leftovers.count;
    s->event_count = model->event_count;
    s->event_first = model->event_count > 0 ? model->events[model->event_start]->sequence : 0;
    s->index = &model->index;
}

struct model *model_new(const char *uri, bool simulated, size_t event_capacity)
{
    struct model *model = calloc(1, sizeof *model);
    struct hvgpu_host *host = record_new(sizeof *host);
    if (model == NULL || host == NULL) {
        free(model);
        hvgpu_record_drop(host);
        return NULL;
    }
    host->uri = record_text(host, uri);
    host->simulated = simulated;
    host->link = HVGPU_LINK_CONNECTING;
    host->link_reason = "connecting";
    model->host = host;
    model->event_capacity = event_capacity > 0 ? event_capacity : EVENTS_DEFAULT;
    model->gpus.compare = snapshot_compare_gpus;
    model->systems.compare = snapshot_compare_systems;
    model->index.systems_by_id.compare = snapshot_compare_system_ids;
    model->images.compare = snapshot_compare_images;
    model->checks.compare = snapshot_compare_checks;
    model->jobs.compare = snapshot_compare_jobs;
    publish(model);
    return model;
}

static void list_free(struct record_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        hvgpu_record_drop(list->items[i]);
    }
    record_list_clear(list);
}

void model_free(struct model *model)
{
    if (model == NULL) {
        return;
    }
    record_list_clear(&model->index.systems_by_id);
    list_free(&model->gpus);
    list_free(&model->systems);
    list_free(&model->images);
    list_free(&model->checks);
    list_free(&model->jobs);
    list_free(&model->leftovers);
    for (size_t i = 0; i < model->event_count; i++) {
        hvgpu_record_drop(model->events[(model->event_start + i) % model->event_size]);
    }
    free(model->events);
    hvgpu_record_drop(model->host);
    free(model);
}

const struct hvgpu_snapshot *model_snapshot(const struct model *model)
{
    return &model->snapshot;
}

const struct hvgpu_event *model_event_at(const struct model *model, size_t index)
{
    if (index >= model->event_count) {
        return NULL;
    }
    return model->events[(model->event_start + index) % model->event_size];
}

/* ---- whole lists ---- */

/* The message's records become the list. */
static bool replace_list(struct record_list *list, struct message *message)
{
    struct record_list fresh = {.compare = list->compare};
    if (!record_list_reserve(&fresh, message->record_count)) {
        return false;
    }
    record_list_merge(&fresh, (const void **)message->records, message->record_count);
    message->record_count = 0;
    list_free(list);
    *list = fresh;
    return true;
}

/* Puts one record into a list whose key never changes. Takes the reference. */
static bool put_record(struct record_list *list, const void *record)
{
    bool found = false;
    size_t position = record_list_find(list, record, &found);
    if (found) {
        hvgpu_record_drop(list->items[position]);
        list->items[position] = record;
        return true;
    }
    if (!record_list_reserve(list, 1)) {
        hvgpu_record_drop(record);
        return false;
    }
    record_list_merge(list, &record, 1);
    return true;
}

/* ---- systems ---- */

/* Sorts the records by id and drops doubles. */
static size_t sort_records(void **records, size_t count)
{
    if (count == 0) {
        return 0;
    }
    qsort(records, count, sizeof *records, snapshot_compare_system_ids);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (snapshot_compare_system_ids(&records[kept - 1], &records[i]) == 0) {
            hvgpu_record_drop(records[kept - 1]);
            records[kept - 1] = records[i];
        } else {
            records[kept] = records[i];
            kept++;
        }
    }
    return kept;
}

/* One record whose id is known already. True: it took its place; false: its place in the tree is
 * another one, it has been taken out there and must be added. */
static bool replace_system(struct model *model, size_t by_id, const struct hvgpu_system *system)
{
    struct record_list *index = &model->index.systems_by_id;
    const void *old = index->items[by_id];
    bool found = false;
    size_t position = record_list_find(&model->systems, old, &found);
    const void *fresh = system;
    bool stays = found && snapshot_compare_systems(&old, &fresh) == 0;
    if (stays) {
        model->systems.items[position] = system;
    } else if (found) {
        record_list_remove(&model->systems, position);
    }
    index->items[by_id] = system;
    hvgpu_record_drop(old);
    return stays;
}

static bool put_systems(struct model *model, struct message *message)
{
    struct record_list *index = &model->index.systems_by_id;
    size_t count = sort_records(message->records, message->record_count);
    message->record_count = count;
    const void **in_tree = calloc(count + 1, sizeof *in_tree);
    const void **in_index = calloc(count + 1, sizeof *in_index);
    size_t tree_count = 0;
    size_t index_count = 0;
    bool ok = in_tree != NULL && in_index != NULL && record_list_reserve(&model->systems, count) &&
              record_list_reserve(index, count);
    for (size_t i = 0; ok && i < count; i++) {
        const void *system = message->records[i];
        bool found = false;
        size_t position = record_list_find(index, system, &found);
        if (!found) {
            in_index[index_count] = system;
            index_count++;
        }
        if (!found || !replace_system(model, position, system)) {
            in_tree[tree_count] = system;
            tree_count++;
        }
    }
    if (ok) {
        message->record_count = 0; /* all of them belong to the tree now */
        record_list_merge(&model->systems, in_tree, tree_count);
        record_list_merge(index, in_index, index_count);
    }
    free(in_tree);
    free(in_index);
    return ok;
}

static bool remove_systems(struct model *model, const struct message *message)
{
    struct record_list *index = &model->index.systems_by_id;
    if (message->gone_count == 0 || index->count == 0) {
        return true;
    }
    bool *gone_tree = calloc(index->count, sizeof *gone_tree);
    bool *gone_index = calloc(index->count, sizeof *gone_index);
    if (gone_tree == NULL || gone_index == NULL) {
        free(gone_tree);
        free(gone_index);
        return false;
    }
    for (size_t i = 0; i < message->gone_count; i++) {
        const struct hvgpu_system key = {.id = message->gone[i]};
        bool found = false;
        size_t position = record_list_find(index, &key, &found);
        if (found) {
            gone_index[position] = true;
            position = record_list_find(&model->systems, index->items[position], &found);
            gone_tree[position] = found;
        }
    }
    for (size_t i = 0; i < model->systems.count; i++) {
        if (gone_index[i]) {
            hvgpu_record_drop(index->items[i]);
        }
    }
    record_list_remove_flagged(&model->systems, gone_tree);
    record_list_remove_flagged(index, gone_index);
    free(gone_tree);
    free(gone_index);
    return true;
}

/* ---- checks ---- */

/* A copy of the new check with the strip of verdicts continued. The copy keeps the original, which
 * owns the texts and may be in use elsewhere. */
static struct hvgpu_check *continue_history(const struct hvgpu_check *check,
                                            const struct hvgpu_check *before)
{
    struct hvgpu_check *copy = record_new(sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *check;
    record_own(copy, check);
    copy->history_count = 0;
    if (before != NULL) {
        memcpy(copy->history, before->history, sizeof copy->history);
        copy->history_count = before->history_count;
    }
    if (!check->judged || (before != NULL && before->judged && before->time_ms == check->time_ms)) {
        return copy;
    }
    if (copy->history_count == HVGPU_CHECK_HISTORY) {
        memmove(copy->history, copy->history + 1, HVGPU_CHECK_HISTORY - 1);
        copy->history_count--;
    }
    copy->history[copy->history_count] = (uint8_t)check->verdict;
    copy->history_count++;
    return copy;
}

static bool put_check(struct model *model, const struct message *message)
{
    const struct hvgpu_check *check = message->record;
    if (check == NULL || check->system_id == NULL) {
        return false;
    }
    bool found = false;
    size_t position = record_list_find(&model->checks, check, &found);
    struct hvgpu_check *copy =
        continue_history(check, found ? model->checks.items[position] : NULL);
    return copy != NULL && put_record(&model->checks, copy);
}

static void remove_checks(struct model *model, const struct message *message)
{
    for (size_t i = 0; i < message->gone_count; i++) {
        const struct hvgpu_check key = {.system_id = message->gone[i]};
        bool found = false;
        size_t position = record_list_find(&model->checks, &key, &found);
        if (found) {
            hvgpu_record_drop(model->checks.items[position]);
            record_list_remove(&model->checks, position);
        }
    }
}

/* ---- jobs ---- */

/* The list is newest first: whatever finished beyond the limits is the oldest. */
static void forget_old_jobs(struct model *model)
{
    size_t finished = 0;
    size_t hidden = 0;
    size_t kept = 0;
    for (size_t i = 0; i < model->jobs.count; i++) {
        const struct hvgpu_job *job = model->jobs.items[i];
        bool ended = job->state >= HVGPU_JOB_DONE;
        finished += ended;
        hidden += ended && job->hidden;
        if (ended &&
            (finished > MODEL_FINISHED_JOBS || (job->hidden && hidden > MODEL_HIDDEN_JOBS))) {
            hvgpu_record_drop(job);
        } else {
            model->jobs.items[kept] = job;
            kept++;
        }
    }
    model->jobs.count = kept;
}

static bool put_job(struct model *model, struct message *message)
{
    const struct hvgpu_job *job = message->record;
    if (job == NULL) {
        return false;
    }
    message->record = NULL;
    bool ok = put_record(&model->jobs, job);
    forget_old_jobs(model);
    return ok;
}

/* ---- events ---- */

static bool ring_grow(struct model *model)
{
    if (model->event_size >= model->event_capacity || model->event_start != 0) {
        return false;
    }
    size_t size = model->event_size > 0 ? model->event_size * 2 : EVENTS_FIRST;
    if (size > model->event_capacity) {
        size = model->event_capacity;
    }
    struct hvgpu_event **events = realloc(model->events, size * sizeof *events);
    if (events == NULL) {
        return false;
    }
    model->events = events;
    model->event_size = size;
    return true;
}

/* False: there is no memory at all for events. */
static bool add_event(struct model *model, struct hvgpu_event *event)
{
    if (model->event_count == model->event_size && !ring_grow(model)) {
        if (model->event_size == 0) {
            hvgpu_record_drop(event);
            return false;
        }
        hvgpu_record_drop(model->events[model->event_start]);
        model->events[model->event_start] = event;
        model->event_start = (model->event_start + 1) % model->event_size;
        return true;
    }
    model->events[(model->event_start + model->event_count) % model->event_size] = event;
    model->event_count++;
    return true;
}

static bool apply_events(struct model *model, struct inbox_batch *batch)
{
    bool ok = true;
    for (size_t i = 0; i < batch->event_count; i++) {
        ok = add_event(model, batch->events[i]) && ok;
    }
    struct hvgpu_snapshot *s = &model->snapshot;
    s->events_seen += batch->event_count + batch->lost;
    s->events_lost += batch->lost;
    if (batch->event_count > 0 || batch->lost > 0) {
        s->event_generation = s->generation;
    }
    batch->event_count = 0;
    return ok;
}

/* ---- messages ---- */

static bool put_host(struct model *model, struct message *message)
{
    if (message->record == NULL) {
        return false;
    }
    hvgpu_record_drop(model->host);
    model->host = message->record;
    message->record = NULL;
    return true;
}

/* False: the message could not be applied for lack of memory. */
static bool apply_message(struct model *model, struct message *message)
{
    struct hvgpu_snapshot *s = &model->snapshot;
    switch (message->kind) {
    case MESSAGE_HOST:
        s->host_generation = s->generation;
        return put_host(model, message);
    case MESSAGE_GPUS:
        s->gpu_generation = s->generation;
        return replace_list(&model->gpus, message);
    case MESSAGE_IMAGES:
        s->image_generation = s->generation;
        return replace_list(&model->images, message);
    case MESSAGE_SYSTEMS: {
        s->system_generation = s->generation;
        bool removed = remove_systems(model, message);
        return put_systems(model, message) && removed;
    }
    case MESSAGE_CHECK:
        s->check_generation = s->generation;
        return put_check(model, message);
    case MESSAGE_CHECK_GONE:
        s->check_generation = s->generation;
        remove_checks(model, message);
        return true;
    case MESSAGE_LEFTOVERS:
        s->leftover_generation = s->generation;
        return replace_list(&model->leftovers, message);
    case MESSAGE_LOADED:
        s->loaded = true;
        return true;
    case MESSAGE_JOB:
        s->job_generation = s->generation;
        return put_job(model, message);
    case MESSAGE_OUTPUT:
        return true;
    }
    return true;
}

struct model_result model_apply(struct model *model, struct inbox_batch *batch)
{
    struct model_result result = {.lost = batch->lost > 0};
    for (const struct message *m = batch->messages; m != NULL; m = m->next) {
        result.changed = result.changed || m->kind != MESSAGE_OUTPUT;
    }
    result.changed = result.changed || batch->event_count > 0 || batch->lost > 0;
    if (!result.changed) {
        return result;
    }
    model->snapshot.generation++;
    for (struct message *m = batch->messages; m != NULL; m = m->next) {
        result.lost = !apply_message(model, m) || result.lost;
    }
    result.lost = !apply_events(model, batch) || result.lost;
    publish(model);
    return result;
}
