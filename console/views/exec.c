/* SPDX-License-Identifier: MIT
 *
 * A process inside: its output above, a line of input below. The output is kept with the console,
 * so leaving the view loses nothing; Enter on the job comes back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/state.h"
#include "console/views/views.h"
#include "core/base/text.h"

struct exec {
    struct view view;
    uint64_t job;
    char input[1024];
    size_t cursor;
    size_t back; /* lines scrolled back from the end */
    uint64_t seen_stream, seen_jobs;
    bool closed; /* input was ended */
    int height;
};

void exec_open(struct app *app, uint64_t job)
{
    struct view *view = view_new(app, &exec_view);
    if (view == NULL) {
        return;
    }
    ((struct exec *)view)->job = job;
    state_stream(app, job, true);
    app_push_view(app, view);
}

static bool is_running(struct app *app, const struct exec *exec)
{
    const struct hvgpu_job *job = hvgpu_find_job(app->snapshot, exec->job);
    /* Not in the snapshot yet: just submitted. */
    return job == NULL || job->state == HVGPU_JOB_QUEUED || job->state == HVGPU_JOB_RUNNING;
}

static bool exec_update(struct app *app, struct view *view)
{
    struct exec *exec = (struct exec *)view;
    const struct stream *stream = state_stream(app, exec->job, true);
    uint64_t generation = stream != NULL ? stream->generation : 0;
    bool changed =
        generation != exec->seen_stream || app->snapshot->job_generation != exec->seen_jobs;
    exec->seen_stream = generation;
    exec->seen_jobs = app->snapshot->job_generation;
    return changed;
}

static void send_line(struct app *app, struct exec *exec)
{
    char line[sizeof(exec->input) + 2];
    int len = snprintf(line, sizeof(line), "%s\r\n", exec->input);
    struct stream *stream = state_stream(app, exec->job, true);
    if (!is_running(app, exec) || exec->closed) {
        app_notice(app, ROLE_WARNING, "the process takes no input any more");
        return;
    }
    if (!hvgpu_job_input(app->host, exec->job, line, (size_t)len)) {
        app_notice(app, ROLE_WARNING,
                   "the input could not be taken: too much is waiting, or the process has ended");
        return;
    }
    if (stream != NULL) {
        stream_add(stream, 2, exec->input, strlen(exec->input));
    }
    exec->input[0] = '\0';
    exec->cursor = 0;
    exec->back = 0;
}

static void end_input(struct app *app, struct exec *exec)
{
    if (!exec->closed && is_running(app, exec) && hvgpu_job_input(app->host, exec->job, "", 0)) {
        exec->closed = true;
        app_notice(app, ROLE_INFO, "end of input sent");
    }
}

static void scroll(struct app *app, struct exec *exec, long lines)
{
    const struct stream *stream = state_stream(app, exec->job, false);
    long most = stream != NULL ? (long)stream->count : 0;
    long back = (long)exec->back + lines;
    exec->back = (size_t)(back < 0 ? 0 : (back > most ? most : back));
}

static size_t previous(const char *s, size_t at)
{
    while (at > 0) {
        at--;
        if (((unsigned char)s[at] & 0xc0) != 0x80) {
            break;
        }
    }
    return at;
}

static void remove_bytes(struct exec *exec, size_t from, size_t to)
{
    memmove(exec->input + from, exec->input + to, strlen(exec->input + to) + 1);
    exec->cursor = from;
}

static bool edit(struct exec *exec, uint32_t key)
{
    size_t at = exec->cursor;
    size_t len = strlen(exec->input);
    char bytes[4];
    uint32_t code_point;
    switch (key) {
    case INPUT_LEFT:
        exec->cursor = previous(exec->input, at);
        return true;
    case INPUT_RIGHT:
        exec->cursor = at < len ? at + utf8_decode(exec->input + at, len - at, &code_point) : len;
        return true;
    case INPUT_HOME:
    case INPUT_CTRL('a'):
        exec->cursor = 0;
        return true;
    case INPUT_END:
    case INPUT_CTRL('e'):
        exec->cursor = len;
        return true;
    case INPUT_BACKSPACE:
        remove_bytes(exec, previous(exec->input, at), at);
        return true;
    case INPUT_CTRL('u'):
        remove_bytes(exec, 0, at);
        return true;
    default:
        break;
    }
    if (key < ' ' || key >= INPUT_SPECIAL || key == 127) {
        return false;
    }
    size_t used = utf8_encode(key, bytes);
    if (len + used + 1 <= sizeof(exec->input)) {
        memmove(exec->input + at + used, exec->input + at, len - at + 1);
        memcpy(exec->input + at, bytes, used);
        exec->cursor += used;
    }
    return true;
}

static bool exec_input(struct app *app, struct view *view, const struct input *input)
{
    struct exec *exec = (struct exec *)view;
    int page = exec->height > 2 ? exec->height - 1 : 1;
    if (input->kind == INPUT_MOUSE) {
        if (input->mouse != MOUSE_PRESS) {
            scroll(app, exec, input->mouse == MOUSE_WHEEL_UP ? 3 : -3);
        }
        return true;
    }
    if (input->kind == INPUT_PASTE) {
        return edit(exec, input->key);
    }
    switch (input->kind == INPUT_KEY ? input->key : 0) {
    case INPUT_ENTER:
        send_line(app, exec);
        return true;
    case INPUT_CTRL('d'):
        end_input(app, exec);
        return true;
    case INPUT_CTRL('c'):
        hvgpu_cancel(app->host, exec->job, true);
        app_notice(app, ROLE_WARNING, "the process is being ended");
        return true;
    case INPUT_UP:
        scroll(app, exec, 1);
        return true;
    case INPUT_DOWN:
        scroll(app, exec, -1);
        return true;
    case INPUT_PAGE_UP:
        scroll(app, exec, page);
        return true;
    case INPUT_PAGE_DOWN:
        scroll(app, exec, -page);
        return true;
    case INPUT_ESCAPE:
        app_back(app);
        return true;
    case INPUT_CTRL('l'):
    case INPUT_CTRL('z'):
    case INPUT_F1:
    case 0:
        return false;
    default:
        edit(exec, input->key);
        return true; /* letters are text here, never commands */
    }
}

