/* SPDX-License-Identifier: MIT
 *
 * Life of VMs and containers in the simulated machine, and every refusal at create and start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "tests/support/machine_fixture.h"

static hcs_result create(struct fixture *f, const char *id, const char *document, uint64_t *handle)
{
    return fixture_call(f, MACHINE_CREATE, 0, id, document, handle);
}

/* The VM document with one text exchanged. */
static char *changed(const char *document, const char *from, const char *to)
{
    const char *at = strstr(document, from);
    assert_non_null(at);
    char *out = text_format("%.*s%s%s", (int)(at - document), document, to, at + strlen(from));
    assert_non_null(out);
    return out;
}

static void assert_refused(struct fixture *f, const char *from, const char *to, hcs_result code,
                           const char *word)
{
    uint64_t handle = 0;
    char *document = changed(fixture_vm_document, from, to);
    assert_int_equal(create(f, "vm", document, &handle), code);
    assert_non_null(f->document);
    assert_non_null(strstr(f->document, word));
    assert_false(fixture_listed(f, "vm"));
    machine_close_handle(f->m, handle, f->now);
    free(document);
}

static void test_vm_is_created_started_and_terminated(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_vm(&f);
    assert_int_not_equal(vm, 0);
    assert_int_equal(machine_listen(f.m, vm, true), 0);
    assert_true(fixture_listed(&f, "vm"));
    int64_t before = f.now;
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL), 0);
    assert_true(f.now - before > 800000000);
    assert_int_equal(fixture_call(&f, MACHINE_PROPERTIES, vm, NULL, NULL, NULL), 0);
    assert_non_null(strstr(f.document, "\"State\":\"Running\""));
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL), HR_HCS_E_INVALID_STATE);
    fixture_forget(&f);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL), 0);
    assert_int_equal(f.events, 1);
    assert_int_equal(f.event_types[0], HCS_EVENT_SYSTEM_EXITED);
    assert_non_null(strstr(f.event_document, "ForcedExit"));
    assert_false(fixture_listed(&f, "vm"));
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL),
                     HR_HCS_E_SYSTEM_ALREADY_STOPPED);
    machine_close_handle(f.m, vm, f.now);
    fixture_close(&f);
}

static void test_container_runs_shuts_down_and_frees_its_root(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    assert_int_not_equal(container, 0);
    uint64_t second = 0;
    assert_int_equal(create(&f, "c2", fixture_container_document, &second), HR_ERROR_BUSY);
    machine_close_handle(f.m, second, f.now);
    machine_listen(f.m, container, true);
    fixture_forget(&f);
    assert_int_equal(fixture_call(&f, MACHINE_SHUTDOWN, container, NULL, NULL, NULL), 0);
    assert_int_equal(f.events, 0);
    assert_int_equal(fixture_call(&f, MACHINE_SHUTDOWN, container, NULL, NULL, NULL),
                     HR_HCS_E_SYSTEM_ALREADY_STOPPED);
    fixture_pass(&f, 400);
    assert_int_equal(f.events, 1);
    assert_non_null(strstr(f.event_document, "GracefulExit"));
    assert_int_equal(create(&f, "c2", fixture_container_document, &second), 0);
    fixture_close(&f);
}

static void test_containers_end_with_their_vm(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t container = fixture_running_container(&f, vm);
    uint64_t process = 0;
    assert_int_equal(fixture_run(&f, container, "cmd", &process), 0);
    machine_listen(f.m, container, true);
    machine_listen(f.m, vm, true);
    fixture_forget(&f);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL), 0);
    assert_int_equal(f.events, 3);
    assert_int_equal(f.event_types[0], HCS_EVENT_PROCESS_EXITED);
    assert_int_equal(f.event_handles[1], container);
    assert_int_equal(f.event_handles[2], vm);
    assert_false(fixture_listed(&f, "c"));
    machine_close_handle(f.m, vm, f.now);
    machine_close_handle(f.m, container, f.now);
    machine_close_handle(f.m, process, f.now);
    fixture_close(&f);
}

