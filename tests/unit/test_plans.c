/* SPDX-License-Identifier: MIT
 *
 * Plans: which calls a request becomes, in which order, and which requests are refused before
 * anything starts. All by dry runs on a host made by hand.
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
#include "core/engine/hcs/launch.h"
#include "tests/support/plan_fixture.h"

#define SHARES "VirtualMachine/Devices/VirtualSmb/Shares"
#define GUEST  "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"

/* A fixture points into itself: it is made where it stays. */
#define FIXTURE(name)                                                                              \
    struct plan_fixture name;                                                                      \
    plan_fixture_make(&name, 20348, 5)

static struct hvgpu_request launch(void)
{
    const struct hvgpu_request request = {.verb = HVGPU_LAUNCH,
                                          .launch = {.name = "c1", .image = PLAN_IMAGE}};
    return request;
}

static struct json *dry(const struct plan_fixture *fixture, const struct hvgpu_request *request)
{
    struct json *calls = NULL;
    struct hvgpu_error err = {0};
    if (plan_fixture_dry_run(fixture, request, &calls, &err) != HVGPU_OK) {
        fail_msg("%s %s: %s", err.operation, err.object, err.message);
    }
    return calls;
}

static struct hvgpu_error refused(const struct plan_fixture *fixture,
                                  const struct hvgpu_request *request, enum hvgpu_status status)
{
    struct json *calls = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(plan_fixture_dry_run(fixture, request, &calls, &err), status);
    assert_null(calls);
    assert_int_equal(err.status, status);
    assert_true(err.message[0] != '\0');
    return err;
}

static size_t index_of(const struct json *calls, const struct json *call)
{
    size_t i = 0;
    for (const struct json *c = json_first(calls); c != NULL && c != call; c = json_next(c)) {
        i++;
    }
    assert_true(i < json_count(calls));
    return i;
}

/* ---- launch without a GPU ---- */

static void test_launch_without_gpu_has_no_gpu_calls(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = launch();
    struct json *calls = dry(&f, &request);
    assert_null(plan_fixture_modify(calls, "VirtualMachine/ComputeTopology/Gpu", 0));
    assert_null(plan_fixture_modify(calls, "VirtualMachine/Devices/VirtualPci", 0));
    assert_int_equal(plan_fixture_count(calls, "Create"), 2);
    assert_int_equal(plan_fixture_count(calls, "CreateProcess"), 1);
    assert_null(json_get(plan_fixture_call(calls, "Create", 1),
                         "document/HostedSystem/Container/AssignedDevices"));
    uint64_t memory = 0, gap = 0;
    const struct json *topology = json_get(plan_fixture_call(calls, "Create", 0),
                                           "document/VirtualMachine/ComputeTopology/Memory");
    assert_true(json_u64(topology, "SizeInMB", &memory));
    assert_int_equal(memory, 1024);
    assert_true(json_u64(topology, "LowMmioGapInMB", &gap)); /* a GPU may come later */
    json_free(calls);
}

static void test_image_launch_makes_its_own_disks(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = launch();
    struct json *calls = dry(&f, &request);
    const struct json *first = plan_fixture_call(calls, "CopyFile", 0);
    const struct json *second = plan_fixture_call(calls, "CopyFile", 1);
    assert_string_equal(json_string(first, "id"),
                        "C:\\ProgramData\\docker\\windowsfilter\\bbbb\\UtilityVM\\"
                        "SystemTemplate.vhdx");
    assert_string_equal(json_string(first, "document"),
                        "C:\\ProgramData\\hvgpu\\scratch\\c1\\vm\\sandbox.vhdx");
    assert_string_equal(json_string(second, "id"),
                        "C:\\ProgramData\\docker\\windowsfilter\\bbbb\\blank.vhdx");
    assert_string_equal(json_string(second, "document"),
                        "C:\\ProgramData\\hvgpu\\scratch\\c1\\sandbox.vhdx");
    assert_null(json_member(first, "if"));
    json_free(calls);
}

