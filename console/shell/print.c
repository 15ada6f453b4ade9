/* SPDX-License-Identifier: MIT
 *
 * Tables, values and errors of the shell commands.
 */
#include "console/shell/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct print_table {
    size_t columns;
    size_t count; /* cells */
    size_t room;
    char **cells;
    int width[PRINT_MAX_COLUMNS];
};

struct print_table *print_table_new(const char *const *headings, size_t columns)
{
    struct print_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    table->columns = columns < PRINT_MAX_COLUMNS ? columns : PRINT_MAX_COLUMNS;
    for (size_t i = 0; i < table->columns; i++) {
        print_cell(table, headings[i]);
    }
    return table;
}

void print_cell(struct print_table *table, const char *text)
{
    if (table == NULL) {
        return;
    }
    if (table->count == table->room) {
        size_t room = table->room > 0 ? table->room * 2 : 64;
        char **cells = realloc(table->cells, room * sizeof *cells);
        if (cells == NULL) {
            return;
        }
        table->cells = cells;
        table->room = room;
    }
    char *copy = text_copy(text != NULL && text[0] != '\0' ? text : "-");
    if (copy == NULL) {
        return;
    }
    size_t column = table->count % table->columns;
    int width = utf8_columns(copy);
    table->width[column] = width > table->width[column] ? width : table->width[column];
    table->cells[table->count++] = copy;
}

void print_cellf(struct print_table *table, const char *format, ...)
{
    char line[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    print_cell(table, line);
}

void print_number(struct print_table *table, struct hvgpu_number number)
{
    if (number.known) {
        print_cellf(table, "%llu", (unsigned long long)number.value);
    } else {
        print_cell(table, NULL);
    }
}

void print_table_end(struct print_table *table, FILE *out)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns || i + 1 == table->count;
        int pad = last ? 0 : table->width[column] - utf8_columns(table->cells[i]) + 2;
        fprintf(out, "%s%*s%s", table->cells[i], pad, "", last ? "\n" : "");
        free(table->cells[i]);
    }
    free(table->cells);
    free(table);
}

void print_failure(struct shell *shell, const struct hvgpu_error *err)
{
    fprintf(shell->err, "hvgpu: ");
    if (err->operation[0] != '\0') {
        fprintf(shell->err, "%s%s", err->operation, err->object[0] != '\0' ? " " : ": ");
    }
    if (err->object[0] != '\0') {
        fprintf(shell->err, "%s: ", err->object);
    }
    fprintf(shell->err, "%s\n",
            err->message[0] != '\0' ? err->message : hvgpu_status_words(err->status));
    if (err->hint[0] != '\0') {
        fprintf(shell->err, "       %s\n", err->hint);
    }
}

int print_status(const struct hvgpu_error *err)
{
    switch (err->status) {
    case HVGPU_OK:
        return SHELL_OK;
    case HVGPU_INVALID:
    case HVGPU_FOREIGN:
        return SHELL_USAGE;
    default:
        return SHELL_FAILED;
    }
}

bool print_json(struct shell *shell, char *json)
{
    if (json == NULL) {
        fprintf(shell->err, "hvgpu: out of memory\n");
        return false;
    }
    bool done = fprintf(shell->out, "%s\n", json) > 0;
    free(json);
    return done;
}

const char *print_bytes(char *out, size_t size, struct hvgpu_number bytes)
{
    if (!bytes.known) {
        return NULL;
    }
    text_bytes(out, size, bytes.value);
    return out;
}

const char *print_age(char *out, size_t size, struct hvgpu_number created_ms, int64_t now_ms)
{
    if (!created_ms.known || now_ms < (int64_t)created_ms.value) {
        return NULL;
    }
    text_duration(out, size, (uint64_t)(now_ms - (int64_t)created_ms.value));
    return out;
}

const char *print_percent(char *out, size_t size, struct hvgpu_number permille)
{
    if (!permille.known) {
        return NULL;
    }
    snprintf(out, size, "%llu.%llu %%", (unsigned long long)(permille.value / 10),
             (unsigned long long)(permille.value % 10));
    return out;
}
