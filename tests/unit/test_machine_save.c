/* SPDX-License-Identifier: MIT
 *
 * Saving and loading the simulated machine: nothing is lost, pending requests go on, damaged states
 * are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "tests/support/machine_fixture.h"

/* Saves, makes a new machine, loads, as another process would. */
static void reload(struct fixture *f)
{
    struct json *state = machine_save(f->m);
    char *text = json_print(state);
    json_free(state);
    assert_non_null(text);
    assert_int_equal(json_parse(text, strlen(text), "state", &state, NULL), HVGPU_OK);
    struct machine *fresh = machine_new(&f->scenario);
    struct hvgpu_error err;
    assert_int_equal(machine_load(fresh, state, &err), HVGPU_OK);
    json_free(state);
    struct json *again = machine_save(fresh);
    char *second = json_print(again);
    json_free(again);
    /* The heap of dues takes new order numbers; everything else is the same. */
    assert_int_equal(strlen(second) / 16, strlen(text) / 16);
    free(second);
    free(text);
    machine_free(f->m);
    f->m = fresh;
}

static void test_whole_life_goes_on_over_reloads(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.containers = 5;
    fixture_machine(&f);
    reload(&f);
    uint64_t vm = fixture_running_vm(&f);
    reload(&f);
    uint64_t container = fixture_running_container(&f, vm);
    assert_int_not_equal(container, 0);
    reload(&f);
    machine_listen(f.m, container, true);
    uint64_t process = 0;
    assert_int_equal(fixture_run(&f, container, "cmd", &process), 0);
    uint64_t input = f.std_input;
    reload(&f);
    fixture_forget(&f);
    assert_int_equal(machine_stream_write(f.m, input, "echo abc\r\nexit 3\r\n", 18, f.now), 0);
    reload(&f);
    fixture_pass(&f, 1000);
    assert_non_null(strstr(f.output, "abc"));
    assert_int_equal(f.event_types[0], HCS_EVENT_PROCESS_EXITED);
    assert_non_null(strstr(f.event_document, "\"ExitCode\":3"));
    assert_int_equal(fixture_call(&f, MACHINE_SHUTDOWN, container, NULL, NULL, NULL), 0);
    reload(&f);
    fixture_forget(&f);
    fixture_pass(&f, 500);
    assert_int_equal(f.events, 1);
    assert_false(fixture_listed(&f, "c"));
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

static void test_pending_requests_go_on_after_a_load(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_vm(&f);
    uint64_t none = 0;
    struct machine_call call = {
        .request = MACHINE_START, .client = f.client, .handle = vm, .operation = 1};
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    call.request = MACHINE_PROPERTIES;
    call.operation = 2;
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    call.request = MACHINE_ENUMERATE;
    call.handle = 0;
    call.operation = 3;
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    reload(&f);
    fixture_pass(&f, 10);
    assert_int_equal(f.operation, 3);
    reload(&f);
    fixture_pass(&f, 2000);
    assert_int_equal(f.operation, 2);
    assert_non_null(strstr(f.document, "Running"));
    fixture_close(&f);
}

static void test_outputs_wait_in_the_state(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint32_t other = machine_client_new(f.m);
    uint64_t theirs = 0;
    assert_int_equal(machine_open_system(f.m, other, "vm", f.now, &theirs), 0);
    machine_listen(f.m, theirs, true);
    machine_watch(f.m, other, true, f.now);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL), 0);
    reload(&f);
    assert_true(machine_has_output(f.m, other));
    f.client = other;
    fixture_forget(&f);
    fixture_take(&f);
    assert_int_equal(f.events, 1);
    assert_int_equal(f.event_handles[0], theirs);
    assert_int_equal(f.notices, 1);
    fixture_close(&f);
}

