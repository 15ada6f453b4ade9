/* SPDX-License-Identifier: MIT
 *
 * What is known of a GPU, a compute system, an image, as labelled lines. Unknown values are dashes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

/* 1000000000 is the whole GPU, 2^64-1 no limit. */
static void quota_part(char *out, size_t size, struct hvgpu_number n)
{
    if (!n.known) {
        text_clean(out, size, "-");
    } else if (n.value == UINT64_MAX) {
        text_clean(out, size, "no limit");
    } else if (n.value == 1000000000) {
        text_clean(out, size, "all");
    } else {
        snprintf(out, size, "%" PRIu64, n.value);
    }
}

static void add_quota(struct sheet *sheet, const char *label, const struct hvgpu_quota *q)
{
    char total[32];
    char available[32];
    char min[32];
    char max[32];
    char optimal[32];
    if (!q->total.known && !q->available.known) {
        sheet_text(sheet, label, ROLE_TEXT, NULL);
        return;
    }
    quota_part(total, sizeof(total), q->total);
    quota_part(available, sizeof(available), q->available);
    quota_part(min, sizeof(min), q->min);
    quota_part(max, sizeof(max), q->max);
    quota_part(optimal, sizeof(optimal), q->optimal);
    if (q->available.known && q->total.known && q->available.value == q->total.value) {
        sheet_format(sheet, label, ROLE_TEXT, "%s, nothing taken", total);
    } else {
        sheet_format(sheet, label, ROLE_TEXT, "%s left of %s", available, total);
    }
    sheet_format(sheet, "", ROLE_DIM, "a partition: %s to %s, best %s", min, max, optimal);
}

static void add_permille(struct sheet *sheet, const char *label, struct hvgpu_number n)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 " %%", n.value / 10, n.value % 10);
    sheet_text(sheet, label, ROLE_TEXT, n.known ? text : NULL);
}

static const char *name_of(struct app *app, const char *system_id)
{
    const struct hvgpu_system *system =
        system_id != NULL ? hvgpu_find_system(app->snapshot, system_id) : NULL;
    return system != NULL ? system_name(system) : system_id;
}

static void add_partitions(struct app *app, struct sheet *sheet, const struct hvgpu_gpu *gpu)
{
    char counts[160] = "";
    sheet_heading(sheet, "Partitions");
    sheet_number(sheet, "total", gpu->partition_total);
    for (size_t i = 0; i < gpu->valid_count_count; i++) {
        size_t len = strlen(counts);
        snprintf(counts + len, sizeof(counts) - len, "%s%" PRIu32, i > 0 ? ", " : "",
                 gpu->valid_counts[i]);
    }
    sheet_text(sheet, "valid counts", ROLE_TEXT, counts);
    for (size_t i = 0; i < gpu->partition_count; i++) {
        const struct hvgpu_partition *p = &gpu->partitions[i];
        char letter[2];
        partition_owner_letter(gpu, p->system_id, letter);
        sheet_format(sheet, i == 0 ? "known" : "", ROLE_TEXT, "%" PRIu32 "  %s %s", p->number,
                     letter, p->system_id != NULL ? name_of(app, p->system_id) : "-");
    }
    if (gpu->any_count > 0) {
        sheet_format(sheet, "given as any", ROLE_TEXT, "%" PRIu32 " (their numbers are not known)",
                     gpu->any_count);
    }
    if (gpu->dda_holder != NULL) {
        sheet_text(sheet, "whole device", ROLE_INFO, name_of(app, gpu->dda_holder));
    }
}

static void add_gpu_users(struct app *app, struct sheet *sheet, const struct hvgpu_gpu *gpu)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    size_t found = 0;
    for (size_t i = 0; i < s->system_count && found < 64; i++) {
        const struct hvgpu_system *system = s->systems[i];
        bool uses = system->gpu_mode == HVGPU_MODE_MIRROR;
        for (size_t k = 0; k < system->assignment_count && !uses; k++) {
            uses = text_equal(system->assignments[k].gpu, gpu->instance_id);
        }
        /* What a container has, its VM has: one line for both. */
        if (!uses || (system->host_id != NULL && hvgpu_find_system(s, system->host_id) != NULL)) {
            continue;
        }
        if (found++ == 0) {
            sheet_heading(sheet, "Given to");
        }
        char what[160];
        system_gpu_text(s, system, what, sizeof(what));
        sheet_format(sheet, "", ROLE_TEXT, "%s (%s)", system_name(system), what);
    }
}

