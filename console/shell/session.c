/* SPDX-License-Identifier: MIT
 *
 * Opening a host, running a job to its end, and being interrupted in between.
 */
#include "console/shell/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/shell/print.h"
#include "console/term.h"
#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

/* Signal handlers reach the program only through these two. */
static volatile sig_atomic_t interrupts;
static struct hvgpu *volatile interrupted_host;

static void on_interrupt(int number)
{
    (void)number;
    interrupts = interrupts + 1;
    struct hvgpu *host = interrupted_host;
    if (host != NULL) {
        hvgpu_wake(host);
    }
    if (interrupts > 2) {
        _exit(130);
    }
}

bool session_interrupted(void)
{
    return interrupts > 0;
}

static bool no_host(struct shell *shell, int *status)
{
    fprintf(shell->err, "hvgpu: no host given\n"
                        "       name one with -c URI or HVGPU_HOST; -c demo: is a simulated one\n");
    *status = SHELL_USAGE;
    return false;
}

static bool check_link(struct shell *shell, bool need_live, int *status)
{
    const struct hvgpu_host *host = shell->snapshot->host;
    if (shell->snapshot->loaded && host->link == HVGPU_LINK_LIVE) {
        if (host->notice != NULL) {
            fprintf(shell->err, "hvgpu: %s: %s\n", shell->uri, host->notice);
        }
        return true;
    }
    fprintf(shell->err, "hvgpu: %s: %s\n", shell->uri,
            host->link_reason != NULL ? host->link_reason : "the host did not answer in time");
    if (host->link_hint != NULL) {
        fprintf(shell->err, "       %s\n", host->link_hint);
    }
    if (!need_live && shell->snapshot->loaded) {
        return true;
    }
    *status = SHELL_FAILED;
    return false;
}

bool session_open(struct shell *shell, bool need_live, int *status)
{
    if (shell->uri == NULL) {
        return no_host(shell, status);
    }
    struct hvgpu_error err = {0};
    struct hvgpu_options options = {.read_only = shell->read_only};
    if (hvgpu_open(shell->uri, &options, &shell->host, &err) != HVGPU_OK) {
        print_failure(shell, &err);
        *status = print_status(&err);
        return false;
    }
    interrupted_host = shell->host;
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    shell->snapshot = hvgpu_snapshot(shell->host);
    int64_t deadline = os_now_ns() + INT64_C(60) * 1000000000;
    while (!shell->snapshot->loaded && os_now_ns() < deadline) {
        if (!session_wait(shell, 1000)) {
            *status = 130;
            return false;
        }
    }
    return check_link(shell, need_live, status);
}

void session_close(struct shell *shell)
{
    interrupted_host = NULL;
    if (shell->host != NULL) {
        hvgpu_close(shell->host);
        shell->host = NULL;
        shell->snapshot = NULL;
    }
}

bool session_wait(struct shell *shell, int timeout_ms)
{
    hvgpu_wait(shell->host, timeout_ms);
    shell->snapshot = hvgpu_snapshot(shell->host);
    return interrupts == 0;
}

/* ---- dry run ---- */

static void print_calls(struct shell *shell, const struct json *calls)
{
    unsigned number = 0;
    for (const struct json *c = json_first(calls); c != NULL; c = json_next(c)) {
        const char *condition = json_string(c, "if");
        fprintf(shell->out, "%u. %s %s%s%s%s\n", ++number, json_string(c, "call"),
                json_string(c, "id") != NULL ? json_string(c, "id") : "",
                condition != NULL ? "  (if " : "", condition != NULL ? condition : "",
                condition != NULL ? ")" : "");
        const struct json *document = json_member(c, "document");
        if (json_type(document) == JSON_NULL) {
            continue;
        }
        char *pretty = json_print_pretty(document);
        for (char *line = pretty; line != NULL && *line != '\0';) {
            size_t length = strcspn(line, "\n");
            fprintf(shell->out, "   %.*s\n", (int)length, line);
            line += length + (line[length] == '\n');
        }
        free(pretty);
    }
}

int session_dry_run(struct shell *shell, const struct hvgpu_request *request)
{
    struct hvgpu_error err = {0};
    char *json = NULL;
    if (hvgpu_preview(shell->host, request, &json, &err) != HVGPU_OK) {
        print_failure(shell, &err);
        return print_status(&err);
    }
    struct json *calls = NULL;
    enum hvgpu_status st = json_parse(json, strlen(json), "dry run", &calls, &err);
    if (st != HVGPU_OK) {
        print_failure(shell, &err);
        free(json);
        return SHELL_FAILED;
    }
    if (shell->json) {
        free(json);
        json = json_print_pretty(calls);
        json_free(calls);
        return print_json(shell, json) ? SHELL_OK : SHELL_FAILED;
    }
    print_calls(shell, calls);
    json_free(calls);
    free(json);
    return SHELL_OK;
}

/* ---- following a job ---- */

