/* SPDX-License-Identifier: MIT
 *
 * The GPU part of a request: which GPUs, partitions and devices are meant, and whether they can be
 * given as far as this host is known. What is not known is left to the host to refuse.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/attach_map.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/launch.h"

enum { GPUS_MAX = 64 };

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "plan", NULL, "out of memory");
}

/* ---- partitions ---- */

static enum hvgpu_status check_partitionable(const struct hvgpu_gpu *gpu, struct hvgpu_error *err)
{
    if (gpu->interface_path != NULL) {
        return HVGPU_OK;
    }
    error_set(err, HVGPU_UNSUPPORTED, "plan", gpu->id, "%s has no partitions to give: %s",
              gpu->name != NULL ? gpu->name : "this GPU",
              gpu->state_text != NULL ? gpu->state_text : "it is not partitionable");
    if (gpu->state == HVGPU_GPU_DISMOUNTED) {
        error_hint(err, "it is dismounted: assign the whole device, --device vpci://%s",
                   gpu->instance_id);
    } else {
        error_hint(err, "choose another: hvgpu gpus");
    }
    return HVGPU_UNSUPPORTED;
}

static enum hvgpu_status check_partition(const struct hvgpu_gpu *gpu, struct hvgpu_number partition,
                                         const char *except_vm, struct hvgpu_error *err)
{
    const struct hvgpu_number *total = &gpu->partition_total;
    if (!partition.known) {
        bool full = total->known && gpu->partition_count + gpu->any_count >= total->value;
        bool own = false;
        for (size_t i = 0; i < gpu->partition_count; i++) {
            own = own || text_equal(gpu->partitions[i].system_id, except_vm);
        }
        if (!full || own) {
            return HVGPU_OK;
        }
        error_set(err, HVGPU_BUSY, "plan", gpu->id, "all %u partitions are taken",
                  (unsigned)total->value);
        error_hint(err, "detach one, choose another GPU, or raise the partition count");
        return HVGPU_BUSY;
    }
    if (partition.value >= DOCUMENT_PARTITION_ANY ||
        (total->known && partition.value >= total->value)) {
        error_set(err, HVGPU_INVALID, "plan", gpu->id, "there is no partition %llu",
                  (unsigned long long)partition.value);
        if (total->known && total->value > 0) {
            error_hint(err, "it has the partitions 0 to %llu",
                       (unsigned long long)(total->value - 1));
        }
        return HVGPU_INVALID;
    }
    for (size_t i = 0; i < gpu->partition_count; i++) {
        const struct hvgpu_partition *taken = &gpu->partitions[i];
        if (taken->number == partition.value && !text_equal(taken->system_id, except_vm)) {
            error_set(err, HVGPU_BUSY, "plan", gpu->id, "partition %u is held by %s",
                      (unsigned)taken->number,
                      taken->system_id != NULL ? taken->system_id : "another VM");
            error_hint(err, "choose another partition, or leave the number out for any free one");
            return HVGPU_BUSY;
        }
    }
    return HVGPU_OK;
}

static enum hvgpu_status take_partition(const struct hvgpu_gpu *gpu, struct hvgpu_number partition,
                                        struct owned_gpu *out, struct hvgpu_error *err)
{
    out->instance_id = text_copy(gpu->instance_id);
    out->interface_path = text_copy(gpu->interface_path);
    out->package = text_copy(gpu->driver_package);
    out->partition = partition;
    return out->instance_id != NULL && out->interface_path != NULL ? HVGPU_OK : no_memory(err);
}

static void free_gpus(struct owned_gpu *gpus, size_t count)
{
    for (size_t i = 0; gpus != NULL && i < count; i++) {
        free(gpus[i].instance_id);
        free(gpus[i].interface_path);
        free(gpus[i].package);
        free(gpus[i].vpci_id);
    }
    free(gpus);
}

