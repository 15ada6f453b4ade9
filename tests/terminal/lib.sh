# SPDX-License-Identifier: MIT
# Helps the terminal tests: the real program in tmux, keys in, screen out. Sourced by test_*.sh.
# Every test function prints "ok NAME" or "not ok NAME" with the screen that disappointed.

: "${HVGPU_PROGRAM:?}"
if ! command -v tmux >/dev/null 2>&1; then
    echo 'skip tmux is not installed: no terminal tests'
    exit 0
fi
SOCKET="hvgpu-test-$$"
WORK=$(mktemp -d)
FAILED=0
PANE=main
# Time jumps instead of passing, and nothing moves by itself: what a key does is there at once.
STEPPED='demo:still?clock=stepped'
trap 'tmux -L "$SOCKET" kill-server 2>/dev/null
    rm -rf "$WORK" 2>/dev/null || { sleep 0.5; rm -rf "$WORK"; }' EXIT

tm() { tmux -L "$SOCKET" -f /dev/null "$@"; }
unset TMUX
tm start-server \; set-option -g exit-empty off \; set-option -g status off \; \
    set-option -g default-terminal screen-256color \; set-option -sg escape-time 0

quoted() { # the arguments, each quoted for a shell
    for word; do
        printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
    done
}

# shell WIDTH HEIGHT: a shell in a terminal of its own; START_ENV holds NAME=VALUE words for it
shell() {
    tm kill-session -t "$PANE" 2>/dev/null
    # shellcheck disable=SC2086
    tm new-session -d -s "$PANE" -x "$1" -y "$2" \
        "env -u ENV ${START_ENV:-} PS1='ready> ' sh"
    expect 'ready>'
}
# start WIDTH HEIGHT ARGUMENTS...: the program in a terminal of its own. Its process id is left in
# $WORK/$PANE.pid; when it has ended, the screen says status=N.
start() {
    width=$1 height=$2
    shift 2
    rm -f "$WORK/$PANE.pid"
    cat >"$WORK/$PANE.run" <<EOF
stty -a | sed 's/rows [0-9]*; columns [0-9]*;//' >'$WORK/$PANE.before'
sh -c 'echo \$\$ >"$WORK/$PANE.pid"; exec "\$@"' sh '$HVGPU_PROGRAM' $(quoted "$@")
STATUS=\$?
stty -a | sed 's/rows [0-9]*; columns [0-9]*;//' >'$WORK/$PANE.after'
echo status=\$STATUS
EOF
    shell "$width" "$height" >/dev/null || return 1
    tm send-keys -t "$PANE" "clear; . '$WORK/$PANE.run'" Enter
}
program() { cat "$WORK/$PANE.pid"; }
screen() { tm capture-pane -p -t "$PANE"; }
keys() { tm send-keys -t "$PANE" "$@"; }
text() { tm send-keys -t "$PANE" -l "$1"; }
line() { # a line on the ':' prompt
    keys :
    text "$1"
    keys Enter
}
resize() { tm resize-window -t "$PANE" -x "$1" -y "$2"; }
flag() { tm display-message -p -t "$PANE" "#{$1}"; }
alive() { kill -0 "$(program)" 2>/dev/null; }

# until_true SECONDS COMMAND...: repeats it until it succeeds
until_true() {
    tries=$(($1 * 25))
    shift
    while [ $tries -gt 0 ]; do
        if "$@"; then return 0; fi
        sleep 0.04
        tries=$((tries - 1))
    done
    return 1
}
holds() { screen | grep -qF -- "$1"; }
lacks() { ! screen | grep -qF -- "$1"; }
# expect TEXT [SECONDS]: waits until the screen holds the text
expect() {
    until_true "${2:-${EXPECT_SECONDS:-10}}" holds "$1" && return 0
    echo "# expected on the screen: $1"
    screen | sed 's/^/# |/'
    return 1
}
# absent TEXT [SECONDS]: waits until the text is gone
absent() {
    until_true "${2:-${EXPECT_SECONDS:-10}}" lacks "$1" && return 0
    echo "# still on the screen: $1"
    screen | sed 's/^/# |/'
    return 1
}
same() { # same FOUND WANTED WHAT
    [ "$1" = "$2" ] && return 0
    echo "# $3 is \"$1\", expected \"$2\""
    return 1
}
# left_sane STATUS: the program ended so, and the terminal is as it was before
left_sane() {
    expect "status=$1" && same "$(flag alternate_on)" 0 'alternate screen' &&
        same "$(flag cursor_flag)" 1 'cursor' && same "$(flag mouse_any_flag)" 0 'mouse' || return 1
    if ! cmp -s "$WORK/$PANE.before" "$WORK/$PANE.after"; then
        echo '# stty -a differs'
        diff "$WORK/$PANE.before" "$WORK/$PANE.after" | sed 's/^/# /'
        return 1
    fi
    text 'echo typed-$((40 + 2))'
    keys Enter
    expect typed-42
}

# check NAME FUNCTION: runs one test
check() {
    if "$2"; then
        echo "ok $1"
    else
        echo "not ok $1"
        FAILED=1
    fi
}
finish() { exit "$FAILED"; }
