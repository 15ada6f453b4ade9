/* SPDX-License-Identifier: MIT
 *
 * Properties of single systems: whether they end with their last handle, statistics, processes.
 *
 * An open handle can keep a system of others alive, so each is opened once, TerminateOnLastHandle-
 * Closed is read, and the handle with its event callback is kept only where that is false; the
 * others are followed by enumeration. Systems that hvgpu launched with --rm are held by their
 * launcher alone and are not opened here at all.
 *
 * Statistics are read through kept handles only, so many a round, one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/engine/hcs/hresult.h"

enum { PAGE_BYTES = 4096, INIT_TOLERANCE_MS = 1000, PROCESSES_MAX = 65536 };

/* Takes back the read that is wanted of this handle, which would hold it until the next round. */
static void take_back_want(struct engine *engine, const struct client_system *handle)
{
    struct want *found = NULL;
    os_mutex_lock(engine->mutex);
    for (struct want **at = &engine->wants; *at != NULL; at = &(*at)->next) {
        if ((*at)->handle == handle) {
            found = *at;
            *at = found->next;
            found->next = NULL;
            break;
        }
    }
    os_mutex_unlock(engine->mutex);
    want_list_free(engine, found);
}

void observe_drop_handle(struct engine *engine, struct seen *seen)
{
    if (seen->handle != NULL) {
        take_back_want(engine, seen->handle);
        engine_drop_later(engine, seen->handle);
        seen->handle = NULL;
        engine->kept--;
    }
    seen->asking = false;
}

/* ---- reading ---- */

static struct hvgpu_number number_at(const struct json *json, const char *path)
{
    struct hvgpu_number number = {0};
    number.known = json_u64(json, path, &number.value);
    return number;
}

/* "2026-01-31T14:03:22.1234567Z" in units of 100 ns since 1970; 0: not a time. */
static int64_t read_stamp(const char *text)
{
    int64_t ms = 0;
    if (text == NULL || !text_from_iso(text, &ms)) {
        return 0;
    }
    int64_t stamp = ms * 10000;
    const char *fraction = strchr(text, '.');
    int64_t unit = 1000000; /* of the first digit, in 100 ns */
    int64_t below_ms = 0;
    for (const char *c = fraction == NULL ? "" : fraction + 1; *c >= '0' && *c <= '9'; c++) {
        below_ms += unit < 10000 ? (*c - '0') * unit : 0;
        unit /= 10;
    }
    return stamp + below_ms;
}

static void read_cpu(struct usage *usage, const struct json *statistics)
{
    uint64_t runtime = 0;
    int64_t stamp = read_stamp(json_string(statistics, "Timestamp"));
    if (!json_u64(statistics, "Processor/TotalRuntime100ns", &runtime) || stamp == 0) {
        usage->cpu_permille = (struct hvgpu_number){0};
        return;
    }
    if (usage->stamp_100ns != 0 && stamp > usage->stamp_100ns && runtime >= usage->runtime_100ns &&
        runtime - usage->runtime_100ns < UINT64_MAX / 1000) {
        uint64_t elapsed = (uint64_t)(stamp - usage->stamp_100ns);
        usage->cpu_permille =
            (struct hvgpu_number){(runtime - usage->runtime_100ns) * 1000 / elapsed, true};
    }
    usage->runtime_100ns = runtime;
    usage->stamp_100ns = stamp;
}

static void read_statistics(struct usage *usage, const struct json *properties)
{
    const struct json *statistics = json_get(properties, "Statistics");
    if (json_type(statistics) != JSON_OBJECT) {
        return;
    }
    int64_t started = 0;
    const char *start = json_string(statistics, "ContainerStartTime");
    if (start != NULL && text_from_iso(start, &started) && started > 0) {
        usage->created_ms = (struct hvgpu_number){(uint64_t)started, true};
    }
    read_cpu(usage, statistics);
    usage->memory_bytes = number_at(statistics, "Memory/MemoryUsagePrivateWorkingSetBytes");
    if (!usage->memory_bytes.known) {
        usage->memory_bytes = number_at(statistics, "Memory/MemoryUsageCommitBytes");
    }
}

/* Memory of a VM: AssignedMemory counts pages (facts: as hcsshim reads it). */
static void read_vm_memory(struct usage *usage, const struct json *properties)
{
    const struct json *memory = json_get(properties, "Memory");
    struct hvgpu_number pages = number_at(memory, "VirtualMachineMemory/AssignedMemory");
    if (pages.known && pages.value < UINT64_MAX / PAGE_BYTES) {
        usage->memory_bytes = (struct hvgpu_number){pages.value * PAGE_BYTES, true};
    }
    uint64_t total = 0, count = 0;
    bool known = false;
    for (const struct json *n = json_first(json_get(memory, "VirtualNodes")); n != NULL;
         n = json_next(n)) {
        if (json_u64(n, "VirtualProcessorCount", &count) && count < 4096) {
            total += count;
            known = true;
        }
    }
    if (known) {
        usage->processors = (struct hvgpu_number){total, true};
    }
}

