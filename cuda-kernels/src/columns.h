/*
 * Sums over the batch of [B][T][P] by channel, in double: how blocks lie over the values, and the way from a block's sums to the
 * batch's. A block has `columns` threads side by side, each with four channels; rows of threads share a sample's positions,
 * `together` of them. A piece is the samples that one block goes through; a second kernel adds up the pieces. All of it follows
 * from the shape alone, and a sample's own sums from T and P alone.
 */
#ifndef GRADSIEVE_CUDA_COLUMNS_H
#define GRADSIEVE_CUDA_COLUMNS_H

#include "quads.h"

namespace gradsieve {

constexpr int COLUMNS_THREADS = 256, COLUMNS_WARPS = COLUMNS_THREADS / 32;
constexpr int PIECE_SUMS = 8 * COLUMNS_THREADS; /* doubles of shared memory that store_piece needs */

struct Columns {
    int64_t batch;
    int positions, pitch;
    int columns, together;      /* powers of two; columns at most 32 */
    int samples, pieces, slabs; /* samples of a piece; pieces along y, slabs of 4 columns channels along x */

    __host__ __device__ int groups() const { return COLUMNS_THREADS / (columns * together); }
};

inline Columns columns_of(int64_t batch, int64_t positions, int64_t pitch) {
    const int64_t quads = pitch / 4;
    int columns = 1, together = 1;
    while (columns < 32 && columns < quads) columns *= 2;
    /* At least 8 positions a thread, so that the way from threads to a sample's sum is short beside them. */
    while (together * columns < COLUMNS_THREADS && together * 16 <= positions) together *= 2;
    const int64_t groups = COLUMNS_THREADS / (columns * together), slabs = ceil_div<int64_t>(quads, columns);
    /* At least 128 positions a piece, for its sums are 16 bytes a channel; at most 1,024 pieces, fewer of many slabs. */
    int64_t samples = ceil_div<int64_t>(128, positions);
    const int64_t most = slabs < 4 ? 1024 : slabs < 1024 ? 4096 / slabs : 4;
    if (samples * most < batch) samples = ceil_div(batch, most);
    samples = round_up(samples, groups);
    return {batch, static_cast<int>(positions), static_cast<int>(pitch), columns, together, static_cast<int>(samples),
            static_cast<int>(ceil_div(batch, samples)), static_cast<int>(slabs)};
}

inline dim3 columns_grid(const Columns& c) { return dim3(static_cast<unsigned>(c.slabs), static_cast<unsigned>(c.pieces)); }
inline int64_t pieces_bytes(const Columns& c) { return static_cast<int64_t>(sizeof(double)) * 2 * c.pieces * c.pitch; }

/* A thread's place: line is its row of threads; sample k of a piece is its own where k % groups is group, of that the positions
 * t with t % together = row. */
struct ColumnsLane {
    int column, line, group, row, channel;
    bool used; /* whether its channels are some of the pitch's */
};

__device__ __forceinline__ ColumnsLane columns_lane(const Columns& c) {
    const int thread = static_cast<int>(threadIdx.x), line = thread / c.columns, column = thread - line * c.columns;
    const int group = line / c.together, channel = (static_cast<int>(blockIdx.x) * c.columns + column) * 4;
    return {column, line, group, line - group * c.together, channel, channel < c.pitch};
}

/*
 * partials [pieces][2][P] = the sums of this block's lines: line number `line` of `lines` is `own`, two sums of four channels, of
 * the threads that are `its`. Called by all threads; `room` is PIECE_SUMS doubles of shared memory.
 */
__device__ __forceinline__ void store_piece(const Columns& c, const double (&own)[8], bool its, int line, int lines, int column,
                                            double* room, double* partials) {
    const int thread = static_cast<int>(threadIdx.x), width = 4 * c.columns, sums = 2 * width, parts = COLUMNS_THREADS / sums;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < 8; k++)
        if (its) room[line * sums + k / 4 * width + 4 * column + k % 4] = own[k];
    __syncthreads();
    double sum = 0;
#pragma unroll 4
    for (int k = thread / sums; k < lines; k += parts) sum += room[k * sums + thread % sums];
    __syncthreads();
    room[thread] = sum;
    __syncthreads();
    const int channel = static_cast<int>(blockIdx.x) * width + thread % width;
    if (thread >= sums || channel >= c.pitch) return;
    for (int part = 1; part < parts; part++) sum += room[part * sums + thread];
    partials[(static_cast<size_t>(blockIdx.y) * 2 + thread / width) * c.pitch + channel] = sum;
}

/*
 * The second kernel: a block of FINISH_THREADS adds up FINISH_SUMS of the 2P sums, few, so that small pitches too have several
 * blocks on their way. Thread k < FINISH_SUMS returns sum number blockIdx.x * FINISH_SUMS + k.
 */
constexpr int FINISH_THREADS = 256, FINISH_SUMS = 4, FINISH_LINES = FINISH_THREADS / FINISH_SUMS;
constexpr int FINISH_SLOTS = FINISH_THREADS / 32 * FINISH_SUMS;

__device__ __forceinline__ double sum_pieces(const Columns& c, const double* partials, double* slots) {
    const int thread = static_cast<int>(threadIdx.x), mine = thread % FINISH_SUMS;
    const size_t stride = 2 * static_cast<size_t>(c.pitch);
    const double* const from = partials + static_cast<size_t>(blockIdx.x) * FINISH_SUMS + mine;
    double sum = 0;
#pragma unroll 8
    for (int piece = thread / FINISH_SUMS; piece < c.pieces; piece += FINISH_LINES) sum += from[piece * stride];
#pragma unroll
    for (int distance = 16; distance >= FINISH_SUMS; distance /= 2) sum += __shfl_xor_sync(WHOLE_WARP, sum, distance);
    if (thread % 32 < FINISH_SUMS) slots[thread / 32 * FINISH_SUMS + mine] = sum;
    __syncthreads();
    sum = slots[mine];
#pragma unroll
    for (int warp = 1; warp < FINISH_THREADS / 32; warp++) sum += slots[warp * FINISH_SUMS + mine];
    return sum;
}

}  // namespace gradsieve
#endif
