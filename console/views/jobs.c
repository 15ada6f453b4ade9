/* SPDX-License-Identifier: MIT
 *
 * Jobs: what runs, what ran, and at the end what unfinished jobs of earlier runs left behind.
 * Hidden jobs (inspect) are not listed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

/* A row is a job or a leftover. */
struct job_row {
    const struct hvgpu_job *job;
    const struct hvgpu_leftover *leftover;
};

struct jobs {
    struct view view;
    struct table table;
    struct job_row *rows;
    size_t count, capacity;
    uint64_t jobs_generation, leftovers_generation, generation;
    int64_t seen_time;
    struct app *app;
};

static const struct app *app_of(const struct table *table)
{
    return ((const struct jobs *)table->context)->app;
}

static struct look row_look(const struct job_row *row)
{
    return row->job != NULL ? look_job(row->job)
                            : (struct look){GLYPH_WARNING, ROLE_WARNING, "left behind"};
}

static void glyph_text(const struct table *table, const void *data, struct table_cell *out)
{
    const struct job_row *row = data;
    struct look look = row_look(row);
    table_cell_set(out, look.role, canvas_glyph(app_of(table)->canvas, look.glyph));
}

static void id_text(const struct table *table, const void *data, struct table_cell *out)
{
    const struct job_row *row = data;
    char text[32];
    (void)table;
    snprintf(text, sizeof(text), "%" PRIu64, row->job != NULL ? row->job->id : 0);
    cell_text(out, ROLE_DIM, row->job != NULL ? text : NULL);
}

static void id_key(const struct table *table, const void *data, struct table_key *out)
{
    const struct job_row *row = data;
    (void)table;
    *out = (struct table_key){.number = row->job != NULL ? row->job->id : 0,
                              .known = row->job != NULL};
}

static const char *row_title(const struct job_row *row)
{
    return row->job != NULL ? row->job->title : row->leftover->title;
}

static void title_text(const struct table *table, const void *data, struct table_cell *out)
{
    (void)table;
    cell_text(out, ROLE_STRONG, row_title(data));
}

static void title_key(const struct table *table, const void *data, struct table_key *out)
{
    const char *title = row_title(data);
    (void)table;
    *out = (struct table_key){.text = title != NULL ? title : "", .known = title != NULL};
}

static void state_text(const struct table *table, const void *data, struct table_cell *out)
{
    struct look look = row_look(data);
    (void)table;
    table_cell_set(out, look.role, look.word);
}

static void state_key(const struct table *table, const void *data, struct table_key *out)
{
    (void)table;
    *out = (struct table_key){.text = row_look(data).word, .known = true};
}

static void bar_text(const struct table *table, const void *data, struct table_cell *out)
{
    (void)table;
    (void)data;
    table_cell_set(out, ROLE_TEXT, "");
}

static void bar_draw(const struct table *table, struct canvas *canvas, int x, int y, int width,
                     const void *data)
{
    const struct job_row *row = data;
    (void)table;
    if (row->job != NULL && row->job->step_count > 0) {
        canvas_bar(canvas, x, y, width, job_permille(row->job), ROLE_BAR);
    } else {
        canvas_text(canvas, x, y, width, "-", ROLE_UNKNOWN, 0);
    }
}

static void count_steps(const struct hvgpu_job *job, size_t *done, size_t *all)
{
    *done = 0;
    *all = 0;
    for (size_t i = 0; i < job->step_count; i++) {
        bool counts = !job->steps[i].is_undo;
        *all += counts;
        *done += counts && job->steps[i].state != HVGPU_STEP_WAITING &&
                 job->steps[i].state != HVGPU_STEP_RUNNING;
    }
}

static void steps_text(const struct table *table, const void *data, struct table_cell *out)
{
    const struct job_row *row = data;
    char text[32];
    size_t done = 0;
    size_t all = 0;
    (void)table;
    if (row->job != NULL) {
        count_steps(row->job, &done, &all);
    }
    snprintf(text, sizeof(text), "%zu/%zu", done, all);
    cell_text(out, ROLE_TEXT, all > 0 ? text : NULL);
}

/* The step that runs; of an ended job what went wrong; of a leftover what exists. */
static const char *row_now(const struct job_row *row)
{
    const struct hvgpu_job *job = row->job;
    if (job == NULL) {
        return row->leftover->text;
    }
    if (job->state == HVGPU_JOB_FAILED || job->state == HVGPU_JOB_CANCELLED) {
        return job->error.message;
    }
    const char *last = NULL;
    for (size_t i = 0; i < job->step_count; i++) {
        if (job->steps[i].state == HVGPU_STEP_RUNNING) {
            return job->steps[i].title;
        }
        if (job->steps[i].state == HVGPU_STEP_DONE && job->steps[i].evidence != NULL) {
            last = job->steps[i].evidence;
        }
    }
    return last;
}

