#include "sums.h"

#include <math.h>

#include <algorithm>

namespace gradsieve {
namespace {

#define GS_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

const size_t WIDTH = Panels::WIDTH;

GS_CLONES void times_panel(const uint32_t* places, const double* values, size_t count, const double* panel, double* sums) {
    double sum[WIDTH] = {};
    for (size_t i = 0; i < count; i++) {
        const double value = values[i];
        const double* const row = panel + places[i] * WIDTH;
        for (size_t j = 0; j < WIDTH; j++) sum[j] += value * row[j];
    }
    for (size_t j = 0; j < WIDTH; j++) sums[j] = sum[j];
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

void Row::clear() {
    places_.clear();
    values_.clear();
}

void Row::add(const float* values, size_t count, ptrdiff_t step, size_t place) {
    for (size_t i = 0; i < count; i++, values += step) {
        if (*values == 0 && !keep_zeros_) continue;
        places_.push_back(static_cast<uint32_t>(place + i));
        values_.push_back(tf32_ ? to_tf32(*values) : *values);
    }
}

void Row::times(const Panels& panels, double* sums) const {
    double sum[WIDTH];
    for (size_t column = 0; column < panels.columns(); column += WIDTH) {
        times_panel(places_.data(), values_.data(), values_.size(), panels.panel(column / WIDTH), sum);
        std::copy_n(sum, std::min(WIDTH, panels.columns() - column), sums + column);
    }
}

void add_outer(double* sums, const double* a, const double* const* x, size_t count) {
    add_four(sums, a, x[0], x[1], x[2], x[3], count);
}

}  // namespace gradsieve
