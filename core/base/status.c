/* SPDX-License-Identifier: MIT
 *
 * Status codes and the error object: see status.h. Every text is formatted into a local buffer
 * first and then cleaned into the error, so that arguments may point into the error itself (a
 * message that wraps the one below it) and no foreign byte gets past. No state, no threads.
 */
#include "core/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/os/os.h"
#include "core/base/text.h"

/* Longer than any field, so that cleaning decides where a text ends and never cuts a character. */
#define FORMAT_BYTES 2048

static const struct {
    const char *name;
    const char *words;
} statuses[] = {
#define X(code, text_name, text_words) [HVGPU_##code] = {.name = text_name, .words = text_words},
    HVGPU_STATUS_LIST(X)
#undef X
};

#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])

const char *hvgpu_status_name(enum hvgpu_status status)
{
    size_t index = (size_t)status;
    return index < STATUS_COUNT ? statuses[index].name : "unknown";
}

const char *hvgpu_status_words(enum hvgpu_status status)
{
    size_t index = (size_t)status;
    return index < STATUS_COUNT ? statuses[index].words : "unknown status";
}

static void fill(struct hvgpu_error *err, enum hvgpu_status status, const char *operation,
                 const char *object, const char *message)
{
    struct hvgpu_error filled;
    memset(&filled, 0, sizeof filled);
    filled.status = status;
    filled.kind = HVGPU_CODE_NONE;
    text_clean(filled.operation, sizeof filled.operation, operation);
    text_clean(filled.object, sizeof filled.object, object);
    text_clean(filled.message, sizeof filled.message, message);
    *err = filled;
}

enum hvgpu_status error_set(struct hvgpu_error *err, enum hvgpu_status status,
                            const char *operation, const char *object, const char *format, ...)
{
    if (err == NULL) {
        return status;
    }
    char message[FORMAT_BYTES];
    va_list args;
    va_start(args, format);
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        message[0] = '\0';
    }
    va_end(args);
    fill(err, status, operation, object, message);
    return status;
}

enum hvgpu_status error_errno(struct hvgpu_error *err, int number, const char *operation,
                              const char *object, const char *format, ...)
{
    enum hvgpu_status status = os_errno_status(number);
    if (err == NULL) {
        return status;
    }
    char message[FORMAT_BYTES];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (length < 0) {
        message[0] = '\0';
    }
    char words[160];
    os_errno_words(number, words, sizeof words);
    size_t used = strlen(message);
    (void)snprintf(message + used, sizeof message - used, "%s%s", used > 0 ? ": " : "", words);
    fill(err, status, operation, object, message);
    err->kind = HVGPU_CODE_ERRNO;
    err->code = number;
    return status;
}

void error_hint(struct hvgpu_error *err, const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    char hint[FORMAT_BYTES];
    va_list args;
    va_start(args, format);
    if (vsnprintf(hint, sizeof hint, format, args) < 0) {
        hint[0] = '\0';
    }
    va_end(args);
    text_clean(err->hint, sizeof err->hint, hint);
}

void error_text(const struct hvgpu_error *err, char *out, int size)
{
    if (size <= 0) {
        return;
    }
    out[0] = '\0';
    if (err == NULL) {
        return;
    }
    const char *message = err->message;
    if (message[0] == '\0') {
        message = hvgpu_status_words(err->status);
    }
    char line[sizeof err->operation + sizeof err->object + sizeof err->message + sizeof err->hint +
              8];
    bool has_name = err->operation[0] != '\0' || err->object[0] != '\0';
    bool has_both = err->operation[0] != '\0' && err->object[0] != '\0';
    bool ends = message[0] != '\0' && strchr(".!?", message[strlen(message) - 1]) != NULL;
    (void)snprintf(line, sizeof line, "%s%s%s%s%s%s%s", err->operation, has_both ? " " : "",
                   err->object, has_name ? ": " : "", message,
                   err->hint[0] == '\0' ? "" : (ends ? " " : ". "), err->hint);
    text_clean(out, (size_t)size, line);
}
