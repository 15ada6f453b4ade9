/* SPDX-License-Identifier: MIT
 *
 * The runner: steps in order, undo in reverse order whatever fails, cancel, force, input and
 * output, limits, dry run.
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

static const struct hvgpu_event *last_event(const struct job_rig *rig)
{
    const struct hvgpu_snapshot *s = model_snapshot(rig->model);
    return s->event_count > 0 ? model_event_at(rig->model, s->event_count - 1) : NULL;
}

/* ---- the good case ---- */

static void test_job_runs_its_steps_in_order_and_leaves_no_journal(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_plan(rig, 4);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    assert_string_equal(rig->log, "+0 +1 +2 +3 ");
    assert_int_equal(job->step_count, 4);
    assert_string_equal(job->title, "make things");
    assert_string_equal(job->target, "shelf");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(job->steps[i].state, HVGPU_STEP_DONE);
        assert_true(job->steps[i].duration_ms.known);
    }
    assert_int_equal(job->call_count, 4);
    assert_true(job->calls[3]->answered);
    assert_string_equal(job->calls[3]->answer, "yes");
    assert_true(job->ended_ms >= job->started_ms);
    assert_null(job->left_behind);
    assert_int_equal(job->error.status, HVGPU_OK);
    job_rig_pump(rig);
    assert_string_equal(last_event(rig)->kind, "JobDone");
    size_t journals = job_rig_orphans(rig);
    assert_int_equal(journals, 0);
}

static void test_job_without_steps_is_done_at_once(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_plan(rig, 0);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_pump(rig);
    assert_int_equal(hvgpu_find_job(model_snapshot(rig->model), id)->state, HVGPU_JOB_DONE);
}

/* ---- torture: every failure at every step ---- */

static void expected_log(char *out, size_t size, int fail_at, bool made)
{
    size_t len = 0;
    for (int i = 0; i < fail_at + (made ? 1 : 0); i++) {
        len += (size_t)snprintf(out + len, size - len, "+%d ", i);
    }
    for (int i = fail_at; i >= 0; i--) {
        len += (size_t)snprintf(out + len, size - len, "-%d ", i);
    }
}

static void torture(enum hvgpu_status status, bool made)
{
    enum { STEPS = 6 };
    for (int fail_at = 0; fail_at < STEPS; fail_at++) {
        struct job_rig *rig = job_rig_new(NULL);
        rig->fail_at = fail_at;
        rig->fail_status = status;
        rig->made_before_failing = made;
        struct job_plan plan = job_rig_plan(rig, STEPS);
        const struct hvgpu_job *job = job_rig_run(rig, &plan);
        char expected[RIG_LOG];
        expected_log(expected, sizeof expected, fail_at, made);
        assert_string_equal(rig->log, expected);
        assert_int_equal(job_rig_things(rig), 0);
        assert_int_equal(job->state,
                         status == HVGPU_CANCELLED ? HVGPU_JOB_CANCELLED : HVGPU_JOB_FAILED);
        assert_int_equal(job->error.status, status);
        assert_int_equal(job->step_count, (size_t)(STEPS + fail_at + 1));
        for (size_t i = STEPS; i < job->step_count; i++) {
            assert_true(job->steps[i].is_undo);
            assert_int_equal(job->steps[i].state, HVGPU_STEP_DONE);
        }
        for (size_t i = (size_t)fail_at + 1; i < STEPS; i++) {
            assert_int_equal(job->steps[i].state, HVGPU_STEP_SKIPPED);
        }
        bool unknown = status == HVGPU_TIMEOUT;
        assert_int_equal(job->left_behind != NULL, unknown);
        assert_int_equal(job_rig_orphans(rig), unknown ? 1 : 0);
        job_rig_free(rig);
    }
}

static void test_failure_at_any_step_is_undone_in_reverse_order(void **state)
{
    (void)state;
    torture(HVGPU_FAILED, false);
    torture(HVGPU_FAILED, true);
    torture(HVGPU_PROTOCOL, true);
    torture(HVGPU_CANCELLED, false);
}

