/* SPDX-License-Identifier: MIT
 *
 * The asker: the thread that asks the host everything, once a second while live and when somebody
 * wants a round. The asynchronous reads of a round are started first, so that the host works on
 * them while the inventory calls, which block, are made; all answers go to the engine's queue.
 *
 * It also closes handles, because a close may wait for callbacks in flight, and registers for
 * change notices. When a call never comes back, this thread alone is stuck; the engine says so.
 */
#include "core/engine/hcs/engine_private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

enum { RECORDS_MAX = 4096, THINGS_MAX = 256, ASK_AGAIN_MS = 10000 };

/* ---- asynchronous reads ---- */

static void on_answer(void *context, int32_t code, const char *document)
{
    struct notice *notice = context;
    struct engine *engine = notice->engine;
    notice->code = code;
    notice->document = text_copy(document);
    if (notice->kind == NOTICE_LIST) {
        notice->time_ms = engine->walls.host.now_ms(engine->walls.host.machine);
        os_mutex_lock(engine->mutex);
        engine->list_asked_ns = 0;
        os_mutex_unlock(engine->mutex);
    }
    engine_push(engine, notice, false);
}

static void mark_outstanding(struct engine *engine, struct notice *notice)
{
    os_mutex_lock(engine->mutex);
    notice->outstanding = true;
    notice->next = engine->outstanding;
    if (notice->next != NULL) {
        notice->next->previous = notice;
    }
    engine->outstanding = notice;
    engine->pending++;
    if (notice->kind == NOTICE_LIST) {
        engine->list_asked_ns = os_now_ns();
    }
    os_mutex_unlock(engine->mutex);
}

static void ask_list(struct engine *engine)
{
    unsigned again_ms = client_time_limit(engine->client, ASK_AGAIN_MS);
    os_mutex_lock(engine->mutex);
    bool on_its_way = engine->list_asked_ns != 0 &&
                      os_now_ns() < engine->list_asked_ns + engine_pause(engine, again_ms);
    os_mutex_unlock(engine->mutex);
    struct notice *notice = on_its_way ? NULL : notice_new(engine, NOTICE_LIST);
    if (notice == NULL) {
        return;
    }
    struct json *query = json_new_object();
    struct hvgpu_error err = {0};
    mark_outstanding(engine, notice);
    if (client_enumerate_async(engine->client, query, on_answer, notice, &err) != HVGPU_OK) {
        on_answer(notice, err.kind == HVGPU_CODE_HRESULT ? err.code : HR_E_FAIL, NULL);
    }
    json_free(query);
}

static const struct json *properties_query(struct engine *engine, unsigned read)
{
    static const struct {
        unsigned bit;
        const char *name;
    } types[] = {{READ_ENDS, "TerminateOnLastHandleClosed"},
                 {READ_STATISTICS, "Statistics"},
                 {READ_PROCESSES, "ProcessList"},
                 {READ_MEMORY, "Memory"}};
    if (engine->queries[read] == NULL) {
        struct json *query = json_new_object();
        struct json *list = json_add_array(query, "PropertyTypes");
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            if ((read & types[i].bit) != 0) {
                json_append(list, json_new_string(types[i].name));
            }
        }
        engine->queries[read] = query;
    }
    return engine->queries[read];
}

/* ---- the details of systems ---- */

void want_list_free(struct engine *engine, struct want *wants)
{
    while (wants != NULL) {
        struct want *next = wants->next;
        if (wants->handle != NULL) {
            engine_drop_later(engine, wants->handle);
        }
        free(wants->id);
        free(wants);
        wants = next;
    }
}

/* Opens where needed and starts the read. The answer, also of a failure, is a notice. Takes want.
 */
