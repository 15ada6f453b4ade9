/* SPDX-License-Identifier: MIT
 *
 * Documents of the utility VM and of requests to it. Containers and processes are in
 * documents_container.c.
 */
#include "core/engine/hcs/documents.h"

#include <stdio.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents_put.h"

struct json *put(const struct schema_level *level, struct json *object, const char *type,
                 const char *member, struct json *child)
{
    if (!schema_allows(level, type, member)) {
        json_free(child);
        return NULL;
    }
    return json_add(object, member, child);
}

void put_string(const struct schema_level *level, struct json *object, const char *type,
                const char *member, const char *s)
{
    if (s != NULL) {
        put(level, object, type, member, json_new_string(s));
    }
}

void put_true(const struct schema_level *level, struct json *object, const char *type,
              const char *member, bool wanted)
{
    if (wanted) {
        put(level, object, type, member, json_new_bool(true));
    }
}

/* hcsshim declares 2.1 whatever the document carries: what counts is the service's newest schema.
 */
struct json *document_schema_version(void)
{
    struct json *version = json_new_object();
    json_add_u64(version, "Major", 2);
    json_add_u64(version, "Minor", 1);
    return version;
}

/* ---- utility VM ---- */

static struct json *chipset(const struct schema_level *level)
{
    struct json *boot = json_new_object();
    put_string(level, boot, "UefiBootEntry", "DeviceType", "VmbFs");
    put_string(level, boot, "UefiBootEntry", "DevicePath", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
    struct json *uefi = json_new_object();
    put(level, uefi, "Uefi", "BootThis", boot);
    struct json *result = json_new_object();
    put(level, result, "Chipset", "Uefi", uefi);
    return result;
}

/* Makes the container's network compartment its default one (hcsshim does the same). */
static struct json *registry(const struct schema_level *level)
{
    struct json *key = json_new_object();
    put_string(level, key, "RegistryKey", "Hive", "System");
    put_string(level, key, "RegistryKey", "Name", "CurrentControlSet\\Services\\gns");
    struct json *value = json_new_object();
    put(level, value, "RegistryValue", "Key", key);
    put_string(level, value, "RegistryValue", "Name", "EnableCompartmentNamespace");
    put_string(level, value, "RegistryValue", "Type", "DWord");
    put(level, value, "RegistryValue", "DWordValue", json_new_u64(1));
    struct json *values = json_new_array();
    json_append(values, value);
    struct json *result = json_new_object();
    put(level, result, "RegistryChanges", "AddValues", values);
    return result;
}

static struct json *topology(const struct schema_level *level, const struct document_vm *vm)
{
    const char *type = "VirtualMachine_Memory";
    struct json *memory = json_new_object();
    put(level, memory, type, "SizeInMB", json_new_u64((vm->memory_mb + 1) / 2 * 2));
    /* Hints about cold and hot pages make no sense for memory that is pinned. */
    put_true(level, memory, type, "AllowOvercommit", !vm->fully_backed);
    put_true(level, memory, type, "EnableHotHint", !vm->fully_backed);
    put(level, memory, type, "LowMmioGapInMB", json_new_u64(DOCUMENT_LOW_MMIO_MB));
    put(level, memory, type, "HighMmioGapInMB", json_new_u64(DOCUMENT_HIGH_MMIO_MB));
    struct json *processor = json_new_object();
    put(level, processor, "VirtualMachine_Processor", "Count", json_new_u64(vm->processors));
    struct json *result = json_new_object();
    put(level, result, "Topology", "Memory", memory);
    put(level, result, "Topology", "Processor", processor);
    return result;
}

static struct json *attachment(const struct schema_level *level, const char *disk)
{
    struct json *result = json_new_object();
    put_string(level, result, "Attachment", "Type", "VirtualDisk");
    put_string(level, result, "Attachment", "Path", disk);
    return result;
}

static struct json *share(const struct schema_level *level, const struct document_share *share)
{
    const char *type = "VirtualSmbShareOptions";
    struct json *options = json_new_object();
    put_true(level, options, type, "ReadOnly", share->read_only);
    put_true(level, options, type, "ShareRead", share->read_only);
    put_true(level, options, type, "CacheIo", share->read_only);
    put_true(level, options, type, "TakeBackupPrivilege", share->layer);
    put_true(level, options, type, "NoDirectmap", share->no_directmap);
    put_true(level, options, type, "PseudoOplocks", share->read_only);
    struct json *result = json_new_object();
    put_string(level, result, "VirtualSmbShare", "Name", share->name);
    put_string(level, result, "VirtualSmbShare", "Path", share->path);
    put(level, result, "VirtualSmbShare", "Options", options);
    return result;
}

static struct json *devices(const struct schema_level *level, const struct document_vm *vm)
{
    struct json *attachments = json_new_object();
    json_add(attachments, "0", attachment(level, vm->disk));
    struct json *controller = json_new_object();
    put(level, controller, "Scsi", "Attachments", attachments);
    struct json *scsi = json_new_object();
    json_add(scsi, "0", controller);

