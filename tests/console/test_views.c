/* SPDX-License-Identifier: MIT
 *
 * The views over a node made by hand: what they show, and what their keys do to the host.
 */
#include "rig.h"

#include "console/pager.h"
#include "console/table.h"

static const char *view_name(struct rig *rig)
{
    return rig->app->view->ops->name;
}

/* ---- GPUs ---- */

static void test_gpus_show_letters_only_where_the_owner_is_known(void **state)
{
    struct rig *rig = *state;
    rig_expect(rig, "gpu0  A??BC???????????????????????????"); /* 3 known of 32, the rest not */
    rig_expect(rig, "+1 any  3 known of 32  valid 1 2 4 8 16 32");
    rig_expect(rig, "A demo1  B demo2");
    rig_expect(rig, "whole device given to demo3@vm");
    rig_expect(rig, "no partitions: Problem 43");
}

static void test_unknown_numbers_are_dashes_never_zero(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2");
    const char *line = strstr(rig_screen(rig), "7F4C");
    assert_non_null(line);
    char row[96];
    text_clean_n(row, sizeof(row), line, strcspn(line, "\n"));
    assert_null(strstr(row, "0%"));
    assert_non_null(strstr(row, " - "));
}

static void test_host_without_gpus_says_so(void **state)
{
    struct rig *rig = *state;
    rig->host->snapshot.gpu_count = 0;
    rig_changed(rig);
    rig_expect(rig, "this host has no GPU");
    rig->host->snapshot.loaded = false;
    rig_changed(rig);
    rig_expect(rig, "asking the host for its GPUs");
}

/* ---- containers ---- */

static void test_containers_are_a_tree_with_state_and_owner(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2");
    rig_expect(rig, "\xe2\x94\x94 demo1"); /* under its VM */
    rig_expect(rig, "ended, still holds gpu0:3");
    rig_expect(rig, "left over");
    rig_expect(rig, "WSL");
    struct rig *wide = rig_new(110, 30);
    rig_keys(wide, "2");
    rig_expect(wide, "1h02m");
    rig_free(wide);
    rig_expect(rig, "\xe6\xb5\x8b\xe8\xaf\x95");
}

static void test_own_systems_stand_above_those_of_others(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2");
    assert_string_equal(view_selected(rig->app, rig->app->view), "demo1@vm");
    const char *screen = rig_screen(rig);
    const char *own = strstr(screen, "\xe2\x94\x94 demo2");
    const char *foreign = strstr(screen, "7F4C");
    assert_non_null(own);
    assert_non_null(foreign);
    assert_true(own < foreign);
}

static void test_selection_in_containers_follows_its_system(void **state)
{
    struct rig *rig = *state;
    static const struct hvgpu_system *fewer[3];
    rig_keys(rig, "2 down down down");
    assert_string_equal(view_selected(rig->app, rig->app->view), "demo2");
    fewer[0] = node_systems[1];
    fewer[1] = node_systems[3];
    fewer[2] = node_systems[4];
    rig->host->snapshot.systems = fewer;
    rig->host->snapshot.system_count = 3;
    rig_changed(rig);
    assert_string_equal(view_selected(rig->app, rig->app->view), "demo2");
}

static void test_enter_opens_the_detail_and_escape_returns(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down enter");
    assert_string_equal(view_name(rig), "detail");
    rig_expect(rig, "running, process 1204");
    rig_expect(rig, "The GPU is in both.");
    rig_keys(rig, "esc");
    assert_string_equal(view_name(rig), "containers");
}

static void test_detail_pane_stands_beside_when_wide_and_toggles(void **state)
{
    struct rig *rig = *state;
    (void)rig;
    struct rig *ample = rig_new(170, 40);
    rig_keys(ample, "2 down");
    rig_expect(ample, "init process"); /* unasked, where there is much room */
    rig_keys(ample, "d");
    rig_expect_not(ample, "init process");
    rig_keys(ample, "d");
    rig_expect(ample, "init process");
    rig_free(ample);
    struct rig *wide = rig_new(130, 40);
    rig_keys(wide, "2 down");
    rig_expect_not(wide, "init process");
    rig_keys(wide, "d");
    rig_expect(wide, "init process");
    rig_keys(wide, "d");
    rig_expect_not(wide, "init process");
    rig_free(wide);
    rig_keys(rig, "2 d"); /* below, in 80 columns */
    rig_expect(rig, "type          utility VM");
}

