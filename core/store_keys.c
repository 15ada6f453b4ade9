/* SPDX-License-Identifier: MIT
 *
 * The list of keys that a store gathers before it calls anybody back: see store_backend.h.
 */
#include "core/store_backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

void store_keys_add(struct store_keys *keys, const char *key)
{
    if (keys->count == keys->cap) {
        size_t cap = keys->cap == 0 ? 16 : keys->cap * 2;
        char **grown = realloc(keys->items, cap * sizeof *grown);
        if (grown == NULL) {
            keys->failed = true;
            return;
        }
        keys->items = grown;
        keys->cap = cap;
    }
    char *copy = text_copy(key);
    if (copy == NULL) {
        keys->failed = true;
        return;
    }
    keys->items[keys->count++] = copy;
}

static int compare_keys(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

void store_keys_sort(struct store_keys *keys)
{
    if (keys->count > 1) {
        qsort(keys->items, keys->count, sizeof keys->items[0], compare_keys);
    }
}

void store_keys_free(struct store_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        free(keys->items[i]);
    }
    free(keys->items);
    *keys = (struct store_keys){0};
}
