/* SPDX-License-Identifier: MIT
 *
 * What is known of a check, a job, a leftover, an event, as labelled lines.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/state.h"
#include "console/views/views.h"
#include "core/base/json.h"
#include "core/base/text.h"

static const char *glyph_of(struct app *app, enum glyph glyph)
{
    return app->canvas != NULL ? canvas_glyph(app->canvas, glyph) : "";
}

static void add_ladder(struct app *app, struct sheet *sheet, const char *heading,
                       const struct hvgpu_rung *rungs)
{
    sheet_heading(sheet, heading);
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        struct look look = look_verdict(rungs[i].verdict);
        sheet_format(sheet, hvgpu_rung_name((enum hvgpu_rung_kind)i), look.role, "%s %s",
                     glyph_of(app, look.glyph), look.word);
        if (rungs[i].evidence != NULL) {
            sheet_text(sheet, "", ROLE_TEXT, rungs[i].evidence);
        }
    }
}

bool describe_check(struct app *app, struct sheet *sheet, const char *id)
{
    const struct hvgpu_check *check = hvgpu_find_check(app->snapshot, id);
    char text[64];
    if (check == NULL) {
        return false;
    }
    struct look look = look_verdict(check->verdict);
    sheet_format(sheet, "verdict", look.role, "%s %s", glyph_of(app, look.glyph), look.word);
    sheet_text(sheet, "", ROLE_STRONG, check->sentence);
    if (!check->judged) {
        sheet_text(sheet, "", ROLE_DIM,
                   "listed only: a system of others is entered when you ask (c)");
    }
    if (check->in_vm == HVGPU_ANSWER_YES && check->in_container == HVGPU_ANSWER_NO) {
        sheet_text(sheet, "", ROLE_TEXT,
                   "What a container sees was fixed when it was created: launch it again with the "
                   "GPU (rm, then launch) to see it inside.");
    }
    sheet_text(sheet, "in the VM", look_answer(check->in_vm).role, yes_no(check->in_vm));
    sheet_text(sheet, "in container", look_answer(check->in_container).role,
               yes_no(check->in_container));
    text_clock(text, sizeof(text), check->time_ms);
    sheet_text(sheet, "checked at", ROLE_TEXT, check->time_ms > 0 ? text : NULL);
    text_duration(text, sizeof(text), check->duration_ms.value);
    sheet_text(sheet, "took", ROLE_TEXT, check->duration_ms.known ? text : NULL);
    char strip[HVGPU_CHECK_HISTORY * 4 + 1] = "";
    for (size_t i = 0; i < check->history_count && i < HVGPU_CHECK_HISTORY; i++) {
        size_t len = strlen(strip);
        text_clean(strip + len, sizeof(strip) - len,
                   glyph_of(app, look_verdict(check->history[i]).glyph));
    }
    sheet_text(sheet, "history", ROLE_TEXT, strip);
    add_ladder(app, sheet, "In the VM", check->vm);
    add_ladder(app, sheet, "In the container", check->container);
    sheet_heading(sheet, "Raw answers");
    sheet_text(sheet, "VM", ROLE_DIM, check->vm_answer);
    sheet_text(sheet, "container", ROLE_DIM, check->container_answer);
    return true;
}

static void add_steps(struct app *app, struct sheet *sheet, const struct hvgpu_job *job)
{
    sheet_heading(sheet, "Steps");
    for (size_t i = 0; i < job->step_count; i++) {
        const struct hvgpu_step *step = &job->steps[i];
        struct look look = look_step(step->state);
        char took[40] = "";
        if (step->duration_ms.known) {
            char duration[32];
            text_duration(duration, sizeof(duration), step->duration_ms.value);
            snprintf(took, sizeof(took), "  (%s)", duration);
        }
        sheet_format(sheet, NULL, look.role, "%s %s%s%s: %s", glyph_of(app, look.glyph),
                     step->is_undo ? "undo: " : "", step->title, took, look.word);
        if (step->evidence != NULL && step->evidence[0] != '\0') {
            sheet_format(sheet, NULL, ROLE_TEXT, "    %s", step->evidence);
        }
    }
    if (job->step_count == 0) {
        sheet_text(sheet, NULL, ROLE_DIM, "none yet");
    }
}

static void add_json(struct sheet *sheet, const char *title, const char *text)
{
    struct json *tree = NULL;
    struct hvgpu_error err;
    char *pretty = NULL;
    if (json_parse(text, strlen(text), "document", &tree, &err) == HVGPU_OK) {
        pretty = json_print_pretty(tree);
    }
    sheet_format(sheet, NULL, ROLE_DIM, "  %s", title);
    sheet_text(sheet, NULL, ROLE_TEXT, pretty != NULL ? pretty : text);
    free(pretty);
    json_free(tree);
}

static void add_calls(struct sheet *sheet, const struct hvgpu_job *job)
{
    sheet_heading(sheet, "Documents sent, and answers");
    for (size_t i = 0; i < job->call_count; i++) {
        const struct hvgpu_call *call = job->calls[i];
        char took[32] = "";
        if (call->duration_ms.known) {
            text_duration(took, sizeof(took), call->duration_ms.value);
        }
        bool failed = call->answered && call->code < 0;
        sheet_format(sheet, NULL, failed ? ROLE_BAD : ROLE_INFO, "%zu. %s %s  %s", i + 1,
                     call->call != NULL ? call->call : "-", call->id != NULL ? call->id : "", took);
        if (!call->answered) {
            sheet_text(sheet, NULL, ROLE_DIM, "  no answer yet");
        } else {
            sheet_format(sheet, NULL, failed ? ROLE_BAD : ROLE_DIM, "  answered 0x%08X",
                         (unsigned)call->code);
        }
        if (call->document != NULL && call->document[0] != '\0') {
            add_json(sheet, "sent:", call->document);
        }
        if (call->answer != NULL && call->answer[0] != '\0') {
            add_json(sheet, "answer:", call->answer);
        }
    }
    if (job->call_count == 0) {
        sheet_text(sheet, NULL, ROLE_DIM, "none yet");
    }
}

/* The last lines that the job's process wrote, where this console started it. */
static void add_output(struct app *app, struct sheet *sheet, const struct hvgpu_job *job)
{
    const struct stream *stream = state_stream(app, job->id, false);
    if (stream == NULL || stream->count == 0) {
        return;
    }
    sheet_heading(sheet, "Output (its last lines)");
    size_t from = stream->count > 20 ? stream->count - 20 : 0;
    for (size_t i = from; i < stream->count; i++) {
        int kind = 0;
        const char *line = stream_line(stream, i, &kind);
        sheet_text(sheet, NULL, kind == 1 ? ROLE_WARNING : ROLE_TEXT,
                   line != NULL && line[0] != '\0' ? line : " ");
    }
}

