/* SPDX-License-Identifier: MIT
 *
 * Presence checks: when they run. Periodic ones only in containers that hvgpu launched, asked-for
 * ones wherever the plan allowed it; never two at once for one container, at most PROBES_MAX at
 * once for the host. A check that is asked for while one runs waits for that one's answer.
 *
 * A system launched with --rm by another process is not probed periodically: the probe's open
 * handle would prolong it.
 *
 * Threads: a worker thread for each periodic probe while it runs; asked-for ones run on the
 * caller's.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/record.h"

/* With the mutex held. */
static struct check_entry *find_entry(struct engine *engine, const char *id)
{
    for (struct check_entry *e = engine->checks; e != NULL; e = e->next) {
        if (!e->gone && strcmp(e->id, id) == 0) {
            return e;
        }
    }
    return NULL;
}

/* With the mutex held. NULL: out of memory. */
static struct check_entry *enter(struct engine *engine, const char *id)
{
    struct check_entry *entry = find_entry(engine, id);
    if (entry != NULL) {
        return entry;
    }
    entry = calloc(1, sizeof *entry);
    char *copy = text_copy(id);
    if (entry == NULL || copy == NULL) {
        free(entry);
        free(copy);
        return NULL;
    }
    entry->id = copy;
    entry->next = engine->checks;
    engine->checks = entry;
    return entry;
}

static void free_entry(struct check_entry *entry)
{
    hvgpu_record_drop(entry->last);
    free(entry->id);
    free(entry);
}

/* Takes an entry out of the list. With the mutex held. */
static void remove_entry(struct engine *engine, struct check_entry *entry)
{
    struct check_entry **at = &engine->checks;
    while (*at != NULL && *at != entry) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = entry->next;
    }
    free_entry(entry);
}

/* ---- answers ---- */

static enum hvgpu_severity verdict_severity(enum hvgpu_verdict verdict)
{
    switch (verdict) {
    case HVGPU_VERDICT_PASS:
        return HVGPU_SEVERITY_GOOD;
    case HVGPU_VERDICT_FAIL:
        return HVGPU_SEVERITY_ERROR;
    default:
        return HVGPU_SEVERITY_WARNING;
    }
}

static bool is_changed(const struct hvgpu_check *before, const struct hvgpu_check *now)
{
    return before != NULL && (before->verdict != now->verdict || before->in_vm != now->in_vm ||
                              before->in_container != now->in_container);
}

static void post_check(struct engine *engine, const struct hvgpu_check *check)
{
    struct message *message = message_new(MESSAGE_CHECK);
    if (message != NULL) {
        message->record = (void *)(uintptr_t)hvgpu_record_keep(check);
        inbox_put(engine->inbox, message);
    }
}

/* The probe of an entry has ended: check (may be NULL: out of memory) becomes its answer. The
 * caller's reference goes to the entry. */
static void finish(struct engine *engine, struct check_entry *entry,
                   const struct hvgpu_check *check)
{
    os_mutex_lock(engine->mutex);
    const struct hvgpu_check *before = entry->last;
    bool gone = entry->gone, stopping = engine->stopping;
    if (check != NULL) {
        entry->last = check;
    }
    os_mutex_unlock(engine->mutex);
    if (check != NULL && !gone && !stopping) {
        post_check(engine, check);
        if (is_changed(before, check)) {
            engine_event(engine, verdict_severity(check->verdict), "VerdictChanged",
                         check->system_id, check->sentence);
        }
    }
    if (check != NULL) {
        hvgpu_record_drop(before);
    }
    os_mutex_lock(engine->mutex);
    entry->answers++;
    entry->running = false;
    entry->due_ns = os_now_ns() + engine->probe_interval_s * engine_pause(engine, 1000);
    engine->checks_running--;
    if (entry->gone) {
        remove_entry(engine, entry);
    }
    os_cond_broadcast(engine->check_cond);
    if (!engine->ticking) {
        os_cond_signal(engine->cond); /* the next one may start, and no tick would see that */
    }
    os_mutex_unlock(engine->mutex);
}

/* ---- periodic checks ---- */

