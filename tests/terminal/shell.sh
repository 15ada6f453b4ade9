# SPDX-License-Identifier: MIT
# Helps the tests of the shell commands. Sourced by test_shell_*.sh.

: "${HVGPU_PROGRAM:?}" "${HVGPU_BUILD:?}"
WORK=$(mktemp -d)
FAILED=0
trap 'rm -rf "$WORK"' EXIT
JSONGET="$HVGPU_BUILD/tests/support/jsonget_main"

# run STATUS ARGUMENTS...: runs hvgpu on $HOST; output in $WORK/out and $WORK/err
run() {
    want=$1
    shift
    "$HVGPU_PROGRAM" -c "$HOST" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    got=$?
    if [ "$got" != "$want" ]; then
        echo "# hvgpu $*: status $got, expected $want"
        sed 's/^/# out: /' "$WORK/out" | tail -n 20
        sed 's/^/# err: /' "$WORK/err" | tail -n 20
        return 1
    fi
}
# json PATH: a value of the last output
json() { "$JSONGET" "$1" <"$WORK/out"; }
# is PATH VALUE: the last output's value
is() {
    found=$(json "$1")
    if [ "$found" != "$2" ]; then
        echo "# $1 is \"$found\", expected \"$2\""
        return 1
    fi
}
has() { # has FILE TEXT
    if ! grep -qF -- "$2" "$WORK/$1"; then
        echo "# $1 does not hold: $2"
        sed 's/^/# |/' "$WORK/$1" | tail -n 30
        return 1
    fi
}
hasnt() {
    if grep -qF -- "$2" "$WORK/$1"; then
        echo "# $1 holds: $2"
        return 1
    fi
}
check() {
    if "$2"; then
        echo "ok $1"
    else
        echo "not ok $1"
        FAILED=1
    fi
}
finish() { exit "$FAILED"; }
