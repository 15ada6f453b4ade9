/* SPDX-License-Identifier: MIT
 *
 * Commands that change the host, or look into a system: each fills an action from its arguments or
 * from what is selected; commands_confirm.c asks and submits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/commands.h"
#include "console/palette.h"
#include "console/state.h"
#include "console/views/views.h"
#include "core/base/text.h"

static const struct hvgpu_system *system_named(struct app *app, const char *name)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    const struct hvgpu_system *system = hvgpu_find_system(s, name);
    for (size_t i = 0; system == NULL && i < s->system_count; i++) {
        if (text_equal(s->systems[i]->name, name) || text_equal_nocase(s->systems[i]->id, name)) {
            system = s->systems[i];
        }
    }
    return system;
}

static const struct hvgpu_gpu *gpu_named(struct app *app, const char *name)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    for (size_t i = 0; i < s->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = s->gpus[i];
        if (text_equal(gpu->id, name) || text_equal_nocase(gpu->instance_id, name) ||
            text_equal_nocase(gpu->interface_path, name)) {
            return gpu;
        }
    }
    return NULL;
}

const struct hvgpu_system *action_target(struct app *app, const char *arguments, const char **rest)
{
    char name[256];
    *rest = arguments;
    if (arguments[0] != '\0' && arguments[0] != '-') {
        *rest = command_word(arguments, name, sizeof(name));
        const struct hvgpu_system *system = system_named(app, name);
        if (system == NULL) {
            app_notice(app, ROLE_ERROR, "there is no system %s on this host", name);
        }
        return system;
    }
    const char *id = view_selected(app, app->view);
    const struct hvgpu_system *system = id[0] != '\0' ? hvgpu_find_system(app->snapshot, id) : NULL;
    if (system == NULL) {
        app_notice(app, ROLE_WARNING, "%s",
                   id[0] != '\0' ? "this system is not on the host any more"
                                 : "no system is selected; name one");
    }
    return system;
}

static void set_target(struct action *action, const char *verb, const struct hvgpu_system *system)
{
    text_clean(action->target, sizeof(action->target), system->id);
    snprintf(action->title, sizeof(action->title), "%s %.120s", verb, system_name(system));
}

/* The value of an option in a command line; false: not given. */
static bool option_of(const char *arguments, const char *name, char *out, size_t size)
{
    char word[512];
    const char *rest = arguments;
    while (rest != NULL) {
        rest = command_word(rest, word, sizeof(word));
        if (rest != NULL && strcmp(word, name) == 0) {
            return command_word(rest, out, size) != NULL;
        }
    }
    return false;
}

static bool has_switch(const char *arguments, const char *name)
{
    char word[512];
    const char *rest = arguments;
    while (rest != NULL) {
        rest = command_word(rest, word, sizeof(word));
        if (rest != NULL && strcmp(word, name) == 0) {
            return true;
        }
    }
    return false;
}

/* "gpu0:3" */
static bool set_gpu(struct app *app, struct action *action, const char *text)
{
    char id[512];
    uint64_t number = 0;
    const char *colon = strrchr(text, ':');
    bool numbered = colon != NULL && text_to_u64(colon + 1, 0, 65534, &number);
    text_clean_n(id, sizeof(id), text, numbered ? (size_t)(colon - text) : strlen(text));
    const struct hvgpu_gpu *gpu = gpu_named(app, id);
    if (gpu == NULL) {
        app_notice(app, ROLE_ERROR, "there is no GPU %s on this host", id);
        return false;
    }
    text_clean(action->gpu, sizeof(action->gpu), gpu->instance_id);
    action->partition = (struct hvgpu_number){.value = number, .known = numbered};
    return true;
}

static bool in_gpus(const struct app *app)
{
    return app->view != NULL && app->view->ops == &gpus_view;
}

/* The GPU that is selected in GPUs or shown in its detail; NULL: none. */
static const struct hvgpu_gpu *selected_gpu(struct app *app)
{
    const char *id = view_selected(app, app->view);
    return id[0] != '\0' ? hvgpu_find_gpu(app->snapshot, id) : NULL;
}

