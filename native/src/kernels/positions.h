/*
 * Passes over the positions of a value, 16 channels (a BLOCK, VECTORS vectors) at a time: what batch and group norm, bias
 * and column sums share. FULL says that the block lies wholly within the pitch, so that no lane has to be masked.
 */
#ifndef GRADSIEVE_KERNELS_POSITIONS_H
#define GRADSIEVE_KERNELS_POSITIONS_H

#include "simd.h"

namespace gradsieve::GS_ISA {

#define GS_INLINE __attribute__((always_inline))

/* The first min(n, LANES) lanes; n may be negative. */
static inline Vector load_some(const float* from, int64_t n) {
    return n >= LANES ? load(from) : load_partial(from, n > 0 ? n : 0);
}

static inline void store_some(float* to, int64_t n, Vector v) {
    if (n >= LANES) {
        store(to, v);
    } else if (n > 0) {
        store_partial(to, n, v);
    }
}

template <bool FULL>
static inline Vector get(const float* from, int64_t n) {
    return FULL ? load(from) : load_some(from, n);
}

template <bool FULL>
static inline void put(float* to, int64_t n, Vector v) {
    if (FULL) {
        store(to, v);
    } else {
        store_some(to, n, v);
    }
}

/* How many positions go side by side: with VECTORS chains each, four additions are under way, which hides their latency. */
constexpr int ABREAST = VECTORS < 4 ? 4 / VECTORS : 1;
/* Longest run of one float sum, so that the rounding of a mean stays under 1e-6 for any number of positions. */
constexpr int64_t RUN = 256;

/* total[s][v] = sum over t of what add(t, v, part) adds to part[s][v]. The order of additions depends on T alone. */
template <int SUMS, typename Add>
static inline void sum_positions(int64_t positions, Add add, Vector (&total)[SUMS][VECTORS]) {
    for (int s = 0; s < SUMS; s++)
        for (int v = 0; v < VECTORS; v++) total[s][v] = Vector{};
    for (int64_t start = 0; start < positions; start += RUN) {
        const int64_t end = positions - start < RUN ? positions : start + RUN;
        Vector part[ABREAST][SUMS][VECTORS] = {};
        int64_t t = start;
        for (; t + ABREAST <= end; t += ABREAST)
            for (int a = 0; a < ABREAST; a++)
                for (int v = 0; v < VECTORS; v++) add(t + a, v, part[a]);
        for (; t < end; t++)
            for (int v = 0; v < VECTORS; v++) add(t, v, part[0]);
        for (int a = 0; a < ABREAST; a++)
            for (int s = 0; s < SUMS; s++)
                for (int v = 0; v < VECTORS; v++) total[s][v] += part[a][s][v];
    }
}

/* Parameters of a block: the first `lanes` of VECTORS vectors, others zero. */
static inline void load_block(const float* from, int64_t lanes, Vector (&block)[VECTORS]) {
    for (int v = 0; v < VECTORS; v++) block[v] = load_some(from + v * LANES, lanes - v * LANES);
}

static inline void store_block(float* to, int64_t lanes, const Vector (&block)[VECTORS]) {
    for (int v = 0; v < VECTORS; v++) store_some(to + v * LANES, lanes - v * LANES, block[v]);
}

static inline void add_block(float* to, int64_t lanes, const Vector (&block)[VECTORS]) {
    for (int v = 0; v < VECTORS; v++) {
        const int64_t n = lanes - v * LANES;
        store_some(to + v * LANES, n, load_some(to + v * LANES, n) + block[v]);
    }
}

/* What a gradient lets through: where the output of relu is above 0 or NaN. */
static inline Vector through_relu(Vector output, Vector gradient) {
    return output <= Vector{} ? Vector{} : gradient;
}

}  // namespace gradsieve::GS_ISA
#endif
