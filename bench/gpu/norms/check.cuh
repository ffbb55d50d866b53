/* Every form against the reference in double precision, over odd shapes and the timed ones in small batches. */
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "forms.cuh"
#include "reference.h"

/* What a precision is stated with; fp32 is ours to a tenth of its 1e-4. */
inline double bound_of(const std::string& precision) {
    if (precision == "fp32" || precision == "tf32x3") return 1e-5;
    return precision == "tf32" ? 5e-3 : 2e-2;
}

class Check {
  public:
    /* small: without the shapes that take the emulation minutes. */
    Check(uint32_t seed, bool small) : first_seed_(seed), seed_(seed), small_(small) {}

    /* The number of results out of bounds. */
    int run() {
        const int cases[][5] = {
            {3, 5, 7, 16, 16},    {5, 9, 6, 32, 32},    {17, 7, 11, 32, 64},  {4, 3, 5, 64, 32},    {3, 1, 1, 16, 32},
            {3, 33, 17, 16, 16},  {5, 8, 8, 64, 64},    {3, 2, 20, 16, 64},   {3, 32, 32, 16, 16},  {3, 16, 16, 32, 32},
            {3, 14, 14, 32, 64},  {9, 4, 16, 128, 64},  {2, 16, 16, 128, 128}, {2, 8, 8, 256, 256},
        };
        for (const auto& [batch, height, width, inputs, outputs] : cases) {
            const double size = double(batch) * height * width * inputs * outputs;
            if (!small_ || size < 1.5e6) conv2d(conv2d_3x3(batch, height, width, inputs, outputs));
        }
        for (int batch : {1, 3, 17})
            for (int inputs : {4, 100, 784, 3136}) linear(batch, inputs, inputs == 100 ? 12 : 128);
        normalisation(3, 5 * 7, 16);
        normalisation(17, 33, 32);
        normalisation(5, 64, 64);
        normalisation(3, 9, 128);
        normalisation(5, 1, 8);
        normalisation(2, 1024, 16);
        std::printf("| form | precision | results | worst gradient error | worst norm error | bound |\n"
                    "|---|---|---|---|---|---|\n");
        for (const auto& [name, worst] : worst_)
            std::printf("| %s | %d | %.2e | %.2e | %.0e |\n", name.c_str(), worst.results, worst.gradient, worst.norm, worst.bound);
        std::printf("\n%d failed of %d, seed %u\n", failed_, results_, first_seed_);
        return failed_;
    }

  private:
    struct Worst {
        int results = 0;
        double gradient = 0, norm = 0, bound = 0;
    };

    /* Both operands on the device, as float and as bfloat16. */
    struct Inputs {
        float *x, *delta;
        __nv_bfloat16 *x16, *delta16;

        Inputs(const std::vector<float>& x_values, const std::vector<float>& delta_values)
            : x(device_copy(x_values)), delta(device_copy(delta_values)),
              x16(device_copy(rounded(x_values))), delta16(device_copy(rounded(delta_values))) {}
        Inputs(const Inputs&) = delete;
        ~Inputs() {
            device_free(x);
            device_free(delta);
            device_free(x16);
            device_free(delta16);
        }
        const void* of_x(bool bf16) const { return bf16 ? static_cast<const void*>(x16) : x; }
        const void* of_delta(bool bf16) const { return bf16 ? static_cast<const void*>(delta16) : delta; }
        static std::vector<__nv_bfloat16> rounded(const std::vector<float>& values) {
            std::vector<__nv_bfloat16> result;
            for (float v : values) result.push_back(__float2bfloat16(v));
            return result;
        }
    };

    void conv2d(const Conv2d& s) {
        const size_t pixels = size_t(s.batch) * s.height * s.width, elements = static_cast<size_t>(s.weights());
        const std::vector<float> x = random_values(pixels * s.pitch, seed_++), delta = random_values(pixels * s.out_pitch, seed_++);
        const Reference reference = conv2d_reference(s, x, delta);
        Inputs inputs(x, delta);
        const gs_cuda_conv2d shape = given(s);
        size_t partials = size_t(std::max(3, s.batch)) * elements;
        for (int precision : {GS_CUDA_FP32, GS_CUDA_TF32})
            partials = std::max<size_t>(partials, gs_cuda_conv2d_backward_weights_workspace(&shape, s.batch, precision) / 4);
        Workspace w(elements, size_t(s.batch), partials, size_t(s.batch) * std::max<size_t>(elements / 85, 1),
                    size_t(3) * elements);
        char where[160];
        std::snprintf(where, sizeof(where), "%dx%d %d->%d batch %d", s.height, s.width, s.pitch, s.out_pitch, s.batch);
        for (const char* precision : {"fp32", "tf32"}) {
            w.clear();
            run_library(s, library_precision(precision), w, nullptr, inputs.x, inputs.delta);
            compare("A", precision, where, w, &reference.gradient, &reference.norms);
        }
        own_forms(s, w, inputs, reference);
        if (!has_gram(s)) return;
        for (const char* precision : {"fp32", "tf32", "tf32x3", "bf16"}) {
            const bool bf16 = std::string(precision) == "bf16";
            w.clear();
            run_c(precision, s, w, nullptr, inputs.of_x(bf16), inputs.of_delta(bf16));
            compare("C", precision, where, w, nullptr, &reference.norms);
        }
    }