bool describe_gpu(struct app *app, struct sheet *sheet, const char *id)
{
    const struct hvgpu_gpu *gpu = hvgpu_find_gpu(app->snapshot, id);
    if (gpu == NULL) {
        return false;
    }
    struct look look = look_gpu(gpu);
    sheet_text(sheet, NULL, ROLE_STRONG, gpu->name);
    sheet_text(sheet, "state", look.role, gpu->state_text != NULL ? gpu->state_text : look.word);
    sheet_text(sheet, "vendor", ROLE_TEXT, gpu->vendor);
    if (gpu->pci_vendor != 0) {
        sheet_format(sheet, "PCI id", ROLE_TEXT, "%04X:%04X", (unsigned)gpu->pci_vendor,
                     (unsigned)gpu->pci_device);
    }
    sheet_text(sheet, "location", ROLE_TEXT, gpu->location);
    sheet_bytes(sheet, "VRAM", gpu->vram_bytes);
    sheet_bytes(sheet, "VRAM used", gpu->vram_used_bytes);
    add_permille(sheet, "load", gpu->load_permille);
    if (gpu->temperature_celsius.known) {
        sheet_format(sheet, "temperature", ROLE_TEXT, "%" PRIu64 " C",
                     gpu->temperature_celsius.value);
    } else {
        sheet_text(sheet, "temperature", ROLE_TEXT, NULL);
    }
    if (gpu->reboot_required == HVGPU_ANSWER_YES) {
        sheet_text(sheet, "reboot", ROLE_WARNING, "required before it works");
    }
    add_partitions(app, sheet, gpu);
    add_gpu_users(app, sheet, gpu);
    sheet_heading(sheet, "Driver");
    sheet_text(sheet, "version", ROLE_TEXT, gpu->driver_version);
    sheet_text(sheet, "date", ROLE_TEXT, gpu->driver_date);
    sheet_text(sheet, "INF", ROLE_TEXT, gpu->driver_inf);
    sheet_text(sheet, "package", ROLE_TEXT, gpu->driver_package);
    sheet_heading(sheet, "Quotas");
    add_quota(sheet, "VRAM", &gpu->vram);
    add_quota(sheet, "encode", &gpu->encode);
    add_quota(sheet, "decode", &gpu->decode);
    add_quota(sheet, "compute", &gpu->compute);
    sheet_heading(sheet, "Paths");
    sheet_text(sheet, "instance id", ROLE_TEXT, gpu->instance_id);
    sheet_text(sheet, "interface", ROLE_TEXT, gpu->interface_path);
    sheet_text(sheet, "location path", ROLE_TEXT, gpu->location_path);
    return true;
}

static void add_usage(struct app *app, struct sheet *sheet, const struct hvgpu_system *system)
{
    char age[32];
    sheet_heading(sheet, "Usage");
    add_permille(sheet, "CPU", system->cpu_permille);
    sheet_bytes(sheet, "memory", system->memory_bytes);
    sheet_number(sheet, "processors", system->processors);
    sheet_number(sheet, "processes", system->processes);
    age_text(app->snapshot, system->created_ms, age, sizeof(age));
    sheet_text(sheet, "age", ROLE_TEXT, age);
}

static void add_init(struct sheet *sheet, const struct hvgpu_system *system)
{
    char pid[32];
    snprintf(pid, sizeof(pid), "%" PRIu64, system->init_pid.value);
    switch (system->init_state) {
    case HVGPU_INIT_RUNNING:
        sheet_format(sheet, "init process", ROLE_TEXT, "running, process %s",
                     system->init_pid.known ? pid : "-");
        break;
    case HVGPU_INIT_ENDED:
        if (system->init_exit_code.known) {
            sheet_format(sheet, "init process", ROLE_WARNING, "ended with %" PRIu64,
                         system->init_exit_code.value);
        } else {
            sheet_text(sheet, "init process", ROLE_WARNING, "ended, exit code not known");
        }
        sheet_text(sheet, "", ROLE_WARNING, "the system still stands: R removes it");
        break;
    case HVGPU_INIT_UNKNOWN:
        sheet_text(sheet, "init process", ROLE_TEXT, NULL);
        break;
    }
}

