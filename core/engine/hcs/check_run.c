/* SPDX-License-Identifier: MIT
 *
 * One presence check: the probe run in the utility VM and in the container, each answer read, and
 * both joined into a verdict with its evidence. What should be found comes from hvgpu's own record
 * and from the driver packages that the host has now, so that a driver update shows.
 *
 * Runs on the thread of whoever wants the check, and blocks for as long as the guest takes, at most
 * CLIENT_TIMEOUT_PROBE for each place.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"
#include "core/engine/hcs/engine_private.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/probe.h"
#include "core/record.h"

enum { WANTED_MAX = 64 };

/* ---- what should be found ---- */

struct wanted {
    struct probe_expectation expectation;
    const char *packages[WANTED_MAX];
    const char *devices[WANTED_MAX];
    size_t package_count, device_count;
};

static void wanted_clear(struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->package_count; i++) {
        free((char *)(uintptr_t)wanted->packages[i]);
    }
    for (size_t i = 0; i < wanted->device_count; i++) {
        free((char *)(uintptr_t)wanted->devices[i]);
    }
}

static void add_unique(const char **list, size_t *count, char *text) /* takes text */
{
    for (size_t i = 0; i < *count; i++) {
        if (text_equal_nocase(list[i], text)) {
            free(text);
            return;
        }
    }
    if (text == NULL || *count == WANTED_MAX) {
        free(text);
        return;
    }
    list[(*count)++] = text;
}

/* The package that the host has for this GPU now; what was recorded only when it cannot tell. */
static void add_package(struct engine *engine, struct wanted *wanted, const char *instance_id,
                        const char *recorded)
{
    const struct host_api *host = &engine->walls.host;
    struct host_driver_package *package = NULL;
    hcs_result code = host->driver_package(host->machine, instance_id, &package);
    if (!HRESULT_IS_FAILURE(code) && package != NULL) {
        add_unique(wanted->packages, &wanted->package_count, text_copy(package->name));
        host->free_driver_package(host->machine, package);
    } else {
        add_unique(wanted->packages, &wanted->package_count, text_copy(recorded));
    }
}

/* "VEN_10DE&DEV_1EB8" out of "PCIP\VEN_10DE&DEV_1EB8&SUBSYS_...". */
static char *device_prefix(const char *instance_id)
{
    const char *at = instance_id == NULL ? NULL : strstr(instance_id, "VEN_");
    const char *middle = at == NULL ? NULL : strchr(at, '&');
    if (middle == NULL || !text_starts(middle, "&DEV_")) {
        return NULL;
    }
    size_t tail = strcspn(middle + 1, "&\\#");
    return text_format("%.*s", (int)((size_t)(middle - at) + 1 + tail), at);
}

static void want(struct engine *engine, const struct ownership *own, struct wanted *wanted)
{
    memset(wanted, 0, sizeof *wanted);
    bool dda = own->gpu_mode == HVGPU_MODE_DDA;
    for (size_t i = 0; i < own->gpu_count; i++) {
        const struct owned_gpu *gpu = &own->gpus[i];
        if (dda) {
            add_unique(wanted->devices, &wanted->device_count, device_prefix(gpu->instance_id));
        } else {
            add_package(engine, wanted, gpu->instance_id, gpu->package);
        }
    }
    if (own->gpu_mode == HVGPU_MODE_MIRROR) {
        struct engine_view view;
        engine_view_take(engine, &view);
        for (size_t i = 0; i < view.gpu_count; i++) {
            if (view.gpus[i]->interface_path != NULL) {
                add_package(engine, wanted, view.gpus[i]->instance_id,
                            view.gpus[i]->driver_package);
            }
        }
        engine_view_drop(&view);
    }
    wanted->expectation = (struct probe_expectation){
        .expects_gpu = own->gpu_mode == HVGPU_MODE_MIRROR ||
                       ((own->gpu_mode == HVGPU_MODE_LIST || dda) && own->gpu_count > 0),
        .paravirtual = !dda,
        .packages = wanted->packages,
        .package_count = wanted->package_count,
        .device_ids = wanted->devices,
        .device_id_count = wanted->device_count};
}

/* ---- one place ---- */

/* The answer of the probe in one place. */
struct place {
    struct probe_reading reading;
    char *answer; /* the raw line; NULL: none came */
};

static void no_answer(struct place *place, const struct hvgpu_error *err)
{
    char reason[192];
    text_clean(reason, sizeof reason,
               err->message[0] != '\0' ? err->message : hvgpu_status_words(err->status));
    probe_unreadable(&place->reading, reason);
}

/* Runs the command and reads what it prints. parameters is taken. */
static void run_probe(struct client_system *system, struct json *parameters,
                      const struct probe_expectation *expected, struct place *place)
{
    char err_text[160], reason[192];
    size_t len = 0;
    uint32_t exit_code = 0;
    int32_t code = 0;
    struct hvgpu_error err = {0};
    enum hvgpu_status st =
        client_run(system, parameters, CLIENT_TIMEOUT_PROBE, PROBE_MAX_BYTES, &place->answer, &len,
                   err_text, sizeof err_text, &exit_code, &code, &err);
    json_free(parameters);
    if (st == HVGPU_TIMEOUT) {
        probe_unreadable(&place->reading, "the probe did not end within 20 s and was killed");
    } else if (st != HVGPU_OK) {
        no_answer(place, &err);
    } else if (exit_code != 0) {
        char *words = text_format("the probe ended with code 0x%lx%s%s", (unsigned long)exit_code,
                                  err_text[0] == '\0' ? "" : ": ", err_text);
        text_clean(reason, sizeof reason, words);
        free(words);
        probe_unreadable(&place->reading, reason);
    } else {
        probe_read(place->answer, len, expected, &place->reading);
    }
}

