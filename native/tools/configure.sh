#!/bin/sh
# configure.sh BUILD [-DNAME=VALUE ...]: CMake's configuration of native/, quiet unless it fails.
build=$1
shift
mkdir -p "$build"
cmake -S "$(dirname "$0")/.." -B "$build" -DCMAKE_RULE_MESSAGES=OFF -DCMAKE_TARGET_MESSAGES=OFF "$@" \
    > "$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
