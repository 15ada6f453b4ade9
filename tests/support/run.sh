#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the built test programs and the terminal scripts, a few at a time, each with a time limit and a
# home of its own, and prints one line each and the totals.
# usage: run.sh BUILD_FOLDER [NAME...]   NAME: only tests whose path contains it
set -u
out=$1
shift
limit=${TEST_LIMIT:-120}
work=$(mktemp -d "${TMPDIR:-/tmp}/hvgpu-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
out=$(cd "$out" && pwd) || exit 1
export HVGPU_PROGRAM="$out/hvgpu" HVGPU_BUILD="$out" HVGPU_SOURCE="$PWD"
export LC_ALL=C.UTF-8 TZ=UTC
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=0:exitcode=66}"
unset HVGPU_HOST HVGPU_THEME NO_COLOR 2>/dev/null

one() { # one TEST: runs it with a home of its own, leaves NAME.log and NAME.rc
    name=$(echo "$1" | tr / _)
    home="$work/$name.home"
    mkdir -p "$home"
    (
        export HOME="$home" XDG_STATE_HOME="$home/state" XDG_CONFIG_HOME="$home/config" TMPDIR="$home"
        case $1 in
        *.sh) timeout -k 5 "$limit" sh "$1" ;;
        *) timeout -k 5 "$limit" "$1" ;;
        esac
    ) >"$work/$name.log" 2>&1 </dev/null
    echo $? >"$work/$name.rc"
    rm -rf "$home"
}
export work limit

tests=$(ls "$out"/tests/unit/test_* "$out"/tests/console/test_* tests/terminal/test_*.sh 2>/dev/null |
    grep -v '\.[od]$' | grep -v '\.gc[dn][oa]$')
if [ $# -gt 0 ]; then
    tests=$(for t in $tests; do for n; do case $t in *"$n"*) echo "$t" ;; esac done; done | sort -u)
fi
[ -n "$tests" ] || { echo "no test matches"; exit 1; }

started=$(date +%s)
jobs=${TEST_JOBS:-4}
running=0
for t in $tests; do
    one "$t" &
    running=$((running + 1))
    if [ $running -ge "$jobs" ]; then
        wait
        running=0
    fi
done
wait

# A failure on a busy machine is tried once more, alone, and that is said. What a sanitizer reported
# is never tried again.
for t in $tests; do
    name=$(echo "$t" | tr / _)
    if [ "$(cat "$work/$name.rc" 2>/dev/null || echo 99)" != 0 ] &&
        ! grep -qE 'ThreadSanitizer|AddressSanitizer|LeakSanitizer|runtime error:' "$work/$name.log"; then
        echo "second try: $t"
        tail -n 25 "$work/$name.log" | sed 's/^/    first try: /'
        one "$t"
    fi
done

passed=0 failed=0 skipped=0
for t in $tests; do
    name=$(echo "$t" | tr / _)
    log="$work/$name.log" rc=$(cat "$work/$name.rc" 2>/dev/null || echo 99)
    p=$(grep -c '^\[       OK \]' "$log")
    f=$(sed -n 's/^ *\([0-9][0-9]*\) FAILED TEST(S).*/\1/p' "$log" | tail -n 1)
    f=${f:-0}
    s=$(sed -n 's/^\[  SKIPPED \] \([0-9][0-9]*\) test.*/\1/p' "$log" | tail -n 1)
    s=${s:-0}
    case $t in *.sh)
        p=$(grep -c '^ok ' "$log") f=$(grep -c '^not ok ' "$log") s=$(grep -c '^skip ' "$log") ;;
    esac
    words=ok
    if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then words="TIMEOUT after $limit s"; fi
    if [ "$rc" != 0 ] && [ "$f" = 0 ]; then f=1; fi
    if [ "$p" = 0 ] && [ "$f" = 0 ] && [ "$s" = 0 ]; then f=1; words="ran nothing"; fi
    if [ "$f" != 0 ]; then
        [ "$words" = ok ] && words="FAILED (status $rc)"
        printf '%s\n' "---- $t"
        tail -n "${TEST_TAIL:-60}" "$log"
        printf '%s\n' "----"
    fi
    printf '%-44s %4d passed %3d failed %3d skipped  %s\n' "${t#"$out"/}" "$p" "$f" "$s" "$words"
    grep '^skip ' "$log" | sed 's/^/    /'
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$(($(date +%s) - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
