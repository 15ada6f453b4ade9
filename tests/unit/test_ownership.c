/* SPDX-License-Identifier: MIT
 *
 * hvgpu's own records: there and back, edited ones, finding by VM, owners in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/ownership.h"

/* A record with every member; its texts are literals, so it is never cleared. */
static char *literal(const char *text)
{
    return (char *)(uintptr_t)text;
}

static struct owned_gpu gpus[2];
static char *folders[2];

static struct ownership full_record(void)
{
    gpus[0] = (struct owned_gpu){.instance_id = literal("PCI\\VEN_10DE&DEV_1EB8\\4&1"),
                                 .interface_path = literal("\\\\?\\PCI#VEN_10DE\\GPUPARAV"),
                                 .partition = {3, true},
                                 .package = literal("nv_dispi.inf_amd64_1")};
    gpus[1] = (struct owned_gpu){.instance_id = literal("PCIP\\VEN_10DE&DEV_20B0\\5&2"),
                                 .vpci_id = literal("8f8a2f1e-0000-4000-8000-000000000001")};
    folders[0] = literal("C:\\ProgramData\\hvgpu\\scratch\\a");
    folders[1] = literal("C:\\ProgramData\\hvgpu\\scratch\\b");
    return (struct ownership){.id = literal("demo"),
                              .vm_id = literal("demo@vm"),
                              .name = literal("demo"),
                              .image = literal("windows/server:ltsc2022"),
                              .command = literal("ping -t 127.0.0.1"),
                              .created_ms = 1767225600000,
                              .remove = true,
                              .gpu_mode = HVGPU_MODE_LIST,
                              .gpus = gpus,
                              .gpu_count = 2,
                              .candidate = 2,
                              .build = 20348,
                              .init_pid = {4711, true},
                              .init_created_ms = {1767225601000, true},
                              .probe_vm = literal("gpuprobe.exe"),
                              .probe_container = literal("C:\\gpuprobe\\gpuprobe.exe"),
                              .folders = folders,
                              .folder_count = 2,
                              .next_share = 5,
                              .fully_backed = true};
}

static void test_a_record_comes_back_as_it_was(void **state)
{
    (void)state;
    struct ownership record = full_record(), back;
    struct json *json = ownership_to_json(&record);
    assert_int_equal(ownership_from_json(json, &back, NULL), HVGPU_OK);
    struct json *again = ownership_to_json(&back);
    assert_true(json_equal(json, again));
    assert_string_equal(back.gpus[0].interface_path, record.gpus[0].interface_path);
    assert_true(back.gpus[0].partition.known);
    assert_false(back.gpus[1].partition.known);
    assert_null(back.gpus[1].interface_path);
    assert_int_equal(back.gpu_mode, HVGPU_MODE_LIST);
    assert_int_equal(back.next_share, 5);
    assert_true(back.remove && back.fully_backed);
    ownership_clear(&back);
    json_free(json);
    json_free(again);
}

static void expect_refused(const char *key, struct json *value, enum hvgpu_status expected)
{
    struct ownership record = full_record(), back;
    struct hvgpu_error err;
    struct json *json = ownership_to_json(&record);
    json_remove(json, key);
    if (value != NULL) {
        json_add(json, key, value);
    }
    assert_int_equal(ownership_from_json(json, &back, &err), expected);
    assert_null(back.id);
    assert_non_null(strstr(err.message, key));
    json_free(json);
}

static void test_an_edited_record_is_refused_and_the_member_named(void **state)
{
    (void)state;
    expect_refused("id", NULL, HVGPU_PROTOCOL);
    expect_refused("vm_id", json_new_string(""), HVGPU_PROTOCOL);
    expect_refused("gpu_mode", json_new_string("both"), HVGPU_PROTOCOL);
    expect_refused("remove", json_new_u64(1), HVGPU_PROTOCOL);
    expect_refused("init_pid", json_new_string("12"), HVGPU_PROTOCOL);
    expect_refused("candidate", json_new_u64(99), HVGPU_PROTOCOL);
    expect_refused("gpus", json_new_string("gpu0"), HVGPU_PROTOCOL);
    expect_refused("version", json_new_u64(2), HVGPU_UNSUPPORTED);
    struct json *list = json_new_array();
    json_append(list, json_new_u64(7));
    expect_refused("folders", list, HVGPU_PROTOCOL);
    list = json_new_array();
    for (int i = 0; i < 100; i++) {
        json_append(list, json_new_object());
    }
    expect_refused("gpus", list, HVGPU_PROTOCOL);
    struct ownership back;
    struct json *array = json_new_array();
    assert_int_equal(ownership_from_json(array, &back, NULL), HVGPU_PROTOCOL);
    json_free(array);
}

static void test_members_that_are_not_known_stay_unknown(void **state)
{
    (void)state;
    struct ownership record = {.id = literal("a"), .vm_id = literal("a@vm")}, back;
    record.gpu_mode = HVGPU_MODE_NONE;
    struct json *json = ownership_to_json(&record);
    assert_int_equal(ownership_from_json(json, &back, NULL), HVGPU_OK);
    assert_false(back.init_pid.known);
    assert_null(back.probe_vm);
    assert_int_equal(back.gpu_count, 0);
    ownership_clear(&back);
    json_free(json);
}

static void test_a_record_is_found_by_container_and_by_vm(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct ownership record = full_record(), found;
    assert_int_equal(store_open(NULL, &store, NULL), HVGPU_OK);
    assert_int_equal(ownership_get(store, "demo", &found, NULL), HVGPU_NOT_FOUND);
    assert_int_equal(ownership_put(store, &record, NULL), HVGPU_OK);
    assert_int_equal(ownership_find(store, "demo", &found, NULL), HVGPU_OK);
    ownership_clear(&found);
    assert_int_equal(ownership_find(store, "demo@vm", &found, NULL), HVGPU_OK);
    assert_string_equal(found.id, "demo");
    ownership_clear(&found);
    assert_int_equal(ownership_find(store, "other", &found, NULL), HVGPU_NOT_FOUND);
    store_close(store);
}

static void test_a_record_under_a_wrong_key_is_refused(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct ownership record = full_record(), found;
    struct json *json = ownership_to_json(&record);
    assert_int_equal(store_open(NULL, &store, NULL), HVGPU_OK);
    assert_int_equal(store_put(store, "system-other", json, NULL), HVGPU_OK);
    assert_int_equal(ownership_get(store, "other", &found, NULL), HVGPU_PROTOCOL);
    assert_null(found.id);
    json_free(json);
    store_close(store);
}

static void test_owners_are_decoded(void **state)
{
    (void)state;
    assert_string_equal(owner_decode("Madrid"), "Windows Sandbox");
    assert_string_equal(owner_decode("containerd-shim-runhcs-v1.exe"), "containerd");
    assert_string_equal(owner_decode("VMMS"), "Hyper-V Manager VM");
    assert_string_equal(owner_decode("docker"), "docker");
    assert_string_equal(owner_decode("WSL"), "WSL");
    assert_string_equal(owner_decode("wslc-1"), "WSL containers");
    assert_string_equal(owner_decode("hvgpu"), "hvgpu");
    assert_string_equal(owner_decode("somebody"), "somebody");
    assert_null(owner_decode(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_comes_back_as_it_was),
        cmocka_unit_test(test_an_edited_record_is_refused_and_the_member_named),
        cmocka_unit_test(test_members_that_are_not_known_stay_unknown),
        cmocka_unit_test(test_a_record_is_found_by_container_and_by_vm),
        cmocka_unit_test(test_a_record_under_a_wrong_key_is_refused),
        cmocka_unit_test(test_owners_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
