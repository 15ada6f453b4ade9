/* SPDX-License-Identifier: MIT
 *
 * Records of GPUs: the host's inventory joined with what hvgpu's own records know (partitions
 * given, "any" partitions, whole devices). GPUs are numbered by bus location, so that "gpu0" is the
 * same card tomorrow. A partition is shown only where number and owner are known; the rest is
 * unknown, which is not free.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/record.h"

enum { GPUS_MAX = 256, PARTITIONS_MAX = 1024, VALID_COUNTS_MAX = 64 };

/* Problem codes of cfg.h in words (Microsoft's cm-prob pages). */
static const struct {
    unsigned code;
    const char *words;
} problems[] = {
    {1, "not configured"},
    {3, "out of memory"},
    {9, "invalid data"},
    {10, "failed to start"},
    {12, "cannot find enough free resources"},
    {14, "needs a restart"},
    {16, "resources only in part"},
    {18, "reinstall the driver"},
    {19, "registry damaged"},
    {21, "will be removed"},
    {22, "disabled"},
    {24, "not present"},
    {28, "drivers not installed"},
    {29, "disabled by firmware"},
    {31, "the driver failed to add the device"},
    {32, "driver service disabled"},
    {33, "resource translation failed"},
    {35, "missing in the firmware's table"},
    {36, "interrupt translation failed"},
    {37, "driver entry failed"},
    {38, "previous driver instance still loaded"},
    {39, "driver load failed"},
    {40, "service key invalid"},
    {41, "the service created no device"},
    {42, "duplicate device"},
    {43, "the driver reported a failure"},
    {44, "halted by user mode"},
    {45, "not connected"},
    {46, "shutting down"},
    {47, "held for eject"},
    {48, "driver blocked"},
    {49, "registry hive too large"},
    {50, "properties failed"},
    {51, "waiting on a dependency"},
    {52, "driver unsigned"},
    {53, "used by the kernel debugger"},
    {54, "being reset"},
    {55, "blocked while the console is locked"},
    {56, "needs class configuration"},
    {57, "assignment to the guest failed"},
};

static const char *problem_words(uint64_t code)
{
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (problems[i].code == code) {
            return problems[i].words;
        }
    }
    return "a problem without published words";
}

/* ---- order ---- */

/* Compares texts with numbers in them by the numbers' values. */
static int natural_compare(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9') {
            char *end_a = NULL, *end_b = NULL;
            unsigned long long number_a = strtoull(a, &end_a, 10);
            unsigned long long number_b = strtoull(b, &end_b, 10);
            if (number_a != number_b) {
                return number_a < number_b ? -1 : 1;
            }
            a = end_a;
            b = end_b;
        } else if (*a != *b) {
            return *a < *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return *a == *b ? 0 : *a == '\0' ? -1 : 1;
}

static int compare_texts(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL); /* what has none comes last */
    }
    return natural_compare(a, b);
}

static int compare_gpus(const void *a, const void *b)
{
    const struct host_gpu *x = *(const struct host_gpu *const *)a;
    const struct host_gpu *y = *(const struct host_gpu *const *)b;
    int order = compare_texts(x->location, y->location);
    order = order != 0 ? order : compare_texts(x->location_path, y->location_path);
    return order != 0 ? order : compare_texts(x->instance_id, y->instance_id);
}

/* ---- one GPU ---- */

/* "VEN_10DE&DEV_1EB8" out of an instance id. */
static uint16_t read_id(const char *instance_id, const char *mark)
{
    const char *at = instance_id == NULL ? NULL : strstr(instance_id, mark);
    if (at == NULL) {
        return 0;
    }
    char digits[5] = {0};
    memcpy(digits, at + strlen(mark), strnlen(at + strlen(mark), 4));
    return strspn(digits, "0123456789ABCDEFabcdef") == 4 ? (uint16_t)strtoul(digits, NULL, 16) : 0;
}

