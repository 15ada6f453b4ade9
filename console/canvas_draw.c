/* SPDX-License-Identifier: MIT
 *
 * Boxes, lines, glyphs, bars, sparklines and the dump. All of it is made of canvas_text() and
 * canvas_fill(), so clipping and alignment have one owner.
 */
#include <limits.h>
#include <string.h>

#include "console/canvas.h"
#include "core/base/text.h"

struct glyph_forms {
    const char *unicode, *ascii;
};

/* Every form is one column wide. None of them has an emoji form that a terminal could widen. */
/* clang-format off */
static const struct glyph_forms glyphs[GLYPH_COUNT] = {
    [GLYPH_ELLIPSIS] = {"…", "~"},    [GLYPH_UP] = {"▲", "^"},
    [GLYPH_DOWN] = {"▼", "v"},        [GLYPH_TREE_BRANCH] = {"├", "|"},
    [GLYPH_TREE_LAST] = {"└", "`"},   [GLYPH_TREE_DOWN] = {"│", "|"},
    [GLYPH_BULLET] = {"•", "*"},      [GLYPH_CHECK] = {"✓", "+"},
    [GLYPH_CROSS] = {"✗", "x"},       [GLYPH_QUESTION] = {"?", "?"},
    [GLYPH_WARNING] = {"!", "!"},     [GLYPH_DASH] = {"–", "-"},
    [GLYPH_RUN] = {"►", ">"},         [GLYPH_STOP] = {"■", "#"},
    [GLYPH_PAUSE] = {"‖", "="},       [GLYPH_FULL] = {"█", "#"},
    [GLYPH_EMPTY] = {"░", "."},       [GLYPH_HALF] = {"▌", "="},
    [GLYPH_DOT] = {"·", "."},         [GLYPH_GAP] = {"┆", ":"},
};
/* clang-format on */

const char *canvas_glyph(const struct canvas *canvas, enum glyph glyph)
{
    if ((unsigned)glyph >= GLYPH_COUNT) {
        return "?";
    }
    return canvas_is_ascii(canvas) ? glyphs[glyph].ascii : glyphs[glyph].unicode;
}

/* ---- boxes ---- */

void canvas_hline(struct canvas *canvas, int x, int y, int width, enum role role)
{
    canvas_repeat(canvas, x, y, width, canvas_is_ascii(canvas) ? "-" : "─", role);
}

static void vline(struct canvas *canvas, int x, int y, int height, enum role role)
{
    const char *line = canvas_is_ascii(canvas) ? "|" : "│";
    int end = canvas_height(canvas);
    for (int i = 0; i < height && y + i < end; i++) {
        canvas_text(canvas, x, y + i, 1, line, role, 0);
    }
}

void canvas_box(struct canvas *canvas, struct rect area, const char *title, enum role role)
{
    static const char *const unicode_corners[] = {"╭", "╮", "╰", "╯"};
    static const char *const ascii_corners[] = {"+", "+", "+", "+"};
    if (area.width < 2 || area.height < 2) {
        return;
    }
    const char *const *corners = canvas_is_ascii(canvas) ? ascii_corners : unicode_corners;
    int right = area.x + area.width - 1, bottom = area.y + area.height - 1;
    canvas_hline(canvas, area.x + 1, area.y, area.width - 2, role);
    canvas_hline(canvas, area.x + 1, bottom, area.width - 2, role);
    vline(canvas, area.x, area.y + 1, area.height - 2, role);
    vline(canvas, right, area.y + 1, area.height - 2, role);
    canvas_text(canvas, area.x, area.y, 1, corners[0], role, 0);
    canvas_text(canvas, right, area.y, 1, corners[1], role, 0);
    canvas_text(canvas, area.x, bottom, 1, corners[2], role, 0);
    canvas_text(canvas, right, bottom, 1, corners[3], role, 0);
    if (title != NULL && title[0] != '\0' && area.width > 6) {
        int used =
            canvas_text(canvas, area.x + 3, area.y, area.width - 6, title, role, ATTRIBUTE_BOLD);
        canvas_text(canvas, area.x + 2, area.y, 1, " ", role, 0);
        canvas_text(canvas, area.x + 3 + used, area.y, 1, " ", role, 0);
    }
}

