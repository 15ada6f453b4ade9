/* SPDX-License-Identifier: MIT
 *
 * Sorted arrays of records.
 */
#include "core/record_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool record_list_reserve(struct record_list *list, size_t more)
{
    if (list->capacity - list->count >= more) {
        return true;
    }
    size_t capacity = list->capacity < 16 ? 16 : list->capacity;
    while (capacity - list->count < more) {
        if (capacity > SIZE_MAX / 4 / sizeof *list->items) {
            return false;
        }
        capacity *= 2;
    }
    const void **items = realloc(list->items, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    list->items = items;
    list->capacity = capacity;
    return true;
}

static size_t lower_bound(const struct record_list *list, size_t end, const void *key)
{
    size_t low = 0;
    while (low < end) {
        size_t middle = low + (end - low) / 2;
        if (list->compare(&list->items[middle], &key) < 0) {
            low = middle + 1;
        } else {
            end = middle;
        }
    }
    return low;
}

size_t record_list_find(const struct record_list *list, const void *key, bool *found)
{
    size_t position = lower_bound(list, list->count, key);
    *found = position < list->count && list->compare(&list->items[position], &key) == 0;
    return position;
}

void record_list_merge(struct record_list *list, const void **records, size_t count)
{
    if (count == 0) {
        return;
    }
    if (list->compare == NULL) {
        memcpy(list->items + list->count, records, count * sizeof *records);
        list->count += count;
        return;
    }
    qsort(records, count, sizeof *records, list->compare);
    /* From the back: every stretch between two new records moves once. */
    size_t end = list->count;
    for (size_t left = count; left > 0; left--) {
        size_t position = lower_bound(list, end, records[left - 1]);
        memmove(list->items + position + left, list->items + position,
                (end - position) * sizeof *list->items);
        list->items[position + left - 1] = records[left - 1];
        end = position;
    }
    list->count += count;
}

void record_list_remove_flagged(struct record_list *list, const bool *flags)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!flags[i]) {
            list->items[kept] = list->items[i];
            kept++;
        }
    }
    list->count = kept;
}

void record_list_remove(struct record_list *list, size_t position)
{
    list->count--;
    memmove(list->items + position, list->items + position + 1,
            (list->count - position) * sizeof *list->items);
}

void record_list_clear(struct record_list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = 0;
    list->capacity = 0;
}
