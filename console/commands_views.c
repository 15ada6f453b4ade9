/* SPDX-License-Identifier: MIT
 *
 * Commands that look: views, opening, filter and search, sort, menus.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/commands.h"
#include "console/dialog.h"
#include "console/pager.h"
#include "console/palette.h"
#include "console/state.h"
#include "console/views/views.h"
#include "core/base/text.h"

enum { MENU_MAX = 64 };

void show_view(struct app *app, const struct command *command, const char *arguments)
{
    app_open_view(app, command->name);
    if (arguments[0] != '\0') {
        view_set_filter(app, app->view, arguments);
    }
}

static void chose_view(struct app *app, void *context, int choice)
{
    (void)context;
    if (choice > 0) {
        app_open_view(app, views[choice - 1]->name);
    }
}

void show_view_named(struct app *app, const struct command *command, const char *arguments)
{
    char name[32];
    (void)command;
    if (command_word(arguments, name, sizeof(name)) == NULL) {
        struct dialog_item items[MENU_MAX] = {{0}};
        size_t count = 0;
        while (views[count] != NULL && views[count]->number > 0 && count < MENU_MAX) {
            items[count].label = views[count]->title;
            items[count].detail = views[count]->help;
            count++;
        }
        dialog_menu(app, "Go to which view?", items, count, 0, chose_view, NULL);
        return;
    }
    const struct view_ops *ops = view_find(name);
    if (ops == NULL || ops->number == 0) {
        app_notice(app, ROLE_ERROR,
                   "no view \"%s\"; there are gpus, containers, events, checks, jobs, images",
                   name);
        return;
    }
    app_open_view(app, name);
}

static void step_view(struct app *app, int step)
{
    int numbered = 0;
    int present = 0;
    while (views[numbered] != NULL && views[numbered]->number > 0) {
        if (app->view != NULL && app->view->ops == views[numbered]) {
            present = numbered;
        }
        numbered++;
    }
    app_open_view(app, views[(present + step + numbered) % (numbered > 0 ? numbered : 1)]->name);
}

void show_next_view(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    step_view(app, 1);
}

void show_previous_view(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    step_view(app, -1);
}

void open_row(struct app *app, const struct command *command, const char *arguments)
{
    char id[TABLE_ID];
    (void)command;
    (void)arguments;
    const struct hvgpu_job *job = jobs_selected(app, app->view);
    if (job != NULL && job->verb != NULL && strcmp(job->verb, "exec") == 0 &&
        state_stream(app, job->id, false) != NULL) {
        exec_open(app, job->id);
        return;
    }
    if (app->view == NULL || app->view->ops == &detail_view) {
        return;
    }
    enum object_kind kind = view_object(app, app->view, id, sizeof(id));
    detail_open(app, kind, id);
}

void go_back(struct app *app, const struct command *command, const char *arguments)
{
    struct pager *pager = view_pager(app, app->view);
    (void)command;
    (void)arguments;
    if (view_filter(app, app->view)[0] != '\0') {
        view_set_filter(app, app->view, "");
    } else if (pager != NULL && pager->search[0] != '\0') {
        pager_search(pager, "");
    } else {
        app_back(app);
    }
}

void show_help(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    if (app->view == NULL || app->view->ops != &help_view) {
        help_open(app);
    }
}

void toggle_detail(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    detail_toggle(app);
}

/* An id in the arguments may name a system or a GPU. */
static enum object_kind named_object(struct app *app, const char *name, char *id, size_t size)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    text_clean(id, size, name);
    for (size_t i = 0; i < s->gpu_count; i++) {
        if (text_equal(s->gpus[i]->id, name) || text_equal_nocase(s->gpus[i]->instance_id, name)) {
            text_clean(id, size, s->gpus[i]->instance_id);
            return OBJECT_GPU;
        }
    }
    for (size_t i = 0; i < s->system_count; i++) {
        if (text_equal_nocase(s->systems[i]->id, name) || text_equal(s->systems[i]->name, name)) {
            text_clean(id, size, s->systems[i]->id);
            return OBJECT_SYSTEM;
        }
    }
    return OBJECT_NONE;
}

