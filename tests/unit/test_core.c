/* SPDX-License-Identifier: MIT
 *
 * A whole host on an engine made for this test: opening and closing, the loop, read-only, requests
 * and previews.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "core/base/os/os.h"
#include "core/base/text.h"
#include "core/core.h"
#include "core/record.h"

enum { PATIENCE_MS = 20000 };

/* ---- an engine with nothing behind it ---- */

struct engine {
    struct inbox *inbox;
    struct store *store;
    char *rest;
    bool paused;
    unsigned probe_interval_s;
    atomic_int refreshed;
    bool close_hangs;
    atomic_bool hanging, release;
};

static enum hvgpu_status fake_open(const struct engine_config *config, struct engine **out,
                                   struct hvgpu_error *err)
{
    if (text_equal(config->rest, "broken")) {
        return error_set(err, HVGPU_INVALID, "open host", config->uri, "line 3: no such scenario");
    }
    struct engine *engine = calloc(1, sizeof *engine);
    engine->inbox = config->inbox;
    engine->rest = text_copy(config->rest);
    engine->paused = config->options->paused;
    assert_int_equal(store_open(NULL, &engine->store, NULL), HVGPU_OK);
    struct message *message = message_new(MESSAGE_HOST);
    struct hvgpu_host *host = record_new(sizeof *host);
    host->name = record_text(host, "NODE");
    host->uri = record_text(host, config->uri);
    host->link = HVGPU_LINK_LIVE;
    message->record = host;
    inbox_put(engine->inbox, message);
    inbox_put(engine->inbox, message_new(MESSAGE_LOADED));
    *out = engine;
    return HVGPU_OK;
}

static bool fake_close(struct engine *engine)
{
    if (engine->close_hangs) {
        return false;
    }
    store_close(engine->store);
    free(engine->rest);
    free(engine);
    return true;
}

static struct store *fake_store(struct engine *engine)
{
    return engine->store;
}

static void fake_set_paused(struct engine *engine, bool paused)
{
    engine->paused = paused;
}

static void fake_set_probe_interval(struct engine *engine, unsigned seconds)
{
    engine->probe_interval_s = seconds;
}

static void fake_refresh(struct engine *engine)
{
    atomic_fetch_add(&engine->refreshed, 1);
}

static enum hvgpu_status say(struct job *job, void *context, int argument, struct hvgpu_error *err)
{
    (void)argument;
    struct engine *engine = context;
    if (job_is_dry(job)) {
        job_record_call(job, "Say", "hello", NULL);
        return HVGPU_OK;
    }
    job_output(job, false, "hello\n", 6);
    job_output(job, true, "trouble\n", 8);
    /* What was lost makes the host ask again: through the engine's inbox. */
    inbox_count_loss(engine->inbox, 2);
    char byte;
    while (job_read_input(job, &byte, 1) > 0) {
        job_output(job, false, &byte, 1);
    }
    return job_is_cancelled(job) ? error_set(err, HVGPU_CANCELLED, "say", NULL, "cancelled")
                                 : HVGPU_OK;
}

static enum hvgpu_status hang(struct job *job, void *context, int argument, struct hvgpu_error *err)
{
    (void)job;
    (void)argument;
    (void)err;
    struct engine *engine = context;
    atomic_store(&engine->hanging, true);
    while (!atomic_load(&engine->release)) {
        os_sleep_ms(1);
    }
    return HVGPU_OK;
}

static enum hvgpu_status fake_plan(struct engine *engine, const struct hvgpu_request *request,
                                   struct job_plan *out, struct hvgpu_error *err)
{
    if (text_equal(request->target, "nobody")) {
        out->title = text_copy("half made");
        return error_set(err, HVGPU_NOT_FOUND, "exec", "nobody", "no such system");
    }
    *out = (struct job_plan){.verb = "exec",
                             .title = text_copy("say hello"),
                             .changes = text_equal(request->target, "sneaky"),
                             .steps = calloc(1, sizeof(struct job_step)),
                             .step_count = 1,
                             .context = engine,
                             .engine = engine};
    out->steps[0] =
        (struct job_step){.title = "say", .run = text_equal(request->target, "hang") ? hang : say};
    return HVGPU_OK;
}

