/* SPDX-License-Identifier: MIT
 *
 * Observing a host: the digest of one round's answers, the state of the link with its reason and
 * remedy, loss and return of the service, and the moment when the first inventory is complete.
 * Everything here runs on the engine's thread and never calls the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/engine/hcs/hresult.h"
#include "core/record.h"

enum { STILL_ROUNDS = 4, STILL_PAUSE_MS = 250 };

/* ---- posting ---- */

void observe_post(struct engine *engine, struct message *message)
{
    if (message == NULL) {
        return;
    }
    message->next = NULL;
    if (engine->posts_last != NULL) {
        engine->posts_last->next = message;
    } else {
        engine->posts = message;
    }
    engine->posts_last = message;
}

static void send_posts(struct engine *engine)
{
    struct message *posts = engine->posts;
    engine->posts = engine->posts_last = NULL;
    inbox_put_all(engine->inbox, posts);
}

/* ---- the host's record ---- */

static bool is_paused(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    bool paused = engine->paused;
    os_mutex_unlock(engine->mutex);
    return paused;
}

static const char *host_notice(struct engine *engine, struct hvgpu_host *host)
{
    if (engine->facts_known && engine->facts.hypervisor == HVGPU_ANSWER_NO) {
        return record_textf(host, "the hypervisor is not running, so no VM can start: %s",
                            hresult_hint(HR_HCS_E_HYPERV_NOT_INSTALLED));
    }
    if (engine->facts_known && engine->facts.elevated == HVGPU_ANSWER_NO) {
        return record_textf(host, "not elevated: %s", hresult_hint(HR_HCS_E_ACCESS_DENIED));
    }
    if (engine->gpu_trouble[0] != '\0') {
        return record_text(host, engine->gpu_trouble);
    }
    if (engine->image_trouble[0] != '\0') {
        return record_text(host, engine->image_trouble);
    }
    if (engine->own.trouble != NULL) {
        return record_text(host, engine->own.trouble);
    }
    return record_text(host, observe_image_advice(engine));
}

static struct hvgpu_host *build_host(struct engine *engine)
{
    struct hvgpu_host *host = record_new(sizeof *host);
    if (host == NULL) {
        return NULL;
    }
    const struct host_facts *facts = &engine->facts;
    host->uri = record_text(host, engine->uri);
    host->link = engine->link;
    if (engine->link != HVGPU_LINK_LIVE) {
        host->link_reason =
            engine->link_reason[0] == '\0' ? NULL : record_text(host, engine->link_reason);
        host->link_hint =
            engine->link_hint[0] == '\0' ? NULL : record_text(host, engine->link_hint);
    }
    host->paused = is_paused(engine);
    host->time_ms = engine->host_time_ms;
    host->simulated = engine->facts_known ? facts->simulated : text_starts(engine->uri, "demo:");
    if (!engine->facts_known) {
        host->name = record_text(host, engine->uri);
        return host;
    }
    host->name = record_text(host, facts->computer_name);
    host->edition = facts->edition[0] == '\0' ? NULL : record_text(host, facts->edition);
    host->simulation = facts->simulated ? record_text(host, facts->simulation) : NULL;
    host->build = (struct hvgpu_number){facts->build, facts->build != 0};
    host->schema_major = (struct hvgpu_number){engine->level.major, engine->level.major != 0};
    host->schema_minor = (struct hvgpu_number){engine->level.minor, engine->level.major != 0};
    host->hypervisor = facts->hypervisor;
    host->service = facts->service;
    host->server_edition = facts->server_edition;
    host->notice = host_notice(engine, host);
    return host;
}