static void now_text(const struct table *table, const void *data, struct table_cell *out)
{
    const struct job_row *row = data;
    (void)table;
    bool failed = row->job != NULL && row->job->state == HVGPU_JOB_FAILED;
    cell_text(out, failed ? ROLE_BAD : ROLE_TEXT, row_now(row));
}

static struct hvgpu_number row_took(const struct app *app, const struct job_row *row)
{
    const struct hvgpu_job *job = row->job;
    struct hvgpu_number took = {0};
    if (job != NULL && job->started_ms > 0) {
        int64_t end = job->ended_ms > 0 ? job->ended_ms : app->snapshot->host->time_ms;
        took.known = true;
        took.value = end > job->started_ms ? (uint64_t)(end - job->started_ms) : 0;
    }
    return took;
}

static void took_text(const struct table *table, const void *data, struct table_cell *out)
{
    struct hvgpu_number took = row_took(app_of(table), data);
    char text[32];
    text_duration(text, sizeof(text), took.value);
    cell_text(out, ROLE_TEXT, took.known ? text : NULL);
}

static void took_key(const struct table *table, const void *data, struct table_key *out)
{
    struct hvgpu_number took = row_took(app_of(table), data);
    *out = (struct table_key){.number = took.value, .known = took.known};
}

static struct hvgpu_number row_started(const struct job_row *row)
{
    int64_t at = row->job != NULL ? row->job->started_ms : row->leftover->time_ms;
    return (struct hvgpu_number){.value = (uint64_t)at, .known = at > 0};
}

static void started_text(const struct table *table, const void *data, struct table_cell *out)
{
    struct hvgpu_number at = row_started(data);
    char text[32];
    (void)table;
    text_clock(text, sizeof(text), (int64_t)at.value);
    cell_text(out, ROLE_DIM, at.known ? text : NULL);
}

static void started_key(const struct table *table, const void *data, struct table_key *out)
{
    struct hvgpu_number at = row_started(data);
    (void)table;
    *out = (struct table_key){.number = at.value, .known = at.known};
}

static const struct table_column columns[] = {
    {.name = "glyph", .title = "", .min = 1, .max = 1, .text = glyph_text},
    {.name = "job",
     .title = "JOB",
     .min = 3,
     .max = 6,
     .priority = 5,
     .right = true,
     .descending = true,
     .text = id_text,
     .key = id_key},
    {.name = "title",
     .title = "WHAT",
     .good = 26,
     .min = 12,
     .max = 44,
     .text = title_text,
     .key = title_key},
    {.name = "state",
     .title = "STATE",
     .min = 10,
     .good = 11,
     .max = 11,
     .priority = 1,
     .text = state_text,
     .key = state_key},
    {.name = "bar",
     .title = "PROGRESS",
     .min = 12,
     .max = 12,
     .priority = 4,
     .text = bar_text,
     .draw = bar_draw},
    {.name = "steps",
     .title = "STEPS",
     .min = 5,
     .max = 7,
     .priority = 2,
     .right = true,
     .text = steps_text},
    {.name = "took",
     .title = "TOOK",
     .min = 6,
     .max = 7,
     .priority = 3,
     .right = true,
     .descending = true,
     .text = took_text,
     .key = took_key},
    {.name = "started",
     .title = "STARTED",
     .min = 8,
     .max = 8,
     .priority = 7,
     .descending = true,
     .text = started_text,
     .key = started_key},
    {.name = "now",
     .title = "STEP OR REASON",
     .good = 30,
     .min = 16,
     .max = 0,
     .priority = 6,
     .text = now_text},
};

static const void *row_at(const void *context, size_t index)
{
    const struct jobs *jobs = context;
    return index < jobs->count ? &jobs->rows[index] : NULL;
}

static const char *row_id(const void *data, char *scratch, size_t size)
{
    const struct job_row *row = data;
    if (row->leftover != NULL) {
        return row->leftover->journal;
    }
    snprintf(scratch, size, "%" PRIu64, row->job->id);
    return scratch;
}

static const struct table_ops table_ops = {.columns = columns,
                                           .column_count = sizeof(columns) / sizeof(columns[0]),
                                           .row = row_at,
                                           .id = row_id};

static bool jobs_open(struct app *app, struct view *view)
{
    struct jobs *jobs = (struct jobs *)view;
    jobs->app = app;
    jobs->jobs_generation = UINT64_MAX;
    table_init(&jobs->table, &table_ops, jobs);
    return true;
}

static void jobs_close(struct app *app, struct view *view)
{
    struct jobs *jobs = (struct jobs *)view;
    (void)app;
    table_done(&jobs->table);
    free(jobs->rows);
}

/* Records belong to the snapshot, and a poll ends it: the rows are gathered anew each time. There
 * are few of them. */
