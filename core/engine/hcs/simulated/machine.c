/* SPDX-License-Identifier: MIT
 *
 * The simulated machine: its life, its clients, its heap of dues, and the table of assumed codes.
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The date at which the wall clock of a machine that does not move stands: 2026-01-31 12:00 UTC. */
#define STILL_WALL_MS INT64_C(1769860800000)

/* Refusals to which neither Microsoft's documentation nor a published trace gives a code. The
 * reason says why this one was picked. A real host may answer with another; the client must not
 * depend on them beyond "it failed". */
static const struct {
    int32_t code;
    const char *reason;
} assumed_codes[ASSUMED_COUNT] = {
    [ASSUMED_SHARE_EXISTS] = {HR_ERROR_ALREADY_EXISTS, "a share's name is its key in the VM"},
    [ASSUMED_SHARE_UNKNOWN] = {HR_ERROR_NOT_FOUND,
                               "element not found is what HCS says for devices"},
    [ASSUMED_SHARE_UPDATE] = {HR_E_INVALIDARG,
                              "only AllowedFiles of a restricted share can change"},
    [ASSUMED_PATH_MISSING] = {HR_ERROR_PATH_NOT_FOUND, "the file system's own code"},
    [ASSUMED_DISK_MISSING] = {HR_ERROR_FILE_NOT_FOUND, "the file system's own code"},
    [ASSUMED_DISK_NOT_GRANTED] = {HR_E_ACCESSDENIED, "the worker process may not open the file"},
    [ASSUMED_DISK_IN_USE] = {HR_ERROR_SHARING_VIOLATION, "the file system's own code"},
    [ASSUMED_LUN_TAKEN] = {HR_ERROR_ALREADY_EXISTS, "a LUN is the attachment's key"},
    [ASSUMED_LUN_EMPTY] = {HR_ERROR_NOT_FOUND, "as for other devices"},
    [ASSUMED_LAYER_NOT_SHARED] = {HR_ERROR_PATH_NOT_FOUND, "the guest cannot open the path"},
    [ASSUMED_ROOT_EXISTS] = {HR_ERROR_ALREADY_EXISTS, "layers are combined on the path already"},
    [ASSUMED_ROOT_UNKNOWN] = {HR_ERROR_PATH_NOT_FOUND, "no disk is mounted, or no layers combined"},
    [ASSUMED_ROOT_IN_USE] = {HR_ERROR_BUSY, "a container runs on the root"},
    [ASSUMED_MEMORY_ODD] = {HR_E_INVALIDARG, "memory has a granularity of 2 MB"},
    [ASSUMED_MEMORY_TOO_MUCH] = {HR_E_OUTOFMEMORY, "the host has not that much"},
    [ASSUMED_PROCESSORS] = {HR_E_INVALIDARG, "more processors than the host has"},
    [ASSUMED_HOST_NOT_READY] = {HR_HCS_E_INVALID_STATE, "the hosting VM is not running"},
    [ASSUMED_GPU_NOT_UPDATE] = {HR_ERROR_NOT_SUPPORTED,
                                "documented as Update only, without a code"},
    [ASSUMED_GPU_UNKNOWN] = {HR_ERROR_NOT_FOUND, "reported for stale interface paths"},
    [ASSUMED_PARTITION_UNKNOWN] = {HR_E_INVALIDARG, "the number is not below the partition count"},
    [ASSUMED_PARTITION_TAKEN] = {HR_ERROR_BUSY, "another VM holds the partition"},
    [ASSUMED_NO_PARTITION] = {HR_ERROR_NO_SYSTEM_RESOURCES, "no partition of the GPU is left"},
    [ASSUMED_VPCI_CLIENT_EDITION] = {HR_ERROR_NOT_SUPPORTED, "client editions lack the feature"},
    [ASSUMED_VPCI_NOT_DISMOUNTED] = {HR_ERROR_NOT_FOUND, "only PCIP devices are looked at"},
    [ASSUMED_VPCI_TAKEN] = {HR_ERROR_BUSY, "a device belongs to one VM at a time"},
    [ASSUMED_VPCI_EXISTS] = {HR_ERROR_ALREADY_EXISTS, "the guid is the device's key in the VM"},
    [ASSUMED_VPCI_UNKNOWN] = {HR_ERROR_NOT_FOUND, "as for other devices"},
    [ASSUMED_VPCI_NOT_BACKED] = {HR_ERROR_NOT_SUPPORTED, "the device could reach paged-out memory"},
    [ASSUMED_VPCI_POLICY] = {HR_ERROR_ACCESS_DISABLED_BY_POLICY,
                             "the text of the refusal is published, its code is not"},
    [ASSUMED_DEVICE_UNKNOWN] = {HR_ERROR_NOT_FOUND, "no device of the guest has the location path"},
    [ASSUMED_MAPPING_UNKNOWN] = {HR_ERROR_PATH_NOT_FOUND, "the guest cannot open the path"},
    [ASSUMED_NOT_SIMULATED] = {HR_ERROR_NOT_SUPPORTED, "the resource is outside the simulation"},
    [ASSUMED_NO_PROCESS] = {HR_ERROR_NOT_FOUND, "no process of the system has the id"},
    [ASSUMED_SERVICE_AWAY] = {HR_HCS_E_SERVICE_DISCONNECT,
                              "the service is stopped; 0x80370114 would mean a missing feature"},
    [ASSUMED_OPTIONS_NOT_NULL] = {HR_E_INVALIDARG, "documented as: must be NULL"},
};

