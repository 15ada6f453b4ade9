/* SPDX-License-Identifier: MIT
 *
 * Journals: what a job has announced and nobody has taken back yet, on disk before it is done. A
 * running job holds the lock of its journal, so that locked means live; a journal without a lock
 * belongs to a dead job and is offered for undo.
 *
 * A journal is a file that anybody may have edited: it is checked when read, and one that cannot be
 * read is listed as such and never removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/job_private.h"

enum { JOURNAL_VERSION = 1, LOCK_TRIES = 3, LOCK_PAUSE_MS = 2, ACTIONS_MAX = 4096 };

/* ---- the journal of a running job ---- */

static struct json *to_json(const struct job *job)
{
    struct json *journal = json_new_object();
    json_add_u64(journal, "version", JOURNAL_VERSION);
    json_add_string(journal, "verb", job->plan.verb);
    json_add_string(journal, "title", job->plan.title);
    json_add_string(journal, "target", job->plan.target);
    json_add_i64(journal, "time_ms", job->started_ms);
    json_add_u64(journal, "process", os_process_id());
    struct json *actions = json_add_array(journal, "actions");
    for (size_t i = 0; i < job->action_count; i++) {
        struct json *entry = json_append(actions, json_new_object());
        json_add(entry, "action", json_copy(job->actions[i].action));
        json_add_string(entry, "words", job->actions[i].words);
        json_add_string(entry, "state", job->actions[i].unknown ? "unknown" : "announced");
    }
    return journal;
}

static enum hvgpu_status write_journal(struct job *job, struct hvgpu_error *err)
{
    struct json *journal = to_json(job);
    enum hvgpu_status st = journal != NULL ? store_put(job->store, job->journal_key, journal, err)
                                           : error_set(err, HVGPU_MEMORY, "write journal",
                                                       job->journal_key, "out of memory");
    json_free(journal);
    return st;
}

/* No journal, no change: whatever the reason, the caller learns HVGPU_IO and what it means. */
static enum hvgpu_status no_journal(const struct job *job, struct hvgpu_error *err,
                                    const char *reason)
{
    enum hvgpu_status st = error_set(err, HVGPU_IO, "write journal", job->plan.title,
                                     "no journal, no change: %s", reason);
    error_hint(err, "make the state folder writable and give it free space");
    return st;
}

enum hvgpu_status journal_begin(struct job *job, struct hvgpu_error *err)
{
    if (job->dry || job->journal_key[0] != '\0') {
        return HVGPU_OK;
    }
    if (job->store == NULL) {
        return no_journal(job, err, "this host has no place for journals");
    }
    char guid[GUID_TEXT];
    guid_new(guid);
    snprintf(job->journal_key, sizeof job->journal_key, "job-%s", guid);
    struct hvgpu_error cause = {0};
    enum hvgpu_status st =
        store_lock(job->store, job->journal_key, false, &job->journal_lock, &cause);
    if (st == HVGPU_OK) {
        st = write_journal(job, &cause);
    }
    if (st != HVGPU_OK) {
        store_unlock(job->journal_lock);
        job->journal_lock = NULL;
        job->journal_key[0] = '\0';
        return no_journal(job, err, cause.message);
    }
    return HVGPU_OK;
}

static void action_clear(struct announced *announced)
{
    json_free(announced->action);
    free(announced->words);
}

void journal_forget_actions(struct job *job, size_t mark)
{
    while (job->action_count > mark) {
        job->action_count--;
        action_clear(&job->actions[job->action_count]);
    }
}

static void remove_action(struct job *job, size_t index)
{
    action_clear(&job->actions[index]);
    job->action_count--;
    memmove(&job->actions[index], &job->actions[index + 1],
            (job->action_count - index) * sizeof *job->actions);
}

