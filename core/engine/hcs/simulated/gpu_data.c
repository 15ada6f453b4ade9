/* SPDX-License-Identifier: MIT
 *
 * The records, and how one becomes a GPU of a scenario. Numbers are the published ones, digit by
 * digit: 1000000000 means the whole GPU, 2^64-1 means no limit.
 */
#include "core/engine/hcs/simulated/gpu_data.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/* clang-format off */
#define KNOWN(n) {.value = (n), .known = true}
#define QUOTA(t, a, least, most, best) \
    {.total = KNOWN(t), .available = KNOWN(a), .min = KNOWN(least), .max = KNOWN(most), \
     .optimal = KNOWN(best)}
#define WHOLE    1000000000u
#define SHARE    QUOTA(WHOLE, WHOLE, 0, WHOLE, WHOLE)
#define NO_LIMIT QUOTA(UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, UINT64_MAX)
/* What every complete GPU-PV record printed. */
#define COMPLETE .valid_counts = {32}, .partition_count = KNOWN(32), \
                 .vram = SHARE, .encode = NO_LIMIT, .decode = SHARE, .compute = SHARE
#define INTERFACE "#{064092b3-625e-43bf-9eb5-dc845897dd59}"
#define GPU_PV(id) "\\\\?\\" id INTERFACE "\\GPUPARAV"
#define GPU_P(id)  "\\\\?\\" id INTERFACE

/* Additions. The driver version is the published 527.27 of the NVIDIA A2 host in Windows' form; the
 * package is a published folder name, of another host. */
#define NVIDIA_DRIVER .driver_version = "31.0.15.2727", .driver_date = "2022-11-11", \
                      .driver_package = "nv_dispi.inf_amd64_b26cc1edfbb8f4d0"
#define INTEL_DRIVER  .driver_version = "30.0.101.1191", .driver_date = "2021-12-02"
#define AMD_DRIVER    .driver_version = "31.0.12027.9001", .driver_date = "2022-08-31", \
                      .driver_package = "u0383523.inf_amd64_1c5d2a8e9f304b67"
#define LAPTOP_POST "https://enable-if.com/posts/learn-hyperv-gpup"
#define LEARN "https://learn.microsoft.com/"
#define A2_PAGE     LEARN "windows-server/virtualization/hyper-v/partition-assign-vm-gpu"
#define PV_PAGE     LEARN "windows-hardware/drivers/display/gpu-paravirtualization"
#define WMI_REPO    "https://github.com/Justsenger/HyperV-WMI-Documentation"
#define TWO_CARDS   "https://github.com/timminator/Enhanced-GPU-PV/issues/12"
#define A_FILE(n)   "a file in a public GitHub repository (stored-file index id " #n ")"

