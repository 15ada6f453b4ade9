/* SPDX-License-Identifier: MIT
 *
 * What the programs of the simulated guests share. Private to guest*.c:
 *
 *   guest.c           finds the program of a command line, hands on input, signals, time
 *   guest_shell.c     cmd and its built-in commands
 *   guest_programs.c  ping, findstr, sort, more, timeout, hostname, whoami, tasklist, set
 *   guest_probe.c     gpuprobe, and device-util of hcsshim
 *   guest_drivers.c   pnputil, nvidia-smi
 */
#ifndef HVGPU_SIMULATED_GUEST_RUN_H
#define HVGPU_SIMULATED_GUEST_RUN_H

#include "core/engine/hcs/simulated/guest.h"

#define GUEST_DRIVER_STORE "C:\\Windows\\System32\\HostDriverStore\\FileRepository"
#define GUEST_GPU_MAX      16   /* GPUs that a place can see */
#define GUEST_LINE_MAX     4096 /* a command line; a line of input */
#define GUEST_ARG_MAX      32
#define GUEST_CONTROL_C    0xC000013Au /* STATUS_CONTROL_C_EXIT */

/* What a running process does with input and time; in sim_process.program, so saved states hold
 * these numbers. */
enum guest_program {
    GUEST_NOTHING, /* runs to its end by itself */
    GUEST_PING,    /* a line a second */
    GUEST_SHELL,   /* interactive cmd */
    GUEST_COPY,    /* findstr, more: lines of input to output */
    GUEST_SORT,
    GUEST_QUIET = 0x100 /* flag: output goes to nul */
};

/* One command line on its way to a program. */
struct guest_run {
    struct machine *m;
    struct sim_system *where;
    struct sim_process *p;
    const struct json *parameters;
    int64_t now;
    bool in_shell;             /* started by cmd: an unknown program is a message, not a refusal */
    char line[GUEST_LINE_MAX]; /* what argv points into */
    char *argv[GUEST_ARG_MAX];
    int argc;
    const char *rest;          /* the line behind the program's name, as written */
    char raw[GUEST_LINE_MAX];
};

/* Splits the command line; false: empty or too long. */
bool guest_split(struct guest_run *run, const char *line);
/* "C:\Windows\System32\PING.EXE" -> "ping". */
void guest_program_name(const char *path, char *out, size_t size);
/* Time `ms` from now; in a scenario without latency now. */
int64_t guest_after(const struct machine *m, int64_t now, unsigned ms);
void guest_say(struct machine *m, struct sim_process *p, int64_t at, const char *text);
void guest_sayf(struct machine *m, struct sim_process *p, int64_t at, const char *format, ...)
    HVGPU_PRINTF(4, 5);
void guest_complain(struct guest_run *run, int64_t at, const char *format, ...) HVGPU_PRINTF(3, 4);
/* Runs the program of run->argv. HR_ERROR_FILE_NOT_FOUND: there is none. */
hcs_result guest_run_program(struct guest_run *run);

/* A program: prints, queues its end or stays. */
typedef hcs_result (*guest_program_fn)(struct guest_run *run);
hcs_result guest_cmd(struct guest_run *run);
hcs_result guest_ping(struct guest_run *run);
hcs_result guest_findstr(struct guest_run *run);
hcs_result guest_sort(struct guest_run *run);
hcs_result guest_more(struct guest_run *run);
hcs_result guest_timeout(struct guest_run *run);
hcs_result guest_hostname(struct guest_run *run);
hcs_result guest_whoami(struct guest_run *run);
hcs_result guest_tasklist(struct guest_run *run);
hcs_result guest_gpuprobe(struct guest_run *run);
hcs_result guest_device_util(struct guest_run *run);
hcs_result guest_pnputil(struct guest_run *run);
hcs_result guest_nvidia_smi(struct guest_run *run);

/* Input, time and signals of those that stay. */
void guest_ping_tick(struct machine *m, struct sim_process *p, int64_t now);
void guest_shell_line(struct machine *m, struct sim_process *p, const char *line, int64_t now);
void guest_shell_prompt(struct machine *m, struct sim_process *p, int64_t now);
void guest_copy_line(struct machine *m, struct sim_process *p, const char *line, int64_t now);
void guest_sort_end(struct machine *m, struct sim_process *p, int64_t now);
void guest_ping_statistics(struct machine *m, struct sim_process *p, int64_t now);

/* cmd's built-in commands, for cmd /c and for a line of the interactive one: false: not built in.
 * *exit_code: what it ends with; *ends: the whole shell ends (exit). */
bool guest_built_in(struct guest_run *run, int64_t at, uint32_t *exit_code, bool *ends);
const char *guest_host_name(const struct sim_system *where);

/* ---- GPUs of a place ---- */
/* Does it work: files there, and there when it started? */
bool guest_gpu_works(struct guest_run *run, const struct sim_visible *gpu);
/* The image family that the place runs ("nanoserver"); NULL: not known, or a VM. */
const char *guest_image_family(const struct machine *m, const struct sim_system *where);
/* nvidia-smi -L: true when the tool is in this place. text is new memory. */
bool guest_nvidia_list(struct guest_run *run, char **text, uint32_t *exit_code);

#endif
