/* SPDX-License-Identifier: MIT
 *
 * Scenarios: what machine is simulated. The built-in ones and a file of the user's are the same
 * thing: a JSON document read by one parser; the built-in documents are C strings in scenarios.c.
 * The format is documented in README.md ("Scenario files").
 */
#ifndef HVGPU_SIMULATED_SCENARIO_H
#define HVGPU_SIMULATED_SCENARIO_H

#include "core/engine/hcs/host_api.h"
#include "core/engine/hcs/schema.h"

enum scenario_fault_kind {
    FAULT_FAIL,      /* answers code (at once, or in the result when `late`) */
    FAULT_SLOW,      /* takes delay_ms longer */
    FAULT_HANG,      /* never answers */
    FAULT_NONSENSE,  /* S_OK and a document that is not what it should be */
    FAULT_KILL,      /* the calling process is killed (SIGKILL) before the call is served */
    FAULT_KILL_AFTER /* ... after it was served, before it could see the answer */
};

struct scenario_fault {
    char *
        call; /* "HcsModifyComputeSystem", "host.copy_file"; "change": any that changes; "*": any */
    char *match;  /* the document or argument must contain this; NULL: any */
    unsigned nth; /* 1: the first matching call; 0: every one */
    enum scenario_fault_kind kind;
    bool late;
    hcs_result code;
    char *document; /* FAIL: ResultError; NONSENSE: what comes instead; NULL: a default */
    unsigned delay_ms;
};

/* A system that exists when the machine starts: WSL, Sandbox, docker's and containerd's. */
struct scenario_system {
    char *id, *owner, *type; /* type: SystemType */
    char *os, *host_id, *runtime_image;
    char *state;
    bool ends_with_last_handle;
    unsigned memory_mb, processors;
    bool gpu_mirror; /* holds the GPUs, which nothing can read back */
};

struct scenario_gpu {
    struct host_gpu facts; /* as published; what the scenario adds is listed in `invented` */
    struct host_driver_package package;
    char *guest_package; /* driver-drift: what running guests still have; NULL: the host's */
    char *source;        /* where the data was published */
    char *invented;      /* members that no source gives and the simulation adds */
    bool refuses;        /* Gpu Update on it fails with refuse_code */
    hcs_result refuse_code;
    char *refuse_document;
    unsigned partitions_held_by_others;
};

struct scenario {
    char *name, *about;
    struct host_facts facts;
    struct schema_level level;
    bool moves;   /* false: nothing changes by itself, and the clock stands still for it */
    bool latency; /* realistic durations; false: everything answers at once */
    unsigned events_per_second;
    unsigned event_interval_s;  /* with events_per_second 0: one every so many seconds; 0: none */
    unsigned service_restart_s; /* the service dies every so many seconds; 0: never */
    unsigned candidate;         /* which form lets the GPU into the container: 1, 2, 3; 0: none */
    bool gpu_reaches_vm;        /* does the Gpu Update make the adapter appear in the VM at all */
    bool policy_refuses_dda;
    unsigned containers; /* generated foreign containers: big-node, huge */
    struct scenario_gpu *gpus;
    size_t gpu_count;
    struct host_image *images;
    size_t image_count;
    struct scenario_system *systems;
    size_t system_count;
    char **files; /* further paths of the host; no dot in the last part: a folder */
    size_t file_count;
    struct scenario_fault *faults;
    size_t fault_count;
};

/* name: a built-in scenario, or a path ending in .json. Errors name file, line and reason. */
enum hvgpu_status scenario_load(const char *name, struct scenario **out,
                                struct hvgpu_error *err) HVGPU_MUST_USE;
/* The same from a document in memory; `file` is its name in messages. */
enum hvgpu_status scenario_from_text(const char *file, const char *text, size_t len,
                                     struct scenario **out, struct hvgpu_error *err) HVGPU_MUST_USE;
void scenario_free(struct scenario *scenario); /* NULL is fine */

/* The built-in ones, for help texts: name and about; ends with a NULL name. */
struct scenario_name {
    const char *name, *about;
};
const struct scenario_name *scenario_names(void);

#endif