enum hvgpu_status job_will(struct job *job, struct json *action, const char *words,
                           struct hvgpu_error *err)
{
    if (job->dry) {
        json_free(action);
        return HVGPU_OK;
    }
    if (!job->plan.changes) {
        json_free(action);
        return error_set(err, HVGPU_INVALID, "announce change", job->plan.title,
                         "a job that changes nothing announced: %s", words);
    }
    enum hvgpu_status st = journal_begin(job, err);
    if (st != HVGPU_OK) {
        json_free(action);
        return st;
    }
    struct announced *actions =
        realloc(job->actions, (job->action_count + 1) * sizeof *job->actions);
    if (actions != NULL) {
        job->actions = actions;
    }
    char *copy = text_copy(words);
    if (actions == NULL || copy == NULL || action == NULL || job->action_count >= ACTIONS_MAX) {
        free(copy);
        json_free(action);
        return error_set(err, HVGPU_MEMORY, "write journal", words, "out of memory");
    }
    job->actions[job->action_count] = (struct announced){.action = action, .words = copy};
    job->action_count++;
    struct hvgpu_error cause = {0};
    if (write_journal(job, &cause) != HVGPU_OK) {
        journal_forget_actions(job, job->action_count - 1);
        return no_journal(job, err, cause.message);
    }
    return HVGPU_OK;
}

void journal_release_actions(struct job *job)
{
    size_t kept = 0;
    for (size_t i = 0; i < job->action_count; i++) {
        struct announced *announced = &job->actions[i];
        if (announced->stuck || announced->unknown) {
            job->actions[kept] = *announced;
            kept++;
        } else {
            action_clear(announced);
        }
    }
    job->action_count = kept;
}

void job_commit(struct job *job)
{
    journal_release_actions(job);
    if (job->journal_key[0] != '\0') {
        /* When this write fails, a kill before the job's end leaves a journal whose undo would take
         * back what was committed: then it is better to have none. */
        if (write_journal(job, NULL) != HVGPU_OK) {
            store_remove(job->store, job->journal_key, NULL);
        }
    }
}

void journal_mark_unknown(struct job *job, size_t mark)
{
    if (job->action_count > mark) {
        job->actions[job->action_count - 1].unknown = true;
        write_journal(job, NULL); /* the older content lists it too */
    }
}

static void list_left_behind(struct job *job)
{
    struct text text;
    text_init(&text, 16384);
    for (size_t i = 0; i < job->action_count; i++) {
        text_addf(&text, "%s%s%s", i > 0 ? "; " : "", job->actions[i].words,
                  job->actions[i].unknown ? " (not known: its step never answered)" : "");
    }
    if (text.failed) {
        text_clear(&text);
        text_addf(&text, "%zu things, see the journal %s", job->action_count, job->journal_key);
    }
    os_mutex_lock(job->mutex);
    free(job->left_behind);
    job->left_behind = text_take(&text);
    os_mutex_unlock(job->mutex);
    text_free(&text);
}

void journal_end(struct job *job)
{
    if (job->journal_lock == NULL) {
        return;
    }
    if (job->action_count > 0) {
        list_left_behind(job);
        write_journal(job, NULL); /* on failure the older one stays, which lists at least as much */
    } else {
        store_remove(job->store, job->journal_key, NULL);
    }
    store_unlock(job->journal_lock);
    job->journal_lock = NULL;
}

/* ---- undo ---- */

/* Undoes one action as a step of its own. Harmless when the thing is not there (any more). */
static enum hvgpu_status undo_one(struct job *job, const struct json *action, const char *words,
                                  struct hvgpu_error *err)
{
    char *title = text_format("undo: %s", words);
    size_t step = step_add(job, title != NULL ? title : "undo");
    free(title);
    step_begin(job, step);
    struct hvgpu_error cause = {0};
    enum hvgpu_status st;
    if (job->plan.undo != NULL) {
        st = job->plan.undo(job, job->plan.engine, action, &cause);
    } else {
        st = error_set(&cause, HVGPU_UNSUPPORTED, "undo", words, "nothing knows how to undo it");
    }
    if (st == HVGPU_NOT_FOUND || st == HVGPU_SKIPPED) {
        st = HVGPU_OK;
    }
    step_end(job, step, st, &cause);
    if (st != HVGPU_OK && err != NULL) {
        *err = cause;
        err->status = st;
    }
    return st;
}

size_t job_mark(const struct job *job)
{
    return job->action_count;
}

