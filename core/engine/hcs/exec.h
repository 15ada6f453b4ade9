/* SPDX-License-Identifier: MIT
 *
 * A running process with its streams, shared by exec and launch --rm: two threads read its output,
 * one feeds its input, and the job's thread waits for its end.
 */
#ifndef HVGPU_HCS_EXEC_H
#define HVGPU_HCS_EXEC_H

#include "core/engine/hcs/calls.h"

struct follow {
    bool output, errors; /* pipes that were asked for */
    bool input;
    bool console; /* pass on new sizes of the pseudo console */
};

/* Pumps until the process has ended. Cancel kills it and gives HVGPU_CANCELLED. */
enum hvgpu_status follow_process(const struct calls *calls, struct client_process *process,
                                 const struct follow *what, uint32_t *exit_code,
                                 struct hvgpu_error *err);

#endif
