/*
 * The second half of form B: over a chunk of per-sample gradients each[chunk][elements] that lies in L2,
 *     partial[group][e] = or += Σ each[sample][e],   shares[sample][slice] = Σ each[sample][e]² over the slice's elements.
 * A warp owns a slice of 128·V elements and every groups-th sample.
 */
#pragma once

#include "device.h"

using namespace gradsieve;

template <int V>
__global__ void __launch_bounds__(256)
    norm_accumulate(const float* __restrict__ each, int chunk, int elements, float* __restrict__ partial, int first, int groups,
                    float* __restrict__ shares) {
    const int slices = elements / (128 * V), lane = static_cast<int>(threadIdx.x % 32);
    const int warp = static_cast<int>(blockIdx.x * 8 + threadIdx.x / 32), slice = warp % slices, group = warp / slices;
    const int start = group < groups ? group : chunk; /* warps too many do nothing */
    const size_t at = static_cast<size_t>(slice) * (128 * V) + static_cast<size_t>(lane * 4);
    float4 total[V];
#pragma unroll
    for (int v = 0; v < V; v++) total[v] = make_float4(0, 0, 0, 0);
    for (int sample = start; sample < chunk; sample += groups) {
        const float* from = each + static_cast<size_t>(sample) * static_cast<size_t>(elements) + at;
        float4 value[V];
        float square = 0;
#pragma unroll
        for (int v = 0; v < V; v++) value[v] = load4(from + 128 * v);
#pragma unroll
        for (int v = 0; v < V; v++) {
            for (float x : {value[v].x, value[v].y, value[v].z, value[v].w}) square = fmaf(x, x, square);
            add4(total[v], value[v]);
        }
        square = warp_sum(square);
        if (lane == 0) shares[static_cast<size_t>(sample) * static_cast<size_t>(slices) + static_cast<size_t>(slice)] = square;
    }
    if (group < groups) {
        float* to = partial + static_cast<size_t>(group) * static_cast<size_t>(elements) + at;
#pragma unroll
        for (int v = 0; v < V; v++) {
            if (!first) add4(total[v], load4(to + 128 * v));
            store4(to + 128 * v, total[v]);
        }
    }
}
