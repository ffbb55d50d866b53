/*
 * Gradients on their way between workers in bfloat16, the upper half of a float32. bf16_round: to the nearest, ties to even; what
 * is larger than every bfloat16 becomes infinite, a NaN stays one. bf16_add: target = or += the float32 that a bfloat16 stands
 * for. 6 bytes an element; bf16_add 10 with "+=".
 */
#include <string.h>

#include "operations.h"

namespace gradsieve::GS_ISA {

static inline float widened(uint16_t half) {
    const uint32_t bits = static_cast<uint32_t>(half) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void bf16_round(int64_t count, const float* values, uint16_t* rounded) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
        rounded[i] = static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? quiet : nearest);
    }
}

void bf16_add(int64_t count, const uint16_t* rounded, int gradient, float* target) {
    if (gradient == GS_GRADIENT_ADD) {
        for (int64_t i = 0; i < count; i++) target[i] += widened(rounded[i]);
    } else {
        for (int64_t i = 0; i < count; i++) target[i] = widened(rounded[i]);
    }
}

}  // namespace gradsieve::GS_ISA
