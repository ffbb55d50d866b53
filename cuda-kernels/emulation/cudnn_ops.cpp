/* libcudnn_ops: descriptors of tensors and filters, floats alone. */
#include "cudnn_objects.h"

using namespace gradsieve;

namespace {

int set(const char* function, Tensor4d& tensor, int type, const Tensor4d& wanted) {
    std::string shape = std::to_string(wanted.n);
    for (const int size : {wanted.c, wanted.h, wanted.w}) shape += " x " + std::to_string(size);
    if (wanted.n < 1 || wanted.c < 1 || wanted.h < 1 || wanted.w < 1)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": a size below 1 in " + shape);
    if (wanted.n_step < 1 || wanted.c_step < 1 || wanted.h_step < 1 || wanted.w_step < 1)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": a stride below 1 for " + shape);
    if (type != CUDNN_DATA_FLOAT)
        return refuse_cudnn(CUDNN_STATUS_NOT_SUPPORTED, std::string(function) + ": data type " + std::to_string(type));
    tensor = wanted;
    return CUDNN_STATUS_SUCCESS;
}

/* Without gaps; a format that is not known has no steps. */
Tensor4d packed(int format, int n, int c, int h, int w) {
    const int64_t channels = c, image = int64_t{h} * w;
    if (format == CUDNN_TENSOR_NHWC) return {n, c, h, w, image * channels, 1, w * channels, channels};
    if (format == CUDNN_TENSOR_NCHW) return {n, c, h, w, image * channels, image, w, 1};
    return {n, c, h, w, 0, 0, 0, 0};
}

}  // namespace

extern "C" {

int cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) {
    return create_cudnn("cudnnCreateTensorDescriptor", tensor, CUDNN_TENSOR);
}

int cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, int format, int type, int n, int c, int h, int w) {
    const char* const function = "cudnnSetTensor4dDescriptor";
    if (const int status = enter_cudnn(function, tensor, CUDNN_TENSOR)) return status;
    return set(function, tensor->tensor, type, packed(format, n, c, h, w));
}

int cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensor, int type, int n, int c, int h, int w, int n_stride, int c_stride,
                                 int h_stride, int w_stride) {
    const char* const function = "cudnnSetTensor4dDescriptorEx";
    if (const int status = enter_cudnn(function, tensor, CUDNN_TENSOR)) return status;
    return set(function, tensor->tensor, type, {n, c, h, w, n_stride, c_stride, h_stride, w_stride});
}

int cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
    return destroy_cudnn("cudnnDestroyTensorDescriptor", tensor, CUDNN_TENSOR);
}

int cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter) {
    return create_cudnn("cudnnCreateFilterDescriptor", filter, CUDNN_FILTER);
}

int cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, int type, int format, int k, int c, int h, int w) {
    const char* const function = "cudnnSetFilter4dDescriptor";
    if (const int status = enter_cudnn(function, filter, CUDNN_FILTER)) return status;
    return set(function, filter->tensor, type, packed(format, k, c, h, w));
}

int cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) {
    return destroy_cudnn("cudnnDestroyFilterDescriptor", filter, CUDNN_FILTER);
}

int cudnnOpsVersionCheck(void) { return CUDNN_STATUS_SUCCESS; }
}
