/* SPDX-License-Identifier: MIT
 *
 * Actions: what a step announces before it does it, and how each is undone. The same function
 * serves a failed job and the journal of a process that died, so an action may never have been
 * done, may have been done, or may have been undone before. A compute system is only ever
 * terminated when the service itself says that hvgpu owns it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/plan.h"

enum {
    DELETE_TRIES = 40,
    DELETE_PAUSE_MS = 250,
    EXIT_WAIT_MS = 60 * 1000,
    SERVICE_TRIES = 40,
    SERVICE_PAUSE_MS = 250
};

static struct json *action(const char *undo, const char *key, const char *value)
{
    struct json *result = json_new_object();
    json_add_string(result, "undo", undo);
    json_add_string(result, key, value);
    return result;
}

struct json *action_terminate(const char *id)
{
    return action("terminate", "id", id);
}

struct json *action_delete_folder(const char *path)
{
    return action("delete-folder", "path", path);
}

struct json *action_forget(const char *id)
{
    return action("record", "id", id);
}

struct json *action_restore_gpu(const char *vm_id, struct json *settings,
                                const struct ownership *record)
{
    struct json *result = action("gpu", "vm", vm_id);
    json_add(result, "previous", settings);
    if (record != NULL) {
        json_add(result, "record", ownership_to_json(record));
    }
    return result;
}

/* Is there a system of this id, and is it ours? */
static enum hvgpu_status find_own(const struct calls *calls, const char *id, bool *exists,
                                  bool *own, struct hvgpu_error *err)
{
    *exists = false;
    *own = false;
    struct json *list = NULL;
    enum hvgpu_status status = calls_enumerate(calls, &list, err);
    if (status != HVGPU_OK) {
        if (err != NULL) {
            text_clean(err->object, sizeof err->object, id); /* the list was read for its sake */
        }
        return status;
    }
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *name = json_string(item, "Id");
        if (name != NULL && text_equal_nocase(name, id)) {
            const char *owner = json_string(item, "Owner");
            *exists = true;
            *own = owner != NULL && text_equal_nocase(owner, HVGPU_OWNER);
        }
    }
    json_free(list);
    return HVGPU_OK;
}

static bool is_gone(enum hvgpu_status status)
{
    return status == HVGPU_NOT_FOUND;
}

static enum hvgpu_status end_own(const struct calls *calls, const char *id, struct hvgpu_error *err)
{
    bool exists = false;
    bool own = false;
    enum hvgpu_status status = find_own(calls, id, &exists, &own, err);
    if (status != HVGPU_OK || !exists || !own) {
        return status; /* gone, or somebody else's of the same name: nothing of ours to undo */
    }
    struct client_system *system = NULL;
    status = calls_open(calls, id, &system, err);
    if (is_gone(status)) {
        return HVGPU_OK;
    }
    if (status == HVGPU_OK) {
        status = calls_terminate(calls, id, system, err);
        client_system_drop(system);
        if (is_gone(status)) {
            status = HVGPU_OK; /* already stopped */
        }
    }
    if (status == HVGPU_OK) {
        status = calls_wait_exit(calls, id, EXIT_WAIT_MS, err);
    }
    return is_gone(status) ? HVGPU_OK : status;
}

static bool is_service_away(enum hvgpu_status status)
{
    return status == HVGPU_LOST || status == HVGPU_UNAVAILABLE;
}

/* A compute service that died comes back within seconds, and what runs has outlived it. */
enum hvgpu_status action_end_own(const struct calls *calls, const char *id, struct hvgpu_error *err)
{
    enum hvgpu_status status = end_own(calls, id, err);
    for (int i = 0; i < SERVICE_TRIES && is_service_away(status) && !job_is_cancelled(calls->job);
         i++) {
        os_sleep_ms(SERVICE_PAUSE_MS);
        status = end_own(calls, id, err);
    }
    return status;
}

/* hvgpu makes folders in one place only; a damaged or edited journal cannot lead it elsewhere. */
static bool is_ours_to_delete(const struct calls *calls, const char *path)
{
    const struct host_api *host = client_host(engine_client(calls->engine));
    char root[512] = "";
    if (HRESULT_IS_FAILURE(host->scratch_root(host->machine, root, sizeof root))) {
        return false;
    }
    size_t len = strlen(root);
    return len > 3 && text_starts_nocase(path, root) && path[len] == '\\' &&
           path_is_below(path + len + 1);
}

