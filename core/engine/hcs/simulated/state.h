/* SPDX-License-Identifier: MIT
 *
 * The simulated machine's state: what machine.h hides. Included only by machine_*.c, guest.c and
 * their tests.
 *
 *   systems     compute systems (VMs, hosted containers, process containers), by id and by number
 *   handles     what clients hold; each has a queue of requests served one after another
 *   processes   belong to a system; their future output and end are a list of timed steps
 *   dues        a heap of moments at which something happens; rebuilt from the objects after a load
 *   outputs     what clients have not fetched yet
 *   files       paths of the host: folders, files, who was granted access
 *
 * Everything is owned by the machine and freed with it. No threads: the shell serialises the calls.
 * Times are ns since power-on; INT64_MAX is never.
 */
#ifndef HVGPU_SIMULATED_STATE_H
#define HVGPU_SIMULATED_STATE_H

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/machine.h"
#include "core/engine/hcs/simulated/table.h"

#define SIM_NEVER  INT64_MAX
#define SIM_MS(ms) ((int64_t)(ms)*1000000)
#define SIM_ANY    0xFFFFu /* partition id "any", and "no number" */
/* The VSMB instance under which the guest sees the VM's shares. */
#define SIM_VSMB_ROOT "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"
/* Parent device of an assigned PCI device in the guest. */
#define SIM_VPCI_PARENT   "VMBUS\\{44c4f61d-4444-4400-9d52-802e27ede19f}\\"
#define SIM_DISPLAY_CLASS "5B45201D-F2F2-4F3B-85BB-30FF1F953599"

/* ---- files: a set of paths; a folder exists also when something in it does ---- */
struct sim_file {
    char *path;
    bool is_folder;
    bool immutable; /* the scenario's: not written to the saved state */
    char **granted; /* ids of the systems that may open it (HcsGrantVmAccess) */
    size_t granted_count;
};
struct sim_files {
    struct sim_file *items;
    size_t count, cap;
};
void sim_files_free(struct sim_files *files);
struct sim_file *sim_files_find(const struct sim_files *files, const char *path);
bool sim_files_exists(const struct sim_files *files, const char *path, bool *is_folder);
struct sim_file *sim_files_add(struct sim_files *files, const char *path, bool is_folder);
/* Removes the path and everything under it; returns how many entries went. */
size_t sim_files_remove(struct sim_files *files, const char *path);
/* true when path is root itself or lies under it (case does not matter; / equals \). */
bool sim_path_under(const char *path, const char *root);
bool sim_path_equal(const char *a, const char *b);
/* The folder that path lies in, without a trailing separator; false: it has none. */
bool sim_path_parent(const char *path, char *out, size_t size);
bool sim_file_granted(const struct sim_file *file, const char *id);
bool sim_file_grant(struct sim_file *file, const char *id);

/* ---- parts of a VM ---- */
struct sim_share { /* VSMB */
    char *name, *path;
    bool read_only, restricted, no_direct_map, boot;
    char **allowed;
    size_t allowed_count;
};

struct sim_disk { /* SCSI attachment */
    char *controller;
    unsigned lun;
    char *path;
    bool read_only;
    char *mounted_at; /* guest path by MappedVirtualDisk; NULL: not mounted */
};

struct sim_root {  /* CombinedLayers */
    char *path;    /* guest path of the container's root */
    char **layers; /* guest paths, top first */
    size_t layer_count;
    uint64_t user; /* number of the container that runs on it; 0: none */
};

struct sim_function {
    char *instance_id; /* PCIP\... */
    unsigned virtual_function;
    size_t gpu; /* index in the scenario; SIZE_MAX: not a GPU */
};

struct sim_vpci {
    char *id; /* guid of the VMBus device */
    struct sim_function *functions;
    size_t function_count;
    unsigned bus;          /* of its guest location path */
    bool driver_installed; /* pnputil /add-driver after it was there */
};

/* One GPU-PV GPU of a VM. The serial is new with every assignment: a container created before does
 * not see an assignment made later. */
struct sim_partition {
    size_t gpu;         /* index in the scenario */
    uint32_t partition; /* number that is held */
    bool any;           /* the request said 0xFFFF, Default or Mirror */
    uint64_t serial;
    bool files_at_start; /* the driver package was in HostDriverStore when the device (re)started */
};

struct sim_mapping { /* MappedDirectories of a container */
    char *host_path, *container_path;
    bool read_only;
};

/* What a container may see, fixed when it was created. */
struct sim_grant {
    uint64_t serial; /* of a sim_partition; 0: a VPCI device */
    char *vpci;      /* its guid */
};

enum sim_kind { SIM_VM, SIM_HOSTED, SIM_PROCESS_CONTAINER };
enum sim_state {
    SIM_CREATING,
    SIM_CREATED,
    SIM_RUNNING,
    SIM_PAUSED,
    SIM_STOPPED,
    SIM_FAILED /* its creation was refused */
};

