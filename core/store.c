/* SPDX-License-Identifier: MIT
 *
 * The store: see store.h. A table of functions with two fillings: store_folder.c keeps each
 * document in a file of its own, store_memory.c keeps them in a sorted array. This file checks what
 * both would have to check.
 */
#include "core/store.h"

#include <stdlib.h>

#include "core/store_backend.h"

enum hvgpu_status store_open(const char *folder, struct store **out, struct hvgpu_error *err)
{
    *out = NULL;
    return folder != NULL ? store_folder_open(folder, out, err) : store_memory_open(out, err);
}

void store_close(struct store *store)
{
    if (store != NULL) {
        store->backend->close(store);
    }
}

/* A key is a file name's raw material: any id of a host, but something. */
static enum hvgpu_status check_key(const char *operation, const char *key, struct hvgpu_error *err)
{
    if (key == NULL || key[0] == '\0') {
        return error_set(err, HVGPU_INVALID, operation, key, "the key is empty");
    }
    return HVGPU_OK;
}

enum hvgpu_status store_put(struct store *store, const char *key, const struct json *document,
                            struct hvgpu_error *err)
{
    enum hvgpu_status status = check_key("write record", key, err);
    if (status == HVGPU_OK && document == NULL) {
        status = error_set(err, HVGPU_INVALID, "write record", key, "there is no document");
    }
    return status == HVGPU_OK ? store->backend->put(store, key, document, err) : status;
}

enum hvgpu_status store_get(struct store *store, const char *key, struct json **out,
                            struct hvgpu_error *err)
{
    *out = NULL;
    enum hvgpu_status status = check_key("read record", key, err);
    return status == HVGPU_OK ? store->backend->get(store, key, out, err) : status;
}

enum hvgpu_status store_remove(struct store *store, const char *key, struct hvgpu_error *err)
{
    enum hvgpu_status status = check_key("remove record", key, err);
    return status == HVGPU_OK ? store->backend->remove(store, key, err) : status;
}

enum hvgpu_status store_list(struct store *store, const char *prefix,
                             bool (*each)(void *context, const char *key), void *context,
                             struct hvgpu_error *err)
{
    /* Gathered first, so that the callback may change the store. */
    struct store_keys keys = {0};
    enum hvgpu_status status =
        store->backend->list(store, prefix != NULL ? prefix : "", &keys, err);
    if (status == HVGPU_OK && keys.failed) {
        status = error_set(err, HVGPU_MEMORY, "list records", prefix, "out of memory");
    }
    if (status == HVGPU_OK) {
        store_keys_sort(&keys);
        bool more = true;
        for (size_t i = 0; i < keys.count && more; i++) {
            more = each(context, keys.items[i]);
        }
    }
    store_keys_free(&keys);
    return status;
}

uint64_t store_generation(struct store *store)
{
    return store->backend->generation(store);
}

enum hvgpu_status store_lock(struct store *store, const char *key, bool wait,
                             struct store_lock **out, struct hvgpu_error *err)
{
    *out = NULL;
    enum hvgpu_status status = check_key("lock record", key, err);
    return status == HVGPU_OK ? store->backend->lock(store, key, wait, out, err) : status;
}

void store_unlock(struct store_lock *lock)
{
    if (lock != NULL) {
        lock->backend->unlock(lock);
    }
}
