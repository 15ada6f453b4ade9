/* SPDX-License-Identifier: MIT
 *
 * The in-process shell: a lock, a clock and one thread around the simulated machine. The thread
 * sleeps until the next thing is due that somebody here waits for, and runs all callbacks, as a
 * thread of the system would: without the lock.
 *
 * A stepped clock never lets anybody wait: as soon as something is due that was asked for, time
 * jumps to it.
 */
#include "core/engine/hcs/simulated/shell_private.h"

#include "core/base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100, REAP_MS = 1000, MOST_AT_ONCE = 65536 };

/* Set for the life of a shell's thread: tells whether a call comes from a callback of that shell.
 */
static _Thread_local const struct shell *thread_of;

bool shell_on_thread(const struct shell *shell)
{
    return thread_of == shell;
}

void shell_die(void)
{
#if defined(SIGKILL)
    raise(SIGKILL);
#endif
    abort();
}

/* ---- time ---- */

int64_t shell_now(const struct shell *shell)
{
    if (shell->file != NULL) {
        return state_file_now(shell->file);
    }
    return os_now_ns() - shell->start_ns + shell->skipped_ns;
}

static void skip(struct shell *shell, int64_t ns)
{
    if (shell->file != NULL) {
        state_file_skip(shell->file, ns);
    } else {
        shell->skipped_ns += ns;
    }
}

/* ---- around every use of the machine ---- */

/* With the lock. False: there is no machine, because memory ran out or all is closing. */
static bool wait_built(struct shell *shell)
{
    while (!shell->built && !shell->closing) {
        os_cond_wait(shell->done, shell->lock, INT64_MAX);
    }
    return shell->client != 0;
}

bool shell_enter(struct shell *shell)
{
    os_mutex_lock(shell->lock);
    shell->inside++;
    return wait_built(shell) &&
           (shell->file == NULL || state_file_begin(shell->file, shell->machine));
}

int64_t shell_wall_ms(struct shell *shell)
{
    os_mutex_lock(shell->lock);
    shell->inside++;
    int64_t ms = wait_built(shell) ? machine_wall_ms(shell->machine, shell_now(shell)) : 0;
    shell->inside--;
    if (shell->closing) {
        os_cond_broadcast(shell->done);
    }
    os_mutex_unlock(shell->lock);
    return ms;
}

void shell_leave(struct shell *shell, bool entered)
{
    bool wake = false;
    bool die = false;
    if (entered) {
        int64_t next = machine_advance(shell->machine, shell_now(shell));
        die = machine_must_die(shell->machine, shell->client);
        wake = next < shell->sleeps_until || machine_has_output(shell->machine, shell->client) ||
               (shell->stepped && machine_next_asked(shell->machine) != INT64_MAX) ||
               (shell->file != NULL && !shell->polls &&
                machine_client_waits(shell->machine, shell->client));
    }
    if (entered && shell->file != NULL) {
        state_file_end(shell->file, shell->machine);
    }
    if (die) {
        shell_die();
    }
    if (wake) {
        os_cond_signal(shell->work);
    }
    shell->inside--;
    if (shell->closing) {
        os_cond_broadcast(shell->done);
    }
    os_mutex_unlock(shell->lock);
}

void shell_sleep(struct shell *shell, int64_t ns)
{
    if (ns <= 0) {
        return;
    }
    if (shell->stepped) {
        bool entered = shell_enter(shell);
        if (entered) {
            skip(shell, ns);
        }
        shell_leave(shell, entered);
        return;
    }
    int64_t deadline = os_now_ns() + ns;
    os_mutex_lock(shell->lock);
    shell->inside++;
    while (!shell->closing && os_now_ns() < deadline) {
        os_cond_wait(shell->done, shell->lock, deadline);
    }
    shell->inside--;
    if (shell->closing) {
        os_cond_broadcast(shell->done);
    }
    os_mutex_unlock(shell->lock);
}

static void hang(struct shell *shell)
{
    os_mutex_lock(shell->lock);
    shell->inside++;
    while (!shell->closing) {
        os_cond_wait(shell->done, shell->lock, INT64_MAX);
    }
    shell->inside--;
    os_cond_broadcast(shell->done);
    os_mutex_unlock(shell->lock);
}

