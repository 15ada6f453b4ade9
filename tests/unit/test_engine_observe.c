/* SPDX-License-Identifier: MIT
 *
 * The HCS engine observing a hand-made host: first inventory, differences, links with their
 * reasons, handles that prolong nothing, own records, leftovers, pause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"
#include "tests/support/engine_rig.h"

static int set_up(void **state)
{
    *state = rig_new();
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static const struct hvgpu_system *find(struct engine_rig *rig, const char *id)
{
    return hvgpu_find_system(rig_snapshot(rig), id);
}

static void add(struct engine_rig *rig, const char *id, const char *members, bool ends)
{
    char json[512];
    snprintf(json, sizeof json, "{\"Id\":\"%s\",%s}", id, members);
    fake_system(rig->fake, id, json, ends);
}

#define CONTAINER "\"SystemType\":\"Container\",\"State\":\"Running\""
#define VM        "\"SystemType\":\"VirtualMachine\",\"State\":\"Running\""

/* ---- the first inventory ---- */

static void test_first_inventory_brings_host_gpus_images_and_systems(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "wsl", VM ",\"Owner\":\"WSL\"", true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    const struct hvgpu_snapshot *s = rig_snapshot(rig);
    assert_int_equal(s->host->link, HVGPU_LINK_LIVE);
    assert_null(s->host->link_reason);
    assert_string_equal(s->host->name, "NODE1");
    assert_int_equal(s->host->schema_minor.value, 5);
    assert_int_equal(s->gpu_count, 2);
    assert_int_equal(s->image_count, 3);
    assert_int_equal(s->system_count, 1);
    assert_string_equal(find(rig, "wsl")->owner_text, "WSL");
    assert_int_equal(find(rig, "wsl")->gpu_mode, HVGPU_MODE_UNKNOWN);
    assert_null(find(rig, "wsl")->gpu_text);
}

static void test_gpus_are_numbered_by_location_and_problems_are_words(void **state)
{
    struct engine_rig *rig = *state;
    fake_gpus(rig->fake, 4, 250);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    const struct hvgpu_snapshot *s = rig_snapshot(rig);
    assert_int_equal(s->gpu_count, 4);
    for (size_t i = 0; i < 4; i++) { /* the host lists them with falling bus numbers */
        char id[16];
        snprintf(id, sizeof id, "gpu%zu", i);
        assert_string_equal(s->gpus[i]->id, id);
    }
    assert_string_equal(s->gpus[0]->location, "PCI bus 17, device 0, function 0");
    assert_int_equal(s->gpus[0]->state, HVGPU_GPU_PROBLEM);
    assert_string_equal(s->gpus[0]->state_text, "Problem 43: the driver reported a failure");
    assert_int_equal(s->gpus[1]->state, HVGPU_GPU_PARAVIRTUAL);
    assert_int_equal(s->gpus[1]->pci_vendor, 0x10DE);
    assert_int_equal(s->gpus[1]->pci_device, 0x1EB8);
}

static void test_images_are_judged_with_a_reason(void **state)
{
    struct engine_rig *rig = *state;
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    const struct hvgpu_snapshot *s = rig_snapshot(rig);
    for (size_t i = 0; i < s->image_count; i++) {
        assert_non_null(s->images[i]->reason);
        enum hvgpu_answer expected = strcmp(s->images[i]->name, "windows/server:ltsc2022") == 0
                                         ? HVGPU_ANSWER_YES
                                         : HVGPU_ANSWER_NO;
        assert_int_equal(s->images[i]->can_carry_gpu, expected);
    }
}

