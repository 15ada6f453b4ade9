/* SPDX-License-Identifier: MIT
 *
 * hvgpu's own record of a system that it launched, kept in the store under "system-<id>": what HCS
 * cannot be asked (which GPUs a VM was given, which image, the init process, the folders to
 * delete). Every console and shell command of every administrator of the machine reads and writes
 * the same record; writers hold the lock "vm-<vm id>".
 *
 * A plain value: fixed fields are copies, owned by the struct; ownership_clear() frees.
 */
#ifndef HVGPU_HCS_OWNERSHIP_H
#define HVGPU_HCS_OWNERSHIP_H

#include "core/hvgpu.h"
#include "core/store.h"

#define HVGPU_OWNER "hvgpu" /* the Owner in every document that hvgpu creates */

struct owned_gpu {
    char *instance_id;
    char *interface_path;          /* GPU-PV/GPU-P */
    struct hvgpu_number partition; /* unknown: any (65535 in the document) */
    char *package;                 /* driver package name */
    char *vpci_id;                 /* DDA: the GUID under VirtualPci */
};

struct ownership {
    char *id;    /* the container */
    char *vm_id; /* its utility VM, "<id>@vm" */
    char *name, *image, *command;
    int64_t created_ms;
    bool remove; /* --rm */
    enum hvgpu_gpu_mode gpu_mode;
    struct owned_gpu *gpus;
    size_t gpu_count;
    unsigned candidate; /* form that let the GPU into the container: 1..3; 0: none tried or known */
    uint32_t build;     /* host build on which that was seen */
    struct hvgpu_number init_pid, init_created_ms;
    char *probe_vm, *probe_container; /* command lines of the probe; NULL: no probe there */
    char **folders;                   /* to delete on removal */
    size_t folder_count;
    unsigned next_share; /* number of the next VSMB share, "s5" */
    bool fully_backed;
};

void ownership_clear(struct ownership *record);
struct json *ownership_to_json(const struct ownership *record);
/* Checks everything: a record is a file that anybody may have edited. */
enum hvgpu_status ownership_from_json(const struct json *json, struct ownership *out,
                                      struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status ownership_put(struct store *store, const struct ownership *record,
                                struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status ownership_get(struct store *store, const char *id, struct ownership *out,
                                struct hvgpu_error *err) HVGPU_MUST_USE;
/* The record whose container or VM has this id. */
enum hvgpu_status ownership_find(struct store *store, const char *id, struct ownership *out,
                                 struct hvgpu_error *err) HVGPU_MUST_USE;

/* "Madrid" -> "Windows Sandbox"; unknown owners come back as they are. */
const char *owner_decode(const char *owner);

#endif
