/* SPDX-License-Identifier: MIT
 *
 * What the simulated machine tells its clients: completions, events, bytes of streams, notices.
 * Each is queued for one client until that client fetches it.
 *
 * Completions, events of systems and bytes are never dropped. Notices are, when a client does not
 * fetch: as with the event log, what nobody reads in time is overwritten.
 *
 * A stream of many notices a second is made in batches, one wake-up a batch: every 20 ms, or, when
 * there are less than 50 a second, once a second (or in the scenario's interval, when that is
 * longer), and then only if the machine is awake anyway or half of it more has gone by.
 */
#include "core/engine/hcs/simulated/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MS = 20, FEW_A_SECOND = 50 };

void machine_output_clear(struct machine_output *output)
{
    free(output->document);
    free(output->bytes);
    free(output->channel);
    free(output->system_id);
    *output = (struct machine_output){0};
}

void sim_output_push(struct machine *m, uint32_t number, struct machine_output *out)
{
    struct sim_client *client = sim_client_find(m, number);
    struct sim_output *item = NULL;
    bool wanted = client != NULL;
    if (wanted && out->kind == MACHINE_NOTICE && client->output_count >= m->most_notices) {
        client->lost++;
        wanted = false;
    }
    if (wanted) {
        item = calloc(1, sizeof(*item));
    }
    if (item == NULL) {
        machine_output_clear(out);
        return;
    }
    item->out = *out;
    item->out.client = number;
    if (client->last == NULL) {
        client->first = item;
    } else {
        client->last->next = item;
    }
    client->last = item;
    client->output_count++;
    sim_changed(m);
}

bool sim_client_take(struct machine *m, struct sim_client *client, struct machine_output *out)
{
    struct sim_output *item = client->first;
    if (item == NULL) {
        return false;
    }
    client->first = item->next;
    if (client->first == NULL) {
        client->last = NULL;
    }
    client->output_count--;
    *out = item->out;
    free(item);
    sim_changed(m);
    return true;
}

bool machine_take_output(struct machine *m, uint32_t number, struct machine_output *out)
{
    struct sim_client *client = sim_client_find(m, number);
    return client != NULL && sim_client_take(m, client, out);
}

bool machine_has_output(const struct machine *m, uint32_t number)
{
    const struct sim_client *client = sim_client_find(m, number);
    return client != NULL && client->first != NULL;
}

bool machine_must_die(const struct machine *m, uint32_t number)
{
    const struct sim_client *client =
        m->scenario->fault_count == 0 ? NULL : sim_client_find(m, number);
    const struct sim_output *output = client == NULL ? NULL : client->first;
    while (output != NULL && !output->out.kill) {
        output = output->next;
    }
    return output != NULL;
}

void sim_kill(struct machine *m, uint32_t client)
{
    struct machine_output out = {.kind = MACHINE_EVENT, .kill = true};
    sim_output_push(m, client, &out);
}

void sim_event(struct machine *m, struct sim_system *s, struct sim_process *p, uint32_t type,
               const char *document)
{
    size_t at = 0;
    for (struct sim_handle *handle = sim_table_next(&m->handles, &at); handle != NULL;
         handle = sim_table_next(&m->handles, &at)) {
        if (handle->system == s && handle->process == p && handle->listens && !handle->dead &&
            !handle->closed) {
            struct machine_output out = {
                .kind = MACHINE_EVENT,
                .handle = handle->number,
                .event_type = type,
                .document = text_copy(document),
            };
            sim_output_push(m, handle->client, &out);
        }
    }
}

void sim_bytes(struct machine *m, struct sim_process *p, uint64_t stream, const char *bytes,
               size_t len)
{
    if (stream == 0 || p->client == 0) {
        return;
    }
    struct machine_output out = {.kind = MACHINE_BYTES, .stream = stream, .len = len};
    if (len > 0) {
        out.bytes = malloc(len);
        if (out.bytes == NULL) {
            return;
        }
        memcpy(out.bytes, bytes, len);
    }
    sim_output_push(m, p->client, &out);
}

