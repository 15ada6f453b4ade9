/* SPDX-License-Identifier: MIT
 *
 * attach and detach: change the GPUs of a running utility VM. The service replaces the VM's whole
 * configuration and cannot be asked for it, so the map that is sent is merged from hvgpu's own
 * record, under a lock that every hvgpu on the machine takes; undo sends the previous map. A VM
 * without such a record is replaced only after its id was typed again.
 *
 * What a container in the VM sees was fixed when it was created, so the promise is for the VM; what
 * is seen inside stays what the probe says.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/attach_map.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/launch.h"

struct attach {
    struct plan_base base;
    char *id;    /* the system that was named */
    char *vm_id; /* the VM whose GPUs change */
    struct attach_change change;
    bool own;                        /* there must be a record */
    struct ownership record, wanted; /* as it is, as it is to be */
    bool has_record;
    struct launch_package *packages;
    size_t package_count;
    struct gpu_name *names; /* for evidence */
    struct store_lock *lock;
    struct client_system *vm;
};

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "attach", NULL, "out of memory");
}

static void attach_free(void *context)
{
    struct attach *attach = context;
    const struct calls calls = {.engine = attach->base.engine};
    client_system_drop(attach->vm);
    plan_unlock_vm(&attach->lock);
    for (size_t i = 0; i < attach->package_count; i++) {
        package_clear(&calls, &attach->packages[i]);
    }
    free(attach->packages);
    gpu_names_free(attach->names);
    attach_change_clear(&attach->change);
    ownership_clear(&attach->record);
    ownership_clear(&attach->wanted);
    free(attach->id);
    free(attach->vm_id);
    plan_base_clear(&attach->base);
    free(attach);
}

/* ---- steps ---- */

static enum hvgpu_status put_record(const struct attach *attach, const struct job *job,
                                    const struct ownership *record, struct hvgpu_error *err)
{
    if (job_is_dry(job) || !attach->has_record) {
        return HVGPU_OK;
    }
    return ownership_put(hcs_engine_store(attach->base.engine), record, err);
}

static enum hvgpu_status load_record(struct attach *attach, struct hvgpu_error *err)
{
    if (attach->base.engine == NULL) {
        return attach->own ? error_set(err, HVGPU_NOT_FOUND, "read record", attach->vm_id,
                                       "there is no host whose records could be read")
                           : HVGPU_OK;
    }
    enum hvgpu_status status =
        ownership_find(hcs_engine_store(attach->base.engine), attach->vm_id, &attach->record, err);
    attach->has_record = status == HVGPU_OK;
    if (status == HVGPU_NOT_FOUND && !attach->own) {
        return HVGPU_OK;
    }
    if (status == HVGPU_NOT_FOUND) {
        error_set(err, HVGPU_NOT_FOUND, "read record", attach->vm_id,
                  "hvgpu's record of this VM is gone, so its present GPUs are not known");
        error_hint(err, "type the id again to replace them: --confirm %s", attach->vm_id);
    }
    return status;
}

static enum hvgpu_status step_begin_change(struct job *job, void *context, int argument,
                                           struct hvgpu_error *err)
{
    (void)argument;
    struct attach *attach = context;
    const struct calls calls = plan_calls(job, &attach->base);
    enum hvgpu_status status =
        plan_lock_vm(job, attach->base.engine, attach->vm_id, &attach->lock, err);
    if (status == HVGPU_OK) {
        status = load_record(attach, err);
    }
    if (status == HVGPU_OK) {
        status = attach_merge(&attach->record, &attach->change, &attach->wanted, err);
    }
    if (status == HVGPU_OK) {
        status = calls_open(&calls, attach->vm_id, &attach->vm, err);
    }
    if (status == HVGPU_OK) {
        char text[256];
        attach_map_text(&attach->record, attach->has_record, attach->names, text, sizeof text);
        job_evidence(job, "present: %s", text);
    }
    return status;
}

