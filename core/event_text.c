/* SPDX-License-Identifier: MIT
 *
 * An event in one line of words: the documents SystemExitStatus, ProcessStatus and CrashReport of
 * HCS, records of the event log, and hvgpu's own events ({"words": ...}). Result codes are decoded.
 * A document of another form is shown as it is; nothing is guessed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/engine/hcs/hcs_api.h"
#include "core/engine/hcs/hresult.h"
#include "core/hvgpu.h"

enum { TEXT_MAX = 2048, MEMBERS_SHOWN = 12, EXIT_CODE_DECIMAL_MAX = 0xffff };

/* ---- codes ---- */

/* "HCS_E_TERMINATED 0x80370107: it was forced to exit" */
static void add_code(struct text *out, int32_t code)
{
    const char *symbol = hresult_symbol(code);
    const char *words = hresult_words(code);
    if (symbol != NULL) {
        text_addf(out, "%s ", symbol);
    }
    text_addf(out, "0x%08X", (uint32_t)code);
    if (words[0] != '\0') {
        text_addf(out, ": %s", words);
    }
}

/* A result code as HCS writes it: a signed or unsigned 32-bit number. */
static bool read_code(const struct json *document, const char *key, int32_t *code)
{
    int64_t number = 0;
    if (!json_i64(document, key, &number) || number < INT32_MIN || number > UINT32_MAX) {
        return false;
    }
    *code = (int32_t)(uint32_t)number;
    return true;
}

/* Bug checks that a GPU or its driver causes, and the ones a guest's start ends with (Microsoft's
 * bug check code reference). */
