/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/simulated/gpu_data.h"
#include "core/engine/hcs/simulated/scenario.h"

static struct scenario *load(const char *name)
{
    struct scenario *scenario = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    if (scenario_load(name, &scenario, &err) != HVGPU_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    return scenario;
}

static struct scenario *parse(const char *text)
{
    struct scenario *scenario = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    if (scenario_from_text("file.json", text, strlen(text), &scenario, &err) != HVGPU_OK) {
        fail_msg("%s", err.message);
    }
    return scenario;
}

static void assert_refused(const char *text, const char *words)
{
    struct scenario *scenario = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    assert_int_equal(scenario_from_text("file.json", text, strlen(text), &scenario, &err),
                     HVGPU_INVALID);
    assert_null(scenario);
    assert_int_equal(err.status, HVGPU_INVALID);
    assert_string_equal(err.object, "file.json");
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" is not in: %s", words, err.message);
    }
}

static void test_every_built_in_scenario_loads_and_says_what_is_real(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct scenario_name *n = scenario_names(); n->name != NULL; n++, count++) {
        struct scenario *scenario = load(n->name);
        assert_string_equal(scenario->name, n->name);
        assert_string_equal(scenario->about, n->about);
        assert_true(scenario->facts.simulated);
        assert_non_null(strstr(scenario->facts.simulation, "simulated"));
        assert_int_equal(scenario->level.build, scenario->facts.build);
        for (size_t i = 0; i < scenario->gpu_count; i++) {
            assert_non_null(scenario->gpus[i].source);
            assert_non_null(scenario->gpus[i].invented);
            assert_non_null(strstr(scenario->facts.simulation, "real are the GPUs' ids"));
        }
        scenario_free(scenario);
    }
    assert_true(count >= 10);
}

static void test_the_default_scenario_is_a_healthy_server_2022(void **state)
{
    (void)state;
    struct scenario *scenario = load("");
    assert_string_equal(scenario->name, "healthy");
    assert_int_equal(scenario->level.major, 2);
    assert_int_equal(scenario->level.minor, 5);
    assert_int_equal(scenario->level.build, 20348);
    assert_int_equal(scenario->gpu_count, 4);
    assert_int_equal(scenario->containers + scenario->system_count, 50);
    assert_true(scenario->moves);
    assert_true(scenario->gpu_reaches_vm);
    assert_int_equal(scenario->candidate, 1);
    assert_int_equal(scenario->facts.hypervisor, HVGPU_ANSWER_YES);
    scenario_free(scenario);
}

static void test_the_scenarios_differ_where_their_names_say(void **state)
{
    (void)state;
    struct scenario *still = load("still");
    assert_false(still->moves);
    assert_int_equal(still->events_per_second, 0);
    scenario_free(still);
    struct scenario *none = load("no-hypervisor");
    assert_int_equal(none->facts.hypervisor, HVGPU_ANSWER_NO);
    assert_int_equal(none->gpu_count, 2); /* the cards are there, VMs cannot be */
    assert_int_equal(none->system_count, 0);
    scenario_free(none);
    struct scenario *big = load("big-node");
    assert_int_equal(big->gpu_count, 16);
    assert_int_equal(big->containers, 500);
    assert_int_equal(big->events_per_second, 2000);
    scenario_free(big);
    struct scenario *huge = load("huge");
    assert_int_equal(huge->containers, 10000);
    scenario_free(huge);
    struct scenario *restart = load("service-restart");
    assert_true(restart->service_restart_s > 0);
    scenario_free(restart);
    struct scenario *drift = load("driver-drift");
    assert_string_not_equal(drift->gpus[0].guest_package, drift->gpus[0].package.name);
    scenario_free(drift);
    struct scenario *exhausted = load("partitions-exhausted");
    assert_int_equal(exhausted->gpus[0].partitions_held_by_others, 4);
    scenario_free(exhausted);
}

static void test_the_policy_refusal_is_the_published_text(void **state)
{
    (void)state;
    struct scenario *scenario = load("policy-refused");
    assert_true(scenario->policy_refuses_dda);
    const struct scenario_gpu *gpu = &scenario->gpus[1];
    assert_true(gpu->refuses);
    assert_int_equal(gpu->refuse_code, (int32_t)0x800704ECu);
    struct json *document = NULL;
    assert_int_equal(
        json_parse(gpu->refuse_document, strlen(gpu->refuse_document), "refusal", &document, NULL),
        HVGPU_OK);
    int64_t code = 0;
    assert_true(json_i64(document, "Error", &code));
    assert_int_equal(code, gpu->refuse_code);
    char expected[512];
    snprintf(expected, sizeof expected,
             "Could not allocate partitionable GPU device '%s' that is not compliant with "
             "currently set group policy.  See HyperV\\RequireSecureDeviceAssignment and "
             "HyperV\\RequireSupportedDeviceAssignment for more details.",
             gpu->facts.interface_path);
    assert_string_equal(json_string(document, "ErrorMessage"), expected);
    json_free(document);
    scenario_free(scenario);
}

