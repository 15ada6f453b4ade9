/* SPDX-License-Identifier: MIT
 *
 * THE command table, and how an entry is found, guarded and run.
 */
#include "console/command.h"

#include <stdio.h>
#include <string.h>

#include "console/commands.h"
#include "console/input.h"
#include "console/shell/commands.h"
#include "console/state.h"
#include "console/views/views.h"
#include "core/base/text.h"

#define LISTS       "gpus containers events checks jobs images attach"
#define SYSTEMS     "containers checks detail"
#define WITH_SYSTEM "containers checks events jobs detail"
#define ROWS        "gpus containers events checks jobs images detail"

/* clang-format off */
const struct command commands[] = {
    /* actions */
    {"launch", "L", "[OPTIONS] [COMMAND]",
     "launch a Hyper-V container, with or without a GPU", COMMAND_CHANGES,
     "gpus containers images", launch_system, shell_launch},
    {"attach", "A", "[ID] [--gpu ID[:PARTITION] | --gpu-mirror]",
     "give a GPU to the VM of a container", COMMAND_CHANGES | COMMAND_NEEDS_GPU,
     "gpus containers checks detail", attach_gpu, shell_attach},
    {"detach", "D", "[ID] [--gpu ID[:PARTITION]]",
     "take a GPU, or all, from a container's VM",
     COMMAND_CHANGES | COMMAND_DESTROYS | COMMAND_NEEDS_GPU, "gpus containers checks detail",
     detach_gpu, shell_detach},
    {"check", "c", "[ID]", "look from inside now whether the GPU is there",
     COMMAND_NEEDS_SYSTEM, WITH_SYSTEM, check_system, shell_check},
    {"exec", "x", "[ID] [--vm] COMMAND", "run a command inside, with output and input",
     COMMAND_CHANGES | COMMAND_NEEDS_SYSTEM, SYSTEMS, exec_command, shell_exec},
    {"stop", "S", "[ID]", "shut a container or VM down, after 30 s by force",
     COMMAND_CHANGES | COMMAND_DESTROYS | COMMAND_NEEDS_SYSTEM, SYSTEMS, stop_system, shell_stop},
    {"rm", "R", "[ID]", "remove a container with its files and give its GPU back",
     COMMAND_CHANGES | COMMAND_DESTROYS | COMMAND_NEEDS_SYSTEM, SYSTEMS, remove_system, shell_rm},
    {"verify", "V", "[--gpu ID] [--image NAME]",
     "prove the whole chain: launch with a GPU, look inside, remove", COMMAND_CHANGES,
     "gpus images", verify_host, shell_verify},
    {"cancel", "C", "[JOB]", "cancel a job", COMMAND_NEEDS_JOB, "jobs detail", cancel_job, NULL},
    {"recover", "U", NULL, "undo what an unfinished job of an earlier run left behind",
     COMMAND_CHANGES | COMMAND_DESTROYS | COMMAND_NEEDS_LEFTOVER, "jobs", recover_leftover, NULL},
    {"inspect", "i", "[ID]", "everything about it as JSON", COMMAND_NEEDS_ROW, ROWS, inspect_row,
     shell_inspect},
    {"preview", "P", NULL, "show the documents that an action would send; nothing is changed",
     COMMAND_NEEDS_ROW, "gpus containers checks images detail launch", preview_action, NULL},
    {"copy", "y", NULL, "copy the id to the clipboard", COMMAND_NEEDS_ROW, ROWS, copy_id, NULL},
    {"go", "o", NULL, "go to the system that this is about", COMMAND_NEEDS_SYSTEM,
     "events checks jobs", go_to_system, NULL},
    {"freeze", "f", NULL, "freeze the list, or follow the events again", 0, "events",
     toggle_freeze, NULL},

    /* looking */
    {"gpus", "1", NULL, "GPUs and their partitions", COMMAND_HIDDEN, NULL, show_view, shell_gpus},
    {"containers", "2", NULL, "VMs and containers", COMMAND_HIDDEN, NULL, show_view,
     shell_containers},
    {"events", "3", NULL, "events of the Host Compute Service", COMMAND_HIDDEN, NULL, show_view,
     shell_events},
    {"checks", "4", NULL, "is the GPU there, seen from inside", COMMAND_HIDDEN, NULL, show_view,
     NULL},
    {"jobs", "5", NULL, "running and past jobs", COMMAND_HIDDEN, NULL, show_view, NULL},
    {"images", "6", NULL, "base images on this host", COMMAND_HIDDEN, NULL, show_view,
     shell_images},
    {"view", NULL, "NAME", "go to a view", COMMAND_HIDDEN, NULL, show_view_named, NULL},
    {"next-view", "tab", NULL, "next view", COMMAND_HIDDEN, NULL, show_next_view, NULL},
    {"previous-view", "back-tab", NULL, "previous view", COMMAND_HIDDEN, NULL, show_previous_view,
     NULL},
    {"open", "enter", NULL, "open what is selected", COMMAND_HIDDEN, ROWS, open_row, NULL},
    {"back", "esc [", NULL, "clear the filter, or go back", COMMAND_HIDDEN, NULL, go_back, NULL},
    {"detail", "d", NULL, "show or hide the detail pane", COMMAND_HIDDEN, LISTS, toggle_detail,
     NULL},
    {"filter", "/", "TEXT", "show only what matches: words, field:value, !not, \"two words\"",
     COMMAND_HIDDEN, NULL, start_filter, NULL},
    {"search", NULL, "TEXT", "search for text", COMMAND_HIDDEN, NULL, start_search, NULL},
    {"next", "n", NULL, "next match", COMMAND_HIDDEN, NULL, search_next, NULL},
    {"previous", "N", NULL, "previous match", COMMAND_HIDDEN, NULL, search_previous, NULL},
    {"command", ":", NULL, "type a command", COMMAND_HIDDEN, NULL, start_command, NULL},
    {"actions", "a", NULL, "menu of what can be done here", COMMAND_HIDDEN, ROWS, show_actions,
     NULL},
    {"sort", "s", "COLUMN", "sort by a column", COMMAND_HIDDEN, LISTS, choose_sort, NULL},
    {"reverse", "r", NULL, "reverse the order", COMMAND_HIDDEN, LISTS, reverse_sort, NULL},
    {"help", "? F1", NULL, "the keys of this view", COMMAND_HIDDEN, NULL, show_help, shell_help},
    {"pause", "p", NULL, "pause or resume watching the host", COMMAND_HIDDEN, NULL, toggle_pause,
     NULL},
    {"refresh", "ctrl-r F5", NULL, "ask the host again for everything", COMMAND_HIDDEN, NULL,
     refresh_host, NULL},
    {"redraw", "ctrl-l", NULL, "draw the screen anew", COMMAND_HIDDEN, NULL, redraw_screen, NULL},

    /* settings */
    {"mouse", "m", NULL, "switch the mouse on or off (off: the terminal selects text)",
     COMMAND_HIDDEN, NULL, toggle_mouse, NULL},
    {"theme", NULL, "NAME", "change the colours", COMMAND_HIDDEN, NULL, choose_theme, NULL},
    {"read-only", NULL, "on|off", "refuse every change, or allow them", COMMAND_HIDDEN, NULL,
     set_read_only, NULL},
    {"probe-interval", NULL, "SECONDS", "how often own containers are checked; 0: never",
     COMMAND_HIDDEN, NULL, set_probe_interval, NULL},
    {"about", NULL, NULL, "version, numbers of this run", COMMAND_HIDDEN, NULL, show_about, NULL},
    {"version", NULL, NULL, "version of hvgpu and of the host", COMMAND_HIDDEN, NULL, show_about,
     shell_version},
    {"dump", NULL, "FILE", "write the screen to a file as text", COMMAND_HIDDEN, NULL, dump_screen,
     NULL},
    {"quit", "q ctrl-c", NULL, "leave this view, or the console", COMMAND_HIDDEN, NULL,
     quit_console, NULL},
    {"q", NULL, NULL, "leave the console", COMMAND_HIDDEN, NULL, quit_console, NULL},

    /* movement */
    {"up", "up k", NULL, "one up", COMMAND_HIDDEN, NULL, move_up, NULL},
    {"down", "down j", NULL, "one down", COMMAND_HIDDEN, NULL, move_down, NULL},
    {"left", "left h", NULL, "to the left", COMMAND_HIDDEN, NULL, move_left, NULL},
    {"right", "right l", NULL, "to the right", COMMAND_HIDDEN, NULL, move_right, NULL},
    {"page-up", "page-up ctrl-b", NULL, "one page up", COMMAND_HIDDEN, NULL, move_page_up, NULL},
    {"page-down", "page-down ctrl-f space", NULL, "one page down", COMMAND_HIDDEN, NULL,
     move_page_down, NULL},
    {"half-up", "ctrl-u", NULL, "half a page up", COMMAND_HIDDEN, NULL, move_half_up, NULL},
    {"half-down", "ctrl-d", NULL, "half a page down", COMMAND_HIDDEN, NULL, move_half_down, NULL},
    {"top", "home g", NULL, "to the first row", COMMAND_HIDDEN, NULL, move_top, NULL},
    {"bottom", "end G", NULL, "to the last row; events: follow again", COMMAND_HIDDEN, NULL,
     move_bottom, NULL},
    {0},
};
/* clang-format on */

