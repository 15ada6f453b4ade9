/* SPDX-License-Identifier: MIT
 *
 * Jobs under faults, through the public interface alone: the built-in machine "still" with members
 * of the test's own, every kind of job in one table, and what must be true after a job ended,
 * whatever struck it. Which calls a job makes is measured on a machine in a state file, which
 * counts them; then each of them can be struck in turn.
 */
#ifndef HVGPU_TESTS_FAULT_RIG_H
#define HVGPU_TESTS_FAULT_RIG_H

#include "core/hvgpu.h"

struct fault_rig {
    struct hvgpu *host;
    char scenario[512];
};

struct fault_options {
    const char *base;    /* NULL: "still" */
    const char *members; /* further members of the scenario, with a leading comma; NULL: none */
    const char *faults;  /* items, without the brackets; NULL: none */
    const char *state;   /* a state file; the scenario's file lies beside it; NULL: in memory */
    bool real_clock;
    unsigned timeout_ms; /* HVGPU_TIMEOUT_MS for this host; 0: not set */
};

/* A file in the folder for temporary files; the name is the process's own. */
void fault_path(char *out, size_t size, const char *name);
void fault_open(struct fault_rig *rig, const struct fault_options *options);
/* Closes and deletes the scenario's file; returns how long the close took. */
unsigned fault_close(struct fault_rig *rig);
/* Deletes a state file and its locks. */
void fault_remove_state(const char *state);

uint64_t fault_submit(struct fault_rig *rig, const struct hvgpu_request *request);
/* Waits for its end; NULL: it did not end in time. Valid until the next wait. */
const struct hvgpu_job *fault_end(struct fault_rig *rig, uint64_t id, unsigned seconds);
const struct hvgpu_job *fault_run(struct fault_rig *rig, const struct hvgpu_request *request);
/* The same, and it must be done. */
const struct hvgpu_job *fault_done(struct fault_rig *rig, const struct hvgpu_request *request);
/* Waits, reading the host again, until the test is true; false: it did not become so. */
bool fault_until(struct fault_rig *rig, bool (*test)(const struct hvgpu_snapshot *s, const void *p),
                 const void *context, unsigned seconds);

/* ---- questions about a snapshot ---- */
size_t fault_own_running(const struct hvgpu_snapshot *s); /* systems of hvgpu that are not gone */
size_t fault_partitions_of(const struct hvgpu_snapshot *s, const char *system_id);
bool fault_own_systems_are(const struct hvgpu_snapshot *s, const void *count); /* const size_t * */
bool fault_link_is_live(const struct hvgpu_snapshot *s, const void *unused);

/* ---- kinds of jobs ---- */
struct fault_kind {
    const char *name;
    const struct hvgpu_request *setup; /* NULL: nothing before */
    const struct hvgpu_request *request;
    bool makes;   /* it launches something: a failure leaves nothing, or lists it */
    bool removes; /* the system may be gone, or half gone, after it */
};
extern const struct fault_kind fault_kinds[];
extern const size_t fault_kind_count;
const struct fault_kind *fault_kind(const char *name);
/* Launches what the kind needs before it. False: a fault struck that already. */
bool fault_set_up(struct fault_rig *rig, const struct fault_kind *kind);

extern const struct hvgpu_request fault_launch, fault_launch_gpu, fault_launch_mirror,
    fault_launch_partition, fault_launch_device, fault_launch_rm, fault_attach, fault_detach,
    fault_stop, fault_rm, fault_exec, fault_check;

/* ---- the sweep ---- */
struct fault_sweep {
    /* What is done under each fault; NULL: the usual. Returns whether the fault was met. */
    bool (*run)(const struct fault_kind *kind, const struct fault_sweep *sweep, const char *faults);
    const char *kind_of_fault; /* "\"do\":\"fail\"": the members behind call and nth */
    bool reads;                /* strike the calls that change nothing too */
    bool hang;                 /* calls of files, which cannot time out, are left out */
    unsigned timeout_ms;
    unsigned stride; /* every so many calls in the usual run; HVGPU_FULL=1: all */
    bool harmless;   /* the job must be done all the same */
    bool twice;      /* the first terminate and the first delete fail too: the undo meets them */
};
/* Strikes the calls of this kind of job one after the other, each on a machine of its own, and
 * checks what must be true. Fails the test otherwise. Returns how many were struck. */
unsigned fault_sweep_kind(const struct fault_kind *kind, const struct fault_sweep *sweep);

/* What must be true of a job that ended; `what` names the fault. */
void fault_assert_told(const char *what, const struct hvgpu_job *job);
/* Everything that hvgpu made can be taken away: left-overs by recover, systems by rm. */
void fault_assert_clears(struct fault_rig *rig, const char *what);
void fault_say(const char *what, const struct hvgpu_job *job);
void fault_say_open(const struct fault_rig *rig, const char *what); /* jobs that have not ended */

#endif
