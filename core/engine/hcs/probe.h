/* SPDX-License-Identifier: MIT
 *
 * The presence probe: what gpuprobe prints, how it is read, and the verdict in one sentence. Pure
 * functions: no host, no threads. The answer is foreign bytes and is checked as such.
 *
 * gpuprobe prints one line:
 *   {"v":1,
 *    "objdir":["PCI#VEN_1414&DEV_008E#..."]            names of \Global?? that begin with PCI#
 *    "hostdriverstore":true,                            the folder exists
 *    "packages":["nv_dispi.inf_amd64_..."],             folders in HostDriverStore\FileRepository
 *    "adapters":[{"luid":"0x0:0xf814","type":129,"pv":true,"desc":"...","driverstore":"..."}],
 *    "pnp":[{"id":"PCI\\VEN_1414&DEV_008E...","problem":0,"location":["PCIROOT(0)#..."]}],
 *    "vendor":{"command":"nvidia-smi -L","exit":0,"text":"..."}}
 * null instead of a member: this rung cannot be read here, which is unknown and not absent.
 * `gpuprobe children PARENT` prints location paths of the parent's children, joined by commas.
 */
#ifndef HVGPU_HCS_PROBE_H
#define HVGPU_HCS_PROBE_H

#include "core/hvgpu.h"

#define PROBE_MAX_BYTES (256u << 10)

/* What the probe should find. */
struct probe_expectation {
    bool expects_gpu; /* a GPU was given to the system, as far as is known */
    bool paravirtual; /* GPU-PV / GPU-P: VEN_1414&DEV_008E; false: DDA, the vendor's own id */
    const char *const *packages; /* driver packages of the host that must be in step */
    size_t package_count;
    const char *const *device_ids; /* DDA: "VEN_10DE&DEV_1EB8" prefixes */
    size_t device_id_count;
};

/* One place's answer after reading. */
struct probe_reading {
    enum hvgpu_answer gpu; /* is a GPU usable here */
    enum hvgpu_verdict verdict[HVGPU_RUNG_COUNT];
    char evidence[HVGPU_RUNG_COUNT][192]; /* cleaned */
    char problem[192];                    /* why nothing could be read; "" when it could */
};

/* Reads one answer. A damaged or oversized one gives UNKNOWN everywhere and `problem`. */
void probe_read(const char *answer, size_t len, const struct probe_expectation *expected,
                struct probe_reading *out);
/* When the probe could not be run at all. */
void probe_unreadable(struct probe_reading *out, const char *reason);

/* Joins both places into a verdict and one sentence: "the GPU is in neither the VM nor the
 * container", "in the VM but not in the container", "in both", "not known because ...". */
void probe_judge(const struct probe_reading *vm, const struct probe_reading *container,
                 const struct probe_expectation *expected, enum hvgpu_verdict *verdict,
                 char *sentence, size_t size);

/* Splits the answer of `gpuprobe children`: the first location path, checked; false: none. */
bool probe_first_location(const char *answer, size_t len, char *out, size_t size);

#endif
