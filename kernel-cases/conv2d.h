/* Shapes and double-precision references of the convolutions, for conv2d*.cpp. */
#ifndef GRADSIEVE_CASES_CONV2D_H
#define GRADSIEVE_CASES_CONV2D_H

#include "cases.h"

namespace cases {

struct Convolution {
    gs_conv2d shape;
    int64_t batch;
    int64_t pool; /* 1: none */

    int64_t height() const { return (shape.height + 2 * shape.padding - shape.kernel_height) / shape.stride + 1; }
    int64_t width() const { return (shape.width + 2 * shape.padding - shape.kernel_width) / shape.stride + 1; }
    int64_t inputs() const { return batch * shape.height * shape.width * shape.pitch; }
    int64_t outputs() const { return batch * height() * width() * shape.out_pitch; }
    int64_t pooled() const { return batch * (height() / pool) * (width() / pool) * shape.out_pitch; }
    int64_t weights() const { return shape.kernel_height * shape.kernel_width * shape.channels * shape.out_pitch; }
    int64_t terms() const { return shape.kernel_height * shape.kernel_width * shape.channels; }
    double flops() const { return 2.0 * static_cast<double>(batch * height() * width() * terms() * shape.out_channels); }
    /* values read and written, weights as often as given */
    double bytes(double times) const {
        return 4.0 * (static_cast<double>(inputs() + outputs()) + times * static_cast<double>(weights()));
    }
    std::string name() const;

    size_t weight(int64_t ky, int64_t kx, int64_t c, int64_t o) const {
        return static_cast<size_t>(
            (((o / 16 * shape.kernel_height + ky) * shape.kernel_width + kx) * shape.channels + c) * 16 + o % 16);
    }
    size_t input(int64_t i, int64_t y, int64_t x, int64_t c) const {
        return static_cast<size_t>(((i * shape.height + y) * shape.width + x) * shape.pitch + c);
    }
    size_t output(int64_t i, int64_t y, int64_t x, int64_t o) const {
        return static_cast<size_t>(((i * height() + y) * width() + x) * shape.out_pitch + o);
    }
};

/* Pitches as the network stores them: fewer than 16 channels are dense if dense_input, all else a multiple of 16. */
Convolution convolution(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t out_channels,
                        int64_t kernel_height, int64_t kernel_width, int64_t stride, int64_t padding, int64_t pool = 1,
                        bool dense_input = false);

/* Strides, paddings, kernels, channels and widths of all kinds; then layers of networks. */
std::vector<Convolution> odd_convolutions();
std::vector<Convolution> timed_convolutions();

/* For sums of n products of a pass, by the way it is computed here. */
Tolerance tolerance_of(const Convolution& c, int pass, double n);

/* Random weights whose lanes beyond out_channels are zero. */
Buffer<float> weights_of(Run& run, const Convolution& c, const char* name);
Buffer<float> input_of(Run& run, const Convolution& c, const char* name);

/* Calls f(i, y, x, ky, kx, in_y, in_x) for every tap that lies inside the input. */
template <typename F>
void for_taps(const Convolution& c, F f) {
    const gs_conv2d& s = c.shape;
    for (int64_t i = 0; i < c.batch; i++)
        for (int64_t y = 0; y < c.height(); y++)
            for (int64_t x = 0; x < c.width(); x++)
                for (int64_t ky = 0; ky < s.kernel_height; ky++)
                    for (int64_t kx = 0; kx < s.kernel_width; kx++) {
                        const int64_t in_y = y * s.stride + ky - s.padding, in_x = x * s.stride + kx - s.padding;
                        if (in_y >= 0 && in_y < s.height && in_x >= 0 && in_x < s.width) f(i, y, x, ky, kx, in_y, in_x);
                    }
}

std::vector<double> forward_reference(const Convolution& c, const float* input, const float* weights, const float* bias);
std::vector<double> input_reference(const Convolution& c, const std::vector<double>& output_gradient, const float* weights,
                                    const std::vector<float>& before);
/* Gradients of one sample after another: [B][weights], then [B][out_channels]. */
struct WeightGradients {
    std::vector<double> weights, bias;
};
WeightGradients weights_reference(const Convolution& c, const float* input, const std::vector<double>& output_gradient);
/* The batch's sums added to what was there, and every sample's share of the squared norm. */
std::vector<double> summed(const std::vector<double>& of_samples, const std::vector<float>& before);
std::vector<double> norms(const Convolution& c, const WeightGradients& g, bool bias, const std::vector<float>& before);

}  // namespace cases
#endif
