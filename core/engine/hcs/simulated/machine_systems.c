/* SPDX-License-Identifier: MIT
 *
 * Compute systems from their first handle to their end: the list, handles, start, shut down,
 * terminate. An ended system disappears from enumeration at once; the object stays until the last
 * handle on it is closed, and answers "already stopped".
 */
#include "core/engine/hcs/simulated/guest.h"
#include "core/engine/hcs/simulated/serve.h"

#include <stdlib.h>
#include <string.h>

static uint64_t id_key(const char *id)
{
    char folded[256];
    size_t len = 0;
    for (; len < sizeof(folded) && id[len] != '\0'; len++) {
        folded[len] = id[len] >= 'A' && id[len] <= 'Z' ? (char)(id[len] - 'A' + 'a') : id[len];
    }
    uint64_t key = text_hash(folded, len);
    return key == 0 ? 1 : key;
}

struct sim_system *sim_system_find(const struct machine *m, const char *id)
{
    struct sim_system *s = sim_table_get(&m->by_id, id_key(id));
    while (s != NULL && !text_equal_nocase(s->id, id)) {
        s = s->same_hash;
    }
    return s;
}

bool sim_system_lives(const struct sim_system *s)
{
    return s->state == SIM_CREATED || s->state == SIM_RUNNING || s->state == SIM_PAUSED;
}

struct sim_system *sim_system_new(struct machine *m, const char *id)
{
    struct sim_system *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    s->number = sim_number(m);
    s->id = text_copy(id);
    s->exit_due = SIM_NEVER;
    s->state = SIM_CREATING;
    s->before = m->last_system;
    if (m->last_system == NULL) {
        m->systems = s;
    } else {
        m->last_system->after = s;
    }
    m->last_system = s;
    if (s->id == NULL || !sim_table_put(&m->by_number, s->number, s)) {
        s->state = SIM_FAILED;
        sim_system_release(m, s);
        return NULL;
    }
    return s;
}

void sim_system_list(struct machine *m, struct sim_system *s)
{
    uint64_t key = id_key(s->id);
    s->same_hash = sim_table_get(&m->by_id, key);
    sim_table_put(&m->by_id, key, s);
    m->system_count++;
    free(m->listing);
    m->listing = NULL;
}

void sim_system_unlist(struct machine *m, struct sim_system *s)
{
    uint64_t key = id_key(s->id);
    struct sim_system *first = sim_table_get(&m->by_id, key);
    if (first == s) {
        if (s->same_hash != NULL) {
            sim_table_put(&m->by_id, key, s->same_hash);
        } else {
            sim_table_remove(&m->by_id, key);
        }
    } else {
        while (first != NULL && first->same_hash != s) {
            first = first->same_hash;
        }
        if (first != NULL) {
            first->same_hash = s->same_hash;
        }
    }
    m->system_count--;
}

/* Takes s, the last of the list, out and puts it in front of old. */
void sim_system_move(struct machine *m, struct sim_system *s, struct sim_system *old)
{
    if (s->before != NULL) {
        s->before->after = NULL;
    }
    m->last_system = s->before;
    s->before = old->before;
    s->after = old;
    old->before = s;
    if (s->before == NULL) {
        m->systems = s;
    } else {
        s->before->after = s;
    }
}

void sim_system_touch(struct machine *m, struct sim_system *s)
{
    s->touched = true;
    free(m->listing);
    m->listing = NULL;
    sim_changed(m);
}

void sim_system_clear(struct sim_system *s)
{
    while (s->processes != NULL) {
        struct sim_process *p = s->processes;
        s->processes = p->next;
        sim_process_clear(p);
        free(p);
    }
    for (size_t i = 0; i < s->share_count; i++) {
        sim_share_clear(&s->shares[i]);
    }
    for (size_t i = 0; i < s->disk_count; i++) {
        sim_disk_clear(&s->disks[i]);
    }
    for (size_t i = 0; i < s->root_count; i++) {
        sim_root_clear(&s->roots[i]);
    }
    for (size_t i = 0; i < s->vpci_count; i++) {
        sim_vpci_clear(&s->vpci[i]);
    }
    for (size_t i = 0; i < s->mapping_count; i++) {
        free(s->mappings[i].host_path);
        free(s->mappings[i].container_path);
    }
    for (size_t i = 0; i < s->grant_count; i++) {
        free(s->grants[i].vpci);
    }
    sim_files_free(&s->files);
    json_free(s->document);
    void *parts[] = {s->id,    s->owner,      s->runtime_id, s->os,        s->runtime_image,
                     s->name,  s->host_id,    s->shares,     s->disks,     s->roots,
                     s->vpci,  s->partitions, s->gpu_mode,   s->root_path, s->mappings,
                     s->grants};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        free(parts[i]);
    }
}

