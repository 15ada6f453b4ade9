/* SPDX-License-Identifier: MIT
 *
 * cmd in the simulated guests: /c with one command, and interactive on pipes (prompt, echo of each
 * line, output). Chains, variables and scripts are not simulated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/hcs/simulated/guest_run.h"

#define PROMPT "C:\\>"

static uint32_t windows_build(const struct machine *m, const struct sim_system *where)
{
    return where->image_build != 0 ? where->image_build : m->scenario->facts.build;
}

const char *guest_host_name(const struct sim_system *where)
{
    const char *name = json_string(where->document, "HostedSystem/Container/GuestOs/HostName");
    if (name == NULL) {
        name = json_string(where->document, "Container/GuestOs/HostName");
    }
    return name != NULL ? name : where->id;
}

/* ---- built-in commands ---- */

struct listing {
    struct guest_run *run;
    int64_t at;
    unsigned folders, files;
};

static void list_entry(void *context, const char *name, bool is_folder)
{
    struct listing *listing = context;
    if (is_folder) {
        listing->folders++;
        guest_sayf(listing->run->m, listing->run->p, listing->at, "    <DIR>          %s\r\n",
                   name);
    } else {
        listing->files++;
        guest_sayf(listing->run->m, listing->run->p, listing->at, "                   %s\r\n",
                   name);
    }
}

/* What the root of every Windows image has, beside what this guest was given. */
static void list_root(struct listing *listing)
{
    static const char *const folders[] = {"Program Files", "Program Files (x86)", "Users",
                                          "Windows"};
    list_entry(listing, "License.txt", false);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        list_entry(listing, folders[i], true);
    }
}

static uint32_t run_dir(struct guest_run *run, int64_t at)
{
    const char *folder = run->argc > 1 && run->argv[1][0] != '/' ? run->argv[1] : "C:\\";
    bool is_root = text_equal_nocase(folder, "C:\\") || text_equal_nocase(folder, "C:");
    bool is_folder = false;
    if (!is_root && (!sim_guest_exists(run->m, run->where, folder, &is_folder) || !is_folder)) {
        guest_complain(run, at, "File Not Found\r\n");
        return 1;
    }
    struct listing listing = {.run = run, .at = at};
    guest_sayf(run->m, run->p, at,
               " Volume in drive C has no label.\r\n\r\n Directory of %s\r\n\r\n", folder);
    if (is_root) {
        list_root(&listing);
    } else {
        sim_guest_list(run->m, run->where, folder, list_entry, &listing);
    }
    guest_sayf(run->m, run->p, at, "%16u File(s)\r\n%16u Dir(s)\r\n", listing.files,
               listing.folders);
    return 0;
}

static uint32_t run_set(struct guest_run *run, int64_t at)
{
    const struct json *environment = json_member(run->parameters, "Environment");
    guest_sayf(run->m, run->p, at,
               "COMPUTERNAME=%s\r\nComSpec=C:\\Windows\\system32\\cmd.exe\r\nOS=Windows_NT\r\n"
               "Path=C:\\Windows\\system32;C:\\Windows\r\nSystemRoot=C:\\Windows\r\n",
               guest_host_name(run->where));
    for (const struct json *item = json_first(environment); item != NULL; item = json_next(item)) {
        const char *value = json_string(item, "");
        guest_sayf(run->m, run->p, at, "%s=%s\r\n", json_key(item), value != NULL ? value : "");
    }
    return 0;
}

static uint32_t run_make_folder(struct guest_run *run, int64_t at)
{
    hcs_result result =
        run->argc > 1 ? sim_guest_make_folder(run->m, run->where, run->argv[1]) : HR_E_INVALIDARG;
    if (result == 0) {
        return 0;
    }
    guest_complain(run, at, "%s\r\n",
                   run->argc < 2 ? "The syntax of the command is incorrect."
                                 : "A subdirectory or file already exists, or access is denied.");
    return 1;
}

bool guest_built_in(struct guest_run *run, int64_t at, uint32_t *exit_code, bool *ends)
{
    char name[16];
    guest_program_name(run->argv[0], name, sizeof name);
    *exit_code = 0;
    *ends = false;
    if (strcmp(name, "dir") == 0) {
        *exit_code = run_dir(run, at);
    } else if (strcmp(name, "echo") == 0) {
        guest_sayf(run->m, run->p, at, "%s\r\n", run->rest);
    } else if (strcmp(name, "ver") == 0) {
        guest_sayf(run->m, run->p, at, "\r\nMicrosoft Windows [Version 10.0.%u]\r\n",
                   windows_build(run->m, run->where));
    } else if (strcmp(name, "set") == 0) {
        *exit_code = run_set(run, at);
    } else if (strcmp(name, "mkdir") == 0 || strcmp(name, "md") == 0) {
        *exit_code = run_make_folder(run, at);
    } else if (strcmp(name, "exit") == 0) {
        uint64_t code = 0;
        const char *last = run->argv[run->argc - 1];
        if (run->argc > 1 && text_to_u64(last, 0, UINT32_MAX, &code)) {
            *exit_code = (uint32_t)code;
        }
        *ends = true;
    } else {
        return false;
    }
    return true;
}