static const struct engine_ops fake_engine = {
    .scheme = "fake",
    .summary = "an engine with nothing behind it",
    .open = fake_open,
    .close = fake_close,
    .store = fake_store,
    .set_paused = fake_set_paused,
    .set_probe_interval = fake_set_probe_interval,
    .refresh = fake_refresh,
    .plan = fake_plan,
};

static struct hvgpu *open_fake(const struct hvgpu_options *options)
{
    struct hvgpu *host = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(core_open(&fake_engine, "fake:x", "x", options, &host, &err), HVGPU_OK);
    return host;
}

static void wait_until_live(struct hvgpu *host)
{
    while (hvgpu_snapshot(host)->host->link != HVGPU_LINK_LIVE) {
        hvgpu_wait(host, PATIENCE_MS);
    }
}

static const struct hvgpu_job *wait_for_end(struct hvgpu *host, uint64_t id)
{
    for (;;) {
        const struct hvgpu_job *job = hvgpu_find_job(hvgpu_snapshot(host), id);
        if (job != NULL && job->state >= HVGPU_JOB_DONE) {
            return job;
        }
        hvgpu_wait(host, PATIENCE_MS);
    }
}

/* ---- open ---- */

static void test_unknown_schemes_are_refused_with_the_known_ones(void **state)
{
    (void)state;
    static const char *const uris[] = {"gopher:", "nothing", "", ":", "dem:", "demox:", NULL};
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct hvgpu *host = NULL;
        struct hvgpu_error err = {0};
        assert_int_equal(hvgpu_open(uris[i], NULL, &host, &err), HVGPU_INVALID);
        assert_null(host);
        assert_non_null(strstr(err.hint, "demo:"));
    }
}

static void test_schemes_named_in_help_are_the_ones_that_can_be_opened(void **state)
{
    (void)state;
    const struct hvgpu_scheme *schemes = hvgpu_schemes();
    size_t i = 0;
    for (; engines[i] != NULL; i++) {
        assert_string_equal(schemes[i].scheme, engines[i]->scheme);
        assert_string_equal(schemes[i].summary, engines[i]->summary);
    }
    assert_null(schemes[i].scheme);
}

static void test_engine_that_refuses_a_uri_leaves_nothing(void **state)
{
    (void)state;
    struct hvgpu *host = NULL;
    struct hvgpu_error err = {0};
    assert_int_equal(core_open(&fake_engine, "fake:broken", "broken", NULL, &host, &err),
                     HVGPU_INVALID);
    assert_null(host);
    assert_non_null(strstr(err.message, "line 3"));
    hvgpu_close(NULL);
}

static void test_two_hosts_open_in_one_process_do_not_meet(void **state)
{
    (void)state;
    struct hvgpu *one = open_fake(NULL);
    struct hvgpu *two = open_fake(NULL);
    wait_until_live(one);
    assert_true(hvgpu_snapshot(one)->loaded);
    assert_false(hvgpu_snapshot(two)->loaded);
    assert_int_equal(hvgpu_snapshot(two)->host->link, HVGPU_LINK_CONNECTING);
    assert_string_equal(hvgpu_snapshot(two)->host->uri, "fake:x");
    hvgpu_close(one);
    wait_until_live(two);
    hvgpu_close(two);
}

/* ---- the loop ---- */

