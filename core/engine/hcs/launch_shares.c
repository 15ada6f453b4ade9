/* SPDX-License-Identifier: MIT
 *
 * Folders of the host in the VM, and programs that are run there to their end.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/hcs/guest_command.h"
#include "core/engine/hcs/hresult.h"
#include "core/engine/hcs/launch.h"

static enum hvgpu_status no_memory(const char *path, struct hvgpu_error *err)
{
    return error_set(err, HVGPU_MEMORY, "share folder", path, "out of memory");
}

static const struct launch_share *find_share(const struct launch *launch, const char *path,
                                             bool read_only)
{
    for (size_t i = 0; i < launch->share_count; i++) {
        const struct launch_share *share = &launch->shares[i];
        if (share->read_only == read_only && strcmp(share->path, path) == 0) {
            return share;
        }
    }
    return NULL;
}

enum hvgpu_status launch_share_folder(struct launch *launch, const struct calls *calls,
                                      const char *path, bool read_only, bool layer,
                                      unsigned *number, struct hvgpu_error *err)
{
    const struct launch_share *known = find_share(launch, path, read_only);
    if (known != NULL) {
        *number = known->number;
        return HVGPU_OK;
    }
    struct launch_share *shares =
        realloc(launch->shares, (launch->share_count + 1) * sizeof *shares);
    if (shares == NULL) {
        return no_memory(path, err);
    }
    launch->shares = shares;
    struct launch_share *share = &shares[launch->share_count];
    share->path = text_copy(path);
    share->read_only = read_only;
    share->number = launch->share_count > 0 ? shares[launch->share_count - 1].number + 1 : 1;
    char *name = guest_share_name(share->number);
    if (share->path == NULL || name == NULL) {
        free(share->path);
        free(name);
        return no_memory(path, err);
    }
    *number = share->number;
    launch->share_count++;
    launch->record.next_share = share->number + 1;
    const struct document_share document = {
        .name = name,
        .path = path,
        .read_only = read_only,
        .layer = layer,
        .no_directmap = launch->record.fully_backed,
    };
    enum hvgpu_status status =
        calls_modify(calls, launch->record.vm_id, launch->vm,
                     document_share_add(&launch->base.level, &document), err);
    free(name);
    return status;
}

enum hvgpu_status launch_run(const struct calls *calls, const char *id,
                             struct client_system *system, struct json *parameters,
                             const char *what, struct calls_output *output, struct hvgpu_error *err)
{
    enum hvgpu_status status = calls_run(calls, id, system, parameters, output, err);
    if (status != HVGPU_OK || output->exit_code == 0) {
        return status;
    }
    const char *said = output->errors[0] != '\0' ? output->errors : output->text;
    error_set(err, HVGPU_FAILED, what, id,
              "the program in the guest ended with code %u (0x%08X)%s%.300s",
              (unsigned)output->exit_code, (unsigned)output->exit_code,
              said != NULL && said[0] != '\0' ? ": " : "", said != NULL ? said : "");
    return HVGPU_FAILED;
}
