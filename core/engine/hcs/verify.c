/* SPDX-License-Identifier: MIT
 *
 * verify: the published test case of the chain as a pipeline (host build, hypervisor and service, a
 * GPU that can be given, a fitting image, a launch, the look from inside, everything removed). Its
 * middle is the very steps of launch; each is wrapped so that its outcome becomes a line of the
 * result:
 *
 *   {"status":"pass|fail|unknown|nothing","gpu":..,"image":..,
 *    "steps":[{"name","status":"pass|fail|skip|unknown","evidence"}]}
 *
 * Whatever happens, what was launched is removed again, and the result says whether that worked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/launch.h"

enum { BUILD_MIN = 19041 }; /* the first with paravirtual GPUs in HCS, and the test's own floor */

struct verify_row {
    const char *name;
    plan_step_fn run; /* of launch; NULL: checked at planning, see outcome */
    int argument;
    enum hvgpu_status outcome; /* run NULL: what the check found */
    char *evidence, *hint;
    const char *status; /* in the result; NULL: not reached */
};

struct verify {
    struct plan_base base;
    struct launch *launch; /* NULL: it cannot be launched */
    struct verify_row *rows;
    size_t row_count;
    char *gpu, *image;
    bool unknown; /* something could not be told */
    bool nothing; /* there is nothing to test */
};

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "verify", NULL, "out of memory");
}

static void verify_free(void *context)
{
    struct verify *verify = context;
    for (size_t i = 0; i < verify->row_count; i++) {
        free(verify->rows[i].evidence);
        free(verify->rows[i].hint);
    }
    free(verify->rows);
    free(verify->gpu);
    free(verify->image);
    launch_free(verify->launch);
    plan_base_clear(&verify->base);
    free(verify);
}

/* ---- result ---- */

static void give_result(struct job *job, const struct verify *verify, const char *status)
{
    struct json *result = json_new_object();
    json_add_string(result, "status", status);
    json_add(result, "gpu", json_new_string(verify->gpu));
    json_add(result, "image", json_new_string(verify->image));
    struct json *steps = json_add_array(result, "steps");
    for (size_t i = 0; i < verify->row_count; i++) {
        const struct verify_row *row = &verify->rows[i];
        struct json *step = json_append(steps, json_new_object());
        json_add_string(step, "name", row->name);
        json_add_string(step, "status", row->status != NULL ? row->status : "skip");
        json_add(step, "evidence",
                 json_new_string(row->evidence != NULL
                                     ? row->evidence
                                     : (row->status != NULL ? NULL : "not reached")));
    }
    job_result(job, result);
}

static void keep_evidence(struct verify_row *row, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        free(row->evidence);
        row->evidence = text_copy(text);
    }
}

/* ---- steps ---- */

static struct verify_row *last_row(struct verify *verify)
{
    return &verify->rows[verify->row_count - 1];
}

/* After a failure: everything launched goes, and the last line says so. */
static void clean_up(struct job *job, struct verify *verify)
{
    struct verify_row *row = last_row(verify);
    if (verify->launch == NULL || row->run != launch_remove) {
        return;
    }
    struct hvgpu_error err;
    bool good = job_undo_to(job, 0, &err) == HVGPU_OK;
    row->status = good ? "pass" : "fail";
    keep_evidence(row, good ? "nothing was left behind" : err.message);
}

static enum hvgpu_status run_planned(struct job *job, struct verify *verify, struct verify_row *row,
                                     struct hvgpu_error *err)
{
    if (row->evidence != NULL) {
        job_evidence(job, "%s", row->evidence);
    }
    switch (row->outcome) {
    case HVGPU_OK:
        row->status = "pass";
        return HVGPU_OK;
    case HVGPU_SKIPPED:
        row->status = "skip";
        return HVGPU_SKIPPED;
    case HVGPU_PROTOCOL: /* the host does not tell */
        row->status = "unknown";
        verify->unknown = true;
        return HVGPU_OK;
    default:
        error_set(err, row->outcome, row->name, NULL, "%s",
                  row->evidence != NULL ? row->evidence : "");
        if (row->hint != NULL) {
            error_hint(err, "%s", row->hint);
        }
        return row->outcome;
    }
}

