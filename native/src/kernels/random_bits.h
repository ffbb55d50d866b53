/*
 * The engine's counter-based random numbers: the twin of java's io.gradsieve.RandomBits, bit for bit, and the only place on
 * this side that draws. of(seed, purpose, epoch) makes a key; at(counter) a stream within it; bits(counter) 64 uniform
 * bits: SplitMix64's finaliser over a Weyl sequence.
 */
#ifndef GRADSIEVE_KERNELS_RANDOM_BITS_H
#define GRADSIEVE_KERNELS_RANDOM_BITS_H

#include <stdint.h>

namespace gradsieve::GS_ISA {

struct RandomBits {
    static constexpr uint64_t GOLDEN = 0x9E3779B97F4A7C15u;

    uint64_t key;
};

static inline uint64_t random_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint64_t random_bits(RandomBits stream, int64_t counter) {
    return random_mix(stream.key + RandomBits::GOLDEN * ((uint64_t)counter + 1));
}

static inline RandomBits random_at(RandomBits stream, int64_t counter) {
    return {random_bits(stream, counter)};
}

static inline RandomBits random_of(int64_t seed, const char* purpose, int64_t epoch) {
    uint64_t key = random_mix((uint64_t)seed * RandomBits::GOLDEN + 1);
    for (const char* c = purpose; *c; c++) {
        key = random_mix(key + RandomBits::GOLDEN * ((uint64_t)*c + 1));
    }
    return {random_mix(key + RandomBits::GOLDEN * ((uint64_t)epoch + 1))};
}

}  // namespace gradsieve::GS_ISA
#endif
