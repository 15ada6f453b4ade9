/* SPDX-License-Identifier: MIT
 *
 * Records: the immutable, reference-counted objects that travel from an engine through the inbox
 * into snapshots (struct hvgpu_gpu, hvgpu_system, ...). A record owns every text and array that it
 * points to; children that are records themselves are kept by it.
 *
 * Threads: build on any one thread, then publish; keep and drop are atomic.
 */
#ifndef HVGPU_RECORD_H
#define HVGPU_RECORD_H

#include <stddef.h>

#include "core/hvgpu.h"

/* A zeroed record of size bytes with one reference. NULL when out of memory. */
void *record_new(size_t size);
/* Makes room for texts of so many bytes together, terminators included: of ten thousand records
 * each then takes what it needs and no more. Called before the first text; more may follow. */
void record_reserve(void *record, size_t bytes);
/* A copy of s inside the record, CLEANED of control characters (base/text.h): all foreign text goes
 * through here. NULL in or out of memory gives NULL. */
const char *record_text(void *record, const char *s);
/* The same, line breaks and tabs kept (JSON answers, process output). */
const char *record_lines(void *record, const char *s);
/* printf into the record, cleaned. */
const char *record_textf(void *record, const char *format, ...) HVGPU_PRINTF(2, 3);
/* Zeroed memory inside the record, freed with it. */
void *record_alloc(void *record, size_t size);
/* Makes child live as long as the record (adds a reference that the record gives back). */
void record_own(void *record, const void *child);

/* An event record: struct and texts in ONE allocation, because tens of thousands are kept. `event`
 * gives the numbers; the texts are cleaned copies. JSON longer than RECORD_EVENT_JSON_MAX bytes is
 * cut and marked. NULL texts become "". NULL when out of memory. */
#define RECORD_EVENT_JSON_MAX 65536u
struct hvgpu_event *record_event_new(const struct hvgpu_event *event, const char *kind,
                                     const char *system_id, const char *json);

/* hvgpu_record_keep() and hvgpu_record_drop() are declared in hvgpu.h. */

#endif
