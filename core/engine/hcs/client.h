/* SPDX-License-Identifier: MIT
 *
 * The HCS client: typed, UTF-8, JSON in and out, over the two walls. One operation at a time per
 * call, made by the operation model of the API (create operation, start, completion callback), with
 * time limits, errors in words, and handles that are reference-counted so that a close never meets
 * a call in flight.
 *
 * Threads: any, except callbacks of the system, which only enqueue. The waiting functions block
 * their thread (job threads); the async ones never do.
 */
#ifndef HVGPU_HCS_CLIENT_H
#define HVGPU_HCS_CLIENT_H

#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/engine/hcs/hcs_api.h"
#include "core/engine/hcs/host_api.h"
#include "core/engine/hcs/schema.h"

/* Time limits of hcsshim (internal/timeout): ms. */
enum {
    CLIENT_TIMEOUT_SYSTEM = 4 * 60 * 1000, /* create, start, modify, terminate */
    CLIENT_TIMEOUT_GUEST = 2 * 60 * 1000,  /* guest connection */
    CLIENT_TIMEOUT_PROBE = 20 * 1000,      /* one probe run */
    CLIENT_TIMEOUT_READ = 10 * 1000        /* properties, enumeration */
};

struct client;         /* one a host */
struct client_system;  /* an open handle on a compute system */
struct client_process; /* an open handle on a process, with its streams */

/* Unsolicited events of systems and processes: HCS_EVENT_*, the id, the document (UTF-8, may be
 * ""). Runs on a thread of the system: copy, enqueue, return. */
typedef void (*client_event_fn)(void *context, uint32_t type, const char *system_id,
                                const char *document);

/* Both tables are borrowed and must outlive the client. NULL: out of memory. The environment's
 * HVGPU_TIMEOUT_MS lowers every time limit to at most so many milliseconds. */
struct client *client_new(const struct hcs_api *hcs, const struct host_api *host);
/* timeout_ms, or the environment's limit when that is lower. */
unsigned client_time_limit(const struct client *client, unsigned timeout_ms);
/* All handles must have been dropped. Requests still in flight keep what they need until answered.
 */
void client_free(struct client *client);
/* Closing, in this order: client_stop: every waiting call returns HVGPU_CANCELLED at once, new ones
 * too. client_forget_async: no done() runs after it returned. client_machine_gone: the host behind
 * the walls no longer exists, so no callback can come: frees what unanswered requests left. */
void client_stop(struct client *client);
void client_forget_async(struct client *client);
void client_machine_gone(struct client *client);
const struct hcs_api *client_hcs(const struct client *client);
const struct host_api *client_host(const struct client *client);

/* Service and schema. Asked once at connect, again after service loss. */
enum hvgpu_status client_service(struct client *client, struct schema_level *level,
                                 struct hvgpu_error *err) HVGPU_MUST_USE;

/* ---- waiting calls. `answer` (may be NULL) receives the result document, malloc'd, NULL when
 * there was none; `code` (may be NULL) the HRESULT. timeout_ms passed: HVGPU_TIMEOUT, the request
 * goes on. */
enum hvgpu_status client_enumerate(struct client *client, const struct json *query,
                                   unsigned timeout_ms, char **answer, struct hvgpu_error *err);
enum hvgpu_status client_create(struct client *client, const char *id, const struct json *document,
                                unsigned timeout_ms, struct client_system **out, int32_t *code,
                                char **answer, struct hvgpu_error *err);
enum hvgpu_status client_open(struct client *client, const char *id, struct client_system **out,
                              struct hvgpu_error *err);
/* Registers the event callback (NULL: unregisters, waits for callbacks in flight). */
enum hvgpu_status client_listen(struct client_system *system, client_event_fn fn, void *context,
                                struct hvgpu_error *err);
/* Drops one reference; the last one closes the handle, never on a callback's thread: call it from
 * workers only. */
void client_system_keep(struct client_system *system);
void client_system_drop(struct client_system *system);
const char *client_system_id(const struct client_system *system);

