/* SPDX-License-Identifier: MIT
 *
 * See fake_host.h. One mutex for everything; callbacks run on the fake's thread without it.
 */
#include "tests/support/fake_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

struct fake_stream {
    struct fake_host *fake;
    char *bytes;
    size_t len, at;
    bool ended, closed;
    unsigned readers;
    struct fake_stream *next;
};

struct fake_system {
    char *id, *json, *properties;
    bool ends, gone;
    struct fake_system *next;
};

struct hcs_system_handle {
    struct fake_host *fake;
    char *id;
    hcs_event_callback callback;
    void *context;
    unsigned running;
    bool closed;
    struct hcs_system_handle *next;
};

struct hcs_process_handle {
    struct fake_host *fake;
    uint32_t id;
    hcs_event_callback callback;
    void *context;
    unsigned running;
    struct hcs_process_handle *next;
};

struct process_state {
    uint32_t id, exit_code;
    bool exited, silent, stays;
    struct fake_stream *input, *output, *errors;
    struct process_state *next;
};

struct hcs_operation_handle {
    struct fake_host *fake;
    void *context;
    hcs_operation_completion callback;
    hcs_result result;
    char *document;
    struct hcs_process_information info;
    int64_t due_ns;
    uint32_t exits; /* process that ends after this completion */
    bool hung, closed;
    struct hcs_operation_handle *next;
};

struct fake_host {
    struct os_mutex *mutex;
    struct os_cond *cond;
    struct os_thread *thread;
    bool stop, released;
    struct hcs_operation_handle *operations; /* started, not completed */
    struct hcs_operation_handle *dead;       /* hung or closed late: freed at the end */
    struct fake_system *systems;
    struct hcs_system_handle *handles;
    struct hcs_process_handle *processes;
    struct process_state *states;
    struct fake_stream *streams;
    struct fake_reply replies[FAKE_CALLS];
    unsigned reply_times[FAKE_CALLS];
    bool scripted[FAKE_CALLS];
    unsigned counts[FAKE_CALLS];
    struct fake_program program;
    uint32_t next_process;
    unsigned kills;
    char *last_modify;
    size_t gpu_count;
    unsigned gpu_load;
    struct host_facts facts;
    host_change_fn watch;
    void *watch_context;
    unsigned watch_running;
};

/* ---- the script ---- */

static struct fake_reply reply_for(struct fake_host *fake, enum fake_call call)
{
    struct fake_reply reply = {0};
    fake->counts[call]++;
    if (fake->scripted[call]) {
        reply = fake->replies[call];
        if (fake->reply_times[call] > 0) {
            fake->reply_times[call]--;
            fake->scripted[call] = fake->reply_times[call] > 0;
        }
    }
    return reply;
}

void fake_script(struct fake_host *fake, enum fake_call call, struct fake_reply reply,
                 unsigned times)
{
    os_mutex_lock(fake->mutex);
    fake->replies[call] = reply;
    fake->reply_times[call] = times;
    fake->scripted[call] = true;
    os_mutex_unlock(fake->mutex);
}

unsigned fake_count(struct fake_host *fake, enum fake_call call)
{
    os_mutex_lock(fake->mutex);
    unsigned count = fake->counts[call];
    os_mutex_unlock(fake->mutex);
    return count;
}

void fake_release(struct fake_host *fake)
{
    os_mutex_lock(fake->mutex);
    fake->released = true;
    os_cond_broadcast(fake->cond);
    os_mutex_unlock(fake->mutex);
}

static struct fake_system *find_system(struct fake_host *fake, const char *id)
{
    struct fake_system *system = fake->systems;
    while (system != NULL && (system->gone || strcmp(system->id, id) != 0)) {
        system = system->next;
    }
    return system;
}

void fake_system(struct fake_host *fake, const char *id, const char *json, bool ends)
{
    os_mutex_lock(fake->mutex);
    struct fake_system *system = find_system(fake, id);
    if (system == NULL) {
        system = calloc(1, sizeof *system);
        system->id = text_copy(id);
        system->next = fake->systems;
        fake->systems = system;
    }
    free(system->json);
    system->json = text_copy(json);
    system->ends = ends;
    os_mutex_unlock(fake->mutex);
}

