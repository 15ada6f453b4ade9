/* SPDX-License-Identifier: MIT
 *
 * From an action to a job: what has to be asked is asked here, in words that name host, object and
 * consequence. Systems that hvgpu did not create, and GPUs that cannot be read back, want the id
 * typed. Everything that changes the host from the console passes action_start().
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/commands.h"
#include "console/dialog.h"
#include "console/state.h"
#include "console/views/views.h"
#include "core/base/text.h"

void action_request(const struct action *action, struct hvgpu_request *request,
                    struct hvgpu_gpu_request *gpu)
{
    memset(request, 0, sizeof(*request));
    memset(gpu, 0, sizeof(*gpu));
    request->verb = action->verb;
    request->target = action->target[0] != '\0' ? action->target : NULL;
    request->foreign = action->foreign[0] != '\0' ? action->foreign : NULL;
    request->confirm = action->confirm[0] != '\0' ? action->confirm : NULL;
    request->gpu_mirror = action->mirror;
    request->command = action->command[0] != '\0' ? action->command : NULL;
    request->in_vm = action->in_vm;
    request->interactive = action->interactive;
    request->force = action->force;
    if (action->gpu[0] != '\0') {
        gpu->gpu = action->gpu;
        gpu->partition = action->partition;
        request->gpus = gpu;
        request->gpu_count = 1;
    }
    if (action->verb == HVGPU_VERIFY) {
        request->launch.gpus = request->gpus;
        request->launch.gpu_count = request->gpu_count;
        request->launch.image = action->image[0] != '\0' ? action->image : NULL;
    }
}

static void submit(struct app *app, const struct action *action)
{
    struct hvgpu_request request;
    struct hvgpu_gpu_request gpu;
    action_request(action, &request, &gpu);
    state_of(app); /* output of exec is kept from here on */
    if (app_submit(app, &request) && action->verb == HVGPU_EXEC) {
        exec_open(app, app->last_job);
    }
}

static void answered(struct app *app, void *context, int choice)
{
    struct action *action = context;
    if (choice == 1) {
        submit(app, action);
    } else {
        app_notice(app, ROLE_DIM, "nothing was done");
    }
}

static const char *owner_of(const struct hvgpu_system *system)
{
    if (system->owner_text != NULL && system->owner_text[0] != '\0') {
        return system->owner_text;
    }
    return system->owner != NULL && system->owner[0] != '\0' ? system->owner : "an unknown program";
}

/* How many containers live in a VM: they share its fate. */
static size_t containers_in(const struct hvgpu_snapshot *s, const char *vm)
{
    size_t count = 0;
    for (size_t i = 0; i < s->system_count; i++) {
        count += text_equal(s->systems[i]->host_id, vm);
    }
    return count;
}

static void add_consequence(struct app *app, struct text *text, const struct action *action,
                            const struct hvgpu_system *system)
{
    char gpus[160];
    bool known = system_gpu_text(app->snapshot, system, gpus, sizeof(gpus));
    size_t inside = containers_in(app->snapshot, system->id);
    switch (action->verb) {
    case HVGPU_STOP:
        text_add(text, action->force
                           ? "Everything inside ends at once; unsaved work is lost. "
                           : "It is told to shut down; what has not ended after 30 seconds is "
                             "terminated, and unsaved work is lost. ");
        break;
    case HVGPU_REMOVE:
        text_add(text, "It is stopped if it runs, and its scratch disks and files are deleted. "
                       "That cannot be undone. ");
        break;
    case HVGPU_DETACH:
        text_add(text, "Programs that use the GPU inside lose it at once. ");
        text_addf(text, "%s ",
                  action->gpu[0] != '\0' ? "The other GPUs of the VM stay."
                                         : "The VM is left without any GPU.");
        break;
    case HVGPU_EXEC:
        text_addf(text, "This runs inside it: %s. ", action->command);
        break;
    case HVGPU_CHECK:
        text_add(text, "The probe program is brought in, and run in its VM and in the container. ");
        break;
    case HVGPU_ATTACH:
        text_add(text, "The GPU configuration of its VM is replaced. ");
        break;
    default:
        break;
    }
    if (inside > 0 && (action->verb == HVGPU_STOP || action->verb == HVGPU_REMOVE)) {
        text_addf(text, "%zu container%s in this VM end%s with it. ", inside,
                  inside == 1 ? "" : "s", inside == 1 ? "s" : "");
    }
    if (known && system->gpu_mode != HVGPU_MODE_NONE &&
        (action->verb == HVGPU_STOP || action->verb == HVGPU_REMOVE)) {
        text_addf(text, "It gives back %s. ", gpus);
    }
}

