/* SPDX-License-Identifier: MIT
 *
 * The steps of a launch that every way has: disks, VM, layers, container, command, record.
 *
 * Undo runs backwards over what was announced: container, record, VM, folders.
 */
#include "core/engine/hcs/launch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/launch_parts.h"

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "launch", NULL, "out of memory");
}

enum hvgpu_status launch_put_record(struct launch *launch, const struct job *job,
                                    struct hvgpu_error *err)
{
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    return ownership_put(hcs_engine_store(launch->base.engine), &launch->record, err);
}

/* ---- look ---- */

/* The uppermost layer that has a UtilityVM; where nothing can be looked at, the last one. */
static enum hvgpu_status find_base(struct launch *launch, const struct calls *calls,
                                   struct hvgpu_error *err)
{
    launch->base_layer = launch->layer_count - 1;
    for (size_t i = 0; i < launch->layer_count; i++) {
        enum hvgpu_answer exists = HVGPU_ANSWER_UNKNOWN;
        bool is_folder = false;
        char *path = path_join(launch->layers[i], "UtilityVM");
        enum hvgpu_status status =
            path != NULL ? calls_exists(calls, path, &exists, &is_folder, err) : no_memory(err);
        free(path);
        if (status != HVGPU_OK) {
            return status;
        }
        if (exists == HVGPU_ANSWER_UNKNOWN) {
            return HVGPU_OK;
        }
        if (exists == HVGPU_ANSWER_YES && is_folder) {
            launch->base_layer = i;
            return HVGPU_OK;
        }
    }
    error_set(err, HVGPU_UNSUPPORTED, "look at image", launch->layers[launch->layer_count - 1],
              "none of the layers has a UtilityVM folder");
    error_hint(err, "the last --layer must be a Windows base image; pull it again if it is one");
    return HVGPU_UNSUPPORTED;
}

static enum hvgpu_status need_folder(const struct calls *calls, const char *path,
                                     const char *option, struct hvgpu_error *err)
{
    enum hvgpu_answer exists = HVGPU_ANSWER_UNKNOWN;
    bool is_folder = false;
    enum hvgpu_status status = calls_exists(calls, path, &exists, &is_folder, err);
    if (status != HVGPU_OK || exists == HVGPU_ANSWER_UNKNOWN) {
        return status;
    }
    if (exists == HVGPU_ANSWER_NO) {
        return error_set(err, HVGPU_NOT_FOUND, option, path, "there is no such folder on the host");
    }
    return is_folder ? HVGPU_OK
                     : error_set(err, HVGPU_INVALID, option, path, "this is a file, not a folder");
}

enum hvgpu_status launch_look(struct job *job, void *context, int argument, struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    if (launch->device_count > 0 && !job_is_dry(job) && launch->server_edition == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_UNSUPPORTED, "look at host", launch->devices[0].instance_id,
                  "this is a client edition of Windows, which cannot assign devices");
        error_hint(err, "use Windows Server, or share the GPU: --gpu");
        return HVGPU_UNSUPPORTED;
    }
    enum hvgpu_status status = find_base(launch, &calls, err);
    for (size_t i = 0; i < launch->mount_count && status == HVGPU_OK; i++) {
        status = need_folder(&calls, launch->mounts[i].host, "--mount", err);
    }
    for (size_t i = 0; i < launch->driver_dir_count && status == HVGPU_OK; i++) {
        status = need_folder(&calls, launch->driver_dirs[i], "--driver-dir", err);
    }
    if (status == HVGPU_OK) {
        job_evidence(job, "%zu layer%s, VM from %s", launch->layer_count,
                     launch->layer_count == 1 ? "" : "s", launch->layers[launch->base_layer]);
    }
    return status;
}

/* ---- disks ---- */

static enum hvgpu_status make_disk(const struct launch *launch, struct job *job,
                                   const struct calls *calls, const char *template_name,
                                   const char *folder, const char *disk, struct hvgpu_error *err)
{
    enum hvgpu_answer exists = HVGPU_ANSWER_UNKNOWN;
    bool is_folder = false;
    bool own = launch->own_folder != NULL && text_starts(folder, launch->own_folder);
    enum hvgpu_status status = HVGPU_OK;
    if (!own) {
        status = calls_exists(calls, disk, &exists, &is_folder, err);
        if (status != HVGPU_OK || exists == HVGPU_ANSWER_YES) {
            return status;
        }
        job_dry_condition(job, "file absent");
    }
    status = calls_make_folder(calls, folder, err);
    if (status == HVGPU_EXISTS) {
        status = HVGPU_OK;
    }
    if (status == HVGPU_OK) {
        char *from = path_join(launch->layers[launch->base_layer], template_name);
        status = from != NULL ? calls_copy(calls, from, disk, err) : no_memory(err);
        free(from);
    }
    if (!own) {
        job_dry_condition(job, NULL);
    }
    return status;
}

