/* SPDX-License-Identifier: MIT
 *
 * The commands that change something: launch, attach, detach, stop, rm.
 */
#include <stdlib.h>
#include <string.h>

#include "console/shell/commands.h"
#include "console/shell/options.h"
#include "console/shell/print.h"
#include "console/shell/session.h"
#include "core/base/text.h"

static bool parse(struct shell *shell, int argc, char **argv, struct arguments *arguments,
                  size_t positional, int *status)
{
    bool helped = false;
    if (!options_parse(shell, argc, argv, arguments, &helped)) {
        *status = helped ? SHELL_OK : SHELL_USAGE;
        return false;
    }
    if (arguments->positional_count != positional) {
        fprintf(shell->err, "hvgpu %s: %s; see hvgpu help %s\n", argv[0],
                arguments->positional_count < positional ? "an ID is missing"
                                                         : "too many arguments",
                argv[0]);
        *status = SHELL_USAGE;
        return false;
    }
    return true;
}

static bool usage(struct shell *shell, const char *command, const char *what, const char *value)
{
    fprintf(shell->err, "hvgpu %s: %s: %s\n", command, what, value);
    return false;
}

/* "ID[:PARTITION]": the partition is what follows the last colon, when that is a number. */
static bool parse_gpu(struct shell *shell, const char *command, const char *text,
                      struct hvgpu_gpu_request *out, char **owned)
{
    *owned = text_copy(text);
    if (*owned == NULL) {
        return usage(shell, command, "out of memory", text);
    }
    char *colon = strrchr(*owned, ':');
    if (colon != NULL) {
        uint64_t number = 0;
        if (!text_to_u64(colon + 1, 0, 65534, &number)) {
            return usage(shell, command, "--gpu ID:PARTITION needs a number from 0 to 65534", text);
        }
        *colon = '\0';
        out->partition = (struct hvgpu_number){.value = number, .known = true};
    }
    out->gpu = *owned;
    return (*owned)[0] != '\0' || usage(shell, command, "--gpu needs an id", text);
}

/* "TYPE://ID" */
static bool parse_device(struct shell *shell, const char *text, struct hvgpu_device_request *out,
                         char **owned)
{
    const char *mark = strstr(text, "://");
    if (mark == NULL || mark == text || mark[3] == '\0') {
        return usage(shell, "launch",
                     "--device is written TYPE://ID, e.g. vpci://PCIP\\VEN_10DE...", text);
    }
    *owned = text_copy(text);
    if (*owned == NULL) {
        return usage(shell, "launch", "out of memory", text);
    }
    (*owned)[mark - text] = '\0';
    out->type = *owned;
    out->id = *owned + (mark - text) + 3;
    return true;
}

/* "HOST:GUEST[:ro]" where both may begin with a drive letter ("C:\data:C:\data:ro"). */
static bool parse_mount(struct shell *shell, const char *text, struct hvgpu_mount *out,
                        char **owned)
{
    *owned = text_copy(text);
    if (*owned == NULL) {
        return usage(shell, "launch", "out of memory", text);
    }
    char *s = *owned;
    size_t length = strlen(s);
    if (length > 3 && text_ends_nocase(s, ":ro")) {
        out->read_only = true;
        s[length - 3] = '\0';
    } else if (length > 3 && text_ends_nocase(s, ":rw")) {
        s[length - 3] = '\0';
    }
    char *from = s[0] != '\0' && s[1] == ':' ? s + 2 : s;
    char *colon = strchr(from, ':');
    if (colon == NULL || colon == s || colon[1] == '\0') {
        return usage(shell, "launch",
                     "--mount is written HOST:GUEST[:ro], e.g. C:\\data:C:\\data:ro", text);
    }
    *colon = '\0';
    out->host_path = s;
    out->guest_path = colon + 1;
    return true;
}

/* All that a request points to and that was made here. */
struct parsed {
    struct hvgpu_gpu_request gpus[OPTION_MAX_VALUES];
    struct hvgpu_device_request devices[OPTION_MAX_VALUES];
    struct hvgpu_mount mounts[OPTION_MAX_VALUES];
    char *owned[3 * OPTION_MAX_VALUES];
    size_t owned_count;
    char *command;
};

