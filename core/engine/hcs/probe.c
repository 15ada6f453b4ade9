/* SPDX-License-Identifier: MIT
 *
 * The presence probe: see probe.h. This file reads an answer as a whole and joins two of them into
 * the verdict; probe_rungs.c and probe_devices.c read the five rungs.
 *
 * A GPU is in a place when a rung proves that it is there; it is not there when the object names,
 * the adapters or the device list prove that; otherwise it is not known. Whether it also works is
 * the verdict: a rung that fails beside the proof makes it degraded.
 */
#include "core/engine/hcs/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/probe_parts.h"

#define PROBE_VERSION 1

static probe_rung_fn *const readers[HVGPU_RUNG_COUNT] = {
    [HVGPU_RUNG_OBJECTS] = probe_read_objects, [HVGPU_RUNG_STORE] = probe_read_store,
    [HVGPU_RUNG_PNP] = probe_read_pnp,         [HVGPU_RUNG_ADAPTERS] = probe_read_adapters,
    [HVGPU_RUNG_VENDOR] = probe_read_vendor,
};

void probe_say(struct probe_rung *out, enum hvgpu_verdict verdict, enum hvgpu_answer presence,
               const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    if (vsnprintf(line, sizeof line, format, args) < 0) {
        line[0] = '\0';
    }
    va_end(args);
    out->verdict = verdict;
    out->presence = presence;
    text_clean(out->evidence, sizeof out->evidence, line);
}

void probe_unreadable(struct probe_reading *out, const char *reason)
{
    *out = (struct probe_reading){.gpu = HVGPU_ANSWER_UNKNOWN};
    text_clean(out->problem, sizeof out->problem,
               reason != NULL && reason[0] != '\0' ? reason : "the probe gave no answer");
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        out->verdict[i] = HVGPU_VERDICT_UNKNOWN;
        text_clean(out->evidence[i], sizeof out->evidence[i], out->problem);
    }
}

/* Is the GPU there? One proof of presence is enough; proofs of absence count only without one. */
static enum hvgpu_answer join_presence(const struct probe_rung read[HVGPU_RUNG_COUNT])
{
    enum hvgpu_answer answer = HVGPU_ANSWER_UNKNOWN;
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        if (read[i].presence == HVGPU_ANSWER_YES) {
            return HVGPU_ANSWER_YES;
        }
        if (read[i].presence == HVGPU_ANSWER_NO) {
            answer = HVGPU_ANSWER_NO;
        }
    }
    return answer;
}

static void read_rungs(const struct json *answer, const struct probe_expectation *expected,
                       struct probe_reading *out)
{
    struct probe_rung read[HVGPU_RUNG_COUNT];
    memset(read, 0, sizeof read);
    *out = (struct probe_reading){.gpu = HVGPU_ANSWER_UNKNOWN};
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        readers[i](answer, expected, &read[i]);
        out->verdict[i] = read[i].verdict;
        text_clean(out->evidence[i], sizeof out->evidence[i], read[i].evidence);
    }
    out->gpu = join_presence(read);
}

void probe_read(const char *answer, size_t len, const struct probe_expectation *expected,
                struct probe_reading *out)
{
    if (answer == NULL || len == 0) {
        probe_unreadable(out, "the probe gave no answer");
        return;
    }
    if (len > PROBE_MAX_BYTES) {
        probe_unreadable(out, "the probe's answer is larger than 256 KiB");
        return;
    }
    struct json *document = NULL;
    struct hvgpu_error err;
    if (json_parse(answer, len, "probe answer", &document, &err) != HVGPU_OK) {
        char reason[192];
        (void)snprintf(reason, sizeof reason, "the probe's answer makes no sense (%.140s)",
                       err.message);
        probe_unreadable(out, reason);
        return;
    }
    uint64_t version = 0;
    bool has_version = json_u64(document, "v", &version);
    if (!has_version) {
        probe_unreadable(out, "the probe's answer states no version");
    } else if (version != PROBE_VERSION) {
        char reason[96];
        (void)snprintf(reason, sizeof reason, "the probe's answer has version %llu, not 1",
                       (unsigned long long)version);
        probe_unreadable(out, reason);
    } else {
        read_rungs(document, expected, out);
    }
    json_free(document);
}

/* ---- both places ---- */

static const char *why_unknown(const struct probe_reading *reading)
{
    return reading->problem[0] != '\0' ? reading->problem : "nothing there could be read";
}

