/*
 * One sample of layer norm, in both its forms (formulas in layernorm.cpp). Means are of `lines` x `length` elements that lie
 * `pitch` apart line by line; with no padding lanes a sample is one line.
 */
#ifndef GRADSIEVE_KERNELS_LAYERNORM_H
#define GRADSIEVE_KERNELS_LAYERNORM_H

#include "../kernels.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

struct LayerNormSample {
    int64_t positions, width, channels, pitch;
    const float *x, *gamma;
    float *mean, *inverse; /* one, or [H][P]; backward only reads them */
};

struct LayerNormGradient {
    const float* g;
    int mode; /* gs_gradient */
    float *dx, *gamma_gradient, *beta_gradient;
};

struct Lines {
    int64_t count, length, pitch;
};

static inline Lines lines_of(const LayerNormSample& s) {
    const bool dense = s.channels == s.pitch;
    return dense ? Lines{1, s.positions * s.pitch, 0} : Lines{s.positions, s.channels, s.pitch};
}

/* sums[s] += sum over all elements of what add(at, n, part) adds to part[s]; the first n lanes at `at` are in use. */
template <int SUMS, typename Add>
static inline void sum_lines(const Lines& lines, Add add, double (&sums)[SUMS]) {
    for (int64_t line = 0; line < lines.count; line++) {
        for (int64_t start = 0; start < lines.length; start += RUN) {
            const int64_t end = smaller(lines.length, start + RUN), base = line * lines.pitch;
            Vector part[2][SUMS] = {};
            int64_t j = start;
            for (; j + 2 * LANES <= end; j += 2 * LANES) {
                add(base + j, LANES, part[0]);
                add(base + j + LANES, LANES, part[1]);
            }
            for (; j < end; j += LANES) add(base + j, smaller(LANES, end - j), part[0]);
            for (int s = 0; s < SUMS; s++) sums[s] += sum(part[0][s] + part[1][s]);
        }
    }
}

static inline void zero_lanes(const LayerNormSample& s, float* y) {
    for (int64_t t = 0; s.channels < s.pitch && t < s.positions; t++)
        for (int64_t c = s.channels; c < s.pitch; c++) y[t * s.pitch + c] = 0;
}

static void features_forward(const LayerNormSample& s, float eps, const float* beta, float* y) {
    const Lines lines = lines_of(s);
    const double n = (double)(s.positions * s.channels);
    double total[1] = {}, squares[1] = {};
    sum_lines<1>(lines, [=](int64_t at, int64_t k, auto& part) GS_INLINE { part[0] += load_some(s.x + at, k); }, total);
    const float mean = (float)(total[0] / n);
    const IntVector index = lane_index();
    sum_lines<1>(lines, [=](int64_t at, int64_t k, auto& part) GS_INLINE {
        const Vector d = load_some(s.x + at, k) - mean;
        part[0] += index < broadcast_int((int32_t)k) ? d * d : Vector{};
    }, squares);
    const float inverse = (float)(1 / __builtin_sqrt(squares[0] / n + eps));
    *s.mean = mean;
    *s.inverse = inverse;
    for (int64_t line = 0; line < lines.count; line++) {
        for (int64_t j = 0; j < lines.length; j += LANES) {
            const int64_t at = line * lines.pitch + j, k = lines.length - j;
            store_some(y + at, k,
                       (load_some(s.x + at, k) - mean) * inverse * load_some(s.gamma + at, k) + load_some(beta + at, k));
        }
    }
    zero_lanes(s, y);
}

/* Returns the sample's share of norm2. Every element has its own gamma, so its sums have one term. */
static double features_backward(const LayerNormSample& s, const LayerNormGradient& out) {
    const Lines lines = lines_of(s);
    const double n = (double)(s.positions * s.channels);
    const float mean = *s.mean, inverse = *s.inverse;
    double sums[4] = {};
    sum_lines<4>(lines, [=](int64_t at, int64_t k, auto& part) GS_INLINE {
        const Vector g = load_some(out.g + at, k), scaled = g * load_some(s.gamma + at, k);
        const Vector x_hat = (load_some(s.x + at, k) - mean) * inverse, product = g * x_hat;
        store_some(out.gamma_gradient + at, k, load_some(out.gamma_gradient + at, k) + product);
        store_some(out.beta_gradient + at, k, load_some(out.beta_gradient + at, k) + g);
        part[0] += scaled;
        part[1] += scaled * x_hat; /* unused lanes: g is 0 there */
        part[2] += g * g;
        part[3] += product * product;
    }, sums);
    if (out.mode != GS_GRADIENT_NONE) {
        const float mean0 = (float)(sums[0] / n), mean1 = (float)(sums[1] / n);
        for (int64_t line = 0; line < lines.count; line++) {
            for (int64_t j = 0; j < lines.length; j += LANES) {
                const int64_t at = line * lines.pitch + j, k = lines.length - j;
                const Vector x_hat = (load_some(s.x + at, k) - mean) * inverse;
                const Vector own = (load_some(out.g + at, k) * load_some(s.gamma + at, k) - mean0 - x_hat * mean1) * inverse;
                store_some(out.dx + at, k, out.mode == GS_GRADIENT_ADD ? load_some(out.dx + at, k) + own : own);
            }
        }
        if (out.mode == GS_GRADIENT_STORE) zero_lanes(s, out.dx);
    }
    return sums[2] + sums[3];
}