enum hvgpu_status job_undo_to(struct job *job, size_t mark, struct hvgpu_error *err)
{
    enum hvgpu_status result = HVGPU_OK;
    size_t interrupted = job->current;
    bool nested = atomic_exchange(&job->undoing, true);
    for (size_t i = job->action_count; i > mark && !atomic_load(&job->closing); i--) {
        struct announced *announced = &job->actions[i - 1];
        struct hvgpu_error cause = {0};
        enum hvgpu_status st = undo_one(job, announced->action, announced->words, &cause);
        if (st != HVGPU_OK) {
            if (result == HVGPU_OK && err != NULL) {
                *err = cause;
            }
            result = result == HVGPU_OK ? st : result;
            announced->stuck = true;
        } else if (!announced->unknown) {
            /* What never answered may still happen: it stays listed. */
            remove_action(job, i - 1);
            write_journal(job, NULL); /* undoing twice is harmless */
        }
    }
    atomic_store(&job->undoing, nested);
    os_mutex_lock(job->mutex);
    job->current = interrupted;
    os_mutex_unlock(job->mutex);
    return result;
}

/* ---- journals of dead jobs ---- */

/* Is it what to_json() writes? */
static bool is_sound(const struct json *journal)
{
    uint64_t version = 0;
    const struct json *actions = json_member(journal, "actions");
    if (!json_u64(journal, "version", &version) || version != JOURNAL_VERSION ||
        json_type(actions) != JSON_ARRAY || json_count(actions) > ACTIONS_MAX) {
        return false;
    }
    for (const struct json *a = json_first(actions); a != NULL; a = json_next(a)) {
        if (json_type(json_member(a, "action")) != JSON_OBJECT || json_string(a, "words") == NULL) {
            return false;
        }
    }
    return true;
}

/* Stands for a journal that cannot be read, so that it is seen. */
static struct json *damaged_journal(const char *key)
{
    struct json *journal = json_new_object();
    json_add_u64(journal, "version", JOURNAL_VERSION);
    json_add_string(journal, "verb", "unknown");
    char *title = text_format("a job whose journal %s cannot be read", key);
    json_add_string(journal, "title", title);
    free(title);
    struct json *actions = json_add_array(journal, "actions");
    struct json *entry = json_append(actions, json_new_object());
    json_add_object(entry, "action");
    json_add_string(entry, "words", "not known: the journal is damaged");
    json_add_string(entry, "state", "unknown");
    return journal;
}

/* Another process that looks at the journals holds each lock for a moment: one more try tells it
 * from a living job. */
static enum hvgpu_status lock_dead(struct store *store, const char *key, struct store_lock **lock,
                                   struct hvgpu_error *err)
{
    enum hvgpu_status st = store_lock(store, key, false, lock, err);
    for (int i = 1; st == HVGPU_BUSY && i < LOCK_TRIES; i++) {
        os_sleep_ms(LOCK_PAUSE_MS);
        st = store_lock(store, key, false, lock, err);
    }
    return st;
}

struct orphan_search {
    struct store *store;
    bool (*each)(void *context, const char *key, const struct json *journal);
    void *context;
};

static bool look_at_journal(void *context, const char *key)
{
    const struct orphan_search *search = context;
    struct store_lock *lock = NULL;
    if (lock_dead(search->store, key, &lock, NULL) != HVGPU_OK) {
        return true;
    }
    struct json *journal = NULL;
    enum hvgpu_status st = store_get(search->store, key, &journal, NULL);
    bool damaged = st == HVGPU_PROTOCOL || (st == HVGPU_OK && !is_sound(journal));
    if (damaged) {
        json_free(journal);
        journal = damaged_journal(key);
    } else if (st == HVGPU_OK && json_count(json_member(journal, "actions")) == 0) {
        store_remove(search->store, key, NULL); /* its job left nothing behind */
        json_free(journal);
        journal = NULL;
    }
    store_unlock(lock);
    bool more = journal == NULL || search->each(search->context, key, journal);
    json_free(journal);
    return more;
}

