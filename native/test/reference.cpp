/* The network of network.h in double precision, written for plainness: one loop over samples after another. */
#include <math.h>

#include <algorithm>

#include "kernels.h"
#include "network.h"

namespace {

typedef std::vector<double> Values; /* [B][H][W][P]; padding stays 0 */

class Evaluation {
public:
    Evaluation(const Network& network, int mode, const Nudge& nudge) : n_(network), mode_(mode), nudge_(nudge) {
        values_.resize(n_.tensors.size());
        for (size_t t = 0; t < values_.size(); t++)
            values_[t].assign(static_cast<size_t>(n_.batch * n_.tensors[t].floats()), 0.0);
        result_.running.assign(n_.parameters.begin() + n_.trainable, n_.parameters.end());
    }

    /* A nudge reaches only its own sample, unless statistics of the batch couple them. */
    Reference run() {
        bool coupled = mode_ == GS_TRAINING && n_.running_floats > 0;
        for (const Node& node : n_.nodes) {
            if (node.kind == NORMALIZE) normalize(node);
            for (int64_t i = 0; i < n_.batch; i++)
                if (coupled || nudge_.sample < 0 || i == nudge_.sample) sample(node, i);
        }
        return result_;
    }

private:
    double parameter(int64_t sample, int64_t index) const {
        double value = n_.parameters[static_cast<size_t>(index)];
        return sample == nudge_.sample && index == nudge_.parameter ? value + nudge_.by : value;
    }

    double& at(int tensor, int64_t i, int64_t y, int64_t x, int64_t c) {
        const Shape& s = n_.tensors[static_cast<size_t>(tensor)];
        return values_[static_cast<size_t>(tensor)][static_cast<size_t>(((i * s.height + y) * s.width + x) * s.pitch + c)];
    }

    static double activate(int kind, double x) {
        switch (kind) {
            case GS_RELU: return x > 0 ? x : 0;
            case GS_GELU: return 0.5 * x * (1 + erf(x / sqrt(2.0)));
            case GS_TANH: return tanh(x);
            case GS_SIGMOID: return 1 / (1 + exp(-x));
            default: return x;
        }
    }

    void sample(const Node& node, int64_t i) {
        switch (node.kind) {
            case INPUT: return input(node, i);
            case CONV2D: return conv2d(node, i);
            case LINEAR: return linear(node, i);
            case GROUPNORM: return groupnorm(node, i);
            case LAYERNORM: return layernorm(node, i);
            case POOL2D: return pool2d(node, i);
            case LOSS: return loss(node, i);
            case ACTIVATION:
                return each(node, [&](int64_t y, int64_t x, int64_t c) {
                    return activate(node.activation, at(node.in, i, y, x, c));
                }, i);
            case ADD:
                return each(node, [&](int64_t y, int64_t x, int64_t c) {
                    return at(node.in, i, y, x, c) + at(node.skip, i, y, x, c);
                }, i);
            case DROPOUT: return dropout(node, i);
            default: return;
        }
    }

    template <typename F>
    void each(const Node& node, F value, int64_t i) {
        const Shape& s = n_.tensors[static_cast<size_t>(node.out)];
        for (int64_t y = 0; y < s.height; y++)
            for (int64_t x = 0; x < s.width; x++)
                for (int64_t c = 0; c < s.channels; c++) at(node.out, i, y, x, c) = value(y, x, c);
    }

    void input(const Node& node, int64_t i) {
        const Shape& s = n_.tensors[static_cast<size_t>(node.out)];
        each(node, [&](int64_t y, int64_t x, int64_t c) {
            size_t index = static_cast<size_t>(((i * s.height + y) * s.width + x) * s.channels + c);
            if (!n_.bytes) return static_cast<double>(n_.float_inputs[index]);
            return n_.byte_inputs[index] * static_cast<double>(n_.scale[static_cast<size_t>(c)]) +
                   n_.shift[static_cast<size_t>(c)];
        }, i);
    }

