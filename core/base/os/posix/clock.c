/* SPDX-License-Identifier: MIT
 *
 * Clocks, random bytes, process id, and error numbers in words.
 */
#include "core/base/os/os.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/os/posix/posix.h"

int64_t os_now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t os_wall_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void os_sleep_ms(unsigned ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

void os_random(void *out, size_t size)
{
    if (!posix_random(out, size)) {
        abort();
    }
}

uint32_t os_process_id(void)
{
    return (uint32_t)getpid();
}

bool os_local_time(int64_t unix_ms, struct os_local_time *out)
{
    int64_t seconds = (unix_ms >= 0 ? unix_ms : unix_ms - 999) / 1000;
    time_t when = (time_t)seconds;
    struct tm parts;
    if (localtime_r(&when, &parts) == NULL) {
        return false;
    }
    *out = (struct os_local_time){
        .hour = parts.tm_hour, .minute = parts.tm_min, .second = parts.tm_sec};
    return true;
}

enum hvgpu_status os_errno_status(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return HVGPU_NOT_FOUND;
    case EEXIST:
        return HVGPU_EXISTS;
    case EACCES:
    case EPERM:
        return HVGPU_DENIED;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
        return HVGPU_BUSY;
    case ENOMEM:
        return HVGPU_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
        return HVGPU_LIMIT;
    case EINVAL:
    case ENAMETOOLONG:
        return HVGPU_INVALID;
    case ETIMEDOUT:
        return HVGPU_TIMEOUT;
    default:
        return HVGPU_IO;
    }
}

void os_errno_words(int number, char *out, size_t size)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0) {
        (void)snprintf(out, size, "error %d", number);
        return;
    }
    (void)snprintf(out, size, "%s", strerror_l(number, plain));
    freelocale(plain);
}
