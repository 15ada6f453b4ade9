/* SPDX-License-Identifier: MIT
 *
 * The in-process shell of the simulated machine: fills both walls, brings the thread on which
 * callbacks run, the clock (real or stepped) and, when asked, the state file shared with other
 * processes.
 */
#ifndef HVGPU_SIMULATED_SHELL_H
#define HVGPU_SIMULATED_SHELL_H

#include "core/engine/hcs/hcs_engine.h"
#include "core/engine/hcs/simulated/scenario.h"

struct shell_options {
    const char *state_file; /* NULL: the machine lives in memory and dies with the shell */
    bool stepped;           /* time jumps to the next thing due as soon as somebody waits for it */
    long events_per_second; /* -1: the scenario's */
};

/* Takes the scenario. Fills walls->hcs, walls->host and walls->close; the store is the caller's. */
enum hvgpu_status shell_open(struct scenario *scenario, const struct shell_options *options,
                             struct hcs_engine_walls *walls,
                             struct hvgpu_error *err) HVGPU_MUST_USE;

/* The engine of "demo:" (demo.c): parses the URI, loads the scenario, opens shell and HCS engine.
 */
extern const struct engine_ops demo_engine;

#endif
