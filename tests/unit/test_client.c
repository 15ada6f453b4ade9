/* SPDX-License-Identifier: MIT
 *
 * The HCS client on a hand-made host: results, errors in words, time limits, handles, events,
 * processes with their streams, and the service's known quirks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/client.h"
#include "core/engine/hcs/hresult.h"
#include "tests/support/fake_host.h"

struct rig {
    struct fake_host *fake;
    struct hcs_engine_walls walls;
    struct client *client;
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    rig->fake = fake_new();
    fake_walls(rig->fake, &rig->walls);
    rig->client = client_new(&rig->walls.hcs, &rig->walls.host);
    fake_system(rig->fake, "vm",
                "{\"Id\":\"vm\",\"SystemType\":\"VirtualMachine\",\"State\":\"Running\"}", false);
    *state = rig;
    return rig->client == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(fake_open_handles(rig->fake, NULL), 0);
    assert_int_equal(fake_open_streams(rig->fake), 0);
    client_forget_async(rig->client);
    fake_free(rig->fake);
    client_machine_gone(rig->client);
    client_free(rig->client);
    free(rig);
    return 0;
}

static struct client_system *open_vm(struct rig *rig)
{
    struct client_system *system = NULL;
    assert_int_equal(client_open(rig->client, "vm", &system, NULL), HVGPU_OK);
    return system;
}

static struct json *parameters(bool input)
{
    struct json *json = json_new_object();
    json_add_string(json, "CommandLine", "cmd /c echo");
    json_add_bool(json, "CreateStdOutPipe", true);
    json_add_bool(json, "CreateStdErrPipe", true);
    if (input) {
        json_add_bool(json, "CreateStdInPipe", true);
    }
    return json;
}

/* ---- service and systems ---- */

static void test_service_takes_the_newest_schema_of_version_2(void **state)
{
    struct rig *rig = *state;
    struct schema_level level;
    struct hvgpu_error err;
    assert_int_equal(client_service(rig->client, &level, &err), HVGPU_OK);
    assert_int_equal(level.major, 2);
    assert_int_equal(level.minor, 5);
}

static void test_service_errors_are_told_in_words(void **state)
{
    struct rig *rig = *state;
    struct schema_level level;
    struct hvgpu_error err;
    fake_script(rig->fake, FAKE_SERVICE,
                (struct fake_reply){.start = HR_HCS_E_SERVICE_NOT_AVAILABLE}, 1);
    assert_int_equal(client_service(rig->client, &level, &err), HVGPU_UNAVAILABLE);
    assert_non_null(strstr(err.message, "HCS_E_SERVICE_NOT_AVAILABLE"));
    assert_string_equal(err.operation, "HcsGetServiceProperties");
    fake_script(rig->fake, FAKE_SERVICE, (struct fake_reply){.document = "{\"Properties\":7}"}, 1);
    assert_int_equal(client_service(rig->client, &level, &err), HVGPU_PROTOCOL);
    fake_script(rig->fake, FAKE_SERVICE, (struct fake_reply){.document = "garbage"}, 1);
    assert_int_equal(client_service(rig->client, &level, &err), HVGPU_PROTOCOL);
}

static void test_enumerate_returns_the_array(void **state)
{
    struct rig *rig = *state;
    char *answer = NULL;
    struct json *query = json_new_object();
    assert_int_equal(client_enumerate(rig->client, query, 1000, &answer, NULL), HVGPU_OK);
    assert_non_null(strstr(answer, "\"vm\""));
    json_free(query);
    free(answer);
}

static void test_answers_that_make_no_sense_are_refused(void **state)
{
    struct rig *rig = *state;
    static const char *const nonsense[] = {"", "{}", "[", "nonsense", "\"text\"", "[1"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        char *answer = NULL;
        struct hvgpu_error err;
        fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.document = nonsense[i]}, 1);
        assert_int_equal(client_enumerate(rig->client, NULL, 1000, &answer, &err), HVGPU_PROTOCOL);
        assert_string_not_equal(err.message, "");
        free(answer);
    }
    struct client_system *vm = open_vm(rig);
    struct hvgpu_error err;
    fake_script(rig->fake, FAKE_START, (struct fake_reply){.document = "not json"}, 1);
    assert_int_equal(client_start(vm, 1000, NULL, NULL, &err), HVGPU_PROTOCOL);
    fake_script(rig->fake, FAKE_START, (struct fake_reply){.document = " \r\n"}, 1);
    assert_int_equal(client_start(vm, 1000, NULL, NULL, &err), HVGPU_OK);
    client_system_drop(vm);
}

