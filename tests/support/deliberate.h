/* SPDX-License-Identifier: MIT
 *
 * The differences between hvgpu's calls and hcsshim's that are meant, one row each with its reason.
 * Everything else must be equal to the record.
 */
#ifndef HVGPU_TESTS_DELIBERATE_H
#define HVGPU_TESTS_DELIBERATE_H

#include "core/base/json.h"

struct deliberate_row {
    const char *name;
    const char *reason;
    /* Rewrites one of hvgpu's calls ({"call","id","document"}) into hcsshim's form. */
    void (*rewrite)(struct json *call);
};

/* Ends with a NULL name. */
extern const struct deliberate_row deliberate_rows[];

#endif
