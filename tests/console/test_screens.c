/* SPDX-License-Identifier: MIT
 *
 * Golden screens over a simulated host in which nothing moves: what a newcomer sees first.
 */
#include "golden.h"

#define SCENARIO "demo:still?clock=stepped"

static int open_uri(void **state, const char *uri)
{
    struct hvgpu *host = NULL;
    struct hvgpu_error err = {.status = HVGPU_OK};
    if (hvgpu_open(uri, NULL, &host, &err) != HVGPU_OK) {
        print_error("%s: %s\n", err.object, err.message);
        return -1;
    }
    for (int i = 0; i < 200 && !hvgpu_snapshot(host)->loaded; i++) {
        hvgpu_wait(host, 50);
    }
    hvgpu_set_paused(host, true); /* whatever else would come stays away */
    for (int i = 0; i < 200 && !hvgpu_snapshot(host)->host->paused; i++) {
        hvgpu_wait(host, 20);
    }
    *state = host;
    return hvgpu_snapshot(host)->loaded && hvgpu_snapshot(host)->host->paused ? 0 : -1;
}

static int open_still(void **state)
{
    return open_uri(state, SCENARIO);
}

static int open_troubled(void **state)
{
    return open_uri(state, "demo:no-hypervisor?clock=stepped");
}

static int close_host(void **state)
{
    hvgpu_close(*state);
    return 0;
}

static void test_views_of_a_host_at_rest_look_as_kept(void **state)
{
    static const struct golden_screen screens[] = {
        {"gpus", "still-gpus", ""},
        {"containers", "still-containers", ""},
        {"events", "still-events", ""},
        {"checks", "still-checks", ""},
        {"jobs", "still-jobs", ""},
        {"images", "still-images", ""},
        {"gpus", "still-gpu-detail", "down enter"},
        {"gpus", "still-gpu-pane", "down d"},
        {"gpus", "still-gpu-inspect", "i"},
        {"images", "still-image-detail", "down enter"},
        {"gpus", "still-launch", "down L text:demo1"},
        {"containers", "still-filter", "/ w s l enter"},
        {"containers", "still-filter-without-match", "/ x y z z y enter"},
    };
    for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
        golden(*state, screens[i].view, screens[i].name, screens[i].keys, false);
    }
}

static void test_a_host_without_hypervisor_looks_as_kept(void **state)
{
    golden(*state, "gpus", "no-hypervisor-gpus", "", false);
    golden(*state, "containers", "no-hypervisor-containers", "", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_views_of_a_host_at_rest_look_as_kept, open_still,
                                        close_host),
        cmocka_unit_test_setup_teardown(test_a_host_without_hypervisor_looks_as_kept, open_troubled,
                                        close_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
