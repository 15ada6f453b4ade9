/* SPDX-License-Identifier: MIT
 *
 * See term_parts.h.
 */
#include "console/term_parts.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/text.h"

#define COPY_BYTES 8192

int term_wanted_depth(const struct term_options *options)
{
    const char *no_color = getenv("NO_COLOR");
    if (options->depth >= 0) {
        return options->depth;
    }
    return no_color != NULL && no_color[0] != '\0' ? TERM_MONO : -1;
}

int term_more_colours(const struct term_options *options)
{
    const char *told = getenv("COLORTERM");
    bool truecolor = text_equal(told, "truecolor") || text_equal(told, "24bit");
    int wanted = term_wanted_depth(options);
    if (wanted == TERM_24BIT || (wanted < 0 && truecolor)) {
        return 1 << 24;
    }
    return wanted == TERM_256 ? 256 : 0;
}

bool term_only_ascii(const struct term_options *options)
{
    setlocale(LC_CTYPE, "");
    bool utf8 = text_equal_nocase(nl_langinfo(CODESET), "UTF-8");
    if (options->ascii == 0 && !utf8) {
        utf8 = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
    }
    return options->ascii > 0 || !utf8;
}

bool term_read_size(int *width, int *height)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        return false;
    }
    *width = size.ws_col;
    *height = size.ws_row;
    return true;
}

bool term_free_keys(void)
{
    struct termios modes;
    if (tcgetattr(STDIN_FILENO, &modes) != 0) {
        return false;
    }
    modes.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
    modes.c_lflag &= ~(tcflag_t)IEXTEN;
    return tcsetattr(STDIN_FILENO, TCSANOW, &modes) == 0;
}

uint32_t term_plain_key(uint32_t character)
{
    switch (character) {
    case '\r':
    case '\n':
        return INPUT_ENTER;
    case '\t':
        return INPUT_TAB;
    case 0x1b:
        return INPUT_ESCAPE;
    case 0x08:
    case 0x7f:
        return INPUT_BACKSPACE;
    default:
        return character;
    }
}

void term_write(const char *bytes, size_t len)
{
    fflush(stdout);
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n <= 0) {
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

void term_mark_paste(bool on)
{
    const char *bytes = on ? "\033[?2004h" : "\033[?2004l";
    term_write(bytes, strlen(bytes));
}

static void add_base64(struct text *out, const char *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;
        group |= i + 1 < len ? (uint32_t)(unsigned char)bytes[i + 1] << 8 : 0;
        group |= i + 2 < len ? (uint32_t)(unsigned char)bytes[i + 2] : 0;
        text_add_char(out, digits[group >> 18 & 63]);
        text_add_char(out, digits[group >> 12 & 63]);
        text_add_char(out, i + 1 < len ? digits[group >> 6 & 63] : '=');
        text_add_char(out, i + 2 < len ? digits[group & 63] : '=');
    }
}

bool term_copy(const char *text)
{
    size_t len = strlen(text);
    if (len > COPY_BYTES) {
        return false;
    }
    struct text out;
    text_init(&out, COPY_BYTES * 2);
    text_add(&out, "\033]52;c;");
    add_base64(&out, text, len);
    text_add(&out, "\a");
    bool ok = !out.failed;
    if (ok) {
        term_write(out.data, out.len);
    }
    text_free(&out);
    return ok;
}

static bool shows_blanks(const struct cell *cell, const struct term_ink inks[ROLE_COUNT])
{
    return !inks[cell->role].clear_blanks ||
           (cell->attributes & (ATTRIBUTE_REVERSE | ATTRIBUTE_UNDERLINE)) != 0;
}

static bool is_blank(const struct cell *cell)
{
    return cell->text[0] == ' ' && cell->text[1] == '\0';
}

void term_cheapen_row(struct canvas *frame, int y, const struct term_ink inks[ROLE_COUNT])
{
    const struct cell *row = canvas_row(frame, y);
    int width = canvas_width(frame);
    for (int x = 0; x < width;) {
        int end = x;
        while (end < width && is_blank(&row[end]) && !shows_blanks(&row[end], inks)) {
            end++;
        }
        if (end == x) {
            x++;
            continue;
        }
        struct cell with = {.role = ROLE_TEXT};
        bool inside = x > 0 && end < width && !shows_blanks(&row[x - 1], inks);
        if (inside && (!inks[row[end].role].plain || row[end].attributes != 0)) {
            with = row[x - 1];
        }
        canvas_tint(frame, (struct rect){x, y, end - x, 1}, (enum role)with.role, with.attributes);
        x = end;
    }
}

void term_guard_add(struct term_guard *guard, const char *capability)
{
    if (capability == NULL || capability == (const char *)-1) {
        return;
    }
    for (const char *s = capability; *s != '\0'; s++) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
        if (end != NULL) {
            s = end;
        } else if (guard->len < sizeof(guard->bytes)) {
            guard->bytes[guard->len++] = *s;
        }
    }
}