    /* A, A0 and B in every tile and strip; few lanes in every other one, so that one goes through several samples. */
    void own_forms(const Conv2d& s, Workspace& w, const Inputs& inputs, const Reference& reference) {
        int turn = 0;
        for (const Variant& variant : variants()) {
            if (!variant.takes(s)) continue;
            const void *x = inputs.of_x(variant.is_bf16()), *delta = inputs.of_delta(variant.is_bf16());
            for (int rows : strip_rows(s.height)) {
                turn++;
                if (small_ && turn % 3 != 0 && rows != s.height) continue;
                for (Mode mode : {NORMS, GRADIENT, EACH}) {
                    Plan plan;
                    if (!make_plan(plan, variant, mode, s, rows, turn % 2 ? 2 : 0)) continue;
                    w.clear();
                    if (mode == EACH)
                        run_b(plan, w, nullptr, x, delta, std::min(s.batch, 1 + turn % 3));
                    else
                        run_a(plan, w, nullptr, x, delta);
                    char where[160];
                    std::snprintf(where, sizeof(where), "%dx%d %d->%d batch %d tile %dx%dx%d strip %d lanes %d", s.height, s.width,
                                  s.pitch, s.out_pitch, s.batch, variant.wm, variant.wn, variant.wt, rows, plan.of.lanes);
                    compare(mode == NORMS ? "A" : mode == GRADIENT ? "A0" : "B", variant.precision, where, w, &reference.gradient,
                            mode == GRADIENT ? nullptr : &reference.norms);
                }
            }
        }
    }

    void linear(int batch, int inputs, int outputs) {
        const std::vector<float> a = random_values(size_t(batch) * inputs, seed_++);
        const std::vector<float> delta = random_values(size_t(batch) * outputs, seed_++);
        Inputs in(a, delta);
        std::vector<double> norms;
        for (int n = 0; n < batch; n++) {
            double a2 = 0, d2 = 0;
            for (int i = 0; i < inputs; i++) a2 += double(a[size_t(n) * inputs + i]) * a[size_t(n) * inputs + i];
            for (int i = 0; i < outputs; i++) d2 += double(delta[size_t(n) * outputs + i]) * delta[size_t(n) * outputs + i];
            norms.push_back(a2 * d2);
        }
        Workspace w(1, size_t(batch), 1, 1, 1);
        w.clear();
        run_linear(w, nullptr, in.x, in.delta, batch, inputs, outputs);
        char where[100];
        std::snprintf(where, sizeof(where), "[%d, %d] and %d", batch, inputs, outputs);
        compare("linear rows", "fp32", where, w, nullptr, &norms);
    }

    void normalisation(int batch, int positions, int channels) {
        const size_t count = size_t(batch) * positions * channels;
        const std::vector<float> delta = random_values(count, seed_++), normalised = random_values(count, seed_++);
        Inputs in(delta, normalised);
        std::vector<double> norms, gradient(size_t(2) * channels);
        for (int n = 0; n < batch; n++) {
            double norm = 0;
            for (int c = 0; c < channels; c++) {
                double s = 0, h = 0;
                for (int t = 0; t < positions; t++) {
                    size_t at = (size_t(n) * positions + t) * channels + c;
                    s += double(delta[at]) * normalised[at];
                    h += delta[at];
                }
                norm += s * s + h * h;
                gradient[c] += s;
                gradient[size_t(channels) + c] += h;
            }
            norms.push_back(norm);
        }
        float* const statistics = device_copy(identity_statistics(channels));
        Workspace w(gradient.size(), size_t(batch), gs_cuda_batchnorm_workspace(batch, positions, channels) / 4, 1,
                    size_t(2) * (1 + 2 * channels));
        w.clear();
        run_normalisation(w, nullptr, in.x, in.delta, statistics, batch, positions, channels);
        char where[100];
        std::snprintf(where, sizeof(where), "[%d, %d, %d]", batch, positions, channels);
        compare("normalisation", "fp32", where, w, &gradient, &norms);
        device_free(statistics);
    }

    void compare(const std::string& form, const std::string& precision, const char* where, const Workspace& w,
                 const std::vector<double>* gradient, const std::vector<double>* norms) {
        double gradient_error = 0, worst_norm = 0;
        if (gradient) {
            std::vector<float> out(gradient->size());
            device_read(out.data(), w.gradient, 4 * out.size());
            gradient_error = relative_error(out, *gradient);
        }
        if (norms) {
            std::vector<float> out(norms->size());
            device_read(out.data(), w.norms, 4 * out.size());
            worst_norm = norm_error(out, *norms);
        }
        const double bound = bound_of(precision);
        Worst& worst = worst_[form + " | " + precision];
        worst.bound = bound;
        worst.results++;
        if (!(gradient_error <= worst.gradient)) worst.gradient = gradient_error;
        if (!(worst_norm <= worst.norm)) worst.norm = worst_norm;
        results_++;
        if (!(gradient_error <= bound) || !(worst_norm <= bound)) {
            if (failed_++ < 40)
                std::printf("FAILED %s %s, %s: gradient %.2e norms %.2e, bound %.0e, --seed %u\n", form.c_str(),
                            precision.c_str(), where, gradient_error, worst_norm, bound, first_seed_);
        }
    }

    uint32_t first_seed_, seed_;
    bool small_;
    int failed_ = 0, results_ = 0;
    std::map<std::string, Worst> worst_;
};
