/* SPDX-License-Identifier: MIT
 *
 * The program: decides between the console and the shell commands. A word that is no option makes
 * it a shell command. Without one it is the console, on a terminal; elsewhere a host that was named
 * is reported once, and without one nothing is shown, so that no script ever gets a green answer
 * from a simulation by accident.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/app.h"
#include "console/command.h"
#include "console/shell/shell.h"
#include "console/view.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

#define SIMULATED_HOST "demo:"

struct settings {
    struct app_options app;
    bool named; /* the host was named by -c or HVGPU_HOST */
};

/* One option of the console: takes its value ("" when it has none); false: the value is wrong. */
struct option {
    const char *name, *second, *value, *help;
    bool (*take)(struct settings *settings, const char *value);
};

static bool take_uri(struct settings *settings, const char *value)
{
    settings->app.uri = value;
    settings->named = true;
    return value[0] != '\0';
}

static bool take_read_only(struct settings *settings, const char *value)
{
    (void)value;
    settings->app.read_only = true;
    return true;
}

static bool take_paused(struct settings *settings, const char *value)
{
    (void)value;
    settings->app.paused = true;
    return true;
}

static bool take_theme(struct settings *settings, const char *value)
{
    settings->app.theme = value;
    return true; /* loaded, and judged, later */
}

static bool take_view(struct settings *settings, const char *value)
{
    settings->app.view = value;
    return view_find(value) != NULL;
}

static bool take_probe_interval(struct settings *settings, const char *value)
{
    uint64_t seconds = 0;
    if (!text_to_u64(value, 0, 86400, &seconds)) {
        return false;
    }
    settings->app.probe_interval_s = (unsigned)seconds;
    return true;
}

static bool take_colour(struct settings *settings, const char *value)
{
    static const struct {
        const char *name;
        int depth;
    } depths[] = {
        {"auto", -1},    {"24", TERM_24BIT}, {"256", TERM_256},
        {"16", TERM_16}, {"8", TERM_8},      {"mono", TERM_MONO},
    };
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        if (text_equal(depths[i].name, value)) {
            settings->app.term.depth = depths[i].depth;
            return true;
        }
    }
    return false;
}

static bool take_ascii(struct settings *settings, const char *value)
{
    (void)value;
    settings->app.term.ascii = 1;
    return true;
}

static bool take_no_mouse(struct settings *settings, const char *value)
{
    (void)value;
    settings->app.term.mouse = false;
    return true;
}

/* clang-format off */
static const struct option options[] = {
    {"-c", "--connect", "URI", "the host: demo:SCENARIO; default: HVGPU_HOST", take_uri},
    {"--read-only", NULL, NULL, "refuse every change", take_read_only},
    {"--paused", NULL, NULL, "start without watching the host; p goes on", take_paused},
    {"--probe-interval", NULL, "SECONDS", "how often own containers are checked; 0: never",
     take_probe_interval},
    {"--view", NULL, "NAME", "the first view: gpus, containers, events, checks, jobs, images",
     take_view},
    {"--theme", NULL, "NAME", "dark, light, mono, or a file; default: HVGPU_THEME, else dark",
     take_theme},
    {"--color", NULL, "DEPTH", "auto, 24, 256, 16, 8 or mono", take_colour},
    {"--ascii", NULL, NULL, "draw with ASCII characters only", take_ascii},
    {"--no-mouse", NULL, NULL, "leave the mouse to the terminal", take_no_mouse},
};
/* clang-format on */
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* The option that argument names; *value is set to what follows a '=' in it, or NULL. */
static const struct option *find_option(const char *argument, const char **value)
{
    size_t len = strcspn(argument, "=");
    *value = argument[len] == '=' ? argument + len + 1 : NULL;
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *names[] = {options[i].name, options[i].second};
        for (size_t n = 0; n < 2; n++) {
            if (names[n] != NULL && strlen(names[n]) == len &&
                memcmp(names[n], argument, len) == 0) {
                return &options[i];
            }
        }
    }
    return NULL;
}

/* A word that is neither an option nor the value of one: the shell command. */
static bool names_command(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        if (argv[i][0] != '-') {
            return true;
        }
        const struct option *option = find_option(argv[i], &value);
        if (option != NULL && option->value != NULL && value == NULL) {
            i++;
        }
    }
    return false;
}

