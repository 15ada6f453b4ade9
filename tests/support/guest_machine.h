/* SPDX-License-Identifier: MIT
 *
 * A simulated machine for tests of what happens inside its guests: one utility VM, one container, a
 * paravirtual GPU and a dismounted one, and functions that run a program to its end. Used by
 * test_guest.c and test_guest_gpu.c.
 */
#ifndef HVGPU_TESTS_GUEST_MACHINE_H
#define HVGPU_TESTS_GUEST_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/machine.h"

#define SHARES       "\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\"
#define PLAIN_SHARES "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"
#define STORE        "C:\\Windows\\System32\\HostDriverStore\\FileRepository"
#define GPU_PATH                                                                                   \
    "\\\\\\\\?\\\\PCI#VEN_10DE&DEV_2684&SUBSYS_88EF1043&REV_A1#4&38ec4dcd&0&0019"                  \
    "#{064092b3-625e-43bf-9eb5-dc845897dd59}\\\\GPUPARAV"
#define PACKAGE "nv_dispi.inf_amd64_b26cc1edfbb8f4d0"
#define PARENT                                                                                     \
    "VMBUS\\{44c4f61d-4444-4400-9d52-802e27ede19f}\\{2d631de9-d73c-4cb5-920e-8d0cfdf8b9b5}"
#define DISPLAY_CLASS "{\"InterfaceClassGuid\":\"5B45201D-F2F2-4F3B-85BB-30FF1F953599\"}"

static const char scenario_text[] =
    "{\"host\":{\"name\":\"N\",\"edition\":\"E\",\"build\":20348,\"schema\":\"2.5\",\"server\":"
    "true,"
    "\"processors\":8,\"memory_mb\":65536},\"moves\":false,\"latency\":false,\"candidate\":%u,"
    "\"gpus\":[{\"published\":\"nv-2684\"%s},"
    "{\"published\":\"nv-rtx4000\",\"dismounted\":true}],"
    "\"images\":[{\"name\":\"win\",\"build\":20348,\"base_name\":\"windows/server\","
    "\"has_utility_vm\":true,\"layers\":[\"C:\\\\l\\\\win\"]},"
    "{\"name\":\"nano\",\"build\":20348,\"base_name\":\"nanoserver\","
    "\"has_utility_vm\":true,\"layers\":[\"C:\\\\l\\\\nano\"]}],"
    "\"files\":[\"C:\\\\s\\\\u\\\\sandbox.vhdx\",\"C:\\\\s\\\\c\\\\sandbox.vhdx\","
    "\"C:\\\\drivers\\\\display.inf\",\"C:\\\\tools\\\\device-util.exe\"]}";

static const char vm_document[] =
    "{\"Owner\":\"test\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"VirtualMachine\":{"
    "\"StopOnReset\":true,\"Chipset\":{\"Uefi\":{\"BootThis\":{\"DeviceType\":\"VmbFs\","
    "\"DevicePath\":\"\\\\EFI\\\\Microsoft\\\\Boot\\\\bootmgfw.efi\"}}},\"ComputeTopology\":{"
    "\"Memory\":{\"SizeInMB\":4096,\"AllowOvercommit\":false},\"Processor\":{\"Count\":2}},"
    "\"Devices\":{\"Scsi\":{\"0\":{\"Attachments\":{\"0\":{\"Type\":\"VirtualDisk\",\"Path\":"
    "\"C:\\\\s\\\\u\\\\sandbox.vhdx\"}}}},\"VirtualSmb\":{\"DirectFileMappingInMB\":1024,"
    "\"Shares\":[{\"Name\":\"os\",\"Path\":\"C:\\\\l\\\\win\\\\UtilityVM\\\\Files\",\"Options\":{"
    "\"ReadOnly\":true,\"ShareRead\":true,\"CacheIo\":true,\"TakeBackupPrivilege\":true,"
    "\"NoDirectmap\":true,\"PseudoOplocks\":true}}]}},\"GuestConnection\":{}}}";

