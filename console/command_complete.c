/* SPDX-License-Identifier: MIT
 *
 * Completion of ':' lines: command names, and the arguments that can be known (ids, views, themes,
 * columns, GPUs).
 */
#include <stdio.h>
#include <string.h>

#include "console/commands.h"
#include "console/views/views.h"
#include "core/base/text.h"

/* The best of the candidates offered so far: one that begins with what was typed, else one that
 * contains its letters in order. */
struct completion {
    const char *typed;
    char best[256];
    bool begins;
};

static bool has_letters(const char *name, const char *typed)
{
    for (; *typed != '\0'; typed++) {
        name = strchr(name, *typed);
        if (name == NULL) {
            return false;
        }
        name++;
    }
    return true;
}

static void offer(struct completion *completion, const char *candidate)
{
    if (candidate == NULL || candidate[0] == '\0') {
        return;
    }
    bool begins = text_starts_nocase(candidate, completion->typed);
    bool better = begins ? !completion->begins
                         : (completion->best[0] == '\0' && strlen(completion->typed) >= 2 &&
                            has_letters(candidate, completion->typed));
    if (better) {
        text_clean(completion->best, sizeof(completion->best), candidate);
        completion->begins = begins;
    }
}

static void offer_theme(void *context, const char *name)
{
    offer(context, name);
}

static void offer_systems(struct app *app, struct completion *completion)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    for (size_t i = 0; i < s->system_count && !completion->begins; i++) {
        offer(completion, system_name(s->systems[i]));
    }
    for (size_t i = 0; i < s->system_count && !completion->begins; i++) {
        offer(completion, s->systems[i]->id);
    }
}

static void offer_gpus(struct app *app, struct completion *completion)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    for (size_t i = 0; i < s->gpu_count && !completion->begins; i++) {
        offer(completion, s->gpus[i]->id);
    }
}

static void offer_images(struct app *app, struct completion *completion)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    for (size_t i = 0; i < s->image_count && !completion->begins; i++) {
        offer(completion, s->images[i]->name);
    }
}

static void offer_argument(struct app *app, struct completion *completion,
                           const struct command *command, const char *before)
{
    const char *name = command->name;
    struct table *table = view_table(app, app->view);
    if (strcmp(before, "--gpu") == 0) {
        offer_gpus(app, completion);
    } else if (strcmp(before, "--image") == 0) {
        offer_images(app, completion);
    } else if (completion->typed[0] == '-') {
        static const char *const options[] = {"--gpu", "--gpu-mirror", "--image", "--vm",
                                              "--force"};
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
            if (command->arguments != NULL && strstr(command->arguments, options[i]) != NULL) {
                offer(completion, options[i]);
            }
        }
    } else if (strcmp(name, "view") == 0) {
        for (size_t i = 0; views[i] != NULL && views[i]->number > 0; i++) {
            offer(completion, views[i]->name);
        }
    } else if (strcmp(name, "theme") == 0) {
        theme_list(offer_theme, completion);
    } else if (strcmp(name, "sort") == 0 && table != NULL) {
        for (size_t i = 0; i < table->ops->column_count; i++) {
            offer(completion,
                  table->ops->columns[i].key != NULL ? table->ops->columns[i].name : NULL);
        }
    } else if (strcmp(name, "read-only") == 0) {
        offer(completion, "on");
        offer(completion, "off");
    } else if (strcmp(name, "preview") == 0 || strcmp(name, "help") == 0) {
        for (const struct command *c = commands; c->name != NULL; c++) {
            offer(completion, (c->flags & COMMAND_CHANGES) != 0 ? c->name : NULL);
        }
    } else if (command->arguments != NULL && strstr(command->arguments, "ID") != NULL) {
        offer_systems(app, completion);
    }
}

bool command_complete(struct app *app, const char *line, char *out, size_t size)
{
    const char *last = strrchr(line, ' ');
    struct completion completion = {.typed = last != NULL ? last + 1 : line};
    if (completion.typed[0] == '\0') {
        return false; /* nothing typed yet: the hint says what could stand here */
    }
    if (last == NULL) {
        for (const struct command *c = commands; c->name != NULL; c++) {
            offer(&completion, c->name);
        }
    } else {
        char name[64];
        char before[64] = "";
        const char *rest = command_word(line, name, sizeof(name));
        const struct command *command = command_find(name);
        if (command == NULL || rest == NULL) {
            return false;
        }
        while (rest != NULL && rest < last) {
            rest = command_word(rest, before, sizeof(before));
        }
        offer_argument(app, &completion, command, before);
    }
    if (completion.best[0] == '\0') {
        return false;
    }
    size_t kept = (size_t)(completion.typed - line);
    snprintf(out, size, "%.*s%s", (int)kept, line, completion.best);
    return true;
}
