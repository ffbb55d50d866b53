/* Convolution in double precision, six loops deep, straight from the definition. */
#include "conv2d.h"

namespace cases {

static int64_t to_block(int64_t n) { return (n + 15) / 16 * 16; }

Convolution convolution(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t out_channels,
                        int64_t kernel_height, int64_t kernel_width, int64_t stride, int64_t padding, int64_t pool,
                        bool dense_input) {
    Convolution c;
    c.shape = {height, width, channels, dense_input ? channels : to_block(channels), kernel_height, kernel_width, stride,
               padding, out_channels, to_block(out_channels)};
    c.batch = batch;
    c.pool = pool;
    return c;
}

std::vector<Convolution> odd_convolutions() {
    std::vector<Convolution> all;
    for (int64_t stride : {1, 2, 3})
        for (int64_t padding : {0, 1, 2})
            for (int64_t kernel : {1, 2, 3, 5}) all.push_back(convolution(2, 7, 9, 5, 19, kernel, kernel, stride, padding));
    const int64_t channels[][2] = {{1, 1}, {1, 32}, {2, 16}, {3, 17}, {7, 48}, {8, 15}, {9, 33}, {16, 16}, {20, 64}, {31, 5}, {33, 80}};
    for (const auto& pair : channels) {
        all.push_back(convolution(3, 8, 5, pair[0], pair[1], 3, 3, 1, 1));
        all.push_back(convolution(2, 6, 7, pair[0], pair[1], 3, 3, 2, 1, 1, true));
    }
    all.push_back(convolution(2, 5, 11, 6, 18, 2, 5, 2, 1));
    all.push_back(convolution(2, 13, 4, 18, 18, 4, 1, 1, 0));
    all.push_back(convolution(1, 1, 1, 4, 3, 1, 1, 1, 0));
    all.push_back(convolution(1, 2, 2, 4, 3, 3, 3, 1, 4));
    for (int64_t width = 1; width <= 33; width++) all.push_back(convolution(1, 2, width, 17, 16, 3, 3, 1, 1));
    all.push_back(convolution(11, 4, 4, 96, 96, 3, 3, 1, 1)); /* samples in groups */
    all.push_back(convolution(3, 9, 6, 32, 48, 3, 3, 1, 2));
    all.push_back(convolution(5, 13, 12, 17, 20, 3, 3, 1, 0));
    return all;
}

std::vector<Convolution> timed_convolutions() {
    std::vector<Convolution> all;
    all.push_back(convolution(16, 28, 28, 1, 16, 3, 3, 1, 1, 1, true)); /* resnet20 on Fashion-MNIST */
    all.push_back(convolution(16, 32, 32, 3, 16, 3, 3, 1, 1, 1, true)); /* resnet20 on CIFAR-10 */
    all.push_back(convolution(16, 28, 28, 16, 16, 3, 3, 1, 1));
    all.push_back(convolution(16, 28, 28, 16, 32, 3, 3, 2, 1));
    all.push_back(convolution(16, 28, 28, 16, 32, 1, 1, 2, 0));
    all.push_back(convolution(16, 14, 14, 32, 32, 3, 3, 1, 1));
    all.push_back(convolution(16, 14, 14, 32, 64, 3, 3, 2, 1));
    all.push_back(convolution(16, 14, 14, 32, 64, 1, 1, 2, 0));
    all.push_back(convolution(16, 7, 7, 64, 64, 3, 3, 1, 1));
    all.push_back(convolution(16, 14, 14, 32, 64, 3, 3, 1, 1));
    all.push_back(convolution(16, 32, 32, 16, 16, 3, 3, 1, 1)); /* the rest of resnet20 on CIFAR-10 */
    all.push_back(convolution(16, 32, 32, 16, 32, 3, 3, 2, 1));
    all.push_back(convolution(16, 32, 32, 16, 32, 1, 1, 2, 0));
    all.push_back(convolution(16, 16, 16, 32, 32, 3, 3, 1, 1));
    all.push_back(convolution(16, 16, 16, 32, 64, 3, 3, 2, 1));
    all.push_back(convolution(16, 16, 16, 32, 64, 1, 1, 2, 0));
    all.push_back(convolution(16, 8, 8, 64, 64, 3, 3, 1, 1));
    all.push_back(convolution(4, 32, 32, 64, 64, 3, 3, 1, 1)); /* resnet18 */
    all.push_back(convolution(4, 16, 16, 128, 128, 3, 3, 1, 1));
    all.push_back(convolution(4, 8, 8, 256, 256, 3, 3, 1, 1));
    all.push_back(convolution(4, 4, 4, 512, 512, 3, 3, 1, 1));
    all.push_back(convolution(1, 28, 28, 16, 16, 3, 3, 1, 1)); /* sample by sample */
    all.push_back(convolution(1, 7, 7, 64, 64, 3, 3, 1, 1));
    return all;
}

std::string Convolution::name() const {
    std::string line = text("B%lld %lldx%lldx%lld/%lld -> %lld, %lldx%lld", (long long)batch, (long long)shape.height,
                            (long long)shape.width, (long long)shape.channels, (long long)shape.pitch,
                            (long long)shape.out_channels, (long long)shape.kernel_height, (long long)shape.kernel_width);
    if (shape.stride != 1) line += text(" stride %lld", (long long)shape.stride);
    if (shape.padding != 0) line += text(" pad %lld", (long long)shape.padding);
    if (pool != 1) line += text(" pool %lld", (long long)pool);
    return line;
}

Tolerance tolerance_of(const Convolution& c, int pass, double n) {
    const Tolerance direct = summation(n);
    if (gs_conv2d_algorithm(&c.shape, c.pool, pass) != GS_WINOGRAD) return direct;
    /* Root mean square 1e-6 to 3.5e-6 (512 channels); the corner of a tile is worst: at most 12.5 times the direct sum's bound in five
     * seeds of all cases. */
    return {16 * direct.relative, "the transforms' constants, up to 8 in each of two dimensions, amplify rounding errors"};
}

Buffer<float> weights_of(Run& run, const Convolution& c, const char* name) {
    Buffer<float> weights = run.random(name, c.weights());
    const int64_t taps = c.weights() / c.shape.out_pitch;
    for (int64_t o = c.shape.out_channels; o < c.shape.out_pitch; o++)
        for (int64_t t = 0; t < taps; t++) weights[static_cast<size_t>((o / 16 * taps + t) * 16 + o % 16)] = 0;
    weights.before.assign(weights.data, weights.data + weights.size);
    return weights;
}

Buffer<float> input_of(Run& run, const Convolution& c, const char* name) {
    return run.rows(name, c.batch * c.shape.height * c.shape.width, c.shape.channels, c.shape.pitch);
}

std::vector<double> forward_reference(const Convolution& c, const float* input, const float* weights, const float* bias) {
    std::vector<double> output(static_cast<size_t>(c.outputs()), 0.0);
    for (int64_t t = 0; t < c.batch * c.height() * c.width(); t++)
        for (int64_t o = 0; o < c.shape.out_channels; o++)
            output[static_cast<size_t>(t * c.shape.out_pitch + o)] = bias == nullptr ? 0 : bias[o];
    for_taps(c, [&](int64_t i, int64_t y, int64_t x, int64_t ky, int64_t kx, int64_t in_y, int64_t in_x) {
        for (int64_t o = 0; o < c.shape.out_channels; o++) {
            double sum = 0;
            for (int64_t k = 0; k < c.shape.channels; k++)
                sum += static_cast<double>(input[c.input(i, in_y, in_x, k)]) * weights[c.weight(ky, kx, k, o)];
            output[c.output(i, y, x, o)] += sum;
        }
    });
    return output;
}

std::vector<double> input_reference(const Convolution& c, const std::vector<double>& output_gradient, const float* weights,
                                    const std::vector<float>& before) {
    std::vector<double> gradient(static_cast<size_t>(c.inputs()), 0.0);
    if (!before.empty()) gradient.assign(before.begin(), before.end());
    for_taps(c, [&](int64_t i, int64_t y, int64_t x, int64_t ky, int64_t kx, int64_t in_y, int64_t in_x) {
        for (int64_t k = 0; k < c.shape.channels; k++) {
            double sum = 0;
            for (int64_t o = 0; o < c.shape.out_channels; o++)
                sum += output_gradient[c.output(i, y, x, o)] * weights[c.weight(ky, kx, k, o)];
            gradient[c.input(i, in_y, in_x, k)] += sum;
        }
    });
    return gradient;
}

WeightGradients weights_reference(const Convolution& c, const float* input, const std::vector<double>& output_gradient) {
    WeightGradients g;
    g.weights.assign(static_cast<size_t>(c.batch * c.weights()), 0.0);
    g.bias.assign(static_cast<size_t>(c.batch * c.shape.out_channels), 0.0);
    for_taps(c, [&](int64_t i, int64_t y, int64_t x, int64_t ky, int64_t kx, int64_t in_y, int64_t in_x) {
        for (int64_t k = 0; k < c.shape.channels; k++)
            for (int64_t o = 0; o < c.shape.out_channels; o++)
                g.weights[static_cast<size_t>(i * c.weights()) + c.weight(ky, kx, k, o)] +=
                    input[c.input(i, in_y, in_x, k)] * output_gradient[c.output(i, y, x, o)];
    });
    for (int64_t i = 0; i < c.batch; i++)
        for (int64_t t = 0; t < c.height() * c.width(); t++)
            for (int64_t o = 0; o < c.shape.out_channels; o++)
                g.bias[static_cast<size_t>(i * c.shape.out_channels + o)] +=
                    output_gradient[static_cast<size_t>((i * c.height() * c.width() + t) * c.shape.out_pitch + o)];
    return g;
}

std::vector<double> summed(const std::vector<double>& of_samples, const std::vector<float>& before) {
    std::vector<double> total(before.begin(), before.end());
    for (size_t i = 0; i < of_samples.size(); i++) total[i % total.size()] += of_samples[i];
    return total;
}

std::vector<double> norms(const Convolution& c, const WeightGradients& g, bool bias, const std::vector<float>& before) {
    std::vector<double> total(before.begin(), before.end());
    const size_t batch = static_cast<size_t>(c.batch), weights = g.weights.size() / batch, biases = g.bias.size() / batch;
    for (size_t i = 0; i < batch; i++) {
        for (size_t k = 0; k < weights; k++) total[i] += g.weights[i * weights + k] * g.weights[i * weights + k];
        for (size_t k = 0; bias && k < biases; k++) total[i] += g.bias[i * biases + k] * g.bias[i * biases + k];
    }
    return total;
}

}  // namespace cases
