/* SPDX-License-Identifier: MIT
 *
 * Loading of scenarios. A document with a "base" starts as that built-in scenario: its own gpus and
 * images replace the base's, its faults, files and systems are added, other members replace.
 */
#include "core/engine/hcs/simulated/scenario.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/base/text.h"
#include "core/engine/hcs/simulated/scenario_read.h"
#include "core/engine/hcs/simulated/scenarios.h"

#define SCENARIO_MAX_BYTES      (4u << 20)
#define SCENARIO_MAX_BASES      4 /* how long a chain of bases may be */
#define SCENARIO_MAX_CONTAINERS 100000

/* ---- host ---- */

static enum hvgpu_status read_schema(struct reader *reader, const struct json *value, void *object)
{
    struct scenario *scenario = object;
    unsigned major = 0;
    unsigned minor = 0;
    int used = 0;
    const char *s = json_string(value, "");
    bool is_version =
        s != NULL && strlen(s) <= 5 && sscanf(s, "%u.%u%n", &major, &minor, &used) == 2;
    if (!is_version || s[used] != '\0' || major != 2 || minor > 99) {
        return read_refuse(reader, value, "schema: expected a text such as \"2.5\"");
    }
    scenario->level.major = major;
    scenario->level.minor = minor;
    return HVGPU_OK;
}

static enum hvgpu_status read_host_memory(struct reader *reader, const struct json *value,
                                          void *object)
{
    uint64_t number = 0;
    enum hvgpu_status status = read_u64(reader, value, UINT32_MAX, &number);
    ((struct scenario *)object)->facts.memory_bytes = number << 20;
    return status;
}

#define HOST_ANSWER(key, member)                                                                   \
    {                                                                                              \
        key, FIELD_ANSWER, offsetof(struct scenario, facts.member), 0, NULL                        \
    }
static enum hvgpu_status read_host(struct reader *reader, const struct json *value, void *object)
{
    static const struct field fields[] = {
        {"name", FIELD_CHARS, offsetof(struct scenario, facts.computer_name),
         sizeof((struct host_facts *)0)->computer_name, NULL},
        {"edition", FIELD_CHARS, offsetof(struct scenario, facts.edition),
         sizeof((struct host_facts *)0)->edition, NULL},
        {"build", FIELD_U32, offsetof(struct scenario, facts.build), 999999, NULL},
        {.key = "schema", .kind = FIELD_CUSTOM, .read = read_schema},
        HOST_ANSWER("server", server_edition),
        HOST_ANSWER("hypervisor", hypervisor),
        HOST_ANSWER("service", service),
        HOST_ANSWER("elevated", elevated),
        {"processors", FIELD_U32, offsetof(struct scenario, facts.processors), 2048, NULL},
        {.key = "memory_mb", .kind = FIELD_CUSTOM, .read = read_host_memory},
        {.key = NULL},
    };
    return read_object(reader, value, fields, object);
}

/* ---- lists ---- */

static void drop_gpus(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->gpu_count; i++) {
        clear_gpu(&scenario->gpus[i]);
    }
    free(scenario->gpus);
    scenario->gpus = NULL;
    scenario->gpu_count = 0;
}

static void drop_images(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->image_count; i++) {
        clear_image(&scenario->images[i]);
    }
    free(scenario->images);
    scenario->images = NULL;
    scenario->image_count = 0;
}

static enum hvgpu_status read_gpus(struct reader *reader, const struct json *value, void *object)
{
    struct scenario *scenario = object;
    drop_gpus(scenario);
    void *items = NULL;
    enum hvgpu_status status =
        read_list(reader, value, sizeof *scenario->gpus, &items, &scenario->gpu_count, read_gpu);
    scenario->gpus = items;
    for (size_t i = 1; status == HVGPU_OK && i < scenario->gpu_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (text_equal_nocase(scenario->gpus[i].facts.instance_id,
                                  scenario->gpus[k].facts.instance_id)) {
                return read_refuse(reader, value, "gpus: two have the instance id %s",
                                   scenario->gpus[i].facts.instance_id);
            }
        }
    }
    return status;
}

static enum hvgpu_status read_images(struct reader *reader, const struct json *value, void *object)
{
    struct scenario *scenario = object;
    drop_images(scenario);
    void *items = NULL;
    enum hvgpu_status status = read_list(reader, value, sizeof *scenario->images, &items,
                                         &scenario->image_count, read_image);
    scenario->images = items;
    return status;
}

static enum hvgpu_status read_systems(struct reader *reader, const struct json *value, void *object)
{
    struct scenario *scenario = object;
    void *items = scenario->systems;
    enum hvgpu_status status = read_list(reader, value, sizeof *scenario->systems, &items,
                                         &scenario->system_count, read_system);
    scenario->systems = items;
    for (size_t i = 1; status == HVGPU_OK && i < scenario->system_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (text_equal_nocase(scenario->systems[i].id, scenario->systems[k].id)) {
                return read_refuse(reader, value, "systems: two have the id %s",
                                   scenario->systems[i].id);
            }
        }
    }
    return status;
}