static void test_a_lost_host_says_why_and_what_to_do(void **state)
{
    struct rig *rig = *state;
    rig->host->host.link = HVGPU_LINK_LOST;
    rig->host->host.link_reason = "the service went away";
    rig->host->host.link_hint = "start the service vmcompute";
    rig_changed(rig);
    rig_expect(rig, "lost the service went away");
    rig_expect(rig, "the service went away: start the service vmcompute");
    rig->host->host.link = HVGPU_LINK_LIVE;
    rig->host->host.link_reason = NULL;
    rig->host->host.link_hint = NULL;
    rig_changed(rig);
    rig_expect_not(rig, "vmcompute");
    rig->host->host.notice = "the list is not complete";
    rig_changed(rig);
    rig_expect(rig, "the list is not complete");
}

static void test_only_what_the_object_is_good_for_is_offered(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "1 enter"); /* the detail of a GPU */
    rig_expect(rig, "A attach");
    rig_expect_not(rig, "S stop");
    rig_line(rig, "exec");
    rig_expect(rig, "exec: nothing is selected that it could work on");
    rig_keys(rig, "esc 6 enter"); /* of an image */
    rig_expect(rig, "i inspect");
    rig_expect_not(rig, "A attach");
    rig_keys(rig, "i");
    assert_string_equal(view_name(rig), "inspect");
    rig_keys(rig, "esc esc 5"); /* something left behind */
    rig_expect(rig, "U recover");
    rig_expect_not(rig, "C cancel");
    rig_keys(rig, "down");
    rig_expect(rig, "C cancel");
    rig_expect_not(rig, "U recover");
}

static void test_what_a_column_cuts_is_said_below(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "6");
    rig_expect(rig, "Nano Server has no graphics stack");
    rig_keys(rig, "5 down down");
    rig_expect(rig, "the partition is taken");
}

/* ---- acting ---- */

static void test_stop_asks_with_host_object_and_consequence(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down S");
    rig_expect(rig, "Stop demo1?");
    rig_expect(rig, "Host: GPUHOST01 (SIMULATED)");
    rig_expect(rig, "30 seconds");
    rig_expect(rig, "gives back gpu0:0");
    rig_keys(rig, "enter"); /* Cancel is chosen */
    assert_int_equal(rig->host->submitted, 0);
    rig_keys(rig, "S tab enter");
    assert_int_equal(rig->host->submitted, 1);
    assert_int_equal(rig->host->request.verb, HVGPU_STOP);
    assert_string_equal(rig->host->target, "demo1");
    assert_string_equal(rig->host->foreign, "");
}

static void test_stopping_a_vm_names_the_containers_in_it(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 S");
    rig_expect(rig, "1 container in");
    rig_keys(rig, "esc");
}

static void test_foreign_system_wants_its_id_typed(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 end up S");
    rig_expect(rig, "Owner: WSL. It was not created by hvgpu.");
    rig_keys(rig, "tab enter"); /* the action cannot be chosen yet: nothing, or Cancel */
    assert_int_equal(rig->host->submitted, 0);
    if (rig->app->dialog == NULL) {
        rig_keys(rig, "S");
    }
    rig_keys(rig, "text:7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90 enter enter");
    assert_int_equal(rig->host->submitted, 1);
    assert_string_equal(rig->host->foreign, "WSL");
}

static void test_attach_to_a_foreign_vm_says_what_cannot_be_restored(void **state)
{
    struct rig *rig = *state;
    rig_line(rig, "attach 7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90 --gpu gpu0:7");
    rig_expect(rig, "cannot be read");
    rig_keys(rig, "text:7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90 enter enter");
    assert_int_equal(rig->host->submitted, 1);
    assert_string_equal(rig->host->confirm, "7F4C3B11-6A3E-4C56-8C8A-0D5E7B1F2A90");
    assert_string_equal(rig->host->gpu, GPU0);
}

