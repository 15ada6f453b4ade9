/* SPDX-License-Identifier: MIT
 *
 * Plans a launch: checks every part of the request, resolves names against what the engine knows,
 * and lists the steps in the order in which hcsshim makes the same calls.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/launch.h"

enum {
    NAME_MAX_BYTES = 56, /* "<name>@vm" stays a path element and a host name well below limits */
    COMMAND_MAX_BYTES = 8191,
    LAYERS_MAX = 128,
    MOUNTS_MAX = 64,
    MEMORY_MIN_MB = 256,
    MEMORY_MAX_MB = 4 * 1024 * 1024,
    CPUS_MAX = 2048
};

static enum hvgpu_status no_memory(struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "plan launch", NULL, "out of memory");
}

/* ---- names ---- */

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static enum hvgpu_status check_name(const char *name, struct hvgpu_error *err)
{
    size_t len = strlen(name);
    bool good = len > 0 && len <= NAME_MAX_BYTES && name[0] != '-' && name[0] != '.' &&
                name[0] != '_' && name[len - 1] != '.';
    for (size_t i = 0; good && i < len; i++) {
        good = is_name_char(name[i]);
    }
    if (good) {
        return HVGPU_OK;
    }
    error_set(err, HVGPU_INVALID, "check the request", "--name",
              "'%.80s' is no name: 1 to %d letters, digits, '-', '_' or '.', beginning with a "
              "letter or digit",
              name, NAME_MAX_BYTES);
    return HVGPU_INVALID;
}

/* A host name may have letters, digits and hyphens. */
static char *host_name_of(const char *name)
{
    char *result = text_copy(name);
    for (char *s = result; s != NULL && *s != '\0'; s++) {
        if (*s == '_' || *s == '.') {
            *s = '-';
        }
    }
    return result;
}

static enum hvgpu_status take_name(struct launch *launch, const struct engine_view *view,
                                   const char *name, struct hvgpu_error *err)
{
    char made[32];
    if (name == NULL) {
        char guid[GUID_TEXT];
        guid_new(guid);
        memcpy(made, "hvgpu-", 6);
        memcpy(made + 6, guid, 8);
        made[14] = '\0';
        name = made;
    }
    enum hvgpu_status status = check_name(name, err);
    if (status != HVGPU_OK) {
        return status;
    }
    struct ownership *record = &launch->record;
    record->id = text_copy(name);
    record->name = text_copy(name);
    record->vm_id = text_format("%s@vm", name);
    launch->host_name = host_name_of(name);
    if (record->id == NULL || record->name == NULL || record->vm_id == NULL ||
        launch->host_name == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < view->system_count; i++) {
        const char *id = view->systems[i]->id;
        if (text_equal_nocase(id, record->id) || text_equal_nocase(id, record->vm_id)) {
            error_set(err, HVGPU_EXISTS, "plan launch", id,
                      "there is a compute system with this id already");
            error_hint(err, "choose another --name, or remove that one: hvgpu rm %s", name);
            return HVGPU_EXISTS;
        }
    }
    return HVGPU_OK;
}

/* ---- image or layers ---- */

static enum hvgpu_status add_layers(struct launch *launch, const char *const *layers, size_t count,
                                    struct hvgpu_error *err)
{
    if (count == 0 || count > LAYERS_MAX) {
        return error_set(err, HVGPU_INVALID, "check the request", "--layer",
                         "1 to %d layers are needed, top first", LAYERS_MAX);
    }
    launch->layers = calloc(count, sizeof *launch->layers);
    if (launch->layers == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        enum hvgpu_status status = path_check(layers[i], "--layer", &launch->layers[i], err);
        if (status != HVGPU_OK) {
            return status;
        }
        launch->layer_count = i + 1;
        for (size_t k = 0; k < i; k++) {
            if (text_equal_nocase(launch->layers[k], launch->layers[i])) {
                return error_set(err, HVGPU_INVALID, "check the request", "--layer",
                                 "'%.200s' is given twice", layers[i]);
            }
        }
    }
    return HVGPU_OK;
}

static const struct hvgpu_image *find_image(const struct engine_view *view, const char *name)
{
    for (size_t i = 0; i < view->image_count; i++) {
        if (text_equal_nocase(view->images[i]->name, name)) {
            return view->images[i];
        }
    }
    return NULL;
}

