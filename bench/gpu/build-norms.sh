#!/usr/bin/env bash
# Builds bench/gpu/target/norms for sm_90 (nvcc 12 or newer), or with "cpu" the emulated check, by g++ alone, on the stand-ins of
# cuda-kernels/target/emulation (any build with Maven makes these).
#   build-norms.sh [FILE]        build-norms.sh cpu [FILE]
# CUDA_HOME: where CUDA lies, if not in /usr/local/cuda; without it the nvcc of the PATH builds too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernels=$here/../../cuda-kernels
# What of the library the benchmark calls.
sources=("$here/norms.cu" "$kernels/src/status.cpp")
for name in conv2d_backward_weights conv2d_backward_weights_3x3 conv2d_backward_weights_any conv2d_gram_norms linear_norms \
    batchnorm_backward_sums; do
    sources+=("$kernels/src/$name.cu")
done

# compile COMMAND …: each source to an object, as many at once as there are cores
compile() {
    printf '%s\n' "${sources[@]}" |
        xargs -P "$(nproc)" -I{} bash -c 'file={}; "$@" -c "$file" -o "$0/$(basename "$file").o"' "$objects" "$@"
}

mkdir -p "$here/target"
objects=$(mktemp -d "$here/target/norms.XXXXXX")
trap 'rm -rf "$objects"' EXIT
if [[ ${1:-} == cpu ]]; then
    libraries=$kernels/target/emulation
    [[ -e $libraries/libcudart.so.13 ]] || { echo "no stand-ins in $libraries: cmake builds them from cuda-kernels" >&2; exit 1; }
    libraries=$(cd "$libraries" && pwd)
    for name in block fault fiber launch shared warp; do
        sources+=("$kernels/emulation/kernel_$name.cpp")
    done
    compile g++ -std=c++17 -O2 -g1 -Wall -Wextra -Wno-unknown-pragmas -ffp-contract=off -fno-strict-aliasing -fno-math-errno -march=native \
        -DGS_EMULATED "-I$kernels/src" -x c++
    g++ "$objects"/*.o -L"$libraries" -l:libcudart.so.13 "-Wl,-rpath,$libraries" -pthread -o "${2:-$here/target/norms-cpu}"
else
    nvcc=${CUDA_HOME:-/usr/local/cuda}/bin/nvcc
    [[ -x $nvcc ]] || nvcc=nvcc
    compile "$nvcc" -std=c++17 -O3 -lineinfo -gencode=arch=compute_90,code=sm_90 -gencode=arch=compute_90,code=compute_90 \
        -Xptxas -v,-warn-spills,-warn-lmem-usage -Werror all-warnings -Xcompiler -Wall "-I$kernels/src"
    "$nvcc" "$objects"/*.o -o "${1:-$here/target/norms}"
fi
