/* libcuda.so.1: the driver as far as the engine asks it, and what says that this is an emulation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "cuda_api.h"
#include "faults.h"
#include "gpu.h"
#include "runtime.h"

namespace {

std::atomic<bool> initialized{false};

/* What every function but the texts checks first. */
CUresult refused(const char* function, bool usable, CUdevice device = 0) {
    if (const int code = gs_emulated_fault(function, CUDA_ERROR_UNKNOWN)) return static_cast<CUresult>(code);
    if (!initialized.load()) return CUDA_ERROR_NOT_INITIALIZED;
    if (!usable) return CUDA_ERROR_INVALID_VALUE;
    return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

const struct {
    CUresult error;
    const char* name;
    const char* text;
} ERRORS[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

}  // namespace

extern "C" {

CUresult cuInit(unsigned int flags) {
    if (const int code = gs_emulated_fault("cuInit", CUDA_ERROR_NO_DEVICE)) return static_cast<CUresult>(code);
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    initialized.store(true);
    return CUDA_SUCCESS;
}

/* As the real one, works before cuInit. */
CUresult cuDriverGetVersion(int* version) {
    if (const int code = gs_emulated_fault("cuDriverGetVersion", CUDA_ERROR_UNKNOWN)) return static_cast<CUresult>(code);
    if (version == nullptr) return CUDA_ERROR_INVALID_VALUE;
    *version = gradsieve::EMULATED_VERSION;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
    const CUresult refusal = refused("cuDeviceGetCount", count != nullptr);
    if (refusal == CUDA_SUCCESS) *count = 1;
    return refusal;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    const CUresult refusal = refused("cuDeviceGet", device != nullptr, ordinal);
    if (refusal == CUDA_SUCCESS) *device = ordinal;
    return refusal;
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
    const CUresult refusal = refused("cuDeviceGetName", name != nullptr && length > 0, device);
    if (refusal == CUDA_SUCCESS) snprintf(name, static_cast<size_t>(length), "%s", gradsieve::EMULATED_NAME);
    return refusal;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    const CUresult refusal = refused("cuDeviceTotalMem", bytes != nullptr, device);
    if (refusal == CUDA_SUCCESS) *bytes = gradsieve::memory_limit();
    return refusal;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
    for (const auto& known : ERRORS)
        if (known.error == error) {
            *text = known.text;
            return CUDA_SUCCESS;
        }
    *text = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorName(CUresult error, const char** name) {
    for (const auto& known : ERRORS)
        if (known.error == error) {
            *name = known.name;
            return CUDA_SUCCESS;
        }
    *name = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

int gs_emulated(void) { return 1; }
}
