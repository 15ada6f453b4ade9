/* SPDX-License-Identifier: MIT
 *
 * The store: small named documents that must survive the process (journals of jobs, records of
 * launched systems) and the locks between processes that go with them. Kept in a folder that every
 * administrator of the machine shares, or in memory for a machine that lives in memory itself.
 * Keys: "job-<guid>", "system-<id>", "vm-<id>". Any id is allowed in a key; it is encoded for the
 * file system.
 *
 * Threads: any.
 */
#ifndef HVGPU_STORE_H
#define HVGPU_STORE_H

#include "core/base/json.h"
#include "core/base/status.h"

struct store;
struct store_lock;

/* Opens (and makes) a folder, owner only. folder NULL: in memory. */
enum hvgpu_status store_open(const char *folder, struct store **out,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
void store_close(struct store *store);

/* Replaces the document as a whole; it is on disk when this returns. */
enum hvgpu_status store_put(struct store *store, const char *key, const struct json *document,
                            struct hvgpu_error *err) HVGPU_MUST_USE;
/* HVGPU_NOT_FOUND when absent. *out is the caller's. A damaged file is HVGPU_PROTOCOL and is kept.
 */
enum hvgpu_status store_get(struct store *store, const char *key, struct json **out,
                            struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status store_remove(struct store *store, const char *key, struct hvgpu_error *err);
/* Calls each(key) for all keys with the prefix, until it returns false. The callback may get,
 * put and remove. */
enum hvgpu_status store_list(struct store *store, const char *prefix,
                             bool (*each)(void *context, const char *key), void *context,
                             struct hvgpu_error *err);
/* A number that grows whenever this process or another one changed the store, as far as the system
 * tells (folder time); equal numbers mean "nothing to read again". */
uint64_t store_generation(struct store *store);

/* A lock between processes and threads: HVGPU_BUSY when held by somebody else and !wait. Held until
 * released or until the process ends. */
enum hvgpu_status store_lock(struct store *store, const char *key, bool wait,
                             struct store_lock **out, struct hvgpu_error *err) HVGPU_MUST_USE;
void store_unlock(struct store_lock *lock);

#endif
