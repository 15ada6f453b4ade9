/* SPDX-License-Identifier: MIT
 *
 * Processes in compute systems: start, streams, end, exit code, kill.
 *
 * The end comes as an event; because an event can be missed (the process may end before the
 * callback is registered), the waiter also asks for the ProcessStatus, at first at once and then
 * ever more rarely. After the end the output streams have a second to drain: the service sometimes
 * never closes them, so then they are closed here.
 *
 * Threads: one reader a stream, one waiter, one writer; drop comes last and waits for readers.
 */
#include "core/engine/hcs/client_private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

enum { DRAIN_MS = 1000, STATUS_POLL_FIRST_MS = 500, STATUS_POLL_LAST_MS = 5000 };

/* ---- events ---- */

static void on_process_event(struct hcs_event *event, void *context)
{
    struct client_process *process = context;
    struct client *client = process->client;
    char *document = NULL;
    if (event->type == HCS_EVENT_PROCESS_EXITED) {
        document = client_narrow(event->event_data);
    } else if (event->type != HCS_EVENT_SERVICE_DISCONNECT) {
        return;
    }
    os_mutex_lock(client->mutex);
    if (event->type == HCS_EVENT_SERVICE_DISCONNECT) {
        process->lost = true;
    } else if (!process->exited) {
        process->exited = true;
        process->exit_document = document;
        document = NULL;
    }
    os_cond_broadcast(client->cond);
    os_mutex_unlock(client->mutex);
    free(document);
}

/* ---- start ---- */

static void take_streams(struct client_process *process, const struct hcs_process_information *info)
{
    process->id = info->process_id;
    process->input = client_is_stream(info->std_input) ? info->std_input : NULL;
    process->output[0].stream = client_is_stream(info->std_output) ? info->std_output : NULL;
    process->output[1].stream = client_is_stream(info->std_error) ? info->std_error : NULL;
}

/* On some builds the wait fails with E_INVALIDARG although the process was started; its handle then
 * tells the rest (hcsshim, internal/hcs/v2). */
static bool recover_information(struct client_process *process,
                                struct hcs_process_information *info)
{
    const struct hcs_api *hcs = process->client->hcs;
    struct operation_call call = {.name = "HcsGetProcessInfo",
                                  .object = client_system_id(process->system),
                                  .timeout_ms = CLIENT_TIMEOUT_READ};
    struct operation *operation = operation_new(process->client, true);
    if (operation == NULL) {
        return false;
    }
    hcs_result started = hcs->HcsGetProcessInfo(hcs->machine, process->handle, operation->handle);
    return operation_end_process(operation, started, &call, info, NULL, NULL, NULL) == HVGPU_OK;
}

static enum hvgpu_status start_process(struct client_process *process, const hcs_char *wide,
                                       struct operation *operation, unsigned timeout_ms,
                                       int32_t *code, char **answer, struct hvgpu_error *err)
{
    const struct hcs_api *hcs = process->client->hcs;
    struct operation_call call = {.name = "HcsCreateProcess",
                                  .object = client_system_id(process->system),
                                  .timeout_ms = timeout_ms};
    hcs_result started = hcs->HcsCreateProcess(hcs->machine, process->system->handle, wide,
                                               operation->handle, NULL, &process->handle);
    if (HRESULT_IS_FAILURE(started)) {
        process->handle = NULL;
    }
    struct hcs_process_information info = {0};
    enum hvgpu_status st =
        operation_end_process(operation, started, &call, &info, code, answer, err);
    if (st != HVGPU_OK && !HRESULT_IS_FAILURE(started) && *code == HR_E_INVALIDARG &&
        process->handle != NULL && recover_information(process, &info)) {
        *code = 0;
        st = HVGPU_OK;
    }
    if (st == HVGPU_OK || st == HVGPU_PROTOCOL) {
        take_streams(process, &info);
    }
    if (st == HVGPU_OK && process->id == 0) {
        st = error_set(err, HVGPU_PROTOCOL, call.name, call.object,
                       "the host reported success without a process id");
    }
    return st;
}

