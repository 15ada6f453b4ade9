/* SPDX-License-Identifier: MIT
 *
 * The first wall of the in-process shell: requests, handles, callbacks. UTF-16 comes in and goes
 * out here and nowhere else.
 */
#include "core/engine/hcs/simulated/shell_private.h"

#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

static struct shell_handle *handle_of(const void *handle)
{
    return (struct shell_handle *)(uintptr_t)handle;
}

static bool operation_ready(const struct hcs_operation_handle *operation, hcs_result *result)
{
    *result = operation == NULL                       ? HR_E_INVALIDARG
              : operation->state == OPERATION_PENDING ? HR_HCS_E_OPERATION_ALREADY_STARTED
                                                      : 0;
    return *result == 0;
}

static struct shell_handle *handle_new(struct shell *shell, uint64_t number)
{
    struct shell_handle *handle = calloc(1, sizeof(*handle));
    if (handle == NULL) {
        return NULL;
    }
    handle->number = number;
    if (!sim_table_put(&shell->handles, number, handle)) {
        free(handle);
        return NULL;
    }
    return handle;
}

/* Every asynchronous call. made: receives the handle of create and create_process, or NULL. */
static hcs_result begin(struct shell *shell, enum machine_request kind,
                        const struct shell_handle *handle, hcs_operation operation, const char *id,
                        const hcs_char *document, void **made)
{
    hcs_result result = 0;
    uint64_t number = 0;
    char *text = document == NULL ? NULL : utf16_to_utf8(document, SIZE_MAX);
    if (document != NULL && text == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    bool entered = shell_enter(shell);
    if (!entered) {
        result = HR_E_UNEXPECTED;
    } else if (operation_ready(operation, &result)) {
        struct machine_call call = {
            .request = kind,
            .client = shell->client,
            .handle = handle == NULL ? 0 : handle->number,
            .operation = operation->number,
            .id = id,
            .document = text,
        };
        result = machine_begin(shell->machine, &call, shell_now(shell), &number);
    }
    if (entered && result == 0) {
        operation->state = OPERATION_PENDING;
        operation->with_process = kind == MACHINE_CREATE_PROCESS || kind == MACHINE_PROCESS_INFO;
        free(operation->document);
        operation->document = NULL;
        operation->result = 0;
    }
    if (result == 0 && made != NULL) {
        *made = handle_new(shell, number);
        if (*made == NULL) {
            machine_close_handle(shell->machine, number, shell_now(shell));
            result = HR_E_OUTOFMEMORY;
        }
    }
    shell_leave(shell, entered);
    free(text);
    return result;
}

/* ---- systems ---- */

static hcs_result enumerate(void *machine, const hcs_char *query, hcs_operation operation)
{
    return begin(machine, MACHINE_ENUMERATE, NULL, operation, NULL, query, NULL);
}

static hcs_result create_system(void *machine, const hcs_char *id, const hcs_char *configuration,
                                hcs_operation operation, const void *security_descriptor,
                                hcs_system *system)
{
    if (id == NULL || configuration == NULL || system == NULL || security_descriptor != NULL) {
        return HR_E_INVALIDARG;
    }
    char *name = utf16_to_utf8(id, SIZE_MAX);
    void *made = NULL;
    *system = NULL;
    hcs_result result =
        name == NULL ? HR_E_OUTOFMEMORY
                     : begin(machine, MACHINE_CREATE, NULL, operation, name, configuration, &made);
    free(name);
    *system = made;
    return result;
}

static hcs_result open_system(void *machine, const hcs_char *id, uint32_t requested_access,
                              hcs_system *system)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    if (id == NULL || system == NULL || requested_access != HCS_GENERIC_ALL) {
        return HR_E_INVALIDARG;
    }
    char *name = utf16_to_utf8(id, SIZE_MAX);
    *system = NULL;
    if (name == NULL || !shell_guard_begin(shell, "HcsOpenComputeSystem", name, &guard)) {
        free(name);
        return name == NULL ? HR_E_OUTOFMEMORY : guard.result;
    }
    uint64_t number = 0;
    bool entered = shell_enter(shell);
    hcs_result result = entered ? machine_open_system(shell->machine, shell->client, name,
                                                      shell_now(shell), &number)
                                : HR_E_UNEXPECTED;
    if (result == 0) {
        *system = (hcs_system)handle_new(shell, number);
    }
    shell_leave(shell, entered);
    free(name);
    shell_guard_end(&guard);
    return result == 0 && *system == NULL ? HR_E_OUTOFMEMORY : result;
}

