/* SPDX-License-Identifier: MIT
 *
 * Reads: enumeration, properties of a system, properties of the service. Numbers that move are a
 * function of time, worked out when they are asked for: nothing wakes up to keep them.
 *
 * The list of all systems is kept until one of them changes: one enumeration a second must cost
 * next to nothing. A list of many is not kept, because it is as large as all the rest of the
 * machine.
 */
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

enum { LISTING_MAX = 64 << 20, MANY = 2000 };

static const char *const state_names[] = {
    [SIM_CREATING] = "Created", [SIM_CREATED] = "Created", [SIM_RUNNING] = "Running",
    [SIM_PAUSED] = "Paused",    [SIM_STOPPED] = "Stopped", [SIM_FAILED] = "Stopped",
};

static void put_string(struct text *out, const char *s)
{
    text_add_char(out, '"');
    while (s != NULL && *s != '\0') {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\') {
            plain++;
        }
        text_add_n(out, s, plain);
        s += plain;
        if (*s == '"' || *s == '\\') {
            text_add_char(out, '\\');
            text_add_char(out, *s++);
        } else if (*s != '\0') {
            text_addf(out, "\\u%04x", (unsigned)(unsigned char)*s++);
        }
    }
    text_add_char(out, '"');
}

static void put_member(struct text *out, const char *key, const char *value)
{
    text_add(out, key);
    put_string(out, value);
}

/* Written by hand, without a tree in between: ten thousand of them make one list. */
static void put_basic(struct text *out, const struct sim_system *s)
{
    put_member(out, "{\"Id\":", s->id);
    put_member(out, ",\"SystemType\":", s->kind == SIM_VM ? "VirtualMachine" : "Container");
    put_member(out, ",\"Name\":", s->name);
    put_member(out, ",\"Owner\":", s->owner);
    put_member(out, ",\"RuntimeId\":", s->runtime_id);
    if (s->os != NULL) {
        put_member(out, ",\"RuntimeOsType\":", s->os);
    }
    put_member(out, ",\"State\":", state_names[s->state]);
    if (s->runtime_image != NULL) {
        put_member(out, ",\"IsRuntimeTemplate\":false,\"RuntimeImagePath\":", s->runtime_image);
    }
    if (s->host_id != NULL) {
        put_member(out, ",\"HostingSystemId\":", s->host_id);
    }
    text_add_char(out, '}');
}

static char *basic_text(const struct sim_system *s)
{
    struct text t;
    text_init(&t, LISTING_MAX);
    put_basic(&t, s);
    return text_take(&t);
}

static struct json *basic_tree(const struct sim_system *s)
{
    struct json *tree = NULL;
    char *text = basic_text(s);
    enum hvgpu_status status =
        text == NULL ? HVGPU_MEMORY : json_parse(text, strlen(text), "properties", &tree, NULL);
    free(text);
    return status == HVGPU_OK ? tree : NULL;
}

/* ---- enumerate ---- */

static bool in_list(const struct json *query, const char *member, const char *value)
{
    const struct json *list = json_member(query, member);
    if (json_count(list) == 0) {
        return true;
    }
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *wanted = json_string(item, "");
        if (wanted != NULL && value != NULL && text_equal_nocase(wanted, value)) {
            return true;
        }
    }
    return false;
}

static char *list_systems(struct machine *m, const struct json *query)
{
    struct text t;
    text_init(&t, LISTING_MAX);
    text_add_char(&t, '[');
    for (struct sim_system *s = m->systems; s != NULL; s = s->after) {
        if (!sim_system_lives(s) || !in_list(query, "Ids", s->id) ||
            !in_list(query, "Names", s->name) || !in_list(query, "Owners", s->owner) ||
            !in_list(query, "Types", s->kind == SIM_VM ? "VirtualMachine" : "Container")) {
            continue;
        }
        if (t.len > 1) {
            text_add_char(&t, ',');
        }
        put_basic(&t, s);
    }
    text_add_char(&t, ']');
    return text_take(&t);
}

