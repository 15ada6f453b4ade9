/* SPDX-License-Identifier: MIT
 *
 * A host made by hand, for tests of views and commands: the functions of hvgpu.h that the console
 * calls, over one snapshot that the test fills. What the console submits is remembered. Included by
 * one file of a test program; takes the place of libhvgpu's functions of the same names.
 */
#ifndef HVGPU_TESTS_HAND_MADE_H
#define HVGPU_TESTS_HAND_MADE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "console/shell/commands.h"
#include "core/base/text.h"

struct hvgpu {
    struct hvgpu_snapshot snapshot;
    struct hvgpu_host host;
    const struct hvgpu_event *events[70000];
    bool read_only;
    hvgpu_output_fn output;
    void *output_context;
    int submitted, previewed, cancelled, kept, looked;
    struct hvgpu_request request; /* the last; its texts are copied below */
    char target[256], foreign[128], confirm[256], gpu[512], command[512], image[256], name[64];
    bool force;
    uint64_t next_job;
    char input[1024];
    bool input_ended;
};

/* ---- filling ---- */

static inline struct hvgpu_number known(uint64_t value)
{
    return (struct hvgpu_number){.value = value, .known = true};
}

static inline struct hvgpu *hand_made_new(void)
{
    struct hvgpu *host = calloc(1, sizeof(*host));
    if (host == NULL) {
        abort();
    }
    host->host = (struct hvgpu_host){.uri = "test:",
                                     .name = "GPUHOST01",
                                     .edition = "Windows Server 2022 Datacenter",
                                     .build = known(20348),
                                     .link = HVGPU_LINK_LIVE,
                                     .time_ms = 1767225600000,
                                     .simulated = true};
    host->snapshot.host = &host->host;
    host->snapshot.loaded = true;
    host->snapshot.generation = 1;
    host->next_job = 7;
    return host;
}

static inline void hand_made_changed(struct hvgpu *host)
{
    struct hvgpu_snapshot *s = &host->snapshot;
    s->generation++;
    s->gpu_generation++;
    s->system_generation++;
    s->check_generation++;
    s->job_generation++;
    s->image_generation++;
    s->event_generation++;
    s->leftover_generation++;
    s->host_generation++;
}

static inline void hand_made_add_event(struct hvgpu *host, const struct hvgpu_event *event)
{
    if (host->snapshot.event_count < 70000) {
        host->events[host->snapshot.event_count++] = event;
        host->snapshot.events_seen = event->sequence + 1;
        host->snapshot.event_generation++;
        host->snapshot.generation++;
    }
}

/* ---- libhvgpu's functions ---- */

enum hvgpu_status hvgpu_open(const char *uri, const struct hvgpu_options *options,
                             struct hvgpu **out, struct hvgpu_error *err)
{
    (void)options;
    (void)out;
    return error_set(err, HVGPU_UNSUPPORTED, "open", uri, "hosts are made by hand here");
}

void hvgpu_close(struct hvgpu *host)
{
    free(host);
}

intptr_t hvgpu_wake_handle(const struct hvgpu *host)
{
    (void)host;
    return -1;
}

void hvgpu_wake(struct hvgpu *host)
{
    (void)host;
}

bool hvgpu_poll(struct hvgpu *host)
{
    (void)host;
    return false;
}

bool hvgpu_wait(struct hvgpu *host, int timeout_ms)
{
    (void)host;
    (void)timeout_ms;
    return false;
}

const struct hvgpu_snapshot *hvgpu_snapshot(const struct hvgpu *host)
{
    return &host->snapshot;
}

void hvgpu_set_paused(struct hvgpu *host, bool paused)
{
    host->host.paused = paused;
}

bool hvgpu_is_read_only(const struct hvgpu *host)
{
    return host->read_only;
}

void hvgpu_set_read_only(struct hvgpu *host, bool read_only)
{
    host->read_only = read_only;
}

void hvgpu_set_probe_interval(struct hvgpu *host, unsigned seconds)
{
    (void)host;
    (void)seconds;
}

void hvgpu_refresh(struct hvgpu *host)
{
    (void)host;
}

const struct hvgpu_gpu *hvgpu_find_gpu(const struct hvgpu_snapshot *s, const char *instance_id)
{
    for (size_t i = 0; i < s->gpu_count; i++) {
        if (text_equal(s->gpus[i]->instance_id, instance_id)) {
            return s->gpus[i];
        }
    }
    return NULL;
}

const struct hvgpu_system *hvgpu_find_system(const struct hvgpu_snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->system_count; i++) {
        if (text_equal(s->systems[i]->id, id)) {
            return s->systems[i];
        }
    }
    return NULL;
}

const struct hvgpu_check *hvgpu_find_check(const struct hvgpu_snapshot *s, const char *system_id)
{
    for (size_t i = 0; i < s->check_count; i++) {
        if (text_equal(s->checks[i]->system_id, system_id)) {
            return s->checks[i];
        }
    }
    return NULL;
}

const struct hvgpu_job *hvgpu_find_job(const struct hvgpu_snapshot *s, uint64_t job_id)
{
    for (size_t i = 0; i < s->job_count; i++) {
        if (s->jobs[i]->id == job_id) {
            return s->jobs[i];
        }
    }
    return NULL;
}

const struct hvgpu_event *hvgpu_event_at(const struct hvgpu *host, size_t index)
{
    ((struct hvgpu *)(uintptr_t)host)->looked++;
    return index < host->snapshot.event_count ? host->events[index] : NULL;
}

static int hand_made_kept; /* records kept and not dropped; a test's view of leaks */

