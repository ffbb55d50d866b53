/* gs_cuda_bias_maxpool_forward, gs_cuda_bias_maxpool_backward: against plain loops, bit for bit, for nothing is summed. */
#include "../shapes.h"
#include "device_call.h"

#include <math.h>

namespace cases {
namespace {

struct Pooled {
    int64_t batch, height, width, channels, pitch, kernel;
    int activation;
    bool bias;

    int64_t columns() const { return width / kernel; }
    Shape input() const { return {batch, height * width, channels, pitch}; }
    Shape output() const { return {batch, (height / kernel) * columns(), channels, pitch}; }
    std::string name() const {
        return text("%lldx%lldx%lldx%lld/%lld %lldx%lld%s%s", (long long)batch, (long long)height, (long long)width,
                    (long long)channels, (long long)pitch, (long long)kernel, (long long)kernel,
                    activation == GS_CUDA_RELU ? " relu" : "", bias ? "" : " no bias");
    }
    /* Index in the input of place k of the window of the output's element (i, t, c). */
    size_t place(int64_t i, int64_t t, int64_t c, int64_t k) const {
        const int64_t y = t / columns() * kernel + k / kernel, x = t % columns() * kernel + k % kernel;
        return static_cast<size_t>(((i * height + y) * width + x) * pitch + c);
    }
    double bytes(double each_output) const {
        return 4 * static_cast<double>(input().count()) + each_output * static_cast<double>(output().count());
    }
};

/* Ties, zeros and NaN among the values. */
void roughen(Run& run, Buffer<float>& values, const Shape& s) {
    s.each([&](int64_t, int64_t, int64_t, size_t at) {
        const int64_t kind = run.below(64);
        if (kind < 24) values[at] = static_cast<float>(static_cast<int>(2 * values[at]));
        if (kind == 63) values[at] = NAN;
    });
}

Case forward_case(const Pooled& p, bool timed) {
    Case result = {"bias_maxpool_forward", p.name(), 2.0 * static_cast<double>(p.input().used()), p.bytes(5), p.batch, timed,
                   nullptr};
    result.body = [=](Run& run) {
        auto input = p.input().random(run, "input"), bias = run.random("bias", p.channels);
        auto output = run.unwritten("output", p.output().count());
        auto choice = run.bytes("choice", p.output().count());
        roughen(run, input, p.input());
        run.call([&] {
            DeviceCall call;
            const int64_t pitch = device_pitch(p.channels, p.pitch);
            const float* x = call.in_value(input.data, p.batch, p.height * p.width, p.channels, p.pitch);
            const float* b = p.bias ? call.in_vectors(bias.data, 1, p.channels, pitch) : nullptr;
            float* y = call.out_value(output.data, p.batch, p.output().positions, p.channels, p.pitch);
            uint8_t* places = call.out_choice(choice.data, p.batch, p.output().positions, p.channels, p.pitch);
            return call.run([&](void* stream) {
                return gs_cuda_bias_maxpool_forward(p.batch, p.height, p.width, p.channels, pitch, p.kernel, p.activation, x, b, y,
                                                    places, stream);
            });
        });
        if (run.timing()) return;
        std::vector<double> wanted(output.size);
        size_t wrong = 0;
        p.output().each([&](int64_t i, int64_t t, int64_t c, size_t at) {
            float best = 0;
            int64_t largest = 0;
            for (int64_t k = 0; k < p.kernel * p.kernel; k++) {
                float v = input[p.place(i, t, c, k)] + (p.bias ? bias[static_cast<size_t>(c)] : 0);
                if (p.activation == GS_CUDA_RELU && v < 0) v = 0;
                if (k > 0 && !(v > best) && !(isnan(v) && !isnan(best))) continue;
                best = v;
                largest = k;
            }
            wanted[at] = static_cast<double>(best);
            wrong += choice[at] != largest;
        });
        run.compare(output, EXACT, [&] { return wanted; });
        run.expect(wrong == 0, text("%zu of %zu choices are not the first of the largest", wrong, choice.size));
    };
    return result;
}

Case backward_case(const Pooled& p, bool timed) {
    const bool relu = p.activation == GS_CUDA_RELU;
    Case result = {"bias_maxpool_backward", p.name(), static_cast<double>(p.output().used()), p.bytes(relu ? 9 : 5), p.batch, timed,
                   nullptr};
    result.body = [=](Run& run) {
        auto output = p.output().random(run, "output"), gradient = p.output().random(run, "output_gradient");
        auto choice = run.bytes("choice", p.output().count());
        auto dx = run.unwritten("input_gradient", p.input().count());
        roughen(run, output, p.output());
        for (size_t at = 0; at < choice.size; at++) choice[at] = static_cast<uint8_t>(run.below(p.kernel * p.kernel));
        run.call([&] {
            DeviceCall call;
            const int64_t pitch = device_pitch(p.channels, p.pitch), positions = p.output().positions;
            const float* y = call.in_value(relu ? output.data : nullptr, p.batch, positions, p.channels, p.pitch);
            const uint8_t* places = call.in_choice(choice.data, p.batch, positions, p.channels, p.pitch);
            const float* g = call.in_value(gradient.data, p.batch, positions, p.channels, p.pitch);
            float* to = call.out_value(dx.data, p.batch, p.height * p.width, p.channels, p.pitch);
            return call.run([&](void* stream) {
                return gs_cuda_bias_maxpool_backward(p.batch, p.height, p.width, p.channels, pitch, p.kernel, p.activation, y,
                                                     places, g, to, stream);
            });
        });
        run.compare(dx, EXACT, [&] {
            std::vector<double> wanted(dx.size);
            p.output().each([&](int64_t i, int64_t t, int64_t c, size_t at) {
                if (!relu || !(output[at] <= 0)) wanted[p.place(i, t, c, choice[at])] = static_cast<double>(gradient[at]);
            });
            return wanted;
        });
    };
    return result;
}

Case refusals_case() {
    Case result = {"bias_maxpool_forward", "refuses what it cannot do", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 8192);
        const auto refused = [&](int64_t height, int64_t width, int64_t pitch, int64_t kernel, int activation, bool missing) {
            const auto call_of = [&](bool backward) {
                DeviceCall call;
                float* const m = call.in_out(f.data, 8192);
                float* const other = missing ? nullptr : m;
                uint8_t* const places = reinterpret_cast<uint8_t*>(m);
                return call.run([&](void* stream) {
                    if (backward)
                        return gs_cuda_bias_maxpool_backward(1, height, width, 3, pitch, kernel, activation, other, places, m, m,
                                                             stream);
                    return gs_cuda_bias_maxpool_forward(1, height, width, 3, pitch, kernel, activation, m, m, other, places,
                                                        stream);
                });
            };
            run.refuses(GS_CUDA_INVALID_ARGUMENT, [&] { return call_of(false); });
            run.refuses(GS_CUDA_INVALID_ARGUMENT, [&] { return call_of(true); });
        };
        refused(4, 3, 4, 4, GS_CUDA_RELU, false);
        refused(4, 4, 4, 0, GS_CUDA_RELU, false);
        refused(4, 4, 5, 2, GS_CUDA_RELU, false);
        refused(4, 4, 4, 2, GS_CUDA_GELU, false);
        refused(20, 20, 4, 17, GS_CUDA_IDENTITY, false); /* 289 places do not fit a byte */
        refused(INT32_MAX, INT32_MAX, 4, 2, GS_CUDA_RELU, false);
        refused(4, 4, 4, 2, GS_CUDA_RELU, true);
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    const Pooled shapes[] = {{1, 1, 1, 1, 1, 1, 0, true},     {2, 4, 4, 16, 16, 2, 1, true},  {2, 5, 7, 3, 16, 2, 1, true},
                             {2, 5, 7, 3, 3, 2, 0, true},     {3, 9, 10, 17, 17, 3, 1, true}, {70, 2, 2, 40, 48, 2, 1, true},
                             {2, 6, 6, 40, 48, 3, 0, false},  {2, 7, 7, 64, 64, 7, 1, true},  {1, 16, 16, 5, 16, 16, 0, true},
                             {2, 9, 13, 33, 33, 4, 1, false}, {5, 28, 28, 20, 20, 2, 1, true}};
    for (const Pooled& p : shapes) {
        cases.push_back(forward_case(p, false));
        cases.push_back(backward_case(p, false));
    }
    cases.push_back(refusals_case());
    for (const Pooled& p : {Pooled{512, 28, 28, 32, 32, 2, GS_CUDA_RELU, true}, {512, 14, 14, 64, 64, 2, GS_CUDA_RELU, true}}) {
        cases.push_back(forward_case(p, true)); /* cnn on Fashion-MNIST */
        cases.push_back(backward_case(p, true));
    }
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