static enum hvgpu_status take_image(struct launch *launch, const struct engine_view *view,
                                    const char *name, struct hvgpu_error *err)
{
    const struct hvgpu_image *image = find_image(view, name);
    if (image == NULL) {
        error_set(err, HVGPU_NOT_FOUND, "plan launch", name, "there is no such image on the host");
        error_hint(err, "see: hvgpu images");
        return HVGPU_NOT_FOUND;
    }
    if (image->has_utility_vm == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_UNSUPPORTED, "plan launch", name,
                  "the image has no UtilityVM, so no Hyper-V container can be made of it");
        error_hint(err, "use a Windows base image that has one: hvgpu images");
        return HVGPU_UNSUPPORTED;
    }
    if (image->build.known && view->facts.build != 0 && image->build.value > view->facts.build) {
        error_set(err, HVGPU_UNSUPPORTED, "plan launch", name,
                  "the image is of build %u, newer than this host's %u",
                  (unsigned)image->build.value, (unsigned)view->facts.build);
        error_hint(err, "use an image of build %u or older", (unsigned)view->facts.build);
        return HVGPU_UNSUPPORTED;
    }
    launch->record.image = text_copy(image->name);
    launch->layers_known = true;
    return launch->record.image != NULL ? add_layers(launch, image->layers, image->layer_count, err)
                                        : no_memory(err);
}

static enum hvgpu_status take_source(struct launch *launch, const struct engine_view *view,
                                     const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    if ((request->image != NULL) == (request->layer_count > 0)) {
        error_set(err, HVGPU_INVALID, "check the request", NULL, "%s",
                  request->image != NULL ? "--image and --layer exclude each other"
                                         : "there is nothing to launch");
        error_hint(err,
                   "give either --image NAME or --layer DIR... --uvm-scratch DIR --scratch DIR");
        return HVGPU_INVALID;
    }
    if (request->image != NULL) {
        return take_image(launch, view, request->image, err);
    }
    if (request->uvm_scratch == NULL || request->scratch == NULL) {
        return error_set(err, HVGPU_INVALID, "check the request", "--layer",
                         "with --layer, --uvm-scratch DIR and --scratch DIR are needed too");
    }
    return add_layers(launch, request->layers, request->layer_count, err);
}

static enum hvgpu_status take_folders(struct launch *launch, const struct engine_view *view,
                                      const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    enum hvgpu_status status = HVGPU_OK;
    if (request->uvm_scratch == NULL || request->scratch == NULL) {
        if (view->scratch_root[0] == '\0') {
            return error_set(err, HVGPU_UNAVAILABLE, "plan launch", NULL,
                             "the host did not say where scratch folders may be made; give "
                             "--uvm-scratch DIR and --scratch DIR");
        }
        launch->own_folder = path_join(view->scratch_root, launch->record.id);
        if (launch->own_folder == NULL) {
            return no_memory(err);
        }
    }
    if (request->uvm_scratch != NULL) {
        status = path_check(request->uvm_scratch, "--uvm-scratch", &launch->vm_scratch, err);
    } else {
        launch->vm_scratch = path_join(launch->own_folder, "vm");
    }
    if (status == HVGPU_OK && request->scratch != NULL) {
        status = path_check(request->scratch, "--scratch", &launch->scratch, err);
    } else if (status == HVGPU_OK) {
        launch->scratch = text_copy(launch->own_folder);
    }
    if (status != HVGPU_OK) {
        return status;
    }
    if (launch->vm_scratch == NULL || launch->scratch == NULL) {
        return no_memory(err);
    }
    if (text_equal_nocase(launch->vm_scratch, launch->scratch)) {
        return error_set(err, HVGPU_INVALID, "check the request", "--scratch",
                         "VM and container need different scratch folders: both disks are called "
                         "sandbox.vhdx");
    }
    launch->vm_disk = path_join(launch->vm_scratch, "sandbox.vhdx");
    launch->disk = path_join(launch->scratch, "sandbox.vhdx");
    launch->probe_folder =
        text_copy(view->probe_folder[0] != '\0' ? view->probe_folder : "<folder of gpuprobe.exe>");
    return launch->vm_disk != NULL && launch->disk != NULL && launch->probe_folder != NULL
               ? HVGPU_OK
               : no_memory(err);
}

/* ---- mounts and driver folders ---- */

