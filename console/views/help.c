/* SPDX-License-Identifier: MIT
 *
 * Help: made from the command table, for the view it was asked in.
 */
#include <stdio.h>
#include <string.h>

#include "console/command.h"
#include "console/commands.h"
#include "console/views/views.h"
#include "console/wrap.h"
#include "core/base/text.h"

struct help {
    struct view view;
    struct pager pager;
};

/* Adds text in lines of `columns`, each after the first indented. */
static void add_wrapped(struct text *text, const char *words, int indent, int columns)
{
    const char *next = words;
    for (int line = 0; next != NULL; line++) {
        words = next;
        size_t len = wrap_line(words, columns, &next);
        text_addf(text, "%*s%.*s\n", line > 0 ? indent : 0, "", (int)len, words);
    }
}

/* Keys, name and summary beside each other where there is room, else the summary below. */
static void add_command(struct text *text, const struct command *command, int width)
{
    const char *keys = command->keys != NULL ? command->keys : "";
    const char *arguments = command->arguments != NULL ? command->arguments : "";
    int key_width = width >= 100 ? 24 : 14;
    int name_width = width >= 100 ? 30 : 18;
    int indent = 2 + key_width + name_width;
    char name[128];
    snprintf(name, sizeof(name), ":%s%s%s", command->name, arguments[0] != '\0' ? " " : "",
             arguments);
    if (width < 60) {
        text_addf(text, " %s%s%s\n", keys, keys[0] != '\0' ? "  " : "", name);
        text_add(text, "   ");
        add_wrapped(text, command->summary, 3, width > 12 ? width - 4 : 8);
        return;
    }
    int used = 2 + (int)strlen(keys);
    int pad = used < 2 + key_width ? 2 + key_width - used : 1;
    text_addf(text, "  %s%*s%s", keys, pad, "", name);
    used += pad + (int)strlen(name);
    if (used + 1 > indent) {
        text_addf(text, "\n%*s", indent, "");
    } else {
        text_addf(text, "%*s", indent - used, "");
    }
    add_wrapped(text, command->summary, indent, width - indent - 1);
}

static void add_group(struct text *text, const char *title, const char *view, bool here,
                      bool actions, int width)
{
    bool any = false;
    for (const struct command *c = commands; c->name != NULL; c++) {
        bool special = c->views != NULL;
        bool action = (c->flags & COMMAND_HIDDEN) == 0;
        if (special != here || action != actions || !command_in_view(c, view)) {
            continue;
        }
        if (!any) {
            text_addf(text, "%s\n", title);
            any = true;
        }
        add_command(text, c, width);
    }
    if (any) {
        text_add(text, "\n");
    }
}

static bool help_init(struct app *app, struct view *view)
{
    struct help *help = (struct help *)view;
    const struct view_ops *below = app->view != NULL ? app->view->ops : &gpus_view;
    struct text text;
    int width = app->canvas != NULL ? canvas_width(app->canvas) : 80;
    pager_init(&help->pager, PAGER_TEXT);
    text_init(&text, 64u << 10);
    add_wrapped(&text, below->help, 0, width - 1);
    text_add(&text, "\n");
    add_group(&text, "Actions here", below->name, true, true, width);
    add_group(&text, "In this view", below->name, true, false, width);
    add_group(&text, "Everywhere", below->name, false, false, width);
    add_wrapped(&text,
                "Filter: word  field:value  !not  \"two words\"; all must hold. Fields are "
                "the names of the columns.",
                0, width - 1);
    add_wrapped(&text,
                "Every key is also a :command and a line of the menu (a); the ones that "
                "change something are shell commands too.",
                0, width - 1);
    pager_set(&help->pager, text.data);
    text_free(&text);
    return true;
}

static void help_done(struct app *app, struct view *view)
{
    (void)app;
    pager_done(&((struct help *)view)->pager);
}

void help_open(struct app *app)
{
    struct view *view = view_new(app, &help_view);
    if (view != NULL) {
        app_push_view(app, view);
    }
}

static void help_draw(struct app *app, struct view *view, struct rect area)
{
    pager_draw(&((struct help *)view)->pager, app->canvas, area);
}

static bool help_input(struct app *app, struct view *view, const struct input *input)
{
    (void)app;
    return pager_mouse(&((struct help *)view)->pager, input);
}

static void help_status(struct app *app, struct view *view, char *out, size_t size)
{
    (void)app;
    pager_status(&((struct help *)view)->pager, out, size);
}

static struct pager *help_pager(struct app *app, struct view *view)
{
    (void)app;
    return &((struct help *)view)->pager;
}

const struct view_ops help_view = {
    .name = "help",
    .title = "Help",
    .help = "Keys and commands.",
    .size = sizeof(struct help),
    .open = help_init,
    .close = help_done,
    .draw = help_draw,
    .input = help_input,
    .status = help_status,
    .pager = help_pager,
};
