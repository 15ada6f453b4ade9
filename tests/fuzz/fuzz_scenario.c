/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: scenario files. Whatever the bytes are, there is a scenario or an error with words,
 * never both and never neither.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/engine/hcs/simulated/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario *scenario = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    enum hvgpu_status status =
        scenario_from_text("fuzz.json", (const char *)data, size, &scenario, &err);
    if ((status == HVGPU_OK) != (scenario != NULL)) {
        abort();
    }
    if (status != HVGPU_OK && err.message[0] == '\0') {
        abort();
    }
    scenario_free(scenario);
    return 0;
}
