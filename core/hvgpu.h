/* SPDX-License-Identifier: MIT
 *
 * libhvgpu: the public header.
 *
 *      host system --> engine --> inbox --> model --> snapshot --> views and shell tables
 *      keys, shell commands --> request --> job --> steps --> engine --> host system
 *
 * A program opens a host by URI, waits on one handle, calls hvgpu_poll(), and reads a const
 * snapshot. It changes the host by submitting requests, which run as jobs. Everything a host says
 * arrives through the inbox; nothing here blocks unless its comment says so.
 *
 * Threads: every function is called by the thread that opened the host. Several hosts may be open
 * in one process, by one thread or by several. There is no global state.
 *
 * Ownership: a snapshot and all that hangs on it is valid until the next hvgpu_poll(); records kept
 * with hvgpu_record_keep() until hvgpu_record_drop(). Texts in records are UTF-8, cleaned of
 * control characters; NULL and known == false mean "not known", which is never the same as none or
 * zero.
 */
#ifndef HVGPU_H
#define HVGPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define HVGPU_VERSION "0.1.0"

struct hvgpu; /* one connected host */

/* ------------------------------------------------------------------------------------------
 * Vocabulary
 * ---------------------------------------------------------------------------------------- */

/* A number that may be unknown. */
struct hvgpu_number {
    uint64_t value;
    bool known;
};

enum hvgpu_answer { HVGPU_ANSWER_UNKNOWN, HVGPU_ANSWER_NO, HVGPU_ANSWER_YES };

enum hvgpu_link {
    HVGPU_LINK_CONNECTING,
    HVGPU_LINK_LIVE,
    HVGPU_LINK_STALE, /* the host answered, but not lately */
    HVGPU_LINK_LOST
};

/* The host itself. */
struct hvgpu_host {
    const char *uri;
    const char *name;       /* computer name */
    const char *edition;    /* "Windows Server 2022 Datacenter" */
    const char *simulation; /* what is simulated and which data is real; NULL: not simulated */
    const char *notice;     /* one line the user should know (degraded list, guess in use) */
    bool simulated;
    struct hvgpu_number build;                      /* 20348 */
    struct hvgpu_number schema_major, schema_minor; /* newest HCS schema of the service */
    enum hvgpu_answer hypervisor, service, server_edition;
    enum hvgpu_link link;
    const char *link_reason; /* why it is not live; NULL when live */
    const char *link_hint;   /* what to do about it */
    int64_t time_ms; /* the host's clock at its last answer, Unix time; ages count from it */
    bool paused;
};

/* ---- GPUs ---- */

enum hvgpu_gpu_state {
    HVGPU_GPU_UNKNOWN,
    HVGPU_GPU_PARTITIONABLE,  /* GPU-P: SR-IOV partitions */
    HVGPU_GPU_PARAVIRTUAL,    /* GPU-PV: paravirtual partitions */
    HVGPU_GPU_DISMOUNTED,     /* taken from the host, ready for DDA */
    HVGPU_GPU_NOT_ASSIGNABLE, /* neither */
    HVGPU_GPU_PROBLEM         /* problem_code says which */
};

/* One partition whose number is known (given by hvgpu, or reported by Msvm_GpuPartition). */
struct hvgpu_partition {
    uint32_t number;
    const char *system_id; /* who holds it */
};

/* A quota of the partition interface: normalised shares, bytes, or no limit
 * (Msvm_PartitionableGpu). 1000000000 is "the whole GPU", 2^64-1 "no limit". */
struct hvgpu_quota {
    struct hvgpu_number total, available, min, max, optimal;
};

