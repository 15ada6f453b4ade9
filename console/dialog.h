/* SPDX-License-Identifier: MIT
 *
 * Dialogs: a question with two buttons (the safe one first and chosen), the same with a word to
 * type, a menu, a message. One is open at a time, in app->dialog. All input goes to it while it is
 * open. Texts are copied; the context is freed with free() when the dialog is gone, after `done`
 * ran.
 */
#ifndef HVGPU_CONSOLE_DIALOG_H
#define HVGPU_CONSOLE_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "console/app.h"

struct dialog;

/* choice: 0 cancelled, 1 the action; in a menu the item's index + 1. The dialog is closed already
 * when this is called, so it may open the next one. */
typedef void (*dialog_done_fn)(struct app *app, void *context, int choice);

struct dialog_question {
    const char *title;  /* a question: "Stop demo1?" */
    const char *text;   /* what happens, in words; lines are wrapped, '\n' starts a new one */
    const char *action; /* the button: "Stop" */
    const char *refuse; /* the other button, chosen first; NULL: "Cancel" */
    const char *typed;  /* must be typed before the action can be chosen; NULL: none */
    bool danger;
    dialog_done_fn done;
    void *context; /* taken (free()) */
};

struct dialog_item {
    const char *label;
    const char *detail; /* dim, right of it; NULL: none */
    const char *key;    /* "A": chooses it at once; NULL: none */
    bool disabled;      /* shown, cannot be chosen; detail says why */
};

void dialog_ask(struct app *app, const struct dialog_question *question);
void dialog_menu(struct app *app, const char *title, const struct dialog_item *items, size_t count,
                 size_t chosen, dialog_done_fn done, void *context);
void dialog_message(struct app *app, const char *title, const char *text, bool is_error);
/* Closes app->dialog as if cancelled, without calling done; NULL is fine. */
void dialog_close(struct app *app);
void dialog_input(struct app *app, const struct input *input);
/* Draws in the middle of area, as large as it needs and area allows; sets the cursor. */
void dialog_draw(struct app *app, struct rect area);

#endif
