/* SPDX-License-Identifier: MIT
 *
 * Reading of theme files, and the built-in dark theme under all of them. A theme file is foreign
 * text: sizes, types and names are checked, and each refusal names file, line and reason. The
 * result is written only when the whole file is right. No state.
 */
#include "console/theme.h"

#include <stdlib.h>
#include <string.h>

#include "console/canvas.h"
#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

#define THEME_BYTES (256u << 10)
#define FOLDERS     3

/* The built-in theme, the same as themes/dark.json: fg, bg (-1: the terminal's default), bits. */
struct built_in {
    int32_t fg, bg;
    uint8_t attributes;
};

#define B ATTRIBUTE_BOLD
#define U ATTRIBUTE_UNDERLINE

/* clang-format off */
static const struct built_in dark[ROLE_COUNT] = {
    [ROLE_TEXT] = {-1, -1, 0},
    [ROLE_DIM] = {0x8a919c, -1, 0},
    [ROLE_STRONG] = {0xeceff4, -1, B},
    [ROLE_TITLE] = {0xc8d0dc, 0x262c36, 0},
    [ROLE_TITLE_KEY] = {0x8fc7ff, 0x262c36, B},
    [ROLE_SIMULATED] = {0x1c1c1c, 0xe5c07b, B},
    [ROLE_TAB] = {0x9aa3b0, -1, 0},
    [ROLE_TAB_ACTIVE] = {0x8fc7ff, -1, B | U},
    [ROLE_HEADER] = {0x9fb4d0, -1, B},
    [ROLE_HEADER_SORT] = {0x8fc7ff, -1, B | U},
    [ROLE_SELECTED] = {0xffffff, 0x2f5d8c, B},
    [ROLE_MARKED] = {0xe5c07b, -1, B},
    [ROLE_MATCH] = {0x1c1c1c, 0xe5c07b, 0},
    [ROLE_CHANGED] = {0xb9e3ff, -1, B},
    [ROLE_GOOD] = {0x87d787, -1, 0},
    [ROLE_WARNING] = {0xf0c674, -1, 0},
    [ROLE_BAD] = {0xff8787, -1, B},
    [ROLE_UNKNOWN] = {0x8a919c, -1, 0},
    [ROLE_INFO] = {0x87bfff, -1, 0},
    [ROLE_BORDER] = {0x5f6875, -1, 0},
    [ROLE_BORDER_ACTIVE] = {0x87bfff, -1, 0},
    [ROLE_KEY] = {0x8fc7ff, -1, B},
    [ROLE_KEY_TEXT] = {0x9aa3b0, -1, 0},
    [ROLE_PROMPT] = {0xeceff4, -1, B},
    [ROLE_SUGGESTION] = {0x7d8590, -1, 0},
    [ROLE_ERROR] = {0xff8787, -1, B},
    [ROLE_BAR] = {0x87bfff, -1, 0},
    [ROLE_BAR_EMPTY] = {0x5f6875, -1, 0},
    [ROLE_PARTITION_OWN] = {0x87d787, -1, B},
    [ROLE_PARTITION_OTHER] = {0xd7afff, -1, 0},
    [ROLE_PARTITION_UNKNOWN] = {0x7d8590, -1, 0},
    [ROLE_JSON_KEY] = {0x8fc7ff, -1, 0},
    [ROLE_JSON_STRING] = {0xa8d8a0, -1, 0},
    [ROLE_JSON_NUMBER] = {0xf0c674, -1, 0},
    [ROLE_DIALOG] = {0xe4e8ee, 0x2b313b, 0},
    [ROLE_DIALOG_DANGER] = {0xffffff, 0x8c2f39, B},
    [ROLE_FIELD] = {0xe4e8ee, 0x363d49, 0},
    [ROLE_FIELD_ACTIVE] = {0xffffff, 0x2f5d8c, 0},
};
/* clang-format on */

#undef B
#undef U

