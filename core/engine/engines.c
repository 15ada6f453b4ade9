/* SPDX-License-Identifier: MIT
 *
 * The registry of engines: one line a kind of host.
 */
#include <stddef.h>

#include "core/engine/engine.h"
#include "core/engine/hcs/simulated/shell.h"

const struct engine_ops *const engines[] = {&demo_engine, NULL};
