/* SPDX-License-Identifier: MIT
 *
 * hvgpu's own records as the asker read them from the store, and what unfinished jobs of earlier
 * processes left behind: the journals say what may exist, the list of systems and the files say
 * what really does.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/record.h"

enum { WORDS_MAX = 8192 };

void observe_records(struct engine *engine, struct notice *notice)
{
    engine->records_answered = true;
    observe_mark_own(engine); /* those that lose their record */
    own_list_clear(&engine->own);
    left_list_clear(&engine->left);
    engine->own = notice->own;
    engine->left = notice->left;
    memset(&notice->own, 0, sizeof notice->own);
    memset(&notice->left, 0, sizeof notice->left);
    observe_mark_own(engine);
}

/* ---- leftovers ---- */

static enum hvgpu_answer thing_exists(const struct engine *engine, const struct left_thing *thing)
{
    if (!thing->needs_system) {
        return thing->exists;
    }
    if (!engine->list_known) {
        return HVGPU_ANSWER_UNKNOWN;
    }
    const struct seen *seen = table_find(&engine->table, thing->system_id);
    bool there = seen != NULL && !seen->phantom && seen->record->state != HVGPU_STATE_STOPPED;
    return there ? HVGPU_ANSWER_YES : HVGPU_ANSWER_NO;
}

static void add_things(const struct engine *engine, const struct left_journal *journal,
                       enum hvgpu_answer answer, const char *title, struct text *text,
                       size_t *count)
{
    bool first = true;
    for (size_t i = 0; i < journal->thing_count; i++) {
        const struct left_thing *thing = &journal->things[i];
        if (thing_exists(engine, thing) != answer) {
            continue;
        }
        text_add(text, !first ? ", " : text->len > 0 ? "; " : "");
        text_add(text, first ? title : "");
        text_add(text, thing->words == NULL ? "something without a name" : thing->words);
        first = false;
        *count += 1;
    }
}

static struct hvgpu_leftover *build_leftover(const struct engine *engine,
                                             const struct left_journal *journal)
{
    struct hvgpu_leftover *leftover = record_new(sizeof *leftover);
    if (leftover == NULL) {
        return NULL;
    }
    struct text text;
    size_t there = 0, unknown = 0, gone = 0;
    text_init(&text, WORDS_MAX);
    add_things(engine, journal, HVGPU_ANSWER_YES, "still there: ", &text, &there);
    add_things(engine, journal, HVGPU_ANSWER_UNKNOWN, "perhaps there: ", &text, &unknown);
    add_things(engine, journal, HVGPU_ANSWER_NO, "gone: ", &text, &gone);
    leftover->journal = record_text(leftover, journal->key);
    leftover->title = record_text(leftover, journal->title == NULL ? "a job" : journal->title);
    leftover->text = record_text(leftover, text.len == 0 ? "nothing is left of it" : text.data);
    leftover->time_ms = journal->time_ms;
    leftover->thing_count = there + unknown;
    text_free(&text);
    return leftover;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    return hash * 31 + (text == NULL ? 0 : text_hash(text, strlen(text)));
}

void observe_leftovers(struct engine *engine)
{
    if (!engine->records_answered) {
        return;
    }
    size_t count = engine->left.count;
    struct hvgpu_leftover **list = calloc(count + 1, sizeof *list);
    uint64_t hash = 1;
    size_t built = 0;
    while (list != NULL && built < count) {
        list[built] = build_leftover(engine, &engine->left.items[built]);
        if (list[built] == NULL) {
            break;
        }
        hash = mix(mix(hash, list[built]->journal), list[built]->text);
        built++;
    }
    /* No leftovers and none before is nothing to say. */
    bool same = hash == engine->left_hash || (count == 0 && engine->left_hash == 0);
    struct message *message =
        list == NULL || built < count || same ? NULL : message_new(MESSAGE_LEFTOVERS);
    if (message == NULL) {
        for (size_t i = 0; i < built; i++) {
            hvgpu_record_drop(list[i]);
        }
        free(list);
        return;
    }
    message->records = (void **)list;
    message->record_count = count;
    observe_post(engine, message);
    engine->left_hash = hash;
}
