/*
 * chosen int32[count] = the places of the samples whose record float[B] is largest, of equal ones the first, NaN last; of_class
 * int32[classes]: so many of each class. Who is chosen and lies before place count stays there, the others fill the gaps in order.
 *
 * threshold: a block a class (one where classes do not matter) finds the rank of the last sample that is chosen, by radix select:
 * up to six passes over the batch, a histogram of 8 bits each, over the order of the score (32 bits) and then of the place (16).
 * Passes end where all of a bin are taken. compact: one block marks whoever ranks as high and counts gaps and fillers; 32 warps
 * have a stretch of the batch each, so that one barrier is enough for the counts. All of it lies in L1 or L2: some microseconds.
 */
#include "device.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 1024, WARPS = THREADS / 32, BINS = 256;
constexpr int PLACE_BITS = 16, MOST_SAMPLES = 1 << PLACE_BITS, RANK_BITS = 32 + PLACE_BITS;
constexpr int MOST_WORDS = MOST_SAMPLES / 32 / WARPS; /* of 32 samples, in a warp's stretch */
constexpr unsigned long long NOBODY = ~0ull;

/* Larger for whoever goes before: the score's bits in the order of numbers, -0 as 0, NaN below all; then the places backwards. */
__device__ __forceinline__ unsigned long long rank_of(float score, int place) {
    const unsigned bits = score == 0 ? 0 : __float_as_uint(score);
    const unsigned order = score != score ? 0 : bits >> 31 ? ~bits : bits | 0x80000000u;
    return static_cast<unsigned long long>(order) << PLACE_BITS | static_cast<unsigned>(MOST_SAMPLES - 1 - place);
}

/* What one pass finds: the bin with the last who is chosen, how many lie above it and in it, and how many are chosen at most. */
struct Bin {
    int number, above, inside, wanted;
};

/* By one warp: a lane has eight bins, the first lane the highest. */
__device__ __forceinline__ void find_bin(const int* bins, int wanted, Bin* bin) {
    const int lane = static_cast<int>(threadIdx.x % 32), highest = BINS - 1 - 8 * lane;
    int own = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) own += bins[highest - k];
    int until = own;
#pragma unroll
    for (int distance = 1; distance < 32; distance *= 2) {
        const int other = __shfl_up_sync(WHOLE_WARP, until, distance);
        if (lane >= distance) until += other;
    }
    wanted = min(wanted, __shfl_sync(WHOLE_WARP, until, 31));
    if (wanted == 0 && lane == 0) *bin = {0, 0, 0, 0};
    int above = until - own;
    if (above >= wanted || wanted > until) return;
    int number = highest;
    for (; above + bins[number] < wanted; number--) above += bins[number];
    *bin = {number, above, bins[number], wanted};
}

__global__ void __launch_bounds__(THREADS)
    threshold_kernel(int batch, int count, const float* __restrict__ record, const int32_t* __restrict__ labels,
                     const int32_t* __restrict__ of_class, unsigned long long* __restrict__ thresholds) {
    GS_SHARED(int, bins, BINS);
    GS_SHARED(Bin, found, 1);
    const int own = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
    int wanted = of_class ? of_class[own] : count;
    unsigned long long prefix = 0, threshold = NOBODY;
    bool done = wanted <= 0;
    for (int shift = RANK_BITS - 8; shift >= 0 && !done; shift -= 8) {
        if (thread < BINS) bins[thread] = 0;
        __syncthreads();
#pragma unroll 4
        for (int i = thread; i < batch; i += THREADS) {
            const unsigned long long rank = rank_of(record[i], i);
            const bool member = !of_class || labels[i] == own;
            if (member && rank >> (shift + 8) == prefix) atomicAdd(&bins[rank >> shift & (BINS - 1)], 1);
        }
        __syncthreads();
        if (thread < 32) find_bin(bins, wanted, found);
        __syncthreads();
        const Bin bin = found[0];
        wanted = bin.wanted - bin.above;
        prefix = prefix << 8 | static_cast<unsigned>(bin.number);
        done = bin.inside == wanted;
        if (bin.wanted > 0) threshold = prefix << shift;
    }
    if (thread == 0) thresholds[own] = threshold;
}

/* The lanes whose place is below the limit, for a word that starts at `from`. */
__device__ __forceinline__ unsigned places_below(int limit, int from) {
    return limit <= from ? 0 : limit - from >= 32 ? 0xffffffffu : (1u << (limit - from)) - 1;
}

