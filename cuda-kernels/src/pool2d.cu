/*
 * Pooling over windows of KH x KW, stride = kernel, the rest of the border left out: input [B][H][W][P], output [B][H/KH][W/KW][P]
 * "=". Maximum: choice, bytes of the output's shape, is the place in its window (row by row) of the first largest value, or of the
 * first NaN, which stays. Average: sum / (KH KW). Backward: input_gradient "=" or "+=". 4 bytes a float of the input and 4
 * (average) or 5 of the output: for 2 x 2 1.3 us a million floats of input on 4,200 GB/s. Large windows (global pooling) are shared
 * by the threads of a block, in an order that depends on the shapes alone.
 */
#include "pooling.h"

namespace gradsieve {
namespace {

/* Windows of more places are pooled by a block each, since a thread each would be too few threads. */
constexpr int64_t PLACES_OF_A_THREAD = 16;
constexpr int WIDE_THREADS = 128, WIDE_LANES = 8;

/* As `take`, of places in any order. */
__device__ __forceinline__ void merge(float value, unsigned place, float& best, unsigned& chosen) {
    const bool nan = value != value, best_nan = best != best, same = nan ? best_nan : value == best;
    if (same ? place < chosen : value > best || (nan && !best_nan)) {
        best = value;
        chosen = place;
    }
}

/*
 * Block (position of an output, group of `lanes` words): thread % lanes is a word, thread / lanes which of the window's places it
 * takes, in turn; then halves are merged.
 */
template <int POOL>
__global__ void __launch_bounds__(WIDE_THREADS)
    wide_pool_kernel(Images out, Images in, Window window, unsigned lanes, Divisor groups, const float* __restrict__ input,
                     float* __restrict__ output, uchar4* __restrict__ choice) {
    GS_SHARED(float4, values, WIDE_THREADS);
    GS_SHARED(uint4, places, WIDE_THREADS);
    const unsigned splits = WIDE_THREADS / lanes, split = threadIdx.x / lanes, all = window.height * window.width;
    unsigned group = blockIdx.x % groups.by();
    const int64_t position = blockIdx.x / groups.by(), positions = out.sample.by() / out.position.by();
    const unsigned lane = group * lanes + threadIdx.x % lanes;
    const bool used = lane < out.position.by() && split < all;
    Images::Word w = out.word(position / positions, static_cast<unsigned>(position % positions) * out.position.by());
    w.lane = lane;
    const int64_t word = out.index(w);
    w.row *= window.height;
    w.column *= window.width;
    const float* const from = input + in.index(w) * 4;
    const auto value_at = [&](unsigned place) {
        const unsigned y = place / window.width, x = place - y * window.width;
        return load4(from + static_cast<size_t>(y * in.row.by() + x * in.position.by()) * 4);
    };
    Pooled<POOL> pooled;
    pooled.start(make_float4(0, 0, 0, 0));
    if (used) {
        pooled.start(value_at(split));
        pooled.place = make_uint4(split, split, split, split);
#pragma unroll 4
        for (unsigned place = split + splits; place < all; place += splits) pooled.next(value_at(place), place);
    }
    for (unsigned half = splits / 2; half > 0; half /= 2) {
        values[threadIdx.x] = pooled.value;
        places[threadIdx.x] = pooled.place;
        __syncthreads();
        const unsigned other = threadIdx.x + half * lanes;
        if (split < half && split + half < all) {
            const float4 v = values[other];
            const uint4 p = places[other];
            if (POOL == GS_CUDA_AVERAGE_POOL) {
                add4(pooled.value, v);
            } else {
                merge(v.x, p.x, pooled.value.x, pooled.place.x);
                merge(v.y, p.y, pooled.value.y, pooled.place.y);
                merge(v.z, p.z, pooled.value.z, pooled.place.z);
                merge(v.w, p.w, pooled.value.w, pooled.place.w);
            }
        }
        __syncthreads();
    }
    if (used && split == 0) pooled.store(1.0f / static_cast<float>(all), word, output, choice);
}

struct Call {
    int64_t batch, height, width, pitch, kernel_height, kernel_width;

