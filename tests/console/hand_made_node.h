/* SPDX-License-Identifier: MIT
 *
 * A GPU node made by hand: what the views' tests look at. Its GPUs carry published names; the
 * containers are invented for the tests.
 */
#ifndef HVGPU_TESTS_HAND_MADE_NODE_H
#define HVGPU_TESTS_HAND_MADE_NODE_H

#include "hand_made.h"

#define NODE_TIME INT64_C(1767225600000)
#define GPU0      "PCI\\VEN_10DE&DEV_2860&SUBSYS_252D1043&REV_A1\\4&296b7397&0&0008"
#define GPU1      "PCI\\VEN_8086&DEV_A7A0\\3&11583659&0&10"
#define GPU2      "PCIP\\VEN_10DE&DEV_25B6\\5&1a2b"
#define GPU3      "PCI\\VEN_1002&DEV_73BF\\6&2e"

static const uint32_t node_counts[] = {1, 2, 4, 8, 16, 32};
static const struct hvgpu_partition node_partitions[] = {
    {.number = 0, .system_id = "demo1@vm"},
    {.number = 3, .system_id = "demo2@vm"},
    {.number = 4, .system_id = "7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90"},
};
static const struct hvgpu_gpu node_gpu0 = {
    .id = "gpu0",
    .name = "NVIDIA GeForce RTX 4070 Laptop",
    .vendor = "NVIDIA",
    .pci_vendor = 0x10de,
    .pci_device = 0x2860,
    .instance_id = GPU0,
    .interface_path = "\\\\?\\PCI#VEN_10DE&DEV_2860#GPUPARAV",
    .location = "PCI bus 1, device 0, function 0",
    .location_path = "PCIROOT(0)#PCI(0100)",
    .driver_version = "31.0.15.3623",
    .driver_date = "2023-06-08",
    .driver_inf = "nvlti.inf",
    .state = HVGPU_GPU_PARTITIONABLE,
    .state_text = "Partitionable",
    .vram_bytes = {.value = 8589934592, .known = true},
    .load_permille = {.value = 230, .known = true},
    .temperature_celsius = {.value = 54, .known = true},
    .partition_total = {.value = 32, .known = true},
    .valid_counts = node_counts,
    .valid_count_count = 6,
    .partitions = node_partitions,
    .partition_count = 3,
    .any_count = 1,
    .vram = {.total = {.value = 1000000000, .known = true},
             .available = {.value = 1000000000, .known = true},
             .min = {.value = 0, .known = true},
             .max = {.value = 1000000000, .known = true},
             .optimal = {.value = 1000000000, .known = true}},
};
static const struct hvgpu_gpu node_gpu1 = {
    .id = "gpu1",
    .name = "Intel(R) Iris(R) Xe Graphics",
    .vendor = "Intel",
    .instance_id = GPU1,
    .location = "PCI bus 0, device 2, function 0",
    .driver_version = "31.0.101.4502",
    .state = HVGPU_GPU_PARAVIRTUAL,
    .state_text = "Paravirtual",
    .partition_total = {.value = 32, .known = true},
    .valid_counts = node_counts,
    .valid_count_count = 6,
};
static const struct hvgpu_gpu node_gpu2 = {
    .id = "gpu2",
    .name = "NVIDIA A2",
    .vendor = "NVIDIA",
    .instance_id = GPU2,
    .state = HVGPU_GPU_DISMOUNTED,
    .state_text = "Dismounted for DDA",
    .dda_holder = "demo3@vm",
};
static const struct hvgpu_gpu node_gpu3 = {
    .id = "gpu3",
    .name = "AMD Radeon RX 6800 XT",
    .vendor = "AMD",
    .instance_id = GPU3,
    .state = HVGPU_GPU_PROBLEM,
    .state_text = "Problem 43: the device reported problems",
    .problem_code = {.value = 43, .known = true},
};
static const struct hvgpu_gpu *const node_gpus[] = {&node_gpu0, &node_gpu1, &node_gpu2, &node_gpu3};

static const struct hvgpu_assignment node_demo1[] = {{.gpu = GPU0, .partition = {.known = true}}};
static const struct hvgpu_assignment node_demo2[] = {
    {.gpu = GPU0, .partition = {.value = 3, .known = true}}};
