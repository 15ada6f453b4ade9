/* SPDX-License-Identifier: MIT
 *
 * Tests of core/engine/hcs/probe*.c: each rung, hostile answers, and the verdict in one sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/probe.h"

#define PACKAGE "nv_dispi.inf_amd64_0123456789abcdef"
#define OLDER   "nv_dispi.inf_amd64_fedcba9876543210"

static const char *const packages[] = {PACKAGE};
static const struct probe_expectation paravirtual = {
    .expects_gpu = true, .paravirtual = true, .packages = packages, .package_count = 1};
static const char *const device_ids[] = {"VEN_10DE&DEV_1EB8"};
static const struct probe_expectation assigned = {
    .expects_gpu = true, .device_ids = device_ids, .device_id_count = 1};
static const struct probe_expectation nothing = {.expects_gpu = false};

#define NAME_PV   "\"PCI#VEN_1414&DEV_008E&SUBSYS_00000000&REV_00#1\""
#define OBJDIR_PV "\"objdir\":[" NAME_PV "]"
#define STORE_OK  "\"hostdriverstore\":true,\"packages\":[\"" PACKAGE "\"]"
#define ADAPTER_PV                                                                                 \
    "\"adapters\":[{\"luid\":\"0x0:0x1\",\"type\":4,\"pv\":false,\"desc\":\"Microsoft Basic "      \
    "Render Driver\"},{\"luid\":\"0x0:0xf814\",\"type\":129,\"pv\":true,\"desc\":\"Tesla T4\","    \
    "\"driverstore\":\"C:\\\\x\"}]"
#define PNP_OK                                                                                     \
    "\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E&SUBSYS_0\",\"problem\":0,\"location\":[]}]"
#define VENDOR_OK                                                                                  \
    "\"vendor\":{\"command\":\"nvidia-smi -L\",\"exit\":0,\"text\":\"GPU 0: Tesla T4\\r\\n\"}"
#define GOOD "{\"v\":1," OBJDIR_PV "," STORE_OK "," ADAPTER_PV "," PNP_OK "," VENDOR_OK "}"
#define ABSENT                                                                                     \
    "{\"v\":1,\"objdir\":[],\"hostdriverstore\":false,\"packages\":[],\"adapters\":[],"            \
    "\"pnp\":[],\"vendor\":null}"

static struct probe_reading read_with(const char *answer, const struct probe_expectation *expected)
{
    struct probe_reading reading;
    probe_read(answer, strlen(answer), expected, &reading);
    return reading;
}

/* One member in an answer that has no other. */
static void expect_rung(const char *members, const struct probe_expectation *expected,
                        enum hvgpu_rung_kind kind, enum hvgpu_verdict verdict, const char *evidence)
{
    char *answer = text_format("{\"v\":1,%s}\n", members);
    struct probe_reading reading = read_with(answer, expected);
    if (reading.verdict[kind] != verdict || strstr(reading.evidence[kind], evidence) == NULL) {
        fail_msg("%s: verdict %d, \"%s\" (%s)", members, (int)reading.verdict[kind],
                 reading.evidence[kind], reading.problem);
    }
    free(answer);
}

static void test_a_good_answer_passes_every_rung(void **state)
{
    (void)state;
    struct probe_reading reading = read_with(GOOD, &paravirtual);
    assert_string_equal(reading.problem, "");
    assert_int_equal(reading.gpu, HVGPU_ANSWER_YES);
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        assert_int_equal(reading.verdict[i], HVGPU_VERDICT_PASS);
        assert_true(reading.evidence[i][0] != '\0');
    }
    assert_string_equal(reading.evidence[HVGPU_RUNG_ADAPTERS], "Tesla T4");
    assert_string_equal(reading.evidence[HVGPU_RUNG_VENDOR], "nvidia-smi -L: GPU 0: Tesla T4");
}

