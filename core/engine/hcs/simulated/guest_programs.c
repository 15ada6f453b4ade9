/* SPDX-License-Identifier: MIT
 *
 * Small programs of the simulated guests: what containers run to stay up, and what people type to
 * look around.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/hcs/simulated/guest_run.h"

#define PING_LINE "Reply from 127.0.0.1: bytes=32 time<1ms TTL=128\r\n"

/* ---- ping: counter is how many lines it has printed ---- */

void guest_ping_statistics(struct machine *m, struct sim_process *p, int64_t now)
{
    guest_sayf(m, p, now,
               "\r\nPing statistics for 127.0.0.1:\r\n"
               "    Packets: Sent = %lld, Received = %lld, Lost = 0 (0%% loss),\r\n",
               (long long)p->counter, (long long)p->counter);
}

void guest_ping_tick(struct machine *m, struct sim_process *p, int64_t now)
{
    p->counter++;
    guest_say(m, p, now, PING_LINE);
    if (sim_process_can_print(p) && (p->program & GUEST_QUIET) == 0) {
        sim_process_tick(m, p, now + SIM_MS(1000));
    }
}

static bool ping_for_ever(const struct guest_run *run, uint64_t *count)
{
    *count = 4;
    for (int i = 1; i < run->argc; i++) {
        if (text_equal_nocase(run->argv[i], "-t") || text_equal_nocase(run->argv[i], "/t")) {
            return true;
        }
        if (text_equal_nocase(run->argv[i], "-n") && i + 1 < run->argc) {
            (void)text_to_u64(run->argv[i + 1], 1, 1000, count);
        }
    }
    return false;
}

hcs_result guest_ping(struct guest_run *run)
{
    uint64_t count = 0;
    if (run->argc < 2) {
        guest_say(run->m, run->p, run->now, "\r\nUsage: ping [-t] [-n count] target_name\r\n");
        sim_process_end(run->m, run->p, run->now, 1);
        return 0;
    }
    bool for_ever = ping_for_ever(run, &count);
    guest_say(run->m, run->p, run->now, "\r\nPinging 127.0.0.1 with 32 bytes of data:\r\n");
    if (for_ever) {
        run->p->program |= GUEST_PING;
        run->p->counter = 0;
        guest_ping_tick(run->m, run->p, run->now);
        return 0;
    }
    int64_t at = run->now;
    for (uint64_t i = 0; i < count; i++) {
        at = run->now + SIM_MS(1000) * (int64_t)i;
        guest_say(run->m, run->p, at, PING_LINE);
    }
    run->p->counter = (int64_t)count;
    guest_ping_statistics(run->m, run->p, at);
    sim_process_end(run->m, run->p, at, 0);
    return 0;
}

/* ---- input to output ---- */

/* p->counter 1: every line matches. Otherwise only those that are not empty (findstr "."). */
void guest_copy_line(struct machine *m, struct sim_process *p, const char *line, int64_t now)
{
    if (p->counter == 1 || line[0] != '\0') {
        guest_say(m, p, now, line);
        guest_say(m, p, now, "\r\n");
    }
}

static hcs_result start_reader(struct guest_run *run, enum guest_program program, int64_t counter)
{
    run->p->program |= (int)program;
    run->p->counter = counter;
    if (run->p->std_input == 0) {
        guest_input_end(run->m, run->p, run->now);
    }
    return 0;
}

hcs_result guest_findstr(struct guest_run *run)
{
    const char *pattern = run->argc > 1 ? run->argv[run->argc - 1] : "";
    if (strcmp(pattern, "^") != 0 && strcmp(pattern, ".") != 0) {
        guest_complain(run, run->now, "FINDSTR: this guest searches for \"^\" and \".\" only\r\n");
        sim_process_end(run->m, run->p, run->now, 2);
        return 0;
    }
    return start_reader(run, GUEST_COPY, pattern[0] == '^');
}

hcs_result guest_more(struct guest_run *run)
{
    return start_reader(run, GUEST_COPY, 1);
}

hcs_result guest_sort(struct guest_run *run)
{
    return start_reader(run, GUEST_SORT, 0);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Cuts text into lines in place; the array is new memory. */
static char **cut_lines(char *text, size_t *count)
{
    size_t max = 1;
    for (const char *c = text; *c != '\0'; c++) {
        max += *c == '\n';
    }
    char **lines = calloc(max, sizeof *lines);
    *count = 0;
    for (char *line = text; lines != NULL && line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        size_t len = strlen(line);
        if (len > 0 && line[len - 1] == '\r') {
            line[len - 1] = '\0';
        }
        lines[(*count)++] = line;
        line = end != NULL ? end + 1 : NULL;
    }
    return lines;
}

void guest_sort_end(struct machine *m, struct sim_process *p, int64_t now)
{
    size_t count = 0;
    char **lines = p->memory != NULL ? cut_lines(p->memory, &count) : NULL;
    if (lines != NULL && count > 0) {
        qsort(lines, count, sizeof *lines, compare_lines);
    }
    for (size_t i = 0; i < count; i++) {
        guest_say(m, p, now, lines[i]);
        guest_say(m, p, now, "\r\n");
    }
    free(lines);
    free(p->memory);
    p->memory = NULL;
}

/* ---- looking around ---- */

hcs_result guest_timeout(struct guest_run *run)
{
    uint64_t seconds = 0;
    for (int i = 1; i < run->argc; i++) {
        (void)text_to_u64(run->argv[i], 0, 99999, &seconds);
    }
    guest_sayf(run->m, run->p, run->now, "\r\nWaiting for %llu seconds\r\n",
               (unsigned long long)seconds);
    sim_process_end(run->m, run->p, run->now + SIM_MS(1000) * (int64_t)seconds, 0);
    return 0;
}

hcs_result guest_hostname(struct guest_run *run)
{
    int64_t at = guest_after(run->m, run->now, 20);
    guest_sayf(run->m, run->p, at, "%.15s\r\n", guest_host_name(run->where));
    sim_process_end(run->m, run->p, at, 0);
    return 0;
}

hcs_result guest_whoami(struct guest_run *run)
{
    int64_t at = guest_after(run->m, run->now, 20);
    const char *user =
        run->p->user != NULL && run->p->user[0] != '\0'
            ? run->p->user
            : (run->where->kind == SIM_VM ? "NT AUTHORITY\\SYSTEM" : "ContainerUser");
    char name[128];
    snprintf(name, sizeof name, "%s%s", strchr(user, '\\') == NULL ? "user manager\\" : "", user);
    for (char *c = name; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c - 'A' + 'a');
        }
    }
    guest_sayf(run->m, run->p, at, "%s\r\n", name);
    sim_process_end(run->m, run->p, at, 0);
    return 0;
}

hcs_result guest_tasklist(struct guest_run *run)
{
    int64_t at = guest_after(run->m, run->now, 60);
    guest_say(run->m, run->p, at,
              "\r\nImage Name                     PID\r\n"
              "========================= ========\r\n"
              "System                           4\r\n");
    for (const struct sim_process *p = run->where->processes; p != NULL; p = p->next) {
        if (!p->exited && p->image != NULL) {
            guest_sayf(run->m, run->p, at, "%-25.25s %8u\r\n", p->image, p->pid);
        }
    }
    sim_process_end(run->m, run->p, at, 0);
    return 0;
}
