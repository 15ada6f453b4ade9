/* SPDX-License-Identifier: MIT
 *
 * UTF-8 and UTF-16, and the cleaning of foreign text: see text.h. text_clean() and its siblings are
 * the one gate between bytes that a host, a guest or a file made and a terminal that would obey
 * them; all of them decide by is_harmful() below. No state, no threads.
 */
#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0u) == 0x80u;
}

/* Length of the sequence that a lead byte announces, with its payload bits; 0: not a lead byte.
 * C0, C1 (overlong) and F5.. (past U+10FFFF) never lead. */
static size_t lead(unsigned char byte, uint32_t *bits)
{
    if (byte >= 0xC2u && byte <= 0xDFu) {
        *bits = byte & 0x1Fu;
        return 2;
    }
    if (byte >= 0xE0u && byte <= 0xEFu) {
        *bits = byte & 0x0Fu;
        return 3;
    }
    if (byte >= 0xF0u && byte <= 0xF4u) {
        *bits = byte & 0x07u;
        return 4;
    }
    return 0;
}

size_t utf8_decode(const char *s, size_t len, uint32_t *code_point)
{
    unsigned char first = (unsigned char)s[0];
    if (first < 0x80u) {
        *code_point = first;
        return 1;
    }
    *code_point = REPLACEMENT;
    uint32_t value = 0;
    size_t size = lead(first, &value);
    if (size == 0 || size > len) {
        return 1;
    }
    for (size_t i = 1; i < size; i++) {
        unsigned char byte = (unsigned char)s[i];
        if (!is_continuation(byte)) {
            return 1;
        }
        value = (value << 6) | (byte & 0x3Fu);
    }
    bool overlong = (size == 3 && value < 0x800u) || (size == 4 && value < 0x10000u);
    bool surrogate = value >= 0xD800u && value <= 0xDFFFu;
    if (overlong || surrogate || value > 0x10FFFFu) {
        return 1;
    }
    *code_point = value;
    return size;
}

size_t utf8_encode(uint32_t code_point, char *out)
{
    uint32_t c = code_point;
    if (c > 0x10FFFFu || (c >= 0xD800u && c <= 0xDFFFu)) {
        c = REPLACEMENT;
    }
    if (c < 0x80u) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800u) {
        out[0] = (char)(0xC0u | (c >> 6));
        out[1] = (char)(0x80u | (c & 0x3Fu));
        return 2;
    }
    if (c < 0x10000u) {
        out[0] = (char)(0xE0u | (c >> 12));
        out[1] = (char)(0x80u | ((c >> 6) & 0x3Fu));
        out[2] = (char)(0x80u | (c & 0x3Fu));
        return 3;
    }
    out[0] = (char)(0xF0u | (c >> 18));
    out[1] = (char)(0x80u | ((c >> 12) & 0x3Fu));
    out[2] = (char)(0x80u | ((c >> 6) & 0x3Fu));
    out[3] = (char)(0x80u | (c & 0x3Fu));
    return 4;
}

bool utf8_is_valid(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint32_t code_point;
        size_t used = utf8_decode(s + i, len - i, &code_point);
        if (used == 1 && code_point == REPLACEMENT) {
            return false;
        }
        i += used;
    }
    return true;
}

int utf8_columns(const char *s)
{
    if (s == NULL) {
        return 0;
    }
    int columns = 0;
    size_t len = strlen(s);
    for (size_t i = 0; i < len;) {
        uint32_t code_point;
        i += utf8_decode(s + i, len - i, &code_point);
        int width = utf8_width(code_point);
        columns += width > 0 ? width : 0;
    }
    return columns;
}

/* What a terminal could obey, or what could make a line read otherwise than it is: C0, DEL, C1,
 * line and paragraph separator, and everything that changes the direction of text. */
static bool is_harmful(uint32_t c)
{
    return c < 0x20u || (c >= 0x7Fu && c <= 0x9Fu) || c == 0x061Cu || c == 0x200Eu ||
           c == 0x200Fu || (c >= 0x2028u && c <= 0x202Eu) || (c >= 0x2066u && c <= 0x2069u);
}

