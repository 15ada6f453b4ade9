/* SPDX-License-Identifier: MIT
 *
 * stop and rm. A container is asked to shut down, given time, then terminated; its utility VM ends
 * after it. What hvgpu keeps of its own systems (record, scratch folders) stays until rm, so that
 * "stopped, still holds files" is seen and answered by any later console.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/plan.h"

enum { GRACE_S = 30, GRACE_MAX_S = 3600, EXIT_WAIT_MS = 60 * 1000 };

struct stop_place {
    char *id;
    bool utility_vm; /* terminated at once: it has no state of its own to save */
};

struct stop {
    struct plan_base base;
    char *id;                  /* the system that was named */
    struct stop_place *places; /* containers first, then the VM */
    size_t place_count;
    bool force;
    unsigned grace_ms;
};

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "stop", NULL, "out of memory");
}

static void stop_free(void *context)
{
    struct stop *stop = context;
    for (size_t i = 0; i < stop->place_count; i++) {
        free(stop->places[i].id);
    }
    free(stop->places);
    free(stop->id);
    plan_base_clear(&stop->base);
    free(stop);
}

/* ---- stop ---- */

/* Asks it to end. True: it did. */
static bool end_gracefully(const struct calls *calls, const struct stop *stop, const char *id,
                           struct client_system *system)
{
    struct hvgpu_error ignored;
    enum hvgpu_status status = calls_shutdown(calls, id, system, stop->grace_ms, &ignored);
    if (status == HVGPU_NOT_FOUND) {
        return true; /* it has ended already */
    }
    if (status != HVGPU_OK) {
        return false;
    }
    return calls_wait_exit(calls, id, stop->grace_ms, &ignored) == HVGPU_OK;
}

static enum hvgpu_status terminate(const struct calls *calls, const char *id,
                                   struct client_system *system, struct hvgpu_error *err)
{
    enum hvgpu_status status = calls_terminate(calls, id, system, err);
    if (status == HVGPU_NOT_FOUND) {
        return HVGPU_OK;
    }
    return status == HVGPU_OK ? calls_wait_exit(calls, id, EXIT_WAIT_MS, err) : status;
}

static enum hvgpu_status step_stop(struct job *job, void *context, int index,
                                   struct hvgpu_error *err)
{
    struct stop *stop = context;
    const struct stop_place *place = &stop->places[index];
    const struct calls calls = plan_calls(job, &stop->base);
    struct client_system *system = NULL;
    enum hvgpu_status status = calls_open(&calls, place->id, &system, err);
    if (status == HVGPU_NOT_FOUND) {
        job_evidence(job, "%s has ended already", place->id);
        return HVGPU_SKIPPED;
    }
    if (status != HVGPU_OK) {
        return status;
    }
    bool graceful = !stop->force && !place->utility_vm;
    bool ended = graceful && end_gracefully(&calls, stop, place->id, system);
    if (!ended && job_is_cancelled(job)) {
        status = error_set(err, HVGPU_CANCELLED, "stop", place->id,
                           "cancelled while it was asked to shut down");
    } else if (!ended || job_is_dry(job)) {
        job_dry_condition(job, graceful ? "still running" : NULL);
        status = terminate(&calls, place->id, system, err);
        job_dry_condition(job, NULL);
    }
    client_system_drop(system);
    if (status == HVGPU_OK && !job_is_dry(job)) {
        job_evidence(job, "%s %s", place->id,
                     ended ? "ended by itself"
                           : (graceful ? "did not end in time: terminated" : "terminated"));
        engine_forget_check(stop->base.engine, place->id);
        engine_touch(stop->base.engine);
    }
    return status;
}

