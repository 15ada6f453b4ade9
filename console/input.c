/* SPDX-License-Identifier: MIT
 *
 * Names of keys, both ways, from one table: what help prints is what bindings and scripts read.
 */
#include "console/input.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

struct key_name {
    const char *name;
    uint32_t key;
};

/* The first name of a key is the one that is printed. */
static const struct key_name key_names[] = {
    {"up", INPUT_UP},
    {"down", INPUT_DOWN},
    {"left", INPUT_LEFT},
    {"right", INPUT_RIGHT},
    {"home", INPUT_HOME},
    {"end", INPUT_END},
    {"page-up", INPUT_PAGE_UP},
    {"page-down", INPUT_PAGE_DOWN},
    {"insert", INPUT_INSERT},
    {"delete", INPUT_DELETE},
    {"backspace", INPUT_BACKSPACE},
    {"enter", INPUT_ENTER},
    {"tab", INPUT_TAB},
    {"back-tab", INPUT_BACK_TAB},
    {"esc", INPUT_ESCAPE},
    {"space", ' '},
    {"pgup", INPUT_PAGE_UP},
    {"pgdn", INPUT_PAGE_DOWN},
    {"pageup", INPUT_PAGE_UP},
    {"pagedown", INPUT_PAGE_DOWN},
    {"ins", INPUT_INSERT},
    {"del", INPUT_DELETE},
    {"return", INPUT_ENTER},
    {"backtab", INPUT_BACK_TAB},
    {"shift-tab", INPUT_BACK_TAB},
    {"escape", INPUT_ESCAPE},
};

void input_name(uint32_t key, char *out, int size)
{
    if (size <= 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++) {
        if (key_names[i].key == key) {
            snprintf(out, (size_t)size, "%s", key_names[i].name);
            return;
        }
    }
    if (key >= INPUT_F1 && key <= INPUT_F12) {
        snprintf(out, (size_t)size, "F%u", (unsigned)(key - INPUT_F1 + 1));
    } else if (key >= 1 && key <= 26) {
        snprintf(out, (size_t)size, "ctrl-%c", (int)('a' + key - 1));
    } else if (key > ' ' && key != 0x7f && key < INPUT_SPECIAL) {
        char utf8[5] = "";
        utf8[utf8_encode(key, utf8)] = '\0';
        text_clean(out, (size_t)size, utf8);
    } else {
        snprintf(out, (size_t)size, "?");
    }
}

/* "ctrl-d" and "F5"; false: neither. */
static bool from_family(const char *name, uint32_t *key)
{
    if (text_starts_nocase(name, "ctrl-") && name[5] != '\0' && name[6] == '\0') {
        char letter = (char)(name[5] | 0x20);
        if (letter >= 'a' && letter <= 'z') {
            *key = INPUT_CTRL(letter);
            return true;
        }
        return false;
    }
    uint64_t number = 0;
    if ((name[0] == 'F' || name[0] == 'f') && text_to_u64(name + 1, 1, 12, &number)) {
        *key = (uint32_t)(INPUT_F1 + number - 1);
        return true;
    }
    return false;
}

bool input_from_name(const char *name, uint32_t *key)
{
    if (name == NULL || name[0] == '\0') {
        return false;
    }
    uint32_t code_point = 0;
    size_t len = strlen(name);
    size_t used = utf8_decode(name, len, &code_point);
    if (used == len && utf8_width(code_point) > 0) {
        *key = code_point;
        return true;
    }
    for (size_t i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++) {
        if (text_equal_nocase(key_names[i].name, name)) {
            *key = key_names[i].key;
            return true;
        }
    }
    return from_family(name, key);
}
