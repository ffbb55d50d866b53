/*
 * Row j = row chosen[j] for j < count, in place, where chosen[j] is j (the row stays and is not touched) or at least count: no row
 * that is read is one that is written. Moves 2 row_bytes for each row that does not stay; a thread has four words of 16 bytes in
 * flight (of 4 bytes where rows are no multiple of 16).
 */
#include "device.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 256, EACH = 4, WORDS = THREADS * EACH; /* of a block */

template <class Word>
__global__ void __launch_bounds__(THREADS)
    gather_kernel(int64_t count, unsigned width, const int32_t* __restrict__ chosen, Word* rows) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * WORDS, first = start / width;
    const unsigned column = static_cast<unsigned>(start - first * width);
    Word moved[EACH];
    int64_t to[EACH];
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const unsigned at = column + threadIdx.x + k * THREADS, within = at % width;
        const int64_t row = first + at / width;
        to[k] = -1;
        if (row >= count) continue;
        const int64_t from = chosen[row];
        if (from == row) continue;
        moved[k] = rows[from * width + within];
        to[k] = row * width + within;
    }
#pragma unroll
    for (int k = 0; k < EACH; k++)
        if (to[k] >= 0) rows[to[k]] = moved[k];
}

template <class Word>
int gather(int64_t count, int64_t row_bytes, const int32_t* chosen, void* rows, void* stream) {
    const int64_t width = row_bytes / static_cast<int64_t>(sizeof(Word)), blocks = ceil_div<int64_t>(count * width, WORDS);
    if (blocks > INT32_MAX)
        return refuse("gather_rows", "%lld rows of %lld bytes: more than 2^31 blocks", static_cast<long long>(count),
                      static_cast<long long>(row_bytes));
    return GS_LAUNCH((gather_kernel<Word>), static_cast<int>(blocks), THREADS, 0, stream, count, static_cast<unsigned>(width),
                     chosen, static_cast<Word*>(rows));
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_gather_rows(int64_t count, int64_t row_bytes, const int32_t* chosen, void* rows, void* stream) {
    if (count < 0 || count > INT32_MAX) return refuse("gather_rows", "%lld rows", static_cast<long long>(count));
    if (row_bytes <= 0 || row_bytes % 4 != 0 || row_bytes > INT32_MAX)
        return refuse("gather_rows", "rows of %lld bytes: no multiple of 4 up to 2^31", static_cast<long long>(row_bytes));
    if (count == 0) return GS_CUDA_OK;
    if (!chosen || !rows) return refuse("gather_rows", "a buffer that it needs is NULL");
    const bool wide = row_bytes % 16 == 0 && reinterpret_cast<uintptr_t>(rows) % 16 == 0;
    return wide ? gather<uint4>(count, row_bytes, chosen, rows, stream) : gather<unsigned>(count, row_bytes, chosen, rows, stream);
}
