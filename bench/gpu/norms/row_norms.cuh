/*
 * linear_norms: norms[sample] = (Σ a²) · (Σ δ²), the squared norm of the weight gradient δ aᵀ of one row; a [B][inputs], δ [B][outputs],
 * both multiples of 4. THREADS threads a row, 256 a block. Reads every byte once: 4·B·(inputs + outputs).
 *
 * normalisation_norms: of a batch or group norm, s[c] = Σ_t δ x̂ and h[c] = Σ_t δ of one sample;
 *     norms[sample] = Σ_c s² + h²,   partial[lane][0][c] = Σ s, partial[lane][1][c] = Σ h over the lane's samples,
 * δ and x̂ [B][T][C], C / 4 a power of two up to 32. A block walks over the samples lane, lane + lanes, …; a thread owns four
 * channels of every (1024 / C)-th position. Reads every byte once: 8·B·T·C.
 */
#pragma once

#include "device.cuh"

__device__ __forceinline__ float square_sum(const float* row, int count, int thread, int threads) {
    float sum[4] = {0, 0, 0, 0};
#pragma unroll 4
    for (int i = thread * 4; i < count; i += threads * 4) {
        const float4 v = *reinterpret_cast<const float4*>(row + i);
        sum[0] = fmaf(v.x, v.x, sum[0]);
        sum[1] = fmaf(v.y, v.y, sum[1]);
        sum[2] = fmaf(v.z, v.z, sum[2]);
        sum[3] = fmaf(v.w, v.w, sum[3]);
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <int THREADS>
__global__ void __launch_bounds__(256) linear_norms(const float* __restrict__ a, const float* __restrict__ delta, int batch, int inputs,
                                                    int outputs, float* __restrict__ norms) {
    constexpr int ROWS = 256 / THREADS, WARPS = THREADS / 32;
    SHARED(float, sums, 16);
    const int t = threadIdx.x % THREADS, sample = blockIdx.x * ROWS + threadIdx.x / THREADS;
    float a2 = 0, delta2 = 0;
    if (sample < batch) {
        a2 = square_sum(a + static_cast<size_t>(sample) * inputs, inputs, t, THREADS);
        delta2 = square_sum(delta + static_cast<size_t>(sample) * outputs, outputs, t, THREADS);
    }
    a2 = warp_sum(a2);
    delta2 = warp_sum(delta2);
    if (WARPS > 1) {
        if (threadIdx.x % 32 == 0) {
            sums[threadIdx.x / 32] = a2;
            sums[8 + threadIdx.x / 32] = delta2;
        }
        __syncthreads();
        a2 = delta2 = 0;
        for (int warp = 0; warp < WARPS; warp++) {
            a2 += sums[threadIdx.x / THREADS * WARPS + warp];
            delta2 += sums[8 + threadIdx.x / THREADS * WARPS + warp];
        }
    }
    if (sample < batch && t == 0) norms[sample] = a2 * delta2;
}

__global__ void __launch_bounds__(256)
    normalisation_norms(const float* __restrict__ delta, const float* __restrict__ normalised, int batch, int positions, int channels,
                        int lanes, float* __restrict__ partial, float* __restrict__ norms) {
    SHARED(float, sums, 8 * 2 * 128); /* [warp][s, h][channel] */
    const int quads = channels / 4, quad = threadIdx.x % quads, t = threadIdx.x, warp = t / 32;
    float total = 0; /* of the pair (s or h, channel) that is this thread's */
    for (int sample = blockIdx.x; sample < batch; sample += lanes) {
        const size_t at = static_cast<size_t>(sample) * positions * channels + quad * 4;
        float s[4] = {0, 0, 0, 0}, h[4] = {0, 0, 0, 0};
#pragma unroll 4
        for (int position = t / quads; position < positions; position += 256 / quads) {
            const float4 d = *reinterpret_cast<const float4*>(delta + at + static_cast<size_t>(position) * channels);
            const float4 v = *reinterpret_cast<const float4*>(normalised + at + static_cast<size_t>(position) * channels);
            s[0] = fmaf(d.x, v.x, s[0]);
            s[1] = fmaf(d.y, v.y, s[1]);
            s[2] = fmaf(d.z, v.z, s[2]);
            s[3] = fmaf(d.w, v.w, s[3]);
            h[0] += d.x;
            h[1] += d.y;
            h[2] += d.z;
            h[3] += d.w;
        }
        for (int distance = 16; distance >= quads; distance /= 2) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                s[i] += __shfl_xor_sync(0xffffffffu, s[i], distance);
                h[i] += __shfl_xor_sync(0xffffffffu, h[i], distance);
            }
        }
        __syncthreads(); /* the sums of the sample before have been read */
        if (t % 32 < quads) {
            *reinterpret_cast<float4*>(sums + warp * 256 + quad * 4) = make_float4(s[0], s[1], s[2], s[3]);
            *reinterpret_cast<float4*>(sums + warp * 256 + 128 + quad * 4) = make_float4(h[0], h[1], h[2], h[3]);
        }
        __syncthreads();
        float value = 0;
        if (t % 128 < channels) {
            for (int w = 0; w < 8; w++) value += sums[w * 256 + t];
        }
        total += value;
        const float square = warp_sum(value * value);
        __syncthreads();
        if (t % 32 == 0) sums[warp] = square;
        __syncthreads();
        if (t == 0) {
            float norm = 0;
            for (int w = 0; w < 8; w++) norm += sums[w];
            norms[sample] = norm;
        }
    }
    if (t % 128 < channels) partial[(static_cast<size_t>(blockIdx.x) * 2 + t / 128) * channels + t % 128] = total;
}