static void ask_details(struct engine *engine, struct want *want)
{
    struct notice *notice = notice_new(engine, NOTICE_PROPERTIES);
    struct hvgpu_error err = {0};
    if (notice == NULL) {
        want->next = NULL;
        want_list_free(engine, want);
        return;
    }
    notice->id = want->id;
    notice->handle = want->handle;
    notice->read = want->read;
    free(want);
    mark_outstanding(engine, notice);
    enum hvgpu_status st = HVGPU_OK;
    if (notice->handle == NULL) {
        st = client_open(engine->client, notice->id, &notice->handle, &err);
        if (st == HVGPU_OK) {
            (void)client_listen(notice->handle, engine_on_event, engine, NULL);
        }
    }
    if (st == HVGPU_OK) {
        st = client_properties_async(notice->handle, properties_query(engine, notice->read),
                                     on_answer, notice, &err);
    }
    if (st != HVGPU_OK) {
        on_answer(notice, err.kind == HVGPU_CODE_HRESULT ? err.code : HR_E_FAIL, NULL);
    }
}

/* ---- what blocks ---- */

static enum hvgpu_status service_answer(struct engine *engine, struct connect_answer *answer)
{
    struct hvgpu_error *err = &answer->error;
    enum hvgpu_status st = client_service(engine->client, &answer->level, err);
    answer->level.build = answer->facts.build;
    answer->service = st;
    return st;
}

static bool ask_connect(struct engine *engine)
{
    const struct host_api *host = &engine->walls.host;
    struct notice *notice = notice_new(engine, NOTICE_CONNECTED);
    struct connect_answer *answer = calloc(1, sizeof *answer);
    if (notice == NULL || answer == NULL) {
        notice_free(notice);
        free(answer);
        return false;
    }
    notice->connected = answer;
    answer->facts_code = host->facts(host->machine, &answer->facts);
    bool connected = service_answer(engine, answer) == HVGPU_OK;
    if (HRESULT_IS_FAILURE(
            host->scratch_root(host->machine, answer->scratch_root, sizeof answer->scratch_root))) {
        answer->scratch_root[0] = '\0';
    }
    if (HRESULT_IS_FAILURE(
            host->probe_folder(host->machine, answer->probe_folder, sizeof answer->probe_folder))) {
        answer->probe_folder[0] = '\0';
    }
    if (!engine->watching) {
        engine->watching =
            !HRESULT_IS_FAILURE(host->watch(host->machine, engine_on_change, engine));
    }
    notice->time_ms = host->now_ms(host->machine);
    if (connected) {
        os_mutex_lock(engine->mutex);
        engine->lost_told = false;
        os_mutex_unlock(engine->mutex);
    }
    engine_push(engine, notice, false);
    return connected;
}

static void ask_gpus(struct engine *engine)
{
    const struct host_api *host = &engine->walls.host;
    struct notice *notice = notice_new(engine, NOTICE_GPUS);
    if (notice != NULL) {
        notice->code = host->gpus(host->machine, &notice->gpus, &notice->gpu_count);
        if (HRESULT_IS_FAILURE(notice->code)) {
            notice->gpus = NULL;
            notice->gpu_count = 0;
        }
        engine_push(engine, notice, false);
    }
}

static void ask_images(struct engine *engine)
{
    const struct host_api *host = &engine->walls.host;
    struct notice *notice = notice_new(engine, NOTICE_IMAGES);
    if (notice != NULL) {
        notice->code = host->images(host->machine, &notice->images, &notice->image_count);
        if (HRESULT_IS_FAILURE(notice->code)) {
            notice->images = NULL;
            notice->image_count = 0;
        }
        engine_push(engine, notice, false);
    }
}

/* ---- hvgpu's own records and journals ---- */

struct record_reader {
    struct engine *engine;
    struct own_list *list;
};

static bool read_record(void *context, const char *key)
{
    struct record_reader *reader = context;
    struct own_list *list = reader->list;
    struct ownership record;
    struct hvgpu_error err;
    if (list->count >= RECORDS_MAX) {
        return false;
    }
    enum hvgpu_status st =
        ownership_get(reader->engine->store, key + strlen("system-"), &record, &err);
    if (st == HVGPU_NOT_FOUND) {
        return true; /* removed meanwhile */
    }
    if (st != HVGPU_OK) {
        if (list->trouble == NULL) {
            list->trouble = text_format("hvgpu's record %s cannot be read: %s", key, err.message);
        }
        return true;
    }
    struct own *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (grown == NULL) {
        ownership_clear(&record);
        return false;
    }
    list->items = grown;
    list->items[list->count++].record = record;
    return true;
}

static int compare_own(const void *a, const void *b)
{
    return strcmp(((const struct own *)a)->record.id, ((const struct own *)b)->record.id);
}

