/* The register tiles of conv2d_weights.h. */
#include "conv2d_weights.h"

namespace gradsieve {
namespace GS_ISA {

template <int J, int V, bool SCATTERED>
static Vector weights_tile(const WeightsPass& pass, const float* in, const float* output_gradient, float* target) {
    constexpr int N = V * VECTORS;
    Vector sum[J][N];
    int64_t offset[J];
#pragma GCC unroll 16
    for (int j = 0; j < J; j++) {
        offset[j] = SCATTERED ? pass.offsets[j] : j;
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) sum[j][n] = Vector{};
    }
    for (int64_t y = 0; y < pass.height; y++) {
        const float* from = in + y * pass.row;
        for (int64_t x = 0; x < pass.width; x++) {
            Vector d[N];
#pragma GCC unroll 16
            for (int n = 0; n < N; n++) d[n] = load(output_gradient + n * LANES);
#pragma GCC unroll 16
            for (int j = 0; j < J; j++) {
                const Vector value = broadcast(from[SCATTERED ? offset[j] : j]);
#pragma GCC unroll 16
                for (int n = 0; n < N; n++) sum[j][n] = fma(value, d[n], sum[j][n]);
            }
            from += pass.step;
            output_gradient += pass.out_step;
        }
    }
    Vector norm[2] = {};
#pragma GCC unroll 16
    for (int j = 0; j < J; j++)
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) {
            float* at = target + n / VECTORS * pass.target_block + j * BLOCK + n % VECTORS * LANES;
            store(at, pass.fresh ? sum[j][n] : load(at) + sum[j][n]);
            norm[(j + n) % 2] = fma(sum[j][n], sum[j][n], norm[(j + n) % 2]);
        }
    return norm[0] + norm[1];
}

/* AVX-512: 16 x 1 or 8 x 2 vectors, AVX2: 6 x 2, baseline: 2 x 4. */
constexpr int64_t MOST_SINGLE = LANES == 16 ? 16 : LANES == 8 ? 6 : 2;
constexpr int64_t MOST_DOUBLE = 9;
constexpr int64_t MOST_SCATTERED = LANES == 16 ? 9 : LANES == 8 ? 6 : 2; /* each offset takes a general register */

template <int V, bool SCATTERED>
static WeightsTile weights_tile_of(int64_t j) {
    switch (j) {
        case 1: return weights_tile<1, V, SCATTERED>;
        case 2: return weights_tile<2, V, SCATTERED>;
#if defined(__AVX2__)
        case 3: return weights_tile<3, V, SCATTERED>;
        case 4: return weights_tile<4, V, SCATTERED>;
        case 5: return weights_tile<5, V, SCATTERED>;
        case 6: return weights_tile<6, V, SCATTERED>;
#endif
#if defined(__AVX512F__)
        case 7: return weights_tile<7, V, SCATTERED>;
        case 8: return weights_tile<8, V, SCATTERED>;
        case 9: return weights_tile<9, V, SCATTERED>;
        case 16: return weights_tile<SCATTERED || V == 2 ? 9 : 16, V, SCATTERED>;
#endif
        default: return nullptr;
    }
}

int64_t conv2d_weights_values(int64_t count, int64_t blocks, bool scattered) {
    const int64_t most = scattered ? MOST_SCATTERED : blocks == 2 ? MOST_DOUBLE : MOST_SINGLE;
    if (count == most) return most;
    const int64_t tiles = (count + smaller(most, 9) - 1) / smaller(most, 9);
    return count / tiles;
}

WeightsTile conv2d_weights_tile(int64_t values, int64_t blocks, bool scattered) {
    constexpr int two = DOUBLE_BLOCKS ? 2 : 1;
    if (blocks == 2) return scattered ? weights_tile_of<two, true>(values) : weights_tile_of<two, false>(values);
    return scattered ? weights_tile_of<1, true>(values) : weights_tile_of<1, false>(values);
}

}  // namespace GS_ISA
}  // namespace gradsieve
