/*
 * Every part[k][i] = ((part0[i] + part1[i]) + part2[i]) + ..., in the order of the parts: one worker's stretch of an all-reduce
 * whose workers see each other's memory. Summed in the first part, a STRETCH at a time that stays in the first-level cache until
 * it is copied to the others. 8 parts bytes an element.
 */
#include <string.h>

#include "operations.h"

namespace gradsieve::GS_ISA {

void all_reduce(int64_t count, int64_t parts, float* const* part) {
    const int64_t STRETCH = 2048; /* floats, 8 KiB */
    for (int64_t from = 0; from < count; from += STRETCH) {
        const int64_t stretch = from + STRETCH < count ? STRETCH : count - from;
        float* sums = part[0] + from;
        for (int64_t k = 1; k < parts; k++) add(stretch, sums, part[k] + from, sums);
        for (int64_t k = 1; k < parts; k++) memcpy(part[k] + from, sums, static_cast<size_t>(stretch) * sizeof(float));
    }
}

}  // namespace gradsieve::GS_ISA