static void run_worker(void *context)
{
    struct check_worker *worker = context;
    struct engine *engine = worker->engine;
    struct check_entry *entry = worker->entry;
    struct hvgpu_error err;
    finish(engine, entry, check_run(engine, entry->id, NULL, NULL, &err));
    os_mutex_lock(engine->mutex);
    worker->busy = false;
    os_cond_broadcast(engine->check_cond);
    os_mutex_unlock(engine->mutex);
}

static struct check_worker *free_worker(struct engine *engine) /* with the mutex held */
{
    for (int i = 0; i < PROBES_MAX; i++) {
        if (!engine->workers[i].busy) {
            return &engine->workers[i];
        }
    }
    return NULL;
}

static void start_worker(struct engine *engine, struct check_worker *worker,
                         struct check_entry *entry)
{
    os_thread_join(worker->thread); /* it has ended */
    worker->thread = NULL;
    worker->engine = engine;
    worker->entry = entry;
    if (os_thread_start(&worker->thread, "probe", run_worker, worker) != HVGPU_OK) {
        finish(engine, entry, NULL);
        os_mutex_lock(engine->mutex);
        worker->busy = false;
        os_mutex_unlock(engine->mutex);
    }
}

/* May this container be probed by itself now? Engine's thread. */
static bool is_probed(const struct engine *engine, const struct own *own)
{
    const struct seen *seen = table_find(&engine->table, own->record.id);
    return seen != NULL && !seen->phantom && seen->record->state == HVGPU_STATE_RUNNING &&
           (own->record.probe_container != NULL || own->record.probe_vm != NULL);
}

/* Claims an entry and a worker for a probe that is due. With the mutex held. */
static struct check_worker *claim(struct engine *engine, const struct own *own, int64_t now)
{
    struct check_entry *entry = enter(engine, own->record.id);
    if (entry == NULL || entry->running || entry->due_ns > now ||
        (own->record.remove && !entry->launched_here)) {
        return NULL;
    }
    struct check_worker *worker = engine->checks_running < PROBES_MAX ? free_worker(engine) : NULL;
    if (worker != NULL) {
        entry->running = true;
        engine->checks_running++;
        worker->busy = true;
        worker->entry = entry;
    }
    return worker;
}

void checks_start_due(struct engine *engine)
{
    int64_t now = os_now_ns();
    os_mutex_lock(engine->mutex);
    bool allowed = engine->probe_interval_s > 0 && !engine->paused && !engine->stopping;
    os_mutex_unlock(engine->mutex);
    if (!allowed || !engine->connected) {
        return;
    }
    for (size_t i = 0; i < engine->own.count; i++) {
        if (!is_probed(engine, &engine->own.items[i])) {
            continue;
        }
        os_mutex_lock(engine->mutex);
        struct check_worker *worker = claim(engine, &engine->own.items[i], now);
        os_mutex_unlock(engine->mutex);
        if (worker != NULL) {
            start_worker(engine, worker, worker->entry);
        }
    }
}

int64_t checks_next_due(struct engine *engine)
{
    int64_t next = INT64_MAX;
    if (engine->probe_interval_s == 0 || engine->paused) {
        return next;
    }
    for (const struct check_entry *e = engine->checks; e != NULL; e = e->next) {
        int64_t now = os_now_ns();
        if (!e->running && e->due_ns < next && e->due_ns > now) {
            next = e->due_ns;
        }
    }
    return next;
}

/* ---- forgetting ---- */

static void post_gone(struct engine *engine, const char *id)
{
    struct message *message = message_new(MESSAGE_CHECK_GONE);
    char **gone = message == NULL ? NULL : calloc(1, sizeof *gone);
    if (gone == NULL) {
        message_free(message);
        return;
    }
    gone[0] = text_copy(id);
    message->gone = gone;
    message->gone_count = gone[0] == NULL ? 0 : 1;
    inbox_put(engine->inbox, message);
}

void engine_forget_check(struct engine *engine, const char *system_id)
{
    os_mutex_lock(engine->mutex);
    struct check_entry *entry = find_entry(engine, system_id);
    bool known = entry != NULL && entry->last != NULL;
    if (entry != NULL && entry->running) {
        entry->gone = true; /* its probe takes it away */
    } else if (entry != NULL) {
        remove_entry(engine, entry);
    }
    os_mutex_unlock(engine->mutex);
    if (known) {
        post_gone(engine, system_id);
    }
}

