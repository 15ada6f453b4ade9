/* SPDX-License-Identifier: MIT
 *
 * The one rule that names a base image for a host that has none: views and shell commands ask here.
 */
#ifndef HVGPU_CONSOLE_FITTING_IMAGE_H
#define HVGPU_CONSOLE_FITTING_IMAGE_H

#include "core/hvgpu.h"

/* The image that fits a host of this build and can carry a GPU. Static text, never NULL. */
const char *fitting_image(struct hvgpu_number build);

#endif
