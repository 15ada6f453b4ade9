/* SPDX-License-Identifier: MIT
 *
 * A job as others see it: an immutable record for the inbox at every change, and one event at its
 * end. The calls are not copied: the record keeps the log that owns them.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/job_private.h"
#include "core/record.h"

static void copy_steps(struct hvgpu_job *record, const struct job *job)
{
    struct hvgpu_step *steps = record_alloc(record, job->step_count * sizeof *steps);
    if (steps == NULL) {
        return;
    }
    for (size_t i = 0; i < job->step_count; i++) {
        const struct job_step_state *step = &job->steps[i];
        steps[i] = (struct hvgpu_step){.title = record_text(record, step->title),
                                       .state = step->state,
                                       .evidence = record_text(record, step->evidence),
                                       .duration_ms = step->duration_ms,
                                       .is_undo = step->is_undo};
    }
    record->steps = steps;
    record->step_count = job->step_count;
}

static void copy_calls(struct hvgpu_job *record, const struct job *job)
{
    if (job->call_count == 0) {
        return;
    }
    const struct hvgpu_call **calls = record_alloc(record, job->call_count * sizeof *calls);
    if (calls == NULL) {
        return;
    }
    memcpy(calls, job->calls, job->call_count * sizeof *calls);
    record_own(record, job->call_log);
    record->calls = calls;
    record->call_count = job->call_count;
}

void job_post_locked(struct job *job)
{
    if (job->dry) {
        return;
    }
    struct message *message = message_new(MESSAGE_JOB);
    struct hvgpu_job *record = record_new(sizeof *record);
    if (message == NULL || record == NULL) {
        message_free(message);
        hvgpu_record_drop(record);
        return;
    }
    record->id = job->id;
    record->verb = record_text(record, job->plan.verb);
    record->title = record_text(record, job->plan.title);
    record->target = record_text(record, job->plan.target);
    record->state = job->state;
    record->hidden = job->plan.hidden;
    record->cancelling = atomic_load(&job->cancelled) && job->state < HVGPU_JOB_DONE;
    copy_steps(record, job);
    copy_calls(record, job);
    record->started_ms = job->started_ms;
    record->ended_ms = job->ended_ms;
    record->error = job->error;
    record->result = record_lines(record, job->result);
    record->exit_code = job->exit_code;
    record->left_behind = record_text(record, job->left_behind);
    message->record = record;
    message->job = job->id;
    inbox_put(job->inbox, message);
}

void job_post(struct job *job)
{
    os_mutex_lock(job->mutex);
    job_post_locked(job);
    os_mutex_unlock(job->mutex);
}

/* ---- the last event ---- */

static char *end_words(const struct job *job)
{
    const char *title = job->plan.title != NULL ? job->plan.title : job->plan.verb;
    if (job->state == HVGPU_JOB_DONE) {
        char took[24];
        text_duration(took, sizeof took, (uint64_t)(job->ended_ms - job->started_ms));
        return text_format("%s: done in %s", title, took);
    }
    const char *left = job->left_behind != NULL ? "; left behind: " : "";
    return text_format("%s: %s%s%s", title, job->error.message, left,
                       job->left_behind != NULL ? job->left_behind : "");
}

void job_post_end_event(struct job *job)
{
    if (job->dry || job->plan.hidden) {
        return;
    }
    const char *kind = "JobDone";
    enum hvgpu_severity severity = HVGPU_SEVERITY_GOOD;
    if (job->state == HVGPU_JOB_FAILED) {
        kind = "JobFailed";
        severity = HVGPU_SEVERITY_ERROR;
    } else if (job->state == HVGPU_JOB_CANCELLED) {
        kind = "JobCancelled";
        severity = HVGPU_SEVERITY_WARNING;
    }
    char *words = end_words(job);
    struct json *json = json_new_object();
    json_add_string(json, "words", words);
    json_add_u64(json, "job", job->id);
    json_add_string(json, "verb", job->plan.verb);
    json_add_string(json, "status", hvgpu_status_name(job->error.status));
    char *text = json_print(json);
    inbox_put_event(job->inbox, HVGPU_EVENT_HVGPU, severity, 0, kind,
                    job->plan.target != NULL ? job->plan.target : "", text, job->ended_ms);
    free(text);
    json_free(json);
    free(words);
}