static struct colour colour_of(int32_t value)
{
    if (value < 0) {
        return (struct colour){.set = false};
    }
    return (struct colour){
        .set = true,
        .red = (uint8_t)(value >> 16),
        .green = (uint8_t)(value >> 8),
        .blue = (uint8_t)value,
    };
}

void theme_default(struct theme *out)
{
    memset(out, 0, sizeof(*out));
    text_clean(out->name, sizeof(out->name), "dark");
    text_clean(out->about, sizeof(out->about), "Soft colours for dark terminals");
    for (int i = 0; i < ROLE_COUNT; i++) {
        out->roles[i].fg = colour_of(dark[i].fg);
        out->roles[i].bg = colour_of(dark[i].bg);
        out->roles[i].attributes = dark[i].attributes;
    }
}

/* ---- reading ---- */

struct reader {
    const char *path;
    struct theme theme;
    struct hvgpu_error *err;
};

static enum hvgpu_status refuse(struct reader *reader, const struct json *where, const char *name,
                                const char *reason)
{
    return error_set(reader->err, HVGPU_INVALID, "read theme", reader->path,
                     "line %d: \"%.60s\": %s", json_line(where), name, reason);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* "#rrggbb", "#rgb" or "default". */
static bool parse_colour(const char *text, struct colour *out)
{
    if (text_equal(text, "default")) {
        *out = (struct colour){.set = false};
        return true;
    }
    if (text == NULL || text[0] != '#') {
        return false;
    }
    size_t digits = strlen(text + 1);
    if (digits != 6 && digits != 3) {
        return false;
    }
    int value[6] = {0};
    for (size_t i = 0; i < digits; i++) {
        value[i] = hex_digit(text[1 + i]);
        if (value[i] < 0) {
            return false;
        }
    }
    uint8_t part[3];
    for (size_t i = 0; i < 3; i++) {
        part[i] = (uint8_t)(digits == 6 ? value[2 * i] * 16 + value[2 * i + 1] : value[i] * 17);
    }
    *out = (struct colour){.set = true, .red = part[0], .green = part[1], .blue = part[2]};
    return true;
}

static bool attribute_of(const char *name, uint8_t *bit)
{
    static const struct {
        const char *name;
        uint8_t bit;
    } attributes[] = {
        {"bold", ATTRIBUTE_BOLD},
        {"reverse", ATTRIBUTE_REVERSE},
        {"underline", ATTRIBUTE_UNDERLINE},
        {"dim", ATTRIBUTE_DIM},
    };
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (text_equal(attributes[i].name, name)) {
            *bit = attributes[i].bit;
            return true;
        }
    }
    return false;
}

/* One member of a role: "fg", "bg" or an attribute. */
static enum hvgpu_status read_member(struct reader *reader, struct style *style,
                                     const struct json *value)
{
    const char *key = json_key(value);
    uint8_t bit = 0;
    if (text_equal(key, "fg") || text_equal(key, "bg")) {
        struct colour *colour = key[0] == 'f' ? &style->fg : &style->bg;
        const char *text = json_type(value) == JSON_STRING ? json_string(value, "") : NULL;
        if (!parse_colour(text, colour)) {
            return refuse(reader, value, key, "a colour is \"#rrggbb\", \"#rgb\" or \"default\"");
        }
        return HVGPU_OK;
    }
    if (!attribute_of(key, &bit)) {
        return refuse(reader, value, key,
                      "unknown member: a role has fg, bg, bold, reverse, underline, dim");
    }
    if (json_type(value) != JSON_BOOL) {
        return refuse(reader, value, key, "must be true or false");
    }
    style->attributes =
        (uint8_t)(json_bool(value, "", false) ? style->attributes | bit : style->attributes & ~bit);
    return HVGPU_OK;
}

