/* SPDX-License-Identifier: MIT
 *
 * Operations of the HCS client: one request on its way. Every operation has a completion callback;
 * it fetches the result on the system's thread, closes the operation there (which the API allows),
 * and hands the result to the waiting thread or to the done function. See client_private.h.
 */
#include "core/engine/hcs/client_private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

char *client_narrow(const hcs_char *wide)
{
    if (wide == NULL) {
        return NULL;
    }
    size_t len = utf16_length(wide);
    if (len > JSON_MAX_BYTES) {
        return text_copy("(a document of more than 16 MiB)");
    }
    return utf16_to_utf8(wide, len);
}

hcs_char *client_wide_json(const struct json *document)
{
    if (document == NULL) {
        return NULL;
    }
    char *text = json_print(document);
    hcs_char *wide = text == NULL ? NULL : utf8_to_utf16(text);
    free(text);
    return wide;
}

/* ---- life ---- */

static void client_release(struct client *client) /* with the mutex held; unlocks */
{
    client->holders--;
    bool last = client->holders == 0;
    os_mutex_unlock(client->mutex);
    if (last) {
        os_cond_free(client->cond);
        os_mutex_free(client->mutex);
        free(client);
    }
}

static void unlink_operation(struct operation *operation)
{
    struct client *client = operation->client;
    if (operation->previous != NULL) {
        operation->previous->next = operation->next;
    } else if (client->in_flight == operation) {
        client->in_flight = operation->next;
    }
    if (operation->next != NULL) {
        operation->next->previous = operation->previous;
    }
    operation->previous = operation->next = NULL;
}

/* Gives one hold back. With the mutex held; unlocks. */
static void operation_release(struct operation *operation)
{
    struct client *client = operation->client;
    operation->holders--;
    if (operation->holders > 0) {
        os_mutex_unlock(client->mutex);
        return;
    }
    unlink_operation(operation);
    free(operation->document);
    free(operation);
    client_release(client);
}

/* A result that nobody waits for any more may carry streams: they are ours to close. */
static void close_unwanted_streams(const struct client *client,
                                   const struct hcs_process_information *info)
{
    const hcs_stream streams[] = {info->std_input, info->std_output, info->std_error};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        if (client_is_stream(streams[i])) {
            client->host->stream_close(client->host->machine, streams[i]);
        }
    }
}

/* Runs the done function of an asynchronous read. With the mutex held; returns with it held. */
static void call_done(struct operation *operation, int32_t code, const char *document)
{
    struct client *client = operation->client;
    client_done_fn fn = operation->done_fn;
    operation->done_fn = NULL;
    client->callbacks++;
    os_mutex_unlock(client->mutex);
    fn(operation->done_context, code, document);
    os_mutex_lock(client->mutex);
    client->callbacks--;
    if (client->callbacks == 0) {
        os_cond_broadcast(client->cond);
    }
}

static void on_completion(hcs_operation handle, void *context)
{
    struct operation *operation = context;
    struct client *client = operation->client;
    const struct hcs_api *hcs = client->hcs;
    struct hcs_process_information info = {0};
    hcs_char *wide = NULL;
    int32_t code =
        operation->with_process
            ? hcs->HcsGetOperationResultAndProcessInfo(hcs->machine, handle, &info, &wide)
            : hcs->HcsGetOperationResult(hcs->machine, handle, &wide);
    /* Closed first: the host can forget its copy of the document before there is one more. */
    hcs->HcsCloseOperation(hcs->machine, handle);
    char *document = client_narrow(wide);
    if (wide != NULL) {
        hcs->LocalFree(hcs->machine, wide);
    }

    os_mutex_lock(client->mutex);
    bool unwanted = operation->abandoned && operation->with_process;
    operation->done = true;
    operation->code = code;
    operation->info = info;
    if (operation->done_fn != NULL) {
        call_done(operation, code, document);
        free(document);
    } else {
        operation->document = document;
        os_cond_broadcast(client->cond);
    }
    if (unwanted) { /* before the release: with the last hold the client itself goes */
        os_mutex_unlock(client->mutex);
        close_unwanted_streams(client, &info);
        os_mutex_lock(client->mutex);
    }
    operation_release(operation);
}

struct operation *operation_new(struct client *client, bool with_process)
{
    struct operation *operation = calloc(1, sizeof *operation);
    if (operation == NULL) {
        return NULL;
    }
    operation->client = client;
    operation->with_process = with_process;
    operation->holders = 2;
    operation->handle =
        client->hcs->HcsCreateOperation(client->hcs->machine, operation, on_completion);
    if (operation->handle == NULL) {
        free(operation);
        return NULL;
    }
    os_mutex_lock(client->mutex);
    client->holders++;
    operation->next = client->in_flight;
    if (operation->next != NULL) {
        operation->next->previous = operation;
    }
    client->in_flight = operation;
    os_mutex_unlock(client->mutex);
    return operation;
}