hcs_result sim_assumed_code(enum sim_assumed which)
{
    return assumed_codes[which].code;
}

const char *sim_assumed_reason(enum sim_assumed which)
{
    return assumed_codes[which].reason;
}

/* ---- life ---- */

static void seed_driver_packages(struct machine *m)
{
    const struct scenario *scenario = m->scenario;
    for (size_t i = 0; i < scenario->gpu_count; i++) {
        const struct host_driver_package *package = &scenario->gpus[i].package;
        if (package->folder == NULL) {
            continue;
        }
        sim_files_add(&m->files, package->folder, true);
        for (size_t k = 0; k < package->copy_count; k++) {
            char *path = text_format("%s\\%s", package->folder, package->copies[k].source);
            if (path != NULL) {
                sim_files_add(&m->files, path, false);
            }
            free(path);
        }
    }
}

static void seed_layer(struct machine *m, const char *layer, bool base, bool utility_vm)
{
    static const struct {
        const char *name;
        bool folder, utility_vm;
    } members[] = {
        {"Files", true, false},
        {"Hives", true, false},
        {"blank.vhdx", false, false},
        {"blank-base.vhdx", false, false},
        {"UtilityVM\\Files\\EFI\\Microsoft\\Boot\\bootmgfw.efi", false, true},
        {"UtilityVM\\SystemTemplate.vhdx", false, true},
        {"UtilityVM\\SystemTemplateBase.vhdx", false, true},
    };
    sim_files_add(&m->files, layer, true);
    for (size_t i = 0; base && i < sizeof(members) / sizeof(members[0]); i++) {
        char *path = text_format("%s\\%s", layer, members[i].name);
        if (path != NULL && (utility_vm || !members[i].utility_vm)) {
            sim_files_add(&m->files, path, members[i].folder);
        }
        free(path);
    }
}

static void seed_files(struct machine *m)
{
    static const char *const folders[] = {
        "C:\\Windows\\System32\\DriverStore\\FileRepository",
        "C:\\ProgramData\\hvgpu\\scratch",
        "C:\\ProgramData\\hvgpu\\probe",
    };
    const struct scenario *scenario = m->scenario;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        sim_files_add(&m->files, folders[i], true);
    }
    sim_files_add(&m->files, SIM_PROBE_FOLDER "\\gpuprobe.exe", false);
    seed_driver_packages(m);
    for (size_t i = 0; i < scenario->image_count; i++) {
        const struct host_image *image = &scenario->images[i];
        for (size_t k = 0; k < image->layer_count; k++) {
            seed_layer(m, image->layers[k], k + 1 == image->layer_count,
                       image->has_utility_vm == HVGPU_ANSWER_YES);
        }
    }
    for (size_t i = 0; i < scenario->file_count; i++) {
        /* A name without a dot in its last part is a folder. */
        const char *last = strrchr(scenario->files[i], '\\');
        bool is_folder = strchr(last == NULL ? scenario->files[i] : last, '.') == NULL;
        sim_files_add(&m->files, scenario->files[i], is_folder);
    }
    for (size_t i = 0; i < m->files.count; i++) {
        m->files.items[i].immutable = true;
    }
}

struct machine *machine_new(const struct scenario *scenario)
{
    struct machine *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        return NULL;
    }
    m->scenario = scenario;
    m->power_on_ms = STILL_WALL_MS;
    m->next_number = 1;
    m->next_client = 1;
    m->next_pid = 1200;
    m->generation = 1;
    m->notices_at = SIM_NEVER;
    m->most_notices = 200000;
    m->notices_due = SIM_NEVER;
    m->service_next = SIM_NEVER;
    m->fault_counts = calloc(scenario->fault_count + 1, sizeof(*m->fault_counts));
    if (m->fault_counts == NULL) {
        free(m);
        return NULL;
    }
    if (scenario->service_restart_s > 0) {
        m->service_next = SIM_MS(1000) * (int64_t)scenario->service_restart_s;
        sim_due_add(m, m->service_next, SIM_DUE_SERVICE, 0);
    }
    seed_files(m);
    sim_seed_systems(m);
    return m;
}

static void free_clients(struct machine *m)
{
    while (m->clients != NULL) {
        struct sim_client *client = m->clients;
        m->clients = client->next;
        struct machine_output output;
        while (sim_client_take(m, client, &output)) {
            machine_output_clear(&output);
        }
        free(client);
    }
}

