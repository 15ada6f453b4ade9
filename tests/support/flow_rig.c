/* SPDX-License-Identifier: MIT
 *
 * A whole host on a small simulated machine.
 */
#include "tests/support/flow_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/os/os.h"
#include "core/base/text.h"

enum { STEP_MS = 20, LOAD_S = 20, SETTLE_TRIES = 250 };

static const char scenario_text[] =
    "{\"host\":{\"name\":\"RIG\",\"edition\":\"Windows Server 2022 Datacenter\",\"build\":20348,"
    "\"schema\":\"%s\",\"server\":true,\"processors\":8,\"memory_mb\":32768%s%s},"
    "\"moves\":false,\"latency\":false,\"candidate\":%d,\"gpu_reaches_vm\":true,\"containers\":0,"
    "\"gpus\":[%s],"
    "\"images\":[{\"name\":\"" FLOW_IMAGE "\",\"store\":\"docker\",\"build\":20348,"
    "\"base_name\":\"windows/server\",\"has_utility_vm\":true,"
    "\"layers\":[\"C:\\\\img\\\\top\",\"C:\\\\img\\\\base\"]}],"
    "\"faults\":[%s]}";

static const char gpus_text[] =
    "{\"published\":\"nv-3060-egp361\"},{\"published\":\"nv-rtx4000\",\"dismounted\":true}";

static void die(const char *what, const char *why)
{
    fprintf(stderr, "flow flow: %s: %s\n", what, why);
    abort();
}

static void on_output(void *context, uint64_t job_id, bool is_stderr, const char *bytes, size_t len)
{
    (void)job_id;
    (void)is_stderr;
    struct flow *flow = context;
    char *more = realloc(flow->output, flow->output_len + len + 1);
    if (more != NULL) {
        memcpy(more + flow->output_len, bytes, len);
        flow->output = more;
        flow->output_len += len;
        flow->output[flow->output_len] = '\0';
    }
}

static void write_scenario(struct flow *flow, const struct flow_options *options)
{
    const char *folder = getenv("TMPDIR");
    uint32_t random = 0;
    os_random(&random, sizeof random);
    if (options->state_file != NULL) {
        snprintf(flow->path, sizeof flow->path, "%s.scenario.json", options->state_file);
    } else {
        snprintf(flow->path, sizeof flow->path, "%s/flow-%u-%08x.json",
                 folder != NULL ? folder : "/tmp", os_process_id(), random);
    }
    FILE *file = fopen(flow->path, "w");
    if (file == NULL) {
        die("write scenario", flow->path);
    }
    fprintf(file, scenario_text, options->schema != NULL ? options->schema : "2.5",
            options->host != NULL ? "," : "", options->host != NULL ? options->host : "",
            options->candidate, options->no_gpu ? "" : gpus_text,
            options->faults != NULL ? options->faults : "");
    fclose(file);
}

void flow_open(struct flow *flow, const struct flow_options *options)
{
    memset(flow, 0, sizeof *flow);
    write_scenario(flow, options);
    char *uri = text_format("demo:%s?clock=stepped%s%s", flow->path,
                            options->state_file != NULL ? "&state=" : "",
                            options->state_file != NULL ? options->state_file : "");
    struct hvgpu_error err = {0};
    const struct hvgpu_options own = {.probe_interval_s = 0};
    if (uri == NULL || hvgpu_open(uri, &own, &flow->host, &err) != HVGPU_OK) {
        die("open", err.message);
    }
    free(uri);
    hvgpu_on_output(flow->host, on_output, flow);
    int64_t until = os_now_ns() + (int64_t)LOAD_S * 1000000000;
    while (!hvgpu_snapshot(flow->host)->loaded) {
        if (os_now_ns() > until) {
            die("open", "no inventory came");
        }
        hvgpu_wait(flow->host, STEP_MS);
    }
}

void flow_close(struct flow *flow)
{
    hvgpu_close(flow->host);
    remove(flow->path);
    free(flow->output);
    memset(flow, 0, sizeof *flow);
}

uint64_t flow_submit(struct flow *flow, const struct hvgpu_request *request)
{
    struct hvgpu_error err = {0};
    uint64_t id = 0;
    if (hvgpu_submit(flow->host, request, &id, &err) != HVGPU_OK) {
        fprintf(stderr, "flow flow: refused: %s %s: %s\n", err.operation, err.object, err.message);
        return 0;
    }
    return id;
}

const struct hvgpu_job *flow_wait(struct flow *flow, uint64_t id, unsigned seconds)
{
    int64_t until = os_now_ns() + (int64_t)seconds * 1000000000;
    for (;;) {
        const struct hvgpu_job *job = hvgpu_find_job(hvgpu_snapshot(flow->host), id);
        if (job != NULL && job->state >= HVGPU_JOB_DONE) {
            return job;
        }
        if (os_now_ns() > until) {
            return NULL;
        }
        hvgpu_wait(flow->host, STEP_MS);
    }
}

const struct hvgpu_job *flow_run(struct flow *flow, const struct hvgpu_request *request,
                                 unsigned seconds)
{
    uint64_t id = flow_submit(flow, request);
    return id != 0 ? flow_wait(flow, id, seconds) : NULL;
}

size_t flow_own_systems(const struct flow *flow)
{
    const struct hvgpu_snapshot *s = hvgpu_snapshot(flow->host);
    size_t count = 0;
    for (size_t i = 0; i < s->system_count; i++) {
        bool kept = s->systems[i]->left_over && s->systems[i]->state == HVGPU_STATE_STOPPED;
        count += s->systems[i]->ours && !kept ? 1 : 0;
    }
    return count;
}

bool flow_settle(struct flow *flow, size_t wanted)
{
    int held = 0; /* one reading may be older than the job's end */
    for (int i = 0; i < SETTLE_TRIES && held < 4; i++) {
        hvgpu_refresh(flow->host);
        hvgpu_wait(flow->host, STEP_MS);
        held = flow_own_systems(flow) == wanted ? held + 1 : 0;
    }
    return held == 4;
}

/* ---- requests ---- */

struct hvgpu_request flow_launch(const char *name)
{
    const struct hvgpu_request request = {.verb = HVGPU_LAUNCH,
                                          .launch = {.name = name, .image = FLOW_IMAGE}};
    return request;
}

struct hvgpu_request flow_launch_gpu(const char *name)
{
    static const struct hvgpu_gpu_request gpu = {.gpu = "gpu0"};
    struct hvgpu_request request = flow_launch(name);
    request.launch.gpus = &gpu;
    request.launch.gpu_count = 1;
    return request;
}

struct hvgpu_request flow_launch_device(const char *name)
{
    static const struct hvgpu_device_request device = {.type = "vpci", .id = FLOW_DEVICE};
    struct hvgpu_request request = flow_launch(name);
    request.launch.devices = &device;
    request.launch.device_count = 1;
    return request;
}
