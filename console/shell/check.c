/* SPDX-License-Identifier: MIT
 *
 * check and verify: the commands whose exit status is the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "console/shell/commands.h"
#include "console/shell/options.h"
#include "console/shell/print.h"
#include "console/shell/session.h"
#include "core/base/json.h"
#include "core/base/text.h"

/* Worst answer wins: failed, then unknown, then present. */
struct tally {
    unsigned judged, failed, unknown;
};

static void count(struct tally *tally, const struct hvgpu_check *check)
{
    tally->judged++;
    if (check == NULL || check->verdict == HVGPU_VERDICT_UNKNOWN) {
        tally->unknown++;
    } else if (check->verdict != HVGPU_VERDICT_PASS) {
        tally->failed++;
    }
}

static int tally_status(const struct tally *tally)
{
    if (tally->judged == 0) {
        return SHELL_NOTHING;
    }
    return tally->failed > 0 ? SHELL_FAILED : tally->unknown > 0 ? SHELL_UNKNOWN : SHELL_OK;
}

static void print_rungs(struct shell *shell, const char *place, const struct hvgpu_rung *rungs)
{
    for (int i = 0; i < HVGPU_RUNG_COUNT; i++) {
        fprintf(shell->out, "    %-10s %-14s %-9s %s\n", i == 0 ? place : "",
                hvgpu_rung_name((enum hvgpu_rung_kind)i), hvgpu_verdict_name(rungs[i].verdict),
                rungs[i].evidence != NULL ? rungs[i].evidence : "-");
    }
}

static void print_check(struct shell *shell, const struct hvgpu_check *check, bool details)
{
    char took[32] = "";
    if (check->duration_ms.known) {
        text_duration(took, sizeof took, check->duration_ms.value);
    }
    fprintf(shell->out, "%-9s %s: %s%s%s%s\n", hvgpu_verdict_name(check->verdict), check->system_id,
            check->sentence != NULL ? check->sentence : "-", took[0] != '\0' ? " (" : "", took,
            took[0] != '\0' ? ")" : "");
    if (details) {
        print_rungs(shell, "utility VM", check->vm);
        print_rungs(shell, "container", check->container);
    }
}

/* The checks named in ids only, plus the systems that were not entered, as JSON. */
static char *checks_json(struct shell *shell, const char *const *ids, size_t id_count)
{
    char *text = hvgpu_json_checks(shell->snapshot);
    struct json *all = NULL;
    struct hvgpu_error err = {0};
    if (text == NULL || json_parse(text, strlen(text), "checks", &all, &err) != HVGPU_OK) {
        free(text);
        return NULL;
    }
    free(text);
    struct json *kept = json_new_array();
    for (const struct json *c = json_first(json_member(all, "checks")); c != NULL;
         c = json_next(c)) {
        for (size_t i = 0; i < id_count; i++) {
            if (text_equal(json_string(c, "system_id"), ids[i])) {
                json_append(kept, json_copy(c));
                break;
            }
        }
    }
    json_remove(all, "checks");
    json_add(all, "checks", kept);
    text = json_print(all);
    json_free(all);
    return text;
}

/* Runs one check; false: refused or interrupted, *status set. */
static bool check_one(struct shell *shell, const char *id, const char *foreign, int *status)
{
    struct hvgpu_request request = {.verb = HVGPU_CHECK, .target = id, .foreign = foreign};
    struct session_follow follow = {.quiet = true};
    const struct hvgpu_job *job = session_run(shell, &request, &follow, status);
    if (job == NULL) {
        return false;
    }
    if (job->state != HVGPU_JOB_DONE) {
        session_report(shell, job);
    }
    return true;
}

static bool is_container(const struct hvgpu_system *system)
{
    return system->kind == HVGPU_SYSTEM_HYPERV_CONTAINER ||
           system->kind == HVGPU_SYSTEM_PROCESS_CONTAINER;
}

/* The ids to judge: a copy, because every check brings a new snapshot. */
static char **own_containers(struct shell *shell, size_t *out_count)
{
    const struct hvgpu_snapshot *s = shell->snapshot;
    char **ids = calloc(s->system_count + 1, sizeof *ids);
    *out_count = 0;
    for (size_t i = 0; ids != NULL && i < s->system_count; i++) {
        if (s->systems[i]->ours && !s->systems[i]->left_over && is_container(s->systems[i])) {
            ids[*out_count] = text_copy(s->systems[i]->id);
            *out_count += ids[*out_count] != NULL;
        }
    }
    return ids;
}

static void tell_not_checked(struct shell *shell)
{
    for (size_t i = 0; i < shell->snapshot->system_count; i++) {
        const struct hvgpu_system *system = shell->snapshot->systems[i];
        if (!system->ours) {
            fprintf(shell->out, "%-9s %s: not checked: a system of %s\n", "-", system->id,
                    system->owner_text != NULL ? system->owner_text : "somebody else");
        }
    }
}