static enum hvgpu_status take_mount(struct launch *launch, const struct hvgpu_mount *mount,
                                    struct hvgpu_error *err)
{
    struct launch_mount *own = &launch->mounts[launch->mount_count];
    launch->mount_count++;
    own->read_only = mount->read_only;
    enum hvgpu_status status = path_check(mount->host_path, "--mount", &own->host, err);
    if (status == HVGPU_OK) {
        status = path_check(mount->guest_path, "--mount", &own->guest, err);
    }
    if (status != HVGPU_OK) {
        return status;
    }
    if (own->guest[1] != ':' || own->guest[3] == '\0') {
        return error_set(err, HVGPU_INVALID, "check the request", "--mount",
                         "'%.200s' must be a folder on a drive of the container, not its root",
                         own->guest);
    }
    bool taken = text_equal_nocase(own->guest, GUEST_PROBE_FOLDER);
    for (size_t i = 0; i + 1 < launch->mount_count && !taken; i++) {
        taken = text_equal_nocase(own->guest, launch->mounts[i].guest);
    }
    return taken ? error_set(err, HVGPU_INVALID, "check the request", "--mount",
                             "'%.200s' is taken in the container already", own->guest)
                 : HVGPU_OK;
}

static enum hvgpu_status take_lists(struct launch *launch, const struct hvgpu_launch *request,
                                    struct hvgpu_error *err)
{
    if (request->mount_count > MOUNTS_MAX || request->driver_dir_count > MOUNTS_MAX) {
        return error_set(err, HVGPU_LIMIT, "check the request", NULL,
                         "at most %d mounts and driver folders", MOUNTS_MAX);
    }
    launch->mounts = calloc(request->mount_count + 1, sizeof *launch->mounts);
    launch->driver_dirs = calloc(request->driver_dir_count + 1, sizeof *launch->driver_dirs);
    if (launch->mounts == NULL || launch->driver_dirs == NULL) {
        return no_memory(err);
    }
    enum hvgpu_status status = HVGPU_OK;
    for (size_t i = 0; i < request->mount_count && status == HVGPU_OK; i++) {
        status = take_mount(launch, &request->mounts[i], err);
    }
    for (size_t i = 0; i < request->driver_dir_count && status == HVGPU_OK; i++) {
        status = path_check(request->driver_dirs[i], "--driver-dir", &launch->driver_dirs[i], err);
        launch->driver_dir_count = i + 1;
    }
    return status;
}

/* ---- size ---- */

static enum hvgpu_status take_size(struct launch *launch, const struct engine_view *view,
                                   const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    bool gpu = launch->record.gpu_mode != HVGPU_MODE_NONE;
    launch->memory_mb = request->memory_mb != 0 ? request->memory_mb : (gpu ? 4096 : 1024);
    if (launch->memory_mb < MEMORY_MIN_MB || launch->memory_mb > MEMORY_MAX_MB) {
        return error_set(err, HVGPU_INVALID, "check the request", "--memory",
                         "%llu MB is outside %d to %d MB", (unsigned long long)launch->memory_mb,
                         MEMORY_MIN_MB, MEMORY_MAX_MB);
    }
    launch->memory_mb = (launch->memory_mb + 1) / 2 * 2;
    if (request->cpus > CPUS_MAX) {
        return error_set(err, HVGPU_INVALID, "check the request", "--cpus", "at most %d", CPUS_MAX);
    }
    launch->processors = request->cpus != 0 ? request->cpus : 2;
    if (view->facts.processors != 0 && launch->processors > view->facts.processors) {
        launch->processors = view->facts.processors;
    }
    launch->record.fully_backed = request->fully_backed || launch->device_count > 0;
    return HVGPU_OK;
}

static enum hvgpu_status take_command(struct launch *launch, const struct hvgpu_launch *request,
                                      struct hvgpu_error *err)
{
    /* ping is in every base image, nanoserver included, and never ends by itself. */
    const char *command = request->command != NULL ? request->command : "cmd /c ping -t 127.0.0.1";
    enum hvgpu_status status = plan_check_text(command, "the command", COMMAND_MAX_BYTES, err);
    if (status != HVGPU_OK) {
        return status;
    }
    launch->record.command = text_copy(command);
    launch->record.remove = request->remove;
    launch->emit_output = request->remove;
    launch->keep = request->keep;
    return launch->record.command != NULL ? HVGPU_OK : no_memory(err);
}

static enum hvgpu_status fill(struct launch *launch, const struct engine_view *view,
                              const struct hvgpu_launch *request, struct hvgpu_error *err)
{
    enum hvgpu_status status = take_name(launch, view, request->name, err);
    if (status == HVGPU_OK) {
        status = take_source(launch, view, request, err);
    }
    if (status == HVGPU_OK) {
        status = take_folders(launch, view, request, err);
    }
    if (status == HVGPU_OK) {
        status = take_lists(launch, request, err);
    }
    if (status == HVGPU_OK) {
        status = launch_take_gpus(launch, view, request, err);
    }
    if (status == HVGPU_OK) {
        status = take_size(launch, view, request, err);
    }
    if (status == HVGPU_OK) {
        status = take_command(launch, request, err);
    }
    return status;
}

