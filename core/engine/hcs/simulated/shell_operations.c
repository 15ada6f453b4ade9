/* SPDX-License-Identifier: MIT
 *
 * Operations and streams of the in-process shell: what a caller holds while a request is on its
 * way, and the bytes of processes until they are read.
 */
#include "core/engine/hcs/simulated/shell_private.h"

#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM_MAX = 8 << 20 };

/* ---- operations ---- */

static void operation_free(struct shell *shell, struct hcs_operation_handle *operation)
{
    sim_table_remove(&shell->operations, operation->number);
    free(operation->document);
    free(operation);
}

static hcs_operation create_operation(void *machine, void *context,
                                      hcs_operation_completion callback)
{
    struct shell *shell = machine;
    struct hcs_operation_handle *operation = calloc(1, sizeof(*operation));
    if (operation == NULL) {
        return NULL;
    }
    operation->context = context;
    operation->callback = callback;
    os_mutex_lock(shell->lock);
    operation->number = shell->next_operation++;
    bool ok = sim_table_put(&shell->operations, operation->number, operation);
    os_mutex_unlock(shell->lock);
    if (!ok) {
        free(operation);
        return NULL;
    }
    return operation;
}

static void close_operation(void *machine, hcs_operation operation)
{
    struct shell *shell = machine;
    if (operation == NULL) {
        return;
    }
    os_mutex_lock(shell->lock);
    operation->closed = true;
    if (operation->waiters == 0) {
        free(operation->document);
        operation->document = NULL;
    }
    /* On its way or in its own callback: it goes when that has ended. */
    if (operation->state != OPERATION_PENDING && !operation->in_callback &&
        operation->waiters == 0) {
        operation_free(shell, operation);
    }
    os_mutex_unlock(shell->lock);
}

static void *operation_context(void *machine, hcs_operation operation)
{
    (void)machine;
    return operation->context;
}

static hcs_result cancel_operation(void *machine, hcs_operation operation)
{
    (void)machine;
    (void)operation;
    return HR_E_NOTIMPL;
}

static void local_free(void *machine, void *document)
{
    (void)machine;
    free(document);
}

/* With the lock. The document and information may be NULL. */
static hcs_result take_result(struct hcs_operation_handle *operation,
                              struct hcs_process_information *information, hcs_char **document)
{
    if (operation->state == OPERATION_NEW) {
        return HR_HCS_E_OPERATION_NOT_STARTED;
    }
    if (operation->state == OPERATION_PENDING) {
        return HR_HCS_E_OPERATION_PENDING;
    }
    if (information != NULL && !operation->with_process) {
        return HR_E_INVALIDARG;
    }
    if (information != NULL) {
        *information = operation->information;
        /* The streams are the caller's now. */
        operation->information.std_input = NULL;
        operation->information.std_output = NULL;
        operation->information.std_error = NULL;
    }
    if (document != NULL && operation->document != NULL) {
        *document = utf8_to_utf16(operation->document);
        if (*document == NULL) {
            return HR_HCS_E_OPERATION_RESULT_ALLOCATION_FAILED;
        }
    }
    return operation->result;
}

static hcs_result result_and_info(void *machine, hcs_operation operation,
                                  struct hcs_process_information *information, hcs_char **document)
{
    struct shell *shell = machine;
    if (document != NULL) {
        *document = NULL;
    }
    if (information != NULL) {
        *information = (struct hcs_process_information){0};
    }
    os_mutex_lock(shell->lock);
    hcs_result result = take_result(operation, information, document);
    os_mutex_unlock(shell->lock);
    return result;
}

static hcs_result get_result(void *machine, hcs_operation operation, hcs_char **document)
{
    return result_and_info(machine, operation, NULL, document);
}

static hcs_result wait_for(void *machine, hcs_operation operation, uint32_t timeout_ms,
                           struct hcs_process_information *information, hcs_char **document)
{
    struct shell *shell = machine;
    int64_t deadline =
        timeout_ms == HCS_INFINITE ? INT64_MAX : os_now_ns() + (int64_t)timeout_ms * 1000000;
    bool late = false;
    if (document != NULL) {
        *document = NULL;
    }
    if (information != NULL) {
        *information = (struct hcs_process_information){0};
    }
    os_mutex_lock(shell->lock);
    shell->inside++;
    operation->waiters++;
    while (operation->state == OPERATION_PENDING && !shell->closing && !late) {
        late = !os_cond_wait(shell->done, shell->lock, deadline);
    }
    hcs_result result = operation->state == OPERATION_PENDING
                            ? HR_HCS_E_OPERATION_TIMEOUT
                            : take_result(operation, information, document);
    operation->waiters--;
    if (operation->closed && operation->waiters == 0 && !operation->in_callback &&
        operation->state != OPERATION_PENDING) {
        operation_free(shell, operation);
    }
    shell->inside--;
    if (shell->closing) {
        os_cond_broadcast(shell->done);
    }
    os_mutex_unlock(shell->lock);
    return result;
}