    Window window() const { return {static_cast<unsigned>(kernel_height), static_cast<unsigned>(kernel_width)}; }
    Window outputs() const { return {static_cast<unsigned>(height / kernel_height), static_cast<unsigned>(width / kernel_width)}; }
    Images in() const { return Images(height, width, pitch); }
    Images out() const { return Images(height / kernel_height, width / kernel_width, pitch); }
    int64_t positions() const { return batch * (height / kernel_height) * (width / kernel_width); }
};

template <int POOL, int KERNEL>
int forward(const Call& c, const float* input, float* output, uchar4* choice, void* stream) {
    const int64_t words = c.positions() * (c.pitch / 4), each = THREADS * POOL_EACH<KERNEL>;
    return GS_LAUNCH((pool_kernel<POOL, KERNEL, Before::NOTHING>), static_cast<int>(ceil_div<int64_t>(words, each)), THREADS, 0,
                     stream, words, c.out(), c.in(), c.window(), input, nullptr, output, choice);
}

template <int POOL>
int forward_of(const Call& c, const float* input, float* output, uchar4* choice, void* stream) {
    const int64_t kernel = c.kernel_height == c.kernel_width ? c.kernel_height : 0, width = c.pitch / 4;
    if (kernel == 2) return forward<POOL, 2>(c, input, output, choice, stream);
    if (kernel == 3) return forward<POOL, 3>(c, input, output, choice, stream);
    int lanes = 1;
    while (lanes < WIDE_LANES && lanes < width) lanes *= 2;
    const int64_t groups = ceil_div<int64_t>(width, lanes), blocks = c.positions() * groups;
    if (c.kernel_height * c.kernel_width <= PLACES_OF_A_THREAD || blocks > INT32_MAX)
        return forward<POOL, 0>(c, input, output, choice, stream);
    return GS_LAUNCH((wide_pool_kernel<POOL>), static_cast<int>(blocks), WIDE_THREADS, 0, stream, c.out(), c.in(), c.window(),
                     static_cast<unsigned>(lanes), Divisor(groups), input, output, choice);
}

template <int POOL, bool ADD>
int backward(const Call& c, const uchar4* choice, const float* gradient, float* input_gradient, void* stream) {
    const int64_t words = c.batch * c.height * c.width * (c.pitch / 4);
    return GS_LAUNCH((pool_backward_kernel<POOL, false, ADD>), blocks_of(words), THREADS, 0, stream, words, c.in(), c.out(),
                     Divisor(c.kernel_height), Divisor(c.kernel_width), c.outputs(), nullptr, choice, gradient, input_gradient);
}

int check(const char* name, const Call& c, int64_t channels, int pool) {
    if (const int status = check_pool(name, c.batch, c.height, c.width, channels, c.pitch, c.kernel_height, c.kernel_width))
        return status;
    if (pool != GS_CUDA_MAX_POOL && pool != GS_CUDA_AVERAGE_POOL) return refuse(name, "pool %d is none", pool);
    return pool == GS_CUDA_MAX_POOL ? check_places(name, c.kernel_height, c.kernel_width) : int{GS_CUDA_OK};
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_pool2d_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                                      int64_t kernel_height, int64_t kernel_width, const float* input, float* output,
                                      uint8_t* choice, void* stream) {
    const char* const name = "pool2d_forward";
    const Call call = {batch, height, width, pitch, kernel_height, kernel_width};
    if (const int status = check(name, call, channels, pool)) return status;
    if (batch == 0) return GS_CUDA_OK;
    if (!input || !output || (!choice && pool == GS_CUDA_MAX_POOL)) return refuse(name, "a buffer that it needs is NULL");
    return pool == GS_CUDA_MAX_POOL
               ? forward_of<GS_CUDA_MAX_POOL>(call, input, output, reinterpret_cast<uchar4*>(choice), stream)
               : forward_of<GS_CUDA_AVERAGE_POOL>(call, input, output, nullptr, stream);
}

extern "C" int gs_cuda_pool2d_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                                       int64_t kernel_height, int64_t kernel_width, const uint8_t* choice,
                                       const float* output_gradient, int gradient, float* input_gradient, void* stream) {
    const char* const name = "pool2d_backward";
    const Call call = {batch, height, width, pitch, kernel_height, kernel_width};
    if (const int status = check(name, call, channels, pool)) return status;
    if (const int status = check_gradient(name, gradient)) return status;
    if (batch == 0) return GS_CUDA_OK;
    if (!output_gradient || !input_gradient || (!choice && pool == GS_CUDA_MAX_POOL))
        return refuse(name, "a buffer that it needs is NULL");
    const auto* const places = reinterpret_cast<const uchar4*>(choice);
    const bool add = gradient == GS_CUDA_ADD;
    if (pool == GS_CUDA_MAX_POOL)
        return add ? backward<GS_CUDA_MAX_POOL, true>(call, places, output_gradient, input_gradient, stream)
                   : backward<GS_CUDA_MAX_POOL, false>(call, places, output_gradient, input_gradient, stream);
    return add ? backward<GS_CUDA_AVERAGE_POOL, true>(call, nullptr, output_gradient, input_gradient, stream)
               : backward<GS_CUDA_AVERAGE_POOL, false>(call, nullptr, output_gradient, input_gradient, stream);
}
