/* SPDX-License-Identifier: MIT
 *
 * Fuzzes the result documents of the compute service: enumeration answers, properties of a system,
 * and error documents. The first byte of the input says which; the rest is the document. With
 * FUZZ_MAIN it is a program that reads files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/engine_private.h"
#include "core/engine/hcs/hresult.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now_ms(void *machine)
{
    (void)machine;
    return 1767225600000;
}

/* An engine without threads: its parts are called as its thread would. */
static struct engine *engine_make(void)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        abort();
    }
    engine->uri = text_copy("fuzz:");
    engine->mutex = os_mutex_new();
    engine->cond = os_cond_new();
    engine->asker_cond = os_cond_new();
    engine->check_cond = os_cond_new();
    engine->inbox = inbox_new(0);
    engine->walls.tick_ms = 1000;
    engine->walls.host.now_ms = now_ms;
    engine->due_ns = engine->tick_ns = INT64_MAX;
    return engine;
}

static void engine_drop(struct engine *engine)
{
    observe_clear(engine);
    inbox_free(engine->inbox);
    os_cond_free(engine->check_cond);
    os_cond_free(engine->asker_cond);
    os_cond_free(engine->cond);
    os_mutex_free(engine->mutex);
    free(engine->drops);
    free(engine->uri);
    free(engine);
}

static void digest(struct engine *engine, enum notice_kind kind, const char *document,
                   unsigned read)
{
    struct notice *notice = notice_new(engine, kind);
    if (notice == NULL) {
        abort();
    }
    notice->document = text_copy(document);
    notice->id = text_copy("a");
    notice->read = read;
    observe_digest(engine, notice);
}

static void fuzz_list(const char *document)
{
    struct engine *engine = engine_make();
    digest(engine, NOTICE_LIST,
           "[{\"Id\":\"a\",\"SystemType\":\"Container\",\"State\":\"Running\"}]", 0);
    digest(engine, NOTICE_LIST, document, 0);
    digest(engine, NOTICE_LIST, document, 0);
    digest(engine, NOTICE_LIST, "[]", 0);
    if (engine->table.count != 0) {
        abort(); /* an empty list leaves nothing */
    }
    engine_drop(engine);
}

static void fuzz_properties(const char *document)
{
    struct engine *engine = engine_make();
    digest(engine, NOTICE_LIST,
           "[{\"Id\":\"a\",\"SystemType\":\"Container\",\"State\":\"Running\"}]", 0);
    for (int i = 0; i < 2; i++) {
        struct seen *seen = table_find(&engine->table, "a");
        seen->asking = true;
        digest(engine, NOTICE_PROPERTIES, document,
               READ_ENDS | READ_STATISTICS | READ_PROCESSES | READ_MEMORY);
    }
    engine_drop(engine);
}

static void fuzz_error(const char *document)
{
    struct hvgpu_error err;
    error_hresult(&err, HR_HCS_E_INVALID_JSON, "HcsCreateComputeSystem", "a", document);
    if (!utf8_is_valid(err.message, strlen(err.message)) || strchr(err.message, '\x1b') != NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > (1u << 16)) {
        return 0;
    }
    char *document = malloc(size);
    if (document == NULL) {
        return 0;
    }
    memcpy(document, data + 1, size - 1);
    document[size - 1] = '\0';
    switch (data[0] % 3) {
    case 0:
        fuzz_list(document);
        break;
    case 1:
        fuzz_properties(document);
        break;
    default:
        fuzz_error(document);
        break;
    }
    free(document);
    return 0;
}

#ifdef FUZZ_MAIN
#include "tests/fuzz/fuzz_main.h"
#endif
