#!/bin/sh
# configure.sh SOURCE BUILD [-DNAME=VALUE ...]: CMake's configuration, quiet unless it fails.
source=$1
build=$2
shift 2
mkdir -p "$build"
cmake -S "$source" -B "$build" -DCMAKE_RULE_MESSAGES=OFF -DCMAKE_TARGET_MESSAGES=OFF "$@" \
    > "$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
