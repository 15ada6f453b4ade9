/* SPDX-License-Identifier: MIT
 *
 * Themes: the files that come with the program, reading of right and wrong files, and colours at
 * every depth. Run from the source folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/canvas.h"
#include "console/theme.h"
#include "core/base/os/os.h"
#include "core/base/text.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/hvgpu-theme-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    char config[128];
    snprintf(config, sizeof(config), "%s/hvgpu/themes", folder);
    setenv("XDG_CONFIG_HOME", folder, 1);
    return os_folder_make(config, NULL) == HVGPU_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[160];
    static const char *const names[] = {"hvgpu/themes/mine.json",
                                        "hvgpu/themes/dark.json",
                                        "hvgpu/themes/no theme.json",
                                        "t.json",
                                        "hvgpu/themes",
                                        "hvgpu",
                                        ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    return 0;
}

static void write_file(const char *name, const char *content)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(os_file_replace(path, content, strlen(content), NULL), HVGPU_OK);
}

static enum hvgpu_status load(const char *content, struct theme *theme, struct hvgpu_error *err)
{
    char path[160];
    write_file("t.json", content);
    snprintf(path, sizeof(path), "%s/t.json", folder);
    return theme_load(path, theme, err);
}

/* ---- contrast by WCAG 2 ---- */

/* x^2.4 for 0 <= x <= 1: x^2 times the fifth root of x^2, by Newton. */
static double power(double x)
{
    double square = x * x, root = 1.0;
    for (int i = 0; i < 60; i++) {
        double r4 = root * root * root * root;
        root -= (r4 * root - square) / (5 * r4 + 1e-300);
    }
    return square * root;
}

static double linear(uint8_t value)
{
    double v = value / 255.0;
    return v <= 0.04045 ? v / 12.92 : power((v + 0.055) / 1.055);
}