static void test_a_failed_request_brings_code_document_and_words(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct hvgpu_error err;
    int32_t code = 0;
    char *answer = NULL;
    fake_script(rig->fake, FAKE_MODIFY,
                (struct fake_reply){.result = HR_HCS_E_INVALID_JSON,
                                    .document = "{\"Error\":-2143878899,\"ErrorMessage\":\"bad "
                                                "member $.FilterType\"}"},
                1);
    struct json *request = json_new_object();
    json_add_string(request, "ResourcePath", "x");
    assert_int_equal(client_modify(vm, request, 1000, &code, &answer, &err), HVGPU_INVALID);
    assert_int_equal(code, HR_HCS_E_INVALID_JSON);
    assert_non_null(strstr(answer, "FilterType"));
    assert_non_null(strstr(err.message, "FilterType"));
    assert_string_equal(err.object, "vm");
    assert_string_equal(fake_last_modify(rig->fake), "{\"ResourcePath\":\"x\"}");
    free(answer);
    /* Refused at once: there is no operation to wait for. */
    fake_script(rig->fake, FAKE_MODIFY, (struct fake_reply){.start = HR_E_ACCESSDENIED}, 1);
    assert_int_equal(client_modify(vm, request, 1000, &code, NULL, &err), HVGPU_DENIED);
    assert_int_equal(code, HR_E_ACCESSDENIED);
    json_free(request);
    client_system_drop(vm);
}

static void test_a_time_limit_leaves_the_request_going_on(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct hvgpu_error err;
    int32_t code = 0;
    fake_script(rig->fake, FAKE_SHUTDOWN, (struct fake_reply){.delay_ms = 60}, 1);
    assert_int_equal(client_shutdown(vm, 5, &code, NULL, &err), HVGPU_TIMEOUT);
    assert_int_equal(code, HR_HCS_E_OPERATION_TIMEOUT);
    fake_script(rig->fake, FAKE_TERMINATE, (struct fake_reply){.hang = true}, 1);
    assert_int_equal(client_terminate(vm, 5, &code, NULL, &err), HVGPU_TIMEOUT);
    assert_int_equal(client_start(vm, 1000, &code, NULL, &err), HVGPU_OK);
    os_sleep_ms(80); /* the late answer arrives and finds nobody */
    client_system_drop(vm);
}

static void test_create_gives_a_handle_and_a_failed_create_none(void **state)
{
    struct rig *rig = *state;
    struct json *document = json_new_object();
    struct client_system *system = NULL;
    int32_t code = -1;
    assert_int_equal(client_create(rig->client, "new", document, 1000, &system, &code, NULL, NULL),
                     HVGPU_OK);
    assert_string_equal(client_system_id(system), "new");
    assert_int_equal(fake_open_handles(rig->fake, "new"), 1);
    client_system_keep(system);
    client_system_drop(system);
    assert_int_equal(fake_open_handles(rig->fake, "new"), 1);
    client_system_drop(system);
    assert_int_equal(fake_open_handles(rig->fake, "new"), 0);

    struct hvgpu_error err;
    fake_script(rig->fake, FAKE_CREATE, (struct fake_reply){.result = HR_HCS_E_INVALID_JSON}, 1);
    assert_int_equal(client_create(rig->client, "bad", document, 1000, &system, &code, NULL, &err),
                     HVGPU_INVALID);
    assert_null(system);
    fake_script(rig->fake, FAKE_CREATE,
                (struct fake_reply){.start = HR_HCS_E_SYSTEM_ALREADY_EXISTS}, 1);
    assert_int_equal(client_create(rig->client, "bad", document, 1000, &system, &code, NULL, &err),
                     HVGPU_EXISTS);
    /* "Not fully created yet" is a success: the handle is good. */
    fake_script(rig->fake, FAKE_CREATE, (struct fake_reply){.result = HR_HCS_E_OPERATION_PENDING},
                1);
    assert_int_equal(client_create(rig->client, "slow", document, 1000, &system, &code, NULL, &err),
                     HVGPU_OK);
    client_system_drop(system);
    json_free(document);
}

