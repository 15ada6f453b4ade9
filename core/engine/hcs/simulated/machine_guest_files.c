/* SPDX-License-Identifier: MIT
 *
 * Paths inside the guests. A container's path leads through its mapped directories into the VM, a
 * \\?\VMSMB\... path through the VM's shares to the host; what remains is the guest's own disk:
 * what was made there, and what every Windows image brings.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

/* What a Windows image brings, as far as hvgpu asks. */
static const struct {
    const char *path;
    bool is_folder;
} image_files[] = {
    {"C:\\Windows\\System32\\drivers", true},
    {"C:\\Windows\\SysWOW64", true},
    {"C:\\Windows\\System32\\cmd.exe", false},
    {"C:\\Windows\\System32\\ping.exe", false},
    {"C:\\Windows\\System32\\pnputil.exe", false},
    {"C:\\Windows\\System32\\xcopy.exe", false},
    {"C:\\Windows\\System32\\robocopy.exe", false},
    {"C:\\Users\\ContainerAdministrator", true},
    {"C:\\Windows\\Temp", true},
};

/* A place after all mappings: a set of files and the path in it. */
struct place {
    struct sim_files *files;  /* NULL: the path leads nowhere */
    struct sim_system *guest; /* whose own disk it is; NULL: the host's */
    bool read_only;
    char *path; /* owned */
};

static const char *rest_of(const char *path, const char *root)
{
    const char *rest = path + strlen(root);
    size_t len = strlen(root);
    /* root may end in a separator that path shares, or not. */
    if (len > 0 && (root[len - 1] == '\\' || root[len - 1] == '/')) {
        rest--;
    }
    return rest;
}

static bool file_allowed(const struct sim_share *share, const char *host_path)
{
    if (!share->restricted || sim_path_equal(host_path, share->path)) {
        return true;
    }
    for (size_t i = 0; i < share->allowed_count; i++) {
        if (sim_path_equal(share->allowed[i], host_path)) {
            return true;
        }
    }
    return false;
}

static char *through_share(const struct sim_system *vm, const char *guest_path, bool *read_only)
{
    if (!text_starts_nocase(guest_path, SIM_VSMB_ROOT)) {
        return NULL;
    }
    const char *name = guest_path + strlen(SIM_VSMB_ROOT);
    size_t len = strcspn(name, "\\/");
    for (size_t i = 0; i < vm->share_count; i++) {
        const struct sim_share *share = &vm->shares[i];
        char *wanted = text_format("%.*s", (int)len, name);
        bool same = wanted != NULL && text_equal_nocase(wanted, share->name);
        free(wanted);
        if (same) {
            char *path = text_format("%s%s", share->path, name + len);
            if (path != NULL && !file_allowed(share, path)) {
                free(path);
                return NULL;
            }
            *read_only = share->read_only;
            return path;
        }
    }
    return NULL;
}

char *sim_guest_to_host(const struct sim_system *vm, const char *guest_path)
{
    bool read_only = false;
    return through_share(vm, guest_path, &read_only);
}

static struct place resolve(struct machine *m, struct sim_system *where, const char *path)
{
    struct place place = {.files = &where->files, .guest = where, .path = text_copy(path)};
    for (size_t i = 0; where->kind != SIM_VM && i < where->mapping_count; i++) {
        const struct sim_mapping *mapping = &where->mappings[i];
        if (place.path == NULL || !sim_path_under(path, mapping->container_path)) {
            continue;
        }
        char *below =
            text_format("%s%s", mapping->host_path, rest_of(path, mapping->container_path));
        free(place.path);
        place.path = below;
        place.read_only = mapping->read_only;
        place.guest = where->host;
        place.files = where->host != NULL ? &where->host->files : &m->files;
        break;
    }
    if (place.path != NULL && place.guest != NULL && place.guest->kind == SIM_VM &&
        text_starts_nocase(place.path, "\\\\?\\VMSMB\\")) {
        bool read_only = false;
        char *host = through_share(place.guest, place.path, &read_only);
        free(place.path);
        place.path = host;
        place.read_only = place.read_only || read_only;
        place.guest = NULL;
        place.files = &m->files;
    }
    if (place.path == NULL) {
        place.files = NULL;
    }
    return place;
}

static bool in_image(const char *path, bool *is_folder)
{
    for (size_t i = 0; i < sizeof(image_files) / sizeof(image_files[0]); i++) {
        if (sim_path_equal(path, image_files[i].path)) {
            *is_folder = image_files[i].is_folder;
            return true;
        }
        if (sim_path_under(image_files[i].path, path)) {
            *is_folder = true;
            return true;
        }
    }
    return false;
}

static bool place_exists(const struct place *place, bool *is_folder)
{
    if (place->files == NULL) {
        return false;
    }
    return sim_files_exists(place->files, place->path, is_folder) ||
           (place->guest != NULL && in_image(place->path, is_folder));
}

/* A folder in which a mapping lies exists as well. */
static bool holds_mapping(const struct sim_system *where, const char *path)
{
    for (size_t i = 0; where->kind != SIM_VM && i < where->mapping_count; i++) {
        if (sim_path_under(where->mappings[i].container_path, path)) {
            return true;
        }
    }
    return false;
}

