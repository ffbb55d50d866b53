/* Device functions of one thread alone: bits, roundings, cached loads. Functions of <math.h> are the host's. */
#ifndef GRADSIEVE_EMULATION_KERNEL_MATH_H
#define GRADSIEVE_EMULATION_KERNEL_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* As CUDA's: of a number and NaN, the number. */
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
#define GS_EMULATED_MIN_MAX(type)                                    \
    constexpr type min(type a, type b) { return b < a ? b : a; }     \
    constexpr type max(type a, type b) { return a < b ? b : a; }
GS_EMULATED_MIN_MAX(int)
GS_EMULATED_MIN_MAX(unsigned)
GS_EMULATED_MIN_MAX(long)
GS_EMULATED_MIN_MAX(unsigned long)
GS_EMULATED_MIN_MAX(long long)
GS_EMULATED_MIN_MAX(unsigned long long)

namespace emulation {
template <class To, class From>
inline To bits_as(From from) {
    static_assert(sizeof(To) == sizeof(From), "as many bits");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
}  // namespace emulation

inline int __float_as_int(float v) { return emulation::bits_as<int>(v); }
inline unsigned __float_as_uint(float v) { return emulation::bits_as<unsigned>(v); }
inline float __int_as_float(int v) { return emulation::bits_as<float>(v); }
inline float __uint_as_float(unsigned v) { return emulation::bits_as<float>(v); }
inline long long __double_as_longlong(double v) { return emulation::bits_as<long long>(v); }
inline double __longlong_as_double(long long v) { return emulation::bits_as<double>(v); }

inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz(static_cast<unsigned>(v)); }
inline int __clzll(long long v) { return v == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(v)); }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline int __ffsll(long long v) { return __builtin_ffsll(v); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}

/* One rounding each and never fused, as the library is built without contraction. */
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline float __double2float_rn(double v) { return static_cast<float>(v); }
inline float __int2float_rn(int v) { return static_cast<float>(v); }
inline float __uint2float_rn(unsigned v) { return static_cast<float>(v); }
inline int __float2int_rn(float v) { return static_cast<int>(rintf(v)); }
inline float rsqrtf(float v) { return static_cast<float>(1.0 / sqrt(static_cast<double>(v))); }
inline double rsqrt(double v) { return 1.0 / sqrt(v); }
inline float __expf(float v) { return expf(v); }
inline float __logf(float v) { return logf(v); }
inline float __fdividef(float a, float b) { return a / b; }

/* Hints to the caches. */
template <class T>
inline T __ldg(const T* from) {
    return *from;
}
template <class T>
inline T __ldcs(const T* from) {
    return *from;
}
template <class T>
inline T __ldcg(const T* from) {
    return *from;
}
template <class T>
inline void __stcs(T* to, T value) {
    *to = value;
}
template <class T>
inline void __stcg(T* to, T value) {
    *to = value;
}

#endif
