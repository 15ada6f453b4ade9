#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds every fuzz target with clang's libFuzzer and runs each for some seconds over its kept corpus
# and a scratch one. usage: fuzz.sh FOLDER SECONDS
set -u
out=$1 seconds=$2
if ! command -v clang >/dev/null 2>&1; then
    echo 'fuzz: clang is not installed: skipped'
    exit 0
fi
mkdir -p "$out"
flags="-std=c11 -g -O1 -D_GNU_SOURCE -pthread -I. -DHVGPU_DATADIR=\"\" $(pkg-config --cflags libcjson)"
core=$(find core -name '*.c' | sort)
bad=0
mkdir -p "$out/core"
for f in $core; do
    o="$out/core/$(echo "$f" | tr / _).o"
    if [ ! -e "$o" ] || [ "$f" -nt "$o" ]; then
        # shellcheck disable=SC2086
        clang $flags -fsanitize=fuzzer-no-link,address,undefined -c "$f" -o "$o" || exit 1
    fi
done
for f in tests/fuzz/fuzz_*.c; do
    name=$(basename "$f" .c)
    short=${name#fuzz_}
    extra=
    case $short in theme) extra='console/theme.c console/role.c console/colour.c' ;; esac
    # shellcheck disable=SC2086,SC2046
    clang $flags -fsanitize=fuzzer,address,undefined "$f" $extra "$out"/core/*.o \
        $(pkg-config --libs libcjson) -o "$out/$name" || { bad=1; continue; }
    mkdir -p "$out/corpus/$short"
    if (cd "$out" && ./"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
        -verbosity=0 -artifact_prefix="$short-" "corpus/$short" "$OLDPWD/tests/fuzz/corpus/$short") >"$out/$name.log" 2>&1; then
        echo "ok $name: $seconds s, $(ls "tests/fuzz/corpus/$short" | wc -l) kept inputs, nothing found"
    else
        echo "not ok $name"
        tail -n 40 "$out/$name.log"
        bad=1
    fi
done
exit $bad
