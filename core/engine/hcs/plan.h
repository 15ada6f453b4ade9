/* SPDX-License-Identifier: MIT
 *
 * What the plan builders share. A builder checks a request completely against what the engine knows
 * (struct engine_view), copies what its steps need into a context, and lists the steps. It waits
 * for nothing and asks the host nothing.
 *
 *   plans.c         dispatch, guard for systems of others, titles
 *   plan_launch.c   request -> struct launch;  launch*.c   its steps
 *   attach.c        attach and detach
 *   lifecycle.c     stop, remove;  exec.c   processes;  inspect.c   inspect, check, recover
 *   verify.c        the published test case, on the steps of launch
 *   actions.c       undo of everything that steps announce
 */
#ifndef HVGPU_HCS_PLAN_H
#define HVGPU_HCS_PLAN_H

#include "core/engine/hcs/calls.h"
#include "core/engine/hcs/hcs_engine.h"

/* The first member of every plan's context. */
struct plan_base {
    struct engine *engine; /* NULL: only for a dry run */
    struct schema_level level;
    struct calls_watch *watch;
};
enum hvgpu_status plan_base_init(struct plan_base *base, struct engine *engine,
                                 const struct engine_view *view, bool may_terminate,
                                 struct hvgpu_error *err) HVGPU_MUST_USE;
void plan_base_clear(struct plan_base *base);
struct calls plan_calls(struct job *job, const struct plan_base *base);
/* job_plan.force of every plan: context begins with a struct plan_base. */
void plan_force(void *context);

typedef enum hvgpu_status (*plan_step_fn)(struct job *job, void *context, int argument,
                                          struct hvgpu_error *err);
/* Appends a step. title is a literal. */
enum hvgpu_status plan_step(struct job_plan *plan, const char *title, plan_step_fn run,
                            int argument, bool read_only, struct hvgpu_error *err) HVGPU_MUST_USE;

/* The plan of a request from a view. engine may be NULL: then the plan is good for a dry run only.
 */
enum hvgpu_status plan_request(struct engine *engine, const struct engine_view *view,
                               const struct hvgpu_request *request, struct job_plan *out,
                               struct hvgpu_error *err) HVGPU_MUST_USE;

/* The builders. `out` is empty, with verb and title to be set; on failure the caller clears it. */
enum hvgpu_status plan_launch(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err);
enum hvgpu_status plan_attach(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err);
enum hvgpu_status plan_stop(struct engine *engine, const struct engine_view *view,
                            const struct hvgpu_request *request, struct job_plan *out,
                            struct hvgpu_error *err);
enum hvgpu_status plan_remove(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err);
enum hvgpu_status plan_exec(struct engine *engine, const struct engine_view *view,
                            const struct hvgpu_request *request, struct job_plan *out,
                            struct hvgpu_error *err);
enum hvgpu_status plan_inspect(struct engine *engine, const struct engine_view *view,
                               const struct hvgpu_request *request, struct job_plan *out,
                               struct hvgpu_error *err);
enum hvgpu_status plan_check(struct engine *engine, const struct engine_view *view,
                             const struct hvgpu_request *request, struct job_plan *out,
                             struct hvgpu_error *err);
enum hvgpu_status plan_recover(struct engine *engine, const struct engine_view *view,
                               const struct hvgpu_request *request, struct job_plan *out,
                               struct hvgpu_error *err);
enum hvgpu_status plan_verify(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err);

/* ---- guards ---- */

/* The target of the request, if it may be changed: own, or foreign with the owner named. */
enum hvgpu_status plan_target(const struct engine_view *view, const struct hvgpu_request *request,
                              const struct hvgpu_system **out,
                              struct hvgpu_error *err) HVGPU_MUST_USE;
/* The utility VM of a system: itself, or the one that hosts it; NULL: none. */
const struct hvgpu_system *plan_vm_of(const struct engine_view *view,
                                      const struct hvgpu_system *system);
/* A text that is shown, journaled and sent: UTF-8 without control characters, at most max bytes. */
enum hvgpu_status plan_check_text(const char *text, const char *what, size_t max,
                                  struct hvgpu_error *err) HVGPU_MUST_USE;

/* Takes the lock of a VM's record, waiting a little for a short holder. HVGPU_BUSY: somebody else
 * changes it. *lock NULL in a dry run. */
enum hvgpu_status plan_lock_vm(struct job *job, struct engine *engine, const char *vm_id,
                               struct store_lock **lock, struct hvgpu_error *err) HVGPU_MUST_USE;
/* Gives it back; a job's context may live on after the job's end, so never leave it to that. */
void plan_unlock_vm(struct store_lock **lock);

/* ---- actions.c: what steps announce with job_will() ---- */
struct json *action_terminate(const char *id);
struct json *action_delete_folder(const char *path);
struct json *action_forget(const char *id); /* the ownership record */
/* Puts the GPU configuration of a VM back; settings (taken) is a GpuConfiguration, record the
 * ownership record as it was (NULL: none). */
struct json *action_restore_gpu(const char *vm_id, struct json *settings,
                                const struct ownership *record);
enum hvgpu_status action_undo(struct job *job, void *engine, const struct json *action,
                              struct hvgpu_error *err);
/* The same by who holds the VM's lock already (is_locked). */
enum hvgpu_status action_undo_under_lock(struct job *job, struct engine *engine,
                                         const struct json *action, bool is_locked,
                                         struct hvgpu_error *err);
/* Terminates a system and waits for its end, if the service says that it is hvgpu's; else nothing.
 */
enum hvgpu_status action_end_own(const struct calls *calls, const char *id,
                                 struct hvgpu_error *err);
/* Deletes a folder, again and again for a few seconds while a disk in it is still in use. */
enum hvgpu_status action_delete_tree(const struct calls *calls, const char *path,
                                     struct hvgpu_error *err);

#endif
