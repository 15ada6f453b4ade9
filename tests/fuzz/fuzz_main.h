/* SPDX-License-Identifier: MIT
 *
 * A main() for fuzz targets where there is no libFuzzer: runs the target once on each file named.
 * Included by a target at its end when FUZZ_MAIN is defined.
 */
#ifndef HVGPU_FUZZ_MAIN_H
#define HVGPU_FUZZ_MAIN_H

#include <stdio.h>

#include "core/base/os/os.h"

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        char *data = NULL;
        size_t len = 0;
        struct hvgpu_error err;
        if (os_file_read(argv[i], 64u << 20, &data, &len, &err) != HVGPU_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], err.message);
            failed = 1;
            continue;
        }
        (void)LLVMFuzzerTestOneInput((const uint8_t *)data, len);
        free(data);
    }
    return failed;
}

#endif
