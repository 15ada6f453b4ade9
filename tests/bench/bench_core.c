/* SPDX-License-Identifier: MIT
 *
 * Numbers of core, printed one a line: "name value unit". They are measured, not judged: what is
 * fast enough is decided by who reads them.
 *
 *   events     from the callback (inbox_put_event on another thread) to the snapshot that shows
 *              them, at full speed and at 10,000 a second
 *   change     one system among 10,000 replaced, and the snapshot published
 *   load       10,000 systems arriving at once
 *   lookup     a system by id among 10,000
 *   memory     65,536 events kept, 10,000 systems
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/os/os.h"
#include "core/inbox.h"
#include "core/model.h"
#include "core/record.h"

enum { SYSTEMS = 10000, EVENTS = 500000, PACED_EVENTS = 20000, CHANGES = 5000, KEPT = 65536 };

static const char exit_document[] =
    "{\"Status\":0,\"ExitType\":\"GracefulExit\",\"Attribution\":[{\"SystemExit\":{\"Detail\":"
    "\"Shutdown\",\"Initiator\":\"GuestOS\"}}]}";

static void print_value(const char *name, double value, const char *unit)
{
    printf("%-44s %12.2f %s\n", name, value, unit);
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_percentiles(const char *name, int64_t *ns, size_t count)
{
    char label[80];
    qsort(ns, count, sizeof *ns, compare_ns);
    snprintf(label, sizeof label, "%s p50", name);
    print_value(label, (double)ns[count / 2] / 1000.0, "us");
    snprintf(label, sizeof label, "%s p95", name);
    print_value(label, (double)ns[count * 95 / 100] / 1000.0, "us");
}

/* Resident memory in KiB; 0 where the system does not tell it this way. */
static double resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0;
    long resident = 0;
    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%ld %ld", &size, &resident) != 2) {
        resident = 0;
    }
    fclose(file);
    return (double)resident * 4.0;
}

/* ---- events ---- */

struct writer {
    struct inbox *inbox;
    uint32_t count;
    unsigned per_second; /* 0: full speed */
    atomic_bool done;
};

static void write_events(void *context)
{
    struct writer *writer = context;
    int64_t start = os_now_ns();
    for (uint32_t i = 0; i < writer->count; i++) {
        if (writer->per_second > 0 && i % 10 == 0) {
            int64_t due = start + (int64_t)i * 1000000000 / writer->per_second;
            while (os_now_ns() < due) {
                os_sleep_ms(1);
            }
        }
        inbox_put_event(writer->inbox, HVGPU_EVENT_HCS, HVGPU_SEVERITY_INFO, 1, "SystemExited",
                        "0f9e3c52-7d1f-4b5e-9b52-8e6c3f0f4a11", exit_document, os_now_ns());
    }
    atomic_store(&writer->done, true);
}

/* The time of each event is when its callback put it: the latency is known when it is published. */
static void measure_events(const char *name, uint32_t count, unsigned per_second)
{
    struct writer writer = {.inbox = inbox_new(KEPT), .count = count, .per_second = per_second};
    struct model *model = model_new("bench:", true, KEPT);
    int64_t *latency = calloc(count, sizeof *latency);
    struct os_thread *thread = NULL;
    char label[80];
    size_t seen = 0;
    uint64_t batches = 0;
    if (model == NULL || latency == NULL || writer.inbox == NULL ||
        os_thread_start(&thread, "events", write_events, &writer) != HVGPU_OK) {
        abort();
    }
    int64_t start = os_now_ns();
    while (model_snapshot(model)->events_seen < count) {
        os_wakeup_wait(inbox_wakeup(writer.inbox), 1000);
        struct inbox_batch batch;
        inbox_take(writer.inbox, &batch);
        size_t arrived = batch.event_count;
        model_apply(model, &batch);
        inbox_batch_free(&batch);
        int64_t now = os_now_ns();
        size_t kept = model_snapshot(model)->event_count;
        for (size_t i = kept - arrived; i < kept && seen < count; i++) {
            latency[seen] = now - model_event_at(model, i)->time_ms;
            seen++;
        }
        batches++;
    }
    double seconds = (double)(os_now_ns() - start) / 1e9;
    os_thread_join(thread);
    snprintf(label, sizeof label, "%s: events to snapshot", name);
    print_value(label, (double)count / seconds, "per s");
    snprintf(label, sizeof label, "%s: lost", name);
    print_value(label, (double)model_snapshot(model)->events_lost, "events");
    snprintf(label, sizeof label, "%s: wake-ups", name);
    print_value(label, (double)batches / seconds, "per s");
    snprintf(label, sizeof label, "%s: callback to snapshot", name);
    print_percentiles(label, latency, seen);
    free(latency);
    model_free(model);
    inbox_free(writer.inbox);
}

