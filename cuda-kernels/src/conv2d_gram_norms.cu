/*
 * norm2[i] += |g_i|^2 of a 3x3 convolution's weight gradient (stride 1, padding 1) without forming it, for at most 64 pixels:
 *     |g_i|^2 = sum over pixels t, s of D[t][s] * sum over taps of G[t + tap][s + tap],   G = X X^T, D = delta delta^T,
 * G zero outside the image; clamped at 0. 2 * 64 * 64 (P_in + P_out) operations a sample instead of 18 * 64 P_in P_out. A block has
 * a sample, 32 channels at a time in shared memory, the next ones on their way. Reads input and output gradient once; arithmetic is
 * the floor: 4.3 GFLOP for 1,024 samples of 256 -> 256 channels.
 */
#include "conv2d.h"
#include "matrix.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32, PIXELS = 64, CHANNELS = 32;
constexpr int STRIDE = CHANNELS + 4, CHUNK = PIXELS * STRIDE; /* a pixel's channels: other banks than its neighbour's */
constexpr int ROW = PIXELS + 4, PRODUCT = PIXELS * ROW;       /* a product's rows */
static_assert(PRODUCT <= 2 * CHUNK, "D lies where chunks lay");
constexpr size_t SHARED = sizeof(float) * (PRODUCT + 2 * CHUNK);

/* chunk chunk^T, added to what it has: a thread owns pixels y, y + 16, ... times x, x + 16, ... */
struct PlainProduct {
    float sum[4][4];

    __device__ __forceinline__ void learn(float*) {}
    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 16; i++) sum[i / 4][i % 4] = 0;
    }
    __device__ __forceinline__ void multiply(const float* chunk) {
        const float* const rows = chunk + static_cast<int>(threadIdx.x / 16) * STRIDE;
        const float* const columns = chunk + static_cast<int>(threadIdx.x % 16) * STRIDE;
#pragma unroll 2
        for (int k = 0; k < CHANNELS; k += 4) {
            float4 a[4], b[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                a[i] = load4(rows + 16 * i * STRIDE + k);
                b[i] = load4(columns + 16 * i * STRIDE + k);
            }
#pragma unroll
            for (int i = 0; i < 16; i++) {
                float& s = sum[i / 4][i % 4];
                s = fmaf(a[i / 4].x, b[i % 4].x, s);
                s = fmaf(a[i / 4].y, b[i % 4].y, s);
                s = fmaf(a[i / 4].z, b[i % 4].z, s);
                s = fmaf(a[i / 4].w, b[i % 4].w, s);
            }
        }
    }
    __device__ __forceinline__ void store(float* to) const {
        to += static_cast<int>(threadIdx.x / 16) * ROW + static_cast<int>(threadIdx.x % 16);
#pragma unroll
        for (int i = 0; i < 16; i++) to[i / 4 * 16 * ROW + i % 4 * 16] = sum[i / 4][i % 4];
    }
};

#if GS_TF32
/* The same on the matrix units: a warp owns two of the 4 x 4 tiles. */
struct MatrixProduct {
    using Rows = Operand<wmma::matrix_a, wmma::row_major>;
    using Columns = Operand<wmma::matrix_b, wmma::col_major>;
    MatrixSum sum[2];
    Rows::Places row_places;
    Columns::Places column_places;

    __device__ __forceinline__ static int row() { return static_cast<int>(threadIdx.x / 32) / 2 * 16; }
    __device__ __forceinline__ static int column() { return static_cast<int>(threadIdx.x / 32) % 2 * 32; }

    __device__ __forceinline__ void learn(float* numbers) {
        count_up(numbers);
        row_places.learn(numbers, STRIDE);
        column_places.learn(numbers, STRIDE);
    }
    __device__ __forceinline__ void clear() {
        wmma::fill_fragment(sum[0], 0.0f);
        wmma::fill_fragment(sum[1], 0.0f);
    }
    __device__ __forceinline__ void multiply(const float* chunk) {
#pragma unroll 2
        for (int k = 0; k < CHANNELS; k += MATRIX_DEPTH) {
            Rows a;
            a.load(chunk + row() * STRIDE + k, row_places);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                Columns b;
                b.load(chunk + (column() + 16 * i) * STRIDE + k, column_places);
                wmma::mma_sync(sum[i], a.fragment, b.fragment, sum[i]);
            }
        }
    }
    __device__ __forceinline__ void store(float* to) const {
#pragma unroll
        for (int i = 0; i < 2; i++)
            wmma::store_matrix_sync(to + row() * ROW + column() + 16 * i, sum[i], ROW, wmma::mem_row_major);
    }
};
#else
using MatrixProduct = PlainProduct;
#endif

template <bool MATRIX>
struct ProductOf {
    using Type = PlainProduct;
};
template <>
struct ProductOf<true> {
    using Type = MatrixProduct;
};