static void test_an_empty_guest_has_no_gpu(void **state)
{
    (void)state;
    struct probe_reading reading = read_with(ABSENT, &paravirtual);
    assert_int_equal(reading.gpu, HVGPU_ANSWER_NO);
    assert_int_equal(reading.verdict[HVGPU_RUNG_OBJECTS], HVGPU_VERDICT_FAIL);
    assert_int_equal(reading.verdict[HVGPU_RUNG_VENDOR], HVGPU_VERDICT_UNKNOWN);
}

static void test_null_members_are_unknown_and_not_absent(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "{\"v\":1}",
        "{\"v\":1,\"objdir\":null,\"hostdriverstore\":null,\"packages\":null,\"adapters\":null,"
        "\"pnp\":null,\"vendor\":null}",
        "{\"v\":1,\"objdir\":5,\"hostdriverstore\":\"yes\",\"packages\":{},\"adapters\":true,"
        "\"pnp\":\"\",\"vendor\":[]}",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct probe_reading reading = read_with(answers[i], &paravirtual);
        assert_string_equal(reading.problem, "");
        assert_int_equal(reading.gpu, HVGPU_ANSWER_UNKNOWN);
        for (int rung = 0; rung < HVGPU_RUNG_COUNT; rung++) {
            assert_int_equal(reading.verdict[rung], HVGPU_VERDICT_UNKNOWN);
            assert_true(reading.evidence[rung][0] != '\0');
        }
    }
}

static void test_object_names_are_matched_by_kind(void **state)
{
    (void)state;
    expect_rung(OBJDIR_PV, &paravirtual, HVGPU_RUNG_OBJECTS, HVGPU_VERDICT_PASS,
                "PCI#VEN_1414&DEV_008E");
    expect_rung("\"objdir\":[\"pci#ven_1414&dev_008e#x\"]", &paravirtual, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_PASS, "pci#ven_1414");
    expect_rung("\"objdir\":[\"PCI#VEN_10DE&DEV_1EB8#1\"]", &paravirtual, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_FAIL, "none of 1 PCI names is one with VEN_1414&DEV_008E");
    expect_rung("\"objdir\":[\"PCI#VEN_10DE&DEV_1EB8#1\"]", &assigned, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_PASS, "PCI#VEN_10DE&DEV_1EB8#1");
    expect_rung(OBJDIR_PV, &assigned, HVGPU_RUNG_OBJECTS, HVGPU_VERDICT_FAIL,
                "of the assigned GPU");
    expect_rung("\"objdir\":[\"PCI#VEN_1002&DEV_73A1#1\"]", &assigned, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_FAIL, "of the assigned GPU");
    expect_rung("\"objdir\":[1,null,\"\",\"PCI\",\"XPCI#VEN_1414&DEV_008E\"]", &paravirtual,
                HVGPU_RUNG_OBJECTS, HVGPU_VERDICT_FAIL, "none of 5");
    expect_rung(OBJDIR_PV, &nothing, HVGPU_RUNG_OBJECTS, HVGPU_VERDICT_PASS, "VEN_1414");
    expect_rung("\"objdir\":[\"PCI#VEN_1002&DEV_73A1#1\"]", &nothing, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_PASS, "VEN_1002");
    expect_rung("\"objdir\":[\"PCI#VEN_1AF4&DEV_1000#1\"]", &nothing, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_FAIL, "of a GPU");
}

static void test_every_assigned_device_must_be_there(void **state)
{
    (void)state;
    static const char *const two[] = {"VEN_10DE&DEV_1EB8", "VEN_10DE&DEV_20B5"};
    struct probe_expectation both = {.expects_gpu = true, .device_ids = two, .device_id_count = 2};
    expect_rung("\"objdir\":[\"PCI#VEN_10DE&DEV_1EB8#1\"]", &both, HVGPU_RUNG_OBJECTS,
                HVGPU_VERDICT_DEGRADED, "VEN_10DE&DEV_20B5 is missing");
    expect_rung("\"objdir\":[\"PCI#VEN_10DE&DEV_20B5#1\",\"PCI#VEN_10DE&DEV_1EB8#1\"]", &both,
                HVGPU_RUNG_OBJECTS, HVGPU_VERDICT_PASS, "and more");
}

