/* SPDX-License-Identifier: MIT
 *
 * A real terminal, by ncursesw: the only file that includes curses. It opens the terminal, decodes
 * keys and mouse, and shows a canvas by writing the cells that differ from what is on the screen;
 * curses turns them into as few bytes as the terminal allows. curses never waits (wait_any() does)
 * and never handles signals (signals_posix.c does).
 *
 * Colours: one pair a role. 24-bit colours are used where the terminal's description has direct
 * colours, or COLORTERM says that the terminal understands them (terminfo.h makes the description
 * then); otherwise the nearest of 256, 16 or 8. The palette of the terminal is never redefined:
 * nothing could bring it back after a kill -9.
 */
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "console/signals.h"
#include "console/term.h"
#include "console/term_parts.h"
#include "console/terminfo.h"
#include "core/base/text.h"

/* Of <term.h>, which cannot be included: it defines a struct term of its own, and macros of words
 * such as "lines" and "columns". Weak, because some builds of curses do not have the names. */
extern const char *const boolnames[] __attribute__((weak));
extern const char *const numnames[] __attribute__((weak));
extern const char *const strnames[] __attribute__((weak));
extern int setupterm(const char *type, int file, int *failure);
extern void *set_curterm(void *terminal);
extern int del_curterm(void *terminal);

#define RUN             128
#define KEY_PASTE_BEGIN 0x8100
#define KEY_PASTE_END   0x8101
#define MOUSE_EVENTS    (BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED)

struct curses_term {
    struct term base;
    SCREEN *screen;
    struct canvas *frame; /* what is to be shown, blanks made cheap */
    struct canvas *shown; /* what is on the screen */
    bool all;             /* nothing of it counts */
    enum term_depth depth;
    bool ascii, mouse, xterm_like, pasting, cursor_on;
    bool check_size; /* somebody else had the terminal: its size may have changed unseen */
    attr_t attributes[ROLE_COUNT];
    short pairs[ROLE_COUNT];
    struct term_ink inks[ROLE_COUNT];
    struct term_guard guard;
};

static struct curses_term *self(struct term *term)
{
    return (struct curses_term *)term;
}

/* ---- cells ---- */

/* The wide characters of a cell as curses takes them: a base, then marks without a width. What this
 * C library thinks to be of another width than the canvas becomes question marks, since curses
 * would lose count of columns. Joined emoji keep their first one: terminals do not agree on the
 * rest. */
static void make_characters(const struct cell *cell, wchar_t out[CCHARW_MAX + 1])
{
    size_t len = strlen(cell->text), count = 0;
    uint32_t code_point = 0;
    memset(out, 0, sizeof(wchar_t) * (CCHARW_MAX + 1));
    for (size_t i = 0; i < len && count < CCHARW_MAX;) {
        i += utf8_decode(cell->text + i, len - i, &code_point);
        int width = wcwidth((wchar_t)code_point);
        if (count == 0) {
            out[count++] = width == cell->width ? (wchar_t)code_point : L'?';
        } else if (width == 0 && code_point != 0x200D && code_point != 0xFE0F) {
            out[count++] = (wchar_t)code_point;
        } else if (code_point == 0x200D) {
            break;
        }
    }
    if (count == 0) {
        out[0] = L' ';
    }
}

static attr_t attributes_of(unsigned bits)
{
    attr_t out = A_NORMAL;
    out |= (bits & ATTRIBUTE_BOLD) != 0 ? A_BOLD : A_NORMAL;
    out |= (bits & ATTRIBUTE_REVERSE) != 0 ? A_REVERSE : A_NORMAL;
    out |= (bits & ATTRIBUTE_UNDERLINE) != 0 ? A_UNDERLINE : A_NORMAL;
    out |= (bits & ATTRIBUTE_DIM) != 0 ? A_DIM : A_NORMAL;
    return out;
}

static void make_cell(const struct curses_term *term, const struct cell *cell, cchar_t *out)
{
    unsigned role = cell->role < ROLE_COUNT ? cell->role : ROLE_TEXT;
    attr_t attributes = term->attributes[role] | attributes_of(cell->attributes);
    wchar_t text[CCHARW_MAX + 1] = {0};
    if (cell->width == 1 && cell->text[1] == '\0' && (unsigned char)cell->text[0] < 0x7f) {
        text[0] = (wchar_t)cell->text[0];
    } else {
        make_characters(cell, text);
    }
    setcchar(out, text, attributes, term->pairs[role], NULL);
}

