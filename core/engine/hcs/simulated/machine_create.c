/* SPDX-License-Identifier: MIT
 *
 * HcsCreateComputeSystem: from the checked document to a system in state Created. Everything that
 * the document names must exist: disks with access granted, shares' folders, the hosting VM, its
 * combined layers, the devices of a container.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

void sim_runtime_id(const char *id, char guid[GUID_TEXT])
{
    if (guid_is_valid(id)) {
        memcpy(guid, id, GUID_TEXT);
        return;
    }
    machine_name_to_guid(id, guid);
}

uint32_t sim_image_build(const struct machine *m, const char *host_path)
{
    for (size_t i = 0; i < m->scenario->image_count; i++) {
        const struct host_image *image = &m->scenario->images[i];
        for (size_t k = 0; k < image->layer_count; k++) {
            if (sim_path_under(host_path, image->layers[k]) && image->build.known) {
                return (uint32_t)image->build.value;
            }
        }
    }
    return 0;
}

/* ---- VM ---- */

static hcs_result vm_memory(struct sim_service *service, const struct json *topology)
{
    struct sim_system *vm = service->system;
    const struct machine *m = service->m;
    uint64_t size = 1024;
    uint64_t gap = 0;
    json_u64(topology, "Memory/SizeInMB", &size);
    if (size == 0 || size % 2 != 0 || size > UINT32_MAX) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_MEMORY_ODD),
                          "Memory.SizeInMB %llu is not an even number of MB",
                          (unsigned long long)size);
    }
    vm->physical = !json_bool(topology, "Memory/AllowOvercommit", false);
    uint64_t held = size;
    for (const struct sim_system *s = m->systems; vm->physical && s != NULL; s = s->after) {
        held += s->kind == SIM_VM && s->physical && sim_system_lives(s) ? s->memory_mb : 0;
    }
    uint64_t total = m->scenario->facts.memory_bytes >> 20;
    if (total != 0 && held > total) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_MEMORY_TOO_MUCH),
                          "The host has %llu MB; %llu MB are asked for or committed to VMs",
                          (unsigned long long)total, (unsigned long long)held);
    }
    vm->memory_mb = (unsigned)size;
    if (json_u64(topology, "Memory/LowMmioGapInMB", &gap)) {
        vm->low_mmio_mb = (unsigned)(gap & UINT32_MAX);
    }
    if (json_u64(topology, "Memory/HighMmioGapInMB", &gap)) {
        vm->high_mmio_mb = (unsigned)(gap & UINT32_MAX);
    }
    return 0;
}

static hcs_result processors(struct sim_service *service, const struct json *processor,
                             uint64_t fallback)
{
    uint64_t count = fallback;
    uint32_t most = service->m->scenario->facts.processors;
    json_u64(processor, "Count", &count);
    if (count == 0 || (most != 0 && count > most)) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_PROCESSORS),
                          "Processor.Count %llu is not between 1 and %u", (unsigned long long)count,
                          most);
    }
    service->system->processors = (unsigned)count;
    return 0;
}

static hcs_result vm_disks(struct sim_service *service, const struct json *scsi)
{
    for (const struct json *c = json_first(scsi); c != NULL; c = json_next(c)) {
        const struct json *attachments = json_member(c, "Attachments");
        for (const struct json *a = json_first(attachments); a != NULL; a = json_next(a)) {
            uint64_t lun = 0;
            if (!text_to_u64(json_key(a), 0, 63, &lun)) {
                return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                                  "$.VirtualMachine.Devices.Scsi: '%s' is no LUN (0 to 63)",
                                  json_key(a));
            }
            hcs_result result =
                sim_disk_add(service, service->system, json_key(c), (unsigned)lun, a);
            if (result != 0) {
                return result;
            }
        }
    }
    return 0;
}

static hcs_result vm_devices(struct sim_service *service, const struct json *devices)
{
    struct sim_system *vm = service->system;
    hcs_result result = vm_disks(service, json_member(devices, "Scsi"));
    const struct json *shares = json_get(devices, "VirtualSmb/Shares");
    for (const struct json *s = json_first(shares); result == 0 && s != NULL; s = json_next(s)) {
        result = sim_share_add(service, vm, s);
    }
    for (size_t i = 0; result == 0 && i < vm->share_count; i++) {
        vm->shares[i].boot = true;
    }
    const struct json *vpci = json_member(devices, "VirtualPci");
    for (const struct json *d = json_first(vpci); result == 0 && d != NULL; d = json_next(d)) {
        result = sim_vpci_modify(service, json_key(d), "Add", d);
    }
    return result;
}

