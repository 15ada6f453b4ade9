/* SPDX-License-Identifier: MIT
 *
 * Images: the base images of the host, whether they bring a utility VM, whether they can carry a
 * GPU and why. With none, the view names one that fits the host and the command that pulls it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/fitting_image.h"
#include "console/views/views.h"
#include "core/base/text.h"

struct images {
    struct view view;
    struct table table;
    uint64_t seen;
};

static void glyph_text(const struct table *table, const void *row, struct table_cell *out)
{
    cell_look(out, table, look_answer(((const struct hvgpu_image *)row)->can_carry_gpu));
}

static void name_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_STRONG, ((const struct hvgpu_image *)row)->name);
}

static void name_key(const struct table *table, const void *row, struct table_key *out)
{
    const char *name = ((const struct hvgpu_image *)row)->name;
    (void)table;
    *out = (struct table_key){.text = name != NULL ? name : "", .known = name != NULL};
}

static void gpu_text(const struct table *table, const void *row, struct table_cell *out)
{
    struct look look = look_answer(((const struct hvgpu_image *)row)->can_carry_gpu);
    (void)table;
    table_cell_set(out, look.role, look.word);
}

static void gpu_key(const struct table *table, const void *row, struct table_key *out)
{
    const struct hvgpu_image *image = row;
    (void)table;
    *out = (struct table_key){.number = image->can_carry_gpu == HVGPU_ANSWER_YES,
                              .known = image->can_carry_gpu != HVGPU_ANSWER_UNKNOWN};
}

static void uvm_text(const struct table *table, const void *row, struct table_cell *out)
{
    struct look look = look_answer(((const struct hvgpu_image *)row)->has_utility_vm);
    (void)table;
    table_cell_set(out, look.role == ROLE_BAD ? ROLE_WARNING : look.role, look.word);
}

static void build_text(const struct table *table, const void *row, struct table_cell *out)
{
    struct hvgpu_number build = ((const struct hvgpu_image *)row)->build;
    char text[32];
    (void)table;
    snprintf(text, sizeof(text), "%" PRIu64, build.value);
    cell_text(out, ROLE_TEXT, build.known ? text : NULL);
}

static void build_key(const struct table *table, const void *row, struct table_key *out)
{
    struct hvgpu_number build = ((const struct hvgpu_image *)row)->build;
    (void)table;
    *out = (struct table_key){.number = build.value, .known = build.known};
}

static void version_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_DIM, ((const struct hvgpu_image *)row)->os_version);
}

static void store_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_image *)row)->store);
}

static void store_key(const struct table *table, const void *row, struct table_key *out)
{
    const char *store = ((const struct hvgpu_image *)row)->store;
    (void)table;
    *out = (struct table_key){.text = store != NULL ? store : "", .known = store != NULL};
}

static void layers_text(const struct table *table, const void *row, struct table_cell *out)
{
    char text[32];
    (void)table;
    snprintf(text, sizeof(text), "%zu", ((const struct hvgpu_image *)row)->layer_count);
    table_cell_set(out, ROLE_TEXT, text);
}

static void why_text(const struct table *table, const void *row, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_TEXT, ((const struct hvgpu_image *)row)->reason);
}

static const struct table_column columns[] = {
    {.name = "glyph", .title = "", .min = 1, .max = 1, .text = glyph_text},
    {.name = "name",
     .title = "IMAGE",
     .good = 42,
     .min = 14,
     .max = 60,
     .text = name_text,
     .key = name_key},
    {.name = "gpu",
     .title = "GPU",
     .min = 3,
     .max = 3,
     .priority = 1,
     .text = gpu_text,
     .key = gpu_key},
    {.name = "uvm", .title = "UVM", .min = 3, .max = 3, .priority = 4, .text = uvm_text},
    {.name = "build",
     .title = "BUILD",
     .min = 5,
     .max = 6,
     .priority = 2,
     .right = true,
     .descending = true,
     .text = build_text,
     .key = build_key},
    {.name = "version",
     .title = "VERSION",
     .min = 10,
     .max = 18,
     .priority = 7,
     .text = version_text},
    {.name = "store",
     .title = "STORE",
     .good = 10,
     .min = 6,
     .max = 10,
     .priority = 5,
     .text = store_text,
     .key = store_key},
    {.name = "layers",
     .title = "LAYERS",
     .min = 6,
     .max = 6,
     .priority = 6,
     .right = true,
     .text = layers_text},
    {.name = "why",
     .title = "WHY",
     .good = 40,
     .min = 20,
     .max = 0,
     .priority = 3,
     .text = why_text},
};

static const void *row_at(const void *context, size_t index)
{
    const struct hvgpu_snapshot *s = ((const struct app *)context)->snapshot;
    return index < s->image_count ? s->images[index] : NULL;
}

static const char *row_id(const void *row, char *scratch, size_t size)
{
    const struct hvgpu_image *image = row;
    /* Two stores may hold an image of the same name. */
    snprintf(scratch, size, "%s %s", image->store != NULL ? image->store : "",
             image->name != NULL ? image->name : "");
    return scratch;
}

