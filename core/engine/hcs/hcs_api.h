/* SPDX-License-Identifier: MIT
 *
 * The first wall: the functions of computecore.dll as a table. Names, argument order, asynchronous
 * operations, result documents, event callbacks and HRESULTs are those of the Windows API
 * (https://learn.microsoft.com/virtualization/api/hcs/overview). Two things are ours: every
 * function takes the machine first, so that two machines can be open in one process without global
 * state (Windows ignores it), and the types are fixed here, so that the client compiles everywhere.
 * The Windows build asserts them equal to computecore.h.
 *
 * Rules that both fillers keep (and the client relies on):
 *   - A function returning S_OK has started the request; the result comes through the operation.
 *     A failure means nothing was started and there is no result to fetch.
 *   - Requests to one handle are served one after another. Nothing can be cancelled.
 *   - Callbacks run on threads of the system. They may not block or wait for another operation.
 *   - HcsCloseComputeSystem and HcsCloseProcess unregister the callback and wait for callbacks in
 *     flight: never call them from a callback of the same handle or under a lock that it takes.
 *   - HcsCloseOperation is legal inside its own completion callback and while the request runs.
 *   - Documents handed out are freed with LocalFree below; event data is valid during the call
 * only.
 *   - After HcsEventServiceDisconnect every handle is dead: close them, enumerate again.
 */
#ifndef HVGPU_HCS_API_H
#define HVGPU_HCS_API_H

#include <stdint.h>

typedef int32_t hcs_result;                         /* HRESULT */
typedef uint16_t hcs_char;                          /* WCHAR, UTF-16 */
typedef struct hcs_system_handle *hcs_system;       /* HCS_SYSTEM */
typedef struct hcs_process_handle *hcs_process;     /* HCS_PROCESS */
typedef struct hcs_operation_handle *hcs_operation; /* HCS_OPERATION */
typedef void *hcs_stream; /* HANDLE of a process's standard stream; see host_api.h */

struct hcs_event { /* HCS_EVENT */
    uint32_t type; /* HCS_EVENT_TYPE */
    const hcs_char *event_data;
    hcs_operation operation;
};

struct hcs_process_information { /* HCS_PROCESS_INFORMATION */
    uint32_t process_id;
    uint32_t reserved;
    hcs_stream std_input, std_output, std_error; /* NULL or (void *)-1: not asked for */
};

typedef void (*hcs_operation_completion)(hcs_operation operation, void *context);
typedef void (*hcs_event_callback)(struct hcs_event *event, void *context);

#define HCS_GENERIC_ALL 0x10000000u
#define HCS_INFINITE    0xFFFFFFFFu

/* HCS_EVENT_TYPE */
#define HCS_EVENT_LIST(X)                                                                          \
    X(INVALID, 0x00000000u, "Invalid")                                                             \
    X(SYSTEM_EXITED, 0x00000001u, "SystemExited")                                                  \
    X(SYSTEM_CRASH_INITIATED, 0x00000002u, "SystemCrashInitiated")                                 \
    X(SYSTEM_CRASH_REPORT, 0x00000003u, "SystemCrashReport")                                       \
    X(SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED, 0x00000004u, "SystemRdpEnhancedModeStateChanged")    \
    X(SYSTEM_SILO_JOB_CREATED, 0x00000005u, "SystemSiloJobCreated")                                \
    X(SYSTEM_GUEST_CONNECTION_CLOSED, 0x00000006u, "SystemGuestConnectionClosed")                  \
    X(PROCESS_EXITED, 0x00010000u, "ProcessExited")                                                \
    X(OPERATION_CALLBACK, 0x01000000u, "OperationCallback")                                        \
    X(SERVICE_DISCONNECT, 0x02000000u, "ServiceDisconnect")                                        \
    X(GROUP_VM_LIFECYCLE, 0x80000002u, "GroupVmLifecycle")                                         \
    X(GROUP_LIVE_MIGRATION, 0x80000003u, "GroupLiveMigration")                                     \
    X(GROUP_OPERATION_INFO, 0xC0000001u, "GroupOperationInfo")

#define X(code, value, name) static const uint32_t HCS_EVENT_##code = value;
HCS_EVENT_LIST(X)
#undef X

/* HCS_EVENT_OPTIONS */
#define HCS_EVENT_OPTION_NONE 0u

