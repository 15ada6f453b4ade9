/* SPDX-License-Identifier: MIT
 *
 * Options of the shell commands: a table a command, one parser, and the help made from the same
 * table. Options may stand before or behind the other arguments, until a command line of the
 * container begins (`rest_after`) or "--".
 */
#ifndef HVGPU_CONSOLE_SHELL_OPTIONS_H
#define HVGPU_CONSOLE_SHELL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "console/shell/shell.h"

#define OPTION_MAX_VALUES 64

struct option {
    const char *name;  /* "--gpu" */
    const char *value; /* "ID[:PARTITION]"; NULL: a switch */
    const char *help;
    bool repeats;
    /* filled by the parser */
    const char *values[OPTION_MAX_VALUES];
    size_t count;
};

struct arguments {
    struct option *options; /* ended by a NULL name */
    int rest_after;         /* this many positional arguments, then all is the command; -1: never */
    const char *positional[OPTION_MAX_VALUES];
    size_t positional_count;
    char **rest; /* the command's words */
    int rest_count;
};

/* Parses argv[1..]; common options (-c, --json, --dry-run, --read-only) go into shell. False: told
 * the user on shell->err; the caller returns SHELL_USAGE (or SHELL_OK when *helped). */
bool options_parse(struct shell *shell, int argc, char **argv, struct arguments *arguments,
                   bool *helped);
/* NULL when the option was not given; the last value otherwise ("" for a switch). */
const char *option_value(const struct arguments *arguments, const char *name);
bool option_given(const struct arguments *arguments, const char *name);
const struct option *option_get(const struct arguments *arguments, const char *name);
/* Prints usage and options of a command. */
void options_help(struct shell *shell, const char *command, const struct option *options);

/* Joins words into a Windows command line (rules of CommandLineToArgvW). One word is taken as a
 * whole command line. New memory; NULL when there is no word. */
char *options_command_line(char **words, int count);

#endif
