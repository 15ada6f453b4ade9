/* SPDX-License-Identifier: MIT
 *
 * A terminal's description with more colours than the installed one has. Terminals of today show
 * 24-bit colours and say so in COLORTERM, while their descriptions (TERM=xterm-256color) know 256,
 * and the ones with direct colours are not installed everywhere. This copies a description,
 * capability by capability, into the compiled form of term(5), with other colour capabilities, and
 * returns it as ncurses takes it from the TERMINFO variable ("hex:..."). Pure: it asks through the
 * functions that it is given, and knows no curses.
 */
#ifndef HVGPU_CONSOLE_TERMINFO_H
#define HVGPU_CONSOLE_TERMINFO_H

/* The description to copy: tigetflag, tigetnum, tigetstr and the names in their compiled order,
 * each list ended by NULL. string returns NULL or (char *)-1 for what is not there. */
struct terminfo_source {
    int (*flag)(const char *name);
    int (*number)(const char *name);
    char *(*string)(const char *name);
    const char *const *flags, *const *numbers, *const *strings;
};

/* name: of the description, TERM as it is. colours: 1 << 24 or 256. New memory (free()); NULL when
 * it would be too large, or out of memory. */
char *terminfo_with_colours(const struct terminfo_source *source, const char *name, int colours);

#endif