struct sim_system {
    uint64_t number;
    char *id;
    struct sim_system *same_hash;      /* chain in the table of ids */
    struct sim_system *before, *after; /* list of all, in order of creation */
    enum sim_kind kind;
    enum sim_state state;
    char *owner, *runtime_id, *os, *runtime_image, *name;
    char *host_id;           /* hosted: id of its VM */
    struct sim_system *host; /* hosted by a VM of this machine; borrowed; NULL */
    bool ends_with_last_handle;
    bool guest_connection;
    bool from_scenario, touched; /* untouched ones of the scenario are not saved */
    bool initial;                /* existed at power-on */
    unsigned memory_mb, processors;
    bool physical; /* fully physically backed */
    unsigned low_mmio_mb, high_mmio_mb;
    int64_t created_ms, started_ms; /* wall clock */
    int64_t started_ns;
    int64_t exit_due;      /* a graceful shutdown ends it then; SIM_NEVER */
    uint32_t image_build;  /* build of the base layer; 0: not known */
    unsigned handles;      /* open handles on it, its processes' not counted */
    unsigned refs;         /* handle objects of any kind that point here */
    struct json *document; /* the create document */

    /* VM */
    struct sim_share *shares;
    size_t share_count;
    struct sim_disk *disks;
    size_t disk_count;
    struct sim_root *roots;
    size_t root_count;
    struct sim_vpci *vpci;
    size_t vpci_count;
    struct sim_partition *partitions;
    size_t partition_count;
    char *gpu_mode; /* AssignmentMode; NULL: never set */
    bool vendor_extension;
    /* container */
    char *root_path;
    struct sim_mapping *mappings;
    size_t mapping_count;
    struct sim_grant *grants;
    size_t grant_count;
    /* guest */
    struct sim_files files;        /* made in this guest, beside what its image brings */
    struct sim_process *processes; /* list */
    uint32_t init_pid;
};

/* ---- processes ---- */
enum sim_step_kind { SIM_OUT, SIM_ERR, SIM_EXIT };
struct sim_step {
    int64_t at;
    enum sim_step_kind kind;
    char *bytes;
    size_t len;
    uint32_t exit_code;
};

struct sim_process {
    uint64_t number;
    uint32_t pid;
    struct sim_system *system; /* borrowed */
    struct sim_process *next;  /* in its system */
    char *image;               /* "cmd.exe": ProcessList's ImageName; guest.c sets it */
    char *command;
    char *user;
    int64_t created_ms, created_ns;
    bool exited;
    uint32_t exit_code;
    uint32_t client;                           /* who gets the streams; 0: nobody any more */
    uint64_t std_input, std_output, std_error; /* stream numbers; 0: not asked for */
    bool input_closed;
    unsigned columns, rows;
    struct sim_step *steps; /* ordered by time */
    size_t step_count, step_cap;
    int64_t tick_at; /* guest_tick() then; SIM_NEVER */
    bool started;    /* its request was served */
    /* guest.c's own: what program runs and what it remembers. Saved. */
    int program;
    int64_t counter;
    char *memory; /* malloc'd, NULL when nothing */
    unsigned handles, refs;
};

/* ---- requests ---- */
struct sim_request {
    uint64_t number;
    enum machine_request kind;
    uint32_t client;
    uint64_t handle, operation;
    char *document;
    int64_t due; /* SIM_NEVER: waits behind another, or hangs */
    bool running;
    size_t fault;             /* index in the scenario; SIZE_MAX: none */
    uint64_t target;          /* create process: the process's handle */
    struct sim_request *next; /* of the same handle */
};

struct sim_handle {
    uint64_t number;
    uint32_t client;
    struct sim_system *system;   /* borrowed, kept alive by the handle */
    struct sim_process *process; /* NULL: a handle on the system */
    bool listens;
    bool dead;   /* the service was lost */
    bool closed; /* kept until its requests are served */
    struct sim_request *first, *last;
};

struct sim_client {
    uint32_t number;
    bool watches;
    struct sim_output *first, *last;
    size_t output_count;
    uint64_t lost; /* events dropped because nobody fetched them */
    struct sim_client *next;
};

struct sim_output {
    struct machine_output out;
    struct sim_output *next;
};

/* ---- dues ---- */
enum sim_due_kind {
    SIM_DUE_REQUEST,
    SIM_DUE_STEP,
    SIM_DUE_TICK,
    SIM_DUE_EXIT,
    SIM_DUE_NOTICES,
    SIM_DUE_SERVICE
};
struct sim_due {
    int64_t at;
    uint64_t order;
    enum sim_due_kind kind;
    uint64_t target; /* number of the request, process or system */
};

