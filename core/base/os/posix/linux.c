/* SPDX-License-Identifier: MIT
 *
 * What Linux has of its own: eventfd, getrandom, conditions on the monotonic clock, and the limits
 * of glibc's allocator. See posix.h.
 */
#include "core/base/os/posix/posix.h"

#ifdef __linux__

#include <errno.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/os/os.h"

void os_memory_return_large(void)
{
#if defined(__GLIBC__)
    /* Unless told, glibc raises these limits with the first large block that is freed. */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 19);
#endif
}

void posix_name_thread(const char *name)
{
    (void)pthread_setname_np(pthread_self(), name);
}

int posix_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    int result = pthread_condattr_init(&attributes);
    if (result != 0) {
        return result;
    }
    result = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (result == 0) {
        result = pthread_cond_init(cond, &attributes);
    }
    pthread_condattr_destroy(&attributes);
    return result;
}

int posix_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ns)
{
    int64_t at = deadline_ns > 0 ? deadline_ns : 0;
    struct timespec deadline = {.tv_sec = (time_t)(at / 1000000000),
                                .tv_nsec = (long)(at % 1000000000)};
    return pthread_cond_timedwait(cond, mutex, &deadline);
}

bool posix_wakeup_open(int *read_end, int *write_end)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *read_end = fd;
    *write_end = fd;
    return fd >= 0;
}

void posix_wakeup_signal(int write_end)
{
    int saved = errno;
    const uint64_t one = 1;
    ssize_t written = write(write_end, &one, sizeof one);
    (void)written; /* EAGAIN: the counter is full, so it is set */
    errno = saved;
}

void posix_wakeup_drain(int read_end)
{
    uint64_t count;
    ssize_t got = read(read_end, &count, sizeof count);
    (void)got; /* EAGAIN: it was not set */
}

bool posix_random(void *out, size_t size)
{
    char *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        size -= (size_t)got;
    }
    return true;
}

int64_t posix_changed_ns(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

#else
/* A translation unit must hold something. */
typedef int posix_linux_is_not_this_system;
#endif
