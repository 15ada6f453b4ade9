/* SPDX-License-Identifier: MIT
 *
 * hvgpu's own records as JSON and back. A record lies in a folder of the machine for weeks and may
 * have been edited, so reading checks kinds, lengths and counts, and names the member that is
 * wrong.
 */
#include "core/engine/hcs/ownership.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

enum {
    RECORD_VERSION = 1,
    RECORD_ID_MAX = 512,
    RECORD_TEXT_MAX = 32 * 1024,
    RECORD_GPUS_MAX = 64,
    RECORD_FOLDERS_MAX = 256
};

static const char *const mode_names[] = {[HVGPU_MODE_UNKNOWN] = "unknown",
                                         [HVGPU_MODE_NONE] = "none",
                                         [HVGPU_MODE_LIST] = "list",
                                         [HVGPU_MODE_MIRROR] = "mirror",
                                         [HVGPU_MODE_DDA] = "dda"};

void ownership_clear(struct ownership *record)
{
    for (size_t i = 0; i < record->gpu_count; i++) {
        free(record->gpus[i].instance_id);
        free(record->gpus[i].interface_path);
        free(record->gpus[i].package);
        free(record->gpus[i].vpci_id);
    }
    for (size_t i = 0; i < record->folder_count; i++) {
        free(record->folders[i]);
    }
    free(record->gpus);
    free(record->folders);
    free(record->id);
    free(record->vm_id);
    free(record->name);
    free(record->image);
    free(record->command);
    free(record->probe_vm);
    free(record->probe_container);
    memset(record, 0, sizeof *record);
}

/* ---- writing ---- */

static void add_text(struct json *object, const char *key, const char *text)
{
    if (text != NULL) {
        json_add_string(object, key, text);
    }
}

static void add_number(struct json *object, const char *key, struct hvgpu_number number)
{
    if (number.known) {
        json_add_u64(object, key, number.value);
    }
}

struct json *ownership_to_json(const struct ownership *record)
{
    struct json *json = json_new_object();
    json_add_u64(json, "version", RECORD_VERSION);
    add_text(json, "id", record->id);
    add_text(json, "vm_id", record->vm_id);
    add_text(json, "name", record->name);
    add_text(json, "image", record->image);
    add_text(json, "command", record->command);
    json_add_i64(json, "created_ms", record->created_ms);
    json_add_bool(json, "remove", record->remove);
    json_add_string(json, "gpu_mode", mode_names[record->gpu_mode]);
    struct json *gpus = json_add_array(json, "gpus");
    for (size_t i = 0; i < record->gpu_count; i++) {
        const struct owned_gpu *gpu = &record->gpus[i];
        struct json *item = json_append(gpus, json_new_object());
        add_text(item, "instance_id", gpu->instance_id);
        add_text(item, "interface_path", gpu->interface_path);
        add_number(item, "partition", gpu->partition);
        add_text(item, "package", gpu->package);
        add_text(item, "vpci_id", gpu->vpci_id);
    }
    json_add_u64(json, "candidate", record->candidate);
    json_add_u64(json, "build", record->build);
    add_number(json, "init_pid", record->init_pid);
    add_number(json, "init_created_ms", record->init_created_ms);
    add_text(json, "probe_vm", record->probe_vm);
    add_text(json, "probe_container", record->probe_container);
    struct json *folders = json_add_array(json, "folders");
    for (size_t i = 0; i < record->folder_count; i++) {
        json_append(folders, json_new_string(record->folders[i]));
    }
    json_add_u64(json, "next_share", record->next_share);
    json_add_bool(json, "fully_backed", record->fully_backed);
    return json;
}

/* ---- reading ---- */

struct reader {
    const struct json *json;
    const char *wrong; /* the first member that is wrong */
    bool out_of_memory;
};

static char *take_text(struct reader *reader, const struct json *object, const char *key,
                       size_t max, bool required)
{
    const struct json *member = json_member(object, key);
    const char *text = member == NULL ? NULL : json_string(member, "");
    bool absent = member == NULL || json_type(member) == JSON_NULL;
    if ((absent && required) || (!absent && text == NULL) ||
        (text != NULL && (strlen(text) > max || (required && text[0] == '\0')))) {
        reader->wrong = reader->wrong == NULL ? key : reader->wrong;
        return NULL;
    }
    char *copy = text_copy(text);
    reader->out_of_memory = reader->out_of_memory || (text != NULL && copy == NULL);
    return copy;
}

static struct hvgpu_number take_number(struct reader *reader, const struct json *object,
                                       const char *key, uint64_t max)
{
    struct hvgpu_number number = {0};
    const struct json *member = json_member(object, key);
    if (member == NULL || json_type(member) == JSON_NULL) {
        return number;
    }
    number.known = json_u64(member, "", &number.value) && number.value <= max;
    if (!number.known) {
        number.value = 0;
        reader->wrong = reader->wrong == NULL ? key : reader->wrong;
    }
    return number;
}