static void parsed_free(struct parsed *parsed)
{
    for (size_t i = 0; i < parsed->owned_count; i++) {
        free(parsed->owned[i]);
    }
    free(parsed->command);
}

static bool parse_gpus(struct shell *shell, const char *command, const struct option *option,
                       struct parsed *parsed, size_t *count)
{
    for (size_t i = 0; i < option->count; i++) {
        if (!parse_gpu(shell, command, option->values[i], &parsed->gpus[i],
                       &parsed->owned[parsed->owned_count++])) {
            return false;
        }
    }
    *count = option->count;
    return true;
}

static bool number_option(struct shell *shell, const struct arguments *arguments,
                          const char *command, const char *name, uint64_t min, uint64_t max,
                          uint64_t *out)
{
    const char *value = option_value(arguments, name);
    if (value == NULL || text_to_u64(value, min, max, out)) {
        return true;
    }
    fprintf(shell->err, "hvgpu %s: %s takes a number from %llu to %llu, not \"%s\"\n", command,
            name, (unsigned long long)min, (unsigned long long)max, value);
    return false;
}

static int finish(struct shell *shell, const struct hvgpu_job *job, int status)
{
    if (shell->json && !print_json(shell, hvgpu_json_job(shell->snapshot, job))) {
        return SHELL_FAILED;
    }
    return status;
}

/* Runs a changing request, or shows what it would do. */
static int change(struct shell *shell, const struct hvgpu_request *request)
{
    int status = SHELL_OK;
    if (!session_open(shell, true, &status)) {
        return status;
    }
    if (shell->dry_run) {
        return session_dry_run(shell, request);
    }
    struct session_follow follow = {.quiet = shell->json};
    const struct hvgpu_job *job = session_run(shell, request, &follow, &status);
    if (job == NULL) {
        return status;
    }
    return finish(shell, job, session_report(shell, job));
}

/* ---- launch ---- */

static bool fill_launch(struct shell *shell, const struct arguments *arguments,
                        struct parsed *parsed, struct hvgpu_launch *launch)
{
    uint64_t memory = 0;
    uint64_t cpus = 0;
    if (!number_option(shell, arguments, "launch", "--memory", 2, 64u << 20, &memory) ||
        !number_option(shell, arguments, "launch", "--cpus", 1, 2048, &cpus) ||
        !parse_gpus(shell, "launch", option_get(arguments, "--gpu"), parsed, &launch->gpu_count)) {
        return false;
    }
    const struct option *devices = option_get(arguments, "--device");
    const struct option *mounts = option_get(arguments, "--mount");
    for (size_t i = 0; i < devices->count; i++) {
        if (!parse_device(shell, devices->values[i], &parsed->devices[i],
                          &parsed->owned[parsed->owned_count++])) {
            return false;
        }
    }
    for (size_t i = 0; i < mounts->count; i++) {
        if (!parse_mount(shell, mounts->values[i], &parsed->mounts[i],
                         &parsed->owned[parsed->owned_count++])) {
            return false;
        }
    }
    const struct option *layers = option_get(arguments, "--layer");
    const struct option *drivers = option_get(arguments, "--driver-dir");
    launch->name = option_value(arguments, "--name");
    launch->image = option_value(arguments, "--image");
    launch->layers = layers->values;
    launch->layer_count = layers->count;
    launch->uvm_scratch = option_value(arguments, "--uvm-scratch");
    launch->scratch = option_value(arguments, "--scratch");
    launch->gpus = parsed->gpus;
    launch->gpu_mirror = option_given(arguments, "--gpu-mirror");
    launch->devices = parsed->devices;
    launch->device_count = devices->count;
    launch->driver_dirs = drivers->values;
    launch->driver_dir_count = drivers->count;
    launch->memory_mb = memory;
    launch->fully_backed = option_given(arguments, "--fully-backed");
    launch->cpus = (unsigned)cpus;
    launch->mounts = parsed->mounts;
    launch->mount_count = mounts->count;
    launch->remove = option_given(arguments, "--rm");
    launch->keep = option_given(arguments, "--keep");
    parsed->command = options_command_line(arguments->rest, arguments->rest_count);
    launch->command = parsed->command;
    return true;
}

