/* SPDX-License-Identifier: MIT
 *
 * The simulated Hyper-V machine: state x call x time -> state, answers, events. No threads, no
 * clock, no files of its own: the shells around it bring those (in process: shell.c; in a state
 * file under a lock: the same shell with state_file.c; as DLLs: under tests/).
 *
 *   requests   machine_begin() checks what the API checks at once and queues the request; it is
 *              served when its handle is free and its time has come, by machine_advance()
 *   outputs    machine_advance() appends completions, events and stream bytes, each addressed to
 * one client, to be fetched with machine_take_output() clients    a process that uses the machine.
 * When a client dies, its handles close, as the kernel would close them; systems with
 * ShouldTerminateOnLastHandleClosed end with the last one.
 *
 * The members of struct machine are private to core/engine/hcs/simulated/.
 */
#ifndef HVGPU_SIMULATED_MACHINE_H
#define HVGPU_SIMULATED_MACHINE_H

#include "core/base/json.h"
#include "core/engine/hcs/hcs_api.h"
#include "core/engine/hcs/host_api.h"
#include "core/engine/hcs/schema.h"
#include "core/engine/hcs/simulated/scenario.h"

struct machine;

/* Makes the machine of a scenario as it is at its start. now_ns counts from 0 at the machine's
 * power-on. The scenario is borrowed and must outlive the machine. */
struct machine *machine_new(const struct scenario *scenario);
void machine_free(struct machine *machine);
/* The wall clock (Unix ms) at now_ns 0. Without it, and in a scenario that does not move, the wall
 * clock stands at a fixed date. */
void machine_set_power_on(struct machine *machine, int64_t wall_ms);
int64_t machine_power_on(const struct machine *machine);
/* How many notices wait for a client at most; more are lost. For a machine whose state is a file.
 */
void machine_limit_notices(struct machine *machine, size_t most);
/* Grows with every change of the state, outputs included. */
uint64_t machine_generation(const struct machine *machine);
/* The whole state as JSON, and back. load fails with HVGPU_PROTOCOL on a damaged document. */
struct json *machine_save(const struct machine *machine);
enum hvgpu_status machine_load(struct machine *machine, const struct json *state,
                               struct hvgpu_error *err);

/* Clients: numbers > 0. */
uint32_t machine_client_new(struct machine *machine);
void machine_client_gone(struct machine *machine, uint32_t client, int64_t now_ns);

/* The kinds of asynchronous request, named after the functions. */
enum machine_request {
    MACHINE_ENUMERATE,
    MACHINE_CREATE,
    MACHINE_START,
    MACHINE_SHUTDOWN,
    MACHINE_TERMINATE,
    MACHINE_PROPERTIES,
    MACHINE_MODIFY,
    MACHINE_CREATE_PROCESS,
    MACHINE_TERMINATE_PROCESS,
    MACHINE_SIGNAL_PROCESS,
    MACHINE_PROCESS_INFO,
    MACHINE_PROCESS_PROPERTIES,
    MACHINE_MODIFY_PROCESS
};

struct machine_call {
    enum machine_request request;
    uint32_t client;
    uint64_t handle;      /* system or process handle; 0 for enumerate and create */
    uint64_t operation;   /* the shell's number; comes back in the completion */
    const char *id;       /* create */
    const char *document; /* UTF-8; NULL: none */
};

/* Starts a request: S_OK means accepted. For create and create_process *out_handle is the new
 * handle, valid at once. */
hcs_result machine_begin(struct machine *machine, const struct machine_call *call, int64_t now_ns,
                         uint64_t *out_handle);

/* Synchronous ones. answer is malloc'd. */
hcs_result machine_open_system(struct machine *machine, uint32_t client, const char *id,
                               int64_t now_ns, uint64_t *handle);
hcs_result machine_open_process(struct machine *machine, uint32_t client, uint64_t system,
                                uint32_t process_id, int64_t now_ns, uint64_t *handle);
void machine_close_handle(struct machine *machine, uint64_t handle, int64_t now_ns);
hcs_result machine_listen(struct machine *machine, uint64_t handle, bool on);
hcs_result machine_service_properties(struct machine *machine, const char *query, int64_t now_ns,
                                      char **answer);
