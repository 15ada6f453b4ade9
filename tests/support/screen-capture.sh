#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the real screen of Containers, with a container that was launched with a GPU partition, as
# plain text of 110 x 28: the picture in README.md. The program runs in tmux on the simulated host.
# usage: screen-capture.sh [PROGRAM]
set -u
HVGPU_PROGRAM=${1:-build/release/hvgpu}
case $HVGPU_PROGRAM in /*) ;; *) HVGPU_PROGRAM=$PWD/$HVGPU_PROGRAM ;; esac
export HVGPU_PROGRAM LC_ALL=C.UTF-8
home=$(mktemp -d)
export HOME="$home" XDG_STATE_HOME="$home/state" XDG_CONFIG_HOME="$home/config"
. "$(dirname "$0")/../terminal/lib.sh"
trap 'tmux -L "$SOCKET" kill-server 2>/dev/null; sleep 0.2; rm -rf "$WORK" "$home"' EXIT

cpu_is_known() { screen | grep '└ demo1' | grep -q '%'; }
capture() {
    start 110 28 -c demo: && expect 'gpu3' || return 1
    keys 1 g j L
    expect '< gpu1 >' || return 1
    text demo1
    keys BTab Enter
    expect 'done in' 30 || return 1
    keys 2
    expect '✓ pass' || return 1
    keys g j
    until_true 10 cpu_is_known || return 1
    screen >"$home/screen"
}
if ! capture >"$home/log"; then
    cat "$home/log" >&2
    exit 1
fi
sed 's/ *$//' "$home/screen"