static void test_systems_are_classified(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "hyperv", VM ",\"Owner\":\"VMMS\"", true);
    add(rig, "shim@vm", VM ",\"Owner\":\"containerd-shim-runhcs-v1.exe\"", true);
    add(rig, "host", VM ",\"Owner\":\"other\"", true);
    add(rig, "hosted", CONTAINER ",\"HostingSystemId\":\"host\"", true);
    add(rig, "docker1",
        CONTAINER ",\"Owner\":\"docker\",\"RuntimeImagePath\":\"C:\\\\x\\\\UtilityVM\"", true);
    add(rig, "argon", CONTAINER ",\"RuntimeId\":\"00000000-0000-0000-0000-000000000000\"", true);
    add(rig, "template", CONTAINER ",\"IsRuntimeTemplate\":true", true);
    add(rig, "strange", "\"SystemType\":\"Enclave\",\"State\":\"Migrating\"", true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_int_equal(find(rig, "hyperv")->kind, HVGPU_SYSTEM_VM);
    assert_string_equal(find(rig, "hyperv")->owner_text, "Hyper-V Manager VM");
    assert_int_equal(find(rig, "shim@vm")->kind, HVGPU_SYSTEM_UTILITY_VM);
    assert_int_equal(find(rig, "host")->kind, HVGPU_SYSTEM_UTILITY_VM);
    assert_int_equal(find(rig, "hosted")->kind, HVGPU_SYSTEM_HYPERV_CONTAINER);
    assert_int_equal(find(rig, "docker1")->kind, HVGPU_SYSTEM_HYPERV_CONTAINER);
    assert_int_equal(find(rig, "argon")->kind, HVGPU_SYSTEM_PROCESS_CONTAINER);
    assert_int_equal(find(rig, "template")->kind, HVGPU_SYSTEM_TEMPLATE);
    assert_int_equal(find(rig, "strange")->kind, HVGPU_SYSTEM_OTHER);
    assert_string_equal(find(rig, "strange")->kind_text, "Enclave");
    assert_string_equal(find(rig, "strange")->state_text, "Migrating");
    assert_int_equal(find(rig, "strange")->state, HVGPU_STATE_UNKNOWN);
}

/* ---- differences ---- */

static bool two_systems(const struct hvgpu_snapshot *s)
{
    return s->system_count == 2;
}

static bool one_system(const struct hvgpu_snapshot *s)
{
    return s->system_count == 1;
}

static bool second_stopped(const struct hvgpu_snapshot *s)
{
    const struct hvgpu_system *two = hvgpu_find_system(s, "two");
    return two != NULL && two->state == HVGPU_STATE_STOPPED;
}

static void test_systems_come_change_and_go(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    add(rig, "two", CONTAINER, true);
    hcs_engine_refresh(rig->engine);
    assert_true(rig_wait(rig, two_systems));
    const struct hvgpu_system *one = hvgpu_record_keep(find(rig, "one"));
    add(rig, "two", "\"SystemType\":\"Container\",\"State\":\"Stopped\"", true);
    hcs_engine_refresh(rig->engine);
    assert_true(rig_wait(rig, second_stopped));
    assert_ptr_equal(find(rig, "one"), one); /* only what changed is posted */
    hvgpu_record_drop(one);
    fake_remove(rig->fake, "two");
    hcs_engine_refresh(rig->engine);
    assert_true(rig_wait(rig, one_system));
}

static void test_nothing_is_posted_when_nothing_changed(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 100);
    unsigned asked = fake_count(rig->fake, FAKE_ENUMERATE);
    assert_int_equal(rig_listen(rig, 250), 0);
    assert_true(fake_count(rig->fake, FAKE_ENUMERATE) > asked); /* it did look */
}

static void test_one_tick_brings_one_batch(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, false);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 60);
    fake_gpus(rig->fake, 2, 500); /* the load changes */
    add(rig, "two", CONTAINER, true);
    fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.delay_ms = 4}, 0);
    fake_script(rig->fake, FAKE_PROPERTIES, (struct fake_reply){.delay_ms = 8}, 0);
    unsigned batches = rig_listen(rig, 140);
    assert_int_equal(rig_snapshot(rig)->system_count, 2);
    assert_int_equal(rig_snapshot(rig)->gpus[0]->load_permille.value, 500);
    assert_in_range(batches, 1, 3);
}

