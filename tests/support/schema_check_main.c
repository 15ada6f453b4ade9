/* SPDX-License-Identifier: MIT
 *
 * usage: schema_check_main MAJOR MINOR BUILD TYPE FILE...
 *
 * Checks documents with the schema table for a host of that schema version and build. Prints a line
 * a file, "FILE: valid" or what is wrong. Exit status: 0 all valid, 1 some are not, 2 wrong use. A
 * file that is no JSON document is not valid.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "core/engine/hcs/schema.h"

static bool check_file(const struct schema_level *level, const char *type, const char *path)
{
    char *bytes = NULL;
    size_t len = 0;
    struct json *document = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    enum hvgpu_status status = os_file_read(path, JSON_MAX_BYTES, &bytes, &len, &err);
    if (status == HVGPU_OK) {
        status = json_parse(bytes, len, path, &document, &err);
    }
    if (status == HVGPU_OK) {
        status = schema_check(level, type, document, &err);
    }
    printf("%s: %s\n", path, status == HVGPU_OK ? "valid" : err.message);
    json_free(document);
    free(bytes);
    return status == HVGPU_OK;
}

int main(int argc, char **argv)
{
    uint64_t number[3] = {0};
    if (argc < 6) {
        fprintf(stderr, "usage: schema_check_main MAJOR MINOR BUILD TYPE FILE...\n");
        return 2;
    }
    for (int i = 0; i < 3; i++) {
        if (!text_to_u64(argv[i + 1], 0, UINT32_MAX, &number[i])) {
            fprintf(stderr, "schema_check_main: %s is not a number\n", argv[i + 1]);
            return 2;
        }
    }
    struct schema_level level = {
        .major = (unsigned)number[0], .minor = (unsigned)number[1], .build = (unsigned)number[2]};
    bool all = true;
    for (int i = 5; i < argc; i++) {
        all = check_file(&level, argv[4], argv[i]) && all;
    }
    return all ? 0 : 1;
}
