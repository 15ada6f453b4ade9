/* SPDX-License-Identifier: MIT
 *
 * HcsModifyComputeSystem: the resource paths that hvgpu uses, each with the state behind it. A
 * request may have a host half (ResourcePath, Settings) and a guest half (GuestRequest): Add does
 * the host first and takes it back when the guest refuses, Remove does the guest first.
 */
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

#define PATH_SHARES "VirtualMachine/Devices/VirtualSmb/Shares"
#define PATH_SCSI   "VirtualMachine/Devices/Scsi/"
#define PATH_VPCI   "VirtualMachine/Devices/VirtualPci/"
#define PATH_GPU    "VirtualMachine/ComputeTopology/Gpu"
#define PATH_MEMORY "VirtualMachine/ComputeTopology/Memory/SizeInMB"

/* ---- VSMB shares ---- */

void sim_share_clear(struct sim_share *share)
{
    for (size_t i = 0; i < share->allowed_count; i++) {
        free(share->allowed[i]);
    }
    free(share->allowed);
    free(share->name);
    free(share->path);
    *share = (struct sim_share){0};
}

struct sim_share *sim_share_find(const struct sim_system *vm, const char *name)
{
    for (size_t i = 0; i < vm->share_count; i++) {
        if (text_equal_nocase(vm->shares[i].name, name)) {
            return &vm->shares[i];
        }
    }
    return NULL;
}

static bool set_allowed(struct sim_share *share, const struct json *files)
{
    size_t count = json_count(files);
    char **allowed = calloc(count + 1, sizeof(*allowed));
    if (allowed == NULL) {
        return false;
    }
    for (size_t i = 0; i < share->allowed_count; i++) {
        free(share->allowed[i]);
    }
    free(share->allowed);
    share->allowed = allowed;
    share->allowed_count = 0;
    for (const struct json *f = json_first(files); f != NULL; f = json_next(f)) {
        const char *path = json_string(f, "");
        allowed[share->allowed_count++] = text_copy(path == NULL ? "" : path);
    }
    return true;
}

hcs_result sim_share_add(struct sim_service *service, struct sim_system *vm,
                         const struct json *settings)
{
    const char *name = json_string(settings, "Name");
    const char *path = json_string(settings, "Path");
    bool is_folder = false;
    if (name == NULL || name[0] == '\0' || path == NULL) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$.Settings.%s is required for a share", name == NULL ? "Name" : "Path");
    }
    if (sim_share_find(vm, name) != NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_SHARE_EXISTS),
                          "The VM has a share '%s' already", name);
    }
    if (!sim_files_exists(&service->m->files, path, &is_folder) || !is_folder) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_PATH_MISSING),
                          "Share '%s': the folder '%s' does not exist", name, path);
    }
    struct sim_share *shares = realloc(vm->shares, (vm->share_count + 1) * sizeof(*shares));
    if (shares == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    vm->shares = shares;
    struct sim_share *share = &shares[vm->share_count++];
    *share = (struct sim_share){
        .name = text_copy(name),
        .path = text_copy(path),
        .read_only = json_bool(settings, "Options/ReadOnly", false),
        .restricted = json_bool(settings, "Options/RestrictFileAccess", false),
        .no_direct_map = json_bool(settings, "Options/NoDirectmap", false),
    };
    return set_allowed(share, json_member(settings, "AllowedFiles")) ? 0 : HR_E_OUTOFMEMORY;
}

static hcs_result share_remove(struct sim_service *service, const char *name)
{
    struct sim_system *vm = service->system;
    struct sim_share *share = name == NULL ? NULL : sim_share_find(vm, name);
    if (share == NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_SHARE_UNKNOWN),
                          "The VM has no share '%s'", name == NULL ? "" : name);
    }
    char *guest = text_format("%s%s", SIM_VSMB_ROOT, share->name);
    bool used = share->boot;
    for (size_t r = 0; guest != NULL && r < vm->root_count; r++) {
        for (size_t l = 0; l < vm->roots[r].layer_count; l++) {
            used = used || sim_path_under(vm->roots[r].layers[l], guest);
        }
    }
    free(guest);
    if (used) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_IN_USE),
                          "The share '%s' is in use as a layer", name);
    }
    sim_share_clear(share);
    *share = vm->shares[--vm->share_count];
    return 0;
}