void fake_properties(struct fake_host *fake, const char *id, const char *document)
{
    os_mutex_lock(fake->mutex);
    struct fake_system *system = find_system(fake, id);
    free(system->properties);
    system->properties = text_copy(document);
    os_mutex_unlock(fake->mutex);
}

void fake_remove(struct fake_host *fake, const char *id)
{
    os_mutex_lock(fake->mutex);
    struct fake_system *system = find_system(fake, id);
    if (system != NULL) {
        system->gone = true;
    }
    os_mutex_unlock(fake->mutex);
}

unsigned fake_open_handles(struct fake_host *fake, const char *id)
{
    unsigned count = 0;
    os_mutex_lock(fake->mutex);
    for (struct hcs_system_handle *h = fake->handles; h != NULL; h = h->next) {
        count += !h->closed && (id == NULL || strcmp(h->id, id) == 0) ? 1 : 0;
    }
    os_mutex_unlock(fake->mutex);
    return count;
}

void fake_program(struct fake_host *fake, struct fake_program program)
{
    os_mutex_lock(fake->mutex);
    fake->program = program;
    os_mutex_unlock(fake->mutex);
}

const char *fake_last_modify(struct fake_host *fake)
{
    return fake->last_modify;
}

unsigned fake_open_streams(struct fake_host *fake)
{
    unsigned count = 0;
    os_mutex_lock(fake->mutex);
    for (struct fake_stream *s = fake->streams; s != NULL; s = s->next) {
        count += s->closed ? 0 : 1;
    }
    os_mutex_unlock(fake->mutex);
    return count;
}

unsigned fake_kills(struct fake_host *fake)
{
    os_mutex_lock(fake->mutex);
    unsigned kills = fake->kills;
    os_mutex_unlock(fake->mutex);
    return kills;
}

void fake_gpus(struct fake_host *fake, size_t count, unsigned load)
{
    os_mutex_lock(fake->mutex);
    fake->gpu_count = count;
    fake->gpu_load = load;
    os_mutex_unlock(fake->mutex);
}

void fake_facts(struct fake_host *fake, const struct host_facts *facts)
{
    os_mutex_lock(fake->mutex);
    fake->facts = *facts;
    os_mutex_unlock(fake->mutex);
}

/* ---- events ---- */

static void raise_on(struct fake_host *fake, struct hcs_system_handle *handle, uint32_t type,
                     const char *document)
{
    hcs_char *wide = utf8_to_utf16(document == NULL ? "" : document);
    struct hcs_event event = {.type = type, .event_data = document == NULL ? NULL : wide};
    hcs_event_callback callback = handle->callback;
    void *context = handle->context;
    if (callback != NULL && !handle->closed) {
        handle->running++;
        os_mutex_unlock(fake->mutex);
        callback(&event, context);
        os_mutex_lock(fake->mutex);
        handle->running--;
        os_cond_broadcast(fake->cond);
    }
    free(wide);
}

void fake_raise(struct fake_host *fake, const char *id, uint32_t type, const char *document)
{
    os_mutex_lock(fake->mutex);
    for (struct hcs_system_handle *h = fake->handles; h != NULL; h = h->next) {
        if (id == NULL || strcmp(h->id, id) == 0) {
            raise_on(fake, h, type, document);
        }
    }
    os_mutex_unlock(fake->mutex);
}

void fake_disconnect(struct fake_host *fake)
{
    fake_raise(fake, NULL, HCS_EVENT_SERVICE_DISCONNECT, NULL);
}

void fake_notice(struct fake_host *fake, const struct host_change *change)
{
    os_mutex_lock(fake->mutex);
    host_change_fn watch = fake->watch;
    void *context = fake->watch_context;
    fake->watch_running += watch != NULL ? 1 : 0;
    os_mutex_unlock(fake->mutex);
    if (watch != NULL) {
        watch(context, change);
        os_mutex_lock(fake->mutex);
        fake->watch_running--;
        os_cond_broadcast(fake->cond);
        os_mutex_unlock(fake->mutex);
    }
}

static struct process_state *find_process(struct fake_host *fake, uint32_t id)
{
    struct process_state *state = fake->states;
    while (state != NULL && state->id != id) {
        state = state->next;
    }
    return state;
}

