/* SPDX-License-Identifier: MIT
 *
 * What plans may look at: the engine's thread publishes an inventory (arrays of record references)
 * whenever something of it changed; a view holds the newest one. Taking a view copies nothing but a
 * pointer, so the main thread never waits for a digest.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"

static void inventory_free(struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->gpu_count; i++) {
        hvgpu_record_drop(inventory->gpus[i]);
    }
    for (size_t i = 0; i < inventory->image_count; i++) {
        hvgpu_record_drop(inventory->images[i]);
    }
    for (size_t i = 0; i < inventory->system_count; i++) {
        hvgpu_record_drop(inventory->systems[i]);
    }
    free(inventory->gpus);
    free(inventory->images);
    free(inventory->systems);
    free(inventory);
}

struct inventory *inventory_keep(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    struct inventory *inventory = engine->inventory;
    if (inventory != NULL) {
        inventory->holders++;
    }
    os_mutex_unlock(engine->mutex);
    return inventory;
}

void inventory_drop(struct engine *engine, struct inventory *inventory)
{
    os_mutex_lock(engine->mutex);
    inventory->holders--;
    bool last = inventory->holders == 0;
    os_mutex_unlock(engine->mutex);
    if (last) {
        inventory_free(inventory);
    }
}

static struct inventory *inventory_build(const struct engine *engine)
{
    struct inventory *inventory = calloc(1, sizeof *inventory);
    if (inventory == NULL) {
        return NULL;
    }
    inventory->holders = 1;
    inventory->gpus = calloc(engine->gpu_count + 1, sizeof *inventory->gpus);
    inventory->images = calloc(engine->image_count + 1, sizeof *inventory->images);
    inventory->systems = calloc(engine->table.count + 1, sizeof *inventory->systems);
    if (inventory->gpus == NULL || inventory->images == NULL || inventory->systems == NULL) {
        inventory_free(inventory);
        return NULL;
    }
    for (size_t i = 0; i < engine->gpu_count; i++) {
        inventory->gpus[inventory->gpu_count++] = hvgpu_record_keep(engine->gpus[i]);
    }
    for (size_t i = 0; i < engine->image_count; i++) {
        inventory->images[inventory->image_count++] = hvgpu_record_keep(engine->images[i]);
    }
    for (size_t i = 0; i < engine->table.count; i++) {
        if (engine->table.items[i]->posted) {
            inventory->systems[inventory->system_count++] =
                hvgpu_record_keep(engine->table.items[i]->record);
        }
    }
    return inventory;
}

void inventory_publish(struct engine *engine)
{
    struct inventory *inventory = inventory_build(engine);
    if (inventory == NULL) {
        return; /* the old one stays; the next change publishes again */
    }
    os_mutex_lock(engine->mutex);
    struct inventory *old = engine->inventory;
    engine->inventory = inventory;
    os_mutex_unlock(engine->mutex);
    if (old != NULL) {
        inventory_drop(engine, old);
    }
}

/* ---- views ---- */

struct view_hold {
    struct engine *engine;
    struct inventory *inventory;
};

void engine_view_take(struct engine *engine, struct engine_view *out)
{
    memset(out, 0, sizeof *out);
    struct view_hold *hold = calloc(1, sizeof *hold);
    if (hold == NULL) {
        return; /* looks like a host that has not answered yet */
    }
    hold->engine = engine;
    hold->inventory = inventory_keep(engine);
    out->hold = hold;
    os_mutex_lock(engine->mutex);
    /* The host is told about before it is known; plans need a host that has answered. */
    out->host =
        engine->host != NULL && engine->facts_known ? hvgpu_record_keep(engine->host) : NULL;
    out->level = engine->level;
    out->facts = engine->facts;
    memcpy(out->scratch_root, engine->scratch_root, sizeof out->scratch_root);
    memcpy(out->probe_folder, engine->probe_folder, sizeof out->probe_folder);
    os_mutex_unlock(engine->mutex);
    if (hold->inventory != NULL) {
        out->gpus = hold->inventory->gpus;
        out->gpu_count = hold->inventory->gpu_count;
        out->images = hold->inventory->images;
        out->image_count = hold->inventory->image_count;
        out->systems = hold->inventory->systems;
        out->system_count = hold->inventory->system_count;
    }
}

