/* What the stand-ins of cuDNN's libraries share: the objects behind handles and descriptors, and how a call is refused. */
#ifndef GRADSIEVE_EMULATION_CUDNN_OBJECTS_H
#define GRADSIEVE_EMULATION_CUDNN_OBJECTS_H

#include <string>

#include "convolution.h"
#include "cudnn_api.h"
#include "faults.h"
#include "library.h"

struct cudnnContext {
    void* stream;
};
struct cudnnTensorStruct {
    gradsieve::Tensor4d tensor;
};
struct cudnnFilterStruct {
    gradsieve::Tensor4d tensor; /* N are the filters */
};
struct cudnnConvolutionStruct {
    gradsieve::ConvolutionShape shape; /* strides 0: was not set */
    int math_type;
};

/* From libcudnn_graph: writes the reason to stderr, keeps it for cudnnGetLastErrorString and returns the status. */
extern "C" int gs_emulated_cudnn_refuse(int status, const char* reason);

namespace gradsieve {

const char* const CUDNN_HANDLE = "cuDNN handle";
const char* const CUDNN_TENSOR = "cuDNN tensor descriptor";
const char* const CUDNN_FILTER = "cuDNN filter descriptor";
const char* const CUDNN_CONVOLUTION_DESCRIPTOR = "cuDNN convolution descriptor";

inline int refuse_cudnn(int status, const std::string& reason) { return gs_emulated_cudnn_refuse(status, reason.c_str()); }

template <typename Object>
int create_cudnn(const char* function, Object** object, const char* what) {
    if (const int code = gs_emulated_fault(function, CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED)) return code;
    if (object == nullptr) return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, std::string(function) + ": NULL");
    *object = new Object();
    gs_emulated_opened(*object, what);
    return CUDNN_STATUS_SUCCESS;
}

/* Destroys even where it is told to fail, so that a failure does not leak. */
template <typename Object>
int destroy_cudnn(const char* function, Object* object, const char* what) {
    const int code = gs_emulated_fault(function, CUDNN_STATUS_EXECUTION_FAILED);
    if (!gs_emulated_closed(object, what))
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": no " + what + " that is open");
    delete object;
    return code;
}

/* 0, or why the call cannot go on: told to fail, or no such object. */
template <typename Object>
int enter_cudnn(const char* function, const Object* object, const char* what, int usual = CUDNN_STATUS_BAD_PARAM) {
    if (const int code = gs_emulated_fault(function, usual)) return code;
    if (gs_emulated_is_open(object, what)) return CUDNN_STATUS_SUCCESS;
    return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": no " + what + " that is open");
}

}  // namespace gradsieve

#endif