static void gather(struct jobs *jobs, const struct hvgpu_snapshot *s)
{
    size_t wanted = s->job_count + s->leftover_count;
    if (wanted > jobs->capacity) {
        struct job_row *rows = realloc(jobs->rows, wanted * sizeof(*rows));
        if (rows == NULL) {
            jobs->count = 0;
            return;
        }
        jobs->rows = rows;
        jobs->capacity = wanted;
    }
    jobs->count = 0;
    for (size_t i = 0; i < s->leftover_count; i++) {
        jobs->rows[jobs->count++] = (struct job_row){.leftover = s->leftovers[i]};
    }
    for (size_t i = 0; i < s->job_count; i++) {
        if (!s->jobs[i]->hidden) {
            jobs->rows[jobs->count++] = (struct job_row){.job = s->jobs[i]};
        }
    }
}

static struct table *jobs_table(struct app *app, struct view *view)
{
    struct jobs *jobs = (struct jobs *)view;
    const struct hvgpu_snapshot *s = app->snapshot;
    gather(jobs, s);
    if (jobs->jobs_generation != s->job_generation ||
        jobs->leftovers_generation != s->leftover_generation) {
        jobs->jobs_generation = s->job_generation;
        jobs->leftovers_generation = s->leftover_generation;
        jobs->generation++;
    }
    table_sync(&jobs->table, jobs->count, jobs->generation);
    return &jobs->table;
}

static bool any_running(const struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        const struct hvgpu_job *job = jobs->rows[i].job;
        if (job != NULL && (job->state == HVGPU_JOB_RUNNING || job->state == HVGPU_JOB_UNDOING)) {
            return true;
        }
    }
    return false;
}

static bool jobs_update(struct app *app, struct view *view)
{
    struct jobs *jobs = (struct jobs *)view;
    uint64_t before = jobs->generation;
    jobs_table(app, view);
    int64_t now = app->snapshot->host->time_ms;
    bool tick = any_running(jobs) && now / 1000 != jobs->seen_time / 1000;
    jobs->seen_time = now;
    return before != jobs->generation || tick;
}

static const struct job_row *selected_row(struct app *app, struct view *view)
{
    return table_selected(jobs_table(app, view));
}

/* The system that the job is about. */
static const char *jobs_selected_system(struct app *app, struct view *view)
{
    const struct job_row *row = selected_row(app, view);
    return row != NULL && row->job != NULL ? row->job->target : NULL;
}

const struct hvgpu_job *jobs_selected(struct app *app, struct view *view)
{
    if (view == NULL || view->ops != &jobs_view) {
        return NULL;
    }
    const struct job_row *row = selected_row(app, view);
    return row != NULL ? row->job : NULL;
}

static void jobs_status(struct app *app, struct view *view, char *out, size_t size)
{
    table_status(jobs_table(app, view), "jobs", out, size);
}

static enum object_kind jobs_object(struct app *app, struct view *view, char *id, size_t size)
{
    const struct job_row *row = selected_row(app, view);
    text_clean(id, size, table_selected_id(&((struct jobs *)view)->table));
    if (row == NULL) {
        return OBJECT_NONE;
    }
    return row->job != NULL ? OBJECT_JOB : OBJECT_LEFTOVER;
}

static bool jobs_input(struct app *app, struct view *view, const struct input *input)
{
    bool opened;
    bool used = table_mouse(jobs_table(app, view), input, &opened);
    if (opened) {
        char id[TABLE_ID];
        enum object_kind kind = jobs_object(app, view, id, sizeof(id));
        detail_open(app, kind, id);
    }
    return used;
}

/* What the selected job does, or why it failed and what to do. */
static void draw_sentence(struct app *app, const struct job_row *row, struct rect *area)
{
    char text[1600] = "";
    bool failed = row != NULL && row->job != NULL && row->job->state == HVGPU_JOB_FAILED;
    if (failed) {
        error_text(&row->job->error, text, sizeof(text));
    } else if (row != NULL && row_now(row) != NULL) {
        text_clean(text, sizeof(text), row_now(row));
    }
    sentence_draw(app, area, failed ? ROLE_BAD : ROLE_TEXT, text);
}

static void jobs_draw(struct app *app, struct view *view, struct rect area)
{
    struct table *table = jobs_table(app, view);
    struct rect list;
    struct rect detail;
    char id[TABLE_ID];
    enum object_kind kind = jobs_object(app, view, id, sizeof(id));
    detail_split(app, area, &list, &detail);
    draw_sentence(app, selected_row(app, view), &list);
    table_draw(table, app->canvas, list,
               "no jobs yet: launch, attach, check and the like appear here");
    detail_draw(app, detail, kind, id);
}

const struct view_ops jobs_view = {
    .name = "jobs",
    .title = "Jobs",
    .help =
        "Running and past jobs: steps, documents and answers; and what earlier runs left behind.",
    .size = sizeof(struct jobs),
    .number = 5,
    .open = jobs_open,
    .close = jobs_close,
    .update = jobs_update,
    .draw = jobs_draw,
    .input = jobs_input,
    .selected = jobs_selected_system,
    .status = jobs_status,
    .table = jobs_table,
};
