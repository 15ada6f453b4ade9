/* SPDX-License-Identifier: MIT
 *
 * Records as JSON: the one writer for --json, inspect panes and tests. The keys are a promise: they
 * are documented in README.md, carry the unit where a number has one, and are always all there;
 * what is not known is null, never 0 or "". Every document begins with schema_version and
 * simulated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/hvgpu.h"
#include "core/names.h"

enum { SCHEMA_VERSION = 1 };

/* ---- values ---- */

static void add_number(struct json *object, const char *key, struct hvgpu_number number)
{
    if (number.known) {
        json_add_u64(object, key, number.value);
    } else {
        json_add_null(object, key);
    }
}

static void add_answer(struct json *object, const char *key, enum hvgpu_answer answer)
{
    if (answer == HVGPU_ANSWER_UNKNOWN) {
        json_add_null(object, key);
    } else {
        json_add_bool(object, key, answer == HVGPU_ANSWER_YES);
    }
}

static void add_time(struct json *object, const char *key, int64_t time_ms)
{
    if (time_ms != 0) {
        json_add_i64(object, key, time_ms);
    } else {
        json_add_null(object, key);
    }
}

/* A document as JSON inside JSON; as a string when it is none; null when there is none. */
static void add_document(struct json *object, const char *key, const char *text)
{
    struct json *document = NULL;
    if (text == NULL || text[0] == '\0') {
        json_add_null(object, key);
    } else if (json_parse(text, strlen(text), key, &document, NULL) == HVGPU_OK) {
        json_add(object, key, document);
    } else {
        json_add_string(object, key, text);
    }
}

static void add_code(struct json *object, const char *key, int32_t code)
{
    char text[16];
    snprintf(text, sizeof text, "0x%08X", (uint32_t)code);
    json_add_string(object, key, text);
}

/* ---- host ---- */

static struct json *host_json(const struct hvgpu_host *host)
{
    struct json *o = json_new_object();
    json_add_string(o, "uri", host->uri);
    json_add_string(o, "name", host->name);
    json_add_string(o, "edition", host->edition);
    add_number(o, "build", host->build);
    add_number(o, "schema_major", host->schema_major);
    add_number(o, "schema_minor", host->schema_minor);
    add_answer(o, "hypervisor", host->hypervisor);
    add_answer(o, "service", host->service);
    add_answer(o, "server_edition", host->server_edition);
    json_add_string(o, "link", name_of_link(host->link));
    json_add_string(o, "link_reason", host->link_reason);
    json_add_string(o, "link_hint", host->link_hint);
    add_time(o, "time_ms", host->time_ms);
    json_add_bool(o, "paused", host->paused);
    json_add_string(o, "notice", host->notice);
    json_add_string(o, "simulation", host->simulation);
    return o;
}

static struct json *document_new(const struct hvgpu_snapshot *s)
{
    struct json *o = json_new_object();
    json_add_u64(o, "schema_version", SCHEMA_VERSION);
    json_add_bool(o, "simulated", s->host->simulated);
    return o;
}

static struct json *document_with_host(const struct hvgpu_snapshot *s)
{
    struct json *o = document_new(s);
    json_add(o, "host", host_json(s->host));
    return o;
}

static char *print_and_free(struct json *document)
{
    char *text = json_print_pretty(document);
    json_free(document);
    return text;
}

char *hvgpu_json_host(const struct hvgpu_snapshot *s)
{
    return print_and_free(document_with_host(s));
}

/* ---- GPUs ---- */

/* Msvm_PartitionableGpu: shares of the whole (1000000000), bytes, or 2^64-1 for no limit; the
 * driver decides which, so the key says quota. */
static void add_quota(struct json *gpu, const char *key, const struct hvgpu_quota *quota)
{
    struct json *o = json_add_object(gpu, key);
    add_number(o, "total", quota->total);
    add_number(o, "available", quota->available);
    add_number(o, "min", quota->min);
    add_number(o, "max", quota->max);
    add_number(o, "optimal", quota->optimal);
}

static void add_pci_id(struct json *gpu, const char *key, uint16_t id, bool known)
{
    char text[8];
    snprintf(text, sizeof text, "%04X", id);
    json_add_string(gpu, key, known ? text : NULL);
}

