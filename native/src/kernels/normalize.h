/*
 * Normalising passes over one sample's block of 16 channels, with mean, scale and shift per channel: batch norm's and group
 * norm's inner loops. at = t * pitch; x, y, g, dx point at the block's first lane.
 */
#ifndef GRADSIEVE_KERNELS_NORMALIZE_H
#define GRADSIEVE_KERNELS_NORMALIZE_H

#include "positions.h"

namespace gradsieve::GS_ISA {

/* y = (x - mean) * scale + shift + skip, relu. */
template <bool FULL, bool SKIP, bool RELU>
static void block_normalize(int64_t positions, int64_t pitch, int64_t lanes, const float* x, const Vector (&mean)[VECTORS],
                            const Vector (&scale)[VECTORS], const Vector (&shift)[VECTORS], const float* skip, float* y) {
    for (int64_t t = 0; t < positions; t++) {
        for (int v = 0; v < VECTORS; v++) {
            const int64_t at = t * pitch + v * LANES, n = lanes - v * LANES;
            Vector value = (get<FULL>(x + at, n) - mean[v]) * scale[v] + shift[v];
            if (SKIP) value += get<FULL>(skip + at, n);
            put<FULL>(y + at, n, RELU ? relu(value) : value);
        }
    }
}

/* What the pass over the gradient does besides its sums. */
struct MaskedPass {
    const float* output; /* of relu, NULL: identity */
    float* masked;       /* NULL: not written, for it is the gradient itself, unchanged */
    float* skip;         /* NULL: none */
    bool add;            /* to skip */
};

/* total[0] = sum of the masked g, total[1] = sum of it times x - mean. */
template <bool FULL>
static void block_backward_sums(int64_t positions, int64_t pitch, int64_t lanes, const float* x,
                                const Vector (&mean)[VECTORS], const float* gradient, const MaskedPass& pass,
                                Vector (&total)[2][VECTORS]) {
    sum_positions<2>(positions, [=](int64_t t, int v, auto& part) GS_INLINE {
        const int64_t at = t * pitch + v * LANES, n = lanes - v * LANES;
        Vector g = get<FULL>(gradient + at, n);
        if (pass.output) g = through_relu(get<FULL>(pass.output + at, n), g);
        if (pass.masked) put<FULL>(pass.masked + at, n, g);
        if (pass.skip) put<FULL>(pass.skip + at, n, pass.add ? get<FULL>(pass.skip + at, n) + g : g);
        part[0][v] += g;
        part[1][v] += g * (get<FULL>(x + at, n) - mean[v]);
    }, total);
}

/* dx = or += g * a + (x - mean) * b + c. */
template <bool FULL, bool ADD>
static void block_backward_input(int64_t positions, int64_t pitch, int64_t lanes, const float* x,
                                 const Vector (&mean)[VECTORS], const float* g, const Vector (&a)[VECTORS],
                                 const Vector (&b)[VECTORS], const Vector (&c)[VECTORS], float* dx) {
    for (int64_t t = 0; t < positions; t++) {
        for (int v = 0; v < VECTORS; v++) {
            const int64_t at = t * pitch + v * LANES, n = lanes - v * LANES;
            Vector value = (get<FULL>(x + at, n) - mean[v]) * b[v] + c[v];
            value = get<FULL>(g + at, n) * a[v] + value;
            put<FULL>(dx + at, n, ADD ? get<FULL>(dx + at, n) + value : value);
        }
    }
}

}  // namespace gradsieve::GS_ISA
#endif
