/*
 * Dropout: output = or += input * (kept ? 1 / (1 - p) : 0), [B][T][P]; the backward pass is the same on the gradient.
 * Element e = c*T + t (PyTorch's order) of sample i is kept if
 *     RandomBits.of(seed, "dropout", epoch).at(place).at(ids[i]).uniform(e) >= p.
 * A product, not a choice, so that a NaN or infinite input stays visible. Moves 8 bytes an element (12 with +=).
 */
#include "operations.h"
#include "random_bits.h"

namespace gradsieve::GS_ISA {

void dropout(const Extent& extent, double p, int64_t seed, int64_t epoch, int64_t place, const int64_t* ids,
             const float* input, int gradient, float* output) {
    const int64_t positions = extent.positions, channels = extent.channels, pitch = extent.pitch;
    const float kept = p < 1 ? (float)(1 / (1 - p)) : 0;
    /* uniform < p in whole numbers: both sides times 2^53, exactly. */
    const uint64_t threshold = (uint64_t)__builtin_ceil(p * 0x1p53);
    const uint64_t stride = RandomBits::GOLDEN * (uint64_t)positions;
    const bool add = gradient == GS_GRADIENT_ADD;
    const RandomBits layer = random_at(random_of(seed, "dropout", epoch), place);
    for (int64_t i = 0; i < extent.batch; i++) {
        const RandomBits sample = random_at(layer, ids[i]);
        for (int64_t t = 0; t < positions; t++) {
            const float* from = input + (i * positions + t) * pitch;
            float* to = output + (i * positions + t) * pitch;
            uint64_t weyl = sample.key + RandomBits::GOLDEN * (uint64_t)(t + 1);
            for (int64_t c = 0; c < channels; c++) {
                const float scale = (random_mix(weyl + stride * (uint64_t)c) >> 11) < threshold ? 0.0f : kept;
                const float value = from[c] * scale;
                to[c] = add ? to[c] + value : value;
            }
            if (!add) {
                for (int64_t c = channels; c < pitch; c++) {
                    to[c] = 0;
                }
            }
        }
    }
}

}  // namespace gradsieve::GS_ISA
