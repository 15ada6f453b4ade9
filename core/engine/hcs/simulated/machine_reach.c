/* SPDX-License-Identifier: MIT
 *
 * Which GPUs reach a place. Into the VM: what its configuration holds, when the scenario says that
 * the adapter appears at all. From the VM into a container: nobody has published it for GPU-PV, so
 * the scenario says which candidate form lets it through (AssignedDevices by class, GpuMirror, by
 * location path, or none); an assigned PCI device gets through by its location path.
 *
 * What a container may see was fixed when it was created: an assignment made later is not in it,
 * and one that ended is gone from it.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUEST_DRIVER_STORE "C:\\Windows\\System32\\HostDriverStore\\FileRepository"

struct sim_system *sim_vm_of(struct sim_system *where)
{
    return where->kind == SIM_VM ? where : where->host;
}

struct sim_vpci *sim_vpci_find(struct sim_system *vm, const char *parent_or_guid)
{
    const char *guid = parent_or_guid;
    if (text_starts_nocase(guid, SIM_VPCI_PARENT)) {
        guid += strlen(SIM_VPCI_PARENT);
    }
    char bare[GUID_TEXT] = "";
    size_t len = strlen(guid);
    if (len == GUID_TEXT + 1 && guid[0] == '{' && guid[len - 1] == '}') {
        memcpy(bare, guid + 1, GUID_TEXT - 1);
        guid = bare;
    }
    for (size_t i = 0; i < vm->vpci_count; i++) {
        if (text_equal_nocase(vm->vpci[i].id, guid)) {
            return &vm->vpci[i];
        }
    }
    return NULL;
}

void sim_vpci_location(const struct sim_vpci *vpci, size_t index, char *out, size_t size)
{
    snprintf(out, size, "PCIROOT(0)#PCI(%02X%02X)", vpci->bus & 0xFFu, (unsigned)index & 0xFFu);
}

/* Where the virtual render device of a GPU is in the guest: a root bus of its own. */
static void render_location(const struct sim_partition *partition, char *out, size_t size)
{
    snprintf(out, size, "PCIROOT(%X)#PCI(0000)", (unsigned)(partition->gpu + 1) & 0xFFFFu);
}

static void fill_partition(const struct machine *m, struct sim_partition *partition,
                           struct sim_visible *out)
{
    *out = (struct sim_visible){
        .gpu = partition->gpu,
        .about = &m->scenario->gpus[partition->gpu],
        .paravirtual = true,
        .partition = partition,
        .started = partition->files_at_start,
    };
    render_location(partition, out->location, sizeof(out->location));
    snprintf(out->instance_id, sizeof(out->instance_id),
             "PCI\\VEN_1414&DEV_008E&SUBSYS_00000000&REV_00\\5&%08X&0&0",
             (unsigned)(partition->serial * 2654435761u));
}

static void fill_function(const struct machine *m, struct sim_vpci *vpci, size_t index,
                          struct sim_visible *out)
{
    const struct sim_function *function = &vpci->functions[index];
    bool known = function->gpu < m->scenario->gpu_count;
    *out = (struct sim_visible){
        .gpu = known ? function->gpu : SIZE_MAX,
        .about = known ? &m->scenario->gpus[function->gpu] : NULL,
        .vpci = vpci,
        .function = function,
        .started = vpci->driver_installed,
    };
    sim_vpci_location(vpci, index, out->location, sizeof(out->location));
    /* In the guest it is an ordinary PCI device again. */
    const char *id = function->instance_id;
    snprintf(out->instance_id, sizeof(out->instance_id), "PCI%s",
             text_starts_nocase(id, "PCIP") ? id + 4 : id);
}

static bool granted(const struct sim_system *container, uint64_t serial, const char *vpci)
{
    for (size_t i = 0; i < container->grant_count; i++) {
        const struct sim_grant *grant = &container->grants[i];
        if (vpci != NULL ? grant->vpci != NULL && text_equal_nocase(grant->vpci, vpci)
                         : grant->serial == serial) {
            return true;
        }
    }
    return false;
}

size_t sim_visible_gpus(struct machine *m, struct sim_system *where, struct sim_visible *out,
                        size_t max)
{
    struct sim_system *vm = sim_vm_of(where);
    size_t count = 0;
    if (vm == NULL) {
        return 0;
    }
    for (size_t i = 0; m->scenario->gpu_reaches_vm && i < vm->partition_count; i++) {
        struct sim_partition *partition = &vm->partitions[i];
        if (count < max && (where == vm || granted(where, partition->serial, NULL))) {
            fill_partition(m, partition, &out[count++]);
        }
    }
    for (size_t i = 0; i < vm->vpci_count; i++) {
        struct sim_vpci *vpci = &vm->vpci[i];
        for (size_t k = 0; k < vpci->function_count && count < max; k++) {
            if (where == vm || granted(where, 0, vpci->id)) {
                fill_function(m, vpci, k, &out[count++]);
            }
        }
    }
    return count;
}

