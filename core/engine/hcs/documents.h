/* SPDX-License-Identifier: MIT
 *
 * Documents: every JSON document that hvgpu sends to the compute service, built here and nowhere
 * else. A builder adds a member only when schema_allows() it for the host's level, so that an older
 * service never meets a member it does not know (it would refuse the whole document). Members that
 * are not set are omitted, never sent as 0 or false.
 *
 * Also the constants of the guest's world: where shares, layers and programs appear inside.
 *
 * Pure functions. Every builder returns new memory (json_free()); NULL only when out of memory.
 */
#ifndef HVGPU_HCS_DOCUMENTS_H
#define HVGPU_HCS_DOCUMENTS_H

#include "core/base/json.h"
#include "core/engine/hcs/ownership.h"
#include "core/engine/hcs/schema.h"

/* Paths and ids inside a utility VM. */
#define GUEST_SHARES       "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"
#define GUEST_ROOT         "C:\\c\\1" /* where the container's scratch disk is mounted */
#define GUEST_ASSIGNED_BUS "VMBUS\\{44c4f61d-4444-4400-9d52-802e27ede19f}\\" /* assigned devices   \
                                                                              */
#define GUEST_DRIVER_STORE "C:\\Windows\\System32\\HostDriverStore\\FileRepository"
#define GUEST_SYSTEM32     "C:\\Windows\\System32"
#define GUEST_SYSWOW64     "C:\\Windows\\SysWOW64"
#define GUEST_PROBE_FOLDER "C:\\gpuprobe" /* in the container */
#define GUEST_PROBE        "gpuprobe.exe"
#define GUEST_USER_SYSTEM  "NT AUTHORITY\\SYSTEM"
#define GUEST_USER_ADMIN   "ContainerAdministrator"
#define GUEST_DISPLAY      "5B45201D-F2F2-4F3B-85BB-30FF1F953599" /* display adapter class */

enum {
    DOCUMENT_LOW_MMIO_MB = 1024, /* what GPU-PV needs; every launch reserves it */
    DOCUMENT_HIGH_MMIO_MB = 32768,
    DOCUMENT_DIRECT_MAP_MB = 1024, /* hcsshim's default */
    DOCUMENT_PARTITION_ANY = 65535,
    DOCUMENT_SCRATCH_LUN = 1 /* LUN 0 is the VM's own disk */
};

/* ---- utility VM ---- */
struct document_vm {
    const char *boot_folder; /* <base layer>\UtilityVM\Files */
    const char *disk;        /* its scratch, sandbox.vhdx */
    uint64_t memory_mb;      /* rounded up to an even number */
    unsigned processors;
    bool fully_backed;
    bool ends_with_last_handle;
};
struct json *document_vm(const struct schema_level *level, const struct document_vm *vm);

/* ---- requests to a running VM ---- */
struct document_share {
    const char *name; /* "s1" */
    const char *path;
    bool read_only;
    bool layer;        /* an image layer: read with backup privilege */
    bool no_directmap; /* the VM is fully physically backed */
};
struct json *document_share_add(const struct schema_level *level,
                                const struct document_share *share);
struct json *document_share_remove(const struct schema_level *level, const char *name);
/* Attaches the container's disk to the VM and mounts it at GUEST_ROOT. */
struct json *document_scratch(const struct schema_level *level, const char *disk);

struct document_layer {
    const char *id;   /* GUID of the folder's name */
    const char *path; /* in the guest */
};
struct json *document_combine(const struct schema_level *level, const struct document_layer *layers,
                              size_t count);

/* The whole GPU configuration of a VM: "Settings" of the Update. Mode NONE is "Disabled". */
struct json *document_gpu_settings(const struct schema_level *level, enum hvgpu_gpu_mode mode,
                                   const struct owned_gpu *gpus, size_t count);
/* The Update that sends it; settings is taken. */
struct json *document_gpu_update(const struct schema_level *level, struct json *settings);

/* Whole device. function 0 is the physical function. guid is the id under VirtualPci. */
struct json *document_device_add(const struct schema_level *level, const char *guid,
                                 const char *instance_id, unsigned function);

/* ---- container ---- */
struct document_mapping {
    const char *host_path; /* in the VM */
    const char *container_path;
    bool read_only;
};

/* How the GPU is to come into the container (facts: nobody has published which form works). */
enum document_gpu_form {
    DOCUMENT_GPU_NONE = 0,
    DOCUMENT_GPU_CLASS = 1,    /* interface class of display adapters */
    DOCUMENT_GPU_MIRROR = 2,   /* all GPUs of the machine that hosts the container: the VM */
    DOCUMENT_GPU_LOCATION = 3, /* one device by its location path in the VM */
    DOCUMENT_GPU_FORMS = 3
};
const char *document_gpu_form_words(unsigned form);
/* Can this form be said at this level of the schema? */
bool document_gpu_form_allowed(const struct schema_level *level, unsigned form);

struct document_container {
    const char *vm_id;
    const char *host_name;
    const struct document_layer *layers;
    size_t layer_count;
    const struct document_mapping *mappings;
    size_t mapping_count;
    unsigned gpu_form;
    const char *const
        *locations; /* LOCATION: of assigned devices, or of the virtual render device */
    size_t location_count;
    bool ends_with_last_handle;
};
struct json *document_container(const struct schema_level *level,
                                const struct document_container *container);

/* ---- processes ---- */
struct document_process {
    const char *command;
    const char *user;           /* NULL: the container's default */
    const char *directory;      /* NULL: C:\ */
    bool input, output, errors; /* pipes */
    bool console;               /* pseudo console of columns x rows */
    unsigned columns, rows;
};
struct json *document_process(const struct schema_level *level,
                              const struct document_process *process);
/* A run of one of hvgpu's own guest programs in the VM: as SYSTEM, with its output. */
struct json *document_vm_program(const struct schema_level *level, const char *command);
/* The same in the container, as its administrator. */
struct json *document_container_program(const struct schema_level *level, const char *command);

/* ---- queries ---- */
/* {"PropertyTypes":[...]}: types ends with NULL. */
struct json *document_property_query(const char *const *types);

#endif
