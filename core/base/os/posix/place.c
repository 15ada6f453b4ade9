/* SPDX-License-Identifier: MIT
 *
 * Where the program's files lie: the XDG base directories, and the folder of the installation.
 */
#include "core/base/os/os.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#ifndef HVGPU_DATADIR
#define HVGPU_DATADIR "/usr/local/share/hvgpu"
#endif

/* The specification has relative values ignored. */
static const char *absolute(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] == '/' ? value : NULL;
}

static char *user_place(const char *variable, const char *below_home)
{
    const char *base = absolute(variable);
    if (base != NULL) {
        return text_format("%s/hvgpu", base);
    }
    const char *home = absolute("HOME");
    return home != NULL ? text_format("%s/%s/hvgpu", home, below_home) : NULL;
}

char *os_place(enum os_place place)
{
    switch (place) {
    case OS_PLACE_CONFIG:
        return user_place("XDG_CONFIG_HOME", ".config");
    case OS_PLACE_STATE:
        return user_place("XDG_STATE_HOME", ".local/state");
    case OS_PLACE_DATA:
        return text_copy(HVGPU_DATADIR);
    }
    return NULL;
}

/* The last part may be new, so only the folder is resolved when the whole cannot be. */
char *os_path_real(const char *path)
{
    if (path == NULL || path[0] == '\0') {
        return NULL;
    }
    char *whole = realpath(path, NULL);
    if (whole != NULL) {
        return whole;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (name[0] == '\0' || text_equal(name, ".") || text_equal(name, "..")) {
        return NULL;
    }
    char *folder = text_copy(slash != NULL ? path : ".");
    if (folder == NULL) {
        return NULL;
    }
    if (slash != NULL) {
        folder[slash == path ? 1 : slash - path] = '\0';
    }
    char *real = realpath(folder, NULL);
    free(folder);
    if (real == NULL) {
        return NULL;
    }
    char *joined = text_format("%s%s%s", text_equal(real, "/") ? "" : real, "/", name);
    free(real);
    return joined;
}
