/* SPDX-License-Identifier: MIT
 *
 * Loading, second half: clients with what they have not fetched, handles with their requests,
 * files, counters; then the heap of dues is made again from the objects. The machine is only
 * replaced when everything was in order.
 */
#include "core/engine/hcs/simulated/load.h"

#include <stdlib.h>
#include <string.h>

static bool load_output(struct sim_client *client, const struct json *from)
{
    struct sim_output *o = calloc(1, sizeof(*o));
    if (o == NULL) {
        return false;
    }
    if (client->last == NULL) {
        client->first = o;
    } else {
        client->last->next = o;
    }
    client->last = o;
    client->output_count++;
    o->out.client = client->number;
    int64_t result = 0;
    uint64_t event_id = 0;
    uint64_t severity = 0;
    bool ok = members_load(members_output, &o->out, from) &&
              members_get_bytes(from, &o->out.bytes, &o->out.len);
    json_i64(from, "result", &result);
    json_u64(from, "event_id", &event_id);
    json_u64(from, "severity", &severity);
    json_i64(from, "time_ms", &o->out.change.time_ms);
    o->out.result = (hcs_result)result;
    o->out.change.event_id = (uint32_t)event_id;
    o->out.change.severity = (uint8_t)(severity <= HVGPU_SEVERITY_ERROR ? severity : 0);
    o->out.change.notice = json_bool(from, "gpus", false) ? HOST_NOTICE_GPUS : HOST_NOTICE_LOG;
    return ok;
}