static void test_the_driver_store_must_be_in_step(void **state)
{
    (void)state;
    const enum hvgpu_rung_kind store = HVGPU_RUNG_STORE;
    expect_rung(STORE_OK, &paravirtual, store, HVGPU_VERDICT_PASS, PACKAGE);
    expect_rung("\"hostdriverstore\":true,\"packages\":[\"" OLDER "\"]", &paravirtual, store,
                HVGPU_VERDICT_DEGRADED, "guest has " OLDER ", host has " PACKAGE);
    expect_rung("\"hostdriverstore\":true,\"packages\":[\"" OLDER "\",\"" PACKAGE "\"]",
                &paravirtual, store, HVGPU_VERDICT_PASS, PACKAGE);
    expect_rung("\"hostdriverstore\":true,\"packages\":[\"other.inf_amd64_01\"]", &paravirtual,
                store, HVGPU_VERDICT_FAIL, PACKAGE " is missing");
    expect_rung("\"hostdriverstore\":true,\"packages\":[]", &paravirtual, store, HVGPU_VERDICT_FAIL,
                "HostDriverStore is empty");
    expect_rung("\"hostdriverstore\":false,\"packages\":[]", &paravirtual, store,
                HVGPU_VERDICT_FAIL, "there is no HostDriverStore");
    expect_rung("\"hostdriverstore\":true,\"packages\":null", &paravirtual, store,
                HVGPU_VERDICT_UNKNOWN, "cannot be read here");
    expect_rung(STORE_OK, &assigned, store, HVGPU_VERDICT_UNKNOWN, "not used");
    struct probe_expectation no_package = {.expects_gpu = true, .paravirtual = true};
    expect_rung(STORE_OK, &no_package, store, HVGPU_VERDICT_UNKNOWN, "the host's is not known");
}

static void test_a_missing_package_outweighs_an_older_one(void **state)
{
    (void)state;
    static const char *const two[] = {PACKAGE, "amd.inf_amd64_77"};
    struct probe_expectation both = {
        .expects_gpu = true, .paravirtual = true, .packages = two, .package_count = 2};
    expect_rung("\"hostdriverstore\":true,\"packages\":[\"" OLDER "\"]", &both, HVGPU_RUNG_STORE,
                HVGPU_VERDICT_FAIL, "amd.inf_amd64_77 is missing");
    expect_rung("\"hostdriverstore\":true,\"packages\":[\"" OLDER "\",\"amd.inf_amd64_77\"]", &both,
                HVGPU_RUNG_STORE, HVGPU_VERDICT_DEGRADED, "guest has");
}

static void test_problem_codes_are_told_in_words(void **state)
{
    (void)state;
    const enum hvgpu_rung_kind pnp = HVGPU_RUNG_PNP;
    expect_rung(PNP_OK, &paravirtual, pnp, HVGPU_VERDICT_PASS, "1 device, problem 0");
    expect_rung("\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\",\"problem\":43}]", &paravirtual, pnp,
                HVGPU_VERDICT_FAIL, "problem 43: the driver reported a failure: its files are");
    expect_rung("\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\",\"problem\":22}]", &paravirtual, pnp,
                HVGPU_VERDICT_FAIL, "problem 22: disabled");
    expect_rung("\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\",\"problem\":999}]", &paravirtual,
                pnp, HVGPU_VERDICT_FAIL, "problem 999: a code without words");
    expect_rung("\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\",\"problem\":null}]", &paravirtual,
                pnp, HVGPU_VERDICT_UNKNOWN, "problem code cannot be read");
    expect_rung("\"pnp\":[{\"id\":\"VMBUS\\\\x\",\"problem\":0},7]", &paravirtual, pnp,
                HVGPU_VERDICT_FAIL, "none of 2 devices");
    expect_rung("\"pnp\":[{\"id\":\"PCI\\\\VEN_10DE&DEV_1EB8\\\\1\",\"problem\":0}]", &assigned,
                pnp, HVGPU_VERDICT_PASS, "problem 0");
}