static enum hvgpu_status run_launched(struct job *job, struct verify *verify,
                                      struct verify_row *row, struct hvgpu_error *err)
{
    enum hvgpu_status status = row->run(job, verify->launch, row->argument, err);
    char evidence[512];
    job_step_evidence(job, evidence, sizeof evidence);
    keep_evidence(row, evidence);
    bool judged = row->run != launch_remove && launch_step_judges(row->argument);
    bool told = verify->launch->verdict != HVGPU_VERDICT_UNKNOWN;
    row->status = status == HVGPU_SKIPPED ? "skip" : "pass";
    if (status == HVGPU_OK && judged && !told && !job_is_dry(job)) {
        row->status = "unknown";
        verify->unknown = true;
    }
    return status;
}

static enum hvgpu_status step_row(struct job *job, void *context, int index,
                                  struct hvgpu_error *err)
{
    struct verify *verify = context;
    struct verify_row *row = &verify->rows[index];
    if (job_is_dry(job) && row->run == NULL) {
        return HVGPU_OK;
    }
    enum hvgpu_status status =
        row->run == NULL ? run_planned(job, verify, row, err) : run_launched(job, verify, row, err);
    if (job_is_dry(job)) {
        return status;
    }
    if (status != HVGPU_OK && status != HVGPU_SKIPPED) {
        row->status = "fail";
        keep_evidence(row, err != NULL ? err->message : NULL);
        if (row->run != launch_remove) {
            clean_up(job, verify);
        }
        give_result(job, verify, status == HVGPU_TIMEOUT ? "unknown" : "fail");
        return status;
    }
    if (row == last_row(verify)) {
        give_result(job, verify,
                    verify->nothing ? "nothing" : (verify->unknown ? "unknown" : "pass"));
    }
    return status;
}

/* ---- plan ---- */

static enum hvgpu_status add_row(struct verify *verify, const struct verify_row *row,
                                 struct hvgpu_error *err)
{
    struct verify_row *rows = realloc(verify->rows, (verify->row_count + 1) * sizeof *rows);
    if (rows == NULL) {
        free(row->evidence);
        free(row->hint);
        return no_memory(err);
    }
    verify->rows = rows;
    rows[verify->row_count++] = *row;
    return HVGPU_OK;
}

/* A line that planning decided. False: nothing can come after it. */
static enum hvgpu_status add_fact(struct verify *verify, const char *name,
                                  enum hvgpu_status outcome, const char *hint, bool *go_on,
                                  struct hvgpu_error *err, const char *evidence)
{
    const struct verify_row row = {
        .name = name, .outcome = outcome, .evidence = text_copy(evidence), .hint = text_copy(hint)};
    *go_on = outcome == HVGPU_OK || outcome == HVGPU_PROTOCOL;
    return add_row(verify, &row, err);
}

static enum hvgpu_status add_build(struct verify *verify, const struct engine_view *view,
                                   bool *go_on, struct hvgpu_error *err)
{
    char text[160];
    unsigned build = view->facts.build;
    snprintf(text, sizeof text, "%s, build %u", view->facts.edition, build);
    if (build == 0) {
        return add_fact(verify, "host build", HVGPU_PROTOCOL, NULL, go_on, err,
                        "the host did not tell its build");
    }
    return add_fact(verify, "host build", build >= BUILD_MIN ? HVGPU_OK : HVGPU_UNSUPPORTED,
                    "GPUs in Hyper-V containers need build 19041 or newer", go_on, err, text);
}

static enum hvgpu_status add_service(struct verify *verify, const struct engine_view *view,
                                     bool *go_on, struct hvgpu_error *err)
{
    const char *name = "hypervisor and service";
    const struct host_facts *facts = &view->facts;
    if (facts->hypervisor == HVGPU_ANSWER_NO) {
        return add_fact(verify, name, HVGPU_UNAVAILABLE,
                        "enable Hyper-V and virtualization in the firmware, bcdedit /set "
                        "hypervisorlaunchtype auto, restart",
                        go_on, err, "the hypervisor is not running");
    }
    if (facts->service == HVGPU_ANSWER_NO || view->host->link == HVGPU_LINK_LOST) {
        return add_fact(verify, name, HVGPU_UNAVAILABLE, "start the service vmcompute", go_on, err,
                        "the Host Compute Service does not answer");
    }
    bool known = facts->hypervisor == HVGPU_ANSWER_YES && facts->service == HVGPU_ANSWER_YES;
    char text[96];
    snprintf(text, sizeof text, "both run, schema %u.%u", view->level.major, view->level.minor);
    return add_fact(verify, name, known ? HVGPU_OK : HVGPU_PROTOCOL, NULL, go_on, err,
                    known ? text : "the host did not tell whether both run");
}

