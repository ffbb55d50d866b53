#!/bin/sh
# check-exports.sh NM LIBRARY: fails if the library shows any other symbol than gs_cuda_*, or none.
found=$("$1" -D --defined-only "$2" | awk '{print $NF}') || exit 1
other=$(echo "$found" | grep -v '^gs_cuda_')
if [ -z "$found" ] || [ -n "$other" ]; then
    echo "$2 shows ${other:-nothing}: it should show gs_cuda_* alone; make functions and templates static or put them in a namespace without a name" >&2
    exit 1
fi
