/* SPDX-License-Identifier: MIT
 *
 * Themes: themes/NAME.json gives each role a foreground, a background and attributes, in 24-bit
 * colour; the terminal's depth decides what becomes of them (256, 16, 8 colours, none). A role that
 * a theme leaves out is inherited from the built-in default, so that it can never be wrong.
 *   {"name":"dark","about":"...","roles":{"good":{"fg":"#5fd75f","bg":"default","bold":true}}}
 */
#ifndef HVGPU_CONSOLE_THEME_H
#define HVGPU_CONSOLE_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/role.h"
#include "core/base/status.h"

struct colour {
    bool set;    /* false: the terminal's default */
    uint8_t red, green, blue;
};

struct style {
    struct colour fg, bg;
    uint8_t attributes; /* ATTRIBUTE_* of canvas.h */
};

struct theme {
    char name[32];
    char about[96];
    struct style roles[ROLE_COUNT];
};

/* The built-in dark theme; always there. */
void theme_default(struct theme *out);
/* name: "dark", or a path ending in .json. Looked for in the user's folder, the installed folder
 * and ./themes, in this order. Errors name file, line and reason; *out is unchanged then. */
enum hvgpu_status theme_load(const char *name, struct theme *out,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
/* The same from text in memory; path stands in errors. */
enum hvgpu_status theme_read(const char *text, size_t len, const char *path, struct theme *out,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
/* Calls each(name) for every theme that can be found, each name once, sorted. */
void theme_list(void (*each)(void *context, const char *name), void *context);

/* 24-bit -> nearest entry: xterm's 256 palette (16..255), the 16 and the 8 ANSI colours. */
int colour_to_256(struct colour colour);
int colour_to_16(struct colour colour);
int colour_to_8(struct colour colour);
/* What becomes of a style at a depth (8, 16, 256, 24 as in enum term_depth): colour numbers, at
 * depth 24 0xRRGGBB, and -1 for the terminal's default. At few colours, text never gets the colour
 * of its background. */
void colour_resolve(const struct style *style, int depth, int *fg, int *bg);

#endif
