/* libcudnn_cnn: convolutions of floats in two dimensions. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "cudnn_objects.h"

using namespace gradsieve;

namespace {

struct Algorithm {
    Pass pass;
    int number;
    bool supported, deterministic, workspace;
};

/* In the order in which they are offered: what is not deterministic first, so that a caller who takes the first one is found out,
 * what does not work here last, as the real library does. */
const Algorithm ALGORITHMS[] = {
    {Pass::FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, true, true, true},
    {Pass::FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, true, true, false},
    {Pass::FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, false, true, true},
    {Pass::BACKWARD_DATA, CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, true, false, false},
    {Pass::BACKWARD_DATA, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, true, true, true},
    {Pass::BACKWARD_DATA, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, false, true, true},
    {Pass::BACKWARD_FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, true, false, false},
    {Pass::BACKWARD_FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, true, false, true},
    {Pass::BACKWARD_FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, true, true, true},
    {Pass::BACKWARD_FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD, false, true, true},
};

const Algorithm* find(Pass pass, int number) {
    for (const Algorithm& algorithm : ALGORITHMS)
        if (algorithm.pass == pass && algorithm.number == number && algorithm.supported) return &algorithm;
    return nullptr;
}

/* Another one for each shape, so that one that was asked for another shape does not do. */
size_t workspace_of(const Algorithm& algorithm, const Convolution& convolution) {
    if (!algorithm.workspace) return 0;
    const Tensor4d& w = convolution.w;
    const int64_t elements = int64_t{w.n} * w.c * w.h * w.w + int64_t{convolution.y.h} * convolution.y.w * convolution.y.n;
    return (static_cast<size_t>(elements) * sizeof(float) + 255) / 256 * 256;
}

std::string text_of(const Tensor4d& tensor) {
    return "[" + std::to_string(tensor.n) + ", " + std::to_string(tensor.c) + ", " + std::to_string(tensor.h) + ", " +
           std::to_string(tensor.w) + "]";
}

/* Positions along one axis, 0 or less: none. */
int positions(int in, int pad, int filter, int dilation, int stride) {
    const int room = in + 2 * pad - ((filter - 1) * dilation + 1);
    return room < 0 ? 0 : room / stride + 1;
}

/* Whether no two elements lie at one place. */
bool apart(const Tensor4d& tensor) {
    std::pair<int64_t, int64_t> axes[] = {
        {tensor.n_step, tensor.n}, {tensor.c_step, tensor.c}, {tensor.h_step, tensor.h}, {tensor.w_step, tensor.w}};
    std::sort(axes, axes + 4);
    int64_t end = 1;
    for (const auto& axis : axes) {
        if (axis.second == 1) continue;
        if (axis.first < end) return false;
        end += (axis.second - 1) * axis.first;
    }
    return true;
}

/* GRADSIEVE_CUDA_PACKED=1: tensors whose images have gaps are not supported; cuDNN promises no more for NHWC. */
bool packed_alone() {
    const char* const text = getenv("GRADSIEVE_CUDA_PACKED");
    return text != nullptr && strcmp(text, "1") == 0;
}

bool packed(const Tensor4d& tensor) {
    return int64_t{tensor.c} * tensor.h * tensor.w == tensor.extent() - (tensor.n - 1) * tensor.n_step;
}

/* Fills in y's sizes. */
int output_of(const char* function, cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
              Tensor4d& y) {
    if (!gs_emulated_is_open(convolution, CUDNN_CONVOLUTION_DESCRIPTOR) || !gs_emulated_is_open(x, CUDNN_TENSOR) ||
        !gs_emulated_is_open(w, CUDNN_FILTER))
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": a descriptor that is not open");
    const ConvolutionShape& shape = convolution->shape;
    const Tensor4d &in = x->tensor, &filter = w->tensor;
    if (shape.stride_h == 0 || in.n == 0 || filter.n == 0)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": a descriptor that was not set");
    y = {in.n, filter.n, positions(in.h, shape.pad_h, filter.h, shape.dilation_h, shape.stride_h),
         positions(in.w, shape.pad_w, filter.w, shape.dilation_w, shape.stride_w), 0, 0, 0, 0};
    if (int64_t{filter.c} * shape.groups == in.c && filter.n % shape.groups == 0 && y.h > 0 && y.w > 0) return CUDNN_STATUS_SUCCESS;
    return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": no convolution of " + text_of(in) + " with " +
                        text_of(filter) + " in " + std::to_string(shape.groups) + " groups");
}

