/* SPDX-License-Identifier: MIT
 *
 * Locks between processes: flock() on a file of their own. Every lock has its own open file, so
 * that two takers in one process exclude each other like two processes do; the system releases it
 * when the process ends, however it ends.
 *
 * A holder may remove the file. A taker who waited would then hold a lock on a file that has no
 * name any more, beside the next taker's new file; so every taker looks, once it holds the lock,
 * whether the name still leads to its file, and starts again where it does not.
 */
#include "core/base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"

struct os_lock {
    int fd;
    char *path;
};

static int flock_retry(int fd, int operation)
{
    int result;
    do {
        result = flock(fd, operation);
    } while (result != 0 && errno == EINTR);
    return result;
}

static bool still_has_name(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

/* An open and locked file of this name, or -1 with *number the errno. */
static int open_locked(const char *path, bool wait, int *number)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            *number = errno;
            return -1;
        }
        if (flock_retry(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
            *number = errno;
            close(fd);
            return -1;
        }
        if (still_has_name(fd, path)) {
            return fd;
        }
        close(fd);
    }
}

enum hvgpu_status os_lock_take(const char *path, bool wait, struct os_lock **out,
                               struct hvgpu_error *err)
{
    *out = NULL;
    struct os_lock *lock = calloc(1, sizeof *lock);
    char *copy = text_copy(path);
    if (lock == NULL || copy == NULL) {
        free(lock);
        free(copy);
        return error_set(err, HVGPU_MEMORY, "lock", path, "out of memory");
    }
    int number = 0;
    lock->path = copy;
    lock->fd = open_locked(path, wait, &number);
    if (lock->fd >= 0) {
        *out = lock;
        return HVGPU_OK;
    }
    free(lock->path);
    free(lock);
    if (number == EWOULDBLOCK) {
        return error_set(err, HVGPU_BUSY, "lock", path, "somebody else holds the lock");
    }
    return error_errno(err, number, "lock", path, "the lock file cannot be opened or locked");
}

void os_lock_release(struct os_lock *lock)
{
    if (lock != NULL) {
        close(lock->fd);
        free(lock->path);
        free(lock);
    }
}

void os_lock_release_and_remove(struct os_lock *lock)
{
    if (lock != NULL) {
        (void)unlink(lock->path);
        os_lock_release(lock);
    }
}