/* ---- documents of failures ---- */

struct json *sim_attribution(const char *detail, const char *device)
{
    struct json *list = json_new_array();
    if (device != NULL) {
        struct json *record = json_append(list, json_new_object());
        struct json *failure = json_add_object(record, "VirtualDeviceFailure");
        json_add_string(failure, "Detail", "PowerOnCold");
        json_add_string(failure, "Name", device);
    }
    if (detail != NULL) {
        struct json *record = json_append(list, json_new_object());
        json_add_string(json_add_object(record, "OperationFailure"), "Detail", detail);
    }
    return list;
}

char *sim_error_document(const struct sim_refusal *refusal)
{
    struct json *document = json_new_object();
    json_add_i64(document, "Error", refusal->code);
    json_add_string(document, "ErrorMessage", refusal->message);
    if (refusal->detail != NULL || refusal->device != NULL) {
        struct json *events = json_add_array(document, "ErrorEvents");
        struct json *event = json_append(events, json_new_object());
        json_add_string(event, "Message", refusal->message);
        json_add_string(event, "Provider", "17103e3f-3c6e-4677-bb17-3b267eb5be57");
        json_add(document, "Attribution", sim_attribution(refusal->detail, refusal->device));
    }
    char *text = json_print(document);
    json_free(document);
    return text;
}

/* ---- notices ---- */

static void tell_watchers(struct machine *m, const struct host_change *change,
                          const char *system_id, const char *record)
{
    for (const struct sim_client *client = m->clients; client != NULL; client = client->next) {
        if (client->watches) {
            struct machine_output out = {
                .kind = MACHINE_NOTICE,
                .change = *change,
                .system_id = text_copy(system_id),
                .document = text_copy(record),
                .channel = text_copy(change->notice == HOST_NOTICE_LOG
                                         ? "Microsoft-Windows-Hyper-V-Compute-Operational"
                                         : ""),
            };
            sim_output_push(m, client->number, &out);
        }
    }
}

static bool anybody_watches(const struct machine *m)
{
    const struct sim_client *client = m->clients;
    while (client != NULL && !client->watches) {
        client = client->next;
    }
    return client != NULL;
}

void sim_log(struct machine *m, int64_t now, uint32_t event_id, enum hvgpu_severity severity,
             const char *system_id, const char *message)
{
    if (!anybody_watches(m)) {
        return;
    }
    struct json *record = json_new_object();
    json_add_string(record, "SystemId", system_id);
    json_add_string(record, "Message", message);
    char *text = json_print(record);
    json_free(record);
    struct host_change change = {
        .notice = HOST_NOTICE_LOG,
        .event_id = event_id,
        .severity = (uint8_t)severity,
        .time_ms = machine_wall_ms(m, now),
    };
    tell_watchers(m, &change, system_id, text);
    free(text);
}

void sim_gpus_changed(struct machine *m, int64_t now)
{
    struct host_change change = {.notice = HOST_NOTICE_GPUS, .time_ms = machine_wall_ms(m, now)};
    tell_watchers(m, &change, "", "{}");
}

/* The next system in the list after the one that was named last. */
static const struct sim_system *next_named(struct machine *m)
{
    const struct sim_system *s = sim_table_get(&m->by_number, m->notice_system);
    s = s == NULL ? NULL : s->after;
    for (int round = 0; round < 2; round++) {
        for (; s != NULL; s = s->after) {
            if (s->state == SIM_RUNNING) {
                m->notice_system = s->number;
                return s;
            }
        }
        s = m->systems;
    }
    return NULL;
}