static void test_create_names_the_member_that_it_refuses(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_refused(&f, "\"StopOnReset\":true", "\"StopOnReset\":true,\"Gpu\":{}",
                   HR_HCS_E_INVALID_JSON, "Gpu");
    assert_refused(&f, "\"Processor\":{\"Count\":2}",
                   "\"Processor\":{\"Count\":2},\"Gpu\":{\"AssignmentMode\":\"Default\"}",
                   HR_HCS_E_INVALID_JSON, "Gpu");
    assert_refused(&f, "\"VirtualMachine\":{", "\"Container\":{},\"VirtualMachine\":{",
                   HR_HCS_E_INVALID_JSON, "");
    assert_refused(&f, "2048", "2047", HR_E_INVALIDARG, "2047");
    assert_refused(&f, "2048", "99999998", HR_E_OUTOFMEMORY, "16384");
    assert_refused(&f, "\"Count\":2", "\"Count\":9", HR_E_INVALIDARG, "Processor.Count");
    assert_refused(&f, "uvm.vhdx", "none.vhdx", HR_ERROR_FILE_NOT_FOUND, "none.vhdx");
    assert_refused(&f, "base\\\\UtilityVM", "none\\\\UtilityVM", HR_ERROR_PATH_NOT_FOUND, "none");
    fixture_close(&f);
}

static void test_disk_needs_access_and_is_in_one_vm_only(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t other = 0;
    assert_int_equal(create(&f, "other", fixture_vm_document, &other), HR_E_ACCESSDENIED);
    machine_close_handle(f.m, other, f.now);
    uint64_t vm = fixture_vm(&f);
    assert_int_not_equal(vm, 0);
    assert_int_equal(machine_grant_access(f.m, "other", "C:\\scratch\\uvm.vhdx"), 0);
    assert_int_equal(create(&f, "other", fixture_vm_document, &other), HR_ERROR_SHARING_VIOLATION);
    machine_close_handle(f.m, other, f.now);
    assert_int_equal(machine_delete_tree(f.m, "C:\\scratch"), HR_ERROR_SHARING_VIOLATION);
    fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL);
    assert_int_equal(create(&f, "other", fixture_vm_document, &other), 0);
    assert_int_equal(machine_grant_access(f.m, "vm", "C:\\Windows\\System32"), HR_E_ACCESSDENIED);
    assert_int_equal(machine_grant_access(f.m, "vm", "C:\\none"), HR_ERROR_FILE_NOT_FOUND);
    fixture_close(&f);
}

static void test_id_is_unique_while_the_system_lives(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_vm(&f);
    uint64_t again = 0;
    assert_int_equal(create(&f, "VM", fixture_vm_document, &again), HR_HCS_E_SYSTEM_ALREADY_EXISTS);
    assert_int_equal(fixture_call(&f, MACHINE_START, again, NULL, NULL, NULL),
                     HR_HCS_E_SYSTEM_NOT_FOUND);
    machine_close_handle(f.m, again, f.now);
    assert_true(fixture_listed(&f, "vm"));
    machine_close_handle(f.m, vm, f.now);
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

static void test_physical_memory_of_all_vms_fits_the_host(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char *document = changed(fixture_vm_document, "2048", "10000");
    uint64_t vm = 0;
    uint64_t other = 0;
    assert_int_equal(create(&f, "vm", document, &vm), 0);
    machine_grant_access(f.m, "b", "C:\\scratch\\c.vhdx");
    char *second = changed(document, "uvm.vhdx", "c.vhdx");
    assert_int_equal(create(&f, "b", second, &other), HR_E_OUTOFMEMORY);
    free(second);
    free(document);
    fixture_close(&f);
}

static void test_container_needs_a_running_vm_with_a_guest(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t container = 0;
    assert_int_equal(create(&f, "c", fixture_container_document, &container),
                     HR_HCS_E_SYSTEM_NOT_FOUND);
    uint64_t vm = fixture_vm(&f);
    assert_int_equal(create(&f, "c", fixture_container_document, &container),
                     HR_HCS_E_INVALID_STATE);
    fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL);
    assert_int_equal(create(&f, "c", fixture_container_document, &container),
                     HR_ERROR_PATH_NOT_FOUND);
    assert_non_null(strstr(f.document, "combined layers"));
    fixture_close(&f);
}

static void test_start_fails_without_boot_file_memory_or_fitting_image(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = 0;
    char *document = changed(fixture_vm_document, "base\\\\UtilityVM\\\\Files", "base\\\\Files");
    assert_int_equal(create(&f, "vm", document, &vm), 0);
    machine_listen(f.m, vm, true);
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL),
                     HR_HCS_E_TERMINATED_DURING_START);
    assert_non_null(strstr(f.document, "VmbFs"));
    assert_int_equal(f.events, 1);
    assert_false(fixture_listed(&f, "vm"));
    machine_close_handle(f.m, vm, f.now);
    free(document);
    document = changed(fixture_vm_document, "2048", "128");
    assert_int_equal(create(&f, "vm", document, &vm), 0);
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL),
                     HR_HCS_E_CONNECTION_TIMEOUT);
    machine_close_handle(f.m, vm, f.now);
    free(document);
    f.scenario.facts.build = 19044;
    vm = fixture_vm(&f);
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL),
                     HR_HCS_E_IMAGE_MISMATCH);
    fixture_close(&f);
}