bool shell_guard_begin(struct shell *shell, const char *call, const char *argument,
                       struct shell_guard *guard)
{
    *guard = (struct shell_guard){0};
    if (shell->scenario->fault_count == 0) {
        return true;
    }
    bool entered = shell_enter(shell);
    const struct scenario_fault *fault =
        entered ? machine_fault(shell->machine, call, argument) : NULL;
    shell_leave(shell, entered);
    if (fault == NULL) {
        return true;
    }
    switch (fault->kind) {
    case FAULT_KILL:
        shell_die();
        break;
    case FAULT_KILL_AFTER:
        guard->kill_after = true;
        return true;
    case FAULT_FAIL:
        guard->result = fault->code;
        return false;
    case FAULT_NONSENSE:
        guard->nonsense = fault;
        return true;
    case FAULT_HANG:
        hang(shell);
        guard->hung = true;
        guard->result = HR_E_UNEXPECTED;
        return false;
    case FAULT_SLOW:
        shell_sleep(shell, (int64_t)fault->delay_ms * 1000000);
        return true;
    }
    return true;
}

void shell_guard_end(const struct shell_guard *guard)
{
    if (guard->kill_after) {
        shell_die();
    }
}

/* ---- delivery, on the thread, with the lock held ---- */

static void deliver_event(struct shell *shell, const struct machine_output *output)
{
    struct shell_handle *handle = sim_table_get(&shell->handles, output->handle);
    if (handle == NULL || handle->callback == NULL) {
        return;
    }
    hcs_char *data = output->document == NULL ? NULL : utf8_to_utf16(output->document);
    struct hcs_event event = {.type = output->event_type, .event_data = data};
    hcs_event_callback callback = handle->callback;
    void *context = handle->context;
    handle->in_callback = true;
    os_mutex_unlock(shell->lock);
    callback(&event, context);
    free(data);
    os_mutex_lock(shell->lock);
    handle->in_callback = false;
    if (handle->closed) {
        free(handle); /* closed inside its own callback */
    }
    os_cond_broadcast(shell->done);
}

/* A run of notices at once: there may be thousands. Returns how many were taken. */
static size_t deliver_notices(struct shell *shell, struct machine_output *outputs, size_t count)
{
    size_t run = 0;
    while (run < count && outputs[run].kind == MACHINE_NOTICE) {
        run++;
    }
    host_change_fn watch = shell->watch;
    void *context = shell->watch_context;
    if (watch == NULL) {
        return run;
    }
    shell->in_watch = true;
    os_mutex_unlock(shell->lock);
    for (size_t i = 0; i < run; i++) {
        struct host_change change = outputs[i].change;
        change.channel = outputs[i].channel == NULL ? "" : outputs[i].channel;
        change.system_id = outputs[i].system_id == NULL ? "" : outputs[i].system_id;
        change.json = outputs[i].document == NULL ? "{}" : outputs[i].document;
        watch(context, &change);
    }
    os_mutex_lock(shell->lock);
    shell->in_watch = false;
    os_cond_broadcast(shell->done);
    return run;
}