static bool take_bool(struct reader *reader, const char *key)
{
    const struct json *member = json_member(reader->json, key);
    if (member != NULL && json_type(member) != JSON_BOOL) {
        reader->wrong = reader->wrong == NULL ? key : reader->wrong;
    }
    return json_bool(reader->json, key, false);
}

/* The count of a list; 0 and a complaint when it is none, or too long. */
static size_t take_count(struct reader *reader, const char *key, size_t max)
{
    const struct json *member = json_member(reader->json, key);
    if (member == NULL) {
        return 0;
    }
    size_t count = json_count(member);
    if (json_type(member) != JSON_ARRAY || count > max) {
        reader->wrong = reader->wrong == NULL ? key : reader->wrong;
        return 0;
    }
    return count;
}

static void take_gpus(struct reader *reader, struct ownership *out)
{
    size_t count = take_count(reader, "gpus", RECORD_GPUS_MAX);
    out->gpus = count == 0 ? NULL : calloc(count, sizeof *out->gpus);
    if (out->gpus == NULL) {
        reader->out_of_memory = reader->out_of_memory || count > 0;
        return;
    }
    const struct json *item = json_first(json_member(reader->json, "gpus"));
    for (; item != NULL && out->gpu_count < count; item = json_next(item)) {
        struct owned_gpu *gpu = &out->gpus[out->gpu_count++];
        gpu->instance_id = take_text(reader, item, "instance_id", RECORD_ID_MAX, true);
        gpu->interface_path = take_text(reader, item, "interface_path", RECORD_ID_MAX, false);
        gpu->partition = take_number(reader, item, "partition", UINT16_MAX);
        gpu->package = take_text(reader, item, "package", RECORD_ID_MAX, false);
        gpu->vpci_id = take_text(reader, item, "vpci_id", RECORD_ID_MAX, false);
    }
}

static void take_folders(struct reader *reader, struct ownership *out)
{
    size_t count = take_count(reader, "folders", RECORD_FOLDERS_MAX);
    out->folders = count == 0 ? NULL : calloc(count, sizeof *out->folders);
    if (out->folders == NULL) {
        reader->out_of_memory = reader->out_of_memory || count > 0;
        return;
    }
    const struct json *item = json_first(json_member(reader->json, "folders"));
    for (; item != NULL && out->folder_count < count; item = json_next(item)) {
        const char *folder = json_string(item, "");
        if (folder == NULL || folder[0] == '\0' || strlen(folder) > RECORD_TEXT_MAX) {
            reader->wrong = reader->wrong == NULL ? "folders" : reader->wrong;
            return;
        }
        char *copy = text_copy(folder);
        reader->out_of_memory = reader->out_of_memory || copy == NULL;
        if (copy != NULL) {
            out->folders[out->folder_count++] = copy;
        }
    }
}

static enum hvgpu_gpu_mode take_mode(struct reader *reader)
{
    const char *name = json_string(reader->json, "gpu_mode");
    for (size_t i = 0; i < sizeof mode_names / sizeof *mode_names; i++) {
        if (text_equal(name, mode_names[i])) {
            return (enum hvgpu_gpu_mode)i;
        }
    }
    reader->wrong = reader->wrong == NULL ? "gpu_mode" : reader->wrong;
    return HVGPU_MODE_UNKNOWN;
}

static void take_rest(struct reader *reader, struct ownership *out)
{
    const struct json *json = reader->json;
    out->id = take_text(reader, json, "id", RECORD_ID_MAX, true);
    out->vm_id = take_text(reader, json, "vm_id", RECORD_ID_MAX, true);
    out->name = take_text(reader, json, "name", RECORD_ID_MAX, false);
    out->image = take_text(reader, json, "image", RECORD_TEXT_MAX, false);
    out->command = take_text(reader, json, "command", RECORD_TEXT_MAX, false);
    out->probe_vm = take_text(reader, json, "probe_vm", RECORD_TEXT_MAX, false);
    out->probe_container = take_text(reader, json, "probe_container", RECORD_TEXT_MAX, false);
    out->created_ms = (int64_t)take_number(reader, json, "created_ms", INT64_MAX).value;
    out->remove = take_bool(reader, "remove");
    out->fully_backed = take_bool(reader, "fully_backed");
    out->gpu_mode = take_mode(reader);
    out->candidate = (unsigned)take_number(reader, json, "candidate", 9).value;
    out->build = (uint32_t)take_number(reader, json, "build", UINT32_MAX).value;
    out->init_pid = take_number(reader, json, "init_pid", UINT32_MAX);
    out->init_created_ms = take_number(reader, json, "init_created_ms", INT64_MAX);
    out->next_share = (unsigned)take_number(reader, json, "next_share", 1000000).value;
}

