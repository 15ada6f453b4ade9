/* SPDX-License-Identifier: MIT
 *
 * A GPU of a scenario: a published record, or explicit members, or both (the members win).
 */
#include <stddef.h>
#include <stdlib.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/gpu_data.h"
#include "core/engine/hcs/simulated/scenario_read.h"

static enum hvgpu_status read_quota(struct reader *reader, const struct json *value,
                                    struct hvgpu_quota *out)
{
#define QUOTA_FIELD(name)                                                                          \
    {                                                                                              \
#name, FIELD_NUMBER, offsetof(struct hvgpu_quota, name), UINT64_MAX, NULL                  \
    }
    static const struct field fields[] = {
        QUOTA_FIELD(total), QUOTA_FIELD(available), QUOTA_FIELD(min),
        QUOTA_FIELD(max),   QUOTA_FIELD(optimal),   {.key = NULL},
    };
#undef QUOTA_FIELD
    *out = (struct hvgpu_quota){.total = {.known = false}};
    return read_object(reader, value, fields, out);
}

static enum hvgpu_status read_vram_quota(struct reader *reader, const struct json *value,
                                         void *object)
{
    return read_quota(reader, value, &((struct scenario_gpu *)object)->facts.vram);
}

static enum hvgpu_status read_encode(struct reader *reader, const struct json *value, void *object)
{
    return read_quota(reader, value, &((struct scenario_gpu *)object)->facts.encode);
}

static enum hvgpu_status read_decode(struct reader *reader, const struct json *value, void *object)
{
    return read_quota(reader, value, &((struct scenario_gpu *)object)->facts.decode);
}

static enum hvgpu_status read_compute(struct reader *reader, const struct json *value, void *object)
{
    return read_quota(reader, value, &((struct scenario_gpu *)object)->facts.compute);
}

static enum hvgpu_status read_count(struct reader *reader, const struct json *value, void *object)
{
    uint64_t number = 0;
    enum hvgpu_status status = read_u64(reader, value, UINT16_MAX, &number);
    *(uint32_t *)object = (uint32_t)number;
    return status;
}

static enum hvgpu_status read_valid_counts(struct reader *reader, const struct json *value,
                                           void *object)
{
    struct host_gpu *facts = &((struct scenario_gpu *)object)->facts;
    void *items = NULL;
    size_t count = 0;
    enum hvgpu_status status =
        read_list(reader, value, sizeof(uint32_t), &items, &count, read_count);
    free(facts->valid_counts);
    facts->valid_counts = items;
    facts->valid_count_count = count;
    return status;
}

static enum hvgpu_status read_mib(struct reader *reader, const struct json *value,
                                  struct hvgpu_number *out)
{
    uint64_t number = 0;
    out->known = false;
    if (json_type(value) == JSON_NULL) {
        return HVGPU_OK;
    }
    enum hvgpu_status status = read_u64(reader, value, UINT32_MAX, &number);
    *out = (struct hvgpu_number){.value = number << 20, .known = status == HVGPU_OK};
    return status;
}

static enum hvgpu_status read_memory(struct reader *reader, const struct json *value, void *object)
{
    return read_mib(reader, value, &((struct scenario_gpu *)object)->facts.vram_bytes);
}

static enum hvgpu_status read_memory_used(struct reader *reader, const struct json *value,
                                          void *object)
{
    return read_mib(reader, value, &((struct scenario_gpu *)object)->facts.vram_used_bytes);
}

static enum hvgpu_status read_partition(struct reader *reader, const struct json *value,
                                        void *object)
{
    static const struct field fields[] = {
        {"number", FIELD_U32, offsetof(struct host_partition, partition_id), UINT16_MAX, NULL},
        {"system", FIELD_TEXT, offsetof(struct host_partition, system_id), 0, NULL},
        {.key = NULL},
    };
    return read_object(reader, value, fields, object);
}

static enum hvgpu_status read_partitions(struct reader *reader, const struct json *value,
                                         void *object)
{
    struct host_gpu *facts = &((struct scenario_gpu *)object)->facts;
    void *items = facts->partitions;
    enum hvgpu_status status = read_list(reader, value, sizeof(struct host_partition), &items,
                                         &facts->partition_known_count, read_partition);
    facts->partitions = items;
    return status;
}

