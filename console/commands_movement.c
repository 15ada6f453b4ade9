/* SPDX-License-Identifier: MIT
 *
 * Movement: the same keys in tables, in pagers, and in views that move by themselves (they get the
 * plain key, so that j and the arrow are the same to them).
 */
#include "console/commands.h"
#include "console/pager.h"
#include "console/table.h"
#include "console/view.h"

enum motion { UP, DOWN, LEFT, RIGHT, TOP, BOTTOM, PAGE_UP, PAGE_DOWN, HALF_UP, HALF_DOWN };

static const uint32_t motion_keys[] = {
    [UP] = INPUT_UP,
    [DOWN] = INPUT_DOWN,
    [LEFT] = INPUT_LEFT,
    [RIGHT] = INPUT_RIGHT,
    [TOP] = INPUT_HOME,
    [BOTTOM] = INPUT_END,
    [PAGE_UP] = INPUT_PAGE_UP,
    [PAGE_DOWN] = INPUT_PAGE_DOWN,
    [HALF_UP] = INPUT_CTRL('u'),
    [HALF_DOWN] = INPUT_CTRL('d'),
};

static void move_table(struct table *table, enum motion motion)
{
    switch (motion) {
    case UP:
        table_move(table, -1);
        break;
    case DOWN:
        table_move(table, 1);
        break;
    case TOP:
        table_home(table);
        break;
    case BOTTOM:
        table_end(table);
        break;
    case PAGE_UP:
        table_page(table, -2);
        break;
    case PAGE_DOWN:
        table_page(table, 2);
        break;
    case HALF_UP:
        table_page(table, -1);
        break;
    case HALF_DOWN:
        table_page(table, 1);
        break;
    case LEFT:
    case RIGHT:
        break;
    }
}

static void move_pager(struct pager *pager, enum motion motion)
{
    switch (motion) {
    case UP:
        pager_move(pager, -1);
        break;
    case DOWN:
        pager_move(pager, 1);
        break;
    case TOP:
        pager_home(pager);
        break;
    case BOTTOM:
        pager_end(pager);
        break;
    case PAGE_UP:
        pager_page(pager, -2);
        break;
    case PAGE_DOWN:
        pager_page(pager, 2);
        break;
    case HALF_UP:
        pager_page(pager, -1);
        break;
    case HALF_DOWN:
        pager_page(pager, 1);
        break;
    case LEFT:
        pager_sideways(pager, -8);
        break;
    case RIGHT:
        pager_sideways(pager, 8);
        break;
    }
}

static void move(struct app *app, enum motion motion)
{
    struct table *table = view_table(app, app->view);
    struct pager *pager = view_pager(app, app->view);
    app->dirty = true;
    if (table != NULL) {
        move_table(table, motion);
    } else if (pager != NULL) {
        move_pager(pager, motion);
    } else if (app->view != NULL && app->view->ops->input != NULL && !app->view->ops->takes_text) {
        struct input input = {.kind = INPUT_KEY, .key = motion_keys[motion]};
        app->view->ops->input(app, app->view, &input);
    }
}

void move_up(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, UP);
}

void move_down(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, DOWN);
}

void move_left(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, LEFT);
}

void move_right(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, RIGHT);
}

void move_top(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, TOP);
}

void move_bottom(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, BOTTOM);
}

void move_page_up(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, PAGE_UP);
}

void move_page_down(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, PAGE_DOWN);
}

void move_half_up(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, HALF_UP);
}

void move_half_down(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    move(app, HALF_DOWN);
}