enum hvgpu_status action_delete_tree(const struct calls *calls, const char *path,
                                     struct hvgpu_error *err)
{
    if (!is_ours_to_delete(calls, path)) {
        return error_set(err, HVGPU_DENIED, "delete folder", path,
                         "it is not below the folder in which hvgpu makes scratch disks");
    }
    enum hvgpu_status status = HVGPU_BUSY;
    for (int i = 0; i < DELETE_TRIES; i++) {
        status = calls_delete_tree(calls, path, err);
        if (status != HVGPU_BUSY) {
            break;
        }
        os_sleep_ms(DELETE_PAUSE_MS); /* the VM's worker lets go of its disks a moment later */
    }
    return is_gone(status) ? HVGPU_OK : status;
}

/* The record as it was, if the system still has one. */
static enum hvgpu_status restore_record(const struct calls *calls, const struct json *saved,
                                        struct hvgpu_error *err)
{
    struct ownership record;
    memset(&record, 0, sizeof record);
    enum hvgpu_status status = ownership_from_json(saved, &record, err);
    if (status == HVGPU_OK) {
        status = ownership_put(hcs_engine_store(calls->engine), &record, err);
        ownership_clear(&record);
    }
    return status;
}

static enum hvgpu_status send_previous(const struct calls *calls, const char *vm_id,
                                       const struct json *previous, struct hvgpu_error *err)
{
    struct client_system *vm = NULL;
    enum hvgpu_status status = calls_open(calls, vm_id, &vm, err);
    if (status == HVGPU_OK) {
        struct json *request = json_new_object();
        json_add_string(request, "ResourcePath", "VirtualMachine/ComputeTopology/Gpu");
        json_add_string(request, "RequestType", "Update");
        json_add(request, "Settings", json_copy(previous));
        status = calls_modify(calls, vm_id, vm, request, err);
        client_system_drop(vm);
    }
    return status;
}

static enum hvgpu_status undo_gpu(const struct calls *calls, const struct json *what,
                                  bool is_locked, struct hvgpu_error *err)
{
    const char *vm_id = json_string(what, "vm");
    const struct json *previous = json_member(what, "previous");
    const struct json *saved = json_member(what, "record");
    if (vm_id == NULL || previous == NULL) {
        return error_set(err, HVGPU_PROTOCOL, "undo", "gpu", "the action has no vm or no settings");
    }
    struct store_lock *lock = NULL;
    enum hvgpu_status status =
        is_locked ? HVGPU_OK : plan_lock_vm(calls->job, calls->engine, vm_id, &lock, err);
    if (status != HVGPU_OK) {
        return status;
    }
    status = send_previous(calls, vm_id, previous, err);
    if (status == HVGPU_OK && saved != NULL) {
        status = restore_record(calls, saved, err);
    }
    plan_unlock_vm(&lock);
    return is_gone(status) ? HVGPU_OK : status;
}

static enum hvgpu_status undo_record(const struct calls *calls, const char *id,
                                     struct hvgpu_error *err)
{
    char *key = text_format("system-%s", id);
    if (key == NULL) {
        return error_set(err, HVGPU_MEMORY, "undo", id, "out of memory");
    }
    enum hvgpu_status status = store_remove(hcs_engine_store(calls->engine), key, err);
    free(key);
    engine_forget_check(calls->engine, id);
    return is_gone(status) ? HVGPU_OK : status;
}

enum hvgpu_status action_undo(struct job *job, void *engine, const struct json *what,
                              struct hvgpu_error *err)
{
    return action_undo_under_lock(job, engine, what, false, err);
}

enum hvgpu_status action_undo_under_lock(struct job *job, struct engine *engine,
                                         const struct json *what, bool is_locked,
                                         struct hvgpu_error *err)
{
    const struct calls calls = {.job = job, .engine = engine};
    if (job_is_dry(job)) {
        return HVGPU_OK; /* nothing was done; undo calls are not listed */
    }
    const char *kind = json_string(what, "undo");
    const char *id = json_string(what, "id");
    const char *path = json_string(what, "path");
    enum hvgpu_status status = HVGPU_PROTOCOL;
    if (text_equal(kind, "terminate") && id != NULL) {
        status = action_end_own(&calls, id, err);
    } else if (text_equal(kind, "delete-folder") && path != NULL) {
        status = action_delete_tree(&calls, path, err);
    } else if (text_equal(kind, "gpu")) {
        status = undo_gpu(&calls, what, is_locked, err);
    } else if (text_equal(kind, "record") && id != NULL) {
        status = undo_record(&calls, id, err);
    } else {
        error_set(err, HVGPU_PROTOCOL, "undo", kind,
                  "the journal names an action that this "
                  "version of hvgpu does not know");
    }
    engine_touch(calls.engine);
    return status;
}
