/* SPDX-License-Identifier: MIT
 *
 * What a step may call: evidence, the log of calls, result, output and input of a process, and the
 * dry run's list.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/job_private.h"
#include "core/record.h"

enum {
    ANSWER_MAX = 65536,         /* bytes of an answer kept in the log */
    OUTPUT_WAITING = 4u << 20,  /* output that may wait for the reader */
    OUTPUT_PIECE_WAIT_MS = 100, /* between looks at the cancel flag */
    NS_PER_MS = 1000000
};

/* ---- steps begin and end ---- */

size_t step_add(struct job *job, const char *title)
{
    os_mutex_lock(job->mutex);
    size_t index = SIZE_MAX;
    struct job_step_state *steps = realloc(job->steps, (job->step_count + 1) * sizeof *job->steps);
    if (steps != NULL) {
        job->steps = steps;
        index = job->step_count;
        steps[index] = (struct job_step_state){.title = text_copy(title), .is_undo = true};
        job->step_count++;
    }
    os_mutex_unlock(job->mutex);
    return index;
}

void step_begin(struct job *job, size_t index)
{
    if (index == SIZE_MAX) {
        return;
    }
    os_mutex_lock(job->mutex);
    job->current = index;
    job->steps[index].state = HVGPU_STEP_RUNNING;
    job->steps[index].started_ns = os_now_ns();
    job_post_locked(job);
    os_mutex_unlock(job->mutex);
}

static enum hvgpu_step_state state_of(enum hvgpu_status status)
{
    switch (status) {
    case HVGPU_OK:
        return HVGPU_STEP_DONE;
    case HVGPU_SKIPPED:
    case HVGPU_CANCELLED:
        return HVGPU_STEP_SKIPPED;
    case HVGPU_TIMEOUT:
        return HVGPU_STEP_UNKNOWN;
    default:
        return HVGPU_STEP_FAILED;
    }
}

static void set_evidence(struct job_step_state *step, const char *text)
{
    char *copy = text_copy(text);
    if (copy != NULL) {
        free(step->evidence);
        step->evidence = copy;
    }
}

void step_end(struct job *job, size_t index, enum hvgpu_status status,
              const struct hvgpu_error *err)
{
    if (index == SIZE_MAX) {
        return;
    }
    os_mutex_lock(job->mutex);
    struct job_step_state *step = &job->steps[index];
    step->state = state_of(status);
    uint64_t elapsed = (uint64_t)(os_now_ns() - step->started_ns) / NS_PER_MS;
    step->duration_ms = (struct hvgpu_number){.value = elapsed, .known = true};
    if (status == HVGPU_CANCELLED) {
        set_evidence(step, "cancelled");
    } else if (step->state == HVGPU_STEP_FAILED || step->state == HVGPU_STEP_UNKNOWN) {
        set_evidence(step, err->message[0] != '\0' ? err->message : hvgpu_status_words(status));
    }
    job_post_locked(job);
    os_mutex_unlock(job->mutex);
}

void job_evidence(struct job *job, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    os_mutex_lock(job->mutex);
    if (job->current < job->step_count) {
        set_evidence(&job->steps[job->current], text);
        job_post_locked(job);
    }
    os_mutex_unlock(job->mutex);
}

/* ---- questions ---- */

bool job_is_cancelled(const struct job *job)
{
    /* The undo that follows a cancel must be able to do its work. */
    return atomic_load(&job->closing) ||
           (atomic_load(&job->cancelled) && !atomic_load(&job->undoing));
}

bool job_is_dry(const struct job *job)
{
    return job->dry;
}

bool job_is_undoing(const struct job *job)
{
    return atomic_load(&job->undoing);
}

uint64_t job_id(const struct job *job)
{
    return job->id;
}

/* ---- the log of calls ---- */

static bool calls_reserve(struct job *job)
{
    if (job->call_log == NULL) {
        job->call_log = record_new(1);
    }
    if (job->call_count == job->call_capacity) {
        size_t capacity = job->call_capacity > 0 ? job->call_capacity * 2 : 16;
        const struct hvgpu_call **calls = realloc(job->calls, capacity * sizeof *calls);
        if (calls == NULL) {
            return false;
        }
        job->calls = calls;
        int64_t *started = realloc(job->call_started_ns, capacity * sizeof *started);
        if (started == NULL) {
            return false;
        }
        job->call_started_ns = started;
        job->call_capacity = capacity;
    }
    return job->call_log != NULL;
}