static void add_partitions(struct json *o, const struct hvgpu_gpu *gpu)
{
    add_number(o, "partition_count", gpu->partition_total);
    struct json *counts = json_add_array(o, "valid_partition_counts");
    for (size_t i = 0; i < gpu->valid_count_count; i++) {
        json_append(counts, json_new_u64(gpu->valid_counts[i]));
    }
    struct json *partitions = json_add_array(o, "known_partitions");
    for (size_t i = 0; i < gpu->partition_count; i++) {
        struct json *p = json_append(partitions, json_new_object());
        json_add_u64(p, "number", gpu->partitions[i].number);
        json_add_string(p, "system_id", gpu->partitions[i].system_id);
    }
    json_add_u64(o, "given_as_any_count", gpu->any_count);
    add_quota(o, "vram_quota", &gpu->vram);
    add_quota(o, "encode_quota", &gpu->encode);
    add_quota(o, "decode_quota", &gpu->decode);
    add_quota(o, "compute_quota", &gpu->compute);
}

static struct json *gpu_json(const struct hvgpu_gpu *gpu)
{
    bool is_pci = gpu->pci_vendor != 0;
    struct json *o = json_new_object();
    json_add_string(o, "id", gpu->id);
    json_add_string(o, "name", gpu->name);
    json_add_string(o, "vendor", gpu->vendor);
    add_pci_id(o, "pci_vendor_id", gpu->pci_vendor, is_pci);
    add_pci_id(o, "pci_device_id", gpu->pci_device, is_pci);
    json_add_string(o, "instance_id", gpu->instance_id);
    json_add_string(o, "interface_path", gpu->interface_path);
    json_add_string(o, "location", gpu->location);
    json_add_string(o, "location_path", gpu->location_path);
    json_add_string(o, "driver_version", gpu->driver_version);
    json_add_string(o, "driver_date", gpu->driver_date);
    json_add_string(o, "driver_inf", gpu->driver_inf);
    json_add_string(o, "driver_package", gpu->driver_package);
    json_add_string(o, "state", name_of_gpu_state(gpu->state));
    json_add_string(o, "state_text", gpu->state_text);
    add_number(o, "problem_code", gpu->problem_code);
    add_answer(o, "reboot_required", gpu->reboot_required);
    add_number(o, "vram_bytes", gpu->vram_bytes);
    add_number(o, "vram_used_bytes", gpu->vram_used_bytes);
    add_number(o, "load_permille", gpu->load_permille);
    add_number(o, "temperature_celsius", gpu->temperature_celsius);
    add_number(o, "power_permille", gpu->power_permille);
    add_partitions(o, gpu);
    json_add_string(o, "dda_holder", gpu->dda_holder);
    return o;
}

char *hvgpu_json_gpus(const struct hvgpu_snapshot *s)
{
    struct json *o = document_with_host(s);
    struct json *gpus = json_add_array(o, "gpus");
    for (size_t i = 0; i < s->gpu_count; i++) {
        json_append(gpus, gpu_json(s->gpus[i]));
    }
    return print_and_free(o);
}

/* ---- systems ---- */

/* Which GPUs: null when nobody can say. */
static void add_assignments(struct json *o, const struct hvgpu_system *system)
{
    json_add_string(o, "gpu_mode", name_of_gpu_mode(system->gpu_mode));
    json_add_string(o, "gpu_text", system->gpu_text);
    if (system->gpu_mode == HVGPU_MODE_UNKNOWN) {
        json_add_null(o, "gpus");
        return;
    }
    struct json *gpus = json_add_array(o, "gpus");
    for (size_t i = 0; i < system->assignment_count; i++) {
        struct json *a = json_append(gpus, json_new_object());
        json_add_string(a, "instance_id", system->assignments[i].gpu);
        add_number(a, "partition", system->assignments[i].partition);
    }
}

static void add_last_check(struct json *o, const struct hvgpu_check *check)
{
    if (check == NULL) {
        json_add_null(o, "check");
        return;
    }
    struct json *c = json_add_object(o, "check");
    json_add_string(c, "verdict", hvgpu_verdict_name(check->verdict));
    json_add_string(c, "sentence", check->sentence);
    add_time(c, "time_ms", check->time_ms);
}