static enum hvgpu_status read_role(struct reader *reader, const struct json *value)
{
    const char *key = json_key(value);
    int role = 0;
    while (role < ROLE_COUNT && !text_equal(role_name((enum role)role), key)) {
        role++;
    }
    if (role == ROLE_COUNT) {
        return refuse(reader, value, key, "no such role");
    }
    if (json_type(value) != JSON_OBJECT) {
        return refuse(reader, value, key, "a role is an object with fg, bg and attributes");
    }
    /* What a role names replaces the built-in one as a whole, so that half of an old look and half
     * of a new one never meet. */
    struct style style = {.attributes = 0};
    for (const struct json *m = json_first(value); m != NULL; m = json_next(m)) {
        enum hvgpu_status st = read_member(reader, &style, m);
        if (st != HVGPU_OK) {
            return st;
        }
    }
    if (style.bg.set && !style.fg.set) {
        return refuse(reader, value, key, "a role with a background needs a foreground");
    }
    reader->theme.roles[role] = style;
    return HVGPU_OK;
}

static enum hvgpu_status read_text(struct reader *reader, const struct json *value, char *out,
                                   size_t size)
{
    const char *text = json_type(value) == JSON_STRING ? json_string(value, "") : NULL;
    if (text == NULL || text[0] == '\0' || strlen(text) >= size) {
        return refuse(reader, value, json_key(value), "must be a text, and a short one");
    }
    text_clean(out, size, text);
    return HVGPU_OK;
}

static enum hvgpu_status read_root(struct reader *reader, const struct json *root)
{
    if (json_type(root) != JSON_OBJECT) {
        return refuse(reader, root, "theme", "must be an object with name, about and roles");
    }
    struct theme *theme = &reader->theme;
    for (const struct json *m = json_first(root); m != NULL; m = json_next(m)) {
        enum hvgpu_status st = HVGPU_OK;
        const char *key = json_key(m);
        if (text_equal(key, "name")) {
            st = read_text(reader, m, theme->name, sizeof(theme->name));
        } else if (text_equal(key, "about")) {
            st = read_text(reader, m, theme->about, sizeof(theme->about));
        } else if (!text_equal(key, "roles")) {
            st = refuse(reader, m, key, "unknown member: a theme has name, about, roles");
        } else if (json_type(m) != JSON_OBJECT) {
            st = refuse(reader, m, key, "must be an object");
        } else {
            for (const struct json *r = json_first(m); st == HVGPU_OK && r != NULL;
                 r = json_next(r)) {
                st = read_role(reader, r);
            }
        }
        if (st != HVGPU_OK) {
            return st;
        }
    }
    return HVGPU_OK;
}

/* name: what the theme is called when it does not say. */
static enum hvgpu_status read_text_as(const char *text, size_t len, const char *path,
                                      const char *name, struct theme *out, struct hvgpu_error *err)
{
    struct reader reader = {.path = path, .err = err};
    struct json *root = NULL;
    theme_default(&reader.theme);
    text_clean(reader.theme.name, sizeof(reader.theme.name), name);
    reader.theme.about[0] = '\0';
    enum hvgpu_status st = json_parse(text, len, path, &root, err);
    if (st == HVGPU_OK) {
        st = read_root(&reader, root);
    }
    if (st == HVGPU_OK) {
        *out = reader.theme;
    } else {
        error_hint(err, "correct the file, or choose another theme: dark is built in");
    }
    json_free(root);
    return st;
}

enum hvgpu_status theme_read(const char *text, size_t len, const char *path, struct theme *out,
                             struct hvgpu_error *err)
{
    return read_text_as(text, len, path, "unnamed", out, err);
}

static enum hvgpu_status load_file(const char *path, const char *name, struct theme *out,
                                   struct hvgpu_error *err)
{
    char *bytes = NULL;
    size_t len = 0;
    enum hvgpu_status st = os_file_read(path, THEME_BYTES, &bytes, &len, err);
    if (st == HVGPU_OK) {
        st = read_text_as(bytes, len, path, name, out, err);
    } else {
        error_hint(err, "choose another theme: dark is built in");
    }
    free(bytes);
    return st;
}

