/* SPDX-License-Identifier: MIT
 *
 * Tests of core/base/os: threads, wake-up, clocks, files, folders, places, locks. Files live in a
 * new folder each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/base/text.h"

#define MS INT64_C(1000000)

/* ---- a folder for each test ---- */

static int make_folder(void **state)
{
    const char *base = getenv("TMPDIR");
    char *folder = text_format("%s/hvgpu-test-XXXXXX", base != NULL ? base : "/tmp");
    if (folder == NULL || mkdtemp(folder) == NULL) {
        free(folder);
        return -1;
    }
    *state = folder;
    return 0;
}

static bool remove_entry(void *context, const char *name)
{
    char *path = text_format("%s/%s", (const char *)context, name);
    if (path != NULL && os_file_remove(path, NULL) != HVGPU_OK) {
        (void)os_folder_list(path, remove_entry, path, NULL);
        (void)os_folder_remove(path);
    }
    free(path);
    return true;
}

static int drop_folder(void **state)
{
    (void)os_folder_list(*state, remove_entry, *state, NULL);
    (void)os_folder_remove(*state);
    free(*state);
    return 0;
}

static char *path_in(void **state, const char *name)
{
    char *path = text_format("%s/%s", (const char *)*state, name);
    assert_non_null(path);
    return path;
}

/* ---- threads ---- */

struct counter {
    struct os_mutex *mutex;
    struct os_cond *cond;
    int value;
};

static void count_up(void *context)
{
    struct counter *counter = context;
    for (int i = 0; i < 1000; i++) {
        os_mutex_lock(counter->mutex);
        counter->value++;
        os_mutex_unlock(counter->mutex);
    }
    os_mutex_lock(counter->mutex);
    os_cond_broadcast(counter->cond);
    os_mutex_unlock(counter->mutex);
}

static void test_threads_share_a_counter_under_a_mutex(void **state)
{
    (void)state;
    struct counter counter = {.mutex = os_mutex_new(), .cond = os_cond_new()};
    struct os_thread *threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(os_thread_start(&threads[i], "counter", count_up, &counter), HVGPU_OK);
    }
    os_mutex_lock(counter.mutex);
    while (counter.value < 4000) {
        assert_true(os_cond_wait(counter.cond, counter.mutex, os_now_ns() + 10000 * MS));
    }
    os_mutex_unlock(counter.mutex);
    for (int i = 0; i < 4; i++) {
        os_thread_join(threads[i]);
    }
    os_thread_join(NULL);
    assert_int_equal(counter.value, 4000);
    os_cond_free(counter.cond);
    os_mutex_free(counter.mutex);
}

static void test_a_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    struct os_mutex *mutex = os_mutex_new();
    struct os_cond *cond = os_cond_new();
    os_mutex_lock(mutex);
    int64_t start = os_now_ns();
    while (os_cond_wait(cond, mutex, start + 5 * MS)) {
    }
    assert_true(os_now_ns() - start >= 5 * MS);
    assert_false(os_cond_wait(cond, mutex, start));
    assert_false(os_cond_wait(cond, mutex, -1));
    os_mutex_unlock(mutex);
    os_cond_free(cond);
    os_mutex_free(mutex);
}

static void wait_for_one(void *context)
{
    struct counter *counter = context;
    os_mutex_lock(counter->mutex);
    while (counter->value == 0) {
        (void)os_cond_wait(counter->cond, counter->mutex, INT64_MAX);
    }
    counter->value = 2;
    os_cond_signal(counter->cond);
    os_mutex_unlock(counter->mutex);
}

static void test_a_thread_that_hangs_can_be_left_alone(void **state)
{
    (void)state;
    struct counter counter = {.mutex = os_mutex_new(), .cond = os_cond_new()};
    struct os_thread *thread;
    assert_int_equal(os_thread_start(&thread, "hangs", wait_for_one, &counter), HVGPU_OK);
    assert_false(os_thread_join_within(thread, 2));
    os_mutex_lock(counter.mutex);
    counter.value = 1;
    os_cond_signal(counter.cond);
    while (counter.value != 2) {
        (void)os_cond_wait(counter.cond, counter.mutex, INT64_MAX);
    }
    os_mutex_unlock(counter.mutex);
    /* The thread has let the mutex go by the time it can be taken again; its end frees the rest. */
    os_sleep_ms(20);
    os_cond_free(counter.cond);
    os_mutex_free(counter.mutex);
}

static void do_nothing(void *context)
{
    (void)context;
}

static void test_a_thread_that_ends_is_joined_in_time(void **state)
{
    (void)state;
    struct os_thread *thread;
    assert_int_equal(os_thread_start(&thread, NULL, do_nothing, NULL), HVGPU_OK);
    assert_true(os_thread_join_within(thread, 10000));
    assert_true(os_thread_join_within(NULL, 0));
}

