/* SPDX-License-Identifier: MIT
 *
 * The pager: see pager.h. Lines are moved sideways, not wrapped, so that the shape of JSON stays.
 */
#include "console/pager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/filter.h"
#include "core/base/json.h"
#include "core/base/text.h"

void pager_init(struct pager *pager, enum pager_kind kind)
{
    memset(pager, 0, sizeof(*pager));
    pager->kind = kind;
    pager->found = SIZE_MAX;
}

void pager_done(struct pager *pager)
{
    free(pager->text);
    free(pager->lines);
    pager->text = NULL;
    pager->lines = NULL;
    pager->count = 0;
}

static size_t page_height(const struct pager *pager)
{
    return pager->area.height > 1 ? (size_t)pager->area.height : 1;
}

static void clamp(struct pager *pager)
{
    size_t height = page_height(pager);
    size_t last = pager->count > height ? pager->count - height : 0;
    pager->top = pager->top < last ? pager->top : last;
}

static void count_matches(struct pager *pager)
{
    pager->matches = 0;
    size_t len = strlen(pager->search);
    for (size_t i = 0; len > 0 && i < pager->count; i++) {
        pager->matches += filter_search(pager->lines[i], pager->search, len) != NULL;
    }
    if (pager->found >= pager->count) {
        pager->found = SIZE_MAX;
    }
}

void pager_set(struct pager *pager, const char *text)
{
    const char *source = text != NULL ? text : "";
    char *copy = text_clean_new(source, strlen(source), true);
    size_t count = 0;
    for (const char *s = copy; s != NULL && *s != '\0'; s++) {
        count += *s == '\n';
    }
    char **lines = calloc(count + 2, sizeof(*lines));
    if (copy == NULL || lines == NULL) {
        free(copy);
        free(lines);
        return; /* keeps what it shows */
    }
    size_t n = 0;
    for (char *s = copy; *s != '\0';) {
        lines[n++] = s;
        char *end = strchr(s, '\n');
        if (end == NULL) {
            break;
        }
        *end = '\0';
        s = end + 1;
    }
    free(pager->text);
    free(pager->lines);
    pager->text = copy;
    pager->lines = lines;
    pager->count = n;
    clamp(pager);
    count_matches(pager);
}

void pager_set_json(struct pager *pager, const char *json)
{
    struct json *tree = NULL;
    struct hvgpu_error err;
    char *pretty = NULL;
    if (json != NULL && json_parse(json, strlen(json), "document", &tree, &err) == HVGPU_OK) {
        pretty = json_print_pretty(tree);
    }
    pager_set(pager, pretty != NULL ? pretty : json);
    free(pretty);
    json_free(tree);
}

/* The bytes of s behind `columns` columns; *over tells how many columns of a cut character stick
 * out. */
static const char *skip_columns(const char *s, int columns, int *over)
{
    size_t len = strlen(s);
    *over = 0;
    while (columns > 0 && len > 0) {
        uint32_t code_point;
        size_t used = utf8_decode(s, len, &code_point);
        int width = utf8_width(code_point);
        columns -= width > 0 ? width : 0;
        s += used;
        len -= used;
    }
    *over = columns < 0 ? -columns : 0;
    return s;
}

static const char *string_end(const char *s)
{
    for (s++; *s != '\0' && *s != '"'; s++) {
        if (*s == '\\' && s[1] != '\0') {
            s++;
        }
    }
    return *s == '"' ? s + 1 : s;
}

/* Role of the piece that starts at s, and where it ends. */
static const char *json_piece(const char *s, enum role *role)
{
    if (*s == '"') {
        const char *end = string_end(s);
        *role = *end == ':' ? ROLE_JSON_KEY : ROLE_JSON_STRING;
        return end;
    }
    if ((*s >= '0' && *s <= '9') || *s == '-') {
        *role = ROLE_JSON_NUMBER;
        return s + strspn(s, "-+.eE0123456789");
    }
    if (strncmp(s, "true", 4) == 0 || strncmp(s, "null", 4) == 0) {
        *role = ROLE_JSON_NUMBER;
        return s + 4;
    }
    if (strncmp(s, "false", 5) == 0) {
        *role = ROLE_JSON_NUMBER;
        return s + 5;
    }
    *role = ROLE_TEXT;
    size_t plain = strcspn(s, "\"0123456789-tfn");
    return s + (plain > 0 ? plain : 1);
}

/* Colours what stands on the line already. x of a piece is counted in columns from the line's
 * start, so that a line that is moved sideways keeps its colours. */
static void colour_json(const struct pager *pager, struct canvas *canvas, const char *line, int y)
{
    int column = 0;
    char part[1024];
    while (*line != '\0' && column < pager->left + pager->area.width) {
        enum role role;
        const char *end = json_piece(line, &role);
        text_clean_n(part, sizeof(part), line, (size_t)(end - line));
        int columns = utf8_columns(part);
        int from = column < pager->left ? pager->left : column;
        int to = column + columns;
        int limit = pager->left + pager->area.width;
        to = to > limit ? limit : to;
        if (role != ROLE_TEXT && to > from) {
            canvas_tint(canvas, (struct rect){pager->area.x + from - pager->left, y, to - from, 1},
                        role, 0);
        }
        column += columns;
        line = end;
    }
}

