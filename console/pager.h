/* SPDX-License-Identifier: MIT
 *
 * The pager: a scrolling pane of lines with search, for JSON, evidence, help and previews. Lines
 * are the text's own; long ones are wrapped or moved sideways. It owns a copy of its text.
 */
#ifndef HVGPU_CONSOLE_PAGER_H
#define HVGPU_CONSOLE_PAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "console/canvas.h"
#include "console/input.h"

enum pager_kind { PAGER_TEXT, PAGER_JSON };

struct pager {
    enum pager_kind kind;
    char *text; /* own copy, cleaned, lines cut by NUL */
    char **lines;
    size_t count;
    size_t top;      /* first line on the screen */
    int left;        /* columns moved sideways */
    char search[80]; /* lower case; "": none */
    size_t found;    /* line of the present match; SIZE_MAX: none */
    size_t matches;  /* lines that match */
    struct rect area;
};

void pager_init(struct pager *pager, enum pager_kind kind);
void pager_done(struct pager *pager);
/* Replaces the text; scroll position and search stay. NULL: empty. */
void pager_set(struct pager *pager, const char *text);
/* Pretty-prints JSON text first; text that is no JSON is shown as it is. */
void pager_set_json(struct pager *pager, const char *json);
void pager_draw(struct pager *pager, struct canvas *canvas, struct rect area);
void pager_move(struct pager *pager, long lines);
void pager_page(struct pager *pager, int halves);
void pager_sideways(struct pager *pager, int columns);
void pager_home(struct pager *pager);
void pager_end(struct pager *pager);
bool pager_mouse(struct pager *pager, const struct input *input);
/* Sets the search ("" ends it) and goes to the first match from the top of the screen. */
bool pager_search(struct pager *pager, const char *text);
bool pager_search_next(struct pager *pager, int direction); /* wraps */
/* "lines 1-20 of 300", with a search "3 lines match". */
void pager_status(const struct pager *pager, char *out, size_t size);

#endif