struct hvgpu_gpu {
    const char *id; /* "gpu0": order of bus location; for people. instance_id is the key */
    const char *name;
    const char *vendor;              /* "NVIDIA" */
    uint16_t pci_vendor, pci_device; /* 0: not a PCI device */
    const char *instance_id;         /* PnP device instance id */
    const char *interface_path;      /* partition interface, the string HCS takes; NULL: none */
    const char *location;            /* "PCI bus 1, device 0, function 0" */
    const char *location_path;       /* "PCIROOT(0)#PCI(0100)" */
    const char *driver_version, *driver_date, *driver_inf, *driver_package;
    enum hvgpu_gpu_state state;
    const char *state_text; /* state in words, the problem code included */
    struct hvgpu_number problem_code;
    enum hvgpu_answer reboot_required;
    struct hvgpu_number vram_bytes, vram_used_bytes;
    struct hvgpu_number load_permille, temperature_celsius, power_permille;
    struct hvgpu_number partition_total; /* PartitionCount */
    const uint32_t *valid_counts;        /* ValidPartitionCounts */
    size_t valid_count_count;
    struct hvgpu_quota vram, encode, decode, compute;
    const struct hvgpu_partition *partitions; /* number and owner known */
    size_t partition_count;
    uint32_t any_count;     /* given by hvgpu as "any": number unknown */
    const char *dda_holder; /* system id that holds the whole device; NULL: none known */
};

/* ---- compute systems ---- */

enum hvgpu_system_kind {
    HVGPU_SYSTEM_OTHER,
    HVGPU_SYSTEM_UTILITY_VM,       /* a VM that hosts containers */
    HVGPU_SYSTEM_VM,               /* any other VM */
    HVGPU_SYSTEM_HYPERV_CONTAINER, /* hosted in a utility VM, or with its own (docker) */
    HVGPU_SYSTEM_PROCESS_CONTAINER,
    HVGPU_SYSTEM_TEMPLATE
};

enum hvgpu_system_state {
    HVGPU_STATE_UNKNOWN,
    HVGPU_STATE_CREATED,
    HVGPU_STATE_RUNNING,
    HVGPU_STATE_PAUSED,
    HVGPU_STATE_STOPPED,
    HVGPU_STATE_SAVED_AS_TEMPLATE
};

enum hvgpu_gpu_mode {
    HVGPU_MODE_UNKNOWN, /* a system of others: nothing reads it back */
    HVGPU_MODE_NONE,
    HVGPU_MODE_LIST,   /* GPU-PV / GPU-P partitions */
    HVGPU_MODE_MIRROR, /* all host GPUs */
    HVGPU_MODE_DDA     /* whole devices */
};

struct hvgpu_assignment {
    const char *gpu;               /* instance id */
    struct hvgpu_number partition; /* unknown: "any" */
};

enum hvgpu_init_state { HVGPU_INIT_UNKNOWN, HVGPU_INIT_RUNNING, HVGPU_INIT_ENDED };

struct hvgpu_system {
    const char *id;
    const char *name;
    enum hvgpu_system_kind kind;
    enum hvgpu_system_state state;
    const char *kind_text, *state_text; /* foreign words verbatim where unknown */
    const char *owner;                  /* as HCS reports it: "Madrid" */
    const char *owner_text;             /* decoded: "Windows Sandbox"; what --foreign takes */
    const char *os;                     /* RuntimeOsType */
    const char *host_id;                /* the utility VM that hosts it; NULL: none */
    const char *runtime_id;
    const char *image; /* known for systems that hvgpu launched */
    const char *command;
    bool ours;      /* created by hvgpu */
    bool left_over; /* stopped or gone, but hvgpu's record still holds files: rm removes */
    enum hvgpu_answer ends_with_last_handle; /* TerminateOnLastHandleClosed */
    enum hvgpu_gpu_mode gpu_mode;
    const char *gpu_text; /* "gpu0:3", "gpu0:any", "all GPUs", "none"; NULL: not known */
    const struct hvgpu_assignment *assignments;
    size_t assignment_count;
    struct hvgpu_number cpu_permille; /* of one processor: 2 busy processors are 2000 */
    struct hvgpu_number memory_bytes, processes, processors;
    struct hvgpu_number created_ms; /* Unix time */
    enum hvgpu_init_state init_state;
    struct hvgpu_number init_pid, init_exit_code;
};

/* ---- presence checks ---- */

enum hvgpu_verdict {
    HVGPU_VERDICT_UNKNOWN,
    HVGPU_VERDICT_PASS,
    HVGPU_VERDICT_DEGRADED,
    HVGPU_VERDICT_FAIL
};

