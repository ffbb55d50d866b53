/* gs_cuda_bias_activation, gs_cuda_bias_backward, gs_cuda_linear_norms: what the CPU has only within other functions. */
#include "../shapes.h"
#include "device_call.h"

#include <math.h>

namespace cases {
namespace {

const char* const NAMES[] = {"identity", "relu", "gelu", "tanh", "sigmoid"};

double activated(double x, int activation) {
    switch (activation) {
        case GS_RELU: return x < 0 ? 0 : x;
        case GS_GELU: return 0.5 * x * erfc(-x / sqrt(2.0));
        case GS_TANH: return tanh(x);
        case GS_SIGMOID: return 1 / (1 + exp(-x));
        default: return x;
    }
}

Case activation_case(const Shape& s, int activation, bool with_bias, bool timed) {
    Case result = {"bias_activation", s.name() + " " + NAMES[activation] + (with_bias ? "" : " without bias"),
                   2.0 * static_cast<double>(s.used()), 8.0 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto value = s.random(run, "value", 1.2);
        auto bias = run.random("bias", s.channels);
        const int64_t pitch = device_pitch(s.channels, s.pitch);
        run.call([&] {
            DeviceCall call;
            float* v = call.in_out_value(value.data, s.batch, s.positions, s.channels, s.pitch);
            const float* b = with_bias ? call.in_vectors(bias.data, 1, s.channels, pitch) : nullptr;
            return call.run([&](void* stream) {
                return gs_cuda_bias_activation(s.batch, s.positions, s.channels, pitch, activation, b, v, stream);
            });
        });
        run.compare(value, {2e-6, "CUDA's functions are right to a few units in the last place; the sum is rounded before"}, [&] {
            std::vector<double> wanted(value.before.begin(), value.before.end());
            s.each([&](int64_t, int64_t, int64_t c, size_t at) {
                const float sum = value.before[at] + (with_bias ? bias[static_cast<size_t>(c)] : 0);
                wanted[at] = activated(sum, activation);
            });
            return wanted;
        });
    };
    return result;
}

Case nan_case() {
    Case result = {"bias_activation", "a NaN survives relu", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto value = run.random("value", 8);
        value[3] = NAN;
        run.call([&] {
            DeviceCall call;
            float* v = call.in_out(value.data, 8);
            return call.run([&](void* stream) { return gs_cuda_bias_activation(1, 2, 4, 4, GS_CUDA_RELU, nullptr, v, stream); });
        });
        for (size_t i = 0; i < 8; i++) run.expect(isnan(value[i]) == (i == 3) && !(value[i] < 0), text("value[%zu] is wrong", i));
    };
    return result;
}

int backward(const Shape& s, const Buffer<float>& gradient, Buffer<float>& bias, Buffer<float>* norm2) {
    DeviceCall call;
    const int64_t pitch = device_pitch(s.channels, s.pitch);
    const float* d = call.in_value(gradient.data, s.batch, s.positions, s.channels, s.pitch);
    float* b = call.out_vectors(bias.data, 1, s.channels, pitch);
    float* n = norm2 ? call.in_out(norm2->data, s.batch) : nullptr;
    void* workspace = call.workspace(gs_cuda_bias_backward_workspace(s.batch, s.positions, pitch));
    return call.run([&](void* stream) {
        return gs_cuda_bias_backward(s.batch, s.positions, s.channels, pitch, d, workspace, b, n, stream);
    });
}

Case backward_case(const Shape& s, bool with_norms, bool timed) {
    Case result = {"bias_backward", s.name() + (with_norms ? "" : " without norms"), static_cast<double>(s.used()),
                   4.0 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto gradient = s.random(run, "output_gradient");
        auto bias = run.unwritten("bias_gradient", s.channels);
        auto norm2 = run.filled("norm2", s.batch, 3);
        run.call([&] { return backward(s, gradient, bias, with_norms ? &norm2 : nullptr); });
        if (run.timing()) return;
        std::vector<double> sums(static_cast<size_t>(s.batch * s.channels)), total(static_cast<size_t>(s.channels));
        s.each([&](int64_t i, int64_t, int64_t c, size_t at) {
            sums[static_cast<size_t>(i * s.channels + c)] += gradient[at];
            total[static_cast<size_t>(c)] += gradient[at];
        });
        /* Of one channel the sum itself may be what is left of terms that cancelled. */
        const double few = s.channels < 8 ? 10 : 1;
        const Tolerance one = summation(static_cast<double>(s.batch * s.positions));
        run.compare(bias, {few * one.relative, one.reason}, [&] { return total; });
        run.compare(norm2, summation(static_cast<double>(s.positions)), [&] {
            std::vector<double> wanted(norm2.before.begin(), norm2.before.end());
            for (size_t k = 0; with_norms && k < sums.size(); k++) wanted[k / static_cast<size_t>(s.channels)] += sums[k] * sums[k];
            return wanted;
        });
        auto again = run.unwritten("again", s.channels);
        auto norms_again = run.filled("norms again", s.batch, 3);
        run.call([&] { return backward(s, gradient, again, with_norms ? &norms_again : nullptr); });
        for (size_t c = 0; c < again.size; c++) run.expect(again[c] == bias[c], "other bits in a second call");
        for (size_t i = 0; i < norm2.size; i++) run.expect(norms_again[i] == norm2[i], "another norm in a second call");
    };
    return result;
}

/* Rows of a linear layer's norms, wide and many: what cases of linear layers do not reach in the emulation's time. */
Case norms_case(int64_t batch, int64_t in, int64_t out, bool timed) {
    Case result = {"linear_norms", text("%lldx%lld-%lld", (long long)batch, (long long)in, (long long)out),
                   2.0 * static_cast<double>(batch * (in + out)), 4.0 * static_cast<double>(batch * (in + out + 2)), batch, timed,
                   nullptr};
    result.body = [=](Run& run) {
        auto input = run.random("input", batch * in), gradient = run.random("output_gradient", batch * out);
        auto norm2 = run.filled("norm2", batch, 3);
        run.call([&] {
            DeviceCall call;
            const float *a = call.in(input.data, batch * in), *d = call.in(gradient.data, batch * out);
            float* n = call.in_out(norm2.data, batch);
            return call.run([&](void* stream) { return gs_cuda_linear_norms(batch, in, out, a, d, n, stream); });
        });
        run.compare(norm2, summation(static_cast<double>(in + out)), [&] {
            std::vector<double> wanted(norm2.before.begin(), norm2.before.end());
            for (int64_t i = 0; i < batch; i++) {
                double x = 0, y = 0;
                for (int64_t k = 0; k < in; k++) x += pow(input[static_cast<size_t>(i * in + k)], 2);
                for (int64_t k = 0; k < out; k++) y += pow(gradient[static_cast<size_t>(i * out + k)], 2);
                wanted[static_cast<size_t>(i)] += x * y;
            }
            return wanted;
        });
    };
    return result;
}

/* A step with no sample left: a gradient is stored all the same. */
Case empty_case() {
    Case result = {"bias_backward", "no sample", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto bias = run.random("bias_gradient", 12);
        run.call([&] {
            DeviceCall call;
            float* b = call.out(bias.data, 12);
            return call.run(
                [&](void* stream) { return gs_cuda_bias_backward(0, 3, 10, 12, nullptr, nullptr, b, nullptr, stream); });
        });
        for (size_t c = 0; c < 12; c++) run.expect(bias[c] == 0, "a gradient of nothing is not zero");
    };
    return result;
}

Case refusals_case() {
    Case result = {"bias_backward", "refuses", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 64);
        const auto refused = [&](int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* v = call.in_out(floats.data, 64);
                return call.run(
                    [&](void* stream) { return gs_cuda_bias_backward(batch, positions, channels, pitch, v, v, v, v, stream); });
            });
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* v = call.in_out(floats.data, 64);
                return call.run([&](void* stream) {
                    return gs_cuda_bias_activation(batch, positions, channels, pitch, activation, v, v, stream);
                });
            });
        };
        for (int64_t bad : {INT64_MIN, INT64_C(-1), INT64_C(1) << 40, INT64_MAX}) {
            refused(bad, 1, 3, 4, 0);
            refused(1, bad, 3, 4, 0);
            refused(1, 1, bad, 4, 0);
            refused(1, 1, 3, bad, 0);
        }
        refused(1, 0, 3, 4, 0);
        refused(1, 1, 0, 4, 0);
        refused(1, 1, 3, 3, 0);
        refused(1, 1, 5, 4, 0);
        const auto norms_refused = [&](int64_t batch, int64_t in, int64_t out, bool buffers) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* v = call.in_out(floats.data, 64);
                return call.run(
                    [&](void* stream) { return gs_cuda_linear_norms(batch, in, out, buffers ? v : nullptr, v, v, stream); });
            });
        };
        norms_refused(-1, 4, 4, true);
        norms_refused(1, 3, 4, true);
        norms_refused(1, 4, 0, true);
        norms_refused(1, INT64_C(1) << 40, 4, true);
        norms_refused(1, 4, 4, false);
        for (int activation : {-1, 5})
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* v = call.in_out(floats.data, 64);
                return call.run([&](void* stream) { return gs_cuda_bias_activation(1, 1, 4, 4, activation, v, v, stream); });
            });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (const Shape& s : odd_shapes()) {
        for (int activation = GS_IDENTITY; activation <= GS_SIGMOID; activation++)
            cases.push_back(activation_case(s, activation, activation != GS_TANH, false));
        cases.push_back(backward_case(s, true, false));
        cases.push_back(backward_case(s, false, false));
    }
    /* More columns than a warp has, one and many positions; fewer samples than a block has warps, and more than all of them. */
    for (const Shape& s : {Shape{3, 2, 300, 300}, {2, 70, 140, 144}, {40, 1, 1000, 1000}, {300, 1, 20, 20}, {9, 64, 12, 12},
                           {3, 130, 200, 200}, {2200, 64, 4, 4}})
        cases.push_back(backward_case(s, true, false));
    cases.push_back(norms_case(9000, 4, 8, false));
    cases.push_back(norms_case(20, 5000, 12, false));
    cases.push_back(norms_case(3, 400, 200, false));
    cases.push_back(nan_case());
    cases.push_back(empty_case());
    cases.push_back(refusals_case());
    if (emulated()) return;
    for (const Shape& s : {Shape{1024, 784, 16, 16}, {1024, 196, 32, 32}, {1024, 49, 64, 64}, {1024, 1, 512, 512},
                           {8192, 1, 512, 512}}) {
        cases.push_back(activation_case(s, GS_RELU, true, true));
        cases.push_back(backward_case(s, true, true));
    }
    for (int64_t batch : {512, 1024, 8192}) {
        cases.push_back(norms_case(batch, 784, 512, true));
        cases.push_back(norms_case(batch, 3136, 128, true));
    }
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
