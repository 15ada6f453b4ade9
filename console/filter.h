/* SPDX-License-Identifier: MIT
 *
 * The filter language behind '/', the same in every list and in the event stream:
 *     word           any column contains it (ASCII case does not matter)
 *     field:value    that column contains it; the beginning of the name is enough (own:hvgpu), an
 *                    unknown name makes it a plain word
 *     !word          must not be there
 *     "two words"    quoted, also behind field: and !
 * All words must hold. A filter is a plain value; parsing never fails, so that it can be applied
 * while it is being typed.
 */
#ifndef HVGPU_CONSOLE_FILTER_H
#define HVGPU_CONSOLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define FILTER_TERMS 16
#define FILTER_TEXT  256

struct filter_term {
    char text[80]; /* lower case */
    size_t len;
    int field; /* index into the field names; -1: any */
    bool negated;
};

struct filter {
    char source[FILTER_TEXT]; /* as typed */
    struct filter_term terms[FILTER_TERMS];
    size_t count; /* 0: everything matches */
};

/* Gives the text of one field of a row; may use scratch. NULL: the row has none. */
typedef const char *(*filter_field_fn)(const void *context, const void *row, int field,
                                       char *scratch, size_t size);

/* fields is ended by NULL and only read here. */
void filter_parse(struct filter *filter, const char *text, const char *const *fields);
bool filter_matches(const struct filter *filter, const void *context, const void *row,
                    int field_count, filter_field_fn field);
/* Where the first wanted word stands in text, for highlighting; false: nowhere. In bytes. */
bool filter_find(const struct filter *filter, const char *text, size_t *start, size_t *len);
/* The search below all of it: needle in lower case; returns NULL when absent. */
const char *filter_search(const char *haystack, const char *needle, size_t needle_len);

#endif
