#!/bin/sh
# SPDX-License-Identifier: MIT
# The terminal itself: every size, suspend and continue, every way to end, every kind of terminal.
. "$(dirname "$0")/lib.sh"

resizes() {
    start 120 40 -c "$STEPPED" && expect 'gpu3' || return 1
    keys 2
    expect '50 systems' || return 1
    for size in '300 100' '80 24' '40 12' '20 5' '20 2' '1 1' '2 30' '200 3' '120 40'; do
        # shellcheck disable=SC2086
        resize $size
        keys j
        sleep 0.1
        alive || { echo "# ended at $size"; return 1; }
    done
    expect '50 systems' && expect '1 GPUs' || return 1
    resize 40 12
    expect 'SIMULATED' && expect 'live' && absent '1 GPUs' || return 1
    resize 20 5
    absent 'GPU-NODE-1' && expect 'SIMULATED' && expect 'live' || return 1
    resize 120 40
    expect '50 systems'
}
small_dialogs() { # a dialog, a form and a menu survive every size too
    for opened in 'S' 'L' 'a' '?' ':' '/' 's' 'i'; do
        keys 2
        keys "$opened"
        for size in '40 12' '20 5' '20 2' '1 1' '100 30'; do
            # shellcheck disable=SC2086
            resize $size
            sleep 0.06
        done
        alive || { echo "# ended with $opened open"; return 1; }
        keys Escape
        sleep 0.06
        keys Escape
        sleep 0.06
    done
    line q
    left_sane 0
}
stops_and_goes_on() {
    start 100 30 -c "$STEPPED" && expect 'gpu3' || return 1
    keys C-z
    absent 'gpu3' && same "$(flag alternate_on)" 0 'alternate screen' &&
        same "$(flag cursor_flag)" 1 'cursor' || return 1
    text 'echo between-$((40 + 2))'
    keys Enter
    expect 'between-42' || return 1
    text fg
    keys Enter
    expect 'gpu3' && same "$(flag alternate_on)" 1 'alternate screen' || return 1
    keys 2
    expect '50 systems' || return 1
    keys C-c
    until_true 5 ended || return 1
    text '. '
    text "$WORK/sane"
    keys Enter
    expect 'typed-42'
}
ended() { ! alive; }
killed_by() { # killed_by SIGNAL STATUS
    start 100 30 -c "$STEPPED" && expect 'gpu3' || return 1
    kill -"$1" "$(program)"
    left_sane "$2"
}
hang_up() { killed_by HUP 129; }
terminated() { killed_by TERM 143; }
crashed() {
    # The program's own handler is what is tested, not the sanitizers'.
    START_ENV='ASAN_OPTIONS=handle_segv=0 TSAN_OPTIONS=handle_segv=0'
    killed_by SEGV 139
    result=$?
    START_ENV=
    return $result
}
aborted() { killed_by ABRT 134; }

kinds_of_terminal() {
    for kind in vt100 vt220 linux xterm xterm-256color screen tmux-256color ansi; do
        infocmp "$kind" >/dev/null 2>&1 || continue
        START_ENV="TERM=$kind"
        # On the Linux console curses loads libgpm, which keeps ten bytes for itself.
        [ "$kind" = linux ] && START_ENV="TERM=$kind ASAN_OPTIONS=detect_leaks=0"
        start 100 30 -c "$STEPPED"
        expect 'gpu3' && expect 'SIMULATED' || { echo "# TERM=$kind"; return 1; }
        keys 2
        expect '50 systems' || return 1
        keys q
        left_sane 0 || { echo "# TERM=$kind"; return 1; }
    done
    START_ENV=
}
unknown_terminal() {
    START_ENV="TERM=no-such-terminal"
    start 100 30 -c "$STEPPED"
    START_ENV=
    expect 'status=' && expect 'no-such-terminal' && lacks 'gpu3│' &&
        same "$(flag alternate_on)" 0 'alternate screen'
}
dumb_terminal() {
    START_ENV="TERM=dumb"
    start 100 40 -c "$STEPPED"
    START_ENV=
    expect 'status=0' && same "$(flag alternate_on)" 0 'alternate screen' || return 1
    tm capture-pane -p -S - -t "$PANE" >"$WORK/dumb"
    grep -qF 'a terminal of type dumb cannot show the console' "$WORK/dumb" &&
        grep -qF 'NVIDIA RTX 3060' "$WORK/dumb"
}
escapes_in() { tm capture-pane -e -p -t "$PANE"; }
no_colour() {
    START_ENV="NO_COLOR=1"
    start 100 30 -c "$STEPPED"
    START_ENV=
    expect 'gpu3' || return 1
    if escapes_in | grep -q "$(printf '\033')\[[0-9;]*[34][0-8][;m]"; then
        echo '# colours in spite of NO_COLOR'
        return 1
    fi
    keys q
    left_sane 0 || return 1
    start 100 30 -c "$STEPPED"
    expect 'gpu3' || return 1
    escapes_in | grep -q "$(printf '\033')\[[0-9;]*[34][0-8][;m]" || {
        echo '# no colours without NO_COLOR'
        return 1
    }
    keys q
    left_sane 0
}
ascii_only() {
    START_ENV="LC_ALL=C"
    start 120 40 -c "$STEPPED"
    START_ENV=
    expect 'gpu3' || return 1
    for key in 1 a Escape L Escape 2 d d S Escape '?' Escape 3 4 5 6; do
        keys "$key"
        sleep 0.08
        if screen | LC_ALL=C grep -n '[^ -~]'; then
            echo "# not ASCII after $key"
            return 1
        fi
    done
    line q
    left_sane 0
}
broken_theme() {
    printf '{\n  "name": "broken",\n  "roles": {\n    "title": {"fg": "nocolour"}\n  }\n}\n' \
        >"$WORK/broken.json"
    start 300 30 --theme "$WORK/broken.json" -c "$STEPPED"
    expect 'status=2' && expect 'broken.json' && expect 'line 4: ' && expect 'a colour is' || return 1
    printf '{\n  "name": "broken",\n' >"$WORK/broken.json"
    start 300 30 --theme "$WORK/broken.json" -c "$STEPPED"
    expect 'status=2' && expect 'broken.json' && expect 'line '
}
cat >"$WORK/sane" <<'EOF'
echo typed-$((40 + 2))
EOF
check 'every size from 300x100 to 1x1 and back' resizes
check 'dialogs, forms and menus survive every size' small_dialogs
check 'ctrl-z gives the terminal back, fg takes it again' stops_and_goes_on
check 'SIGHUP leaves the terminal sane' hang_up
check 'SIGTERM leaves the terminal sane' terminated
check 'a crash (SIGSEGV) leaves the terminal sane' crashed
check 'an abort leaves the terminal sane' aborted
check 'vt100, linux, xterm and their like' kinds_of_terminal
check 'an unknown TERM is refused in words' unknown_terminal
check 'TERM=dumb gets the report' dumb_terminal
check 'NO_COLOR means no colour' no_colour
check 'LC_ALL=C: nothing but ASCII' ascii_only
check 'a broken theme is refused with file, line and reason' broken_theme
finish
