#!/bin/sh
# sanitize.sh BUILD JOBS [-DNAME=VALUE ...]: builds and runs the C++ tests under the address and undefined-behaviour sanitizers.
set -e
build=$1
jobs=$2
shift 2
sh "$(dirname "$0")/configure.sh" "$(dirname "$0")/.." "$build" -DGRADSIEVE_SANITIZE=ON "$@"
cmake --build "$build" --parallel "$jobs" -- --no-print-directory
exec ctest --test-dir "$build" --parallel "$jobs" --output-on-failure