static void test_attach_from_the_container_chooses_a_gpu(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down A");
    rig_expect(rig, "Give which GPU to demo1?");
    rig_keys(rig, "down down enter"); /* gpu2 has no partitions */
    assert_int_equal(rig->host->submitted, 0);
    rig_keys(rig, "up right right enter"); /* gpu1, partition 1 */
    assert_int_equal(rig->host->submitted, 1);
    assert_int_equal(rig->host->request.verb, HVGPU_ATTACH);
    assert_string_equal(rig->host->target, "demo1");
    assert_string_equal(rig->host->gpu, GPU1);
    assert_string_equal(view_name(rig), "containers");
}

static void test_attach_from_the_gpu_chooses_a_system(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "1 down A");
    rig_expect(rig, "Give gpu1 to which system?");
    rig_keys(rig, "down enter");
    assert_int_equal(rig->host->submitted, 1);
    assert_string_equal(rig->host->target, "demo1");
    assert_string_equal(rig->host->gpu, GPU1);
}

static void test_detach_from_the_gpu_lists_only_who_holds_it(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "1 D");
    rig_expect(rig, "Take gpu0 from which system?");
    rig_expect(rig, "demo2");
    rig_expect_not(rig, "WSL");
    rig_keys(rig, "enter");
    rig_expect(rig, "lose it at once");
    rig_keys(rig, "tab enter");
    assert_int_equal(rig->host->request.verb, HVGPU_DETACH);
    assert_string_equal(rig->host->gpu, GPU0);
}

static void test_read_only_refuses_every_change_in_one_place(void **state)
{
    struct rig *rig = *state;
    rig_line(rig, "read-only on");
    static const char *const keys[] = {"2 down S", "R", "A", "D", "x", "L"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        rig_keys(rig, keys[i]);
        rig_expect(rig, "refused");
        assert_null(rig->app->dialog);
        assert_null(rig->app->palette);
        assert_string_equal(view_name(rig), "containers");
    }
    assert_int_equal(rig->host->submitted, 0);
    rig_keys(rig, "c"); /* looking is no change */
    assert_int_equal(rig->host->submitted, 1);
    rig_line(rig, "preview stop");
    assert_string_equal(view_name(rig), "preview");
    assert_int_equal(rig->host->submitted, 1);
}

static void test_preview_shows_documents_and_sends_nothing(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down P");
    rig_expect(rig, "Preview what for demo1?");
    rig_keys(rig, "S");
    assert_string_equal(view_name(rig), "preview");
    rig_expect(rig, "nothing was changed");
    rig_expect(rig, "\"call\": \"Create\"");
    assert_int_equal(rig->host->submitted, 0);
    assert_int_equal(rig->host->previewed, 1);
    rig_keys(rig, "esc S tab enter"); /* afterwards actions act again */
    assert_int_equal(rig->host->submitted, 1);
}

static void test_preview_of_exec_and_launch_never_acts(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down P x enter");
    assert_string_equal(view_name(rig), "preview");
    rig_keys(rig, "esc P L up enter");
    assert_string_equal(view_name(rig), "preview");
    rig_keys(rig, "esc esc P A enter");
    assert_string_equal(view_name(rig), "preview");
    assert_int_equal(rig->host->submitted, 0);
    assert_true(rig->host->previewed >= 3);
}

static void test_exec_shows_output_and_sends_lines(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down x");
    assert_non_null(rig->app->palette);
    rig_keys(rig, "enter");
    assert_int_equal(rig->host->request.verb, HVGPU_EXEC);
    assert_string_equal(rig->host->command, "cmd.exe");
    assert_true(rig->host->request.interactive);
    assert_string_equal(view_name(rig), "exec");
    uint64_t job = rig->app->last_job;
    const char text[] = "C:\\>\x1b[31mhello\x07\r\nsecond\r\nC:\\>";
    rig->host->output(rig->host->output_context, job, false, text, sizeof(text) - 1);
    rig->host->output(rig->host->output_context, job, true, "oops\n", 5);
    rig_expect(rig, "hello");
    rig_expect(rig, "second");
    rig_expect(rig, "! oops");
    assert_null(strchr(rig_screen(rig), 0x1b));
    rig_keys(rig, "text:dir enter");
    assert_string_equal(rig->host->input,
                        "dir "); /* the line end behind it, cleaned by the test host */
    rig_expect(rig, "> dir");
    rig_keys(rig, "ctrl-d");
    assert_true(rig->host->input_ended);
    rig_keys(rig, "esc");
    assert_string_equal(view_name(rig), "containers");
}