static void measure_event_memory(void)
{
    double before = resident_kib();
    struct inbox *inbox = inbox_new(KEPT);
    struct model *model = model_new("bench:", true, KEPT);
    struct writer writer = {.inbox = inbox, .count = KEPT};
    write_events(&writer);
    struct inbox_batch batch;
    inbox_take(inbox, &batch);
    model_apply(model, &batch);
    inbox_batch_free(&batch);
    print_value("65,536 events kept", (resident_kib() - before) / 1024.0, "MiB");
    model_free(model);
    inbox_free(inbox);
}

/* ---- systems ---- */

static struct hvgpu_system *make_system(unsigned number, uint64_t memory)
{
    struct hvgpu_system *system = record_new(sizeof *system);
    if (system == NULL) {
        abort();
    }
    bool hosted = number % 2 == 1;
    system->id = record_textf(system, hosted ? "container-%06u" : "container-%06u@vm", number / 2);
    system->host_id = hosted ? record_textf(system, "container-%06u@vm", number / 2) : NULL;
    system->name = record_textf(system, "container %u", number / 2);
    system->owner = record_text(system, "hvgpu");
    system->owner_text = record_text(system, "hvgpu");
    system->image = record_text(system, "mcr.microsoft.com/windows/servercore:ltsc2022");
    system->command = record_text(system, "cmd.exe /c ping -t localhost");
    system->gpu_text = record_text(system, "gpu0:any");
    system->kind = hosted ? HVGPU_SYSTEM_HYPERV_CONTAINER : HVGPU_SYSTEM_UTILITY_VM;
    system->state = HVGPU_STATE_RUNNING;
    system->memory_bytes = (struct hvgpu_number){.value = memory, .known = true};
    return system;
}

static struct message *systems_message(unsigned first, unsigned count, uint64_t memory)
{
    struct message *message = message_new(MESSAGE_SYSTEMS);
    if (message == NULL) {
        abort();
    }
    message->records = calloc(count, sizeof *message->records);
    for (unsigned i = 0; message->records != NULL && i < count; i++) {
        /* 7919 has no common factor with 10,000: every system once, in no order */
        message->records[i] = make_system((first + i) * 7919 % SYSTEMS, memory);
        message->record_count++;
    }
    return message;
}

static int64_t apply(struct inbox *inbox, struct model *model)
{
    int64_t start = os_now_ns();
    struct inbox_batch batch;
    inbox_take(inbox, &batch);
    model_apply(model, &batch);
    inbox_batch_free(&batch);
    return os_now_ns() - start;
}

static void measure_systems(void)
{
    double before = resident_kib();
    struct inbox *inbox = inbox_new(0);
    struct model *model = model_new("bench:", true, 0);
    int64_t *ns = calloc(CHANGES, sizeof *ns);
    if (inbox == NULL || model == NULL || ns == NULL) {
        abort();
    }
    inbox_put(inbox, systems_message(0, SYSTEMS, 1));
    print_value("10,000 systems arrive at once", (double)apply(inbox, model) / 1e6, "ms");
    print_value("10,000 systems kept", (resident_kib() - before) / 1024.0, "MiB");
    for (unsigned i = 0; i < CHANGES; i++) {
        inbox_put(inbox, systems_message(i * 13, 1, i));
        ns[i] = apply(inbox, model);
    }
    print_percentiles("one change among 10,000", ns, CHANGES);
    const struct hvgpu_snapshot *s = model_snapshot(model);
    size_t found = 0;
    int64_t start = os_now_ns();
    for (size_t i = 0; i < s->system_count; i++) {
        found += hvgpu_find_system(s, s->systems[i]->id) == s->systems[i];
    }
    if (found != SYSTEMS) {
        abort();
    }
    print_value("lookup among 10,000", (double)(os_now_ns() - start) / SYSTEMS, "ns");
    free(ns);
    model_free(model);
    inbox_free(inbox);
}

static void measure_full_speed(void)
{
    measure_events("full speed", EVENTS, 0);
}

static void measure_paced(void)
{
    measure_events("10,000 a second", PACED_EVENTS, 10000);
}

/* In a process of its own, so that no measurement profits from another one's memory. */
static int measure_alone(void (*measure)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        measure();
        fflush(stdout);
        _exit(0);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

int main(void)
{
    int failed = measure_alone(measure_systems);
    failed += measure_alone(measure_full_speed);
    failed += measure_alone(measure_paced);
    failed += measure_alone(measure_event_memory);
    return failed == 0 ? 0 : 1;
}