static hcs_result share_update(struct sim_service *service, const struct json *settings)
{
    const char *name = json_string(settings, "Name");
    struct sim_share *share = name == NULL ? NULL : sim_share_find(service->system, name);
    if (share == NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_SHARE_UNKNOWN),
                          "The VM has no share '%s'", name == NULL ? "" : name);
    }
    const char *path = json_string(settings, "Path");
    if (!share->restricted || (path != NULL && !sim_path_equal(path, share->path))) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_SHARE_UPDATE),
                          "Only AllowedFiles of a share with RestrictFileAccess can be updated");
    }
    return set_allowed(share, json_member(settings, "AllowedFiles")) ? 0 : HR_E_OUTOFMEMORY;
}

static hcs_result shares(struct sim_service *service, const char *type, const struct json *settings)
{
    if (strcmp(type, "Add") == 0) {
        return sim_share_add(service, service->system, settings);
    }
    return strcmp(type, "Remove") == 0 ? share_remove(service, json_string(settings, "Name"))
                                       : share_update(service, settings);
}

/* ---- SCSI ---- */

void sim_disk_clear(struct sim_disk *disk)
{
    free(disk->controller);
    free(disk->path);
    free(disk->mounted_at);
    *disk = (struct sim_disk){0};
}

static bool open_elsewhere(const struct machine *m, const struct sim_system *vm, const char *path,
                           bool read_only)
{
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        bool counts = s == vm || sim_system_lives(s) || s->state == SIM_CREATING;
        for (size_t i = 0; counts && i < s->disk_count; i++) {
            if (sim_path_equal(s->disks[i].path, path) && !(read_only && s->disks[i].read_only)) {
                return true;
            }
        }
    }
    return false;
}

static hcs_result disk_check(struct sim_service *service, const struct sim_system *vm,
                             const char *path, bool read_only)
{
    const struct sim_file *file = sim_files_find(&service->m->files, path);
    if (file == NULL || file->is_folder) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_DISK_MISSING),
                          "The disk '%s' does not exist", path);
    }
    if (!sim_file_granted(file, vm->id)) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_DISK_NOT_GRANTED),
                          "The VM '%s' was not granted access to '%s' (HcsGrantVmAccess)", vm->id,
                          path);
    }
    if (open_elsewhere(service->m, vm, path, read_only)) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_DISK_IN_USE),
                          "The disk '%s' is in use", path);
    }
    return 0;
}

static struct sim_disk *disk_find(const struct sim_system *vm, const char *controller, unsigned lun)
{
    for (size_t i = 0; i < vm->disk_count; i++) {
        if (vm->disks[i].lun == lun && text_equal_nocase(vm->disks[i].controller, controller)) {
            return &vm->disks[i];
        }
    }
    return NULL;
}

hcs_result sim_disk_add(struct sim_service *service, struct sim_system *vm, const char *controller,
                        unsigned lun, const struct json *settings)
{
    const char *path = json_string(settings, "Path");
    bool read_only = json_bool(settings, "ReadOnly", false);
    if (path == NULL) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$.Settings.Path is required for an attachment");
    }
    if (disk_find(vm, controller, lun) != NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_LUN_TAKEN),
                          "LUN %u of controller '%s' is taken", lun, controller);
    }
    hcs_result result = disk_check(service, vm, path, read_only);
    if (result != 0) {
        return result;
    }
    struct sim_disk *disks = realloc(vm->disks, (vm->disk_count + 1) * sizeof(*disks));
    if (disks == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    vm->disks = disks;
    disks[vm->disk_count++] = (struct sim_disk){
        .controller = text_copy(controller),
        .lun = lun,
        .path = text_copy(path),
        .read_only = read_only,
    };
    return 0;
}

static hcs_result disk_remove(struct sim_service *service, const char *controller, unsigned lun)
{
    struct sim_system *vm = service->system;
    struct sim_disk *disk = disk_find(vm, controller, lun);
    if (disk == NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_LUN_EMPTY),
                          "Nothing is attached to LUN %u of controller '%s'", lun, controller);
    }
    if (disk->mounted_at != NULL && sim_root_find(vm, disk->mounted_at) != NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_IN_USE),
                          "Layers are combined on the disk at LUN %u", lun);
    }
    sim_disk_clear(disk);
    *disk = vm->disks[--vm->disk_count];
    return 0;
}

