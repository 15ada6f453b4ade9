/* SPDX-License-Identifier: MIT
 *
 * Processes in the simulated guests: their life, streams and requests. What a program does is
 * guest.c's; here its output waits as steps until its time has come.
 *
 * An ended process stays, and tells its exit code, until the last handle on it is closed.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_STEPS = 100000,  /* a program that prints without end is cut off here */
    KILLED_EXIT_CODE = 1, /* assumed: nothing documents what HcsTerminateProcess leaves */
};

/* ---- life ---- */

struct sim_process *sim_process_new(struct machine *m, struct sim_system *s, uint32_t client)
{
    struct sim_process *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    p->number = sim_number(m);
    p->system = s;
    p->client = client;
    p->tick_at = SIM_NEVER;
    if (!sim_table_put(&m->processes, p->number, p)) {
        free(p);
        return NULL;
    }
    struct sim_process **link = &s->processes;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = p;
    return p;
}

void sim_process_clear(struct sim_process *p)
{
    for (size_t i = 0; i < p->step_count; i++) {
        free(p->steps[i].bytes);
    }
    free(p->steps);
    free(p->image);
    free(p->command);
    free(p->user);
    free(p->memory);
}

void sim_streams_forget(struct machine *m, struct sim_process *p)
{
    sim_table_remove(&m->streams, p->std_input);
    sim_table_remove(&m->streams, p->std_output);
    sim_table_remove(&m->streams, p->std_error);
}

void sim_process_free(struct machine *m, struct sim_process *p)
{
    struct sim_process **link = &p->system->processes;
    while (*link != NULL && *link != p) {
        link = &(*link)->next;
    }
    if (*link == p) {
        *link = p->next;
    }
    sim_streams_forget(m, p);
    sim_table_remove(&m->processes, p->number);
    sim_process_clear(p);
    free(p);
}

void sim_process_release(struct machine *m, struct sim_process *p)
{
    if (p->refs == 0 && (p->exited || !p->started)) {
        sim_process_free(m, p);
    }
}

struct json *sim_process_status(const struct sim_process *p)
{
    struct json *status = json_new_object();
    json_add_u64(status, "ProcessId", p->pid);
    json_add_bool(status, "Exited", p->exited);
    json_add_u64(status, "ExitCode", p->exited ? p->exit_code : 0);
    json_add_i64(status, "LastWaitResult", 0);
    return status;
}

void sim_process_exit(struct machine *m, struct sim_process *p, uint32_t exit_code)
{
    if (p->exited || !p->started) {
        return;
    }
    p->exited = true;
    p->exit_code = exit_code;
    p->tick_at = SIM_NEVER;
    for (size_t i = 0; i < p->step_count; i++) {
        free(p->steps[i].bytes);
    }
    p->step_count = 0;
    sim_bytes(m, p, p->std_output, NULL, 0);
    sim_bytes(m, p, p->std_error, NULL, 0);
    struct json *status = sim_process_status(p);
    char *document = json_print(status);
    json_free(status);
    sim_event(m, p->system, p, HCS_EVENT_PROCESS_EXITED, document);
    free(document);
    p->system->touched = true;
    sim_changed(m);
    sim_process_release(m, p);
}

/* ---- steps ---- */

bool sim_process_can_print(const struct sim_process *p)
{
    return p->std_output != 0 && p->client != 0;
}

static struct sim_step *insert_step(struct machine *m, struct sim_process *p, int64_t at)
{
    if (p->step_count == p->step_cap) {
        size_t cap = p->step_cap == 0 ? 8 : p->step_cap * 2;
        struct sim_step *steps = cap > MOST_STEPS ? NULL : realloc(p->steps, cap * sizeof(*steps));
        if (steps == NULL) {
            return NULL;
        }
        p->steps = steps;
        p->step_cap = cap;
    }
    size_t i = p->step_count++;
    while (i > 0 && p->steps[i - 1].at > at) {
        p->steps[i] = p->steps[i - 1];
        i--;
    }
    p->steps[i] = (struct sim_step){.at = at};
    if (i == 0) {
        sim_due_add(m, at, SIM_DUE_STEP, p->number);
    }
    return &p->steps[i];
}

void sim_process_print(struct machine *m, struct sim_process *p, int64_t at, bool to_stderr,
                       const char *bytes, size_t len)
{
    uint64_t stream = to_stderr ? p->std_error : p->std_output;
    char *copy = stream == 0 || p->client == 0 || len == 0 ? NULL : malloc(len);
    struct sim_step *step = copy == NULL ? NULL : insert_step(m, p, at);
    if (step == NULL) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, len);
    step->kind = to_stderr ? SIM_ERR : SIM_OUT;
    step->bytes = copy;
    step->len = len;
}

