/* SPDX-License-Identifier: MIT
 *
 * Presence checks on a hand-made host: when they run, that they do not run twice, what they post,
 * and what becomes of a verdict that changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine/hcs/hresult.h"
#include "tests/support/engine_rig.h"

static const char present[] =
    "{\"v\":1,\"objdir\":[\"PCI#VEN_1414&DEV_008E#1\"],\"hostdriverstore\":true,"
    "\"packages\":[\"nv_dispi.inf_amd64_test\"],\"adapters\":[{\"luid\":\"0x0:0xf814\",\"type\":"
    "129,"
    "\"pv\":true,\"desc\":\"NVIDIA Tesla T4\",\"driverstore\":"
    "\"C:\\\\Windows\\\\System32\\\\HostDriverStore\\\\FileRepository\\\\nv_dispi.inf_amd64_test\"}"
    "],"
    "\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\\\\1\",\"problem\":0,\"location\":[]}],"
    "\"vendor\":{\"command\":\"nvidia-smi -L\",\"exit\":0,\"text\":\"GPU 0: Tesla T4\"}}\n";
static const char absent[] = "{\"v\":1,\"objdir\":[],\"hostdriverstore\":false,\"packages\":[],"
                             "\"adapters\":[],\"pnp\":[],\"vendor\":null}\n";

static int set_up(void **state)
{
    *state = rig_new();
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static void open_with(struct engine_rig *rig, const char *output)
{
    rig_own_system(rig, "demo", true, false);
    fake_program(rig->fake, (struct fake_program){.output = output});
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
}

static bool has_check(const struct hvgpu_snapshot *s)
{
    return hvgpu_find_check(s, "demo") != NULL;
}

static bool has_no_check(const struct hvgpu_snapshot *s)
{
    return hvgpu_find_check(s, "demo") == NULL;
}

static void test_a_gpu_in_both_places_passes_with_evidence(void **state)
{
    struct engine_rig *rig = *state;
    const struct hvgpu_check *check = NULL;
    open_with(rig, present);
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, &check, NULL), HVGPU_OK);
    assert_int_equal(check->verdict, HVGPU_VERDICT_PASS);
    assert_int_equal(check->in_vm, HVGPU_ANSWER_YES);
    assert_int_equal(check->in_container, HVGPU_ANSWER_YES);
    assert_non_null(strstr(check->sentence, "both"));
    assert_true(check->judged);
    assert_true(check->duration_ms.known);
    assert_non_null(strstr(check->vm_answer, "VEN_1414"));
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        assert_non_null(check->container[i].evidence);
    }
    hvgpu_record_drop(check);
    assert_true(rig_wait(rig, has_check));
    assert_false(rig_has_event(rig, "VerdictChanged")); /* the first is no change */
}

static void test_a_changed_verdict_is_an_event(void **state)
{
    struct engine_rig *rig = *state;
    const struct hvgpu_check *check = NULL;
    open_with(rig, present);
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, NULL, NULL), HVGPU_OK);
    fake_program(rig->fake, (struct fake_program){.output = absent});
    assert_int_equal(engine_check_now(rig->engine, "demo@vm", NULL, NULL, &check, NULL), HVGPU_OK);
    assert_int_equal(check->verdict, HVGPU_VERDICT_FAIL);
    assert_int_equal(check->in_vm, HVGPU_ANSWER_NO);
    assert_string_equal(check->system_id, "demo"); /* of a VM, its container is meant */
    hvgpu_record_drop(check);
    assert_int_equal(rig_count_events(rig, "VerdictChanged"), 1);
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, NULL, NULL), HVGPU_OK);
    assert_int_equal(rig_count_events(rig, "VerdictChanged"), 1);
}

static void test_what_cannot_be_read_is_unknown_with_the_reason(void **state)
{
    struct engine_rig *rig = *state;
    const struct hvgpu_check *check = NULL;
    open_with(rig, "damaged{");
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, &check, NULL), HVGPU_OK);
    assert_int_equal(check->verdict, HVGPU_VERDICT_UNKNOWN);
    assert_non_null(strstr(check->sentence, "not known because"));
    hvgpu_record_drop(check);
    fake_program(rig->fake, (struct fake_program){.errors = "no such file", .exit_code = 2});
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, &check, NULL), HVGPU_OK);
    assert_int_equal(check->verdict, HVGPU_VERDICT_UNKNOWN);
    assert_non_null(strstr(check->vm[0].evidence, "no such file"));
    hvgpu_record_drop(check);
    fake_remove(rig->fake, "demo");
    fake_remove(rig->fake, "demo@vm");
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, &check, NULL), HVGPU_OK);
    assert_int_equal(check->verdict, HVGPU_VERDICT_UNKNOWN);
    hvgpu_record_drop(check);
}

static void test_a_system_of_others_is_unknown_and_not_entered(void **state)
{
    struct engine_rig *rig = *state;
    const struct hvgpu_check *check = NULL;
    fake_system(rig->fake, "wsl", "{\"Id\":\"wsl\",\"SystemType\":\"VirtualMachine\"}", true);
    open_with(rig, present);
    assert_int_equal(engine_check_now(rig->engine, "wsl", NULL, NULL, &check, NULL), HVGPU_OK);
    assert_int_equal(check->verdict, HVGPU_VERDICT_UNKNOWN);
    assert_string_equal(check->sentence, "not known because the probe cannot be brought into a "
                                         "system of others");
    assert_int_equal(fake_count(rig->fake, FAKE_CREATE_PROCESS), 0);
    hvgpu_record_drop(check);
}

/* ---- never two at once ---- */

struct caller {
    struct engine_rig *rig;
    struct os_thread *thread;
    const struct hvgpu_check *check;
};

