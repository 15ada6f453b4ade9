/* SPDX-License-Identifier: MIT
 *
 * What the files of the HCS client share: the client itself, and the operation - one request on its
 * way, from the call that starts it to the completion callback.
 *
 * An operation has two holders: whoever started it and the callback to come. A starter that stops
 * waiting (time limit) leaves it to the callback, so a request that goes on never meets freed
 * memory. All members that change are guarded by client->mutex; one condition serves all waiters.
 */
#ifndef HVGPU_HCS_CLIENT_PRIVATE_H
#define HVGPU_HCS_CLIENT_PRIVATE_H

#include "core/engine/hcs/client.h"

struct operation;

struct client {
    const struct hcs_api *hcs;
    const struct host_api *host;
    struct os_mutex *mutex;
    struct os_cond *cond;
    unsigned holders;              /* the owner, and every operation in flight */
    unsigned callbacks;            /* done functions and event functions running now */
    bool stopped;                  /* nobody waits any more */
    unsigned timeout_most_ms;      /* HVGPU_TIMEOUT_MS: no wait is longer; 0: as the call says */
    struct operation *in_flight;   /* a list */
    struct client_system *systems; /* a list: all open handles */
};

struct client_system {
    struct client *client;
    unsigned holders;
    char *id;
    hcs_system handle;
    client_event_fn fn; /* NULL: nobody listens */
    void *context;
    unsigned callbacks; /* running now */
    bool listening;
    bool exited;
    struct client_system *previous, *next;
};

struct operation {
    struct client *client;
    hcs_operation handle;
    unsigned holders;
    bool with_process;
    bool done;
    bool abandoned;     /* the starter is gone: nobody wants the result */
    bool given_up;      /* the starter is to go: client_give_up() */
    const char *object; /* what it is about, while somebody waits */
    int32_t code;
    char *document;
    struct hcs_process_information info;
    client_done_fn done_fn; /* asynchronous reads only */
    void *done_context;
    struct operation *previous, *next;
};

/* One output stream of a process: standard output or standard error. */
struct output_stream {
    hcs_stream stream; /* NULL: none, or closed */
    bool started;      /* somebody reads it */
    bool ended;
    bool reading; /* a read is in flight */
};

/* Members that change are guarded by client->mutex. */
struct client_process {
    struct client *client;
    struct client_system *system; /* kept */
    hcs_process handle;
    uint32_t id;
    hcs_stream input; /* NULL: none, or closed */
    bool writing;
    struct output_stream output[2]; /* standard output, standard error */
    bool exited, lost;
    char *exit_document; /* ProcessStatus as the event brought it */
    bool listening;
    bool deaf; /* its handle did not answer: the waiter asks through a second one */
};

/* Closes one output stream; a read in flight in another thread ends. */
void process_close_output(struct client_process *process, struct output_stream *output);

/* What a success document must look like. */
enum answer_shape { ANSWER_OPTIONAL, ANSWER_OBJECT, ANSWER_ARRAY };

/* One waiting call, in words for errors. */
struct operation_call {
    const char *name;   /* "HcsStartComputeSystem" */
    const char *object; /* id */
    unsigned timeout_ms;
    enum answer_shape shape;
};

/* A new operation of the system, not started yet. NULL: out of memory. */
struct operation *operation_new(struct client *client, bool with_process);
/* It was not started after all. */
void operation_discard(struct operation *operation);
/* Waits for the result when `started` is a success, fills what is wanted, lets the operation go. */
enum hvgpu_status operation_end(struct operation *operation, hcs_result started,
                                const struct operation_call *call, int32_t *code, char **answer,
                                struct hvgpu_error *err);
/* The same for a process: *info is filled on success. */
enum hvgpu_status operation_end_process(struct operation *operation, hcs_result started,
                                        const struct operation_call *call,
                                        struct hcs_process_information *info, int32_t *code,
                                        char **answer, struct hvgpu_error *err);
enum hvgpu_status operation_no_memory(const char *name, const char *object, int32_t *code,
                                      struct hvgpu_error *err);

/* Text of the system (UTF-16, may be NULL) as UTF-8, malloc'd; longer than JSON_MAX_BYTES: a
 * sentence instead, which is no JSON. NULL for NULL and when out of memory. */
char *client_narrow(const hcs_char *wide);
/* JSON as UTF-16, malloc'd; NULL for NULL. */
hcs_char *client_wide_json(const struct json *document);
/* Is this a stream at all? */
static inline bool client_is_stream(hcs_stream stream)
{
    return stream != NULL && (intptr_t)stream != -1;
}

#endif
