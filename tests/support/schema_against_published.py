#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the schema table with Microsoft's published HCS schema.

usage: schema_against_published.py FOLDER PROGRAM [DOCUMENT...]

FOLDER holds tools/hcs_validate.py (an independent validator), data/hcs-schema-2.4.json and
data/hcsshim-trace.tsv. PROGRAM is tests/support/schema_check_main, built. DOCUMENTs are further
files, named TYPE.anything.json, that must get the same verdict from both.

Makes documents from the published schema itself (every member of every type once) and from the
record, and many damaged variants of each: unknown members, wrong kinds, values outside an
enumeration, numbers out of range. Both sides must agree on each, at schema 2.9 and build 26100,
where every newer member is known. Where the table is meant to be stricter than the validator, the
variant is not made; the places are listed in LOOSE.
"""
import copy
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile

LEVEL = ["2", "9", "26100"]
TYPES = ["ComputeSystem", "ModifySettingRequest", "ProcessParameters", "ProcessModifyRequest",
         "SignalProcessOptions", "SystemQuery", "System_PropertyQuery", "Service_PropertyQuery",
         "ShutdownOptions", "CrashOptions", "PauseOptions", "SaveOptions", "HostedSystem"]
VERBS = {"Create": "ComputeSystem", "Modify": "ModifySettingRequest",
         "CreateProcess": "ProcessParameters"}
# Members that the validator takes with any content and the table describes: values are not damaged.
LOOSE = {"HostedSystem", "GuestRequest", "Settings", "Layers", "PropagateNumaAffinity",
         "DisableGdiAcceleration", "DisablePresentation", "IsolationType",
         "PrivilegedContainerRootPath"}
WRONG = [None, True, "text", 12, -1, 70000, 2 ** 32, 2 ** 64, -2 ** 63, [], {}, [1], {"Zzz": 1}]


def load_validator(folder):
    path = os.path.join(folder, "tools", "hcs_validate.py")
    spec = importlib.util.spec_from_file_location("hcs_validate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(defs, node, depth=0):
    """A value that the published schema allows, with every member present."""
    while "$ref" in node:
        node = defs[node["$ref"].rsplit("/", 1)[1]]
    if "enum" in node:
        return node["enum"][-1]
    kind = node.get("type")
    if kind == "object":
        made = {k: sample(defs, v, depth + 1) for k, v in node.get("properties", {}).items()
                if depth < 14}
        if isinstance(node.get("additionalProperties"), dict):
            made["key"] = sample(defs, node["additionalProperties"], depth + 1)
        return made
    if kind == "array":
        return [sample(defs, node["items"], depth + 1)] if depth < 14 else []
    return {"string": "text", "boolean": True, "integer": 7}[kind]


def places(value, path=()):
    """Paths of all values below the root that may be damaged."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, item in items:
        if key in LOOSE:
            continue
        yield path + (key,)
        yield from places(item, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def variants(document, count, chance):
    spots = list(places(document))
    for _ in range(count if spots else 0):
        made = copy.deepcopy(document)
        spot = chance.choice(spots)
        parent, key = at(made, spot[:-1]), spot[-1]
        action = chance.randrange(4)
        if action == 0 and isinstance(parent, dict):
            parent["No" + str(key)] = parent.pop(key)
        elif action == 1 and isinstance(parent[key], str):
            parent[key] = parent[key].swapcase()
        elif action == 2 and isinstance(parent[key], dict):
            parent[key]["Unknown"] = chance.choice(WRONG)
        else:
            parent[key] = chance.choice(WRONG)
        yield made


def collect(folder, defs, chance):
    documents = []
    for name in TYPES:
        document = sample(defs, {"$ref": "#/definitions/" + name})
        if name == "ComputeSystem":
            document["HostedSystem"] = sample(defs, {"$ref": "#/definitions/HostedSystem"})
        if name == "ModifySettingRequest":
            document = {"RequestType": "Update"}
        documents.append((name, document))
        documents += [(name, v) for v in variants(document, 120, chance)]
    for path, settings in (
            ("VirtualMachine/ComputeTopology/Gpu", "GpuConfiguration"),
            ("VirtualMachine/Devices/VirtualSmb/Shares", "VirtualSmbShare"),
            ("VirtualMachine/Devices/VirtualPci/2d631de9-d73c-4cb5-920e-8d0cfdf8b9b5",
             "VirtualPciDevice"),
            ("VirtualMachine/Devices/VirtualPci/short", "VirtualPciDevice"),
            ("VirtualMachine/Devices/Scsi/0/Attachments/1", "Attachment"),
            ("VirtualMachine/Devices/Scsi/0/Attachments/x", "Attachment"),
            ("VirtualMachine/Devices/Plan9/Shares", "Plan9Share"),
            ("VirtualMachine/Devices/NetworkAdapters/a/b", "NetworkAdapter"),
            ("VirtualMachine/Devices/NetworkAdapters/", "NetworkAdapter"),
            ("VirtualMachine/Devices/Gpu", "GpuConfiguration")):
        settings = sample(defs, {"$ref": "#/definitions/" + settings})
        for made in [settings] + list(variants(settings, 30, chance)):
            documents.append(("ModifySettingRequest", {"ResourcePath": path, "RequestType": "Add",
                                                       "Settings": made}))
    documents += newer()
    with open(os.path.join(folder, "data", "hcsshim-trace.tsv"), encoding="utf-8") as trace:
        for line in trace:
            verb, _, text = line.rstrip("\n").split("\t")
            if verb in VERBS and text:
                documents.append((VERBS[verb], json.loads(text)))
                documents += [(VERBS[verb], v)
                              for v in variants(json.loads(text), 40, chance)]
    return documents


def newer():
    """Members that the published file does not list, and requests to the guest."""
    gpu = {"AssignmentMode": "List", "AssignmentRequest": {"\\\\?\\PCI#A": 65535},
           "AllowVendorExtension": True, "DisableGdiAcceleration": True,
           "DisablePresentation": True}
    yield "ModifySettingRequest", {"ResourcePath": "VirtualMachine/ComputeTopology/Gpu",
                                   "RequestType": "Update", "Settings": gpu}
    for share in (65535, 65536, -1, "65535"):
        yield "ModifySettingRequest", {
            "ResourcePath": "VirtualMachine/ComputeTopology/Gpu", "RequestType": "Update",
            "Settings": {"AssignmentMode": "List", "AssignmentRequest": {"x": share}}}
    for guest in (
            {"ResourceType": "CombinedLayers", "RequestType": "Add",
             "Settings": {"ContainerRootPath": "C:\\c\\1", "FilterType": "UnionFS",
                          "Layers": [{"Id": "a", "Path": "b"}]}},
            {"ResourceType": "CombinedLayers", "RequestType": "Add",
             "Settings": {"ContainerRootPath": "C:\\c\\1", "Layers": [{"Id": "a"}]}},
            {"ResourceType": "CombinedLayers", "Settings": {"Layers": []}},
            {"ResourceType": "MappedVirtualDisk", "RequestType": "Add",
             "Settings": {"ContainerPath": "C:\\c\\1", "Lun": 1, "AttachOnly": False}},
            {"ResourceType": "MappedVirtualDisk", "RequestType": "Add",
             "Settings": {"ContainerPath": "C:\\c\\1", "Lun": 1, "Unknown": 1}},
            {"ResourceType": "MappedVirtualDisk", "Settings": {"Lun": 1}},
            {"ResourceType": "MappedDirectory", "Settings": {"ContainerPath": "C:\\x"}},
            {"ResourceType": "NetworkNamespace", "Settings": {"ID": "x"}},
            {"ResourceType": "Nothing"}, {"RequestType": "Add"},
            {"ResourceType": "HvSocket", "RequestType": "Change"},
            {"ResourceType": "HvSocket", "Unknown": 1}, None):
        yield "ModifySettingRequest", {"GuestRequest": guest}


def verdict_of_published(validator, defs, name, document):
    try:
        return not validator.validate(defs, name, document)
    except (TypeError, AttributeError):
        return False  # the validator met a kind that it does not expect


def verdicts_of_table(program, name, paths):
    run = subprocess.run([program, *LEVEL, name, *paths], capture_output=True, text=True,
                         check=False)
    if run.returncode not in (0, 1):
        sys.exit(run.stderr or "schema_check_main failed")
    return [line.split(": ", 1)[1] for line in run.stdout.splitlines()]


def main(argv):
    if len(argv) < 2 or argv[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if argv[:1] in (["-h"], ["--help"]) else 2
    folder, program = argv[:2]
    validator = load_validator(folder)
    with open(os.path.join(folder, "data", "hcs-schema-2.4.json"), encoding="utf-8") as file:
        defs = json.load(file)["definitions"]
    documents = collect(folder, defs, random.Random(2))
    for path in argv[2:]:
        with open(path, encoding="utf-8") as file:
            documents.append((os.path.basename(path).split(".")[0], json.load(file)))
    differences = valid = 0
    with tempfile.TemporaryDirectory() as work:
        groups = {}
        for i, (name, document) in enumerate(documents):
            path = os.path.join(work, f"{i}.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document, file)
            groups.setdefault(name, []).append((path, document))
        for name, items in groups.items():
            answers = verdicts_of_table(program, name, [path for path, _ in items])
            for (_, document), answer in zip(items, answers, strict=True):
                expected = verdict_of_published(validator, defs, name, document)
                valid += expected
                if expected != (answer == "valid"):
                    differences += 1
                    print(f"{name}: published says {'valid' if expected else 'invalid'}, "
                          f"the table says {answer}\n  {json.dumps(document)[:2000]}")
    print(f"{len(documents)} documents, {valid} valid, {differences} differences")
    return 1 if differences or not valid else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