void sim_process_end(struct machine *m, struct sim_process *p, int64_t at, uint32_t exit_code)
{
    size_t kept = 0;
    while (kept < p->step_count && p->steps[kept].at <= at) {
        kept++;
    }
    for (size_t i = kept; i < p->step_count; i++) {
        free(p->steps[i].bytes);
    }
    p->step_count = kept;
    p->tick_at = SIM_NEVER;
    struct sim_step *step = insert_step(m, p, at);
    if (step != NULL) {
        step->kind = SIM_EXIT;
        step->exit_code = exit_code;
    }
}

void sim_process_tick(struct machine *m, struct sim_process *p, int64_t at)
{
    p->tick_at = at;
    sim_due_add(m, at, SIM_DUE_TICK, p->number);
}

void sim_process_step(struct machine *m, struct sim_process *p, int64_t now)
{
    while (p->step_count > 0 && p->steps[0].at <= now) {
        struct sim_step step = p->steps[0];
        p->step_count--;
        memmove(p->steps, p->steps + 1, p->step_count * sizeof(*p->steps));
        if (step.kind == SIM_EXIT) {
            sim_process_exit(m, p, step.exit_code);
            return; /* it may be freed by now */
        }
        sim_bytes(m, p, step.kind == SIM_ERR ? p->std_error : p->std_output, step.bytes, step.len);
        free(step.bytes);
    }
    if (p->step_count > 0) {
        sim_due_add(m, p->steps[0].at, SIM_DUE_STEP, p->number);
    }
}

/* ---- streams ---- */

static uint64_t new_stream(struct machine *m, struct sim_process *p, bool wanted)
{
    uint64_t number = wanted ? sim_number(m) : 0;
    if (wanted && !sim_table_put(&m->streams, number, p)) {
        number = 0;
    }
    return number;
}

hcs_result machine_stream_write(struct machine *m, uint64_t stream, const void *bytes, size_t len,
                                int64_t now_ns)
{
    struct sim_process *p = sim_table_get(&m->streams, stream);
    if (p == NULL || stream != p->std_input || p->exited || p->input_closed) {
        return HR_ERROR_BROKEN_PIPE;
    }
    guest_input(m, p, bytes, len, now_ns);
    p->system->touched = true;
    sim_changed(m);
    return 0;
}

static void close_input(struct machine *m, struct sim_process *p, int64_t now)
{
    if (!p->input_closed && p->std_input != 0 && p->started && !p->exited) {
        p->input_closed = true;
        guest_input_end(m, p, now);
        p->system->touched = true;
        sim_changed(m);
    }
}

void machine_stream_close(struct machine *m, uint64_t stream, int64_t now_ns)
{
    struct sim_process *p = sim_table_get(&m->streams, stream);
    if (p == NULL) {
        return;
    }
    sim_table_remove(&m->streams, stream);
    sim_changed(m);
    if (stream == p->std_input) {
        close_input(m, p, now_ns);
    } else if (stream == p->std_output) {
        p->std_output = 0;
    } else {
        p->std_error = 0;
    }
}

/* The process that had the other ends has died: nobody reads, input is at its end. */
void sim_streams_orphan(struct machine *m, uint32_t client, int64_t now)
{
    size_t at = 0;
    for (struct sim_process *p = sim_table_next(&m->processes, &at); p != NULL;
         p = sim_table_next(&m->processes, &at)) {
        if (p->client == client) {
            p->client = 0;
            close_input(m, p, now);
            sim_streams_forget(m, p);
        }
    }
}

/* ---- requests ---- */

static void console_size(struct sim_process *p, const struct json *size, bool pair)
{
    uint64_t rows = 0;
    uint64_t columns = 0;
    if (pair) {
        const struct json *first = json_first(size);
        if (json_u64(first, "", &rows) && first != NULL) {
            json_u64(json_next(first), "", &columns);
        }
    } else {
        json_u64(size, "Height", &rows);
        json_u64(size, "Width", &columns);
    }
    p->rows = rows > 0 && rows <= UINT16_MAX ? (unsigned)rows : p->rows;
    p->columns = columns > 0 && columns <= UINT16_MAX ? (unsigned)columns : p->columns;
}

static hcs_result place_ready(struct sim_service *service)
{
    const struct sim_system *s = service->system;
    hcs_result result = sim_system_gone(service);
    if (result != 0) {
        return result;
    }
    if (s->state != SIM_RUNNING) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_STATE,
                          "The compute system '%s' is not running", s->id);
    }
    if (s->kind == SIM_VM && !s->guest_connection) {
        return sim_refuse(&service->refusal, HR_HCS_E_CONNECT_FAILED,
                          "The virtual machine '%s' has no guest connection", s->id);
    }
    return 0;
}