    double convolve(const Node& node, int64_t i, int64_t oy, int64_t ox, int64_t o) {
        const Shape& in = n_.tensors[static_cast<size_t>(node.in)];
        double sum = node.bias < 0 ? 0 : parameter(i, node.bias + o);
        for (int64_t ky = 0; ky < node.kernel; ky++) {
            for (int64_t kx = 0; kx < node.kernel; kx++) {
                int64_t y = oy * node.stride + ky - node.padding, x = ox * node.stride + kx - node.padding;
                if (y < 0 || x < 0 || y >= in.height || x >= in.width) continue;
                int64_t filter = ((o / 16 * node.kernel + ky) * node.kernel + kx) * in.channels * 16 + o % 16;
                for (int64_t c = 0; c < in.channels; c++)
                    sum += at(node.in, i, y, x, c) * parameter(i, node.weights + filter + c * 16);
            }
        }
        return activate(node.activation, sum);
    }

    void conv2d(const Node& node, int64_t i) {
        each(node, [&](int64_t y, int64_t x, int64_t c) {
            double largest = -INFINITY;
            for (int64_t v = 0; v < node.pool; v++)
                for (int64_t u = 0; u < node.pool; u++)
                    largest = std::max(largest, convolve(node, i, y * node.pool + v, x * node.pool + u, c));
            return largest;
        }, i);
    }

    void linear(const Node& node, int64_t i) {
        const Shape& in = n_.tensors[static_cast<size_t>(node.in)];
        const double* a = &values_[static_cast<size_t>(node.in)][static_cast<size_t>(i * in.floats())];
        each(node, [&](int64_t, int64_t, int64_t o) {
            double sum = parameter(i, node.bias + o);
            int64_t weights = node.weights + o / 16 * in.floats() * 16 + o % 16;
            for (int64_t k = 0; k < in.floats(); k++) sum += a[k] * parameter(i, weights + k * 16);
            return activate(node.activation, sum);
        }, i);
    }

    /* Mean and 1 / deviation of batch, group or row, from the values listed. */
    struct Moments {
        double mean = 0, variance = 0, count = 0;
        void add(double x) {
            count++;
            double delta = x - mean;
            mean += delta / count;
            variance += delta * (x - mean); /* a sum until finish */
        }
        void finish() { variance /= count; }
        double normalized(double x) const { return (x - mean) / sqrt(variance + 1e-5); }
    };

    void normalize(const Node& node) {
        const Shape& s = n_.tensors[static_cast<size_t>(node.in)];
        const Node& statistics = n_.nodes[static_cast<size_t>(node.statistics)];
        for (int64_t c = 0; c < s.channels; c++) {
            double& running_mean = result_.running[static_cast<size_t>(statistics.running + c)];
            double& running_variance = result_.running[static_cast<size_t>(statistics.running + s.channels + c)];
            Moments moments;
            if (mode_ == GS_TRAINING) {
                for (int64_t i = 0; i < n_.batch; i++)
                    for (int64_t t = 0; t < s.positions(); t++) moments.add(at(node.in, i, 0, t, c));
                moments.finish();
                double unbiased = moments.variance * moments.count / (moments.count - 1);
                running_mean += 0.1 * (moments.mean - running_mean);
                running_variance += 0.1 * (unbiased - running_variance);
            } else {
                moments.mean = running_mean;
                moments.variance = running_variance;
            }
            for (int64_t i = 0; i < n_.batch; i++) {
                for (int64_t t = 0; t < s.positions(); t++) {
                    double skip = node.skip < 0 ? 0 : at(node.skip, i, 0, t, c);
                    at(node.out, i, 0, t, c) = activate(
                        node.activation, moments.normalized(at(node.in, i, 0, t, c)) * parameter(i, node.weights + c) +
                                             parameter(i, node.bias + c) + skip);
                }
            }
        }
    }

