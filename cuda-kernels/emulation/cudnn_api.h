/* What the stand-ins define of cuDNN 9.19, declared by hand; enumerations as int. */
#ifndef GRADSIEVE_EMULATION_CUDNN_API_H
#define GRADSIEVE_EMULATION_CUDNN_API_H

#include <stddef.h>

extern "C" {

enum {
    CUDNN_STATUS_SUCCESS = 0,
    CUDNN_STATUS_NOT_INITIALIZED = 1001,
    CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED = 1008,
    CUDNN_STATUS_BAD_PARAM = 2000,
    CUDNN_STATUS_BAD_PARAM_NULL_POINTER = 2002,
    CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER = 2003,
    CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT = 2006,
    CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH = 2007,
    CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH = 2008,
    CUDNN_STATUS_NOT_SUPPORTED = 3000,
    CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED = 4003,
    CUDNN_STATUS_EXECUTION_FAILED = 5000
};
enum { CUDNN_DATA_FLOAT = 0 };
enum { CUDNN_TENSOR_NCHW = 0, CUDNN_TENSOR_NHWC = 1 };
enum { CUDNN_CONVOLUTION = 0, CUDNN_CROSS_CORRELATION = 1 };
enum { CUDNN_DEFAULT_MATH = 0, CUDNN_TENSOR_OP_MATH = 1, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION = 2, CUDNN_FMA_MATH = 3 };
enum { CUDNN_NON_DETERMINISTIC = 0, CUDNN_DETERMINISTIC = 1 };
enum {
    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM = 0,
    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1,
    CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD = 6
};
enum { CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 = 0, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD = 4 };
enum {
    CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 = 0,
    CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 = 1,
    CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3 = 3,
    CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD = 4
};

typedef struct cudnnContext* cudnnHandle_t;
typedef struct cudnnTensorStruct* cudnnTensorDescriptor_t;
typedef struct cudnnFilterStruct* cudnnFilterDescriptor_t;
typedef struct cudnnConvolutionStruct* cudnnConvolutionDescriptor_t;
/* cudnnConvolutionFwdAlgoPerf_t, …BwdDataAlgoPerf_t and …BwdFilterAlgoPerf_t, which are alike. */
typedef struct cudnnAlgorithmPerformance {
    int algo;
    int status;
    float time; /* milliseconds, -1: not known */
    size_t memory;
    int determinism;
    int mathType;
    int reserved[3];
} cudnnAlgorithmPerformance;

/* libcudnn_graph */
size_t cudnnGetVersion(void);
size_t cudnnGetCudartVersion(void);
const char* cudnnGetErrorString(int status);
void cudnnGetLastErrorString(char* message, size_t bytes);
int cudnnCreate(cudnnHandle_t* handle);
int cudnnDestroy(cudnnHandle_t handle);
int cudnnSetStream(cudnnHandle_t handle, void* stream);
int cudnnGraphVersionCheck(void);

/* libcudnn_ops */
int cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor);
int cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, int format, int type, int n, int c, int h, int w);
int cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensor, int type, int n, int c, int h, int w, int n_stride, int c_stride,
                                 int h_stride, int w_stride);
int cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor);
int cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter);
int cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, int type, int format, int k, int c, int h, int w);
int cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter);
int cudnnOpsVersionCheck(void);

/* libcudnn_cnn */
int cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convolution);
int cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w, int stride_h, int stride_w,
                                    int dilation_h, int dilation_w, int mode, int compute_type);
int cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, int math_type);
int cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups);
int cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution);
int cudnnGetConvolution2dForwardOutputDim(cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t x,
                                          cudnnFilterDescriptor_t w, int* n_out, int* c_out, int* h_out, int* w_out);
int cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                           cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y, int requested,
                                           int* returned, cudnnAlgorithmPerformance* results);
int cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
                                                cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t dx,
                                                int requested, int* returned, cudnnAlgorithmPerformance* results);
int cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
                                                  cudnnConvolutionDescriptor_t convolution, cudnnFilterDescriptor_t dw,
                                                  int requested, int* returned, cudnnAlgorithmPerformance* results);
int cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                            cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y, int algorithm,
                                            size_t* bytes);
int cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
                                                 cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t dx,
                                                 int algorithm, size_t* bytes);
int cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
                                                   cudnnConvolutionDescriptor_t convolution, cudnnFilterDescriptor_t dw,
                                                   int algorithm, size_t* bytes);
int cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_shape, const void* x,
                            cudnnFilterDescriptor_t w_shape, const void* w, cudnnConvolutionDescriptor_t convolution,
                            int algorithm, void* workspace, size_t bytes, const void* beta, cudnnTensorDescriptor_t y_shape,
                            void* y);
int cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t w_shape, const void* w,
                                 cudnnTensorDescriptor_t dy_shape, const void* dy, cudnnConvolutionDescriptor_t convolution,
                                 int algorithm, void* workspace, size_t bytes, const void* beta,
                                 cudnnTensorDescriptor_t dx_shape, void* dx);
int cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_shape, const void* x,
                                   cudnnTensorDescriptor_t dy_shape, const void* dy, cudnnConvolutionDescriptor_t convolution,
                                   int algorithm, void* workspace, size_t bytes, const void* beta,
                                   cudnnFilterDescriptor_t dw_shape, void* dw);
int cudnnCnnVersionCheck(void);

/* libcudnn_adv */
int cudnnAdvVersionCheck(void);
}

#endif