/* The status of a launch that is done: the GPU that was asked for must be there. */
static int launch_status(struct shell *shell, const struct hvgpu_job *job,
                         const struct hvgpu_launch *launch)
{
    if (launch->gpu_count == 0 && !launch->gpu_mirror && launch->device_count == 0) {
        return SHELL_OK;
    }
    const struct hvgpu_check *check =
        job->target != NULL ? hvgpu_find_check(shell->snapshot, job->target) : NULL;
    if (check == NULL || check->verdict == HVGPU_VERDICT_UNKNOWN) {
        fprintf(shell->err, "hvgpu: %s\n",
                check != NULL && check->sentence != NULL ? check->sentence : "presence not known");
        return SHELL_UNKNOWN;
    }
    if (!shell->json) {
        fprintf(shell->err, "%s: %s\n", hvgpu_verdict_name(check->verdict), check->sentence);
    }
    return check->verdict == HVGPU_VERDICT_PASS ? SHELL_OK : SHELL_FAILED;
}

static int run_launch(struct shell *shell, const struct hvgpu_request *request)
{
    const struct hvgpu_launch *launch = &request->launch;
    int status = SHELL_OK;
    if (!session_open(shell, true, &status)) {
        return launch->remove ? SHELL_OWN_FAILURE : status;
    }
    if (shell->dry_run) {
        return session_dry_run(shell, request);
    }
    struct session_follow follow = {.quiet = shell->json || launch->remove,
                                    .pass_output = launch->remove};
    const struct hvgpu_job *job = session_run(shell, request, &follow, &status);
    if (job == NULL) {
        return launch->remove && status != SHELL_USAGE ? SHELL_OWN_FAILURE : status;
    }
    status = session_report(shell, job);
    if (launch->remove) {
        return shell_exit_code(shell, job, status);
    }
    if (status == SHELL_OK) {
        status = launch_status(shell, job, launch);
        if (!shell->json && job->target != NULL) {
            fprintf(shell->out, "%s\n", job->target);
        }
    }
    return finish(shell, job, status);
}

int shell_launch(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--image", .value = "NAME", .help = "a local image (hvgpu images)"},
        {.name = "--layer",
         .value = "DIR",
         .help = "a layer folder, top first, base last",
         .repeats = true},
        {.name = "--uvm-scratch",
         .value = "DIR",
         .help = "folder of the utility VM's scratch disk"},
        {.name = "--scratch", .value = "DIR", .help = "folder of the container's scratch disk"},
        {.name = "--gpu",
         .value = "ID[:PARTITION]",
         .help = "give a GPU or one of its partitions",
         .repeats = true},
        {.name = "--gpu-mirror", .help = "give all GPUs of the host"},
        {.name = "--device",
         .value = "TYPE://ID",
         .repeats = true,
         .help = "assign a dismounted device (vpci, vpci-instance-id)"},
        {.name = "--driver-dir",
         .value = "DIR",
         .repeats = true,
         .help = "driver package to install in the utility VM (with --device)"},
        {.name = "--memory", .value = "MB", .help = "memory of the utility VM"},
        {.name = "--fully-backed", .help = "back all memory physically (implied by --device)"},
        {.name = "--cpus", .value = "N", .help = "processors of the utility VM (default 2)"},
        {.name = "--mount",
         .value = "HOST:GUEST[:ro]",
         .help = "a folder of the host",
         .repeats = true},
        {.name = "--name", .value = "NAME", .help = "the container's id"},
        {.name = "--rm", .help = "stay, pass output through, remove at the end"},
        {.name = "--keep", .help = "on failure undo nothing, for troubleshooting"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = 0};
    int status = SHELL_OK;
    if (!parse(shell, argc, argv, &arguments, 0, &status)) {
        return status;
    }
    struct parsed parsed = {0};
    struct hvgpu_request request = {.verb = HVGPU_LAUNCH};
    status = fill_launch(shell, &arguments, &parsed, &request.launch) ? run_launch(shell, &request)
                                                                      : SHELL_USAGE;
    parsed_free(&parsed);
    return status;
}