static bool is_init(const struct json *process, const struct ownership *own)
{
    uint64_t pid = 0;
    int64_t created = 0;
    if (!json_u64(process, "ProcessId", &pid) || pid != own->init_pid.value) {
        return false;
    }
    const char *text = json_string(process, "CreateTimestamp");
    if (!own->init_created_ms.known || text == NULL || !text_from_iso(text, &created)) {
        return true;
    }
    int64_t apart = created - (int64_t)own->init_created_ms.value;
    return apart <= INIT_TOLERANCE_MS && apart >= -INIT_TOLERANCE_MS;
}

/* The processes, and whether the init process that hvgpu started is still among them. */
static void read_processes(struct usage *usage, const struct json *properties,
                           const struct ownership *own)
{
    const struct json *list = json_get(properties, "ProcessList");
    if (json_type(list) != JSON_ARRAY || json_count(list) > PROCESSES_MAX) {
        return;
    }
    usage->processes = (struct hvgpu_number){json_count(list), true};
    if (own == NULL || !own->init_pid.known) {
        return;
    }
    usage->init_state = HVGPU_INIT_ENDED;
    for (const struct json *p = json_first(list); p != NULL; p = json_next(p)) {
        if (is_init(p, own)) {
            usage->init_state = HVGPU_INIT_RUNNING;
        }
    }
}

static void take_usage(struct engine *engine, struct seen *seen, const struct json *properties,
                       unsigned read)
{
    if (seen->usage == NULL) {
        seen->usage = calloc(1, sizeof *seen->usage);
    }
    if (seen->usage == NULL) {
        return;
    }
    if ((read & READ_STATISTICS) != 0) {
        read_statistics(seen->usage, properties);
    }
    if ((read & READ_MEMORY) != 0) {
        read_vm_memory(seen->usage, properties);
    }
    if ((read & READ_PROCESSES) != 0) {
        const struct own *own = own_of_container(engine, seen->record->id);
        read_processes(seen->usage, properties, own == NULL ? NULL : &own->record);
    }
    seen->dirty = true;
}

/* Keeps the handle where it prolongs nothing; otherwise it stays with the notice, which drops it.
 */
static void decide_handle(struct engine *engine, struct seen *seen, struct notice *notice,
                          const struct json *properties)
{
    const struct json *ends = json_member(properties, "TerminateOnLastHandleClosed");
    seen->asked = true;
    if (ends == NULL || json_type(ends) != JSON_BOOL) {
        return;
    }
    bool prolongs = json_bool(ends, "", true);
    seen->ends = prolongs ? HVGPU_ANSWER_YES : HVGPU_ANSWER_NO;
    seen->dirty = true;
    if (!prolongs && seen->handle == NULL && engine->kept < HANDLES_MAX) {
        seen->handle = notice->handle;
        notice->handle = NULL;
        engine->kept++;
    }
}

static bool is_gone(int32_t code)
{
    code = hresult_normalise(code);
    return code == HR_HCS_E_SYSTEM_NOT_FOUND || code == HR_HCS_E_SYSTEM_ALREADY_STOPPED ||
           code == HR_E_HANDLE;
}

static void take_failure(struct engine *engine, struct seen *seen, const struct notice *notice)
{
    if (hresult_normalise(notice->code) == HR_HCS_E_SERVICE_DISCONNECT) {
        return; /* the list will say so */
    }
    if (is_gone(notice->code)) {
        observe_drop_handle(engine, seen);
        return;
    }
    if (notice->read != READ_ENDS) {
        seen->plain = true; /* it refuses statistics */
    } else {
        seen->asked = true;
    }
}

