/* SPDX-License-Identifier: MIT
 *
 * Every kind of job, and the sweep over the calls that it makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/base/text.h"
#include "tests/support/fault_rig.h"

/* ---- requests ---- */

#define IMAGE  "mcr.microsoft.com/windows/server:ltsc2022"
#define DEVICE "PCIP\\VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&REV_A1\\4&11ef84ec&0&0019"

static const struct hvgpu_gpu_request any_partition = {.gpu = "gpu0"};
static const struct hvgpu_gpu_request third_partition = {.gpu = "gpu0",
                                                         .partition = {.known = true, .value = 3}};
static const struct hvgpu_device_request device = {.type = "vpci", .id = DEVICE};
static const char *const driver_dirs[] = {"C:\\drv"};
static const struct hvgpu_mount mounts[] = {
    {.host_path = "C:\\data", .guest_path = "C:\\in", .read_only = true},
    {.host_path = "C:\\drv", .guest_path = "C:\\out"},
};

const struct hvgpu_request fault_launch = {.verb = HVGPU_LAUNCH,
                                           .launch = {.name = "c1", .image = IMAGE}};
const struct hvgpu_request fault_launch_gpu = {
    .verb = HVGPU_LAUNCH,
    .launch = {.name = "c1", .image = IMAGE, .gpus = &any_partition, .gpu_count = 1}};
const struct hvgpu_request fault_launch_mirror = {
    .verb = HVGPU_LAUNCH, .launch = {.name = "c1", .image = IMAGE, .gpu_mirror = true}};
const struct hvgpu_request fault_launch_partition = {
    .verb = HVGPU_LAUNCH,
    .launch = {.name = "c1", .image = IMAGE, .gpus = &third_partition, .gpu_count = 1}};
const struct hvgpu_request fault_launch_device = {.verb = HVGPU_LAUNCH,
                                                  .launch = {.name = "c1",
                                                             .image = IMAGE,
                                                             .devices = &device,
                                                             .device_count = 1,
                                                             .driver_dirs = driver_dirs,
                                                             .driver_dir_count = 1,
                                                             .mounts = mounts,
                                                             .mount_count = 2}};
const struct hvgpu_request fault_launch_rm = {
    .verb = HVGPU_LAUNCH,
    .launch = {.name = "c1", .image = IMAGE, .remove = true, .command = "cmd /c echo done"}};
const struct hvgpu_request fault_attach = {
    .verb = HVGPU_ATTACH, .target = "c1", .gpus = &any_partition, .gpu_count = 1};
const struct hvgpu_request fault_detach = {.verb = HVGPU_DETACH, .target = "c1"};
const struct hvgpu_request fault_stop = {.verb = HVGPU_STOP, .target = "c1", .timeout_s = 1};
const struct hvgpu_request fault_rm = {.verb = HVGPU_REMOVE, .target = "c1", .force = true};
const struct hvgpu_request fault_exec = {
    .verb = HVGPU_EXEC, .target = "c1", .command = "cmd /c echo hello"};
const struct hvgpu_request fault_check = {.verb = HVGPU_CHECK, .target = "c1"};
static const struct hvgpu_request verify = {
    .verb = HVGPU_VERIFY, .launch = {.image = IMAGE, .gpus = &any_partition, .gpu_count = 1}};

const struct fault_kind fault_kinds[] = {
    {"launch", NULL, &fault_launch, .makes = true},
    {"launch with a GPU", NULL, &fault_launch_gpu, .makes = true},
    {"launch with all GPUs", NULL, &fault_launch_mirror, .makes = true},
    {"launch with a partition", NULL, &fault_launch_partition, .makes = true},
    {"launch with a device", NULL, &fault_launch_device, .makes = true},
    {"launch --rm", NULL, &fault_launch_rm, .makes = true},
    {"verify", NULL, &verify, .makes = true},
    {"attach", &fault_launch, &fault_attach, .makes = false},
    {"detach", &fault_launch_gpu, &fault_detach, .makes = false},
    {"stop", &fault_launch, &fault_stop, .removes = true},
    {"rm", &fault_launch_gpu, &fault_rm, .removes = true},
    {"exec", &fault_launch, &fault_exec, .makes = false},
    {"check", &fault_launch_gpu, &fault_check, .makes = false},
};
const size_t fault_kind_count = sizeof fault_kinds / sizeof fault_kinds[0];

