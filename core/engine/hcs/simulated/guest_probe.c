/* SPDX-License-Identifier: MIT
 *
 * gpuprobe in the simulated guests: the same arguments, answers and exit codes as the real program,
 * from the state of the machine. The format of the answer is described in core/engine/hcs/probe.h.
 *
 *   gpuprobe                     one line of JSON: which GPUs are here
 *   gpuprobe children PARENT     location paths of the children of a device, joined by commas
 *   gpuprobe mkdir PATH          makes a folder and its parents
 *   gpuprobe copy FROM TO        a file, or a folder with everything in it
 *   gpuprobe restart             restarts the paravirtual render devices
 *
 * Exit codes: 0 done, 1 failed, 2 wrong use or the source does not exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/hcs/simulated/guest_run.h"
#include "core/engine/hcs/simulated/serve.h"

#define DISPLAY_INTERFACE "#{5b45201d-f2f2-4f3b-85bb-30ff1f953599}"
#define OBJECT_NAME_MAX   224 /* an instance id and the interface */
_Static_assert(sizeof((struct sim_visible *)0)->instance_id + sizeof DISPLAY_INTERFACE <=
                   OBJECT_NAME_MAX,
               "an object name fits");

enum { PROBLEM_NONE = 0, PROBLEM_NO_DRIVER = 28, PROBLEM_FAILED_POST_START = 43 };

bool guest_gpu_works(struct guest_run *run, const struct sim_visible *gpu)
{
    if (!gpu->started || gpu->about == NULL) {
        return false;
    }
    return !gpu->paravirtual || sim_package_present(run->m, run->where, gpu->gpu);
}

/* The image whose layer the guest path of a share leads to. */
static const char *family_of_layer(const struct machine *m, const struct sim_system *vm,
                                   const char *layer)
{
    const char *family = NULL;
    char *path = sim_guest_to_host(vm, layer);
    for (size_t i = 0; path != NULL && i < m->scenario->image_count; i++) {
        const struct host_image *image = &m->scenario->images[i];
        for (size_t k = 0; k < image->layer_count; k++) {
            if (sim_path_equal(image->layers[k], path)) {
                family = image->base_name;
            }
        }
    }
    free(path);
    return family;
}

const char *guest_image_family(const struct machine *m, const struct sim_system *where)
{
    const struct sim_system *vm = where->host;
    for (size_t i = 0; vm != NULL && i < vm->root_count; i++) {
        const struct sim_root *root = &vm->roots[i];
        if (root->user == where->number && root->layer_count > 0) {
            return family_of_layer(m, vm, root->layers[root->layer_count - 1]);
        }
    }
    return NULL;
}

/* ---- the answer ---- */

/* The symbolic link of the device's display interface in \Global??. */
static void object_name(const struct sim_visible *gpu, char *out, size_t size)
{
    snprintf(out, size, "%s%s", gpu->instance_id, DISPLAY_INTERFACE);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '\\') {
            *c = '#';
        }
    }
}

static void add_object_names(struct json *answer, const struct sim_visible *gpus, size_t count)
{
    struct json *names = json_add_array(answer, "objdir");
    for (size_t i = 0; i < count; i++) {
        char name[OBJECT_NAME_MAX];
        object_name(&gpus[i], name, sizeof name);
        json_append(names, json_new_string(name));
    }
}

struct packages {
    struct guest_run *run;
    struct json *names;
};

/* A package of a GPU whose host driver was updated under the guest still has its old name here. */
static void add_package(void *context, const char *name, bool is_folder)
{
    struct packages *packages = context;
    const struct machine *m = packages->run->m;
    for (size_t i = 0; i < m->scenario->gpu_count; i++) {
        if (text_equal_nocase(m->scenario->gpus[i].package.name, name)) {
            const char *present = sim_guest_package(m, packages->run->where, i);
            name = present != NULL ? present : name;
            break;
        }
    }
    if (is_folder) {
        json_append(packages->names, json_new_string(name));
    }
}

static void add_driver_store(struct guest_run *run, struct json *answer)
{
    bool is_folder = false;
    bool exists = sim_guest_exists(run->m, run->where, GUEST_DRIVER_STORE, &is_folder);
    json_add_bool(answer, "hostdriverstore", exists && is_folder);
    struct packages packages = {.run = run, .names = json_add_array(answer, "packages")};
    if (exists) {
        sim_guest_list(run->m, run->where, GUEST_DRIVER_STORE, add_package, &packages);
    }
}

