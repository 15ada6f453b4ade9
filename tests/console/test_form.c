/* SPDX-License-Identifier: MIT
 *
 * Forms, and the launch form with what it submits.
 */
#include "rig.h"

#include "console/form.h"

static void check_number(const void *context, const struct form *form, const char *value,
                         char *error, size_t size)
{
    uint64_t number;
    (void)context;
    (void)form;
    if (!text_to_u64(value, 1, 9, &number)) {
        snprintf(error, size, "a number from 1 to 9");
    }
}

static bool colours(const void *context, size_t i, char *out, size_t size)
{
    static const char *const names[] = {"red", "green", "blue"};
    (void)context;
    text_clean(out, size, i < 3 ? names[i] : "");
    return i < 3;
}

static bool is_green(const struct form *form)
{
    return strcmp(form_value(form, "colour"), "green") == 0;
}

static void make(struct form *form)
{
    form_init(form, "Go", NULL);
    form_add(form, &(struct field){.name = "n", .label = "Number", .check = check_number});
    form_add(form, &(struct field){.name = "colour",
                                   .label = "Colour",
                                   .kind = FIELD_CHOICE,
                                   .value = "red",
                                   .choice = colours});
    form_add(form,
             &(struct field){
                 .name = "shade", .label = "Shade", .visible = is_green, .check = check_number});
    form_add(form, &(struct field){.name = "on", .label = "On", .kind = FIELD_SWITCH});
}

static enum form_result key(struct form *form, uint32_t code)
{
    return form_input(form, &(struct input){.kind = INPUT_KEY, .key = code});
}

static void test_fields_are_checked_while_typed(void **state)
{
    struct form form;
    (void)state;
    make(&form);
    assert_string_not_equal(form.fields[0].error, "");
    assert_int_equal(key(&form, '5'), FORM_CHANGED);
    assert_string_equal(form.fields[0].error, "");
    key(&form, '5');
    assert_string_not_equal(form.fields[0].error, "");
    key(&form, INPUT_BACKSPACE);
    assert_true(form_validate(&form, true));
}

static void test_choices_go_round_and_show_other_fields(void **state)
{
    struct form form;
    (void)state;
    make(&form);
    key(&form, '5');
    key(&form, INPUT_DOWN);
    key(&form, INPUT_RIGHT);
    assert_string_equal(form_value(&form, "colour"), "green");
    assert_false(form_validate(&form, true)); /* the field that appeared is empty */
    assert_int_equal(form.chosen, 2);
    form.chosen = 1;
    key(&form, INPUT_LEFT);
    key(&form, INPUT_LEFT);
    assert_string_equal(form_value(&form, "colour"), "blue");
    key(&form, INPUT_DOWN); /* the hidden field is stepped over */
    assert_int_equal(form.chosen, 3);
    assert_true(form_validate(&form, true));
}

static void test_switch_and_button(void **state)
{
    struct form form;
    (void)state;
    make(&form);
    form.chosen = 3;
    key(&form, ' ');
    assert_true(form_is_on(&form, "on"));
    key(&form, ' ');
    assert_false(form_is_on(&form, "on"));
    assert_int_equal(key(&form, INPUT_ENTER), FORM_USED);
    assert_int_equal(form.chosen, form.count);
    assert_int_equal(key(&form, INPUT_ENTER), FORM_SUBMIT);
    assert_int_equal(key(&form, INPUT_ESCAPE), FORM_CANCEL);
}

static void test_text_is_edited_in_whole_characters_and_bounded(void **state)
{
    struct form form;
    (void)state;
    make(&form);
    key(&form, 'a');
    key(&form, 0x6d4b);
    key(&form, INPUT_LEFT);
    key(&form, 'b');
    assert_string_equal(form_value(&form, "n"), "ab\xe6\xb5\x8b");
    key(&form, INPUT_DELETE);
    assert_string_equal(form_value(&form, "n"), "ab");
    for (int i = 0; i < 2000; i++) {
        key(&form, 0x6d4b);
    }
    assert_true(strlen(form_value(&form, "n")) < FORM_VALUE);
    assert_true(utf8_is_valid(form_value(&form, "n"), strlen(form_value(&form, "n"))));
}

static void test_launch_form_is_previewed_and_submitted(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 L");
    rig_expect(rig, "windows/server:ltsc2022"); /* the first that can carry a GPU */
    rig_expect(rig, "\"call\": \"Create\"");
    assert_true(rig->host->previewed > 0);
    assert_int_equal(rig->host->submitted, 0);
    rig_keys(rig, "text:web1 down down right"); /* GPU: none -> gpu0 */
    rig_expect(rig, "< gpu0 >");
    rig_expect(rig, "Partition");
    rig_keys(rig, "up up up enter"); /* around to the button */
    assert_int_equal(rig->host->submitted, 1);
    assert_int_equal(rig->host->request.verb, HVGPU_LAUNCH);
    assert_string_equal(rig->host->name, "web1");
    assert_string_equal(rig->host->image, "mcr.microsoft.com/windows/server:ltsc2022");
    assert_string_equal(rig->host->gpu, "gpu0");
    assert_string_equal(rig->app->view->ops->name, "detail"); /* of the job that runs */
}

static void test_launch_form_refuses_what_is_wrong_and_says_where(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 L text:demo1"); /* is there already */
    rig_expect(rig, "a system of this name is there already");
    rig_keys(rig, "up enter");
    assert_int_equal(rig->host->submitted, 0);
    rig_expect(rig, "not launched");
    rig_keys(rig, "text:x down down right down text:x3");
    rig_expect(rig, "number from 0");
    rig_keys(rig, "backspace backspace backspace backspace backspace text:99");
    rig_expect(rig, "counted from 0");
    rig_keys(rig, "backspace backspace text:3"); /* held by another */
    rig_expect(rig, "held by");
}

static void test_launch_takes_image_and_gpu_from_where_it_was_asked(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "6 L");
    rig_expect(rig, "nanoserver");
    rig_keys(rig, "esc 1 L");
    rig_expect(rig, "< gpu0 >");
    rig_keys(rig, "esc");
    rig_line(rig, "launch --gpu gpu0:5 --image mcr.microsoft.com/windows/nanoserver:ltsc2022");
    rig_expect(rig, "nanoserver");
    rig_expect(rig, "Partition      5");
}

static void test_letters_in_the_form_are_never_commands(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 L text:qS?:/");
    assert_string_equal(rig->app->view->ops->name, "launch");
    assert_null(rig->app->palette);
    assert_null(rig->app->dialog);
    rig_keys(rig, "esc");
    assert_string_equal(rig->app->view->ops->name, "containers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_checked_while_typed),
        cmocka_unit_test(test_choices_go_round_and_show_other_fields),
        cmocka_unit_test(test_switch_and_button),
        cmocka_unit_test(test_text_is_edited_in_whole_characters_and_bounded),
        RIG_TEST(test_launch_form_is_previewed_and_submitted),
        RIG_TEST(test_launch_form_refuses_what_is_wrong_and_says_where),
        RIG_TEST(test_launch_takes_image_and_gpu_from_where_it_was_asked),
        RIG_TEST(test_letters_in_the_form_are_never_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
