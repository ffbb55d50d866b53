/*
 * The matrix units (nvcuda::wmma) with operands in tf32 and bfloat16, and that type. Which elements of a fragment a lane holds is
 * not specified by CUDA; here it is another layout than any GPU's, so that a kernel that relies on one gives wrong results.
 */
#ifndef GRADSIEVE_EMULATION_KERNEL_MATRIX_H
#define GRADSIEVE_EMULATION_KERNEL_MATRIX_H

/* The upper half of a float. */
struct __nv_bfloat16 {
    uint16_t bits;
};
/* To nearest, halves to even. */
inline __nv_bfloat16 __float2bfloat16(float value) {
    const unsigned bits = __float_as_uint(value);
    if (value != value) return {0x7fff};
    return {static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16)};
}
inline float __bfloat162float(__nv_bfloat16 value) { return __uint_as_float(static_cast<unsigned>(value.bits) << 16); }

namespace nvcuda {
namespace wmma {

namespace precision {
struct tf32 {};
}  // namespace precision
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

/* What an element is in memory. */
template <class E>
struct Stored {
    using Type = E;
};
template <>
struct Stored<precision::tf32> {
    using Type = float;
};

/* Element i of a lane is number 32 i + lane, counted along rows. */
template <class Use, int M, int N, int K, class E, class Layout = void>
struct fragment {
    static constexpr int rows = std::is_same_v<Use, matrix_b> ? K : M, columns = std::is_same_v<Use, matrix_a> ? K : N;
    static constexpr int num_elements = rows * columns / 32;
    typename Stored<E>::Type x[num_elements];
};

/* To nearest, halves away from zero. */
inline float __float_to_tf32(float value) {
    return __uint_as_float((__float_as_uint(value) + 0x1000u) & 0xffffe000u);
}

/* As CUDA's guide has it, but that bfloat16 may lie at any 16 bytes, which is what one kernel's tiles do (docs/gpu.md). */
inline void check_alignment(const void* address, unsigned stride, size_t element) {
    const unsigned bytes = element == 4 ? 32 : 16;
    if (stride * element % 16 || reinterpret_cast<uintptr_t>(address) % bytes) {
        emulation::wrong("a fragment at %p with rows of %zu bytes: not at multiples of %u bytes, and rows of 16", address,
                         stride * element, bytes);
    }
}

template <class Use, int M, int N, int K, class E, class Layout>
void load_matrix_sync(fragment<Use, M, N, K, E, Layout>& f, const typename Stored<E>::Type* from, unsigned stride,
                      emulation::Place place = emulation::here()) {
    using F = fragment<Use, M, N, K, E, Layout>;
    check_alignment(from, stride, sizeof *from);
    for (int i = 0; i < F::num_elements; i++) {
        const unsigned number = static_cast<unsigned>(32 * i + emulation::lane()), row = number / F::columns, column = number % F::columns;
        f.x[i] = from[std::is_same_v<Layout, row_major> ? row * stride + column : column * stride + row];
    }
    emulation::meet(0xffffffffu, "load_matrix_sync", nullptr, nullptr, place);
}

template <int M, int N, int K>
void load_matrix_sync(fragment<accumulator, M, N, K, float>& f, const float* from, unsigned stride, layout_t layout,
                      emulation::Place place = emulation::here()) {
    check_alignment(from, stride, sizeof *from);
    for (int i = 0; i < M * N / 32; i++) {
        const unsigned number = static_cast<unsigned>(32 * i + emulation::lane()), row = number / N, column = number % N;
        f.x[i] = from[layout == mem_row_major ? row * stride + column : column * stride + row];
    }
    emulation::meet(0xffffffffu, "load_matrix_sync", nullptr, nullptr, place);
}

template <int M, int N, int K>
void store_matrix_sync(float* to, const fragment<accumulator, M, N, K, float>& f, unsigned stride, layout_t layout,
                       emulation::Place place = emulation::here()) {
    check_alignment(to, stride, sizeof *to);
    for (int i = 0; i < M * N / 32; i++) {
        const unsigned number = static_cast<unsigned>(32 * i + emulation::lane()), row = number / N, column = number % N;
        to[layout == mem_row_major ? row * stride + column : column * stride + row] = f.x[i];
    }
    emulation::meet(0xffffffffu, "store_matrix_sync", nullptr, nullptr, place);
}

template <class F>
void fill_fragment(F& f, float value) {
    for (float& x : f.x) x = value;
}

inline float number(float value) { return value; }
inline float number(__nv_bfloat16 value) { return __bfloat162float(value); }

/* d = a b + c, all lanes' shares at once. */
template <int M, int N, int K, class T>
struct Product {
    float* d;
    const T *a, *b;
    const float* c;

    GS_EMULATION_INSIDE static void all(void* const* data, unsigned) {
        float as[M * K], bs[K * N];
        for (int lane = 0; lane < 32; lane++) {
            const Product& share = *static_cast<const Product*>(data[lane]);
            for (int i = 0; i < M * K / 32; i++) as[32 * i + lane] = number(share.a[i]);
            for (int i = 0; i < K * N / 32; i++) bs[32 * i + lane] = number(share.b[i]);
        }
        for (int row = 0; row < M; row++) {
            float sums[N];
            for (int column = 0; column < N; column++) sums[column] = at(data, row * N + column).c[(row * N + column) / 32];
            for (int k = 0; k < K; k++)
                for (int column = 0; column < N; column++) sums[column] += as[row * K + k] * bs[k * N + column];
            for (int column = 0; column < N; column++) at(data, row * N + column).d[(row * N + column) / 32] = sums[column];
        }
    }
    __forceinline__ static const Product& at(void* const* data, int number) { return *static_cast<const Product*>(data[number % 32]); }
};

/* What is not a number passes: it shows in the result. */
inline void check_operand(precision::tf32, float x) {
    if (x == x && __float_to_tf32(x) != x) emulation::wrong("an operand of a product that was not rounded to tf32");
}
inline void check_operand(__nv_bfloat16, __nv_bfloat16) {}

template <int M, int N, int K, class E, class LA, class LB>
void mma_sync(fragment<accumulator, M, N, K, float>& d, const fragment<matrix_a, M, N, K, E, LA>& a,
              const fragment<matrix_b, M, N, K, E, LB>& b, const fragment<accumulator, M, N, K, float>& c,
              emulation::Place place = emulation::here()) {
    using Share = Product<M, N, K, typename Stored<E>::Type>;
    for (const auto& x : a.x) check_operand(E{}, x);
    for (const auto& x : b.x) check_operand(E{}, x);
    Share share{d.x, a.x, b.x, c.x};
    emulation::meet(0xffffffffu, "mma_sync", Share::all, &share, place);
}

}  // namespace wmma
}  // namespace nvcuda

#endif
