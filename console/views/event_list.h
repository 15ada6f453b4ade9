/* SPDX-License-Identifier: MIT
 *
 * The rows behind the Events view: all kept events, or the ones that pass a filter; following the
 * host, or frozen. While it follows, a filter looks at each event once, when it arrives. Frozen
 * events are kept alive, so that they stay however many come.
 */
#ifndef HVGPU_CONSOLE_EVENT_LIST_H
#define HVGPU_CONSOLE_EVENT_LIST_H

#include "console/app.h"
#include "console/filter.h"

struct event_list {
    struct app *app;
    struct filter filter;
    const struct hvgpu_event **frozen; /* kept records; NULL: following */
    size_t frozen_count;
    uint64_t frozen_seen; /* events seen when it was frozen */
    uint64_t *matches;    /* sequences that pass the filter, oldest first */
    size_t match_first, match_end, match_capacity;
    uint64_t looked_to; /* the filter has looked at every event before this sequence */
};

void event_list_done(struct event_list *list);
void event_list_set_filter(struct event_list *list, const char *text);
bool event_list_freeze(struct event_list *list, bool freeze);
/* Takes what the snapshot has new; call before the ones below. */
void event_list_sync(struct event_list *list);
size_t event_list_total(const struct event_list *list); /* events there are */
size_t event_list_count(const struct event_list *list); /* rows that pass */
const struct hvgpu_event *event_list_at(const struct event_list *list, size_t row);
/* The row of a sequence, or of the next later one; count when there is none. */
size_t event_list_find(const struct event_list *list, uint64_t sequence);
/* Events lost between row - 1 and row. */
uint64_t event_list_gap(const struct event_list *list, size_t row);
/* Events that came since it was frozen. */
uint64_t event_list_new(const struct event_list *list);
const char *event_source_name(unsigned source);

#endif