/* ---- attach and detach ---- */

int shell_attach(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--gpu",
         .value = "ID[:PARTITION]",
         .help = "the GPU, or one of its partitions",
         .repeats = true},
        {.name = "--gpu-mirror", .help = "all GPUs of the host"},
        {.name = "--foreign", .value = "OWNER", .help = "the system belongs to this owner"},
        {.name = "--confirm",
         .value = "ID",
         .help = "the id again: replace GPUs that cannot be read back"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!parse(shell, argc, argv, &arguments, 1, &status)) {
        return status;
    }
    struct parsed parsed = {0};
    struct hvgpu_request request = {.verb = HVGPU_ATTACH,
                                    .target = arguments.positional[0],
                                    .foreign = option_value(&arguments, "--foreign"),
                                    .confirm = option_value(&arguments, "--confirm"),
                                    .gpus = parsed.gpus,
                                    .gpu_mirror = option_given(&arguments, "--gpu-mirror")};
    bool parsed_gpus =
        parse_gpus(shell, "attach", option_get(&arguments, "--gpu"), &parsed, &request.gpu_count);
    status = parsed_gpus ? change(shell, &request) : SHELL_USAGE;
    parsed_free(&parsed);
    return status;
}

int shell_detach(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--gpu",
         .value = "ID[:PARTITION]",
         .help = "this GPU only (default: all)",
         .repeats = true},
        {.name = "--foreign", .value = "OWNER", .help = "the system belongs to this owner"},
        {.name = "--confirm",
         .value = "ID",
         .help = "the id again: replace GPUs that cannot be read back"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!parse(shell, argc, argv, &arguments, 1, &status)) {
        return status;
    }
    struct parsed parsed = {0};
    struct hvgpu_request request = {.verb = HVGPU_DETACH,
                                    .target = arguments.positional[0],
                                    .foreign = option_value(&arguments, "--foreign"),
                                    .confirm = option_value(&arguments, "--confirm"),
                                    .gpus = parsed.gpus};
    bool parsed_gpus =
        parse_gpus(shell, "detach", option_get(&arguments, "--gpu"), &parsed, &request.gpu_count);
    status = parsed_gpus ? change(shell, &request) : SHELL_USAGE;
    parsed_free(&parsed);
    return status;
}

/* ---- stop and rm ---- */

int shell_stop(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--force", .help = "terminate at once instead of shutting down"},
        {.name = "--timeout", .value = "SECONDS", .help = "grace before force (default 30)"},
        {.name = "--foreign", .value = "OWNER", .help = "the system belongs to this owner"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    uint64_t timeout = 0;
    if (!parse(shell, argc, argv, &arguments, 1, &status)) {
        return status;
    }
    if (!number_option(shell, &arguments, "stop", "--timeout", 1, 86400, &timeout)) {
        return SHELL_USAGE;
    }
    struct hvgpu_request request = {.verb = HVGPU_STOP,
                                    .target = arguments.positional[0],
                                    .foreign = option_value(&arguments, "--foreign"),
                                    .force = option_given(&arguments, "--force"),
                                    .timeout_s = (unsigned)timeout};
    return change(shell, &request);
}

int shell_rm(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "--force", .help = "stop it first when it runs"},
        {.name = "--foreign", .value = "OWNER", .help = "the system belongs to this owner"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = -1};
    int status = SHELL_OK;
    if (!parse(shell, argc, argv, &arguments, 1, &status)) {
        return status;
    }
    struct hvgpu_request request = {
        .verb = text_starts(arguments.positional[0], "job-") ? HVGPU_RECOVER : HVGPU_REMOVE,
        .target = arguments.positional[0],
        .foreign = option_value(&arguments, "--foreign"),
        .force = option_given(&arguments, "--force")};
    return change(shell, &request);
}