static void test_explicit_scratch_is_copied_only_when_absent(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = plan_fixture_record_request();
    struct json *calls = dry(&f, &request);
    assert_string_equal(json_string(plan_fixture_call(calls, "CopyFile", 0), "if"), "file absent");
    assert_null(json_member(plan_fixture_call(calls, "GrantVmAccess", 0), "if"));
    json_free(calls);
}

static void test_more_layers_are_shared_top_first(void **state)
{
    (void)state;
    FIXTURE(f);
    static const char *const layers[] = {"C:\\l\\c", "C:\\l\\b", "C:\\l\\a", "C:\\l\\base"};
    struct hvgpu_request request = plan_fixture_record_request();
    request.launch.layers = layers;
    request.launch.layer_count = 4;
    struct json *calls = dry(&f, &request);
    for (size_t i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%zu", i + 1);
        const struct json *share = plan_fixture_modify(calls, SHARES, i);
        assert_string_equal(json_string(share, "document/Settings/Name"), name);
        assert_string_equal(json_string(share, "document/Settings/Path"), layers[i]);
        assert_true(json_bool(share, "document/Settings/Options/TakeBackupPrivilege", false));
    }
    const struct json *list = json_get(plan_fixture_call(calls, "Create", 1),
                                       "document/HostedSystem/Container/Storage/Layers");
    assert_int_equal(json_count(list), 4);
    assert_string_equal(json_string(json_first(list), "Path"), GUEST "s1");
    assert_string_equal(json_string(json_first(list), "Id"), "<layer GUID of c>");
    assert_string_equal(json_string(json_first(json_get(plan_fixture_call(calls, "Create", 0),
                                                        "document/VirtualMachine/Devices/"
                                                        "VirtualSmb/Shares")),
                                    "Path"),
                        "C:\\l\\base\\UtilityVM\\Files");
    json_free(calls);
}

static void test_mounts_are_shared_before_devices_and_mapped(void **state)
{
    (void)state;
    FIXTURE(f);
    static const struct hvgpu_mount mounts[] = {
        {.host_path = "C:\\in", .guest_path = "C:\\data\\in", .read_only = true},
        {.host_path = "C:\\out\\", .guest_path = "C:\\data\\out"},
        {.host_path = "C:\\in", .guest_path = "C:\\again", .read_only = true}};
    struct hvgpu_request request = plan_fixture_record_request();
    request.launch.mounts = mounts;
    request.launch.mount_count = 3;
    struct json *calls = dry(&f, &request);
    const struct json *in = plan_fixture_modify(calls, SHARES, 2);
    const struct json *out = plan_fixture_modify(calls, SHARES, 3);
    const struct json *probe = plan_fixture_modify(calls, SHARES, 4);
    assert_string_equal(json_string(in, "document/Settings/Path"), "C:\\in");
    assert_true(json_bool(in, "document/Settings/Options/ReadOnly", false));
    assert_true(json_bool(in, "document/Settings/Options/NoDirectmap", false));
    assert_null(json_get(in, "document/Settings/Options/TakeBackupPrivilege"));
    assert_string_equal(json_string(out, "document/Settings/Path"), "C:\\out");
    assert_int_equal(json_count(json_get(out, "document/Settings/Options")), 1);
    assert_string_equal(json_string(probe, "document/Settings/Path"),
                        "C:\\ProgramData\\hvgpu\\probe");
    assert_true(
        index_of(calls, probe) <
        index_of(calls, plan_fixture_modify(calls, "VirtualMachine/Devices/VirtualPci", 0)));
    const struct json *item =
        json_first(json_get(plan_fixture_call(calls, "Create", 1),
                            "document/HostedSystem/Container/MappedDirectories"));
    assert_string_equal(json_string(item, "HostPath"), GUEST "s3");
    assert_string_equal(json_string(item, "ContainerPath"), "C:\\data\\in");
    assert_true(json_bool(item, "ReadOnly", false));
    item = json_next(item);
    assert_string_equal(json_string(item, "HostPath"), GUEST "s4");
    assert_null(json_member(item, "ReadOnly"));
    item = json_next(item); /* the same folder is shared once */
    assert_string_equal(json_string(item, "HostPath"), GUEST "s3");
    item = json_next(item);
    assert_string_equal(json_string(item, "ContainerPath"), "C:\\gpuprobe");
    assert_null(json_next(item));
    json_free(calls);
}

