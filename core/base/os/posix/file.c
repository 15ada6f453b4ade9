/* SPDX-License-Identifier: MIT
 *
 * Files and folders. A file is replaced by a new one that is complete and on disk before it takes
 * the name; the folder is synced after it, so that the name survives a power cut too. Only regular
 * files are read: a pipe or device at a configured path must not block the program.
 */
#include "core/base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"

/* Reads until the end or until max + 1 bytes: files may grow while they are read, and files of
 * /proc state a size of 0. */
static enum hvgpu_status read_all(int fd, const char *path, size_t max, char **out, size_t *len,
                                  struct hvgpu_error *err)
{
    struct text t;
    text_init(&t, max);
    char piece[16384];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            int number = errno;
            text_free(&t);
            return error_errno(err, number, "read", path, "the file cannot be read");
        }
        if (got == 0) {
            break;
        }
        if ((size_t)got > max - t.len) {
            text_free(&t);
            return error_set(err, HVGPU_LIMIT, "read", path, "the file is larger than %zu bytes",
                             max);
        }
        text_add_n(&t, piece, (size_t)got);
    }
    size_t length = t.len;
    *out = text_take(&t);
    if (*out == NULL) {
        return error_set(err, HVGPU_MEMORY, "read", path, "out of memory");
    }
    if (len != NULL) {
        *len = length;
    }
    return HVGPU_OK;
}

enum hvgpu_status os_file_read(const char *path, size_t max, char **out, size_t *len,
                               struct hvgpu_error *err)
{
    *out = NULL;
    if (len != NULL) {
        *len = 0;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return error_errno(err, errno, "read", path, "the file cannot be opened");
    }
    struct stat info;
    enum hvgpu_status status;
    if (fstat(fd, &info) != 0) {
        status = error_errno(err, errno, "read", path, "the file cannot be read");
    } else if (!S_ISREG(info.st_mode)) {
        status = error_set(err, HVGPU_INVALID, "read", path, "it is not a regular file");
    } else {
        status = read_all(fd, path, max, out, len, err);
    }
    close(fd);
    return status;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        data += written;
        len -= (size_t)written;
    }
    return true;
}

/* The folder of a path, "." where it names none. New memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return text_copy(".");
    }
    char *folder = text_copy(path);
    if (folder != NULL) {
        folder[slash == path ? 1 : slash - path] = '\0';
    }
    return folder;
}

/* Best effort: not every file system can sync a folder, and the content is safe by then. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

/* Writes data to the new file fd and closes it. 0 or the errno. */
static int fill_new_file(int fd, const char *data, size_t len, bool durable)
{
    int number = 0;
    if (!write_all(fd, data, len) || (durable && fsync(fd) != 0)) {
        number = errno;
    }
    if (close(fd) != 0 && number == 0) {
        number = errno;
    }
    return number;
}

static enum hvgpu_status replace(const char *path, const char *data, size_t len, bool durable,
                                 struct hvgpu_error *err)
{
    /* mkstemp makes the file 0600. The leading part of the name marks it for whoever finds one
     * after a crash. */
    char *temporary = text_format("%s.new-XXXXXX", path);
    if (temporary == NULL) {
        return error_set(err, HVGPU_MEMORY, "write", path, "out of memory");
    }
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        int number = errno;
        free(temporary);
        return error_errno(err, number, "write", path, "no new file can be made beside it");
    }
    int number = fill_new_file(fd, data, len, durable);
    if (number == 0 && rename(temporary, path) != 0) {
        number = errno;
    }
    if (number != 0) {
        (void)unlink(temporary);
        free(temporary);
        return error_errno(err, number, "write", path, "the file cannot be replaced");
    }
    free(temporary);
    if (durable) {
        sync_folder(path);
    }
    return HVGPU_OK;
}

enum hvgpu_status os_file_replace(const char *path, const char *data, size_t len,
                                  struct hvgpu_error *err)
{
    return replace(path, data, len, true, err);
}

enum hvgpu_status os_file_swap(const char *path, const char *data, size_t len,
                               struct hvgpu_error *err)
{
    return replace(path, data, len, false, err);
}

enum hvgpu_status os_file_remove(const char *path, struct hvgpu_error *err)
{
    if (unlink(path) == 0) {
        sync_folder(path);
        return HVGPU_OK;
    }
    if (errno == ENOENT) {
        return HVGPU_OK;
    }
    return error_errno(err, errno, "remove", path, "the file cannot be removed");
}

bool os_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}
