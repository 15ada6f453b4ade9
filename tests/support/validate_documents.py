#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every document of every flow's dry run with an independent validator.

usage: validate_documents.py FOLDER BUILD

FOLDER holds tools/hcs_validate.py and data/hcs-schema-2.4.json. BUILD is the folder of the build,
where tests/support/documents_main is. Where FOLDER has no validator, says "skipped" and ends with 0.
Exit status: 0 all valid or skipped, 1 some are not, 2 wrong use.
"""
import os
import subprocess
import sys
import tempfile


def main(argv):
    if len(argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    folder, build = argv
    program = os.path.join(build, "tests", "support", "documents_main")
    validator = os.path.join(folder, "tools", "hcs_validate.py")
    if not os.path.exists(validator):
        print(f"skipped: documents against the published schema ({validator} is not there)")
        return 0
    made = subprocess.run([program], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        print(f"{program} failed: {made.stderr.strip()}")
        return 1
    lines = [line for line in made.stdout.splitlines() if line.count("\t") == 2]
    if len(lines) < 100:
        print(f"{program} printed only {len(lines)} documents")
        return 1
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", delete=False) as trace:
        trace.write("\n".join(lines) + "\n")
    try:
        checked = subprocess.run([sys.executable, validator, "--trace", trace.name],
                                 capture_output=True, text=True, check=False)
    finally:
        os.unlink(trace.name)
    print(checked.stdout.strip() or checked.stderr.strip())
    return 0 if checked.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
