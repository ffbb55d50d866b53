/* libcudart: versions, the device, errors. */
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "gpu.h"

using namespace gradsieve;

namespace {

/* The 13.0 toolkit's; CMakeLists.txt compiles this file with its headers too, where it finds them. */
static_assert(sizeof(cudaDeviceProp) == 1008 && offsetof(cudaDeviceProp, reserved) == 784, "cudaDeviceProp of CUDA 13");

const struct {
    cudaError_t error;
    const char* name;
    const char* text;
} ERRORS[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported", "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {cudaErrorStreamCaptureMerge, "cudaErrorStreamCaptureMerge", "operation would result in a merge of separate capture sequences"},
    {cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched", "capture was not initiated in this stream"},
    {cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined",
     "capturing stream has unjoined work"},
    {cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation",
     "dependency created on uncaptured work in another stream"},
    {cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent", "operation not permitted on an event last recorded in a capturing stream"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

/* An sm_90 GPU, but for what makes the emulation slow: few multiprocessors. */
int attribute_value(cudaDeviceAttr attribute) {
    switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock:
        case cudaDevAttrMaxBlockDimX: return 1024;
        case cudaDevAttrMaxGridDimX: return 2147483647;
        case cudaDevAttrMaxGridDimY: return 65535;
        case cudaDevAttrMaxSharedMemoryPerBlock: return 49152;
        case cudaDevAttrWarpSize: return 32;
        case cudaDevAttrMaxRegistersPerBlock: return 65536;
        case cudaDevAttrMultiProcessorCount: return EMULATED_MULTIPROCESSORS;
        case cudaDevAttrMaxThreadsPerMultiProcessor: return 2048;
        case cudaDevAttrUnifiedAddressing: return 1;
        case cudaDevAttrComputeCapabilityMajor: return 9;
        case cudaDevAttrComputeCapabilityMinor: return 0;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor: return 233472;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: return 232448;
        default: return -1;
    }
}

}  // namespace

extern "C" {

const char* cudaGetErrorString(cudaError_t error) {
    for (const auto& known : ERRORS)
        if (known.error == error) return known.text;
    return "unrecognized error code";
}

const char* cudaGetErrorName(cudaError_t error) {
    for (const auto& known : ERRORS)
        if (known.error == error) return known.name;
    return "unrecognized error code";
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    if (const int code = gs_emulated_fault("cudaRuntimeGetVersion", cudaErrorUnknown))
        return remember(static_cast<cudaError_t>(code));
    if (version == nullptr) return remember(cudaErrorInvalidValue);
    *version = EMULATED_VERSION;
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
    if (const int code = gs_emulated_fault("cudaDriverGetVersion", cudaErrorUnknown))
        return remember(static_cast<cudaError_t>(code));
    if (version == nullptr) return remember(cudaErrorInvalidValue);
    *version = EMULATED_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
    return call("cudaGetDeviceCount", [&](Core&, Lock&) {
        if (count == nullptr) return cudaErrorInvalidValue;
        *count = 1;
        return cudaSuccess;
    }, cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device) {
    return call("cudaSetDevice", [&](Core&, Lock&) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; });
}

cudaError_t cudaGetDevice(int* device) {
    return call("cudaGetDevice", [&](Core&, Lock&) {
        if (device == nullptr) return cudaErrorInvalidValue;
        *device = 0;
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceGetAttribute(int* value, enum cudaDeviceAttr attribute, int device) {
    return call("cudaDeviceGetAttribute", [&](Core&, Lock&) {
        if (device != 0) return cudaErrorInvalidDevice;
        const int known = attribute_value(attribute);
        if (value == nullptr || known < 0) return cudaErrorInvalidValue;
        *value = known;
        return cudaSuccess;
    });
}

/* What cudaDeviceGetAttribute says too, and the name, by which a program knows the emulation; the rest is 0. */
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp* properties, int device) {
    return call("cudaGetDeviceProperties", [&](Core& core, Lock&) {
        if (device != 0) return cudaErrorInvalidDevice;
        if (properties == nullptr) return cudaErrorInvalidValue;
        memset(properties, 0, sizeof *properties);
        snprintf(properties->name, sizeof properties->name, "%s", EMULATED_NAME);
        properties->totalGlobalMem = core.memory.limit();
        properties->sharedMemPerBlock = static_cast<size_t>(attribute_value(cudaDevAttrMaxSharedMemoryPerBlock));
        properties->sharedMemPerBlockOptin = static_cast<size_t>(attribute_value(cudaDevAttrMaxSharedMemoryPerBlockOptin));
        properties->sharedMemPerMultiprocessor =
            static_cast<size_t>(attribute_value(cudaDevAttrMaxSharedMemoryPerMultiprocessor));
        properties->regsPerBlock = attribute_value(cudaDevAttrMaxRegistersPerBlock);
        properties->warpSize = attribute_value(cudaDevAttrWarpSize);
        properties->maxThreadsPerBlock = attribute_value(cudaDevAttrMaxThreadsPerBlock);
        properties->maxThreadsPerMultiProcessor = attribute_value(cudaDevAttrMaxThreadsPerMultiProcessor);
        properties->major = attribute_value(cudaDevAttrComputeCapabilityMajor);
        properties->minor = attribute_value(cudaDevAttrComputeCapabilityMinor);
        properties->multiProcessorCount = attribute_value(cudaDevAttrMultiProcessorCount);
        properties->unifiedAddressing = 1;
        properties->concurrentKernels = 1;
        properties->asyncEngineCount = 2;
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int device) {
    return call("cudaDeviceGetPCIBusId", [&](Core&, Lock&) {
        if (device != 0) return cudaErrorInvalidDevice;
        if (id == nullptr || length < 13) return cudaErrorInvalidValue;
        snprintf(id, static_cast<size_t>(length), "%s", "0000:00:00.0");
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceSynchronize(void) {
    return call("cudaDeviceSynchronize", [](Core& core, Lock& lock) {
        core.synchronize_all(lock);
        return core.broken();
    });
}

/* Kernels are not known to this library; a launch is checked by their emulation. */
cudaError_t cudaFuncSetAttribute(const void* function, enum cudaFuncAttribute attribute, int value) {
    return call("cudaFuncSetAttribute", [&](Core&, Lock&) {
        const bool shared = attribute == cudaFuncAttributeMaxDynamicSharedMemorySize;
        const int most = shared ? attribute_value(cudaDevAttrMaxSharedMemoryPerBlockOptin) : 100;
        const bool known = shared || attribute == cudaFuncAttributePreferredSharedMemoryCarveout;
        return function != nullptr && known && value >= (shared ? 0 : -1) && value <= most ? cudaSuccess : cudaErrorInvalidValue;
    });
}

/* By threads and dynamic shared memory, of which a block takes 1 KB more; registers are not known. */
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function, int threads, size_t shared) {
    return call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", [&](Core&, Lock&) {
        if (blocks == nullptr || function == nullptr || threads < 1) return cudaErrorInvalidValue;
        const int by_threads = threads > 1024 ? 0 : 2048 / ((threads + 31) / 32 * 32);
        const size_t by_memory = size_t{233472} / (shared + 1024);
        *blocks = by_memory < static_cast<size_t>(by_threads) ? static_cast<int>(by_memory) : by_threads;
        if (*blocks > 32) *blocks = 32;
        return cudaSuccess;
    });
}
}