static bool can_be_given(const struct engine_view *view, const struct hvgpu_gpu *gpu)
{
    if (gpu->state == HVGPU_GPU_PROBLEM) {
        return false;
    }
    return gpu->interface_path != NULL ||
           (gpu->state == HVGPU_GPU_DISMOUNTED && gpu->dda_holder == NULL &&
            view->facts.server_edition != HVGPU_ANSWER_NO);
}

/* The one that is named, or the first that can be shared, or the first dismounted one. */
static const struct hvgpu_gpu *choose_gpu(const struct engine_view *view,
                                          const struct hvgpu_launch *request,
                                          struct hvgpu_error *err)
{
    if (request->gpu_count > 0) {
        return engine_view_gpu(view, request->gpus[0].gpu, err);
    }
    const struct hvgpu_gpu *found = NULL;
    for (size_t i = 0; i < view->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = view->gpus[i];
        bool better =
            found == NULL || (found->interface_path == NULL && gpu->interface_path != NULL);
        if (better && can_be_given(view, gpu)) {
            found = gpu;
        }
    }
    return found;
}

static const struct hvgpu_image *choose_image(const struct engine_view *view)
{
    const struct hvgpu_image *found = NULL;
    for (size_t i = 0; i < view->image_count; i++) {
        const struct hvgpu_image *image = view->images[i];
        bool fits = image->has_utility_vm == HVGPU_ANSWER_YES &&
                    (!image->build.known || view->facts.build == 0 ||
                     image->build.value <= view->facts.build);
        bool better = found == NULL || (found->can_carry_gpu != HVGPU_ANSWER_YES &&
                                        image->can_carry_gpu == HVGPU_ANSWER_YES);
        if (fits && better) {
            found = image;
        }
    }
    return found;
}

static enum hvgpu_status add_gpu(struct verify *verify, const struct engine_view *view,
                                 const struct hvgpu_gpu *gpu, bool *go_on, struct hvgpu_error *err)
{
    if (gpu == NULL) {
        verify->nothing = true;
        return add_fact(verify, "GPU found", HVGPU_SKIPPED, NULL, go_on, err,
                        view->gpu_count == 0
                            ? "this host has no GPU"
                            : "this host has no GPU that can be shared or assigned");
    }
    char text[256];
    verify->gpu = text_copy(gpu->instance_id);
    snprintf(text, sizeof text, "%s %s, %s", gpu->id, gpu->name != NULL ? gpu->name : "",
             gpu->state_text != NULL ? gpu->state_text : "state not known");
    return add_fact(verify, "GPU found", HVGPU_OK, NULL, go_on, err, text);
}

static enum hvgpu_status add_image(struct verify *verify, const struct engine_view *view,
                                   const struct hvgpu_launch *request, bool *go_on,
                                   struct hvgpu_error *err)
{
    const struct hvgpu_image *image = choose_image(view);
    if (request->image != NULL) {
        verify->image = text_copy(request->image); /* the launch checks it */
        return add_fact(verify, "image fit", HVGPU_OK, NULL, go_on, err, request->image);
    }
    if (image == NULL) {
        return add_fact(verify, "image fit", HVGPU_NOT_FOUND,
                        view->host->notice != NULL ? view->host->notice
                                                   : "pull a Windows base image: hvgpu images",
                        go_on, err, "no image on this host has a UtilityVM that fits its build");
    }
    char text[512];
    verify->image = text_copy(image->name);
    snprintf(text, sizeof text, "%s: %s", image->name,
             image->reason != NULL ? image->reason : "it has a UtilityVM");
    return add_fact(verify, "image fit", HVGPU_OK, NULL, go_on, err, text);
}

