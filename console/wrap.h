/* SPDX-License-Identifier: MIT
 *
 * Wrapping of text into lines of a given width, at blanks where there are some. '\n' starts a line.
 */
#ifndef HVGPU_CONSOLE_WRAP_H
#define HVGPU_CONSOLE_WRAP_H

#include <stddef.h>

#include "console/canvas.h"

/* The first line of s that fits into columns: its length in bytes, and where the next one starts
 * (NULL: there is none). columns is at least 1. */
size_t wrap_line(const char *s, int columns, const char **next);
/* How many lines s takes. */
int wrap_count(const char *s, int columns);
/* Draws lines from `skip` on into area; returns how many were drawn. */
int wrap_draw(struct canvas *canvas, struct rect area, const char *s, int skip, enum role role,
              unsigned attributes);

#endif
