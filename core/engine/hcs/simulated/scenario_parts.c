/* SPDX-License-Identifier: MIT
 *
 * Images, systems and faults of a scenario: one table of fields and one reader each; a reader also
 * checks what must be there. GPUs have a file of their own.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/scenario_read.h"

/* ---- images ---- */

static enum hvgpu_status read_layers(struct reader *reader, const struct json *value, void *object)
{
    struct host_image *image = object;
    void *items = image->layers;
    enum hvgpu_status status =
        read_list(reader, value, sizeof(char *), &items, &image->layer_count, read_path);
    image->layers = items;
    return status;
}

enum hvgpu_status read_image(struct reader *reader, const struct json *value, void *object)
{
    static const struct field fields[] = {
        {"name", FIELD_TEXT, offsetof(struct host_image, name), 0, NULL},
        {"store", FIELD_TEXT, offsetof(struct host_image, store), 0, NULL},
        {"os_version", FIELD_TEXT, offsetof(struct host_image, os_version), 0, NULL},
        {"build", FIELD_NUMBER, offsetof(struct host_image, build), UINT32_MAX, NULL},
        {"base_name", FIELD_TEXT, offsetof(struct host_image, base_name), 0, NULL},
        {"has_utility_vm", FIELD_ANSWER, offsetof(struct host_image, has_utility_vm), 0, NULL},
        {.key = "layers", .kind = FIELD_CUSTOM, .read = read_layers},
        {.key = NULL},
    };
    struct host_image *image = object;
    enum hvgpu_status status = read_object(reader, value, fields, image);
    if (status == HVGPU_OK) {
        status = read_need(reader, value, "name", image->name);
    }
    if (status == HVGPU_OK && image->layer_count == 0) {
        return read_refuse(reader, value, "\"layers\" is missing");
    }
    return status;
}

void clear_image(struct host_image *image)
{
    free(image->name);
    free(image->store);
    free(image->os_version);
    free(image->base_name);
    for (size_t i = 0; i < image->layer_count; i++) {
        free(image->layers[i]);
    }
    free(image->layers);
}

/* ---- systems ---- */

static enum hvgpu_status read_one_of(struct reader *reader, const struct json *value,
                                     const char *const *names, char **out)
{
    size_t index = 0;
    enum hvgpu_status status = read_word(reader, value, names, &index);
    return status == HVGPU_OK ? read_text(reader, value, READ_TEXT_MAX, out) : status;
}

static enum hvgpu_status read_system_type(struct reader *reader, const struct json *value,
                                          void *object)
{
    static const char *const names[] = {"VirtualMachine", "Container", NULL};
    return read_one_of(reader, value, names, &((struct scenario_system *)object)->type);
}

static enum hvgpu_status read_system_state(struct reader *reader, const struct json *value,
                                           void *object)
{
    static const char *const names[] = {"Created", "Running",         "Paused",
                                        "Stopped", "SavedAsTemplate", NULL};
    return read_one_of(reader, value, names, &((struct scenario_system *)object)->state);
}

static enum hvgpu_status read_system_os(struct reader *reader, const struct json *value,
                                        void *object)
{
    static const char *const names[] = {"Windows", "Linux", "Unknown", NULL};
    return read_one_of(reader, value, names, &((struct scenario_system *)object)->os);
}

enum hvgpu_status read_system(struct reader *reader, const struct json *value, void *object)
{
    static const struct field fields[] = {
        {"id", FIELD_TEXT, offsetof(struct scenario_system, id), 0, NULL},
        {"owner", FIELD_TEXT, offsetof(struct scenario_system, owner), 0, NULL},
        {.key = "type", .kind = FIELD_CUSTOM, .read = read_system_type},
        {.key = "state", .kind = FIELD_CUSTOM, .read = read_system_state},
        {.key = "os", .kind = FIELD_CUSTOM, .read = read_system_os},
        {"host_id", FIELD_TEXT, offsetof(struct scenario_system, host_id), 0, NULL},
        {"runtime_image", FIELD_TEXT, offsetof(struct scenario_system, runtime_image), 0, NULL},
        {"ends_with_last_handle", FIELD_BOOL,
         offsetof(struct scenario_system, ends_with_last_handle), 0, NULL},
        {"gpu_mirror", FIELD_BOOL, offsetof(struct scenario_system, gpu_mirror), 0, NULL},
        {"memory_mb", FIELD_U32, offsetof(struct scenario_system, memory_mb), 1u << 24, NULL},
        {"processors", FIELD_U32, offsetof(struct scenario_system, processors), 2048, NULL},
        {.key = NULL},
    };
    struct scenario_system *system = object;
    system->memory_mb = 1024;
    system->processors = 2;
    system->type = text_copy("VirtualMachine");
    system->state = text_copy("Running");
    if (system->type == NULL || system->state == NULL) {
        return read_no_memory(reader);
    }
    enum hvgpu_status status = read_object(reader, value, fields, system);
    return status == HVGPU_OK ? read_need(reader, value, "id", system->id) : status;
}

