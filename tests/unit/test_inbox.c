/* SPDX-License-Identifier: MIT
 *
 * The inbox: order, losses, and the wake-up that may never be lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/inbox.h"
#include "core/record.h"

static void put_event(struct inbox *inbox, uint32_t type, const char *json)
{
    inbox_put_event(inbox, HVGPU_EVENT_HCS, HVGPU_SEVERITY_INFO, type, "Kind", "id", json, 1);
}

static bool is_awake(struct inbox *inbox)
{
    return os_wakeup_wait(inbox_wakeup(inbox), 0);
}

static void test_inbox_wakes_once_from_empty_to_filled(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(0);
    assert_false(is_awake(inbox));
    inbox_put(inbox, message_new(MESSAGE_LOADED));
    assert_true(is_awake(inbox));
    os_wakeup_reset(inbox_wakeup(inbox));
    put_event(inbox, 1, "{}");
    assert_false(is_awake(inbox)); /* it was filled already */
    struct inbox_batch batch;
    assert_true(inbox_take(inbox, &batch));
    inbox_batch_free(&batch);
    assert_false(inbox_take(inbox, &batch));
    put_event(inbox, 1, "{}");
    assert_true(is_awake(inbox));
    inbox_free(inbox);
}

static void test_inbox_keeps_the_order_of_messages(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(0);
    for (uint64_t i = 1; i <= 5; i++) {
        struct message *message = message_new(MESSAGE_OUTPUT);
        message->job = i;
        inbox_put(inbox, message);
    }
    inbox_put(inbox, NULL);
    struct inbox_batch batch;
    assert_true(inbox_take(inbox, &batch));
    uint64_t expected = 1;
    for (const struct message *m = batch.messages; m != NULL; m = m->next) {
        assert_int_equal(m->job, expected);
        expected++;
    }
    assert_int_equal(expected, 6);
    inbox_batch_free(&batch);
    inbox_free(inbox);
}

static void put_job(struct inbox *inbox, uint64_t id, enum hvgpu_job_state job_state)
{
    struct hvgpu_job *job = record_new(sizeof *job);
    struct message *message = message_new(MESSAGE_JOB);
    job->id = id;
    job->state = job_state;
    message->job = id;
    message->record = job;
    inbox_put(inbox, message);
}

static void test_inbox_replaces_a_waiting_state_of_the_same_job(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(0);
    put_job(inbox, 1, HVGPU_JOB_QUEUED);
    put_job(inbox, 1, HVGPU_JOB_RUNNING);
    put_job(inbox, 2, HVGPU_JOB_QUEUED);
    put_job(inbox, 1, HVGPU_JOB_DONE);
    struct inbox_batch batch;
    assert_true(inbox_take(inbox, &batch));
    const struct message *m = batch.messages;
    assert_int_equal(((const struct hvgpu_job *)m->record)->state, HVGPU_JOB_RUNNING);
    m = m->next;
    assert_int_equal(m->job, 2);
    m = m->next;
    assert_int_equal(((const struct hvgpu_job *)m->record)->state, HVGPU_JOB_DONE);
    assert_null(m->next);
    inbox_batch_free(&batch);
    inbox_free(inbox);
}

static void test_inbox_keeps_newest_when_full(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(100);
    for (uint32_t i = 0; i < 250; i++) {
        put_event(inbox, i, "{}");
    }
    struct inbox_batch batch;
    assert_true(inbox_take(inbox, &batch));
    assert_int_equal(batch.event_count, 100);
    assert_int_equal(batch.lost, 150);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(batch.events[i]->type, 150 + i);
        assert_int_equal(batch.events[i]->sequence, 151 + i);
    }
    inbox_batch_free(&batch);
    put_event(inbox, 1000, "{}");
    assert_true(inbox_take(inbox, &batch));
    assert_int_equal(batch.event_count, 1);
    assert_int_equal(batch.lost, 0);
    assert_int_equal(batch.events[0]->sequence, 251);
    inbox_batch_free(&batch);
    inbox_free(inbox);
}

static void test_inbox_counts_losses_of_others_as_a_gap(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(0);
    inbox_count_loss(inbox, 0);
    assert_false(is_awake(inbox));
    inbox_count_loss(inbox, 5);
    assert_true(is_awake(inbox));
    put_event(inbox, 1, "{}");
    struct inbox_batch batch;
    assert_true(inbox_take(inbox, &batch));
    assert_int_equal(batch.lost, 5);
    assert_int_equal(batch.events[0]->sequence, 6);
    inbox_batch_free(&batch);
    inbox_free(inbox);
}

static void test_inbox_drops_everything_after_it_was_shut(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(0);
    inbox_shut(inbox);
    put_job(inbox, 1, HVGPU_JOB_DONE);
    put_event(inbox, 1, "{}");
    inbox_count_loss(inbox, 1);
    assert_true(inbox_wait_for_room(inbox, 1, 10000));
    struct inbox_batch batch;
    assert_false(inbox_take(inbox, &batch));
    inbox_batch_free(&batch);
    inbox_free(inbox);
}

