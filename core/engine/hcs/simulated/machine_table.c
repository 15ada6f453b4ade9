/* SPDX-License-Identifier: MIT
 *
 * A table from numbers to objects: open addressing with linear probing, no order. Used for ten
 * thousand systems and their handles, so every look-up must be constant time.
 *
 * The table owns its arrays, never the objects.
 */
#include "core/engine/hcs/simulated/table.h"

#include <stdlib.h>

/* Marks a place whose entry went away: probing goes on over it. */
static const char removed_mark;
#define REMOVED ((void *)(uintptr_t)&removed_mark)

static size_t place_of(uint64_t key, size_t cap)
{
    /* Numbers count up: a multiplication spreads them (Knuth's golden ratio). */
    return (size_t)((key * 0x9E3779B97F4A7C15u) >> 20) & (cap - 1);
}

void sim_table_free(struct sim_table *table)
{
    free(table->keys);
    free(table->values);
    *table = (struct sim_table){0};
}

static void place(struct sim_table *table, uint64_t key, void *value)
{
    size_t at = place_of(key, table->cap);
    while (table->keys[at] != 0) {
        at = (at + 1) & (table->cap - 1);
    }
    table->keys[at] = key;
    table->values[at] = value;
    table->used++;
    table->filled++;
}

static bool grow(struct sim_table *table)
{
    size_t cap = 64;
    while (cap < table->used * 4) {
        cap *= 2;
    }
    struct sim_table bigger = {
        .keys = calloc(cap, sizeof(*bigger.keys)),
        .values = calloc(cap, sizeof(*bigger.values)),
        .cap = cap,
    };
    if (bigger.keys == NULL || bigger.values == NULL) {
        sim_table_free(&bigger);
        return false;
    }
    for (size_t i = 0; i < table->cap; i++) {
        if (table->keys[i] != 0 && table->values[i] != REMOVED) {
            place(&bigger, table->keys[i], table->values[i]);
        }
    }
    sim_table_free(table);
    *table = bigger;
    return true;
}

/* The index of key, or SIZE_MAX. */
static size_t find(const struct sim_table *table, uint64_t key)
{
    if (table->cap == 0 || key == 0) {
        return SIZE_MAX;
    }
    size_t at = place_of(key, table->cap);
    while (table->keys[at] != 0) {
        if (table->keys[at] == key && table->values[at] != REMOVED) {
            return at;
        }
        at = (at + 1) & (table->cap - 1);
    }
    return SIZE_MAX;
}

bool sim_table_put(struct sim_table *table, uint64_t key, void *value)
{
    size_t at = find(table, key);
    if (at != SIZE_MAX) {
        table->values[at] = value;
        return true;
    }
    if ((table->filled + 1) * 2 > table->cap && !grow(table)) {
        return false;
    }
    place(table, key, value);
    return true;
}

void *sim_table_get(const struct sim_table *table, uint64_t key)
{
    size_t at = find(table, key);
    return at == SIZE_MAX ? NULL : table->values[at];
}

void sim_table_remove(struct sim_table *table, uint64_t key)
{
    size_t at = find(table, key);
    if (at != SIZE_MAX) {
        table->values[at] = REMOVED;
        table->used--;
    }
}

void *sim_table_next(const struct sim_table *table, size_t *at)
{
    while (*at < table->cap) {
        size_t i = (*at)++;
        if (table->keys[i] != 0 && table->values[i] != REMOVED) {
            return table->values[i];
        }
    }
    return NULL;
}
