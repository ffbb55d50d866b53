/* gs_input by the kernel that gathers: sample i is the i-th, unchanged. Rows that can be dense on the device are. */
#include "device_call.h"

using cases::DeviceCall;
using cases::device_pitch;

int gs_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int element, const void* input, const float* scale,
             const float* shift, float* output) {
    DeviceCall call;
    const bool dense = pitch == channels && positions * channels % 4 == 0;
    const int64_t p = dense ? pitch : device_pitch(channels, pitch), count = batch * positions * channels;
    std::vector<gs_cuda_sample> all(static_cast<size_t>(batch));
    for (size_t i = 0; i < all.size(); i++) all[i].sample = static_cast<int64_t>(i);
    const void* samples = element == GS_UINT8 ? static_cast<const void*>(call.in(static_cast<const uint8_t*>(input), count))
                                              : call.in(static_cast<const float*>(input), count);
    const gs_cuda_sample* of = call.in(all.data(), batch);
    const float* const by = scale ? call.in(scale, channels) : nullptr;
    const float* const plus = shift ? call.in(shift, channels) : nullptr;
    float* y = dense ? call.out(output, count) : call.out_value(output, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_input(batch, 1, positions, channels, p, element, samples, of, by, plus, y, stream);
    });
}