static void test_open_of_an_unknown_id_is_not_found(void **state)
{
    struct rig *rig = *state;
    struct client_system *system = NULL;
    struct hvgpu_error err;
    assert_int_equal(client_open(rig->client, "nobody", &system, &err), HVGPU_NOT_FOUND);
    assert_null(system);
    assert_string_equal(err.object, "nobody");
}

static void test_grant_access_names_the_path(void **state)
{
    struct rig *rig = *state;
    struct hvgpu_error err;
    int32_t code = 1;
    assert_int_equal(client_grant_access(rig->client, "vm", "C:\\a", &code, &err), HVGPU_OK);
    assert_int_equal(client_grant_access(rig->client, "vm", "X:\\a", &code, &err), HVGPU_NOT_FOUND);
    assert_string_equal(err.object, "X:\\a");
}

/* ---- events and exits ---- */

struct heard {
    struct os_mutex *mutex;
    unsigned count;
    uint32_t type;
    char document[128];
};

static void hear(void *context, uint32_t type, const char *id, const char *document)
{
    struct heard *heard = context;
    (void)id;
    os_mutex_lock(heard->mutex);
    heard->count++;
    heard->type = type;
    text_clean(heard->document, sizeof heard->document, document);
    os_mutex_unlock(heard->mutex);
}

static void test_events_reach_the_listener_until_it_stops(void **state)
{
    struct rig *rig = *state;
    struct heard heard = {.mutex = os_mutex_new()};
    struct client_system *vm = open_vm(rig);
    assert_int_equal(client_listen(vm, hear, &heard, NULL), HVGPU_OK);
    fake_raise(rig->fake, "vm", HCS_EVENT_SYSTEM_CRASH_INITIATED, "{\"SystemId\":\"vm\"}");
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.type, HCS_EVENT_SYSTEM_CRASH_INITIATED);
    assert_string_equal(heard.document, "{\"SystemId\":\"vm\"}");
    fake_raise(rig->fake, "vm", HCS_EVENT_OPERATION_CALLBACK, NULL);
    assert_int_equal(heard.count, 1);
    assert_int_equal(client_listen(vm, NULL, NULL, NULL), HVGPU_OK);
    fake_raise(rig->fake, "vm", HCS_EVENT_SYSTEM_EXITED, "{}");
    assert_int_equal(heard.count, 1);
    client_system_drop(vm);
    os_mutex_free(heard.mutex);
}

static void remove_later(void *context)
{
    struct rig *rig = context;
    os_sleep_ms(20);
    fake_remove(rig->fake, "vm");
    fake_raise(rig->fake, "vm", HCS_EVENT_SYSTEM_EXITED, "{\"Status\":0}");
}

static void test_wait_exit_ends_with_the_event_of_a_listening_handle(void **state)
{
    struct rig *rig = *state;
    struct heard heard = {.mutex = os_mutex_new()};
    struct client_system *vm = open_vm(rig);
    struct os_thread *thread = NULL;
    assert_int_equal(client_listen(vm, hear, &heard, NULL), HVGPU_OK);
    assert_int_equal(os_thread_start(&thread, "later", remove_later, rig), HVGPU_OK);
    int64_t before = os_now_ns();
    assert_int_equal(client_wait_exit(rig->client, "vm", 5000, NULL), HVGPU_OK);
    assert_true(os_now_ns() - before < 180 * 1000000LL); /* before the first poll */
    os_thread_join(thread);
    client_system_drop(vm);
    os_mutex_free(heard.mutex);
}

static void test_wait_exit_asks_when_nobody_listens(void **state)
{
    struct rig *rig = *state;
    struct hvgpu_error err;
    assert_int_equal(client_wait_exit(rig->client, "nobody", 1000, NULL), HVGPU_OK);
    assert_int_equal(client_wait_exit(rig->client, "vm", 30, &err), HVGPU_TIMEOUT);
    fake_system(rig->fake, "vm", "{\"Id\":\"vm\",\"State\":\"Stopped\"}", false);
    assert_int_equal(client_wait_exit(rig->client, "vm", 1000, NULL), HVGPU_OK);
}

