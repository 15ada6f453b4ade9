/* SPDX-License-Identifier: MIT
 *
 * A form: fields one below the other, each validated while it is typed. Text, choice and switch
 * fields. The form owns the values; labels, hints and choices are borrowed from static tables.
 */
#ifndef HVGPU_CONSOLE_FORM_H
#define HVGPU_CONSOLE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "console/canvas.h"
#include "console/input.h"

#define FORM_VALUE  512
#define FORM_FIELDS 24

enum field_kind { FIELD_TEXT, FIELD_CHOICE, FIELD_SWITCH };

struct form;

struct field {
    const char *name, *label, *hint; /* hint: one line shown while the field is chosen */
    const char *placeholder;         /* what an empty field means, shown dim in it; may be NULL */
    enum field_kind kind;
    char value[FORM_VALUE]; /* text; choice: the chosen text; switch: "yes" or "" */
    size_t cursor;          /* byte offset */
    char error[160];        /* "" when valid */
    /* Choices: text of choice i into out, false: there are no more. */
    bool (*choice)(const void *context, size_t i, char *out, size_t size);
    /* Fills error with what is wrong; leaves it "" when right. May be NULL. */
    void (*check)(const void *context, const struct form *form, const char *value, char *error,
                  size_t size);
    /* Shown only while this holds; NULL: always. */
    bool (*visible)(const struct form *form);
};

struct form {
    const void *context;
    struct field fields[FORM_FIELDS];
    size_t count;
    size_t chosen; /* == count: the button */
    size_t top;
    const char *button; /* "Launch" */
    struct rect area;
};

enum form_result { FORM_IGNORED, FORM_USED, FORM_CHANGED, FORM_SUBMIT, FORM_CANCEL };

void form_init(struct form *form, const char *button, const void *context);
struct field *form_add(struct form *form, const struct field *field);
enum form_result form_input(struct form *form, const struct input *input);
/* The rows it needs to show every field, the button and the hint. */
int form_height(const struct form *form);
void form_draw(struct form *form, struct canvas *canvas, struct rect area);
const char *form_value(const struct form *form, const char *name); /* "" when there is none */
bool form_is_on(const struct form *form, const char *name);
void form_set(struct form *form, const char *name, const char *value);
/* Checks every visible field; goes to the first wrong one. True: all are right. */
bool form_validate(struct form *form, bool go_to_it);

#endif