static struct json *system_json(const struct hvgpu_snapshot *s, const struct hvgpu_system *system)
{
    struct json *o = json_new_object();
    json_add_string(o, "id", system->id);
    json_add_string(o, "name", system->name);
    json_add_string(o, "kind", name_of_system_kind(system->kind));
    json_add_string(o, "kind_text", system->kind_text);
    json_add_string(o, "state", name_of_system_state(system->state));
    json_add_string(o, "state_text", system->state_text);
    json_add_string(o, "owner", system->owner);
    json_add_string(o, "owner_text", system->owner_text);
    json_add_string(o, "os", system->os);
    json_add_string(o, "host_id", system->host_id);
    json_add_string(o, "runtime_id", system->runtime_id);
    json_add_string(o, "image", system->image);
    json_add_string(o, "command", system->command);
    json_add_bool(o, "ours", system->ours);
    json_add_bool(o, "left_over", system->left_over);
    add_answer(o, "ends_with_last_handle", system->ends_with_last_handle);
    add_assignments(o, system);
    add_last_check(o, hvgpu_find_check(s, system->id));
    add_number(o, "cpu_permille", system->cpu_permille);
    add_number(o, "memory_bytes", system->memory_bytes);
    add_number(o, "process_count", system->processes);
    add_number(o, "processor_count", system->processors);
    add_number(o, "created_ms", system->created_ms);
    json_add_string(o, "init_state", name_of_init_state(system->init_state));
    add_number(o, "init_pid", system->init_pid);
    add_number(o, "init_exit_code", system->init_exit_code);
    return o;
}

static void add_leftovers(struct json *o, const struct hvgpu_snapshot *s)
{
    struct json *leftovers = json_add_array(o, "leftovers");
    for (size_t i = 0; i < s->leftover_count; i++) {
        const struct hvgpu_leftover *left = s->leftovers[i];
        struct json *entry = json_append(leftovers, json_new_object());
        json_add_string(entry, "journal", left->journal);
        json_add_string(entry, "title", left->title);
        json_add_string(entry, "text", left->text);
        add_time(entry, "time_ms", left->time_ms);
        json_add_u64(entry, "thing_count", left->thing_count);
    }
}

/* Not all: only systems that hvgpu created. */
char *hvgpu_json_systems(const struct hvgpu_snapshot *s, bool all)
{
    struct json *o = document_with_host(s);
    struct json *systems = json_add_array(o, "systems");
    for (size_t i = 0; i < s->system_count; i++) {
        if (all || s->systems[i]->ours) {
            json_append(systems, system_json(s, s->systems[i]));
        }
    }
    add_leftovers(o, s);
    return print_and_free(o);
}

/* ---- images ---- */

static struct json *image_json(const struct hvgpu_image *image)
{
    struct json *o = json_new_object();
    json_add_string(o, "name", image->name);
    json_add_string(o, "store", image->store);
    json_add_string(o, "os_version", image->os_version);
    add_number(o, "build", image->build);
    add_answer(o, "has_utility_vm", image->has_utility_vm);
    add_answer(o, "can_carry_gpu", image->can_carry_gpu);
    json_add_string(o, "reason", image->reason);
    struct json *layers = json_add_array(o, "layers");
    for (size_t i = 0; i < image->layer_count; i++) {
        json_append(layers, json_new_string(image->layers[i]));
    }
    return o;
}

char *hvgpu_json_images(const struct hvgpu_snapshot *s)
{
    struct json *o = document_with_host(s);
    struct json *images = json_add_array(o, "images");
    for (size_t i = 0; i < s->image_count; i++) {
        json_append(images, image_json(s->images[i]));
    }
    return print_and_free(o);
}

/* ---- checks ---- */

static void add_rung(struct json *o, const char *place, const struct hvgpu_rung *rung)
{
    struct json *r = json_add_object(o, place);
    json_add_string(r, "verdict", hvgpu_verdict_name(rung->verdict));
    json_add_string(r, "evidence", rung->evidence);
}

static struct json *check_json(const struct hvgpu_check *check)
{
    struct json *o = json_new_object();
    json_add_string(o, "system_id", check->system_id);
    json_add_bool(o, "judged", check->judged);
    json_add_string(o, "verdict", hvgpu_verdict_name(check->verdict));
    json_add_string(o, "sentence", check->sentence);
    add_answer(o, "in_vm", check->in_vm);
    add_answer(o, "in_container", check->in_container);
    add_time(o, "time_ms", check->time_ms);
    add_number(o, "duration_ms", check->duration_ms);
    struct json *rungs = json_add_array(o, "rungs");
    for (size_t i = 0; i < HVGPU_RUNG_COUNT; i++) {
        struct json *rung = json_append(rungs, json_new_object());
        json_add_string(rung, "rung", hvgpu_rung_name((enum hvgpu_rung_kind)i));
        add_rung(rung, "vm", &check->vm[i]);
        add_rung(rung, "container", &check->container[i]);
    }
    struct json *history = json_add_array(o, "history");
    for (size_t i = 0; i < check->history_count; i++) {
        json_append(history, json_new_string(hvgpu_verdict_name(check->history[i])));
    }
    add_document(o, "vm_answer", check->vm_answer);
    add_document(o, "container_answer", check->container_answer);
    return o;
}

