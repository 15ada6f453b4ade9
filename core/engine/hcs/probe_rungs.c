/* SPDX-License-Identifier: MIT
 *
 * The rungs of the probe that are about software: the driver store and the vendor's tool. See
 * probe_parts.h. Neither proves that a GPU is absent; a tool that ran well proves that one is
 * there.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/probe_parts.h"

/* ---- driver store ---- */

/* Length of a package's name without its hash: "nv_dispi.inf_amd64_" of "nv_dispi.inf_amd64_0123".
 */
static size_t family_length(const char *package)
{
    const char *last = strrchr(package, '_');
    return last != NULL ? (size_t)(last - package) + 1 : strlen(package);
}

/* A package of the guest: exactly this one, or the same driver in another version. */
static const char *find_package(const struct json *packages, const char *wanted, bool exact)
{
    size_t family = family_length(wanted);
    for (const struct json *item = json_first(packages); item != NULL; item = json_next(item)) {
        const char *name = json_string(item, "");
        if (name == NULL) {
            continue;
        }
        char start[256];
        (void)snprintf(start, sizeof start, "%.*s", (int)(family < 255 ? family : 255), wanted);
        bool same_family = family_length(name) == family && text_starts_nocase(name, start);
        if (exact ? text_equal_nocase(name, wanted) : same_family) {
            return name;
        }
    }
    return NULL;
}

static void compare_packages(const struct json *packages, const struct probe_expectation *expected,
                             struct probe_rung *out)
{
    for (size_t i = 0; i < expected->package_count; i++) {
        const char *wanted = expected->packages[i];
        if (find_package(packages, wanted, true) != NULL) {
            continue;
        }
        const char *other = find_package(packages, wanted, false);
        if (other == NULL) {
            probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_UNKNOWN,
                      "the host's package %.120s is missing", wanted);
            return;
        }
        /* Keep looking: a package that is missing altogether is worse. */
        probe_say(out, HVGPU_VERDICT_DEGRADED, HVGPU_ANSWER_UNKNOWN,
                  "guest has %.72s, host has %.72s: launch it again", other, wanted);
    }
    if (out->verdict != HVGPU_VERDICT_DEGRADED) {
        probe_say(out, HVGPU_VERDICT_PASS, HVGPU_ANSWER_UNKNOWN, "in step with the host: %.140s",
                  expected->packages[0]);
    }
}

void probe_read_store(const struct json *answer, const struct probe_expectation *expected,
                      struct probe_rung *out)
{
    if (expected->expects_gpu && !expected->paravirtual) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN,
                  "not used by an assigned device: its driver is installed in the guest");
        return;
    }
    const struct json *exists = json_member(answer, "hostdriverstore");
    if (json_type(exists) != JSON_BOOL) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN,
                  "the driver store cannot be read here");
        return;
    }
    if (!json_bool(exists, "", false)) {
        probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_UNKNOWN, "there is no HostDriverStore");
        return;
    }
    const struct json *packages = probe_array(answer, "packages", "driver packages", out);
    if (packages == NULL) {
        return;
    }
    if (json_count(packages) == 0) {
        probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_UNKNOWN, "HostDriverStore is empty");
    } else if (expected->package_count == 0) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN,
                  "HostDriverStore holds %zu packages; the host's is not known",
                  json_count(packages));
    } else {
        compare_packages(packages, expected, out);
    }
}

/* ---- vendor tool ---- */

/* What an exit code says about the tool itself: it never ran. cmd.exe ends with 9009 (or 1) for a
 * command that it does not find; the others are "file not found" and "path not found". */
static bool is_tool_missing(int64_t code)
{
    return code == 9009 || code == 0x80070002 || code == (int32_t)0x80070002u ||
           code == 0x80070003 || code == (int32_t)0x80070003u;
}

/* Exit codes of nvidia-smi follow NVML's return codes. `fails`: the code is about the GPU or its
 * driver, and not about how the tool was called. */
static const struct {
    int64_t code;
    const char *words;
    bool fails;
} nvidia_codes[] = {
    {2, "a bad argument", false},          {3, "not supported on this GPU", false},
    {4, "no permission", false},           {6, "no GPU was found", true},
    {9, "the driver is not loaded", true}, {12, "the NVML library was not found", true},
    {15, "the GPU is lost", true},
};

static void judge_failure(const char *command, int64_t code, const char *line,
                          struct probe_rung *out)
{
    if (is_tool_missing(code)) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN, "%.60s is not there", command);
        return;
    }
    bool is_nvidia = text_find_nocase(command, "nvidia-smi");
    for (size_t i = 0; is_nvidia && i < sizeof nvidia_codes / sizeof nvidia_codes[0]; i++) {
        if (nvidia_codes[i].code == code) {
            probe_say(out, nvidia_codes[i].fails ? HVGPU_VERDICT_FAIL : HVGPU_VERDICT_UNKNOWN,
                      HVGPU_ANSWER_UNKNOWN, "%.60s: exit %lld, %s", command, (long long)code,
                      nvidia_codes[i].words);
            return;
        }
    }
    if (code == 1) {
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN,
                  "%.60s: exit 1, it is missing or failed", command);
        return;
    }
    probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_UNKNOWN, "%.60s: exit %lld%s%.80s", command,
              (long long)code, line[0] != '\0' ? ", " : "", line);
}

void probe_read_vendor(const struct json *answer, const struct probe_expectation *expected,
                       struct probe_rung *out)
{
    (void)expected; /* the tool is the same for every way a GPU gets in */
    const struct json *vendor = json_member(answer, "vendor");
    int64_t code;
    if (json_type(vendor) != JSON_OBJECT || !json_i64(vendor, "exit", &code)) {
        bool is_null = json_type(vendor) == JSON_NULL || json_type(vendor) == JSON_OBJECT;
        probe_say(out, HVGPU_VERDICT_UNKNOWN, HVGPU_ANSWER_UNKNOWN, "%s",
                  is_null ? "no vendor tool ran here" : "vendor tool: the answer makes no sense");
        return;
    }
    const char *command = json_string(vendor, "command");
    const char *output = json_string(vendor, "text");
    command = command != NULL && command[0] != '\0' ? command : "the vendor tool";
    char line[160];
    size_t line_len = output != NULL ? strcspn(output, "\r\n") : 0;
    text_clean_n(line, sizeof line, output, line_len);
    if (code != 0) {
        judge_failure(command, code, line, out);
        return;
    }
    if (text_starts_nocase(line, "no devices")) {
        probe_say(out, HVGPU_VERDICT_FAIL, HVGPU_ANSWER_UNKNOWN, "%.60s: %.110s", command, line);
    } else if (line[0] == '\0') {
        probe_say(out, HVGPU_VERDICT_PASS, HVGPU_ANSWER_UNKNOWN, "%.60s: exit 0", command);
    } else {
        probe_say(out, HVGPU_VERDICT_PASS, HVGPU_ANSWER_YES, "%.60s: %.110s", command, line);
    }
}
