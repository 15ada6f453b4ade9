/* SPDX-License-Identifier: MIT
 *
 * The launch form, with a live preview of the calls that the launch would make beside or below it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/commands.h"
#include "console/state.h"
#include "console/views/launch_request.h"
#include "console/views/views.h"
#include "core/base/text.h"

enum { PREVIEW_LEAST = 6 }; /* rows that the form leaves to the preview below it */

struct launch {
    struct view view;
    struct form form;
    struct pager pager;
    bool preview; /* was asked for the documents only: the button shows them */
    bool stale;   /* the preview does not match the form any more */
    bool wrong;   /* the preview shows why there is none */
    uint64_t seen;
};

static bool launch_init(struct app *app, struct view *view)
{
    struct launch *launch = (struct launch *)view;
    launch_form_init(app, &launch->form);
    pager_init(&launch->pager, PAGER_JSON);
    launch->stale = true;
    return true;
}

static void launch_close(struct app *app, struct view *view)
{
    (void)app;
    pager_done(&((struct launch *)view)->pager);
}

/* A list field takes one more item. */
static void append_item(struct form *form, const char *name, const char *item)
{
    struct text value;
    text_init(&value, FORM_VALUE - 1);
    text_add(&value, form_value(form, name));
    text_add(&value, value.len > 0 ? ";" : "");
    text_add(&value, item);
    form_set(form, name, value.data); /* what does not fit any more is left out */
    text_free(&value);
}

/* A switch of the shell command ("rm"). False: it is none. */
static bool take_switch(struct form *form, const char *option)
{
    static const char *const switches[] = {"fully-backed", "rm", "keep"};
    if (strcmp(option, "gpu-mirror") == 0) {
        form_set(form, "gpu", LAUNCH_ALL_GPUS);
        return true;
    }
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (strcmp(option, switches[i]) == 0) {
            form_set(form, option, "yes");
            return true;
        }
    }
    return false;
}

/* An option with a value. --image and --gpu were taken by the caller. */
static void take_value(struct form *form, const char *option, const char *value)
{
    static const char *const values[] = {"name", "uvm-scratch", "scratch", "memory", "cpus"};
    static const struct {
        const char *option, *field;
    } lists[] = {{"layer", "layers"},
                 {"device", "devices"},
                 {"mount", "mounts"},
                 {"driver-dir", "driver-dirs"}};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(option, values[i]) == 0) {
            form_set(form, option, value);
        }
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(option, lists[i].option) == 0) {
            append_item(form, lists[i].field, value);
            if (strcmp(option, "layer") == 0) {
                form_set(form, "image", LAUNCH_FOLDERS);
            }
        }
    }
}

/* Fills the form from what stood behind ":launch": the options of the shell command, then the
 * command line of the container. */
static void take_arguments(struct form *form, const char *arguments)
{
    char word[512];
    char value[FORM_VALUE];
    const char *rest = arguments;
    while (rest != NULL) {
        const char *next = command_word(rest, word, sizeof(word));
        if (next != NULL && strncmp(word, "--", 2) != 0) {
            form_set(form, "command", rest + strspn(rest, " "));
            return;
        }
        rest = next;
        if (rest != NULL && !take_switch(form, word + 2)) {
            rest = command_word(rest, value, sizeof(value));
            if (rest != NULL) {
                take_value(form, word + 2, value);
            }
        }
    }
}

void launch_open(struct app *app, const char *image, const char *gpu, const char *arguments)
{
    struct view *view = view_new(app, &launch_view);
    if (view == NULL) {
        return;
    }
    struct launch *launch = (struct launch *)view;
    launch->preview = state_of(app)->preview;
    if (launch->preview) {
        launch->form.button = "Show the documents";
    }
    if (image != NULL && image[0] != '\0') {
        form_set(&launch->form, "image", image);
    }
    if (gpu != NULL && gpu[0] != '\0') {
        char id[FORM_VALUE];
        const char *colon = strrchr(gpu, ':');
        uint64_t number;
        bool numbered = colon != NULL && text_to_u64(colon + 1, 0, 65534, &number);
        text_clean_n(id, sizeof(id), gpu, numbered ? (size_t)(colon - gpu) : strlen(gpu));
        const struct hvgpu_gpu *found = hvgpu_find_gpu(app->snapshot, id);
        if (found != NULL && found->id != NULL) {
            bool whole = found->state == HVGPU_GPU_DISMOUNTED;
            snprintf(id, sizeof(id), "%s%s", found->id, whole ? " (whole device)" : "");
        }
        form_set(&launch->form, "gpu", id);
        if (numbered) {
            form_set(&launch->form, "partition", colon + 1);
        }
    }
    take_arguments(&launch->form, arguments);
    form_validate(&launch->form, false);
    app_push_view(app, view);
}

static void refresh_preview(struct app *app, struct launch *launch)
{
    if (!launch->stale) {
        return;
    }
    launch->stale = false;
    launch->wrong = true;
    if (!form_validate(&launch->form, false)) {
        pager_set(&launch->pager, "The calls stand here once every field is right.");
        return;
    }
    struct launch_request *request = malloc(sizeof(*request));
    struct hvgpu_error err;
    char *json = NULL;
    if (request == NULL) {
        return;
    }
    launch_request_fill(app, &launch->form, request);
    if (hvgpu_preview(app->host, &request->request, &json, &err) == HVGPU_OK) {
        pager_set_json(&launch->pager, json);
        launch->wrong = false;
    } else {
        char text[2048];
        error_text(&err, text, sizeof(text));
        pager_set(&launch->pager, text);
    }
    free(json);
    free(request);
}

