/* SPDX-License-Identifier: MIT
 *
 * JSON of records: all keys are always there, unknown is null, numbers stay exact, documents are
 * embedded.
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
#include "core/hvgpu.h"
#include "core/names.h"

static struct json *parse_and_free(char *text)
{
    struct json *json = NULL;
    struct hvgpu_error err = {0};
    assert_non_null(text);
    assert_int_equal(json_parse(text, strlen(text), "report", &json, &err), HVGPU_OK);
    free(text);
    return json;
}

static struct hvgpu_number number(uint64_t value)
{
    return (struct hvgpu_number){.value = value, .known = true};
}

static void assert_is_null(const struct json *object, const char *key)
{
    const struct json *member = json_member(object, key);
    assert_non_null(member); /* the key is there */
    assert_int_equal(json_type(member), JSON_NULL);
}

static void assert_number(const struct json *object, const char *path, uint64_t expected)
{
    uint64_t value = 0;
    assert_true(json_u64(object, path, &value));
    assert_true(value == expected);
}

/* Everything unknown; the documents differ only in what they list. */
static const struct hvgpu_host nothing_known = {.uri = "x:", .link = HVGPU_LINK_CONNECTING};

static void test_every_document_says_version_and_simulated(void **state)
{
    (void)state;
    const struct hvgpu_host simulated = {
        .uri = "demo:", .simulated = true, .simulation = "all of it", .link = HVGPU_LINK_LIVE};
    const struct hvgpu_snapshot s = {.host = &simulated};
    const struct hvgpu_job job = {.id = 1};
    const struct hvgpu_event event = {.kind = "K", .system_id = "", .json = ""};
    char *texts[] = {hvgpu_json_gpus(&s),         hvgpu_json_systems(&s, true),
                     hvgpu_json_images(&s),       hvgpu_json_checks(&s),
                     hvgpu_json_host(&s),         hvgpu_json_job(&s, &job),
                     hvgpu_json_event(&s, &event)};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct json *json = parse_and_free(texts[i]);
        assert_number(json, "schema_version", 1);
        assert_true(json_bool(json, "simulated", false));
        json_free(json);
    }
}

static void test_unknown_host_facts_are_null(void **state)
{
    (void)state;
    const struct hvgpu_snapshot s = {.host = &nothing_known};
    struct json *json = parse_and_free(hvgpu_json_host(&s));
    const struct json *host = json_member(json, "host");
    static const char *const keys[] = {"name",         "edition",    "build",   "schema_major",
                                       "schema_minor", "hypervisor", "service", "server_edition",
                                       "link_reason",  "link_hint",  "time_ms", "notice",
                                       "simulation"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_is_null(host, keys[i]);
    }
    assert_string_equal(json_string(host, "link"), "connecting");
    assert_false(json_bool(json, "simulated", true));
    json_free(json);
}

static void test_gpu_has_all_keys_with_units(void **state)
{
    (void)state;
    const uint32_t counts[] = {1, 2, 32};
    const struct hvgpu_partition partitions[] = {{.number = 3, .system_id = "web@vm"}};
    const struct hvgpu_gpu full = {.id = "gpu0",
                                   .name = "NVIDIA A2",
                                   .pci_vendor = 0x10de,
                                   .pci_device = 0x25b6,
                                   .state = HVGPU_GPU_PARTITIONABLE,
                                   .vram_bytes = number(17179869184u),
                                   .load_permille = number(0),
                                   .partition_total = number(32),
                                   .valid_counts = counts,
                                   .valid_count_count = 3,
                                   .vram = {.total = number(UINT64_MAX)},
                                   .reboot_required = HVGPU_ANSWER_NO,
                                   .partitions = partitions,
                                   .partition_count = 1,
                                   .any_count = 2};
    const struct hvgpu_gpu empty = {.id = "gpu1"};
    const struct hvgpu_gpu *const gpus[] = {&full, &empty};
    const struct hvgpu_snapshot s = {.host = &nothing_known, .gpus = gpus, .gpu_count = 2};
    struct json *json = parse_and_free(hvgpu_json_gpus(&s));
    assert_non_null(json_member(json, "host"));
    const struct json *first = json_first(json_member(json, "gpus"));
    assert_string_equal(json_string(first, "pci_vendor_id"), "10DE");
    assert_string_equal(json_string(first, "state"), "partitionable");
    assert_number(first, "vram_bytes", 17179869184u);
    assert_number(first, "load_permille", 0);
    assert_number(first, "vram_quota/total", UINT64_MAX); /* exact */
    assert_number(first, "given_as_any_count", 2);
    assert_int_equal(json_count(json_member(first, "valid_partition_counts")), 3);
    const struct json *partition = json_first(json_member(first, "known_partitions"));
    assert_number(partition, "number", 3);
    assert_string_equal(json_string(partition, "system_id"), "web@vm");
    assert_int_equal(json_type(json_member(first, "reboot_required")), JSON_BOOL);
    const struct json *second = json_next(first);
    static const char *const unknown[] = {"name",
                                          "pci_vendor_id",
                                          "state",
                                          "vram_bytes",
                                          "load_permille",
                                          "temperature_celsius",
                                          "power_permille",
                                          "problem_code",
                                          "reboot_required",
                                          "partition_count",
                                          "dda_holder"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_is_null(second, unknown[i]);
    }
    for (const struct json *m = json_first(first); m != NULL; m = json_next(m)) {
        assert_non_null(json_member(second, json_key(m))); /* the same keys */
    }
    json_free(json);
}