static enum hvgpu_status read_files(struct reader *reader, const struct json *value, void *object)
{
    struct scenario *scenario = object;
    void *items = scenario->files;
    enum hvgpu_status status =
        read_list(reader, value, sizeof(char *), &items, &scenario->file_count, read_path);
    scenario->files = items;
    return status;
}

static enum hvgpu_status read_faults(struct reader *reader, const struct json *value, void *object)
{
    struct scenario *scenario = object;
    void *items = scenario->faults;
    enum hvgpu_status status = read_list(reader, value, sizeof *scenario->faults, &items,
                                         &scenario->fault_count, read_fault);
    scenario->faults = items;
    return status;
}

/* ---- the document ---- */

#define TOP_TEXT(key)                                                                              \
    {                                                                                              \
#key, FIELD_TEXT, offsetof(struct scenario, key), 0, NULL                                  \
    }
#define TOP_BOOL(key)                                                                              \
    {                                                                                              \
#key, FIELD_BOOL, offsetof(struct scenario, key), 0, NULL                                  \
    }
#define TOP_U32(key, max)                                                                          \
    {                                                                                              \
#key, FIELD_U32, offsetof(struct scenario, key), max, NULL                                 \
    }
#define TOP_CUSTOM(key)                                                                            \
    {                                                                                              \
#key, FIELD_CUSTOM, 0, 0, read_##key                                                       \
    }
static const struct field top_fields[] = {
    {.key = "base", .kind = FIELD_OTHER},
    TOP_TEXT(name),
    TOP_TEXT(about),
    TOP_CUSTOM(host),
    TOP_BOOL(moves),
    TOP_BOOL(latency),
    TOP_BOOL(gpu_reaches_vm),
    TOP_BOOL(policy_refuses_dda),
    TOP_U32(events_per_second, 100000),
    TOP_U32(event_interval_s, 86400),
    TOP_U32(service_restart_s, 86400),
    TOP_U32(candidate, 3),
    TOP_U32(containers, SCENARIO_MAX_CONTAINERS),
    TOP_CUSTOM(gpus),
    TOP_CUSTOM(images),
    TOP_CUSTOM(systems),
    TOP_CUSTOM(files),
    TOP_CUSTOM(faults),
    {.key = NULL},
};

static const struct built_in_scenario *find_built_in(const char *name)
{
    for (const struct built_in_scenario *s = built_in_scenarios; s->name != NULL; s++) {
        if (strcmp(s->name, name) == 0) {
            return s;
        }
    }
    return NULL;
}

static enum hvgpu_status apply_text(struct scenario *scenario, const char *file, const char *text,
                                    size_t len, unsigned depth, struct hvgpu_error *err);

static enum hvgpu_status apply_base(struct reader *reader, struct scenario *scenario,
                                    const struct json *base, unsigned depth)
{
    const char *name = json_string(base, "");
    const struct built_in_scenario *found = name != NULL ? find_built_in(name) : NULL;
    if (found == NULL || depth >= SCENARIO_MAX_BASES) {
        return read_refuse(reader, base, "base: no built-in scenario \"%.64s\"",
                           name != NULL ? name : "?");
    }
    return apply_text(scenario, found->name, found->json, strlen(found->json), depth + 1,
                      reader->err);
}

static enum hvgpu_status apply_text(struct scenario *scenario, const char *file, const char *text,
                                    size_t len, unsigned depth, struct hvgpu_error *err)
{
    struct reader reader = {.file = file, .err = err};
    struct json *document = NULL;
    enum hvgpu_status status = json_parse(text, len, file, &document, err);
    if (status != HVGPU_OK) {
        if (err != NULL && status != HVGPU_MEMORY) {
            err->status = HVGPU_INVALID;
        }
        return status == HVGPU_MEMORY ? status : HVGPU_INVALID;
    }
    const struct json *base = json_member(document, "base");
    if (base != NULL) {
        status = apply_base(&reader, scenario, base, depth);
    }
    if (status == HVGPU_OK) {
        status = read_object(&reader, document, top_fields, scenario);
    }
    json_free(document);
    return status;
}

/* ---- what is real ---- */

/* The part of a source that says where: "github.com", or "public files". */
static void source_place(const char *source, char *out, size_t size)
{
    const char *start = strstr(source, "://");
    if (start == NULL) {
        snprintf(out, size, "%s",
                 text_starts(source, "a file in") ? "files on github.com" : source);
        return;
    }
    start += 3;
    snprintf(out, size, "%.*s", (int)strcspn(start, "/"), start);
}