static void test_step_that_never_answered_is_undone_and_stays_listed(void **state)
{
    (void)state;
    torture(HVGPU_TIMEOUT, false);
    torture(HVGPU_TIMEOUT, true);
}

static void test_unanswered_step_is_named_in_what_is_left_behind(void **state)
{
    struct job_rig *rig = *state;
    rig->fail_at = 1;
    rig->fail_status = HVGPU_TIMEOUT;
    struct job_plan plan = job_rig_plan(rig, 3);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->steps[1].state, HVGPU_STEP_UNKNOWN);
    assert_string_equal(job->left_behind, "thing 1 (not known: its step never answered)");
}

static void test_undo_that_fails_leaves_its_thing_listed_and_goes_on(void **state)
{
    (void)state;
    for (int stuck = 0; stuck < 3; stuck++) {
        struct job_rig *rig = job_rig_new(NULL);
        rig->fail_at = 3;
        rig->fail_status = HVGPU_FAILED;
        rig->fail_undo_of = stuck;
        struct job_plan plan = job_rig_plan(rig, 5);
        const struct hvgpu_job *job = job_rig_run(rig, &plan);
        assert_int_equal(job_rig_things(rig), 1);
        assert_true(rig->things[stuck]);
        char words[32];
        snprintf(words, sizeof words, "thing %d", stuck);
        assert_string_equal(job->left_behind, words);
        assert_int_equal(job_rig_orphans(rig), 1);
        assert_string_equal(job->error.message, "thing 3 was refused");
        job_rig_pump(rig);
        assert_non_null(strstr(last_event(rig)->json, words));
        job_rig_free(rig);
    }
}

static void test_keep_undoes_nothing_and_says_so(void **state)
{
    struct job_rig *rig = *state;
    rig->fail_at = 2;
    rig->fail_status = HVGPU_FAILED;
    struct job_plan plan = job_rig_plan(rig, 4);
    plan.keep = true;
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_string_equal(rig->log, "+0 +1 ");
    assert_string_equal(job->left_behind, "thing 0; thing 1; thing 2");
    assert_int_equal(job_rig_orphans(rig), 1);
}

static void test_what_was_committed_is_not_undone(void **state)
{
    struct job_rig *rig = *state;
    rig->commit_at = 1;
    rig->fail_at = 3;
    rig->fail_status = HVGPU_FAILED;
    struct job_plan plan = job_rig_plan(rig, 5);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_string_equal(rig->log, "+0 +1 +2 -3 -2 ");
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_null(job->left_behind);
    assert_int_equal(job_rig_orphans(rig), 0);
}

/* ---- no journal, no change ---- */

static void test_nothing_is_changed_without_a_place_for_journals(void **state)
{
    struct job_rig *rig = *state;
    struct jobs *jobs = jobs_new(rig->inbox, NULL);
    struct job_plan plan = job_rig_plan(rig, 2);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(jobs, &plan, &id, NULL), HVGPU_OK);
    const struct hvgpu_job *job = job_rig_wait(rig, id);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_int_equal(job->error.status, HVGPU_IO);
    assert_string_equal(rig->log, "");
    assert_true(jobs_close(jobs, 20000));
}

static enum hvgpu_status look_only(struct job *job, void *context, int argument,
                                   struct hvgpu_error *err)
{
    (void)context;
    (void)argument;
    (void)err;
    job_evidence(job, "saw %s", "it\x1b[1m");
    return HVGPU_OK;
}

static void test_steps_that_change_nothing_need_no_journal(void **state)
{
    struct job_rig *rig = *state;
    struct jobs *jobs = jobs_new(rig->inbox, NULL);
    struct job_plan plan = job_rig_step(rig, "look", look_only);
    plan.steps[0].read_only = true;
    uint64_t id = 0;
    assert_int_equal(jobs_submit(jobs, &plan, &id, NULL), HVGPU_OK);
    const struct hvgpu_job *job = job_rig_wait(rig, id);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    assert_null(strchr(job->steps[0].evidence, 0x1b));
    assert_true(text_starts(job->steps[0].evidence, "saw it"));
    assert_true(jobs_close(jobs, 20000));
}

