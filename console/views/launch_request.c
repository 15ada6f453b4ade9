/* SPDX-License-Identifier: MIT */
#include "console/views/launch_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

/* ---- lists ---- */

/* Cuts text at ';' in place; returns the items that are not empty, SIZE_MAX when there are more
 * than fit. */
static size_t cut_list(char *text, const char *items[LAUNCH_LIST])
{
    size_t count = 0;
    while (text != NULL) {
        char *end = strchr(text, ';');
        if (end != NULL) {
            *end = '\0';
        }
        text += strspn(text, " ");
        for (size_t len = strlen(text); len > 0 && text[len - 1] == ' '; len--) {
            text[len - 1] = '\0';
        }
        if (*text != '\0') {
            if (count == LAUNCH_LIST) {
                return SIZE_MAX;
            }
            items[count++] = text;
        }
        text = end != NULL ? end + 1 : NULL;
    }
    return count;
}

/* "HOST:GUEST[:ro]", both may begin with a drive letter. Cuts in place. */
static bool cut_mount(char *text, struct hvgpu_mount *out)
{
    size_t len = strlen(text);
    out->read_only = false;
    if (len > 3 && (text_ends_nocase(text, ":ro") || text_ends_nocase(text, ":rw"))) {
        out->read_only = text_ends_nocase(text, ":ro");
        text[len - 3] = '\0';
    }
    char *from = text[0] != '\0' && text[1] == ':' ? text + 2 : text;
    char *colon = strchr(from, ':');
    if (colon == NULL || colon == text || colon[1] == '\0') {
        return false;
    }
    *colon = '\0';
    out->host_path = text;
    out->guest_path = colon + 1;
    return true;
}

static bool cut_device(char *text, struct hvgpu_device_request *out)
{
    char *mark = strstr(text, "://");
    if (mark == NULL || mark == text || mark[3] == '\0') {
        return false;
    }
    *mark = '\0';
    out->type = text;
    out->id = mark + 3;
    return strcmp(text, "vpci") == 0 || strcmp(text, "vpci-instance-id") == 0;
}

/* ---- what the choices mean ---- */

static const struct hvgpu_gpu *gpu_named(const struct app *app, const char *label)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    size_t len = strcspn(label, " ");
    for (size_t i = 0; i < s->gpu_count; i++) {
        const char *id = s->gpus[i]->id;
        if (id != NULL && strlen(id) == len && strncmp(id, label, len) == 0) {
            return s->gpus[i];
        }
    }
    return NULL;
}

static bool has_partitions(const struct hvgpu_gpu *gpu)
{
    return gpu->state == HVGPU_GPU_PARTITIONABLE || gpu->state == HVGPU_GPU_PARAVIRTUAL;
}

static bool gpu_choice(const void *context, size_t i, char *out, size_t size)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    text_clean(out, size, LAUNCH_NO_GPU);
    for (size_t k = 0; k < s->gpu_count && i > 0; k++) {
        const struct hvgpu_gpu *gpu = s->gpus[k];
        bool whole = gpu->state == HVGPU_GPU_DISMOUNTED;
        if (gpu->id != NULL && (has_partitions(gpu) || whole)) {
            snprintf(out, size, "%s%s", gpu->id, whole ? " (whole device)" : "");
            i--;
        }
    }
    if (i == 1) {
        text_clean(out, size, LAUNCH_ALL_GPUS);
        i--;
    }
    return i == 0;
}

static bool image_choice(const void *context, size_t i, char *out, size_t size)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    if (i < s->image_count) {
        text_clean(out, size, s->images[i]->name);
        return true;
    }
    text_clean(out, size, LAUNCH_FOLDERS);
    return i == s->image_count;
}

static bool wants_folders(const struct form *form)
{
    return strcmp(form_value(form, "image"), LAUNCH_FOLDERS) == 0;
}

static bool wants_partition(const struct form *form)
{
    const char *gpu = form_value(form, "gpu");
    return strcmp(gpu, LAUNCH_NO_GPU) != 0 && strcmp(gpu, LAUNCH_ALL_GPUS) != 0 &&
           strchr(gpu, ' ') == NULL;
}

/* ---- checks ---- */

