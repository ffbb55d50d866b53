/* CUDA's vector types as kernels use them: the same sizes and alignments. */
#ifndef GRADSIEVE_EMULATION_KERNEL_VECTORS_H
#define GRADSIEVE_EMULATION_KERNEL_VECTORS_H

#define GS_EMULATED_VECTORS(type, name)                                                            \
    struct name##1 {                                                                               \
        type x;                                                                                    \
    };                                                                                             \
    struct alignas(2 * sizeof(type)) name##2 {                                                     \
        type x, y;                                                                                 \
    };                                                                                             \
    struct name##3 {                                                                               \
        type x, y, z;                                                                              \
    };                                                                                             \
    struct alignas(sizeof(type) < 4 ? 4 * sizeof(type) : 16) name##4 {                             \
        type x, y, z, w;                                                                           \
    };                                                                                             \
    constexpr name##1 make_##name##1(type x) { return {x}; }                                       \
    constexpr name##2 make_##name##2(type x, type y) { return {x, y}; }                            \
    constexpr name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }                 \
    constexpr name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }

GS_EMULATED_VECTORS(signed char, char)
GS_EMULATED_VECTORS(unsigned char, uchar)
GS_EMULATED_VECTORS(short, short)
GS_EMULATED_VECTORS(unsigned short, ushort)
GS_EMULATED_VECTORS(int, int)
GS_EMULATED_VECTORS(unsigned, uint)
GS_EMULATED_VECTORS(float, float)

struct alignas(16) double2 {
    double x, y;
};
struct alignas(16) longlong2 {
    long long x, y;
};
struct alignas(16) ulonglong2 {
    unsigned long long x, y;
};
constexpr double2 make_double2(double x, double y) { return {x, y}; }
constexpr longlong2 make_longlong2(long long x, long long y) { return {x, y}; }
constexpr ulonglong2 make_ulonglong2(unsigned long long x, unsigned long long y) { return {x, y}; }

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned columns = 1, unsigned rows = 1, unsigned planes = 1) : x(columns), y(rows), z(planes) {}
};

#endif