static void fill_state(struct hvgpu_gpu *gpu, const struct host_gpu *host)
{
    if (host->problem_code.known && host->problem_code.value != 0) {
        gpu->state = HVGPU_GPU_PROBLEM;
        gpu->state_text =
            record_textf(gpu, "Problem %llu: %s", (unsigned long long)host->problem_code.value,
                         problem_words(host->problem_code.value));
    } else if (host->dismounted) {
        gpu->state = HVGPU_GPU_DISMOUNTED;
        gpu->state_text = record_text(gpu, "Dismounted for DDA");
    } else if (host->interface_path != NULL) {
        gpu->state = host->sriov ? HVGPU_GPU_PARTITIONABLE : HVGPU_GPU_PARAVIRTUAL;
        gpu->state_text = record_text(gpu, host->sriov ? "Partitionable" : "Paravirtual");
    } else {
        gpu->state = HVGPU_GPU_NOT_ASSIGNABLE;
        gpu->state_text = record_text(gpu, "Not assignable");
    }
}

static void fill_valid_counts(struct hvgpu_gpu *gpu, const struct host_gpu *host)
{
    size_t count =
        host->valid_count_count < VALID_COUNTS_MAX ? host->valid_count_count : VALID_COUNTS_MAX;
    uint32_t *list = count == 0 ? NULL : record_alloc(gpu, count * sizeof *list);
    if (list != NULL) {
        memcpy(list, host->valid_counts, count * sizeof *list);
        gpu->valid_counts = list;
        gpu->valid_count_count = count;
    }
}

/* Enters one partition; a number that is there already keeps its owner. */
static void add_partition(struct hvgpu_gpu *gpu, struct hvgpu_partition *list, uint64_t number,
                          const char *system_id)
{
    for (size_t i = 0; i < gpu->partition_count; i++) {
        if (list[i].number == number) {
            return;
        }
    }
    if (gpu->partition_count < PARTITIONS_MAX && number <= UINT16_MAX) {
        list[gpu->partition_count].number = (uint32_t)number;
        list[gpu->partition_count].system_id = record_text(gpu, system_id);
        gpu->partition_count++;
    }
}

static int compare_partitions(const void *a, const void *b)
{
    const struct hvgpu_partition *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Does this own assignment mean this GPU? Dismounting changes the prefix of the instance id. */
static bool is_this(const struct owned_gpu *owned, const struct host_gpu *host)
{
    return text_equal_nocase(owned->instance_id, host->instance_id) ||
           (owned->interface_path != NULL &&
            text_equal_nocase(owned->interface_path, host->interface_path));
}

static void add_own(struct engine *engine, struct hvgpu_gpu *gpu, const struct host_gpu *host,
                    struct hvgpu_partition *list)
{
    for (size_t i = 0; i < engine->own.count; i++) {
        const struct ownership *own = &engine->own.items[i].record;
        if (!observe_vm_exists(engine, own)) {
            continue;
        }
        for (size_t j = 0; j < own->gpu_count; j++) {
            const struct owned_gpu *owned = &own->gpus[j];
            if (!is_this(owned, host)) {
                continue;
            }
            if (own->gpu_mode == HVGPU_MODE_DDA) {
                gpu->dda_holder = record_text(gpu, own->vm_id);
            } else if (own->gpu_mode == HVGPU_MODE_LIST && owned->partition.known) {
                add_partition(gpu, list, owned->partition.value, own->vm_id);
            } else if (own->gpu_mode == HVGPU_MODE_LIST) {
                gpu->any_count++;
            }
        }
    }
}

static void fill_partitions(struct engine *engine, struct hvgpu_gpu *gpu,
                            const struct host_gpu *host)
{
    size_t room = host->partition_known_count + 1;
    for (size_t i = 0; i < engine->own.count; i++) {
        room += engine->own.items[i].record.gpu_count;
    }
    room = room < PARTITIONS_MAX ? room : PARTITIONS_MAX;
    struct hvgpu_partition *list = record_alloc(gpu, room * sizeof *list);
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < host->partition_known_count && gpu->partition_count < room; i++) {
        if (host->partitions[i].system_id != NULL) {
            add_partition(gpu, list, host->partitions[i].partition_id,
                          host->partitions[i].system_id);
        }
    }
    add_own(engine, gpu, host, list);
    qsort(list, gpu->partition_count, sizeof *list, compare_partitions);
    gpu->partitions = gpu->partition_count == 0 ? NULL : list;
}

