/* SPDX-License-Identifier: MIT
 *
 * Tests of core/store*.c. What both backends promise runs on each of them; what only files can do
 * (two processes, damaged documents, names) runs on a new folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "core/store.h"

struct place {
    char *folder; /* NULL: in memory */
    struct store *store;
};

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

static int open_memory(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    *state = place;
    return place != NULL && store_open(NULL, &place->store, NULL) == HVGPU_OK ? 0 : -1;
}

static int open_folder(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    *state = place;
    const char *base = getenv("TMPDIR");
    if (place == NULL) {
        return -1;
    }
    place->folder = text_format("%s/hvgpu-test-XXXXXX", base != NULL ? base : "/tmp");
    if (place->folder == NULL || mkdtemp(place->folder) == NULL) {
        return -1;
    }
    return store_open(place->folder, &place->store, NULL) == HVGPU_OK ? 0 : -1;
}

static int close_place(void **state)
{
    struct place *place = *state;
    store_close(place->store);
    if (place->folder != NULL) {
        (void)os_folder_list(place->folder, remove_entry, place->folder, NULL);
        (void)os_folder_remove(place->folder);
    }
    free(place->folder);
    free(place);
    return 0;
}

static struct store *store_of(void **state)
{
    return ((struct place *)*state)->store;
}

static void put_number(struct store *store, const char *key, uint64_t n)
{
    struct hvgpu_error err;
    struct json *document = json_new_object();
    json_add_u64(document, "n", n);
    assert_int_equal(store_put(store, key, document, &err), HVGPU_OK);
    json_free(document);
}

static uint64_t get_number(struct store *store, const char *key)
{
    struct hvgpu_error err;
    struct json *document = NULL;
    if (store_get(store, key, &document, &err) != HVGPU_OK) {
        fail_msg("%s: %s", key, err.message);
    }
    uint64_t n = 0;
    assert_true(json_u64(document, "n", &n));
    json_free(document);
    return n;
}

/* ---- both backends ---- */

static void test_a_document_is_put_got_replaced_and_removed(void **state)
{
    struct store *store = store_of(state);
    struct hvgpu_error err;
    struct json *document;
    assert_int_equal(store_get(store, "job-1", &document, &err), HVGPU_NOT_FOUND);
    assert_null(document);
    put_number(store, "job-1", UINT64_MAX);
    assert_true(get_number(store, "job-1") == UINT64_MAX);
    put_number(store, "job-1", 2);
    assert_int_equal(get_number(store, "job-1"), 2);
    assert_int_equal(store_remove(store, "job-1", &err), HVGPU_OK);
    assert_int_equal(store_remove(store, "job-1", &err), HVGPU_OK);
    assert_int_equal(store_get(store, "job-1", &document, &err), HVGPU_NOT_FOUND);
}

static void test_a_document_got_belongs_to_the_caller(void **state)
{
    struct store *store = store_of(state);
    put_number(store, "a", 1);
    struct json *document;
    assert_int_equal(store_get(store, "a", &document, NULL), HVGPU_OK);
    json_add_u64(document, "n", 9);
    json_free(document);
    assert_int_equal(get_number(store, "a"), 1);
}

static void test_any_id_can_be_in_a_key(void **state)
{
    static const char *const keys[] = {".",
                                       "..",
                                       "../../etc/passwd",
                                       "/",
                                       "a b",
                                       "a%2Fb",
                                       "a/b",
                                       "C:\\x",
                                       "\xC3\xA4\xE6\xBC\xA2",
                                       "system-locks",
                                       "a\nb",
                                       "\xFF",
                                       "~",
                                       "x.json",
                                       "con"};
    struct store *store = store_of(state);
    size_t count = sizeof keys / sizeof keys[0];
    for (size_t i = 0; i < count; i++) {
        put_number(store, keys[i], i);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(get_number(store, keys[i]), i);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(store_remove(store, keys[i], NULL), HVGPU_OK);
    }
}

