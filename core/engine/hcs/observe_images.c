/* SPDX-License-Identifier: MIT
 *
 * Records of local images: layers, build, whether there is a UtilityVM, and whether the image can
 * carry a GPU into a Hyper-V container, with the reason. What no published source decides is
 * unknown, not no.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/engine/hcs/hresult.h"
#include "core/record.h"

enum { IMAGES_MAX = 1000, LAYERS_MAX = 200 };

/* What each base image brings (Microsoft's container base image pages, hcsshim's tests). */
static const struct {
    const char *base;
    enum hvgpu_answer can;
    const char *reason;
} bases[] = {
    {"windows", HVGPU_ANSWER_YES, "full graphics libraries; a documented image for GPU use"},
    {"windows/server", HVGPU_ANSWER_YES, "full graphics libraries; a documented image for GPU use"},
    {"servercore", HVGPU_ANSWER_UNKNOWN,
     "Microsoft names no GPU acceleration for servercore; vendor tools have been seen to run in "
     "it"},
    {"nanoserver", HVGPU_ANSWER_UNKNOWN,
     "nanoserver lacks the graphics libraries; the device can be assigned and its presence "
     "checked, "
     "DirectX does not run"},
};

static void judge_image(const struct engine *engine, const struct host_image *host,
                        struct hvgpu_image *image)
{
    if (host->has_utility_vm == HVGPU_ANSWER_NO) {
        image->can_carry_gpu = HVGPU_ANSWER_NO;
        image->reason = record_text(image, "no UtilityVM folder: it cannot run Hyper-V isolated");
        return;
    }
    if (host->build.known && engine->facts_known && engine->facts.build != 0 &&
        host->build.value > engine->facts.build) {
        image->can_carry_gpu = HVGPU_ANSWER_NO;
        image->reason = record_textf(
            image, "build %llu is newer than this host's %lu: its utility VM does not start here",
            (unsigned long long)host->build.value, (unsigned long)engine->facts.build);
        return;
    }
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (text_equal(host->base_name, bases[i].base)) {
            image->can_carry_gpu =
                host->has_utility_vm == HVGPU_ANSWER_YES ? bases[i].can : HVGPU_ANSWER_UNKNOWN;
            image->reason = record_text(image, bases[i].reason);
            return;
        }
    }
    image->can_carry_gpu = HVGPU_ANSWER_UNKNOWN;
    image->reason = record_text(image, "its base image is not known");
}

static struct hvgpu_image *build_image(const struct engine *engine, const struct host_image *host)
{
    struct hvgpu_image *image = record_new(sizeof *image);
    if (image == NULL) {
        return NULL;
    }
    image->name = record_text(image, host->name == NULL ? "" : host->name);
    image->store = record_text(image, host->store);
    image->os_version = record_text(image, host->os_version);
    image->build = host->build;
    image->has_utility_vm = host->has_utility_vm;
    size_t count = host->layer_count < LAYERS_MAX ? host->layer_count : LAYERS_MAX;
    const char **layers = count == 0 ? NULL : record_alloc(image, count * sizeof *layers);
    if (layers != NULL) {
        for (size_t i = 0; i < count; i++) {
            layers[i] = record_text(image, host->layers[i]);
        }
        image->layers = layers;
        image->layer_count = count;
    }
    judge_image(engine, host, image);
    return image;
}

static bool same_image(const struct hvgpu_image *a, const struct hvgpu_image *b)
{
    if (a->layer_count != b->layer_count) {
        return false;
    }
    for (size_t i = 0; i < a->layer_count; i++) {
        if (!text_equal(a->layers[i], b->layers[i])) {
            return false;
        }
    }
    return text_equal(a->name, b->name) && text_equal(a->store, b->store) &&
           text_equal(a->os_version, b->os_version) && text_equal(a->reason, b->reason) &&
           number_equal(a->build, b->build) && a->has_utility_vm == b->has_utility_vm &&
           a->can_carry_gpu == b->can_carry_gpu;
}

static bool same_images(const struct engine *engine, struct hvgpu_image *const *images,
                        size_t count)
{
    if (engine->images == NULL || engine->image_count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!same_image(images[i], engine->images[i])) {
            return false;
        }
    }
    return true;
}

static void drop_images(struct hvgpu_image **images, size_t count)
{
    for (size_t i = 0; images != NULL && i < count; i++) {
        hvgpu_record_drop(images[i]);
    }
    free(images);
}

static void post_images(struct engine *engine, struct hvgpu_image **images, size_t count)
{
    struct message *message = message_new(MESSAGE_IMAGES);
    void **records = message == NULL ? NULL : calloc(count + 1, sizeof *records);
    if (records == NULL) {
        message_free(message);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        records[i] = (void *)(uintptr_t)hvgpu_record_keep(images[i]);
    }
    message->records = records;
    message->record_count = count;
    observe_post(engine, message);
}

void observe_images(struct engine *engine, struct notice *notice)
{
    engine->images_answered = true;
    if (HRESULT_IS_FAILURE(notice->code)) {
        snprintf(engine->image_trouble, sizeof engine->image_trouble,
                 "the images cannot be listed: %s", hresult_words(notice->code));
        return;
    }
    engine->image_trouble[0] = '\0';
    size_t count = notice->image_count < IMAGES_MAX ? notice->image_count : IMAGES_MAX;
    struct hvgpu_image **images = calloc(count + 1, sizeof *images);
    size_t built = 0;
    while (images != NULL && built < count) {
        images[built] = build_image(engine, &notice->images[built]);
        if (images[built] == NULL) {
            break;
        }
        built++;
    }
    if (images == NULL || built < count || same_images(engine, images, count)) {
        drop_images(images, built);
        return;
    }
    post_images(engine, images, count);
    drop_images((struct hvgpu_image **)(uintptr_t)engine->images, engine->image_count);
    engine->images = (const struct hvgpu_image **)images;
    engine->image_count = count;
    engine->changed = true;
}

/* Which image to fetch when there is none: the newest published one that is not newer than the
 * host. */
const char *observe_image_advice(const struct engine *engine)
{
    static const struct {
        uint32_t build;
        const char *words;
    } advice[] = {
        {26100, "no local image: docker pull mcr.microsoft.com/windows/server:ltsc2025"},
        {20348, "no local image: docker pull mcr.microsoft.com/windows/server:ltsc2022"},
        {19041, "no local image: docker pull mcr.microsoft.com/windows:2004"},
        {17763, "no local image: docker pull mcr.microsoft.com/windows:1809"},
    };
    if (!engine->images_answered || engine->image_count > 0 || !engine->facts_known) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
        if (engine->facts.build >= advice[i].build) {
            return advice[i].words;
        }
    }
    return "no local image, and none is published for a host as old as this";
}
