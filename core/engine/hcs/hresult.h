/* SPDX-License-Identifier: MIT
 *
 * HRESULTs in words: one table for all codes of HCS (HCSHResult.md of the HCS API reference) and the
 * Win32 ones seen from it, with the next thing to do. NTSTATUS twins 0xC037xxxx are normalised.
 */
#ifndef HVGPU_HCS_HRESULT_H
#define HVGPU_HCS_HRESULT_H

#include <stdint.h>

#include "core/base/status.h"

#define HRESULT_OF(code)        ((int32_t)(uint32_t)(code))
#define HRESULT_IS_FAILURE(hr)  ((int32_t)(hr) < 0)

/* X(symbol, value, status, words, hint) */
#define HRESULT_LIST(X)                                                                            \
    X(HCS_E_TERMINATED_DURING_START, 0x80370100u, FAILED,                                          \
      "the VM or container died while it was starting",                                            \
      "read the attribution records; check boot files, VM access to the disks, and the GPU driver") \
    X(HCS_E_IMAGE_MISMATCH, 0x80370101u, UNSUPPORTED,                                              \
      "the image's Windows build does not fit this host", "use an image of this host's build or older") \
    X(HCS_E_HYPERV_NOT_INSTALLED, 0x80370102u, UNAVAILABLE,                                        \
      "Hyper-V is not installed or the hypervisor is not running",                                 \
      "enable Hyper-V and virtualization in the firmware, bcdedit /set hypervisorlaunchtype auto, restart") \
    X(HCS_E_INVALID_STATE, 0x80370105u, FAILED, "not valid in the system's present state",         \
      "inspect the system; it may still be starting or already stopped")                           \
    X(HCS_E_UNEXPECTED_EXIT, 0x80370106u, FAILED, "it exited unexpectedly",                        \
      "see Events for the exit's attribution")                                                     \
    X(HCS_E_TERMINATED, 0x80370107u, FAILED, "it was forced to exit", "")                          \
    X(HCS_E_CONNECT_FAILED, 0x80370108u, FAILED, "the guest could not be connected",               \
      "give the VM more memory; check that the image has a UtilityVM of this host's build or older") \
    X(HCS_E_CONNECTION_TIMEOUT, 0x80370109u, TIMEOUT, "the guest did not answer in time",          \
      "give the VM more memory, or launch again when the host is less busy")                       \
    X(HCS_E_CONNECTION_CLOSED, 0x8037010Au, LOST, "the guest closed its connection",               \
      "see Events for a crash of the guest")                                                       \
    X(HCS_E_UNKNOWN_MESSAGE, 0x8037010Bu, UNSUPPORTED, "the guest does not know this message",     \
      "the image is older than the request; use a newer one")                                      \
    X(HCS_E_UNSUPPORTED_PROTOCOL_VERSION, 0x8037010Cu, UNSUPPORTED,                                \
      "the guest speaks another protocol version", "use an image closer to this host's build")     \
    X(HCS_E_INVALID_JSON, 0x8037010Du, INVALID, "the document was rejected",                       \
      "the message names the member; it may be newer than this host's schema")                     \
    X(HCS_E_SYSTEM_NOT_FOUND, 0x8037010Eu, NOT_FOUND, "there is no compute system with this id", "") \
    X(HCS_E_SYSTEM_ALREADY_EXISTS, 0x8037010Fu, EXISTS, "the id is in use", "choose another --name") \
    X(HCS_E_SYSTEM_ALREADY_STOPPED, 0x80370110u, NOT_FOUND, "it is already stopped", "")           \
    X(HCS_E_PROTOCOL_ERROR, 0x80370111u, PROTOCOL, "host and guest misunderstood each other",      \
      "restart the container")                                                                     \
    X(HCS_E_INVALID_LAYER, 0x80370112u, INVALID, "the layer's format is not recognised",           \
      "pull the image again")                                                                      \
    X(HCS_E_WINDOWS_INSIDER_REQUIRED, 0x80370113u, UNSUPPORTED,                                    \
      "the image needs a Windows Insider host", "use a released image")                            \
    X(HCS_E_SERVICE_NOT_AVAILABLE, 0x80370114u, UNAVAILABLE,                                       \
      "a required Windows feature is not installed", "enable Containers and Hyper-V, restart")     \
    X(HCS_E_OPERATION_NOT_STARTED, 0x80370115u, FAILED, "the operation was not started", "")       \
    X(HCS_E_OPERATION_ALREADY_STARTED, 0x80370116u, FAILED, "the operation is in use", "")         \
    X(HCS_E_OPERATION_PENDING, 0x80370117u, BUSY, "the operation is still running", "")            \
    X(HCS_E_OPERATION_TIMEOUT, 0x80370118u, TIMEOUT, "no answer in time; the request goes on",     \
      "wait, or cancel with force")                                                                \
    X(HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET, 0x80370119u, FAILED,                            \
      "both kinds of callback are set", "")                                                        \
    X(HCS_E_OPERATION_RESULT_ALLOCATION_FAILED, 0x8037011Au, MEMORY, "no memory for the result", "") \
    X(HCS_E_ACCESS_DENIED, 0x8037011Bu, DENIED, "access denied",                                   \
      "run elevated, or as a member of Hyper-V Administrators (https://aka.ms/hcsadmin)")          \
    X(HCS_E_GUEST_CRITICAL_ERROR, 0x8037011Cu, FAILED, "the guest reported a critical error",      \
      "see Events for the crash report")                                                           \
    X(HCS_E_PROCESS_INFO_NOT_AVAILABLE, 0x8037011Du, FAILED, "no process information", "")         \
    X(HCS_E_SERVICE_DISCONNECT, 0x8037011Eu, LOST, "the compute service went away",                \
      "it comes back by itself; otherwise start the service vmcompute")                            \
    X(HCS_E_PROCESS_ALREADY_STOPPED, 0x8037011Fu, NOT_FOUND, "the process has already exited", "") \
    X(E_NOTIMPL, 0x80004001u, UNSUPPORTED, "not implemented by this Windows build", "")            \
    X(E_POINTER, 0x80004003u, INVALID, "invalid pointer", "")                                      \
    X(E_FAIL, 0x80004005u, FAILED, "unspecified failure", "")                                      \
    X(E_UNEXPECTED, 0x8000FFFFu, FAILED, "unexpected failure", "")                                 \
    X(ERROR_FILE_NOT_FOUND, 0x80070002u, NOT_FOUND, "file not found", "check the path")            \
    X(ERROR_PATH_NOT_FOUND, 0x80070003u, NOT_FOUND, "path not found",                              \
      "check the path; for a GPU: its interface path is stale, list the GPUs again")               \
    X(E_ACCESSDENIED, 0x80070005u, DENIED, "access denied", "run elevated")                        \
    X(E_HANDLE, 0x80070006u, FAILED, "the handle is closed", "")                                   \
    X(ERROR_INVALID_DATA, 0x8007000Du, PROTOCOL, "invalid data", "")                               \
    X(E_OUTOFMEMORY, 0x8007000Eu, MEMORY, "out of memory",                                         \
      "lower --memory or stop other VMs")                                                          \
    X(ERROR_GEN_FAILURE, 0x8007001Fu, FAILED, "a device is not functioning",                       \
      "the GPU's driver refused: allow the vendor extension, free a partition, check the driver")  \
    X(ERROR_SHARING_VIOLATION, 0x80070020u, BUSY, "the file is in use",                            \
      "another VM has the disk; wait until it has ended")                                          \
    X(ERROR_NOT_SUPPORTED, 0x80070032u, UNSUPPORTED, "not supported",                              \
      "device assignment needs Windows Server and a dismounted device (PCIP\\...)")                \
    X(ERROR_FILE_EXISTS, 0x80070050u, EXISTS, "the file exists", "")                               \
    X(E_INVALIDARG, 0x80070057u, INVALID, "invalid argument", "")                                  \
    X(ERROR_BROKEN_PIPE, 0x8007006Du, LOST, "the pipe has been ended", "")                         \
    X(ERROR_DISK_FULL, 0x80070070u, LIMIT, "the disk is full", "free disk space")                  \
    X(ERROR_PROC_NOT_FOUND, 0x8007007Fu, UNSUPPORTED, "this Windows build lacks the function", "") \
    X(ERROR_DIR_NOT_EMPTY, 0x80070091u, BUSY, "the folder is not empty", "")                       \
    X(ERROR_BUSY, 0x800700AAu, BUSY, "the resource is in use", "")                                 \
    X(ERROR_ALREADY_EXISTS, 0x800700B7u, EXISTS, "it exists already", "")                          \
    X(ERROR_NOT_FOUND, 0x80070490u, NOT_FOUND, "element not found",                                \
      "list the GPUs again: the device may be gone, or not dismounted")                            \
    X(ERROR_TIMEOUT, 0x800705B4u, TIMEOUT, "timed out", "")                                        \
    X(ERROR_NO_SYSTEM_RESOURCES, 0x800705AAu, LIMIT, "insufficient system resources",              \
      "no partition is left: detach one, or raise the partition count")                            \
    X(ERROR_ACCESS_DISABLED_BY_POLICY, 0x800704ECu, DENIED, "blocked by group policy",             \
      "set RequireSecureDeviceAssignment and RequireSupportedDeviceAssignment to 0 under HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\HyperV") \
    X(STATUS_GPU_VENDOR_EXTENSION, 0xC0350008u, FAILED,                                            \
      "the GPU's driver refused the partition", "allow the vendor extension (AllowVendorExtension)")

/* The table as constants: HR_HCS_E_INVALID_JSON ... */
#define X(symbol, value, status, words, hint) static const int32_t HR_##symbol = HRESULT_OF(value);
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-const-variable"
#endif
HRESULT_LIST(X)
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#undef X

int32_t hresult_normalise(int32_t code); /* 0xC037xxxx -> 0x8037xxxx */
/* "HCS_E_INVALID_JSON" or NULL; words and hint are never NULL ("" when there is none). */
const char *hresult_symbol(int32_t code);
const char *hresult_words(int32_t code);
const char *hresult_hint(int32_t code);
enum hvgpu_status hresult_status(int32_t code); /* OK for success codes, FAILED for unknown ones */

/* Fills err from a failed call: "HCS_E_INVALID_JSON 0x8037010D: the document was rejected" plus the
 * ResultError document (message, every ErrorEvents[].Message, a line an Attribution record); result
 * is UTF-8 JSON, may be NULL or damaged. Returns the status. */
enum hvgpu_status error_hresult(struct hvgpu_error *err, int32_t code, const char *operation,
                                const char *object, const char *result);

#endif
