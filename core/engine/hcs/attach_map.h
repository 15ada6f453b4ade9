/* SPDX-License-Identifier: MIT
 *
 * The map of a VM's GPUs: what it has by hvgpu's record, what a request changes, what comes out.
 * Pure functions on plain values.
 */
#ifndef HVGPU_HCS_ATTACH_MAP_H
#define HVGPU_HCS_ATTACH_MAP_H

#include "core/engine/hcs/hcs_engine.h"

struct attach_change {
    bool detach;
    bool mirror;            /* attach all */
    struct owned_gpu *gpus; /* attach: add or replace; detach: remove (none: all) */
    size_t gpu_count;
};
void attach_change_clear(struct attach_change *change);

/* The GPUs of a detach, by name; only their ids are filled. */
enum hvgpu_status attach_names(const struct engine_view *view,
                               const struct hvgpu_gpu_request *requests, size_t count,
                               struct attach_change *change,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
/* present + change -> wanted, a whole record of its own. */
enum hvgpu_status attach_merge(const struct ownership *present, const struct attach_change *change,
                               struct ownership *wanted, struct hvgpu_error *err) HVGPU_MUST_USE;
void attach_note_package(struct ownership *record, const char *instance_id, const char *package);
/* What people call the host's GPUs, kept from planning. */
struct gpu_name {
    char *id, *instance_id;
};
struct gpu_name *gpu_names_new(const struct engine_view *view); /* NULL: out of memory */
void gpu_names_free(struct gpu_name *names);                    /* ends with a NULL id */

/* "gpu0:3, gpu1:any"; "all GPUs"; "none"; "not known". names may be NULL. */
void attach_map_text(const struct ownership *record, bool known, const struct gpu_name *names,
                     char *out, size_t size);
/* [{"gpu","partition"}], "all" for mirror. */
struct json *attach_map_json(const struct ownership *record);

#endif