static void end_process(struct fake_host *fake, uint32_t id, uint32_t code)
{
    struct process_state *state = find_process(fake, id);
    if (state == NULL || state->exited) {
        return;
    }
    char document[160];
    state->exited = true;
    state->exit_code = code;
    snprintf(document, sizeof document,
             "{\"ProcessId\":%u,\"Exited\":true,\"ExitCode\":%u,\"LastWaitResult\":0}", id, code);
    for (struct hcs_process_handle *p = fake->processes; p != NULL && !state->silent; p = p->next) {
        if (p->id != id || p->callback == NULL) {
            continue;
        }
        hcs_char *wide = utf8_to_utf16(document);
        struct hcs_event event = {.type = HCS_EVENT_PROCESS_EXITED, .event_data = wide};
        hcs_event_callback callback = p->callback;
        p->running++;
        os_mutex_unlock(fake->mutex);
        callback(&event, p->context);
        os_mutex_lock(fake->mutex);
        p->running--;
        os_cond_broadcast(fake->cond);
        free(wide);
    }
}

/* ---- operations ---- */

static void unlink_operation(struct fake_host *fake, struct hcs_operation_handle *operation)
{
    struct hcs_operation_handle **at = &fake->operations;
    while (*at != NULL && *at != operation) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = operation->next;
    }
}

static struct hcs_operation_handle *next_due(struct fake_host *fake, int64_t *due)
{
    struct hcs_operation_handle *first = NULL;
    *due = INT64_MAX;
    for (struct hcs_operation_handle *o = fake->operations; o != NULL; o = o->next) {
        if (!o->hung && o->due_ns < *due) {
            *due = o->due_ns;
            first = o;
        }
    }
    return first;
}

static void run_thread(void *context)
{
    struct fake_host *fake = context;
    os_mutex_lock(fake->mutex);
    while (!fake->stop) {
        int64_t due = INT64_MAX;
        struct hcs_operation_handle *operation = next_due(fake, &due);
        if (operation == NULL || due > os_now_ns()) {
            os_cond_wait(fake->cond, fake->mutex, due);
            continue;
        }
        unlink_operation(fake, operation);
        uint32_t exits = operation->exits;
        os_mutex_unlock(fake->mutex);
        operation->callback(operation, operation->context);
        os_mutex_lock(fake->mutex);
        if (exits != 0) {
            end_process(fake, exits, fake->program.exit_code);
        }
    }
    os_mutex_unlock(fake->mutex);
}

static hcs_operation create_operation(void *machine, void *context, hcs_operation_completion fn)
{
    struct hcs_operation_handle *operation = calloc(1, sizeof *operation);
    operation->fake = machine;
    operation->context = context;
    operation->callback = fn;
    return operation;
}

static void close_operation(void *machine, hcs_operation operation)
{
    (void)machine;
    free(operation->document);
    free(operation);
}

static hcs_result operation_result(void *machine, hcs_operation operation, hcs_char **document)
{
    (void)machine;
    *document = operation->document == NULL ? NULL : utf8_to_utf16(operation->document);
    return operation->result;
}

static hcs_result operation_info(void *machine, hcs_operation operation,
                                 struct hcs_process_information *info, hcs_char **document)
{
    *info = operation->info;
    return operation_result(machine, operation, document);
}

static void local_free(void *machine, void *document)
{
    (void)machine;
    free(document);
}

/* With the mutex held. */
static hcs_result start(struct fake_host *fake, hcs_operation operation, struct fake_reply reply,
                        const char *document)
{
    if (HRESULT_IS_FAILURE(reply.start)) {
        return reply.start;
    }
    operation->result = reply.result;
    operation->document = text_copy(reply.document != NULL ? reply.document : document);
    operation->due_ns = os_now_ns() + (int64_t)reply.delay_ms * 1000000;
    operation->hung = reply.hang;
    operation->next = fake->operations;
    fake->operations = operation;
    os_cond_broadcast(fake->cond);
    return 0;
}

static hcs_result simple(void *machine, enum fake_call call, hcs_operation operation)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    hcs_result result = start(fake, operation, reply_for(fake, call), NULL);
    os_mutex_unlock(fake->mutex);
    return result;
}

/* ---- systems ---- */

