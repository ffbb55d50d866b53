/* What the CPU's functions have no form of: pass, activation_backward in place, and what element-wise kernels refuse. */
#include "../shapes.h"
#include "device_call.h"

#include <math.h>

namespace cases {
namespace {

Case pass_case(int64_t count, int gradient, bool timed) {
    const bool add = gradient == GS_CUDA_ADD;
    const double floats = static_cast<double>(count);
    const std::string shape = text("%lld%s", (long long)count, mode_name(gradient));
    Case result = {"pass", shape, add ? floats : 0, (add ? 12 : 8) * floats, 1, timed, nullptr};
    result.body = [=](Run& run) {
        auto a = run.random("a", count), output = run.random("output", count);
        run.call([&] {
            DeviceCall call;
            const float* from = call.in(a.data, count);
            float* to = add ? call.in_out(output.data, count) : call.out(output.data, count);
            return call.run([&](void* stream) { return gs_cuda_pass(count, from, gradient, to, stream); });
        });
        run.compare(output, add ? Tolerance{1e-7, "one rounding"} : EXACT, [&] {
            std::vector<double> wanted(a.data, a.data + a.size);
            for (size_t i = 0; add && i < wanted.size(); i++) wanted[i] += static_cast<double>(output.before[i]);
            return wanted;
        });
    };
    return result;
}

/* The bits that the gradient has in memory of its own. */
Case in_place_case(const Shape& s, int activation) {
    Case result = {"activation_backward", s.name() + text(" in place, activation %d", activation), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto value = s.random(run, "value"), gradient = s.random(run, "gradient"), apart = run.unwritten("apart", s.count());
        const auto backward = [&](float* in_place, float* to) {
            DeviceCall call;
            const float* v = call.in_value(value.data, s.batch, s.positions, s.channels, s.pitch);
            float* g = call.in_out_value(in_place, s.batch, s.positions, s.channels, s.pitch);
            float* dx = to ? call.out_value(to, s.batch, s.positions, s.channels, s.pitch) : g;
            return call.run([&](void* stream) {
                const int64_t pitch = device_pitch(s.channels, s.pitch);
                return gs_cuda_activation_backward(s.batch, s.positions, s.channels, pitch, activation, v, v, g, GS_CUDA_STORE, dx,
                                                   stream);
            });
        };
        run.call([&] { return backward(gradient.data, apart.data); });
        run.call([&] { return backward(gradient.data, nullptr); });
        run.compare(gradient, EXACT, [&] { return std::vector<double>(apart.data, apart.data + apart.size); });
    };
    return result;
}

/* Where relu's output is NaN the gradient goes on, as on the CPU. */
Case nan_case() {
    Case result = {"activation_backward", "relu lets through at a NaN", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto value = run.filled("value", 8, NAN), gradient = run.random("gradient", 8), dx = run.unwritten("input_gradient", 8);
        run.call([&] {
            return gs_activation_backward(1, 2, 4, 4, GS_RELU, nullptr, value.data, gradient.data, GS_GRADIENT_STORE, dx.data);
        });
        run.compare(dx, EXACT, [&] { return std::vector<double>(gradient.data, gradient.data + gradient.size); });
    };
    return result;
}

Case refusals_case() {
    Case result = {"pass", "refuses what it cannot do", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 64);
        const auto refuses = [&](const std::function<int(float*, void*)>& call_of) {
            run.refuses(GS_CUDA_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* const memory = call.in_out(f.data, 64);
                return call.run([&](void* stream) { return call_of(memory, stream); });
            });
        };
        for (int64_t count : {INT64_C(-4), INT64_C(3), INT64_MAX - 3}) {
            refuses([&](float* m, void* s) { return gs_cuda_pass(count, m, GS_CUDA_STORE, m, s); });
            refuses([&](float* m, void* s) { return gs_cuda_add(count, m, m, m, s); });
        }
        for (int gradient : {0, 3, -1}) {
            refuses([&](float* m, void* s) { return gs_cuda_pass(4, m, gradient, m, s); });
            refuses([&](float* m, void* s) {
                return gs_cuda_activation_backward(1, 1, 4, 4, GS_CUDA_RELU, m, m, m, gradient, m, s);
            });
        }
        refuses([&](float* m, void* s) { return gs_cuda_pass(4, nullptr, GS_CUDA_STORE, m, s); });
        refuses([&](float* m, void* s) { return gs_cuda_add(4, m, nullptr, m, s); });
        refuses([&](float* m, void* s) { return gs_cuda_activation_forward(1, 1, 3, 3, GS_CUDA_RELU, m, m, s); });
        refuses([&](float* m, void* s) { return gs_cuda_activation_forward(1, INT64_MAX, 4, 4, GS_CUDA_RELU, m, m, s); });
        refuses([&](float* m, void* s) { return gs_cuda_activation_backward(1, 1, 4, 4, GS_CUDA_GELU, nullptr, m, m, 1, m, s); });
    };
    return result;
}

