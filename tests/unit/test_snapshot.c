/* SPDX-License-Identifier: MIT
 *
 * Orders of a snapshot's arrays, lists of records, and the finders on snapshots with and without
 * an index.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/snapshot.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_natural_order_counts_numbers(void **state)
{
    (void)state;
    assert_true(snapshot_compare_natural("PCI bus 2, device 0", "PCI bus 10, device 0") < 0);
    assert_true(snapshot_compare_natural("PCI bus 10", "PCI bus 2") > 0);
    assert_true(snapshot_compare_natural("a007", "a7") == 0);
    assert_true(snapshot_compare_natural("a08", "a7") > 0);
    assert_true(snapshot_compare_natural("a", "ab") < 0);
    assert_true(snapshot_compare_natural("1", "a") < 0);
    assert_true(snapshot_compare_natural(NULL, "a") > 0);
    assert_true(snapshot_compare_natural("a", NULL) < 0);
    assert_true(snapshot_compare_natural(NULL, NULL) == 0);
    /* larger than any integer type */
    assert_true(snapshot_compare_natural("99999999999999999999998", "99999999999999999999999") < 0);
}

static void test_systems_stand_as_a_tree(void **state)
{
    (void)state;
    const struct hvgpu_system vm_b = {.id = "b@vm"}, in_b = {.id = "b", .host_id = "b@vm"},
                              in_b2 = {.id = "a-second", .host_id = "b@vm"}, alone = {.id = "c"},
                              vm_a = {.id = "a@vm"};
    const struct hvgpu_system *systems[] = {&alone, &in_b, &vm_b, &in_b2, &vm_a};
    qsort(systems, COUNT(systems), sizeof systems[0], snapshot_compare_systems);
    assert_ptr_equal(systems[0], &vm_a);
    assert_ptr_equal(systems[1], &vm_b);
    assert_ptr_equal(systems[2], &in_b2);
    assert_ptr_equal(systems[3], &in_b);
    assert_ptr_equal(systems[4], &alone);
}

static void test_gpus_stand_by_bus_location_and_unknown_ones_last(void **state)
{
    (void)state;
    const struct hvgpu_gpu ten = {.location = "PCI bus 10, device 0, function 0"},
                           two = {.location = "PCI bus 2, device 0, function 0"},
                           nowhere_a = {.instance_id = "A"}, nowhere_b = {.instance_id = "B"};
    const struct hvgpu_gpu *gpus[] = {&nowhere_b, &ten, &nowhere_a, &two};
    qsort(gpus, COUNT(gpus), sizeof gpus[0], snapshot_compare_gpus);
    assert_ptr_equal(gpus[0], &two);
    assert_ptr_equal(gpus[1], &ten);
    assert_ptr_equal(gpus[2], &nowhere_a);
    assert_ptr_equal(gpus[3], &nowhere_b);
}

static void test_jobs_stand_newest_first_and_images_by_name(void **state)
{
    (void)state;
    const struct hvgpu_job one = {.id = 1}, three = {.id = 3};
    const struct hvgpu_job *jobs[] = {&one, &three};
    qsort(jobs, COUNT(jobs), sizeof jobs[0], snapshot_compare_jobs);
    assert_ptr_equal(jobs[0], &three);
    const struct hvgpu_image nano9 = {.name = "nano:9", .store = "docker"},
                             nano10 = {.name = "nano:10", .store = "docker"},
                             nano10c = {.name = "nano:10", .store = "containerd"};
    const struct hvgpu_image *images[] = {&nano10, &nano9, &nano10c};
    qsort(images, COUNT(images), sizeof images[0], snapshot_compare_images);
    assert_ptr_equal(images[0], &nano9);
    assert_ptr_equal(images[1], &nano10c);
    assert_ptr_equal(images[2], &nano10);
}

