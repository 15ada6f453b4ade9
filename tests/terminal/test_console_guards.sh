#!/bin/sh
# SPDX-License-Identifier: MIT
# What keeps from harm: read-only, confirmations, typed ids, previews, pause, the question on leaving.
. "$(dirname "$0")/lib.sh"
export LC_ALL=C.UTF-8

DOCKER=fe78c3c85d770307f0f16ab2f0553b59cea6ba083b1415a8d9947abdbb87c0e6
WSL=EED44DAF-4F7E-4CF5-82FD-F9C8EBF8DB82

read_only_refuses() {
    start 100 30 --read-only -c "$STEPPED" && expect 'read-only' && expect 'gpu3' || return 1
    for key in L V A D; do
        keys "$key"
        expect 'is refused' || return 1
        keys j
        absent 'is refused' || return 1
    done
    keys 2
    expect 'docker' || return 1
    for key in S R x L A D; do
        keys "$key"
        expect 'is refused' || return 1
        keys j
        absent 'is refused' || return 1
    done
    line "stop $DOCKER"
    expect 'stop is refused' || return 1
    keys 5
    expect 'no jobs yet' || return 1
    keys q
    left_sane 0
}
read_only_previews() {
    start 100 30 --read-only -c "$STEPPED" && expect 'gpu3' || return 1
    keys 2 P
    expect 'Preview what for' || return 1
    keys S
    expect 'nothing was changed' && expect '"call"' || return 1
    keys Escape
    absent '"call"' || return 1
    keys q
    left_sane 0
}
typed_confirmation() {
    start 110 30 -c "$STEPPED" && expect 'gpu3' || return 1
    keys 2 /
    text "$WSL"
    keys Enter
    expect '1 of 50 systems' || return 1
    keys S
    expect 'It was not created by hvgpu' && expect 'Owner: WSL' || return 1
    text "${WSL%2}3" # wrong in its last letter
    keys Tab Enter
    keys Escape
    expect 'nothing was done' || return 1
    expect 'running' || return 1
    keys S
    expect 'Owner: WSL' || return 1
    text "$WSL"
    keys Enter # now the button is chosen, and nothing has happened yet
    expect '[ Stop ]' || return 1
    keys Enter
    expect "stop $WSL: done"
}
foreign_gpus_cannot_be_restored() {
    keys Escape 2
    line "attach $DOCKER --gpu gpu1"
    expect 'cannot be restored' && expect 'Owner: docker' || return 1
    text "$WSL" # the id of another system
    keys Enter Enter
    keys Escape
    expect 'nothing was done' || return 1
    keys q
    left_sane 0
}
preview_sends_nothing() {
    start 100 30 -c "$STEPPED" && expect 'gpu3' || return 1
    keys P
    expect 'Preview what for gpu0?' || return 1
    keys L
    expect 'Show the documents' || return 1
    text demo9
    keys BTab Enter
    expect '"call": "MakeFolder"' && expect 'nothing was changed' || return 1
    line containers
    expect '50 systems' || return 1
    keys 5
    expect 'no jobs yet' || return 1
    keys q
    left_sane 0
}
pause_says_so() {
    start 100 30 -c demo:healthy && expect 'live' && expect 'gpu3' || return 1
    keys p
    expect 'paused' && absent '► live' || return 1
    keys p
    expect '► live' || return 1
    keys q
    left_sane 0
}
leaving_asks_while_rm_runs() {
    start 100 30 -c "$STEPPED" && expect 'gpu3' || return 1
    keys L
    expect '< gpu0 >' || return 1
    text gone1
    keys BTab Up Up Space # the switch "Ends with us"
    expect 'Ends with us   [x]' || return 1
    keys Down Down Enter
    expect 'launch gone1' || return 1
    keys 2
    expect '└ gone1' || return 1
    line q
    expect 'Leave hvgpu?' && expect 'gone1 ends and is removed: it was launched with --rm' || return 1
    keys Enter # Cancel is chosen first
    absent 'Leave hvgpu?' && expect '└ gone1' || return 1
    line q
    expect 'Leave hvgpu?' || return 1
    keys Tab Enter
    left_sane 0
}
check 'read-only refuses every change, and the title says so' read_only_refuses
check 'read-only still shows what would be sent' read_only_previews
check 'a foreign system wants its id typed; a wrong one does nothing' typed_confirmation
check 'attach to a foreign system says what cannot be restored' foreign_gpus_cannot_be_restored
check 'a preview sends nothing' preview_sends_nothing
check 'the title says paused' pause_says_so
check 'leaving asks while a system of --rm runs, and names it' leaving_asks_while_rm_runs
finish