static double luminance(struct colour c)
{
    return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

static double contrast(struct colour a, struct colour b)
{
    double first = luminance(a), second = luminance(b);
    double high = first > second ? first : second, low = first > second ? second : first;
    return (high + 0.05) / (low + 0.05);
}

static void assert_readable(const char *file, struct colour screen)
{
    struct theme theme;
    struct hvgpu_error err;
    assert_int_equal(theme_load(file, &theme, &err), HVGPU_OK);
    for (int i = 0; i < ROLE_COUNT; i++) {
        const struct style *style = &theme.roles[i];
        if (!style->fg.set) {
            assert_false(style->bg.set);
            continue;
        }
        /* Lines and empty parts of bars carry no text. */
        bool text = i != ROLE_BORDER && i != ROLE_BAR_EMPTY;
        double ratio = contrast(style->fg, style->bg.set ? style->bg : screen);
        if (ratio < (text ? 4.5 : 2.5)) {
            fail_msg("%s: %s has a contrast of %.2f", file, role_name((enum role)i), ratio);
        }
    }
}

static void test_contrast_is_what_wcag_says(void **state)
{
    (void)state;
    struct colour black = {true, 0, 0, 0}, white = {true, 255, 255, 255};
    struct colour grey = {true, 0x76, 0x76, 0x76};
    assert_true(contrast(black, white) > 20.9 && contrast(black, white) < 21.1);
    assert_true(contrast(grey, white) > 4.5 && contrast(grey, white) < 4.6);
}

static void test_themes_that_come_with_the_program_are_readable(void **state)
{
    (void)state;
    assert_readable("themes/dark.json", (struct colour){true, 0x1a, 0x1b, 0x1e});
    assert_readable("themes/light.json", (struct colour){true, 0xff, 0xff, 0xff});
    assert_readable("themes/mono.json", (struct colour){true, 0, 0, 0});
}

static void test_mono_has_no_colour(void **state)
{
    (void)state;
    struct theme theme;
    assert_int_equal(theme_load("themes/mono.json", &theme, NULL), HVGPU_OK);
    for (int i = 0; i < ROLE_COUNT; i++) {
        assert_false(theme.roles[i].fg.set || theme.roles[i].bg.set);
    }
    assert_int_equal(theme.roles[ROLE_SELECTED].attributes, ATTRIBUTE_REVERSE);
}

static void test_the_built_in_theme_is_the_file_dark(void **state)
{
    (void)state;
    struct theme file, built_in;
    assert_int_equal(theme_load("themes/dark.json", &file, NULL), HVGPU_OK);
    theme_default(&built_in);
    assert_string_equal(file.name, built_in.name);
    assert_string_equal(file.about, built_in.about);
    for (int i = 0; i < ROLE_COUNT; i++) {
        assert_memory_equal(&file.roles[i], &built_in.roles[i], sizeof(struct style));
    }
}

static void test_missing_roles_are_inherited(void **state)
{
    (void)state;
    struct theme theme, built_in;
    theme_default(&built_in);
    assert_int_equal(
        load("{\"name\":\"x\",\"roles\":{\"good\":{\"fg\":\"#0f0\",\"dim\":true}}}", &theme, NULL),
        HVGPU_OK);
    assert_string_equal(theme.name, "x");
    assert_true(theme.roles[ROLE_GOOD].fg.set);
    assert_int_equal(theme.roles[ROLE_GOOD].fg.green, 255);
    assert_int_equal(theme.roles[ROLE_GOOD].fg.red, 0);
    assert_int_equal(theme.roles[ROLE_GOOD].attributes, ATTRIBUTE_DIM);
    assert_memory_equal(&theme.roles[ROLE_BAD], &built_in.roles[ROLE_BAD], sizeof(struct style));
}

static void test_broken_files_name_line_and_reason_and_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *content, *reason;
    } cases[] = {
        {"", ""},
        {"[]", "must be an object"},
        {"{\"roles\":[]}", "must be an object"},
        {"{\"colour\":1}", "unknown member"},
        {"{\"name\":7}", "must be a text"},
        {"{\n\"roles\":{\n\"goood\":{}}}", "line 3"},
        {"{\"roles\":{\"good\":[]}}", "a role is an object"},
        {"{\"roles\":{\"good\":{\"fg\":\"green\"}}}", "#rrggbb"},
        {"{\"roles\":{\"good\":{\"fg\":\"#12345\"}}}", "#rrggbb"},
        {"{\"roles\":{\"good\":{\"fg\":\"#12345g\"}}}", "#rrggbb"},
        {"{\"roles\":{\"good\":{\"fg\":12}}}", "#rrggbb"},
        {"{\"roles\":{\"good\":{\"bold\":\"yes\"}}}", "true or false"},
        {"{\"roles\":{\"good\":{\"blink\":true}}}", "unknown member"},
        {"{\"roles\":{\"good\":{\"bg\":\"#000\"}}}", "needs a foreground"},
        {"{\"roles\":{\"good\":{}}", "line 1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct theme theme, before;
        struct hvgpu_error err = {.status = HVGPU_OK};
        theme_default(&theme);
        before = theme;
        assert_int_not_equal(load(cases[i].content, &theme, &err), HVGPU_OK);
        assert_memory_equal(&theme, &before, sizeof(theme));
        assert_non_null(strstr(err.object, "t.json"));
        if (strstr(err.message, cases[i].reason) == NULL) {
            fail_msg("%s: %s", cases[i].content, err.message);
        }
        assert_true(err.hint[0] != '\0');
    }
}

static void test_the_users_folder_comes_first(void **state)
{
    (void)state;
    struct theme theme;
    write_file("hvgpu/themes/dark.json", "{\"about\":\"my own dark\"}");
    assert_int_equal(theme_load("dark", &theme, NULL), HVGPU_OK);
    assert_string_equal(theme.about, "my own dark");
    assert_string_equal(theme.name, "dark");
    assert_int_equal(theme_load("light", &theme, NULL), HVGPU_OK);
    assert_string_equal(theme.name, "light");
}

static void test_names_cannot_leave_the_folders(void **state)
{
    (void)state;
    static const char *const names[] = {
        "../x", "a/b", "", ".", "a b", "a-name-that-is-much-too-long-for-any-theme-there-is"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct theme theme;
        struct hvgpu_error err;
        assert_int_equal(theme_load(names[i], &theme, &err), HVGPU_INVALID);
    }
    struct theme theme;
    struct hvgpu_error err;
    assert_int_equal(theme_load(NULL, &theme, &err), HVGPU_INVALID);
    assert_int_equal(theme_load("nosuch", &theme, &err), HVGPU_NOT_FOUND);
    assert_non_null(strstr(err.message, "nosuch.json"));
}

