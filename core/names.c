/* SPDX-License-Identifier: MIT
 *
 * Names of enums: one table each.
 */
#include "core/names.h"

#include <stddef.h>

/* A hole in a table, or a value beyond it, gives the fallback. */
static const char *pick(const char *const *names, size_t count, unsigned value,
                        const char *fallback)
{
    return value < count && names[value] != NULL ? names[value] : fallback;
}

#define PICK(names, value, fallback)                                                               \
    pick((names), sizeof(names) / sizeof((names)[0]), (unsigned)(value), (fallback))

const char *hvgpu_rung_name(enum hvgpu_rung_kind kind)
{
    static const char *const names[HVGPU_RUNG_COUNT] = {
        [HVGPU_RUNG_OBJECTS] = "object names", [HVGPU_RUNG_STORE] = "driver store",
        [HVGPU_RUNG_PNP] = "PnP problem code", [HVGPU_RUNG_ADAPTERS] = "D3DKMT adapters",
        [HVGPU_RUNG_VENDOR] = "vendor tool",
    };
    return PICK(names, kind, "unknown");
}

const char *hvgpu_verdict_name(enum hvgpu_verdict verdict)
{
    static const char *const names[] = {
        [HVGPU_VERDICT_UNKNOWN] = "unknown",
        [HVGPU_VERDICT_PASS] = "pass",
        [HVGPU_VERDICT_DEGRADED] = "degraded",
        [HVGPU_VERDICT_FAIL] = "fail",
    };
    return PICK(names, verdict, "unknown");
}

const char *name_of_gpu_state(enum hvgpu_gpu_state state)
{
    static const char *const names[] = {
        [HVGPU_GPU_PARTITIONABLE] = "partitionable",
        [HVGPU_GPU_PARAVIRTUAL] = "paravirtual",
        [HVGPU_GPU_DISMOUNTED] = "dismounted",
        [HVGPU_GPU_NOT_ASSIGNABLE] = "not_assignable",
        [HVGPU_GPU_PROBLEM] = "problem",
    };
    return PICK(names, state, NULL);
}

const char *name_of_system_kind(enum hvgpu_system_kind kind)
{
    static const char *const names[] = {
        [HVGPU_SYSTEM_OTHER] = "other",
        [HVGPU_SYSTEM_UTILITY_VM] = "utility_vm",
        [HVGPU_SYSTEM_VM] = "vm",
        [HVGPU_SYSTEM_HYPERV_CONTAINER] = "hyperv_container",
        [HVGPU_SYSTEM_PROCESS_CONTAINER] = "process_container",
        [HVGPU_SYSTEM_TEMPLATE] = "template",
    };
    return PICK(names, kind, "other");
}

const char *name_of_system_state(enum hvgpu_system_state state)
{
    static const char *const names[] = {
        [HVGPU_STATE_CREATED] = "created",
        [HVGPU_STATE_RUNNING] = "running",
        [HVGPU_STATE_PAUSED] = "paused",
        [HVGPU_STATE_STOPPED] = "stopped",
        [HVGPU_STATE_SAVED_AS_TEMPLATE] = "saved_as_template",
    };
    return PICK(names, state, NULL);
}

const char *name_of_gpu_mode(enum hvgpu_gpu_mode mode)
{
    static const char *const names[] = {
        [HVGPU_MODE_NONE] = "none",
        [HVGPU_MODE_LIST] = "list",
        [HVGPU_MODE_MIRROR] = "mirror",
        [HVGPU_MODE_DDA] = "dda",
    };
    return PICK(names, mode, NULL);
}

const char *name_of_init_state(enum hvgpu_init_state state)
{
    static const char *const names[] = {
        [HVGPU_INIT_RUNNING] = "running",
        [HVGPU_INIT_ENDED] = "ended",
    };
    return PICK(names, state, NULL);
}

const char *name_of_link(enum hvgpu_link link)
{
    static const char *const names[] = {
        [HVGPU_LINK_CONNECTING] = "connecting",
        [HVGPU_LINK_LIVE] = "live",
        [HVGPU_LINK_STALE] = "stale",
        [HVGPU_LINK_LOST] = "lost",
    };
    return PICK(names, link, "lost");
}

const char *name_of_job_state(enum hvgpu_job_state state)
{
    static const char *const names[] = {
        [HVGPU_JOB_QUEUED] = "queued",   [HVGPU_JOB_RUNNING] = "running",
        [HVGPU_JOB_UNDOING] = "undoing", [HVGPU_JOB_DONE] = "done",
        [HVGPU_JOB_FAILED] = "failed",   [HVGPU_JOB_CANCELLED] = "cancelled",
    };
    return PICK(names, state, "failed");
}

const char *name_of_step_state(enum hvgpu_step_state state)
{
    static const char *const names[] = {
        [HVGPU_STEP_WAITING] = "waiting", [HVGPU_STEP_RUNNING] = "running",
        [HVGPU_STEP_DONE] = "done",       [HVGPU_STEP_FAILED] = "failed",
        [HVGPU_STEP_SKIPPED] = "skipped", [HVGPU_STEP_UNKNOWN] = "unknown",
    };
    return PICK(names, state, "unknown");
}

const char *name_of_event_source(enum hvgpu_event_source source)
{
    static const char *const names[] = {
        [HVGPU_EVENT_HCS] = "hcs",
        [HVGPU_EVENT_LOG] = "log",
        [HVGPU_EVENT_HVGPU] = "hvgpu",
    };
    return PICK(names, source, "hvgpu");
}

const char *name_of_severity(enum hvgpu_severity severity)
{
    static const char *const names[] = {
        [HVGPU_SEVERITY_INFO] = "info",
        [HVGPU_SEVERITY_GOOD] = "good",
        [HVGPU_SEVERITY_WARNING] = "warning",
        [HVGPU_SEVERITY_ERROR] = "error",
    };
    return PICK(names, severity, "info");
}
