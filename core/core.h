/* SPDX-License-Identifier: MIT
 *
 * What core offers below the public header: opening a host on a given engine. hvgpu_open() looks
 * the engine up by the URI's scheme; tests bring their own.
 */
#ifndef HVGPU_CORE_H
#define HVGPU_CORE_H

#include "core/engine/engine.h"
#include "core/hvgpu.h"

/* As hvgpu_open(); rest is what stands behind "scheme:" in uri. */
enum hvgpu_status core_open(const struct engine_ops *ops, const char *uri, const char *rest,
                            const struct hvgpu_options *options, struct hvgpu **out,
                            struct hvgpu_error *err) HVGPU_MUST_USE;

#endif
