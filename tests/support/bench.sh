#!/bin/sh
# SPDX-License-Identifier: MIT
# Numbers of core, and of the console beside htop and btop where ptybench.py is at hand.
# usage: bench.sh BUILD_FOLDER
set -u
out=$1
for bench in "$out"/tests/bench/bench_*; do
    case $bench in *.[od]) continue ;; esac
    "$bench" || exit 1
done
bench=${PTYBENCH:-../shared/tools/ptybench.py}
if [ -e "$bench" ] && command -v python3 >/dev/null 2>&1; then
    python3 tests/support/budgets.py "$(dirname "$(dirname "$bench")")" "$out" --compare
else
    echo 'ptybench.py is not at hand (set PTYBENCH): the console is not measured'
fi
