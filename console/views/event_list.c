/* SPDX-License-Identifier: MIT */
#include "console/views/event_list.h"

#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"

static const char *const event_fields[] = {"kind", "system", "severity", "source",
                                           "json", "text",   NULL};
enum {
    EVENT_FIELDS = 5,
    EVENT_FIELD_TEXT = 5
}; /* text costs parsing: only text:WORD looks there */

const char *event_source_name(unsigned source)
{
    switch (source) {
    case HVGPU_EVENT_HCS:
        return "hcs";
    case HVGPU_EVENT_LOG:
        return "log";
    default:
        return "hvgpu";
    }
}

static const char *event_field(const void *context, const void *row, int field, char *scratch,
                               size_t size)
{
    const struct hvgpu_event *event = row;
    (void)context;
    switch (field) {
    case 0:
        return event->kind;
    case 1:
        return event->system_id;
    case 2:
        return look_severity(event->severity).word;
    case 3:
        return event_source_name(event->source);
    case 4:
        return event->json;
    default:
        hvgpu_event_text(event, scratch, size);
        return scratch;
    }
}

static bool passes(const struct event_list *list, const struct hvgpu_event *event)
{
    int fields = EVENT_FIELDS;
    for (size_t i = 0; i < list->filter.count; i++) {
        fields = list->filter.terms[i].field == EVENT_FIELD_TEXT ? EVENT_FIELDS + 1 : fields;
    }
    return event != NULL && filter_matches(&list->filter, NULL, event, fields, event_field);
}

/* ---- the source: live or frozen ---- */

static size_t source_count(const struct event_list *list)
{
    return list->frozen != NULL ? list->frozen_count : list->app->snapshot->event_count;
}

static const struct hvgpu_event *source_at(const struct event_list *list, size_t index)
{
    if (index >= source_count(list)) {
        return NULL;
    }
    return list->frozen != NULL ? list->frozen[index] : hvgpu_event_at(list->app->host, index);
}

/* The first source index whose sequence is at least this. */
static size_t source_find(const struct event_list *list, uint64_t sequence)
{
    size_t low = 0;
    size_t high = source_count(list);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hvgpu_event *event = source_at(list, middle);
        if (event != NULL && event->sequence < sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- matches ---- */

static bool add_match(struct event_list *list, uint64_t sequence)
{
    if (list->match_end == list->match_capacity) {
        if (list->match_first > list->match_capacity / 2) {
            memmove(list->matches, list->matches + list->match_first,
                    (list->match_end - list->match_first) * sizeof(*list->matches));
            list->match_end -= list->match_first;
            list->match_first = 0;
        } else {
            size_t capacity = list->match_capacity * 2 + 256;
            uint64_t *matches = realloc(list->matches, capacity * sizeof(*matches));
            if (matches == NULL) {
                return false;
            }
            list->matches = matches;
            list->match_capacity = capacity;
        }
    }
    list->matches[list->match_end++] = sequence;
    return true;
}

void event_list_sync(struct event_list *list)
{
    if (list->filter.count == 0) {
        return;
    }
    size_t count = source_count(list);
    const struct hvgpu_event *first = source_at(list, 0);
    uint64_t oldest = first != NULL ? first->sequence : UINT64_MAX;
    while (list->match_first < list->match_end && list->matches[list->match_first] < oldest) {
        list->match_first++;
    }
    for (size_t i = source_find(list, list->looked_to); i < count; i++) {
        const struct hvgpu_event *event = source_at(list, i);
        if (event == NULL || (passes(list, event) && !add_match(list, event->sequence))) {
            return;
        }
        list->looked_to = event->sequence + 1;
    }
}

static void forget_matches(struct event_list *list)
{
    list->match_first = 0;
    list->match_end = 0;
    list->looked_to = 0;
}

void event_list_set_filter(struct event_list *list, const char *text)
{
    filter_parse(&list->filter, text, event_fields);
    forget_matches(list);
    event_list_sync(list);
}

bool event_list_freeze(struct event_list *list, bool freeze)
{
    if (freeze == (list->frozen != NULL)) {
        return true;
    }
    if (!freeze) {
        for (size_t i = 0; i < list->frozen_count; i++) {
            hvgpu_record_drop(list->frozen[i]);
        }
        free(list->frozen);
        list->frozen = NULL;
        list->frozen_count = 0;
        event_list_sync(list);
        return true;
    }
    size_t count = list->app->snapshot->event_count;
    const struct hvgpu_event **frozen = malloc((count + 1) * sizeof(*frozen));
    if (frozen == NULL) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct hvgpu_event *event = hvgpu_event_at(list->app->host, i);
        if (event != NULL) {
            frozen[kept++] = hvgpu_record_keep(event);
        }
    }
    list->frozen = frozen;
    list->frozen_count = kept;
    list->frozen_seen = list->app->snapshot->events_seen;
    return true;
}

void event_list_done(struct event_list *list)
{
    event_list_freeze(list, false);
    free(list->matches);
    list->matches = NULL;
}

/* ---- rows ---- */

size_t event_list_total(const struct event_list *list)
{
    return source_count(list);
}

size_t event_list_count(const struct event_list *list)
{
    return list->filter.count > 0 ? list->match_end - list->match_first : source_count(list);
}

static size_t source_index(const struct event_list *list, size_t row)
{
    return list->filter.count > 0 ? source_find(list, list->matches[list->match_first + row]) : row;
}

const struct hvgpu_event *event_list_at(const struct event_list *list, size_t row)
{
    return row < event_list_count(list) ? source_at(list, source_index(list, row)) : NULL;
}

size_t event_list_find(const struct event_list *list, uint64_t sequence)
{
    if (list->filter.count == 0) {
        return source_find(list, sequence);
    }
    size_t low = list->match_first;
    size_t high = list->match_end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->matches[middle] < sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - list->match_first;
}

uint64_t event_list_gap(const struct event_list *list, size_t row)
{
    if (row == 0 || row >= event_list_count(list)) {
        return 0;
    }
    size_t index_before = source_index(list, row - 1);
    size_t index = source_index(list, row);
    const struct hvgpu_event *before = source_at(list, index_before);
    const struct hvgpu_event *event = source_at(list, index);
    if (before == NULL || event == NULL) {
        return 0;
    }
    uint64_t numbers = event->sequence - before->sequence;
    uint64_t events = index - index_before;
    return numbers > events ? numbers - events : 0;
}

uint64_t event_list_new(const struct event_list *list)
{
    uint64_t seen = list->app->snapshot->events_seen;
    return list->frozen != NULL && seen > list->frozen_seen ? seen - list->frozen_seen : 0;
}
