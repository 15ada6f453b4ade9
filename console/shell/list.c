/* SPDX-License-Identifier: MIT
 *
 * The commands that only look: gpus, containers, images, inspect, events, version, and the one-shot
 * report of a console without a terminal.
 */
#include <stdlib.h>
#include <string.h>

#include "console/fitting_image.h"
#include "console/shell/commands.h"
#include "console/shell/options.h"
#include "console/shell/print.h"
#include "console/shell/session.h"
#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

/* Parses, refuses positional arguments beyond `most`, opens the host. */
static bool begin(struct shell *shell, int argc, char **argv, struct arguments *arguments,
                  size_t least, size_t most, int *status)
{
    bool helped = false;
    if (!options_parse(shell, argc, argv, arguments, &helped)) {
        *status = helped ? SHELL_OK : SHELL_USAGE;
        return false;
    }
    if (arguments->positional_count < least || arguments->positional_count > most) {
        fprintf(shell->err, "hvgpu %s: %s; see hvgpu help %s\n", argv[0],
                arguments->positional_count < least ? "an ID is missing" : "too many arguments",
                argv[0]);
        *status = SHELL_USAGE;
        return false;
    }
    return session_open(shell, false, status);
}

/* 1 when the host cannot be asked, so that an empty list is never a green answer. */
static int look_status(const struct shell *shell)
{
    return shell->snapshot->host->link == HVGPU_LINK_LIVE ? SHELL_OK : SHELL_FAILED;
}

static void partitions_text(const struct hvgpu_gpu *gpu, char *out, size_t size)
{
    if (!gpu->partition_total.known) {
        snprintf(out, size, "-");
        return;
    }
    int used = snprintf(out, size, "%zu known of %llu", gpu->partition_count,
                        (unsigned long long)gpu->partition_total.value);
    if (gpu->any_count > 0 && used > 0 && (size_t)used < size) {
        snprintf(out + used, size - (size_t)used, ", +%u any", gpu->any_count);
    }
}

static void table_gpus(struct shell *shell)
{
    static const char *const headings[] = {"ID",   "NAME",       "STATE",   "BUS", "DRIVER",
                                           "VRAM", "PARTITIONS", "HOLDERS", "LOAD"};
    struct print_table *table = print_table_new(headings, 9);
    for (size_t i = 0; i < shell->snapshot->gpu_count; i++) {
        const struct hvgpu_gpu *gpu = shell->snapshot->gpus[i];
        char text[64];
        char partitions[64];
        struct text holders;
        text_init(&holders, 512);
        for (size_t p = 0; p < gpu->partition_count && holders.len < 200; p++) {
            text_addf(&holders, "%s%u:%s", p > 0 ? "," : "", gpu->partitions[p].number,
                      gpu->partitions[p].system_id != NULL ? gpu->partitions[p].system_id : "?");
        }
        if (gpu->dda_holder != NULL) {
            text_add(&holders, gpu->dda_holder);
        }
        partitions_text(gpu, partitions, sizeof partitions);
        print_cell(table, gpu->id);
        print_cell(table, gpu->name);
        print_cell(table, gpu->state_text);
        print_cell(table, gpu->location);
        print_cell(table, gpu->driver_version);
        print_cell(table, print_bytes(text, sizeof text, gpu->vram_bytes));
        print_cell(table, partitions);
        print_cell(table, holders.data);
        print_cell(table, print_percent(text, sizeof text, gpu->load_permille));
        text_free(&holders);
    }
    print_table_end(table, shell->out);
}