/* The share's number is taken in the record first: it stays taken whatever happens then. */
static enum hvgpu_status share_package(struct attach *attach, const struct calls *calls,
                                       struct launch_package *package, struct hvgpu_error *err)
{
    package->share = attach->record.next_share > 0 ? attach->record.next_share : 1;
    attach->record.next_share = package->share + 1;
    attach->wanted.next_share = package->share + 1;
    enum hvgpu_status status = put_record(attach, calls->job, &attach->record, err);
    char *name = guest_share_name(package->share);
    char *dry = text_format("<folder of %s>", package->name);
    if (status == HVGPU_OK && (name == NULL || dry == NULL)) {
        status = no_memory(err);
    }
    if (status == HVGPU_OK) {
        const struct document_share document = {
            .name = name,
            .path = package->facts != NULL ? package->facts->folder : dry,
            .read_only = true,
            .no_directmap = attach->record.fully_backed,
        };
        status = calls_modify(calls, attach->vm_id, attach->vm,
                              document_share_add(&attach->base.level, &document), err);
    }
    free(name);
    free(dry);
    return status;
}

static struct package_guest guest_of(const struct attach *attach, const struct calls *calls)
{
    const struct package_guest guest = {
        .calls = calls,
        .level = &attach->base.level,
        .id = attach->vm_id,
        .system = attach->vm,
        .probe = attach->record.probe_vm,
    };
    return guest;
}

static enum hvgpu_status step_driver(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err)
{
    (void)argument;
    struct attach *attach = context;
    const struct calls calls = plan_calls(job, &attach->base);
    if (!attach->has_record || attach->record.probe_vm == NULL) {
        job_evidence(job, "a VM of others is not entered: it must bring the driver's files itself");
        return HVGPU_SKIPPED;
    }
    const struct package_guest guest = guest_of(attach, &calls);
    for (size_t i = 0; i < attach->package_count; i++) {
        struct launch_package *package = &attach->packages[i];
        enum hvgpu_status status = package_read(&calls, package, err);
        if (status == HVGPU_OK) {
            status = share_package(attach, &calls, package, err);
        }
        if (status == HVGPU_OK) {
            status = package_copy_store(&guest, package, err);
        }
        char *from = status == HVGPU_OK ? guest_share_path(package->share) : NULL;
        if (status == HVGPU_OK) {
            status = from != NULL ? package_copy_files(&guest, package, from, err) : no_memory(err);
        }
        free(from);
        if (status != HVGPU_OK) {
            return status;
        }
        attach_note_package(&attach->wanted, package->instance_id, package->name);
    }
    job_evidence(job, "%zu package%s", attach->package_count,
                 attach->package_count == 1 ? "" : "s");
    return HVGPU_OK;
}

static enum hvgpu_status announce(struct job *job, struct attach *attach, struct hvgpu_error *err)
{
    if (!attach->has_record) {
        return HVGPU_OK; /* what it had cannot be read: nothing could be put back */
    }
    struct json *previous = document_gpu_settings(&attach->base.level, attach->record.gpu_mode,
                                                  attach->record.gpus, attach->record.gpu_count);
    char *words = text_format("changed GPUs of %s", attach->vm_id);
    enum hvgpu_status status =
        words != NULL ? job_will(job, action_restore_gpu(attach->vm_id, previous, &attach->record),
                                 words, err)
                      : no_memory(err);
    if (words == NULL) {
        json_free(previous);
    }
    free(words);
    return status;
}

static enum hvgpu_status step_update(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err)
{
    (void)argument;
    struct attach *attach = context;
    const struct calls calls = plan_calls(job, &attach->base);
    const struct ownership *wanted = &attach->wanted;
    enum hvgpu_status status = announce(job, attach, err);
    if (status == HVGPU_OK) {
        struct json *settings = document_gpu_settings(&attach->base.level, wanted->gpu_mode,
                                                      wanted->gpus, wanted->gpu_count);
        status = calls_modify(&calls, attach->vm_id, attach->vm,
                              document_gpu_update(&attach->base.level, settings), err);
    }
    if (status == HVGPU_OK) {
        status = put_record(attach, job, wanted, err);
    }
    if (status == HVGPU_OK) {
        char text[256];
        attach_map_text(wanted, true, attach->names, text, sizeof text);
        job_evidence(job, "now: %s", text);
    }
    return status;
}

