/* SPDX-License-Identifier: MIT
 *
 * A host made by hand, and dry runs on it.
 */
#include "tests/support/plan_fixture.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/plan.h"

static void make_gpus(struct plan_fixture *f)
{
    f->gpus[0] = (struct hvgpu_gpu){
        .id = "gpu0",
        .name = "NVIDIA GeForce GTX 1050 Ti",
        .vendor = "NVIDIA",
        .instance_id = PLAN_GPU_ID,
        .interface_path = PLAN_GPU_PATH,
        .driver_package = "nv_dispi.inf_amd64_0123456789abcdef",
        .state = HVGPU_GPU_PARAVIRTUAL,
        .state_text = "Paravirtual",
        .partition_total = {.value = 32, .known = true},
    };
    f->gpus[1] = f->gpus[0];
    f->gpus[1].id = "gpu1";
    f->gpus[1].instance_id = "PCI\\VEN_1002&DEV_7340\\6&2&0&0019";
    f->gpus[1].interface_path =
        "\\\\?\\PCI#VEN_1002&DEV_7340#6&2&0&0019#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV";
    f->gpus[1].driver_package = "u0123456.inf_amd64_fedcba9876543210";
    f->gpus[2] = (struct hvgpu_gpu){
        .id = "gpu2",
        .name = "Microsoft Basic Display Adapter",
        .instance_id = "ROOT\\BASICDISPLAY\\0000",
        .state = HVGPU_GPU_NOT_ASSIGNABLE,
        .state_text = "Not assignable",
    };
    for (size_t i = 0; i < 3; i++) {
        f->gpu_list[i] = &f->gpus[i];
    }
    f->view.gpus = f->gpu_list;
    f->view.gpu_count = 3;
}

static void make_images(struct plan_fixture *f, unsigned build)
{
    f->layers[0] = "C:\\ProgramData\\docker\\windowsfilter\\aaaa";
    f->layers[1] = "C:\\ProgramData\\docker\\windowsfilter\\bbbb";
    f->images[0] = (struct hvgpu_image){
        .name = PLAN_IMAGE,
        .store = "docker",
        .build = {.value = build, .known = true},
        .layers = f->layers,
        .layer_count = 2,
        .has_utility_vm = HVGPU_ANSWER_YES,
        .can_carry_gpu = HVGPU_ANSWER_YES,
    };
    f->images[1] = f->images[0];
    f->images[1].name = "too-new";
    f->images[1].build.value = build + 1000;
    f->image_list[0] = &f->images[0];
    f->image_list[1] = &f->images[1];
    f->view.images = f->image_list;
    f->view.image_count = 2;
}

static void make_systems(struct plan_fixture *f)
{
    f->systems[0] = (struct hvgpu_system){
        .id = "demo@vm",
        .kind = HVGPU_SYSTEM_UTILITY_VM,
        .state = HVGPU_STATE_RUNNING,
        .owner = "hvgpu",
        .owner_text = "hvgpu",
        .ours = true,
    };
    f->systems[1] = f->systems[0];
    f->systems[1].id = "demo";
    f->systems[1].kind = HVGPU_SYSTEM_HYPERV_CONTAINER;
    f->systems[1].host_id = "demo@vm";
    f->systems[2] = (struct hvgpu_system){
        .id = "8F2D1C5E-0000-4000-8000-000000000001",
        .kind = HVGPU_SYSTEM_VM,
        .state = HVGPU_STATE_RUNNING,
        .owner = "WSL",
        .owner_text = "WSL",
    };
    for (size_t i = 0; i < 3; i++) {
        f->system_list[i] = &f->systems[i];
    }
    f->view.systems = f->system_list;
    f->view.system_count = 3;
}

