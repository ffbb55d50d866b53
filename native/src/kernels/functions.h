/*
 * exp, tanh, the sigmoid and the normal distribution's Φ, lane by lane in float, accurate to a few 1e-7; a NaN stays a NaN. The
 * polynomials are minimax fits by iterated weighted least squares at Chebyshev points, errors as said at each.
 */
#ifndef GRADSIEVE_KERNELS_FUNCTIONS_H
#define GRADSIEVE_KERNELS_FUNCTIONS_H

#include "simd.h"

namespace gradsieve::GS_ISA {

static inline Vector absolute(Vector x) {
    return (Vector)((IntVector)x & broadcast_int(0x7fffffff));
}

/* `magnitude` (not negative) with the sign of x. */
static inline Vector with_sign_of(Vector x, Vector magnitude) {
    return (Vector)((IntVector)magnitude | ((IntVector)x & broadcast_int((int32_t)0x80000000)));
}

/* e^x; x is held within [-87, 88], so that the result is neither infinite nor denormal. */
static inline Vector exponential(Vector x) {
    const Vector least = broadcast(-87), most = broadcast(88), magic = broadcast(0x1.8p23f);
    x = x < least ? least : x;
    x = x > most ? most : x;
    const Vector shifted = x * 1.44269504f + magic, n = shifted - magic;
    /* x = n ln2 + r; ln2 in two parts, the first of 9 bits, so that n times it is exact. */
    Vector r = x - n * 0x1.63p-1f;
    r = r + n * 2.12194440e-4f;
    /* (e^r - 1 - r) / r^2 on |r| <= ln2 / 2: 3e-9 of e^r. */
    Vector p = r * 0.00138145577f + 0.00836873577f;
    p = p * r + 0.0416683899f;
    p = p * r + 0.166665205f;
    p = p * r + 0.499999934f;
    p = p * (r * r) + r + 1.0f;
    const IntVector power = ((IntVector)shifted - (IntVector)magic + 127) << 23;
    return p * (Vector)power;
}

static inline Vector sigmoid_of(Vector x) {
    return 1.0f / (1.0f + exponential(-x));
}

static inline Vector tanh_of(Vector x) {
    const Vector size = absolute(x), square = x * x;
    const Vector e = exponential(size * -2.0f), large = (1.0f - e) / (1.0f + e);
    /* (tanh(x)/x - 1) / x^2 for |x| < 0.8: 3e-9 of tanh(x)/x. There 1 - e would cancel. */
    Vector p = square * 0.00159303339f - 0.00742520579f;
    p = p * square + 0.0213140021f;
    p = p * square - 0.0538558512f;
    p = p * square + 0.133322702f;
    p = p * square - 0.333332996f;
    const Vector small = p * (square * x) + x;
    return size < 0.8f ? small : with_sign_of(x, large);
}

/* Φ(x) = (1 + erf(x / sqrt 2)) / 2, and e^(-x^2 / 2), which the derivative of gelu needs too. */
static inline Vector normal_distribution(Vector x, Vector* bell) {
    const Vector t = absolute(x) * 0.707106781f;
    const Vector e = exponential(-(t * t));
    /* erfc(t) e^(t^2) as a polynomial in u = 1 / (1 + 0.4 t), t <= 10: 3e-8 relative. */
    const Vector u = 1.0f / (1.0f + 0.4f * t);
    Vector p = u * 0.0286878022f - 0.0747084057f;
    p = p * u - 0.0637751114f;
    p = p * u + 0.275897191f;
    p = p * u - 0.0686489499f;
    p = p * u + 0.268676956f;
    p = p * u + 0.177404454f;
    p = p * u + 0.231357321f;
    p = p * u + 0.225082358f;
    p = p * u + 2.64144514e-05f;
    const Vector tail = p * e * 0.5f;
    *bell = e;
    return x > 0.0f ? 1.0f - tail : tail;
}

static inline Vector gelu_of(Vector x) {
    Vector bell;
    const Vector share = normal_distribution(x, &bell);
    /* Below -13 the held exponential would leave x * 8e-39 instead of a zero. */
    return x < -13.0f ? Vector{} : x * share;
}

/* Φ(x) + x φ(x) */
static inline Vector gelu_slope(Vector x) {
    Vector bell;
    const Vector share = normal_distribution(x, &bell);
    return absolute(x) > 13.0f ? (x > 0.0f ? broadcast(1) : Vector{}) : share + x * bell * 0.398942280f;
}

/* activation(x) for a kind of gs_activation fixed at compile time. */
template <int KIND>
static inline Vector activate(Vector x) {
    if (KIND == 1) return relu(x);
    if (KIND == 2) return gelu_of(x);
    if (KIND == 3) return tanh_of(x);
    if (KIND == 4) return sigmoid_of(x);
    return x;
}

/* The activation's derivative, from its output; gelu's from its input. */
template <int KIND>
static inline Vector slope(Vector from) {
    if (KIND == 2) return gelu_slope(from);
    if (KIND == 3) return 1.0f - from * from;
    if (KIND == 4) return from * (1.0f - from);
    return broadcast(1);
}

}  // namespace gradsieve::GS_ISA
#endif
