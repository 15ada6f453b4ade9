/* SPDX-License-Identifier: MIT */
#include "core/engine/hcs/simulated/scenario_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

enum hvgpu_status read_refuse(struct reader *reader, const struct json *value, const char *format,
                              ...)
{
    char reason[384];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return error_set(reader->err, HVGPU_INVALID, "read scenario", reader->file, "line %d: %s",
                     json_line(value), reason);
}

enum hvgpu_status read_no_memory(struct reader *reader)
{
    return error_set(reader->err, HVGPU_MEMORY, "read scenario", reader->file, "out of memory");
}

/* Which member this is about, for messages: array items have no key. */
static const char *name_of(const struct json *value)
{
    const char *key = json_key(value);
    return key != NULL ? key : "item";
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            return true;
        }
    }
    return false;
}

enum hvgpu_status read_text(struct reader *reader, const struct json *value, size_t max, char **out)
{
    free(*out);
    *out = NULL;
    if (json_type(value) == JSON_NULL) {
        return HVGPU_OK;
    }
    const char *s = json_string(value, "");
    if (s == NULL) {
        return read_refuse(reader, value, "%s: expected a string", name_of(value));
    }
    if (strlen(s) > max) {
        return read_refuse(reader, value, "%s: longer than %zu bytes", name_of(value), max);
    }
    if (has_control(s)) {
        return read_refuse(reader, value, "%s: control character", name_of(value));
    }
    *out = text_copy(s);
    return *out != NULL ? HVGPU_OK : read_no_memory(reader);
}

enum hvgpu_status read_u64(struct reader *reader, const struct json *value, uint64_t max,
                           uint64_t *out)
{
    uint64_t number = 0;
    if (json_type(value) != JSON_NUMBER || !json_u64(value, "", &number) || number > max) {
        return read_refuse(reader, value, "%s: expected an integer from 0 to %llu", name_of(value),
                           (unsigned long long)max);
    }
    *out = number;
    return HVGPU_OK;
}

