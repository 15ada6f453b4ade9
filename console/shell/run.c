/* SPDX-License-Identifier: MIT
 *
 * exec: a process in a container, with its output, input and exit code.
 */
#include <stdlib.h>

#include "console/shell/commands.h"
#include "console/shell/options.h"
#include "console/shell/session.h"

int shell_exit_code(struct shell *shell, const struct hvgpu_job *job, int status)
{
    if (!job->exit_code.known) {
        return status == SHELL_OK ? SHELL_OK : SHELL_OWN_FAILURE;
    }
    if (job->exit_code.value > 255) {
        fprintf(shell->err, "hvgpu: the process ended with code 0x%08llX (%llu)\n",
                (unsigned long long)job->exit_code.value, (unsigned long long)job->exit_code.value);
        return SHELL_OWN_FAILURE;
    }
    return status == SHELL_OK ? (int)job->exit_code.value : SHELL_OWN_FAILURE;
}

int shell_exec(struct shell *shell, int argc, char **argv)
{
    struct option options[] = {
        {.name = "-i", .help = "pass standard input"},
        {.name = "--vm", .help = "in the container's utility VM instead"},
        {.name = "--user", .value = "NAME", .help = "e.g. ContainerAdministrator"},
        {.name = "--foreign", .value = "OWNER", .help = "the system belongs to this owner"},
        {.name = NULL}};
    struct arguments arguments = {.options = options, .rest_after = 1};
    bool helped = false;
    if (!options_parse(shell, argc, argv, &arguments, &helped)) {
        return helped ? SHELL_OK : SHELL_USAGE;
    }
    char *command = options_command_line(arguments.rest, arguments.rest_count);
    if (arguments.positional_count != 1 || command == NULL) {
        fprintf(shell->err, "hvgpu exec: an ID and a command; see hvgpu help exec\n");
        free(command);
        return SHELL_USAGE;
    }
    struct hvgpu_request request = {.verb = HVGPU_EXEC,
                                    .target = arguments.positional[0],
                                    .foreign = option_value(&arguments, "--foreign"),
                                    .command = command,
                                    .user = option_value(&arguments, "--user"),
                                    .in_vm = option_given(&arguments, "--vm"),
                                    .interactive = option_given(&arguments, "-i")};
    int status = SHELL_OK;
    if (!session_open(shell, true, &status)) {
        free(command);
        return status == SHELL_USAGE ? status : SHELL_OWN_FAILURE;
    }
    if (shell->dry_run) {
        status = session_dry_run(shell, &request);
        free(command);
        return status;
    }
    struct session_follow follow = {
        .quiet = true, .pass_output = true, .pass_input = request.interactive};
    const struct hvgpu_job *job = session_run(shell, &request, &follow, &status);
    free(command);
    if (job == NULL) {
        return status == SHELL_USAGE ? status : SHELL_OWN_FAILURE;
    }
    status = session_report(shell, job);
    return shell_exit_code(shell, job, status);
}
