/* SPDX-License-Identifier: MIT
 *
 * Output of the shell commands: tables with aligned columns, values with a dash for what is not
 * known, errors in one form. All text is cleaned already (records); nothing here writes an escape.
 */
#ifndef HVGPU_CONSOLE_SHELL_PRINT_H
#define HVGPU_CONSOLE_SHELL_PRINT_H

#include "console/shell/shell.h"

#define PRINT_MAX_COLUMNS 16

/* A table is collected row by row and printed at the end, when its widths are known. */
struct print_table;
struct print_table *print_table_new(const char *const *headings, size_t columns);
/* One cell after the other; a full row begins the next. NULL prints a dash. Copied. */
void print_cell(struct print_table *table, const char *text);
void print_cellf(struct print_table *table, const char *format, ...) HVGPU_PRINTF(2, 3);
void print_number(struct print_table *table, struct hvgpu_number number);
void print_table_end(struct print_table *table, FILE *out); /* prints and frees */

/* "hvgpu: operation object: message" and the hint on a line of its own. */
void print_failure(struct shell *shell, const struct hvgpu_error *err);
/* The exit status that an error means. */
int print_status(const struct hvgpu_error *err);
/* Prints JSON text and a line end, frees it. False: out of memory or output failed. */
bool print_json(struct shell *shell, char *json);

/* "-" for unknown; out at least 32 bytes. */
const char *print_bytes(char *out, size_t size, struct hvgpu_number bytes);
const char *print_age(char *out, size_t size, struct hvgpu_number created_ms, int64_t now_ms);
const char *print_percent(char *out, size_t size, struct hvgpu_number permille);

#endif
