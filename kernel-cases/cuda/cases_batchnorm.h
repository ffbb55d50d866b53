/* What the cases of batch norm on CUDA share. */
#ifndef GRADSIEVE_CASES_BATCHNORM_H
#define GRADSIEVE_CASES_BATCHNORM_H

#include "../shapes.h"
#include "device_call.h"

namespace cases {

inline int64_t pitch_of(const Shape& s) { return device_pitch(s.channels, s.pitch); }
inline double values_of(const Shape& s) { return static_cast<double>(s.batch * s.positions); }

inline std::vector<double> sums_room(const Shape& s) { return std::vector<double>(static_cast<size_t>(1 + 2 * pitch_of(s)), -7); }

/* resnet20 and resnet18 on images of 32 x 32, a small batch, a vector; not in the emulation, whose times mean nothing. */
inline std::vector<Shape> large_shapes() {
    if (emulated()) return {};
    return {{2048, 1024, 16, 16}, {2048, 256, 32, 32}, {2048, 64, 64, 64},  {512, 1024, 64, 64},
            {512, 16, 512, 512},  {128, 1024, 64, 64}, {4096, 1, 4096, 4096}};
}

/* One and several warps a sample, one and several slabs, samples and pieces. */
inline std::vector<Shape> tiled_shapes() {
    return {{3, 300, 16, 16},   {5, 64, 64, 64},  {9, 16, 256, 256}, {4, 33, 130, 132}, {300, 1, 1000, 1000},
            {9, 1, 2051, 2052}, {1100, 1, 3, 4}, {40, 20, 5, 8},    {1030, 5, 6, 8},    {3, 515, 4, 4}};
}

}  // namespace cases
#endif
