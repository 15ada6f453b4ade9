/* SPDX-License-Identifier: MIT
 *
 * HRESULTs in words: see hresult.h. The table gives symbol, words, status and hint of a code;
 * error_hresult() adds what the error document says. The order is that of the HCS tools: the code,
 * its message, every event's message, a line for each attribution record. The document comes from
 * the host and, through it, from guests: any of it may be missing, of another type, or nonsense.
 */
#include "core/engine/hcs/hresult.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"

/* What one message may hold before it is cut to the error's field. */
#define MESSAGE_BYTES 4096

#define HINT_GPU_DEVICE                                                                            \
    "the GPU's driver refused: allow the vendor extension (AllowVendorExtension), free a "         \
    "partition or raise NumVirtualFunctions, check the IOMMU"
#define HINT_PCI_DEVICE                                                                            \
    "check that the device is dismounted (PCIP\\...), and give the VM larger MMIO gaps "           \
    "(LowMmioGapInMB, HighMmioGapInMB)"
#define HINT_SHARE_DEVICE "check that the shared folder exists and that the VM has access to it"
#define HINT_BOOT                                                                                  \
    "check the UtilityVM folder of the image, and the VM's access to every disk, the parents of "  \
    "the scratch disk included"

struct entry {
    int32_t code;
    enum hvgpu_status status;
    const char *symbol, *words, *hint;
};

static const struct entry entries[] = {
#define X(name, value, text_status, text_words, text_hint)                                         \
    {.code = HRESULT_OF(value),                                                                    \
     .status = HVGPU_##text_status,                                                                \
     .symbol = #name,                                                                              \
     .words = text_words,                                                                          \
     .hint = text_hint},
    HRESULT_LIST(X)
#undef X
};

int32_t hresult_normalise(int32_t code)
{
    uint32_t bits = (uint32_t)code;
    return (bits >> 16) == 0xC037u ? (int32_t)(0x80370000u | (bits & 0xFFFFu)) : code;
}

static const struct entry *find(int32_t code)
{
    int32_t normal = hresult_normalise(code);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (entries[i].code == normal) {
            return &entries[i];
        }
    }
    return NULL;
}

const char *hresult_symbol(int32_t code)
{
    const struct entry *entry = find(code);
    return entry != NULL ? entry->symbol : NULL;
}

const char *hresult_words(int32_t code)
{
    const struct entry *entry = find(code);
    return entry != NULL ? entry->words : "";
}

const char *hresult_hint(int32_t code)
{
    const struct entry *entry = find(code);
    return entry != NULL ? entry->hint : "";
}

enum hvgpu_status hresult_status(int32_t code)
{
    if (!HRESULT_IS_FAILURE(code)) {
        return HVGPU_OK;
    }
    const struct entry *entry = find(code);
    return entry != NULL ? entry->status : HVGPU_FAILED;
}

/* "HCS_E_INVALID_JSON 0x8037010D: the document was rejected" */
static void add_code(struct text *t, int32_t code)
{
    uint32_t bits = (uint32_t)hresult_normalise(code);
    const struct entry *entry = find(code);
    if (entry != NULL) {
        text_addf(t, "%s 0x%08" PRIX32 ": %s", entry->symbol, bits, entry->words);
    } else if ((bits >> 16) == 0x8007u) {
        text_addf(t, "0x%08" PRIX32 " (Win32 error %" PRIu32 ")", bits, bits & 0xFFFFu);
    } else {
        text_addf(t, "0x%08" PRIX32 " (a code that is not documented)", bits);
    }
}

/* Adds one foreign sentence, unless it is there already: HCS likes to say things twice. */
static void add_sentence(struct text *t, const char *sentence)
{
    char clean[1024];
    text_clean(clean, sizeof clean, sentence);
    size_t len = strlen(clean);
    while (len > 0 && (clean[len - 1] == ' ' || clean[len - 1] == '.')) {
        clean[--len] = '\0';
    }
    if (len > 0 && strstr(t->data, clean) == NULL) {
        text_addf(t, "; %s", clean);
    }
}

