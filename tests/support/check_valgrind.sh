#!/bin/sh
# SPDX-License-Identifier: MIT
# One whole session of shell commands on a state file under valgrind: no error, no definite leak.
# usage: check_valgrind.sh BUILD_FOLDER
set -u
if ! command -v valgrind >/dev/null 2>&1; then
    echo 'valgrind is not installed: skipped'
    exit 0
fi
program=$1/hvgpu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME="$home" XDG_STATE_HOME="$home/state" HVGPU_HOST="demo:still?state=$home/machine.json&clock=stepped"
# A host that does not close within its second is left behind on purpose (core/core.c); under valgrind
# everything takes thirty times as long, so that happens here.
cat >"$home/left-behind.supp" <<EOF
{
   a host left behind on purpose
   Memcheck:Leak
   ...
   fun:core_open
   ...
}
EOF
bad=0
try() { # try STATUS ARGUMENTS...
    want=$1
    shift
    valgrind -q --suppressions="$home/left-behind.supp" --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --error-exitcode=99 --child-silent-after-fork=yes "$program" "$@" >"$home/out" 2>"$home/err"
    got=$?
    if [ "$got" != "$want" ]; then
        echo "valgrind: hvgpu $*: status $got, expected $want"
        tail -n 30 "$home/err"
        bad=1
    fi
}
image=mcr.microsoft.com/windows/server:ltsc2022
try 0 gpus
try 0 images
try 0 launch --name leak1 --image "$image" --gpu gpu1 ping -t 127.0.0.1
try 0 containers --json
try 0 inspect leak1
try 0 check leak1
try 0 exec leak1 cmd /c ver
try 0 detach leak1
try 1 check leak1
try 0 stop leak1
try 0 rm leak1
[ $bad = 0 ] && echo 'valgrind: ok'
exit $bad
