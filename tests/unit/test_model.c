/* SPDX-License-Identifier: MIT
 *
 * The model: what each message does to the snapshot, and what it leaves alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/model.h"
#include "core/record.h"

struct rig {
    struct inbox *inbox;
    struct model *model;
    struct model_result last;
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    rig->inbox = inbox_new(64);
    rig->model = model_new("demo:test", true, 64);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    model_free(rig->model);
    inbox_free(rig->inbox);
    free(rig);
    return 0;
}

static const struct hvgpu_snapshot *apply(struct rig *rig)
{
    struct inbox_batch batch;
    inbox_take(rig->inbox, &batch);
    rig->last = model_apply(rig->model, &batch);
    inbox_batch_free(&batch);
    return model_snapshot(rig->model);
}

static void add_record(struct message *message, void *record)
{
    message->records =
        realloc(message->records, (message->record_count + 1) * sizeof *message->records);
    message->records[message->record_count] = record;
    message->record_count++;
}

static void add_gone(struct message *message, const char *id)
{
    message->gone = realloc(message->gone, (message->gone_count + 1) * sizeof *message->gone);
    message->gone[message->gone_count] = text_copy(id);
    message->gone_count++;
}

static void add_system(struct message *message, const char *id, const char *host_id,
                       uint64_t memory_bytes)
{
    struct hvgpu_system *system = record_new(sizeof *system);
    system->id = record_text(system, id);
    system->host_id = record_text(system, host_id);
    system->memory_bytes = (struct hvgpu_number){.value = memory_bytes, .known = true};
    add_record(message, system);
}

static void put_system(struct rig *rig, const char *id, const char *host_id, uint64_t memory)
{
    struct message *message = message_new(MESSAGE_SYSTEMS);
    add_system(message, id, host_id, memory);
    inbox_put(rig->inbox, message);
}

static void assert_systems_sound(const struct hvgpu_snapshot *s)
{
    for (size_t i = 0; i < s->system_count; i++) {
        assert_ptr_equal(hvgpu_find_system(s, s->systems[i]->id), s->systems[i]);
    }
}

static void test_model_begins_connecting_and_not_loaded(void **state)
{
    struct rig *rig = *state;
    const struct hvgpu_snapshot *s = model_snapshot(rig->model);
    assert_int_equal(s->host->link, HVGPU_LINK_CONNECTING);
    assert_string_equal(s->host->uri, "demo:test");
    assert_true(s->host->simulated);
    assert_false(s->loaded);
    assert_int_equal(s->system_count + s->gpu_count + s->event_count, 0);
    assert_null(hvgpu_find_system(s, "x"));
    assert_null(model_event_at(rig->model, 0));
}

static void test_model_publishes_only_changes(void **state)
{
    struct rig *rig = *state;
    uint64_t before = model_snapshot(rig->model)->generation;
    const struct hvgpu_snapshot *s = apply(rig);
    assert_false(rig->last.changed);
    assert_int_equal(s->generation, before);
    struct message *output = message_new(MESSAGE_OUTPUT);
    inbox_put(rig->inbox, output);
    apply(rig);
    assert_false(rig->last.changed);
    inbox_put(rig->inbox, message_new(MESSAGE_LOADED));
    s = apply(rig);
    assert_true(rig->last.changed);
    assert_true(s->loaded);
    assert_int_equal(s->generation, before + 1);
    put_system(rig, "a", NULL, 1);
    s = apply(rig);
    assert_int_equal(s->system_generation, s->generation);
    assert_true(s->gpu_generation < s->generation);
}

static void test_model_replaces_host_gpus_images_and_leftovers(void **state)
{
    struct rig *rig = *state;
    struct hvgpu_host *host = record_new(sizeof *host);
    host->name = record_text(host, "NODE1");
    struct message *message = message_new(MESSAGE_HOST);
    message->record = host;
    inbox_put(rig->inbox, message);
    for (int round = 0; round < 2; round++) {
        struct message *gpus = message_new(MESSAGE_GPUS);
        for (int bus = 12; bus > 10 - round; bus--) {
            struct hvgpu_gpu *gpu = record_new(sizeof *gpu);
            gpu->instance_id = record_textf(gpu, "gpu at %d", bus);
            gpu->location = record_textf(gpu, "PCI bus %d", bus);
            add_record(gpus, gpu);
        }
        inbox_put(rig->inbox, gpus);
    }
    struct message *images = message_new(MESSAGE_IMAGES);
    struct hvgpu_image *image = record_new(sizeof *image);
    image->name = record_text(image, "nano");
    add_record(images, image);
    inbox_put(rig->inbox, images);
    struct message *leftovers = message_new(MESSAGE_LEFTOVERS);
    struct hvgpu_leftover *leftover = record_new(sizeof *leftover);
    add_record(leftovers, leftover);
    inbox_put(rig->inbox, leftovers);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_string_equal(s->host->name, "NODE1");
    assert_int_equal(s->gpu_count, 3);
    assert_string_equal(s->gpus[0]->location, "PCI bus 10");
    assert_non_null(hvgpu_find_gpu(s, "GPU AT 11"));
    assert_int_equal(s->image_count, 1);
    assert_int_equal(s->leftover_count, 1);
    inbox_put(rig->inbox, message_new(MESSAGE_LEFTOVERS));
    s = apply(rig);
    assert_int_equal(s->leftover_count, 0);
    assert_int_equal(s->image_count, 1);
}

static void test_model_keeps_systems_as_a_tree(void **state)
{
    struct rig *rig = *state;
    struct message *message = message_new(MESSAGE_SYSTEMS);
    add_system(message, "web", "web@vm", 1);
    add_system(message, "zed", NULL, 1);
    add_system(message, "web@vm", NULL, 1);
    add_system(message, "alpha", NULL, 1);
    inbox_put(rig->inbox, message);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->system_count, 4);
    assert_string_equal(s->systems[0]->id, "alpha");
    assert_string_equal(s->systems[1]->id, "web@vm");
    assert_string_equal(s->systems[2]->id, "web");
    assert_string_equal(s->systems[3]->id, "zed");
    assert_systems_sound(s);
}

static void test_model_replaces_one_system_in_place(void **state)
{
    struct rig *rig = *state;
    put_system(rig, "b", NULL, 1);
    put_system(rig, "a", NULL, 1);
    const struct hvgpu_snapshot *s = apply(rig);
    const struct hvgpu_system *other = hvgpu_find_system(s, "a");
    put_system(rig, "b", NULL, 2);
    s = apply(rig);
    assert_int_equal(s->system_count, 2);
    assert_int_equal(hvgpu_find_system(s, "b")->memory_bytes.value, 2);
    assert_ptr_equal(hvgpu_find_system(s, "a"), other);
    assert_systems_sound(s);
}

static void test_model_moves_a_system_when_its_vm_becomes_known(void **state)
{
    struct rig *rig = *state;
    put_system(rig, "a", NULL, 1);
    put_system(rig, "m", NULL, 1);
    put_system(rig, "x@vm", NULL, 1);
    apply(rig);
    put_system(rig, "a", "x@vm", 2);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->system_count, 3);
    assert_string_equal(s->systems[0]->id, "m");
    assert_string_equal(s->systems[1]->id, "x@vm");
    assert_string_equal(s->systems[2]->id, "a");
    assert_systems_sound(s);
}

static void test_model_takes_the_last_of_doubles_and_forgets_the_gone(void **state)
{
    struct rig *rig = *state;
    struct message *message = message_new(MESSAGE_SYSTEMS);
    add_system(message, "a", NULL, 1);
    add_system(message, "b", NULL, 1);
    add_system(message, "a", NULL, 1);
    inbox_put(rig->inbox, message);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->system_count, 2);
    message = message_new(MESSAGE_SYSTEMS);
    add_gone(message, "a");
    add_gone(message, "a");
    add_gone(message, "never there");
    add_system(message, "c", NULL, 1);
    inbox_put(rig->inbox, message);
    s = apply(rig);
    assert_int_equal(s->system_count, 2);
    assert_null(hvgpu_find_system(s, "a"));
    assert_non_null(hvgpu_find_system(s, "c"));
    assert_systems_sound(s);
}

/* The same random changes on the model and on a plain set. */
static void test_model_equals_a_plain_set_after_many_changes(void **state)
{
    struct rig *rig = *state;
    enum { IDS = 64 };
    int host_of[IDS];
    for (size_t i = 0; i < IDS; i++) {
        host_of[i] = -1;
    }
    uint32_t seed = 12345;
    for (int round = 0; round < 300; round++) {
        struct message *message = message_new(MESSAGE_SYSTEMS);
        for (int change = 0; change < 5; change++) {
            seed = seed * 1664525u + 1013904223u;
            unsigned id = (seed >> 8) % IDS;
            unsigned host = (seed >> 20) % 3;
            char name[16];
            char host_name[16];
            snprintf(name, sizeof name, "s%u", id);
            snprintf(host_name, sizeof host_name, "s%u", (id + host) % IDS);
            if ((seed >> 28) < 4) {
                inbox_put(rig->inbox, message);
                message = message_new(MESSAGE_SYSTEMS);
                add_gone(message, name);
                inbox_put(rig->inbox, message);
                message = message_new(MESSAGE_SYSTEMS);
                host_of[id] = -1;
            } else {
                inbox_put(rig->inbox, message);
                message = message_new(MESSAGE_SYSTEMS);
                add_system(message, name, host == 0 ? NULL : host_name, 1);
                host_of[id] = (int)host;
            }
        }
        inbox_put(rig->inbox, message);
        const struct hvgpu_snapshot *s = apply(rig);
        size_t expected = 0;
        for (size_t i = 0; i < IDS; i++) {
            char name[16];
            snprintf(name, sizeof name, "s%zu", i);
            const struct hvgpu_system *system = hvgpu_find_system(s, name);
            assert_int_equal(system != NULL, host_of[i] >= 0);
            expected += system != NULL;
            assert_true(system == NULL || (system->host_id == NULL) == (host_of[i] == 0));
        }
        assert_int_equal(s->system_count, expected);
        assert_systems_sound(s);
    }
}

