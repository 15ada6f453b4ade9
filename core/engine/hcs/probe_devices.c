/* SPDX-License-Identifier: MIT
 *
 * The rungs of the probe that name devices: object names, PnP, adapters. See probe_parts.h. A
 * member that is null, missing or of another type cannot be read, which is unknown and not absent.
 */
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/probe_parts.h"

/* The paravirtual render device that Hyper-V gives to a guest. */
#define PARAVIRTUAL_ID "VEN_1414&DEV_008E"

/* Bits of D3DKMT_ADAPTERTYPE. */
#define ADAPTER_RENDER      (1u << 0)
#define ADAPTER_SOFTWARE    (1u << 2)
#define ADAPTER_PARAVIRTUAL (1u << 7)

const struct json *probe_array(const struct json *answer, const char *member, const char *what,
                               struct probe_rung *out)
{
    const struct json *array = json_member(answer, member);
    if (json_type(array) == JSON_ARRAY) {
        return array;
    }
    bool is_null = json_type(array) == JSON_NULL;
    probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN,
              is_null ? "%s cannot be read here" : "%s: the answer makes no sense", what);
    return NULL;
}

/* "PCI#VEN_10DE&DEV_1EB8..." with the bus, the separator and the id given. */
static bool has_device_id(const char *name, char separator, const char *id)
{
    return text_starts_nocase(name, "PCI") && name[3] == separator &&
           text_starts_nocase(name + 4, id);
}

bool probe_is_gpu_name(const char *name, char separator, const struct probe_expectation *expected,
                       size_t *which)
{
    static const char *const vendors[] = {"VEN_10DE", "VEN_1002", "VEN_8086"};
    *which = SIZE_MAX;
    if (name == NULL) {
        return false;
    }
    bool any_kind = !expected->expects_gpu;
    if ((expected->paravirtual || any_kind) && has_device_id(name, separator, PARAVIRTUAL_ID)) {
        return true;
    }
    if (expected->paravirtual && !any_kind) {
        return false;
    }
    for (size_t i = 0; i < expected->device_id_count; i++) {
        if (has_device_id(name, separator, expected->device_ids[i])) {
            *which = i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++) {
        if (expected->device_id_count == 0 && has_device_id(name, separator, vendors[i])) {
            return true;
        }
    }
    return false;
}

static const char *wanted(const struct probe_expectation *expected)
{
    if (!expected->expects_gpu) {
        return "of a GPU";
    }
    if (expected->paravirtual) {
        return "with " PARAVIRTUAL_ID;
    }
    return "of the assigned GPU";
}

/* One expected device id that no object name has; NULL: all are there. */
static const char *first_missing_id(const struct json *names,
                                    const struct probe_expectation *expected)
{
    size_t count = expected->paravirtual ? 0 : expected->device_id_count;
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (const struct json *name = json_first(names); name != NULL && !found;
             name = json_next(name)) {
            const char *text = json_string(name, "");
            found = text != NULL && has_device_id(text, '#', expected->device_ids[i]);
        }
        if (!found) {
            return expected->device_ids[i];
        }
    }
    return NULL;
}

void probe_read_objects(const struct json *answer, const struct probe_expectation *expected,
                        struct probe_rung *out)
{
    const struct json *names = probe_array(answer, "objdir", "object names", out);
    if (names == NULL) {
        return;
    }
    const char *first = NULL;
    size_t found = 0;
    for (const struct json *name = json_first(names); name != NULL; name = json_next(name)) {
        size_t which;
        if (probe_is_gpu_name(json_string(name, ""), '#', expected, &which)) {
            first = found == 0 ? json_string(name, "") : first;
            found++;
        }
    }
    if (found == 0) {
        probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_NO, "none of %zu PCI names is one %s",
                  json_count(names), wanted(expected));
        return;
    }
    const char *missing = first_missing_id(names, expected);
    if (missing != NULL) {
        probe_say(out, HVGPU_VERDICT_DEGRADED, HVGPU_ANSWER_YES, "%s is missing, %.80s is there",
                  missing, first);
        return;
    }
    probe_say(out, HVGPU_VERDICT_PASS, HVGPU_ANSWER_YES, "%.150s%s", first,
              found > 1 ? " and more" : "");
}

/* CM_PROB_DEVICE_NOT_THERE and CM_PROB_PHANTOM: the registry remembers the device, no more. */
#define PROBLEM_NOT_PRESENT 24
#define PROBLEM_PHANTOM     45