static void test_exec_output_is_bounded(void **state)
{
    struct rig *rig = *state;
    struct stream *stream = state_stream(rig->app, 99, true);
    assert_non_null(stream);
    for (int i = 0; i < STREAM_LINES + 100; i++) {
        stream_add(stream, 0, "line\n", 5);
    }
    assert_int_equal(stream->count, STREAM_LINES);
    assert_int_equal(stream->forgotten, 100);
    char big[3000];
    memset(big, 'x', sizeof(big));
    stream_add(stream, 0, big, sizeof(big)); /* a line without an end is cut */
    assert_int_equal(stream->count, STREAM_LINES);
    assert_true(stream->forgotten > 100);
}

static void test_cancel_asks_and_cancels_the_job(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "5 down C");
    rig_expect(rig, "Cancel this job?");
    rig_keys(rig, "tab enter");
    assert_int_equal(rig->host->cancelled, 1);
    assert_false(rig->host->force);
    rig_keys(rig, "enter C tab enter esc"); /* the same in its detail */
    assert_int_equal(rig->host->cancelled, 2);
    rig_keys(rig, "down C");
    rig_expect(rig, "this job has ended");
}

static void test_leftover_is_recovered_after_asking(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "5 U");
    rig_expect(rig, "This exists now");
    rig_keys(rig, "tab enter");
    assert_int_equal(rig->host->request.verb, HVGPU_RECOVER);
    assert_string_equal(rig->host->target, "journal-17");
}

/* ---- checks, jobs, images ---- */

static void test_checks_show_both_ladders_and_the_sentence(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "4");
    rig_expect(rig, "O\xe2\x9c\x97 S\xe2\x9c\x93 P? A\xe2\x9c\x97 V\xe2\x9c\x97");
    rig_keys(rig, "down");
    rig_expect(rig, "demo2: The GPU is in the VM but not in the container.");
    rig_keys(rig, "o");
    assert_string_equal(view_name(rig), "containers");
    assert_string_equal(view_selected(rig->app, rig->app->view), "demo2");
}

static void test_jobs_show_steps_and_the_detail_their_documents(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "5");
    rig_expect(rig, "2/5");
    rig_expect(rig, "left behind");
    rig_keys(rig, "down enter");
    rig_expect(rig, "build 20348, hypervisor runs");
    rig_keys(rig, "G");
    rig_expect(rig, "\"Owner\": \"hvgpu\"");
    rig_keys(rig, "esc down enter");
    rig_expect(rig, "the partition is taken");
    rig_expect(rig, "choose another partition");
}

static void test_images_say_why_and_without_any_what_to_pull(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "6");
    rig_expect(rig, "nanoserver");
    rig->host->snapshot.image_count = 0;
    rig_changed(rig);
    rig_expect(rig, "docker pull mcr.microsoft.com/windows/server:ltsc2022");
}

/* ---- events ---- */

static void test_events_draw_a_loss_as_a_gap(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "3");
    rig_expect(rig, "37 events lost here");
    rig_expect(rig, "following");
}

static void test_moving_up_freezes_and_end_follows_again(void **state)
{
    struct rig *rig = *state;
    static const struct hvgpu_event more = {
        .sequence = 51, .time_ms = NODE_TIME, .kind = "Later", .system_id = "", .json = ""};
    hand_made_kept = 0;
    rig_keys(rig, "3 up");
    rig_expect(rig, "frozen, 0 new");
    assert_int_equal(hand_made_kept, 4); /* frozen events are kept alive */
    hand_made_add_event(rig->host, &more);
    app_update(rig->app);
    rig_expect(rig, "frozen, 1 new");
    rig_expect_not(rig, "Later");
    rig_keys(rig, "G");
    rig_expect(rig, "Later");
    assert_int_equal(hand_made_kept, 0);
}