static void test_the_recorded_host_has_the_records_files_and_device(void **state)
{
    (void)state;
    struct scenario *scenario = load("hcsshim-19044");
    assert_int_equal(scenario->level.build, 19044);
    assert_int_equal(scenario->level.minor, 3);
    assert_int_equal(scenario->facts.server_edition, HVGPU_ANSWER_YES);
    assert_string_equal(scenario->gpus[0].facts.instance_id,
                        "PCIP\\VEN_10DE&DEV_1EB8&SUBSYS_12A210DE&REV_A1\\6&17F903&0&00200000");
    bool found = false;
    for (size_t i = 0; i < scenario->file_count; i++) {
        found = found || strcmp(scenario->files[i], "C:\\gold\\scratchU\\sandbox.vhdx") == 0;
    }
    assert_true(found);
    scenario_free(scenario);
}

static void test_published_numbers_are_exact(void **state)
{
    (void)state;
    struct scenario *scenario = parse("{\"gpus\":[{\"published\":\"intel-uhd620\"}]}");
    const struct host_gpu *gpu = &scenario->gpus[0].facts;
    assert_true(gpu->encode.total.known);
    assert_true(gpu->encode.total.value == UINT64_MAX);
    assert_int_equal(gpu->vram.total.value, 1000000000);
    assert_int_equal(gpu->valid_counts[0], 32);
    assert_string_equal(gpu->interface_path,
                        "\\\\?\\PCI#VEN_8086&DEV_3EA0&SUBSYS_227917AA&REV_00#3&11583659&0&10"
                        "#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV");
    assert_string_equal(gpu->instance_id,
                        "PCI\\VEN_8086&DEV_3EA0&SUBSYS_227917AA&REV_00\\3&11583659&0&10");
    assert_string_equal(scenario->gpus[0].package.name, "iigd_dch.inf_amd64_389da2bfec2045ef");
    assert_false(gpu->sriov);
    scenario_free(scenario);
}

static void test_what_a_source_does_not_give_stays_unknown(void **state)
{
    (void)state;
    struct scenario *scenario =
        parse("{\"gpus\":[{\"published\":\"nv-a2-0\"},{\"published\":\"nv-3060-egp361\"}]}");
    assert_false(scenario->gpus[0].facts.vram.total.known);
    assert_true(scenario->gpus[0].facts.sriov);
    assert_int_equal(scenario->gpus[0].facts.valid_count_count, 4);
    assert_true(scenario->gpus[1].facts.decode.max.known);
    assert_false(scenario->gpus[1].facts.decode.optimal.known);
    assert_false(scenario->gpus[1].facts.compute.total.known);
    scenario_free(scenario);
}

static void test_every_published_gpu_has_id_source_and_package(void **state)
{
    (void)state;
    size_t count = 0;
    for (; gpu_data_at(count) != NULL; count++) {
        struct scenario_gpu gpu = {.refuses = false};
        const struct published_gpu *record = gpu_data_at(count);
        assert_ptr_equal(gpu_data_find(record->id), record);
        assert_true(gpu_data_fill(record, false, &gpu));
        assert_true(text_starts(gpu.facts.instance_id, "PCI\\VEN_"));
        assert_null(strchr(gpu.facts.instance_id, '#'));
        assert_non_null(gpu.source);
        assert_non_null(gpu.package.name);
        assert_true(gpu.package.copy_count > 0);
        struct scenario *owner = calloc(1, sizeof *owner); /* frees it as its own */
        owner->gpus = calloc(1, sizeof gpu);
        owner->gpus[0] = gpu;
        owner->gpu_count = 1;
        scenario_free(owner);
    }
    assert_true(count >= 16);
}

static void test_a_dismounted_gpu_reports_nothing_of_its_driver(void **state)
{
    (void)state;
    struct scenario *scenario =
        parse("{\"gpus\":[{\"published\":\"nv-rtx4000\",\"dismounted\":true}]}");
    const struct scenario_gpu *gpu = &scenario->gpus[0];
    assert_string_equal(gpu->facts.instance_id,
                        "PCIP\\VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&REV_A1\\4&11ef84ec&0&0019");
    assert_null(gpu->facts.interface_path);
    assert_null(gpu->facts.driver_version);
    assert_false(gpu->facts.vram_bytes.known);
    assert_non_null(strstr(gpu->invented, "PCIP"));
    scenario_free(scenario);
}