static void add_adapters(struct guest_run *run, struct json *answer, const struct sim_visible *gpus,
                         size_t count)
{
    struct json *adapters = json_add_array(answer, "adapters");
    for (size_t i = 0; i < count; i++) {
        const struct sim_visible *gpu = &gpus[i];
        if (!guest_gpu_works(run, gpu)) {
            continue;
        }
        struct json *adapter = json_append(adapters, json_new_object());
        char text[320];
        uint64_t hash = text_hash(gpu->instance_id, strlen(gpu->instance_id));
        snprintf(text, sizeof text, "0x0:0x%x", (unsigned)(hash & 0xfffffu));
        json_add_string(adapter, "luid", text);
        /* D3DKMT_ADAPTERTYPE: bit 0 render, bit 7 paravirtualised. */
        json_add_u64(adapter, "type", gpu->paravirtual ? 129 : 1);
        json_add_bool(adapter, "pv", gpu->paravirtual);
        json_add_string(adapter, "desc", gpu->about->facts.name);
        const char *package = gpu->paravirtual ? sim_guest_package(run->m, run->where, gpu->gpu)
                                               : gpu->about->package.name;
        snprintf(text, sizeof text, "C:\\Windows\\System32\\%sDriverStore\\FileRepository\\%.128s",
                 gpu->paravirtual ? "Host" : "", package != NULL ? package : "");
        json_add_string(adapter, "driverstore", text);
    }
}

static void add_devices(struct guest_run *run, struct json *answer, const struct sim_visible *gpus,
                        size_t count)
{
    struct json *devices = json_add_array(answer, "pnp");
    for (size_t i = 0; i < count; i++) {
        const struct sim_visible *gpu = &gpus[i];
        struct json *device = json_append(devices, json_new_object());
        unsigned problem = PROBLEM_NONE;
        if (gpu->paravirtual && !guest_gpu_works(run, gpu)) {
            problem = PROBLEM_FAILED_POST_START;
        } else if (!gpu->paravirtual && !gpu->started) {
            problem = PROBLEM_NO_DRIVER;
        }
        json_add_string(device, "id", gpu->instance_id);
        json_add_u64(device, "problem", problem);
        json_append(json_add_array(device, "location"), json_new_string(gpu->location));
    }
}

static void add_vendor(struct guest_run *run, struct json *answer)
{
    char *text = NULL;
    uint32_t exit_code = 0;
    if (!guest_nvidia_list(run, &text, &exit_code)) {
        json_add_null(answer, "vendor");
        return;
    }
    struct json *vendor = json_add_object(answer, "vendor");
    json_add_string(vendor, "command", "nvidia-smi -L");
    json_add_u64(vendor, "exit", exit_code);
    json_add_string(vendor, "text", text);
    free(text);
}