static enum hvgpu_status change_secretly(struct job *job, void *context, int argument,
                                         struct hvgpu_error *err)
{
    (void)context;
    (void)argument;
    return job_will(job, json_new_object(), "secret", err);
}

static void test_a_plan_that_promised_no_change_may_announce_none(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "change", change_secretly);
    plan.changes = false;
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_int_equal(job->error.status, HVGPU_INVALID);
}

/* ---- candidates ---- */

static enum hvgpu_status try_candidates(struct job *job, void *context, int argument,
                                        struct hvgpu_error *err)
{
    (void)argument;
    struct job_rig *rig = context;
    for (int i = 0; i < 3; i++) {
        size_t mark = job_mark(job);
        struct json *action = json_new_object();
        json_add_i64(action, "thing", i);
        enum hvgpu_status st = job_will(job, action, "candidate", err);
        if (st != HVGPU_OK) {
            return st;
        }
        rig->things[i] = true;
        if (i < 2) {
            st = job_undo_to(job, mark, err);
            if (st != HVGPU_OK) {
                return st;
            }
            assert_false(job_is_undoing(job));
        }
    }
    job_evidence(job, "the third one");
    return HVGPU_OK;
}

static void test_candidates_are_undone_one_by_one(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "candidates", try_candidates);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    assert_string_equal(rig->log, "-0 -1 ");
    assert_int_equal(job->step_count, 3); /* its own and two undo steps */
    assert_string_equal(job->steps[0].evidence, "the third one");
    assert_int_equal(job->steps[0].state, HVGPU_STEP_DONE);
    assert_null(job->left_behind); /* the third one is what was asked for */
    assert_true(rig->things[2]);
    assert_int_equal(job_rig_orphans(rig), 0);
}

static enum hvgpu_status give_up_candidate(struct job *job, void *context, int argument,
                                           struct hvgpu_error *err)
{
    (void)argument;
    struct job_rig *rig = context;
    rig->fail_undo_of = 0;
    struct json *action = json_new_object();
    json_add_i64(action, "thing", 0);
    assert_int_equal(job_will(job, action, "stuck candidate", err), HVGPU_OK);
    rig->things[0] = true;
    assert_int_equal(job_undo_to(job, 0, err), HVGPU_FAILED);
    assert_string_equal(err->message, "thing 0 is stuck");
    job_commit(job);
    return HVGPU_OK;
}

static void test_candidate_that_could_not_be_undone_stays_listed_after_success(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "candidate", give_up_candidate);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    assert_string_equal(job->left_behind, "stuck candidate");
    assert_int_equal(job_rig_orphans(rig), 1);
}

/* ---- cancel and close ---- */

static void test_cancel_stops_and_undoes(void **state)
{
    struct job_rig *rig = *state;
    rig->wait_at = 2;
    struct job_plan plan = job_rig_plan(rig, 4);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    jobs_cancel(rig->jobs, id, false);
    jobs_cancel(rig->jobs, 999, false); /* no such job */
    const struct hvgpu_job *job = job_rig_wait(rig, id);
    assert_int_equal(job->state, HVGPU_JOB_CANCELLED);
    assert_int_equal(job->error.status, HVGPU_CANCELLED);
    assert_false(job->cancelling);
    assert_string_equal(rig->log, "+0 +1 -1 -0 ");
    assert_int_equal(job_rig_orphans(rig), 0);
    assert_false(atomic_load(&rig->forced));
    jobs_cancel(rig->jobs, id, true); /* ended: nothing to force */
}

static void test_force_goes_through_another_thread(void **state)
{
    struct job_rig *rig = *state;
    rig->wait_at = 1;
    struct job_plan plan = job_rig_plan(rig, 3);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    jobs_cancel(rig->jobs, id, true);
    const struct hvgpu_job *job = job_rig_wait(rig, id);
    assert_int_equal(job->state, HVGPU_JOB_CANCELLED);
    assert_int_equal(job_rig_things(rig), 0);
}

