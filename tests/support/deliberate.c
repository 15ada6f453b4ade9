/* SPDX-License-Identifier: MIT
 *
 * The table of deliberate differences. Where hcsshim's own versions differ (SCSI controller "0" or
 * a GUID, scratch at C:\c\1 or c:\mounts\scsi\m0, drivers after or before the layers, EnableHotHint
 * omitted or written out), hvgpu has the form of the recorded version, so those need no row.
 */
#include "tests/support/deliberate.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static bool is_call(const struct json *call, const char *verb)
{
    return text_equal(json_string(call, "call"), verb);
}

static struct json *inside(struct json *value, const char *path)
{
    return (struct json *)(uintptr_t)json_get(value, path);
}

static void lifetime(struct json *call)
{
    if (is_call(call, "Create")) {
        json_add_bool(inside(call, "document"), "ShouldTerminateOnLastHandleClosed", true);
    }
}

static void mmio_gaps(struct json *call)
{
    struct json *memory = inside(call, "document/VirtualMachine/ComputeTopology/Memory");
    if (is_call(call, "Create") && memory != NULL) {
        json_remove(memory, "LowMmioGapInMB");
        json_remove(memory, "HighMmioGapInMB");
    }
}

static void probe_share(struct json *call)
{
    struct json *settings = inside(call, "document/Settings");
    const char *path = json_string(settings, "Path");
    if (!is_call(call, "Modify") || path == NULL || strstr(path, "\\hvgpu\\probe") == NULL) {
        return;
    }
    json_remove(settings, "Path");
    json_add_string(settings, "Path", "C:\\gold");
    json_append(json_add_array(settings, "AllowedFiles"),
                json_new_string("C:\\gold\\device-util.exe"));
    json_add_bool(inside(settings, "Options"), "RestrictFileAccess", true);
    json_add_bool(inside(settings, "Options"), "SingleFileMapping", true);
}

static void probe_mapping(struct json *call)
{
    struct json *container = inside(call, "document/HostedSystem/Container");
    const struct json *first = json_first(json_get(container, "MappedDirectories"));
    if (is_call(call, "Create") && json_count(json_get(container, "MappedDirectories")) == 1 &&
        text_equal(json_string(first, "ContainerPath"), "C:\\gpuprobe")) {
        json_remove(container, "MappedDirectories");
    }
}

static void probe_process(struct json *call)
{
    struct json *document = inside(call, "document");
    const char *line = json_string(document, "CommandLine");
    const char *program = line != NULL ? strstr(line, "gpuprobe.exe children ") : NULL;
    if (!is_call(call, "CreateProcess") || program == NULL) {
        return;
    }
    char *theirs =
        text_format("%.*sdevice-util.exe children --parentID=%s --property=location",
                    (int)(program - line), line, program + strlen("gpuprobe.exe children "));
    json_remove(document, "CommandLine");
    json_add_string(document, "CommandLine", theirs);
    json_remove(document, "CreateStdOutPipe");
    json_remove(document, "CreateStdErrPipe");
    free(theirs);
}

static void output_pipes(struct json *call)
{
    struct json *document = inside(call, "document");
    if (is_call(call, "CreateProcess") && json_string(document, "User") == NULL) {
        json_add_bool(document, "CreateStdOutPipe", true);
    }
}

const struct deliberate_row deliberate_rows[] = {
    {"lifetime flag",
     "what hvgpu launches outlives the program that launched it, unless --rm was given; hcsshim's "
     "systems end with the shim",
     lifetime},
    {"MMIO gaps",
     "every launch reserves the windows that a paravirtual GPU needs, so that a VM launched "
     "without "
     "one can be given one later",
     mmio_gaps},
    {"probe share",
     "hvgpu brings its own program in a folder of its own; hcsshim shares the single file "
     "device-util.exe from beside the shim",
     probe_share},
    {"probe mapping", "the presence check runs inside the container too, so the program is mapped",
     probe_mapping},
    {"probe process", "the same question to another program, whose answer hvgpu reads from a pipe",
     probe_process},
    {"output pipes",
     "nobody would read the init process's output once the launcher has ended, and a full pipe "
     "blocks it; --rm asks for the pipes",
     output_pipes},
    {NULL, NULL, NULL},
};
