/* SPDX-License-Identifier: MIT
 *
 * The shell commands: a command is a view without a terminal. They share one state: options that
 * stand before or behind the command name, the opened host, and the way out. No escape ever goes
 * into a pipe.
 *
 * Exit statuses: 0 done or all present, 1 failed or absent, 2 usage, 3 unknown, 77 nothing to test;
 * exec and launch --rm end with the process's code, 125 for hvgpu's own failure.
 */
#ifndef HVGPU_CONSOLE_SHELL_H
#define HVGPU_CONSOLE_SHELL_H

#include <stdbool.h>
#include <stdio.h>

#include "core/hvgpu.h"

enum shell_status {
    SHELL_OK = 0,
    SHELL_FAILED = 1,
    SHELL_USAGE = 2,
    SHELL_UNKNOWN = 3,
    SHELL_NOTHING = 77,
    SHELL_OWN_FAILURE = 125
};

struct shell {
    const char *uri;   /* -c, else HVGPU_HOST; NULL: none given */
    bool json;         /* --json */
    bool dry_run;      /* --dry-run */
    bool read_only;
    FILE *out, *err;
    struct hvgpu *host;
    const struct hvgpu_snapshot *snapshot;
};

/* The whole program without console: parses, runs, cleans up; returns the exit status. */
int shell_main(int argc, char **argv);

#endif