static void test_empty_keys_and_documents_are_refused(void **state)
{
    struct store *store = store_of(state);
    struct hvgpu_error err;
    struct json *document = json_new_null();
    struct store_lock *lock;
    assert_int_equal(store_put(store, "", document, &err), HVGPU_INVALID);
    assert_int_equal(store_put(store, NULL, document, &err), HVGPU_INVALID);
    assert_int_equal(store_put(store, "a", NULL, &err), HVGPU_INVALID);
    assert_int_equal(store_remove(store, "", &err), HVGPU_INVALID);
    assert_int_equal(store_lock(store, "", false, &lock, &err), HVGPU_INVALID);
    json_free(document);
    assert_int_equal(store_get(store, "", &document, &err), HVGPU_INVALID);
}

struct seen {
    struct store *store;
    char text[512];
    size_t stop_after, count;
};

static bool see(void *context, const char *key)
{
    struct seen *seen = context;
    size_t len = strlen(seen->text);
    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s;", key);
    seen->count++;
    return seen->count != seen->stop_after;
}

static bool remove_it(void *context, const char *key)
{
    struct seen *seen = context;
    put_number(seen->store, "job-new", 1);
    assert_int_equal(store_remove(seen->store, key, NULL), HVGPU_OK);
    return see(context, key);
}