static void close_handle(struct shell *shell, struct shell_handle *handle, const char *call)
{
    struct shell_guard guard;
    /* A function without a result cannot fail: only a hang keeps it from closing. */
    if (handle == NULL || (!shell_guard_begin(shell, call, NULL, &guard) && guard.hung)) {
        return;
    }
    bool entered = shell_enter(shell);
    sim_table_remove(&shell->handles, handle->number);
    while (handle->in_callback && !shell_on_thread(shell)) {
        /* The file's lock must not be held while a callback is waited for. */
        shell_leave(shell, entered);
        os_mutex_lock(shell->lock);
        while (handle->in_callback) {
            os_cond_wait(shell->done, shell->lock, INT64_MAX);
        }
        os_mutex_unlock(shell->lock);
        entered = shell_enter(shell);
    }
    if (entered) {
        machine_close_handle(shell->machine, handle->number, shell_now(shell));
    }
    if (handle->in_callback) {
        handle->closed = true; /* its own callback: freed when that returns */
    } else {
        free(handle);
    }
    shell_leave(shell, entered);
    shell_guard_end(&guard);
}

static void close_system(void *machine, hcs_system system)
{
    close_handle(machine, handle_of(system), "HcsCloseComputeSystem");
}

static hcs_result start_system(void *machine, hcs_system system, hcs_operation operation,
                               const hcs_char *options)
{
    return begin(machine, MACHINE_START, handle_of(system), operation, NULL, options, NULL);
}

static hcs_result shut_down(void *machine, hcs_system system, hcs_operation operation,
                            const hcs_char *options)
{
    return begin(machine, MACHINE_SHUTDOWN, handle_of(system), operation, NULL, options, NULL);
}

static hcs_result terminate(void *machine, hcs_system system, hcs_operation operation,
                            const hcs_char *options)
{
    return begin(machine, MACHINE_TERMINATE, handle_of(system), operation, NULL, options, NULL);
}

static hcs_result properties(void *machine, hcs_system system, hcs_operation operation,
                             const hcs_char *query)
{
    return begin(machine, MACHINE_PROPERTIES, handle_of(system), operation, NULL, query, NULL);
}

static hcs_result modify(void *machine, hcs_system system, hcs_operation operation,
                         const hcs_char *configuration, void *identity)
{
    if (configuration == NULL || identity != NULL) {
        return HR_E_INVALIDARG;
    }
    return begin(machine, MACHINE_MODIFY, handle_of(system), operation, NULL, configuration, NULL);
}

/* ---- event callbacks ---- */

static hcs_result set_callback(struct shell *shell, struct shell_handle *handle, const char *call,
                               uint32_t options, void *context, hcs_event_callback callback)
{
    struct shell_guard guard;
    if (handle == NULL || options != HCS_EVENT_OPTION_NONE) {
        return HR_E_INVALIDARG;
    }
    if (!shell_guard_begin(shell, call, NULL, &guard)) {
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result result = entered ? machine_listen(shell->machine, handle->number, callback != NULL)
                                : HR_E_UNEXPECTED;
    if (result == 0 || callback == NULL) {
        handle->callback = callback;
        handle->context = context;
    }
    shell_leave(shell, entered);
    if (callback == NULL && !shell_on_thread(shell)) {
        os_mutex_lock(shell->lock);
        while (handle->in_callback) {
            os_cond_wait(shell->done, shell->lock, INT64_MAX);
        }
        os_mutex_unlock(shell->lock);
    }
    shell_guard_end(&guard);
    return result;
}

static hcs_result set_system_callback(void *machine, hcs_system system, uint32_t options,
                                      const void *context, hcs_event_callback callback)
{
    return set_callback(machine, handle_of(system), "HcsSetComputeSystemCallback", options,
                        (void *)(uintptr_t)context, callback);
}

static hcs_result set_process_callback(void *machine, hcs_process process, uint32_t options,
                                       void *context, hcs_event_callback callback)
{
    return set_callback(machine, handle_of(process), "HcsSetProcessCallback", options, context,
                        callback);
}

/* ---- processes ---- */

static hcs_result create_process(void *machine, hcs_system system, const hcs_char *parameters,
                                 hcs_operation operation, const void *security_descriptor,
                                 hcs_process *process)
{
    void *made = NULL;
    if (parameters == NULL || process == NULL || security_descriptor != NULL) {
        return HR_E_INVALIDARG;
    }
    hcs_result result = begin(machine, MACHINE_CREATE_PROCESS, handle_of(system), operation, NULL,
                              parameters, &made);
    *process = made;
    return result;
}

static hcs_result open_process(void *machine, hcs_system system, uint32_t process_id,
                               uint32_t requested_access, hcs_process *process)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    if (system == NULL || process == NULL || requested_access != HCS_GENERIC_ALL) {
        return HR_E_INVALIDARG;
    }
    *process = NULL;
    if (!shell_guard_begin(shell, "HcsOpenProcess", NULL, &guard)) {
        return guard.result;
    }
    uint64_t number = 0;
    bool entered = shell_enter(shell);
    hcs_result result =
        entered ? machine_open_process(shell->machine, shell->client, handle_of(system)->number,
                                       process_id, shell_now(shell), &number)
                : HR_E_UNEXPECTED;
    if (result == 0) {
        *process = (hcs_process)handle_new(shell, number);
    }
    shell_leave(shell, entered);
    shell_guard_end(&guard);
    return result == 0 && *process == NULL ? HR_E_OUTOFMEMORY : result;
}

