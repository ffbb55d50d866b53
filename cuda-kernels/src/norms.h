/* What group and layer norm share: checks; how many pieces of a batch leave sums for gamma and beta, and the end of these. */
#ifndef GRADSIEVE_CUDA_NORMS_H
#define GRADSIEVE_CUDA_NORMS_H

#include "partials.h"
#include "quads.h"
#include "values.h"

namespace gradsieve {

/* By the shape alone; the workspace is float[2][pieces][parameters], of gamma and of beta. */
inline int64_t norm_pieces(int64_t batch, int64_t parameters) {
    const int64_t slabs = ceil_div<int64_t>(parameters, 256), most = slabs < 128 ? 1024 / slabs : 8;
    return batch < most ? batch : most;
}

inline int check_norm(const char* name, float eps) {
    return eps > 0 ? static_cast<int>(GS_CUDA_OK) : refuse(name, "eps %g is not above 0", static_cast<double>(eps));
}

inline int check_gradient(const char* name, int gradient, const float* input_gradient) {
    if (input_gradient && gradient != GS_CUDA_STORE && gradient != GS_CUDA_ADD)
        return refuse(name, "gradient %d is neither = nor +=", gradient);
    return GS_CUDA_OK;
}

namespace {

/* gamma_gradient and beta_gradient = the sums of their pieces; without pieces zero. */
inline int sum_norm_pieces(int64_t parameters, int64_t pieces, const float* workspace, float* gamma_gradient, float* beta_gradient,
                           void* stream) {
    const int parts = static_cast<int>(pieces);
    const int status = sum_partials(parameters, parts, workspace, gamma_gradient, 0, 0, nullptr, nullptr, stream);
    if (status != GS_CUDA_OK) return status;
    return sum_partials(parameters, parts, workspace + pieces * parameters, beta_gradient, 0, 0, nullptr, nullptr, stream);
}

}  // namespace
}  // namespace gradsieve
#endif
