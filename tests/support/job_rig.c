/* SPDX-License-Identifier: MIT
 *
 * The machine of a few things.
 */
#include "tests/support/job_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"

enum { PATIENCE_MS = 20000 };

struct job_rig *job_rig_new(struct store *store)
{
    struct job_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    if (store == NULL) {
        assert_int_equal(store_open(NULL, &store, NULL), HVGPU_OK);
    }
    rig->inbox = inbox_new(0);
    rig->store = store;
    rig->jobs = jobs_new(rig->inbox, store);
    rig->model = model_new("test:", false, 0);
    rig->fail_at = -1;
    rig->fail_undo_of = -1;
    rig->commit_at = -1;
    rig->wait_at = -1;
    return rig;
}

void job_rig_free(struct job_rig *rig)
{
    assert_true(jobs_close(rig->jobs, PATIENCE_MS));
    model_free(rig->model);
    inbox_free(rig->inbox);
    store_close(rig->store);
    free(rig);
}

static void write_down(struct job_rig *rig, char what, int thing)
{
    size_t len = strlen(rig->log);
    snprintf(rig->log + len, sizeof rig->log - len, "%c%d ", what, thing);
}

static enum hvgpu_status announce(struct job *job, int thing, struct hvgpu_error *err)
{
    char words[32];
    struct json *action = json_new_object();
    json_add_i64(action, "thing", thing);
    snprintf(words, sizeof words, "thing %d", thing);
    return job_will(job, action, words, err);
}

static enum hvgpu_status make_thing(struct job *job, void *context, int thing,
                                    struct hvgpu_error *err)
{
    struct job_rig *rig = context;
    if (job_is_dry(job)) {
        job_record_call(job, "Make", "thing", json_new_i64(thing));
        return HVGPU_OK;
    }
    if (rig->wait_at == thing) {
        atomic_store(&rig->waiting, true);
        while (!job_is_cancelled(job) && !atomic_load(&rig->release)) {
            os_sleep_ms(1);
        }
        if (!atomic_load(&rig->release)) {
            return error_set(err, HVGPU_CANCELLED, "make", "thing", "stopped");
        }
    }
    enum hvgpu_status st = announce(job, thing, err);
    if (st != HVGPU_OK) {
        return st;
    }
    size_t call = job_call_sent(job, "Make", "thing", "{}");
    bool fails = rig->fail_at == thing;
    if (!fails || rig->made_before_failing) {
        rig->things[thing] = true;
        write_down(rig, '+', thing);
    }
    job_call_answered(job, call, fails ? -1 : 0, fails ? "no" : "yes");
    if (fails) {
        return error_set(err, rig->fail_status, "make", "thing", "thing %d was refused", thing);
    }
    if (rig->commit_at == thing) {
        job_commit(job);
    }
    return HVGPU_OK;
}

static enum hvgpu_status take_away(struct job *job, void *engine, const struct json *action,
                                   struct hvgpu_error *err)
{
    struct job_rig *rig = engine;
    assert_true(job_is_undoing(job));
    int64_t thing = -1;
    if (!json_i64(action, "thing", &thing) || thing < 0 || thing >= RIG_THINGS) {
        return error_set(err, HVGPU_PROTOCOL, "take", "thing", "no such thing");
    }
    if (thing == rig->fail_undo_of) {
        return error_set(err, HVGPU_FAILED, "take", "thing", "thing %d is stuck", (int)thing);
    }
    write_down(rig, '-', (int)thing);
    if (!rig->things[thing]) {
        return HVGPU_NOT_FOUND;
    }
    rig->things[thing] = false;
    return HVGPU_OK;
}

static void free_context(void *context)
{
    struct job_rig *rig = context;
    atomic_fetch_add(&rig->contexts_freed, 1);
}

static void force(void *context)
{
    struct job_rig *rig = context;
    atomic_store(&rig->forced, true);
    atomic_store(&rig->release, true);
}

static struct job_plan base_plan(struct job_rig *rig, size_t count)
{
    return (struct job_plan){
        .verb = "make",
        .title = text_copy("make things"),
        .target = text_copy("shelf"),
        .changes = true,
        .steps = calloc(count + 1, sizeof(struct job_step)),
        .step_count = count,
        .context = rig,
        .free_context = free_context,
        .undo = take_away,
        .engine = rig,
        .force = force,
    };
}

struct job_plan job_rig_plan(struct job_rig *rig, size_t count)
{
    static const char *const titles[RIG_THINGS] = {"make 0", "make 1", "make 2", "make 3",
                                                   "make 4", "make 5", "make 6", "make 7"};
    struct job_plan plan = base_plan(rig, count);
    for (size_t i = 0; i < count; i++) {
        plan.steps[i] =
            (struct job_step){.title = titles[i], .run = make_thing, .argument = (int)i};
    }
    return plan;
}

struct job_plan job_rig_step(struct job_rig *rig, const char *title,
                             enum hvgpu_status (*run)(struct job *job, void *context, int argument,
                                                      struct hvgpu_error *err))
{
    struct job_plan plan = base_plan(rig, 1);
    plan.steps[0] = (struct job_step){.title = title, .run = run};
    return plan;
}

void job_rig_pump(struct job_rig *rig)
{
    struct inbox_batch batch;
    inbox_take(rig->inbox, &batch);
    model_apply(rig->model, &batch);
    inbox_batch_free(&batch);
}

const struct hvgpu_job *job_rig_wait(struct job_rig *rig, uint64_t id)
{
    for (;;) {
        job_rig_pump(rig);
        const struct hvgpu_job *job = hvgpu_find_job(model_snapshot(rig->model), id);
        if (job != NULL && job->state >= HVGPU_JOB_DONE) {
            return job;
        }
        assert_true(os_wakeup_wait(inbox_wakeup(rig->inbox), PATIENCE_MS));
    }
}

const struct hvgpu_job *job_rig_run(struct job_rig *rig, struct job_plan *plan)
{
    uint64_t id = 0;
    struct hvgpu_error err = {0};
    assert_int_equal(jobs_submit(rig->jobs, plan, &id, &err), HVGPU_OK);
    return job_rig_wait(rig, id);
}

void job_rig_wait_for_step(struct job_rig *rig)
{
    for (int i = 0; i < PATIENCE_MS && !atomic_load(&rig->waiting); i++) {
        os_sleep_ms(1);
    }
    assert_true(atomic_load(&rig->waiting));
}

size_t job_rig_things(const struct job_rig *rig)
{
    size_t count = 0;
    for (size_t i = 0; i < RIG_THINGS; i++) {
        count += rig->things[i];
    }
    return count;
}

static bool count_one(void *context, const char *key, const struct json *journal)
{
    (void)key;
    assert_non_null(journal);
    (*(size_t *)context)++;
    return true;
}

size_t job_rig_orphans(struct job_rig *rig)
{
    size_t count = 0;
    assert_int_equal(journal_orphans(rig->store, count_one, &count, NULL), HVGPU_OK);
    return count;
}