static void test_wake_makes_the_loop_look_without_change(void **state)
{
    (void)state;
    struct hvgpu *host = open_fake(NULL);
    wait_until_live(host);
    assert_false(hvgpu_poll(host));
    assert_false(hvgpu_wait(host, 0));
    assert_true(hvgpu_wake_handle(host) >= 0);
    hvgpu_wake(host);
    uint64_t before = hvgpu_snapshot(host)->generation;
    assert_false(hvgpu_wait(host, PATIENCE_MS));
    assert_int_equal(hvgpu_snapshot(host)->generation, before);
    hvgpu_close(host);
}

struct output {
    char text[256];
    size_t stderr_bytes;
};

static void collect(void *context, uint64_t job_id, bool is_stderr, const char *bytes, size_t len)
{
    struct output *output = context;
    assert_true(job_id > 0);
    strncat(output->text, bytes, len);
    output->stderr_bytes += is_stderr ? len : 0;
}

static void test_output_input_and_losses_travel_through_the_host(void **state)
{
    (void)state;
    struct hvgpu *host = open_fake(NULL);
    struct output output = {0};
    hvgpu_on_output(host, collect, &output);
    wait_until_live(host);
    const struct hvgpu_request request = {.verb = HVGPU_EXEC, .target = "x"};
    uint64_t id = 0;
    struct hvgpu_error err = {0};
    assert_int_equal(hvgpu_submit(host, &request, &id, &err), HVGPU_OK);
    hvgpu_job_resize(host, id, 80, 25);
    assert_true(hvgpu_job_input(host, id, "abc", 3));
    assert_true(hvgpu_job_input(host, id, NULL, 0));
    assert_int_equal(wait_for_end(host, id)->state, HVGPU_JOB_DONE);
    assert_string_equal(output.text, "hello\ntrouble\nabc");
    assert_int_equal(output.stderr_bytes, 8);
    assert_int_equal(hvgpu_snapshot(host)->events_lost, 2);
    assert_string_equal(hvgpu_event_at(host, 0)->kind, "JobDone");
    assert_null(hvgpu_event_at(host, 1));
    hvgpu_close(host);
}

static void test_cancel_reaches_the_job(void **state)
{
    (void)state;
    struct hvgpu *host = open_fake(NULL);
    wait_until_live(host);
    const struct hvgpu_request request = {.verb = HVGPU_EXEC, .target = "x"};
    uint64_t id = 0;
    assert_int_equal(hvgpu_submit(host, &request, &id, NULL), HVGPU_OK);
    hvgpu_cancel(host, id, true);
    assert_int_equal(wait_for_end(host, id)->state, HVGPU_JOB_CANCELLED);
    assert_false(hvgpu_job_input(host, id, "late", 4));
    hvgpu_close(host);
}

/* ---- requests ---- */

static void test_read_only_refuses_every_change_and_nothing_else(void **state)
{
    (void)state;
    struct hvgpu *host = open_fake(&(struct hvgpu_options){.read_only = true});
    wait_until_live(host);
    assert_true(hvgpu_is_read_only(host));
    for (int verb = HVGPU_LAUNCH; verb <= HVGPU_RECOVER; verb++) {
        const struct hvgpu_request request = {.verb = (enum hvgpu_verb)verb, .target = "x"};
        uint64_t id = 0;
        struct hvgpu_error err = {0};
        bool harmless = verb == HVGPU_CHECK || verb == HVGPU_INSPECT;
        assert_int_equal(hvgpu_submit(host, &request, &id, &err),
                         harmless ? HVGPU_OK : HVGPU_READ_ONLY);
        assert_int_equal(id != 0, harmless);
        char *json = NULL;
        assert_int_equal(hvgpu_preview(host, &request, &json, &err), HVGPU_OK);
        free(json);
        if (harmless) {
            hvgpu_job_input(host, id, NULL, 0);
            wait_for_end(host, id);
        }
    }
    /* A plan that changes something is refused whatever its verb. */
    const struct hvgpu_request sneaky = {.verb = HVGPU_CHECK, .target = "sneaky"};
    uint64_t id = 0;
    assert_int_equal(hvgpu_submit(host, &sneaky, &id, NULL), HVGPU_READ_ONLY);
    hvgpu_set_read_only(host, false);
    const struct hvgpu_request exec = {.verb = HVGPU_EXEC, .target = "x"};
    assert_int_equal(hvgpu_submit(host, &exec, &id, NULL), HVGPU_OK);
    hvgpu_close(host);
}

