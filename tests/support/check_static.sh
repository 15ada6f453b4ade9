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
if command -v clang >/dev/null 2>&1; then
    for f in $sources; do
        # shellcheck disable=SC2046
        clang --analyze --analyzer-output text -Xclang -analyzer-werror -std=c11 -D_GNU_SOURCE -I. \
            $(pkg-config --cflags libcjson ncursesw) -DHVGPU_DATADIR='""' \
            -Xclang -analyzer-disable-checker=security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
            -o /dev/null "$f" || bad=1
    done
else
    echo 'static: clang is not installed: skipped'
fi
[ $bad = 0 ] && echo 'static: ok'
exit $bad