static void spatial_forward(const LayerNormSample& s, float eps, const float* beta, float* y) {
    const int64_t height = s.positions / s.width, pitch = s.pitch;
    const float share = 1.0f / (float)s.width;
    const IntVector index = lane_index();
    for (int64_t h = 0; h < height; h++) {
        for (int64_t c = 0; c < pitch; c += LANES) {
            const int64_t k = pitch - c, at = h * s.width * pitch + c;
            const IntVector used = index < broadcast_int((int32_t)smaller(LANES, s.channels - c));
            Vector total = {}, squares = {};
            for (int64_t w = 0; w < s.width; w++) total += load_some(s.x + at + w * pitch, k);
            const Vector mean = total * share;
            for (int64_t w = 0; w < s.width; w++) {
                const Vector d = load_some(s.x + at + w * pitch, k) - mean;
                squares += d * d;
            }
            const Vector variance = squares * share + eps;
            Vector inverse;
            for (int j = 0; j < LANES; j++) inverse[j] = 1 / __builtin_sqrtf(variance[j]);
            store_some(s.mean + h * pitch + c, k, mean);
            store_some(s.inverse + h * pitch + c, k, inverse);
            for (int64_t w = 0; w < s.width; w++) {
                const Vector value = (load_some(s.x + at + w * pitch, k) - mean) * inverse * s.gamma[w] + beta[w];
                store_some(y + at + w * pitch, k, used ? value : Vector{});
            }
        }
    }
}

static void spatial_backward_input(const LayerNormSample& s, const LayerNormGradient& out) {
    const int64_t height = s.positions / s.width, pitch = s.pitch;
    const float share = 1.0f / (float)s.width;
    for (int64_t h = 0; h < height; h++) {
        for (int64_t c = 0; c < pitch; c += LANES) {
            const int64_t k = pitch - c, at = h * s.width * pitch + c;
            const Vector mean = load_some(s.mean + h * pitch + c, k), inverse = load_some(s.inverse + h * pitch + c, k);
            Vector mean0 = {}, mean1 = {};
            for (int64_t w = 0; w < s.width; w++) {
                const Vector g = load_some(out.g + at + w * pitch, k) * s.gamma[w];
                mean0 += g;
                mean1 += g * ((load_some(s.x + at + w * pitch, k) - mean) * inverse);
            }
            mean0 *= share;
            mean1 *= share;
            for (int64_t w = 0; w < s.width; w++) {
                const Vector x_hat = (load_some(s.x + at + w * pitch, k) - mean) * inverse;
                const Vector own = (load_some(out.g + at + w * pitch, k) * s.gamma[w] - mean0 - x_hat * mean1) * inverse;
                float* to = out.dx + at + w * pitch;
                store_some(to, k, out.mode == GS_GRADIENT_ADD ? load_some(to, k) + own : own);
            }
        }
    }
}

/* Returns the sample's share of norm2. Place w sums over all rows and channels: one w at a time, so no scratch is needed. */
static double spatial_backward(const LayerNormSample& s, const LayerNormGradient& out) {
    const int64_t height = s.positions / s.width, pitch = s.pitch;
    double squares = 0;
    for (int64_t w = 0; w < s.width; w++) {
        double sum0 = 0, sum1 = 0;
        for (int64_t h = 0; h < height; h++) {
            Vector part0 = {}, part1 = {};
            for (int64_t c = 0; c < pitch; c += LANES) {
                const int64_t k = pitch - c, at = (h * s.width + w) * pitch + c;
                const Vector g = load_some(out.g + at, k);
                const Vector mean = load_some(s.mean + h * pitch + c, k), inverse = load_some(s.inverse + h * pitch + c, k);
                part0 += g;
                part1 += g * ((load_some(s.x + at, k) - mean) * inverse);
            }
            sum0 += sum(part0);
            sum1 += sum(part1);
        }
        out.beta_gradient[w] += (float)sum0;
        out.gamma_gradient[w] += (float)sum1;
        squares += sum0 * sum0 + sum1 * sum1;
    }
    if (out.mode != GS_GRADIENT_NONE) spatial_backward_input(s, out);
    return squares;
}

}  // namespace gradsieve::GS_ISA
#endif
