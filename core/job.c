/* SPDX-License-Identifier: MIT
 *
 * The runner: one thread a job, at most JOBS_RUNNING at once. A job that has ended stays in the
 * list until the next submit or close joins its thread; until then its id is known and takes no
 * input.
 */
#include "core/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/job_private.h"
#include "core/record.h"

enum { JOBS_RUNNING = 8, INPUT_MAX = 1u << 20, NS_PER_MS = 1000000 };

struct jobs {
    struct inbox *inbox;
    struct store *store;
    struct job *first; /* main thread only */
    uint64_t last_id;
    bool closing;
};

void job_plan_clear(struct job_plan *plan)
{
    if (plan->free_context != NULL) {
        plan->free_context(plan->context);
    }
    free(plan->title);
    free(plan->target);
    free(plan->steps);
    *plan = (struct job_plan){0};
}

/* ---- one job ---- */

static void job_free(struct job *job)
{
    if (job == NULL) {
        return;
    }
    job_plan_clear(&job->plan);
    journal_forget_actions(job, 0);
    free(job->actions);
    for (size_t i = 0; i < job->step_count; i++) {
        free(job->steps[i].title);
        free(job->steps[i].evidence);
    }
    free(job->steps);
    hvgpu_record_drop(job->call_log);
    free(job->calls);
    free(job->call_started_ns);
    free(job->result);
    free(job->left_behind);
    free(job->input);
    json_free(job->dry_calls);
    free(job->dry_condition);
    os_mutex_free(job->mutex);
    os_cond_free(job->cond);
    free(job);
}

/* Takes the plan in every case. NULL: out of memory. */
static struct job *job_new(struct job_plan *plan)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        job_plan_clear(plan);
        return NULL;
    }
    job->plan = *plan;
    *plan = (struct job_plan){0};
    job->mutex = os_mutex_new();
    job->cond = os_cond_new();
    job->steps = calloc(job->plan.step_count + 1, sizeof *job->steps);
    if (job->mutex == NULL || job->cond == NULL || job->steps == NULL) {
        job_free(job);
        return NULL;
    }
    for (size_t i = 0; i < job->plan.step_count; i++) {
        job->steps[i].title = text_copy(job->plan.steps[i].title);
    }
    job->step_count = job->plan.step_count;
    return job;
}

/* ---- running ---- */

static void set_state(struct job *job, enum hvgpu_job_state state)
{
    os_mutex_lock(job->mutex);
    job->state = state;
    job_post_locked(job);
    os_mutex_unlock(job->mutex);
}

static enum hvgpu_status run_step(struct job *job, size_t index, struct hvgpu_error *err)
{
    const struct job_step *step = &job->plan.steps[index];
    size_t mark = job->action_count;
    step_begin(job, index);
    enum hvgpu_status st = HVGPU_OK;
    if (job->plan.changes && !step->read_only) {
        st = journal_begin(job, err);
    }
    if (st == HVGPU_OK) {
        st = step->run(job, job->plan.context, step->argument, err);
    }
    if (st == HVGPU_TIMEOUT) {
        journal_mark_unknown(job, mark);
    }
    bool failed = st != HVGPU_OK && st != HVGPU_SKIPPED;
    if (failed && err->status != st) {
        if (err->status == HVGPU_OK) {
            error_set(err, st, step->title, job->plan.target, "%s", hvgpu_status_words(st));
        }
        err->status = st;
    }
    if (failed && err->object[0] == '\0') {
        text_clean(err->object, sizeof err->object, job->plan.target);
    }
    step_end(job, index, st, err);
    return failed ? st : HVGPU_OK;
}

static enum hvgpu_status run_steps(struct job *job, struct hvgpu_error *err)
{
    for (size_t i = 0; i < job->plan.step_count; i++) {
        if (job_is_cancelled(job)) {
            return error_set(err, HVGPU_CANCELLED, job->plan.verb, job->plan.target,
                             "cancelled before: %s", job->plan.steps[i].title);
        }
        enum hvgpu_status st = run_step(job, i, err);
        if (st != HVGPU_OK) {
            return st;
        }
    }
    return HVGPU_OK;
}

/* Takes back what was announced, unless it is to stay. */
static void take_back(struct job *job)
{
    if (job->plan.keep || job->action_count == 0 || atomic_load(&job->closing)) {
        return;
    }
    set_state(job, HVGPU_JOB_UNDOING);
    job_undo_to(job, 0, NULL);
}

/* What never ran is not waiting any more. */
static void skip_waiting_steps(struct job *job)
{
    for (size_t i = 0; i < job->step_count; i++) {
        if (job->steps[i].state == HVGPU_STEP_WAITING) {
            job->steps[i].state = HVGPU_STEP_SKIPPED;
            if (job->steps[i].evidence == NULL) {
                job->steps[i].evidence = text_copy("not reached");
            }
        }
    }
}

