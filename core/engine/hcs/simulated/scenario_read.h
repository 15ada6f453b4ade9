/* SPDX-License-Identifier: MIT
 *
 * Reading of JSON objects by tables of fields: which members an object may have, their kinds and
 * limits, and where they go. Everything that is not in the table is refused with file, line and
 * reason. Used by the scenario parser only (scenario*.c).
 *
 * null is accepted for texts, answers and numbers that may be unknown, and means just that.
 */
#ifndef HVGPU_SIMULATED_SCENARIO_READ_H
#define HVGPU_SIMULATED_SCENARIO_READ_H

#include "core/base/json.h"
#include "core/engine/hcs/simulated/scenario.h"

#define READ_TEXT_MAX 512

struct reader {
    const char *file; /* for messages */
    struct hvgpu_error *err;
};

typedef enum hvgpu_status (*read_fn)(struct reader *reader, const struct json *value,
                                     void *object);

enum field_kind {
    FIELD_TEXT,   /* char *; max 0: READ_TEXT_MAX bytes */
    FIELD_CHARS,  /* char[max] */
    FIELD_BOOL,   /* bool */
    FIELD_ANSWER, /* enum hvgpu_answer */
    FIELD_U32,    /* uint32_t or unsigned, at most max */
    FIELD_NUMBER, /* struct hvgpu_number, at most max */
    FIELD_CUSTOM, /* read() gets the object */
    FIELD_OTHER   /* is read elsewhere */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    uint64_t max;
    read_fn read;
};

/* Reads every member of `value` into `object`. fields end with a NULL key. */
enum hvgpu_status read_object(struct reader *reader, const struct json *value,
                              const struct field *fields, void *object);

/* Appends one zeroed item to *items for each member of the array and reads it with read(). */
enum hvgpu_status read_list(struct reader *reader, const struct json *value, size_t item_size,
                            void **items, size_t *count, read_fn read);

/* A text of at most max bytes without control characters; *out is new memory, NULL for null. The
 * old value is freed. */
enum hvgpu_status read_text(struct reader *reader, const struct json *value, size_t max,
                            char **out);
enum hvgpu_status read_u64(struct reader *reader, const struct json *value, uint64_t max,
                           uint64_t *out);
/* The text must be one of names (ends with NULL); its index is returned. */
enum hvgpu_status read_word(struct reader *reader, const struct json *value,
                            const char *const *names, size_t *index);

/* An absolute Windows path, into a char *. Also an item of read_list(). */
enum hvgpu_status read_path(struct reader *reader, const struct json *value, void *object);
/* "0x80070005" as an HRESULT. */
enum hvgpu_status read_code(struct reader *reader, const struct json *value, hcs_result *out);
/* A document of the API: an object or array, or a text that is sent as it stands (nonsense). */
enum hvgpu_status read_document(struct reader *reader, const struct json *value, char **out);
/* Refuses when the text that `member` of the object `value` must give is missing. */
enum hvgpu_status read_need(struct reader *reader, const struct json *value, const char *member,
                            const char *text);

enum hvgpu_status read_refuse(struct reader *reader, const struct json *value, const char *format,
                              ...) HVGPU_PRINTF(3, 4);
enum hvgpu_status read_no_memory(struct reader *reader);

/* ---- scenario_gpu.c, scenario_parts.c: items of a scenario's lists, for read_list() ---- */
enum hvgpu_status read_gpu(struct reader *reader, const struct json *value, void *object);
enum hvgpu_status read_image(struct reader *reader, const struct json *value, void *object);
enum hvgpu_status read_system(struct reader *reader, const struct json *value, void *object);
enum hvgpu_status read_fault(struct reader *reader, const struct json *value, void *object);
void clear_gpu(struct scenario_gpu *gpu);
void clear_image(struct host_image *image);
void clear_system(struct scenario_system *system);
void clear_fault(struct scenario_fault *fault);

#endif
