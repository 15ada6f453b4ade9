/* SPDX-License-Identifier: MIT
 *
 * Documents of containers hosted in a utility VM, and of processes.
 */
#include "core/engine/hcs/documents_put.h"

struct json *document_layers(const struct schema_level *level, const struct document_layer *layers,
                             size_t count)
{
    struct json *result = json_new_array();
    for (size_t i = 0; i < count; i++) {
        struct json *layer = json_new_object();
        put_string(level, layer, "Layer", "Id", layers[i].id);
        put_string(level, layer, "Layer", "Path", layers[i].path);
        json_append(result, layer);
    }
    return result;
}

const char *document_gpu_form_words(unsigned form)
{
    switch (form) {
    case DOCUMENT_GPU_CLASS:
        return "display adapter class";
    case DOCUMENT_GPU_MIRROR:
        return "GPU mirror";
    case DOCUMENT_GPU_LOCATION:
        return "location path";
    default:
        return "none";
    }
}

bool document_gpu_form_allowed(const struct schema_level *level, unsigned form)
{
    if (!schema_allows(level, "Container", "AssignedDevices")) {
        return false;
    }
    switch (form) {
    case DOCUMENT_GPU_CLASS:
        return schema_allows(level, "Device", "InterfaceClassGuid");
    case DOCUMENT_GPU_MIRROR:
        return schema_allows(level, "Device", "Type");
    case DOCUMENT_GPU_LOCATION:
        return schema_allows(level, "Device", "Type") &&
               schema_allows(level, "Device", "LocationPath");
    default:
        return form == DOCUMENT_GPU_NONE;
    }
}

static struct json *assigned_devices(const struct schema_level *level,
                                     const struct document_container *container)
{
    struct json *result = json_new_array();
    size_t count =
        container->gpu_form == DOCUMENT_GPU_LOCATION ? container->location_count : (size_t)1;
    for (size_t i = 0; i < count; i++) {
        struct json *device = json_new_object();
        if (container->gpu_form == DOCUMENT_GPU_CLASS) {
            put_string(level, device, "Device", "InterfaceClassGuid", GUEST_DISPLAY);
        } else if (container->gpu_form == DOCUMENT_GPU_MIRROR) {
            put_string(level, device, "Device", "Type", "GpuMirror");
        } else {
            put_string(level, device, "Device", "Type", "DeviceInstance");
            put_string(level, device, "Device", "LocationPath", container->locations[i]);
        }
        json_append(result, device);
    }
    return result;
}

static struct json *mappings(const struct schema_level *level,
                             const struct document_container *container)
{
    struct json *result = json_new_array();
    for (size_t i = 0; i < container->mapping_count; i++) {
        const struct document_mapping *mapping = &container->mappings[i];
        struct json *directory = json_new_object();
        put_string(level, directory, "MappedDirectory", "HostPath", mapping->host_path);
        put_string(level, directory, "MappedDirectory", "ContainerPath", mapping->container_path);
        put_true(level, directory, "MappedDirectory", "ReadOnly", mapping->read_only);
        json_append(result, directory);
    }
    return result;
}

struct json *document_container(const struct schema_level *level,
                                const struct document_container *container)
{
    struct json *guest = json_new_object();
    put_string(level, guest, "GuestOs", "HostName", container->host_name);
    struct json *storage = json_new_object();
    put(level, storage, "Storage", "Layers",
        document_layers(level, container->layers, container->layer_count));
    put_string(level, storage, "Storage", "Path", GUEST_ROOT);

    struct json *inner = json_new_object();
    put(level, inner, "Container", "GuestOs", guest);
    put(level, inner, "Container", "Storage", storage);
    put(level, inner, "Container", "Processor", json_new_object()); /* as many as the VM has */
    if (container->mapping_count > 0) {
        put(level, inner, "Container", "MappedDirectories", mappings(level, container));
    }
    if (container->gpu_form != DOCUMENT_GPU_NONE) {
        put(level, inner, "Container", "AssignedDevices", assigned_devices(level, container));
    }

    struct json *hosted = json_new_object();
    put(level, hosted, "HostedSystem", "SchemaVersion", document_schema_version());
    put(level, hosted, "HostedSystem", "Container", inner);

    struct json *result = json_new_object();
    put_string(level, result, "ComputeSystem", "Owner", HVGPU_OWNER);
    put(level, result, "ComputeSystem", "SchemaVersion", document_schema_version());
    put_string(level, result, "ComputeSystem", "HostingSystemId", container->vm_id);
    put(level, result, "ComputeSystem", "HostedSystem", hosted);
    put_true(level, result, "ComputeSystem", "ShouldTerminateOnLastHandleClosed",
             container->ends_with_last_handle);
    return result;
}

/* ---- processes ---- */

struct json *document_process(const struct schema_level *level,
                              const struct document_process *process)
{
    const char *type = "ProcessParameters";
    struct json *result = json_new_object();
    put_string(level, result, type, "CommandLine", process->command);
    put_string(level, result, type, "User", process->user);
    put_string(level, result, type, "WorkingDirectory",
               process->directory != NULL ? process->directory : "C:\\");
    put_true(level, result, type, "EmulateConsole", process->console);
    put_true(level, result, type, "CreateStdInPipe", process->input);
    put_true(level, result, type, "CreateStdOutPipe", process->output);
    put_true(level, result, type, "CreateStdErrPipe", process->errors);
    if (process->console && process->columns > 0 && process->rows > 0) {
        struct json *size = json_new_array(); /* rows first, as hcsshim sends it */
        json_append(size, json_new_u64(process->rows));
        json_append(size, json_new_u64(process->columns));
        put(level, result, type, "ConsoleSize", size);
    }
    return result;
}

struct json *document_vm_program(const struct schema_level *level, const char *command)
{
    const struct document_process process = {
        .command = command, .user = GUEST_USER_SYSTEM, .output = true, .errors = true};
    return document_process(level, &process);
}

struct json *document_container_program(const struct schema_level *level, const char *command)
{
    const struct document_process process = {
        .command = command, .user = GUEST_USER_ADMIN, .output = true, .errors = true};
    return document_process(level, &process);
}

struct json *document_property_query(const char *const *types)
{
    struct json *list = json_new_array();
    for (size_t i = 0; types[i] != NULL; i++) {
        json_append(list, json_new_string(types[i]));
    }
    struct json *result = json_new_object();
    json_add(result, "PropertyTypes", list);
    return result;
}