/* rest: "<controller>/Attachments/<lun>" */
static hcs_result scsi(struct sim_service *service, const char *rest, const char *type,
                       const struct json *settings)
{
    static const char middle[] = "/Attachments/";
    const char *at = strstr(rest, middle);
    uint64_t lun = 0;
    if (at == NULL || at == rest || !text_to_u64(at + strlen(middle), 0, 63, &lun)) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$.ResourcePath: '%s' is not <controller>/Attachments/<0..63>", rest);
    }
    char *controller = text_format("%.*s", (int)(at - rest), rest);
    if (controller == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    hcs_result result;
    if (strcmp(type, "Add") == 0) {
        result = sim_disk_add(service, service->system, controller, (unsigned)lun, settings);
    } else if (strcmp(type, "Remove") == 0) {
        result = disk_remove(service, controller, (unsigned)lun);
    } else {
        result = sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_NOT_SIMULATED),
                            "An attachment cannot be updated in this simulation");
    }
    free(controller);
    return result;
}

/* ---- all ---- */

static hcs_result memory(struct sim_service *service, const struct json *settings)
{
    uint64_t size = 0;
    uint64_t total = service->m->scenario->facts.memory_bytes >> 20;
    if (!json_u64(settings, "", &size) || size == 0 || size % 2 != 0) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_MEMORY_ODD),
                          "Settings is not an even number of MB");
    }
    if (total != 0 && size > total) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_MEMORY_TOO_MUCH),
                          "The host has only %llu MB", (unsigned long long)total);
    }
    service->system->memory_mb = (unsigned)size;
    return 0;
}

static hcs_result host_half(struct sim_service *service, const char *path, const char *type,
                            const struct json *settings)
{
    if (strcmp(path, PATH_SHARES) == 0) {
        return shares(service, type, settings);
    }
    if (text_starts(path, PATH_SCSI)) {
        return scsi(service, path + strlen(PATH_SCSI), type, settings);
    }
    if (text_starts(path, PATH_VPCI)) {
        return sim_vpci_modify(service, path + strlen(PATH_VPCI), type, settings);
    }
    if (strcmp(path, PATH_GPU) == 0) {
        return sim_gpu_update(service, type, settings);
    }
    if (strcmp(path, PATH_MEMORY) == 0) {
        return memory(service, settings);
    }
    return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_NOT_SIMULATED),
                      "The resource '%s' cannot be modified in this simulation", path);
}

/* Takes back an Add whose guest half was refused; the refusal stays the guest's. */
static void take_back(struct sim_service *service, const char *path, const struct json *settings)
{
    struct sim_refusal kept = service->refusal;
    hcs_result ignored = strcmp(path, PATH_SHARES) == 0
                             ? share_remove(service, json_string(settings, "Name"))
                             : host_half(service, path, "Remove", settings);
    (void)ignored;
    service->refusal = kept;
}

static hcs_result both_halves(struct sim_service *service, const struct json *document)
{
    const char *path = json_string(document, "ResourcePath");
    const char *type = json_string(document, "RequestType");
    const struct json *settings = json_member(document, "Settings");
    const struct json *guest = json_member(document, "GuestRequest");
    type = type == NULL ? "Add" : type;
    if (path == NULL && guest == NULL) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$: neither ResourcePath nor GuestRequest is there");
    }
    bool guest_first = strcmp(type, "Remove") == 0;
    hcs_result result = 0;
    if (guest != NULL && guest_first) {
        result = sim_guest_request(service, guest);
    }
    if (result == 0 && path != NULL) {
        result = host_half(service, path, type, settings);
    }
    if (result == 0 && guest != NULL && !guest_first) {
        result = sim_guest_request(service, guest);
        if (result != 0 && path != NULL && strcmp(type, "Add") == 0) {
            take_back(service, path, settings);
        }
    }
    return result;
}

hcs_result sim_serve_modify(struct sim_service *service)
{
    struct sim_system *s = service->system;
    hcs_result result = sim_system_gone(service);
    if (result != 0) {
        return result;
    }
    struct json *document = sim_document(service, "ModifySettingRequest");
    if (document == NULL) {
        return service->refusal.code;
    }
    if (s->kind != SIM_VM) {
        result = sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_NOT_SIMULATED),
                            "Only virtual machines can be modified in this simulation");
    } else if (s->state != SIM_RUNNING) {
        result = sim_refuse(&service->refusal, HR_HCS_E_INVALID_STATE,
                            "The virtual machine '%s' is not running", s->id);
    } else {
        result = both_halves(service, document);
    }
    json_free(document);
    if (result != 0 && service->refusal.detail == NULL) {
        service->refusal.detail = "Modify";
    }
    sim_system_touch(service->m, s);
    return result;
}
