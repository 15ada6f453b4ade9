/* SPDX-License-Identifier: MIT
 *
 * The console's application: one host, one terminal, a stack of views, and the loop that joins
 * them. Everything that a view or command may touch of the program hangs on struct app; it is
 * passed, not global.
 *
 * The loop blocks on {terminal, wake handle}. A key paints at once; data paints at most every
 * 33 ms; nothing changed, nothing painted.
 */
#ifndef HVGPU_CONSOLE_APP_H
#define HVGPU_CONSOLE_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "console/canvas.h"
#include "console/term.h"
#include "core/hvgpu.h"

struct view;
struct dialog;
struct command;
struct state;

struct app_options {
    const char *uri;
    bool read_only;
    bool paused;
    unsigned probe_interval_s;
    const char *theme;      /* NULL: the configured one, else "dark" */
    const char *view;       /* first view's name; NULL: "gpus" */
    struct term_options term;
};

/* A piece of the frame (tab, key bar) that acts as a key when it is clicked. */
struct app_zone {
    int y, x, end;
    uint32_t key;
};

struct app {
    struct hvgpu *host;
    const struct hvgpu_snapshot *snapshot;
    struct term *term;
    struct canvas *canvas;
    struct theme theme;
    struct view *view;         /* the one on top */
    struct view *history[32];  /* views below it: Esc and '[' go back */
    int history_count;
    struct dialog *dialog;     /* modal; NULL: none */
    struct state *state;       /* console/state.h; app_free() calls state_free(app) */
    uint64_t last_job;         /* set by app_submit(): the job of the last accepted request */
    struct palette *palette;   /* ':' or '/' line when open; NULL: none */
    bool dirty;                /* something must be painted */
    bool quit;
    int exit_status;
    char notice[256];          /* one line at the bottom, until the next key */
    enum role notice_role;
    bool mouse;
    uint64_t frames, keys;     /* for :about */
    int64_t paint_ns;          /* time that the last frame took, drawing and output together */
    struct view *roots[10];    /* numbered views once opened: kept, with filter and selection */
    struct app_zone zones[24]; /* what a click on the frame does */
    int zone_count;
    uint64_t jobs[16];         /* submitted here and not ended yet: their end becomes a notice */
    int job_count;
    uint64_t seen_host, seen_jobs, seen_loss; /* generations that the frame was drawn from */
    bool asking;               /* the dialog that is open asks whether to leave */
};

/* Runs the console until quit; returns the process's exit status. Opens and closes host and
 * terminal. */
int app_run(const struct app_options *options);

/* The parts, for tests on a terminal of memory: host is borrowed. */
struct app *app_new(struct hvgpu *host, struct term *term, const struct app_options *options);
void app_free(struct app *app);
void app_input(struct app *app, const struct input *input); /* one key, mouse event, resize */
/* Takes the present snapshot to the views; after every hvgpu_poll(): that ends the old one. */
void app_update(struct app *app);
void app_paint(struct app *app);   /* draws and shows when dirty */

/* For commands and views. */
void app_notice(struct app *app, enum role role, const char *format, ...) HVGPU_PRINTF(3, 4);
void app_error(struct app *app, const struct hvgpu_error *err);
void app_open_view(struct app *app, const char *name);  /* by name: "containers" */
void app_push_view(struct app *app, struct view *view); /* taken; Esc returns */
void app_back(struct app *app);
/* Submits a request: read-only refused in one place, job id noted, notice shown. */
bool app_submit(struct app *app, const struct hvgpu_request *request);
/* Asks the host about a system: a hidden job that changes nothing, so that it is neither announced
 * nor watched. Returns its number; 0: not asked, the notice says why. */
uint64_t app_ask(struct app *app, const char *system_id);
/* Asks to leave; a dialog names own --rm systems that still run. */
void app_quit(struct app *app);

#endif
