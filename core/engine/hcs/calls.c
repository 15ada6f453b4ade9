/* SPDX-License-Identifier: MIT
 *
 * The door to the host: the same function sends a call or writes it down.
 */
#include "core/engine/hcs/calls.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/hresult.h"

enum { ID_SIZE = 256, OUTPUT_MAX = 256 << 10, FORCE_TRIES = 20, FORCE_PAUSE_MS = 100 };

struct calls_watch {
    struct os_mutex *mutex;
    bool may_terminate;
    char id[ID_SIZE];               /* the system that the running call works on; "": none */
    unsigned serial;                /* counts the calls */
    struct client_process *process; /* borrowed from the step that waits for it */
};

struct calls_watch *calls_watch_new(bool may_terminate)
{
    struct calls_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    watch->may_terminate = may_terminate;
    watch->mutex = os_mutex_new();
    if (watch->mutex == NULL) {
        free(watch);
        return NULL;
    }
    return watch;
}

void calls_watch_free(struct calls_watch *watch)
{
    if (watch != NULL) {
        os_mutex_free(watch->mutex);
        free(watch);
    }
}

/* Is the call that force was asked for still without an answer? */
static bool still_waits(struct calls_watch *watch, unsigned serial)
{
    os_mutex_lock(watch->mutex);
    bool waits = watch->serial == serial && watch->id[0] != '\0';
    os_mutex_unlock(watch->mutex);
    return waits;
}

/* A second handle: requests to the first one wait behind the hung call. */
static void terminate(struct client *client, const char *id)
{
    struct client_system *system = NULL;
    struct hvgpu_error ignored;
    if (client_open(client, id, &system, &ignored) == HVGPU_OK) {
        (void)client_terminate(system, CLIENT_TIMEOUT_READ, NULL, NULL, &ignored);
        client_system_drop(system);
    }
}

void calls_force(struct calls_watch *watch, struct client *client)
{
    char id[ID_SIZE];
    bool killed = false;
    os_mutex_lock(watch->mutex);
    memcpy(id, watch->id, sizeof id);
    unsigned serial = watch->serial;
    if (watch->process != NULL) {
        struct hvgpu_error ignored;
        killed = client_process_kill(watch->process, &ignored) == HVGPU_OK;
    }
    os_mutex_unlock(watch->mutex);
    if (killed || id[0] == '\0') {
        return;
    }
    if (watch->may_terminate) {
        terminate(client, id);
        for (int i = 0; i < FORCE_TRIES && still_waits(watch, serial); i++) {
            os_sleep_ms(FORCE_PAUSE_MS); /* with its system, the call usually ends too */
        }
    }
    if (still_waits(watch, serial)) {
        client_give_up(client, id); /* what it did stays unknown */
    }
}

void calls_watch_process(const struct calls *calls, struct client_process *process)
{
    if (calls->watch != NULL) {
        os_mutex_lock(calls->watch->mutex);
        calls->watch->process = process;
        os_mutex_unlock(calls->watch->mutex);
    }
}

static void watch_set(const struct calls *calls, const char *id)
{
    if (calls->watch != NULL) {
        os_mutex_lock(calls->watch->mutex);
        size_t len = strlen(id);
        len = len < ID_SIZE ? len : 0; /* longer than any id: nothing to terminate */
        memcpy(calls->watch->id, id, len);
        calls->watch->id[len] = '\0';
        calls->watch->serial += len > 0 ? 1 : 0;
        os_mutex_unlock(calls->watch->mutex);
    }
}

/* One call in the log. */
struct sent {
    size_t index;
    char *document;
};

/* What every call begins with. Takes the document. In a dry run it is recorded and *dry is true. */
static enum hvgpu_status begin(const struct calls *calls, const char *verb, const char *id,
                               struct json *document, bool *dry, struct sent *sent,
                               struct hvgpu_error *err)
{
    *dry = job_is_dry(calls->job);
    memset(sent, 0, sizeof *sent);
    if (*dry) {
        job_record_call(calls->job, verb, id, document);
        return HVGPU_OK;
    }
    if (document != NULL) {
        sent->document = json_print(document);
        json_free(document);
    }
    if (job_is_cancelled(calls->job) && !job_is_undoing(calls->job)) {
        free(sent->document);
        sent->document = NULL;
        return error_set(err, HVGPU_CANCELLED, verb, id, "cancelled before this call was made");
    }
    sent->index = job_call_sent(calls->job, verb, id, sent->document);
    watch_set(calls, id);
    return HVGPU_OK;
}

