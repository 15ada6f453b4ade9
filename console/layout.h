/* SPDX-License-Identifier: MIT
 *
 * The layout: from the size of the terminal to the places of title, tabs, view and bottom line.
 * Nothing else decides positions. There is no size that is refused: what gets small loses the tabs
 * first, then the key bar, and the title becomes one short line. Pure function.
 */
#ifndef HVGPU_CONSOLE_LAYOUT_H
#define HVGPU_CONSOLE_LAYOUT_H

#include <stdbool.h>

#include "console/canvas.h"

/* By columns; the break points are 120, 80 and 40. */
enum layout_size { LAYOUT_TINY, LAYOUT_NARROW, LAYOUT_NORMAL, LAYOUT_WIDE };

struct layout {
    enum layout_size size;
    struct rect title;  /* one row; always there */
    struct rect tabs;   /* height 0: none */
    struct rect banner; /* what troubles the host, in words; height 0: none */
    struct rect body;   /* the view; height 0 only when the terminal has one row */
    struct rect bottom; /* prompt, notice or key bar */
    bool bottom_over;   /* the bottom line has no row of its own: it covers the view when needed */
};

void layout_make(struct layout *out, int width, int height);
/* Gives rows from the top of the body to the banner, where the view keeps enough. */
void layout_add_banner(struct layout *layout, int rows);

#endif
