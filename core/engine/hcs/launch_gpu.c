/* SPDX-License-Identifier: MIT
 *
 * The steps of a launch that bring a GPU in: paravirtual partitions with the host's driver package
 * and three forms tried in turn, or whole devices with the vendor's driver installed in the VM.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/launch_parts.h"
#include "core/engine/hcs/probe.h"

enum {
    PNPUTIL_NO_MORE_ITEMS = 259, /* the driver is there already: a warning */
    LOCATIONS_MAX = 64
};

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "launch", NULL, "out of memory");
}

static struct package_guest guest_of(const struct launch *launch, const struct calls *calls,
                                     bool container)
{
    const struct package_guest guest = {
        .calls = calls,
        .level = &launch->base.level,
        .id = container ? launch->record.id : launch->record.vm_id,
        .system = container ? launch->container : launch->vm,
        .container = container,
        .probe = container ? launch->record.probe_container : launch->record.probe_vm,
    };
    return guest;
}

/* ---- GPU-PV: into the VM ---- */

enum hvgpu_status launch_give_gpu(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    const struct ownership *record = &launch->record;
    struct json *settings = document_gpu_settings(&launch->base.level, record->gpu_mode,
                                                  record->gpus, record->gpu_count);
    enum hvgpu_status status = calls_modify(
        &calls, record->vm_id, launch->vm, document_gpu_update(&launch->base.level, settings), err);
    if (status != HVGPU_OK) {
        return status;
    }
    job_evidence(job, "%s", launch->gpu_text);
    return launch_put_record(launch, job, err);
}

/* The names of packages that only the host could tell go into the record. */
static enum hvgpu_status note_package(struct launch *launch, const struct launch_package *package,
                                      struct hvgpu_error *err)
{
    for (size_t i = 0; i < launch->record.gpu_count; i++) {
        struct owned_gpu *gpu = &launch->record.gpus[i];
        if (gpu->package == NULL && text_equal_nocase(gpu->instance_id, package->instance_id)) {
            gpu->package = text_copy(package->name);
            if (gpu->package == NULL) {
                return no_memory(err);
            }
        }
    }
    return HVGPU_OK;
}

static enum hvgpu_status bring_package(struct launch *launch, const struct calls *calls,
                                       struct launch_package *package, struct hvgpu_error *err)
{
    const struct package_guest guest = guest_of(launch, calls, false);
    enum hvgpu_status status = package_read(calls, package, err);
    if (status == HVGPU_OK) {
        status = note_package(launch, package, err);
    }
    char *dry_folder = NULL;
    const char *folder = NULL;
    if (status == HVGPU_OK) {
        dry_folder = package->facts == NULL ? text_format("<folder of %s>", package->name) : NULL;
        folder = package->facts != NULL ? package->facts->folder : dry_folder;
        status = folder != NULL
                     ? launch_share_folder(launch, calls, folder, true, false, &package->share, err)
                     : no_memory(err);
    }
    free(dry_folder);
    if (status == HVGPU_OK) {
        status = package_copy_store(&guest, package, err);
    }
    char *from = status == HVGPU_OK ? guest_share_path(package->share) : NULL;
    if (status == HVGPU_OK) {
        status = from != NULL ? package_copy_files(&guest, package, from, err) : no_memory(err);
    }
    free(from);
    return status;
}

