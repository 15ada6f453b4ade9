/* SPDX-License-Identifier: MIT
 *
 * Shares, disks, layers, GPU configurations and assigned devices of the simulated machine: what is
 * accepted, what is refused and with which code.
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
#include "core/engine/hcs/simulated/state.h"
#include "tests/support/machine_fixture.h"

#define SHARE(type, rest)                                                                          \
    "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualSmb/Shares\",\"RequestType\":\"" type       \
    "\",\"Settings\":{" rest "}}"
#define DISK(lun, type, path)                                                                      \
    "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/0/Attachments/" lun                           \
    "\",\"RequestType\":\"" type "\",\"Settings\":{\"Type\":\"VirtualDisk\",\"Path\":\"" path      \
    "\"}}"
#define GUID_A "2d631de9-d73c-4cb5-920e-8d0cfdf8b9b5"

/* A GPU update: mode, and in List mode one GPU with a partition number. */
static char *gpu_update(const char *mode, const char *path, int partition)
{
    struct json *document = json_new_object();
    json_add_string(document, "ResourcePath", "VirtualMachine/ComputeTopology/Gpu");
    json_add_string(document, "RequestType", "Update");
    struct json *settings = json_add_object(document, "Settings");
    json_add_string(settings, "AssignmentMode", mode);
    if (path != NULL) {
        json_add_u64(json_add_object(settings, "AssignmentRequest"), path, (uint64_t)partition);
    }
    json_add_bool(settings, "AllowVendorExtension", true);
    char *text = json_print(document);
    json_free(document);
    assert_non_null(text);
    return text;
}

static hcs_result gpu(struct fixture *f, uint64_t vm, const char *mode, const char *path,
                      int partition)
{
    char *document = gpu_update(mode, path, partition);
    hcs_result result = fixture_modify(f, vm, document);
    free(document);
    return result;
}

static hcs_result vpci(struct fixture *f, uint64_t vm, const char *type, const char *device)
{
    struct json *document = json_new_object();
    json_add_string(document, "ResourcePath", "VirtualMachine/Devices/VirtualPci/" GUID_A);
    json_add_string(document, "RequestType", type);
    if (device != NULL) {
        struct json *settings = json_add_object(document, "Settings");
        struct json *function =
            json_append(json_add_array(settings, "Functions"), json_new_object());
        json_add_string(function, "DeviceInstancePath", device);
    }
    char *text = json_print(document);
    json_free(document);
    hcs_result result = fixture_modify(f, vm, text);
    free(text);
    return result;
}

/* A second VM with its own disk. */
static uint64_t second_vm(struct fixture *f)
{
    const char *at = strstr(fixture_vm_document, "uvm.vhdx");
    char *document = text_format("%.*sc.vhdx%s", (int)(at - fixture_vm_document),
                                 fixture_vm_document, at + strlen("uvm.vhdx"));
    uint64_t vm = 0;
    machine_grant_access(f->m, "vm2", "C:\\scratch\\c.vhdx");
    assert_int_equal(fixture_call(f, MACHINE_CREATE, 0, "vm2", document, &vm), 0);
    assert_int_equal(fixture_call(f, MACHINE_START, vm, NULL, NULL, NULL), 0);
    free(document);
    return vm;
}

static void test_shares_have_unique_names_and_existing_folders(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    const char *add = SHARE("Add", "\"Name\":\"s1\",\"Path\":\"C:\\\\layers\\\\top\"");
    assert_int_equal(fixture_modify(&f, vm, add), 0);
    assert_int_equal(fixture_modify(&f, vm, add), HR_ERROR_ALREADY_EXISTS);
    assert_int_equal(
        fixture_modify(&f, vm, SHARE("Add", "\"Name\":\"s2\",\"Path\":\"C:\\\\none\"")),
        HR_ERROR_PATH_NOT_FOUND);
    assert_int_equal(fixture_modify(&f, vm, SHARE("Remove", "\"Name\":\"s9\"")),
                     HR_ERROR_NOT_FOUND);
    assert_int_equal(fixture_modify(&f, vm, SHARE("Remove", "\"Name\":\"os\"")), HR_ERROR_BUSY);
    assert_int_equal(fixture_modify(&f, vm, SHARE("Remove", "\"Name\":\"s1\"")), 0);
    assert_int_equal(fixture_modify(&f, vm, add), 0);
    fixture_close(&f);
}

