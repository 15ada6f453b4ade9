/* SPDX-License-Identifier: MIT
 *
 * See terminfo.h; the layout of bytes is that of term(5), "extended storage format" and "extended
 * number format" (32-bit numbers).
 */
#include "console/terminfo.h"

#include <stdint.h>
#include <string.h>

#include "core/base/text.h"

#define MAGIC      542 /* octal 1036: numbers of 32 bits */
#define MOST_BYTES 16384
#define ABSENT     0xffff

/* A table of strings and the offsets into it. */
struct strings {
    struct text offsets, table;
    size_t count, shift; /* offsets count from shift */
};

static void add_short(struct text *out, unsigned value)
{
    text_add_char(out, (char)(value & 0xff));
    text_add_char(out, (char)(value >> 8 & 0xff));
}

static void add_long(struct text *out, int value)
{
    add_short(out, (unsigned)value & 0xffff);
    add_short(out, (unsigned)value >> 16 & 0xffff);
}

static void add_padding(struct text *out)
{
    if (out->len % 2 != 0) {
        text_add_char(out, '\0');
    }
}

static void strings_init(struct strings *strings)
{
    text_init(&strings->offsets, MOST_BYTES);
    text_init(&strings->table, MOST_BYTES);
    strings->count = 0;
    strings->shift = 0;
}

static void strings_free(struct strings *strings)
{
    text_free(&strings->offsets);
    text_free(&strings->table);
}

static void strings_add(struct strings *strings, const char *value)
{
    strings->count++;
    if (value == NULL) {
        add_short(&strings->offsets, ABSENT);
        return;
    }
    add_short(&strings->offsets, (unsigned)(strings->table.len - strings->shift));
    text_add_n(&strings->table, value, strlen(value) + 1);
}

/* ---- what is different ---- */

/* Colour numbers below 8 are the terminal's own; the others 0xRRGGBB, or a palette of 256. */
static const char *colour_string(const char *name, int colours)
{
    bool direct = colours > 256;
    if (strcmp(name, "setaf") == 0) {
        return direct ? "\033[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
                        "%p1%{255}%&%d%;m"
                      : "\033[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m";
    }
    if (strcmp(name, "setab") == 0) {
        return direct ? "\033[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
                        "%p1%{255}%&%d%;m"
                      : "\033[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e48;5;%p1%d%;m";
    }
    if (strcmp(name, "op") == 0) {
        return "\033[39;49m";
    }
    return NULL;
}

/* The palette is never redefined, and the old ways to set colours are not used. */
static bool is_dropped(const char *name)
{
    static const char *const names[] = {"ccc", "initc", "initp", "oc", "scp", "setf", "setb"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *string_of(const struct terminfo_source *source, const char *name, int colours)
{
    const char *own = colour_string(name, colours);
    if (own != NULL || is_dropped(name)) {
        return own;
    }
    const char *value = source->string(name);
    return value == (const char *)-1 ? NULL : value;
}

static int number_of(const struct terminfo_source *source, const char *name, int colours)
{
    if (strcmp(name, "colors") == 0) {
        return colours;
    }
    if (strcmp(name, "pairs") == 0) {
        return 0x10000;
    }
    int value = source->number(name);
    return value >= 0 ? value : -1;
}

/* ---- the parts in their order ---- */

static void add_standard(struct text *out, const struct terminfo_source *source, const char *name,
                         int colours)
{
    struct text flags, numbers;
    struct strings strings;
    size_t flag_count = 0, number_count = 0;
    text_init(&flags, MOST_BYTES);
    text_init(&numbers, MOST_BYTES);
    strings_init(&strings);
    for (; source->flags[flag_count] != NULL; flag_count++) {
        const char *flag = source->flags[flag_count];
        text_add_char(&flags, source->flag(flag) > 0 && !is_dropped(flag) ? 1 : 0);
    }
    for (; source->numbers[number_count] != NULL; number_count++) {
        add_long(&numbers, number_of(source, source->numbers[number_count], colours));
    }
    for (size_t i = 0; source->strings[i] != NULL; i++) {
        strings_add(&strings, string_of(source, source->strings[i], colours));
    }
    add_short(out, MAGIC);
    add_short(out, (unsigned)strlen(name) + 1);
    add_short(out, (unsigned)flag_count);
    add_short(out, (unsigned)number_count);
    add_short(out, (unsigned)strings.count);
    add_short(out, (unsigned)strings.table.len);
    text_add_n(out, name, strlen(name) + 1);
    text_add_n(out, flags.data, flags.len);
    add_padding(out);
    text_add_n(out, numbers.data, numbers.len);
    text_add_n(out, strings.offsets.data, strings.offsets.len);
    text_add_n(out, strings.table.data, strings.table.len);
    out->failed = out->failed || flags.failed || numbers.failed || strings.table.failed;
    text_free(&flags);
    text_free(&numbers);
    strings_free(&strings);
}

/* What is not in the standard, and curses looks for: RGB tells that colours are direct, AX that the
 * default colours can be set, XM how the mouse reports. */
static void add_extended(struct text *out, const struct terminfo_source *source, int colours)
{
    const char *mouse = source->string("XM");
    bool has_mouse = mouse != NULL && mouse != (const char *)-1;
    unsigned flags = colours > 256 ? 2 : 1, strings_count = has_mouse ? 1 : 0;
    struct strings strings;
    strings_init(&strings);
    if (has_mouse) {
        strings_add(&strings, mouse);
    }
    strings.shift = strings.table.len; /* names count from the end of the values */
    strings_add(&strings, "AX");
    if (flags == 2) {
        strings_add(&strings, "RGB");
    }
    if (has_mouse) {
        strings_add(&strings, "XM");
    }
    add_padding(out);
    add_short(out, flags);
    add_short(out, 0);
    add_short(out, strings_count);
    add_short(out, (unsigned)strings.count);
    add_short(out, (unsigned)strings.table.len);
    for (unsigned i = 0; i < flags; i++) {
        text_add_char(out, 1);
    }
    add_padding(out);
    text_add_n(out, strings.offsets.data, strings.offsets.len);
    text_add_n(out, strings.table.data, strings.table.len);
    out->failed = out->failed || strings.table.failed;
    strings_free(&strings);
}

char *terminfo_with_colours(const struct terminfo_source *source, const char *name, int colours)
{
    static const char digits[] = "0123456789abcdef";
    struct text bytes, hex;
    text_init(&bytes, MOST_BYTES);
    text_init(&hex, MOST_BYTES * 2 + 8);
    add_standard(&bytes, source, name, colours);
    add_extended(&bytes, source, colours);
    text_add(&hex, "hex:");
    for (size_t i = 0; i < bytes.len; i++) {
        text_add_char(&hex, digits[(unsigned char)bytes.data[i] >> 4]);
        text_add_char(&hex, digits[(unsigned char)bytes.data[i] & 15]);
    }
    hex.failed = hex.failed || bytes.failed;
    text_free(&bytes);
    char *result = text_take(&hex);
    text_free(&hex);
    return result;
}