static void state_simulation(struct scenario *scenario)
{
    struct text places;
    text_init(&places, 120);
    for (size_t i = 0; i < scenario->gpu_count; i++) {
        const char *source = scenario->gpus[i].source;
        char place[64];
        if (source == NULL) {
            continue;
        }
        source_place(source, place, sizeof place);
        if (strstr(places.data, place) == NULL) {
            text_addf(&places, "%s%s", places.len > 0 ? ", " : "", place);
        }
    }
    struct host_facts *facts = &scenario->facts;
    facts->simulated = true;
    if (places.len > 0) {
        snprintf(facts->simulation, sizeof facts->simulation,
                 "simulated; real are the GPUs' ids, partition counts and quotas (published: %s); "
                 "the rest is made up",
                 places.data);
    } else {
        snprintf(facts->simulation, sizeof facts->simulation, "simulated; everything is made up");
    }
    text_free(&places);
}

/* ---- loading ---- */

static struct scenario *scenario_new(void)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario == NULL) {
        return NULL;
    }
    scenario->moves = true;
    scenario->latency = true;
    scenario->candidate = 1;
    scenario->gpu_reaches_vm = true;
    scenario->level = (struct schema_level){.major = 2, .minor = 1};
    scenario->facts.build = 17763;
    scenario->facts.processors = 8;
    scenario->facts.memory_bytes = (uint64_t)32 << 30;
    scenario->facts.hypervisor = HVGPU_ANSWER_YES;
    scenario->facts.service = HVGPU_ANSWER_YES;
    scenario->facts.elevated = HVGPU_ANSWER_YES;
    snprintf(scenario->facts.computer_name, sizeof scenario->facts.computer_name, "SIMULATED");
    return scenario;
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    drop_gpus(scenario);
    drop_images(scenario);
    for (size_t i = 0; i < scenario->system_count; i++) {
        clear_system(&scenario->systems[i]);
    }
    for (size_t i = 0; i < scenario->file_count; i++) {
        free(scenario->files[i]);
    }
    for (size_t i = 0; i < scenario->fault_count; i++) {
        clear_fault(&scenario->faults[i]);
    }
    free(scenario->systems);
    free(scenario->files);
    free(scenario->faults);
    free(scenario->name);
    free(scenario->about);
    free(scenario);
}

enum hvgpu_status scenario_from_text(const char *file, const char *text, size_t len,
                                     struct scenario **out, struct hvgpu_error *err)
{
    *out = NULL;
    struct scenario *scenario = scenario_new();
    if (scenario == NULL) {
        return error_set(err, HVGPU_MEMORY, "read scenario", file, "out of memory");
    }
    enum hvgpu_status status = apply_text(scenario, file, text, len, 0, err);
    if (status != HVGPU_OK) {
        scenario_free(scenario);
        return status;
    }
    if (scenario->name == NULL) {
        scenario->name = text_copy(file);
    }
    scenario->level.build = scenario->facts.build;
    state_simulation(scenario);
    *out = scenario;
    return HVGPU_OK;
}

static enum hvgpu_status load_file(const char *path, struct scenario **out, struct hvgpu_error *err)
{
    char *text = NULL;
    size_t len = 0;
    enum hvgpu_status status = os_file_read(path, SCENARIO_MAX_BYTES, &text, &len, err);
    if (status != HVGPU_OK) {
        return status;
    }
    status = scenario_from_text(path, text, len, out, err);
    if (status == HVGPU_INVALID) {
        error_hint(err, "the format is described in README.md, Scenario files");
    }
    free(text);
    return status;
}

static enum hvgpu_status refuse_name(const char *name, struct hvgpu_error *err)
{
    struct text names;
    text_init(&names, 300);
    for (const struct built_in_scenario *s = built_in_scenarios; s->name != NULL; s++) {
        text_addf(&names, "%s%s", names.len > 0 ? ", " : "", s->name);
    }
    error_set(err, HVGPU_INVALID, "read scenario", name, "there is no such scenario");
    error_hint(err, "use one of %s, or a file PATH.json", names.data);
    text_free(&names);
    return HVGPU_INVALID;
}

enum hvgpu_status scenario_load(const char *name, struct scenario **out, struct hvgpu_error *err)
{
    *out = NULL;
    if (name == NULL || name[0] == '\0') {
        name = built_in_scenarios[0].name;
    }
    if (text_ends_nocase(name, ".json")) {
        return load_file(name, out, err);
    }
    const struct built_in_scenario *found = find_built_in(name);
    if (found == NULL) {
        return refuse_name(name, err);
    }
    enum hvgpu_status status =
        scenario_from_text(found->name, found->json, strlen(found->json), out, err);
    if (status == HVGPU_OK) {
        (*out)->about = text_copy(found->about);
    }
    return status;
}

const struct scenario_name *scenario_names(void)
{
    return built_in_names;
}
