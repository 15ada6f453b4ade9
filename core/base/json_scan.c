/* SPDX-License-Identifier: MIT
 *
 * The pass over the bytes before cJSON: see json_parts.h. It keeps its own stack of containers, so
 * that hostile depth costs an error and not the thread's stack, and knows line and column.
 */
#include "core/base/json_parts.h"

#include <stdlib.h>
#include <string.h>

#define OPERATION "read JSON"

/* cJSON copies a number into 64 bytes; longer ones it would cut. */
#define NUMBER_MAX 60

struct scanner {
    const char *s;
    size_t len, at;
    size_t copied; /* input up to here is in rewritten; only when something was rewritten */
    const char *name;
    uint32_t line;
    size_t line_start;
    char open[JSON_MAX_DEPTH]; /* the containers around `at`: '{' or '[' */
    size_t depth;
    struct json_scan *out;
    struct hvgpu_error *err;
};

static enum hvgpu_status refuse(struct scanner *scanner, enum hvgpu_status status, size_t at,
                                const char *why)
{
    unsigned column = 1;
    for (size_t i = scanner->line_start; i < at;) {
        uint32_t code_point;
        i += utf8_decode(scanner->s + i, scanner->len - i, &code_point);
        column++;
    }
    return error_set(scanner->err, status, OPERATION, scanner->name, "line %u, column %u: %s",
                     (unsigned)scanner->line, column, why);
}

static enum hvgpu_status invalid(struct scanner *scanner, const char *why)
{
    return refuse(scanner, HVGPU_INVALID, scanner->at, why);
}

/* The byte at the current place; '\0' at the end (which is valid nowhere in JSON either). */
static char peek(const struct scanner *scanner)
{
    return scanner->at < scanner->len ? scanner->s[scanner->at] : '\0';
}

