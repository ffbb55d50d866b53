/*
 * Sums of products as the library stand-ins take them: in double, in a fixed order, rounded once at the end. A row of one
 * matrix goes with panels of the other; zeros of the row are left out (after relu that is half the work), but not where they
 * meet what is not finite.
 */
#ifndef GRADSIEVE_EMULATION_SUMS_H
#define GRADSIEVE_EMULATION_SUMS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vector>

namespace gradsieve {

/* As a tensor core takes a float: 10 bits of mantissa, rounded to nearest, halves away from zero. */
inline float to_tf32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7f800000u) == 0x7f800000u) return value;
    bits = (bits + 0x1000u) & ~0x1fffu;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

/* A matrix [rows][columns] in panels of WIDTH columns: [columns / WIDTH][rows][WIDTH]. */
class Panels {
public:
    static const size_t WIDTH = 16;

    Panels(size_t rows, size_t columns, bool tf32)
        : rows_(rows), columns_(columns), tf32_(tf32), values_((columns + WIDTH - 1) / WIDTH * rows * WIDTH) {}
    void set(size_t row, size_t column, float value);
    bool finite() const { return finite_; }
    size_t columns() const { return columns_; }
    const double* panel(size_t index) const { return values_.data() + index * rows_ * WIDTH; }

private:
    size_t rows_, columns_;
    bool tf32_, finite_ = true;
    std::vector<double> values_;
};

/* A row of the other matrix. */
class Row {
public:
    Row(size_t most, bool tf32, bool keep_zeros) : tf32_(tf32), keep_zeros_(keep_zeros), places_(most + 1), values_(most + 1) {}
    void clear() { count_ = 0; }
    /* `count` values, `step` apart, that meet the panels' rows from `place` on. */
    void add(const float* values, size_t count, ptrdiff_t step, size_t place);
    /* sums [panels.columns()] = the row times the panels' matrix. */
    void times(const Panels& panels, double* sums) const;

private:
    const bool tf32_, keep_zeros_;
    size_t count_ = 0;
    std::vector<uint32_t> places_;
    std::vector<double> values_;
};

/* sums[i] += a[0] * x[0][i] + ... + a[3] * x[3][i] for i < count. */
void add_outer(double* sums, const double* a, const double* const* x, size_t count);

/* alpha * sum + beta * old; old is not read where beta is 0. */
inline float blend(float alpha, double sum, float beta, const float* old) {
    return static_cast<float>(beta == 0 ? alpha * sum : alpha * sum + double{beta} * *old);
}

}  // namespace gradsieve

#endif
