/* SPDX-License-Identifier: MIT
 *
 * Dialogs: see dialog.h. The safe button stands first and is chosen when a dialog opens; an action
 * that wants a word typed cannot be reached before the word is there.
 */
#include "console/dialog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/wrap.h"
#include "core/base/text.h"

enum { FIELD_LEAST = 24 }; /* columns that the field of a typed id should have */

enum dialog_kind { DIALOG_QUESTION, DIALOG_MENU, DIALOG_MESSAGE };

struct menu_item {
    char *label, *detail;
    uint32_t key;
    char key_text[16];
    bool disabled;
};

struct dialog {
    enum dialog_kind kind;
    char *title, *text, *action, *refuse, *typed;
    char input[256]; /* what has been typed */
    bool danger;
    int chosen; /* question: 0 cancel, 1 action; menu: item */
    int top;    /* first item or line shown */
    struct menu_item *items;
    size_t count;
    dialog_done_fn done;
    void *context;
    struct rect area; /* of the box, for the mouse */
    int list_y;
    int button_x[2], button_y;
};

static void dialog_free(struct dialog *dialog)
{
    for (size_t i = 0; i < dialog->count; i++) {
        free(dialog->items[i].label);
        free(dialog->items[i].detail);
    }
    free(dialog->items);
    free(dialog->title);
    free(dialog->text);
    free(dialog->action);
    free(dialog->refuse);
    free(dialog->typed);
    free(dialog->context);
    free(dialog);
}

void dialog_close(struct app *app)
{
    if (app->dialog != NULL) {
        dialog_free(app->dialog);
        app->dialog = NULL;
        app->dirty = true;
    }
}

/* Closes first, so that `done` may open the next dialog. */
static void finish(struct app *app, int choice)
{
    struct dialog *dialog = app->dialog;
    app->dialog = NULL;
    app->dirty = true;
    if (dialog->done != NULL) {
        dialog->done(app, dialog->context, choice);
    }
    dialog_free(dialog);
}

static struct dialog *open_dialog(struct app *app, enum dialog_kind kind, const char *title,
                                  const char *text, void *context)
{
    struct dialog *dialog = calloc(1, sizeof(*dialog));
    if (dialog == NULL) {
        free(context);
        return NULL;
    }
    dialog_close(app);
    dialog->kind = kind;
    dialog->context = context;
    dialog->title = text_copy(title);
    dialog->text = text_copy(text);
    app->dialog = dialog;
    app->dirty = true;
    return dialog;
}

void dialog_ask(struct app *app, const struct dialog_question *question)
{
    struct dialog *dialog =
        open_dialog(app, DIALOG_QUESTION, question->title, question->text, question->context);
    if (dialog == NULL) {
        return;
    }
    dialog->action = text_copy(question->action != NULL ? question->action : "OK");
    dialog->refuse = text_copy(question->refuse != NULL ? question->refuse : "Cancel");
    dialog->typed = text_copy(question->typed);
    dialog->danger = question->danger;
    dialog->done = question->done;
}

void dialog_message(struct app *app, const char *title, const char *text, bool is_error)
{
    struct dialog *dialog = open_dialog(app, DIALOG_MESSAGE, title, text, NULL);
    if (dialog != NULL) {
        dialog->danger = is_error;
    }
}

void dialog_menu(struct app *app, const char *title, const struct dialog_item *items, size_t count,
                 size_t chosen, dialog_done_fn done, void *context)
{
    struct dialog *dialog = open_dialog(app, DIALOG_MENU, title, NULL, context);
    if (dialog == NULL) {
        return;
    }
    dialog->done = done;
    dialog->items = calloc(count + 1, sizeof(*dialog->items));
    for (size_t i = 0; dialog->items != NULL && i < count; i++) {
        struct menu_item *item = &dialog->items[dialog->count++];
        item->label = text_copy(items[i].label);
        item->detail = text_copy(items[i].detail);
        item->disabled = items[i].disabled;
        if (items[i].key != NULL && input_from_name(items[i].key, &item->key)) {
            text_clean(item->key_text, sizeof(item->key_text), items[i].key);
        }
    }
    dialog->chosen = chosen < dialog->count ? (int)chosen : 0;
}

