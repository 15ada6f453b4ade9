/* SPDX-License-Identifier: MIT
 *
 * Real GPUs: records that other people published, with the place of publication. What a source does
 * not give is unknown here too. The simulation adds a few things without which a host looks bare
 * (driver, bus location, memory of some cards); these stand apart, in `added`, and every simulated
 * GPU lists them in its `invented` text. Constant data, for any thread.
 */
#ifndef HVGPU_SIMULATED_GPU_DATA_H
#define HVGPU_SIMULATED_GPU_DATA_H

#include "core/engine/hcs/simulated/scenario.h"

/* Things read from a live card. 0: not given. */
struct gpu_readings {
    uint32_t memory_mib, memory_used_mib;
    uint16_t temperature_celsius, power_permille;
};

struct gpu_additions {
    const char *name; /* only where the source names no model */
    const char *location_path, *driver_version, *driver_date, *driver_package;
    uint8_t bus;
    struct gpu_readings readings;
};

struct published_gpu {
    const char *id;             /* short name, for scenario files */
    const char *name;           /* NULL: the source names no model */
    const char *vendor;
    const char *interface_path; /* partition interface; NULL: none published */
    const char *instance_id;    /* NULL: follows from interface_path */
    const char *driver_package; /* NULL: none published */
    const char *source;
    uint16_t valid_counts[4];   /* ends with 0 or the array */
    struct hvgpu_number partition_count;
    struct hvgpu_quota vram, encode, decode, compute;
    struct gpu_readings readings; /* published with the record */
    struct gpu_additions added;
};

/* NULL: there is none with this id. */
const struct published_gpu *gpu_data_find(const char *id);
/* For messages and tests: NULL behind the last. */
const struct published_gpu *gpu_data_at(size_t index);

/* Fills a GPU of a scenario with the record and the additions; false: out of memory. out is zeroed
 * before. dismounted: as the device looks after it was taken from the host for assignment
 * (PCIP\..., no partition interface, nothing that its driver would report). */
bool gpu_data_fill(const struct published_gpu *gpu, bool dismounted, struct scenario_gpu *out);
/* The files that drivers of this vendor want in System32 of a guest; false: out of memory. */
bool gpu_data_copies(const char *vendor, struct host_driver_package *package);
/* Folder of a driver package on the host; new memory. */
char *gpu_data_package_folder(const char *package);

#endif
