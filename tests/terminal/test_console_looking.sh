#!/bin/sh
# SPDX-License-Identifier: MIT
# Finding things: filter, commands with completion, help, inspect with search, sort.
. "$(dirname "$0")/lib.sh"

first_row() { screen | sed -n 4p; }
first_row_is() { first_row | grep -qF -- "$1"; }
row_is() {
    until_true 5 first_row_is "$1" && return 0
    echo "# the first row is \"$(first_row)\", expected $1"
    return 1
}

filters() {
    start 120 30 -c "$STEPPED" && expect 'gpu3' || return 1
    keys 2 /
    text 'wsl'
    keys Enter
    expect '1 of 50 systems' && expect 'EED44DAF' || return 1
    keys /
    keys C-u
    text 'owner:docker'
    keys Enter
    expect '46 of 50 systems' || return 1
    keys /
    keys C-u
    text 'own:docker !fe78 "Hyper-V"' # the beginning of a field's name is enough
    keys Enter
    expect '45 of 50 systems' || return 1
    keys /
    keys C-u
    text 'nothing has this'
    keys Enter
    expect 'no row matches the filter' || return 1
    keys Escape
    absent ' of 50 systems'
}
completes_commands() {
    keys :
    text 'imag'
    keys Tab
    expect ':images' || return 1
    keys Enter
    expect 'example/render:1.2' || return 1
    keys :
    text 'sort bui'
    keys Tab
    expect ':sort build' || return 1
    keys Enter
    line 'containerz'
    expect 'no command "containerz"; the nearest are' && expect 'containers' || return 1
    line 'view checks'
    expect 'nothing was checked yet' || return 1
    line 'theme light'
    absent 'Theme' || return 1
    line 'theme nosuchtheme'
    expect 'nosuchtheme' || return 1
    keys Escape Escape
    line 'about'
    expect 'hvgpu 0.1.0' || return 1
    keys Escape
    line 'read-only on'
    expect 'read-only'
}
shows_help() {
    keys 3
    expect 'no events yet' || return 1
    keys '?'
    expect 'Actions here' && expect ':freeze' || return 1
    keys /
    text 'half a page'
    keys Enter
    expect 'ctrl-u' || return 1
    keys Escape Escape
    expect 'no events yet' || return 1
    keys 1
    keys '?'
    expect ':launch' || return 1
    keys q
    expect 'gpu3'
}
inspects() {
    keys 2 i
    expect '"properties"' || return 1
    keys /
    text 'RuntimeId'
    keys Enter
    expect 'RuntimeId' || return 1
    keys n N
    keys Escape Escape
    expect '50 systems' || return 1
    keys 1 g j i
    expect '"vram_bytes": 12' || return 1
    keys Escape
    expect 'gpu3'
}
sorts() {
    keys 2
    line 'sort none'
    expect '50 systems' || return 1
    keys s
    expect 'Sort by which column?' || return 1
    keys Escape
    line 'sort memory'
    keys g
    row_is '16.0 GiB' || return 1 # numbers begin with the greatest
    keys r g
    absent '16.0 GiB' || return 1
    line 'sort nosuchcolumn'
    expect 'nosuchcolumn' || return 1
    line 'sort name'
    keys g
    row_is '2a5e' || return 1 # digits count as numbers
    keys r g
    row_is 'fe78'
}
selection_moves() {
    keys g j j k G
    expect '2a5e' || return 1
    keys g C-d C-u PPage NPage Home
    row_is 'fe78' || return 1
    keys Tab
    expect 'no events yet' || return 1
    keys BTab
    row_is 'fe78' || return 1
    keys q
    left_sane 0
}
check 'the filter takes words, field:value, !not and "two words"' filters
check 'commands are completed, and unknown ones answered with the nearest' completes_commands
check '? shows the keys of the view, and is searched' shows_help
check 'inspect shows the whole JSON, and is searched' inspects
check 's, r and :sort order the list' sorts
check 'keys move, and Tab goes from view to view' selection_moves
finish
