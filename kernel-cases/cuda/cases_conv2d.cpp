/* conv2d_backward_weights where the CPU's interface has no word for it: tf32, many samples a block, refusals; Gram norms. */
#include "../conv2d.h"
#include "conv2d_backward_weights.h"

#include <string.h>

namespace cases {
namespace {

/* Inputs rounded to 10 bits of fraction are off by up to 2^-11, products by twice that; sums of random signs keep it. */
constexpr Tolerance TF32 = {5e-3, "operands are rounded to tf32"};

struct Got {
    Buffer<float> weights, norm2;
};

int backward(const Convolution& c, int precision, const Buffer<float>& input, const Buffer<float>& delta, Got& got) {
    return conv2d_backward_weights(&c.shape, c.batch, precision, input.data, delta.data, got.weights.data, nullptr, got.norm2.data);
}

/* Twice the same bits, and what the reference says. */
Case backward_case(const Convolution& c, int precision, bool timed) {
    const char* const name = precision == GS_CUDA_TF32 ? " tf32" : "";
    Case result = {"conv2d_backward_weights", "CUDA " + c.name() + name, c.flops(), c.bytes(1), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto delta = run.rows("output_gradient", c.batch * c.height() * c.width(), c.shape.out_channels, c.shape.out_pitch);
        Got got = {run.filled("weights_gradient", c.weights(), 0), run.filled("norm2", c.batch, 3)};
        run.call([&] { return backward(c, precision, input, delta, got); });
        if (run.timing()) return;
        const WeightGradients g = weights_reference(c, input.data, {delta.data, delta.data + delta.size});
        const Tolerance exact = summation(static_cast<double>(c.batch * c.height() * c.width()));
        const Tolerance tolerance = precision == GS_CUDA_TF32 ? TF32 : exact;
        run.compare(got.weights, tolerance, [&] { return summed(g.weights, got.weights.before); });
        run.compare(got.norm2, tolerance, [&] { return norms(c, g, false, got.norm2.before); });
        Got again = {run.filled("again", c.weights(), 0), run.filled("norms again", c.batch, 3)};
        run.call([&] { return backward(c, precision, input, delta, again); });
        run.expect(memcmp(again.weights.data, got.weights.data, 4 * again.weights.size) == 0, "other bits in a second call");
        run.expect(memcmp(again.norm2.data, got.norm2.data, 4 * again.norm2.size) == 0, "another norm in a second call");
    };
    return result;
}

/* A sample is none of the others' business: NaN in one shows in its own norm alone. */
Case nan_case() {
    const Convolution c = convolution(5, 6, 6, 16, 16, 3, 3, 1, 1);
    Case result = {"conv2d_backward_weights", "CUDA NaN in one sample", 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto delta = run.rows("output_gradient", c.batch * c.height() * c.width(), c.shape.out_channels, c.shape.out_pitch);
        input[c.input(2, 3, 3, 5)] = __builtin_nanf("");
        Got got = {run.filled("weights_gradient", c.weights(), 0), run.filled("norm2", c.batch, 0)};
        run.call([&] { return backward(c, GS_CUDA_FP32, input, delta, got); });
        for (size_t i = 0; i < got.norm2.size; i++)
            run.expect((got.norm2[i] != got.norm2[i]) == (i == 2), text("norm2[%zu] is %g", i, static_cast<double>(got.norm2[i])));
    };
    return result;
}

/* Gram norms against the squares of gradients. */
Case gram_case(const Convolution& c, int precision, bool timed) {
    const char* const name = precision == GS_CUDA_TF32 ? " tf32" : "";
    const double products = 2.0 * 64 * 64 * static_cast<double>(c.batch * (c.shape.pitch + c.shape.out_pitch));
    Case result = {"conv2d_gram_norms", c.name() + name, products, c.bytes(0), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        const int64_t pixels = c.shape.height * c.shape.width;
        auto input = input_of(run, c, "input");
        auto delta = run.rows("output_gradient", c.batch * pixels, c.shape.out_channels, c.shape.out_pitch);
        auto norm2 = run.filled("norm2", c.batch, 3);
        run.call([&] {
            DeviceCall call;
            const gs_conv2d& h = c.shape;
            const gs_cuda_conv2d s = {h.height, h.width, h.channels, device_pitch(h.channels, h.pitch), 3, 3, 1, 1, h.out_channels,
                                      device_pitch(h.out_channels, h.out_pitch)};
            const float* x = call.in_value(input.data, c.batch, pixels, c.shape.channels, c.shape.pitch);
            const float* d = call.in_value(delta.data, c.batch, pixels, c.shape.out_channels, c.shape.out_pitch);
            float* n = call.in_out(norm2.data, c.batch);
            return call.run([&](void* stream) { return gs_cuda_conv2d_gram_norms(&s, c.batch, precision, x, d, n, stream); });
        });
        const double terms = static_cast<double>(c.shape.channels + c.shape.out_channels + pixels);
        run.compare(norm2, precision == GS_CUDA_TF32 ? TF32 : summation(terms), [&] {
            const WeightGradients g = weights_reference(c, input.data, {delta.data, delta.data + delta.size});
            return norms(c, g, false, norm2.before);
        });
    };
    return result;
}

/* Gradients that cancel all but for rounding: a square is never below zero. NaN stays. */
Case clamp_case(int precision) {
    const char* const name = precision == GS_CUDA_TF32 ? "never below zero tf32" : "never below zero";
    Case result = {"conv2d_gram_norms", name, 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        const int64_t batch = 6, pixels = 16, channels = 8;
        auto input = run.filled("input", batch * pixels * channels, 1);
        auto delta = run.random("output_gradient", batch * pixels * channels);
        /* Two neighbours inside, equal and opposite, over an input that is the same everywhere. */
        for (size_t i = 0; i < delta.size; i++) {
            const size_t t = i / 8 % 16;
            delta[i] = t == 5 ? delta[i] : t == 6 ? -delta[i - 8] : 0;
        }
        input[0] = __builtin_nanf("");
        auto norm2 = run.filled("norm2", batch, 0);
        const gs_cuda_conv2d s = {4, 4, 8, 8, 3, 3, 1, 1, 8, 8};
        run.call([&] {
            DeviceCall call;
            const float *x = call.in(input.data, batch * pixels * channels), *d = call.in(delta.data, batch * pixels * channels);
            float* n = call.in_out(norm2.data, batch);
            return call.run([&](void* stream) { return gs_cuda_conv2d_gram_norms(&s, batch, precision, x, d, n, stream); });
        });
        run.expect(norm2[0] != norm2[0], "a NaN is lost");
        for (size_t i = 1; i < norm2.size; i++)
            run.expect(norm2[i] >= 0, text("norm2[%zu] is %g", i, static_cast<double>(norm2[i])));
    };
    return result;
}

Case prefers_case() {
    Case result = {"conv2d_gram_norms", "preferred and refused", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const gs_cuda_conv2d good = {8, 8, 256, 256, 3, 3, 1, 1, 256, 256};
        for (int precision : {GS_CUDA_FP32, GS_CUDA_TF32})
            run.expect(gs_cuda_conv2d_prefers_gram(&good, precision) == 1, "not preferred for 256 channels at 8x8");
        run.expect(gs_cuda_conv2d_prefers_gram(&good, 2) == 0, "preferred in a precision that is none");
        run.expect(gs_cuda_conv2d_prefers_gram(nullptr, 0) == 0, "preferred for nothing");
        auto floats = run.random("floats", 64);
        const auto differs = [&](int64_t gs_cuda_conv2d::*number, int64_t value) {
            gs_cuda_conv2d bad = good;
            bad.*number = value;
            run.expect(gs_cuda_conv2d_prefers_gram(&bad, GS_CUDA_FP32) == 0, "preferred for a shape that it has not");
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* v = call.in_out(floats.data, 64);
                return call.run([&](void* stream) { return gs_cuda_conv2d_gram_norms(&bad, 1, GS_CUDA_FP32, v, v, v, stream); });
            });
        };
        differs(&gs_cuda_conv2d::height, 9);
        differs(&gs_cuda_conv2d::stride, 2);
        differs(&gs_cuda_conv2d::padding, 0);
        differs(&gs_cuda_conv2d::kernel_width, 1);
        differs(&gs_cuda_conv2d::pitch, 254);
        gs_cuda_conv2d narrow = good;
        narrow.channels = narrow.pitch = 64;
        run.expect(gs_cuda_conv2d_prefers_gram(&narrow, GS_CUDA_FP32) == 0, "preferred for 64 channels");
        run.refuses(GS_INVALID_ARGUMENT, [&] {
            DeviceCall call;
            float* v = call.in_out(floats.data, 64);
            return call.run([&](void* stream) { return gs_cuda_conv2d_gram_norms(&good, 1, 3, v, v, v, stream); });
        });
    };
    return result;
}