static void test_a_list_that_makes_no_sense_changes_nothing(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, true);
    rig->options.paused = true; /* asked only when the test says so */
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    static const char *const nonsense[] = {"",
                                           "{}",
                                           "[{\"Id\":\"one\"}",
                                           "[{\"Id\":7}]",
                                           "[{\"Id\":\"x\"},7]",
                                           "[{\"Id\":\"x\"}] trailing",
                                           "[{\"Id\":\"x\",}]",
                                           "[{\"Id\":\"\x01\"}]",
                                           "[,]",
                                           "null"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.document = nonsense[i]}, 1);
        hcs_engine_refresh(rig->engine);
        (void)rig_listen(rig, 40);
        assert_int_equal(rig_snapshot(rig)->host->link, HVGPU_LINK_STALE);
        assert_non_null(rig_snapshot(rig)->host->link_reason);
        assert_int_equal(rig_snapshot(rig)->system_count, 1);
        assert_non_null(find(rig, "one"));
        hcs_engine_refresh(rig->engine);
        (void)rig_listen(rig, 40);
        assert_int_equal(rig_snapshot(rig)->host->link, HVGPU_LINK_LIVE);
    }
}

/* ---- handles ---- */

static void test_handles_are_kept_only_where_they_prolong_nothing(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "stays", CONTAINER, false);
    add(rig, "ends", CONTAINER, true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 50);
    assert_int_equal(fake_open_handles(rig->fake, "stays"), 1);
    assert_int_equal(fake_open_handles(rig->fake, "ends"), 0);
    assert_int_equal(find(rig, "stays")->ends_with_last_handle, HVGPU_ANSWER_NO);
    assert_int_equal(find(rig, "ends")->ends_with_last_handle, HVGPU_ANSWER_YES);
    fake_raise(rig->fake, "stays", HCS_EVENT_SYSTEM_CRASH_INITIATED, "{}");
    assert_true(rig_has_event(rig, "SystemCrashInitiated"));
}

static void test_own_systems_with_rm_are_never_opened_by_a_watcher(void **state)
{
    struct engine_rig *rig = *state;
    rig_own_system(rig, "brief", true, true);
    rig->options.probe_interval_s = 1;
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 250);
    assert_int_equal(fake_count(rig->fake, FAKE_OPEN), 0);
    assert_int_equal(find(rig, "brief")->ends_with_last_handle, HVGPU_ANSWER_YES);
}

static bool stays_is_gone(const struct hvgpu_snapshot *s)
{
    return hvgpu_find_system(s, "stays") == NULL;
}

static void test_an_exit_is_an_event_and_is_followed_by_a_list(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "stays", CONTAINER, false);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    int64_t before = os_now_ns();
    fake_remove(rig->fake, "stays");
    fake_raise(rig->fake, "stays", HCS_EVENT_SYSTEM_EXITED,
               "{\"Status\":1,\"ExitType\":\"UnexpectedExit\"}");
    assert_true(rig_wait(rig, stays_is_gone));
    assert_true(os_now_ns() - before < 500 * 1000000LL);
    const struct hvgpu_event *event = NULL;
    for (size_t i = 0; i < rig_snapshot(rig)->event_count; i++) {
        event = model_event_at(rig->model, i);
    }
    assert_string_equal(event->kind, "SystemExited");
    assert_int_equal(event->severity, HVGPU_SEVERITY_ERROR);
    (void)rig_listen(rig, 50);
    assert_int_equal(fake_open_handles(rig->fake, "stays"), 0);
}

/* ---- statistics ---- */

static const char busy[] =
    "{\"TerminateOnLastHandleClosed\":false,\"Statistics\":{\"Timestamp\":"
    "\"2026-01-31T14:03:2%d.5000000Z\",\"ContainerStartTime\":\"2026-01-31T14:00:00Z\","
    "\"Processor\":{\"TotalRuntime100ns\":%d},\"Memory\":{"
    "\"MemoryUsagePrivateWorkingSetBytes\":5000000}},\"ProcessList\":[{\"ProcessId\":%d,"
    "\"ImageName\":\"cmd.exe\"}]}";

static void say_busy(struct engine_rig *rig, const char *id, int second, int runtime, int pid)
{
    char document[512];
    snprintf(document, sizeof document, busy, second, runtime, pid);
    fake_properties(rig->fake, id, document);
}

