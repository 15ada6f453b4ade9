/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine/hcs/schema.h"

static const struct schema_level server_2019 = {2, 1, 17763}, version_2004 = {2, 3, 19041},
                                 server_2022 = {2, 5, 20348}, windows_11 = {2, 7, 22621},
                                 newest = {2, 9, 26100};

/* Checks a document given as text; the message stays in `message`. */
static char message[1024];

static bool accepts(const struct schema_level *level, const char *type, const char *text)
{
    struct json *document = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    assert_int_equal(json_parse(text, strlen(text), "test", &document, &err), HVGPU_OK);
    enum hvgpu_status status = schema_check(level, type, document, &err);
    json_free(document);
    snprintf(message, sizeof message, "%s", status == HVGPU_OK ? "" : err.message);
    if (status != HVGPU_OK) {
        assert_int_equal(status, HVGPU_INVALID);
        assert_int_equal(err.status, HVGPU_INVALID);
    }
    return status == HVGPU_OK;
}

static void assert_refused(const struct schema_level *level, const char *type, const char *text,
                           const char *where)
{
    assert_false(accepts(level, type, text));
    if (strstr(message, where) == NULL) {
        fail_msg("the message does not name %s: %s", where, message);
    }
}

static const char utility_vm[] =
    "{\"Owner\":\"hvgpu\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1},"
    "\"VirtualMachine\":{\"StopOnReset\":true,\"Chipset\":{\"Uefi\":{\"BootThis\":"
    "{\"DeviceType\":\"VmbFs\",\"DevicePath\":\"\\\\EFI\\\\Microsoft\\\\Boot\\\\bootmgfw.efi\"}}},"
    "\"ComputeTopology\":{\"Memory\":{\"SizeInMB\":2048},\"Processor\":{\"Count\":2}},"
    "\"Devices\":{\"Scsi\":{\"0\":{\"Attachments\":{\"0\":{\"Type\":\"VirtualDisk\","
    "\"Path\":\"C:\\\\scratch\\\\sandbox.vhdx\"}}}},\"HvSocket\":{\"HvSocketConfig\":"
    "{\"DefaultBindSecurityDescriptor\":\"D:P(A;;FA;;;SY)\"}},\"VirtualSmb\":{\"Shares\":["
    "{\"Name\":\"os\",\"Path\":\"C:\\\\x\",\"Options\":{\"ReadOnly\":true}}],"
    "\"DirectFileMappingInMB\":1024}},\"RegistryChanges\":{\"AddValues\":[{\"Key\":"
    "{\"Hive\":\"System\",\"Name\":\"x\"},\"Name\":\"y\",\"Type\":\"DWord\",\"DWordValue\":1}]},"
    "\"GuestConnection\":{}},\"ShouldTerminateOnLastHandleClosed\":true}";

static void test_a_utility_vm_is_valid_from_schema_2_1_on(void **state)
{
    (void)state;
    assert_true(accepts(&server_2019, "ComputeSystem", utility_vm));
    assert_true(accepts(&newest, "ComputeSystem", utility_vm));
}

static void test_an_unknown_member_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused(&newest, "ComputeSystem", "{\"VirtualMachine\":{\"Devices\":{\"Gpu\":{}}}}",
                   "$.VirtualMachine.Devices.Gpu: no such member in Devices");
    assert_refused(&newest, "ComputeSystem",
                   "{\"VirtualMachine\":{\"ComputeTopology\":{\"Gpu\":{}}}}",
                   "$.VirtualMachine.ComputeTopology.Gpu");
}

static void test_wrong_kinds_are_refused(void **state)
{
    (void)state;
    assert_refused(&newest, "ComputeSystem", "{\"Owner\":1}", "$.Owner: expected a string");
    assert_refused(&newest, "ComputeSystem", "{\"Owner\":null}", "$.Owner");
    assert_refused(&newest, "ComputeSystem", "{\"Container\":[]}",
                   "$.Container: expected an object");
    assert_refused(&newest, "ComputeSystem", "{\"ShouldTerminateOnLastHandleClosed\":\"true\"}",
                   "expected true or false");
    assert_refused(&newest, "ProcessParameters", "{\"ConsoleSize\":{}}", "expected an array");
    assert_refused(&newest, "ProcessParameters", "{\"Environment\":[]}", "expected an object");
    assert_refused(&newest, "ComputeSystem", "[]", "$: expected an object");
}

