/* SPDX-License-Identifier: MIT
 *
 * Tests of core/engine/hcs/hresult.c: codes in words, error documents, hints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

static struct hvgpu_error tell(int32_t code, const char *document)
{
    struct hvgpu_error err;
    (void)error_hresult(&err, code, "HcsModifyComputeSystem", "vm1", document);
    return err;
}

static void expect_message(int32_t code, const char *document, const char *message)
{
    struct hvgpu_error err = tell(code, document);
    assert_string_equal(err.message, message);
}

static void test_known_codes_have_symbol_words_and_status(void **state)
{
    (void)state;
    assert_string_equal(hresult_symbol(HR_HCS_E_INVALID_JSON), "HCS_E_INVALID_JSON");
    assert_string_equal(hresult_words(HR_HCS_E_SYSTEM_NOT_FOUND),
                        "there is no compute system with this id");
    assert_string_equal(hresult_hint(HR_HCS_E_SYSTEM_ALREADY_EXISTS), "choose another --name");
    assert_int_equal(hresult_status(HR_HCS_E_ACCESS_DENIED), HVGPU_DENIED);
    assert_int_equal(hresult_status(HR_HCS_E_SERVICE_DISCONNECT), HVGPU_LOST);
}

static void test_unknown_codes_fail_without_words(void **state)
{
    (void)state;
    int32_t unknown = HRESULT_OF(0x8AAA0001u);
    assert_null(hresult_symbol(unknown));
    assert_string_equal(hresult_words(unknown), "");
    assert_string_equal(hresult_hint(unknown), "");
    assert_int_equal(hresult_status(unknown), HVGPU_FAILED);
    expect_message(unknown, NULL, "0x8AAA0001 (a code that is not documented)");
    expect_message(HRESULT_OF(0x800704C7u), NULL, "0x800704C7 (Win32 error 1223)");
}

static void test_success_codes_are_no_failures(void **state)
{
    (void)state;
    assert_int_equal(hresult_status(0), HVGPU_OK);
    assert_int_equal(hresult_status(1), HVGPU_OK);
    struct hvgpu_error err;
    assert_int_equal(error_hresult(&err, 0, "a", "b", "{}"), HVGPU_OK);
    assert_int_equal(err.status, HVGPU_OK);
}

static void test_ntstatus_twins_are_the_same_codes(void **state)
{
    (void)state;
    assert_int_equal(hresult_normalise(HRESULT_OF(0xC037010Eu)), HR_HCS_E_SYSTEM_NOT_FOUND);
    assert_int_equal(hresult_normalise(HRESULT_OF(0xC0350008u)), HRESULT_OF(0xC0350008u));
    assert_int_equal(hresult_normalise(0), 0);
    assert_string_equal(hresult_symbol(HRESULT_OF(0xC0370110u)), "HCS_E_SYSTEM_ALREADY_STOPPED");
    expect_message(HRESULT_OF(0xC037010Du), NULL,
                   "HCS_E_INVALID_JSON 0x8037010D: the document was rejected");
}

static void test_no_two_entries_share_a_code(void **state)
{
    (void)state;
    static const int32_t codes[] = {
#define X(symbol, value, status, words, hint) HRESULT_OF(value),
        HRESULT_LIST(X)
#undef X
    };
    size_t count = sizeof codes / sizeof codes[0];
    for (size_t i = 0; i < count; i++) {
        assert_true(HRESULT_IS_FAILURE(codes[i]));
        assert_int_not_equal(hresult_status(codes[i]), HVGPU_OK);
        assert_true(hresult_words(codes[i])[0] != '\0');
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(codes[i], codes[j]);
        }
    }
}

static void test_every_field_of_the_error_is_filled(void **state)
{
    (void)state;
    struct hvgpu_error err;
    assert_int_equal(
        error_hresult(&err, HR_HCS_E_INVALID_JSON, "HcsCreateComputeSystem", "demo1", NULL),
        HVGPU_INVALID);
    assert_int_equal(err.status, HVGPU_INVALID);
    assert_int_equal(err.kind, HVGPU_CODE_HRESULT);
    assert_int_equal(err.code, HR_HCS_E_INVALID_JSON);
    assert_string_equal(err.operation, "HcsCreateComputeSystem");
    assert_string_equal(err.object, "demo1");
    assert_string_equal(err.message, "HCS_E_INVALID_JSON 0x8037010D: the document was rejected");
    assert_true(err.hint[0] != '\0');
    assert_int_equal(error_hresult(NULL, HR_E_FAIL, NULL, NULL, "{\"Error\":1}"), HVGPU_FAILED);
}

static void test_the_document_adds_its_messages_once(void **state)
{
    (void)state;
    expect_message(HR_HCS_E_INVALID_JSON,
                   "{\"Error\":-2143878899,\"ErrorMessage\":\"Invalid JSON document '$.Foo'.\","
                   "\"ErrorEvents\":[{\"Message\":\"Invalid JSON document '$.Foo'\"},"
                   "{\"Message\":\"second\"},{\"Other\":1}]}",
                   "HCS_E_INVALID_JSON 0x8037010D: the document was rejected; "
                   "Invalid JSON document '$.Foo'; second");
}

static void test_every_attribution_record_has_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *record, *words;
    } cases[] = {
        {"{\"WorkerExit\":{\"ExitCode\":3224698888,\"Type\":\"InitializationFailed\","
         "\"Detail\":\"ColdStartFailure\",\"Initiator\":\"Internal\"}}",
         "the VM's worker process ended: InitializationFailed, ColdStartFailure, by Internal, "
         "code 0xC0350008"},
        {"{\"GuestCrash\":{\"CrashParameters\":[278,1,2,3,18446744073709551615]}}",
         "the guest crashed: bug check 0x116 with 0x1, 0x2, 0x3, 0xFFFFFFFFFFFFFFFF"},
        {"{\"TripleFault\":{\"ErrorType\":5}}",
         "the guest's processor met a triple fault, type 0x5"},
        {"{\"InjectNonMaskableInterrupt\":{}}", "a non-maskable interrupt was sent to the guest"},
        {"{\"OperationFailure\":{\"Detail\":\"Modify\"}}", "the operation failed at Modify"},
        {"{\"SystemExit\":{\"Detail\":\"Terminate\",\"Initiator\":\"Client\"}}",
         "the system ended: Terminate, by Client"},
        {"{\"VirtualDeviceFailure\":{\"Detail\":\"PowerOnCold\",\"Name\":\"Virtual SMB\","
         "\"DeviceId\":\"d\",\"InstanceId\":\"i\"}}",
         "a virtual device failed: Virtual SMB, at PowerOnCold, device d, instance i"},
        {"{\"SystemExit\":{}}", "the system ended"},
        {"{\"GuestCrash\":{}}", "the guest crashed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *document = text_format("{\"Attribution\":[%s]}", cases[i].record);
        char *message = text_format("E_FAIL 0x80004005: unspecified failure; %s", cases[i].words);
        expect_message(HR_E_FAIL, document, message);
        free(document);
        free(message);
    }
}

static void test_unknown_or_misshapen_members_are_passed_over(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{}",
        "[]",
        "1",
        "null",
        "\"text\"",
        "{\"ErrorMessage\":5,\"ErrorEvents\":{},\"Attribution\":7}",
        "{\"ErrorEvents\":[1,null,\"x\",{\"Message\":[]}]}",
        "{\"Attribution\":[1,[],{\"WorkerExit\":5},{\"New\":{}},{\"GuestCrash\":null}]}",
        "{\"Error\":\"x\"}",
        "{\"Error\":99999999999999999999}",
        "{\"Error\":0}",
        "  ",
        "",
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        expect_message(HR_E_FAIL, documents[i], "E_FAIL 0x80004005: unspecified failure");
    }
}

static void test_a_damaged_document_is_quoted_and_cleaned(void **state)
{
    (void)state;
    expect_message(HR_E_FAIL, "{\"ErrorMessage\":\"\033[2Jx",
                   "E_FAIL 0x80004005: unspecified failure; the error document cannot be read: "
                   "{\"ErrorMessage\":\"\xEF\xBF\xBD[2Jx");
}

static void test_another_code_in_the_document_is_told_too(void **state)
{
    (void)state;
    struct hvgpu_error err = tell(HR_E_FAIL, "{\"Error\":-2143878898}");
    assert_string_equal(err.message,
                        "E_FAIL 0x80004005: unspecified failure; HCS_E_SYSTEM_NOT_FOUND "
                        "0x8037010E: there is no compute system with this id");
    assert_int_equal(err.status, HVGPU_NOT_FOUND);
    assert_int_equal(err.code, HR_E_FAIL);
    /* Unsigned, and as the NTSTATUS twin of the same code: nothing to add. */
    expect_message(HR_HCS_E_INVALID_JSON, "{\"Error\":3224830221}",
                   "HCS_E_INVALID_JSON 0x8037010D: the document was rejected");
}

