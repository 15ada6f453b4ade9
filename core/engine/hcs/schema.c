/* SPDX-License-Identifier: MIT
 *
 * Questions to the schema table: may this member be sent, is this document valid. One recursive
 * walk over table and document together; it stops at the first problem and names its place. Pure
 * functions of constant data, for any thread.
 */
#include "core/engine/hcs/schema.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/schema_table.h"

/* Where in the document the walk is. Frames live on the walk's own stack. */
struct place {
    const struct place *parent;
    const char *key;
    size_t index;
    bool is_index;
};

struct walk {
    const struct schema_level *level;
    const char *root; /* type of the whole document */
    struct hvgpu_error *err;
};

/* ---- looking up ---- */

static const struct schema_type *type_in(const struct schema_type *types, const char *name)
{
    for (; types->name != NULL; types++) {
        if (strcmp(types->name, name) == 0) {
            return types;
        }
    }
    return NULL;
}

static const struct schema_type *find_type(const char *name)
{
    const struct schema_type *type = type_in(schema_request_types, name);
    if (type == NULL) {
        type = type_in(schema_machine_types, name);
    }
    return type != NULL ? type : type_in(schema_container_types, name);
}

static const struct schema_enum *enum_in(const struct schema_enum *enums, const char *name)
{
    for (; enums->name != NULL; enums++) {
        if (strcmp(enums->name, name) == 0) {
            return enums;
        }
    }
    return NULL;
}

static const struct schema_enum *find_enum(const char *name)
{
    const struct schema_enum *found = enum_in(schema_request_enums, name);
    if (found == NULL) {
        found = enum_in(schema_machine_enums, name);
    }
    return found != NULL ? found : enum_in(schema_container_enums, name);
}

static const struct schema_member *find_member(const struct schema_type *type, const char *name)
{
    for (size_t i = 0; i < type->member_count; i++) {
        if (strcmp(type->members[i].name, name) == 0) {
            return &type->members[i];
        }
    }
    return NULL;
}

static bool level_has(const struct schema_level *level, const struct schema_member *member)
{
    bool version =
        level->major > 2 || (level->major == 2 && level->minor >= (unsigned)member->since_minor);
    return version && level->build >= member->since_build;
}

bool schema_allows(const struct schema_level *level, const char *type, const char *member)
{
    const struct schema_type *found = find_type(type);
    if (found == NULL) {
        /* The settings of guest requests go by their ResourceType. */
        char guest[64];
        snprintf(guest, sizeof guest, "Guest_%s", type);
        found = find_type(guest);
    }
    const struct schema_member *row = found != NULL ? find_member(found, member) : NULL;
    return row != NULL && level_has(level, row);
}

/* ---- messages ---- */

static void place_text(const struct place *place, struct text *out)
{
    if (place == NULL) {
        text_add(out, "$");
        return;
    }
    place_text(place->parent, out);
    if (place->is_index) {
        text_addf(out, "[%zu]", place->index);
    } else {
        text_addf(out, ".%s", place->key);
    }
}

static enum hvgpu_status refuse(const struct walk *walk, const struct place *place,
                                const char *reason)
{
    struct text where;
    text_init(&where, 512);
    place_text(place, &where);
    enum hvgpu_status status = error_set(walk->err, HVGPU_INVALID, "check document", walk->root,
                                         "%s: %s", where.data, reason);
    text_free(&where);
    return status;
}

static enum hvgpu_status refuse_newer(const struct walk *walk, const struct place *place,
                                      const struct schema_member *member)
{
    char reason[192];
    const struct schema_level *level = walk->level;
    if (member->since_build > level->build) {
        snprintf(reason, sizeof reason, "needs Windows build %u, this host is build %u",
                 (unsigned)member->since_build, level->build);
    } else {
        snprintf(reason, sizeof reason, "needs schema 2.%u, this host has %u.%u",
                 (unsigned)member->since_minor, level->major, level->minor);
    }
    return refuse(walk, place, reason);
}

static enum hvgpu_status refuse_value(const struct walk *walk, const struct place *place,
                                      const char *value, const struct schema_enum *allowed)
{
    struct text reason;
    text_init(&reason, 1024);
    text_addf(&reason, "\"%.64s\" is not one of", value);
    for (const char *const *item = allowed->values; *item != NULL; item++) {
        text_addf(&reason, "%s %s", item == allowed->values ? "" : ",", *item);
    }
    enum hvgpu_status status = refuse(walk, place, reason.data);
    text_free(&reason);
    return status;
}

/* ---- values ---- */

static enum hvgpu_status check_object(const struct walk *walk, const struct place *place,
                                      const struct schema_type *type, const struct json *value);