char *hvgpu_json_checks(const struct hvgpu_snapshot *s)
{
    struct json *o = document_with_host(s);
    struct json *checks = json_add_array(o, "checks");
    for (size_t i = 0; i < s->check_count; i++) {
        json_append(checks, check_json(s->checks[i]));
    }
    return print_and_free(o);
}

/* ---- jobs ---- */

static void add_steps(struct json *o, const struct hvgpu_job *job)
{
    struct json *steps = json_add_array(o, "steps");
    for (size_t i = 0; i < job->step_count; i++) {
        const struct hvgpu_step *step = &job->steps[i];
        struct json *entry = json_append(steps, json_new_object());
        json_add_string(entry, "title", step->title);
        json_add_string(entry, "state", name_of_step_state(step->state));
        json_add_string(entry, "evidence", step->evidence);
        add_number(entry, "duration_ms", step->duration_ms);
        json_add_bool(entry, "is_undo", step->is_undo);
    }
}

static void add_calls(struct json *o, const struct hvgpu_job *job)
{
    struct json *calls = json_add_array(o, "calls");
    for (size_t i = 0; i < job->call_count; i++) {
        const struct hvgpu_call *call = job->calls[i];
        struct json *entry = json_append(calls, json_new_object());
        json_add_string(entry, "call", call->call);
        json_add_string(entry, "id", call->id);
        add_document(entry, "document", call->document);
        json_add_bool(entry, "answered", call->answered);
        if (call->answered) {
            add_code(entry, "hresult", call->code);
        } else {
            json_add_null(entry, "hresult");
        }
        add_document(entry, "answer", call->answer);
        add_number(entry, "duration_ms", call->duration_ms);
    }
}

static void add_error(struct json *o, const struct hvgpu_error *error)
{
    if (error->status == HVGPU_OK) {
        json_add_null(o, "error");
        return;
    }
    struct json *e = json_add_object(o, "error");
    json_add_string(e, "status", hvgpu_status_name(error->status));
    json_add_string(e, "operation", error->operation);
    json_add_string(e, "object", error->object);
    json_add_string(e, "message", error->message);
    json_add_string(e, "hint", error->hint[0] != '\0' ? error->hint : NULL);
    if (error->kind == HVGPU_CODE_HRESULT) {
        add_code(e, "hresult", error->code);
    } else {
        json_add_null(e, "hresult");
    }
    if (error->kind == HVGPU_CODE_ERRNO) {
        json_add_i64(e, "errno", error->code);
    } else {
        json_add_null(e, "errno");
    }
}

char *hvgpu_json_job(const struct hvgpu_snapshot *s, const struct hvgpu_job *job)
{
    struct json *o = document_new(s);
    json_add_u64(o, "id", job->id);
    json_add_string(o, "verb", job->verb);
    json_add_string(o, "title", job->title);
    json_add_string(o, "target", job->target);
    json_add_string(o, "state", name_of_job_state(job->state));
    json_add_bool(o, "cancelling", job->cancelling);
    add_time(o, "started_ms", job->started_ms);
    add_time(o, "ended_ms", job->ended_ms);
    add_steps(o, job);
    add_calls(o, job);
    add_error(o, &job->error);
    add_document(o, "result", job->result);
    add_number(o, "exit_code", job->exit_code);
    json_add_string(o, "left_behind", job->left_behind);
    return print_and_free(o);
}

/* ---- events ---- */

/* One line, because `events --follow --json` prints one a line. */
char *hvgpu_json_event(const struct hvgpu_snapshot *s, const struct hvgpu_event *event)
{
    char words[1024];
    hvgpu_event_text(event, words, sizeof words);
    struct json *o = document_new(s);
    json_add_u64(o, "sequence", event->sequence);
    add_time(o, "time_ms", event->time_ms);
    json_add_string(o, "source", name_of_event_source((enum hvgpu_event_source)event->source));
    json_add_string(o, "severity", name_of_severity((enum hvgpu_severity)event->severity));
    json_add_u64(o, "type", event->type);
    json_add_string(o, "kind", event->kind);
    json_add_string(o, "system_id", event->system_id[0] != '\0' ? event->system_id : NULL);
    json_add_string(o, "text", words);
    add_document(o, "document", event->json);
    char *text = json_print(o);
    json_free(o);
    return text;
}
