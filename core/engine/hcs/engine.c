/* SPDX-License-Identifier: MIT
 *
 * The HCS engine: open and close, the queue, and the loop of the engine's thread. See
 * engine_private.h for the threads and locks.
 */
#include "core/engine/hcs/engine_private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/record.h"

enum { CLOSE_MS = 1000, PROBE_INTERVAL_MAX_S = 24 * 60 * 60 };

/* ---- notices ---- */

struct notice *notice_new(struct engine *engine, enum notice_kind kind)
{
    struct notice *notice = calloc(1, sizeof *notice);
    if (notice != NULL) {
        notice->engine = engine;
        notice->kind = kind;
    }
    return notice;
}

void own_list_clear(struct own_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ownership_clear(&list->items[i].record);
    }
    free(list->items);
    free(list->trouble);
    memset(list, 0, sizeof *list);
}

void left_list_clear(struct left_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct left_journal *journal = &list->items[i];
        for (size_t j = 0; j < journal->thing_count; j++) {
            free(journal->things[j].words);
            free(journal->things[j].system_id);
        }
        free(journal->things);
        free(journal->key);
        free(journal->title);
    }
    free(list->items);
    memset(list, 0, sizeof *list);
}

void notice_free(struct notice *notice)
{
    if (notice == NULL) {
        return;
    }
    const struct host_api *host = &notice->engine->walls.host;
    if (notice->handle != NULL) {
        engine_drop_later(notice->engine, notice->handle);
    }
    if (notice->gpus != NULL) {
        host->free_gpus(host->machine, notice->gpus, notice->gpu_count);
    }
    if (notice->images != NULL) {
        host->free_images(host->machine, notice->images, notice->image_count);
    }
    own_list_clear(&notice->own);
    left_list_clear(&notice->left);
    free(notice->connected);
    free(notice->document);
    free(notice->id);
    free(notice);
}

/* With the mutex held. */
static void unlink_outstanding(struct engine *engine, struct notice *notice)
{
    if (notice->previous != NULL) {
        notice->previous->next = notice->next;
    } else {
        engine->outstanding = notice->next;
    }
    if (notice->next != NULL) {
        notice->next->previous = notice->previous;
    }
    notice->outstanding = false;
    engine->pending -= engine->pending > 0 ? 1 : 0;
}

void engine_push(struct engine *engine, struct notice *notice, bool urgent)
{
    os_mutex_lock(engine->mutex);
    if (notice->outstanding) {
        unlink_outstanding(engine, notice);
    }
    notice->next = notice->previous = NULL;
    if (engine->queue_last != NULL) {
        engine->queue_last->next = notice;
    } else {
        engine->queue = notice;
    }
    engine->queue_last = notice;
    engine->urgent = engine->urgent || urgent;
    bool tell = engine->urgent || (engine->pending == 0 && !engine->asking);
    os_mutex_unlock(engine->mutex);
    if (tell) { /* without the mutex, so that the thread does not wake only to wait for it */
        os_cond_signal(engine->cond);
    }
}

void engine_want_round(struct engine *engine, unsigned round, unsigned delay_ms)
{
    os_mutex_lock(engine->mutex);
    int64_t due = os_now_ns() + engine_pause(engine, delay_ms);
    engine->wanted_round |= round;
    if (due < engine->due_ns) {
        engine->due_ns = due;
        os_cond_signal(engine->asker_cond);
    }
    os_mutex_unlock(engine->mutex);
}

void engine_drop_later(struct engine *engine, struct client_system *handle)
{
    os_mutex_lock(engine->mutex);
    if (engine->drop_count == engine->drop_capacity) {
        size_t capacity = engine->drop_capacity == 0 ? 16 : engine->drop_capacity * 2;
        struct client_system **grown = realloc(engine->drops, capacity * sizeof *grown);
        if (grown == NULL) { /* better a handle too many than a close on the wrong thread */
            os_mutex_unlock(engine->mutex);
            return;
        }
        engine->drops = grown;
        engine->drop_capacity = capacity;
    }
    engine->drops[engine->drop_count++] = handle;
    os_cond_signal(engine->asker_cond);
    os_mutex_unlock(engine->mutex);
}

/* ---- the loop ---- */

/* May the queue be digested now? With the mutex held. */
static bool is_round_complete(const struct engine *engine, int64_t now)
{
    if (engine->queue == NULL) {
        return false;
    }
    return engine->urgent || (engine->pending == 0 && !engine->asking) ||
           now >= engine->round_ns + engine_pause(engine, DIGEST_MS);
}

