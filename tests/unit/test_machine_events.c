/* SPDX-License-Identifier: MIT
 *
 * What the simulated machine does by itself and by fault: notices, service restarts, failing, slow,
 * hanging and killing calls; and how it wakes nobody when nothing happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/machine_fixture.h"

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void fault(struct fixture *f, const char *call, enum scenario_fault_kind kind, unsigned nth)
{
    f->faults[f->scenario.fault_count++] =
        (struct scenario_fault){.call = text(call), .kind = kind, .nth = nth, .code = HR_E_FAIL};
}

static void test_nothing_is_due_when_nothing_was_asked(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.events_per_second = 10;
    fixture_machine(&f);
    assert_true(machine_advance(f.m, f.now) == INT64_MAX);
    uint64_t vm = fixture_running_vm(&f);
    fixture_running_container(&f, vm);
    assert_true(machine_advance(f.m, f.now) == INT64_MAX);
    assert_true(machine_next_asked(f.m) == INT64_MAX);
    fixture_close(&f);
}

static void test_reads_that_begin_together_end_together(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_vm(&f);
    uint64_t other = 0;
    uint64_t none = 0;
    assert_int_equal(machine_open_system(f.m, f.client, "vm", f.now, &other), 0);
    struct machine_call call = {.request = MACHINE_PROPERTIES, .client = f.client, .handle = vm};
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    int64_t due = machine_advance(f.m, f.now);
    call.handle = other;
    assert_int_equal(machine_begin(f.m, &call, f.now + 400000, &none), 0);
    assert_true(machine_advance(f.m, f.now + 400000) == due);
    assert_true(machine_advance(f.m, due) == INT64_MAX);
    fixture_close(&f);
}

static void test_notices_keep_their_rate_in_few_batches(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.events_per_second = 2000;
    f.scenario.containers = 3;
    fixture_machine(&f);
    assert_int_equal(machine_watch(f.m, f.client, true, f.now), 0);
    int64_t end = f.now + INT64_C(1000000000);
    unsigned rounds = 0;
    for (int64_t next = machine_advance(f.m, f.now); next < end;
         next = machine_advance(f.m, next)) {
        rounds++;
        fixture_take(&f);
    }
    fixture_take(&f);
    assert_in_range(f.notices, 1900, 2050);
    assert_in_range(rounds, 40, 60);
    assert_int_equal(machine_watch(f.m, f.client, false, end), 0);
    assert_true(machine_advance(f.m, end) == INT64_MAX);
    fixture_close(&f);
}

static void test_few_notices_ride_on_reads(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.events_per_second = 5;
    fixture_machine(&f);
    assert_int_equal(machine_watch(f.m, f.client, true, f.now), 0);
    fixture_pass(&f, 1100);
    assert_int_equal(f.notices, 0);
    fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL);
    assert_int_equal(f.notices, 5);
    fixture_pass(&f, 1600);
    assert_in_range(f.notices, 12, 13);
    fixture_close(&f);
}

static void test_an_interval_gives_one_notice_in_so_many_seconds(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.event_interval_s = 5;
    fixture_machine(&f);
    assert_int_equal(machine_watch(f.m, f.client, true, f.now), 0);
    assert_true(machine_advance(f.m, f.now) == f.now + INT64_C(7500000000));
    fixture_pass(&f, 5100);
    assert_int_equal(f.notices, 0);
    fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL); /* it rides on a read */
    assert_int_equal(f.notices, 1);
    fixture_pass(&f, 50000);
    assert_in_range(f.notices, 10, 11);
    fixture_close(&f);
}

static void test_life_of_systems_is_logged_for_watchers(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    machine_watch(f.m, f.client, true, f.now);
    uint64_t vm = fixture_running_vm(&f);
    assert_int_equal(f.notices, 2);
    fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL);
    assert_int_equal(f.notices, 3);
    fixture_close(&f);
}

static void test_service_restart_kills_handles_and_keeps_vms(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.service_restart_s = 10;
    fixture_machine(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t opened = 0;
    machine_listen(f.m, vm, true);
    fixture_forget(&f);
    fixture_pass(&f, 10000 - f.now / 1000000 + 1);
    assert_int_equal(f.events, 1);
    assert_int_equal(f.event_types[0], HCS_EVENT_SERVICE_DISCONNECT);
    assert_int_equal(machine_open_system(f.m, f.client, "vm", f.now, &opened),
                     HR_HCS_E_SERVICE_DISCONNECT);
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL),
                     HR_HCS_E_SERVICE_DISCONNECT);
    fixture_pass(&f, 2100);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, vm, NULL, NULL, NULL),
                     HR_HCS_E_SERVICE_DISCONNECT);
    machine_close_handle(f.m, vm, f.now);
    assert_true(fixture_listed(&f, "vm"));
    assert_int_equal(machine_open_system(f.m, f.client, "vm", f.now, &opened), 0);
    fixture_close(&f);
}