static enum hvgpu_status check_ready(const struct engine_view *view, struct hvgpu_error *err)
{
    if (view->facts.hypervisor == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_UNAVAILABLE, "plan launch", view->host->name,
                  "the hypervisor is not running, and every Hyper-V container needs it");
        error_hint(err, "enable Hyper-V and virtualization in the firmware, "
                        "bcdedit /set hypervisorlaunchtype auto, restart");
        return HVGPU_UNAVAILABLE;
    }
    if (view->facts.service == HVGPU_ANSWER_NO) {
        error_set(err, HVGPU_UNAVAILABLE, "plan launch", view->host->name,
                  "the Host Compute Service (vmcompute) is not running");
        error_hint(err, "start the service vmcompute, or enable the Hyper-V feature");
        return HVGPU_UNAVAILABLE;
    }
    return HVGPU_OK;
}

enum hvgpu_status launch_new(struct engine *engine, const struct engine_view *view,
                             const struct hvgpu_launch *request, struct launch **out,
                             struct hvgpu_error *err)
{
    *out = NULL;
    struct launch *launch = calloc(1, sizeof *launch);
    if (launch == NULL) {
        return no_memory(err);
    }
    enum hvgpu_status status = plan_base_init(&launch->base, engine, view, true, err);
    if (status == HVGPU_OK) {
        status = check_ready(view, err);
    }
    if (status == HVGPU_OK) {
        launch->record.build = view->facts.build;
        launch->server_edition = view->facts.server_edition;
        status = fill(launch, view, request, err);
    }
    if (status != HVGPU_OK) {
        launch_free(launch);
        return status;
    }
    *out = launch;
    return HVGPU_OK;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; texts != NULL && i < count; i++) {
        free(texts[i]);
    }
    free(texts);
}

void launch_free(void *context)
{
    struct launch *launch = context;
    if (launch == NULL) {
        return;
    }
    const struct calls calls = {.engine = launch->base.engine};
    client_process_drop(launch->init);
    client_system_drop(launch->container);
    client_system_drop(launch->vm);
    plan_unlock_vm(&launch->lock);
    free_texts(launch->layers, launch->layer_count);
    free_texts(launch->layer_guids, launch->layer_count);
    free_texts(launch->layer_paths, launch->layer_count);
    free_texts(launch->driver_dirs, launch->driver_dir_count);
    for (size_t i = 0; i < launch->mount_count; i++) {
        free(launch->mounts[i].host);
        free(launch->mounts[i].guest);
    }
    for (size_t i = 0; i < launch->device_count; i++) {
        free(launch->devices[i].instance_id);
        free_texts(launch->devices[i].locations, launch->devices[i].location_count);
    }
    for (size_t i = 0; i < launch->package_count; i++) {
        package_clear(&calls, &launch->packages[i]);
    }
    for (size_t i = 0; i < launch->share_count; i++) {
        free(launch->shares[i].path);
    }
    char *texts[] = {launch->host_name,  launch->vm_scratch,      launch->scratch,
                     launch->own_folder, launch->probe_folder,    launch->vm_disk,
                     launch->disk,       launch->render_location, launch->gpu_text,
                     launch->sentence};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(texts[i]);
    }
    free(launch->mounts);
    free(launch->devices);
    free(launch->packages);
    free(launch->shares);
    ownership_clear(&launch->record);
    plan_base_clear(&launch->base);
    free(launch);
}

/* ---- steps ---- */

struct step_row {
    const char *title;
    plan_step_fn run;
    int argument;
    bool read_only;
    unsigned when; /* bits of the ways to launch in which this step is there */
};

enum { WAY_PLAIN = 1, WAY_DDA = 2, WAY_PV = 4, WAY_ALL = 7 };

