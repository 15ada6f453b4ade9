/* SPDX-License-Identifier: MIT
 *
 * The application's parts without the loop: what a key, a new snapshot and a frame do. Tests run it
 * on a terminal of memory; loop.c runs it on a real one.
 *
 * Order of input: a click on the frame becomes its key; then dialog, prompt line, the view when
 * text is typed there, the command table, the view. Numbered views are made once and kept with
 * their filter and selection (app->roots); the others live as long as they are on the stack.
 */
#include "console/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/command.h"
#include "console/dialog.h"
#include "console/frame.h"
#include "console/palette.h"
#include "console/state.h"
#include "console/view.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

#define HISTORY    ((int)(sizeof(((struct app *)NULL)->history) / sizeof(struct view *)))
#define ROOTS      ((int)(sizeof(((struct app *)NULL)->roots) / sizeof(struct view *)))
#define WATCHED    ((int)(sizeof(((struct app *)NULL)->jobs) / sizeof(uint64_t)))
#define WHEEL_ROWS 3

/* ---- notices ---- */

void app_notice(struct app *app, enum role role, const char *format, ...)
{
    char text[sizeof(app->notice) * 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_clean(app->notice, sizeof(app->notice), text);
    app->notice_role = role;
    app->dirty = true;
}

void app_error(struct app *app, const struct hvgpu_error *err)
{
    char text[1600];
    error_text(err, text, sizeof(text));
    /* One line is not enough for why and what to do next: a message has room for both. */
    bool fits = utf8_columns(text) <= canvas_width(app->canvas) - 2;
    if (fits || app->dialog != NULL) {
        app_notice(app, ROLE_ERROR, "%s", text);
        return;
    }
    dialog_message(app, hvgpu_status_words(err->status), text, true);
    app->dirty = true;
}

/* ---- views ---- */

static bool is_root(const struct app *app, const struct view *view)
{
    int number = view->ops->number;
    return number > 0 && number < ROOTS && app->roots[number] == view;
}

static void drop_view(struct app *app, struct view *view)
{
    if (view != NULL && !is_root(app, view)) {
        view_free(app, view);
    }
}

static void remove_from_history(struct app *app, const struct view *view)
{
    int kept = 0;
    for (int i = 0; i < app->history_count; i++) {
        if (app->history[i] != view) {
            app->history[kept++] = app->history[i];
        }
    }
    app->history_count = kept;
}

/* Lays the view on top aside, so that app_back() comes back to it. */
static void remember_view(struct app *app)
{
    if (app->view == NULL) {
        return;
    }
    if (app->history_count == HISTORY) {
        drop_view(app, app->history[0]);
        memmove(app->history, app->history + 1, (HISTORY - 1) * sizeof(app->history[0]));
        app->history_count--;
    }
    app->history[app->history_count++] = app->view;
    app->view = NULL;
}

static void show_view_on_top(struct app *app, struct view *view)
{
    app->view = view;
    app->dirty = true;
    if (view->ops->update != NULL) {
        (void)view->ops->update(app, view); /* it slept while others were on top */
    }
}

void app_push_view(struct app *app, struct view *view)
{
    if (view == NULL) {
        app_notice(app, ROLE_ERROR, "out of memory: the view cannot be opened");
        return;
    }
    remember_view(app);
    show_view_on_top(app, view);
}

void app_open_view(struct app *app, const char *name)
{
    const struct view_ops *ops = view_find(name);
    if (ops == NULL) {
        app_notice(app, ROLE_ERROR, "there is no view \"%s\"", name != NULL ? name : "");
        return;
    }
    if (app->view != NULL && app->view->ops == ops) {
        return;
    }
    bool numbered = ops->number > 0 && ops->number < ROOTS;
    struct view *view = numbered ? app->roots[ops->number] : NULL;
    if (view == NULL) {
        view = view_new(app, ops);
    }
    if (view != NULL && numbered) {
        app->roots[ops->number] = view;
        remove_from_history(app, view);
    }
    app_push_view(app, view);
}

void app_back(struct app *app)
{
    if (app->history_count == 0) {
        return;
    }
    drop_view(app, app->view);
    app->view = NULL;
    show_view_on_top(app, app->history[--app->history_count]);
}

static void close_views(struct app *app)
{
    drop_view(app, app->view);
    for (int i = 0; i < app->history_count; i++) {
        drop_view(app, app->history[i]);
    }
    for (int i = 0; i < ROOTS; i++) {
        view_free(app, app->roots[i]);
    }
}

/* ---- jobs ---- */

static const char *verb_word(enum hvgpu_verb verb)
{
    static const char *const words[] = {
        [HVGPU_LAUNCH] = "launch",   [HVGPU_ATTACH] = "attach", [HVGPU_DETACH] = "detach",
        [HVGPU_STOP] = "stop",       [HVGPU_REMOVE] = "remove", [HVGPU_EXEC] = "exec",
        [HVGPU_CHECK] = "check",     [HVGPU_VERIFY] = "verify", [HVGPU_INSPECT] = "inspect",
        [HVGPU_RECOVER] = "recover",
    };
    return (unsigned)verb < sizeof(words) / sizeof(words[0]) ? words[verb] : "request";
}

bool app_submit(struct app *app, const struct hvgpu_request *request)
{
    struct hvgpu_error err = {.status = HVGPU_OK};
    uint64_t id = 0;
    if (hvgpu_submit(app->host, request, &id, &err) != HVGPU_OK) {
        app_error(app, &err);
        return false;
    }
    app->last_job = id;
    if (app->job_count == WATCHED) {
        memmove(app->jobs, app->jobs + 1, (WATCHED - 1) * sizeof(app->jobs[0]));
        app->job_count--;
    }
    app->jobs[app->job_count++] = id;
    const char *target = request->target != NULL ? request->target : "";
    app_notice(app, ROLE_INFO, "%s %s%sstarted; Jobs shows its steps", verb_word(request->verb),
               target, target[0] != '\0' ? " " : "");
    return true;
}

uint64_t app_ask(struct app *app, const char *system_id)
{
    struct hvgpu_request request = {.verb = HVGPU_INSPECT, .target = system_id};
    struct hvgpu_error err = {.status = HVGPU_OK};
    uint64_t id = 0;
    if (hvgpu_submit(app->host, &request, &id, &err) != HVGPU_OK) {
        app_error(app, &err);
        return 0;
    }
    return id;
}

/* What a check found, in its sentence: that it ended well says nothing. */
static void tell_verdict(struct app *app, const struct hvgpu_job *job)
{
    static const struct {
        enum role role;
        enum glyph glyph;
    } looks[] = {
        [HVGPU_VERDICT_UNKNOWN] = {ROLE_WARNING, GLYPH_QUESTION},
        [HVGPU_VERDICT_PASS] = {ROLE_GOOD, GLYPH_CHECK},
        [HVGPU_VERDICT_DEGRADED] = {ROLE_WARNING, GLYPH_WARNING},
        [HVGPU_VERDICT_FAIL] = {ROLE_ERROR, GLYPH_CROSS},
    };
    const struct hvgpu_check *check = hvgpu_find_check(app->snapshot, job->target);
    if (check != NULL && check->sentence != NULL) {
        app_notice(app, looks[check->verdict].role, "%s %s: %s: %s",
                   canvas_glyph(app->canvas, looks[check->verdict].glyph), job->title,
                   hvgpu_verdict_name(check->verdict), check->sentence);
    }
}

/* Tells how a job ended; true: it has. */
static bool tell_end(struct app *app, const struct hvgpu_job *job)
{
    char took[32];
    int64_t ms = job->ended_ms > job->started_ms ? job->ended_ms - job->started_ms : 0;
    text_duration(took, sizeof(took), (uint64_t)ms);
    switch (job->state) {
    case HVGPU_JOB_DONE:
        app_notice(app, ROLE_GOOD, "%s %s: done in %s", canvas_glyph(app->canvas, GLYPH_CHECK),
                   job->title, took);
        if (text_equal(job->verb, "check") && job->target != NULL) {
            tell_verdict(app, job);
        }
        return true;
    case HVGPU_JOB_CANCELLED:
        app_notice(app, ROLE_WARNING, "%s: cancelled%s%s", job->title,
                   job->left_behind != NULL ? "; left behind: " : "",
                   job->left_behind != NULL ? job->left_behind : "");
        return true;
    case HVGPU_JOB_FAILED:
        app_notice(app, ROLE_ERROR, "%s %s failed: %s", canvas_glyph(app->canvas, GLYPH_CROSS),
                   job->title, job->error.message);
        return true;
    case HVGPU_JOB_QUEUED:
    case HVGPU_JOB_RUNNING:
    case HVGPU_JOB_UNDOING:
        break;
    }
    return false;
}

static void watch_jobs(struct app *app)
{
    int kept = 0;
    for (int i = 0; i < app->job_count; i++) {
        const struct hvgpu_job *job = hvgpu_find_job(app->snapshot, app->jobs[i]);
        if (job == NULL || !tell_end(app, job)) {
            app->jobs[kept++] = app->jobs[i];
        }
    }
    app->job_count = kept;
}

static void take_output(void *context, uint64_t job_id, bool is_stderr, const char *bytes,
                        size_t len)
{
    struct app *app = context;
    struct stream *stream = state_stream(app, job_id, true);
    if (stream != NULL) {
        stream_add(stream, is_stderr ? 1 : 0, bytes, len);
    }
    app->dirty = true;
}

/* ---- leaving ---- */

/* Whether this console launched the system with --rm, and it still runs. */
static bool ends_with_us(const struct hvgpu_snapshot *s, const struct hvgpu_system *system)
{
    if (!system->ours || system->ends_with_last_handle != HVGPU_ANSWER_YES ||
        system->state == HVGPU_STATE_STOPPED) {
        return false;
    }
    for (size_t i = 0; i < s->job_count; i++) {
        const struct hvgpu_job *job = s->jobs[i];
        if (text_equal(job->verb, "launch") && text_equal(job->target, system->id)) {
            return true;
        }
    }
    return false;
}

static void leave(struct app *app, void *context, int choice)
{
    (void)context;
    app->asking = false;
    if (choice > 0) {
        app->quit = true;
    }
}

/* Adds what leaving ends, in words; returns how many things that are. */
static size_t add_losses(const struct hvgpu_snapshot *s, struct text *out)
{
    size_t count = 0;
    for (size_t i = 0; i < s->system_count; i++) {
        const struct hvgpu_system *system = s->systems[i];
        if (ends_with_us(s, system)) {
            const char *name = system->name != NULL ? system->name : system->id;
            text_addf(out, "%s ends and is removed: it was launched with --rm.\n", name);
            count++;
        }
    }
    for (size_t i = 0; i < s->job_count; i++) {
        const struct hvgpu_job *job = s->jobs[i];
        bool runs = job->state == HVGPU_JOB_QUEUED || job->state == HVGPU_JOB_RUNNING ||
                    job->state == HVGPU_JOB_UNDOING;
        if (runs && !job->hidden) {
            text_addf(out, "Job \"%s\" is left unfinished; the next start lists what it left.\n",
                      job->title);
            count++;
        }
    }
    return count;
}

void app_quit(struct app *app)
{
    struct text losses;
    text_init(&losses, 8192);
    app->dirty = true;
    if (app->asking || add_losses(app->snapshot, &losses) == 0) {
        app->quit = true; /* asked for a second time while the question stands: so be it */
    } else {
        dialog_close(app);
        app->asking = true;
        dialog_ask(app, &(struct dialog_question){
                            .title = "Leave hvgpu?",
                            .text = losses.data,
                            .action = "Leave",
                            .refuse = "Stay",
                            .danger = true,
                            .done = leave,
                        });
    }
    text_free(&losses);
}

/* ---- input ---- */

static void view_key(struct app *app, const struct input *input)
{
    struct view *view = app->view;
    if (view == NULL) {
        return;
    }
    const struct view_ops *ops = view->ops;
    if (ops->takes_text && ops->input != NULL && ops->input(app, view, input)) {
        return;
    }
    const struct command *command = command_for_key(input->key, ops->name);
    if (command != NULL) {
        command_run(app, command, "");
        return;
    }
    if (!ops->takes_text && ops->input != NULL) {
        (void)ops->input(app, view, input);
    }
}

static void give_key(struct app *app, const struct input *input)
{
    if (app->dialog != NULL) {
        dialog_input(app, input);
        if (app->dialog == NULL) {
            app->asking = false;
        }
    } else if (app->palette != NULL) {
        palette_input(app, input);
    } else {
        view_key(app, input);
    }
}

/* Pasted text goes where text is typed, as if typed; it never answers a question and never is a
 * command. */
static void give_paste(struct app *app, const struct input *input)
{
    struct input typed = {.kind = INPUT_KEY, .key = input->key};
    if (app->dialog != NULL) {
        return;
    }
    if (app->palette != NULL) {
        palette_input(app, &typed);
    } else if (app->view != NULL && app->view->ops->takes_text && app->view->ops->input != NULL) {
        (void)app->view->ops->input(app, app->view, &typed);
    }
}

static void give_mouse(struct app *app, const struct input *input)
{
    if (app->dialog != NULL) {
        dialog_input(app, input);
        return;
    }
    uint32_t key = input->mouse == MOUSE_PRESS ? frame_key_at(app, input->x, input->y) : 0;
    if (key != 0) {
        if (app->palette != NULL) {
            palette_close(app);
        }
        give_key(app, &(struct input){.kind = INPUT_KEY, .key = key});
        return;
    }
    struct view *view = app->view;
    if (view == NULL || (view->ops->input != NULL && view->ops->input(app, view, input))) {
        return;
    }
    if (input->mouse != MOUSE_PRESS) {
        bool up = input->mouse == MOUSE_WHEEL_UP;
        struct input row = {.kind = INPUT_KEY, .key = up ? INPUT_UP : INPUT_DOWN};
        for (int i = 0; i < WHEEL_ROWS; i++) {
            view_key(app, &row);
        }
    }
}

void app_input(struct app *app, const struct input *input)
{
    app->dirty = app->dirty || input->kind != INPUT_NONE;
    switch (input->kind) {
    case INPUT_KEY:
        app->keys++;
        app->notice[0] = '\0';
        give_key(app, input);
        break;
    case INPUT_PASTE:
        give_paste(app, input);
        break;
    case INPUT_MOUSE:
        app->notice[0] = '\0';
        give_mouse(app, input);
        break;
    case INPUT_RESIZE:
        if (!canvas_resize(app->canvas, input->x, input->y)) {
            app_notice(app, ROLE_ERROR, "out of memory for a screen of this size");
        }
        break;
    case INPUT_NONE:
        break;
    }
}

/* ---- data ---- */

void app_update(struct app *app)
{
    const struct hvgpu_snapshot *s = hvgpu_snapshot(app->host);
    app->snapshot = s;
    bool frame = s->host_generation != app->seen_host || s->job_generation != app->seen_jobs ||
                 s->events_lost != app->seen_loss;
    app->seen_host = s->host_generation;
    app->seen_jobs = s->job_generation;
    app->seen_loss = s->events_lost;
    if (app->job_count > 0) {
        watch_jobs(app);
    }
    bool view = app->view != NULL && app->view->ops->update != NULL &&
                app->view->ops->update(app, app->view);
    app->dirty = app->dirty || frame || view;
}

/* ---- painting ---- */

void app_paint(struct app *app)
{
    if (!app->dirty) {
        return;
    }
    int64_t start = os_now_ns();
    struct canvas *canvas = app->canvas;
    struct layout layout;
    canvas_clear(canvas);
    layout_make(&layout, canvas_width(canvas), canvas_height(canvas));
    frame_reserve(app, &layout);
    if (app->view != NULL && layout.body.height > 0) {
        canvas_clip(canvas, layout.body);
        app->view->ops->draw(app, app->view, layout.body);
        canvas_unclip(canvas);
    }
    frame_draw(app, &layout);
    if (app->palette != NULL) {
        canvas_fill(canvas, layout.bottom, ROLE_PROMPT, 0);
        palette_draw(app, layout.bottom);
    }
    if (app->dialog != NULL) {
        bool room = layout.body.height >= 8;
        struct rect whole = {0, 0, canvas_width(canvas), canvas_height(canvas)};
        dialog_draw(app, room ? layout.body : whole);
    }
    app->term->ops->show(app->term, canvas);
    app->dirty = false;
    app->frames++;
    app->paint_ns = os_now_ns() - start;
}

/* ---- making and freeing ---- */

static void choose_theme(struct app *app, const char *name)
{
    const char *configured = getenv("HVGPU_THEME");
    struct hvgpu_error err = {.status = HVGPU_OK};
    if (name == NULL) {
        name = configured != NULL && configured[0] != '\0' ? configured : "dark";
    }
    theme_default(&app->theme);
    if (theme_load(name, &app->theme, &err) != HVGPU_OK) {
        app_error(app, &err);
    }
    app->term->ops->set_theme(app->term, &app->theme);
}

struct app *app_new(struct hvgpu *host, struct term *term, const struct app_options *options)
{
    struct app *app = calloc(1, sizeof(*app));
    int width = 80, height = 24;
    if (app == NULL) {
        return NULL;
    }
    term->ops->size(term, &width, &height);
    app->canvas = canvas_new(width, height);
    if (app->canvas == NULL) {
        free(app);
        return NULL;
    }
    canvas_set_ascii(app->canvas, term->ops->ascii(term));
    app->host = host;
    app->term = term;
    app->snapshot = hvgpu_snapshot(host);
    app->mouse = options->term.mouse;
    app->dirty = true;
    choose_theme(app, options->theme);
    hvgpu_on_output(host, take_output, app);
    app_open_view(app, options->view != NULL ? options->view : "gpus");
    if (app->view == NULL && views[0] != NULL) {
        app_open_view(app, views[0]->name);
    }
    return app;
}

void app_free(struct app *app)
{
    if (app == NULL) {
        return;
    }
    hvgpu_on_output(app->host, NULL, NULL);
    dialog_close(app);
    palette_close(app);
    close_views(app);
    state_free(app);
    canvas_free(app->canvas);
    free(app);
}
