/*
 * The forms compared, as sequences of launches on one stream. Each leaves gradient [3][3][outputs][inputs] "=" and, but for
 * form A without norms, norms [B] (squared) "=".
 *   A   conv2d_backward_weights in mode NORMS, then sum_partials
 *   A0  the same in mode GRADIENT: what the product costs without norms
 *   B   per chunk of samples conv2d_backward_weights in mode EACH and norm_accumulate, then sum_partials
 *   C   conv2d_gram_norms: the norms alone, beside a product without norms
 */
#pragma once

#include <algorithm>
#include <vector>

#include "conv2d_gram_norms.cuh"
#include "row_norms.cuh"
#include "sums.cuh"

/* One compiled tile of conv2d_backward_weights. */
struct Variant {
    const char* precision;
    int wm, wn, wt, depth;
    size_t element; /* bytes of an input */
    size_t (*shared)(int rows, int columns);
    int (*blocks)(Mode mode, size_t shared);
    void (*launch)(Mode mode, int grid, size_t shared, cudaStream_t stream, const Conv2d& shape, const void* x, const void* delta,
                   float* gradients, float* norms, int rows, int lanes);

    int warps() const { return wm * wn * wt; }
    bool takes(const Conv2d& s) const { return s.inputs % (16 * wn) == 0 && s.outputs % (16 * wm) == 0; }
    bool is_bf16() const { return element == 2; }
};

template <class P, int WM, int WN, int WT, int BLOCKS>
struct Compiled {
    static constexpr int THREADS = 32 * WM * WN * WT;

    static size_t shared(int rows, int columns) {
        return 2 * sizeof(typename P::Input) * static_cast<size_t>(strip_elements<P, WM, WN>(rows, columns));
    }

    template <int MODE>
    static int blocks_of(size_t bytes) {
        allow_shared(conv2d_backward_weights<P, WM, WN, WT, MODE, BLOCKS>, MAX_STRIPS);
        return blocks_per_multiprocessor(conv2d_backward_weights<P, WM, WN, WT, MODE, BLOCKS>, THREADS, bytes);
    }

    static int blocks(Mode mode, size_t bytes) {
        return mode == GRADIENT ? blocks_of<GRADIENT>(bytes) : mode == NORMS ? blocks_of<NORMS>(bytes) : blocks_of<EACH>(bytes);
    }

    template <int MODE>
    static void launch_mode(int grid, size_t bytes, cudaStream_t stream, const Conv2d& shape, const void* x, const void* delta,
                            float* gradients, float* norms, int rows, int lanes) {
        using Input = typename P::Input;
        LAUNCH((conv2d_backward_weights<P, WM, WN, WT, MODE, BLOCKS>), grid, THREADS, bytes, stream, shape,
               static_cast<const Input*>(x), static_cast<const Input*>(delta), gradients, norms, rows, lanes);
    }

    static void launch(Mode mode, int grid, size_t bytes, cudaStream_t stream, const Conv2d& shape, const void* x, const void* delta,
                       float* gradients, float* norms, int rows, int lanes) {
        auto* run = mode == GRADIENT ? launch_mode<GRADIENT> : mode == NORMS ? launch_mode<NORMS> : launch_mode<EACH>;
        run(grid, bytes, stream, shape, x, delta, gradients, norms, rows, lanes);
    }

    static Variant variant() { return {P::NAME, WM, WN, WT, P::DEPTH, sizeof(typename P::Input), shared, blocks, launch}; }
};

/* Blocks a multiprocessor are asked for so that 8 warps of 255 registers or 12 to 16 of a third of the taps fit. */
template <class P>
void add_variants(std::vector<Variant>& all) {
    all.push_back(Compiled<P, 1, 1, 1, 8>::variant());
    all.push_back(Compiled<P, 1, 1, 3, 5>::variant());
    all.push_back(Compiled<P, 2, 2, 1, 2>::variant());
    all.push_back(Compiled<P, 2, 2, 3, 1>::variant());
    all.push_back(Compiled<P, 4, 2, 1, 1>::variant());
}

