#!/usr/bin/env bash
# Builds kernel-cases-cuda by nvcc and g++ alone, for the machine's first card, with line numbers for compute-sanitizer:
#   build-cases.sh DIR [LIBRARIES]     DIR/kernel-cases-cuda and, without LIBRARIES, DIR/libgradsieve_cuda.so
# LIBRARIES: a folder with libgradsieve_cuda.so and libcudart.so.13 to link to, such as cuda-kernels/target/emulation.
# CUDA_HOME: where CUDA lies, if not in /usr/local/cuda. GRADSIEVE_CUDA_ARCHITECTURE: 90 for one, in place of the card's.
set -euo pipefail
rm -rf "${1:?}/objects"
mkdir -p "$1/objects"
out=$(cd "$1" && pwd)
libraries=${2:+$(cd "$2" && pwd)}
cd "$(dirname "$0")/../.."
home=${CUDA_HOME:-/usr/local/cuda}
nvcc=$home/bin/nvcc
[[ -x $nvcc ]] || nvcc=nvcc

# each COMMAND … : once for every line of the input, put behind it; as many at once as there are cores
each() { xargs -P "$(nproc)" -I{} bash -c 'file={}; "$@" "$file" -o "$0/${file//[\/.]/_}.o"' "$1" "${@:2}"; }

if [[ -z $libraries ]]; then
    architecture=${GRADSIEVE_CUDA_ARCHITECTURE:-$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .)}
    mkdir -p "$out/objects/kernels"
    printf '%s\n' cuda-kernels/src/*.cu | each "$out/objects/kernels" "$nvcc" -std=c++17 -O3 -lineinfo \
        -gencode "arch=compute_$architecture,code=sm_$architecture" -Xcompiler -fPIC -c
    printf '%s\n' cuda-kernels/src/*.cpp | each "$out/objects/kernels" g++ -std=c++17 -O2 -fPIC -Wno-unknown-pragmas \
        "-DGS_ARCHITECTURES=\"\\\"sm_$architecture\\\"\"" -c
    "$nvcc" -shared -cudart shared "$out"/objects/kernels/*.o -o "$out/libgradsieve_cuda.so"
    libraries=$out
    runtime=(-L"$home/lib64" -lcudart "-Wl,-rpath,$home/lib64")
else
    runtime=(-l:libcudart.so.13)
fi
mkdir -p "$out/objects/cases"
kernel-cases/cuda/sources.sh | grep -v '^left out' | each "$out/objects/cases" g++ -std=c++17 -O2 -g1 -DGS_CASES_CUDA \
    -Ikernel-cases -Inative/include -Icuda-kernels/include -c
g++ "$out"/objects/cases/*.o -L"$libraries" -lgradsieve_cuda "${runtime[@]}" "-Wl,-rpath,$libraries" -pthread \
    -o "$out/kernel-cases-cuda"
