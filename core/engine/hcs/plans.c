/* SPDX-License-Identifier: MIT
 *
 * From a request to a plan: which builder, who may be changed, and what all plans share.
 */
#include "core/engine/hcs/plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE_MS = 100 };

enum hvgpu_status plan_base_init(struct plan_base *base, struct engine *engine,
                                 const struct engine_view *view, bool may_terminate,
                                 struct hvgpu_error *err)
{
    base->engine = engine;
    base->level = view->level;
    if (base->level.major == 0) {
        /* The service did not say: every one that has the V2 API knows 2.1. */
        base->level.major = 2;
        base->level.minor = 1;
        base->level.build = view->facts.build;
    }
    base->watch = calls_watch_new(may_terminate);
    return base->watch != NULL ? HVGPU_OK
                               : error_set(err, HVGPU_MEMORY, "plan", NULL, "out of memory");
}

void plan_base_clear(struct plan_base *base)
{
    calls_watch_free(base->watch);
    base->watch = NULL;
}

struct calls plan_calls(struct job *job, const struct plan_base *base)
{
    const struct calls calls = {.job = job, .engine = base->engine, .watch = base->watch};
    return calls;
}

void plan_force(void *context)
{
    const struct plan_base *base = context;
    if (base->engine != NULL) {
        calls_force(base->watch, engine_client(base->engine));
    }
}

enum hvgpu_status plan_step(struct job_plan *plan, const char *title, plan_step_fn run,
                            int argument, bool read_only, struct hvgpu_error *err)
{
    struct job_step *steps = realloc(plan->steps, (plan->step_count + 1) * sizeof *steps);
    if (steps == NULL) {
        return error_set(err, HVGPU_MEMORY, "plan", title, "out of memory");
    }
    plan->steps = steps;
    steps[plan->step_count++] = (struct job_step){
        .title = title,
        .run = run,
        .argument = argument,
        .read_only = read_only,
    };
    return HVGPU_OK;
}

/* ---- guards ---- */

enum hvgpu_status plan_check_text(const char *text, const char *what, size_t max,
                                  struct hvgpu_error *err)
{
    size_t len = strlen(text);
    if (len == 0 || len > max) {
        return error_set(err, HVGPU_INVALID, "check the request", what,
                         "it must have 1 to %zu bytes", max);
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
            return error_set(err, HVGPU_INVALID, "check the request", what,
                             "it has a control character at byte %zu", i + 1);
        }
    }
    return utf8_is_valid(text, len)
               ? HVGPU_OK
               : error_set(err, HVGPU_INVALID, "check the request", what, "it is not valid UTF-8");
}

enum hvgpu_status plan_target(const struct engine_view *view, const struct hvgpu_request *request,
                              const struct hvgpu_system **out, struct hvgpu_error *err)
{
    *out = NULL;
    if (request->target == NULL || request->target[0] == '\0') {
        return error_set(err, HVGPU_INVALID, "check the request", NULL, "no system is named");
    }
    const struct hvgpu_system *system = engine_view_system(view, request->target, err);
    if (system == NULL) {
        return err != NULL && err->status != HVGPU_OK ? err->status : HVGPU_NOT_FOUND;
    }
    const char *owner = system->owner_text != NULL ? system->owner_text : system->owner;
    if (!system->ours && (request->foreign == NULL || owner == NULL ||
                          !text_equal_nocase(request->foreign, owner))) {
        error_set(err, HVGPU_FOREIGN, "check the request", system->id,
                  "it was created by %s, not by hvgpu", owner != NULL ? owner : "an unknown owner");
        if (owner != NULL) {
            error_hint(err, "if you mean it, name its owner: --foreign '%s'", owner);
        }
        return HVGPU_FOREIGN;
    }
    *out = system;
    return HVGPU_OK;
}

static const struct hvgpu_system *system_by_id(const struct engine_view *view, const char *id)
{
    for (size_t i = 0; id != NULL && i < view->system_count; i++) {
        if (strcmp(view->systems[i]->id, id) == 0) {
            return view->systems[i];
        }
    }
    return NULL;
}

const struct hvgpu_system *plan_vm_of(const struct engine_view *view,
                                      const struct hvgpu_system *system)
{
    if (system->kind == HVGPU_SYSTEM_UTILITY_VM || system->kind == HVGPU_SYSTEM_VM) {
        return system;
    }
    return system_by_id(view, system->host_id);
}