static void test_close_leaves_the_journal_to_a_later_start(void **state)
{
    struct job_rig *rig = *state;
    rig->wait_at = 2;
    struct job_plan plan = job_rig_plan(rig, 4);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    assert_int_equal(job_rig_orphans(rig), 0); /* it lives */
    assert_true(jobs_close(rig->jobs, 20000));
    rig->jobs = jobs_new(rig->inbox, rig->store);
    assert_string_equal(rig->log, "+0 +1 ");
    assert_int_equal(job_rig_orphans(rig), 1);
    assert_int_equal(atomic_load(&rig->contexts_freed), 1);
}

static enum hvgpu_status deaf(struct job *job, void *context, int argument, struct hvgpu_error *err)
{
    (void)job;
    (void)argument;
    (void)err;
    struct job_rig *rig = context;
    atomic_store(&rig->waiting, true);
    while (!atomic_load(&rig->release)) {
        os_sleep_ms(1);
    }
    atomic_store(&rig->waiting, false);
    return HVGPU_OK;
}

static void
    *volatile leaked_jobs; /* what hangs keeps its memory: reachable, so that no leak is reported */

static void test_close_does_not_wait_for_a_call_that_hangs(void **state)
{
    struct job_rig *rig = *state;
    leaked_jobs = rig->jobs;
    struct job_plan plan = job_rig_step(rig, "hang", deaf);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    assert_false(jobs_close(rig->jobs, 5));
    atomic_store(&rig->release, true);
    job_rig_wait(rig, id); /* the thread comes back and finds everything still there */
    rig->jobs = jobs_new(rig->inbox, rig->store);
}

static void test_no_more_than_eight_jobs_run_at_once(void **state)
{
    struct job_rig *rig = *state;
    rig->wait_at = 0;
    uint64_t ids[8] = {0};
    for (size_t i = 0; i < 8; i++) {
        struct job_plan plan = job_rig_plan(rig, 1);
        assert_int_equal(jobs_submit(rig->jobs, &plan, &ids[i], NULL), HVGPU_OK);
    }
    struct job_plan plan = job_rig_plan(rig, 1);
    uint64_t id = 0;
    struct hvgpu_error err = {0};
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, &err), HVGPU_LIMIT);
    assert_non_null(strstr(err.message, "8"));
    assert_int_equal(atomic_load(&rig->contexts_freed), 1); /* the refused plan was taken */
    for (size_t i = 0; i < 8; i++) {
        jobs_cancel(rig->jobs, ids[i], false);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(job_rig_wait(rig, ids[i])->state, HVGPU_JOB_CANCELLED);
    }
}

/* ---- input, output, results ---- */

static enum hvgpu_status echo(struct job *job, void *context, int argument, struct hvgpu_error *err)
{
    (void)context;
    (void)argument;
    (void)err;
    char bytes[3];
    for (;;) {
        long got = job_read_input(job, bytes, sizeof bytes);
        if (got <= 0) {
            job_exit_code(job, got < 0 ? 99 : 7);
            break;
        }
        job_output(job, false, bytes, (size_t)got);
    }
    unsigned columns = 0;
    unsigned rows = 0;
    assert_true(job_console_size(job, &columns, &rows));
    assert_false(job_console_size(job, &columns, &rows));
    assert_int_equal(columns, 120);
    assert_int_equal(rows, 40);
    struct json *result = json_new_object();
    json_add_u64(result, "id", job_id(job));
    job_result(job, result);
    return HVGPU_OK;
}

