/* SPDX-License-Identifier: MIT
 *
 * The HCS client: the service, compute systems and their events. Each function is one call of the
 * API made waiting (client_operation.c), with its document converted and its error put in words.
 *
 * A system handle is reference-counted. Its last drop unregisters the callback and closes the
 * handle on the dropping thread, which therefore must not be one of the system's own callbacks.
 */
#include "core/engine/hcs/client_private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

enum { EVENT_UNITS_MAX = 64 * 1024, EXIT_POLL_FIRST_MS = 200, EXIT_POLL_LAST_MS = 2000 };

/* ---- the service ---- */

/* The newest 2.x of {"Properties":[{"SupportedSchemaVersions":[{"Major":2,"Minor":7}]}]}. */
static bool newest_schema(const struct json *answer, struct schema_level *level)
{
    bool found = false;
    for (const struct json *p = json_first(json_get(answer, "Properties")); p != NULL;
         p = json_next(p)) {
        const struct json *v = json_first(json_get(p, "SupportedSchemaVersions"));
        for (; v != NULL; v = json_next(v)) {
            uint64_t major = 0, minor = 0;
            if (json_u64(v, "Major", &major) && json_u64(v, "Minor", &minor) && major == 2 &&
                minor < 1000 && (!found || minor > level->minor)) {
                level->major = 2;
                level->minor = (unsigned)minor;
                found = true;
            }
        }
    }
    return found;
}

enum hvgpu_status client_service(struct client *client, struct schema_level *level,
                                 struct hvgpu_error *err)
{
    static const char name[] = "HcsGetServiceProperties";
    static const char query[] = "{\"PropertyTypes\":[\"Basic\"]}";
    const struct hcs_api *hcs = client->hcs;
    hcs_char *wide = utf8_to_utf16(query);
    if (wide == NULL) {
        return operation_no_memory(name, "", NULL, err);
    }
    hcs_char *wide_answer = NULL;
    hcs_result code = hcs->HcsGetServiceProperties(hcs->machine, wide, &wide_answer);
    free(wide);
    char *answer = client_narrow(wide_answer);
    if (wide_answer != NULL) {
        hcs->LocalFree(hcs->machine, wide_answer);
    }
    enum hvgpu_status st = HVGPU_OK;
    if (HRESULT_IS_FAILURE(code)) {
        st = error_hresult(err, code, name, "vmcompute", answer);
        free(answer);
        return st;
    }
    struct json *parsed = NULL;
    memset(level, 0, sizeof *level);
    if (answer == NULL || json_parse(answer, strlen(answer), name, &parsed, NULL) != HVGPU_OK ||
        !newest_schema(parsed, level)) {
        st = error_set(err, HVGPU_PROTOCOL, name, "vmcompute",
                       "the service names no schema version 2.x");
        error_hint(err, "check that the Windows build is 17763 or newer");
    }
    json_free(parsed);
    free(answer);
    return st;
}

enum hvgpu_status client_enumerate(struct client *client, const struct json *query,
                                   unsigned timeout_ms, char **answer, struct hvgpu_error *err)
{
    struct operation_call call = {.name = "HcsEnumerateComputeSystems",
                                  .object = "",
                                  .timeout_ms = timeout_ms,
                                  .shape = ANSWER_ARRAY};
    if (answer != NULL) {
        *answer = NULL;
    }
    hcs_char *wide = client_wide_json(query);
    struct operation *operation = operation_new(client, false);
    if (operation == NULL || (query != NULL && wide == NULL)) {
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(call.name, "", NULL, err);
    }
    hcs_result started =
        client->hcs->HcsEnumerateComputeSystems(client->hcs->machine, wide, operation->handle);
    free(wide);
    return operation_end(operation, started, &call, NULL, answer, err);
}

enum hvgpu_status client_grant_access(struct client *client, const char *vm_id, const char *path,
                                      int32_t *code, struct hvgpu_error *err)
{
    static const char name[] = "HcsGrantVmAccess";
    hcs_char *wide_id = utf8_to_utf16(vm_id);
    hcs_char *wide_path = utf8_to_utf16(path);
    hcs_result result = HR_E_OUTOFMEMORY;
    if (wide_id != NULL && wide_path != NULL) {
        result = client->hcs->HcsGrantVmAccess(client->hcs->machine, wide_id, wide_path);
    }
    free(wide_id);
    free(wide_path);
    if (code != NULL) {
        *code = result;
    }
    return HRESULT_IS_FAILURE(result) ? error_hresult(err, result, name, path, NULL) : HVGPU_OK;
}

/* ---- handles ---- */

