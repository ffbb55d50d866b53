/* Calls of the stand-in for cuDNN: which algorithms are deterministic, what is refused, calls told to fail, order on streams. */
#include "convolution.h"

#include <stdlib.h>
#include <string.h>

namespace {

/* Algorithms as they are offered: the first ones not deterministic, and then other bits at every run. */
void determinism() {
    Draw draw(7);
    const Convolution convolution(PLAIN);
    const DeviceFloats x(draw.values(PLAIN.x_count())), w(draw.values(PLAIN.w_count())), y(draw.values(PLAIN.y_count()));
    for (const Pass pass : {Pass::DATA, Pass::FILTER}) {
        const auto algorithms = convolution.algorithms(pass);
        CHECK_EQUAL(algorithms.front().determinism, CUDNN_NON_DETERMINISTIC);
        CHECK(algorithms.back().status != CUDNN_STATUS_SUCCESS);
        for (const cudnnAlgorithmPerformance& algorithm : algorithms) {
            if (algorithm.status != CUDNN_STATUS_SUCCESS) continue;
            CHECK_EQUAL(algorithm.mathType, CUDNN_FMA_MATH);
            std::vector<float> results[2];
            for (std::vector<float>& result : results) {
                const DeviceFloats out(pass == Pass::DATA ? PLAIN.x_count() : PLAIN.w_count());
                const DeviceFloats space(algorithm.memory / sizeof(float) + 1);
                CHECK_EQUAL(convolution.run(pass, algorithm.algo, x.at(), w.at(), y.at(), out.at(), space.at(),
                                            algorithm.memory, 1, 0), 0);
                CHECK_EQUAL(cudaDeviceSynchronize(), 0);
                result = out.get();
            }
            const bool same = memcmp(results[0].data(), results[1].data(), results[0].size() * sizeof(float)) == 0;
            CHECK_EQUAL(same, algorithm.determinism == CUDNN_DETERMINISTIC);
        }
    }
    for (const cudnnAlgorithmPerformance& algorithm : convolution.algorithms(Pass::FORWARD))
        CHECK_EQUAL(algorithm.determinism, CUDNN_DETERMINISTIC);
}

void refusals() {
    Draw draw(8);
    Convolution convolution(PLAIN);
    const DeviceFloats x(draw.values(PLAIN.x_count() + 4)), w(draw.values(PLAIN.w_count())), y(PLAIN.y_count()), space(4096);
    const int plain = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, precomputed = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
    const auto run = [&](int algorithm, const float* from, float* to, void* room, size_t bytes) {
        return convolution.run(Pass::FORWARD, algorithm, from, w.at(), nullptr, to, room, bytes, 1, 0);
    };
    const size_t needed = convolution.workspace(Pass::FORWARD, precomputed);
    CHECK(needed > 0 && needed <= space.bytes());
    CHECK_EQUAL(run(precomputed, x.at(), y.at(), space.at(), needed - 1), CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    char message[200];
    cudnnGetLastErrorString(message, sizeof message);
    CHECK(matches(message, "cudnnConvolutionForward: a workspace of [0-9]+ bytes, where [0-9]+ are needed"));
    cudnnGetLastErrorString(message, sizeof message);
    CHECK_EQUAL(message[0], 0);
    CHECK_EQUAL(run(precomputed, x.at(), y.at(), nullptr, needed), CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    CHECK_EQUAL(run(plain, nullptr, y.at(), nullptr, 0), CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    CHECK_EQUAL(run(plain, x.at(1), y.at(), nullptr, 0), CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    CHECK_EQUAL(run(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, x.at(), y.at(), nullptr, 0), CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(run(99, x.at(), y.at(), nullptr, 0), CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(run(plain, x.at(), y.at(), nullptr, 0), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);

    CHECK_EQUAL(cudnnSetStream(convolution.handle, reinterpret_cast<void*>(uintptr_t{0x12340})), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetStream(nullptr, nullptr), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(convolution.y, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 0, 1, 1, 1), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(convolution.y, 7, CUDNN_DATA_FLOAT, 1, 1, 1, 1), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(convolution.y, CUDNN_TENSOR_NHWC, 1, 1, 1, 1, 1), CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(cudnnSetConvolution2dDescriptor(convolution.convolution, 1, 1, 0, 1, 1, 1, 1, 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetConvolution2dDescriptor(convolution.convolution, -1, 1, 1, 1, 1, 1, 1, 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetConvolutionMathType(convolution.convolution, 4), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetConvolutionGroupCount(convolution.convolution, 0), CUDNN_STATUS_BAD_PARAM);

    CHECK_EQUAL(cudnnSetTensor4dDescriptor(convolution.y, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 3, 9, 7, 7), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(run(plain, x.at(), y.at(), nullptr, 0), CUDNN_STATUS_BAD_PARAM); /* 7 x 7 where 7 x 6 comes */
    CHECK_EQUAL(cudnnSetTensor4dDescriptorEx(convolution.y, CUDNN_DATA_FLOAT, 3, 9, 7, 6, 7 * 6 * 8, 1, 6 * 8, 8), 0);
    CHECK_EQUAL(run(plain, x.at(), y.at(), nullptr, 0), CUDNN_STATUS_BAD_PARAM); /* rows of 9 channels every 8 */
    CHECK_EQUAL(cudnnSetConvolutionGroupCount(convolution.convolution, 5), CUDNN_STATUS_SUCCESS);
    size_t bytes;
    CHECK_EQUAL(cudnnGetConvolutionForwardWorkspaceSize(convolution.handle, convolution.x, convolution.w, convolution.convolution,
                                                        convolution.y, plain, &bytes), CUDNN_STATUS_BAD_PARAM);
    CHECK(strcmp(cudnnGetErrorString(CUDNN_STATUS_BAD_PARAM), "CUDNN_STATUS_BAD_PARAM") == 0);
    CHECK_EQUAL(cudnnGetVersion(), 91900);
}

/* A program that has gaps between rows of channels must know what to do where cuDNN wants none. */
void gaps() {
    setenv("GRADSIEVE_CUDA_PACKED", "1", 1);
    Case packed = PLAIN;
    packed.x_pitch = packed.c;
    packed.y_pitch = packed.k;
    for (const Case& t : {PLAIN, packed}) {
        const Convolution convolution(t);
        cudnnAlgorithmPerformance found;
        int count = 0;
        CHECK_EQUAL(cudnnGetConvolutionForwardAlgorithm_v7(convolution.handle, convolution.x, convolution.w,
                                                           convolution.convolution, convolution.y, 1, &count, &found),
                    t.x_pitch == t.c ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED);
    }
    unsetenv("GRADSIEVE_CUDA_PACKED");
}

/* Every function of the list fails once when asked to, the second call of it here. */
void faults() {
    Draw draw(9);
    const Convolution convolution(PLAIN);
    const DeviceFloats x(draw.values(PLAIN.x_count())), w(draw.values(PLAIN.w_count())), y(PLAIN.y_count());
    const auto forward = [&] { return convolution.run(Pass::FORWARD, 0, x.at(), w.at(), nullptr, y.at(), nullptr, 0, 1, 0); };
    gs_emulated_fail("cudnnConvolutionForward:2,cudnnSetStream:1:2000");
    CHECK_EQUAL(forward(), 0);
    CHECK_EQUAL(forward(), CUDNN_STATUS_EXECUTION_FAILED);
    CHECK_EQUAL(forward(), 0);
    CHECK_EQUAL(cudnnSetStream(convolution.handle, nullptr), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetStream(convolution.handle, nullptr), 0);
    const int alive = gs_emulated_leaks(0);
    gs_emulated_fail("cudnnCreate:1+,cudnnCreateTensorDescriptor:1,cudnnDestroyTensorDescriptor:1");
    cudnnHandle_t handle = nullptr;
    CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
    CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
    cudnnTensorDescriptor_t tensor = nullptr;
    CHECK_EQUAL(cudnnCreateTensorDescriptor(&tensor), CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
    CHECK_EQUAL(gs_emulated_leaks(0), alive);
    CHECK_EQUAL(cudnnCreateTensorDescriptor(&tensor), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), alive + 1);
    CHECK_EQUAL(cudnnDestroyTensorDescriptor(tensor), CUDNN_STATUS_EXECUTION_FAILED); /* destroyed all the same */
    CHECK_EQUAL(gs_emulated_leaks(0), alive);
    CHECK_EQUAL(cudnnDestroyTensorDescriptor(tensor), CUDNN_STATUS_BAD_PARAM);
    gs_emulated_fail("");
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
}

/* A convolution is queued, ordered and checked as any other operation of its stream. */
void order() {
    Draw draw(10);
    const Convolution convolution(PLAIN);
    const std::vector<float> values = draw.values(PLAIN.x_count());
    const DeviceFloats x(values), w(draw.values(PLAIN.w_count())), y(PLAIN.y_count()), small(8);
    cudaStream_t one, other;
    CHECK_EQUAL(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking), 0);
    CHECK_EQUAL(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), 0);
    CHECK_EQUAL(cudnnSetStream(convolution.handle, one), 0);
    const auto forward = [&](float* to) {
        return convolution.run(Pass::FORWARD, 0, x.at(), w.at(), nullptr, to, nullptr, 0, 1, 0);
    };
    CHECK_EQUAL(cudaMemsetAsync(x.at(), 0, x.bytes(), other), 0);
    CHECK_EQUAL(forward(y.at()), CUDNN_STATUS_EXECUTION_FAILED);
    EXPECT_FAULT("`cudnnConvolutionForward` on stream [0-9]+ reads .* not ordered after `cudaMemsetAsync`");
    CHECK_EQUAL(forward(y.at()), 0);
    CHECK(cudaMemsetAsync(y.at(), 0, y.bytes(), other) != 0);
    EXPECT_FAULT("`cudaMemsetAsync` on stream [0-9]+ writes .* not ordered after `cudnnConvolutionForward`");
    CHECK_EQUAL(forward(small.at()), CUDNN_STATUS_EXECUTION_FAILED);
    EXPECT_FAULT("`cudnnConvolutionForward`: [0-9]+ bytes at .* end beyond", cudaErrorIllegalAddress);
    std::vector<float> host(PLAIN.y_count());
    CHECK_EQUAL(forward(host.data()), CUDNN_STATUS_EXECUTION_FAILED);
    EXPECT_FAULT("is no device memory", cudaErrorIllegalAddress);

    /* A graph: factors are those of the call, tensors those of the launch; between rows nothing counts as written. */
    x.set(values);
    DeviceFloats fresh(PLAIN.y_count());
    CHECK_EQUAL(forward(y.at()), 0);
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
    const std::vector<float> wanted = y.get();
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    CHECK_EQUAL(cudaStreamBeginCapture(one, cudaStreamCaptureModeThreadLocal), 0);
    float alpha = 1, beta = 0;
    CHECK_EQUAL(cudnnConvolutionForward(convolution.handle, &alpha, convolution.x, x.at(), convolution.w, w.at(),
                                        convolution.convolution, 0, nullptr, 0, &beta, convolution.y, fresh.at()), 0);
    alpha = beta = NAN;
    CHECK_EQUAL(cudaStreamEndCapture(one, &graph), 0);
    CHECK_EQUAL(cudaGraphInstantiate(&exec, graph, 0), 0);
    CHECK_EQUAL(cudaGraphLaunch(exec, one), 0);
    CHECK_EQUAL(cudaStreamSynchronize(one), 0);
    unsigned char* written = nullptr;
    CHECK_EQUAL(gs_emulated_allocation(fresh.at(), nullptr, nullptr, &written), 1);
    const std::vector<float> got = fresh.get();
    bool same = true, marked = true;
    for (size_t i = 0; i < got.size(); i++) {
        const bool channel = static_cast<int>(i % static_cast<size_t>(PLAIN.y_pitch)) < PLAIN.k;
        same = same && (!channel || got[i] == wanted[i]);
        marked = marked && (written[i] != 0) == channel;
    }
    CHECK(same);
    CHECK(marked);
    CHECK_EQUAL(cudaGraphExecDestroy(exec), 0);
    CHECK_EQUAL(cudaGraphDestroy(graph), 0);
    CHECK_EQUAL(cudnnSetStream(convolution.handle, nullptr), 0);
    CHECK_EQUAL(cudaStreamDestroy(one), 0);
    CHECK_EQUAL(cudaStreamDestroy(other), 0);
}

}  // namespace

int main() {
    determinism();
    refusals();
    gaps();
    faults();
    order();
    return finish("convolution calls");
}
