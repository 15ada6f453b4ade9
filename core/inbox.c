/* SPDX-License-Identifier: MIT
 *
 * The inbox. Both compartments hand themselves over whole: the reader gets the list of messages and
 * the array of events, the writers start with empty ones. The array grows with use up to its
 * capacity and is a ring from there on, so that a quiet host costs no memory.
 */
#include "core/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "core/record.h"

enum { EVENTS_FIRST = 64, EVENTS_DEFAULT = 16384 };

struct inbox {
    struct os_mutex *mutex;
    struct os_cond *room; /* signalled when output was taken */
    struct os_wakeup *wakeup;
    size_t capacity; /* of the ring, at most */

    /* Under the mutex: */
    struct message *first, *last;
    struct hvgpu_event **events; /* ring of event_size, oldest at event_start */
    size_t event_size, event_start, event_count;
    size_t output_bytes;
    uint64_t sequence;
    uint64_t lost;
    bool filled; /* the reader has been woken and has not taken yet */
    bool shut;
};

/* ---- messages ---- */

struct message *message_new(enum message_kind kind)
{
    struct message *message = calloc(1, sizeof *message);
    if (message != NULL) {
        message->kind = kind;
    }
    return message;
}

void message_free(struct message *message)
{
    if (message == NULL) {
        return;
    }
    hvgpu_record_drop(message->record);
    for (size_t i = 0; i < message->record_count; i++) {
        hvgpu_record_drop(message->records[i]);
    }
    free(message->records);
    for (size_t i = 0; i < message->gone_count; i++) {
        free(message->gone[i]);
    }
    free(message->gone);
    free(message->bytes);
    free(message);
}

/* ---- life ---- */

struct inbox *inbox_new(size_t event_capacity)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return NULL;
    }
    inbox->capacity = event_capacity > 0 ? event_capacity : EVENTS_DEFAULT;
    inbox->mutex = os_mutex_new();
    inbox->room = os_cond_new();
    inbox->wakeup = os_wakeup_new();
    if (inbox->mutex == NULL || inbox->room == NULL || inbox->wakeup == NULL) {
        inbox_free(inbox);
        return NULL;
    }
    return inbox;
}

static void drop_messages(struct message *message)
{
    while (message != NULL) {
        struct message *next = message->next;
        message_free(message);
        message = next;
    }
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    drop_messages(inbox->first);
    for (size_t i = 0; i < inbox->event_count; i++) {
        hvgpu_record_drop(inbox->events[(inbox->event_start + i) % inbox->event_size]);
    }
    free(inbox->events);
    os_mutex_free(inbox->mutex);
    os_cond_free(inbox->room);
    os_wakeup_free(inbox->wakeup);
    free(inbox);
}

struct os_wakeup *inbox_wakeup(struct inbox *inbox)
{
    return inbox->wakeup;
}

void inbox_shut(struct inbox *inbox)
{
    os_mutex_lock(inbox->mutex);
    inbox->shut = true;
    os_cond_broadcast(inbox->room);
    os_mutex_unlock(inbox->mutex);
}

/* ---- writers ---- */

/* Under the mutex, after something was added: the reader is told only on the way from empty to
 * non-empty. */
static bool must_tell(struct inbox *inbox)
{
    bool tell = !inbox->filled;
    inbox->filled = true;
    return tell;
}

/* Without the mutex, so that the reader does not wake only to wait for it. */
static void unlock_and_tell(struct inbox *inbox, bool tell)
{
    os_mutex_unlock(inbox->mutex);
    if (tell) {
        os_wakeup_set(inbox->wakeup);
    }
}

static bool is_newer_of(const struct message *message, const struct message *last)
{
    return last != NULL && message->kind == MESSAGE_JOB && last->kind == MESSAGE_JOB &&
           message->job == last->job;
}

/* Appends one message, or lets it take the place of an older one of the same job: that is returned,
 * to be freed without the mutex. With the mutex held. */
static struct message *append(struct inbox *inbox, struct message *message)
{
    message->next = NULL;
    if (inbox->shut) {
        return message;
    }
    if (is_newer_of(message, inbox->last)) {
        void *older = inbox->last->record;
        inbox->last->record = message->record;
        message->record = older;
        return message;
    }
    if (inbox->last != NULL) {
        inbox->last->next = message;
    } else {
        inbox->first = message;
    }
    inbox->last = message;
    inbox->output_bytes += message->len;
    return NULL;
}

void inbox_put_all(struct inbox *inbox, struct message *first)
{
    struct message *refused = NULL;
    if (first == NULL) {
        return;
    }
    os_mutex_lock(inbox->mutex);
    while (first != NULL) {
        struct message *next = first->next;
        struct message *back = append(inbox, first);
        if (back != NULL) {
            back->next = refused;
            refused = back;
        }
        first = next;
    }
    unlock_and_tell(inbox, inbox->first != NULL && must_tell(inbox));
    while (refused != NULL) {
        struct message *next = refused->next;
        message_free(refused);
        refused = next;
    }
}

void inbox_put(struct inbox *inbox, struct message *message)
{
    if (message != NULL) {
        message->next = NULL;
        inbox_put_all(inbox, message);
    }
}

