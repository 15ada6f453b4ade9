/* SPDX-License-Identifier: MIT
 *
 * Forms: see form.h. Arrow up and down and Tab go from field to field, left and right move in a
 * text or choose among choices; Enter goes on, and submits on the button.
 */
#include "console/form.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

void form_init(struct form *form, const char *button, const void *context)
{
    memset(form, 0, sizeof(*form));
    form->button = button;
    form->context = context;
}

static void check_field(struct form *form, struct field *field)
{
    field->error[0] = '\0';
    if (field->check != NULL) {
        field->check(form->context, form, field->value, field->error, sizeof(field->error));
    }
}

struct field *form_add(struct form *form, const struct field *field)
{
    if (form->count == FORM_FIELDS) {
        return NULL;
    }
    struct field *added = &form->fields[form->count++];
    *added = *field;
    added->cursor = strlen(added->value);
    check_field(form, added);
    return added;
}

static struct field *find(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->fields[i].name, name) == 0) {
            return (struct field *)&form->fields[i];
        }
    }
    return NULL;
}

const char *form_value(const struct form *form, const char *name)
{
    const struct field *field = find(form, name);
    return field != NULL ? field->value : "";
}

bool form_is_on(const struct form *form, const char *name)
{
    return form_value(form, name)[0] != '\0';
}

void form_set(struct form *form, const char *name, const char *value)
{
    struct field *field = find(form, name);
    if (field != NULL) {
        text_clean(field->value, sizeof(field->value), value);
        field->cursor = strlen(field->value);
        check_field(form, field);
    }
}

static bool is_visible(const struct form *form, size_t i)
{
    return i >= form->count || form->fields[i].visible == NULL || form->fields[i].visible(form);
}

bool form_validate(struct form *form, bool go_to_it)
{
    size_t wrong = form->count;
    for (size_t i = form->count; i > 0; i--) {
        check_field(form, &form->fields[i - 1]);
        if (is_visible(form, i - 1) && form->fields[i - 1].error[0] != '\0') {
            wrong = i - 1;
        }
    }
    if (wrong < form->count && go_to_it) {
        form->chosen = wrong;
    }
    return wrong == form->count;
}

static void go(struct form *form, int step)
{
    size_t places = form->count + 1;
    size_t at = form->chosen;
    do {
        at = (at + (step < 0 ? places - 1 : 1)) % places;
    } while (!is_visible(form, at));
    form->chosen = at;
}

static size_t previous(const char *s, size_t at)
{
    while (at > 0) {
        at--;
        if (((unsigned char)s[at] & 0xc0) != 0x80) {
            break;
        }
    }
    return at;
}

static size_t following(const char *s, size_t at)
{
    size_t len = strlen(s);
    uint32_t code_point;
    return at < len ? at + utf8_decode(s + at, len - at, &code_point) : len;
}

static void remove_bytes(struct field *field, size_t from, size_t to)
{
    memmove(field->value + from, field->value + to, strlen(field->value + to) + 1);
    field->cursor = from;
}

static void insert(struct field *field, uint32_t code_point)
{
    char bytes[4];
    size_t used = utf8_encode(code_point, bytes);
    size_t len = strlen(field->value);
    if (len + used + 1 > sizeof(field->value)) {
        return;
    }
    memmove(field->value + field->cursor + used, field->value + field->cursor,
            len - field->cursor + 1);
    memcpy(field->value + field->cursor, bytes, used);
    field->cursor += used;
}

static enum form_result text_input(struct field *field, uint32_t key)
{
    size_t at = field->cursor;
    switch (key) {
    case INPUT_LEFT:
        field->cursor = previous(field->value, at);
        return FORM_USED;
    case INPUT_RIGHT:
        field->cursor = following(field->value, at);
        return FORM_USED;
    case INPUT_HOME:
    case INPUT_CTRL('a'):
        field->cursor = 0;
        return FORM_USED;
    case INPUT_END:
    case INPUT_CTRL('e'):
        field->cursor = strlen(field->value);
        return FORM_USED;
    case INPUT_BACKSPACE:
        remove_bytes(field, previous(field->value, at), at);
        return FORM_CHANGED;
    case INPUT_DELETE:
        remove_bytes(field, at, following(field->value, at));
        return FORM_CHANGED;
    case INPUT_CTRL('u'):
        remove_bytes(field, 0, at);
        return FORM_CHANGED;
    case INPUT_CTRL('k'):
        field->value[at] = '\0';
        return FORM_CHANGED;
    case INPUT_CTRL('w'): {
        size_t from = at;
        while (from > 0 && field->value[from - 1] == ' ') {
            from--;
        }
        while (from > 0 && field->value[from - 1] != ' ') {
            from--;
        }
        remove_bytes(field, from, at);
        return FORM_CHANGED;
    }
    default:
        break;
    }
    if (key < ' ' || key >= INPUT_SPECIAL || key == 127) {
        return FORM_IGNORED;
    }
    insert(field, key);
    return FORM_CHANGED;
}