static enum hvgpu_status step_restart(struct job *job, void *context, int argument,
                                      struct hvgpu_error *err)
{
    (void)argument;
    struct attach *attach = context;
    const struct calls calls = plan_calls(job, &attach->base);
    if (!attach->has_record || attach->record.probe_vm == NULL) {
        job_evidence(job, "a VM of others is not entered");
        return HVGPU_SKIPPED;
    }
    const struct package_guest guest = guest_of(attach, &calls);
    return package_restart_device(&guest, err);
}

static void set_answer(struct json *object, const char *key, enum hvgpu_answer answer)
{
    if (answer == HVGPU_ANSWER_UNKNOWN) {
        json_add_null(object, key);
    } else {
        json_add_bool(object, key, answer == HVGPU_ANSWER_YES);
    }
}

static void give_result(struct job *job, const struct attach *attach,
                        const struct hvgpu_check *check)
{
    struct json *result = json_new_object();
    json_add_string(result, "system", attach->id);
    json_add_string(result, "vm", attach->vm_id);
    json_add(result, "gpus", attach_map_json(&attach->wanted));
    set_answer(result, "in_vm", check != NULL ? check->in_vm : HVGPU_ANSWER_UNKNOWN);
    set_answer(result, "in_container", check != NULL ? check->in_container : HVGPU_ANSWER_UNKNOWN);
    if (check != NULL) {
        json_add_string(result, "sentence", check->sentence);
    } else {
        json_add_null(result, "sentence");
    }
    if (check != NULL && !attach->change.detach && check->in_container != HVGPU_ANSWER_YES) {
        json_add_string(result, "note",
                        "what the container sees was fixed when it was created: "
                        "launch it again with the GPU to have it inside");
    } else {
        json_add_null(result, "note");
    }
    job_result(job, result);
}

/* The look from inside runs programs too: a dry run lists them. */
static enum hvgpu_status list_probes(const struct attach *attach, struct job *job,
                                     struct hvgpu_error *err)
{
    const struct calls calls = plan_calls(job, &attach->base);
    const struct ownership *record = &attach->record;
    struct calls_output output = {0};
    enum hvgpu_status status = HVGPU_OK;
    if (attach->has_record && record->probe_vm != NULL) {
        status =
            calls_run(&calls, record->vm_id, NULL,
                      document_vm_program(&attach->base.level, record->probe_vm), &output, err);
    }
    if (status == HVGPU_OK && attach->has_record && record->probe_container != NULL) {
        status = calls_run(&calls, record->id, NULL,
                           document_container_program(&attach->base.level, record->probe_container),
                           &output, err);
    }
    return status;
}

static enum hvgpu_status step_check(struct job *job, void *context, int argument,
                                    struct hvgpu_error *err)
{
    (void)argument;
    struct attach *attach = context;
    if (job_is_dry(job)) {
        return list_probes(attach, job, err);
    }
    const struct hvgpu_check *check = NULL;
    if (attach->has_record) {
        struct hvgpu_error unread;
        enum hvgpu_status status = engine_check_now(attach->base.engine, attach->record.id,
                                                    attach->vm, NULL, &check, &unread);
        job_evidence(job, "%s",
                     status == HVGPU_OK && check != NULL ? check->sentence : unread.message);
    } else {
        job_evidence(job, "not known: a VM of others is not entered");
    }
    enum hvgpu_status status = HVGPU_OK;
    if (check != NULL && !attach->change.detach && check->in_vm == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_ABSENT, "probe", attach->vm_id,
                  "the host took the change, but the GPU did not appear in the VM");
        error_hint(err, "the present GPUs were put back; check the GPU's driver on the host");
        status = HVGPU_ABSENT;
    } else {
        job_commit(job);
        give_result(job, attach, check);
    }
    hvgpu_record_drop(check);
    engine_touch(attach->base.engine);
    return status;
}