enum hvgpu_status plan_resolve_gpus(const struct engine_view *view,
                                    const struct hvgpu_gpu_request *requests, size_t count,
                                    const char *except_vm, struct owned_gpu **out,
                                    struct hvgpu_error *err)
{
    *out = NULL;
    if (count > GPUS_MAX) {
        return error_set(err, HVGPU_LIMIT, "plan", "--gpu", "at most %d GPUs", GPUS_MAX);
    }
    struct owned_gpu *gpus = calloc(count + 1, sizeof *gpus);
    if (gpus == NULL) {
        return no_memory(err);
    }
    enum hvgpu_status status = HVGPU_OK;
    for (size_t i = 0; i < count && status == HVGPU_OK; i++) {
        const struct hvgpu_gpu *gpu = engine_view_gpu(view, requests[i].gpu, err);
        if (gpu == NULL) {
            status = HVGPU_NOT_FOUND;
            break;
        }
        status = check_partitionable(gpu, err);
        if (status == HVGPU_OK) {
            status = check_partition(gpu, requests[i].partition, except_vm, err);
        }
        for (size_t k = 0; k < i && status == HVGPU_OK; k++) {
            if (text_equal_nocase(gpus[k].interface_path, gpu->interface_path)) {
                status = error_set(err, HVGPU_INVALID, "plan", gpu->id,
                                   "a VM can have one partition of a GPU, and it is named twice");
            }
        }
        if (status == HVGPU_OK) {
            status = take_partition(gpu, requests[i].partition, &gpus[i], err);
        }
    }
    if (status != HVGPU_OK) {
        free_gpus(gpus, count);
        return status;
    }
    *out = gpus;
    return HVGPU_OK;
}

/* ---- whole devices ---- */

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

void plan_split_function(const char *raw, char **instance_id, unsigned *function)
{
    size_t end = strlen(raw);
    while (end > 0 && is_separator(raw[end - 1])) {
        end--;
    }
    size_t start = end;
    while (start > 0 && !is_separator(raw[start - 1])) {
        start--;
    }
    unsigned number = 0;
    bool decimal = end > start && start > 0;
    for (size_t i = start; i < end && decimal; i++) {
        decimal = raw[i] >= '0' && raw[i] <= '9';
        number = decimal ? number * 10 + (unsigned)(raw[i] - '0') : 0;
        decimal = decimal && number <= UINT16_MAX;
    }
    *function = 0;
    *instance_id = text_copy(raw);
    if (!decimal || *instance_id == NULL) {
        return;
    }
    /* The function is cut off, and what is left reads as a Windows path does. */
    *function = number;
    while (start > 0 && is_separator(raw[start - 1])) {
        start--;
    }
    (*instance_id)[start] = '\0';
    for (char *s = *instance_id; *s != '\0'; s++) {
        *s = *s == '/' ? '\\' : *s;
    }
}

static enum hvgpu_status check_device_type(const char *type, struct hvgpu_error *err)
{
    if (text_equal(type, "vpci") || text_equal(type, "vpci-instance-id")) {
        return HVGPU_OK;
    }
    error_set(err, HVGPU_UNSUPPORTED, "check the request", "--device",
              "the type '%.40s' cannot be assigned to a Hyper-V container",
              type != NULL ? type : "");
    error_hint(err, "use vpci://ID or vpci-instance-id://ID with the instance id of a dismounted "
                    "device (PCIP\\...)");
    return HVGPU_UNSUPPORTED;
}

