/* SPDX-License-Identifier: MIT
 *
 * What happens inside the simulated guests, in two halves.
 *
 *   guest.c       decides what a command line does: what it prints, when it ends, what it changes
 *   machine_*.c   give it time, streams, files and the question which GPUs reach a place
 *
 * Nothing in a guest may wake the machine up unless somebody can see it: a program that prints once
 * a second does so only while its std_output is asked for (p->std_output != 0).
 */
#ifndef HVGPU_SIMULATED_GUEST_H
#define HVGPU_SIMULATED_GUEST_H

#include "core/engine/hcs/simulated/state.h"

/* ---- guest.c ---- */

/* Starts the program of `parameters` (ProcessParameters, checked; also in p->command, p->user) in
 * the VM or container `where` at time `now`. Sets p->image ("cmd.exe", malloc'd), p->program, and
 * queues output and end with the functions below. A failure code refuses the process (0x80070002:
 * no such program): then nothing may have been queued. */
hcs_result guest_start(struct machine *m, struct sim_system *where, struct sim_process *p,
                       const struct json *parameters, int64_t now);
/* Bytes on standard input; its end (pipe closed, or CloseHandle StdIn; called once). */
void guest_input(struct machine *m, struct sim_process *p, const char *bytes, size_t len,
                 int64_t now);
void guest_input_end(struct machine *m, struct sim_process *p, int64_t now);
/* The time asked for with sim_process_tick() has come. */
void guest_tick(struct machine *m, struct sim_process *p, int64_t now);
/* HcsSignalProcess: "CtrlC", "CtrlBreak", "CtrlClose", "CtrlLogOff", "CtrlShutdown". */
void guest_signal(struct machine *m, struct sim_process *p, const char *signal, int64_t now);

/* ---- machine_processes.c, for guest.c. Steps are ordered by time; equal times keep their order.
 */

/* The process prints at time `at`. Without a stream for it the bytes are dropped. */
void sim_process_print(struct machine *m, struct sim_process *p, int64_t at, bool to_stderr,
                       const char *bytes, size_t len);
/* The process ends at time `at`; steps queued for a later time are dropped. */
void sim_process_end(struct machine *m, struct sim_process *p, int64_t at, uint32_t exit_code);
/* guest_tick() is called at `at` (once). */
void sim_process_tick(struct machine *m, struct sim_process *p, int64_t at);
bool sim_process_can_print(const struct sim_process *p); /* standard output is asked for */

/* ---- machine_guest_files.c: paths inside a guest. A path of a container is looked up in its
 * mapped directories first, then in its own files and its image; \\?\VMSMB\... names lead to the
 * host. */
bool sim_guest_exists(struct machine *m, struct sim_system *where, const char *path,
                      bool *is_folder);
/* Makes the folder and its parents. ERROR_ALREADY_EXISTS when it is there; E_ACCESSDENIED on a
 * read-only share. */
hcs_result sim_guest_make_folder(struct machine *m, struct sim_system *where, const char *path);
/* Copies a file, or a whole folder with everything in it (to becomes the folder). */
hcs_result sim_guest_copy(struct machine *m, struct sim_system *where, const char *from,
                          const char *to);
hcs_result sim_guest_remove(struct machine *m, struct sim_system *where, const char *path);
/* Calls each() for every entry of the folder, names without the path. False: no such folder. */
bool sim_guest_list(struct machine *m, struct sim_system *where, const char *folder,
                    void (*each)(void *context, const char *name, bool is_folder), void *context);

/* ---- machine_reach.c: which GPUs reach a place ---- */
struct sim_visible {
    size_t gpu; /* index in m->scenario->gpus; SIZE_MAX: a device that is no GPU */
    const struct scenario_gpu *about; /* NULL for such a device */
    bool paravirtual; /* GPU-PV: VEN_1414&DEV_008E; false: DDA, the device's own id */
    struct sim_partition *partition; /* GPU-PV; of the VM */
    struct sim_vpci *vpci;           /* DDA; of the VM */
    const struct sim_function *function;
    bool started;          /* GPU-PV: files were there when it started; DDA: driver installed */
    char location[64];     /* location path in the guest */
    char instance_id[160]; /* of the device in the guest */
};
/* Fills at most max, returns how many there are. where: a VM or a container. */
size_t sim_visible_gpus(struct machine *m, struct sim_system *where, struct sim_visible *out,
                        size_t max);
/* The VM of a place: the VM itself, or the container's host; NULL for a process container. */
struct sim_system *sim_vm_of(struct sim_system *where);
/* The assigned device behind "VMBUS\{44c4f61d-...}\{guid}" or a bare guid; NULL: none. */
struct sim_vpci *sim_vpci_find(struct sim_system *vm, const char *parent_or_guid);
/* Location path of function `index` of an assigned device in the guest. */
void sim_vpci_location(const struct sim_vpci *vpci, size_t index, char *out, size_t size);
/* Name of the driver package that a guest has for this GPU: the host's, or, in a scenario where the
 * host's driver was updated under running guests (guest_package), the old one. */
const char *sim_guest_package(const struct machine *m, const struct sim_system *where, size_t gpu);
/* Is that package in the VM's C:\Windows\System32\HostDriverStore\FileRepository? (By any name that
 * the host's or the old package has.) */
bool sim_package_present(struct machine *m, struct sim_system *where, size_t gpu);
/* The render devices of the VM restart (pnputil /restart-device, disable and enable): each looks
 * for its driver files again. */
void sim_devices_restart(struct machine *m, struct sim_system *vm);
/* pnputil /add-driver ... /install: the VM's assigned devices of that vendor get their driver. */
void sim_devices_install(struct machine *m, struct sim_system *vm);

#endif