static enum hvgpu_status check_unsigned(const struct walk *walk, const struct place *place,
                                        const struct json *value, uint64_t max)
{
    uint64_t number = 0;
    if (json_type(value) != JSON_NUMBER) {
        return refuse(walk, place, "expected an integer");
    }
    if (!json_u64(value, "", &number) || number > max) {
        char reason[96];
        snprintf(reason, sizeof reason, "expected an integer from 0 to %llu",
                 (unsigned long long)max);
        return refuse(walk, place, reason);
    }
    return HVGPU_OK;
}

static enum hvgpu_status check_signed(const struct walk *walk, const struct place *place,
                                      const struct json *value, int64_t min, int64_t max)
{
    int64_t number = 0;
    if (json_type(value) != JSON_NUMBER) {
        return refuse(walk, place, "expected an integer");
    }
    if (!json_i64(value, "", &number) || number < min || number > max) {
        char reason[96];
        snprintf(reason, sizeof reason, "expected an integer from %lld to %lld", (long long)min,
                 (long long)max);
        return refuse(walk, place, reason);
    }
    return HVGPU_OK;
}

static enum hvgpu_status check_enum(const struct walk *walk, const struct place *place,
                                    const char *type, const struct json *value)
{
    const struct schema_enum *allowed = find_enum(type);
    const char *text = json_string(value, "");
    if (allowed == NULL || text == NULL) {
        return refuse(walk, place, "expected a string");
    }
    for (const char *const *item = allowed->values; *item != NULL; item++) {
        if (strcmp(*item, text) == 0) {
            return HVGPU_OK;
        }
    }
    return refuse_value(walk, place, text, allowed);
}

static enum hvgpu_status check_one(const struct walk *walk, const struct place *place,
                                   enum schema_kind kind, const char *type,
                                   const struct json *value)
{
    switch (kind) {
    case SCHEMA_STRING:
        return json_type(value) == JSON_STRING ? HVGPU_OK
                                               : refuse(walk, place, "expected a string");
    case SCHEMA_BOOL:
        return json_type(value) == JSON_BOOL ? HVGPU_OK
                                             : refuse(walk, place, "expected true or false");
    case SCHEMA_UINT8:
        return check_unsigned(walk, place, value, UINT8_MAX);
    case SCHEMA_UINT16:
        return check_unsigned(walk, place, value, UINT16_MAX);
    case SCHEMA_UINT32:
        return check_unsigned(walk, place, value, UINT32_MAX);
    case SCHEMA_UINT64:
        return check_unsigned(walk, place, value, UINT64_MAX);
    case SCHEMA_INT32:
        return check_signed(walk, place, value, INT32_MIN, INT32_MAX);
    case SCHEMA_INT64:
        return check_signed(walk, place, value, INT64_MIN, INT64_MAX);
    case SCHEMA_ENUM:
        return check_enum(walk, place, type, value);
    case SCHEMA_OBJECT:
        return check_object(walk, place, find_type(type), value);
    case SCHEMA_FREE:
        return json_type(value) == JSON_OBJECT ? HVGPU_OK
                                               : refuse(walk, place, "expected an object");
    }
    return refuse(walk, place, "unknown kind");
}

static enum hvgpu_status check_member(const struct walk *walk, const struct place *place,
                                      const struct schema_member *member, const struct json *value)
{
    if (!level_has(walk->level, member)) {
        return refuse_newer(walk, place, member);
    }
    if (member->shape == SCHEMA_ONE) {
        return check_one(walk, place, member->kind, member->type, value);
    }
    bool is_list = member->shape == SCHEMA_LIST;
    if (json_type(value) != (is_list ? JSON_ARRAY : JSON_OBJECT)) {
        return refuse(walk, place, is_list ? "expected an array" : "expected an object");
    }
    struct place item_place = {.parent = place, .is_index = is_list};
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        item_place.key = json_key(item);
        enum hvgpu_status status = check_one(walk, &item_place, member->kind, member->type, item);
        if (status != HVGPU_OK) {
            return status;
        }
        item_place.index++;
    }
    return HVGPU_OK;
}

/* Settings and GuestRequest are described by other members of the same request, and null stands for
 * their absence. */
static bool is_described_elsewhere(const struct schema_type *type, const char *key)
{
    bool is_request =
        strcmp(type->name, "ModifySettingRequest") == 0 || strcmp(type->name, "GuestRequest") == 0;
    return is_request && (strcmp(key, "Settings") == 0 || strcmp(key, "GuestRequest") == 0);
}

