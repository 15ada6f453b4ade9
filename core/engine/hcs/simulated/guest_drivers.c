/* SPDX-License-Identifier: MIT
 *
 * pnputil and nvidia-smi in the simulated guests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/hcs/simulated/guest_run.h"

enum { NO_MORE_ITEMS = 259 }; /* pnputil: the driver is there already */
enum { SMI_OK = 0, SMI_NO_DEVICE = 6, SMI_NO_DRIVER = 9 };

#define GUEST_OWN_STORE "C:\\Windows\\System32\\DriverStore\\FileRepository"

/* ---- pnputil ---- */

/* The folder in which a pattern of files lies. */
static void folder_of(const char *pattern, char *out, size_t size)
{
    snprintf(out, size, "%s", pattern);
    for (size_t len = strlen(out); len > 0; len--) {
        if (out[len - 1] == '\\' || out[len - 1] == '/') {
            out[len - 1] = '\0';
            return;
        }
    }
}

static uint32_t add_driver(struct guest_run *run, int64_t at)
{
    char folder[512];
    char own[256];
    bool is_folder = false;
    folder_of(run->argv[2], folder, sizeof folder);
    guest_say(run->m, run->p, at, "Microsoft PnP Utility\r\n\r\n");
    if (!sim_guest_exists(run->m, run->where, folder, &is_folder) || !is_folder) {
        guest_sayf(run->m, run->p, at, "No matching files: %s\r\n", run->argv[2]);
        return 2;
    }
    /* The guest's own store remembers what was added, by the place that it came from. */
    snprintf(own, sizeof own, "%s\\added_%016llx", GUEST_OWN_STORE,
             (unsigned long long)text_hash(folder, strlen(folder)));
    bool was_there = sim_guest_exists(run->m, run->where, own, &is_folder);
    hcs_result made = was_there ? 0 : sim_guest_make_folder(run->m, run->where, own);
    if (made != 0) {
        guest_sayf(run->m, run->p, at, "Failed to add driver package: %s\r\n", hresult_words(made));
        return 5;
    }
    struct sim_system *vm = sim_vm_of(run->where);
    if (vm != NULL) {
        sim_devices_install(run->m, vm);
    }
    guest_sayf(run->m, run->p, at, "Driver package %s\r\n",
               was_there ? "is up-to-date on device." : "added successfully.");
    return was_there ? NO_MORE_ITEMS : 0;
}

static uint32_t list_devices(struct guest_run *run, int64_t at)
{
    struct sim_visible gpus[GUEST_GPU_MAX];
    size_t count = sim_visible_gpus(run->m, run->where, gpus, GUEST_GPU_MAX);
    guest_say(run->m, run->p, at, "Microsoft PnP Utility\r\n\r\n");
    for (size_t i = 0; i < count; i++) {
        bool works = guest_gpu_works(run, &gpus[i]);
        guest_sayf(run->m, run->p, at,
                   "Instance ID:                %s\r\n"
                   "Device Description:         %s\r\n"
                   "Status:                     %s\r\n",
                   gpus[i].instance_id,
                   gpus[i].about != NULL ? gpus[i].about->facts.name : "PCI device",
                   works ? "Started" : "Problem");
        if (!works) {
            guest_sayf(run->m, run->p, at, "Problem Code:               %s\r\n",
                       gpus[i].paravirtual ? "43 (0x2B) [CM_PROB_FAILED_POST_START]"
                                           : "28 (0x1C) [CM_PROB_FAILED_INSTALL]");
        }
        guest_say(run->m, run->p, at, "\r\n");
    }
    return 0;
}

hcs_result guest_pnputil(struct guest_run *run)
{
    const char *command = run->argc > 1 ? run->argv[1] : "";
    int64_t at = guest_after(run->m, run->now, 50);
    uint32_t exit_code = 1;
    if (text_equal_nocase(command, "/add-driver") && run->argc > 2) {
        at = guest_after(run->m, run->now, 1500);
        exit_code = add_driver(run, at);
    } else if (text_equal_nocase(command, "/enum-devices")) {
        exit_code = list_devices(run, at);
    } else if (text_equal_nocase(command, "/restart-device")) {
        struct sim_system *vm = sim_vm_of(run->where);
        at = guest_after(run->m, run->now, 600);
        if (vm != NULL) {
            sim_devices_restart(run->m, vm);
        }
        guest_say(run->m, run->p, at, "Device restarted successfully.\r\n");
        exit_code = 0;
    } else {
        guest_say(run->m, run->p, at, "Microsoft PnP Utility\r\n\r\nInvalid command.\r\n");
    }
    sim_process_end(run->m, run->p, at, exit_code);
    return 0;
}

/* ---- nvidia-smi ---- */

static bool is_nvidia(const struct scenario_gpu *gpu)
{
    return text_equal_nocase(gpu->facts.vendor, "NVIDIA");
}