/* Writes the cells [x, end) of a row to curses' window. */
static void write_cells(const struct curses_term *term, const struct cell *row, int x, int end,
                        int y)
{
    cchar_t run[RUN];
    int count = 0, start = x;
    for (int i = x; i < end; i++) {
        if (row[i].width == 1) {
            if (count == 0) {
                start = i;
            }
            make_cell(term, &row[i], &run[count++]);
        }
        if (count > 0 && (count == RUN || row[i].width != 1 || i + 1 == end)) {
            mvwadd_wchnstr(stdscr, y, start, run, count);
            count = 0;
        }
        if (row[i].width == 2) {
            make_cell(term, &row[i], &run[0]);
            mvwadd_wch(stdscr, y, i, &run[0]);
            if (run[0].chars[0] == L'?' && i + 1 < end) {
                mvwadd_wch(stdscr, y, i + 1, &run[0]);
            }
        }
    }
}

static void write_row(const struct curses_term *term, const struct canvas *canvas, int y)
{
    const struct cell *row = canvas_row(canvas, y);
    const struct cell *old = term->all ? NULL : canvas_row(term->shown, y);
    int width = canvas_width(canvas);
    if (old != NULL && memcmp(row, old, (size_t)width * sizeof(*row)) == 0) {
        return;
    }
    for (int x = 0; x < width;) {
        if (old != NULL && memcmp(&row[x], &old[x], sizeof(*row)) == 0) {
            x++;
            continue;
        }
        int end = x + 1;
        while (end < width && (old == NULL || memcmp(&row[end], &old[end], sizeof(*row)) != 0)) {
            end++;
        }
        /* Both halves of a wide character are written together. */
        while (x > 0 && row[x].width == 0) {
            x--;
        }
        while (end < width && row[end].width == 0) {
            end++;
        }
        write_cells(term, row, x, end, y);
        x = end;
    }
}

static void show_cursor(struct curses_term *term, const struct canvas *canvas)
{
    int x = -1, y = -1;
    canvas_get_cursor(canvas, &x, &y);
    bool on = x >= 0;
    if (on != term->cursor_on) {
        curs_set(on ? 1 : 0);
        leaveok(stdscr, !on);
        term->cursor_on = on;
    }
    if (on) {
        wmove(stdscr, y, x);
    }
}

static void curses_show(struct term *base, const struct canvas *canvas)
{
    struct curses_term *term = self(base);
    int height = 0, width = 0;
    getmaxyx(stdscr, height, width);
    bool fits = width == canvas_width(canvas) && height == canvas_height(canvas);
    if (canvas_width(term->shown) != canvas_width(canvas) ||
        canvas_height(term->shown) != canvas_height(canvas)) {
        term->all = true;
    }
    if (term->all) {
        werase(stdscr);
    }
    if (!canvas_copy(term->frame, canvas)) {
        return; /* out of memory: the screen stays as it is */
    }
    for (int y = 0; y < canvas_height(canvas) && y < height; y++) {
        term_cheapen_row(term->frame, y, term->inks);
        write_row(term, term->frame, y);
    }
    show_cursor(term, canvas);
    wnoutrefresh(stdscr);
    doupdate();
    /* A canvas of yesterday's size is followed by the right one at once: forget it. */
    term->all = !canvas_copy(term->shown, term->frame) || !fits;
}

static void curses_redraw(struct term *term)
{
    self(term)->all = true;
    clearok(curscr, TRUE);
}

/* ---- colours ---- */

/* The pair of two colours: the one of an earlier role when it has the same. */
static short pair_of(int role, const int fg[ROLE_COUNT], const int bg[ROLE_COUNT])
{
    if (fg[role] < 0 && bg[role] < 0) {
        return 0;
    }
    int first = 0;
    while (fg[first] != fg[role] || bg[first] != bg[role]) {
        first++;
    }
    bool made = first < role ||
                (role + 1 < COLOR_PAIRS && init_extended_pair(role + 1, fg[role], bg[role]) == OK);
    return made ? (short)(first + 1) : 0;
}

