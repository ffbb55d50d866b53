#!/usr/bin/env bash
# Everything there is for GPUs, on a machine with an NVIDIA card, nvcc and PyTorch: bench/gpu/run.sh [DIR]
# JSON files and tables go to DIR (bench/gpu/target/results). Exit code 1: a kernel's result was wrong; 2: something is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
out="${1:-bench/gpu/target/results}"
mkdir -p "$out"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || exit 2
if ! bench/gpu/build-norms.sh 2> "$out/nvcc.txt"; then
    cat "$out/nvcc.txt" >&2
    exit 2
fi
kernels=0
bench/gpu/target/norms all --json "$out/norms.json" | tee "$out/norms.md" || kernels=$?
python3 bench/gpu/peers.py --out "$out/peers.json" | tee "$out/peers.md" || exit 2
exit $kernels
