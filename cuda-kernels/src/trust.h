/* What LARS and LAMB share: norms of matrices by chunks, and what a tensor's step is multiplied by. */
#ifndef GRADSIEVE_TRUST_H
#define GRADSIEVE_TRUST_H

#include "chunks.h"

namespace gradsieve {

/* The parts of the workspace. */
struct Trust {
    double *theta2, *toward2; /* [chunks]: squares of the weights and of where they go */
    double* ratio;            /* [parameters] */
};

inline Trust trust_of(void* workspace, int64_t chunks) {
    double* const sums = static_cast<double*>(workspace);
    return {sums, sums + chunks, sums + 2 * chunks};
}

/*
 * theta2[k], toward2[k] = the squares of a chunk of a matrix, of which shared memory has `count` floats of theta, and of the other
 * one a pitch further; zero for count 0. All threads call it.
 */
__device__ __forceinline__ void store_squares(const float* shared, int count, const Trust& trust) {
    __syncthreads();
    if (threadIdx.x < 32) {
        const bool theta = threadIdx.x < SQUARES_SUMS;
        const double sum = squares_of(shared + (theta ? 0 : SQUARES_PITCH), count);
        if (threadIdx.x % SQUARES_SUMS == 0) (theta ? trust.theta2 : trust.toward2)[blockIdx.x] = sum;
    }
}

/*
 * trust.ratio[p] = |theta| / |toward| (LAMB, trust 0), trust * |theta| / (scale * |toward| + decay * |theta|) (LARS); 1 where a
 * norm is zero and for what is no matrix. Norms are sums over the chunks of double, in an order that depends on their number alone.
 */
int trust_ratios(int64_t parameters, const gs_cuda_parameter* table, const gs_cuda_step* step, const gs_cuda_outcome* outcome,
                 float factor, float decay, const Trust& trust, void* stream);

}  // namespace gradsieve
#endif
