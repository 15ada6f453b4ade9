/* SPDX-License-Identifier: MIT
 *
 * The plain members of the machine's structs as tables: one table a struct, used by both saving and
 * loading, so that the two cannot disagree.
 */
#ifndef HVGPU_SIMULATED_MEMBERS_H
#define HVGPU_SIMULATED_MEMBERS_H

#include "core/engine/hcs/simulated/state.h"

enum member_type { MEMBER_TEXT, MEMBER_BOOL, MEMBER_U32, MEMBER_U64, MEMBER_I64, MEMBER_SIZE };

struct member {
    const char *key; /* NULL ends the table */
    enum member_type type;
    size_t offset;
    uint64_t max; /* of U32; 0: none */
};

extern const struct member members_machine[];
extern const struct member members_system[];
extern const struct member members_share[];
extern const struct member members_disk[];
extern const struct member members_root[];
extern const struct member members_vpci[];
extern const struct member members_function[];
extern const struct member members_partition[];
extern const struct member members_mapping[];
extern const struct member members_grant[];
extern const struct member members_process[];
extern const struct member members_step[];
extern const struct member members_request[];
extern const struct member members_handle[];
extern const struct member members_client[];
extern const struct member members_output[];

struct json *members_save(const struct member *table, const void *object);
/* Fills the members that are there; false: one has the wrong type or value. Texts are malloc'd. */
bool members_load(const struct member *table, void *object, const struct json *from);

/* Bytes as JSON: text where it is UTF-8 without zero bytes, hexadecimal otherwise. */
void members_add_bytes(struct json *object, const char *bytes, size_t len);
bool members_get_bytes(const struct json *object, char **bytes, size_t *len);

#endif