static const struct hvgpu_system node_systems_[] = {
    {.id = "7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90",
     .kind = HVGPU_SYSTEM_VM,
     .state = HVGPU_STATE_RUNNING,
     .kind_text = "VirtualMachine",
     .state_text = "Running",
     .owner = "WSL",
     .owner_text = "WSL",
     .gpu_mode = HVGPU_MODE_UNKNOWN,
     .ends_with_last_handle = HVGPU_ANSWER_YES,
     .memory_bytes = {.value = 2147483648, .known = true}},
    {.id = "demo1@vm",
     .name = "demo1",
     .kind = HVGPU_SYSTEM_UTILITY_VM,
     .state = HVGPU_STATE_RUNNING,
     .kind_text = "utility VM",
     .state_text = "Running",
     .owner = "hvgpu",
     .owner_text = "hvgpu",
     .ours = true,
     .gpu_mode = HVGPU_MODE_LIST,
     .gpu_text = "gpu0:0",
     .assignments = node_demo1,
     .assignment_count = 1,
     .cpu_permille = {.value = 137, .known = true},
     .memory_bytes = {.value = 1503238553, .known = true},
     .created_ms = {.value = NODE_TIME - 3723000, .known = true}},
    {.id = "demo1",
     .name = "demo1",
     .kind = HVGPU_SYSTEM_HYPERV_CONTAINER,
     .host_id = "demo1@vm",
     .state = HVGPU_STATE_RUNNING,
     .kind_text = "Hyper-V container",
     .state_text = "Running",
     .owner = "hvgpu",
     .owner_text = "hvgpu",
     .ours = true,
     .gpu_mode = HVGPU_MODE_LIST,
     .gpu_text = "gpu0:0",
     .assignments = node_demo1,
     .assignment_count = 1,
     .image = "mcr.microsoft.com/windows/server:ltsc2022",
     .init_state = HVGPU_INIT_RUNNING,
     .init_pid = {.value = 1204, .known = true},
     .cpu_permille = {.value = 98, .known = true},
     .memory_bytes = {.value = 903238553, .known = true},
     .created_ms = {.value = NODE_TIME - 3720000, .known = true}},
    {.id = "demo2@vm",
     .name = "demo2",
     .kind = HVGPU_SYSTEM_UTILITY_VM,
     .state = HVGPU_STATE_RUNNING,
     .kind_text = "utility VM",
     .state_text = "Running",
     .owner = "hvgpu",
     .owner_text = "hvgpu",
     .ours = true,
     .gpu_mode = HVGPU_MODE_LIST,
     .gpu_text = "gpu0:3",
     .assignments = node_demo2,
     .assignment_count = 1,
     .created_ms = {.value = NODE_TIME - 86400000, .known = true}},
    {.id = "demo2",
     .name = "demo2",
     .kind = HVGPU_SYSTEM_HYPERV_CONTAINER,
     .host_id = "demo2@vm",
     .state = HVGPU_STATE_RUNNING,
     .kind_text = "Hyper-V container",
     .state_text = "Running",
     .owner = "hvgpu",
     .owner_text = "hvgpu",
     .ours = true,
     .gpu_mode = HVGPU_MODE_LIST,
     .gpu_text = "gpu0:3",
     .assignments = node_demo2,
     .assignment_count = 1,
     .image = "mcr.microsoft.com/windows/server:ltsc2022",
     .init_state = HVGPU_INIT_ENDED,
     .init_exit_code = {.value = 3, .known = true},
     .created_ms = {.value = NODE_TIME - 86390000, .known = true}},
    {.id = "e5",
     .name = "\xe6\xb5\x8b\xe8\xaf\x95\xe5\xae\xb9\xe5\x99\xa8",
     .kind = HVGPU_SYSTEM_HYPERV_CONTAINER,
     .state = HVGPU_STATE_PAUSED,
     .kind_text = "Hyper-V container",
     .state_text = "Paused",
     .owner = "docker",
     .owner_text = "docker",
     .gpu_mode = HVGPU_MODE_UNKNOWN},
    {.id = "old",
     .name = "old",
     .kind = HVGPU_SYSTEM_HYPERV_CONTAINER,
     .state = HVGPU_STATE_STOPPED,
     .kind_text = "Hyper-V container",
     .state_text = "Stopped",
     .owner = "hvgpu",
     .owner_text = "hvgpu",
     .ours = true,
     .left_over = true,
     .gpu_mode = HVGPU_MODE_NONE},
};
static const struct hvgpu_system *const node_systems[] = {
    &node_systems_[0], &node_systems_[1], &node_systems_[2], &node_systems_[3],
    &node_systems_[4], &node_systems_[5], &node_systems_[6]};

