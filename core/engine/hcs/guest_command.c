/* SPDX-License-Identifier: MIT
 *
 * Command lines and paths of Windows, from outside text.
 */
#include "core/engine/hcs/guest_command.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/documents.h"

enum { COMMAND_MAX = 32767, PATH_TEXT_MAX = 1024 };

/* CommandLineToArgvW: backslashes count only before a quote, where each is doubled. */
static void add_quoted(struct text *line, const char *argument)
{
    if (*argument != '\0' && strpbrk(argument, " \t\"") == NULL) {
        text_add(line, argument);
        return;
    }
    size_t backslashes = 0;
    text_add_char(line, '"');
    for (const char *s = argument; *s != '\0'; s++) {
        if (*s == '\\') {
            backslashes++;
        } else {
            if (*s == '"') {
                for (size_t i = 0; i <= backslashes; i++) {
                    text_add_char(line, '\\');
                }
            }
            backslashes = 0;
        }
        text_add_char(line, *s);
    }
    for (size_t i = 0; i < backslashes; i++) {
        text_add_char(line, '\\');
    }
    text_add_char(line, '"');
}

char *guest_command(const char *const *arguments)
{
    struct text line;
    text_init(&line, COMMAND_MAX);
    for (size_t i = 0; arguments[i] != NULL; i++) {
        if (i > 0) {
            text_add_char(&line, ' ');
        }
        add_quoted(&line, arguments[i]);
    }
    char *result = text_take(&line);
    text_free(&line);
    return result;
}

char *guest_share_name(unsigned number)
{
    return text_format("s%x", number);
}

char *guest_share_path(unsigned number)
{
    return text_format("%ss%x", GUEST_SHARES, number);
}

char *path_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    const char *between = len > 0 && folder[len - 1] == '\\' ? "" : "\\";
    return text_format("%s%s%s", folder, between, name);
}

const char *path_base(const char *path)
{
    const char *base = path;
    for (const char *s = path; *s != '\0'; s++) {
        if ((*s == '\\' || *s == '/') && s[1] != '\0') {
            base = s + 1;
        }
    }
    return base;
}

static bool has_parent_element(const char *path)
{
    for (const char *s = path; *s != '\0';) {
        size_t len = strcspn(s, "\\/");
        if (len == 2 && s[0] == '.' && s[1] == '.') {
            return true;
        }
        s += len;
        s += strspn(s, "\\/");
    }
    return false;
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            return true;
        }
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static char *clean_path(const char *path)
{
    struct text out;
    text_init(&out, PATH_TEXT_MAX + 1);
    bool unc = path[0] == '\\' && path[1] == '\\';
    if (unc) {
        text_add(&out, "\\\\");
        path += 2;
    }
    for (const char *s = path; *s != '\0'; s++) {
        char c = *s == '/' ? '\\' : *s;
        if (c == '\\' && out.len > 0 && out.data[out.len - 1] == '\\') {
            continue;
        }
        text_add_char(&out, c);
    }
    /* "C:\" keeps its backslash: without it, it would be a relative path. */
    if (!out.failed && out.len > 3 && out.data[out.len - 1] == '\\') {
        out.data[--out.len] = '\0';
    }
    char *result = text_take(&out);
    text_free(&out);
    return result;
}

enum hvgpu_status path_check(const char *path, const char *what, char **clean,
                             struct hvgpu_error *err)
{
    *clean = NULL;
    if (path == NULL || *path == '\0') {
        return error_set(err, HVGPU_INVALID, "check the request", what, "the path is empty");
    }
    size_t len = strlen(path);
    if (len > PATH_TEXT_MAX || !utf8_is_valid(path, len) || has_control(path)) {
        return error_set(err, HVGPU_INVALID, "check the request", what,
                         "'%.200s' is too long, not UTF-8 or has control characters", path);
    }
    bool drive = is_letter(path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
    bool unc = path[0] == '\\' && path[1] == '\\';
    if (!drive && !unc) {
        error_set(err, HVGPU_INVALID, "check the request", what,
                  "'%.200s' is not an absolute Windows path", path);
        error_hint(err, "write it with its drive: C:\\folder");
        return HVGPU_INVALID;
    }
    /* \\?\ and \\.\ names carry a '?'; everything behind them follows the same rules. */
    const char *rest = text_starts(path, "\\\\?\\") ? path + 4 : path;
    const char *colon = strchr(rest, ':');
    if (strpbrk(rest, "<>\"|?*") != NULL || has_parent_element(rest) ||
        (colon != NULL && strchr(colon + 1, ':') != NULL)) {
        return error_set(err, HVGPU_INVALID, "check the request", what,
                         "'%.200s' has an element that no Windows path may have", path);
    }
    *clean = clean_path(path);
    return *clean != NULL
               ? HVGPU_OK
               : error_set(err, HVGPU_MEMORY, "check the request", what, "out of memory");
}

bool path_is_below(const char *path)
{
    return path != NULL && *path != '\0' && *path != '\\' && *path != '/' &&
           strlen(path) < PATH_TEXT_MAX && !has_control(path) && !has_parent_element(path) &&
           strpbrk(path, "<>\"|?*:") == NULL;
}

bool path_is_name(const char *name)
{
    return path_is_below(name) && strpbrk(name, "\\/") == NULL && strcmp(name, ".") != 0;
}
