/* SPDX-License-Identifier: MIT
 *
 * What the document builders share: adding a member only where the host's schema has it.
 */
#ifndef HVGPU_HCS_DOCUMENTS_PUT_H
#define HVGPU_HCS_DOCUMENTS_PUT_H

#include "core/engine/hcs/documents.h"

/* Adds child as `member` of an object of this type; frees it when the level has no such member. */
struct json *put(const struct schema_level *level, struct json *object, const char *type,
                 const char *member, struct json *child);
void put_string(const struct schema_level *level, struct json *object, const char *type,
                const char *member, const char *s); /* NULL: nothing */
void put_true(const struct schema_level *level, struct json *object, const char *type,
              const char *member, bool wanted); /* false: nothing */

struct json *document_schema_version(void);
struct json *document_layers(const struct schema_level *level, const struct document_layer *layers,
                             size_t count);

#endif
