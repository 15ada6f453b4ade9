/* SPDX-License-Identifier: MIT
 *
 * What the console remembers beyond one view: prompt history, output of
 * exec jobs, whether the detail pane is wanted. One a struct app, in app->state; made by
 * state_of() when first asked for, freed by state_free() which app_free() calls before the host is
 * gone.
 */
#ifndef HVGPU_CONSOLE_STATE_H
#define HVGPU_CONSOLE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/app.h"
#include "console/sheet.h"

#define STATE_HISTORY 64
#define STATE_STREAMS 16
#define STREAM_LINES  4096

/* Output of one job, line by line, cleaned; the oldest lines are forgotten and counted. */
struct stream {
    uint64_t job;
    uint64_t used; /* for finding the one to give up */
    char *lines[STREAM_LINES];
    uint8_t kind[STREAM_LINES]; /* 0 output, 1 error output, 2 what was typed */
    size_t first, count;
    uint64_t forgotten, generation;
    char partial[2][1024]; /* the unfinished line of output and of error output */
    size_t partial_len[2];
};

struct state {
    char *history[STATE_HISTORY];
    size_t history_count;
    int detail;        /* the pane: 0 where there is room beside, 1 always, 2 never */
    bool preview;      /* the action that is being started shows its documents instead of acting */
    struct sheet pane; /* what the detail pane shows, and of what it was made */
    int pane_kind;
    char pane_id[288];
    uint64_t pane_generation;
    struct stream *streams[STATE_STREAMS];
    uint64_t clock;
};

struct state *state_of(struct app *app);
void state_free(struct app *app);
void state_remember(struct app *app, const char *line);
/* The stream of a job; made when `make`. NULL: none. */
struct stream *state_stream(struct app *app, uint64_t job, bool make);
void stream_add(struct stream *stream, int kind, const char *bytes, size_t len);
const char *stream_line(const struct stream *stream, size_t index, int *kind);

#endif