static bool has_cpu(const struct hvgpu_snapshot *s)
{
    const struct hvgpu_system *own = hvgpu_find_system(s, "demo");
    return own != NULL && own->cpu_permille.known;
}

static bool has_ended(const struct hvgpu_snapshot *s)
{
    const struct hvgpu_system *own = hvgpu_find_system(s, "demo");
    return own != NULL && own->init_state == HVGPU_INIT_ENDED;
}

static void test_statistics_and_init_process_of_own_containers_are_read(void **state)
{
    struct engine_rig *rig = *state;
    rig_own_system(rig, "demo", true, false);
    say_busy(rig, "demo", 1, 10000000, 4711);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    const struct hvgpu_system *demo = find(rig, "demo");
    assert_true(demo->ours);
    assert_string_equal(demo->gpu_text, "gpu0:3");
    assert_string_equal(demo->image, "windows/server:ltsc2022");
    assert_int_equal(demo->gpu_mode, HVGPU_MODE_LIST);
    assert_int_equal(demo->memory_bytes.value, 5000000);
    assert_int_equal(demo->processes.value, 1);
    assert_int_equal(demo->init_state, HVGPU_INIT_RUNNING);
    assert_false(demo->cpu_permille.known); /* one reading is none */
    say_busy(rig, "demo", 3, 30000000, 4711);
    assert_true(rig_wait(rig, has_cpu));
    assert_int_equal(find(rig, "demo")->cpu_permille.value, 1000); /* 2 s of CPU in 2 s */
    say_busy(rig, "demo", 5, 30000000, 99);
    assert_true(rig_wait(rig, has_ended));
    assert_string_equal(find(rig, "demo")->state_text,
                        "Running, command ended, still holds gpu0:3");
}

static void test_a_system_that_refuses_statistics_is_still_asked_the_rest(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "stays", CONTAINER, false);
    fake_script(rig->fake, FAKE_PROPERTIES, (struct fake_reply){.result = HR_ERROR_NOT_SUPPORTED},
                1);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 250);
    assert_int_equal(find(rig, "stays")->ends_with_last_handle, HVGPU_ANSWER_NO);
    assert_false(find(rig, "stays")->memory_bytes.known);
    assert_int_equal(fake_open_handles(rig->fake, "stays"), 1);
}

/* ---- own records ---- */

static void test_partitions_given_by_hvgpu_are_on_the_map(void **state)
{
    struct engine_rig *rig = *state;
    rig_own_system(rig, "demo", true, false);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    const struct hvgpu_gpu *gpu = rig_snapshot(rig)->gpus[0];
    assert_int_equal(gpu->partition_count, 1);
    assert_int_equal(gpu->partitions[0].number, 3);
    assert_string_equal(gpu->partitions[0].system_id, "demo@vm");
    assert_int_equal(rig_snapshot(rig)->gpus[1]->partition_count, 0);
}

static bool is_left_over(const struct hvgpu_snapshot *s)
{
    const struct hvgpu_system *demo = hvgpu_find_system(s, "demo");
    return demo != NULL && demo->left_over;
}

static bool nothing_listed(const struct hvgpu_snapshot *s)
{
    return s->system_count == 0;
}

static void test_a_record_without_its_system_is_a_left_over_row(void **state)
{
    struct engine_rig *rig = *state;
    rig_own_system(rig, "demo", true, false);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_false(find(rig, "demo")->left_over);
    fake_remove(rig->fake, "demo");
    fake_remove(rig->fake, "demo@vm");
    engine_touch(rig->engine);
    assert_true(rig_wait(rig, is_left_over));
    assert_int_equal(find(rig, "demo")->state, HVGPU_STATE_STOPPED);
    assert_int_equal(rig_snapshot(rig)->gpus[0]->partition_count, 0); /* its VM is gone */
    assert_int_equal(store_remove(rig->walls.store, "system-demo", NULL), HVGPU_OK);
    engine_touch(rig->engine);
    assert_true(rig_wait(rig, nothing_listed));
}