struct hcs_api {
    void *machine;

    hcs_operation (*HcsCreateOperation)(void *machine, void *context,
                                        hcs_operation_completion callback);
    void (*HcsCloseOperation)(void *machine, hcs_operation operation);
    void *(*HcsGetOperationContext)(void *machine, hcs_operation operation);
    hcs_result (*HcsGetOperationResult)(void *machine, hcs_operation operation,
                                        hcs_char **document);
    hcs_result (*HcsGetOperationResultAndProcessInfo)(void *machine, hcs_operation operation,
                                                      struct hcs_process_information *information,
                                                      hcs_char **document);
    hcs_result (*HcsWaitForOperationResult)(void *machine, hcs_operation operation,
                                            uint32_t timeout_ms, hcs_char **document);
    hcs_result (*HcsWaitForOperationResultAndProcessInfo)(
        void *machine, hcs_operation operation, uint32_t timeout_ms,
        struct hcs_process_information *information, hcs_char **document);
    hcs_result (*HcsCancelOperation)(void *machine, hcs_operation operation); /* always E_NOTIMPL */
    void (*LocalFree)(void *machine, void *document);

    hcs_result (*HcsEnumerateComputeSystems)(void *machine, const hcs_char *query,
                                             hcs_operation operation);
    hcs_result (*HcsCreateComputeSystem)(void *machine, const hcs_char *id,
                                         const hcs_char *configuration, hcs_operation operation,
                                         const void *security_descriptor, hcs_system *system);
    hcs_result (*HcsOpenComputeSystem)(void *machine, const hcs_char *id, uint32_t requested_access,
                                       hcs_system *system);
    void (*HcsCloseComputeSystem)(void *machine, hcs_system system);
    hcs_result (*HcsStartComputeSystem)(void *machine, hcs_system system, hcs_operation operation,
                                        const hcs_char *options);
    hcs_result (*HcsShutDownComputeSystem)(void *machine, hcs_system system,
                                           hcs_operation operation, const hcs_char *options);
    hcs_result (*HcsTerminateComputeSystem)(void *machine, hcs_system system,
                                            hcs_operation operation, const hcs_char *options);
    hcs_result (*HcsGetComputeSystemProperties)(void *machine, hcs_system system,
                                                hcs_operation operation,
                                                const hcs_char *property_query);
    hcs_result (*HcsModifyComputeSystem)(void *machine, hcs_system system, hcs_operation operation,
                                         const hcs_char *configuration, void *identity);
    hcs_result (*HcsSetComputeSystemCallback)(void *machine, hcs_system system, uint32_t options,
                                              const void *context, hcs_event_callback callback);

    hcs_result (*HcsCreateProcess)(void *machine, hcs_system system, const hcs_char *parameters,
                                   hcs_operation operation, const void *security_descriptor,
                                   hcs_process *process);
    hcs_result (*HcsOpenProcess)(void *machine, hcs_system system, uint32_t process_id,
                                 uint32_t requested_access, hcs_process *process);
    void (*HcsCloseProcess)(void *machine, hcs_process process);
    hcs_result (*HcsTerminateProcess)(void *machine, hcs_process process, hcs_operation operation,
                                      const hcs_char *options);
    hcs_result (*HcsSignalProcess)(void *machine, hcs_process process, hcs_operation operation,
                                   const hcs_char *options);
    hcs_result (*HcsGetProcessInfo)(void *machine, hcs_process process, hcs_operation operation);
    hcs_result (*HcsGetProcessProperties)(void *machine, hcs_process process,
                                          hcs_operation operation, const hcs_char *property_query);
    hcs_result (*HcsModifyProcess)(void *machine, hcs_process process, hcs_operation operation,
                                   const hcs_char *settings);
    hcs_result (*HcsSetProcessCallback)(void *machine, hcs_process process, uint32_t options,
                                        void *context, hcs_event_callback callback);

    hcs_result (*HcsGetServiceProperties)(void *machine, const hcs_char *property_query,
                                          hcs_char **result);
    hcs_result (*HcsGrantVmAccess)(void *machine, const hcs_char *vm_id, const hcs_char *file_path);
    hcs_result (*HcsRevokeVmAccess)(void *machine, const hcs_char *vm_id,
                                    const hcs_char *file_path);
};

#endif