static void notice(struct machine *m, int64_t at)
{
    static const char *const happenings[] = {
        "Guest heartbeat received", "Memory of the system was balanced",
        "Statistics of the system were read", "Processor reservation was renewed"};
    const struct sim_system *s = next_named(m);
    const char *id = s == NULL ? "" : s->id;
    uint64_t which = m->notices_made++;
    /* Written by hand: at 100,000 a second a tree for each would cost more than all else. An id
     * that would need escaping takes the long way. */
    if (strpbrk(id, "\"\\") != NULL) {
        sim_log(m, at, 2003, HVGPU_SEVERITY_INFO, id, happenings[which % 4]);
        return;
    }
    char record[256];
    int len = snprintf(record, sizeof(record),
                       "{\"SystemId\":\"%.120s\",\"Message\":\"%s\",\"Sequence\":%llu}", id,
                       happenings[which % 4], (unsigned long long)which);
    if (len > 0 && (size_t)len < sizeof(record)) {
        struct host_change change = {.notice = HOST_NOTICE_LOG,
                                     .event_id = 2003,
                                     .severity = HVGPU_SEVERITY_INFO,
                                     .time_ms = machine_wall_ms(m, at)};
        tell_watchers(m, &change, id, record);
    }
}

/* How many notices are made in how long: N a second, or one in N seconds. */
struct pace {
    unsigned count; /* 0: none are made */
    int64_t period;
    bool few;
};

static struct pace pace_of(const struct machine *m)
{
    const struct scenario *scenario = m->scenario;
    if (scenario->events_per_second > 0) {
        return (struct pace){.count = scenario->events_per_second,
                             .period = SIM_MS(1000),
                             .few = scenario->events_per_second < FEW_A_SECOND};
    }
    int64_t period = SIM_MS(1000) * (int64_t)scenario->event_interval_s;
    return (struct pace){.count = period > 0 ? 1 : 0, .period = period, .few = true};
}

void sim_notices_schedule(struct machine *m, int64_t now)
{
    const struct pace pace = pace_of(m);
    if (pace.count == 0 || !anybody_watches(m)) {
        m->notices_at = SIM_NEVER;
        m->notices_due = SIM_NEVER;
        return;
    }
    if (m->notices_at == SIM_NEVER) {
        m->notices_at = now;
    }
    int64_t due = m->notices_at + (pace.few ? pace.period / 2 * 3 : SIM_MS(BATCH_MS));
    if (due != m->notices_due) {
        m->notices_due = due;
        sim_due_add(m, due, SIM_DUE_NOTICES, 0);
    }
}

void sim_notices_make(struct machine *m, int64_t now)
{
    const struct pace pace = pace_of(m);
    if (m->notices_at == SIM_NEVER || pace.count == 0) {
        return;
    }
    int64_t passed = now - m->notices_at;
    /* After a long sleep of the whole computer: not all of it at once. */
    passed = passed > 2 * pace.period ? 2 * pace.period : passed;
    uint64_t count = (uint64_t)passed * pace.count / (uint64_t)pace.period;
    for (uint64_t i = 0; i < count; i++) {
        notice(m, now);
    }
    if (count > 0) {
        /* What is left of the interval counts for the next batch, so that the rate is exact. */
        m->notices_at = now - (passed - (int64_t)(count * (uint64_t)pace.period / pace.count));
    }
    m->notices_due = SIM_NEVER;
    sim_notices_schedule(m, now > m->notices_at ? m->notices_at : now);
}

/* Few notices a second ride on whatever else wakes the machine. */
void sim_notices_ride(struct machine *m, int64_t now)
{
    const struct pace pace = pace_of(m);
    if (m->notices_at != SIM_NEVER && pace.few && now - m->notices_at >= pace.period) {
        sim_notices_make(m, now);
    }
}

hcs_result machine_watch(struct machine *m, uint32_t number, bool on, int64_t now_ns)
{
    struct sim_client *client = sim_client_find(m, number);
    if (client == NULL) {
        return HR_E_INVALIDARG;
    }
    client->watches = on;
    sim_notices_schedule(m, now_ns);
    sim_changed(m);
    return 0;
}
