/* SPDX-License-Identifier: MIT
 *
 * Settings of this run, and what it tells about itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/commands.h"
#include "console/dialog.h"
#include "console/views/views.h"
#include "core/base/text.h"

enum { THEMES_MAX = 64 };

void toggle_pause(struct app *app, const struct command *command, const char *arguments)
{
    bool paused = !app->snapshot->host->paused;
    (void)command;
    (void)arguments;
    hvgpu_set_paused(app->host, paused);
    app_notice(app, ROLE_INFO,
               paused ? "paused: no listing, statistics or checks until p"
                      : "watching the host again");
}

void refresh_host(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    hvgpu_refresh(app->host);
    app_notice(app, ROLE_DIM, "asking the host again");
}

void toggle_mouse(struct app *app, const struct command *command, const char *arguments)
{
    (void)command;
    (void)arguments;
    app->mouse = !app->mouse;
    if (app->term != NULL) {
        app->term->ops->set_mouse(app->term, app->mouse);
    }
    app_notice(app, ROLE_INFO,
               app->mouse ? "mouse on: click rows, headings, tabs"
                          : "mouse off: the terminal selects text");
}

struct theme_names {
    char names[THEMES_MAX][32];
    size_t count;
};

static void add_theme(void *context, const char *name)
{
    struct theme_names *themes = context;
    if (themes->count < THEMES_MAX) {
        text_clean(themes->names[themes->count++], sizeof(themes->names[0]), name);
    }
}

static void use_theme(struct app *app, const char *name)
{
    struct hvgpu_error err;
    if (theme_load(name, &app->theme, &err) != HVGPU_OK) {
        app_error(app, &err);
        return;
    }
    if (app->term != NULL) {
        app->term->ops->set_theme(app->term, &app->theme);
        app->term->ops->redraw(app->term);
    }
    app->dirty = true;
    app_notice(app, ROLE_INFO, "theme %s", app->theme.name);
}

static void chose_theme(struct app *app, void *context, int choice)
{
    struct theme_names *themes = context;
    if (choice > 0) {
        use_theme(app, themes->names[choice - 1]);
    }
}

void choose_theme(struct app *app, const struct command *command, const char *arguments)
{
    char name[256];
    (void)command;
    if (command_word(arguments, name, sizeof(name)) != NULL) {
        use_theme(app, name);
        return;
    }
    struct theme_names *themes = calloc(1, sizeof(*themes));
    struct dialog_item items[THEMES_MAX] = {{0}};
    size_t chosen = 0;
    if (themes == NULL) {
        return;
    }
    theme_list(add_theme, themes);
    for (size_t i = 0; i < themes->count; i++) {
        items[i].label = themes->names[i];
        if (strcmp(themes->names[i], app->theme.name) == 0) {
            items[i].detail = "now";
            chosen = i;
        }
    }
    if (themes->count == 0) {
        free(themes);
        app_notice(app, ROLE_WARNING, "no theme files were found");
        return;
    }
    dialog_menu(app, "Which theme?", items, themes->count, chosen, chose_theme, themes);
}

void set_read_only(struct app *app, const struct command *command, const char *arguments)
{
    char word[16];
    (void)command;
    bool given = command_word(arguments, word, sizeof(word)) != NULL;
    bool on = given && strcmp(word, "on") == 0;
    if (given && !on && strcmp(word, "off") != 0) {
        app_notice(app, ROLE_ERROR, "read-only is on or off, not \"%s\"", word);
        return;
    }
    if (given) {
        hvgpu_set_read_only(app->host, on);
    }
    app_notice(app, ROLE_INFO,
               hvgpu_is_read_only(app->host) ? "read-only: every change is refused"
                                             : "changes are allowed; what destroys still asks");
    app->dirty = true;
}

void set_probe_interval(struct app *app, const struct command *command, const char *arguments)
{
    char word[16];
    uint64_t seconds;
    (void)command;
    if (command_word(arguments, word, sizeof(word)) == NULL ||
        !text_to_u64(word, 0, 86400, &seconds)) {
        app_notice(app, ROLE_ERROR, "probe-interval takes seconds, 0 to 86400; 0 is never");
        return;
    }
    hvgpu_set_probe_interval(app->host, (unsigned)seconds);
    if (seconds == 0) {
        app_notice(app, ROLE_INFO, "own containers are checked only when asked (c)");
    } else {
        app_notice(app, ROLE_INFO, "own containers are checked every %" PRIu64 " s", seconds);
    }
}

void show_about(struct app *app, const struct command *command, const char *arguments)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    const struct hvgpu_host *host = s->host;
    struct text text;
    (void)command;
    (void)arguments;
    text_init(&text, 16384);
    text_addf(&text, "hvgpu %s\n", HVGPU_VERSION);
    text_addf(&text, "host      %s, %s\n", host->name != NULL ? host->name : "-",
              host->edition != NULL ? host->edition : "-");
    text_addf(&text, "address   %s\n", host->uri != NULL ? host->uri : "-");
    if (host->build.known) {
        text_addf(&text, "build     %" PRIu64 "\n", host->build.value);
    }
    if (host->schema_major.known && host->schema_minor.known) {
        text_addf(&text, "schema    %" PRIu64 ".%" PRIu64 "\n", host->schema_major.value,
                  host->schema_minor.value);
    }
    if (host->simulation != NULL) {
        text_addf(&text, "SIMULATED %s\n", host->simulation);
    }
    text_addf(&text, "systems   %zu\nGPUs      %zu\n", s->system_count, s->gpu_count);
    text_addf(&text, "events    %" PRIu64 " seen, %" PRIu64 " lost, %zu kept\n", s->events_seen,
              s->events_lost, s->event_count);
    text_addf(&text, "frames    %" PRIu64 " painted, %" PRIu64 " keys\n", app->frames, app->keys);
    text_addf(&text, "paint     %" PRId64 ".%03" PRId64 " ms for the last frame\n",
              app->paint_ns / 1000000, app->paint_ns / 1000 % 1000);
    if (app->term != NULL) {
        text_addf(&text, "terminal  %dx%d, %" PRIu64 " bytes written, %s, theme %s\n",
                  canvas_width(app->canvas), canvas_height(app->canvas),
                  app->term->ops->bytes_written(app->term),
                  canvas_is_ascii(app->canvas) ? "ASCII" : "UTF-8", app->theme.name);
    }
    dialog_message(app, "About", text.data, false);
    text_free(&text);
}

void dump_screen(struct app *app, const struct command *command, const char *arguments)
{
    char path[512];
    (void)command;
    if (command_word(arguments, path, sizeof(path)) == NULL) {
        app_notice(app, ROLE_ERROR, "dump takes the name of the file to write");
        return;
    }
    /* What stands on the screen now: the command line is closed already, the frame is the last. */
    char *text = canvas_dump(app->canvas, false);
    FILE *file = text != NULL ? fopen(path, "wx") : NULL;
    bool written = file != NULL && fputs(text, file) >= 0;
    int problem = errno;
    if (file != NULL && fclose(file) != 0) {
        written = false;
        problem = errno;
    }
    free(text);
    if (written) {
        app_notice(app, ROLE_INFO, "the screen was written to %s", path);
    } else {
        app_notice(app, ROLE_ERROR, "dump %s: %s", path,
                   problem == EEXIST ? "it is there already; name another file"
                                     : strerror(problem));
    }
}