static void test_writable_share_with_overcommit_has_empty_options(void **state)
{
    (void)state;
    FIXTURE(f);
    static const struct hvgpu_mount mounts[] = {{.host_path = "C:\\out", .guest_path = "C:\\out"}};
    struct hvgpu_request request = launch();
    request.launch.mounts = mounts;
    request.launch.mount_count = 1;
    struct json *calls = dry(&f, &request);
    const struct json *options =
        json_get(plan_fixture_modify(calls, SHARES, 2), "document/Settings/Options");
    assert_int_equal(json_type(options), JSON_OBJECT);
    assert_int_equal(json_count(options), 0);
    json_free(calls);
}

static void test_rm_asks_for_output_and_ends_with_its_launcher(void **state)
{
    (void)state;
    FIXTURE(f);
    struct hvgpu_request request = launch();
    request.launch.remove = true;
    request.launch.command = "cmd /c ver";
    struct json *calls = dry(&f, &request);
    const struct json *init = plan_fixture_process(calls, "cmd /c ver");
    assert_true(json_bool(init, "document/CreateStdOutPipe", false));
    assert_true(json_bool(init, "document/CreateStdErrPipe", false));
    assert_true(json_bool(plan_fixture_call(calls, "Create", 0),
                          "document/ShouldTerminateOnLastHandleClosed", false));
    assert_string_equal(json_string(plan_fixture_call(calls, "Shutdown", 0), "id"), "c1");
    assert_string_equal(json_string(plan_fixture_call(calls, "Terminate", 0), "id"), "c1@vm");
    assert_string_equal(json_string(plan_fixture_call(calls, "DeleteTree", 0), "id"),
                        "C:\\ProgramData\\hvgpu\\scratch\\c1");
    json_free(calls);
}

static void test_processors_are_capped_by_the_host(void **state)
{
    (void)state;
    FIXTURE(f);
    struct hvgpu_request request = launch();
    request.launch.cpus = 64;
    struct json *calls = dry(&f, &request);
    uint64_t count = 0;
    assert_true(json_u64(plan_fixture_call(calls, "Create", 0),
                         "document/VirtualMachine/ComputeTopology/Processor/Count", &count));
    assert_int_equal(count, 16);
    json_free(calls);
}

/* ---- devices ---- */