hcs_result sim_serve_enumerate(struct sim_service *service)
{
    struct machine *m = service->m;
    struct json *query = sim_document(service, "SystemQuery");
    if (query == NULL) {
        return service->refusal.code;
    }
    if (json_count(query) > 0) {
        service->document = list_systems(m, query);
    } else {
        if (m->listing == NULL) {
            m->listing = list_systems(m, query);
        }
        if (m->system_count < MANY) {
            service->document = text_copy(m->listing);
        } else { /* megabytes: rather made anew each time than kept */
            service->document = m->listing;
            m->listing = NULL;
        }
    }
    json_free(query);
    return service->document == NULL ? HR_E_OUTOFMEMORY : 0;
}

/* ---- properties ---- */

static void add_time(struct json *object, const char *key, int64_t ms)
{
    char text[32];
    text_iso(text, sizeof(text), ms);
    json_add_string(object, key, text);
}

/* A number that wanders around its middle with time: a triangle wave, different for each seed. */
static uint64_t wander(uint64_t middle, uint64_t spread, int64_t seconds, uint64_t seed)
{
    uint64_t period = 40 + seed % 37;
    uint64_t phase = ((uint64_t)seconds + seed) % period;
    uint64_t up = phase * 2 < period ? phase * 2 : (period - phase) * 2;
    return middle - spread / 2 + spread * up / period;
}

static struct json *statistics(const struct machine *m, const struct sim_system *s, int64_t now)
{
    int64_t at = m->scenario->moves ? now : 0;
    uint64_t seed = text_hash(s->id, strlen(s->id));
    int64_t since = s->started_ns;
    if (!m->scenario->moves && since > 0) {
        since = 0;
    }
    uint64_t up = at > since ? (uint64_t)(at - since) / 100 : 0;
    int64_t seconds = (int64_t)(up / 10000000);
    /* A share of one processor: 1 to 30 %, slowly changing. */
    uint64_t share = 10 + seed % 290;
    uint64_t total = up / 1000 * share +
                     (m->scenario->moves ? wander(5000000, 4000000, seconds, seed) : 5000000);
    uint64_t commit = ((uint64_t)s->memory_mb << 20) / 8 + (seed % 64 << 20);
    struct json *tree = json_new_object();
    add_time(tree, "Timestamp", machine_wall_ms(m, now));
    add_time(tree, "ContainerStartTime", s->started_ms);
    json_add_u64(tree, "Uptime100ns", up);
    struct json *processor = json_add_object(tree, "Processor");
    json_add_u64(processor, "TotalRuntime100ns", total);
    json_add_u64(processor, "RuntimeUser100ns", total * 7 / 10);
    json_add_u64(processor, "RuntimeKernel100ns", total - total * 7 / 10);
    struct json *memory = json_add_object(tree, "Memory");
    uint64_t used = m->scenario->moves ? wander(commit, commit / 10, seconds, seed) : commit;
    json_add_u64(memory, "MemoryUsageCommitBytes", used);
    json_add_u64(memory, "MemoryUsageCommitPeakBytes", commit + commit / 10);
    json_add_u64(memory, "MemoryUsagePrivateWorkingSetBytes", used * 8 / 10);
    struct json *storage = json_add_object(tree, "Storage");
    json_add_u64(storage, "ReadCountNormalized", 1800 + (uint64_t)seconds / 4);
    json_add_u64(storage, "ReadSizeBytes", (1800 + (uint64_t)seconds / 4) * 16384);
    json_add_u64(storage, "WriteCountNormalized", 400 + (uint64_t)seconds / 2);
    json_add_u64(storage, "WriteSizeBytes", (400 + (uint64_t)seconds / 2) * 8192);
    return tree;
}

