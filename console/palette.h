/* SPDX-License-Identifier: MIT
 *
 * The prompt line: ':' commands with completion and history, '/' filters (applied while typed) and
 * searches. One is open at a time, in app->palette. All input goes to it while it is open.
 */
#ifndef HVGPU_CONSOLE_PALETTE_H
#define HVGPU_CONSOLE_PALETTE_H

#include <stdbool.h>

#include "console/app.h"

enum palette_kind { PALETTE_COMMAND, PALETTE_FILTER, PALETTE_SEARCH };

/* Opens it with some text already there ("" or NULL: none). */
void palette_open(struct app *app, enum palette_kind kind, const char *text);
/* Closes and frees app->palette; NULL is fine. */
void palette_close(struct app *app);
/* Enter runs, Esc closes (a filter goes back to what it was), Tab or Right accepts the suggestion.
 */
void palette_input(struct app *app, const struct input *input);
/* Draws on one line and sets the cursor. */
void palette_draw(struct app *app, struct rect line);
enum palette_kind palette_kind(const struct palette *palette);
const char *palette_text(const struct palette *palette);

#endif