static void test_members_of_a_file_win_over_the_record(void **state)
{
    (void)state;
    struct scenario *scenario =
        parse("{\"gpus\":[{\"published\":\"nv-a2-0\",\"name\":\"My card\",\"memory_mb\":null,"
              "\"driver_package\":\"my.inf_amd64_1\",\"held_by_others\":2,\"copies\":[],"
              "\"partitions\":[{\"number\":3,\"system\":\"vm\"}],\"vram\":{\"total\":8},"
              "\"refuses\":{\"code\":\"0xC0350008\"},\"valid_counts\":[2,4]}]}");
    const struct scenario_gpu *gpu = &scenario->gpus[0];
    assert_string_equal(gpu->facts.name, "My card");
    assert_false(gpu->facts.vram_bytes.known);
    assert_string_equal(gpu->facts.driver_package, "my.inf_amd64_1");
    assert_string_equal(gpu->package.folder,
                        "C:\\Windows\\System32\\DriverStore\\FileRepository\\my.inf_amd64_1");
    assert_int_equal(gpu->package.copy_count, 0);
    assert_int_equal(gpu->partitions_held_by_others, 2);
    assert_int_equal(gpu->facts.partitions[0].partition_id, 3);
    assert_string_equal(gpu->facts.partitions[0].system_id, "vm");
    assert_int_equal(gpu->facts.vram.total.value, 8);
    assert_false(gpu->facts.vram.max.known);
    assert_int_equal(gpu->facts.valid_count_count, 2);
    assert_int_equal(gpu->refuse_code, (int32_t)0xC0350008u);
    scenario_free(scenario);
}

static void test_a_base_is_changed_by_the_file(void **state)
{
    (void)state;
    struct scenario *scenario = parse(
        "{\"base\":\"healthy\",\"name\":\"mine\",\"host\":{\"build\":26100,\"schema\":\"2.7\","
        "\"hypervisor\":null,\"memory_mb\":2048},\"gpus\":[{\"published\":\"nv-2684\"}],"
        "\"systems\":[{\"id\":\"extra\"}],\"files\":[\"D:\\\\drivers\\\\x.inf\"],"
        "\"candidate\":2,\"containers\":0}");
    assert_string_equal(scenario->name, "mine");
    assert_string_equal(scenario->facts.edition, "Windows Server 2022 Datacenter");
    assert_int_equal(scenario->level.build, 26100);
    assert_int_equal(scenario->level.minor, 7);
    assert_int_equal(scenario->facts.hypervisor, HVGPU_ANSWER_UNKNOWN);
    assert_true(scenario->facts.memory_bytes == (uint64_t)2 << 30);
    assert_int_equal(scenario->gpu_count, 1);
    assert_int_equal(scenario->system_count, 6);
    assert_string_equal(scenario->systems[5].state, "Running");
    assert_int_equal(scenario->file_count, 1);
    assert_int_equal(scenario->candidate, 2);
    assert_true(scenario->image_count > 0);
    scenario_free(scenario);
}

static void test_faults_are_read_in_order(void **state)
{
    (void)state;
    struct scenario *scenario =
        parse("{\"faults\":[{\"call\":\"HcsModifyComputeSystem\",\"match\":\"/Gpu\",\"nth\":2,"
              "\"do\":\"fail\",\"late\":true,\"code\":\"0x80070005\",\"document\":{\"Error\":1}},"
              "{\"call\":\"host.copy_file\",\"do\":\"slow\",\"delay_ms\":300},"
              "{\"call\":\"*\",\"do\":\"kill-after\",\"nth\":0},"
              "{\"call\":\"HcsCreateProcess\",\"do\":\"nonsense\",\"document\":\"not JSON\"}]}");
    assert_int_equal(scenario->fault_count, 4);
    const struct scenario_fault *fault = scenario->faults;
    assert_int_equal(fault[0].kind, FAULT_FAIL);
    assert_true(fault[0].late);
    assert_int_equal(fault[0].nth, 2);
    assert_int_equal(fault[0].code, (int32_t)0x80070005u);
    assert_string_equal(fault[0].document, "{\"Error\":1}");
    assert_int_equal(fault[1].delay_ms, 300);
    assert_int_equal(fault[1].nth, 1);
    assert_int_equal(fault[2].kind, FAULT_KILL_AFTER);
    assert_int_equal(fault[2].nth, 0);
    assert_string_equal(fault[3].document, "not JSON");
    scenario_free(scenario);
}

