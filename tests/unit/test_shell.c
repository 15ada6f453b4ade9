/* SPDX-License-Identifier: MIT
 *
 * The in-process shell of the simulated machine: the API's rules for operations, callbacks, handles
 * and streams, with real threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "tests/support/shell_fixture.h"

static bool eventually(atomic_int *what, int value)
{
    for (int i = 0; i < 5000 && atomic_load(what) < value; i++) {
        os_sleep_ms(1);
    }
    return atomic_load(what) >= value;
}

static void test_vm_lives_through_the_wall(void **state)
{
    (void)state;
    struct shell_fixture f;
    hcs_system vm = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    assert_non_null(f.machine);
    char *document = shell_fixture_vm_document(&f, "vm", false);
    int64_t before = os_now_ns();
    assert_int_equal(shell_fixture_create(&f, "vm", document, &vm), 0);
    assert_int_equal(shell_fixture_start(&f, vm), 0);
    /* A stepped clock lets nobody wait for the 0.9 s of the start. */
    assert_true(os_now_ns() - before < INT64_C(800000000));
    assert_true(shell_fixture_listed(&f, "vm"));
    assert_int_equal(shell_fixture_create(&f, "x", "{\"Nothing\":1}", &vm), HR_HCS_E_INVALID_JSON);
    assert_non_null(strstr(f.document, "Nothing"));
    free(document);
    shell_fixture_close(&f);
}

static void test_operation_tells_its_state(void **state)
{
    (void)state;
    struct shell_fixture f;
    shell_fixture_open(&f, NULL, false, NULL);
    const struct hcs_api *hcs = f.hcs;
    hcs_operation op = hcs->HcsCreateOperation(f.machine, &f, NULL);
    hcs_char *document = NULL;
    struct hcs_process_information information;
    assert_ptr_equal(hcs->HcsGetOperationContext(f.machine, op), &f);
    assert_int_equal(hcs->HcsGetOperationResult(f.machine, op, &document),
                     HR_HCS_E_OPERATION_NOT_STARTED);
    assert_int_equal(hcs->HcsCancelOperation(f.machine, op), HR_E_NOTIMPL);
    char *vm_document = shell_fixture_vm_document(&f, "vm", false);
    hcs_system vm = NULL;
    assert_int_equal(shell_fixture_create(&f, "vm", vm_document, &vm), 0);
    free(vm_document);
    assert_int_equal(hcs->HcsStartComputeSystem(f.machine, vm, op, NULL), 0);
    assert_int_equal(hcs->HcsStartComputeSystem(f.machine, vm, op, NULL),
                     HR_HCS_E_OPERATION_ALREADY_STARTED);
    assert_int_equal(hcs->HcsGetOperationResult(f.machine, op, &document),
                     HR_HCS_E_OPERATION_PENDING);
    assert_int_equal(hcs->HcsWaitForOperationResult(f.machine, op, 20, &document),
                     HR_HCS_E_OPERATION_TIMEOUT);
    assert_int_equal(hcs->HcsWaitForOperationResult(f.machine, op, HCS_INFINITE, &document), 0);
    assert_int_equal(
        hcs->HcsGetOperationResultAndProcessInfo(f.machine, op, &information, &document),
        HR_E_INVALIDARG);
    /* It can be used again. */
    assert_int_equal(hcs->HcsEnumerateComputeSystems(f.machine, NULL, op), 0);
    assert_int_equal(hcs->HcsWaitForOperationResult(f.machine, op, 5000, &document), 0);
    assert_non_null(document);
    hcs->LocalFree(f.machine, document);
    hcs->HcsCloseOperation(f.machine, op);
    hcs->HcsCloseComputeSystem(f.machine, vm);
    shell_fixture_close(&f);
}

struct counter {
    struct shell_fixture *f;
    atomic_int calls, inside;
    int sleep_ms;
    bool close_operation;
    atomic_bool foreign;
    struct os_mutex *mutex;
};

static _Thread_local int main_thread;

static void count_completion(hcs_operation operation, void *context)
{
    struct counter *counter = context;
    atomic_store(&counter->foreign, main_thread == 0);
    if (counter->close_operation) {
        counter->f->hcs->HcsCloseOperation(counter->f->machine, operation);
    }
    atomic_fetch_add(&counter->calls, 1);
}

