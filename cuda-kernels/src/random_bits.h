/*
 * The engine's counter-based random numbers, the twin of java's io.gradsieve.RandomBits and of the CPU's random_bits.h, bit for
 * bit: SplitMix64's finaliser over a Weyl sequence. A stream is its key.
 */
#ifndef GRADSIEVE_CUDA_RANDOM_BITS_H
#define GRADSIEVE_CUDA_RANDOM_BITS_H

#include "device.h"

namespace gradsieve {

constexpr uint64_t GOLDEN = 0x9E3779B97F4A7C15u;

__device__ __forceinline__ uint64_t random_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 64 uniform bits of a stream, which are the key of a stream within it, too. */
__device__ __forceinline__ uint64_t random_bits(uint64_t key, int64_t counter) {
    return random_mix(key + GOLDEN * (static_cast<uint64_t>(counter) + 1));
}

/* The stream of one purpose in one epoch; LETTERS: with the 0 at its end. */
template <int LETTERS>
__device__ __forceinline__ uint64_t random_of(int64_t seed, const char (&purpose)[LETTERS], int64_t epoch) {
    uint64_t key = random_mix(static_cast<uint64_t>(seed) * GOLDEN + 1);
#pragma unroll
    for (int i = 0; i + 1 < LETTERS; i++) key = random_bits(key, purpose[i]);
    return random_bits(key, epoch);
}

}  // namespace gradsieve
#endif
