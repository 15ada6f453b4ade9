/* SPDX-License-Identifier: MIT
 *
 * Whole flows on the simulated machine: launch in every way, all four outcomes of the candidate
 * forms, attach and detach, exec, stop, rm, verify, and what is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "tests/support/flow_rig.h"

enum { SECONDS = 60 };

static void say(const struct hvgpu_job *job)
{
    print_message("%s: state %d, %s %s: %s\n", job->title, (int)job->state, job->error.operation,
                  job->error.object, job->error.message);
    for (size_t i = 0; i < job->step_count; i++) {
        print_message("  %d %s: %s\n", (int)job->steps[i].state, job->steps[i].title,
                      job->steps[i].evidence != NULL ? job->steps[i].evidence : "");
    }
}

static const struct hvgpu_job *done(struct flow *flow, const struct hvgpu_request *request)
{
    const struct hvgpu_job *job = flow_run(flow, request, SECONDS);
    assert_non_null(job);
    if (job->state != HVGPU_JOB_DONE) {
        say(job);
    }
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    return job;
}

static struct json *result_of(const struct hvgpu_job *job)
{
    struct json *result = NULL;
    struct hvgpu_error err;
    assert_non_null(job->result);
    assert_int_equal(json_parse(job->result, strlen(job->result), "result", &result, &err),
                     HVGPU_OK);
    return result;
}

static void remove_all(struct flow *flow, const char *name)
{
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = name, .force = true};
    assert_true(flow_settle(flow, 2));
    (void)done(flow, &rm);
    assert_true(flow_settle(flow, 0));
    assert_null(hvgpu_find_system(hvgpu_snapshot(flow->host), name));
}

/* ---- the four outcomes ---- */

static void launch_with_candidate(int candidate)
{
    struct flow flow;
    const struct flow_options options = {.candidate = candidate};
    const struct hvgpu_request request = flow_launch_gpu("c1");
    flow_open(&flow, &options);
    const struct hvgpu_job *job = done(&flow, &request);
    struct json *result = result_of(job);
    uint64_t found = 0;
    assert_true(json_u64(result, "candidate", &found));
    assert_int_equal(found, candidate);
    assert_string_equal(json_string(result, "verdict"), "pass");
    json_free(result);
    remove_all(&flow, "c1");
    flow_close(&flow);
}

static void test_first_form_lets_the_gpu_in(void **state)
{
    (void)state;
    launch_with_candidate(1);
}

static void test_second_form_is_tried_when_the_first_fails(void **state)
{
    (void)state;
    launch_with_candidate(2);
}

static void test_third_form_is_tried_when_two_failed(void **state)
{
    (void)state;
    launch_with_candidate(3);
}

static void test_no_form_fails_and_leaves_nothing(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 0};
    const struct hvgpu_request request = flow_launch_gpu("c1");
    flow_open(&flow, &options);
    const struct hvgpu_job *job = flow_run(&flow, &request, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_int_equal(job->error.status, HVGPU_ABSENT);
    assert_non_null(strstr(job->error.message, "in the VM but not in the container"));
    assert_null(job->left_behind);
    assert_true(flow_settle(&flow, 0));
    assert_int_equal(hvgpu_snapshot(flow.host)->leftover_count, 0);
    const struct hvgpu_request again = flow_launch("c1"); /* its folder is gone too */
    (void)done(&flow, &again);
    flow_close(&flow);
}

static void test_keep_leaves_what_failed_and_rm_takes_it(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 0};
    struct hvgpu_request request = flow_launch_gpu("c1");
    request.launch.keep = true;
    flow_open(&flow, &options);
    const struct hvgpu_job *job = flow_run(&flow, &request, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->error.status, HVGPU_ABSENT);
    assert_true(flow_settle(&flow, 2));
    remove_all(&flow, "c1");
    flow_close(&flow);
}

/* ---- other ways ---- */

static void test_whole_device_reaches_the_container(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 1};
    const struct hvgpu_request request = flow_launch_device("d1");
    flow_open(&flow, &options);
    struct json *result = result_of(done(&flow, &request));
    assert_non_null(strstr(json_string(result, "sentence"), "both"));
    json_free(result);
    remove_all(&flow, "d1");
    flow_close(&flow);
}

static void test_rm_passes_output_through_and_leaves_nothing(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 1};
    struct hvgpu_request request = flow_launch("r1");
    request.launch.remove = true;
    request.launch.command = "cmd /c echo passed through";
    flow_open(&flow, &options);
    const struct hvgpu_job *job = done(&flow, &request);
    assert_true(job->exit_code.known);
    assert_int_equal(job->exit_code.value, 0);
    hvgpu_wait(flow.host, 20);
    assert_non_null(flow.output);
    assert_non_null(strstr(flow.output, "passed through"));
    assert_true(flow_settle(&flow, 0));
    assert_null(hvgpu_find_system(hvgpu_snapshot(flow.host), "r1"));
    request.launch.command = "cmd /c exit 7";
    assert_int_equal(done(&flow, &request)->exit_code.value, 7);
    flow_close(&flow);
}

