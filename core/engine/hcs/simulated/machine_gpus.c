/* SPDX-License-Identifier: MIT
 *
 * GPUs of a VM: the GPU-PV configuration (partitions) and assigned PCI devices (DDA).
 *
 * An update of the GPU configuration replaces all of it, and nothing reads it back. A GPU that
 * stays in the configuration keeps its partition; the others are returned. When one cannot be given
 * the configuration stays as it was.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_GPUS = 64, DEFAULT_PARTITIONS = 32 /* NumVirtualFunctions when nothing sets it */ };

/* What a request asks for. */
struct wanted {
    size_t gpu;
    uint32_t partition; /* SIM_ANY: any */
};

/* ---- partitions of the host ---- */

uint32_t sim_partition_total(const struct machine *m, size_t gpu)
{
    const struct hvgpu_number *count = &m->scenario->gpus[gpu].facts.partition_count;
    return count->known ? (uint32_t)count->value : DEFAULT_PARTITIONS;
}

bool sim_partition_taken(const struct machine *m, size_t gpu, uint32_t partition,
                         const struct sim_system *except)
{
    const struct scenario_gpu *about = &m->scenario->gpus[gpu];
    if (partition < about->partitions_held_by_others) {
        return true;
    }
    for (size_t i = 0; i < about->facts.partition_known_count; i++) {
        if (about->facts.partitions[i].partition_id == partition) {
            return true;
        }
    }
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        for (size_t i = 0; s != except && sim_system_lives(s) && i < s->partition_count; i++) {
            if (s->partitions[i].gpu == gpu && s->partitions[i].partition == partition) {
                return true;
            }
        }
    }
    return false;
}

static bool partitionable(const struct machine *m, size_t gpu)
{
    const struct host_gpu *facts = &m->scenario->gpus[gpu].facts;
    return facts->interface_path != NULL && !facts->dismounted;
}

static size_t gpu_of_path(const struct machine *m, const char *path)
{
    for (size_t i = 0; i < m->scenario->gpu_count; i++) {
        if (partitionable(m, i) &&
            text_equal_nocase(m->scenario->gpus[i].facts.interface_path, path)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static const struct sim_partition *held(const struct sim_system *vm, size_t gpu)
{
    for (size_t i = 0; i < vm->partition_count; i++) {
        if (vm->partitions[i].gpu == gpu) {
            return &vm->partitions[i];
        }
    }
    return NULL;
}

/* ---- the request ---- */

static hcs_result want_list(struct sim_service *service, const struct json *settings,
                            struct wanted *wanted, size_t *count)
{
    const struct json *request = json_member(settings, "AssignmentRequest");
    for (const struct json *r = json_first(request); r != NULL; r = json_next(r)) {
        uint64_t number = 0;
        size_t gpu = gpu_of_path(service->m, json_key(r));
        if (gpu == SIZE_MAX || *count == MOST_GPUS) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_GPU_UNKNOWN),
                              "AssignmentRequest: no partitionable GPU has the interface path '%s'",
                              json_key(r));
        }
        if (!json_u64(r, "", &number) || number > SIM_ANY) {
            return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                              "$.Settings.AssignmentRequest: a partition id is 0 to 65535");
        }
        if (number != SIM_ANY && number >= sim_partition_total(service->m, gpu)) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_PARTITION_UNKNOWN),
                              "AssignmentRequest: the GPU has no partition %llu (it has %u)",
                              (unsigned long long)number, sim_partition_total(service->m, gpu));
        }
        wanted[(*count)++] = (struct wanted){.gpu = gpu, .partition = (uint32_t)number};
    }
    return 0;
}

static hcs_result want(struct sim_service *service, const struct json *settings,
                       struct wanted *wanted, size_t *count)
{
    const struct machine *m = service->m;
    const char *mode = json_string(settings, "AssignmentMode");
    *count = 0;
    if (mode == NULL || strcmp(mode, "Disabled") == 0) {
        return 0;
    }
    if (strcmp(mode, "List") == 0) {
        return want_list(service, settings, wanted, count);
    }
    bool all = strcmp(mode, "Mirror") == 0;
    for (size_t i = 0; i < m->scenario->gpu_count && *count < MOST_GPUS; i++) {
        if (partitionable(m, i) && (all || *count == 0)) {
            wanted[(*count)++] = (struct wanted){.gpu = i, .partition = SIM_ANY};
        }
    }
    if (!all && *count == 0) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_GPU_UNKNOWN),
                          "AssignmentMode Default: the host has no partitionable GPU");
    }
    return 0;
}

