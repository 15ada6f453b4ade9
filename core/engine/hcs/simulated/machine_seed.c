/* SPDX-License-Identifier: MIT
 *
 * The systems that exist when the machine starts: those that the scenario lists (WSL, Sandbox,
 * docker's, containerd's), and a stated number of docker's Hyper-V containers. They hold their GPUs
 * as such systems do: nothing can read it back.
 */
#include "core/engine/hcs/simulated/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sim_state state_of(const char *name)
{
    if (name != NULL && strcmp(name, "Created") == 0) {
        return SIM_CREATED;
    }
    return name != NULL && strcmp(name, "Paused") == 0 ? SIM_PAUSED : SIM_RUNNING;
}

static void mirror_gpus(struct machine *m, struct sim_system *vm)
{
    size_t count = m->scenario->gpu_count;
    vm->partitions = calloc(count + 1, sizeof(*vm->partitions));
    for (size_t i = 0; vm->partitions != NULL && i < count; i++) {
        const struct host_gpu *facts = &m->scenario->gpus[i].facts;
        uint32_t total = sim_partition_total(m, i);
        uint32_t number = 0;
        while (number < total && sim_partition_taken(m, i, number, vm)) {
            number++;
        }
        if (facts->interface_path != NULL && !facts->dismounted && number < total) {
            vm->partitions[vm->partition_count++] = (struct sim_partition){
                .gpu = i,
                .partition = number,
                .any = true,
                .serial = sim_number(m),
                .files_at_start = true,
            };
        }
    }
    vm->gpu_mode = text_copy("Mirror");
}

static struct sim_system *seed(struct machine *m, const char *id, const char *owner,
                               enum sim_kind kind)
{
    char guid[GUID_TEXT];
    struct sim_system *s = sim_system_new(m, id);
    if (s == NULL) {
        return NULL;
    }
    sim_runtime_id(id, guid);
    s->kind = kind;
    s->owner = text_copy(owner);
    s->name = text_copy(id);
    s->runtime_id = text_copy(guid);
    s->initial = true;
    s->from_scenario = true;
    s->state = SIM_RUNNING;
    return s;
}

static void seed_one(struct machine *m, const struct scenario_system *about)
{
    bool vm = about->type != NULL && strcmp(about->type, "VirtualMachine") == 0;
    enum sim_kind kind = vm ? SIM_VM : about->host_id != NULL ? SIM_HOSTED : SIM_PROCESS_CONTAINER;
    struct sim_system *s = seed(m, about->id, about->owner, kind);
    if (s == NULL) {
        return;
    }
    s->os = text_copy(about->os);
    s->runtime_image = text_copy(about->runtime_image);
    s->state = state_of(about->state);
    s->ends_with_last_handle = about->ends_with_last_handle;
    s->memory_mb = about->memory_mb == 0 ? 2048 : about->memory_mb;
    s->processors = about->processors == 0 ? 2 : about->processors;
    /* Of the well-known owners only Sandbox lets HCS own the guest connection. */
    s->guest_connection = vm && about->owner != NULL && strcmp(about->owner, "Madrid") == 0;
    s->host_id = text_copy(about->host_id);
    s->host = about->host_id == NULL ? NULL : sim_system_find(m, about->host_id);
    if (about->ends_with_last_handle) {
        s->handles = 1; /* its owner's, which is no client of this machine */
    }
    if (about->gpu_mirror) {
        mirror_gpus(m, s);
    }
    sim_system_list(m, s);
}

static void seed_container(struct machine *m, unsigned index)
{
    char id[65];
    char image[160];
    for (unsigned i = 0; i < 4; i++) {
        char part[32];
        int len = snprintf(part, sizeof(part), "container %u part %u", index, i);
        snprintf(id + (size_t)i * 16, 17, "%016llx",
                 (unsigned long long)sim_mix(text_hash(part, len > 0 ? (size_t)len : 0)));
    }
    struct sim_system *s = seed(m, id, "docker", SIM_PROCESS_CONTAINER);
    if (s == NULL) {
        return;
    }
    snprintf(image, sizeof(image), "C:\\ProgramData\\docker\\windowsfilter\\%016llx\\UtilityVM",
             (unsigned long long)sim_mix(index % 3 + 1));
    s->runtime_image = text_copy(image);
    s->os = text_copy("Windows");
    s->memory_mb = 1024 + 512 * (index % 4);
    s->processors = 1 + index % 4;
    sim_system_list(m, s);
}

void sim_seed_systems(struct machine *m)
{
    for (size_t i = 0; i < m->scenario->system_count; i++) {
        seed_one(m, &m->scenario->systems[i]);
    }
    for (unsigned i = 0; i < m->scenario->containers; i++) {
        seed_container(m, i);
    }
    sim_seed_times(m);
}

void sim_seed_times(struct machine *m)
{
    int64_t index = 0;
    for (struct sim_system *s = m->systems; s != NULL; s = s->after) {
        if (s->initial && !s->touched) {
            /* They were started in the hours before power-on of this view: the newest last. */
            int64_t ago_ms = (int64_t)3600000 * 30 / (index + 1) + 60000 * (index % 50 + 1);
            s->created_ms = m->power_on_ms - ago_ms;
            s->started_ms = s->created_ms + 2300;
            s->started_ns = -SIM_MS(ago_ms);
        }
        index++;
    }
}
