/* libcudnn_graph: versions, handles and what went wrong. */
#include <stdio.h>
#include <string.h>

#include "cudnn_objects.h"
#include "gpu.h"

using namespace gradsieve;

namespace {

const struct {
    int status;
    const char* name;
} STATUSES[] = {
    {CUDNN_STATUS_SUCCESS, "CUDNN_STATUS_SUCCESS"},
    {CUDNN_STATUS_NOT_INITIALIZED, "CUDNN_STATUS_NOT_INITIALIZED"},
    {CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED, "CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED"},
    {CUDNN_STATUS_BAD_PARAM, "CUDNN_STATUS_BAD_PARAM"},
    {CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "CUDNN_STATUS_BAD_PARAM_NULL_POINTER"},
    {CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER"},
    {CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, "CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT"},
    {CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH, "CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH"},
    {CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH"},
    {CUDNN_STATUS_NOT_SUPPORTED, "CUDNN_STATUS_NOT_SUPPORTED"},
    {CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"},
    {CUDNN_STATUS_EXECUTION_FAILED, "CUDNN_STATUS_EXECUTION_FAILED"},
};

thread_local std::string last_error;

}  // namespace

extern "C" {

int gs_emulated_cudnn_refuse(int status, const char* reason) {
    fprintf(stderr, "gradsieve CUDA emulation: %s\n", reason);
    last_error = reason;
    return status;
}

size_t cudnnGetVersion(void) { return 91900; }
size_t cudnnGetCudartVersion(void) { return EMULATED_VERSION; }
int cudnnGraphVersionCheck(void) { return CUDNN_STATUS_SUCCESS; }

const char* cudnnGetErrorString(int status) {
    for (const auto& known : STATUSES)
        if (known.status == status) return known.name;
    return "CUDNN_UNKNOWN_STATUS";
}

/* As the real one, tells each error once. */
void cudnnGetLastErrorString(char* message, size_t bytes) {
    if (message == nullptr || bytes == 0) return;
    snprintf(message, bytes, "%s", last_error.c_str());
    last_error.clear();
}

int cudnnCreate(cudnnHandle_t* handle) {
    if (gs_emulated_broken() != 0) return CUDNN_STATUS_NOT_INITIALIZED;
    return create_cudnn("cudnnCreate", handle, CUDNN_HANDLE);
}

int cudnnDestroy(cudnnHandle_t handle) { return destroy_cudnn("cudnnDestroy", handle, CUDNN_HANDLE); }

int cudnnSetStream(cudnnHandle_t handle, void* stream) {
    if (const int status = enter_cudnn("cudnnSetStream", handle, CUDNN_HANDLE)) return status;
    if (!gs_emulated_is_stream(stream)) return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, "cudnnSetStream: no such stream");
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}
}