static const struct step_row rows[] = {
    {"look at image, folders and host", launch_look, 0, true, WAY_ALL},
    {"prepare the disks", launch_disks, 0, false, WAY_ALL},
    {"create the utility VM", launch_create_vm, 0, false, WAY_ALL},
    {"start the utility VM", launch_start_vm, 0, false, WAY_ALL},
    {"give the GPU to the VM", launch_give_gpu, 0, false, WAY_PV},
    {"share the probe", launch_probe_share, 0, false, WAY_PV},
    {"bring the driver package into the VM", launch_driver, 0, false, WAY_PV},
    {"find the GPU in the VM", launch_probe_vm, 0, true, WAY_PV},
    {"share the image layers", launch_layers, 0, false, WAY_ALL},
    {"attach the container's disk", launch_scratch, 0, false, WAY_ALL},
    {"combine the layers", launch_combine, 0, false, WAY_ALL},
    {"share the mounted folders", launch_mounts, 0, false, WAY_ALL},
    {"share the probe", launch_probe_share, 0, false, WAY_PLAIN | WAY_DDA},
    {"assign the devices", launch_devices, 0, false, WAY_DDA},
    {"install the drivers in the VM", launch_install_drivers, 0, false, WAY_PLAIN | WAY_DDA},
    {"create and start the container", launch_container, DOCUMENT_GPU_NONE, false, WAY_PLAIN},
    {"create and start the container", launch_container, DOCUMENT_GPU_LOCATION, false, WAY_DDA},
    {"container, GPU by display class", launch_form, DOCUMENT_GPU_CLASS, false, WAY_PV},
    {"container, GPU by mirror", launch_form, DOCUMENT_GPU_MIRROR, false, WAY_PV},
    {"container, GPU by location path", launch_form, DOCUMENT_GPU_LOCATION, false, WAY_PV},
    {"GPU inside the container", launch_forms_judge, 0, true, WAY_PV},
    {"start the command", launch_init, 0, false, WAY_ALL},
    {"check presence from inside", launch_check, 0, true, WAY_PLAIN | WAY_DDA},
    {"keep the record", launch_finish, 0, false, WAY_ALL},
};

/* Every step, by its row: a failed one gives the VM's lock back. */
static enum hvgpu_status run_row(struct job *job, void *context, int index, struct hvgpu_error *err)
{
    struct launch *launch = context;
    enum hvgpu_status status = rows[index].run(job, context, rows[index].argument, err);
    if (status != HVGPU_OK && status != HVGPU_SKIPPED) {
        plan_unlock_vm(&launch->lock);
    }
    return status;
}

bool launch_step_judges(int index)
{
    return rows[index].run == launch_check || rows[index].run == launch_forms_judge;
}

enum hvgpu_status launch_steps(struct job_plan *plan, const struct launch *launch,
                               struct hvgpu_error *err)
{
    unsigned way = launch->device_count > 0                     ? WAY_DDA
                   : launch->record.gpu_mode != HVGPU_MODE_NONE ? WAY_PV
                                                                : WAY_PLAIN;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step_row *row = &rows[i];
        bool drivers = row->run == launch_install_drivers;
        if ((row->when & way) == 0 || (drivers && launch->driver_dir_count == 0) ||
            (row->run == launch_mounts && launch->mount_count == 0)) {
            continue;
        }
        enum hvgpu_status status =
            plan_step(plan, row->title, run_row, (int)i, row->read_only, err);
        if (status != HVGPU_OK) {
            return status;
        }
    }
    return HVGPU_OK;
}

static char *title_of(const struct launch *launch)
{
    const struct ownership *record = &launch->record;
    if (record->gpu_mode == HVGPU_MODE_MIRROR) {
        return text_format("launch %s with all GPUs", record->id);
    }
    if (launch->device_count > 0) {
        return text_format("launch %s with %zu device%s", record->id, launch->device_count,
                           launch->device_count == 1 ? "" : "s");
    }
    if (record->gpu_count > 0) {
        return text_format("launch %s with %s", record->id, launch->gpu_text);
    }
    return text_format("launch %s", record->id);
}

static void give_lock_back(void *context)
{
    struct launch *launch = context;
    plan_unlock_vm(&launch->lock);
}

enum hvgpu_status plan_launch(struct engine *engine, const struct engine_view *view,
                              const struct hvgpu_request *request, struct job_plan *out,
                              struct hvgpu_error *err)
{
    struct launch *launch = NULL;
    enum hvgpu_status status = launch_new(engine, view, &request->launch, &launch, err);
    if (status != HVGPU_OK || launch == NULL) {
        return status;
    }
    out->context = launch;
    out->free_context = launch_free;
    out->release = give_lock_back;
    out->keep = launch->keep;
    out->title = title_of(launch);
    out->target = text_copy(launch->record.id);
    if (out->title == NULL || out->target == NULL) {
        return no_memory(err);
    }
    status = launch_steps(out, launch, err);
    if (status == HVGPU_OK && launch->record.remove) {
        status = plan_step(out, "run until it ends", launch_follow, 0, true, err);
        if (status == HVGPU_OK) {
            status = plan_step(out, "stop and remove", launch_remove, 0, false, err);
        }
    }
    return status;
}
