/* SPDX-License-Identifier: MIT
 *
 * Programs in the simulated guests: from a command line to the program, and from the process back
 * to it when input, a signal or its time comes. What a process remembers is in sim_process
 * (program, counter, memory), so that a machine in a file goes on where it was.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/hcs/simulated/guest_run.h"

#define GUEST_MEMORY_MAX (1u << 20) /* input that sort keeps */

struct guest_entry {
    const char *name;
    guest_program_fn run;
};

static const struct guest_entry programs[] = {
    {"cmd", guest_cmd},
    {"gpuprobe", guest_gpuprobe},
    {"device-util", guest_device_util},
    {"pnputil", guest_pnputil},
    {"ping", guest_ping},
    {"findstr", guest_findstr},
    {"sort", guest_sort},
    {"more", guest_more},
    {"timeout", guest_timeout},
    {"hostname", guest_hostname},
    {"whoami", guest_whoami},
    {"tasklist", guest_tasklist},
    {"nvidia-smi", guest_nvidia_smi},
};

/* ---- command lines ---- */

/* The quoting of Windows as far as command lines in containers use it: blanks separate, double
 * quotes keep together. */
bool guest_split(struct guest_run *run, const char *line)
{
    while (*line == ' ' || *line == '\t') {
        line++;
    }
    if (*line == '\0' || strlen(line) >= sizeof run->line) {
        return false;
    }
    snprintf(run->raw, sizeof run->raw, "%s", line);
    run->argc = 0;
    run->rest = NULL;
    char *out = run->line;
    for (const char *in = run->raw; *in != '\0' && run->argc < GUEST_ARG_MAX;) {
        bool quoted = false;
        run->argv[run->argc++] = out;
        for (; *in != '\0' && (quoted || (*in != ' ' && *in != '\t')); in++) {
            if (*in == '"') {
                quoted = !quoted;
            } else {
                *out++ = *in;
            }
        }
        *out++ = '\0';
        while (*in == ' ' || *in == '\t') {
            in++;
        }
        if (run->rest == NULL) {
            run->rest = in;
        }
    }
    return true;
}

void guest_program_name(const char *path, char *out, size_t size)
{
    const char *start = path;
    for (const char *c = path; *c != '\0'; c++) {
        if (*c == '\\' || *c == '/') {
            start = c + 1;
        }
    }
    size_t len = strlen(start);
    if (text_ends_nocase(start, ".exe")) {
        len -= 4;
    }
    len = len < size ? len : size - 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(start[i] >= 'A' && start[i] <= 'Z' ? start[i] - 'A' + 'a' : start[i]);
    }
    out[len] = '\0';
}

/* "> nul", "2>&1" and "< nul" at the end of a command of the shell. */
static void take_redirections(struct guest_run *run)
{
    for (int i = 1; run->in_shell && i < run->argc; i++) {
        const char *arg = run->argv[i];
        bool is_output = arg[0] == '>' || text_starts(arg, "1>");
        if (is_output || arg[0] == '<' || text_starts(arg, "2>")) {
            if (is_output) {
                run->p->program |= GUEST_QUIET;
            }
            run->argc = i;
        }
    }
}

static bool is_path(const char *name)
{
    return strchr(name, '\\') != NULL || strchr(name, '/') != NULL;
}

hcs_result guest_run_program(struct guest_run *run)
{
    char name[64];
    bool is_folder = false;
    guest_program_name(run->argv[0], name, sizeof name);
    take_redirections(run);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (strcmp(programs[i].name, name) != 0) {
            continue;
        }
        /* These are not part of Windows: they are where somebody put them. */
        bool is_brought = programs[i].run == guest_gpuprobe || programs[i].run == guest_device_util;
        if (is_brought &&
            (!is_path(run->argv[0]) ||
             !sim_guest_exists(run->m, run->where, run->argv[0], &is_folder) || is_folder)) {
            return HR_ERROR_FILE_NOT_FOUND;
        }
        if (run->p->image == NULL) {
            run->p->image = text_format("%s.exe", name);
        }
        return run->p->image != NULL ? programs[i].run(run) : HR_E_OUTOFMEMORY;
    }
    return HR_ERROR_FILE_NOT_FOUND;
}

/* ---- output ---- */

int64_t guest_after(const struct machine *m, int64_t now, unsigned ms)
{
    return m->scenario->latency ? now + SIM_MS(ms) : now;
}

void guest_say(struct machine *m, struct sim_process *p, int64_t at, const char *text)
{
    if ((p->program & GUEST_QUIET) == 0 && text[0] != '\0') {
        sim_process_print(m, p, at, false, text, strlen(text));
    }
}