static void test_systems_show_unknown_gpus_as_null_and_none_as_empty(void **state)
{
    (void)state;
    const struct hvgpu_assignment assignments[] = {{.gpu = "PCI\\A", .partition = number(4)},
                                                   {.gpu = "PCI\\B"}};
    const struct hvgpu_system ours = {.id = "a",
                                      .ours = true,
                                      .gpu_mode = HVGPU_MODE_LIST,
                                      .assignments = assignments,
                                      .assignment_count = 2,
                                      .state = HVGPU_STATE_RUNNING,
                                      .kind = HVGPU_SYSTEM_HYPERV_CONTAINER,
                                      .init_state = HVGPU_INIT_ENDED,
                                      .init_exit_code = number(0)};
    const struct hvgpu_system none = {.id = "b", .gpu_mode = HVGPU_MODE_NONE};
    const struct hvgpu_system foreign = {.id = "c"};
    const struct hvgpu_system *const systems[] = {&ours, &none, &foreign};
    const struct hvgpu_check check = {
        .system_id = "a", .verdict = HVGPU_VERDICT_PASS, .sentence = "in both", .time_ms = 9};
    const struct hvgpu_check *const checks[] = {&check};
    const struct hvgpu_leftover leftover = {
        .journal = "job-1", .title = "launch x", .text = "VM x", .thing_count = 1};
    const struct hvgpu_leftover *const leftovers[] = {&leftover};
    const struct hvgpu_snapshot s = {.host = &nothing_known,
                                     .systems = systems,
                                     .system_count = 3,
                                     .checks = checks,
                                     .check_count = 1,
                                     .leftovers = leftovers,
                                     .leftover_count = 1};
    struct json *json = parse_and_free(hvgpu_json_systems(&s, true));
    const struct json *first = json_first(json_member(json, "systems"));
    const struct json *gpu = json_first(json_member(first, "gpus"));
    assert_number(gpu, "partition", 4);
    assert_is_null(json_next(gpu), "partition");
    assert_string_equal(json_string(first, "gpu_mode"), "list");
    assert_string_equal(json_string(first, "kind"), "hyperv_container");
    assert_string_equal(json_string(first, "check/verdict"), "pass");
    assert_string_equal(json_string(first, "init_state"), "ended");
    assert_number(first, "init_exit_code", 0);
    const struct json *second = json_next(first);
    assert_int_equal(json_type(json_member(second, "gpus")), JSON_ARRAY);
    assert_int_equal(json_count(json_member(second, "gpus")), 0);
    const struct json *third = json_next(second);
    assert_is_null(third, "gpus");
    assert_is_null(third, "gpu_mode");
    assert_is_null(third, "check");
    assert_is_null(third, "memory_bytes");
    assert_is_null(third, "state");
    assert_string_equal(json_string(json_first(json_member(json, "leftovers")), "journal"),
                        "job-1");
    json_free(json);
    json = parse_and_free(hvgpu_json_systems(&s, false));
    assert_int_equal(json_count(json_member(json, "systems")), 1);
    json_free(json);
}

