/* SPDX-License-Identifier: MIT
 *
 * Orders and finders of snapshots.
 */
#include "core/snapshot.h"

#include <string.h>

#include "core/base/text.h"

/* ---- orders ---- */

/* Unknown comes last. */
static int compare_texts(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }
    return strcmp(a, b);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two numbers of any length; both pointers move behind them. */
static int compare_digits(const char **a, const char **b)
{
    while (**a == '0' && is_digit((*a)[1])) {
        (*a)++;
    }
    while (**b == '0' && is_digit((*b)[1])) {
        (*b)++;
    }
    int order = 0;
    while (is_digit(**a) && is_digit(**b)) {
        if (order == 0) {
            order = **a - **b;
        }
        (*a)++;
        (*b)++;
    }
    if (is_digit(**a) != is_digit(**b)) {
        return is_digit(**a) ? 1 : -1; /* the longer number is the larger one */
    }
    return order;
}

int snapshot_compare_natural(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }
    while (*a != '\0' && *b != '\0') {
        int order;
        if (is_digit(*a) && is_digit(*b)) {
            order = compare_digits(&a, &b);
        } else {
            order = (unsigned char)*a - (unsigned char)*b;
            a++;
            b++;
        }
        if (order != 0) {
            return order;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

int snapshot_compare_gpus(const void *a, const void *b)
{
    const struct hvgpu_gpu *x = *(const struct hvgpu_gpu *const *)a;
    const struct hvgpu_gpu *y = *(const struct hvgpu_gpu *const *)b;
    int order = snapshot_compare_natural(x->location, y->location);
    return order != 0 ? order : compare_texts(x->instance_id, y->instance_id);
}

/* The tree's key: the id of the VM that it stands under (or its own), whether it stands under one,
 * its id. */
int snapshot_compare_systems(const void *a, const void *b)
{
    const struct hvgpu_system *x = *(const struct hvgpu_system *const *)a;
    const struct hvgpu_system *y = *(const struct hvgpu_system *const *)b;
    int order = compare_texts(x->host_id != NULL ? x->host_id : x->id,
                              y->host_id != NULL ? y->host_id : y->id);
    if (order == 0) {
        order = (x->host_id != NULL) - (y->host_id != NULL);
    }
    return order != 0 ? order : compare_texts(x->id, y->id);
}

int snapshot_compare_system_ids(const void *a, const void *b)
{
    const struct hvgpu_system *x = *(const struct hvgpu_system *const *)a;
    const struct hvgpu_system *y = *(const struct hvgpu_system *const *)b;
    return compare_texts(x->id, y->id);
}

int snapshot_compare_images(const void *a, const void *b)
{
    const struct hvgpu_image *x = *(const struct hvgpu_image *const *)a;
    const struct hvgpu_image *y = *(const struct hvgpu_image *const *)b;
    int order = snapshot_compare_natural(x->name, y->name);
    return order != 0 ? order : compare_texts(x->store, y->store);
}

int snapshot_compare_checks(const void *a, const void *b)
{
    const struct hvgpu_check *x = *(const struct hvgpu_check *const *)a;
    const struct hvgpu_check *y = *(const struct hvgpu_check *const *)b;
    return compare_texts(x->system_id, y->system_id);
}

int snapshot_compare_jobs(const void *a, const void *b)
{
    const struct hvgpu_job *x = *(const struct hvgpu_job *const *)a;
    const struct hvgpu_job *y = *(const struct hvgpu_job *const *)b;
    return (x->id < y->id) - (x->id > y->id);
}

/* ---- finders ---- */

const struct hvgpu_gpu *hvgpu_find_gpu(const struct hvgpu_snapshot *s, const char *instance_id)
{
    for (size_t i = 0; instance_id != NULL && i < s->gpu_count; i++) {
        if (text_equal_nocase(s->gpus[i]->instance_id, instance_id)) {
            return s->gpus[i];
        }
    }
    return NULL;
}

const struct hvgpu_system *hvgpu_find_system(const struct hvgpu_snapshot *s, const char *id)
{
    if (id == NULL) {
        return NULL;
    }
    if (s->index != NULL) {
        const struct record_list *list = &s->index->systems_by_id;
        const struct hvgpu_system key = {.id = id};
        bool found = false;
        size_t position = record_list_find(list, &key, &found);
        return found ? list->items[position] : NULL;
    }
    for (size_t i = 0; i < s->system_count; i++) {
        if (text_equal(s->systems[i]->id, id)) {
            return s->systems[i];
        }
    }
    return NULL;
}

const struct hvgpu_check *hvgpu_find_check(const struct hvgpu_snapshot *s, const char *system_id)
{
    size_t low = 0;
    size_t high = system_id != NULL ? s->check_count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_texts(s->checks[middle]->system_id, system_id);
        if (order == 0) {
            return s->checks[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct hvgpu_job *hvgpu_find_job(const struct hvgpu_snapshot *s, uint64_t job_id)
{
    size_t low = 0;
    size_t high = s->job_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t id = s->jobs[middle]->id;
        if (id == job_id) {
            return s->jobs[middle];
        }
        if (id > job_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