static enum hvgpu_status read_copy(struct reader *reader, const struct json *value, void *object)
{
    static const struct field fields[] = {
        {"source", FIELD_TEXT, offsetof(struct host_copy, source), 0, NULL},
        {"target", FIELD_TEXT, offsetof(struct host_copy, target), 0, NULL},
        {"wow64", FIELD_BOOL, offsetof(struct host_copy, wow64), 0, NULL},
        {"overwrite", FIELD_BOOL, offsetof(struct host_copy, overwrite), 0, NULL},
        {.key = NULL},
    };
    struct host_copy *copy = object;
    enum hvgpu_status status = read_object(reader, value, fields, copy);
    if (status == HVGPU_OK) {
        status = read_need(reader, value, "source", copy->source);
    }
    return status == HVGPU_OK ? read_need(reader, value, "target", copy->target) : status;
}

static void clear_copies(struct host_driver_package *package)
{
    for (size_t i = 0; i < package->copy_count; i++) {
        free(package->copies[i].source);
        free(package->copies[i].target);
    }
    free(package->copies);
    package->copies = NULL;
    package->copy_count = 0;
}

static enum hvgpu_status read_copies(struct reader *reader, const struct json *value, void *object)
{
    struct host_driver_package *package = &((struct scenario_gpu *)object)->package;
    clear_copies(package);
    void *items = NULL;
    enum hvgpu_status status =
        read_list(reader, value, sizeof(struct host_copy), &items, &package->copy_count, read_copy);
    package->copies = items;
    return status;
}

static enum hvgpu_status read_refuse_code(struct reader *reader, const struct json *value,
                                          void *object)
{
    return read_code(reader, value, &((struct scenario_gpu *)object)->refuse_code);
}

static enum hvgpu_status read_refuse_document(struct reader *reader, const struct json *value,
                                              void *object)
{
    return read_document(reader, value, &((struct scenario_gpu *)object)->refuse_document);
}

static enum hvgpu_status read_refuses(struct reader *reader, const struct json *value, void *object)
{
    static const struct field fields[] = {
        {.key = "code", .kind = FIELD_CUSTOM, .read = read_refuse_code},
        {.key = "document", .kind = FIELD_CUSTOM, .read = read_refuse_document},
        {.key = NULL},
    };
    struct scenario_gpu *gpu = object;
    gpu->refuses = true;
    gpu->refuse_code = HRESULT_OF(0x8007001Fu); /* ERROR_GEN_FAILURE */
    return read_object(reader, value, fields, gpu);
}

#define GPU_TEXT(key, member)                                                                      \
    {                                                                                              \
        key, FIELD_TEXT, offsetof(struct scenario_gpu, member), 0, NULL                            \
    }
#define GPU_NUMBER(key, member, max)                                                               \
    {                                                                                              \
        key, FIELD_NUMBER, offsetof(struct scenario_gpu, member), max, NULL                        \
    }
#define GPU_ANSWER(key, member)                                                                    \
    {                                                                                              \
        key, FIELD_ANSWER, offsetof(struct scenario_gpu, member), 0, NULL                          \
    }
#define GPU_CUSTOM(key, fn)                                                                        \
    {                                                                                              \
        key, FIELD_CUSTOM, 0, 0, fn                                                                \
    }
static const struct field gpu_fields[] = {
    {.key = "published", .kind = FIELD_OTHER},
    {.key = "dismounted",
     .kind = FIELD_BOOL,
     .offset = offsetof(struct scenario_gpu, facts.dismounted)},
    GPU_TEXT("instance_id", facts.instance_id),
    GPU_TEXT("interface_path", facts.interface_path),
    GPU_TEXT("name", facts.name),
    GPU_TEXT("vendor", facts.vendor),
    GPU_TEXT("location", facts.location),
    GPU_TEXT("location_path", facts.location_path),
    GPU_TEXT("driver_version", facts.driver_version),
    GPU_TEXT("driver_date", facts.driver_date),
    GPU_TEXT("driver_inf", facts.driver_inf),
    GPU_TEXT("driver_package", package.name),
    GPU_TEXT("guest_package", guest_package),
    GPU_TEXT("assigned_system", facts.assigned_system_id),
    GPU_TEXT("source", source),
    GPU_TEXT("invented", invented),
    GPU_ANSWER("reboot_required", facts.reboot_required),
    GPU_ANSWER("assigned_to_guest", facts.assigned_to_guest),
    GPU_NUMBER("problem_code", facts.problem_code, UINT16_MAX),
    GPU_NUMBER("load_permille", facts.load_permille, 1000),
    GPU_NUMBER("temperature_celsius", facts.temperature_celsius, 200),
    GPU_NUMBER("power_permille", facts.power_permille, 2000),
    GPU_NUMBER("partition_count", facts.partition_count, UINT16_MAX),
    {"held_by_others", FIELD_U32, offsetof(struct scenario_gpu, partitions_held_by_others),
     UINT16_MAX, NULL},
    GPU_CUSTOM("memory_mb", read_memory),
    GPU_CUSTOM("memory_used_mb", read_memory_used),
    GPU_CUSTOM("valid_counts", read_valid_counts),
    GPU_CUSTOM("vram", read_vram_quota),
    GPU_CUSTOM("encode", read_encode),
    GPU_CUSTOM("decode", read_decode),
    GPU_CUSTOM("compute", read_compute),
    GPU_CUSTOM("partitions", read_partitions),
    GPU_CUSTOM("copies", read_copies),
    GPU_CUSTOM("refuses", read_refuses),
    {.key = NULL},
};

