/* SPDX-License-Identifier: MIT
 *
 * The second wall of the in-process shell: inventory, files, names, change notices, streams.
 */
#include "core/engine/hcs/simulated/shell_private.h"

#include "core/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_FOLDER "C:\\ProgramData\\hvgpu\\probe"
#define SCRATCH_ROOT "C:\\ProgramData\\hvgpu\\scratch"

/* Calls of this wall have no document to damage: nonsense is "invalid data". */
static bool guarded(struct shell *shell, const char *call, const char *argument,
                    struct shell_guard *guard)
{
    if (!shell_guard_begin(shell, call, argument, guard)) {
        return false;
    }
    if (guard->nonsense != NULL) {
        guard->result = HR_ERROR_INVALID_DATA;
        return false;
    }
    return true;
}

/* ---- inventory ---- */

static hcs_result facts(void *machine, struct host_facts *out)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    *out = (struct host_facts){0};
    if (!guarded(shell, "host.facts", NULL, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    if (entered || shell->file != NULL) { /* facts are the scenario's, whatever the file says */
        machine_facts(shell->machine, out);
    }
    /* A machine of one process in which nothing moves need not be asked again and again. */
    out->still =
        !shell->scenario->moves && shell->scenario->service_restart_s == 0 && shell->file == NULL;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return 0;
}

static int64_t now_ms(void *machine)
{
    return shell_wall_ms(machine);
}

static hcs_result gpus(void *machine, struct host_gpu **out, size_t *count)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    *out = NULL;
    *count = 0;
    if (!guarded(shell, "host.gpus", NULL, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result =
        entered ? machine_gpus(shell->machine, shell_now(shell), out, count) : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static void free_gpus(void *machine, struct host_gpu *list, size_t count)
{
    (void)machine;
    (void)count;
    free(list);
}

static hcs_result driver_package(void *machine, const char *instance_id,
                                 struct host_driver_package **out)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    *out = NULL;
    if (!guarded(shell, "host.driver_package", instance_id, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result =
        entered ? machine_driver_package(shell->machine, instance_id, out) : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static void free_driver_package(void *machine, struct host_driver_package *package)
{
    (void)machine;
    free(package);
}

static hcs_result images(void *machine, struct host_image **out, size_t *count)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    *out = NULL;
    *count = 0;
    if (!guarded(shell, "host.images", NULL, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result = entered ? machine_images(shell->machine, out, count) : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static void free_images(void *machine, struct host_image *list, size_t count)
{
    (void)machine;
    (void)count;
    free(list);
}

static hcs_result name_to_guid(void *machine, const char *name, char guid[37])
{
    struct shell *shell = machine;
    struct shell_guard guard;
    guid[0] = '\0';
    if (!guarded(shell, "host.name_to_guid", name, &guard)) {
        return guard.result;
    }
    hcs_result result = machine_name_to_guid(name, guid);
    shell_guard_end(&guard);
    return result;
}

/* ---- notices ---- */

static hcs_result watch(void *machine, host_change_fn fn, void *context)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    if (!guarded(shell, "host.watch", NULL, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result =
        entered ? machine_watch(shell->machine, shell->client, fn != NULL, shell_now(shell))
                : HR_E_UNEXPECTED;
    shell->watch = fn;
    shell->watch_context = context;
    shell_leave(shell, entered);
    if (fn == NULL && !shell_on_thread(shell)) {
        os_mutex_lock(shell->lock);
        while (shell->in_watch) {
            os_cond_wait(shell->done, shell->lock, INT64_MAX);
        }
        os_mutex_unlock(shell->lock);
    }
    shell_guard_end(&guard);
    return result;
}

/* ---- files ---- */

static hcs_result make_folder(void *machine, const char *path)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    if (!guarded(shell, "host.make_folder", path, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result = entered ? machine_make_folder(shell->machine, path) : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static hcs_result copy_file(void *machine, const char *from, const char *to)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    int64_t duration = 0;
    char *argument = text_format("%s -> %s", from == NULL ? "" : from, to == NULL ? "" : to);
    bool go_on = guarded(shell, "host.copy_file", argument, &guard);
    free(argument);
    if (!go_on) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result =
        entered ? machine_copy_file(shell->machine, from, to, shell_now(shell), &duration)
                : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_sleep(shell, duration);
    shell_guard_end(&guard);
    return result;
}

static hcs_result delete_tree(void *machine, const char *path)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    if (!guarded(shell, "host.delete_tree", path, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result = entered ? machine_delete_tree(shell->machine, path) : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static hcs_result exists(void *machine, const char *path, bool *is_folder)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    *is_folder = false;
    if (!guarded(shell, "host.exists", path, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result = entered ? machine_exists(shell->machine, path, is_folder) : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static hcs_result folder_name(struct shell *shell, const char *call, const char *name, char *path,
                              size_t size)
{
    struct shell_guard guard;
    if (!guarded(shell, call, NULL, &guard)) {
        return guard.result;
    }
    int len = snprintf(path, size, "%s", name);
    shell_guard_end(&guard);
    return len < 0 || (size_t)len >= size ? HR_E_INVALIDARG : 0;
}

static hcs_result probe_folder(void *machine, char *path, size_t size)
{
    return folder_name(machine, "host.probe_folder", PROBE_FOLDER, path, size);
}

static hcs_result scratch_root(void *machine, char *path, size_t size)
{
    return folder_name(machine, "host.scratch_root", SCRATCH_ROOT, path, size);
}

/* ---- streams ---- */

static bool is_stream(const void *stream)
{
    return stream != NULL && stream != (const void *)(intptr_t)-1;
}

static hcs_result stream_read(void *machine, hcs_stream handle, void *buffer, size_t size,
                              size_t *got)
{
    struct shell *shell = machine;
    struct shell_stream *stream = handle;
    hcs_result result = 0;
    *got = 0;
    if (!is_stream(handle) || size == 0) {
        return is_stream(handle) ? HR_E_INVALIDARG : HR_E_HANDLE;
    }
    os_mutex_lock(shell->lock);
    if (stream->input || stream->closed) {
        os_mutex_unlock(shell->lock);
        return HR_E_HANDLE;
    }
    stream->users++;
    shell->inside++;
    while (stream->len == 0 && !stream->end && !stream->closed && !shell->closing) {
        os_cond_wait(shell->done, shell->lock, INT64_MAX);
    }
    if (stream->closed || shell->closing) {
        result = HR_ERROR_BROKEN_PIPE;
    } else {
        *got = stream->len < size ? stream->len : size;
        memcpy(buffer, stream->data == NULL ? "" : stream->data + stream->start, *got);
        stream->start += *got;
        stream->len -= *got;
        stream->start = stream->len == 0 ? 0 : stream->start;
    }
    stream->users--;
    shell_stream_drop(shell, stream);
    shell->inside--;
    if (shell->closing) {
        os_cond_broadcast(shell->done);
    }
    os_mutex_unlock(shell->lock);
    return result;
}

static hcs_result stream_write(void *machine, hcs_stream handle, const void *buffer, size_t size)
{
    struct shell *shell = machine;
    struct shell_stream *stream = handle;
    struct shell_guard guard;
    if (!is_stream(handle)) {
        return HR_E_HANDLE;
    }
    if (!guarded(shell, "host.stream_write", NULL, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result = HR_E_UNEXPECTED;
    if (entered) {
        result = !stream->input || stream->closed
                     ? HR_E_HANDLE
                     : machine_stream_write(shell->machine, stream->number, buffer, size,
                                            shell_now(shell));
    }
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result;
}

static void stream_close(void *machine, hcs_stream handle)
{
    struct shell *shell = machine;
    struct shell_stream *stream = handle;
    if (!is_stream(handle)) {
        return;
    }
    bool entered = shell_enter(shell);
    if (!stream->closed) {
        stream->closed = true;
        if (entered) {
            machine_stream_close(shell->machine, stream->number, shell_now(shell));
        }
        os_cond_broadcast(shell->done);
        shell_stream_drop(shell, stream);
    }
    shell_leave(shell, entered);
}

void shell_fill_host(struct host_api *api)
{
    api->facts = facts;
    api->now_ms = now_ms;
    api->gpus = gpus;
    api->free_gpus = free_gpus;
    api->driver_package = driver_package;
    api->free_driver_package = free_driver_package;
    api->images = images;
    api->free_images = free_images;
    api->watch = watch;
    api->name_to_guid = name_to_guid;
    api->make_folder = make_folder;
    api->copy_file = copy_file;
    api->delete_tree = delete_tree;
    api->exists = exists;
    api->probe_folder = probe_folder;
    api->scratch_root = scratch_root;
    api->stream_read = stream_read;
    api->stream_write = stream_write;
    api->stream_close = stream_close;
}