/* Problem codes of cfg.h in words. */
static const char *problem_words(uint64_t problem)
{
    static const char *const words[] = {
        [1] = "not configured",
        [3] = "out of memory",
        [9] = "invalid data",
        [10] = "the device failed to start",
        [12] = "not enough free resources",
        [14] = "a restart is needed",
        [16] = "resources are known in part only",
        [18] = "the driver must be installed again",
        [19] = "the registry is damaged",
        [21] = "it will be removed",
        [22] = "disabled",
        [24] = "not present",
        [28] = "no driver is installed",
        [29] = "disabled by the firmware",
        [31] = "the driver could not be added",
        [32] = "the driver's service is disabled",
        [33] = "resources could not be translated",
        [35] = "missing in a table of the firmware",
        [36] = "the interrupt could not be translated",
        [37] = "the driver failed to initialize",
        [38] = "an earlier instance is still loaded",
        [39] = "the driver could not be loaded",
        [40] = "the driver's service key is invalid",
        [41] = "the driver found no device",
        [42] = "duplicate device",
        [43] = "the driver reported a failure: its files are missing, or were copied after it "
               "started (restart the device)",
        [44] = "halted by a program or service",
        [45] = "not connected",
        [46] = "shutting down",
        [47] = "held for eject",
        [48] = "the driver is blocked",
        [49] = "the registry is too large",
        [50] = "its properties could not be set",
        [51] = "waiting for another device",
        [52] = "the driver is not signed",
        [53] = "used by the kernel debugger",
        [54] = "being reset",
        [55] = "locked until somebody signs in",
        [56] = "a class configuration is missing",
        [57] = "it could not be assigned to the guest",
    };
    const char *found = problem < sizeof words / sizeof words[0] ? words[problem] : NULL;
    return found != NULL ? found : "a code without words";
}

void probe_read_pnp(const struct json *answer, const struct probe_expectation *expected,
                    struct probe_rung *out)
{
    const struct json *devices = probe_array(answer, "pnp", "PnP devices", out);
    if (devices == NULL) {
        return;
    }
    size_t found = 0;
    size_t working = 0;
    for (const struct json *device = json_first(devices); device != NULL;
         device = json_next(device)) {
        const char *id = json_string(device, "id");
        size_t which;
        if (!probe_is_gpu_name(id, '\\', expected, &which)) {
            continue;
        }
        found++;
        uint64_t problem;
        bool is_known = json_u64(device, "problem", &problem);
        if (is_known && problem != 0) {
            bool is_gone = problem == PROBLEM_NOT_PRESENT || problem == PROBLEM_PHANTOM;
            probe_say(out, HVGPU_VERDICT_FAIL, is_gone ? HVGPU_ANSWER_NO : HVGPU_ANSWER_YES,
                      "problem %llu: %s", (unsigned long long)problem, problem_words(problem));
            return;
        }
        working += is_known ? 1 : 0;
    }
    if (found == 0) {
        probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_NO, "none of %zu devices is one %s",
                  json_count(devices), wanted(expected));
    } else if (working < found) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_YES,
                  "the device is there; its problem code cannot be read here");
    } else {
        probe_say(out, HVGPU_VERDICT_PASS, HVGPU_ANSWER_YES, "%zu device%s, problem 0", found,
                  found > 1 ? "s" : "");
    }
}

/* YES: a hardware adapter of the kind expected. NO: software, display only, or the other kind. */
static enum hvgpu_answer is_gpu_adapter(const struct json *adapter,
                                        const struct probe_expectation *expected)
{
    uint64_t type = 0;
    bool has_type = json_u64(adapter, "type", &type);
    const struct json *flag = json_member(adapter, "pv");
    if (!has_type && json_type(flag) != JSON_BOOL) {
        return HVGPU_ANSWER_UNKNOWN;
    }
    bool is_paravirtual = json_bool(flag, "", (type & ADAPTER_PARAVIRTUAL) != 0);
    if ((type & ADAPTER_SOFTWARE) != 0) {
        return HVGPU_ANSWER_NO;
    }
    if (is_paravirtual) {
        bool is_wanted = expected->paravirtual || !expected->expects_gpu;
        return is_wanted ? HVGPU_ANSWER_YES : HVGPU_ANSWER_NO;
    }
    if (expected->paravirtual && expected->expects_gpu) {
        return HVGPU_ANSWER_NO;
    }
    return (type & ADAPTER_RENDER) != 0 ? HVGPU_ANSWER_YES : HVGPU_ANSWER_NO;
}

void probe_read_adapters(const struct json *answer, const struct probe_expectation *expected,
                         struct probe_rung *out)
{
    const struct json *adapters = probe_array(answer, "adapters", "D3DKMT adapters", out);
    if (adapters == NULL) {
        return;
    }
    const struct json *first = NULL;
    size_t found = 0;
    size_t unclear = 0;
    for (const struct json *adapter = json_first(adapters); adapter != NULL;
         adapter = json_next(adapter)) {
        enum hvgpu_answer is_gpu = is_gpu_adapter(adapter, expected);
        if (is_gpu == HVGPU_ANSWER_YES) {
            first = found == 0 ? adapter : first;
            found++;
        }
        unclear += is_gpu == HVGPU_ANSWER_UNKNOWN ? 1 : 0;
    }
    if (found > 0) {
        const char *name = json_string(first, "desc");
        probe_say(out, HVGPU_VERDICT_PASS, HVGPU_ANSWER_YES, "%.120s%s",
                  name != NULL ? name : "an adapter without a name", found > 1 ? " and more" : "");
    } else if (unclear > 0) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN,
                  "the kind of the adapters cannot be read here");
    } else {
        probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_NO, "none of %zu adapters is a GPU%s",
                  json_count(adapters),
                  expected->paravirtual && expected->expects_gpu ? " of the host" : "");
    }
}
