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
        const Conv2d cases[] = {
            {3, 5, 7, 16, 16},    {5, 9, 6, 32, 32},    {17, 7, 11, 32, 64},  {4, 3, 5, 64, 32},    {3, 1, 1, 16, 32},
            {3, 33, 17, 16, 16},  {5, 8, 8, 64, 64},    {3, 2, 20, 16, 64},   {3, 32, 32, 16, 16},  {3, 16, 16, 32, 32},
            {3, 14, 14, 32, 64},  {9, 4, 16, 128, 64},  {2, 16, 16, 128, 128}, {2, 8, 8, 256, 256},
        };
        for (const Conv2d& shape : cases) {
            double size = double(shape.batch) * shape.height * shape.width * shape.inputs * shape.outputs;
            if (!small_ || size < 1.5e6) conv2d(shape);
        }
        for (int batch : {1, 3, 17})
            for (int inputs : {4, 100, 784, 3136}) linear(batch, inputs, inputs == 100 ? 12 : 128);
        normalisation(3, 5 * 7, 16);
        normalisation(17, 33, 32);
        normalisation(5, 64, 64);
        normalisation(3, 9, 128);
        normalisation(5, 1, 8);
        normalisation(2, 1024, 16);
        std::printf("| form | precision | results | worst gradient error | worst norm error | bound |\n|---|---|---|---|---|---|\n");
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

    void conv2d(const Conv2d& s) {
        const size_t pixels = size_t(s.batch) * s.height * s.width, elements = size_t(9) * s.inputs * s.outputs;
        const std::vector<float> x = random_values(pixels * s.inputs, seed_++), delta = random_values(pixels * s.outputs, seed_++);
        const Reference reference = conv2d_reference(s, x, delta);
        Inputs inputs(x, delta);
        Workspace w(elements, size_t(s.batch), size_t(std::max(3, s.batch)) * elements, size_t(s.batch) * std::max<size_t>(elements / 85, 1),
                    size_t(3) * elements);
        int turn = 0;
        for (const Variant& variant : variants()) {
            if (!variant.takes(s)) continue;
            const void* vx = variant.is_bf16() ? static_cast<const void*>(inputs.x16) : inputs.x;
            const void* vd = variant.is_bf16() ? static_cast<const void*>(inputs.delta16) : inputs.delta;
            for (int rows : strip_rows(s.height)) {
                turn++;
                if (small_ && turn % 3 != 0 && rows != s.height) continue;
                for (Mode mode : {NORMS, GRADIENT, EACH}) {
                    Plan plan;
                    if (!make_plan(plan, variant, mode, s, rows, turn % 2 ? 2 : 0)) continue;
                    w.poison();
                    if (mode == EACH)
                        run_b(plan, w, nullptr, vx, vd, std::min(s.batch, 1 + turn % 3));
                    else
                        run_a(plan, w, nullptr, vx, vd);
                    char where[160];
                    std::snprintf(where, sizeof(where), "%dx%d %d->%d batch %d tile %dx%dx%d strip %d lanes %d", s.height, s.width,
                                  s.inputs, s.outputs, s.batch, variant.wm, variant.wn, variant.wt, rows, plan.lanes);
                    compare(mode == NORMS ? "A" : mode == GRADIENT ? "A0" : "B", variant.precision, where, w, &reference.gradient,
                            mode == GRADIENT ? nullptr : &reference.norms);
                }
            }
        }
        if (s.height * s.width <= GRAM_PIXELS) {
            char where[100];
            std::snprintf(where, sizeof(where), "%dx%d %d->%d batch %d", s.height, s.width, s.inputs, s.outputs, s.batch);
            gram<Tf32>(s, w, inputs.x, inputs.delta, where, reference);
            gram<Tf32x3>(s, w, inputs.x, inputs.delta, where, reference);
            gram<Bf16>(s, w, inputs.x16, inputs.delta16, where, reference);
        }
    }

    template <class P>
    void gram(const Conv2d& s, Workspace& w, const void* x, const void* delta, const char* where, const Reference& reference) {
        allow_shared(conv2d_gram_norms<P>, gram_shared<P>());
        w.poison();
        run_c<P>(s, w, nullptr, x, delta);
        compare("C", P::NAME, where, w, nullptr, &reference.norms);
    }

    void linear(int batch, int inputs, int outputs) {
        const std::vector<float> a = random_values(size_t(batch) * inputs, seed_++), delta = random_values(size_t(batch) * outputs, seed_++);
        Inputs in(a, delta);
        std::vector<double> norms;
        for (int n = 0; n < batch; n++) {
            double a2 = 0, d2 = 0;
            for (int i = 0; i < inputs; i++) a2 += double(a[size_t(n) * inputs + i]) * a[size_t(n) * inputs + i];
            for (int i = 0; i < outputs; i++) d2 += double(delta[size_t(n) * outputs + i]) * delta[size_t(n) * outputs + i];
            norms.push_back(a2 * d2);
        }
        Workspace w(1, size_t(batch), 1, 1, 1);
        for (bool whole_block : {false, true}) {
            w.poison();
            run_linear(w, nullptr, in.x, in.delta, batch, inputs, outputs, whole_block);
            char where[100];
            std::snprintf(where, sizeof(where), "[%d, %d] and %d, whole block %d", batch, inputs, outputs, whole_block);
            compare("linear rows", "fp32", where, w, nullptr, &norms);
        }
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
        for (int lanes : {0, 2}) {
            Workspace w(gradient.size(), size_t(batch), size_t(batch) * gradient.size(), 1, 1);
            w.poison();
            run_normalisation(w, nullptr, in.x, in.delta, batch, positions, channels, lanes);
            char where[100];
            std::snprintf(where, sizeof(where), "[%d, %d, %d] lanes %d", batch, positions, channels, lanes);
            compare("normalisation", "fp32", where, w, &gradient, &norms);
        }
    }

    /* Both operands on the device, as float and as bfloat16. */
    struct Inputs {
        float *x, *delta;
        __nv_bfloat16 *x16, *delta16;

        Inputs(const std::vector<float>& x_values, const std::vector<float>& delta_values)
            : x(upload(x_values)), delta(upload(delta_values)), x16(upload(rounded(x_values))), delta16(upload(rounded(delta_values))) {}
        Inputs(const Inputs&) = delete;
        ~Inputs() {
            device_free(x);
            device_free(delta);
            device_free(x16);
            device_free(delta16);
        }
        template <class T>
        static T* upload(const std::vector<T>& values) {
            T* memory = static_cast<T*>(device_allocate(values.size() * sizeof(T)));
            device_write(memory, values.data(), values.size() * sizeof(T));
            return memory;
        }
        static std::vector<__nv_bfloat16> rounded(const std::vector<float>& values) {
            std::vector<__nv_bfloat16> result;
            for (float v : values) result.push_back(__float2bfloat16(v));
            return result;
        }
    };

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