template <bool MATRIX>
__global__ void __launch_bounds__(THREADS)
    conv2d_gram_norms_kernel(Conv2d s, const float* __restrict__ input, const float* __restrict__ output_gradient,
                             float* __restrict__ norm2) {
    GS_DYNAMIC_SHARED(memory);
    float* const gram = reinterpret_cast<float*>(memory); /* G; at first the numbers that places are learned from */
    float* const chunks = gram + PRODUCT;                 /* [2]; at last D */
    GS_SHARED(int, taps_inside, PIXELS); /* bit 3 ky + kx: that neighbour of the pixel lies in the image */
    GS_SHARED(double, slots, WARPS);
    const int thread = static_cast<int>(threadIdx.x), pixels = s.height * s.width;
    const size_t first_pixel = static_cast<size_t>(blockIdx.x) * static_cast<size_t>(pixels);
    const int input_chunks = ceil_div(s.pitch, CHANNELS), all_chunks = input_chunks + ceil_div(s.out_pitch, CHANNELS);
    const auto copy = [&](int chunk) {
        if (chunk < all_chunks) {
            const bool of_input = chunk < input_chunks;
            const int pitch = of_input ? s.pitch : s.out_pitch, from = (of_input ? chunk : chunk - input_chunks) * CHANNELS;
            const float* const image = (of_input ? input : output_gradient) + first_pixel * static_cast<size_t>(pitch);
            for (int i = thread; i < PIXELS * CHANNELS / 4; i += THREADS) {
                const int pixel = i / (CHANNELS / 4), channel = i % (CHANNELS / 4) * 4;
                const bool inside = pixel < pixels && from + channel < pitch;
                __pipeline_memcpy_async(chunks + chunk % 2 * CHUNK + pixel * STRIDE + channel,
                                        inside ? image + pixel * pitch + from + channel : image, 16, inside ? 0 : 16);
            }
        }
        __pipeline_commit();
    };

    copy(0);
    if (thread < PIXELS) {
        int mask = 0;
        for (int tap = 0; tap < 9; tap++) {
            const int y = thread / s.width + tap / 3 - 1, x = thread % s.width + tap % 3 - 1;
            if (thread < pixels && y >= 0 && y < s.height && x >= 0 && x < s.width) mask |= 1 << tap;
        }
        taps_inside[thread] = mask;
    }
    typename ProductOf<MATRIX>::Type product;
    product.learn(gram);
    product.clear();
    for (int chunk = 0; chunk < all_chunks; chunk++) {
        __pipeline_wait_prior(0);
        __syncthreads(); /* the chunk is there for all, and nobody reads the other one any more */
        copy(chunk + 1);
        product.multiply(chunks + chunk % 2 * CHUNK);
        if (chunk == input_chunks - 1) {
            product.store(gram);
            product.clear();
        }
    }
    __syncthreads();
    product.store(chunks);
    __syncthreads();

    const int other = thread % PIXELS;
    float sum = 0;
    for (int pixel = thread / PIXELS; pixel < pixels; pixel += THREADS / PIXELS) {
        const int both = taps_inside[pixel] & taps_inside[other];
        const float* const g = gram + pixel * ROW + other;
        float shifted = 0;
#pragma unroll
        for (int tap = 0; tap < 9; tap++) {
            const int offset = (tap / 3 - 1) * s.width + tap % 3 - 1;
            if (both >> tap & 1) shifted += g[offset * (ROW + 1)];
        }
        if (other < pixels) sum = fmaf(chunks[pixel * ROW + other], shifted, sum);
    }
    /* Of both signs, and their sum may be small beside them. */
    const double norm = block_sum<WARPS>(static_cast<double>(sum), slots);
    if (thread == 0) norm2[blockIdx.x] += norm < 0 ? 0.0f : static_cast<float>(norm); /* NaN stays */
}

bool has_gram(const Conv2d& s) { return s.is_3x3() && s.height * s.width <= PIXELS; }

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_conv2d_gram_norms(const gs_cuda_conv2d* given, int64_t batch, int precision, const float* input,
                                         const float* output_gradient, float* norm2, void* stream) {
    Conv2d shape = {};
    if (const int status = conv2d_of("conv2d_gram_norms", given, batch, &shape)) return status;
    if (precision != GS_CUDA_FP32 && precision != GS_CUDA_TF32)
        return refuse("conv2d_gram_norms", "precision %d is none", precision);
    if (!has_gram(shape))
        return refuse("conv2d_gram_norms",
                      "%dx%d by %dx%d, stride %d, padding %d: only 3x3, stride 1, padding 1, at most %d pixels", shape.height,
                      shape.width, shape.kernel_height, shape.kernel_width, shape.stride, shape.padding, PIXELS);
    if (batch == 0 || !norm2) return GS_CUDA_OK;
    if (!input || !output_gradient) return refuse("conv2d_gram_norms", "a buffer that it needs is NULL");
    if (precision == GS_CUDA_TF32)
        return GS_LAUNCH((conv2d_gram_norms_kernel<true>), shape.batch, THREADS, SHARED, stream, shape, input, output_gradient,
                         norm2);
    return GS_LAUNCH((conv2d_gram_norms_kernel<false>), shape.batch, THREADS, SHARED, stream, shape, input, output_gradient,
                     norm2);
}

/* From 128 channels on cuDNN's gradient and these norms together are faster than one pass: 256 channels at 8x8, 1,024 samples:
 * 948 instead of 1,948 us in fp32, 548 instead of 856 in tf32; 64 channels: 286 instead of 141, 96 instead of 63. */
extern "C" int gs_cuda_conv2d_prefers_gram(const gs_cuda_conv2d* given, int precision) {
    Conv2d shape = {};
    if (conv2d_of("conv2d_prefers_gram", given, 1, &shape) != GS_CUDA_OK) return 0;
    if (precision != GS_CUDA_FP32 && precision != GS_CUDA_TF32) return 0;
    return has_gram(shape) && shape.pitch >= 128 && shape.out_pitch >= 128;
}