static hcs_result enumerate(void *machine, const hcs_char *query, hcs_operation operation)
{
    struct fake_host *fake = machine;
    char *text = query == NULL ? text_copy("") : utf16_to_utf8(query, SIZE_MAX);
    bool by_id = strstr(text, "\"Ids\"") != NULL;
    struct text list;
    text_init(&list, 64u << 20);
    text_add(&list, "[");
    os_mutex_lock(fake->mutex);
    for (struct fake_system *s = fake->systems; s != NULL; s = s->next) {
        if (!s->gone && (!by_id || strstr(text, s->id) != NULL)) {
            text_add(&list, list.len > 1 ? "," : "");
            text_add(&list, s->json);
        }
    }
    text_add(&list, "]");
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_ENUMERATE), list.data);
    os_mutex_unlock(fake->mutex);
    text_free(&list);
    free(text);
    return result;
}

static hcs_system new_handle(struct fake_host *fake, char *id)
{
    struct hcs_system_handle *handle = calloc(1, sizeof *handle);
    handle->fake = fake;
    handle->id = id;
    handle->next = fake->handles;
    fake->handles = handle;
    return handle;
}

static hcs_result create_system(void *machine, const hcs_char *id, const hcs_char *configuration,
                                hcs_operation operation, const void *security, hcs_system *system)
{
    struct fake_host *fake = machine;
    (void)configuration;
    (void)security;
    os_mutex_lock(fake->mutex);
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_CREATE), NULL);
    if (!HRESULT_IS_FAILURE(result)) {
        *system = new_handle(fake, utf16_to_utf8(id, SIZE_MAX));
    }
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result open_system(void *machine, const hcs_char *id, uint32_t access, hcs_system *out)
{
    struct fake_host *fake = machine;
    char *text = utf16_to_utf8(id, SIZE_MAX);
    (void)access;
    os_mutex_lock(fake->mutex);
    hcs_result result = reply_for(fake, FAKE_OPEN).start;
    if (!HRESULT_IS_FAILURE(result) && find_system(fake, text) == NULL) {
        result = HR_HCS_E_SYSTEM_NOT_FOUND;
    }
    if (!HRESULT_IS_FAILURE(result)) {
        *out = new_handle(fake, text);
    } else {
        free(text);
    }
    os_mutex_unlock(fake->mutex);
    return result;
}

static void close_system(void *machine, hcs_system system)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    system->callback = NULL;
    while (system->running > 0) {
        os_cond_wait(fake->cond, fake->mutex, INT64_MAX);
    }
    system->closed = true;
    os_mutex_unlock(fake->mutex);
}

static hcs_result start_system(void *m, hcs_system s, hcs_operation o, const hcs_char *d)
{
    (void)s;
    (void)d;
    return simple(m, FAKE_START, o);
}

static hcs_result shut_down(void *m, hcs_system s, hcs_operation o, const hcs_char *d)
{
    (void)s;
    (void)d;
    return simple(m, FAKE_SHUTDOWN, o);
}

static hcs_result terminate(void *m, hcs_system s, hcs_operation o, const hcs_char *d)
{
    (void)s;
    (void)d;
    return simple(m, FAKE_TERMINATE, o);
}

static hcs_result properties(void *machine, hcs_system handle, hcs_operation operation,
                             const hcs_char *query)
{
    struct fake_host *fake = machine;
    char document[128];
    (void)query;
    os_mutex_lock(fake->mutex);
    struct fake_system *system = find_system(fake, handle->id);
    struct fake_reply reply = reply_for(fake, FAKE_PROPERTIES);
    snprintf(document, sizeof document, "{\"TerminateOnLastHandleClosed\":%s}",
             system != NULL && system->ends ? "true" : "false");
    if (system == NULL && !HRESULT_IS_FAILURE(reply.start)) {
        reply.result = HR_HCS_E_SYSTEM_NOT_FOUND;
    }
    const char *own = system == NULL ? NULL : system->properties;
    hcs_result result = start(fake, operation, reply, own != NULL ? own : document);
    os_mutex_unlock(fake->mutex);
    return result;
}

static void note_modify(struct fake_host *fake, const hcs_char *document)
{
    free(fake->last_modify);
    fake->last_modify = utf16_to_utf8(document, SIZE_MAX);
}