/* True when `word` is one of the blank-separated words of list. */
static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    while (list != NULL && *list != '\0') {
        size_t size = strcspn(list, " ");
        if (size == len && memcmp(list, word, len) == 0) {
            return true;
        }
        list += size + strspn(list + size, " ");
    }
    return false;
}

bool command_in_view(const struct command *command, const char *view)
{
    return command->views == NULL || has_word(command->views, view);
}

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; name != NULL && c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

const struct command *command_for_key(uint32_t key, const char *view)
{
    char name[16];
    for (const struct command *c = commands; c->name != NULL; c++) {
        const char *keys = command_in_view(c, view) ? c->keys : NULL;
        while (keys != NULL && *keys != '\0') {
            size_t size = strcspn(keys, " ");
            uint32_t bound;
            text_clean_n(name, sizeof(name), keys, size);
            if (input_from_name(name, &bound) && bound == key) {
                return c;
            }
            keys += size + strspn(keys + size, " ");
        }
    }
    return NULL;
}

const char *command_key_text(const struct command *command, char *out, int size)
{
    const char *keys = command->keys != NULL ? command->keys : "";
    return text_clean_n(out, (size_t)size, keys, strcspn(keys, " "));
}

const char *command_word(const char *arguments, char *out, size_t size)
{
    arguments += strspn(arguments, " ");
    if (*arguments == '\0') {
        return NULL;
    }
    if (*arguments == '"') {
        const char *end = strchr(arguments + 1, '"');
        size_t len = end != NULL ? (size_t)(end - arguments - 1) : strlen(arguments + 1);
        text_clean_n(out, size, arguments + 1, len);
        arguments += len + (end != NULL ? 2 : 1);
    } else {
        size_t len = strcspn(arguments, " ");
        text_clean_n(out, size, arguments, len);
        arguments += len;
    }
    return arguments + strspn(arguments, " ");
}