void sim_system_release(struct machine *m, struct sim_system *s)
{
    if (s->refs > 0 || (s->state != SIM_STOPPED && s->state != SIM_FAILED)) {
        return;
    }
    for (struct sim_process *p = s->processes; p != NULL; p = p->next) {
        sim_table_remove(&m->processes, p->number);
        sim_streams_forget(m, p);
    }
    sim_table_remove(&m->by_number, s->number);
    if (s->before == NULL) {
        m->systems = s->after;
    } else {
        s->before->after = s->after;
    }
    if (s->after == NULL) {
        m->last_system = s->before;
    } else {
        s->after->before = s->before;
    }
    sim_system_clear(s);
    free(s);
}

/* ---- handles ---- */

struct sim_handle *sim_handle_new(struct machine *m, uint32_t client, struct sim_system *s,
                                  struct sim_process *p)
{
    struct sim_handle *handle = calloc(1, sizeof(*handle));
    if (handle == NULL) {
        return NULL;
    }
    *handle =
        (struct sim_handle){.number = sim_number(m), .client = client, .system = s, .process = p};
    if (!sim_table_put(&m->handles, handle->number, handle)) {
        free(handle);
        return NULL;
    }
    s->refs++;
    if (p != NULL) {
        p->refs++;
        p->handles++;
    } else {
        s->handles++;
    }
    sim_changed(m);
    return handle;
}

void sim_handle_free(struct machine *m, struct sim_handle *handle)
{
    struct sim_system *s = handle->system;
    struct sim_process *p = handle->process;
    sim_table_remove(&m->handles, handle->number);
    free(handle);
    if (p != NULL) {
        p->refs--;
        sim_process_release(m, p);
    }
    s->refs--;
    sim_system_release(m, s);
}

void machine_close_handle(struct machine *m, uint64_t number, int64_t now_ns)
{
    struct sim_handle *handle = sim_table_get(&m->handles, number);
    if (handle == NULL || handle->closed) {
        return;
    }
    struct sim_system *s = handle->system;
    handle->closed = true;
    handle->listens = false;
    sim_changed(m);
    if (!handle->dead && handle->process != NULL) {
        handle->process->handles--;
    } else if (!handle->dead) {
        s->handles--;
        if (s->handles == 0 && s->ends_with_last_handle && sim_system_lives(s)) {
            sim_system_end(m, s, now_ns, 0, "ForcedExit", "Terminate");
        }
    }
    if (handle->first == NULL) {
        sim_handle_free(m, handle);
    }
}

hcs_result machine_listen(struct machine *m, uint64_t number, bool on)
{
    struct sim_handle *handle = sim_table_get(&m->handles, number);
    if (handle == NULL || handle->closed) {
        return HR_E_HANDLE;
    }
    if (handle->dead && on) {
        return HR_HCS_E_SERVICE_DISCONNECT;
    }
    handle->listens = on;
    sim_changed(m);
    return 0;
}

