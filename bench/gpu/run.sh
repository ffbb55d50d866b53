#!/usr/bin/env bash
# What a GPU backend has to beat, on a machine with an NVIDIA card, from the repository root: bench/gpu/run.sh [DIR]
set -euo pipefail
out="${1:-bench/gpu/results}"
mkdir -p "$out"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
python3 bench/gpu/peers.py --out "$out/peers.json"