static void draw_output(struct app *app, struct exec *exec, struct rect area)
{
    static const enum role roles[] = {ROLE_TEXT, ROLE_WARNING, ROLE_INFO};
    const struct stream *stream = state_stream(app, exec->job, false);
    if (stream == NULL) {
        return;
    }
    /* The unfinished lines (a prompt) stand below the last one. */
    size_t partials =
        (stream->partial_len[0] > 0 ? 1u : 0u) + (stream->partial_len[1] > 0 ? 1u : 0u);
    size_t all = stream->count + partials;
    size_t height = area.height > 0 ? (size_t)area.height : 0;
    size_t end = all > exec->back ? all - exec->back : 0;
    size_t from = end > height ? end - height : 0;
    int y = area.y;
    for (size_t i = from; i < end; i++, y++) {
        int kind = 0;
        char partial[1100];
        const char *text = stream_line(stream, i, &kind);
        if (text == NULL) {
            kind = i == stream->count && stream->partial_len[0] > 0 ? 0 : 1;
            text = text_clean_n(partial, sizeof(partial), stream->partial[kind],
                                stream->partial_len[kind]);
        }
        int x = area.x;
        if (kind == 2) {
            x += canvas_text(app->canvas, x, y, area.width, "> ", ROLE_PROMPT, 0);
        } else if (kind == 1 && area.width > 20) {
            x += canvas_text(app->canvas, x, y, area.width, "! ", ROLE_WARNING, 0);
        }
        canvas_text(app->canvas, x, y, area.x + area.width - x, text, roles[kind], 0);
    }
}

static void draw_input(struct app *app, const struct exec *exec, struct rect line)
{
    char before[sizeof(exec->input)];
    canvas_fill(app->canvas, line, ROLE_FIELD_ACTIVE, 0);
    int x = line.x +
            canvas_text(app->canvas, line.x, line.y, line.width, "> ", ROLE_PROMPT, ATTRIBUTE_BOLD);
    int room = line.x + line.width - x;
    size_t from = 0;
    text_clean_n(before, sizeof(before), exec->input, exec->cursor);
    while (utf8_columns(before) >= room && from < exec->cursor) {
        uint32_t code_point;
        from += utf8_decode(exec->input + from, exec->cursor - from, &code_point);
        text_clean_n(before, sizeof(before), exec->input + from, exec->cursor - from);
    }
    canvas_text(app->canvas, x, line.y, room, exec->input + from, ROLE_FIELD_ACTIVE, 0);
    canvas_cursor(app->canvas, x + utf8_columns(before), line.y);
}

static void exec_draw(struct app *app, struct view *view, struct rect area)
{
    struct exec *exec = (struct exec *)view;
    bool running = is_running(app, exec) && !exec->closed;
    struct rect output = area;
    output.height -= 1;
    exec->height = output.height;
    draw_output(app, exec, output);
    struct rect line = {area.x, area.y + area.height - 1, area.width, 1};
    if (running) {
        draw_input(app, exec, line);
        return;
    }
    const struct hvgpu_job *job = hvgpu_find_job(app->snapshot, exec->job);
    char text[256];
    if (job != NULL && job->exit_code.known) {
        snprintf(text, sizeof(text), "ended with %" PRIu64 "; Esc goes back", job->exit_code.value);
    } else if (job != NULL && job->error.status != HVGPU_OK) {
        snprintf(text, sizeof(text), "%.240s", job->error.message);
    } else {
        text_clean(text, sizeof(text),
                   exec->closed ? "input ended; the process still runs" : "ended; Esc goes back");
    }
    canvas_text(app->canvas, line.x, line.y, line.width, text, ROLE_DIM, 0);
    canvas_cursor(app->canvas, line.x, line.y);
}

static const char *exec_selected(struct app *app, struct view *view)
{
    const struct hvgpu_job *job = hvgpu_find_job(app->snapshot, ((struct exec *)view)->job);
    return job != NULL ? job->target : NULL;
}

static void exec_status(struct app *app, struct view *view, char *out, size_t size)
{
    struct exec *exec = (struct exec *)view;
    const struct hvgpu_job *job = hvgpu_find_job(app->snapshot, exec->job);
    const struct stream *stream = state_stream(app, exec->job, false);
    char forgotten[64] = "";
    if (stream != NULL && stream->forgotten > 0) {
        snprintf(forgotten, sizeof(forgotten), ", %" PRIu64 " older lines forgotten",
                 stream->forgotten);
    }
    snprintf(out, size, "%s  %zu lines%s%s", job != NULL ? job->title : "",
             stream != NULL ? stream->count : 0, forgotten,
             exec->back > 0 ? ", scrolled back" : "");
}

const struct view_ops exec_view = {
    .name = "exec",
    .title = "Exec",
    .help =
        "A process inside. Enter sends the line, ctrl-d ends input, ctrl-c ends the process, Esc "
        "leaves it running.",
    .size = sizeof(struct exec),
    .update = exec_update,
    .draw = exec_draw,
    .input = exec_input,
    .selected = exec_selected,
    .status = exec_status,
    .takes_text = true,
};