enum hvgpu_status launch_driver(struct job *job, void *context, int argument,
                                struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    for (size_t i = 0; i < launch->package_count; i++) {
        enum hvgpu_status status = bring_package(launch, &calls, &launch->packages[i], err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    const struct package_guest guest = guest_of(launch, &calls, false);
    enum hvgpu_status status = package_restart_device(&guest, err);
    if (status == HVGPU_OK) {
        job_evidence(job, "%s%s", launch->packages[0].name,
                     launch->package_count > 1 ? " and others" : "");
        status = launch_put_record(launch, job, err);
    }
    return status;
}

/* A probe is a process too: the dry run lists it. */
static enum hvgpu_status record_probe(const struct launch *launch, const struct calls *calls,
                                      bool container, struct hvgpu_error *err)
{
    const struct package_guest guest = guest_of(launch, calls, container);
    struct calls_output output;
    struct json *parameters = container ? document_container_program(guest.level, guest.probe)
                                        : document_vm_program(guest.level, guest.probe);
    enum hvgpu_status status = calls_run(calls, guest.id, guest.system, parameters, &output, err);
    calls_output_clear(&output);
    return status;
}

enum hvgpu_status launch_probe_vm(struct job *job, void *context, int argument,
                                  struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    if (job_is_dry(job)) {
        return record_probe(launch, &calls, false, err);
    }
    enum hvgpu_answer present = HVGPU_ANSWER_UNKNOWN;
    char evidence[256] = "";
    enum hvgpu_status status = engine_probe_vm(launch->base.engine, &launch->record, launch->vm,
                                               &present, evidence, sizeof evidence, err);
    if (status != HVGPU_OK) {
        return status;
    }
    if (present == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_ABSENT, "probe", launch->record.vm_id,
                  "the GPU is in neither the VM nor the container: in the VM %s", evidence);
        error_hint(err, "check the GPU's driver on the host and that it is in the list of: "
                        "hvgpu gpus");
        return HVGPU_ABSENT;
    }
    job_evidence(job, "%s%s", present == HVGPU_ANSWER_YES ? "" : "not known: ", evidence);
    return HVGPU_OK;
}

/* ---- whole devices ---- */

static enum hvgpu_status add_location(struct launch_device *device, char *location,
                                      struct hvgpu_error *err)
{
    char **list = realloc(device->locations, (device->location_count + 1) * sizeof *list);
    if (list == NULL || location == NULL) {
        device->locations = list != NULL ? list : device->locations;
        free(location);
        return no_memory(err);
    }
    device->locations = list;
    list[device->location_count++] = location;
    return HVGPU_OK;
}

/* The answer is a line of location paths, joined by commas: one a child of the assigned bus. */
static enum hvgpu_status take_locations(struct launch_device *device,
                                        const struct calls_output *output, struct hvgpu_error *err)
{
    for (size_t start = 0; start < output->len && device->location_count < LOCATIONS_MAX;) {
        const char *comma = memchr(output->text + start, ',', output->len - start);
        size_t len = comma != NULL ? (size_t)(comma - output->text) - start : output->len - start;
        char location[512];
        if (probe_first_location(output->text + start, len, location, sizeof location)) {
            enum hvgpu_status status = add_location(device, text_copy(location), err);
            if (status != HVGPU_OK) {
                return status;
            }
        }
        start += len + 1;
    }
    if (device->location_count == 0) {
        error_set(err, HVGPU_ABSENT, "find the device in the VM", device->instance_id,
                  "the VM has the assigned bus, but no device appeared on it");
        error_hint(err, "its memory windows may be too small for it, or the device did not reset: "
                        "restart the host");
        return HVGPU_ABSENT;
    }
    return HVGPU_OK;
}

static enum hvgpu_status find_locations(struct launch *launch, const struct calls *calls,
                                        struct launch_device *device, size_t number,
                                        struct hvgpu_error *err)
{
    char *parent = text_format("%s{%s}", GUEST_ASSIGNED_BUS, device->guid);
    const char *const arguments[] = {launch->record.probe_vm, "children", parent, NULL};
    char *command = parent != NULL ? guest_command(arguments) : NULL;
    free(parent);
    if (command == NULL) {
        return no_memory(err);
    }
    struct calls_output output;
    enum hvgpu_status status = launch_run(calls, launch->record.vm_id, launch->vm,
                                          document_vm_program(&launch->base.level, command),
                                          "find the device in the VM", &output, err);
    free(command);
    if (status == HVGPU_OK && job_is_dry(calls->job)) {
        status = add_location(
            device, text_format("<location path of device %zu in the utility VM>", number), err);
    } else if (status == HVGPU_OK) {
        status = take_locations(device, &output, err);
    }
    calls_output_clear(&output);
    return status;
}

static enum hvgpu_status add_device(struct launch *launch, const struct calls *calls,
                                    struct launch_device *device, size_t number,
                                    struct hvgpu_error *err)
{
    enum hvgpu_status status =
        calls_modify(calls, launch->record.vm_id, launch->vm,
                     document_device_add(&launch->base.level, device->guid, device->instance_id,
                                         device->function),
                     err);
    return status == HVGPU_OK ? find_locations(launch, calls, device, number, err) : status;
}

enum hvgpu_status launch_devices(struct job *job, void *context, int argument,
                                 struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    for (size_t i = 0; i < launch->device_count; i++) {
        enum hvgpu_status status = add_device(launch, &calls, &launch->devices[i], i + 1, err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    job_evidence(job, "%s", launch->devices[0].locations[0]);
    return launch_put_record(launch, job, err);
}

static enum hvgpu_status install(struct launch *launch, const struct calls *calls,
                                 const char *folder, struct hvgpu_error *err)
{
    unsigned number = 0;
    enum hvgpu_status status =
        launch_share_folder(launch, calls, folder, true, false, &number, err);
    if (status != HVGPU_OK) {
        return status;
    }
    /* The share's name is ours, so nothing from outside is in this line. The same line as
     * hcsshim's, and like it without pipes: what counts is the exit code. */
    char *command = text_format("cmd /c C:\\Windows\\System32\\pnputil.exe /add-driver "
                                "%ss%x/*.inf /subdirs /install",
                                GUEST_SHARES, number);
    if (command == NULL) {
        return no_memory(err);
    }
    const struct document_process process = {.command = command, .user = GUEST_USER_SYSTEM};
    struct calls_output output;
    status = calls_run(calls, launch->record.vm_id, launch->vm,
                       document_process(&launch->base.level, &process), &output, err);
    free(command);
    uint32_t code = output.exit_code;
    calls_output_clear(&output);
    if (status == HVGPU_OK && code != 0 && code != PNPUTIL_NO_MORE_ITEMS) {
        error_set(err, HVGPU_FAILED, "install drivers", folder,
                  "pnputil ended with code %u (0x%08X)", (unsigned)code, (unsigned)code);
        error_hint(err, "the folder must hold the driver's .inf, .cat and .sys files for this "
                        "device, signed");
        return HVGPU_FAILED;
    }
    return status;
}

enum hvgpu_status launch_install_drivers(struct job *job, void *context, int argument,
                                         struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    if (launch->device_count == 0) {
        job_evidence(job, "no device was given, so there is nothing to drive");
        return HVGPU_SKIPPED;
    }
    for (size_t i = 0; i < launch->driver_dir_count; i++) {
        enum hvgpu_status status = install(launch, &calls, launch->driver_dirs[i], err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    job_evidence(job, "%zu folder%s", launch->driver_dir_count,
                 launch->driver_dir_count == 1 ? "" : "s");
    return HVGPU_OK;
}

/* ---- GPU-PV: into the container ---- */

/* The place of the virtual render device, as the VM's own probe reports it. */
static enum hvgpu_status find_render_device(struct launch *launch, const struct calls *calls,
                                            struct hvgpu_error *err)
{
    struct calls_output output;
    enum hvgpu_status status =
        calls_run(calls, launch->record.vm_id, launch->vm,
                  document_vm_program(&launch->base.level, launch->record.probe_vm), &output, err);
    if (status == HVGPU_OK && job_is_dry(calls->job)) {
        launch->render_location = text_copy("<location path of the virtual render device>");
    } else if (status == HVGPU_OK) {
        struct json *answer = NULL;
        status = json_parse(output.text != NULL ? output.text : "", output.len, "probe answer",
                            &answer, err);
        const struct json *list = json_get(answer, "pnp");
        for (const struct json *item = json_first(list);
             item != NULL && launch->render_location == NULL; item = json_next(item)) {
            const char *id = json_string(item, "id");
            const char *location = json_string(json_first(json_get(item, "location")), "");
            if (id != NULL && location != NULL &&
                text_starts_nocase(id, "PCI\\VEN_1414&DEV_008E") &&
                plan_check_text(location, "location path", 400, err) == HVGPU_OK) {
                launch->render_location = text_copy(location);
            }
        }
        json_free(answer);
    }
    calls_output_clear(&output);
    return status;
}

static enum hvgpu_status fill_container(struct launch *launch, const struct calls *calls,
                                        struct hvgpu_error *err)
{
    const struct package_guest guest = guest_of(launch, calls, true);
    for (size_t i = 0; i < launch->package_count; i++) {
        const struct launch_package *package = &launch->packages[i];
        char *from = path_join(GUEST_DRIVER_STORE, package->name);
        enum hvgpu_status status =
            from != NULL ? package_copy_files(&guest, package, from, err) : no_memory(err);
        free(from);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

/* Probes VM and container. What could not be read is UNKNOWN, never absent. */
static enum hvgpu_answer probe_inside(struct launch *launch)
{
    const struct hvgpu_check *check = NULL;
    struct hvgpu_error err;
    enum hvgpu_answer present = HVGPU_ANSWER_UNKNOWN;
    enum hvgpu_status status = engine_check_now(launch->base.engine, launch->record.id, launch->vm,
                                                launch->container, &check, &err);
    free(launch->sentence);
    if (status == HVGPU_OK && check != NULL) {
        present = check->in_container;
        launch->verdict = check->verdict;
        launch->sentence = text_copy(check->sentence);
    } else {
        launch->verdict = HVGPU_VERDICT_UNKNOWN;
        launch->sentence = text_format("not known because %s",
                                       status != HVGPU_OK ? err.message : "no answer came");
    }
    hvgpu_record_drop(check);
    return present;
}

static bool is_last_form(const struct launch *launch, unsigned form)
{
    for (unsigned next = form + 1; next <= DOCUMENT_GPU_FORMS; next++) {
        if (document_gpu_form_allowed(&launch->base.level, next)) {
            return false;
        }
    }
    return true;
}

/* Makes the container in this form and looks inside. *present is only valid on success. */
static enum hvgpu_status try_form(struct launch *launch, struct job *job, unsigned form,
                                  enum hvgpu_answer *present, struct hvgpu_error *err)
{
    const struct calls calls = plan_calls(job, &launch->base);
    enum hvgpu_status status = launch_container(job, launch, (int)form, err);
    if (status == HVGPU_OK) {
        status = fill_container(launch, &calls, err);
    }
    if (status != HVGPU_OK) {
        return status;
    }
    if (job_is_dry(job)) {
        return record_probe(launch, &calls, true, err);
    }
    *present = probe_inside(launch);
    return HVGPU_OK;
}

/* The next form begins with a clean VM: this container goes. */
static enum hvgpu_status take_form_back(struct launch *launch, struct job *job, size_t mark,
                                        struct hvgpu_error *err)
{
    client_system_drop(launch->container);
    launch->container = NULL;
    return job_undo_to(job, mark, err);
}

enum hvgpu_status launch_form(struct job *job, void *context, int form, struct hvgpu_error *err)
{
    struct launch *launch = context;
    const struct calls calls = plan_calls(job, &launch->base);
    if (launch->form_found) {
        job_evidence(job, "not needed");
        return HVGPU_SKIPPED;
    }
    if (!document_gpu_form_allowed(&launch->base.level, (unsigned)form)) {
        job_evidence(job, "this host's schema %u.%u has no such form", launch->base.level.major,
                     launch->base.level.minor);
        return HVGPU_SKIPPED;
    }
    job_dry_condition(job, form > DOCUMENT_GPU_CLASS ? "probe absent" : NULL);
    enum hvgpu_status status = HVGPU_OK;
    if (form == DOCUMENT_GPU_LOCATION) {
        status = find_render_device(launch, &calls, err);
        if (status != HVGPU_OK) {
            return status;
        }
        if (launch->render_location == NULL) {
            job_evidence(job, "the VM reports no location path of its render device");
            return HVGPU_SKIPPED;
        }
    }
    size_t mark = job_mark(job);
    enum hvgpu_answer present = HVGPU_ANSWER_UNKNOWN;
    status = try_form(launch, job, (unsigned)form, &present, err);
    if (status != HVGPU_OK || job_is_dry(job)) {
        return status;
    }
    job_evidence(job, "%s", launch->sentence != NULL ? launch->sentence : "");
    if (present != HVGPU_ANSWER_NO) {
        launch->form_found = true;
        launch->record.candidate = present == HVGPU_ANSWER_YES ? (unsigned)form : 0;
        return launch_put_record(launch, job, err);
    }
    bool stays = launch->keep && is_last_form(launch, (unsigned)form);
    return stays ? HVGPU_OK : take_form_back(launch, job, mark, err);
}

enum hvgpu_status launch_forms_judge(struct job *job, void *context, int argument,
                                     struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    job_dry_condition(job, NULL);
    if (job_is_dry(job)) {
        return HVGPU_OK;
    }
    if (!launch->form_found) {
        error_set(err, HVGPU_ABSENT, "probe", launch->record.id,
                  "the GPU is in the VM but not in the container: none of the forms that this "
                  "host knows let it through");
        error_hint(err, "launch with --keep and run the program in the VM (exec --vm), which has "
                        "the GPU");
        return HVGPU_ABSENT;
    }
    if (launch->record.candidate == 0) {
        job_evidence(job, "%s", launch->sentence);
    } else {
        job_evidence(job, "form %u (%s) let the GPU in on build %u", launch->record.candidate,
                     document_gpu_form_words(launch->record.candidate),
                     (unsigned)launch->record.build);
    }
    return HVGPU_OK;
}

/* The first look from inside, for the ways that have one form only. */
enum hvgpu_status launch_check(struct job *job, void *context, int argument,
                               struct hvgpu_error *err)
{
    (void)argument;
    struct launch *launch = context;
    if (launch->record.gpu_mode == HVGPU_MODE_NONE) {
        job_evidence(job, "no GPU was asked for");
        return HVGPU_SKIPPED;
    }
    if (job_is_dry(job)) {
        const struct calls calls = plan_calls(job, &launch->base);
        enum hvgpu_status status = record_probe(launch, &calls, false, err);
        return status == HVGPU_OK ? record_probe(launch, &calls, true, err) : status;
    }
    enum hvgpu_answer present = probe_inside(launch);
    if (present == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_ABSENT, "probe", launch->record.id, "%s",
                  launch->sentence != NULL ? launch->sentence : "the GPU is not in the container");
        error_hint(err, "launch with --keep to look around; --driver-dir brings the driver");
        return HVGPU_ABSENT;
    }
    job_evidence(job, "%s", launch->sentence != NULL ? launch->sentence : "");
    return HVGPU_OK;
}
