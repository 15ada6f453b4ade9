/* SPDX-License-Identifier: MIT
 *
 * Processes of the simulated machine: streams, exit codes, requests; and reads: properties,
 * enumeration, the service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/machine_fixture.h"

static void test_process_prints_and_ends_with_its_code(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    uint64_t process = 0;
    fixture_forget(&f);
    assert_int_equal(fixture_run(&f, container, "cmd /c echo hello", &process), 0);
    assert_true(f.process_id > 0);
    assert_int_not_equal(f.std_output, 0);
    fixture_pass(&f, 2000);
    assert_non_null(strstr(f.output, "hello"));
    assert_int_equal(f.ends, 2);
    assert_int_equal(f.event_types[f.events - 1], HCS_EVENT_PROCESS_EXITED);
    assert_int_equal(f.event_handles[f.events - 1], process);
    assert_int_equal(fixture_call(&f, MACHINE_PROCESS_PROPERTIES, process, NULL, NULL, NULL), 0);
    assert_non_null(strstr(f.document, "\"Exited\":true"));
    assert_non_null(strstr(f.document, "\"ExitCode\":0"));
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE_PROCESS, process, NULL, NULL, NULL),
                     HR_HCS_E_PROCESS_ALREADY_STOPPED);
    /* The container stays up when its init process has ended. */
    assert_true(fixture_listed(&f, "c"));
    fixture_close(&f);
}

static void test_unknown_program_and_missing_command_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t process = 0;
    assert_int_equal(fixture_run(&f, vm, "nosuchprogram.exe", &process), HR_ERROR_FILE_NOT_FOUND);
    assert_int_equal(fixture_call(&f, MACHINE_CREATE_PROCESS, vm, NULL, "{}", &process),
                     HR_E_INVALIDARG);
    assert_int_equal(fixture_call(&f, MACHINE_CREATE_PROCESS, vm, NULL,
                                  "{\"CommandLine\":\"cmd\",\"X\":1}", &process),
                     HR_HCS_E_INVALID_JSON);
    fixture_close(&f);
}

static void test_input_is_answered_and_its_end_is_seen(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    uint64_t process = 0;
    assert_int_equal(fixture_run(&f, container, "cmd", &process), 0);
    fixture_pass(&f, 500);
    fixture_forget(&f);
    assert_int_equal(machine_stream_write(f.m, f.std_input, "echo abc\r\n", 10, f.now), 0);
    fixture_pass(&f, 1000);
    assert_non_null(strstr(f.output, "abc"));
    assert_int_equal(f.events, 0);
    assert_int_equal(fixture_call(&f, MACHINE_MODIFY_PROCESS, process, NULL,
                                  "{\"Operation\":\"ConsoleSize\",\"ConsoleSize\":{"
                                  "\"Height\":40,\"Width\":132}}",
                                  NULL),
                     0);
    assert_int_equal(fixture_call(&f, MACHINE_MODIFY_PROCESS, process, NULL,
                                  "{\"Operation\":\"CloseHandle\",\"CloseHandle\":{"
                                  "\"Handle\":\"StdIn\"}}",
                                  NULL),
                     0);
    fixture_pass(&f, 2000);
    assert_int_equal(f.events, 1);
    assert_int_equal(machine_stream_write(f.m, f.std_input, "x", 1, f.now), HR_ERROR_BROKEN_PIPE);
    fixture_close(&f);
}

static void test_process_is_found_by_id_and_killed_through_a_second_handle(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    uint64_t process = 0;
    uint64_t second = 0;
    assert_int_equal(fixture_run(&f, container, "cmd", &process), 0);
    uint32_t pid = f.process_id;
    assert_int_equal(machine_open_process(f.m, f.client, container, pid + 1, f.now, &second),
                     HR_ERROR_NOT_FOUND);
    assert_int_equal(machine_open_process(f.m, f.client, container, pid, f.now, &second), 0);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, container, NULL,
                                  "{\"PropertyTypes\":[\"ProcessList\"]}", NULL),
                     0);
    assert_non_null(strstr(f.document, "cmd.exe"));
    fixture_forget(&f);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE_PROCESS, second, NULL, NULL, NULL), 0);
    assert_int_equal(f.events, 1);
    assert_int_equal(f.event_handles[0], process);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, container, NULL,
                                  "{\"PropertyTypes\":[\"ProcessList\"]}", NULL),
                     0);
    assert_null(strstr(f.document, "cmd.exe"));
    fixture_close(&f);
}