typedef struct json *(*program_fn)(const struct schema_level *level, const char *command);

/* Probes one place through the given handle, or one opened for it. */
static void probe_place(struct engine *engine, const char *id, struct client_system *given,
                        const char *command, program_fn program,
                        const struct probe_expectation *expected, struct place *place)
{
    memset(place, 0, sizeof *place);
    if (command == NULL) {
        probe_unreadable(&place->reading, "the probe was not brought in when it was launched");
        return;
    }
    struct client_system *system = given;
    struct hvgpu_error err = {0};
    if (system == NULL && client_open(engine->client, id, &system, &err) != HVGPU_OK) {
        no_answer(place, &err);
        return;
    }
    os_mutex_lock(engine->mutex);
    struct schema_level level = engine->level;
    os_mutex_unlock(engine->mutex);
    run_probe(system, program(&level, command), expected, place);
    if (given == NULL) {
        client_system_drop(system);
    }
}

/* ---- the record ---- */

static void fill_rungs(struct hvgpu_check *check, struct hvgpu_rung *rungs,
                       const struct probe_reading *reading)
{
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        rungs[i].verdict = reading->verdict[i];
        rungs[i].evidence = record_text(check, reading->evidence[i]);
    }
}

static struct hvgpu_check *judge(struct engine *engine, const char *system_id,
                                 const struct place *vm, const struct place *container,
                                 const struct probe_expectation *expected, int64_t started_ns)
{
    char sentence[512];
    struct hvgpu_check *check = record_new(sizeof *check);
    if (check == NULL) {
        return NULL;
    }
    probe_judge(&vm->reading, &container->reading, expected, &check->verdict, sentence,
                sizeof sentence);
    check->system_id = record_text(check, system_id);
    check->sentence = record_text(check, sentence);
    fill_rungs(check, check->vm, &vm->reading);
    fill_rungs(check, check->container, &container->reading);
    check->in_vm = vm->reading.gpu;
    check->in_container = container->reading.gpu;
    check->vm_answer = record_lines(check, vm->answer);
    check->container_answer = record_lines(check, container->answer);
    check->time_ms = engine->walls.host.now_ms(engine->walls.host.machine);
    check->duration_ms =
        (struct hvgpu_number){(uint64_t)((os_now_ns() - started_ns) / 1000000), true};
    check->judged = true;
    if (check->system_id == NULL || check->sentence == NULL) {
        hvgpu_record_drop(check);
        return NULL;
    }
    return check;
}

/* A system that hvgpu did not launch: the probe cannot be brought in, so nothing can be known. */
static const struct hvgpu_check *unknown_check(struct engine *engine, const char *system_id,
                                               const char *reason, int64_t started_ns)
{
    struct place place = {0};
    struct probe_expectation nothing = {0};
    probe_unreadable(&place.reading, reason);
    struct hvgpu_check *check = judge(engine, system_id, &place, &place, &nothing, started_ns);
    if (check != NULL) {
        check->verdict = HVGPU_VERDICT_UNKNOWN;
        check->sentence = record_textf(check, "not known because %s", reason);
    }
    return check;
}

const struct hvgpu_check *check_run(struct engine *engine, const char *system_id,
                                    struct client_system *vm, struct client_system *container,
                                    struct hvgpu_error *err)
{
    int64_t started = os_now_ns();
    struct ownership own;
    enum hvgpu_status st = ownership_find(engine->store, system_id, &own, err);
    if (st == HVGPU_NOT_FOUND) {
        return unknown_check(engine, system_id,
                             "the probe cannot be brought into a system of others", started);
    }
    if (st != HVGPU_OK) {
        return unknown_check(engine, system_id, "hvgpu's record of it cannot be read", started);
    }
    struct wanted wanted;
    struct place in_vm, in_container;
    want(engine, &own, &wanted);
    probe_place(engine, own.vm_id, vm, own.probe_vm, document_vm_program, &wanted.expectation,
                &in_vm);
    probe_place(engine, own.id, container, own.probe_container, document_container_program,
                &wanted.expectation, &in_container);
    const struct hvgpu_check *check =
        judge(engine, own.id, &in_vm, &in_container, &wanted.expectation, started);
    if (check == NULL) {
        error_set(err, HVGPU_MEMORY, "check", system_id, "out of memory");
    }
    free(in_vm.answer);
    free(in_container.answer);
    wanted_clear(&wanted);
    ownership_clear(&own);
    return check;
}

/* The rung that shows it: a passed one where the GPU is there, a failed one where it is not. */
static const char *best_evidence(const struct probe_reading *reading)
{
    enum hvgpu_verdict wanted =
        reading->gpu == HVGPU_ANSWER_YES ? HVGPU_VERDICT_PASS : HVGPU_VERDICT_FAIL;
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        if (reading->verdict[i] == wanted) {
            return reading->evidence[i];
        }
    }
    return reading->evidence[0];
}

enum hvgpu_status engine_probe_vm(struct engine *engine, const struct ownership *record,
                                  struct client_system *vm, enum hvgpu_answer *present,
                                  char *evidence, size_t size, struct hvgpu_error *err)
{
    struct wanted wanted;
    struct place place;
    (void)err;
    want(engine, record, &wanted);
    probe_place(engine, record->vm_id, vm, record->probe_vm, document_vm_program,
                &wanted.expectation, &place);
    *present = place.reading.gpu;
    text_clean(evidence, size,
               place.reading.problem[0] != '\0' ? place.reading.problem
                                                : best_evidence(&place.reading));
    free(place.answer);
    wanted_clear(&wanted);
    return HVGPU_OK;
}