static void end(const struct calls *calls, struct sent *sent, int32_t code, const char *answer)
{
    watch_set(calls, "");
    job_call_answered(calls->job, sent->index, code, answer);
    free(sent->document);
    sent->document = NULL;
}

/* A call that never got as far as an HRESULT still says in the log how it ended. */
static int32_t code_of(enum hvgpu_status status, int32_t code)
{
    if (status == HVGPU_OK || code < 0) {
        return code;
    }
    return status == HVGPU_TIMEOUT ? HR_HCS_E_OPERATION_TIMEOUT : HR_E_FAIL;
}

static enum hvgpu_status no_document(const char *verb, const char *id, struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, verb, id, "out of memory for the document");
}

/* ---- compute systems ---- */

enum hvgpu_status calls_grant(const struct calls *calls, const char *vm_id, const char *path,
                              struct hvgpu_error *err)
{
    bool dry = false;
    struct sent sent;
    enum hvgpu_status status =
        begin(calls, "GrantVmAccess", vm_id, json_new_string(path), &dry, &sent, err);
    if (status != HVGPU_OK || dry) {
        return status;
    }
    int32_t code = 0;
    status = client_grant_access(engine_client(calls->engine), vm_id, path, &code, err);
    end(calls, &sent, code_of(status, code), NULL);
    return status;
}

enum hvgpu_status calls_create(const struct calls *calls, const char *id, struct json *document,
                               struct client_system **out, struct hvgpu_error *err)
{
    *out = NULL;
    struct json *copy = job_is_dry(calls->job) ? NULL : json_copy(document);
    bool dry = false;
    struct sent sent;
    enum hvgpu_status status = begin(calls, "Create", id, document, &dry, &sent, err);
    if (status != HVGPU_OK || dry) {
        json_free(copy);
        return status;
    }
    int32_t code = 0;
    char *answer = NULL;
    status = copy == NULL ? no_document("Create", id, err)
                          : client_create(engine_client(calls->engine), id, copy,
                                          CLIENT_TIMEOUT_SYSTEM, out, &code, &answer, err);
    json_free(copy);
    end(calls, &sent, code_of(status, code), answer);
    free(answer);
    return status;
}

enum hvgpu_status calls_open(const struct calls *calls, const char *id, struct client_system **out,
                             struct hvgpu_error *err)
{
    *out = NULL;
    if (job_is_dry(calls->job)) {
        return HVGPU_OK;
    }
    return client_open(engine_client(calls->engine), id, out, err);
}

/* Start, ShutDown and Terminate have the same form. */
typedef enum hvgpu_status (*system_call)(struct client_system *system, unsigned timeout_ms,
                                         int32_t *code, char **answer, struct hvgpu_error *err);

static enum hvgpu_status simple_call(const struct calls *calls, const char *verb, const char *id,
                                     struct client_system *system, system_call call,
                                     unsigned timeout_ms, struct hvgpu_error *err)
{
    bool dry = false;
    struct sent sent;
    enum hvgpu_status status = begin(calls, verb, id, NULL, &dry, &sent, err);
    if (status != HVGPU_OK || dry) {
        return status;
    }
    int32_t code = 0;
    char *answer = NULL;
    status = call(system, timeout_ms, &code, &answer, err);
    end(calls, &sent, code_of(status, code), answer);
    free(answer);
    return status;
}

enum hvgpu_status calls_start(const struct calls *calls, const char *id,
                              struct client_system *system, struct hvgpu_error *err)
{
    return simple_call(calls, "Start", id, system, client_start, CLIENT_TIMEOUT_SYSTEM, err);
}

enum hvgpu_status calls_shutdown(const struct calls *calls, const char *id,
                                 struct client_system *system, unsigned timeout_ms,
                                 struct hvgpu_error *err)
{
    return simple_call(calls, "Shutdown", id, system, client_shutdown, timeout_ms, err);
}

enum hvgpu_status calls_terminate(const struct calls *calls, const char *id,
                                  struct client_system *system, struct hvgpu_error *err)
{
    return simple_call(calls, "Terminate", id, system, client_terminate, CLIENT_TIMEOUT_SYSTEM,
                       err);
}

enum hvgpu_status calls_wait_exit(const struct calls *calls, const char *id, unsigned timeout_ms,
                                  struct hvgpu_error *err)
{
    if (job_is_dry(calls->job)) {
        return HVGPU_OK;
    }
    return client_wait_exit(engine_client(calls->engine), id, timeout_ms, err);
}