enum hvgpu_status read_word(struct reader *reader, const struct json *value,
                            const char *const *names, size_t *index)
{
    const char *s = json_string(value, "");
    for (size_t i = 0; s != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], s) == 0) {
            *index = i;
            return HVGPU_OK;
        }
    }
    char allowed[256] = "";
    size_t used = 0;
    for (size_t i = 0; names[i] != NULL && used < sizeof allowed; i++) {
        int n =
            snprintf(allowed + used, sizeof allowed - used, "%s%s", i > 0 ? ", " : "", names[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    return read_refuse(reader, value, "%s: expected one of %s", name_of(value), allowed);
}

static enum hvgpu_status read_bool(struct reader *reader, const struct json *value, bool *out)
{
    if (json_type(value) != JSON_BOOL) {
        return read_refuse(reader, value, "%s: expected true or false", name_of(value));
    }
    *out = json_bool(value, "", false);
    return HVGPU_OK;
}

static enum hvgpu_status read_answer(struct reader *reader, const struct json *value,
                                     enum hvgpu_answer *out)
{
    bool yes = false;
    if (json_type(value) == JSON_NULL) {
        *out = HVGPU_ANSWER_UNKNOWN;
        return HVGPU_OK;
    }
    enum hvgpu_status status = read_bool(reader, value, &yes);
    *out = yes ? HVGPU_ANSWER_YES : HVGPU_ANSWER_NO;
    return status;
}

static enum hvgpu_status read_chars(struct reader *reader, const struct json *value, size_t size,
                                    char *out)
{
    char *s = NULL;
    enum hvgpu_status status = read_text(reader, value, size - 1, &s);
    if (status == HVGPU_OK) {
        snprintf(out, size, "%s", s != NULL ? s : "");
    }
    free(s);
    return status;
}

static enum hvgpu_status read_number(struct reader *reader, const struct json *value, uint64_t max,
                                     struct hvgpu_number *out)
{
    if (json_type(value) == JSON_NULL) {
        *out = (struct hvgpu_number){.known = false};
        return HVGPU_OK;
    }
    enum hvgpu_status status = read_u64(reader, value, max, &out->value);
    out->known = status == HVGPU_OK;
    return status;
}

static enum hvgpu_status read_field(struct reader *reader, const struct field *field,
                                    const struct json *value, void *object)
{
    void *target = (char *)object + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(reader, value, field->max != 0 ? (size_t)field->max : READ_TEXT_MAX,
                         (char **)target);
    case FIELD_CHARS:
        return read_chars(reader, value, (size_t)field->max, target);
    case FIELD_BOOL:
        return read_bool(reader, value, target);
    case FIELD_ANSWER:
        return read_answer(reader, value, target);
    case FIELD_U32: {
        uint64_t number = 0;
        enum hvgpu_status status = read_u64(reader, value, field->max, &number);
        if (status == HVGPU_OK) {
            *(uint32_t *)target = (uint32_t)number;
        }
        return status;
    }
    case FIELD_NUMBER:
        return read_number(reader, value, field->max, target);
    case FIELD_CUSTOM:
        return field->read(reader, value, object);
    case FIELD_OTHER:
        return HVGPU_OK;
    }
    return read_refuse(reader, value, "%s: unknown kind", name_of(value));
}

enum hvgpu_status read_object(struct reader *reader, const struct json *value,
                              const struct field *fields, void *object)
{
    if (json_type(value) != JSON_OBJECT) {
        return read_refuse(reader, value, "%s: expected an object", name_of(value));
    }
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        const struct field *field = fields;
        while (field->key != NULL && strcmp(field->key, json_key(item)) != 0) {
            field++;
        }
        if (field->key == NULL) {
            return read_refuse(reader, item, "unknown member \"%.64s\"", json_key(item));
        }
        enum hvgpu_status status = read_field(reader, field, item, object);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

enum hvgpu_status read_list(struct reader *reader, const struct json *value, size_t item_size,
                            void **items, size_t *count, read_fn read)
{
    if (json_type(value) != JSON_ARRAY) {
        return read_refuse(reader, value, "%s: expected an array", name_of(value));
    }
    size_t added = json_count(value);
    if (added == 0) {
        return HVGPU_OK;
    }
    char *grown = calloc(*count + added, item_size);
    if (grown == NULL) {
        return read_no_memory(reader);
    }
    if (*count > 0) {
        memcpy(grown, *items, *count * item_size);
    }
    free(*items);
    *items = grown;
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        /* Counted before it is read, so that a half-read item is freed with the others. */
        void *object = grown + *count * item_size;
        (*count)++;
        enum hvgpu_status status = read(reader, item, object);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

enum hvgpu_status read_need(struct reader *reader, const struct json *value, const char *member,
                            const char *text)
{
    if (text != NULL && text[0] != '\0') {
        return HVGPU_OK;
    }
    return read_refuse(reader, value, "\"%s\" is missing", member);
}

enum hvgpu_status read_code(struct reader *reader, const struct json *value, hcs_result *out)
{
    uint64_t number = 0;
    const char *s = json_string(value, "");
    if (s == NULL || !text_starts_nocase(s, "0x") || !text_to_u64(s, 1, UINT32_MAX, &number)) {
        return read_refuse(reader, value, "code: expected a text such as \"0x80070005\"");
    }
    *out = HRESULT_OF((uint32_t)number);
    return HVGPU_OK;
}

enum hvgpu_status read_document(struct reader *reader, const struct json *value, char **out)
{
    if (json_type(value) != JSON_OBJECT && json_type(value) != JSON_ARRAY) {
        return read_text(reader, value, 4096, out);
    }
    free(*out);
    *out = json_print(value);
    return *out != NULL ? HVGPU_OK : read_no_memory(reader);
}

enum hvgpu_status read_path(struct reader *reader, const struct json *value, void *object)
{
    char **out = object;
    enum hvgpu_status status = read_text(reader, value, READ_TEXT_MAX, out);
    if (status != HVGPU_OK) {
        return status;
    }
    const char *s = *out != NULL ? *out : "";
    bool letter = (s[0] >= 'A' && s[0] <= 'Z') || (s[0] >= 'a' && s[0] <= 'z');
    if (!letter || s[1] != ':' || s[2] != '\\') {
        return read_refuse(reader, value, "expected an absolute path such as \"C:\\\\folder\"");
    }
    return HVGPU_OK;
}