struct journal_reader {
    struct engine *engine;
    struct left_list *list;
};

/* One action of a journal: what it is about, and whether that is there. */
static void read_thing(struct engine *engine, const struct json *entry, struct left_thing *thing)
{
    const struct host_api *host = &engine->walls.host;
    const struct json *action = json_member(entry, "action");
    const char *undo = json_string(action, "undo");
    const char *path = json_string(action, "path");
    const char *id = json_string(action, "id");
    id = id == NULL ? json_string(action, "vm") : id;
    thing->words = text_copy(json_string(entry, "words"));
    thing->exists = HVGPU_ANSWER_UNKNOWN;
    bool is_folder = false;
    if (path != NULL) {
        hcs_result code = host->exists(host->machine, path, &is_folder);
        if (!HRESULT_IS_FAILURE(code)) {
            thing->exists = HVGPU_ANSWER_YES;
        } else if (code == HR_ERROR_FILE_NOT_FOUND || code == HR_ERROR_PATH_NOT_FOUND) {
            thing->exists = HVGPU_ANSWER_NO;
        }
    } else if (text_equal(undo, "record") && id != NULL) {
        struct ownership record;
        enum hvgpu_status st = ownership_get(engine->store, id, &record, NULL);
        thing->exists = st == HVGPU_NOT_FOUND ? HVGPU_ANSWER_NO : HVGPU_ANSWER_YES;
        if (st == HVGPU_OK) {
            ownership_clear(&record);
        }
    } else if (id != NULL) {
        thing->system_id = text_copy(id);
        thing->needs_system = true;
    }
}

static bool read_journal(void *context, const char *key, const struct json *journal)
{
    struct journal_reader *reader = context;
    struct left_list *list = reader->list;
    const struct json *actions = json_member(journal, "actions");
    size_t count = json_count(actions) < THINGS_MAX ? json_count(actions) : THINGS_MAX;
    struct left_journal *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (grown == NULL || list->count >= RECORDS_MAX) {
        list->items = grown == NULL ? list->items : grown;
        return false;
    }
    list->items = grown;
    struct left_journal *item = &list->items[list->count++];
    memset(item, 0, sizeof *item);
    item->key = text_copy(key);
    item->title = text_copy(json_string(journal, "title"));
    (void)json_i64(journal, "time_ms", &item->time_ms);
    item->things = count == 0 ? NULL : calloc(count, sizeof *item->things);
    const struct json *entry = json_first(actions);
    while (entry != NULL && item->things != NULL && item->thing_count < count) {
        read_thing(reader->engine, entry, &item->things[item->thing_count++]);
        entry = json_next(entry);
    }
    return true;
}

static void ask_records(struct engine *engine, bool always)
{
    uint64_t generation = store_generation(engine->store);
    if (engine->records_read && !always && generation == engine->store_generation) {
        return;
    }
    struct notice *notice = notice_new(engine, NOTICE_RECORDS);
    if (notice == NULL) {
        return;
    }
    struct hvgpu_error err = {0};
    struct record_reader records = {.engine = engine, .list = &notice->own};
    struct journal_reader journals = {.engine = engine, .list = &notice->left};
    if (store_list(engine->store, "system-", read_record, &records, &err) != HVGPU_OK) {
        free(notice->own.trouble);
        notice->own.trouble = text_format("hvgpu's records cannot be read: %s", err.message);
    }
    if (notice->own.count > 1) {
        qsort(notice->own.items, notice->own.count, sizeof *notice->own.items, compare_own);
    }
    (void)journal_orphans(engine->store, read_journal, &journals, NULL);
    engine->records_read = true;
    engine->store_generation = generation;
    engine_push(engine, notice, false);
}

/* ---- rounds ---- */

/* Says what is asked now, so that the engine sees where the asker is stuck. False: this asker was
 * relieved meanwhile and must ask no more. */
static bool step(struct engine *engine, unsigned number, unsigned what)
{
    os_mutex_lock(engine->mutex);
    bool relieved = engine->asker_number != number;
    if (!relieved) {
        engine->step = what;
        engine->step_ns = os_now_ns();
    }
    os_mutex_unlock(engine->mutex);
    return !relieved;
}