static void test_completion_runs_on_a_foreign_thread_and_may_close_itself(void **state)
{
    (void)state;
    struct shell_fixture f;
    main_thread = 1;
    shell_fixture_open(&f, NULL, false, NULL);
    struct counter counter = {.f = &f, .close_operation = true};
    for (int i = 0; i < 200; i++) {
        hcs_operation op = f.hcs->HcsCreateOperation(f.machine, &counter, count_completion);
        assert_int_equal(f.hcs->HcsEnumerateComputeSystems(f.machine, NULL, op), 0);
    }
    assert_true(eventually(&counter.calls, 200));
    assert_true(atomic_load(&counter.foreign));
    shell_fixture_close(&f);
}

static void test_operation_closed_in_flight_is_forgotten(void **state)
{
    (void)state;
    struct shell_fixture f;
    shell_fixture_open(&f, NULL, false, NULL);
    struct counter counter = {.f = &f};
    for (int i = 0; i < 50; i++) {
        hcs_operation op = f.hcs->HcsCreateOperation(f.machine, &counter, count_completion);
        assert_int_equal(f.hcs->HcsEnumerateComputeSystems(f.machine, NULL, op), 0);
        f.hcs->HcsCloseOperation(f.machine, op);
    }
    assert_int_equal(shell_fixture_enumerate(&f), 0);
    shell_fixture_close(&f);
}

static void slow_event(struct hcs_event *event, void *context)
{
    struct counter *counter = context;
    assert_non_null(event);
    atomic_store(&counter->inside, 1);
    os_sleep_ms((unsigned)counter->sleep_ms);
    atomic_store(&counter->inside, 0);
    atomic_fetch_add(&counter->calls, 1);
}

static void test_close_waits_for_the_callback_in_flight(void **state)
{
    (void)state;
    struct shell_fixture f;
    hcs_system vm = NULL;
    hcs_system second = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    struct counter counter = {.f = &f, .sleep_ms = 100};
    char *document = shell_fixture_vm_document(&f, "vm", false);
    assert_int_equal(shell_fixture_create(&f, "vm", document, &vm), 0);
    assert_int_equal(f.hcs->HcsSetComputeSystemCallback(f.machine, vm, HCS_EVENT_OPTION_NONE,
                                                        &counter, slow_event),
                     0);
    assert_int_equal(shell_fixture_open_system(&f, "vm", &second), 0);
    hcs_operation op = f.hcs->HcsCreateOperation(f.machine, NULL, NULL);
    assert_int_equal(f.hcs->HcsTerminateComputeSystem(f.machine, second, op, NULL), 0);
    assert_true(eventually(&counter.inside, 1));
    f.hcs->HcsCloseComputeSystem(f.machine, vm);
    assert_int_equal(atomic_load(&counter.inside), 0);
    assert_int_equal(atomic_load(&counter.calls), 1);
    f.hcs->HcsCloseOperation(f.machine, op);
    f.hcs->HcsCloseComputeSystem(f.machine, second);
    free(document);
    shell_fixture_close(&f);
}

static void close_self(struct hcs_event *event, void *context)
{
    (void)event;
    struct counter *counter = context;
    atomic_fetch_add(&counter->calls, 1);
}

static void test_unregistered_callback_is_not_called_again(void **state)
{
    (void)state;
    struct shell_fixture f;
    hcs_system vm = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    struct counter counter = {.f = &f};
    char *document = shell_fixture_vm_document(&f, "vm", false);
    assert_int_equal(shell_fixture_create(&f, "vm", document, &vm), 0);
    f.hcs->HcsSetComputeSystemCallback(f.machine, vm, 0, &counter, close_self);
    f.hcs->HcsSetComputeSystemCallback(f.machine, vm, 0, NULL, NULL);
    assert_int_equal(shell_fixture_terminate(&f, vm), 0);
    assert_int_equal(shell_fixture_enumerate(&f), 0);
    assert_int_equal(atomic_load(&counter.calls), 0);
    free(document);
    shell_fixture_close(&f);
}

static hcs_system running_vm(struct shell_fixture *f)
{
    hcs_system vm = NULL;
    char *document = shell_fixture_vm_document(f, "vm", false);
    assert_int_equal(shell_fixture_create(f, "vm", document, &vm), 0);
    assert_int_equal(shell_fixture_start(f, vm), 0);
    free(document);
    return vm;
}

