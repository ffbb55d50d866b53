#!/bin/sh
# ptxas-table.sh TABLE LOG...: a line for each kernel and architecture from what `ptxas -v` said, and one for all of them on the console.
# Fails if a kernel spills registers.
set -e
table=$1
shift
awk '
    /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2]; architecture = quoted[4] }
    /bytes stack frame/ { stack = $1; spills = $5 + $9 }
    /Used [0-9]+ registers/ {
        registers = shared = 0
        for (i = 2; i <= NF; i++) {
            if ($i ~ /^registers/) registers = $(i - 1)
            if ($i ~ /^smem/) shared = $(i - 2)
        }
        print kernel, architecture, registers, shared, stack, spills
    }' "$@" | sort | c++filt -p | sed 's/(anonymous namespace):://g; s/gradsieve:://g' >"$table.rows"
{
    echo "registers  shared  stack  spills  architecture  kernel"
    awk '{
        name = $1
        for (i = 2; i <= NF - 5; i++) name = name " " $i
        printf "%9d %7d %6d %7d  %-12s  %s\n", $(NF - 3), $(NF - 2), $(NF - 1), $NF, $(NF - 4), name
    }' "$table.rows"
} >"$table"
rm "$table.rows"
awk 'NR > 1 {
        architectures[$5] = 1
        name = $6
        for (i = 7; i <= NF; i++) name = name " " $i
        kernels[name] = 1
        spills += $4
        if ($1 > most) { most = $1; whose = name " on " $5 }
    }
    END {
        for (k in kernels) count++
        for (a in architectures) cards++
        printf "ptxas: %d kernels for %d architectures, most registers %d (%s), spills %d bytes\n", count, cards, most, whose, spills
        exit spills > 0
    }' "$table"