static void test_a_failing_gpu_device_brings_its_own_hint(void **state)
{
    (void)state;
    struct hvgpu_error err = tell(
        HR_HCS_E_TERMINATED_DURING_START,
        "{\"Attribution\":[{\"OperationFailure\":{\"Detail\":\"Start\"}},"
        "{\"VirtualDeviceFailure\":{\"Name\":\"GPU Partition\",\"Detail\":\"PowerOnCold\"}}]}");
    assert_non_null(strstr(err.hint, "AllowVendorExtension"));
    assert_non_null(strstr(err.hint, "NumVirtualFunctions"));
    err = tell(HR_E_FAIL,
               "{\"Attribution\":[{\"VirtualDeviceFailure\":{\"Name\":\"Virtual PCI\"}}]}");
    assert_non_null(strstr(err.hint, "HighMmioGapInMB"));
    err = tell(HR_E_FAIL,
               "{\"Attribution\":[{\"VirtualDeviceFailure\":{\"Name\":\"Virtual SMB\"}}]}");
    assert_non_null(strstr(err.hint, "shared folder"));
    err = tell(HR_ERROR_GEN_FAILURE,
               "{\"Attribution\":[{\"VirtualDeviceFailure\":{\"Name\":\"Battery\"}}]}");
    assert_string_equal(err.hint, hresult_hint(HR_ERROR_GEN_FAILURE));
}

