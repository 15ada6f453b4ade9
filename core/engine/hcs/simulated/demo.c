/* SPDX-License-Identifier: MIT
 *
 * The engine of "demo:": a scenario, the in-process shell around it, and the HCS engine on top.
 *
 *   demo:[SCENARIO|FILE.json][?state=FILE&events=N&clock=real|stepped]
 *
 * Values may be percent-encoded. With a state file the records of hvgpu (journals, launched
 * systems) lie in a folder that belongs to that file's real path, so that the next process that
 * opens the same machine finds them; without one they live in memory, as the machine does.
 */
#include "core/engine/hcs/simulated/shell.h"

#include "core/base/os/os.h"
#include "core/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OPERATION "open demo:"

enum { MOST_EVENTS = 1000000 };

/* What the URI says. All texts owned. */
struct demo_uri {
    char *scenario, *state_file;
    long events;
    bool stepped;
};

static void uri_clear(struct demo_uri *uri)
{
    free(uri->scenario);
    free(uri->state_file);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Decodes %XX. NULL when an escape is broken, stands for a zero byte, or the result is no UTF-8. */
static char *decode(const char *s, size_t len)
{
    char *out = malloc(len + 1);
    size_t used = 0;
    for (size_t i = 0; out != NULL && i < len; i++) {
        char c = s[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(s[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) {
                free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[used++] = c;
    }
    if (out != NULL) {
        out[used] = '\0';
        if (!utf8_is_valid(out, used)) {
            free(out);
            return NULL;
        }
    }
    return out;
}

static enum hvgpu_status take_value(struct demo_uri *uri, const char *key, char *value,
                                    struct hvgpu_error *err)
{
    uint64_t number = 0;
    enum hvgpu_status status = HVGPU_OK;
    if (strcmp(key, "state") == 0 && value[0] != '\0') {
        free(uri->state_file);
        uri->state_file = value;
        return HVGPU_OK;
    }
    if (strcmp(key, "state") == 0) {
        status = error_set(err, HVGPU_INVALID, OPERATION, "state", "the name of a file is missing");
    } else if (strcmp(key, "events") == 0) {
        if (text_to_u64(value, 0, MOST_EVENTS, &number)) {
            uri->events = (long)number;
        } else {
            status =
                error_set(err, HVGPU_INVALID, OPERATION, "events",
                          "'%s' is not a number of events a second (0 to %d)", value, MOST_EVENTS);
        }
    } else if (strcmp(key, "clock") == 0) {
        uri->stepped = strcmp(value, "stepped") == 0;
        if (!uri->stepped && strcmp(value, "real") != 0) {
            status = error_set(err, HVGPU_INVALID, OPERATION, "clock",
                               "'%s' is neither 'real' nor 'stepped'", value);
        }
    } else {
        status = error_set(err, HVGPU_INVALID, OPERATION, key,
                           "unknown part; known are state, events and clock");
    }
    free(value);
    return status;
}

static enum hvgpu_status take_part(struct demo_uri *uri, const char *part, size_t len,
                                   struct hvgpu_error *err)
{
    const char *equals = memchr(part, '=', len);
    size_t key_len = equals == NULL ? len : (size_t)(equals - part);
    char *key = decode(part, key_len);
    char *value = equals == NULL ? NULL : decode(equals + 1, len - key_len - 1);
    enum hvgpu_status status;
    if (key == NULL || value == NULL) {
        char *shown = text_format("%.*s", (int)len, part);
        status = error_set(err, HVGPU_INVALID, OPERATION, shown,
                           equals == NULL ? "a part has the form name=value"
                                          : "the percent-encoding is broken");
        free(shown);
        free(value);
    } else {
        status = take_value(uri, key, value, err);
    }
    free(key);
    return status;
}

static enum hvgpu_status parse(const char *rest, struct demo_uri *uri, struct hvgpu_error *err)
{
    *uri = (struct demo_uri){.events = -1};
    size_t len = strcspn(rest, "?");
    uri->scenario = len == 0 ? text_copy("healthy") : decode(rest, len);
    if (uri->scenario == NULL) {
        return error_set(err, HVGPU_INVALID, OPERATION, rest,
                         "the percent-encoding of the scenario's name is broken");
    }
    const char *part = rest + len;
    enum hvgpu_status status = HVGPU_OK;
    while (status == HVGPU_OK && *part != '\0') {
        part++; /* ? or & */
        size_t part_len = strcspn(part, "&");
        if (part_len > 0) {
            status = take_part(uri, part, part_len, err);
        }
        part += part_len;
    }
    return status;
}

static enum hvgpu_status open_store(const struct demo_uri *uri, struct store **out,
                                    struct hvgpu_error *err)
{
    if (uri->state_file == NULL) {
        return store_open(NULL, out, err);
    }
    char *place = os_place(OS_PLACE_STATE);
    char *real = os_path_real(uri->state_file);
    char *folder = NULL;
    if (place != NULL && real != NULL) {
        folder = text_format("%s/hosts/demo-%016" PRIx64, place, text_hash(real, strlen(real)));
    }
    enum hvgpu_status status;
    if (folder != NULL) {
        status = store_open(folder, out, err);
    } else if (place == NULL) {
        status = error_set(err, HVGPU_NOT_FOUND, OPERATION, "state",
                           "there is no place for records: HOME is not set");
        error_hint(err, "set HOME or XDG_STATE_HOME");
    } else {
        status = error_set(err, HVGPU_NOT_FOUND, OPERATION, uri->state_file,
                           "the folder of the state file does not exist");
    }
    free(place);
    free(real);
    free(folder);
    return status;
}

static enum hvgpu_status open_walls(const struct demo_uri *uri, struct hcs_engine_walls *walls,
                                    struct hvgpu_error *err)
{
    struct scenario *scenario = NULL;
    enum hvgpu_status status = scenario_load(uri->scenario, &scenario, err);
    if (status != HVGPU_OK) {
        return status;
    }
    const struct shell_options options = {
        .state_file = uri->state_file,
        .stepped = uri->stepped,
        .events_per_second = uri->events,
    };
    status = shell_open(scenario, &options, walls, err);
    if (status != HVGPU_OK) {
        return status;
    }
    status = open_store(uri, &walls->store, err);
    if (status != HVGPU_OK) {
        walls->close(walls->hcs.machine);
    }
    return status;
}

static enum hvgpu_status demo_open(const struct engine_config *config, struct engine **out,
                                   struct hvgpu_error *err)
{
    struct demo_uri uri;
    struct hcs_engine_walls walls = {0};
    enum hvgpu_status status = parse(config->rest, &uri, err);
    if (status == HVGPU_OK) {
        status = open_walls(&uri, &walls, err);
    }
    uri_clear(&uri);
    if (status != HVGPU_OK) {
        return status;
    }
    return hcs_engine_open(config, &walls, out, err);
}

const struct engine_ops demo_engine = {
    .scheme = "demo",
    .summary =
        "a simulated Hyper-V host: demo:[SCENARIO|FILE.json][?state=FILE&events=N&clock=stepped]",
    .open = demo_open,
    .close = hcs_engine_close,
    .store = hcs_engine_store,
    .set_paused = hcs_engine_set_paused,
    .set_probe_interval = hcs_engine_set_probe_interval,
    .refresh = hcs_engine_refresh,
    .plan = hcs_engine_plan,
};
