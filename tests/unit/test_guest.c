/* SPDX-License-Identifier: MIT
 *
 * Ordinary programs in the simulated guests.
 */
#include "tests/support/guest_machine.h"

static void test_cmd_runs_built_in_commands_and_programs(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    run(f, f->container, "cmd /c echo Hello  \"world\"");
    assert_string_equal(f->out, "Hello  \"world\"\r\n");
    run(f, f->container, "cmd.exe /S /C \"echo inside\"");
    assert_string_equal(f->out, "inside\r\n");
    run(f, f->container, "cmd /c exit 7");
    assert_int_equal(f->exit_code, 7);
    run(f, f->container, "cmd /c ver");
    assert_non_null(strstr(f->out, "10.0.20348"));
    run(f, f->container, "cmd /c dir");
    assert_non_null(strstr(f->out, "Windows"));
    run(f, f->container, "cmd /c hostname");
    assert_string_equal(f->out, "gold\r\n");
    run(f, f->container, "cmd /c nosuch");
    assert_int_equal(f->exit_code, 1);
    assert_non_null(strstr(f->err, "'nosuch' is not recognized"));
    run(f, f->container, "cmd /c set");
    assert_non_null(strstr(f->out, "COMPUTERNAME=gold"));
    run(f, f->container, "C:\\Windows\\System32\\whoami.exe");
    assert_string_equal(f->out, "user manager\\containeradministrator\r\n");
    close_machine(f);
}

static void test_an_unknown_program_is_refused(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    static const char *const commands[] = {"nosuch.exe", "powershell", "nvidia-smi", "dir"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct answer answer = start(f, f->container, commands[i], false, NULL);
        assert_int_equal(answer.code, HR_ERROR_FILE_NOT_FOUND);
        free(answer.document);
    }
    close_machine(f);
}

static void test_ping_stays_and_prints_a_line_a_second(void **state)
{
    (void)state;
    uint64_t process = 0;
    struct fixture *f = plain("win");
    struct answer answer = start(f, f->container, "cmd /c ping -t 127.0.0.1", false, &process);
    uint64_t std_output = answer.std_output;
    must(answer);
    drain(f, std_output, INT64_C(3500000000));
    size_t lines = 0;
    for (const char *c = strstr(f->out, "Reply"); c != NULL; c = strstr(c + 1, "Reply")) {
        lines++;
    }
    assert_in_range(lines, 3, 5);
    assert_false(ended(f, process));
    must(call(f, MACHINE_SIGNAL_PROCESS, process, NULL, "{\"Signal\":\"CtrlC\"}", NULL));
    drain(f, std_output, INT64_C(1000000000));
    assert_true(ended(f, process));
    assert_int_equal(f->exit_code, 0xC000013Au);
    run(f, f->container, "ping -n 2 127.0.0.1");
    assert_int_equal(f->exit_code, 0);
    assert_non_null(strstr(f->out, "Sent = 2"));
    close_machine(f);
}

static void test_a_ping_that_nobody_reads_asks_for_no_time(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    uint64_t process = 0;
    must(call(f, MACHINE_CREATE_PROCESS, f->container, NULL,
              "{\"CommandLine\":\"cmd /c ping -t 127.0.0.1\"}", &process));
    drain(f, 0, 0);
    assert_true(machine_advance(f->machine, f->now) == INT64_MAX);
    assert_false(ended(f, process));
    close_machine(f);
}

/* Writes input in two pieces, ends it, and leaves output and exit code in the fixture. */
static void feed(struct fixture *f, const char *command, const char *first, const char *second)
{
    uint64_t process = 0;
    struct answer answer = start(f, f->container, command, true, &process);
    uint64_t std_input = answer.std_input;
    uint64_t std_output = answer.std_output;
    must(answer);
    assert_true(std_input != 0);
    assert_int_equal(machine_stream_write(f->machine, std_input, first, strlen(first), f->now), 0);
    assert_int_equal(machine_stream_write(f->machine, std_input, second, strlen(second), f->now),
                     0);
    drain(f, std_output, 0);
    machine_stream_close(f->machine, std_input, f->now);
    drain(f, std_output, INT64_C(1000000000));
    assert_true(ended(f, process));
}

static void test_input_goes_to_the_program_in_any_pieces(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    feed(f, "findstr \"^\"", "one\r\ntw", "o\nthree");
    assert_string_equal(f->out, "one\r\ntwo\r\nthree\r\n");
    assert_int_equal(f->exit_code, 0);
    feed(f, "cmd /c sort", "pear\r\napple", "\r\nfig\r\n");
    assert_string_equal(f->out, "apple\r\nfig\r\npear\r\n");
    feed(f, "more", "", "x\r\n");
    assert_string_equal(f->out, "x\r\n");
    close_machine(f);
}

static void test_an_interactive_cmd_prompts_echoes_and_exits(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    feed(f, "cmd", "echo a\r\nnosu", "ch\r\nexit 3\r\necho late\r\n");
    assert_non_null(strstr(f->out, "Microsoft Windows [Version 10.0.20348]"));
    assert_non_null(strstr(f->out, "C:\\>echo a\r\na\r\n"));
    assert_non_null(strstr(f->err, "'nosuch' is not recognized"));
    assert_null(strstr(f->out, "late"));
    assert_int_equal(f->exit_code, 3);
    feed(f, "cmd", "ver", "");
    assert_int_equal(f->exit_code, 0);
    close_machine(f);
}

static void test_other_programs_answer(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    run(f, f->container, "tasklist");
    assert_non_null(strstr(f->out, "tasklist.exe"));
    int64_t before = f->now;
    run(f, f->container, "timeout /t 5 /nobreak");
    assert_true(f->now - before >= INT64_C(5000000000));
    run(f, f->container, "pnputil /enum-devices /class Display");
    assert_int_equal(f->exit_code, 0);
    run(f, f->container, "cmd /c ping -n 1 127.0.0.1 > nul");
    assert_string_equal(f->out, "");
    close_machine(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cmd_runs_built_in_commands_and_programs),
        cmocka_unit_test(test_an_unknown_program_is_refused),
        cmocka_unit_test(test_ping_stays_and_prints_a_line_a_second),
        cmocka_unit_test(test_a_ping_that_nobody_reads_asks_for_no_time),
        cmocka_unit_test(test_input_goes_to_the_program_in_any_pieces),
        cmocka_unit_test(test_an_interactive_cmd_prompts_echoes_and_exits),
        cmocka_unit_test(test_other_programs_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