/* The same but for the clock. */
static bool same_host(const struct hvgpu_host *a, const struct hvgpu_host *b)
{
    return a != NULL && a->link == b->link && a->paused == b->paused &&
           a->simulated == b->simulated && a->hypervisor == b->hypervisor &&
           a->service == b->service && a->server_edition == b->server_edition &&
           number_equal(a->build, b->build) && number_equal(a->schema_major, b->schema_major) &&
           number_equal(a->schema_minor, b->schema_minor) && text_equal(a->name, b->name) &&
           text_equal(a->edition, b->edition) && text_equal(a->simulation, b->simulation) &&
           text_equal(a->notice, b->notice) && text_equal(a->link_reason, b->link_reason) &&
           text_equal(a->link_hint, b->link_hint);
}

void observe_post_host(struct engine *engine, bool always)
{
    struct hvgpu_host *host = build_host(engine);
    if (host == NULL || (!always && same_host(engine->host, host))) {
        hvgpu_record_drop(host);
        return;
    }
    os_mutex_lock(engine->mutex);
    const struct hvgpu_host *old = engine->host;
    engine->host = hvgpu_record_keep(host);
    os_mutex_unlock(engine->mutex);
    hvgpu_record_drop(old);
    struct message *message = message_new(MESSAGE_HOST);
    if (message == NULL) {
        hvgpu_record_drop(host);
        return;
    }
    message->record = host;
    observe_post(engine, message);
}

/* ---- the link ---- */

static void set_link(struct engine *engine, enum hvgpu_link link, const char *reason,
                     const char *hint)
{
    engine->link = link;
    text_clean(engine->link_reason, sizeof engine->link_reason, reason);
    text_clean(engine->link_hint, sizeof engine->link_hint, hint);
}

/* The tick runs while the service answers, nobody paused it, and the machine can change by itself.
 */
static void update_ticking(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    bool tick = engine->connected && !engine->paused && !engine->facts.still;
    if (tick && engine->tick_ns == INT64_MAX) {
        engine->tick_ns = os_now_ns() + engine_pause(engine, TICK_MS);
        os_cond_signal(engine->asker_cond);
    } else if (!tick) {
        engine->tick_ns = INT64_MAX;
    }
    engine->ticking = tick;
    os_mutex_unlock(engine->mutex);
}

void observe_live(struct engine *engine, int64_t time_ms)
{
    engine->host_time_ms = time_ms;
    set_link(engine, HVGPU_LINK_LIVE, NULL, NULL);
    engine->connected = true;
    engine->backoff_ms = BACKOFF_FIRST_MS;
    if (engine->was_lost) {
        engine->was_lost = false;
        engine_event(engine, HVGPU_SEVERITY_GOOD, "ServiceFound", NULL,
                     "the compute service answers again; everything was listed anew");
    }
    update_ticking(engine);
}

void observe_stale(struct engine *engine, const char *reason, const char *hint)
{
    set_link(engine, engine->connected ? HVGPU_LINK_STALE : HVGPU_LINK_LOST, reason, hint);
}

static void try_again(struct engine *engine)
{
    engine_want_round(engine,
                      ROUND_CONNECT | ROUND_LIST | ROUND_GPUS | ROUND_RECORDS | ROUND_DETAILS,
                      engine->backoff_ms);
    engine->backoff_ms =
        engine->backoff_ms * 2 < BACKOFF_LAST_MS ? engine->backoff_ms * 2 : BACKOFF_LAST_MS;
}

void observe_lost(struct engine *engine, const struct hvgpu_error *why)
{
    set_link(engine, HVGPU_LINK_LOST, why->message, why->hint);
    if (engine->connected) {
        engine->was_lost = true;
        engine_event(engine, HVGPU_SEVERITY_ERROR, "ServiceLost", NULL, why->message);
    }
    engine->connected = false;
    engine->list_hash = 0;
    for (size_t i = 0; i < engine->table.count; i++) {
        struct seen *seen = engine->table.items[i];
        observe_drop_handle(engine, seen);
        seen->asked = false;
    }
    os_mutex_lock(engine->mutex);
    struct want *wants = engine->wants;
    engine->wants = NULL;
    engine->list_asked_ns = 0; /* whatever was asked will not be answered */
    engine->pending = 0;
    os_mutex_unlock(engine->mutex);
    engine->opening = 0;
    want_list_free(engine, wants);
    update_ticking(engine);
    try_again(engine);
}