enum hvgpu_status journal_orphans(struct store *store,
                                  bool (*each)(void *context, const char *key,
                                               const struct json *journal),
                                  void *context, struct hvgpu_error *err)
{
    if (store == NULL) {
        return HVGPU_OK;
    }
    struct orphan_search search = {.store = store, .each = each, .context = context};
    return store_list(store, "job-", look_at_journal, &search, err);
}

/* Reads a dead job's journal under its lock. */
static enum hvgpu_status take_journal(struct store *store, const char *key,
                                      struct store_lock **lock, struct json **journal,
                                      struct hvgpu_error *err)
{
    enum hvgpu_status st = lock_dead(store, key, lock, err);
    if (st != HVGPU_OK) {
        return st;
    }
    st = store_get(store, key, journal, err);
    if (st == HVGPU_OK && !is_sound(*journal)) {
        json_free(*journal);
        *journal = NULL;
        st = error_set(err, HVGPU_PROTOCOL, "read journal", key, "it is not a journal of hvgpu");
    }
    if (st == HVGPU_PROTOCOL) {
        error_hint(err, "look at the file, clean up by hand, then delete it");
    }
    if (st != HVGPU_OK) {
        store_unlock(*lock);
        *lock = NULL;
    }
    return st;
}

/* The journal without the actions that are done; gone when none is left. */
static enum hvgpu_status save_remaining(struct store *store, const char *key, struct json *journal,
                                        struct json *remaining, struct hvgpu_error *err)
{
    if (json_count(remaining) == 0) {
        json_free(remaining);
        return store_remove(store, key, err);
    }
    json_remove(journal, "actions");
    json_add(journal, "actions", remaining);
    return store_put(store, key, journal, err);
}

/* Undoes the actions of a journal in reverse order; the ones that stay are copied to remaining. */
static enum hvgpu_status undo_entries(struct job *job, const struct json **entries, size_t count,
                                      struct json *remaining, struct hvgpu_error *err)
{
    enum hvgpu_status result = HVGPU_OK;
    size_t interrupted = job->current;
    bool nested = atomic_exchange(&job->undoing, true);
    for (size_t i = count; i > 0; i--) {
        const struct json *entry = entries[i - 1];
        struct hvgpu_error cause = {0};
        enum hvgpu_status st =
            atomic_load(&job->closing)
                ? error_set(&cause, HVGPU_CANCELLED, "undo", NULL, "the host is being closed")
                : undo_one(job, json_member(entry, "action"), json_string(entry, "words"), &cause);
        if (st == HVGPU_OK) {
            entries[i - 1] = NULL;
        } else if (result == HVGPU_OK) {
            result = st;
            if (err != NULL) {
                *err = cause;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (entries[i] != NULL) {
            json_append(remaining, json_copy(entries[i]));
        }
    }
    atomic_store(&job->undoing, nested);
    os_mutex_lock(job->mutex);
    job->current = interrupted;
    os_mutex_unlock(job->mutex);
    return result;
}

enum hvgpu_status journal_undo(struct job *job, struct store *store, const char *key,
                               struct hvgpu_error *err)
{
    if (job->dry) {
        return HVGPU_OK; /* undo calls are not listed, and nothing is read */
    }
    struct store_lock *lock = NULL;
    struct json *journal = NULL;
    enum hvgpu_status st = take_journal(store, key, &lock, &journal, err);
    if (st != HVGPU_OK) {
        return st;
    }
    const struct json *actions = json_member(journal, "actions");
    size_t count = 0;
    const struct json **entries = calloc(json_count(actions) + 1, sizeof *entries);
    struct json *remaining = json_new_array();
    if (entries == NULL || remaining == NULL) {
        json_free(remaining);
        st = error_set(err, HVGPU_MEMORY, "undo", key, "out of memory");
    } else {
        for (const struct json *a = json_first(actions); a != NULL; a = json_next(a)) {
            entries[count] = a;
            count++;
        }
        st = undo_entries(job, entries, count, remaining, err);
        enum hvgpu_status saved =
            save_remaining(store, key, journal, remaining, st == HVGPU_OK ? err : NULL);
        st = st == HVGPU_OK ? saved : st;
    }
    free(entries);
    json_free(journal);
    store_unlock(lock);
    return st;
}