enum hvgpu_status plan_lock_vm(struct job *job, struct engine *engine, const char *vm_id,
                               struct store_lock **lock, struct hvgpu_error *err)
{
    *lock = NULL;
    if (job_is_dry(job) || engine == NULL) {
        return HVGPU_OK;
    }
    char *key = text_format("vm-%s", vm_id);
    if (key == NULL) {
        return error_set(err, HVGPU_MEMORY, "lock", vm_id, "out of memory");
    }
    enum hvgpu_status status = HVGPU_BUSY;
    for (int i = 0; i < LOCK_TRIES && status == HVGPU_BUSY; i++) {
        if (i > 0) {
            if (job_is_cancelled(job) && !job_is_undoing(job)) {
                break;
            }
            os_sleep_ms(LOCK_PAUSE_MS);
        }
        status = store_lock(hcs_engine_store(engine), key, false, lock, err);
    }
    free(key);
    if (status == HVGPU_BUSY) {
        error_set(err, HVGPU_BUSY, "lock", vm_id, "another hvgpu is changing this VM");
        error_hint(err, "wait until it is done; Jobs in that console shows what it does");
    }
    return status;
}

void plan_unlock_vm(struct store_lock **lock)
{
    if (*lock != NULL) {
        store_unlock(*lock);
        *lock = NULL;
    }
}

/* ---- dispatch ---- */

typedef enum hvgpu_status (*plan_builder)(struct engine *engine, const struct engine_view *view,
                                          const struct hvgpu_request *request, struct job_plan *out,
                                          struct hvgpu_error *err);

struct plan_kind {
    const char *verb;
    plan_builder build;
    bool changes, hidden;
};

static const struct plan_kind kinds[] = {
    [HVGPU_LAUNCH] = {"launch", plan_launch, true, false},
    [HVGPU_ATTACH] = {"attach", plan_attach, true, false},
    [HVGPU_DETACH] = {"detach", plan_attach, true, false},
    [HVGPU_STOP] = {"stop", plan_stop, true, false},
    [HVGPU_REMOVE] = {"rm", plan_remove, true, false},
    [HVGPU_EXEC] = {"exec", plan_exec, true, false},
    [HVGPU_CHECK] = {"check", plan_check, false, false},
    [HVGPU_VERIFY] = {"verify", plan_verify, true, false},
    [HVGPU_INSPECT] = {"inspect", plan_inspect, false, true},
    [HVGPU_RECOVER] = {"recover", plan_recover, true, false},
};

static enum hvgpu_status check_host(const struct engine_view *view, enum hvgpu_verb verb,
                                    struct hvgpu_error *err)
{
    if (view->host == NULL) {
        return error_set(err, HVGPU_LOST, "plan", NULL, "the host has not answered yet");
    }
    if (view->host->link == HVGPU_LINK_LOST && verb != HVGPU_VERIFY) {
        error_set(err, HVGPU_LOST, "plan", view->host->name, "%s",
                  view->host->link_reason != NULL ? view->host->link_reason
                                                  : "the connection to the host is lost");
        if (view->host->link_hint != NULL) {
            error_hint(err, "%s", view->host->link_hint);
        }
        return HVGPU_LOST;
    }
    return HVGPU_OK;
}

enum hvgpu_status plan_request(struct engine *engine, const struct engine_view *view,
                               const struct hvgpu_request *request, struct job_plan *out,
                               struct hvgpu_error *err)
{
    memset(out, 0, sizeof *out);
    error_set(err, HVGPU_OK, NULL, NULL, "%s", "");
    if ((size_t)request->verb >= sizeof kinds / sizeof kinds[0]) {
        return error_set(err, HVGPU_INVALID, "plan", NULL, "unknown request %d",
                         (int)request->verb);
    }
    const struct plan_kind *kind = &kinds[request->verb];
    enum hvgpu_status status = check_host(view, request->verb, err);
    if (status != HVGPU_OK) {
        return status;
    }
    out->verb = kind->verb;
    out->changes = kind->changes;
    out->hidden = kind->hidden;
    out->engine = engine;
    out->undo = action_undo;
    out->force = plan_force;
    status = kind->build(engine, view, request, out, err);
    if (status != HVGPU_OK) {
        job_plan_clear(out);
    }
    return status;
}

enum hvgpu_status hcs_engine_plan(struct engine *engine, const struct hvgpu_request *request,
                                  struct job_plan *out, struct hvgpu_error *err)
{
    struct engine_view view;
    engine_view_take(engine, &view);
    enum hvgpu_status status = plan_request(engine, &view, request, out, err);
    engine_view_drop(&view);
    return status;
}
