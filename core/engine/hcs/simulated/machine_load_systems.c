/* SPDX-License-Identifier: MIT
 *
 * Loading, first half: systems with everything in them. A fresh machine holds the scenario's own
 * systems; those that have ended are taken out, those that changed are replaced in their place, the
 * others are added.
 */
#include "core/engine/hcs/simulated/load.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ITEMS = 100000 };

/* Allocates room for the items of a list; NULL with *count 0 when there are none or too many. */
static void *room(const struct json *list, size_t size, bool *ok)
{
    size_t count = json_count(list);
    if (count > MOST_ITEMS) {
        *ok = false;
    }
    void *items = *ok ? calloc(count + 1, size) : NULL;
    *ok = *ok && items != NULL;
    return items;
}

static bool load_array(const struct member *table, const struct json *list, size_t size,
                       void **items, size_t *count)
{
    bool ok = true;
    *items = room(list, size, &ok);
    for (const struct json *i = json_first(list); ok && i != NULL; i = json_next(i)) {
        ok = members_load(table, (char *)*items + *count * size, i);
        *count += 1;
    }
    return ok;
}

static bool load_texts(const struct json *list, char ***texts, size_t *count)
{
    bool ok = true;
    *texts = room(list, sizeof(**texts), &ok);
    for (const struct json *i = json_first(list); ok && i != NULL; i = json_next(i)) {
        (*texts)[*count] = text_copy(json_string(i, ""));
        ok = (*texts)[*count] != NULL;
        *count += ok ? 1 : 0;
    }
    return ok;
}

bool load_files(struct sim_files *files, const struct json *list)
{
    for (const struct json *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *path = json_string(i, "path");
        if (path == NULL || path[0] == '\0' || files->count > MOST_ITEMS) {
            return false;
        }
        struct sim_file *file = sim_files_add(files, path, json_bool(i, "folder", false));
        const struct json *granted = json_member(i, "granted");
        for (const struct json *g = json_first(granted); g != NULL; g = json_next(g)) {
            const char *id = json_string(g, "");
            if (id == NULL || file == NULL || !sim_file_grant(file, id)) {
                return false;
            }
        }
    }
    return true;
}

static bool load_process(struct machine *m, struct sim_system *s, const struct json *from)
{
    struct sim_process *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return false;
    }
    p->system = s;
    struct sim_process **link = &s->processes;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = p;
    bool ok = members_load(members_process, p, from) && p->number != 0 &&
              sim_table_get(&m->processes, p->number) == NULL &&
              sim_table_put(&m->processes, p->number, p);
    const struct json *steps = json_member(from, "steps");
    p->steps = room(steps, sizeof(*p->steps), &ok);
    for (const struct json *i = json_first(steps); ok && i != NULL; i = json_next(i)) {
        struct sim_step *step = &p->steps[p->step_count];
        ok = members_load(members_step, step, i) && members_get_bytes(i, &step->bytes, &step->len);
        p->step_count += ok ? 1 : 0;
    }
    p->step_cap = p->step_count;
    const uint64_t streams[] = {p->std_input, p->std_output, p->std_error};
    for (size_t i = 0; ok && i < 3; i++) {
        if (streams[i] != 0 && p->client != 0) {
            ok = sim_table_put(&m->streams, streams[i], p);
        }
    }
    return ok && (!p->started || p->image != NULL);
}

static bool load_vm(struct machine *m, struct sim_system *s, const struct json *from)
{
    bool ok = true;
    const struct json *list = json_member(from, "shares");
    s->shares = room(list, sizeof(*s->shares), &ok);
    for (const struct json *i = json_first(list); ok && i != NULL; i = json_next(i)) {
        struct sim_share *share = &s->shares[s->share_count++];
        ok = members_load(members_share, share, i) &&
             load_texts(json_member(i, "allowed"), &share->allowed, &share->allowed_count) &&
             share->name != NULL && share->path != NULL;
    }
    list = json_member(from, "roots");
    s->roots = room(list, sizeof(*s->roots), &ok);
    for (const struct json *i = json_first(list); ok && i != NULL; i = json_next(i)) {
        struct sim_root *root = &s->roots[s->root_count++];
        ok = members_load(members_root, root, i) &&
             load_texts(json_member(i, "layers"), &root->layers, &root->layer_count) &&
             root->path != NULL;
    }
    list = json_member(from, "vpci");
    s->vpci = room(list, sizeof(*s->vpci), &ok);
    for (const struct json *i = json_first(list); ok && i != NULL; i = json_next(i)) {
        struct sim_vpci *vpci = &s->vpci[s->vpci_count++];
        void *functions = NULL;
        ok = members_load(members_vpci, vpci, i) &&
             load_array(members_function, json_member(i, "functions"), sizeof(*vpci->functions),
                        &functions, &vpci->function_count) &&
             vpci->id != NULL;
        vpci->functions = functions;
        for (size_t k = 0; ok && k < vpci->function_count; k++) {
            ok = vpci->functions[k].instance_id != NULL;
        }
    }
    void *items = NULL;
    ok = ok && load_array(members_disk, json_member(from, "disks"), sizeof(*s->disks), &items,
                          &s->disk_count);
    s->disks = items;
    items = NULL;
    ok = ok && load_array(members_partition, json_member(from, "partitions"),
                          sizeof(*s->partitions), &items, &s->partition_count);
    s->partitions = items;
    for (size_t i = 0; ok && i < s->disk_count; i++) {
        ok = s->disks[i].controller != NULL && s->disks[i].path != NULL;
    }
    for (size_t i = 0; ok && i < s->partition_count; i++) {
        ok = s->partitions[i].gpu < m->scenario->gpu_count;
    }
    return ok;
}

