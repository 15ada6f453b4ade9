/* SPDX-License-Identifier: MIT
 *
 * All views, in the order of the tab bar.
 */
#include "console/views/views.h"

const struct view_ops *const views[] = {
    &gpus_view,   &containers_view, &events_view,  &checks_view, &jobs_view,
    &images_view, &detail_view,     &inspect_view, &launch_view, &attach_view,
    &exec_view,   &help_view,       &preview_view, NULL,
};