bool sim_guest_exists(struct machine *m, struct sim_system *where, const char *path,
                      bool *is_folder)
{
    struct place place = resolve(m, where, path);
    bool found = place_exists(&place, is_folder);
    free(place.path);
    if (!found && holds_mapping(where, path)) {
        *is_folder = true;
        found = true;
    }
    return found;
}

hcs_result sim_guest_make_folder(struct machine *m, struct sim_system *where, const char *path)
{
    bool is_folder = false;
    struct place place = resolve(m, where, path);
    hcs_result result = 0;
    if (place.files == NULL) {
        result = HR_ERROR_PATH_NOT_FOUND;
    } else if (place_exists(&place, &is_folder)) {
        result = HR_ERROR_ALREADY_EXISTS;
    } else if (place.read_only) {
        result = HR_E_ACCESSDENIED;
    } else if (sim_files_add(place.files, place.path, true) == NULL) {
        result = HR_E_OUTOFMEMORY;
    }
    free(place.path);
    sim_system_touch(m, where);
    if (sim_vm_of(where) != NULL) {
        sim_vm_of(where)->touched = true;
    }
    return result;
}

/* Copies every entry under `from` in the source to the same place under `to`. */
static hcs_result copy_tree(const struct place *from, const struct place *to)
{
    /* Adding may move the items when both are the same set: names are copied out first. */
    size_t count = from->files->count;
    for (size_t i = 0; i < count; i++) {
        const struct sim_file *file = &from->files->items[i];
        if (!sim_path_under(file->path, from->path) || sim_path_under(file->path, to->path)) {
            continue;
        }
        bool is_folder = file->is_folder;
        char *name = text_format("%s%s", to->path, rest_of(file->path, from->path));
        bool added = name != NULL && sim_files_add(to->files, name, is_folder) != NULL;
        free(name);
        if (!added) {
            return HR_E_OUTOFMEMORY;
        }
    }
    return 0;
}

hcs_result sim_guest_copy(struct machine *m, struct sim_system *where, const char *from,
                          const char *to)
{
    struct place source = resolve(m, where, from);
    struct place target = resolve(m, where, to);
    bool is_folder = false;
    hcs_result result = 0;
    if (!place_exists(&source, &is_folder)) {
        result = HR_ERROR_FILE_NOT_FOUND;
    } else if (target.files == NULL) {
        result = HR_ERROR_PATH_NOT_FOUND;
    } else if (target.read_only) {
        result = HR_E_ACCESSDENIED;
    } else if (sim_files_add(target.files, target.path, is_folder) == NULL) {
        result = HR_E_OUTOFMEMORY;
    } else if (is_folder) {
        result = copy_tree(&source, &target);
    }
    free(source.path);
    free(target.path);
    sim_system_touch(m, where);
    if (sim_vm_of(where) != NULL) {
        sim_vm_of(where)->touched = true;
    }
    return result;
}

hcs_result sim_guest_remove(struct machine *m, struct sim_system *where, const char *path)
{
    struct place place = resolve(m, where, path);
    bool is_folder = false;
    hcs_result result = 0;
    if (!place_exists(&place, &is_folder)) {
        result = HR_ERROR_FILE_NOT_FOUND;
    } else if (place.read_only || in_image(place.path, &is_folder)) {
        result = HR_E_ACCESSDENIED;
    } else {
        sim_files_remove(place.files, place.path);
    }
    free(place.path);
    sim_system_touch(m, where);
    if (sim_vm_of(where) != NULL) {
        sim_vm_of(where)->touched = true;
    }
    return result;
}

/* ---- listing ---- */

struct listing {
    const char *folder;
    void (*each)(void *context, const char *name, bool is_folder);
    void *context;
    struct sim_files seen; /* names given already */
};

static void list_entry(struct listing *listing, const char *path, bool is_folder)
{
    if (!sim_path_under(path, listing->folder) || sim_path_equal(path, listing->folder)) {
        return;
    }
    const char *name = rest_of(path, listing->folder) + 1;
    size_t len = strcspn(name, "\\/");
    bool deeper = name[len] != '\0';
    char *copy = text_format("%.*s", (int)len, name);
    if (copy != NULL && len > 0 && sim_files_find(&listing->seen, copy) == NULL) {
        sim_files_add(&listing->seen, copy, false);
        listing->each(listing->context, copy, deeper || is_folder);
    }
    free(copy);
}

bool sim_guest_list(struct machine *m, struct sim_system *where, const char *folder,
                    void (*each)(void *context, const char *name, bool is_folder), void *context)
{
    bool is_folder = false;
    if (!sim_guest_exists(m, where, folder, &is_folder) || !is_folder) {
        return false;
    }
    struct place place = resolve(m, where, folder);
    struct listing listing = {.folder = folder, .each = each, .context = context};
    for (size_t i = 0; where->kind != SIM_VM && i < where->mapping_count; i++) {
        list_entry(&listing, where->mappings[i].container_path, true);
    }
    listing.folder = place.path;
    for (size_t i = 0; place.files != NULL && i < place.files->count; i++) {
        list_entry(&listing, place.files->items[i].path, place.files->items[i].is_folder);
    }
    for (size_t i = 0; place.guest != NULL && i < sizeof(image_files) / sizeof(image_files[0]);
         i++) {
        list_entry(&listing, image_files[i].path, image_files[i].is_folder);
    }
    sim_files_free(&listing.seen);
    free(place.path);
    return true;
}