static bool typed_right(const struct dialog *dialog)
{
    return dialog->typed == NULL || strcmp(dialog->input, dialog->typed) == 0;
}

/* ---- input ---- */

static void edit_typed(struct dialog *dialog, uint32_t key)
{
    size_t len = strlen(dialog->input);
    if (key == INPUT_BACKSPACE && len > 0) {
        do {
            len--;
        } while (len > 0 && ((unsigned char)dialog->input[len] & 0xc0) == 0x80);
        dialog->input[len] = '\0';
    } else if (key == INPUT_CTRL('u')) {
        dialog->input[0] = '\0';
    } else if (key >= ' ' && key < INPUT_SPECIAL && key != 127 && len + 5 < sizeof(dialog->input)) {
        len += utf8_encode(key, dialog->input + len);
        dialog->input[len] = '\0';
    }
    dialog->chosen = typed_right(dialog) ? dialog->chosen : 0;
}

static void question_input(struct app *app, const struct input *input)
{
    struct dialog *dialog = app->dialog;
    uint32_t key = input->key;
    bool ready = typed_right(dialog);
    if (key == INPUT_ESCAPE || (dialog->typed == NULL && (key == 'n' || key == 'q'))) {
        finish(app, 0);
    } else if (key == INPUT_ENTER) {
        if (dialog->chosen == 1 || dialog->typed == NULL || dialog->input[0] == '\0') {
            finish(app, dialog->chosen == 1 && ready ? 1 : 0);
        } else if (ready) {
            dialog->chosen = 1; /* typed and confirmed: the button is next, not the act */
        }
    } else if (key == INPUT_TAB || key == INPUT_BACK_TAB || key == INPUT_LEFT ||
               key == INPUT_RIGHT || (dialog->typed == NULL && (key == 'h' || key == 'l'))) {
        dialog->chosen = dialog->chosen == 0 && ready ? 1 : 0;
    } else if (key == INPUT_DOWN || key == INPUT_UP) {
        dialog->top += key == INPUT_DOWN ? 1 : -1; /* the text, where it does not fit */
    } else if (dialog->typed != NULL) {
        edit_typed(dialog, key);
    } else if (key == 'y') {
        dialog->chosen = 1; /* never acts by itself: Enter follows */
    }
}

static void menu_move(struct dialog *dialog, int step)
{
    int count = (int)dialog->count;
    for (int i = 0, at = dialog->chosen; i < count; i++) {
        at = (at + step + count) % count;
        if (!dialog->items[at].disabled) {
            dialog->chosen = at;
            return;
        }
    }
}

static void menu_choose(struct app *app, int item)
{
    if (item >= 0 && item < (int)app->dialog->count && !app->dialog->items[item].disabled) {
        finish(app, item + 1);
    }
}

static void menu_input(struct app *app, const struct input *input)
{
    struct dialog *dialog = app->dialog;
    uint32_t key = input->key;
    for (size_t i = 0; i < dialog->count; i++) {
        if (dialog->items[i].key != 0 && dialog->items[i].key == key) {
            menu_choose(app, (int)i);
            return;
        }
    }
    switch (key) {
    case INPUT_ESCAPE:
    case 'q':
        finish(app, 0);
        break;
    case INPUT_DOWN:
    case 'j':
    case INPUT_TAB:
        menu_move(dialog, 1);
        break;
    case INPUT_UP:
    case 'k':
    case INPUT_BACK_TAB:
        menu_move(dialog, -1);
        break;
    case INPUT_HOME:
    case 'g':
        dialog->chosen = (int)dialog->count - 1;
        menu_move(dialog, 1);
        break;
    case INPUT_END:
    case 'G':
        dialog->chosen = 0;
        menu_move(dialog, -1);
        break;
    case INPUT_ENTER:
        menu_choose(app, dialog->chosen);
        break;
    default:
        break;
    }
}