struct machine {
    const struct scenario *scenario;
    int64_t power_on_ms;  /* wall clock at now_ns 0 */
    int64_t now;          /* the latest time seen */
    uint64_t next_number; /* systems, handles, processes, requests, streams, serials */
    uint32_t next_client, next_pid;
    uint64_t generation;
    struct sim_system *systems, *last_system;
    size_t system_count;        /* listed: neither stopped nor failed */
    struct sim_table by_number; /* systems */
    struct sim_table by_id;     /* hash of id -> chain */
    struct sim_table handles;
    struct sim_table requests;  /* running and waiting */
    struct sim_table processes; /* by number */
    struct sim_table streams;   /* stream number -> process */
    struct sim_client *clients;
    struct sim_files files;
    struct sim_due *dues;
    size_t due_count, due_cap;
    unsigned *fault_counts; /* one a fault of the scenario */
    char *listing;          /* cached answer of an enumeration without a query */
    int64_t notices_at;     /* when the last batch of notices was made; SIM_NEVER: no one watches */
    int64_t notices_due;    /* when the next one is made at the latest */
    uint64_t notices_made;
    size_t most_notices;    /* that wait for one client */
    uint64_t notice_system; /* number of the system that the last one named */
    int64_t service_back;   /* the service is away until then; 0: it is there */
    int64_t service_next;   /* its next disconnect */
    int64_t read_due;       /* reads that begin close together are served together */
    char **gone;            /* ids of the scenario's systems that have ended */
    size_t gone_count;
};

/* A refusal in words: what the ResultError document will say. */
struct sim_refusal {
    hcs_result code;
    char message[768];
    const char *device; /* set: a VirtualDeviceFailure attribution with this name */
    const char *detail; /* "Start", "Modify": OperationFailure; NULL: none */
};
hcs_result sim_refuse(struct sim_refusal *refusal, hcs_result code, const char *format, ...)
    HVGPU_PRINTF(3, 4);

/* ---- machine.c ---- */
uint64_t sim_number(struct machine *m);
void sim_changed(struct machine *m);
void sim_due_add(struct machine *m, int64_t at, enum sim_due_kind kind, uint64_t target);
/* Codes for refusals to which the published facts give none: one visible table. */
enum sim_assumed {
    ASSUMED_SHARE_EXISTS,
    ASSUMED_SHARE_UNKNOWN,
    ASSUMED_SHARE_UPDATE,
    ASSUMED_PATH_MISSING,
    ASSUMED_DISK_MISSING,
    ASSUMED_DISK_NOT_GRANTED,
    ASSUMED_DISK_IN_USE,
    ASSUMED_LUN_TAKEN,
    ASSUMED_LUN_EMPTY,
    ASSUMED_LAYER_NOT_SHARED,
    ASSUMED_ROOT_EXISTS,
    ASSUMED_ROOT_UNKNOWN,
    ASSUMED_ROOT_IN_USE,
    ASSUMED_MEMORY_ODD,
    ASSUMED_MEMORY_TOO_MUCH,
    ASSUMED_PROCESSORS,
    ASSUMED_HOST_NOT_READY,
    ASSUMED_GPU_NOT_UPDATE,
    ASSUMED_GPU_UNKNOWN,
    ASSUMED_PARTITION_UNKNOWN,
    ASSUMED_PARTITION_TAKEN,
    ASSUMED_NO_PARTITION,
    ASSUMED_VPCI_CLIENT_EDITION,
    ASSUMED_VPCI_NOT_DISMOUNTED,
    ASSUMED_VPCI_TAKEN,
    ASSUMED_VPCI_EXISTS,
    ASSUMED_VPCI_UNKNOWN,
    ASSUMED_VPCI_NOT_BACKED,
    ASSUMED_VPCI_POLICY,
    ASSUMED_DEVICE_UNKNOWN,
    ASSUMED_MAPPING_UNKNOWN,
    ASSUMED_NOT_SIMULATED,
    ASSUMED_NO_PROCESS,
    ASSUMED_SERVICE_AWAY,
    ASSUMED_OPTIONS_NOT_NULL,
    ASSUMED_COUNT
};
hcs_result sim_assumed_code(enum sim_assumed which);
const char *sim_assumed_reason(enum sim_assumed which);

/* ---- machine_systems.c ---- */
struct sim_system *sim_system_find(const struct machine *m, const char *id);
struct sim_system *sim_system_new(struct machine *m, const char *id);
void sim_system_list(struct machine *m, struct sim_system *s);  /* becomes visible */
void sim_system_touch(struct machine *m, struct sim_system *s); /* its properties changed */
void sim_system_end(struct machine *m, struct sim_system *s, int64_t now, hcs_result status,
                    const char *exit_type, const char *detail);
void sim_system_release(struct machine *m,
                        struct sim_system *s);     /* frees it when nothing holds it */
bool sim_system_lives(const struct sim_system *s); /* created or running */
void sim_system_clear(struct sim_system *s);       /* frees its members */

/* ---- events and outputs (machine_events.c) ---- */
void sim_complete(struct machine *m, const struct sim_request *request, hcs_result result,
                  char *document);
void sim_event(struct machine *m, struct sim_system *s, struct sim_process *p, uint32_t type,
               const char *document);
void sim_log(struct machine *m, int64_t now, uint32_t event_id, enum hvgpu_severity severity,
             const char *system_id, const char *message);
void sim_gpus_changed(struct machine *m, int64_t now);
void sim_bytes(struct machine *m, struct sim_process *p, uint64_t stream, const char *bytes,
               size_t len);

#endif
