#!/bin/sh
# check-stand-ins.sh DIRECTORY: it must hold every library that a program on a GPU loads, each whole with the others in it alone.
status=0
for library in libcuda.so.1 libcudart.so.13 libcublasLt.so.13 libcublas.so.13 libcudnn_graph.so.9 libcudnn_ops.so.9 \
    libcudnn_cnn.so.9 libcudnn_adv.so.9 libcudnn_engines_precompiled.so.9 libcudnn_engines_runtime_compiled.so.9 \
    libcudnn_heuristic.so.9 libcudnn.so.9 libnccl.so.2 libgradsieve_cuda.so; do
    if [ ! -e "$1/$library" ]; then
        echo "$1/$library is not there"
        status=1
        continue
    fi
    missing=$(env -u LD_LIBRARY_PATH ldd -r "$1/$library" 2>&1 | grep -E 'not found|undefined symbol')
    if [ -n "$missing" ]; then
        echo "$1/$library: $missing"
        status=1
    fi
done
exit $status