static struct client_system *system_new(struct client *client, const char *id)
{
    struct client_system *system = calloc(1, sizeof *system);
    if (system != NULL) {
        system->client = client;
        system->holders = 1;
        system->id = text_copy(id);
        if (system->id == NULL) {
            free(system);
            system = NULL;
        }
    }
    return system;
}

static void system_link(struct client_system *system)
{
    struct client *client = system->client;
    os_mutex_lock(client->mutex);
    system->next = client->systems;
    if (system->next != NULL) {
        system->next->previous = system;
    }
    client->systems = system;
    os_mutex_unlock(client->mutex);
}

static void system_close(struct client_system *system)
{
    struct client *client = system->client;
    const struct hcs_api *hcs = client->hcs;
    if (system->listening) {
        (void)client_listen(system, NULL, NULL, NULL);
    }
    hcs->HcsCloseComputeSystem(hcs->machine, system->handle);
    os_mutex_lock(client->mutex);
    if (system->previous != NULL) {
        system->previous->next = system->next;
    } else if (client->systems == system) {
        client->systems = system->next;
    }
    if (system->next != NULL) {
        system->next->previous = system->previous;
    }
    os_mutex_unlock(client->mutex);
    free(system->id);
    free(system);
}

void client_system_keep(struct client_system *system)
{
    os_mutex_lock(system->client->mutex);
    system->holders++;
    os_mutex_unlock(system->client->mutex);
}

void client_system_drop(struct client_system *system)
{
    if (system == NULL) {
        return;
    }
    os_mutex_lock(system->client->mutex);
    system->holders--;
    bool last = system->holders == 0;
    os_mutex_unlock(system->client->mutex);
    if (last) {
        system_close(system);
    }
}

const char *client_system_id(const struct client_system *system)
{
    return system->id;
}

/* HCS_E_OPERATION_PENDING as the result of a create means that the handle is good and the rest of
 * the creation goes on; requests to the handle queue behind it. */
static bool is_created(enum hvgpu_status st, int32_t code)
{
    return st == HVGPU_OK || code == HR_HCS_E_OPERATION_PENDING;
}

enum hvgpu_status client_create(struct client *client, const char *id, const struct json *document,
                                unsigned timeout_ms, struct client_system **out, int32_t *code,
                                char **answer, struct hvgpu_error *err)
{
    struct operation_call call = {
        .name = "HcsCreateComputeSystem", .object = id, .timeout_ms = timeout_ms};
    const struct hcs_api *hcs = client->hcs;
    hcs_char *wide_id = utf8_to_utf16(id);
    hcs_char *wide = client_wide_json(document);
    struct client_system *system = system_new(client, id);
    struct operation *operation = operation_new(client, false);
    *out = NULL;
    if (answer != NULL) {
        *answer = NULL;
    }
    if (wide_id == NULL || wide == NULL || system == NULL || operation == NULL) {
        free(wide_id);
        free(wide);
        if (system != NULL) {
            free(system->id);
            free(system);
        }
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(call.name, id, code, err);
    }
    hcs_result started = hcs->HcsCreateComputeSystem(hcs->machine, wide_id, wide, operation->handle,
                                                     NULL, &system->handle);
    free(wide_id);
    free(wide);
    int32_t result = started;
    enum hvgpu_status st = operation_end(operation, started, &call, &result, answer, err);
    if (code != NULL) {
        *code = result;
    }
    if (is_created(st, result)) {
        system_link(system);
        *out = system;
        return HVGPU_OK;
    }
    if (!HRESULT_IS_FAILURE(started) && system->handle != NULL) {
        hcs->HcsCloseComputeSystem(hcs->machine, system->handle);
    }
    free(system->id);
    free(system);
    return st;
}

enum hvgpu_status client_open(struct client *client, const char *id, struct client_system **out,
                              struct hvgpu_error *err)
{
    static const char name[] = "HcsOpenComputeSystem";
    const struct hcs_api *hcs = client->hcs;
    struct client_system *system = system_new(client, id);
    hcs_char *wide = utf8_to_utf16(id);
    *out = NULL;
    hcs_result code = HR_E_OUTOFMEMORY;
    if (system != NULL && wide != NULL) {
        code = hcs->HcsOpenComputeSystem(hcs->machine, wide, HCS_GENERIC_ALL, &system->handle);
    }
    free(wide);
    if (HRESULT_IS_FAILURE(code)) {
        if (system != NULL) {
            free(system->id);
            free(system);
        }
        return error_hresult(err, code, name, id, NULL);
    }
    system_link(system);
    *out = system;
    return HVGPU_OK;
}

/* ---- events ---- */