static void test_a_device_with_a_problem_is_there_unless_it_is_gone(void **state)
{
    (void)state;
    struct probe_reading reading = read_with(
        "{\"v\":1,\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\",\"problem\":43}]}", &paravirtual);
    assert_int_equal(reading.gpu, HVGPU_ANSWER_YES);
    reading = read_with("{\"v\":1,\"pnp\":[{\"id\":\"PCI\\\\VEN_1414&DEV_008E\",\"problem\":45}]}",
                        &paravirtual);
    assert_int_equal(reading.gpu, HVGPU_ANSWER_NO);
}

static void test_software_and_display_adapters_are_no_gpus(void **state)
{
    (void)state;
    const enum hvgpu_rung_kind rung = HVGPU_RUNG_ADAPTERS;
    expect_rung(ADAPTER_PV, &paravirtual, rung, HVGPU_VERDICT_PASS, "Tesla T4");
    expect_rung("\"adapters\":[{\"type\":133,\"pv\":true,\"desc\":\"soft\"}]", &paravirtual, rung,
                HVGPU_VERDICT_FAIL, "none of 1 adapters is a GPU of the host");
    expect_rung("\"adapters\":[{\"type\":1,\"pv\":false,\"desc\":\"own\"}]", &paravirtual, rung,
                HVGPU_VERDICT_FAIL, "none of 1");
    expect_rung("\"adapters\":[{\"type\":1,\"pv\":false,\"desc\":\"own\"}]", &assigned, rung,
                HVGPU_VERDICT_PASS, "own");
    expect_rung("\"adapters\":[{\"type\":2,\"pv\":false,\"desc\":\"video\"}]", &assigned, rung,
                HVGPU_VERDICT_FAIL, "none of 1 adapters is a GPU");
    expect_rung(ADAPTER_PV, &assigned, rung, HVGPU_VERDICT_FAIL, "none of 2");
    expect_rung("\"adapters\":[{\"type\":129,\"desc\":null}]", &paravirtual, rung,
                HVGPU_VERDICT_PASS, "an adapter without a name");
    expect_rung("\"adapters\":[{\"pv\":null}]", &paravirtual, rung, HVGPU_VERDICT_UNKNOWN,
                "kind of the adapters");
    expect_rung(ADAPTER_PV, &nothing, rung, HVGPU_VERDICT_PASS, "Tesla T4");
}

static void test_exit_codes_of_the_vendor_tool_are_told_in_words(void **state)
{
    (void)state;
    const enum hvgpu_rung_kind rung = HVGPU_RUNG_VENDOR;
    static const struct {
        const char *exit_code;
        enum hvgpu_verdict verdict;
        const char *words;
    } cases[] = {
        {"0", HVGPU_VERDICT_PASS, "nvidia-smi: exit 0"},
        {"9", HVGPU_VERDICT_FAIL, "exit 9, the driver is not loaded"},
        {"12", HVGPU_VERDICT_FAIL, "exit 12, the NVML library was not found"},
        {"6", HVGPU_VERDICT_FAIL, "no GPU was found"},
        {"15", HVGPU_VERDICT_FAIL, "the GPU is lost"},
        {"255", HVGPU_VERDICT_FAIL, "exit 255"},
        {"-1073741515", HVGPU_VERDICT_FAIL, "exit -1073741515"},
        {"4", HVGPU_VERDICT_UNKNOWN, "no permission"},
        {"1", HVGPU_VERDICT_UNKNOWN, "missing or failed"},
        {"9009", HVGPU_VERDICT_UNKNOWN, "is not there"},
        {"-2147024894", HVGPU_VERDICT_UNKNOWN, "is not there"},
        {"2147942402", HVGPU_VERDICT_UNKNOWN, "is not there"},
        {"null", HVGPU_VERDICT_UNKNOWN, "no vendor tool ran here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *member = text_format("\"vendor\":{\"command\":\"nvidia-smi\",\"exit\":%s,\"text\":"
                                   "\"\"}",
                                   cases[i].exit_code);
        expect_rung(member, &paravirtual, rung, cases[i].verdict, cases[i].words);
        free(member);
    }
    expect_rung("\"vendor\":{\"command\":\"rocminfo\",\"exit\":9,\"text\":\"broken\\nmore\"}",
                &paravirtual, rung, HVGPU_VERDICT_FAIL, "rocminfo: exit 9, broken");
    expect_rung("\"vendor\":{\"command\":null,\"exit\":0,\"text\":\"No devices found.\"}",
                &paravirtual, rung, HVGPU_VERDICT_FAIL, "the vendor tool: No devices found");
}

