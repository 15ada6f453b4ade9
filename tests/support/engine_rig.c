/* SPDX-License-Identifier: MIT
 *
 * See engine_rig.h.
 */
#include "tests/support/engine_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store.h"

enum { PATIENCE_MS = 4000 };

struct engine_rig *rig_new(void)
{
    struct engine_rig *rig = calloc(1, sizeof *rig);
    rig->fake = fake_new();
    fake_walls(rig->fake, &rig->walls);
    rig->walls.tick_ms = 100; /* ten times as quick as a real one */
    rig->inbox = inbox_new(0);
    rig->model = model_new("test:", false, 0);
    if (rig->inbox == NULL || rig->model == NULL ||
        store_open(NULL, &rig->walls.store, NULL) != HVGPU_OK) {
        abort();
    }
    return rig;
}

void rig_open(struct engine_rig *rig)
{
    struct engine_config config = {
        .uri = "test:", .rest = "", .inbox = rig->inbox, .options = &rig->options};
    if (hcs_engine_open(&config, &rig->walls, &rig->engine, NULL) != HVGPU_OK) {
        abort();
    }
}

void rig_free(struct engine_rig *rig)
{
    fake_release(rig->fake);
    if (rig->engine == NULL) {
        store_close(rig->walls.store);
    } else if (!hcs_engine_close(rig->engine)) {
        abort();
    }
    fake_free(rig->fake);
    model_free(rig->model);
    inbox_free(rig->inbox);
    free(rig);
}

static bool apply(struct engine_rig *rig)
{
    struct inbox_batch batch;
    os_wakeup_reset(inbox_wakeup(rig->inbox));
    if (!inbox_take(rig->inbox, &batch)) {
        return false;
    }
    rig->batches += batch.messages != NULL ? 1 : 0;
    (void)model_apply(rig->model, &batch);
    inbox_batch_free(&batch);
    return true;
}

bool rig_wait(struct engine_rig *rig, bool (*ready)(const struct hvgpu_snapshot *s))
{
    int64_t until = os_now_ns() + (int64_t)PATIENCE_MS * 1000000;
    (void)apply(rig);
    while (!ready(model_snapshot(rig->model))) {
        int64_t left = (until - os_now_ns()) / 1000000;
        if (left <= 0) {
            return false;
        }
        (void)os_wakeup_wait(inbox_wakeup(rig->inbox), (int)left);
        (void)apply(rig);
    }
    return true;
}

static bool is_loaded(const struct hvgpu_snapshot *s)
{
    return s->loaded;
}

bool rig_wait_loaded(struct engine_rig *rig)
{
    return rig_wait(rig, is_loaded);
}

unsigned rig_listen(struct engine_rig *rig, unsigned ms)
{
    int64_t until = os_now_ns() + (int64_t)ms * 1000000;
    unsigned before = rig->batches;
    for (int64_t left = ms; left > 0; left = (until - os_now_ns()) / 1000000) {
        if (os_wakeup_wait(inbox_wakeup(rig->inbox), (int)left)) {
            (void)apply(rig);
        }
    }
    return rig->batches - before;
}

const struct hvgpu_snapshot *rig_snapshot(struct engine_rig *rig)
{
    return model_snapshot(rig->model);
}

unsigned rig_count_events(struct engine_rig *rig, const char *kind)
{
    unsigned count = 0;
    (void)apply(rig);
    for (size_t i = 0; i < model_snapshot(rig->model)->event_count; i++) {
        count += strcmp(model_event_at(rig->model, i)->kind, kind) == 0 ? 1 : 0;
    }
    return count;
}

bool rig_has_event(struct engine_rig *rig, const char *kind)
{
    return rig_count_events(rig, kind) > 0;
}

void rig_own_system(struct engine_rig *rig, const char *id, bool with_gpu, bool remove)
{
    char json[512], vm_id[128];
    snprintf(vm_id, sizeof vm_id, "%s@vm", id);
    snprintf(json, sizeof json,
             "{\"Id\":\"%s\",\"SystemType\":\"VirtualMachine\",\"Owner\":\"hvgpu\",\"State\":"
             "\"Running\",\"RuntimeId\":\"2a0a7d9b-0000-4000-8000-000000000001\"}",
             vm_id);
    fake_system(rig->fake, vm_id, json, remove);
    snprintf(json, sizeof json,
             "{\"Id\":\"%s\",\"SystemType\":\"Container\",\"Owner\":\"hvgpu\",\"State\":"
             "\"Running\",\"HostingSystemId\":\"%s\"}",
             id, vm_id);
    fake_system(rig->fake, id, json, remove);
    struct owned_gpu gpu = {.instance_id =
                                text_copy("PCI\\VEN_10DE&DEV_1EB8&SUBSYS_12A210DE&REV_A1\\4&1"),
                            .partition = {3, true}};
    struct ownership record = {.id = (char *)(uintptr_t)id,
                               .vm_id = vm_id,
                               .image = (char *)(uintptr_t) "windows/server:ltsc2022",
                               .gpu_mode = with_gpu ? HVGPU_MODE_LIST : HVGPU_MODE_NONE,
                               .gpus = &gpu,
                               .gpu_count = with_gpu ? 1 : 0,
                               .remove = remove,
                               .init_pid = {4711, true},
                               .probe_vm = (char *)(uintptr_t) "gpuprobe.exe",
                               .probe_container = (char *)(uintptr_t) "C:\\gpuprobe\\gpuprobe.exe"};
    if (ownership_put(rig->walls.store, &record, NULL) != HVGPU_OK) {
        abort();
    }
    free(gpu.instance_id);
}