/* One cleaned character into out (4 bytes), its length returned. CR LF counts as one break: the CR
 * is dropped where lines are kept. */
static size_t clean_one(uint32_t c, bool keep_lines, char *out)
{
    if (c == '\n' || c == '\t' || c == '\r') {
        if (keep_lines && c == '\r') {
            return 0;
        }
        out[0] = keep_lines ? (char)c : ' ';
        return 1;
    }
    return utf8_encode(is_harmful(c) ? REPLACEMENT : c, out);
}

char *text_clean_n(char *out, size_t size, const char *s, size_t len)
{
    if (size == 0) {
        return out;
    }
    size_t used = 0;
    for (size_t i = 0; s != NULL && i < len;) {
        uint32_t code_point;
        i += utf8_decode(s + i, len - i, &code_point);
        if (code_point == '\r' && i < len && s[i] == '\n') {
            continue; /* the line feed behind it becomes the one space */
        }
        char bytes[4];
        size_t count = clean_one(code_point, false, bytes);
        if (count >= size - used) {
            break;
        }
        memcpy(out + used, bytes, count);
        used += count;
    }
    out[used] = '\0';
    return out;
}

char *text_clean(char *out, size_t size, const char *s)
{
    /* No byte behind the first `size` can matter: cleaning never shortens, but for the CR of a
     * CR LF, and twice the size covers that. */
    return text_clean_n(out, size, s, s != NULL ? strnlen(s, size * 2) : 0);
}

char *text_clean_new(const char *s, size_t len, bool lines)
{
    struct text t;
    text_init(&t, SIZE_MAX / 2);
    for (size_t i = 0; s != NULL && i < len;) {
        size_t start = i;
        while (i < len && s[i] >= 0x20 && s[i] < 0x7F) {
            i++;
        }
        text_add_n(&t, s + start, i - start);
        if (i == len) {
            break;
        }
        uint32_t code_point;
        i += utf8_decode(s + i, len - i, &code_point);
        if (code_point == '\r' && !lines && i < len && s[i] == '\n') {
            continue;
        }
        if (code_point == '\r' && lines && (i == len || s[i] != '\n')) {
            code_point = '\n'; /* a lone carriage return would write over its own line */
        }
        char bytes[4];
        text_add_n(&t, bytes, clean_one(code_point, lines, bytes));
    }
    return text_take(&t);
}

size_t utf16_length(const uint16_t *s)
{
    size_t len = 0;
    while (s != NULL && s[len] != 0) {
        len++;
    }
    return len;
}

char *utf16_to_utf8(const uint16_t *s, size_t len)
{
    if (len == SIZE_MAX) {
        len = utf16_length(s);
    }
    if (s == NULL) {
        len = 0;
    }
    /* A unit becomes at most three bytes; a pair becomes four. Exact, for lists of megabytes. */
    if (len > (SIZE_MAX - 1) / 3) {
        return NULL;
    }
    size_t size = len + 1;
    for (size_t i = 0; i < len; i++) {
        size += s[i] < 0x80u ? 0 : s[i] < 0x800u ? 1 : 2;
    }
    char *out = malloc(size);
    if (out == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t c = s[i];
        if (c >= 0xD800u && c <= 0xDBFFu && i + 1 < len && s[i + 1] >= 0xDC00u &&
            s[i + 1] <= 0xDFFFu) {
            c = 0x10000u + ((c - 0xD800u) << 10) + (s[i + 1] - 0xDC00u);
            i++;
        }
        used += utf8_encode(c, out + used);
    }
    out[used] = '\0';
    return out;
}

uint16_t *utf8_to_utf16(const char *s)
{
    size_t len = s != NULL ? strlen(s) : 0;
    if (len >= SIZE_MAX / sizeof(uint16_t)) {
        return NULL;
    }
    uint16_t *out = malloc((len + 1) * sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        i += utf8_decode(s + i, len - i, &c);
        if (c >= 0x10000u) {
            out[used++] = (uint16_t)(0xD800u + ((c - 0x10000u) >> 10));
            c = 0xDC00u + ((c - 0x10000u) & 0x3FFu);
        }
        out[used++] = (uint16_t)c;
    }
    out[used] = 0;
    return out;
}