static void describe_question(struct app *app, struct text *text, const struct action *action,
                              const struct hvgpu_system *system, bool foreign, bool unreadable)
{
    const struct hvgpu_host *host = app->snapshot->host;
    text_addf(text, "Host: %s%s\n", host->name != NULL ? host->name : host->uri,
              host->simulated ? " (SIMULATED)" : "");
    text_addf(text, "System: %s\n", system_name(system));
    if (!text_equal(system_name(system), system->id)) {
        text_addf(text, "Id: %s\n", system->id);
    }
    char state[128];
    system_state_text(system, state, sizeof(state));
    text_addf(text, "State: %s\n", state);
    if (foreign) {
        text_addf(text, "Owner: %s. It was not created by hvgpu.\n", owner_of(system));
    }
    text_add(text, "\n");
    add_consequence(app, text, action, system);
    if (unreadable) {
        text_add(text, "The GPUs that it has now cannot be read; they are replaced, and cannot be "
                       "restored. ");
    }
}

static const char *action_word(enum hvgpu_verb verb)
{
    switch (verb) {
    case HVGPU_STOP:
        return "Stop";
    case HVGPU_REMOVE:
        return "Remove";
    case HVGPU_DETACH:
        return "Detach";
    case HVGPU_ATTACH:
        return "Attach";
    case HVGPU_EXEC:
        return "Run";
    case HVGPU_CHECK:
        return "Look inside";
    default:
        return "Go on";
    }
}

static void ask(struct app *app, const struct action *action, const struct hvgpu_system *system,
                bool foreign, bool unreadable)
{
    struct action *kept = malloc(sizeof(*kept));
    struct text text;
    char title[192];
    if (kept == NULL) {
        return;
    }
    *kept = *action;
    text_init(&text, 8192);
    describe_question(app, &text, action, system, foreign, unreadable);
    snprintf(title, sizeof(title), "%s %.120s?", action_word(action->verb), system_name(system));
    dialog_ask(app, &(struct dialog_question){
                        .title = title,
                        .text = text.data,
                        .action = action_word(action->verb),
                        .typed = foreign || unreadable ? system->id : NULL,
                        .danger = true,
                        .done = answered,
                        .context = kept,
                    });
    text_free(&text);
}

/* The VM whose configuration a change of GPUs replaces. */
static const struct hvgpu_system *vm_of(struct app *app, const struct hvgpu_system *system)
{
    const struct hvgpu_system *vm =
        system->host_id != NULL ? hvgpu_find_system(app->snapshot, system->host_id) : NULL;
    return vm != NULL ? vm : system;
}

void action_start(struct app *app, const struct action *start)
{
    struct action action = *start;
    const struct hvgpu_system *system =
        action.target[0] != '\0' ? hvgpu_find_system(app->snapshot, action.target) : NULL;
    bool changes_gpus = action.verb == HVGPU_ATTACH || action.verb == HVGPU_DETACH;
    bool foreign = system != NULL && system_is_foreign(system);
    bool unreadable = system != NULL && changes_gpus &&
                      vm_of(app, system)->gpu_mode == HVGPU_MODE_UNKNOWN &&
                      system->gpu_mode == HVGPU_MODE_UNKNOWN;
    if (system != NULL && action.title[0] == '\0') {
        snprintf(action.title, sizeof(action.title), "%s %.120s",
                 action.verb == HVGPU_ATTACH ? "attach to" : "detach from", system_name(system));
    }
    if (foreign) {
        text_clean(action.foreign, sizeof(action.foreign), owner_of(system));
    }
    if (unreadable) {
        text_clean(action.confirm, sizeof(action.confirm), system->id);
    }
    if (state_of(app)->preview) {
        struct hvgpu_request request;
        struct hvgpu_gpu_request gpu;
        action_request(&action, &request, &gpu);
        preview_open(app, action.title, &request);
        return;
    }
    bool destroys =
        action.verb == HVGPU_STOP || action.verb == HVGPU_REMOVE || action.verb == HVGPU_DETACH;
    if (system != NULL && (foreign || unreadable || destroys)) {
        ask(app, &action, system, foreign, unreadable);
    } else {
        submit(app, &action);
    }
}

/* ---- jobs ---- */

