/* SPDX-License-Identifier: MIT
 *
 * Names of the public enums as JSON spells them. Every function accepts any value and never returns
 * NULL, except where unknown is null.
 */
#ifndef HVGPU_NAMES_H
#define HVGPU_NAMES_H

#include "core/hvgpu.h"

const char *name_of_gpu_state(enum hvgpu_gpu_state state); /* NULL: unknown */
const char *name_of_system_kind(enum hvgpu_system_kind kind);
const char *name_of_system_state(enum hvgpu_system_state state); /* NULL: unknown */
const char *name_of_gpu_mode(enum hvgpu_gpu_mode mode);          /* NULL: unknown */
const char *name_of_init_state(enum hvgpu_init_state state);     /* NULL: unknown */
const char *name_of_link(enum hvgpu_link link);
const char *name_of_job_state(enum hvgpu_job_state state);
const char *name_of_step_state(enum hvgpu_step_state state);
const char *name_of_event_source(enum hvgpu_event_source source);
const char *name_of_severity(enum hvgpu_severity severity);

#endif