/* ---- processes ---- */

static void test_run_collects_output_errors_and_exit_code(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    char *out = NULL, errors[64];
    size_t len = 0;
    uint32_t exit_code = 0;
    int32_t code = 0;
    fake_program(rig->fake,
                 (struct fake_program){.output = "hello", .errors = "warn\x1b[2J", .exit_code = 7});
    assert_int_equal(
        client_run(vm, json, 2000, 100, &out, &len, errors, sizeof errors, &exit_code, &code, NULL),
        HVGPU_OK);
    assert_string_equal(out, "hello");
    assert_int_equal(len, 5);
    assert_int_equal(exit_code, 7);
    assert_null(strchr(errors, '\x1b'));
    free(out);
    /* More than the maximum is read and dropped. */
    assert_int_equal(client_run(vm, json, 2000, 2, &out, &len, NULL, 0, &exit_code, &code, NULL),
                     HVGPU_OK);
    assert_string_equal(out, "he");
    free(out);
    json_free(json);
    client_system_drop(vm);
}

static void test_run_kills_what_does_not_end(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct hvgpu_error err;
    char *out = NULL;
    size_t len = 0;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.output = "x", .stays = true});
    assert_int_equal(client_run(vm, json, 30, 100, &out, &len, NULL, 0, NULL, &code, &err),
                     HVGPU_TIMEOUT);
    assert_null(out);
    assert_int_equal(fake_kills(rig->fake), 1);
    json_free(json);
    client_system_drop(vm);
}

static void stop_later(void *context)
{
    os_sleep_ms(20);
    client_stop(context);
}

static void test_a_run_ends_when_the_client_is_stopped(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct os_thread *thread = NULL;
    struct hvgpu_error err;
    char *out = NULL;
    size_t len = 0;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.stays = true});
    assert_int_equal(os_thread_start(&thread, "stop", stop_later, rig->client), HVGPU_OK);
    int64_t before = os_now_ns();
    assert_int_equal(client_run(vm, json, 20000, 100, &out, &len, NULL, 0, NULL, &code, &err),
                     HVGPU_CANCELLED);
    assert_true(os_now_ns() - before < 1000 * 1000000LL);
    os_thread_join(thread);
    json_free(json);
    client_system_drop(vm);
}

static void test_streams_that_the_host_never_closes_are_closed_after_the_exit(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    char *out = NULL;
    size_t len = 0;
    uint32_t exit_code = 9;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.output = "last words", .open_output = true});
    int64_t before = os_now_ns();
    assert_int_equal(client_run(vm, json, 5000, 100, &out, &len, NULL, 0, &exit_code, &code, NULL),
                     HVGPU_OK);
    int64_t took_ms = (os_now_ns() - before) / 1000000;
    assert_true(took_ms >= 900 && took_ms < 3000);
    assert_string_equal(out, "last words");
    assert_int_equal(exit_code, 0);
    free(out);
    json_free(json);
    client_system_drop(vm);
}

static void test_an_exit_without_an_event_is_found_by_asking(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct client_process *process = NULL;
    uint32_t exit_code = 0;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.silent_end = true, .exit_code = 0xC0000005u});
    assert_int_equal(client_process_start(vm, json, 1000, &process, &code, NULL, NULL), HVGPU_OK);
    assert_int_not_equal(client_process_id(process), 0);
    assert_int_equal(client_process_wait(process, 3000, &exit_code, NULL), HVGPU_OK);
    assert_int_equal(exit_code, 0xC0000005u);
    client_process_drop(process);
    json_free(json);
    client_system_drop(vm);
}