enum hvgpu_status client_start(struct client_system *system, unsigned timeout_ms, int32_t *code,
                               char **answer, struct hvgpu_error *err);
enum hvgpu_status client_shutdown(struct client_system *system, unsigned timeout_ms, int32_t *code,
                                  char **answer, struct hvgpu_error *err);
enum hvgpu_status client_terminate(struct client_system *system, unsigned timeout_ms, int32_t *code,
                                   char **answer, struct hvgpu_error *err);
/* Waits until the system has exited (event or enumeration). OK also when it does not exist. */
enum hvgpu_status client_wait_exit(struct client *client, const char *id, unsigned timeout_ms,
                                   struct hvgpu_error *err);
/* Ends every wait for an answer about this system: HVGPU_TIMEOUT, the requests go on. Any thread.
 */
void client_give_up(struct client *client, const char *id);
enum hvgpu_status client_modify(struct client_system *system, const struct json *request,
                                unsigned timeout_ms, int32_t *code, char **answer,
                                struct hvgpu_error *err);
/* query NULL: basic properties. */
enum hvgpu_status client_properties(struct client_system *system, const struct json *query,
                                    unsigned timeout_ms, char **answer, struct hvgpu_error *err);
enum hvgpu_status client_grant_access(struct client *client, const char *vm_id, const char *path,
                                      int32_t *code, struct hvgpu_error *err);

/* ---- processes ---- */
enum hvgpu_status client_process_start(struct client_system *system, const struct json *parameters,
                                       unsigned timeout_ms, struct client_process **out,
                                       int32_t *code, char **answer, struct hvgpu_error *err);
void client_process_drop(struct client_process *process); /* closes streams and handle */
uint32_t client_process_id(const struct client_process *process);
/* Blocks for output: *got 0 is the end. From one thread a stream. */
enum hvgpu_status client_process_read(struct client_process *process, bool from_stderr,
                                      void *buffer, size_t size, size_t *got,
                                      struct hvgpu_error *err);
enum hvgpu_status client_process_write(struct client_process *process, const void *bytes,
                                       size_t len, struct hvgpu_error *err);
/* Closes the pipe and tells the guest (CloseHandle StdIn), so that it sees the end of input. */
enum hvgpu_status client_process_end_input(struct client_process *process, struct hvgpu_error *err);
enum hvgpu_status client_process_resize(struct client_process *process, unsigned columns,
                                        unsigned rows, struct hvgpu_error *err);
/* Waits for its end: event or ProcessStatus. Output then has a second to drain; after that the
 * output streams that somebody still reads are closed, so that the readers see the end. */
enum hvgpu_status client_process_wait(struct client_process *process, unsigned timeout_ms,
                                      uint32_t *exit_code, struct hvgpu_error *err);
/* Kills through a second handle, so that a stuck signal cannot block it. */
enum hvgpu_status client_process_kill(struct client_process *process, struct hvgpu_error *err);

/* Runs a process to its end and collects output: standard output into *out (malloc'd, at most max
 * bytes, the rest is read and dropped), the tail of standard error into err_text. Kills it when
 * timeout_ms passes (HVGPU_TIMEOUT) or the client is stopped (HVGPU_CANCELLED). */
enum hvgpu_status client_run(struct client_system *system, const struct json *parameters,
                             unsigned timeout_ms, size_t max, char **out, size_t *len,
                             char *err_text, size_t err_size, uint32_t *exit_code, int32_t *code,
                             struct hvgpu_error *err);

/* ---- asynchronous reads: done() is called once, on a thread of the system: enqueue and return.
 * document is UTF-8, valid during the call, may be NULL. A failure to start is returned and done()
 * is not called. */
typedef void (*client_done_fn)(void *context, int32_t code, const char *document);
enum hvgpu_status client_enumerate_async(struct client *client, const struct json *query,
                                         client_done_fn done, void *context,
                                         struct hvgpu_error *err);
enum hvgpu_status client_properties_async(struct client_system *system, const struct json *query,
                                          client_done_fn done, void *context,
                                          struct hvgpu_error *err);

#endif