static void test_input_output_and_result_of_a_process(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "echo", echo);
    plan.changes = false;
    plan.hidden = true;
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    jobs_resize(rig->jobs, id, 80, 24);
    jobs_resize(rig->jobs, id, 120, 40);
    jobs_resize(rig->jobs, 999, 1, 1);
    assert_true(jobs_input(rig->jobs, id, "hello ", 6));
    assert_true(jobs_input(rig->jobs, id, "world", 5));
    assert_true(jobs_input(rig->jobs, id, NULL, 0));
    assert_false(jobs_input(rig->jobs, id, "late", 4));
    assert_false(jobs_input(rig->jobs, 999, "x", 1));
    char output[64] = "";
    bool ended = false;
    while (!ended) {
        assert_true(os_wakeup_wait(inbox_wakeup(rig->inbox), 20000));
        struct inbox_batch batch;
        inbox_take(rig->inbox, &batch);
        for (const struct message *m = batch.messages; m != NULL; m = m->next) {
            if (m->kind == MESSAGE_OUTPUT) {
                assert_int_equal(m->job, id);
                strncat(output, m->bytes, m->len);
            }
        }
        model_apply(rig->model, &batch);
        inbox_batch_free(&batch);
        const struct hvgpu_job *job = hvgpu_find_job(model_snapshot(rig->model), id);
        ended = job != NULL && job->state == HVGPU_JOB_DONE;
    }
    const struct hvgpu_job *job = hvgpu_find_job(model_snapshot(rig->model), id);
    assert_string_equal(output, "hello world");
    assert_int_equal(job->exit_code.value, 7);
    assert_string_equal(job->result, "{\"id\":1}");
    assert_true(job->hidden);
    assert_null(last_event(rig)); /* hidden jobs tell nothing */
}

static void test_input_that_waits_is_bounded(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "hang", deaf);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    char *bytes = calloc(1, 1u << 19);
    assert_true(jobs_input(rig->jobs, id, bytes, 1u << 19));
    assert_true(jobs_input(rig->jobs, id, bytes, 1u << 19));
    assert_false(jobs_input(rig->jobs, id, bytes, 1));
    free(bytes);
    atomic_store(&rig->release, true);
    job_rig_wait(rig, id);
}

static enum hvgpu_status read_for_ever(struct job *job, void *context, int argument,
                                       struct hvgpu_error *err)
{
    (void)argument;
    struct job_rig *rig = context;
    atomic_store(&rig->waiting, true);
    char byte;
    assert_int_equal(job_read_input(job, &byte, 1), -1);
    return error_set(err, HVGPU_CANCELLED, "read", "input", "cancelled");
}

static void test_cancel_wakes_a_step_that_waits_for_input(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "read", read_for_ever);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    jobs_cancel(rig->jobs, id, false);
    assert_int_equal(job_rig_wait(rig, id)->state, HVGPU_JOB_CANCELLED);
}

static enum hvgpu_status print_without_end(struct job *job, void *context, int argument,
                                           struct hvgpu_error *err)
{
    (void)argument;
    (void)err;
    struct job_rig *rig = context;
    static const char piece[65536] = "x";
    for (int i = 0; i < 1000 && !job_is_cancelled(job); i++) {
        atomic_store(&rig->waiting, i > 16);
        job_output(job, true, piece, sizeof piece);
    }
    return job_is_cancelled(job) ? HVGPU_CANCELLED : HVGPU_OK;
}

static void test_output_that_nobody_takes_is_held_back(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "print", print_without_end);
    uint64_t id = 0;
    assert_int_equal(jobs_submit(rig->jobs, &plan, &id, NULL), HVGPU_OK);
    job_rig_wait_for_step(rig);
    os_sleep_ms(30);
    struct inbox_batch batch;
    inbox_take(rig->inbox, &batch);
    size_t waiting = 0;
    for (const struct message *m = batch.messages; m != NULL; m = m->next) {
        waiting += m->len;
    }
    model_apply(rig->model, &batch);
    inbox_batch_free(&batch);
    assert_in_range(waiting, 1, (4u << 20) + 65536);
    jobs_cancel(rig->jobs, id, false);
    assert_int_equal(job_rig_wait(rig, id)->state, HVGPU_JOB_CANCELLED);
}

static enum hvgpu_status answer_at_length(struct job *job, void *context, int argument,
                                          struct hvgpu_error *err)
{
    (void)context;
    (void)argument;
    (void)err;
    char *answer = malloc(100001);
    memset(answer, 'a', 100000);
    answer[100000] = '\0';
    job_call_answered(job, 5, 0, "no such call");
    job_call_answered(job, job_call_sent(job, "Ask", NULL, NULL), 1, answer);
    free(answer);
    return HVGPU_SKIPPED;
}

