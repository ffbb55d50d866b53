/*
 * gs_linear_backward_weights by linear_norms and bias_backward. The product itself is cuBLASLt's in a step; here the host makes it,
 * in double.
 */
#include "device_call.h"

using namespace cases;

int gs_linear_backward_weights(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                               const float* output_gradient, float* weights_gradient, float* bias_gradient, float* norm2) {
    DeviceCall call;
    const int64_t in = device_pitch(in_pitch, in_pitch), pitch = device_pitch(out, out_pitch);
    const float* a = call.in_value(input, batch, 1, in_pitch, in_pitch);
    const float* d = call.in_value(output_gradient, batch, 1, out, out_pitch);
    float* bias = call.added_vectors(bias_gradient, 1, out, pitch);
    float* norms = call.in_out(norm2, batch);
    void* workspace = call.workspace(gs_cuda_bias_backward_workspace(batch, 1, pitch));
    const int status = call.run([&](void* stream) {
        const int failed = norms ? gs_cuda_linear_norms(batch, in, pitch, a, d, norms, stream) : int{GS_CUDA_OK};
        if (failed || !bias) return failed;
        return gs_cuda_bias_backward(batch, 1, out, pitch, d, workspace, bias, norms, stream);
    });
    if (status != GS_OK) return status;
    for (int64_t o = 0; o < out; o++)
        for (int64_t k = 0; k < in_pitch; k++) {
            double sum = 0;
            for (int64_t i = 0; i < batch; i++)
                sum += static_cast<double>(output_gradient[i * out_pitch + o]) * input[i * in_pitch + k];
            float& weight = weights_gradient[(o / 16 * in_pitch + k) * 16 + o % 16];
            weight = static_cast<float>(weight + sum);
        }
    return GS_OK;
}
