/* SPDX-License-Identifier: MIT */
#include "console/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/text.h"

size_t wrap_line(const char *s, int columns, const char **next)
{
    size_t len = strcspn(s, "\n");
    size_t at = 0;
    size_t blank = 0;
    bool word = false;
    int used = 0;
    columns = columns < 1 ? 1 : columns;
    while (at < len) {
        uint32_t code_point;
        size_t bytes = utf8_decode(s + at, len - at, &code_point);
        int width = utf8_width(code_point);
        width = width > 0 ? width : 0;
        if (used + width > columns && at > 0) {
            size_t cut = blank > 0 ? blank : at;
            const char *rest = s + cut;
            *next = *rest == ' ' ? rest + 1 : rest;
            return cut;
        }
        if (s[at] != ' ') {
            word = true;
        } else if (word) {
            blank = at; /* not in the indentation */
        }
        used += width;
        at += bytes;
    }
    *next = s[len] == '\n' ? s + len + 1 : NULL;
    return len;
}

int wrap_count(const char *s, int columns)
{
    int lines = 0;
    const char *next = s;
    while (next != NULL) {
        s = next;
        wrap_line(s, columns, &next);
        lines++;
    }
    return lines;
}

int wrap_draw(struct canvas *canvas, struct rect area, const char *s, int skip, enum role role,
              unsigned attributes)
{
    int drawn = 0;
    const char *next = s;
    char line[2048];
    while (next != NULL && drawn < area.height) {
        s = next;
        size_t len = wrap_line(s, area.width, &next);
        if (skip > 0) {
            skip--;
            continue;
        }
        text_clean_n(line, sizeof(line), s, len);
        canvas_text(canvas, area.x, area.y + drawn, area.width, line, role, attributes);
        drawn++;
    }
    return drawn;
}
