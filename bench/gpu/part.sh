#!/usr/bin/env bash
# One part of run.sh, which sets out, device and emulated: part.sh NAME. Exit code 3: the machine lacks what OUT/NAME.why says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
java=${GRADSIEVE_JAVA:-java}
engine=${GRADSIEVE_ENGINE:-$root/engine.jar}
cases=$here/target/cases
tiny=${emulated:+--tiny}
readonly SEED=3

could_not() {
    echo "$*" | tee "$out/$part.why"
    exit 3
}

have() { command -v "$1" > /dev/null || [[ -x ${CUDA_HOME:-/usr/local/cuda}/bin/$1 ]]; }

need_card() {
    [[ -n $emulated ]] || nvidia-smi -L > /dev/null 2>&1 || could_not "no NVIDIA card here: nvidia-smi finds none"
}

need_device() { [[ $device == cpu ]] || need_card; }

need_engine() {
    "$java" -version > /dev/null 2>&1 || could_not "no Java here; pack.sh makes a package that brings it"
    [[ -e $engine ]] || could_not "no engine.jar: mvn -q -DskipTests package"
}

need_torch() { python3 -c 'import torch' 2> /dev/null || could_not "no PyTorch here: python3 cannot import torch"; }

need_cases() { [[ -x $cases/kernel-cases-cuda ]] || could_not "no kernel-cases-cuda: the part kernel-cases builds it"; }

# check NAME COMMAND …: goes on when it fails, and tells at the end of the part
failed=()
check() {
    local code=0
    echo "-- $1"
    "${@:2}" || code=$?
    [[ $code -eq 0 ]] || failed+=("$1 (exit code $code)")
}

# all_fine: the part's last line names what failed
all_fine() {
    [[ ${#failed[@]} -eq 0 ]] || { printf 'failed: %s\n' "$(IFS=,; echo "${failed[*]}")"; exit 1; }
}

machine() {
    local about
    nproc
    lscpu | grep -E '^(Model name|CPU\(s\))' || true
    nvidia-smi || true
    "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" --version 2> /dev/null || nvcc --version || echo "no nvcc"
    g++ --version | head -1 || echo "no g++"
    about='import torch; print(torch.__version__, torch.version.cuda, torch.backends.cudnn.version())'
    echo "PyTorch, its CUDA and cuDNN: $(python3 -c "$about" 2> /dev/null || echo none)"
    need_engine
    "$java" -jar "$engine" doctor || true
    need_card
}

kernel_cases() {
    need_card
    have g++ || could_not "no g++ here"
    if [[ -n $emulated ]]; then
        [[ -e $GRADSIEVE_CUDA_LIBRARIES/libgradsieve_cuda.so ]] || could_not "no stand-ins: cmake builds them from cuda-kernels"
        "$here/build-cases.sh" "$cases" "$GRADSIEVE_CUDA_LIBRARIES"
        "$cases/kernel-cases-cuda" test --seed $SEED --case '^(add|sgd_update|bias)'
        return
    fi
    have nvcc || could_not "no nvcc here"
    "$here/build-cases.sh" "$cases"
    local seed
    for seed in 1 2 $SEED; do
        check "seed $seed" "$cases/kernel-cases-cuda" test --seed "$seed"
    done
    check "little shared memory" env GRADSIEVE_CUDA_SHARED=49152 "$cases/kernel-cases-cuda" test --seed 4
    # The library that the engine brings, for all cards, in place of the one just built.
    "$java" -jar "$engine" doctor --unpack "$out/natives" > /dev/null 2>&1 || true
    local shipped
    shipped=$(find "$out/natives" -name libgradsieve_cuda.so 2> /dev/null | head -1)
    [[ -z $shipped ]] || check "the engine's library" env LD_PRELOAD="$shipped" "$cases/kernel-cases-cuda" test --seed 5
    all_fine
}

# watched TOOL SECONDS COMMAND …: what is not done by then has found nothing so far
watched() {
    local code=0
    timeout -k 5 "$2" "$sanitizer" --tool "$1" --target-processes all --error-exitcode 9 "${@:3}" || code=$?
    [[ $code -ne 124 ]] || { echo "$1: nothing found in $2 s, not done"; return 0; }
    return $code
}

sanitizer() {
    need_card
    [[ -z $emulated ]] || could_not "compute-sanitizer needs a card; the emulation checks by itself"
    have compute-sanitizer || could_not "no compute-sanitizer here"
    sanitizer=$(command -v compute-sanitizer || echo "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer")
    local tool short=("$java" -jar "$engine" train --data digits --epochs 1 --sieve none --eval-every 9 --overwrite
        --progress none --device "$device" --precision fp32 --out "$out/runs/sanitizer")
    if [[ -x $cases/kernel-cases-cuda ]]; then
        for tool in memcheck racecheck; do
            check "kernels under $tool" watched $tool 40 "$cases/kernel-cases-cuda" test --seed $SEED
        done
    fi
    need_engine
    check "mlp under memcheck" watched memcheck 40 "${short[@]}" --model mlp
    check "mlp under racecheck" watched racecheck 40 "${short[@]}" --model mlp
    all_fine
}

training() {
    need_device
    need_engine
    if [[ -z ${GRADSIEVE_ENGINE:-} && -z $emulated ]]; then # not a package, which brings them
        export GRADSIEVE_DATA=$here/target/data
        [[ -e $GRADSIEVE_DATA/cifar10/test_batch.bin ]] || "$here/data.sh" "$GRADSIEVE_DATA" || true
    fi
    python3 "$here/accuracy.py" "$out" --device "$device" $tiny
}

kernel_times() {
    need_card
    [[ -z $emulated ]] || could_not "times of the emulation mean nothing"
    need_cases
    "$cases/kernel-cases-cuda" time
    python3 "$here/report.py" kernels "$out"
}

step_times() {
    need_device
    need_engine
    python3 "$here/steps.py" "$out" --device "$device" $tiny ${emulated:+--emulated} --seconds-budget 420
}

memory() {
    need_device
    need_engine
    python3 "$here/memory.py" "$out" --device "$device" $tiny
}

norms() {
    need_card
    if [[ -n $emulated ]]; then
        "$here/build-norms.sh" cpu
        "$here/target/norms-cpu" check --small --seed $SEED
        return
    fi
    have nvcc || could_not "no nvcc here"
    "$here/build-norms.sh" 2> "$out/nvcc.txt" || { cat "$out/nvcc.txt"; exit 1; }
    "$here/target/norms" all --json "$out/norms.data.json"
}

# Ceilings and cuDNN's passes; its training steps are in step-times. All of it: peers.py alone, six minutes.
peers() {
    need_card
    [[ -z $emulated ]] || could_not "PyTorch needs a card"
    need_torch
    python3 "$here/peers.py" --parts ceilings,convs --seconds-budget 110 --out "$out/peers.data.json"
}

part=$1
"${part//-/_}"
