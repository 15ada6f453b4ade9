/* SPDX-License-Identifier: MIT
 *
 * Input: what a terminal delivers, decoded. Keys are code points or KEY_* values; names ("ctrl-d",
 * "F1", "enter") are the ones that the help, key bindings and scripts use.
 *
 * Pasted text arrives one character a time as INPUT_PASTE, line breaks as blanks: text fields take
 * it like a typed character, everything else ignores it, so that a paste never runs commands.
 */
#ifndef HVGPU_CONSOLE_INPUT_H
#define HVGPU_CONSOLE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

enum input_kind { INPUT_NONE, INPUT_KEY, INPUT_MOUSE, INPUT_RESIZE, INPUT_PASTE };

/* Special keys start above Unicode. Names differ from curses' KEY_ macros on purpose. */
enum {
    INPUT_SPECIAL = 0x110000,
    INPUT_UP, INPUT_DOWN, INPUT_LEFT, INPUT_RIGHT, INPUT_HOME, INPUT_END, INPUT_PAGE_UP,
    INPUT_PAGE_DOWN, INPUT_INSERT, INPUT_DELETE, INPUT_BACKSPACE, INPUT_ENTER, INPUT_TAB,
    INPUT_BACK_TAB, INPUT_ESCAPE, INPUT_F1, INPUT_F2, INPUT_F3, INPUT_F4, INPUT_F5, INPUT_F6,
    INPUT_F7, INPUT_F8, INPUT_F9, INPUT_F10, INPUT_F11, INPUT_F12, INPUT_SPECIAL_END
};
#define INPUT_CTRL(letter) ((uint32_t)((letter) & 0x1f)) /* ctrl-a is 1 */

enum mouse_action { MOUSE_PRESS, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct input {
    enum input_kind kind;
    uint32_t key;              /* KEY: code point, control or special; PASTE: code point */
    enum mouse_action mouse;
    int x, y;   /* MOUSE: cell; RESIZE: new width and height */
};

/* "ctrl-d", "up", "G", "/" ... ; out at least 16 bytes. Names are the ones of the table in input.c:
 * up down left right home end page-up page-down insert delete backspace enter tab back-tab esc
 * space F1..F12 ctrl-a..ctrl-z; case of names does not count. Some second names are read too (pgup,
 * pageup, escape, shift-tab, return, del). */
void input_name(uint32_t key, char *out, int size);
bool input_from_name(const char *name, uint32_t *key);

#endif
