/* SPDX-License-Identifier: MIT
 *
 * What the JSON files of this folder share: the scan that precedes cJSON, and the view of a number
 * that printing needs. Not for others; they include json.h.
 */
#ifndef HVGPU_BASE_JSON_PARTS_H
#define HVGPU_BASE_JSON_PARTS_H

#include "core/base/json.h"
#include "core/base/text.h"

/* Largest integer up to which every integer is a double: 2^53. */
#define JSON_EXACT_MAX 9007199254740992.0

/* Values one document may hold, so that 16 MiB of "[1,1,1" cannot take a gigabyte as a tree. */
#define JSON_MAX_VALUES (2u << 20)

/* Result of the scan. text is what cJSON parses: the input with the integers beyond 2^53 turned
 * into strings. notes holds one entry a value, in document order: line * 2 + 1 when it was turned.
 */
struct json_scan {
    struct text rewritten;
    const char *text; /* the input itself, or rewritten.data */
    size_t text_len;
    uint32_t *notes;
    size_t note_count, note_cap;
};

/* Checks limits, UTF-8 and the whole grammar (RFC 8259), so that cJSON meets nothing that it would
 * read laxly. The caller frees with json_scan_free() in every case. */
enum hvgpu_status json_scan(const char *s, size_t len, const char *name, struct json_scan *out,
                            struct hvgpu_error *err) HVGPU_MUST_USE;
void json_scan_free(struct json_scan *scan);

/* The exact digits of an integer beyond 2^53; NULL for every other value. */
const char *json_digits(const struct json *value);
/* A member or item could not be added for lack of memory, so that the value is not complete. */
bool json_is_incomplete(const struct json *value);

#endif
