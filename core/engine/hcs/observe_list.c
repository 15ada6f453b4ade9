/* SPDX-License-Identifier: MIT
 *
 * The list of compute systems. The answer of an enumeration is a JSON array that may have ten
 * thousand elements and mostly says what it said a second ago. So: the hash of the whole answer
 * first; when that differs, the hash of each element's text; and only elements whose text is new
 * are parsed. The elements are found by a small scanner that knows strings and brackets.
 *
 * A list that makes no sense is not taken at all: what was known stays, and the link says why.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/engine/hcs/hresult.h"
#include "core/record.h"

enum { FIRST_BUCKETS = 64, SYSTEMS_MAX = 100000 };

/* ---- the table ---- */

static uint64_t id_hash(const char *id)
{
    return text_hash(id, strlen(id));
}

static struct seen **chain_of(const struct table *table, struct seen **buckets, uint64_t hash)
{
    return &buckets[(hash ^ (hash >> 32)) & (table->buckets - 1)];
}

struct seen *table_find(const struct table *table, const char *id)
{
    if (table->buckets == 0 || id == NULL) {
        return NULL;
    }
    struct seen *seen = *chain_of(table, table->by_id, id_hash(id));
    while (seen != NULL && strcmp(seen->record->id, id) != 0) {
        seen = seen->next_id;
    }
    return seen;
}

static struct seen *find_text(const struct table *table, uint64_t hash)
{
    if (table->buckets == 0) {
        return NULL;
    }
    struct seen *seen = *chain_of(table, table->by_text, hash);
    while (seen != NULL && (seen->text_hash != hash || seen->phantom)) {
        seen = seen->next_text;
    }
    return seen;
}

static void link_id(struct table *table, struct seen *seen)
{
    struct seen **chain = chain_of(table, table->by_id, id_hash(seen->record->id));
    seen->next_id = *chain;
    *chain = seen;
}

static void link_text(struct table *table, struct seen *seen)
{
    struct seen **chain = chain_of(table, table->by_text, seen->text_hash);
    seen->next_text = *chain;
    *chain = seen;
}

static void unlink_text(struct table *table, struct seen *seen)
{
    struct seen **chain = chain_of(table, table->by_text, seen->text_hash);
    while (*chain != seen) {
        chain = &(*chain)->next_text;
    }
    *chain = seen->next_text;
}

static void unlink_id(struct table *table, struct seen *seen)
{
    struct seen **chain = chain_of(table, table->by_id, id_hash(seen->record->id));
    while (*chain != seen) {
        chain = &(*chain)->next_id;
    }
    *chain = seen->next_id;
}

/* Doubles buckets and items when they are full. */
static bool table_grow(struct table *table)
{
    if (table->count < table->capacity) {
        return true;
    }
    size_t capacity = table->capacity == 0 ? FIRST_BUCKETS : table->capacity * 2;
    struct seen **by_text = calloc(capacity, sizeof *by_text);
    struct seen **by_id = calloc(capacity, sizeof *by_id);
    struct seen **items = realloc(table->items, capacity * sizeof *items);
    if (items != NULL) {
        table->items = items;
    }
    if (by_text == NULL || by_id == NULL || items == NULL) {
        free(by_text);
        free(by_id);
        return false;
    }
    free(table->by_text);
    free(table->by_id);
    table->by_text = by_text;
    table->by_id = by_id;
    table->capacity = table->buckets = capacity;
    for (size_t i = 0; i < table->count; i++) {
        link_id(table, table->items[i]);
        link_text(table, table->items[i]);
    }
    return true;
}

struct seen *table_add(struct table *table, const struct hvgpu_system *record)
{
    struct seen *seen = record == NULL ? NULL : calloc(1, sizeof *seen);
    if (seen == NULL || !table_grow(table)) {
        free(seen);
        hvgpu_record_drop(record);
        return NULL;
    }
    seen->record = record;
    seen->index = table->count;
    seen->dirty = true;
    table->items[table->count++] = seen;
    link_id(table, seen);
    link_text(table, seen);
    return seen;
}