static hcs_result answer_presence(struct guest_run *run, int64_t at)
{
    struct sim_visible gpus[GUEST_GPU_MAX];
    size_t count = sim_visible_gpus(run->m, run->where, gpus, GUEST_GPU_MAX);
    const char *family = guest_image_family(run->m, run->where);
    struct json *answer = json_new_object();
    json_add_u64(answer, "v", 1);
    add_object_names(answer, gpus, count);
    add_driver_store(run, answer);
    /* Nano Server brings neither gdi32 nor cfgmgr32's device list, and no vendor tool runs there.
     */
    if (family != NULL && strcmp(family, "nanoserver") == 0) {
        json_add_null(answer, "adapters");
        json_add_null(answer, "pnp");
        json_add_null(answer, "vendor");
    } else {
        add_adapters(run, answer, gpus, count);
        add_devices(run, answer, gpus, count);
        add_vendor(run, answer);
    }
    char *line = json_print(answer);
    json_free(answer);
    if (line == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    guest_say(run->m, run->p, at, line);
    guest_say(run->m, run->p, at, "\n");
    free(line);
    sim_process_end(run->m, run->p, at, 0);
    return 0;
}

/* ---- the other commands ---- */

static uint32_t answer_children(struct guest_run *run, const char *parent, int64_t at)
{
    struct sim_system *vm = sim_vm_of(run->where);
    const struct sim_vpci *vpci = vm != NULL ? sim_vpci_find(vm, parent) : NULL;
    if (vpci == NULL || vpci->function_count == 0) {
        guest_complain(run, at, "%s has no children here\n", parent);
        return 1;
    }
    for (size_t i = 0; i < vpci->function_count; i++) {
        char location[64];
        sim_vpci_location(vpci, i, location, sizeof location);
        guest_sayf(run->m, run->p, at, "%s%s", i > 0 ? "," : "", location);
    }
    guest_say(run->m, run->p, at, "\n");
    return 0;
}

static uint32_t make_folder(struct guest_run *run, int64_t at)
{
    hcs_result result = sim_guest_make_folder(run->m, run->where, run->argv[2]);
    if (result == 0 || result == HR_ERROR_ALREADY_EXISTS) {
        return 0;
    }
    guest_complain(run, at, "gpuprobe: %s: %s\n", run->argv[2], hresult_words(result));
    return 1;
}

static uint32_t copy(struct guest_run *run, int64_t at)
{
    bool is_folder = false;
    if (!sim_guest_exists(run->m, run->where, run->argv[2], &is_folder)) {
        guest_complain(run, at, "gpuprobe: %s: file not found\n", run->argv[2]);
        return 2;
    }
    hcs_result result = sim_guest_copy(run->m, run->where, run->argv[2], run->argv[3]);
    if (result == 0) {
        return 0;
    }
    guest_complain(run, at, "gpuprobe: %s: %s\n", run->argv[3], hresult_words(result));
    return 1;
}

static uint32_t restart(struct guest_run *run)
{
    struct sim_system *vm = sim_vm_of(run->where);
    if (vm != NULL) {
        sim_devices_restart(run->m, vm);
    }
    return 0;
}

hcs_result guest_gpuprobe(struct guest_run *run)
{
    const char *command = run->argc > 1 ? run->argv[1] : "";
    if (run->argc == 1) {
        return answer_presence(run, guest_after(run->m, run->now, 120));
    }
    int64_t at = guest_after(run->m, run->now, 40);
    uint32_t exit_code = 2;
    if (strcmp(command, "children") == 0 && run->argc == 3) {
        exit_code = answer_children(run, run->argv[2], at);
    } else if (strcmp(command, "mkdir") == 0 && run->argc == 3) {
        exit_code = make_folder(run, at);
    } else if (strcmp(command, "copy") == 0 && run->argc == 4) {
        at = guest_after(run->m, run->now, 400);
        exit_code = copy(run, at);
    } else if (strcmp(command, "restart") == 0 && run->argc == 2) {
        at = guest_after(run->m, run->now, 600);
        exit_code = restart(run);
    } else {
        guest_complain(run, at,
                       "usage: gpuprobe [children PARENT | mkdir PATH | copy FROM TO | restart]\n");
    }
    sim_process_end(run->m, run->p, at, exit_code);
    return 0;
}

/* hcsshim's tool: obj-dir, and children --parentID=ID --property=location. */
hcs_result guest_device_util(struct guest_run *run)
{
    struct sim_visible gpus[GUEST_GPU_MAX];
    int64_t at = guest_after(run->m, run->now, 40);
    const char *command = run->argc > 1 ? run->argv[1] : "";
    const char *parent = NULL;
    uint32_t exit_code = 1;
    for (int i = 2; i < run->argc; i++) {
        if (text_starts(run->argv[i], "--parentID=")) {
            parent = run->argv[i] + strlen("--parentID=");
        }
    }
    if (strcmp(command, "children") == 0 && parent != NULL) {
        exit_code = answer_children(run, parent, at);
    } else if (strcmp(command, "obj-dir") == 0) {
        size_t count = sim_visible_gpus(run->m, run->where, gpus, GUEST_GPU_MAX);
        guest_say(run->m, run->p, at, "C:,GLOBALROOT,NUL,PIPE");
        for (size_t i = 0; i < count; i++) {
            char name[OBJECT_NAME_MAX];
            object_name(&gpus[i], name, sizeof name);
            guest_sayf(run->m, run->p, at, ",%s", name);
        }
        guest_say(run->m, run->p, at, "\n");
        exit_code = 0;
    } else {
        guest_complain(run, at, "usage: device-util children --parentID=ID | obj-dir\n");
    }
    sim_process_end(run->m, run->p, at, exit_code);
    return 0;
}
