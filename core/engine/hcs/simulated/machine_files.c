/* SPDX-License-Identifier: MIT
 *
 * Paths of the simulated host and of its guests: which folders and files exist. Contents are not
 * kept; a file is its name. Windows rules: case does not matter, / and \ are the same.
 *
 * The host half of the wall is here too: make_folder, copy_file, delete_tree, exists, access
 * grants.
 */
#include "core/engine/hcs/simulated/state.h"

#include <stdlib.h>
#include <string.h>

static char fold(char c)
{
    if (c == '/') {
        return '\\';
    }
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Length without trailing separators. */
static size_t trimmed(const char *path)
{
    size_t len = strlen(path);
    while (len > 0 && fold(path[len - 1]) == '\\') {
        len--;
    }
    return len;
}

static bool same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (fold(a[i]) != fold(b[i])) {
            return false;
        }
    }
    return true;
}

bool sim_path_equal(const char *a, const char *b)
{
    size_t len = trimmed(a);
    return len == trimmed(b) && same(a, b, len);
}

bool sim_path_under(const char *path, const char *root)
{
    size_t len = trimmed(root);
    size_t path_len = trimmed(path);
    return len > 0 && path_len >= len && same(path, root, len) &&
           (path_len == len || fold(path[len]) == '\\');
}

static void file_clear(struct sim_file *file)
{
    for (size_t i = 0; i < file->granted_count; i++) {
        free(file->granted[i]);
    }
    free(file->granted);
    free(file->path);
    *file = (struct sim_file){0};
}

void sim_files_free(struct sim_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        file_clear(&files->items[i]);
    }
    free(files->items);
    *files = (struct sim_files){0};
}

struct sim_file *sim_files_find(const struct sim_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++) {
        if (sim_path_equal(files->items[i].path, path)) {
            return &files->items[i];
        }
    }
    return NULL;
}

bool sim_files_exists(const struct sim_files *files, const char *path, bool *is_folder)
{
    bool found = false;
    for (size_t i = 0; i < files->count; i++) {
        if (sim_path_equal(files->items[i].path, path)) {
            *is_folder = files->items[i].is_folder;
            return true;
        }
        found = found || sim_path_under(files->items[i].path, path);
    }
    *is_folder = found;
    return found;
}

struct sim_file *sim_files_add(struct sim_files *files, const char *path, bool is_folder)
{
    struct sim_file *present = sim_files_find(files, path);
    if (present != NULL) {
        return present;
    }
    if (files->count == files->cap) {
        size_t cap = files->cap == 0 ? 32 : files->cap * 2;
        struct sim_file *items = realloc(files->items, cap * sizeof(*items));
        if (items == NULL) {
            return NULL;
        }
        files->items = items;
        files->cap = cap;
    }
    char *copy = text_copy(path);
    if (copy == NULL) {
        return NULL;
    }
    copy[trimmed(copy)] = '\0';
    for (char *c = copy; *c != '\0'; c++) {
        *c = *c == '/' ? '\\' : *c;
    }
    struct sim_file *file = &files->items[files->count++];
    *file = (struct sim_file){.path = copy, .is_folder = is_folder};
    return file;
}

size_t sim_files_remove(struct sim_files *files, const char *path)
{
    size_t kept = 0;
    for (size_t i = 0; i < files->count; i++) {
        if (sim_path_under(files->items[i].path, path)) {
            file_clear(&files->items[i]);
        } else {
            files->items[kept++] = files->items[i];
        }
    }
    size_t gone = files->count - kept;
    files->count = kept;
    return gone;
}

bool sim_path_parent(const char *path, char *out, size_t size)
{
    size_t len = trimmed(path);
    while (len > 0 && fold(path[len - 1]) != '\\') {
        len--;
    }
    while (len > 0 && fold(path[len - 1]) == '\\') {
        len--;
    }
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(out, path, len);
    out[len] = '\0';
    return true;
}

/* ---- the wall ---- */

hcs_result machine_exists(struct machine *m, const char *path, bool *is_folder)
{
    if (path == NULL || path[0] == '\0') {
        return HR_E_INVALIDARG;
    }
    return sim_files_exists(&m->files, path, is_folder) ? 0 : HR_ERROR_FILE_NOT_FOUND;
}

hcs_result machine_make_folder(struct machine *m, const char *path)
{
    bool is_folder = false;
    char parent[1024];
    if (path == NULL || strlen(path) < 3 || strlen(path) >= sizeof(parent)) {
        return HR_E_INVALIDARG;
    }
    if (sim_files_exists(&m->files, path, &is_folder)) {
        return is_folder ? 0 : HR_ERROR_ALREADY_EXISTS;
    }
    /* The parents: each is made when it is missing, and must not be a file. */
    for (size_t i = 3; path[i] != '\0'; i++) {
        if (fold(path[i]) != '\\' || fold(path[i - 1]) == '\\') {
            continue;
        }
        memcpy(parent, path, i);
        parent[i] = '\0';
        if (sim_files_exists(&m->files, parent, &is_folder)) {
            if (!is_folder) {
                return HR_ERROR_PATH_NOT_FOUND;
            }
        } else if (sim_files_add(&m->files, parent, true) == NULL) {
            return HR_E_OUTOFMEMORY;
        }
    }
    sim_changed(m);
    return sim_files_add(&m->files, path, true) != NULL ? 0 : HR_E_OUTOFMEMORY;
}