/* The sum of what the warps before this one have, and of all. */
__device__ __forceinline__ int before(const int* counts, int warp, int* all) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    *all = warp_sum(counts[lane]);
    return warp_sum(lane < warp ? counts[lane] : 0);
}

__global__ void __launch_bounds__(THREADS)
    compact_kernel(int batch, int count, const float* __restrict__ record, const int32_t* __restrict__ labels, int classes,
                   const unsigned long long* __restrict__ thresholds, int32_t* fillers, int32_t* __restrict__ chosen) {
    GS_SHARED(unsigned, words, WARPS * MOST_WORDS);
    GS_SHARED(int, gaps_of, WARPS);
    GS_SHARED(int, fillers_of, WARPS);
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x % 32);
    const int stretch = round_up(ceil_div(batch, WARPS), 32), from = warp * stretch, until = min(from + stretch, batch);
    int gaps = 0, filling = 0;
#pragma unroll 4
    for (int at = from; at < until; at += 32) {
        const int place = at + lane, own = classes > 0 && place < until ? labels[place] : 0;
        bool taken = place < until && (classes == 0 || (own >= 0 && own < classes));
        if (taken) taken = rank_of(record[place], place) >= thresholds[own];
        const unsigned word = __ballot_sync(WHOLE_WARP, taken), low = places_below(count, at);
        if (lane == 0) words[warp * MOST_WORDS + (at - from) / 32] = word;
        gaps += __popc(~word & low);
        filling += __popc(word & ~low);
    }
    if (lane == 0) {
        gaps_of[warp] = gaps;
        fillers_of[warp] = filling;
    }
    __syncthreads();
    int all_gaps, all_fillers;
    int gap = before(gaps_of, warp, &all_gaps), filler = before(fillers_of, warp, &all_fillers);
    const unsigned lanes_before = (1u << lane) - 1;
    for (int at = from; at < until; at += 32) {
        const unsigned word = words[warp * MOST_WORDS + (at - from) / 32], low = places_below(count, at);
        if (word >> lane & 1) {
            if (low >> lane & 1) chosen[at + lane] = at + lane;
            else fillers[filler + __popc(word & ~low & lanes_before)] = at + lane;
        }
        filler += __popc(word & ~low);
    }
    __syncthreads();
    for (int at = from; at < until; at += 32) {
        const unsigned empty = ~words[warp * MOST_WORDS + (at - from) / 32] & places_below(count, at);
        const int number = gap + __popc(empty & lanes_before);
        if (empty >> lane & 1) chosen[at + lane] = number < all_fillers ? fillers[number] : at + lane;
        gap += __popc(empty);
    }
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_choose(int64_t batch, int64_t count, const float* record, const int32_t* labels, int64_t classes,
                              const int32_t* of_class, void* workspace, int32_t* chosen, void* stream) {
    if (batch < 1 || batch > MOST_SAMPLES || count < 0 || count > batch)
        return refuse("choose", "%lld of %lld samples: 1 to %d, and no more than there are", static_cast<long long>(count),
                      static_cast<long long>(batch), MOST_SAMPLES);
    if (of_class && (!labels || classes < 1 || classes > MOST_SAMPLES))
        return refuse("choose", "so many of each class, with %lld classes (1 to %d)%s", static_cast<long long>(classes),
                      MOST_SAMPLES, labels ? "" : " and without labels");
    if (count == 0) return GS_CUDA_OK;
    if (!record || !workspace || !chosen) return refuse("choose", "a buffer that it needs is NULL");
    const int blocks = of_class ? static_cast<int>(classes) : 1, samples = static_cast<int>(batch);
    unsigned long long* const thresholds = static_cast<unsigned long long*>(workspace);
    int32_t* const fillers = reinterpret_cast<int32_t*>(thresholds + blocks);
    const int status = GS_LAUNCH(threshold_kernel, blocks, THREADS, 0, stream, samples, static_cast<int>(count), record, labels,
                                 of_class, thresholds);
    if (status != GS_CUDA_OK) return status;
    return GS_LAUNCH(compact_kernel, 1, THREADS, 0, stream, samples, static_cast<int>(count), record, labels, of_class ? blocks : 0,
                     thresholds, fillers, chosen);
}

extern "C" int64_t gs_cuda_choose_workspace(int64_t batch, int64_t classes) {
    if (batch < 1 || batch > MOST_SAMPLES) return 0;
    const int64_t blocks = classes < 1 ? 1 : classes > MOST_SAMPLES ? MOST_SAMPLES : classes;
    return static_cast<int64_t>(sizeof(unsigned long long)) * blocks + static_cast<int64_t>(sizeof(int32_t)) * batch;
}
