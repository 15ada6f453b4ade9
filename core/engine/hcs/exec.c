/* SPDX-License-Identifier: MIT
 *
 * exec: a process in a container or in its VM, with output, input and exit code passed through.
 */
#include "core/engine/hcs/exec.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"
#include "core/engine/hcs/launch.h"

enum {
    PIECE = 16 << 10,
    POLL_MS = 500, /* how soon a cancel or a new console size is seen */
    KILL_WAIT_MS = 5000,
    COMMAND_MAX = 8191,
    USER_MAX = 256
};

/* ---- following a process ---- */

struct pump {
    struct job *job;
    struct client_process *process;
    bool is_stderr;
    struct os_thread *thread;
};

static void pump_output(void *context)
{
    struct pump *pump = context;
    char bytes[PIECE];
    size_t got = 0;
    struct hvgpu_error ignored;
    while (client_process_read(pump->process, pump->is_stderr, bytes, sizeof bytes, &got,
                               &ignored) == HVGPU_OK &&
           got > 0) {
        job_output(pump->job, pump->is_stderr, bytes, got);
    }
}

static void pump_input(void *context)
{
    struct pump *pump = context;
    char bytes[PIECE];
    struct hvgpu_error ignored;
    for (;;) {
        long got = job_read_input(pump->job, bytes, sizeof bytes);
        if (got < 0) {
            return;
        }
        if (got == 0) {
            (void)client_process_end_input(pump->process, &ignored);
            return;
        }
        if (client_process_write(pump->process, bytes, (size_t)got, &ignored) != HVGPU_OK) {
            return; /* the process does not read any more */
        }
    }
}

static void pump_start(struct pump *pump, bool wanted, const char *name, void (*run)(void *))
{
    if (wanted && os_thread_start(&pump->thread, name, run, pump) != HVGPU_OK) {
        pump->thread = NULL; /* then that stream stays unread; the process still ends */
    }
}

/* Waits for the end, passing on sizes and a cancel. */
static enum hvgpu_status wait_for_end(const struct calls *calls, struct client_process *process,
                                      bool console, uint32_t *exit_code, struct hvgpu_error *err)
{
    for (;;) {
        enum hvgpu_status status = client_process_wait(process, POLL_MS, exit_code, err);
        if (status != HVGPU_TIMEOUT) {
            return status;
        }
        unsigned columns = 0;
        unsigned rows = 0;
        struct hvgpu_error ignored;
        if (console && job_console_size(calls->job, &columns, &rows)) {
            (void)client_process_resize(process, columns, rows, &ignored);
        }
        if (job_is_cancelled(calls->job)) {
            (void)client_process_kill(process, &ignored);
            /* Its streams end with it; this wait sees to that. */
            (void)client_process_wait(process, KILL_WAIT_MS, exit_code, &ignored);
            return error_set(err, HVGPU_CANCELLED, "exec", NULL,
                             "cancelled: the process was ended");
        }
    }
}

enum hvgpu_status follow_process(const struct calls *calls, struct client_process *process,
                                 const struct follow *what, uint32_t *exit_code,
                                 struct hvgpu_error *err)
{
    struct pump output = {.job = calls->job, .process = process};
    struct pump errors = {.job = calls->job, .process = process, .is_stderr = true};
    struct pump input = {.job = calls->job, .process = process};
    pump_start(&output, what->output, "output", pump_output);
    pump_start(&errors, what->errors, "errors", pump_output);
    pump_start(&input, what->input, "input", pump_input);
    calls_watch_process(calls, process);
    enum hvgpu_status status = wait_for_end(calls, process, what->console, exit_code, err);
    calls_watch_process(calls, NULL);
    job_close_input(calls->job);
    os_thread_join(output.thread);
    os_thread_join(errors.thread);
    os_thread_join(input.thread);
    return status;
}

enum hvgpu_status launch_follow(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    const struct calls calls = plan_calls(job, &launch->base);
    const struct follow what = {.output = true, .errors = true};
    uint32_t code = 0;
    enum hvgpu_status status = follow_process(&calls, launch->init, &what, &code, err);
    if (status == HVGPU_OK) {
        job_exit_code(job, code);
        job_evidence(job, "it ended with code %u", (unsigned)code);
    }
    return status;
}

/* ---- exec ---- */

struct exec {
    struct plan_base base;
    char *id; /* where it runs */
    char *command, *user;
    bool interactive, console;
    unsigned columns, rows;
};

