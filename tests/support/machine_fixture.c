/* SPDX-License-Identifier: MIT
 *
 * The machine for tests. See machine_fixture.h.
 */
#include "tests/support/machine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"

#define MS 1000000

/* Texts of the scenario are only read by the machine. */
static char *borrowed(const char *s)
{
    return (char *)(uintptr_t)s;
}

const char fixture_vm_document[] =
    "{\"Owner\":\"test\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1},"
    "\"ShouldTerminateOnLastHandleClosed\":false,\"VirtualMachine\":{\"StopOnReset\":true,"
    "\"Chipset\":{\"Uefi\":{\"BootThis\":{\"DeviceType\":\"VmbFs\","
    "\"DevicePath\":\"\\\\EFI\\\\Microsoft\\\\Boot\\\\bootmgfw.efi\"}}},"
    "\"ComputeTopology\":{\"Memory\":{\"SizeInMB\":2048,\"AllowOvercommit\":false},"
    "\"Processor\":{\"Count\":2}},"
    "\"Devices\":{\"Scsi\":{\"0\":{\"Attachments\":{\"0\":{\"Type\":\"VirtualDisk\","
    "\"Path\":\"C:\\\\scratch\\\\uvm.vhdx\"}}}},"
    "\"VirtualSmb\":{\"DirectFileMappingInMB\":1024,\"Shares\":[{\"Name\":\"os\","
    "\"Path\":\"C:\\\\layers\\\\base\\\\UtilityVM\\\\Files\",\"Options\":{\"ReadOnly\":true}}]}},"
    "\"GuestConnection\":{}}}";

const char fixture_container_document[] =
    "{\"Owner\":\"test\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"HostingSystemId\":\"vm\","
    "\"ShouldTerminateOnLastHandleClosed\":false,\"HostedSystem\":{"
    "\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"Container\":{\"GuestOs\":{\"HostName\":\"c\"},"
    "\"Storage\":{\"Path\":\"c:\\\\m0\",\"Layers\":["
    "{\"Id\":\"a710dc3c-0001-0002-0102-030405060708\","
    "\"Path\":\"\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\s1\"},"
    "{\"Id\":\"3ddc94d8-0001-0002-0102-030405060708\","
    "\"Path\":\"\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\s2\"}]},"
    "\"AssignedDevices\":[{\"InterfaceClassGuid\":\"5B45201D-F2F2-4F3B-85BB-30FF1F953599\"}]}}}";

static void gpu(struct scenario_gpu *out, const char *instance_id, const char *interface_path,
                const char *name, uint64_t partitions)
{
    *out = (struct scenario_gpu){
        .facts = {.instance_id = borrowed(instance_id),
                  .interface_path = borrowed(interface_path),
                  .name = borrowed(name),
                  .vendor = borrowed("vendor"),
                  .driver_package = borrowed("driver.inf_amd64_1"),
                  .partition_count = {.value = partitions, .known = true},
                  .load_permille = {.value = 200, .known = true}},
        .package = {.name = borrowed("driver.inf_amd64_1"),
                    .folder = borrowed("C:\\Windows\\System32\\DriverStore\\FileRepository\\"
                                       "driver.inf_amd64_1")},
    };
}

void fixture_scenario(struct fixture *f)
{
    *f = (struct fixture){0};
    gpu(&f->gpus[0], "PCI\\VEN_10DE&DEV_25B6\\4&0", FIXTURE_GPU0, "NVIDIA A2", 4);
    gpu(&f->gpus[1], "PCI\\VEN_8086&DEV_3EA0\\3&1", FIXTURE_GPU1, "Intel UHD 620", 1);
    gpu(&f->gpus[2], FIXTURE_DEVICE, NULL, "Tesla T4", 0);
    f->gpus[2].facts.dismounted = true;
    f->layers[0] = borrowed(FIXTURE_TOP);
    f->layers[1] = borrowed(FIXTURE_BASE);
    f->image = (struct host_image){.name = borrowed("image:1"),
                                   .build = {.value = 20348, .known = true},
                                   .layers = f->layers,
                                   .layer_count = 2,
                                   .has_utility_vm = HVGPU_ANSWER_YES};
    f->scenario = (struct scenario){
        .name = borrowed("fixture"),
        .about = borrowed("for tests"),
        .facts = {.build = 20348,
                  .server_edition = HVGPU_ANSWER_YES,
                  .hypervisor = HVGPU_ANSWER_YES,
                  .service = HVGPU_ANSWER_YES,
                  .elevated = HVGPU_ANSWER_YES,
                  .processors = 8,
                  .memory_bytes = (uint64_t)16384 << 20},
        .level = {.major = 2, .minor = 5, .build = 20348},
        .moves = true,
        .latency = true,
        .candidate = 1,
        .gpu_reaches_vm = true,
        .gpus = f->gpus,
        .gpu_count = 3,
        .images = &f->image,
        .image_count = 1,
        .faults = f->faults,
    };
}

