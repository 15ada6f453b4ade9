/* SPDX-License-Identifier: MIT
 *
 * The built-in scenarios. GPUs are named by their published records (gpu_data.c); systems, images
 * and computer names are made up, except the id of the WSL virtual machine, which was published
 * with a listing of hcsdiag (https://github.com/microsoft/WSL/issues/4561). The refusal text of
 * policy-refused was published at https://github.com/jamesstringer90/Easy-GPU-PV/issues/125.
 */
#include "core/engine/hcs/simulated/scenarios.h"

#include <stddef.h>

/* clang-format off */
/* The preprocessor makes the string, so that the JSON stands here unescaped. */
#define JSON(...) #__VA_ARGS__

static const char healthy[] = JSON(
{
 "host": {"name": "GPU-NODE-1", "edition": "Windows Server 2022 Datacenter",
  "build": 20348, "schema": "2.5", "server": true, "hypervisor": true, "service": true,
  "processors": 32, "memory_mb": 131072},
 "event_interval_s": 5, "containers": 45,
 "gpus": [
  {"published": "nv-a2-0",
   "partitions": [{"number": 0, "system": "A94D51E7-20B6-4F3C-8D7A-15C8E6F0B942"}]},
  {"published": "nv-3060-egp361"},
  {"published": "intel-uhd620"},
  {"published": "nv-rtx4000", "dismounted": true}
 ],
 "images": [
   {"name": "mcr.microsoft.com/windows/nanoserver:ltsc2022", "store": "docker",
    "os_version": "10.0.20348.2582", "build": 20348, "base_name": "nanoserver",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
dc7f8ee252266b58b1d7eb7066b87def28da7187fa8eb97b9b473f2fe2fa2ecd"]},
   {"name": "mcr.microsoft.com/windows/servercore:ltsc2022", "store": "docker",
    "os_version": "10.0.20348.2582", "build": 20348, "base_name": "servercore",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
45d858c428e0b3382398155ccb3b6cdce965dee46b24bd0784d1177ad4fd64aa"]},
   {"name": "mcr.microsoft.com/windows/server:ltsc2022", "store": "docker",
    "os_version": "10.0.20348.2582", "build": 20348, "base_name": "windows/server",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
9ea7734b716b83e3d0645207c20926c916a227e74ea156a0cfe8857aceb3c81d"]},
   {"name": "example/render:1.2", "store": "docker",
    "os_version": "10.0.20348.2582", "build": 20348, "base_name": "windows/server",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
b3db288f9e40aab91d33361a78f21ee5df1760bb8eebf21312dfe5529205f59e",
     "C:\\ProgramData\\docker\\windowsfilter\\\
9ea7734b716b83e3d0645207c20926c916a227e74ea156a0cfe8857aceb3c81d"]},
   {"name": "mcr.microsoft.com/windows:1809", "store": "docker",
    "os_version": "10.0.17763.6414", "build": 17763, "base_name": "windows",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
9bdc6f93fa25461aa37cf1b295ec3b7e9832bfe90601a8ee5fa77819a23f3c5b"]},
   {"name": "mcr.microsoft.com/windows/server:ltsc2025", "store": "docker",
    "os_version": "10.0.26100.1742", "build": 26100, "base_name": "windows/server",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
ec63a1c0f674b202c7ecb12abba7254fa1d36bba4baad6e4a53b5f91d6dcd552"]},
   {"name": "example/legacy:7", "store": "docker",
    "os_version": "10.0.20348.2582", "build": 20348, "base_name": "servercore",
    "has_utility_vm": false, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
bb0819b8d0f6cddb20d053d26ee71068b931eff2ad201e2abf3b39701180c890"]},
   {"name": "mcr.microsoft.com/windows/nanoserver:ltsc2019", "store": "containerd",
    "os_version": "10.0.17763.6414", "build": 17763, "base_name": "nanoserver",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\containerd\\root\\io.containerd.snapshotter.v1.windows\\snapshots\\3"]}
 ],
 "systems": [
   {"id": "EED44DAF-4F7E-4CF5-82FD-F9C8EBF8DB82", "owner": "WSL", "os": "Linux",
    "ends_with_last_handle": true, "gpu_mirror": true, "memory_mb": 8192, "processors": 8},
   {"id": "3B1F0C62-8E57-4A0D-9C1E-6D2A7F409B35", "owner": "Madrid", "os": "Windows",
    "ends_with_last_handle": true, "memory_mb": 4096, "processors": 4},
   {"id": "A94D51E7-20B6-4F3C-8D7A-15C8E6F0B942", "owner": "VMMS", "os": "Windows",
    "memory_mb": 16384, "processors": 4},
   {"id": "fe78c3c85d770307f0f16ab2f0553b59cea6ba083b1415a8d9947abdbb87c0e6",
    "owner": "docker", "type": "Container", "os": "Windows", "memory_mb": 2048,
    "runtime_image":
     "C:\\ProgramData\\docker\\windowsfilter\\\
45d858c428e0b3382398155ccb3b6cdce965dee46b24bd0784d1177ad4fd64aa\\UtilityVM"},
   {"id": "58942a17b8ddceb4282d8b93df80787273b95b184ca7cc1578360d68d4095bbd@vm",
    "owner": "containerd-shim-runhcs-v1.exe", "os": "Windows", "ends_with_last_handle": true,
    "memory_mb": 1024}
 ]
});

static const char still[] = JSON(
{
 "base": "healthy", "moves": false, "latency": false, "event_interval_s": 0
});

static const char driver_drift[] = JSON(
{
 "base": "healthy",
 "gpus": [
  {"published": "nv-a2-0", "guest_package": "nv_dispi.inf_amd64_5f3c7a1d9b2e4c68"},
  {"published": "nv-3060-egp361", "guest_package": "nv_dispi.inf_amd64_5f3c7a1d9b2e4c68"},
  {"published": "intel-uhd620"},
  {"published": "nv-rtx4000", "dismounted": true}
 ]
});

static const char partitions_exhausted[] = JSON(
{
 "base": "healthy",
 "gpus": [
  {"published": "nv-a2-0", "held_by_others": 4},
  {"published": "nv-3060-egp361", "held_by_others": 32},
  {"published": "intel-uhd620", "held_by_others": 32},
  {"published": "nv-rtx4000", "dismounted": true}
 ]
});

static const char policy_refused[] = JSON(
{
 "base": "healthy", "policy_refuses_dda": true,
 "gpus": [
  {"published": "nv-a2-0"},
  {"published": "nv-rtx4000", "refuses": {"code": "0x800704EC", "document": {
   "Error": -2147023636, "ErrorMessage": "Could not allocate partitionable GPU device '\
\\\\?\\PCI#VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&REV_A1#4&11ef84ec&0&0019\
#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV' that is not compliant with \
currently set group policy.  See HyperV\\RequireSecureDeviceAssignment and \
HyperV\\RequireSupportedDeviceAssignment for more details.",
   "Attribution": [{"OperationFailure": {"Detail": "Modify"}}]}}},
  {"published": "intel-uhd620"},
  {"published": "nv-3060-egp361", "dismounted": true}
 ]
});

static const char no_hypervisor[] = JSON(
{
 "host": {"name": "GPU-NODE-1", "edition": "Windows Server 2022 Datacenter",
  "build": 20348, "schema": "2.5", "server": true, "hypervisor": false, "service": true,
  "processors": 32, "memory_mb": 131072},
 "moves": false, "latency": false,
 "gpus": [{"published": "nv-a2-0"}, {"published": "nv-3060-egp361"}],
 "images": [
   {"name": "mcr.microsoft.com/windows/server:ltsc2022", "store": "docker",
    "os_version": "10.0.20348.2582", "build": 20348, "base_name": "windows/server",
    "has_utility_vm": true, "layers": [
     "C:\\ProgramData\\docker\\windowsfilter\\\
9ea7734b716b83e3d0645207c20926c916a227e74ea156a0cfe8857aceb3c81d"]}
 ]
});

static const char service_restart[] = JSON(
{
 "base": "healthy", "service_restart_s": 20
});

static const char big_node[] = JSON(
{
 "base": "healthy", "containers": 500, "events_per_second": 2000,
 "gpus": [
  {"published": "nv-a2-0"}, {"published": "nv-a2-1"},
  {"published": "nv-3060-egp361"}, {"published": "nv-2504-exhyperv67"},
  {"published": "nv-1c02-docs"}, {"published": "nv-2702-wmi"},
  {"published": "nv-2803-wmi"}, {"published": "nv-rtx4000"},
  {"published": "nv-2705-a"}, {"published": "nv-2705-b"},
  {"published": "nv-28a0"}, {"published": "nv-1f06"},
  {"published": "nv-2484"}, {"published": "nv-2206"},
  {"published": "nv-2684"}, {"published": "nv-1e93"}
 ]
});

static const char huge[] = JSON(
{
 "base": "healthy", "latency": false, "event_interval_s": 0, "containers": 10000
});

static const char hcsshim_19044[] = JSON(
{
 "host": {"name": "GOLD", "edition": "Windows Server (build 19044, assumed)",
  "build": 19044, "schema": "2.3", "server": true, "hypervisor": true, "service": true,
  "processors": 8, "memory_mb": 32768},
 "moves": false, "latency": false, "candidate": 1, "gpu_reaches_vm": true,
 "gpus": [
  {"instance_id":
    "PCIP\\VEN_10DE&DEV_1EB8&SUBSYS_12A210DE&REV_A1\\6&17F903&0&00200000",
   "dismounted": true, "name": "NVIDIA adapter 10DE:1EB8", "vendor": "NVIDIA",
   "location_path": "PCIROOT(0)#PCI(0100)", "source": "a recorded run of hcsshim v0.8.26",
   "invented": "name, location path on the host"}
 ],
 "files": [
  "C:\\gold\\img\\top\\Files",
  "C:\\gold\\img\\top\\Hives",
  "C:\\gold\\img\\base\\Files",
  "C:\\gold\\img\\base\\Hives",
  "C:\\gold\\img\\base\\UtilityVM\\Files\\EFI\\Microsoft\\Boot\\bootmgfw.efi",
  "C:\\gold\\img\\base\\UtilityVM\\SystemTemplateBase.vhdx",
  "C:\\gold\\img\\base\\UtilityVM\\SystemTemplate.vhdx",
  "C:\\gold\\img\\base\\blank-base.vhdx",
  "C:\\gold\\img\\base\\blank.vhdx",
  "C:\\gold\\scratchU\\sandbox.vhdx",
  "C:\\gold\\scratchC\\sandbox.vhdx",
  "C:\\gold\\drivers\\display.inf",
  "C:\\gold\\drivers\\display.cat",
  "C:\\gold\\drivers\\display.sys",
  "C:\\gold\\device-util.exe"
 ]
});

/* X(variable, name, about) */
#define SCENARIOS(X) \
    X(healthy, "healthy", \
      "a Windows Server 2022 node with four GPUs where everything works") \
    X(still, "still", \
      "the healthy node, and nothing moves by itself") \
    X(driver_drift, "driver-drift", \
      "the host's driver was updated, guests still have the old package") \
    X(partitions_exhausted, "partitions-exhausted", \
      "others hold every partition of every GPU") \
    X(policy_refused, "policy-refused", \
      "group policy refuses device assignment and one GPU's partitions") \
    X(no_hypervisor, "no-hypervisor", \
      "the hypervisor does not run: nothing can be listed or started") \
    X(service_restart, "service-restart", \
      "the compute service dies every 20 seconds and comes back") \
    X(big_node, "big-node", \
      "16 GPUs, 500 containers, 2,000 events a second") \
    X(huge, "huge", \
      "10,000 containers, for benchmarks") \
    X(hcsshim_19044, "hcsshim-19044", \
      "build 19044 with the folders and the device of a recorded hcsshim run")
/* clang-format on */

const struct built_in_scenario built_in_scenarios[] = {
#define X(variable, name, about) {name, about, variable},
    SCENARIOS(X)
#undef X
        {NULL, NULL, NULL},
};

const struct scenario_name built_in_names[] = {
#define X(variable, name, about) {name, about},
    SCENARIOS(X)
#undef X
        {NULL, NULL},
};
