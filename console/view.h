/* SPDX-License-Identifier: MIT
 *
 * A view: one kind of screen. One file a view under views/, one table of functions each, all listed
 * in views/views.c. A view draws the const snapshot on the canvas inside the rectangle it is given;
 * it never calls an engine, never changes the model, never knows a colour or an absolute position.
 */
#ifndef HVGPU_CONSOLE_VIEW_H
#define HVGPU_CONSOLE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "console/app.h"

struct view_ops {
    const char *name;  /* "gpus": what :commands and -v take */
    const char *title; /* "GPUs" */
    const char *help;  /* one sentence for the help screen */
    size_t size;       /* of the view's struct, which begins with struct view */
    int number;        /* key 1..9; 0: not in the tab bar */
    bool (*open)(struct app *app, struct view *view);  /* may be NULL */
    void (*close)(struct app *app, struct view *view); /* frees what open made; may be NULL */
    /* The snapshot changed. True: must be painted. */
    bool (*update)(struct app *app, struct view *view);
    void (*draw)(struct app *app, struct view *view, struct rect area);
    /* A key that is no command. True: it was used. */
    bool (*input)(struct app *app, struct view *view, const struct input *input);
    /* The id of the selected row's object ("" or NULL: none), and the system or GPU it is about. */
    const char *(*selected)(struct app *app, struct view *view);
    /* "12 of 340" for the title line; may be NULL. */
    void (*status)(struct app *app, struct view *view, char *out, size_t size);
    /* Text is typed here (form, exec): input() is asked before the command table. */
    bool takes_text;
    /* The table inside, for sort, filter, search and movement commands; NULL: none. */
    struct table *(*table)(struct app *app, struct view *view);
    /* The pager inside, for search and movement commands; NULL: none. */
    struct pager *(*pager)(struct app *app, struct view *view);
    /* The filter of a view that has neither; NULL: the table's filter is used. */
    void (*set_filter)(struct app *app, struct view *view, const char *text);
    const char *(*filter)(struct app *app, struct view *view);
};

struct view {
    const struct view_ops *ops;
};

extern const struct view_ops *const views[]; /* views/views.c, ended by NULL */

struct view *view_new(struct app *app, const struct view_ops *ops);
void view_free(struct app *app, struct view *view);
const struct view_ops *view_find(const char *name); /* NULL: none */

/* What commands and the prompt need of any view, whatever it is made of. */
const char *view_filter(struct app *app, struct view *view); /* "" when none is set */
bool view_set_filter(struct app *app, struct view *view, const char *text); /* false: it has none */
struct table *view_table(struct app *app, struct view *view);               /* NULL: none */
struct pager *view_pager(struct app *app, struct view *view);
const char *view_selected(struct app *app, struct view *view); /* "" when nothing is */

#endif