static void test_answers_that_make_no_sense_are_unreadable(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *problem;
    } cases[] = {
        {"", "gave no answer"},
        {"gpuprobe: not found\r\n", "makes no sense (line 1, column 1"},
        {"{\"v\":1,\"objdir\":[\"PCI#VEN_14", "makes no sense"},
        {"{\"v\":1}{\"v\":1}", "text after the end"},
        {"{}", "states no version"},
        {"[]", "states no version"},
        {"{\"v\":\"1\"}", "states no version"},
        {"{\"v\":2}", "has version 2, not 1"},
        {"{\"v\":1,\"objdir\":[\"\033[2J\"]}", "control character"},
        {"{\"v\":1,\"v\":1}", "two members"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct probe_reading reading = read_with(cases[i].answer, &paravirtual);
        if (strstr(reading.problem, cases[i].problem) == NULL) {
            fail_msg("\"%s\" gave \"%s\"", cases[i].answer, reading.problem);
        }
        assert_int_equal(reading.gpu, HVGPU_ANSWER_UNKNOWN);
        for (int rung = 0; rung < HVGPU_RUNG_COUNT; rung++) {
            assert_int_equal(reading.verdict[rung], HVGPU_VERDICT_UNKNOWN);
        }
    }
    struct probe_reading reading;
    probe_read(NULL, 0, &paravirtual, &reading);
    assert_string_equal(reading.problem, "the probe gave no answer");
}

static void test_an_oversized_answer_is_unreadable(void **state)
{
    (void)state;
    size_t len = PROBE_MAX_BYTES + 1;
    char *answer = malloc(len);
    assert_non_null(answer);
    memset(answer, ' ', len);
    memcpy(answer, "{\"v\":1}", 7);
    struct probe_reading reading;
    probe_read(answer, len, &paravirtual, &reading);
    assert_string_equal(reading.problem, "the probe's answer is larger than 256 KiB");
    probe_read(answer, len - 1, &paravirtual, &reading);
    assert_string_equal(reading.problem, "");
    free(answer);
}

static void test_every_truncation_of_an_answer_is_survived(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof GOOD - 1; len++) {
        char *part = malloc(len + 1); /* its own block, so that reading past it is seen */
        assert_non_null(part);
        memcpy(part, GOOD, len);
        struct probe_reading reading;
        probe_read(part, len, &paravirtual, &reading);
        assert_int_equal(reading.gpu, HVGPU_ANSWER_UNKNOWN);
        assert_true(reading.problem[0] != '\0');
        free(part);
    }
}

static void test_evidence_is_cleaned(void **state)
{
    (void)state;
    expect_rung(
        "\"adapters\":[{\"type\":129,\"pv\":true,\"desc\":\"\\u001b]0;x\\u0007\\u202eT4\"}]",
        &paravirtual, HVGPU_RUNG_ADAPTERS, HVGPU_VERDICT_PASS,
        "\xEF\xBF\xBD]0;x\xEF\xBF\xBD\xEF\xBF\xBDT4");
}

static void test_an_unreadable_place_tells_its_reason(void **state)
{
    (void)state;
    struct probe_reading reading;
    probe_unreadable(&reading, "HcsCreateProcess: access denied\033");
    assert_string_equal(reading.problem, "HcsCreateProcess: access denied\xEF\xBF\xBD");
    assert_string_equal(reading.evidence[HVGPU_RUNG_PNP], reading.problem);
    probe_unreadable(&reading, NULL);
    assert_string_equal(reading.problem, "the probe gave no answer");
}