enum hvgpu_status calls_modify(const struct calls *calls, const char *id,
                               struct client_system *system, struct json *document,
                               struct hvgpu_error *err)
{
    struct json *copy = job_is_dry(calls->job) ? NULL : json_copy(document);
    bool dry = false;
    struct sent sent;
    enum hvgpu_status status = begin(calls, "Modify", id, document, &dry, &sent, err);
    if (status != HVGPU_OK || dry) {
        json_free(copy);
        return status;
    }
    int32_t code = 0;
    char *answer = NULL;
    status = copy == NULL ? no_document("Modify", id, err)
                          : client_modify(system, copy, CLIENT_TIMEOUT_SYSTEM, &code, &answer, err);
    json_free(copy);
    end(calls, &sent, code_of(status, code), answer);
    free(answer);
    return status;
}

static enum hvgpu_status parse_answer(char *text, const char *name, struct json **out,
                                      struct hvgpu_error *err)
{
    enum hvgpu_status status = HVGPU_OK;
    if (text != NULL) {
        status = json_parse(text, strlen(text), name, out, err);
    } else {
        status = error_set(err, HVGPU_PROTOCOL, "read", name, "the host gave no answer document");
    }
    free(text);
    return status;
}

enum hvgpu_status calls_properties(const struct calls *calls, const char *id,
                                   struct client_system *system, struct json *query,
                                   struct json **answer, struct hvgpu_error *err)
{
    *answer = NULL;
    char *text = NULL;
    enum hvgpu_status status = HVGPU_OK;
    if (!job_is_dry(calls->job)) {
        watch_set(calls, id);
        status = client_properties(system, query, CLIENT_TIMEOUT_READ, &text, err);
        watch_set(calls, "");
        if (status == HVGPU_OK) {
            status = parse_answer(text, "properties", answer, err);
        } else {
            free(text);
        }
    }
    json_free(query);
    return status;
}

enum hvgpu_status calls_enumerate(const struct calls *calls, struct json **answer,
                                  struct hvgpu_error *err)
{
    *answer = NULL;
    if (job_is_dry(calls->job)) {
        return HVGPU_OK;
    }
    char *text = NULL;
    enum hvgpu_status status =
        client_enumerate(engine_client(calls->engine), NULL, CLIENT_TIMEOUT_READ, &text, err);
    if (status != HVGPU_OK) {
        free(text);
        return status;
    }
    return parse_answer(text, "list of systems", answer, err);
}

/* ---- processes ---- */

void calls_output_clear(struct calls_output *output)
{
    free(output->text);
    memset(output, 0, sizeof *output);
}

enum hvgpu_status calls_run(const struct calls *calls, const char *id, struct client_system *system,
                            struct json *parameters, struct calls_output *output,
                            struct hvgpu_error *err)
{
    memset(output, 0, sizeof *output);
    struct json *copy = job_is_dry(calls->job) ? NULL : json_copy(parameters);
    bool dry = false;
    struct sent sent;
    enum hvgpu_status status = begin(calls, "CreateProcess", id, parameters, &dry, &sent, err);
    if (status != HVGPU_OK || dry) {
        json_free(copy);
        return status;
    }
    int32_t code = 0;
    status = copy == NULL ? no_document("CreateProcess", id, err)
                          : client_run(system, copy, CLIENT_TIMEOUT_GUEST, OUTPUT_MAX,
                                       &output->text, &output->len, output->errors,
                                       sizeof output->errors, &output->exit_code, &code, err);
    json_free(copy);
    end(calls, &sent, code_of(status, code), output->text);
    return status;
}

enum hvgpu_status calls_process(const struct calls *calls, const char *id,
                                struct client_system *system, struct json *parameters,
                                struct client_process **out, struct hvgpu_error *err)
{
    *out = NULL;
    struct json *copy = job_is_dry(calls->job) ? NULL : json_copy(parameters);
    bool dry = false;
    struct sent sent;
    enum hvgpu_status status = begin(calls, "CreateProcess", id, parameters, &dry, &sent, err);
    if (status != HVGPU_OK || dry) {
        json_free(copy);
        return status;
    }
    int32_t code = 0;
    char *answer = NULL;
    status = copy == NULL ? no_document("CreateProcess", id, err)
                          : client_process_start(system, copy, CLIENT_TIMEOUT_SYSTEM, out, &code,
                                                 &answer, err);
    json_free(copy);
    end(calls, &sent, code_of(status, code), answer);
    free(answer);
    return status;
}