static void test_cancel_of_a_running_rm_takes_everything_back(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 1};
    struct hvgpu_request request = flow_launch("r1");
    request.launch.remove = true; /* the default command stays */
    flow_open(&flow, &options);
    uint64_t id = flow_submit(&flow, &request);
    assert_true(flow_settle(&flow, 2));
    for (int i = 0; i < 500; i++) {
        const struct hvgpu_job *running = hvgpu_find_job(hvgpu_snapshot(flow.host), id);
        if (running != NULL && running->step_count > 0 && running->result != NULL) {
            break;
        }
        hvgpu_wait(flow.host, 10);
    }
    hvgpu_cancel(flow.host, id, false);
    const struct hvgpu_job *job = flow_wait(&flow, id, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_CANCELLED);
    assert_null(job->left_behind);
    assert_true(flow_settle(&flow, 0));
    flow_close(&flow);
}

static void test_exec_passes_input_output_and_exit_code(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 1};
    const struct hvgpu_request request = flow_launch("e1");
    flow_open(&flow, &options);
    (void)done(&flow, &request);
    assert_true(flow_settle(&flow, 2));
    const struct hvgpu_request exec = {
        .verb = HVGPU_EXEC, .target = "e1", .command = "sort", .interactive = true};
    uint64_t id = flow_submit(&flow, &exec);
    assert_true(id != 0);
    assert_true(hvgpu_job_input(flow.host, id, "second\nfirst\n", 13));
    assert_true(hvgpu_job_input(flow.host, id, NULL, 0));
    const struct hvgpu_job *job = flow_wait(&flow, id, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_DONE);
    assert_int_equal(job->exit_code.value, 0);
    hvgpu_wait(flow.host, 20);
    assert_non_null(flow.output);
    const char *first = strstr(flow.output, "first");
    assert_non_null(first);
    assert_non_null(strstr(first, "second"));
    const struct hvgpu_request code = {
        .verb = HVGPU_EXEC, .target = "e1", .command = "cmd /c exit 300"};
    assert_int_equal(done(&flow, &code)->exit_code.value, 300);
    flow_close(&flow);
}

/* ---- attach, detach ---- */

static void test_attach_and_detach_change_the_vm_and_the_verdict(void **state)
{
    (void)state;
    struct flow flow;
    static const struct hvgpu_gpu_request gpu = {.gpu = "gpu0",
                                                 .partition = {.value = 5, .known = true}};
    const struct flow_options options = {.candidate = 1};
    const struct hvgpu_request launch = flow_launch("a1");
    const struct hvgpu_request attach = {
        .verb = HVGPU_ATTACH, .target = "a1", .gpus = &gpu, .gpu_count = 1};
    const struct hvgpu_request detach = {
        .verb = HVGPU_DETACH, .target = "a1", .gpus = &gpu, .gpu_count = 1};
    flow_open(&flow, &options);
    (void)done(&flow, &launch);
    assert_true(flow_settle(&flow, 2));
    struct json *result = result_of(done(&flow, &attach));
    assert_true(json_bool(result, "in_vm", false));
    assert_false(json_bool(result, "in_container", true));
    assert_non_null(strstr(json_string(result, "note"), "launch it again"));
    uint64_t partition = 0;
    assert_true(json_u64(json_first(json_get(result, "gpus")), "partition", &partition));
    assert_int_equal(partition, 5);
    json_free(result);
    (void)done(&flow, &detach);
    const struct hvgpu_job *again = flow_run(&flow, &detach, SECONDS);
    assert_int_equal(again->state, HVGPU_JOB_FAILED);
    assert_int_equal(again->error.status, HVGPU_NOT_FOUND);
    (void)done(&flow, &attach); /* the second share gets its own name */
    remove_all(&flow, "a1");
    flow_close(&flow);
}

