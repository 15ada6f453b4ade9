# SPDX-License-Identifier: MIT
# Faults, step by step, each in processes of their own on a machine in a state file: the launcher is
# killed, the host refuses, hangs or answers nonsense at the n-th call of a launch, for every n. In
# the end the machine holds nothing of it, or what it holds is listed and can be removed.
. "$HVGPU_SOURCE/tests/terminal/shell.sh"
export HVGPU_TIMEOUT_MS=300
PICK=${FAULT_EVERY:-7} # 1: every call

plain="demo:still?clock=stepped"
IMAGE=mcr.microsoft.com/windows/server:ltsc2022
GPU=gpu1

# scenario KIND N WORD: a machine whose N-th changing call with WORD in its document meets the fault
scenario() {
    cat >"$WORK/s.json" <<EOF
{"name": "fault", "base": "still",
 "faults": [{"call": "change", "nth": $2, "do": "$1", "match": $3}]}
EOF
}

# clean: nothing of hvgpu is on the machine and nothing is listed; else undoes what is listed
clean() {
    HOST="demo:$WORK/s.json?state=$WORK/m.json&clock=stepped"
    run 0 containers --json || return 1
    json leftovers/# >/dev/null 2>&1 || { echo '# no list of leftovers in the JSON'; return 1; }
    while [ "$(json leftovers/#)" != 0 ]; do
        journal=$(json leftovers/0/journal)
        run 0 rm "$journal" || return 1
        run 0 containers --json || return 1
        rounds=$((rounds + 1))
        [ $rounds -lt 20 ] || { echo '# leftovers never end'; return 1; }
    done
    while id=$(json 'systems/[owner=hvgpu]/id'); do
        case $id in *@vm) id=${id%@vm} ;; esac
        run 0 rm --force "$id" || return 1
        run 0 containers --json || return 1
        rounds=$((rounds + 1))
        [ $rounds -lt 20 ] || { echo '# systems never end'; return 1; }
    done
    if [ "$("$JSONGET" machine/files/# <"$WORK/m.json")" != 0 ]; then
        echo '# files of the launch are still on the host:'
        "$JSONGET" machine/files <"$WORK/m.json" | cut -c 1-400 | sed 's/^/# /'
        return 1
    fi
}

# at_every KIND: the fault at the n-th changing call of a launch, for n up to past its last one
at_every() {
    n=1
    met=0
    while [ $n -le 40 ]; do
        rounds=0
        rm -rf "$WORK"/m.json* "$XDG_STATE_HOME"
        scenario "$1" "$n" null
        HOST="demo:$WORK/s.json?state=$WORK/m.json&clock=stepped"
        # A call of the host's files that hangs cannot be timed out: then the launcher is killed.
        timeout -s KILL 4 "$HVGPU_PROGRAM" -c "$HOST" launch --name fault1 --image "$IMAGE" --gpu "$GPU" \
            ping -t 127.0.0.1 >"$WORK/out" 2>"$WORK/err" </dev/null
        status=$?
        cp "$WORK/err" "$WORK/launch.err"
        case $status in
        0) ;;
        1 | 3 | 137) met=$((met + 1)) ;;
        *)
            echo "# $1 at call $n: status $status"
            sed 's/^/# /' "$WORK/err" | tail -n 20
            return 1
            ;;
        esac
        if [ $status = 1 ] && ! grep -q '^hvgpu: ' "$WORK/err"; then
            echo "# $1 at call $n: failed without a word"
            return 1
        fi
        # After a launch that met no fault the next call would: the machine goes on without faults.
        scenario "$1" 0 '"no document holds this"'
        if ! clean; then
            echo "# $1 at call $n (launch ended with $status):"
            sed 's/^/# launch: /' "$WORK/launch.err" | tail -n 12
            return 1
        fi
        n=$((n + PICK))
    done
    echo "# $1: $met launches met the fault"
    [ $met -gt 3 ]
}

killed() { at_every kill; }
killed_after() { at_every kill-after; }
refused() { at_every fail; }
hung() { at_every hang; }

check 'killed before changing calls' killed
check 'killed after changing calls' killed_after
check 'refused at changing calls' refused
check 'hung at changing calls' hung
finish