static void test_a_damaged_record_is_said_and_does_not_hide_the_others(void **state)
{
    struct engine_rig *rig = *state;
    rig_own_system(rig, "demo", true, false);
    struct json *bad = json_new_object();
    json_add_u64(bad, "version", 1);
    assert_int_equal(store_put(rig->walls.store, "system-bad", bad, NULL), HVGPU_OK);
    json_free(bad);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_true(find(rig, "demo")->ours);
    assert_non_null(rig_snapshot(rig)->host->notice);
    assert_non_null(strstr(rig_snapshot(rig)->host->notice, "system-bad"));
}

static bool has_leftover(const struct hvgpu_snapshot *s)
{
    return s->leftover_count == 1;
}

static void test_journals_of_dead_jobs_are_leftovers_with_what_exists(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "half@vm", VM ",\"Owner\":\"hvgpu\"", true);
    static const char text[] =
        "{\"version\":1,\"verb\":\"launch\",\"title\":\"launch half\",\"target\":\"half\","
        "\"time_ms\":1767225600000,\"process\":1,\"actions\":["
        "{\"action\":{\"undo\":\"terminate\",\"id\":\"half@vm\"},\"words\":\"utility VM half@vm\","
        "\"state\":\"announced\"},"
        "{\"action\":{\"undo\":\"terminate\",\"id\":\"half\"},\"words\":\"container half\","
        "\"state\":\"announced\"},"
        "{\"action\":{\"undo\":\"delete-folder\",\"path\":\"C:\\\\gone\"},\"words\":\"folder\","
        "\"state\":\"announced\"}]}";
    struct json *journal = NULL;
    assert_int_equal(json_parse(text, strlen(text), "journal", &journal, NULL), HVGPU_OK);
    assert_int_equal(store_put(rig->walls.store, "job-1", journal, NULL), HVGPU_OK);
    json_free(journal);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_true(rig_wait(rig, has_leftover));
    const struct hvgpu_leftover *leftover = rig_snapshot(rig)->leftovers[0];
    assert_string_equal(leftover->journal, "job-1");
    assert_string_equal(leftover->title, "launch half");
    assert_string_equal(leftover->text,
                        "still there: utility VM half@vm; gone: container half, folder");
    assert_int_equal(leftover->thing_count, 1);
}

/* ---- the link ---- */

static bool is_lost(const struct hvgpu_snapshot *s)
{
    return s->host->link == HVGPU_LINK_LOST;
}

static bool is_live(const struct hvgpu_snapshot *s)
{
    return s->host->link == HVGPU_LINK_LIVE;
}

static bool is_stale(const struct hvgpu_snapshot *s)
{
    return s->host->link == HVGPU_LINK_STALE;
}

static void test_a_missing_service_is_told_and_found_again(void **state)
{
    struct engine_rig *rig = *state;
    fake_script(rig->fake, FAKE_SERVICE,
                (struct fake_reply){.start = HR_HCS_E_SERVICE_NOT_AVAILABLE}, 2);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig)); /* also when it failed */
    assert_int_equal(rig_snapshot(rig)->host->link, HVGPU_LINK_LOST);
    assert_non_null(strstr(rig_snapshot(rig)->host->link_reason, "HCS_E_SERVICE_NOT_AVAILABLE"));
    assert_non_null(rig_snapshot(rig)->host->link_hint);
    assert_int_equal(rig_snapshot(rig)->gpu_count, 2); /* the GPUs are there all the same */
    assert_true(rig_wait(rig, is_live));
}

static void test_no_right_to_ask_is_told_with_the_remedy(void **state)
{
    struct engine_rig *rig = *state;
    fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.result = HR_HCS_E_ACCESS_DENIED},
                0);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    const struct hvgpu_host *host = rig_snapshot(rig)->host;
    assert_int_equal(host->link, HVGPU_LINK_LOST);
    assert_non_null(strstr(host->link_hint, "elevated"));
}