static const struct published_gpu published[] = {
    {.id = "nv-a2-0", .name = "NVIDIA A2", .vendor = "NVIDIA", .source = A2_PAGE,
     .interface_path = GPU_P("PCI#VEN_10DE&DEV_25B6&SUBSYS_157E10DE&REV_A1#4&18416dc3&0&0000"),
     .valid_counts = {16, 8, 4, 2}, .partition_count = KNOWN(4),
     .readings = {15356, 15192, 24, 83}, /* nvidia-smi on the same page: 5 W of 60 W */
     .added = {NVIDIA_DRIVER, .bus = 101, .location_path = "PCIROOT(64)#PCI(0000)#PCI(0000)"}},
    {.id = "nv-a2-1", .name = "NVIDIA A2", .vendor = "NVIDIA", .source = A2_PAGE,
     .interface_path = GPU_P("PCI#VEN_10DE&DEV_25B6&SUBSYS_157E10DE&REV_A1#4&5906f5e&0&0010"),
     .valid_counts = {16, 8, 4, 2}, .partition_count = KNOWN(4),
     .readings = {15356, 15192, 24, 83},
     .added = {NVIDIA_DRIVER, .bus = 102, .location_path = "PCIROOT(64)#PCI(0200)#PCI(0000)"}},
    {.id = "nv-4070-laptop", .name = "NVIDIA GeForce RTX 4070 Laptop", .vendor = "NVIDIA",
     .source = LAPTOP_POST, COMPLETE,
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2860&SUBSYS_252D1043&REV_A1#4&296b7397&0&0008"),
     .added = {NVIDIA_DRIVER, .bus = 1, .location_path = "PCIROOT(0)#PCI(0100)#PCI(0000)",
               .readings = {8188, 430, 41, 60}}},
    {.id = "intel-a7a0", .vendor = "Intel", .source = LAPTOP_POST, COMPLETE,
     .interface_path = GPU_PV("PCI#VEN_8086&DEV_A7A0&SUBSYS_252D1043&REV_04#3&11583659&0&10"),
     .added = {INTEL_DRIVER, .name = "Intel adapter 8086:A7A0",
               .location_path = "PCIROOT(0)#PCI(0200)",
               .driver_package = "iigd_dch.inf_amd64_389da2bfec2045ef",
               .readings = {128, 40, 0, 0}}},
    {.id = "intel-uhd620", .name = "Intel(R) UHD Graphics 620", .vendor = "Intel",
     .source = A_FILE(43805702519), COMPLETE,
     .driver_package = "iigd_dch.inf_amd64_389da2bfec2045ef",
     .interface_path = GPU_PV("PCI#VEN_8086&DEV_3EA0&SUBSYS_227917AA&REV_00#3&11583659&0&10"),
     .added = {INTEL_DRIVER, .location_path = "PCIROOT(0)#PCI(0200)", .readings = {128, 52, 0, 0}}},
    {.id = "nv-3060-egp361", .name = "NVIDIA RTX 3060", .vendor = "NVIDIA",
     .source = "https://github.com/jamesstringer90/Easy-GPU-PV/issues/361",
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2504&SUBSYS_153610DE&REV_A1#4&1c5d7d4&0&0009"),
     .valid_counts = {32}, .partition_count = KNOWN(32), .vram = SHARE, .encode = NO_LIMIT,
     .decode = {.total = KNOWN(WHOLE), .available = KNOWN(WHOLE), .min = KNOWN(0),
                .max = KNOWN(WHOLE)},
     .added = {NVIDIA_DRIVER, .bus = 1, .location_path = "PCIROOT(0)#PCI(0101)#PCI(0000)",
               .readings = {12288, 913, 38, 94}}},
    {.id = "nv-2504-exhyperv67", .vendor = "NVIDIA",
     .source = "https://github.com/Justsenger/ExHyperV/issues/67", COMPLETE,
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2504&SUBSYS_40741458&REV_A1#4&23b96b75&0&0008"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2504", .bus = 2,
               .location_path = "PCIROOT(0)#PCI(0100)#PCI(0000)",
               .readings = {12288, 601, 36, 90}}},
    {.id = "nv-1c02-docs", .vendor = "NVIDIA", .source = PV_PAGE, COMPLETE,
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_1C02&SUBSYS_11C210DE&REV_A1#4&275d7527&0&0010"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:1C02", .bus = 3,
               .location_path = "PCIROOT(0)#PCI(0200)#PCI(0000)",
               .readings = {3072, 210, 40, 80}}},
    /* Microsoft's illustration: the only record with several counts and totals of other sizes. */
    {.id = "docs-illustration-1188", .vendor = "NVIDIA", .source = PV_PAGE,
     .interface_path = "\\\\?\\PCI#VEN_10DE&DEV_1188&SUBSYS_095B10DE&REV_A1#6&cfd27c8&0&00400008"
                       INTERFACE "\\PARAV",
     .valid_counts = {32, 4}, .partition_count = KNOWN(32),
     .vram = QUOTA(2000000, 1800000, 100000, 1000000, 1000000), .encode = QUOTA(20, 20, 1, 5, 4),
     .decode = QUOTA(40, 30, 2, 20, 15), .compute = QUOTA(100, 100, 1, 50, 30),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:1188", .bus = 4,
               .location_path = "PCIROOT(0)#PCI(0300)#PCI(0000)"}},
    {.id = "nv-2702-wmi", .vendor = "NVIDIA", .source = WMI_REPO, .valid_counts = {32},
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2702&SUBSYS_10DE1771&REV_A1#4&22525bed&0&0030"),
     .vram = {.total = KNOWN(WHOLE), .available = KNOWN(WHOLE), .optimal = KNOWN(WHOLE)},
     .compute = {.total = KNOWN(WHOLE), .available = KNOWN(WHOLE)},
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2702", .bus = 5,
               .location_path = "PCIROOT(0)#PCI(0600)#PCI(0000)",
               .readings = {16376, 1102, 43, 71}}},
    {.id = "nv-2803-wmi", .vendor = "NVIDIA", .source = WMI_REPO,
     .valid_counts = {32}, .partition_count = KNOWN(32),
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2803&SUBSYS_16CF1771&REV_A1#4&32761ba1&0&00D8"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2803", .bus = 6,
               .location_path = "PCIROOT(0)#PCI(1B00)#PCI(0000)",
               .readings = {8188, 377, 37, 66}}},
    {.id = "nv-rtx4000", .name = "Quadro RTX 4000", .vendor = "NVIDIA",
     .source = "https://github.com/jamesstringer90/Easy-GPU-PV/issues/125",
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&REV_A1#4&11ef84ec&0&0019"),
     .added = {NVIDIA_DRIVER, .bus = 7, .location_path = "PCIROOT(0)#PCI(0301)#PCI(0000)",
               .readings = {8192, 305, 39, 75}}},
    {.id = "nv-2705-a", .vendor = "NVIDIA", .source = TWO_CARDS,
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2705&SUBSYS_413C1458&REV_A1#4&1babdf5b&0&0009"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2705", .bus = 8,
               .location_path = "PCIROOT(10)#PCI(0101)#PCI(0000)",
               .readings = {16376, 980, 42, 70}}},
    {.id = "nv-2705-b", .vendor = "NVIDIA", .source = TWO_CARDS,
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2705&SUBSYS_413C1458&REV_A1#4&1babdf5b&0&0013"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2705", .bus = 9,
               .location_path = "PCIROOT(10)#PCI(0203)#PCI(0000)",
               .readings = {16376, 411, 36, 68}}},
    {.id = "nv-28a0", .name = "RTX 4060", .vendor = "NVIDIA", .source = A_FILE(67305206256),
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_28A0&SUBSYS_13B61462&REV_A1#4&2961dbb7&0&0008"),
     .added = {NVIDIA_DRIVER, .bus = 10, .location_path = "PCIROOT(20)#PCI(0100)#PCI(0000)",
               .readings = {8188, 302, 40, 58}}},
    {.id = "nv-1c03", .name = "GTX 1060", .vendor = "NVIDIA", .source = A_FILE(16425808250),
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_1C03&SUBSYS_32811462&REV_A1#4&2c577141&0&00E4"),
     .added = {NVIDIA_DRIVER, .bus = 11, .location_path = "PCIROOT(20)#PCI(1C04)#PCI(0000)",
               .readings = {6144, 288, 44, 85}}},
    {.id = "nv-1f06", .name = "RTX 2060 Super", .vendor = "NVIDIA", .source = A_FILE(16425808250),
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_1F06&SUBSYS_87181043&REV_A1#4&296eb0ef&0&0008"),
     .added = {NVIDIA_DRIVER, .bus = 12, .location_path = "PCIROOT(30)#PCI(0100)#PCI(0000)",
               .readings = {8192, 344, 41, 78}}},
    {.id = "nv-2484", .vendor = "NVIDIA", .source = A_FILE(17034429958),
     .partition_count = KNOWN(32),
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2484&SUBSYS_404C1458&REV_A1#4&3834d97&0&0008"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2484", .bus = 13,
               .location_path = "PCIROOT(30)#PCI(0101)#PCI(0000)",
               .readings = {8192, 290, 39, 72}}},
    {.id = "nv-2206", .vendor = "NVIDIA", .source = A_FILE(11256176842),
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2206&SUBSYS_38971462&REV_A1#4&17f0f7d2&0&0008"),
     .added = {NVIDIA_DRIVER, .name = "NVIDIA adapter 10DE:2206", .bus = 14,
               .location_path = "PCIROOT(40)#PCI(0100)#PCI(0000)",
               .readings = {10240, 402, 45, 77}}},
    {.id = "nv-2684", .name = "RTX 4090", .vendor = "NVIDIA",
     .source = "https://github.com/VirtualDrivers/Virtual-Display-Driver/issues/222",
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_2684&SUBSYS_88EF1043&REV_A1#4&38ec4dcd&0&0019"),
     .added = {NVIDIA_DRIVER, .bus = 15, .location_path = "PCIROOT(40)#PCI(0301)#PCI(0000)",
               .readings = {24564, 1533, 47, 110}}},
    {.id = "nv-1e93", .name = "NVIDIA GeForce RTX 2080 Super with Max-Q Design", .vendor = "NVIDIA",
     .source = "https://github.com/Justsenger/ExHyperV/issues/178",
     .interface_path = GPU_PV("PCI#VEN_10DE&DEV_1E93&SUBSYS_12B01462&REV_A1#4&172d7bc1&0&0008"),
     .added = {NVIDIA_DRIVER, .bus = 16, .location_path = "PCIROOT(50)#PCI(0100)#PCI(0000)",
               .readings = {8192, 266, 43, 69}}},
    /* A display adapter without a published partition interface. */
    {.id = "amd-731f", .vendor = "AMD",
     .source = "https://github.com/LibreHardwareMonitor/LibreHardwareMonitor",
     .instance_id = "PCI\\VEN_1002&DEV_731F&SUBSYS_57051682&REV_C4\\6&e539058&0&00000019",
     .added = {AMD_DRIVER, .name = "AMD adapter 1002:731F", .bus = 17,
               .location_path = "PCIROOT(50)#PCI(0301)#PCI(0000)#PCI(0000)#PCI(0000)",
               .readings = {8176, 310, 35, 62}}},
};

