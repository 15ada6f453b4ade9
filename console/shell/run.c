/* SPDX-License-Identifier: MIT
 *
 * exec: a process in a container, with its output, input and exit code.
 */
#include <stdlib.h>

#include "console/shell/commands.h"
#include "console/shell/options.h"
#include "console/shell/session.h"

/* What Windows processes end with that no program chose itself (NTSTATUS values, ntstatus.h). */
static const char *exit_words(uint64_t code)
{
    static const struct {
        uint32_t code;
        const char *words;
    } known[] = {
        {0x40010004, "it was ended by the debugger or at shutdown"},
        {0x80000003, "a breakpoint was hit"},
        {0xC0000005, "access violation"},
        {0xC000001D, "illegal instruction"},
        {0xC0000094, "integer division by zero"},
        {0xC00000FD, "stack overflow"},
        {0xC0000135, "a DLL that it needs was not found"},
        {0xC0000138, "an ordinal was not found in a DLL"},
        {0xC0000139, "an entry point was not found in a DLL"},
        {0xC000013A, "interrupted by Ctrl-C or a closing console"},
        {0xC0000142, "a DLL failed to initialise"},
        {0xC0000374, "heap corruption"},
        {0xC0000409, "stack buffer overrun, or it gave itself up"},
        {0xE06D7363, "an unhandled C++ exception"},
        {0xE0434352, "an unhandled .NET exception"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].code == code) {
            return known[i].words;
        }
    }
    return "a code of its own";
}

int shell_exit_code(struct shell *shell, const struct hvgpu_job *job, int status)
{
    if (!job->exit_code.known) {
        return status == SHELL_OK ? SHELL_OK : SHELL_OWN_FAILURE;
    }
    if (job->exit_code.value > 255) {
        fprintf(shell->err, "hvgpu: the process ended with code 0x%08llX (%llu): %s\n",
                (unsigned long long)job->exit_code.value, (unsigned long long)job->exit_code.value,
                exit_words(job->exit_code.value));
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