static int print_help(void)
{
    printf("usage: hvgpu [-c URI] [options]          the console\n"
           "       hvgpu COMMAND [options] [ID...]   from a shell; hvgpu help lists them\n\n"
           "options of the console\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[48];
        snprintf(left, sizeof(left), "%s%s%s%s%s", options[i].name,
                 options[i].second != NULL ? ", " : "",
                 options[i].second != NULL ? options[i].second : "",
                 options[i].value != NULL ? " " : "",
                 options[i].value != NULL ? options[i].value : "");
        printf("  %-26s %s\n", left, options[i].help);
    }
    printf("  %-26s %s\n  %-26s %s\n", "--version", "print the version", "-h, --help",
           "print this help");
    printf("\nIn the console ? shows the keys of the view, : takes commands, q leaves.\n");
    return SHELL_OK;
}

static int usage(const char *what, const char *argument)
{
    char clean[120];
    fprintf(stderr, "hvgpu: %s \"%s\"; see hvgpu --help\n", what,
            text_clean(clean, sizeof(clean), argument));
    return SHELL_USAGE;
}

/* SHELL_OK: go on; anything else is the exit status. */
static int parse(int argc, char **argv, struct settings *settings)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        const struct option *option = find_option(argv[i], &value);
        if (option == NULL) {
            return usage("unknown option", argv[i]);
        }
        if (option->value == NULL && value != NULL) {
            return usage("this option takes no value:", argv[i]);
        }
        if (option->value != NULL && value == NULL) {
            if (i + 1 == argc) {
                return usage("a value is missing after", argv[i]);
            }
            value = argv[++i];
        }
        if (!option->take(settings, value != NULL ? value : "")) {
            return usage("not a right value:", value != NULL ? value : "");
        }
    }
    return SHELL_OK;
}

/* The host's state once, for a console that has no terminal to run on. */
static int report(const struct settings *settings)
{
    char name[] = "hvgpu", flag[] = "-c", command[] = "report";
    char *uri = text_copy(settings->app.uri);
    if (uri == NULL) {
        return SHELL_FAILED;
    }
    char *words[] = {name, flag, uri, command, NULL};
    int status = shell_main(4, words);
    free(uri);
    return status;
}

static int check_theme(const char *name)
{
    struct hvgpu_error err = {.status = HVGPU_OK};
    struct theme theme;
    if (name != NULL && theme_load(name, &theme, &err) != HVGPU_OK) {
        char text[1600];
        error_text(&err, text, sizeof(text));
        fprintf(stderr, "hvgpu: %s\n", text);
        return SHELL_USAGE;
    }
    return SHELL_OK;
}

static int console(struct settings *settings)
{
    const char *type = getenv("TERM");
    bool dumb = type == NULL || type[0] == '\0' || text_equal(type, "dumb");
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (!settings->named && (!terminal || dumb)) {
        fprintf(stderr, "hvgpu: no host is named and %s: give -c URI or set HVGPU_HOST\n",
                terminal ? "this terminal (TERM=dumb) cannot show the console"
                         : "standard input and output are no terminal");
        return SHELL_USAGE;
    }
    if (!terminal) {
        return report(settings);
    }
    if (dumb) {
        fprintf(stderr, "hvgpu: a terminal of type dumb cannot show the console; this is the "
                        "report. hvgpu help lists the shell commands\n");
        return report(settings);
    }
    if (!settings->named) {
        settings->app.uri = SIMULATED_HOST;
    }
    return app_run(&settings->app);
}

int main(int argc, char **argv)
{
    os_memory_return_large();
    if (names_command(argc, argv)) {
        return shell_main(argc, argv);
    }
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--help") || text_equal(argv[i], "-h")) {
            return print_help();
        }
        if (text_equal(argv[i], "--version")) {
            printf("hvgpu %s\n", HVGPU_VERSION);
            return SHELL_OK;
        }
    }
    const char *host = getenv("HVGPU_HOST");
    struct settings settings = {
        .app = {.probe_interval_s = 10, .term = {.depth = -1, .ascii = -1, .mouse = true}},
    };
    if (host != NULL && host[0] != '\0') {
        settings.app.uri = host;
        settings.named = true;
    }
    int status = parse(argc, argv, &settings);
    if (status == SHELL_OK) {
        status = check_theme(settings.app.theme);
    }
    return status == SHELL_OK ? console(&settings) : status;
}