static struct json *vm_memory(const struct sim_system *s)
{
    uint64_t pages = (uint64_t)s->memory_mb * 256;
    struct json *tree = json_new_object();
    json_add_u64(tree, "VirtualNodeCount", 1);
    struct json *memory = json_add_object(tree, "VirtualMachineMemory");
    json_add_u64(memory, "AvailableMemory", pages * 6 / 10);
    json_add_u64(memory, "AvailableMemoryBuffer", 60);
    json_add_u64(memory, "ReservedMemory", s->physical ? pages : 0);
    json_add_u64(memory, "AssignedMemory", pages);
    json_add_bool(memory, "SlpActive", false);
    json_add_bool(memory, "BalancingEnabled", !s->physical);
    json_add_bool(memory, "DmOperationInProgress", false);
    struct json *node = json_append(json_add_array(tree, "VirtualNodes"), json_new_object());
    json_add_u64(node, "VirtualNodeIndex", 0);
    json_add_u64(node, "PhysicalNodeNumber", 0);
    json_add_u64(node, "VirtualProcessorCount", s->processors);
    json_add_u64(node, "MemoryUsageInPages", pages);
    return tree;
}

static struct json *one_process(const struct machine *m, uint32_t pid, const char *image,
                                int64_t created_ms, int64_t age_ns)
{
    uint64_t age = m->scenario->moves && age_ns > 0 ? (uint64_t)age_ns / 100 : 0;
    struct json *process = json_new_object();
    json_add_u64(process, "ProcessId", pid);
    json_add_string(process, "ImageName", image);
    add_time(process, "CreateTimestamp", created_ms);
    json_add_u64(process, "UserTime100ns", 156250 + age / 400);
    json_add_u64(process, "KernelTime100ns", 312500 + age / 900);
    json_add_u64(process, "MemoryCommitBytes", 2359296);
    json_add_u64(process, "MemoryWorkingSetPrivateBytes", 962560);
    json_add_u64(process, "MemoryWorkingSetSharedBytes", 2625536);
    return process;
}

static struct json *process_list(const struct machine *m, const struct sim_system *s, int64_t now)
{
    /* What every Windows container runs beside the programs that were started in it. */
    static const char *const background[] = {"smss.exe",     "csrss.exe", "wininit.exe",
                                             "services.exe", "lsass.exe", "svchost.exe",
                                             "CExecSvc.exe"};
    struct json *list = json_new_array();
    for (uint32_t i = 0; i < sizeof(background) / sizeof(background[0]); i++) {
        json_append(list,
                    one_process(m, 100 + 4 * i, background[i], s->started_ms, now - s->started_ns));
    }
    for (const struct sim_process *p = s->processes; p != NULL; p = p->next) {
        if (p->started && !p->exited) {
            json_append(list, one_process(m, p->pid, p->image, p->created_ms, now - p->created_ns));
        }
    }
    return list;
}

static void add_schema_versions(const struct machine *m, struct json *object)
{
    struct json *version =
        json_append(json_add_array(object, "SupportedSchemaVersions"), json_new_object());
    json_add_u64(version, "Major", m->scenario->level.major);
    json_add_u64(version, "Minor", m->scenario->level.minor);
}

static struct json *guest_connection(const struct machine *m)
{
    struct json *info = json_new_object();
    add_schema_versions(m, info);
    json_add_u64(info, "ProtocolVersion", 4);
    struct json *can = json_add_object(info, "GuestDefinedCapabilities");
    json_add_bool(can, "NamespaceAddRequestSupported", true);
    json_add_bool(can, "SignalProcessSupported", true);
    json_add_bool(can, "DumpStacksSupported", true);
    return info;
}