static int check_all(struct shell *shell, bool all)
{
    size_t id_count = 0;
    int status = SHELL_OK;
    char **ids = own_containers(shell, &id_count);
    struct tally tally = {0};
    for (size_t i = 0; ids != NULL && i < id_count && !session_interrupted(); i++) {
        bool ran = check_one(shell, ids[i], NULL, &status);
        const struct hvgpu_check *check = ran ? hvgpu_find_check(shell->snapshot, ids[i]) : NULL;
        count(&tally, check);
        if (!shell->json && check != NULL) {
            print_check(shell, check, false);
        }
    }
    if (shell->json) {
        print_json(shell, checks_json(shell, (const char *const *)ids, id_count));
    } else if (all) {
        tell_not_checked(shell);
    }
    if (tally.judged == 0) {
        fprintf(shell->err, "hvgpu: no container launched by hvgpu: nothing to judge\n");
    }
    for (size_t i = 0; ids != NULL && i < id_count; i++) {
        free(ids[i]);
    }
    free(ids);
    return tally_status(&tally);
}

int shell_check(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--all", .help = "list systems of others too, as not checked"},
        {.name = "--foreign",
         .value = "OWNER",
         .help = "enter a system of this owner (runs the probe in it)"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    bool helped = false;
    int status = SHELL_OK;
    if (!options_parse(shell, argc, argv, &arguments, &helped)) {
        return helped ? SHELL_OK : SHELL_USAGE;
    }
    if (arguments.positional_count > 1) {
        fprintf(shell->err, "hvgpu check: one ID, or none for all that hvgpu launched\n");
        return SHELL_USAGE;
    }
    if (!session_open(shell, true, &status)) {
        return status == SHELL_FAILED ? SHELL_UNKNOWN : status;
    }
    if (arguments.positional_count == 0) {
        return check_all(shell, option_given(&arguments, "--all"));
    }
    if (!check_one(shell, arguments.positional[0], option_value(&arguments, "--foreign"),
                   &status)) {
        return status;
    }
    const char *id = arguments.positional[0];
    const struct hvgpu_check *check = hvgpu_find_check(shell->snapshot, id);
    for (size_t i = 0; check == NULL && i < shell->snapshot->job_count; i++) {
        const struct hvgpu_job *job = shell->snapshot->jobs[i];
        if (text_equal(job->verb, "check") && job->target != NULL) {
            check = hvgpu_find_check(shell->snapshot, job->target);
        }
    }
    struct tally tally = {0};
    count(&tally, check);
    if (shell->json) {
        const char *const ids[] = {check != NULL ? check->system_id : id};
        print_json(shell, checks_json(shell, ids, 1));
    } else if (check != NULL) {
        print_check(shell, check, true);
    }
    return tally_status(&tally);
}

/* ---- verify ---- */

static int verify_status(const struct hvgpu_job *job)
{
    struct json *result = NULL;
    struct hvgpu_error err = {0};
    int status = job->state == HVGPU_JOB_DONE ? SHELL_UNKNOWN : SHELL_FAILED;
    if (job->result == NULL ||
        json_parse(job->result, strlen(job->result), "verify", &result, &err) != HVGPU_OK) {
        return status;
    }
    const char *word = json_string(result, "status");
    if (text_equal(word, "pass")) {
        status = SHELL_OK;
    } else if (text_equal(word, "fail")) {
        status = SHELL_FAILED;
    } else if (text_equal(word, "unknown")) {
        status = SHELL_UNKNOWN;
    } else if (text_equal(word, "nothing")) {
        status = SHELL_NOTHING;
    }
    json_free(result);
    return status;
}

int shell_verify(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--gpu",
         .value = "ID",
         .help = "the GPU to verify (default: the first that fits)"},
        {.name = "--image", .value = "NAME", .help = "the image (default: the first that fits)"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    bool helped = false;
    int status = SHELL_OK;
    if (!options_parse(shell, argc, argv, &arguments, &helped)) {
        return helped ? SHELL_OK : SHELL_USAGE;
    }
    if (arguments.positional_count > 0) {
        fprintf(shell->err, "hvgpu verify: takes options only; see hvgpu help verify\n");
        return SHELL_USAGE;
    }
    /* Not need_live: that the host cannot is a step's failure, with its evidence. */
    if (!session_open(shell, false, &status)) {
        return status;
    }
    struct hvgpu_gpu_request gpu = {.gpu = option_value(&arguments, "--gpu")};
    struct hvgpu_request request = {.verb = HVGPU_VERIFY,
                                    .launch = {.image = option_value(&arguments, "--image"),
                                               .gpus = &gpu,
                                               .gpu_count = gpu.gpu != NULL ? 1 : 0}};
    if (shell->dry_run) {
        return session_dry_run(shell, &request);
    }
    struct session_follow follow = {.quiet = shell->json};
    const struct hvgpu_job *job = session_run(shell, &request, &follow, &status);
    if (job == NULL) {
        return status;
    }
    session_report(shell, job);
    if (shell->json && !print_json(shell, hvgpu_json_job(shell->snapshot, job))) {
        return SHELL_FAILED;
    }
    status = verify_status(job);
    if (!shell->json) {
        static const char *const words[] = {"pass", "fail", "usage", "unknown"};
        fprintf(shell->out, "verify: %s\n",
                status == SHELL_NOTHING ? "nothing to test" : words[status & 3]);
    }
    return status;
}
