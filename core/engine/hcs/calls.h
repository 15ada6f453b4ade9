/* SPDX-License-Identifier: MIT
 *
 * The one door by which steps reach the host. Every call that a step makes on a compute system, a
 * file of the host or a guest goes through here, with the document that it sends:
 *
 *   for real   logged with job_call_sent(), sent with the client, answered with job_call_answered()
 *   dry run    recorded with job_record_call() and not sent; handles come back NULL
 *
 * so that what a preview shows is what is executed. Values that only the host can tell stand in a
 * dry run as strings that name them: "<layer GUID of top>".
 *
 * Between calls the door looks whether the job was cancelled (HVGPU_CANCELLED), and it remembers
 * what the running call works on, so that a hung one can be ended from outside (calls_force).
 *
 * Threads: the job's; calls_force() any. Documents are taken in every case.
 */
#ifndef HVGPU_HCS_CALLS_H
#define HVGPU_HCS_CALLS_H

#include "core/engine/hcs/hcs_engine.h"

struct calls_watch; /* what the running call works on */

/* may_terminate: the compute systems that these calls work on may be terminated by force. */
struct calls_watch *calls_watch_new(bool may_terminate); /* NULL when out of memory */
void calls_watch_free(struct calls_watch *watch);
/* Ends what the running call works on: the process it waits for, or else the compute system. */
void calls_force(struct calls_watch *watch, struct client *client);

struct calls {
    struct job *job;
    struct engine *engine; /* NULL in a dry run without a host */
    struct calls_watch *watch;
};

/* ---- compute systems; `id` is what the log and the dry run name. */
enum hvgpu_status calls_grant(const struct calls *calls, const char *vm_id, const char *path,
                              struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_create(const struct calls *calls, const char *id, struct json *document,
                               struct client_system **out, struct hvgpu_error *err) HVGPU_MUST_USE;
/* Reads: not in the dry run's list, which gives *out NULL. */
enum hvgpu_status calls_open(const struct calls *calls, const char *id, struct client_system **out,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_start(const struct calls *calls, const char *id,
                              struct client_system *system, struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_modify(const struct calls *calls, const char *id,
                               struct client_system *system, struct json *document,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_shutdown(const struct calls *calls, const char *id,
                                 struct client_system *system, unsigned timeout_ms,
                                 struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_terminate(const struct calls *calls, const char *id,
                                  struct client_system *system,
                                  struct hvgpu_error *err) HVGPU_MUST_USE;
/* Waits until it has exited. In a dry run nothing happens. */
enum hvgpu_status calls_wait_exit(const struct calls *calls, const char *id, unsigned timeout_ms,
                                  struct hvgpu_error *err) HVGPU_MUST_USE;
/* Reads, for real only (*answer NULL in a dry run). query is taken, NULL: basic properties. */
enum hvgpu_status calls_properties(const struct calls *calls, const char *id,
                                   struct client_system *system, struct json *query,
                                   struct json **answer, struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_enumerate(const struct calls *calls, struct json **answer,
                                  struct hvgpu_error *err) HVGPU_MUST_USE;

/* ---- processes ---- */
struct calls_output {
    char *text; /* standard output, malloc'd; "" in a dry run */
    size_t len;
    uint32_t exit_code;
    char errors[256]; /* tail of standard error */
};
void calls_output_clear(struct calls_output *output);
/* Runs a process to its end. A non-zero exit code is not a failure of the call. */
enum hvgpu_status calls_run(const struct calls *calls, const char *id, struct client_system *system,
                            struct json *parameters, struct calls_output *output,
                            struct hvgpu_error *err) HVGPU_MUST_USE;
/* Starts a process; *out NULL in a dry run. */
enum hvgpu_status calls_process(const struct calls *calls, const char *id,
                                struct client_system *system, struct json *parameters,
                                struct client_process **out,
                                struct hvgpu_error *err) HVGPU_MUST_USE;
/* The process that the running step waits for: calls_force() kills it. NULL: none any more. */
void calls_watch_process(const struct calls *calls, struct client_process *process);

/* ---- the host's files and names ---- */
enum hvgpu_status calls_make_folder(const struct calls *calls, const char *path,
                                    struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_copy(const struct calls *calls, const char *from, const char *to,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status calls_delete_tree(const struct calls *calls, const char *path,
                                    struct hvgpu_error *err) HVGPU_MUST_USE;
/* A read; UNKNOWN in a dry run. */
enum hvgpu_status calls_exists(const struct calls *calls, const char *path,
                               enum hvgpu_answer *exists, bool *is_folder,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
/* The id of an image layer: the GUID of its folder's name. *guid is malloc'd. */
enum hvgpu_status calls_layer_guid(const struct calls *calls, const char *folder, char **guid,
                                   struct hvgpu_error *err) HVGPU_MUST_USE;

#endif
