/*
 * A vector of the instruction set that this file is compiled for: 4 lanes (baseline), 8 (avx2) or 16 (avx512), over GCC's
 * vector extensions. Kernel files include it, are compiled once for each instruction set with -DGS_ISA=<name>, and put all
 * they define into namespace gradsieve::GS_ISA.
 *
 * Everything in a kernel file but the functions of the table is static, templates too, and nothing of the C++ library is
 * called: an inline function with external linkage would exist once for all three, and the linker may keep the copy with
 * AVX-512 in it. kernels.cmake fails the build on a weak symbol.
 *
 * Operators (+ - * / < ?:) work on Vector lane by lane; a * b + c becomes one fused multiply-add where there is one.
 */
#ifndef GRADSIEVE_SIMD_H
#define GRADSIEVE_SIMD_H

#include <immintrin.h>
#include <stdint.h>

namespace gradsieve {
namespace GS_ISA {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX2__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

/* Pitches and blocks of channels are multiples of this on every instruction set, so that layouts do not depend on it. */
constexpr int BLOCK = 16;
constexpr int VECTORS = BLOCK / LANES; /* in a block of channels */

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t IntVector __attribute__((vector_size(4 * LANES)));
typedef Vector UnalignedVector __attribute__((aligned(4), may_alias));
typedef IntVector UnalignedIntVector __attribute__((aligned(4), may_alias));

static inline Vector load(const float* from) { return *reinterpret_cast<const UnalignedVector*>(from); }
static inline void store(float* to, Vector v) { *reinterpret_cast<UnalignedVector*>(to) = v; }
static inline IntVector load_int(const int32_t* from) { return *reinterpret_cast<const UnalignedIntVector*>(from); }
static inline void store_int(int32_t* to, IntVector v) { *reinterpret_cast<UnalignedIntVector*>(to) = v; }

/* LANES bytes as 32-bit lanes, and back (each lane 0..255). */
static inline IntVector load_bytes(const uint8_t* from) {
#if defined(__AVX512F__)
    return reinterpret_cast<IntVector>(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#elif defined(__AVX2__)
    return reinterpret_cast<IntVector>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#else
    return reinterpret_cast<IntVector>(_mm_cvtepu8_epi32(_mm_loadu_si32(from)));
#endif
}

static inline void store_bytes(uint8_t* to, IntVector v) {
#if defined(__AVX512F__)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(v)));
#elif defined(__AVX2__)
    const __m256i lanes = reinterpret_cast<__m256i>(v);
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
#else
    const __m128i words = _mm_packus_epi32(reinterpret_cast<__m128i>(v), reinterpret_cast<__m128i>(v));
    _mm_storeu_si32(to, _mm_packus_epi16(words, words));
#endif
}

/* LANES 16-bit numbers as 32-bit lanes. */
static inline IntVector load_shorts(const uint16_t* from) {
#if defined(__AVX512F__)
    return reinterpret_cast<IntVector>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
#elif defined(__AVX2__)
    return reinterpret_cast<IntVector>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#else
    return reinterpret_cast<IntVector>(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#endif
}

static inline Vector broadcast(float x) { return x - Vector{}; }
static inline IntVector broadcast_int(int32_t x) { return x - IntVector{}; }
static inline Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }
static inline Vector to_float(IntVector v) { return __builtin_convertvector(v, Vector); }

/* One bit a lane of a comparison's result, lane 0 lowest. */
static inline uint32_t bits(IntVector mask) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX2__)
    return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#else
    return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#endif
}

/* 0, 1, 2, ... */
static inline IntVector lane_index() {
    IntVector v = {};
    for (int i = 0; i < LANES; i++) v[i] = i;
    return v;
}

/* Writes first + lane for every set bit of a mask, in their order; returns how many. LANES numbers are written over. */
static inline int64_t list_lanes(uint32_t mask, int64_t first, uint16_t* to) {
#if defined(__AVX512F__)
    const IntVector numbers = lane_index() + broadcast_int(static_cast<int32_t>(first));
    const __m512i set = _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), reinterpret_cast<__m512i>(numbers));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(set));
    return __builtin_popcount(mask);
#else
    int64_t n = 0;
    for (int lane = 0; lane < LANES; lane++) {
        to[n] = static_cast<uint16_t>(first + lane);
        n += mask >> lane & 1;
    }
    return n;
#endif
}

/* The first n lanes of memory (0 <= n <= LANES), the others zero; nothing beyond them is touched. */
static inline Vector load_partial(const float* from, int64_t n) {
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), from);
#elif defined(__AVX2__)
    return _mm256_maskload_ps(from, reinterpret_cast<__m256i>(lane_index() < broadcast_int(static_cast<int32_t>(n))));