hcs_result machine_copy_file(struct machine *m, const char *from, const char *to, int64_t now_ns,
                             int64_t *duration_ns)
{
    (void)now_ns;
    bool is_folder = false;
    char parent[1024];
    *duration_ns = 0;
    if (from == NULL || to == NULL || to[0] == '\0') {
        return HR_E_INVALIDARG;
    }
    if (!sim_files_exists(&m->files, from, &is_folder) || is_folder) {
        return is_folder ? HR_E_ACCESSDENIED : HR_ERROR_FILE_NOT_FOUND;
    }
    if (sim_files_exists(&m->files, to, &is_folder)) {
        return HR_ERROR_FILE_EXISTS;
    }
    if (!sim_path_parent(to, parent, sizeof(parent)) ||
        !sim_files_exists(&m->files, parent, &is_folder) || !is_folder) {
        return HR_ERROR_PATH_NOT_FOUND;
    }
    if (m->scenario->latency) {
        /* A scratch disk is some hundred megabytes, everything else is small. */
        *duration_ns = text_ends_nocase(from, ".vhdx") ? SIM_MS(180) : SIM_MS(3);
    }
    sim_changed(m);
    return sim_files_add(&m->files, to, false) != NULL ? 0 : HR_E_OUTOFMEMORY;
}

/* Is a file under path open as a disk or share of a system that lives? */
static bool in_use(const struct machine *m, const char *path)
{
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        if (s->state == SIM_STOPPED || s->state == SIM_FAILED) {
            continue;
        }
        for (size_t i = 0; i < s->disk_count; i++) {
            if (sim_path_under(s->disks[i].path, path)) {
                return true;
            }
        }
    }
    return false;
}

hcs_result machine_delete_tree(struct machine *m, const char *path)
{
    if (path == NULL || path[0] == '\0') {
        return HR_E_INVALIDARG;
    }
    bool is_folder = false;
    if (!sim_files_exists(&m->files, path, &is_folder)) {
        return 0;
    }
    if (sim_path_under(path, "C:\\Windows") || strlen(path) <= 3) {
        return HR_E_ACCESSDENIED;
    }
    for (size_t i = 0; i < m->files.count; i++) {
        /* What the scenario brings (images, driver store) belongs to others. */
        if (m->files.items[i].immutable && sim_path_under(m->files.items[i].path, path)) {
            return HR_E_ACCESSDENIED;
        }
    }
    if (in_use(m, path)) {
        return HR_ERROR_SHARING_VIOLATION;
    }
    sim_files_remove(&m->files, path);
    sim_changed(m);
    return 0;
}

bool sim_file_granted(const struct sim_file *file, const char *id)
{
    for (size_t i = 0; i < file->granted_count; i++) {
        if (text_equal_nocase(file->granted[i], id)) {
            return true;
        }
    }
    return false;
}

bool sim_file_grant(struct sim_file *file, const char *id)
{
    if (sim_file_granted(file, id)) {
        return true;
    }
    char **granted = realloc(file->granted, (file->granted_count + 1) * sizeof(*granted));
    if (granted == NULL) {
        return false;
    }
    file->granted = granted;
    granted[file->granted_count] = text_copy(id);
    if (granted[file->granted_count] == NULL) {
        return false;
    }
    file->granted_count++;
    return true;
}

hcs_result machine_grant_access(struct machine *m, const char *vm_id, const char *path)
{
    if (vm_id == NULL || vm_id[0] == '\0' || path == NULL || path[0] == '\0') {
        return HR_E_INVALIDARG;
    }
    /* Owned by TrustedInstaller: nobody may change the access there. */
    if (sim_path_under(path, "C:\\Windows")) {
        return HR_E_ACCESSDENIED;
    }
    struct sim_file *file = sim_files_find(&m->files, path);
    if (file == NULL) {
        bool is_folder = false;
        if (!sim_files_exists(&m->files, path, &is_folder)) {
            return HR_ERROR_FILE_NOT_FOUND;
        }
        file = sim_files_add(&m->files, path, true);
    }
    sim_changed(m);
    return file != NULL && sim_file_grant(file, vm_id) ? 0 : HR_E_OUTOFMEMORY;
}

hcs_result machine_revoke_access(struct machine *m, const char *vm_id, const char *path)
{
    if (vm_id == NULL || path == NULL) {
        return HR_E_INVALIDARG;
    }
    struct sim_file *file = sim_files_find(&m->files, path);
    if (file == NULL) {
        return HR_ERROR_FILE_NOT_FOUND;
    }
    for (size_t i = 0; i < file->granted_count; i++) {
        if (text_equal_nocase(file->granted[i], vm_id)) {
            free(file->granted[i]);
            file->granted[i] = file->granted[--file->granted_count];
            sim_changed(m);
            break;
        }
    }
    return 0;
}