static void submit(struct app *app, struct launch *launch)
{
    if (!form_validate(&launch->form, true)) {
        app_notice(app, ROLE_ERROR, "not launched: the field that is marked is not right");
        return;
    }
    struct launch_request *request = malloc(sizeof(*request));
    if (request == NULL) {
        return;
    }
    launch_request_fill(app, &launch->form, request);
    if (launch->preview) {
        preview_open(app, "launch", &request->request);
        free(request);
        return;
    }
    state_of(app); /* takes the output of --rm from here on */
    bool submitted = app_submit(app, &request->request);
    bool output = request->request.launch.remove;
    free(request);
    if (!submitted) {
        return;
    }
    uint64_t job = app->last_job;
    char id[32];
    snprintf(id, sizeof(id), "%llu", (unsigned long long)job);
    if (output) {
        state_stream(app, job, true);
    }
    app_back(app); /* frees the form */
    app_open_view(app, "jobs");
    detail_open(app, OBJECT_JOB, id);
}

static bool launch_input(struct app *app, struct view *view, const struct input *input)
{
    struct launch *launch = (struct launch *)view;
    if (input->kind == INPUT_KEY) {
        switch (input->key) {
        case INPUT_PAGE_UP:
        case INPUT_PAGE_DOWN:
            pager_page(&launch->pager, input->key == INPUT_PAGE_UP ? -2 : 2);
            return true;
        case INPUT_CTRL('p'):
            refresh_preview(app, launch);
            if (!launch->wrong) {
                struct launch_request *request = malloc(sizeof(*request));
                if (request != NULL) {
                    launch_request_fill(app, &launch->form, request);
                    preview_open(app, "launch", &request->request);
                    free(request);
                }
            }
            return true;
        default:
            break;
        }
    } else if (input->kind == INPUT_MOUSE && input->mouse != MOUSE_PRESS) {
        return pager_mouse(&launch->pager, input);
    }
    switch (form_input(&launch->form, input)) {
    case FORM_CHANGED:
        launch->stale = true;
        return true;
    case FORM_SUBMIT:
        submit(app, launch);
        return true;
    case FORM_CANCEL:
        app_back(app);
        return true;
    case FORM_USED:
        return true;
    case FORM_IGNORED:
        break;
    }
    /* Letters are text here, never commands; a few control keys still are. */
    return input->kind == INPUT_KEY && input->key >= ' ' && input->key < INPUT_SPECIAL;
}

/* GPUs and names may have come or gone: what was right may be wrong now. */
static bool launch_update(struct app *app, struct view *view)
{
    struct launch *launch = (struct launch *)view;
    const struct hvgpu_snapshot *s = app->snapshot;
    uint64_t present = s->gpu_generation + s->image_generation;
    if (present == launch->seen) {
        return false;
    }
    launch->seen = present;
    launch->stale = true;
    return true;
}

static void draw_preview(struct app *app, struct launch *launch, struct rect area)
{
    canvas_box(app->canvas, area,
               area.width > 44 ? "What will be sent (PgUp PgDn)" : "What will be sent",
               ROLE_BORDER);
    struct rect inner = {area.x + 1, area.y + 1, area.width - 2, area.height - 2};
    int x;
    int y;
    canvas_get_cursor(app->canvas, &x, &y);
    launch->pager.kind = launch->wrong ? PAGER_TEXT : PAGER_JSON;
    pager_draw(&launch->pager, app->canvas, inner);
    canvas_cursor(app->canvas, x, y); /* stays in the field */
}

static void launch_draw(struct app *app, struct view *view, struct rect area)
{
    struct launch *launch = (struct launch *)view;
    struct rect form = area;
    struct rect preview = {0};
    if (area.width >= 100) {
        form.width = area.width / 2;
        preview = (struct rect){area.x + form.width + 1, area.y, area.width - form.width - 1,
                                area.height};
        form.width -= 1;
    } else if (area.height >= 16) {
        int wanted = form_height(&launch->form);
        int most = area.height - PREVIEW_LEAST;
        form.height = wanted < most ? wanted : most;
        preview =
            (struct rect){area.x, area.y + form.height, area.width, area.height - form.height};
    }
    form_draw(&launch->form, app->canvas, form);
    if (preview.width > 4 && preview.height > 2) {
        refresh_preview(app, launch);
        draw_preview(app, launch, preview);
    }
}

static void launch_status(struct app *app, struct view *view, char *out, size_t size)
{
    (void)app;
    struct launch *launch = (struct launch *)view;
    text_clean(out, size,
               form_validate(&launch->form, false) ? "ctrl-p: documents"
                                                   : "a field is not right yet");
}

const struct view_ops launch_view = {
    .name = "launch",
    .title = "Launch",
    .help =
        "Launch a Hyper-V container. Tab and arrows go from field to field, Enter on Launch acts.",
    .size = sizeof(struct launch),
    .open = launch_init,
    .close = launch_close,
    .update = launch_update,
    .draw = launch_draw,
    .input = launch_input,
    .status = launch_status,
    .takes_text = true,
};
