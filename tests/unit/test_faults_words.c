/* SPDX-License-Identifier: MIT
 *
 * What each faulty host says in words, and what to do about it; and calls of files that never
 * return, which stop nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fault_rig.h"

enum { CLOSE_MS = 1600, LOOKS = 2000, STILL_LOOKS = 20 };

static const struct hvgpu_job *refused_or_failed(struct fault_rig *rig,
                                                 const struct hvgpu_request *request,
                                                 struct hvgpu_error *err)
{
    uint64_t id = 0;
    memset(err, 0, sizeof *err);
    if (hvgpu_submit(rig->host, request, &id, err) != HVGPU_OK) {
        return NULL;
    }
    const struct hvgpu_job *job = fault_end(rig, id, 60);
    assert_non_null(job);
    fault_assert_told("a scenario", job);
    *err = job->error;
    return job;
}

static void assert_says(const struct hvgpu_error *err, const char *what, const char *remedy)
{
    if (strstr(err->message, what) == NULL || strstr(err->hint, remedy) == NULL) {
        print_message("%s %s: %s (%s)\n", err->operation, err->object, err->message, err->hint);
        fail_msg("it should say \"%s\" and \"%s\"", what, remedy);
    }
}

static void test_taken_partitions_are_named_with_what_to_do(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.base = "partitions-exhausted"};
    struct hvgpu_error err;
    fault_open(&rig, &options);
    (void)refused_or_failed(&rig, &fault_launch_gpu, &err);
    assert_says(&err, "partition", "detach");
    fault_assert_clears(&rig, "no partition");
    fault_close(&rig);
}

static void test_a_policy_that_refuses_is_named_with_its_registry_values(void **state)
{
    (void)state;
    static const struct hvgpu_gpu_request refused = {
        .gpu = "PCI\\VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&REV_A1\\4&11ef84ec&0&0019"};
    struct fault_rig rig;
    const struct fault_options options = {.base = "policy-refused"};
    struct hvgpu_request request = fault_launch_gpu;
    struct hvgpu_error err;
    request.launch.gpus = &refused;
    fault_open(&rig, &options);
    (void)refused_or_failed(&rig, &request, &err);
    assert_says(&err, "group policy", "RequireSecureDeviceAssignment");
    fault_assert_clears(&rig, "policy");
    fault_close(&rig);
}

static void test_a_missing_hypervisor_is_named_with_how_to_start_it(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.base = "no-hypervisor"};
    struct hvgpu_error err;
    fault_open(&rig, &options);
    (void)refused_or_failed(&rig, &fault_launch_gpu, &err);
    assert_says(&err, "hypervisor", "");
    const struct hvgpu_host *host = hvgpu_snapshot(rig.host)->host;
    const char *words = host->notice != NULL ? host->notice : host->link_hint;
    assert_non_null(words);
    assert_non_null(strstr(words, "bcdedit"));
    fault_close(&rig);
}

static void test_a_service_that_dies_in_a_launch_is_named_and_cleared(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.members = ",\"service_restart_s\":3,\"latency\":true",
                                          .real_clock = true};
    struct hvgpu_error err;
    fault_open(&rig, &options);
    const struct hvgpu_job *job = refused_or_failed(&rig, &fault_launch_mirror, &err);
    assert_true(job == NULL || job->state == HVGPU_JOB_FAILED);
    if (err.status != HVGPU_LOST && err.status != HVGPU_UNAVAILABLE) {
        print_message("%s %s: %s (%s)\n", err.operation, err.object, err.message, err.hint);
    }
    assert_true(err.status == HVGPU_LOST || err.status == HVGPU_UNAVAILABLE);
    assert_non_null(strstr(err.message, "service"));
    assert_true(err.hint[0] != '\0');
    if (job != NULL && job->left_behind != NULL) {
        fault_say("service died", job);
        fail_msg("the undo should have waited for the service");
    }
    fault_close(&rig);
}

static void test_a_driver_that_differs_is_found_by_the_check(void **state)
{
    (void)state;
    struct fault_rig rig;
    const struct fault_options options = {.base = "driver-drift"};
    static const struct hvgpu_gpu_request drifted = {.gpu = "gpu1"};
    struct hvgpu_request request = fault_launch_gpu;
    request.launch.gpus = &drifted;
    fault_open(&rig, &options);
    const struct hvgpu_job *job = fault_run(&rig, &request);
    assert_non_null(job);
    assert_int_equal(job->state, HVGPU_JOB_DONE); /* it works, but is not as it should be */
    job = fault_done(&rig, &fault_check);
    assert_non_null(strstr(job->result, "\"degraded\""));
    const struct hvgpu_check *check = hvgpu_find_check(hvgpu_snapshot(rig.host), "c1");
    assert_non_null(check);
    assert_int_equal(check->verdict, HVGPU_VERDICT_DEGRADED);
    assert_int_equal(check->container[HVGPU_RUNG_STORE].verdict, HVGPU_VERDICT_DEGRADED);
    const char *evidence = check->container[HVGPU_RUNG_STORE].evidence;
    assert_true(strstr(evidence, "guest has") != NULL && strstr(evidence, "host has") != NULL);
    fault_assert_clears(&rig, "drift");
    fault_close(&rig);
}

