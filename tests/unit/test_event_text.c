/* SPDX-License-Identifier: MIT
 *
 * Events in words: every document of HCS, codes decoded, and nothing believed of foreign bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/hvgpu.h"

enum { HCS = HVGPU_EVENT_HCS, LOG = HVGPU_EVENT_LOG, OWN = HVGPU_EVENT_HVGPU };

static void expect(uint8_t source, uint32_t type, const char *json, const char *words)
{
    const struct hvgpu_event event = {
        .source = source, .type = type, .kind = "Kind", .system_id = "", .json = json};
    char text[1024];
    hvgpu_event_text(&event, text, sizeof text);
    assert_string_equal(text, words);
}

static void test_system_exits_in_words(void **state)
{
    (void)state;
    expect(HCS, 1, "{\"Status\":0,\"ExitType\":\"GracefulExit\"}", "the system ended gracefully");
    expect(HCS, 1, "{\"Status\":0,\"ExitType\":\"ForcedExit\"}", "the system was terminated");
    expect(HCS, 1, "{}", "the system ended");
    expect(HCS, 1, "{\"ExitType\":\"None\"}", "the system ended");
    expect(HCS, 1, "{\"ExitType\":\"Evaporated\"}", "the system ended (Evaporated)");
    expect(HCS, 1, "{\"Status\":-2143878906,\"ExitType\":\"UnexpectedExit\"}",
           "the system ended unexpectedly: HCS_E_UNEXPECTED_EXIT 0x80370106: it exited "
           "unexpectedly");
    expect(HCS, 1, "{\"Status\":3224830214}",
           "the system ended: HCS_E_UNEXPECTED_EXIT 0xC0370106: it exited unexpectedly");
}

static void test_attribution_names_who_is_to_blame(void **state)
{
    (void)state;
    expect(HCS, 1,
           "{\"ExitType\":\"UnexpectedExit\",\"Attribution\":[{\"GuestCrash\":"
           "{\"CrashParameters\":[278,1,2,3,18446744073709551615]}}]}",
           "the system ended unexpectedly; the guest crashed: bug check 0x116 VIDEO_TDR_FAILURE "
           "(0x1, 0x2, 0x3, 0xFFFFFFFFFFFFFFFF)");
    expect(HCS, 1,
           "{\"Attribution\":[{\"VirtualDeviceFailure\":{\"Name\":\"GPU Partition\","
           "\"Detail\":\"PowerOnCold\",\"DeviceId\":\"d\"}},{\"OperationFailure\":"
           "{\"Detail\":\"Start\"}}]}",
           "the system ended; virtual device failed: GPU Partition, at PowerOnCold, device d; "
           "operation failed: Start");
    expect(HCS, 1,
           "{\"Attribution\":[{\"WorkerExit\":{\"ExitCode\":1,\"Type\":\"UnexpectedStop\","
           "\"Detail\":\"VidTerminate\",\"Initiator\":\"Internal\"}},{\"SystemExit\":"
           "{\"Detail\":\"Terminate\",\"Initiator\":\"Client\"}},{\"TripleFault\":{}},"
           "{\"InjectNonMaskableInterrupt\":{}},{\"Unheard\":{}}]}",
           "the system ended; VM worker UnexpectedStop, VidTerminate, by Internal; ended: "
           "Terminate, by Client; triple fault in the guest; a non-maskable interrupt was "
           "injected");
}

static void test_process_exits_in_words(void **state)
{
    (void)state;
    const uint32_t exited = 0x10000;
    expect(HCS, exited, "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":0,\"LastWaitResult\":0}",
           "process 12 ended with code 0");
    expect(HCS, exited, "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":3221225786}",
           "process 12 ended with code 0xC000013A");
    expect(HCS, exited, "{\"ProcessId\":12,\"Exited\":false,\"ExitCode\":259}",
           "process 12 still runs");
    expect(HCS, exited,
           "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":0,\"LastWaitResult\":"
           "-2143878886}",
           "process 12 ended, exit code not known: HCS_E_OPERATION_RESULT_ALLOCATION_FAILED "
           "0x8037011A: no memory for the result");
    expect(HCS, exited, "{}", "process ended");
}

static void test_crashes_in_words(void **state)
{
    (void)state;
    expect(HCS, 2, "{\"CrashParameters\":[275,0]}",
           "the guest crashes: bug check 0x113 VIDEO_DXGKRNL_FATAL_ERROR (0x0)");
    expect(HCS, 2, "{\"CrashParameters\":[9999]}", "the guest crashes: bug check 0x270F");
    expect(HCS, 2, "{\"CrashParameters\":[]}", "the guest crashes");
    expect(HCS, 3,
           "{\"CrashParameters\":[239],\"Status\":0,\"WindowsCrashInfo\":{\"DumpFile\":"
           "\"C:\\\\d.dmp\",\"FinalPhase\":\"Complete\"}}",
           "crash report of the guest: bug check 0xEF CRITICAL_PROCESS_DIED, dump C:\\d.dmp, "
           "phase Complete");
    expect(HCS, 3, "{\"Status\":-2147024784}",
           "crash report of the guest, dump failed: ERROR_DISK_FULL 0x80070070: the disk is full");
}

static void test_events_without_a_document_have_words_too(void **state)
{
    (void)state;
    expect(HCS, 6, "", "the connection to the guest was closed");
    expect(HCS, 0x02000000, "", "the Host Compute Service went away");
    expect(HCS, 6, "{\"Message\":\"why\"}", "the connection to the guest was closed, why");
    expect(HCS, 5, "", "the container's job object was created");
    expect(HCS, 4, "", "enhanced session mode changed");
    expect(HCS, 77, "", "Kind");
    const struct hvgpu_event event = {.source = HCS, .type = 77, .kind = "K", .system_id = ""};
    char text[8];
    hvgpu_event_text(&event, text, sizeof text);
    assert_string_equal(text, "K");
}

static void test_records_of_the_log_and_own_events_in_words(void **state)
{
    (void)state;
    expect(OWN, 0, "{\"words\":\"launch: done\",\"job\":3}", "launch: done");
    expect(OWN, 0, "{\"Message\":\"verdict changed\"}", "verdict changed");
    expect(LOG, 12, "{\"Message\":\"could not start\",\"Status\":-2143878895}",
           "could not start, Status HCS_E_PROTOCOL_ERROR 0x80370111: host and guest "
           "misunderstood each other");
    expect(LOG, 12, "{\"Adapter\":\"gpu\",\"Count\":2,\"Result\":0,\"Flags\":[1]}",
           "Adapter gpu, Count 2, Flags [1]");
    expect(LOG, 12, "[1,2]", "[1,2]");
    expect(LOG, 12, "\"plain\"", "\"plain\"");
}

static void test_hostile_documents_are_shown_harmlessly(void **state)
{
    (void)state;
    expect(HCS, 1, "{\"Status\":", "{\"Status\":");
    expect(HCS, 1, "{\"Status\":1e300,\"ExitType\":7}", "the system ended");
    expect(HCS, 1, "{\"Attribution\":{\"GuestCrash\":1}}", "the system ended");
    expect(HCS, 2, "{\"CrashParameters\":\"x\"}", "the guest crashes");
    const char *json = "{\"ExitType\":\"\\u001b[2J\\u202e\\n\"}";
    const struct hvgpu_event event = {
        .source = HCS, .type = 1, .kind = "K", .system_id = "", .json = json};
    char text[128];
    hvgpu_event_text(&event, text, sizeof text);
    assert_null(strchr(text, 0x1b));
    assert_null(strchr(text, '\n'));
    assert_null(strstr(text, "\xe2\x80\xae"));
}

static void test_text_is_cut_to_the_given_size(void **state)
{
    (void)state;
    const struct hvgpu_event event = {.source = HCS,
                                      .type = 1,
                                      .kind = "K",
                                      .system_id = "",
                                      .json = "{\"ExitType\":\"GracefulExit\"}"};
    char text[16];
    memset(text, 'x', sizeof text);
    hvgpu_event_text(&event, text, 11);
    assert_string_equal(text, "the system");
    hvgpu_event_text(&event, text, 1);
    assert_string_equal(text, "");
    text[0] = 'y';
    hvgpu_event_text(&event, text, 0);
    assert_int_equal(text[0], 'y');
}

static void test_very_long_members_do_not_hide_the_rest(void **state)
{
    (void)state;
    char *json = malloc(20000);
    memset(json, 'a', 20000);
    memcpy(json, "{\"Name\":\"", 9);
    memcpy(json + 19990, "\"}", 3);
    const struct hvgpu_event event = {
        .source = LOG, .type = 1, .kind = "K", .system_id = "", .json = json};
    char text[64];
    hvgpu_event_text(&event, text, sizeof text);
    assert_true(text_starts(text, "Name"));
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_exits_in_words),
        cmocka_unit_test(test_attribution_names_who_is_to_blame),
        cmocka_unit_test(test_process_exits_in_words),
        cmocka_unit_test(test_crashes_in_words),
        cmocka_unit_test(test_events_without_a_document_have_words_too),
        cmocka_unit_test(test_records_of_the_log_and_own_events_in_words),
        cmocka_unit_test(test_hostile_documents_are_shown_harmlessly),
        cmocka_unit_test(test_text_is_cut_to_the_given_size),
        cmocka_unit_test(test_very_long_members_do_not_hide_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
