/* SPDX-License-Identifier: MIT
 *
 * usage: documents_main
 *
 * Prints every document of the dry runs of every flow, on hosts of several builds, as lines of
 * VERB, tab, id, tab, document: the input of validate_documents.py. A flow that cannot be planned
 * is an error, so that none is missed silently.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/engine/hcs/plan.h"
#include "tests/support/plan_fixture.h"

struct host_kind {
    unsigned build, schema_minor;
};

static const struct host_kind hosts[] = {
    {19041, 3}, {19044, 3}, {20348, 5}, {22621, 7}, {26100, 8}};

/* Prints the calls of one flow; false: it could not be planned. */
static bool print_flow(const struct plan_fixture *fixture, const char *name,
                       const struct hvgpu_request *request)
{
    struct json *calls = NULL;
    struct hvgpu_error err = {0};
    if (plan_fixture_dry_run(fixture, request, &calls, &err) != HVGPU_OK) {
        fprintf(stderr, "%s: %s: %s\n", name, err.object, err.message);
        return false;
    }
    for (const struct json *call = json_first(calls); call != NULL; call = json_next(call)) {
        const struct json *document = json_member(call, "document");
        if (json_type(document) != JSON_OBJECT) {
            continue;
        }
        char *text = json_print(document);
        printf("%s\t%s\t%s\n", json_string(call, "call"), name, text);
        free(text);
    }
    json_free(calls);
    return true;
}

static struct hvgpu_request launch_of_image(void)
{
    const struct hvgpu_request request = {.verb = HVGPU_LAUNCH,
                                          .launch = {.name = "flow", .image = PLAN_IMAGE}};
    return request;
}

static bool print_launches(const struct plan_fixture *fixture)
{
    static const struct hvgpu_gpu_request gpus[] = {
        {.gpu = "gpu0", .partition = {.value = 3, .known = true}}, {.gpu = "gpu1"}};
    static const struct hvgpu_mount mounts[] = {
        {.host_path = "C:\\data in", .guest_path = "C:\\in", .read_only = true},
        {.host_path = "C:\\out", .guest_path = "C:\\out"}};
    static const struct hvgpu_device_request devices[] = {
        {.type = "vpci", .id = PLAN_DEVICE_ID "/3"},
        {.type = "vpci-instance-id", .id = "PCIP\\VEN_10DE&DEV_1EB8\\7&1&0&0"}};
    struct hvgpu_request plain = launch_of_image();
    struct hvgpu_request list = launch_of_image();
    list.launch.gpus = gpus;
    list.launch.gpu_count = 2;
    list.launch.mounts = mounts;
    list.launch.mount_count = 2;
    struct hvgpu_request mirror = launch_of_image();
    mirror.launch.gpu_mirror = true;
    mirror.launch.remove = true;
    struct hvgpu_request whole = launch_of_image();
    whole.launch.devices = devices;
    whole.launch.device_count = 2;
    const struct hvgpu_request record = plan_fixture_record_request();
    const struct hvgpu_request verify = {.verb = HVGPU_VERIFY};
    return print_flow(fixture, "launch", &plain) && print_flow(fixture, "launch --gpu", &list) &&
           print_flow(fixture, "launch --gpu-mirror --rm", &mirror) &&
           print_flow(fixture, "launch --device", &whole) &&
           print_flow(fixture, "launch of the record", &record) &&
           print_flow(fixture, "verify", &verify);
}

static bool print_changes(const struct plan_fixture *fixture)
{
    static const struct hvgpu_gpu_request gpu = {.gpu = "gpu0"};
    const char *other = fixture->systems[2].id;
    struct hvgpu_request attach = {.verb = HVGPU_ATTACH,
                                   .target = other,
                                   .foreign = "wsl",
                                   .confirm = other,
                                   .gpus = &gpu,
                                   .gpu_count = 1};
    struct hvgpu_request mirror = attach;
    mirror.gpu_count = 0;
    mirror.gpu_mirror = true;
    struct hvgpu_request detach = attach;
    detach.verb = HVGPU_DETACH;
    detach.gpu_count = 0;
    const struct hvgpu_request stop = {.verb = HVGPU_STOP, .target = "demo"};
    const struct hvgpu_request exec = {.verb = HVGPU_EXEC,
                                       .target = "demo",
                                       .command = "cmd /c ver",
                                       .user = "ContainerAdministrator",
                                       .interactive = true,
                                       .emulate_console = true,
                                       .columns = 80,
                                       .rows = 25};
    struct hvgpu_request exec_vm = exec;
    exec_vm.in_vm = true;
    exec_vm.user = NULL;
    exec_vm.emulate_console = false;
    return print_flow(fixture, "attach", &attach) &&
           print_flow(fixture, "attach --gpu-mirror", &mirror) &&
           print_flow(fixture, "detach", &detach) && print_flow(fixture, "stop", &stop) &&
           print_flow(fixture, "exec", &exec) && print_flow(fixture, "exec --vm", &exec_vm);
}

int main(void)
{
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct plan_fixture fixture;
        plan_fixture_make(&fixture, hosts[i].build, hosts[i].schema_minor);
        if (!print_launches(&fixture) || !print_changes(&fixture)) {
            return 1;
        }
    }
    return 0;
}
