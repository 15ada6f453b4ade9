#!/bin/sh
# SPDX-License-Identifier: MIT
# Each scenario shows its trouble in words, with what to do; two consoles on one machine see each
# other's work.
. "$(dirname "$0")/lib.sh"

no_hypervisor() {
    start 100 30 -c demo:no-hypervisor
    expect 'the hypervisor is not running, so no VM can start' && expect 'enable Hyper-V' || return 1
    keys 2
    expect 'no VM and no container runs here' || return 1
    keys q
    left_sane 0
}
service_restart() { # the service dies every 5 seconds here
    printf '{"base": "healthy", "service_restart_s": 5, "latency": false}\n' >"$WORK/dies.json"
    start 130 30 -c "demo:$WORK/dies.json"
    expect 'gpu3' && expect 'lost' && expect 'the compute service went away' &&
        expect 'otherwise start the service' || return 1
    expect '► live' && absent 'otherwise start the service' || return 1
    keys 3
    expect 'ServiceDisconnect' && expect 'ServiceFound' || return 1
    keys q
    left_sane 0
}
policy_refused() {
    start 140 45 -c 'demo:policy-refused?clock=stepped' && expect 'gpu3' || return 1
    keys 1 g j j L
    expect '< gpu2 >' || return 1
    keys BTab Enter
    expect 'failed' && expect 'group policy' && expect 'What went wrong' || return 1
    keys 2
    absent 'hvgpu-' # nothing is left
}
partitions_exhausted() {
    start 140 45 -c 'demo:partitions-exhausted?clock=stepped' && expect 'gpu3' || return 1
    keys 1 g j L
    expect '< gpu1 >' || return 1
    keys BTab Enter
    expect 'failed' && expect 'are in use' && expect 'no partition is left' || return 1
    keys q
    absent 'What went wrong'
}
driver_drift() {
    start 140 45 -c 'demo:driver-drift?clock=stepped' && expect 'gpu3' || return 1
    keys 1 g j L
    expect '< gpu1 >' || return 1
    text drifted
    keys BTab Enter
    expect 'launch drifted' || return 1
    keys 4
    expect 'drifted' && expect 'degraded' && expect 'guest has nv_dispi.inf_amd64_5f3c7a1d9b2e4c68'  || return 1
    line q
    left_sane 0
}
big_node() {
    start 140 45 -c demo:big-node && expect 'gpu15' || return 1
    keys 2
    expect '50' && expect 'systems' || return 1
    keys 3
    expect 'following' || return 1
    line q
    left_sane 0
}
huge() {
    start 140 45 -c demo:huge && expect 'gpu3' || return 1
    keys 2
    expect '10005 systems' || return 1
    keys G /
    text 'wsl'
    keys Enter
    expect '1 of 10005 systems' || return 1
    line q
    left_sane 0
}
two_consoles() {
    machine="demo:still?state=$WORK/machine.state"
    PANE=second
    start 120 40 -c "$machine" && expect 'gpu3' || return 1
    keys 2
    expect '50 systems' || return 1
    PANE=main
    start 120 40 -c "$machine" && expect 'gpu3' || return 1
    keys 1 g j L
    text shared1
    keys BTab Enter
    expect 'done in' || return 1
    PANE=second
    expect '└ shared1' && expect '52 systems' && expect '✓ pass' && absent 'left over' || return 1
    line 'stop shared1'
    expect 'Stop shared1?' || return 1
    keys Tab Enter
    expect 'stop shared1: done' || return 1
    PANE=main
    keys 2
    expect 'left over' && absent 'shared1@vm' || return 1
    line 'rm shared1'
    expect 'Remove shared1?' || return 1
    keys Tab Enter
    expect '50 systems' || return 1
    line q
    left_sane 0 || return 1
    PANE=second
    keys j # takes the notice away, which names it
    absent 'shared1' && expect '50 systems' || return 1
    line q
    left_sane 0
}
check 'no-hypervisor: says so, and how to enable it' no_hypervisor
check 'service-restart: lost with the reason, and live again' service_restart
check 'policy-refused: the launch fails, names the policy and leaves nothing' policy_refused
check 'partitions-exhausted: the launch fails and says what to do' partitions_exhausted
check 'driver-drift: the check is degraded and says why' driver_drift
check 'big-node: 16 GPUs and a flood of events' big_node
check 'huge: 10,000 containers are listed and filtered' huge
PANE=main
check 'two consoles on one state file see the work of each other' two_consoles
finish