static void test_share_update_changes_allowed_files_only(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    const char *plain = SHARE("Add", "\"Name\":\"a\",\"Path\":\"C:\\\\layers\\\\top\"");
    const char *restricted =
        SHARE("Add", "\"Name\":\"b\",\"Path\":\"C:\\\\scratch\",\"AllowedFiles\":["
                     "\"C:\\\\scratch\\\\c.vhdx\"],\"Options\":{\"RestrictFileAccess\":true}");
    assert_int_equal(fixture_modify(&f, vm, plain), 0);
    assert_int_equal(fixture_modify(&f, vm, restricted), 0);
    assert_int_equal(fixture_modify(&f, vm, SHARE("Update", "\"Name\":\"a\",\"AllowedFiles\":[]")),
                     HR_E_INVALIDARG);
    assert_int_equal(
        fixture_modify(&f, vm,
                       SHARE("Update", "\"Name\":\"b\",\"AllowedFiles\":[\"C:\\\\scratch\\\\x\"]")),
        0);
    fixture_close(&f);
}

static void test_lun_is_free_and_access_granted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    assert_int_equal(fixture_modify(&f, vm, DISK("0", "Add", "C:\\\\scratch\\\\c.vhdx")),
                     HR_ERROR_ALREADY_EXISTS);
    machine_revoke_access(f.m, "vm", "C:\\scratch\\c.vhdx");
    assert_int_equal(fixture_modify(&f, vm, DISK("1", "Add", "C:\\\\scratch\\\\c.vhdx")),
                     HR_E_ACCESSDENIED);
    machine_grant_access(f.m, "vm", "C:\\scratch\\c.vhdx");
    assert_int_equal(fixture_modify(&f, vm, DISK("1", "Add", "C:\\\\scratch\\\\c.vhdx")), 0);
    assert_int_equal(fixture_modify(&f, vm, DISK("2", "Add", "C:\\\\scratch\\\\c.vhdx")),
                     HR_ERROR_SHARING_VIOLATION);
    assert_int_equal(fixture_modify(&f, vm, DISK("1", "Remove", "")), 0);
    assert_int_equal(fixture_modify(&f, vm, DISK("1", "Remove", "")), HR_ERROR_NOT_FOUND);
    assert_int_equal(fixture_modify(&f, vm, DISK("64", "Add", "C:\\\\scratch\\\\c.vhdx")),
                     HR_HCS_E_INVALID_JSON);
    fixture_close(&f);
}

static void test_layer_that_is_not_shared_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    const char *combine =
        "{\"GuestRequest\":{\"ResourceType\":\"CombinedLayers\",\"RequestType\":\"Add\","
        "\"Settings\":{\"ContainerRootPath\":\"c:\\\\m0\",\"Layers\":[{\"Id\":"
        "\"a710dc3c-0001-0002-0102-030405060708\",\"Path\":"
        "\"\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\nosuch\"}]}}}";
    assert_int_equal(fixture_modify(&f, vm, combine), HR_ERROR_PATH_NOT_FOUND);
    assert_non_null(strstr(f.document, "no disk is mounted"));
    fixture_layers(&f, vm);
    const char *unmount =
        "{\"GuestRequest\":{\"ResourceType\":\"MappedVirtualDisk\",\"RequestType\":\"Remove\","
        "\"Settings\":{\"ContainerPath\":\"c:\\\\m0\",\"Lun\":1}}}";
    assert_int_equal(fixture_modify(&f, vm, unmount), HR_ERROR_BUSY);
    assert_int_equal(fixture_modify(&f, vm, SHARE("Remove", "\"Name\":\"s1\"")), HR_ERROR_BUSY);
    const char *take_apart =
        "{\"GuestRequest\":{\"ResourceType\":\"CombinedLayers\",\"RequestType\":\"Remove\","
        "\"Settings\":{\"ContainerRootPath\":\"c:\\\\m0\"}}}";
    assert_int_equal(fixture_modify(&f, vm, take_apart), 0);
    assert_int_equal(fixture_modify(&f, vm, combine), HR_ERROR_PATH_NOT_FOUND);
    assert_non_null(strstr(f.document, "nosuch"));
    assert_int_equal(fixture_modify(&f, vm, unmount), 0);
    fixture_close(&f);
}