void launch_system(struct app *app, const struct command *command, const char *arguments)
{
    char image[512] = "";
    char gpu[512] = "";
    (void)command;
    option_of(arguments, "--image", image, sizeof(image));
    option_of(arguments, "--gpu", gpu, sizeof(gpu));
    const struct hvgpu_image *row = image_selected(app, app->view);
    if (image[0] == '\0' && row != NULL) {
        text_clean(image, sizeof(image), row->name);
    }
    if (gpu[0] == '\0' && in_gpus(app) && selected_gpu(app) != NULL) {
        text_clean(gpu, sizeof(gpu), selected_gpu(app)->instance_id);
    }
    launch_open(app, image, gpu, arguments);
}

static void attach_or_detach(struct app *app, const char *arguments, bool detach)
{
    char gpu[512];
    const char *rest;
    struct action action = {.verb = detach ? HVGPU_DETACH : HVGPU_ATTACH};
    if (arguments[0] == '\0') {
        const struct hvgpu_gpu *row = selected_gpu(app);
        if (row != NULL) {
            (detach ? detach_open : attach_open)(app, NULL, row->instance_id);
            return;
        }
        const struct hvgpu_system *system = action_target(app, "", &rest);
        if (system != NULL) {
            (detach ? detach_open : attach_open)(app, system->id, NULL);
        }
        return;
    }
    const struct hvgpu_system *system = action_target(app, arguments, &rest);
    if (system == NULL) {
        return;
    }
    set_target(&action, detach ? "detach from" : "attach to", system);
    action.mirror = !detach && has_switch(rest, "--gpu-mirror");
    if (option_of(rest, "--gpu", gpu, sizeof(gpu))) {
        if (!set_gpu(app, &action, gpu)) {
            return;
        }
    } else if (!detach && !action.mirror) {
        attach_open(app, system->id, NULL);
        return;
    }
    action_start(app, &action);
}

void attach_gpu(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    attach_or_detach(app, arguments, false);
}

void detach_gpu(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    attach_or_detach(app, arguments, true);
}

static void simple_action(struct app *app, const char *arguments, enum hvgpu_verb verb,
                          const char *word)
{
    const char *rest;
    struct action action = {.verb = verb};
    const struct hvgpu_system *system = action_target(app, arguments, &rest);
    if (system != NULL) {
        set_target(&action, word, system);
        action.force = has_switch(rest, "--force");
        action_start(app, &action);
    }
}

void stop_system(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    simple_action(app, arguments, HVGPU_STOP, "stop");
}

void remove_system(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    simple_action(app, arguments, HVGPU_REMOVE, "remove");
}

void check_system(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    simple_action(app, arguments, HVGPU_CHECK, "check");
}

void exec_command(struct app *app, const struct command *command, const char *arguments)
{
    const char *rest;
    char word[64];
    struct action action = {.verb = HVGPU_EXEC, .interactive = true};
    (void)command;
    const struct hvgpu_system *system = action_target(app, arguments, &rest);
    if (system == NULL) {
        return;
    }
    const char *behind = command_word(rest, word, sizeof(word));
    if (behind != NULL && strcmp(word, "--vm") == 0) {
        action.in_vm = true;
        rest = behind;
    }
    if (rest[0] == '\0') {
        char line[512];
        /* Still a preview when the line is run. */
        snprintf(line, sizeof(line), "%sexec %s %scmd.exe",
                 state_of(app)->preview ? "preview " : "", system_name(system),
                 action.in_vm ? "--vm " : "");
        palette_open(app, PALETTE_COMMAND, line);
        return;
    }
    set_target(&action, "exec in", system);
    text_clean(action.command, sizeof(action.command), rest);
    action_start(app, &action);
}

void verify_host(struct app *app, const struct command *command, const char *arguments)
{
    char gpu[512] = "";
    struct action action = {.verb = HVGPU_VERIFY, .title = "verify"};
    (void)command;
    option_of(arguments, "--image", action.image, sizeof(action.image));
    const struct hvgpu_image *row = image_selected(app, app->view);
    if (action.image[0] == '\0' && row != NULL) {
        text_clean(action.image, sizeof(action.image), row->name);
    }
    if (option_of(arguments, "--gpu", gpu, sizeof(gpu))) {
        if (!set_gpu(app, &action, gpu)) {
            return;
        }
    } else if (in_gpus(app) && selected_gpu(app) != NULL) {
        text_clean(action.gpu, sizeof(action.gpu), selected_gpu(app)->instance_id);
    }
    action_start(app, &action);
}