static hcs_result modify(void *machine, hcs_system s, hcs_operation operation,
                         const hcs_char *document, void *identity)
{
    struct fake_host *fake = machine;
    (void)s;
    (void)identity;
    os_mutex_lock(fake->mutex);
    note_modify(fake, document);
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_MODIFY), NULL);
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result set_callback(void *machine, hcs_system system, uint32_t options,
                               const void *context, hcs_event_callback callback)
{
    struct fake_host *fake = machine;
    (void)options;
    os_mutex_lock(fake->mutex);
    system->callback = callback;
    system->context = (void *)(uintptr_t)context;
    os_mutex_unlock(fake->mutex);
    return 0;
}

/* ---- processes ---- */

static struct fake_stream *new_stream(struct fake_host *fake, const char *bytes, bool ended)
{
    struct fake_stream *stream = calloc(1, sizeof *stream);
    stream->fake = fake;
    stream->bytes = text_copy(bytes == NULL ? "" : bytes);
    stream->len = strlen(stream->bytes);
    stream->ended = ended;
    stream->next = fake->streams;
    fake->streams = stream;
    return stream;
}

static hcs_result create_process(void *machine, hcs_system system, const hcs_char *parameters,
                                 hcs_operation operation, const void *security,
                                 hcs_process *process)
{
    struct fake_host *fake = machine;
    char *text = utf16_to_utf8(parameters, SIZE_MAX);
    (void)system;
    (void)security;
    os_mutex_lock(fake->mutex);
    struct fake_reply reply = reply_for(fake, FAKE_CREATE_PROCESS);
    hcs_result result = start(fake, operation, reply, NULL);
    if (!HRESULT_IS_FAILURE(result)) {
        struct fake_program *program = &fake->program;
        struct process_state *state = calloc(1, sizeof *state);
        state->id = ++fake->next_process;
        state->silent = program->silent_end;
        state->next = fake->states;
        fake->states = state;
        bool ends = !program->stays;
        bool closes = ends && !program->open_output;
        if (strstr(text, "CreateStdInPipe") != NULL) {
            state->input = new_stream(fake, "", false);
        }
        if (strstr(text, "CreateStdOutPipe") != NULL) {
            state->output = new_stream(fake, program->output, closes);
        }
        if (strstr(text, "CreateStdErrPipe") != NULL) {
            state->errors = new_stream(fake, program->errors, closes);
        }
        struct hcs_process_handle *handle = calloc(1, sizeof *handle);
        handle->fake = fake;
        handle->id = state->id;
        handle->next = fake->processes;
        fake->processes = handle;
        *process = handle;
        operation->info = (struct hcs_process_information){
            .process_id = state->id,
            .std_input = state->input,
            .std_output = state->output != NULL ? (hcs_stream)state->output : (hcs_stream)-1,
            .std_error = state->errors};
        operation->exits = ends ? state->id : 0;
    }
    os_mutex_unlock(fake->mutex);
    free(text);
    return result;
}

static hcs_result open_process(void *machine, hcs_system system, uint32_t id, uint32_t access,
                               hcs_process *process)
{
    struct fake_host *fake = machine;
    (void)system;
    (void)access;
    os_mutex_lock(fake->mutex);
    struct hcs_process_handle *handle = calloc(1, sizeof *handle);
    handle->fake = fake;
    handle->id = id;
    handle->next = fake->processes;
    fake->processes = handle;
    *process = handle;
    os_mutex_unlock(fake->mutex);
    return 0;
}

static void close_process(void *machine, hcs_process process)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    process->callback = NULL;
    while (process->running > 0) {
        os_cond_wait(fake->cond, fake->mutex, INT64_MAX);
    }
    os_mutex_unlock(fake->mutex);
}

static void end_stream(struct fake_stream *stream)
{
    if (stream != NULL) {
        stream->ended = true;
    }
}