static void test_pending_request_is_lost_with_the_service(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.service_restart_s = 1;
    fixture_machine(&f);
    uint64_t vm = fixture_vm(&f);
    fixture_pass(&f, 800);
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL),
                     HR_HCS_E_SERVICE_DISCONNECT);
    fixture_close(&f);
}

static void test_fault_fails_at_once_or_in_the_result(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    fault(&f, "HcsStartComputeSystem", FAULT_FAIL, 1);
    fault(&f, "HcsStartComputeSystem", FAULT_FAIL, 2);
    f.faults[1].late = true;
    f.faults[1].document = text("{\"Error\":1,\"ErrorMessage\":\"injected\"}");
    fixture_machine(&f);
    uint64_t vm = fixture_vm(&f);
    uint64_t none = 0;
    struct machine_call call = {.request = MACHINE_START, .client = f.client, .handle = vm};
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), HR_E_FAIL);
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL), HR_E_FAIL);
    assert_non_null(strstr(f.document, "injected"));
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL), 0);
    fixture_close(&f);
}

static void test_failed_create_leaves_nothing(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    fault(&f, "HcsCreateComputeSystem", FAULT_FAIL, 1);
    f.faults[0].late = true;
    fixture_machine(&f);
    uint64_t vm = 0;
    assert_int_equal(fixture_call(&f, MACHINE_CREATE, 0, "vm", fixture_vm_document, &vm),
                     HR_E_FAIL);
    assert_false(fixture_listed(&f, "vm"));
    machine_close_handle(f.m, vm, f.now);
    assert_int_not_equal(fixture_vm(&f), 0);
    fixture_close(&f);
}

static void test_fault_is_slow_hangs_or_answers_nonsense(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    fault(&f, "HcsEnumerateComputeSystems", FAULT_SLOW, 1);
    f.faults[0].delay_ms = 5000;
    fault(&f, "HcsEnumerateComputeSystems", FAULT_NONSENSE, 2);
    fault(&f, "HcsGetComputeSystemProperties", FAULT_HANG, 1);
    f.faults[2].match = text("Memory");
    fixture_machine(&f);
    uint64_t vm = fixture_vm(&f);
    int64_t before = f.now;
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL), 0);
    assert_true(f.now - before >= INT64_C(5000000000));
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL), 0);
    struct json *parsed = NULL;
    assert_int_not_equal(json_parse(f.document, strlen(f.document), "answer", &parsed, NULL),
                         HVGPU_OK);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, vm, NULL, NULL, NULL), 0);
    assert_int_equal(
        fixture_call(&f, MACHINE_PROPERTIES, vm, NULL, "{\"PropertyTypes\":[\"Memory\"]}", NULL),
        -1);
    /* The hung request blocks its handle for ever; another handle still works. */
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, vm, NULL, NULL, NULL), -1);
    uint64_t second = 0;
    assert_int_equal(machine_open_system(f.m, f.client, "vm", f.now, &second), 0);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, second, NULL, NULL, NULL), 0);
    fixture_close(&f);
}

static void test_kill_comes_before_or_after_the_call_was_served(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    fault(&f, "HcsCreateComputeSystem", FAULT_KILL, 1);
    fault(&f, "HcsCreateComputeSystem", FAULT_KILL_AFTER, 2);
    fixture_machine(&f);
    uint64_t vm = 0;
    fixture_call(&f, MACHINE_CREATE, 0, "vm", fixture_vm_document, &vm);
    assert_true(f.killed);
    f.killed = false;
    assert_false(fixture_listed(&f, "vm"));
    struct machine_call call = {
        .request = MACHINE_CREATE, .client = f.client, .id = "vm", .document = fixture_vm_document};
    assert_int_equal(machine_begin(f.m, &call, f.now, &vm), 0);
    assert_false(machine_must_die(f.m, f.client));
    machine_advance(f.m, f.now + 100000000);
    assert_true(machine_must_die(f.m, f.client));
    fixture_pass(&f, 200);
    assert_true(f.killed);
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_due_when_nothing_was_asked),
        cmocka_unit_test(test_reads_that_begin_together_end_together),
        cmocka_unit_test(test_notices_keep_their_rate_in_few_batches),
        cmocka_unit_test(test_few_notices_ride_on_reads),
        cmocka_unit_test(test_an_interval_gives_one_notice_in_so_many_seconds),
        cmocka_unit_test(test_life_of_systems_is_logged_for_watchers),
        cmocka_unit_test(test_service_restart_kills_handles_and_keeps_vms),
        cmocka_unit_test(test_pending_request_is_lost_with_the_service),
        cmocka_unit_test(test_fault_fails_at_once_or_in_the_result),
        cmocka_unit_test(test_failed_create_leaves_nothing),
        cmocka_unit_test(test_fault_is_slow_hangs_or_answers_nonsense),
        cmocka_unit_test(test_kill_comes_before_or_after_the_call_was_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