/* ---- cmd ---- */

static void not_recognised(struct guest_run *run, int64_t at)
{
    guest_complain(run, at,
                   "'%s' is not recognized as an internal or external command,\r\n"
                   "operable program or batch file.\r\n",
                   run->argv[0]);
}

/* The text behind /c, without the quotes that may enclose it as a whole. */
static bool take_command(struct guest_run *run, const char *switch_name)
{
    const char *found = run->rest;
    while (*found != '\0' && strncmp(found, switch_name, 2) != 0) {
        found += strcspn(found, " ");
        found += strspn(found, " ");
    }
    if (*found == '\0') {
        return false;
    }
    found += 2;
    found += strspn(found, " ");
    char command[GUEST_LINE_MAX];
    snprintf(command, sizeof command, "%s", found);
    size_t len = strlen(command);
    if (len > 1 && command[0] == '"' && command[len - 1] == '"' &&
        strchr(command + 1, '"') == command + len - 1) {
        command[len - 1] = '\0';
        return guest_split(run, command + 1);
    }
    return guest_split(run, command);
}

static hcs_result run_one(struct guest_run *run)
{
    int64_t at = guest_after(run->m, run->now, 20);
    uint32_t exit_code = 0;
    bool ends = false;
    run->in_shell = true;
    if (guest_built_in(run, at, &exit_code, &ends)) {
        sim_process_end(run->m, run->p, at, exit_code);
        return 0;
    }
    hcs_result result = guest_run_program(run);
    if (result == HR_ERROR_FILE_NOT_FOUND) {
        not_recognised(run, at);
        sim_process_end(run->m, run->p, at, 1);
        result = 0;
    }
    return result;
}

void guest_shell_prompt(struct machine *m, struct sim_process *p, int64_t now)
{
    guest_say(m, p, now, PROMPT);
}

hcs_result guest_cmd(struct guest_run *run)
{
    if (take_command(run, "/c") || take_command(run, "/C")) {
        return run_one(run);
    }
    run->p->program |= GUEST_SHELL;
    guest_sayf(run->m, run->p, run->now,
               "Microsoft Windows [Version 10.0.%u]\r\n"
               "(c) Microsoft Corporation. All rights reserved.\r\n\r\n",
               windows_build(run->m, run->where));
    guest_shell_prompt(run->m, run->p, run->now);
    if (run->p->std_input == 0) {
        guest_input_end(run->m, run->p, run->now);
    }
    return 0;
}

/* A program that the interactive shell starts. What would stay or read input itself is refused:
 * there is one process, and the shell keeps the input. */
static void run_in_shell(struct guest_run *run)
{
    char name[32];
    guest_program_name(run->argv[0], name, sizeof name);
    if (strcmp(name, "hostname") == 0) {
        guest_sayf(run->m, run->p, run->now, "%.15s\r\n", guest_host_name(run->where));
    } else if (strcmp(name, "nvidia-smi") == 0) {
        char *text = NULL;
        uint32_t exit_code = 0;
        if (guest_nvidia_list(run, &text, &exit_code)) {
            guest_sayf(run->m, run->p, run->now, "%s\r\n", text);
        } else {
            not_recognised(run, run->now);
        }
        free(text);
    } else {
        not_recognised(run, run->now);
    }
}

void guest_shell_line(struct machine *m, struct sim_process *p, const char *line, int64_t now)
{
    struct guest_run *run = calloc(1, sizeof *run);
    uint32_t exit_code = 0;
    bool ends = false;
    if (run == NULL) {
        return;
    }
    run->m = m;
    run->where = p->system;
    run->p = p;
    run->now = now;
    run->in_shell = true;
    guest_sayf(m, p, now, "%s\r\n", line);
    if (guest_split(run, line) && !guest_built_in(run, now, &exit_code, &ends)) {
        run_in_shell(run);
    }
    free(run);
    if (ends) {
        p->program = GUEST_NOTHING;
        sim_process_end(m, p, now, exit_code);
        return;
    }
    guest_say(m, p, now, "\r\n");
    guest_shell_prompt(m, p, now);
}
