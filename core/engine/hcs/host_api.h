/* SPDX-License-Identifier: MIT
 *
 * The second wall: everything else that the engine needs of a Hyper-V machine. Each field names the
 * Windows call that fills it; a field without one is not in it. Text is UTF-8 (the filler
 * converts), results are HRESULTs (HRESULT_FROM_WIN32 where the call has a Win32 code). Lists are
 * one malloc'd block each, freed with the function beside it. All functions may be called from any
 * thread; they may take as long as the system takes, so never call one on the main thread.
 */
#ifndef HVGPU_HOST_API_H
#define HVGPU_HOST_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/engine/hcs/hcs_api.h"
#include "core/hvgpu.h"

/* The machine. */
struct host_facts {
    char computer_name[64];           /* GetComputerNameExW */
    char edition[96];                 /* ...\Windows NT\CurrentVersion: ProductName */
    uint32_t build;                   /* CurrentBuild */
    enum hvgpu_answer server_edition; /* InstallationType: device assignment is Server only */
    enum hvgpu_answer hypervisor;     /* CPUID leaf 1 ECX bit 31 and leaf 0x40000000 */
    enum hvgpu_answer service;        /* QueryServiceStatus vmcompute */
    enum hvgpu_answer elevated;       /* token, or Hyper-V Administrators */
    uint32_t processors;              /* GetActiveProcessorCount */
    uint64_t memory_bytes;            /* GlobalMemoryStatusEx */
    bool still; /* simulated machines only: nothing changes unless this process
                   changes it, so it need not be asked every second */
    bool simulated;
    char simulation[256]; /* what is simulated and which data is real; "" on Windows */
};

struct host_partition {    /* Msvm_GpuPartition */
    uint32_t partition_id; /* PartitionId */
    char *system_id;       /* the VM that holds it; NULL: not known */
};

/* A display adapter, a dismounted device, or both sides of one GPU joined by instance id. */
struct host_gpu {
    char *instance_id;    /* DEVPKEY_Device_InstanceId */
    char *name;           /* DEVPKEY_NAME / DriverDesc */
    char *vendor;         /* DEVPKEY_Device_Manufacturer */
    char *interface_path; /* CM_Get_Device_Interface_List {064092b3-...}; NULL: not partitionable */
    char *location;       /* DEVPKEY_Device_LocationInfo */
    char *location_path;  /* DEVPKEY_Device_LocationPaths, first */
    char *driver_version; /* DEVPKEY_Device_DriverVersion */
    char *driver_date;    /* DEVPKEY_Device_DriverDate, ISO date */
    char *driver_inf;     /* DEVPKEY_Device_DriverInfPath */
    char *driver_package; /* SetupGetInfDriverStoreLocation, folder name only */
    bool dismounted;      /* instance id begins with PCIP\ */
    bool sriov;           /* interface path without GPUPARAV/PARAV: GPU-P */
    struct hvgpu_number problem_code;    /* CM_Get_DevNode_Status */
    enum hvgpu_answer reboot_required;   /* DEVPKEY_Device_IsRebootRequired */
    enum hvgpu_answer assigned_to_guest; /* DEVPKEY_Device_AssignedToGuest */
    char *assigned_system_id;       /* Msvm_PciExpressSettingData.HostResource; NULL: not known */
    struct hvgpu_number vram_bytes; /* HardwareInformation.qwMemorySize */
    struct hvgpu_number vram_used_bytes; /* D3DKMTQueryStatistics, segments */
    struct hvgpu_number load_permille;   /* D3DKMTQueryStatistics, busiest node */
    struct hvgpu_number temperature_celsius, power_permille; /* D3DKMT adapter perf data */
    /* Msvm_PartitionableGpu */
    uint32_t *valid_counts;
    size_t valid_count_count;
    struct hvgpu_number partition_count;
    struct hvgpu_quota vram, encode, decode, compute;
    struct host_partition *partitions;
    size_t partition_known_count;
};

/* One file that the driver wants in System32 of every guest (CopyToVm* keys of the class key). */
struct host_copy {
    char *source; /* relative to the driver package's folder */
    char *target; /* file name in System32, or SysWOW64 when wow64 */
    bool wow64;
    bool overwrite; /* CopyToVmOverwrite; else only when newer */
};