static void test_no_hypervisor_is_told_with_the_remedy(void **state)
{
    struct engine_rig *rig = *state;
    struct host_facts facts = {.computer_name = "NODE2",
                               .build = 20348,
                               .hypervisor = HVGPU_ANSWER_NO,
                               .elevated = HVGPU_ANSWER_YES};
    fake_facts(rig->fake, &facts);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_non_null(rig_snapshot(rig)->host->notice);
    assert_non_null(strstr(rig_snapshot(rig)->host->notice, "hypervisor"));
    assert_int_equal(rig_snapshot(rig)->host->hypervisor, HVGPU_ANSWER_NO);
}

static void test_a_lost_service_drops_all_handles_and_comes_back(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, false);
    add(rig, "two", CONTAINER, false);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 50);
    assert_int_equal(fake_open_handles(rig->fake, NULL), 2);
    fake_script(rig->fake, FAKE_SERVICE, (struct fake_reply){.start = HR_HCS_E_SERVICE_DISCONNECT},
                1);
    fake_disconnect(rig->fake);
    assert_true(rig_wait(rig, is_lost));
    assert_int_equal(rig_snapshot(rig)->system_count, 2); /* what was known stays */
    assert_non_null(rig_snapshot(rig)->host->link_reason);
    (void)rig_listen(rig, 30);
    assert_int_equal(fake_open_handles(rig->fake, NULL), 0);
    assert_int_equal(rig_count_events(rig, "ServiceDisconnect"), 1); /* not one a handle */
    assert_int_equal(rig_count_events(rig, "ServiceLost"), 1);
    assert_true(rig_wait(rig, is_live));
    assert_int_equal(rig_count_events(rig, "ServiceFound"), 1);
    (void)rig_listen(rig, 250);
    assert_int_equal(fake_open_handles(rig->fake, NULL), 2);
}

static void test_a_host_that_does_not_answer_becomes_stale_and_live_again(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.delay_ms = 600}, 1);
    hcs_engine_refresh(rig->engine);
    assert_true(rig_wait(rig, is_stale));
    assert_non_null(strstr(rig_snapshot(rig)->host->link_reason, "no answer since"));
    assert_int_equal(rig_snapshot(rig)->system_count, 1);
    assert_true(rig_wait(rig, is_live));
}

static bool three_gpus(const struct hvgpu_snapshot *s)
{
    return s->gpu_count == 3;
}

static bool has_notice(const struct hvgpu_snapshot *s)
{
    return s->host->notice != NULL && strstr(s->host->notice, "does not return") != NULL;
}

static bool has_no_notice(const struct hvgpu_snapshot *s)
{
    return s->host->notice == NULL;
}

static void test_a_gpu_call_that_hangs_is_told_and_stops_nothing_else(void **state)
{
    struct engine_rig *rig = *state;
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    fake_script(rig->fake, FAKE_GPUS, (struct fake_reply){.hang = true}, 0);
    assert_true(rig_wait(rig, has_notice));
    assert_int_equal(rig_snapshot(rig)->host->link, HVGPU_LINK_LIVE);
    assert_int_equal(rig_snapshot(rig)->gpu_count, 2);
    add(rig, "one", CONTAINER, true);
    assert_true(rig_wait(rig, one_system)); /* the list goes on */
    fake_release(rig->fake);
    assert_true(rig_wait(rig, has_no_notice));
    fake_gpus(rig->fake, 3, 0);
    assert_true(rig_wait(rig, three_gpus)); /* and the GPUs are asked again */
}

static void test_a_gpu_call_that_never_answers_does_not_hold_up_the_first_inventory(void **state)
{
    struct engine_rig *rig = *state;
    add(rig, "one", CONTAINER, true);
    fake_script(rig->fake, FAKE_GPUS, (struct fake_reply){.hang = true}, 0);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_int_equal(rig_snapshot(rig)->system_count, 1);
    assert_true(has_notice(rig_snapshot(rig)));
}

static void test_gpus_that_cannot_be_listed_are_not_shown_as_none(void **state)
{
    struct engine_rig *rig = *state;
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_int_equal(rig_snapshot(rig)->gpu_count, 2);
    fake_script(rig->fake, FAKE_GPUS, (struct fake_reply){.start = HR_E_FAIL}, 0);
    hcs_engine_refresh(rig->engine);
    (void)rig_listen(rig, 50);
    assert_int_equal(rig_snapshot(rig)->gpu_count, 2);
    assert_non_null(strstr(rig_snapshot(rig)->host->notice, "cannot be listed"));
}