/* ---- plan ---- */

static enum hvgpu_status check_vm(const struct engine_view *view,
                                  const struct hvgpu_request *request,
                                  const struct hvgpu_system *system,
                                  const struct hvgpu_system **out, struct hvgpu_error *err)
{
    const struct hvgpu_system *vm = plan_vm_of(view, system);
    *out = vm;
    if (vm == NULL) {
        error_set(err, HVGPU_UNSUPPORTED, "attach", system->id,
                  "it runs in no VM that hvgpu knows: only a VM can be given a GPU while it runs");
        return HVGPU_UNSUPPORTED;
    }
    if (vm->state != HVGPU_STATE_RUNNING && vm->state != HVGPU_STATE_UNKNOWN) {
        error_set(err, HVGPU_FAILED, "attach", vm->id, "the VM is not running (%s)",
                  vm->state_text != NULL ? vm->state_text : "stopped");
        error_hint(err, "GPUs can be changed only while it runs: launch it again");
        return HVGPU_FAILED;
    }
    if (vm->gpu_mode == HVGPU_MODE_DDA) {
        error_set(err, HVGPU_UNSUPPORTED, "attach", vm->id,
                  "it holds a whole device, which cannot be changed while it runs");
        error_hint(err, "stop it and launch it anew");
        return HVGPU_UNSUPPORTED;
    }
    bool known = vm->ours && vm->gpu_mode != HVGPU_MODE_UNKNOWN;
    bool confirmed = request->confirm != NULL && (strcmp(request->confirm, vm->id) == 0 ||
                                                  strcmp(request->confirm, system->id) == 0);
    if (!known && !confirmed) {
        error_set(err, HVGPU_FOREIGN, "attach", vm->id,
                  "its present GPUs cannot be read; they will be replaced and cannot be restored");
        error_hint(err, "if you want that, type the id again: --confirm %s", system->id);
        return HVGPU_FOREIGN;
    }
    return HVGPU_OK;
}

static enum hvgpu_status list_gpus(const struct engine_view *view, struct hvgpu_error *err)
{
    struct text list;
    text_init(&list, 512);
    for (size_t i = 0; i < view->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = view->gpus[i];
        if (gpu->interface_path != NULL) {
            text_addf(&list, "%s%s (%s)", list.len > 0 ? ", " : "", gpu->id,
                      gpu->name != NULL ? gpu->name : gpu->instance_id);
        }
    }
    error_set(err, HVGPU_INVALID, "attach", NULL, "which GPU? This host has: %s",
              list.len > 0 ? list.data : "none that can be shared");
    error_hint(err, "name one with --gpu ID[:PARTITION], or all with --gpu-mirror");
    text_free(&list);
    return HVGPU_INVALID;
}

static enum hvgpu_status add_packages(struct attach *attach, const struct engine_view *view,
                                      struct hvgpu_error *err)
{
    attach->packages = calloc(view->gpu_count + 1, sizeof *attach->packages);
    if (attach->packages == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < view->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = view->gpus[i];
        bool wanted = attach->change.mirror && gpu->interface_path != NULL;
        for (size_t k = 0; k < attach->change.gpu_count; k++) {
            wanted = wanted || text_equal(attach->change.gpus[k].instance_id, gpu->instance_id);
        }
        for (size_t k = 0; k < attach->package_count && wanted; k++) {
            wanted = gpu->driver_package == NULL ||
                     !text_equal(attach->packages[k].name, gpu->driver_package);
        }
        if (wanted) {
            struct launch_package *package = &attach->packages[attach->package_count++];
            package->instance_id = text_copy(gpu->instance_id);
            package->name = text_copy(gpu->driver_package);
            if (package->instance_id == NULL) {
                return no_memory(err);
            }
        }
    }
    return HVGPU_OK;
}