static void test_filter_over_events_looks_at_each_event_once(void **state)
{
    struct rig *rig = *state;
    static struct hvgpu_event many[60000];
    for (size_t i = 0; i < 60000; i++) {
        many[i] = (struct hvgpu_event){.sequence = 51 + i,
                                       .kind = i % 100 == 0 ? "Rare" : "Common",
                                       .system_id = "x",
                                       .json = ""};
        rig->host->events[rig->host->snapshot.event_count++] = &many[i];
    }
    hand_made_changed(rig->host);
    app_update(rig->app);
    rig_line(rig, "view events");
    rig_line(rig, "filter rare");
    rig_expect(rig, "600 of 60004");
    static const struct hvgpu_event last = {
        .sequence = 60051, .kind = "RareLast", .system_id = "x", .json = ""};
    hand_made_add_event(rig->host, &last);
    rig->host->looked = 0;
    app_update(rig->app);
    app_paint(rig->app);
    rig_expect(rig, "601 of 60005");
    rig_expect(rig, "RareLast");
    assert_true(rig->host->looked < 10000); /* a few searches, not 60,000 rows */
}

static void test_drawing_events_looks_at_visible_rows_only(void **state)
{
    struct rig *rig = *state;
    static struct hvgpu_event many[60000];
    for (size_t i = 0; i < 60000; i++) {
        many[i] = (struct hvgpu_event){
            .sequence = 51 + i, .kind = "Common", .system_id = "x", .json = ""};
        rig->host->events[rig->host->snapshot.event_count++] = &many[i];
    }
    hand_made_changed(rig->host);
    app_update(rig->app);
    rig_keys(rig, "3");
    rig->host->looked = 0;
    rig_screen(rig);
    assert_true(rig->host->looked < 500);
}

/* ---- everywhere ---- */

static void test_every_view_draws_at_every_size(void **state)
{
    struct rig *rig = *state;
    static const struct {
        int width, height;
    } sizes[] = {{300, 100}, {120, 40}, {80, 24}, {40, 12}, {20, 5}, {7, 3}, {1, 1}};
    static const char *const ways[] = {"1",       "2",   "3",   "4",        "5",   "6",
                                       "2 enter", "2 i", "2 L", "2 down A", "1 A", "?",
                                       "2 a",     "2 s", "2 S", ":",        "/"};
    for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
        rig_keys(rig, ways[w]);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            int width = sizes[i].width;
            int height = sizes[i].height;
            term_memory_resize(rig->term, width, height);
            app_input(rig->app, &(struct input){.kind = INPUT_RESIZE, .x = width, .y = height});
            assert_non_null(rig_screen(rig));
        }
        rig_keys(rig, "esc esc");
    }
}

static void test_inspect_shows_json_and_searches_it(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "1 i");
    rig_expect(rig, "\"id\": \"gpu0\"");
    rig_keys(rig, "/ text:gpu enter");
    assert_int_equal(view_pager(rig->app, rig->app->view)->matches, 1);
    rig_keys(rig, "esc esc 2 down i");
    rig_expect(rig, "asking the host");
    assert_int_equal(rig->host->request.verb, HVGPU_INSPECT);
    static struct hvgpu_job job = {.verb = "inspect",
                                   .title = "inspect demo1",
                                   .hidden = true,
                                   .state = HVGPU_JOB_DONE,
                                   .result = "{\"system\":{\"Id\":\"demo1\"}}"};
    static const struct hvgpu_job *jobs[1] = {&job};
    job.id = rig->host->next_job - 1;
    rig->host->snapshot.jobs = jobs;
    rig->host->snapshot.job_count = 1;
    rig_changed(rig);
    rig_expect(rig, "\"Id\": \"demo1\"");
    rig_keys(rig, "esc 5");
    rig_expect_not(rig, "inspect demo1"); /* hidden jobs are not listed */
}

static void test_sort_picker_and_command_are_the_same(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2");
    rig_line(rig, "sort memory");
    rig_expect(rig, "MEMORY");
    struct table *table = view_table(rig->app, rig->app->view);
    int by_command = table->sort;
    rig_line(rig, "sort none");
    assert_int_equal(view_table(rig->app, rig->app->view)->sort, -1);
    rig_keys(rig, "s");
    rig_expect(rig, "Sort by which column?");
    rig_keys(rig, "esc");
    rig_line(rig, "sort memory");
    assert_int_equal(view_table(rig->app, rig->app->view)->sort, by_command);
}

