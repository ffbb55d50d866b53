/*
 * The forms compared, as sequences of launches on one stream. Each leaves gradient [outputs][3][3][inputs] "=" and, but for
 * form A0, norms [B] (squared) "+=".
 *   A   one pass: the library's conv2d_backward_weights (fp32, tf32); its kernel on other units (tf32x3, bf16), then sum_partials
 *   A0  the same without norms, then sum_partials: what the product costs alone
 *   B   per chunk of samples the gradients of each and norm_accumulate, then sum_partials (tf32)
 *   C   norms alone, beside a product without norms: the library's conv2d_gram_norms (fp32, tf32); its kernel on other units
 * and the library's linear_norms and batchnorm_backward_sums.
 */
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "conv2d_gram_norms.h"
#include "conv2d_strips.h"
#include "memory.cuh"
#include "norm_accumulate.cuh"
#include "partials.h"
#include "units.cuh"

enum Mode { GRADIENT, NORMS, EACH }; /* A0, A, the first half of B */

/* gradients [lane][weights] = the sum over the lane's samples; EACH: [sample][weights] = every sample's own. */
template <class P, int WM, int WN, int WT, int BLOCKS, bool EACH_SAMPLE>
__global__ void __launch_bounds__(32 * WM * WN * WT, BLOCKS)
    conv2d_product(Conv2d s, int strip_rows, int lanes, const typename P::Element* __restrict__ input,
                   const typename P::Element* __restrict__ output_gradient, float* __restrict__ gradients) {
    GS_DYNAMIC_SHARED(memory);
    const StripsPlace place = strips_place<WM, WN, WT>(s);
    const size_t weights = static_cast<size_t>(s.out_pitch) * static_cast<size_t>(s.row());
    typename P::Tile sum;
    sum.clear();
    for_samples<P, WM, WN, WT>(s, place, strip_rows, lanes, input, output_gradient, memory, sum, [&](int sample) {
        if (!EACH_SAMPLE) return;
        store_share(sum, gradients + static_cast<size_t>(sample) * weights, s, place);
        sum.clear();
    });
    if (!EACH_SAMPLE) store_share(sum, gradients + static_cast<size_t>(place.lane) * weights, s, place);
}

struct Plan;

/* One compiled tile in a precision. */
struct Variant {
    const char* precision;
    int wm, wn, wt, depth;
    size_t element; /* bytes of an operand's */
    bool (*has)(Mode mode);
    size_t (*shared)(int rows, int columns);
    int (*blocks)(Mode mode, size_t shared);
    int (*launch)(const Plan& plan, const void* x, const void* delta, float* gradients, float* shares, cudaStream_t stream);

    bool takes(const Conv2d& s) const { return s.pitch % (16 * wn) == 0 && s.out_pitch % (16 * wm) == 0; }
    bool is_bf16() const { return element == 2; }
};

struct Plan {
    const Variant* variant;
    Mode mode;
    Conv2d shape;
    BackwardWeightsPlan of;
};

/* OWN_NORMS: the library has no form A of this precision; B: it is one that B is measured in. */
template <class P, int WM, int WN, int WT, int BLOCKS, bool OWN_NORMS, bool B>
struct Compiled {
    static constexpr int THREADS = 32 * WM * WN * WT;

    static bool has(Mode mode) { return mode == GRADIENT || (mode == NORMS ? OWN_NORMS : B); }

    static size_t shared(int rows, int columns) {
        return 2 * sizeof(typename P::Element) * static_cast<size_t>(strip_elements<P, WM, WN>(rows, columns));
    }

    static int blocks(Mode mode, size_t bytes) {
        if constexpr (OWN_NORMS)
            if (mode == NORMS) return blocks_per_multiprocessor(conv2d_backward_weights_3x3<P, WM, WN, WT, BLOCKS>, THREADS, bytes);
        if constexpr (B)
            if (mode == EACH) return blocks_per_multiprocessor(conv2d_product<P, WM, WN, WT, BLOCKS, true>, THREADS, bytes);
        return blocks_per_multiprocessor(conv2d_product<P, WM, WN, WT, BLOCKS, false>, THREADS, bytes);
    }