enum hvgpu_rung_kind {
    HVGPU_RUNG_OBJECTS,  /* \Global?? names */
    HVGPU_RUNG_STORE,    /* HostDriverStore in step with the host's package */
    HVGPU_RUNG_PNP,      /* PnP problem code */
    HVGPU_RUNG_ADAPTERS, /* D3DKMT adapters */
    HVGPU_RUNG_VENDOR,   /* vendor tool */
    HVGPU_RUNG_COUNT
};

struct hvgpu_rung {
    enum hvgpu_verdict verdict;
    const char *evidence; /* what was read, or why it could not be */
};

#define HVGPU_CHECK_HISTORY 32

/* The answer of one probe: in the utility VM and in the container. */
struct hvgpu_check {
    const char *system_id;
    enum hvgpu_verdict verdict;
    const char *sentence; /* in neither / in the VM but not in the container / in both / not known
                             because ... */
    struct hvgpu_rung vm[HVGPU_RUNG_COUNT], container[HVGPU_RUNG_COUNT];
    enum hvgpu_answer in_vm, in_container;
    const char *vm_answer, *container_answer; /* raw line of the probe; NULL: none came */
    int64_t time_ms;
    struct hvgpu_number duration_ms;
    bool judged; /* false: listed, but not entered (system of others); leaves exit statuses alone */
    uint8_t history[HVGPU_CHECK_HISTORY]; /* enum hvgpu_verdict, oldest first */
    size_t history_count;
};

const char *hvgpu_rung_name(enum hvgpu_rung_kind kind); /* "object names" */
const char *
hvgpu_verdict_name(enum hvgpu_verdict verdict); /* "pass", "degraded", "fail", "unknown" */

/* ---- images ---- */

struct hvgpu_image {
    const char *name;
    const char *store; /* "docker", "containerd" */
    const char *os_version;
    struct hvgpu_number build;
    const char *const *layers; /* folders, top first */
    size_t layer_count;
    enum hvgpu_answer has_utility_vm, can_carry_gpu;
    const char *reason; /* why it can or cannot carry a GPU */
};

/* ---- jobs ---- */

enum hvgpu_job_state {
    HVGPU_JOB_QUEUED,
    HVGPU_JOB_RUNNING,
    HVGPU_JOB_UNDOING,
    HVGPU_JOB_DONE,
    HVGPU_JOB_FAILED,
    HVGPU_JOB_CANCELLED
};

enum hvgpu_step_state {
    HVGPU_STEP_WAITING,
    HVGPU_STEP_RUNNING,
    HVGPU_STEP_DONE,
    HVGPU_STEP_FAILED,
    HVGPU_STEP_SKIPPED,
    HVGPU_STEP_UNKNOWN /* it never answered */
};

struct hvgpu_step {
    const char *title;
    enum hvgpu_step_state state;
    const char *evidence; /* what it found or did, or why it failed or was skipped; NULL: none */
    struct hvgpu_number duration_ms;
    bool is_undo;
};

/* One call that was sent to the host, with its answer. */
struct hvgpu_call {
    const char *call;     /* "Create", "Modify", ... as in the dry run */
    const char *id;       /* system id or first argument */
    const char *document; /* JSON sent; NULL: none */
    const char *answer;   /* JSON or text that came back; NULL: none (yet) */
    bool answered;
    int32_t code; /* HRESULT */
    struct hvgpu_number duration_ms;
};

struct hvgpu_job {
    uint64_t id;
    const char *verb;   /* "launch" */
    const char *title;  /* "launch demo1 with gpu0" */
    const char *target; /* system id; NULL: none */
    enum hvgpu_job_state state;
    bool hidden; /* inspect and the like: not for the Jobs view */
    bool cancelling;
    const struct hvgpu_step *steps;
    size_t step_count;
    const struct hvgpu_call *const *calls;
    size_t call_count;
    int64_t started_ms, ended_ms; /* Unix time; 0: not yet */
    struct hvgpu_error error;     /* status OK unless FAILED or CANCELLED */
    const char *result;           /* JSON of what it found (inspect, launch, check, verify); NULL */
    struct hvgpu_number exit_code; /* of the process that exec or launch --rm ran */
    const char *left_behind;       /* what the undo could not take back; NULL: nothing */
};