hcs_result machine_grant_access(struct machine *machine, const char *vm_id, const char *path);
hcs_result machine_revoke_access(struct machine *machine, const char *vm_id, const char *path);

/* Streams of processes: numbers given out in MACHINE_CREATE_PROCESS completions. */
hcs_result machine_stream_write(struct machine *machine, uint64_t stream, const void *bytes,
                                size_t len, int64_t now_ns);
void machine_stream_close(struct machine *machine, uint64_t stream, int64_t now_ns);

/* Serves everything that is due at now_ns. Returns the time of the next thing due (INT64_MAX: none;
 * a machine in which nothing moves has none). */
int64_t machine_advance(struct machine *machine, int64_t now_ns);
/* The next thing due that somebody asked for: requests, programs that will end, systems that shut
 * down; not what comes by itself (notices, the service's restarts, programs that print for ever). A
 * stepped clock jumps to it. */
int64_t machine_next_asked(const struct machine *machine);

enum machine_output_kind { MACHINE_COMPLETION, MACHINE_EVENT, MACHINE_BYTES, MACHINE_NOTICE };
struct machine_output {
    enum machine_output_kind kind;
    uint32_t client;
    uint64_t operation; /* COMPLETION */
    hcs_result result;
    char *document;      /* COMPLETION, EVENT: UTF-8 or NULL; NOTICE: the record's JSON. owned */
    uint32_t process_id; /* COMPLETION of create_process and process_info */
    uint64_t std_input, std_output, std_error; /* stream numbers, 0: none */
    uint64_t handle;                           /* EVENT: the handle that listens */
    uint32_t event_type;
    uint64_t stream; /* BYTES: len 0 is the end of the stream */
    char *bytes;     /* owned */
    size_t len;
    struct host_change change; /* NOTICE: notice, event_id, severity, time_ms; texts below, owned */
    char *channel, *system_id;
    bool kill; /* a fault kills the client's process here; nothing else is set */
};
/* Next output for the client; false: none. Free with machine_output_clear(). */
bool machine_take_output(struct machine *machine, uint32_t client, struct machine_output *out);
/* A fault of the scenario kills the client's process now. */
bool machine_must_die(const struct machine *machine, uint32_t client);
/* Numbers of all clients, at most max; returns how many there are. */
size_t machine_clients(const struct machine *machine, uint32_t *numbers, size_t max);
bool machine_has_output(const struct machine *machine, uint32_t client);
/* Has the client something open that can bring news: a listening handle, a request, a stream, a
 * watch? */
bool machine_client_waits(const struct machine *machine, uint32_t client);
void machine_output_clear(struct machine_output *output);

/* host_api's half: inventory and files. Same results as the wall's functions. */
void machine_facts(struct machine *machine, struct host_facts *out);
int64_t machine_wall_ms(const struct machine *machine, int64_t now_ns);
hcs_result machine_gpus(struct machine *machine, int64_t now_ns, struct host_gpu **out,
                        size_t *count);
hcs_result machine_driver_package(struct machine *machine, const char *instance_id,
                                  struct host_driver_package **out);
hcs_result machine_images(struct machine *machine, struct host_image **out, size_t *count);
hcs_result machine_watch(struct machine *machine, uint32_t client, bool on, int64_t now_ns);
hcs_result machine_name_to_guid(const char *name, char guid[37]);
hcs_result machine_make_folder(struct machine *machine, const char *path);
hcs_result machine_copy_file(struct machine *machine, const char *from, const char *to,
                             int64_t now_ns, int64_t *duration_ns);
hcs_result machine_delete_tree(struct machine *machine, const char *path);
hcs_result machine_exists(struct machine *machine, const char *path, bool *is_folder);

/* Faults: is this call (a function name, "host.copy_file" for the second wall) to fail now? The
 * shell asks before a synchronous call; machine_begin asks itself. Counts the call. */
const struct scenario_fault *machine_fault(struct machine *machine, const char *call,
                                           const char *document);

#endif