size_t job_call_sent(struct job *job, const char *call, const char *id, const char *document)
{
    os_mutex_lock(job->mutex);
    size_t index = SIZE_MAX;
    struct hvgpu_call *entry =
        calls_reserve(job) ? record_alloc(job->call_log, sizeof *entry) : NULL;
    if (entry != NULL) {
        entry->call = record_text(job->call_log, call);
        entry->id = record_text(job->call_log, id);
        entry->document = record_lines(job->call_log, document);
        index = job->call_count;
        job->calls[index] = entry;
        job->call_started_ns[index] = os_now_ns();
        job->call_count++;
        job_post_locked(job); /* at once: if this call hangs, it is seen which one */
    }
    os_mutex_unlock(job->mutex);
    return index;
}

static const char *keep_answer(struct job *job, const char *answer)
{
    size_t len = answer != NULL ? strlen(answer) : 0;
    if (len <= ANSWER_MAX) {
        return record_lines(job->call_log, answer);
    }
    char *cut = text_format("%.*s [cut: %d of %zu bytes]", ANSWER_MAX, answer, ANSWER_MAX, len);
    const char *kept = record_lines(job->call_log, cut);
    free(cut);
    return kept;
}

void job_call_answered(struct job *job, size_t index, int32_t code, const char *answer)
{
    os_mutex_lock(job->mutex);
    struct hvgpu_call *entry =
        index < job->call_count ? record_alloc(job->call_log, sizeof *entry) : NULL;
    if (entry != NULL) {
        /* Readers may hold the unanswered entry: it stays as it is, a new one takes its place. It
         * is shown with the next call or the step's end, which follow at once. */
        *entry = *job->calls[index];
        entry->answered = true;
        entry->code = code;
        entry->answer = keep_answer(job, answer);
        uint64_t elapsed = (uint64_t)(os_now_ns() - job->call_started_ns[index]) / NS_PER_MS;
        entry->duration_ms = (struct hvgpu_number){.value = elapsed, .known = true};
        job->calls[index] = entry;
    }
    os_mutex_unlock(job->mutex);
}

/* ---- dry run ---- */

void job_record_call(struct job *job, const char *call, const char *id, struct json *document)
{
    if (!job->dry) {
        json_free(document);
        return;
    }
    struct json *entry = json_append(job->dry_calls, json_new_object());
    json_add_string(entry, "call", call);
    json_add_string(entry, "id", id);
    json_add(entry, "document", document != NULL ? document : json_new_null());
    if (job->dry_condition != NULL) {
        json_add_string(entry, "if", job->dry_condition);
    }
}

void job_dry_condition(struct job *job, const char *condition)
{
    free(job->dry_condition);
    job->dry_condition = text_copy(condition);
}

/* ---- what it found ---- */

void job_result(struct job *job, struct json *result)
{
    char *text = json_print(result);
    json_free(result);
    os_mutex_lock(job->mutex);
    free(job->result);
    job->result = text;
    os_mutex_unlock(job->mutex);
}

void job_exit_code(struct job *job, uint32_t code)
{
    os_mutex_lock(job->mutex);
    job->exit_code = (struct hvgpu_number){.value = code, .known = true};
    os_mutex_unlock(job->mutex);
}

/* ---- the process's streams ---- */

void job_output(struct job *job, bool is_stderr, const char *bytes, size_t len)
{
    if (job->dry || len == 0) {
        return;
    }
    while (!job_is_cancelled(job) &&
           !inbox_wait_for_room(job->inbox, OUTPUT_WAITING, OUTPUT_PIECE_WAIT_MS)) {
    }
    struct message *message = message_new(MESSAGE_OUTPUT);
    if (message == NULL) {
        return;
    }
    message->job = job->id;
    message->is_stderr = is_stderr;
    message->bytes = malloc(len);
    if (message->bytes == NULL) {
        message_free(message);
        return;
    }
    memcpy(message->bytes, bytes, len);
    message->len = len;
    inbox_put(job->inbox, message);
}

long job_read_input(struct job *job, char *bytes, size_t size)
{
    os_mutex_lock(job->mutex);
    while (job->input_len == 0 && !job->input_ended && !job_is_cancelled(job)) {
        os_cond_wait(job->cond, job->mutex, INT64_MAX);
    }
    long got = 0;
    if (job_is_cancelled(job)) {
        got = -1;
    } else if (job->input_len > 0) {
        size_t len = job->input_len < size ? job->input_len : size;
        memcpy(bytes, job->input, len);
        memmove(job->input, job->input + len, job->input_len - len);
        job->input_len -= len;
        got = (long)len;
    }
    os_mutex_unlock(job->mutex);
    return got;
}

bool job_console_size(struct job *job, unsigned *columns, unsigned *rows)
{
    os_mutex_lock(job->mutex);
    bool resized = job->resized;
    *columns = job->columns;
    *rows = job->rows;
    job->resized = false;
    os_mutex_unlock(job->mutex);
    return resized;
}
