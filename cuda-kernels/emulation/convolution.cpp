#include "convolution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <vector>

#include "library.h"
#include "sums.h"

namespace gradsieve {
namespace {

const int TOGETHER = 4; /* positions that add_outer takes at a time */

uint64_t mixed(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* Another one for every run of an operation. */
uint64_t next_draw() {
    static std::atomic<uint64_t> runs{0};
    const char* const seed = getenv("GRADSIEVE_CUDA_SEED");
    return mixed((seed == nullptr ? 1 : strtoull(seed, nullptr, 10)) * 0x9e3779b97f4a7c15u + ++runs);
}

}  // namespace

const Tensor4d& Convolution::from_shape(int which) const {
    if (which == 0) return pass == Pass::BACKWARD_DATA ? w : x;
    return pass == Pass::FORWARD ? w : y;
}

void Convolution::store(float* at, double sum) const {
    float value = blend(alpha, sum, beta, at);
    if (!deterministic) {
        random_ = mixed(random_ + 0x9e3779b97f4a7c15u);
        if (value != 0 && random_ % 3 != 0) value = nextafterf(value, random_ % 3 == 1 ? INFINITY : -INFINITY);
    }
    *at = value;
}

void Convolution::compute() const {
    /* What lies in the workspace means nothing afterwards. */
    if (workspace != nullptr) memset(workspace, 0xff, workspace_bytes);
    if (!deterministic) random_ = next_draw();
    for (int group = 0; group < shape.groups; group++) {
        if (pass == Pass::FORWARD) forward(group);
        if (pass == Pass::BACKWARD_DATA) backward_data(group);
        if (pass == Pass::BACKWARD_FILTER) backward_filter(group);
    }
    /* What lies between rows of channels is not written. */
    const Tensor4d& out = to_shape();
    const size_t float_bytes = sizeof(float);
    const auto in_bytes = [float_bytes](int64_t elements) { return static_cast<size_t>(elements) * float_bytes; };
    const bool together = out.c_step == 1;
    for (int n = 0; n < out.n; n++)
        for (int h = 0; h < out.h; h++)
            for (int c = 0; c < (together ? 1 : out.c); c++)
                gs_emulated_written(to + out.at(n, c, h, 0), in_bytes(together ? out.c : 1), in_bytes(out.w_step),
                                    static_cast<size_t>(out.w));
}

/* y[n, k, p, q] = sum over r, s, c of x[n, c, p * stride - pad + r * dilation, ...] * w[k, c, r, s] */
void Convolution::forward(int group) const {
    const int channels = w.c, filters = w.n / shape.groups, taps = w.h * w.w;
    Panels panels(static_cast<size_t>(taps * channels), static_cast<size_t>(filters), tf32);
    for (int k = 0; k < filters; k++)
        for (int r = 0; r < w.h; r++)
            for (int s = 0; s < w.w; s++)
                for (int c = 0; c < channels; c++)
                    panels.set(static_cast<size_t>((r * w.w + s) * channels + c), static_cast<size_t>(k),
                               from[1][w.at(group * filters + k, c, tap(r, w.h), tap(s, w.w))]);
    Row row(static_cast<size_t>(taps * channels), tf32, !panels.finite());
    std::vector<double> sums(static_cast<size_t>(filters));
    for (int n = 0; n < y.n; n++)
        for (int p = 0; p < y.h; p++)
            for (int q = 0; q < y.w; q++) {
                row.clear();
                for (int r = 0; r < w.h; r++) {
                    const int h = p * shape.stride_h - shape.pad_h + r * shape.dilation_h;
                    if (h < 0 || h >= x.h) continue;
                    for (int s = 0; s < w.w; s++) {
                        const int v = q * shape.stride_w - shape.pad_w + s * shape.dilation_w;
                        if (v < 0 || v >= x.w) continue;
                        row.add(from[0] + x.at(n, group * channels, h, v), static_cast<size_t>(channels), x.c_step,
                                static_cast<size_t>((r * w.w + s) * channels));
                    }
                }
                row.times(panels, sums.data());
                float* const out = to + y.at(n, group * filters, p, q);
                for (int k = 0; k < filters; k++) store(out + k * y.c_step, sums[static_cast<size_t>(k)]);
            }
}

/* dx[n, c, h, v] = sum over r, s, k of dy[n, k, p, q] * w[k, c, r, s], where p * stride - pad + r * dilation = h */
void Convolution::backward_data(int group) const {
    const int channels = w.c, filters = w.n / shape.groups, taps = w.h * w.w;
    Panels panels(static_cast<size_t>(taps * filters), static_cast<size_t>(channels), tf32);
    for (int k = 0; k < filters; k++)
        for (int r = 0; r < w.h; r++)
            for (int s = 0; s < w.w; s++)
                for (int c = 0; c < channels; c++)
                    panels.set(static_cast<size_t>((r * w.w + s) * filters + k), static_cast<size_t>(c),
                               from[0][w.at(group * filters + k, c, tap(r, w.h), tap(s, w.w))]);
    Row row(static_cast<size_t>(taps * filters), tf32, !panels.finite());
    std::vector<double> sums(static_cast<size_t>(channels));
    for (int n = 0; n < x.n; n++)
        for (int h = 0; h < x.h; h++)
            for (int v = 0; v < x.w; v++) {
                row.clear();
                for (int r = 0; r < w.h; r++) {
                    const int up = h + shape.pad_h - r * shape.dilation_h, p = up / shape.stride_h;
                    if (up < 0 || up % shape.stride_h != 0 || p >= y.h) continue;
                    for (int s = 0; s < w.w; s++) {
                        const int left = v + shape.pad_w - s * shape.dilation_w, q = left / shape.stride_w;
                        if (left < 0 || left % shape.stride_w != 0 || q >= y.w) continue;
                        row.add(from[1] + y.at(n, group * filters, p, q), static_cast<size_t>(filters), y.c_step,
                                static_cast<size_t>((r * w.w + s) * filters));
                    }
                }
                row.times(panels, sums.data());
                float* const out = to + x.at(n, group * channels, h, v);
                for (int c = 0; c < channels; c++) store(out + c * x.c_step, sums[static_cast<size_t>(c)]);
            }
}

/* dw[k, c, r, s] = sum over n, p, q of dy[n, k, p, q] * x[n, c, p * stride - pad + r * dilation, ...] */
void Convolution::backward_filter(int group) const {
    const int channels = w.c, filters = w.n / shape.groups, taps = w.h * w.w;
    const size_t count = static_cast<size_t>(taps * channels);
    std::vector<double> sums(count * static_cast<size_t>(filters)), inputs(count * TOGETHER);
    std::vector<double> factors(static_cast<size_t>(filters * TOGETHER));
    const double* rows[TOGETHER];
    for (int i = 0; i < TOGETHER; i++) rows[i] = inputs.data() + static_cast<size_t>(i) * count;
    const int64_t per_image = int64_t{y.h} * y.w, positions = per_image * y.n;
    const auto rounded = [this](float value) { return double{tf32 ? to_tf32(value) : value}; };
    for (int64_t first = 0; first < positions; first += TOGETHER) {
        for (int i = 0; i < TOGETHER; i++) {
            double* const input = inputs.data() + static_cast<size_t>(i) * count;
            std::fill(input, input + count, 0.0);
            if (first + i >= positions) {
                for (int k = 0; k < filters; k++) factors[static_cast<size_t>(k * TOGETHER + i)] = 0;
                continue;
            }
            const int n = static_cast<int>((first + i) / per_image), at = static_cast<int>((first + i) % per_image);
            const int p = at / y.w, q = at % y.w;
            const float* const gradient = from[1] + y.at(n, group * filters, p, q);
            for (int k = 0; k < filters; k++) factors[static_cast<size_t>(k * TOGETHER + i)] = rounded(gradient[k * y.c_step]);
            for (int r = 0; r < w.h; r++) {
                const int h = p * shape.stride_h - shape.pad_h + r * shape.dilation_h;
                if (h < 0 || h >= x.h) continue;
                for (int s = 0; s < w.w; s++) {
                    const int v = q * shape.stride_w - shape.pad_w + s * shape.dilation_w;
                    if (v < 0 || v >= x.w) continue;
                    const float* const values = from[0] + x.at(n, group * channels, h, v);
                    double* const to_tap = input + (r * w.w + s) * channels;
                    for (int c = 0; c < channels; c++) to_tap[c] = rounded(values[c * x.c_step]);
                }
            }
        }
        for (int k = 0; k < filters; k++)
            add_outer(sums.data() + static_cast<size_t>(k) * count, factors.data() + k * TOGETHER, rows, count);
    }
    for (int k = 0; k < filters; k++)
        for (int r = 0; r < w.h; r++)
            for (int s = 0; s < w.w; s++)
                for (int c = 0; c < channels; c++)
                    store(to + w.at(group * filters + k, c, tap(r, w.h), tap(s, w.w)),
                          sums[static_cast<size_t>(k) * count + static_cast<size_t>((r * w.w + s) * channels + c)]);
}

}  // namespace gradsieve