static void skip_space(struct scanner *scanner)
{
    for (;; scanner->at++) {
        char c = peek(scanner);
        if (c == '\n') {
            scanner->line++;
            scanner->line_start = scanner->at + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

/* Notes a value that begins here. */
static enum hvgpu_status note(struct scanner *scanner, bool rewritten)
{
    struct json_scan *out = scanner->out;
    if (out->note_count == JSON_MAX_VALUES) {
        return refuse(scanner, HVGPU_LIMIT, scanner->at, "the document holds too many values");
    }
    if (out->note_count == out->note_cap) {
        size_t cap = out->note_cap == 0 ? 64 : out->note_cap * 2;
        uint32_t *grown = realloc(out->notes, cap * sizeof *grown);
        if (grown == NULL) {
            return refuse(scanner, HVGPU_MEMORY, scanner->at, "out of memory");
        }
        out->notes = grown;
        out->note_cap = cap;
    }
    out->notes[out->note_count++] = scanner->line * 2 + (rewritten ? 1 : 0);
    return HVGPU_OK;
}

/* The four hexadecimal digits at `at`; false: they are not there. */
static bool hex4(const struct scanner *scanner, size_t at, unsigned *out)
{
    if (scanner->len < 4 || at > scanner->len - 4) {
        return false;
    }
    unsigned value = 0;
    for (size_t i = at; i < at + 4; i++) {
        char c = scanner->s[i];
        unsigned digit;
        if (c >= '0' && c <= '9') {
            digit = (unsigned)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (unsigned)(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = (unsigned)(c - 'A') + 10;
        } else {
            return false;
        }
        value = value * 16 + digit;
    }
    *out = value;
    return true;
}

/* Stands on the 'u' of an escape; ends on its last byte. */
static enum hvgpu_status scan_unicode_escape(struct scanner *scanner)
{
    unsigned unit;
    if (!hex4(scanner, scanner->at + 1, &unit)) {
        return invalid(scanner, "\\u needs four hexadecimal digits");
    }
    if (unit == 0) {
        return invalid(scanner, "\\u0000 is not allowed in a string");
    }
    scanner->at += 4;
    if (unit < 0xD800 || unit > 0xDFFF) {
        return HVGPU_OK;
    }
    unsigned low = 0;
    bool has_low = unit <= 0xDBFF && scanner->at + 2 < scanner->len &&
                   scanner->s[scanner->at + 1] == '\\' && scanner->s[scanner->at + 2] == 'u' &&
                   hex4(scanner, scanner->at + 3, &low);
    if (!has_low || low < 0xDC00 || low > 0xDFFF) {
        return invalid(scanner, "half of a surrogate pair");
    }
    scanner->at += 6;
    return HVGPU_OK;
}

/* Stands on the opening quote; ends behind the closing one. */
static enum hvgpu_status scan_string(struct scanner *scanner)
{
    for (scanner->at++; scanner->at < scanner->len; scanner->at++) {
        unsigned char c = (unsigned char)scanner->s[scanner->at];
        if (c == '"') {
            scanner->at++;
            return HVGPU_OK;
        }
        if (c < 0x20) {
            return invalid(scanner, "a control character in a string must be escaped");
        }
        if (c == '\\') {
            scanner->at++;
            char kind = peek(scanner);
            if (kind == 'u') {
                enum hvgpu_status status = scan_unicode_escape(scanner);
                if (status != HVGPU_OK) {
                    return status;
                }
            } else if (kind == '\0' || strchr("\"\\/bfnrt", kind) == NULL) {
                return invalid(scanner, "unknown escape in a string");
            }
        } else if (c >= 0x80) {
            uint32_t code_point;
            size_t left = scanner->len - scanner->at;
            size_t used = utf8_decode(scanner->s + scanner->at, left, &code_point);
            if (used == 1) {
                return invalid(scanner, "malformed UTF-8");
            }
            scanner->at += used - 1;
        }
    }
    return invalid(scanner, "the string has no end");
}

static size_t skip_digits(struct scanner *scanner)
{
    size_t start = scanner->at;
    while (peek(scanner) >= '0' && peek(scanner) <= '9') {
        scanner->at++;
    }
    return scanner->at - start;
}

/* An integer beyond what a double holds exactly: more than 2^53 in amount. */
static bool is_beyond_double(const char *digits, size_t count)
{
    static const char exact_max[] = "9007199254740992";
    const size_t exact_count = sizeof exact_max - 1;
    return count > exact_count || (count == exact_count && memcmp(digits, exact_max, count) > 0);
}

/* Puts the number from start up to here into the rewritten text as a string. */
static void rewrite_number(struct scanner *scanner, size_t start)
{
    struct text *t = &scanner->out->rewritten;
    text_add_n(t, scanner->s + scanner->copied, start - scanner->copied);
    text_add_char(t, '"');
    text_add_n(t, scanner->s + start, scanner->at - start);
    text_add_char(t, '"');
    scanner->copied = scanner->at;
}

static enum hvgpu_status scan_number(struct scanner *scanner)
{
    size_t start = scanner->at;
    if (peek(scanner) == '-') {
        scanner->at++;
    }
    size_t digits_start = scanner->at;
    size_t digits = skip_digits(scanner);
    if (digits == 0) {
        return invalid(scanner, "a number needs a digit here");
    }
    if (digits > 1 && scanner->s[digits_start] == '0') {
        scanner->at = digits_start;
        return invalid(scanner, "a number must not begin with 0");
    }
    bool is_integer = true;
    if (peek(scanner) == '.') {
        is_integer = false;
        scanner->at++;
        if (skip_digits(scanner) == 0) {
            return invalid(scanner, "a digit must follow the decimal point");
        }
    }
    if (peek(scanner) == 'e' || peek(scanner) == 'E') {
        is_integer = false;
        scanner->at++;
        if (peek(scanner) == '+' || peek(scanner) == '-') {
            scanner->at++;
        }
        if (skip_digits(scanner) == 0) {
            return invalid(scanner, "the exponent needs a digit");
        }
    }
    if (scanner->at - start > NUMBER_MAX) {
        return refuse(scanner, HVGPU_INVALID, start, "the number is too long");
    }
    bool is_big = is_integer && is_beyond_double(scanner->s + digits_start, digits);
    if (is_big) {
        rewrite_number(scanner, start);
    }
    return note(scanner, is_big);
}

static enum hvgpu_status scan_word(struct scanner *scanner)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (scanner->len - scanner->at >= len &&
            memcmp(scanner->s + scanner->at, words[i], len) == 0) {
            scanner->at += len;
            return note(scanner, false);
        }
    }
    return invalid(scanner, scanner->at < scanner->len ? "a value was expected"
                                                       : "the text ends where a value should be");
}

/* A key, its colon, and the space around them. */
static enum hvgpu_status scan_key(struct scanner *scanner)
{
    skip_space(scanner);
    if (peek(scanner) != '"') {
        return invalid(scanner, "a member name in quotes was expected");
    }
    enum hvgpu_status status = scan_string(scanner);
    if (status != HVGPU_OK) {
        return status;
    }
    skip_space(scanner);
    if (peek(scanner) != ':') {
        return invalid(scanner, "':' was expected after the member name");
    }
    scanner->at++;
    return HVGPU_OK;
}

/* Stands on '{' or '['. *entered: it holds something; else it is closed already. */
static enum hvgpu_status open_container(struct scanner *scanner, bool *entered)
{
    char open = peek(scanner);
    if (scanner->depth == JSON_MAX_DEPTH) {
        return refuse(scanner, HVGPU_LIMIT, scanner->at, "nested too deeply");
    }
    enum hvgpu_status status = note(scanner, false);
    if (status != HVGPU_OK) {
        return status;
    }
    scanner->open[scanner->depth++] = open;
    scanner->at++;
    skip_space(scanner);
    *entered = peek(scanner) != (open == '{' ? '}' : ']');
    if (!*entered) {
        scanner->depth--;
        scanner->at++;
        return HVGPU_OK;
    }
    return open == '{' ? scan_key(scanner) : HVGPU_OK;
}

/* One value up to where the next one begins inside it, or up to its end. */
static enum hvgpu_status scan_value(struct scanner *scanner, bool *entered)
{
    *entered = false;
    skip_space(scanner);
    char c = peek(scanner);
    if (c == '{' || c == '[') {
        return open_container(scanner, entered);
    }
    if (c == '"') {
        enum hvgpu_status status = note(scanner, false);
        return status == HVGPU_OK ? scan_string(scanner) : status;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return scan_number(scanner);
    }
    return scan_word(scanner);
}

/* What follows a finished value: closes containers up to the next comma. *done: the last is closed.
 */
static enum hvgpu_status scan_after_value(struct scanner *scanner, bool *done)
{
    for (;;) {
        *done = scanner->depth == 0;
        if (*done) {
            return HVGPU_OK;
        }
        skip_space(scanner);
        bool in_object = scanner->open[scanner->depth - 1] == '{';
        char c = peek(scanner);
        if (c == ',') {
            scanner->at++;
            return in_object ? scan_key(scanner) : HVGPU_OK;
        }
        if (c != (in_object ? '}' : ']')) {
            return invalid(scanner,
                           in_object ? "',' or '}' was expected" : "',' or ']' was expected");
        }
        scanner->at++;
        scanner->depth--;
    }
}

static enum hvgpu_status scan_document(struct scanner *scanner)
{
    bool done = false;
    while (!done) {
        bool entered;
        enum hvgpu_status status = scan_value(scanner, &entered);
        if (status == HVGPU_OK && !entered) {
            status = scan_after_value(scanner, &done);
        }
        if (status != HVGPU_OK) {
            return status;
        }
    }
    skip_space(scanner);
    if (scanner->at != scanner->len) {
        return invalid(scanner, "text after the end of the document");
    }
    return HVGPU_OK;
}

enum hvgpu_status json_scan(const char *s, size_t len, const char *name, struct json_scan *out,
                            struct hvgpu_error *err)
{
    *out = (struct json_scan){.text = s, .text_len = len};
    text_init(&out->rewritten, SIZE_MAX / 2);
    if (len > JSON_MAX_BYTES) {
        return error_set(err, HVGPU_LIMIT, OPERATION, name, "larger than %u MiB",
                         JSON_MAX_BYTES >> 20);
    }
    struct scanner scanner = {.s = s, .len = len, .name = name, .line = 1, .out = out, .err = err};
    if (len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0) {
        scanner.at = 3; /* the mark that Windows editors put before UTF-8 */
        scanner.copied = 3;
        scanner.line_start = 3;
        out->text = s + 3;
        out->text_len = len - 3;
    }
    enum hvgpu_status status = scan_document(&scanner);
    if (status != HVGPU_OK || out->rewritten.len == 0) {
        return status;
    }
    text_add_n(&out->rewritten, s + scanner.copied, len - scanner.copied);
    if (out->rewritten.failed) {
        return error_set(err, HVGPU_MEMORY, OPERATION, name, "out of memory");
    }
    out->text = out->rewritten.data;
    out->text_len = out->rewritten.len;
    return HVGPU_OK;
}

void json_scan_free(struct json_scan *scan)
{
    text_free(&scan->rewritten);
    free(scan->notes);
    scan->notes = NULL;
    scan->note_count = 0;
    scan->note_cap = 0;
}