/* ---- bars ---- */

void canvas_bar(struct canvas *canvas, int x, int y, int width, unsigned permille, enum role role)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (width <= 0) {
        return;
    }
    if (permille >= CANVAS_UNKNOWN) {
        canvas_fill(canvas, (struct rect){x, y, width, 1}, ROLE_UNKNOWN, 0);
        canvas_text(canvas, x, y, 1, canvas_glyph(canvas, GLYPH_DASH), ROLE_UNKNOWN, 0);
        return;
    }
    if (permille > 1000) {
        permille = 1000;
    }
    bool ascii = canvas_is_ascii(canvas);
    unsigned steps = (unsigned)width * 8 * permille / 1000;
    if (permille > 0 && steps == 0) {
        steps = 1; /* a little is not nothing */
    }
    int full = (int)(steps / 8);
    unsigned part = steps % 8;
    if (ascii) {
        full += part >= 4 || (full == 0 && part > 0) ? 1 : 0;
        part = 0;
    }
    canvas_repeat(canvas, x, y, full, canvas_glyph(canvas, GLYPH_FULL), role);
    if (part > 0) {
        canvas_text(canvas, x + full, y, 1, eighths[part], role, 0);
        full++;
    }
    canvas_repeat(canvas, x + full, y, width - full, canvas_glyph(canvas, GLYPH_DOT),
                  ROLE_BAR_EMPTY);
}

void canvas_spark(struct canvas *canvas, int x, int y, int width, const uint16_t *permille,
                  size_t count, enum role role)
{
    static const char *const unicode[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {"_", ".", "-", "=", "+", "*", "%", "#"};
    if (width <= 0) {
        return;
    }
    /* The newest values stand at the right end. */
    size_t shown = count < (size_t)width ? count : (size_t)width;
    const uint16_t *values = permille + (count - shown);
    int start = x + width - (int)shown;
    canvas_fill(canvas, (struct rect){x, y, width, 1}, role, 0);
    for (size_t i = 0; i < shown; i++) {
        int column = start + (int)i;
        if (values[i] == CANVAS_UNKNOWN) {
            canvas_text(canvas, column, y, 1, canvas_glyph(canvas, GLYPH_DASH), ROLE_UNKNOWN, 0);
            continue;
        }
        unsigned level = values[i] >= 1000 ? 7 : (unsigned)values[i] * 8 / 1000;
        const char *block = canvas_is_ascii(canvas) ? ascii[level] : unicode[level];
        canvas_text(canvas, column, y, 1, block, role, 0);
    }
}

/* ---- dump ---- */

static char role_letter(unsigned role)
{
    if (role == ROLE_TEXT || role >= ROLE_COUNT) {
        return '.';
    }
    unsigned index = role - 1;
    return (char)(index < 26 ? 'a' + index : 'A' + (index - 26));
}

/* Adds a row and cuts the trailing run of `fill`. */
static void end_row(struct text *out, size_t start, char fill)
{
    while (out->len > start && out->data[out->len - 1] == fill) {
        out->len--;
    }
    out->data[out->len] = '\0';
    text_add_char(out, '\n');
}

char *canvas_dump(const struct canvas *canvas, bool roles)
{
    struct text out;
    text_init(&out, SIZE_MAX / 2);
    int width = canvas_width(canvas), height = canvas_height(canvas);
    for (int y = 0; y < height; y++) {
        size_t start = out.len;
        for (int x = 0; x < width; x++) {
            text_add(&out, canvas_cell(canvas, x, y)->text);
        }
        end_row(&out, start, ' ');
    }
    for (int y = 0; roles && y < height; y++) {
        size_t start = out.len;
        for (int x = 0; x < width; x++) {
            text_add_char(&out, role_letter(canvas_cell(canvas, x, y)->role));
        }
        end_row(&out, start, '.');
    }
    return text_take(&out);
}
