/* SPDX-License-Identifier: MIT
 *
 * A whole host on a small simulated machine, for tests that run real jobs: one shared GPU, one
 * dismounted device, one image, no latency. Faults are told as JSON items of the scenario's list.
 */
#ifndef HVGPU_TESTS_FLOW_RIG_H
#define HVGPU_TESTS_FLOW_RIG_H

#include "core/hvgpu.h"

#define FLOW_IMAGE  "test/gpu:1"
#define FLOW_DEVICE "PCIP\\VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&REV_A1\\4&11ef84ec&0&0019"

struct flow {
    struct hvgpu *host;
    char *output; /* what processes printed, malloc'd */
    size_t output_len;
    char path[512]; /* the scenario's file */
};

struct flow_options {
    int candidate;          /* which form lets the GPU in: 0 none */
    const char *schema;     /* NULL: "2.5" */
    const char *faults;     /* JSON items, without the brackets; NULL: none */
    bool no_gpu;            /* the host has no GPU at all */
    const char *host;       /* further members of "host": "\"hypervisor\":false" */
    const char *state_file; /* the scenario's file is then beside it, always of the same name */
};

/* Opens and waits for the first inventory. Fails the test when that does not come. */
void flow_open(struct flow *flow, const struct flow_options *options);
void flow_close(struct flow *flow);
/* Submits and waits for the job's end; its record stays valid until the next poll. NULL: it did not
 * end within seconds. */
const struct hvgpu_job *flow_run(struct flow *flow, const struct hvgpu_request *request,
                                 unsigned seconds);
/* Starts only. */
uint64_t flow_submit(struct flow *flow, const struct hvgpu_request *request);
const struct hvgpu_job *flow_wait(struct flow *flow, uint64_t id, unsigned seconds);
/* Reads the host again and waits until own systems are as many as `wanted`; false: they are not. */
bool flow_settle(struct flow *flow, size_t wanted);
/* Own systems that the host lists now (left-overs not counted). */
size_t flow_own_systems(const struct flow *flow);

struct hvgpu_request flow_launch(const char *name);
struct hvgpu_request flow_launch_gpu(const char *name);
struct hvgpu_request flow_launch_device(const char *name);

#endif