static enum hvgpu_status take_change(struct attach *attach, const struct engine_view *view,
                                     const struct hvgpu_request *request, const char *system_id,
                                     struct hvgpu_error *err)
{
    struct attach_change *change = &attach->change;
    change->detach = request->verb == HVGPU_DETACH;
    change->mirror = !change->detach && request->gpu_mirror;
    if (change->detach) {
        return attach_names(view, request->gpus, request->gpu_count, change, err);
    }
    if (change->mirror == (request->gpu_count > 0)) {
        return change->mirror ? error_set(err, HVGPU_INVALID, "attach", system_id,
                                          "--gpu and --gpu-mirror exclude each other")
                              : list_gpus(view, err);
    }
    enum hvgpu_status status = HVGPU_OK;
    if (!change->mirror) {
        status = plan_resolve_gpus(view, request->gpus, request->gpu_count, attach->vm_id,
                                   &change->gpus, err);
        change->gpu_count = status == HVGPU_OK ? request->gpu_count : 0;
    }
    return status == HVGPU_OK ? add_packages(attach, view, err) : status;
}

/* The lock is kept until the undo is over, too: nobody may change the VM in between. */
static enum hvgpu_status undo_change(struct job *job, void *context, const struct json *action,
                                     struct hvgpu_error *err)
{
    struct attach *attach = context;
    return action_undo_under_lock(job, attach->base.engine, action, attach->lock != NULL, err);
}

static void give_lock_back(void *context)
{
    struct attach *attach = context;
    plan_unlock_vm(&attach->lock);
}

static enum hvgpu_status add_steps(const struct attach *attach, struct job_plan *out,
                                   struct hvgpu_error *err)
{
    bool attaching = !attach->change.detach;
    enum hvgpu_status status =
        plan_step(out, "read the VM's record", step_begin_change, 0, true, err);
    if (status == HVGPU_OK && attaching) {
        status = plan_step(out, "bring the driver package into the VM", step_driver, 0, false, err);
    }
    if (status == HVGPU_OK) {
        status = plan_step(out, attaching ? "give the GPU to the VM" : "take the GPU from the VM",
                           step_update, 0, false, err);
    }
    if (status == HVGPU_OK && attaching) {
        status = plan_step(out, "restart the render device", step_restart, 0, false, err);
    }
    return status == HVGPU_OK
               ? plan_step(out, "check presence from inside", step_check, 0, false, err)
               : status;
}

enum hvgpu_status plan_attach(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err)
{
    const struct hvgpu_system *system = NULL;
    const struct hvgpu_system *vm = NULL;
    enum hvgpu_status status = plan_target(view, request, &system, err);
    if (status == HVGPU_OK) {
        status = check_vm(view, request, system, &vm, err);
    }
    if (status != HVGPU_OK) {
        return status;
    }
    struct attach *attach = calloc(1, sizeof *attach);
    if (attach == NULL) {
        return no_memory(err);
    }
    out->context = attach;
    out->free_context = attach_free;
    out->engine = attach;
    out->undo = undo_change;
    out->release = give_lock_back;
    status = plan_base_init(&attach->base, engine, view, vm->ours, err);
    attach->own = vm->ours && request->confirm == NULL;
    attach->id = text_copy(system->id);
    attach->vm_id = text_copy(vm->id);
    attach->names = gpu_names_new(view);
    out->target = text_copy(system->id);
    if (status == HVGPU_OK &&
        (attach->id == NULL || attach->vm_id == NULL || out->target == NULL)) {
        status = no_memory(err);
    }
    if (status == HVGPU_OK) {
        status = take_change(attach, view, request, system->id, err);
    }
    if (status == HVGPU_OK) {
        out->title = text_format("%s %s", out->verb, system->id);
        status = out->title != NULL ? add_steps(attach, out, err) : no_memory(err);
    }
    return status;
}
