/* SPDX-License-Identifier: MIT
 *
 * The console's side of the command table: the functions behind its entries, by group, and what
 * they share.
 */
#ifndef HVGPU_CONSOLE_COMMANDS_H
#define HVGPU_CONSOLE_COMMANDS_H

#include "console/app.h"
#include "console/command.h"

typedef void command_fn(struct app *app, const struct command *command, const char *arguments);

/* commands_movement.c */
command_fn move_up, move_down, move_left, move_right, move_top, move_bottom, move_page_up,
    move_page_down, move_half_up, move_half_down;

/* commands_views.c */
command_fn show_view, show_view_named, show_next_view, show_previous_view, open_row, go_back,
    show_help, toggle_detail, inspect_row, start_filter, start_search, search_next, search_previous,
    start_command, show_actions, choose_sort, reverse_sort, preview_action, copy_id, go_to_system,
    toggle_freeze, quit_console, redraw_screen;

/* commands_actions.c, commands_confirm.c */
command_fn launch_system, attach_gpu, detach_gpu, stop_system, remove_system, exec_command,
    check_system, verify_host, cancel_job, recover_leftover;

/* commands_settings.c */
command_fn toggle_pause, refresh_host, toggle_mouse, choose_theme, set_read_only,
    set_probe_interval, show_about, dump_screen;

/* Completes a ':' line; false: nothing to add. */
bool command_complete(struct app *app, const char *line, char *out, size_t size);
/* True when the command exists in the view. */
bool command_in_view(const struct command *command, const char *view);
/* Whether what the command works on is selected in the view on top. */
bool command_has_object(struct app *app, const struct command *command);
/* Whether key bar and menu offer it there: only what the selected object is good for. */
bool command_is_offered(struct app *app, const struct command *command);
/* Copies the next blank-separated word ("..." keeps blanks) and returns what follows it; NULL when
 * there is no word. */
const char *command_word(const char *arguments, char *out, size_t size);

/* One action on its way: everything its request needs, owned, so that it can wait in a dialog. */
struct action {
    enum hvgpu_verb verb;
    char title[160]; /* "stop demo1" */
    char target[256], foreign[128], confirm[256];
    char gpu[512]; /* ATTACH, DETACH, VERIFY; "": none */
    struct hvgpu_number partition;
    bool mirror, in_vm, interactive, force;
    char command[2048], image[512];
};
/* Points into action and at gpu. */
void action_request(const struct action *action, struct hvgpu_request *request,
                    struct hvgpu_gpu_request *gpu);
/* Asks what has to be asked (foreign system, GPUs that cannot be read back, what is destroyed),
 * then submits; shows the documents instead when a preview is wanted. */
void action_start(struct app *app, const struct action *action);
/* The system that a command works on: the first word of arguments, else the selected one. Tells the
 * user when there is none. rest: behind the word. */
const struct hvgpu_system *action_target(struct app *app, const char *arguments, const char **rest);

#endif