/* ---- finding ---- */

/* The folders themes are looked for in, in this order; entries may be NULL. free() each. */
static void find_folders(char *folders[FOLDERS])
{
    static const enum os_place places[] = {OS_PLACE_CONFIG, OS_PLACE_DATA};
    for (size_t i = 0; i < 2; i++) {
        char *place = os_place(places[i]);
        folders[i] = place != NULL ? text_format("%s/themes", place) : NULL;
        free(place);
    }
    folders[2] = text_copy("themes");
}

static void free_folders(char *folders[FOLDERS])
{
    for (size_t i = 0; i < FOLDERS; i++) {
        free(folders[i]);
    }
}

/* A name that is a file name and nothing else. */
static bool is_name(const char *name, size_t len)
{
    if (len == 0 || len >= sizeof(((struct theme *)NULL)->name)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i], lower = (char)(c | 0x20);
        bool ok = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!ok) {
            return false;
        }
    }
    return true;
}

enum hvgpu_status theme_load(const char *name, struct theme *out, struct hvgpu_error *err)
{
    if (name != NULL && text_ends_nocase(name, ".json")) {
        return load_file(name, "unnamed", out, err);
    }
    if (name == NULL || !is_name(name, strlen(name))) {
        return error_set(err, HVGPU_INVALID, "find theme", name,
                         "a theme is named by letters, digits, '-' and '_', or by a path that ends "
                         "in .json");
    }
    char *folders[FOLDERS];
    find_folders(folders);
    enum hvgpu_status st = HVGPU_NOT_FOUND;
    for (size_t i = 0; i < FOLDERS && st == HVGPU_NOT_FOUND; i++) {
        char *path = folders[i] != NULL ? text_format("%s/%s.json", folders[i], name) : NULL;
        if (path != NULL && os_file_exists(path)) {
            st = load_file(path, name, out, err);
        }
        free(path);
    }
    if (st == HVGPU_NOT_FOUND && text_equal(name, "dark")) {
        theme_default(out);
        st = HVGPU_OK;
    } else if (st == HVGPU_NOT_FOUND) {
        error_set(err, st, "find theme", name, "there is no %s.json in %s%s%s or themes", name,
                  folders[0] != NULL ? folders[0] : "", folders[0] != NULL ? ", " : "",
                  folders[1] != NULL ? folders[1] : "the installed folder");
        error_hint(err, "give the path of the file, or choose dark, light or mono");
    }
    free_folders(folders);
    return st;
}

/* ---- listing ---- */

struct name_list {
    char (*names)[32];
    size_t count, capacity;
};

static void add_name(struct name_list *list, const char *name, size_t len)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strlen(list->names[i]) == len && memcmp(list->names[i], name, len) == 0) {
            return;
        }
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        char(*names)[32] = realloc(list->names, capacity * sizeof(*names));
        if (names == NULL) {
            return;
        }
        list->names = names;
        list->capacity = capacity;
    }
    memcpy(list->names[list->count], name, len);
    list->names[list->count][len] = '\0';
    list->count++;
}

static bool each_file(void *context, const char *file)
{
    struct name_list *list = context;
    if (text_ends_nocase(file, ".json") && is_name(file, strlen(file) - 5)) {
        add_name(list, file, strlen(file) - 5);
    }
    return list->count < 1000;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

void theme_list(void (*each)(void *context, const char *name), void *context)
{
    struct name_list list = {.count = 0};
    char *folders[FOLDERS];
    add_name(&list, "dark", 4);
    find_folders(folders);
    for (size_t i = 0; i < FOLDERS; i++) {
        if (folders[i] != NULL) {
            (void)os_folder_list(folders[i], each_file, &list, NULL);
        }
    }
    free_folders(folders);
    if (list.count > 1) {
        qsort(list.names, list.count, sizeof(*list.names), compare_names);
    }
    for (size_t i = 0; i < list.count; i++) {
        each(context, list.names[i]);
    }
    free(list.names);
}