/* The launch, as if asked for with --rm; its own refusal becomes a line. */
static enum hvgpu_status add_launch(struct verify *verify, struct engine *engine,
                                    const struct engine_view *view,
                                    const struct hvgpu_launch *request, const struct hvgpu_gpu *gpu,
                                    struct hvgpu_error *err)
{
    const struct hvgpu_gpu_request partition = {
        .gpu = gpu->instance_id,
        .partition = request->gpu_count > 0 ? request->gpus[0].partition
                                            : (struct hvgpu_number){.known = false}};
    const struct hvgpu_device_request device = {.type = "vpci", .id = gpu->instance_id};
    bool whole = gpu->interface_path == NULL;
    const struct hvgpu_launch launch = {
        .image = verify->image,
        .gpus = whole ? NULL : &partition,
        .gpu_count = whole ? 0 : 1,
        .devices = whole ? &device : NULL,
        .device_count = whole ? 1 : 0,
        .driver_dirs = whole ? request->driver_dirs : NULL,
        .driver_dir_count = whole ? request->driver_dir_count : 0,
        .memory_mb = request->memory_mb,
        .cpus = request->cpus,
        .remove = true,
    };
    struct hvgpu_error refused = {0};
    enum hvgpu_status status = launch_new(engine, view, &launch, &verify->launch, &refused);
    if (status == HVGPU_MEMORY) {
        return no_memory(err);
    }
    if (status != HVGPU_OK) {
        bool go_on = false;
        return add_fact(verify, "launch", status, refused.hint, &go_on, err, refused.message);
    }
    struct job_plan steps = {0};
    status = launch_steps(&steps, verify->launch, err);
    for (size_t i = 0; i < steps.step_count && status == HVGPU_OK; i++) {
        const struct verify_row row = {.name = steps.steps[i].title,
                                       .run = steps.steps[i].run,
                                       .argument = steps.steps[i].argument};
        status = add_row(verify, &row, err);
    }
    free(steps.steps);
    const struct verify_row removed = {.name = "removed", .run = launch_remove};
    return status == HVGPU_OK ? add_row(verify, &removed, err) : status;
}

static enum hvgpu_status add_rows(struct verify *verify, struct engine *engine,
                                  const struct engine_view *view,
                                  const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    bool go_on = true;
    const struct hvgpu_gpu *gpu = choose_gpu(view, request, err);
    if (gpu == NULL && request->gpu_count > 0) {
        return HVGPU_NOT_FOUND;
    }
    enum hvgpu_status status = add_build(verify, view, &go_on, err);
    if (status == HVGPU_OK && go_on) {
        status = add_service(verify, view, &go_on, err);
    }
    if (status == HVGPU_OK && go_on) {
        status = add_gpu(verify, view, gpu, &go_on, err);
    }
    if (status == HVGPU_OK && go_on) {
        status = add_image(verify, view, request, &go_on, err);
    }
    if (status == HVGPU_OK && go_on) {
        status = add_launch(verify, engine, view, request, gpu, err);
    }
    return status;
}

/* The launch inside makes the calls, so it knows what hangs. */
static void verify_force(void *context)
{
    const struct verify *verify = context;
    if (verify->launch != NULL) {
        plan_force(verify->launch);
    }
}

enum hvgpu_status plan_verify(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err)
{
    struct verify *verify = calloc(1, sizeof *verify);
    if (verify == NULL) {
        return no_memory(err);
    }
    out->context = verify;
    out->free_context = verify_free;
    out->force = verify_force;
    out->title = text_format("verify%s%s", request->launch.image != NULL ? " " : "",
                             request->launch.image != NULL ? request->launch.image : "");
    enum hvgpu_status status = plan_base_init(&verify->base, engine, view, true, err);
    if (status == HVGPU_OK && out->title == NULL) {
        status = no_memory(err);
    }
    if (status == HVGPU_OK) {
        status = add_rows(verify, engine, view, &request->launch, err);
    }
    for (size_t i = 0; i < verify->row_count && status == HVGPU_OK; i++) {
        const struct verify_row *row = &verify->rows[i];
        status = plan_step(out, row->name, step_row, (int)i, row->run == NULL, err);
    }
    if (status == HVGPU_OK && verify->launch != NULL) {
        out->target = text_copy(verify->launch->record.id);
    }
    return status;
}
