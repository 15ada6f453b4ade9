/* SPDX-License-Identifier: MIT
 *
 * A machine of a few things, and plans that make them: what the tests of jobs and journals share.
 * Each step announces one thing, makes it, and may then be told to fail, hang or be refused; undo
 * takes the thing away. Everything done is written down in order.
 */
#ifndef HVGPU_TEST_JOB_RIG_H
#define HVGPU_TEST_JOB_RIG_H

#include <stdatomic.h>

#include "core/inbox.h"
#include "core/job.h"
#include "core/model.h"

enum { RIG_THINGS = 8, RIG_LOG = 512 };

struct job_rig {
    struct inbox *inbox;
    struct store *store;
    struct jobs *jobs;
    struct model *model;
    /* The machine; only job threads touch it while a job runs. */
    bool things[RIG_THINGS];
    char log[RIG_LOG]; /* "+0 +1 -1 -0 " */
    /* Orders */
    int fail_at; /* step whose call fails; -1: none */
    enum hvgpu_status fail_status;
    bool made_before_failing; /* the failing call did its work all the same */
    int fail_undo_of;         /* thing that cannot be taken back; -1: none */
    int commit_at;            /* step that commits; -1: none */
    int wait_at;              /* step that waits until cancelled or released; -1: none */
    atomic_bool waiting, release, forced;
    atomic_int contexts_freed;
};

struct job_rig *job_rig_new(struct store *store); /* takes the store; NULL: in memory */
void job_rig_free(struct job_rig *rig);
/* count steps, each making one thing. */
struct job_plan job_rig_plan(struct job_rig *rig, size_t count);
/* An empty plan with one step; for tests with steps of their own. */
struct job_plan job_rig_step(struct job_rig *rig, const char *title,
                             enum hvgpu_status (*run)(struct job *job, void *context, int argument,
                                                      struct hvgpu_error *err));
/* Submits, waits for the end, and returns the job as the model shows it. */
const struct hvgpu_job *job_rig_run(struct job_rig *rig, struct job_plan *plan);
const struct hvgpu_job *job_rig_wait(struct job_rig *rig, uint64_t id);
/* Until the waiting step is reached. */
void job_rig_wait_for_step(struct job_rig *rig);
size_t job_rig_things(const struct job_rig *rig);
/* Journals in the store that no living job holds. */
size_t job_rig_orphans(struct job_rig *rig);
void job_rig_pump(struct job_rig *rig); /* inbox -> model */

#endif
