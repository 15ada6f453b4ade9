/* SPDX-License-Identifier: MIT
 *
 * The order of a snapshot's arrays, and what finds a record in them. The public finders are
 * declared in hvgpu.h; they work on any snapshot, and in logarithmic time on one that the model
 * published.
 */
#ifndef HVGPU_SNAPSHOT_H
#define HVGPU_SNAPSHOT_H

#include "core/hvgpu.h"
#include "core/record_list.h"

/* What the model adds to a snapshot for the finders. */
struct hvgpu_snapshot_index {
    struct record_list systems_by_id; /* borrowed records */
};

/* All of the form that record_list and qsort take. */
int snapshot_compare_gpus(const void *a, const void *b);    /* bus location, then instance id */
int snapshot_compare_systems(const void *a, const void *b); /* tree: a VM, then what it hosts */
int snapshot_compare_system_ids(const void *a, const void *b);
int snapshot_compare_images(const void *a, const void *b); /* name, then store */
int snapshot_compare_checks(const void *a, const void *b); /* system id */
int snapshot_compare_jobs(const void *a, const void *b);   /* newest first */

/* Text order in which numbers count as numbers: "bus 2" before "bus 10". NULL comes last. */
int snapshot_compare_natural(const char *a, const char *b);

#endif