    static int launch(const Plan& plan, const void* x, const void* delta, float* gradients, float* shares, cudaStream_t stream) {
        const auto* const input = static_cast<const typename P::Element*>(x);
        const auto* const output_gradient = static_cast<const typename P::Element*>(delta);
        const BackwardWeightsPlan& of = plan.of;
        const int grid = of.tiles * of.lanes;
        if constexpr (OWN_NORMS)
            if (plan.mode == NORMS)
                return GS_LAUNCH((conv2d_backward_weights_3x3<P, WM, WN, WT, BLOCKS>), grid, THREADS, of.shared, stream,
                                 plan.shape, of.rows, of.lanes, input, output_gradient, gradients, shares);
        if constexpr (B)
            if (plan.mode == EACH)
                return GS_LAUNCH((conv2d_product<P, WM, WN, WT, BLOCKS, true>), grid, THREADS, of.shared, stream, plan.shape,
                                 of.rows, of.lanes, input, output_gradient, gradients);
        return GS_LAUNCH((conv2d_product<P, WM, WN, WT, BLOCKS, false>), grid, THREADS, of.shared, stream, plan.shape, of.rows,
                         of.lanes, input, output_gradient, gradients);
    }

    static Variant named(const char* precision) {
        return {precision, WM, WN, WT, P::DEPTH, sizeof(typename P::Element), has, shared, blocks, launch};
    }
};

/*
 * All: with all taps a warp, Thirds: with a third. Blocks a multiprocessor are asked for so that 8 warps of 255 registers or 12
 * to 16 of a third of the taps fit.
 */
template <class All, class Thirds, bool OWN_NORMS, bool B>
void add_tiles(std::vector<Variant>& list, const char* precision) {
    list.push_back(Compiled<All, 1, 1, 1, 8, OWN_NORMS, B>::named(precision));
    list.push_back(Compiled<Thirds, 1, 1, 3, 5, OWN_NORMS, B>::named(precision));
    list.push_back(Compiled<All, 2, 2, 1, 2, OWN_NORMS, B>::named(precision));
    list.push_back(Compiled<Thirds, 2, 2, 3, 1, OWN_NORMS, B>::named(precision));
    list.push_back(Compiled<All, 4, 2, 1, 1, OWN_NORMS, B>::named(precision));
}

inline const std::vector<Variant>& variants() {
    static const std::vector<Variant> all = [] {
        std::vector<Variant> list;
        add_tiles<Matrix<Tf32, 1>, Matrix<Tf32, 3>, false, true>(list, "tf32");
        /* With all nine taps its sums spill. */
        list.push_back(Compiled<Matrix<Tf32x3, 3>, 1, 1, 3, 4, true, false>::named("tf32x3"));
        list.push_back(Compiled<Matrix<Tf32x3, 3>, 2, 2, 3, 1, true, false>::named("tf32x3"));
        add_tiles<Matrix<Bf16, 1>, Matrix<Bf16, 3>, true, false>(list, "bf16");
        add_tiles<Plain<1>, Plain<3>, false, false>(list, "fp32");
        return list;
    }();
    return all;
}

/* Rows of a strip to try: the image's height halved again and again. */
inline std::vector<int> strip_rows(int height) {
    std::vector<int> rows;
    for (int parts = 1; parts <= 16; parts *= 2)
        if (rows.empty() || ceil_div(height, parts) != rows.back()) rows.push_back(ceil_div(height, parts));
    return rows;
}

/* False if the form is not this benchmark's, or the strip does not fit. most_lanes 0: as many as the device holds at a time. */
inline bool make_plan(Plan& plan, const Variant& variant, Mode mode, const Conv2d& shape, int rows, int most_lanes = 0) {
    plan = {&variant, mode, shape, {}};
    BackwardWeightsPlan& of = plan.of;
    of.rows = rows;
    of.shared = variant.shared(rows, round_up(shape.width, variant.depth));
    if (!variant.has(mode) || !variant.takes(shape) || of.shared > static_cast<size_t>(max_shared())) return false;
    const int blocks = variant.blocks(mode, of.shared) * multiprocessors();
    if (blocks == 0) return false;
    of.tiles = shape.pitch / (16 * variant.wn) * (shape.out_pitch / (16 * variant.wm));
    of.shares = of.tiles * variant.wm * variant.wn * variant.wt;
    of.lanes = lanes_of(shape.batch, of.tiles, most_lanes > 0 ? std::min(blocks, most_lanes * of.tiles) : blocks);
    return true;
}

