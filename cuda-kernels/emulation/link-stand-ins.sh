#!/bin/sh
# link-stand-ins.sh FROM TO: links to all stand-ins for CUDA's libraries in FROM, in TO beside other kernels.
set -e
for library in "$1"/lib*.so.*; do
    ln -sf "$(realpath --relative-to="$2" "$library")" "$2/$(basename "$library")"
done
