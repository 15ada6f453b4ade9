/* SPDX-License-Identifier: MIT
 *
 * Journals: what is on disk while a job runs, who may see it, and the undo of a dead job's journal
 * by a later one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "tests/support/job_rig.h"

static int set_up(void **state)
{
    *state = job_rig_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    job_rig_free(*state);
    return 0;
}

struct found {
    size_t count;
    char key[80];
    struct json *journal;
};

static bool remember(void *context, const char *key, const struct json *journal)
{
    struct found *found = context;
    found->count++;
    snprintf(found->key, sizeof found->key, "%s", key);
    json_free(found->journal);
    found->journal = json_copy(journal);
    return true;
}

static struct found find_orphans(struct job_rig *rig)
{
    struct found found = {0};
    assert_int_equal(journal_orphans(rig->store, remember, &found, NULL), HVGPU_OK);
    return found;
}

/* A job that dies in the middle: closing leaves its journal as a kill would. */
static void leave_journal(struct job_rig *rig, int steps_done)
{
    rig->wait_at = steps_done;
    struct job_plan plan = job_rig_plan(rig, (size_t)steps_done + 1);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    assert_true(jobs_close(rig->jobs, 20000));
    rig->jobs = jobs_new(rig->inbox, rig->store);
    rig->wait_at = -1;
    atomic_store(&rig->waiting, false);
    rig->log[0] = '\0';
}

struct recovery {
    char key[80];
    enum hvgpu_status status;
    struct job_rig *rig;
};

static enum hvgpu_status recover(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err)
{
    (void)argument;
    struct recovery *recovery = context;
    recovery->status = journal_undo(job, recovery->rig->store, recovery->key, err);
    return recovery->status;
}

static struct job_plan recovery_plan(struct job_rig *rig, struct recovery *recovery)
{
    struct job_plan plan = job_rig_step(rig, "recover", recover);
    plan.context = recovery;
    plan.free_context = NULL;
    plan.force = NULL;
    recovery->rig = rig;
    return plan;
}

/* ---- what is written ---- */

static void test_journal_lists_every_announced_action_before_it_is_done(void **state)
{
    struct job_rig *rig = *state;
    for (int done = 1; done <= 3; done++) {
        leave_journal(rig, done);
        struct found found = find_orphans(rig);
        assert_int_equal(found.count, 1);
        uint64_t number = 0;
        assert_true(json_u64(found.journal, "version", &number));
        assert_int_equal(number, 1);
        assert_string_equal(json_string(found.journal, "verb"), "make");
        assert_string_equal(json_string(found.journal, "title"), "make things");
        assert_string_equal(json_string(found.journal, "target"), "shelf");
        assert_true(json_u64(found.journal, "process", &number));
        assert_int_equal(number, os_process_id());
        assert_true(json_u64(found.journal, "time_ms", &number));
        const struct json *actions = json_member(found.journal, "actions");
        assert_int_equal(json_count(actions), done);
        const struct json *first = json_first(actions);
        assert_string_equal(json_string(first, "words"), "thing 0");
        assert_string_equal(json_string(first, "state"), "announced");
        assert_true(json_u64(first, "action/thing", &number));
        assert_int_equal(number, 0);
        json_free(found.journal);
        assert_int_equal(store_remove(rig->store, found.key, NULL), HVGPU_OK);
        memset(rig->things, 0, sizeof rig->things);
    }
}

static void test_journal_of_an_unanswered_step_says_unknown(void **state)
{
    struct job_rig *rig = *state;
    rig->fail_at = 1;
    rig->fail_status = HVGPU_TIMEOUT;
    struct job_plan plan = job_rig_plan(rig, 2);
    job_rig_run(rig, &plan);
    struct found found = find_orphans(rig);
    assert_int_equal(found.count, 1);
    const struct json *actions = json_member(found.journal, "actions");
    assert_int_equal(json_count(actions), 1);
    assert_string_equal(json_string(json_first(actions), "state"), "unknown");
    json_free(found.journal);
}

static void test_journal_of_a_living_job_is_nobodys_business(void **state)
{
    struct job_rig *rig = *state;
    rig->wait_at = 2;
    struct job_plan plan = job_rig_plan(rig, 3);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    assert_int_equal(job_rig_orphans(rig), 0);
    atomic_store(&rig->release, true);
    assert_int_equal(job_rig_wait(rig, id)->state, HVGPU_JOB_DONE);
    assert_int_equal(job_rig_orphans(rig), 0);
}