static struct hvgpu_gpu *build_gpu(struct engine *engine, const struct host_gpu *host,
                                   size_t number)
{
    struct hvgpu_gpu *gpu = record_new(sizeof *gpu);
    if (gpu == NULL) {
        return NULL;
    }
    gpu->id = record_textf(gpu, "gpu%zu", number);
    gpu->name = record_text(gpu, host->name);
    gpu->vendor = record_text(gpu, host->vendor);
    gpu->pci_vendor = read_id(host->instance_id, "VEN_");
    gpu->pci_device = read_id(host->instance_id, "DEV_");
    gpu->instance_id = record_text(gpu, host->instance_id == NULL ? "" : host->instance_id);
    gpu->interface_path = record_text(gpu, host->interface_path);
    gpu->location = record_text(gpu, host->location);
    gpu->location_path = record_text(gpu, host->location_path);
    gpu->driver_version = record_text(gpu, host->driver_version);
    gpu->driver_date = record_text(gpu, host->driver_date);
    gpu->driver_inf = record_text(gpu, host->driver_inf);
    gpu->driver_package = record_text(gpu, host->driver_package);
    fill_state(gpu, host);
    gpu->problem_code = host->problem_code;
    gpu->reboot_required = host->reboot_required;
    gpu->vram_bytes = host->vram_bytes;
    gpu->vram_used_bytes = host->vram_used_bytes;
    gpu->load_permille = host->load_permille;
    gpu->temperature_celsius = host->temperature_celsius;
    gpu->power_permille = host->power_permille;
    gpu->partition_total = host->partition_count;
    gpu->vram = host->vram;
    gpu->encode = host->encode;
    gpu->decode = host->decode;
    gpu->compute = host->compute;
    fill_valid_counts(gpu, host);
    gpu->dda_holder = record_text(gpu, host->assigned_system_id);
    fill_partitions(engine, gpu, host);
    return gpu;
}

/* ---- differences ---- */

static bool same_quota(const struct hvgpu_quota *a, const struct hvgpu_quota *b)
{
    return number_equal(a->total, b->total) && number_equal(a->available, b->available) &&
           number_equal(a->min, b->min) && number_equal(a->max, b->max) &&
           number_equal(a->optimal, b->optimal);
}

static bool same_partitions(const struct hvgpu_gpu *a, const struct hvgpu_gpu *b)
{
    if (a->partition_count != b->partition_count || a->valid_count_count != b->valid_count_count) {
        return false;
    }
    for (size_t i = 0; i < a->partition_count; i++) {
        if (a->partitions[i].number != b->partitions[i].number ||
            !text_equal(a->partitions[i].system_id, b->partitions[i].system_id)) {
            return false;
        }
    }
    return a->valid_count_count == 0 ||
           memcmp(a->valid_counts, b->valid_counts, a->valid_count_count * sizeof(uint32_t)) == 0;
}

static bool same_texts(const struct hvgpu_gpu *a, const struct hvgpu_gpu *b)
{
    return text_equal(a->id, b->id) && text_equal(a->name, b->name) &&
           text_equal(a->vendor, b->vendor) && text_equal(a->instance_id, b->instance_id) &&
           text_equal(a->interface_path, b->interface_path) &&
           text_equal(a->location, b->location) && text_equal(a->location_path, b->location_path) &&
           text_equal(a->driver_version, b->driver_version) &&
           text_equal(a->driver_date, b->driver_date) && text_equal(a->driver_inf, b->driver_inf) &&
           text_equal(a->driver_package, b->driver_package) &&
           text_equal(a->state_text, b->state_text) && text_equal(a->dda_holder, b->dda_holder);
}

