/* SPDX-License-Identifier: MIT
 *
 * A table from numbers to objects: constant-time look-up for ten thousand systems and handles.
 * Zeroed memory is an empty table. It owns its arrays, never the objects. No threads.
 */
#ifndef HVGPU_SIMULATED_TABLE_H
#define HVGPU_SIMULATED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_table {
    uint64_t *keys; /* 0: empty */
    void **values;
    size_t cap, used, filled; /* filled counts removed places too */
};
void sim_table_free(struct sim_table *table);
bool sim_table_put(struct sim_table *table, uint64_t key, void *value); /* key not 0 */
void *sim_table_get(const struct sim_table *table, uint64_t key);
void sim_table_remove(struct sim_table *table, uint64_t key);
/* All values, in no order: *at starts at 0; NULL at the end. Removing the one just seen is allowed.
 */
void *sim_table_next(const struct sim_table *table, size_t *at);

#endif
