/* SPDX-License-Identifier: MIT
 *
 * The inventory half of the second wall: facts, GPUs, driver packages, images, names to GUIDs. Each
 * list is one block of memory: what it needs is measured in a first pass and filled in a second one
 * by the same code.
 *
 * Msvm_GpuPartition is the Hyper-V management service's view: partitions that were given to VMs of
 * HCS are not in it, so the list of known partitions is the scenario's.
 */
#include "core/engine/hcs/simulated/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packer {
    char *base; /* NULL: measuring */
    size_t used;
};

static void *pack(struct packer *packer, const void *data, size_t size)
{
    size_t at = (packer->used + 15) & ~(size_t)15;
    packer->used = at + size;
    if (packer->base == NULL) {
        return NULL;
    }
    if (size > 0 && data != NULL) {
        memcpy(packer->base + at, data, size);
    }
    return packer->base + at;
}

static char *pack_text(struct packer *packer, const char *s)
{
    return s == NULL ? NULL : pack(packer, s, strlen(s) + 1);
}

/* ---- GPUs ---- */

static void wander(const struct machine *m, struct hvgpu_number *number, int64_t now,
                   uint64_t spread, uint64_t most, uint64_t seed)
{
    if (!number->known || !m->scenario->moves) {
        return;
    }
    uint64_t phase = ((uint64_t)now / 1000000000u * 7 + seed * 13) % (2 * spread + 1);
    uint64_t moved = number->value + phase;
    moved = moved > spread ? moved - spread : 0;
    number->value = moved > most ? most : moved;
}

static const char *holder_of(const struct machine *m, size_t gpu)
{
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        for (size_t i = 0; sim_system_lives(s) && i < s->vpci_count; i++) {
            for (size_t k = 0; k < s->vpci[i].function_count; k++) {
                if (s->vpci[i].functions[k].gpu == gpu) {
                    return s->id;
                }
            }
        }
    }
    return NULL;
}

static void pack_gpu(const struct machine *m, struct packer *packer, size_t index, int64_t now,
                     struct host_gpu *out)
{
    const struct host_gpu *from = &m->scenario->gpus[index].facts;
    struct host_gpu gpu = *from;
    char **texts[] = {&gpu.instance_id,    &gpu.name,        &gpu.vendor,
                      &gpu.interface_path, &gpu.location,    &gpu.location_path,
                      &gpu.driver_version, &gpu.driver_date, &gpu.driver_inf,
                      &gpu.driver_package};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = pack_text(packer, *texts[i]);
    }
    const char *holder = holder_of(m, index);
    if (holder != NULL) {
        gpu.assigned_to_guest = HVGPU_ANSWER_YES;
    }
    gpu.assigned_system_id = pack_text(packer, holder != NULL ? holder : from->assigned_system_id);
    wander(m, &gpu.load_permille, now, 60, 1000, index);
    wander(m, &gpu.temperature_celsius, now, 3, 110, index);
    wander(m, &gpu.power_permille, now, 40, 1000, index);
    wander(m, &gpu.vram_used_bytes, now, 64u << 20,
           gpu.vram_bytes.known ? gpu.vram_bytes.value : UINT64_MAX, index);
    gpu.valid_counts = from->valid_count_count == 0
                           ? NULL
                           : pack(packer, from->valid_counts,
                                  from->valid_count_count * sizeof(*from->valid_counts));
    gpu.partitions =
        pack(packer, from->partitions, from->partition_known_count * sizeof(*from->partitions));
    for (size_t i = 0; i < from->partition_known_count; i++) {
        char *id = pack_text(packer, from->partitions[i].system_id);
        if (gpu.partitions != NULL) {
            gpu.partitions[i].system_id = id;
        }
    }
    if (out != NULL) {
        *out = gpu;
    }
}

static struct host_gpu *pack_gpus(const struct machine *m, struct packer *packer, int64_t now)
{
    size_t count = m->scenario->gpu_count;
    struct host_gpu *list = pack(packer, NULL, count * sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        pack_gpu(m, packer, i, now, list == NULL ? NULL : &list[i]);
    }
    return list;
}