static hcs_result refused_by_driver(struct sim_service *service, const struct scenario_gpu *about)
{
    if (about->refuse_document != NULL) {
        service->document = text_copy(about->refuse_document);
    }
    service->refusal.device = "GPU";
    return sim_refuse(&service->refusal, about->refuse_code,
                      "The driver of the GPU '%s' refused the partition", about->facts.name);
}

static hcs_result give(struct sim_service *service, const struct wanted *wanted,
                       struct sim_partition *out)
{
    struct machine *m = service->m;
    struct sim_system *vm = service->system;
    const struct scenario_gpu *about = &m->scenario->gpus[wanted->gpu];
    const struct sim_partition *kept = held(vm, wanted->gpu);
    bool any = wanted->partition == SIM_ANY;
    if (kept != NULL && (any || kept->partition == wanted->partition)) {
        *out = *kept;
        out->any = any;
        return 0;
    }
    if (about->refuses) {
        return refused_by_driver(service, about);
    }
    uint32_t total = sim_partition_total(m, wanted->gpu);
    uint32_t number = any ? 0 : wanted->partition;
    while (any && number < total && sim_partition_taken(m, wanted->gpu, number, vm)) {
        number++;
    }
    if (number >= total) {
        service->refusal.device = "GPU";
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_NO_PARTITION),
                          "All %u partitions of the GPU '%s' are in use", total, about->facts.name);
    }
    if (!any && sim_partition_taken(m, wanted->gpu, number, vm)) {
        service->refusal.device = "GPU";
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_PARTITION_TAKEN),
                          "Partition %u of the GPU '%s' is in use by another virtual machine",
                          number, about->facts.name);
    }
    *out = (struct sim_partition){
        .gpu = wanted->gpu,
        .partition = number,
        .any = any,
        .serial = sim_number(m),
        .files_at_start = sim_package_present(m, vm, wanted->gpu),
    };
    return 0;
}

hcs_result sim_gpu_update(struct sim_service *service, const char *request_type,
                          const struct json *settings)
{
    struct sim_system *vm = service->system;
    struct wanted wanted[MOST_GPUS];
    size_t count = 0;
    if (strcmp(request_type, "Update") != 0) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_GPU_NOT_UPDATE),
                          "The GPU configuration takes RequestType Update only, not %s",
                          request_type);
    }
    hcs_result result = want(service, settings, wanted, &count);
    struct sim_partition *given = calloc(count + 1, sizeof(*given));
    if (given == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = give(service, &wanted[i], &given[i]);
    }
    if (result != 0) {
        free(given);
        return result;
    }
    const char *mode = json_string(settings, "AssignmentMode");
    free(vm->partitions);
    vm->partitions = given;
    vm->partition_count = count;
    free(vm->gpu_mode);
    vm->gpu_mode = text_copy(mode == NULL ? "Disabled" : mode);
    vm->vendor_extension = json_bool(settings, "AllowVendorExtension", false);
    sim_log(service->m, service->now, 2010, HVGPU_SEVERITY_INFO, vm->id,
            count > 0 ? "The GPU configuration was updated" : "The GPU configuration was emptied");
    sim_gpus_changed(service->m, service->now);
    return 0;
}

/* ---- assigned devices ---- */

void sim_vpci_clear(struct sim_vpci *vpci)
{
    for (size_t i = 0; i < vpci->function_count; i++) {
        free(vpci->functions[i].instance_id);
    }
    free(vpci->functions);
    free(vpci->id);
    *vpci = (struct sim_vpci){0};
}

static bool device_taken(const struct machine *m, const struct sim_system *self,
                         const char *instance_id, uint64_t function)
{
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        bool counts = s == self || sim_system_lives(s) || s->state == SIM_CREATING;
        for (size_t i = 0; counts && i < s->vpci_count; i++) {
            for (size_t k = 0; k < s->vpci[i].function_count; k++) {
                if (text_equal_nocase(s->vpci[i].functions[k].instance_id, instance_id) &&
                    s->vpci[i].functions[k].virtual_function == function) {
                    return true;
                }
            }
        }
    }
    return false;
}

static hcs_result vpci_allowed(struct sim_service *service, const struct sim_system *vm)
{
    const struct machine *m = service->m;
    if (m->scenario->facts.server_edition == HVGPU_ANSWER_NO) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_CLIENT_EDITION),
                          "Device assignment needs Windows Server; this host is %s",
                          m->scenario->facts.edition);
    }
    if (m->scenario->policy_refuses_dda) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_POLICY),
                          "The device assignment is not compliant with currently set group policy "
                          "(RequireSecureDeviceAssignment, RequireSupportedDeviceAssignment)");
    }
    if (!vm->physical) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_NOT_BACKED),
                          "The memory of '%s' is not fully physically backed (AllowOvercommit)",
                          vm->id);
    }
    return 0;
}