static const char *bug_check_name(uint64_t code)
{
    static const struct {
        uint32_t code;
        const char *name;
    } names[] = {
        {0x0A, "IRQL_NOT_LESS_OR_EQUAL"},
        {0x1A, "MEMORY_MANAGEMENT"},
        {0x1E, "KMODE_EXCEPTION_NOT_HANDLED"},
        {0x3B, "SYSTEM_SERVICE_EXCEPTION"},
        {0x50, "PAGE_FAULT_IN_NONPAGED_AREA"},
        {0x7B, "INACCESSIBLE_BOOT_DEVICE"},
        {0x7E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED"},
        {0x9F, "DRIVER_POWER_STATE_FAILURE"},
        {0xD1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL"},
        {0xE2, "MANUALLY_INITIATED_CRASH"},
        {0xEA, "THREAD_STUCK_IN_DEVICE_DRIVER"},
        {0xEF, "CRITICAL_PROCESS_DIED"},
        {0x10E, "VIDEO_MEMORY_MANAGEMENT_INTERNAL"},
        {0x113, "VIDEO_DXGKRNL_FATAL_ERROR"},
        {0x116, "VIDEO_TDR_FAILURE"},
        {0x117, "VIDEO_TDR_TIMEOUT_DETECTED"},
        {0x119, "VIDEO_SCHEDULER_INTERNAL_ERROR"},
        {0x133, "DPC_WATCHDOG_VIOLATION"},
        {0x141, "VIDEO_ENGINE_TIMEOUT_DETECTED"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return NULL;
}

/* CrashParameters: the bug check code and its four parameters. */
static void add_bug_check(struct text *out, const struct json *parameters)
{
    uint64_t code = 0;
    const struct json *parameter = json_first(parameters);
    if (!json_u64(parameter, "", &code)) {
        return;
    }
    text_addf(out, ": bug check 0x%llX", (unsigned long long)code);
    const char *name = bug_check_name(code);
    if (name != NULL) {
        text_addf(out, " %s", name);
    }
    const char *separator = " (";
    uint64_t value = 0;
    parameter = json_next(parameter);
    while (json_u64(parameter, "", &value)) {
        text_addf(out, "%s0x%llX", separator, (unsigned long long)value);
        separator = ", ";
        parameter = json_next(parameter);
    }
    if (separator[0] == ',') {
        text_add(out, ")");
    }
}

/* ---- attribution ---- */

static void add_member(struct text *out, const struct json *record, const char *path,
                       const char *before)
{
    const char *value = json_string(record, path);
    if (value != NULL && value[0] != '\0') {
        text_addf(out, "%s%s", before, value);
    }
}

/* One AttributionRecord: the member it has says who is to blame. */
static void add_attribution(struct text *out, const struct json *record)
{
    if (json_member(record, "WorkerExit") != NULL) {
        text_add(out, "; VM worker");
        add_member(out, record, "WorkerExit/Type", " ");
        add_member(out, record, "WorkerExit/Detail", ", ");
        add_member(out, record, "WorkerExit/Initiator", ", by ");
    }
    if (json_member(record, "GuestCrash") != NULL) {
        text_add(out, "; the guest crashed");
        add_bug_check(out, json_get(record, "GuestCrash/CrashParameters"));
    }
    if (json_member(record, "TripleFault") != NULL) {
        text_add(out, "; triple fault in the guest");
    }
    if (json_member(record, "InjectNonMaskableInterrupt") != NULL) {
        text_add(out, "; a non-maskable interrupt was injected");
    }
    if (json_member(record, "OperationFailure") != NULL) {
        text_add(out, "; operation failed");
        add_member(out, record, "OperationFailure/Detail", ": ");
    }
    if (json_member(record, "SystemExit") != NULL) {
        text_add(out, "; ended");
        add_member(out, record, "SystemExit/Detail", ": ");
        add_member(out, record, "SystemExit/Initiator", ", by ");
    }
    if (json_member(record, "VirtualDeviceFailure") != NULL) {
        text_add(out, "; virtual device failed");
        add_member(out, record, "VirtualDeviceFailure/Name", ": ");
        add_member(out, record, "VirtualDeviceFailure/Detail", ", at ");
        add_member(out, record, "VirtualDeviceFailure/DeviceId", ", device ");
    }
}

/* ---- HCS documents ---- */

static void add_system_exit(struct text *out, const struct json *document)
{
    static const struct {
        const char *type, *words;
    } types[] = {
        {"GracefulExit", "ended gracefully"},
        {"ForcedExit", "was terminated"},
        {"UnexpectedExit", "ended unexpectedly"},
    };
    const char *type = json_string(document, "ExitType");
    const char *words = "ended";
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (text_equal(type, types[i].type)) {
            words = types[i].words;
            type = NULL;
            break;
        }
    }
    text_addf(out, "the system %s", words);
    if (type != NULL && !text_equal(type, "None")) {
        text_addf(out, " (%s)", type);
    }
    int32_t status = 0;
    if (read_code(document, "Status", &status) && status != 0) {
        text_add(out, ": ");
        add_code(out, status);
    }
    const struct json *record = json_first(json_member(document, "Attribution"));
    for (; record != NULL; record = json_next(record)) {
        add_attribution(out, record);
    }
}

static void add_process_exit(struct text *out, const struct json *document)
{
    uint64_t pid = 0;
    uint64_t exit_code = 0;
    int32_t wait_result = 0;
    text_add(out, "process");
    if (json_u64(document, "ProcessId", &pid)) {
        text_addf(out, " %llu", (unsigned long long)pid);
    }
    if (!json_bool(document, "Exited", true)) {
        text_add(out, " still runs");
        return;
    }
    text_add(out, " ended");
    /* The exit code means something only when the wait for it went well. */
    if (read_code(document, "LastWaitResult", &wait_result) && wait_result != 0) {
        text_add(out, ", exit code not known: ");
        add_code(out, wait_result);
    } else if (json_u64(document, "ExitCode", &exit_code)) {
        text_addf(out, exit_code > EXIT_CODE_DECIMAL_MAX ? " with code 0x%llX" : " with code %llu",
                  (unsigned long long)exit_code);
    }
}

static void add_crash(struct text *out, const struct json *document, bool is_report)
{
    text_add(out, is_report ? "crash report of the guest" : "the guest crashes");
    add_bug_check(out, json_member(document, "CrashParameters"));
    add_member(out, document, "WindowsCrashInfo/DumpFile", ", dump ");
    add_member(out, document, "WindowsCrashInfo/FinalPhase", ", phase ");
    int32_t status = 0;
    if (read_code(document, "Status", &status) && status != 0) {
        text_add(out, ", dump failed: ");
        add_code(out, status);
    }
}

/* ---- any other document ---- */

static bool is_code_key(const char *key)
{
    static const char *const keys[] = {"Status", "Result", "Error", "ErrorCode", "HResult"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (text_equal_nocase(key, keys[i])) {
            return true;
        }
    }
    return false;
}

static void add_value(struct text *out, const struct json *value)
{
    if (json_type(value) == JSON_STRING) {
        text_add(out, json_string(value, ""));
        return;
    }
    char *printed = json_print(value);
    text_add(out, printed != NULL ? printed : "");
    free(printed);
}

/* Its message, then its members: "key value, key value". */
static void add_members(struct text *out, const struct json *document)
{
    static const char *const messages[] = {"words", "Message", "message", "ErrorMessage", "text"};
    const char *message = NULL;
    for (size_t i = 0; message == NULL && i < sizeof messages / sizeof messages[0]; i++) {
        message = json_string(document, messages[i]);
    }
    if (message != NULL) {
        text_addf(out, "%s%s", out->len > 0 ? ", " : "", message);
    }
    size_t shown = 0;
    for (const struct json *m = json_first(document); m != NULL; m = json_next(m)) {
        const char *key = json_key(m);
        int32_t code = 0;
        bool is_code = key != NULL && is_code_key(key) && read_code(m, "", &code);
        if (key == NULL || (message != NULL && !is_code) || (is_code && code == 0) ||
            shown == MEMBERS_SHOWN) {
            continue;
        }
        text_addf(out, "%s%s ", out->len > 0 ? ", " : "", key);
        if (is_code) {
            add_code(out, code);
        } else {
            add_value(out, m);
        }
        shown++;
    }
}

/* ---- the whole line ---- */

/* Words for events that need no document; NULL: it is all in the document. */
static const char *fixed_words(const struct hvgpu_event *event)
{
    if (event->source != HVGPU_EVENT_HCS) {
        return NULL;
    }
    if (event->type == HCS_EVENT_SYSTEM_GUEST_CONNECTION_CLOSED) {
        return "the connection to the guest was closed";
    }
    if (event->type == HCS_EVENT_SERVICE_DISCONNECT) {
        return "the Host Compute Service went away";
    }
    if (event->type == HCS_EVENT_SYSTEM_SILO_JOB_CREATED) {
        return "the container's job object was created";
    }
    if (event->type == HCS_EVENT_SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED) {
        return "enhanced session mode changed";
    }
    return NULL;
}

static void add_document(struct text *out, const struct hvgpu_event *event,
                         const struct json *document)
{
    bool is_hcs = event->source == HVGPU_EVENT_HCS;
    if (is_hcs && event->type == HCS_EVENT_SYSTEM_EXITED) {
        add_system_exit(out, document);
    } else if (is_hcs && event->type == HCS_EVENT_PROCESS_EXITED) {
        add_process_exit(out, document);
    } else if (is_hcs && event->type == HCS_EVENT_SYSTEM_CRASH_INITIATED) {
        add_crash(out, document, false);
    } else if (is_hcs && event->type == HCS_EVENT_SYSTEM_CRASH_REPORT) {
        add_crash(out, document, true);
    } else {
        const char *words = fixed_words(event);
        text_add(out, words != NULL ? words : "");
        add_members(out, document);
    }
}

void hvgpu_event_text(const struct hvgpu_event *event, char *out, size_t size)
{
    if (size == 0) {
        return;
    }
    struct text text;
    text_init(&text, TEXT_MAX);
    struct json *document = NULL;
    const char *json = event->json != NULL ? event->json : "";
    if (json[0] == '\0' || json_parse(json, strlen(json), "event", &document, NULL) != HVGPU_OK) {
        const char *words = fixed_words(event);
        text_addf(&text, "%s%s%.1024s", words != NULL ? words : "",
                  words != NULL && json[0] != '\0' ? ", " : "", json);
        if (text.len == 0) {
            text_add(&text, event->kind);
        }
    } else {
        add_document(&text, event, document);
    }
    json_free(document);
    text_clean(out, size, text.len > 0 ? text.data : json);
    text_free(&text);
}
