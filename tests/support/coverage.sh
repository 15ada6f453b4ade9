#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the line coverage of core/, per file and in total, from gcov's data. Fails under 85 %.
# usage: coverage.sh FOLDER
set -u
out=$1
find "$out/core" -name '*.gcda' | while read -r data; do
    gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null
done | awk -v least="${LEAST:-85}" '
    /^File / { gsub(/\x27/, ""); file = $2; keep = file ~ /^core\/.*\.c$/ && !(file in seen) }
    /^Lines executed:/ && keep {
        split($0, part, /[:% ]+/); share = part[3]; n = $NF
        seen[file] = 1; lines += n; hit += n * share / 100
        printf "%6.1f %%  %5d lines  %s\n", share, n, file; keep = 0
    }
    END {
        if (lines == 0) { print "coverage: no data"; exit 1 }
        printf "coverage of core: %.1f %% of %d lines\n", 100 * hit / lines, lines
        exit 100 * hit / lines < least
    }'