hcs_result machine_open_system(struct machine *m, uint32_t client, const char *id, int64_t now_ns,
                               uint64_t *handle)
{
    hcs_result result = sim_service_state(m, now_ns);
    *handle = 0;
    if (result != 0) {
        return result;
    }
    struct sim_system *s = id == NULL ? NULL : sim_system_find(m, id);
    if (s == NULL) {
        return id == NULL ? HR_E_INVALIDARG : HR_HCS_E_SYSTEM_NOT_FOUND;
    }
    struct sim_handle *made = sim_handle_new(m, client, s, NULL);
    if (made == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    *handle = made->number;
    return 0;
}

hcs_result machine_open_process(struct machine *m, uint32_t client, uint64_t system,
                                uint32_t process_id, int64_t now_ns, uint64_t *handle)
{
    hcs_result result = sim_service_state(m, now_ns);
    struct sim_handle *parent = sim_table_get(&m->handles, system);
    *handle = 0;
    if (result != 0) {
        return result;
    }
    if (parent == NULL || parent->closed || parent->process != NULL) {
        return HR_E_HANDLE;
    }
    if (parent->dead) {
        return HR_HCS_E_SERVICE_DISCONNECT;
    }
    struct sim_process *p = parent->system->processes;
    while (p != NULL && (p->pid != process_id || p->exited || !p->started)) {
        p = p->next;
    }
    if (p == NULL) {
        return sim_assumed_code(ASSUMED_NO_PROCESS);
    }
    struct sim_handle *made = sim_handle_new(m, client, parent->system, p);
    if (made == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    *handle = made->number;
    return 0;
}

hcs_result sim_system_gone(struct sim_service *service)
{
    switch (service->system->state) {
    case SIM_CREATING:
        return HR_HCS_E_OPERATION_PENDING;
    case SIM_FAILED:
        return sim_refuse(&service->refusal, HR_HCS_E_SYSTEM_NOT_FOUND,
                          "The compute system '%s' was not created", service->system->id);
    case SIM_STOPPED:
        return sim_refuse(&service->refusal, HR_HCS_E_SYSTEM_ALREADY_STOPPED,
                          "The compute system '%s' has exited", service->system->id);
    default:
        return 0;
    }
}

/* ---- start ---- */

static hcs_result die_at_start(struct sim_service *service, hcs_result code, const char *message)
{
    struct sim_system *s = service->system;
    sim_refuse(&service->refusal, code, "%s", message);
    service->refusal.detail = "Start";
    sim_system_end(service->m, s, service->now, code, "UnexpectedExit", "UnexpectedExit");
    return code;
}

static hcs_result boot_vm(struct sim_service *service)
{
    struct sim_system *vm = service->system;
    const struct sim_share *boot = sim_share_find(vm, "os");
    bool is_folder = false;
    char *file = text_format("%s\\EFI\\Microsoft\\Boot\\bootmgfw.efi", boot ? boot->path : "");
    bool bootable = boot != NULL && file != NULL &&
                    sim_files_exists(&service->m->files, file, &is_folder) && !is_folder;
    free(file);
    if (boot != NULL && !bootable) {
        return die_at_start(service, HR_HCS_E_TERMINATED_DURING_START,
                            "The virtual machine could not boot: VmbFs found no "
                            "\\EFI\\Microsoft\\Boot\\bootmgfw.efi on the share 'os'");
    }
    if (vm->image_build > service->m->scenario->facts.build) {
        return die_at_start(service, HR_HCS_E_IMAGE_MISMATCH,
                            "The operating system of the utility VM is newer than the host");
    }
    if (vm->guest_connection && vm->memory_mb < 256) {
        return die_at_start(service, HR_HCS_E_CONNECTION_TIMEOUT,
                            "The guest did not connect: it has too little memory to boot");
    }
    return 0;
}

static hcs_result start_container(struct sim_service *service)
{
    struct sim_system *s = service->system;
    if (s->kind == SIM_PROCESS_CONTAINER) {
        return 0;
    }
    if (s->host == NULL || s->host->state != SIM_RUNNING) {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_HOST_NOT_READY),
                          "The hosting system '%s' is not running", s->host_id);
    }
    if (s->image_build != 0 && s->host->image_build != 0 && s->image_build > s->host->image_build) {
        return die_at_start(service, HR_HCS_E_IMAGE_MISMATCH,
                            "The operating system of the container is newer than its utility VM");
    }
    return 0;
}

hcs_result sim_serve_start(struct sim_service *service)
{
    struct machine *m = service->m;
    struct sim_system *s = service->system;
    if (s->state == SIM_STOPPED) {
        return sim_refuse(&service->refusal, HR_HCS_E_TERMINATED_DURING_START,
                          "The compute system '%s' was terminated before it had started", s->id);
    }
    hcs_result result = sim_system_gone(service);
    if (result != 0) {
        return result;
    }
    if (service->request->document != NULL && service->request->document[0] != '\0') {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_OPTIONS_NOT_NULL),
                          "The options of HcsStartComputeSystem must be NULL");
    }
    if (s->state != SIM_CREATED) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_STATE,
                          "The compute system '%s' is running already", s->id);
    }
    result = s->kind == SIM_VM ? boot_vm(service) : start_container(service);
    if (result != 0) {
        return result;
    }
    s->state = SIM_RUNNING;
    s->started_ns = service->now;
    s->started_ms = machine_wall_ms(m, service->now);
    sim_system_touch(m, s);
    sim_log(m, service->now, 2001, HVGPU_SEVERITY_GOOD, s->id, "The compute system has started");
    return 0;
}

/* ---- end ---- */