/* ---- the clock ---- */

static void no_answer(struct engine *engine)
{
    char clock[32], reason[96];
    if (engine->link == HVGPU_LINK_LIVE) {
        text_clock(clock, sizeof clock, engine->host_time_ms);
        snprintf(reason, sizeof reason, "no answer since %s", clock);
        set_link(engine, HVGPU_LINK_STALE, reason,
                 "the compute service is busy or hangs; what is shown is of that time");
        observe_post_host(engine, false);
    } else if (engine->link == HVGPU_LINK_CONNECTING && engine->link_reason[0] == '\0') {
        set_link(engine, HVGPU_LINK_CONNECTING, "the host has not answered yet",
                 "is the service vmcompute running, and not hanging?");
        observe_post_host(engine, false);
    }
}

static void post_loaded(struct engine *engine)
{
    if (!engine->loaded) {
        engine->loaded = true;
        observe_post(engine, message_new(MESSAGE_LOADED));
    }
}

/* The first inventory is complete when every list was answered; its details follow in one more
 * round, so that a command that reads once sees them. */
static void check_loaded(struct engine *engine)
{
    if (engine->loaded) {
        return;
    }
    bool listed =
        engine->list_known || engine->link == HVGPU_LINK_LOST || engine->link == HVGPU_LINK_STALE;
    if (!listed || !engine->gpus_answered || !engine->images_answered ||
        !engine->records_answered) {
        return;
    }
    os_mutex_lock(engine->mutex);
    bool details = engine->wants != NULL;
    os_mutex_unlock(engine->mutex);
    if (engine->listed || !details) {
        post_loaded(engine);
        return;
    }
    engine->listed = true;
    engine_want_round(engine, ROUND_DETAILS, 0);
}

/* The asker is stuck in an inventory call: a new one takes its place and leaves this call out. */
static void relieve(struct engine *engine, unsigned what)
{
    char clock[32], trouble[160];
    os_mutex_lock(engine->mutex);
    bool possible = engine->asking && engine->step == what && !engine->stopping &&
                    engine->asker_number + 1 < ASKERS_MAX;
    unsigned number = engine->asker_number + (possible ? 1 : 0);
    if (possible) {
        engine->asker_number = number;
        engine->blocked |= what;
        engine->asking = false;
        engine->step = 0;
    }
    os_mutex_unlock(engine->mutex);
    if (!possible ||
        os_thread_start(&engine->askers[number], "hcs asker", engine_ask_run, engine) != HVGPU_OK) {
        return;
    }
    bool gpus = what == ROUND_GPUS;
    text_clock(clock, sizeof clock, engine->host_time_ms);
    snprintf(trouble, sizeof trouble, "the %s are of %s: the call that lists them does not return",
             gpus ? "GPUs" : "images", clock);
    if (gpus) {
        text_clean(engine->gpu_trouble, sizeof engine->gpu_trouble, trouble);
        engine->gpus_answered = true;
    } else {
        text_clean(engine->image_trouble, sizeof engine->image_trouble, trouble);
        engine->images_answered = true;
    }
    observe_post_host(engine, false);
    check_loaded(engine);
}

int64_t observe_clock(struct engine *engine)
{
    const int64_t stale = engine_pause(engine, STALE_MS);
    int64_t now = os_now_ns(), next = INT64_MAX;
    os_mutex_lock(engine->mutex);
    int64_t asked = engine->list_asked_ns;
    unsigned step = engine->asking ? engine->step : 0;
    int64_t step_ns = engine->step_ns;
    os_mutex_unlock(engine->mutex);
    if (step == ROUND_GPUS || step == ROUND_IMAGES) {
        if (step_ns + stale <= now) {
            relieve(engine, step);
        } else {
            next = step_ns + stale;
        }
    } else if (step != 0 && (asked == 0 || step_ns < asked)) {
        asked = step_ns; /* the asker itself is stuck with the service */
    }
    if (asked != 0 && asked + stale <= now) {
        no_answer(engine);
    } else if (asked != 0 && asked + stale < next) {
        next = asked + stale;
    }
    int64_t loaded = engine->opened_ns + engine_pause(engine, LOADED_MS);
    if (!engine->loaded && loaded <= now) {
        post_loaded(engine);
    } else if (!engine->loaded && loaded < next) {
        next = loaded;
    }
    send_posts(engine);
    return next;
}

