/* SPDX-License-Identifier: MIT
 *
 * What the views share among themselves and offer to commands: their tables of functions, ways to
 * open the ones that need something to start with, the words and glyphs of states, and the detail
 * pane.
 */
#ifndef HVGPU_CONSOLE_VIEWS_H
#define HVGPU_CONSOLE_VIEWS_H

#include "console/pager.h"
#include "console/sheet.h"
#include "console/table.h"
#include "console/view.h"

extern const struct view_ops gpus_view, containers_view, events_view, checks_view, jobs_view,
    images_view, detail_view, inspect_view, launch_view, attach_view, exec_view, help_view,
    preview_view;

/* ---- opening ---- */

enum object_kind {
    OBJECT_NONE,
    OBJECT_GPU,
    OBJECT_SYSTEM,
    OBJECT_CHECK,
    OBJECT_JOB,
    OBJECT_IMAGE,
    OBJECT_EVENT,
    OBJECT_LEFTOVER
};

/* The kind of object that a view lists, and the id of the selected one as the describe and inspect
 * functions take it (a job's number, an event's sequence in decimal). */
enum object_kind view_object(struct app *app, struct view *view, char *id, size_t size);

enum object_kind detail_object(struct view *view, char *id, size_t size); /* of a detail view */
void detail_open(struct app *app, enum object_kind kind, const char *id);
void inspect_open(struct app *app, enum object_kind kind, const char *id);
/* Asks which GPU goes to the system, or which system gets the GPU; one of the two is NULL. */
void attach_open(struct app *app, const char *system_id, const char *gpu);
/* Asks what to detach: which GPU from the system, or from which system the GPU. */
void detach_open(struct app *app, const char *system_id, const char *gpu);
/* arguments: the shell command's own ("--name demo1 --rm cmd /c dir"); they fill the form. */
void launch_open(struct app *app, const char *image, const char *gpu, const char *arguments);
void exec_open(struct app *app, uint64_t job);
void help_open(struct app *app);
/* The calls that a request would make. */
void preview_open(struct app *app, const char *title, const struct hvgpu_request *request);
void text_open(struct app *app, const char *title, const char *text);
/* Containers with this system selected. */
void containers_go(struct app *app, const char *system_id);

const struct hvgpu_job *jobs_selected(struct app *app, struct view *view);
const struct hvgpu_image *image_selected(struct app *app, struct view *view);
bool events_toggle_freeze(struct app *app, struct view *view);
const struct hvgpu_event *events_selected_event(struct app *app, struct view *view);

/* ---- the detail pane ---- */

/* Splits area into the list and its detail pane, as the width allows and the user wants; detail's
 * width is 0 when there is none. */
void detail_split(struct app *app, struct rect area, struct rect *list, struct rect *detail);
/* Shows the pane where it is hidden, hides it where it is shown. */
void detail_toggle(struct app *app);
/* A number that changes when what describe() says of such objects may have changed. */
uint64_t object_generation(const struct hvgpu_snapshot *s, enum object_kind kind);
/* The title of an object: its name. */
void object_title(struct app *app, enum object_kind kind, const char *id, char *out, size_t size);
/* Draws text over the lowest rows of area, at most three and as many as it needs, and takes them
 * from area: what a column had to cut is said there in full. */
void sentence_draw(struct app *app, struct rect *area, enum role role, const char *text);
/* Draws the pane with its frame. */
void detail_draw(struct app *app, struct rect area, enum object_kind kind, const char *id);
/* Fills the sheet with all that is known of the object. False: there is no such object (any more).
 */
bool describe(struct app *app, struct sheet *sheet, enum object_kind kind, const char *id);
bool describe_gpu(struct app *app, struct sheet *sheet, const char *id);
bool describe_system(struct app *app, struct sheet *sheet, const char *id);
bool describe_image(struct app *app, struct sheet *sheet, const char *id);
bool describe_check(struct app *app, struct sheet *sheet, const char *id);
bool describe_job(struct app *app, struct sheet *sheet, const char *id);
bool describe_leftover(struct app *app, struct sheet *sheet, const char *id);
bool describe_event(struct app *app, struct sheet *sheet, const char *id);

/* ---- words, glyphs, roles ---- */

struct look {
    enum glyph glyph;
    enum role role;
    const char *word;
};
struct look look_gpu(const struct hvgpu_gpu *gpu);
struct look look_system(const struct hvgpu_system *system);
struct look look_verdict(enum hvgpu_verdict verdict);
struct look look_answer(enum hvgpu_answer answer);
struct look look_job(const struct hvgpu_job *job);
struct look look_step(enum hvgpu_step_state state);
struct look look_severity(unsigned severity);
/* Text, or a dash where it is NULL or empty. */
void cell_text(struct table_cell *cell, enum role role, const char *text);
void cell_look(struct table_cell *cell, const struct table *table,
               struct look look); /* its glyph */

const char *system_name(const struct hvgpu_system *system); /* name, else id */
/* "running", or "ended, still holds gpu0" */
void system_state_text(const struct hvgpu_system *system, char *out, size_t size);
const char *gpu_label(const struct hvgpu_snapshot *s, const char *instance_id); /* "gpu0" */
/* "gpu0:3 gpu1:any", "all GPUs"; false: not known. */
bool system_gpu_text(const struct hvgpu_snapshot *s, const struct hvgpu_system *system, char *out,
                     size_t size);
bool system_is_foreign(const struct hvgpu_system *system);
/* How long ago by the host's clock: "5m12s"; false: not known. */
bool age_text(const struct hvgpu_snapshot *s, struct hvgpu_number since_ms, char *out, size_t size);
const char *yes_no(enum hvgpu_answer answer); /* "yes", "no", "-" */
/* 0..1000 of a job's steps. */
unsigned job_permille(const struct hvgpu_job *job);
/* The letter of an owner in a GPU's map and legend. */
void partition_owner_letter(const struct hvgpu_gpu *gpu, const char *system_id, char out[2]);
/* Draws one GPU's map; returns the lines it took. */
int partition_map(struct app *app, struct rect area, const struct hvgpu_gpu *gpu);

#endif
