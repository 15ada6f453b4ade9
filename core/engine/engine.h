/* SPDX-License-Identifier: MIT
 *
 * The one interface of a kind of host. An engine learns about its host on its own threads, puts
 * what it learned into the inbox, and turns requests into plans. It never prints, never blocks its
 * caller and knows neither the model nor any other engine.
 *
 * Contract
 *   open    checks the URI's rest (scenario, file, socket name) and allocates; connects later, on
 *           its own thread. MESSAGE_HOST comes first, MESSAGE_LOADED once after the first
 *           inventory, also when that failed.
 *   close   no message is put after it returned. It waits for foreign callbacks in flight and for
 *           its own threads at most a second; returns false when some had to be left behind (then
 *           the inbox must stay).
 *   plan    called on the main thread; may look only at what the engine already knows; checks the
 *           request completely (ids, GPU, guard for systems of others) so that bad input is refused
 *           before anything starts.
 */
#ifndef HVGPU_ENGINE_H
#define HVGPU_ENGINE_H

#include "core/hvgpu.h"
#include "core/inbox.h"
#include "core/job.h"
#include "core/store.h"

struct engine; /* private to each kind */

struct engine_config {
    const char *uri;  /* whole */
    const char *rest; /* behind "scheme:" */
    struct inbox *inbox;
    const struct hvgpu_options *options;
};

struct engine_ops {
    const char *scheme;  /* "demo" */
    const char *summary; /* for help: "a simulated Hyper-V host" */
    enum hvgpu_status (*open)(const struct engine_config *config, struct engine **out,
                              struct hvgpu_error *err);
    bool (*close)(struct engine *engine);
    struct store *(*store)(struct engine *engine); /* journals and records of this host */
    void (*set_paused)(struct engine *engine, bool paused);
    void (*set_probe_interval)(struct engine *engine, unsigned seconds);
    void (*refresh)(struct engine *engine);
    enum hvgpu_status (*plan)(struct engine *engine, const struct hvgpu_request *request,
                              struct job_plan *out, struct hvgpu_error *err);
};

/* All engines of this build, ended by NULL (engines.c). */
extern const struct engine_ops *const engines[];

#endif