void fixture_machine(struct fixture *f)
{
    f->m = machine_new(&f->scenario);
    machine_set_power_on(f->m, 1769860800000);
    f->client = machine_client_new(f->m);
    f->now = 5 * (int64_t)MS;
    machine_make_folder(f->m, "C:\\scratch");
    int64_t duration = 0;
    machine_copy_file(f->m, FIXTURE_BASE "\\UtilityVM\\SystemTemplate.vhdx",
                      "C:\\scratch\\uvm.vhdx", f->now, &duration);
    machine_copy_file(f->m, FIXTURE_BASE "\\blank.vhdx", "C:\\scratch\\c.vhdx", f->now, &duration);
    machine_grant_access(f->m, "vm", "C:\\scratch\\uvm.vhdx");
    machine_grant_access(f->m, "vm", "C:\\scratch\\c.vhdx");
}

void fixture_open(struct fixture *f)
{
    fixture_scenario(f);
    fixture_machine(f);
}

void fixture_close(struct fixture *f)
{
    machine_free(f->m);
    free(f->document);
}

static void take_one(struct fixture *f, struct machine_output *out)
{
    f->killed = f->killed || out->kill;
    switch (out->kind) {
    case MACHINE_COMPLETION:
        free(f->document);
        f->document = out->document;
        out->document = NULL;
        f->result = out->result;
        f->operation = out->operation;
        f->process_id = out->process_id;
        f->std_input = out->std_input;
        f->std_output = out->std_output;
        f->std_error = out->std_error;
        break;
    case MACHINE_EVENT:
        if (f->events < 64 && !out->kill) {
            f->event_types[f->events] = out->event_type;
            f->event_handles[f->events++] = out->handle;
            snprintf(f->event_document, sizeof(f->event_document), "%s",
                     out->document == NULL ? "" : out->document);
        }
        break;
    case MACHINE_BYTES:
        f->ends += out->len == 0 ? 1 : 0;
        if (f->output_len + out->len < sizeof(f->output) && out->len > 0) {
            memcpy(f->output + f->output_len, out->bytes, out->len);
            f->output_len += out->len;
            f->output[f->output_len] = '\0';
        }
        break;
    case MACHINE_NOTICE:
        f->notices++;
        break;
    }
}

void fixture_take(struct fixture *f)
{
    struct machine_output out;
    while (machine_take_output(f->m, f->client, &out)) {
        take_one(f, &out);
        machine_output_clear(&out);
    }
}

void fixture_forget(struct fixture *f)
{
    f->output_len = 0;
    f->output[0] = '\0';
    f->ends = 0;
    f->events = 0;
    f->notices = 0;
}

void fixture_pass(struct fixture *f, int64_t ms)
{
    f->now += ms * MS;
    machine_advance(f->m, f->now);
    fixture_take(f);
}

hcs_result fixture_call(struct fixture *f, enum machine_request request, uint64_t handle,
                        const char *id, const char *document, uint64_t *made)
{
    static const uint64_t mine = UINT64_C(0xF00D);
    uint64_t ignored = 0;
    struct machine_call call = {.request = request,
                                .client = f->client,
                                .handle = handle,
                                .operation = mine,
                                .id = id,
                                .document = document};
    f->operation = 0;
    hcs_result result = machine_begin(f->m, &call, f->now, made == NULL ? &ignored : made);
    if (result != 0) {
        fixture_take(f);
        return result;
    }
    for (int64_t left = 60000; left > 0 && f->operation != mine; left--) {
        fixture_pass(f, 1);
    }
    return f->operation == mine ? f->result : -1;
}

