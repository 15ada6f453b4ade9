/* SPDX-License-Identifier: MIT
 *
 * The option parser of the shell commands.
 */
#include "console/shell/options.h"

#include <stdlib.h>
#include <string.h>

#include "console/command.h"
#include "core/base/text.h"

static struct option common[] = {
    {.name = "-c", .value = "URI", .help = "the host to work on (else HVGPU_HOST)"},
    {.name = "--json", .help = "print JSON"},
    {.name = "--dry-run", .help = "print the calls that would be made, and make none"},
    {.name = "--read-only", .help = "refuse every change"},
    {.name = NULL},
};

void options_help(struct shell *shell, const char *name, const struct option *options)
{
    const struct command *command = command_find(name);
    bool changes = command != NULL && (command->flags & COMMAND_CHANGES) != 0;
    fprintf(shell->out, "usage: hvgpu %s %s\n", name,
            command != NULL && command->arguments != NULL ? command->arguments : "");
    if (command != NULL) {
        fprintf(shell->out, "%s\n", command->summary);
    }
    fprintf(shell->out, "\n");
    const struct option *tables[] = {options, common};
    for (size_t t = 0; t < 2; t++) {
        for (const struct option *o = tables[t]; o != NULL && o->name != NULL; o++) {
            if (!changes && strcmp(o->name, "--dry-run") == 0) {
                continue;
            }
            char left[64];
            snprintf(left, sizeof left, "%s%s%s%s", o->name, o->value != NULL ? " " : "",
                     o->value != NULL ? o->value : "", o->repeats ? " ..." : "");
            fprintf(shell->out, "  %-32s %s\n", left, o->help);
        }
    }
}

static struct option *find(struct option *options, const char *name, size_t length)
{
    for (struct option *o = options; o != NULL && o->name != NULL; o++) {
        if (strlen(o->name) == length && strncmp(o->name, name, length) == 0) {
            return o;
        }
    }
    return NULL;
}

static bool store(struct shell *shell, struct option *o, const char *value)
{
    if (o->count >= (o->repeats ? OPTION_MAX_VALUES : 1)) {
        fprintf(shell->err, "hvgpu: %s is given %s\n", o->name,
                o->repeats ? "too often" : "more than once");
        return false;
    }
    o->values[o->count++] = value != NULL ? value : "";
    return true;
}

static bool store_common(struct shell *shell, const char *name, const char *value)
{
    if (strcmp(name, "-c") == 0) {
        shell->uri = value;
    } else if (strcmp(name, "--json") == 0) {
        shell->json = true;
    } else if (strcmp(name, "--dry-run") == 0) {
        shell->dry_run = true;
    } else {
        shell->read_only = true;
    }
    return true;
}

/* Handles one option at argv[*i]; advances *i over its value. */
static bool parse_option(struct shell *shell, int argc, char **argv, int *i,
                         struct arguments *arguments)
{
    const char *word = argv[*i];
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL && word[1] == '-' ? (size_t)(equals - word) : strlen(word);
    struct option *own = find(arguments->options, word, length);
    struct option *shared = own == NULL ? find(common, word, length) : NULL;
    struct option *o = own != NULL ? own : shared;
    if (o == NULL) {
        fprintf(shell->err, "hvgpu %s: unknown option %s; see hvgpu help %s\n", argv[0], word,
                argv[0]);
        return false;
    }
    const char *value = length < strlen(word) ? word + length + 1 : NULL;
    if (o->value == NULL && value != NULL) {
        fprintf(shell->err, "hvgpu %s: %s takes no value\n", argv[0], o->name);
        return false;
    }
    if (o->value != NULL && value == NULL) {
        if (*i + 1 >= argc) {
            fprintf(shell->err, "hvgpu %s: %s needs %s\n", argv[0], o->name, o->value);
            return false;
        }
        *i += 1;
        value = argv[*i];
    }
    return shared != NULL ? store_common(shell, o->name, value) : store(shell, o, value);
}

bool options_parse(struct shell *shell, int argc, char **argv, struct arguments *arguments,
                   bool *helped)
{
    *helped = false;
    for (int i = 1; i < argc; i++) {
        bool rest = arguments->rest_after >= 0 &&
                    arguments->positional_count >= (size_t)arguments->rest_after;
        if (strcmp(argv[i], "--") == 0) {
            i++;
            if (arguments->rest_after >= 0) {
                arguments->rest = argv + i;
                arguments->rest_count = argc - i;
                return true;
            }
            for (; i < argc && arguments->positional_count < OPTION_MAX_VALUES; i++) {
                arguments->positional[arguments->positional_count++] = argv[i];
            }
            return true;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            options_help(shell, argv[0], arguments->options);
            *helped = true;
            return false;
        }
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!parse_option(shell, argc, argv, &i, arguments)) {
                return false;
            }
            continue;
        }
        if (rest) {
            arguments->rest = argv + i;
            arguments->rest_count = argc - i;
            return true;
        }
        if (arguments->positional_count >= OPTION_MAX_VALUES) {
            fprintf(shell->err, "hvgpu %s: too many arguments\n", argv[0]);
            return false;
        }
        arguments->positional[arguments->positional_count++] = argv[i];
    }
    return true;
}

const struct option *option_get(const struct arguments *arguments, const char *name)
{
    return find(arguments->options, name, strlen(name));
}

const char *option_value(const struct arguments *arguments, const char *name)
{
    const struct option *o = option_get(arguments, name);
    return o != NULL && o->count > 0 ? o->values[o->count - 1] : NULL;
}

bool option_given(const struct arguments *arguments, const char *name)
{
    return option_value(arguments, name) != NULL;
}

/* One word with the quoting that CommandLineToArgvW undoes: backslashes double before a quote. */
static void quote(struct text *out, const char *word)
{
    if (word[0] != '\0' && strpbrk(word, " \t\"") == NULL) {
        text_add(out, word);
        return;
    }
    text_add_char(out, '"');
    for (const char *s = word; *s != '\0'; s++) {
        size_t slashes = strspn(s, "\\");
        for (size_t i = 0; i < slashes; i++) {
            text_add_char(out, '\\');
        }
        s += slashes;
        if (*s == '"' || *s == '\0') {
            for (size_t i = 0; i < slashes; i++) {
                text_add_char(out, '\\');
            }
        }
        if (*s == '\0') {
            break;
        }
        if (*s == '"') {
            text_add_char(out, '\\');
        }
        text_add_char(out, *s);
    }
    text_add_char(out, '"');
}

char *options_command_line(char **words, int count)
{
    if (count <= 0) {
        return NULL;
    }
    if (count == 1) {
        return text_copy(words[0]);
    }
    struct text line;
    text_init(&line, 32768);
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            text_add_char(&line, ' ');
        }
        quote(&line, words[i]);
    }
    return text_take(&line);
}
