/* SPDX-License-Identifier: MIT
 *
 * Small parts of launch: the container's document from what the steps found, the result, times.
 */
#include "core/engine/hcs/launch_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"

enum hvgpu_status will(struct job *job, struct json *action, const char *kind, const char *name,
                       struct hvgpu_error *err)
{
    char *words = text_format("%s %s", kind, name);
    if (words == NULL) {
        json_free(action);
        return error_set(err, HVGPU_MEMORY, "journal", name, "out of memory");
    }
    enum hvgpu_status status = job_will(job, action, words, err);
    free(words);
    return status;
}

enum hvgpu_status add_folder(struct ownership *record, const char *path, struct hvgpu_error *err)
{
    char **folders = realloc(record->folders, (record->folder_count + 1) * sizeof *folders);
    if (folders == NULL) {
        return error_set(err, HVGPU_MEMORY, "record", path, "out of memory");
    }
    record->folders = folders;
    folders[record->folder_count] = text_copy(path);
    if (folders[record->folder_count] == NULL) {
        return error_set(err, HVGPU_MEMORY, "record", path, "out of memory");
    }
    record->folder_count++;
    return HVGPU_OK;
}

enum hvgpu_status refuse_existing_folder(const struct launch *launch, const struct calls *calls,
                                         struct hvgpu_error *err)
{
    enum hvgpu_answer exists = HVGPU_ANSWER_UNKNOWN;
    bool is_folder = false;
    enum hvgpu_status status = calls_exists(calls, launch->own_folder, &exists, &is_folder, err);
    if (status != HVGPU_OK || exists != HVGPU_ANSWER_YES) {
        return status;
    }
    error_set(err, HVGPU_EXISTS, "prepare disks", launch->own_folder,
              "the scratch folder of this name exists already");
    error_hint(err, "choose another --name, or remove what is left of the old one: hvgpu rm %s",
               launch->record.id);
    return HVGPU_EXISTS;
}

int64_t host_time(const struct calls *calls)
{
    const struct host_api *host = client_host(engine_client(calls->engine));
    return host->now_ms(host->machine);
}

void note_init_time(struct launch *launch, const struct calls *calls)
{
    static const char *const types[] = {"ProcessList", NULL};
    struct json *answer = NULL;
    struct hvgpu_error ignored;
    if (calls_properties(calls, launch->record.id, launch->container,
                         document_property_query(types), &answer, &ignored) != HVGPU_OK) {
        return; /* then a later console cannot tell, and says so */
    }
    const struct json *list = json_get(answer, "ProcessList");
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        uint64_t pid = 0;
        int64_t created = 0;
        const char *text = json_string(item, "CreateTimestamp");
        if (json_u64(item, "ProcessId", &pid) && pid == launch->record.init_pid.value &&
            text != NULL && text_from_iso(text, &created) && created >= 0) {
            launch->record.init_created_ms.known = true;
            launch->record.init_created_ms.value = (uint64_t)created;
        }
    }
    json_free(answer);
}

struct document_layer *launch_layer_list(const struct launch *launch)
{
    struct document_layer *layers = calloc(launch->layer_count, sizeof *layers);
    for (size_t i = 0; layers != NULL && i < launch->layer_count; i++) {
        layers[i].id = launch->layer_guids[i];
        layers[i].path = launch->layer_paths[i];
    }
    return layers;
}

/* ---- the container's document ---- */

struct mapping_list {
    struct document_mapping *items;
    char **texts; /* owned parts of the items */
    size_t count, text_count;
    bool failed;
};

static void add_mapping(struct mapping_list *list, unsigned share, char *container_path,
                        bool read_only)
{
    char *host = guest_share_path(share);
    list->failed = list->failed || host == NULL || container_path == NULL;
    list->texts[list->text_count++] = host;
    list->texts[list->text_count++] = container_path;
    list->items[list->count++] = (struct document_mapping){
        .host_path = host, .container_path = container_path, .read_only = read_only};
}

/* Mounts in the order in which they were asked for, then what hvgpu adds. */
static void fill_mappings(const struct launch *launch, struct mapping_list *list)
{
    for (size_t i = 0; i < launch->mount_count; i++) {
        const struct launch_mount *mount = &launch->mounts[i];
        add_mapping(list, mount->share, text_copy(mount->guest), mount->read_only);
    }
    for (size_t i = 0; i < launch->package_count; i++) {
        const struct launch_package *package = &launch->packages[i];
        add_mapping(list, package->share, path_join(GUEST_DRIVER_STORE, package->name), true);
    }
    add_mapping(list, launch->probe_share, text_copy(GUEST_PROBE_FOLDER), true);
}

/* Location paths of the assigned devices, or of the virtual render device; NULL: out of memory. */
static const char **locations_of(const struct launch *launch, size_t *count)
{
    size_t most = 1;
    for (size_t i = 0; i < launch->device_count; i++) {
        most += launch->devices[i].location_count;
    }
    const char **list = calloc(most, sizeof *list);
    *count = 0;
    for (size_t i = 0; list != NULL && i < launch->device_count; i++) {
        for (size_t k = 0; k < launch->devices[i].location_count; k++) {
            list[(*count)++] = launch->devices[i].locations[k];
        }
    }
    if (list != NULL && launch->device_count == 0 && launch->render_location != NULL) {
        list[(*count)++] = launch->render_location;
    }
    return list;
}

struct json *launch_container_document(const struct launch *launch, unsigned form)
{
    size_t most = launch->mount_count + launch->package_count + 1;
    struct mapping_list list = {
        .items = calloc(most, sizeof *list.items),
        .texts = calloc(2 * most, sizeof *list.texts),
    };
    size_t location_count = 0;
    const char **locations = locations_of(launch, &location_count);
    struct document_layer *layers = launch_layer_list(launch);
    struct json *result = NULL;
    if (list.items != NULL && list.texts != NULL && locations != NULL && layers != NULL) {
        fill_mappings(launch, &list);
        const struct document_container document = {
            .vm_id = launch->record.vm_id,
            .host_name = launch->host_name,
            .layers = layers,
            .layer_count = launch->layer_count,
            .mappings = list.items,
            .mapping_count = list.count,
            .gpu_form = form,
            .locations = locations,
            .location_count = location_count,
            .ends_with_last_handle = launch->record.remove,
        };
        result = list.failed ? NULL : document_container(&launch->base.level, &document);
    }
    for (size_t i = 0; i < list.text_count; i++) {
        free(list.texts[i]);
    }
    free(list.texts);
    free(list.items);
    free(locations);
    free(layers);
    return result;
}

/* ---- result ---- */

struct json *launch_result(const struct launch *launch)
{
    const struct ownership *record = &launch->record;
    struct json *result = json_new_object();
    json_add_string(result, "id", record->id);
    json_add_string(result, "vm_id", record->vm_id);
    if (record->init_pid.known) {
        json_add_u64(result, "init_pid", record->init_pid.value);
    } else {
        json_add_null(result, "init_pid");
    }
    if (record->candidate != 0) {
        json_add_u64(result, "candidate", record->candidate);
        json_add_string(result, "candidate_form", document_gpu_form_words(record->candidate));
        json_add_u64(result, "build", record->build);
    } else {
        json_add_null(result, "candidate");
    }
    if (launch->sentence != NULL) {
        json_add_string(result, "verdict", hvgpu_verdict_name(launch->verdict));
        json_add_string(result, "sentence", launch->sentence);
    } else {
        json_add_null(result, "verdict");
    }
    return result;
}
