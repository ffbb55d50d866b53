/*
 * A batch's samples as the network takes them: bytes or floats, [B][T][C] densely, to output [B][T][P] "=": byte * scale[c] +
 * shift[c], floats as they are; lanes C..P-1 are zero. 5 bytes an element (8 for floats).
 */
#include "operations.h"
#include "simd.h"

namespace gradsieve::GS_ISA {

/* P = C <= 16: the channels repeat after C vectors, whose scales and shifts are laid out once. */
static void dense_bytes(int64_t count, int64_t channels, const uint8_t* from, const float* scale, const float* shift,
                        float* to) {
    float scales[16 * LANES], shifts[16 * LANES];
    const int64_t period = channels * LANES;
    for (int64_t j = 0; j < period; j++) {
        scales[j] = scale[j % channels];
        shifts[j] = shift[j % channels];
    }
    int64_t i = 0;
    for (; i + period <= count; i += period)
        for (int64_t j = 0; j < period; j += LANES)
            store(to + i + j, to_float(load_bytes(from + i + j)) * load(scales + j) + load(shifts + j));
    for (int64_t j = 0; i + j < count; j++) to[i + j] = (float)from[i + j] * scales[j] + shifts[j];
}

void input(const Extent& extent, int element, const void* input, const float* scale, const float* shift, float* output) {
    const int64_t rows = extent.batch * extent.positions, channels = extent.channels, pitch = extent.pitch;
    if (element == GS_UINT8 && channels == pitch && channels <= 16) {
        return dense_bytes(rows * channels, channels, (const uint8_t*)input, scale, shift, output);
    }
    if (element == GS_FLOAT32 && channels == pitch) {
        __builtin_memcpy(output, input, (unsigned long)(rows * channels) * sizeof(float));
        return;
    }
    for (int64_t t = 0; t < rows; t++) {
        float* to = output + t * pitch;
        if (element == GS_UINT8) {
            const uint8_t* from = (const uint8_t*)input + t * channels;
            for (int64_t c = 0; c < channels; c++) to[c] = (float)from[c] * scale[c] + shift[c];
        } else {
            __builtin_memcpy(to, (const float*)input + t * channels, (unsigned long)channels * sizeof(float));
        }
        for (int64_t c = channels; c < pitch; c++) to[c] = 0;
    }
}

}  // namespace gradsieve::GS_ISA
