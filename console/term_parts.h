/* SPDX-License-Identifier: MIT
 *
 * Parts of a real terminal that need no curses: what options and environment ask for, the bytes
 * that give the terminal back, and the clipboard.
 */
#ifndef HVGPU_CONSOLE_TERM_PARTS_H
#define HVGPU_CONSOLE_TERM_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "console/term.h"

/* The depth wanted by option or NO_COLOR; -1: as much as there is. */
int term_wanted_depth(const struct term_options *options);

/* How many colours to ask for beyond what the terminal's description has: 0 (none), 256, 1 << 24
 * (by option, or because COLORTERM says that the terminal understands them). */
int term_more_colours(const struct term_options *options);

/* Sets the locale of characters from the environment; true: only ASCII can be shown. */
bool term_only_ascii(const struct term_options *options);

/* The terminal's size as the system knows it; false: it does not. */
bool term_read_size(int *width, int *height);

/* Makes ctrl-s, ctrl-q, ctrl-v and ctrl-o keys like any other; false: that cannot be set. */
bool term_free_keys(void);

/* A character as read, as the key that it is: carriage return is INPUT_ENTER, and so on. */
uint32_t term_plain_key(uint32_t character);

/* Writes to standard output behind curses' back, between two of its frames. */
void term_write(const char *bytes, size_t len);

/* Tells the terminal to mark pasted text (mode 2004), or no longer. */
void term_mark_paste(bool on);

/* Puts text on the clipboard by OSC 52; false: too long (8 KiB). */
bool term_copy(const char *text);

/* What a role's colours mean for blanks. */
struct term_ink {
    bool clear_blanks; /* it colours characters only: a blank of it looks like any other */
    bool plain;        /* no colour and no attribute at all */
};
/* Switching colours is most of what a row costs. So a clear blank of row y takes the role of what
 * stands before it when something coloured follows, and ROLE_TEXT otherwise: it looks the same. */
void term_cheapen_row(struct canvas *frame, int y, const struct term_ink inks[ROLE_COUNT]);

/* A string of bytes that grows capability by capability, at most 512. */
struct term_guard {
    char bytes[512];
    size_t len;
};
/* Adds one without its padding notes ("$<5>"), which are no bytes of it. NULL and (char *)-1, a
 * capability that is not there, add nothing. */
void term_guard_add(struct term_guard *guard, const char *capability);

#endif
