/* SPDX-License-Identifier: MIT
 *
 * From a URI to an engine: the one place that reads the registry of engines.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/core.h"

/* The same kinds as in engine/engines.c, for help texts before anything is opened. */
static const struct hvgpu_scheme schemes[] = {
    {"demo", "a simulated Hyper-V host: "
             "demo:[SCENARIO|FILE.json][?state=FILE&events=N&clock=stepped]"},
    {NULL, NULL},
};

const struct hvgpu_scheme *hvgpu_schemes(void)
{
    return schemes;
}

static enum hvgpu_status unknown_scheme(const char *uri, struct hvgpu_error *err)
{
    struct text known;
    text_init(&known, 320);
    for (size_t i = 0; schemes[i].scheme != NULL; i++) {
        text_addf(&known, "%s%s (%s)", i > 0 ? ", " : "", schemes[i].scheme, schemes[i].summary);
    }
    enum hvgpu_status st =
        error_set(err, HVGPU_INVALID, "open host", uri, "no kind of host opens this URI");
    error_hint(err, "known kinds of host: %s", known.data);
    text_free(&known);
    return st;
}

enum hvgpu_status hvgpu_open(const char *uri, const struct hvgpu_options *options,
                             struct hvgpu **out, struct hvgpu_error *err)
{
    *out = NULL;
    const char *colon = uri != NULL ? strchr(uri, ':') : NULL;
    if (colon == NULL) {
        return unknown_scheme(uri, err);
    }
    size_t len = (size_t)(colon - uri);
    for (size_t i = 0; engines[i] != NULL; i++) {
        const char *scheme = engines[i]->scheme;
        if (strlen(scheme) == len && memcmp(scheme, uri, len) == 0) {
            return core_open(engines[i], uri, colon + 1, options, out, err);
        }
    }
    return unknown_scheme(uri, err);
}
