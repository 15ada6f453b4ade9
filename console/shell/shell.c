/* SPDX-License-Identifier: MIT
 *
 * The program without a screen: finds the command and runs it; help and version.
 */
#include "console/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "console/command.h"
#include "console/shell/commands.h"
#include "console/shell/options.h"
#include "console/shell/session.h"
#include "core/base/text.h"

static void list_commands(FILE *out)
{
    fprintf(out, "usage: hvgpu [-c URI] [console options]      the console\n"
                 "       hvgpu COMMAND [options] [arguments]   from a shell\n\ncommands\n");
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (c->shell != NULL) {
            fprintf(out, "  %-12s %s\n", c->name, c->summary);
        }
    }
    fprintf(out, "\nhvgpu help COMMAND tells its options. Hosts:\n");
    for (const struct hvgpu_scheme *s = hvgpu_schemes(); s->scheme != NULL; s++) {
        fprintf(out, "  %s:  %s\n", s->scheme, s->summary);
    }
    fprintf(out, "\nexit status: 0 done or all present, 1 failed or absent, 2 usage, 3 unknown,\n"
                 "             77 nothing to test; exec and launch --rm: the process's own\n");
}

int shell_help(struct shell *shell, int argc, char **argv)
{
    if (argc < 2) {
        list_commands(shell->out);
        return SHELL_OK;
    }
    const struct command *command = command_find(argv[1]);
    if (command == NULL || command->shell == NULL) {
        fprintf(shell->err, "hvgpu: no command \"%s\"; see hvgpu help\n", argv[1]);
        return SHELL_USAGE;
    }
    if (command->shell == shell_help) {
        list_commands(shell->out);
        return SHELL_OK;
    }
    char flag[] = "--help";
    char *words[] = {argv[1], flag, NULL};
    return command->shell(shell, 2, words);
}

/* "hvgpu -c URI --json gpus": the common options may stand before the command. */
static int skip_common(struct shell *shell, int argc, char **argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-') {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
            shell->uri = argv[i + 1];
            i += 2;
        } else if (strcmp(argv[i], "--json") == 0) {
            shell->json = true;
            i++;
        } else if (strcmp(argv[i], "--dry-run") == 0) {
            shell->dry_run = true;
            i++;
        } else if (strcmp(argv[i], "--read-only") == 0) {
            shell->read_only = true;
            i++;
        } else {
            break;
        }
    }
    return i;
}

int shell_main(int argc, char **argv)
{
    struct shell shell = {.out = stdout, .err = stderr};
    const char *host = getenv("HVGPU_HOST");
    shell.uri = host != NULL && host[0] != '\0' ? host : NULL;
    int first = skip_common(&shell, argc, argv);
    if (first >= argc) {
        fprintf(stderr, "hvgpu: no command; see hvgpu help\n");
        return SHELL_USAGE;
    }
    if (strcmp(argv[first], "report") == 0) { /* the console's, when it has no terminal */
        int reported = shell_report(&shell, argc - first, argv + first);
        session_close(&shell);
        return reported;
    }
    const struct command *command = command_find(argv[first]);
    if (command == NULL || command->shell == NULL) {
        char name[80];
        fprintf(stderr, "hvgpu: no command \"%s\"; see hvgpu help\n",
                text_clean(name, sizeof name, argv[first]));
        return SHELL_USAGE;
    }
    int status = command->shell(&shell, argc - first, argv + first);
    session_close(&shell);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return status == SHELL_OK ? SHELL_FAILED : status;
    }
    return status;
}