static enum hvgpu_status check_device_id(const char *id, const struct engine_view *view,
                                         struct hvgpu_error *err)
{
    if (text_starts_nocase(id, "PCI\\")) {
        error_set(err, HVGPU_INVALID, "check the request", "--device",
                  "'%.200s' is in use by the host: only a dismounted device can be assigned", id);
        error_hint(err, "Disable-PnpDevice and Dismount-VMHostAssignableDevice -Force; it then "
                        "comes back as PCIP\\...");
        return HVGPU_INVALID;
    }
    if (!text_starts_nocase(id, "PCIP\\") || strlen(id) < 8) {
        error_set(err, HVGPU_INVALID, "check the request", "--device",
                  "'%.200s' is not the instance id of a dismounted device", id);
        error_hint(err, "it begins with PCIP\\; hvgpu gpus lists those that are GPUs");
        return HVGPU_INVALID;
    }
    for (size_t i = 0; i < view->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = view->gpus[i];
        if (text_equal_nocase(gpu->instance_id, id) && gpu->dda_holder != NULL) {
            error_set(err, HVGPU_BUSY, "plan", id, "the device is held by %s", gpu->dda_holder);
            error_hint(err, "stop that system first");
            return HVGPU_BUSY;
        }
    }
    return HVGPU_OK;
}

static enum hvgpu_status take_device(struct launch *launch, const struct engine_view *view,
                                     const struct hvgpu_device_request *request,
                                     struct hvgpu_error *err)
{
    enum hvgpu_status status = check_device_type(request->type, err);
    if (status == HVGPU_OK && request->id == NULL) {
        return error_set(err, HVGPU_INVALID, "check the request", "--device", "no id is given");
    }
    if (status == HVGPU_OK) {
        status = plan_check_text(request->id, "--device", 512, err);
    }
    if (status != HVGPU_OK) {
        return status;
    }
    struct launch_device *device = &launch->devices[launch->device_count++];
    plan_split_function(request->id, &device->instance_id, &device->function);
    if (device->instance_id == NULL) {
        return no_memory(err);
    }
    guid_new(device->guid);
    for (size_t i = 0; i + 1 < launch->device_count; i++) {
        if (text_equal_nocase(launch->devices[i].instance_id, device->instance_id) &&
            launch->devices[i].function == device->function) {
            return error_set(err, HVGPU_INVALID, "check the request", "--device",
                             "'%.200s' is given twice", request->id);
        }
    }
    return check_device_id(device->instance_id, view, err);
}

static enum hvgpu_status take_devices(struct launch *launch, const struct engine_view *view,
                                      const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    if (request->device_count > GPUS_MAX) {
        return error_set(err, HVGPU_LIMIT, "plan", "--device", "at most %d devices", GPUS_MAX);
    }
    if (!document_gpu_form_allowed(&launch->base.level, DOCUMENT_GPU_LOCATION)) {
        error_set(err, HVGPU_UNSUPPORTED, "plan", view->host->name,
                  "this host's compute service (schema %u.%u) cannot assign a device to a hosted "
                  "container",
                  launch->base.level.major, launch->base.level.minor);
        error_hint(err, "schema 2.2 is needed, which came with Windows 10 1903");
        return HVGPU_UNSUPPORTED;
    }
    launch->devices = calloc(request->device_count, sizeof *launch->devices);
    launch->record.gpus = calloc(request->device_count, sizeof *launch->record.gpus);
    if (launch->devices == NULL || launch->record.gpus == NULL) {
        return no_memory(err);
    }
    launch->record.gpu_mode = HVGPU_MODE_DDA;
    for (size_t i = 0; i < request->device_count; i++) {
        enum hvgpu_status status = take_device(launch, view, &request->devices[i], err);
        if (status != HVGPU_OK) {
            return status;
        }
        struct owned_gpu *gpu = &launch->record.gpus[i];
        gpu->instance_id = text_copy(launch->devices[i].instance_id);
        gpu->vpci_id = text_copy(launch->devices[i].guid);
        launch->record.gpu_count = i + 1;
        if (gpu->instance_id == NULL || gpu->vpci_id == NULL) {
            return no_memory(err);
        }
    }
    return HVGPU_OK;
}

/* ---- driver packages ---- */