/* The driver package of a GPU: SetupGetInfDriverStoreLocation and the class key. */
struct host_driver_package {
    char *name;   /* nv_dispi.inf_amd64_... */
    char *folder; /* ...\System32\DriverStore\FileRepository\<name> */
    struct host_copy *copies;
    size_t copy_count;
};

/* A local base or application image (docker's windowsfilter store, containerd's snapshots). */
struct host_image {
    char *name;
    char *store;
    char *os_version;
    struct hvgpu_number build;
    char **layers; /* top first */
    size_t layer_count;
    enum hvgpu_answer has_utility_vm;
    char *base_name; /* "nanoserver", "servercore", "windows", "windows/server"; NULL: not known */
};

enum host_notice {
    HOST_NOTICE_GPUS, /* CM_Register_Notification on the display and partition interface classes */
    HOST_NOTICE_LOG   /* EvtSubscribe on the Hyper-V-Compute and DxgKrnl channels */
};

/* One change notice. Valid during the call; the callback copies, enqueues and returns. */
struct host_change {
    enum host_notice notice;
    const char *channel;   /* LOG: "Microsoft-Windows-Hyper-V-Compute-Operational" */
    uint32_t event_id;     /* LOG */
    uint8_t severity;      /* LOG: enum hvgpu_severity from the record's level */
    const char *system_id; /* LOG: the system that the record names; "" when none */
    const char *json;      /* LOG: the record's data as JSON */
    int64_t time_ms;
};
typedef void (*host_change_fn)(void *context, const struct host_change *change);

struct host_api {
    void *machine;

    hcs_result (*facts)(void *machine, struct host_facts *out);
    int64_t (*now_ms)(void *machine); /* GetSystemTimePreciseAsFileTime as Unix time in ms */

    hcs_result (*gpus)(void *machine, struct host_gpu **out, size_t *count);
    void (*free_gpus)(void *machine, struct host_gpu *gpus, size_t count);
    hcs_result (*driver_package)(void *machine, const char *instance_id,
                                 struct host_driver_package **out);
    void (*free_driver_package)(void *machine, struct host_driver_package *package);
    hcs_result (*images)(void *machine, struct host_image **out, size_t *count);
    void (*free_images)(void *machine, struct host_image *images, size_t count);

    /* One subscription for all notices; fn NULL ends it and waits for callbacks in flight. */
    hcs_result (*watch)(void *machine, host_change_fn fn, void *context);

    hcs_result (*name_to_guid)(void *machine, const char *name,
                               char guid[37]); /* vmcompute NameToGuid */

    /* Files of the host. */
    hcs_result (*make_folder)(void *machine, const char *path); /* CreateDirectoryW, parents too */
    hcs_result (*copy_file)(void *machine, const char *from,
                            const char *to); /* CopyFileExW, must not exist */
    hcs_result (*delete_tree)(void *machine,
                              const char *path); /* SHFileOperation-free walk; absent is S_OK */
    hcs_result (*exists)(void *machine, const char *path, bool *is_folder); /* GetFileAttributesW */
    /* The folder that holds gpuprobe.exe for the guests, written there and checked when needed
     * (CreateFileW; SHA-256 of the built-in copy). */
    hcs_result (*probe_folder)(void *machine, char *path, size_t size);
    /* Where hvgpu may make scratch folders: %ProgramData%\hvgpu\scratch (SHGetKnownFolderPath). */
    hcs_result (*scratch_root)(void *machine, char *path, size_t size);

    /* Standard streams of processes (overlapped ReadFile, WriteFile, CloseHandle). read blocks;
     * *got 0 with S_OK is the end. close ends a read in flight in another thread. */
    hcs_result (*stream_read)(void *machine, hcs_stream stream, void *buffer, size_t size,
                              size_t *got);
    hcs_result (*stream_write)(void *machine, hcs_stream stream, const void *buffer, size_t size);
    void (*stream_close)(void *machine, hcs_stream stream);
};

#endif
