#!/bin/sh
# SPDX-License-Identifier: MIT
# What clang-format cannot say: banned functions, licence lines, marks of unfinished work, long files
# and functions, headers that do not compile alone. And clang-format where it is installed.
set -u
bad=0
note() {
    echo "style: $1"
    bad=1
}
sources=$(git ls-files -co --exclude-standard '*.c' '*.h')
for f in $sources; do
    [ -f "$f" ] || continue
    head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || note "$f: no SPDX line"
    lines=$(wc -l <"$f")
    case $f in tests/*) cap=1500 ;; *) cap=900 ;; esac
    [ "$lines" -le $cap ] || note "$f: $lines lines (at most $cap): split it by meaning"
done
# shellcheck disable=SC2086
{
banned=$(grep -nE '[^a-zA-Z_](strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|alloca)\(' $sources)
[ -z "$banned" ] || { note 'banned function:'; echo "$banned"; }
marks=$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' $sources)
[ -z "$marks" ] || { note 'unfinished:'; echo "$marks"; }
assign=$(grep -nE '\b(if|while) \(\(?[a-z_>.-]+ = [^=]' $sources)
[ -z "$assign" ] || { note 'assignment in a condition:'; echo "$assign"; }
tabs=$(grep -nP '\t' $sources | head)
[ -z "$tabs" ] || { note 'tab character:'; echo "$tabs"; }
long=$(awk 'length($0) > 100 && !/https?:\/\// {print FILENAME ":" FNR ": " length($0) " columns"}' $(echo $sources | tr ' ' '\n' | grep -vE 'hresult.h|schema_table|gpu_data|scenarios|utf8_width') | head -40)
[ -z "$long" ] || { note 'line over 100 columns:'; echo "$long"; }
}
for h in $(git ls-files -co --exclude-standard 'core/*.h' 'console/*.h'); do
    [ -f "$h" ] || continue
    echo "#include \"$h\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -I. -x c -fsyntax-only - 2>/dev/null ||
        note "$h does not compile alone"
done
if command -v clang-format >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    changed=$(clang-format --dry-run $(git ls-files -co --exclude-standard '*.c') 2>&1 | grep -oE '^[^:]+\.c' | sort | uniq -c)
    [ -z "$changed" ] || { note 'clang-format would change (make format):'; echo "$changed"; }
else
    echo 'style: clang-format is not installed: skipped'
fi
[ $bad = 0 ] && echo 'style: ok'
exit $bad
