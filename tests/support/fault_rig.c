/* SPDX-License-Identifier: MIT
 *
 * A host with faults, and what must be true of it afterwards.
 */
#include "tests/support/fault_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/os/os.h"
#include "core/base/text.h"
#include "core/engine/hcs/hresult.h"

enum {
    WAIT_MS = 10,
    LOAD_S = 30,
    JOB_S = 30,
    RECOVER_TRIES = 5,
    SUBMIT_TRIES = 200,
    NS_PER_S = 1000000000
};

void fault_path(char *out, size_t size, const char *name)
{
    const char *folder = getenv("TMPDIR");
    uint32_t random = 0;
    os_random(&random, sizeof random);
    snprintf(out, size, "%s/fault-%u-%08x-%s", folder != NULL ? folder : "/tmp", os_process_id(),
             random, name);
}

/* ---- open and close ---- */

static void write_scenario(struct fault_rig *rig, const struct fault_options *options)
{
    if (options->state != NULL) {
        snprintf(rig->scenario, sizeof rig->scenario, "%s.scenario.json", options->state);
    } else {
        fault_path(rig->scenario, sizeof rig->scenario, "scenario.json");
    }
    char written[560]; /* another process may read the file at any time: it comes whole */
    snprintf(written, sizeof written, "%s.%u", rig->scenario, os_process_id());
    FILE *file = fopen(written, "w");
    assert_non_null(file);
    fprintf(file,
            "{\"base\":\"%s\",\"containers\":2,"
            "\"files\":[\"C:\\\\drv\\\\display.inf\",\"C:\\\\data\\\\a.txt\"],"
            "\"faults\":[%s]%s}",
            options->base != NULL ? options->base : "still",
            options->faults != NULL ? options->faults : "",
            options->members != NULL ? options->members : "");
    fclose(file);
    assert_int_equal(rename(written, rig->scenario), 0);
}

static bool is_loaded(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    return s->loaded;
}

void fault_open(struct fault_rig *rig, const struct fault_options *options)
{
    memset(rig, 0, sizeof *rig);
    write_scenario(rig, options);
    char *uri = text_format(
        "demo:%s?clock=%s%s%s", rig->scenario, options->real_clock ? "real" : "stepped",
        options->state != NULL ? "&state=" : "", options->state != NULL ? options->state : "");
    char limit[16];
    snprintf(limit, sizeof limit, "%u", options->timeout_ms);
    if (options->timeout_ms > 0) {
        setenv("HVGPU_TIMEOUT_MS", limit, 1);
    }
    struct hvgpu_error err = {0};
    const struct hvgpu_options own = {.probe_interval_s = 0};
    enum hvgpu_status status = hvgpu_open(uri, &own, &rig->host, &err);
    unsetenv("HVGPU_TIMEOUT_MS");
    free(uri);
    if (status != HVGPU_OK) {
        fail_msg("open: %s: %s", err.object, err.message);
    }
    int64_t until = os_now_ns() + (int64_t)LOAD_S * NS_PER_S;
    while (!is_loaded(hvgpu_snapshot(rig->host), NULL)) {
        assert_true(os_now_ns() < until);
        hvgpu_wait(rig->host, WAIT_MS);
    }
}

unsigned fault_close(struct fault_rig *rig)
{
    int64_t started = os_now_ns();
    hvgpu_close(rig->host);
    unsigned took = (unsigned)((os_now_ns() - started) / 1000000);
    remove(rig->scenario);
    memset(rig, 0, sizeof *rig);
    return took;
}

void fault_remove_state(const char *state)
{
    static const char *const ends[] = {"",          ".scenario.json", ".lock",
                                       ".client-1", ".client-2",      ".client-3"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[640];
        snprintf(path, sizeof path, "%s%s", state, ends[i]);
        remove(path);
    }
}

/* ---- jobs ---- */

uint64_t fault_submit(struct fault_rig *rig, const struct hvgpu_request *request)
{
    struct hvgpu_error err = {0};
    uint64_t id = 0;
    if (hvgpu_submit(rig->host, request, &id, &err) != HVGPU_OK) {
        print_message("refused: %s %s: %s\n", err.operation, err.object, err.message);
        return 0;
    }
    return id;
}

const struct hvgpu_job *fault_end(struct fault_rig *rig, uint64_t id, unsigned seconds)
{
    int64_t until = os_now_ns() + (int64_t)seconds * NS_PER_S;
    for (;;) {
        const struct hvgpu_job *job = hvgpu_find_job(hvgpu_snapshot(rig->host), id);
        if (job != NULL && job->state >= HVGPU_JOB_DONE) {
            return job;
        }
        if (id == 0 || os_now_ns() > until) {
            return NULL;
        }
        hvgpu_wait(rig->host, WAIT_MS);
    }
}

