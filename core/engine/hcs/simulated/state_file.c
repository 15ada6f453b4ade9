/* SPDX-License-Identifier: MIT
 *
 * The machine in a file. See state_file.h.
 */
#include "core/engine/hcs/simulated/state_file.h"

#include "core/base/os/os.h"
#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_CLIENTS = 64, MOST_NOTICES = 4000 };

struct state_file {
    char *path, *lock_path;
    struct os_lock *lock;        /* held between begin and end */
    struct os_lock *client_lock; /* held for life */
    char *text;                  /* what the file held when it was last read or written */
    size_t len;
    uint64_t generation; /* of the machine then */
    int64_t epoch_ms;    /* wall clock at power-on */
    int64_t skipped_ns;
    bool skipped; /* since the last write */
};

static char *client_path(const struct state_file *file, uint32_t client)
{
    return text_format("%s.client-%u", file->path, (unsigned)client);
}

static void remember(struct state_file *file, const struct machine *m, char *text, size_t len)
{
    free(file->text);
    file->text = text;
    file->len = len;
    file->generation = machine_generation(m);
    file->skipped = false;
}

static enum hvgpu_status load(struct state_file *file, struct machine *m, char *text, size_t len,
                              struct hvgpu_error *err)
{
    struct json *root = NULL;
    struct hvgpu_error why;
    enum hvgpu_status status = json_parse(text, len, file->path, &root, &why);
    if (status == HVGPU_OK && (!json_i64(root, "epoch_ms", &file->epoch_ms) ||
                               !json_i64(root, "skipped_ns", &file->skipped_ns) ||
                               file->epoch_ms < 0 || file->skipped_ns < 0)) {
        status = error_set(&why, HVGPU_PROTOCOL, "read state", file->path,
                           "this is not the state of a simulated machine");
    }
    if (status == HVGPU_OK) {
        status = machine_load(m, json_member(root, "machine"), &why);
    }
    json_free(root);
    if (status != HVGPU_OK) {
        error_set(err, status, "read state", file->path, "%s", why.message);
        error_hint(err, "name another file with ?state=, or remove this one to begin anew");
        return status;
    }
    remember(file, m, text, len);
    return HVGPU_OK;
}

static void save(struct state_file *file, struct machine *m)
{
    struct json *root = json_new_object();
    json_add_string(root, "about", "state of a simulated Hyper-V machine of hvgpu");
    json_add_i64(root, "epoch_ms", file->epoch_ms);
    json_add_i64(root, "skipped_ns", file->skipped_ns);
    json_add(root, "machine", machine_save(m));
    char *text = json_print(root);
    json_free(root);
    struct hvgpu_error err;
    size_t len = text == NULL ? 0 : strlen(text);
    if (text == NULL || os_file_swap(file->path, text, len, &err) != HVGPU_OK) {
        /* The machine in memory is ahead of the file; the next end tries again. */
        free(text);
        return;
    }
    remember(file, m, text, len);
}

/* Reads the file when it differs from what is known. *made: there was none. */
static enum hvgpu_status refresh(struct state_file *file, struct machine *m, bool *made,
                                 struct hvgpu_error *err)
{
    char *text = NULL;
    size_t len = 0;
    *made = false;
    if (!os_file_exists(file->path)) {
        *made = true;
        return HVGPU_OK;
    }
    enum hvgpu_status status = os_file_read(file->path, JSON_MAX_BYTES, &text, &len, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (file->text != NULL && len == file->len && memcmp(text, file->text, len) == 0) {
        free(text);
        return HVGPU_OK;
    }
    status = load(file, m, text, len, err);
    if (status != HVGPU_OK) {
        free(text);
    }
    return status;
}

static void free_file(struct state_file *file)
{
    os_lock_release(file->lock);
    os_lock_release(file->client_lock);
    free(file->path);
    free(file->lock_path);
    free(file->text);
    free(file);
}

static enum hvgpu_status join(struct state_file *file, struct machine *m, uint32_t *client,
                              struct hvgpu_error *err)
{
    *client = machine_client_new(m);
    char *path = client_path(file, *client);
    if (*client == 0 || path == NULL) {
        free(path);
        return error_set(err, HVGPU_MEMORY, "open state", file->path, "out of memory");
    }
    enum hvgpu_status status = os_lock_take(path, false, &file->client_lock, err);
    free(path);
    return status;
}

/* A process that was killed while it wrote has left its new file beside the old one. */
static bool remove_leftover(void *context, const char *name)
{
    const struct state_file *file = context;
    const char *slash = strrchr(file->path, '/');
    const char *own = slash == NULL ? file->path : slash + 1;
    size_t len = strlen(own);
    if (strncmp(name, own, len) == 0 && text_starts(name + len, ".new-")) {
        char *path = text_format("%.*s%s", (int)(own - file->path), file->path, name);
        struct hvgpu_error err;
        if (path != NULL) {
            os_file_remove(path, &err);
        }
        free(path);
    }
    return true;
}

static void clean_up(struct state_file *file)
{
    struct hvgpu_error err;
    char *folder = text_copy(file->path);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
        os_folder_list(folder, remove_leftover, file, &err);
    }
    free(folder);
}

