/* SPDX-License-Identifier: MIT
 *
 * The dry run of a launch is equal to hcsshim's record of the same input: the same GrantVmAccess,
 * Create, Start, Modify and CreateProcess calls in the same order up to the init process, equal as
 * JSON but for generated GUIDs, names, owner, run-time values and the table of deliberate
 * differences, every row of which is needed.
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
#include "core/base/text.h"
#include "tests/support/deliberate.h"
#include "tests/support/plan_fixture.h"

#define RECORD "tests/support/record/hcsshim-record.tsv"

enum { LINES_MAX = 64, NO_ROW = 1000 };

struct list {
    struct json *calls[LINES_MAX];
    size_t count;
};

static void list_free(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        json_free(list->calls[i]);
    }
    list->count = 0;
}

static bool is_compared(const char *verb)
{
    static const char *const verbs[] = {"GrantVmAccess", "Create", "Start", "Modify",
                                        "CreateProcess"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Every occurrence of `from` becomes `to`. */
static char *replace(char *text, const char *from, const char *to)
{
    struct text out;
    text_init(&out, 1u << 20);
    const char *s = text;
    for (const char *hit = strstr(s, from); hit != NULL; hit = strstr(s, from)) {
        text_add_n(&out, s, (size_t)(hit - s));
        text_add(&out, to);
        s = hit + strlen(from);
    }
    text_add(&out, s);
    char *result = text_take(&out);
    text_free(&out);
    free(text);
    assert_non_null(result);
    return result;
}

static struct json *parse(const char *text)
{
    struct json *value = NULL;
    struct hvgpu_error err;
    assert_int_equal(json_parse(text, strlen(text), "test", &value, &err), HVGPU_OK);
    return value;
}

/* Names are not compared: owner, host name, ids. */
static void drop_names(struct json *call)
{
    struct json *document = (struct json *)(uintptr_t)json_get(call, "document");
    if (json_type(document) == JSON_OBJECT) {
        json_remove(document, "Owner");
        json_remove(document, "HostingSystemId");
        struct json *guest =
            (struct json *)(uintptr_t)json_get(document, "HostedSystem/Container/GuestOs");
        if (guest != NULL) {
            json_remove(guest, "HostName");
        }
    }
    json_remove(call, "id");
}

/* ---- the record ---- */

static struct json *record_line(const char *verb, const char *document)
{
    struct json *call = json_new_object();
    json_add_string(call, "call", verb);
    if (strcmp(verb, "GrantVmAccess") == 0) {
        json_add_string(call, "document", document);
    } else if (document[0] == '\0') {
        json_add_null(call, "document");
    } else {
        char *text = replace(text_copy(document), "2d631de9-d73c-4cb5-920e-8d0cfdf8b9b5", "*vpci*");
        text = replace(text, "a710dc3c-0001-0002-0102-030405060708", "<layer GUID of top>");
        text = replace(text, "3ddc94d8-0001-0002-0102-030405060708", "<layer GUID of base>");
        text =
            replace(text, "PCIROOT(0)#PCI(0100)", "<location path of device 1 in the utility VM>");
        json_add(call, "document", parse(text));
        free(text);
    }
    drop_names(call);
    return call;
}

static void read_record(struct list *out)
{
    char *text = NULL;
    size_t len = 0;
    struct hvgpu_error err;
    memset(out, 0, sizeof *out);
    assert_int_equal(os_file_read(RECORD, 1u << 20, &text, &len, &err), HVGPU_OK);
    for (char *line = text; line != NULL && *line != '\0';) {
        char *next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        char *id = strchr(line, '\t');
        char *document = id != NULL ? strchr(id + 1, '\t') : NULL;
        if (document != NULL) {
            *id = '\0';
            if (is_compared(line)) {
                out->calls[out->count++] = record_line(line, document + 1);
            }
        }
        line = next;
    }
    free(text);
}

/* ---- ours ---- */