enum hvgpu_status ownership_from_json(const struct json *json, struct ownership *out,
                                      struct hvgpu_error *err)
{
    static const char operation[] = "read record";
    struct reader reader = {.json = json};
    memset(out, 0, sizeof *out);
    if (json_type(json) != JSON_OBJECT) {
        return error_set(err, HVGPU_PROTOCOL, operation, "", "it is not an object");
    }
    const char *id = json_string(json, "id");
    uint64_t version = 0;
    if (!json_u64(json, "version", &version) || version != RECORD_VERSION) {
        error_set(err, HVGPU_UNSUPPORTED, operation, id,
                  "the record is of version %llu; this program reads version %d",
                  (unsigned long long)version, RECORD_VERSION);
        error_hint(err, "use the hvgpu that launched the system");
        return HVGPU_UNSUPPORTED;
    }
    take_rest(&reader, out);
    take_gpus(&reader, out);
    take_folders(&reader, out);
    if (!reader.out_of_memory && reader.wrong == NULL) {
        return HVGPU_OK;
    }
    enum hvgpu_status st = HVGPU_MEMORY;
    if (reader.out_of_memory) {
        error_set(err, st, operation, id, "out of memory");
    } else {
        st = error_set(err, HVGPU_PROTOCOL, operation, id, "member \"%s\" is missing or not valid",
                       reader.wrong);
        error_hint(err, "the record was damaged or edited; remove the system by its id");
    }
    ownership_clear(out);
    return st;
}

/* ---- the store ---- */

static char *record_key(const char *id)
{
    return text_format("system-%s", id);
}

enum hvgpu_status ownership_put(struct store *store, const struct ownership *record,
                                struct hvgpu_error *err)
{
    char *key = record_key(record->id);
    struct json *json = ownership_to_json(record);
    enum hvgpu_status st = HVGPU_MEMORY;
    if (key == NULL || json == NULL) {
        error_set(err, st, "write record", record->id, "out of memory");
    } else {
        st = store_put(store, key, json, err);
    }
    json_free(json);
    free(key);
    return st;
}

enum hvgpu_status ownership_get(struct store *store, const char *id, struct ownership *out,
                                struct hvgpu_error *err)
{
    char *key = record_key(id);
    struct json *json = NULL;
    memset(out, 0, sizeof *out);
    if (key == NULL) {
        return error_set(err, HVGPU_MEMORY, "read record", id, "out of memory");
    }
    enum hvgpu_status st = store_get(store, key, &json, err);
    if (st == HVGPU_OK) {
        st = ownership_from_json(json, out, err);
    }
    if (st == HVGPU_OK && strcmp(out->id, id) != 0) {
        st = error_set(err, HVGPU_PROTOCOL, "read record", id,
                       "the record is about another system: %s", out->id);
        ownership_clear(out);
    }
    json_free(json);
    free(key);
    return st;
}

struct search {
    struct store *store;
    const char *id;
    struct ownership *out;
    bool found;
};

static bool compare_record(void *context, const char *key)
{
    struct search *search = context;
    struct ownership record;
    const char *id = key + strlen("system-");
    if (ownership_get(search->store, id, &record, NULL) != HVGPU_OK) {
        return true; /* a damaged record is reported where it is listed */
    }
    if (strcmp(record.vm_id, search->id) == 0) {
        *search->out = record;
        search->found = true;
        return false;
    }
    ownership_clear(&record);
    return true;
}

enum hvgpu_status ownership_find(struct store *store, const char *id, struct ownership *out,
                                 struct hvgpu_error *err)
{
    enum hvgpu_status st = ownership_get(store, id, out, err);
    if (st != HVGPU_NOT_FOUND) {
        return st;
    }
    struct search search = {.store = store, .id = id, .out = out};
    st = store_list(store, "system-", compare_record, &search, err);
    if (st == HVGPU_OK && !search.found) {
        return error_set(err, HVGPU_NOT_FOUND, "find record", id, "hvgpu did not launch it");
    }
    return st;
}

/* ---- owners ---- */

static const struct {
    const char *owner, *words;
} owners[] = {
    {"Madrid", "Windows Sandbox"},
    {"VMMS", "Hyper-V Manager VM"},
    {"containerd-shim-runhcs-v1.exe", "containerd"},
    {"containerd-shim-runhcs-v1", "containerd"},
    {"docker", "docker"},
    {"WSL", "WSL"},
    {"WSLC", "WSL containers"},
    {HVGPU_OWNER, "hvgpu"},
};

const char *owner_decode(const char *owner)
{
    if (owner == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        if (strcmp(owners[i].owner, owner) == 0) {
            return owners[i].words;
        }
    }
    return text_starts(owner, "wslc-") ? "WSL containers" : owner;
}
