/* libcublas: a handle and its version, which is all that the engine asks of it. */
#include "cublas_api.h"
#include "faults.h"
#include "library.h"

struct cublasContext {};

namespace {
const char* const HANDLE = "cuBLAS handle";
}

extern "C" {

int cublasCreate_v2(cublasHandle_t* handle) {
    if (const int code = gs_emulated_fault("cublasCreate_v2", CUBLAS_STATUS_ALLOC_FAILED)) return code;
    if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *handle = new cublasContext();
    gs_emulated_opened(*handle, HANDLE);
    return CUBLAS_STATUS_SUCCESS;
}

int cublasDestroy_v2(cublasHandle_t handle) {
    const int code = gs_emulated_fault("cublasDestroy_v2", CUBLAS_STATUS_EXECUTION_FAILED);
    if (!gs_emulated_closed(handle, HANDLE)) return CUBLAS_STATUS_NOT_INITIALIZED;
    delete handle;
    return code;
}

int cublasGetVersion_v2(cublasHandle_t handle, int* version) {
    if (const int code = gs_emulated_fault("cublasGetVersion_v2", CUBLAS_STATUS_EXECUTION_FAILED)) return code;
    if (!gs_emulated_is_open(handle, HANDLE)) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (version == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *version = static_cast<int>(cublasLtGetVersion());
    return CUBLAS_STATUS_SUCCESS;
}

const char* cublasGetStatusName(int status) { return cublasLtGetStatusName(status); }
const char* cublasGetStatusString(int status) { return cublasLtGetStatusString(status); }
}