static void test_a_spurious_invalid_argument_is_recovered_from(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct client_process *process = NULL;
    int32_t code = 0;
    fake_script(rig->fake, FAKE_CREATE_PROCESS, (struct fake_reply){.result = HR_E_INVALIDARG}, 1);
    fake_program(rig->fake, (struct fake_program){.output = "alive"});
    assert_int_equal(client_process_start(vm, json, 1000, &process, &code, NULL, NULL), HVGPU_OK);
    assert_int_equal(fake_count(rig->fake, FAKE_PROCESS_INFO), 1);
    char buffer[16];
    size_t got = 0;
    assert_int_equal(client_process_read(process, false, buffer, sizeof buffer, &got, NULL),
                     HVGPU_OK);
    assert_int_equal(got, 5);
    assert_int_equal(client_process_read(process, false, buffer, sizeof buffer, &got, NULL),
                     HVGPU_OK);
    assert_int_equal(got, 0);
    client_process_drop(process);
    json_free(json);
    client_system_drop(vm);
}

static void test_input_is_written_and_its_end_is_told_to_the_guest(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(true);
    struct client_process *process = NULL;
    struct hvgpu_error err;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.stays = true});
    assert_int_equal(client_process_start(vm, json, 1000, &process, &code, NULL, NULL), HVGPU_OK);
    assert_int_equal(client_process_write(process, "dir\n", 4, NULL), HVGPU_OK);
    assert_int_equal(client_process_resize(process, 120, 40, NULL), HVGPU_OK);
    assert_string_equal(fake_last_modify(rig->fake),
                        "{\"Operation\":\"ConsoleSize\",\"ConsoleSize\":"
                        "{\"Height\":40,\"Width\":120}}");
    assert_int_equal(client_process_end_input(process, NULL), HVGPU_OK);
    assert_string_equal(fake_last_modify(rig->fake),
                        "{\"Operation\":\"CloseHandle\",\"CloseHandle\":{\"Handle\":\"StdIn\"}}");
    assert_int_equal(client_process_write(process, "x", 1, &err), HVGPU_INVALID);
    assert_int_equal(client_process_kill(process, NULL), HVGPU_OK);
    uint32_t exit_code = 0;
    assert_int_equal(client_process_wait(process, 1000, &exit_code, NULL), HVGPU_OK);
    assert_int_equal(exit_code, 0xC000013Au);
    client_process_drop(process);
    json_free(json);
    client_system_drop(vm);
}

static void test_killing_what_is_dead_already_is_a_success(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct client_process *process = NULL;
    struct hvgpu_error err;
    int32_t code = 0;
    assert_int_equal(client_process_start(vm, json, 1000, &process, &code, NULL, NULL), HVGPU_OK);
    static const int32_t dead[] = {(int32_t)0x8037011Fu, (int32_t)0x8037011Bu, (int32_t)0x80370110u,
                                   (int32_t)0xC0370110u};
    for (size_t i = 0; i < sizeof dead / sizeof *dead; i++) {
        fake_script(rig->fake, FAKE_TERMINATE_PROCESS, (struct fake_reply){.result = dead[i]}, 1);
        assert_int_equal(client_process_kill(process, &err), HVGPU_OK);
    }
    fake_script(rig->fake, FAKE_TERMINATE_PROCESS, (struct fake_reply){.result = HR_E_FAIL}, 1);
    assert_int_equal(client_process_kill(process, &err), HVGPU_FAILED);
    client_process_drop(process);
    json_free(json);
    client_system_drop(vm);
}

static void test_a_process_whose_service_is_gone_is_lost(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct client_process *process = NULL;
    struct hvgpu_error err;
    uint32_t exit_code = 0;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.stays = true});
    assert_int_equal(client_process_start(vm, json, 1000, &process, &code, NULL, NULL), HVGPU_OK);
    fake_script(rig->fake, FAKE_PROCESS_PROPERTIES,
                (struct fake_reply){.start = HR_HCS_E_SERVICE_DISCONNECT}, 0);
    assert_int_equal(client_process_wait(process, 1000, &exit_code, &err), HVGPU_LOST);
    client_process_drop(process);
    json_free(json);
    client_system_drop(vm);
}

static void test_a_process_start_that_makes_no_sense_is_killed(void **state)
{
    struct rig *rig = *state;
    struct client_system *vm = open_vm(rig);
    struct json *json = parameters(false);
    struct client_process *process = NULL;
    struct hvgpu_error err;
    int32_t code = 0;
    fake_program(rig->fake, (struct fake_program){.stays = true});
    fake_script(rig->fake, FAKE_CREATE_PROCESS, (struct fake_reply){.document = "[nonsense"}, 1);
    assert_int_equal(client_process_start(vm, json, 1000, &process, &code, NULL, &err),
                     HVGPU_PROTOCOL);
    assert_null(process);
    assert_int_equal(fake_kills(rig->fake), 1);
    json_free(json);
    client_system_drop(vm);
}

