/*
 * The stand-ins for cuBLASLt and cuBLAS against plain loops in double: transposes, leading dimensions, orders, epilogues, batches,
 * TF32; what they offer, what they refuse, calls told to fail, order on streams.
 */
#include "check.h"

#include <string.h>

#include "../../emulation/cublas_api.h"

namespace {

/* A stored matrix. */
struct Matrix {
    int rows, columns, leading;
    bool row_major;
    long long stride; /* from one of a batch to the next */

    size_t at(int batch, int row, int column) const {
        const int line = row_major ? row : column, place = row_major ? column : row;
        return static_cast<size_t>(batch * stride + static_cast<long long>(line) * leading + place);
    }
    size_t count(int batch) const { return at(batch - 1, rows - 1, columns - 1) + 1; }
};

struct Case {
    int m, n, k, batch, compute, epilogue;
    bool transpose_a, transpose_b;
    float alpha, beta;
    Matrix a, b, c, d;
};

Matrix draw_matrix(Draw& draw, int rows, int columns, bool row_major, int batch) {
    const int length = row_major ? columns : rows, lines = row_major ? rows : columns;
    Matrix matrix = {rows, columns, length + draw.between(0, 4), row_major, 0};
    if (batch > 1) matrix.stride = static_cast<long long>(matrix.leading) * lines + draw.between(0, 7);
    return matrix;
}

Case draw_case(Draw& draw) {
    const int epilogues[] = {CUBLASLT_EPILOGUE_DEFAULT,   CUBLASLT_EPILOGUE_RELU,   CUBLASLT_EPILOGUE_BIAS,
                             CUBLASLT_EPILOGUE_RELU_BIAS, CUBLASLT_EPILOGUE_BGRADA, CUBLASLT_EPILOGUE_BGRADB};
    const int computes[] = {CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_PEDANTIC, CUBLAS_COMPUTE_32F_FAST_TF32};
    Case t;
    t.m = draw.between(1, 40);
    t.n = draw.between(1, 90); /* more than the columns that lie in panels at a time */
    t.k = draw.between(1, 70);
    t.epilogue = epilogues[draw.between(0, 5)];
    t.batch = t.epilogue < CUBLASLT_EPILOGUE_BGRADA && draw.between(0, 2) == 0 ? 3 : 1;
    t.compute = computes[draw.between(0, 2)];
    t.transpose_a = draw.between(0, 1) == 1;
    t.transpose_b = draw.between(0, 1) == 1;
    t.alpha = draw.between(0, 1) == 0 ? 1 : -0.75f;
    t.beta = draw.between(0, 1) == 0 ? 0 : 0.5f;
    const bool row_major = draw.between(0, 3) == 0;
    t.a = draw_matrix(draw, t.transpose_a ? t.k : t.m, t.transpose_a ? t.m : t.k, draw.between(0, 3) == 0, t.batch);
    t.b = draw_matrix(draw, t.transpose_b ? t.n : t.k, t.transpose_b ? t.k : t.n, draw.between(0, 3) == 0, t.batch);
    t.c = draw_matrix(draw, t.m, t.n, row_major, t.batch);
    t.d = draw_matrix(draw, t.m, t.n, row_major, t.batch);
    return t;
}

class Product {
public:
    explicit Product(const Case& t) {
        CHECK_EQUAL(cublasLtCreate(&handle), 0);
        CHECK_EQUAL(cublasLtMatmulDescCreate(&descriptor, t.compute, CUDA_R_32F), 0);
        CHECK_EQUAL(cublasLtMatmulPreferenceCreate(&preference), 0);
        set(CUBLASLT_MATMUL_DESC_TRANSA, t.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(CUBLASLT_MATMUL_DESC_TRANSB, t.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(CUBLASLT_MATMUL_DESC_EPILOGUE, t.epilogue);
        const Matrix* const matrices[] = {&t.a, &t.b, &t.c, &t.d};
        for (int i = 0; i < 4; i++) {
            const Matrix& matrix = *matrices[i];
            CHECK_EQUAL(cublasLtMatrixLayoutCreate(&layouts[i], CUDA_R_32F, static_cast<uint64_t>(matrix.rows),
                                                   static_cast<uint64_t>(matrix.columns), matrix.leading), 0);
            set_layout(i, CUBLASLT_MATRIX_LAYOUT_ORDER, matrix.row_major ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL);
            set_layout(i, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, t.batch);
            set_layout(i, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, static_cast<int64_t>(matrix.stride));
        }
        prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{1} << 20);
    }
    Product(const Product&) = delete;
    ~Product() {
        for (const cublasLtMatrixLayout_t layout : layouts) CHECK_EQUAL(cublasLtMatrixLayoutDestroy(layout), 0);
        CHECK_EQUAL(cublasLtMatmulPreferenceDestroy(preference), 0);
        CHECK_EQUAL(cublasLtMatmulDescDestroy(descriptor), 0);
        CHECK_EQUAL(cublasLtDestroy(handle), 0);
    }
    template <typename Value>
    void set(int attribute, Value value) {
        CHECK_EQUAL(cublasLtMatmulDescSetAttribute(descriptor, attribute, &value, sizeof value), 0);
    }
    template <typename Value>
    void set_layout(int which, int attribute, Value value) {
        CHECK_EQUAL(cublasLtMatrixLayoutSetAttribute(layouts[which], attribute, &value, sizeof value), 0);
    }
    template <typename Value>
    void prefer(int attribute, Value value) {
        CHECK_EQUAL(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value), 0);
    }
    std::vector<cublasLtMatmulHeuristicResult_t> algorithms(int requested = 4) {
        cublasLtMatmulHeuristicResult_t found[4];
        int count = 0;
        CHECK_EQUAL(cublasLtMatmulAlgoGetHeuristic(handle, descriptor, layouts[0], layouts[1], layouts[2], layouts[3], preference,
                                                   requested, found, &count), 0);
        return {found, found + count};
    }
    int run(const float* a, const float* b, const float* c, float* d, const cublasLtMatmulAlgo_t* algorithm, void* workspace,
            size_t bytes, float alpha, float beta, void* stream = nullptr) {
        return cublasLtMatmul(handle, descriptor, &alpha, a, layouts[0], b, layouts[1], &beta, c, layouts[2], d, layouts[3],
                              algorithm, workspace, bytes, stream);
    }

