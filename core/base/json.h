/* SPDX-License-Identifier: MIT
 *
 * JSON: the only door to cJSON. Adds what the outside world needs: limits on size and depth, valid
 * UTF-8 only, errors with line and column, and integers of 64 bits kept exact (cJSON keeps doubles,
 * and partition quotas are as large as 2^64-1).
 *
 * A struct json is one value. Children belong to their parent; json_free() on the root frees all.
 * Not thread-safe per tree; different trees may be used by different threads.
 */
#ifndef HVGPU_BASE_JSON_H
#define HVGPU_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct json;

#define JSON_MAX_BYTES (16u << 20)
#define JSON_MAX_DEPTH 64

/* Parses len bytes. A byte order mark is skipped. Refuses: more than JSON_MAX_BYTES, deeper than
 * JSON_MAX_DEPTH, malformed UTF-8, raw control characters and \u0000 in strings, two members of one
 * name, trailing text. The message names line and column; `name` is the object in the error (a
 * file, "probe answer"). */
enum hvgpu_status json_parse(const char *s, size_t len, const char *name, struct json **out,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
void json_free(struct json *value); /* NULL is fine */
struct json *json_copy(const struct json *value);
/* New memory (free()); NULL when out of memory or value is NULL. */
char *json_print(const struct json *value);        /* one line */
char *json_print_pretty(const struct json *value); /* two spaces an indent */
/* Same type and content; member order does not matter. */
bool json_equal(const struct json *a, const struct json *b);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
enum json_type json_type(const struct json *value); /* NULL counts as JSON_NULL */

/* Reading. path is member names joined by '/', "" is the value itself; a missing member, a wrong
 * type or a NULL value gives the fallback. Strings belong to the tree. */
const struct json *json_get(const struct json *value, const char *path);
const struct json *json_member(const struct json *object, const char *key); /* exact key */
const char *json_string(const struct json *value, const char *path);        /* NULL when absent */
bool json_bool(const struct json *value, const char *path, bool fallback);
bool json_u64(const struct json *value, const char *path, uint64_t *out); /* exact; false: absent */
bool json_i64(const struct json *value, const char *path, int64_t *out);
bool json_double(const struct json *value, const char *path, double *out);
/* Iteration over an array or object, in order: NULL at the end. */
const struct json *json_first(const struct json *parent);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child); /* NULL for array items */
size_t json_count(const struct json *parent);
/* Line of the value in the text it was parsed from, 1 the first; 0: it was built, not parsed. */
int json_line(const struct json *value);

/* Writing. Constructors return NULL when out of memory. The add functions take ownership of
 * `child` in every case, return it (or NULL on failure) and accept a NULL parent or child, so that
 * a document is built without checks and verified once by json_print(). */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *s); /* NULL gives null */
struct json *json_new_u64(uint64_t n);
struct json *json_new_i64(int64_t n);
struct json *json_new_double(double n);
struct json *json_new_bool(bool b);
struct json *json_new_null(void);
struct json *json_add(struct json *object, const char *key, struct json *child);
struct json *json_append(struct json *array, struct json *child);
struct json *json_add_object(struct json *object, const char *key);
struct json *json_add_array(struct json *object, const char *key);
void json_add_string(struct json *object, const char *key, const char *s);
void json_add_u64(struct json *object, const char *key, uint64_t n);
void json_add_i64(struct json *object, const char *key, int64_t n);
void json_add_double(struct json *object, const char *key, double n);
void json_add_bool(struct json *object, const char *key, bool b);
void json_add_null(struct json *object, const char *key);
void json_remove(struct json *object, const char *key);
struct json *json_detach(struct json *object, const char *key); /* to the caller */

#endif
