/*
 * sum_partials: gradient[e] = Σ_lane partial[lane][e] and norms[sample] = Σ_part parts[sample][part], in a fixed order. The
 * first gradient_blocks blocks do the gradient, 256 / slices elements each, slices threads an element; the rest the norms, a
 * warp a sample.
 *
 * norm_accumulate (second half of form B): over a chunk of per-sample gradients each[chunk][elements] that lies in L2,
 *     partial[group][e] = or += Σ each[sample][e],   parts[sample][slice] = Σ each[sample][e]² over the slice's elements.
 * A warp owns a slice of 128·V elements and every groups-th sample.
 */
#pragma once

#include "device.cuh"

__global__ void __launch_bounds__(256)
    sum_partials(float* __restrict__ gradient, const float* __restrict__ partial, int elements, int lanes, int slices,
                 int gradient_blocks, float* __restrict__ norms, const float* __restrict__ parts, int batch, int parts_a_sample) {
    SHARED(float, sums, 256);
    const int t = threadIdx.x, block = blockIdx.x;
    if (block < gradient_blocks) {
        const int width = 256 / slices, element = block * width + t % width;
        float sum = 0;
        if (element < elements) {
#pragma unroll 8
            for (int lane = t / width; lane < lanes; lane += slices) sum += partial[static_cast<size_t>(lane) * elements + element];
        }
        sums[t] = sum;
        __syncthreads();
        if (t < width && element < elements) {
            for (int slice = 1; slice < slices; slice++) sum += sums[slice * width + t];
            gradient[element] = sum;
        }
    } else {
        const int sample = (block - gradient_blocks) * 8 + t / 32;
        float sum = 0;
        if (sample < batch) {
            for (int part = t % 32; part < parts_a_sample; part += 32)
                sum += parts[static_cast<size_t>(sample) * parts_a_sample + part];
        }
        sum = warp_sum(sum);
        if (sample < batch && t % 32 == 0) norms[sample] = sum;
    }
}

template <int V>
__global__ void __launch_bounds__(256)
    norm_accumulate(const float* __restrict__ each, int chunk, int elements, float* __restrict__ partial, int first, int groups,
                    float* __restrict__ parts) {
    const int slices = elements / (128 * V), lane = threadIdx.x % 32;
    const int warp = blockIdx.x * 8 + threadIdx.x / 32, slice = warp % slices, group = warp / slices;
    const int start = group < groups ? group : chunk; /* warps too many do nothing */
    const size_t at = static_cast<size_t>(slice) * (128 * V) + lane * 4;
    float4 total[V];
#pragma unroll
    for (int v = 0; v < V; v++) total[v] = make_float4(0, 0, 0, 0);
    for (int sample = start; sample < chunk; sample += groups) {
        const float* from = each + static_cast<size_t>(sample) * elements + at;
        float4 value[V];
        float square = 0;
#pragma unroll
        for (int v = 0; v < V; v++) value[v] = *reinterpret_cast<const float4*>(from + 128 * v);
#pragma unroll
        for (int v = 0; v < V; v++) {
            square = fmaf(value[v].x, value[v].x, square);
            square = fmaf(value[v].y, value[v].y, square);
            square = fmaf(value[v].z, value[v].z, square);
            square = fmaf(value[v].w, value[v].w, square);
            total[v].x += value[v].x;
            total[v].y += value[v].y;
            total[v].z += value[v].z;
            total[v].w += value[v].w;
        }
        square = warp_sum(square);
        if (lane == 0) parts[static_cast<size_t>(sample) * slices + slice] = square;
    }
    if (group < groups) {
        float* to = partial + static_cast<size_t>(group) * elements + at;
#pragma unroll
        for (int v = 0; v < V; v++) {
            float4 sum = total[v];
            if (!first) {
                const float4 before = *reinterpret_cast<const float4*>(to + 128 * v);
                sum.x += before.x;
                sum.y += before.y;
                sum.z += before.z;
                sum.w += before.w;
            }
            *reinterpret_cast<float4*>(to + 128 * v) = sum;
        }
    }
}