enum hvgpu_status launch_disks(struct job *job, void *context, int argument,
                               struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    enum hvgpu_status status = HVGPU_OK;
    if (launch->own_folder != NULL) {
        status = refuse_existing_folder(launch, &calls, err);
        if (status == HVGPU_OK) {
            status = will(job, action_delete_folder(launch->own_folder), "scratch folder",
                          launch->own_folder, err);
        }
        if (status == HVGPU_OK) {
            status = add_folder(&launch->record, launch->own_folder, err);
        }
    }
    if (status == HVGPU_OK) {
        status = make_disk(launch, job, &calls, "UtilityVM\\SystemTemplate.vhdx",
                           launch->vm_scratch, launch->vm_disk, err);
    }
    if (status == HVGPU_OK) {
        status = make_disk(launch, job, &calls, "blank.vhdx", launch->scratch, launch->disk, err);
    }
    if (status == HVGPU_OK) {
        job_evidence(job, "%s", launch->own_folder != NULL ? launch->own_folder : launch->scratch);
    }
    return status;
}

/* ---- VM ---- */

enum hvgpu_status launch_create_vm(struct job *job, void *context, int argument,
                                   struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    const char *vm_id = launch->record.vm_id;
    char *boot = path_join(launch->layers[launch->base_layer], "UtilityVM\\Files");
    enum hvgpu_status status = boot != NULL ? HVGPU_OK : no_memory(err);
    if (status == HVGPU_OK) {
        status = plan_lock_vm(job, launch->base.engine, vm_id, &launch->lock, err);
    }
    if (status == HVGPU_OK) {
        status = calls_grant(&calls, vm_id, launch->vm_disk, err);
    }
    if (status == HVGPU_OK) {
        status = will(job, action_forget(launch->record.id), "record of", launch->record.id, err);
    }
    if (status == HVGPU_OK) {
        status = will(job, action_terminate(vm_id), "utility VM", vm_id, err);
    }
    if (status == HVGPU_OK) {
        const struct document_vm document = {
            .boot_folder = boot,
            .disk = launch->vm_disk,
            .memory_mb = launch->memory_mb,
            .processors = launch->processors,
            .fully_backed = launch->record.fully_backed,
            .ends_with_last_handle = launch->record.remove,
        };
        status = calls_create(&calls, vm_id, document_vm(&launch->base.level, &document),
                              &launch->vm, err);
    }
    free(boot);
    if (status == HVGPU_OK) {
        launch->record.created_ms = job_is_dry(job) ? 0 : host_time(&calls);
        launch->record.next_share = 1;
        status = launch_put_record(launch, job, err);
        job_evidence(job, "%s, %llu MB%s, %u processors", vm_id,
                     (unsigned long long)launch->memory_mb,
                     launch->record.fully_backed ? " fully backed" : "", launch->processors);
    }
    return status;
}

enum hvgpu_status launch_start_vm(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    enum hvgpu_status status = calls_start(&calls, launch->record.vm_id, launch->vm, err);
    if (status == HVGPU_OK) {
        job_evidence(job, "the guest is connected");
    }
    return status;
}

/* ---- file system of the container ---- */

enum hvgpu_status launch_layers(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    launch->layer_paths = calloc(launch->layer_count, sizeof *launch->layer_paths);
    launch->layer_guids = calloc(launch->layer_count, sizeof *launch->layer_guids);
    if (launch->layer_paths == NULL || launch->layer_guids == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < launch->layer_count; i++) {
        unsigned number = 0;
        enum hvgpu_status status =
            launch_share_folder(launch, &calls, launch->layers[i], true, true, &number, err);
        if (status != HVGPU_OK) {
            return status;
        }
        launch->layer_paths[i] = guest_share_path(number);
        if (launch->layer_paths[i] == NULL) {
            return no_memory(err);
        }
    }
    job_evidence(job, "%zu, top first", launch->layer_count);
    return HVGPU_OK;
}

enum hvgpu_status launch_scratch(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    enum hvgpu_status status = calls_grant(&calls, launch->record.vm_id, launch->disk, err);
    if (status == HVGPU_OK) {
        status = calls_modify(&calls, launch->record.vm_id, launch->vm,
                              document_scratch(&launch->base.level, launch->disk), err);
    }
    if (status == HVGPU_OK) {
        job_evidence(job, "%s", GUEST_ROOT);
    }
    return status;
}