/* The calls up to the init process, rewritten by every row but `without`. */
static void take_ours(const struct json *calls, size_t without, struct list *out)
{
    memset(out, 0, sizeof *out);
    const char *path =
        json_string(plan_fixture_modify(calls, "VirtualMachine/Devices/VirtualPci/", 0),
                    "document/ResourcePath");
    assert_non_null(path);
    char *guid = text_copy(strrchr(path, '/') + 1);
    assert_true(guid_is_valid(guid));
    bool ended = false;
    for (const struct json *item = json_first(calls); item != NULL && !ended;
         item = json_next(item)) {
        if (!is_compared(json_string(item, "call"))) {
            continue;
        }
        const char *line = json_string(item, "document/CommandLine");
        ended = line != NULL && strcmp(line, "cmd /c dir") == 0;
        char *text = replace(json_print(item), guid, "*vpci*");
        struct json *call = parse(text);
        free(text);
        for (size_t i = 0; deliberate_rows[i].name != NULL; i++) {
            if (i != without) {
                deliberate_rows[i].rewrite(call);
            }
        }
        drop_names(call);
        out->calls[out->count++] = call;
    }
    assert_true(ended);
    free(guid);
}

static bool are_equal(const struct list *ours, const struct list *theirs, bool say)
{
    bool equal = ours->count == theirs->count;
    for (size_t i = 0; i < ours->count && i < theirs->count; i++) {
        if (!json_equal(ours->calls[i], theirs->calls[i])) {
            equal = false;
            if (say) {
                char *a = json_print(ours->calls[i]);
                char *b = json_print(theirs->calls[i]);
                print_message("call %zu differs\n  ours   %s\n  record %s\n", i + 1, a, b);
                free(a);
                free(b);
            }
        }
    }
    return equal;
}

static struct json *dry_run(void)
{
    struct plan_fixture fixture;
    struct hvgpu_error err;
    struct json *calls = NULL;
    plan_fixture_make(&fixture, 19044, 3);
    const struct hvgpu_request request = plan_fixture_record_request();
    enum hvgpu_status status = plan_fixture_dry_run(&fixture, &request, &calls, &err);
    if (status != HVGPU_OK) {
        print_message("%s: %s\n", err.object, err.message);
    }
    assert_int_equal(status, HVGPU_OK);
    return calls;
}

static void test_dry_run_equals_the_record(void **state)
{
    (void)state;
    struct list ours, theirs;
    struct json *calls = dry_run();
    read_record(&theirs);
    assert_true(theirs.count >= 16);
    take_ours(calls, NO_ROW, &ours);
    assert_true(are_equal(&ours, &theirs, true));
    list_free(&ours);
    list_free(&theirs);
    json_free(calls);
}

static void test_every_row_of_differences_is_needed(void **state)
{
    (void)state;
    struct list ours, theirs;
    struct json *calls = dry_run();
    read_record(&theirs);
    for (size_t i = 0; deliberate_rows[i].name != NULL; i++) {
        take_ours(calls, i, &ours);
        if (are_equal(&ours, &theirs, false)) {
            fail_msg("the row '%s' is not needed", deliberate_rows[i].name);
        }
        assert_true(strlen(deliberate_rows[i].reason) > 20);
        list_free(&ours);
    }
    list_free(&theirs);
    json_free(calls);
}

static void test_grants_and_creates_name_the_right_systems(void **state)
{
    (void)state;
    struct json *calls = dry_run();
    for (size_t i = 0; i < 2; i++) {
        const struct json *grant = plan_fixture_call(calls, "GrantVmAccess", i);
        assert_string_equal(json_string(grant, "id"), "gold@vm");
        assert_non_null(json_string(grant, "document"));
    }
    assert_string_equal(json_string(plan_fixture_call(calls, "Create", 0), "id"), "gold@vm");
    assert_string_equal(json_string(plan_fixture_call(calls, "Create", 1), "id"), "gold");
    assert_string_equal(
        json_string(plan_fixture_call(calls, "Create", 1), "document/HostingSystemId"), "gold@vm");
    assert_string_equal(json_string(plan_fixture_call(calls, "Start", 0), "id"), "gold@vm");
    assert_string_equal(json_string(plan_fixture_call(calls, "Start", 1), "id"), "gold");
    json_free(calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dry_run_equals_the_record),
        cmocka_unit_test(test_every_row_of_differences_is_needed),
        cmocka_unit_test(test_grants_and_creates_name_the_right_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
