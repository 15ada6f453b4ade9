/* SPDX-License-Identifier: MIT
 *
 * What POSIX systems other than Linux use: a pipe, /dev/urandom, and relative waits where
 * conditions cannot count on the monotonic clock. See posix.h.
 */
#include "core/base/os/posix/posix.h"

#ifndef __linux__

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/base/os/os.h"

void os_memory_return_large(void)
{
    /* The allocators of these systems are left as they are. */
}

void posix_name_thread(const char *name)
{
    (void)name; /* there is no portable call; the name is an aid for debugging only */
}

int posix_cond_init(pthread_cond_t *cond)
{
    return pthread_cond_init(cond, NULL);
}

int posix_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ns)
{
    /* The condition counts on the wall clock: wait for the time that is left, at most a second at
     * once, so that a change of that clock costs no more than a second. */
    int64_t left = deadline_ns - os_now_ns();
    if (left <= 0) {
        return ETIMEDOUT;
    }
    int64_t step = left < 1000000000 ? left : 1000000000;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t at = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + step;
    struct timespec deadline = {.tv_sec = (time_t)(at / 1000000000),
                                .tv_nsec = (long)(at % 1000000000)};
    int result = pthread_cond_timedwait(cond, mutex, &deadline);
    return result == ETIMEDOUT && step < left ? 0 : result;
}

static bool prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool posix_wakeup_open(int *read_end, int *write_end)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    if (!prepare(ends[0]) || !prepare(ends[1])) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    *read_end = ends[0];
    *write_end = ends[1];
    return true;
}

void posix_wakeup_signal(int write_end)
{
    int saved = errno;
    ssize_t written = write(write_end, "", 1);
    (void)written; /* EAGAIN: the pipe is full, so it is set */
    errno = saved;
}

void posix_wakeup_drain(int read_end)
{
    char bytes[256];
    ssize_t got;
    do {
        got = read(read_end, bytes, sizeof bytes);
    } while (got > 0);
}

bool posix_random(void *out, size_t size)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    char *at = out;
    while (size > 0) {
        ssize_t got = read(fd, at, size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        at += got;
        size -= (size_t)got;
    }
    close(fd);
    return size == 0;
}

int64_t posix_changed_ns(const struct stat *info)
{
    return (int64_t)info->st_mtime * 1000000000;
}

#else
/* A translation unit must hold something. */
typedef int posix_other_is_not_this_system;
#endif