/* The tool comes with the driver package: in HostDriverStore, or installed for an assigned device.
 */
static bool has_tool(struct guest_run *run, const struct sim_visible *gpus, size_t count)
{
    for (size_t i = 0; i < run->m->scenario->gpu_count; i++) {
        if (is_nvidia(&run->m->scenario->gpus[i]) && sim_package_present(run->m, run->where, i)) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!gpus[i].paravirtual && gpus[i].started && gpus[i].about != NULL &&
            is_nvidia(gpus[i].about)) {
            return true;
        }
    }
    return false;
}

/* A stable UUID from the instance id of the GPU on the host. */
static void add_gpu_line(struct text *out, unsigned index, const struct scenario_gpu *gpu)
{
    const char *id = gpu->facts.instance_id;
    uint64_t a = text_hash(id, strlen(id));
    uint64_t b = text_hash(id, strlen(id) / 2) ^ (a << 1);
    text_addf(out, "%sGPU %u: %s (UUID: GPU-%08x-%04x-%04x-%04x-%012llx)", index > 0 ? "\n" : "",
              index, gpu->facts.name, (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffffu,
              (unsigned)a & 0xffffu, (unsigned)(b >> 48),
              (unsigned long long)(b & 0xffffffffffffull));
}

bool guest_nvidia_list(struct guest_run *run, char **text, uint32_t *exit_code)
{
    struct sim_visible gpus[GUEST_GPU_MAX];
    size_t count = sim_visible_gpus(run->m, run->where, gpus, GUEST_GPU_MAX);
    unsigned found = 0;
    *text = NULL;
    if (!has_tool(run, gpus, count)) {
        return false;
    }
    struct text out;
    text_init(&out, 8192);
    for (size_t i = 0; i < count; i++) {
        if (gpus[i].about != NULL && is_nvidia(gpus[i].about) && guest_gpu_works(run, &gpus[i])) {
            add_gpu_line(&out, found++, gpus[i].about);
        }
    }
    *exit_code = SMI_OK;
    if (found == 0) {
        *exit_code = SMI_NO_DRIVER;
        text_add(&out, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA "
                       "driver. Make sure that the latest NVIDIA driver is installed and running.");
    }
    *text = text_take(&out);
    text_free(&out);
    return *text != NULL;
}

/* Windows' "31.0.15.2727" is NVIDIA's 527.27: the last five digits. */
static void nvidia_version(const char *windows, char *out, size_t size)
{
    char digits[32];
    size_t count = 0;
    for (const char *c = windows != NULL ? windows : ""; *c != '\0'; c++) {
        if (*c >= '0' && *c <= '9' && count < sizeof digits - 1) {
            digits[count++] = *c;
        }
    }
    digits[count] = '\0';
    if (count < 5) {
        snprintf(out, size, "N/A");
        return;
    }
    const char *last = digits + count - 5;
    snprintf(out, size, "%.3s.%s", last, last + 3);
}

static void say_table(struct guest_run *run, int64_t at)
{
    struct sim_visible gpus[GUEST_GPU_MAX];
    size_t count = sim_visible_gpus(run->m, run->where, gpus, GUEST_GPU_MAX);
    unsigned index = 0;
    for (size_t i = 0; i < count; i++) {
        const struct scenario_gpu *gpu = gpus[i].about;
        char version[40];
        char memory[40] = "N/A";
        if (gpu == NULL || !is_nvidia(gpu) || !guest_gpu_works(run, &gpus[i])) {
            continue;
        }
        nvidia_version(gpu->facts.driver_version, version, sizeof version);
        if (index == 0) {
            guest_sayf(run->m, run->p, at, "NVIDIA-SMI %s    Driver Version: %s\r\n", version,
                       version);
        }
        if (gpu->facts.vram_bytes.known) {
            snprintf(memory, sizeof memory, "%lluMiB",
                     (unsigned long long)(gpu->facts.vram_bytes.value >> 20));
        }
        guest_sayf(run->m, run->p, at, "| %3u  %-40.40s WDDM  Off | %10s |\r\n", index++,
                   gpu->facts.name, memory);
    }
}

hcs_result guest_nvidia_smi(struct guest_run *run)
{
    int64_t at = guest_after(run->m, run->now, 300);
    char *text = NULL;
    uint32_t exit_code = 0;
    if (!guest_nvidia_list(run, &text, &exit_code)) {
        if (!run->in_shell) {
            free(run->p->image);
            run->p->image = NULL;
        }
        return HR_ERROR_FILE_NOT_FOUND;
    }
    bool list = run->argc > 1 && strcmp(run->argv[1], "-L") == 0;
    if (list || exit_code != SMI_OK) {
        guest_sayf(run->m, run->p, at, "%s\r\n", text);
    } else {
        say_table(run, at);
    }
    free(text);
    sim_process_end(run->m, run->p, at, exit_code);
    return 0;
}
