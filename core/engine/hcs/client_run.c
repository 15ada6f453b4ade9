/* SPDX-License-Identifier: MIT
 *
 * A whole run of a process: starts it, reads its output in a thread a stream, waits for its end,
 * and kills it when its time is over. Used by probes and by what looks into a guest.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/client_private.h"

enum { READ_CHUNK = 16 * 1024 };

struct collector {
    struct client_process *process;
    bool from_stderr;
    bool keep_tail; /* keep the last max bytes instead of the first */
    char *bytes;
    size_t len, max;
};

static void collect(struct collector *collector, const char *bytes, size_t got)
{
    if (!collector->keep_tail) {
        size_t room = collector->max - collector->len;
        got = got < room ? got : room;
        memcpy(collector->bytes + collector->len, bytes, got);
        collector->len += got;
        return;
    }
    if (got >= collector->max) {
        bytes += got - collector->max;
        got = collector->max;
    }
    size_t keep = collector->max - got < collector->len ? collector->max - got : collector->len;
    memmove(collector->bytes, collector->bytes + collector->len - keep, keep);
    memcpy(collector->bytes + keep, bytes, got);
    collector->len = keep + got;
}

static void run_collector(void *context)
{
    struct collector *collector = context;
    char *chunk = malloc(READ_CHUNK);
    size_t got = 0;
    while (chunk != NULL &&
           client_process_read(collector->process, collector->from_stderr, chunk, READ_CHUNK, &got,
                               NULL) == HVGPU_OK &&
           got > 0) {
        collect(collector, chunk, got);
    }
    free(chunk);
}

static bool collector_start(struct collector *collector, struct os_thread **thread)
{
    struct output_stream *output = &collector->process->output[collector->from_stderr ? 1 : 0];
    *thread = NULL;
    if (output->stream == NULL) {
        return true;
    }
    os_mutex_lock(collector->process->client->mutex);
    output->started = true; /* so that a process that ends at once is still drained */
    os_mutex_unlock(collector->process->client->mutex);
    return os_thread_start(thread, "process output", run_collector, collector) == HVGPU_OK;
}

static enum hvgpu_status wait_or_kill(struct client_process *process, unsigned timeout_ms,
                                      uint32_t *exit_code, struct hvgpu_error *err)
{
    enum hvgpu_status st = client_process_wait(process, timeout_ms, exit_code, err);
    if (st == HVGPU_TIMEOUT || st == HVGPU_CANCELLED) {
        (void)client_process_kill(process, NULL);
    }
    return st;
}

/* Starts the collectors, waits, ends the streams and the collectors. */
static enum hvgpu_status collect_process(struct client_process *process, unsigned timeout_ms,
                                         struct collector *out, struct collector *errors,
                                         uint32_t *exit_code, struct hvgpu_error *err)
{
    struct os_thread *out_thread = NULL, *error_thread = NULL;
    enum hvgpu_status st = HVGPU_OK;
    if (collector_start(out, &out_thread) && collector_start(errors, &error_thread)) {
        st = wait_or_kill(process, timeout_ms, exit_code, err);
    } else {
        st = error_set(err, HVGPU_LIMIT, "run process", client_system_id(process->system),
                       "no thread could be started to read its output");
        (void)client_process_kill(process, NULL);
    }
    process_close_output(process, &process->output[0]);
    process_close_output(process, &process->output[1]);
    os_thread_join(out_thread);
    os_thread_join(error_thread);
    return st;
}

enum hvgpu_status client_run(struct client_system *system, const struct json *parameters,
                             unsigned timeout_ms, size_t max, char **out, size_t *len,
                             char *err_text, size_t err_size, uint32_t *exit_code, int32_t *code,
                             struct hvgpu_error *err)
{
    char tail[1024];
    uint32_t ignored = 0;
    struct client_process *process = NULL;
    *out = NULL;
    *len = 0;
    if (err_text != NULL && err_size > 0) {
        err_text[0] = '\0';
    }
    timeout_ms = client_time_limit(system->client, timeout_ms);
    int64_t started = os_now_ns();
    enum hvgpu_status st =
        client_process_start(system, parameters, timeout_ms, &process, code, NULL, err);
    if (st != HVGPU_OK) {
        return st;
    }
    struct collector output = {.process = process, .bytes = malloc(max + 1), .max = max};
    struct collector errors = {.process = process,
                               .from_stderr = true,
                               .keep_tail = true,
                               .bytes = tail,
                               .max = sizeof tail};
    if (output.bytes == NULL) {
        (void)client_process_kill(process, NULL);
        st = operation_no_memory("run process", client_system_id(system), NULL, err);
    } else {
        int64_t spent = (os_now_ns() - started) / 1000000;
        unsigned left = spent < timeout_ms ? timeout_ms - (unsigned)spent : 1;
        st = collect_process(process, left, &output, &errors,
                             exit_code == NULL ? &ignored : exit_code, err);
    }
    client_process_drop(process);
    if (err_text != NULL && err_size > 0) {
        text_clean_n(err_text, err_size, tail, errors.len);
    }
    if (st != HVGPU_OK) {
        free(output.bytes);
        return st;
    }
    output.bytes[output.len] = '\0';
    *out = output.bytes;
    *len = output.len;
    return HVGPU_OK;
}
