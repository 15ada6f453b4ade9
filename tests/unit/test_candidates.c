/* SPDX-License-Identifier: MIT
 *
 * All outcomes of the forms that let a GPU into the container: the first, the second, the third,
 * none, and a GPU that does not even reach the VM.
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
#include "tests/support/fault_rig.h"

static struct json *result_of(const struct hvgpu_job *job)
{
    struct json *result = NULL;
    struct hvgpu_error err;
    assert_non_null(job->result);
    assert_int_equal(json_parse(job->result, strlen(job->result), "result", &result, &err),
                     HVGPU_OK);
    return result;
}

static bool some_evidence_has(const struct hvgpu_job *job, const char *words)
{
    for (size_t i = 0; i < job->step_count; i++) {
        if (job->steps[i].evidence != NULL && strstr(job->steps[i].evidence, words) != NULL) {
            return true;
        }
    }
    return false;
}

static void launch_with(const struct hvgpu_request *request, const char *base, const char *members,
                        unsigned form, unsigned build)
{
    struct fault_rig rig;
    const struct fault_options options = {.base = base, .members = members};
    fault_open(&rig, &options);
    const struct hvgpu_job *job = fault_done(&rig, request);
    struct json *result = result_of(job);
    uint64_t number = 0;
    char words[64];
    assert_true(json_u64(result, "candidate", &number));
    assert_int_equal(number, form);
    assert_true(json_u64(result, "build", &number));
    assert_int_equal(number, build);
    assert_string_equal(json_string(result, "verdict"), "pass");
    snprintf(words, sizeof words, "form %u (", form);
    assert_true(some_evidence_has(job, words));
    snprintf(words, sizeof words, "on build %u", build);
    assert_true(some_evidence_has(job, words));
    assert_true(some_evidence_has(job, json_string(result, "candidate_form")));
    json_free(result);
    const struct hvgpu_job *check = fault_done(&rig, &fault_check);
    assert_non_null(strstr(check->result, "\"pass\""));
    fault_assert_clears(&rig, "no fault");
    fault_close(&rig);
}

static void test_each_form_is_found_and_named_with_its_build(void **state)
{
    (void)state;
    static const char *const members[] = {",\"candidate\":1", ",\"candidate\":2",
                                          ",\"candidate\":3"};
    for (unsigned form = 1; form <= 3; form++) {
        launch_with(&fault_launch_gpu, "still", members[form - 1], form, 20348);
        launch_with(&fault_launch_mirror, "still", members[form - 1], form, 20348);
        launch_with(&fault_launch_partition, "still", members[form - 1], form, 20348);
    }
}

static void test_no_form_fails_in_words_and_leaves_nothing(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.members = ",\"candidate\":0"};
    const size_t none = 0;
    fault_open(&rig, &options);
    const struct hvgpu_job *job = fault_run(&rig, &fault_launch_gpu);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_int_equal(job->error.status, HVGPU_ABSENT);
    assert_non_null(strstr(job->error.message, "the GPU is in the VM but not in the container"));
    assert_true(job->error.hint[0] != '\0');
    assert_null(job->left_behind);
    fault_assert_told("no form", job);
    assert_true(fault_until(&rig, fault_own_systems_are, &none, 10));
    assert_int_equal(hvgpu_snapshot(rig.host)->leftover_count, 0);
    assert_int_equal(fault_partitions_of(hvgpu_snapshot(rig.host), "c1"), 0);
    (void)fault_done(&rig, &fault_launch); /* its name and folders are free */
    fault_assert_clears(&rig, "no form");
    fault_close(&rig);
}

static void test_keep_leaves_the_failed_launch_listed(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.members = ",\"candidate\":0"};
    const size_t two = 2;
    struct hvgpu_request request = fault_launch_gpu;
    request.launch.keep = true;
    fault_open(&rig, &options);
    const struct hvgpu_job *job = fault_run(&rig, &request);
    assert_non_null(job);
    assert_int_equal(job->error.status, HVGPU_ABSENT);
    assert_non_null(job->left_behind);
    assert_non_null(strstr(job->left_behind, "c1@vm"));
    assert_true(fault_until(&rig, fault_own_systems_are, &two, 10));
    assert_non_null(hvgpu_find_system(hvgpu_snapshot(rig.host), "c1"));
    const struct hvgpu_request in_vm = {
        .verb = HVGPU_EXEC, .target = "c1", .in_vm = true, .command = "cmd /c echo inside"};
    assert_int_equal(fault_done(&rig, &in_vm)->exit_code.value, 0);
    fault_assert_clears(&rig, "kept");
    fault_close(&rig);
}

static void test_gpu_that_does_not_reach_the_vm_stops_there(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.members = ",\"gpu_reaches_vm\":false"};
    fault_open(&rig, &options);
    const struct hvgpu_job *job = fault_run(&rig, &fault_launch_gpu);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_FAILED);
    assert_int_equal(job->error.status, HVGPU_ABSENT);
    assert_non_null(strstr(job->error.message, "in neither"));
    for (size_t i = 0; i < job->call_count; i++) { /* no container was tried */
        assert_false(strcmp(job->calls[i]->call, "Create") == 0 &&
                     strcmp(job->calls[i]->id, "c1") == 0);
    }
    fault_assert_told("not in the VM", job);
    fault_assert_clears(&rig, "not in the VM");
    fault_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form_is_found_and_named_with_its_build),
        cmocka_unit_test(test_no_form_fails_in_words_and_leaves_nothing),
        cmocka_unit_test(test_keep_leaves_the_failed_launch_listed),
        cmocka_unit_test(test_gpu_that_does_not_reach_the_vm_stops_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
