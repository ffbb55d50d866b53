/*
 * Sums over threads, and norms. reduce: target[i] = ((part0[i] + part1[i]) + part2[i]) + ..., in the order of the parts, so
 * that the same number of threads gives the same bits; target may be one of the parts. reduce and squared_norm return sums
 * of squares in double; they move 4 (parts + 1) and 4 bytes an element.
 *
 * chunk_norms: norms[k] = the sum of squares of the k-th CHUNK values, the same bits with every instruction set: element i goes to
 * the i % 16-th of 16 sums in double, in order, and these are added in order. The square of a float is exact in double, so it does
 * not matter whether a multiply-add rounds once or twice. 4 bytes an element.
 *
 * row_norms: norms[i] = the sum over j of (rows[i][j] + shift[j])^2, without a shift of rows[i][j]^2; 4 bytes an element. The
 * result is a float, so the terms are summed in float, 4 LANES sums of about STRETCH / (4 LANES) terms, and these in
 * double: 784 elements in 0.03 us, in double alone 0.15.
 */
#include "doubles.h"
#include "operations.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

double squared_norm(int64_t count, const float* values) {
    /* Four sums hide the latency of the multiply-add. */
    Doubles sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * DOUBLES <= count; i += 4 * DOUBLES) {
        for (int j = 0; j < 4; j++) {
            const Doubles v = widen(values + i + j * DOUBLES);
            sums[j] += v * v;
        }
    }
    double sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < count; i++) {
        sum += (double)values[i] * values[i];
    }
    return sum;
}

void chunk_norms(int64_t count, const float* values, double* norms) {
    constexpr int SUMS = 16;
    for (int64_t from = 0; from < count; from += CHUNK, norms++) {
        const int64_t to = from + CHUNK < count ? from + CHUNK : count;
        Doubles sums[SUMS / DOUBLES] = {};
        int64_t i = from;
        for (; i + SUMS <= to; i += SUMS) {
            for (int j = 0; j < SUMS / DOUBLES; j++) {
                const Doubles v = widen(values + i + j * DOUBLES);
                sums[j] += v * v;
            }
        }
        for (int k = 0; i < to; i++, k++) {
            sums[k / DOUBLES][k % DOUBLES] += (double)values[i] * values[i];
        }
        double sum = 0;
        for (int k = 0; k < SUMS; k++) {
            sum += sums[k / DOUBLES][k % DOUBLES];
        }
        *norms = sum;
    }
}

/* value(j): LANES of a row from j on; value(j, n): n of them, the others 0. */
template <typename Value>
static inline float row_norm(int64_t count, Value value) {
    constexpr int64_t STRETCH = 4096;
    double norm = 0;
    for (int64_t from = 0; from < count; from += STRETCH) {
        const int64_t to = from + STRETCH < count ? from + STRETCH : count;
        Vector sums[4] = {};
        int64_t j = from;
        for (; j + 4 * LANES <= to; j += 4 * LANES) {
            for (int k = 0; k < 4; k++) {
                const Vector v = value(j + k * LANES, LANES);
                sums[k] = fma(v, v, sums[k]);
            }
        }
        for (; j < to; j += LANES) {
            const Vector v = value(j, to - j < LANES ? to - j : LANES);
            sums[0] = fma(v, v, sums[0]);
        }
        norm += sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
    return (float)norm;
}

void row_norms(int64_t batch, int64_t count, const float* rows, const float* shift, float* norms) {
    const auto some = [](const float* from, int64_t n) GS_INLINE { return n == LANES ? load(from) : load_partial(from, n); };
    for (int64_t i = 0; i < batch; i++) {
        const float* row = rows + i * count;
        norms[i] = shift == nullptr
                       ? row_norm(count, [=](int64_t j, int64_t n) GS_INLINE { return some(row + j, n); })
                       : row_norm(count, [=](int64_t j, int64_t n) GS_INLINE { return some(row + j, n) + some(shift + j, n); });
    }
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
