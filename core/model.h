/* SPDX-License-Identifier: MIT
 *
 * The model: the one owner of what is known about a host. It applies the inbox's batches and
 * publishes a const snapshot: the arrays of the snapshot are the model's own, changed only inside
 * model_apply(), so that publishing copies nothing.
 *
 * Threads: the thread that polls, and no other.
 */
#ifndef HVGPU_MODEL_H
#define HVGPU_MODEL_H

#include "core/hvgpu.h"
#include "core/inbox.h"

struct model;

#define MODEL_FINISHED_JOBS 200 /* finished jobs kept */
#define MODEL_HIDDEN_JOBS   16  /* finished hidden ones among them */

/* Before the host's first answer the snapshot says: connecting to uri. NULL when out of memory. */
struct model *model_new(const char *uri, bool simulated, size_t event_capacity);
void model_free(struct model *model);

struct model_result {
    bool changed; /* a new snapshot was published */
    bool lost;    /* something was lost on the way: the host must be asked for everything again */
};
/* Takes the records out of the batch; the rest of it still belongs to the caller. */
struct model_result model_apply(struct model *model, struct inbox_batch *batch);

const struct hvgpu_snapshot *model_snapshot(const struct model *model); /* never NULL */
const struct hvgpu_event *model_event_at(const struct model *model, size_t index);

#endif