static void test_add_is_taken_back_when_the_guest_refuses(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    const char *both =
        "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/0/Attachments/1\",\"RequestType\":\"Add\","
        "\"Settings\":{\"Type\":\"VirtualDisk\",\"Path\":\"C:\\\\scratch\\\\c.vhdx\"},"
        "\"GuestRequest\":{\"ResourceType\":\"MappedVirtualDisk\",\"RequestType\":\"Add\","
        "\"Settings\":{\"ContainerPath\":\"c:\\\\m0\",\"Lun\":7}}}";
    assert_int_equal(fixture_modify(&f, vm, both), HR_ERROR_NOT_FOUND);
    assert_int_equal(fixture_modify(&f, vm, DISK("1", "Add", "C:\\\\scratch\\\\c.vhdx")), 0);
    fixture_close(&f);
}

static void test_gpu_update_needs_a_started_vm_and_is_update_only(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_vm(&f);
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU0, 65535), HR_HCS_E_INVALID_STATE);
    fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL);
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU0, 65535), 0);
    assert_int_not_equal(
        fixture_modify(&f, vm,
                       "{\"ResourcePath\":\"VirtualMachine/ComputeTopology/Gpu\","
                       "\"RequestType\":\"Add\",\"Settings\":{\"AssignmentMode\":\"Disabled\"}}"),
        0);
    assert_int_equal(gpu(&f, vm, "List", "\\\\?\\PCI#GONE", 65535), HR_ERROR_NOT_FOUND);
    assert_int_equal(gpu(&f, vm, "Disabled", NULL, 0), 0);
    fixture_close(&f);
}

static void test_taken_partition_is_not_given_again(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t other = second_vm(&f);
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU0, 2), 0);
    assert_int_equal(gpu(&f, other, "List", FIXTURE_GPU0, 2), HR_ERROR_BUSY);
    assert_non_null(strstr(f.document, "VirtualDeviceFailure"));
    assert_int_equal(gpu(&f, other, "List", FIXTURE_GPU0, 4), HR_E_INVALIDARG);
    assert_int_equal(gpu(&f, other, "List", FIXTURE_GPU0, 3), 0);
    /* An update replaces everything: the partition of the first GPU is free again. */
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU1, 65535), 0);
    assert_int_equal(gpu(&f, other, "List", FIXTURE_GPU0, 2), 0);
    fixture_close(&f);
}

static void test_exhausted_gpu_refuses_and_leaves_the_configuration(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    uint64_t other = second_vm(&f);
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU1, 65535), 0);
    assert_int_equal(gpu(&f, other, "List", FIXTURE_GPU1, 65535), HR_ERROR_NO_SYSTEM_RESOURCES);
    assert_non_null(strstr(f.document, "VirtualDeviceFailure"));
    assert_int_equal(gpu(&f, other, "Mirror", NULL, 0), HR_ERROR_NO_SYSTEM_RESOURCES);
    assert_int_equal(gpu(&f, vm, "Mirror", NULL, 0), 0);
    /* An exit frees what the VM held. */
    fixture_call(&f, MACHINE_TERMINATE, vm, NULL, NULL, NULL);
    assert_int_equal(gpu(&f, other, "Mirror", NULL, 0), 0);
    fixture_close(&f);
}

static void test_gpu_that_refuses_answers_with_its_own_code(void **state)
{
    (void)state;
    struct fixture f;
    fixture_scenario(&f);
    f.gpus[0].refuses = true;
    f.gpus[0].refuse_code = HR_STATUS_GPU_VENDOR_EXTENSION;
    f.gpus[1].partitions_held_by_others = 1;
    fixture_machine(&f);
    uint64_t vm = fixture_running_vm(&f);
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU0, 65535), HR_STATUS_GPU_VENDOR_EXTENSION);
    assert_non_null(strstr(f.document, "NVIDIA A2"));
    assert_int_equal(gpu(&f, vm, "List", FIXTURE_GPU1, 65535), HR_ERROR_NO_SYSTEM_RESOURCES);
    fixture_close(&f);
}