void inspect_row(struct app *app, const struct command *command, const char *arguments)
{
    char id[TABLE_ID];
    char name[TABLE_ID];
    enum object_kind kind;
    if (command_word(arguments, name, sizeof(name)) != NULL) {
        kind = named_object(app, name, id, sizeof(id));
    } else {
        text_clean(name, sizeof(name), "");
        kind = view_object(app, app->view, id, sizeof(id));
    }
    if (kind == OBJECT_NONE) {
        app_notice(app, ROLE_WARNING, "%s: there is no %s", command->name,
                   name[0] != '\0' ? name : "row to look at");
        return;
    }
    inspect_open(app, kind, id);
}

/* ---- filter and search ---- */

void start_filter(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    if (view_pager(app, app->view) != NULL) {
        if (arguments[0] != '\0') {
            start_search(app, command, arguments);
        } else {
            palette_open(app, PALETTE_SEARCH, "");
        }
        return;
    }
    if (arguments[0] != '\0') {
        if (!view_set_filter(app, app->view, arguments)) {
            app_notice(app, ROLE_WARNING, "this view has nothing to filter");
        }
        return;
    }
    bool has_filter = app->view != NULL &&
                      (app->view->ops->set_filter != NULL || view_table(app, app->view) != NULL);
    if (!has_filter) {
        app_notice(app, ROLE_WARNING, "this view has nothing to filter");
        return;
    }
    palette_open(app, PALETTE_FILTER, view_filter(app, app->view));
}

void start_search(struct app *app, const struct command *command, const char *arguments)
{
    struct pager *pager = view_pager(app, app->view);
    struct table *table = view_table(app, app->view);
    (void)command;
    if (arguments[0] == '\0') {
        palette_open(app, pager != NULL ? PALETTE_SEARCH : PALETTE_COMMAND,
                     pager != NULL ? "" : "search ");
        return;
    }
    bool found = (pager != NULL && pager_search(pager, arguments)) ||
                 (table != NULL && table_search(table, arguments, 1));
    if (!found) {
        app_notice(app, ROLE_WARNING, "\"%s\" does not stand here", arguments);
    }
}

static void search_step(struct app *app, int direction)
{
    struct pager *pager = view_pager(app, app->view);
    if (pager == NULL || pager->search[0] == '\0') {
        app_notice(app, ROLE_DIM, "nothing was searched for here; / starts");
    } else if (!pager_search_next(pager, direction)) {
        app_notice(app, ROLE_WARNING, "\"%s\" does not stand here", pager->search);
    }
}

void search_next(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    search_step(app, 1);
}

void search_previous(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    search_step(app, -1);
}

void start_command(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    palette_open(app, PALETTE_COMMAND, arguments);
}

/* ---- menus ---- */

/* The commands of a menu, in the order of its items. */
struct menu {
    const struct command *entries[MENU_MAX];
    bool preview;
};

static void chose_action(struct app *app, void *context, int choice)
{
    struct menu *menu = context;
    if (choice > 0) {
        state_of(app)->preview = menu->preview;
        command_run(app, menu->entries[choice - 1], "");
        state_of(app)->preview = false;
    }
}

static void action_menu(struct app *app, bool preview)
{
    struct menu *menu = calloc(1, sizeof(*menu));
    struct dialog_item items[MENU_MAX] = {{0}};
    char keys[MENU_MAX][16];
    size_t count = 0;
    if (menu == NULL || app->view == NULL) {
        free(menu);
        return;
    }
    menu->preview = preview;
    bool read_only = hvgpu_is_read_only(app->host) && !preview;
    for (const struct command *c = commands; c->name != NULL && count < MENU_MAX; c++) {
        bool changes = (c->flags & COMMAND_CHANGES) != 0;
        if ((c->flags & COMMAND_HIDDEN) != 0 || c->run == NULL || (preview && !changes) ||
            !command_is_offered(app, c)) {
            continue;
        }
        items[count].label = c->name;
        items[count].detail = read_only && changes ? "changes are switched off" : c->summary;
        items[count].disabled = read_only && changes;
        items[count].key = command_key_text(c, keys[count], (int)sizeof(keys[count]));
        menu->entries[count++] = c;
    }
    if (count == 0) {
        free(menu);
        app_notice(app, ROLE_DIM, "nothing can be done with this");
        return;
    }
    char title[96] = "What to do?";
    char id[TABLE_ID];
    char name[64];
    enum object_kind kind = view_object(app, app->view, id, sizeof(id));
    if (kind != OBJECT_NONE) {
        object_title(app, kind, id, name, sizeof(name));
        snprintf(title, sizeof(title), preview ? "Preview what for %s?" : "What to do with %s?",
                 name);
    }
    dialog_menu(app, title, items, count, 0, chose_action, menu);
}

