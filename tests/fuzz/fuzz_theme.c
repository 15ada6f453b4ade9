/* SPDX-License-Identifier: MIT
 *
 * Theme files: any bytes are either a theme or refused with a reason; a refused one changes
 * nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct theme theme, before;
    struct hvgpu_error err = {.status = HVGPU_OK};
    theme_default(&theme);
    before = theme;
    enum hvgpu_status st = theme_read((const char *)data, size, "fuzz.json", &theme, &err);
    if (st != HVGPU_OK) {
        if (memcmp(&theme, &before, sizeof(theme)) != 0 || err.message[0] == '\0') {
            abort();
        }
        return 0;
    }
    if (strlen(theme.name) >= sizeof(theme.name) || strlen(theme.about) >= sizeof(theme.about)) {
        abort();
    }
    static const int depths[] = {8, 16, 256, 24};
    for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
        for (int i = 0; i < ROLE_COUNT; i++) {
            int fg = -1, bg = -1;
            colour_resolve(&theme.roles[i], depths[d], &fg, &bg);
            int most = depths[d] == 24 ? 0xffffff : depths[d] - 1;
            if (fg > most || bg > most) {
                abort();
            }
        }
    }
    return 0;
}
