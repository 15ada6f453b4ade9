/* SPDX-License-Identifier: MIT
 *
 * Text: a bounded growing buffer, UTF-8 and UTF-16, cleaning of foreign text, and the few formats
 * that both core and console print (sizes, durations, times, GUIDs). Nothing here has state.
 */
#ifndef HVGPU_BASE_TEXT_H
#define HVGPU_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* A growing string with a stated maximum. data is always terminated and never NULL after init.
 * When the maximum or memory is exceeded, `failed` is set, the content stays as it was and every
 * further add does nothing: check once at the end. */
struct text {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

void text_init(struct text *t, size_t max);
void text_free(struct text *t);
void text_clear(struct text *t); /* length 0, failed false, memory kept */
void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *s, size_t len);
void text_add_char(struct text *t, char c);
void text_addf(struct text *t, const char *format, ...) HVGPU_PRINTF(2, 3);
/* Gives the string to the caller (free()); the buffer is empty afterwards. NULL when it failed. */
char *text_take(struct text *t);

/* Decodes one code point at s (len bytes are left, len > 0). Returns the bytes used (1..4) and
 * stores the code point; a malformed byte gives U+FFFD and 1. Overlong forms, surrogates and values
 * past U+10FFFF are malformed (RFC 3629). */
size_t utf8_decode(const char *s, size_t len, uint32_t *code_point);
/* Encodes into out (at least 4 bytes), returns the bytes written; an invalid value gives U+FFFD. */
size_t utf8_encode(uint32_t code_point, char *out);
bool utf8_is_valid(const char *s, size_t len);
/* Columns that one code point takes on a terminal: 0 (combining, zero width), 1 or 2 (wide, emoji);
 * -1 for control characters. */
int utf8_width(uint32_t code_point);
/* Columns of a whole string. */
int utf8_columns(const char *s);

/* THE place where foreign text becomes harmless: copies at most size-1 bytes of s into out, never
 * cutting a character; control characters, C1, escape, bidirectional overrides and malformed bytes
 * become U+FFFD; line breaks and tabs become a space. Returns out. s may be NULL (gives ""). */
char *text_clean(char *out, size_t size, const char *s);
char *text_clean_n(char *out, size_t size, const char *s, size_t len);
/* The same into new memory (free()); line breaks and tabs are kept when `lines` is true. */
char *text_clean_new(const char *s, size_t len, bool lines);

/* UTF-16 <-> UTF-8. New memory (free()), NULL only when out of memory. Lone surrogates become
 * U+FFFD. len in units; SIZE_MAX: up to the terminator. */
char *utf16_to_utf8(const uint16_t *s, size_t len);
uint16_t *utf8_to_utf16(const char *s);
size_t utf16_length(const uint16_t *s);

/* strdup and its printf form; NULL in gives NULL out. */
char *text_copy(const char *s);
char *text_format(const char *format, ...) HVGPU_PRINTF(1, 2);
bool text_equal(const char *a, const char *b);         /* NULL equals NULL only */
bool text_equal_nocase(const char *a, const char *b);  /* ASCII case, for instance ids and GUIDs */
bool text_starts(const char *s, const char *prefix);
bool text_starts_nocase(const char *s, const char *prefix);
bool text_ends_nocase(const char *s, const char *suffix);
bool text_find_nocase(const char *haystack, const char *needle);

/* Whole-string decimal or 0x number within [min, max]; false leaves *out alone. */
bool text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* "8.0 GiB", "512 MiB"; "12 ms", "3.4 s", "5m12s", "2h05m", "3d4h". size of out: at least 24. */
void text_bytes(char *out, size_t size, uint64_t bytes);
void text_duration(char *out, size_t size, uint64_t ms);
/* "14:03:22" (local) and "2026-01-31T14:03:22.123Z" of a Unix time in ms. at least 32 bytes. */
void text_clock(char *out, size_t size, int64_t unix_ms);
void text_iso(char *out, size_t size, int64_t unix_ms);
/* Reads "2026-01-31T14:03:22[.fraction]Z". */
bool text_from_iso(const char *s, int64_t *unix_ms);

#define GUID_TEXT 37 /* 36 characters and the terminator */
/* A random version 4 GUID in lower case. */
void guid_new(char out[GUID_TEXT]);
bool guid_is_valid(const char *s);

/* A fast 64-bit hash (FNV-1a) for tables and change detection; not for security. */
uint64_t text_hash(const char *s, size_t len);

#endif