void plan_fixture_make(struct plan_fixture *f, unsigned build, unsigned schema_minor)
{
    memset(f, 0, sizeof *f);
    f->host = (struct hvgpu_host){
        .uri = "test:",
        .name = "GPUNODE",
        .build = {.value = build, .known = true},
        .hypervisor = HVGPU_ANSWER_YES,
        .service = HVGPU_ANSWER_YES,
        .link = HVGPU_LINK_LIVE,
    };
    f->view.host = &f->host;
    f->view.level = (struct schema_level){.major = 2, .minor = schema_minor, .build = build};
    f->view.facts.build = build;
    f->view.facts.processors = 16;
    f->view.facts.hypervisor = HVGPU_ANSWER_YES;
    f->view.facts.service = HVGPU_ANSWER_YES;
    f->view.facts.server_edition = HVGPU_ANSWER_YES;
    snprintf(f->view.facts.edition, sizeof f->view.facts.edition, "Windows Server");
    snprintf(f->view.scratch_root, sizeof f->view.scratch_root, "C:\\ProgramData\\hvgpu\\scratch");
    snprintf(f->view.probe_folder, sizeof f->view.probe_folder, "C:\\ProgramData\\hvgpu\\probe");
    make_gpus(f);
    make_images(f, build);
    make_systems(f);
}

enum hvgpu_status plan_fixture_dry_run(const struct plan_fixture *fixture,
                                       const struct hvgpu_request *request, struct json **calls,
                                       struct hvgpu_error *err)
{
    struct job_plan plan;
    *calls = NULL;
    enum hvgpu_status status = plan_request(NULL, &fixture->view, request, &plan, err);
    return status == HVGPU_OK ? job_dry_run(&plan, calls, err) : status;
}

const struct json *plan_fixture_call(const struct json *calls, const char *verb, size_t n)
{
    for (const struct json *call = json_first(calls); call != NULL; call = json_next(call)) {
        if (text_equal(json_string(call, "call"), verb)) {
            if (n == 0) {
                return call;
            }
            n--;
        }
    }
    return NULL;
}

size_t plan_fixture_count(const struct json *calls, const char *verb)
{
    size_t n = 0;
    while (plan_fixture_call(calls, verb, n) != NULL) {
        n++;
    }
    return n;
}

const struct json *plan_fixture_modify(const struct json *calls, const char *path, size_t n)
{
    for (const struct json *call = json_first(calls); call != NULL; call = json_next(call)) {
        const char *where = json_string(call, "document/ResourcePath");
        if (text_equal(json_string(call, "call"), "Modify") && where != NULL &&
            text_starts(where, path)) {
            if (n == 0) {
                return call;
            }
            n--;
        }
    }
    return NULL;
}

const struct json *plan_fixture_process(const struct json *calls, const char *text)
{
    for (const struct json *call = json_first(calls); call != NULL; call = json_next(call)) {
        const char *line = json_string(call, "document/CommandLine");
        if (text_equal(json_string(call, "call"), "CreateProcess") && line != NULL &&
            strstr(line, text) != NULL) {
            return call;
        }
    }
    return NULL;
}

struct hvgpu_request plan_fixture_record_request(void)
{
    static const char *const layers[] = {"C:\\gold\\img\\top", "C:\\gold\\img\\base"};
    static const char *const drivers[] = {"C:\\gold\\drivers"};
    static const struct hvgpu_device_request devices[] = {
        {.type = "vpci-instance-id", .id = PLAN_DEVICE_ID}};
    const struct hvgpu_request request = {
        .verb = HVGPU_LAUNCH,
        .launch =
            {
                .name = "gold",
                .layers = layers,
                .layer_count = 2,
                .uvm_scratch = "C:\\gold\\scratchU",
                .scratch = "C:\\gold\\scratchC",
                .devices = devices,
                .device_count = 1,
                .driver_dirs = drivers,
                .driver_dir_count = 1,
                .memory_mb = 2048,
                .fully_backed = true,
                .cpus = 2,
                .command = "cmd /c dir",
            },
    };
    return request;
}