gs_cuda_conv2d good_shape() { return {4, 4, 3, 4, 3, 3, 1, 1, 5, 8}; }

Case empty_case() {
    Case result = {"conv2d_backward_weights", "CUDA no sample", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const gs_cuda_conv2d shape = good_shape();
        auto weights = run.random("weights_gradient", 8 * 9 * 4);
        run.call([&] {
            DeviceCall call;
            float* w = call.out(weights.data, 8 * 9 * 4);
            return call.run([&](void* stream) {
                return gs_cuda_conv2d_backward_weights(&shape, 0, GS_CUDA_FP32, nullptr, nullptr, nullptr, w, nullptr, stream);
            });
        });
        for (size_t k = 0; k < weights.size; k++) run.expect(weights[k] == 0, "a gradient of nothing is not zero");
    };
    return result;
}

Case refusals_case() {
    Case result = {"conv2d_backward_weights", "CUDA refuses", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 4096);
        const auto refused = [&](const gs_cuda_conv2d* shape, int64_t batch, int precision, int missing) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* v = call.in_out(floats.data, 4096);
                return call.run([&](void* stream) {
                    return gs_cuda_conv2d_backward_weights(shape, batch, precision, missing == 0 ? nullptr : v,
                                                           missing == 1 ? nullptr : v, missing == 2 ? nullptr : v,
                                                           missing == 3 ? nullptr : v, v, stream);
                });
            });
        };
        const gs_cuda_conv2d good = good_shape();
        int64_t gs_cuda_conv2d::*const numbers[] = {
            &gs_cuda_conv2d::height,        &gs_cuda_conv2d::width,        &gs_cuda_conv2d::channels, &gs_cuda_conv2d::pitch,
            &gs_cuda_conv2d::kernel_height, &gs_cuda_conv2d::kernel_width, &gs_cuda_conv2d::stride,   &gs_cuda_conv2d::padding,
            &gs_cuda_conv2d::out_channels, &gs_cuda_conv2d::out_pitch};
        for (auto number : numbers)
            for (int64_t value : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_C(1) << 40, INT64_MAX}) {
                gs_cuda_conv2d bad = good;
                bad.*number = value;
                if (number == &gs_cuda_conv2d::padding && value == 0) continue;
                refused(&bad, 1, GS_CUDA_FP32, -1);
                run.expect(gs_cuda_conv2d_backward_weights_workspace(&bad, 1, GS_CUDA_FP32) == 0, "a workspace for no shape");
            }
        for (int64_t pitch : {2, 6}) {
            gs_cuda_conv2d bad = good;
            bad.pitch = pitch;
            refused(&bad, 1, GS_CUDA_FP32, -1);
        }
        gs_cuda_conv2d large = good;
        large.height = large.width = 1 << 20;
        refused(&large, 1, GS_CUDA_FP32, -1);
        refused(&good, -1, GS_CUDA_FP32, -1);
        refused(&good, 1, 2, -1);
        refused(nullptr, 1, GS_CUDA_FP32, -1);
        for (int missing = 0; missing < 4; missing++) refused(&good, 1, GS_CUDA_FP32, missing);
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    const auto both = [&](const Convolution& c, bool timed) {
        cases.push_back(backward_case(c, GS_CUDA_FP32, timed));
        cases.push_back(backward_case(c, GS_CUDA_TF32, timed));
    };
    /* Small, middle and large tiles, several samples a block; pitches that are no whole tiles; rows of any width. */
    both(convolution(800, 3, 2, 16, 16, 3, 3, 1, 1), false);
    both(convolution(540, 2, 3, 32, 32, 3, 3, 1, 1), false);
    both(convolution(60, 2, 2, 96, 80, 3, 3, 1, 1), false);
    both(convolution(134, 2, 2, 64, 64, 3, 3, 1, 1), false);
    both(convolution(134, 1, 5, 36, 64, 3, 3, 1, 1), false);
    both(convolution(2, 11, 13, 16, 32, 3, 3, 1, 1), false);
    both(convolution(2, 17, 7, 33, 64, 3, 3, 1, 1), false);
    both(convolution(1, 20, 100, 16, 16, 3, 3, 1, 1), false);
    both(convolution(1, 3, 500, 16, 16, 3, 3, 1, 1), false); /* rows too wide for shared memory */
    both(convolution(2, 3, 3, 12, 20, 3, 3, 1, 1, 1, true), false);
    both(convolution(1, 26, 22, 3, 64, 7, 7, 2, 3, 1, true), false);
    cases.push_back(backward_case(convolution(160, 5, 4, 3, 64, 7, 7, 2, 3, 1, true), GS_CUDA_FP32, false));
    both(convolution(700, 1, 1, 20, 12, 1, 1, 1, 0), false); /* a linear layer at one, five and a hundred positions */
    both(convolution(9, 1, 5, 40, 36, 1, 1, 1, 0), false);
    both(convolution(2, 1, 100, 68, 132, 1, 1, 1, 0), false);
    both(convolution(40, 5, 4, 64, 128, 3, 3, 2, 1), false);
    both(convolution(120, 3, 4, 16, 32, 3, 3, 2, 1), false);
    both(convolution(3, 8, 8, 16, 32, 1, 1, 2, 0), false);
    for (int precision : {GS_CUDA_FP32, GS_CUDA_TF32}) {
        cases.push_back(gram_case(convolution(2, 8, 8, 128, 128, 3, 3, 1, 1), precision, false));
        cases.push_back(gram_case(convolution(2, 4, 4, 256, 160, 3, 3, 1, 1), precision, false));
        cases.push_back(gram_case(convolution(3, 7, 7, 36, 20, 3, 3, 1, 1, 1, true), precision, false));
        cases.push_back(gram_case(convolution(2, 1, 64, 5, 48, 3, 3, 1, 1), precision, false));
        cases.push_back(gram_case(convolution(4, 13, 4, 3, 7, 3, 3, 1, 1, 1, true), precision, false));
        cases.push_back(gram_case(convolution(2, 1, 1, 64, 16, 3, 3, 1, 1), precision, false));
        cases.push_back(clamp_case(precision));
    }
    cases.push_back(prefers_case());
    cases.push_back(nan_case());
    cases.push_back(empty_case());
    cases.push_back(refusals_case());
    if (emulated()) return;
    for (int64_t batch : {128, 1024}) {
        both(convolution(batch, 28, 28, 1, 32, 3, 3, 1, 1, 1, true), true); /* cnn */
        both(convolution(batch, 14, 14, 32, 64, 3, 3, 1, 1), true);
        both(convolution(batch, 32, 32, 3, 16, 3, 3, 1, 1, 1, true), true); /* resnet20 */
        both(convolution(batch, 32, 32, 16, 16, 3, 3, 1, 1), true);
        both(convolution(batch, 32, 32, 16, 32, 3, 3, 2, 1), true);
        both(convolution(batch, 32, 32, 16, 32, 1, 1, 2, 0), true);
        both(convolution(batch, 16, 16, 32, 32, 3, 3, 1, 1), true);
        both(convolution(batch, 16, 16, 32, 64, 3, 3, 2, 1), true);
        both(convolution(batch, 16, 16, 32, 64, 1, 1, 2, 0), true);
        both(convolution(batch, 8, 8, 64, 64, 3, 3, 1, 1), true);
    }
    both(convolution(256, 32, 32, 64, 64, 3, 3, 1, 1), true); /* resnet18 */
    both(convolution(256, 32, 32, 64, 128, 3, 3, 2, 1), true);
    both(convolution(256, 16, 16, 128, 128, 3, 3, 1, 1), true);
    both(convolution(256, 8, 8, 256, 256, 3, 3, 1, 1), true);
    for (int precision : {GS_CUDA_FP32, GS_CUDA_TF32}) {
        cases.push_back(gram_case(convolution(1024, 8, 8, 256, 256, 3, 3, 1, 1), precision, true));
        cases.push_back(gram_case(convolution(1024, 4, 4, 512, 512, 3, 3, 1, 1), precision, true));
    }
    both(convolution(64, 112, 112, 3, 64, 7, 7, 2, 3, 1, true), true);
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