static void message_input(struct app *app, const struct input *input)
{
    switch (input->key) {
    case INPUT_DOWN:
    case 'j':
        app->dialog->top++;
        break;
    case INPUT_UP:
    case 'k':
        app->dialog->top -= app->dialog->top > 0 ? 1 : 0;
        break;
    default:
        finish(app, 0);
        break;
    }
}

static void dialog_mouse(struct app *app, const struct input *input)
{
    struct dialog *dialog = app->dialog;
    if (input->mouse != MOUSE_PRESS) {
        if (dialog->kind == DIALOG_MENU) {
            menu_move(dialog, input->mouse == MOUSE_WHEEL_UP ? -1 : 1);
        }
        return;
    }
    if (dialog->kind == DIALOG_MENU) {
        bool inside =
            input->x > dialog->area.x && input->x < dialog->area.x + dialog->area.width - 1 &&
            input->y >= dialog->list_y && input->y < dialog->area.y + dialog->area.height - 1;
        menu_choose(app, inside ? input->y - dialog->list_y + dialog->top : -1);
    } else if (dialog->kind == DIALOG_MESSAGE) {
        finish(app, 0);
    } else if (input->y == dialog->button_y) {
        if (input->x >= dialog->button_x[1]) {
            if (typed_right(dialog)) {
                finish(app, 1);
            }
        } else if (input->x >= dialog->button_x[0]) {
            finish(app, 0);
        }
    }
}

void dialog_input(struct app *app, const struct input *input)
{
    if (app->dialog == NULL) {
        return;
    }
    app->dirty = true;
    if (input->kind == INPUT_MOUSE) {
        dialog_mouse(app, input);
        return;
    }
    if (input->kind != INPUT_KEY) {
        return;
    }
    switch (app->dialog->kind) {
    case DIALOG_QUESTION:
        question_input(app, input);
        break;
    case DIALOG_MENU:
        menu_input(app, input);
        break;
    case DIALOG_MESSAGE:
        message_input(app, input);
        break;
    }
}

/* ---- drawing ---- */

/* A box of the wanted inner size in the middle of area, never larger than it. */
static struct rect place_box(struct canvas *canvas, struct dialog *dialog, struct rect area,
                             int columns, int lines)
{
    struct rect box = {0, 0, columns + 4, lines + 2};
    box.width = box.width > area.width ? area.width : box.width;
    box.height = box.height > area.height ? area.height : box.height;
    box.x = area.x + (area.width - box.width) / 2;
    box.y = area.y + (area.height - box.height) / 2;
    dialog->area = box;
    enum role role = dialog->danger ? ROLE_DIALOG_DANGER : ROLE_DIALOG;
    canvas_fill(canvas, box, ROLE_DIALOG, 0);
    canvas_box(canvas, box, dialog->title, role);
    int pad = box.width > 24 ? 2 : 1;
    return (struct rect){box.x + pad, box.y + 1, box.width - 2 * pad, box.height - 2};
}

static int max_width(struct rect area, int wanted)
{
    int most = area.width - 4 > 1 ? area.width - 4 : 1;
    return wanted < most ? wanted : most;
}

static int draw_button(struct canvas *canvas, int x, int y, int width, const char *label,
                       bool chosen, enum role role)
{
    char text[64];
    snprintf(text, sizeof(text), chosen ? "[ %s ]" : "  %s  ", label);
    return canvas_text(canvas, x, y, width, text, role,
                       chosen ? ATTRIBUTE_REVERSE | ATTRIBUTE_BOLD : 0);
}

