/* SPDX-License-Identifier: MIT
 *
 * Requests: accepted at once, queued on their handle, served when their time has come. One handle
 * serves one request after another, as the real service does; enumeration belongs to no handle and
 * runs beside everything else.
 *
 * The faults of the scenario act here: a call that fails at once, in its result, late, never, with
 * nonsense, or that kills its caller before or after it was served.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

/* How long each kind takes, ms: assumed, in the proportions of a real service. */
static const struct {
    const char *function;
    unsigned ms;
    bool read;
} requests[] = {
    [MACHINE_ENUMERATE] = {"HcsEnumerateComputeSystems", 1, true},
    [MACHINE_CREATE] = {"HcsCreateComputeSystem", 60, false},
    [MACHINE_START] = {"HcsStartComputeSystem", 250, false},
    [MACHINE_SHUTDOWN] = {"HcsShutDownComputeSystem", 10, false},
    [MACHINE_TERMINATE] = {"HcsTerminateComputeSystem", 50, false},
    [MACHINE_PROPERTIES] = {"HcsGetComputeSystemProperties", 1, true},
    [MACHINE_MODIFY] = {"HcsModifyComputeSystem", 5, false},
    [MACHINE_CREATE_PROCESS] = {"HcsCreateProcess", 40, false},
    [MACHINE_TERMINATE_PROCESS] = {"HcsTerminateProcess", 5, false},
    [MACHINE_SIGNAL_PROCESS] = {"HcsSignalProcess", 2, false},
    [MACHINE_PROCESS_INFO] = {"HcsGetProcessInfo", 1, true},
    [MACHINE_PROCESS_PROPERTIES] = {"HcsGetProcessProperties", 1, true},
    [MACHINE_MODIFY_PROCESS] = {"HcsModifyProcess", 2, false},
};

/* ---- faults ---- */