static void test_items_are_checked_one_by_one(void **state)
{
    (void)state;
    assert_true(accepts(&newest, "ProcessParameters", "{\"ConsoleSize\":[25,80]}"));
    assert_refused(&newest, "ProcessParameters", "{\"ConsoleSize\":[25,65536]}",
                   "$.ConsoleSize[1]: expected an integer from 0 to 65535");
    assert_refused(&newest, "ProcessParameters", "{\"Environment\":{\"PATH\":1}}",
                   "$.Environment.PATH");
}

static void test_integers_stay_within_their_format(void **state)
{
    (void)state;
    const char *gap = "{\"VirtualMachine\":{\"ComputeTopology\":{\"Memory\":{\"HighMmioGapInMB\":"
                      "18446744073709551615}}}}";
    assert_true(accepts(&newest, "ComputeSystem", gap));
    assert_refused(&newest, "ComputeSystem", "{\"SchemaVersion\":{\"Major\":4294967296}}",
                   "$.SchemaVersion.Major");
    assert_refused(&newest, "ComputeSystem", "{\"SchemaVersion\":{\"Major\":-1}}",
                   "$.SchemaVersion.Major");
    assert_refused(&newest, "ComputeSystem", "{\"SchemaVersion\":{\"Major\":2.5}}",
                   "$.SchemaVersion.Major");
    assert_true(accepts(&newest, "ComputeSystem",
                        "{\"Container\":{\"Processor\":{\"Weight\":-9223372036854775808}}}"));
}

static void test_values_outside_an_enumeration_are_refused(void **state)
{
    (void)state;
    assert_refused(&newest, "ModifySettingRequest", "{\"RequestType\":\"add\"}",
                   "$.RequestType: \"add\" is not one of Add, Remove, Update");
    assert_refused(&newest, "SystemQuery", "{\"Types\":[\"Container\",\"Vm\"]}", "$.Types[1]");
}

static void test_newer_members_wait_for_schema_version_and_build(void **state)
{
    (void)state;
    static const char request[] =
        "{\"ResourcePath\":\"VirtualMachine/ComputeTopology/Gpu\",\"RequestType\":\"Update\","
        "\"Settings\":{\"AssignmentMode\":\"Mirror\",\"DisablePresentation\":true}}";
    static const struct schema_level new_schema_on_old_build = {2, 7, 22000};
    assert_true(accepts(&windows_11, "ModifySettingRequest", request));
    assert_refused(&server_2022, "ModifySettingRequest", request,
                   "$.Settings.DisablePresentation: needs Windows build 22545");
    assert_refused(&new_schema_on_old_build, "ModifySettingRequest", request, "build 22545");
    assert_refused(&server_2019, "ComputeSystem",
                   "{\"VirtualMachine\":{\"ComputeTopology\":{\"Memory\":{\"LowMmioGapInMB\":1}}}}",
                   "needs schema 2.3, this host has 2.1");
}

static void test_allowed_members_follow_the_level(void **state)
{
    (void)state;
    assert_false(schema_allows(&server_2022, "GpuConfiguration", "DisablePresentation"));
    assert_true(schema_allows(&windows_11, "GpuConfiguration", "DisablePresentation"));
    assert_false(schema_allows(&windows_11, "VirtualPciDevice", "PropagateNumaAffinity"));
    assert_true(schema_allows(&newest, "VirtualPciDevice", "PropagateNumaAffinity"));
    assert_false(schema_allows(&version_2004, "Container", "AdditionalDeviceNamespace"));
    assert_true(schema_allows(&server_2022, "Container", "AdditionalDeviceNamespace"));
    assert_false(schema_allows(&windows_11, "CombinedLayers", "FilterType"));
    assert_true(schema_allows(&newest, "CombinedLayers", "FilterType"));
    assert_true(schema_allows(&version_2004, "VirtualMachine_Memory", "HighMmioGapInMB"));
    assert_false(schema_allows(&newest, "VirtualMachine", "Gpu"));
    assert_false(schema_allows(&newest, "NoSuchType", "Gpu"));
}

