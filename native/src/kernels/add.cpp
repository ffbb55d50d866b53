/*
 * output = a + b, and gradients on their way to another value: target = or += source. Any length; output may be a or b.
 * 12 bytes an element; pass_gradient 8 with "=".
 */
#include "operations.h"

namespace gradsieve::GS_ISA {

void add(int64_t count, const float* a, const float* b, float* output) {
    for (int64_t i = 0; i < count; i++) output[i] = a[i] + b[i];
}

void pass_gradient(int64_t count, const float* source, int gradient, float* target) {
    if (gradient == GS_GRADIENT_ADD) {
        for (int64_t i = 0; i < count; i++) target[i] += source[i];
    } else if (gradient == GS_GRADIENT_STORE) {
        for (int64_t i = 0; i < count; i++) target[i] = source[i];
    }
}

}  // namespace gradsieve::GS_ISA