const struct fault_kind *fault_kind(const char *name)
{
    for (size_t i = 0; i < fault_kind_count; i++) {
        if (strcmp(fault_kinds[i].name, name) == 0) {
            return &fault_kinds[i];
        }
    }
    fail_msg("no kind of job is called %s", name);
    return NULL;
}

/* ---- which calls it makes ---- */

struct function {
    const char *name;
    bool changes;
    bool no_limit; /* a call that has no time limit: it ends when the host says so */
};

static const struct function functions[] = {
    {"HcsCreateComputeSystem", true, false},
    {"HcsStartComputeSystem", true, false},
    {"HcsModifyComputeSystem", true, false},
    {"HcsCreateProcess", true, false},
    {"HcsShutDownComputeSystem", true, false},
    {"HcsTerminateComputeSystem", true, false},
    {"HcsGrantVmAccess", true, true},
    {"host.make_folder", true, true},
    {"host.copy_file", true, true},
    {"host.delete_tree", true, true},
    {"HcsEnumerateComputeSystems", false, false},
    {"HcsGetComputeSystemProperties", false, false},
    {"HcsGetProcessProperties", false, false},
    {"HcsGetProcessInfo", false, false},
    {"HcsOpenComputeSystem", false, true},
    {"HcsSetComputeSystemCallback", false, true},
    {"HcsSetProcessCallback", false, true},
    {"host.exists", false, true},
    {"host.driver_package", false, true},
    {"host.name_to_guid", false, true},
    {"host.scratch_root", false, true},
    {"host.probe_folder", false, true},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

struct counts {
    unsigned of[FUNCTIONS];
};

/* A machine in a state file keeps how often each fault's call was made. */
static void read_counts(const char *state, struct counts *counts)
{
    char *text = NULL;
    size_t len = 0;
    struct json *root = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(os_file_read(state, 64u << 20, &text, &len, &err), HVGPU_OK);
    assert_int_equal(json_parse(text, len, state, &root, &err), HVGPU_OK);
    size_t i = 0;
    const struct json *list = json_member(json_member(root, "machine"), "faults");
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        uint64_t count = 0;
        assert_true(i < FUNCTIONS && json_u64(item, "", &count));
        counts->of[i] = (unsigned)count;
        i++;
    }
    assert_int_equal(i, FUNCTIONS);
    json_free(root);
    free(text);
}

/* How often each function was called before the job began and when it had ended. */
static void measure(const struct fault_kind *kind, struct counts *before, struct counts *after)
{
    struct text faults;
    text_init(&faults, 65536);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        text_addf(&faults, "%s{\"call\":\"%s\",\"nth\":1000000,\"do\":\"fail\"}", i > 0 ? "," : "",
                  functions[i].name);
    }
    char state[400];
    char *list = text_take(&faults);
    fault_path(state, sizeof state, "state.json");
    const struct fault_options options = {.faults = list, .state = state};
    struct fault_rig rig;
    fault_open(&rig, &options);
    if (kind->setup != NULL) {
        const size_t two = 2;
        (void)fault_done(&rig, kind->setup);
        assert_true(fault_until(&rig, fault_own_systems_are, &two, 20));
    }
    read_counts(state, before);
    (void)fault_done(&rig, kind->request);
    read_counts(state, after);
    fault_close(&rig);
    fault_remove_state(state);
    free(list);
    text_free(&faults);
}

/* ---- one fault ---- */

static void assert_usable(struct fault_rig *rig, const struct fault_kind *kind, const char *what)
{
    if (kind->makes) {
        (void)fault_done(rig, &fault_launch_gpu); /* its name and its folders are free */
        return;
    }
    if (!kind->removes) {
        const struct hvgpu_job *again = fault_run(rig, kind->request);
        assert_non_null(again);
        if (again->state != HVGPU_JOB_DONE) {
            fault_say(what, again);
            fail_msg("a second try does not work");
        }
    }
}