static hcs_result terminate_process(void *machine, hcs_process process, hcs_operation operation,
                                    const hcs_char *options)
{
    struct fake_host *fake = machine;
    (void)options;
    os_mutex_lock(fake->mutex);
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_TERMINATE_PROCESS), NULL);
    fake->kills++;
    struct process_state *state = find_process(fake, process->id);
    if (state != NULL) {
        end_stream(state->output);
        end_stream(state->errors);
        end_process(fake, process->id, 0xC000013Au);
    }
    os_cond_broadcast(fake->cond);
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result process_info(void *machine, hcs_process process, hcs_operation operation)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    struct process_state *state = find_process(fake, process->id);
    operation->info = (struct hcs_process_information){.process_id = process->id,
                                                       .std_input = state->input,
                                                       .std_output = state->output,
                                                       .std_error = state->errors};
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_PROCESS_INFO), NULL);
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result process_properties(void *machine, hcs_process process, hcs_operation operation,
                                     const hcs_char *query)
{
    struct fake_host *fake = machine;
    char document[160];
    (void)query;
    os_mutex_lock(fake->mutex);
    struct process_state *state = find_process(fake, process->id);
    snprintf(document, sizeof document,
             "{\"ProcessId\":%u,\"Exited\":%s,\"ExitCode\":%u,\"LastWaitResult\":%d}", process->id,
             state->exited ? "true" : "false", state->exit_code, state->exited ? 0 : 258);
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_PROCESS_PROPERTIES), document);
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result modify_process(void *machine, hcs_process process, hcs_operation operation,
                                 const hcs_char *settings)
{
    struct fake_host *fake = machine;
    (void)process;
    os_mutex_lock(fake->mutex);
    note_modify(fake, settings);
    hcs_result result = start(fake, operation, reply_for(fake, FAKE_MODIFY_PROCESS), NULL);
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result set_process_callback(void *machine, hcs_process process, uint32_t options,
                                       void *context, hcs_event_callback callback)
{
    struct fake_host *fake = machine;
    (void)options;
    os_mutex_lock(fake->mutex);
    process->callback = callback;
    process->context = context;
    os_mutex_unlock(fake->mutex);
    return 0;
}

static hcs_result service_properties(void *machine, const hcs_char *query, hcs_char **out)
{
    struct fake_host *fake = machine;
    (void)query;
    os_mutex_lock(fake->mutex);
    struct fake_reply reply = reply_for(fake, FAKE_SERVICE);
    os_mutex_unlock(fake->mutex);
    if (HRESULT_IS_FAILURE(reply.start)) {
        return reply.start;
    }
    *out = utf8_to_utf16(reply.document != NULL
                             ? reply.document
                             : "{\"Properties\":[{\"SupportedSchemaVersions\":[{\"Major\":1,"
                               "\"Minor\":0},{\"Major\":2,\"Minor\":5},{\"Major\":2,\"Minor\":1}]}"
                               "]}");
    return 0;
}

static hcs_result grant(void *machine, const hcs_char *vm, const hcs_char *path)
{
    (void)machine;
    (void)vm;
    return path[0] == 'X' ? HR_ERROR_FILE_NOT_FOUND : 0;
}

/* ---- the second wall ---- */

static hcs_result facts(void *machine, struct host_facts *out)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    *out = fake->facts;
    os_mutex_unlock(fake->mutex);
    return 0;
}

static int64_t now_ms(void *machine)
{
    (void)machine;
    return os_wall_ms();
}

static hcs_result gpus(void *machine, struct host_gpu **out, size_t *count)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    struct fake_reply reply = reply_for(fake, FAKE_GPUS);
    while (reply.hang && !fake->released) {
        os_cond_wait(fake->cond, fake->mutex, INT64_MAX);
    }
    if (HRESULT_IS_FAILURE(reply.start)) {
        os_mutex_unlock(fake->mutex);
        return reply.start;
    }
    *count = fake->gpu_count;
    *out = calloc(*count + 1, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        struct host_gpu *gpu = &(*out)[i];
        gpu->instance_id = text_format("PCI\\VEN_10DE&DEV_1EB8&SUBSYS_12A210DE&REV_A1\\4&%zu", i);
        gpu->interface_path = text_format("\\\\?\\PCI#VEN_10DE&DEV_1EB8#4&%zu#{064092b3-625e-43bf-"
                                          "9eb5-dc845897dd59}\\GPUPARAV",
                                          i);
        gpu->name = text_copy("NVIDIA Tesla T4");
        gpu->location = text_format("PCI bus %zu, device 0, function 0", 20 - i);
        gpu->driver_package = text_copy("nv_dispi.inf_amd64_test");
        gpu->problem_code = (struct hvgpu_number){i == 3 ? 43 : 0, true};
        gpu->load_permille = (struct hvgpu_number){fake->gpu_load, true};
        gpu->partition_count = (struct hvgpu_number){32, true};
    }
    os_mutex_unlock(fake->mutex);
    return reply.start;
}