bool inbox_wait_for_room(struct inbox *inbox, size_t limit, unsigned wait_ms)
{
    int64_t deadline = os_now_ns() + (int64_t)wait_ms * 1000000;
    os_mutex_lock(inbox->mutex);
    while (!inbox->shut && inbox->output_bytes >= limit) {
        if (!os_cond_wait(inbox->room, inbox->mutex, deadline)) {
            break;
        }
    }
    bool room = inbox->shut || inbox->output_bytes < limit;
    os_mutex_unlock(inbox->mutex);
    return room;
}

/* Makes room for one more event below the capacity. False: the ring stays as it is (a ring that has
 * wrapped, because memory was short once, is left alone until the reader takes it). */
static bool ring_grow(struct inbox *inbox)
{
    if (inbox->event_size >= inbox->capacity || inbox->event_start != 0) {
        return false;
    }
    size_t size = inbox->event_size > 0 ? inbox->event_size * 2 : EVENTS_FIRST;
    if (size > inbox->capacity) {
        size = inbox->capacity;
    }
    struct hvgpu_event **events = realloc(inbox->events, size * sizeof *events);
    if (events == NULL) {
        return false;
    }
    inbox->events = events;
    inbox->event_size = size;
    return true;
}

/* Under the mutex. Returns the event that had to go: the oldest, or the new one itself. */
static struct hvgpu_event *ring_add(struct inbox *inbox, struct hvgpu_event *event)
{
    if (inbox->event_count == inbox->event_size && !ring_grow(inbox)) {
        inbox->lost++;
        if (inbox->event_size == 0) {
            return event;
        }
        struct hvgpu_event *oldest = inbox->events[inbox->event_start];
        inbox->events[inbox->event_start] = event;
        inbox->event_start = (inbox->event_start + 1) % inbox->event_size;
        return oldest;
    }
    inbox->events[(inbox->event_start + inbox->event_count) % inbox->event_size] = event;
    inbox->event_count++;
    return NULL;
}

void inbox_put_event(struct inbox *inbox, enum hvgpu_event_source source,
                     enum hvgpu_severity severity, uint32_t type, const char *kind,
                     const char *system_id, const char *json, int64_t time_ms)
{
    struct hvgpu_event *event =
        record_event_new(&(struct hvgpu_event){.time_ms = time_ms,
                                               .source = (uint8_t)source,
                                               .severity = (uint8_t)severity,
                                               .type = type},
                         kind, system_id, json);
    struct hvgpu_event *out = event;
    bool tell = false;
    os_mutex_lock(inbox->mutex);
    if (!inbox->shut) {
        inbox->sequence++;
        if (event != NULL) {
            event->sequence = inbox->sequence;
            out = ring_add(inbox, event);
        } else {
            inbox->lost++;
        }
        tell = must_tell(inbox);
    }
    unlock_and_tell(inbox, tell);
    hvgpu_record_drop(out);
}

void inbox_count_loss(struct inbox *inbox, uint64_t count)
{
    if (count == 0) {
        return;
    }
    os_mutex_lock(inbox->mutex);
    bool tell = false;
    if (!inbox->shut) {
        inbox->sequence += count;
        inbox->lost += count;
        tell = must_tell(inbox);
    }
    unlock_and_tell(inbox, tell);
}

/* ---- the reader ---- */

static void reverse(struct hvgpu_event **events, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct hvgpu_event *event = events[i];
        events[i] = events[count - 1 - i];
        events[count - 1 - i] = event;
    }
}

/* Turns a full ring into an array, oldest first: three reversals, in place. */
static void unroll(struct hvgpu_event **events, size_t count, size_t start)
{
    if (start > 0) {
        reverse(events, start);
        reverse(events + start, count - start);
        reverse(events, count);
    }
}

bool inbox_take(struct inbox *inbox, struct inbox_batch *batch)
{
    os_wakeup_reset(inbox->wakeup); /* before the lock: see the header */
    os_mutex_lock(inbox->mutex);
    bool filled = inbox->filled;
    size_t start = inbox->event_start;
    *batch = (struct inbox_batch){.messages = inbox->first,
                                  .events = inbox->events,
                                  .event_count = inbox->event_count,
                                  .lost = inbox->lost};
    inbox->first = NULL;
    inbox->last = NULL;
    inbox->events = NULL;
    inbox->event_size = 0;
    inbox->event_start = 0;
    inbox->event_count = 0;
    inbox->lost = 0;
    inbox->filled = false;
    if (inbox->output_bytes > 0) {
        inbox->output_bytes = 0;
        os_cond_broadcast(inbox->room);
    }
    os_mutex_unlock(inbox->mutex);
    unroll(batch->events, batch->event_count, start);
    return filled;
}

void inbox_batch_free(struct inbox_batch *batch)
{
    drop_messages(batch->messages);
    for (size_t i = 0; i < batch->event_count; i++) {
        hvgpu_record_drop(batch->events[i]);
    }
    free(batch->events);
    *batch = (struct inbox_batch){0};
}