static void curses_set_theme(struct term *base, const struct theme *theme)
{
    struct curses_term *term = self(base);
    int fg[ROLE_COUNT], bg[ROLE_COUNT];
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct style *style = &theme->roles[role];
        attr_t attributes = attributes_of(style->attributes);
        fg[role] = -1;
        bg[role] = -1;
        if (term->depth == TERM_MONO) {
            attributes |= style->bg.set ? A_REVERSE : A_NORMAL;
        } else {
            colour_resolve(style, (int)term->depth, &fg[role], &bg[role]);
        }
        if (term->depth == TERM_24BIT) {
            /* In direct-colour descriptions the first eight numbers are the ANSI colours. */
            fg[role] = fg[role] >= 0 && fg[role] < 8 ? 8 : fg[role];
            bg[role] = bg[role] >= 0 && bg[role] < 8 ? 8 : bg[role];
        }
        term->attributes[role] = attributes;
        term->pairs[role] = pair_of(role, fg, bg);
        term->inks[role] = (struct term_ink){
            .clear_blanks = bg[role] < 0 && (attributes & (A_REVERSE | A_UNDERLINE)) == 0,
            .plain = term->pairs[role] == 0 && attributes == A_NORMAL,
        };
    }
    term->all = true;
}

/* How many colours the description of the terminal has, as a depth. */
static enum term_depth described_depth(void)
{
    if (!has_colors()) {
        return TERM_MONO;
    }
    if (tigetflag("RGB") > 0 && COLORS > 256) {
        return TERM_24BIT;
    }
    return COLORS >= 256 ? TERM_256 : COLORS >= 16 ? TERM_16 : COLORS >= 8 ? TERM_8 : TERM_MONO;
}

static int rank(int depth)
{
    return depth == TERM_24BIT ? 1000 : depth;
}

static void start_colours(struct curses_term *term, const struct term_options *options)
{
    int wanted = term_wanted_depth(options);
    term->depth = TERM_MONO;
    if (wanted == TERM_MONO || start_color() == ERR) {
        return;
    }
    use_default_colors();
    term->depth = described_depth();
    if (wanted > 0 && rank(wanted) < rank((int)term->depth)) {
        term->depth = (enum term_depth)wanted;
    }
}

/* ---- input ---- */

static uint32_t special_key(wint_t key)
{
    static const struct {
        int curses;
        uint32_t key;
    } keys[] = {
        {KEY_UP, INPUT_UP},         {KEY_DOWN, INPUT_DOWN},       {KEY_LEFT, INPUT_LEFT},
        {KEY_RIGHT, INPUT_RIGHT},   {KEY_HOME, INPUT_HOME},       {KEY_END, INPUT_END},
        {KEY_PPAGE, INPUT_PAGE_UP}, {KEY_NPAGE, INPUT_PAGE_DOWN}, {KEY_IC, INPUT_INSERT},
        {KEY_DC, INPUT_DELETE},     {KEY_ENTER, INPUT_ENTER},     {KEY_BACKSPACE, INPUT_BACKSPACE},
        {KEY_BTAB, INPUT_BACK_TAB}, {KEY_FIND, INPUT_HOME},       {KEY_SELECT, INPUT_END},
        {KEY_A1, INPUT_HOME},       {KEY_C1, INPUT_END},          {KEY_A3, INPUT_PAGE_UP},
        {KEY_C3, INPUT_PAGE_DOWN},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if ((wint_t)keys[i].curses == key) {
            return keys[i].key;
        }
    }
    if (key >= (wint_t)KEY_F(1) && key <= (wint_t)KEY_F(12)) {
        return INPUT_F1 + (uint32_t)(key - (wint_t)KEY_F(1));
    }
    return 0;
}

static bool mouse_input(struct input *out)
{
    MEVENT event;
    if (getmouse(&event) != OK) {
        return false;
    }
    out->kind = INPUT_MOUSE;
    out->x = event.x;
    out->y = event.y;
    if ((event.bstate & BUTTON4_PRESSED) != 0) {
        out->mouse = MOUSE_WHEEL_UP;
    } else if ((event.bstate & BUTTON5_PRESSED) != 0) {
        out->mouse = MOUSE_WHEEL_DOWN;
    } else if ((event.bstate & BUTTON1_PRESSED) != 0) {
        out->mouse = MOUSE_PRESS;
    } else {
        return false;
    }
    return true;
}

/* The terminal has another size: curses and the screen follow. */
static void resize_input(struct curses_term *term, struct input *out)
{
    int width = 0, height = 0;
    if (term_read_size(&width, &height)) {
        resize_term(height, width);
    }
    curses_redraw(&term->base); /* terminals move their content about as they like */
    out->kind = INPUT_RESIZE;
    getmaxyx(stdscr, out->y, out->x);
}

