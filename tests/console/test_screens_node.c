/* SPDX-License-Identifier: MIT
 *
 * Golden screens over a node made by hand: containers with and without a GPU, checks that fail,
 * jobs with steps and documents, events, a loss. Its times are fixed, so nothing depends on a
 * clock.
 */
#include "golden.h"
#include "rig.h"

static int make_node(void **state)
{
    *state = node_new();
    return 0;
}

static int free_node(void **state)
{
    free(*state);
    return 0;
}

static void test_views_of_a_busy_node_look_as_kept(void **state)
{
    static const struct golden_screen screens[] = {
        {"gpus", "node-gpus", ""},
        {"containers", "node-containers", ""},
        {"events", "node-events", ""},
        {"checks", "node-checks", "down"},
        {"jobs", "node-jobs", ""},
        {"images", "node-images", ""},
        {"containers", "node-container-detail", "down enter"},
        {"containers", "node-container-pane", "down d"},
        {"checks", "node-check-detail", "enter"},
        {"jobs", "node-job-detail", "down enter"},
        {"events", "node-event-detail", "end up enter"},
    };
    for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
        golden(*state, screens[i].view, screens[i].name, screens[i].keys, false);
    }
}

static void test_dialogs_and_prompts_look_as_kept(void **state)
{
    static const struct golden_screen screens[] = {
        {"gpus", "node-help", "?"},
        {"containers", "node-actions", "down a"},
        {"containers", "node-sort", "s"},
        {"containers", "node-stop", "down S"},
        {"containers", "node-stop-foreign", "end up S"},
        {"containers", "node-detach", "down D"},
        {"containers", "node-attach", "down A"},
        {"gpus", "node-attach-from-gpu", "down A"},
        {"containers", "node-preview", "down P S"},
        {"containers", "node-exec", "down x enter"},
        {"containers", "node-prompt", ": d e t"},
        {"containers", "node-unknown-command", ": f o o enter"},
        {"jobs", "node-recover", "U"},
        {"jobs", "node-cancel", "down C"},
    };
    for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
        golden(*state, screens[i].view, screens[i].name, screens[i].keys, false);
    }
}

static void test_ascii_screens_look_as_kept(void **state)
{
    golden(*state, "gpus", "ascii-gpus", "", true);
    golden(*state, "containers", "ascii-containers", "down d", true);
    golden(*state, "checks", "ascii-checks", "down", true);
    golden(*state, "containers", "ascii-stop", "down S", true);
}

static void test_a_lost_and_a_read_only_host_look_as_kept(void **state)
{
    struct hvgpu *host = *state;
    host->host.link = HVGPU_LINK_LOST;
    host->host.link_reason = "the compute service went away";
    host->host.link_hint = "it comes back by itself; otherwise start the service vmcompute";
    golden(host, "containers", "node-lost", "", false);
    host->host.link = HVGPU_LINK_LIVE;
    host->host.link_reason = NULL;
    host->host.link_hint = NULL;
    host->host.paused = true;
    host->read_only = true;
    golden(host, "containers", "node-paused-read-only", "", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_views_of_a_busy_node_look_as_kept, make_node,
                                        free_node),
        cmocka_unit_test_setup_teardown(test_dialogs_and_prompts_look_as_kept, make_node,
                                        free_node),
        cmocka_unit_test_setup_teardown(test_ascii_screens_look_as_kept, make_node, free_node),
        cmocka_unit_test_setup_teardown(test_a_lost_and_a_read_only_host_look_as_kept, make_node,
                                        free_node),
    };
    (void)rig_setup;
    (void)rig_teardown;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
