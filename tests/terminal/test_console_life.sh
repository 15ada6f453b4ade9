#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job on the real program: launch with a GPU partition, see it inside, take it away, give it
# back, stop, remove. One console from beginning to end; each step stands on the one before.
. "$(dirname "$0")/lib.sh"

launches() {
    start 120 40 -c "$STEPPED" && expect 'NVIDIA RTX 3060' || return 1
    keys 1 j L
    expect '< gpu1 >' || return 1
    text demo1
    expect '"call": "Create"' && expect demo1 || return 1 # the live preview
    keys BTab Enter
    expect 'launch demo1 with gpu1:any' && expect 'create the utility VM' &&
        expect 'give the GPU to the VM' && expect 'done in' || return 1
    expect 'GPU inside the container' && expect 'the GPU is in both the VM and the container'
}
shows_the_verdict() {
    keys 4
    expect 'demo1: the GPU is in both the VM and the container' || return 1
    keys 2
    expect '└ demo1' && expect 'gpu1:any ✓ pass' || return 1
    keys 1
    expect '+1 any' # in the partition map
}
runs_a_command() {
    keys 2
    expect '└ demo1' || return 1
    keys g j x
    expect ':exec demo1 cmd.exe' || return 1
    keys Enter
    expect 'Microsoft Windows [Version' || return 1
    text 'nvidia-smi -L'
    keys Enter
    expect 'GPU 0: NVIDIA RTX 3060' || return 1
    text 'exit 3'
    keys Enter
    expect 'ended with 3' || return 1
    keys Escape
    expect '└ demo1'
}
detaches() {
    keys D
    expect 'Take what from demo1?' || return 1
    keys Enter
    expect 'lose it at once' && expect 'Host: GPU-NODE-1 (SIMULATED)' || return 1
    keys Tab Enter
    expect 'detach demo1: done' && expect '✗ fail' || return 1
    keys 4
    expect 'the GPU is in neither the VM nor the container'
}
attaches_from_the_gpu() {
    keys 1 g j A
    expect 'Give gpu1 to which system?' || return 1
    keys j Enter
    expect 'done in' || return 1
    keys 2
    expect 'gpu1:any' || return 1
    keys 4
    # What the container sees was fixed when it was created.
    expect 'the GPU is in the VM but not in the container' || return 1
    keys 2
    expect '└ demo1'
}
stops() {
    keys S
    expect 'Stop demo1?' && expect 'what has not ended after 30 seconds' || return 1
    keys Enter # Cancel is chosen first
    expect 'nothing was done' || return 1
    keys S Tab Enter
    expect 'stop demo1: done'
}
removes() {
    keys R
    expect 'Remove demo1?' && expect 'cannot be undone' || return 1
    keys Tab Enter
    expect 'done in' && absent '└ demo1' || return 1
    line 'q'
    left_sane 0
}
check 'the form launches a container with a GPU partition, and Jobs shows the steps' launches
check 'the check passes, and containers and map show who holds the partition' shows_the_verdict
check 'exec runs a command inside with input and output' runs_a_command
check 'detach asks, and the verdict changes' detaches
check 'attach from the side of the GPU gives it back to the VM' attaches_from_the_gpu
check 'stop asks first' stops
check 'rm removes it, and :q leaves' removes
finish
