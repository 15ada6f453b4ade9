/* SPDX-License-Identifier: MIT
 *
 * The host's driver package in a guest. A paravirtual GPU has no vendor driver of its own in the
 * guest: the user-mode files must lie under HostDriverStore, where the graphics kernel looks for
 * the host's package, and some of them in System32 and SysWOW64 too (CopyToVm* of the class key).
 * File and folder names come from outside, so they are checked and never pass through a shell.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/launch.h"

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "driver package", NULL, "out of memory");
}

static const struct host_api *host_of(const struct calls *calls)
{
    return client_host(engine_client(calls->engine));
}

/* In a dry run what only the host can tell is named. */
static enum hvgpu_status read_dry(struct launch_package *package, struct hvgpu_error *err)
{
    if (package->name == NULL) {
        package->name = text_format("<driver package of %s>", package->instance_id);
    }
    return package->name != NULL ? HVGPU_OK : no_memory(err);
}

static enum hvgpu_status check_facts(const struct host_driver_package *facts,
                                     const char *instance_id, struct hvgpu_error *err)
{
    bool good = path_is_name(facts->name) && facts->folder != NULL;
    for (size_t i = 0; i < facts->copy_count && good; i++) {
        good = path_is_below(facts->copies[i].source) && path_is_name(facts->copies[i].target);
    }
    if (good) {
        return HVGPU_OK;
    }
    error_set(err, HVGPU_PROTOCOL, "driver package", instance_id,
              "its description on the host names files outside the package");
    error_hint(err, "reinstall the GPU's driver on the host");
    return HVGPU_PROTOCOL;
}

enum hvgpu_status package_read(const struct calls *calls, struct launch_package *package,
                               struct hvgpu_error *err)
{
    if (job_is_dry(calls->job)) {
        return read_dry(package, err);
    }
    if (package->facts != NULL) {
        return HVGPU_OK;
    }
    const struct host_api *host = host_of(calls);
    hcs_result code = host->driver_package(host->machine, package->instance_id, &package->facts);
    if (HRESULT_IS_FAILURE(code) || package->facts == NULL) {
        package->facts = NULL;
        error_hresult(err, HRESULT_IS_FAILURE(code) ? code : HR_ERROR_FILE_NOT_FOUND,
                      "read driver package", package->instance_id, NULL);
        error_hint(err, "the GPU needs its vendor's driver on the host");
        return err != NULL ? err->status : HVGPU_FAILED;
    }
    enum hvgpu_status status = check_facts(package->facts, package->instance_id, err);
    if (status == HVGPU_OK) {
        free(package->name);
        package->name = text_copy(package->facts->name);
        status = package->name != NULL ? HVGPU_OK : no_memory(err);
    }
    return status;
}

void package_clear(const struct calls *calls, struct launch_package *package)
{
    if (package->facts != NULL) {
        const struct host_api *host = host_of(calls);
        host->free_driver_package(host->machine, package->facts);
    }
    free(package->name);
    free(package->instance_id);
    memset(package, 0, sizeof *package);
}

/* ---- programs in the guest ---- */

/* Runs hvgpu's own program there; first and second may be NULL. */
static enum hvgpu_status run(const struct package_guest *guest, const char *verb, const char *first,
                             const char *second, const char *what, struct hvgpu_error *err)
{
    const char *const arguments[] = {guest->probe, verb, first, second, NULL};
    char *command = guest_command(arguments);
    if (command == NULL) {
        return no_memory(err);
    }
    struct json *parameters = guest->container ? document_container_program(guest->level, command)
                                               : document_vm_program(guest->level, command);
    free(command);
    struct calls_output output;
    enum hvgpu_status status =
        launch_run(guest->calls, guest->id, guest->system, parameters, what, &output, err);
    calls_output_clear(&output);
    return status;
}

enum hvgpu_status package_copy_store(const struct package_guest *guest,
                                     const struct launch_package *package, struct hvgpu_error *err)
{
    char *from = guest_share_path(package->share);
    char *to = path_join(GUEST_DRIVER_STORE, package->name);
    enum hvgpu_status status = from != NULL && to != NULL ? HVGPU_OK : no_memory(err);
    if (status == HVGPU_OK) {
        status = run(guest, "mkdir", GUEST_DRIVER_STORE, NULL, "make HostDriverStore", err);
    }
    if (status == HVGPU_OK) {
        status = run(guest, "copy", from, to, "copy driver package", err);
    }
    free(from);
    free(to);
    return status;
}

static enum hvgpu_status copy_one(const struct package_guest *guest, const char *from,
                                  const struct host_copy *copy, struct hvgpu_error *err)
{
    char *source = path_join(from, copy->source);
    char *target = path_join(copy->wow64 ? GUEST_SYSWOW64 : GUEST_SYSTEM32, copy->target);
    enum hvgpu_status status = HVGPU_OK;
    if (source == NULL || target == NULL) {
        status = no_memory(err);
    } else {
        status = run(guest, "copy", source, target, "copy driver file", err);
    }
    free(source);
    free(target);
    return status;
}

enum hvgpu_status package_copy_files(const struct package_guest *guest,
                                     const struct launch_package *package, const char *from,
                                     struct hvgpu_error *err)
{
    if (package->facts == NULL) {
        /* Which files these are, only the host's class key tells. */
        struct host_copy any = {.overwrite = true};
        any.source = text_format("<each CopyToVm file of %s>", package->name);
        any.target = text_copy("<its name>");
        enum hvgpu_status status = any.source != NULL && any.target != NULL
                                       ? copy_one(guest, from, &any, err)
                                       : no_memory(err);
        free(any.source);
        free(any.target);
        return status;
    }
    for (size_t i = 0; i < package->facts->copy_count; i++) {
        enum hvgpu_status status = copy_one(guest, from, &package->facts->copies[i], err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

enum hvgpu_status package_restart_device(const struct package_guest *guest, struct hvgpu_error *err)
{
    return run(guest, "restart", NULL, NULL, "restart the render device", err);
}