static hcs_result function_add(struct sim_service *service, struct sim_vpci *vpci,
                               const struct json *settings)
{
    const struct machine *m = service->m;
    const char *id = json_string(settings, "DeviceInstancePath");
    uint64_t function = 0;
    json_u64(settings, "VirtualFunction", &function);
    size_t gpu = 0;
    while (gpu < m->scenario->gpu_count &&
           !(m->scenario->gpus[gpu].facts.dismounted && id != NULL &&
             text_equal_nocase(m->scenario->gpus[gpu].facts.instance_id, id))) {
        gpu++;
    }
    if (gpu == m->scenario->gpu_count || !text_starts_nocase(id, "PCIP\\")) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_NOT_DISMOUNTED),
                          "The host has no dismounted device '%s' (PCIP\\...)",
                          id == NULL ? "" : id);
    }
    if (m->scenario->gpus[gpu].facts.assigned_to_guest == HVGPU_ANSWER_YES ||
        device_taken(m, service->system, id, function)) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_TAKEN),
                          "The device '%s' is assigned already", id);
    }
    vpci->functions[vpci->function_count++] = (struct sim_function){
        .instance_id = text_copy(id),
        .virtual_function = (unsigned)function,
        .gpu = gpu,
    };
    return 0;
}

static hcs_result vpci_add(struct sim_service *service, const char *guid,
                           const struct json *settings)
{
    struct sim_system *vm = service->system;
    hcs_result result = vpci_allowed(service, vm);
    if (result != 0) {
        return result;
    }
    if (!guid_is_valid(guid) || sim_vpci_find(vm, guid) != NULL) {
        return guid_is_valid(guid)
                   ? sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_EXISTS),
                                "The VM has a device '%s' already", guid)
                   : sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                                "$.ResourcePath: '%s' is no GUID", guid);
    }
    const struct json *functions = json_member(settings, "Functions");
    struct sim_vpci *list = realloc(vm->vpci, (vm->vpci_count + 1) * sizeof(*list));
    if (list == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    vm->vpci = list;
    unsigned bus = 1;
    for (size_t i = 0; i < vm->vpci_count; i++) {
        bus = list[i].bus >= bus ? list[i].bus + 1 : bus;
    }
    struct sim_vpci *vpci = &list[vm->vpci_count++];
    *vpci = (struct sim_vpci){
        .id = text_copy(guid),
        .bus = bus,
        .functions = calloc(json_count(functions) + 1, sizeof(*vpci->functions)),
    };
    for (const struct json *f = json_first(functions); result == 0 && f != NULL; f = json_next(f)) {
        result = vpci->functions == NULL ? HR_E_OUTOFMEMORY : function_add(service, vpci, f);
    }
    if (result == 0 && vpci->function_count == 0) {
        result = sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                            "$.Settings.Functions: at least one is needed");
    }
    if (result != 0) {
        sim_vpci_clear(vpci);
        vm->vpci_count--;
    }
    return result;
}

hcs_result sim_vpci_modify(struct sim_service *service, const char *guid, const char *request_type,
                           const struct json *settings)
{
    struct sim_system *vm = service->system;
    hcs_result result;
    if (strcmp(request_type, "Add") == 0) {
        result = vpci_add(service, guid, settings);
    } else if (strcmp(request_type, "Remove") == 0) {
        struct sim_vpci *vpci = sim_vpci_find(vm, guid);
        if (vpci == NULL) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_VPCI_UNKNOWN),
                              "The VM has no device '%s'", guid);
        }
        sim_vpci_clear(vpci);
        *vpci = vm->vpci[--vm->vpci_count];
        result = 0;
    } else {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_NOT_SIMULATED),
                          "An assigned device takes RequestType Add and Remove only");
    }
    if (result == 0) {
        sim_gpus_changed(service->m, service->now);
    }
    return result;
}

void sim_vm_release_devices(struct machine *m, struct sim_system *vm, int64_t now)
{
    if (vm->partition_count == 0 && vm->vpci_count == 0) {
        return;
    }
    for (size_t i = 0; i < vm->vpci_count; i++) {
        sim_vpci_clear(&vm->vpci[i]);
    }
    vm->vpci_count = 0;
    vm->partition_count = 0;
    sim_gpus_changed(m, now);
}
