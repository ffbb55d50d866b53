/*
 * Timings: a CUDA graph of several calls that walk over input sets larger than the L2 cache together, replayed; the median of 20
 * replays over the calls. Tiles and strips of this benchmark's forms are chosen by measurement at batches 128 and 1024; 8192 takes
 * those of 1024.
 */
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "forms.cuh"
#include "reference.h"

__global__ void fill_random(float* values, __nv_bfloat16* rounded, size_t count, uint32_t seed) {
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < count; i += size_t(gridDim.x) * blockDim.x) {
        const float value = random_value(seed, static_cast<uint32_t>(i));
        values[i] = value;
        rounded[i] = __float2bfloat16(value);
    }
}

/* What the matrix units reach through wmma: 8 independent sums a warp, operands in registers. out: a float a thread. */
template <class Units>
__global__ void __launch_bounds__(256) product_rate(float* out, const typename Units::Element* from, int rounds) {
    GS_SHARED(typename Units::Element, values, 256);
    GS_SHARED(float, numbers, 128);
    using A = typename Units::template Operand<wmma::matrix_a, wmma::col_major>;
    using B = typename Units::template Operand<wmma::matrix_b, wmma::row_major>;
    values[threadIdx.x] = from[threadIdx.x];
    count_up(numbers);
    typename A::Places a_places;
    typename B::Places b_places;
    a_places.learn(numbers, 16);
    b_places.learn(numbers, 16);
    A a;
    B b;
    a.load(values, a_places);
    b.load(values, b_places);
    typename Units::Sum sum[8];
#pragma unroll
    for (int i = 0; i < 8; i++) wmma::fill_fragment(sum[i], static_cast<float>(i));
#pragma unroll 1
    for (int round = 0; round < rounds; round++) {
#pragma unroll
        for (int i = 0; i < 8; i++) Units::multiply(sum[i], a, b);
    }
    float total = 0;
#pragma unroll
    for (int i = 0; i < 8; i++)
#pragma unroll
        for (int j = 0; j < sum[0].num_elements; j++) total += sum[i].x[j];
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

class Timings {
  public:
    void run(const std::string& json_file) {
        cudaDeviceProp device;
        CHECK(cudaGetDeviceProperties(&device, 0));
        CHECK(cudaStreamCreate(&stream_));
        CHECK(cudaEventCreate(&start_));
        CHECK(cudaEventCreate(&end_));
        json_file_ = json_file.empty() ? nullptr : std::fopen(json_file.c_str(), "w");
        if (!json_file.empty() && !json_file_) {
            std::fprintf(stderr, "cannot write %s\n", json_file.c_str());
            std::exit(3);
        }
        if (json_file_) std::fprintf(json_file_, "{\"device\": \"%s\", \"rows\": [", device.name);
        for (int operand = 0; operand < 2; operand++) {
            values_[operand] = static_cast<float*>(device_allocate(4 * POOL));
            rounded_[operand] = static_cast<__nv_bfloat16*>(device_allocate(2 * POOL));
            need_ok(GS_LAUNCH(fill_random, 4096, 256, 0, stream_, values_[operand], rounded_[operand], POOL, 77u + operand));
        }
        Workspace workspace(9 * 256 * 256, 8192, size_t(32) << 20, size_t(8192) * 768, EACH_FLOATS + 9 * 256 * 256);
        w_ = &workspace;
        w_->clear();
        std::printf("\n%s, %d multiprocessors, L2 %d MB, CUDA %d\n", device.name, device.multiProcessorCount,
                    device.l2CacheSize >> 20, CUDART_VERSION);
        ceilings();
        std::printf("\nµs a batch, its gradient included unless the form says alone. TFLOP/s: 18·Cin·Cout·H·W·B operations; GB/s: "
                    "both operands, gradient and norms, each once. norms: A / A0 − 1, each with its best tile.\n\n");
        std::printf("| shape | batch | form | precision | tile, strip, lanes | µs | TFLOP/s | GB/s | norms |\n"
                    "|---|---|---|---|---|---|---|---|---|\n");
        const int shapes[][4] = {{32, 32, 16, 16}, {16, 16, 32, 32},   {8, 8, 64, 64},
                                 {14, 14, 32, 64}, {16, 16, 128, 128}, {8, 8, 256, 256}};
        for (const auto& s : shapes) {
            best_.clear();
            for (int batch : {128, 1024, 8192}) conv2d(conv2d_3x3(batch, s[0], s[1], s[2], s[3]));
        }
        for (int batch : {128, 1024, 8192})
            for (int inputs : {784, 3136}) linear(batch, inputs, 128);
        normalisation(1024, 32 * 32, 16);
        normalisation(1024, 16 * 16, 32);
        normalisation(1024, 8 * 8, 64);
        if (json_file_) {
            std::fprintf(json_file_, "\n]}\n");
            std::fclose(json_file_);
        }
        CHECK(cudaDeviceSynchronize());
    }

  private:
    static constexpr size_t POOL = size_t(2) * 8192 * 256 * 128;    /* elements of an operand, two sets of the largest shape */
    static constexpr size_t EACH_FLOATS = size_t(24) * 1000 * 250;  /* form B's chunk: 24 MB, so that it stays in the L2 cache */

    static constexpr const char* LIBRARY = "library"; /* in place of a tile: the library's own choice */

    struct Row {
        double us, flops, bytes;
        std::string shape, form, precision, tile;
        int batch;
    };
    struct Best {
        std::string key;
        const Variant* variant;
        int rows;
    };

    /*
     * call(i) queues the work on input set i; a replay takes about 0.3 ms, or one call. A single call that takes far longer
     * than enough (µs) is not timed further: its time comes back as it is.
     */
    double time_us(const std::function<void(int)>& call, double set_bytes, int replays, double enough = INFINITY) {
        call(0);
        CHECK(cudaEventRecord(start_, stream_));
        call(1);
        CHECK(cudaEventRecord(end_, stream_));
        CHECK(cudaEventSynchronize(end_));
        float ms = 0;
        CHECK(cudaEventElapsedTime(&ms, start_, end_));
        if (1e3 * ms > 1.5 * enough + 30) return 1e3 * ms;
        const double wanted = std::max(0.3 / std::max(double(ms), 1e-3), 1.5e8 / set_bytes);
        const int calls = static_cast<int>(std::min(256.0, std::max(1.0, std::ceil(wanted))));
        cudaGraph_t graph;
        cudaGraphExec_t executable;
        CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
        for (int i = 0; i < calls; i++) call(i);
        CHECK(cudaStreamEndCapture(stream_, &graph));
        CHECK(cudaGraphInstantiate(&executable, graph, 0));
        std::vector<float> times;
        for (int i = -1; i < replays; i++) {
            CHECK(cudaEventRecord(start_, stream_));
            CHECK(cudaGraphLaunch(executable, stream_));
            CHECK(cudaEventRecord(end_, stream_));
            CHECK(cudaEventSynchronize(end_));
            CHECK(cudaEventElapsedTime(&ms, start_, end_));
            if (i >= 0) times.push_back(ms);
        }
        CHECK(cudaGraphExecDestroy(executable));
        CHECK(cudaGraphDestroy(graph));
        std::sort(times.begin(), times.end());
        return 1e3 * times[times.size() / 2] / calls;
    }

    /* Set number i of an operand, size elements each, and where it starts. */
    static size_t set_start(size_t size, int i) { return size * (static_cast<size_t>(i) % std::min<size_t>(256, POOL / size)); }
    const void* set(int operand, bool bf16, size_t size, int i) const {
        const size_t at = set_start(size, i);
        return bf16 ? static_cast<const void*>(rounded_[operand] + at) : static_cast<const void*>(values_[operand] + at);
    }

    float* floats(int operand, size_t size, int i) const { return values_[operand] + set_start(size, i); }

    double time_plan(const Plan& p, int replays, int chunk, double enough = INFINITY) {
        const Conv2d& s = p.shape;
        const size_t pixels = size_t(s.batch) * s.height * s.width;
        const bool bf16 = p.variant->is_bf16();
        return time_us(
            [&](int i) {
                const void* x = set(0, bf16, pixels * s.pitch, i);
                const void* delta = set(1, bf16, pixels * s.out_pitch, i);
                if (p.mode == EACH)
                    run_b(p, *w_, stream_, x, delta, chunk);
                else
                    run_a(p, *w_, stream_, x, delta);
            },
            double(pixels) * (s.pitch + s.out_pitch) * p.variant->element, replays, enough);
    }

    /* The fastest tile and strip of a precision and mode, and its time. */
    double best_time(const Conv2d& s, const std::string& precision, Mode mode, Plan& best, int chunk) {
        const std::string key = precision + std::to_string(mode);
        auto known = std::find_if(best_.begin(), best_.end(), [&](const Best& b) { return b.key == key; });
        if (s.batch > 1024 && known != best_.end()) {
            make_plan(best, *known->variant, mode, s, known->rows);
            return time_plan(best, 20, chunk);
        }
        double least = INFINITY;
        for (const Variant& variant : variants()) {
            if (variant.precision != precision) continue;
            if (variant.wm == 1 && s.pitch * s.out_pitch >= 128 * 128) continue; /* would read every pixel eight times and more */
            for (int rows : strip_rows(s.height)) {
                Plan plan;
                if (!make_plan(plan, variant, mode, s, rows)) continue;
                const double us = time_plan(plan, 3, chunk, least);
                json("tuning", s.batch, shape_name(s), form_name(mode), precision, tile_name(plan), us);
                if (us < least) {
                    least = us;
                    best = plan;
                }
            }
        }
        if (known != best_.end()) best_.erase(known);
        best_.push_back({key, best.variant, best.of.rows});
        return time_plan(best, 20, chunk);
    }

    double library_time(const Conv2d& s, int precision) {
        const size_t pixels = size_t(s.batch) * s.height * s.width;
        return time_us(
            [&](int i) {
                run_library(s, precision, *w_, stream_, floats(0, pixels * s.pitch, i), floats(1, pixels * s.out_pitch, i));
            },
            4.0 * pixels * (s.pitch + s.out_pitch), 20);
    }

    void conv2d(const Conv2d& s) {
        const double pixels = double(s.batch) * s.height * s.width, flops = 18 * pixels * s.pitch * s.out_pitch;
        const double rest = 4.0 * s.weights() + 4.0 * s.batch;
        const int chunk = std::max(1, std::min(s.batch, static_cast<int>(EACH_FLOATS / static_cast<size_t>(s.weights()))));
        for (const char* precision : {"tf32", "tf32x3", "bf16", "fp32"}) {
            const bool bf16 = std::string(precision) == "bf16";
            const double bytes = pixels * (s.pitch + s.out_pitch) * (bf16 ? 2 : 4) + rest;
            Plan plan, plain, each;
            const double plain_us = best_time(s, precision, GRADIENT, plain, chunk);
            const int known = library_precision(precision);
            const double us = known < 0 ? best_time(s, precision, NORMS, plan, chunk) : library_time(s, known);
            row({plain_us, flops, bytes, shape_name(s), "A0", precision, tile_name(plain), s.batch}, NAN);
            row({us, flops, bytes, shape_name(s), "A", precision, known < 0 ? tile_name(plan) : LIBRARY, s.batch},
                us / plain_us - 1);
            if (std::string(precision) != "tf32") continue;
            const double each_us = best_time(s, precision, EACH, each, chunk);
            const std::string tile = tile_name(each) + " chunk " + std::to_string(chunk);
            row({each_us, flops, bytes, shape_name(s), "B", precision, tile, s.batch}, each_us / plain_us - 1);
        }
        if (has_gram(s))
            for (const char* precision : {"tf32", "tf32x3", "bf16", "fp32"}) gram(s, precision);
    }

    void gram(const Conv2d& s, const std::string& precision) {
        const size_t pixels = size_t(s.batch) * s.height * s.width;
        const bool bf16 = precision == "bf16";
        const double bytes = double(pixels) * (s.pitch + s.out_pitch) * (bf16 ? 2 : 4);
        const double us = time_us(
            [&](int i) {
                run_c(precision, s, *w_, stream_, set(0, bf16, pixels * s.pitch, i), set(1, bf16, pixels * s.out_pitch, i));
            },
            bytes, 20);
        const char* const tile = library_precision(precision) < 0 ? "" : LIBRARY;
        row({us, 0, bytes + 4.0 * s.batch, shape_name(s), "C, norms alone", precision, tile, s.batch}, NAN);
    }

    void linear(int batch, int inputs, int outputs) {
        const size_t x = size_t(batch) * inputs, delta = size_t(batch) * outputs;
        const double us = time_us(
            [&](int i) { run_linear(*w_, stream_, floats(0, x, i), floats(1, delta, i), batch, inputs, outputs); },
            4.0 * (x + delta), 20);
        const std::string shape = "linear " + std::to_string(inputs) + "→" + std::to_string(outputs);
        row({us, 0, 4.0 * (x + delta + batch), shape, "rows, norms alone", "fp32", LIBRARY, batch}, NAN);
    }

    void normalisation(int batch, int positions, int channels) {
        const size_t size = size_t(batch) * positions * channels;
        float* const statistics = device_copy(identity_statistics(channels));
        const double us = time_us(
            [&](int i) {
                run_normalisation(*w_, stream_, floats(0, size, i), floats(1, size, i), statistics, batch, positions, channels);
            },
            8.0 * size, 20);
        device_free(statistics);
        const std::string shape = "normalisation " + std::to_string(positions) + "×" + std::to_string(channels);
        row({us, 0, 8.0 * size + 4.0 * batch + 8.0 * channels, shape, "sums and norms", "fp32", LIBRARY, batch}, NAN);
    }

    void ceilings() {
        const size_t bytes = 2 * POOL;
        const double copy = time_us(
            [&](int) { CHECK(cudaMemcpyAsync(rounded_[1], rounded_[0], bytes, cudaMemcpyDeviceToDevice, stream_)); },
            double(bytes), 5);
        std::printf("\ncopy of %.1f GB: %.0f GB/s read and written\n", bytes * 1e-9, 2e-3 * bytes / copy);
        rate<Tf32>("tf32", values_[0]);
        rate<Bf16>("bf16", rounded_[0]);
    }

    template <class Units>
    void rate(const char* precision, const typename Units::Element* from) {
        const int blocks = multiprocessors(), rounds = 4000;
        const double us = time_us(
            [&](int) { need_ok(GS_LAUNCH((product_rate<Units>), blocks, 256, 0, stream_, w_->each, from, rounds)); }, 1e12, 5);
        const double flops = 2.0 * 16 * 16 * Units::DEPTH * 8 * rounds * 8 * blocks;
        std::printf("wmma %s from registers, 8 warps a multiprocessor: %.0f TFLOP/s\n", precision, 1e-6 * flops / us);
    }

    static std::string shape_name(const Conv2d& s) {
        return std::to_string(s.pitch) + "→" + std::to_string(s.out_pitch) + " " + std::to_string(s.height) + "×" +
               std::to_string(s.width);
    }
    static std::string tile_name(const Plan& p) {
        return std::to_string(p.variant->wm) + "×" + std::to_string(p.variant->wn) + "×" + std::to_string(p.variant->wt) + ", " +
               std::to_string(p.of.rows) + ", " + std::to_string(p.of.lanes);
    }
    static const char* form_name(Mode mode) { return mode == NORMS ? "A" : mode == GRADIENT ? "A0" : "B"; }

    void row(const Row& r, double norms) {
        char rate[24] = "", cost[24] = "";
        if (r.flops > 0) std::snprintf(rate, sizeof(rate), "%.1f", 1e-6 * r.flops / r.us);
        if (!std::isnan(norms)) std::snprintf(cost, sizeof(cost), "%+.1f %%", 100 * norms);
        std::printf("| %s | %d | %s | %s | %s | %.1f | %s | %.0f | %s |\n", r.shape.c_str(), r.batch, r.form.c_str(),
                    r.precision.c_str(), r.tile.c_str(), r.us, rate, 1e-3 * r.bytes / r.us, cost);
        std::fflush(stdout);
        json("result", r.batch, r.shape, r.form, r.precision, r.tile, r.us);
    }

    void json(const char* kind, int batch, const std::string& shape, const std::string& form, const std::string& precision,
              const std::string& tile, double us) {
        if (!json_file_) return;
        std::fprintf(json_file_,
                     "%s\n{\"kind\": \"%s\", \"shape\": \"%s\", \"batch\": %d, \"form\": \"%s\", \"precision\": \"%s\", "
                     "\"tile\": \"%s\", \"us\": %.3f}",
                     written_++ ? "," : "", kind, shape.c_str(), batch, form.c_str(), precision.c_str(), tile.c_str(), us);
    }

    cudaStream_t stream_ = nullptr;
    cudaEvent_t start_ = nullptr, end_ = nullptr;
    float* values_[2] = {};
    __nv_bfloat16* rounded_[2] = {};
    Workspace* w_ = nullptr;
    std::vector<Best> best_;
    std::FILE* json_file_ = nullptr;
    int written_ = 0;
};
