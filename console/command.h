/* SPDX-License-Identifier: MIT
 *
 * THE command table. One entry is a key, a menu entry, a :command and (where `shell` is set) a
 * shell command: one vocabulary, one place. Help, completion, the key bar and the README's tables
 * come from here.
 */
#ifndef HVGPU_CONSOLE_COMMAND_H
#define HVGPU_CONSOLE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct shell;

enum {
    COMMAND_CHANGES = 1,      /* changes the host: refused when read-only, can be previewed */
    COMMAND_DESTROYS = 2,     /* asks before it acts */
    COMMAND_NEEDS_SYSTEM = 4, /* works on the selected or named compute system */
    COMMAND_NEEDS_GPU = 8,    /* works on the selected or named GPU or compute system */
    COMMAND_HIDDEN = 16, /* movement: not in the action menu */
    COMMAND_NEEDS_ROW = 32,
    COMMAND_NEEDS_JOB = 64,      /* offered where a job is selected */
    COMMAND_NEEDS_LEFTOVER = 128 /* offered where something left behind is selected */
};

struct command {
    const char *name; /* "attach" */
    const char *keys; /* default keys by name, separated by spaces: "A", "down j"; NULL: none */
    const char *arguments; /* "ID --gpu ID[:PARTITION]"; NULL: none */
    const char *summary;   /* one sentence */
    unsigned flags;
    const char *views; /* names of views where the key and the menu entry exist; NULL: all */
    /* In the console. arguments: what stood behind the name on the ':' line, "" for a key. */
    void (*run)(struct app *app, const struct command *command, const char *arguments);
    /* From the shell: argv[0] is the name. Returns the exit status. NULL: no shell command. */
    int (*shell)(struct shell *shell, int argc, char **argv);
};

extern const struct command commands[]; /* ended by a NULL name */

const struct command *command_find(const char *name); /* exact name */
/* The command of a key in a view; NULL: none. */
const struct command *command_for_key(uint32_t key, const char *view);
/* First key of a command as text for the key bar; "" when it has none. */
const char *command_key_text(const struct command *command, char *out, int size);
/* Runs a ':' line: "attach demo1 --gpu gpu0". Unknown names are reported with the nearest ones. */
void command_run_line(struct app *app, const char *line);
/* Runs one, with the guards: read-only in this one place, needs a row. */
void command_run(struct app *app, const struct command *command, const char *arguments);

#endif
