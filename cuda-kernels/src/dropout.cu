/*
 * output = or += input * (kept ? 1 / (1 - p) : 0), [B][T][P]; the backward pass is the same on the gradient. Element c*T + t of
 * sample i is kept if RandomBits.of(step.seed, "dropout", step.epoch).at(place).at(ids[i]).uniform(c*T + t) >= p: the CPU's masks.
 * A product, not a choice, so that a NaN stays. output may be input. Moves 8 bytes a float (12 with +=), 1.9 us a million on
 * 4,200 GB/s; the draws, some 30 instructions each, are the other limit. A block's samples have their keys in shared memory.
 */
#include "divisor.h"
#include "elements.h"
#include "random_bits.h"

namespace gradsieve {
namespace {

struct Draw {
    uint64_t limit;  /* dropped where the bits are less: uniform < p in whole numbers, exactly */
    uint64_t stride; /* of the Weyl sequence from one channel to the next */
    float kept;
};

__device__ __forceinline__ float drawn(const Draw& draw, uint64_t weyl, float value) {
    return value * (random_mix(weyl) < draw.limit ? 0.0f : draw.kept);
}

template <bool ADD>
__global__ void __launch_bounds__(THREADS)
    dropout_kernel(int64_t words, Divisor sample_words, Divisor width, int channels, Draw draw, int64_t place,
                   const gs_cuda_step* step, const int64_t* __restrict__ ids, const float* input, float* output) {
    GS_SHARED(uint64_t, layer, 1);
    GS_SHARED(uint64_t, keys, WORDS + 1);
    float4 values[EACH], sums[EACH];
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        if (word_at(k) >= words) continue;
        values[k] = load4(input + word_at(k) * 4);
        if (ADD) sums[k] = load4(output + word_at(k) * 4);
    }
    if (threadIdx.x == 0) layer[0] = random_bits(random_of(step->seed, "dropout", step->epoch), place);
    __syncthreads();
    const int64_t start = static_cast<int64_t>(blockIdx.x) * WORDS, first = start / sample_words.by();
    const unsigned within = static_cast<unsigned>(start - first * sample_words.by());
    const int64_t end = start + WORDS < words ? start + WORDS : words;
    const unsigned samples = sample_words.quotient(within + static_cast<unsigned>(end - start) - 1) + 1;
    for (unsigned i = threadIdx.x; i < samples; i += THREADS) keys[i] = random_bits(layer[0], ids[first + i]);
    __syncthreads();
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        if (word_at(k) >= words) continue;
        unsigned at = within + threadIdx.x + k * THREADS;
        const unsigned sample = sample_words.divide(at), position = width.divide(at);
        const int channel = static_cast<int>(at) * 4;
        const uint64_t weyl = keys[sample] + GOLDEN * (position + 1) + draw.stride * static_cast<unsigned>(channel);
        float4 v = values[k];
        v.x = drawn(draw, weyl, v.x);
        v.y = drawn(draw, weyl + draw.stride, v.y);
        v.z = drawn(draw, weyl + draw.stride * 2, v.z);
        v.w = drawn(draw, weyl + draw.stride * 3, v.w);
        v = only_first(v, channels - channel);
        if (ADD) add4(v, sums[k]);
        store4(output + word_at(k) * 4, v);
    }
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_dropout(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, double p, int64_t place,
                               const gs_cuda_step* step, const int64_t* ids, const float* input, int gradient, float* output,
                               void* stream) {
    const char* const name = "dropout";
    if (const int status = check_values(name, batch, positions, channels, pitch)) return status;
    if (!(p >= 0 && p <= 1)) return refuse(name, "p %g is not in [0, 1]", p);
    if (const int status = check_gradient(name, gradient)) return status;
    const int64_t width = pitch / 4, words = batch * positions * width;
    if (const int status = check_words(name, words)) return status;
    if (positions * width > INT32_MAX - WORDS)
        return refuse(name, "%lld positions of %lld floats: more than 2^31 words a sample", static_cast<long long>(positions),
                      static_cast<long long>(pitch));
    if (batch == 0) return GS_CUDA_OK;
    if (!step || !ids || !input || !output) return refuse(name, "a buffer that it needs is NULL");
    Draw draw = {0, GOLDEN * static_cast<uint64_t>(positions), 0};
    if (p < 1) { /* 53 bits are compared, from the top; at p = 1 nothing is kept anyway */
        draw.limit = static_cast<uint64_t>(ceil(p * 0x1p53)) << 11;
        draw.kept = static_cast<float>(1 / (1 - p));
    }
    return gradient == GS_CUDA_ADD
               ? GS_LAUNCH((dropout_kernel<true>), blocks_of(words), THREADS, 0, stream, words, Divisor(positions * width),
                           Divisor(width), static_cast<int>(channels), draw, place, step, ids, input, output)
               : GS_LAUNCH((dropout_kernel<false>), blocks_of(words), THREADS, 0, stream, words, Divisor(positions * width),
                           Divisor(width), static_cast<int>(channels), draw, place, step, ids, input, output);
}
