/* SPDX-License-Identifier: MIT
 *
 * A launch: what plan_launch() made of the request, and what its steps find out on the way. The
 * order of the calls is that of hcsshim's record for a whole device; GPU-PV puts its own steps
 * between the start of the VM and the layers.
 *
 * Owned by the plan (its context); used by the job's thread only.
 */
#ifndef HVGPU_HCS_LAUNCH_H
#define HVGPU_HCS_LAUNCH_H

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"
#include "core/engine/hcs/plan.h"

/* A folder of the host that the VM sees. hcsshim shares each folder once per kind of access. */
struct launch_share {
    char *path;
    bool read_only;
    unsigned number; /* "s<number>" */
};

struct launch_mount {
    char *host, *guest;
    bool read_only;
    unsigned share;
};

/* One driver package of the host's GPUs, brought into VM and container. */
struct launch_package {
    char *name;                        /* known to the plan; NULL: only at run time */
    char *instance_id;                 /* the GPU that it belongs to */
    struct host_driver_package *facts; /* NULL in a dry run */
    unsigned share;
};

struct launch_device {
    char *instance_id;
    unsigned function; /* 0: the physical function */
    char guid[GUID_TEXT];
    char **locations; /* in the VM, one a child of the assigned bus; found at run time */
    size_t location_count;
};

struct launch {
    struct plan_base base;
    /* from the request */
    struct ownership record; /* id, vm_id, image, command, GPUs, what will be kept */
    char *host_name;
    char **layers; /* top first */
    size_t layer_count;
    bool layers_known;          /* from the host's list of images: the base is the last one */
    char *vm_scratch, *scratch; /* folders */
    char *own_folder;           /* made and deleted by hvgpu; NULL: the user's folders */
    struct launch_device *devices;
    size_t device_count;
    char **driver_dirs;
    size_t driver_dir_count;
    struct launch_mount *mounts;
    size_t mount_count;
    struct launch_package *packages;
    size_t package_count;
    char *gpu_text; /* "gpu0:3"; for evidence */
    uint64_t memory_mb;
    unsigned processors;
    enum hvgpu_answer server_edition;
    char *probe_folder; /* of the host */
    bool keep;
    bool emit_output; /* the output of the init process passes through (--rm) */
    /* found on the way */
    size_t base_layer; /* index of the layer with UtilityVM */
    char *vm_disk, *disk;
    char **layer_guids, **layer_paths;
    struct launch_share *shares;
    size_t share_count;
    unsigned probe_share;
    char *render_location; /* of the virtual render device in the VM */
    struct client_system *vm, *container;
    struct client_process *init;
    struct store_lock *lock;
    size_t container_mark; /* job_mark() before the container of a form was made */
    bool form_found;       /* a form let the GPU in, or nothing could tell */
    enum hvgpu_verdict verdict;
    char *sentence;
};

