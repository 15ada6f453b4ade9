/* SPDX-License-Identifier: MIT */
#include "console/state.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static void stream_free(struct stream *stream)
{
    for (size_t i = 0; stream != NULL && i < STREAM_LINES; i++) {
        free(stream->lines[i]);
    }
    free(stream);
}

static void on_output(void *context, uint64_t job, bool is_stderr, const char *bytes, size_t len)
{
    struct app *app = context;
    struct stream *stream = state_stream(app, job, true);
    if (stream != NULL) {
        stream_add(stream, is_stderr ? 1 : 0, bytes, len);
        app->dirty = true;
    }
}

struct state *state_of(struct app *app)
{
    if (app->state == NULL) {
        app->state = calloc(1, sizeof(*app->state));
        if (app->state == NULL) {
            abort(); /* 700 bytes: there is nothing left to run with */
        }
        if (app->host != NULL) {
            hvgpu_on_output(app->host, on_output, app);
        }
    }
    return app->state;
}

void state_free(struct app *app)
{
    struct state *state = app->state;
    if (state == NULL) {
        return;
    }
    if (app->host != NULL) {
        hvgpu_on_output(app->host, NULL, NULL);
    }
    for (size_t i = 0; i < state->history_count; i++) {
        free(state->history[i]);
    }
    for (size_t i = 0; i < STATE_STREAMS; i++) {
        stream_free(state->streams[i]);
    }
    sheet_done(&state->pane);
    free(state);
    app->state = NULL;
}

void state_remember(struct app *app, const char *line)
{
    struct state *state = state_of(app);
    if (line[0] == '\0' ||
        (state->history_count > 0 && strcmp(state->history[state->history_count - 1], line) == 0)) {
        return;
    }
    if (state->history_count == STATE_HISTORY) {
        free(state->history[0]);
        state->history_count--;
        memmove(&state->history[0], &state->history[1],
                state->history_count * sizeof(state->history[0]));
    }
    char *copy = text_copy(line);
    if (copy != NULL) {
        state->history[state->history_count++] = copy;
    }
}

struct stream *state_stream(struct app *app, uint64_t job, bool make)
{
    struct state *state = state_of(app);
    size_t oldest = 0;
    for (size_t i = 0; i < STATE_STREAMS; i++) {
        struct stream *stream = state->streams[i];
        if (stream != NULL && stream->job == job) {
            stream->used = ++state->clock;
            return stream;
        }
        if (stream == NULL ||
            (state->streams[oldest] != NULL && stream->used < state->streams[oldest]->used)) {
            oldest = i;
        }
    }
    if (!make) {
        return NULL;
    }
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream != NULL) {
        stream->job = job;
        stream->used = ++state->clock;
        stream_free(state->streams[oldest]);
        state->streams[oldest] = stream;
    }
    return stream;
}

static void add_line(struct stream *stream, int kind, const char *bytes, size_t len)
{
    char *line = text_clean_new(bytes, len, false);
    if (line == NULL) {
        stream->forgotten++;
        return;
    }
    size_t place = (stream->first + stream->count) % STREAM_LINES;
    if (stream->count == STREAM_LINES) {
        free(stream->lines[place]);
        stream->first = (stream->first + 1) % STREAM_LINES;
        stream->count--;
        stream->forgotten++;
    }
    stream->lines[place] = line;
    stream->kind[place] = (uint8_t)kind;
    stream->count++;
}

void stream_add(struct stream *stream, int kind, const char *bytes, size_t len)
{
    stream->generation++;
    if (kind == 2) {
        add_line(stream, kind, bytes, len);
        return;
    }
    char *partial = stream->partial[kind];
    size_t *used = &stream->partial_len[kind];
    for (size_t i = 0; i < len; i++) {
        bool full = *used == sizeof(stream->partial[kind]);
        if (bytes[i] == '\n' || full) {
            size_t end = *used;
            end -= end > 0 && partial[end - 1] == '\r' ? 1 : 0;
            add_line(stream, kind, partial, end);
            *used = 0;
        }
        if (bytes[i] != '\n') {
            partial[(*used)++] = bytes[i];
        }
    }
}

const char *stream_line(const struct stream *stream, size_t index, int *kind)
{
    if (index >= stream->count) {
        return NULL;
    }
    size_t place = (stream->first + index) % STREAM_LINES;
    *kind = stream->kind[place];
    return stream->lines[place];
}