static void free_gpus(void *machine, struct host_gpu *list, size_t count)
{
    (void)machine;
    for (size_t i = 0; i < count; i++) {
        free(list[i].instance_id);
        free(list[i].interface_path);
        free(list[i].name);
        free(list[i].location);
        free(list[i].driver_package);
    }
    free(list);
}

static hcs_result driver_package(void *machine, const char *instance_id,
                                 struct host_driver_package **out)
{
    (void)machine;
    (void)instance_id;
    *out = calloc(1, sizeof **out);
    (*out)->name = text_copy("nv_dispi.inf_amd64_test");
    return 0;
}

static void free_driver_package(void *machine, struct host_driver_package *package)
{
    (void)machine;
    free(package->name);
    free(package);
}

static hcs_result images(void *machine, struct host_image **out, size_t *count)
{
    (void)machine;
    *count = 3;
    *out = calloc(3, sizeof **out);
    (*out)[0] = (struct host_image){.name = (char *)(uintptr_t) "windows/server:ltsc2022",
                                    .base_name = (char *)(uintptr_t) "windows/server",
                                    .build = {20348, true},
                                    .has_utility_vm = HVGPU_ANSWER_YES};
    (*out)[1] = (struct host_image){.name = (char *)(uintptr_t) "newer",
                                    .build = {26100, true},
                                    .has_utility_vm = HVGPU_ANSWER_YES};
    (*out)[2] =
        (struct host_image){.name = (char *)(uintptr_t) "bare", .has_utility_vm = HVGPU_ANSWER_NO};
    return 0;
}

static void free_images(void *machine, struct host_image *list, size_t count)
{
    (void)machine;
    (void)count;
    free(list);
}

static hcs_result watch(void *machine, host_change_fn fn, void *context)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    fake->watch = fn;
    fake->watch_context = context;
    while (fn == NULL && fake->watch_running > 0) {
        os_cond_wait(fake->cond, fake->mutex, INT64_MAX);
    }
    os_mutex_unlock(fake->mutex);
    return 0;
}

static hcs_result exists(void *machine, const char *path, bool *is_folder)
{
    (void)machine;
    *is_folder = true;
    return strstr(path, "gone") != NULL ? HR_ERROR_PATH_NOT_FOUND : 0;
}

static hcs_result folder(void *machine, char *path, size_t size)
{
    (void)machine;
    text_clean(path, size, "C:\\ProgramData\\hvgpu");
    return 0;
}

static hcs_result stream_read(void *machine, hcs_stream handle, void *buffer, size_t size,
                              size_t *got)
{
    struct fake_host *fake = machine;
    struct fake_stream *stream = handle;
    *got = 0;
    os_mutex_lock(fake->mutex);
    while (stream->at == stream->len && !stream->ended && !stream->closed) {
        os_cond_wait(fake->cond, fake->mutex, INT64_MAX);
    }
    size_t left = stream->len - stream->at;
    if (!stream->closed && left > 0) {
        *got = left < size ? left : size;
        memcpy(buffer, stream->bytes + stream->at, *got);
        stream->at += *got;
    }
    hcs_result result = stream->closed ? HR_E_HANDLE : 0;
    os_mutex_unlock(fake->mutex);
    return result;
}

static hcs_result stream_write(void *machine, hcs_stream handle, const void *buffer, size_t size)
{
    struct fake_host *fake = machine;
    struct fake_stream *stream = handle;
    os_mutex_lock(fake->mutex);
    char *grown = realloc(stream->bytes, stream->len + size + 1);
    memcpy(grown + stream->len, buffer, size);
    stream->bytes = grown;
    stream->len += size;
    os_mutex_unlock(fake->mutex);
    return 0;
}

static void stream_close(void *machine, hcs_stream handle)
{
    struct fake_host *fake = machine;
    struct fake_stream *stream = handle;
    os_mutex_lock(fake->mutex);
    stream->closed = true;
    os_cond_broadcast(fake->cond);
    os_mutex_unlock(fake->mutex);
}

/* ---- life ---- */

