/* SPDX-License-Identifier: MIT
 *
 * The document builders: every document is valid for its host's schema, members that the host does
 * not know are left out, and what facts demand is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"
#include "core/engine/hcs/guest_command.h"

static const struct schema_level levels[] = {
    {2, 1, 17763}, {2, 3, 19044}, {2, 5, 20348}, {2, 7, 22621}, {2, 8, 26100}};
enum { LEVELS = sizeof levels / sizeof levels[0] };
static const struct schema_level *const newest = &levels[LEVELS - 1];

static void assert_valid(const struct schema_level *level, const char *type,
                         const struct json *document)
{
    struct hvgpu_error err = {0};
    if (schema_check(level, type, document, &err) != HVGPU_OK) {
        fail_msg("schema 2.%u: %s", level->minor, err.message);
    }
}

static struct json *vm(const struct schema_level *level, bool fully_backed)
{
    const struct document_vm what = {
        .boot_folder = "C:\\base\\UtilityVM\\Files",
        .disk = "C:\\scratch\\sandbox.vhdx",
        .memory_mb = 4095,
        .processors = 2,
        .fully_backed = fully_backed,
    };
    return document_vm(level, &what);
}

static void test_vm_is_valid_on_every_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEVELS; i++) {
        struct json *a = vm(&levels[i], false);
        struct json *b = vm(&levels[i], true);
        assert_valid(&levels[i], "ComputeSystem", a);
        assert_valid(&levels[i], "ComputeSystem", b);
        json_free(a);
        json_free(b);
    }
}

static void test_memory_is_rounded_up_to_an_even_number(void **state)
{
    (void)state;
    uint64_t size = 0;
    struct json *document = vm(newest, false);
    assert_true(json_u64(document, "VirtualMachine/ComputeTopology/Memory/SizeInMB", &size));
    assert_int_equal(size, 4096);
    json_free(document);
}

static void test_overcommit_brings_the_hot_hint_and_full_backing_neither(void **state)
{
    (void)state;
    const char *memory = "VirtualMachine/ComputeTopology/Memory";
    struct json *loose = vm(newest, false);
    struct json *pinned = vm(newest, true);
    assert_true(json_bool(json_get(loose, memory), "AllowOvercommit", false));
    assert_true(json_bool(json_get(loose, memory), "EnableHotHint", false));
    assert_null(json_member(json_get(pinned, memory), "AllowOvercommit"));
    assert_null(json_member(json_get(pinned, memory), "EnableHotHint"));
    const char *share = "VirtualMachine/Devices/VirtualSmb/Shares";
    assert_null(json_get(json_first(json_get(loose, share)), "Options/NoDirectmap"));
    assert_true(json_bool(json_first(json_get(pinned, share)), "Options/NoDirectmap", false));
    json_free(loose);
    json_free(pinned);
}

static void test_mmio_gaps_come_with_schema_2_3(void **state)
{
    (void)state;
    const char *gap = "VirtualMachine/ComputeTopology/Memory/HighMmioGapInMB";
    struct json *old = vm(&levels[0], false);
    struct json *young = vm(&levels[1], false);
    uint64_t size = 0;
    assert_null(json_get(old, gap));
    assert_true(json_u64(young, gap, &size));
    assert_int_equal(size, DOCUMENT_HIGH_MMIO_MB);
    json_free(old);
    json_free(young);
}

static void test_lifetime_flag_is_there_only_when_asked_for(void **state)
{
    (void)state;
    struct document_vm what = {
        .boot_folder = "C:\\f", .disk = "C:\\d", .memory_mb = 1024, .processors = 1};
    struct json *lasting = document_vm(newest, &what);
    what.ends_with_last_handle = true;
    struct json *ending = document_vm(newest, &what);
    assert_null(json_member(lasting, "ShouldTerminateOnLastHandleClosed"));
    assert_true(json_bool(ending, "ShouldTerminateOnLastHandleClosed", false));
    assert_string_equal(json_string(ending, "Owner"), "hvgpu");
    json_free(lasting);
    json_free(ending);
}

static void test_requests_are_valid_on_every_schema(void **state)
{
    (void)state;
    const struct document_share share = {
        .name = "s1", .path = "C:\\data", .read_only = true, .no_directmap = true};
    const struct document_layer layers[] = {{"11111111-2222-4333-8444-555555555555", "p"}};
    struct owned_gpu gpus[] = {{.interface_path = (char *)(uintptr_t) "\\\\?\\PCI#A"}};
    for (size_t i = 0; i < LEVELS; i++) {
        const struct schema_level *level = &levels[i];
        struct json *documents[] = {
            document_share_add(level, &share),
            document_share_remove(level, "s1"),
            document_scratch(level, "C:\\d.vhdx"),
            document_combine(level, layers, 1),
            document_gpu_update(level, document_gpu_settings(level, HVGPU_MODE_LIST, gpus, 1)),
            document_gpu_update(level, document_gpu_settings(level, HVGPU_MODE_MIRROR, NULL, 0)),
            document_gpu_update(level, document_gpu_settings(level, HVGPU_MODE_NONE, NULL, 0)),
            level->minor >= 3
                ? document_device_add(level, "11111111-2222-4333-8444-555555555555", "PCIP\\A", 0)
                : NULL,
        };
        for (size_t k = 0; k < sizeof documents / sizeof documents[0]; k++) {
            if (documents[k] != NULL) {
                assert_valid(level, "ModifySettingRequest", documents[k]);
            }
            json_free(documents[k]);
        }
    }
}

static void test_any_partition_is_65535_and_a_named_one_its_number(void **state)
{
    (void)state;
    struct owned_gpu gpus[] = {
        {.interface_path = (char *)(uintptr_t) "A"},
        {.interface_path = (char *)(uintptr_t) "B", .partition = {.value = 7, .known = true}}};
    struct json *settings = document_gpu_settings(newest, HVGPU_MODE_LIST, gpus, 2);
    uint64_t a = 0, b = 0;
    assert_true(json_u64(settings, "AssignmentRequest/A", &a));
    assert_true(json_u64(settings, "AssignmentRequest/B", &b));
    assert_int_equal(a, 65535);
    assert_int_equal(b, 7);
    assert_string_equal(json_string(settings, "AssignmentMode"), "List");
    assert_true(json_bool(settings, "AllowVendorExtension", false));
    json_free(settings);
}

static void test_new_gpu_members_wait_for_schema_2_7(void **state)
{
    (void)state;
    struct json *old = document_gpu_settings(&levels[2], HVGPU_MODE_MIRROR, NULL, 0);
    struct json *young = document_gpu_settings(&levels[3], HVGPU_MODE_MIRROR, NULL, 0);
    assert_null(json_member(old, "DisablePresentation"));
    assert_null(json_member(old, "DisableGdiAcceleration"));
    assert_true(json_bool(young, "DisablePresentation", false));
    assert_true(json_bool(young, "DisableGdiAcceleration", false));
    json_free(old);
    json_free(young);
}

static void test_virtual_function_zero_is_omitted(void **state)
{
    (void)state;
    const char *guid = "11111111-2222-4333-8444-555555555555";
    struct json *physical = document_device_add(&levels[1], guid, "PCIP\\A", 0);
    struct json *virtual_one = document_device_add(&levels[1], guid, "PCIP\\A", 3);
    uint64_t function = 0;
    assert_null(
        json_member(json_first(json_get(physical, "Settings/Functions")), "VirtualFunction"));
    assert_true(json_u64(json_first(json_get(virtual_one, "Settings/Functions")), "VirtualFunction",
                         &function));
    assert_int_equal(function, 3);
    assert_null(json_get(physical, "Settings/PropagateNumaAffinity"));
    struct json *young = document_device_add(newest, guid, "PCIP\\A", 0);
    assert_true(json_bool(young, "Settings/PropagateNumaAffinity", false));
    json_free(physical);
    json_free(virtual_one);
    json_free(young);
}

static struct json *container(const struct schema_level *level, unsigned form)
{
    static const struct document_layer layers[] = {{"11111111-2222-4333-8444-555555555555", "p"}};
    static const struct document_mapping mappings[] = {{"share", "C:\\in", true},
                                                       {"share2", "C:\\out", false}};
    static const char *const locations[] = {"PCIROOT(0)#PCI(0100)", "PCIROOT(1)#PCI(0000)"};
    const struct document_container what = {
        .vm_id = "a@vm",
        .host_name = "a",
        .layers = layers,
        .layer_count = 1,
        .mappings = mappings,
        .mapping_count = 2,
        .gpu_form = form,
        .locations = locations,
        .location_count = 2,
    };
    return document_container(level, &what);
}

static void test_container_is_valid_in_every_form_that_the_schema_allows(void **state)
{
    (void)state;
    unsigned allowed = 0;
    for (size_t i = 0; i < LEVELS; i++) {
        for (unsigned form = 0; form <= DOCUMENT_GPU_FORMS; form++) {
            if (document_gpu_form_allowed(&levels[i], form)) {
                struct json *document = container(&levels[i], form);
                assert_valid(&levels[i], "ComputeSystem", document);
                json_free(document);
                allowed++;
            }
        }
    }
    assert_false(document_gpu_form_allowed(&levels[0], DOCUMENT_GPU_MIRROR));
    assert_false(document_gpu_form_allowed(&levels[0], DOCUMENT_GPU_LOCATION));
    assert_false(document_gpu_form_allowed(newest, 4));
    assert_true(allowed >= (LEVELS - 1) * 4);
}

static void test_the_three_forms_say_what_the_recipe_says(void **state)
{
    (void)state;
    const char *devices = "HostedSystem/Container/AssignedDevices";
    struct json *by_class = container(newest, DOCUMENT_GPU_CLASS);
    struct json *mirror = container(newest, DOCUMENT_GPU_MIRROR);
    struct json *by_location = container(newest, DOCUMENT_GPU_LOCATION);
    struct json *none = container(newest, DOCUMENT_GPU_NONE);
    const struct json *first = json_first(json_get(by_class, devices));
    assert_string_equal(json_string(first, "InterfaceClassGuid"),
                        "5B45201D-F2F2-4F3B-85BB-30FF1F953599");
    assert_null(json_member(first, "Type"));
    assert_string_equal(json_string(json_first(json_get(mirror, devices)), "Type"), "GpuMirror");
    assert_int_equal(json_count(json_get(by_location, devices)), 2);
    assert_string_equal(json_string(json_first(json_get(by_location, devices)), "LocationPath"),
                        "PCIROOT(0)#PCI(0100)");
    assert_null(json_get(none, devices));
    json_free(by_class);
    json_free(mirror);
    json_free(by_location);
    json_free(none);
}

static void test_writable_mapping_has_no_read_only_member(void **state)
{
    (void)state;
    struct json *document = container(newest, DOCUMENT_GPU_NONE);
    const struct json *first =
        json_first(json_get(document, "HostedSystem/Container/MappedDirectories"));
    assert_true(json_bool(first, "ReadOnly", false));
    assert_null(json_member(json_next(first), "ReadOnly"));
    json_free(document);
}

static void test_processes_are_valid_and_ask_only_for_wanted_pipes(void **state)
{
    (void)state;
    const struct document_process plain = {.command = "cmd /c dir"};
    const struct document_process console = {.command = "cmd",
                                             .user = "ContainerAdministrator",
                                             .input = true,
                                             .output = true,
                                             .console = true,
                                             .columns = 80,
                                             .rows = 25};
    struct json *a = document_process(newest, &plain);
    struct json *b = document_process(newest, &console);
    uint64_t rows = 0;
    assert_valid(newest, "ProcessParameters", a);
    assert_valid(newest, "ProcessParameters", b);
    assert_int_equal(json_count(a), 2);
    assert_string_equal(json_string(a, "WorkingDirectory"), "C:\\");
    assert_true(json_u64(json_first(json_get(b, "ConsoleSize")), "", &rows));
    assert_int_equal(rows, 25);
    json_free(a);
    json_free(b);
}

/* ---- command lines ---- */