static enum hvgpu_status add_place(struct stop *stop, const struct hvgpu_system *system,
                                   struct hvgpu_error *err)
{
    struct stop_place *places = realloc(stop->places, (stop->place_count + 1) * sizeof *places);
    if (places == NULL) {
        return no_memory(err);
    }
    stop->places = places;
    places[stop->place_count].id = text_copy(system->id);
    places[stop->place_count].utility_vm = system->kind == HVGPU_SYSTEM_UTILITY_VM;
    return places[stop->place_count++].id != NULL ? HVGPU_OK : no_memory(err);
}

static bool is_in_vm(const struct hvgpu_system *system, const char *vm_id)
{
    return system->host_id != NULL && strcmp(system->host_id, vm_id) == 0;
}

static bool may_run(const struct hvgpu_system *system)
{
    return system->state != HVGPU_STATE_STOPPED && !system->left_over;
}

/* A VM's containers end before it; a container takes its VM along when that is ours and empty. */
static enum hvgpu_status add_places(struct stop *stop, const struct engine_view *view,
                                    const struct hvgpu_system *system, struct hvgpu_error *err)
{
    const struct hvgpu_system *vm = plan_vm_of(view, system);
    bool whole = vm == system;
    size_t others = 0;
    enum hvgpu_status status = HVGPU_OK;
    for (size_t i = 0; vm != NULL && i < view->system_count && status == HVGPU_OK; i++) {
        const struct hvgpu_system *other = view->systems[i];
        if (other != system && is_in_vm(other, vm->id) && may_run(other)) {
            others++;
            status = whole ? add_place(stop, other, err) : HVGPU_OK;
        }
    }
    if (status == HVGPU_OK) {
        status = add_place(stop, system, err);
    }
    if (status == HVGPU_OK && vm != NULL && !whole && vm->ours && others == 0) {
        status = add_place(stop, vm, err);
    }
    return status;
}

static enum hvgpu_status new_stop(struct engine *engine, const struct engine_view *view,
                                  const struct hvgpu_request *request,
                                  const struct hvgpu_system *system, struct job_plan *out,
                                  struct hvgpu_error *err)
{
    struct stop *stop = calloc(1, sizeof *stop);
    if (stop == NULL) {
        return no_memory(err);
    }
    out->context = stop;
    out->free_context = stop_free;
    stop->id = text_copy(system->id);
    stop->force = request->force;
    unsigned grace = request->timeout_s != 0 ? request->timeout_s : GRACE_S;
    stop->grace_ms = (grace < GRACE_MAX_S ? grace : GRACE_MAX_S) * 1000;
    out->target = text_copy(system->id);
    out->title = text_format("%s %s", out->verb, system->id);
    if (stop->id == NULL || out->target == NULL || out->title == NULL) {
        return no_memory(err);
    }
    return plan_base_init(&stop->base, engine, view, true, err);
}