hcs_result machine_gpus(struct machine *m, int64_t now_ns, struct host_gpu **out, size_t *count)
{
    struct packer packer = {0};
    pack_gpus(m, &packer, now_ns);
    packer.base = calloc(1, packer.used + 16);
    packer.used = 0;
    *out = NULL;
    *count = 0;
    if (packer.base == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    *out = pack_gpus(m, &packer, now_ns);
    *count = m->scenario->gpu_count;
    return 0;
}

/* ---- driver package ---- */

static struct host_driver_package *pack_package(struct packer *packer,
                                                const struct host_driver_package *from)
{
    struct host_driver_package *package = pack(packer, from, sizeof(*from));
    char *name = pack_text(packer, from->name);
    char *folder = pack_text(packer, from->folder);
    struct host_copy *copies = pack(packer, from->copies, from->copy_count * sizeof(*copies));
    for (size_t i = 0; i < from->copy_count; i++) {
        char *source = pack_text(packer, from->copies[i].source);
        char *target = pack_text(packer, from->copies[i].target);
        if (copies != NULL) {
            copies[i].source = source;
            copies[i].target = target;
        }
    }
    if (package != NULL) {
        package->name = name;
        package->folder = folder;
        package->copies = copies;
    }
    return package;
}

hcs_result machine_driver_package(struct machine *m, const char *instance_id,
                                  struct host_driver_package **out)
{
    *out = NULL;
    for (size_t i = 0; instance_id != NULL && i < m->scenario->gpu_count; i++) {
        const struct scenario_gpu *gpu = &m->scenario->gpus[i];
        if (!text_equal_nocase(gpu->facts.instance_id, instance_id)) {
            continue;
        }
        if (gpu->package.folder == NULL) {
            return HR_ERROR_FILE_NOT_FOUND;
        }
        struct packer packer = {0};
        pack_package(&packer, &gpu->package);
        packer.base = calloc(1, packer.used + 16);
        packer.used = 0;
        *out = packer.base == NULL ? NULL : pack_package(&packer, &gpu->package);
        return *out == NULL ? HR_E_OUTOFMEMORY : 0;
    }
    return HR_ERROR_NOT_FOUND;
}

/* ---- images ---- */

static struct host_image *pack_images(const struct machine *m, struct packer *packer)
{
    size_t count = m->scenario->image_count;
    struct host_image *list = pack(packer, m->scenario->images, count * sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        struct host_image image = m->scenario->images[i];
        char **texts[] = {&image.name, &image.store, &image.os_version, &image.base_name};
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
            *texts[k] = pack_text(packer, *texts[k]);
        }
        char **layers = pack(packer, image.layers, image.layer_count * sizeof(*layers));
        for (size_t k = 0; k < image.layer_count; k++) {
            char *layer = pack_text(packer, image.layers[k]);
            if (layers != NULL) {
                layers[k] = layer;
            }
        }
        image.layers = layers;
        if (list != NULL) {
            list[i] = image;
        }
    }
    return list;
}

hcs_result machine_images(struct machine *m, struct host_image **out, size_t *count)
{
    struct packer packer = {0};
    pack_images(m, &packer);
    packer.base = calloc(1, packer.used + 16);
    packer.used = 0;
    *out = NULL;
    *count = 0;
    if (packer.base == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    *out = pack_images(m, &packer);
    *count = m->scenario->image_count;
    return 0;
}

/* ---- facts and names ---- */

void machine_facts(struct machine *m, struct host_facts *out)
{
    *out = m->scenario->facts;
    out->simulated = true;
}

/* Spreads a hash over all bits (the finalizer of splitmix64): neighbours look unlike. */
uint64_t sim_mix(uint64_t n)
{
    n ^= n >> 30;
    n *= 0xBF58476D1CE4E5B9u;
    n ^= n >> 27;
    n *= 0x94D049BB133111EBu;
    return n ^ n >> 31;
}

/* The real function makes a name-based GUID (version 5) with SHA-1; here the same form is made with
 * two 64-bit hashes: equal for equal names, which is all that its users rely on. */
hcs_result machine_name_to_guid(const char *name, char guid[37])
{
    if (name == NULL) {
        return HR_E_INVALIDARG;
    }
    char folded[512];
    size_t len = 0;
    for (; len < sizeof(folded) - 1 && name[len] != '\0'; len++) {
        folded[len] =
            name[len] >= 'A' && name[len] <= 'Z' ? (char)(name[len] - 'A' + 'a') : name[len];
    }
    uint64_t high = sim_mix(text_hash(folded, len));
    folded[len] = '#';
    uint64_t low = sim_mix(text_hash(folded, len + 1));
    snprintf(guid, GUID_TEXT, "%08x-%04x-5%03x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16) & 0xFFFFu, (unsigned)high & 0xFFFu,
             ((unsigned)(low >> 48) & 0x3FFFu) | 0x8000u,
             (unsigned long long)(low & 0xFFFFFFFFFFFFu));
    return 0;
}
