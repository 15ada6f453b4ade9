/* SPDX-License-Identifier: MIT
 *
 * What the files of the probe share: the judgement of one rung. For probe*.c only; others include
 * probe.h.
 */
#ifndef HVGPU_HCS_PROBE_PARTS_H
#define HVGPU_HCS_PROBE_PARTS_H

#include "core/base/json.h"
#include "core/engine/hcs/probe.h"

/* What one rung says. `presence` is what it proves about the GPU being there at all, which is not
 * the same as its verdict: a device with problem 43 is there and fails. */
struct probe_rung {
    enum hvgpu_verdict verdict;
    enum hvgpu_answer presence;
    char evidence[192];
};

/* Each reads its member of the answer (NULL or null: not readable here). out is zeroed. */
typedef void probe_rung_fn(const struct json *answer, const struct probe_expectation *expected,
                           struct probe_rung *out);
probe_rung_fn probe_read_objects;
probe_rung_fn probe_read_store;
probe_rung_fn probe_read_pnp;
probe_rung_fn probe_read_adapters;
probe_rung_fn probe_read_vendor;

/* Sets verdict, presence and the evidence, cleaned. */
void probe_say(struct probe_rung *out, enum hvgpu_verdict verdict, enum hvgpu_answer presence,
               const char *format, ...) HVGPU_PRINTF(4, 5);

/* The array member of the answer; NULL with out filled when it is null, missing or no array. */
const struct json *probe_array(const struct json *answer, const char *member, const char *what,
                               struct probe_rung *out);

/* Does a device name ("PCI#..." with '#', a device id "PCI\..." with '\\') name a GPU that is
 * expected? *which: the index of the expected device id, or SIZE_MAX. */
bool probe_is_gpu_name(const char *name, char separator, const struct probe_expectation *expected,
                       size_t *which);

#endif
