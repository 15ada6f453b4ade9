/* SPDX-License-Identifier: MIT
 *
 * The map of a VM's GPUs, merged.
 */
#include "core/engine/hcs/attach_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "merge GPUs", NULL, "out of memory");
}

static void gpu_clear(struct owned_gpu *gpu)
{
    free(gpu->instance_id);
    free(gpu->interface_path);
    free(gpu->package);
    free(gpu->vpci_id);
    memset(gpu, 0, sizeof *gpu);
}

static bool gpu_copy(struct owned_gpu *to, const struct owned_gpu *from)
{
    memset(to, 0, sizeof *to);
    to->instance_id = text_copy(from->instance_id);
    to->interface_path = text_copy(from->interface_path);
    to->package = text_copy(from->package);
    to->vpci_id = text_copy(from->vpci_id);
    to->partition = from->partition;
    return (from->instance_id == NULL || to->instance_id != NULL) &&
           (from->interface_path == NULL || to->interface_path != NULL);
}

void attach_change_clear(struct attach_change *change)
{
    for (size_t i = 0; i < change->gpu_count; i++) {
        gpu_clear(&change->gpus[i]);
    }
    free(change->gpus);
    memset(change, 0, sizeof *change);
}

enum hvgpu_status attach_names(const struct engine_view *view,
                               const struct hvgpu_gpu_request *requests, size_t count,
                               struct attach_change *change, struct hvgpu_error *err)
{
    change->gpus = calloc(count + 1, sizeof *change->gpus);
    if (change->gpus == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const struct hvgpu_gpu *gpu = engine_view_gpu(view, requests[i].gpu, err);
        if (gpu == NULL) {
            return HVGPU_NOT_FOUND;
        }
        struct owned_gpu *own = &change->gpus[change->gpu_count++];
        own->instance_id = text_copy(gpu->instance_id);
        own->interface_path = text_copy(gpu->interface_path);
        if (own->instance_id == NULL) {
            return no_memory(err);
        }
    }
    return HVGPU_OK;
}

static bool same_gpu(const struct owned_gpu *a, const struct owned_gpu *b)
{
    return a->instance_id != NULL && b->instance_id != NULL &&
           text_equal_nocase(a->instance_id, b->instance_id);
}

static size_t find_gpu(const struct owned_gpu *gpus, size_t count, const struct owned_gpu *which)
{
    size_t i = 0;
    while (i < count && !same_gpu(&gpus[i], which)) {
        i++;
    }
    return i;
}

/* A whole copy, by the same two functions that keep records on disk. */
static enum hvgpu_status copy_record(const struct ownership *from, struct ownership *to,
                                     struct hvgpu_error *err)
{
    memset(to, 0, sizeof *to);
    if (from->id == NULL) {
        return HVGPU_OK; /* a VM without a record */
    }
    struct json *json = ownership_to_json(from);
    enum hvgpu_status status = json != NULL ? ownership_from_json(json, to, err) : no_memory(err);
    json_free(json);
    return status;
}

static enum hvgpu_status remove_gpus(struct ownership *wanted, const struct attach_change *change,
                                     struct hvgpu_error *err)
{
    if (change->gpu_count > 0 && wanted->gpu_mode == HVGPU_MODE_MIRROR) {
        error_set(err, HVGPU_INVALID, "detach", wanted->vm_id,
                  "it has all GPUs of the host, from which one cannot be taken");
        error_hint(err, "detach all, then attach those that are to stay");
        return HVGPU_INVALID;
    }
    for (size_t i = 0; i < change->gpu_count; i++) {
        size_t at = find_gpu(wanted->gpus, wanted->gpu_count, &change->gpus[i]);
        if (at == wanted->gpu_count && wanted->id != NULL) {
            return error_set(err, HVGPU_NOT_FOUND, "detach", change->gpus[i].instance_id,
                             "this GPU is not attached to %s", wanted->vm_id);
        }
        if (at < wanted->gpu_count) {
            gpu_clear(&wanted->gpus[at]);
            memmove(&wanted->gpus[at], &wanted->gpus[at + 1],
                    (wanted->gpu_count - at - 1) * sizeof *wanted->gpus);
            wanted->gpu_count--;
        }
    }
    while (change->gpu_count == 0 && wanted->gpu_count > 0) {
        gpu_clear(&wanted->gpus[--wanted->gpu_count]);
    }
    wanted->gpu_mode = wanted->gpu_count > 0 ? HVGPU_MODE_LIST : HVGPU_MODE_NONE;
    return HVGPU_OK;
}