enum hvgpu_status client_process_start(struct client_system *system, const struct json *parameters,
                                       unsigned timeout_ms, struct client_process **out,
                                       int32_t *code, char **answer, struct hvgpu_error *err)
{
    struct client *client = system->client;
    struct client_process *process = calloc(1, sizeof *process);
    hcs_char *wide = client_wide_json(parameters);
    struct operation *operation = operation_new(client, true);
    int32_t ignored = 0;
    code = code == NULL ? &ignored : code;
    *out = NULL;
    if (answer != NULL) {
        *answer = NULL;
    }
    if (process == NULL || wide == NULL || operation == NULL) {
        free(process);
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory("HcsCreateProcess", system->id, code, err);
    }
    process->client = client;
    process->system = system;
    client_system_keep(system);
    enum hvgpu_status st = start_process(process, wide, operation, timeout_ms, code, answer, err);
    free(wide);
    if (st != HVGPU_OK) {
        if (st == HVGPU_PROTOCOL && process->id != 0) {
            (void)client_process_kill(process, NULL); /* it may run, and nobody would know it */
        }
        client_process_drop(process);
        return st;
    }
    process->listening = !HRESULT_IS_FAILURE(client->hcs->HcsSetProcessCallback(
        client->hcs->machine, process->handle, HCS_EVENT_OPTION_NONE, process, on_process_event));
    *out = process;
    return HVGPU_OK;
}

uint32_t client_process_id(const struct client_process *process)
{
    return process->id;
}

/* ---- streams ---- */

void process_close_output(struct client_process *process, struct output_stream *output)
{
    struct client *client = process->client;
    os_mutex_lock(client->mutex);
    hcs_stream stream = output->stream;
    output->stream = NULL;
    output->ended = true;
    os_mutex_unlock(client->mutex);
    if (stream != NULL) {
        client->host->stream_close(client->host->machine, stream);
    }
}

static void close_input(struct client_process *process)
{
    struct client *client = process->client;
    os_mutex_lock(client->mutex);
    hcs_stream stream = process->input;
    process->input = NULL;
    os_mutex_unlock(client->mutex);
    if (stream != NULL) {
        client->host->stream_close(client->host->machine, stream);
    }
}

void client_process_drop(struct client_process *process)
{
    if (process == NULL) {
        return;
    }
    struct client *client = process->client;
    const struct hcs_api *hcs = client->hcs;
    close_input(process);
    process_close_output(process, &process->output[0]);
    process_close_output(process, &process->output[1]);
    os_mutex_lock(client->mutex);
    while (process->output[0].reading || process->output[1].reading || process->writing) {
        os_cond_wait(client->cond, client->mutex, INT64_MAX);
    }
    os_mutex_unlock(client->mutex);
    if (process->handle != NULL) {
        if (process->listening) {
            (void)hcs->HcsSetProcessCallback(hcs->machine, process->handle, HCS_EVENT_OPTION_NONE,
                                             NULL, NULL);
        }
        hcs->HcsCloseProcess(hcs->machine, process->handle); /* waits for callbacks in flight */
    }
    client_system_drop(process->system);
    free(process->exit_document);
    free(process);
}

enum hvgpu_status client_process_read(struct client_process *process, bool from_stderr,
                                      void *buffer, size_t size, size_t *got,
                                      struct hvgpu_error *err)
{
    struct client *client = process->client;
    struct output_stream *output = &process->output[from_stderr ? 1 : 0];
    *got = 0;
    os_mutex_lock(client->mutex);
    hcs_stream stream = output->stream;
    if (stream == NULL || output->ended) {
        os_mutex_unlock(client->mutex);
        return HVGPU_OK;
    }
    output->started = true;
    output->reading = true;
    os_mutex_unlock(client->mutex);

    size_t count = 0;
    hcs_result code =
        client->host->stream_read(client->host->machine, stream, buffer, size, &count);

    os_mutex_lock(client->mutex);
    bool closed = output->stream == NULL; /* by us, meanwhile */
    output->reading = false;
    output->ended = output->ended || HRESULT_IS_FAILURE(code) || count == 0;
    os_cond_broadcast(client->cond);
    os_mutex_unlock(client->mutex);
    if (!HRESULT_IS_FAILURE(code)) {
        *got = count <= size ? count : 0;
        return HVGPU_OK;
    }
    if (closed || code == HR_ERROR_BROKEN_PIPE) {
        return HVGPU_OK;
    }
    return error_hresult(err, code, "read process output", client_system_id(process->system), NULL);
}

