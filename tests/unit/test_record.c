/* SPDX-License-Identifier: MIT
 *
 * Records: ownership, cleaning, and events in one piece.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/record.h"

static void test_record_is_zeroed_and_owns_its_texts(void **state)
{
    (void)state;
    struct hvgpu_image *image = record_new(sizeof *image);
    assert_non_null(image);
    assert_null(image->name);
    char name[] = "nanoserver";
    image->name = record_text(image, name);
    name[0] = 'X';
    assert_string_equal(image->name, "nanoserver");
    assert_null(record_text(image, NULL));
    assert_string_equal(record_text(image, ""), "");
    hvgpu_record_drop(image);
    hvgpu_record_drop(NULL);
}

static void test_record_text_is_cleaned(void **state)
{
    (void)state;
    void *record = record_new(1);
    const char *text = record_text(record, "a\x1b[31mred\nline\tend");
    assert_null(strchr(text, 0x1b));
    assert_null(strchr(text, '\n'));
    assert_non_null(strstr(text, "red line end"));
    const char *lines = record_lines(record, "one\n\ttwo\x07");
    assert_true(strncmp(lines, "one\n\ttwo", 8) == 0);
    assert_null(strchr(lines, 0x07));
    assert_string_equal(record_textf(record, "%d of %s", 3, "four"), "3 of four");
    hvgpu_record_drop(record);
}

static void test_record_formats_texts_longer_than_its_buffer(void **state)
{
    (void)state;
    void *record = record_new(1);
    char letters[5000];
    memset(letters, 'x', sizeof letters - 1);
    letters[sizeof letters - 1] = '\0';
    const char *text = record_textf(record, "<%s>", letters);
    assert_int_equal(strlen(text), sizeof letters + 1);
    assert_int_equal(text[0], '<');
    assert_int_equal(text[strlen(text) - 1], '>');
    hvgpu_record_drop(record);
}

static void test_reserved_room_holds_the_texts_and_more_may_follow(void **state)
{
    (void)state;
    for (size_t room = 0; room < 300; room += 7) {
        struct hvgpu_system *system = record_new(sizeof *system);
        record_reserve(system, room);
        system->id = record_text(system, "fe78c3c85d770307f0f16ab2f0553b59");
        system->owner = record_text(system, "docker");
        struct hvgpu_assignment *list = record_alloc(system, 40 * sizeof *list);
        assert_non_null(list);
        memset(list, 0x5a, 40 * sizeof *list);
        system->image = record_text(system, "mcr.microsoft.com/windows/server:ltsc2022");
        assert_string_equal(system->id, "fe78c3c85d770307f0f16ab2f0553b59");
        assert_string_equal(system->owner, "docker");
        assert_string_equal(system->image, "mcr.microsoft.com/windows/server:ltsc2022");
        hvgpu_record_drop(system);
    }
}

static void test_record_gives_aligned_zeroed_memory_of_any_size(void **state)
{
    (void)state;
    void *record = record_new(8);
    for (size_t size = 0; size < 3000; size = size * 2 + 1) {
        record_text(record, "odd");
        unsigned char *memory = record_alloc(record, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xff, size);
    }
    hvgpu_record_drop(record);
}

static void test_record_keeps_its_children_alive(void **state)
{
    (void)state;
    struct hvgpu_image *child = record_new(sizeof *child);
    child->name = record_text(child, "child");
    void *owner = record_new(1);
    record_own(owner, child);
    record_own(owner, NULL);
    hvgpu_record_drop(child);
    assert_string_equal(child->name, "child"); /* the owner has it; under ASan this is the test */
    hvgpu_record_keep(child);
    hvgpu_record_drop(owner);
    assert_string_equal(child->name, "child");
    hvgpu_record_drop(child);
}

static void test_event_is_cleaned_and_terminated(void **state)
{
    (void)state;
    struct hvgpu_event numbers = {.sequence = 7, .time_ms = 8, .type = 9, .severity = 1};
    struct hvgpu_event *event =
        record_event_new(&numbers, "Kind", "id\x1b]0;x", "{\"a\":\"\x01\"}");
    assert_int_equal(event->sequence, 7);
    assert_int_equal(event->time_ms, 8);
    assert_int_equal(event->type, 9);
    assert_string_equal(event->kind, "Kind");
    assert_null(strchr(event->system_id, 0x1b));
    assert_null(strchr(event->json, 0x01));
    hvgpu_record_drop(event);
    event = record_event_new(&numbers, NULL, NULL, NULL);
    assert_string_equal(event->kind, "");
    assert_string_equal(event->system_id, "");
    assert_string_equal(event->json, "");
    hvgpu_record_drop(event);
}

static void test_event_document_is_cut_and_marked_without_cutting_a_character(void **state)
{
    (void)state;
    size_t len = RECORD_EVENT_JSON_MAX + 100;
    char *json = malloc(len + 1);
    memset(json, 'x', len);
    json[len] = '\0';
    memcpy(json + RECORD_EVENT_JSON_MAX - 1, "\xc3\xa4", 2); /* a character across the limit */
    struct hvgpu_event numbers = {0};
    struct hvgpu_event *event = record_event_new(&numbers, "K", "", json);
    assert_non_null(strstr(event->json, " [cut: 65535 of 65636 bytes]"));
    assert_null(strstr(event->json, "\xef\xbf\xbd"));
    assert_int_equal(strlen(event->json), 65535 + strlen(" [cut: 65535 of 65636 bytes]"));
    hvgpu_record_drop(event);
    json[RECORD_EVENT_JSON_MAX - 1] = '\0';
    event = record_event_new(&numbers, "K", "", json);
    assert_int_equal(strlen(event->json), RECORD_EVENT_JSON_MAX - 1);
    hvgpu_record_drop(event);
    free(json);
}

static void keep_and_drop(void *context)
{
    for (int i = 0; i < 20000; i++) {
        hvgpu_record_drop(hvgpu_record_keep(context));
    }
}

static void test_references_are_counted_across_threads(void **state)
{
    (void)state;
    struct hvgpu_image *image = record_new(sizeof *image);
    image->name = record_text(image, "shared");
    struct os_thread *threads[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(os_thread_start(&threads[i], "keep", keep_and_drop, image), HVGPU_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        os_thread_join(threads[i]);
    }
    assert_string_equal(image->name, "shared");
    hvgpu_record_drop(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_is_zeroed_and_owns_its_texts),
        cmocka_unit_test(test_record_text_is_cleaned),
        cmocka_unit_test(test_record_formats_texts_longer_than_its_buffer),
        cmocka_unit_test(test_reserved_room_holds_the_texts_and_more_may_follow),
        cmocka_unit_test(test_record_gives_aligned_zeroed_memory_of_any_size),
        cmocka_unit_test(test_record_keeps_its_children_alive),
        cmocka_unit_test(test_event_is_cleaned_and_terminated),
        cmocka_unit_test(test_event_document_is_cut_and_marked_without_cutting_a_character),
        cmocka_unit_test(test_references_are_counted_across_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
