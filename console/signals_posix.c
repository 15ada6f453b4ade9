/* SPDX-License-Identifier: MIT
 *
 * Signals on POSIX systems: see signals.h. Everything that a handler calls is on the list of
 * async-signal-safe functions: write, tcsetattr, sigaction, raise, and hvgpu_wake (one write).
 */
#include "console/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/hvgpu.h"

#define GUARD_BYTES 512
#define STACK_BYTES 65536

enum action { ACTION_FLAG, ACTION_RESIZE, ACTION_END };

struct handled {
    int number;
    enum action action;
    unsigned flag;
    bool keep_ignored; /* nohup and shells without job control ignore it on purpose */
};

static const struct handled handled[] = {
    {SIGINT, ACTION_FLAG, SIGNAL_INTERRUPT, true},
    {SIGTSTP, ACTION_FLAG, SIGNAL_STOP, true},
    {SIGCONT, ACTION_FLAG, SIGNAL_CONTINUE, false},
    {SIGTERM, ACTION_FLAG, SIGNAL_TERMINATE, false},
    {SIGHUP, ACTION_FLAG, SIGNAL_TERMINATE, true},
    {SIGWINCH, ACTION_RESIZE, 0, false},
    {SIGQUIT, ACTION_END, 0, true},
    {SIGSEGV, ACTION_END, 0, false},
    {SIGBUS, ACTION_END, 0, false},
    {SIGFPE, ACTION_END, 0, false},
    {SIGILL, ACTION_END, 0, false},
    {SIGABRT, ACTION_END, 0, false},
};
#define HANDLED (sizeof(handled) / sizeof(handled[0]))

static struct sigaction before[HANDLED];
static struct termios modes;
static bool installed, have_modes, exit_registered;
static char guard[GUARD_BYTES];
static volatile sig_atomic_t guard_len;
static volatile sig_atomic_t flags[HANDLED];
static volatile sig_atomic_t resized;
static volatile sig_atomic_t last_number;
static struct hvgpu *volatile wake_host;
static char stack[STACK_BYTES]; /* a crash by stack overflow needs another stack */

static void restore_terminal(void)
{
    size_t len = (size_t)guard_len;
    guard_len = 0;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(STDOUT_FILENO, guard + done, len - done);
        if (n < 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (len > 0 && have_modes) {
        tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    }
}

static void wake(void)
{
    struct hvgpu *host = wake_host;
    if (host != NULL) {
        hvgpu_wake(host);
    }
}

static void end_by(size_t index)
{
    restore_terminal();
    /* The one that was there before (a sanitizer's, say) gets it, or the default. */
    sigaction(handled[index].number, &before[index], NULL);
    raise(handled[index].number);
}

static void on_signal(int number)
{
    int saved_errno = errno;
    size_t index = 0;
    while (index < HANDLED && handled[index].number != number) {
        index++;
    }
    if (index < HANDLED && handled[index].action == ACTION_END) {
        end_by(index);
    } else if (index < HANDLED && handled[index].action == ACTION_RESIZE) {
        resized = 1;
        wake();
    } else if (index < HANDLED) {
        bool ending = number == SIGINT || number == SIGTERM || number == SIGHUP;
        if (ending && flags[index] != 0) {
            end_by(index); /* asked a second time and nobody looked: the loop hangs */
        }
        flags[index] = 1;
        last_number = ending ? number : last_number;
        wake();
    }
    errno = saved_errno;
}

static void install(size_t index)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    bool ends = handled[index].action == ACTION_END;
    action.sa_flags = ends ? SA_ONSTACK | SA_NODEFER : SA_ONSTACK;
    sigaction(handled[index].number, &action, NULL);
}

void signals_begin(void)
{
    if (installed) {
        return;
    }
    have_modes = tcgetattr(STDIN_FILENO, &modes) == 0;
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    sigaltstack(&alternative, NULL);
    for (size_t i = 0; i < HANDLED; i++) {
        flags[i] = 0;
        sigaction(handled[i].number, NULL, &before[i]);
        if (!handled[i].keep_ignored || before[i].sa_handler != SIG_IGN) {
            install(i);
        }
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTTOU, SIG_IGN); /* a crash in the background must not stop at restoring */
    if (!exit_registered) {
        exit_registered = atexit(restore_terminal) == 0;
    }
    installed = true;
}

void signals_end(void)
{
    if (!installed) {
        return;
    }
    for (size_t i = 0; i < HANDLED; i++) {
        sigaction(handled[i].number, &before[i], NULL);
    }
    signal(SIGTTOU, SIG_DFL);
    installed = false;
}

void signals_guard(const char *bytes, size_t len)
{
    guard_len = 0;
    if (len <= GUARD_BYTES) {
        memcpy(guard, bytes, len);
        guard_len = (sig_atomic_t)len;
    }
}

void signals_wake(struct hvgpu *host)
{
    wake_host = host;
}

unsigned signals_take(void)
{
    unsigned taken = 0;
    for (size_t i = 0; i < HANDLED; i++) {
        if (flags[i] != 0) {
            flags[i] = 0;
            taken |= handled[i].flag;
        }
    }
    return taken;
}

bool signals_resized(void)
{
    bool answer = resized != 0;
    resized = 0;
    return answer;
}

int signals_number(void)
{
    return (int)last_number;
}

void signals_stop(void)
{
    size_t index = 0;
    while (handled[index].number != SIGTSTP) {
        index++;
    }
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigemptyset(&normal.sa_mask);
    sigaction(SIGTSTP, &normal, NULL);
    /* The default action: the shell sees a stop by ctrl-z; a process group that nobody could
     * continue is not stopped at all. */
    raise(SIGTSTP);
    install(index);
    for (size_t i = 0; i < HANDLED; i++) {
        if (handled[i].number == SIGCONT) {
            flags[i] = 0; /* the caller comes back by itself */
        }
    }
}