static size_t read_all(struct shell_fixture *f, hcs_stream stream, char *out, size_t size)
{
    size_t used = 0;
    size_t got = 1;
    while (got > 0 && used + 1 < size &&
           f->host->stream_read(f->machine, stream, out + used, size - used - 1, &got) == 0) {
        used += got;
    }
    out[used] = '\0';
    return used;
}

static void test_output_of_a_process_is_read_to_its_end(void **state)
{
    (void)state;
    struct shell_fixture f;
    char out[512];
    hcs_process process = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    hcs_system vm = running_vm(&f);
    assert_int_equal(shell_fixture_run(&f, vm, "cmd /c echo hello", &process), 0);
    struct hcs_process_information information = f.information;
    assert_true(information.process_id > 0);
    assert_null(information.std_error);
    read_all(&f, information.std_output, out, sizeof(out));
    assert_non_null(strstr(out, "hello"));
    f.host->stream_close(f.machine, information.std_output);
    f.host->stream_close(f.machine, information.std_input);
    f.hcs->HcsCloseProcess(f.machine, process);
    f.hcs->HcsCloseComputeSystem(f.machine, vm);
    shell_fixture_close(&f);
}

static void test_input_reaches_the_process(void **state)
{
    (void)state;
    struct shell_fixture f;
    char out[1024];
    hcs_process process = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    hcs_system vm = running_vm(&f);
    assert_int_equal(shell_fixture_run(&f, vm, "cmd", &process), 0);
    struct hcs_process_information information = f.information;
    assert_int_equal(
        f.host->stream_write(f.machine, information.std_input, "echo abc\r\nexit\r\n", 16), 0);
    read_all(&f, information.std_output, out, sizeof(out));
    assert_non_null(strstr(out, "abc"));
    f.host->stream_close(f.machine, information.std_output);
    f.host->stream_close(f.machine, information.std_input);
    f.hcs->HcsCloseProcess(f.machine, process);
    shell_fixture_close(&f);
}

struct reader {
    struct shell_fixture *f;
    hcs_stream stream;
    hcs_result result;
    atomic_int done;
};

static void read_blocking(void *context)
{
    struct reader *reader = context;
    char byte[64];
    size_t got = 1;
    reader->result = 0;
    while (reader->result == 0 && got > 0) {
        reader->result = reader->f->host->stream_read(reader->f->machine, reader->stream, byte,
                                                      sizeof(byte), &got);
    }
    atomic_store(&reader->done, 1);
}

static void test_closing_a_stream_ends_a_read_in_flight(void **state)
{
    (void)state;
    struct shell_fixture f;
    hcs_process process = NULL;
    struct os_thread *thread = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    hcs_system vm = running_vm(&f);
    assert_int_equal(shell_fixture_run(&f, vm, "cmd", &process), 0);
    struct reader reader = {.f = &f, .stream = f.information.std_output};
    assert_int_equal(os_thread_start(&thread, "reader", read_blocking, &reader), HVGPU_OK);
    os_sleep_ms(30);
    assert_int_equal(atomic_load(&reader.done), 0);
    f.host->stream_close(f.machine, reader.stream);
    os_thread_join(thread);
    assert_int_equal(reader.result, HR_ERROR_BROKEN_PIPE);
    shell_fixture_close(&f);
}

static void test_lone_surrogates_and_foreign_letters_are_converted(void **state)
{
    (void)state;
    struct shell_fixture f;
    hcs_system system = NULL;
    shell_fixture_open(&f, NULL, true, NULL);
    const hcs_char lone[] = {'v', 0xD800, 'm', 0};
    assert_int_equal(f.hcs->HcsOpenComputeSystem(f.machine, lone, HCS_GENERIC_ALL, &system),
                     HR_HCS_E_SYSTEM_NOT_FOUND);
    char *document = shell_fixture_vm_document(&f, "vm-\xC3\xA4\xF0\x9F\x98\x80", false);
    assert_int_equal(shell_fixture_create(&f, "vm-\xC3\xA4\xF0\x9F\x98\x80", document, &system), 0);
    assert_true(shell_fixture_listed(&f, "vm-\xC3\xA4\xF0\x9F\x98\x80"));
    free(document);
    shell_fixture_close(&f);
}