static void test_several_devices_get_their_own_ids_and_one_driver_run(void **state)
{
    (void)state;
    FIXTURE(f);
    static const struct hvgpu_device_request devices[] = {
        {.type = "vpci", .id = PLAN_DEVICE_ID},
        {.type = "vpci-instance-id", .id = "PCIP\\VEN_10DE&DEV_1EB8\\4&1&0&0010/2"}};
    struct hvgpu_request request = plan_fixture_record_request();
    request.launch.devices = devices;
    request.launch.device_count = 2;
    request.launch.fully_backed = false; /* implied */
    struct json *calls = dry(&f, &request);
    const struct json *one = plan_fixture_modify(calls, "VirtualMachine/Devices/VirtualPci/", 0);
    const struct json *two = plan_fixture_modify(calls, "VirtualMachine/Devices/VirtualPci/", 1);
    assert_string_not_equal(json_string(one, "document/ResourcePath"),
                            json_string(two, "document/ResourcePath"));
    const struct json *function = json_first(json_get(two, "document/Settings/Functions"));
    uint64_t number = 0;
    assert_string_equal(json_string(function, "DeviceInstancePath"),
                        "PCIP\\VEN_10DE&DEV_1EB8\\4&1&0&0010");
    assert_true(json_u64(function, "VirtualFunction", &number));
    assert_int_equal(number, 2);
    const struct json *query = plan_fixture_process(calls, " children ");
    assert_int_equal(index_of(calls, query), index_of(calls, one) + 1);
    const struct json *install = plan_fixture_process(calls, "pnputil.exe");
    assert_true(index_of(calls, install) > index_of(calls, two));
    assert_null(json_get(install, "document/CreateStdOutPipe"));
    const struct json *assigned = json_get(plan_fixture_call(calls, "Create", 1),
                                           "document/HostedSystem/Container/AssignedDevices");
    assert_int_equal(json_count(assigned), 2);
    assert_string_equal(json_string(json_next(json_first(assigned)), "LocationPath"),
                        "<location path of device 2 in the utility VM>");
    assert_null(json_get(plan_fixture_call(calls, "Create", 0),
                         "document/VirtualMachine/ComputeTopology/Memory/AllowOvercommit"));
    json_free(calls);
}

static void test_virtual_function_is_the_last_decimal_element(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *id;
        unsigned function;
    } rows[] = {
        {"PCIP\\VEN\\6&17F903&0&00200000", "PCIP\\VEN\\6&17F903&0&00200000", 0},
        {"PCIP\\VEN\\X/3", "PCIP\\VEN\\X", 3},
        {"PCIP\\VEN\\X\\3", "PCIP\\VEN\\X", 3},
        {"PCIP\\VEN\\X/0010", "PCIP\\VEN\\X", 10},
        {"PCIP\\VEN\\X/0", "PCIP\\VEN\\X", 0},
        {"PCIP\\VEN\\X/65535", "PCIP\\VEN\\X", 65535},
        {"PCIP\\VEN\\X/65536", "PCIP\\VEN\\X/65536", 0},
        {"PCIP\\VEN\\X/3/", "PCIP\\VEN\\X", 3},
        {"PCIP/VEN/X/3", "PCIP\\VEN\\X", 3},
        {"PCIP\\VEN\\X/3a", "PCIP\\VEN\\X/3a", 0},
        {"7", "7", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *id = NULL;
        unsigned function = 99;
        plan_split_function(rows[i].raw, &id, &function);
        assert_string_equal(id, rows[i].id);
        assert_int_equal(function, rows[i].function);
        free(id);
    }
}