static void draw_buttons(struct canvas *canvas, struct dialog *dialog, struct rect inner, int y)
{
    bool ready = typed_right(dialog);
    int right = inner.x + inner.width;
    dialog->button_y = y;
    dialog->button_x[0] = inner.x;
    int used = draw_button(canvas, inner.x, y, inner.width,
                           dialog->refuse != NULL ? dialog->refuse : "Cancel", dialog->chosen == 0,
                           ROLE_DIALOG);
    int x = inner.x + used + (inner.width > 30 ? 2 : 0);
    dialog->button_x[1] = x;
    enum role role = dialog->danger ? ROLE_DIALOG_DANGER : ROLE_DIALOG;
    draw_button(canvas, x, y, right - x, dialog->action, dialog->chosen == 1,
                ready ? role : ROLE_DIM);
    int at = dialog->chosen == 0 ? inner.x : x;
    canvas_cursor(canvas, at, y);
}

/* The line in which the id is typed. Where it is too narrow for both, the id to type stands in the
 * text above only. */
static void draw_typed(struct canvas *canvas, const struct dialog *dialog, struct rect inner, int y)
{
    char prompt[320];
    snprintf(prompt, sizeof(prompt), "Type %s: ", dialog->typed);
    int wanted = utf8_columns(dialog->typed) + 1;
    if (utf8_columns(prompt) + (wanted < FIELD_LEAST ? wanted : FIELD_LEAST) > inner.width) {
        text_clean(prompt, sizeof(prompt), inner.width > 40 ? "Type the id above: " : "Type it: ");
    }
    int used = canvas_text(canvas, inner.x, y, inner.width - 4, prompt, ROLE_DIALOG, 0);
    struct rect field = {inner.x + used, y, inner.width - used, 1};
    const char *shown = dialog->input; /* the end of it is what is being typed */
    while (utf8_columns(shown) >= field.width && *shown != '\0') {
        uint32_t code_point;
        shown += utf8_decode(shown, strlen(shown), &code_point);
    }
    canvas_fill(canvas, field, ROLE_FIELD_ACTIVE, ATTRIBUTE_UNDERLINE);
    canvas_text(canvas, field.x, y, field.width, shown, ROLE_FIELD_ACTIVE, ATTRIBUTE_UNDERLINE);
    if (dialog->chosen == 0) {
        canvas_cursor(canvas, field.x + utf8_columns(shown), y);
    }
}

static void draw_question(struct canvas *canvas, struct dialog *dialog, struct rect area)
{
    const char *text = dialog->text != NULL ? dialog->text : "";
    int columns = max_width(area, 64);
    int title = dialog->title != NULL ? utf8_columns(dialog->title) + 2 : 0;
    columns = columns < title ? max_width(area, title) : columns;
    int lines = wrap_count(text, columns);
    int extra = dialog->typed != NULL ? 4 : 2;
    struct rect inner = place_box(canvas, dialog, area, columns, lines + extra);
    /* The buttons always stand; the text gives way. */
    int room = inner.height - 1 - (dialog->typed != NULL ? 1 : 0);
    bool airy = room > lines;
    int shown = room < lines ? room : lines;
    int last = shown > 0 ? lines - shown : 0;
    dialog->top = dialog->top < 0 ? 0 : (dialog->top > last ? last : dialog->top);
    wrap_draw(canvas, (struct rect){inner.x, inner.y, inner.width, shown > 0 ? shown : 0}, text,
              dialog->top, ROLE_DIALOG, 0);
    if (dialog->top < last) {
        /* More stands below: the arrow is on the frame, next to the last line shown. */
        canvas_text(canvas, dialog->area.x + dialog->area.width - 1, inner.y + shown - 1, 1,
                    canvas_glyph(canvas, GLYPH_DOWN), ROLE_KEY, ATTRIBUTE_BOLD);
    }
    int bottom = inner.y + inner.height - 1;
    draw_buttons(canvas, dialog, inner, bottom);
    if (dialog->typed == NULL) {
        return;
    }
    draw_typed(canvas, dialog, inner, airy && inner.height > 4 ? bottom - 2 : bottom - 1);
}