enum hvgpu_status client_process_write(struct client_process *process, const void *bytes,
                                       size_t len, struct hvgpu_error *err)
{
    struct client *client = process->client;
    os_mutex_lock(client->mutex);
    hcs_stream stream = process->input;
    process->writing = stream != NULL;
    os_mutex_unlock(client->mutex);
    if (stream == NULL) {
        return error_set(err, HVGPU_INVALID, "write process input",
                         client_system_id(process->system), "the process takes no input");
    }
    hcs_result code = client->host->stream_write(client->host->machine, stream, bytes, len);
    os_mutex_lock(client->mutex);
    process->writing = false;
    os_cond_broadcast(client->cond);
    os_mutex_unlock(client->mutex);
    return HRESULT_IS_FAILURE(code) ? error_hresult(err, code, "write process input",
                                                    client_system_id(process->system), NULL)
                                    : HVGPU_OK;
}

/* ---- HcsModifyProcess ---- */

static enum hvgpu_status modify_process(struct client_process *process, struct json *settings,
                                        struct hvgpu_error *err) /* takes settings */
{
    const struct hcs_api *hcs = process->client->hcs;
    struct operation_call call = {.name = "HcsModifyProcess",
                                  .object = client_system_id(process->system),
                                  .timeout_ms = CLIENT_TIMEOUT_READ};
    hcs_char *wide = client_wide_json(settings);
    json_free(settings);
    struct operation *operation = operation_new(process->client, false);
    if (wide == NULL || operation == NULL) {
        free(wide);
        if (operation != NULL) {
            operation_discard(operation);
        }
        return operation_no_memory(call.name, call.object, NULL, err);
    }
    hcs_result started =
        hcs->HcsModifyProcess(hcs->machine, process->handle, operation->handle, wide);
    free(wide);
    return operation_end(operation, started, &call, NULL, NULL, err);
}

enum hvgpu_status client_process_end_input(struct client_process *process, struct hvgpu_error *err)
{
    close_input(process);
    struct json *settings = json_new_object();
    json_add_string(settings, "Operation", "CloseHandle");
    json_add_string(json_add_object(settings, "CloseHandle"), "Handle", "StdIn");
    return modify_process(process, settings, err);
}

enum hvgpu_status client_process_resize(struct client_process *process, unsigned columns,
                                        unsigned rows, struct hvgpu_error *err)
{
    struct json *settings = json_new_object();
    json_add_string(settings, "Operation", "ConsoleSize");
    struct json *console = json_add_object(settings, "ConsoleSize");
    json_add_u64(console, "Height", rows);
    json_add_u64(console, "Width", columns);
    return modify_process(process, settings, err);
}

/* ---- the end ---- */

/* Reads a ProcessStatus. False: it says nothing certain (yet). */
static bool read_status(const char *document, bool *exited, bool *code_known, uint32_t *exit_code)
{
    struct json *status = NULL;
    *exited = *code_known = false;
    if (document == NULL ||
        json_parse(document, strlen(document), "ProcessStatus", &status, NULL) != HVGPU_OK ||
        json_type(status) != JSON_OBJECT) {
        json_free(status);
        return false;
    }
    uint64_t code = 0;
    int64_t last = 0, negative = 0;
    *exited = json_bool(status, "Exited", false);
    bool waited = !json_i64(status, "LastWaitResult", &last) || last == 0;
    if (json_u64(status, "ExitCode", &code) && code <= UINT32_MAX) {
        *exit_code = (uint32_t)code;
        *code_known = *exited && waited;
    } else if (json_i64(status, "ExitCode", &negative) && negative >= INT32_MIN && negative < 0) {
        *exit_code = (uint32_t)(int32_t)negative;
        *code_known = *exited && waited;
    }
    json_free(status);
    return true;
}

static enum hvgpu_status ask_through(struct client_process *process, hcs_process handle,
                                     char **answer, struct hvgpu_error *err)
{
    const struct hcs_api *hcs = process->client->hcs;
    struct operation_call call = {.name = "HcsGetProcessProperties",
                                  .object = client_system_id(process->system),
                                  .timeout_ms = CLIENT_TIMEOUT_READ,
                                  .shape = ANSWER_OBJECT};
    struct operation *operation = operation_new(process->client, false);
    if (operation == NULL) {
        return operation_no_memory(call.name, call.object, NULL, err);
    }
    hcs_result started =
        hcs->HcsGetProcessProperties(hcs->machine, handle, operation->handle, NULL);
    return operation_end(operation, started, &call, NULL, answer, err);
}

