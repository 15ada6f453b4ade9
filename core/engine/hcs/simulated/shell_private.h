/* SPDX-License-Identifier: MIT
 *
 * What the files of the in-process shell share.
 *
 *   shell.c             open, close, the thread, the clock, delivery of what the machine tells
 *   shell_operations.c  operations: waiting, results
 *   shell_calls.c       the first wall's requests and handles
 *   shell_host.c        the second wall
 *
 * One lock guards the machine and everything here. Callbacks run on the shell's thread without it.
 */
#ifndef HVGPU_SIMULATED_SHELL_PRIVATE_H
#define HVGPU_SIMULATED_SHELL_PRIVATE_H

#include "core/base/os/os.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/machine.h"
#include "core/engine/hcs/simulated/shell.h"
#include "core/engine/hcs/simulated/state_file.h"
#include "core/engine/hcs/simulated/table.h"

struct shell {
    struct scenario *scenario;
    struct machine *machine;
    struct state_file *file; /* NULL: in memory */
    struct os_mutex *lock;
    struct os_cond *work; /* the thread sleeps on it */
    struct os_cond *done; /* everybody else does */
    struct os_thread *thread;
    uint32_t client; /* 0: none yet */
    bool built;      /* the thread has made the machine, or could not */
    bool stepped, closing;
    unsigned inside;              /* calls that are in a function of the shell and may sleep */
    int64_t power_on_ms;          /* wall clock when the clock began */
    int64_t start_ns, skipped_ns; /* in memory: when the clock began, what was skipped */
    int64_t sleeps_until;         /* machine time; SIM_NEVER-like INT64_MAX */
    bool polls;                   /* looks at the state file again before that */
    int64_t reaped_ns;            /* monotonic: when dead clients were last looked for */
    uint64_t next_operation;
    struct sim_table operations, handles, streams; /* by number */
    host_change_fn watch;
    void *watch_context;
    bool in_watch;
};

struct hcs_operation_handle {
    uint64_t number;
    void *context;
    hcs_operation_completion callback;
    enum { OPERATION_NEW, OPERATION_PENDING, OPERATION_DONE } state;
    bool closed, in_callback;
    bool with_process; /* CreateProcess or GetProcessInfo */
    hcs_result result;
    char *document;
    struct hcs_process_information information;
    unsigned waiters;
};

/* hcs_system and hcs_process point to one of these. */
struct shell_handle {
    uint64_t number; /* the machine's */
    hcs_event_callback callback;
    void *context;
    bool in_callback, closed;
};

struct shell_stream {
    uint64_t number; /* the machine's */
    char *data;
    size_t start, len, cap;
    bool input, end, closed;
    unsigned users; /* threads inside a read or write */
};

/* Takes the lock, waits until the machine is built and brings it up to date; false: there is none,
 * or the state file is unreadable (the lock is taken all the same, but the machine may not be
 * used). Every enter has its leave. */
bool shell_enter(struct shell *shell);
/* Saves, wakes the thread when there is something for it, and gives the lock back. */
void shell_leave(struct shell *shell, bool entered);
int64_t shell_now(const struct shell *shell);
/* The machine's wall clock; takes the lock. */
int64_t shell_wall_ms(struct shell *shell);
/* Sleeps for machine time; the lock is held before and after, not while sleeping. */
void shell_sleep(struct shell *shell, int64_t ns);
/* On the thread that runs callbacks? */
bool shell_on_thread(const struct shell *shell);
void shell_die(void);

/* Around a synchronous call: asks the scenario whether it is to fail, hang, kill. False: the answer
 * is guard->result. shell_guard_end() dies where the fault says "after". */
struct shell_guard {
    hcs_result result;
    bool kill_after;
    bool hung;                             /* it never came back: the machine is closing */
    const struct scenario_fault *nonsense; /* answer S_OK and something damaged; NULL: no */
};
bool shell_guard_begin(struct shell *shell, const char *call, const char *argument,
                       struct shell_guard *guard);
void shell_guard_end(const struct shell_guard *guard);

/* shell_operations.c */
void shell_complete(struct shell *shell,
                    struct machine_output *output); /* locked; callback inside */
struct shell_stream *shell_stream_new(struct shell *shell, uint64_t number, bool input);
void shell_stream_bytes(struct shell *shell, const struct machine_output *output);
void shell_stream_drop(struct shell *shell, struct shell_stream *stream);

void shell_fill_operations(struct hcs_api *api);
void shell_fill_calls(struct hcs_api *api);
void shell_fill_host(struct host_api *api);

#endif