static void draw_item(struct canvas *canvas, const struct dialog *dialog, struct rect line,
                      size_t i, int label_width, int key_width)
{
    const struct menu_item *item = &dialog->items[i];
    int x = line.x;
    enum role role = item->disabled ? ROLE_DIM : ROLE_DIALOG;
    if (key_width > 0) {
        canvas_text(canvas, x, line.y, key_width, item->key_text,
                    item->disabled ? ROLE_DIM : ROLE_KEY, 0);
        x += key_width + 1;
    }
    int end = line.x + line.width;
    canvas_text(canvas, x, line.y, end - x, item->label != NULL ? item->label : "", role, 0);
    if (item->detail != NULL && end - x > label_width + 6) {
        canvas_text(canvas, x + label_width + 2, line.y, end - x - label_width - 2, item->detail,
                    ROLE_DIM, 0);
    }
    if ((int)i == dialog->chosen) {
        canvas_tint(canvas, line, ROLE_SELECTED, 0);
        canvas_cursor(canvas, line.x, line.y);
    }
}

static void draw_menu(struct canvas *canvas, struct dialog *dialog, struct rect area)
{
    int label = 0;
    int detail = 0;
    int key = 0;
    for (size_t i = 0; i < dialog->count; i++) {
        const struct menu_item *item = &dialog->items[i];
        int width = utf8_columns(item->label != NULL ? item->label : "");
        label = width > label ? width : label;
        width = item->detail != NULL ? utf8_columns(item->detail) + 2 : 0;
        detail = width > detail ? width : detail;
        width = utf8_columns(item->key_text);
        key = width > key ? width : key;
    }
    int wanted = label + detail + (key > 0 ? key + 1 : 0);
    int title = dialog->title != NULL ? utf8_columns(dialog->title) + 2 : 0;
    wanted = wanted < title ? title : wanted;
    struct rect inner =
        place_box(canvas, dialog, area, max_width(area, wanted), (int)dialog->count);
    int height = inner.height > 0 ? inner.height : 1;
    if (dialog->chosen < dialog->top) {
        dialog->top = dialog->chosen;
    } else if (dialog->chosen >= dialog->top + height) {
        dialog->top = dialog->chosen - height + 1;
    }
    dialog->list_y = inner.y;
    for (int r = 0; r < height && dialog->top + r < (int)dialog->count; r++) {
        draw_item(canvas, dialog, (struct rect){inner.x, inner.y + r, inner.width, 1},
                  (size_t)(dialog->top + r), label, key);
    }
}

static void draw_message(struct canvas *canvas, struct dialog *dialog, struct rect area)
{
    const char *text = dialog->text != NULL ? dialog->text : "";
    int columns = max_width(area, 72);
    int lines = wrap_count(text, columns);
    struct rect inner = place_box(canvas, dialog, area, columns, lines + 2);
    int room = inner.height > 2 ? inner.height - 2 : (inner.height > 1 ? inner.height - 1 : 1);
    int last = lines > room ? lines - room : 0;
    dialog->top = dialog->top > last ? last : dialog->top;
    wrap_draw(canvas, (struct rect){inner.x, inner.y, inner.width, room}, text, dialog->top,
              ROLE_DIALOG, 0);
    if (inner.height > 1) {
        draw_button(canvas, inner.x, inner.y + inner.height - 1, inner.width, "Close", true,
                    ROLE_DIALOG);
    }
    canvas_cursor(canvas, inner.x, inner.y + inner.height - 1);
}

void dialog_draw(struct app *app, struct rect area)
{
    struct dialog *dialog = app->dialog;
    if (dialog == NULL || area.width < 4 || area.height < 3) {
        return;
    }
    switch (dialog->kind) {
    case DIALOG_QUESTION:
        draw_question(app->canvas, dialog, area);
        break;
    case DIALOG_MENU:
        draw_menu(app->canvas, dialog, area);
        break;
    case DIALOG_MESSAGE:
        draw_message(app->canvas, dialog, area);
        break;
    }
}