/* How long the thread may sleep. Because answers that are not the round's last do not wake it, it
 * looks DIGEST_MS after the next round is due, too. With the mutex held. */
static int64_t sleep_until(struct engine *engine, int64_t clock)
{
    const int64_t digest = engine_pause(engine, DIGEST_MS);
    int64_t until = clock;
    int64_t next = engine->due_ns < engine->tick_ns ? engine->due_ns : engine->tick_ns;
    if (next != INT64_MAX && next + digest < until) {
        until = next + digest;
    }
    if ((engine->queue != NULL || engine->pending > 0 || engine->asking) &&
        os_now_ns() < engine->round_ns + digest && engine->round_ns + digest < until) {
        until = engine->round_ns + digest;
    }
    int64_t probe = engine->ticking ? INT64_MAX : checks_next_due(engine);
    return probe < until ? probe : until;
}

static struct notice *take_queue(struct engine *engine)
{
    struct notice *notices = engine->queue;
    engine->queue = engine->queue_last = NULL;
    engine->urgent = false;
    return notices;
}

static void engine_run(void *context)
{
    struct engine *engine = context;
    observe_post_host(engine, true); /* goes out with the first look at the clock */
    os_mutex_lock(engine->mutex);
    while (!engine->stopping) {
        if (engine->poked) {
            engine->poked = false;
            os_mutex_unlock(engine->mutex);
            observe_commands(engine);
            os_mutex_lock(engine->mutex);
            continue;
        }
        if (is_round_complete(engine, os_now_ns())) {
            struct notice *notices = take_queue(engine);
            os_mutex_unlock(engine->mutex);
            observe_digest(engine, notices);
            os_mutex_lock(engine->mutex);
            continue;
        }
        os_mutex_unlock(engine->mutex);
        int64_t clock = observe_clock(engine);
        checks_start_due(engine);
        os_mutex_lock(engine->mutex);
        if (!engine->stopping && !engine->poked && !is_round_complete(engine, os_now_ns())) {
            os_cond_wait(engine->cond, engine->mutex, sleep_until(engine, clock));
        }
    }
    os_mutex_unlock(engine->mutex);
}

/* ---- commands ---- */

static void poke(struct engine *engine) /* with the mutex held */
{
    engine->poked = true;
    os_cond_signal(engine->cond);
}

void hcs_engine_set_paused(struct engine *engine, bool paused)
{
    os_mutex_lock(engine->mutex);
    engine->paused = paused;
    poke(engine);
    os_mutex_unlock(engine->mutex);
}

void hcs_engine_set_probe_interval(struct engine *engine, unsigned seconds)
{
    os_mutex_lock(engine->mutex);
    engine->probe_interval_s = seconds < PROBE_INTERVAL_MAX_S ? seconds : PROBE_INTERVAL_MAX_S;
    int64_t latest = os_now_ns() + engine->probe_interval_s * engine_pause(engine, 1000);
    for (struct check_entry *e = engine->checks; e != NULL; e = e->next) {
        e->due_ns = e->due_ns < latest ? e->due_ns : latest;
    }
    poke(engine);
    os_mutex_unlock(engine->mutex);
}

void hcs_engine_refresh(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    engine->refreshed = true;
    poke(engine);
    os_mutex_unlock(engine->mutex);
}

void engine_touch(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    engine->touched = true;
    poke(engine);
    os_mutex_unlock(engine->mutex);
}

struct store *hcs_engine_store(struct engine *engine)
{
    return engine->store;
}

struct client *engine_client(struct engine *engine)
{
    return engine->client;
}

void engine_event(struct engine *engine, enum hvgpu_severity severity, const char *kind,
                  const char *system_id, const char *words)
{
    struct json *document = json_new_object();
    json_add_string(document, "Message", words);
    char *text = json_print(document);
    json_free(document);
    int64_t now = engine->walls.host.now_ms(engine->walls.host.machine);
    inbox_put_event(engine->inbox, HVGPU_EVENT_HVGPU, severity, 0, kind,
                    system_id == NULL ? "" : system_id, text == NULL ? "" : text, now);
    free(text);
}

/* ---- open and close ---- */

static void engine_free(struct engine *engine)
{
    if (engine->client != NULL) {
        client_free(engine->client);
    }
    for (size_t i = 0; i < READ_KINDS; i++) {
        json_free(engine->queries[i]);
    }
    store_close(engine->store);
    os_cond_free(engine->cond);
    os_cond_free(engine->asker_cond);
    os_cond_free(engine->check_cond);
    os_mutex_free(engine->mutex);
    free(engine->drops);
    free(engine->uri);
    free(engine);
}