/* ---- calls of files, which Windows cannot time out ---- */

static bool is_running(const struct hvgpu_snapshot *s, uint64_t id)
{
    const struct hvgpu_job *job = hvgpu_find_job(s, id);
    return job != NULL && job->state == HVGPU_JOB_RUNNING;
}

/* Waits until the running job gets no further. */
static void wait_until_stuck(struct fault_rig *rig, uint64_t id)
{
    size_t seen = 0;
    for (int still = 0, i = 0; still < STILL_LOOKS; i++) {
        assert_true(i < LOOKS);
        const struct hvgpu_job *job = hvgpu_find_job(hvgpu_snapshot(rig->host), id);
        size_t count = job != NULL ? job->call_count : 0;
        still = count > 0 && count == seen ? still + 1 : 0;
        seen = count;
        hvgpu_wait(rig->host, 5);
    }
    assert_true(is_running(hvgpu_snapshot(rig->host), id));
}

static bool lists(const struct hvgpu_snapshot *s, const void *id)
{
    return hvgpu_find_system(s, id) != NULL;
}

/* A host whose job never comes back stays in memory on purpose; here, so that it is not taken for
 * lost. */
static struct hvgpu *hung_hosts[4];
static size_t hung_count;

static void hang_in_a_file(const char *faults)
{
    struct fault_rig rig;
    const struct fault_options options = {.faults = faults};
    struct hvgpu_request second = fault_launch;
    second.launch.name = "c2";
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = "c2", .force = true};
    fault_open(&rig, &options);
    uint64_t id = fault_submit(&rig, &fault_launch_gpu);
    wait_until_stuck(&rig, id);
    (void)fault_done(&rig, &second);                 /* others go on */
    assert_true(fault_until(&rig, lists, "c2", 10)); /* and so does the list */
    (void)fault_done(&rig, &rm);
    hvgpu_cancel(rig.host, id, true); /* nothing can be forced here */
    hvgpu_wait(rig.host, 5);
    assert_true(is_running(hvgpu_snapshot(rig.host), id));
    assert_true(hvgpu_find_job(hvgpu_snapshot(rig.host), id)->cancelling);
    hung_hosts[hung_count++] = rig.host;
    unsigned took = fault_close(&rig);
    if (took > CLOSE_MS) {
        fail_msg("with %s the close took %u ms", faults, took);
    }
}

static void test_a_hung_file_call_stops_nothing_else_and_no_close(void **state)
{
    (void)state;
    hang_in_a_file("{\"call\":\"host.make_folder\",\"nth\":1,\"do\":\"hang\"}");
    hang_in_a_file("{\"call\":\"host.copy_file\",\"nth\":2,\"do\":\"hang\"}");
    hang_in_a_file("{\"call\":\"HcsGrantVmAccess\",\"nth\":1,\"do\":\"hang\"}");
    hang_in_a_file("{\"call\":\"host.driver_package\",\"nth\":1,\"do\":\"hang\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_partitions_are_named_with_what_to_do),
        cmocka_unit_test(test_a_policy_that_refuses_is_named_with_its_registry_values),
        cmocka_unit_test(test_a_missing_hypervisor_is_named_with_how_to_start_it),
        cmocka_unit_test(test_a_service_that_dies_in_a_launch_is_named_and_cleared),
        cmocka_unit_test(test_a_driver_that_differs_is_found_by_the_check),
        cmocka_unit_test(test_a_hung_file_call_stops_nothing_else_and_no_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
