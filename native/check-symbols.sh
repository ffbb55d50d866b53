#!/bin/sh
# check-symbols.sh NM OBJECT...: fails if an object of the kernels defines a weak symbol (an inline function with external
# linkage), for the linker would keep one instruction set's copy for all.
nm=$1
shift
found=$("$nm" -AC --defined-only "$@" | grep -E ' [WwVu] ')
if [ -n "$found" ]; then
    echo "$found" >&2
    echo "weak symbols in kernel objects: make these functions and templates static, call nothing of the C++ library" >&2
    exit 1
fi