#define RUNG(v, e)                                                                                 \
    {                                                                                              \
        .verdict = HVGPU_VERDICT_##v, .evidence = e                                                \
    }
static const struct hvgpu_check node_check1 = {
    .system_id = "demo1",
    .verdict = HVGPU_VERDICT_PASS,
    .sentence = "The GPU is in both.",
    .vm = {RUNG(PASS, "GLOBAL??\\DISPLAY1"), RUNG(PASS, "nvlti.inf in step"), RUNG(PASS, "code 0"),
           RUNG(PASS, "1 adapter"), RUNG(UNKNOWN, NULL)},
    .container = {RUNG(PASS, NULL), RUNG(PASS, NULL), RUNG(PASS, NULL), RUNG(PASS, NULL),
                  RUNG(UNKNOWN, "nvidia-smi is not there")},
    .in_vm = HVGPU_ANSWER_YES,
    .in_container = HVGPU_ANSWER_YES,
    .time_ms = NODE_TIME - 4000,
    .duration_ms = {.value = 412, .known = true},
    .judged = true,
    .history = {0, 3, 1, 1, 1, 1},
    .history_count = 6};
static const struct hvgpu_check node_check2 = {
    .system_id = "demo2",
    .verdict = HVGPU_VERDICT_FAIL,
    .sentence = "The GPU is in the VM but not in the container.",
    .vm = {RUNG(PASS, NULL), RUNG(PASS, NULL), RUNG(PASS, NULL), RUNG(PASS, NULL),
           RUNG(PASS, NULL)},
    .container = {RUNG(FAIL, "no names"), RUNG(PASS, NULL), RUNG(UNKNOWN, NULL),
                  RUNG(FAIL, "0 adapters"), RUNG(FAIL, "nvidia-smi exit 9")},
    .in_vm = HVGPU_ANSWER_YES,
    .in_container = HVGPU_ANSWER_NO,
    .time_ms = NODE_TIME - 64000,
    .judged = true,
    .history = {1, 1, 3, 3},
    .history_count = 4};
static const struct hvgpu_check *const node_checks[] = {&node_check1, &node_check2};

static const struct hvgpu_step node_steps[] = {
    {.title = "check the host",
     .state = HVGPU_STEP_DONE,
     .evidence = "build 20348, hypervisor runs",
     .duration_ms = {.value = 12, .known = true}},
    {.title = "create the utility VM",
     .state = HVGPU_STEP_DONE,
     .evidence = "demo4@vm",
     .duration_ms = {.value = 310, .known = true}},
    {.title = "start the utility VM", .state = HVGPU_STEP_RUNNING},
    {.title = "create the container", .state = HVGPU_STEP_WAITING},
    {.title = "probe", .state = HVGPU_STEP_WAITING},
};
static const struct hvgpu_call node_call = {
    .call = "Create",
    .id = "demo4@vm",
    .document = "{\"Owner\":\"hvgpu\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1}}",
    .answer = "",
    .answered = true,
    .duration_ms = {.value = 290, .known = true}};
static const struct hvgpu_call *const node_calls[] = {&node_call};
static const struct hvgpu_job node_job2 = {.id = 2,
                                           .verb = "launch",
                                           .title = "launch demo4 with gpu0",
                                           .target = "demo4",
                                           .state = HVGPU_JOB_RUNNING,
                                           .steps = node_steps,
                                           .step_count = 5,
                                           .calls = node_calls,
                                           .call_count = 1,
                                           .started_ms = NODE_TIME - 2400};