static void test_arguments_from_outside_cannot_leave_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *argument, *line;
    } rows[] = {
        {"plain", "p plain"},
        {"with space", "p \"with space\""},
        {"a\"b", "p \"a\\\"b\""},
        {"a \\\"b", "p \"a \\\\\\\"b\""},
        {"end \\", "p \"end \\\\\""},
        {"", "p \"\""},
        {"C:\\x&calc|y", "p C:\\x&calc|y"}, /* no shell sees it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const arguments[] = {"p", rows[i].argument, NULL};
        char *line = guest_command(arguments);
        assert_string_equal(line, rows[i].line);
        free(line);
    }
}

static void test_paths_are_checked_and_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *path, *clean; /* NULL: refused */
    } rows[] = {
        {"C:\\a\\b", "C:\\a\\b"},
        {"C:/a//b/", "C:\\a\\b"},
        {"C:\\", "C:\\"},
        {"\\\\server\\share\\x\\", "\\\\server\\share\\x"},
        {"\\\\?\\C:\\a", "\\\\?\\C:\\a"},
        {"a\\b", NULL},
        {"C:a", NULL},
        {"", NULL},
        {"C:\\a\\..\\b", NULL},
        {"C:\\a\nb", NULL},
        {"C:\\a\x1b[2J", NULL},
        {"C:\\a\xff", NULL},
        {"C:\\a:b", NULL},
        {"C:\\a\"b", NULL},
        {"C:\\a*", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *clean = NULL;
        struct hvgpu_error err;
        enum hvgpu_status status = path_check(rows[i].path, "--mount", &clean, &err);
        assert_int_equal(status, rows[i].clean != NULL ? HVGPU_OK : HVGPU_INVALID);
        if (rows[i].clean != NULL) {
            assert_string_equal(clean, rows[i].clean);
        }
        free(clean);
    }
    assert_true(path_is_below("sub\\file.dll"));
    assert_false(path_is_below("..\\file.dll"));
    assert_false(path_is_below("C:\\file.dll"));
    assert_false(path_is_below("\\file.dll"));
    assert_true(path_is_name("nvcuda.dll"));
    assert_false(path_is_name("sub\\nvcuda.dll"));
}