void show_actions(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    action_menu(app, false);
}

void preview_action(struct app *app, const struct command *command, const char *arguments)
{
    const struct command *chosen = NULL;
    char name[48];
    (void)command;
    const char *rest = command_word(arguments, name, sizeof(name));
    if (rest == NULL) {
        action_menu(app, true);
        return;
    }
    chosen = command_find(name);
    if (chosen == NULL || (chosen->flags & COMMAND_CHANGES) == 0) {
        app_notice(app, ROLE_ERROR, "%s changes nothing: there is nothing to preview", name);
        return;
    }
    state_of(app)->preview = true;
    command_run(app, chosen, rest);
    state_of(app)->preview = false;
}

static void chose_column(struct app *app, void *context, int choice)
{
    struct table *table = view_table(app, app->view);
    int *columns = context;
    if (choice == 1 && table != NULL) {
        table_set_sort(table, "");
    } else if (choice > 1 && table != NULL) {
        table_set_sort(table, table->ops->columns[columns[choice - 1]].name);
    }
}

void choose_sort(struct app *app, const struct command *command, const char *arguments)
{
    struct table *table = view_table(app, app->view);
    char name[48];
    (void)command;
    if (table == NULL) {
        app_notice(app, ROLE_DIM, "this view has its own order");
        return;
    }
    if (command_word(arguments, name, sizeof(name)) != NULL) {
        if (!table_set_sort(table, strcmp(name, "none") == 0 ? "" : name)) {
            app_notice(app, ROLE_ERROR, "no column \"%s\" to sort by; s lists them", name);
        }
        return;
    }
    int *columns = calloc(TABLE_COLUMNS + 1, sizeof(*columns));
    struct dialog_item items[TABLE_COLUMNS + 1] = {{0}};
    size_t count = 1;
    size_t chosen = 0;
    items[0].label = "(none)";
    items[0].detail = "the host's own order";
    for (size_t i = 0; columns != NULL && i < table->ops->column_count; i++) {
        const struct table_column *column = &table->ops->columns[i];
        if (column->key == NULL) {
            continue;
        }
        items[count].label = column->name;
        if (table->sort == (int)i) {
            items[count].detail = table->reverse ? "now, descending" : "now, ascending";
            chosen = count;
        }
        columns[count++] = (int)i;
    }
    dialog_menu(app, "Sort by which column?", items, count, chosen, chose_column, columns);
}

void reverse_sort(struct app *app, const struct command *command, const char *arguments)
{
    struct table *table = view_table(app, app->view);
    (void)command;
    (void)arguments;
    if (table == NULL || table->sort < 0) {
        app_notice(app, ROLE_DIM, "nothing is sorted yet; s chooses a column");
        return;
    }
    table_reverse(table);
}

/* ---- the rest ---- */

void copy_id(struct app *app, const struct command *command, const char *arguments)
{
    char id[TABLE_ID];
    (void)command;
    (void)arguments;
    enum object_kind kind = view_object(app, app->view, id, sizeof(id));
    if (kind == OBJECT_NONE) {
        return;
    }
    const char *text = id;
    if (kind == OBJECT_IMAGE && strchr(id, ' ') != NULL) {
        text = strchr(id, ' ') + 1;
    }
    if (app->term != NULL && app->term->ops->copy(app->term, text)) {
        app_notice(app, ROLE_INFO, "copied: %s", text);
    } else {
        app_notice(app, ROLE_INFO, "this terminal takes no copies; the id is %s", text);
    }
}

void go_to_system(struct app *app, const struct command *command, const char *arguments)
{
    char id[TABLE_ID];
    (void)command;
    (void)arguments;
    text_clean(id, sizeof(id), view_selected(app, app->view));
    if (id[0] == '\0') {
        app_notice(app, ROLE_DIM, "this is about no system");
        return;
    }
    containers_go(app, id);
}

void toggle_freeze(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    events_toggle_freeze(app, app->view);
}

void quit_console(struct app *app, const struct command *command, const char *arguments)
{
    (void)arguments;
    bool leaves =
        strcmp(command->name, "q") == 0 || app->view == NULL || app->view->ops->number > 0;
    if (leaves) {
        app_quit(app);
    } else {
        app_back(app);
    }
}

void redraw_screen(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    if (app->term != NULL) {
        app->term->ops->redraw(app->term);
    }
    app->dirty = true;
}