/* ---- pause, still machines, notices ---- */

static void test_paused_asks_nothing_and_a_touch_is_still_seen(void **state)
{
    struct engine_rig *rig = *state;
    rig->options.paused = true;
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    assert_true(rig_snapshot(rig)->host->paused);
    (void)rig_listen(rig, 50);
    unsigned asked = fake_count(rig->fake, FAKE_ENUMERATE);
    assert_int_equal(rig_listen(rig, 250), 0);
    assert_int_equal(fake_count(rig->fake, FAKE_ENUMERATE), asked);
    add(rig, "one", CONTAINER, true);
    engine_touch(rig->engine);
    assert_true(rig_wait(rig, one_system));
    add(rig, "two", CONTAINER, true);
    hcs_engine_set_paused(rig->engine, false);
    assert_true(rig_wait(rig, two_systems));
    assert_false(rig_snapshot(rig)->host->paused);
}

static void test_a_still_machine_is_not_asked_again_by_itself(void **state)
{
    struct engine_rig *rig = *state;
    struct host_facts facts = {.computer_name = "STILL", .build = 20348, .still = true};
    fake_facts(rig->fake, &facts);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    (void)rig_listen(rig, 50);
    unsigned asked = fake_count(rig->fake, FAKE_ENUMERATE);
    assert_int_equal(rig_listen(rig, 250), 0);
    assert_int_equal(fake_count(rig->fake, FAKE_ENUMERATE), asked);
}

static void test_a_gpu_notice_lists_the_gpus_and_log_records_are_events(void **state)
{
    struct engine_rig *rig = *state;
    rig->options.paused = true;
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    fake_gpus(rig->fake, 3, 0);
    fake_notice(rig->fake, &(struct host_change){.notice = HOST_NOTICE_GPUS});
    assert_true(rig_wait(rig, three_gpus));
    fake_notice(rig->fake,
                &(struct host_change){.notice = HOST_NOTICE_LOG,
                                      .channel = "Microsoft-Windows-Hyper-V-Compute-Operational",
                                      .event_id = 2000,
                                      .severity = HVGPU_SEVERITY_WARNING,
                                      .system_id = "x",
                                      .json = "{}",
                                      .time_ms = 5});
    assert_true(rig_has_event(rig, "Hyper-V-Compute-Operational"));
}

/* ---- many ---- */

static bool thousand(const struct hvgpu_snapshot *s)
{
    return s->system_count == 1500;
}

static void test_kept_handles_are_bounded(void **state)
{
    struct engine_rig *rig = *state;
    for (int i = 0; i < 1500; i++) {
        char id[32];
        snprintf(id, sizeof id, "c%04d", i);
        add(rig, id, CONTAINER, false);
    }
    rig_open(rig);
    assert_true(rig_wait(rig, thousand));
    for (int i = 0; i < 8; i++) {
        hcs_engine_refresh(rig->engine);
        (void)rig_listen(rig, 150);
    }
    assert_in_range(fake_open_handles(rig->fake, NULL), 200, 1000);
}

/* ---- views ---- */

