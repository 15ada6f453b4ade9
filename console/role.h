/* SPDX-License-Identifier: MIT
 *
 * Roles: what a piece of the screen means. A theme gives each role its colours. No state is told by
 * the role alone: a glyph or a word stands beside it.
 */
#ifndef HVGPU_CONSOLE_ROLE_H
#define HVGPU_CONSOLE_ROLE_H

/* X(code, name in theme files) */
#define ROLE_LIST(X)                                                                               \
    X(TEXT, "text")                                                                                \
    X(DIM, "dim")                                                                                  \
    X(STRONG, "strong")                                                                            \
    X(TITLE, "title")                                                                              \
    X(TITLE_KEY, "title-key")                                                                      \
    X(SIMULATED, "simulated")                                                                      \
    X(TAB, "tab")                                                                                  \
    X(TAB_ACTIVE, "tab-active")                                                                    \
    X(HEADER, "header")                                                                            \
    X(HEADER_SORT, "header-sort")                                                                  \
    X(SELECTED, "selected")                                                                        \
    X(MARKED, "marked")                                                                            \
    X(MATCH, "match")                                                                              \
    X(CHANGED, "changed")                                                                          \
    X(GOOD, "good")                                                                                \
    X(WARNING, "warning")                                                                          \
    X(BAD, "bad")                                                                                  \
    X(UNKNOWN, "unknown")                                                                          \
    X(INFO, "info")                                                                                \
    X(BORDER, "border")                                                                            \
    X(BORDER_ACTIVE, "border-active")                                                              \
    X(KEY, "key")                                                                                  \
    X(KEY_TEXT, "key-text")                                                                        \
    X(PROMPT, "prompt")                                                                            \
    X(SUGGESTION, "suggestion")                                                                    \
    X(ERROR, "error")                                                                              \
    X(BAR, "bar")                                                                                  \
    X(BAR_EMPTY, "bar-empty")                                                                      \
    X(PARTITION_OWN, "partition-own")                                                              \
    X(PARTITION_OTHER, "partition-other")                                                          \
    X(PARTITION_UNKNOWN, "partition-unknown")                                                      \
    X(JSON_KEY, "json-key")                                                                        \
    X(JSON_STRING, "json-string")                                                                  \
    X(JSON_NUMBER, "json-number")                                                                  \
    X(DIALOG, "dialog")                                                                            \
    X(DIALOG_DANGER, "dialog-danger")                                                              \
    X(FIELD, "field")                                                                              \
    X(FIELD_ACTIVE, "field-active")

enum role {
#define X(code, name) ROLE_##code,
    ROLE_LIST(X)
#undef X
    ROLE_COUNT
};

const char *role_name(enum role role); /* "partition-own" */

#endif
