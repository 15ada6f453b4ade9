/* SPDX-License-Identifier: MIT
 *
 * A terminal made of memory: input is a queue that tests fill, output is a copy of the last canvas.
 * Used by tests and golden screens; it behaves as a terminal does, so nothing above knows.
 */
#include "console/term.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define COPY_BYTES 8192

struct memory_term {
    struct term base;
    struct canvas *shown;
    int width, height;
    enum term_depth depth;
    bool ascii, mouse;
    struct input *queue;
    size_t first, count, capacity;
    uint64_t shows, bytes;
    char clipboard[COPY_BYTES + 1];
};

static struct memory_term *self(struct term *term)
{
    return (struct memory_term *)term;
}

static void memory_close(struct term *term)
{
    canvas_free(self(term)->shown);
    free(self(term)->queue);
    free(term);
}

static void memory_size(struct term *term, int *width, int *height)
{
    *width = self(term)->width;
    *height = self(term)->height;
}

static enum term_depth memory_depth(struct term *term)
{
    return self(term)->depth;
}

static bool memory_ascii(struct term *term)
{
    return self(term)->ascii;
}

static void memory_set_theme(struct term *term, const struct theme *theme)
{
    (void)term;
    (void)theme; /* a canvas knows roles; colours are the screen's affair, and there is none */
}

static void memory_set_mouse(struct term *term, bool on)
{
    self(term)->mouse = on;
}

/* What this frame would have cost: the text of every cell that changed. */
static uint64_t changed_bytes(const struct canvas *old, const struct canvas *new)
{
    uint64_t bytes = 0;
    for (int y = 0; y < canvas_height(new); y++) {
        for (int x = 0; x < canvas_width(new); x++) {
            const struct cell *cell = canvas_cell(new, x, y);
            if (memcmp(cell, canvas_cell(old, x, y), sizeof(*cell)) != 0) {
                bytes += strlen(cell->text);
            }
        }
    }
    return bytes;
}

static void memory_show(struct term *term, const struct canvas *canvas)
{
    struct memory_term *memory = self(term);
    memory->bytes += changed_bytes(memory->shown, canvas);
    if (canvas_copy(memory->shown, canvas)) {
        memory->shows++;
    }
}

static void memory_redraw(struct term *term)
{
    canvas_clear(self(term)->shown);
}

static void memory_next(struct term *term, struct input *out)
{
    struct memory_term *memory = self(term);
    if (memory->count == 0) {
        memset(out, 0, sizeof(*out));
        out->kind = INPUT_NONE;
        return;
    }
    *out = memory->queue[memory->first++];
    memory->count--;
    if (memory->count == 0) {
        memory->first = 0;
    }
}

static void memory_suspend(struct term *term)
{
    canvas_clear(self(term)->shown);
}

static void memory_resume(struct term *term)
{
    (void)term; /* the next show() writes all: suspend() forgot the screen */
}

static bool memory_copy(struct term *term, const char *text)
{
    if (strlen(text) > COPY_BYTES) {
        return false;
    }
    memcpy(self(term)->clipboard, text, strlen(text) + 1);
    return true;
}

static uint64_t memory_bytes_written(struct term *term)
{
    return self(term)->bytes;
}

static const struct term_ops memory_ops = {
    .close = memory_close,
    .size = memory_size,
    .depth = memory_depth,
    .ascii = memory_ascii,
    .set_theme = memory_set_theme,
    .set_mouse = memory_set_mouse,
    .show = memory_show,
    .redraw = memory_redraw,
    .next = memory_next,
    .suspend = memory_suspend,
    .resume = memory_resume,
    .copy = memory_copy,
    .bytes_written = memory_bytes_written,
};

struct term *term_memory_new(int width, int height, enum term_depth depth, bool ascii)
{
    struct memory_term *memory = calloc(1, sizeof(*memory));
    if (memory == NULL) {
        return NULL;
    }
    memory->base.ops = &memory_ops;
    memory->width = width;
    memory->height = height;
    memory->depth = depth;
    memory->ascii = ascii;
    memory->shown = canvas_new(width, height);
    if (memory->shown == NULL) {
        free(memory);
        return NULL;
    }
    return &memory->base;
}

/* ---- what tests do with it ---- */

static void put(struct memory_term *memory, const struct input *input)
{
    size_t end = memory->first + memory->count;
    if (end == memory->capacity) {
        size_t capacity = memory->capacity == 0 ? 64 : memory->capacity * 2;
        struct input *queue = realloc(memory->queue, capacity * sizeof(*queue));
        if (queue == NULL) {
            return;
        }
        memory->queue = queue;
        memory->capacity = capacity;
    }
    memory->queue[end] = *input;
    memory->count++;
}

void term_memory_key(struct term *term, uint32_t key)
{
    put(self(term), &(struct input){.kind = INPUT_KEY, .key = key});
}

void term_memory_mouse(struct term *term, enum mouse_action action, int x, int y)
{
    put(self(term), &(struct input){.kind = INPUT_MOUSE, .mouse = action, .x = x, .y = y});
}

void term_memory_resize(struct term *term, int width, int height)
{
    struct memory_term *memory = self(term);
    memory->width = width;
    memory->height = height;
    put(memory, &(struct input){.kind = INPUT_RESIZE, .x = width, .y = height});
}

static void put_text(struct term *term, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t code_point = 0;
        i += utf8_decode(text + i, len - i, &code_point);
        term_memory_key(term, code_point);
    }
}

void term_memory_keys(struct term *term, const char *names)
{
    while (*names != '\0') {
        size_t len = strcspn(names, " ");
        char word[64] = "";
        uint32_t key = 0;
        if (text_starts(names, "text:")) {
            put_text(term, names + 5, len - 5);
        } else if (len > 0 && len < sizeof(word)) {
            memcpy(word, names, len);
            if (input_from_name(word, &key)) {
                term_memory_key(term, key);
            }
        }
        names += len;
        names += strspn(names, " ");
    }
}

const struct canvas *term_memory_canvas(const struct term *term)
{
    return ((const struct memory_term *)term)->shown;
}

uint64_t term_memory_shows(const struct term *term)
{
    return ((const struct memory_term *)term)->shows;
}

const char *term_memory_clipboard(const struct term *term)
{
    return ((const struct memory_term *)term)->clipboard;
}