static void test_device_requests_are_refused_with_a_reason(void **state)
{
    (void)state;
    FIXTURE(f);
    static const struct {
        struct hvgpu_device_request device;
        enum hvgpu_status status;
        const char *says;
    } rows[] = {
        {{"class", "5B45201D-F2F2-4F3B-85BB-30FF1F953599"}, HVGPU_UNSUPPORTED, "class"},
        {{"vpci", "PCI\\VEN_10DE&DEV_1EB8\\1"}, HVGPU_INVALID, "in use by the host"},
        {{"vpci", "USB\\VID_1"}, HVGPU_INVALID, "not the instance id"},
        {{"vpci", "PCIP\\A\x1b[2J"}, HVGPU_INVALID, "control character"},
        {{"vpci", NULL}, HVGPU_INVALID, "no id"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hvgpu_request request = plan_fixture_record_request();
        request.launch.devices = &rows[i].device;
        request.launch.device_count = 1;
        const struct hvgpu_error err = refused(&f, &request, rows[i].status);
        assert_non_null(strstr(err.message, rows[i].says));
    }
}

static void test_drivers_without_a_device_are_skipped(void **state)
{
    (void)state;
    FIXTURE(f);
    struct hvgpu_request request = plan_fixture_record_request();
    request.launch.device_count = 0;
    struct json *calls = dry(&f, &request);
    assert_null(plan_fixture_process(calls, "pnputil"));
    assert_int_equal(plan_fixture_count(calls, "CreateProcess"), 1);
    json_free(calls);
}

/* ---- GPU-PV ---- */

static struct hvgpu_request launch_with_gpu(void)
{
    static const struct hvgpu_gpu_request gpus[] = {
        {.gpu = "gpu0", .partition = {.value = 3, .known = true}}};
    struct hvgpu_request request = launch();
    request.launch.gpus = gpus;
    request.launch.gpu_count = 1;
    return request;
}

static void test_gpu_comes_into_the_vm_after_start_and_before_the_layers(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = launch_with_gpu();
    struct json *calls = dry(&f, &request);
    const struct json *update = plan_fixture_modify(calls, "VirtualMachine/ComputeTopology/Gpu", 0);
    assert_int_equal(index_of(calls, update),
                     index_of(calls, plan_fixture_call(calls, "Start", 0)) + 1);
    const struct json *map = json_get(update, "document/Settings/AssignmentRequest");
    uint64_t partition = 0;
    assert_int_equal(json_count(map), 1);
    assert_string_equal(json_key(json_first(map)), PLAN_GPU_PATH);
    assert_true(json_u64(json_first(map), "", &partition));
    assert_int_equal(partition, 3);
    size_t restart = index_of(calls, plan_fixture_process(calls, "gpuprobe.exe restart"));
    size_t copy = index_of(calls, plan_fixture_process(calls, "gpuprobe.exe copy"));
    size_t layer = index_of(calls, plan_fixture_modify(calls, SHARES, 2));
    assert_true(index_of(calls, update) < copy && copy < restart && restart < layer);
    assert_null(plan_fixture_process(calls, "pnputil")); /* never the host's INF */
    uint64_t memory = 0;
    assert_true(json_u64(plan_fixture_call(calls, "Create", 0),
                         "document/VirtualMachine/ComputeTopology/Memory/SizeInMB", &memory));
    assert_int_equal(memory, 4096);
    json_free(calls);
}

static void test_candidates_after_the_first_carry_their_condition(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = launch_with_gpu();
    struct json *calls = dry(&f, &request);
    static const char *const types[] = {NULL, "GpuMirror", "DeviceInstance"};
    assert_int_equal(plan_fixture_count(calls, "Create"), 4);
    for (size_t form = 0; form < 3; form++) {
        const struct json *create = plan_fixture_call(calls, "Create", form + 1);
        const struct json *device =
            json_first(json_get(create, "document/HostedSystem/Container/AssignedDevices"));
        const char *type = json_string(device, "Type");
        assert_true(text_equal(type, types[form]));
        assert_true(text_equal(json_string(create, "if"), form == 0 ? NULL : "probe absent"));
    }
    assert_string_equal(
        json_string(json_first(json_get(plan_fixture_call(calls, "Create", 3),
                                        "document/HostedSystem/Container/AssignedDevices")),
                    "LocationPath"),
        "<location path of the virtual render device>");
    const struct json *init = plan_fixture_process(calls, "ping");
    assert_null(json_member(init, "if"));
    assert_null(plan_fixture_call(calls, "Terminate", 0)); /* undo calls are not listed */
    json_free(calls);
}

static void test_old_schema_leaves_only_the_class_form(void **state)
{
    (void)state;
    struct plan_fixture f;
    plan_fixture_make(&f, 17763, 1);
    const struct hvgpu_request request = launch_with_gpu();
    struct json *calls = dry(&f, &request);
    assert_int_equal(plan_fixture_count(calls, "Create"), 2);
    json_free(calls);
}

static void test_driver_package_is_mapped_into_the_container(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = launch_with_gpu();
    struct json *calls = dry(&f, &request);
    const struct json *mapping =
        json_first(json_get(plan_fixture_call(calls, "Create", 1),
                            "document/HostedSystem/Container/MappedDirectories"));
    assert_string_equal(json_string(mapping, "ContainerPath"),
                        "C:\\Windows\\System32\\HostDriverStore\\FileRepository\\"
                        "nv_dispi.inf_amd64_0123456789abcdef");
    assert_true(json_bool(mapping, "ReadOnly", false));
    json_free(calls);
}

static void test_gpus_that_cannot_be_given_are_refused(void **state)
{
    (void)state;
    FIXTURE(f);
    struct hvgpu_partition taken = {.number = 3, .system_id = "demo@vm"};
    struct hvgpu_request request = launch_with_gpu();
    f.gpus[0].partitions = &taken;
    f.gpus[0].partition_count = 1;
    struct hvgpu_error err = refused(&f, &request, HVGPU_BUSY);
    assert_non_null(strstr(err.message, "demo@vm"));

    struct hvgpu_gpu_request gpus[2] = {{.gpu = "gpu0", .partition = {.value = 32, .known = true}}};
    request.launch.gpus = gpus;
    (void)refused(&f, &request, HVGPU_INVALID);
    gpus[0] = (struct hvgpu_gpu_request){.gpu = "gpu2"};
    (void)refused(&f, &request, HVGPU_UNSUPPORTED);
    gpus[0].gpu = "gpu9";
    (void)refused(&f, &request, HVGPU_NOT_FOUND);
    gpus[0].gpu = "gpu1";
    gpus[1].gpu = "gpu1";
    request.launch.gpu_count = 2;
    (void)refused(&f, &request, HVGPU_INVALID);
    f.gpus[1].any_count = 32; /* all given away by hvgpu itself */
    request.launch.gpu_count = 1;
    (void)refused(&f, &request, HVGPU_BUSY);
}

/* ---- refusals ---- */

static void test_bad_launches_are_refused_before_anything_starts(void **state)
{
    (void)state;
    FIXTURE(f);
    static const struct hvgpu_mount probe = {.host_path = "C:\\x", .guest_path = "C:\\gpuprobe"};
    static const struct hvgpu_mount relative = {.host_path = "x", .guest_path = "C:\\x"};
    static const struct hvgpu_mount root = {.host_path = "C:\\x", .guest_path = "D:\\"};
    static const struct hvgpu_device_request device = {.type = "vpci", .id = PLAN_DEVICE_ID};
    struct hvgpu_request rows[14];
    enum hvgpu_status wanted[14];
    size_t count = 0;
#define ROW(status_, change)                                                                       \
    do {                                                                                           \
        struct hvgpu_launch *l = &rows[count].launch;                                              \
        rows[count] = launch();                                                                    \
        wanted[count++] = (status_);                                                               \
        change;                                                                                    \
    } while (0)
    ROW(HVGPU_INVALID, l->name = "a\\b");
    ROW(HVGPU_INVALID, l->name = "");
    ROW(HVGPU_INVALID, l->name = "..");
    ROW(HVGPU_EXISTS, l->name = "demo");
    ROW(HVGPU_NOT_FOUND, l->image = "no-such-image");
    ROW(HVGPU_UNSUPPORTED, l->image = "too-new");
    ROW(HVGPU_INVALID, l->image = NULL);
    ROW(HVGPU_INVALID, l->memory_mb = 1);
    ROW(HVGPU_INVALID, l->command = "cmd\n/c");
    ROW(HVGPU_INVALID, (l->mounts = &probe, l->mount_count = 1));
    ROW(HVGPU_INVALID, (l->mounts = &relative, l->mount_count = 1));
    ROW(HVGPU_INVALID, (l->mounts = &root, l->mount_count = 1));
    ROW(HVGPU_INVALID, (l->gpu_mirror = true, l->devices = &device, l->device_count = 1));
    ROW(HVGPU_INVALID, (l->uvm_scratch = "C:\\s", l->scratch = "C:\\s\\"));
#undef ROW
    for (size_t i = 0; i < count; i++) {
        (void)refused(&f, &rows[i], wanted[i]);
    }
}

static void test_host_without_hypervisor_refuses_in_words(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = launch();
    f.view.facts.hypervisor = HVGPU_ANSWER_NO;
    const struct hvgpu_error err = refused(&f, &request, HVGPU_UNAVAILABLE);
    assert_non_null(strstr(err.hint, "hypervisorlaunchtype"));
    f.view.host = NULL;
    (void)refused(&f, &request, HVGPU_LOST);
}

/* ---- systems of others ---- */

static void test_systems_of_others_need_their_owner_named(void **state)
{
    (void)state;
    FIXTURE(f);
    static const enum hvgpu_verb verbs[] = {HVGPU_STOP,   HVGPU_REMOVE, HVGPU_EXEC,
                                            HVGPU_ATTACH, HVGPU_DETACH, HVGPU_CHECK};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct hvgpu_request request = {
            .verb = verbs[i], .target = f.systems[2].id, .command = "cmd"};
        struct hvgpu_error err = refused(&f, &request, HVGPU_FOREIGN);
        assert_non_null(strstr(err.hint, "--foreign 'WSL'"));
        request.foreign = "docker";
        err = refused(&f, &request, HVGPU_FOREIGN);
    }
    const struct hvgpu_request stop = {
        .verb = HVGPU_STOP, .target = f.systems[2].id, .foreign = "wsl"};
    struct json *calls = dry(&f, &stop);
    assert_string_equal(json_string(json_first(calls), "call"), "Shutdown");
    json_free(calls);
}