static void test_journal_without_actions_is_removed_unseen(void **state)
{
    struct job_rig *rig = *state;
    struct json *journal = NULL;
    const char *text = "{\"version\":1,\"verb\":\"launch\",\"actions\":[]}";
    assert_int_equal(json_parse(text, strlen(text), "journal", &journal, NULL), HVGPU_OK);
    assert_int_equal(store_put(rig->store, "job-1", journal, NULL), HVGPU_OK);
    json_free(journal);
    assert_int_equal(job_rig_orphans(rig), 0);
    assert_int_equal(store_get(rig->store, "job-1", &journal, NULL), HVGPU_NOT_FOUND);
}

static void test_journal_that_makes_no_sense_is_listed_and_kept(void **state)
{
    struct job_rig *rig = *state;
    static const char *const damaged[] = {
        "[]",
        "{}",
        "{\"version\":2,\"actions\":[]}",
        "{\"version\":1,\"actions\":{}}",
        "{\"version\":1,\"actions\":[1]}",
        "{\"version\":1,\"actions\":[{\"action\":\"rm\",\"words\":\"x\"}]}",
        "{\"version\":1,\"actions\":[{\"action\":{},\"words\":7}]}",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct json *journal = NULL;
        assert_int_equal(json_parse(damaged[i], strlen(damaged[i]), "journal", &journal, NULL),
                         HVGPU_OK);
        assert_int_equal(store_put(rig->store, "job-x", journal, NULL), HVGPU_OK);
        json_free(journal);
        struct found found = find_orphans(rig);
        assert_int_equal(found.count, 1);
        assert_non_null(strstr(json_string(found.journal, "title"), "job-x"));
        assert_int_equal(json_count(json_member(found.journal, "actions")), 1);
        json_free(found.journal);
        struct recovery recovery = {.key = "job-x"};
        struct job_plan plan = recovery_plan(rig, &recovery);
        const struct hvgpu_job *job = job_rig_run(rig, &plan);
        assert_int_equal(job->state, HVGPU_JOB_FAILED);
        assert_int_equal(recovery.status, HVGPU_PROTOCOL);
        assert_true(job->error.hint[0] != '\0');
        assert_int_equal(store_get(rig->store, "job-x", &journal, NULL), HVGPU_OK);
        json_free(journal);
        assert_string_equal(rig->log, "");
    }
}

/* ---- undo of a dead job ---- */

static void test_recovery_undoes_in_reverse_order_and_removes_the_journal(void **state)
{
    struct job_rig *rig = *state;
    for (int done = 1; done <= 4; done++) {
        leave_journal(rig, done);
        assert_int_equal(job_rig_things(rig), (size_t)done);
        struct found found = find_orphans(rig);
        struct recovery recovery = {0};
        snprintf(recovery.key, sizeof recovery.key, "%s", found.key);
        json_free(found.journal);
        struct job_plan plan = recovery_plan(rig, &recovery);
        const struct hvgpu_job *job = job_rig_run(rig, &plan);
        assert_int_equal(job->state, HVGPU_JOB_DONE);
        assert_int_equal(job->step_count, (size_t)done + 1);
        assert_true(job->steps[1].is_undo);
        char expected[64] = "";
        for (int i = done - 1; i >= 0; i--) {
            size_t len = strlen(expected);
            snprintf(expected + len, sizeof expected - len, "-%d ", i);
        }
        assert_string_equal(rig->log, expected);
        assert_int_equal(job_rig_things(rig), 0);
        assert_int_equal(job_rig_orphans(rig), 0);
    }
}

static void test_recovery_keeps_what_it_could_not_undo(void **state)
{
    struct job_rig *rig = *state;
    leave_journal(rig, 3);
    rig->fail_undo_of = 1;
    struct found found = find_orphans(rig);
    struct recovery recovery = {0};
    snprintf(recovery.key, sizeof recovery.key, "%s", found.key);
    json_free(found.journal);
    struct job_plan plan = recovery_plan(rig, &recovery);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_string_equal(job->error.message, "thing 1 is stuck");
    found = find_orphans(rig);
    assert_int_equal(found.count, 1);
    const struct json *actions = json_member(found.journal, "actions");
    assert_int_equal(json_count(actions), 1);
    assert_string_equal(json_string(json_first(actions), "words"), "thing 1");
    json_free(found.journal);
    rig->fail_undo_of = -1;
    plan = recovery_plan(rig, &recovery);
    assert_int_equal(job_rig_run(rig, &plan)->state, HVGPU_JOB_DONE);
    assert_int_equal(job_rig_orphans(rig), 0);
    assert_int_equal(job_rig_things(rig), 0);
}