struct follower {
    struct shell *shell;
    const struct session_follow *follow;
    uint64_t job;
    size_t steps_told;
    bool input_open;
    char pending[4096]; /* input that the job could not take yet */
    size_t pending_len;
};

static void on_output(void *context, uint64_t job, bool is_stderr, const char *bytes, size_t len)
{
    struct follower *f = context;
    if (job == f->job && f->follow->pass_output) {
        FILE *to = is_stderr ? f->shell->err : f->shell->out;
        fwrite(bytes, 1, len, to);
        fflush(to);
    }
}

static const char *step_word(enum hvgpu_step_state state)
{
    switch (state) {
    case HVGPU_STEP_DONE:
        return "ok  ";
    case HVGPU_STEP_FAILED:
        return "FAIL";
    case HVGPU_STEP_SKIPPED:
        return "skip";
    case HVGPU_STEP_UNKNOWN:
        return "?   ";
    default:
        return "    ";
    }
}

/* One line for every step that has ended since the last look. */
static void tell_steps(struct follower *f, const struct hvgpu_job *job)
{
    while (!f->follow->quiet && f->steps_told < job->step_count) {
        const struct hvgpu_step *step = &job->steps[f->steps_told];
        if (step->state == HVGPU_STEP_WAITING || step->state == HVGPU_STEP_RUNNING) {
            break;
        }
        char took[32] = "";
        if (step->duration_ms.known) {
            text_duration(took, sizeof took, step->duration_ms.value);
        }
        fprintf(f->shell->err, "%s %s%s%s%s%s%s%s\n", step_word(step->state),
                step->is_undo && !text_starts(step->title, "undo") ? "undo: " : "", step->title,
                step->evidence != NULL ? ": " : "", step->evidence != NULL ? step->evidence : "",
                took[0] != '\0' ? "  (" : "", took, took[0] != '\0' ? ")" : "");
        f->steps_told++;
    }
}

/* Reads what standard input has and hands it on; keeps what the job cannot take yet. */
static void pass_input(struct follower *f)
{
    if (f->pending_len == 0) {
        ssize_t got = read(STDIN_FILENO, f->pending, sizeof f->pending);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            return;
        }
        if (got <= 0) {
            hvgpu_job_input(f->shell->host, f->job, "", 0);
            f->input_open = false;
            return;
        }
        f->pending_len = (size_t)got;
    }
    if (hvgpu_job_input(f->shell->host, f->job, f->pending, f->pending_len)) {
        f->pending_len = 0;
    }
}

static bool job_ended(const struct hvgpu_job *job)
{
    return job != NULL && job->state >= HVGPU_JOB_DONE;
}

static void follow_once(struct follower *f)
{
    struct shell *shell = f->shell;
    if (!f->input_open) {
        hvgpu_wait(shell->host, 1000);
    } else if (f->pending_len > 0) {
        hvgpu_wait(shell->host, 20);
        pass_input(f);
    } else {
        unsigned ready = wait_any(hvgpu_wake_handle(shell->host), 1000);
        if ((ready & (WAIT_INPUT | WAIT_HANGUP)) != 0) {
            pass_input(f);
        }
        hvgpu_poll(shell->host);
    }
    shell->snapshot = hvgpu_snapshot(shell->host);
}

const struct hvgpu_job *session_run(struct shell *shell, const struct hvgpu_request *request,
                                    const struct session_follow *follow, int *status)
{
    struct follower f = {.shell = shell, .follow = follow, .input_open = follow->pass_input};
    struct hvgpu_error err = {0};
    hvgpu_on_output(shell->host, on_output, &f);
    if (hvgpu_submit(shell->host, request, &f.job, &err) != HVGPU_OK) {
        hvgpu_on_output(shell->host, NULL, NULL);
        print_failure(shell, &err);
        *status = print_status(&err);
        return NULL;
    }
    const struct hvgpu_job *job = NULL;
    int told = 0;
    while (!job_ended(job)) {
        follow_once(&f);
        job = hvgpu_find_job(shell->snapshot, f.job);
        if (job != NULL) {
            tell_steps(&f, job);
        }
        if (interrupts > told) {
            told = interrupts;
            hvgpu_cancel(shell->host, f.job, told > 1);
            fprintf(shell->err, told > 1 ? "hvgpu: forcing\n"
                                         : "hvgpu: cancelling when the running call has ended; "
                                           "interrupt again to force\n");
        }
    }
    hvgpu_on_output(shell->host, NULL, NULL);
    *status = SHELL_OK;
    return job;
}

int session_report(struct shell *shell, const struct hvgpu_job *job)
{
    if (job->left_behind != NULL) {
        fprintf(shell->err, "hvgpu: left behind: %s\n", job->left_behind);
    }
    if (job->state == HVGPU_JOB_DONE) {
        return SHELL_OK;
    }
    if (job->state == HVGPU_JOB_CANCELLED) {
        fprintf(shell->err, "hvgpu: %s: cancelled\n", job->title);
        return SHELL_FAILED;
    }
    print_failure(shell, &job->error);
    return SHELL_FAILED;
}