/* ---- plan_launch.c ---- */
/* Fills a new launch from a checked request. */
enum hvgpu_status launch_new(struct engine *engine, const struct engine_view *view,
                             const struct hvgpu_launch *request, struct launch **out,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
void launch_free(void *launch);
/* The steps, up to the container running and probed (not: --rm's wait and removal). */
enum hvgpu_status launch_steps(struct job_plan *plan, const struct launch *launch,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
/* Is the step with this argument the one that says whether the GPU is inside? */
bool launch_step_judges(int argument);
/* plan_launch_gpu.c: GPUs, mirror and devices of the request. */
enum hvgpu_status launch_take_gpus(struct launch *launch, const struct engine_view *view,
                                   const struct hvgpu_launch *request,
                                   struct hvgpu_error *err) HVGPU_MUST_USE;
/* The GPUs of a request, checked, as they go into a List; *out is malloc'd with its texts. */
enum hvgpu_status plan_resolve_gpus(const struct engine_view *view,
                                    const struct hvgpu_gpu_request *requests, size_t count,
                                    const char *except_vm, struct owned_gpu **out,
                                    struct hvgpu_error *err) HVGPU_MUST_USE;
/* A device id with an optional virtual function index as last element (hcsshim's rule). */
void plan_split_function(const char *raw, char **instance_id, unsigned *function);

/* ---- shares (launch_shares.c) ---- */
/* Shares a folder with the VM unless it is shared already; *number tells under which name. */
enum hvgpu_status launch_share_folder(struct launch *launch, const struct calls *calls,
                                      const char *path, bool read_only, bool layer,
                                      unsigned *number, struct hvgpu_error *err) HVGPU_MUST_USE;
/* Runs one of hvgpu's programs, or pnputil, in VM or container and checks its exit code. */
enum hvgpu_status launch_run(const struct calls *calls, const char *id,
                             struct client_system *system, struct json *parameters,
                             const char *what, struct calls_output *output,
                             struct hvgpu_error *err) HVGPU_MUST_USE;

/* ---- packages.c: the host's driver package in a guest; shared with attach ---- */
struct package_guest {
    const struct calls *calls;
    const struct schema_level *level;
    const char *id;
    struct client_system *system;
    bool container;    /* else the VM */
    const char *probe; /* command line of hvgpu's program there */
};
enum hvgpu_status package_read(const struct calls *calls, struct launch_package *package,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
/* VM: makes HostDriverStore and copies the package's folder from the share. */
enum hvgpu_status package_copy_store(const struct package_guest *guest,
                                     const struct launch_package *package,
                                     struct hvgpu_error *err) HVGPU_MUST_USE;
/* VM and container: the CopyToVm files into System32 and SysWOW64, from the folder `from`. */
enum hvgpu_status package_copy_files(const struct package_guest *guest,
                                     const struct launch_package *package, const char *from,
                                     struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status package_restart_device(const struct package_guest *guest,
                                         struct hvgpu_error *err) HVGPU_MUST_USE;
void package_clear(const struct calls *calls, struct launch_package *package);

/* ---- steps; the argument is given where it means something ---- */
enum hvgpu_status launch_look(struct job *job, void *context, int argument,
                              struct hvgpu_error *err);
enum hvgpu_status launch_disks(struct job *job, void *context, int argument,
                               struct hvgpu_error *err);
enum hvgpu_status launch_create_vm(struct job *job, void *context, int argument,
                                   struct hvgpu_error *err);
enum hvgpu_status launch_start_vm(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err);
enum hvgpu_status launch_layers(struct job *job, void *context, int argument,
                                struct hvgpu_error *err);
enum hvgpu_status launch_scratch(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err);
enum hvgpu_status launch_combine(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err);
enum hvgpu_status launch_mounts(struct job *job, void *context, int argument,
                                struct hvgpu_error *err);
enum hvgpu_status launch_probe_share(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err);
enum hvgpu_status launch_container(struct job *job, void *context, int form,
                                   struct hvgpu_error *err);
enum hvgpu_status launch_init(struct job *job, void *context, int argument,
                              struct hvgpu_error *err);
enum hvgpu_status launch_finish(struct job *job, void *context, int argument,
                                struct hvgpu_error *err);
enum hvgpu_status launch_follow(struct job *job, void *context, int argument,
                                struct hvgpu_error *err); /* --rm: output, exit code */
enum hvgpu_status launch_remove(struct job *job, void *context, int argument,
                                struct hvgpu_error *err); /* --rm: everything gone again */
/* launch_gpu.c */
enum hvgpu_status launch_give_gpu(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err);
enum hvgpu_status launch_driver(struct job *job, void *context, int argument,
                                struct hvgpu_error *err);
enum hvgpu_status launch_probe_vm(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err);
enum hvgpu_status launch_devices(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err);
enum hvgpu_status launch_install_drivers(struct job *job, void *context, int argument,
                                         struct hvgpu_error *err);
enum hvgpu_status launch_form(struct job *job, void *context, int form, struct hvgpu_error *err);
enum hvgpu_status launch_forms_judge(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err);
enum hvgpu_status launch_check(struct job *job, void *context, int argument,
                               struct hvgpu_error *err);

#endif