static hcs_result add_property(struct sim_service *service, struct json *answer, const char *type)
{
    const struct machine *m = service->m;
    const struct sim_system *s = service->system;
    bool running = s->state == SIM_RUNNING || s->state == SIM_PAUSED;
    if (strcmp(type, "TerminateOnLastHandleClosed") == 0) {
        json_add_bool(answer, type, s->ends_with_last_handle);
    } else if (strcmp(type, "Memory") == 0 && s->kind == SIM_VM && running) {
        json_add(answer, "Memory", vm_memory(s));
    } else if (strcmp(type, "Statistics") == 0 && s->kind != SIM_VM && running) {
        json_add(answer, "Statistics", statistics(m, s, service->now));
    } else if (strcmp(type, "ProcessList") == 0 && s->kind != SIM_VM && running) {
        json_add(answer, "ProcessList", process_list(m, s, service->now));
    } else if (strcmp(type, "GuestConnection") == 0 && s->kind == SIM_VM && running &&
               s->guest_connection) {
        json_add(answer, "GuestConnectionInfo", guest_connection(m));
    } else if (strcmp(type, "SystemGUID") == 0 && s->kind == SIM_HOSTED) {
        json_add_string(answer, "SystemGUID", s->runtime_id);
    } else if (!running) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_STATE,
                          "The property '%s' can be read while the system runs only", type);
    } else {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_NOT_SIMULATED),
                          "The property '%s' does not exist for a system of this kind", type);
    }
    return 0;
}

hcs_result sim_serve_properties(struct sim_service *service)
{
    hcs_result result = sim_system_gone(service);
    if (result != 0) {
        return result;
    }
    struct json *query = sim_document(service, "System_PropertyQuery");
    if (query == NULL) {
        return service->refusal.code;
    }
    const struct json *types = json_member(query, "PropertyTypes");
    if (json_count(types) == 0) {
        service->document = basic_text(service->system);
        json_free(query);
        return service->document == NULL ? HR_E_OUTOFMEMORY : 0;
    }
    struct json *answer = basic_tree(service->system);
    for (const struct json *t = json_first(types); result == 0 && t != NULL; t = json_next(t)) {
        const char *type = json_string(t, "");
        result = add_property(service, answer, type == NULL ? "" : type);
    }
    if (result == 0) {
        service->document = json_print(answer);
    }
    json_free(answer);
    json_free(query);
    return result;
}

/* ---- service ---- */

static struct json *processor_topology(const struct machine *m)
{
    struct json *topology = json_new_object();
    json_add_u64(topology, "LogicalProcessorCount", m->scenario->facts.processors);
    struct json *list = json_add_array(topology, "LogicalProcessors");
    for (uint32_t i = 0; i < m->scenario->facts.processors && i < 1024; i++) {
        struct json *processor = json_append(list, json_new_object());
        json_add_u64(processor, "LpIndex", i);
        json_add_u64(processor, "NodeNumber", 0);
        json_add_u64(processor, "PackageId", 0);
        json_add_u64(processor, "CoreId", i / 2);
        json_add_u64(processor, "RootVpIndex", i);
    }
    return topology;
}

hcs_result machine_service_properties(struct machine *m, const char *query, int64_t now_ns,
                                      char **answer)
{
    struct sim_request request = {.document = text_copy(query)};
    struct sim_service service = {.m = m, .request = &request, .now = now_ns};
    hcs_result result = sim_service_state(m, now_ns);
    struct json *document = result != 0 ? NULL : sim_document(&service, "Service_PropertyQuery");
    free(request.document);
    *answer = NULL;
    if (document == NULL) {
        if (service.refusal.code != 0) {
            *answer = sim_error_document(&service.refusal);
        }
        return result != 0 ? result : service.refusal.code;
    }
    struct json *reply = json_new_object();
    struct json *list = json_add_array(reply, "Properties");
    const struct json *types = json_member(document, "PropertyTypes");
    const struct json *t = json_first(types);
    do {
        const char *type = t == NULL ? "Basic" : json_string(t, "");
        struct json *entry = json_append(list, json_new_object());
        if (type != NULL && strcmp(type, "Basic") == 0) {
            add_schema_versions(m, entry);
        } else if (type != NULL && strcmp(type, "ProcessorTopology") == 0) {
            json_add(entry, "ProcessorTopology", processor_topology(m));
        }
        t = t == NULL ? NULL : json_next(t);
    } while (t != NULL);
    *answer = json_print(reply);
    json_free(reply);
    json_free(document);
    return *answer == NULL ? HR_E_OUTOFMEMORY : 0;
}