static hcs_result wait_result(void *machine, hcs_operation operation, uint32_t timeout_ms,
                              hcs_char **document)
{
    return wait_for(machine, operation, timeout_ms, NULL, document);
}

static hcs_result wait_result_and_info(void *machine, hcs_operation operation, uint32_t timeout_ms,
                                       struct hcs_process_information *information,
                                       hcs_char **document)
{
    return wait_for(machine, operation, timeout_ms, information, document);
}

/* Nobody took the streams of the result: they are closed. */
static void close_streams(struct shell *shell, const struct machine_output *output)
{
    const uint64_t numbers[] = {output->std_input, output->std_output, output->std_error};
    for (size_t i = 0; i < 3; i++) {
        if (numbers[i] != 0) {
            machine_stream_close(shell->machine, numbers[i], shell_now(shell));
        }
    }
}

void shell_complete(struct shell *shell, struct machine_output *output)
{
    struct hcs_operation_handle *operation = sim_table_get(&shell->operations, output->operation);
    if (operation == NULL || operation->state != OPERATION_PENDING) {
        return;
    }
    operation->state = OPERATION_DONE;
    if (operation->closed) {
        if (shell->file == NULL || state_file_begin(shell->file, shell->machine)) {
            close_streams(shell, output);
            if (shell->file != NULL) {
                state_file_end(shell->file, shell->machine);
            }
        }
        operation_free(shell, operation);
        return;
    }
    operation->result = output->result;
    free(operation->document);
    operation->document = output->document;
    output->document = NULL;
    operation->information = (struct hcs_process_information){
        .process_id = output->process_id,
        .std_input = shell_stream_new(shell, output->std_input, true),
        .std_output = shell_stream_new(shell, output->std_output, false),
        .std_error = shell_stream_new(shell, output->std_error, false),
    };
    if (operation->callback != NULL) {
        operation->in_callback = true;
        os_mutex_unlock(shell->lock);
        operation->callback(operation, operation->context);
        os_mutex_lock(shell->lock);
        operation->in_callback = false;
        /* It may have been closed in there, or started anew. */
        if (operation->closed && operation->state != OPERATION_PENDING && operation->waiters == 0) {
            operation_free(shell, operation);
        }
    }
    os_cond_broadcast(shell->done);
}

void shell_fill_operations(struct hcs_api *api)
{
    api->HcsCreateOperation = create_operation;
    api->HcsCloseOperation = close_operation;
    api->HcsGetOperationContext = operation_context;
    api->HcsGetOperationResult = get_result;
    api->HcsGetOperationResultAndProcessInfo = result_and_info;
    api->HcsWaitForOperationResult = wait_result;
    api->HcsWaitForOperationResultAndProcessInfo = wait_result_and_info;
    api->HcsCancelOperation = cancel_operation;
    api->LocalFree = local_free;
}

/* ---- streams ---- */

struct shell_stream *shell_stream_new(struct shell *shell, uint64_t number, bool input)
{
    struct shell_stream *stream = number == 0 ? NULL : calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return NULL;
    }
    stream->number = number;
    stream->input = input;
    if (!sim_table_put(&shell->streams, number, stream)) {
        free(stream);
        return NULL;
    }
    return stream;
}

static bool make_room(struct shell_stream *stream, size_t len)
{
    if (stream->start > 0) {
        memmove(stream->data, stream->data + stream->start, stream->len);
        stream->start = 0;
    }
    if (stream->len + len > STREAM_MAX) {
        return false; /* a pipe that nobody reads: what does not fit is lost, as a full log is */
    }
    if (stream->len + len > stream->cap) {
        size_t cap = (stream->len + len) * 2;
        char *data = realloc(stream->data, cap);
        if (data == NULL) {
            return false;
        }
        stream->data = data;
        stream->cap = cap;
    }
    return true;
}

void shell_stream_bytes(struct shell *shell, const struct machine_output *output)
{
    struct shell_stream *stream = sim_table_get(&shell->streams, output->stream);
    if (stream == NULL) {
        return;
    }
    if (output->len == 0) {
        stream->end = true;
    } else if (make_room(stream, output->len)) {
        memcpy(stream->data + stream->len, output->bytes, output->len);
        stream->len += output->len;
    }
    os_cond_broadcast(shell->done);
}

void shell_stream_drop(struct shell *shell, struct shell_stream *stream)
{
    if (stream->closed && stream->users == 0) {
        sim_table_remove(&shell->streams, stream->number);
        free(stream->data);
        free(stream);
    }
}
