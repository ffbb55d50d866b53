/* gs_softmax_cross_entropy. What the CPU leaves as it is, the record of norms, the kernel clears. */
#include "device_call.h"

using cases::DeviceCall;
using cases::device_pitch;

int gs_softmax_cross_entropy(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing, const float* logits,
                             const int32_t* labels, const float* plan_weights, const float* sample_weights, float* gradient,
                             float* probabilities, float* records, int64_t capacity) {
    DeviceCall call;
    const int64_t p = device_pitch(classes, pitch);
    const float* z = call.in_value(logits, batch, 1, classes, pitch);
    const int32_t* y = call.in(labels, batch);
    const float* plan = call.in(plan_weights, batch);
    const float* sample = call.in(sample_weights, batch);
    float* delta = call.out_value(gradient, batch, 1, classes, pitch);
    float* shares = call.out_value(probabilities, batch, 1, classes, pitch);
    float* results = call.in_out(records, GS_CUDA_RECORDS * capacity);
    return call.run([&](void* stream) {
        return gs_cuda_softmax_cross_entropy(batch, classes, p, label_smoothing, z, y, plan, sample, delta, shares, results,
                                             capacity, stream);
    });
}
