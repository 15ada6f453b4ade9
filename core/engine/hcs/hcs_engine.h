/* SPDX-License-Identifier: MIT
 *
 * The HCS engine on any pair of walls, and what its parts share. A kind of host (demo:, hcs:) fills
 * the two tables and hands them to hcs_engine_open(); everything after that is the same code.
 *
 *   engine.c    open, close, the engine's thread and its queue of answers
 *   engine_ask.c  the asker's thread: the tick, and every question to the host
 *   observe*.c  answers -> records: link, systems, properties, GPUs, images, own records
 *   engine_view.c  what plans may look at
 *   checks.c check_run.c  periodic and asked-for probes -> checks and events
 *   plans.c     request -> plan: resolves ids, guards, picks the builder below
 *   launch.c attach.c lifecycle.c verify.c   the steps
 *   calls.c     the one door by which steps reach the host, or the dry run's list
 *   documents.c builds every document; shared constants
 */
#ifndef HVGPU_HCS_ENGINE_H
#define HVGPU_HCS_ENGINE_H

#include "core/engine/engine.h"
#include "core/engine/hcs/client.h"
#include "core/engine/hcs/ownership.h"

struct hcs_engine_walls {
    struct hcs_api hcs;
    struct host_api host;
    /* Frees the machine after everything is closed; no callback comes after it returned. May be
     * NULL. */
    void (*close)(void *machine);
    struct store *store;
    unsigned tick_ms; /* 0: 1000. All pauses of the engine scale with it, so that tests are quick */
};

/* Takes the walls and the store in every case: on failure they are closed. */
enum hvgpu_status hcs_engine_open(const struct engine_config *config,
                                  const struct hcs_engine_walls *walls, struct engine **out,
                                  struct hvgpu_error *err);
bool hcs_engine_close(struct engine *engine);
struct store *hcs_engine_store(struct engine *engine);
void hcs_engine_set_paused(struct engine *engine, bool paused);
void hcs_engine_set_probe_interval(struct engine *engine, unsigned seconds);
void hcs_engine_refresh(struct engine *engine);
enum hvgpu_status hcs_engine_plan(struct engine *engine, const struct hvgpu_request *request,
                                  struct job_plan *out, struct hvgpu_error *err); /* plans.c */

/* ---- shared by the parts ---- */

struct client *engine_client(struct engine *engine);

/* What the engine knows now, for plans: copied out under the engine's lock, so that a plan can be
 * made without waiting for the host. Arrays of record references. */
struct engine_view {
    const struct hvgpu_host *host; /* NULL before the first answer */
    struct schema_level level;
    struct host_facts facts;
    const struct hvgpu_gpu **gpus;
    size_t gpu_count;
    const struct hvgpu_image **images;
    size_t image_count;
    const struct hvgpu_system **systems;
    size_t system_count;
    char scratch_root[512], probe_folder[512];
    void *hold; /* keeps all of it alive */
};
void engine_view_take(struct engine *engine, struct engine_view *out);
void engine_view_drop(struct engine_view *view);
/* "gpu0", an instance id or an interface path -> the GPU; NULL and err when unknown or ambiguous.
 */
const struct hvgpu_gpu *engine_view_gpu(const struct engine_view *view, const char *name,
                                        struct hvgpu_error *err);
/* An id, or a unique name, or a unique beginning of an id. */
const struct hvgpu_system *engine_view_system(const struct engine_view *view, const char *name,
                                              struct hvgpu_error *err);

/* For jobs: one system's records changed (launch, attach, stop): read again soon. */
void engine_touch(struct engine *engine);

/* Runs one probe in VM and container of a system and posts the check. Blocks; for job threads.
 * keep_vm / keep_container: open handles to use, or NULL to open by id. The sentence and the check
 * record are returned when wanted (drop the record). Also used by the periodic checks, so that two
 * never run at once for one container: HVGPU_BUSY then waits for the other's answer. */
enum hvgpu_status engine_check_now(struct engine *engine, const char *system_id,
                                   struct client_system *vm, struct client_system *container,
                                   const struct hvgpu_check **check, struct hvgpu_error *err);
/* Probe of the VM only, before a container exists. */
enum hvgpu_status engine_probe_vm(struct engine *engine, const struct ownership *record,
                                  struct client_system *vm, enum hvgpu_answer *present,
                                  char *evidence, size_t size, struct hvgpu_error *err);
void engine_forget_check(struct engine *engine, const char *system_id);
/* An event of hvgpu itself ("verdict changed", "job failed"). */
void engine_event(struct engine *engine, enum hvgpu_severity severity, const char *kind,
                  const char *system_id, const char *words);

#endif
