#!/usr/bin/env bash
# A folder under 45 MB with all that run.sh needs on a machine with an NVIDIA card, nvcc, g++ and PyTorch, but without Java:
#   pack.sh DIR [--cifar PATH]         then, there:  DIR/run.sh
# The sources of kernels and their cases, bench/gpu, and, unpacked at the first run, a jlinked Java runtime, engine.jar and the
# images of data.sh, CIFAR-10 maybe from PATH. DIR/MANIFEST lists every file with size and SHA-256. JAVA_HOME: the JDK to take.
set -euo pipefail
[[ $# -gt 0 && $1 != -* ]] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
dir=$1
cifar=cifar10
[[ ${2:-} != --cifar ]] || cifar=$3
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
[[ -z $(ls -A "$dir") || -e $dir/MANIFEST ]] || { echo "$dir: is not empty, and no package" >&2; exit 2; }
cifar=$([[ -e $cifar ]] && realpath "$cifar" || echo "$cifar")
cd "$(dirname "$0")/../.."
readonly MOST_BYTES=45000000
bin=${JAVA_HOME:+$JAVA_HOME/bin/}

build() {
    mvn -q -DskipTests package
    "${bin}jar" --list --file engine.jar | grep -c '/libgradsieve_cuda.so$' > /dev/null || {
        echo "engine.jar has no CUDA kernels: no nvcc here" >&2
        exit 1
    }
    rm -rf "${dir:?}"/*
    cp LICENSE NOTICE "$dir"
}

# package.tar.xz: runtime/, engine.jar, gpu.jar, data/. Little in it is compressed by itself: xz does that better over the whole.
archive() {
    local modules scratch jar=("${bin}jar" --create --no-compress --date 2026-01-01T00:00:00Z --file)
    scratch=$(mktemp -d)
    # The modules that the jar names, but java.desktop: it reads PNG and JPEG files, and none are here.
    modules=$("${bin}jdeps" --ignore-missing-deps --print-module-deps --multi-release 17 engine.jar)
    modules=$(tr , '\n' <<< "$modules" | grep -vx java.desktop | paste -sd ,)
    echo "runtime of $modules"
    "${bin}jlink" --add-modules "$modules" --strip-debug --no-man-pages --no-header-files --compress=0 \
        --output "$scratch/runtime"
    "${jar[@]}" "$scratch/gpu.jar" -C bench/target/classes io/gradsieve/bench/gpu
    mkdir "$scratch/engine"
    (cd "$scratch/engine" && "${bin}jar" --extract --file "$OLDPWD/engine.jar" &&
        "${jar[@]}" ../engine.jar --manifest META-INF/MANIFEST.MF .)
    GRADSIEVE_JAVA=${bin}java bench/gpu/data.sh "$scratch/data" "$cifar"
    tar -C "$scratch" --sort=name --owner=0 --group=0 --mtime=@0 -c runtime engine.jar gpu.jar data | xz -6 > "$dir/package.tar.xz"
    rm -rf "$scratch"
}

sources() {
    local files=(cuda-kernels/include cuda-kernels/src kernel-cases native/include bench/peers/models.py bench/gpu/norms
        bench/gpu/*.sh bench/gpu/*.py bench/gpu/norms.cu)
    cp -r --parents "${files[@]}" "$dir"
    find "$dir" -name __pycache__ -prune -exec rm -rf {} +
    printf '#!/bin/sh\nexec "$(dirname "$0")/bench/gpu/run.sh" "$@"\n' > "$dir/run.sh"
    chmod +x "$dir/run.sh"
}

manifest() {
    (cd "$dir" && find . -type f ! -name MANIFEST -printf '%P\n' | LC_ALL=C sort | while IFS= read -r file; do
        printf '%10d  %s  %s\n' "$(stat -c %s "$file")" "$(sha256sum < "$file" | cut -d' ' -f1)" "$file"
    done > MANIFEST)
}

for step in build archive sources manifest; do
    $step
done
bytes=$(du -sb "$dir" | cut -f1)
(cd "$dir" && du -b -d1 -a . | sort -rn)
((bytes < MOST_BYTES)) || { echo "$dir: $bytes bytes, more than $MOST_BYTES" >&2; exit 1; }
