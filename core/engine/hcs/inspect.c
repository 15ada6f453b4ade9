/* SPDX-License-Identifier: MIT
 *
 * inspect, check and recover: what reads, and what undoes for a process that died.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"
#include "core/engine/hcs/plan.h"

struct look {
    struct plan_base base;
    char *id; /* system, or key of a journal */
};

static void look_free(void *context)
{
    struct look *look = context;
    free(look->id);
    plan_base_clear(&look->base);
    free(look);
}

static enum hvgpu_status new_look(struct engine *engine, const struct engine_view *view,
                                  const char *id, const char *target, struct job_plan *out,
                                  struct hvgpu_error *err)
{
    struct look *look = calloc(1, sizeof *look);
    if (look == NULL) {
        return error_set(err, HVGPU_MEMORY, out->verb, id, "out of memory");
    }
    out->context = look;
    out->free_context = look_free;
    look->id = text_copy(id);
    out->target = text_copy(target);
    out->title = text_format("%s %s", out->verb, id);
    if (look->id == NULL || out->title == NULL || (target != NULL && out->target == NULL)) {
        return error_set(err, HVGPU_MEMORY, out->verb, id, "out of memory");
    }
    return plan_base_init(&look->base, engine, view, false, err);
}

/* The system that is named; systems of others may be read. */
static enum hvgpu_status named(const struct engine_view *view, const struct hvgpu_request *request,
                               const struct hvgpu_system **out, struct hvgpu_error *err)
{
    if (request->target == NULL || request->target[0] == '\0') {
        return error_set(err, HVGPU_INVALID, "check the request", NULL, "no system is named");
    }
    *out = engine_view_system(view, request->target, err);
    return *out != NULL ? HVGPU_OK : HVGPU_NOT_FOUND;
}

/* ---- inspect ---- */

struct part {
    const char *key;
    const char *type;   /* PropertyTypes; NULL: the basic properties */
    const char *member; /* what of the answer is shown; "": all of it */
};

static const struct part parts[] = {
    {"properties", NULL, ""},
    {"memory", "Memory", "Memory"},
    {"statistics", "Statistics", "Statistics"},
    {"processes", "ProcessList", "ProcessList"},
    {"guest_connection", "GuestConnection", "GuestConnectionInfo"},
};

/* Not every kind of system has every property; one that it refuses is null. */
static void add_part(const struct calls *calls, const char *id, struct client_system *system,
                     const struct part *part, struct json *result)
{
    const char *const types[] = {part->type, NULL};
    struct json *answer = NULL;
    struct hvgpu_error ignored;
    enum hvgpu_status status = calls_properties(
        calls, id, system, part->type != NULL ? document_property_query(types) : NULL, &answer,
        &ignored);
    const struct json *shown =
        status == HVGPU_OK && part->member[0] != '\0' ? json_member(answer, part->member) : answer;
    json_add(result, part->key, shown != NULL ? json_copy(shown) : json_new_null());
    json_free(answer);
}

static void add_entry(const struct calls *calls, const char *id, struct json *result)
{
    struct json *list = NULL;
    struct json *found = NULL;
    struct hvgpu_error ignored;
    if (calls_enumerate(calls, &list, &ignored) == HVGPU_OK) {
        for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
            const char *name = json_string(item, "Id");
            if (found == NULL && name != NULL && text_equal_nocase(name, id)) {
                found = json_copy(item);
            }
        }
    }
    json_add(result, "system", found != NULL ? found : json_new_null());
    json_free(list);
}

static void add_record(const struct look *look, struct json *result)
{
    struct ownership record;
    struct hvgpu_error ignored;
    memset(&record, 0, sizeof record);
    if (ownership_find(hcs_engine_store(look->base.engine), look->id, &record, &ignored) ==
        HVGPU_OK) {
        json_add(result, "record", ownership_to_json(&record));
        ownership_clear(&record);
    } else {
        json_add_null(result, "record");
    }
}