struct answer {
    hcs_result code;
    uint32_t process_id;
    uint64_t std_input, std_output, std_error;
    char *document;
};

struct fixture {
    struct scenario *scenario;
    struct machine *machine;
    uint32_t client;
    int64_t now;
    uint64_t operation;
    uint64_t vm, container;
    char out[16384]; /* of the last program */
    char err[4096];
    uint32_t exit_code;
};

/* ---- driving the machine ---- */

static inline void collect(struct fixture *f, const struct machine_output *output,
                           uint64_t std_output)
{
    bool is_out = output->stream == std_output;
    char *target = is_out ? f->out : f->err;
    size_t size = is_out ? sizeof f->out : sizeof f->err;
    size_t used = strlen(target);
    if (used + output->len < size) {
        memcpy(target + used, output->bytes, output->len);
        target[used + output->len] = '\0';
    }
}

/* Takes outputs until the completion of `operation`, or until nothing is due. */
static inline struct answer wait_for(struct fixture *f, uint64_t operation, uint64_t std_output)
{
    struct answer answer = {.code = HR_E_UNEXPECTED};
    for (int round = 0; round < 64; round++) {
        struct machine_output output;
        int64_t next = machine_advance(f->machine, f->now);
        while (machine_take_output(f->machine, f->client, &output)) {
            bool mine = output.kind == MACHINE_COMPLETION && output.operation == operation;
            if (mine) {
                answer = (struct answer){output.result,    output.process_id,
                                         output.std_input, output.std_output,
                                         output.std_error, text_copy(output.document)};
            } else if (output.kind == MACHINE_BYTES && output.len > 0) {
                collect(f, &output, std_output);
            }
            machine_output_clear(&output);
            if (mine) {
                return answer;
            }
        }
        if (next == INT64_MAX) {
            break;
        }
        f->now = next > f->now ? next : f->now;
    }
    return answer;
}

static inline struct answer call(struct fixture *f, enum machine_request request, uint64_t handle,
                                 const char *id, const char *document, uint64_t *out)
{
    uint64_t made = 0;
    struct machine_call c = {.request = request,
                             .client = f->client,
                             .handle = handle,
                             .operation = ++f->operation,
                             .id = id,
                             .document = document};
    hcs_result begun = machine_begin(f->machine, &c, f->now, &made);
    if (begun != 0) {
        return (struct answer){.code = begun};
    }
    if (out != NULL) {
        *out = made;
    }
    return wait_for(f, f->operation, 0);
}

static inline void must(struct answer answer)
{
    if (answer.code != 0) {
        fail_msg("0x%08X %s", (unsigned)answer.code, answer.document ? answer.document : "");
    }
    free(answer.document);
}

static inline void modify(struct fixture *f, const char *document)
{
    must(call(f, MACHINE_MODIFY, f->vm, NULL, document, NULL));
}

static inline void share(struct fixture *f, const char *name, const char *path)
{
    char document[512];
    snprintf(document, sizeof document,
             "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualSmb/Shares\",\"RequestType\":"
             "\"Add\",\"Settings\":{\"Name\":\"%s\",\"Path\":\"%s\",\"Options\":{\"ReadOnly\":true,"
             "\"ShareRead\":true,\"CacheIo\":true,\"NoDirectmap\":true,\"PseudoOplocks\":true}}}",
             name, path);
    modify(f, document);
}

/* Starts a program; *handle stays open. */
static inline struct answer start(struct fixture *f, uint64_t system, const char *command,
                                  bool with_input, uint64_t *handle)
{
    struct json *parameters = json_new_object();
    json_add_string(parameters, "CommandLine", command);
    json_add_bool(parameters, "CreateStdOutPipe", true);
    json_add_bool(parameters, "CreateStdErrPipe", true);
    json_add_bool(parameters, "CreateStdInPipe", with_input);
    char *text = json_print(parameters);
    json_free(parameters);
    f->out[0] = f->err[0] = '\0';
    struct answer answer = call(f, MACHINE_CREATE_PROCESS, system, NULL, text, handle);
    free(text);
    return answer;
}

