/* SPDX-License-Identifier: MIT
 *
 * Status codes and the error object. A function that can fail returns an enum hvgpu_status and,
 * where the reader needs more, fills a struct hvgpu_error: what was attempted, on what, why (the
 * system's code in words) and what to do next. Errors are values: no allocation, no owner, safe to
 * copy between threads.
 */
#ifndef HVGPU_BASE_STATUS_H
#define HVGPU_BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* X(code, name in JSON, words for people) */
#define HVGPU_STATUS_LIST(X)                                                                       \
    X(OK, "ok", "done")                                                                            \
    X(SKIPPED, "skipped", "skipped")                                                               \
    X(INVALID, "invalid", "the input is not valid")                                                \
    X(NOT_FOUND, "not_found", "no such object")                                                    \
    X(EXISTS, "exists", "it exists already")                                                       \
    X(FOREIGN, "foreign", "the system was not created by hvgpu")                                   \
    X(DENIED, "denied", "access denied")                                                           \
    X(READ_ONLY, "read_only", "changes are switched off")                                          \
    X(UNSUPPORTED, "unsupported", "not supported here")                                            \
    X(UNAVAILABLE, "unavailable", "the service is not available")                                  \
    X(FAILED, "failed", "the host refused the operation")                                          \
    X(ABSENT, "absent", "the GPU is not present")                                                  \
    X(TIMEOUT, "timeout", "no answer in time")                                                     \
    X(CANCELLED, "cancelled", "cancelled")                                                         \
    X(BUSY, "busy", "something else is using it")                                                  \
    X(LIMIT, "limit", "a limit was reached")                                                       \
    X(MEMORY, "memory", "out of memory")                                                           \
    X(IO, "io", "a file or stream failed")                                                         \
    X(PROTOCOL, "protocol", "the answer makes no sense")                                           \
    X(LOST, "lost", "the connection to the host is lost")

enum hvgpu_status {
#define X(code, name, words) HVGPU_##code,
    HVGPU_STATUS_LIST(X)
#undef X
};

/* What kind of number hvgpu_error.code is. */
enum hvgpu_code_kind { HVGPU_CODE_NONE, HVGPU_CODE_HRESULT, HVGPU_CODE_ERRNO };

/* One failure. Every text is UTF-8, cleaned of control characters, never NULL, may be empty. */
struct hvgpu_error {
    enum hvgpu_status status;
    enum hvgpu_code_kind kind;
    int32_t code;       /* HRESULT or errno, see kind */
    char operation[64]; /* "HcsModifyComputeSystem", "read theme" */
    char object[256];   /* id, path or file:line it was about */
    char message[768];  /* why, the code in words included */
    char hint[384];     /* the next thing to do; empty when there is none */
};

#if defined(__GNUC__)
#define HVGPU_MUST_USE            __attribute__((warn_unused_result))
#define HVGPU_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define HVGPU_MUST_USE
#define HVGPU_PRINTF(text, first)
#endif

/* Name for JSON ("not_found") and words for people. Never NULL, any value is accepted. */
const char *hvgpu_status_name(enum hvgpu_status status);
const char *hvgpu_status_words(enum hvgpu_status status);

/* Fills err (may be NULL) and returns status, so that a failing function can end with
 * `return error_set(err, HVGPU_INVALID, "read theme", path, "line %d: ...", line);`.
 * operation and object may be NULL. Foreign text in the arguments is cleaned. Clears hint and code.
 */
enum hvgpu_status error_set(struct hvgpu_error *err, enum hvgpu_status status,
                            const char *operation, const char *object, const char *format, ...)
    HVGPU_PRINTF(5, 6);

/* The same for a failed system call: kind ERRNO, the errno's words appended to the message. */
enum hvgpu_status error_errno(struct hvgpu_error *err, int number, const char *operation,
                              const char *object, const char *format, ...) HVGPU_PRINTF(5, 6);

/* Adds the next thing to do. err may be NULL. */
void error_hint(struct hvgpu_error *err, const char *format, ...) HVGPU_PRINTF(2, 3);

/* Writes "operation object: message. hint" to out, always terminated. */
void error_text(const struct hvgpu_error *err, char *out, int size);

#endif
