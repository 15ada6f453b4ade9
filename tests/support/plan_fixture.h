/* SPDX-License-Identifier: MIT
 *
 * A host made by hand for tests of plans and documents: what an engine would know of it, without an
 * engine. Good for dry runs only.
 */
#ifndef HVGPU_TESTS_PLAN_FIXTURE_H
#define HVGPU_TESTS_PLAN_FIXTURE_H

#include "core/engine/hcs/hcs_engine.h"

#define PLAN_GPU_PATH                                                                              \
    "\\\\?\\PCI#VEN_10DE&DEV_1C82&SUBSYS_11BF1B4C&REV_A1#4&38ab2860&0&0008#"                       \
    "{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV"
#define PLAN_GPU_ID    "PCI\\VEN_10DE&DEV_1C82&SUBSYS_11BF1B4C&REV_A1\\4&38ab2860&0&0008"
#define PLAN_DEVICE_ID "PCIP\\VEN_10DE&DEV_1EB8&SUBSYS_12A210DE&REV_A1\\6&17F903&0&00200000"
#define PLAN_IMAGE     "mcr.microsoft.com/windows/server:ltsc2022"

struct plan_fixture {
    struct engine_view view;
    struct hvgpu_host host;
    struct hvgpu_gpu gpus[3]; /* gpu0 and gpu1: shared; gpu2: not partitionable */
    struct hvgpu_image images[2];
    struct hvgpu_system systems[4]; /* own VM and container; a foreign VM (WSL) and its twin */
    const struct hvgpu_gpu *gpu_list[3];
    const struct hvgpu_image *image_list[2];
    const struct hvgpu_system *system_list[4];
    const char *layers[2];
};

void plan_fixture_make(struct plan_fixture *fixture, unsigned build, unsigned schema_minor);

/* Plans the request dry; *calls is the list. Returns the status, err filled. */
enum hvgpu_status plan_fixture_dry_run(const struct plan_fixture *fixture,
                                       const struct hvgpu_request *request, struct json **calls,
                                       struct hvgpu_error *err);

/* The n-th call (0 the first) of this verb; NULL: there are fewer. */
const struct json *plan_fixture_call(const struct json *calls, const char *verb, size_t n);
size_t plan_fixture_count(const struct json *calls, const char *verb);
/* The n-th Modify whose ResourcePath begins with path. */
const struct json *plan_fixture_modify(const struct json *calls, const char *path, size_t n);
/* The first CreateProcess whose command line contains the text. */
const struct json *plan_fixture_process(const struct json *calls, const char *text);

/* The request of the record (tests/support/record/README.md). */
struct hvgpu_request plan_fixture_record_request(void);

#endif