static void add_word(void *context, const char *name)
{
    struct text *out = context;
    text_addf(out, "%s ", name);
}

static void test_the_list_is_sorted_and_names_each_once(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, 4096);
    write_file("hvgpu/themes/mine.json", "{}");
    write_file("hvgpu/themes/dark.json", "{}");
    write_file("hvgpu/themes/no theme.json", "{}");
    theme_list(add_word, &out);
    assert_string_equal(out.data, "dark light mine mono ");
    text_free(&out);
}

static void test_256_colours_are_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(colour_to_256((struct colour){true, 0, 0, 0}), 16);
    assert_int_equal(colour_to_256((struct colour){true, 255, 255, 255}), 231);
    assert_int_equal(colour_to_256((struct colour){true, 255, 0, 0}), 196);
    assert_int_equal(colour_to_256((struct colour){true, 0x5f, 0xd7, 0x5f}), 77);
    assert_int_equal(colour_to_256((struct colour){true, 128, 128, 128}), 244);
    for (int i = 0; i < 256 * 256; i += 7) {
        struct colour any = {true, (uint8_t)(i >> 8), (uint8_t)i, (uint8_t)(i * 31)};
        int number = colour_to_256(any);
        assert_in_range(number, 16, 255);
    }
}

static void test_few_colours_keep_the_hue_of_soft_ones(void **state)
{
    (void)state;
    struct theme theme;
    theme_default(&theme);
    assert_int_equal(colour_to_8(theme.roles[ROLE_GOOD].fg), 2);
    assert_int_equal(colour_to_8(theme.roles[ROLE_WARNING].fg), 3);
    assert_int_equal(colour_to_8(theme.roles[ROLE_BAD].fg), 1);
    assert_int_equal(colour_to_16(theme.roles[ROLE_GOOD].fg), 10);
    assert_int_equal(colour_to_16(theme.roles[ROLE_WARNING].fg), 11);
    assert_int_equal(colour_to_16(theme.roles[ROLE_BAD].fg), 9);
    assert_int_equal(colour_to_16((struct colour){true, 0, 0, 0}), 0);
    assert_int_equal(colour_to_16((struct colour){true, 255, 255, 255}), 15);
    assert_int_equal(colour_to_16((struct colour){true, 110, 110, 110}), 8);
    assert_int_equal(colour_to_8((struct colour){true, 200, 200, 200}), 7);
}

static void test_text_never_gets_the_colour_of_its_background(void **state)
{
    (void)state;
    static const char *const files[] = {"themes/dark.json", "themes/light.json"};
    static const int depths[] = {8, 16, 256, 24};
    for (size_t f = 0; f < 2; f++) {
        struct theme theme;
        assert_int_equal(theme_load(files[f], &theme, NULL), HVGPU_OK);
        for (size_t d = 0; d < 4; d++) {
            for (int i = 0; i < ROLE_COUNT; i++) {
                int fg = -1, bg = -1;
                colour_resolve(&theme.roles[i], depths[d], &fg, &bg);
                assert_true(fg < 0 || fg != bg);
                assert_true(bg < 0 || fg >= 0);
                assert_true(depths[d] == 24 || (fg < depths[d] && bg < depths[d]));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast_is_what_wcag_says),
        cmocka_unit_test(test_themes_that_come_with_the_program_are_readable),
        cmocka_unit_test(test_mono_has_no_colour),
        cmocka_unit_test(test_the_built_in_theme_is_the_file_dark),
        cmocka_unit_test_setup_teardown(test_missing_roles_are_inherited, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_broken_files_name_line_and_reason_and_change_nothing,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_the_users_folder_comes_first, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_names_cannot_leave_the_folders, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_the_list_is_sorted_and_names_each_once, make_folder,
                                        remove_folder),
        cmocka_unit_test(test_256_colours_are_the_nearest),
        cmocka_unit_test(test_few_colours_keep_the_hue_of_soft_ones),
        cmocka_unit_test(test_text_never_gets_the_colour_of_its_background),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