    struct json *socket_config = json_new_object();
    put_string(level, socket_config, "HvSocketSystemConfig", "DefaultBindSecurityDescriptor",
               "D:P(A;;FA;;;SY)(A;;FA;;;BA)");
    struct json *socket = json_new_object();
    put(level, socket, "VirtualMachine_HvSocket", "HvSocketConfig", socket_config);

    const struct document_share os = {
        .name = "os",
        .path = vm->boot_folder,
        .read_only = true,
        .layer = true,
        .no_directmap = vm->fully_backed,
    };
    struct json *shares = json_new_array();
    json_append(shares, share(level, &os));
    struct json *smb = json_new_object();
    put(level, smb, "VirtualSmb", "Shares", shares);
    put(level, smb, "VirtualSmb", "DirectFileMappingInMB", json_new_u64(DOCUMENT_DIRECT_MAP_MB));

    struct json *result = json_new_object();
    put(level, result, "Devices", "Scsi", scsi);
    put(level, result, "Devices", "HvSocket", socket);
    put(level, result, "Devices", "VirtualSmb", smb);
    return result;
}

struct json *document_vm(const struct schema_level *level, const struct document_vm *vm)
{
    struct json *machine = json_new_object();
    put_true(level, machine, "VirtualMachine", "StopOnReset", true);
    put(level, machine, "VirtualMachine", "Chipset", chipset(level));
    put(level, machine, "VirtualMachine", "ComputeTopology", topology(level, vm));
    put(level, machine, "VirtualMachine", "Devices", devices(level, vm));
    put(level, machine, "VirtualMachine", "RegistryChanges", registry(level));
    /* The compute service owns the connection to the guest: containers are systems of their own. */
    put(level, machine, "VirtualMachine", "GuestConnection", json_new_object());

