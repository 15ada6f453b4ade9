/* SPDX-License-Identifier: MIT
 *
 * The heap of dues: what happens when. An entry is never taken out early; one whose object is gone
 * or has another time by now is dropped when it comes up, so that the heap never has to be
 * searched.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>

static bool before(const struct sim_due *a, const struct sim_due *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void sim_due_add(struct machine *m, int64_t at, enum sim_due_kind kind, uint64_t target)
{
    if (at == SIM_NEVER) {
        return;
    }
    if (m->due_count == m->due_cap) {
        size_t cap = m->due_cap == 0 ? 64 : m->due_cap * 2;
        struct sim_due *dues = realloc(m->dues, cap * sizeof(*dues));
        if (dues == NULL) {
            return;
        }
        m->dues = dues;
        m->due_cap = cap;
    }
    struct sim_due due = {.at = at, .order = sim_number(m), .kind = kind, .target = target};
    size_t i = m->due_count++;
    while (i > 0 && before(&due, &m->dues[(i - 1) / 2])) {
        m->dues[i] = m->dues[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    m->dues[i] = due;
}

static void pop(struct machine *m)
{
    struct sim_due last = m->dues[--m->due_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->due_count) {
            break;
        }
        if (child + 1 < m->due_count && before(&m->dues[child + 1], &m->dues[child])) {
            child++;
        }
        if (!before(&m->dues[child], &last)) {
            break;
        }
        m->dues[i] = m->dues[child];
        i = child;
    }
    if (m->due_count > 0) {
        m->dues[i] = last;
    }
}

bool sim_due_is_live(const struct machine *m, const struct sim_due *due)
{
    const struct sim_request *request;
    const struct sim_process *process;
    const struct sim_system *system;
    switch (due->kind) {
    case SIM_DUE_REQUEST:
        request = sim_table_get(&m->requests, due->target);
        return request != NULL && request->running && request->due == due->at;
    case SIM_DUE_STEP:
        process = sim_table_get(&m->processes, due->target);
        return process != NULL && process->step_count > 0 && process->steps[0].at == due->at;
    case SIM_DUE_TICK:
        process = sim_table_get(&m->processes, due->target);
        return process != NULL && !process->exited && process->tick_at == due->at;
    case SIM_DUE_EXIT:
        system = sim_table_get(&m->by_number, due->target);
        return system != NULL && system->exit_due == due->at;
    case SIM_DUE_NOTICES:
        return m->notices_due == due->at;
    case SIM_DUE_SERVICE:
        return m->service_next == due->at;
    }
    return false;
}

static void serve_tick(struct machine *m, struct sim_process *process, int64_t at)
{
    process->tick_at = SIM_NEVER;
    guest_tick(m, process, at);
}

static void serve(struct machine *m, const struct sim_due *due)
{
    struct sim_system *system;
    switch (due->kind) {
    case SIM_DUE_REQUEST:
        sim_request_serve(m, sim_table_get(&m->requests, due->target), due->at);
        break;
    case SIM_DUE_STEP:
        sim_process_step(m, sim_table_get(&m->processes, due->target), due->at);
        break;
    case SIM_DUE_TICK:
        serve_tick(m, sim_table_get(&m->processes, due->target), due->at);
        break;
    case SIM_DUE_EXIT:
        system = sim_table_get(&m->by_number, due->target);
        system->exit_due = SIM_NEVER;
        sim_system_end(m, system, due->at, 0, "GracefulExit", "Shutdown");
        break;
    case SIM_DUE_NOTICES:
        sim_notices_make(m, due->at);
        break;
    case SIM_DUE_SERVICE:
        sim_service_lost(m, due->at);
        break;
    }
}

int64_t machine_advance(struct machine *m, int64_t now_ns)
{
    m->now = now_ns > m->now ? now_ns : m->now;
    while (m->due_count > 0) {
        struct sim_due due = m->dues[0];
        bool live = sim_due_is_live(m, &due);
        if (live && due.at > m->now) {
            return due.at;
        }
        pop(m);
        if (live) {
            sim_changed(m);
            serve(m, &due);
        }
    }
    return SIM_NEVER;
}

int64_t machine_next_asked(const struct machine *m)
{
    int64_t next = SIM_NEVER;
    for (size_t i = 0; i < m->due_count; i++) {
        const struct sim_due *due = &m->dues[i];
        bool asked =
            due->kind == SIM_DUE_REQUEST || due->kind == SIM_DUE_STEP || due->kind == SIM_DUE_EXIT;
        if (asked && due->at < next && sim_due_is_live(m, due)) {
            next = due->at;
        }
    }
    return next;
}