/* 3×3, stride 1, padding 1. */
inline Conv2d conv2d_3x3(int batch, int height, int width, int inputs, int outputs) {
    return {batch, height, width, inputs, inputs, 3, 3, 1, 1, height, width, outputs};
}
inline gs_cuda_conv2d given(const Conv2d& s) {
    return {s.height, s.width, s.channels, s.pitch, s.kernel_height, s.kernel_width, s.stride, s.padding, s.out_pitch, s.out_pitch};
}

/* What the library calls this precision; -1 if it has none such. */
inline int library_precision(const std::string& precision) {
    return precision == "fp32" ? int{GS_CUDA_FP32} : precision == "tf32" ? int{GS_CUDA_TF32} : -1;
}

/* Device memory that the forms share; sizes in floats. */
struct Workspace {
    float *gradient, *norms, *partial, *shares, *each;
    size_t gradient_size, norms_size, partial_size, shares_size, each_size;

    Workspace(size_t gradient_, size_t norms_, size_t partial_, size_t shares_, size_t each_)
        : gradient_size(gradient_), norms_size(norms_), partial_size(partial_), shares_size(shares_), each_size(each_) {
        gradient = static_cast<float*>(device_allocate(4 * gradient_size));
        norms = static_cast<float*>(device_allocate(4 * norms_size));
        partial = static_cast<float*>(device_allocate(4 * partial_size));
        shares = static_cast<float*>(device_allocate(4 * shares_size));
        each = static_cast<float*>(device_allocate(4 * each_size));
    }
    Workspace(const Workspace&) = delete;
    ~Workspace() {
        for (float* memory : {gradient, norms, partial, shares, each}) device_free(memory);
    }
    void need(bool enough) const {
        if (!enough) {
            std::fprintf(stderr, "workspace too small\n");
            std::exit(3);
        }
    }
    /* Norms to be added to; all else NaN. */
    void clear() {
        device_fill(gradient, 0xff, 4 * gradient_size);
        device_fill(norms, 0, 4 * norms_size);
        device_fill(partial, 0xff, 4 * partial_size);
        device_fill(shares, 0xff, 4 * shares_size);
        device_fill(each, 0xff, 4 * each_size);
    }
};

/* Form A of the library. */
inline void run_library(const Conv2d& s, int precision, Workspace& w, cudaStream_t stream, const float* x, const float* delta) {
    const gs_cuda_conv2d shape = given(s);
    w.need(gs_cuda_conv2d_backward_weights_workspace(&shape, s.batch, precision) <= static_cast<int64_t>(4 * w.partial_size));
    need_ok(gs_cuda_conv2d_backward_weights(&shape, s.batch, precision, x, delta, w.partial, w.gradient, w.norms, stream));
}

/* Forms A and A0 of this benchmark, by the plan's mode. */
inline void run_a(const Plan& p, Workspace& w, cudaStream_t stream, const void* x, const void* delta) {
    const int batch = p.mode == NORMS ? p.shape.batch : 0, shares = p.mode == NORMS ? p.of.shares : 0;
    w.need(static_cast<size_t>(p.of.partials(p.shape)) <= w.partial_size && size_t(batch) * shares <= w.shares_size);
    need_ok(p.variant->launch(p, x, delta, w.partial, w.shares, stream));
    need_ok(sum_partials(p.shape.weights(), p.of.lanes, w.partial, w.gradient, batch, shares, w.shares, w.norms, stream));
}