static enum hvgpu_status check_object(const struct walk *walk, const struct place *place,
                                      const struct schema_type *type, const struct json *value)
{
    if (json_type(value) != JSON_OBJECT) {
        return refuse(walk, place, "expected an object");
    }
    if (type == NULL || type->member_count == 0) {
        return HVGPU_OK;
    }
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        const char *key = json_key(item);
        struct place here = {.parent = place, .key = key};
        const struct schema_member *member = find_member(type, key);
        if (member == NULL) {
            char reason[128];
            snprintf(reason, sizeof reason, "no such member in %s", type->name);
            return refuse(walk, &here, reason);
        }
        if (is_described_elsewhere(type, key)) {
            continue;
        }
        enum hvgpu_status status = check_member(walk, &here, member, item);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

/* ---- requests ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_guid_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
}

/* Length of the element at the start of path that the placeholder accepts; 0: none. */
static size_t match_placeholder(const char *placeholder, const char *path)
{
    size_t len = strcspn(path, "/");
    if (text_starts(placeholder, "{rest}")) {
        return strlen(path);
    }
    if (text_starts(placeholder, "{number}")) {
        size_t digits = 0;
        while (is_digit(path[digits])) {
            digits++;
        }
        return digits == len ? len : 0;
    }
    if (text_starts(placeholder, "{guid}")) {
        size_t used = 0;
        while (is_guid_character(path[used])) {
            used++;
        }
        return used == 36 && len == 36 ? len : 0;
    }
    return len; /* {name} */
}

static bool matches_resource(const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t used = match_placeholder(pattern, path);
            if (used == 0) {
                return false;
            }
            path += used;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static enum hvgpu_status check_settings(const struct walk *walk, const struct json *request)
{
    const char *path = json_string(request, "ResourcePath");
    const struct json *settings = json_member(request, "Settings");
    if (path == NULL || path[0] == '\0') {
        return HVGPU_OK;
    }
    for (const struct schema_resource *r = schema_resources; r->pattern != NULL; r++) {
        if (!matches_resource(r->pattern, path)) {
            continue;
        }
        struct place place = {.key = "Settings"};
        bool check = r->kind != SCHEMA_FREE && json_type(settings) != JSON_NULL;
        return check ? check_one(walk, &place, r->kind, r->type, settings) : HVGPU_OK;
    }
    struct place place = {.key = "ResourcePath"};
    return refuse(walk, &place, "unknown resource");
}

static enum hvgpu_status check_guest_settings(const struct walk *walk, const struct place *place,
                                              const struct schema_guest_request *kind,
                                              const struct json *settings)
{
    if (json_type(settings) == JSON_NULL) {
        return HVGPU_OK;
    }
    if (json_type(settings) != JSON_OBJECT) {
        return refuse(walk, place, "expected an object");
    }
    for (size_t i = 0; i < 2 && kind->required[i] != NULL; i++) {
        if (json_member(settings, kind->required[i]) == NULL) {
            struct place missing = {.parent = place, .key = kind->required[i]};
            return refuse(walk, &missing, "is required");
        }
    }
    size_t index = 0;
    const struct json *layers = json_member(settings, "Layers");
    for (const struct json *layer = json_first(layers); layer != NULL; layer = json_next(layer)) {
        struct place list = {.parent = place, .key = "Layers"};
        struct place item = {.parent = &list, .index = index, .is_index = true};
        index++;
        if (json_member(layer, "Id") == NULL || json_member(layer, "Path") == NULL) {
            return refuse(walk, &item, "a layer needs Id and Path");
        }
    }
    return kind->type != NULL ? check_object(walk, place, find_type(kind->type), settings)
                              : HVGPU_OK;
}

static enum hvgpu_status check_guest_request(const struct walk *walk, const struct json *request)
{
    struct place place = {.key = "GuestRequest"};
    enum hvgpu_status status = check_object(walk, &place, find_type("GuestRequest"), request);
    if (status != HVGPU_OK) {
        return status;
    }
    const char *name = json_string(request, "ResourceType");
    for (const struct schema_guest_request *kind = schema_guest_requests;
         name != NULL && kind->resource_type != NULL; kind++) {
        if (strcmp(kind->resource_type, name) == 0) {
            struct place settings = {.parent = &place, .key = "Settings"};
            return check_guest_settings(walk, &settings, kind, json_member(request, "Settings"));
        }
    }
    struct place kind_place = {.parent = &place, .key = "ResourceType"};
    return refuse(walk, &kind_place, "unknown resource type");
}

enum hvgpu_status schema_check(const struct schema_level *level, const char *type,
                               const struct json *document, struct hvgpu_error *err)
{
    struct walk walk = {.level = level, .root = type, .err = err};
    const struct schema_type *root = find_type(type);
    if (root == NULL) {
        return refuse(&walk, NULL, "no such document type");
    }
    enum hvgpu_status status = check_object(&walk, NULL, root, document);
    if (status == HVGPU_OK && strcmp(type, "ModifySettingRequest") == 0) {
        const struct json *guest = json_member(document, "GuestRequest");
        if (json_type(guest) != JSON_NULL) {
            status = check_guest_request(&walk, guest);
        }
        if (status == HVGPU_OK) {
            status = check_settings(&walk, document);
        }
    }
    return status;
}
