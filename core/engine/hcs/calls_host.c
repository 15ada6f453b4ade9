/* SPDX-License-Identifier: MIT
 *
 * The door to the host's files and names (the second wall).
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/calls.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/hresult.h"

static const struct host_api *host_of(const struct calls *calls)
{
    return client_host(engine_client(calls->engine));
}

static bool is_cancelled(const struct calls *calls)
{
    return job_is_cancelled(calls->job) && !job_is_undoing(calls->job);
}

static enum hvgpu_status cancelled(const char *verb, const char *path, struct hvgpu_error *err)
{
    return error_set(err, HVGPU_CANCELLED, verb, path, "cancelled before this call was made");
}

/* Makes one call with one path, or writes it down. `to` is the document of a copy. */
static hcs_result do_call(const struct host_api *host, const char *path, const char *to,
                          hcs_result (*call)(void *, const char *))
{
    if (to != NULL) {
        return host->copy_file(host->machine, path, to);
    }
    return call != NULL ? call(host->machine, path) : HR_E_POINTER;
}

static enum hvgpu_status file_call(const struct calls *calls, const char *verb, const char *path,
                                   const char *to, hcs_result (*call)(void *, const char *),
                                   struct hvgpu_error *err)
{
    struct json *document = to != NULL ? json_new_string(to) : NULL;
    if (job_is_dry(calls->job)) {
        job_record_call(calls->job, verb, path, document);
        return HVGPU_OK;
    }
    if (is_cancelled(calls)) {
        json_free(document);
        return cancelled(verb, path, err);
    }
    char *text = json_print(document);
    json_free(document);
    size_t index = job_call_sent(calls->job, verb, path, text);
    free(text);
    hcs_result code = do_call(host_of(calls), path, to, call);
    job_call_answered(calls->job, index, code, NULL);
    return HRESULT_IS_FAILURE(code) ? error_hresult(err, code, verb, path, NULL) : HVGPU_OK;
}

enum hvgpu_status calls_make_folder(const struct calls *calls, const char *path,
                                    struct hvgpu_error *err)
{
    return file_call(calls, "MakeFolder", path, NULL,
                     calls->engine != NULL ? host_of(calls)->make_folder : NULL, err);
}

enum hvgpu_status calls_copy(const struct calls *calls, const char *from, const char *to,
                             struct hvgpu_error *err)
{
    return file_call(calls, "CopyFile", from, to, NULL, err);
}

enum hvgpu_status calls_delete_tree(const struct calls *calls, const char *path,
                                    struct hvgpu_error *err)
{
    return file_call(calls, "DeleteTree", path, NULL,
                     calls->engine != NULL ? host_of(calls)->delete_tree : NULL, err);
}

enum hvgpu_status calls_exists(const struct calls *calls, const char *path,
                               enum hvgpu_answer *exists, bool *is_folder, struct hvgpu_error *err)
{
    *exists = HVGPU_ANSWER_UNKNOWN;
    *is_folder = false;
    if (job_is_dry(calls->job)) {
        return HVGPU_OK;
    }
    const struct host_api *host = host_of(calls);
    hcs_result code = host->exists(host->machine, path, is_folder);
    enum hvgpu_status status = hresult_status(code);
    if (status == HVGPU_OK) {
        *exists = HVGPU_ANSWER_YES;
        return HVGPU_OK;
    }
    if (status == HVGPU_NOT_FOUND) {
        *exists = HVGPU_ANSWER_NO;
        return HVGPU_OK;
    }
    return error_hresult(err, code, "GetFileAttributes", path, NULL);
}

enum hvgpu_status calls_layer_guid(const struct calls *calls, const char *folder, char **guid,
                                   struct hvgpu_error *err)
{
    const char *name = path_base(folder);
    *guid = NULL;
    if (job_is_dry(calls->job)) {
        job_record_call(calls->job, "NameToGuid", name, NULL);
        *guid = text_format("<layer GUID of %s>", name);
    } else {
        if (is_cancelled(calls)) {
            return cancelled("NameToGuid", name, err);
        }
        char answer[GUID_TEXT] = "";
        size_t index = job_call_sent(calls->job, "NameToGuid", name, NULL);
        const struct host_api *host = host_of(calls);
        hcs_result code = host->name_to_guid(host->machine, name, answer);
        job_call_answered(calls->job, index, code, answer);
        if (HRESULT_IS_FAILURE(code)) {
            return error_hresult(err, code, "NameToGuid", name, NULL);
        }
        *guid = text_copy(answer);
    }
    return *guid != NULL ? HVGPU_OK
                         : error_set(err, HVGPU_MEMORY, "NameToGuid", name, "out of memory");
}