static void check_name(const void *context, const struct form *form, const char *value, char *error,
                       size_t size)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    (void)form;
    size_t len = strlen(value);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (strspn(value, allowed) != len || len > 63) {
        snprintf(error, size, "letters, digits, '.', '_' and '-', at most 63");
        return;
    }
    for (size_t i = 0; len > 0 && i < s->system_count; i++) {
        if (text_equal_nocase(s->systems[i]->name, value) ||
            text_equal_nocase(s->systems[i]->id, value)) {
            snprintf(error, size, "a system of this name is there already");
            return;
        }
    }
}

static void check_image(const void *context, const struct form *form, const char *value,
                        char *error, size_t size)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    (void)form;
    if (strcmp(value, LAUNCH_FOLDERS) == 0) {
        return;
    }
    for (size_t i = 0; i < s->image_count; i++) {
        if (text_equal(s->images[i]->name, value)) {
            if (s->images[i]->has_utility_vm == HVGPU_ANSWER_NO) {
                snprintf(error, size, "this image has no UtilityVM to run in");
            }
            return;
        }
    }
    snprintf(error, size, "no such image on this host");
}

static void check_list(const char *value, bool needed, const char *what, char *error, size_t size)
{
    char copy[FORM_VALUE];
    const char *items[LAUNCH_LIST];
    text_clean(copy, sizeof(copy), value);
    size_t count = cut_list(copy, items);
    if (count == SIZE_MAX) {
        snprintf(error, size, "at most %d", LAUNCH_LIST);
    } else if (count == 0 && needed) {
        snprintf(error, size, "%s needed", what);
    }
}

static void check_layers(const void *context, const struct form *form, const char *value,
                         char *error, size_t size)
{
    (void)context;
    (void)form;
    check_list(value, true, "at least one folder is", error, size);
}

static void check_folder(const void *context, const struct form *form, const char *value,
                         char *error, size_t size)
{
    (void)context;
    (void)form;
    if (value[0] == '\0') {
        snprintf(error, size, "a folder is needed");
    }
}

static void check_folders(const void *context, const struct form *form, const char *value,
                          char *error, size_t size)
{
    (void)context;
    (void)form;
    check_list(value, false, "", error, size);
}

static void check_gpu(const void *context, const struct form *form, const char *value, char *error,
                      size_t size)
{
    const struct app *app = context;
    (void)form;
    if (strcmp(value, LAUNCH_NO_GPU) == 0 || strcmp(value, LAUNCH_ALL_GPUS) == 0) {
        return;
    }
    const struct hvgpu_gpu *gpu = gpu_named(app, value);
    if (gpu == NULL) {
        snprintf(error, size, "no such GPU on this host");
    } else if (gpu->dda_holder != NULL) {
        snprintf(error, size, "taken by %.100s", gpu->dda_holder);
    } else if (!has_partitions(gpu) && gpu->state != HVGPU_GPU_DISMOUNTED) {
        snprintf(error, size, "%s", gpu->state_text != NULL ? gpu->state_text : "cannot be given");
    }
}

static void check_partition(const void *context, const struct form *form, const char *value,
                            char *error, size_t size)
{
    uint64_t number;
    const struct hvgpu_gpu *gpu = gpu_named(context, form_value(form, "gpu"));
    if (value[0] == '\0' || strcmp(value, "any") == 0) {
        return;
    }
    if (!text_to_u64(value, 0, 65534, &number)) {
        snprintf(error, size, "\"any\", or a number from 0");
        return;
    }
    if (gpu == NULL) {
        return;
    }
    if (gpu->partition_total.known && number >= gpu->partition_total.value) {
        snprintf(error, size, "this GPU has %" PRIu64 ", counted from 0",
                 gpu->partition_total.value);
        return;
    }
    for (size_t i = 0; i < gpu->partition_count; i++) {
        if (gpu->partitions[i].number == number && gpu->partitions[i].system_id != NULL) {
            snprintf(error, size, "held by %.100s", gpu->partitions[i].system_id);
        }
    }
}

static void check_devices(const void *context, const struct form *form, const char *value,
                          char *error, size_t size)
{
    char copy[FORM_VALUE];
    const char *items[LAUNCH_LIST];
    struct hvgpu_device_request device;
    (void)context;
    (void)form;
    text_clean(copy, sizeof(copy), value);
    size_t count = cut_list(copy, items);
    for (size_t i = 0; i < count && count != SIZE_MAX; i++) {
        if (!cut_device(copy + (items[i] - copy), &device)) {
            snprintf(error, size, "vpci://ID or vpci-instance-id://ID");
        }
    }
    if (count == SIZE_MAX) {
        snprintf(error, size, "at most %d", LAUNCH_LIST);
    }
}