/* What an unfinished job of an earlier process left behind. Undone by HVGPU_RECOVER. */
struct hvgpu_leftover {
    const char *journal; /* its key */
    const char *title;   /* the job */
    const char *text;    /* what really exists now, in words */
    int64_t time_ms;
    size_t thing_count;
};

/* ---- events ---- */

enum hvgpu_event_source { HVGPU_EVENT_HCS, HVGPU_EVENT_LOG, HVGPU_EVENT_HVGPU };
enum hvgpu_severity {
    HVGPU_SEVERITY_INFO,
    HVGPU_SEVERITY_GOOD,
    HVGPU_SEVERITY_WARNING,
    HVGPU_SEVERITY_ERROR
};

/* One event as it came. Immutable. */
struct hvgpu_event {
    uint64_t sequence; /* counts every event of the host; a gap is a loss */
    int64_t time_ms;
    uint8_t source;        /* enum hvgpu_event_source */
    uint8_t severity;      /* enum hvgpu_severity */
    uint32_t type;         /* HCS_EVENT_TYPE, or the log's event id */
    const char *kind;      /* "SystemExited" */
    const char *system_id; /* "" when it names none */
    const char *json;      /* the event document as received, cleaned; "" when there is none */
};

/* The event in one line of words, result codes decoded. Parses, so call it for visible rows only.
 */
void hvgpu_event_text(const struct hvgpu_event *event, char *out, size_t size);

/* ---- snapshot ---- */

struct hvgpu_snapshot_index;

/* One moment of the host. Arrays are sorted: GPUs by location, systems as a tree (a utility VM,
 * then its containers) by id, images by name, jobs newest first, checks by system id. */
struct hvgpu_snapshot {
    uint64_t generation; /* grows with every change */
    uint64_t host_generation, gpu_generation, system_generation, image_generation, check_generation,
        job_generation, leftover_generation, event_generation;
    bool loaded; /* the first inventory (GPUs, systems, images) has arrived or failed */
    const struct hvgpu_host *host;
    const struct hvgpu_gpu *const *gpus;
    size_t gpu_count;
    const struct hvgpu_system *const *systems;
    size_t system_count;
    const struct hvgpu_image *const *images;
    size_t image_count;
    const struct hvgpu_check *const *checks;
    size_t check_count;
    const struct hvgpu_job *const *jobs;
    size_t job_count;
    const struct hvgpu_leftover *const *leftovers;
    size_t leftover_count;
    size_t event_count;   /* events kept */
    uint64_t event_first; /* sequence of the oldest kept */
    uint64_t events_seen, events_lost;
    const struct hvgpu_snapshot_index *index; /* core's own, for the finders; NULL: none */
};

const struct hvgpu_gpu *hvgpu_find_gpu(const struct hvgpu_snapshot *s, const char *instance_id);
const struct hvgpu_system *hvgpu_find_system(const struct hvgpu_snapshot *s, const char *id);
const struct hvgpu_check *hvgpu_find_check(const struct hvgpu_snapshot *s, const char *system_id);
const struct hvgpu_job *hvgpu_find_job(const struct hvgpu_snapshot *s, uint64_t job_id);
/* index 0 is the oldest kept. Valid until the next poll. */
const struct hvgpu_event *hvgpu_event_at(const struct hvgpu *host, size_t index);

/* Records (everything a snapshot points to, events too) are reference-counted and immutable. */
const void *hvgpu_record_keep(const void *record);
void hvgpu_record_drop(const void *record); /* NULL is fine */

/* ------------------------------------------------------------------------------------------
 * Opening a host
 * ---------------------------------------------------------------------------------------- */

struct hvgpu_options {
    bool paused;               /* no enumeration, statistics or probes until told */
    bool read_only;            /* every change is refused with HVGPU_READ_ONLY */
    unsigned probe_interval_s; /* periodic checks of own containers; 0: none */
    size_t event_capacity;     /* events kept; 0: 16384 */
};

