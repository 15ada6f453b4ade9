/* SPDX-License-Identifier: MIT
 *
 * How states look: a glyph, a role and a word each, the same in every view. The word alone tells
 * the state; glyph and role only make it quick to see.
 */
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

struct look look_gpu(const struct hvgpu_gpu *gpu)
{
    switch (gpu->state) {
    case HVGPU_GPU_PARTITIONABLE:
        return (struct look){GLYPH_FULL, ROLE_GOOD, "partitionable"};
    case HVGPU_GPU_PARAVIRTUAL:
        return (struct look){GLYPH_HALF, ROLE_GOOD, "paravirtual"};
    case HVGPU_GPU_DISMOUNTED:
        return (struct look){GLYPH_EMPTY, ROLE_INFO, "dismounted"};
    case HVGPU_GPU_NOT_ASSIGNABLE:
        return (struct look){GLYPH_DASH, ROLE_DIM, "not assignable"};
    case HVGPU_GPU_PROBLEM:
        return (struct look){GLYPH_CROSS, ROLE_BAD, "problem"};
    case HVGPU_GPU_UNKNOWN:
        break;
    }
    return (struct look){GLYPH_QUESTION, ROLE_UNKNOWN, "not known"};
}

struct look look_system(const struct hvgpu_system *system)
{
    if (system->left_over) {
        return (struct look){GLYPH_WARNING, ROLE_WARNING, "left over"};
    }
    switch (system->state) {
    case HVGPU_STATE_RUNNING:
        if (system->init_state == HVGPU_INIT_ENDED) {
            return (struct look){GLYPH_WARNING, ROLE_WARNING, "ended"};
        }
        return (struct look){GLYPH_RUN, ROLE_GOOD, "running"};
    case HVGPU_STATE_CREATED:
        return (struct look){GLYPH_EMPTY, ROLE_INFO, "created"};
    case HVGPU_STATE_PAUSED:
        return (struct look){GLYPH_PAUSE, ROLE_WARNING, "paused"};
    case HVGPU_STATE_STOPPED:
        return (struct look){GLYPH_STOP, ROLE_DIM, "stopped"};
    case HVGPU_STATE_SAVED_AS_TEMPLATE:
        return (struct look){GLYPH_DOT, ROLE_DIM, "template"};
    case HVGPU_STATE_UNKNOWN:
        break;
    }
    return (struct look){GLYPH_QUESTION, ROLE_UNKNOWN, "not known"};
}

struct look look_verdict(enum hvgpu_verdict verdict)
{
    switch (verdict) {
    case HVGPU_VERDICT_PASS:
        return (struct look){GLYPH_CHECK, ROLE_GOOD, "pass"};
    case HVGPU_VERDICT_DEGRADED:
        return (struct look){GLYPH_WARNING, ROLE_WARNING, "degraded"};
    case HVGPU_VERDICT_FAIL:
        return (struct look){GLYPH_CROSS, ROLE_BAD, "fail"};
    case HVGPU_VERDICT_UNKNOWN:
        break;
    }
    return (struct look){GLYPH_QUESTION, ROLE_UNKNOWN, "unknown"};
}

struct look look_answer(enum hvgpu_answer answer)
{
    switch (answer) {
    case HVGPU_ANSWER_YES:
        return (struct look){GLYPH_CHECK, ROLE_GOOD, "yes"};
    case HVGPU_ANSWER_NO:
        return (struct look){GLYPH_CROSS, ROLE_BAD, "no"};
    case HVGPU_ANSWER_UNKNOWN:
        break;
    }
    return (struct look){GLYPH_QUESTION, ROLE_UNKNOWN, "-"};
}

struct look look_job(const struct hvgpu_job *job)
{
    switch (job->state) {
    case HVGPU_JOB_QUEUED:
        return (struct look){GLYPH_DOT, ROLE_DIM, "queued"};
    case HVGPU_JOB_RUNNING:
        if (job->cancelling) {
            return (struct look){GLYPH_PAUSE, ROLE_WARNING, "cancelling"};
        }
        return (struct look){GLYPH_RUN, ROLE_INFO, "running"};
    case HVGPU_JOB_UNDOING:
        return (struct look){GLYPH_RUN, ROLE_WARNING, "undoing"};
    case HVGPU_JOB_DONE:
        return (struct look){GLYPH_CHECK, ROLE_GOOD, "done"};
    case HVGPU_JOB_FAILED:
        return (struct look){GLYPH_CROSS, ROLE_BAD, "failed"};
    case HVGPU_JOB_CANCELLED:
        return (struct look){GLYPH_STOP, ROLE_WARNING, "cancelled"};
    }
    return (struct look){GLYPH_QUESTION, ROLE_UNKNOWN, "not known"};
}

struct look look_step(enum hvgpu_step_state state)
{
    switch (state) {
    case HVGPU_STEP_WAITING:
        return (struct look){GLYPH_DOT, ROLE_DIM, "waiting"};
    case HVGPU_STEP_RUNNING:
        return (struct look){GLYPH_RUN, ROLE_INFO, "running"};
    case HVGPU_STEP_DONE:
        return (struct look){GLYPH_CHECK, ROLE_GOOD, "done"};
    case HVGPU_STEP_FAILED:
        return (struct look){GLYPH_CROSS, ROLE_BAD, "failed"};
    case HVGPU_STEP_SKIPPED:
        return (struct look){GLYPH_DASH, ROLE_DIM, "skipped"};
    case HVGPU_STEP_UNKNOWN:
        break;
    }
    return (struct look){GLYPH_QUESTION, ROLE_UNKNOWN, "never answered"};
}