void table_set_hash(struct table *table, struct seen *seen, uint64_t hash)
{
    unlink_text(table, seen);
    seen->text_hash = hash;
    link_text(table, seen);
}

void table_remove(struct table *table, struct seen *seen)
{
    unlink_id(table, seen);
    unlink_text(table, seen);
    struct seen *last = table->items[--table->count];
    table->items[seen->index] = last;
    last->index = seen->index;
    hvgpu_record_drop(seen->record);
    hvgpu_record_drop(seen->base);
    free(seen->usage);
    free(seen);
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        hvgpu_record_drop(table->items[i]->record);
        hvgpu_record_drop(table->items[i]->base);
        free(table->items[i]->usage);
        free(table->items[i]);
    }
    free(table->items);
    free(table->by_text);
    free(table->by_id);
    memset(table, 0, sizeof *table);
}

/* ---- the scanner ---- */

struct scanner {
    const char *next, *end;
    const char *start; /* the element found last */
    size_t len;
};

static void skip_space(struct scanner *scanner)
{
    while (scanner->next < scanner->end && strchr(" \t\r\n", *scanner->next) != NULL) {
        scanner->next++;
    }
}

/* Steps over a string; next stands on its opening quote. False: it has no end. */
static bool skip_string(struct scanner *scanner)
{
    for (scanner->next++; scanner->next < scanner->end; scanner->next++) {
        if (*scanner->next == '\\') {
            scanner->next++;
        } else if (*scanner->next == '"') {
            scanner->next++;
            return true;
        }
    }
    return false;
}

/* Finds the end of one object. What is inside is checked when it is parsed. */
static bool scan_object(struct scanner *scanner)
{
    unsigned depth = 0;
    scanner->start = scanner->next;
    while (scanner->next < scanner->end) {
        char c = *scanner->next;
        if (c == '"') {
            if (!skip_string(scanner)) {
                return false;
            }
            continue;
        }
        scanner->next++;
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
            if (depth == 0) {
                scanner->len = (size_t)(scanner->next - scanner->start);
                return true;
            }
        }
    }
    return false;
}

/* Opens the array. False: the text is no array. */
static bool scan_open(struct scanner *scanner, const char *text, size_t len)
{
    scanner->next = text;
    scanner->end = text + len;
    skip_space(scanner);
    if (scanner->next == scanner->end || *scanner->next != '[') {
        return false;
    }
    scanner->next++;
    return true;
}

enum scan { SCAN_ELEMENT, SCAN_END, SCAN_WRONG };

static enum scan scan_next(struct scanner *scanner, bool first)
{
    skip_space(scanner);
    if (scanner->next == scanner->end) {
        return SCAN_WRONG;
    }
    if (*scanner->next == ']') {
        scanner->next++;
        skip_space(scanner);
        return scanner->next == scanner->end ? SCAN_END : SCAN_WRONG;
    }
    if (!first) {
        if (*scanner->next != ',') {
            return SCAN_WRONG;
        }
        scanner->next++;
        skip_space(scanner);
    }
    if (scanner->next == scanner->end || *scanner->next != '{') {
        return SCAN_WRONG;
    }
    return scan_object(scanner) ? SCAN_ELEMENT : SCAN_WRONG;
}

/* ---- taking a list ---- */

static bool ends_in_utility_vm(const char *path)
{
    return path != NULL && text_ends_nocase(path, "UtilityVM");
}

static bool is_null_guid(const char *guid)
{
    return guid == NULL || strspn(guid, "0-{}") == strlen(guid);
}

static bool read_base(const struct json *json, struct system_base *base)
{
    memset(base, 0, sizeof *base);
    base->id = json_string(json, "Id");
    base->name = json_string(json, "Name");
    base->owner = json_string(json, "Owner");
    base->os = json_string(json, "RuntimeOsType");
    base->host_id = json_string(json, "HostingSystemId");
    base->runtime_id = json_string(json, "RuntimeId");
    base->type = json_string(json, "SystemType");
    base->state = json_string(json, "State");
    base->template = json_bool(json, "IsRuntimeTemplate", false);
    if (base->host_id != NULL && is_null_guid(base->host_id)) {
        base->host_id = NULL;
    }
    if (json_bool(json, "Stopped", false) && base->state == NULL) {
        base->state = "Stopped";
    }
    base->has_image = ends_in_utility_vm(json_string(json, "RuntimeImagePath")) ||
                      (!is_null_guid(base->runtime_id) && base->host_id == NULL);
    return base->id != NULL && base->id[0] != '\0' && strlen(base->id) < 1024;
}

