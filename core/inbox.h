/* SPDX-License-Identifier: MIT
 *
 * The inbox: the one door by which everything that an engine, a job or a probe learns reaches the
 * main thread. Two compartments behind one mutex and one wake-up:
 *   messages  owned, never lost (inventories, completions, job progress, output)
 *   events    a bounded ring, newest kept, losses counted: what the host tells unasked
 * The wake-up is set only when the inbox goes from empty to non-empty, decided under the mutex.
 * The reader's order is law: reset the wake-up, lock, swap, unlock, work.
 *
 * Threads: inbox_put and inbox_put_event from any thread, never blocking for longer than a swap;
 * inbox_take from one thread.
 */
#ifndef HVGPU_INBOX_H
#define HVGPU_INBOX_H

#include "core/base/os/os.h"
#include "core/hvgpu.h"

enum message_kind {
    MESSAGE_HOST,       /* record: struct hvgpu_host, replaces the last */
    MESSAGE_GPUS,       /* records: all GPUs, replaces the list */
    MESSAGE_IMAGES,     /* records: all images, replaces the list */
    MESSAGE_SYSTEMS,    /* records: systems that are new or changed; gone: ids that disappeared */
    MESSAGE_CHECK,      /* record: struct hvgpu_check; its history is filled by the model */
    MESSAGE_CHECK_GONE, /* gone: ids whose check is to be forgotten */
    MESSAGE_LEFTOVERS,  /* records: all leftovers, replaces the list */
    MESSAGE_LOADED,     /* the first inventory is complete, or failed */
    MESSAGE_JOB,        /* record: struct hvgpu_job, newest state of it */
    MESSAGE_OUTPUT      /* job, is_stderr, bytes: output of a job's process */
};

/* Owned by whoever holds it: the sender until inbox_put, then the receiver. */
struct message {
    struct message *next;
    enum message_kind kind;
    void *record;   /* one reference */
    void **records; /* one reference each; the array is malloc'd */
    size_t record_count;
    char **gone; /* malloc'd array of malloc'd ids */
    size_t gone_count;
    uint64_t job;
    bool is_stderr;
    char *bytes;
    size_t len;
};

struct message *message_new(enum message_kind kind); /* NULL when out of memory */
void message_free(struct message *message);          /* with everything it still owns */

struct inbox;
struct inbox *inbox_new(size_t event_capacity); /* 0: 16384 */
void inbox_free(struct inbox *inbox);
struct os_wakeup *inbox_wakeup(struct inbox *inbox);

/* Takes the message. NULL is ignored (out of memory was the sender's trouble). A MESSAGE_JOB that
 * waits as the newest message is replaced by a newer one of the same job, so that a busy job cannot
 * fill the inbox of a slow reader. */
void inbox_put(struct inbox *inbox, struct message *message);

/* The same for a chain (message->next, oldest first), which the reader then takes in one batch. */
void inbox_put_all(struct inbox *inbox, struct message *first);

/* Waits until less than limit bytes of output wait to be taken, at most wait_ms. True: there is
 * room. This is how a process that prints without end is slowed down instead of filling memory. */
bool inbox_wait_for_room(struct inbox *inbox, size_t limit, unsigned wait_ms);

/* From now on whatever is put is dropped: nobody will take it. */
void inbox_shut(struct inbox *inbox);

/* Copies an event into the ring: json at most 64 KiB (longer ones are cut and marked), all text
 * cleaned. Called by callbacks on foreign threads. The sequence number is given here. */
void inbox_put_event(struct inbox *inbox, enum hvgpu_event_source source,
                     enum hvgpu_severity severity, uint32_t type, const char *kind,
                     const char *system_id, const char *json, int64_t time_ms);

/* Counts events that were lost before they reached the inbox. */
void inbox_count_loss(struct inbox *inbox, uint64_t count);

struct inbox_batch {
    struct message *messages;    /* a list, oldest first */
    struct hvgpu_event **events; /* records, one reference each; the array belongs to the batch */
    size_t event_count;
    uint64_t lost; /* events lost since the last take */
};
/* Takes all that is there, in O(1) under the lock. False: it was empty. */
bool inbox_take(struct inbox *inbox, struct inbox_batch *batch);
void inbox_batch_free(struct inbox_batch *batch);

#endif