/* Goes to the next or previous choice, around the ends; an unknown value starts at the first. */
static enum form_result choose(const struct form *form, struct field *field, int step)
{
    char choice[FORM_VALUE];
    size_t count = 0;
    size_t present = SIZE_MAX;
    while (count < 10000 && field->choice(form->context, count, choice, sizeof(choice))) {
        if (strcmp(choice, field->value) == 0) {
            present = count;
        }
        count++;
    }
    if (count == 0) {
        return FORM_USED;
    }
    size_t next = 0;
    if (present != SIZE_MAX) {
        next = (present + (step < 0 ? count - 1 : 1)) % count;
    }
    if (field->choice(form->context, next, choice, sizeof(choice))) {
        text_clean(field->value, sizeof(field->value), choice);
        field->cursor = strlen(field->value);
    }
    return FORM_CHANGED;
}

static enum form_result field_input(struct form *form, uint32_t key)
{
    struct field *field = &form->fields[form->chosen];
    enum form_result result = FORM_IGNORED;
    switch (field->kind) {
    case FIELD_TEXT:
        result = text_input(field, key);
        break;
    case FIELD_CHOICE:
        if (key == INPUT_RIGHT || key == ' ' || key == INPUT_LEFT) {
            result = choose(form, field, key == INPUT_LEFT ? -1 : 1);
        }
        break;
    case FIELD_SWITCH:
        if (key == ' ' || key == INPUT_LEFT || key == INPUT_RIGHT) {
            text_clean(field->value, sizeof(field->value), field->value[0] != '\0' ? "" : "yes");
            result = FORM_CHANGED;
        }
        break;
    }
    return result;
}

static enum form_result form_click(struct form *form, const struct input *input)
{
    int y = form->area.y - (int)form->top;
    for (size_t i = 0; i <= form->count; i++) {
        if (!is_visible(form, i)) {
            continue;
        }
        if (input->y == y) {
            bool again = form->chosen == i;
            form->chosen = i;
            if (i == form->count) {
                return FORM_SUBMIT;
            }
            return again && form->fields[i].kind != FIELD_TEXT ? field_input(form, ' ') : FORM_USED;
        }
        y++;
    }
    return FORM_IGNORED;
}

static enum form_result form_key(struct form *form, uint32_t key)
{
    switch (key) {
    case INPUT_DOWN:
    case INPUT_TAB:
        go(form, 1);
        return FORM_USED;
    case INPUT_UP:
    case INPUT_BACK_TAB:
        go(form, -1);
        return FORM_USED;
    case INPUT_ESCAPE:
        return FORM_CANCEL;
    case INPUT_ENTER:
        if (form->chosen == form->count) {
            return FORM_SUBMIT;
        }
        go(form, 1);
        return FORM_USED;
    default:
        return form->chosen < form->count ? field_input(form, key) : FORM_IGNORED;
    }
}

enum form_result form_input(struct form *form, const struct input *input)
{
    enum form_result result = FORM_IGNORED;
    if (input->kind == INPUT_MOUSE && input->mouse == MOUSE_PRESS) {
        result = form_click(form, input);
    } else if (input->kind == INPUT_KEY) {
        result = form_key(form, input->key);
    }
    if (result == FORM_CHANGED) {
        form_validate(form, false); /* one field may change what another one means */
    }
    return result;
}

/* ---- drawing ---- */

