/* SPDX-License-Identifier: MIT
 *
 * The whole state as JSON. What the scenario says again at the next start is left out: its files,
 * and those of its systems to which nothing has happened.
 */
#include "core/engine/hcs/simulated/members.h"
#include "core/engine/hcs/simulated/serve.h"

static struct json *save_array(const struct member *table, const void *items, size_t count,
                               size_t size)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_append(list, members_save(table, (const char *)items + i * size));
    }
    return list;
}

static struct json *save_texts(char *const *texts, size_t count)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_append(list, json_new_string(texts[i]));
    }
    return list;
}

static struct json *save_files(const struct sim_files *files)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < files->count; i++) {
        const struct sim_file *file = &files->items[i];
        if (file->immutable && file->granted_count == 0) {
            continue;
        }
        struct json *item = json_append(list, json_new_object());
        json_add_string(item, "path", file->path);
        json_add_bool(item, "folder", file->is_folder);
        if (file->granted_count > 0) {
            json_add(item, "granted", save_texts(file->granted, file->granted_count));
        }
    }
    return list;
}

static struct json *save_process(const struct sim_process *p)
{
    struct json *item = members_save(members_process, p);
    struct json *steps = json_add_array(item, "steps");
    for (size_t i = 0; i < p->step_count; i++) {
        struct json *step = json_append(steps, members_save(members_step, &p->steps[i]));
        members_add_bytes(step, p->steps[i].bytes, p->steps[i].len);
    }
    return item;
}

static void save_vm(const struct sim_system *s, struct json *item)
{
    struct json *shares = json_add_array(item, "shares");
    for (size_t i = 0; i < s->share_count; i++) {
        struct json *share = json_append(shares, members_save(members_share, &s->shares[i]));
        json_add(share, "allowed", save_texts(s->shares[i].allowed, s->shares[i].allowed_count));
    }
    json_add(item, "disks", save_array(members_disk, s->disks, s->disk_count, sizeof(*s->disks)));
    struct json *roots = json_add_array(item, "roots");
    for (size_t i = 0; i < s->root_count; i++) {
        struct json *root = json_append(roots, members_save(members_root, &s->roots[i]));
        json_add(root, "layers", save_texts(s->roots[i].layers, s->roots[i].layer_count));
    }
    struct json *vpci = json_add_array(item, "vpci");
    for (size_t i = 0; i < s->vpci_count; i++) {
        struct json *device = json_append(vpci, members_save(members_vpci, &s->vpci[i]));
        json_add(device, "functions",
                 save_array(members_function, s->vpci[i].functions, s->vpci[i].function_count,
                            sizeof(*s->vpci[i].functions)));
    }
    json_add(
        item, "partitions",
        save_array(members_partition, s->partitions, s->partition_count, sizeof(*s->partitions)));
}

static struct json *save_system(const struct sim_system *s)
{
    struct json *item = members_save(members_system, s);
    if (s->host != NULL) {
        json_add_u64(item, "host", s->host->number);
    }
    if (s->document != NULL) {
        json_add(item, "document", json_copy(s->document));
    }
    save_vm(s, item);
    json_add(item, "mappings",
             save_array(members_mapping, s->mappings, s->mapping_count, sizeof(*s->mappings)));
    json_add(item, "grants",
             save_array(members_grant, s->grants, s->grant_count, sizeof(*s->grants)));
    json_add(item, "files", save_files(&s->files));
    struct json *processes = json_add_array(item, "processes");
    for (const struct sim_process *p = s->processes; p != NULL; p = p->next) {
        json_append(processes, save_process(p));
    }
    return item;
}

static struct json *save_handles(const struct machine *m)
{
    struct json *list = json_new_array();
    size_t at = 0;
    for (const struct sim_handle *handle = sim_table_next(&m->handles, &at); handle != NULL;
         handle = sim_table_next(&m->handles, &at)) {
        struct json *item = json_append(list, members_save(members_handle, handle));
        json_add_u64(item, "system", handle->system->number);
        if (handle->process != NULL) {
            json_add_u64(item, "process", handle->process->number);
        }
        struct json *queue = json_add_array(item, "queue");
        for (const struct sim_request *r = handle->first; r != NULL; r = r->next) {
            json_append(queue, members_save(members_request, r));
        }
    }
    return list;
}

static struct json *save_loose_requests(const struct machine *m)
{
    struct json *list = json_new_array();
    size_t at = 0;
    for (const struct sim_request *r = sim_table_next(&m->requests, &at); r != NULL;
         r = sim_table_next(&m->requests, &at)) {
        if (r->handle == 0) {
            json_append(list, members_save(members_request, r));
        }
    }
    return list;
}

static struct json *save_clients(const struct machine *m)
{
    struct json *list = json_new_array();
    for (const struct sim_client *client = m->clients; client != NULL; client = client->next) {
        struct json *item = json_append(list, members_save(members_client, client));
        struct json *outputs = json_add_array(item, "outputs");
        for (const struct sim_output *o = client->first; o != NULL; o = o->next) {
            struct json *output = json_append(outputs, members_save(members_output, &o->out));
            json_add_i64(output, "result", o->out.result);
            members_add_bytes(output, o->out.bytes, o->out.len);
            if (o->out.kind == MACHINE_NOTICE) {
                json_add_bool(output, "gpus", o->out.change.notice == HOST_NOTICE_GPUS);
                json_add_u64(output, "event_id", o->out.change.event_id);
                json_add_u64(output, "severity", o->out.change.severity);
                json_add_i64(output, "time_ms", o->out.change.time_ms);
            }
        }
    }
    return list;
}

struct json *machine_save(const struct machine *m)
{
    struct json *state = members_save(members_machine, m);
    json_add_u64(state, "v", 1);
    json_add_string(state, "scenario", m->scenario->name);
    json_add(state, "gone", save_texts(m->gone, m->gone_count));
    struct json *systems = json_add_array(state, "systems");
    for (const struct sim_system *s = m->systems; s != NULL; s = s->after) {
        if (!s->initial || s->touched || s->processes != NULL) {
            json_append(systems, save_system(s));
        }
    }
    json_add(state, "clients", save_clients(m));
    json_add(state, "handles", save_handles(m));
    json_add(state, "requests", save_loose_requests(m));
    json_add(state, "files", save_files(&m->files));
    struct json *faults = json_add_array(state, "faults");
    for (size_t i = 0; i < m->scenario->fault_count; i++) {
        json_append(faults, json_new_u64(m->fault_counts[i]));
    }
    return state;
}