hcs_result fixture_modify(struct fixture *f, uint64_t vm, const char *document)
{
    return fixture_call(f, MACHINE_MODIFY, vm, NULL, document, NULL);
}

uint64_t fixture_vm(struct fixture *f)
{
    uint64_t vm = 0;
    hcs_result result = fixture_call(f, MACHINE_CREATE, 0, "vm", fixture_vm_document, &vm);
    return result == 0 ? vm : 0;
}

uint64_t fixture_running_vm(struct fixture *f)
{
    uint64_t vm = fixture_vm(f);
    return vm != 0 && fixture_call(f, MACHINE_START, vm, NULL, NULL, NULL) == 0 ? vm : 0;
}

void fixture_layers(struct fixture *f, uint64_t vm)
{
    fixture_modify(f, vm,
                   "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualSmb/Shares\","
                   "\"RequestType\":\"Add\",\"Settings\":{\"Name\":\"s1\","
                   "\"Path\":\"C:\\\\layers\\\\top\",\"Options\":{\"ReadOnly\":true}}}");
    fixture_modify(f, vm,
                   "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualSmb/Shares\","
                   "\"RequestType\":\"Add\",\"Settings\":{\"Name\":\"s2\","
                   "\"Path\":\"C:\\\\layers\\\\base\",\"Options\":{\"ReadOnly\":true}}}");
    fixture_modify(f, vm,
                   "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/0/Attachments/1\","
                   "\"RequestType\":\"Add\",\"Settings\":{\"Type\":\"VirtualDisk\","
                   "\"Path\":\"C:\\\\scratch\\\\c.vhdx\"},\"GuestRequest\":{"
                   "\"ResourceType\":\"MappedVirtualDisk\",\"RequestType\":\"Add\","
                   "\"Settings\":{\"ContainerPath\":\"c:\\\\m0\",\"Lun\":1}}}");
    fixture_modify(
        f, vm,
        "{\"GuestRequest\":{\"ResourceType\":\"CombinedLayers\",\"RequestType\":\"Add\","
        "\"Settings\":{\"ContainerRootPath\":\"c:\\\\m0\",\"Layers\":["
        "{\"Id\":\"a710dc3c-0001-0002-0102-030405060708\",\"Path\":"
        "\"\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\s1\"},"
        "{\"Id\":\"3ddc94d8-0001-0002-0102-030405060708\",\"Path\":"
        "\"\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\s2\"}]}}}");
}

uint64_t fixture_running_container(struct fixture *f, uint64_t vm)
{
    uint64_t container = 0;
    fixture_layers(f, vm);
    if (fixture_call(f, MACHINE_CREATE, 0, "c", fixture_container_document, &container) != 0 ||
        fixture_call(f, MACHINE_START, container, NULL, NULL, NULL) != 0) {
        return 0;
    }
    return container;
}

hcs_result fixture_run(struct fixture *f, uint64_t system, const char *command, uint64_t *process)
{
    struct json *parameters = json_new_object();
    json_add_string(parameters, "CommandLine", command);
    json_add_bool(parameters, "CreateStdInPipe", true);
    json_add_bool(parameters, "CreateStdOutPipe", true);
    json_add_bool(parameters, "CreateStdErrPipe", true);
    char *document = json_print(parameters);
    json_free(parameters);
    struct machine_call call = {.request = MACHINE_CREATE_PROCESS,
                                .client = f->client,
                                .handle = system,
                                .operation = 7,
                                .document = document};
    hcs_result result = machine_begin(f->m, &call, f->now, process);
    free(document);
    if (result != 0) {
        return result;
    }
    machine_listen(f->m, *process, true);
    f->operation = 0;
    for (int i = 0; i < 3000 && f->operation != 7; i++) {
        fixture_pass(f, 1);
    }
    return f->operation == 7 ? f->result : -1;
}

bool fixture_listed(struct fixture *f, const char *id)
{
    if (fixture_call(f, MACHINE_ENUMERATE, 0, NULL, NULL, NULL) != 0 || f->document == NULL) {
        return false;
    }
    char *wanted = text_format("\"Id\":\"%s\"", id);
    bool found = wanted != NULL && strstr(f->document, wanted) != NULL;
    free(wanted);
    return found;
}
