#!/bin/sh
# compile.sh LOG COMMAND...: runs the compiler and keeps what ptxas says of each kernel; shows it only where the compiler fails.
log=$1
shift
if "$@" >"$log" 2>&1; then exit 0; fi
grep -v '^ptxas info\|bytes stack frame.* 0 bytes spill stores' "$log" >&2
rm -f "$log"
exit 1
