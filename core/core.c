/* SPDX-License-Identifier: MIT
 *
 * One host: ties engine, inbox, model and jobs together, and owns the order of starting and ending.
 * Changes are refused here, and only here, when the host is read-only.
 */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model.h"

enum { CLOSE_MS = 1000 };

struct hvgpu {
    const struct engine_ops *ops;
    struct engine *engine;
    struct inbox *inbox;
    struct jobs *jobs;
    struct model *model;
    struct hvgpu_options options;
    char *uri;
    hvgpu_output_fn output;
    void *output_context;
};

/* ---- open, close ---- */

static void free_parts(struct hvgpu *host)
{
    model_free(host->model);
    inbox_free(host->inbox);
    free(host->uri);
    free(host);
}

enum hvgpu_status core_open(const struct engine_ops *ops, const char *uri, const char *rest,
                            const struct hvgpu_options *options, struct hvgpu **out,
                            struct hvgpu_error *err)
{
    *out = NULL;
    struct hvgpu *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return error_set(err, HVGPU_MEMORY, "open host", uri, "out of memory");
    }
    host->ops = ops;
    if (options != NULL) {
        host->options = *options;
    }
    host->uri = text_copy(uri); /* engine and rest may point into it as long as the host is open */
    host->inbox = inbox_new(host->options.event_capacity);
    /* A demo is SIMULATED from the first frame on, before the engine has said so. */
    host->model = model_new(uri, text_equal(ops->scheme, "demo"), host->options.event_capacity);
    if (host->uri == NULL || host->inbox == NULL || host->model == NULL) {
        free_parts(host);
        return error_set(err, HVGPU_MEMORY, "open host", uri, "out of memory");
    }
    struct engine_config config = {.uri = host->uri,
                                   .rest = host->uri + (strlen(uri) - strlen(rest)),
                                   .inbox = host->inbox,
                                   .options = &host->options};
    enum hvgpu_status st = ops->open(&config, &host->engine, err);
    if (st != HVGPU_OK) {
        free_parts(host);
        return st;
    }
    host->jobs = jobs_new(host->inbox, ops->store(host->engine));
    if (host->jobs == NULL) {
        if (ops->close(host->engine)) {
            free_parts(host);
        }
        return error_set(err, HVGPU_MEMORY, "open host", uri, "out of memory");
    }
    *out = host;
    return HVGPU_OK;
}

void hvgpu_close(struct hvgpu *host)
{
    if (host == NULL) {
        return;
    }
    inbox_shut(host->inbox);
    bool jobs_ended = jobs_close(host->jobs, CLOSE_MS);
    model_free(host->model);
    host->model = NULL;
    if (!jobs_ended) {
        /* A job hangs in a call and uses engine and inbox when it comes back: they stay, on
         * purpose, until the process ends. */
        host->ops->set_paused(host->engine, true);
        return;
    }
    if (!host->ops->close(host->engine)) {
        return; /* the same for a thread of the engine */
    }
    free_parts(host);
}

/* ---- the loop ---- */

intptr_t hvgpu_wake_handle(const struct hvgpu *host)
{
    return os_wakeup_handle(inbox_wakeup(host->inbox));
}

void hvgpu_wake(struct hvgpu *host)
{
    os_wakeup_set(inbox_wakeup(host->inbox));
}

static void pass_output(struct hvgpu *host, const struct inbox_batch *batch)
{
    for (const struct message *m = batch->messages; m != NULL; m = m->next) {
        if (m->kind == MESSAGE_OUTPUT && host->output != NULL) {
            host->output(host->output_context, m->job, m->is_stderr, m->bytes, m->len);
        }
    }
}

bool hvgpu_poll(struct hvgpu *host)
{
    struct inbox_batch batch;
    if (!inbox_take(host->inbox, &batch)) {
        inbox_batch_free(&batch);
        return false;
    }
    struct model_result result = model_apply(host->model, &batch);
    pass_output(host, &batch);
    inbox_batch_free(&batch);
    if (result.lost) {
        host->ops->refresh(host->engine); /* what was lost may have been an "exited" */
    }
    return result.changed;
}

bool hvgpu_wait(struct hvgpu *host, int timeout_ms)
{
    os_wakeup_wait(inbox_wakeup(host->inbox), timeout_ms);
    return hvgpu_poll(host);
}

const struct hvgpu_snapshot *hvgpu_snapshot(const struct hvgpu *host)
{
    return model_snapshot(host->model);
}

const struct hvgpu_event *hvgpu_event_at(const struct hvgpu *host, size_t index)
{
    return model_event_at(host->model, index);
}

/* ---- switches ---- */

void hvgpu_set_paused(struct hvgpu *host, bool paused)
{
    host->options.paused = paused;
    host->ops->set_paused(host->engine, paused);
}