static char *event_document(const struct hcs_event *event)
{
    if (event->event_data == NULL) {
        return NULL;
    }
    size_t len = utf16_length(event->event_data);
    return utf16_to_utf8(event->event_data, len < EVENT_UNITS_MAX ? len : EVENT_UNITS_MAX);
}

static void on_system_event(struct hcs_event *event, void *context)
{
    struct client_system *system = context;
    struct client *client = system->client;
    if (event->type == HCS_EVENT_OPERATION_CALLBACK || event->type == HCS_EVENT_INVALID) {
        return;
    }
    os_mutex_lock(client->mutex);
    if (event->type == HCS_EVENT_SYSTEM_EXITED && !system->exited) {
        system->exited = true;
        os_cond_broadcast(client->cond);
    }
    client_event_fn fn = system->fn;
    void *fn_context = system->context;
    if (fn != NULL) {
        system->callbacks++;
    }
    os_mutex_unlock(client->mutex);
    if (fn == NULL) {
        return;
    }
    char *document = event_document(event);
    fn(fn_context, event->type, system->id, document == NULL ? "" : document);
    free(document);
    os_mutex_lock(client->mutex);
    system->callbacks--;
    if (system->callbacks == 0) {
        os_cond_broadcast(client->cond);
    }
    os_mutex_unlock(client->mutex);
}

/* The API does not say that unregistering waits for callbacks in flight, so this does. */
static void stop_listening(struct client_system *system)
{
    struct client *client = system->client;
    os_mutex_lock(client->mutex);
    system->fn = NULL;
    system->listening = false;
    os_mutex_unlock(client->mutex);
    (void)client->hcs->HcsSetComputeSystemCallback(client->hcs->machine, system->handle,
                                                   HCS_EVENT_OPTION_NONE, NULL, NULL);
    os_mutex_lock(client->mutex);
    while (system->callbacks > 0) {
        os_cond_wait(client->cond, client->mutex, INT64_MAX);
    }
    os_mutex_unlock(client->mutex);
}

enum hvgpu_status client_listen(struct client_system *system, client_event_fn fn, void *context,
                                struct hvgpu_error *err)
{
    struct client *client = system->client;
    if (fn == NULL) {
        stop_listening(system);
        return HVGPU_OK;
    }
    os_mutex_lock(client->mutex);
    system->fn = fn;
    system->context = context;
    system->listening = true;
    os_mutex_unlock(client->mutex);
    hcs_result code = client->hcs->HcsSetComputeSystemCallback(
        client->hcs->machine, system->handle, HCS_EVENT_OPTION_NONE, system, on_system_event);
    if (HRESULT_IS_FAILURE(code)) {
        os_mutex_lock(client->mutex);
        system->fn = NULL;
        system->listening = false;
        os_mutex_unlock(client->mutex);
        return error_hresult(err, code, "HcsSetComputeSystemCallback", system->id, NULL);
    }
    return HVGPU_OK;
}

/* ---- requests on a system ---- */

/* Calls that take a system, an operation and one document are all of this shape. */
typedef hcs_result (*system_request_fn)(void *machine, hcs_system system, hcs_operation operation,
                                        const hcs_char *document);

static enum hvgpu_status system_request(struct client_system *system, system_request_fn request,
                                        const struct json *document,
                                        const struct operation_call *call, int32_t *code,
                                        char **answer, struct hvgpu_error *err)
{
    if (answer != NULL) {
        *answer = NULL;
    }
    hcs_char *wide = client_wide_json(document);
    struct operation *operation = operation_new(system->client, false);
    if (operation == NULL || (document != NULL && wide == NULL)) {
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(call->name, system->id, code, err);
    }
    hcs_result started =
        request(system->client->hcs->machine, system->handle, operation->handle, wide);
    free(wide);
    return operation_end(operation, started, call, code, answer, err);
}

enum hvgpu_status client_start(struct client_system *system, unsigned timeout_ms, int32_t *code,
                               char **answer, struct hvgpu_error *err)
{
    struct operation_call call = {
        .name = "HcsStartComputeSystem", .object = system->id, .timeout_ms = timeout_ms};
    return system_request(system, system->client->hcs->HcsStartComputeSystem, NULL, &call, code,
                          answer, err);
}

enum hvgpu_status client_shutdown(struct client_system *system, unsigned timeout_ms, int32_t *code,
                                  char **answer, struct hvgpu_error *err)
{
    struct operation_call call = {
        .name = "HcsShutDownComputeSystem", .object = system->id, .timeout_ms = timeout_ms};
    return system_request(system, system->client->hcs->HcsShutDownComputeSystem, NULL, &call, code,
                          answer, err);
}