static void test_checks_list_every_rung_in_both_places(void **state)
{
    (void)state;
    struct hvgpu_check check = {.system_id = "a",
                                .verdict = HVGPU_VERDICT_DEGRADED,
                                .in_vm = HVGPU_ANSWER_YES,
                                .judged = true,
                                .vm_answer = "{\"v\":1}",
                                .container_answer = "no json",
                                .history_count = 2};
    check.history[0] = HVGPU_VERDICT_PASS;
    check.history[1] = HVGPU_VERDICT_DEGRADED;
    check.container[HVGPU_RUNG_PNP] =
        (struct hvgpu_rung){.verdict = HVGPU_VERDICT_FAIL, .evidence = "code 43"};
    const struct hvgpu_check *const checks[] = {&check};
    const struct hvgpu_snapshot s = {.host = &nothing_known, .checks = checks, .check_count = 1};
    struct json *json = parse_and_free(hvgpu_json_checks(&s));
    const struct json *c = json_first(json_member(json, "checks"));
    assert_string_equal(json_string(c, "verdict"), "degraded");
    assert_true(json_bool(c, "in_vm", false));
    assert_is_null(c, "in_container");
    const struct json *rungs = json_member(c, "rungs");
    assert_int_equal(json_count(rungs), HVGPU_RUNG_COUNT);
    size_t i = 0;
    for (const struct json *r = json_first(rungs); r != NULL; r = json_next(r)) {
        assert_string_equal(json_string(r, "rung"), hvgpu_rung_name((enum hvgpu_rung_kind)i));
        if (i == HVGPU_RUNG_PNP) {
            assert_string_equal(json_string(r, "container/verdict"), "fail");
            assert_string_equal(json_string(r, "container/evidence"), "code 43");
        }
        i++;
    }
    assert_number(c, "vm_answer/v", 1);
    assert_string_equal(json_string(c, "container_answer"), "no json");
    const struct json *history = json_first(json_member(c, "history"));
    assert_string_equal(json_string(history, ""), "pass");
    json_free(json);
}

static void test_images_say_unknown_as_null(void **state)
{
    (void)state;
    const char *const layers[] = {"C:\\top", "C:\\base"};
    const struct hvgpu_image image = {.name = "nano",
                                      .layers = layers,
                                      .layer_count = 2,
                                      .has_utility_vm = HVGPU_ANSWER_NO,
                                      .build = number(20348)};
    const struct hvgpu_image *const images[] = {&image};
    const struct hvgpu_snapshot s = {.host = &nothing_known, .images = images, .image_count = 1};
    struct json *json = parse_and_free(hvgpu_json_images(&s));
    const struct json *i = json_first(json_member(json, "images"));
    assert_number(i, "build", 20348);
    assert_false(json_bool(i, "has_utility_vm", true));
    assert_is_null(i, "can_carry_gpu");
    assert_int_equal(json_count(json_member(i, "layers")), 2);
    assert_string_equal(json_string(json_first(json_member(i, "layers")), ""), "C:\\top");
    json_free(json);
}

static void test_job_embeds_documents_answers_and_errors(void **state)
{
    (void)state;
    const struct hvgpu_call sent = {.call = "Create", .id = "web", .document = "{\"Owner\":1}"};
    const struct hvgpu_call answered = {.call = "Start",
                                        .id = "web",
                                        .answered = true,
                                        .code = -2143878899,
                                        .answer = "damaged {",
                                        .duration_ms = number(12)};
    const struct hvgpu_call *const calls[] = {&sent, &answered};
    const struct hvgpu_step steps[] = {
        {.title = "create", .state = HVGPU_STEP_DONE},
        {.title = "undo", .state = HVGPU_STEP_RUNNING, .is_undo = true}};
    struct hvgpu_job job = {.id = 7,
                            .verb = "launch",
                            .state = HVGPU_JOB_FAILED,
                            .steps = steps,
                            .step_count = 2,
                            .calls = calls,
                            .call_count = 2,
                            .started_ms = 1700000000000,
                            .result = "{\"id\":\"web\"}",
                            .exit_code = number(3221225786u)};
    job.error = (struct hvgpu_error){
        .status = HVGPU_FAILED, .kind = HVGPU_CODE_HRESULT, .code = -2143878899, .message = "no"};
    const struct hvgpu_snapshot s = {.host = &nothing_known};
    struct json *json = parse_and_free(hvgpu_json_job(&s, &job));
    assert_string_equal(json_string(json, "state"), "failed");
    assert_is_null(json, "ended_ms");
    assert_number(json, "started_ms", 1700000000000);
    assert_number(json, "exit_code", 3221225786u);
    assert_string_equal(json_string(json, "result/id"), "web");
    const struct json *call = json_first(json_member(json, "calls"));
    assert_number(call, "document/Owner", 1);
    assert_is_null(call, "hresult");
    assert_is_null(call, "answer");
    call = json_next(call);
    assert_string_equal(json_string(call, "hresult"), "0x8037010D");
    assert_string_equal(json_string(call, "answer"), "damaged {");
    assert_is_null(call, "document");
    assert_string_equal(json_string(json, "error/status"), "failed");
    assert_string_equal(json_string(json, "error/hresult"), "0x8037010D");
    assert_is_null(json_member(json, "error"), "errno");
    assert_is_null(json_member(json, "error"), "hint");
    const struct json *step = json_next(json_first(json_member(json, "steps")));
    assert_true(json_bool(step, "is_undo", false));
    assert_is_null(step, "duration_ms");
    json_free(json);
    job.error = (struct hvgpu_error){.status = HVGPU_IO, .kind = HVGPU_CODE_ERRNO, .code = 28};
    json = parse_and_free(hvgpu_json_job(&s, &job));
    assert_number(json, "error/errno", 28);
    json_free(json);
    job.error = (struct hvgpu_error){.status = HVGPU_OK};
    json = parse_and_free(hvgpu_json_job(&s, &job));
    assert_is_null(json, "error");
    json_free(json);
}

