/* SPDX-License-Identifier: MIT */
#include "console/sheet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/wrap.h"
#include "core/base/text.h"

enum { SHEET_MAX_LINES = 4096 };

void sheet_clear(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        free(sheet->lines[i].text);
    }
    sheet->count = 0;
    sheet->label_width = 0;
}

void sheet_done(struct sheet *sheet)
{
    sheet_clear(sheet);
    free(sheet->lines);
    memset(sheet, 0, sizeof(*sheet));
}

static void add(struct sheet *sheet, const char *label, enum role role, char *text)
{
    if (text == NULL || sheet->count >= SHEET_MAX_LINES) {
        free(text);
        return;
    }
    if (sheet->count == sheet->capacity) {
        size_t capacity = sheet->capacity * 2 + 32;
        struct sheet_line *lines = realloc(sheet->lines, capacity * sizeof(*lines));
        if (lines == NULL) {
            free(text);
            return;
        }
        sheet->lines = lines;
        sheet->capacity = capacity;
    }
    sheet->lines[sheet->count++] = (struct sheet_line){label, text, role};
    int width = label != NULL ? utf8_columns(label) : 0;
    sheet->label_width = width > sheet->label_width ? width : sheet->label_width;
}

void sheet_heading(struct sheet *sheet, const char *text)
{
    if (sheet->count > 0) {
        sheet_blank(sheet);
    }
    add(sheet, NULL, ROLE_STRONG, text_copy(text));
}

void sheet_blank(struct sheet *sheet)
{
    add(sheet, NULL, ROLE_TEXT, text_copy(""));
}

void sheet_text(struct sheet *sheet, const char *label, enum role role, const char *text)
{
    bool known = text != NULL && text[0] != '\0';
    add(sheet, label, known ? role : ROLE_UNKNOWN, text_copy(known ? text : "-"));
}

void sheet_format(struct sheet *sheet, const char *label, enum role role, const char *format, ...)
{
    char out[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out, sizeof(out), format, arguments);
    va_end(arguments);
    sheet_text(sheet, label, role, out);
}

void sheet_number(struct sheet *sheet, const char *label, struct hvgpu_number number)
{
    char out[32];
    snprintf(out, sizeof(out), "%" PRIu64, number.value);
    sheet_text(sheet, label, ROLE_TEXT, number.known ? out : NULL);
}

void sheet_bytes(struct sheet *sheet, const char *label, struct hvgpu_number bytes)
{
    char out[32];
    text_bytes(out, sizeof(out), bytes.value);
    sheet_text(sheet, label, ROLE_TEXT, bytes.known ? out : NULL);
}

/* Draws one line of the sheet at row y of the area (may be above it); returns the rows it takes. */
static int draw_line(const struct sheet *sheet, struct canvas *canvas, struct rect area,
                     const struct sheet_line *line, int y)
{
    int indent = line->label != NULL ? sheet->label_width + 2 : 0;
    if (indent > area.width / 2) {
        indent = area.width / 2;
    }
    int width = area.width - indent > 1 ? area.width - indent : 1;
    int rows = wrap_count(line->text, width);
    int skip = y < 0 ? -y : 0;
    if (y + rows <= 0 || y >= area.height) {
        return rows;
    }
    if (line->label != NULL && skip == 0) {
        canvas_text(canvas, area.x, area.y + y, indent > 1 ? indent - 1 : 0, line->label, ROLE_DIM,
                    0);
    }
    int top = y < 0 ? 0 : y;
    wrap_draw(canvas, (struct rect){area.x + indent, area.y + top, width, area.height - top},
              line->text, skip, line->role, line->role == ROLE_STRONG ? ATTRIBUTE_BOLD : 0);
    return rows;
}

void sheet_draw(struct sheet *sheet, struct canvas *canvas, struct rect area)
{
    for (int pass = 0; pass < 2; pass++) {
        int y = -sheet->scroll;
        for (size_t i = 0; i < sheet->count; i++) {
            struct rect clip = area;
            clip.height = pass == 0 ? 0 : area.height; /* the first pass only measures */
            y += draw_line(sheet, canvas, clip, &sheet->lines[i], y);
        }
        sheet->drawn = y + sheet->scroll;
        int last = sheet->drawn > area.height ? sheet->drawn - area.height : 0;
        if (pass == 0 && sheet->scroll > last) {
            sheet->scroll = last;
        }
    }
}
