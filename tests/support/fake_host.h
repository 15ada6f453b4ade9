/* SPDX-License-Identifier: MIT
 *
 * A hand-made host for tests of the client and the engine: both walls, filled by a few lines each,
 * one thread that completes operations, and a script that says what each function answers next. It
 * knows nothing of HCS beyond what the callers must see; the simulated machine is another thing.
 */
#ifndef HVGPU_TESTS_FAKE_HOST_H
#define HVGPU_TESTS_FAKE_HOST_H

#include "core/engine/hcs/hcs_engine.h"

enum fake_call {
    FAKE_ENUMERATE,
    FAKE_CREATE,
    FAKE_OPEN,
    FAKE_START,
    FAKE_SHUTDOWN,
    FAKE_TERMINATE,
    FAKE_PROPERTIES,
    FAKE_MODIFY,
    FAKE_CREATE_PROCESS,
    FAKE_PROCESS_INFO,
    FAKE_PROCESS_PROPERTIES,
    FAKE_TERMINATE_PROCESS,
    FAKE_MODIFY_PROCESS,
    FAKE_SERVICE,
    FAKE_GPUS,
    FAKE_CALLS
};

/* What a function answers. start: its own return value; result and document: the operation's. */
struct fake_reply {
    hcs_result start, result;
    const char *document; /* NULL: the default one */
    unsigned delay_ms;
    bool hang; /* the operation never completes; FAKE_GPUS: blocks until fake_release */
};

struct fake_host;

struct fake_host *fake_new(void);
void fake_free(struct fake_host *fake);
void fake_walls(struct fake_host *fake, struct hcs_engine_walls *walls); /* no store */

/* From now on; times 0: always. */
void fake_script(struct fake_host *fake, enum fake_call call, struct fake_reply reply,
                 unsigned times);
unsigned fake_count(struct fake_host *fake, enum fake_call call);
void fake_release(struct fake_host *fake); /* ends hanging blocking calls */

/* A system: json is its element of the enumeration; ends: TerminateOnLastHandleClosed. */
void fake_system(struct fake_host *fake, const char *id, const char *json, bool ends);
void fake_remove(struct fake_host *fake, const char *id);
unsigned fake_open_handles(struct fake_host *fake, const char *id);
void fake_raise(struct fake_host *fake, const char *id, uint32_t type, const char *document);
void fake_disconnect(struct fake_host *fake); /* to every listening handle */
void fake_notice(struct fake_host *fake, const struct host_change *change);
void fake_properties(struct fake_host *fake, const char *id, const char *document);

/* The process that HcsCreateProcess starts next: what it prints and how it ends. */
struct fake_program {
    const char *output, *errors;
    uint32_t exit_code;
    bool stays;       /* runs until it is killed */
    bool silent_end;  /* ends without an event */
    bool open_output; /* the streams are never closed by the host */
};
void fake_program(struct fake_host *fake, struct fake_program program);
const char *fake_last_modify(struct fake_host *fake);
unsigned fake_open_streams(struct fake_host *fake);
unsigned fake_kills(struct fake_host *fake);

/* GPUs of the second wall: count of them, load in permille. */
void fake_gpus(struct fake_host *fake, size_t count, unsigned load);
void fake_facts(struct fake_host *fake, const struct host_facts *facts);

#endif