static enum hvgpu_status fill_published(struct reader *reader, const struct json *value,
                                        struct scenario_gpu *gpu)
{
    const struct json *id = json_member(value, "published");
    if (id == NULL) {
        return HVGPU_OK;
    }
    const char *name = json_string(id, "");
    const struct published_gpu *record = name != NULL ? gpu_data_find(name) : NULL;
    if (record == NULL) {
        return read_refuse(reader, id, "published: no published GPU \"%.64s\"",
                           name != NULL ? name : "?");
    }
    bool dismounted = json_bool(value, "dismounted", false);
    return gpu_data_fill(record, dismounted, gpu) ? HVGPU_OK : read_no_memory(reader);
}

/* What follows from the members that were given. */
static enum hvgpu_status complete_gpu(struct reader *reader, const struct json *value,
                                      struct scenario_gpu *gpu)
{
    struct host_gpu *facts = &gpu->facts;
    free(gpu->package.folder);
    gpu->package.folder = NULL;
    if (gpu->package.name != NULL) {
        gpu->package.folder = gpu_data_package_folder(gpu->package.name);
        if (!facts->dismounted) {
            free(facts->driver_package);
            facts->driver_package = text_copy(gpu->package.name);
        }
        bool has_copies = gpu->package.copies != NULL || json_member(value, "copies") != NULL;
        if (gpu->package.folder == NULL ||
            (!has_copies && !gpu_data_copies(facts->vendor, &gpu->package))) {
            return read_no_memory(reader);
        }
    }
    if (gpu->guest_package != NULL && gpu->invented != NULL &&
        json_member(value, "invented") == NULL) {
        char *invented = text_format("%s, the guests' old package", gpu->invented);
        free(gpu->invented);
        gpu->invented = invented;
    }
    facts->sriov =
        facts->interface_path != NULL && !text_find_nocase(facts->interface_path, "PARAV");
    return HVGPU_OK;
}

enum hvgpu_status read_gpu(struct reader *reader, const struct json *value, void *object)
{
    struct scenario_gpu *gpu = object;
    enum hvgpu_status status = fill_published(reader, value, gpu);
    if (status == HVGPU_OK) {
        status = read_object(reader, value, gpu_fields, gpu);
    }
    if (status == HVGPU_OK) {
        status = read_need(reader, value, "instance_id", gpu->facts.instance_id);
    }
    if (status == HVGPU_OK &&
        gpu->facts.dismounted != text_starts_nocase(gpu->facts.instance_id, "PCIP\\")) {
        return read_refuse(reader, value,
                           "instance_id: begins with PCIP\\ when the device is dismounted, and "
                           "only then");
    }
    if (status == HVGPU_OK && gpu->facts.dismounted && gpu->facts.interface_path != NULL) {
        return read_refuse(reader, value,
                           "interface_path: a dismounted device has no partition interface");
    }
    return status == HVGPU_OK ? complete_gpu(reader, value, gpu) : status;
}

static void clear_host_gpu(struct host_gpu *facts)
{
    char *texts[] = {
        facts->instance_id,
        facts->name,
        facts->vendor,
        facts->interface_path,
        facts->location,
        facts->location_path,
        facts->driver_version,
        facts->driver_date,
        facts->driver_inf,
        facts->driver_package,
        facts->assigned_system_id,
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(texts[i]);
    }
    free(facts->valid_counts);
    for (size_t i = 0; i < facts->partition_known_count; i++) {
        free(facts->partitions[i].system_id);
    }
    free(facts->partitions);
}

void clear_gpu(struct scenario_gpu *gpu)
{
    clear_host_gpu(&gpu->facts);
    clear_copies(&gpu->package);
    free(gpu->package.name);
    free(gpu->package.folder);
    free(gpu->guest_package);
    free(gpu->source);
    free(gpu->invented);
    free(gpu->refuse_document);
}