static enum hvgpu_status step_inspect(struct job *job, void *context, int argument,
                                      struct hvgpu_error *err)
{
    (void)argument;
    struct look *look = context;
    const struct calls calls = plan_calls(job, &look->base);
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    struct client_system *system = NULL;
    enum hvgpu_status status = calls_open(&calls, look->id, &system, err);
    if (status != HVGPU_OK && status != HVGPU_NOT_FOUND) {
        return status;
    }
    struct json *result = json_new_object();
    add_entry(&calls, look->id, result);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (system != NULL) {
            add_part(&calls, look->id, system, &parts[i], result);
        } else {
            json_add_null(result, parts[i].key);
        }
    }
    add_record(look, result);
    client_system_drop(system);
    bool nothing = system == NULL && json_type(json_member(result, "record")) == JSON_NULL;
    if (nothing) {
        json_free(result);
        return status; /* as it was found: there is no such system */
    }
    job_result(job, result);
    return HVGPU_OK;
}

enum hvgpu_status plan_inspect(struct engine *engine, const struct engine_view *view,
                               const struct hvgpu_request *request, struct job_plan *out,
                               struct hvgpu_error *err)
{
    const struct hvgpu_system *system = NULL;
    enum hvgpu_status status = named(view, request, &system, err);
    if (system == NULL) {
        return status;
    }
    if (status == HVGPU_OK) {
        status = new_look(engine, view, system->id, system->id, out, err);
    }
    return status == HVGPU_OK ? plan_step(out, "read the system", step_inspect, 0, true, err)
                              : status;
}

/* ---- check ---- */

static void add_answer(struct json *object, const char *key, enum hvgpu_answer answer)
{
    if (answer == HVGPU_ANSWER_UNKNOWN) {
        json_add_null(object, key);
    } else {
        json_add_bool(object, key, answer == HVGPU_ANSWER_YES);
    }
}

static enum hvgpu_status step_check(struct job *job, void *context, int argument,
                                    struct hvgpu_error *err)
{
    (void)argument;
    struct look *look = context;
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    const struct hvgpu_check *check = NULL;
    enum hvgpu_status status =
        engine_check_now(look->base.engine, look->id, NULL, NULL, &check, err);
    if (status == HVGPU_OK && check != NULL) {
        struct json *result = json_new_object();
        json_add_string(result, "system", look->id);
        json_add_string(result, "verdict", hvgpu_verdict_name(check->verdict));
        json_add_string(result, "sentence", check->sentence);
        add_answer(result, "in_vm", check->in_vm);
        add_answer(result, "in_container", check->in_container);
        job_result(job, result);
        job_evidence(job, "%s", check->sentence);
    }
    hvgpu_record_drop(check);
    return status;
}

enum hvgpu_status plan_check(struct engine *engine, const struct engine_view *view,
                             const struct hvgpu_request *request, struct job_plan *out,
                             struct hvgpu_error *err)
{
    /* Entering a system of others runs a program in it: that needs its owner's name too. */
    const struct hvgpu_system *system = NULL;
    enum hvgpu_status status = plan_target(view, request, &system, err);
    if (status == HVGPU_OK) {
        status = new_look(engine, view, system->id, system->id, out, err);
    }
    return status == HVGPU_OK
               ? plan_step(out, "check presence from inside", step_check, 0, true, err)
               : status;
}

/* ---- recover ---- */

static enum hvgpu_status step_recover(struct job *job, void *context, int argument,
                                      struct hvgpu_error *err)
{
    (void)argument;
    struct look *look = context;
    if (job_is_dry(job)) {
        return HVGPU_OK; /* undo calls are not listed */
    }
    enum hvgpu_status status =
        journal_undo(job, hcs_engine_store(look->base.engine), look->id, err);
    engine_touch(look->base.engine);
    return status;
}

enum hvgpu_status plan_recover(struct engine *engine, const struct engine_view *view,
                               const struct hvgpu_request *request, struct job_plan *out,
                               struct hvgpu_error *err)
{
    if (request->target == NULL) {
        return error_set(err, HVGPU_INVALID, "recover", NULL, "no journal is named");
    }
    enum hvgpu_status status = plan_check_text(request->target, "journal", 200, err);
    if (status == HVGPU_OK) {
        status = new_look(engine, view, request->target, NULL, out, err);
    }
    return status == HVGPU_OK
               ? plan_step(out, "undo what was left behind", step_recover, 0, false, err)
               : status;
}