/* A key code of curses; false: it means nothing here, look for the next one. */
static bool code_input(struct curses_term *term, wint_t key, struct input *out)
{
    switch (key) {
    case KEY_RESIZE:
        resize_input(term, out);
        return true;
    case KEY_MOUSE:
        return mouse_input(out);
    case KEY_PASTE_BEGIN:
    case KEY_PASTE_END:
        term->pasting = key == KEY_PASTE_BEGIN;
        return false;
    default:
        out->kind = INPUT_KEY;
        out->key = special_key(key);
        return out->key != 0;
    }
}

static void character_input(const struct curses_term *term, wint_t key, struct input *out)
{
    if (!term->pasting) {
        out->kind = INPUT_KEY;
        out->key = term_plain_key((uint32_t)key);
        return;
    }
    out->kind = INPUT_PASTE;
    out->key = key < 0x20 || key == 0x7f ? ' ' : (uint32_t)key;
}

static void curses_next(struct term *base, struct input *out)
{
    struct curses_term *term = self(base);
    memset(out, 0, sizeof(*out));
    out->kind = INPUT_NONE;
    bool resized = signals_resized();
    if (resized || term->check_size) {
        term->check_size = false;
        resize_input(term, out);
        return;
    }
    for (;;) {
        wint_t key = 0;
        int kind = wget_wch(stdscr, &key);
        if (kind == ERR) {
            return;
        }
        if (kind == KEY_CODE_YES) {
            if (code_input(term, key, out)) {
                return;
            }
            out->kind = INPUT_NONE;
            continue;
        }
        character_input(term, key, out);
        return;
    }
}

/* ---- the rest of the table ---- */

static void curses_size(struct term *term, int *width, int *height)
{
    (void)term;
    getmaxyx(stdscr, *height, *width);
}

static enum term_depth curses_depth(struct term *term)
{
    return self(term)->depth;
}

static bool curses_ascii(struct term *term)
{
    return self(term)->ascii;
}

static void curses_set_mouse(struct term *base, bool on)
{
    struct curses_term *term = self(base);
    term->mouse = on && term->xterm_like;
    mousemask(term->mouse ? MOUSE_EVENTS : 0, NULL);
}

static void mark_paste(const struct curses_term *term, bool on)
{
    if (term->xterm_like) {
        term_mark_paste(on);
    }
}

static void curses_suspend(struct term *base)
{
    struct curses_term *term = self(base);
    mark_paste(term, false);
    curs_set(1);
    endwin();
    signals_guard("", 0);
}

static void curses_resume(struct term *base)
{
    struct curses_term *term = self(base);
    signals_guard(term->guard.bytes, term->guard.len);
    reset_prog_mode();
    curs_set(term->cursor_on ? 1 : 0);
    mark_paste(term, true);
    curses_redraw(base);
    term->check_size = true;
}

static void curses_close(struct term *base)
{
    struct curses_term *term = self(base);
    curses_suspend(base);
    delscreen(term->screen);
    signals_end();
    canvas_free(term->frame);
    canvas_free(term->shown);
    free(term);
}

static bool curses_copy(struct term *term, const char *text)
{
    return self(term)->xterm_like && term_copy(text);
}

/* curses writes to the terminal by itself, and an estimate would be no number. */
static uint64_t curses_bytes_written(struct term *term)
{
    (void)term;
    return 0;
}

static const struct term_ops curses_ops = {
    .close = curses_close,
    .size = curses_size,
    .depth = curses_depth,
    .ascii = curses_ascii,
    .set_theme = curses_set_theme,
    .set_mouse = curses_set_mouse,
    .show = curses_show,
    .redraw = curses_redraw,
    .next = curses_next,
    .suspend = curses_suspend,
    .resume = curses_resume,
    .copy = curses_copy,
    .bytes_written = curses_bytes_written,
};

/* ---- opening ---- */

static enum hvgpu_status unsupported(struct hvgpu_error *err, const char *object,
                                     const char *reason)
{
    error_set(err, HVGPU_UNSUPPORTED, "open the terminal", object, "%s", reason);
    error_hint(err, "use the shell commands, for example: hvgpu -c URI gpus, with --json for "
                    "scripts; hvgpu help lists them");
    return HVGPU_UNSUPPORTED;
}

