/* SPDX-License-Identifier: MIT
 *
 * The wake-up: a descriptor that is readable while it is set (an eventfd, elsewhere a pipe).
 */
#include "core/base/os/os.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/os/posix/posix.h"

struct os_wakeup {
    int read_end, write_end;
};

struct os_wakeup *os_wakeup_new(void)
{
    struct os_wakeup *wakeup = malloc(sizeof *wakeup);
    if (wakeup != NULL && !posix_wakeup_open(&wakeup->read_end, &wakeup->write_end)) {
        free(wakeup);
        wakeup = NULL;
    }
    return wakeup;
}

void os_wakeup_free(struct os_wakeup *wakeup)
{
    if (wakeup == NULL) {
        return;
    }
    close(wakeup->read_end);
    if (wakeup->write_end != wakeup->read_end) {
        close(wakeup->write_end);
    }
    free(wakeup);
}

void os_wakeup_set(struct os_wakeup *wakeup)
{
    posix_wakeup_signal(wakeup->write_end);
}

void os_wakeup_reset(struct os_wakeup *wakeup)
{
    posix_wakeup_drain(wakeup->read_end);
}

intptr_t os_wakeup_handle(const struct os_wakeup *wakeup)
{
    return wakeup->read_end;
}

bool os_wakeup_wait(struct os_wakeup *wakeup, int timeout_ms)
{
    int64_t deadline = os_now_ns() + (int64_t)timeout_ms * 1000000;
    int left = timeout_ms < 0 ? -1 : timeout_ms;
    for (;;) {
        struct pollfd item = {.fd = wakeup->read_end, .events = POLLIN};
        int ready = poll(&item, 1, left);
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
        if (timeout_ms >= 0) {
            int64_t rest = deadline - os_now_ns();
            left = rest > 0 ? (int)((rest + 999999) / 1000000) : 0;
        }
    }
}
