/* SPDX-License-Identifier: MIT
 *
 * Names of roles, from the one list in role.h.
 */
#include "console/role.h"

static const char *const names[ROLE_COUNT] = {
#define X(code, name) [ROLE_##code] = name,
    ROLE_LIST(X)
#undef X
};

const char *role_name(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? names[role] : "unknown";
}
