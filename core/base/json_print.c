/* SPDX-License-Identifier: MIT
 *
 * JSON as text. cJSON's own printing is not used: it rounds integers beyond 15 digits and indents
 * with tabs. Characters that a terminal could obey are written as \u escapes, so that --json is as
 * harmless as every other output; malformed bytes become U+FFFD.
 */
#include "core/base/json_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper trees than can be read back are programming errors; the stack is not risked for them. */
#define PRINT_MAX_DEPTH (2 * JSON_MAX_DEPTH)

struct printer {
    struct text text;
    bool pretty;
    unsigned depth;
};

static void add_escaped(struct text *t, uint32_t c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = c < 0x80 ? strchr(from, (int)c) : NULL;
    if (c != 0 && found != NULL) {
        text_add_char(t, '\\');
        text_add_char(t, to[found - from]);
        return;
    }
    text_addf(t, "\\u%04x", (unsigned)c);
}

/* All of them lie in the first plane, so that one escape is enough. */
static bool needs_escape(uint32_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7F && c <= 0x9F) || c == 0x061C ||
           c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static void print_string(struct text *t, const char *s)
{
    text_add_char(t, '"');
    size_t len = strlen(s);
    size_t plain = 0; /* where the run of characters that need nothing began */
    for (size_t i = 0; i < len;) {
        if (s[i] >= ' ' && s[i] < 0x7F && s[i] != '"' && s[i] != '\\') {
            i++;
            continue;
        }
        uint32_t c;
        size_t used = utf8_decode(s + i, len - i, &c);
        bool malformed = used == 1 && c == 0xFFFD;
        if (malformed || needs_escape(c)) {
            text_add_n(t, s + plain, i - plain);
            if (malformed) {
                text_add(t, "\xEF\xBF\xBD");
            } else {
                add_escaped(t, c);
            }
            plain = i + used;
        }
        i += used;
    }
    text_add_n(t, s + plain, len - plain);
    text_add_char(t, '"');
}

static void print_double(struct text *t, double n)
{
    if (n >= -JSON_EXACT_MAX && n <= JSON_EXACT_MAX) {
        double whole = (double)(int64_t)n;
        if (!(whole < n) && !(whole > n)) {
            text_addf(t, "%" PRId64, (int64_t)n);
            return;
        }
    }
    char digits[48];
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, n);
        double back = strtod(digits, NULL);
        if (!(back < n) && !(back > n)) {
            break;
        }
    }
    /* The locale may have its own decimal point, of any length. */
    for (const char *at = digits; *at != '\0';) {
        size_t plain = strspn(at, "0123456789+-e");
        text_add_n(t, at, plain);
        at += plain;
        if (*at != '\0') {
            text_add_char(t, '.');
            at += strcspn(at, "0123456789");
        }
    }
}

static void print_break(struct printer *printer)
{
    if (!printer->pretty) {
        return;
    }
    text_add_char(&printer->text, '\n');
    for (unsigned i = 0; i < printer->depth; i++) {
        text_add(&printer->text, "  ");
    }
}

static void print_value(struct printer *printer, const struct json *value);

static void print_container(struct printer *printer, const struct json *value, bool is_object)
{
    struct text *t = &printer->text;
    if (json_is_incomplete(value) || printer->depth == PRINT_MAX_DEPTH) {
        t->failed = true;
        return;
    }
    text_add_char(t, is_object ? '{' : '[');
    printer->depth++;
    const struct json *first = json_first(value);
    for (const struct json *child = first; child != NULL; child = json_next(child)) {
        if (child != first) {
            text_add_char(t, ',');
        }
        print_break(printer);
        if (is_object) {
            print_string(t, json_key(child));
            text_add(t, printer->pretty ? ": " : ":");
        }
        print_value(printer, child);
    }
    printer->depth--;
    if (first != NULL) {
        print_break(printer);
    }
    text_add_char(t, is_object ? '}' : ']');
}

static void print_number(struct text *t, const struct json *value)
{
    const char *digits = json_digits(value);
    double n = 0;
    if (digits != NULL) {
        text_add(t, digits);
    } else if (json_double(value, "", &n)) {
        print_double(t, n);
    }
}

static void print_value(struct printer *printer, const struct json *value)
{
    struct text *t = &printer->text;
    switch (json_type(value)) {
    case JSON_NULL:
        text_add(t, "null");
        break;
    case JSON_BOOL:
        text_add(t, json_bool(value, "", false) ? "true" : "false");
        break;
    case JSON_NUMBER:
        print_number(t, value);
        break;
    case JSON_STRING:
        print_string(t, json_string(value, ""));
        break;
    case JSON_ARRAY:
        print_container(printer, value, false);
        break;
    case JSON_OBJECT:
        print_container(printer, value, true);
        break;
    }
}

static char *print(const struct json *value, bool pretty)
{
    if (value == NULL) {
        return NULL;
    }
    struct printer printer = {.pretty = pretty};
    text_init(&printer.text, SIZE_MAX / 2);
    print_value(&printer, value);
    return text_take(&printer.text);
}

char *json_print(const struct json *value)
{
    return print(value, false);
}

char *json_print_pretty(const struct json *value)
{
    return print(value, true);
}