static void finish(struct job *job, enum hvgpu_status st, const struct hvgpu_error *err)
{
    if (st == HVGPU_OK) {
        journal_release_actions(job); /* what it made is what was asked for */
    }
    journal_end(job);
    os_mutex_lock(job->mutex);
    job->state = HVGPU_JOB_DONE;
    if (st != HVGPU_OK) {
        bool cancelled =
            atomic_load(&job->cancelled) || atomic_load(&job->closing) || st == HVGPU_CANCELLED;
        job->state = cancelled ? HVGPU_JOB_CANCELLED : HVGPU_JOB_FAILED;
        job->error = *err;
        if (cancelled) {
            job->error.status = HVGPU_CANCELLED;
        }
        if (job->left_behind != NULL && job->error.hint[0] == '\0') {
            error_hint(&job->error, "undo what was left behind: hvgpu rm %s", job->journal_key);
        }
    }
    skip_waiting_steps(job);
    job->ended_ms = os_wall_ms();
    job->input_ended = true;
    job_post_end_event(job); /* first, so that who sees the end finds the event */
    job_post_locked(job);
    os_mutex_unlock(job->mutex);
}

static void job_main(void *context)
{
    struct job *job = context;
    struct hvgpu_error err = {0};
    set_state(job, HVGPU_JOB_RUNNING);
    enum hvgpu_status st = run_steps(job, &err);
    if (st != HVGPU_OK) {
        take_back(job);
    }
    if (job->plan.release != NULL) {
        job->plan.release(job->plan.context);
    }
    finish(job, st, &err);
    atomic_store(&job->ended, true);
}

/* ---- the list ---- */

struct jobs *jobs_new(struct inbox *inbox, struct store *store)
{
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (jobs != NULL) {
        jobs->inbox = inbox;
        jobs->store = store;
    }
    return jobs;
}

static struct job *find_job(struct jobs *jobs, uint64_t id)
{
    struct job *job = jobs->first;
    while (job != NULL && job->id != id) {
        job = job->next;
    }
    return job;
}

static bool force_is_running(const struct job *job)
{
    return job->force_thread != NULL && !atomic_load(&job->force_ended);
}

/* Frees jobs whose threads have ended; counts the others. */
static size_t reap(struct jobs *jobs)
{
    size_t running = 0;
    struct job **link = &jobs->first;
    while (*link != NULL) {
        struct job *job = *link;
        if (atomic_load(&job->ended) && !force_is_running(job)) {
            *link = job->next;
            os_thread_join(job->thread);
            os_thread_join(job->force_thread);
            job_free(job);
        } else {
            running += !atomic_load(&job->ended);
            link = &job->next;
        }
    }
    return running;
}

static enum hvgpu_status refuse(struct jobs *jobs, const struct job_plan *plan,
                                struct hvgpu_error *err)
{
    if (jobs->closing) {
        return error_set(err, HVGPU_LOST, plan->verb, plan->target, "the host is being closed");
    }
    if (reap(jobs) >= JOBS_RUNNING) {
        enum hvgpu_status st = error_set(err, HVGPU_LIMIT, plan->verb, plan->target,
                                         "%d jobs are running, no more run at once", JOBS_RUNNING);
        error_hint(err, "wait for one to end, or cancel one");
        return st;
    }
    return HVGPU_OK;
}

enum hvgpu_status jobs_submit(struct jobs *jobs, struct job_plan *plan, uint64_t *id,
                              struct hvgpu_error *err)
{
    enum hvgpu_status st = refuse(jobs, plan, err);
    if (st != HVGPU_OK) {
        job_plan_clear(plan);
        return st;
    }
    struct job *job = job_new(plan);
    if (job == NULL) {
        return error_set(err, HVGPU_MEMORY, "start job", NULL, "out of memory");
    }
    job->jobs = jobs;
    job->inbox = jobs->inbox;
    job->store = jobs->store;
    jobs->last_id++;
    job->id = jobs->last_id;
    job->started_ms = os_wall_ms();
    *id = job->id;
    job_post(job);
    if (job->plan.step_count == 0) {
        job_main(job); /* nothing to wait for */
    } else {
        char name[16];
        snprintf(name, sizeof name, "job %u", (unsigned)(job->id % 100000));
        st = os_thread_start(&job->thread, name, job_main, job);
        if (st != HVGPU_OK) {
            error_set(err, st, "start job", job->plan.target, "no thread could be started");
            finish(job, st, err);
            job_free(job);
            return st;
        }
    }
    job->next = jobs->first;
    jobs->first = job;
    return HVGPU_OK;
}

