/* SPDX-License-Identifier: MIT
 *
 * The built-in scenarios as JSON text: the same format as a file of the user's. Private to the
 * scenario parser.
 */
#ifndef HVGPU_SIMULATED_SCENARIOS_H
#define HVGPU_SIMULATED_SCENARIOS_H

#include "core/engine/hcs/simulated/scenario.h"

struct built_in_scenario {
    const char *name, *about, *json;
};

/* Ends with a NULL name; the first is the default. */
extern const struct built_in_scenario built_in_scenarios[];
/* The same without the documents. */
extern const struct scenario_name built_in_names[];

#endif