static void deliver(struct shell *shell, struct machine_output *outputs, size_t count)
{
    for (size_t i = 0; i < count;) {
        switch (outputs[i].kind) {
        case MACHINE_COMPLETION:
            shell_complete(shell, &outputs[i]);
            i++;
            break;
        case MACHINE_EVENT:
            deliver_event(shell, &outputs[i]);
            i++;
            break;
        case MACHINE_BYTES:
            shell_stream_bytes(shell, &outputs[i]);
            i++;
            break;
        case MACHINE_NOTICE:
            i += deliver_notices(shell, outputs + i, count - i);
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        machine_output_clear(&outputs[i]);
    }
}

static struct machine_output *collect(struct shell *shell, size_t *count)
{
    struct machine_output *outputs = NULL;
    size_t cap = 0;
    *count = 0;
    while (*count < MOST_AT_ONCE && machine_has_output(shell->machine, shell->client)) {
        if (*count == cap) {
            cap = cap == 0 ? 16 : cap * 2;
            struct machine_output *more = realloc(outputs, cap * sizeof(*outputs));
            if (more == NULL) {
                break;
            }
            outputs = more;
        }
        machine_take_output(shell->machine, shell->client, &outputs[*count]);
        *count += 1;
    }
    return outputs;
}

/* ---- the thread ---- */

static void reap(struct shell *shell)
{
    int64_t now = os_now_ns();
    if (shell->file != NULL && now - shell->reaped_ns >= (int64_t)REAP_MS * 1000000) {
        shell->reaped_ns = now;
        state_file_reap(shell->file, shell->machine, shell->client);
    }
}

/* One round: serves what is due. Returns when to look again (machine time), outputs in *outputs. */
static int64_t round_once(struct shell *shell, struct machine_output **outputs, size_t *count)
{
    int64_t now = shell_now(shell);
    int64_t next = machine_advance(shell->machine, now);
    int64_t asked = shell->stepped ? machine_next_asked(shell->machine) : INT64_MAX;
    if (asked != INT64_MAX) {
        if (asked > now) {
            skip(shell, asked - now);
        }
        next = asked;
    } else if (!machine_client_waits(shell->machine, shell->client)) {
        next = INT64_MAX; /* what nobody here sees is served when somebody asks */
    }
    if (machine_must_die(shell->machine, shell->client)) {
        if (shell->file != NULL) {
            state_file_end(shell->file, shell->machine);
        }
        shell_die();
    }
    reap(shell);
    *outputs = collect(shell, count);
    return next;
}

static void sleep_until(struct shell *shell, int64_t next)
{
    int64_t now = os_now_ns();
    int64_t deadline = INT64_MAX;
    int64_t left = next == INT64_MAX ? INT64_MAX : next - shell_now(shell);
    if (left <= 0) {
        return;
    }
    if (left != INT64_MAX) {
        deadline = now + left;
    }
    shell->polls = shell->file != NULL && machine_client_waits(shell->machine, shell->client);
    if (shell->polls && deadline > now + (int64_t)POLL_MS * 1000000) {
        deadline = now + (int64_t)POLL_MS * 1000000;
    }
    shell->sleeps_until = next;
    os_cond_wait(shell->work, shell->lock, deadline);
    shell->sleeps_until = INT64_MIN; /* awake: no need to be woken */
    shell->polls = true;
}

/* Ten thousand systems take a while: they are made here, so that opening takes none. */
static void build(struct shell *shell)
{
    struct machine *machine = machine_new(shell->scenario);
    uint32_t client = 0;
    if (machine != NULL) {
        machine_set_power_on(machine, shell->power_on_ms);
        client = machine_client_new(machine);
    }
    os_mutex_lock(shell->lock);
    shell->machine = machine;
    shell->client = client;
    shell->built = true;
    os_cond_broadcast(shell->done);
    while (client == 0 && !shell->closing) { /* out of memory: every call is refused */
        os_cond_wait(shell->work, shell->lock, INT64_MAX);
    }
    os_mutex_unlock(shell->lock);
}

static void run(void *context)
{
    struct shell *shell = context;
    thread_of = shell;
    if (!shell->built) {
        build(shell);
    }
    os_mutex_lock(shell->lock);
    while (!shell->closing) {
        struct machine_output *outputs = NULL;
        size_t count = 0;
        int64_t next = INT64_MAX;
        bool entered = shell->file == NULL || state_file_begin(shell->file, shell->machine);
        if (entered) {
            next = round_once(shell, &outputs, &count);
            if (shell->file != NULL) {
                state_file_end(shell->file, shell->machine);
            }
        } else {
            /* The file cannot be read now: look again, but do not spin. */
            os_cond_wait(shell->work, shell->lock, os_now_ns() + (int64_t)REAP_MS * 1000000);
            continue;
        }
        if (count > 0) {
            deliver(shell, outputs, count);
        } else {
            sleep_until(shell, next);
        }
        free(outputs);
    }
    os_mutex_unlock(shell->lock);
}

/* ---- open and close ---- */

static void free_shell(struct shell *shell)
{
    size_t at = 0;
    for (struct shell_handle *handle = sim_table_next(&shell->handles, &at); handle != NULL;
         handle = sim_table_next(&shell->handles, &at)) {
        free(handle);
    }
    at = 0;
    for (struct hcs_operation_handle *o = sim_table_next(&shell->operations, &at); o != NULL;
         o = sim_table_next(&shell->operations, &at)) {
        free(o->document);
        free(o);
    }
    at = 0;
    for (struct shell_stream *s = sim_table_next(&shell->streams, &at); s != NULL;
         s = sim_table_next(&shell->streams, &at)) {
        free(s->data);
        free(s);
    }
    sim_table_free(&shell->handles);
    sim_table_free(&shell->operations);
    sim_table_free(&shell->streams);
    machine_free(shell->machine);
    scenario_free(shell->scenario);
    os_cond_free(shell->work);
    os_cond_free(shell->done);
    os_mutex_free(shell->lock);
    free(shell);
}

static void shell_close(void *machine)
{
    struct shell *shell = machine;
    os_mutex_lock(shell->lock);
    shell->closing = true;
    os_cond_broadcast(shell->work);
    os_cond_broadcast(shell->done);
    while (shell->inside > 0) {
        os_cond_wait(shell->done, shell->lock, INT64_MAX);
    }
    os_mutex_unlock(shell->lock);
    os_thread_join(shell->thread);
    if (shell->file != NULL) {
        state_file_close(shell->file, shell->machine, shell->client);
    }
    free_shell(shell);
}

static enum hvgpu_status open_machine(struct shell *shell, const struct shell_options *options,
                                      struct hvgpu_error *err)
{
    shell->lock = os_mutex_new();
    shell->work = os_cond_new();
    shell->done = os_cond_new();
    bool enough = shell->lock != NULL && shell->work != NULL && shell->done != NULL;
    shell->start_ns = os_now_ns();
    shell->power_on_ms = os_wall_ms();
    if (enough && options->state_file == NULL) {
        return HVGPU_OK; /* the thread builds the machine */
    }
    shell->machine = enough ? machine_new(shell->scenario) : NULL;
    if (shell->machine == NULL) {
        return error_set(err, HVGPU_MEMORY, "open machine", shell->scenario->name, "out of memory");
    }
    shell->built = true; /* what is wrong with the file is said at once */
    return state_file_open(options->state_file, shell->machine, &shell->client, &shell->file, err);
}

enum hvgpu_status shell_open(struct scenario *scenario, const struct shell_options *options,
                             struct hcs_engine_walls *walls, struct hvgpu_error *err)
{
    struct shell *shell = calloc(1, sizeof(*shell));
    if (shell == NULL) {
        scenario_free(scenario);
        return error_set(err, HVGPU_MEMORY, "open machine", NULL, "out of memory");
    }
    shell->scenario = scenario;
    shell->stepped = options->stepped;
    shell->sleeps_until = INT64_MIN;
    shell->next_operation = 1;
    if (options->events_per_second >= 0) {
        scenario->events_per_second = (unsigned)options->events_per_second;
        scenario->event_interval_s = 0;
    }
    enum hvgpu_status status = open_machine(shell, options, err);
    if (status == HVGPU_OK) {
        status = os_thread_start(&shell->thread, "hv-machine", run, shell);
        if (status != HVGPU_OK) {
            error_set(err, status, "open machine", scenario->name, "no thread could be started");
        }
    }
    if (status != HVGPU_OK) {
        if (shell->file != NULL) {
            state_file_close(shell->file, shell->machine, shell->client);
        }
        free_shell(shell);
        return status;
    }
    walls->hcs = (struct hcs_api){.machine = shell};
    walls->host = (struct host_api){.machine = shell};
    walls->close = shell_close;
    shell_fill_operations(&walls->hcs);
    shell_fill_calls(&walls->hcs);
    shell_fill_host(&walls->host);
    return HVGPU_OK;
}