static void do_round(struct engine *engine, unsigned number, unsigned round, struct want *wants)
{
    if ((round & ROUND_CONNECT) != 0 && !ask_connect(engine)) {
        round &= ~(unsigned)ROUND_LIST;
    }
    if ((round & ROUND_LIST) != 0) {
        ask_list(engine);
    }
    while (wants != NULL) {
        struct want *next = wants->next;
        ask_details(engine, wants);
        wants = next;
    }
    if ((round & (ROUND_RECORDS | ROUND_LIST)) != 0) {
        ask_records(engine, (round & ROUND_RECORDS) != 0);
    }
    if ((round & ROUND_GPUS) != 0 && step(engine, number, ROUND_GPUS)) {
        ask_gpus(engine);
    }
    if ((round & ROUND_IMAGES) != 0 && step(engine, number, ROUND_IMAGES)) {
        ask_images(engine);
    }
}

/* What the round that is due now asks for. Sets the next tick. With the mutex held. */
static unsigned begin_round(struct engine *engine, int64_t now)
{
    const int64_t tick = engine_pause(engine, TICK_MS);
    unsigned round = 0;
    if (engine->due_ns <= now) {
        round |= engine->wanted_round;
        engine->wanted_round = 0;
        engine->due_ns = INT64_MAX;
    }
    if (engine->tick_ns <= now) {
        round |= ROUND_LIST | ROUND_GPUS | ROUND_DETAILS;
        engine->ticks++;
        round |= engine->ticks % IMAGES_EVERY == 0 ? ROUND_IMAGES : 0;
        int64_t next = engine->tick_ns + tick;
        engine->tick_ns = !engine->ticking ? INT64_MAX : next > now ? next : now + tick;
    }
    return round & ~engine->blocked;
}

/* The end of a round: when all answers were there before, nobody else would wake the engine. */
static void end_round(struct engine *engine)
{
    engine->asking = false;
    engine->step = 0;
    if (engine->queue != NULL && engine->pending == 0) {
        os_cond_signal(engine->cond);
    }
}

static void close_handles(struct engine *engine) /* with the mutex held; returns with it held */
{
    struct client_system **drops = engine->drops;
    size_t count = engine->drop_count;
    engine->drops = NULL;
    engine->drop_count = engine->drop_capacity = 0;
    os_mutex_unlock(engine->mutex);
    for (size_t i = 0; i < count; i++) {
        client_system_drop(drops[i]);
    }
    free(drops);
    os_mutex_lock(engine->mutex);
}

/* One round, begun with the mutex held; returns with it held. */
static void run_round(struct engine *engine, unsigned number, int64_t now)
{
    unsigned round = begin_round(engine, now);
    struct want *wants = NULL;
    if ((round & ROUND_DETAILS) != 0) {
        wants = engine->wants;
        engine->wants = NULL;
    }
    engine->asking = true;
    engine->pending = 0; /* what an earlier round asked is late: nobody waits for it any more */
    engine->round_ns = now;
    engine->step = ROUND_CONNECT;
    engine->step_ns = now;
    os_mutex_unlock(engine->mutex);
    do_round(engine, number, round, wants);
    os_mutex_lock(engine->mutex);
    if (engine->asker_number == number) {
        end_round(engine);
    } else {
        engine->blocked = 0; /* the call that hung came back */
    }
}

void engine_ask_run(void *context)
{
    struct engine *engine = context;
    const struct host_api *host = &engine->walls.host;
    os_mutex_lock(engine->mutex);
    unsigned number = engine->asker_number;
    while (!engine->stopping && engine->asker_number == number) {
        int64_t now = os_now_ns();
        int64_t due = engine->due_ns < engine->tick_ns ? engine->due_ns : engine->tick_ns;
        if (engine->drop_count > 0) {
            close_handles(engine);
        } else if (due <= now) {
            run_round(engine, number, now);
        } else {
            os_cond_wait(engine->asker_cond, engine->mutex, due);
        }
    }
    bool relieved = engine->asker_number != number;
    os_mutex_unlock(engine->mutex);
    if (engine->watching && !relieved) {
        (void)host->watch(host->machine, NULL, NULL);
    }
}
