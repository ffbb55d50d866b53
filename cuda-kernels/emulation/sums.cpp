#include "sums.h"

#include <math.h>

#include <algorithm>

namespace gradsieve {
namespace {

#define GS_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

const size_t WIDTH = Panels::WIDTH;

typedef double Eight __attribute__((vector_size(64), aligned(8)));

/* Four sums of a column, added up at the end, so that an addition need not wait for the one before it. */
GS_CLONES void times_panel(const uint32_t* places, const double* values, size_t count, const double* panel, double* sums) {
    Eight low[4] = {}, high[4] = {};
    const auto add = [&](size_t at, int sum) __attribute__((always_inline)) {
        const Eight* const row = reinterpret_cast<const Eight*>(panel + places[at] * WIDTH);
        const Eight value = Eight{} + values[at];
        low[sum] += value * row[0];
        high[sum] += value * row[1];
    };
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        add(i, 0);
        add(i + 1, 1);
        add(i + 2, 2);
        add(i + 3, 3);
    }
    for (; i < count; i++) add(i, 0);
    const Eight ends[2] = {low[0] + low[1] + (low[2] + low[3]), high[0] + high[1] + (high[2] + high[3])};
    for (size_t j = 0; j < WIDTH; j++) sums[j] = ends[j / 8][j % 8];
}

GS_CLONES void add_four(double* sums, const double* a, const double* x0, const double* x1, const double* x2, const double* x3,
                        size_t count) {
    for (size_t i = 0; i < count; i++) sums[i] += a[0] * x0[i] + a[1] * x1[i] + a[2] * x2[i] + a[3] * x3[i];
}

}  // namespace

void Panels::set(size_t row, size_t column, float value) {
    if (!isfinite(value)) finite_ = false;
    values_[(column / WIDTH * rows_ + row) * WIDTH + column % WIDTH] = tf32_ ? to_tf32(value) : value;
}

/* Written without a branch: which values are 0 cannot be foretold. */
void Row::add(const float* values, size_t count, ptrdiff_t step, size_t place) {
    size_t at = count_;
    for (size_t i = 0; i < count; i++, values += step) {
        const float value = *values;
        places_[at] = static_cast<uint32_t>(place + i);
        values_[at] = tf32_ ? to_tf32(value) : value;
        at += static_cast<size_t>(value != 0) | static_cast<size_t>(keep_zeros_);
    }
    count_ = at;
}

void Row::times(const Panels& panels, double* sums) const {
    double sum[WIDTH];
    for (size_t column = 0; column < panels.columns(); column += WIDTH) {
        times_panel(places_.data(), values_.data(), count_, panels.panel(column / WIDTH), sum);
        std::copy_n(sum, std::min(WIDTH, panels.columns() - column), sums + column);
    }
}

void add_outer(double* sums, const double* a, const double* const* x, size_t count) {
    add_four(sums, a, x[0], x[1], x[2], x[3], count);
}

}  // namespace gradsieve
