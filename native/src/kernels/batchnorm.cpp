/*
 * Batch norm over B*T positions, one block of samples at a time; x, y, g, dx are [B][T][P].
 *   moments   sums "+=" sum x, sum x^2. 4 bytes an element
 *   normalize y = activation((x - mean) * inv * gamma + beta + skip). 8 bytes, 12 with skip
 *   sums      g masked by relu "="; sums "+=" sum g, sum g * x_hat; skip gradient by its mode; norm2 += their squares
 *             a sample. 12 bytes, 16 with relu, 20 with a skip gradient
 *   input     dx by its mode = gamma * inv * (g - mean_sums0 - x_hat * mean_sums1). 12 bytes, 16 with +=
 */
#include "normalize.h"
#include "operations.h"

namespace gradsieve::GS_ISA {

/*
 * One pass: deviations d are taken from a pivot of the sample's own, its middle position, in float; their sums become those
 * of x and x^2 in double, where nothing cancels: sum x = sum d + T p, sum x^2 = sum d^2 + p (2 sum d + T p). So a sample adds
 * the same whatever came before it, and the sums do not depend on how threads or machines divide a batch, but for a rounding
 * of double.
 */
template <bool FULL>
static void block_moments(int64_t positions, int64_t pitch, int64_t lanes, const float* x, double* sums, double* squares) {
    Vector pivot[VECTORS], total[2][VECTORS];
    for (int v = 0; v < VECTORS; v++)
        pivot[v] = get<FULL>(x + positions / 2 * pitch + v * LANES, lanes - v * LANES);
    sum_positions<2>(positions, [=](int64_t t, int v, auto& part) GS_INLINE {
        const Vector d = get<FULL>(x + t * pitch + v * LANES, lanes - v * LANES) - pivot[v];
        part[0][v] += d;
        part[1][v] += d * d;
    }, total);
    float pivots[BLOCK], first[BLOCK], second[BLOCK];
    store_block(pivots, BLOCK, pivot);
    store_block(first, BLOCK, total[0]);
    store_block(second, BLOCK, total[1]);
    const double n = (double)positions;
    for (int64_t c = 0; c < (FULL ? BLOCK : lanes); c++) {
        const double base = n * pivots[c];
        sums[c] += first[c] + base;
        squares[c] += second[c] + pivots[c] * (2 * (double)first[c] + base);
    }
}

void batchnorm_moments(const Extent& extent, const float* input, double* moments) {
    const int64_t pitch = extent.pitch, positions = extent.positions;
    for (int64_t i = 0; i < extent.batch; i++) {
        for (int64_t c = 0; c < pitch; c += BLOCK) {
            const bool full = c + BLOCK <= pitch;
            (full ? block_moments<true> : block_moments<false>)(positions, pitch, full ? BLOCK : pitch - c,
                                                                input + i * positions * pitch + c, moments + c,
                                                                moments + pitch + c);
        }
    }
}

void batchnorm_normalize(const Extent& extent, const float* input, const float* statistics, const float* gamma,
                         const float* beta, const float* skip, int activation, float* output) {
    const int64_t pitch = extent.pitch, positions = extent.positions;
    const bool relu = activation == GS_RELU;
    for (int64_t i = 0; i < extent.batch; i++) {
        for (int64_t c = 0; c < pitch; c += BLOCK) {
            const bool full = c + BLOCK <= pitch;
            const int64_t lanes = full ? BLOCK : pitch - c, at = i * positions * pitch + c;
            Vector mean[VECTORS], scale[VECTORS], shift[VECTORS], inverse[VECTORS];
            load_block(statistics + c, extent.channels - c, mean);
            load_block(statistics + pitch + c, extent.channels - c, inverse);
            load_block(gamma + c, extent.channels - c, scale);
            load_block(beta + c, extent.channels - c, shift);
            for (int v = 0; v < VECTORS; v++) scale[v] *= inverse[v];
            decltype(&block_normalize<true, true, true>) pass =
                full ? (skip ? (relu ? block_normalize<true, true, true> : block_normalize<true, true, false>)
                             : (relu ? block_normalize<true, false, true> : block_normalize<true, false, false>))
                     : (skip ? (relu ? block_normalize<false, true, true> : block_normalize<false, true, false>)
                             : (relu ? block_normalize<false, false, true> : block_normalize<false, false, false>));
            pass(positions, pitch, lanes, input + at, mean, scale, shift, skip ? skip + at : nullptr, output + at);
        }
    }
}

void batchnorm_backward_sums(const Extent& extent, const float* input, const float* statistics, const float* output,
                             int activation, const float* output_gradient, float* masked_gradient, int gradient,
                             float* skip_gradient, double* sums, float* norm2) {
    const int64_t pitch = extent.pitch, positions = extent.positions;
    const bool relu = activation == GS_RELU;
    float* skip = gradient == GS_GRADIENT_NONE ? nullptr : skip_gradient;
    float* masked = masked_gradient == output_gradient && !relu ? nullptr : masked_gradient;
    for (int64_t i = 0; i < extent.batch; i++) {
        double squares = 0;
        for (int64_t c = 0; c < pitch; c += BLOCK) {
            const bool full = c + BLOCK <= pitch;
            const int64_t lanes = full ? BLOCK : pitch - c, at = i * positions * pitch + c;
            const MaskedPass pass = {relu ? output + at : nullptr, masked ? masked + at : nullptr,
                                     skip ? skip + at : nullptr, gradient == GS_GRADIENT_ADD};
            Vector mean[VECTORS], inverse[VECTORS], total[2][VECTORS];
            load_block(statistics + c, extent.channels - c, mean);
            load_block(statistics + pitch + c, extent.channels - c, inverse);
            (full ? block_backward_sums<true> : block_backward_sums<false>)(positions, pitch, lanes, input + at, mean,
                                                                            output_gradient + at, pass, total);
            float sum0[BLOCK], sum1[BLOCK];
            Vector square = {};
            for (int v = 0; v < VECTORS; v++) {
                total[1][v] *= inverse[v];
                square += total[0][v] * total[0][v] + total[1][v] * total[1][v];
            }
            store_block(sum0, BLOCK, total[0]);
            store_block(sum1, BLOCK, total[1]);
            for (int64_t k = 0; k < lanes; k++) {
                sums[c + k] += sum0[k];
                sums[pitch + c + k] += sum1[k];
            }
            squares += sum_double(square);
        }
        if (norm2) norm2[i] += (float)squares;
    }
}

template <bool ADD>
static void scale_gradient(int64_t positions, int64_t pitch, int64_t lanes, const float* g, const Vector (&a)[VECTORS],
                           float* dx) {
    for (int64_t t = 0; t < positions; t++) {
        for (int v = 0; v < VECTORS; v++) {
            const int64_t at = t * pitch + v * LANES, n = lanes - v * LANES;
            const Vector value = load_some(g + at, n) * a[v];
            store_some(dx + at, n, ADD ? load_some(dx + at, n) + value : value);
        }
    }
}

void batchnorm_backward_input(const Extent& extent, const float* input, const float* statistics, const float* gamma,
                              const float* masked_gradient, const float* mean_sums, int gradient,
                              float* input_gradient) {
    const int64_t pitch = extent.pitch, positions = extent.positions;
    const bool add = gradient == GS_GRADIENT_ADD;
    for (int64_t i = 0; i < extent.batch; i++) {
        for (int64_t k = 0; k < pitch; k += BLOCK) {
            const bool full = k + BLOCK <= pitch;
            const int64_t lanes = full ? BLOCK : pitch - k, at = i * positions * pitch + k;
            Vector mean[VECTORS], inverse[VECTORS], a[VECTORS], b[VECTORS], c[VECTORS];
            load_block(statistics + k, extent.channels - k, mean);
            load_block(statistics + pitch + k, extent.channels - k, inverse);
            load_block(gamma + k, extent.channels - k, a);
            for (int v = 0; v < VECTORS; v++) a[v] *= inverse[v];
            if (!mean_sums) {
                (add ? scale_gradient<true> : scale_gradient<false>)(positions, pitch, lanes, masked_gradient + at, a,
                                                                     input_gradient + at);
                continue;
            }
            load_block(mean_sums + k, extent.channels - k, c);
            load_block(mean_sums + pitch + k, extent.channels - k, b);
            for (int v = 0; v < VECTORS; v++) {
                b[v] = -(a[v] * inverse[v] * b[v]);
                c[v] = -(a[v] * c[v]);
            }
            decltype(&block_backward_input<true, true>) pass =
                full ? (add ? block_backward_input<true, true> : block_backward_input<true, false>)
                     : (add ? block_backward_input<false, true> : block_backward_input<false, false>);
            pass(positions, pitch, lanes, input + at, mean, masked_gradient + at, a, b, c, input_gradient + at);
        }
    }
}

}  // namespace gradsieve::GS_ISA