struct look look_severity(unsigned severity)
{
    switch (severity) {
    case HVGPU_SEVERITY_GOOD:
        return (struct look){GLYPH_CHECK, ROLE_GOOD, "good"};
    case HVGPU_SEVERITY_WARNING:
        return (struct look){GLYPH_WARNING, ROLE_WARNING, "warning"};
    case HVGPU_SEVERITY_ERROR:
        return (struct look){GLYPH_CROSS, ROLE_BAD, "error"};
    default:
        return (struct look){GLYPH_DOT, ROLE_DIM, "info"};
    }
}

void cell_text(struct table_cell *cell, enum role role, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        table_cell_dash(cell);
    } else {
        table_cell_set(cell, role, text);
    }
}

void cell_look(struct table_cell *cell, const struct table *table, struct look look)
{
    const struct app *app = table->context;
    table_cell_set(cell, look.role, canvas_glyph(app->canvas, look.glyph));
}

const char *system_name(const struct hvgpu_system *system)
{
    bool named = system->name != NULL && system->name[0] != '\0';
    return named ? system->name : system->id;
}

const char *gpu_label(const struct hvgpu_snapshot *s, const char *instance_id)
{
    const struct hvgpu_gpu *gpu = instance_id != NULL ? hvgpu_find_gpu(s, instance_id) : NULL;
    return gpu != NULL && gpu->id != NULL ? gpu->id : instance_id;
}

bool system_gpu_text(const struct hvgpu_snapshot *s, const struct hvgpu_system *system, char *out,
                     size_t size)
{
    out[0] = '\0';
    if (system->gpu_text != NULL) {
        text_clean(out, size, system->gpu_text);
        return true;
    }
    switch (system->gpu_mode) {
    case HVGPU_MODE_UNKNOWN:
        return false;
    case HVGPU_MODE_NONE:
        text_clean(out, size, "none");
        return true;
    case HVGPU_MODE_MIRROR:
        text_clean(out, size, "all GPUs");
        return true;
    case HVGPU_MODE_LIST:
    case HVGPU_MODE_DDA:
        break;
    }
    for (size_t i = 0; i < system->assignment_count; i++) {
        const struct hvgpu_assignment *a = &system->assignments[i];
        char partition[24] = ":any";
        if (system->gpu_mode == HVGPU_MODE_DDA) {
            partition[0] = '\0';
        } else if (a->partition.known) {
            snprintf(partition, sizeof(partition), ":%u", (unsigned)a->partition.value);
        }
        size_t len = strlen(out);
        snprintf(out + len, size - len, "%s%s%s", len > 0 ? " " : "", gpu_label(s, a->gpu),
                 partition);
    }
    return out[0] != '\0';
}

static bool holds_gpu(const struct hvgpu_system *system)
{
    return system->assignment_count > 0 || system->gpu_mode == HVGPU_MODE_MIRROR;
}

void system_state_text(const struct hvgpu_system *system, char *out, size_t size)
{
    bool ended = system->state == HVGPU_STATE_RUNNING && system->init_state == HVGPU_INIT_ENDED;
    if (ended && holds_gpu(system)) {
        snprintf(out, size, "ended, still holds %s",
                 system->gpu_text != NULL ? system->gpu_text : "a GPU");
    } else if (ended || system->left_over) {
        text_clean(out, size, system->left_over ? "left over" : "ended");
    } else {
        bool has_text = system->state_text != NULL && system->state_text[0] != '\0';
        const char *word = look_system(system).word;
        text_clean(out, size,
                   system->state == HVGPU_STATE_UNKNOWN && has_text ? system->state_text : word);
    }
}

bool system_is_foreign(const struct hvgpu_system *system)
{
    return !system->ours;
}

bool age_text(const struct hvgpu_snapshot *s, struct hvgpu_number since_ms, char *out, size_t size)
{
    int64_t age = s->host->time_ms - (int64_t)since_ms.value;
    if (!since_ms.known || since_ms.value == 0 || s->host->time_ms == 0) {
        text_clean(out, size, "-");
        return false;
    }
    uint64_t seconds = age > 0 ? (uint64_t)age / 1000 : 0;
    if (seconds < 60) {
        snprintf(out, size, "%us", (unsigned)seconds);
    } else {
        text_duration(out, size, seconds * 1000);
    }
    return true;
}

const char *yes_no(enum hvgpu_answer answer)
{
    return look_answer(answer).word;
}

unsigned job_permille(const struct hvgpu_job *job)
{
    if (job->state == HVGPU_JOB_DONE) {
        return 1000;
    }
    size_t done = 0;
    size_t all = 0;
    for (size_t i = 0; i < job->step_count; i++) {
        if (job->steps[i].is_undo) {
            continue;
        }
        all++;
        done +=
            job->steps[i].state != HVGPU_STEP_WAITING && job->steps[i].state != HVGPU_STEP_RUNNING;
    }
    return all > 0 ? (unsigned)(done * 1000 / all) : 0;
}