/* ---- AssignedDevices of a container ---- */

static bool grant(struct sim_system *container, uint64_t serial, const char *vpci)
{
    struct sim_grant *grants =
        realloc(container->grants, (container->grant_count + 1) * sizeof(*grants));
    if (grants == NULL) {
        return false;
    }
    container->grants = grants;
    grants[container->grant_count++] =
        (struct sim_grant){.serial = serial, .vpci = text_copy(vpci)};
    return true;
}

static hcs_result grant_all(struct sim_system *container, const struct sim_system *vm, bool through)
{
    for (size_t i = 0; through && i < vm->partition_count; i++) {
        if (!grant(container, vm->partitions[i].serial, NULL)) {
            return HR_E_OUTOFMEMORY;
        }
    }
    return 0;
}

static hcs_result grant_location(struct sim_service *service, struct sim_system *container,
                                 struct sim_system *vm, const char *path)
{
    char location[64];
    const struct scenario *scenario = service->m->scenario;
    for (size_t i = 0; i < vm->vpci_count; i++) {
        for (size_t k = 0; k < vm->vpci[i].function_count; k++) {
            sim_vpci_location(&vm->vpci[i], k, location, sizeof(location));
            if (text_equal_nocase(location, path)) {
                return grant(container, 0, vm->vpci[i].id) ? 0 : HR_E_OUTOFMEMORY;
            }
        }
    }
    for (size_t i = 0; scenario->gpu_reaches_vm && i < vm->partition_count; i++) {
        render_location(&vm->partitions[i], location, sizeof(location));
        if (text_equal_nocase(location, path)) {
            bool ok = scenario->candidate != 3 || grant(container, vm->partitions[i].serial, NULL);
            return ok ? 0 : HR_E_OUTOFMEMORY;
        }
    }
    return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_DEVICE_UNKNOWN),
                      "AssignedDevices: the utility VM has no device at '%s'", path);
}

hcs_result sim_assign_devices(struct sim_service *service, struct sim_system *container,
                              const struct json *devices)
{
    struct sim_system *vm = container->host;
    unsigned candidate = service->m->scenario->candidate;
    hcs_result result = 0;
    for (const struct json *d = json_first(devices); result == 0 && vm != NULL && d != NULL;
         d = json_next(d)) {
        const char *type = json_string(d, "Type");
        const char *guid = json_string(d, "InterfaceClassGuid");
        const char *path = json_string(d, "LocationPath");
        type = type == NULL ? "ClassGuid" : type;
        if (strcmp(type, "GpuMirror") == 0) {
            result = grant_all(container, vm, candidate == 2);
        } else if (strcmp(type, "DeviceInstance") == 0) {
            result = grant_location(service, container, vm, path == NULL ? "" : path);
        } else {
            bool display = guid != NULL && text_equal_nocase(guid, SIM_DISPLAY_CLASS);
            result = grant_all(container, vm, display && candidate == 1);
        }
    }
    return result;
}

/* ---- driver files ---- */

const char *sim_guest_package(const struct machine *m, const struct sim_system *where, size_t gpu)
{
    (void)where;
    const struct scenario_gpu *about = &m->scenario->gpus[gpu];
    if (about->guest_package != NULL) {
        return about->guest_package;
    }
    return about->package.name != NULL ? about->package.name : about->facts.driver_package;
}

static bool has_package(struct machine *m, struct sim_system *where, const char *name)
{
    bool is_folder = false;
    char *path = name == NULL ? NULL : text_format("%s\\%s", GUEST_DRIVER_STORE, name);
    bool there = path != NULL && sim_guest_exists(m, where, path, &is_folder) && is_folder;
    free(path);
    return there;
}

bool sim_package_present(struct machine *m, struct sim_system *where, size_t gpu)
{
    const struct scenario_gpu *about = &m->scenario->gpus[gpu];
    return has_package(m, where, about->package.name) ||
           has_package(m, where, about->facts.driver_package) ||
           has_package(m, where, about->guest_package);
}

void sim_devices_restart(struct machine *m, struct sim_system *vm)
{
    for (size_t i = 0; i < vm->partition_count; i++) {
        vm->partitions[i].files_at_start = sim_package_present(m, vm, vm->partitions[i].gpu);
    }
    sim_system_touch(m, vm);
}

void sim_devices_install(struct machine *m, struct sim_system *vm)
{
    for (size_t i = 0; i < vm->vpci_count; i++) {
        vm->vpci[i].driver_installed = true;
    }
    sim_system_touch(m, vm);
}