/* ---- checks ---- */

static void put_check(struct rig *rig, const char *id, enum hvgpu_verdict verdict, int64_t time_ms,
                      bool judged)
{
    struct hvgpu_check *check = record_new(sizeof *check);
    check->system_id = record_text(check, id);
    check->sentence = record_text(check, "in both");
    check->verdict = verdict;
    check->time_ms = time_ms;
    check->judged = judged;
    struct message *message = message_new(MESSAGE_CHECK);
    message->record = check;
    inbox_put(rig->inbox, message);
}

static void test_model_continues_the_history_of_a_check(void **state)
{
    struct rig *rig = *state;
    put_check(rig, "b", HVGPU_VERDICT_PASS, 10, true);
    put_check(rig, "a", HVGPU_VERDICT_UNKNOWN, 10, true);
    put_check(rig, "b", HVGPU_VERDICT_FAIL, 20, true);
    put_check(rig, "b", HVGPU_VERDICT_FAIL, 20, true);     /* the same once more */
    put_check(rig, "b", HVGPU_VERDICT_UNKNOWN, 30, false); /* not entered: no verdict */
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->check_count, 2);
    const struct hvgpu_check *check = hvgpu_find_check(s, "b");
    assert_int_equal(check->history_count, 2);
    assert_int_equal(check->history[0], HVGPU_VERDICT_PASS);
    assert_int_equal(check->history[1], HVGPU_VERDICT_FAIL);
    assert_string_equal(check->sentence, "in both");
    assert_int_equal(hvgpu_find_check(s, "a")->history_count, 1);
    struct message *message = message_new(MESSAGE_CHECK_GONE);
    add_gone(message, "b");
    add_gone(message, "unknown");
    inbox_put(rig->inbox, message);
    s = apply(rig);
    assert_null(hvgpu_find_check(s, "b"));
    assert_int_equal(s->check_count, 1);
}

