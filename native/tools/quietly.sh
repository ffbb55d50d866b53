#!/bin/sh
# quietly.sh LOG COMMAND...: runs the command; what it printed is shown only where it fails.
log=$1
shift
"$@" > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