struct vendor_file {
    const char *vendor, *source, *target;
    bool wow64, overwrite;
};

/* Names that the documentation of GPU paravirtualisation and of the tools around it give; which of
 * them a driver lists, and by which source name, is the simulation's choice. */
static const struct vendor_file vendor_files[] = {
    {"NVIDIA", "nvcuda_loader64.dll", "nvcuda.dll",   false, true},
    {"NVIDIA", "nvcuda_loader32.dll", "nvcuda.dll",   true,  true},
    {"NVIDIA", "nvapi64.dll",         "nvapi64.dll",  false, true},
    {"NVIDIA", "nvml_loader.dll",     "nvml.dll",     false, true},
    {"NVIDIA", "OpenCL64.dll",        "OpenCL.dll",   false, false},
    {"NVIDIA", "vulkan-1-x64.dll",    "vulkan-1.dll", false, false},
    {"Intel",  "OpenCL.dll",          "OpenCL.dll",   false, false},
    {"Intel",  "vulkan-1-64.dll",     "vulkan-1.dll", false, false},
    {"AMD",    "OpenCL.dll",          "OpenCL.dll",   false, false},
    {"AMD",    "vulkan-1.dll",        "vulkan-1.dll", false, false},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct published_gpu *gpu_data_at(size_t index)
{
    return index < COUNT(published) ? &published[index] : NULL;
}

const struct published_gpu *gpu_data_find(const char *id)
{
    for (size_t i = 0; i < COUNT(published); i++) {
        if (text_equal(published[i].id, id)) {
            return &published[i];
        }
    }
    return NULL;
}

/* "\\?\PCI#A#B#{guid}\X" -> "PCI\A\B", or "PCIP\A\B" for a dismounted device. */
static char *instance_of(const struct published_gpu *gpu, bool dismounted)
{
    char *id = NULL;
    if (gpu->instance_id != NULL) {
        id = text_copy(gpu->instance_id);
    } else {
        const char *start = gpu->interface_path + strlen("\\\\?\\");
        const char *end = strstr(start, INTERFACE);
        int len = end != NULL ? (int)(end - start) : 0;
        id = text_format("%.*s", len, start);
    }
    if (id == NULL) {
        return NULL;
    }
    for (char *c = id; *c != '\0'; c++) {
        if (*c == '#') {
            *c = '\\';
        }
    }
    if (!dismounted) {
        return id;
    }
    char *assigned = text_format("PCIP%s", id + strlen("PCI"));
    free(id);
    return assigned;
}

static struct hvgpu_number number_from(uint64_t value)
{
    return (struct hvgpu_number){.value = value, .known = value != 0};
}

/* What only a device with its driver on the host reports. */
static bool fill_mounted(const struct published_gpu *gpu, struct scenario_gpu *out)
{
    struct host_gpu *facts = &out->facts;
    bool is_published = gpu->readings.memory_mib != 0;
    const struct gpu_readings *readings = is_published ? &gpu->readings : &gpu->added.readings;
    facts->vram_bytes = number_from((uint64_t)readings->memory_mib << 20);
    facts->vram_used_bytes = number_from((uint64_t)readings->memory_used_mib << 20);
    facts->temperature_celsius = number_from(readings->temperature_celsius);
    facts->power_permille = number_from(readings->power_permille);
    facts->load_permille = (struct hvgpu_number){.known = readings->memory_mib != 0};
    facts->interface_path = text_copy(gpu->interface_path);
    facts->sriov = gpu->interface_path != NULL && !text_find_nocase(gpu->interface_path, "PARAV");
    facts->partition_count = gpu->partition_count;
    facts->vram = gpu->vram;
    facts->encode = gpu->encode;
    facts->decode = gpu->decode;
    facts->compute = gpu->compute;
    while (facts->valid_count_count < COUNT(gpu->valid_counts) &&
           gpu->valid_counts[facts->valid_count_count] != 0) {
        facts->valid_count_count++;
    }
    if (facts->valid_count_count > 0) {
        facts->valid_counts = calloc(facts->valid_count_count, sizeof *facts->valid_counts);
        if (facts->valid_counts == NULL) {
            facts->valid_count_count = 0;
            return false;
        }
        for (size_t i = 0; i < facts->valid_count_count; i++) {
            facts->valid_counts[i] = gpu->valid_counts[i];
        }
    }
    return gpu->interface_path == NULL || facts->interface_path != NULL;
}

static char *invented_text(const struct published_gpu *gpu, bool dismounted)
{
    struct text t;
    text_init(&t, 512);
    text_add(&t, "bus location, location path");
    if (gpu->name == NULL) {
        text_add(&t, ", name");
    }
    if (dismounted) {
        text_add(&t, ", that it is dismounted (the instance id is the published one with PCIP "
                     "for PCI)");
        return text_take(&t);
    }
    text_add(&t, ", driver version, date and INF name, CopyToVm files");
    if (gpu->driver_package == NULL) {
        text_add(&t, ", driver package");
    }
    if (gpu->readings.memory_mib == 0 && gpu->added.readings.memory_mib != 0) {
        text_add(&t, gpu->added.readings.temperature_celsius != 0
                         ? ", memory, temperature, power, load"
                         : ", memory, load");
    }
    return text_take(&t);
}

char *gpu_data_package_folder(const char *package)
{
    return text_format("C:\\Windows\\System32\\DriverStore\\FileRepository\\%s", package);
}

bool gpu_data_copies(const char *vendor, struct host_driver_package *package)
{
    package->copies = calloc(COUNT(vendor_files), sizeof *package->copies);
    if (package->copies == NULL) {
        return false;
    }
    for (size_t i = 0; i < COUNT(vendor_files); i++) {
        const struct vendor_file *file = &vendor_files[i];
        if (!text_equal(file->vendor, vendor)) {
            continue;
        }
        struct host_copy *copy = &package->copies[package->copy_count++];
        copy->source = text_copy(file->source);
        copy->target = text_copy(file->target);
        copy->wow64 = file->wow64;
        copy->overwrite = file->overwrite;
        if (copy->source == NULL || copy->target == NULL) {
            return false;
        }
    }
    return true;
}

bool gpu_data_fill(const struct published_gpu *gpu, bool dismounted, struct scenario_gpu *out)
{
    struct host_gpu *facts = &out->facts;
    const char *package =
        gpu->driver_package != NULL ? gpu->driver_package : gpu->added.driver_package;
    unsigned device = gpu->added.bus == 0 ? 2 : 0; /* integrated GPUs are device 2 of bus 0 */
    facts->instance_id = instance_of(gpu, dismounted);
    facts->name = text_copy(gpu->name != NULL ? gpu->name : gpu->added.name);
    facts->vendor = text_copy(gpu->vendor);
    facts->location =
        text_format("PCI bus %u, device %u, function 0", (unsigned)gpu->added.bus, device);
    facts->location_path = text_copy(gpu->added.location_path);
    facts->dismounted = dismounted;
    facts->reboot_required = HVGPU_ANSWER_NO;
    facts->assigned_to_guest = HVGPU_ANSWER_NO;
    facts->problem_code = (struct hvgpu_number){.value = 0, .known = true};
    out->source = text_copy(gpu->source);
    out->invented = invented_text(gpu, dismounted);
    bool whole = facts->instance_id != NULL && facts->name != NULL && facts->vendor != NULL &&
                 facts->location != NULL && facts->location_path != NULL && out->source != NULL &&
                 out->invented != NULL;
    /* The package stays known for a dismounted device too: --driver-dir takes its folder. */
    out->package.name = text_copy(package);
    out->package.folder = gpu_data_package_folder(package);
    whole = whole && out->package.name != NULL && out->package.folder != NULL &&
            gpu_data_copies(gpu->vendor, &out->package);
    if (dismounted || !whole) {
        return whole;
    }
    facts->driver_version = text_copy(gpu->added.driver_version);
    facts->driver_date = text_copy(gpu->added.driver_date);
    facts->driver_inf = text_copy("oem12.inf");
    facts->driver_package = text_copy(package);
    return fill_mounted(gpu, out) && facts->driver_version != NULL && facts->driver_date != NULL &&
           facts->driver_inf != NULL && facts->driver_package != NULL;
}