static struct engine *engine_new(const struct engine_config *config,
                                 const struct hcs_engine_walls *walls)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return NULL;
    }
    engine->walls = *walls;
    engine->walls.tick_ms = walls->tick_ms == 0 ? TICK_MS : walls->tick_ms;
    engine->inbox = config->inbox;
    engine->uri = text_copy(config->uri);
    engine->client = client_new(&engine->walls.hcs, &engine->walls.host);
    engine->mutex = os_mutex_new();
    engine->cond = os_cond_new();
    engine->asker_cond = os_cond_new();
    engine->check_cond = os_cond_new();
    engine->link = HVGPU_LINK_CONNECTING;
    engine->backoff_ms = BACKOFF_FIRST_MS;
    engine->opened_ns = os_now_ns();
    engine->due_ns = engine->opened_ns;
    engine->tick_ns = INT64_MAX;
    engine->wanted_round = ROUND_CONNECT | ROUND_LIST | ROUND_GPUS | ROUND_IMAGES | ROUND_RECORDS;
    if (config->options != NULL) {
        engine->paused = config->options->paused;
        engine->probe_interval_s = config->options->probe_interval_s;
    }
    if (engine->uri == NULL || engine->client == NULL || engine->mutex == NULL ||
        engine->cond == NULL || engine->asker_cond == NULL || engine->check_cond == NULL) {
        engine_free(engine);
        return NULL;
    }
    engine->store = walls->store;
    return engine;
}

static void stop_threads(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    engine->stopping = true;
    os_cond_broadcast(engine->cond);
    os_cond_broadcast(engine->asker_cond);
    os_cond_broadcast(engine->check_cond);
    os_mutex_unlock(engine->mutex);
    client_stop(engine->client);
}

static unsigned left_ms(int64_t deadline_ns)
{
    int64_t left = (deadline_ns - os_now_ns()) / 1000000;
    return left > 1 ? (unsigned)left : 1;
}

static enum hvgpu_status start_threads(struct engine *engine)
{
    enum hvgpu_status st = os_thread_start(&engine->askers[0], "hcs asker", engine_ask_run, engine);
    if (st != HVGPU_OK) {
        return st;
    }
    st = os_thread_start(&engine->thread, "hcs engine", engine_run, engine);
    if (st != HVGPU_OK) {
        stop_threads(engine);
        os_thread_join(engine->askers[0]);
    }
    return st;
}

/* Gives back everything; no thread runs any more. */
static void engine_end(struct engine *engine)
{
    client_forget_async(engine->client);
    observe_clear(engine);
    checks_free(engine);
    if (engine->walls.close != NULL) {
        engine->walls.close(engine->walls.hcs.machine);
        client_machine_gone(engine->client);
    }
    /* Events that were on their way while the machine closed: nobody reads them any more. */
    struct notice *late = take_queue(engine);
    while (late != NULL) {
        struct notice *next = late->next;
        notice_free(late);
        late = next;
    }
    engine_free(engine);
}

enum hvgpu_status hcs_engine_open(const struct engine_config *config,
                                  const struct hcs_engine_walls *walls, struct engine **out,
                                  struct hvgpu_error *err)
{
    *out = NULL;
    struct engine *engine = engine_new(config, walls);
    if (engine == NULL) {
        if (walls->close != NULL) {
            walls->close(walls->hcs.machine);
        }
        store_close(walls->store);
        return error_set(err, HVGPU_MEMORY, "open host", config->uri, "out of memory");
    }
    enum hvgpu_status st = start_threads(engine);
    if (st != HVGPU_OK) {
        engine_end(engine);
        return error_set(err, st, "open host", config->uri, "no thread could be started");
    }
    *out = engine;
    return HVGPU_OK;
}

bool hcs_engine_close(struct engine *engine)
{
    int64_t deadline = os_now_ns() + (int64_t)CLOSE_MS * 1000000;
    stop_threads(engine);
    bool ended = os_thread_join_within(engine->thread, left_ms(deadline));
    ended = checks_close(engine, deadline) && ended;
    for (unsigned i = 0; i < ASKERS_MAX; i++) {
        ended = os_thread_join_within(engine->askers[i], left_ms(deadline)) && ended;
    }
    if (!ended) {
        return false; /* a call of the host never came back: what it uses must stay */
    }
    engine_end(engine);
    return true;
}