/* Form B; the plan's mode is EACH, chunk: samples whose gradients are kept at a time. */
inline void run_b(const Plan& p, Workspace& w, cudaStream_t stream, const void* x, const void* delta, int chunk) {
    const int elements = static_cast<int>(p.shape.weights()), v = elements >= 9 * 4096 ? 6 : 2, slices = elements / (128 * v);
    const int groups = std::min(chunk, std::max(1, 16 * multiprocessors() / slices));
    w.need(size_t(chunk) * elements <= w.each_size && size_t(groups) * elements <= w.partial_size &&
           size_t(p.shape.batch) * slices <= w.shares_size);
    const size_t pixels = size_t(p.shape.height) * p.shape.width * p.variant->element;
    for (int first = 0; first < p.shape.batch; first += chunk) {
        Plan part = p;
        part.shape.batch = std::min(chunk, p.shape.batch - first);
        part.of.lanes = std::min(p.of.lanes, part.shape.batch);
        need_ok(p.variant->launch(part, static_cast<const char*>(x) + pixels * p.shape.pitch * first,
                                  static_cast<const char*>(delta) + pixels * p.shape.out_pitch * first, w.each, nullptr, stream));
        const int grid = ceil_div(groups * slices, 8), is_first = first == 0;
        float* const shares = w.shares + size_t(first) * slices;
        need_ok(v == 6 ? GS_LAUNCH((norm_accumulate<6>), grid, 256, 0, stream, w.each, part.shape.batch, elements, w.partial,
                                   is_first, groups, shares)
                       : GS_LAUNCH((norm_accumulate<2>), grid, 256, 0, stream, w.each, part.shape.batch, elements, w.partial,
                                   is_first, groups, shares));
    }
    need_ok(sum_partials(elements, groups, w.partial, w.gradient, p.shape.batch, slices, w.shares, w.norms, stream));
}

/* Form C: norms alone. */
inline void run_c(const std::string& precision, const Conv2d& s, Workspace& w, cudaStream_t stream, const void* x,
                  const void* delta) {
    if (const int known = library_precision(precision); known >= 0) {
        const gs_cuda_conv2d shape = given(s);
        need_ok(gs_cuda_conv2d_gram_norms(&shape, s.batch, known, static_cast<const float*>(x), static_cast<const float*>(delta),
                                          w.norms, stream));
        return;
    }
    w.need(has_gram(s));
    const auto launch = [&](auto product) {
        using Product = decltype(product);
        using Element = typename Product::Element;
        return GS_LAUNCH((conv2d_gram_norms_kernel<Product>), s.batch, GRAM_THREADS, gram_shared<Product>(), stream, s,
                         static_cast<const Element*>(x), static_cast<const Element*>(delta), w.norms);
    };
    need_ok(precision == "bf16" ? launch(MatrixProduct<Bf16, 64>()) : launch(MatrixProduct<Tf32x3, 64>()));
}

inline void run_linear(Workspace& w, cudaStream_t stream, const float* a, const float* delta, int batch, int inputs, int outputs) {
    need_ok(gs_cuda_linear_norms(batch, inputs, outputs, a, delta, w.norms, stream));
}

/* Means of 0 and inverse deviations of 1: values that are normalised already. */
inline std::vector<float> identity_statistics(int channels) {
    std::vector<float> statistics(size_t(2) * channels);
    std::fill(statistics.begin() + channels, statistics.end(), 1.0f);
    return statistics;
}

/* Batch norm's sums and norms: gradient [2][channels] = of the scale, of the shift. Nothing is masked, and delta stays. */
inline void run_normalisation(Workspace& w, cudaStream_t stream, float* delta, const float* normalised, const float* statistics,
                              int batch, int positions, int channels) {
    w.need(gs_cuda_batchnorm_workspace(batch, positions, channels) <= static_cast<int64_t>(4 * w.partial_size) &&
           size_t(2) * (1 + 2 * channels) <= w.each_size);
    need_ok(gs_cuda_batchnorm_backward_sums(batch, positions, channels, channels, 0, normalised, statistics, nullptr,
                                            GS_CUDA_IDENTITY, delta, delta, GS_CUDA_STORE, nullptr, w.partial,
                                            reinterpret_cast<double*>(w.each), w.gradient, w.gradient + channels, w.norms, stream));
}