/* Opens the terminal with a description that has more colours than the installed one; NULL: there
 * is no need, or it cannot be done. Only for terminals of xterm's kin, whose colours are known. */
static SCREEN *open_colourful(const char *type, const struct term_options *options)
{
    int colours = term_more_colours(options), failure = 0;
    if (colours == 0 || &boolnames == NULL || setupterm(type, STDOUT_FILENO, &failure) != OK) {
        return NULL;
    }
    struct terminfo_source source = {tigetflag, tigetnum, tigetstr, boolnames, numnames, strnames};
    const char *mouse = tigetstr("kmous");
    bool xterm_like = mouse != NULL && mouse != (const char *)-1 && text_starts(mouse, "\033[");
    char *entry = xterm_like && tigetnum("colors") < colours
                      ? terminfo_with_colours(&source, type, colours)
                      : NULL;
    del_curterm(set_curterm(NULL));
    if (entry == NULL) {
        return NULL;
    }
    char *before = text_copy(getenv("TERMINFO"));
    setenv("TERMINFO", entry, 1);
    SCREEN *screen = newterm(type, stdout, stdin);
    if (before != NULL) {
        setenv("TERMINFO", before, 1);
    } else {
        unsetenv("TERMINFO");
    }
    free(before);
    free(entry);
    return screen;
}

/* What gives the terminal back: mouse and paste marks off, keypad off, colours, attributes, the
 * cursor, the screen before. */
static void prepare_guard(struct curses_term *term)
{
    if (term->xterm_like) {
        term_guard_add(&term->guard, "\033[?1006l\033[?1003l\033[?1002l\033[?1000l\033[?2004l");
    }
    term_guard_add(&term->guard, tigetstr("rmkx"));
    term_guard_add(&term->guard, tigetstr("op"));
    term_guard_add(&term->guard, tigetstr("sgr0"));
    term_guard_add(&term->guard, tigetstr("cnorm"));
    term_guard_add(&term->guard, tigetstr("rmcup"));
}

static void set_modes(void)
{
    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, TRUE);
    mouseinterval(0);
    curs_set(0);
    if (term_free_keys()) {
        def_prog_mode();
    }
}

static bool finish_opening(struct curses_term *term, const struct term_options *options)
{
    const char *mouse = tigetstr("kmous");
    term->xterm_like = mouse != NULL && mouse != (const char *)-1 && text_starts(mouse, "\033[");
    set_modes();
    start_colours(term, options);
    if (term->xterm_like) {
        define_key("\033[200~", KEY_PASTE_BEGIN);
        define_key("\033[201~", KEY_PASTE_END);
    }
    prepare_guard(term);
    signals_guard(term->guard.bytes, term->guard.len);
    mark_paste(term, true);
    curses_set_mouse(&term->base, options->mouse);
    term->frame = canvas_new(1, 1);
    term->shown = canvas_new(1, 1);
    term->all = true;
    struct theme theme;
    theme_default(&theme);
    curses_set_theme(&term->base, &theme);
    return term->frame != NULL && term->shown != NULL;
}

enum hvgpu_status term_curses_open(const struct term_options *options, struct term **out,
                                   struct hvgpu_error *err)
{
    const char *type = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return unsupported(err, "standard input and output", "this is no terminal");
    }
    if (type == NULL || type[0] == '\0' || text_equal(type, "dumb")) {
        return unsupported(err, "TERM", "a terminal of type dumb cannot show the console");
    }
    struct curses_term *term = calloc(1, sizeof(*term));
    if (term == NULL) {
        return error_set(err, HVGPU_MEMORY, "open the terminal", type, "out of memory");
    }
    term->base.ops = &curses_ops;
    term->ascii = term_only_ascii(options);
    signals_begin();
    set_escdelay(25);
    term->screen = open_colourful(type, options);
    if (term->screen == NULL) {
        term->screen = newterm(NULL, stdout, stdin);
    }
    const char *move = term->screen != NULL ? tigetstr("cup") : NULL;
    if (move == NULL || move == (const char *)-1) {
        if (term->screen != NULL) {
            endwin();
            delscreen(term->screen);
        }
        signals_end();
        free(term);
        return unsupported(err, type, "this terminal is not known here, or cannot move its cursor");
    }
    if (!finish_opening(term, options)) {
        curses_close(&term->base);
        return error_set(err, HVGPU_MEMORY, "open the terminal", type, "out of memory");
    }
    *out = &term->base;
    return HVGPU_OK;
}
