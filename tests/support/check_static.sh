#!/bin/sh
# SPDX-License-Identifier: MIT
# Static analysis with what is installed: cppcheck and clang's analyzer; says what it skipped.
set -u
bad=0
sources=$(find core console -name '*.c')
if command -v cppcheck >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    cppcheck --quiet --std=c11 --language=c -j 2 --enable=warning,portability --inline-suppr \
        --suppress=missingIncludeSystem --error-exitcode=1 -I. -D_GNU_SOURCE $sources || bad=1
else
    echo 'static: cppcheck is not installed: skipped'
fi
# The checkers of clang whose findings are facts within one file. Null pointers and memory that cross
# files by reference counts are the sanitizers' part: the analyzer sees one file and guesses there.
if command -v clang >/dev/null 2>&1; then
    # shellcheck disable=SC2046,SC2086
    echo $sources | tr ' ' '\n' | xargs -P 2 -I {} clang --analyze --analyzer-output text \
        -Xclang -analyzer-werror -std=c11 -D_GNU_SOURCE -I. \
        $(pkg-config --cflags libcjson ncursesw) '-DHVGPU_DATADIR=""' \
        -Xclang -analyzer-disable-checker=security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
        -Xclang -analyzer-disable-checker=core.NullDereference \
        -Xclang -analyzer-disable-checker=core.NonNullParamChecker \
        -Xclang -analyzer-disable-checker=unix.cstring.NullArg \
        -Xclang -analyzer-disable-checker=unix.Malloc -o /dev/null {} || bad=1
else
    echo 'static: clang is not installed: skipped'
fi
[ $bad = 0 ] && echo 'static: ok'
exit $bad
