/* Four channels of a value, in registers. */
#ifndef GRADSIEVE_CUDA_QUADS_H
#define GRADSIEVE_CUDA_QUADS_H

#include "device.h"

namespace gradsieve {

struct Quad {
    float at[4];
};

__device__ __forceinline__ Quad load_quad(const float* from) {
    const float4 v = load4(from);
    return {{v.x, v.y, v.z, v.w}};
}
__device__ __forceinline__ void store_quad(float* to, const Quad& q) {
    store4(to, make_float4(q.at[0], q.at[1], q.at[2], q.at[3]));
}

/*
 * Element-wise passes over rows [B*T][P] whose channels stay in registers: a block has `lines` rows of `quads` threads, and each
 * thread has EACH of its rows in flight. Many blocks, so that those that come late fill the gaps; few enough that what a thread
 * loads of its channels is little beside its rows.
 */
constexpr int ROWS_THREADS = 256, ROWS_EACH = 4;

struct Rows {
    int64_t rows;
    int pitch, quads, lines, slabs; /* slabs: blocks side by side where a row is more than a block's threads */
};

inline Rows rows_of(int64_t batch, int64_t positions, int64_t pitch) {
    const int64_t all = pitch / 4, slabs = ceil_div<int64_t>(all, ROWS_THREADS), quads = ceil_div(all, slabs);
    return {batch * positions, static_cast<int>(pitch), static_cast<int>(quads), static_cast<int>(ROWS_THREADS / quads),
            static_cast<int>(slabs)};
}

/* Slabs along x, for only x goes beyond 65,535. */
inline dim3 rows_grid(const Rows& r) {
    const int blocks = grid_for(r.rows, static_cast<int64_t>(r.lines) * ROWS_EACH * 2, 8, 4);
    return dim3(static_cast<unsigned>(r.slabs), static_cast<unsigned>(blocks < 65535 ? blocks : 65535));
}

/* Where a thread begins; channel -1: it has nothing to do. Its next rows are `step` apart. */
struct RowsLane {
    int channel;
    int64_t row, step;
};

__device__ __forceinline__ RowsLane rows_lane(const Rows& r) {
    const int thread = static_cast<int>(threadIdx.x), line = thread / r.quads, quad = thread - line * r.quads;
    const int channel = (static_cast<int>(blockIdx.x) * r.quads + quad) * 4;
    const int64_t each = static_cast<int64_t>(r.lines) * ROWS_EACH;
    return {line < r.lines && channel < r.pitch ? channel : -1, blockIdx.y * each + line, gridDim.y * each};
}

}  // namespace gradsieve
#endif