static void test_event_is_one_line_with_words_and_document(void **state)
{
    (void)state;
    const struct hvgpu_event event = {.sequence = 5,
                                      .time_ms = 6,
                                      .source = HVGPU_EVENT_HCS,
                                      .severity = HVGPU_SEVERITY_ERROR,
                                      .type = 1,
                                      .kind = "SystemExited",
                                      .system_id = "web",
                                      .json = "{\"ExitType\":\"ForcedExit\"}"};
    const struct hvgpu_snapshot s = {.host = &nothing_known};
    char *text = hvgpu_json_event(&s, &event);
    assert_null(strchr(text, '\n'));
    struct json *json = parse_and_free(text);
    assert_string_equal(json_string(json, "text"), "the system was terminated");
    assert_string_equal(json_string(json, "document/ExitType"), "ForcedExit");
    assert_string_equal(json_string(json, "source"), "hcs");
    assert_string_equal(json_string(json, "severity"), "error");
    assert_string_equal(json_string(json, "system_id"), "web");
    json_free(json);
    const struct hvgpu_event bare = {.kind = "K", .system_id = "", .json = ""};
    json = parse_and_free(hvgpu_json_event(&s, &bare));
    assert_is_null(json, "system_id");
    assert_is_null(json, "document");
    json_free(json);
}

static void test_names_accept_any_value(void **state)
{
    (void)state;
    assert_string_equal(hvgpu_verdict_name((enum hvgpu_verdict)77), "unknown");
    assert_string_equal(hvgpu_rung_name(HVGPU_RUNG_COUNT), "unknown");
    for (unsigned i = 0; i < HVGPU_RUNG_COUNT; i++) {
        assert_string_not_equal(hvgpu_rung_name((enum hvgpu_rung_kind)i), "unknown");
    }
    assert_string_equal(name_of_link((enum hvgpu_link)9), "lost");
    assert_null(name_of_gpu_state((enum hvgpu_gpu_state)99));
    assert_null(name_of_gpu_state(HVGPU_GPU_UNKNOWN));
    assert_null(name_of_system_state(HVGPU_STATE_UNKNOWN));
    assert_string_equal(name_of_system_kind((enum hvgpu_system_kind)99), "other");
    assert_string_equal(name_of_job_state((enum hvgpu_job_state)99), "failed");
    assert_string_equal(name_of_step_state((enum hvgpu_step_state)99), "unknown");
    assert_string_equal(name_of_event_source((enum hvgpu_event_source)99), "hvgpu");
    assert_string_equal(name_of_severity((enum hvgpu_severity)99), "info");
    assert_null(name_of_init_state(HVGPU_INIT_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_document_says_version_and_simulated),
        cmocka_unit_test(test_unknown_host_facts_are_null),
        cmocka_unit_test(test_gpu_has_all_keys_with_units),
        cmocka_unit_test(test_systems_show_unknown_gpus_as_null_and_none_as_empty),
        cmocka_unit_test(test_checks_list_every_rung_in_both_places),
        cmocka_unit_test(test_images_say_unknown_as_null),
        cmocka_unit_test(test_job_embeds_documents_answers_and_errors),
        cmocka_unit_test(test_event_is_one_line_with_words_and_document),
        cmocka_unit_test(test_names_accept_any_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