/* ---- commands ---- */

/* How long to wait so that rounds that are asked for begin at most every spacing_ms. */
static unsigned spaced(struct engine *engine, unsigned spacing_ms)
{
    os_mutex_lock(engine->mutex);
    int64_t since = (os_now_ns() - engine->round_ns) / engine_pause(engine, 1);
    os_mutex_unlock(engine->mutex);
    return since >= spacing_ms ? 0 : spacing_ms - (unsigned)since;
}

void observe_commands(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    bool refreshed = engine->refreshed, touched = engine->touched;
    engine->refreshed = engine->touched = false;
    os_mutex_unlock(engine->mutex);
    bool was_ticking = engine->ticking; /* written by this thread only */
    update_ticking(engine);
    unsigned round = ROUND_LIST | ROUND_GPUS | ROUND_DETAILS;
    if (refreshed) {
        engine->list_hash = 0;
        round |= ROUND_IMAGES | ROUND_RECORDS | (engine->connected ? 0 : ROUND_CONNECT);
    }
    if (touched) {
        round |= ROUND_RECORDS;
        engine->followups = STILL_ROUNDS;
    }
    if (refreshed || (touched && engine->connected) || (engine->ticking && !was_ticking)) {
        engine_want_round(engine, round, spaced(engine, ASKED_ROUND_MS));
    }
    observe_post_host(engine, false);
    send_posts(engine);
}

/* ---- the digest ---- */

static void digest_connected(struct engine *engine, struct notice *notice)
{
    const struct connect_answer *answer = notice->connected;
    struct hvgpu_error err = answer->error;
    engine->host_time_ms = notice->time_ms;
    if (HRESULT_IS_FAILURE(answer->facts_code)) {
        error_hresult(&err, answer->facts_code, "read host facts", "", NULL);
        observe_lost(engine, &err);
        return;
    }
    os_mutex_lock(engine->mutex);
    engine->facts = answer->facts;
    engine->facts_known = true;
    if (answer->service == HVGPU_OK) {
        engine->level = answer->level;
    }
    memcpy(engine->scratch_root, answer->scratch_root, sizeof engine->scratch_root);
    memcpy(engine->probe_folder, answer->probe_folder, sizeof engine->probe_folder);
    os_mutex_unlock(engine->mutex);
    if (answer->service != HVGPU_OK) {
        observe_lost(engine, &err);
    }
}

static void digest_exited(struct engine *engine)
{
    if (!is_paused(engine) && engine->connected) {
        engine_want_round(engine, ROUND_LIST, spaced(engine, EXIT_ROUND_MS));
        engine->followups = engine->followups > 0 ? engine->followups : 1;
    }
}

static void digest_gpus(struct engine *engine, struct notice *notice)
{
    engine->gpus_answered = true;
    if (HRESULT_IS_FAILURE(notice->code)) {
        snprintf(engine->gpu_trouble, sizeof engine->gpu_trouble, "the GPUs cannot be listed: %s",
                 hresult_words(notice->code));
        return;
    }
    engine->gpu_trouble[0] = '\0';
    const struct host_api *host = &engine->walls.host;
    if (engine->host_gpus != NULL) {
        host->free_gpus(host->machine, engine->host_gpus, engine->host_gpu_count);
    }
    engine->host_gpus = notice->gpus;
    engine->host_gpu_count = notice->gpu_count;
    notice->gpus = NULL;
}

