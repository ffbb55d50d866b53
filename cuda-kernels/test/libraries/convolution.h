/* A convolution of a test: its shape, and the descriptors that say it to cuDNN. */
#ifndef GRADSIEVE_TEST_LIBRARIES_CONVOLUTION_H
#define GRADSIEVE_TEST_LIBRARIES_CONVOLUTION_H

#include "check.h"

#include "../../emulation/cudnn_api.h"

struct Case {
    int n, c, h, w, k, r, s, pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups;
    int x_pitch, y_pitch; /* from one position to the next */
    int math, mode, filter_format;
    float alpha, beta;

    int p() const { return (h + 2 * pad_h - (r - 1) * dilation_h - 1) / stride_h + 1; }
    int q() const { return (w + 2 * pad_w - (s - 1) * dilation_w - 1) / stride_w + 1; }
    int per_group() const { return c / groups; }
    size_t x_at(int in, int ih, int iw, int ic) const { return static_cast<size_t>(((in * h + ih) * w + iw) * x_pitch + ic); }
    size_t y_at(int in, int ip, int iq, int ik) const { return static_cast<size_t>(((in * p() + ip) * q() + iq) * y_pitch + ik); }
    size_t w_at(int ik, int ir, int is, int ic) const {
        const int cg = per_group();
        return static_cast<size_t>(filter_format == CUDNN_TENSOR_NHWC ? ((ik * r + ir) * s + is) * cg + ic
                                                                      : ((ik * cg + ic) * r + ir) * s + is);
    }
    size_t x_count() const { return x_at(n - 1, h - 1, w - 1, x_pitch - 1) + 1; }
    size_t y_count() const { return y_at(n - 1, p() - 1, q() - 1, y_pitch - 1) + 1; }
    size_t w_count() const { return static_cast<size_t>(k * per_group() * r * s); }
};

enum class Pass { FORWARD, DATA, FILTER };

class Convolution {
public:
    explicit Convolution(const Case& t) : t_(t) {
        CHECK_EQUAL(cudnnCreate(&handle), 0);
        CHECK_EQUAL(cudnnCreateTensorDescriptor(&x), 0);
        CHECK_EQUAL(cudnnCreateTensorDescriptor(&y), 0);
        CHECK_EQUAL(cudnnCreateFilterDescriptor(&w), 0);
        CHECK_EQUAL(cudnnCreateConvolutionDescriptor(&convolution), 0);
        CHECK_EQUAL(cudnnSetTensor4dDescriptorEx(x, CUDNN_DATA_FLOAT, t.n, t.c, t.h, t.w, t.h * t.w * t.x_pitch, 1, t.w * t.x_pitch,
                                                 t.x_pitch), 0);
        CHECK_EQUAL(cudnnSetTensor4dDescriptorEx(y, CUDNN_DATA_FLOAT, t.n, t.k, t.p(), t.q(), t.p() * t.q() * t.y_pitch, 1,
                                                 t.q() * t.y_pitch, t.y_pitch), 0);
        CHECK_EQUAL(cudnnSetFilter4dDescriptor(w, CUDNN_DATA_FLOAT, t.filter_format, t.k, t.per_group(), t.r, t.s), 0);
        CHECK_EQUAL(cudnnSetConvolution2dDescriptor(convolution, t.pad_h, t.pad_w, t.stride_h, t.stride_w, t.dilation_h,
                                                    t.dilation_w, t.mode, CUDNN_DATA_FLOAT), 0);
        CHECK_EQUAL(cudnnSetConvolutionMathType(convolution, t.math), 0);
        CHECK_EQUAL(cudnnSetConvolutionGroupCount(convolution, t.groups), 0);
    }
    Convolution(const Convolution&) = delete;
    ~Convolution() {
        CHECK_EQUAL(cudnnDestroyConvolutionDescriptor(convolution), 0);
        CHECK_EQUAL(cudnnDestroyFilterDescriptor(w), 0);
        CHECK_EQUAL(cudnnDestroyTensorDescriptor(y), 0);
        CHECK_EQUAL(cudnnDestroyTensorDescriptor(x), 0);
        CHECK_EQUAL(cudnnDestroy(handle), 0);
    }

    std::vector<cudnnAlgorithmPerformance> algorithms(Pass pass) const {
        cudnnAlgorithmPerformance found[8];
        int count = 0;
        if (pass == Pass::FORWARD)
            CHECK_EQUAL(cudnnGetConvolutionForwardAlgorithm_v7(handle, x, w, convolution, y, 8, &count, found), 0);
        if (pass == Pass::DATA)
            CHECK_EQUAL(cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, w, y, convolution, x, 8, &count, found), 0);
        if (pass == Pass::FILTER)
            CHECK_EQUAL(cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, x, y, convolution, w, 8, &count, found), 0);
        return {found, found + count};
    }

    size_t workspace(Pass pass, int algorithm) const {
        size_t bytes = 1;
        if (pass == Pass::FORWARD)
            CHECK_EQUAL(cudnnGetConvolutionForwardWorkspaceSize(handle, x, w, convolution, y, algorithm, &bytes), 0);
        if (pass == Pass::DATA)
            CHECK_EQUAL(cudnnGetConvolutionBackwardDataWorkspaceSize(handle, w, y, convolution, x, algorithm, &bytes), 0);
        if (pass == Pass::FILTER)
            CHECK_EQUAL(cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, convolution, w, algorithm, &bytes), 0);
        return bytes;
    }

    int run(Pass pass, int algorithm, const float* at_x, const float* at_w, const float* at_y, float* result, void* space,
            size_t bytes, float alpha, float beta) const {
        if (pass == Pass::FORWARD)
            return cudnnConvolutionForward(handle, &alpha, x, at_x, w, at_w, convolution, algorithm, space, bytes, &beta, y,
                                           result);
        if (pass == Pass::DATA)
            return cudnnConvolutionBackwardData(handle, &alpha, w, at_w, y, at_y, convolution, algorithm, space, bytes, &beta,
                                                x, result);
        return cudnnConvolutionBackwardFilter(handle, &alpha, x, at_x, y, at_y, convolution, algorithm, space, bytes, &beta, w,
                                              result);
    }

    cudnnHandle_t handle = nullptr;
    cudnnTensorDescriptor_t x = nullptr, y = nullptr;
    cudnnFilterDescriptor_t w = nullptr;
    cudnnConvolutionDescriptor_t convolution = nullptr;

private:
    const Case t_;
};

const Case PLAIN = {3, 5, 7, 6, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1, 8, 12, CUDNN_FMA_MATH, CUDNN_CROSS_CORRELATION, CUDNN_TENSOR_NHWC,
                    1, 0};

#endif