static hcs_result create_vm(struct sim_service *service, const struct json *document)
{
    struct sim_system *vm = service->system;
    vm->kind = SIM_VM;
    if (service->m->scenario->facts.hypervisor == HVGPU_ANSWER_NO) {
        return sim_refuse(&service->refusal, HR_HCS_E_HYPERV_NOT_INSTALLED,
                          "The hypervisor is not running on this computer");
    }
    const struct json *topology = json_member(document, "ComputeTopology");
    hcs_result result = vm_memory(service, topology);
    if (result == 0) {
        result = processors(service, json_member(topology, "Processor"), 1);
    }
    if (result == 0) {
        result = vm_devices(service, json_member(document, "Devices"));
    }
    vm->guest_connection = json_type(json_member(document, "GuestConnection")) == JSON_OBJECT;
    const struct sim_share *boot = sim_share_find(vm, "os");
    vm->image_build = boot == NULL ? 0 : sim_image_build(service->m, boot->path);
    vm->os = text_copy(boot == NULL ? "Unknown" : "Windows");
    return result;
}

/* ---- container ---- */

static hcs_result mapped_directories(struct sim_service *service, const struct json *list)
{
    struct sim_system *s = service->system;
    size_t count = json_count(list);
    s->mappings = calloc(count + 1, sizeof(*s->mappings));
    if (s->mappings == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    for (const struct json *d = json_first(list); d != NULL; d = json_next(d)) {
        const char *from = json_string(d, "HostPath");
        const char *to = json_string(d, "ContainerPath");
        bool is_folder = false;
        bool there = from != NULL && to != NULL &&
                     (s->host != NULL ? sim_guest_exists(service->m, s->host, from, &is_folder)
                                      : sim_files_exists(&service->m->files, from, &is_folder));
        if (!there) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_MAPPING_UNKNOWN),
                              "MappedDirectories: HostPath '%s' does not exist in the %s",
                              from == NULL ? "" : from, s->host != NULL ? "utility VM" : "host");
        }
        s->mappings[s->mapping_count++] = (struct sim_mapping){
            .host_path = text_copy(from),
            .container_path = text_copy(to),
            .read_only = json_bool(d, "ReadOnly", false),
        };
    }
    return 0;
}

static hcs_result hosted_storage(struct sim_service *service, const struct json *container)
{
    struct sim_system *s = service->system;
    const char *path = json_string(container, "Storage/Path");
    struct sim_root *root = path == NULL ? NULL : sim_root_find(s->host, path);
    if (root == NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_UNKNOWN),
                          "Storage.Path '%s' is not a root of combined layers in '%s'",
                          path == NULL ? "" : path, s->host->id);
    }
    if (root->user != 0) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_IN_USE),
                          "Storage.Path '%s' is in use by another container", path);
    }
    hcs_result result =
        sim_root_check_layers(service, s->host, json_get(container, "Storage/Layers"), "Storage");
    if (result != 0) {
        return result;
    }
    s->root_path = text_copy(path);
    if (root->layer_count > 0) {
        char *base = sim_guest_to_host(s->host, root->layers[root->layer_count - 1]);
        s->image_build = base == NULL ? 0 : sim_image_build(service->m, base);
        free(base);
    }
    return 0;
}

static hcs_result process_storage(struct sim_service *service, const struct json *container)
{
    const struct json *layers = json_get(container, "Storage/Layers");
    for (const struct json *l = json_first(layers); l != NULL; l = json_next(l)) {
        const char *path = json_string(l, "Path");
        bool is_folder = false;
        if (path == NULL || !sim_files_exists(&service->m->files, path, &is_folder)) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_PATH_MISSING),
                              "Storage.Layers: '%s' does not exist", path == NULL ? "" : path);
        }
    }
    return 0;
}

