#!/bin/sh
# SPDX-License-Identifier: MIT
# The direction rules: who may include whom. One line a broken rule, status 1.
set -u
bad=0
forbid() { # forbid WORDS PATTERN FILES...
    words=$1 pattern=$2
    shift 2
    found=$(grep -nE "$pattern" "$@" 2>/dev/null)
    if [ -n "$found" ]; then
        echo "layer: $words"
        echo "$found" | sed 's/^/    /'
        bad=1
    fi
}
core=$(find core -name '*.[ch]')
console=$(find console -name '*.[ch]')
# shellcheck disable=SC2086
{
forbid 'core includes nothing of console' '#include "console/' $core
forbid 'console includes only core/hvgpu.h and core/base/' \
    '#include "core/(([a-gi-z]|h[^v])[^/"]*\.h|engine/)' $console
forbid 'only base/json.c includes cJSON' '#include [<"](cjson/)?cJSON' \
    $(echo $core $console | tr ' ' '\n' | grep -v '^core/base/json.c$')
forbid 'only term_curses.c includes curses' '#include [<"](n?curses|ncursesw/)' \
    $(echo $core $console | tr ' ' '\n' | grep -v '^console/term_curses.c$')
forbid 'no windows.h and no _WIN32 outside the windows folders' '(#include <windows\.h>|\b_WIN32\b)' \
    $(echo $core $console | tr ' ' '\n' | grep -vE '/(win32|windows)/|wait_win32')
forbid 'core does not print' '[^a-z_](printf|puts|putchar|fprintf|perror)\(' \
    $(find core -name '*.c')
forbid 'core does not exit' '[^a-z_](exit|_exit|quick_exit)\(' $(find core -name '*.c')
forbid 'views know no engine and no terminal' '#include "(console/term|core/(engine|job|inbox|model))' \
    $(find console/views -name '*.[ch]')
forbid 'views submit through app_submit' 'hvgpu_submit\(' $(find console/views -name '*.c')
forbid 'base knows nothing above it' '#include "core/([^b]|b[^a])' $(find core/base -name '*.[ch]')
forbid 'the simulated host is known to the registry and itself only' '#include "core/engine/hcs/simulated/' \
    $(find core console -name '*.[ch]' | grep -vE '^core/engine/(engines.c|hcs/simulated/)')
forbid 'engines do not call the public API of hosts' \
    'hvgpu_(open|close|poll|wait|submit|preview|cancel|snapshot)\(' $(find core/engine -name '*.c')
}
[ $bad = 0 ] && echo 'layers: ok'
exit $bad
