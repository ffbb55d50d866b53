/* gs_cuda_groupnorm_* and gs_cuda_layernorm_*: the same bits again, no samples, refusals. */
#include "../shapes.h"
#include "device_call.h"

#include <string.h>

namespace cases {
namespace {

struct Norm {
    const char* name;
    int64_t batch, height, width, channels, pitch, groups; /* groups 0: layer norm over all; -1: over W */

    const char* operation() const { return groups > 0 ? "groupnorm_backward" : "layernorm_backward"; }
    int64_t positions() const { return height * width; }
    int64_t parameters() const { return groups > 0 ? pitch : groups == 0 ? positions() * pitch : (width + 3) / 4 * 4; }
    int64_t saved() const { return 2 * (groups > 0 ? groups : groups == 0 ? 1 : height * pitch); }
};

int backward(const Norm& n, const float* x, const float* gamma, const float* saved, const float* g, int gradient, float* dx,
             void* workspace, float* dgamma, float* dbeta, float* norm2, void* stream) {
    if (n.groups > 0)
        return gs_cuda_groupnorm_backward(n.batch, n.positions(), n.channels, n.pitch, n.groups, x, gamma, saved, g, gradient, dx,
                                          workspace, dgamma, dbeta, norm2, stream);
    return gs_cuda_layernorm_backward(n.batch, n.height, n.width, n.channels, n.pitch, n.groups < 0, x, gamma, saved, g, gradient,
                                      dx, workspace, dgamma, dbeta, norm2, stream);
}

std::vector<float> results(const Norm& n, const Buffer<float>& input, const Buffer<float>& gamma, const Buffer<float>& saved,
                           const Buffer<float>& gradient, int* status) {
    const size_t values = input.size, parameters = static_cast<size_t>(n.parameters()), batch = static_cast<size_t>(n.batch);
    std::vector<float> all(values + 2 * parameters + batch, 0.5f);
    DeviceCall call;
    const int64_t rows = n.batch * n.positions();
    const float *x = call.in(input.data, rows * n.pitch), *g = call.in(gradient.data, rows * n.pitch);
    const float *a = call.in(gamma.data, n.parameters()), *s = call.in(saved.data, n.batch * n.saved());
    float* dx = call.out(all.data(), rows * n.pitch);
    float* dgamma = call.out(all.data() + values, n.parameters());
    float* dbeta = call.out(all.data() + values + parameters, n.parameters());
    float* norm2 = call.in_out(all.data() + values + 2 * parameters, n.batch);
    void* const workspace = call.workspace(gs_cuda_norm_workspace(n.batch, n.parameters()));
    *status = call.run([&](void* stream) {
        return backward(n, x, a, s, g, GS_CUDA_STORE, dx, workspace, dgamma, dbeta, norm2, stream);
    });
    return all;
}

Case again_case(const Norm& n) {
    Case result = {n.operation(), text("%s, again", n.name), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        const int64_t rows = n.batch * n.positions();
        auto input = run.rows("input", rows, n.channels, n.pitch);
        auto gradient = run.rows("output_gradient", rows, n.channels, n.pitch);
        auto gamma = run.random("gamma", n.parameters()), saved = run.random("saved", n.batch * n.saved());
        std::vector<float> first, second;
        const auto make = [&](std::vector<float>& all) {
            return [&] {
                int status = 0;
                all = results(n, input, gamma, saved, gradient, &status);
                return status;
            };
        };
        run.call(make(first));
        if (run.timing()) return;
        run.call(make(second));
        run.expect(first.size() == second.size() && memcmp(first.data(), second.data(), 4 * first.size()) == 0,
                   "a second call has other bits");
    };
    return result;
}

Case nothing_case(const Norm& n) {
    Case result = {n.operation(), text("%s, no samples", n.name), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto gradients = run.unwritten("gradients", 2 * n.parameters());
        run.call([&] {
            DeviceCall call;
            float* both = call.out(gradients.data, 2 * n.parameters());
            Norm none = n;
            none.batch = 0;
            return call.run([&](void* stream) {
                return backward(none, nullptr, nullptr, nullptr, nullptr, GS_CUDA_STORE, nullptr, nullptr, both,
                                both + n.parameters(), nullptr, stream);
            });
        });
        for (size_t k = 0; k < gradients.size; k++) run.expect(gradients[k] == 0, text("gradient %zu is not 0", k));
    };
    return result;
}

Case refusals_case() {
    Case result = {"groupnorm_backward", "refuses, and layer norm", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 64);
        const auto refused = [&](const std::function<int(float*, void*)>& queue) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* f = call.in_out(floats.data, 64);
                return call.run([&](void* stream) { return queue(f, stream); });
            });
        };
        const auto both = [&](const Norm& n, int gradient) {
            refused([=](float* f, void* s) { return backward(n, f, f, f, f, gradient, f, f, f, f, f, s); });
        };
        both({"", 2, 1, 2, 4, 4, 3}, 1);
        both({"", 2, 1, 2, 4, 4, 2}, 0);
        both({"", 2, 1, 2, 4, 6, 2}, 1);
        both({"", -2, 1, 2, 4, 4, 2}, 1);
        both({"", 2, 1, 2, 2052, 2052, 2}, 1);
        both({"", 2, 0, 2, 4, 4, 0}, 1);
        both({"", 2, 1, -1, 4, 4, -1}, 1);
        both({"", 2, INT64_C(1) << 33, INT64_C(1) << 33, 4, 4, -1}, 1);
        both({"", 2, 1, 2, 5, 4, 0}, 1);
        both({"", 2, 1, 2, 4, 4, 0}, 3);
        refused([](float* f, void* s) { return gs_cuda_groupnorm_forward(2, 2, 4, 4, 2, 0, f, f, f, f, f, s); });
        refused([](float* f, void* s) { return gs_cuda_groupnorm_forward(2, 2, 4, 4, 2, 1e-5f, f, f, f, nullptr, f, s); });
        refused([](float* f, void* s) { return gs_cuda_layernorm_forward(2, 1, 2, 4, 4, 2, 1e-5f, f, f, f, f, f, s); });
        refused([](float* f, void* s) { return gs_cuda_layernorm_forward(2, 1, 2, 4, 4, 0, -1, f, f, f, f, f, s); });
        refused([](float* f, void* s) { return gs_cuda_layernorm_forward(2, 1, 2, 4, 4, 0, 1e-5f, f, f, f, f, nullptr, s); });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (const Norm& n : {Norm{"groups", 70, 3, 5, 21, 24, 7}, {"wide groups", 3, 1, 2, 1100, 1104, 11},
                          {"features of a warp", 70, 1, 1, 50, 52, 0}, {"features of a block", 5, 3, 50, 33, 36, 0},
                          {"over W", 33, 3, 9, 10, 12, -1}}) {
        cases.push_back(again_case(n));
        cases.push_back(nothing_case(n));
    }
    cases.push_back(refusals_case());
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