enum hvgpu_status client_terminate(struct client_system *system, unsigned timeout_ms, int32_t *code,
                                   char **answer, struct hvgpu_error *err)
{
    struct operation_call call = {
        .name = "HcsTerminateComputeSystem", .object = system->id, .timeout_ms = timeout_ms};
    return system_request(system, system->client->hcs->HcsTerminateComputeSystem, NULL, &call, code,
                          answer, err);
}

enum hvgpu_status client_properties(struct client_system *system, const struct json *query,
                                    unsigned timeout_ms, char **answer, struct hvgpu_error *err)
{
    struct operation_call call = {.name = "HcsGetComputeSystemProperties",
                                  .object = system->id,
                                  .timeout_ms = timeout_ms,
                                  .shape = ANSWER_OBJECT};
    return system_request(system, system->client->hcs->HcsGetComputeSystemProperties, query, &call,
                          NULL, answer, err);
}

enum hvgpu_status client_modify(struct client_system *system, const struct json *request,
                                unsigned timeout_ms, int32_t *code, char **answer,
                                struct hvgpu_error *err)
{
    struct operation_call call = {
        .name = "HcsModifyComputeSystem", .object = system->id, .timeout_ms = timeout_ms};
    const struct hcs_api *hcs = system->client->hcs;
    if (answer != NULL) {
        *answer = NULL;
    }
    hcs_char *wide = client_wide_json(request);
    struct operation *operation = operation_new(system->client, false);
    if (operation == NULL || wide == NULL) {
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(call.name, system->id, code, err);
    }
    hcs_result started =
        hcs->HcsModifyComputeSystem(hcs->machine, system->handle, operation->handle, wide, NULL);
    free(wide);
    return operation_end(operation, started, &call, code, answer, err);
}

/* ---- waiting for an exit ---- */

/* Is there a listening handle that has seen the exit? With the mutex held. */
static bool seen_exit(const struct client *client, const char *id, bool *listening)
{
    *listening = false;
    for (const struct client_system *s = client->systems; s != NULL; s = s->next) {
        if (s->listening && strcmp(s->id, id) == 0) {
            *listening = true;
            if (s->exited) {
                return true;
            }
        }
    }
    return false;
}

/* Asks the host: *running is false when there is no such system, or a stopped one. */
static enum hvgpu_status ask_running(struct client *client, const char *id, unsigned timeout_ms,
                                     bool *running, struct hvgpu_error *err)
{
    struct json *query = json_new_object();
    json_append(json_add_array(query, "Ids"), json_new_string(id));
    char *answer = NULL;
    enum hvgpu_status st = client_enumerate(client, query, timeout_ms, &answer, err);
    json_free(query);
    struct json *list = NULL;
    *running = true;
    if (st == HVGPU_OK) {
        const char *text = answer != NULL ? answer : "";
        st = json_parse(text, strlen(text), "HcsEnumerateComputeSystems", &list, err);
    }
    if (st == HVGPU_OK) {
        *running = false;
        for (const struct json *s = json_first(list); s != NULL; s = json_next(s)) {
            const char *found = json_string(s, "Id");
            if (found != NULL && text_equal_nocase(found, id)) {
                *running = !text_equal(json_string(s, "State"), "Stopped");
            }
        }
    }
    json_free(list);
    free(answer);
    return st;
}

enum hvgpu_status client_wait_exit(struct client *client, const char *id, unsigned timeout_ms,
                                   struct hvgpu_error *err)
{
    int64_t deadline = os_now_ns() + (int64_t)timeout_ms * 1000000;
    unsigned pause_ms = EXIT_POLL_FIRST_MS;
    for (;;) {
        bool running = true;
        enum hvgpu_status st = ask_running(client, id, CLIENT_TIMEOUT_READ, &running, err);
        if (st != HVGPU_OK || !running) {
            return st;
        }
        if (os_now_ns() >= deadline) {
            return error_set(err, HVGPU_TIMEOUT, "wait for exit", id, "it still runs after %u ms",
                             timeout_ms);
        }
        os_mutex_lock(client->mutex);
        bool listening = false;
        int64_t until = os_now_ns() + (int64_t)pause_ms * 1000000;
        until = until < deadline ? until : deadline;
        bool exited = seen_exit(client, id, &listening);
        while (!exited && !client->stopped && os_cond_wait(client->cond, client->mutex, until)) {
            exited = seen_exit(client, id, &listening);
        }
        os_mutex_unlock(client->mutex);
        if (exited) {
            return HVGPU_OK;
        }
        pause_ms = pause_ms * 3 / 2 < EXIT_POLL_LAST_MS ? pause_ms * 3 / 2 : EXIT_POLL_LAST_MS;
    }
}
