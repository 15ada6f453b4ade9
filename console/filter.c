/* SPDX-License-Identifier: MIT
 *
 * The filter language: see filter.h. Matching is the hot path of a list of 10,000 rows: the words
 * are folded once, and the search looks for the first letter before it compares.
 */
#include "console/filter.h"

#include <string.h>

#include "core/base/text.h"

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const char *filter_search(const char *haystack, const char *needle, size_t needle_len)
{
    if (haystack == NULL) {
        return NULL;
    }
    if (needle_len == 0) {
        return haystack;
    }
    char first = needle[0];
    for (const char *s = haystack; *s != '\0'; s++) {
        if (fold(*s) != first) {
            continue;
        }
        size_t i = 1;
        while (i < needle_len && fold(s[i]) == needle[i]) {
            i++;
        }
        if (i == needle_len) {
            return s;
        }
    }
    return NULL;
}

/* One word: up to a blank, a quote opens a part in which blanks count. Returns what follows it.
 * colon is the length in front of the first unquoted colon, SIZE_MAX when there is none. */
static const char *read_word(const char *s, char *out, size_t size, size_t *len, size_t *colon)
{
    size_t n = 0;
    bool quoted = false;
    *colon = SIZE_MAX;
    for (; *s != '\0' && (quoted || *s != ' '); s++) {
        if (*s == '"') {
            quoted = !quoted;
            continue;
        }
        if (*s == ':' && !quoted && *colon == SIZE_MAX) {
            *colon = n;
        }
        if (n + 1 < size) {
            out[n++] = fold(*s);
        }
    }
    out[n] = '\0';
    *len = n;
    return s;
}

/* The field of that name, or the only one whose name begins so; -1: none. */
static int field_index(const char *name, size_t len, const char *const *fields)
{
    int found = -1;
    int beginning = 0;
    for (int i = 0; fields != NULL && fields[i] != NULL; i++) {
        if (strncmp(fields[i], name, len) != 0) {
            continue;
        }
        if (fields[i][len] == '\0') {
            return i;
        }
        beginning++;
        found = i;
    }
    return beginning == 1 && len >= 2 ? found : -1; /* a single letter may be a drive's */
}

void filter_parse(struct filter *filter, const char *text, const char *const *fields)
{
    char source[FILTER_TEXT];
    text_clean(source, sizeof(source), text); /* text may be the filter's own source */
    memset(filter, 0, sizeof(*filter));
    memcpy(filter->source, source, sizeof(source));
    const char *s = filter->source;
    while (*s != '\0' && filter->count < FILTER_TERMS) {
        if (*s == ' ') {
            s++;
            continue;
        }
        struct filter_term *term = &filter->terms[filter->count];
        term->field = -1;
        if (*s == '!') {
            term->negated = true;
            s++;
        }
        char word[FILTER_TEXT];
        size_t len;
        size_t colon;
        s = read_word(s, word, sizeof(word), &len, &colon);
        size_t start = 0;
        if (colon != SIZE_MAX && colon > 0) {
            term->field = field_index(word, colon, fields);
            start = term->field >= 0 ? colon + 1 : 0;
        }
        size_t size = len - start < sizeof(term->text) ? len - start : sizeof(term->text) - 1;
        memcpy(term->text, word + start, size);
        term->text[size] = '\0';
        term->len = size;
        if (size > 0) {
            filter->count++;
        } else {
            memset(term, 0, sizeof(*term)); /* "field:" or "!" while it is being typed */
        }
    }
}

static bool term_matches(const struct filter_term *term, const void *context, const void *row,
                         int field_count, filter_field_fn field)
{
    char scratch[320];
    int from = term->field >= 0 ? term->field : 0;
    int to = term->field >= 0 ? term->field + 1 : field_count;
    for (int i = from; i < to && i < field_count; i++) {
        const char *text = field(context, row, i, scratch, sizeof(scratch));
        if (filter_search(text, term->text, term->len) != NULL) {
            return true;
        }
    }
    return false;
}

bool filter_matches(const struct filter *filter, const void *context, const void *row,
                    int field_count, filter_field_fn field)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct filter_term *term = &filter->terms[i];
        if (term_matches(term, context, row, field_count, field) == term->negated) {
            return false;
        }
    }
    return true;
}

bool filter_find(const struct filter *filter, const char *text, size_t *start, size_t *len)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct filter_term *term = &filter->terms[i];
        const char *at = term->negated ? NULL : filter_search(text, term->text, term->len);
        if (at != NULL) {
            *start = (size_t)(at - text);
            *len = term->len;
            return true;
        }
    }
    return false;
}