static void test_share_names_are_hexadecimal(void **state)
{
    (void)state;
    char *name = guest_share_name(26);
    char *path = guest_share_path(16);
    assert_string_equal(name, "s1a");
    assert_string_equal(path, "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\s10");
    assert_string_equal(path_base("C:\\img\\top"), "top");
    free(name);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vm_is_valid_on_every_schema),
        cmocka_unit_test(test_memory_is_rounded_up_to_an_even_number),
        cmocka_unit_test(test_overcommit_brings_the_hot_hint_and_full_backing_neither),
        cmocka_unit_test(test_mmio_gaps_come_with_schema_2_3),
        cmocka_unit_test(test_lifetime_flag_is_there_only_when_asked_for),
        cmocka_unit_test(test_requests_are_valid_on_every_schema),
        cmocka_unit_test(test_any_partition_is_65535_and_a_named_one_its_number),
        cmocka_unit_test(test_new_gpu_members_wait_for_schema_2_7),
        cmocka_unit_test(test_virtual_function_zero_is_omitted),
        cmocka_unit_test(test_container_is_valid_in_every_form_that_the_schema_allows),
        cmocka_unit_test(test_the_three_forms_say_what_the_recipe_says),
        cmocka_unit_test(test_writable_mapping_has_no_read_only_member),
        cmocka_unit_test(test_processes_are_valid_and_ask_only_for_wanted_pipes),
        cmocka_unit_test(test_arguments_from_outside_cannot_leave_their_place),
        cmocka_unit_test(test_paths_are_checked_and_cleaned),
        cmocka_unit_test(test_share_names_are_hexadecimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