void clear_system(struct scenario_system *system)
{
    free(system->id);
    free(system->owner);
    free(system->type);
    free(system->os);
    free(system->host_id);
    free(system->runtime_image);
    free(system->state);
}

/* ---- faults ---- */

/* Everything that a fault can hit: the functions of both walls. */
static const char *const fault_calls[] = {
    "*",
    "HcsEnumerateComputeSystems",
    "HcsCreateComputeSystem",
    "HcsOpenComputeSystem",
    "HcsStartComputeSystem",
    "HcsShutDownComputeSystem",
    "HcsTerminateComputeSystem",
    "HcsGetComputeSystemProperties",
    "HcsModifyComputeSystem",
    "HcsSetComputeSystemCallback",
    "HcsCreateProcess",
    "HcsOpenProcess",
    "HcsTerminateProcess",
    "HcsSignalProcess",
    "HcsGetProcessInfo",
    "HcsGetProcessProperties",
    "HcsModifyProcess",
    "HcsSetProcessCallback",
    "HcsGetServiceProperties",
    "HcsGrantVmAccess",
    "HcsRevokeVmAccess",
    "host.facts",
    "host.gpus",
    "host.driver_package",
    "host.images",
    "host.watch",
    "host.name_to_guid",
    "host.make_folder",
    "host.copy_file",
    "host.delete_tree",
    "host.exists",
    "host.probe_folder",
    "host.scratch_root",
    "host.stream_read",
    "host.stream_write",
    "change", /* any of those that change the machine */
    NULL,
};

static enum hvgpu_status read_fault_call(struct reader *reader, const struct json *value,
                                         void *object)
{
    const char *s = json_string(value, "");
    for (size_t i = 0; s != NULL && fault_calls[i] != NULL; i++) {
        if (strcmp(fault_calls[i], s) == 0) {
            return read_text(reader, value, READ_TEXT_MAX,
                             &((struct scenario_fault *)object)->call);
        }
    }
    return read_refuse(reader, value,
                       "call: expected a function such as \"HcsModifyComputeSystem\" or "
                       "\"host.copy_file\", \"change\" or \"*\"");
}

static enum hvgpu_status read_fault_kind(struct reader *reader, const struct json *value,
                                         void *object)
{
    static const char *const names[] = {"fail", "slow",       "hang", "nonsense",
                                        "kill", "kill-after", NULL};
    size_t index = 0;
    enum hvgpu_status status = read_word(reader, value, names, &index);
    ((struct scenario_fault *)object)->kind = (enum scenario_fault_kind)index;
    return status;
}

static enum hvgpu_status read_fault_code(struct reader *reader, const struct json *value,
                                         void *object)
{
    return read_code(reader, value, &((struct scenario_fault *)object)->code);
}

static enum hvgpu_status read_fault_document(struct reader *reader, const struct json *value,
                                             void *object)
{
    return read_document(reader, value, &((struct scenario_fault *)object)->document);
}

enum hvgpu_status read_fault(struct reader *reader, const struct json *value, void *object)
{
    static const struct field fields[] = {
        {.key = "call", .kind = FIELD_CUSTOM, .read = read_fault_call},
        {.key = "do", .kind = FIELD_CUSTOM, .read = read_fault_kind},
        {.key = "code", .kind = FIELD_CUSTOM, .read = read_fault_code},
        {.key = "document", .kind = FIELD_CUSTOM, .read = read_fault_document},
        {"match", FIELD_TEXT, offsetof(struct scenario_fault, match), 0, NULL},
        {"nth", FIELD_U32, offsetof(struct scenario_fault, nth), 1000000, NULL},
        {"late", FIELD_BOOL, offsetof(struct scenario_fault, late), 0, NULL},
        {"delay_ms", FIELD_U32, offsetof(struct scenario_fault, delay_ms), 3600000, NULL},
        {.key = NULL},
    };
    struct scenario_fault *fault = object;
    fault->nth = 1;
    fault->code = HRESULT_OF(0x80004005u); /* E_FAIL */
    enum hvgpu_status status = read_object(reader, value, fields, fault);
    if (status != HVGPU_OK) {
        return status;
    }
    if (json_member(value, "do") == NULL) {
        return read_need(reader, value, "do", NULL);
    }
    if (fault->kind == FAULT_SLOW && fault->delay_ms == 0) {
        return read_refuse(reader, value, "delay_ms: a slow call needs one");
    }
    return read_need(reader, value, "call", fault->call);
}

void clear_fault(struct scenario_fault *fault)
{
    free(fault->call);
    free(fault->match);
    free(fault->document);
}