/* Lets time pass until nothing is due any more, at most for `limit` ns. */
static inline void drain(struct fixture *f, uint64_t std_output, int64_t limit)
{
    int64_t end = f->now + limit;
    for (int round = 0; round < 256; round++) {
        struct machine_output output;
        int64_t next = machine_advance(f->machine, f->now);
        while (machine_take_output(f->machine, f->client, &output)) {
            if (output.kind == MACHINE_BYTES && output.len > 0) {
                collect(f, &output, std_output);
            }
            machine_output_clear(&output);
        }
        if (next > end) {
            break;
        }
        f->now = next > f->now ? next : f->now;
    }
}

/* Has the process ended? Its exit code stays in the fixture. */
static inline bool ended(struct fixture *f, uint64_t process)
{
    struct answer answer = call(f, MACHINE_PROCESS_PROPERTIES, process, NULL, NULL, NULL);
    struct json *status = NULL;
    uint64_t code = 0;
    assert_int_equal(answer.code, 0);
    assert_int_equal(json_parse(answer.document, strlen(answer.document), "status", &status, NULL),
                     HVGPU_OK);
    bool exited = json_bool(status, "Exited", false);
    (void)json_u64(status, "ExitCode", &code);
    f->exit_code = (uint32_t)code;
    json_free(status);
    free(answer.document);
    return exited;
}

/* Runs a program to its end. */
static inline void run(struct fixture *f, uint64_t system, const char *command)
{
    uint64_t process = 0;
    struct answer answer = start(f, system, command, false, &process);
    uint64_t std_output = answer.std_output;
    must(answer);
    drain(f, std_output, INT64_C(60000000000));
    assert_true(ended(f, process));
    machine_close_handle(f->machine, process, f->now);
}

static inline struct json *probe(struct fixture *f, uint64_t system)
{
    struct json *answer = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    run(f, system,
        system == f->vm ? PLAIN_SHARES "probe\\gpuprobe.exe" : "C:\\gpuprobe\\gpuprobe.exe");
    assert_int_equal(f->exit_code, 0);
    if (json_parse(f->out, strlen(f->out), "probe", &answer, &err) != HVGPU_OK) {
        fail_msg("%s: %s", err.message, f->out);
    }
    return answer;
}

static inline void assert_adapters(struct fixture *f, uint64_t system, size_t names,
                                   size_t adapters)
{
    struct json *answer = probe(f, system);
    assert_int_equal(json_count(json_get(answer, "objdir")), names);
    assert_int_equal(json_count(json_get(answer, "adapters")), adapters);
    json_free(answer);
}

/* ---- the machine of the tests ---- */

static inline void make_vm(struct fixture *f)
{
    assert_int_equal(machine_grant_access(f->machine, "vm", "C:\\s\\u\\sandbox.vhdx"), 0);
    assert_int_equal(machine_grant_access(f->machine, "vm", "C:\\s\\c\\sandbox.vhdx"), 0);
    must(call(f, MACHINE_CREATE, 0, "vm", vm_document, &f->vm));
    must(call(f, MACHINE_START, f->vm, NULL, NULL, NULL));
    share(f, "probe", "C:\\\\ProgramData\\\\hvgpu\\\\probe");
}

static inline void attach(struct fixture *f)
{
    modify(f, "{\"ResourcePath\":\"VirtualMachine/ComputeTopology/Gpu\",\"RequestType\":\"Update\","
              "\"Settings\":{\"AssignmentMode\":\"List\",\"AssignmentRequest\":{\"" GPU_PATH
              "\":65535},\"AllowVendorExtension\":true}}");
}

static inline void detach(struct fixture *f)
{
    modify(f, "{\"ResourcePath\":\"VirtualMachine/ComputeTopology/Gpu\",\"RequestType\":\"Update\","
              "\"Settings\":{\"AssignmentMode\":\"Disabled\"}}");
}

