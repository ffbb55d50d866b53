#!/usr/bin/env bash
# Parts of Fashion-MNIST (12,000 + 2,000 images) and CIFAR-10 (4,000 + 1,000), as --data-dir takes them: data.sh DIR [CIFAR]
# They come from where --data finds them, CIFAR-10 also from CIFAR, which is anything --data takes. Exit code 1: one is missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
subset=("${GRADSIEVE_JAVA:-java}" -cp "$root/engine.jar:$root/bench/target/classes" io.gradsieve.bench.gpu.Subset)
code=0
"${subset[@]}" fashion-mnist 12000 2000 "$1/fashion-mnist" || code=1
"${subset[@]}" "${2:-cifar10}" 4000 1000 "$1/cifar10" || { echo "CIFAR-10 from elsewhere: $0 $1 PATH" >&2; code=1; }
exit $code
