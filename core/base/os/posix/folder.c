/* SPDX-License-Identifier: MIT
 *
 * Folders: making with parents, listing, a stamp for change detection.
 */
#include "core/base/os/os.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/os/posix/posix.h"
#include "core/base/text.h"

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* 0 or the errno; an existing folder is fine. */
static int make_one(const char *path)
{
    if (mkdir(path, 0700) == 0) {
        return 0;
    }
    int number = errno;
    return number == EEXIST && is_folder(path) ? 0 : number;
}

enum hvgpu_status os_folder_make(const char *path, struct hvgpu_error *err)
{
    char *part = text_copy(path);
    if (part == NULL) {
        return error_set(err, HVGPU_MEMORY, "make folder", path, "out of memory");
    }
    int number = 0;
    /* Parents first; one that cannot be made but exists (no right to write above it) is fine. */
    for (char *at = part + (part[0] == '/' ? 1 : 0); *at != '\0' && number == 0; at++) {
        if (*at != '/') {
            continue;
        }
        *at = '\0';
        number = is_folder(part) ? 0 : make_one(part);
        *at = '/';
    }
    if (number == 0) {
        number = make_one(part);
    }
    free(part);
    if (number != 0) {
        return error_errno(err, number, "make folder", path, "the folder cannot be made");
    }
    return HVGPU_OK;
}

enum hvgpu_status os_folder_remove(const char *path)
{
    if (rmdir(path) == 0) {
        return HVGPU_OK;
    }
    return errno == ENOTEMPTY || errno == EEXIST ? HVGPU_BUSY : os_errno_status(errno);
}

enum hvgpu_status os_folder_list(const char *path, bool (*each)(void *context, const char *name),
                                 void *context, struct hvgpu_error *err)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return error_errno(err, errno, "list", path, "the folder cannot be read");
    }
    bool more = true;
    int number = 0;
    while (more) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            number = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            more = each(context, entry->d_name);
        }
    }
    closedir(folder);
    if (number != 0) {
        return error_errno(err, number, "list", path, "the folder cannot be read");
    }
    return HVGPU_OK;
}

uint64_t os_folder_stamp(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return 0;
    }
    return (uint64_t)posix_changed_ns(&info);
}