static inline void bring_driver(struct fixture *f)
{
    share(f, "driver", "C:\\\\Windows\\\\System32\\\\DriverStore\\\\FileRepository\\\\" PACKAGE);
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe mkdir " STORE);
    assert_int_equal(f->exit_code, 0);
    run(f, f->vm,
        PLAIN_SHARES "probe\\gpuprobe.exe copy " PLAIN_SHARES "driver " STORE "\\" PACKAGE);
    assert_int_equal(f->exit_code, 0);
}

static inline void restart_devices(struct fixture *f)
{
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe restart");
    assert_int_equal(f->exit_code, 0);
}

/* A container on the image's layer; devices: the items of AssignedDevices. */
static inline void make_container(struct fixture *f, const char *image, const char *devices,
                                  bool with_driver)
{
    char document[2048];
    char layer[64];
    snprintf(layer, sizeof layer, "C:\\\\l\\\\%s", image);
    share(f, "layer", layer);
    modify(f, "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/0/Attachments/1\",\"RequestType\":"
              "\"Add\",\"Settings\":{\"Type\":\"VirtualDisk\",\"Path\":"
              "\"C:\\\\s\\\\c\\\\sandbox.vhdx\"},\"GuestRequest\":{\"RequestType\":\"Add\","
              "\"ResourceType\":\"MappedVirtualDisk\",\"Settings\":{\"ContainerPath\":"
              "\"C:\\\\c\\\\1\",\"Lun\":1}}}");
    modify(f, "{\"GuestRequest\":{\"RequestType\":\"Add\",\"ResourceType\":\"CombinedLayers\","
              "\"Settings\":{\"ContainerRootPath\":\"C:\\\\c\\\\1\",\"Layers\":[{\"Id\":"
              "\"a710dc3c-0001-0002-0102-030405060708\",\"Path\":\"" SHARES "layer\"}]}}}");
    snprintf(
        document, sizeof document,
        "{\"Owner\":\"test\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"HostingSystemId\":"
        "\"vm\",\"HostedSystem\":{\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"Container\":{"
        "\"GuestOs\":{\"HostName\":\"gold\"},\"Storage\":{\"Layers\":[{\"Id\":"
        "\"a710dc3c-0001-0002-0102-030405060708\",\"Path\":\"" SHARES "layer\"}],\"Path\":"
        "\"C:\\\\c\\\\1\"},\"MappedDirectories\":[{\"HostPath\":\"" SHARES "probe\","
        "\"ContainerPath\":\"C:\\\\gpuprobe\",\"ReadOnly\":true}%s],\"AssignedDevices\":[%s]}}}",
        with_driver ? ",{\"HostPath\":\"" SHARES
                      "driver\",\"ContainerPath\":\"C:\\\\Windows\\\\System32\\\\"
                      "HostDriverStore\\\\FileRepository\\\\" PACKAGE "\",\"ReadOnly\":true}"
                    : "",
        devices);
    must(call(f, MACHINE_CREATE, 0, "c", document, &f->container));
    must(call(f, MACHINE_START, f->container, NULL, NULL, NULL));
}

static inline struct fixture *machine_with(unsigned candidate, const char *gpu_members)
{
    char text[2048];
    struct hvgpu_error err = {.status = HVGPU_OK};
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(text, sizeof text, scenario_text, candidate, gpu_members);
    if (scenario_from_text("test", text, strlen(text), &f->scenario, &err) != HVGPU_OK) {
        fail_msg("%s", err.message);
    }
    f->machine = machine_new(f->scenario);
    assert_non_null(f->machine);
    f->client = machine_client_new(f->machine);
    make_vm(f);
    return f;
}

static inline void close_machine(struct fixture *f)
{
    machine_free(f->machine);
    scenario_free(f->scenario);
    free(f);
}

/* A VM and a container without a GPU, for programs that do not care. */
static inline struct fixture *plain(const char *image)
{
    struct fixture *f = machine_with(1, "");
    make_container(f, image, "", false);
    return f;
}

#endif