void operation_discard(struct operation *operation)
{
    struct client *client = operation->client;
    client->hcs->HcsCloseOperation(client->hcs->machine, operation->handle);
    os_mutex_lock(client->mutex);
    operation->holders = 1; /* the callback will never come */
    operation_release(operation);
}

/* ---- waiting ---- */

enum hvgpu_status operation_no_memory(const char *name, const char *object, int32_t *code,
                                      struct hvgpu_error *err)
{
    if (code != NULL) {
        *code = HR_E_OUTOFMEMORY;
    }
    return error_set(err, HVGPU_MEMORY, name, object, "out of memory");
}

/* Success documents are optional for most calls, but what comes must be a document. */
static enum hvgpu_status check_shape(const struct operation_call *call, const char *document,
                                     struct hvgpu_error *err)
{
    bool blank = document == NULL || document[strspn(document, " \t\r\n")] == '\0';
    if (blank && call->shape == ANSWER_OPTIONAL) {
        return HVGPU_OK;
    }
    struct json *parsed = NULL;
    struct hvgpu_error why;
    if (blank) {
        error_set(&why, HVGPU_PROTOCOL, NULL, NULL, "there is no document");
    } else if (json_parse(document, strlen(document), call->name, &parsed, &why) == HVGPU_OK) {
        enum json_type type = json_type(parsed);
        json_free(parsed);
        if (type == (call->shape == ANSWER_ARRAY ? JSON_ARRAY : JSON_OBJECT)) {
            return HVGPU_OK;
        }
        error_set(&why, HVGPU_PROTOCOL, NULL, NULL, "the document is not %s",
                  call->shape == ANSWER_ARRAY ? "an array" : "an object");
    }
    error_set(err, HVGPU_PROTOCOL, call->name, call->object,
              "the host reported success with an answer that makes no sense: %s", why.message);
    error_hint(err, "look at what really exists before trying again");
    return HVGPU_PROTOCOL;
}

unsigned client_time_limit(const struct client *client, unsigned timeout_ms)
{
    unsigned most = client->timeout_most_ms;
    return most > 0 && most < timeout_ms ? most : timeout_ms;
}

/* True when the result is there; false: time is up or the client was stopped. With the mutex held.
 */
static bool wait_done(struct operation *operation, unsigned timeout_ms)
{
    struct client *client = operation->client;
    timeout_ms = client_time_limit(client, timeout_ms);
    int64_t deadline = os_now_ns() + (int64_t)timeout_ms * 1000000;
    while (!operation->done && !operation->given_up && !client->stopped) {
        if (!os_cond_wait(client->cond, client->mutex, deadline)) {
            break;
        }
    }
    return operation->done;
}

static enum hvgpu_status gave_up(bool stopped, const struct operation_call *call, int32_t *code,
                                 struct hvgpu_error *err)
{
    if (code != NULL) {
        *code = HR_HCS_E_OPERATION_TIMEOUT;
    }
    if (stopped) {
        return error_set(err, HVGPU_CANCELLED, call->name, call->object,
                         "the host is being closed; the request goes on");
    }
    return error_hresult(err, HR_HCS_E_OPERATION_TIMEOUT, call->name, call->object, NULL);
}

enum hvgpu_status operation_end_process(struct operation *operation, hcs_result started,
                                        const struct operation_call *call,
                                        struct hcs_process_information *info, int32_t *code,
                                        char **answer, struct hvgpu_error *err)
{
    if (HRESULT_IS_FAILURE(started)) {
        operation_discard(operation);
        if (code != NULL) {
            *code = started;
        }
        return error_hresult(err, started, call->name, call->object, NULL);
    }
    struct client *client = operation->client;
    os_mutex_lock(client->mutex);
    operation->object = call->object;
    if (!wait_done(operation, call->timeout_ms)) {
        bool stopped = client->stopped;
        operation->abandoned = true;
        operation->object = NULL; /* the caller's text */
        operation_release(operation);
        return gave_up(stopped, call, code, err);
    }
    int32_t result = operation->code;
    char *document = operation->document;
    operation->document = NULL;
    operation->object = NULL;
    if (info != NULL) {
        *info = operation->info;
    }
    operation_release(operation);

    if (code != NULL) {
        *code = result;
    }
    enum hvgpu_status st = HVGPU_OK;
    if (HRESULT_IS_FAILURE(result)) {
        st = error_hresult(err, result, call->name, call->object, document);
    } else {
        st = check_shape(call, document, err);
    }
    if (answer != NULL) {
        *answer = document;
    } else {
        free(document);
    }
    return st;
}