const struct hvgpu_job *fault_run(struct fault_rig *rig, const struct hvgpu_request *request)
{
    return fault_end(rig, fault_submit(rig, request), JOB_S);
}

const struct hvgpu_job *fault_done(struct fault_rig *rig, const struct hvgpu_request *request)
{
    uint64_t id = 0;
    struct hvgpu_error err = {0};
    /* What an undo took away a moment ago may still be on the list that requests are checked with.
     */
    for (int i = 0; i < SUBMIT_TRIES && id == 0; i++) {
        if (hvgpu_submit(rig->host, request, &id, &err) != HVGPU_OK) {
            hvgpu_refresh(rig->host);
            hvgpu_wait(rig->host, WAIT_MS);
        }
    }
    const struct hvgpu_job *job = fault_end(rig, id, JOB_S);
    if (job == NULL) {
        fail_msg("%s %s: %s", err.operation, err.object, err.message);
        return NULL;
    }
    if (job->state != HVGPU_JOB_DONE) {
        fault_say("no fault", job);
        fail_msg("%s should be done", job->title);
    }
    return job;
}

bool fault_until(struct fault_rig *rig, bool (*test)(const struct hvgpu_snapshot *s, const void *p),
                 const void *context, unsigned seconds)
{
    int64_t until = os_now_ns() + (int64_t)seconds * NS_PER_S;
    while (!test(hvgpu_snapshot(rig->host), context)) {
        if (os_now_ns() > until) {
            return false;
        }
        hvgpu_refresh(rig->host);
        hvgpu_wait(rig->host, WAIT_MS);
    }
    return true;
}

void fault_say(const char *what, const struct hvgpu_job *job)
{
    print_message("with %s: %s: state %d, %s, %s: %s (%s)\n  left: %s\n", what, job->title,
                  (int)job->state, job->error.operation, job->error.object, job->error.message,
                  job->error.hint, job->left_behind != NULL ? job->left_behind : "-");
    for (size_t i = 0; i < job->step_count; i++) {
        print_message("  %d %s: %s\n", (int)job->steps[i].state, job->steps[i].title,
                      job->steps[i].evidence != NULL ? job->steps[i].evidence : "");
    }
}

void fault_say_open(const struct fault_rig *rig, const char *what)
{
    const struct hvgpu_snapshot *s = hvgpu_snapshot(rig->host);
    for (size_t i = 0; i < s->job_count; i++) {
        const struct hvgpu_job *job = s->jobs[i];
        if (job->state >= HVGPU_JOB_DONE) {
            continue;
        }
        fault_say(what, job);
        for (size_t k = 0; k < job->call_count; k++) {
            const struct hvgpu_call *call = job->calls[k];
            print_message("  %s %s %s: %s\n", call->call, call->id,
                          call->document != NULL ? call->document : "",
                          call->answered ? "answered" : "NOT ANSWERED");
        }
    }
}

/* ---- questions ---- */

size_t fault_own_running(const struct hvgpu_snapshot *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->system_count; i++) {
        const struct hvgpu_system *system = s->systems[i];
        bool only_files = system->left_over && system->state == HVGPU_STATE_STOPPED;
        count += system->ours && !only_files ? 1 : 0;
    }
    return count;
}

size_t fault_partitions_of(const struct hvgpu_snapshot *s, const char *system_id)
{
    size_t count = 0;
    for (size_t i = 0; i < s->gpu_count; i++) {
        for (size_t k = 0; k < s->gpus[i]->partition_count; k++) {
            const char *holder = s->gpus[i]->partitions[k].system_id;
            count += holder != NULL && strncmp(holder, system_id, strlen(system_id)) == 0 ? 1 : 0;
        }
    }
    return count;
}

bool fault_own_systems_are(const struct hvgpu_snapshot *s, const void *count)
{
    return fault_own_running(s) == *(const size_t *)count;
}

bool fault_link_is_live(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    return s->host->link == HVGPU_LINK_LIVE && s->loaded;
}

/* ---- what must be true ---- */

