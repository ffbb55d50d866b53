/*
 * conv2d_backward_weights for 3x3, stride 1, padding 1 and more than a few channels: which tile and how long strips a shape takes;
 * conv2d_strips.h has the kernel.
 */
#include "conv2d_strips.h"

namespace gradsieve {
namespace {

constexpr int MULTIPROCESSORS = 132, SHARED_OF_MULTIPROCESSOR = 228 * 1024; /* an H200's; a constant, for the order of sums */
constexpr int SHARED_RESERVED = 1024;                                      /* by CUDA, of every block's share */

/* One compiled tile. */
struct Form {
    int wm, wn, wt, blocks; /* blocks: that a multiprocessor should hold */
    int depth;
    size_t (*shared)(int rows, int columns);
    int (*launch)(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
                  float* partials, float* shares, void* stream);
};

template <class P, int WM, int WN, int WT, int BOUND>
struct Compiled {
    static size_t shared(int rows, int columns) {
        return 2 * sizeof(float) * static_cast<size_t>(strip_elements<P, WM, WN>(rows, columns));
    }
    static int launch(const BackwardWeightsPlan& plan, const Conv2d& s, const float* input, const float* output_gradient,
                      float* partials, float* shares, void* stream) {
        return GS_LAUNCH((conv2d_backward_weights_3x3<P, WM, WN, WT, BOUND>), plan.tiles * plan.lanes, 32 * WM * WN * WT,
                         plan.shared, stream, s, plan.rows, plan.lanes, input, output_gradient, partials, shares);
    }
    static constexpr Form form(int blocks) { return {WM, WN, WT, blocks, P::DEPTH, shared, launch}; }
};

/* Measured best on an H200 (docs/gpu.md), three for fp32 and three for tf32. */
enum { SMALL, MIDDLE, LARGE, FORMS_OF_PRECISION };
constexpr Form FORMS[] = {Compiled<Plain<3>, 1, 1, 3, 5>::form(5),        Compiled<Plain<1>, 2, 2, 1, 2>::form(2),
                          Compiled<Plain<1>, 4, 2, 1, 1>::form(1),        Compiled<Matrix<Tf32, 3>, 1, 1, 3, 5>::form(2),
                          Compiled<Matrix<Tf32, 1>, 2, 2, 1, 2>::form(2), Compiled<Matrix<Tf32, 1>, 4, 2, 1, 1>::form(1)};

/* Small tiles where there are few channels, or so few samples that large ones would leave multiprocessors idle. */
int form_of(const Conv2d& s, bool tf32) {
    if (s.out_pitch <= 16 || s.pitch <= 16) return SMALL;
    const bool few = static_cast<int64_t>(s.batch) * ceil_div(s.out_pitch, 32) * ceil_div(s.pitch, 32) <= 4 * MULTIPROCESSORS;
    const bool large = round_up(s.out_pitch, 64) == round_up(s.out_pitch, 32) && (tf32 || s.pitch > 32);
    if (few) return tf32 ? MIDDLE : SMALL;
    return large ? LARGE : MIDDLE;
}

}  // namespace

bool plan_3x3(const Conv2d& s, int precision, BackwardWeightsPlan* plan) {
    if (!s.is_3x3() || s.channels <= 8) return false;
    const bool tf32 = precision == GS_CUDA_TF32 && s.pitch % 16 == 0 && s.out_pitch % 16 == 0;
    plan->form = form_of(s, tf32) + (tf32 ? FORMS_OF_PRECISION : 0);
    const Form& f = FORMS[plan->form];
    const size_t card = static_cast<size_t>(max_shared());
    const size_t wanted = static_cast<size_t>(SHARED_OF_MULTIPROCESSOR / f.blocks - SHARED_RESERVED);
    const int columns = round_up(s.width, f.depth);
    for (int parts = 1;; parts *= 2) { /* as many rows as let so many blocks lie side by side; at least one row */
        plan->rows = ceil_div(s.height, parts);
        plan->shared = f.shared(plan->rows, columns);
        if (plan->shared <= card && plan->shared <= wanted) break;
        if (plan->rows == 1) {
            if (plan->shared > card) return false;
            break;
        }
    }
    plan->tiles = ceil_div(s.out_pitch, 16 * f.wm) * ceil_div(s.pitch, 16 * f.wn);
    plan->lanes = lanes_of(s.batch, plan->tiles, f.blocks * MULTIPROCESSORS);
    plan->shares = plan->tiles * f.wm * f.wn * f.wt;
    return true;
}

int launch_3x3(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
               float* partials, float* shares, void* stream) {
    return FORMS[plan.form].launch(plan, shape, input, output_gradient, partials, shares, stream);
}

}  // namespace gradsieve