/* One element whose text is new. False: it makes no sense. */
static bool take_element(struct engine *engine, const char *text, size_t len, uint64_t hash)
{
    struct json *json = NULL;
    struct system_base base;
    if (json_parse(text, len, "HcsEnumerateComputeSystems", &json, NULL) != HVGPU_OK ||
        !read_base(json, &base)) {
        json_free(json);
        return false;
    }
    struct table *table = &engine->table;
    struct seen *seen = table_find(table, base.id);
    if (seen == NULL) {
        seen = table_add(table, observe_first_record(&base));
    } else {
        observe_base(seen, &base);
    }
    if (seen != NULL) {
        bool was_phantom = seen->phantom;
        seen->phantom = false;
        seen->has_image = base.has_image;
        seen->template = base.template;
        seen->round = engine->list_round;
        seen->asked = seen->asked && !was_phantom;
        table_set_hash(table, seen, hash);
    }
    json_free(json);
    return true;
}

/* Goes through the elements; with `take` false only to see whether the whole makes sense. */
static bool walk(struct engine *engine, const char *text, size_t len, bool take)
{
    struct scanner scanner = {0};
    if (len > JSON_MAX_BYTES || !scan_open(&scanner, text, len)) {
        return false;
    }
    size_t count = 0;
    for (;;) {
        enum scan found = scan_next(&scanner, count == 0);
        if (found != SCAN_ELEMENT) {
            return found == SCAN_END;
        }
        count++;
        if (count > SYSTEMS_MAX) {
            return false;
        }
        if (!take) {
            continue;
        }
        uint64_t hash = text_hash(scanner.start, scanner.len);
        struct seen *seen = find_text(&engine->table, hash);
        if (seen != NULL) {
            seen->round = engine->list_round;
        } else if (!take_element(engine, scanner.start, scanner.len, hash)) {
            return false;
        }
    }
}

/* Which systems host others. */
static void find_hosts(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        table->items[i]->dirty = table->items[i]->dirty || table->items[i]->hosts;
        table->items[i]->hosts = false;
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct seen *seen = table->items[i];
        const struct hvgpu_system *record = seen->base != NULL ? seen->base : seen->record;
        struct seen *host =
            record->host_id == NULL || seen->phantom ? NULL : table_find(table, record->host_id);
        if (host != NULL) {
            host->dirty = true;
            host->hosts = true;
        }
    }
}

static void take_list(struct engine *engine, const struct notice *notice)
{
    const char *text = notice->document == NULL ? "" : notice->document;
    size_t len = strlen(text);
    uint64_t hash = text_hash(text, len);
    if (hash == engine->list_hash && engine->list_known) {
        observe_live(engine, notice->time_ms);
        return;
    }
    engine->list_round++;
    if (!walk(engine, text, len, false) || !walk(engine, text, len, true)) {
        engine->list_hash = 0;
        observe_stale(engine, "the host's list of compute systems makes no sense",
                      "what is shown is older; it is asked again every second");
        if (!engine->connected) {
            engine_want_round(engine, ROUND_LIST, TICK_MS);
        }
        return;
    }
    engine->list_hash = hash;
    engine->list_known = true;
    find_hosts(&engine->table);
    observe_live(engine, notice->time_ms);
}

void observe_list(struct engine *engine, struct notice *notice)
{
    if (!HRESULT_IS_FAILURE(notice->code)) {
        take_list(engine, notice);
        return;
    }
    struct hvgpu_error err;
    error_hresult(&err, notice->code, "HcsEnumerateComputeSystems", "", notice->document);
    observe_lost(engine, &err);
}
