/* SPDX-License-Identifier: MIT
 *
 * Guest requests: what HCS passes on to the guest through the connection that it owns. The guest
 * mounts disks that are attached and combines layers that are shared; nothing else is there for it.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

void sim_root_clear(struct sim_root *root)
{
    for (size_t i = 0; i < root->layer_count; i++) {
        free(root->layers[i]);
    }
    free(root->layers);
    free(root->path);
    *root = (struct sim_root){0};
}

struct sim_root *sim_root_find(const struct sim_system *vm, const char *path)
{
    for (size_t i = 0; i < vm->root_count; i++) {
        if (sim_path_equal(vm->roots[i].path, path)) {
            return &vm->roots[i];
        }
    }
    return NULL;
}

/* ---- MappedVirtualDisk ---- */

static struct sim_disk *disk_of_lun(const struct sim_system *vm, uint64_t lun)
{
    for (size_t i = 0; i < vm->disk_count; i++) {
        if (vm->disks[i].lun == lun) {
            return &vm->disks[i];
        }
    }
    return NULL;
}

static hcs_result mapped_disk(struct sim_service *service, const char *type,
                              const struct json *settings)
{
    struct sim_system *vm = service->system;
    const char *path = json_string(settings, "ContainerPath");
    uint64_t lun = 0;
    bool known = json_u64(settings, "Lun", &lun);
    struct sim_disk *disk = known ? disk_of_lun(vm, lun) : NULL;
    if (disk == NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_LUN_EMPTY),
                          "MappedVirtualDisk: nothing is attached to LUN %llu",
                          (unsigned long long)lun);
    }
    if (strcmp(type, "Remove") == 0) {
        if (disk->mounted_at != NULL && sim_root_find(vm, disk->mounted_at) != NULL) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_IN_USE),
                              "MappedVirtualDisk: layers are combined at '%s'", disk->mounted_at);
        }
        free(disk->mounted_at);
        disk->mounted_at = NULL;
        return 0;
    }
    if (path == NULL || path[0] == '\0') {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$.GuestRequest.Settings.ContainerPath is required");
    }
    if (disk->mounted_at != NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_EXISTS),
                          "MappedVirtualDisk: LUN %llu is mounted at '%s'", (unsigned long long)lun,
                          disk->mounted_at);
    }
    disk->mounted_at = text_copy(path);
    sim_files_add(&vm->files, path, true);
    return 0;
}

/* ---- CombinedLayers ---- */

hcs_result sim_root_check_layers(struct sim_service *service, const struct sim_system *vm,
                                 const struct json *layers, const char *where)
{
    if (json_count(layers) == 0) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_LAYER, "%s: no layers are given",
                          where);
    }
    for (const struct json *l = json_first(layers); l != NULL; l = json_next(l)) {
        const char *path = json_string(l, "Path");
        const char *id = json_string(l, "Id");
        char *host = path == NULL ? NULL : sim_guest_to_host(vm, path);
        bool is_folder = false;
        bool there = host != NULL && sim_files_exists(&service->m->files, host, &is_folder);
        free(host);
        if (!there || !is_folder) {
            return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_LAYER_NOT_SHARED),
                              "%s: the layer '%s' is on no share of the VM", where,
                              path == NULL ? "" : path);
        }
        if (id == NULL || !guid_is_valid(id)) {
            return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                              "%s: the layer's Id '%s' is no GUID", where, id == NULL ? "" : id);
        }
    }
    return 0;
}

static hcs_result combine(struct sim_service *service, const char *path, const struct json *layers)
{
    struct sim_system *vm = service->system;
    bool mounted = false;
    for (size_t i = 0; i < vm->disk_count; i++) {
        mounted = mounted || (vm->disks[i].mounted_at != NULL &&
                              sim_path_equal(vm->disks[i].mounted_at, path));
    }
    if (!mounted) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_UNKNOWN),
                          "CombinedLayers: no disk is mounted at '%s'", path);
    }
    if (sim_root_find(vm, path) != NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_EXISTS),
                          "CombinedLayers: layers are combined at '%s' already", path);
    }
    hcs_result result = sim_root_check_layers(service, vm, layers, "CombinedLayers");
    if (result != 0) {
        return result;
    }
    struct sim_root *roots = realloc(vm->roots, (vm->root_count + 1) * sizeof(*roots));
    char **paths = calloc(json_count(layers), sizeof(*paths));
    vm->roots = roots != NULL ? roots : vm->roots;
    if (roots == NULL || paths == NULL) {
        free(paths);
        return HR_E_OUTOFMEMORY;
    }
    struct sim_root *root = &roots[vm->root_count++];
    *root = (struct sim_root){.path = text_copy(path), .layers = paths};
    for (const struct json *l = json_first(layers); l != NULL; l = json_next(l)) {
        paths[root->layer_count++] = text_copy(json_string(l, "Path"));
    }
    return 0;
}

static hcs_result combined_layers(struct sim_service *service, const char *type,
                                  const struct json *settings)
{
    struct sim_system *vm = service->system;
    const char *path = json_string(settings, "ContainerRootPath");
    if (path == NULL) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                          "$.GuestRequest.Settings.ContainerRootPath is required");
    }
    if (strcmp(type, "Remove") != 0) {
        return combine(service, path, json_member(settings, "Layers"));
    }
    struct sim_root *root = sim_root_find(vm, path);
    if (root == NULL) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_UNKNOWN),
                          "CombinedLayers: no layers are combined at '%s'", path);
    }
    if (root->user != 0) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_ROOT_IN_USE),
                          "CombinedLayers: a container runs on '%s'", path);
    }
    sim_root_clear(root);
    *root = vm->roots[--vm->root_count];
    return 0;
}

hcs_result sim_guest_request(struct sim_service *service, const struct json *request)
{
    const char *resource = json_string(request, "ResourceType");
    const char *type = json_string(request, "RequestType");
    const struct json *settings = json_member(request, "Settings");
    type = type == NULL ? "Add" : type;
    if (!service->system->guest_connection) {
        return sim_refuse(&service->refusal, HR_HCS_E_CONNECT_FAILED,
                          "The virtual machine '%s' has no guest connection", service->system->id);
    }
    if (resource != NULL && strcmp(resource, "MappedVirtualDisk") == 0) {
        return mapped_disk(service, type, settings);
    }
    if (resource != NULL && strcmp(resource, "CombinedLayers") == 0) {
        return combined_layers(service, type, settings);
    }
    return sim_refuse(&service->refusal, HR_HCS_E_UNKNOWN_MESSAGE,
                      "The guest does not know the resource type '%s'",
                      resource == NULL ? "" : resource);
}
