/* SPDX-License-Identifier: MIT
 *
 * What the two fillings of the store share. For store*.c only; others include store.h.
 */
#ifndef HVGPU_STORE_BACKEND_H
#define HVGPU_STORE_BACKEND_H

#include "core/store.h"

/* A list of keys that owns its texts. */
struct store_keys {
    char **items;
    size_t count, cap;
    bool failed; /* memory ran out; the list is not complete */
};

void store_keys_add(struct store_keys *keys, const char *key);
void store_keys_sort(struct store_keys *keys);
void store_keys_free(struct store_keys *keys);

/* Arguments are checked; *out is NULL on entry; functions as in store.h. Called from any thread. */
struct store_backend {
    void (*close)(struct store *store);
    enum hvgpu_status (*put)(struct store *store, const char *key, const struct json *document,
                             struct hvgpu_error *err);
    enum hvgpu_status (*get)(struct store *store, const char *key, struct json **out,
                             struct hvgpu_error *err);
    enum hvgpu_status (*remove)(struct store *store, const char *key, struct hvgpu_error *err);
    enum hvgpu_status (*list)(struct store *store, const char *prefix, struct store_keys *out,
                              struct hvgpu_error *err);
    uint64_t (*generation)(struct store *store);
    enum hvgpu_status (*lock)(struct store *store, const char *key, bool wait,
                              struct store_lock **out, struct hvgpu_error *err);
    void (*unlock)(struct store_lock *lock);
};

/* The head of every store and lock; the fillings put their own members behind it. */
struct store {
    const struct store_backend *backend;
};
struct store_lock {
    const struct store_backend *backend;
};

enum hvgpu_status store_folder_open(const char *folder, struct store **out,
                                    struct hvgpu_error *err);
enum hvgpu_status store_memory_open(struct store **out, struct hvgpu_error *err);

#endif