static void test_unreadable_gpus_are_replaced_only_after_the_id_was_typed(void **state)
{
    (void)state;
    FIXTURE(f);
    static const struct hvgpu_gpu_request gpu = {.gpu = "gpu1"};
    struct hvgpu_request request = {.verb = HVGPU_ATTACH,
                                    .target = f.systems[2].id,
                                    .foreign = "WSL",
                                    .gpus = &gpu,
                                    .gpu_count = 1};
    const struct hvgpu_error err = refused(&f, &request, HVGPU_FOREIGN);
    assert_non_null(strstr(err.message, "cannot be read"));
    assert_non_null(strstr(err.message, "replaced"));
    assert_non_null(strstr(err.message, "cannot be restored"));
    request.confirm = "something else";
    (void)refused(&f, &request, HVGPU_FOREIGN);
    request.confirm = f.systems[2].id;
    struct json *calls = dry(&f, &request);
    assert_int_equal(json_count(calls), 1); /* not entered: the Update alone */
    assert_non_null(plan_fixture_modify(calls, "VirtualMachine/ComputeTopology/Gpu", 0));
    json_free(calls);
}

static void test_attach_without_a_gpu_names_those_there_are(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = {.verb = HVGPU_ATTACH,
                                          .target = f.systems[2].id,
                                          .foreign = "WSL",
                                          .confirm = f.systems[2].id};
    const struct hvgpu_error err = refused(&f, &request, HVGPU_INVALID);
    assert_non_null(strstr(err.message, "gpu0"));
    assert_non_null(strstr(err.message, "gpu1"));
    assert_null(strstr(err.message, "gpu2"));
}