static void test_recovery_of_a_living_job_is_refused(void **state)
{
    struct job_rig *rig = *state;
    struct json *journal = NULL;
    const char *text = "{\"version\":1,\"actions\":[{\"action\":{\"thing\":0},\"words\":\"w\"}]}";
    assert_int_equal(json_parse(text, strlen(text), "journal", &journal, NULL), HVGPU_OK);
    assert_int_equal(store_put(rig->store, "job-live", journal, NULL), HVGPU_OK);
    json_free(journal);
    struct store_lock *lock = NULL;
    assert_int_equal(store_lock(rig->store, "job-live", false, &lock, NULL), HVGPU_OK);
    struct recovery recovery = {.key = "job-live"};
    struct job_plan plan = recovery_plan(rig, &recovery);
    assert_int_equal(job_rig_run(rig, &plan)->state, HVGPU_JOB_FAILED);
    assert_int_equal(recovery.status, HVGPU_BUSY);
    assert_string_equal(rig->log, "");
    store_unlock(lock);
    snprintf(recovery.key, sizeof recovery.key, "job-nobody");
    plan = recovery_plan(rig, &recovery);
    assert_int_equal(job_rig_run(rig, &plan)->state, HVGPU_JOB_FAILED);
    assert_int_equal(recovery.status, HVGPU_NOT_FOUND);
}

static void test_recovery_previewed_reads_and_changes_nothing(void **state)
{
    struct job_rig *rig = *state;
    leave_journal(rig, 2);
    struct recovery recovery = {.key = "job-whatever"};
    struct job_plan plan = recovery_plan(rig, &recovery);
    struct json *calls = NULL;
    assert_int_equal(job_dry_run(&plan, &calls, NULL), HVGPU_OK);
    assert_int_equal(json_count(calls), 0);
    json_free(calls);
    assert_int_equal(job_rig_orphans(rig), 1);
}

static void test_no_store_has_no_orphans(void **state)
{
    (void)state;
    assert_int_equal(journal_orphans(NULL, remember, NULL, NULL), HVGPU_OK);
}

/* ---- a store that stops working ---- */

static void test_nothing_more_is_changed_when_the_journal_cannot_be_written(void **state)
{
    (void)state;
    char folder[] = "/tmp/hvgpu-journal-XXXXXX";
    char away[64];
    char locks[64];
    assert_non_null(mkdtemp(folder));
    snprintf(away, sizeof away, "%s-away", folder);
    snprintf(locks, sizeof locks, "%s/locks", folder);
    struct store *store = NULL;
    assert_int_equal(store_open(folder, &store, NULL), HVGPU_OK);
    struct job_rig *rig = job_rig_new(store);
    rig->wait_at = 1;
    struct job_plan plan = job_rig_plan(rig, 3);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    assert_int_equal(rename(folder, away), 0); /* the disk is gone */
    atomic_store(&rig->release, true);
    const struct hvgpu_job *job = job_rig_wait(rig, id);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_int_equal(job->error.status, HVGPU_IO);
    assert_string_equal(rig->log, "+0 -0 ");
    assert_int_equal(rename(away, folder), 0);
    /* The journal from before lists too much, which is harmless: undoing twice is. */
    struct found found = find_orphans(rig);
    assert_int_equal(found.count, 1);
    json_free(found.journal);
    assert_int_equal(store_remove(rig->store, found.key, NULL), HVGPU_OK);
    job_rig_free(rig);
    os_folder_remove(locks);
    assert_int_equal(os_folder_remove(folder), HVGPU_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_journal_lists_every_announced_action_before_it_is_done),
        TEST(test_journal_of_an_unanswered_step_says_unknown),
        TEST(test_journal_of_a_living_job_is_nobodys_business),
        TEST(test_journal_without_actions_is_removed_unseen),
        TEST(test_journal_that_makes_no_sense_is_listed_and_kept),
        TEST(test_recovery_undoes_in_reverse_order_and_removes_the_journal),
        TEST(test_recovery_keeps_what_it_could_not_undo),
        TEST(test_recovery_of_a_living_job_is_refused),
        TEST(test_recovery_previewed_reads_and_changes_nothing),
        TEST(test_no_store_has_no_orphans),
        cmocka_unit_test(test_nothing_more_is_changed_when_the_journal_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
