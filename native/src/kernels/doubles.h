/*
 * Vectors of doubles of the instruction set's width, for sums that must not lose digits and for the loss.
 */
#ifndef GRADSIEVE_KERNELS_DOUBLES_H
#define GRADSIEVE_KERNELS_DOUBLES_H

#include <stdint.h>

namespace gradsieve::GS_ISA {

#if defined(__AVX512F__)
constexpr int DOUBLES = 8;
#elif defined(__AVX__)
constexpr int DOUBLES = 4;
#else
constexpr int DOUBLES = 2;
#endif

typedef double Doubles __attribute__((vector_size(DOUBLES * 8)));
typedef int64_t Longs __attribute__((vector_size(DOUBLES * 8)));
typedef float HalfFloats __attribute__((vector_size(DOUBLES * 4)));

static inline Doubles doubles(double value) {
    return value - Doubles{};
}

/* DOUBLES floats, widened. */
static inline Doubles widen(const float* from) {
    HalfFloats half;
    __builtin_memcpy(&half, from, sizeof half);
    return __builtin_convertvector(half, Doubles);
}

/* The first `count` of DOUBLES floats, the rest 0. */
static inline Doubles widen_some(const float* from, int64_t count) {
    HalfFloats half = {};
    for (int64_t i = 0; i < count; i++) {
        half[i] = from[i];
    }
    return __builtin_convertvector(half, Doubles);
}

static inline double sum_of(Doubles values) {
    double sum = 0;
    for (int i = 0; i < DOUBLES; i++) {
        sum += values[i];
    }
    return sum;
}

/* e^x for x <= 0, to 1e-14 relative; below -708 it stays at e^-708 = 3e-308; NaN stays NaN. */
static inline Doubles exp_of_negative(Doubles x) {
    const Doubles least = doubles(-708), magic = doubles(0x1.8p52);
    x = x < least ? least : x;
    /* x = n ln2 + r, |r| <= ln2 / 2; ln2 in two parts so that n times the first is exact. */
    Doubles shifted = x * 1.4426950408889634 + magic;
    Doubles n = shifted - magic;
    Doubles r = x - n * 0x1.62e42feep-1;
    r = r - n * 0x1.a39ef35793c76p-33;
    /* Taylor to r^11: the next term is under 0.3466^12 / 12! = 6e-15. */
    Doubles p = r * (1.0 / 39916800) + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    /* The low bits of `shifted` are n; 2^n by its exponent field. A NaN x makes p NaN whatever the power. */
    Longs power = ((Longs)shifted - (Longs)magic + 1023) << 52;
    return p * (Doubles)power;
}

}  // namespace gradsieve::GS_ISA
#endif
