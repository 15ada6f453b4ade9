/* SPDX-License-Identifier: MIT
 *
 * What the parts machine_*.c of the simulated machine call of each other, beside state.h (which
 * guest.c sees too).
 */
#ifndef HVGPU_SIMULATED_SERVE_H
#define HVGPU_SIMULATED_SERVE_H

#include "core/engine/hcs/simulated/state.h"

#define SIM_PROBE_FOLDER   "C:\\ProgramData\\hvgpu\\probe"
#define SIM_SCRATCH_FOLDER "C:\\ProgramData\\hvgpu\\scratch"

/* One request being served: the answer document, or the refusal. */
struct sim_service {
    struct machine *m;
    struct sim_request *request;
    struct sim_handle *handle; /* NULL for enumerate */
    struct sim_system *system; /* of the handle; NULL for enumerate */
    int64_t now;
    char *document; /* malloc'd answer; goes to the completion */
    struct sim_refusal refusal;
};

/* machine.c */
void sim_machine_empty(struct machine *m); /* frees everything inside */
struct sim_client *sim_client_find(const struct machine *m, uint32_t number);

/* machine_seed.c: the systems that a scenario begins with */
void sim_seed_systems(struct machine *m);
void sim_seed_times(struct machine *m);

/* machine_dues.c */
bool sim_due_is_live(const struct machine *m, const struct sim_due *due);

/* machine_requests.c */
void sim_request_start_next(struct machine *m, struct sim_handle *handle, int64_t now);
void sim_request_serve(struct machine *m, struct sim_request *request, int64_t now);
void sim_service_lost(struct machine *m, int64_t now);
/* 0, or why no call is answered now: not elevated, no service, away. */
hcs_result sim_service_state(const struct machine *m, int64_t now);
/* Parses and checks the request's document as `type`. NULL with a refusal when it is not accepted;
 * the caller frees. */
struct json *sim_document(struct sim_service *service, const char *type);

/* machine_systems.c */
hcs_result sim_serve_start(struct sim_service *service);
void sim_system_unlist(struct machine *m, struct sim_system *s);
void sim_system_move(struct machine *m, struct sim_system *s, struct sim_system *old);
hcs_result sim_serve_shutdown(struct sim_service *service);
hcs_result sim_serve_terminate(struct sim_service *service);
void sim_handle_free(struct machine *m, struct sim_handle *handle);
struct sim_handle *sim_handle_new(struct machine *m, uint32_t client, struct sim_system *s,
                                  struct sim_process *p);
/* HCS's answer when the system of a handle is not there for this request; 0: it is. */
hcs_result sim_system_gone(struct sim_service *service);

/* machine_inventory.c */
uint64_t sim_mix(uint64_t n);

/* machine_create.c */
hcs_result sim_serve_create(struct sim_service *service);
void sim_runtime_id(const char *id, char guid[GUID_TEXT]);
/* Build of the image whose layer the host path lies in; 0: none, or not known. */
uint32_t sim_image_build(const struct machine *m, const char *host_path);

/* machine_guest_files.c */
/* The host path behind a guest's \\?\VMSMB\... path; NULL: it is on no share of the VM. The
 * caller frees. */
char *sim_guest_to_host(const struct sim_system *vm, const char *guest_path);

/* machine_modify.c and machine_guest_requests.c */
hcs_result sim_serve_modify(struct sim_service *service);
hcs_result sim_guest_request(struct sim_service *service, const struct json *request);
hcs_result sim_share_add(struct sim_service *service, struct sim_system *vm,
                         const struct json *settings);
hcs_result sim_disk_add(struct sim_service *service, struct sim_system *vm, const char *controller,
                        unsigned lun, const struct json *settings);
struct sim_share *sim_share_find(const struct sim_system *vm, const char *name);
void sim_share_clear(struct sim_share *share);
void sim_disk_clear(struct sim_disk *disk);
void sim_root_clear(struct sim_root *root);
struct sim_root *sim_root_find(const struct sim_system *vm, const char *path);
hcs_result sim_root_check_layers(struct sim_service *service, const struct sim_system *vm,
                                 const struct json *layers, const char *where);

/* machine_gpus.c */
hcs_result sim_gpu_update(struct sim_service *service, const char *request_type,
                          const struct json *settings);
hcs_result sim_vpci_modify(struct sim_service *service, const char *guid, const char *request_type,
                           const struct json *settings);
void sim_vpci_clear(struct sim_vpci *vpci);
void sim_vm_release_devices(struct machine *m, struct sim_system *vm, int64_t now);
/* Is the partition of the GPU held by a VM other than `except`, or by somebody outside? */
bool sim_partition_taken(const struct machine *m, size_t gpu, uint32_t partition,
                         const struct sim_system *except);
uint32_t sim_partition_total(const struct machine *m, size_t gpu);

/* machine_reach.c */
hcs_result sim_assign_devices(struct sim_service *service, struct sim_system *container,
                              const struct json *devices);

/* machine_processes.c */
hcs_result sim_serve_create_process(struct sim_service *service);
hcs_result sim_serve_process(struct sim_service *service);
struct sim_process *sim_process_new(struct machine *m, struct sim_system *s, uint32_t client);
void sim_process_free(struct machine *m, struct sim_process *p);
void sim_process_clear(struct sim_process *p);
void sim_streams_forget(struct machine *m, struct sim_process *p);
void sim_process_exit(struct machine *m, struct sim_process *p, uint32_t exit_code);
void sim_process_step(struct machine *m, struct sim_process *p, int64_t now);
void sim_process_release(struct machine *m, struct sim_process *p);
struct json *sim_process_status(const struct sim_process *p);
void sim_streams_orphan(struct machine *m, uint32_t client, int64_t now);

/* machine_properties.c */
hcs_result sim_serve_enumerate(struct sim_service *service);
hcs_result sim_serve_properties(struct sim_service *service);

/* machine_events.c */
bool sim_client_take(struct machine *m, struct sim_client *client, struct machine_output *out);
void sim_output_push(struct machine *m, uint32_t client, struct machine_output *out);
void sim_kill(struct machine *m, uint32_t client);
void sim_notices_schedule(struct machine *m, int64_t now);
void sim_notices_make(struct machine *m, int64_t now);
void sim_notices_ride(struct machine *m, int64_t now);
char *sim_error_document(const struct sim_refusal *refusal);
struct json *sim_attribution(const char *detail, const char *device);

#endif
