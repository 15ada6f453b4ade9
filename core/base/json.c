/* SPDX-License-Identifier: MIT
 *
 * JSON trees: see json.h. A struct json is a cJSON item under another name; this is the one file
 * that knows. Three members that cJSON leaves free are put to use:
 * - valueint holds the line a parsed value began on (0: built);
 * - a value of type cJSON_Raw is an integer beyond 2^53, its digits in valuestring;
 * - valuedouble of an array or object is 1 when adding to it failed for lack of memory.
 */
#include "core/base/json.h"

#include <cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json_parts.h"

#define OPERATION "read JSON"

static cJSON *item_of(struct json *value)
{
    return (cJSON *)value;
}

static const cJSON *const_item_of(const struct json *value)
{
    return (const cJSON *)value;
}

static struct json *value_of(cJSON *item)
{
    return (struct json *)item;
}

static const struct json *const_value_of(const cJSON *item)
{
    return (const struct json *)item;
}

/* ---- parsing ---- */

static int compare_names(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

/* A few members are compared pairwise; many are sorted, so that hostile objects stay cheap. */
static enum hvgpu_status find_duplicate(const cJSON *object, const char **duplicate)
{
    size_t count = 0;
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        count++;
        for (const cJSON *other = object->child; count <= 8 && other != member;
             other = other->next) {
            if (strcmp(other->string, member->string) == 0) {
                *duplicate = member->string;
                return HVGPU_OK;
            }
        }
    }
    if (count <= 8) {
        return HVGPU_OK;
    }
    const char **names = malloc(count * sizeof *names);
    if (names == NULL) {
        return HVGPU_MEMORY;
    }
    size_t used = 0;
    cJSON_ArrayForEach(member, object)
    {
        names[used++] = member->string;
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && *duplicate == NULL; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            *duplicate = names[i];
        }
    }
    free(names);
    return HVGPU_OK;
}

struct apply {
    const struct json_scan *scan;
    size_t next;
    const char *name;
    struct hvgpu_error *err;
};