inline const std::vector<Variant>& variants() {
    static const std::vector<Variant> all = [] {
        std::vector<Variant> list;
        add_variants<Tf32>(list);
        list.push_back(Compiled<Tf32x3, 1, 1, 3, 4>::variant()); /* with all nine taps its sums spill */
        list.push_back(Compiled<Tf32x3, 2, 2, 3, 1>::variant());
        add_variants<Bf16>(list);
        add_variants<Fp32>(list);
        return list;
    }();
    return all;
}

struct Plan {
    const Variant* variant;
    Mode mode;
    Conv2d shape;
    int rows, lanes, tiles, parts; /* parts: of a sample's norm */
    size_t shared;

    int elements() const { return 9 * shape.inputs * shape.outputs; }
};

/* Rows of a strip to try: the image's height halved again and again. */
inline std::vector<int> strip_rows(int height) {
    std::vector<int> rows;
    for (int parts = 1; parts <= 16; parts *= 2)
        if (rows.empty() || ceil_div(height, parts) != rows.back()) rows.push_back(ceil_div(height, parts));
    return rows;
}

/* False if the strip does not fit. most_lanes 0: as many as the device holds at a time, the samples spread evenly. */
inline bool make_plan(Plan& plan, const Variant& variant, Mode mode, const Conv2d& shape, int rows, int most_lanes = 0) {
    plan = {&variant, mode, shape, rows, 0, 0, 0, variant.shared(rows, round_up(shape.width, variant.depth))};
    if (!variant.takes(shape) || plan.shared > MAX_STRIPS) return false;
    const int blocks = variant.blocks(mode, plan.shared);
    if (blocks == 0) return false;
    plan.tiles = shape.inputs / (16 * variant.wn) * (shape.outputs / (16 * variant.wm));
    plan.parts = plan.tiles * variant.warps();
    int lanes = std::max(1, blocks * multiprocessors() / plan.tiles);
    if (most_lanes > 0) lanes = std::min(lanes, most_lanes);
    lanes = std::min(lanes, shape.batch);
    plan.lanes = ceil_div(shape.batch, ceil_div(shape.batch, lanes));
    return true;
}

/* Device memory that the forms share; sizes in floats. */
struct Workspace {
    float *gradient, *norms, *partial, *parts, *each;
    size_t gradient_size, norms_size, partial_size, parts_size, each_size;

    Workspace(size_t gradient_, size_t norms_, size_t partial_, size_t parts_, size_t each_)
        : gradient_size(gradient_), norms_size(norms_), partial_size(partial_), parts_size(parts_), each_size(each_) {
        gradient = static_cast<float*>(device_allocate(4 * gradient_size));
        norms = static_cast<float*>(device_allocate(4 * norms_size));
        partial = static_cast<float*>(device_allocate(4 * partial_size));
        parts = static_cast<float*>(device_allocate(4 * parts_size));
        each = static_cast<float*>(device_allocate(4 * each_size));
    }
    Workspace(const Workspace&) = delete;
    ~Workspace() {
        for (float* memory : {gradient, norms, partial, parts, each}) device_free(memory);
    }
    void need(bool enough) const {
        if (!enough) {
            std::fprintf(stderr, "workspace too small\n");
            std::exit(3);
        }
    }
    void poison() {
        device_poison(gradient, 4 * gradient_size);
        device_poison(norms, 4 * norms_size);
        device_poison(partial, 4 * partial_size);
        device_poison(parts, 4 * parts_size);
        device_poison(each, 4 * each_size);
    }
};

/* batch 0: no norms. */
inline void run_sums(Workspace& w, cudaStream_t stream, int elements, int lanes, int batch, int parts) {
    int slices = 1;
    while (slices < 16 && lanes / slices > 8) slices *= 2;
    const int gradient_blocks = ceil_div(elements, 256 / slices), grid = gradient_blocks + ceil_div(batch, 8);
    LAUNCH(sum_partials, grid, 256, 0, stream, w.gradient, w.partial, elements, lanes, slices, gradient_blocks, w.norms, w.parts, batch,
           parts);
}

