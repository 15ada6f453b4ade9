/* SPDX-License-Identifier: MIT
 *
 * The two halves of loading: systems (machine_load_systems.c), and what refers to them
 * (machine_load.c). A state comes from a file that anybody may have written: nothing in it is
 * trusted, and a damaged one is refused as a whole.
 */
#ifndef HVGPU_SIMULATED_LOAD_H
#define HVGPU_SIMULATED_LOAD_H

#include "core/engine/hcs/simulated/members.h"
#include "core/engine/hcs/simulated/serve.h"

/* Fills the systems of a fresh machine: false when the state is damaged. */
bool load_systems(struct machine *m, const struct json *state);
bool load_files(struct sim_files *files, const struct json *list);

#endif