void engine_view_drop(struct engine_view *view)
{
    struct view_hold *hold = view->hold;
    hvgpu_record_drop(view->host);
    if (hold != NULL && hold->inventory != NULL) {
        inventory_drop(hold->engine, hold->inventory);
    }
    free(hold);
    memset(view, 0, sizeof *view);
}

/* ---- finding ---- */

/* An interface path names the same device as an instance id: '#' for '\', and a frame around it. */
static bool names_gpu(const struct hvgpu_gpu *gpu, const char *name)
{
    return text_equal_nocase(gpu->id, name) || text_equal_nocase(gpu->instance_id, name) ||
           (gpu->interface_path != NULL && text_equal_nocase(gpu->interface_path, name));
}

const struct hvgpu_gpu *engine_view_gpu(const struct engine_view *view, const char *name,
                                        struct hvgpu_error *err)
{
    for (size_t i = 0; name != NULL && i < view->gpu_count; i++) {
        if (names_gpu(view->gpus[i], name)) {
            return view->gpus[i];
        }
    }
    error_set(err, HVGPU_NOT_FOUND, "find GPU", name, "the host has no GPU of this id");
    if (view->gpu_count == 0) {
        error_hint(err, "no GPU is known on this host; see: hvgpu gpus");
    } else {
        error_hint(err, "%s to %s are known; see: hvgpu gpus", view->gpus[0]->id,
                   view->gpus[view->gpu_count - 1]->id);
    }
    return NULL;
}

static const struct hvgpu_system *by_id(const struct engine_view *view, const char *name)
{
    for (size_t i = 0; i < view->system_count; i++) {
        if (strcmp(view->systems[i]->id, name) == 0) {
            return view->systems[i];
        }
    }
    return NULL;
}

static bool has_name(const struct hvgpu_system *system, const char *name)
{
    return text_equal(system->name, name);
}

static bool has_prefix(const struct hvgpu_system *system, const char *name)
{
    return text_starts_nocase(system->id, name);
}

/* A name, or a beginning of an id. Of a VM and the container in it, the container is meant: their
 * ids and names begin alike. */
static const struct hvgpu_system *
find_only(const struct engine_view *view, const char *name,
          bool (*matches)(const struct hvgpu_system *, const char *), bool *ambiguous)
{
    const struct hvgpu_system *found = NULL;
    *ambiguous = false;
    for (size_t i = 0; i < view->system_count; i++) {
        const struct hvgpu_system *system = view->systems[i];
        if (!matches(system, name) || (found != NULL && text_equal(found->host_id, system->id))) {
            continue;
        }
        *ambiguous = found != NULL && !text_equal(system->host_id, found->id);
        if (*ambiguous) {
            return NULL;
        }
        found = system;
    }
    return found;
}

const struct hvgpu_system *engine_view_system(const struct engine_view *view, const char *name,
                                              struct hvgpu_error *err)
{
    bool ambiguous = false;
    if (name == NULL || name[0] == '\0') {
        error_set(err, HVGPU_INVALID, "find system", name, "no id was given");
        return NULL;
    }
    const struct hvgpu_system *system = by_id(view, name);
    if (system == NULL) {
        system = find_only(view, name, has_name, &ambiguous);
    }
    if (system == NULL && !ambiguous) {
        system = find_only(view, name, has_prefix, &ambiguous);
    }
    if (system == NULL && ambiguous) {
        error_set(err, HVGPU_INVALID, "find system", name, "several systems are called so");
        error_hint(err, "give the whole id; see: hvgpu containers");
    } else if (system == NULL) {
        error_set(err, HVGPU_NOT_FOUND, "find system", name,
                  "there is no compute system of this id or name");
        error_hint(err, "see: hvgpu containers");
    }
    return system;
}
