/*
 * Group norm: each sample's channels in G groups of C/G, over T positions; n = T * C/G.
 *   forward  y = (x - mean_g) * inv_g * gamma_c + beta_c "="; saved [B][2][G] "=": mean, 1/sqrt(variance + eps). A group is
 *            read three times, from L1 or L2; 8 bytes an element from memory
 *   backward s0_c = sum_t g, s1_c = sum_t g * x_hat: "+=" into beta_gradient and gamma_gradient, their squares into norm2;
 *            dx by its mode = inv_g * (gamma_c g - S0_g - x_hat S1_g), S_g = sum over the group of gamma_c s_c / n. 12 bytes
 */
#include "normalize.h"
#include "operations.h"

namespace gradsieve::GS_ISA {

/* A run of whole groups that is worked on together: as many as fit one block, else one group of several blocks. */
struct Groups {
    int64_t width, channels; /* of a group; of the run */
    int of[BLOCK];           /* the group, counted from the run's first, of each lane of its blocks */
};

static inline Groups groups_of(int64_t width, int64_t channels) {
    const int64_t run = width <= BLOCK ? BLOCK / width * width : width;
    Groups groups = {width, smaller(run, channels), {}};
    for (int64_t k = 0; k < BLOCK; k++) groups.of[k] = width <= BLOCK ? (int)(k / width) : 0;
    return groups;
}

/* The last run may be shorter. */
static inline void shorten(Groups& run, int64_t channels) {
    run.channels = smaller(run.channels, channels);
}

/* One value a group to one value a lane. */
static inline void spread(const Groups& run, int64_t lanes, const float* values, Vector (&block)[VECTORS]) {
    float lane[BLOCK] = {};
    for (int64_t k = 0; k < lanes; k++) lane[k] = values[run.of[k]];
    load_block(lane, BLOCK, block);
}

static inline void gather(const Groups& run, int64_t lanes, const Vector (&block)[VECTORS], double* values) {
    float lane[BLOCK];
    store_block(lane, BLOCK, block);
    for (int64_t k = 0; k < lanes; k++) values[run.of[k]] += lane[k];
}

static inline void zero_padding(const Extent& extent, int64_t sample, float* y) {
    for (int64_t t = 0; extent.channels < extent.pitch && t < extent.positions; t++) {
        float* row = y + (sample * extent.positions + t) * extent.pitch;
        for (int64_t c = extent.channels; c < extent.pitch; c++) row[c] = 0;
    }
}

template <bool FULL>
static void block_sum(int64_t positions, int64_t pitch, int64_t lanes, const float* x, Vector (&total)[1][VECTORS]) {
    sum_positions<1>(positions, [=](int64_t t, int v, auto& part) GS_INLINE {
        part[0][v] += get<FULL>(x + t * pitch + v * LANES, lanes - v * LANES);
    }, total);
}

template <bool FULL>
static void block_squares(int64_t positions, int64_t pitch, int64_t lanes, const float* x, const Vector (&mean)[VECTORS],
                          Vector (&total)[1][VECTORS]) {
    sum_positions<1>(positions, [=](int64_t t, int v, auto& part) GS_INLINE {
        const Vector d = get<FULL>(x + t * pitch + v * LANES, lanes - v * LANES) - mean[v];
        part[0][v] += d * d;
    }, total);
}

static void group_statistics(const Groups& run, int64_t positions, int64_t pitch, const float* x, float eps, float* mean,
                             float* inverse) {
    const double n = (double)(positions * run.width);
    const int64_t groups = run.channels / run.width;
    double sums[BLOCK] = {}, squares[BLOCK] = {};
    for (int64_t c = 0; c < run.channels; c += BLOCK) {
        const int64_t lanes = smaller(BLOCK, run.channels - c);
        Vector total[1][VECTORS];
        (lanes == BLOCK ? block_sum<true> : block_sum<false>)(positions, pitch, lanes, x + c, total);
        gather(run, lanes, total[0], sums);
    }
    for (int g = 0; g < groups; g++) mean[g] = (float)(sums[g] / n);
    for (int64_t c = 0; c < run.channels; c += BLOCK) {
        const int64_t lanes = smaller(BLOCK, run.channels - c);
        Vector means[VECTORS], total[1][VECTORS];
        spread(run, lanes, mean, means);
        (lanes == BLOCK ? block_squares<true> : block_squares<false>)(positions, pitch, lanes, x + c, means, total);
        gather(run, lanes, total[0], squares);
    }
    for (int g = 0; g < groups; g++) inverse[g] = (float)(1 / __builtin_sqrt(squares[g] / n + eps));
}

void groupnorm_forward(const Extent& extent, int64_t groups, float eps, const float* input, const float* gamma,
                       const float* beta, float* output, float* saved) {
    const int64_t pitch = extent.pitch, positions = extent.positions, width = extent.channels / groups;
    for (int64_t i = 0; i < extent.batch; i++) {
        const float* x = input + i * positions * pitch;
        float* y = output + i * positions * pitch;
        float* save = saved + i * 2 * groups;
        Groups run = groups_of(width, extent.channels);
        for (int64_t first = 0; first < extent.channels; first += run.channels) {
            shorten(run, extent.channels - first);
            float mean[BLOCK], inverse[BLOCK];
            group_statistics(run, positions, pitch, x + first, eps, mean, inverse);
            for (int64_t g = 0; g < run.channels / width; g++) {
                save[first / width + g] = mean[g];
                save[groups + first / width + g] = inverse[g];
            }
            for (int64_t c = 0; c < run.channels; c += BLOCK) {
                const int64_t lanes = smaller(BLOCK, run.channels - c);
                Vector means[VECTORS], scale[VECTORS], shift[VECTORS], gammas[VECTORS];
                spread(run, lanes, mean, means);
                spread(run, lanes, inverse, scale);
                load_block(gamma + first + c, lanes, gammas);
                load_block(beta + first + c, lanes, shift);
                for (int v = 0; v < VECTORS; v++) scale[v] *= gammas[v];
                (lanes == BLOCK ? block_normalize<true, false, false> : block_normalize<false, false, false>)(
                    positions, pitch, lanes, x + first + c, means, scale, shift, nullptr, y + first + c);
            }
        }
        zero_padding(extent, i, output);
    }
}

/* First pass of backward over a run: gradients of gamma and beta; S0, S1 of its groups; returns its share of norm2. */
static double group_sums(const Groups& run, int64_t positions, int64_t pitch, const float* x, const float* g,
                         const float* mean, const float* inverse, const float* gamma, float* gamma_gradient,
                         float* beta_gradient, float* mean0, float* mean1) {
    double sums0[BLOCK] = {}, sums1[BLOCK] = {}, squares = 0;
    for (int64_t c = 0; c < run.channels; c += BLOCK) {
        const int64_t lanes = smaller(BLOCK, run.channels - c);
        Vector means[VECTORS], scale[VECTORS], gammas[VECTORS], total[2][VECTORS], square = {};
        spread(run, lanes, mean, means);
        spread(run, lanes, inverse, scale);
        load_block(gamma + c, lanes, gammas);
        (lanes == BLOCK ? block_backward_sums<true> : block_backward_sums<false>)(
            positions, pitch, lanes, x + c, means, g + c, MaskedPass{}, total);
        for (int v = 0; v < VECTORS; v++) {
            total[1][v] *= scale[v];
            square += total[0][v] * total[0][v] + total[1][v] * total[1][v];
        }
        squares += sum_double(square);
        add_block(beta_gradient + c, lanes, total[0]);
        add_block(gamma_gradient + c, lanes, total[1]);
        for (int v = 0; v < VECTORS; v++) {
            total[0][v] *= gammas[v];
            total[1][v] *= gammas[v];
        }
        gather(run, lanes, total[0], sums0);
        gather(run, lanes, total[1], sums1);
    }
    const double n = (double)(positions * run.width);
    for (int64_t k = 0; k < run.channels / run.width; k++) {
        mean0[k] = (float)(sums0[k] / n);
        mean1[k] = (float)(sums1[k] / n);
    }
    return squares;
}

void groupnorm_backward(const Extent& extent, int64_t groups, const float* input, const float* gamma, const float* saved,
                        const float* output_gradient, int gradient, float* input_gradient, float* gamma_gradient,
                        float* beta_gradient, float* norm2) {
    const int64_t pitch = extent.pitch, positions = extent.positions, width = extent.channels / groups;
    const bool add = gradient == GS_GRADIENT_ADD;
    for (int64_t i = 0; i < extent.batch; i++) {
        const float *x = input + i * positions * pitch, *g = output_gradient + i * positions * pitch;
        double squares = 0;
        Groups run = groups_of(width, extent.channels);
        for (int64_t first = 0; first < extent.channels; first += run.channels) {
            shorten(run, extent.channels - first);
            float mean[BLOCK] = {}, inverse[BLOCK] = {}, mean0[BLOCK], mean1[BLOCK];
            for (int64_t k = 0; k < run.channels / width; k++) {
                mean[k] = saved[i * 2 * groups + first / width + k];
                inverse[k] = saved[(i * 2 + 1) * groups + first / width + k];
            }
            squares += group_sums(run, positions, pitch, x + first, g + first, mean, inverse, gamma + first,
                                  gamma_gradient + first, beta_gradient + first, mean0, mean1);
            for (int64_t k = first; gradient != GS_GRADIENT_NONE && k < first + run.channels; k += BLOCK) {
                const int64_t lanes = smaller(BLOCK, first + run.channels - k);
                Vector means[VECTORS], scale[VECTORS], a[VECTORS], b[VECTORS], c[VECTORS];
                spread(run, lanes, mean, means);
                spread(run, lanes, inverse, scale);
                spread(run, lanes, mean0, c);
                spread(run, lanes, mean1, b);
                load_block(gamma + k, lanes, a);
                for (int v = 0; v < VECTORS; v++) {
                    a[v] *= scale[v];
                    b[v] = -(scale[v] * scale[v] * b[v]);
                    c[v] = -(scale[v] * c[v]);
                }
                decltype(&block_backward_input<true, true>) pass =
                    lanes == BLOCK ? (add ? block_backward_input<true, true> : block_backward_input<true, false>)
                                   : (add ? block_backward_input<false, true> : block_backward_input<false, false>);
                pass(positions, pitch, lanes, x + k, means, g + k, a, b, c, input_gradient + i * positions * pitch + k);
            }
        }
        if (gradient == GS_GRADIENT_STORE) zero_padding(extent, i, input_gradient);
        if (norm2) norm2[i] += (float)squares;
    }
}

}  // namespace gradsieve::GS_ISA
