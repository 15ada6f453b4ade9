/* SPDX-License-Identifier: MIT
 *
 * The tables of members, and the two functions that walk them.
 */
#include "core/engine/hcs/simulated/members.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define M(structure, member, type) {#member, MEMBER_##type, offsetof(struct structure, member), 0}
#define E(structure, member, last) {#member, MEMBER_U32, offsetof(struct structure, member), last}
#define END {NULL, MEMBER_BOOL, 0, 0}

const struct member members_machine[] = {
    M(machine, power_on_ms, I64), M(machine, now, I64), M(machine, next_number, U64),
    M(machine, next_client, U32), M(machine, next_pid, U32), M(machine, generation, U64),
    M(machine, notices_at, I64), M(machine, notices_due, I64), M(machine, notices_made, U64),
    M(machine, notice_system, U64), M(machine, service_back, I64), M(machine, service_next, I64),
    M(machine, read_due, I64), END};

const struct member members_system[] = {
    M(sim_system, number, U64), M(sim_system, id, TEXT), E(sim_system, kind, SIM_PROCESS_CONTAINER),
    E(sim_system, state, SIM_FAILED), M(sim_system, owner, TEXT), M(sim_system, runtime_id, TEXT),
    M(sim_system, os, TEXT), M(sim_system, runtime_image, TEXT), M(sim_system, name, TEXT),
    M(sim_system, host_id, TEXT), M(sim_system, ends_with_last_handle, BOOL),
    M(sim_system, guest_connection, BOOL), M(sim_system, initial, BOOL),
    M(sim_system, from_scenario, BOOL), M(sim_system, touched, BOOL),
    M(sim_system, memory_mb, U32), M(sim_system, processors, U32), M(sim_system, physical, BOOL),
    M(sim_system, low_mmio_mb, U32), M(sim_system, high_mmio_mb, U32),
    M(sim_system, created_ms, I64), M(sim_system, started_ms, I64), M(sim_system, started_ns, I64),
    M(sim_system, exit_due, I64), M(sim_system, image_build, U32), M(sim_system, gpu_mode, TEXT),
    M(sim_system, vendor_extension, BOOL), M(sim_system, root_path, TEXT),
    M(sim_system, init_pid, U32), END};

const struct member members_share[] = {
    M(sim_share, name, TEXT), M(sim_share, path, TEXT), M(sim_share, read_only, BOOL),
    M(sim_share, restricted, BOOL), M(sim_share, no_direct_map, BOOL),
    M(sim_share, boot, BOOL), END};

const struct member members_disk[] = {
    M(sim_disk, controller, TEXT), M(sim_disk, lun, U32), M(sim_disk, path, TEXT),
    M(sim_disk, read_only, BOOL), M(sim_disk, mounted_at, TEXT), END};

const struct member members_root[] = {M(sim_root, path, TEXT), M(sim_root, user, U64), END};

const struct member members_vpci[] = {
    M(sim_vpci, id, TEXT), M(sim_vpci, bus, U32), M(sim_vpci, driver_installed, BOOL), END};

const struct member members_function[] = {
    M(sim_function, instance_id, TEXT), M(sim_function, virtual_function, U32),
    M(sim_function, gpu, SIZE), END};

const struct member members_partition[] = {
    M(sim_partition, gpu, SIZE), M(sim_partition, partition, U32), M(sim_partition, any, BOOL),
    M(sim_partition, serial, U64), M(sim_partition, files_at_start, BOOL), END};

const struct member members_mapping[] = {
    M(sim_mapping, host_path, TEXT), M(sim_mapping, container_path, TEXT),
    M(sim_mapping, read_only, BOOL), END};

const struct member members_grant[] = {M(sim_grant, serial, U64), M(sim_grant, vpci, TEXT), END};

const struct member members_process[] = {
    M(sim_process, number, U64), M(sim_process, pid, U32), M(sim_process, image, TEXT),
    M(sim_process, command, TEXT), M(sim_process, user, TEXT), M(sim_process, created_ms, I64),
    M(sim_process, created_ns, I64), M(sim_process, exited, BOOL), M(sim_process, exit_code, U32),
    M(sim_process, client, U32), M(sim_process, std_input, U64), M(sim_process, std_output, U64),
    M(sim_process, std_error, U64), M(sim_process, input_closed, BOOL),
    M(sim_process, columns, U32), M(sim_process, rows, U32), M(sim_process, tick_at, I64),
    M(sim_process, started, BOOL), E(sim_process, program, INT32_MAX),
    M(sim_process, counter, I64), M(sim_process, memory, TEXT), END};

const struct member members_step[] = {
    M(sim_step, at, I64), E(sim_step, kind, SIM_EXIT), M(sim_step, exit_code, U32), END};

const struct member members_request[] = {
    M(sim_request, number, U64), E(sim_request, kind, MACHINE_MODIFY_PROCESS),
    M(sim_request, client, U32), M(sim_request, operation, U64), M(sim_request, document, TEXT),
    M(sim_request, due, I64), M(sim_request, running, BOOL), M(sim_request, fault, SIZE),
    M(sim_request, target, U64), END};

const struct member members_handle[] = {
    M(sim_handle, number, U64), M(sim_handle, client, U32), M(sim_handle, listens, BOOL),
    M(sim_handle, dead, BOOL), M(sim_handle, closed, BOOL), END};

const struct member members_client[] = {
    M(sim_client, number, U32), M(sim_client, watches, BOOL), M(sim_client, lost, U64), END};