/* How many letters of name stand in typed in the same order; for "did you mean". */
static size_t likeness(const char *typed, const char *name)
{
    size_t same = 0;
    for (const char *s = typed; *s != '\0' && *name != '\0'; s++) {
        const char *at = strchr(name, *s);
        if (at != NULL) {
            same++;
            name = at + 1;
        }
    }
    return same;
}

static void report_unknown(struct app *app, const char *typed)
{
    const struct command *best[3] = {NULL, NULL, NULL};
    for (const struct command *c = commands; c->name != NULL; c++) {
        const struct command *candidate = c;
        for (int i = 0; i < 3; i++) {
            if (best[i] == NULL ||
                likeness(typed, candidate->name) * 2 * strlen(best[i]->name) >
                    likeness(typed, best[i]->name) * 2 * strlen(candidate->name)) {
                const struct command *moved = best[i];
                best[i] = candidate;
                candidate = moved;
                if (candidate == NULL) {
                    break;
                }
            }
        }
    }
    app_notice(app, ROLE_ERROR, "no command \"%s\"; the nearest are %s, %s, %s (? lists all)",
               typed, best[0]->name, best[1]->name, best[2]->name);
}

void command_run_line(struct app *app, const char *line)
{
    char name[64];
    const char *rest = command_word(line, name, sizeof(name));
    if (rest == NULL) {
        return;
    }
    const struct command *command = command_find(name);
    if (command == NULL) {
        report_unknown(app, name);
        return;
    }
    command_run(app, command, rest);
}

bool command_has_object(struct app *app, const struct command *command)
{
    char id[TABLE_ID];
    unsigned about = COMMAND_NEEDS_SYSTEM | COMMAND_NEEDS_GPU;
    if ((command->flags & (about | COMMAND_NEEDS_ROW)) == 0) {
        return true;
    }
    enum object_kind kind = view_object(app, app->view, id, sizeof(id));
    if ((command->flags & COMMAND_NEEDS_SYSTEM) != 0 && kind == OBJECT_GPU) {
        return false;
    }
    if (view_selected(app, app->view)[0] != '\0') {
        return true;
    }
    /* Jobs without a system and the like have a row, but it is about nothing. */
    return (command->flags & about) == 0 &&
           (app->view == NULL || app->view->ops->selected == NULL || kind != OBJECT_NONE);
}

bool command_is_offered(struct app *app, const struct command *command)
{
    char id[TABLE_ID];
    if (app->view == NULL || !command_in_view(command, app->view->ops->name) ||
        !command_has_object(app, command)) {
        return false;
    }
    enum object_kind kind = view_object(app, app->view, id, sizeof(id));
    if ((command->flags & COMMAND_NEEDS_JOB) != 0) {
        return kind == OBJECT_JOB;
    }
    if ((command->flags & COMMAND_NEEDS_LEFTOVER) != 0) {
        return kind == OBJECT_LEFTOVER;
    }
    return true;
}

void command_run(struct app *app, const struct command *command, const char *arguments)
{
    app->dirty = true;
    if ((command->flags & COMMAND_CHANGES) != 0 && hvgpu_is_read_only(app->host) &&
        !state_of(app)->preview) {
        app_notice(app, ROLE_WARNING,
                   "%s is refused: changes are switched off (:read-only off allows them; P shows "
                   "what would be sent)",
                   command->name);
        return;
    }
    if (arguments[0] == '\0' && !command_has_object(app, command)) {
        app_notice(app, ROLE_WARNING, "%s: nothing is selected that it could work on",
                   command->name);
        return;
    }
    if (command->run == NULL) {
        app_notice(app, ROLE_WARNING, "%s is a shell command: hvgpu %s", command->name,
                   command->name);
        return;
    }
    command->run(app, command, arguments);
}