static void test_copy_says_what_it_did(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "2 down y");
    assert_string_equal(term_memory_clipboard(rig->term), "demo1");
    rig_expect(rig, "copied: demo1");
}

static void test_help_lists_the_keys_of_the_view_it_was_asked_in(void **state)
{
    struct rig *rig = *state;
    rig_keys(rig, "3 ?");
    rig_expect(rig, ":freeze");
    rig_keys(rig, "esc 1 ?");
    rig_expect(rig, ":launch");
    rig_expect_not(rig, ":freeze");
}

static void test_a_typed_launch_takes_the_options_of_the_shell_command(void **state)
{
    struct rig *rig = *state;
    command_run_line(rig->app, "launch --gpu-mirror --name typed1 --memory 8192 --layer C:\\a "
                               "--layer C:\\b --rm cmd /c dir");
    app_paint(rig->app);
    rig_expect(rig, "typed1");
    rig_expect(rig, "8192");
    rig_expect(rig, "all GPUs");
    rig_expect(rig, "C:\\a;C:\\b");
    rig_expect(rig, "cmd /c dir");
    rig_expect(rig, "[x]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_gpus_show_letters_only_where_the_owner_is_known),
        RIG_TEST(test_unknown_numbers_are_dashes_never_zero),
        RIG_TEST(test_host_without_gpus_says_so),
        RIG_TEST(test_containers_are_a_tree_with_state_and_owner),
        RIG_TEST(test_own_systems_stand_above_those_of_others),
        RIG_TEST(test_selection_in_containers_follows_its_system),
        RIG_TEST(test_enter_opens_the_detail_and_escape_returns),
        RIG_TEST(test_detail_pane_stands_beside_when_wide_and_toggles),
        RIG_TEST(test_a_lost_host_says_why_and_what_to_do),
        RIG_TEST(test_only_what_the_object_is_good_for_is_offered),
        RIG_TEST(test_what_a_column_cuts_is_said_below),
        RIG_TEST(test_stop_asks_with_host_object_and_consequence),
        RIG_TEST(test_stopping_a_vm_names_the_containers_in_it),
        RIG_TEST(test_foreign_system_wants_its_id_typed),
        RIG_TEST(test_attach_to_a_foreign_vm_says_what_cannot_be_restored),
        RIG_TEST(test_attach_from_the_container_chooses_a_gpu),
        RIG_TEST(test_attach_from_the_gpu_chooses_a_system),
        RIG_TEST(test_detach_from_the_gpu_lists_only_who_holds_it),
        RIG_TEST(test_read_only_refuses_every_change_in_one_place),
        RIG_TEST(test_preview_shows_documents_and_sends_nothing),
        RIG_TEST(test_preview_of_exec_and_launch_never_acts),
        RIG_TEST(test_exec_shows_output_and_sends_lines),
        RIG_TEST(test_exec_output_is_bounded),
        RIG_TEST(test_cancel_asks_and_cancels_the_job),
        RIG_TEST(test_leftover_is_recovered_after_asking),
        RIG_TEST(test_checks_show_both_ladders_and_the_sentence),
        RIG_TEST(test_jobs_show_steps_and_the_detail_their_documents),
        RIG_TEST(test_images_say_why_and_without_any_what_to_pull),
        RIG_TEST(test_events_draw_a_loss_as_a_gap),
        RIG_TEST(test_moving_up_freezes_and_end_follows_again),
        RIG_TEST(test_filter_over_events_looks_at_each_event_once),
        RIG_TEST(test_drawing_events_looks_at_visible_rows_only),
        RIG_TEST(test_every_view_draws_at_every_size),
        RIG_TEST(test_inspect_shows_json_and_searches_it),
        RIG_TEST(test_sort_picker_and_command_are_the_same),
        RIG_TEST(test_copy_says_what_it_did),
        RIG_TEST(test_help_lists_the_keys_of_the_view_it_was_asked_in),
        RIG_TEST(test_a_typed_launch_takes_the_options_of_the_shell_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
