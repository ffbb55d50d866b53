/* What this machine can do: multiply-adds in registers, products of matrices, sums of arrays. */
#include "cases.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <algorithm>

namespace cases {

typedef float Vector4 __attribute__((vector_size(16)));
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

static const int64_t ROUNDS = 100000;
static const int SUMS = 12; /* as many independent ones as hide a multiply-add's latency */

/* Macros, because a function inlined into another cannot have fewer instruction sets than it. */
#define MULTIPLY_ADDS(VECTOR)                                                                         \
    VECTOR sum[SUMS] = {};                                                                            \
    VECTOR factor = {}, term = {};                                                                    \
    for (int i = 0; i < SUMS; i++) sum[i] += static_cast<float>(i);                                   \
    factor += 0.999f;                                                                                 \
    term += 0.5f;                                                                                     \
    for (int64_t r = 0; r < ROUNDS; r++) {                                                            \
        _Pragma("GCC unroll 16") for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * factor + term;      \
    }                                                                                                 \
    float total = 0;                                                                                  \
    for (int i = 0; i < SUMS; i++) total += sum[i][0];                                                \
    return total

__attribute__((noinline)) static float multiply_adds_4() { MULTIPLY_ADDS(Vector4); }
__attribute__((noinline, target("avx2,fma"))) static float multiply_adds_8() { MULTIPLY_ADDS(Vector8); }
__attribute__((noinline, target("avx512f"))) static float multiply_adds_16() { MULTIPLY_ADDS(Vector16); }

#define TRIAD(VECTOR)                                                       \
    VECTOR* const to = reinterpret_cast<VECTOR*>(a);                        \
    const VECTOR* const from = reinterpret_cast<const VECTOR*>(b);          \
    const VECTOR* const scaled = reinterpret_cast<const VECTOR*>(c);        \
    const int64_t vectors = count / static_cast<int64_t>(sizeof(VECTOR) / sizeof(float)); \
    for (int64_t i = 0; i < vectors; i++) to[i] = from[i] + 3.0f * scaled[i]

typedef void (*Triad)(int64_t count, float* a, const float* b, const float* c);
static void triad_4(int64_t count, float* a, const float* b, const float* c) { TRIAD(Vector4); }
__attribute__((target("avx2,fma"))) static void triad_8(int64_t count, float* a, const float* b, const float* c) { TRIAD(Vector8); }
__attribute__((target("avx512f"))) static void triad_16(int64_t count, float* a, const float* b, const float* c) { TRIAD(Vector16); }

/* Of products that a network computes, C [m][n] = A [m][k] * B [k][n]: the first layer of mlp, and squares. */
struct Product {
    int m, n, k;
    double flops() const { return 2.0 * m * n * k; }
};
static const Product PRODUCTS[] = {{2048, 512, 784}, {1024, 1024, 1024}, {2048, 2048, 2048}};

struct Operands {
    Run run{true, 1};
    Buffer<float> a, b, c;
    explicit Operands(const Product& p)
        : a(run.filled("a", int64_t{p.m} * p.k, 1)), b(run.filled("b", int64_t{p.k} * p.n, 1)), c(run.unwritten("c", int64_t{p.m} * p.n)) {}
};

Ceilings::Ceilings(const std::string& isa) : lanes_(isa == "avx512" ? 16 : isa == "avx2" ? 8 : 4) {
    volatile float total;
    const auto adds = lanes_ == 16 ? multiply_adds_16 : lanes_ == 8 ? multiply_adds_8 : multiply_adds_4;
    peak_ = 2.0 * SUMS * lanes_ * ROUNDS / seconds_of([&] { total = adds(); }, 8) * 1e-9;
    if (!openblas()) own_product();
}

void Ceilings::offer(const Product& p, double seconds, const std::string& source) {
    const double gflops = p.flops() / seconds * 1e-9;
    if (gflops <= sgemm_) return;
    sgemm_ = gflops;
    sgemm_source_ = text("%s, %d x %d-%d", source.c_str(), p.m, p.k, p.n);
}

bool Ceilings::openblas() {
    typedef void (*Sgemm)(int order, int turn_a, int turn_b, int m, int n, int k, float alpha, const float* a, int pitch_a, const float* b,
                          int pitch_b, float beta, float* c, int pitch_c);
    const int row_by_row = 101, as_is = 111;
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* read when it is loaded */
    void* const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return false;
    const auto sgemm = reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
    const auto config = reinterpret_cast<const char* (*)()>(dlsym(library, "openblas_get_config"));
    const auto core = reinterpret_cast<const char* (*)()>(dlsym(library, "openblas_get_corename"));
    if (sgemm == nullptr || config == nullptr || core == nullptr) return false;
    const std::string version = config(); /* "OpenBLAS 0.3.21 ..." */
    const std::string source = version.substr(0, version.find(' ', version.find(' ') + 1)) + " for " + core();
    for (const Product& p : PRODUCTS) {
        Operands o(p);
        offer(p, seconds_of([&] { sgemm(row_by_row, as_is, as_is, p.m, p.n, p.k, 1, o.a.data, p.k, o.b.data, p.n, 0, o.c.data, p.n); }, 4), source);
    }
    return true;
}

void Ceilings::own_product() {
    for (const Product& p : PRODUCTS) {
        Operands o(p);
        offer(p, seconds_of([&] { gs_linear_forward(p.m, p.k, p.n, p.n, o.a.data, o.b.data, nullptr, GS_IDENTITY, o.c.data); }, 4), "linear_forward");
    }
}

double Ceilings::triad(double bytes) {
    const int64_t count = std::max<int64_t>(1, static_cast<int64_t>(bytes) / (3 * 64)) * 16; /* whole vectors of each array */
    const auto known = triads_.find(count);
    if (known != triads_.end()) return known->second;
    Memory arrays("arrays", static_cast<size_t>(12 * count));
    float *const a = reinterpret_cast<float*>(arrays.data()), *const b = a + count, *const c = b + count;
    std::fill(a, c + count, 1.0f);
    const Triad triad = lanes_ == 16 ? triad_16 : lanes_ == 8 ? triad_8 : triad_4;
    return triads_[count] = 12.0 * static_cast<double>(count) / seconds_of([&] { triad(count, a, b, c); }, 8) * 1e-9;
}

}  // namespace cases
