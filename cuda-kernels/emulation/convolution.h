/* A convolution as cuDNN's descriptors say it, and its three passes in plain loops, summed in double. */
#ifndef GRADSIEVE_EMULATION_CONVOLUTION_H
#define GRADSIEVE_EMULATION_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

namespace gradsieve {

/* [N][C][H][W] in any order in memory: steps in elements; sizes 0: was not set. */
struct Tensor4d {
    int n, c, h, w;
    int64_t n_step, c_step, h_step, w_step;

    int64_t at(int64_t in, int64_t ic, int64_t ih, int64_t iw) const {
        return in * n_step + ic * c_step + ih * h_step + iw * w_step;
    }
    /* Elements from the first to beyond the last. */
    int64_t extent() const { return at(n - 1, c - 1, h - 1, w - 1) + 1; }
};

struct ConvolutionShape {
    int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups;
    bool flipped; /* a convolution in the mathematical sense: the filter is turned by 180 degrees */
};

enum class Pass { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

struct Convolution {
    Pass pass;
    ConvolutionShape shape;
    Tensor4d x, w, y; /* w.n filters of w.c channels each, y.c = w.n, x.c = groups * w.c */
    bool tf32;
    bool deterministic; /* else the last bit of a result is another one each time */
    float alpha, beta;
    const float* from[2]; /* x and w; w and dy; x and dy */
    float* to;            /* y; dx; dw */
    void* workspace;
    size_t workspace_bytes;

    const Tensor4d& from_shape(int which) const;
    const Tensor4d& to_shape() const { return pass == Pass::FORWARD ? y : pass == Pass::BACKWARD_DATA ? x : w; }
    void compute() const;

private:
    void forward(int group) const;
    void backward_data(int group) const;
    void backward_filter(int group) const;
    void store(float* at, double sum) const;
    int tap(int index, int count) const { return shape.flipped ? count - 1 - index : index; }

    mutable uint64_t random_ = 0;
};

}  // namespace gradsieve

#endif