static void test_views_find_gpus_and_systems(void **state)
{
    struct engine_rig *rig = *state;
    struct engine_view view;
    struct hvgpu_error err;
    rig_own_system(rig, "demo", true, false);
    add(rig, "abc1", CONTAINER, true);
    add(rig, "abc2", CONTAINER, true);
    rig_open(rig);
    assert_true(rig_wait_loaded(rig));
    engine_view_take(rig->engine, &view);
    assert_non_null(view.host);
    assert_int_equal(view.facts.build, 20348);
    assert_string_equal(view.probe_folder, "C:\\ProgramData\\hvgpu");
    const struct hvgpu_gpu *gpu = engine_view_gpu(&view, "gpu1", &err);
    assert_ptr_equal(engine_view_gpu(&view, gpu->instance_id, &err), gpu);
    assert_ptr_equal(engine_view_gpu(&view, gpu->interface_path, &err), gpu);
    assert_null(engine_view_gpu(&view, "gpu9", &err));
    assert_int_equal(err.status, HVGPU_NOT_FOUND);
    assert_string_equal(engine_view_system(&view, "demo", &err)->id, "demo");
    assert_string_equal(engine_view_system(&view, "dem", &err)->id, "demo"); /* not its VM */
    assert_string_equal(engine_view_system(&view, "abc1", &err)->id, "abc1");
    assert_null(engine_view_system(&view, "abc", &err));
    assert_int_equal(err.status, HVGPU_INVALID);
    assert_null(engine_view_system(&view, "nobody", &err));
    assert_int_equal(err.status, HVGPU_NOT_FOUND);
    engine_view_drop(&view);
}

static void test_a_host_is_closed_while_it_does_not_answer(void **state)
{
    struct engine_rig *rig = *state;
    fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.hang = true}, 0);
    rig_open(rig);
    (void)rig_listen(rig, 50);
    int64_t before = os_now_ns();
    assert_true(hcs_engine_close(rig->engine));
    assert_true(os_now_ns() - before < 900 * 1000000LL);
    rig->engine = NULL;
    assert_int_equal(store_open(NULL, &rig->walls.store, NULL), HVGPU_OK);
}

#define ENGINE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_first_inventory_brings_host_gpus_images_and_systems),
        ENGINE_TEST(test_gpus_are_numbered_by_location_and_problems_are_words),
        ENGINE_TEST(test_images_are_judged_with_a_reason),
        ENGINE_TEST(test_systems_are_classified),
        ENGINE_TEST(test_systems_come_change_and_go),
        ENGINE_TEST(test_nothing_is_posted_when_nothing_changed),
        ENGINE_TEST(test_one_tick_brings_one_batch),
        ENGINE_TEST(test_a_list_that_makes_no_sense_changes_nothing),
        ENGINE_TEST(test_handles_are_kept_only_where_they_prolong_nothing),
        ENGINE_TEST(test_own_systems_with_rm_are_never_opened_by_a_watcher),
        ENGINE_TEST(test_an_exit_is_an_event_and_is_followed_by_a_list),
        ENGINE_TEST(test_statistics_and_init_process_of_own_containers_are_read),
        ENGINE_TEST(test_a_system_that_refuses_statistics_is_still_asked_the_rest),
        ENGINE_TEST(test_partitions_given_by_hvgpu_are_on_the_map),
        ENGINE_TEST(test_a_record_without_its_system_is_a_left_over_row),
        ENGINE_TEST(test_a_damaged_record_is_said_and_does_not_hide_the_others),
        ENGINE_TEST(test_journals_of_dead_jobs_are_leftovers_with_what_exists),
        ENGINE_TEST(test_a_missing_service_is_told_and_found_again),
        ENGINE_TEST(test_no_right_to_ask_is_told_with_the_remedy),
        ENGINE_TEST(test_no_hypervisor_is_told_with_the_remedy),
        ENGINE_TEST(test_a_lost_service_drops_all_handles_and_comes_back),
        ENGINE_TEST(test_a_host_that_does_not_answer_becomes_stale_and_live_again),
        ENGINE_TEST(test_a_gpu_call_that_hangs_is_told_and_stops_nothing_else),
        ENGINE_TEST(test_a_gpu_call_that_never_answers_does_not_hold_up_the_first_inventory),
        ENGINE_TEST(test_gpus_that_cannot_be_listed_are_not_shown_as_none),
        ENGINE_TEST(test_paused_asks_nothing_and_a_touch_is_still_seen),
        ENGINE_TEST(test_a_still_machine_is_not_asked_again_by_itself),
        ENGINE_TEST(test_a_gpu_notice_lists_the_gpus_and_log_records_are_events),
        ENGINE_TEST(test_kept_handles_are_bounded),
        ENGINE_TEST(test_views_find_gpus_and_systems),
        ENGINE_TEST(test_a_host_is_closed_while_it_does_not_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
