/*
 * Layer norm over W (PyTorch's last axis of an image): x [B][H][W][P], a mean for each row h and channel; gamma, beta [W rounded
 * up to 4]; saved [B][2][H*P] "=": mean, 1 / sqrt(variance + eps). Formulas and what is "=" or "+=" are layernorm.cu's; gamma's
 * place w sums over rows and channels. A thread has four channels of a row, in all its places; for gamma and norm2 a warp has a
 * place of a sample. 8 bytes a float forward, 12 backward where a sample stays in L2: 2 and 3 us a million on 4,200 GB/s.
 */
#include "layernorm.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32;

/* Four channels of row h of a sample: where they begin in a value, and in saved. */
struct Row {
    size_t at, saved;
    int lanes; /* in use */
};

__device__ __forceinline__ Row row_of(const LayerNorm& n, int64_t number) {
    const int quads = n.pitch / 4, quad = static_cast<int>(number % quads), left = n.channels - 4 * quad;
    const int64_t row = number / quads, sample = row / n.height, h = row - sample * n.height;
    const size_t pitch = static_cast<size_t>(n.pitch), lane = 4 * static_cast<size_t>(quad);
    return {static_cast<size_t>(row) * static_cast<size_t>(n.width) * pitch + lane,
            (static_cast<size_t>(sample) * 2 * static_cast<size_t>(n.height) + static_cast<size_t>(h)) * pitch + lane,
            left > 4 ? 4 : left < 0 ? 0 : left};
}

__host__ __device__ inline int64_t rows_of_sample(const LayerNorm& n) { return static_cast<int64_t>(n.height) * (n.pitch / 4); }

__global__ void __launch_bounds__(THREADS)
    forward_kernel(LayerNorm n, float eps, const float* __restrict__ input, const float* __restrict__ gamma,
                   const float* __restrict__ beta, float* __restrict__ output, float* __restrict__ saved) {
    const size_t pitch = static_cast<size_t>(n.pitch);
    const int64_t rows = n.batch * rows_of_sample(n), step = static_cast<int64_t>(gridDim.x) * THREADS;
    const float share = 1 / static_cast<float>(n.width);
    for (int64_t number = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; number < rows; number += step) {
        const Row row = row_of(n, number);
        Quad mean = {}, inverse = {};
#pragma unroll 4
        for (int w = 0; w < n.width; w++) {
            const Quad x = load_quad(input + row.at + static_cast<size_t>(w) * pitch);
#pragma unroll
            for (int j = 0; j < 4; j++) mean.at[j] += x.at[j];
        }
#pragma unroll
        for (int j = 0; j < 4; j++) mean.at[j] *= share;
#pragma unroll 4
        for (int w = 0; w < n.width; w++) {
            const Quad x = load_quad(input + row.at + static_cast<size_t>(w) * pitch);
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const float d = x.at[j] - mean.at[j];
                inverse.at[j] = fmaf(d, d, inverse.at[j]);
            }
        }
#pragma unroll
        for (int j = 0; j < 4; j++) inverse.at[j] = 1 / sqrtf(inverse.at[j] * share + eps);
        store_quad(saved + row.saved, mean);
        store_quad(saved + row.saved + static_cast<size_t>(n.height) * pitch, inverse);
#pragma unroll 4
        for (int w = 0; w < n.width; w++) {
            const size_t at = row.at + static_cast<size_t>(w) * pitch;
            const float scale = gamma[w], shift = beta[w];
            Quad y = load_quad(input + at);
#pragma unroll
            for (int j = 0; j < 4; j++)
                y.at[j] = j < row.lanes ? fmaf((y.at[j] - mean.at[j]) * inverse.at[j], scale, shift) : 0;
            store_quad(output + at, y);
        }
    }
}

/* What place w of a sample sums over rows and channels: both sums in every lane of its warp. */
__device__ __forceinline__ void sum_place(const LayerNorm& n, const LayerNormGradients& of, int64_t sample, int w, float& sum0,
                                          float& sum1) {
    const size_t pitch = static_cast<size_t>(n.pitch);
    const int64_t rows = rows_of_sample(n);
    sum0 = sum1 = 0;
#pragma unroll 2
    for (int64_t number = threadIdx.x % 32; number < rows; number += 32) {
        const Row row = row_of(n, sample * rows + number);
        const size_t at = row.at + static_cast<size_t>(w) * pitch;
        const Quad x = load_quad(of.input + at), g = load_quad(of.output_gradient + at), mean = load_quad(of.saved + row.saved);
        const Quad inverse = load_quad(of.saved + row.saved + static_cast<size_t>(n.height) * pitch);
#pragma unroll
        for (int j = 0; j < 4; j++) { /* g is 0 in lanes that are not in use */
            sum0 += g.at[j];
            sum1 = fmaf(g.at[j], (x.at[j] - mean.at[j]) * inverse.at[j], sum1);
        }
    }
    sum0 = warp_sum(sum0);
    sum1 = warp_sum(sum1);
}