int describe(const char* function, Pass pass, cudnnHandle_t handle, cudnnConvolutionDescriptor_t descriptor,
             cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t y, Convolution& convolution) {
    if (const int status = enter_cudnn(function, handle, CUDNN_HANDLE, CUDNN_STATUS_EXECUTION_FAILED)) return status;
    Tensor4d out;
    if (const int status = output_of(function, descriptor, x, w, out)) return status;
    if (!gs_emulated_is_open(y, CUDNN_TENSOR))
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": a descriptor that is not open");
    const Tensor4d& given = y->tensor;
    if (given.n != out.n || given.c != out.c || given.h != out.h || given.w != out.w)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": output " + text_of(given) + " where " +
                            text_of(out) + " comes of " + text_of(x->tensor) + " and " + text_of(w->tensor));
    convolution.pass = pass;
    convolution.shape = descriptor->shape;
    convolution.x = x->tensor;
    convolution.w = w->tensor;
    convolution.y = given;
    convolution.tf32 = descriptor->math_type != CUDNN_FMA_MATH;
    if (packed_alone() && !(packed(convolution.x) && packed(convolution.y)))
        return refuse_cudnn(CUDNN_STATUS_NOT_SUPPORTED, std::string(function) + ": a tensor with gaps");
    if (!apart(convolution.to_shape()))
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": elements of the result lie upon each other");
    return CUDNN_STATUS_SUCCESS;
}

int offer(const Convolution& convolution, int math_type, int requested, int* returned, cudnnAlgorithmPerformance* results) {
    if (returned == nullptr || results == nullptr || requested < 1)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, "cuDNN: no room for algorithms");
    *returned = 0;
    for (const Algorithm& algorithm : ALGORITHMS) {
        if (algorithm.pass != convolution.pass || *returned == requested) continue;
        cudnnAlgorithmPerformance result = {};
        result.algo = algorithm.number;
        result.status = algorithm.supported ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
        result.time = -1;
        result.memory = algorithm.supported ? workspace_of(algorithm, convolution) : 0;
        result.determinism = algorithm.deterministic ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC;
        result.mathType = math_type == CUDNN_FMA_MATH ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
        results[(*returned)++] = result;
    }
    return CUDNN_STATUS_SUCCESS;
}

int tell_workspace(const char* function, const Convolution& convolution, int number, size_t* bytes) {
    const Algorithm* const algorithm = find(convolution.pass, number);
    if (bytes == nullptr) return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, std::string(function) + ": NULL");
    if (algorithm == nullptr)
        return refuse_cudnn(CUDNN_STATUS_NOT_SUPPORTED, std::string(function) + ": algorithm " + std::to_string(number));
    *bytes = workspace_of(*algorithm, convolution);
    return CUDNN_STATUS_SUCCESS;
}

void run(void* convolution) { static_cast<const Convolution*>(convolution)->compute(); }
void release(void* convolution) { delete static_cast<Convolution*>(convolution); }

/* Queues a pass that describe() accepted. */
int queue(const char* function, Convolution& convolution, cudnnHandle_t handle, const void* alpha, const void* beta,
          const void* first, const void* second, void* to, int number, void* workspace, size_t bytes) {
    const std::string name = function;
    if (gs_emulated_broken() != 0) return CUDNN_STATUS_EXECUTION_FAILED;
    const Algorithm* const algorithm = find(convolution.pass, number);
    if (algorithm == nullptr) return refuse_cudnn(CUDNN_STATUS_NOT_SUPPORTED, name + ": algorithm " + std::to_string(number));
    if (alpha == nullptr || beta == nullptr || first == nullptr || second == nullptr || to == nullptr)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, name + ": a NULL operand");
    const size_t needed = workspace_of(*algorithm, convolution);
    if (bytes < needed)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, name + ": a workspace of " + std::to_string(bytes) +
                            " bytes, where " + std::to_string(needed) + " are needed");
    if (needed > 0 && workspace == nullptr)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, name + ": no workspace, where " + std::to_string(needed) +
                            " bytes are needed");
    const void* const operands[] = {first, second, to, needed > 0 ? workspace : to};
    for (const void* const operand : operands)
        if (reinterpret_cast<uintptr_t>(operand) % 16 != 0)
            return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, name + ": an operand is not aligned to 16 bytes");
    memcpy(&convolution.alpha, alpha, sizeof convolution.alpha);
    memcpy(&convolution.beta, beta, sizeof convolution.beta);
    convolution.deterministic = algorithm->deterministic;
    convolution.from[0] = static_cast<const float*>(first);
    convolution.from[1] = static_cast<const float*>(second);
    convolution.to = static_cast<float*>(to);
    convolution.workspace = needed > 0 ? workspace : nullptr;
    convolution.workspace_bytes = needed;
    const auto size = [](const Tensor4d& tensor) { return static_cast<size_t>(tensor.extent()) * sizeof(float); };
    const gs_emulated_range ranges[] = {{first, size(convolution.from_shape(0)), GS_READS},
                                        {second, size(convolution.from_shape(1)), GS_READS},
                                        {workspace, needed, GS_WRITES},
                                        {to, size(convolution.to_shape()), GS_WRITES_PARTLY}};
    const int error = gs_emulated_operation(handle->stream, function, run, release, new Convolution(convolution), ranges, 4);
    if (error == 0) return CUDNN_STATUS_SUCCESS;
    return refuse_cudnn(CUDNN_STATUS_EXECUTION_FAILED, name + ": CUDA error " + std::to_string(error));
}

}  // namespace