static bool load_parts(struct machine *m, struct sim_system *s, const struct json *from)
{
    void *items = NULL;
    bool ok = load_array(members_mapping, json_member(from, "mappings"), sizeof(*s->mappings),
                         &items, &s->mapping_count);
    s->mappings = items;
    for (size_t i = 0; ok && i < s->mapping_count; i++) {
        ok = s->mappings[i].host_path != NULL && s->mappings[i].container_path != NULL;
    }
    items = NULL;
    ok = ok && load_array(members_grant, json_member(from, "grants"), sizeof(*s->grants), &items,
                          &s->grant_count);
    s->grants = items;
    ok = ok && load_vm(m, s, from) && load_files(&s->files, json_member(from, "files"));
    const struct json *processes = json_member(from, "processes");
    for (const struct json *i = json_first(processes); ok && i != NULL; i = json_next(i)) {
        ok = load_process(m, s, i);
    }
    const struct json *document = json_member(from, "document");
    s->document = document == NULL ? NULL : json_copy(document);
    return ok;
}

/* The loaded system takes the place of the scenario's own one of the same number. */
static void replace(struct machine *m, struct sim_system *old, struct sim_system *s)
{
    for (struct sim_system *other = m->systems; other != NULL; other = other->after) {
        other->host = other->host == old ? s : other->host;
    }
    sim_system_move(m, s, old);
    old->state = sim_system_lives(old) ? SIM_STOPPED : old->state;
    sim_system_unlist(m, old);
    sim_system_release(m, old);
}

static bool load_system(struct machine *m, const struct json *from)
{
    uint64_t number = 0;
    const char *id = json_string(from, "id");
    if (id == NULL || id[0] == '\0' || !json_u64(from, "number", &number) || number == 0) {
        return false;
    }
    struct sim_system *old = sim_table_get(&m->by_number, number);
    if (old != NULL && (!old->initial || old->touched)) {
        return false; /* twice the same number */
    }
    struct sim_system *s = sim_system_new(m, id);
    if (s == NULL) {
        return false;
    }
    sim_table_remove(&m->by_number, s->number);
    bool ok = members_load(members_system, s, from);
    if (old != NULL) {
        replace(m, old, s);
    }
    s->touched = true;
    s->handles = s->initial && s->ends_with_last_handle ? 1 : 0; /* its owner's */
    ok = sim_table_put(&m->by_number, s->number, s) && ok && load_parts(m, s, from) &&
         s->name != NULL && s->runtime_id != NULL;
    if (ok && sim_system_lives(s)) {
        ok = sim_system_find(m, s->id) == NULL;
        sim_system_list(m, s);
    }
    return ok;
}

bool load_systems(struct machine *m, const struct json *state)
{
    const struct json *gone = json_member(state, "gone");
    for (const struct json *g = json_first(gone); g != NULL; g = json_next(g)) {
        const char *id = json_string(g, "");
        struct sim_system *s = id == NULL ? NULL : sim_system_find(m, id);
        char **list = realloc(m->gone, (m->gone_count + 1) * sizeof(*list));
        if (id == NULL || list == NULL) {
            return false;
        }
        m->gone = list;
        m->gone[m->gone_count++] = text_copy(id);
        if (s != NULL && s->initial) {
            for (struct sim_system *other = m->systems; other != NULL; other = other->after) {
                other->host = other->host == s ? NULL : other->host;
            }
            s->state = SIM_STOPPED;
            sim_system_unlist(m, s);
            sim_system_release(m, s);
        }
    }
    const struct json *systems = json_member(state, "systems");
    for (const struct json *i = json_first(systems); i != NULL; i = json_next(i)) {
        if (!load_system(m, i)) {
            return false;
        }
    }
    /* Hosts last: they may come later in the list. */
    for (const struct json *i = json_first(systems); i != NULL; i = json_next(i)) {
        uint64_t number = 0;
        uint64_t host = 0;
        json_u64(i, "number", &number);
        struct sim_system *s = sim_table_get(&m->by_number, number);
        if (s != NULL && json_u64(i, "host", &host)) {
            s->host = sim_table_get(&m->by_number, host);
            if (s->host == NULL || s->host->kind != SIM_VM || s->kind == SIM_VM) {
                s->host = NULL;
                return false;
            }
            if (sim_system_lives(s) && !sim_system_lives(s->host)) {
                s->host = NULL;
                return false;
            }
        }
    }
    return true;
}