static void test_finders_work_without_an_index(void **state)
{
    (void)state;
    const struct hvgpu_gpu gpu = {.instance_id = "PCI\\VEN_10DE"};
    const struct hvgpu_gpu *const gpus[] = {&gpu};
    const struct hvgpu_system first = {.id = "b@vm"}, second = {.id = "a", .host_id = "b@vm"};
    const struct hvgpu_system *const systems[] = {&first, &second};
    const struct hvgpu_check check_a = {.system_id = "a"}, check_b = {.system_id = "b"},
                             check_c = {.system_id = "c"};
    const struct hvgpu_check *const checks[] = {&check_a, &check_b, &check_c};
    const struct hvgpu_job nine = {.id = 9}, five = {.id = 5}, one = {.id = 1};
    const struct hvgpu_job *const jobs[] = {&nine, &five, &one};
    const struct hvgpu_snapshot s = {.gpus = gpus,
                                     .gpu_count = 1,
                                     .systems = systems,
                                     .system_count = 2,
                                     .checks = checks,
                                     .check_count = 3,
                                     .jobs = jobs,
                                     .job_count = 3};
    assert_ptr_equal(hvgpu_find_gpu(&s, "pci\\ven_10de"), &gpu);
    assert_null(hvgpu_find_gpu(&s, "other"));
    assert_null(hvgpu_find_gpu(&s, NULL));
    assert_ptr_equal(hvgpu_find_system(&s, "a"), &second);
    assert_null(hvgpu_find_system(&s, "x"));
    assert_null(hvgpu_find_system(&s, NULL));
    assert_ptr_equal(hvgpu_find_check(&s, "a"), &check_a);
    assert_ptr_equal(hvgpu_find_check(&s, "c"), &check_c);
    assert_null(hvgpu_find_check(&s, "bb"));
    assert_null(hvgpu_find_check(&s, NULL));
    assert_ptr_equal(hvgpu_find_job(&s, 9), &nine);
    assert_ptr_equal(hvgpu_find_job(&s, 1), &one);
    assert_null(hvgpu_find_job(&s, 4));
}

/* ---- lists ---- */

static void test_list_merges_in_order(void **state)
{
    (void)state;
    struct hvgpu_job jobs[40];
    struct record_list list = {.compare = snapshot_compare_jobs};
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i] = (struct hvgpu_job){.id = i * 7 % 41};
    }
    for (size_t start = 0; start < COUNT(jobs); start += 10) {
        const void *records[10];
        for (size_t i = 0; i < 10; i++) {
            records[i] = &jobs[start + i];
        }
        assert_true(record_list_reserve(&list, 10));
        record_list_merge(&list, records, 10);
    }
    assert_int_equal(list.count, COUNT(jobs));
    for (size_t i = 1; i < list.count; i++) {
        assert_true(snapshot_compare_jobs(&list.items[i - 1], &list.items[i]) < 0);
    }
    bool found = false;
    size_t position = record_list_find(&list, &jobs[13], &found);
    assert_true(found);
    assert_ptr_equal(list.items[position], &jobs[13]);
    record_list_remove(&list, position);
    record_list_find(&list, &jobs[13], &found);
    assert_false(found);
    assert_int_equal(list.count, COUNT(jobs) - 1);
    record_list_clear(&list);
    assert_int_equal(list.count, 0);
}

static void test_list_without_order_keeps_the_given_one(void **state)
{
    (void)state;
    const struct hvgpu_job b = {.id = 2}, a = {.id = 1};
    const void *records[] = {&a, &b, &a};
    struct record_list list = {.compare = NULL};
    assert_true(record_list_reserve(&list, 3));
    record_list_merge(&list, records, 3);
    assert_ptr_equal(list.items[0], &a);
    assert_ptr_equal(list.items[1], &b);
    const bool flags[] = {true, false, true};
    record_list_remove_flagged(&list, flags);
    assert_int_equal(list.count, 1);
    assert_ptr_equal(list.items[0], &b);
    record_list_clear(&list);
}

static void test_list_refuses_more_than_memory_can_hold(void **state)
{
    (void)state;
    struct record_list list = {.compare = NULL};
    assert_false(record_list_reserve(&list, SIZE_MAX / 2));
    assert_null(list.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_natural_order_counts_numbers),
        cmocka_unit_test(test_systems_stand_as_a_tree),
        cmocka_unit_test(test_gpus_stand_by_bus_location_and_unknown_ones_last),
        cmocka_unit_test(test_jobs_stand_newest_first_and_images_by_name),
        cmocka_unit_test(test_finders_work_without_an_index),
        cmocka_unit_test(test_list_merges_in_order),
        cmocka_unit_test(test_list_without_order_keeps_the_given_one),
        cmocka_unit_test(test_list_refuses_more_than_memory_can_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