static void test_requests_that_cannot_be_planned_start_nothing(void **state)
{
    (void)state;
    struct hvgpu *host = open_fake(NULL);
    wait_until_live(host);
    const struct hvgpu_request request = {.verb = HVGPU_EXEC, .target = "nobody"};
    uint64_t id = 5;
    struct hvgpu_error err = {0};
    assert_int_equal(hvgpu_submit(host, &request, &id, &err), HVGPU_NOT_FOUND);
    assert_int_equal(id, 0);
    char *json = NULL;
    assert_int_equal(hvgpu_preview(host, &request, &json, &err), HVGPU_NOT_FOUND);
    assert_null(json);
    const struct hvgpu_request nonsense = {.verb = (enum hvgpu_verb)99};
    assert_int_equal(hvgpu_submit(host, &nonsense, &id, &err), HVGPU_INVALID);
    assert_int_equal(hvgpu_snapshot(host)->job_count, 0);
    hvgpu_close(host);
}

static struct inbox *inbox_of_last;

static enum hvgpu_status spying_open(const struct engine_config *config, struct engine **out,
                                     struct hvgpu_error *err)
{
    inbox_of_last = config->inbox;
    return fake_open(config, out, err);
}

static void test_requests_to_a_lost_host_are_refused_with_the_reason(void **state)
{
    (void)state;
    struct engine_ops ops = fake_engine;
    ops.open = spying_open;
    struct hvgpu *host = NULL;
    assert_int_equal(core_open(&ops, "fake:x", "x", NULL, &host, NULL), HVGPU_OK);
    wait_until_live(host);
    struct message *message = message_new(MESSAGE_HOST);
    struct hvgpu_host *lost = record_new(sizeof *lost);
    lost->link = HVGPU_LINK_LOST;
    lost->link_reason = record_text(lost, "vmcompute has stopped");
    lost->link_hint = record_text(lost, "start vmcompute");
    message->record = lost;
    inbox_put(inbox_of_last, message);
    assert_true(hvgpu_wait(host, PATIENCE_MS));
    const struct hvgpu_request request = {.verb = HVGPU_CHECK, .target = "x"};
    uint64_t id = 0;
    struct hvgpu_error err = {0};
    assert_int_equal(hvgpu_submit(host, &request, &id, &err), HVGPU_LOST);
    assert_non_null(strstr(err.message, "vmcompute has stopped"));
    assert_string_equal(err.hint, "start vmcompute");
    hvgpu_close(host);
}

static void test_preview_lists_the_calls(void **state)
{
    (void)state;
    struct hvgpu *host = open_fake(NULL);
    const struct hvgpu_request request = {.verb = HVGPU_EXEC, .target = "x"};
    char *text = NULL;
    assert_int_equal(hvgpu_preview(host, &request, &text, NULL), HVGPU_OK);
    struct json *calls = NULL;
    assert_int_equal(json_parse(text, strlen(text), "preview", &calls, NULL), HVGPU_OK);
    assert_int_equal(json_count(calls), 1);
    assert_string_equal(json_string(json_first(calls), "call"), "Say");
    json_free(calls);
    free(text);
    hvgpu_close(host);
}

/* ---- switches and closing ---- */

static struct engine *engine_of_last;

static enum hvgpu_status engine_open_seen(const struct engine_config *config, struct engine **out,
                                          struct hvgpu_error *err)
{
    enum hvgpu_status st = fake_open(config, out, err);
    engine_of_last = *out;
    return st;
}