static bool load_clients(struct machine *m, const struct json *list)
{
    struct sim_client **link = &m->clients;
    for (const struct json *i = json_first(list); i != NULL; i = json_next(i)) {
        struct sim_client *client = calloc(1, sizeof(*client));
        if (client == NULL) {
            return false;
        }
        *link = client;
        link = &client->next;
        bool ok = members_load(members_client, client, i) && client->number != 0;
        const struct json *outputs = json_member(i, "outputs");
        for (const struct json *o = json_first(outputs); ok && o != NULL; o = json_next(o)) {
            ok = load_output(client, o);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static struct sim_request *load_request(struct machine *m, uint64_t handle, const struct json *from)
{
    struct sim_request *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return NULL;
    }
    bool ok = members_load(members_request, r, from) && r->number != 0 &&
              (r->fault == SIZE_MAX || r->fault < m->scenario->fault_count) &&
              sim_table_get(&m->requests, r->number) == NULL &&
              (handle != 0 || r->kind == MACHINE_ENUMERATE) &&
              (r->kind != MACHINE_ENUMERATE || handle == 0) &&
              sim_table_put(&m->requests, r->number, r);
    r->handle = handle;
    if (!ok) {
        free(r->document);
        free(r);
        return NULL;
    }
    return r;
}

static bool load_queue(struct machine *m, struct sim_handle *handle, const struct json *queue)
{
    for (const struct json *i = json_first(queue); i != NULL; i = json_next(i)) {
        struct sim_request *r = load_request(m, handle->number, i);
        if (r == NULL) {
            return false;
        }
        if (handle->last == NULL) {
            handle->first = r;
        } else {
            handle->last->next = r;
            r->running = false;
        }
        handle->last = r;
        bool of_process = r->kind >= MACHINE_TERMINATE_PROCESS;
        if (of_process != (handle->process != NULL)) {
            return false;
        }
    }
    return handle->first == NULL || handle->first->running;
}

static bool load_handles(struct machine *m, const struct json *list)
{
    for (const struct json *i = json_first(list); i != NULL; i = json_next(i)) {
        uint64_t system = 0;
        uint64_t process = 0;
        struct sim_handle *handle = calloc(1, sizeof(*handle));
        if (handle == NULL) {
            return false;
        }
        bool ok = members_load(members_handle, handle, i) && handle->number != 0 &&
                  sim_table_get(&m->handles, handle->number) == NULL;
        json_u64(i, "system", &system);
        handle->system = sim_table_get(&m->by_number, system);
        if (json_u64(i, "process", &process)) {
            handle->process = sim_table_get(&m->processes, process);
            ok = ok && handle->process != NULL && handle->process->system == handle->system;
        }
        ok = ok && handle->system != NULL && sim_table_put(&m->handles, handle->number, handle);
        if (!ok) {
            free(handle);
            return false;
        }
        bool open = !handle->closed && !handle->dead;
        handle->system->refs++;
        if (handle->process != NULL) {
            handle->process->refs++;
            handle->process->handles += open ? 1 : 0;
        } else {
            handle->system->handles += open ? 1 : 0;
        }
        if (!load_queue(m, handle, json_member(i, "queue"))) {
            return false;
        }
    }
    return true;
}

static bool load_rest(struct machine *m, const struct json *state)
{
    const struct json *loose = json_member(state, "requests");
    for (const struct json *i = json_first(loose); i != NULL; i = json_next(i)) {
        if (load_request(m, 0, i) == NULL) {
            return false;
        }
    }
    size_t at = 0;
    const struct json *faults = json_member(state, "faults");
    for (const struct json *i = json_first(faults); i != NULL; i = json_next(i)) {
        uint64_t count = 0;
        if (at == m->scenario->fault_count || !json_u64(i, "", &count) || count > UINT32_MAX) {
            return false;
        }
        m->fault_counts[at++] = (unsigned)count;
    }
    return load_files(&m->files, json_member(state, "files"));
}

/* A create and a create_process need the handle they were to fill. */
static bool requests_are_whole(const struct machine *m)
{
    size_t at = 0;
    for (const struct sim_request *r = sim_table_next(&m->requests, &at); r != NULL;
         r = sim_table_next(&m->requests, &at)) {
        const struct sim_handle *target = sim_table_get(&m->handles, r->target);
        if (r->kind == MACHINE_CREATE_PROCESS && target != NULL && target->process == NULL) {
            return false;
        }
        const struct sim_handle *own = sim_table_get(&m->handles, r->handle);
        if (r->kind == MACHINE_CREATE && own->system->state != SIM_CREATING) {
            return false;
        }
    }
    return true;
}

static void make_dues(struct machine *m)
{
    size_t at = 0;
    m->due_count = 0;
    for (const struct sim_request *r = sim_table_next(&m->requests, &at); r != NULL;
         r = sim_table_next(&m->requests, &at)) {
        if (r->running) {
            sim_due_add(m, r->due, SIM_DUE_REQUEST, r->number);
        }
    }
    at = 0;
    for (const struct sim_process *p = sim_table_next(&m->processes, &at); p != NULL;
         p = sim_table_next(&m->processes, &at)) {
        if (p->step_count > 0) {
            sim_due_add(m, p->steps[0].at, SIM_DUE_STEP, p->number);
        }
        sim_due_add(m, p->tick_at, SIM_DUE_TICK, p->number);
    }
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        sim_due_add(m, s->exit_due, SIM_DUE_EXIT, s->number);
    }
    sim_due_add(m, m->notices_due, SIM_DUE_NOTICES, 0);
    sim_due_add(m, m->service_next, SIM_DUE_SERVICE, 0);
}

enum hvgpu_status machine_load(struct machine *m, const struct json *state, struct hvgpu_error *err)
{
    uint64_t version = 0;
    const char *name = json_string(state, "scenario");
    if (!json_u64(state, "v", &version) || version != 1 || name == NULL) {
        return error_set(err, HVGPU_PROTOCOL, "load machine", "state",
                         "this is not the state of a simulated machine");
    }
    if (strcmp(name, m->scenario->name) != 0) {
        return error_set(err, HVGPU_INVALID, "load machine", "state",
                         "the state is of scenario '%s', not of '%s'", name, m->scenario->name);
    }
    struct machine *fresh = machine_new(m->scenario);
    if (fresh == NULL) {
        return error_set(err, HVGPU_MEMORY, "load machine", "state", "out of memory");
    }
    bool ok = members_load(members_machine, fresh, state) && load_systems(fresh, state) &&
              load_clients(fresh, json_member(state, "clients")) &&
              load_handles(fresh, json_member(state, "handles")) && load_rest(fresh, state) &&
              requests_are_whole(fresh);
    if (!ok) {
        machine_free(fresh);
        return error_set(err, HVGPU_PROTOCOL, "load machine", "state", "the state is damaged");
    }
    fresh->most_notices = m->most_notices;
    sim_seed_times(fresh);
    make_dues(fresh);
    sim_machine_empty(m);
    *m = *fresh;
    free(fresh);
    return HVGPU_OK;
}