static void test_whole_devices_cannot_change_at_run_time(void **state)
{
    (void)state;
    FIXTURE(f);
    f.systems[0].gpu_mode = HVGPU_MODE_DDA;
    const struct hvgpu_request request = {.verb = HVGPU_DETACH, .target = "demo"};
    const struct hvgpu_error err = refused(&f, &request, HVGPU_UNSUPPORTED);
    assert_non_null(strstr(err.message, "whole device"));
}

/* ---- stop, rm ---- */

static void test_stop_takes_the_container_then_its_vm(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = {.verb = HVGPU_STOP, .target = "demo", .force = true};
    struct json *calls = dry(&f, &request);
    assert_int_equal(json_count(calls), 2);
    assert_string_equal(json_string(plan_fixture_call(calls, "Terminate", 0), "id"), "demo");
    assert_string_equal(json_string(plan_fixture_call(calls, "Terminate", 1), "id"), "demo@vm");
    json_free(calls);
}

static void test_stop_of_a_vm_stops_its_containers_first(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = {.verb = HVGPU_STOP, .target = "demo@vm", .force = true};
    struct json *calls = dry(&f, &request);
    assert_string_equal(json_string(plan_fixture_call(calls, "Terminate", 0), "id"), "demo");
    assert_string_equal(json_string(plan_fixture_call(calls, "Terminate", 1), "id"), "demo@vm");
    json_free(calls);
}

