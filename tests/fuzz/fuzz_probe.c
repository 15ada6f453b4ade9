/* SPDX-License-Identifier: MIT
 *
 * Fuzz target for the presence probe: any bytes that a guest may print give a reading whose texts
 * are clean, and a verdict that is never a pass without a proof in both places. With FUZZ_MAIN it
 * is a program that reads files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void require_clean(const char *text)
{
    char clean[1024];
    require(strlen(text) < sizeof clean);
    require(strcmp(text_clean(clean, sizeof clean, text), text) == 0);
}

static void check_reading(const struct probe_reading *reading)
{
    require_clean(reading->problem);
    bool has_problem = reading->problem[0] != '\0';
    require(!has_problem || reading->gpu == HVGPU_ANSWER_UNKNOWN);
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        require_clean(reading->evidence[i]);
        require(reading->evidence[i][0] != '\0');
        require(!has_problem || reading->verdict[i] == HVGPU_VERDICT_UNKNOWN);
    }
}

static void check_verdict(const struct probe_reading *vm, const struct probe_reading *container,
                          const struct probe_expectation *expected)
{
    enum hvgpu_verdict verdict;
    char sentence[256];
    probe_judge(vm, container, expected, &verdict, sentence, sizeof sentence);
    require_clean(sentence);
    bool in_both = vm->gpu == HVGPU_ANSWER_YES && container->gpu == HVGPU_ANSWER_YES;
    require(verdict != HVGPU_VERDICT_PASS || in_both);
    require((verdict == HVGPU_VERDICT_UNKNOWN) == text_starts(sentence, "not known because "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const packages[] = {"nv_dispi.inf_amd64_0123456789abcdef"};
    static const char *const ids[] = {"VEN_10DE&DEV_1EB8"};
    const struct probe_expectation expectations[] = {
        {.expects_gpu = true, .paravirtual = true, .packages = packages, .package_count = 1},
        {.expects_gpu = true, .device_ids = ids, .device_id_count = 1},
        {.expects_gpu = true},
        {.expects_gpu = false},
    };
    const char *text = (const char *)data;
    size_t half = size / 2;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        struct probe_reading whole, part;
        probe_read(text, size, &expectations[i], &whole);
        probe_read(text, half, &expectations[i], &part);
        check_reading(&whole);
        check_reading(&part);
        check_verdict(&whole, &whole, &expectations[i]);
        check_verdict(&whole, &part, &expectations[i]);
        check_verdict(&part, &whole, &expectations[i]);
    }
    char location[128];
    if (probe_first_location(text, size, location, sizeof location)) {
        require_clean(location);
        require(strpbrk(location, "\\\"/, ") == NULL);
    }
    return 0;
}

#ifdef FUZZ_MAIN
#include "tests/fuzz/fuzz_main.h"
#endif