    cublasLtHandle_t handle = nullptr;
    cublasLtMatmulDesc_t descriptor = nullptr;
    cublasLtMatrixLayout_t layouts[4] = {};
    cublasLtMatmulPreference_t preference = nullptr;
};

void compare(const Case& t, Draw& draw) {
    Product product(t);
    const std::vector<float> a = draw.values(t.a.count(t.batch)), b = draw.values(t.b.count(t.batch));
    const std::vector<float> c = draw.values(t.c.count(t.batch)), old = draw.values(t.d.count(t.batch));
    const bool gradient = t.epilogue >= CUBLASLT_EPILOGUE_BGRADA;
    const int biases = t.epilogue == CUBLASLT_EPILOGUE_BGRADB ? t.n : t.m;
    const std::vector<float> bias = draw.values(static_cast<size_t>(biases));
    const DeviceFloats at_a(a), at_b(b), at_c(c), at_bias(bias);
    if (t.epilogue != CUBLASLT_EPILOGUE_DEFAULT && t.epilogue != CUBLASLT_EPILOGUE_RELU)
        product.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<void*>(at_bias.at()));
    const auto in = [&](float value) { return t.compute == CUBLAS_COMPUTE_32F_FAST_TF32 ? tf32_of(value) : double{value}; };
    const auto near = [](float got, double wanted) { return fabs(got - wanted) <= 1.2e-7 * fabs(wanted) + 1e-13; };
    const auto algorithms = product.algorithms();
    CHECK_EQUAL(algorithms.size(), 2);
    for (const auto& algorithm : algorithms) {
        const DeviceFloats at_d(old), space(algorithm.workspaceSize / sizeof(float) + 1);
        at_bias.set(bias);
        CHECK_EQUAL(product.run(at_a.at(), at_b.at(), at_c.at(), at_d.at(), &algorithm.algo, space.at(), algorithm.workspaceSize,
                                t.alpha, t.beta), 0);
        CHECK_EQUAL(cudaDeviceSynchronize(), 0);
        const std::vector<float> got = at_d.get(), got_bias = at_bias.get();
        std::vector<bool> of_result(got.size());
        bool right = true;
        for (int batch = 0; batch < t.batch; batch++)
            for (int i = 0; i < t.m; i++)
                for (int j = 0; j < t.n; j++) {
                    double sum = 0;
                    for (int l = 0; l < t.k; l++)
                        sum += in(a[t.transpose_a ? t.a.at(batch, l, i) : t.a.at(batch, i, l)]) *
                               in(b[t.transpose_b ? t.b.at(batch, j, l) : t.b.at(batch, l, j)]);
                    double wanted = t.alpha * sum + t.beta * c[t.c.at(batch, i, j)];
                    if (t.epilogue == CUBLASLT_EPILOGUE_BIAS || t.epilogue == CUBLASLT_EPILOGUE_RELU_BIAS)
                        wanted += bias[static_cast<size_t>(i)];
                    if (t.epilogue == CUBLASLT_EPILOGUE_RELU || t.epilogue == CUBLASLT_EPILOGUE_RELU_BIAS)
                        wanted = std::max(wanted, 0.0);
                    right = right && near(got[t.d.at(batch, i, j)], wanted);
                    of_result[t.d.at(batch, i, j)] = true;
                }
        for (size_t i = 0; i < got.size(); i++) right = right && (of_result[i] || got[i] == old[i]);
        for (int i = 0; i < biases; i++) {
            double wanted = bias[static_cast<size_t>(i)];
            if (gradient) {
                wanted = 0;
                for (int l = 0; l < t.k; l++)
                    wanted += t.epilogue == CUBLASLT_EPILOGUE_BGRADA ? a[t.transpose_a ? t.a.at(0, l, i) : t.a.at(0, i, l)]
                                                                     : b[t.transpose_b ? t.b.at(0, i, l) : t.b.at(0, l, i)];
            }
            right = right && near(got_bias[static_cast<size_t>(i)], wanted);
        }
        char shape[160];
        snprintf(shape, sizeof shape, "m %d n %d k %d batch %d transposes %d %d compute %d epilogue %d", t.m, t.n, t.k, t.batch,
                 t.transpose_a, t.transpose_b, t.compute, t.epilogue);
        check(right, __FILE__, __LINE__, shape);
    }
}