static void test_host_without_hypervisor_service_or_rights_says_so(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = 0;
    f.scenario.facts.hypervisor = HVGPU_ANSWER_NO;
    assert_int_equal(create(&f, "vm", fixture_vm_document, &vm), HR_HCS_E_HYPERV_NOT_INSTALLED);
    f.scenario.facts.service = HVGPU_ANSWER_NO;
    assert_int_equal(create(&f, "vm", fixture_vm_document, &vm), HR_HCS_E_SERVICE_NOT_AVAILABLE);
    f.scenario.facts.elevated = HVGPU_ANSWER_NO;
    assert_int_equal(create(&f, "vm", fixture_vm_document, &vm), HR_HCS_E_ACCESS_DENIED);
    fixture_close(&f);
}

static void test_last_handle_of_all_clients_ends_the_system(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char *document = changed(fixture_vm_document, "HandleClosed\":false", "HandleClosed\":true");
    uint64_t vm = 0;
    uint64_t theirs = 0;
    assert_int_equal(create(&f, "vm", document, &vm), 0);
    free(document);
    uint32_t other = machine_client_new(f.m);
    assert_int_equal(machine_open_system(f.m, other, "vm", f.now, &theirs), 0);
    machine_close_handle(f.m, vm, f.now);
    assert_true(fixture_listed(&f, "vm"));
    machine_client_gone(f.m, other, f.now);
    assert_false(fixture_listed(&f, "vm"));
    assert_int_equal(machine_open_system(f.m, f.client, "vm", f.now, &theirs),
                     HR_HCS_E_SYSTEM_NOT_FOUND);
    fixture_close(&f);
}

static void test_create_goes_on_when_its_client_dies(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = 0;
    struct machine_call call = {.request = MACHINE_CREATE,
                                .client = f.client,
                                .operation = 1,
                                .id = "vm",
                                .document = fixture_vm_document};
    assert_int_equal(machine_begin(f.m, &call, f.now, &vm), 0);
    machine_client_gone(f.m, f.client, f.now);
    f.client = machine_client_new(f.m);
    fixture_pass(&f, 200);
    assert_true(fixture_listed(&f, "vm"));
    fixture_close(&f);
}

static void test_terminate_during_start_fails_the_start(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_vm(&f);
    uint64_t second = 0;
    uint64_t none = 0;
    assert_int_equal(machine_open_system(f.m, f.client, "vm", f.now, &second), 0);
    struct machine_call call = {
        .request = MACHINE_START, .client = f.client, .handle = vm, .operation = 99};
    assert_int_equal(machine_begin(f.m, &call, f.now, &none), 0);
    assert_int_equal(fixture_call(&f, MACHINE_TERMINATE, second, NULL, NULL, NULL), 0);
    fixture_pass(&f, 2000);
    assert_int_equal(f.operation, 99);
    assert_int_equal(f.result, HR_HCS_E_TERMINATED_DURING_START);
    fixture_close(&f);
}

static void test_requests_to_one_handle_are_served_one_after_another(void **state)
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
    fixture_pass(&f, 100);
    f.operation = 0;
    fixture_pass(&f, 700);
    assert_int_equal(f.operation, 0);
    fixture_pass(&f, 200);
    assert_int_equal(f.operation, 2);
    assert_non_null(strstr(f.document, "Running"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vm_is_created_started_and_terminated),
        cmocka_unit_test(test_container_runs_shuts_down_and_frees_its_root),
        cmocka_unit_test(test_containers_end_with_their_vm),
        cmocka_unit_test(test_create_names_the_member_that_it_refuses),
        cmocka_unit_test(test_disk_needs_access_and_is_in_one_vm_only),
        cmocka_unit_test(test_id_is_unique_while_the_system_lives),
        cmocka_unit_test(test_physical_memory_of_all_vms_fits_the_host),
        cmocka_unit_test(test_container_needs_a_running_vm_with_a_guest),
        cmocka_unit_test(test_start_fails_without_boot_file_memory_or_fitting_image),
        cmocka_unit_test(test_host_without_hypervisor_service_or_rights_says_so),
        cmocka_unit_test(test_last_handle_of_all_clients_ends_the_system),
        cmocka_unit_test(test_create_goes_on_when_its_client_dies),
        cmocka_unit_test(test_terminate_during_start_fails_the_start),
        cmocka_unit_test(test_requests_to_one_handle_are_served_one_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