int shell_gpus(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {{.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!begin(shell, argc, argv, &arguments, 0, 0, &status)) {
        return status;
    }
    if (shell->json) {
        return print_json(shell, hvgpu_json_gpus(shell->snapshot)) ? look_status(shell)
                                                                   : SHELL_FAILED;
    }
    table_gpus(shell);
    return look_status(shell);
}

static const char *init_text(const struct hvgpu_system *system)
{
    if (system->left_over) {
        return "left over: hvgpu rm removes it";
    }
    if (system->ours && system->init_state == HVGPU_INIT_ENDED) {
        return system->gpu_mode == HVGPU_MODE_NONE ? "ended" : "ended, still holds the GPU";
    }
    return NULL;
}

static void table_containers(struct shell *shell, bool all)
{
    static const char *const headings[] = {"ID",    "TYPE", "STATE",  "OWNER", "IMAGE", "GPU",
                                           "CHECK", "CPU",  "MEMORY", "AGE",   "NOTE"};
    struct print_table *table = print_table_new(headings, 11);
    for (size_t i = 0; i < shell->snapshot->system_count; i++) {
        const struct hvgpu_system *s = shell->snapshot->systems[i];
        if (!all && !s->ours) {
            continue;
        }
        char text[64];
        const struct hvgpu_check *check = hvgpu_find_check(shell->snapshot, s->id);
        print_cellf(table, "%s%s", s->host_id != NULL ? "  " : "", s->id);
        print_cell(table, s->kind_text);
        print_cell(table, s->state_text);
        print_cell(table, s->owner_text);
        print_cell(table, s->image);
        print_cell(table, s->gpu_text);
        print_cell(table, check != NULL ? hvgpu_verdict_name(check->verdict) : NULL);
        print_cell(table, print_percent(text, sizeof text, s->cpu_permille));
        print_cell(table, print_bytes(text, sizeof text, s->memory_bytes));
        print_cell(table,
                   print_age(text, sizeof text, s->created_ms, shell->snapshot->host->time_ms));
        print_cell(table, init_text(s));
    }
    print_table_end(table, shell->out);
}

static void tell_leftovers(struct shell *shell)
{
    for (size_t i = 0; i < shell->snapshot->leftover_count; i++) {
        const struct hvgpu_leftover *left = shell->snapshot->leftovers[i];
        fprintf(shell->err,
                "hvgpu: an interrupted job left something behind: %s: %s\n"
                "       undo it with: hvgpu rm %s\n",
                left->title, left->text, left->journal);
    }
}

int shell_containers(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {{.name = "--own", .help = "only those that hvgpu launched"},
                               {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!begin(shell, argc, argv, &arguments, 0, 0, &status)) {
        return status;
    }
    bool all = !option_given(&arguments, "--own");
    if (shell->json) {
        return print_json(shell, hvgpu_json_systems(shell->snapshot, all)) ? look_status(shell)
                                                                           : SHELL_FAILED;
    }
    table_containers(shell, all);
    tell_leftovers(shell);
    return look_status(shell);
}

static const char *answer_word(enum hvgpu_answer answer)
{
    return answer == HVGPU_ANSWER_YES ? "yes" : answer == HVGPU_ANSWER_NO ? "no" : NULL;
}

static void table_images(struct shell *shell)
{
    static const char *const headings[] = {"NAME", "STORE", "VERSION", "UTILITYVM", "GPU", "WHY"};
    struct print_table *table = print_table_new(headings, 6);
    for (size_t i = 0; i < shell->snapshot->image_count; i++) {
        const struct hvgpu_image *image = shell->snapshot->images[i];
        print_cell(table, image->name);
        print_cell(table, image->store);
        print_cell(table, image->os_version);
        print_cell(table, answer_word(image->has_utility_vm));
        print_cell(table, answer_word(image->can_carry_gpu));
        print_cell(table, image->reason);
    }
    print_table_end(table, shell->out);
}

int shell_images(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {{.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!begin(shell, argc, argv, &arguments, 0, 0, &status)) {
        return status;
    }
    if (shell->json) {
        return print_json(shell, hvgpu_json_images(shell->snapshot)) ? look_status(shell)
                                                                     : SHELL_FAILED;
    }
    table_images(shell);
    if (shell->snapshot->image_count == 0 && look_status(shell) == SHELL_OK) {
        const char *name = fitting_image(shell->snapshot->host->build);
        fprintf(shell->err,
                "hvgpu: no local image; one that fits this host and can carry a GPU: %s\n"
                "       docker pull %s\n"
                "       ctr images pull %s\n",
                name, name, name);
    }
    return look_status(shell);
}

int shell_inspect(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {{.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!begin(shell, argc, argv, &arguments, 1, 1, &status)) {
        return status;
    }
    struct hvgpu_request request = {.verb = HVGPU_INSPECT, .target = arguments.positional[0]};
    struct session_follow follow = {.quiet = true};
    const struct hvgpu_job *job = session_run(shell, &request, &follow, &status);
    if (job == NULL) {
        return status;
    }
    status = session_report(shell, job);
    if (job->result == NULL) {
        return SHELL_FAILED;
    }
    struct hvgpu_error err = {0};
    struct json *result = NULL;
    if (json_parse(job->result, strlen(job->result), "inspect", &result, &err) != HVGPU_OK) {
        print_failure(shell, &err);
        return SHELL_FAILED;
    }
    bool printed = print_json(shell, json_print_pretty(result));
    json_free(result);
    return printed ? status : SHELL_FAILED;
}

/* ---- events ---- */

static void print_event(struct shell *shell, const struct hvgpu_event *event)
{
    if (shell->json) {
        print_json(shell, hvgpu_json_event(shell->snapshot, event));
        return;
    }
    char clock[40];
    char words[512];
    text_iso(clock, sizeof clock, event->time_ms);
    hvgpu_event_text(event, words, sizeof words);
    fprintf(shell->out, "%s  %-28s  %-36s  %s\n", clock, event->kind,
            event->system_id[0] != '\0' ? event->system_id : "-", words);
}

static bool event_wanted(const struct hvgpu_event *event, const char *system, const char *kind)
{
    return (system == NULL || text_equal_nocase(event->system_id, system)) &&
           (kind == NULL || text_equal_nocase(event->kind, kind));
}

int shell_events(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--follow", .help = "until interrupted"},
        {.name = "--for", .value = "SECONDS", .help = "listen so long (default 3)"},
        {.name = "--count", .value = "N", .help = "end after so many events"},
        {.name = "--system", .value = "ID", .help = "only events of this compute system"},
        {.name = "--kind", .value = "KIND", .help = "only events of this kind, e.g. SystemExited"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!begin(shell, argc, argv, &arguments, 0, 0, &status)) {
        return status;
    }
    uint64_t seconds = 3;
    uint64_t most = UINT64_MAX;
    const char *for_text = option_value(&arguments, "--for");
    const char *count_text = option_value(&arguments, "--count");
    if ((for_text != NULL && !text_to_u64(for_text, 0, 31536000, &seconds)) ||
        (count_text != NULL && !text_to_u64(count_text, 1, UINT64_MAX, &most))) {
        fprintf(shell->err, "hvgpu events: --for and --count take numbers\n");
        return SHELL_USAGE;
    }
    bool follow = option_given(&arguments, "--follow") || (count_text != NULL && for_text == NULL);
    int64_t deadline = os_now_ns() + (int64_t)seconds * 1000000000;
    uint64_t next = shell->snapshot->event_first;
    uint64_t lost = 0;
    uint64_t told = 0;
    while (told < most && !session_interrupted() && (follow || os_now_ns() < deadline)) {
        const struct hvgpu_snapshot *s = shell->snapshot;
        if (s->events_lost > lost) {
            fprintf(shell->err, "hvgpu: %llu events were lost\n",
                    (unsigned long long)(s->events_lost - lost));
            lost = s->events_lost;
        }
        for (size_t i = 0; i < s->event_count && told < most; i++) {
            const struct hvgpu_event *event = hvgpu_event_at(shell->host, i);
            if (event->sequence < next) {
                continue;
            }
            next = event->sequence + 1;
            if (event_wanted(event, option_value(&arguments, "--system"),
                             option_value(&arguments, "--kind"))) {
                print_event(shell, event);
                told++;
            }
        }
        fflush(shell->out);
        if (ferror(shell->out)) {
            return SHELL_FAILED;
        }
        int64_t left_ms = (deadline - os_now_ns()) / 1000000 + 1;
        if (told < most) {
            session_wait(shell, follow || left_ms > 1000 ? 1000 : (int)left_ms);
        }
    }
    return look_status(shell);
}

int shell_version(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {{.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    bool helped = false;
    if (!options_parse(shell, argc, argv, &arguments, &helped)) {
        return helped ? SHELL_OK : SHELL_USAGE;
    }
    if (!shell->json) {
        fprintf(shell->out, "hvgpu %s\n", HVGPU_VERSION);
        for (const struct hvgpu_scheme *s = hvgpu_schemes(); s->scheme != NULL; s++) {
            fprintf(shell->out, "  %s:  %s\n", s->scheme, s->summary);
        }
        return SHELL_OK;
    }
    struct json *version = json_new_object();
    json_add_u64(version, "schema_version", 1);
    json_add_string(version, "version", HVGPU_VERSION);
    struct json *schemes = json_add_array(version, "connections");
    for (const struct hvgpu_scheme *s = hvgpu_schemes(); s->scheme != NULL; s++) {
        json_append(schemes, json_new_string(s->scheme));
    }
    bool printed = print_json(shell, json_print(version));
    json_free(version);
    return printed ? SHELL_OK : SHELL_FAILED;
}

/* ---- the one-shot report ---- */

int shell_report(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {{.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!begin(shell, argc, argv, &arguments, 0, 0, &status)) {
        return status;
    }
    const struct hvgpu_host *host = shell->snapshot->host;
    fprintf(shell->out, "%s  %s%s\n", host->name != NULL ? host->name : "-",
            host->edition != NULL ? host->edition : "", host->simulated ? "  SIMULATED" : "");
    if (host->simulation != NULL) {
        fprintf(shell->out, "%s\n", host->simulation);
    }
    fprintf(shell->out, "\nGPUs (%zu)\n", shell->snapshot->gpu_count);
    table_gpus(shell);
    fprintf(shell->out, "\nContainers (%zu)\n", shell->snapshot->system_count);
    table_containers(shell, true);
    fprintf(shell->out, "\nImages (%zu)\n", shell->snapshot->image_count);
    table_images(shell);
    tell_leftovers(shell);
    return look_status(shell);
}
