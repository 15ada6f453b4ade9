/* SPDX-License-Identifier: MIT
 *
 * Inspect: everything about one object as JSON, to be searched. For a compute system the host is
 * asked (a hidden job); everything else is in the snapshot already.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/json.h"
#include "core/base/text.h"

struct inspect {
    struct view view;
    struct pager pager;
    enum object_kind kind;
    char id[TABLE_ID];
    char title[96];
    uint64_t job; /* running question; 0: none */
    bool answered, failed;
};

static bool inspect_init(struct app *app, struct view *view)
{
    (void)app;
    pager_init(&((struct inspect *)view)->pager, PAGER_JSON);
    return true;
}

static void inspect_close(struct app *app, struct view *view)
{
    (void)app;
    pager_done(&((struct inspect *)view)->pager);
}

/* The element `index` of the list in a document: of the document itself, or of its first member
 * that is a list. New memory. */
static char *list_element(char *document, size_t index)
{
    struct json *tree = NULL;
    struct hvgpu_error err;
    char *out = NULL;
    if (document != NULL &&
        json_parse(document, strlen(document), "snapshot", &tree, &err) == HVGPU_OK) {
        const struct json *list = tree;
        if (json_type(tree) == JSON_OBJECT) {
            list = json_first(tree);
            while (list != NULL && json_type(list) != JSON_ARRAY) {
                list = json_next(list);
            }
        }
        const struct json *item = list != NULL ? json_first(list) : NULL;
        while (item != NULL && index > 0) {
            item = json_next(item);
            index--;
        }
        out = json_print_pretty(item);
    }
    json_free(tree);
    free(document);
    return out;
}

static char *gpu_json(const struct hvgpu_snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->gpu_count; i++) {
        if (text_equal(s->gpus[i]->instance_id, id)) {
            return list_element(hvgpu_json_gpus(s), i);
        }
    }
    return NULL;
}

static char *image_json(const struct hvgpu_snapshot *s, const char *id)
{
    const char *name = strchr(id, ' ');
    for (size_t i = 0; i < s->image_count; i++) {
        size_t store = name != NULL ? (size_t)(name - id) : 0;
        if (name != NULL && text_equal(s->images[i]->name, name + 1) &&
            s->images[i]->store != NULL && strlen(s->images[i]->store) == store &&
            strncmp(s->images[i]->store, id, store) == 0) {
            return list_element(hvgpu_json_images(s), i);
        }
    }
    return NULL;
}

static char *leftover_json(const struct hvgpu_snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->leftover_count; i++) {
        const struct hvgpu_leftover *leftover = s->leftovers[i];
        if (text_equal(leftover->journal, id)) {
            struct json *object = json_new_object();
            json_add_string(object, "journal", leftover->journal);
            json_add_string(object, "title", leftover->title);
            json_add_string(object, "exists_now", leftover->text);
            json_add_u64(object, "things", leftover->thing_count);
            char *text = json_print_pretty(object);
            json_free(object);
            return text;
        }
    }
    return NULL;
}

static char *object_json(struct app *app, enum object_kind kind, const char *id)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    uint64_t number = 0;
    bool numbered = text_to_u64(id, 0, UINT64_MAX, &number);
    const struct hvgpu_event *event = events_selected_event(app, app->view);
    const struct hvgpu_job *job = numbered ? hvgpu_find_job(s, number) : NULL;
    switch (kind) {
    case OBJECT_GPU:
        return gpu_json(s, id);
    case OBJECT_IMAGE:
        return image_json(s, id);
    case OBJECT_JOB:
        return job != NULL ? hvgpu_json_job(s, job) : NULL;
    case OBJECT_LEFTOVER:
        return leftover_json(s, id);
    case OBJECT_EVENT:
        return event != NULL ? hvgpu_json_event(s, event) : NULL;
    default:
        return NULL;
    }
}

static void ask_host(struct app *app, struct inspect *inspect)
{
    inspect->job = app_ask(app, inspect->id);
    if (inspect->job == 0) {
        pager_set(&inspect->pager, app->notice); /* says why */
        inspect->failed = true;
    }
}

void inspect_open(struct app *app, enum object_kind kind, const char *id)
{
    if (kind == OBJECT_NONE || id == NULL || id[0] == '\0') {
        return;
    }
    struct view *view = view_new(app, &inspect_view);
    if (view == NULL) {
        return;
    }
    struct inspect *inspect = (struct inspect *)view;
    inspect->kind = kind == OBJECT_CHECK ? OBJECT_SYSTEM : kind;
    text_clean(inspect->id, sizeof(inspect->id), id);
    object_title(app, kind, id, inspect->title, sizeof(inspect->title));
    if (inspect->kind == OBJECT_SYSTEM) {
        ask_host(app, inspect);
    } else {
        char *json = object_json(app, kind, id);
        pager_set_json(&inspect->pager, json != NULL ? json : "it is not there any more");
        free(json);
        inspect->answered = true;
    }
    app_push_view(app, view);
}

static bool inspect_update(struct app *app, struct view *view)
{
    struct inspect *inspect = (struct inspect *)view;
    const struct hvgpu_job *job =
        inspect->job != 0 ? hvgpu_find_job(app->snapshot, inspect->job) : NULL;
    if (job == NULL || job->state == HVGPU_JOB_QUEUED || job->state == HVGPU_JOB_RUNNING ||
        job->state == HVGPU_JOB_UNDOING) {
        return false;
    }
    if (job->result != NULL) {
        pager_set_json(&inspect->pager, job->result);
        inspect->answered = true;
    } else {
        char text[2048];
        error_text(&job->error, text, sizeof(text));
        pager_set(&inspect->pager, text);
        inspect->failed = true;
    }
    inspect->job = 0;
    return true;
}

static void inspect_draw(struct app *app, struct view *view, struct rect area)
{
    struct inspect *inspect = (struct inspect *)view;
    inspect_update(app, view);
    if (!inspect->answered && !inspect->failed) {
        canvas_text(app->canvas, area.x + (area.width > 30 ? 2 : 0), area.y + area.height / 3,
                    area.width - 2, "asking the host", ROLE_DIM, 0);
    }
    pager_draw(&inspect->pager, app->canvas, area);
}

static bool inspect_input(struct app *app, struct view *view, const struct input *input)
{
    (void)app;
    return pager_mouse(&((struct inspect *)view)->pager, input);
}

static void inspect_status(struct app *app, struct view *view, char *out, size_t size)
{
    struct inspect *inspect = (struct inspect *)view;
    char lines[160];
    (void)app;
    pager_status(&inspect->pager, lines, sizeof(lines));
    snprintf(out, size, "%s  %s", inspect->title, lines);
}

static struct pager *inspect_pager(struct app *app, struct view *view)
{
    (void)app;
    return &((struct inspect *)view)->pager;
}

const struct view_ops inspect_view = {
    .name = "inspect",
    .title = "Inspect",
    .help = "Everything about one object as JSON. / searches, n and N go on.",
    .size = sizeof(struct inspect),
    .open = inspect_init,
    .close = inspect_close,
    .update = inspect_update,
    .draw = inspect_draw,
    .input = inspect_input,
    .status = inspect_status,
    .pager = inspect_pager,
};