/* Opens the host named by uri: "demo:[SCENARIO|FILE.json][?state=FILE&events=N&clock=stepped]".
 * Returns at once; the connection is made in the background and its state is in the snapshot.
 * Fails only on a URI, scenario or state file that cannot be used (HVGPU_INVALID with line and
 * reason) and on lack of memory. options may be NULL. */
enum hvgpu_status hvgpu_open(const char *uri, const struct hvgpu_options *options,
                             struct hvgpu **out, struct hvgpu_error *err) HVGPU_MUST_USE;

/* Closes the host: no new jobs, engine closed, threads joined (after one second without them),
 * memory freed. Running jobs are left as they are; their journals tell a later start. */
void hvgpu_close(struct hvgpu *host);

/* The handle that becomes ready when hvgpu_poll() has something to do: a file descriptor for
 * poll(), on Windows a HANDLE. */
intptr_t hvgpu_wake_handle(const struct hvgpu *host);

/* Makes the wake handle ready; the only function that any thread or a signal handler may call. */
void hvgpu_wake(struct hvgpu *host);

/* Applies everything that has arrived and publishes a new snapshot if anything changed. Returns
 * true when it did. Never blocks. */
bool hvgpu_poll(struct hvgpu *host);

/* Blocks until something arrived or timeout_ms passed (-1: for ever), then polls. For programs
 * without a loop of their own. */
bool hvgpu_wait(struct hvgpu *host, int timeout_ms);

const struct hvgpu_snapshot *hvgpu_snapshot(const struct hvgpu *host); /* never NULL */

void hvgpu_set_paused(struct hvgpu *host, bool paused);
bool hvgpu_is_read_only(const struct hvgpu *host);
void hvgpu_set_read_only(struct hvgpu *host, bool read_only);
void hvgpu_set_probe_interval(struct hvgpu *host, unsigned seconds);
/* Asks the host again for everything now. */
void hvgpu_refresh(struct hvgpu *host);

/* ------------------------------------------------------------------------------------------
 * Requests and jobs
 * ---------------------------------------------------------------------------------------- */

enum hvgpu_verb {
    HVGPU_LAUNCH,
    HVGPU_ATTACH,
    HVGPU_DETACH,
    HVGPU_STOP,
    HVGPU_REMOVE,
    HVGPU_EXEC,
    HVGPU_CHECK,
    HVGPU_VERIFY,
    HVGPU_INSPECT, /* result: {"system":..., "properties":..., "record":...} */
    HVGPU_RECOVER  /* undo what a journal lists */
};

/* One GPU asked for: `gpu` is an id ("gpu0"), instance id or interface path. */
struct hvgpu_gpu_request {
    const char *gpu;
    struct hvgpu_number partition; /* unknown: any */
};

/* One assignable device: TYPE://ID as containerd and docker spell it. */
struct hvgpu_device_request {
    const char *type; /* "vpci", "vpci-instance-id" */
    const char *id;   /* PCIP\..., optionally with a virtual function index as last element */
};

struct hvgpu_mount {
    const char *host_path, *guest_path;
    bool read_only;
};

/* What to launch. Either image, or layers with the two scratch folders. */
struct hvgpu_launch {
    const char *name; /* NULL: made up */
    const char *image;
    const char *const
        *layers; /* top first; the last one holds UtilityVM where nothing can be looked at */
    size_t layer_count;
    const char *uvm_scratch, *scratch; /* folders; NULL with image: made and removed by hvgpu */
    const struct hvgpu_gpu_request *gpus;
    size_t gpu_count;
    bool gpu_mirror;
    const struct hvgpu_device_request *devices;
    size_t device_count;
    const char *const *driver_dirs;
    size_t driver_dir_count;
    uint64_t memory_mb; /* 0: 4096 with a GPU, else 1024 */
    bool fully_backed;  /* implied by devices */
    unsigned cpus;      /* 0: 2 */
    const struct hvgpu_mount *mounts;
    size_t mount_count;
    const char *command; /* Windows command line; NULL: a command that stays */
    bool remove;         /* --rm: ends with its launcher and is removed; output passes through */
    bool keep;           /* --keep: on failure nothing is undone, for troubleshooting */
};

