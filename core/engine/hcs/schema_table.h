/* SPDX-License-Identifier: MIT
 *
 * The rows of the published HCS schema (2.4, as Microsoft documents it), with the members that
 * Microsoft's own clients send and the published file does not list yet. Private to schema.c and
 * the three files that hold the rows:
 *
 *   schema_machine.c    VirtualMachine and everything below it, GpuConfiguration
 *   schema_container.c  Container and everything below it
 *   schema_requests.c   ComputeSystem, requests, queries, processes, what both sides share
 *
 * A row is {name, shape, kind, since minor, since build}: the member exists from schema version
 * 2.<since minor> and from Windows build <since build> on; 0 means from the beginning. Where
 * documentation names no version for a member, it is taken to be as old as its parent.
 */
#ifndef HVGPU_HCS_SCHEMA_TABLE_H
#define HVGPU_HCS_SCHEMA_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum schema_kind {
    SCHEMA_STRING,
    SCHEMA_BOOL,
    SCHEMA_UINT8,
    SCHEMA_UINT16,
    SCHEMA_UINT32,
    SCHEMA_UINT64,
    SCHEMA_INT32,
    SCHEMA_INT64,
    SCHEMA_ENUM,   /* a string out of the enumeration `type` */
    SCHEMA_OBJECT, /* an object of the object type `type` */
    SCHEMA_FREE    /* an object whose members are not described */
};

enum schema_shape { SCHEMA_ONE, SCHEMA_LIST, SCHEMA_MAP };

struct schema_member {
    const char *name;
    enum schema_shape shape;
    enum schema_kind kind;
    const char *type;
    uint8_t since_minor;
    uint32_t since_build;
};

/* An object type. One without members is open: nothing is published about its content. */
struct schema_type {
    const char *name;
    const struct schema_member *members;
    size_t member_count;
};

struct schema_enum {
    const char *name;
    const char *const *values; /* ends with NULL */
};

/* What ModifySettingRequest.Settings holds for a ResourcePath. In the pattern, {guid}, {number} and
 * {name} stand for one element and {rest} for all that follow, at least one character. */
struct schema_resource {
    const char *pattern;
    enum schema_kind kind; /* FREE: not checked */
    const char *type;
};

/* What GuestRequest.Settings holds for a ResourceType, and the members that it must have. */
struct schema_guest_request {
    const char *resource_type;
    const char *type; /* NULL: free */
    const char *required[2];
};

/* Each array ends with an entry whose name, pattern or resource_type is NULL. */
extern const struct schema_type schema_machine_types[], schema_container_types[],
    schema_request_types[];
extern const struct schema_enum schema_machine_enums[], schema_container_enums[],
    schema_request_enums[];
extern const struct schema_resource schema_resources[];
extern const struct schema_guest_request schema_guest_requests[];

/* The short words of the rows. Only the three files of rows define this. */
#ifdef SCHEMA_ROWS
/* clang-format off */
#define ONE          SCHEMA_ONE
#define LIST         SCHEMA_LIST
#define MAP          SCHEMA_MAP
#define STRING       SCHEMA_STRING, NULL
#define BOOL         SCHEMA_BOOL, NULL
#define UINT8        SCHEMA_UINT8, NULL
#define UINT16       SCHEMA_UINT16, NULL
#define UINT32       SCHEMA_UINT32, NULL
#define UINT64       SCHEMA_UINT64, NULL
#define INT32        SCHEMA_INT32, NULL
#define INT64        SCHEMA_INT64, NULL
#define FREE         SCHEMA_FREE, NULL
#define ENUM(type)   SCHEMA_ENUM, type
#define OBJECT(type) SCHEMA_OBJECT, type

#define ROWS(...) (const struct schema_member[]){__VA_ARGS__}
#define TYPE(name, ...) \
    {name, ROWS(__VA_ARGS__), sizeof(ROWS(__VA_ARGS__)) / sizeof(struct schema_member)}
#define EMPTY(name) {name, NULL, 0}
#define VALUES(name, ...) {name, (const char *const[]){__VA_ARGS__, NULL}}
/* clang-format on */
#endif

#endif