enum hvgpu_status operation_end(struct operation *operation, hcs_result started,
                                const struct operation_call *call, int32_t *code, char **answer,
                                struct hvgpu_error *err)
{
    return operation_end_process(operation, started, call, NULL, code, answer, err);
}

void client_give_up(struct client *client, const char *id)
{
    os_mutex_lock(client->mutex);
    for (struct operation *operation = client->in_flight; operation != NULL;
         operation = operation->next) {
        if (operation->object != NULL && strcmp(operation->object, id) == 0) {
            operation->given_up = true;
        }
    }
    os_cond_broadcast(client->cond);
    os_mutex_unlock(client->mutex);
}

/* ---- the client's own life, and the asynchronous reads ---- */

struct client *client_new(const struct hcs_api *hcs, const struct host_api *host)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->hcs = hcs;
    client->host = host;
    client->holders = 1;
    client->mutex = os_mutex_new();
    client->cond = os_cond_new();
    uint64_t most = 0;
    if (text_to_u64(getenv("HVGPU_TIMEOUT_MS"), 1, UINT32_MAX, &most)) {
        client->timeout_most_ms = (unsigned)most;
    }
    if (client->mutex == NULL || client->cond == NULL) {
        os_mutex_free(client->mutex);
        os_cond_free(client->cond);
        free(client);
        return NULL;
    }
    return client;
}

void client_free(struct client *client)
{
    if (client != NULL) {
        os_mutex_lock(client->mutex);
        client_release(client);
    }
}

void client_stop(struct client *client)
{
    os_mutex_lock(client->mutex);
    client->stopped = true;
    os_cond_broadcast(client->cond);
    os_mutex_unlock(client->mutex);
}

void client_forget_async(struct client *client)
{
    os_mutex_lock(client->mutex);
    for (struct operation *o = client->in_flight; o != NULL; o = o->next) {
        o->abandoned = o->abandoned || o->done_fn != NULL;
        o->done_fn = NULL;
    }
    while (client->callbacks > 0) {
        os_cond_wait(client->cond, client->mutex, INT64_MAX);
    }
    os_mutex_unlock(client->mutex);
}

void client_machine_gone(struct client *client)
{
    os_mutex_lock(client->mutex);
    while (client->in_flight != NULL) {
        struct operation *operation = client->in_flight;
        operation->holders = 1;
        operation_release(operation);
        os_mutex_lock(client->mutex);
    }
    os_mutex_unlock(client->mutex);
}

const struct hcs_api *client_hcs(const struct client *client)
{
    return client->hcs;
}

const struct host_api *client_host(const struct client *client)
{
    return client->host;
}

/* Ends the start of an asynchronous read: the starter's hold goes, the callback's stays. */
static enum hvgpu_status async_started(struct operation *operation, hcs_result started,
                                       const char *name, const char *object,
                                       struct hvgpu_error *err)
{
    if (HRESULT_IS_FAILURE(started)) {
        operation_discard(operation);
        return error_hresult(err, started, name, object, NULL);
    }
    os_mutex_lock(operation->client->mutex);
    operation_release(operation);
    return HVGPU_OK;
}

enum hvgpu_status client_enumerate_async(struct client *client, const struct json *query,
                                         client_done_fn done, void *context,
                                         struct hvgpu_error *err)
{
    static const char name[] = "HcsEnumerateComputeSystems";
    hcs_char *wide = client_wide_json(query);
    struct operation *operation = operation_new(client, false);
    if (operation == NULL || (query != NULL && wide == NULL)) {
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(name, "", NULL, err);
    }
    operation->done_fn = done;
    operation->done_context = context;
    hcs_result started =
        client->hcs->HcsEnumerateComputeSystems(client->hcs->machine, wide, operation->handle);
    free(wide);
    return async_started(operation, started, name, "", err);
}

enum hvgpu_status client_properties_async(struct client_system *system, const struct json *query,
                                          client_done_fn done, void *context,
                                          struct hvgpu_error *err)
{
    static const char name[] = "HcsGetComputeSystemProperties";
    struct client *client = system->client;
    hcs_char *wide = client_wide_json(query);
    struct operation *operation = operation_new(client, false);
    if (operation == NULL || (query != NULL && wide == NULL)) {
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(name, system->id, NULL, err);
    }
    operation->done_fn = done;
    operation->done_context = context;
    hcs_result started = client->hcs->HcsGetComputeSystemProperties(
        client->hcs->machine, system->handle, operation->handle, wide);
    free(wide);
    return async_started(operation, started, name, system->id, err);
}
