/* SPDX-License-Identifier: MIT
 *
 * Jobs: the one way by which a command changes a host. A plan is a list of steps made by an engine;
 * the runner gives it a thread (at most 8 at once), reports every step to the inbox, journals what
 * a step is about to make before it makes it, undoes in reverse order on failure, and keeps the
 * journal of a job that was killed for a later process to find.
 *
 * A dry run is the same plan with the same steps: job_is_dry() is true, and the engine's lowest
 * layer records calls with job_record_call() instead of sending them.
 *
 * Threads: steps run on the job's thread; the job_* functions below are for that thread, except
 * where they say "any thread".
 */
#ifndef HVGPU_JOB_H
#define HVGPU_JOB_H

#include "core/base/json.h"
#include "core/hvgpu.h"
#include "core/inbox.h"
#include "core/store.h"

struct job;
struct jobs; /* the runner: one a host */

/* One step. Returns HVGPU_OK, HVGPU_SKIPPED (say why with job_evidence), or a failure with err. */
struct job_step {
    const char *title; /* copied */
    enum hvgpu_status (*run)(struct job *job, void *context, int argument, struct hvgpu_error *err);
    int argument;   /* which candidate, layer, device ... */
    bool read_only; /* changes nothing: runs without a journal */
};

/* A plan: what an engine makes of a request. Owned by the job after jobs_submit()/job_dry_run(). */
struct job_plan {
    const char *verb;       /* static */
    char *title;            /* malloc'd */
    char *target;           /* malloc'd; may be NULL */
    bool changes;           /* needs a journal and must not be read-only */
    bool hidden;            /* not for the Jobs view */
    bool keep;              /* on failure nothing is undone */
    struct job_step *steps; /* malloc'd */
    size_t step_count;
    void *context;
    void (*free_context)(void *context);
    /* Undoes one action that job_will() announced. Must be harmless when the action was never done
     * or was undone before. Also used for journals of dead processes (then context is the
     * engine's). */
    enum hvgpu_status (*undo)(struct job *job, void *engine, const struct json *action,
                              struct hvgpu_error *err);
    void *engine;
    /* Terminates what a hung call works on, through other handles. Any thread. May be NULL. */
    void (*force)(void *context);
    /* After the last step and the undo: gives back what others wait for. The context itself lives
     * until the job is forgotten. May be NULL. */
    void (*release)(void *context);
};
void job_plan_clear(struct job_plan *plan);

/* ---- for steps ---- */

/* Evidence of the running step, shown behind its title. Cleaned. */
void job_evidence(struct job *job, const char *format, ...) HVGPU_PRINTF(2, 3);
/* Announces an action BEFORE it is done: journaled on disk when this returns HVGPU_OK. `action` is
 * taken: {"undo":"terminate","id":...}; what the members mean is the engine's. `words` says in
 * words what would be left behind ("utility VM demo@vm"). */
enum hvgpu_status job_will(struct job *job, struct json *action, const char *words,
                           struct hvgpu_error *err) HVGPU_MUST_USE;
/* The announced actions are now owned by somebody else (the system's own record): nothing is undone
 * any more when a later step fails, and the journal goes with the job's end. */
void job_commit(struct job *job);
/* Runs the undo of everything announced since `mark` and forgets it (candidates: one failed, try
 * the next). job_mark() gives the present mark. */
size_t job_mark(const struct job *job);
enum hvgpu_status job_undo_to(struct job *job, size_t mark, struct hvgpu_error *err);
/* True once the user asked to cancel: end at the next point where nothing is half done. */
bool job_is_cancelled(const struct job *job); /* any thread */
bool job_is_dry(const struct job *job);
bool job_is_undoing(const struct job *job);

/* The log of calls. sent before, answered after; returns an index for `answered`. Texts are copied.
 */
size_t job_call_sent(struct job *job, const char *call, const char *id, const char *document);
void job_call_answered(struct job *job, size_t index, int32_t code, const char *answer);

/* Dry run: records one call. document is taken, may be NULL. Condition of the following calls is
 * set with job_dry_condition ("probe absent"; NULL: none). */
void job_record_call(struct job *job, const char *call, const char *id, struct json *document);
void job_dry_condition(struct job *job, const char *condition);

/* What the job found, as JSON; taken. */
void job_result(struct job *job, struct json *result);
void job_exit_code(struct job *job, uint32_t code);
/* Output of the process that the job runs. Any thread. */
void job_output(struct job *job, bool is_stderr, const char *bytes, size_t len);
/* Input for it: blocks until some is there, input ended (0), or the job is cancelled or closed
 * (-1). */
long job_read_input(struct job *job, char *bytes, size_t size);
/* No more input is wanted (the process ended): wakes job_read_input(), which then returns 0 or -1.
 * Any thread. */
void job_close_input(struct job *job);
/* Copies the evidence of the running step ("" when there is none): for steps made of steps. */
void job_step_evidence(struct job *job, char *out, size_t size);
/* The pseudo console's newest size; true when it changed since the last call. */
bool job_console_size(struct job *job, unsigned *columns, unsigned *rows);
uint64_t job_id(const struct job *job);

/* ---- for core ---- */

struct jobs *jobs_new(struct inbox *inbox, struct store *store);
/* No new jobs; running ones are told to stop and joined, after timeout_ms without them. False: some
 * were left running (then nothing they use may be freed). */
bool jobs_close(struct jobs *jobs, unsigned timeout_ms);
enum hvgpu_status jobs_submit(struct jobs *jobs, struct job_plan *plan, uint64_t *id,
                              struct hvgpu_error *err) HVGPU_MUST_USE; /* takes the plan */
void jobs_cancel(struct jobs *jobs, uint64_t id, bool force);
bool jobs_input(struct jobs *jobs, uint64_t id, const char *bytes, size_t len);
void jobs_resize(struct jobs *jobs, uint64_t id, unsigned columns, unsigned rows);
/* Runs the plan dry on the calling thread; *calls is an array of {"call","id","document"[,"if"]}.
 */
enum hvgpu_status job_dry_run(struct job_plan *plan, struct json **calls,
                              struct hvgpu_error *err) HVGPU_MUST_USE; /* takes the plan */

/* ---- journals of dead jobs ---- */

/* Calls each(key, journal) for every journal that no living job holds. */
enum hvgpu_status journal_orphans(struct store *store,
                                  bool (*each)(void *context, const char *key,
                                               const struct json *journal),
                                  void *context, struct hvgpu_error *err);
/* Undoes an orphan's actions in reverse order inside `job` (a RECOVER job's step), then removes it.
 * What could not be undone stays in the journal. HVGPU_BUSY: its job is alive. */
enum hvgpu_status journal_undo(struct job *job, struct store *store, const char *key,
                               struct hvgpu_error *err);
/* Members of a journal: {"version":1,"verb","title","target","time_ms","process",
 * "actions":[{"action":{...},"words":"...","state":"announced"|"unknown"}]} */

#endif
