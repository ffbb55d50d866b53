/*
 * Pooling over windows, stride = kernel, the rest of the border left out, for pool2d and bias_maxpool: a thread takes a word (four
 * channels) of the output and its whole window forward, words of the input backward.
 */
#ifndef GRADSIEVE_CUDA_POOLING_H
#define GRADSIEVE_CUDA_POOLING_H

#include "divisor.h"
#include "elements.h"

namespace gradsieve {

/* Words of [B][H][W][P]; a sample has less than 2^31. */
struct Images {
    Divisor sample, row, position; /* words of each */

    Images(int64_t height, int64_t width, int64_t pitch)
        : sample(height * width * (pitch / 4)), row(width * (pitch / 4)), position(pitch / 4) {}

    struct Word {
        int64_t sample;
        unsigned row, column, lane;
    };
    /* Word `at` after the beginning of sample `first`. */
    __device__ __forceinline__ Word word(int64_t first, unsigned at) const {
        Word result;
        result.sample = first + sample.divide(at);
        result.row = row.divide(at);
        result.column = position.divide(at);
        result.lane = at;
        return result;
    }
    __device__ __forceinline__ int64_t index(const Word& w) const {
        return w.sample * sample.by() + (w.row * row.by() + w.column * position.by() + w.lane);
    }
};

/* A NaN takes the place of a number, and no number that of a NaN; of equals the first stays. */
__device__ __forceinline__ void take(float value, unsigned place, float& best, unsigned& chosen) {
    if (value > best || (value != value && best == best)) {
        best = value;
        chosen = place;
    }
}

/* The largest or the sum of what it was given, places in ascending order. */
template <int POOL>
struct Pooled {
    float4 value;
    uint4 place;

