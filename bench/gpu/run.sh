#!/usr/bin/env bash
# Everything there is for GPUs, on a machine with an NVIDIA card, nvcc and PyTorch, from the repository root: bench/gpu/run.sh [DIR]
# JSON files and tables go to DIR; the exit code is 1 if a kernel's result was wrong.
set -euo pipefail
out="${1:-bench/gpu/results}"
mkdir -p "$out"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
bench/gpu/build-norms.sh 2> "$out/nvcc.txt"
right=0
bench/gpu/target/norms all --json "$out/norms.json" | tee "$out/norms.md" || right=1
python3 bench/gpu/peers.py --out "$out/peers.json" | tee "$out/peers.md"
exit $right