static void test_rm_of_a_running_system_needs_force(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = {.verb = HVGPU_REMOVE, .target = "demo"};
    const struct hvgpu_error err = refused(&f, &request, HVGPU_BUSY);
    assert_non_null(strstr(err.hint, "--force"));
}

/* ---- verify ---- */

static void test_verify_is_the_launch_and_its_removal(void **state)
{
    (void)state;
    FIXTURE(f);
    const struct hvgpu_request request = {.verb = HVGPU_VERIFY};
    struct json *calls = dry(&f, &request);
    assert_non_null(plan_fixture_modify(calls, "VirtualMachine/ComputeTopology/Gpu", 0));
    assert_non_null(plan_fixture_call(calls, "DeleteTree", 0));
    json_free(calls);
    f.view.gpu_count = 0;
    calls = dry(&f, &request);
    assert_int_equal(json_count(calls), 0); /* nothing to test */
    json_free(calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch_without_gpu_has_no_gpu_calls),
        cmocka_unit_test(test_image_launch_makes_its_own_disks),
        cmocka_unit_test(test_explicit_scratch_is_copied_only_when_absent),
        cmocka_unit_test(test_more_layers_are_shared_top_first),
        cmocka_unit_test(test_mounts_are_shared_before_devices_and_mapped),
        cmocka_unit_test(test_writable_share_with_overcommit_has_empty_options),
        cmocka_unit_test(test_rm_asks_for_output_and_ends_with_its_launcher),
        cmocka_unit_test(test_processors_are_capped_by_the_host),
        cmocka_unit_test(test_several_devices_get_their_own_ids_and_one_driver_run),
        cmocka_unit_test(test_virtual_function_is_the_last_decimal_element),
        cmocka_unit_test(test_device_requests_are_refused_with_a_reason),
        cmocka_unit_test(test_drivers_without_a_device_are_skipped),
        cmocka_unit_test(test_gpu_comes_into_the_vm_after_start_and_before_the_layers),
        cmocka_unit_test(test_candidates_after_the_first_carry_their_condition),
        cmocka_unit_test(test_old_schema_leaves_only_the_class_form),
        cmocka_unit_test(test_driver_package_is_mapped_into_the_container),
        cmocka_unit_test(test_gpus_that_cannot_be_given_are_refused),
        cmocka_unit_test(test_bad_launches_are_refused_before_anything_starts),
        cmocka_unit_test(test_host_without_hypervisor_refuses_in_words),
        cmocka_unit_test(test_systems_of_others_need_their_owner_named),
        cmocka_unit_test(test_unreadable_gpus_are_replaced_only_after_the_id_was_typed),
        cmocka_unit_test(test_attach_without_a_gpu_names_those_there_are),
        cmocka_unit_test(test_whole_devices_cannot_change_at_run_time),
        cmocka_unit_test(test_stop_takes_the_container_then_its_vm),
        cmocka_unit_test(test_stop_of_a_vm_stops_its_containers_first),
        cmocka_unit_test(test_rm_of_a_running_system_needs_force),
        cmocka_unit_test(test_verify_is_the_launch_and_its_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