/* The functions that change the machine: what a fault on the call "change" means. */
static bool is_change(const char *call)
{
    static const char *const changes[] = {"HcsCreateComputeSystem",   "HcsStartComputeSystem",
                                          "HcsShutDownComputeSystem", "HcsTerminateComputeSystem",
                                          "HcsModifyComputeSystem",   "HcsCreateProcess",
                                          "HcsGrantVmAccess",         "host.make_folder",
                                          "host.copy_file",           "host.delete_tree"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (strcmp(call, changes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool fault_names(const struct scenario_fault *fault, const char *call)
{
    return strcmp(fault->call, "*") == 0 || strcmp(fault->call, call) == 0 ||
           (strcmp(fault->call, "change") == 0 && is_change(call));
}

const struct scenario_fault *machine_fault(struct machine *m, const char *call,
                                           const char *document)
{
    const struct scenario_fault *hit = NULL;
    for (size_t i = 0; i < m->scenario->fault_count; i++) {
        const struct scenario_fault *fault = &m->scenario->faults[i];
        bool matches = fault_names(fault, call);
        if (matches && fault->match != NULL) {
            matches = document != NULL && strstr(document, fault->match) != NULL;
        }
        if (!matches) {
            continue;
        }
        m->fault_counts[i]++;
        sim_changed(m);
        if (hit == NULL && (fault->nth == 0 || fault->nth == m->fault_counts[i])) {
            hit = fault;
        }
    }
    return hit;
}

static const struct scenario_fault *fault_of(const struct machine *m,
                                             const struct sim_request *request)
{
    return request->fault == SIZE_MAX ? NULL : &m->scenario->faults[request->fault];
}

/* ---- times ---- */

static unsigned modify_ms(const char *document)
{
    if (document == NULL) {
        return 1;
    }
    if (strstr(document, "ComputeTopology/Gpu") != NULL || strstr(document, "VirtualPci") != NULL ||
        strstr(document, "CombinedLayers") != NULL) {
        return 30;
    }
    return strstr(document, "/Scsi/") != NULL ? 15 : 5;
}

static int64_t due_of(struct machine *m, const struct sim_request *request,
                      const struct sim_handle *handle, int64_t now)
{
    const struct scenario_fault *fault = fault_of(m, request);
    int64_t later = 0;
    if (fault != NULL && fault->kind == FAULT_HANG) {
        return SIM_NEVER;
    }
    if (fault != NULL && fault->kind == FAULT_SLOW) {
        later = SIM_MS(fault->delay_ms);
    }
    if (!m->scenario->latency) {
        return now + later;
    }
    if (requests[request->kind].read && later == 0) {
        /* Reads that begin within the same millisecond end together: one wake-up for all. */
        if (m->read_due <= now || m->read_due > now + SIM_MS(1)) {
            m->read_due = now + SIM_MS(1);
        }
        return m->read_due;
    }
    unsigned ms = requests[request->kind].ms;
    if (request->kind == MACHINE_MODIFY) {
        ms = modify_ms(request->document);
    } else if (request->kind == MACHINE_START && handle != NULL && handle->system->kind == SIM_VM) {
        ms = 900;
    }
    return now + SIM_MS(ms) + later;
}

static void run(struct machine *m, struct sim_request *request, const struct sim_handle *handle,
                int64_t now)
{
    request->running = true;
    request->due = due_of(m, request, handle, now);
    sim_due_add(m, request->due, SIM_DUE_REQUEST, request->number);
}

void sim_request_start_next(struct machine *m, struct sim_handle *handle, int64_t now)
{
    if (handle->first != NULL && !handle->first->running) {
        run(m, handle->first, handle, now);
    }
}

static void enqueue(struct machine *m, struct sim_request *request, struct sim_handle *handle,
                    int64_t now)
{
    if (handle == NULL) {
        run(m, request, NULL, now);
        return;
    }
    if (handle->last == NULL) {
        handle->first = request;
    } else {
        handle->last->next = request;
    }
    handle->last = request;
    sim_request_start_next(m, handle, now);
}

/* ---- begin ---- */

hcs_result sim_service_state(const struct machine *m, int64_t now)
{
    if (m->scenario->facts.elevated == HVGPU_ANSWER_NO) {
        return HR_HCS_E_ACCESS_DENIED;
    }
    if (m->scenario->facts.service == HVGPU_ANSWER_NO) {
        return HR_HCS_E_SERVICE_NOT_AVAILABLE;
    }
    if (now < m->service_back) {
        return sim_assumed_code(ASSUMED_SERVICE_AWAY);
    }
    return 0;
}

static bool needs_handle(enum machine_request kind)
{
    return kind != MACHINE_ENUMERATE && kind != MACHINE_CREATE;
}

static bool is_of_process(enum machine_request kind)
{
    return kind == MACHINE_TERMINATE_PROCESS || kind == MACHINE_SIGNAL_PROCESS ||
           kind == MACHINE_PROCESS_INFO || kind == MACHINE_PROCESS_PROPERTIES ||
           kind == MACHINE_MODIFY_PROCESS;
}

static hcs_result check(struct machine *m, const struct machine_call *call, int64_t now,
                        struct sim_handle **handle)
{
    hcs_result result = sim_service_state(m, now);
    *handle = NULL;
    if (result != 0) {
        return result;
    }
    if (needs_handle(call->request)) {
        *handle = sim_table_get(&m->handles, call->handle);
        if (*handle == NULL || (*handle)->closed) {
            return HR_E_HANDLE;
        }
        if ((*handle)->dead) {
            return HR_HCS_E_SERVICE_DISCONNECT;
        }
        if (is_of_process(call->request) != ((*handle)->process != NULL)) {
            return HR_E_INVALIDARG;
        }
    }
    if (call->request == MACHINE_CREATE && (call->id == NULL || call->id[0] == '\0')) {
        return HR_E_INVALIDARG;
    }
    bool needs_document = call->request == MACHINE_CREATE || call->request == MACHINE_MODIFY ||
                          call->request == MACHINE_CREATE_PROCESS ||
                          call->request == MACHINE_MODIFY_PROCESS;
    return needs_document && call->document == NULL ? HR_E_INVALIDARG : 0;
}

/* The new handle of create and create_process; NULL: out of memory. */
static struct sim_handle *new_handle(struct machine *m, const struct machine_call *call,
                                     struct sim_handle *parent)
{
    if (call->request == MACHINE_CREATE) {
        struct sim_system *system = sim_system_new(m, call->id);
        struct sim_handle *handle =
            system == NULL ? NULL : sim_handle_new(m, call->client, system, NULL);
        if (handle == NULL && system != NULL) {
            sim_system_release(m, system);
        }
        return handle;
    }
    struct sim_process *process = sim_process_new(m, parent->system, call->client);
    struct sim_handle *handle =
        process == NULL ? NULL : sim_handle_new(m, call->client, parent->system, process);
    if (handle == NULL && process != NULL) {
        sim_process_free(m, process);
    }
    return handle;
}

hcs_result machine_begin(struct machine *m, const struct machine_call *call, int64_t now_ns,
                         uint64_t *out_handle)
{
    struct sim_handle *handle = NULL;
    *out_handle = 0;
    const struct scenario_fault *fault =
        machine_fault(m, requests[call->request].function, call->document);
    if (fault != NULL && fault->kind == FAULT_KILL) {
        sim_kill(m, call->client);
        return HR_E_UNEXPECTED;
    }
    if (fault != NULL && fault->kind == FAULT_FAIL && !fault->late) {
        return fault->code;
    }
    hcs_result result = check(m, call, now_ns, &handle);
    if (result != 0) {
        return result;
    }
    struct sim_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    *request = (struct sim_request){
        .number = sim_number(m),
        .kind = call->request,
        .client = call->client,
        .operation = call->operation,
        .due = SIM_NEVER,
        .document = text_copy(call->document),
        .fault = fault == NULL ? SIZE_MAX : (size_t)(fault - m->scenario->faults),
    };
    struct sim_handle *made = NULL;
    if (call->request == MACHINE_CREATE || call->request == MACHINE_CREATE_PROCESS) {
        made = new_handle(m, call, handle);
        if (made == NULL) {
            free(request->document);
            free(request);
            return HR_E_OUTOFMEMORY;
        }
        *out_handle = made->number;
        request->target = made->number;
        handle = call->request == MACHINE_CREATE ? made : handle;
    }
    request->handle = handle == NULL ? 0 : handle->number;
    sim_table_put(&m->requests, request->number, request);
    sim_changed(m);
    enqueue(m, request, handle, now_ns);
    return 0;
}

/* ---- serve ---- */

struct json *sim_document(struct sim_service *service, const char *type)
{
    struct json *document = NULL;
    struct hvgpu_error err;
    const char *text = service->request->document;
    if (text == NULL || text[0] == '\0') {
        return json_new_object();
    }
    enum hvgpu_status status = json_parse(text, strlen(text), type, &document, &err);
    if (status == HVGPU_OK) {
        status = schema_check(&service->m->scenario->level, type, document, &err);
    }
    if (status != HVGPU_OK) {
        json_free(document);
        sim_refuse(&service->refusal, HR_HCS_E_INVALID_JSON, "Invalid JSON document '%s': %s",
                   err.object, err.message);
        return NULL;
    }
    return document;
}

static hcs_result serve_kind(struct sim_service *service)
{
    switch (service->request->kind) {
    case MACHINE_ENUMERATE:
        return sim_serve_enumerate(service);
    case MACHINE_CREATE:
        return sim_serve_create(service);
    case MACHINE_START:
        return sim_serve_start(service);
    case MACHINE_SHUTDOWN:
        return sim_serve_shutdown(service);
    case MACHINE_TERMINATE:
        return sim_serve_terminate(service);
    case MACHINE_PROPERTIES:
        return sim_serve_properties(service);
    case MACHINE_MODIFY:
        return sim_serve_modify(service);
    case MACHINE_CREATE_PROCESS:
        return sim_serve_create_process(service);
    case MACHINE_TERMINATE_PROCESS:
    case MACHINE_SIGNAL_PROCESS:
    case MACHINE_PROCESS_INFO:
    case MACHINE_PROCESS_PROPERTIES:
    case MACHINE_MODIFY_PROCESS:
        return sim_serve_process(service);
    }
    return HR_E_UNEXPECTED;
}

/* A create that was refused, or failed by a fault: its handle leads nowhere. */
static void undo_create(struct sim_service *service)
{
    if (service->request->kind == MACHINE_CREATE) {
        service->system->state = SIM_FAILED;
    }
}

static hcs_result fail_late(struct sim_service *service, const struct scenario_fault *fault)
{
    undo_create(service);
    if (fault->document != NULL) {
        service->document = text_copy(fault->document);
    } else {
        sim_refuse(&service->refusal, fault->code, "%s", hresult_words(fault->code));
    }
    if (fault->code == HR_HCS_E_TERMINATED_DURING_START &&
        service->request->kind == MACHINE_START) {
        sim_system_end(service->m, service->system, service->now, fault->code, "UnexpectedExit",
                       "UnexpectedExit");
    }
    return fault->code;
}

static hcs_result serve_with_fault(struct sim_service *service)
{
    const struct scenario_fault *fault = fault_of(service->m, service->request);
    if (fault != NULL && fault->kind == FAULT_FAIL) {
        return fail_late(service, fault);
    }
    hcs_result result = serve_kind(service);
    if (result != 0) {
        undo_create(service);
    }
    if (fault != NULL && fault->kind == FAULT_NONSENSE) {
        free(service->document);
        service->document =
            text_copy(fault->document != NULL ? fault->document : "{\"Error\":[[{\"\\ud800");
        return 0;
    }
    return result;
}

/* Takes the request out of its handle's queue; the next one begins. */
static void unqueue(struct machine *m, struct sim_request *request, int64_t now)
{
    sim_table_remove(&m->requests, request->number);
    struct sim_handle *handle = sim_table_get(&m->handles, request->handle);
    if (handle == NULL) {
        return;
    }
    handle->first = request->next;
    if (handle->first == NULL) {
        handle->last = NULL;
        if (handle->closed) {
            sim_handle_free(m, handle);
            return;
        }
    }
    sim_request_start_next(m, handle, now);
}

static void complete(struct sim_service *service, hcs_result result)
{
    struct machine *m = service->m;
    struct sim_request *request = service->request;
    struct machine_output out = {
        .kind = MACHINE_COMPLETION,
        .operation = request->operation,
        .result = result,
        .document = service->document,
    };
    if (request->kind == MACHINE_CREATE_PROCESS || request->kind == MACHINE_PROCESS_INFO) {
        uint64_t number =
            request->kind == MACHINE_CREATE_PROCESS ? request->target : request->handle;
        struct sim_handle *handle = sim_table_get(&m->handles, number);
        if (handle != NULL && result == 0) {
            out.process_id = handle->process->pid;
            if (request->kind == MACHINE_CREATE_PROCESS) {
                out.std_input = handle->process->std_input;
                out.std_output = handle->process->std_output;
                out.std_error = handle->process->std_error;
            }
        }
    }
    const struct scenario_fault *fault = fault_of(m, request);
    if (fault != NULL && fault->kind == FAULT_KILL_AFTER) {
        machine_output_clear(&out);
        sim_kill(m, request->client);
        return;
    }
    sim_output_push(m, request->client, &out);
}

void sim_request_serve(struct machine *m, struct sim_request *request, int64_t now)
{
    struct sim_handle *handle = sim_table_get(&m->handles, request->handle);
    struct sim_service service = {
        .m = m,
        .request = request,
        .handle = handle,
        .system = handle == NULL ? NULL : handle->system,
        .now = now,
    };
    sim_notices_ride(m, now);
    hcs_result result = serve_with_fault(&service);
    if (result != 0 && service.document == NULL && service.refusal.code != 0) {
        service.document = sim_error_document(&service.refusal);
    }
    complete(&service, result);
    unqueue(m, request, now);
    free(request->document);
    free(request);
}

/* The service stops: what it was asked is lost, handles are dead, VMs run on. */
void sim_service_lost(struct machine *m, int64_t now)
{
    m->service_back = now + SIM_MS(2000);
    m->service_next = now + SIM_MS(1000) * (int64_t)m->scenario->service_restart_s;
    sim_due_add(m, m->service_next, SIM_DUE_SERVICE, 0);
    size_t at = 0;
    for (struct sim_request *request = sim_table_next(&m->requests, &at); request != NULL;
         request = sim_table_next(&m->requests, &at)) {
        struct machine_output out = {.kind = MACHINE_COMPLETION,
                                     .operation = request->operation,
                                     .result = HR_HCS_E_SERVICE_DISCONNECT};
        sim_output_push(m, request->client, &out);
        struct sim_handle *handle = sim_table_get(&m->handles, request->handle);
        if (handle != NULL) {
            handle->first = NULL;
            handle->last = NULL;
            if (request->kind == MACHINE_CREATE) {
                handle->system->state = SIM_FAILED;
            }
        }
        sim_table_remove(&m->requests, request->number);
        free(request->document);
        free(request);
    }
    at = 0;
    for (struct sim_handle *handle = sim_table_next(&m->handles, &at); handle != NULL;
         handle = sim_table_next(&m->handles, &at)) {
        if (handle->closed) {
            sim_handle_free(m, handle);
            continue;
        }
        if (!handle->dead) {
            unsigned *count =
                handle->process != NULL ? &handle->process->handles : &handle->system->handles;
            *count -= 1;
        }
        if (handle->listens && !handle->dead) {
            struct machine_output out = {.kind = MACHINE_EVENT,
                                         .handle = handle->number,
                                         .event_type = HCS_EVENT_SERVICE_DISCONNECT};
            sim_output_push(m, handle->client, &out);
        }
        handle->dead = true;
    }
}
