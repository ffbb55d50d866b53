/* libcublasLt: descriptors, heuristics and products of float matrices. */
#include <stdio.h>
#include <string.h>

#include <string>
#include <type_traits>

#include "cublas_api.h"
#include "faults.h"
#include "gpu.h"
#include "library.h"
#include "product.h"

using gradsieve::MatrixLayout;
using gradsieve::Product;

struct cublasLtContext {};
struct cublasLtMatmulDescOpaque_t {
    int32_t compute, scale, pointer_mode, transpose_a, transpose_b;
    uint32_t epilogue;
    int32_t bias_type;
    void* bias;
};
struct cublasLtMatrixLayoutOpaque_t {
    MatrixLayout layout;
};
struct cublasLtMatmulPreferenceOpaque_t {
    uint32_t search_mode, reduction_schemes;
    uint64_t workspace, impl_mask;
    uint32_t alignment[4]; /* of A, B, C, D */
    float waves;
};

namespace {

const char* const HANDLE = "cuBLASLt handle";
const char* const DESCRIPTOR = "cuBLASLt product descriptor";
const char* const LAYOUT = "cuBLASLt matrix layout";
const char* const PREFERENCE = "cuBLASLt preference";

/* Where an algorithm says what it is. */
enum { MARK, WORKSPACE, ALIGNMENT };
const uint64_t IS_ALGORITHM = 0x6c747a696c61u;

const size_t USUAL_WORKSPACE = 16384; /* of the algorithm that is offered first */

const struct {
    int status;
    const char* name;
    const char* text;
} STATUSES[] = {
    {CUBLAS_STATUS_SUCCESS, "CUBLAS_STATUS_SUCCESS", "success"},
    {CUBLAS_STATUS_NOT_INITIALIZED, "CUBLAS_STATUS_NOT_INITIALIZED", "the library was not initialized"},
    {CUBLAS_STATUS_ALLOC_FAILED, "CUBLAS_STATUS_ALLOC_FAILED", "the resource allocation failed"},
    {CUBLAS_STATUS_INVALID_VALUE, "CUBLAS_STATUS_INVALID_VALUE",
     "an unsupported value or parameter was passed to the function"},
    {CUBLAS_STATUS_EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED", "the program failed to execute"},
    {CUBLAS_STATUS_NOT_SUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED", "the functionality requested is not supported"},
};

int refuse(int status, const std::string& reason) {
    fprintf(stderr, "gradsieve CUDA emulation: %s\n", reason.c_str());
    return status;
}

int failed(const char* function, int usual = CUBLAS_STATUS_EXECUTION_FAILED) { return gs_emulated_fault(function, usual); }

template <typename Object>
int create(const char* function, Object** object, const char* what) {
    if (const int code = failed(function, CUBLAS_STATUS_ALLOC_FAILED)) return code;
    if (object == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *object = new Object();
    gs_emulated_opened(*object, what);
    return CUBLAS_STATUS_SUCCESS;
}

/* Destroys even where it is told to fail, so that a failure does not leak. */
template <typename Object>
int destroy(const char* function, Object* object, const char* what) {
    const int code = failed(function);
    if (!gs_emulated_closed(object, what)) return CUBLAS_STATUS_INVALID_VALUE;
    delete object;
    return code;
}

template <typename Field>
int assign(Field& field, const void* value, size_t bytes) {
    if (value == nullptr || bytes < sizeof field) return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(&field, value, sizeof field);
    return CUBLAS_STATUS_SUCCESS;
}

std::string text_of(const MatrixLayout& layout) {
    return std::to_string(layout.rows) + " x " + std::to_string(layout.columns) + " (leading dimension " +
           std::to_string(layout.leading) + ")";
}

bool good(const MatrixLayout& layout) {
    return layout.type == CUDA_R_32F && layout.rows > 0 && layout.columns > 0 && layout.batch > 0 &&
           layout.leading >= (layout.order == CUBLASLT_ORDER_COL ? layout.rows : layout.columns);
}

/* Fills in the shapes; what is not a product of float matrices is refused. */
int describe(cublasLtMatmulDesc_t descriptor, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
             cublasLtMatrixLayout_t d, Product& product) {
    if (!gs_emulated_is_open(descriptor, DESCRIPTOR)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no cuBLASLt product descriptor");
    for (const cublasLtMatrixLayout_t layout : {a, b, c, d})
        if (!gs_emulated_is_open(layout, LAYOUT)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no cuBLASLt matrix layout");
    product.a = a->layout;
    product.b = b->layout;
    product.c = c->layout;
    product.d = d->layout;
    product.transpose_a = descriptor->transpose_a != CUBLAS_OP_N;
    product.transpose_b = descriptor->transpose_b != CUBLAS_OP_N;
    product.tf32 = descriptor->compute == CUBLAS_COMPUTE_32F_FAST_TF32;
    product.epilogue = static_cast<int>(descriptor->epilogue);
    product.bias = static_cast<float*>(descriptor->bias);
    const int compute = descriptor->compute;
    if (compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_32F_PEDANTIC && compute != CUBLAS_COMPUTE_32F_FAST_TF32)
        return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "cuBLASLt: compute type " + std::to_string(compute));
    if (descriptor->scale != CUDA_R_32F || descriptor->pointer_mode != 0 || descriptor->bias_type != CUDA_R_32F)
        return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "cuBLASLt: a scale or bias type or a pointer mode");
    switch (product.epilogue) {
        case CUBLASLT_EPILOGUE_DEFAULT:
        case CUBLASLT_EPILOGUE_RELU:
        case CUBLASLT_EPILOGUE_BIAS:
        case CUBLASLT_EPILOGUE_RELU_BIAS: break;
        case CUBLASLT_EPILOGUE_BGRADA:
        case CUBLASLT_EPILOGUE_BGRADB:
            if (product.d.batch == 1) break;
            return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "cuBLASLt: the gradient of a bias in a batch");
        default: return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "cuBLASLt: epilogue " + std::to_string(product.epilogue));
    }
    const int64_t rows = product.transpose_a ? product.a.columns : product.a.rows;
    const int64_t columns = product.transpose_b ? product.b.rows : product.b.columns;
    const int64_t inner = product.transpose_b ? product.b.columns : product.b.rows;
    const bool fits = rows == product.d.rows && columns == product.d.columns && inner == product.inner() &&
                      product.c.rows == product.d.rows && product.c.columns == product.d.columns;
    bool same_batch = true, all_good = true;
    for (const MatrixLayout* layout : {&product.a, &product.b, &product.c, &product.d}) {
        same_batch = same_batch && layout->batch == product.d.batch;
        all_good = all_good && good(*layout);
    }
    if (fits && same_batch && all_good && product.c.order == product.d.order) return CUBLAS_STATUS_SUCCESS;
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "cuBLASLt: no product of A " + text_of(product.a) +
                  (product.transpose_a ? " transposed" : "") + " and B " + text_of(product.b) +
                  (product.transpose_b ? " transposed" : "") + " to D " + text_of(product.d) + " with C " + text_of(product.c));
}

bool aligned(const void* address, uint64_t bytes) { return bytes == 0 || reinterpret_cast<uintptr_t>(address) % bytes == 0; }

void run(void* product) { static_cast<const Product*>(product)->compute(); }
void release(void* product) { delete static_cast<Product*>(product); }

int queue(const Product& product, void* stream) {
    const size_t size = sizeof(float);
    const auto bytes = [size](int64_t elements) { return static_cast<size_t>(elements) * size; };
    gs_emulated_range ranges[6];
    int count = 0;
    ranges[count++] = {product.from_a, bytes(product.a.extent()), GS_READS};
    ranges[count++] = {product.from_b, bytes(product.b.extent()), GS_READS};
    if (product.beta != 0) ranges[count++] = {product.from_c, bytes(product.c.extent()), GS_READS};
    if (product.bias != nullptr)
        ranges[count++] = {product.bias, bytes(product.bias_count()),
                           product.epilogue >= CUBLASLT_EPILOGUE_BGRADA ? GS_WRITES : GS_READS};
    if (product.workspace_bytes > 0) ranges[count++] = {product.workspace, product.workspace_bytes, GS_WRITES};
    ranges[count++] = {product.to_d, bytes(product.d.extent()), GS_WRITES_PARTLY};
    const int error = gs_emulated_operation(stream, "cublasLtMatmul", run, release, new Product(product), ranges, count);
    return error == 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion(void) { return 130201; }
size_t cublasLtGetCudartVersion(void) { return gradsieve::EMULATED_VERSION; }

const char* cublasLtGetStatusName(int status) {
    for (const auto& known : STATUSES)
        if (known.status == status) return known.name;
    return "CUBLAS_STATUS_UNKNOWN";
}

const char* cublasLtGetStatusString(int status) {
    for (const auto& known : STATUSES)
        if (known.status == status) return known.text;
    return "unknown status";
}

int cublasLtCreate(cublasLtHandle_t* handle) { return create("cublasLtCreate", handle, HANDLE); }
int cublasLtDestroy(cublasLtHandle_t handle) { return destroy("cublasLtDestroy", handle, HANDLE); }

int cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* descriptor, int compute, int scale) {
    const int status = create("cublasLtMatmulDescCreate", descriptor, DESCRIPTOR);
    if (status == CUBLAS_STATUS_SUCCESS)
        **descriptor = {compute, scale, 0, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, CUDA_R_32F, nullptr};
    return status;
}

int cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t descriptor) {
    return destroy("cublasLtMatmulDescDestroy", descriptor, DESCRIPTOR);
}

int cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t descriptor, int attribute, const void* value, size_t bytes) {
    if (const int code = failed("cublasLtMatmulDescSetAttribute", CUBLAS_STATUS_INVALID_VALUE)) return code;
    if (!gs_emulated_is_open(descriptor, DESCRIPTOR)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no cuBLASLt product descriptor");
    switch (attribute) {
        case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE: return assign(descriptor->compute, value, bytes);
        case CUBLASLT_MATMUL_DESC_SCALE_TYPE: return assign(descriptor->scale, value, bytes);
        case CUBLASLT_MATMUL_DESC_POINTER_MODE: return assign(descriptor->pointer_mode, value, bytes);
        case CUBLASLT_MATMUL_DESC_TRANSA: return assign(descriptor->transpose_a, value, bytes);
        case CUBLASLT_MATMUL_DESC_TRANSB: return assign(descriptor->transpose_b, value, bytes);
        case CUBLASLT_MATMUL_DESC_EPILOGUE: return assign(descriptor->epilogue, value, bytes);
        case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return assign(descriptor->bias, value, bytes);
        case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: return assign(descriptor->bias_type, value, bytes);
        default: return refuse(CUBLAS_STATUS_INVALID_VALUE, "cuBLASLt: product attribute " + std::to_string(attribute));
    }
}

int cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
    const int status = create("cublasLtMatrixLayoutCreate", layout, LAYOUT);
    if (status == CUBLAS_STATUS_SUCCESS)
        (*layout)->layout = {type, CUBLASLT_ORDER_COL, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading, 1, 0};
    return status;
}

int cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) { return destroy("cublasLtMatrixLayoutDestroy", layout, LAYOUT); }

int cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout, int attribute, const void* value, size_t bytes) {
    if (const int code = failed("cublasLtMatrixLayoutSetAttribute", CUBLAS_STATUS_INVALID_VALUE)) return code;
    if (!gs_emulated_is_open(layout, LAYOUT)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no cuBLASLt matrix layout");
    switch (attribute) {
        case CUBLASLT_MATRIX_LAYOUT_TYPE: return assign(layout->layout.type, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_ORDER: return assign(layout->layout.order, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_ROWS: return assign(layout->layout.rows, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_COLS: return assign(layout->layout.columns, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_LD: return assign(layout->layout.leading, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT: return assign(layout->layout.batch, value, bytes);
        case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET: return assign(layout->layout.stride, value, bytes);
        default: return refuse(CUBLAS_STATUS_INVALID_VALUE, "cuBLASLt: matrix attribute " + std::to_string(attribute));
    }
}

int cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
    const int status = create("cublasLtMatmulPreferenceCreate", preference, PREFERENCE);
    if (status == CUBLAS_STATUS_SUCCESS) **preference = {0, CUBLASLT_REDUCTION_SCHEME_MASK, 0, 0, {256, 256, 256, 256}, 0};
    return status;
}

int cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    return destroy("cublasLtMatmulPreferenceDestroy", preference, PREFERENCE);
}

int cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference, int attribute, const void* value, size_t bytes) {
    if (const int code = failed("cublasLtMatmulPreferenceSetAttribute", CUBLAS_STATUS_INVALID_VALUE)) return code;
    if (!gs_emulated_is_open(preference, PREFERENCE)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no cuBLASLt preference");
    switch (attribute) {
        case CUBLASLT_MATMUL_PREF_SEARCH_MODE: return assign(preference->search_mode, value, bytes);
        case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return assign(preference->workspace, value, bytes);
        case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: return assign(preference->reduction_schemes, value, bytes);
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
        case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
            return assign(preference->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value, bytes);
        case CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT: return assign(preference->waves, value, bytes);
        case CUBLASLT_MATMUL_PREF_IMPL_MASK: return assign(preference->impl_mask, value, bytes);
        default: return refuse(CUBLAS_STATUS_INVALID_VALUE, "cuBLASLt: preference " + std::to_string(attribute));
    }
}

/* Two algorithms: one with a workspace, where that may be as large, and one without. */
int cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t descriptor, cublasLtMatrixLayout_t a,
                                   cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                   cublasLtMatmulPreference_t preference, int requested,
                                   cublasLtMatmulHeuristicResult_t* results, int* returned) {
    if (const int code = failed("cublasLtMatmulAlgoGetHeuristic", CUBLAS_STATUS_NOT_SUPPORTED)) return code;
    if (!gs_emulated_is_open(handle, HANDLE)) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!gs_emulated_is_open(preference, PREFERENCE) || results == nullptr || returned == nullptr || requested < 1)
        return CUBLAS_STATUS_INVALID_VALUE;
    *returned = 0;
    Product product;
    const int status = describe(descriptor, a, b, c, d, product);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    for (const size_t workspace : {USUAL_WORKSPACE, size_t{0}}) {
        if (workspace > preference->workspace || *returned == requested) continue;
        cublasLtMatmulHeuristicResult_t result = {};
        result.algo.data[MARK] = IS_ALGORITHM;
        result.algo.data[WORKSPACE] = workspace;
        for (int i = 0; i < 4; i++) result.algo.data[ALIGNMENT + i] = preference->alignment[i];
        result.workspaceSize = workspace;
        result.state = CUBLAS_STATUS_SUCCESS;
        result.wavesCount = 1;
        results[(*returned)++] = result;
    }
    return CUBLAS_STATUS_SUCCESS;
}

int cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t descriptor, const void* alpha, const void* a,
                   cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                   const void* c, cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                   const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t workspace_bytes, void* stream) {
    if (const int code = failed("cublasLtMatmul")) return code;
    if (gs_emulated_broken() != 0) return CUBLAS_STATUS_EXECUTION_FAILED;
    if (!gs_emulated_is_open(handle, HANDLE)) return CUBLAS_STATUS_NOT_INITIALIZED;
    Product product;
    const int status = describe(descriptor, a_layout, b_layout, c_layout, d_layout, product);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    if (alpha == nullptr || beta == nullptr || a == nullptr || b == nullptr || d == nullptr)
        return refuse(CUBLAS_STATUS_INVALID_VALUE, "cublasLtMatmul: a NULL operand");
    memcpy(&product.alpha, alpha, sizeof product.alpha);
    memcpy(&product.beta, beta, sizeof product.beta);
    product.from_a = static_cast<const float*>(a);
    product.from_b = static_cast<const float*>(b);
    product.from_c = static_cast<const float*>(c);
    product.to_d = static_cast<float*>(d);
    product.workspace = workspace;
    product.workspace_bytes = 0;
    const bool plain = product.epilogue == CUBLASLT_EPILOGUE_DEFAULT || product.epilogue == CUBLASLT_EPILOGUE_RELU;
    if (plain) product.bias = nullptr;
    if ((!plain && product.bias == nullptr) || (product.beta != 0 && c == nullptr))
        return refuse(CUBLAS_STATUS_INVALID_VALUE, "cublasLtMatmul: no bias, or no C");
    if (algorithm != nullptr) {
        if (algorithm->data[MARK] != IS_ALGORITHM) return refuse(CUBLAS_STATUS_INVALID_VALUE, "cublasLtMatmul: no algorithm");
        const void* const operands[] = {a, b, product.beta != 0 ? c : d, d};
        for (int i = 0; i < 4; i++)
            if (!aligned(operands[i], algorithm->data[ALIGNMENT + i]))
                return refuse(CUBLAS_STATUS_INVALID_VALUE, "cublasLtMatmul: operand " + std::to_string(i) +
                              " is not aligned to the " + std::to_string(algorithm->data[ALIGNMENT + i]) +
                              " bytes that the algorithm was chosen for");
        product.workspace_bytes = algorithm->data[WORKSPACE];
        if (workspace_bytes < product.workspace_bytes || (product.workspace_bytes > 0 && !aligned(workspace, 256)))
            return refuse(CUBLAS_STATUS_INVALID_VALUE, "cublasLtMatmul: a workspace of " + std::to_string(workspace_bytes) +
                          " bytes, where " + std::to_string(product.workspace_bytes) + " are needed");
    }
    if (product.workspace_bytes == 0) product.workspace = nullptr;
    return queue(product, stream);
}
}
