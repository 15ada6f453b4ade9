/* SPDX-License-Identifier: MIT
 *
 * A simulated machine that lives in a file, so that several processes, and processes that come
 * after one another, meet the same machine. Every call is: take the lock between processes, read
 * the file when another process changed it, call, write the file when the machine changed, give the
 * lock back. The file is always replaced as a whole: a process killed at any point leaves the old
 * or the new state, never a part of one.
 *
 * Beside FILE there are FILE.lock (the lock) and, for each process that uses the machine, a file
 * FILE.client-N that it keeps locked while it lives. Who finds one unlocked knows that its process
 * has died, and closes what that client had open.
 *
 * Time is the wall clock since power-on plus what stepped clocks have skipped; both are in the
 * file, so that all processes agree.
 *
 * Threads: none of its own; the shell's lock guards it.
 */
#ifndef HVGPU_SIMULATED_STATE_FILE_H
#define HVGPU_SIMULATED_STATE_FILE_H

#include "core/engine/hcs/simulated/machine.h"

struct state_file;

/* Opens or makes the file, loads the machine from it, closes what dead clients left open, and adds
 * a client for this process (*client). */
enum hvgpu_status state_file_open(const char *path, struct machine *machine, uint32_t *client,
                                  struct state_file **out, struct hvgpu_error *err) HVGPU_MUST_USE;
/* The client of this process goes: its handles close, its lock file is removed. */
void state_file_close(struct state_file *file, struct machine *machine, uint32_t client);

/* Around every use of the machine. begin fails when the file cannot be read any more or is damaged;
 * then end must not be called. */
bool state_file_begin(struct state_file *file, struct machine *machine);
void state_file_end(struct state_file *file, struct machine *machine);

/* Between begin and end: the machine's time now; skip moves it forward for everybody. */
int64_t state_file_now(const struct state_file *file);
void state_file_skip(struct state_file *file, int64_t ns);
/* Between begin and end: closes what clients that have died left open. */
void state_file_reap(struct state_file *file, struct machine *machine, uint32_t self);

#endif