    struct json *result = json_new_object();
    put_string(level, result, "ComputeSystem", "Owner", HVGPU_OWNER);
    put(level, result, "ComputeSystem", "SchemaVersion", document_schema_version());
    put(level, result, "ComputeSystem", "VirtualMachine", machine);
    put_true(level, result, "ComputeSystem", "ShouldTerminateOnLastHandleClosed",
             vm->ends_with_last_handle);
    return result;
}

/* ---- requests ---- */

static struct json *request(const struct schema_level *level, const char *path, const char *kind,
                            struct json *settings)
{
    struct json *result = json_new_object();
    put_string(level, result, "ModifySettingRequest", "ResourcePath", path);
    put_string(level, result, "ModifySettingRequest", "RequestType", kind);
    if (settings != NULL) {
        put(level, result, "ModifySettingRequest", "Settings", settings);
    }
    return result;
}

static struct json *guest_request(const char *resource, struct json *settings)
{
    struct json *result = json_new_object();
    json_add_string(result, "RequestType", "Add");
    json_add_string(result, "ResourceType", resource);
    json_add(result, "Settings", settings);
    return result;
}

struct json *document_share_add(const struct schema_level *level, const struct document_share *what)
{
    return request(level, "VirtualMachine/Devices/VirtualSmb/Shares", "Add", share(level, what));
}

struct json *document_share_remove(const struct schema_level *level, const char *name)
{
    struct json *settings = json_new_object();
    put_string(level, settings, "VirtualSmbShare", "Name", name);
    return request(level, "VirtualMachine/Devices/VirtualSmb/Shares", "Remove", settings);
}

struct json *document_scratch(const struct schema_level *level, const char *disk)
{
    char path[96];
    snprintf(path, sizeof path, "VirtualMachine/Devices/Scsi/0/Attachments/%d",
             DOCUMENT_SCRATCH_LUN);
    struct json *result = request(level, path, "Add", attachment(level, disk));
    struct json *settings = json_new_object();
    json_add_string(settings, "ContainerPath", GUEST_ROOT);
    json_add_u64(settings, "Lun", DOCUMENT_SCRATCH_LUN);
    put(level, result, "ModifySettingRequest", "GuestRequest",
        guest_request("MappedVirtualDisk", settings));
    return result;
}

struct json *document_combine(const struct schema_level *level, const struct document_layer *layers,
                              size_t count)
{
    struct json *settings = json_new_object();
    json_add_string(settings, "ContainerRootPath", GUEST_ROOT);
    json_add(settings, "Layers", document_layers(level, layers, count));
    struct json *result = json_new_object();
    put(level, result, "ModifySettingRequest", "GuestRequest",
        guest_request("CombinedLayers", settings));
    return result;
}

struct json *document_gpu_settings(const struct schema_level *level, enum hvgpu_gpu_mode mode,
                                   const struct owned_gpu *gpus, size_t count)
{
    const char *type = "GpuConfiguration";
    struct json *settings = json_new_object();
    if (mode != HVGPU_MODE_LIST && mode != HVGPU_MODE_MIRROR) {
        put_string(level, settings, type, "AssignmentMode", "Disabled");
        return settings;
    }
    put_string(level, settings, type, "AssignmentMode",
               mode == HVGPU_MODE_LIST ? "List" : "Mirror");
    if (mode == HVGPU_MODE_LIST) {
        struct json *map = json_new_object();
        for (size_t i = 0; i < count; i++) {
            uint64_t partition =
                gpus[i].partition.known ? gpus[i].partition.value : DOCUMENT_PARTITION_ANY;
            if (gpus[i].interface_path != NULL) {
                json_add_u64(map, gpus[i].interface_path, partition);
            }
        }
        put(level, settings, type, "AssignmentRequest", map);
    }
    /* Vendors' stacks (CUDA, nvidia-smi) need their private escapes; presentation is not needed. */
    put_true(level, settings, type, "AllowVendorExtension", true);
    put_true(level, settings, type, "DisableGdiAcceleration", true);
    put_true(level, settings, type, "DisablePresentation", true);
    return settings;
}

struct json *document_gpu_update(const struct schema_level *level, struct json *settings)
{
    return request(level, "VirtualMachine/ComputeTopology/Gpu", "Update", settings);
}

struct json *document_device_add(const struct schema_level *level, const char *guid,
                                 const char *instance_id, unsigned function)
{
    struct json *pci = json_new_object();
    put_string(level, pci, "VirtualPciFunction", "DeviceInstancePath", instance_id);
    if (function != 0) {
        put(level, pci, "VirtualPciFunction", "VirtualFunction", json_new_u64(function));
    }
    struct json *functions = json_new_array();
    json_append(functions, pci);
    struct json *settings = json_new_object();
    put(level, settings, "VirtualPciDevice", "Functions", functions);
    put_true(level, settings, "VirtualPciDevice", "PropagateNumaAffinity", true);
    char path[96];
    snprintf(path, sizeof path, "VirtualMachine/Devices/VirtualPci/%s", guid);
    return request(level, path, "Add", settings);
}
