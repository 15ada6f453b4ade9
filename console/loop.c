/* SPDX-License-Identifier: MIT
 *
 * The loop: waits for the terminal and the host, one at a time on one thread. Keys paint at once.
 * Data is taken, and so painted, at most every 33 ms: when the host has more to say within that
 * time, its handle is left alone until the time is over. Only the first few frames follow each
 * other faster, so that what answers at once is there at once. Nothing to do means no wake-up at
 * all.
 *
 * Opening: host (returns at once), terminal, first frame, and only then the first look at what the
 * host answered. Closing: terminal first, so that a slow host never keeps it.
 */
#include <stdio.h>
#include <string.h>

#include "console/app.h"
#include "console/signals.h"
#include "core/base/os/os.h"

#define FRAME_NS (33 * INT64_C(1000000))
#define EARLY_NS (4 * INT64_C(1000000))
#define EARLY    6    /* frames of data that need not wait for their turn */
#define FLOOD    1024 /* inputs taken before a frame is painted */

struct loop {
    struct app *app;
    struct hvgpu *host;
    struct term *term;
    int64_t data_due_ns; /* data is not looked at before */
    unsigned early;      /* frames of data shown so far, counted to EARLY */
    bool data_waits;     /* there is some */
    bool input_waits;    /* a flood of it was interrupted by a frame */
};

/* All that is there; of a flood only so much that the screen keeps up with it. */
static void take_input(struct loop *loop)
{
    loop->input_waits = false;
    for (int i = 0; i < FLOOD; i++) {
        struct input input;
        loop->term->ops->next(loop->term, &input);
        if (input.kind == INPUT_NONE || loop->app->quit) {
            return;
        }
        app_input(loop->app, &input);
    }
    loop->input_waits = true; /* curses may have read it already: poll() would not tell */
}

static void take_data(struct loop *loop)
{
    loop->data_waits = false;
    if (hvgpu_poll(loop->host)) {
        app_update(loop->app);
    } else {
        loop->app->snapshot = hvgpu_snapshot(loop->host);
    }
    bool early = loop->early < EARLY;
    loop->early += early ? 1 : 0;
    loop->data_due_ns = os_now_ns() + (early ? EARLY_NS : FRAME_NS);
}

static void take_signals(struct loop *loop)
{
    unsigned signals = signals_take();
    if (signals == 0) {
        return;
    }
    if ((signals & SIGNAL_TERMINATE) != 0) {
        loop->app->quit = true; /* nobody is there to be asked */
        loop->app->exit_status = 128 + signals_number();
        return;
    }
    if ((signals & SIGNAL_INTERRUPT) != 0) {
        app_input(loop->app, &(struct input){.kind = INPUT_KEY, .key = INPUT_CTRL('c')});
    }
    if ((signals & SIGNAL_STOP) != 0) {
        loop->term->ops->suspend(loop->term);
        signals_stop();
    }
    if ((signals & (SIGNAL_STOP | SIGNAL_CONTINUE)) != 0) {
        loop->term->ops->resume(loop->term);
        loop->app->dirty = true;
        take_input(loop);
    }
}

/* Milliseconds until waiting data may be looked at, rounded up. */
static int wait_ms(const struct loop *loop)
{
    int64_t left = loop->data_due_ns - os_now_ns();
    return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

static unsigned wait_for_work(const struct loop *loop)
{
    if (loop->input_waits) {
        return WAIT_INPUT | wait_any(-1, 0);
    }
    if (loop->data_waits) {
        return wait_any(-1, wait_ms(loop));
    }
    return wait_any(hvgpu_wake_handle(loop->host), -1);
}

static void run(struct loop *loop)
{
    struct app *app = loop->app;
    while (!app->quit) {
        app_paint(app);
        unsigned woken = wait_for_work(loop);
        take_signals(loop);
        if ((woken & WAIT_INPUT) != 0) {
            take_input(loop);
        }
        if ((woken & WAIT_HANGUP) != 0) {
            app->quit = true;
            app->exit_status = 1;
        }
        bool data = loop->data_waits || (woken & WAIT_WAKE) != 0;
        if (data && wait_ms(loop) == 0) {
            take_data(loop);
        } else {
            loop->data_waits = data;
        }
    }
}

static int fail(const struct hvgpu_error *err)
{
    char text[1600];
    error_text(err, text, sizeof(text));
    fprintf(stderr, "hvgpu: %s\n", text);
    return err->status == HVGPU_INVALID || err->status == HVGPU_UNSUPPORTED ? 2 : 1;
}

int app_run(const struct app_options *options)
{
    struct hvgpu_error err = {.status = HVGPU_OK};
    struct hvgpu_options host_options = {
        .paused = options->paused,
        .read_only = options->read_only,
        .probe_interval_s = options->probe_interval_s,
    };
    struct loop loop = {.app = NULL};
    if (hvgpu_open(options->uri, &host_options, &loop.host, &err) != HVGPU_OK) {
        return fail(&err);
    }
    if (term_curses_open(&options->term, &loop.term, &err) != HVGPU_OK) {
        hvgpu_close(loop.host);
        return fail(&err);
    }
    signals_wake(loop.host);
    loop.app = app_new(loop.host, loop.term, options);
    int status = 1;
    if (loop.app != NULL) {
        run(&loop);
        status = loop.app->exit_status;
    }
    loop.term->ops->close(loop.term);
    signals_wake(NULL);
    app_free(loop.app);
    hvgpu_close(loop.host);
    return status;
}