static void test_initial_system_stays_ended(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.containers = 3;
    fixture_machine(&f);
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL), 0);
    struct json *list = NULL;
    assert_int_equal(json_parse(f.document, strlen(f.document), "list", &list, NULL), HVGPU_OK);
    char *id = text_copy(json_string(json_first(list), "Id"));
    json_free(list);
    uint64_t handle = 0;
    assert_int_equal(machine_open_system(f.m, f.client, id, f.now, &handle), 0);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, handle, NULL, NULL, NULL), 0);
    reload(&f);
    assert_false(fixture_listed(&f, id));
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, handle, NULL, NULL, NULL),
                     HR_HCS_E_SYSTEM_ALREADY_STOPPED);
    machine_close_handle(f.m, handle, f.now);
    reload(&f);
    assert_false(fixture_listed(&f, id));
    free(id);
    fixture_close(&f);
}

static void test_damaged_states_are_refused(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "{}",
        "[]",
        "{\"v\":1}",
        "{\"v\":2,\"scenario\":\"fixture\"}",
        "{\"v\":1,\"scenario\":\"other\"}",
        "{\"v\":1,\"scenario\":\"fixture\",\"now\":\"x\"}",
        "{\"v\":1,\"scenario\":\"fixture\",\"systems\":[{}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"systems\":[{\"id\":\"a\",\"number\":0}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"systems\":[{\"id\":\"a\",\"number\":9,\"state\":99}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"handles\":[{\"number\":9,\"system\":77}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"requests\":[{\"number\":9,\"kind\":3}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"clients\":[{\"number\":0}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"files\":[{}]}",
        "{\"v\":1,\"scenario\":\"fixture\",\"faults\":[1,2,3,4,5,6]}",
    };
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    assert_int_not_equal(vm, 0);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct json *document = NULL;
        struct hvgpu_error err;
        assert_int_equal(json_parse(damaged[i], strlen(damaged[i]), "state", &document, NULL),
                         HVGPU_OK);
        assert_int_not_equal(machine_load(f.m, document, &err), HVGPU_OK);
        assert_true(err.message[0] != '\0');
        json_free(document);
    }
    /* The machine is as it was. */
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

/* Every single member taken out or exchanged: never a crash, and what loads can be used. */
static void damage(struct fixture *f, const char *text, size_t at)
{
    struct json *document = NULL;
    char *copy = text_copy(text);
    copy[at] = copy[at] == '1' ? '0' : '1';
    if (json_parse(copy, strlen(copy), "state", &document, NULL) == HVGPU_OK) {
        struct machine *m = machine_new(&f->scenario);
        struct hvgpu_error err;
        if (machine_load(m, document, &err) == HVGPU_OK) {
            machine_advance(m, f->now + INT64_C(5000000000));
            uint32_t clients[8];
            size_t count = machine_clients(m, clients, 8);
            for (size_t i = 0; i < count && i < 8; i++) {
                machine_client_gone(m, clients[i], f->now);
            }
        }
        machine_free(m);
    }
    json_free(document);
    free(copy);
}

static void test_any_changed_digit_is_survived(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    uint64_t process = 0;
    uint64_t none = 0;
    fixture_run(&f, container, "cmd", &process);
    struct machine_call call = {
        .request = MACHINE_SHUTDOWN, .client = f.client, .handle = container};
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    call.request = MACHINE_CREATE_PROCESS;
    call.document = "{\"CommandLine\":\"cmd\"}";
    call.handle = vm;
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    struct json *saved = machine_save(f.m);
    char *text = json_print(saved);
    json_free(saved);
    for (size_t at = 0; text[at] != '\0'; at++) {
        if (text[at] >= '0' && text[at] <= '9') {
            damage(&f, text, at);
        }
    }
    free(text);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_life_goes_on_over_reloads),
        cmocka_unit_test(test_pending_requests_go_on_after_a_load),
        cmocka_unit_test(test_outputs_wait_in_the_state),
        cmocka_unit_test(test_initial_system_stays_ended),
        cmocka_unit_test(test_damaged_states_are_refused),
        cmocka_unit_test(test_any_changed_digit_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
