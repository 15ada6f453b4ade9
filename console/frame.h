/* SPDX-License-Identifier: MIT
 *
 * The frame around the view: title line, tab bar and bottom line (notice or key bar). Draws
 * what the snapshot and the command table say; remembers in app->zones what a click on it means.
 */
#ifndef HVGPU_CONSOLE_FRAME_H
#define HVGPU_CONSOLE_FRAME_H

#include "console/app.h"
#include "console/layout.h"

/* Makes room for the banner, where the host has trouble. Before the view is drawn. */
void frame_reserve(struct app *app, struct layout *layout);
void frame_draw(struct app *app, const struct layout *layout);

/* The key that a click at x, y stands for; 0: none. */
uint32_t frame_key_at(const struct app *app, int x, int y);

#endif