__device__ __forceinline__ void backward_row(const LayerNorm& n, const LayerNormGradients& of, const Row& row) {
    const size_t pitch = static_cast<size_t>(n.pitch);
    const float share = 1 / static_cast<float>(n.width);
    const Quad mean = load_quad(of.saved + row.saved);
    const Quad inverse = load_quad(of.saved + row.saved + static_cast<size_t>(n.height) * pitch);
    Quad mean0 = {}, mean1 = {};
#pragma unroll 2
    for (int w = 0; w < n.width; w++) {
        const size_t at = row.at + static_cast<size_t>(w) * pitch;
        const Quad x = load_quad(of.input + at), g = load_quad(of.output_gradient + at);
        const float scale = of.gamma[w];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float scaled = scale * g.at[j];
            mean0.at[j] += scaled;
            mean1.at[j] = fmaf(scaled, (x.at[j] - mean.at[j]) * inverse.at[j], mean1.at[j]);
        }
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        mean0.at[j] *= share;
        mean1.at[j] *= share;
    }
#pragma unroll 2
    for (int w = 0; w < n.width; w++) {
        const size_t at = row.at + static_cast<size_t>(w) * pitch;
        const Quad x = load_quad(of.input + at), g = load_quad(of.output_gradient + at);
        const float scale = of.gamma[w];
        Quad dx = of.add ? load_quad(of.input_gradient + at) : Quad{};
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float x_hat = (x.at[j] - mean.at[j]) * inverse.at[j];
            dx.at[j] += j < row.lanes ? inverse.at[j] * (fmaf(scale, g.at[j], -mean0.at[j]) - x_hat * mean1.at[j]) : 0;
        }
        store_quad(of.input_gradient + at, dx);
    }
}

/* A block goes through the samples of its piece; partials [2][pieces][parameters], a place's always its warp's. */
__global__ void __launch_bounds__(THREADS) backward_kernel(LayerNorm n, int64_t samples, int parameters, LayerNormGradients of) {
    GS_SHARED(float, slots, WARPS);
    const int thread = static_cast<int>(threadIdx.x), lane = thread % 32;
    const int64_t first = static_cast<int64_t>(blockIdx.x) * samples, end = first + samples < n.batch ? first + samples : n.batch;
    float* const gammas = of.partials + static_cast<int64_t>(blockIdx.x) * parameters;
    float* const betas = gammas + static_cast<int64_t>(gridDim.x) * parameters;
    for (int64_t sample = first; sample < end; sample++) {
        float squares = 0;
        for (int w = thread / 32; w < parameters; w += WARPS) {
            float sum0 = 0, sum1 = 0;
            if (w < n.width) sum_place(n, of, sample, w, sum0, sum1);
            squares = fmaf(sum0, sum0, fmaf(sum1, sum1, squares));
            if (lane == 0) {
                gammas[w] = sample == first ? sum1 : gammas[w] + sum1;
                betas[w] = sample == first ? sum0 : betas[w] + sum0;
            }
        }
        squares = block_sum<WARPS>(lane == 0 ? squares : 0, slots);
        if (of.norm2 && thread == 0) of.norm2[sample] += squares;
        const int64_t rows = of.input_gradient ? rows_of_sample(n) : 0;
        for (int64_t number = thread; number < rows; number += THREADS)
            backward_row(n, of, row_of(n, sample * rows + number));
        __syncthreads(); /* the slots are free */
    }
}

}  // namespace

int layernorm_spatial_forward(const LayerNorm& n, float eps, const float* input, const float* gamma, const float* beta,
                              float* output, float* saved, void* stream) {
    return GS_LAUNCH(forward_kernel, grid_for(n.batch * rows_of_sample(n), THREADS, 8, 4), THREADS, 0, stream, n, eps, input, gamma,
                     beta, output, saved);
}

int layernorm_spatial_backward(const LayerNorm& n, int64_t pieces, int64_t samples, const LayerNormGradients& of, void* stream) {
    return GS_LAUNCH(backward_kernel, static_cast<int>(pieces), THREADS, 0, stream, n, samples, round_up(n.width, 4), of);
}

}  // namespace gradsieve