static void check_memory(const void *context, const struct form *form, const char *value,
                         char *error, size_t size)
{
    uint64_t number;
    (void)context;
    (void)form;
    if (value[0] != '\0' && (!text_to_u64(value, 256, 16777216, &number) || number % 2 != 0)) {
        snprintf(error, size, "an even number of MB from 256; empty: chosen for you");
    }
}

static void check_cpus(const void *context, const struct form *form, const char *value, char *error,
                       size_t size)
{
    uint64_t number;
    (void)context;
    (void)form;
    if (value[0] != '\0' && !text_to_u64(value, 1, 240, &number)) {
        snprintf(error, size, "a number from 1 to 240; empty: 2");
    }
}

static void check_mounts(const void *context, const struct form *form, const char *value,
                         char *error, size_t size)
{
    char copy[FORM_VALUE];
    const char *items[LAUNCH_LIST];
    struct hvgpu_mount mount;
    (void)context;
    (void)form;
    text_clean(copy, sizeof(copy), value);
    size_t count = cut_list(copy, items);
    for (size_t i = 0; i < count && count != SIZE_MAX; i++) {
        if (!cut_mount(copy + (items[i] - copy), &mount)) {
            snprintf(error, size, "HOST:GUEST[:ro], more of them after ';'");
        }
    }
    if (count == SIZE_MAX) {
        snprintf(error, size, "at most %d", LAUNCH_LIST);
    }
}

/* ---- the form ---- */

static const struct field fields[] = {
    {.name = "name",
     .label = "Name",
     .hint = "empty: a name is made up",
     .placeholder = "made up",
     .check = check_name},
    {.name = "image",
     .label = "Image",
     .kind = FIELD_CHOICE,
     .hint = "left and right choose; (folders): name the layers yourself",
     .choice = image_choice,
     .check = check_image},
    {.name = "layers",
     .label = "Layers",
     .hint = "folders, top first, separated by ';'",
     .check = check_layers,
     .visible = wants_folders},
    {.name = "uvm-scratch",
     .label = "VM scratch",
     .hint = "folder of the utility VM's scratch disk",
     .check = check_folder,
     .visible = wants_folders},
    {.name = "scratch",
     .label = "Scratch",
     .hint = "folder of the container's scratch disk",
     .check = check_folder,
     .visible = wants_folders},
    {.name = "gpu",
     .label = "GPU",
     .kind = FIELD_CHOICE,
     .hint = "left and right choose; a partition, all GPUs, or a whole device",
     .value = LAUNCH_NO_GPU,
     .choice = gpu_choice,
     .check = check_gpu},
    {.name = "partition",
     .label = "Partition",
     .hint = "\"any\", or its number",
     .value = "any",
     .check = check_partition,
     .visible = wants_partition},
    {.name = "devices",
     .label = "Devices",
     .hint = "whole devices as TYPE://ID, separated by ';': vpci://PCIP\\VEN_...",
     .placeholder = "none",
     .check = check_devices},
    {.name = "memory",
     .label = "Memory MB",
     .hint = "empty: 4096 with a GPU, else 1024",
     .placeholder = "4096 with a GPU, else 1024",
     .check = check_memory},
    {.name = "fully-backed",
     .label = "Fully backed",
     .kind = FIELD_SWITCH,
     .hint = "all memory is taken at once; devices need it"},
    {.name = "cpus",
     .label = "Processors",
     .hint = "1 to 240; empty: 2",
     .placeholder = "2",
     .check = check_cpus},
    {.name = "mounts",
     .label = "Mounts",
     .hint = "HOST:GUEST[:ro], separated by ';'",
     .placeholder = "none",
     .check = check_mounts},
    {.name = "driver-dirs",
     .label = "Driver folders",
     .hint = "folders with an INF to install inside, separated by ';'",
     .placeholder = "none",
     .check = check_folders},
    {.name = "command",
     .label = "Command",
     .hint = "a Windows command line; empty: one that stays",
     .placeholder = "one that stays"},
    {.name = "rm",
     .label = "Ends with us",
     .kind = FIELD_SWITCH,
     .hint = "--rm: ends and is removed when this console ends"},
    {.name = "keep",
     .label = "Keep failures",
     .kind = FIELD_SWITCH,
     .hint = "--keep: when it fails nothing is undone, to look at it"},
};

