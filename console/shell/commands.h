/* SPDX-License-Identifier: MIT
 *
 * The shell side of the command table: one function a shell command. argv[0] is the command's name;
 * the return value is the exit status (enum shell_status).
 */
#ifndef HVGPU_CONSOLE_SHELL_COMMANDS_H
#define HVGPU_CONSOLE_SHELL_COMMANDS_H

struct hvgpu_job;
struct shell;

int shell_gpus(struct shell *shell, int argc, char **argv);
int shell_containers(struct shell *shell, int argc, char **argv);
int shell_images(struct shell *shell, int argc, char **argv);
int shell_inspect(struct shell *shell, int argc, char **argv);
int shell_launch(struct shell *shell, int argc, char **argv);
int shell_attach(struct shell *shell, int argc, char **argv);
int shell_detach(struct shell *shell, int argc, char **argv);
int shell_stop(struct shell *shell, int argc, char **argv);
int shell_rm(struct shell *shell, int argc, char **argv);
int shell_exec(struct shell *shell, int argc, char **argv);
int shell_check(struct shell *shell, int argc, char **argv);
int shell_verify(struct shell *shell, int argc, char **argv);
int shell_events(struct shell *shell, int argc, char **argv);
int shell_version(struct shell *shell, int argc, char **argv);
int shell_help(struct shell *shell, int argc, char **argv);
/* The one-shot report of a console that has no terminal; not listed in help. */
int shell_report(struct shell *shell, int argc, char **argv);

/* The exit status of exec and launch --rm: the process's code, or 125 with the reason told. */
int shell_exit_code(struct shell *shell, const struct hvgpu_job *job, int status);

#endif