const void *hvgpu_record_keep(const void *record)
{
    hand_made_kept++;
    return record;
}

void hvgpu_record_drop(const void *record)
{
    hand_made_kept -= record != NULL;
}

static inline void hand_made_remember(struct hvgpu *host, const struct hvgpu_request *request)
{
    host->request = *request;
    const struct hvgpu_gpu_request *gpu =
        request->verb == HVGPU_LAUNCH ? request->launch.gpus : request->gpus;
    text_clean(host->target, sizeof(host->target), request->target);
    text_clean(host->foreign, sizeof(host->foreign), request->foreign);
    text_clean(host->confirm, sizeof(host->confirm), request->confirm);
    text_clean(host->command, sizeof(host->command), request->command);
    text_clean(host->image, sizeof(host->image), request->launch.image);
    text_clean(host->name, sizeof(host->name), request->launch.name);
    text_clean(host->gpu, sizeof(host->gpu), gpu != NULL ? gpu->gpu : "");
}

enum hvgpu_status hvgpu_submit(struct hvgpu *host, const struct hvgpu_request *request,
                               uint64_t *job_id, struct hvgpu_error *err)
{
    (void)err;
    hand_made_remember(host, request);
    host->submitted++;
    *job_id = host->next_job++;
    return HVGPU_OK;
}

enum hvgpu_status hvgpu_preview(struct hvgpu *host, const struct hvgpu_request *request,
                                char **json, struct hvgpu_error *err)
{
    (void)err;
    hand_made_remember(host, request);
    host->previewed++;
    *json = text_format("[{\"call\":\"Create\",\"id\":\"%s\",\"document\":{\"Owner\":\"hvgpu\"}}]",
                        request->target != NULL ? request->target : "new");
    return HVGPU_OK;
}

void hvgpu_cancel(struct hvgpu *host, uint64_t job_id, bool force)
{
    (void)job_id;
    host->cancelled++;
    host->force = force;
}

void hvgpu_on_output(struct hvgpu *host, hvgpu_output_fn fn, void *context)
{
    host->output = fn;
    host->output_context = context;
}

bool hvgpu_job_input(struct hvgpu *host, uint64_t job_id, const char *bytes, size_t len)
{
    (void)job_id;
    host->input_ended = len == 0;
    text_clean_n(host->input, sizeof(host->input), bytes, len);
    return true;
}

void hvgpu_job_resize(struct hvgpu *host, uint64_t job_id, unsigned columns, unsigned rows)
{
    (void)host;
    (void)job_id;
    (void)columns;
    (void)rows;
}

void hvgpu_event_text(const struct hvgpu_event *event, char *out, size_t size)
{
    snprintf(out, size, "%s of %s", event->kind, event->system_id);
}

const char *hvgpu_rung_name(enum hvgpu_rung_kind kind)
{
    static const char *const names[] = {"object names", "driver store", "PnP", "adapters",
                                        "vendor tool"};
    return names[kind];
}

const char *hvgpu_verdict_name(enum hvgpu_verdict verdict)
{
    static const char *const names[] = {"unknown", "pass", "degraded", "fail"};
    return names[verdict];
}

char *hvgpu_json_gpus(const struct hvgpu_snapshot *s)
{
    return text_format("{\"simulated\":true,\"gpus\":[{\"id\":\"%s\"}]}",
                       s->gpu_count > 0 ? s->gpus[0]->id : "");
}

char *hvgpu_json_systems(const struct hvgpu_snapshot *s, bool all)
{
    (void)s;
    (void)all;
    return text_copy("[]");
}

char *hvgpu_json_images(const struct hvgpu_snapshot *s)
{
    (void)s;
    return text_copy("[{\"image\":true}]");
}

char *hvgpu_json_checks(const struct hvgpu_snapshot *s)
{
    (void)s;
    return text_copy("[]");
}

char *hvgpu_json_job(const struct hvgpu_snapshot *s, const struct hvgpu_job *job)
{
    (void)s;
    return text_format("{\"id\":%llu}", (unsigned long long)job->id);
}

char *hvgpu_json_event(const struct hvgpu_snapshot *s, const struct hvgpu_event *event)
{
    (void)s;
    return text_format("{\"kind\":\"%s\"}", event->kind);
}

char *hvgpu_json_host(const struct hvgpu_snapshot *s)
{
    (void)s;
    return text_copy("{}");
}

const struct hvgpu_scheme *hvgpu_schemes(void)
{
    static const struct hvgpu_scheme none = {NULL, NULL};
    return &none;
}

/* ---- the shell side of the command table, which nothing calls here ---- */

#define HAND_MADE_SHELL(name)                                                                      \
    int shell_##name(struct shell *shell, int argc, char **argv)                                   \
    {                                                                                              \
        (void)shell;                                                                               \
        (void)argc;                                                                                \
        (void)argv;                                                                                \
        return 1;                                                                                  \
    }
HAND_MADE_SHELL(gpus)
HAND_MADE_SHELL(containers)
HAND_MADE_SHELL(images)
HAND_MADE_SHELL(inspect)
HAND_MADE_SHELL(launch)
HAND_MADE_SHELL(attach)
HAND_MADE_SHELL(detach)
HAND_MADE_SHELL(stop)
HAND_MADE_SHELL(rm)
HAND_MADE_SHELL(exec)
HAND_MADE_SHELL(check)
HAND_MADE_SHELL(verify)
HAND_MADE_SHELL(events)
HAND_MADE_SHELL(version)
HAND_MADE_SHELL(help)

#endif