static enum hvgpu_status add_package(struct launch *launch, const char *instance_id,
                                     const char *name, struct hvgpu_error *err)
{
    for (size_t i = 0; i < launch->package_count; i++) {
        /* Two GPUs of one kind share their package. */
        if (name != NULL && text_equal_nocase(launch->packages[i].name, name)) {
            return HVGPU_OK;
        }
    }
    struct launch_package *package = &launch->packages[launch->package_count++];
    package->instance_id = text_copy(instance_id);
    package->name = text_copy(name);
    return package->instance_id != NULL ? HVGPU_OK : no_memory(err);
}

static enum hvgpu_status take_mirror(struct launch *launch, const struct engine_view *view,
                                     struct hvgpu_error *err)
{
    launch->packages = calloc(view->gpu_count + 1, sizeof *launch->packages);
    if (launch->packages == NULL) {
        return no_memory(err);
    }
    launch->record.gpu_mode = HVGPU_MODE_MIRROR;
    for (size_t i = 0; i < view->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = view->gpus[i];
        if (gpu->interface_path == NULL) {
            continue;
        }
        enum hvgpu_status status = add_package(launch, gpu->instance_id, gpu->driver_package, err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    if (launch->package_count == 0) {
        error_set(err, HVGPU_NOT_FOUND, "plan", view->host->name,
                  "the host has no GPU that can be shared");
        error_hint(err, "see: hvgpu gpus");
        return HVGPU_NOT_FOUND;
    }
    return HVGPU_OK;
}

static enum hvgpu_status take_list(struct launch *launch, const struct engine_view *view,
                                   const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    enum hvgpu_status status =
        plan_resolve_gpus(view, request->gpus, request->gpu_count, NULL, &launch->record.gpus, err);
    if (status != HVGPU_OK || launch->record.gpus == NULL) {
        return status;
    }
    launch->record.gpu_count = request->gpu_count;
    launch->record.gpu_mode = HVGPU_MODE_LIST;
    launch->packages = calloc(request->gpu_count, sizeof *launch->packages);
    if (launch->packages == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < request->gpu_count && status == HVGPU_OK; i++) {
        const struct owned_gpu *gpu = &launch->record.gpus[i];
        status = add_package(launch, gpu->instance_id, gpu->package, err);
    }
    return status;
}

static enum hvgpu_status note_text(struct launch *launch, const struct engine_view *view,
                                   struct hvgpu_error *err)
{
    char text[256];
    struct gpu_name *names = gpu_names_new(view);
    attach_map_text(&launch->record, true, names, text, sizeof text);
    gpu_names_free(names);
    launch->gpu_text = text_copy(text);
    return launch->gpu_text != NULL ? HVGPU_OK : no_memory(err);
}

enum hvgpu_status launch_take_gpus(struct launch *launch, const struct engine_view *view,
                                   const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    int ways = (request->gpu_count > 0 ? 1 : 0) + (request->gpu_mirror ? 1 : 0) +
               (request->device_count > 0 ? 1 : 0);
    if (ways > 1) {
        return error_set(err, HVGPU_INVALID, "check the request", NULL,
                         "--gpu, --gpu-mirror and --device exclude each other");
    }
    launch->record.gpu_mode = HVGPU_MODE_NONE;
    bool paravirtual = request->gpu_count > 0 || request->gpu_mirror;
    if (paravirtual && request->driver_dir_count > 0) {
        error_set(err, HVGPU_INVALID, "check the request", "--driver-dir",
                  "a GPU partition uses the host's own driver package, which hvgpu brings along");
        error_hint(err, "--driver-dir is for whole devices (--device)");
        return HVGPU_INVALID;
    }
    if (request->device_count > 0) {
        return take_devices(launch, view, request, err);
    }
    enum hvgpu_status status = HVGPU_OK;
    if (request->gpu_mirror) {
        status = take_mirror(launch, view, err);
    } else if (request->gpu_count > 0) {
        status = take_list(launch, view, request, err);
    }
    return status == HVGPU_OK ? note_text(launch, view, err) : status;
}
