/* SPDX-License-Identifier: MIT
 *
 * What a terminal can do. Two fillers: curses (term_curses.c, the only file that includes curses.h)
 * and memory (term_memory.c: tests, golden screens, dumps). The app knows only this table.
 */
#ifndef HVGPU_CONSOLE_TERM_H
#define HVGPU_CONSOLE_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "console/canvas.h"
#include "console/input.h"
#include "console/theme.h"
#include "core/base/status.h"

enum term_depth { TERM_MONO = 0, TERM_8 = 8, TERM_16 = 16, TERM_256 = 256, TERM_24BIT = 24 };

struct term_options {
    int depth;     /* -1: find out (NO_COLOR, COLORTERM, terminfo); else enum term_depth */
    int ascii;     /* -1: find out (locale); 0 no, 1 yes */
    bool mouse;
};

struct term;
struct term_ops {
    void (*close)(struct term *term); /* restores the terminal; frees */
    void (*size)(struct term *term, int *width, int *height);
    enum term_depth (*depth)(struct term *term);
    bool (*ascii)(struct term *term);
    void (*set_theme)(struct term *term, const struct theme *theme);
    void (*set_mouse)(struct term *term, bool on);
    /* Shows the canvas: writes only what differs from what is on the screen. */
    void (*show)(struct term *term, const struct canvas *canvas);
    void (*redraw)(struct term *term); /* forget what is on the screen: next show writes all */
    /* Next input that is there already; INPUT_NONE: none. Never waits. */
    void (*next)(struct term *term, struct input *out);
    /* Leaves the terminal to a child or to the shell (ctrl-z), and comes back. */
    void (*suspend)(struct term *term);
    void (*resume)(struct term *term);
    /* Puts text on the system's clipboard (OSC 52); false: this terminal cannot. */
    bool (*copy)(struct term *term, const char *text);
    /* Bytes written so far, for tests and :about; 0: not known (curses writes by itself). */
    uint64_t (*bytes_written)(struct term *term);
};
struct term {
    const struct term_ops *ops;
};

/* On standard input and output. HVGPU_UNSUPPORTED with a hint for TERM=dumb or no terminal. From
 * here on every end of the process restores the terminal: return, exit, signals, crashes. */
enum hvgpu_status term_curses_open(const struct term_options *options, struct term **out,
                                   struct hvgpu_error *err) HVGPU_MUST_USE;

/* A terminal of width x height in memory. Input is queued with term_memory_key(); the last shown
 * canvas is read with term_memory_canvas(). */
struct term *term_memory_new(int width, int height, enum term_depth depth, bool ascii);
void term_memory_key(struct term *term, uint32_t key);
/* "down down enter", "text:abc"; text ends at the next blank, so a typed blank is "space". */
void term_memory_keys(struct term *term, const char *names);
void term_memory_mouse(struct term *term, enum mouse_action action, int x, int y);
void term_memory_resize(struct term *term, int width, int height);
const struct canvas *term_memory_canvas(const struct term *term);
uint64_t term_memory_shows(const struct term *term);        /* how often show() was called */
const char *term_memory_clipboard(const struct term *term); /* what copy() took last; "" */

/* Waiting: blocks until input is there, the wake handle is ready, or timeout_ms passed (-1: for
 * ever). One function, a file a system: wait_posix.c (poll). curses never waits. */
enum wait_result {
    WAIT_TIMEOUT = 0,
    WAIT_INPUT = 1,  /* there may be input, or a signal arrived: look */
    WAIT_WAKE = 2,
    WAIT_HANGUP = 4  /* the terminal is gone */
}; /* or'ed */
/* wake_handle -1: only the terminal. */
unsigned wait_any(intptr_t wake_handle, int timeout_ms);

#endif