/* ---- the verdict ---- */

static void expect_verdict(const char *vm_answer, const char *container_answer,
                           const struct probe_expectation *expected, enum hvgpu_verdict verdict,
                           const char *sentence)
{
    struct probe_reading vm, container;
    if (vm_answer != NULL) {
        vm = read_with(vm_answer, expected);
    } else {
        probe_unreadable(&vm, "the VM did not answer");
    }
    if (container_answer != NULL) {
        container = read_with(container_answer, expected);
    } else {
        probe_unreadable(&container, "time-out");
    }
    enum hvgpu_verdict got;
    char said[512];
    probe_judge(&vm, &container, expected, &got, said, sizeof said);
    assert_string_equal(said, sentence);
    assert_int_equal(got, verdict);
}

static void test_the_verdict_is_one_of_four_sentences(void **state)
{
    (void)state;
    expect_verdict(GOOD, GOOD, &paravirtual, HVGPU_VERDICT_PASS,
                   "the GPU is in both the VM and the container");
    expect_verdict(GOOD, ABSENT, &paravirtual, HVGPU_VERDICT_FAIL,
                   "the GPU is in the VM but not in the container");
    expect_verdict(ABSENT, ABSENT, &paravirtual, HVGPU_VERDICT_FAIL,
                   "the GPU is in neither the VM nor the container");
    expect_verdict(ABSENT, ABSENT, &nothing, HVGPU_VERDICT_FAIL,
                   "the GPU is in neither the VM nor the container: none was attached");
    expect_verdict(NULL, NULL, &paravirtual, HVGPU_VERDICT_UNKNOWN,
                   "not known because the VM could not be read: the VM did not answer");
}

static void test_what_is_not_in_the_vm_is_not_in_the_container(void **state)
{
    (void)state;
    expect_verdict(ABSENT, NULL, &paravirtual, HVGPU_VERDICT_FAIL,
                   "the GPU is in neither the VM nor the container");
    expect_verdict(ABSENT, GOOD, &paravirtual, HVGPU_VERDICT_UNKNOWN,
                   "not known because the container shows a GPU that its VM does not have");
}

static void test_one_unreadable_place_makes_the_whole_unknown(void **state)
{
    (void)state;
    expect_verdict(GOOD, NULL, &paravirtual, HVGPU_VERDICT_UNKNOWN,
                   "not known because the container could not be read: time-out; "
                   "the VM has a GPU");
    expect_verdict(NULL, GOOD, &paravirtual, HVGPU_VERDICT_UNKNOWN,
                   "not known because the VM could not be read: the VM did not answer; "
                   "the container has a GPU");
    expect_verdict(NULL, ABSENT, &paravirtual, HVGPU_VERDICT_UNKNOWN,
                   "not known because the VM could not be read: the VM did not answer; "
                   "the container has none");
    expect_verdict(GOOD, "{\"v\":1}", &paravirtual, HVGPU_VERDICT_UNKNOWN,
                   "not known because the container could not be read: nothing there could be "
                   "read; the VM has a GPU");
}

static void test_a_rung_that_disagrees_makes_it_degraded(void **state)
{
    (void)state;
    static const char drifted[] =
        "{\"v\":1," OBJDIR_PV ",\"hostdriverstore\":true,\"packages\":[\"" OLDER "\"]," ADAPTER_PV
        "}";
    expect_verdict(GOOD, drifted, &paravirtual, HVGPU_VERDICT_DEGRADED,
                   "the GPU is in both the VM and the container: driver store in the container: "
                   "guest has " OLDER ", host has " PACKAGE ": launch it again");
    expect_verdict(drifted, GOOD, &paravirtual, HVGPU_VERDICT_DEGRADED,
                   "the GPU is in both the VM and the container: driver store in the VM: "
                   "guest has " OLDER ", host has " PACKAGE ": launch it again");
}