const struct member members_output[] = {
    E(machine_output, kind, MACHINE_NOTICE), M(machine_output, operation, U64),
    M(machine_output, document, TEXT), M(machine_output, process_id, U32),
    M(machine_output, std_input, U64), M(machine_output, std_output, U64),
    M(machine_output, std_error, U64), M(machine_output, handle, U64),
    M(machine_output, event_type, U32), M(machine_output, stream, U64),
    M(machine_output, channel, TEXT), M(machine_output, system_id, TEXT),
    M(machine_output, kill, BOOL), END};
/* clang-format on */

_Static_assert(sizeof(enum sim_kind) == sizeof(uint32_t), "enums are saved as 32-bit numbers");
_Static_assert(sizeof(int) == sizeof(uint32_t), "so is the program's number");

static void save_one(const struct member *member, const char *at, struct json *to)
{
    uint32_t u32;
    uint64_t u64;
    int64_t i64;
    size_t size;
    bool flag;
    char *text;
    switch (member->type) {
    case MEMBER_TEXT:
        memcpy(&text, at, sizeof(text));
        if (text != NULL) {
            json_add_string(to, member->key, text);
        }
        break;
    case MEMBER_BOOL:
        memcpy(&flag, at, sizeof(flag));
        if (flag) {
            json_add_bool(to, member->key, true);
        }
        break;
    case MEMBER_U32:
        memcpy(&u32, at, sizeof(u32));
        json_add_u64(to, member->key, u32);
        break;
    case MEMBER_U64:
        memcpy(&u64, at, sizeof(u64));
        json_add_u64(to, member->key, u64);
        break;
    case MEMBER_I64:
        memcpy(&i64, at, sizeof(i64));
        json_add_i64(to, member->key, i64);
        break;
    case MEMBER_SIZE:
        memcpy(&size, at, sizeof(size));
        json_add_u64(to, member->key, size == SIZE_MAX ? UINT64_MAX : (uint64_t)size);
        break;
    }
}

struct json *members_save(const struct member *table, const void *object)
{
    struct json *to = json_new_object();
    for (const struct member *member = table; member->key != NULL; member++) {
        save_one(member, (const char *)object + member->offset, to);
    }
    return to;
}

static bool load_number(const struct member *member, char *at, const struct json *value)
{
    uint64_t u64 = 0;
    int64_t i64 = 0;
    if (member->type == MEMBER_I64) {
        bool ok = json_i64(value, "", &i64);
        memcpy(at, &i64, sizeof(i64));
        return ok;
    }
    if (!json_u64(value, "", &u64)) {
        return false;
    }
    if (member->type == MEMBER_U64) {
        memcpy(at, &u64, sizeof(u64));
        return true;
    }
    if (member->type == MEMBER_SIZE) {
        size_t size = u64 > SIZE_MAX ? SIZE_MAX : (size_t)u64;
        memcpy(at, &size, sizeof(size));
        return true;
    }
    uint32_t u32 = (uint32_t)u64;
    memcpy(at, &u32, sizeof(u32));
    return u64 <= (member->max == 0 ? UINT32_MAX : member->max);
}

static bool load_one(const struct member *member, char *at, const struct json *value)
{
    if (member->type == MEMBER_TEXT) {
        const char *s = json_string(value, "");
        char *text = text_copy(s);
        char *old;
        memcpy(&old, at, sizeof(old));
        free(old);
        memcpy(at, &text, sizeof(text));
        return text != NULL;
    }
    if (member->type == MEMBER_BOOL) {
        bool flag = json_bool(value, "", false);
        memcpy(at, &flag, sizeof(flag));
        return json_type(value) == JSON_BOOL;
    }
    return load_number(member, at, value);
}

bool members_load(const struct member *table, void *object, const struct json *from)
{
    if (json_type(from) != JSON_OBJECT) {
        return false;
    }
    for (const struct member *member = table; member->key != NULL; member++) {
        const struct json *value = json_member(from, member->key);
        if (value != NULL && !load_one(member, (char *)object + member->offset, value)) {
            return false;
        }
    }
    return true;
}

void members_add_bytes(struct json *object, const char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    if (len == 0) {
        return;
    }
    char *text = malloc(len * 2 + 1);
    if (text == NULL) {
        return;
    }
    if (memchr(bytes, 0, len) == NULL && utf8_is_valid(bytes, len)) {
        memcpy(text, bytes, len);
        text[len] = '\0';
        json_add_string(object, "text", text);
    } else {
        for (size_t i = 0; i < len; i++) {
            unsigned char byte = (unsigned char)bytes[i];
            text[2 * i] = digits[byte >> 4];
            text[2 * i + 1] = digits[byte & 15];
        }
        text[2 * len] = '\0';
        json_add_string(object, "hex", text);
    }
    free(text);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool members_get_bytes(const struct json *object, char **bytes, size_t *len)
{
    const char *text = json_string(object, "text");
    const char *hex = json_string(object, "hex");
    *bytes = NULL;
    *len = 0;
    if (text != NULL) {
        *bytes = text_copy(text);
        *len = strlen(text);
        return *bytes != NULL;
    }
    if (hex == NULL) {
        return true;
    }
    size_t count = strlen(hex) / 2;
    char *out = malloc(count + 1);
    if (out == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int high = digit(hex[2 * i]);
        int low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(out);
            return false;
        }
        out[i] = (char)(high * 16 + low);
    }
    *bytes = out;
    *len = count;
    return true;
}