static void test_a_policy_in_the_text_brings_the_keys(void **state)
{
    (void)state;
    struct hvgpu_error err =
        tell(HR_E_FAIL, "{\"ErrorMessage\":\"blocked: RequireSecureDeviceAssignment is set\"}");
    assert_string_equal(err.hint, hresult_hint(HR_ERROR_ACCESS_DISABLED_BY_POLICY));
    assert_non_null(strstr(err.hint, "RequireSupportedDeviceAssignment"));
}

static void test_a_start_that_failed_to_boot_brings_the_boot_hint(void **state)
{
    (void)state;
    struct hvgpu_error err = tell(HR_HCS_E_TERMINATED_DURING_START,
                                  "{\"ErrorEvents\":[{\"Message\":\"VmbFs: file not found\"}]}");
    assert_non_null(strstr(err.hint, "UtilityVM"));
    err = tell(HR_HCS_E_TERMINATED_DURING_START, NULL);
    assert_string_equal(err.hint, hresult_hint(HR_HCS_E_TERMINATED_DURING_START));
}

static void test_a_message_that_does_not_fit_ends_with_dots(void **state)
{
    (void)state;
    struct text t;
    text_init(&t, SIZE_MAX);
    text_add(&t, "{\"ErrorMessage\":\"");
    for (int i = 0; i < 2000; i++) {
        text_add(&t, "\xC3\xA4");
    }
    text_add(&t, "\"}");
    struct hvgpu_error err = tell(HR_E_FAIL, t.data);
    text_free(&t);
    size_t len = strlen(err.message);
    assert_true(len >= sizeof err.message - 3);
    assert_string_equal(err.message + len - 3, "...");
    assert_true(utf8_is_valid(err.message, len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_codes_have_symbol_words_and_status),
        cmocka_unit_test(test_unknown_codes_fail_without_words),
        cmocka_unit_test(test_success_codes_are_no_failures),
        cmocka_unit_test(test_ntstatus_twins_are_the_same_codes),
        cmocka_unit_test(test_no_two_entries_share_a_code),
        cmocka_unit_test(test_every_field_of_the_error_is_filled),
        cmocka_unit_test(test_the_document_adds_its_messages_once),
        cmocka_unit_test(test_every_attribution_record_has_its_words),
        cmocka_unit_test(test_unknown_or_misshapen_members_are_passed_over),
        cmocka_unit_test(test_a_damaged_document_is_quoted_and_cleaned),
        cmocka_unit_test(test_another_code_in_the_document_is_told_too),
        cmocka_unit_test(test_a_failing_gpu_device_brings_its_own_hint),
        cmocka_unit_test(test_a_policy_in_the_text_brings_the_keys),
        cmocka_unit_test(test_a_start_that_failed_to_boot_brings_the_boot_hint),
        cmocka_unit_test(test_a_message_that_does_not_fit_ends_with_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
