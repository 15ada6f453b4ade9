/* SPDX-License-Identifier: MIT
 *
 * An HCS engine on the hand-made host, its inbox read into a model: for tests of the engine.
 */
#ifndef HVGPU_TESTS_ENGINE_RIG_H
#define HVGPU_TESTS_ENGINE_RIG_H

#include "core/inbox.h"
#include "core/model.h"
#include "tests/support/fake_host.h"

struct engine_rig {
    struct fake_host *fake;
    struct hcs_engine_walls walls;
    struct inbox *inbox;
    struct model *model;
    struct engine *engine;
    struct hvgpu_options options;
    unsigned batches; /* that brought messages */
};

/* Makes host, inbox and model; the engine is opened by rig_open(). */
struct engine_rig *rig_new(void);
void rig_open(struct engine_rig *rig);
void rig_free(struct engine_rig *rig);

/* Reads the inbox until ready(snapshot) holds or two seconds passed; says whether it does. */
bool rig_wait(struct engine_rig *rig, bool (*ready)(const struct hvgpu_snapshot *s));
bool rig_wait_loaded(struct engine_rig *rig);
/* Reads the inbox for so long; returns how many batches came. */
unsigned rig_listen(struct engine_rig *rig, unsigned ms);
const struct hvgpu_snapshot *rig_snapshot(struct engine_rig *rig);
/* Is there an event of this kind? */
bool rig_has_event(struct engine_rig *rig, const char *kind);
unsigned rig_count_events(struct engine_rig *rig, const char *kind);

/* A container "id" in the VM "id@vm" that hvgpu launched: both listed, and its record stored. */
void rig_own_system(struct engine_rig *rig, const char *id, bool with_gpu, bool remove);

#endif