static hcs_result container_parts(struct sim_service *service, const struct json *container)
{
    struct sim_system *s = service->system;
    uint64_t memory = s->host != NULL ? s->host->memory_mb : 0;
    json_u64(container, "Memory/SizeInMB", &memory);
    s->memory_mb = (unsigned)(memory & UINT32_MAX);
    s->os = text_copy("Windows");
    hcs_result result = processors(service, json_member(container, "Processor"),
                                   s->host != NULL ? s->host->processors : 1);
    if (result == 0) {
        result = mapped_directories(service, json_member(container, "MappedDirectories"));
    }
    if (result == 0) {
        result = sim_assign_devices(service, s, json_member(container, "AssignedDevices"));
    }
    return result;
}

static hcs_result create_hosted(struct sim_service *service, const struct json *document)
{
    struct sim_system *s = service->system;
    const char *host_id = json_string(document, "HostingSystemId");
    const struct json *container = json_get(document, "HostedSystem/Container");
    s->kind = SIM_HOSTED;
    struct sim_system *host = host_id == NULL ? NULL : sim_system_find(service->m, host_id);
    if (host == NULL || container == NULL) {
        return host_id == NULL || container == NULL
                   ? sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                                "$.%s is required with HostedSystem",
                                host_id == NULL ? "HostingSystemId" : "HostedSystem.Container")
                   : sim_refuse(&service->refusal, HR_HCS_E_SYSTEM_NOT_FOUND,
                                "HostingSystemId: there is no compute system '%s'", host_id);
    }
    if (host->kind != SIM_VM || host->state != SIM_RUNNING || !host->guest_connection) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_HOST_NOT_READY),
                          "HostingSystemId: '%s' is not a running virtual machine with a guest "
                          "connection",
                          host_id);
    }
    s->host = host;
    s->host_id = text_copy(host_id);
    hcs_result result = hosted_storage(service, container);
    if (result == 0) {
        result = container_parts(service, container);
    }
    if (result != 0) {
        s->host = NULL;
    }
    return result;
}

static hcs_result create_process_container(struct sim_service *service, const struct json *document)
{
    const struct json *container = json_member(document, "Container");
    service->system->kind = SIM_PROCESS_CONTAINER;
    hcs_result result = process_storage(service, container);
    return result == 0 ? container_parts(service, container) : result;
}

/* ---- all ---- */

static void created(struct sim_service *service)
{
    struct machine *m = service->m;
    struct sim_system *s = service->system;
    s->state = SIM_CREATED;
    s->created_ms = machine_wall_ms(m, service->now);
    if (s->host != NULL) {
        struct sim_root *root = sim_root_find(s->host, s->root_path);
        root->user = s->number;
    }
    sim_system_list(m, s);
    sim_system_touch(m, s);
    sim_log(m, service->now, 2000, HVGPU_SEVERITY_INFO, s->id, "The compute system was created");
    if (s->handles == 0 && s->ends_with_last_handle) {
        sim_system_end(m, s, service->now, 0, "ForcedExit", "Terminate");
    }
}

hcs_result sim_serve_create(struct sim_service *service)
{
    struct sim_system *s = service->system;
    struct json *document = sim_document(service, "ComputeSystem");
    if (document == NULL) {
        return service->refusal.code;
    }
    const struct json *vm = json_member(document, "VirtualMachine");
    const struct json *container = json_member(document, "Container");
    const struct json *hosted = json_member(document, "HostedSystem");
    char guid[GUID_TEXT];
    hcs_result result;
    s->document = document;
    if ((vm != NULL) + (container != NULL) + (hosted != NULL) != 1) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$: exactly one of VirtualMachine, Container and HostedSystem is needed");
    }
    if (sim_system_find(service->m, s->id) != NULL) {
        return sim_refuse(&service->refusal, HR_HCS_E_SYSTEM_ALREADY_EXISTS,
                          "A compute system with the id '%s' exists", s->id);
    }
    sim_runtime_id(s->id, guid);
    s->runtime_id = text_copy(guid);
    s->owner = text_copy(json_string(document, "Owner"));
    s->name = text_copy(s->id);
    s->ends_with_last_handle = json_bool(document, "ShouldTerminateOnLastHandleClosed", false);
    if (vm != NULL) {
        result = create_vm(service, vm);
    } else if (hosted != NULL) {
        result = create_hosted(service, document);
    } else {
        result = create_process_container(service, document);
    }
    if (result == 0) {
        created(service);
    } else if (service->refusal.detail == NULL) {
        service->refusal.detail = "Construct";
    }
    return result;
}
