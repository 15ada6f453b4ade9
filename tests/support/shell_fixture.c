/* SPDX-License-Identifier: MIT
 *
 * The in-process shell for tests. See shell_fixture.h.
 */
#include "tests/support/shell_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"

static void add_fault(struct scenario *scenario, const struct scenario_fault *fault)
{
    scenario->faults = calloc(1, sizeof(*scenario->faults));
    if (scenario->faults == NULL) {
        return;
    }
    scenario->faults[0] = *fault;
    scenario->faults[0].call = text_copy(fault->call);
    scenario->faults[0].match = text_copy(fault->match);
    scenario->faults[0].document = text_copy(fault->document);
    scenario->fault_count = 1;
}

void shell_fixture_open(struct shell_fixture *f, const char *state_file, bool stepped,
                        const struct scenario_fault *fault)
{
    struct scenario *scenario = NULL;
    struct hvgpu_error err;
    *f = (struct shell_fixture){0};
    if (scenario_load("healthy", &scenario, &err) != HVGPU_OK) {
        return;
    }
    scenario->containers = 2;
    scenario->events_per_second = 0;
    scenario->event_interval_s = 0;
    if (fault != NULL) {
        add_fault(scenario, fault);
    }
    const struct shell_options options = {
        .state_file = state_file, .stepped = stepped, .events_per_second = -1};
    if (shell_open(scenario, &options, &f->walls, &err) != HVGPU_OK) {
        return;
    }
    f->hcs = &f->walls.hcs;
    f->host = &f->walls.host;
    f->machine = f->walls.hcs.machine;
}

void shell_fixture_close(struct shell_fixture *f)
{
    if (f->machine != NULL) {
        f->walls.close(f->machine);
    }
    free(f->document);
    *f = (struct shell_fixture){0};
}

/* Waits for the operation when the call was accepted. */
static hcs_result finish(struct shell_fixture *f, hcs_operation operation, hcs_result result,
                         bool with_process)
{
    hcs_char *document = NULL;
    free(f->document);
    f->document = NULL;
    if (result == 0) {
        result = with_process
                     ? f->hcs->HcsWaitForOperationResultAndProcessInfo(f->machine, operation, 20000,
                                                                       &f->information, &document)
                     : f->hcs->HcsWaitForOperationResult(f->machine, operation, 20000, &document);
    }
    if (document != NULL) {
        f->document = utf16_to_utf8(document, SIZE_MAX);
        f->hcs->LocalFree(f->machine, document);
    }
    f->hcs->HcsCloseOperation(f->machine, operation);
    return result;
}

static hcs_operation operation(struct shell_fixture *f)
{
    return f->hcs->HcsCreateOperation(f->machine, NULL, NULL);
}

hcs_result shell_fixture_enumerate(struct shell_fixture *f)
{
    hcs_operation op = operation(f);
    return finish(f, op, f->hcs->HcsEnumerateComputeSystems(f->machine, NULL, op), false);
}

bool shell_fixture_listed(struct shell_fixture *f, const char *id)
{
    if (shell_fixture_enumerate(f) != 0 || f->document == NULL) {
        return false;
    }
    char *wanted = text_format("\"Id\":\"%s\"", id);
    bool found = wanted != NULL && strstr(f->document, wanted) != NULL;
    free(wanted);
    return found;
}

hcs_result shell_fixture_create(struct shell_fixture *f, const char *id, const char *document,
                                hcs_system *system)
{
    hcs_operation op = operation(f);
    hcs_char *wide_id = utf8_to_utf16(id);
    hcs_char *wide = utf8_to_utf16(document);
    hcs_result result = f->hcs->HcsCreateComputeSystem(f->machine, wide_id, wide, op, NULL, system);
    free(wide_id);
    free(wide);
    return finish(f, op, result, false);
}

hcs_result shell_fixture_open_system(struct shell_fixture *f, const char *id, hcs_system *system)
{
    hcs_char *wide = utf8_to_utf16(id);
    hcs_result result = f->hcs->HcsOpenComputeSystem(f->machine, wide, HCS_GENERIC_ALL, system);
    free(wide);
    return result;
}

hcs_result shell_fixture_start(struct shell_fixture *f, hcs_system system)
{
    hcs_operation op = operation(f);
    return finish(f, op, f->hcs->HcsStartComputeSystem(f->machine, system, op, NULL), false);
}

hcs_result shell_fixture_terminate(struct shell_fixture *f, hcs_system system)
{
    hcs_operation op = operation(f);
    return finish(f, op, f->hcs->HcsTerminateComputeSystem(f->machine, system, op, NULL), false);
}

hcs_result shell_fixture_run(struct shell_fixture *f, hcs_system system, const char *command,
                             hcs_process *process)
{
    struct json *parameters = json_new_object();
    json_add_string(parameters, "CommandLine", command);
    json_add_bool(parameters, "CreateStdInPipe", true);
    json_add_bool(parameters, "CreateStdOutPipe", true);
    char *text = json_print(parameters);
    json_free(parameters);
    hcs_char *wide = utf8_to_utf16(text == NULL ? "{}" : text);
    free(text);
    hcs_operation op = operation(f);
    hcs_result result = f->hcs->HcsCreateProcess(f->machine, system, wide, op, NULL, process);
    free(wide);
    return finish(f, op, result, true);
}

char *shell_fixture_vm_document(struct shell_fixture *f, const char *id, bool last_handle)
{
    struct host_image *images = NULL;
    size_t count = 0;
    if (f->host->images(f->machine, &images, &count) != 0 || count == 0) {
        return NULL;
    }
    const char *base = images[0].layers[images[0].layer_count - 1];
    char *template_disk = text_format("%s\\UtilityVM\\SystemTemplate.vhdx", base);
    char *files = text_format("%s\\UtilityVM\\Files", base);
    char *folder = text_format("C:\\ProgramData\\hvgpu\\scratch\\%s", id);
    char *disk = text_format("%s\\sandbox.vhdx", folder);
    f->host->make_folder(f->machine, folder);
    f->host->copy_file(f->machine, template_disk, disk);
    hcs_char *wide_id = utf8_to_utf16(id);
    hcs_char *wide_disk = utf8_to_utf16(disk);
    f->hcs->HcsGrantVmAccess(f->machine, wide_id, wide_disk);
    struct json *document = json_new_object();
    json_add_string(document, "Owner", "test");
    json_add_bool(document, "ShouldTerminateOnLastHandleClosed", last_handle);
    struct json *vm = json_add_object(document, "VirtualMachine");
    struct json *topology = json_add_object(vm, "ComputeTopology");
    json_add_u64(json_add_object(topology, "Memory"), "SizeInMB", 2048);
    struct json *devices = json_add_object(vm, "Devices");
    struct json *attachments =
        json_add_object(json_add_object(json_add_object(devices, "Scsi"), "0"), "Attachments");
    struct json *attachment = json_add_object(attachments, "0");
    json_add_string(attachment, "Type", "VirtualDisk");
    json_add_string(attachment, "Path", disk);
    struct json *share = json_append(
        json_add_array(json_add_object(devices, "VirtualSmb"), "Shares"), json_new_object());
    json_add_string(share, "Name", "os");
    json_add_string(share, "Path", files);
    json_add_object(vm, "GuestConnection");
    char *text = json_print(document);
    json_free(document);
    free(template_disk);
    free(files);
    free(folder);
    free(disk);
    free(wide_id);
    free(wide_disk);
    f->host->free_images(f->machine, images, count);
    return text;
}