struct fake_host *fake_new(void)
{
    struct fake_host *fake = calloc(1, sizeof *fake);
    fake->mutex = os_mutex_new();
    fake->cond = os_cond_new();
    fake->next_process = 1000;
    fake->facts = (struct host_facts){.computer_name = "NODE1",
                                      .edition = "Windows Server 2022 Datacenter",
                                      .build = 20348,
                                      .hypervisor = HVGPU_ANSWER_YES,
                                      .service = HVGPU_ANSWER_YES,
                                      .elevated = HVGPU_ANSWER_YES};
    fake->gpu_count = 2;
    if (os_thread_start(&fake->thread, "fake host", run_thread, fake) != HVGPU_OK) {
        abort();
    }
    return fake;
}

/* The host is gone: no callback comes any more. What it holds is freed by fake_free(). */
static void fake_close(void *machine)
{
    struct fake_host *fake = machine;
    os_mutex_lock(fake->mutex);
    fake->stop = true;
    os_cond_broadcast(fake->cond);
    os_mutex_unlock(fake->mutex);
    os_thread_join(fake->thread);
    fake->thread = NULL;
}

void fake_free(struct fake_host *fake)
{
    fake_close(fake);
#define FREE_LIST(type, list, extra)                                                               \
    while (list != NULL) {                                                                         \
        type *item = list;                                                                         \
        list = item->next;                                                                         \
        extra;                                                                                     \
        free(item);                                                                                \
    }
    FREE_LIST(struct hcs_operation_handle, fake->operations, free(item->document))
    FREE_LIST(struct fake_system, fake->systems,
              (free(item->id), free(item->json), free(item->properties)))
    FREE_LIST(struct hcs_system_handle, fake->handles, free(item->id))
    FREE_LIST(struct hcs_process_handle, fake->processes, (void)0)
    FREE_LIST(struct process_state, fake->states, (void)0)
    FREE_LIST(struct fake_stream, fake->streams, free(item->bytes))
#undef FREE_LIST
    free(fake->last_modify);
    os_cond_free(fake->cond);
    os_mutex_free(fake->mutex);
    free(fake);
}

void fake_walls(struct fake_host *fake, struct hcs_engine_walls *walls)
{
    memset(walls, 0, sizeof *walls);
    walls->close = fake_close;
    walls->hcs = (struct hcs_api){.machine = fake,
                                  .HcsCreateOperation = create_operation,
                                  .HcsCloseOperation = close_operation,
                                  .HcsGetOperationResult = operation_result,
                                  .HcsGetOperationResultAndProcessInfo = operation_info,
                                  .LocalFree = local_free,
                                  .HcsEnumerateComputeSystems = enumerate,
                                  .HcsCreateComputeSystem = create_system,
                                  .HcsOpenComputeSystem = open_system,
                                  .HcsCloseComputeSystem = close_system,
                                  .HcsStartComputeSystem = start_system,
                                  .HcsShutDownComputeSystem = shut_down,
                                  .HcsTerminateComputeSystem = terminate,
                                  .HcsGetComputeSystemProperties = properties,
                                  .HcsModifyComputeSystem = modify,
                                  .HcsSetComputeSystemCallback = set_callback,
                                  .HcsCreateProcess = create_process,
                                  .HcsOpenProcess = open_process,
                                  .HcsCloseProcess = close_process,
                                  .HcsTerminateProcess = terminate_process,
                                  .HcsGetProcessInfo = process_info,
                                  .HcsGetProcessProperties = process_properties,
                                  .HcsModifyProcess = modify_process,
                                  .HcsSetProcessCallback = set_process_callback,
                                  .HcsGetServiceProperties = service_properties,
                                  .HcsGrantVmAccess = grant};
    walls->host = (struct host_api){.machine = fake,
                                    .facts = facts,
                                    .now_ms = now_ms,
                                    .gpus = gpus,
                                    .free_gpus = free_gpus,
                                    .driver_package = driver_package,
                                    .free_driver_package = free_driver_package,
                                    .images = images,
                                    .free_images = free_images,
                                    .watch = watch,
                                    .exists = exists,
                                    .probe_folder = folder,
                                    .scratch_root = folder,
                                    .stream_read = stream_read,
                                    .stream_write = stream_write,
                                    .stream_close = stream_close};
}