static void test_errors_name_line_and_reason(void **state)
{
    (void)state;
    assert_refused("{\n\"gpu\":[]}", "line 2: unknown member \"gpu\"");
    assert_refused("{\n\n\"moves\":1}", "line 3: moves: expected true or false");
    assert_refused("{\"candidate\":4}", "candidate: expected an integer from 0 to 3");
    assert_refused("{\"containers\":-1}", "containers");
    assert_refused("{\"name\":5}", "name: expected a string");
    assert_refused("{\"name\":\"a\\u001bb\"}", "control character");
    assert_refused("{\"gpus\":{}}", "gpus: expected an array");
    assert_refused("{\"gpus\":[\n{\"published\":\"nv-9999\"}]}",
                   "line 2: published: no published GPU \"nv-9999\"");
    assert_refused("{\"gpus\":[{}]}", "\"instance_id\" is missing");
    assert_refused("{\"gpus\":[{\"published\":\"nv-2206\"},{\"published\":\"nv-2206\"}]}",
                   "two have the instance id");
    assert_refused("{\"gpus\":[{\"instance_id\":\"PCI\\\\X\",\"dismounted\":true}]}", "PCIP");
    assert_refused("{\"images\":[{\"name\":\"x\"}]}", "\"layers\" is missing");
    assert_refused("{\"images\":[{\"name\":\"x\",\"layers\":[\"layer\"]}]}", "absolute path");
    assert_refused("{\"systems\":[{\"id\":\"a\",\"state\":\"Asleep\"}]}",
                   "expected one of Created, Running");
    assert_refused("{\"systems\":[{\"id\":\"a\"},{\"id\":\"A\"}]}", "two have the id");
    assert_refused("{\"systems\":[{\"owner\":\"x\"}]}", "\"id\" is missing");
    assert_refused("{\"faults\":[{\"call\":\"HcsModify\",\"do\":\"fail\"}]}", "call: expected");
    assert_refused("{\"faults\":[{\"call\":\"*\"}]}", "\"do\" is missing");
    assert_refused("{\"faults\":[{\"do\":\"fail\"}]}", "\"call\" is missing");
    assert_refused("{\"faults\":[{\"call\":\"*\",\"do\":\"slow\"}]}", "delay_ms");
    assert_refused("{\"faults\":[{\"call\":\"*\",\"do\":\"fail\",\"code\":\"5\"}]}", "code");
    assert_refused("{\"base\":\"none\"}", "base: no built-in scenario");
    assert_refused("{\"host\":{\"schema\":\"3.1\"}}", "schema: expected a text such as");
    assert_refused("[]", "expected an object");
}

static void test_a_file_that_is_not_json_is_refused_with_its_line(void **state)
{
    (void)state;
    struct scenario *scenario = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    static const char text[] = "{\n\"name\": \"x\",,\n}";
    assert_int_equal(scenario_from_text("file.json", text, strlen(text), &scenario, &err),
                     HVGPU_INVALID);
    assert_non_null(strstr(err.message, "2"));
}

static void test_an_unknown_name_lists_the_scenarios(void **state)
{
    (void)state;
    struct scenario *scenario = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    assert_int_equal(scenario_load("nothing", &scenario, &err), HVGPU_INVALID);
    assert_null(scenario);
    assert_non_null(strstr(err.hint, "healthy"));
    assert_non_null(strstr(err.hint, "huge"));
    assert_int_not_equal(scenario_load("no/such/file.json", &scenario, &err), HVGPU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_built_in_scenario_loads_and_says_what_is_real),
        cmocka_unit_test(test_the_default_scenario_is_a_healthy_server_2022),
        cmocka_unit_test(test_the_scenarios_differ_where_their_names_say),
        cmocka_unit_test(test_the_policy_refusal_is_the_published_text),
        cmocka_unit_test(test_the_recorded_host_has_the_records_files_and_device),
        cmocka_unit_test(test_published_numbers_are_exact),
        cmocka_unit_test(test_what_a_source_does_not_give_stays_unknown),
        cmocka_unit_test(test_every_published_gpu_has_id_source_and_package),
        cmocka_unit_test(test_a_dismounted_gpu_reports_nothing_of_its_driver),
        cmocka_unit_test(test_members_of_a_file_win_over_the_record),
        cmocka_unit_test(test_a_base_is_changed_by_the_file),
        cmocka_unit_test(test_faults_are_read_in_order),
        cmocka_unit_test(test_errors_name_line_and_reason),
        cmocka_unit_test(test_a_file_that_is_not_json_is_refused_with_its_line),
        cmocka_unit_test(test_an_unknown_name_lists_the_scenarios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