static void colour_matches(const struct pager *pager, struct canvas *canvas, const char *line,
                           int y, bool present)
{
    size_t len = strlen(pager->search);
    char part[1024];
    const char *at = len > 0 ? filter_search(line, pager->search, len) : NULL;
    while (at != NULL) {
        text_clean_n(part, sizeof(part), line, (size_t)(at - line));
        int column = utf8_columns(part) - pager->left;
        text_clean_n(part, sizeof(part), at, len);
        int columns = utf8_columns(part);
        if (column >= 0 && column + columns <= pager->area.width) {
            canvas_tint(canvas, (struct rect){pager->area.x + column, y, columns, 1}, ROLE_MATCH,
                        present ? ATTRIBUTE_REVERSE : ATTRIBUTE_UNDERLINE);
        }
        at = filter_search(at + len, pager->search, len);
    }
}

void pager_draw(struct pager *pager, struct canvas *canvas, struct rect area)
{
    pager->area = area;
    clamp(pager);
    for (int r = 0; r < area.height && pager->top + (size_t)r < pager->count; r++) {
        size_t number = pager->top + (size_t)r;
        const char *line = pager->lines[number];
        int over;
        const char *shown = skip_columns(line, pager->left, &over);
        canvas_text(canvas, area.x + over, area.y + r, area.width - over, shown, ROLE_TEXT, 0);
        if (pager->kind == PAGER_JSON) {
            colour_json(pager, canvas, line, area.y + r);
        }
        colour_matches(pager, canvas, line, area.y + r, number == pager->found);
    }
    canvas_cursor(canvas, area.x, area.y);
}

void pager_move(struct pager *pager, long lines)
{
    if (lines < 0 && (size_t)-lines > pager->top) {
        pager->top = 0;
    } else {
        pager->top = (size_t)((long)pager->top + lines);
    }
    clamp(pager);
}

void pager_page(struct pager *pager, int halves)
{
    pager_move(pager, (long)halves * (long)page_height(pager) / 2);
}

void pager_sideways(struct pager *pager, int columns)
{
    pager->left += columns;
    pager->left = pager->left < 0 ? 0 : (pager->left > 4096 ? 4096 : pager->left);
}

void pager_home(struct pager *pager)
{
    pager->top = 0;
    pager->left = 0;
}

void pager_end(struct pager *pager)
{
    pager->top = pager->count;
    clamp(pager);
}

bool pager_mouse(struct pager *pager, const struct input *input)
{
    if (input->kind != INPUT_MOUSE || input->mouse == MOUSE_PRESS) {
        return false;
    }
    pager_move(pager, input->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    return true;
}

static void go_to(struct pager *pager, size_t line)
{
    pager->found = line;
    size_t height = page_height(pager);
    if (line < pager->top || line >= pager->top + height) {
        pager->top = line > height / 3 ? line - height / 3 : 0;
        clamp(pager);
    }
}

/* The next match counted from line `from`, which is looked at first. */
static bool search_from(struct pager *pager, size_t from, int direction)
{
    size_t len = strlen(pager->search);
    for (size_t i = 0; len > 0 && i < pager->count; i++) {
        size_t step = direction < 0 ? pager->count - i : i;
        size_t line = (from + step) % pager->count;
        if (filter_search(pager->lines[line], pager->search, len) != NULL) {
            go_to(pager, line);
            return true;
        }
    }
    return false;
}

bool pager_search(struct pager *pager, const char *text)
{
    text_clean(pager->search, sizeof(pager->search), text);
    for (char *s = pager->search; *s != '\0'; s++) {
        *s = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;
    }
    pager->found = SIZE_MAX;
    count_matches(pager);
    return search_from(pager, pager->top, 1);
}

bool pager_search_next(struct pager *pager, int direction)
{
    if (pager->count == 0) {
        return false;
    }
    size_t from = pager->found != SIZE_MAX ? pager->found : pager->top;
    from = (from + (direction < 0 ? pager->count - 1 : 1)) % pager->count;
    return search_from(pager, from, direction);
}

void pager_status(const struct pager *pager, char *out, size_t size)
{
    size_t last = pager->top + page_height(pager);
    last = last < pager->count ? last : pager->count;
    int used = snprintf(out, size, "%zu-%zu of %zu", pager->count > 0 ? pager->top + 1 : 0, last,
                        pager->count);
    if (pager->search[0] != '\0' && used > 0 && (size_t)used < size) {
        snprintf(out + used, size - (size_t)used, ", %zu line%s with \"%s\"", pager->matches,
                 pager->matches == 1 ? "" : "s", pager->search);
    }
}
