/* SPDX-License-Identifier: MIT
 *
 * The store in memory, for a machine that lives in memory itself: see store_backend.h. Documents
 * are kept as trees in an array sorted by key; locks as a list of owned keys.
 *
 * Threads: one mutex for all. A lock holds the store alive, so that a job that outlives its host
 * unlocks safely; the last of them frees it.
 */
#include "core/store_backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/os/os.h"
#include "core/base/text.h"

struct entry {
    char *key;
    struct json *document;
};

struct memory_lock {
    struct store_lock head;
    struct memory_store *store;
    struct memory_lock *next;
    char *key;
};

struct memory_store {
    struct store head;
    struct os_mutex *mutex; /* guards what follows */
    struct os_cond *released;
    struct entry *entries; /* sorted by key */
    size_t count, cap;
    struct memory_lock *locks; /* those that are held */
    size_t references;         /* the opener, and each lock that is held */
    uint64_t generation;
};

static struct memory_store *memory_of(struct store *store)
{
    return (struct memory_store *)store;
}

/* Index of the first entry whose key is not before `key`; *found: it is that key. */
static size_t find(const struct memory_store *store, const char *key, bool *found)
{
    size_t low = 0;
    size_t high = store->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(store->entries[middle].key, key);
        *found = *found || order == 0;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void destroy(struct memory_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        free(store->entries[i].key);
        json_free(store->entries[i].document);
    }
    free(store->entries);
    os_cond_free(store->released);
    os_mutex_free(store->mutex);
    free(store);
}

/* Called with the mutex held; lets it go. */
static void drop_reference(struct memory_store *store)
{
    store->references--;
    bool is_last = store->references == 0;
    os_mutex_unlock(store->mutex);
    if (is_last) {
        destroy(store);
    }
}

static void memory_close(struct store *base)
{
    struct memory_store *store = memory_of(base);
    os_mutex_lock(store->mutex);
    drop_reference(store);
}

