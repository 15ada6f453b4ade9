/* SPDX-License-Identifier: MIT
 *
 * Signals of a terminal program. A handler does one of two things: it sets a flag and wakes the
 * loop (resize, ctrl-z, ctrl-c, hang-up, terminate), or, where the process ends, it writes a fixed
 * byte string that gives the terminal back as it was, restores the terminal's modes and lets the
 * signal do its work. Signal handlers have no argument, so the one file behind this header
 * (signals_posix.c) keeps what they need in static variables; nothing else in the
 * program is global.
 */
#ifndef HVGPU_CONSOLE_SIGNALS_H
#define HVGPU_CONSOLE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

struct hvgpu;

enum {
    SIGNAL_INTERRUPT = 1, /* ctrl-c */
    SIGNAL_STOP = 2,      /* ctrl-z */
    SIGNAL_CONTINUE = 4,  /* continued after somebody else stopped the process */
    SIGNAL_TERMINATE = 8  /* hang-up, terminate */
};

/* Remembers the terminal's modes and installs the handlers; before curses starts, so that curses
 * keeps its own away. */
void signals_begin(void);
/* Takes the handlers back. */
void signals_end(void);

/* From here on every end of the process writes these bytes (at most 512) to standard output and
 * restores the modes; with len 0 no longer, because the terminal is in order. */
void signals_guard(const char *bytes, size_t len);

/* The host whose wake handle the flags make ready; NULL: none. */
void signals_wake(struct hvgpu *host);

/* What arrived since the last call, or'ed. */
unsigned signals_take(void);
/* The size of the terminal changed since the last call. */
bool signals_resized(void);
/* Number of the last terminating signal, for the exit status. */
int signals_number(void);

/* Stops the process as ctrl-z does; returns when it is continued. */
void signals_stop(void);

#endif