static void test_unknown_rungs_do_not_spoil_a_pass(void **state)
{
    (void)state;
    expect_verdict("{\"v\":1," OBJDIR_PV "}", "{\"v\":1," ADAPTER_PV "}", &paravirtual,
                   HVGPU_VERDICT_PASS, "the GPU is in both the VM and the container");
}

static void test_a_short_sentence_buffer_is_enough(void **state)
{
    (void)state;
    struct probe_reading reading = read_with(GOOD, &paravirtual);
    enum hvgpu_verdict verdict;
    char said[8];
    probe_judge(&reading, &reading, &paravirtual, &verdict, said, sizeof said);
    assert_string_equal(said, "the GPU");
}

/* ---- gpuprobe children ---- */

static void test_the_first_location_is_split_off_and_checked(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *location;
    } cases[] = {
        {"PCIROOT(0)#PCI(0100)\r\n", "PCIROOT(0)#PCI(0100)"},
        {" PCIROOT(A9C0)#PCI(0000),PCIROOT(1)#PCI(0)\n", "PCIROOT(A9C0)#PCI(0000)"},
        {"ACPI(_SB_)#ACPI(VMBS)#VMBUS({dcc079ae-60ba-4d07-847c-3493609c0870}#0)",
         "ACPI(_SB_)#ACPI(VMBS)#VMBUS({dcc079ae-60ba-4d07-847c-3493609c0870}#0)"},
        {"", NULL},
        {"\n", NULL},
        {",PCIROOT(0)", NULL},
        {"error", NULL},
        {"PCIROOT(0)\"x", NULL},
        {"PCIROOT(0)\\x", NULL},
        {"PCIROOT(0)\033", NULL},
    };
    char out[128];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found =
            probe_first_location(cases[i].answer, strlen(cases[i].answer), out, sizeof out);
        assert_int_equal(found, cases[i].location != NULL);
        if (found) {
            assert_string_equal(out, cases[i].location);
        }
    }
    assert_false(probe_first_location("PCIROOT(0)", 10, out, 10));
    assert_true(probe_first_location("PCIROOT(0)", 10, out, 11));
    assert_false(probe_first_location(NULL, 0, out, sizeof out));
    assert_false(probe_first_location("PCIROOT(0)", 10, out, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_answer_passes_every_rung),
        cmocka_unit_test(test_an_empty_guest_has_no_gpu),
        cmocka_unit_test(test_null_members_are_unknown_and_not_absent),
        cmocka_unit_test(test_object_names_are_matched_by_kind),
        cmocka_unit_test(test_every_assigned_device_must_be_there),
        cmocka_unit_test(test_the_driver_store_must_be_in_step),
        cmocka_unit_test(test_a_missing_package_outweighs_an_older_one),
        cmocka_unit_test(test_problem_codes_are_told_in_words),
        cmocka_unit_test(test_a_device_with_a_problem_is_there_unless_it_is_gone),
        cmocka_unit_test(test_software_and_display_adapters_are_no_gpus),
        cmocka_unit_test(test_exit_codes_of_the_vendor_tool_are_told_in_words),
        cmocka_unit_test(test_answers_that_make_no_sense_are_unreadable),
        cmocka_unit_test(test_an_oversized_answer_is_unreadable),
        cmocka_unit_test(test_every_truncation_of_an_answer_is_survived),
        cmocka_unit_test(test_evidence_is_cleaned),
        cmocka_unit_test(test_an_unreadable_place_tells_its_reason),
        cmocka_unit_test(test_the_verdict_is_one_of_four_sentences),
        cmocka_unit_test(test_what_is_not_in_the_vm_is_not_in_the_container),
        cmocka_unit_test(test_one_unreadable_place_makes_the_whole_unknown),
        cmocka_unit_test(test_a_rung_that_disagrees_makes_it_degraded),
        cmocka_unit_test(test_unknown_rungs_do_not_spoil_a_pass),
        cmocka_unit_test(test_a_short_sentence_buffer_is_enough),
        cmocka_unit_test(test_the_first_location_is_split_off_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