/* Makes room at index; false: out of memory. */
static bool insert_at(struct memory_store *store, size_t index, char *key)
{
    if (store->count == store->cap) {
        size_t cap = store->cap == 0 ? 16 : store->cap * 2;
        struct entry *grown = realloc(store->entries, cap * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        store->entries = grown;
        store->cap = cap;
    }
    memmove(store->entries + index + 1, store->entries + index,
            (store->count - index) * sizeof store->entries[0]);
    store->entries[index] = (struct entry){.key = key};
    store->count++;
    return true;
}

static enum hvgpu_status memory_put(struct store *base, const char *key,
                                    const struct json *document, struct hvgpu_error *err)
{
    struct memory_store *store = memory_of(base);
    struct json *copy = json_copy(document);
    char *new_key = text_copy(key);
    bool is_stored = false;
    struct json *replaced = NULL;
    os_mutex_lock(store->mutex);
    if (copy != NULL && new_key != NULL) {
        size_t index = find(store, key, &is_stored);
        if (!is_stored && insert_at(store, index, new_key)) {
            new_key = NULL;
            is_stored = true;
        }
        if (is_stored) {
            replaced = store->entries[index].document;
            store->entries[index].document = copy;
            store->generation++;
        }
    }
    os_mutex_unlock(store->mutex);
    free(new_key);
    json_free(is_stored ? replaced : copy);
    if (!is_stored) {
        return error_set(err, HVGPU_MEMORY, "write record", key, "out of memory");
    }
    return HVGPU_OK;
}

static enum hvgpu_status memory_get(struct store *base, const char *key, struct json **out,
                                    struct hvgpu_error *err)
{
    struct memory_store *store = memory_of(base);
    bool found;
    os_mutex_lock(store->mutex);
    size_t index = find(store, key, &found);
    if (found) {
        *out = json_copy(store->entries[index].document);
    }
    os_mutex_unlock(store->mutex);
    if (!found) {
        return error_set(err, HVGPU_NOT_FOUND, "read record", key, "there is no such record");
    }
    if (*out == NULL) {
        return error_set(err, HVGPU_MEMORY, "read record", key, "out of memory");
    }
    return HVGPU_OK;
}

static enum hvgpu_status memory_remove(struct store *base, const char *key, struct hvgpu_error *err)
{
    (void)err; /* taking something out of memory cannot fail */
    struct memory_store *store = memory_of(base);
    struct entry removed = {0};
    bool found;
    os_mutex_lock(store->mutex);
    size_t index = find(store, key, &found);
    if (found) {
        removed = store->entries[index];
        store->count--;
        memmove(store->entries + index, store->entries + index + 1,
                (store->count - index) * sizeof store->entries[0]);
        store->generation++;
    }
    os_mutex_unlock(store->mutex);
    free(removed.key);
    json_free(removed.document);
    return HVGPU_OK;
}

static enum hvgpu_status memory_list(struct store *base, const char *prefix, struct store_keys *out,
                                     struct hvgpu_error *err)
{
    (void)err;
    struct memory_store *store = memory_of(base);
    bool found;
    os_mutex_lock(store->mutex);
    for (size_t i = find(store, prefix, &found);
         i < store->count && text_starts(store->entries[i].key, prefix); i++) {
        store_keys_add(out, store->entries[i].key);
    }
    os_mutex_unlock(store->mutex);
    return HVGPU_OK;
}

static uint64_t memory_generation(struct store *base)
{
    struct memory_store *store = memory_of(base);
    os_mutex_lock(store->mutex);
    uint64_t generation = store->generation;
    os_mutex_unlock(store->mutex);
    return generation;
}

static bool is_locked(const struct memory_store *store, const char *key)
{
    for (const struct memory_lock *lock = store->locks; lock != NULL; lock = lock->next) {
        if (text_equal(lock->key, key)) {
            return true;
        }
    }
    return false;
}

static enum hvgpu_status memory_lock(struct store *base, const char *key, bool wait,
                                     struct store_lock **out, struct hvgpu_error *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_lock *lock = calloc(1, sizeof *lock);
    char *copy = text_copy(key);
    if (lock == NULL || copy == NULL) {
        free(lock);
        free(copy);
        return error_set(err, HVGPU_MEMORY, "lock record", key, "out of memory");
    }
    *lock = (struct memory_lock){.head = {.backend = base->backend}, .store = store, .key = copy};
    os_mutex_lock(store->mutex);
    while (wait && is_locked(store, key)) {
        (void)os_cond_wait(store->released, store->mutex, INT64_MAX);
    }
    bool is_free = !is_locked(store, key);
    if (is_free) {
        lock->next = store->locks;
        store->locks = lock;
        store->references++;
        *out = &lock->head;
    }
    os_mutex_unlock(store->mutex);
    if (!is_free) {
        free(lock->key);
        free(lock);
        return error_set(err, HVGPU_BUSY, "lock record", key, "somebody else holds the lock");
    }
    return HVGPU_OK;
}

static void memory_unlock(struct store_lock *base)
{
    struct memory_lock *lock = (struct memory_lock *)base;
    struct memory_store *store = lock->store;
    os_mutex_lock(store->mutex);
    struct memory_lock **link = &store->locks;
    while (*link != lock) {
        link = &(*link)->next;
    }
    *link = lock->next;
    os_cond_broadcast(store->released);
    drop_reference(store);
    free(lock->key);
    free(lock);
}

static const struct store_backend memory_backend = {
    .close = memory_close,
    .put = memory_put,
    .get = memory_get,
    .remove = memory_remove,
    .list = memory_list,
    .generation = memory_generation,
    .lock = memory_lock,
    .unlock = memory_unlock,
};

enum hvgpu_status store_memory_open(struct store **out, struct hvgpu_error *err)
{
    struct memory_store *store = calloc(1, sizeof *store);
    if (store != NULL) {
        store->head.backend = &memory_backend;
        store->references = 1;
        store->mutex = os_mutex_new();
        store->released = os_cond_new();
    }
    if (store == NULL || store->mutex == NULL || store->released == NULL) {
        if (store != NULL) {
            destroy(store);
        }
        return error_set(err, HVGPU_MEMORY, "open store", "memory", "out of memory");
    }
    *out = &store->head;
    return HVGPU_OK;
}
