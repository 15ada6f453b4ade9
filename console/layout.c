/* SPDX-License-Identifier: MIT
 *
 * See layout.h.
 */
#include "console/layout.h"

enum { BODY_LEAST = 8 }; /* rows that a banner leaves to the view */

static enum layout_size size_of(int width)
{
    if (width < 40) {
        return LAYOUT_TINY;
    }
    return width < 80 ? LAYOUT_NARROW : width < 120 ? LAYOUT_NORMAL : LAYOUT_WIDE;
}

void layout_make(struct layout *out, int width, int height)
{
    bool tabs = width >= 40 && height >= 10;
    out->size = size_of(width);
    out->bottom_over = width < 40 || height < 8;
    out->title = (struct rect){0, 0, width, 1};
    out->tabs = (struct rect){0, 1, width, tabs ? 1 : 0};
    out->bottom = (struct rect){0, height - 1, width, 1};
    int top = out->tabs.y + out->tabs.height;
    int end = out->bottom_over ? height : height - 1;
    out->banner = (struct rect){0, top, width, 0};
    out->body = (struct rect){0, top, width, end > top ? end - top : 0};
}

void layout_add_banner(struct layout *layout, int rows)
{
    int room = layout->body.height - BODY_LEAST;
    rows = rows < room ? rows : room;
    if (rows > 0) {
        layout->banner.height = rows;
        layout->body.y += rows;
        layout->body.height -= rows;
    }
}