hcs_result sim_serve_shutdown(struct sim_service *service)
{
    struct sim_system *s = service->system;
    hcs_result result = sim_system_gone(service);
    if (result != 0) {
        return result;
    }
    struct json *options = sim_document(service, "ShutdownOptions");
    if (options == NULL) {
        return service->refusal.code;
    }
    json_free(options);
    if (s->state != SIM_RUNNING || (s->kind == SIM_VM && !s->guest_connection)) {
        return sim_refuse(&service->refusal, HR_HCS_E_INVALID_STATE,
                          s->state != SIM_RUNNING
                              ? "The compute system '%s' is not running"
                              : "The virtual machine '%s' has no guest connection to shut it down",
                          s->id);
    }
    if (s->exit_due != SIM_NEVER) {
        return sim_refuse(&service->refusal, HR_HCS_E_SYSTEM_ALREADY_STOPPED,
                          "The compute system '%s' is shutting down already", s->id);
    }
    int64_t takes = !service->m->scenario->latency ? 0 : SIM_MS(s->kind == SIM_VM ? 700 : 300);
    s->exit_due = service->now + takes;
    s->touched = true;
    sim_due_add(service->m, s->exit_due, SIM_DUE_EXIT, s->number);
    return 0;
}

hcs_result sim_serve_terminate(struct sim_service *service)
{
    hcs_result result = sim_system_gone(service);
    if (result != 0) {
        return result;
    }
    if (service->request->document != NULL && service->request->document[0] != '\0') {
        return sim_refuse(&service->refusal, sim_assumed_code(ASSUMED_OPTIONS_NOT_NULL),
                          "The options of HcsTerminateComputeSystem must be NULL");
    }
    sim_system_end(service->m, service->system, service->now, 0, "ForcedExit", "Terminate");
    return 0;
}

/* Members of the documents that the service sends, by the schema version that has them. */
static bool has(const struct machine *m, unsigned minor)
{
    return m->scenario->level.major > 2 ||
           (m->scenario->level.major == 2 && m->scenario->level.minor >= minor);
}

static char *exit_document(const struct machine *m, hcs_result status, const char *exit_type,
                           const char *detail)
{
    struct json *document = json_new_object();
    json_add_i64(document, "Status", status);
    if (has(m, 2)) {
        json_add_string(document, "ExitType", exit_type);
    }
    if (detail != NULL && has(m, 4)) {
        struct json *list = json_add_array(document, "Attribution");
        struct json *record = json_append(list, json_new_object());
        struct json *exit = json_add_object(record, "SystemExit");
        json_add_string(exit, "Detail", detail);
        json_add_string(exit, "Initiator",
                        strcmp(detail, "UnexpectedExit") == 0 ? "Internal" : "Client");
    }
    char *text = json_print(document);
    json_free(document);
    return text;
}

static void end_inside(struct machine *m, struct sim_system *s, int64_t now)
{
    if (s->kind == SIM_VM) {
        for (struct sim_system *child = m->systems; child != NULL;) {
            struct sim_system *next = child->after;
            if (child->host == s) {
                sim_system_end(m, child, now, 0, "UnexpectedExit", "UnexpectedExit");
            }
            child = next;
        }
    } else if (s->host != NULL) {
        struct sim_root *root = sim_root_find(s->host, s->root_path == NULL ? "" : s->root_path);
        if (root != NULL && root->user == s->number) {
            root->user = 0;
        }
        s->host = NULL;
    }
    for (struct sim_process *p = s->processes; p != NULL;) {
        struct sim_process *next = p->next;
        sim_process_exit(m, p, 1);
        p = next;
    }
}

void sim_system_end(struct machine *m, struct sim_system *s, int64_t now, hcs_result status,
                    const char *exit_type, const char *detail)
{
    if (!sim_system_lives(s)) {
        return;
    }
    s->refs++; /* it must outlive this function */
    s->state = SIM_STOPPED;
    s->exit_due = SIM_NEVER;
    sim_system_unlist(m, s);
    if (s->initial) {
        char **gone = realloc(m->gone, (m->gone_count + 1) * sizeof(*gone));
        if (gone != NULL) {
            m->gone = gone;
            m->gone[m->gone_count++] = text_copy(s->id);
        }
    }
    sim_system_touch(m, s);
    end_inside(m, s, now);
    sim_vm_release_devices(m, s, now);
    char *document = exit_document(m, status, exit_type, detail);
    sim_event(m, s, NULL, HCS_EVENT_SYSTEM_EXITED, document);
    free(document);
    bool graceful = strcmp(exit_type, "UnexpectedExit") != 0;
    sim_log(m, now, 2002, graceful ? HVGPU_SEVERITY_INFO : HVGPU_SEVERITY_WARNING, s->id,
            graceful ? "The compute system has exited" : "The compute system exited unexpectedly");
    s->refs--;
    sim_system_release(m, s);
}