/* ---- wake-up ---- */

static void set_later(void *context)
{
    os_sleep_ms(5);
    os_wakeup_set(context);
}

static void test_a_wakeup_stays_set_until_it_is_reset(void **state)
{
    (void)state;
    struct os_wakeup *wakeup = os_wakeup_new();
    assert_true(os_wakeup_handle(wakeup) >= 0);
    assert_false(os_wakeup_wait(wakeup, 0));
    os_wakeup_reset(wakeup);
    for (int i = 0; i < 3; i++) {
        os_wakeup_set(wakeup);
    }
    assert_true(os_wakeup_wait(wakeup, 0));
    assert_true(os_wakeup_wait(wakeup, -1));
    os_wakeup_reset(wakeup);
    assert_false(os_wakeup_wait(wakeup, 1));
    os_wakeup_free(wakeup);
    os_wakeup_free(NULL);
}

static void test_a_wakeup_ends_a_wait_in_another_thread(void **state)
{
    (void)state;
    struct os_wakeup *wakeup = os_wakeup_new();
    struct os_thread *thread;
    assert_int_equal(os_thread_start(&thread, "setter", set_later, wakeup), HVGPU_OK);
    assert_true(os_wakeup_wait(wakeup, 10000));
    os_thread_join(thread);
    os_wakeup_free(wakeup);
}

/* ---- clocks ---- */

static void test_clocks_advance(void **state)
{
    (void)state;
    int64_t start = os_now_ns();
    os_sleep_ms(2);
    assert_true(os_now_ns() - start >= 2 * MS);
    assert_true(os_wall_ms() > INT64_C(1600000000000));
    assert_int_equal(os_process_id(), (uint32_t)getpid());
    struct os_local_time local;
    assert_true(os_local_time(0, &local));
    assert_int_equal(local.second, 0);
    assert_true(os_local_time(-1, &local));
    assert_int_equal(local.second, 59);
}

static void test_random_bytes_differ(void **state)
{
    (void)state;
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};
    os_random(a, sizeof a);
    os_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* ---- files ---- */