void guest_sayf(struct machine *m, struct sim_process *p, int64_t at, const char *format, ...)
{
    char line[GUEST_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    guest_say(m, p, at, line);
}

void guest_complain(struct guest_run *run, int64_t at, const char *format, ...)
{
    char line[GUEST_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sim_process_print(run->m, run->p, at, true, line, strlen(line));
}

/* ---- the life of a process ---- */

hcs_result guest_start(struct machine *m, struct sim_system *where, struct sim_process *p,
                       const struct json *parameters, int64_t now)
{
    struct guest_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return HR_E_OUTOFMEMORY;
    }
    run->m = m;
    run->where = where;
    run->p = p;
    run->parameters = parameters;
    run->now = now;
    const char *line = json_string(parameters, "CommandLine");
    if (line == NULL) {
        line = json_string(parameters, "ApplicationName");
    }
    hcs_result result = HR_E_INVALIDARG;
    if (line != NULL && guest_split(run, line)) {
        result = guest_run_program(run);
    }
    free(run);
    return result;
}

static void take_line(struct machine *m, struct sim_process *p, const char *line, int64_t now)
{
    switch (p->program & ~GUEST_QUIET) {
    case GUEST_SHELL:
        guest_shell_line(m, p, line, now);
        break;
    case GUEST_COPY:
        guest_copy_line(m, p, line, now);
        break;
    default:
        break;
    }
}

/* Keeps what is not a whole line yet; sort keeps everything. */
static void keep_input(struct sim_process *p, const char *bytes, size_t len)
{
    struct text kept;
    text_init(&kept, GUEST_MEMORY_MAX);
    text_add(&kept, p->memory != NULL ? p->memory : "");
    text_add_n(&kept, bytes, len);
    char *memory = text_take(&kept);
    if (memory != NULL) {
        free(p->memory);
        p->memory = memory;
    }
    text_free(&kept);
}

void guest_input(struct machine *m, struct sim_process *p, const char *bytes, size_t len,
                 int64_t now)
{
    int program = p->program & ~GUEST_QUIET;
    if (p->exited || (program != GUEST_SHELL && program != GUEST_COPY && program != GUEST_SORT)) {
        return;
    }
    keep_input(p, bytes, len);
    if (program == GUEST_SORT) {
        return;
    }
    char *all = p->memory;
    p->memory = NULL;
    char *line = all;
    while (line != NULL && (p->program & ~GUEST_QUIET) == program) {
        char *end = strpbrk(line, "\r\n");
        if (end == NULL) {
            break;
        }
        char *next = end[0] == '\r' && end[1] == '\n' ? end + 2 : end + 1;
        *end = '\0';
        take_line(m, p, line, now);
        line = next;
    }
    if (line != NULL && *line != '\0') {
        p->memory = text_copy(line);
    }
    free(all);
}

void guest_input_end(struct machine *m, struct sim_process *p, int64_t now)
{
    int program = p->program & ~GUEST_QUIET;
    if (p->exited || program == GUEST_NOTHING || program == GUEST_PING) {
        return;
    }
    if (program == GUEST_SORT) {
        guest_sort_end(m, p, now);
    } else if (p->memory != NULL && p->memory[0] != '\0') {
        char *last = p->memory;
        p->memory = NULL;
        take_line(m, p, last, now);
        free(last);
    }
    if (p->program != GUEST_NOTHING) {
        p->program = GUEST_NOTHING;
        sim_process_end(m, p, now, 0);
    }
}

void guest_tick(struct machine *m, struct sim_process *p, int64_t now)
{
    if (!p->exited && (p->program & ~GUEST_QUIET) == GUEST_PING) {
        guest_ping_tick(m, p, now);
    }
}

void guest_signal(struct machine *m, struct sim_process *p, const char *signal, int64_t now)
{
    int program = p->program & ~GUEST_QUIET;
    if (p->exited) {
        return;
    }
    bool is_break = strcmp(signal, "CtrlBreak") == 0;
    if (program == GUEST_PING && (is_break || strcmp(signal, "CtrlC") == 0)) {
        guest_ping_statistics(m, p, now);
        if (is_break) {
            return;
        }
        guest_say(m, p, now, "Control-C\r\n");
    }
    if (program == GUEST_SHELL && strcmp(signal, "CtrlC") == 0) {
        free(p->memory);
        p->memory = NULL;
        guest_say(m, p, now, "^C\r\n");
        guest_shell_prompt(m, p, now);
        return;
    }
    p->program = GUEST_NOTHING;
    sim_process_end(m, p, now, GUEST_CONTROL_C);
}