static void call_check(void *context)
{
    struct caller *caller = context;
    (void)engine_check_now(caller->rig->engine, "demo", NULL, NULL, &caller->check, NULL);
}

static void test_checks_that_are_asked_for_together_run_once(void **state)
{
    struct engine_rig *rig = *state;
    struct caller callers[4];
    open_with(rig, present);
    fake_script(rig->fake, FAKE_CREATE_PROCESS, (struct fake_reply){.delay_ms = 40}, 0);
    for (int i = 0; i < 4; i++) {
        callers[i] = (struct caller){.rig = rig};
        assert_int_equal(os_thread_start(&callers[i].thread, "c", call_check, &callers[i]),
                         HVGPU_OK);
    }
    for (int i = 0; i < 4; i++) {
        os_thread_join(callers[i].thread);
        assert_non_null(callers[i].check);
        assert_int_equal(callers[i].check->verdict, HVGPU_VERDICT_PASS);
        hvgpu_record_drop(callers[i].check);
    }
    assert_int_equal(fake_count(rig->fake, FAKE_CREATE_PROCESS), 2); /* VM and container, once */
}

/* ---- periodic ---- */

static bool has_two_answers(const struct hvgpu_snapshot *s)
{
    const struct hvgpu_check *check = hvgpu_find_check(s, "demo");
    return check != NULL && check->history_count >= 2;
}

static void test_own_containers_are_probed_by_themselves(void **state)
{
    struct engine_rig *rig = *state;
    rig->options.probe_interval_s = 1;
    open_with(rig, present);
    assert_true(rig_wait(rig, has_check));
    assert_true(rig_wait(rig, has_two_answers));
}

static void test_nothing_is_probed_when_probes_are_off_or_paused(void **state)
{
    struct engine_rig *rig = *state;
    rig->options.paused = true;
    rig->options.probe_interval_s = 1;
    open_with(rig, present);
    (void)rig_listen(rig, 100);
    hcs_engine_set_probe_interval(rig->engine, 0);
    hcs_engine_set_paused(rig->engine, false);
    (void)rig_listen(rig, 200);
    assert_int_equal(fake_count(rig->fake, FAKE_CREATE_PROCESS), 0);
    hcs_engine_set_probe_interval(rig->engine, 5);
    assert_true(rig_wait(rig, has_check));
}

static void test_a_probe_that_runs_does_not_hold_up_the_close(void **state)
{
    struct engine_rig *rig = *state;
    rig->options.probe_interval_s = 1;
    rig_own_system(rig, "demo", true, false);
    fake_program(rig->fake, (struct fake_program){.output = present, .stays = true});
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 150);
    assert_int_equal(fake_count(rig->fake, FAKE_CREATE_PROCESS), 1);
    int64_t before = os_now_ns();
    assert_true(hcs_engine_close(rig->engine));
    assert_true(os_now_ns() - before < 900 * 1000000LL);
    rig->engine = NULL;
    assert_int_equal(store_open(NULL, &rig->walls.store, NULL), HVGPU_OK);
}

static void test_a_check_is_forgotten_with_its_system(void **state)
{
    struct engine_rig *rig = *state;
    open_with(rig, present);
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, NULL, NULL), HVGPU_OK);
    assert_true(rig_wait(rig, has_check));
    engine_forget_check(rig->engine, "demo");
    assert_true(rig_wait(rig, has_no_check));
    assert_int_equal(engine_check_now(rig->engine, "demo", NULL, NULL, NULL, NULL), HVGPU_OK);
    assert_true(rig_wait(rig, has_check));
    fake_remove(rig->fake, "demo");
    fake_remove(rig->fake, "demo@vm");
    assert_int_equal(store_remove(rig->walls.store, "system-demo", NULL), HVGPU_OK);
    engine_touch(rig->engine);
    assert_true(rig_wait(rig, has_no_check));
}

static void test_the_vm_alone_is_probed_for_a_launch(void **state)
{
    struct engine_rig *rig = *state;
    struct ownership own;
    enum hvgpu_answer answer = HVGPU_ANSWER_UNKNOWN;
    char evidence[128];
    open_with(rig, present);
    assert_int_equal(ownership_get(hcs_engine_store(rig->engine), "demo", &own, NULL), HVGPU_OK);
    assert_int_equal(
        engine_probe_vm(rig->engine, &own, NULL, &answer, evidence, sizeof evidence, NULL),
        HVGPU_OK);
    assert_int_equal(answer, HVGPU_ANSWER_YES);
    assert_string_not_equal(evidence, "");
    fake_program(rig->fake, (struct fake_program){.output = absent});
    assert_int_equal(
        engine_probe_vm(rig->engine, &own, NULL, &answer, evidence, sizeof evidence, NULL),
        HVGPU_OK);
    assert_int_equal(answer, HVGPU_ANSWER_NO);
    ownership_clear(&own);
}

#define CHECK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(test_a_gpu_in_both_places_passes_with_evidence),
        CHECK_TEST(test_a_changed_verdict_is_an_event),
        CHECK_TEST(test_what_cannot_be_read_is_unknown_with_the_reason),
        CHECK_TEST(test_a_system_of_others_is_unknown_and_not_entered),
        CHECK_TEST(test_checks_that_are_asked_for_together_run_once),
        CHECK_TEST(test_own_containers_are_probed_by_themselves),
        CHECK_TEST(test_nothing_is_probed_when_probes_are_off_or_paused),
        CHECK_TEST(test_a_probe_that_runs_does_not_hold_up_the_close),
        CHECK_TEST(test_a_check_is_forgotten_with_its_system),
        CHECK_TEST(test_the_vm_alone_is_probed_for_a_launch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