static void test_inbox_holds_back_output_until_it_was_taken(void **state)
{
    (void)state;
    struct inbox *inbox = inbox_new(0);
    struct message *message = message_new(MESSAGE_OUTPUT);
    message->bytes = calloc(1, 100);
    message->len = 100;
    assert_true(inbox_wait_for_room(inbox, 100, 0));
    inbox_put(inbox, message);
    assert_false(inbox_wait_for_room(inbox, 100, 1));
    struct inbox_batch batch;
    assert_true(inbox_take(inbox, &batch));
    assert_true(inbox_wait_for_room(inbox, 100, 0));
    inbox_batch_free(&batch);
    inbox_free(inbox);
}

static void test_message_frees_what_it_owns(void **state)
{
    (void)state;
    struct message *message = message_new(MESSAGE_SYSTEMS);
    message->record = record_new(1);
    message->records = calloc(2, sizeof *message->records);
    message->records[0] = record_new(1);
    message->record_count = 1;
    message->gone = calloc(1, sizeof *message->gone);
    message->gone[0] = text_copy("id");
    message->gone_count = 1;
    message->bytes = text_copy("bytes");
    message_free(message); /* LeakSanitizer judges */
    message_free(NULL);
}

/* ---- the hammer: writers at full speed, a reader that sleeps on the wake-up ---- */

enum { WRITERS = 3, EVENTS_EACH = 30000, MESSAGES_EACH = 3000 };

struct hammer {
    struct inbox *inbox;
    atomic_uint done;
};

static void write_at_full_speed(void *context)
{
    struct hammer *hammer = context;
    for (uint32_t i = 0; i < EVENTS_EACH; i++) {
        put_event(hammer->inbox, i, "{\"n\":1}");
        if (i % (EVENTS_EACH / MESSAGES_EACH) == 0) {
            inbox_put(hammer->inbox, message_new(MESSAGE_LOADED));
        }
    }
    atomic_fetch_add(&hammer->done, 1);
}

struct seen {
    uint64_t events, lost, messages, last_sequence;
};

static void count_batch(struct seen *seen, const struct inbox_batch *batch)
{
    for (size_t i = 0; i < batch->event_count; i++) {
        assert_true(batch->events[i]->sequence > seen->last_sequence);
        seen->last_sequence = batch->events[i]->sequence;
    }
    seen->events += batch->event_count;
    seen->lost += batch->lost;
    for (const struct message *m = batch->messages; m != NULL; m = m->next) {
        seen->messages++;
    }
}

/* Every message and every event that was put is taken or counted as lost, and the reader, which
 * looks only when woken, never sleeps while something waits: after the last put at most one more
 * wake-up is needed, and it comes. */
static void test_inbox_loses_no_wakeup_and_nothing_uncounted(void **state)
{
    (void)state;
    struct hammer hammer = {.inbox = inbox_new(512)};
    struct os_thread *threads[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(os_thread_start(&threads[i], "writer", write_at_full_speed, &hammer),
                         HVGPU_OK);
    }
    const uint64_t all_messages = (uint64_t)WRITERS * MESSAGES_EACH;
    const uint64_t all_events = (uint64_t)WRITERS * EVENTS_EACH;
    struct seen seen = {0};
    while (seen.messages < all_messages || seen.events + seen.lost < all_events) {
        /* 20 s without a wake-up is a lost one. */
        assert_true(os_wakeup_wait(inbox_wakeup(hammer.inbox), 20000));
        struct inbox_batch batch;
        inbox_take(hammer.inbox, &batch);
        count_batch(&seen, &batch);
        inbox_batch_free(&batch);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        os_thread_join(threads[i]);
    }
    assert_int_equal(seen.messages, all_messages);
    assert_int_equal(seen.events + seen.lost, all_events);
    assert_true(seen.last_sequence <= all_events);
    struct inbox_batch batch;
    assert_false(inbox_take(hammer.inbox, &batch));
    inbox_batch_free(&batch);
    inbox_free(hammer.inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inbox_wakes_once_from_empty_to_filled),
        cmocka_unit_test(test_inbox_keeps_the_order_of_messages),
        cmocka_unit_test(test_inbox_replaces_a_waiting_state_of_the_same_job),
        cmocka_unit_test(test_inbox_keeps_newest_when_full),
        cmocka_unit_test(test_inbox_counts_losses_of_others_as_a_gap),
        cmocka_unit_test(test_inbox_drops_everything_after_it_was_shut),
        cmocka_unit_test(test_inbox_holds_back_output_until_it_was_taken),
        cmocka_unit_test(test_message_frees_what_it_owns),
        cmocka_unit_test(test_inbox_loses_no_wakeup_and_nothing_uncounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