static void test_a_file_is_replaced_and_read_back(void **state)
{
    char *path = path_in(state, "file");
    struct hvgpu_error err;
    assert_false(os_file_exists(path));
    assert_int_equal(os_file_replace(path, "old", 3, &err), HVGPU_OK);
    assert_int_equal(os_file_replace(path, "new\0text", 8, &err), HVGPU_OK);
    assert_true(os_file_exists(path));
    char *data = NULL;
    size_t len = 0;
    assert_int_equal(os_file_read(path, 8, &data, &len, &err), HVGPU_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(data, "new\0text", 9);
    free(data);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(os_file_remove(path, &err), HVGPU_OK);
    assert_int_equal(os_file_remove(path, &err), HVGPU_OK);
    assert_false(os_file_exists(path));
    free(path);
}

static bool count_entry(void *context, const char *name)
{
    (void)name;
    (*(int *)context)++;
    return true;
}

static void test_replacing_leaves_no_other_file(void **state)
{
    char *path = path_in(state, "file");
    assert_int_equal(os_file_replace(path, "", 0, NULL), HVGPU_OK);
    int count = 0;
    assert_int_equal(os_folder_list(*state, count_entry, &count, NULL), HVGPU_OK);
    assert_int_equal(count, 1);
    free(path);
    /* Over a folder it fails, and takes its new file away again. */
    path = path_in(state, "folder");
    struct hvgpu_error err;
    assert_int_equal(os_folder_make(path, &err), HVGPU_OK);
    assert_int_not_equal(os_file_replace(path, "x", 1, &err), HVGPU_OK);
    assert_string_equal(err.operation, "write");
    count = 0;
    assert_int_equal(os_folder_list(*state, count_entry, &count, NULL), HVGPU_OK);
    assert_int_equal(count, 2);
    free(path);
}

static void test_reading_has_a_limit_and_takes_regular_files_only(void **state)
{
    char *path = path_in(state, "file");
    struct hvgpu_error err;
    char *data = NULL;
    assert_int_equal(os_file_replace(path, "12345", 5, &err), HVGPU_OK);
    assert_int_equal(os_file_read(path, 4, &data, NULL, &err), HVGPU_LIMIT);
    assert_null(data);
    assert_int_equal(os_file_read(path, 5, &data, NULL, &err), HVGPU_OK);
    free(data);
    assert_int_equal(os_file_read(*state, 4, &data, NULL, &err), HVGPU_INVALID);
    assert_string_equal(err.message, "it is not a regular file");
    free(path);
    path = path_in(state, "none/at/all");
    assert_int_equal(os_file_read(path, 4, &data, NULL, &err), HVGPU_NOT_FOUND);
    assert_int_equal(err.kind, HVGPU_CODE_ERRNO);
    assert_int_equal(os_file_replace(path, "x", 1, &err), HVGPU_NOT_FOUND);
    free(path);
    path = path_in(state, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(os_file_read(path, 4, &data, NULL, &err), HVGPU_INVALID);
    free(path);
}

/* ---- folders ---- */

static void test_folders_are_made_with_their_parents(void **state)
{
    char *path = path_in(state, "a/b//c/");
    struct hvgpu_error err;
    assert_int_equal(os_folder_make(path, &err), HVGPU_OK);
    assert_int_equal(os_folder_make(path, &err), HVGPU_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    free(path);
    path = path_in(state, "a");
    assert_int_equal(os_folder_remove(path), HVGPU_BUSY);
    free(path);
    path = path_in(state, "a/b/c");
    assert_int_equal(os_folder_remove(path), HVGPU_OK);
    assert_int_equal(os_folder_remove(path), HVGPU_NOT_FOUND);
    free(path);
    path = path_in(state, "file");
    assert_int_equal(os_file_replace(path, "", 0, NULL), HVGPU_OK);
    assert_int_equal(os_folder_make(path, &err), HVGPU_EXISTS);
    free(path);
    path = path_in(state, "file/below");
    assert_int_not_equal(os_folder_make(path, &err), HVGPU_OK);
    free(path);
}

static bool stop_at_once(void *context, const char *name)
{
    (void)name;
    (*(int *)context)++;
    return false;
}

static void test_listing_stops_when_told(void **state)
{
    char *a = path_in(state, "a");
    char *b = path_in(state, "b");
    assert_int_equal(os_file_replace(a, "", 0, NULL), HVGPU_OK);
    assert_int_equal(os_file_replace(b, "", 0, NULL), HVGPU_OK);
    int count = 0;
    assert_int_equal(os_folder_list(*state, stop_at_once, &count, NULL), HVGPU_OK);
    assert_int_equal(count, 1);
    struct hvgpu_error err;
    assert_int_not_equal(os_folder_list(a, count_entry, &count, &err), HVGPU_OK);
    free(a);
    free(b);
}

static void test_the_stamp_of_a_folder_changes_with_its_entries(void **state)
{
    uint64_t before = os_folder_stamp(*state);
    assert_true(before != 0);
    os_sleep_ms(20);
    char *path = path_in(state, "a");
    assert_int_equal(os_file_replace(path, "", 0, NULL), HVGPU_OK);
    assert_true(os_folder_stamp(*state) != before);
    assert_int_equal(os_folder_stamp("/does/not/exist"), 0);
    free(path);
}

/* ---- places ---- */

static char *kept(const char *variable)
{
    return text_copy(getenv(variable));
}

static void restore(const char *variable, char *value)
{
    if (value != NULL) {
        setenv(variable, value, 1);
    } else {
        unsetenv(variable);
    }
    free(value);
}

static void expect_place(enum os_place place, const char *want)
{
    char *path = os_place(place);
    if (want == NULL) {
        assert_null(path);
    } else {
        assert_string_equal(path, want);
    }
    free(path);
}

static void test_places_follow_the_xdg_variables(void **state)
{
    (void)state;
    char *home = kept("HOME");
    char *config = kept("XDG_CONFIG_HOME");
    char *data = kept("XDG_STATE_HOME");
    setenv("HOME", "/home/u", 1);
    unsetenv("XDG_CONFIG_HOME");
    setenv("XDG_STATE_HOME", "relative", 1);
    expect_place(OS_PLACE_CONFIG, "/home/u/.config/hvgpu");
    expect_place(OS_PLACE_STATE, "/home/u/.local/state/hvgpu");
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("XDG_STATE_HOME", "/s", 1);
    expect_place(OS_PLACE_CONFIG, "/c/hvgpu");
    expect_place(OS_PLACE_STATE, "/s/hvgpu");
    unsetenv("HOME");
    unsetenv("XDG_STATE_HOME");
    expect_place(OS_PLACE_STATE, NULL);
    char *installed = os_place(OS_PLACE_DATA);
    assert_true(text_starts(installed, "/"));
    free(installed);
    restore("HOME", home);
    restore("XDG_CONFIG_HOME", config);
    restore("XDG_STATE_HOME", data);
}

static void test_real_paths_need_only_their_folder(void **state)
{
    char *real = os_path_real(*state);
    assert_non_null(real);
    char *path = path_in(state, "./new");
    char *found = os_path_real(path);
    char *want = text_format("%s/new", real);
    assert_string_equal(found, want);
    free(found);
    free(path);
    free(want);
    path = path_in(state, "none/new");
    assert_null(os_path_real(path));
    free(path);
    assert_null(os_path_real(""));
    assert_null(os_path_real(NULL));
    found = os_path_real("/surely-not-there");
    assert_string_equal(found, "/surely-not-there");
    free(found);
    found = os_path_real("surely-not-there");
    assert_true(found != NULL && found[0] == '/');
    free(found);
    free(real);
}

/* ---- locks ---- */

static void test_a_lock_excludes_others_in_the_same_process(void **state)
{
    char *path = path_in(state, "lock");
    struct os_lock *first, *second;
    struct hvgpu_error err;
    assert_int_equal(os_lock_take(path, false, &first, &err), HVGPU_OK);
    assert_int_equal(os_lock_take(path, false, &second, &err), HVGPU_BUSY);
    assert_null(second);
    assert_string_equal(err.message, "somebody else holds the lock");
    os_lock_release(first);
    assert_true(os_file_exists(path));
    assert_int_equal(os_lock_take(path, true, &second, &err), HVGPU_OK);
    os_lock_release(second);
    os_lock_release(NULL);
    free(path);
}

static void test_a_lock_excludes_other_processes_and_ends_with_them(void **state)
{
    char *path = path_in(state, "lock");
    int ready[2], done[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct os_lock *held;
        char byte = os_lock_take(path, false, &held, NULL) == HVGPU_OK ? 'y' : 'n';
        close(done[1]);
        if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) < 0) {
            _exit(1);
        }
        _exit(0); /* without releasing */
    }
    close(done[0]);
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    struct os_lock *lock;
    assert_int_equal(os_lock_take(path, false, &lock, NULL), HVGPU_BUSY);
    close(done[1]);
    assert_int_equal(os_lock_take(path, true, &lock, NULL), HVGPU_OK);
    os_lock_release(lock);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ready[0]);
    close(ready[1]);
    free(path);
}