enum hvgpu_status launch_combine(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    for (size_t i = 0; i < launch->layer_count; i++) {
        enum hvgpu_status status =
            calls_layer_guid(&calls, launch->layers[i], &launch->layer_guids[i], err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    struct document_layer *layers = launch_layer_list(launch);
    if (layers == NULL) {
        return no_memory(err);
    }
    enum hvgpu_status status =
        calls_modify(&calls, launch->record.vm_id, launch->vm,
                     document_combine(&launch->base.level, layers, launch->layer_count), err);
    free(layers);
    if (status == HVGPU_OK) {
        job_evidence(job, "%zu at %s", launch->layer_count, GUEST_ROOT);
    }
    return status;
}

enum hvgpu_status launch_mounts(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    for (size_t i = 0; i < launch->mount_count; i++) {
        struct launch_mount *mount = &launch->mounts[i];
        enum hvgpu_status status = launch_share_folder(launch, &calls, mount->host,
                                                       mount->read_only, false, &mount->share, err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    job_evidence(job, "%zu folder%s", launch->mount_count, launch->mount_count == 1 ? "" : "s");
    return HVGPU_OK;
}

enum hvgpu_status launch_probe_share(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    enum hvgpu_status status = launch_share_folder(launch, &calls, launch->probe_folder, true,
                                                   false, &launch->probe_share, err);
    if (status != HVGPU_OK) {
        return status;
    }
    char *share = guest_share_path(launch->probe_share);
    char *vm = share != NULL ? path_join(share, GUEST_PROBE) : NULL;
    free(share);
    free(launch->record.probe_vm);
    free(launch->record.probe_container);
    launch->record.probe_vm = vm;
    launch->record.probe_container = path_join(GUEST_PROBE_FOLDER, GUEST_PROBE);
    if (vm == NULL || launch->record.probe_container == NULL) {
        return no_memory(err);
    }
    job_evidence(job, "%s", launch->probe_folder);
    return launch_put_record(launch, job, err);
}

/* ---- container and command ---- */

enum hvgpu_status launch_container(struct job *job, void *context, int form,
                                   struct hvgpu_error *err)
{
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    const char *id = launch->record.id;
    enum hvgpu_status status = will(job, action_terminate(id), "container", id, err);
    if (status == HVGPU_OK) {
        struct json *document = launch_container_document(launch, (unsigned)form);
        status = document != NULL ? calls_create(&calls, id, document, &launch->container, err)
                                  : no_memory(err);
    }
    if (status == HVGPU_OK) {
        status = calls_start(&calls, id, launch->container, err);
    }
    if (status == HVGPU_OK) {
        job_evidence(job, "%s", id);
    }
    return status;
}

enum hvgpu_status launch_init(struct job *job, void *context, int argument, struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    const struct document_process document = {
        .command = launch->record.command,
        .output = launch->record.remove,
        .errors = launch->record.remove,
    };
    enum hvgpu_status status =
        calls_process(&calls, launch->record.id, launch->container,
                      document_process(&launch->base.level, &document), &launch->init, err);
    if (status != HVGPU_OK || job_is_dry(job)) {
        return status;
    }
    launch->record.init_pid.known = true;
    launch->record.init_pid.value = client_process_id(launch->init);
    note_init_time(launch, &calls);
    job_evidence(job, "process %u: %s", (unsigned)launch->record.init_pid.value,
                 launch->record.command);
    return HVGPU_OK;
}

/* ---- end ---- */

enum hvgpu_status launch_finish(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    enum hvgpu_status status = launch_put_record(launch, job, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (!launch->record.remove) {
        /* From here the record answers for it; a console may end without taking it along. */
        job_commit(job);
        client_process_drop(launch->init);
        launch->init = NULL;
    }
    plan_unlock_vm(&launch->lock);
    job_result(job, launch_result(launch));
    job_evidence(job, "%s", launch->record.remove ? "until it ends" : "it outlives this program");
    engine_touch(launch->base.engine);
    return HVGPU_OK;
}

enum hvgpu_status launch_remove(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    struct hvgpu_error ignored;
    /* The container gets the chance to end by itself; what does not, is terminated below. */
    enum hvgpu_status graceful =
        calls_shutdown(&calls, launch->record.id, launch->container, LAUNCH_GRACE_MS, &ignored);
    if (graceful == HVGPU_OK) {
        graceful = calls_wait_exit(&calls, launch->record.id, LAUNCH_GRACE_MS, &ignored);
    }
    (void)graceful;
    if (job_is_dry(job)) {
        enum hvgpu_status status = calls_terminate(&calls, launch->record.vm_id, NULL, err);
        return status == HVGPU_OK && launch->own_folder != NULL
                   ? calls_delete_tree(&calls, launch->own_folder, err)
                   : status;
    }
    client_process_drop(launch->init);
    client_system_drop(launch->container);
    client_system_drop(launch->vm);
    launch->init = NULL;
    launch->container = NULL;
    launch->vm = NULL;
    enum hvgpu_status status = job_undo_to(job, 0, err);
    if (status == HVGPU_OK) {
        job_evidence(job, "container, VM and scratch folders are gone");
    }
    engine_touch(launch->base.engine);
    return status;
}
