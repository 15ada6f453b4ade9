/* SPDX-License-Identifier: MIT
 *
 * What the host tells unasked: events of systems that are listened to, and change notices. Runs on
 * threads of the system: copies into the inbox, tells the engine's thread where it must act,
 * returns.
 */
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"

static enum hvgpu_severity exit_severity(const char *document)
{
    struct json *status = NULL;
    enum hvgpu_severity severity = HVGPU_SEVERITY_INFO;
    if (document[0] == '\0' ||
        json_parse(document, strlen(document), "SystemExitStatus", &status, NULL) != HVGPU_OK) {
        return HVGPU_SEVERITY_WARNING;
    }
    const char *type = json_string(status, "ExitType");
    int64_t code = 0;
    if (text_equal(type, "UnexpectedExit")) {
        severity = HVGPU_SEVERITY_ERROR;
    } else if (text_equal(type, "ForcedExit") ||
               (type == NULL && json_i64(status, "Status", &code) && code != 0)) {
        severity = HVGPU_SEVERITY_WARNING;
    }
    json_free(status);
    return severity;
}

static enum hvgpu_severity event_severity(uint32_t type, const char *document)
{
    switch (type) {
    case 0x00000001u: /* SystemExited */
        return exit_severity(document);
    case 0x00000002u: /* SystemCrashInitiated */
    case 0x00000003u: /* SystemCrashReport */
    case 0x02000000u: /* ServiceDisconnect */
        return HVGPU_SEVERITY_ERROR;
    case 0x00000006u: /* SystemGuestConnectionClosed */
        return HVGPU_SEVERITY_WARNING;
    default:
        return HVGPU_SEVERITY_INFO;
    }
}

static const char *event_name(uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } names[] = {
#define X(code, value, name) {value, name},
        HCS_EVENT_LIST(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return "Unknown";
}

/* Every open handle is told of a disconnect; one of them is enough. */
static bool is_told(struct engine *engine)
{
    os_mutex_lock(engine->mutex);
    bool told = engine->lost_told;
    engine->lost_told = true;
    os_mutex_unlock(engine->mutex);
    return told;
}

void engine_on_event(void *context, uint32_t type, const char *system_id, const char *document)
{
    struct engine *engine = context;
    bool disconnected = type == HCS_EVENT_SERVICE_DISCONNECT;
    if (disconnected && is_told(engine)) {
        return;
    }
    int64_t now = engine->walls.host.now_ms(engine->walls.host.machine);
    inbox_put_event(engine->inbox, HVGPU_EVENT_HCS, event_severity(type, document), type,
                    event_name(type), disconnected ? "" : system_id, document, now);
    if (!disconnected && type != HCS_EVENT_SYSTEM_EXITED) {
        return;
    }
    struct notice *notice = notice_new(engine, disconnected ? NOTICE_DISCONNECTED : NOTICE_EXITED);
    if (notice != NULL) {
        notice->id = text_copy(system_id);
        engine_push(engine, notice, true);
    }
}

void engine_on_change(void *context, const struct host_change *change)
{
    static const char prefix[] = "Microsoft-Windows-";
    struct engine *engine = context;
    if (change->notice == HOST_NOTICE_GPUS) {
        struct notice *notice = notice_new(engine, NOTICE_GPUS_CHANGED);
        if (notice != NULL) {
            engine_push(engine, notice, true);
        }
        return;
    }
    const char *kind = change->channel == NULL ? "log" : change->channel;
    kind = text_starts(kind, prefix) ? kind + sizeof prefix - 1 : kind;
    inbox_put_event(engine->inbox, HVGPU_EVENT_LOG, (enum hvgpu_severity)change->severity,
                    change->event_id, kind, change->system_id == NULL ? "" : change->system_id,
                    change->json == NULL ? "" : change->json, change->time_ms);
}
