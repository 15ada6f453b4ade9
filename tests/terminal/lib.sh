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
trap 'tmux -L "$SOCKET" kill-server 2>/dev/null; rm -rf "$WORK"' EXIT

tm() { tmux -L "$SOCKET" -f /dev/null "$@"; }

# start WIDTH HEIGHT ARGUMENTS...: a shell in a terminal, then the program in it
start() {
    width=$1 height=$2
    shift 2
    tm kill-server 2>/dev/null
    tm new-session -d -x "$width" -y "$height" \
        "env ${START_ENV:-} PS1='\$ ' sh --norc 2>/dev/null || env PS1='\$ ' sh"
    tm set-option -g status off 2>/dev/null
    tm send-keys "clear; '$HVGPU_PROGRAM' $* ; echo status=\$?" Enter
}
screen() { tm capture-pane -p; }
keys() { tm send-keys "$@"; }
text() { tm send-keys -l "$1"; }
resize() { tm resize-window -x "$1" -y "$2"; }

# expect TEXT [SECONDS]: waits until the screen holds the text
expect() {
    tries=$((${2:-10} * 20))
    while [ $tries -gt 0 ]; do
        if screen | grep -qF -- "$1"; then return 0; fi
        sleep 0.05
        tries=$((tries - 1))
    done
    echo "# expected on the screen: $1"
    screen | sed 's/^/# |/'
    return 1
}
# absent TEXT [SECONDS]: waits until the text is gone
absent() {
    tries=$((${2:-10} * 20))
    while [ $tries -gt 0 ]; do
        if ! screen | grep -qF -- "$1"; then return 0; fi
        sleep 0.05
        tries=$((tries - 1))
    done
    echo "# still on the screen: $1"
    screen | sed 's/^/# |/'
    return 1
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