static void add_gpu_lines(struct app *app, struct sheet *sheet, const struct hvgpu_system *system)
{
    char text[256];
    bool known = system_gpu_text(app->snapshot, system, text, sizeof(text));
    sheet_heading(sheet, "GPU");
    sheet_text(sheet, "given", ROLE_TEXT, known ? text : NULL);
    if (!known) {
        sheet_text(sheet, "", ROLE_DIM, "not known: nothing reads back what others gave it");
    }
    for (size_t i = 0; i < system->assignment_count; i++) {
        const struct hvgpu_gpu *gpu = hvgpu_find_gpu(app->snapshot, system->assignments[i].gpu);
        sheet_text(sheet, "", ROLE_DIM,
                   gpu != NULL && gpu->name != NULL ? gpu->name : system->assignments[i].gpu);
    }
    const struct hvgpu_check *check = hvgpu_find_check(app->snapshot, system->id);
    if (check != NULL) {
        struct look look = look_verdict(check->verdict);
        sheet_format(sheet, "last check", look.role, "%s %s",
                     app->canvas != NULL ? canvas_glyph(app->canvas, look.glyph) : "", look.word);
        sheet_text(sheet, "", ROLE_TEXT, check->sentence);
    } else {
        sheet_text(sheet, "last check", ROLE_TEXT, NULL);
    }
}

bool describe_system(struct app *app, struct sheet *sheet, const char *id)
{
    const struct hvgpu_system *system = hvgpu_find_system(app->snapshot, id);
    char state[128];
    if (system == NULL) {
        return false;
    }
    system_state_text(system, state, sizeof(state));
    sheet_text(sheet, NULL, ROLE_STRONG, system_name(system));
    sheet_text(sheet, "state", look_system(system).role, state);
    sheet_text(sheet, "type", ROLE_TEXT, system->kind_text);
    const char *owner = system->owner_text != NULL ? system->owner_text : system->owner;
    if (system->owner != NULL && !text_equal(owner, system->owner)) {
        sheet_format(sheet, "owner", ROLE_TEXT, "%s (\"%s\")", owner, system->owner);
    } else {
        sheet_text(sheet, "owner", ROLE_TEXT, owner);
    }
    if (!system->ours) {
        sheet_text(sheet, "", ROLE_DIM, "not created by hvgpu: changes ask for the id");
    }
    sheet_text(sheet, "image", ROLE_TEXT, system->image);
    sheet_text(sheet, "command", ROLE_TEXT, system->command);
    add_init(sheet, system);
    add_gpu_lines(app, sheet, system);
    add_usage(app, sheet, system);
    sheet_heading(sheet, "Identity");
    sheet_text(sheet, "id", ROLE_TEXT, system->id);
    sheet_text(sheet, "runs in", ROLE_TEXT,
               system->host_id != NULL ? name_of(app, system->host_id) : "the host itself");
    sheet_text(sheet, "OS", ROLE_TEXT, system->os);
    sheet_text(sheet, "runtime id", ROLE_TEXT, system->runtime_id);
    sheet_text(
        sheet, "lifetime", ROLE_TEXT,
        system->ends_with_last_handle == HVGPU_ANSWER_YES
            ? "ends with its launcher"
            : (system->ends_with_last_handle == HVGPU_ANSWER_NO ? "outlives its launcher" : NULL));
    return true;
}

bool describe_image(struct app *app, struct sheet *sheet, const char *id)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    const struct hvgpu_image *image = NULL;
    char own[640];
    for (size_t i = 0; i < s->image_count && image == NULL; i++) {
        snprintf(own, sizeof(own), "%s %s", s->images[i]->store != NULL ? s->images[i]->store : "",
                 s->images[i]->name != NULL ? s->images[i]->name : "");
        own[TABLE_ID - 1] = '\0'; /* as long as the table keeps ids */
        image = strcmp(own, id) == 0 ? s->images[i] : NULL;
    }
    if (image == NULL) {
        return false;
    }
    struct look look = look_answer(image->can_carry_gpu);
    sheet_text(sheet, NULL, ROLE_STRONG, image->name);
    sheet_text(sheet, "carries a GPU", look.role, look.word);
    sheet_text(sheet, "", ROLE_TEXT, image->reason);
    sheet_text(sheet, "UtilityVM", ROLE_TEXT, yes_no(image->has_utility_vm));
    sheet_number(sheet, "build", image->build);
    sheet_text(sheet, "version", ROLE_TEXT, image->os_version);
    sheet_text(sheet, "store", ROLE_TEXT, image->store);
    for (size_t i = 0; i < image->layer_count; i++) {
        sheet_text(sheet, i == 0 ? "layers" : "", ROLE_DIM, image->layers[i]);
    }
    return true;
}
