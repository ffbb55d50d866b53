#!/bin/sh
# Builds bench/gpu/target/norms for sm_90 (nvcc 12 or newer), or with "cpu" the emulated check, which needs CUDA's headers alone.
#   build-norms.sh [FILE]        build-norms.sh cpu [FILE]
# CUDA_HOME: where CUDA lies, if not in /usr/local/cuda; without it the nvcc of the PATH builds too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/target"
home=${CUDA_HOME:-/usr/local/cuda}
nvcc=$home/bin/nvcc
[ -x "$nvcc" ] || nvcc=nvcc
if [ "${1:-}" = cpu ]; then
    g++ -std=c++17 -O2 -g -Wall -Wextra -Wno-unknown-pragmas -DGS_EMULATED -isystem "$home/include" -x c++ "$here/norms.cu" -pthread \
        -o "${2:-$here/target/norms-cpu}"
else
    "$nvcc" -std=c++17 -O3 -lineinfo -gencode=arch=compute_90,code=sm_90 \
        -gencode=arch=compute_90,code=compute_90 -Xptxas -v,-warn-spills,-warn-lmem-usage -Werror all-warnings -Xcompiler -Wall \
        "$here/norms.cu" -o "${1:-$here/target/norms}"
fi