enum hvgpu_status state_file_open(const char *path, struct machine *m, uint32_t *client,
                                  struct state_file **out, struct hvgpu_error *err)
{
    *out = NULL;
    *client = 0;
    struct state_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        return error_set(err, HVGPU_MEMORY, "open state", path, "out of memory");
    }
    file->path = os_path_real(path);
    if (file->path == NULL) {
        free_file(file);
        error_set(err, HVGPU_NOT_FOUND, "open state", path, "the folder does not exist");
        error_hint(err, "make the folder of the state file first");
        return HVGPU_NOT_FOUND;
    }
    file->lock_path = text_format("%s.lock", file->path);
    bool made = false;
    machine_limit_notices(m, MOST_NOTICES);
    enum hvgpu_status status = file->lock_path == NULL
                                   ? HVGPU_MEMORY
                                   : os_lock_take(file->lock_path, true, &file->lock, err);
    if (status == HVGPU_OK) {
        clean_up(file);
        status = refresh(file, m, &made, err);
    }
    if (status == HVGPU_OK && made) {
        file->epoch_ms = os_wall_ms();
        machine_set_power_on(m, file->epoch_ms);
    }
    if (status == HVGPU_OK) {
        state_file_reap(file, m, 0);
        status = join(file, m, client, err);
    }
    if (status != HVGPU_OK) {
        free_file(file);
        return status;
    }
    save(file, m);
    if (file->text == NULL) {
        free_file(file);
        return error_set(err, HVGPU_IO, "open state", path, "the file cannot be written");
    }
    os_lock_release(file->lock);
    file->lock = NULL;
    *out = file;
    return HVGPU_OK;
}

bool state_file_begin(struct state_file *file, struct machine *m)
{
    struct hvgpu_error err;
    bool made = false;
    if (os_lock_take(file->lock_path, true, &file->lock, &err) != HVGPU_OK) {
        return false;
    }
    if (refresh(file, m, &made, &err) != HVGPU_OK) {
        os_lock_release(file->lock);
        file->lock = NULL;
        return false;
    }
    return true;
}

void state_file_end(struct state_file *file, struct machine *m)
{
    if (machine_generation(m) != file->generation || file->skipped) {
        save(file, m);
    }
    os_lock_release(file->lock);
    file->lock = NULL;
}

void state_file_close(struct state_file *file, struct machine *m, uint32_t client)
{
    if (state_file_begin(file, m)) {
        machine_client_gone(m, client, state_file_now(file));
        state_file_end(file, m);
    }
    char *path = client_path(file, client);
    if (path != NULL) {
        struct hvgpu_error err;
        os_file_remove(path, &err);
    }
    free(path);
    free_file(file);
}

int64_t state_file_now(const struct state_file *file)
{
    int64_t passed_ms = os_wall_ms() - file->epoch_ms;
    return (passed_ms < 0 ? 0 : passed_ms) * 1000000 + file->skipped_ns;
}

void state_file_skip(struct state_file *file, int64_t ns)
{
    file->skipped_ns += ns;
    file->skipped = true;
}

void state_file_reap(struct state_file *file, struct machine *m, uint32_t self)
{
    uint32_t clients[MOST_CLIENTS];
    size_t count = machine_clients(m, clients, MOST_CLIENTS);
    count = count > MOST_CLIENTS ? MOST_CLIENTS : count;
    for (size_t i = 0; i < count; i++) {
        char *path = clients[i] == self ? NULL : client_path(file, clients[i]);
        struct os_lock *lock = NULL;
        struct hvgpu_error err;
        if (path != NULL && os_lock_take(path, false, &lock, &err) == HVGPU_OK) {
            machine_client_gone(m, clients[i], state_file_now(file));
            os_file_remove(path, &err);
            os_lock_release(lock);
        }
        free(path);
    }
}
