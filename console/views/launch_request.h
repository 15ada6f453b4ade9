/* SPDX-License-Identifier: MIT
 *
 * From the launch form's values to a launch request, and the checks of the fields that stand behind
 * it. Lists in one field are separated by ';'.
 */
#ifndef HVGPU_CONSOLE_LAUNCH_REQUEST_H
#define HVGPU_CONSOLE_LAUNCH_REQUEST_H

#include "console/app.h"
#include "console/form.h"

#define LAUNCH_LIST     16
#define LAUNCH_FOLDERS  "(folders)" /* choice of the image field: layers are named one by one */
#define LAUNCH_NO_GPU   "none"
#define LAUNCH_ALL_GPUS "all GPUs"

/* A request and everything that it points to. */
struct launch_request {
    struct hvgpu_request request;
    struct hvgpu_gpu_request gpu;
    struct hvgpu_device_request devices[LAUNCH_LIST + 1];
    struct hvgpu_mount mounts[LAUNCH_LIST];
    const char *layers[LAUNCH_LIST], *driver_dirs[LAUNCH_LIST];
    char values[8][FORM_VALUE]; /* copies of list fields, cut into items */
};

/* Fills a form with the launch fields; values are the defaults for this host. */
void launch_form_init(struct app *app, struct form *form);
/* The form must be valid. Points into request and form. */
void launch_request_fill(struct app *app, const struct form *form, struct launch_request *out);

#endif