void fault_assert_told(const char *what, const struct hvgpu_job *job)
{
    for (size_t i = 0; i < job->step_count; i++) {
        const struct hvgpu_step *step = &job->steps[i];
        bool open = step->state == HVGPU_STEP_WAITING || step->state == HVGPU_STEP_RUNNING;
        bool mute = (step->state == HVGPU_STEP_FAILED || step->state == HVGPU_STEP_UNKNOWN) &&
                    (step->evidence == NULL || step->evidence[0] == '\0');
        if (open || mute) {
            fault_say(what, job);
            fail_msg("step \"%s\" %s", step->title, open ? "never ended" : "does not say why");
        }
    }
    if (job->state == HVGPU_JOB_DONE) {
        return;
    }
    const struct hvgpu_error *err = &job->error;
    if (err->status == HVGPU_OK || err->message[0] == '\0' || err->operation[0] == '\0' ||
        err->object[0] == '\0') {
        fault_say(what, job);
        fail_msg("it does not say what failed, on what and why");
    }
    if (err->kind == HVGPU_CODE_HRESULT && hresult_hint(err->code)[0] != '\0' &&
        err->hint[0] == '\0') {
        fault_say(what, job);
        fail_msg("it does not say what to do");
    }
    if (job->left_behind != NULL && err->hint[0] == '\0') {
        fault_say(what, job);
        fail_msg("something is left behind and it does not say how to undo it");
    }
}

static bool no_leftovers(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    return s->leftover_count == 0;
}

static bool not_listed(const struct hvgpu_snapshot *s, const void *journal)
{
    for (size_t i = 0; i < s->leftover_count; i++) {
        if (strcmp(s->leftovers[i]->journal, journal) == 0) {
            return false;
        }
    }
    return true;
}

static void recover_one(struct fault_rig *rig, const char *what)
{
    const struct hvgpu_leftover *left = hvgpu_snapshot(rig->host)->leftovers[0];
    assert_true(left->text[0] != '\0' && left->title[0] != '\0');
    char *key = text_copy(left->journal);
    const struct hvgpu_request recover = {.verb = HVGPU_RECOVER, .target = key};
    const struct hvgpu_job *job = fault_run(rig, &recover);
    for (int i = 1; i < RECOVER_TRIES && job != NULL && job->state != HVGPU_JOB_DONE; i++) {
        job = fault_run(rig, &recover); /* the host of a hang has very short limits */
    }
    assert_non_null(job);
    if (job->state != HVGPU_JOB_DONE) {
        fault_say(what, job);
        fail_msg("what was left behind cannot be undone");
    }
    if (!fault_until(rig, not_listed, key, 10)) {
        fail_msg("with %s: %s is listed after its undo", what, key);
    }
    free(key);
}

/* NULL: there is none. */
static const struct hvgpu_system *an_own_system(const struct hvgpu_snapshot *s)
{
    for (size_t i = 0; i < s->system_count; i++) {
        if (s->systems[i]->ours || s->systems[i]->left_over) {
            return s->systems[i];
        }
    }
    return NULL;
}

static bool none_of_ours(const struct hvgpu_snapshot *s, const void *unused)
{
    (void)unused;
    return an_own_system(s) == NULL;
}

static void list_everything(struct fault_rig *rig, const char *what)
{
    const struct hvgpu_snapshot *s = hvgpu_snapshot(rig->host);
    for (size_t i = 0; i < s->system_count; i++) {
        if (s->systems[i]->ours || s->systems[i]->left_over) {
            print_message("with %s: %s is %s%s\n", what, s->systems[i]->id,
                          s->systems[i]->state_text, s->systems[i]->left_over ? ", left over" : "");
        }
    }
    for (size_t i = 0; i < s->leftover_count; i++) {
        print_message("with %s: left behind: %s: %s\n", what, s->leftovers[i]->title,
                      s->leftovers[i]->text);
    }
}

void fault_assert_clears(struct fault_rig *rig, const char *what)
{
    assert_true(fault_until(rig, fault_link_is_live, NULL, 20));
    hvgpu_refresh(rig->host);
    hvgpu_wait(rig->host, WAIT_MS);
    while (hvgpu_snapshot(rig->host)->leftover_count > 0) {
        recover_one(rig, what);
    }
    const struct hvgpu_request rm = {.verb = HVGPU_REMOVE, .target = "c1", .force = true};
    for (int i = 0; i < RECOVER_TRIES && !fault_until(rig, none_of_ours, NULL, i > 0 ? 1 : 0);
         i++) {
        struct hvgpu_error err = {0};
        uint64_t id = 0;
        if (hvgpu_submit(rig->host, &rm, &id, &err) == HVGPU_OK) {
            (void)fault_end(rig, id, JOB_S);
        }
    }
    bool cleared = fault_until(rig, none_of_ours, NULL, 5);
    /* A list of left-overs may have been read meanwhile that names what rm took away. */
    for (int i = 0; i < RECOVER_TRIES && !fault_until(rig, no_leftovers, NULL, i > 0 ? 1 : 0);
         i++) {
        recover_one(rig, what);
    }
    if (!cleared || !fault_until(rig, no_leftovers, NULL, 5)) {
        list_everything(rig, what);
        fail_msg("with %s: not everything could be removed", what);
    }
    if (fault_partitions_of(hvgpu_snapshot(rig->host), "c1") != 0) {
        fail_msg("with %s: a partition is still held", what);
    }
}
