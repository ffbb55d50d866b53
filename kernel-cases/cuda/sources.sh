#!/bin/sh
# What kernel-cases-cuda is made of, one file a line, and "left out FILE" for the others: the adapters in this folder, and every file of
# the CPU library's cases for which adapters define each function of gradsieve.h that it calls, and that takes nothing else of that
# library.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cases=$(dirname "$here")

names() { grep -ohE 'gs_[a-z0-9_]+\(' | sort -u; }

for file in "$here"/*.cpp; do echo "$file"; done
defined=$(cat "$here"/*.cpp | grep -ohE '(int|char\*) gs_[a-z0-9_]+\(' | names; echo 'gs_last_error(')
for file in "$cases"/*.cpp; do
    case $file in */main.cpp | *_reference.cpp) continue ;; esac
    called=$(names < "$file" | grep -vxF "$defined") || called=
    if [ -n "$called" ] || grep -qE 'native/src/|Ceilings::' "$file"; then
        echo "left out $file"
    else
        echo "$file"
        case $file in */conv2d_backward_weights.cpp) echo "$cases/conv2d_reference.cpp" ;; esac
    fi
done