    void groupnorm(const Node& node, int64_t i) {
        const Shape& s = n_.tensors[static_cast<size_t>(node.in)];
        int64_t width = s.channels / node.groups;
        for (int64_t g = 0; g < node.groups; g++) {
            Moments moments;
            for (int64_t t = 0; t < s.positions(); t++)
                for (int64_t c = g * width; c < (g + 1) * width; c++) moments.add(at(node.in, i, 0, t, c));
            moments.finish();
            for (int64_t t = 0; t < s.positions(); t++)
                for (int64_t c = g * width; c < (g + 1) * width; c++)
                    at(node.out, i, 0, t, c) = moments.normalized(at(node.in, i, 0, t, c)) * parameter(i, node.weights + c) +
                                               parameter(i, node.bias + c);
        }
    }

    void layernorm(const Node& node, int64_t i) {
        const Shape& s = n_.tensors[static_cast<size_t>(node.in)];
        Moments all;
        each(node, [&](int64_t y, int64_t x, int64_t c) {
            all.add(at(node.in, i, y, x, c));
            return 0.0;
        }, i);
        all.finish();
        each(node, [&](int64_t y, int64_t x, int64_t c) {
            Moments row;
            for (int64_t k = 0; k < s.width; k++) row.add(at(node.in, i, y, k, c));
            row.finish();
            int64_t index = node.spatial ? x : (y * s.width + x) * s.pitch + c;
            return (node.spatial ? row : all).normalized(at(node.in, i, y, x, c)) * parameter(i, node.weights + index) +
                   parameter(i, node.bias + index);
        }, i);
    }

    void pool2d(const Node& node, int64_t i) {
        each(node, [&](int64_t y, int64_t x, int64_t c) {
            double largest = -INFINITY, sum = 0;
            for (int64_t v = 0; v < node.kernel; v++) {
                for (int64_t u = 0; u < node.kernel; u++) {
                    double value = at(node.in, i, y * node.kernel + v, x * node.kernel + u, c);
                    largest = std::max(largest, value);
                    sum += value;
                }
            }
            return node.pooling == GS_MAX_POOL ? largest : sum / static_cast<double>(node.kernel * node.kernel);
        }, i);
    }

    /* The mask is the kernel's own: what it draws is checked by its cases, here only that it is used on both ways. */
    void dropout(const Node& node, int64_t i) {
        const Shape& s = n_.tensors[static_cast<size_t>(node.in)];
        std::vector<float> ones(static_cast<size_t>(s.floats()), 1.0f), mask(ones);
        if (mode_ == GS_TRAINING)
            gradsieve::kernels().dropout({1, s.positions(), s.channels, s.pitch}, node.p, n_.seed, n_.epoch, 0,
                                         &n_.ids[static_cast<size_t>(i)], ones.data(), GS_GRADIENT_STORE, mask.data());
        each(node, [&](int64_t y, int64_t x, int64_t c) {
            return at(node.in, i, y, x, c) * static_cast<double>(mask[static_cast<size_t>((y * s.width + x) * s.pitch + c)]);
        }, i);
    }

    void loss(const Node& node, int64_t i) {
        int64_t classes = n_.tensors[static_cast<size_t>(node.in)].channels;
        double total = 0, mean = 0;
        for (int64_t k = 0; k < classes; k++) {
            total += exp(at(node.in, i, 0, 0, k));
            mean += at(node.in, i, 0, 0, k) / static_cast<double>(classes);
        }
        double own = at(node.in, i, 0, 0, n_.labels[static_cast<size_t>(i)]);
        double smoothing = static_cast<double>(node.smoothing);
        double loss = (log(total) - ((1 - smoothing) * own + smoothing * mean)) * n_.sample_weights[static_cast<size_t>(i)];
        result_.losses.push_back(loss);
        result_.total += loss * n_.plan_weights[static_cast<size_t>(i)];
    }

    const Network& n_;
    const int mode_;
    const Nudge nudge_;
    std::vector<Values> values_;
    Reference result_;
};

}  // namespace

Reference evaluate(const Network& network, int mode, const Nudge& nudge) { return Evaluation(network, mode, nudge).run(); }