static const struct table_ops table_ops = {.columns = columns,
                                           .column_count = sizeof(columns) / sizeof(columns[0]),
                                           .row = row_at,
                                           .id = row_id};

static bool images_open(struct app *app, struct view *view)
{
    table_init(&((struct images *)view)->table, &table_ops, app);
    return true;
}

static void images_close(struct app *app, struct view *view)
{
    (void)app;
    table_done(&((struct images *)view)->table);
}

static struct table *images_table(struct app *app, struct view *view)
{
    struct table *table = &((struct images *)view)->table;
    table_sync(table, app->snapshot->image_count, app->snapshot->image_generation);
    return table;
}

static bool images_update(struct app *app, struct view *view)
{
    struct images *images = (struct images *)view;
    bool changed = images->seen != app->snapshot->image_generation;
    images->seen = app->snapshot->image_generation;
    images_table(app, view);
    return changed;
}

static const char *images_selected(struct app *app, struct view *view)
{
    return table_selected_id(images_table(app, view));
}

const struct hvgpu_image *image_selected(struct app *app, struct view *view)
{
    return view != NULL && view->ops == &images_view ? table_selected(images_table(app, view))
                                                     : NULL;
}

static void images_status(struct app *app, struct view *view, char *out, size_t size)
{
    table_status(images_table(app, view), "images", out, size);
}

static bool images_input(struct app *app, struct view *view, const struct input *input)
{
    bool opened;
    bool used = table_mouse(images_table(app, view), input, &opened);
    if (opened) {
        detail_open(app, OBJECT_IMAGE, images_selected(app, view));
    }
    return used;
}

static void draw_advice(struct app *app, struct rect area)
{
    struct sheet sheet = {0};
    char pull[160];
    const char *name = fitting_image(app->snapshot->host->build);
    sheet_text(&sheet, NULL, ROLE_STRONG, "No base image is on this host.");
    sheet_blank(&sheet);
    sheet_text(&sheet, NULL, ROLE_TEXT, "One that fits this host and can carry a GPU:");
    sheet_text(&sheet, NULL, ROLE_INFO, name);
    sheet_blank(&sheet);
    sheet_text(&sheet, NULL, ROLE_TEXT, "Run on the host, with docker or with containerd:");
    snprintf(pull, sizeof(pull), "docker pull %s", name);
    sheet_text(&sheet, NULL, ROLE_KEY_TEXT, pull);
    snprintf(pull, sizeof(pull), "ctr images pull %s", name);
    sheet_text(&sheet, NULL, ROLE_KEY_TEXT, pull);
    sheet_draw(&sheet, app->canvas, area);
    sheet_done(&sheet);
}

static void images_draw(struct app *app, struct view *view, struct rect area)
{
    struct table *table = images_table(app, view);
    struct rect list;
    struct rect detail;
    detail_split(app, area, &list, &detail);
    if (table->total == 0 && app->snapshot->loaded) {
        int pad = area.width > 40 ? 2 : 0;
        draw_advice(app, (struct rect){area.x + pad, area.y + (area.height > 12 ? 1 : 0),
                                       area.width - 2 * pad, area.height});
        return;
    }
    const struct hvgpu_image *image = table_selected(table);
    if (image != NULL) {
        struct look look = look_answer(image->can_carry_gpu);
        sentence_draw(app, &list, look.role, image->reason);
    }
    table_draw(table, app->canvas, list, "asking the host for its images");
    detail_draw(app, detail, OBJECT_IMAGE, images_selected(app, view));
}

const struct view_ops images_view = {
    .name = "images",
    .title = "Images",
    .help = "Base images on the host, and whether a container of them can carry a GPU.",
    .size = sizeof(struct images),
    .number = 6,
    .open = images_open,
    .close = images_close,
    .update = images_update,
    .draw = images_draw,
    .input = images_input,
    .selected = images_selected,
    .status = images_status,
    .table = images_table,
};
