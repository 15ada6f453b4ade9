/* SPDX-License-Identifier: MIT
 *
 * The partition map: a cell a partition. A cell has a letter and a colour only where its number and
 * owner are known; all others are "not known", which is not the same as free. Partitions given as
 * "any" have no place in the map: they are a count beside it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "core/base/text.h"

enum { MAP_MAX = 256, MAP_OWNERS = 26 };

/* The owners of a GPU's partitions, in the order of partition numbers as reported. */
static size_t owner_index(const struct hvgpu_gpu *gpu, const char *system_id)
{
    size_t index = 0;
    for (size_t i = 0; i < gpu->partition_count; i++) {
        const char *owner = gpu->partitions[i].system_id;
        if (text_equal(owner, system_id)) {
            return index;
        }
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++) {
            seen = text_equal(gpu->partitions[k].system_id, owner);
        }
        index += !seen;
    }
    return MAP_OWNERS;
}

void partition_owner_letter(const struct hvgpu_gpu *gpu, const char *system_id, char out[2])
{
    size_t index = owner_index(gpu, system_id);
    out[0] = index < MAP_OWNERS ? (char)('A' + (int)index) : '#';
    out[1] = '\0';
}

static bool owner_is_ours(struct app *app, const char *system_id)
{
    const struct hvgpu_system *system =
        system_id != NULL ? hvgpu_find_system(app->snapshot, system_id) : NULL;
    return system != NULL && system->ours;
}

static const struct hvgpu_partition *partition_at(const struct hvgpu_gpu *gpu, uint64_t number)
{
    for (size_t i = 0; i < gpu->partition_count; i++) {
        if (gpu->partitions[i].number == number && gpu->partitions[i].system_id != NULL) {
            return &gpu->partitions[i];
        }
    }
    return NULL;
}

static void valid_counts(const struct hvgpu_gpu *gpu, char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < gpu->valid_count_count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, size - len, "%s%" PRIu32, i > 0 ? " " : "", gpu->valid_counts[i]);
    }
    if (out[0] == '\0') {
        text_clean(out, size, "-");
    }
}

/* What stands beside the map: counts, in words. */
static void map_words(const struct hvgpu_gpu *gpu, char *out, size_t size)
{
    char counts[96];
    char any[32] = "";
    valid_counts(gpu, counts, sizeof(counts));
    if (gpu->any_count > 0) {
        snprintf(any, sizeof(any), "+%" PRIu32 " any  ", gpu->any_count);
    }
    snprintf(out, size, "%s%zu known of %" PRIu64 "  valid %s", any, gpu->partition_count,
             gpu->partition_total.value, counts);
}

static void no_map_words(const struct app *app, const struct hvgpu_gpu *gpu, char *out, size_t size)
{
    if (gpu->dda_holder != NULL) {
        const struct hvgpu_system *holder = hvgpu_find_system(app->snapshot, gpu->dda_holder);
        snprintf(out, size, "whole device given to %s",
                 holder != NULL ? system_name(holder) : gpu->dda_holder);
    } else if (gpu->state == HVGPU_GPU_DISMOUNTED) {
        text_clean(out, size, "no partitions: dismounted, can be given whole (DDA)");
    } else if (gpu->state == HVGPU_GPU_PROBLEM || gpu->state == HVGPU_GPU_NOT_ASSIGNABLE) {
        snprintf(out, size, "no partitions: %s",
                 gpu->state_text != NULL ? gpu->state_text : look_gpu(gpu).word);
    } else if (gpu->any_count > 0) {
        snprintf(out, size, "+%" PRIu32 " any  number of partitions not known", gpu->any_count);
    } else {
        text_clean(out, size, "number of partitions not known");
    }
}

static void draw_cell(struct app *app, int x, int y, const struct hvgpu_gpu *gpu, uint64_t number)
{
    const struct hvgpu_partition *partition = partition_at(gpu, number);
    if (partition == NULL) {
        canvas_text(app->canvas, x, y, 1, canvas_glyph(app->canvas, GLYPH_QUESTION),
                    ROLE_PARTITION_UNKNOWN, 0);
        return;
    }
    char letter[2];
    partition_owner_letter(gpu, partition->system_id, letter);
    canvas_text(app->canvas, x, y, 1, letter,
                owner_is_ours(app, partition->system_id) ? ROLE_PARTITION_OWN
                                                         : ROLE_PARTITION_OTHER,
                ATTRIBUTE_BOLD);
}

/* Draws label, map and words, over as many lines as the cells need; returns the lines used. */
int partition_map(struct app *app, struct rect area, const struct hvgpu_gpu *gpu)
{
    char words[256];
    int label = area.width > 30 ? 6 : 5;
    canvas_text(app->canvas, area.x, area.y, label - 1, gpu->id != NULL ? gpu->id : "-",
                ROLE_STRONG, 0);
    int width = area.width - label;
    if (!gpu->partition_total.known || gpu->partition_total.value == 0) {
        no_map_words(app, gpu, words, sizeof(words));
        canvas_text(app->canvas, area.x + label, area.y, width, words, ROLE_DIM, 0);
        return 1;
    }
    map_words(gpu, words, sizeof(words));
    uint64_t total = gpu->partition_total.value < MAP_MAX ? gpu->partition_total.value : MAP_MAX;
    int columns = width > 66 ? 64 : (width < 1 ? 1 : (width > 34 ? 32 : width));
    int y = 0;
    int x = 0;
    for (uint64_t n = 0; n < total && y < area.height; n++) {
        if (x == columns) {
            x = 0;
            y++;
            if (y >= area.height) {
                break;
            }
        }
        draw_cell(app, area.x + label + x++, area.y + y, gpu, n);
    }
    int after = label + (y == 0 ? x : columns) + 2;
    int words_width = utf8_columns(words);
    if (area.width - after >= words_width || (area.width - after > 12 && y + 1 >= area.height)) {
        canvas_text(app->canvas, area.x + after, area.y, area.width - after, words, ROLE_DIM, 0);
    } else if (y + 1 < area.height) {
        y++;
        canvas_text(app->canvas, area.x + label, area.y + y, width, words, ROLE_DIM, 0);
    }
    return y + 1 < area.height ? y + 1 : area.height;
}
