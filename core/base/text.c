/* SPDX-License-Identifier: MIT
 *
 * The bounded growing buffer and the small questions about strings: see text.h. Comparison without
 * case folds ASCII letters only: instance ids, GUIDs and file names of Windows drivers are ASCII,
 * and folding must not depend on the locale. No state, no threads.
 */
#include "core/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What data points to while nothing is allocated (cap 0). Never written through. */
static const char empty[1] = "";

void text_init(struct text *t, size_t max)
{
    *t = (struct text){.data = (char *)(uintptr_t)empty, .max = max};
}

void text_free(struct text *t)
{
    if (t->cap > 0) {
        free(t->data);
    }
    text_init(t, t->max);
}

void text_clear(struct text *t)
{
    if (t->cap > 0) {
        t->data[0] = '\0';
    }
    t->len = 0;
    t->failed = false;
}

/* Makes room for `more` bytes and the terminator. */
static bool reserve(struct text *t, size_t more)
{
    if (t->failed || more > t->max || t->len > t->max - more) {
        t->failed = true;
        return false;
    }
    size_t need = t->len + more + 1;
    if (need <= t->cap) {
        return true;
    }
    size_t cap = t->cap < 64 ? 64 : t->cap;
    while (cap < need) {
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    }
    char *grown = realloc(t->cap > 0 ? t->data : NULL, cap);
    if (grown == NULL) {
        t->failed = true;
        return false;
    }
    t->data = grown;
    t->cap = cap;
    return true;
}

void text_add_n(struct text *t, const char *s, size_t len)
{
    if (len == 0 || !reserve(t, len)) {
        return;
    }
    memcpy(t->data + t->len, s, len);
    t->len += len;
    t->data[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
    if (s != NULL) {
        text_add_n(t, s, strlen(s));
    }
}

void text_add_char(struct text *t, char c)
{
    text_add_n(t, &c, 1);
}

void text_addf(struct text *t, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length < 0) {
        t->failed = true;
        return;
    }
    if ((size_t)length < sizeof small) {
        text_add_n(t, small, (size_t)length);
        return;
    }
    if (!reserve(t, (size_t)length)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(t->data + t->len, (size_t)length + 1, format, args);
    va_end(args);
    t->len += (size_t)length;
}

char *text_take(struct text *t)
{
    char *taken = NULL;
    if (!t->failed) {
        if (t->cap > 0) {
            taken = t->data;
            t->cap = 0;
        } else {
            taken = text_copy("");
        }
    }
    text_free(t);
    return taken;
}

char *text_copy(const char *s)
{
    if (s == NULL) {
        return NULL;
    }
    size_t size = strlen(s) + 1;
    char *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, s, size);
    }
    return copy;
}

char *text_format(const char *format, ...)
{
    if (format == NULL) {
        return NULL;
    }
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        return NULL;
    }
    char *out = malloc((size_t)length + 1);
    if (out == NULL) {
        return NULL;
    }
    va_start(args, format);
    (void)vsnprintf(out, (size_t)length + 1, format, args);
    va_end(args);
    return out;
}

static unsigned char fold(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : byte;
}

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

bool text_equal_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return fold(*a) == fold(*b);
}

bool text_starts(const char *s, const char *prefix)
{
    if (s == NULL || prefix == NULL) {
        return false;
    }
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_starts_nocase(const char *s, const char *prefix)
{
    if (s == NULL || prefix == NULL) {
        return false;
    }
    while (*prefix != '\0' && fold(*s) == fold(*prefix)) {
        s++;
        prefix++;
    }
    return *prefix == '\0';
}

bool text_ends_nocase(const char *s, const char *suffix)
{
    if (s == NULL || suffix == NULL) {
        return false;
    }
    size_t s_len = strlen(s);
    size_t suffix_len = strlen(suffix);
    return suffix_len <= s_len && text_equal_nocase(s + (s_len - suffix_len), suffix);
}

bool text_find_nocase(const char *haystack, const char *needle)
{
    if (haystack == NULL || needle == NULL) {
        return false;
    }
    if (*needle == '\0') {
        return true;
    }
    unsigned char first = fold(*needle);
    for (; *haystack != '\0'; haystack++) {
        if (fold(*haystack) == first && text_starts_nocase(haystack + 1, needle + 1)) {
            return true;
        }
    }
    return false;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    unsigned char lower = fold(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

bool text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
    if (s == NULL) {
        return false;
    }
    unsigned base = 10;
    if (s[0] == '0' && fold(s[1]) == 'x') {
        base = 16;
        s += 2;
    }
    if (*s == '\0') {
        return false;
    }
    uint64_t value = 0;
    for (; *s != '\0'; s++) {
        unsigned digit = (unsigned)digit_value(*s);
        if (digit >= base || value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

uint64_t text_hash(const char *s, size_t len)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)s[i]) * 1099511628211u;
    }
    return hash;
}