static hcs_result start_process(struct sim_service *service, struct sim_process *p,
                                const struct json *parameters)
{
    struct machine *m = service->m;
    const char *command = json_string(parameters, "CommandLine");
    const char *user = json_string(parameters, "User");
    if (command == NULL || command[0] == '\0') {
        return sim_refuse(&service->refusal, HR_E_INVALIDARG, "$.CommandLine is required");
    }
    bool console = json_bool(parameters, "EmulateConsole", false);
    p->command = text_copy(command);
    p->user = text_copy(user == NULL ? "ContainerAdministrator" : user);
    p->created_ms = machine_wall_ms(m, service->now);
    p->created_ns = service->now;
    p->columns = 80;
    p->rows = 25;
    console_size(p, json_member(parameters, "ConsoleSize"), true);
    p->std_input = new_stream(m, p, json_bool(parameters, "CreateStdInPipe", false));
    p->std_output = new_stream(m, p, json_bool(parameters, "CreateStdOutPipe", false));
    p->std_error = new_stream(m, p, !console && json_bool(parameters, "CreateStdErrPipe", false));
    if (sim_client_find(m, p->client) == NULL) {
        p->client = 0; /* its creator died while the request was on its way */
    }
    hcs_result result = guest_start(m, service->system, p, parameters, service->now);
    if (result != 0) {
        return sim_refuse(&service->refusal, result, "The process '%.200s' could not be started",
                          command);
    }
    p->started = true;
    p->pid = m->next_pid;
    m->next_pid += 4;
    if (p->image == NULL) {
        p->image = text_copy("process.exe");
    }
    if (p->client == 0) {
        sim_streams_forget(m, p);
        p->input_closed = p->std_input != 0;
        if (p->input_closed) {
            guest_input_end(m, p, service->now);
        }
    }
    return 0;
}

hcs_result sim_serve_create_process(struct sim_service *service)
{
    struct sim_handle *made = sim_table_get(&service->m->handles, service->request->target);
    hcs_result result = place_ready(service);
    if (result != 0 || made == NULL) {
        return result != 0 ? result : HR_E_HANDLE;
    }
    struct json *parameters = sim_document(service, "ProcessParameters");
    if (parameters == NULL) {
        return service->refusal.code;
    }
    struct sim_process *p = made->process;
    result = start_process(service, p, parameters);
    json_free(parameters);
    if (result == 0 && service->system->init_pid == 0) {
        service->system->init_pid = p->pid;
    }
    sim_system_touch(service->m, service->system);
    return result;
}

static hcs_result modify_process(struct sim_service *service, struct sim_process *p)
{
    struct json *document = sim_document(service, "ProcessModifyRequest");
    if (document == NULL) {
        return service->refusal.code;
    }
    const char *operation = json_string(document, "Operation");
    hcs_result result = 0;
    if (operation != NULL && strcmp(operation, "ConsoleSize") == 0) {
        console_size(p, json_member(document, "ConsoleSize"), false);
    } else if (operation != NULL && strcmp(operation, "CloseHandle") == 0) {
        const char *which = json_string(document, "CloseHandle/Handle");
        bool all = which != NULL && strcmp(which, "All") == 0;
        if (all || (which != NULL && strcmp(which, "StdIn") == 0)) {
            close_input(service->m, p, service->now);
        }
        if (all || (which != NULL && strcmp(which, "StdOut") == 0)) {
            sim_bytes(service->m, p, p->std_output, NULL, 0);
            p->std_output = 0;
        }
        if (all || (which != NULL && strcmp(which, "StdErr") == 0)) {
            sim_bytes(service->m, p, p->std_error, NULL, 0);
            p->std_error = 0;
        }
    } else {
        result = sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON,
                            "$.Operation is neither ConsoleSize nor CloseHandle");
    }
    json_free(document);
    return result;
}

static hcs_result signal_process(struct sim_service *service, struct sim_process *p)
{
    struct json *document = sim_document(service, "SignalProcessOptions");
    if (document == NULL) {
        return service->refusal.code;
    }
    const char *signal = json_string(document, "Signal");
    guest_signal(service->m, p, signal == NULL ? "CtrlC" : signal, service->now);
    json_free(document);
    return 0;
}

hcs_result sim_serve_process(struct sim_service *service)
{
    struct sim_process *p = service->handle->process;
    enum machine_request kind = service->request->kind;
    if (!p->started) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_STATE, "The process was not started");
    }
    if (kind == MACHINE_PROCESS_PROPERTIES) {
        struct json *status = sim_process_status(p);
        service->document = json_print(status);
        json_free(status);
        return 0;
    }
    if (kind == MACHINE_PROCESS_INFO) {
        return 0;
    }
    if (p->exited) {
        return sim_refuse(&service->refusal, HR_HCS_E_PROCESS_ALREADY_STOPPED,
                          "The process %u has exited", p->pid);
    }
    sim_system_touch(service->m, service->system);
    if (kind == MACHINE_TERMINATE_PROCESS) {
        sim_process_exit(service->m, p, KILLED_EXIT_CODE);
        return 0;
    }
    return kind == MACHINE_SIGNAL_PROCESS ? signal_process(service, p) : modify_process(service, p);
}