const Case PLAIN = {5,     6,     7, 1, CUBLAS_COMPUTE_32F, CUBLASLT_EPILOGUE_DEFAULT,
                    false, false, 1, 0, {5, 7, 8, false, 0}, {7, 6, 8, false, 0},
                    {5, 6, 8, false, 0}, {5, 6, 8, false, 0}};

void refusals() {
    Draw draw(31);
    Product product(PLAIN);
    const DeviceFloats a(draw.values(200)), b(draw.values(200)), d(200), space(8192);
    const auto algorithms = product.algorithms();
    const auto run = [&](const cublasLtMatmulAlgo_t* algorithm, const float* from, void* room, size_t bytes, float beta = 0) {
        return product.run(from, b.at(), nullptr, d.at(), algorithm, room, bytes, 1, beta);
    };
    CHECK(algorithms[0].workspaceSize > 0 && algorithms[1].workspaceSize == 0);
    CHECK_EQUAL(run(&algorithms[0].algo, a.at(), space.at(), algorithms[0].workspaceSize - 1), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(run(&algorithms[0].algo, a.at(), space.at(1), algorithms[0].workspaceSize), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(run(&algorithms[1].algo, a.at(1), nullptr, 0), CUBLAS_STATUS_INVALID_VALUE); /* not aligned to 256 bytes */
    CHECK_EQUAL(run(&algorithms[1].algo, nullptr, nullptr, 0), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(run(&algorithms[1].algo, a.at(), nullptr, 0, 1), CUBLAS_STATUS_INVALID_VALUE); /* beta without C */
    const cublasLtMatmulAlgo_t none = {};
    CHECK_EQUAL(run(&none, a.at(), nullptr, 0), CUBLAS_STATUS_INVALID_VALUE);
    product.prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, uint32_t{4});
    const auto loose = product.algorithms();
    CHECK_EQUAL(run(&loose[1].algo, a.at(1), nullptr, 0), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(run(nullptr, a.at(), nullptr, 0), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
    product.prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{0});
    CHECK_EQUAL(product.algorithms().size(), 1);
    CHECK_EQUAL(product.algorithms()[0].workspaceSize, 0);

    product.set(CUBLASLT_MATMUL_DESC_EPILOGUE, int32_t{CUBLASLT_EPILOGUE_BIAS});
    CHECK_EQUAL(run(nullptr, a.at(), nullptr, 0), CUBLAS_STATUS_INVALID_VALUE); /* no bias */
    product.set(CUBLASLT_MATMUL_DESC_EPILOGUE, int32_t{128});
    CHECK_EQUAL(run(nullptr, a.at(), nullptr, 0), CUBLAS_STATUS_NOT_SUPPORTED);
    product.set(CUBLASLT_MATMUL_DESC_EPILOGUE, int32_t{CUBLASLT_EPILOGUE_DEFAULT});
    product.set(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, int32_t{64});
    CHECK_EQUAL(run(nullptr, a.at(), nullptr, 0), CUBLAS_STATUS_NOT_SUPPORTED);
    product.set(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, int32_t{CUBLAS_COMPUTE_32F});
    product.set(CUBLASLT_MATMUL_DESC_TRANSA, int32_t{CUBLAS_OP_T});
    CHECK_EQUAL(run(nullptr, a.at(), nullptr, 0), CUBLAS_STATUS_INVALID_VALUE); /* 7 x 5 times 7 x 6 */
    CHECK(matches(gs_emulated_last_report(), "^$")); /* no fault of the device */
    product.set(CUBLASLT_MATMUL_DESC_TRANSA, int32_t{CUBLAS_OP_N});
    product.set_layout(0, CUBLASLT_MATRIX_LAYOUT_LD, int64_t{4});
    CHECK_EQUAL(run(nullptr, a.at(), nullptr, 0), CUBLAS_STATUS_INVALID_VALUE); /* columns of 5 every 4 */
    int value = 0;
    CHECK_EQUAL(cublasLtMatmulDescSetAttribute(product.descriptor, 999, &value, sizeof value), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(cublasLtMatmulDescSetAttribute(product.descriptor, CUBLASLT_MATMUL_DESC_TRANSA, &value, 1),
                CUBLAS_STATUS_INVALID_VALUE);
    CHECK(strcmp(cublasLtGetStatusName(CUBLAS_STATUS_NOT_SUPPORTED), "CUBLAS_STATUS_NOT_SUPPORTED") == 0);
    CHECK_EQUAL(cublasLtDestroy(nullptr), CUBLAS_STATUS_INVALID_VALUE);
    gs_emulated_reset();
}

void faults() {
    Draw draw(32);
    Product product(PLAIN);
    const DeviceFloats a(draw.values(200)), b(draw.values(200)), d(200);
    const auto run = [&] { return product.run(a.at(), b.at(), nullptr, d.at(), nullptr, nullptr, 0, 1, 0); };
    gs_emulated_fail("cublasLtMatmul:2,cublasLtMatmulAlgoGetHeuristic:1:3");
    CHECK_EQUAL(run(), 0);
    CHECK_EQUAL(run(), CUBLAS_STATUS_EXECUTION_FAILED);
    CHECK_EQUAL(run(), 0);
    cublasLtMatmulHeuristicResult_t found;
    int count;
    const auto ask = [&] {
        return cublasLtMatmulAlgoGetHeuristic(product.handle, product.descriptor, product.layouts[0], product.layouts[1],
                                              product.layouts[2], product.layouts[3], product.preference, 1, &found, &count);
    };
    CHECK_EQUAL(ask(), CUBLAS_STATUS_ALLOC_FAILED);
    CHECK_EQUAL(ask(), 0);
    const int alive = gs_emulated_leaks(0);
    gs_emulated_fail("cublasCreate_v2:1,cublasDestroy_v2:1");
    cublasHandle_t handle = nullptr;
    CHECK_EQUAL(cublasCreate_v2(&handle), CUBLAS_STATUS_ALLOC_FAILED);
    CHECK_EQUAL(gs_emulated_leaks(0), alive);
    CHECK_EQUAL(cublasCreate_v2(&handle), 0);
    int version = 0;
    CHECK_EQUAL(cublasGetVersion_v2(handle, &version), 0);
    CHECK_EQUAL(version, 130201);
    CHECK_EQUAL(gs_emulated_leaks(0), alive + 1);
    CHECK_EQUAL(cublasDestroy_v2(handle), CUBLAS_STATUS_EXECUTION_FAILED); /* destroyed all the same */
    CHECK_EQUAL(gs_emulated_leaks(0), alive);
    CHECK_EQUAL(cublasDestroy_v2(handle), CUBLAS_STATUS_NOT_INITIALIZED);
    gs_emulated_fail("");
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
}

void order() {
    Draw draw(33);
    Product product(PLAIN);
    const DeviceFloats a(draw.values(200)), b(draw.values(200)), d(200), small(4);
    cudaStream_t one, other;
    CHECK_EQUAL(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking), 0);
    CHECK_EQUAL(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), 0);
    const auto run = [&](float* to) { return product.run(a.at(), b.at(), nullptr, to, nullptr, nullptr, 0, 1, 0, one); };
    CHECK_EQUAL(cudaMemsetAsync(a.at(), 0, a.bytes(), other), 0);
    CHECK_EQUAL(run(d.at()), CUBLAS_STATUS_EXECUTION_FAILED);
    EXPECT_FAULT("`cublasLtMatmul` on stream [0-9]+ reads .* not ordered after `cudaMemsetAsync`");
    CHECK_EQUAL(run(small.at()), CUBLAS_STATUS_EXECUTION_FAILED);
    EXPECT_FAULT("`cublasLtMatmul`: [0-9]+ bytes at .* end beyond", cudaErrorIllegalAddress);
    CHECK_EQUAL(cudaMemsetAsync(a.at(200 - 8), 0, 32, other), 0); /* beyond what is read: 7 columns of 8 */
    CHECK_EQUAL(run(d.at()), 0);
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
    unsigned char* written = nullptr;
    CHECK_EQUAL(gs_emulated_allocation(d.at(), nullptr, nullptr, &written), 1);
    CHECK(written[4] == 1 && written[5] == 0 && written[8] == 1); /* 5 rows, every 8 */
    CHECK_EQUAL(cudaStreamDestroy(one), 0);
    CHECK_EQUAL(cudaStreamDestroy(other), 0);
}

}  // namespace

int main() {
    const uint64_t seed = 30;
    printf("seed %llu\n", static_cast<unsigned long long>(seed));
    Draw draw(seed);
    for (int i = 0; i < 120; i++) compare(draw_case(draw), draw);
    refusals();
    faults();
    order();
    return finish("products");
}