static void test_failed_attach_puts_the_previous_gpus_back(void **state)
{
    (void)state;
    struct flow flow;
    static const struct hvgpu_gpu_request gpu = {.gpu = "gpu0"};
    /* The render device cannot be restarted: after the Update, so that there is something to undo.
     */
    const struct flow_options options = {
        .candidate = 1,
        .faults = "{\"call\":\"HcsCreateProcess\",\"match\":\"restart\",\"do\":\"fail\"}"};
    const struct hvgpu_request launch = flow_launch("a1");
    const struct hvgpu_request attach = {
        .verb = HVGPU_ATTACH, .target = "a1", .gpus = &gpu, .gpu_count = 1};
    flow_open(&flow, &options);
    (void)done(&flow, &launch);
    assert_true(flow_settle(&flow, 2));
    const struct hvgpu_job *job = flow_run(&flow, &attach, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_null(job->left_behind);
    bool disabled = false;
    for (size_t i = 0; i < job->call_count; i++) {
        const char *document = job->calls[i]->document;
        disabled = disabled || (document != NULL && strstr(document, "\"Disabled\"") != NULL);
    }
    assert_true(disabled);
    assert_true(flow_settle(&flow, 2));
    assert_int_equal(hvgpu_find_system(hvgpu_snapshot(flow.host), "a1")->assignment_count, 0);
    (void)done(&flow, &attach);
    flow_close(&flow);
}

/* ---- stop, rm ---- */

static void test_stop_keeps_the_record_and_rm_removes_it(void **state)
{
    (void)state;
    struct flow flow;
    const struct flow_options options = {.candidate = 1};
    const struct hvgpu_request launch = flow_launch("s1");
    const struct hvgpu_request stop = {.verb = HVGPU_STOP, .target = "s1"};
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = "s1"};
    flow_open(&flow, &options);
    (void)done(&flow, &launch);
    assert_true(flow_settle(&flow, 2));
    (void)done(&flow, &stop);
    assert_true(flow_settle(&flow, 0));
    const struct hvgpu_system *left = hvgpu_find_system(hvgpu_snapshot(flow.host), "s1");
    assert_non_null(left);
    assert_true(left->left_over);
    (void)done(&flow, &rm);
    for (int i = 0; i < 200 && hvgpu_find_system(hvgpu_snapshot(flow.host), "s1") != NULL; i++) {
        hvgpu_refresh(flow.host);
        hvgpu_wait(flow.host, 20);
    }
    assert_null(hvgpu_find_system(hvgpu_snapshot(flow.host), "s1"));
    flow_close(&flow);
}

/* ---- verify ---- */

static void verify(const struct flow_options *options, const char *status, bool ends_well)
{
    struct flow flow;
    const struct hvgpu_request request = {.verb = HVGPU_VERIFY};
    flow_open(&flow, options);
    const struct hvgpu_job *job = flow_run(&flow, &request, SECONDS);
    assert_non_null(job);
    assert_int_equal(job->state, ends_well ? HVGPU_JOB_DONE : HVGPU_JOB_FAILED);
    struct json *result = result_of(job);
    assert_string_equal(json_string(result, "status"), status);
    for (const struct json *step = json_first(json_get(result, "steps")); step != NULL;
         step = json_next(step)) {
        assert_non_null(json_string(step, "name"));
        assert_non_null(json_string(step, "evidence"));
        if (text_equal(json_string(step, "name"), "removed")) {
            assert_string_equal(json_string(step, "status"), "pass");
        }
    }
    json_free(result);
    assert_true(flow_settle(&flow, 0));
    assert_int_equal(hvgpu_snapshot(flow.host)->leftover_count, 0);
    flow_close(&flow);
}

static void test_verify_passes_where_the_gpu_gets_in(void **state)
{
    (void)state;
    const struct flow_options options = {.candidate = 2};
    verify(&options, "pass", true);
}

static void test_verify_fails_where_it_does_not_and_cleans_up(void **state)
{
    (void)state;
    const struct flow_options options = {.candidate = 0};
    verify(&options, "fail", false);
}

static void test_verify_without_a_gpu_has_nothing_to_test(void **state)
{
    (void)state;
    const struct flow_options options = {.no_gpu = true};
    verify(&options, "nothing", true);
}

static void test_verify_names_a_missing_hypervisor(void **state)
{
    (void)state;
    const struct flow_options options = {.host = "\"hypervisor\":false"};
    verify(&options, "fail", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_form_lets_the_gpu_in),
        cmocka_unit_test(test_second_form_is_tried_when_the_first_fails),
        cmocka_unit_test(test_third_form_is_tried_when_two_failed),
        cmocka_unit_test(test_no_form_fails_and_leaves_nothing),
        cmocka_unit_test(test_keep_leaves_what_failed_and_rm_takes_it),
        cmocka_unit_test(test_whole_device_reaches_the_container),
        cmocka_unit_test(test_rm_passes_output_through_and_leaves_nothing),
        cmocka_unit_test(test_cancel_of_a_running_rm_takes_everything_back),
        cmocka_unit_test(test_exec_passes_input_output_and_exit_code),
        cmocka_unit_test(test_attach_and_detach_change_the_vm_and_the_verdict),
        cmocka_unit_test(test_failed_attach_puts_the_previous_gpus_back),
        cmocka_unit_test(test_stop_keeps_the_record_and_rm_removes_it),
        cmocka_unit_test(test_verify_passes_where_the_gpu_gets_in),
        cmocka_unit_test(test_verify_fails_where_it_does_not_and_cleans_up),
        cmocka_unit_test(test_verify_without_a_gpu_has_nothing_to_test),
        cmocka_unit_test(test_verify_names_a_missing_hypervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
