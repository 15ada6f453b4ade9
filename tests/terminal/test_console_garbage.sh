#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing that a keyboard or a broken line can send ends the console, and it can still be left.
. "$(dirname "$0")/lib.sh"

# The same bytes in every run: awk's generator with a fixed seed.
random_keys() { # random_keys SEED COUNT: key names for tmux, one a line
    awk -v seed="$1" -v count="$2" 'BEGIN {
        srand(seed)
        n = split("Up Down Left Right Home End PPage NPage Enter Escape Tab BTab BSpace DC Space " \
            "F1 F5 C-a C-b C-d C-e C-f C-k C-l C-n C-p C-r C-u C-w M-x M-Enter", special, " ")
        for (i = 0; i < count; i++) {
            if (rand() < 0.4) {
                print special[int(rand() * n) + 1]
            } else {
                c = int(rand() * 94) + 33
                # q and ctrl-c leave, which is what they are for; ; ends a command of tmux
                if (c == 113 || c == 59) c = 106
                printf "%c\n", c
            }
        }
    }'
}
presses_random_keys() {
    start 100 30 -c "$STEPPED" && expect 'gpu3' || return 1
    for seed in 1 2 3 4; do
        random_keys "$seed" 500 >"$WORK/keys"
        split -l 100 "$WORK/keys" "$WORK/keys."
        for part in "$WORK"/keys.*; do
            # shellcheck disable=SC2046
            tm send-keys -t "$PANE" -- $(set -f; cat "$part")
            alive || { echo "# ended in $part of seed $seed"; screen | sed 's/^/# |/'; return 1; }
        done
        rm -f "$WORK"/keys.*
    done
    still_works
}
still_works() {
    tries=20 # whatever is open is closed: dialog, prompt, form, views
    while [ $tries -gt 0 ]; do
        keys Escape
        sleep 0.05
        tries=$((tries - 1))
        screen | grep -q '/ filter' && break
    done
    resize 110 30
    line 'containers'
    expect '2 Containers' && expect 'systems' || return 1
    line 'q'
    sleep 0.2
    if screen | grep -qF 'Leave hvgpu?'; then keys Tab Enter; fi
    left_sane 0
}
takes_garbage_bytes() {
    start 100 30 -c "$STEPPED" && expect 'gpu3' || return 1
    for seed in 1 2 3; do
        # Any byte but 0, 3 (ctrl-c), 26 (ctrl-z), 17, 19 (flow), q; as hexadecimal for tmux.
        bytes=$(awk -v seed="$seed" 'BEGIN {
            srand(seed)
            for (i = 0; i < 600; i++) {
                b = int(rand() * 255) + 1
                if (rand() < 0.1) b = 27
                if (b == 3 || b == 26 || b == 17 || b == 19 || b == 28 || b == 113) b = 195
                printf "%02x ", b
            }
        }')
        # shellcheck disable=SC2086
        tm send-keys -t "$PANE" -H $bytes
        alive || { echo "# ended with seed $seed"; return 1; }
    done
    # Sequences that are cut, too long, or mean nothing.
    for sequence in '\033[' '\033[999;999;999;999;999;999~' '\033[<0;99999;99999M' '\033[M' '\033O' \
        '\033]52;c;AAAA' '\033P+q' '\033[200~pasted :stop q' '\033[201~' '\377\376\300\200'; do
        # shellcheck disable=SC2046,SC2059
        tm send-keys -t "$PANE" -H $(printf "$sequence" | od -An -tx1)
        sleep 0.05
        alive || { echo "# ended after $sequence"; return 1; }
    done
    still_works
}
check '2,000 random keys do not end it' presses_random_keys
check 'garbage bytes and broken sequences do not end it' takes_garbage_bytes
finish