/* Forms A and A0, by the plan's mode. */
inline void run_a(const Plan& p, Workspace& w, cudaStream_t stream, const void* x, const void* delta) {
    const int batch = p.mode == NORMS ? p.shape.batch : 0;
    w.need(size_t(p.lanes) * p.elements() <= w.partial_size && size_t(batch) * p.parts <= w.parts_size);
    p.variant->launch(p.mode, p.tiles * p.lanes, p.shared, stream, p.shape, x, delta, w.partial, w.parts, p.rows, p.lanes);
    run_sums(w, stream, p.elements(), p.lanes, batch, p.parts);
}

/* Form B; the plan's mode is EACH, chunk: samples whose gradients are kept at a time. */
inline void run_b(const Plan& p, Workspace& w, cudaStream_t stream, const void* x, const void* delta, int chunk) {
    const int elements = p.elements(), v = elements >= 9 * 4096 ? 6 : 2, slices = elements / (128 * v);
    const int groups = std::min(chunk, std::max(1, 16 * multiprocessors() / slices));
    w.need(size_t(chunk) * elements <= w.each_size && size_t(groups) * elements <= w.partial_size &&
           size_t(p.shape.batch) * slices <= w.parts_size);
    const size_t pixels = size_t(p.shape.height) * p.shape.width * p.variant->element;
    for (int first = 0; first < p.shape.batch; first += chunk) {
        Conv2d part = p.shape;
        part.batch = std::min(chunk, p.shape.batch - first);
        const int lanes = std::min(p.lanes, part.batch), grid = ceil_div(groups * slices, 8), is_first = first == 0;
        p.variant->launch(EACH, p.tiles * lanes, p.shared, stream, part, static_cast<const char*>(x) + pixels * part.inputs * first,
                          static_cast<const char*>(delta) + pixels * part.outputs * first, w.each, nullptr, p.rows, lanes);
        float* parts = w.parts + size_t(first) * slices;
        if (v == 6)
            LAUNCH((norm_accumulate<6>), grid, 256, 0, stream, w.each, part.batch, elements, w.partial, is_first, groups, parts);
        else
            LAUNCH((norm_accumulate<2>), grid, 256, 0, stream, w.each, part.batch, elements, w.partial, is_first, groups, parts);
    }
    run_sums(w, stream, elements, groups, p.shape.batch, slices);
}

/* Form C: norms alone. */
template <class P>
void run_c(const Conv2d& shape, Workspace& w, cudaStream_t stream, const void* x, const void* delta) {
    using Input = typename P::Input;
    w.need(shape.height * shape.width <= GRAM_PIXELS);
    LAUNCH((conv2d_gram_norms<P>), shape.batch, 256, gram_shared<P>(), stream, shape, static_cast<const Input*>(x),
           static_cast<const Input*>(delta), w.norms);
}

/* One warp a row, or the whole block. */
inline void run_linear(Workspace& w, cudaStream_t stream, const float* a, const float* delta, int batch, int inputs, int outputs,
                       bool whole_block) {
    if (whole_block)
        LAUNCH((linear_norms<256>), batch, 256, 0, stream, a, delta, batch, inputs, outputs, w.norms);
    else
        LAUNCH((linear_norms<32>), ceil_div(batch, 8), 256, 0, stream, a, delta, batch, inputs, outputs, w.norms);
}

/* The gradient of the scale and the shift as well, [2][channels]. */
inline void run_normalisation(Workspace& w, cudaStream_t stream, const float* delta, const float* normalised, int batch, int positions,
                              int channels, int most_lanes = 0) {
    int lanes = std::min(batch, most_lanes > 0 ? most_lanes : 4 * multiprocessors());
    lanes = ceil_div(batch, ceil_div(batch, lanes));
    w.need(128 % channels == 0 && channels >= 4 && size_t(lanes) * 2 * channels <= w.partial_size);
    LAUNCH(normalisation_norms, lanes, 256, 0, stream, delta, normalised, batch, positions, channels, lanes, w.partial, w.norms);
    run_sums(w, stream, 2 * channels, lanes, 0, 0);
}