static void digest_one(struct engine *engine, struct notice *notice)
{
    struct hvgpu_error err;
    switch (notice->kind) {
    case NOTICE_CONNECTED:
        digest_connected(engine, notice);
        break;
    case NOTICE_LIST:
        observe_list(engine, notice);
        break;
    case NOTICE_PROPERTIES:
        observe_properties(engine, notice);
        break;
    case NOTICE_GPUS:
        digest_gpus(engine, notice);
        break;
    case NOTICE_IMAGES:
        observe_images(engine, notice);
        break;
    case NOTICE_RECORDS:
        observe_records(engine, notice);
        break;
    case NOTICE_EXITED:
        digest_exited(engine);
        break;
    case NOTICE_DISCONNECTED:
        if (engine->connected) {
            error_hresult(&err, HR_HCS_E_SERVICE_DISCONNECT, "vmcompute", "", NULL);
            observe_lost(engine, &err);
        }
        break;
    case NOTICE_GPUS_CHANGED:
        engine_want_round(engine, ROUND_GPUS, 0);
        break;
    }
}

/* Without a tick, what a job changed is looked at a few times more, until it has settled. */
static void follow_up(struct engine *engine)
{
    if (!engine->ticking && engine->connected && engine->followups > 0) {
        engine->followups--;
        engine_want_round(engine, ROUND_LIST | ROUND_GPUS | ROUND_DETAILS, STILL_PAUSE_MS);
    }
}

void observe_digest(struct engine *engine, struct notice *notices)
{
    bool list = false;
    while (notices != NULL) {
        struct notice *next = notices->next;
        list = list || notices->kind == NOTICE_LIST;
        digest_one(engine, notices);
        notice_free(notices);
        notices = next;
    }
    char **gone = NULL;
    size_t gone_count = 0;
    observe_phantoms(engine, &gone, &gone_count);
    observe_gpus(engine);
    observe_systems(engine, gone, gone_count);
    observe_leftovers(engine);
    bool changed = engine->changed;
    if (changed) {
        engine->changed = false;
        inventory_publish(engine);
    }
    observe_post_host(engine, changed);
    checks_forget_gone(engine);
    observe_wants(engine);
    check_loaded(engine);
    send_posts(engine);
    if (list) {
        follow_up(engine);
    }
}

/* ---- the end ---- */

static void drop_records(const void **records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hvgpu_record_drop(records[i]);
    }
    free(records);
}

static void free_notices(struct notice *notice)
{
    while (notice != NULL) {
        struct notice *next = notice->next;
        notice_free(notice);
        notice = next;
    }
}

void observe_clear(struct engine *engine)
{
    const struct host_api *host = &engine->walls.host;
    while (engine->posts != NULL) {
        struct message *next = engine->posts->next;
        message_free(engine->posts);
        engine->posts = next;
    }
    free_notices(engine->queue);
    free_notices(engine->outstanding);
    engine->queue = engine->queue_last = engine->outstanding = NULL;
    want_list_free(engine, engine->wants);
    engine->wants = NULL;
    for (size_t i = 0; i < engine->table.count; i++) {
        observe_drop_handle(engine, engine->table.items[i]);
    }
    for (size_t i = 0; i < engine->drop_count; i++) {
        client_system_drop(engine->drops[i]);
    }
    engine->drop_count = 0;
    table_clear(&engine->table);
    drop_records((const void **)engine->gpus, engine->gpu_count);
    drop_records((const void **)engine->images, engine->image_count);
    if (engine->host_gpus != NULL) {
        host->free_gpus(host->machine, engine->host_gpus, engine->host_gpu_count);
    }
    own_list_clear(&engine->own);
    left_list_clear(&engine->left);
    if (engine->inventory != NULL) {
        inventory_drop(engine, engine->inventory);
    }
    hvgpu_record_drop(engine->host);
    engine->inventory = NULL;
    engine->host = NULL;
}
