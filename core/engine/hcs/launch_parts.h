/* SPDX-License-Identifier: MIT
 *
 * Small parts that the step files of launch share.
 */
#ifndef HVGPU_HCS_LAUNCH_PARTS_H
#define HVGPU_HCS_LAUNCH_PARTS_H

#include "core/engine/hcs/launch.h"

enum { LAUNCH_GRACE_MS = 10 * 1000 }; /* for a --rm container to end by itself */

/* job_will() with words put together: "utility VM demo@vm". action is taken. */
enum hvgpu_status will(struct job *job, struct json *action, const char *kind, const char *name,
                       struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status add_folder(struct ownership *record, const char *path,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
/* A folder that is there already belongs to somebody: it would be deleted by the undo. */
enum hvgpu_status refuse_existing_folder(const struct launch *launch, const struct calls *calls,
                                         struct hvgpu_error *err) HVGPU_MUST_USE;
int64_t host_time(const struct calls *calls);
/* Creation time of the init process, by which a later console knows it from a new one of its id. */
void note_init_time(struct launch *launch, const struct calls *calls);

/* Writes the record as it stands (not in a dry run). */
enum hvgpu_status launch_put_record(struct launch *launch, const struct job *job,
                                    struct hvgpu_error *err) HVGPU_MUST_USE;
struct document_layer *launch_layer_list(const struct launch *launch); /* free() */
struct json *launch_container_document(const struct launch *launch, unsigned form);
struct json *launch_result(const struct launch *launch);

#endif
