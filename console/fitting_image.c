/* SPDX-License-Identifier: MIT
 *
 * As Microsoft publishes its images: LTSC 2025 from build 26100 on, LTSC 2022 from 20348, 1809
 * before. The full graphics stack is in windows/server (2022 on) and windows (1809).
 */
#include "console/fitting_image.h"

const char *fitting_image(struct hvgpu_number build)
{
    if (build.known && build.value >= 26100) {
        return "mcr.microsoft.com/windows/server:ltsc2025";
    }
    if (!build.known || build.value >= 20348) {
        return "mcr.microsoft.com/windows/server:ltsc2022";
    }
    return "mcr.microsoft.com/windows:1809";
}