static void add_end(struct sheet *sheet, const struct hvgpu_job *job)
{
    if (job->error.status != HVGPU_OK) {
        sheet_heading(sheet, "What went wrong");
        sheet_format(sheet, "in", ROLE_TEXT, "%s %s", job->error.operation, job->error.object);
        sheet_text(sheet, "why", ROLE_BAD, job->error.message);
        if (job->error.hint[0] != '\0') {
            sheet_text(sheet, "do", ROLE_INFO, job->error.hint);
        }
    }
    if (job->left_behind != NULL) {
        sheet_heading(sheet, "Left behind");
        sheet_text(sheet, NULL, ROLE_WARNING, job->left_behind);
    }
}

bool describe_job(struct app *app, struct sheet *sheet, const char *id)
{
    uint64_t number;
    char text[64];
    const struct hvgpu_job *job =
        text_to_u64(id, 0, UINT64_MAX, &number) ? hvgpu_find_job(app->snapshot, number) : NULL;
    if (job == NULL) {
        return false;
    }
    struct look look = look_job(job);
    sheet_text(sheet, NULL, ROLE_STRONG, job->title);
    sheet_format(sheet, "state", look.role, "%s %s", glyph_of(app, look.glyph), look.word);
    text_clock(text, sizeof(text), job->started_ms);
    sheet_text(sheet, "started", ROLE_TEXT, job->started_ms > 0 ? text : NULL);
    int64_t end = job->ended_ms > 0 ? job->ended_ms : app->snapshot->host->time_ms;
    uint64_t took = end > job->started_ms ? (uint64_t)(end - job->started_ms) : 0;
    text_duration(text, sizeof(text), took);
    sheet_text(sheet, "took", ROLE_TEXT, job->started_ms > 0 ? text : NULL);
    if (job->exit_code.known) {
        sheet_number(sheet, "exit code", job->exit_code);
    }
    if (job->target != NULL) {
        const struct hvgpu_system *system = hvgpu_find_system(app->snapshot, job->target);
        sheet_text(sheet, "system", ROLE_TEXT, system != NULL ? system_name(system) : job->target);
    }
    add_end(sheet, job);
    add_steps(app, sheet, job);
    add_output(app, sheet, job);
    add_calls(sheet, job);
    return true;
}