static void exec_free(void *context)
{
    struct exec *exec = context;
    free(exec->id);
    free(exec->command);
    free(exec->user);
    plan_base_clear(&exec->base);
    free(exec);
}

static enum hvgpu_status run_exec(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err)
{
    (void)argument;
    struct exec *exec = context;
    const struct calls calls = plan_calls(job, &exec->base);
    const struct document_process document = {
        .command = exec->command,
        .user = exec->user,
        .input = exec->interactive,
        .output = true,
        .errors = !exec->console, /* a pseudo console has one stream */
        .console = exec->console,
        .columns = exec->columns,
        .rows = exec->rows,
    };
    struct client_system *system = NULL;
    enum hvgpu_status status = calls_open(&calls, exec->id, &system, err);
    if (status != HVGPU_OK) {
        return status;
    }
    struct client_process *process = NULL;
    status = calls_process(&calls, exec->id, system, document_process(&exec->base.level, &document),
                           &process, err);
    if (status == HVGPU_OK && !job_is_dry(job)) {
        const struct follow what = {
            .output = true,
            .errors = document.errors,
            .input = exec->interactive,
            .console = exec->console,
        };
        uint32_t code = 0;
        job_evidence(job, "process %u in %s", (unsigned)client_process_id(process), exec->id);
        status = follow_process(&calls, process, &what, &code, err);
        if (status == HVGPU_OK) {
            job_exit_code(job, code);
            job_evidence(job, "it ended with code %u", (unsigned)code);
        }
    }
    client_process_drop(process);
    client_system_drop(system);
    return status;
}

static enum hvgpu_status check_place(const struct engine_view *view,
                                     const struct hvgpu_request *request,
                                     const struct hvgpu_system **out, struct hvgpu_error *err)
{
    enum hvgpu_status status = plan_target(view, request, out, err);
    if (status != HVGPU_OK || !request->in_vm) {
        return status;
    }
    const char *name = (*out)->id;
    *out = plan_vm_of(view, *out);
    return *out != NULL ? HVGPU_OK
                        : error_set(err, HVGPU_NOT_FOUND, "exec", name,
                                    "this system has no utility VM of its own that is known");
}

static enum hvgpu_status fill_exec(struct exec *exec, const struct hvgpu_request *request,
                                   const struct hvgpu_system *system, struct hvgpu_error *err)
{
    exec->id = text_copy(system->id);
    exec->command = text_copy(request->command);
    bool is_vm = system->kind == HVGPU_SYSTEM_UTILITY_VM || system->kind == HVGPU_SYSTEM_VM;
    const char *user = request->user != NULL ? request->user : (is_vm ? GUEST_USER_SYSTEM : NULL);
    exec->user = text_copy(user);
    exec->interactive = request->interactive;
    exec->console = request->emulate_console;
    exec->columns = request->columns;
    exec->rows = request->rows;
    if (exec->id == NULL || exec->command == NULL || (user != NULL && exec->user == NULL)) {
        return error_set(err, HVGPU_MEMORY, "exec", NULL, "out of memory");
    }
    return HVGPU_OK;
}

enum hvgpu_status plan_exec(struct engine *engine, const struct engine_view *view,
                            const struct hvgpu_request *request, struct job_plan *out,
                            struct hvgpu_error *err)
{
    const struct hvgpu_system *system = NULL;
    enum hvgpu_status status = check_place(view, request, &system, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (request->command == NULL) {
        return error_set(err, HVGPU_INVALID, "exec", system->id, "no command is given");
    }
    status = plan_check_text(request->command, "the command", COMMAND_MAX, err);
    if (status == HVGPU_OK && request->user != NULL) {
        status = plan_check_text(request->user, "--user", USER_MAX, err);
    }
    if (status != HVGPU_OK) {
        return status;
    }
    struct exec *exec = calloc(1, sizeof *exec);
    if (exec == NULL) {
        return error_set(err, HVGPU_MEMORY, "exec", system->id, "out of memory");
    }
    out->context = exec;
    out->free_context = exec_free;
    out->title = text_format("exec in %s: %s", system->id, request->command);
    out->target = text_copy(system->id);
    status = plan_base_init(&exec->base, engine, view, false, err);
    if (status == HVGPU_OK) {
        status = fill_exec(exec, request, system, err);
    }
    if (status == HVGPU_OK && (out->title == NULL || out->target == NULL)) {
        status = error_set(err, HVGPU_MEMORY, "exec", system->id, "out of memory");
    }
    return status == HVGPU_OK ? plan_step(out, "run the command", run_exec, 0, true, err) : status;
}
