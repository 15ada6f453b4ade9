/* SPDX-License-Identifier: MIT
 *
 * Waiting on POSIX systems: one poll() on the terminal and the wake handle. curses is never asked
 * to wait.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "console/term.h"

unsigned wait_any(intptr_t wake_handle, int timeout_ms)
{
    struct pollfd files[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = (int)wake_handle, .events = POLLIN}, /* a negative one is ignored by poll() */
    };
    int ready = poll(files, 2, timeout_ms);
    if (ready < 0) {
        /* A signal (resize, ctrl-z) ends the wait: somebody has to look. Anything else would make
         * the caller spin, and means that the terminal cannot be read any more. */
        return errno == EINTR || errno == EAGAIN ? WAIT_INPUT : WAIT_HANGUP;
    }
    unsigned result = WAIT_TIMEOUT;
    if ((files[0].revents & POLLIN) != 0) {
        result |= WAIT_INPUT;
    }
    if ((files[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        result |= WAIT_HANGUP;
    }
    if (files[1].revents != 0) {
        result |= WAIT_WAKE;
    }
    return result;
}