/* Asks the process itself. A handle that did not answer once serves nothing more: from then on a
 * second one is asked, so that the end is seen although its event was missed. */
static enum hvgpu_status ask_status(struct client_process *process, char **answer,
                                    struct hvgpu_error *err)
{
    const struct hcs_api *hcs = process->client->hcs;
    enum hvgpu_status st = HVGPU_TIMEOUT;
    if (!process->deaf) {
        st = ask_through(process, process->handle, answer, err);
    }
    if (st != HVGPU_TIMEOUT) {
        return st;
    }
    process->deaf = true;
    hcs_process second = NULL;
    hcs_result code = hcs->HcsOpenProcess(hcs->machine, process->system->handle, process->id,
                                          HCS_GENERIC_ALL, &second);
    if (HRESULT_IS_FAILURE(code)) {
        st = error_hresult(err, code, "HcsOpenProcess", client_system_id(process->system), NULL);
        os_mutex_lock(process->client->mutex);
        process->exited = process->exited || st == HVGPU_NOT_FOUND; /* there is no such process */
        os_mutex_unlock(process->client->mutex);
        return st;
    }
    st = ask_through(process, second, answer, err);
    hcs->HcsCloseProcess(hcs->machine, second);
    return st;
}

/* Waits for the event until `until`. True: the process has exited or is lost. */
static bool wait_event(struct client_process *process, int64_t until)
{
    struct client *client = process->client;
    os_mutex_lock(client->mutex);
    while (!process->exited && !process->lost && !client->stopped) {
        if (!os_cond_wait(client->cond, client->mutex, until)) {
            break;
        }
    }
    bool over = process->exited || process->lost;
    os_mutex_unlock(client->mutex);
    return over;
}

static bool is_drained(const struct output_stream *output)
{
    return output->ended || !output->started;
}

static void drain(struct client_process *process)
{
    struct client *client = process->client;
    int64_t until = os_now_ns() + (int64_t)DRAIN_MS * 1000000;
    os_mutex_lock(client->mutex);
    while (!is_drained(&process->output[0]) || !is_drained(&process->output[1])) {
        if (client->stopped || !os_cond_wait(client->cond, client->mutex, until)) {
            break;
        }
    }
    bool stuck[2] = {!is_drained(&process->output[0]), !is_drained(&process->output[1])};
    os_mutex_unlock(client->mutex);
    for (int i = 0; i < 2; i++) {
        if (stuck[i]) {
            process_close_output(process, &process->output[i]);
        }
    }
}

static enum hvgpu_status lost(struct client_process *process, struct hvgpu_error *err)
{
    error_set(err, HVGPU_LOST, "wait for process", client_system_id(process->system),
              "the compute service went away; what became of process %u is not known", process->id);
    error_hint(err, "look at the container's process list when the service is back");
    return HVGPU_LOST;
}

/* The process has ended: the exit code from the event, or from asking once more. */
static enum hvgpu_status end_code(struct client_process *process, uint32_t *exit_code,
                                  struct hvgpu_error *err)
{
    bool exited = false, known = false;
    (void)read_status(process->exit_document, &exited, &known, exit_code);
    if (!known) {
        char *answer = NULL;
        (void)ask_status(process, &answer, NULL);
        (void)read_status(answer, &exited, &known, exit_code);
        free(answer);
    }
    if (!known) {
        return error_set(err, HVGPU_PROTOCOL, "wait for process", client_system_id(process->system),
                         "process %u has ended, but the host does not tell its exit code",
                         process->id);
    }
    return HVGPU_OK;
}