void observe_properties(struct engine *engine, struct notice *notice)
{
    struct seen *seen = notice->id == NULL ? NULL : table_find(&engine->table, notice->id);
    bool first = (notice->read & READ_ENDS) != 0;
    if (first && engine->opening > 0) {
        engine->opening--;
    }
    if (seen == NULL || !seen->asking) {
        return; /* gone or lost meanwhile; the notice drops its handle */
    }
    seen->asking = false;
    if (notice->handle != NULL && notice->handle == seen->handle) {
        client_system_drop(notice->handle); /* not the last reference: nothing is closed here */
        notice->handle = NULL;
    }
    struct json *properties = NULL;
    if (HRESULT_IS_FAILURE(notice->code)) {
        take_failure(engine, seen, notice);
        return;
    }
    if (notice->document == NULL ||
        json_parse(notice->document, strlen(notice->document), "Properties", &properties, NULL) !=
            HVGPU_OK ||
        json_type(properties) != JSON_OBJECT) {
        json_free(properties);
        seen->asked = seen->asked || first; /* nonsense: followed by enumeration only */
        return;
    }
    if (first) {
        decide_handle(engine, seen, notice, properties);
    }
    if ((notice->read & ~(unsigned)READ_ENDS) != 0) {
        take_usage(engine, seen, properties, notice->read);
    }
    json_free(properties);
}

/* ---- what to read next ---- */

static unsigned wanted_kinds(const struct engine *engine, const struct seen *seen)
{
    if (seen->plain || seen->record->state != HVGPU_STATE_RUNNING) {
        return 0;
    }
    switch (seen->record->kind) {
    case HVGPU_SYSTEM_UTILITY_VM:
    case HVGPU_SYSTEM_VM:
        return READ_MEMORY;
    case HVGPU_SYSTEM_HYPERV_CONTAINER:
    case HVGPU_SYSTEM_PROCESS_CONTAINER:
        return own_of_container(engine, seen->record->id) != NULL ? READ_STATISTICS | READ_PROCESSES
                                                                  : READ_STATISTICS;
    default:
        return 0;
    }
}

static bool is_removed_with_launcher(const struct engine *engine, const struct seen *seen)
{
    const struct own *own = own_of_container(engine, seen->record->id);
    own = own == NULL ? own_of_vm(engine, seen->record->id) : own;
    return own != NULL && own->record.remove;
}

static bool add_want(struct want **list, const struct seen *seen, unsigned read)
{
    struct want *want = calloc(1, sizeof *want);
    char *id = text_copy(seen->record->id);
    if (want == NULL || id == NULL) {
        free(want);
        free(id);
        return false;
    }
    want->id = id;
    want->read = read;
    want->handle = seen->handle;
    if (want->handle != NULL) {
        client_system_keep(want->handle);
    }
    want->next = *list;
    *list = want;
    return true;
}

/* Systems that were never asked: open, read, decide. */
static unsigned want_first(struct engine *engine, struct want **list)
{
    unsigned count = 0;
    for (size_t i = 0; i < engine->table.count && count < ASKED_PER_ROUND; i++) {
        struct seen *seen = engine->table.items[i];
        if (seen->asked || seen->asking || seen->phantom || seen->handle != NULL ||
            engine->kept + engine->opening >= HANDLES_MAX ||
            seen->record->state == HVGPU_STATE_STOPPED || is_removed_with_launcher(engine, seen)) {
            continue;
        }
        if (add_want(list, seen, READ_ENDS | wanted_kinds(engine, seen))) {
            seen->asking = true;
            engine->opening++;
            count++;
        }
    }
    return count;
}

/* Statistics of one system through its kept handle. */
static bool want_statistics(struct engine *engine, struct want **list, struct seen *seen)
{
    unsigned read = seen->handle == NULL || seen->asking ? 0 : wanted_kinds(engine, seen);
    seen->asking = seen->asking || (read != 0 && add_want(list, seen, read));
    return read != 0 && seen->asking;
}

/* Own systems every time; of the others a few, going on where the last round stopped. */
static void want_again(struct engine *engine, struct want **list, unsigned room)
{
    size_t count = engine->table.count;
    for (size_t i = 0; i < count && room > 0; i++) {
        struct seen *seen = engine->table.items[i];
        room -= seen->record->ours && want_statistics(engine, list, seen) ? 1 : 0;
    }
    room = room < OTHERS_PER_ROUND ? room : OTHERS_PER_ROUND;
    for (size_t i = 0; i < count && room > 0; i++) {
        engine->read_cursor = (engine->read_cursor + 1) % count;
        struct seen *seen = engine->table.items[engine->read_cursor];
        room -= !seen->record->ours && want_statistics(engine, list, seen) ? 1 : 0;
    }
}

void observe_wants(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    bool waiting = engine->wants != NULL; /* the last ones were not asked yet */
    os_mutex_unlock(engine->mutex);
    if (waiting || !engine->connected) {
        return;
    }
    struct want *list = NULL;
    unsigned count = want_first(engine, &list);
    if (engine->kept > 0) {
        want_again(engine, &list, ASKED_PER_ROUND - count);
    }
    os_mutex_lock(engine->mutex);
    engine->wants = list;
    os_mutex_unlock(engine->mutex);
}
