/*
 * Sums over threads, and norms. reduce: target[i] = ((part0[i] + part1[i]) + part2[i]) + ..., in the order of the parts, so
 * that the same number of threads gives the same bits; target may be one of the parts. Both return sums of squares in
 * double. reduce moves 4 (parts + 1) bytes an element, squared_norm 4,
 * shifted_squared_norm (of values + shift) 8.
 */
#include "doubles.h"
#include "operations.h"

namespace gradsieve::GS_ISA {

/* value(i): DOUBLES widened values from i on; one(i): a single one. */
template <typename Value, typename One>
static inline double sum_of_squares(int64_t count, Value value, One one) {
    /* Four sums hide the latency of the multiply-add. */
    Doubles sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * DOUBLES <= count; i += 4 * DOUBLES) {
        for (int j = 0; j < 4; j++) {
            const Doubles v = value(i + j * DOUBLES);
            sums[j] += v * v;
        }
    }
    double sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < count; i++) {
        sum += one(i) * one(i);
    }
    return sum;
}

double squared_norm(int64_t count, const float* values) {
    return sum_of_squares(
        count, [=](int64_t i) { return widen(values + i); }, [=](int64_t i) { return (double)values[i]; });
}

double shifted_squared_norm(int64_t count, const float* values, const float* shift) {
    return sum_of_squares(
        count, [=](int64_t i) { return widen(values + i) + widen(shift + i); },
        [=](int64_t i) { return (double)values[i] + shift[i]; });
}

double reduce(int64_t count, int64_t parts, const float* const* part, float* target) {
    constexpr int64_t RUN = 1024; /* 4 KiB of the target stay in L1 while every part is added. */
    float run[RUN];
    double sum = 0;
    for (int64_t start = 0; start < count; start += RUN) {
        const int64_t length = count - start < RUN ? count - start : RUN;
        for (int64_t i = 0; i < length; i++) {
            run[i] = part[0][start + i];
        }
        for (int64_t k = 1; k < parts; k++) {
            const float* from = part[k] + start;
            for (int64_t i = 0; i < length; i++) {
                run[i] += from[i];
            }
        }
        __builtin_memcpy(target + start, run, (unsigned long)length * sizeof(float));
        sum += squared_norm(length, run);
    }
    return sum;
}

}  // namespace gradsieve::GS_ISA