extern "C" {

int cudnnCnnVersionCheck(void) { return CUDNN_STATUS_SUCCESS; }

int cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convolution) {
    const int status = create_cudnn("cudnnCreateConvolutionDescriptor", convolution, CUDNN_CONVOLUTION_DESCRIPTOR);
    if (status == CUDNN_STATUS_SUCCESS) (*convolution)->shape.groups = 1;
    return status;
}

int cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w, int stride_h, int stride_w,
                                    int dilation_h, int dilation_w, int mode, int compute_type) {
    const char* const function = "cudnnSetConvolution2dDescriptor";
    if (const int status = enter_cudnn(function, convolution, CUDNN_CONVOLUTION_DESCRIPTOR)) return status;
    if (pad_h < 0 || pad_w < 0 || stride_h < 1 || stride_w < 1 || dilation_h < 1 || dilation_w < 1 ||
        (mode != CUDNN_CONVOLUTION && mode != CUDNN_CROSS_CORRELATION))
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": padding, stride, dilation or mode");
    if (compute_type != CUDNN_DATA_FLOAT)
        return refuse_cudnn(CUDNN_STATUS_NOT_SUPPORTED, std::string(function) + ": compute type " + std::to_string(compute_type));
    const int groups = convolution->shape.groups;
    convolution->shape = {pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups, mode == CUDNN_CONVOLUTION};
    return CUDNN_STATUS_SUCCESS;
}

int cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, int math_type) {
    const char* const function = "cudnnSetConvolutionMathType";
    if (const int status = enter_cudnn(function, convolution, CUDNN_CONVOLUTION_DESCRIPTOR)) return status;
    if (math_type < CUDNN_DEFAULT_MATH || math_type > CUDNN_FMA_MATH)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": math type " + std::to_string(math_type));
    convolution->math_type = math_type;
    return CUDNN_STATUS_SUCCESS;
}

int cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups) {
    const char* const function = "cudnnSetConvolutionGroupCount";
    if (const int status = enter_cudnn(function, convolution, CUDNN_CONVOLUTION_DESCRIPTOR)) return status;
    if (groups < 1) return refuse_cudnn(CUDNN_STATUS_BAD_PARAM, std::string(function) + ": " + std::to_string(groups) + " groups");
    convolution->shape.groups = groups;
    return CUDNN_STATUS_SUCCESS;
}

int cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution) {
    return destroy_cudnn("cudnnDestroyConvolutionDescriptor", convolution, CUDNN_CONVOLUTION_DESCRIPTOR);
}

int cudnnGetConvolution2dForwardOutputDim(cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t x,
                                          cudnnFilterDescriptor_t w, int* n_out, int* c_out, int* h_out, int* w_out) {
    const char* const function = "cudnnGetConvolution2dForwardOutputDim";
    if (const int status = enter_cudnn(function, convolution, CUDNN_CONVOLUTION_DESCRIPTOR)) return status;
    if (n_out == nullptr || c_out == nullptr || h_out == nullptr || w_out == nullptr)
        return refuse_cudnn(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, std::string(function) + ": NULL");
    Tensor4d y;
    if (const int status = output_of(function, convolution, x, w, y)) return status;
    *n_out = y.n;
    *c_out = y.c;
    *h_out = y.h;
    *w_out = y.w;
    return CUDNN_STATUS_SUCCESS;
}

int cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                           cudnnConvolutionDescriptor_t descriptor, cudnnTensorDescriptor_t y, int requested,
                                           int* returned, cudnnAlgorithmPerformance* results) {
    const char* const function = "cudnnGetConvolutionForwardAlgorithm_v7";
    Convolution convolution;
    const int status = describe(function, Pass::FORWARD, handle, descriptor, x, w, y, convolution);
    return status != 0 ? status : offer(convolution, descriptor->math_type, requested, returned, results);
}

int cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
                                                cudnnConvolutionDescriptor_t descriptor, cudnnTensorDescriptor_t dx,
                                                int requested, int* returned, cudnnAlgorithmPerformance* results) {
    const char* const function = "cudnnGetConvolutionBackwardDataAlgorithm_v7";
    Convolution convolution;
    const int status = describe(function, Pass::BACKWARD_DATA, handle, descriptor, dx, w, dy, convolution);
    return status != 0 ? status : offer(convolution, descriptor->math_type, requested, returned, results);
}

int cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
                                                  cudnnConvolutionDescriptor_t descriptor, cudnnFilterDescriptor_t dw,
                                                  int requested, int* returned, cudnnAlgorithmPerformance* results) {
    const char* const function = "cudnnGetConvolutionBackwardFilterAlgorithm_v7";
    Convolution convolution;
    const int status = describe(function, Pass::BACKWARD_FILTER, handle, descriptor, x, dw, dy, convolution);
    return status != 0 ? status : offer(convolution, descriptor->math_type, requested, returned, results);
}

int cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                            cudnnConvolutionDescriptor_t descriptor, cudnnTensorDescriptor_t y, int algorithm,
                                            size_t* bytes) {
    const char* const function = "cudnnGetConvolutionForwardWorkspaceSize";
    Convolution convolution;
    const int status = describe(function, Pass::FORWARD, handle, descriptor, x, w, y, convolution);
    return status != 0 ? status : tell_workspace(function, convolution, algorithm, bytes);
}

int cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
                                                 cudnnConvolutionDescriptor_t descriptor, cudnnTensorDescriptor_t dx,
                                                 int algorithm, size_t* bytes) {
    const char* const function = "cudnnGetConvolutionBackwardDataWorkspaceSize";
    Convolution convolution;
    const int status = describe(function, Pass::BACKWARD_DATA, handle, descriptor, dx, w, dy, convolution);
    return status != 0 ? status : tell_workspace(function, convolution, algorithm, bytes);
}

int cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
                                                   cudnnConvolutionDescriptor_t descriptor, cudnnFilterDescriptor_t dw,
                                                   int algorithm, size_t* bytes) {
    const char* const function = "cudnnGetConvolutionBackwardFilterWorkspaceSize";
    Convolution convolution;
    const int status = describe(function, Pass::BACKWARD_FILTER, handle, descriptor, x, dw, dy, convolution);
    return status != 0 ? status : tell_workspace(function, convolution, algorithm, bytes);
}

int cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_shape, const void* x,
                            cudnnFilterDescriptor_t w_shape, const void* w, cudnnConvolutionDescriptor_t descriptor, int algorithm,
                            void* workspace, size_t bytes, const void* beta, cudnnTensorDescriptor_t y_shape, void* y) {
    const char* const function = "cudnnConvolutionForward";
    Convolution convolution;
    const int status = describe(function, Pass::FORWARD, handle, descriptor, x_shape, w_shape, y_shape, convolution);
    return status != 0 ? status : queue(function, convolution, handle, alpha, beta, x, w, y, algorithm, workspace, bytes);
}

int cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t w_shape, const void* w,
                                 cudnnTensorDescriptor_t dy_shape, const void* dy, cudnnConvolutionDescriptor_t descriptor,
                                 int algorithm, void* workspace, size_t bytes, const void* beta, cudnnTensorDescriptor_t dx_shape,
                                 void* dx) {
    const char* const function = "cudnnConvolutionBackwardData";
    Convolution convolution;
    const int status = describe(function, Pass::BACKWARD_DATA, handle, descriptor, dx_shape, w_shape, dy_shape, convolution);
    return status != 0 ? status : queue(function, convolution, handle, alpha, beta, w, dy, dx, algorithm, workspace, bytes);
}

int cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_shape, const void* x,
                                   cudnnTensorDescriptor_t dy_shape, const void* dy, cudnnConvolutionDescriptor_t descriptor,
                                   int algorithm, void* workspace, size_t bytes, const void* beta, cudnnFilterDescriptor_t dw_shape,
                                   void* dw) {
    const char* const function = "cudnnConvolutionBackwardFilter";
    Convolution convolution;
    const int status = describe(function, Pass::BACKWARD_FILTER, handle, descriptor, x_shape, dw_shape, dy_shape, convolution);
    return status != 0 ? status : queue(function, convolution, handle, alpha, beta, x, dy, dw, algorithm, workspace, bytes);
}
}
