#!/bin/sh
# SPDX-License-Identifier: MIT
# Numbers of core, and of the console beside htop and btop where ptybench.py is at hand.
# usage: bench.sh BUILD_FOLDER      PTYBENCH: where ptybench.py is (default ../shared/tools)
set -u
out=$1
echo 'Core'
for bench in "$out"/tests/bench/bench_*; do
    case $bench in *.[od]) continue ;; esac
    "$bench" || exit 1
done
bench=${PTYBENCH:-../shared/tools/ptybench.py}
echo
if [ -e "$bench" ] && command -v python3 >/dev/null 2>&1; then
    echo 'Console, on a pseudo-terminal of 120x40'
    python3 tests/support/budgets.py "$(dirname "$(dirname "$bench")")" "$out" --compare
else
    echo 'Console: ptybench.py is not at hand (set PTYBENCH), so it is not measured'
fi