static void test_model_keeps_the_newest_verdicts_of_a_long_history(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < HVGPU_CHECK_HISTORY + 3; i++) {
        put_check(rig, "a", i < 3 ? HVGPU_VERDICT_FAIL : HVGPU_VERDICT_PASS, i + 1, true);
    }
    const struct hvgpu_check *check = hvgpu_find_check(apply(rig), "a");
    assert_int_equal(check->history_count, HVGPU_CHECK_HISTORY);
    for (size_t i = 0; i < HVGPU_CHECK_HISTORY; i++) {
        assert_int_equal(check->history[i], HVGPU_VERDICT_PASS);
    }
}

/* ---- jobs ---- */

static void put_job(struct rig *rig, uint64_t id, enum hvgpu_job_state job_state, bool hidden)
{
    struct hvgpu_job *job = record_new(sizeof *job);
    job->id = id;
    job->state = job_state;
    job->hidden = hidden;
    struct message *message = message_new(MESSAGE_JOB);
    message->job = id;
    message->record = job;
    inbox_put(rig->inbox, message);
}

static void test_model_keeps_running_jobs_and_the_newest_finished(void **state)
{
    struct rig *rig = *state;
    put_job(rig, 1, HVGPU_JOB_RUNNING, false);
    for (uint64_t id = 2; id < 2 + MODEL_FINISHED_JOBS + 50; id++) {
        put_job(rig, id, HVGPU_JOB_DONE, false);
    }
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->job_count, MODEL_FINISHED_JOBS + 1);
    assert_non_null(hvgpu_find_job(s, 1));
    assert_null(hvgpu_find_job(s, 2));
    assert_int_equal(s->jobs[0]->id, MODEL_FINISHED_JOBS + 51);
    put_job(rig, 1, HVGPU_JOB_FAILED, false);
    s = apply(rig);
    assert_null(hvgpu_find_job(s, 1)); /* finished, and the oldest */
}