/* Gives every item its note. Depth is bounded by the scan. */
static enum hvgpu_status apply_notes(struct apply *apply, cJSON *item)
{
    if (apply->next == apply->scan->note_count) {
        return error_set(apply->err, HVGPU_INVALID, OPERATION, apply->name,
                         "the document was read in two ways");
    }
    uint32_t note = apply->scan->notes[apply->next++];
    int line = (int)(note / 2);
    item->valueint = line;
    if (note % 2 == 1) {
        item->type = cJSON_Raw;
    }
    if (cJSON_IsNumber(item) && !isfinite(item->valuedouble)) {
        return error_set(apply->err, HVGPU_INVALID, OPERATION, apply->name,
                         "line %d: the number is out of range", line);
    }
    if (cJSON_IsObject(item)) {
        const char *duplicate = NULL;
        if (find_duplicate(item, &duplicate) != HVGPU_OK) {
            return error_set(apply->err, HVGPU_MEMORY, OPERATION, apply->name, "out of memory");
        }
        if (duplicate != NULL) {
            return error_set(apply->err, HVGPU_INVALID, OPERATION, apply->name,
                             "line %d: the object has two members \"%s\"", line, duplicate);
        }
    }
    for (cJSON *child = item->child; child != NULL; child = child->next) {
        enum hvgpu_status status = apply_notes(apply, child);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

/* The tree of a scanned text, every item with its note. */
static enum hvgpu_status build_tree(const struct json_scan *scan, const char *name, cJSON **out,
                                    struct hvgpu_error *err)
{
    cJSON *root = cJSON_ParseWithLengthOpts(scan->text, scan->text_len, NULL, false);
    if (root == NULL) {
        return error_set(err, HVGPU_MEMORY, OPERATION, name, "out of memory");
    }
    struct apply apply = {.scan = scan, .name = name, .err = err};
    enum hvgpu_status status = apply_notes(&apply, root);
    if (status != HVGPU_OK) {
        cJSON_Delete(root);
        return status;
    }
    *out = root;
    return HVGPU_OK;
}

enum hvgpu_status json_parse(const char *s, size_t len, const char *name, struct json **out,
                             struct hvgpu_error *err)
{
    *out = NULL;
    struct json_scan scan;
    enum hvgpu_status status = json_scan(s != NULL ? s : "", s != NULL ? len : 0, name, &scan, err);
    cJSON *root = NULL;
    if (status == HVGPU_OK) {
        status = build_tree(&scan, name, &root, err);
    }
    json_scan_free(&scan);
    *out = value_of(root);
    return status;
}

void json_free(struct json *value)
{
    cJSON_Delete(item_of(value));
}

struct json *json_copy(const struct json *value)
{
    return value != NULL ? value_of(cJSON_Duplicate(const_item_of(value), true)) : NULL;
}

/* ---- reading ---- */

enum json_type json_type(const struct json *value)
{
    if (value == NULL) {
        return JSON_NULL;
    }
    switch (const_item_of(value)->type & 0xFF) {
    case cJSON_True:
    case cJSON_False:
        return JSON_BOOL;
    case cJSON_Number:
    case cJSON_Raw:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

static const cJSON *member_n(const cJSON *object, const char *key, size_t len)
{
    if (!cJSON_IsObject(object)) {
        return NULL;
    }
    for (const cJSON *member = object->child; member != NULL; member = member->next) {
        if (strncmp(member->string, key, len) == 0 && member->string[len] == '\0') {
            return member;
        }
    }
    return NULL;
}

const struct json *json_member(const struct json *object, const char *key)
{
    if (key == NULL) {
        return NULL;
    }
    return const_value_of(member_n(const_item_of(object), key, strlen(key)));
}

const struct json *json_get(const struct json *value, const char *path)
{
    const cJSON *item = const_item_of(value);
    while (item != NULL && path != NULL && *path != '\0') {
        size_t len = strcspn(path, "/");
        item = member_n(item, path, len);
        path += len;
        if (*path == '/') {
            path++;
        }
    }
    return const_value_of(item);
}

const char *json_string(const struct json *value, const char *path)
{
    const cJSON *item = const_item_of(json_get(value, path));
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool json_bool(const struct json *value, const char *path, bool fallback)
{
    const cJSON *item = const_item_of(json_get(value, path));
    return cJSON_IsBool(item) ? (bool)cJSON_IsTrue(item) : fallback;
}

/* An integer as sign and amount; false: it is none, or its amount is 2^64 or more. */
static bool whole_number(const struct json *value, bool *negative, uint64_t *amount)
{
    const char *digits = json_digits(value);
    if (digits != NULL) {
        *negative = digits[0] == '-';
        return text_to_u64(digits + (*negative ? 1 : 0), 0, UINT64_MAX, amount);
    }
    const cJSON *item = const_item_of(value);
    if (!cJSON_IsNumber(item)) {
        return false;
    }
    double number = item->valuedouble;
    *negative = number < 0;
    double magnitude = *negative ? -number : number;
    if (magnitude > JSON_EXACT_MAX) {
        return false;
    }
    *amount = (uint64_t)magnitude;
    return !((double)*amount < magnitude); /* else it has a fraction */
}

bool json_u64(const struct json *value, const char *path, uint64_t *out)
{
    bool negative;
    uint64_t amount;
    if (!whole_number(json_get(value, path), &negative, &amount) || negative) {
        return false;
    }
    *out = amount;
    return true;
}

bool json_i64(const struct json *value, const char *path, int64_t *out)
{
    bool negative;
    uint64_t amount;
    if (!whole_number(json_get(value, path), &negative, &amount)) {
        return false;
    }
    if (amount > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    /* -(amount - 1) - 1 reaches INT64_MIN without overflow. */
    *out = negative ? -(int64_t)(amount - 1) - 1 : (int64_t)amount;
    return true;
}

bool json_double(const struct json *value, const char *path, double *out)
{
    const struct json *found = json_get(value, path);
    const char *digits = json_digits(found);
    if (digits != NULL) {
        *out = strtod(digits, NULL);
        return true;
    }
    const cJSON *item = const_item_of(found);
    if (!cJSON_IsNumber(item)) {
        return false;
    }
    *out = item->valuedouble;
    return true;
}

static bool is_container(const cJSON *item)
{
    return cJSON_IsObject(item) || cJSON_IsArray(item);
}

const struct json *json_first(const struct json *parent)
{
    const cJSON *item = const_item_of(parent);
    return is_container(item) ? const_value_of(item->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
    return child != NULL ? const_value_of(const_item_of(child)->next) : NULL;
}

const char *json_key(const struct json *child)
{
    return child != NULL ? const_item_of(child)->string : NULL;
}

size_t json_count(const struct json *parent)
{
    size_t count = 0;
    for (const struct json *child = json_first(parent); child != NULL; child = json_next(child)) {
        count++;
    }
    return count;
}

int json_line(const struct json *value)
{
    return value != NULL ? const_item_of(value)->valueint : 0;
}

const char *json_digits(const struct json *value)
{
    const cJSON *item = const_item_of(value);
    return cJSON_IsRaw(item) ? item->valuestring : NULL;
}

bool json_is_incomplete(const struct json *value)
{
    const cJSON *item = const_item_of(value);
    return is_container(item) && item->valuedouble > 0;
}

/* ---- comparing ---- */

static bool numbers_equal(const struct json *a, const struct json *b)
{
    const char *a_digits = json_digits(a);
    const char *b_digits = json_digits(b);
    if (a_digits != NULL && b_digits != NULL) {
        return strcmp(a_digits, b_digits) == 0;
    }
    double a_number = 0;
    double b_number = 0;
    return json_double(a, "", &a_number) && json_double(b, "", &b_number) &&
           !(a_number < b_number) && !(a_number > b_number);
}

static bool children_equal(const struct json *a, const struct json *b)
{
    if (json_count(a) != json_count(b)) {
        return false;
    }
    bool by_key = json_type(a) == JSON_OBJECT;
    const struct json *other = json_first(b);
    for (const struct json *child = json_first(a); child != NULL; child = json_next(child)) {
        /* Mostly the order is the same too, so that looking up is rare. */
        if (by_key && (other == NULL || strcmp(json_key(other), json_key(child)) != 0)) {
            other = json_member(b, json_key(child));
        }
        if (other == NULL || !json_equal(child, other)) {
            return false;
        }
        other = json_next(other);
    }
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    enum json_type type = json_type(a);
    if (type != json_type(b)) {
        return false;
    }
    switch (type) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return json_bool(a, "", false) == json_bool(b, "", false);
    case JSON_NUMBER:
        return numbers_equal(a, b);
    case JSON_STRING:
        return strcmp(json_string(a, ""), json_string(b, "")) == 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return children_equal(a, b);
    }
    return false;
}

/* ---- writing ---- */

struct json *json_new_object(void)
{
    return value_of(cJSON_CreateObject());
}

struct json *json_new_array(void)
{
    return value_of(cJSON_CreateArray());
}

struct json *json_new_null(void)
{
    return value_of(cJSON_CreateNull());
}

struct json *json_new_bool(bool b)
{
    return value_of(cJSON_CreateBool(b));
}

struct json *json_new_string(const char *s)
{
    return s != NULL ? value_of(cJSON_CreateString(s)) : json_new_null();
}

/* valueint is the line of parsed values only; cJSON would set it to the number. */
static struct json *new_number(double n)
{
    cJSON *item = cJSON_CreateNumber(n);
    if (item != NULL) {
        item->valueint = 0;
    }
    return value_of(item);
}

struct json *json_new_double(double n)
{
    return isfinite(n) ? new_number(n) : json_new_null();
}

struct json *json_new_u64(uint64_t n)
{
    if (n <= (uint64_t)JSON_EXACT_MAX) {
        return new_number((double)n);
    }
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRIu64, n);
    return value_of(cJSON_CreateRaw(digits));
}

struct json *json_new_i64(int64_t n)
{
    if (n >= 0) {
        return json_new_u64((uint64_t)n);
    }
    if (n >= -(int64_t)JSON_EXACT_MAX) {
        return new_number((double)n);
    }
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    return value_of(cJSON_CreateRaw(digits));
}

/* Frees a child that could not be added and remembers that the parent lacks it. */
static struct json *add_failed(struct json *parent, struct json *child)
{
    json_free(child);
    if (is_container(item_of(parent))) {
        item_of(parent)->valuedouble = 1;
    }
    return NULL;
}

struct json *json_add(struct json *object, const char *key, struct json *child)
{
    if (!cJSON_IsObject(item_of(object)) || key == NULL || child == NULL) {
        return add_failed(object, child);
    }
    json_remove(object, key); /* one key, one member: a second one would be refused when read */
    if (!cJSON_AddItemToObject(item_of(object), key, item_of(child))) {
        return add_failed(object, child);
    }
    return child;
}

struct json *json_append(struct json *array, struct json *child)
{
    if (!cJSON_IsArray(item_of(array)) || child == NULL ||
        !cJSON_AddItemToArray(item_of(array), item_of(child))) {
        return add_failed(array, child);
    }
    return child;
}

struct json *json_add_object(struct json *object, const char *key)
{
    return json_add(object, key, json_new_object());
}

struct json *json_add_array(struct json *object, const char *key)
{
    return json_add(object, key, json_new_array());
}

void json_add_string(struct json *object, const char *key, const char *s)
{
    (void)json_add(object, key, json_new_string(s));
}

void json_add_u64(struct json *object, const char *key, uint64_t n)
{
    (void)json_add(object, key, json_new_u64(n));
}

void json_add_i64(struct json *object, const char *key, int64_t n)
{
    (void)json_add(object, key, json_new_i64(n));
}

void json_add_double(struct json *object, const char *key, double n)
{
    (void)json_add(object, key, json_new_double(n));
}

void json_add_bool(struct json *object, const char *key, bool b)
{
    (void)json_add(object, key, json_new_bool(b));
}

void json_add_null(struct json *object, const char *key)
{
    (void)json_add(object, key, json_new_null());
}

struct json *json_detach(struct json *object, const char *key)
{
    if (!cJSON_IsObject(item_of(object)) || key == NULL) {
        return NULL;
    }
    cJSON *child = cJSON_DetachItemFromObjectCaseSensitive(item_of(object), key);
    if (child != NULL) {
        cJSON_free(child->string);
        child->string = NULL;
    }
    return value_of(child);
}

void json_remove(struct json *object, const char *key)
{
    json_free(json_detach(object, key));
}