/* Looks once without the event. *over: it ended or cannot be asked any more. */
static enum hvgpu_status poll_status(struct client_process *process, bool *over,
                                     struct hvgpu_error *err)
{
    char *answer = NULL;
    bool exited = false, known = false;
    uint32_t code = 0;
    struct hvgpu_error why;
    enum hvgpu_status st = ask_status(process, &answer, &why);
    *over = false;
    if (st == HVGPU_OK && read_status(answer, &exited, &known, &code) && exited) {
        os_mutex_lock(process->client->mutex);
        if (!process->exited) {
            process->exited = true;
            process->exit_document = answer;
            answer = NULL;
        }
        os_mutex_unlock(process->client->mutex);
        *over = true;
    } else if (st == HVGPU_NOT_FOUND || st == HVGPU_LOST || st == HVGPU_CANCELLED) {
        *over = true;
        if (err != NULL) {
            *err = why;
        }
        free(answer);
        return st;
    }
    free(answer);
    return HVGPU_OK; /* other failures of asking: the event may still come */
}

enum hvgpu_status client_process_wait(struct client_process *process, unsigned timeout_ms,
                                      uint32_t *exit_code, struct hvgpu_error *err)
{
    int64_t deadline = os_now_ns() + (int64_t)timeout_ms * 1000000;
    unsigned pause_ms = STATUS_POLL_FIRST_MS;
    bool over = wait_event(process, 0);
    if (!over) {
        enum hvgpu_status st = poll_status(process, &over, err);
        if (st != HVGPU_OK && st != HVGPU_NOT_FOUND) {
            return st;
        }
        over = over && st == HVGPU_OK;
    }
    while (!over) {
        int64_t until = os_now_ns() + (int64_t)pause_ms * 1000000;
        over = wait_event(process, until < deadline ? until : deadline);
        if (over) {
            break;
        }
        if (os_now_ns() >= deadline) {
            return error_set(err, HVGPU_TIMEOUT, "wait for process",
                             client_system_id(process->system), "process %u still runs after %u ms",
                             process->id, timeout_ms);
        }
        enum hvgpu_status st = poll_status(process, &over, err);
        if (st != HVGPU_OK) {
            return st;
        }
        pause_ms = pause_ms * 2 < STATUS_POLL_LAST_MS ? pause_ms * 2 : STATUS_POLL_LAST_MS;
    }
    os_mutex_lock(process->client->mutex);
    bool is_lost = process->lost && !process->exited;
    os_mutex_unlock(process->client->mutex);
    if (is_lost) {
        return lost(process, err);
    }
    drain(process);
    return end_code(process, exit_code, err);
}

/* Answers that mean that there is nothing left to kill, or that it is dying already. */
static bool is_dead_enough(int32_t code)
{
    code = hresult_normalise(code);
    return code == HR_HCS_E_ACCESS_DENIED || code == HR_E_ACCESSDENIED ||
           code == HR_HCS_E_PROCESS_ALREADY_STOPPED || code == HR_HCS_E_SYSTEM_ALREADY_STOPPED ||
           code == HR_HCS_E_SYSTEM_NOT_FOUND || code == HR_ERROR_NOT_FOUND ||
           code == HR_HCS_E_INVALID_STATE;
}

enum hvgpu_status client_process_kill(struct client_process *process, struct hvgpu_error *err)
{
    struct client *client = process->client;
    const struct hcs_api *hcs = client->hcs;
    const char *id = client_system_id(process->system);
    struct operation_call call = {
        .name = "HcsTerminateProcess", .object = id, .timeout_ms = CLIENT_TIMEOUT_READ};
    struct client_system *system = NULL;
    enum hvgpu_status st = client_open(client, id, &system, err);
    if (st != HVGPU_OK) {
        return st == HVGPU_NOT_FOUND ? HVGPU_OK : st;
    }
    hcs_process second = NULL;
    int32_t code =
        hcs->HcsOpenProcess(hcs->machine, system->handle, process->id, HCS_GENERIC_ALL, &second);
    if (HRESULT_IS_FAILURE(code)) {
        st = error_hresult(err, code, "HcsOpenProcess", id, NULL);
    } else {
        struct operation *operation = operation_new(client, false);
        if (operation == NULL) {
            st = operation_no_memory(call.name, id, &code, err);
        } else {
            hcs_result started =
                hcs->HcsTerminateProcess(hcs->machine, second, operation->handle, NULL);
            st = operation_end(operation, started, &call, &code, NULL, err);
        }
        hcs->HcsCloseProcess(hcs->machine, second);
    }
    client_system_drop(system);
    return st != HVGPU_OK && is_dead_enough(code) ? HVGPU_OK : st;
}