static void close_process(void *machine, hcs_process process)
{
    close_handle(machine, handle_of(process), "HcsCloseProcess");
}

static hcs_result terminate_process(void *machine, hcs_process process, hcs_operation operation,
                                    const hcs_char *options)
{
    return begin(machine, MACHINE_TERMINATE_PROCESS, handle_of(process), operation, NULL, options,
                 NULL);
}

static hcs_result signal_process(void *machine, hcs_process process, hcs_operation operation,
                                 const hcs_char *options)
{
    return begin(machine, MACHINE_SIGNAL_PROCESS, handle_of(process), operation, NULL, options,
                 NULL);
}

static hcs_result process_info(void *machine, hcs_process process, hcs_operation operation)
{
    return begin(machine, MACHINE_PROCESS_INFO, handle_of(process), operation, NULL, NULL, NULL);
}

static hcs_result process_properties(void *machine, hcs_process process, hcs_operation operation,
                                     const hcs_char *query)
{
    return begin(machine, MACHINE_PROCESS_PROPERTIES, handle_of(process), operation, NULL, query,
                 NULL);
}

static hcs_result modify_process(void *machine, hcs_process process, hcs_operation operation,
                                 const hcs_char *settings)
{
    return begin(machine, MACHINE_MODIFY_PROCESS, handle_of(process), operation, NULL, settings,
                 NULL);
}

/* ---- service and access ---- */

static hcs_result service_properties(void *machine, const hcs_char *query, hcs_char **result)
{
    struct shell *shell = machine;
    struct shell_guard guard;
    char *text = query == NULL ? NULL : utf16_to_utf8(query, SIZE_MAX);
    char *answer = NULL;
    *result = NULL;
    if (!shell_guard_begin(shell, "HcsGetServiceProperties", text, &guard)) {
        free(text);
        return guard.result;
    }
    bool entered = shell_enter(shell);
    hcs_result code =
        entered ? machine_service_properties(shell->machine, text, shell_now(shell), &answer)
                : HR_E_UNEXPECTED;
    shell_leave(shell, entered);
    if (guard.nonsense != NULL) {
        free(answer);
        answer = text_copy(guard.nonsense->document != NULL ? guard.nonsense->document
                                                            : "{\"Properties\":[[[");
        code = 0;
    }
    *result = answer == NULL ? NULL : utf8_to_utf16(answer);
    free(answer);
    free(text);
    shell_guard_end(&guard);
    return code;
}

static hcs_result access(void *machine, const hcs_char *vm_id, const hcs_char *file_path,
                         const char *call,
                         hcs_result (*change)(struct machine *, const char *, const char *))
{
    struct shell *shell = machine;
    struct shell_guard guard;
    if (vm_id == NULL || file_path == NULL) {
        return HR_E_INVALIDARG;
    }
    char *id = utf16_to_utf8(vm_id, SIZE_MAX);
    char *path = utf16_to_utf8(file_path, SIZE_MAX);
    hcs_result result = HR_E_OUTOFMEMORY;
    if (id != NULL && path != NULL) {
        if (shell_guard_begin(shell, call, path, &guard)) {
            bool entered = shell_enter(shell);
            result = entered ? change(shell->machine, id, path) : HR_E_UNEXPECTED;
            shell_leave(shell, entered);
            shell_guard_end(&guard);
        } else {
            result = guard.result;
        }
    }
    free(id);
    free(path);
    return result;
}

static hcs_result grant_access(void *machine, const hcs_char *vm_id, const hcs_char *file_path)
{
    return access(machine, vm_id, file_path, "HcsGrantVmAccess", machine_grant_access);
}

static hcs_result revoke_access(void *machine, const hcs_char *vm_id, const hcs_char *file_path)
{
    return access(machine, vm_id, file_path, "HcsRevokeVmAccess", machine_revoke_access);
}

void shell_fill_calls(struct hcs_api *api)
{
    api->HcsEnumerateComputeSystems = enumerate;
    api->HcsCreateComputeSystem = create_system;
    api->HcsOpenComputeSystem = open_system;
    api->HcsCloseComputeSystem = close_system;
    api->HcsStartComputeSystem = start_system;
    api->HcsShutDownComputeSystem = shut_down;
    api->HcsTerminateComputeSystem = terminate;
    api->HcsGetComputeSystemProperties = properties;
    api->HcsModifyComputeSystem = modify;
    api->HcsSetComputeSystemCallback = set_system_callback;
    api->HcsCreateProcess = create_process;
    api->HcsOpenProcess = open_process;
    api->HcsCloseProcess = close_process;
    api->HcsTerminateProcess = terminate_process;
    api->HcsSignalProcess = signal_process;
    api->HcsGetProcessInfo = process_info;
    api->HcsGetProcessProperties = process_properties;
    api->HcsModifyProcess = modify_process;
    api->HcsSetProcessCallback = set_process_callback;
    api->HcsGetServiceProperties = service_properties;
    api->HcsGrantVmAccess = grant_access;
    api->HcsRevokeVmAccess = revoke_access;
}