static void draw_value(struct canvas *canvas, struct field *field, struct rect box, bool chosen)
{
    enum role role = chosen ? ROLE_FIELD_ACTIVE : ROLE_FIELD;
    char text[FORM_VALUE + 8];
    if (field->kind == FIELD_SWITCH) {
        snprintf(text, sizeof(text), "[%s]", field->value[0] != '\0' ? "x" : " ");
        canvas_text(canvas, box.x, box.y, box.width, text, role, 0);
    } else if (field->kind == FIELD_CHOICE) {
        snprintf(text, sizeof(text), "< %s >", field->value[0] != '\0' ? field->value : "-");
        canvas_text(canvas, box.x, box.y, box.width, text, role, 0);
    } else {
        canvas_fill(canvas, box, role, ATTRIBUTE_UNDERLINE);
        /* The end of a long text is what is being typed: show it. */
        const char *shown = field->value;
        size_t from = 0;
        text_clean_n(text, sizeof(text), field->value, field->cursor);
        int before = utf8_columns(text);
        while (before >= box.width && from < field->cursor) {
            from = following(field->value, from);
            text_clean_n(text, sizeof(text), field->value + from, field->cursor - from);
            before = utf8_columns(text);
        }
        shown += chosen ? from : 0;
        bool empty = field->value[0] == '\0' && field->placeholder != NULL;
        canvas_text(canvas, box.x, box.y, box.width, empty ? field->placeholder : shown,
                    empty ? ROLE_DIM : role, ATTRIBUTE_UNDERLINE);
        if (chosen) {
            canvas_cursor(canvas, box.x + before, box.y);
        }
        return;
    }
    if (chosen) {
        canvas_cursor(canvas, box.x, box.y);
    }
}

static void draw_field(struct canvas *canvas, struct field *field, struct rect line,
                       int label_width, bool chosen)
{
    const char *mark = field->error[0] != '\0' ? canvas_glyph(canvas, GLYPH_CROSS) : " ";
    canvas_text(canvas, line.x, line.y, 1, mark, ROLE_ERROR, 0);
    canvas_text(canvas, line.x + 2, line.y, label_width, field->label,
                chosen ? ROLE_STRONG : ROLE_DIM, chosen ? ATTRIBUTE_BOLD : 0);
    int x = line.x + 2 + label_width + 1;
    int end = line.x + line.width;
    int width = end - x;
    bool note = field->error[0] != '\0' && width > 44;
    if (note) {
        width = width / 2;
    }
    if (width > 0) {
        draw_value(canvas, field, (struct rect){x, line.y, width, 1}, chosen);
    }
    if (note) {
        canvas_text(canvas, x + width + 1, line.y, end - x - width - 1, field->error, ROLE_ERROR,
                    0);
    }
}

static int visible_before(const struct form *form, size_t place)
{
    int n = 0;
    for (size_t i = 0; i < place; i++) {
        n += is_visible(form, i);
    }
    return n;
}

int form_height(const struct form *form)
{
    return visible_before(form, form->count) + 2;
}

void form_draw(struct form *form, struct canvas *canvas, struct rect area)
{
    int label = 0;
    for (size_t i = 0; i < form->count; i++) {
        int width = utf8_columns(form->fields[i].label);
        label = width > label ? width : label;
    }
    label = label > area.width / 3 ? area.width / 3 : label;
    /* The last line is for the hint or the error of the chosen field. */
    int height = area.height > 3 ? area.height - 1 : area.height;
    form->area = area;
    int place = visible_before(form, form->chosen);
    if (place < (int)form->top) {
        form->top = (size_t)place;
    } else if (place >= (int)form->top + height) {
        form->top = (size_t)(place - height + 1);
    }
    int y = -(int)form->top;
    for (size_t i = 0; i < form->count; i++) {
        if (!is_visible(form, i)) {
            continue;
        }
        if (y >= 0 && y < height) {
            draw_field(canvas, &form->fields[i], (struct rect){area.x, area.y + y, area.width, 1},
                       label, i == form->chosen);
        }
        y++;
    }
    if (y >= 0 && y < height) {
        bool chosen = form->chosen == form->count;
        char text[48];
        snprintf(text, sizeof(text), chosen ? "[ %s ]" : "  %s  ", form->button);
        canvas_text(canvas, area.x + 2 + label + 1, area.y + y, area.width - label - 3, text,
                    ROLE_STRONG, chosen ? ATTRIBUTE_REVERSE | ATTRIBUTE_BOLD : 0);
        if (chosen) {
            canvas_cursor(canvas, area.x + 2 + label + 1, area.y + y);
        }
    }
    if (form->chosen < form->count && height < area.height) {
        const struct field *field = &form->fields[form->chosen];
        bool wrong = field->error[0] != '\0';
        canvas_text(canvas, area.x, area.y + area.height - 1, area.width,
                    wrong ? field->error : (field->hint != NULL ? field->hint : ""),
                    wrong ? ROLE_ERROR : ROLE_DIM, 0);
    }
}
