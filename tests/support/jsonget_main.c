/* SPDX-License-Identifier: MIT
 *
 * jsonget PATH < JSON: prints one value, for test scripts. Parts of PATH are separated by '/': a
 * member name, an index, "[member=value]" (the first item of an array with that member), or "#" at
 * the end (how many items). Status 1 when there is no such value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"

static const struct json *item(const struct json *array, const char *part)
{
    const struct json *child = json_first(array);
    uint64_t index = 0;
    if (part[0] == '[') {
        char copy[256];
        snprintf(copy, sizeof copy, "%s", part + 1);
        char *equals = strchr(copy, '=');
        size_t length = strlen(copy);
        if (equals == NULL || length == 0) {
            return NULL;
        }
        copy[length - 1] = '\0';
        *equals = '\0';
        while (child != NULL && !text_equal(json_string(child, copy), equals + 1)) {
            child = json_next(child);
        }
        return child;
    }
    if (!text_to_u64(part, 0, 1000000, &index)) {
        return NULL;
    }
    for (; child != NULL && index > 0; index--) {
        child = json_next(child);
    }
    return child;
}

static const struct json *walk(const struct json *value, const char *path, bool *count)
{
    char part[256];
    while (value != NULL && *path != '\0') {
        const char *close = path[0] == '[' ? strchr(path, ']') : NULL;
        size_t length = close != NULL ? (size_t)(close - path) + 1 : strcspn(path, "/");
        snprintf(part, sizeof part, "%.*s", (int)length, path);
        path += length + (path[length] == '/');
        if (strcmp(part, "#") == 0) {
            *count = true;
            return value;
        }
        value = json_type(value) == JSON_ARRAY ? item(value, part) : json_member(value, part);
    }
    return value;
}

int main(int argc, char **argv)
{
    static char input[4 << 20];
    size_t len = fread(input, 1, sizeof input, stdin);
    struct json *root = NULL;
    struct hvgpu_error err = {0};
    if (argc != 2 || json_parse(input, len, "standard input", &root, &err) != HVGPU_OK) {
        fprintf(stderr, "jsonget: %s\n", argc != 2 ? "PATH < JSON" : err.message);
        return 2;
    }
    bool count = false;
    const struct json *value = walk(root, argv[1], &count);
    if (value == NULL) {
        json_free(root);
        return 1;
    }
    char *text = json_print(value);
    if (count) {
        printf("%zu\n", json_count(value));
    } else if (json_type(value) == JSON_STRING) {
        printf("%s\n", json_string(value, ""));
    } else {
        printf("%s\n", text);
    }
    free(text);
    json_free(root);
    return 0;
}