bool fault_set_up(struct fault_rig *rig, const struct fault_kind *kind)
{
    const size_t two = 2;
    assert_true(fault_until(rig, fault_link_is_live, NULL, 20));
    if (kind->setup == NULL) {
        return true;
    }
    const struct hvgpu_job *setup = fault_run(rig, kind->setup);
    return setup != NULL && setup->state == HVGPU_JOB_DONE &&
           fault_until(rig, fault_own_systems_are, &two, 20);
}

/* What must be true of the job and the machine now. */
static void judge(struct fault_rig *rig, const struct fault_kind *kind,
                  const struct fault_sweep *sweep, const struct hvgpu_job *job, const char *what)
{
    const size_t none = 0;
    bool done = job->state == HVGPU_JOB_DONE;
    bool listed = job->left_behind != NULL;
    fault_assert_told(what, job);
    if (sweep->harmless && !done) {
        fault_say(what, job);
        fail_msg("it should have been done all the same");
    }
    if (kind->makes && !done && !listed && !fault_until(rig, fault_own_systems_are, &none, 10)) {
        fail_msg("%s: own systems are left and not listed", what);
    }
    if (!done && !listed && sweep->timeout_ms == 0 && !sweep->twice) {
        assert_usable(rig, kind, what);
    }
}

static bool strike(const struct fault_kind *kind, const struct fault_sweep *sweep,
                   const char *faults)
{
    char what[512];
    snprintf(what, sizeof what, "%s under %s", kind->name, faults);
    struct fault_rig rig;
    const struct fault_options options = {.faults = faults, .timeout_ms = sweep->timeout_ms};
    fault_open(&rig, &options);
    if (!fault_set_up(&rig, kind)) {
        /* Reads are made by others too, so one may strike early: that is a launch's matter. */
        assert_true(sweep->reads || sweep->timeout_ms > 0);
        fault_assert_clears(&rig, what);
        fault_close(&rig);
        return false;
    }
    const struct hvgpu_job *job = fault_run(&rig, kind->request);
    if (job == NULL) {
        fault_say_open(&rig, what);
        fail_msg("%s: the job did not end", what);
        return false;
    }
    bool met = job->state != HVGPU_JOB_DONE;
    judge(&rig, kind, sweep, job, what);
    fault_assert_clears(&rig, what);
    fault_close(&rig);
    return met;
}

static char *one_fault(const struct fault_sweep *sweep, const char *function, unsigned nth)
{
    if (!sweep->twice) {
        return text_format("{\"call\":\"%s\",\"nth\":%u,%s}", function, nth, sweep->kind_of_fault);
    }
    /* The second one meets the first call that the undo makes. */
    return text_format("{\"call\":\"%s\",\"nth\":%u,%s},"
                       "{\"call\":\"HcsTerminateComputeSystem\",\"nth\":1,\"do\":\"fail\"},"
                       "{\"call\":\"host.delete_tree\",\"nth\":1,\"do\":\"fail\"}",
                       function, nth, sweep->kind_of_fault);
}

unsigned fault_sweep_kind(const struct fault_kind *kind, const struct fault_sweep *sweep)
{
    struct counts before;
    struct counts after;
    measure(kind, &before, &after);
    const char *full = getenv("HVGPU_FULL");
    unsigned stride = full != NULL && full[0] == '1' ? 1 : sweep->stride;
    unsigned seen = 0;
    unsigned struck = 0;
    for (size_t i = 0; i < FUNCTIONS; i++) {
        const struct function *function = &functions[i];
        if (function->changes == sweep->reads || (sweep->hang && function->no_limit)) {
            continue;
        }
        for (unsigned nth = before.of[i] + 1; nth <= after.of[i]; nth++) {
            if (seen++ % stride == 0) {
                char *faults = one_fault(sweep, function->name, nth);
                (void)(sweep->run != NULL ? sweep->run : strike)(kind, sweep, faults);
                free(faults);
                struck++;
            }
        }
    }
    return struck;
}