bool hvgpu_is_read_only(const struct hvgpu *host)
{
    return host->options.read_only;
}

void hvgpu_set_read_only(struct hvgpu *host, bool read_only)
{
    host->options.read_only = read_only;
}

void hvgpu_set_probe_interval(struct hvgpu *host, unsigned seconds)
{
    host->options.probe_interval_s = seconds;
    host->ops->set_probe_interval(host->engine, seconds);
}

void hvgpu_refresh(struct hvgpu *host)
{
    host->ops->refresh(host->engine);
}

/* ---- requests ---- */

/* X(verb, name, changes something) */
#define VERB_LIST(X)                                                                               \
    X(LAUNCH, "launch", true)                                                                      \
    X(ATTACH, "attach", true)                                                                      \
    X(DETACH, "detach", true)                                                                      \
    X(STOP, "stop", true)                                                                          \
    X(REMOVE, "rm", true)                                                                          \
    X(EXEC, "exec", true)                                                                          \
    X(CHECK, "check", false)                                                                       \
    X(VERIFY, "verify", true)                                                                      \
    X(INSPECT, "inspect", false)                                                                   \
    X(RECOVER, "recover", true)

struct verb {
    const char *name;
    bool changes;
};

static const struct verb verbs[] = {
#define X(verb, name, changes) [HVGPU_##verb] = {name, changes},
    VERB_LIST(X)
#undef X
};

static enum hvgpu_status refuse_change(const char *name, const char *target,
                                       struct hvgpu_error *err)
{
    enum hvgpu_status st =
        error_set(err, HVGPU_READ_ONLY, name, target, "changes are switched off (read-only)");
    error_hint(err, "run hvgpu without --read-only");
    return st;
}

static enum hvgpu_status refuse(const struct hvgpu *host, const struct hvgpu_request *request,
                                struct hvgpu_error *err)
{
    if ((unsigned)request->verb >= sizeof verbs / sizeof verbs[0]) {
        return error_set(err, HVGPU_INVALID, "submit", request->target, "no such verb");
    }
    const struct verb *verb = &verbs[request->verb];
    if (verb->changes && host->options.read_only) {
        return refuse_change(verb->name, request->target, err);
    }
    const struct hvgpu_host *state = model_snapshot(host->model)->host;
    if (state->link == HVGPU_LINK_LOST) {
        enum hvgpu_status st =
            error_set(err, HVGPU_LOST, verb->name, request->target, "the host is lost: %s",
                      state->link_reason != NULL ? state->link_reason : "no reason is known");
        if (state->link_hint != NULL) {
            error_hint(err, "%s", state->link_hint);
        }
        return st;
    }
    return HVGPU_OK;
}

enum hvgpu_status hvgpu_submit(struct hvgpu *host, const struct hvgpu_request *request,
                               uint64_t *job_id, struct hvgpu_error *err)
{
    *job_id = 0;
    enum hvgpu_status st = refuse(host, request, err);
    if (st != HVGPU_OK) {
        return st;
    }
    struct job_plan plan = {0};
    st = host->ops->plan(host->engine, request, &plan, err);
    if (st == HVGPU_OK && plan.changes && host->options.read_only) {
        st = refuse_change(plan.verb, plan.target, err); /* whatever the verb promised */
    }
    if (st != HVGPU_OK) {
        job_plan_clear(&plan);
        return st;
    }
    return jobs_submit(host->jobs, &plan, job_id, err);
}

enum hvgpu_status hvgpu_preview(struct hvgpu *host, const struct hvgpu_request *request,
                                char **json, struct hvgpu_error *err)
{
    *json = NULL;
    struct job_plan plan = {0};
    enum hvgpu_status st = host->ops->plan(host->engine, request, &plan, err);
    if (st != HVGPU_OK) {
        job_plan_clear(&plan);
        return st;
    }
    struct json *calls = NULL;
    st = job_dry_run(&plan, &calls, err);
    if (st == HVGPU_OK) {
        *json = json_print_pretty(calls);
        if (*json == NULL) {
            st = error_set(err, HVGPU_MEMORY, "preview", request->target, "out of memory");
        }
    }
    json_free(calls);
    return st;
}

void hvgpu_cancel(struct hvgpu *host, uint64_t job_id, bool force)
{
    jobs_cancel(host->jobs, job_id, force);
}

void hvgpu_on_output(struct hvgpu *host, hvgpu_output_fn fn, void *context)
{
    host->output = fn;
    host->output_context = context;
}

bool hvgpu_job_input(struct hvgpu *host, uint64_t job_id, const char *bytes, size_t len)
{
    return jobs_input(host->jobs, job_id, bytes, len);
}

void hvgpu_job_resize(struct hvgpu *host, uint64_t job_id, unsigned columns, unsigned rows)
{
    jobs_resize(host->jobs, job_id, columns, rows);
}