static void test_a_hosted_container_is_checked_inside(void **state)
{
    (void)state;
    assert_true(accepts(&version_2004, "ComputeSystem",
                        "{\"HostingSystemId\":\"vm\",\"HostedSystem\":{\"Container\":{"
                        "\"AssignedDevices\":[{\"Type\":\"DeviceInstance\","
                        "\"LocationPath\":\"PCIROOT(0)#PCI(0100)\"}]}}}"));
    assert_refused(&version_2004, "ComputeSystem",
                   "{\"HostedSystem\":{\"Container\":{\"AssignedDevices\":[{\"Type\":\"Gpu\"}]}}}",
                   "$.HostedSystem.Container.AssignedDevices[0].Type");
}

static void test_settings_are_checked_by_resource_path(void **state)
{
    (void)state;
    assert_true(accepts(&version_2004, "ModifySettingRequest",
                        "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualPci/"
                        "2d631de9-d73c-4cb5-920e-8d0cfdf8b9b5\",\"RequestType\":\"Add\","
                        "\"Settings\":{\"Functions\":[{\"DeviceInstancePath\":\"PCIP\"}]}}"));
    assert_refused(&version_2004, "ModifySettingRequest",
                   "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/0/Attachments/1\","
                   "\"Settings\":{\"Lun\":1}}",
                   "$.Settings.Lun: no such member in Attachment");
    assert_refused(&version_2004, "ModifySettingRequest",
                   "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/0/Attachments/x\"}",
                   "$.ResourcePath: unknown resource");
    assert_refused(&version_2004, "ModifySettingRequest",
                   "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualPci/\"}", "$.ResourcePath");
    assert_refused(&version_2004, "ModifySettingRequest",
                   "{\"ResourcePath\":\"VirtualMachine/ComputeTopology/Memory/SizeInMB\","
                   "\"Settings\":\"2048\"}",
                   "$.Settings: expected an integer");
}

static void test_guest_requests_are_checked_by_resource_type(void **state)
{
    (void)state;
    assert_true(accepts(&version_2004, "ModifySettingRequest",
                        "{\"GuestRequest\":{\"RequestType\":\"Add\",\"ResourceType\":"
                        "\"CombinedLayers\",\"Settings\":{\"ContainerRootPath\":\"C:\\\\c\\\\1\","
                        "\"Layers\":[{\"Id\":\"a\",\"Path\":\"b\"}]}}}"));
    assert_refused(&server_2022, "ModifySettingRequest",
                   "{\"GuestRequest\":{\"ResourceType\":\"CombinedLayers\",\"Settings\":"
                   "{\"ContainerRootPath\":\"C:\\\\c\",\"FilterType\":\"UnionFS\"}}}",
                   "$.GuestRequest.Settings.FilterType: needs schema 2.9");
    assert_refused(&newest, "ModifySettingRequest",
                   "{\"GuestRequest\":{\"ResourceType\":\"MappedVirtualDisk\",\"Settings\":"
                   "{\"ContainerPath\":\"x\"}}}",
                   "$.GuestRequest.Settings.Lun: is required");
    assert_refused(&newest, "ModifySettingRequest",
                   "{\"GuestRequest\":{\"ResourceType\":\"CombinedLayers\",\"Settings\":"
                   "{\"ContainerRootPath\":\"x\",\"Layers\":[{\"Id\":\"a\"}]}}}",
                   "$.GuestRequest.Settings.Layers[0]");
    assert_refused(&newest, "ModifySettingRequest", "{\"GuestRequest\":{\"ResourceType\":\"Gpu\"}}",
                   "unknown resource type");
}

static void test_an_unknown_document_type_is_refused(void **state)
{
    (void)state;
    assert_refused(&newest, "NoSuchType", "{}", "no such document type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_utility_vm_is_valid_from_schema_2_1_on),
        cmocka_unit_test(test_an_unknown_member_is_refused_with_its_place),
        cmocka_unit_test(test_wrong_kinds_are_refused),
        cmocka_unit_test(test_items_are_checked_one_by_one),
        cmocka_unit_test(test_integers_stay_within_their_format),
        cmocka_unit_test(test_values_outside_an_enumeration_are_refused),
        cmocka_unit_test(test_newer_members_wait_for_schema_version_and_build),
        cmocka_unit_test(test_allowed_members_follow_the_level),
        cmocka_unit_test(test_a_hosted_container_is_checked_inside),
        cmocka_unit_test(test_settings_are_checked_by_resource_path),
        cmocka_unit_test(test_guest_requests_are_checked_by_resource_type),
        cmocka_unit_test(test_an_unknown_document_type_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