/* A rank may have none; then nothing is queued and no buffer is needed. */
Case no_samples_case() {
    Case result = {"activation_forward", "and all others of no samples", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        run.call([] {
            DeviceCall call;
            const float scale[4] = {};
            return call.run([&](void* s) {
                for (const int status :
                     {gs_cuda_activation_forward(0, 9, 3, 4, GS_CUDA_GELU, nullptr, nullptr, s),
                      gs_cuda_activation_backward(0, 9, 3, 4, GS_CUDA_GELU, nullptr, nullptr, nullptr, GS_CUDA_STORE, nullptr, s),
                      gs_cuda_add(0, nullptr, nullptr, nullptr, s), gs_cuda_pass(0, nullptr, GS_CUDA_ADD, nullptr, s),
                      gs_cuda_dropout(0, 9, 3, 4, 0.5, 0, nullptr, nullptr, nullptr, GS_CUDA_STORE, nullptr, s),
                      gs_cuda_pool2d_forward(0, 9, 9, 3, 4, GS_CUDA_MAX_POOL, 3, 3, nullptr, nullptr, nullptr, s),
                      gs_cuda_pool2d_backward(0, 9, 9, 3, 4, GS_CUDA_MAX_POOL, 9, 9, nullptr, nullptr, GS_CUDA_ADD, nullptr, s),
                      gs_cuda_bias_maxpool_forward(0, 9, 9, 3, 4, 2, GS_CUDA_RELU, nullptr, nullptr, nullptr, nullptr, s),
                      gs_cuda_bias_maxpool_backward(0, 9, 9, 3, 4, 2, GS_CUDA_RELU, nullptr, nullptr, nullptr, nullptr, s),
                      gs_cuda_input(0, 9, 9, 3, 4, GS_CUDA_UINT8, nullptr, nullptr, scale, scale, nullptr, s),
                      gs_cuda_softmax_cross_entropy(0, 9, 12, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 0,
                                                    s)})
                    if (status != GS_CUDA_OK) return status;
                return static_cast<int>(GS_CUDA_OK);
            });
        });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (int64_t count : {0, 4, 64, 4096, 5000})
        for (int gradient : {GS_CUDA_STORE, GS_CUDA_ADD}) cases.push_back(pass_case(count, gradient, false));
    for (int gradient : {GS_CUDA_STORE, GS_CUDA_ADD}) cases.push_back(pass_case(int64_t{1} << 23, gradient, true));
    for (int activation = GS_CUDA_IDENTITY; activation <= GS_CUDA_SIGMOID; activation++)
        for (const Shape& s : {Shape{3, 5, 3, 3}, Shape{2, 49, 64, 64}}) cases.push_back(in_place_case(s, activation));
    cases.push_back(nan_case());
    cases.push_back(no_samples_case());
    cases.push_back(refusals_case());
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
