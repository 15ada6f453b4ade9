#!/bin/sh
# SPDX-License-Identifier: MIT
# make install into a folder, run what was installed from elsewhere, take it back: nothing is left.
set -eu
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make -s install DESTDIR="$root" PREFIX=/usr BUILD=build/install
(cd / && "$root/usr/bin/hvgpu" version)
for theme in dark light mono; do
    test -s "$root/usr/share/hvgpu/themes/$theme.json"
done
(cd / && "$root/usr/bin/hvgpu" -c demo:still gpus >/dev/null)
make -s uninstall DESTDIR="$root" PREFIX=/usr BUILD=build/install
left=$(find "$root" -type f)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo 'install: ok'