static void test_keys_are_listed_by_prefix_in_order(void **state)
{
    struct store *store = store_of(state);
    static const char *const keys[] = {"job-b", "vm-1", "job-a", "job", "jo/b", "system-x"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        put_number(store, keys[i], i);
    }
    struct seen seen = {.store = store};
    assert_int_equal(store_list(store, "job-", see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "job-a;job-b;");
    seen = (struct seen){.store = store};
    assert_int_equal(store_list(store, NULL, see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "jo/b;job;job-a;job-b;system-x;vm-1;");
    seen = (struct seen){.store = store, .stop_after = 2};
    assert_int_equal(store_list(store, "", see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "jo/b;job;");
}

static void test_the_store_may_change_while_it_is_listed(void **state)
{
    struct store *store = store_of(state);
    put_number(store, "job-a", 1);
    put_number(store, "job-b", 2);
    struct seen seen = {.store = store};
    assert_int_equal(store_list(store, "job-", remove_it, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "job-a;job-b;");
    seen = (struct seen){.store = store};
    assert_int_equal(store_list(store, "", see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "job-new;");
}

static void test_the_generation_grows_with_every_change(void **state)
{
    struct store *store = store_of(state);
    uint64_t before = store_generation(store);
    put_number(store, "a", 1);
    uint64_t after_put = store_generation(store);
    assert_true(after_put > before);
    put_number(store, "a", 2);
    uint64_t after_replace = store_generation(store);
    assert_true(after_replace > after_put);
    assert_int_equal(store_remove(store, "a", NULL), HVGPU_OK);
    assert_true(store_generation(store) > after_replace);
}

static void test_the_generation_rests_when_nothing_changes(void **state)
{
    struct store *store = store_of(state);
    put_number(store, "a", 1);
    os_sleep_ms(120);
    uint64_t settled = store_generation(store);
    assert_true(store_generation(store) == settled);
    struct json *document;
    assert_int_equal(store_get(store, "a", &document, NULL), HVGPU_OK);
    json_free(document);
    assert_true(store_generation(store) == settled);
}

static void test_a_lock_excludes_the_same_key_only(void **state)
{
    struct store *store = store_of(state);
    struct hvgpu_error err;
    struct store_lock *a, *b, *again;
    assert_int_equal(store_lock(store, "vm-1", false, &a, &err), HVGPU_OK);
    assert_int_equal(store_lock(store, "vm-2", false, &b, &err), HVGPU_OK);
    assert_int_equal(store_lock(store, "vm-1", false, &again, &err), HVGPU_BUSY);
    assert_null(again);
    store_unlock(a);
    assert_int_equal(store_lock(store, "vm-1", true, &again, &err), HVGPU_OK);
    store_unlock(again);
    store_unlock(b);
    store_unlock(NULL);
}

static void test_locks_are_no_documents(void **state)
{
    struct store *store = store_of(state);
    struct store_lock *lock;
    assert_int_equal(store_lock(store, "vm-1", false, &lock, NULL), HVGPU_OK);
    struct seen seen = {.store = store};
    assert_int_equal(store_list(store, "", see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "");
    store_unlock(lock);
}

struct contest {
    struct store *store;
    int inside, violations;
};

static void take_turns(void *context)
{
    struct contest *contest = context;
    for (int i = 0; i < 100; i++) {
        struct store_lock *lock;
        if (store_lock(contest->store, "vm-1", true, &lock, NULL) == HVGPU_OK) {
            contest->violations += contest->inside != 0;
            contest->inside++;
            contest->inside--;
            store_unlock(lock);
        }
    }
}

static void test_threads_take_turns_under_a_lock(void **state)
{
    struct contest contest = {.store = store_of(state)};
    struct os_thread *threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(os_thread_start(&threads[i], "turns", take_turns, &contest), HVGPU_OK);
    }
    for (int i = 0; i < 3; i++) {
        os_thread_join(threads[i]);
    }
    assert_int_equal(contest.violations, 0);
    assert_int_equal(contest.inside, 0);
}

static void put_many(void *context)
{
    for (uint64_t i = 0; i < 20; i++) {
        put_number(context, "shared", i);
        (void)get_number(context, "shared");
        (void)store_generation(context);
    }
}

static void test_threads_may_write_and_read_at_once(void **state)
{
    struct os_thread *threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(os_thread_start(&threads[i], "writer", put_many, store_of(state)),
                         HVGPU_OK);
    }
    for (int i = 0; i < 3; i++) {
        os_thread_join(threads[i]);
    }
    assert_int_equal(get_number(store_of(state), "shared"), 19);
}

/* ---- memory only ---- */

static void test_a_lock_keeps_a_closed_store_alive(void **state)
{
    (void)state;
    struct store *store;
    struct store_lock *lock;
    assert_int_equal(store_open(NULL, &store, NULL), HVGPU_OK);
    assert_int_equal(store_lock(store, "a", false, &lock, NULL), HVGPU_OK);
    store_close(store);
    store_unlock(lock);
    store_close(NULL);
}

/* ---- folder only ---- */

static char *path_in(void **state, const char *name)
{
    const struct place *place = *state;
    char *path = text_format("%s/%s", place->folder, name);
    assert_non_null(path);
    return path;
}

static void test_documents_survive_closing(void **state)
{
    struct place *place = *state;
    put_number(place->store, "system-a/b", 7);
    store_close(place->store);
    assert_int_equal(store_open(place->folder, &place->store, NULL), HVGPU_OK);
    assert_int_equal(get_number(place->store, "system-a/b"), 7);
    char *path = path_in(state, "system-a%2Fb.json");
    assert_true(os_file_exists(path));
    free(path);
}

static void test_long_keys_are_kept_apart(void **state)
{
    struct store *store = store_of(state);
    char a[1001], b[1001];
    memset(a, 'x', sizeof a - 1);
    a[sizeof a - 1] = '\0';
    memcpy(b, a, sizeof b);
    b[sizeof b - 2] = 'y';
    put_number(store, a, 1);
    put_number(store, b, 2);
    assert_int_equal(get_number(store, a), 1);
    assert_int_equal(get_number(store, b), 2);
    struct seen seen = {.store = store};
    assert_int_equal(store_list(store, "xxx", see, &seen, NULL), HVGPU_OK);
    assert_int_equal(seen.count, 2);
    struct store_lock *lock;
    assert_int_equal(store_lock(store, a, false, &lock, NULL), HVGPU_OK);
    store_unlock(lock);
    assert_int_equal(store_remove(store, a, NULL), HVGPU_OK);
    struct json *document;
    assert_int_equal(store_get(store, a, &document, NULL), HVGPU_NOT_FOUND);
    assert_int_equal(get_number(store, b), 2);
}

static void test_a_damaged_file_is_reported_and_kept(void **state)
{
    struct store *store = store_of(state);
    char *path = path_in(state, "job-1.json");
    assert_int_equal(os_file_replace(path, "{\"n\":", 5, NULL), HVGPU_OK);
    struct json *document;
    struct hvgpu_error err;
    assert_int_equal(store_get(store, "job-1", &document, &err), HVGPU_PROTOCOL);
    assert_int_equal(err.status, HVGPU_PROTOCOL);
    assert_null(document);
    assert_non_null(strstr(err.message, "line 1, column 6"));
    assert_non_null(strstr(err.hint, "left as it is"));
    assert_true(os_file_exists(path));
    free(path);
    struct seen seen = {.store = store};
    assert_int_equal(store_list(store, "job-", see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "job-1;");
}

static void test_files_of_others_are_passed_over(void **state)
{
    struct store *store = store_of(state);
    static const char *const names[] = {
        "notes.txt", "job-1.json.new-abcdef", ".json", "a b.json", "a%2.json", "a%2f.json",
        "a~0.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = path_in(state, names[i]);
        assert_int_equal(os_file_replace(path, "{}", 2, NULL), HVGPU_OK);
        free(path);
    }
    struct seen seen = {.store = store};
    assert_int_equal(store_list(store, "", see, &seen, NULL), HVGPU_OK);
    assert_string_equal(seen.text, "");
}

static void test_another_process_sees_the_change(void **state)
{
    struct place *place = *state;
    struct store *other;
    assert_int_equal(store_open(place->folder, &other, NULL), HVGPU_OK);
    os_sleep_ms(120);
    uint64_t before = store_generation(other);
    put_number(place->store, "a", 5);
    assert_true(store_generation(other) > before);
    assert_int_equal(get_number(other, "a"), 5);
    struct store_lock *lock, *none;
    assert_int_equal(store_lock(place->store, "a", false, &lock, NULL), HVGPU_OK);
    assert_int_equal(store_lock(other, "a", false, &none, NULL), HVGPU_BUSY);
    store_unlock(lock);
    assert_int_equal(store_lock(other, "a", false, &lock, NULL), HVGPU_OK);
    store_unlock(lock);
    store_close(other);
}

static void test_a_lock_ends_with_its_process(void **state)
{
    struct store *store = store_of(state);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store_lock *held;
        _exit(store_lock(store, "job-1", false, &held, NULL) == HVGPU_OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct store_lock *lock;
    assert_int_equal(store_lock(store, "job-1", false, &lock, NULL), HVGPU_OK);
    store_unlock(lock);
}

static void test_a_folder_that_cannot_be_made_is_an_error(void **state)
{
    char *path = path_in(state, "file");
    assert_int_equal(os_file_replace(path, "", 0, NULL), HVGPU_OK);
    struct store *store;
    struct hvgpu_error err;
    assert_int_not_equal(store_open(path, &store, &err), HVGPU_OK);
    assert_null(store);
    assert_true(err.message[0] != '\0');
    free(path);
}

#define ON_BOTH(test)                                                                              \
    cmocka_unit_test_setup_teardown(test, open_memory, close_place),                               \
        cmocka_unit_test_setup_teardown(test, open_folder, close_place)
#define ON_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_a_document_is_put_got_replaced_and_removed),
        ON_BOTH(test_a_document_got_belongs_to_the_caller),
        ON_BOTH(test_any_id_can_be_in_a_key),
        ON_BOTH(test_empty_keys_and_documents_are_refused),
        ON_BOTH(test_keys_are_listed_by_prefix_in_order),
        ON_BOTH(test_the_store_may_change_while_it_is_listed),
        ON_BOTH(test_the_generation_grows_with_every_change),
        ON_BOTH(test_the_generation_rests_when_nothing_changes),
        ON_BOTH(test_a_lock_excludes_the_same_key_only),
        ON_BOTH(test_locks_are_no_documents),
        ON_BOTH(test_threads_may_write_and_read_at_once),
        cmocka_unit_test_setup_teardown(test_threads_take_turns_under_a_lock, open_memory,
                                        close_place),
        cmocka_unit_test(test_a_lock_keeps_a_closed_store_alive),
        ON_FOLDER(test_documents_survive_closing),
        ON_FOLDER(test_long_keys_are_kept_apart),
        ON_FOLDER(test_a_damaged_file_is_reported_and_kept),
        ON_FOLDER(test_files_of_others_are_passed_over),
        ON_FOLDER(test_another_process_sees_the_change),
        ON_FOLDER(test_a_lock_ends_with_its_process),
        ON_FOLDER(test_a_folder_that_cannot_be_made_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