static void count_change(void *context, const struct host_change *change)
{
    struct counter *counter = context;
    assert_non_null(change->json);
    atomic_fetch_add(&counter->calls, 1);
}

static void test_watch_sees_changes_until_it_ends(void **state)
{
    (void)state;
    struct shell_fixture f;
    shell_fixture_open(&f, NULL, true, NULL);
    struct counter counter = {.f = &f};
    assert_int_equal(f.host->watch(f.machine, count_change, &counter), 0);
    hcs_system vm = running_vm(&f);
    assert_true(eventually(&counter.calls, 2));
    assert_int_equal(f.host->watch(f.machine, NULL, NULL), 0);
    int seen = atomic_load(&counter.calls);
    shell_fixture_terminate(&f, vm);
    assert_int_equal(atomic_load(&counter.calls), seen);
    shell_fixture_close(&f);
}

struct hanger {
    struct shell_fixture *f;
    hcs_result result;
};

static void call_that_hangs(void *context)
{
    struct hanger *hanger = context;
    bool is_folder = false;
    hanger->result = hanger->f->host->exists(hanger->f->machine, "C:\\x", &is_folder);
}

static void test_hanging_call_returns_when_the_machine_closes(void **state)
{
    (void)state;
    char call[] = "host.exists";
    const struct scenario_fault fault = {.call = call, .kind = FAULT_HANG};
    struct shell_fixture f;
    struct os_thread *thread = NULL;
    shell_fixture_open(&f, NULL, false, &fault);
    struct hanger hanger = {.f = &f};
    assert_int_equal(os_thread_start(&thread, "hangs", call_that_hangs, &hanger), HVGPU_OK);
    os_sleep_ms(20);
    assert_int_equal(shell_fixture_enumerate(&f), 0); /* nothing else stops */
    f.walls.close(f.machine);
    os_thread_join(thread);
    assert_int_equal(hanger.result, HR_E_UNEXPECTED);
    free(f.document);
}

static void test_failing_synchronous_calls_answer_the_code(void **state)
{
    (void)state;
    char call[] = "*";
    char match[] = "C:\\x";
    const struct scenario_fault fault = {
        .call = call, .match = match, .kind = FAULT_FAIL, .nth = 2, .code = HR_ERROR_DISK_FULL};
    struct shell_fixture f;
    shell_fixture_open(&f, NULL, true, &fault);
    assert_int_equal(f.host->make_folder(f.machine, "C:\\x"), 0);
    assert_int_equal(f.host->copy_file(f.machine, "C:\\x", "C:\\y"), HR_ERROR_DISK_FULL);
    assert_int_equal(f.host->delete_tree(f.machine, "C:\\x"), 0);
    shell_fixture_close(&f);
}

/* This program again: killed at its first enumeration, before or after it was served. */
static int child_main(bool after)
{
    char call[] = "HcsEnumerateComputeSystems";
    const struct scenario_fault fault = {.call = call,
                                         .kind = after ? FAULT_KILL_AFTER : FAULT_KILL};
    struct shell_fixture f;
    shell_fixture_open(&f, NULL, true, &fault);
    shell_fixture_enumerate(&f);
    return 0;
}

static void test_kill_fault_kills_the_process(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "child", after ? "after" : "before", (char *)NULL);
            _exit(127);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), 9);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return child_main(strcmp(argv[1], "after") == 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vm_lives_through_the_wall),
        cmocka_unit_test(test_operation_tells_its_state),
        cmocka_unit_test(test_completion_runs_on_a_foreign_thread_and_may_close_itself),
        cmocka_unit_test(test_operation_closed_in_flight_is_forgotten),
        cmocka_unit_test(test_close_waits_for_the_callback_in_flight),
        cmocka_unit_test(test_unregistered_callback_is_not_called_again),
        cmocka_unit_test(test_output_of_a_process_is_read_to_its_end),
        cmocka_unit_test(test_input_reaches_the_process),
        cmocka_unit_test(test_closing_a_stream_ends_a_read_in_flight),
        cmocka_unit_test(test_lone_surrogates_and_foreign_letters_are_converted),
        cmocka_unit_test(test_watch_sees_changes_until_it_ends),
        cmocka_unit_test(test_hanging_call_returns_when_the_machine_closes),
        cmocka_unit_test(test_failing_synchronous_calls_answer_the_code),
        cmocka_unit_test(test_kill_fault_kills_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
