/* SPDX-License-Identifier: MIT
 *
 * A sheet: labelled lines of facts about one object, for detail panes. Made anew when the object
 * changes, drawn wrapped. It owns copies of its texts.
 */
#ifndef HVGPU_CONSOLE_SHEET_H
#define HVGPU_CONSOLE_SHEET_H

#include <stddef.h>

#include "console/canvas.h"
#include "core/base/status.h"
#include "core/hvgpu.h"

struct sheet_line {
    const char *label; /* static; NULL: the text starts at the left; "": it stands below the last */
    char *text;
    enum role role;
};

struct sheet {
    struct sheet_line *lines;
    size_t count, capacity;
    int label_width;
    int scroll; /* lines on the screen that are above it */
    int drawn;  /* lines on the screen it takes at its last width */
};

void sheet_clear(struct sheet *sheet); /* scroll stays */
void sheet_done(struct sheet *sheet);
void sheet_heading(struct sheet *sheet, const char *text);
/* NULL or "" text: a dash. */
void sheet_text(struct sheet *sheet, const char *label, enum role role, const char *text);
void sheet_format(struct sheet *sheet, const char *label, enum role role, const char *format, ...)
    HVGPU_PRINTF(4, 5);
void sheet_number(struct sheet *sheet, const char *label, struct hvgpu_number number);
void sheet_bytes(struct sheet *sheet, const char *label, struct hvgpu_number bytes);
void sheet_blank(struct sheet *sheet);
void sheet_draw(struct sheet *sheet, struct canvas *canvas, struct rect area);

#endif