    __device__ __forceinline__ void start(float4 first) {
        value = first;
        place = make_uint4(0, 0, 0, 0);
    }
    __device__ __forceinline__ void next(float4 v, unsigned at) {
        if (POOL == GS_CUDA_AVERAGE_POOL) return add4(value, v);
        take(v.x, at, value.x, place.x);
        take(v.y, at, value.y, place.y);
        take(v.z, at, value.z, place.z);
        take(v.w, at, value.w, place.w);
    }
    __device__ __forceinline__ void store(float share, int64_t word, float* output, uchar4* choice) const {
        const float4 v = value;
        if (POOL == GS_CUDA_AVERAGE_POOL)
            return store4(output + word * 4, make_float4(v.x * share, v.y * share, v.z * share, v.w * share));
        store4(output + word * 4, v);
        choice[word] = make_uchar4(static_cast<unsigned char>(place.x), static_cast<unsigned char>(place.y),
                                   static_cast<unsigned char>(place.z), static_cast<unsigned char>(place.w));
    }
};

struct Window {
    unsigned height, width;
};

/* What is done to a value before it is pooled. */
enum class Before { NOTHING, BIAS, BIAS_RELU };

template <Before BEFORE>
__device__ __forceinline__ float prepared(float value, float bias) {
    const float sum = BEFORE == Before::NOTHING ? value : value + bias;
    return BEFORE == Before::BIAS_RELU && sum < 0 ? 0 : sum;
}

template <Before BEFORE>
__device__ __forceinline__ float4 prepared(float4 v, float4 b) {
    return make_float4(prepared<BEFORE>(v.x, b.x), prepared<BEFORE>(v.y, b.y), prepared<BEFORE>(v.z, b.z),
                       prepared<BEFORE>(v.w, b.w));
}

/* Words of a thread: as many as have eight loads in flight. */
template <int KERNEL>
constexpr int POOL_EACH = KERNEL == 2 ? 2 : 1;

/* KERNEL: of windows of KERNEL x KERNEL; 0: of any, as `window` says. */
template <int POOL, int KERNEL, Before BEFORE>
__global__ void __launch_bounds__(THREADS)
    pool_kernel(int64_t words, Images out, Images in, Window window, const float* __restrict__ input,
                const float* __restrict__ bias, float* __restrict__ output, uchar4* __restrict__ choice) {
    constexpr int OWN = POOL_EACH<KERNEL>;
    constexpr unsigned PLACES = KERNEL == 0 ? 1 : KERNEL * KERNEL;
    const unsigned height = KERNEL == 0 ? window.height : KERNEL, width = KERNEL == 0 ? window.width : KERNEL;
    const unsigned row = in.row.by(), column = in.position.by();
    const int64_t start = static_cast<int64_t>(blockIdx.x) * (THREADS * OWN), first = start / out.sample.by();
    const unsigned within = static_cast<unsigned>(start - first * out.sample.by());
    const unsigned last = static_cast<unsigned>(words - start < THREADS * OWN ? words - start : THREADS * OWN) - 1;
    const float* from[OWN];
    float4 values[OWN][PLACES], biases[OWN];
#pragma unroll
    for (int k = 0; k < OWN; k++) {
        const unsigned at = threadIdx.x + k * THREADS; /* beyond the end, the last word once more; it is not stored */
        Images::Word w = out.word(first, within + (at < last ? at : last));
        const bool biased = BEFORE != Before::NOTHING && bias;
        biases[k] = biased ? load4(bias + w.lane * 4) : make_float4(0, 0, 0, 0);
        w.row *= height;
        w.column *= width;
        from[k] = input + in.index(w) * 4;
#pragma unroll
        for (unsigned p = 0; p < PLACES; p++)
            values[k][p] = load4(from[k] + 4 * static_cast<size_t>(p / width * row + p % width * column));
    }
#pragma unroll
    for (int k = 0; k < OWN; k++) {
        const int64_t word = start + threadIdx.x + k * THREADS;
        if (word >= words) continue;
        Pooled<POOL> pooled;
        pooled.start(prepared<BEFORE>(values[k][0], biases[k]));
        if (KERNEL == 0) {
            for (unsigned y = 0, place = 0; y < height; y++)
#pragma unroll 4
                for (unsigned x = 0; x < width; x++, place++)
                    if (place > 0) {
                        const size_t at = static_cast<size_t>(y * row + x * column) * 4;
                        pooled.next(prepared<BEFORE>(load4(from[k] + at), biases[k]), place);
                    }
        } else {
#pragma unroll
            for (unsigned p = 1; p < PLACES; p++) pooled.next(prepared<BEFORE>(values[k][p], biases[k]), p);
        }
        pooled.store(1.0f / static_cast<float>(height * width), word, output, choice);
    }
}

/*
 * Of the input, a thread EACH words: its window's gradient where it is the chosen place (and relu's output was above 0 or NaN), or
 * a share of it; what no window covers gets none.
 */
template <int POOL, bool RELU, bool ADD>
__global__ void __launch_bounds__(THREADS)
    pool_backward_kernel(int64_t words, Images in, Images out, Divisor kernel_height, Divisor kernel_width, Window outputs,
                         const float* __restrict__ output, const uchar4* __restrict__ choice, const float* __restrict__ gradient,
                         float* __restrict__ input_gradient) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * WORDS, first = start / in.sample.by();
    const unsigned within = static_cast<unsigned>(start - first * in.sample.by()) + threadIdx.x;
    float4 gradients[EACH], values[EACH], sums[EACH];
    uchar4 choices[EACH];
    unsigned places[EACH];
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        gradients[k] = values[k] = make_float4(0, 0, 0, 0);
        choices[k] = make_uchar4(0, 0, 0, 0);
        places[k] = 0;
        if (word_at(k) >= words) continue;
        if (ADD) sums[k] = load4(input_gradient + word_at(k) * 4);
        Images::Word w = in.word(first, within + k * THREADS);
        unsigned y = w.row, x = w.column;
        w.row = kernel_height.divide(y);
        w.column = kernel_width.divide(x);
        if (w.row >= outputs.height || w.column >= outputs.width) continue;
        const int64_t at = out.index(w);
        places[k] = y * kernel_width.by() + x;
        gradients[k] = load4(gradient + at * 4);
        if (POOL == GS_CUDA_MAX_POOL) choices[k] = choice[at];
        if (RELU) values[k] = load4(output + at * 4);
    }
    const float share = 1.0f / static_cast<float>(kernel_height.by() * kernel_width.by());
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        if (word_at(k) >= words) continue;
        const float4 g = gradients[k], v = values[k];
        const uchar4 c = choices[k];
        float4 own = make_float4(g.x * share, g.y * share, g.z * share, g.w * share);
        if (POOL == GS_CUDA_MAX_POOL) {
            const unsigned here = places[k];
            own = make_float4(c.x == here && !(RELU && v.x <= 0) ? g.x : 0, c.y == here && !(RELU && v.y <= 0) ? g.y : 0,
                              c.z == here && !(RELU && v.z <= 0) ? g.z : 0, c.w == here && !(RELU && v.w <= 0) ? g.w : 0);
        }
        if (ADD) add4(own, sums[k]);
        store4(input_gradient + word_at(k) * 4, own);
    }
}

inline int check_pool(const char* operation, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch,
                      int64_t kernel_height, int64_t kernel_width) {
    const int64_t most = INT32_MAX;
    if (height <= 0 || width <= 0 || height > most || width > most)
        return refuse(operation, "an image of %lld x %lld", static_cast<long long>(height), static_cast<long long>(width));
    if (const int status = check_values(operation, batch, height * width, channels, pitch)) return status;
    if (kernel_height <= 0 || kernel_width <= 0 || kernel_height > height || kernel_width > width)
        return refuse(operation, "a window of %lld x %lld does not fit %lld x %lld", static_cast<long long>(kernel_height),
                      static_cast<long long>(kernel_width), static_cast<long long>(height), static_cast<long long>(width));
    if (height * width > (most - WORDS) / (pitch / 4))
        return refuse(operation, "an image of %lld x %lld at a pitch of %lld: more than 2^31 words of four floats",
                      static_cast<long long>(height), static_cast<long long>(width), static_cast<long long>(pitch));
    return check_words(operation, batch * height * width * (pitch / 4));
}

/* Places that a byte tells apart. */
constexpr int64_t MOST_PLACES = 256;

inline int check_places(const char* operation, int64_t kernel_height, int64_t kernel_width) {
    if (kernel_height * kernel_width > MOST_PLACES)
        return refuse(operation, "a window of %lld x %lld has more than the %lld places that a choice can name",
                      static_cast<long long>(kernel_height), static_cast<long long>(kernel_width),
                      static_cast<long long>(MOST_PLACES));
    return GS_CUDA_OK;
}

}  // namespace gradsieve
#endif
