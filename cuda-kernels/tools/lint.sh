#!/bin/sh
# lint.sh DIRECTORY: the rules of kernel source that a compiler does not hold. Prints "file:line: rule, do this instead"; fails if any.
# (Atomics on floats do not compile in the emulation.)
status=0
for file in "$1"/*.cu "$1"/*.h; do
    [ -e "$file" ] || continue
    awk -v name="$(basename "$file")" '
        function wrong(rule) { printf "%s:%d: %s\n", FILENAME, FNR, rule; bad = 1 }
        function code(line,  at) { # without comments and strings
            gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
            if (inside) {
                at = index(line, "*/")
                if (!at) return ""
                line = substr(line, at + 2)
                inside = 0
            }
            while ((at = index(line, "/*")) > 0) {
                rest = substr(line, at + 2)
                line = substr(line, 1, at - 1)
                at = index(rest, "*/")
                if (!at) { inside = 1; break }
                line = line " " substr(rest, at + 2)
            }
            sub(/\/\/.*/, "", line)
            return line
        }
        FNR == 1 && !/^\/\*/ { wrong("no comment at the top, say formula, shapes, = or +=, bytes moved") }
        { line = code($0) }
        name == "device.h" { next }
        line ~ /(^|[^A-Za-z0-9_])__shared__/ { wrong("bare __shared__, use GS_SHARED or GS_DYNAMIC_SHARED") }
        line ~ /<<</ { wrong("launch by hand, use GS_LAUNCH") }
        line ~ /(^|[^A-Za-z0-9_])(asm|__asm__)([^A-Za-z0-9_]|$)/ { wrong("inline PTX, which the emulation has not, use an intrinsic") }
        line ~ /cooperative_groups/ { wrong("cooperative groups, use __syncthreads, __syncwarp and shuffles") }
        line ~ /__CUDA_ARCH__/ { wrong("__CUDA_ARCH__, one text for all cards; what differs goes into device.h") }
        line ~ /__activemask|__match_(any|all)_sync|__reduce_[a-z]+_sync/ { wrong("not on every card or order-dependent, use a shuffle or __ballot_sync") }
        line ~ /(^|[^A-Za-z0-9_])(printf|malloc|free|memcpy|memset)[ ]*\(/ { wrong("a library call that the checks do not see, write the loop") }
        line ~ /cuda[A-Z][A-Za-z]*\(/ { wrong("a call of the runtime, what kernels need of it is in device.h") }
        line ~ /#[ ]*include[ ]*<(cuda|mma|cooperative)/ { wrong("a header of CUDA, device.h brings them") }
        END { exit bad }' "$file" || status=1
done
exit $status
