/* SPDX-License-Identifier: MIT
 *
 * Command lines and paths of Windows guests and hosts, put together from outside text: folder names
 * of driver packages, mounts, image layers. No shell ever sees them: commands are lists of
 * arguments quoted by the one rule that the C runtime and CommandLineToArgvW share.
 *
 * Pure functions; results are new memory (free()), NULL when out of memory.
 */
#ifndef HVGPU_HCS_GUEST_COMMAND_H
#define HVGPU_HCS_GUEST_COMMAND_H

#include <stdbool.h>

#include "core/base/status.h"

/* Program and arguments, ended by NULL, quoted where needed and joined. */
char *guest_command(const char *const *arguments);

/* "s1f" of a number: hcsshim's share names (hexadecimal). */
char *guest_share_name(unsigned number);
/* Path of a share in the guest. */
char *guest_share_path(unsigned number);

/* folder\name */
char *path_join(const char *folder, const char *name);
/* The last element: "top" of "C:\img\top". Points into path. */
const char *path_base(const char *path);
/* Checks an absolute Windows path (X:\... or \\...): UTF-8, no control characters, none of <>"|?*,
 * no "..", at most 1024 bytes; gives it back with single backslashes and none at the end. */
enum hvgpu_status path_check(const char *path, const char *what, char **clean,
                             struct hvgpu_error *err) HVGPU_MUST_USE;
/* A relative path below a driver package ("sub\file.dll"), or a plain file name: no drive, no "..".
 */
bool path_is_below(const char *path);
bool path_is_name(const char *name);

#endif
