/* SPDX-License-Identifier: MIT
 *
 * Fuzz target for core/base/json: any bytes are parsed or refused; what was parsed prints, the
 * print parses again, and both trees are equal. The same bytes are also read as an error document,
 * which is the JSON that a host sends most directly. With FUZZ_MAIN it is a program that reads
 * files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void visit(const struct json *value)
{
    uint64_t u;
    int64_t i;
    double d;
    (void)json_u64(value, "", &u);
    (void)json_i64(value, "", &i);
    (void)json_double(value, "", &d);
    require(json_line(value) > 0);
    const char *text = json_string(value, "");
    require(text == NULL || utf8_is_valid(text, strlen(text)));
    for (const struct json *child = json_first(value); child != NULL; child = json_next(child)) {
        visit(child);
    }
}

static void check_print(const struct json *value, char *printed)
{
    require(printed != NULL);
    struct json *again = NULL;
    struct hvgpu_error err;
    require(json_parse(printed, strlen(printed), "print", &again, &err) == HVGPU_OK);
    require(json_equal(value, again));
    json_free(again);
    free(printed);
}

static void check_error_document(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    struct hvgpu_error err;
    (void)error_hresult(&err, HR_E_FAIL, "call", "system", text);
    char clean[sizeof err.message];
    require(strcmp(text_clean(clean, sizeof clean, err.message), err.message) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *value = NULL;
    struct hvgpu_error err = {0};
    enum hvgpu_status status = json_parse((const char *)data, size, "input", &value, &err);
    require((status == HVGPU_OK) == (value != NULL));
    if (status == HVGPU_OK) {
        visit(value);
        char *printed = json_print(value);
        /* A deep tree is as deep when it is read again, but 16 MiB may grow by escapes. */
        if (printed != NULL && strlen(printed) > JSON_MAX_BYTES) {
            free(printed);
        } else {
            check_print(value, printed);
            check_print(value, json_print_pretty(value));
        }
        struct json *copy = json_copy(value);
        require(json_equal(value, copy));
        json_free(copy);
    } else {
        require(err.status == status && err.message[0] != '\0');
    }
    json_free(value);
    check_error_document(data, size);
    return 0;
}

#ifdef FUZZ_MAIN
#include "tests/fuzz/fuzz_main.h"
#endif