/* The first image that can run, better one that can carry a GPU. */
static const char *best_image(const struct hvgpu_snapshot *s)
{
    const char *best = NULL;
    for (size_t i = 0; i < s->image_count; i++) {
        const struct hvgpu_image *image = s->images[i];
        if (image->has_utility_vm == HVGPU_ANSWER_NO) {
            continue;
        }
        if (image->can_carry_gpu == HVGPU_ANSWER_YES) {
            return image->name;
        }
        best = best == NULL ? image->name : best;
    }
    if (best == NULL) {
        best = s->image_count > 0 ? s->images[0]->name : LAUNCH_FOLDERS;
    }
    return best;
}

void launch_form_init(struct app *app, struct form *form)
{
    form_init(form, "Launch", app);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        form_add(form, &fields[i]);
    }
    form_set(form, "image", best_image(app->snapshot));
}

static const char *text_or_null(const char *value)
{
    return value[0] != '\0' ? value : NULL;
}

static void fill_lists(const struct form *form, struct launch_request *out)
{
    struct hvgpu_launch *launch = &out->request.launch;
    const char *items[LAUNCH_LIST];
    static const char *const names[] = {"layers", "driver-dirs", "mounts", "devices"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        text_clean(out->values[i], FORM_VALUE, form_value(form, names[i]));
    }
    launch->layer_count = wants_folders(form) ? cut_list(out->values[0], out->layers) : 0;
    launch->layers = out->layers;
    launch->driver_dir_count = cut_list(out->values[1], out->driver_dirs);
    launch->driver_dirs = out->driver_dirs;
    size_t count = cut_list(out->values[2], items);
    for (size_t i = 0; i < count; i++) {
        cut_mount(out->values[2] + (items[i] - out->values[2]), &out->mounts[i]);
    }
    launch->mounts = out->mounts;
    launch->mount_count = count;
    count = cut_list(out->values[3], items);
    for (size_t i = 0; i < count; i++) {
        cut_device(out->values[3] + (items[i] - out->values[3]), &out->devices[i]);
    }
    launch->devices = out->devices;
    launch->device_count = count;
}

static void fill_gpu(struct app *app, const struct form *form, struct launch_request *out)
{
    struct hvgpu_launch *launch = &out->request.launch;
    const char *choice = form_value(form, "gpu");
    launch->gpu_mirror = strcmp(choice, LAUNCH_ALL_GPUS) == 0;
    const struct hvgpu_gpu *gpu = gpu_named(app, choice);
    if (gpu == NULL || launch->gpu_mirror) {
        return;
    }
    if (gpu->state == HVGPU_GPU_DISMOUNTED) {
        out->devices[launch->device_count++] =
            (struct hvgpu_device_request){.type = "vpci", .id = gpu->instance_id};
        return;
    }
    uint64_t number = 0;
    out->gpu.gpu = gpu->id;
    out->gpu.partition.known = text_to_u64(form_value(form, "partition"), 0, 65534, &number);
    out->gpu.partition.value = number;
    launch->gpus = &out->gpu;
    launch->gpu_count = 1;
}

void launch_request_fill(struct app *app, const struct form *form, struct launch_request *out)
{
    uint64_t number = 0;
    memset(out, 0, sizeof(*out));
    struct hvgpu_launch *launch = &out->request.launch;
    out->request.verb = HVGPU_LAUNCH;
    launch->name = text_or_null(form_value(form, "name"));
    if (wants_folders(form)) {
        launch->uvm_scratch = text_or_null(form_value(form, "uvm-scratch"));
        launch->scratch = text_or_null(form_value(form, "scratch"));
    } else {
        launch->image = text_or_null(form_value(form, "image"));
    }
    fill_lists(form, out);
    fill_gpu(app, form, out);
    if (text_to_u64(form_value(form, "memory"), 1, UINT32_MAX, &number)) {
        launch->memory_mb = number;
    }
    if (text_to_u64(form_value(form, "cpus"), 1, 4096, &number)) {
        launch->cpus = (unsigned)number;
    }
    launch->fully_backed = form_is_on(form, "fully-backed");
    launch->command = text_or_null(form_value(form, "command"));
    launch->remove = form_is_on(form, "rm");
    launch->keep = form_is_on(form, "keep");
}
