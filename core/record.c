/* SPDX-License-Identifier: MIT
 *
 * Records: a header with the reference count stands in front of what the caller sees. Texts and
 * arrays are cut from blocks that hang on the header, so that a record with a dozen texts costs two
 * or three allocations; everything is freed with the last reference.
 *
 * Children may have children, but owners keep such chains short: a record never owns its own
 * predecessor.
 */
#include "core/record.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

enum { BLOCK_FIRST = 192, BLOCK_LARGEST = 4096, ALIGNMENT = _Alignof(max_align_t) };

/* Memory for texts and arrays of one record. */
struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

/* A record that another one keeps alive; lives in a block of its owner. */
struct child {
    struct child *next;
    const void *record;
};

struct header {
    atomic_uint references;
    unsigned next_block; /* size of the next block */
    struct block *blocks;
    struct child *children;
};

enum { HEADER = (sizeof(struct header) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT };

static struct header *header_of(const void *record)
{
    return (struct header *)(void *)((unsigned char *)(uintptr_t)record - HEADER);
}

void *record_new(size_t size)
{
    if (size > SIZE_MAX - HEADER) {
        return NULL;
    }
    struct header *header = calloc(1, HEADER + size);
    if (header == NULL) {
        return NULL;
    }
    atomic_init(&header->references, 1);
    header->next_block = BLOCK_FIRST;
    return (unsigned char *)header + HEADER;
}

void record_reserve(void *record, size_t bytes)
{
    if (record != NULL && bytes > 0 && bytes < BLOCK_LARGEST) {
        header_of(record)->next_block = (unsigned)bytes;
    }
}

const void *hvgpu_record_keep(const void *record)
{
    if (record != NULL) {
        atomic_fetch_add_explicit(&header_of(record)->references, 1, memory_order_relaxed);
    }
    return record;
}

void hvgpu_record_drop(const void *record)
{
    if (record == NULL) {
        return;
    }
    struct header *header = header_of(record);
    if (atomic_fetch_sub_explicit(&header->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (const struct child *child = header->children; child != NULL; child = child->next) {
        hvgpu_record_drop(child->record);
    }
    struct block *block = header->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(header);
}

static struct block *block_new(struct header *header, size_t need)
{
    size_t size = header->next_block > need ? header->next_block : need;
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->used = 0;
    block->size = size;
    if (header->next_block < BLOCK_FIRST / 2) {
        header->next_block = BLOCK_FIRST;
    } else if (header->next_block < BLOCK_LARGEST) {
        header->next_block *= 2;
    }
    /* A block that its first customer fills goes behind the present one, which may have room. */
    if (need == size && header->blocks != NULL) {
        block->next = header->blocks->next;
        header->blocks->next = block;
    } else {
        block->next = header->blocks;
        header->blocks = block;
    }
    return block;
}

/* Memory of the record; alignment 1 for texts. Not zeroed. */
static void *cut(void *record, size_t size, size_t alignment)
{
    struct header *header = header_of(record);
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    struct block *block = header->blocks;
    size_t at = 0;
    if (block != NULL) {
        at = (block->used + alignment - 1) / alignment * alignment;
    }
    if (block == NULL || at > block->size || block->size - at < size) {
        block = block_new(header, size);
        if (block == NULL) {
            return NULL;
        }
        at = 0;
    }
    block->used = at + size;
    return block->bytes + at;
}

void *record_alloc(void *record, size_t size)
{
    if (record == NULL) {
        return NULL;
    }
    void *memory = cut(record, size > 0 ? size : 1, ALIGNMENT);
    if (memory != NULL) {
        memset(memory, 0, size > 0 ? size : 1);
    }
    return memory;
}

/* Most texts are plain ASCII and need no cleaning. */
static bool is_plain(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static const char *add_text(void *record, const char *s, bool lines)
{
    if (record == NULL || s == NULL) {
        return NULL;
    }
    size_t len = strlen(s);
    char *cleaned = NULL;
    if (!is_plain(s, len)) {
        cleaned = text_clean_new(s, len, lines);
        if (cleaned == NULL) {
            return NULL;
        }
        s = cleaned;
        len = strlen(s);
    }
    char *copy = cut(record, len + 1, 1);
    if (copy != NULL) {
        memcpy(copy, s, len + 1);
    }
    free(cleaned);
    return copy;
}

const char *record_text(void *record, const char *s)
{
    return add_text(record, s, false);
}

const char *record_lines(void *record, const char *s)
{
    return add_text(record, s, true);
}

const char *record_textf(void *record, const char *format, ...)
{
    char short_text[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(short_text, sizeof short_text, format, args);
    va_end(args);
    if (len < 0) {
        return NULL;
    }
    if ((size_t)len < sizeof short_text) {
        return add_text(record, short_text, false);
    }
    char *long_text = malloc((size_t)len + 1);
    if (long_text == NULL) {
        return NULL;
    }
    va_start(args, format);
    vsnprintf(long_text, (size_t)len + 1, format, args);
    va_end(args);
    const char *text = add_text(record, long_text, false);
    free(long_text);
    return text;
}

void record_own(void *record, const void *child)
{
    if (record == NULL || child == NULL) {
        return;
    }
    struct child *link = record_alloc(record, sizeof *link);
    /* Without memory for the link the child is kept for ever: a leak is better than a use after
     * free. */
    hvgpu_record_keep(child);
    if (link == NULL) {
        return;
    }
    link->record = child;
    link->next = header_of(record)->children;
    header_of(record)->children = link;
}

/* ---- events ---- */

/* A text on its way into an event: where it is, and the cleaned copy if one was needed. */
struct source {
    const char *text;
    size_t len;
    char *cleaned;
};

static bool source_clean(struct source *source, const char *s, size_t len)
{
    *source = (struct source){.text = s, .len = len};
    if (is_plain(s, len)) {
        return true;
    }
    source->cleaned = text_clean_new(s, len, false);
    if (source->cleaned == NULL) {
        return false;
    }
    source->text = source->cleaned;
    source->len = strlen(source->cleaned);
    return true;
}

static char *place(char **at, const struct source *source)
{
    char *start = *at;
    memcpy(start, source->text, source->len);
    start[source->len] = '\0';
    *at = start + source->len + 1;
    return start;
}

/* The length to which s is cut: at most max bytes, and no character cut in two. */
static size_t cut_length(const char *s, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    len = max;
    while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}

struct hvgpu_event *record_event_new(const struct hvgpu_event *event, const char *kind,
                                     const char *system_id, const char *json)
{
    const char *texts[3] = {kind != NULL ? kind : "", system_id != NULL ? system_id : "",
                            json != NULL ? json : ""};
    static const size_t limits[3] = {256, 1024, RECORD_EVENT_JSON_MAX};
    struct source sources[4] = {{0}};
    char mark[64] = "";
    size_t size = sizeof *event + 4;
    bool cleaned = true;
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(texts[i]);
        size_t kept = cut_length(texts[i], len, limits[i]);
        if (i == 2 && kept < len) {
            snprintf(mark, sizeof mark, " [cut: %zu of %zu bytes]", kept, len);
        }
        cleaned = source_clean(&sources[i], texts[i], kept) && cleaned;
        size += sources[i].len;
    }
    sources[3] = (struct source){.text = mark, .len = strlen(mark)};
    size += sources[3].len;

    struct hvgpu_event *copy = cleaned ? record_new(size) : NULL;
    if (copy != NULL) {
        *copy = *event;
        char *at = (char *)(copy + 1);
        copy->kind = place(&at, &sources[0]);
        copy->system_id = place(&at, &sources[1]);
        copy->json = place(&at, &sources[2]);
        at--; /* the mark continues the JSON */
        place(&at, &sources[3]);
    }
    for (size_t i = 0; i < 3; i++) {
        free(sources[i].cleaned);
    }
    return copy;
}
