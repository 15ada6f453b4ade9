/* SPDX-License-Identifier: MIT
 *
 * A small simulated machine for the tests of core/engine/hcs/simulated: one server host with two
 * partitionable GPUs (one of them with a single partition), one dismounted GPU, one image, and time
 * that the test moves by hand.
 */
#ifndef TESTS_MACHINE_FIXTURE_H
#define TESTS_MACHINE_FIXTURE_H

#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/simulated/machine.h"

#define FIXTURE_GPU0                                                                               \
    "\\\\?\\PCI#VEN_10DE&DEV_25B6#4&0#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV"
#define FIXTURE_GPU1                                                                               \
    "\\\\?\\PCI#VEN_8086&DEV_3EA0#3&1#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV"
#define FIXTURE_DEVICE "PCIP\\VEN_10DE&DEV_1EB8&SUBSYS_12A210DE&REV_A1\\6&17F903&0&00200000"
#define FIXTURE_BASE   "C:\\layers\\base"
#define FIXTURE_TOP    "C:\\layers\\top"
#define FIXTURE_VSMB   "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"

struct fixture {
    struct scenario scenario;
    struct scenario_gpu gpus[3];
    struct host_image image;
    char *layers[2];
    struct scenario_fault faults[4];
    struct machine *m;
    uint32_t client;
    int64_t now;
    uint64_t operation;
    /* the last completion */
    hcs_result result;
    char *document; /* NULL when there was none */
    uint64_t std_input, std_output, std_error;
    uint32_t process_id;
    /* what came beside it since fixture_forget() */
    char output[4096]; /* bytes of all streams */
    size_t output_len, ends;
    uint32_t event_types[64];
    uint64_t event_handles[64];
    char event_document[512]; /* of the last event */
    size_t events, notices;
    bool killed;
};

/* The scenario before the machine is made: a test may change it. */
void fixture_scenario(struct fixture *f);
void fixture_machine(struct fixture *f);
/* Both. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* Takes what the machine tells the client. */
void fixture_take(struct fixture *f);
void fixture_forget(struct fixture *f);
/* Lets ms pass. */
void fixture_pass(struct fixture *f, int64_t ms);
/* Begins a request and lets time pass until it is answered; the result. -1: never answered within
 * a minute of the machine's time. For create and create_process *handle receives the handle. */
hcs_result fixture_call(struct fixture *f, enum machine_request request, uint64_t handle,
                        const char *id, const char *document, uint64_t *made);
hcs_result fixture_modify(struct fixture *f, uint64_t vm, const char *document);

/* Documents. */
extern const char fixture_vm_document[];
extern const char fixture_container_document[]; /* hosted by "vm", root c:\m0 */

/* A VM "vm", created; started. */
uint64_t fixture_vm(struct fixture *f);
uint64_t fixture_running_vm(struct fixture *f);
/* Layers shared, scratch mounted, combined at c:\m0 in the VM. */
void fixture_layers(struct fixture *f, uint64_t vm);
/* All of it, and the container "c" running on it. */
uint64_t fixture_running_container(struct fixture *f, uint64_t vm);
/* Runs a command and collects its output in f->output; the exit code is in the last event. */
hcs_result fixture_run(struct fixture *f, uint64_t system, const char *command, uint64_t *process);
/* Is the id in the enumeration? */
bool fixture_listed(struct fixture *f, const char *id);

#endif
