/* SPDX-License-Identifier: MIT
 *
 * The store in a folder: see store_backend.h. A document is a file NAME.json, a lock a file
 * locks/NAME.lock that exists while the lock is held. NAME is the key with everything but
 * [A-Za-z0-9._@-] percent-encoded. A name that would be too long for a file system is cut and ends
 * with ~ and a hash; '~' occurs in no other name, and such a file holds the key beside the
 * document:
 * {"key": ..., "document": ...}.
 *
 * Threads: files are replaced as a whole and locked by the system; only the generation needs a
 * mutex.
 */
#include "core/store_backend.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/os/os.h"
#include "core/base/text.h"

#define NAME_MAX_BYTES  180 /* leaves room for ".json.new-XXXXXX" within 255 */
#define NAME_KEPT_BYTES 150
#define SUFFIX          ".json"

/* A folder whose time is this near to now may change again without a new time: the clock of file
 * systems is coarse. */
#define RACY_NS INT64_C(50000000)

/* Half-written files of a process that was killed are removed when they are older. */
#define STALE_NS INT64_C(3600000000000)

struct folder_store {
    struct store head;
    char *folder, *locks;
    struct os_mutex *mutex; /* guards what follows */
    uint64_t stamp;
    uint64_t generation;
};

struct folder_lock {
    struct store_lock head;
    struct os_lock *lock;
};

static struct folder_store *folder_of(struct store *store)
{
    return (struct folder_store *)store;
}

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._@-", c) != NULL);
}

/* The file name of a key, without suffix. New memory; NULL when out of memory. */
static char *encode(const char *key)
{
    struct text t;
    text_init(&t, SIZE_MAX / 2);
    size_t kept = 0; /* length up to which the name may be cut without cutting an escape */
    for (const char *at = key; *at != '\0'; at++) {
        if (is_plain(*at)) {
            text_add_char(&t, *at);
        } else {
            text_addf(&t, "%%%02X", (unsigned)(unsigned char)*at);
        }
        if (t.len <= NAME_KEPT_BYTES) {
            kept = t.len;
        }
    }
    if (t.len <= NAME_MAX_BYTES) {
        return text_take(&t);
    }
    uint64_t hash = text_hash(key, strlen(key));
    char *name = text_format("%.*s~%016" PRIx64, (int)kept, t.data, hash);
    text_free(&t);
    return name;
}