static const struct hvgpu_job node_job1 = {
    .id = 1,
    .verb = "attach",
    .title = "attach gpu0 to demo2",
    .target = "demo2",
    .state = HVGPU_JOB_FAILED,
    .started_ms = NODE_TIME - 90000,
    .ended_ms = NODE_TIME - 88700,
    .error = {.status = HVGPU_FAILED,
              .operation = "HcsModifyComputeSystem",
              .object = "demo2@vm",
              .message = "the partition is taken (0x800705AA)",
              .hint = "choose another partition"}};
static const struct hvgpu_job *const node_jobs[] = {&node_job2, &node_job1};
static const struct hvgpu_leftover node_leftover = {.journal = "journal-17",
                                                    .title = "launch demo0",
                                                    .text = "the VM demo0@vm and 2 scratch disks",
                                                    .time_ms = NODE_TIME - 7200000,
                                                    .thing_count = 3};
static const struct hvgpu_leftover *const node_leftovers[] = {&node_leftover};

static const char *const node_layers[] = {"C:\\ProgramData\\docker\\windowsfilter\\a1",
                                          "C:\\ProgramData\\docker\\windowsfilter\\b2"};
static const struct hvgpu_image node_image1 = {.name =
                                                   "mcr.microsoft.com/windows/nanoserver:ltsc2022",
                                               .store = "docker",
                                               .os_version = "10.0.20348.2700",
                                               .build = {.value = 20348, .known = true},
                                               .has_utility_vm = HVGPU_ANSWER_YES,
                                               .can_carry_gpu = HVGPU_ANSWER_NO,
                                               .layers = node_layers,
                                               .layer_count = 1,
                                               .reason = "Nano Server has no graphics stack"};
static const struct hvgpu_image node_image2 = {.name = "mcr.microsoft.com/windows/server:ltsc2022",
                                               .store = "docker",
                                               .os_version = "10.0.20348.2700",
                                               .build = {.value = 20348, .known = true},
                                               .has_utility_vm = HVGPU_ANSWER_YES,
                                               .can_carry_gpu = HVGPU_ANSWER_YES,
                                               .layers = node_layers,
                                               .layer_count = 2,
                                               .reason = "full graphics stack, build fits"};
static const struct hvgpu_image *const node_images[] = {&node_image1, &node_image2};

static const struct hvgpu_event node_events[] = {
    {.sequence = 10,
     .time_ms = NODE_TIME - 9000,
     .severity = HVGPU_SEVERITY_INFO,
     .kind = "SystemCreated",
     .system_id = "demo1@vm",
     .json = "{\"Type\":\"Created\"}"},
    {.sequence = 11,
     .time_ms = NODE_TIME - 8000,
     .severity = HVGPU_SEVERITY_GOOD,
     .kind = "SystemStarted",
     .system_id = "demo1@vm",
     .json = "{\"Type\":\"Started\"}"},
    {.sequence = 49,
     .time_ms = NODE_TIME - 3000,
     .severity = HVGPU_SEVERITY_ERROR,
     .kind = "SystemCrashInitiated",
     .system_id = "demo2@vm",
     .json = "{\"Type\":\"Crash\",\"Status\":-1}"},
    {.sequence = 50,
     .time_ms = NODE_TIME - 1000,
     .severity = HVGPU_SEVERITY_WARNING,
     .source = HVGPU_EVENT_HVGPU,
     .kind = "VerdictChanged",
     .system_id = "demo2",
     .json = ""},
};

static inline struct hvgpu *node_new(void)
{
    struct hvgpu *host = hand_made_new();
    struct hvgpu_snapshot *s = &host->snapshot;
    s->gpus = node_gpus;
    s->gpu_count = 4;
    s->systems = node_systems;
    s->system_count = 7;
    s->checks = node_checks;
    s->check_count = 2;
    s->jobs = node_jobs;
    s->job_count = 2;
    s->leftovers = node_leftovers;
    s->leftover_count = 1;
    s->images = node_images;
    s->image_count = 2;
    for (size_t i = 0; i < 4; i++) {
        hand_made_add_event(host, &node_events[i]);
    }
    s->events_lost = 37;
    hand_made_changed(host);
    return host;
}

#endif