#else
    Vector v = {};
    for (int i = 0; i < LANES; i++)
        if (i < n) v[i] = from[i];
    return v;
#endif
}

static inline void store_partial(float* to, int64_t n, Vector v) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << n) - 1), v);
#elif defined(__AVX2__)
    _mm256_maskstore_ps(to, reinterpret_cast<__m256i>(lane_index() < broadcast_int(static_cast<int32_t>(n))), v);
#else
    for (int i = 0; i < LANES; i++)
        if (i < n) to[i] = v[i];
#endif
}

/* max(0, x) that stays NaN where x is: the instruction returns its second operand when one of them is NaN. */
static inline Vector relu(Vector x) {
#if defined(__AVX512F__)
    return _mm512_max_ps(Vector{}, x);
#elif defined(__AVX2__)
    return _mm256_max_ps(Vector{}, x);
#else
    return _mm_max_ps(Vector{}, x);
#endif
}

/* Lanes where x takes the place of best in a running maximum: a NaN replaces every number and is replaced by none. */
static inline IntVector exceeds(Vector x, Vector best) { return (x > best) | (x != x); }

static inline Vector max_keep_nan(Vector best, Vector x) { return exceeds(x, best) ? x : best; }

/* Sum of the lanes, always in this order: halves are added until one lane is left. */
static inline float sum(Vector v) {
#pragma GCC unroll 4
    for (int half = LANES / 2; half > 0; half /= 2)
        v += __builtin_shuffle(v, (lane_index() + broadcast_int(half)) % LANES);
    return v[0];
}

static inline double sum_double(Vector v) {
    float lane[LANES];
    store(lane, v);
    double total = 0;
    for (int i = 0; i < LANES; i++) total += lane[i];
    return total;
}

/* Rows become columns: at each step half of every pair of rows changes places (Eklundh). */
static inline void transpose(Vector (&rows)[LANES]) {
#pragma GCC unroll 4
    for (int half = LANES / 2; half > 0; half /= 2) {
        IntVector low = lane_index(), high = lane_index();
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            low[i] = (i & half) != 0 ? LANES + i - half : i;
            high[i] = (i & half) != 0 ? LANES + i : i + half;
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            if ((i & half) != 0) continue;
            const Vector a = rows[i], b = rows[i + half];
            rows[i] = __builtin_shuffle(a, b, low);
            rows[i + half] = __builtin_shuffle(a, b, high);
        }
    }
}

/* target[j][i] = (or += if add) from[i * from_row + j] for i, j below 16; the rows of target are to_row apart. */
static inline void transpose_block(const float* from, int64_t from_row, bool add, float* to, int64_t to_row) {
    for (int i = 0; i < BLOCK; i += LANES)
        for (int j = 0; j < BLOCK; j += LANES) {
            Vector rows[LANES];
#pragma GCC unroll 16
            for (int k = 0; k < LANES; k++) rows[k] = load(from + (i + k) * from_row + j);
            transpose(rows);
#pragma GCC unroll 16
            for (int k = 0; k < LANES; k++) {
                float* at = to + (j + k) * to_row + i;
                store(at, add ? load(at) + rows[k] : rows[k]);
            }
        }
}

/* One tap's filters [channels][16] to rows [outputs][16], to_row apart, lanes channels..15 zero. */
static inline void transpose_filters(const float* from, int64_t channels, int64_t outputs, float* to, int64_t to_row) {
    if (channels == BLOCK && outputs == BLOCK) {
        transpose_block(from, BLOCK, false, to, to_row);
        return;
    }
    for (int64_t j = 0; j < outputs; j++)
        for (int64_t i = 0; i < BLOCK; i++) to[j * to_row + i] = i < channels ? from[i * BLOCK + j] : 0.0f;
}

static inline void zero_floats(float* at, int64_t count) {
    __builtin_memset(at, 0, static_cast<size_t>(count) * sizeof(float));
}

/* A tile's vector to memory: its first `count` lanes (none below 1, all from LANES on), added to what is there, through relu. */
static inline __attribute__((always_inline)) void store_result(float* at, int64_t count, Vector result, bool add, bool through_relu) {
    const bool whole = count >= LANES;
    if (!whole && count <= 0) return;
    if (add) result += whole ? load(at) : load_partial(at, count);
    if (through_relu) result = relu(result);
    if (whole) {
        store(at, result);
    } else {
        store_partial(at, count, result);
    }
}

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