static bool same_gpu(const struct hvgpu_gpu *a, const struct hvgpu_gpu *b)
{
    return a->state == b->state && a->reboot_required == b->reboot_required &&
           a->any_count == b->any_count && number_equal(a->problem_code, b->problem_code) &&
           number_equal(a->vram_bytes, b->vram_bytes) &&
           number_equal(a->vram_used_bytes, b->vram_used_bytes) &&
           number_equal(a->load_permille, b->load_permille) &&
           number_equal(a->temperature_celsius, b->temperature_celsius) &&
           number_equal(a->power_permille, b->power_permille) &&
           number_equal(a->partition_total, b->partition_total) && same_quota(&a->vram, &b->vram) &&
           same_quota(&a->encode, &b->encode) && same_quota(&a->decode, &b->decode) &&
           same_quota(&a->compute, &b->compute) && same_partitions(a, b) && same_texts(a, b);
}

const char *observe_gpu_id(const struct engine *engine, const char *instance_id)
{
    for (size_t i = 0; i < engine->gpu_count; i++) {
        if (text_equal_nocase(engine->gpus[i]->instance_id, instance_id)) {
            return engine->gpus[i]->id;
        }
    }
    return instance_id;
}

/* ---- posting ---- */

static bool is_changed(const struct engine *engine, struct hvgpu_gpu *const *gpus, size_t count)
{
    if (engine->gpus == NULL || count != engine->gpu_count) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!same_gpu(gpus[i], engine->gpus[i])) {
            return true;
        }
    }
    return false;
}

/* Did the order of ids change? Then the texts of systems that name them do, too. */
static bool is_renumbered(const struct engine *engine, struct hvgpu_gpu *const *gpus, size_t count)
{
    if (count != engine->gpu_count) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(gpus[i]->instance_id, engine->gpus[i]->instance_id)) {
            return true;
        }
    }
    return false;
}

static void take_gpus(struct engine *engine, struct hvgpu_gpu **gpus, size_t count)
{
    if (is_renumbered(engine, gpus, count)) {
        observe_mark_own(engine);
    }
    struct message *message = message_new(MESSAGE_GPUS);
    void **records = message == NULL ? NULL : calloc(count + 1, sizeof *records);
    for (size_t i = 0; records != NULL && i < count; i++) {
        records[i] = (void *)(uintptr_t)hvgpu_record_keep(gpus[i]);
    }
    if (records != NULL) {
        message->records = records;
        message->record_count = count;
        observe_post(engine, message);
    } else {
        message_free(message);
    }
    for (size_t i = 0; i < engine->gpu_count; i++) {
        hvgpu_record_drop(engine->gpus[i]);
    }
    free(engine->gpus);
    engine->gpus = (const struct hvgpu_gpu **)gpus;
    engine->gpu_count = count;
    engine->changed = true;
}

void observe_gpus(struct engine *engine)
{
    if (engine->host_gpus == NULL && engine->host_gpu_count > 0) {
        return;
    }
    if (!engine->gpus_answered || (engine->gpu_trouble[0] != '\0' && engine->host_gpus == NULL)) {
        return; /* never listed: unknown, which is not the same as none */
    }
    size_t count = engine->host_gpu_count < GPUS_MAX ? engine->host_gpu_count : GPUS_MAX;
    const struct host_gpu **order = calloc(count + 1, sizeof *order);
    struct hvgpu_gpu **gpus = calloc(count + 1, sizeof *gpus);
    size_t built = 0;
    for (size_t i = 0; order != NULL && i < count; i++) {
        order[i] = &engine->host_gpus[i];
    }
    if (order != NULL && gpus != NULL) {
        qsort(order, count, sizeof *order, compare_gpus);
        while (built < count) {
            gpus[built] = build_gpu(engine, order[built], built);
            if (gpus[built] == NULL) {
                break;
            }
            built++;
        }
    }
    free(order);
    if (gpus != NULL && built == count && is_changed(engine, gpus, count)) {
        take_gpus(engine, gpus, count);
        return;
    }
    for (size_t i = 0; i < built; i++) {
        hvgpu_record_drop(gpus[i]);
    }
    free(gpus);
}