static void test_long_answers_are_cut_and_marked(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "ask", answer_at_length);
    const struct hvgpu_job *job = job_rig_run(rig, &plan);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    assert_int_equal(job->steps[0].state, HVGPU_STEP_SKIPPED);
    assert_null(job->calls[0]->document);
    assert_non_null(strstr(job->calls[0]->answer, "[cut: 65536 of 100000 bytes]"));
}

/* ---- dry run ---- */

static enum hvgpu_status record_candidate(struct job *job, void *context, int argument,
                                          struct hvgpu_error *err)
{
    (void)context;
    (void)argument;
    assert_true(job_is_dry(job));
    job_record_call(job, "Create", "<id>", NULL);
    job_dry_condition(job, "probe absent");
    job_record_call(job, "Create", "<id>", json_new_object());
    job_dry_condition(job, NULL);
    size_t mark = job_mark(job);
    enum hvgpu_status st = job_will(job, json_new_object(), "dry", err);
    return st == HVGPU_OK ? job_undo_to(job, mark, err) : st;
}

static void test_dry_run_lists_calls_with_conditions_and_does_nothing(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_plan(rig, 2);
    plan.steps[1].run = record_candidate;
    struct json *calls = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(job_dry_run(&plan, &calls, &err), HVGPU_OK);
    char *text = json_print(calls);
    assert_string_equal(text, "[{\"call\":\"Make\",\"id\":\"thing\",\"document\":0},"
                              "{\"call\":\"Create\",\"id\":\"<id>\",\"document\":null},"
                              "{\"call\":\"Create\",\"id\":\"<id>\",\"document\":{},"
                              "\"if\":\"probe absent\"}]");
    free(text);
    json_free(calls);
    assert_string_equal(rig->log, "");
    assert_int_equal(atomic_load(&rig->contexts_freed), 1);
    job_rig_pump(rig);
    assert_int_equal(model_snapshot(rig->model)->job_count, 0);
}

static enum hvgpu_status refuse(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)job;
    (void)context;
    (void)argument;
    return error_set(err, HVGPU_UNSUPPORTED, "launch", "x", "not on this build");
}

static void test_dry_run_fails_with_its_step(void **state)
{
    struct job_rig *rig = *state;
    struct job_plan plan = job_rig_step(rig, "refuse", refuse);
    struct json *calls = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(job_dry_run(&plan, &calls, &err), HVGPU_UNSUPPORTED);
    assert_null(calls);
    assert_string_equal(err.message, "not on this build");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_job_runs_its_steps_in_order_and_leaves_no_journal),
        TEST(test_job_without_steps_is_done_at_once),
        TEST(test_failure_at_any_step_is_undone_in_reverse_order),
        TEST(test_step_that_never_answered_is_undone_and_stays_listed),
        TEST(test_unanswered_step_is_named_in_what_is_left_behind),
        TEST(test_undo_that_fails_leaves_its_thing_listed_and_goes_on),
        TEST(test_keep_undoes_nothing_and_says_so),
        TEST(test_what_was_committed_is_not_undone),
        TEST(test_nothing_is_changed_without_a_place_for_journals),
        TEST(test_steps_that_change_nothing_need_no_journal),
        TEST(test_a_plan_that_promised_no_change_may_announce_none),
        TEST(test_candidates_are_undone_one_by_one),
        TEST(test_candidate_that_could_not_be_undone_stays_listed_after_success),
        TEST(test_cancel_stops_and_undoes),
        TEST(test_force_goes_through_another_thread),
        TEST(test_close_leaves_the_journal_to_a_later_start),
        TEST(test_close_does_not_wait_for_a_call_that_hangs),
        TEST(test_no_more_than_eight_jobs_run_at_once),
        TEST(test_input_output_and_result_of_a_process),
        TEST(test_input_that_waits_is_bounded),
        TEST(test_cancel_wakes_a_step_that_waits_for_input),
        TEST(test_output_that_nobody_takes_is_held_back),
        TEST(test_long_answers_are_cut_and_marked),
        TEST(test_dry_run_lists_calls_with_conditions_and_does_nothing),
        TEST(test_dry_run_fails_with_its_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