static enum hvgpu_status add_stop_steps(struct job_plan *out, struct hvgpu_error *err)
{
    const struct stop *stop = out->context;
    for (size_t i = 0; i < stop->place_count; i++) {
        enum hvgpu_status status = plan_step(
            out, stop->places[i].utility_vm ? "stop the utility VM" : "stop the container",
            step_stop, (int)i, false, err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

enum hvgpu_status plan_stop(struct engine *engine, const struct engine_view *view,
                            const struct hvgpu_request *request, struct job_plan *out,
                            struct hvgpu_error *err)
{
    const struct hvgpu_system *system = NULL;
    enum hvgpu_status status = plan_target(view, request, &system, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (system->left_over) {
        error_set(err, HVGPU_NOT_FOUND, "stop", system->id, "it has stopped already");
        error_hint(err, "remove what is left of it: hvgpu rm %s", system->id);
        return HVGPU_NOT_FOUND;
    }
    status = new_stop(engine, view, request, system, out, err);
    if (status == HVGPU_OK) {
        status = add_places(out->context, view, system, err);
    }
    return status == HVGPU_OK ? add_stop_steps(out, err) : status;
}

/* ---- remove ---- */

static enum hvgpu_status find_record(const struct stop *stop, struct ownership *record,
                                     struct hvgpu_error *err)
{
    memset(record, 0, sizeof *record);
    if (stop->base.engine == NULL) {
        return error_set(err, HVGPU_NOT_FOUND, "read record", stop->id,
                         "there is no host whose records could be read");
    }
    return ownership_find(hcs_engine_store(stop->base.engine), stop->id, record, err);
}

/* Whatever of it still exists ends, whichever state it was seen in. */
static enum hvgpu_status step_end(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err)
{
    (void)argument;
    struct stop *stop = context;
    const struct calls calls = plan_calls(job, &stop->base);
    struct ownership record;
    enum hvgpu_status status = find_record(stop, &record, err);
    if (status != HVGPU_OK) {
        return status;
    }
    const char *ids[] = {record.id, record.vm_id};
    for (size_t i = 0; i < 2 && status == HVGPU_OK; i++) {
        if (job_is_dry(job)) {
            status = stop->place_count > 0 ? calls_terminate(&calls, ids[i], NULL, err) : HVGPU_OK;
        } else {
            status = action_end_own(&calls, ids[i], err);
        }
    }
    ownership_clear(&record);
    return status;
}

static enum hvgpu_status step_delete(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err)
{
    (void)argument;
    struct stop *stop = context;
    const struct calls calls = plan_calls(job, &stop->base);
    struct ownership record;
    enum hvgpu_status status = find_record(stop, &record, err);
    if (status != HVGPU_OK) {
        return status;
    }
    for (size_t i = 0; i < record.folder_count && status == HVGPU_OK; i++) {
        status = job_is_dry(job) ? calls_delete_tree(&calls, record.folders[i], err)
                                 : action_delete_tree(&calls, record.folders[i], err);
    }
    if (status == HVGPU_OK) {
        if (record.folder_count > 0) {
            job_evidence(job, "%s", record.folders[0]);
        } else {
            job_evidence(job, "the disks are in the user's own folders: they stay");
        }
    }
    ownership_clear(&record);
    return status;
}

static enum hvgpu_status step_forget(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err)
{
    (void)argument;
    struct stop *stop = context;
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    struct ownership record;
    enum hvgpu_status status = find_record(stop, &record, err);
    if (status != HVGPU_OK) {
        return status;
    }
    struct json *action = action_forget(record.id);
    status = action_undo(job, stop->base.engine, action, err);
    json_free(action);
    ownership_clear(&record);
    return status;
}

static bool is_running(const struct engine_view *view, const struct hvgpu_system *system)
{
    const struct hvgpu_system *vm = plan_vm_of(view, system);
    return (!system->left_over && system->state == HVGPU_STATE_RUNNING) ||
           (vm != NULL && !vm->left_over && vm->state == HVGPU_STATE_RUNNING);
}

enum hvgpu_status plan_remove(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err)
{
    const struct hvgpu_system *system = NULL;
    enum hvgpu_status status = plan_target(view, request, &system, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (!system->ours && !system->left_over) {
        error_set(err, HVGPU_UNSUPPORTED, "rm", system->id,
                  "hvgpu keeps no files of a system that it did not create");
        error_hint(err, "stop it instead; its owner removes it");
        return HVGPU_UNSUPPORTED;
    }
    bool running = is_running(view, system);
    if (running && !request->force) {
        error_set(err, HVGPU_BUSY, "rm", system->id, "it is running");
        error_hint(err, "stop it first, or use --force");
        return HVGPU_BUSY;
    }
    status = new_stop(engine, view, request, system, out, err);
    if (status == HVGPU_OK && running) {
        status = add_places(out->context, view, system, err);
    }
    if (status == HVGPU_OK) {
        status = plan_step(out, "end what still runs", step_end, 0, false, err);
    }
    if (status == HVGPU_OK) {
        status = plan_step(out, "delete the scratch folders", step_delete, 0, false, err);
    }
    return status == HVGPU_OK ? plan_step(out, "forget the record", step_forget, 0, false, err)
                              : status;
}