struct contest {
    const char *path;
    int inside;
    int violations;
    struct os_mutex *mutex;
};

static void take_and_remove(void *context)
{
    struct contest *contest = context;
    for (int i = 0; i < 200; i++) {
        struct os_lock *lock;
        if (os_lock_take(contest->path, true, &lock, NULL) != HVGPU_OK) {
            continue;
        }
        os_mutex_lock(contest->mutex);
        contest->violations += contest->inside != 0;
        contest->inside++;
        os_mutex_unlock(contest->mutex);
        os_mutex_lock(contest->mutex);
        contest->inside--;
        os_mutex_unlock(contest->mutex);
        os_lock_release_and_remove(lock);
    }
}

static void test_removing_the_file_with_the_lock_keeps_the_exclusion(void **state)
{
    char *path = path_in(state, "lock");
    struct contest contest = {.path = path, .mutex = os_mutex_new()};
    struct os_thread *threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(os_thread_start(&threads[i], "taker", take_and_remove, &contest),
                         HVGPU_OK);
    }
    for (int i = 0; i < 3; i++) {
        os_thread_join(threads[i]);
    }
    assert_int_equal(contest.violations, 0);
    assert_int_equal(contest.inside, 0);
    assert_false(os_file_exists(path));
    os_mutex_free(contest.mutex);
    free(path);
}

static void test_a_lock_in_a_missing_folder_is_an_error(void **state)
{
    char *path = path_in(state, "none/lock");
    struct os_lock *lock;
    struct hvgpu_error err;
    assert_int_equal(os_lock_take(path, false, &lock, &err), HVGPU_NOT_FOUND);
    assert_string_equal(err.object, path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_a_counter_under_a_mutex),
        cmocka_unit_test(test_a_wait_ends_at_its_deadline),
        cmocka_unit_test(test_a_thread_that_hangs_can_be_left_alone),
        cmocka_unit_test(test_a_thread_that_ends_is_joined_in_time),
        cmocka_unit_test(test_a_wakeup_stays_set_until_it_is_reset),
        cmocka_unit_test(test_a_wakeup_ends_a_wait_in_another_thread),
        cmocka_unit_test(test_clocks_advance),
        cmocka_unit_test(test_random_bytes_differ),
        cmocka_unit_test_setup_teardown(test_a_file_is_replaced_and_read_back, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(test_replacing_leaves_no_other_file, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(test_reading_has_a_limit_and_takes_regular_files_only,
                                        make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_folders_are_made_with_their_parents, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(test_listing_stops_when_told, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_the_stamp_of_a_folder_changes_with_its_entries,
                                        make_folder, drop_folder),
        cmocka_unit_test(test_places_follow_the_xdg_variables),
        cmocka_unit_test_setup_teardown(test_real_paths_need_only_their_folder, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(test_a_lock_excludes_others_in_the_same_process,
                                        make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_a_lock_excludes_other_processes_and_ends_with_them,
                                        make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_removing_the_file_with_the_lock_keeps_the_exclusion,
                                        make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_a_lock_in_a_missing_folder_is_an_error, make_folder,
                                        drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