static void add_word(struct text *t, const char *before, const struct json *object,
                     const char *member)
{
    char word[128];
    text_clean(word, sizeof word, json_string(object, member));
    if (word[0] != '\0') {
        text_addf(t, "%s%s", before, word);
    }
}

static void add_number(struct text *t, const char *before, const struct json *object,
                       const char *member)
{
    uint64_t number;
    if (json_u64(object, member, &number)) {
        text_addf(t, "%s0x%" PRIX64, before, number);
    }
}

/* ---- attribution records: one function a member, `body` its object ---- */

static void add_worker_exit(struct text *t, const struct json *body)
{
    text_add(t, "; the VM's worker process ended");
    add_word(t, ": ", body, "Type");
    add_word(t, ", ", body, "Detail");
    add_word(t, ", by ", body, "Initiator");
    add_number(t, ", code ", body, "ExitCode");
}

static void add_guest_crash(struct text *t, const struct json *body)
{
    text_add(t, "; the guest crashed");
    const char *before = ": bug check ";
    const struct json *parameter = json_first(json_get(body, "CrashParameters"));
    for (int i = 0; parameter != NULL && i < 5; i++, parameter = json_next(parameter)) {
        add_number(t, before, parameter, "");
        before = i == 0 ? " with " : ", ";
    }
}

static void add_triple_fault(struct text *t, const struct json *body)
{
    text_add(t, "; the guest's processor met a triple fault");
    add_number(t, ", type ", body, "ErrorType");
}

static void add_interrupt(struct text *t, const struct json *body)
{
    (void)body; /* it has no members */
    text_add(t, "; a non-maskable interrupt was sent to the guest");
}

static void add_operation_failure(struct text *t, const struct json *body)
{
    text_add(t, "; the operation failed");
    add_word(t, " at ", body, "Detail");
}

static void add_system_exit(struct text *t, const struct json *body)
{
    text_add(t, "; the system ended");
    add_word(t, ": ", body, "Detail");
    add_word(t, ", by ", body, "Initiator");
}

static void add_device_failure(struct text *t, const struct json *body)
{
    text_add(t, "; a virtual device failed");
    add_word(t, ": ", body, "Name");
    add_word(t, ", at ", body, "Detail");
    add_word(t, ", device ", body, "DeviceId");
    add_word(t, ", instance ", body, "InstanceId");
}

static const struct {
    const char *member;
    void (*add)(struct text *t, const struct json *body);
} attributions[] = {
    {"WorkerExit", add_worker_exit},
    {"GuestCrash", add_guest_crash},
    {"TripleFault", add_triple_fault},
    {"InjectNonMaskableInterrupt", add_interrupt},
    {"OperationFailure", add_operation_failure},
    {"SystemExit", add_system_exit},
    {"VirtualDeviceFailure", add_device_failure},
};

static void add_attribution(struct text *t, const struct json *record)
{
    for (size_t i = 0; i < sizeof attributions / sizeof attributions[0]; i++) {
        const struct json *body = json_member(record, attributions[i].member);
        if (json_type(body) == JSON_OBJECT) {
            attributions[i].add(t, body);
        }
    }
}

/* The advice for a virtual device, by its name; NULL: no device failed, or none that is known. */
static const char *device_hint(const struct json *document)
{
    const struct json *record = json_first(json_get(document, "Attribution"));
    for (; record != NULL; record = json_next(record)) {
        const char *name = json_string(record, "VirtualDeviceFailure/Name");
        if (text_find_nocase(name, "gpu") || text_find_nocase(name, "render")) {
            return HINT_GPU_DEVICE;
        }
        if (text_find_nocase(name, "pci")) {
            return HINT_PCI_DEVICE;
        }
        if (text_find_nocase(name, "smb") || text_find_nocase(name, "plan9")) {
            return HINT_SHARE_DEVICE;
        }
    }
    return NULL;
}