static void test_model_keeps_few_hidden_jobs(void **state)
{
    struct rig *rig = *state;
    for (uint64_t id = 1; id <= 40; id++) {
        put_job(rig, id, HVGPU_JOB_DONE, true);
    }
    put_job(rig, 41, HVGPU_JOB_RUNNING, true);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->job_count, MODEL_HIDDEN_JOBS + 1);
    assert_non_null(hvgpu_find_job(s, 40));
}

/* ---- events ---- */

static void put_events(struct rig *rig, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        inbox_put_event(rig->inbox, HVGPU_EVENT_HCS, HVGPU_SEVERITY_INFO, first + i, "Kind", "id",
                        "{}", 5);
    }
}

static void test_model_keeps_the_newest_events_by_index(void **state)
{
    struct rig *rig = *state;
    put_events(rig, 1, 50);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_int_equal(s->event_count, 50);
    assert_int_equal(s->event_first, 1);
    put_events(rig, 51, 50);
    s = apply(rig);
    assert_int_equal(s->event_count, 64);
    assert_int_equal(s->event_first, 37);
    assert_int_equal(s->events_seen, 100);
    assert_int_equal(s->events_lost, 0);
    for (size_t i = 0; i < s->event_count; i++) {
        assert_int_equal(model_event_at(rig->model, i)->sequence, 37 + i);
    }
    assert_null(model_event_at(rig->model, 64));
}

static void test_model_counts_lost_events_and_asks_for_a_new_list(void **state)
{
    struct rig *rig = *state;
    put_events(rig, 1, 100);
    const struct hvgpu_snapshot *s = apply(rig);
    assert_true(rig->last.changed);
    assert_true(rig->last.lost);
    assert_int_equal(s->events_lost, 36);
    assert_int_equal(s->events_seen, 100);
    assert_int_equal(s->event_count, 64);
    put_events(rig, 101, 1);
    apply(rig);
    assert_false(rig->last.lost);
}

static void test_model_survives_messages_without_content(void **state)
{
    struct rig *rig = *state;
    for (int kind = MESSAGE_HOST; kind <= MESSAGE_OUTPUT; kind++) {
        inbox_put(rig->inbox, message_new((enum message_kind)kind));
    }
    const struct hvgpu_snapshot *s = apply(rig);
    assert_non_null(s->host);
    assert_int_equal(s->system_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_model_begins_connecting_and_not_loaded),
        TEST(test_model_publishes_only_changes),
        TEST(test_model_replaces_host_gpus_images_and_leftovers),
        TEST(test_model_keeps_systems_as_a_tree),
        TEST(test_model_replaces_one_system_in_place),
        TEST(test_model_moves_a_system_when_its_vm_becomes_known),
        TEST(test_model_takes_the_last_of_doubles_and_forgets_the_gone),
        TEST(test_model_equals_a_plain_set_after_many_changes),
        TEST(test_model_continues_the_history_of_a_check),
        TEST(test_model_keeps_the_newest_verdicts_of_a_long_history),
        TEST(test_model_keeps_running_jobs_and_the_newest_finished),
        TEST(test_model_keeps_few_hidden_jobs),
        TEST(test_model_keeps_the_newest_events_by_index),
        TEST(test_model_counts_lost_events_and_asks_for_a_new_list),
        TEST(test_model_survives_messages_without_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