static enum hvgpu_status add_gpus(struct ownership *wanted, const struct attach_change *change,
                                  struct hvgpu_error *err)
{
    if (wanted->gpu_mode == HVGPU_MODE_MIRROR) {
        return error_set(err, HVGPU_EXISTS, "attach", wanted->vm_id,
                         "it has all GPUs of the host already");
    }
    size_t most = wanted->gpu_count + change->gpu_count;
    struct owned_gpu *gpus = realloc(wanted->gpus, (most + 1) * sizeof *gpus);
    if (gpus == NULL) {
        return no_memory(err);
    }
    wanted->gpus = gpus;
    for (size_t i = 0; i < change->gpu_count; i++) {
        size_t at = find_gpu(gpus, wanted->gpu_count, &change->gpus[i]);
        if (at < wanted->gpu_count) {
            gpu_clear(&gpus[at]); /* the same GPU with another partition */
        } else {
            wanted->gpu_count++;
        }
        if (!gpu_copy(&gpus[at], &change->gpus[i])) {
            return no_memory(err);
        }
    }
    wanted->gpu_mode = HVGPU_MODE_LIST;
    return HVGPU_OK;
}

enum hvgpu_status attach_merge(const struct ownership *present, const struct attach_change *change,
                               struct ownership *wanted, struct hvgpu_error *err)
{
    enum hvgpu_status status = copy_record(present, wanted, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (wanted->gpu_mode == HVGPU_MODE_DDA) {
        return error_set(err, HVGPU_UNSUPPORTED, "attach", wanted->vm_id,
                         "it holds a whole device, which cannot be changed while it runs");
    }
    if (change->detach) {
        return remove_gpus(wanted, change, err);
    }
    if (change->mirror) {
        while (wanted->gpu_count > 0) {
            gpu_clear(&wanted->gpus[--wanted->gpu_count]);
        }
        wanted->gpu_mode = HVGPU_MODE_MIRROR;
        return HVGPU_OK;
    }
    return add_gpus(wanted, change, err);
}

void attach_note_package(struct ownership *record, const char *instance_id, const char *package)
{
    for (size_t i = 0; i < record->gpu_count; i++) {
        struct owned_gpu *gpu = &record->gpus[i];
        if (gpu->package == NULL && text_equal_nocase(gpu->instance_id, instance_id)) {
            gpu->package = text_copy(package); /* NULL: it stays not known */
        }
    }
}

struct gpu_name *gpu_names_new(const struct engine_view *view)
{
    struct gpu_name *names = calloc(view->gpu_count + 1, sizeof *names);
    for (size_t i = 0; names != NULL && i < view->gpu_count; i++) {
        names[i].id = text_copy(view->gpus[i]->id);
        names[i].instance_id = text_copy(view->gpus[i]->instance_id);
        if (names[i].id == NULL || names[i].instance_id == NULL) {
            free(names[i].id);
            names[i].id = NULL; /* the list ends here: the others show as what they are */
            free(names[i].instance_id);
            names[i].instance_id = NULL;
            break;
        }
    }
    return names;
}

void gpu_names_free(struct gpu_name *names)
{
    for (size_t i = 0; names != NULL && names[i].id != NULL; i++) {
        free(names[i].id);
        free(names[i].instance_id);
    }
    free(names);
}

static const char *name_of(const struct gpu_name *names, const char *instance_id)
{
    for (size_t i = 0; names != NULL && names[i].id != NULL; i++) {
        if (instance_id != NULL && text_equal_nocase(names[i].instance_id, instance_id)) {
            return names[i].id;
        }
    }
    return instance_id != NULL ? instance_id : "unnamed";
}

void attach_map_text(const struct ownership *record, bool known, const struct gpu_name *names,
                     char *out, size_t size)
{
    if (!known || record->gpu_mode == HVGPU_MODE_MIRROR || record->gpu_count == 0) {
        snprintf(out, size, "%s",
                 !known                                  ? "not known"
                 : record->gpu_mode == HVGPU_MODE_MIRROR ? "all GPUs"
                                                         : "none");
        return;
    }
    struct text text;
    text_init(&text, size - 1); /* what does not fit is left out, whole GPUs at a time */
    for (size_t i = 0; i < record->gpu_count; i++) {
        const struct owned_gpu *gpu = &record->gpus[i];
        char number[24] = "any";
        if (gpu->partition.known) {
            snprintf(number, sizeof number, "%llu", (unsigned long long)gpu->partition.value);
        }
        text_addf(&text, "%s%s:%s", i > 0 ? ", " : "", name_of(names, gpu->instance_id), number);
    }
    snprintf(out, size, "%s", text.data);
    text_free(&text);
}

struct json *attach_map_json(const struct ownership *record)
{
    if (record->gpu_mode == HVGPU_MODE_MIRROR) {
        return json_new_string("all");
    }
    struct json *list = json_new_array();
    for (size_t i = 0; i < record->gpu_count; i++) {
        struct json *item = json_append(list, json_new_object());
        json_add_string(item, "gpu", record->gpus[i].instance_id);
        if (record->gpus[i].partition.known) {
            json_add_u64(item, "partition", record->gpus[i].partition.value);
        } else {
            json_add_null(item, "partition");
        }
    }
    return list;
}
