#!/usr/bin/env bash
# Everything there is to check and measure on an NVIDIA card, in 25 minutes at most; needs nvcc, g++ and Python with PyTorch
# there, and no Java if this is a package of pack.sh:
#   run.sh [OUT] [--parts LIST] [--device D] [--emulated]
# OUT (bench/gpu/target/results) gets NAME.txt and NAME.json of every part, and report.md. A part has its own time limit; one that
# fails or cannot run does not stop the others. LIST: some of PARTS below, between commas. --device cpu tries the script, as does
# --emulated: tiny sizes on the libraries of cuda-kernels/target/emulation.
# Exit code 0: no part failed; 1: one did; 2: none could do anything.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

# name and seconds; what matters most comes first
PARTS=(machine:40 kernel-cases:200 training:180 step-times:460 sanitizer:190 memory:70 kernel-times:100 norms:120 peers:130)
readonly WHOLE=1500 # seconds: a part's limit is less where less is left

out='' chosen='' device=cuda:0 emulated=''
while [[ $# -gt 0 ]]; do
    case $1 in
        --parts) chosen=$2; shift ;;
        --device) device=$2; shift ;;
        --emulated) emulated=yes ;;
        -*) sed -n '2,9s/^# //p' "$0" >&2; exit 2 ;;
        *) out=$1 ;;
    esac
    shift
done
mkdir -p "$here/target" "${out:=$here/target/results}"
out=$(cd "$out" && pwd)
export out device emulated

# Where this is a package: its Java, engine and data. What is unpacked stays beside it.
if [[ -e $root/package.tar.xz ]]; then
    export GRADSIEVE_JAVA=$here/target/runtime/bin/java
    export GRADSIEVE_ENGINE=$here/target/engine.jar GRADSIEVE_WINDOWS=$here/target/gpu.jar
    export GRADSIEVE_DATA=$here/target/data GRADSIEVE_NATIVE_DIR=$here/target/natives
    [[ $here/target/unpacked -nt $root/package.tar.xz ]] || {
        python3 -m tarfile -e "$root/package.tar.xz" "$here/target"
        touch "$here/target/unpacked"
    }
fi
if [[ -n $emulated ]]; then
    export GRADSIEVE_CUDA_LIBRARIES=$root/cuda-kernels/target/emulation
fi

# run_part NAME SECONDS: 3 from part.sh says that the machine lacks something
run_part() {
    local name=$1 limit=$2 start=$SECONDS code=0 status why=''
    ((limit <= WHOLE - start)) || limit=$((WHOLE - start))
    rm -f "$out/$name".*
    if ((limit < 5)); then
        status='could not' why='no time left'
    else
        echo "== $name, at most $limit s"
        timeout -k 10 "$limit" bash "$here/part.sh" "$name" 2>&1 | tee "$out/$name.txt" || code=${PIPESTATUS[0]}
        case $code in
            0) status=ok ;;
            3) status='could not' why=$(cat "$out/$name.why") ;;
            124 | 137) status=failed why="not done after $limit s" ;;
            *) status=failed why=$(grep -v '^ *$' "$out/$name.txt" | tail -1 | cut -c1-120) ;;
        esac
    fi
    rm -f "$out/$name.why"
    python3 "$here/report.py" part "$out" "$name" "$status" $((SECONDS - start)) "$why"
    statuses+=("$status")
}

statuses=() names=()
for part in "${PARTS[@]}"; do
    name=${part%:*}
    [[ -z $chosen || ,$chosen, == *,$name,* ]] || continue
    run_part "$name" "${part#*:}"
    names+=("$name")
done
[[ ${#names[@]} -gt 0 ]] || { echo "--parts $chosen: of ${PARTS[*]%:*}" >&2; exit 2; }
python3 "$here/report.py" table "$out" "${names[@]}" | tee "$out/report.md"
[[ " ${statuses[*]} " != *" failed "* ]] || exit 1
[[ " ${statuses[*]} " == *" ok "* ]] || exit 2