struct hvgpu_request {
    enum hvgpu_verb verb;
    const char *target; /* system id (or name); journal key for RECOVER; NULL for LAUNCH, VERIFY */
    const char
        *foreign; /* decoded owner of a system that hvgpu did not create; NULL: own ones only */
    const char *confirm;        /* the id typed again: replace GPUs that cannot be read back */
    struct hvgpu_launch launch; /* LAUNCH; VERIFY takes image and gpus from it */
    const struct hvgpu_gpu_request *gpus; /* ATTACH: add; DETACH: remove (none: all) */
    size_t gpu_count;
    bool gpu_mirror;      /* ATTACH */
    const char *command;  /* EXEC */
    const char *user;     /* EXEC; NULL: the container's default */
    bool in_vm;           /* EXEC in the utility VM */
    bool interactive;     /* EXEC: input follows by hvgpu_job_input() */
    bool emulate_console; /* EXEC: pseudo console of columns x rows */
    unsigned columns, rows;
    bool force;         /* STOP: terminate at once; CANCEL of a hung call */
    unsigned timeout_s; /* STOP: grace; 0: 30 */
};

/* Starts a job. Returns at once; progress is in the snapshot. Refused at once: HVGPU_READ_ONLY,
 * HVGPU_FOREIGN, HVGPU_INVALID, HVGPU_NOT_FOUND, HVGPU_LIMIT (8 running), HVGPU_LOST. The request
 * is copied. */
enum hvgpu_status hvgpu_submit(struct hvgpu *host, const struct hvgpu_request *request,
                               uint64_t *job_id, struct hvgpu_error *err) HVGPU_MUST_USE;

/* The exact calls, in order, that the request would send: a JSON array of
 * {"call","id","document"[,"if"]}. Values known only at run time stand as "<name>". Changes and
 * reads nothing. *json is new memory (free()). */
enum hvgpu_status hvgpu_preview(struct hvgpu *host, const struct hvgpu_request *request,
                                char **json, struct hvgpu_error *err) HVGPU_MUST_USE;

/* Cancels: acts when the running call has ended (HCS cannot abort one). force: terminates what the
 * call works on through a second handle. */
void hvgpu_cancel(struct hvgpu *host, uint64_t job_id, bool force);

/* Output of the process of an EXEC or LAUNCH --rm job, in the order it came. */
typedef void (*hvgpu_output_fn)(void *context, uint64_t job_id, bool is_stderr, const char *bytes,
                                size_t len);
/* Called from hvgpu_poll() for every piece. NULL: output is dropped. */
void hvgpu_on_output(struct hvgpu *host, hvgpu_output_fn fn, void *context);
/* Sends input; len 0 ends it. False: the job takes no input (any more) or too much is waiting
 * (1 MiB): try again after the next poll. */
bool hvgpu_job_input(struct hvgpu *host, uint64_t job_id, const char *bytes, size_t len);
void hvgpu_job_resize(struct hvgpu *host, uint64_t job_id, unsigned columns, unsigned rows);

/* ------------------------------------------------------------------------------------------
 * JSON of records, for --json, inspect panes and tests: one writer. Keys are documented in
 * README.md. New memory (free()); NULL when out of memory.
 * ---------------------------------------------------------------------------------------- */
char *hvgpu_json_gpus(const struct hvgpu_snapshot *s);
char *hvgpu_json_systems(const struct hvgpu_snapshot *s, bool all);
char *hvgpu_json_images(const struct hvgpu_snapshot *s);
char *hvgpu_json_checks(const struct hvgpu_snapshot *s);
char *hvgpu_json_job(const struct hvgpu_snapshot *s, const struct hvgpu_job *job);
char *hvgpu_json_event(const struct hvgpu_snapshot *s, const struct hvgpu_event *event);
char *hvgpu_json_host(const struct hvgpu_snapshot *s);

/* URI schemes that this build can open, for help texts: {"demo", "a simulated host"}... Ends with a
 * NULL scheme. */
struct hvgpu_scheme {
    const char *scheme, *summary;
};
const struct hvgpu_scheme *hvgpu_schemes(void);

#endif