void checks_forget_gone(struct engine *engine)
{
    if (!engine->records_answered || !engine->list_known) {
        return;
    }
    for (;;) {
        char *id = NULL;
        os_mutex_lock(engine->mutex);
        for (struct check_entry *e = engine->checks; e != NULL && id == NULL; e = e->next) {
            const struct seen *seen = table_find(&engine->table, e->id);
            if (!e->gone && !e->running && e->answers > 0 && seen == NULL) {
                id = text_copy(e->id);
            }
        }
        os_mutex_unlock(engine->mutex);
        if (id == NULL) {
            return;
        }
        engine_forget_check(engine, id);
        free(id);
    }
}

/* ---- asked for ---- */

/* Waits until the entry is ours to run, or until another probe of it brought the answer. With the
 * mutex held. *answer: the other's (one reference), NULL: run it. */
static enum hvgpu_status claim_or_wait(struct engine *engine, const char *id, bool fresh,
                                       struct check_entry **out, const struct hvgpu_check **answer,
                                       struct hvgpu_error *err)
{
    *answer = NULL;
    for (;;) {
        if (engine->stopping) {
            return error_set(err, HVGPU_CANCELLED, "check", id, "the host is being closed");
        }
        struct check_entry *entry = enter(engine, id);
        if (entry == NULL) {
            return error_set(err, HVGPU_MEMORY, "check", id, "out of memory");
        }
        if (!entry->running && engine->checks_running < PROBES_MAX) {
            entry->running = true;
            engine->checks_running++;
            *out = entry;
            return HVGPU_OK;
        }
        bool waited = entry->running && !fresh;
        uint64_t answers = entry->answers;
        os_cond_wait(engine->check_cond, engine->mutex, INT64_MAX);
        entry = find_entry(engine, id);
        if (waited && entry != NULL && entry->answers != answers && entry->last != NULL) {
            *answer = hvgpu_record_keep(entry->last);
            return HVGPU_OK;
        }
    }
}

enum hvgpu_status engine_check_now(struct engine *engine, const char *system_id,
                                   struct client_system *vm, struct client_system *container,
                                   const struct hvgpu_check **check, struct hvgpu_error *err)
{
    struct check_entry *entry = NULL;
    const struct hvgpu_check *answer = NULL;
    bool held = vm != NULL || container != NULL;
    struct ownership own = {0};
    if (ownership_find(engine->store, system_id, &own, NULL) == HVGPU_OK) {
        system_id = own.id; /* of a VM, its container is meant */
    }
    os_mutex_lock(engine->mutex);
    enum hvgpu_status st = claim_or_wait(engine, system_id, held, &entry, &answer, err);
    if (st == HVGPU_OK && answer == NULL) {
        entry->launched_here = entry->launched_here || held;
    }
    os_mutex_unlock(engine->mutex);
    if (st == HVGPU_OK && answer == NULL) {
        answer = check_run(engine, system_id, vm, container, err);
        finish(engine, entry, hvgpu_record_keep(answer));
        st = answer == NULL ? HVGPU_MEMORY : HVGPU_OK;
    }
    ownership_clear(&own);
    if (check != NULL) {
        *check = answer;
    } else {
        hvgpu_record_drop(answer);
    }
    return st;
}

/* ---- the end ---- */

bool checks_close(struct engine *engine, int64_t deadline_ns)
{
    bool ended = true;
    for (int i = 0; i < PROBES_MAX; i++) {
        struct check_worker *worker = &engine->workers[i];
        if (worker->thread == NULL) {
            continue;
        }
        int64_t left = (deadline_ns - os_now_ns()) / 1000000;
        ended = os_thread_join_within(worker->thread, left > 1 ? (unsigned)left : 1) && ended;
        worker->thread = NULL;
    }
    return ended;
}

void checks_free(struct engine *engine)
{
    while (engine->checks != NULL) {
        struct check_entry *next = engine->checks->next;
        free_entry(engine->checks);
        engine->checks = next;
    }
}