void sim_machine_empty(struct machine *m)
{
    size_t at = 0;
    struct sim_request *request;
    struct sim_handle *handle;
    for (request = sim_table_next(&m->requests, &at); request != NULL;
         request = sim_table_next(&m->requests, &at)) {
        free(request->document);
        free(request);
    }
    at = 0;
    for (handle = sim_table_next(&m->handles, &at); handle != NULL;
         handle = sim_table_next(&m->handles, &at)) {
        free(handle);
    }
    for (struct sim_system *s = m->systems; s != NULL;) {
        struct sim_system *next = s->after;
        sim_system_clear(s);
        free(s);
        s = next;
    }
    free_clients(m);
    sim_table_free(&m->by_number);
    sim_table_free(&m->by_id);
    sim_table_free(&m->handles);
    sim_table_free(&m->requests);
    sim_table_free(&m->processes);
    sim_table_free(&m->streams);
    sim_files_free(&m->files);
    for (size_t i = 0; i < m->gone_count; i++) {
        free(m->gone[i]);
    }
    free(m->gone);
    free(m->dues);
    free(m->fault_counts);
    free(m->listing);
}

void machine_free(struct machine *m)
{
    if (m != NULL) {
        sim_machine_empty(m);
        free(m);
    }
}

void machine_set_power_on(struct machine *m, int64_t wall_ms)
{
    m->power_on_ms = m->scenario->moves ? wall_ms : STILL_WALL_MS;
    sim_seed_times(m);
}

void machine_limit_notices(struct machine *m, size_t most)
{
    m->most_notices = most;
}

int64_t machine_power_on(const struct machine *m)
{
    return m->power_on_ms;
}

int64_t machine_wall_ms(const struct machine *m, int64_t now_ns)
{
    return m->scenario->moves ? m->power_on_ms + now_ns / 1000000 : m->power_on_ms;
}

uint64_t machine_generation(const struct machine *m)
{
    return m->generation;
}

uint64_t sim_number(struct machine *m)
{
    return m->next_number++;
}

void sim_changed(struct machine *m)
{
    m->generation++;
}

hcs_result sim_refuse(struct sim_refusal *refusal, hcs_result code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char text[sizeof(refusal->message)];
    /* The arguments hold foreign text: it is cleaned as a whole after formatting. */
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_clean(refusal->message, sizeof(refusal->message), len < 0 ? "" : text);
    refusal->code = code;
    return code;
}

/* ---- clients ---- */

struct sim_client *sim_client_find(const struct machine *m, uint32_t number)
{
    struct sim_client *client = m->clients;
    while (client != NULL && client->number != number) {
        client = client->next;
    }
    return client;
}

uint32_t machine_client_new(struct machine *m)
{
    struct sim_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return 0;
    }
    client->number = m->next_client++;
    client->next = m->clients;
    m->clients = client;
    sim_changed(m);
    return client->number;
}

void machine_client_gone(struct machine *m, uint32_t number, int64_t now_ns)
{
    struct sim_client **link = &m->clients;
    while (*link != NULL && (*link)->number != number) {
        link = &(*link)->next;
    }
    struct sim_client *client = *link;
    if (client == NULL) {
        return;
    }
    *link = client->next;
    struct machine_output output;
    while (sim_client_take(m, client, &output)) {
        machine_output_clear(&output);
    }
    free(client);
    sim_streams_orphan(m, number, now_ns);
    /* Closing handles changes the table: look from the start until none is left. */
    for (bool found = true; found;) {
        size_t at = 0;
        struct sim_handle *handle = sim_table_next(&m->handles, &at);
        while (handle != NULL && (handle->client != number || handle->closed)) {
            handle = sim_table_next(&m->handles, &at);
        }
        found = handle != NULL;
        if (found) {
            machine_close_handle(m, handle->number, now_ns);
        }
    }
    sim_notices_schedule(m, now_ns);
    sim_changed(m);
}

bool machine_client_waits(const struct machine *m, uint32_t number)
{
    const struct sim_client *client = sim_client_find(m, number);
    if (client == NULL || client->watches || client->first != NULL) {
        return client != NULL;
    }
    size_t at = 0;
    const struct sim_request *request;
    for (request = sim_table_next(&m->requests, &at); request != NULL;
         request = sim_table_next(&m->requests, &at)) {
        if (request->client == number) {
            return true;
        }
    }
    at = 0;
    const struct sim_handle *handle;
    for (handle = sim_table_next(&m->handles, &at); handle != NULL;
         handle = sim_table_next(&m->handles, &at)) {
        if (handle->client == number && handle->listens && !handle->closed) {
            return true;
        }
    }
    at = 0;
    const struct sim_process *process;
    for (process = sim_table_next(&m->processes, &at); process != NULL;
         process = sim_table_next(&m->processes, &at)) {
        if (process->client == number && !process->exited) {
            return true;
        }
    }
    return false;
}

size_t machine_clients(const struct machine *m, uint32_t *numbers, size_t max)
{
    size_t count = 0;
    for (const struct sim_client *client = m->clients; client != NULL; client = client->next) {
        if (count < max) {
            numbers[count] = client->number;
        }
        count++;
    }
    return count;
}
