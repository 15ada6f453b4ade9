# SPDX-License-Identifier: MIT
# The life of a container by shell commands on a machine in a state file: launch with a partition,
# see it inside, detach, see the verdict change, stop, remove. Every command is a process of its own.
. "$HVGPU_SOURCE/tests/terminal/shell.sh"
HOST="demo:still?state=$WORK/machine.json&clock=stepped"

GPU=gpu1
IMAGE=mcr.microsoft.com/windows/server:ltsc2022

gpus() {
    run 0 gpus --json && is simulated true && is gpus/#  4 && run 0 gpus && has out NVIDIA &&
        hasnt out "$(printf '\033')"
}
dry_run_changes_nothing() {
    run 0 launch --dry-run --json --name d1 --image "$IMAGE" --gpu "$GPU" && json 0/call >/dev/null &&
        run 0 containers --own && hasnt out d1
}
launch() {
    run 0 launch --name life1 --image "$IMAGE" --gpu "$GPU" ping -t 127.0.0.1 && has out life1
}
listed() {
    run 0 containers --json && is "systems/[id=life1]/state" running &&
        is "systems/[id=life1]/ours" true && is "systems/[id=life1@vm]/state" running
}
present() { run 0 check life1 --json && is checks/0/verdict pass; }
check_of_all() { run 0 check; }
in_both() { run 0 check life1 && has out 'in both the VM and the container'; }
inspected() { run 0 inspect life1 && is system/Id life1; }
exec_output() { run 0 exec life1 cmd /c echo hello && has out hello; }
exec_code() { run 7 exec life1 cmd /c exit 7; }
exec_large_code() { run 125 exec life1 cmd /c exit 3221225786 && has err 0xC000013A; }
exec_input() {
    printf 'one\ntwo\n' | "$HVGPU_PROGRAM" -c "$HOST" exec -i life1 findstr '^' >"$WORK/out" 2>"$WORK/err" &&
        has out one && has out two
}
detach() { run 0 detach life1; }
absent() { run 1 check life1 --json && is checks/0/verdict fail; }
attach_again() { run 0 attach life1 --gpu "$GPU" && run 0 containers --json; }
stop() { run 0 stop life1 && run 0 containers --json && is "systems/[id=life1]/left_over" true; }
remove() { run 0 rm life1 && run 0 containers --own && hasnt out life1; }
nothing_to_judge() { run 77 check; }
run_and_remove() {
    run 3 launch --rm --name life2 --image "$IMAGE" cmd /c exit 3 && run 0 containers && hasnt out life2
}
output_passes() { run 0 launch --rm --name life3 --image "$IMAGE" cmd /c echo passed && has out passed; }
foreign() { run 2 stop "$(run 0 containers --json && json "systems/[owner=WSL]/id")" && has err WSL; }
foreign_with_owner() {
    id=$(run 0 containers --json && json "systems/[owner=WSL]/id")
    run 0 stop "$id" --foreign WSL --force
}
unknown_id() { run 1 inspect nosuch && has err nosuch; }
usage() { run 2 launch --gpu && run 2 nonsense && run 2 gpus --wrong; }
no_host() {
    "$HVGPU_PROGRAM" gpus >"$WORK/out" 2>"$WORK/err" </dev/null
    [ $? = 2 ] && has err HVGPU_HOST
}
host_variable() { HVGPU_HOST="$HOST" "$HVGPU_PROGRAM" gpus >/dev/null </dev/null; }
verify() { run 0 verify && has out 'verify: pass' && run 0 containers --own && hasnt out verify; }
read_only() { run 1 launch --read-only --image "$IMAGE" && has err 'read'; }

check 'gpus, as a table and as JSON' gpus
check 'a dry run changes nothing' dry_run_changes_nothing
check 'launch with a GPU' launch
check 'another process lists it' listed
check 'the GPU is present' present
check 'check of all own containers' check_of_all
check 'the sentence says where' in_both
check 'inspect' inspected
check 'exec: output' exec_output
check 'exec: exit code' exec_code
check 'exec: a code above 255' exec_large_code
check 'exec: input' exec_input
check 'detach' detach
check 'then the GPU is absent' absent
check 'attach again' attach_again
check 'stop keeps a left-over row' stop
check 'rm removes it' remove
check 'nothing left to judge is 77' nothing_to_judge
check 'launch --rm ends with the code of its process' run_and_remove
check 'launch --rm passes output' output_passes
check 'a system of others is guarded' foreign
check 'and acted on when its owner is named' foreign_with_owner
check 'an unknown id' unknown_id
check 'wrong usage is 2' usage
check 'without a host: 2' no_host
check 'HVGPU_HOST names a host' host_variable
check 'verify' verify
check 'read-only refuses' read_only
finish