static bool is_hashed(const char *name)
{
    return strchr(name, '~') != NULL;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789ABCDEF";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* The key of a file name, suffix cut off; NULL: no name that encode() makes, or out of memory. */
static char *decode(const char *name, size_t len)
{
    struct text t;
    text_init(&t, SIZE_MAX / 2);
    for (size_t i = 0; i < len; i++) {
        if (is_plain(name[i])) {
            text_add_char(&t, name[i]);
            continue;
        }
        int high = name[i] == '%' && i + 2 < len ? hex_digit(name[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(name[i + 2]) : -1;
        if (low < 0) {
            text_free(&t);
            return NULL;
        }
        text_add_char(&t, (char)(high * 16 + low));
        i += 2;
    }
    return text_take(&t);
}

static char *path_of(const struct folder_store *store, const char *name)
{
    return name != NULL ? text_format("%s/%s" SUFFIX, store->folder, name) : NULL;
}

static void destroy(struct folder_store *store)
{
    os_mutex_free(store->mutex);
    free(store->folder);
    free(store->locks);
    free(store);
}

static void folder_close(struct store *base)
{
    destroy(folder_of(base));
}

static void count_change(struct folder_store *store)
{
    os_mutex_lock(store->mutex);
    store->generation++;
    os_mutex_unlock(store->mutex);
}

/* The text of the file: the document, in an envelope where the name does not tell the key. */
static char *file_text(const char *key, bool hashed, const struct json *document)
{
    if (!hashed) {
        return json_print_pretty(document);
    }
    struct json *envelope = json_new_object();
    json_add_string(envelope, "key", key);
    (void)json_add(envelope, "document", json_copy(document));
    char *text = json_print_pretty(envelope);
    json_free(envelope);
    return text;
}

static enum hvgpu_status folder_put(struct store *base, const char *key,
                                    const struct json *document, struct hvgpu_error *err)
{
    struct folder_store *store = folder_of(base);
    char *name = encode(key);
    char *path = path_of(store, name);
    char *text = name != NULL ? file_text(key, is_hashed(name), document) : NULL;
    enum hvgpu_status status;
    if (path == NULL || text == NULL) {
        status = error_set(err, HVGPU_MEMORY, "write record", key, "out of memory");
    } else {
        status = os_file_replace(path, text, strlen(text), err);
    }
    if (status == HVGPU_OK) {
        count_change(store);
    }
    free(name);
    free(path);
    free(text);
    return status;
}

/* Reads one file. NOT_FOUND: there is none; PROTOCOL: it is damaged. */
static enum hvgpu_status read_document(const char *path, struct json **out, struct hvgpu_error *err)
{
    char *text = NULL;
    size_t len = 0;
    enum hvgpu_status status = os_file_read(path, JSON_MAX_BYTES, &text, &len, err);
    if (status == HVGPU_LIMIT && err != NULL) {
        err->status = HVGPU_PROTOCOL;
    }
    if (status != HVGPU_OK) {
        return status == HVGPU_LIMIT ? HVGPU_PROTOCOL : status;
    }
    status = json_parse(text, len, path, out, err);
    free(text);
    if (status == HVGPU_OK || status == HVGPU_MEMORY) {
        return status;
    }
    if (err != NULL) {
        err->status = HVGPU_PROTOCOL;
    }
    error_hint(err, "the file is damaged and was left as it is: look at it, then remove it");
    return HVGPU_PROTOCOL;
}

/* Takes the document out of an envelope of this key. */
static enum hvgpu_status unwrap(const char *key, struct json **document, struct hvgpu_error *err)
{
    struct json *envelope = *document;
    bool is_this_key = text_equal(json_string(envelope, "key"), key);
    *document = is_this_key ? json_detach(envelope, "document") : NULL;
    json_free(envelope);
    if (*document != NULL) {
        return HVGPU_OK;
    }
    return error_set(err, is_this_key ? HVGPU_PROTOCOL : HVGPU_NOT_FOUND, "read record", key,
                     is_this_key ? "the record has no document" : "there is no such record");
}

static enum hvgpu_status folder_get(struct store *base, const char *key, struct json **out,
                                    struct hvgpu_error *err)
{
    struct folder_store *store = folder_of(base);
    char *name = encode(key);
    char *path = path_of(store, name);
    enum hvgpu_status status;
    if (path == NULL) {
        status = error_set(err, HVGPU_MEMORY, "read record", key, "out of memory");
    } else {
        status = read_document(path, out, err);
    }
    if (status == HVGPU_OK && is_hashed(name)) {
        status = unwrap(key, out, err);
    }
    free(name);
    free(path);
    return status;
}

static enum hvgpu_status folder_remove(struct store *base, const char *key, struct hvgpu_error *err)
{
    struct folder_store *store = folder_of(base);
    char *name = encode(key);
    char *path = path_of(store, name);
    enum hvgpu_status status;
    if (path == NULL) {
        status = error_set(err, HVGPU_MEMORY, "remove record", key, "out of memory");
    } else {
        status = os_file_remove(path, err);
    }
    if (status == HVGPU_OK) {
        count_change(store);
    }
    free(name);
    free(path);
    return status;
}

struct listing {
    const struct folder_store *store;
    const char *prefix;
    struct store_keys *keys;
};

/* The key inside an envelope. A damaged one is passed over: its key is not known. */
static char *key_of_envelope(const struct folder_store *store, const char *file_name)
{
    char *path = text_format("%s/%s", store->folder, file_name);
    struct json *envelope = NULL;
    char *key = NULL;
    if (path != NULL && read_document(path, &envelope, NULL) == HVGPU_OK) {
        key = text_copy(json_string(envelope, "key"));
    }
    json_free(envelope);
    free(path);
    return key;
}

static bool list_one(void *context, const char *file_name)
{
    struct listing *listing = context;
    size_t len = strlen(file_name);
    size_t suffix_len = sizeof SUFFIX - 1;
    if (len <= suffix_len || strcmp(file_name + len - suffix_len, SUFFIX) != 0) {
        return true; /* the folder of locks, a half-written file, something of others */
    }
    char *key = is_hashed(file_name) ? key_of_envelope(listing->store, file_name)
                                     : decode(file_name, len - suffix_len);
    if (key != NULL && text_starts(key, listing->prefix)) {
        store_keys_add(listing->keys, key);
    }
    free(key);
    return true;
}

static enum hvgpu_status folder_list(struct store *base, const char *prefix, struct store_keys *out,
                                     struct hvgpu_error *err)
{
    struct listing listing = {.store = folder_of(base), .prefix = prefix, .keys = out};
    return os_folder_list(listing.store->folder, list_one, &listing, err);
}

static uint64_t folder_generation(struct store *base)
{
    struct folder_store *store = folder_of(base);
    uint64_t stamp = os_folder_stamp(store->folder);
    int64_t age_ns = os_wall_ms() * 1000000 - (int64_t)stamp;
    bool is_racy = stamp == 0 || (age_ns < RACY_NS && age_ns > -RACY_NS);
    os_mutex_lock(store->mutex);
    if (is_racy || stamp != store->stamp) {
        store->stamp = stamp;
        store->generation++;
    }
    uint64_t generation = store->generation;
    os_mutex_unlock(store->mutex);
    return generation;
}

static enum hvgpu_status folder_lock(struct store *base, const char *key, bool wait,
                                     struct store_lock **out, struct hvgpu_error *err)
{
    struct folder_store *store = folder_of(base);
    struct folder_lock *lock = calloc(1, sizeof *lock);
    char *name = encode(key);
    char *path = name != NULL ? text_format("%s/%s.lock", store->locks, name) : NULL;
    enum hvgpu_status status;
    if (lock == NULL || path == NULL) {
        status = error_set(err, HVGPU_MEMORY, "lock record", key, "out of memory");
    } else {
        lock->head.backend = base->backend;
        status = os_lock_take(path, wait, &lock->lock, err);
    }
    free(name);
    free(path);
    if (status != HVGPU_OK) {
        free(lock);
        return status;
    }
    *out = &lock->head;
    return HVGPU_OK;
}

static void folder_unlock(struct store_lock *base)
{
    struct folder_lock *lock = (struct folder_lock *)base;
    os_lock_release_and_remove(lock->lock);
    free(lock);
}

static const struct store_backend folder_backend = {
    .close = folder_close,
    .put = folder_put,
    .get = folder_get,
    .remove = folder_remove,
    .list = folder_list,
    .generation = folder_generation,
    .lock = folder_lock,
    .unlock = folder_unlock,
};

static bool remove_stale(void *context, const char *file_name)
{
    const struct folder_store *store = context;
    if (strstr(file_name, SUFFIX ".new-") == NULL) {
        return true;
    }
    char *path = text_format("%s/%s", store->folder, file_name);
    if (path != NULL) {
        int64_t age_ns = os_wall_ms() * 1000000 - (int64_t)os_folder_stamp(path);
        if (age_ns > STALE_NS) {
            (void)os_file_remove(path, NULL);
        }
    }
    free(path);
    return true;
}

enum hvgpu_status store_folder_open(const char *folder, struct store **out, struct hvgpu_error *err)
{
    struct folder_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return error_set(err, HVGPU_MEMORY, "open store", folder, "out of memory");
    }
    store->head.backend = &folder_backend;
    store->folder = text_copy(folder);
    store->locks = text_format("%s/locks", folder);
    store->mutex = os_mutex_new();
    enum hvgpu_status status;
    if (store->folder == NULL || store->locks == NULL || store->mutex == NULL) {
        status = error_set(err, HVGPU_MEMORY, "open store", folder, "out of memory");
    } else {
        status = os_folder_make(store->locks, err);
    }
    if (status == HVGPU_OK) {
        status = os_folder_list(store->folder, remove_stale, store, err);
    }
    if (status != HVGPU_OK) {
        destroy(store);
        return status;
    }
    *out = &store->head;
    return HVGPU_OK;
}