bool describe_leftover(struct app *app, struct sheet *sheet, const char *id)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    for (size_t i = 0; i < s->leftover_count; i++) {
        const struct hvgpu_leftover *leftover = s->leftovers[i];
        if (!text_equal(leftover->journal, id)) {
            continue;
        }
        char text[64];
        text_iso(text, sizeof(text), leftover->time_ms);
        sheet_text(sheet, NULL, ROLE_STRONG, leftover->title);
        sheet_text(sheet, "state", ROLE_WARNING, "not finished; its run has ended");
        sheet_text(sheet, "started", ROLE_TEXT, leftover->time_ms > 0 ? text : NULL);
        sheet_format(sheet, "things", ROLE_TEXT, "%zu", leftover->thing_count);
        sheet_text(sheet, "exists now", ROLE_TEXT, leftover->text);
        sheet_text(sheet, "journal", ROLE_DIM, leftover->journal);
        sheet_blank(sheet);
        sheet_text(sheet, NULL, ROLE_INFO, "U undoes it after asking");
        return true;
    }
    return false;
}

static const struct hvgpu_event *find_event(struct app *app, uint64_t sequence)
{
    const struct hvgpu_event *event = events_selected_event(app, app->view);
    if (event != NULL && event->sequence == sequence) {
        return event; /* a frozen one may be gone from the host's list */
    }
    size_t low = 0;
    size_t high = app->snapshot->event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        event = hvgpu_event_at(app->host, middle);
        if (event == NULL) {
            return NULL;
        }
        if (event->sequence < sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    event = low < app->snapshot->event_count ? hvgpu_event_at(app->host, low) : NULL;
    return event != NULL && event->sequence == sequence ? event : NULL;
}

bool describe_event(struct app *app, struct sheet *sheet, const char *id)
{
    uint64_t number;
    const struct hvgpu_event *event =
        text_to_u64(id, 0, UINT64_MAX, &number) ? find_event(app, number) : NULL;
    if (event == NULL) {
        return false;
    }
    char text[1024];
    struct look look = look_severity(event->severity);
    hvgpu_event_text(event, text, sizeof(text));
    sheet_text(sheet, NULL, ROLE_STRONG, event->kind);
    sheet_text(sheet, "what", look.role == ROLE_DIM ? ROLE_TEXT : look.role, text);
    text_iso(text, sizeof(text), event->time_ms);
    sheet_text(sheet, "time", ROLE_TEXT, text);
    sheet_format(sheet, "severity", look.role, "%s %s", glyph_of(app, look.glyph), look.word);
    const struct hvgpu_system *system = hvgpu_find_system(app->snapshot, event->system_id);
    sheet_text(sheet, "system", ROLE_TEXT, system != NULL ? system_name(system) : event->system_id);
    sheet_text(sheet, "id", ROLE_DIM, event->system_id);
    sheet_format(sheet, "type", ROLE_TEXT, "0x%08X", (unsigned)event->type);
    sheet_format(sheet, "number", ROLE_TEXT, "%" PRIu64, event->sequence);
    if (event->json[0] != '\0') {
        sheet_heading(sheet, "Document");
        add_json(sheet, "as received:", event->json);
    }
    return true;
}