/* The first rung that is readable and not passed; HVGPU_RUNG_COUNT: none. */
static int first_disagreement(const struct probe_reading *reading)
{
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        if (reading->verdict[i] == HVGPU_VERDICT_FAIL ||
            reading->verdict[i] == HVGPU_VERDICT_DEGRADED) {
            return i;
        }
    }
    return HVGPU_RUNG_COUNT;
}

static enum hvgpu_verdict judge_both(const struct probe_reading *vm,
                                     const struct probe_reading *container, char *sentence,
                                     size_t size)
{
    static const char both[] = "the GPU is in both the VM and the container";
    const struct probe_reading *place = container;
    int rung = first_disagreement(container);
    if (rung == HVGPU_RUNG_COUNT) {
        place = vm;
        rung = first_disagreement(vm);
    }
    if (rung == HVGPU_RUNG_COUNT) {
        (void)snprintf(sentence, size, "%s", both);
        return HVGPU_VERDICT_PASS;
    }
    (void)snprintf(sentence, size, "%s: %s in the %s: %s", both,
                   hvgpu_rung_name((enum hvgpu_rung_kind)rung), place == vm ? "VM" : "container",
                   place->evidence[rung]);
    return HVGPU_VERDICT_DEGRADED;
}

static enum hvgpu_verdict judge(const struct probe_reading *vm,
                                const struct probe_reading *container,
                                const struct probe_expectation *expected, char *sentence,
                                size_t size)
{
    if (vm->gpu == HVGPU_ANSWER_YES && container->gpu == HVGPU_ANSWER_YES) {
        return judge_both(vm, container, sentence, size);
    }
    if (vm->gpu == HVGPU_ANSWER_YES && container->gpu == HVGPU_ANSWER_NO) {
        (void)snprintf(sentence, size, "the GPU is in the VM but not in the container");
        return HVGPU_VERDICT_FAIL;
    }
    if (vm->gpu == HVGPU_ANSWER_NO && container->gpu != HVGPU_ANSWER_YES) {
        /* A container has its devices from its VM: what is not there is in neither. */
        (void)snprintf(sentence, size, "the GPU is in neither the VM nor the container%s",
                       expected->expects_gpu ? "" : ": none was attached");
        return HVGPU_VERDICT_FAIL;
    }
    if (vm->gpu == HVGPU_ANSWER_NO) {
        (void)snprintf(sentence, size,
                       "not known because the container shows a GPU that its VM does not have");
    } else if (vm->gpu == HVGPU_ANSWER_UNKNOWN) {
        const char *rest = "";
        if (container->gpu == HVGPU_ANSWER_YES) {
            rest = "; the container has a GPU";
        } else if (container->gpu == HVGPU_ANSWER_NO) {
            rest = "; the container has none";
        }
        (void)snprintf(sentence, size, "not known because the VM could not be read: %s%s",
                       why_unknown(vm), rest);
    } else {
        (void)snprintf(sentence, size,
                       "not known because the container could not be read: %s; the VM has a GPU",
                       why_unknown(container));
    }
    return HVGPU_VERDICT_UNKNOWN;
}

void probe_judge(const struct probe_reading *vm, const struct probe_reading *container,
                 const struct probe_expectation *expected, enum hvgpu_verdict *verdict,
                 char *sentence, size_t size)
{
    char line[512];
    *verdict = judge(vm, container, expected, line, sizeof line);
    text_clean(sentence, size, line);
}

/* ---- gpuprobe children ---- */

static bool is_location_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("()#_{}-&.", c) != NULL);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool probe_first_location(const char *answer, size_t len, char *out, size_t size)
{
    if (answer == NULL || size == 0 || len > PROBE_MAX_BYTES) {
        return false;
    }
    size_t start = 0;
    while (start < len && is_space(answer[start])) {
        start++;
    }
    size_t end = start;
    while (end < len && is_location_char(answer[end])) {
        end++;
    }
    size_t count = end - start;
    bool ends_well = end == len || answer[end] == ',' || is_space(answer[end]);
    /* "PCIROOT(0)" is the shortest form: a name, and something in brackets. */
    if (count == 0 || count >= size || !ends_well || memchr(answer + start, '(', count) == NULL) {
        return false;
    }
    memcpy(out, answer + start, count);
    out[count] = '\0';
    return true;
}