/* ---- asynchronous reads ---- */

struct answers {
    struct os_mutex *mutex;
    struct os_cond *cond;
    unsigned count;
    int32_t code;
};

static void count_answer(void *context, int32_t code, const char *document)
{
    struct answers *answers = context;
    (void)document;
    os_mutex_lock(answers->mutex);
    answers->count++;
    answers->code = code;
    os_cond_signal(answers->cond);
    os_mutex_unlock(answers->mutex);
}

static void test_asynchronous_reads_answer_once(void **state)
{
    struct rig *rig = *state;
    struct answers answers = {.mutex = os_mutex_new(), .cond = os_cond_new()};
    struct client_system *vm = open_vm(rig);
    assert_int_equal(client_enumerate_async(rig->client, NULL, count_answer, &answers, NULL),
                     HVGPU_OK);
    assert_int_equal(client_properties_async(vm, NULL, count_answer, &answers, NULL), HVGPU_OK);
    fake_script(rig->fake, FAKE_PROPERTIES, (struct fake_reply){.start = HR_E_FAIL}, 1);
    struct hvgpu_error err;
    assert_int_equal(client_properties_async(vm, NULL, count_answer, &answers, &err), HVGPU_FAILED);
    os_mutex_lock(answers.mutex);
    while (answers.count < 2) {
        os_cond_wait(answers.cond, answers.mutex, INT64_MAX);
    }
    os_mutex_unlock(answers.mutex);
    /* One that never answers is forgotten, and its context is not touched any more. */
    fake_script(rig->fake, FAKE_ENUMERATE, (struct fake_reply){.delay_ms = 40}, 1);
    assert_int_equal(client_enumerate_async(rig->client, NULL, count_answer, &answers, NULL),
                     HVGPU_OK);
    client_forget_async(rig->client);
    os_sleep_ms(60);
    assert_int_equal(answers.count, 2);
    client_system_drop(vm);
    os_cond_free(answers.cond);
    os_mutex_free(answers.mutex);
}

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(test_service_takes_the_newest_schema_of_version_2),
        CLIENT_TEST(test_service_errors_are_told_in_words),
        CLIENT_TEST(test_enumerate_returns_the_array),
        CLIENT_TEST(test_answers_that_make_no_sense_are_refused),
        CLIENT_TEST(test_a_failed_request_brings_code_document_and_words),
        CLIENT_TEST(test_a_time_limit_leaves_the_request_going_on),
        CLIENT_TEST(test_create_gives_a_handle_and_a_failed_create_none),
        CLIENT_TEST(test_open_of_an_unknown_id_is_not_found),
        CLIENT_TEST(test_grant_access_names_the_path),
        CLIENT_TEST(test_events_reach_the_listener_until_it_stops),
        CLIENT_TEST(test_wait_exit_ends_with_the_event_of_a_listening_handle),
        CLIENT_TEST(test_wait_exit_asks_when_nobody_listens),
        CLIENT_TEST(test_run_collects_output_errors_and_exit_code),
        CLIENT_TEST(test_run_kills_what_does_not_end),
        CLIENT_TEST(test_streams_that_the_host_never_closes_are_closed_after_the_exit),
        CLIENT_TEST(test_an_exit_without_an_event_is_found_by_asking),
        CLIENT_TEST(test_a_spurious_invalid_argument_is_recovered_from),
        CLIENT_TEST(test_input_is_written_and_its_end_is_told_to_the_guest),
        CLIENT_TEST(test_killing_what_is_dead_already_is_a_success),
        CLIENT_TEST(test_a_process_whose_service_is_gone_is_lost),
        CLIENT_TEST(test_a_process_start_that_makes_no_sense_is_killed),
        CLIENT_TEST(test_asynchronous_reads_answer_once),
        CLIENT_TEST(test_a_run_ends_when_the_client_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
