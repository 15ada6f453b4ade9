/* SPDX-License-Identifier: MIT
 *
 * A sorted array of pointers to records, as a snapshot shows it. Changing one record among 10,000
 * costs a binary search and at most one move of the array.
 *
 * The list does not count references: its owner says which of its lists own what they hold.
 */
#ifndef HVGPU_RECORD_LIST_H
#define HVGPU_RECORD_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* qsort's form: a and b point to elements, which are pointers to records. */
typedef int (*record_compare)(const void *a, const void *b);

struct record_list {
    const void **items;
    size_t count, capacity;
    record_compare compare; /* NULL: kept in the order given */
};

/* Room for `more` records. False: out of memory, nothing changed. */
bool record_list_reserve(struct record_list *list, size_t more);
/* Position of the first record that is not less than key (a record itself). *found: it is equal. */
size_t record_list_find(const struct record_list *list, const void *key, bool *found);
/* Adds records that are not in the list; `records` is sorted in place. There must be room. */
void record_list_merge(struct record_list *list, const void **records, size_t count);
/* Takes out the records whose flag is set (one flag a position). */
void record_list_remove_flagged(struct record_list *list, const bool *flags);
void record_list_remove(struct record_list *list, size_t position);
/* Frees the array, not the records. */
void record_list_clear(struct record_list *list);

#endif
