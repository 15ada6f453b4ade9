/* SPDX-License-Identifier: MIT
 *
 * A process that is killed at any call of a launch: the machine is in a state file, the killed
 * process is a child, and the next process must find, list and undo what was left.
 */
#ifndef HVGPU_TESTS_FLOW_KILL_H
#define HVGPU_TESTS_FLOW_KILL_H

/* how: "kill" (before the call is served) or "kill-after". For cmocka tests. */
void flow_kill_at_every_call(const char *how);

#endif