/* The advice that the whole picture gives, else the code's own. Never NULL. */
static const char *choose_hint(int32_t code, int32_t inner, const char *message,
                               const struct json *document)
{
    if (text_find_nocase(message, "RequireSecureDeviceAssignment") ||
        text_find_nocase(message, "RequireSupportedDeviceAssignment")) {
        return hresult_hint(HR_ERROR_ACCESS_DISABLED_BY_POLICY);
    }
    /* A code that says itself what is missing beats the guess from the device's name. */
    bool exact = code == HR_ERROR_NO_SYSTEM_RESOURCES;
    const char *hint = exact ? NULL : device_hint(document);
    if (hint != NULL) {
        return hint;
    }
    bool mentions_boot = text_find_nocase(message, "vmbfs") || text_find_nocase(message, "boot");
    if (hresult_normalise(code) == HR_HCS_E_TERMINATED_DURING_START && mentions_boot) {
        return HINT_BOOT;
    }
    hint = hresult_hint(code);
    return hint[0] != '\0' ? hint : hresult_hint(inner);
}

/* The code inside the document, where it says something else than the call did; else `code`. */
static int32_t inner_code(const struct json *document, int32_t code)
{
    int64_t number;
    if (!json_i64(document, "Error", &number) || number < INT32_MIN || number > UINT32_MAX) {
        return code;
    }
    int32_t inner = (int32_t)(uint32_t)(uint64_t)number;
    return HRESULT_IS_FAILURE(inner) ? inner : code;
}

static void add_document(struct text *t, const struct json *document, int32_t code, int32_t inner)
{
    if (hresult_normalise(inner) != hresult_normalise(code)) {
        text_add(t, "; ");
        add_code(t, inner);
    }
    add_sentence(t, json_string(document, "ErrorMessage"));
    const struct json *item = json_first(json_get(document, "ErrorEvents"));
    for (; item != NULL; item = json_next(item)) {
        add_sentence(t, json_string(item, "Message"));
    }
    item = json_first(json_get(document, "Attribution"));
    for (; item != NULL; item = json_next(item)) {
        add_attribution(t, item);
    }
}

static bool is_blank(const char *s)
{
    return s == NULL || s[strspn(s, " \t\r\n")] == '\0';
}

/* Copies the message; one that does not fit ends with dots, so that nobody takes it for whole. */
static void set_message(struct hvgpu_error *err, const char *message)
{
    char clean[MESSAGE_BYTES * 3];
    text_clean(clean, sizeof clean, message);
    if (strlen(clean) < sizeof err->message) {
        text_clean(err->message, sizeof err->message, clean);
        return;
    }
    text_clean(err->message, sizeof err->message - 3, clean);
    size_t len = strlen(err->message);
    (void)snprintf(err->message + len, sizeof err->message - len, "...");
}

enum hvgpu_status error_hresult(struct hvgpu_error *err, int32_t code, const char *operation,
                                const char *object, const char *result)
{
    enum hvgpu_status status = hresult_status(code);
    if (status == HVGPU_OK) {
        return error_set(err, HVGPU_OK, operation, object, "%s", hvgpu_status_words(HVGPU_OK));
    }
    struct json *document = NULL;
    bool is_damaged = !is_blank(result) && json_parse(result, strlen(result), "error document",
                                                      &document, NULL) != HVGPU_OK;
    int32_t inner = inner_code(document, code);
    if (find(code) == NULL || hresult_normalise(code) == HR_E_FAIL) {
        status = hresult_status(inner); /* the document knows better than "failed" */
    }
    if (err != NULL) {
        struct text t;
        text_init(&t, MESSAGE_BYTES);
        add_code(&t, code);
        add_document(&t, document, code, inner);
        if (is_damaged) {
            char start[120];
            text_clean(start, sizeof start, result);
            text_addf(&t, "; the error document cannot be read: %s", start);
        }
        const char *hint = choose_hint(code, inner, t.data, document);
        (void)error_set(err, status, operation, object, "%s", "");
        set_message(err, t.data);
        err->kind = HVGPU_CODE_HRESULT;
        err->code = code;
        error_hint(err, "%s", hint);
        text_free(&t);
    }
    json_free(document);
    return status;
}
