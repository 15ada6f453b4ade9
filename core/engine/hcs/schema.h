/* SPDX-License-Identifier: MIT
 *
 * The published HCS schema as one table: every object type that hvgpu sends, its members, their
 * JSON kinds, enum values, and the schema version or Windows build from which they exist. Two
 * users: the document writer asks it before it adds a member, the simulated host refuses by it. CI
 * checks the table's verdicts against Microsoft's published schema file with an independent
 * validator.
 */
#ifndef HVGPU_HCS_SCHEMA_H
#define HVGPU_HCS_SCHEMA_H

#include <stdbool.h>

#include "core/base/json.h"
#include "core/base/status.h"

/* What a host takes: the newest schema version of its service, and its build. */
struct schema_level {
    unsigned major, minor;
    unsigned build;
};

/* May `member` of object type `type` ("GpuConfiguration", "DisablePresentation") be sent? An
 * unknown type or member is false. Settings of guest requests go by their ResourceType
 * ("CombinedLayers"). */
bool schema_allows(const struct schema_level *level, const char *type, const char *member);

/* Checks a whole document strictly: unknown members, wrong kinds, values outside an enum, members
 * newer than the level. For ModifySettingRequest, Settings are checked by ResourcePath and
 * GuestRequest by ResourceType; for ComputeSystem, HostedSystem too. The message names the JSON
 * path ("$.VirtualMachine.Devices.Gpu"). Types: "ComputeSystem", "ModifySettingRequest",
 * "ProcessParameters", "SystemQuery", "System_PropertyQuery", "Service_PropertyQuery", ... */
enum hvgpu_status schema_check(const struct schema_level *level, const char *type,
                               const struct json *document, struct hvgpu_error *err) HVGPU_MUST_USE;

#endif