static void test_switches_reach_the_engine(void **state)
{
    (void)state;
    struct engine_ops ops = fake_engine;
    ops.open = engine_open_seen;
    struct hvgpu *host = NULL;
    assert_int_equal(
        core_open(&ops, "fake:x", "x", &(struct hvgpu_options){.paused = true}, &host, NULL),
        HVGPU_OK);
    assert_true(engine_of_last->paused);
    assert_string_equal(engine_of_last->rest, "x");
    hvgpu_set_paused(host, false);
    assert_false(engine_of_last->paused);
    hvgpu_set_probe_interval(host, 3);
    assert_int_equal(engine_of_last->probe_interval_s, 3);
    hvgpu_refresh(host);
    assert_int_equal(atomic_load(&engine_of_last->refreshed), 1);
    hvgpu_close(host);
}

static struct engine *volatile hung_engine; /* left behind on purpose, and reachable */
static struct hvgpu *volatile hung_hosts[2];

static void test_close_returns_while_a_job_hangs_and_frees_nothing_under_it(void **state)
{
    (void)state;
    struct engine_ops ops = fake_engine;
    ops.open = engine_open_seen;
    struct hvgpu *host = NULL;
    assert_int_equal(core_open(&ops, "fake:x", "x", NULL, &host, NULL), HVGPU_OK);
    hung_engine = engine_of_last;
    hung_hosts[0] = host;
    wait_until_live(host);
    const struct hvgpu_request request = {.verb = HVGPU_CHECK, .target = "hang"};
    uint64_t id = 0;
    assert_int_equal(hvgpu_submit(host, &request, &id, NULL), HVGPU_OK);
    for (int i = 0; i < PATIENCE_MS && !atomic_load(&hung_engine->hanging); i++) {
        os_sleep_ms(1);
    }
    int64_t before = os_now_ns();
    hvgpu_close(host);
    assert_in_range((os_now_ns() - before) / 1000000, 500, 10000);
    assert_true(hung_engine->paused);
    atomic_store(&hung_engine->release, true);
    os_sleep_ms(20); /* the thread comes back and ends; the sanitizers watch */
}

static void test_close_leaves_what_the_engine_could_not_stop(void **state)
{
    (void)state;
    struct engine_ops ops = fake_engine;
    ops.open = engine_open_seen;
    struct hvgpu *host = NULL;
    assert_int_equal(core_open(&ops, "fake:x", "x", NULL, &host, NULL), HVGPU_OK);
    struct engine *engine = engine_of_last;
    struct inbox *inbox = engine->inbox;
    engine->close_hangs = true;
    hvgpu_close(host);
    inbox_put(inbox, message_new(MESSAGE_LOADED)); /* still there, and drops it */
    engine->close_hangs = false;
    assert_true(fake_close(engine));
    hung_hosts[1] = host;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_schemes_are_refused_with_the_known_ones),
        cmocka_unit_test(test_schemes_named_in_help_are_the_ones_that_can_be_opened),
        cmocka_unit_test(test_engine_that_refuses_a_uri_leaves_nothing),
        cmocka_unit_test(test_two_hosts_open_in_one_process_do_not_meet),
        cmocka_unit_test(test_wake_makes_the_loop_look_without_change),
        cmocka_unit_test(test_output_input_and_losses_travel_through_the_host),
        cmocka_unit_test(test_cancel_reaches_the_job),
        cmocka_unit_test(test_read_only_refuses_every_change_and_nothing_else),
        cmocka_unit_test(test_requests_that_cannot_be_planned_start_nothing),
        cmocka_unit_test(test_requests_to_a_lost_host_are_refused_with_the_reason),
        cmocka_unit_test(test_preview_lists_the_calls),
        cmocka_unit_test(test_switches_reach_the_engine),
        cmocka_unit_test(test_close_returns_while_a_job_hangs_and_frees_nothing_under_it),
        cmocka_unit_test(test_close_leaves_what_the_engine_could_not_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