static void test_streams_end_when_their_client_dies(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t process = 0;
    assert_int_equal(fixture_run(&f, vm, "cmd", &process), 0);
    uint64_t input = f.std_input;
    machine_client_gone(f.m, f.client, f.now);
    f.client = machine_client_new(f.m);
    fixture_pass(&f, 3000);
    assert_int_equal(machine_stream_write(f.m, input, "x", 1, f.now), HR_ERROR_BROKEN_PIPE);
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

static void test_properties_are_those_of_the_kind(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, vm, NULL,
                                  "{\"PropertyTypes\":[\"Memory\",\"TerminateOnLastHandleClosed\","
                                  "\"GuestConnection\"]}",
                                  NULL),
                     0);
    assert_non_null(strstr(f.document, "\"AssignedMemory\":524288"));
    assert_non_null(strstr(f.document, "\"TerminateOnLastHandleClosed\":false"));
    assert_non_null(strstr(f.document, "ProtocolVersion"));
    assert_int_not_equal(
        fixture_call(&f, MACHINE_PROPERTIES, vm, NULL, "{\"PropertyTypes\":[\"Basic\"]}", NULL), 0);
    assert_int_not_equal(fixture_call(&f, MACHINE_PROPERTIES, vm, NULL,
                                      "{\"PropertyTypes\":[\"Statistics\"]}", NULL),
                         0);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, container, NULL,
                                  "{\"PropertyTypes\":[\"Statistics\"]}", NULL),
                     0);
    char *first = f.document;
    f.document = NULL;
    fixture_pass(&f, 3000);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, container, NULL,
                                  "{\"PropertyTypes\":[\"Statistics\"]}", NULL),
                     0);
    assert_string_not_equal(first, f.document);
    free(first);
    fixture_close(&f);
}

static void test_enumeration_filters(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    fixture_running_container(&f, vm);
    const char *vms = "{\"Types\":[\"VirtualMachine\"]}";
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, vms, NULL), 0);
    assert_non_null(strstr(f.document, "\"Id\":\"vm\""));
    assert_null(strstr(f.document, "\"Id\":\"c\""));
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, "{\"Ids\":[\"c\"]}", NULL), 0);
    assert_non_null(strstr(f.document, "\"HostingSystemId\":\"vm\""));
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, "{\"Owners\":[\"x\"]}", NULL), 0);
    assert_string_equal(f.document, "[]");
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, "{\"Nothing\":[]}", NULL),
                     HR_HCS_E_INVALID_JSON);
    fixture_close(&f);
}

static void test_service_tells_schema_and_processors(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char *answer = NULL;
    assert_int_equal(
        machine_service_properties(f.m, "{\"PropertyTypes\":[\"Basic\"]}", f.now, &answer), 0);
    assert_non_null(strstr(answer, "\"Minor\":5"));
    free(answer);
    assert_int_equal(machine_service_properties(f.m, "{\"PropertyTypes\":[\"ProcessorTopology\"]}",
                                                f.now, &answer),
                     0);
    assert_non_null(strstr(answer, "\"LogicalProcessorCount\":8"));
    free(answer);
    assert_int_equal(machine_service_properties(f.m, "{\"Bogus\":1}", f.now, &answer),
                     HR_HCS_E_INVALID_JSON);
    free(answer);
    fixture_close(&f);
}

static void test_ten_thousand_systems_are_listed_from_a_cache(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.scenario.containers = 10000;
    fixture_machine(&f);
    assert_int_equal(fixture_call(&f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL), 0);
    size_t count = 0;
    for (const char *at = f.document; at != NULL; at = strstr(at + 1, "\"Id\":")) {
        count++;
    }
    assert_int_equal(count, 10001);
    uint64_t vm = fixture_vm(&f);
    assert_int_not_equal(vm, 0);
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process_prints_and_ends_with_its_code),
        cmocka_unit_test(test_unknown_program_and_missing_command_are_refused),
        cmocka_unit_test(test_input_is_answered_and_its_end_is_seen),
        cmocka_unit_test(test_process_is_found_by_id_and_killed_through_a_second_handle),
        cmocka_unit_test(test_streams_end_when_their_client_dies),
        cmocka_unit_test(test_properties_are_those_of_the_kind),
        cmocka_unit_test(test_enumeration_filters),
        cmocka_unit_test(test_service_tells_schema_and_processors),
        cmocka_unit_test(test_ten_thousand_systems_are_listed_from_a_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