struct cancelled {
    uint64_t job;
    bool force;
};

static void cancel_answered(struct app *app, void *context, int choice)
{
    const struct cancelled *cancelled = context;
    if (choice == 1) {
        hvgpu_cancel(app->host, cancelled->job, cancelled->force);
        app_notice(app, ROLE_INFO,
                   cancelled->force ? "job %" PRIu64 ": what it works on is terminated"
                                    : "job %" PRIu64 ": ends when its running call has ended",
                   cancelled->job);
    }
}

void cancel_job(struct app *app, const struct command *command, const char *arguments)
{
    uint64_t id;
    char word[32];
    char shown[TABLE_ID];
    const struct hvgpu_job *job = jobs_selected(app, app->view);
    (void)command;
    if (view_object(app, app->view, shown, sizeof(shown)) == OBJECT_JOB &&
        text_to_u64(shown, 1, UINT64_MAX, &id)) {
        job = hvgpu_find_job(app->snapshot, id);
    }
    if (command_word(arguments, word, sizeof(word)) != NULL) {
        job = text_to_u64(word, 1, UINT64_MAX, &id) ? hvgpu_find_job(app->snapshot, id) : NULL;
    }
    if (job == NULL || (job->state != HVGPU_JOB_QUEUED && job->state != HVGPU_JOB_RUNNING &&
                        job->state != HVGPU_JOB_UNDOING)) {
        app_notice(app, ROLE_WARNING, job == NULL ? "there is no such job" : "this job has ended");
        return;
    }
    struct cancelled *kept = malloc(sizeof(*kept));
    struct text text;
    if (kept == NULL) {
        return;
    }
    *kept = (struct cancelled){.job = job->id, .force = job->cancelling};
    text_init(&text, 2048);
    text_addf(&text, "Job: %s\nHost: %s\n\n", job->title,
              app->snapshot->host->name != NULL ? app->snapshot->host->name : "-");
    text_add(&text, job->cancelling
                        ? "It was cancelled already and waits for a call that has not answered. By "
                          "force, the system that it works on is terminated through a second "
                          "handle; the step is then recorded as unknown."
                        : "It ends when its running call has ended (the service cannot abort one), "
                          "and what it did is undone.");
    dialog_ask(app, &(struct dialog_question){
                        .title = job->cancelling ? "Cancel by force?" : "Cancel this job?",
                        .text = text.data,
                        .action = job->cancelling ? "Terminate" : "Cancel the job",
                        .refuse = "Let it run",
                        .danger = job->cancelling,
                        .done = cancel_answered,
                        .context = kept,
                    });
    text_free(&text);
}

void recover_leftover(struct app *app, const struct command *command, const char *arguments)
{
    const struct hvgpu_snapshot *s = app->snapshot;
    struct table *table = view_table(app, app->view);
    const char *id = table != NULL ? table_selected_id(table) : "";
    const struct hvgpu_leftover *found = NULL;
    (void)command;
    (void)arguments;
    for (size_t i = 0; i < s->leftover_count && found == NULL; i++) {
        found = text_equal(s->leftovers[i]->journal, id) ? s->leftovers[i] : NULL;
    }
    if (found == NULL) {
        app_notice(app, ROLE_WARNING,
                   s->leftover_count > 0 ? "select the line that says \"left behind\" first"
                                         : "nothing was left behind");
        return;
    }
    struct action *kept = calloc(1, sizeof(*kept));
    struct text text;
    if (kept == NULL) {
        return;
    }
    kept->verb = HVGPU_RECOVER;
    text_clean(kept->target, sizeof(kept->target), found->journal);
    snprintf(kept->title, sizeof(kept->title), "undo %.140s", found->title);
    if (state_of(app)->preview) {
        struct hvgpu_request request;
        struct hvgpu_gpu_request gpu;
        action_request(kept, &request, &gpu);
        preview_open(app, kept->title, &request);
        free(kept);
        return;
    }
    text_init(&text, 8192);
    text_addf(&text, "Host: %s\nUnfinished: %s\n\nThis exists now and is removed: %s",
              s->host->name != NULL ? s->host->name : "-", found->title,
              found->text != NULL ? found->text : "-");
    dialog_ask(app, &(struct dialog_question){
                        .title = "Undo what was left behind?",
                        .text = text.data,
                        .action = "Undo it",
                        .danger = true,
                        .done = answered,
                        .context = kept,
                    });
    text_free(&text);
}
