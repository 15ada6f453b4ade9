/* SPDX-License-Identifier: MIT
 *
 * One job from inside; shared by the parts of the runner:
 *
 *   job.c       threads, the list, submit, cancel, input, close, dry run
 *   job_step.c  what steps may call
 *   job_post.c  the job as a record for the inbox, and its last event
 *   journal.c   announced actions: journal, undo, journals of dead jobs
 *
 * Threads: the job's own thread runs steps and undo; the main thread cancels, feeds input and
 * resizes. Everything that both touch, and everything that is shown, is under job->mutex.
 */
#ifndef HVGPU_JOB_PRIVATE_H
#define HVGPU_JOB_PRIVATE_H

#include <stdatomic.h>

#include "core/base/os/os.h"
#include "core/job.h"

struct job_step_state {
    char *title;
    char *evidence;
    enum hvgpu_step_state state;
    bool is_undo;
    int64_t started_ns;
    struct hvgpu_number duration_ms;
};

/* An action that job_will() announced and nothing has taken back yet. */
struct announced {
    struct json *action;
    char *words;
    bool unknown; /* its step never answered: what it did is not known */
    bool stuck;   /* its undo failed: it stays listed whatever becomes of the job */
};

struct job {
    struct job *next;  /* in the runner's list, under its mutex */
    struct jobs *jobs; /* NULL: a dry run */
    struct inbox *inbox;
    struct store *store;
    uint64_t id;
    struct job_plan plan;
    struct os_thread *thread;
    struct os_thread *force_thread; /* main thread only */
    atomic_bool cancelled;          /* the user asked */
    atomic_bool closing;            /* the host is being closed: stop, undo nothing */
    atomic_bool undoing;
    atomic_bool ended; /* set last: the thread is about to return */
    atomic_bool force_ended;

    struct os_mutex *mutex;
    struct os_cond *cond; /* input, cancel */

    /* Shown; under the mutex. */
    enum hvgpu_job_state state;
    struct job_step_state *steps;
    size_t step_count;
    size_t current; /* the running step */
    void *call_log; /* a record that owns the texts of all calls; only grows */
    const struct hvgpu_call **calls;
    size_t call_count, call_capacity;
    int64_t *call_started_ns;
    int64_t started_ms, ended_ms;
    struct hvgpu_error error;
    char *result;
    struct hvgpu_number exit_code;
    char *left_behind;

    /* Process input and console; under the mutex. */
    char *input;
    size_t input_len;
    bool input_ended;
    unsigned columns, rows;
    bool resized;

    /* The job's thread only. */
    struct announced *actions;
    size_t action_count;
    char journal_key[64]; /* "": no journal yet */
    struct store_lock *journal_lock;

    /* Dry run. */
    bool dry;
    struct json *dry_calls;
    char *dry_condition;
};

/* job_step.c: a step begins and ends. step_add makes one more (undo) and returns its index. */
size_t step_add(struct job *job, const char *title);
void step_begin(struct job *job, size_t index);
void step_end(struct job *job, size_t index, enum hvgpu_status status,
              const struct hvgpu_error *err);

/* job_post.c: puts the job's present state into the inbox; the last two are for callers that hold
 * the mutex. */
void job_post(struct job *job);
void job_post_locked(struct job *job);
void job_post_end_event(struct job *job);

/* journal.c */
/* Opens the job's journal unless it is open: nothing may be changed without one. */
enum hvgpu_status journal_begin(struct job *job, struct hvgpu_error *err) HVGPU_MUST_USE;
/* The newest action announced since `mark` is of unknown outcome. */
void journal_mark_unknown(struct job *job, size_t mark);
/* Removes the journal when nothing is left, else keeps it and says what in job->left_behind. */
void journal_end(struct job *job);
/* The announced actions are somebody else's now, except those that could not be undone. */
void journal_release_actions(struct job *job);
void journal_forget_actions(struct job *job, size_t mark);

#endif