static void test_device_assignment_checks_host_device_and_backing(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    assert_int_equal(vpci(&f, vm, "Add", "PCI\\VEN_10DE&DEV_25B6\\4&0"), HR_ERROR_NOT_FOUND);
    f.scenario.facts.server_edition = HVGPU_ANSWER_NO;
    assert_int_equal(vpci(&f, vm, "Add", FIXTURE_DEVICE), HR_ERROR_NOT_SUPPORTED);
    f.scenario.facts.server_edition = HVGPU_ANSWER_YES;
    f.scenario.policy_refuses_dda = true;
    assert_int_equal(vpci(&f, vm, "Add", FIXTURE_DEVICE), HR_ERROR_ACCESS_DISABLED_BY_POLICY);
    assert_non_null(strstr(f.document, "RequireSecureDeviceAssignment"));
    f.scenario.policy_refuses_dda = false;
    assert_int_equal(vpci(&f, vm, "Add", FIXTURE_DEVICE), 0);
    assert_int_equal(vpci(&f, vm, "Add", FIXTURE_DEVICE), HR_ERROR_ALREADY_EXISTS);
    uint64_t other = second_vm(&f);
    assert_int_equal(vpci(&f, other, "Add", FIXTURE_DEVICE), HR_ERROR_BUSY);
    struct host_gpu *gpus = NULL;
    size_t count = 0;
    assert_int_equal(machine_gpus(f.m, f.now, &gpus, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(gpus[2].assigned_system_id, "vm");
    assert_int_equal(gpus[2].assigned_to_guest, HVGPU_ANSWER_YES);
    free(gpus);
    assert_int_equal(vpci(&f, vm, "Remove", NULL), 0);
    assert_int_equal(vpci(&f, vm, "Remove", NULL), HR_ERROR_NOT_FOUND);
    assert_int_equal(vpci(&f, other, "Add", FIXTURE_DEVICE), 0);
    fixture_close(&f);
}

static void test_device_assignment_needs_physical_memory(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    const char *from = "\"AllowOvercommit\":false";
    const char *at = strstr(fixture_vm_document, from);
    char *document = text_format("%.*s\"AllowOvercommit\":true%s", (int)(at - fixture_vm_document),
                                 fixture_vm_document, at + strlen(from));
    uint64_t vm = 0;
    assert_int_equal(fixture_call(&f, MACHINE_CREATE, 0, "vm", document, &vm), 0);
    assert_int_equal(fixture_call(&f, MACHINE_START, vm, NULL, NULL, NULL), 0);
    assert_int_equal(vpci(&f, vm, "Add", FIXTURE_DEVICE), HR_ERROR_NOT_SUPPORTED);
    free(document);
    fixture_close(&f);
}

static void test_unknown_members_and_resources_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t vm = fixture_running_vm(&f);
    assert_int_equal(fixture_modify(&f, vm, "{\"ResourcePath\":"), HR_HCS_E_INVALID_JSON);
    assert_int_equal(fixture_modify(&f, vm, "{}"), HR_HCS_E_INVALID_JSON);
    assert_int_equal(fixture_modify(&f, vm, "{\"ResourcePath\":\"x\",\"Bogus\":1}"),
                     HR_HCS_E_INVALID_JSON);
    assert_non_null(strstr(f.document, "Bogus"));
    assert_int_equal(
        fixture_modify(&f, vm, SHARE("Add", "\"Name\":\"x\",\"Path\":\"C:\\\\scratch\",\"Y\":1")),
        HR_HCS_E_INVALID_JSON);
    fixture_close(&f);
}

static void test_every_assumed_code_is_a_failure_with_a_reason(void **state)
{
    (void)state;
    for (int i = 0; i < ASSUMED_COUNT; i++) {
        assert_true(HRESULT_IS_FAILURE(sim_assumed_code((enum sim_assumed)i)));
        assert_non_null(hresult_symbol(sim_assumed_code((enum sim_assumed)i)));
        assert_non_null(sim_assumed_reason((enum sim_assumed)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_have_unique_names_and_existing_folders),
        cmocka_unit_test(test_share_update_changes_allowed_files_only),
        cmocka_unit_test(test_lun_is_free_and_access_granted),
        cmocka_unit_test(test_layer_that_is_not_shared_is_refused),
        cmocka_unit_test(test_add_is_taken_back_when_the_guest_refuses),
        cmocka_unit_test(test_gpu_update_needs_a_started_vm_and_is_update_only),
        cmocka_unit_test(test_taken_partition_is_not_given_again),
        cmocka_unit_test(test_exhausted_gpu_refuses_and_leaves_the_configuration),
        cmocka_unit_test(test_gpu_that_refuses_answers_with_its_own_code),
        cmocka_unit_test(test_device_assignment_checks_host_device_and_backing),
        cmocka_unit_test(test_device_assignment_needs_physical_memory),
        cmocka_unit_test(test_unknown_members_and_resources_are_refused),
        cmocka_unit_test(test_every_assumed_code_is_a_failure_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
