#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is needed to build, run and test: does nothing where all is there, uses apt where
# there is apt (with sudo unless root), and prints the exact command elsewhere.
set -eu

missing=
need() { # need PACKAGE TEST...
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
need gcc sh -c 'command -v cc || command -v gcc'
need libc6-dev test -e /usr/include/stdlib.h
need pkg-config command -v pkg-config
need libcjson-dev pkg-config --exists libcjson
need libncurses-dev pkg-config --exists ncursesw
need libcmocka-dev pkg-config --exists cmocka
need tmux command -v tmux
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "missing:$missing" >&2
            echo "run as root: apt-get update && apt-get install -y$missing" >&2
            exit 1
        fi
        as_root=sudo
    fi
    echo "installing:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
elif command -v dnf >/dev/null 2>&1; then
    echo "run: sudo dnf install gcc make pkgconf-pkg-config cjson-devel ncurses-devel libcmocka-devel tmux" >&2
    exit 1
elif command -v pacman >/dev/null 2>&1; then
    echo "run: sudo pacman -S --needed gcc make pkgconf cjson ncurses cmocka tmux" >&2
    exit 1
elif command -v brew >/dev/null 2>&1; then
    echo "run: brew install pkg-config cjson ncurses cmocka tmux" >&2
    exit 1
else
    echo "install a C compiler, pkg-config, cJSON, ncurses (wide), cmocka and tmux, then try again" >&2
    exit 1
fi