/* ---- cancel, input ---- */

static void force_main(void *context)
{
    struct job *job = context;
    job->plan.force(job->plan.context);
    atomic_store(&job->force_ended, true);
}

/* On a thread of its own, because what it calls may hang like the job itself. */
static void start_force(struct job *job)
{
    if (job->plan.force == NULL || force_is_running(job)) {
        return;
    }
    os_thread_join(job->force_thread);
    job->force_thread = NULL;
    atomic_store(&job->force_ended, false);
    if (os_thread_start(&job->force_thread, "force", force_main, job) != HVGPU_OK) {
        job->force_thread = NULL;
    }
}

void jobs_cancel(struct jobs *jobs, uint64_t id, bool force)
{
    struct job *job = find_job(jobs, id);
    if (job == NULL || atomic_load(&job->ended)) {
        return;
    }
    os_mutex_lock(job->mutex);
    if (job->state < HVGPU_JOB_DONE && !atomic_exchange(&job->cancelled, true)) {
        job_post_locked(job);
    }
    os_cond_broadcast(job->cond);
    os_mutex_unlock(job->mutex);
    if (force) {
        start_force(job);
    }
}

static bool add_input(struct job *job, const char *bytes, size_t len)
{
    if (job->input_ended || job_is_cancelled(job) || len > INPUT_MAX - job->input_len) {
        return false;
    }
    if (len == 0) {
        job->input_ended = true;
        return true;
    }
    char *input = realloc(job->input, job->input_len + len);
    if (input == NULL) {
        return false;
    }
    job->input = input;
    memcpy(job->input + job->input_len, bytes, len);
    job->input_len += len;
    return true;
}

bool jobs_input(struct jobs *jobs, uint64_t id, const char *bytes, size_t len)
{
    struct job *job = find_job(jobs, id);
    if (job == NULL) {
        return false;
    }
    os_mutex_lock(job->mutex);
    bool taken = add_input(job, bytes, len);
    os_cond_broadcast(job->cond);
    os_mutex_unlock(job->mutex);
    return taken;
}

void jobs_resize(struct jobs *jobs, uint64_t id, unsigned columns, unsigned rows)
{
    struct job *job = find_job(jobs, id);
    if (job == NULL) {
        return;
    }
    os_mutex_lock(job->mutex);
    job->resized = job->resized || job->columns != columns || job->rows != rows;
    job->columns = columns;
    job->rows = rows;
    os_mutex_unlock(job->mutex);
}

/* ---- close ---- */

static unsigned time_left(int64_t deadline_ns)
{
    int64_t left = (deadline_ns - os_now_ns()) / NS_PER_MS;
    return left > 0 ? (unsigned)left : 0;
}

bool jobs_close(struct jobs *jobs, unsigned timeout_ms)
{
    if (jobs == NULL) {
        return true;
    }
    jobs->closing = true;
    for (struct job *job = jobs->first; job != NULL; job = job->next) {
        os_mutex_lock(job->mutex);
        atomic_store(&job->closing, true);
        os_cond_broadcast(job->cond);
        os_mutex_unlock(job->mutex);
    }
    int64_t deadline = os_now_ns() + (int64_t)timeout_ms * NS_PER_MS;
    bool all = true;
    for (struct job *job = jobs->first; job != NULL; job = job->next) {
        if (job->thread != NULL) {
            all = os_thread_join_within(job->thread, time_left(deadline)) && all;
        }
        if (job->force_thread != NULL) {
            all = os_thread_join_within(job->force_thread, time_left(deadline)) && all;
        }
    }
    if (!all) {
        return false; /* what still runs keeps all of it */
    }
    while (jobs->first != NULL) {
        struct job *next = jobs->first->next;
        job_free(jobs->first);
        jobs->first = next;
    }
    free(jobs);
    return true;
}

/* ---- dry run ---- */

enum hvgpu_status job_dry_run(struct job_plan *plan, struct json **calls, struct hvgpu_error *err)
{
    *calls = NULL;
    struct job *job = job_new(plan);
    if (job == NULL) {
        return error_set(err, HVGPU_MEMORY, "preview", NULL, "out of memory");
    }
    struct hvgpu_error cause = {0};
    job->dry = true;
    job->dry_calls = json_new_array();
    enum hvgpu_status st = run_steps(job, &cause);
    if (st == HVGPU_OK) {
        *calls = job->dry_calls;
        job->dry_calls = NULL;
        if (*calls == NULL) {
            st = error_set(&cause, HVGPU_MEMORY, "preview", NULL, "out of memory");
        }
    }
    if (st != HVGPU_OK && err != NULL) {
        *err = cause;
    }
    job_free(job);
    return st;
}
