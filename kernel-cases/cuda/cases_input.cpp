/* gs_cuda_input: samples by index, standardised and augmented, against java's Augment by its definition, bit for bit. */
#include "device_call.h"

#include <math.h>

#include <algorithm>

namespace cases {
namespace {

struct Images {
    int64_t batch, height, width, channels, pitch;
    int element, crop, flip;
    int64_t offset; /* elements of the data set's beginning beyond a multiple of 16 bytes */

    int64_t floats() const { return height * width * channels; }
    std::string name() const {
        return text("%lldx%lldx%lldx%lld/%lld %s%s%s%s", (long long)batch, (long long)height, (long long)width, (long long)channels,
                    (long long)pitch, element == GS_CUDA_UINT8 ? "bytes" : "floats", crop ? " crop" : "", flip ? " flip" : "",
                    offset ? " odd address" : "");
    }
    double bytes() const {
        return static_cast<double>(batch * height * width) *
               static_cast<double>((element == GS_CUDA_UINT8 ? 1 : 4) * channels + 4 * pitch);
    }
};

constexpr int64_t PADDING = 4;

/* The image with zeros on all sides, cut at a drawn place, then mirrored. */
template <typename T>
std::vector<T> augmented(const Images& s, const T* image, const gs_cuda_sample& sample) {
    const int64_t wide = s.width + 2 * PADDING, high = s.height + 2 * PADDING;
    std::vector<T> padded(static_cast<size_t>(high * wide * s.channels)), result(static_cast<size_t>(s.floats()));
    for (int64_t y = 0; y < s.height; y++)
        std::copy_n(image + y * s.width * s.channels, s.width * s.channels,
                    padded.begin() + ((y + PADDING) * wide + PADDING) * s.channels);
    const uint64_t bits = static_cast<uint64_t>(sample.draw);
    const int64_t top = sample.crop ? static_cast<int64_t>((bits & 0xffffff) * 9 >> 24) : PADDING;
    const int64_t left = sample.crop ? static_cast<int64_t>((bits >> 24 & 0xffffff) * 9 >> 24) : PADDING;
    for (int64_t y = 0; y < s.height; y++)
        for (int64_t x = 0; x < s.width; x++) {
            const int64_t to = sample.flip && sample.draw < 0 ? s.width - 1 - x : x;
            std::copy_n(padded.begin() + ((y + top) * wide + x + left) * s.channels, s.channels,
                        result.begin() + (y * s.width + to) * s.channels);
        }
    return result;
}

template <typename T>
void run_case(Run& run, const Images& s, const std::vector<T>& data, int64_t samples) {
    const bool bytes = sizeof(T) == 1;
    auto scale = run.random("scale", s.channels), shift = run.random("shift", s.channels);
    auto output = run.unwritten("output", s.batch * s.height * s.width * s.pitch);
    std::vector<gs_cuda_sample> of;
    for (int64_t i = 0; i < s.batch; i++) {
        /* The ends of both places, too. */
        const uint64_t bits = static_cast<uint64_t>(run.uniform() * 0x1p53) << 11 ^ static_cast<uint64_t>(run.below(1 << 24));
        const int64_t draw = i == 0 ? -1 : i == 1 ? 0 : static_cast<int64_t>(bits);
        const bool all = i < 4 || s.batch > 100;
        of.push_back({run.below(samples), draw, all ? s.crop : static_cast<int32_t>(run.below(2)),
                      all ? s.flip : static_cast<int32_t>(run.below(2))});
    }
    run.call([&] {
        DeviceCall call;
        const T* from = call.in(data.data(), static_cast<int64_t>(data.size())) + s.offset;
        const gs_cuda_sample* which = call.in(of.data(), s.batch);
        const float* by = bytes ? call.in(scale.data, s.channels) : nullptr;
        const float* plus = bytes ? call.in(shift.data, s.channels) : nullptr;
        float* y = call.out(output.data, static_cast<int64_t>(output.size));
        return call.run([&](void* stream) {
            return gs_cuda_input(s.batch, s.height, s.width, s.channels, s.pitch, s.element, from, which,
                                 by, plus, y, stream);
        });
    });
    run.compare(output, EXACT, [&] {
        std::vector<double> wanted(output.size);
        for (int64_t i = 0; i < s.batch; i++) {
            const gs_cuda_sample& sample = of[static_cast<size_t>(i)];
            const std::vector<T> image = augmented(s, data.data() + s.offset + sample.sample * s.floats(), sample);
            for (int64_t e = 0; e < s.floats(); e++) {
                const size_t c = static_cast<size_t>(e % s.channels);
                const float value = static_cast<float>(image[static_cast<size_t>(e)]);
                wanted[static_cast<size_t>((i * s.height * s.width + e / s.channels) * s.pitch + e % s.channels)] =
                    static_cast<double>(bytes ? fmaf(value, scale[c], shift[c]) : value);
            }
        }
        return wanted;
    });
}

Case input_case(const Images& s, bool timed) {
    Case result = {"input", s.name(), 2.0 * static_cast<double>(s.batch * s.floats()), s.bytes(), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        const int64_t samples = timed ? s.batch : 9, count = samples * s.floats() + s.offset;
        if (s.element == GS_CUDA_UINT8) {
            std::vector<uint8_t> data;
            for (int64_t i = 0; i < count; i++) data.push_back(static_cast<uint8_t>(run.below(256)));
            run_case(run, s, data, samples);
        } else {
            const auto values = run.random("samples", count);
            run_case(run, s, std::vector<float>(values.data, values.data + count), samples);
        }
    };
    return result;
}

Case refusals_case() {
    Case result = {"input", "refuses shapes that are none", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 256);
        const auto refused = [&](int64_t height, int64_t width, int64_t channels, int64_t pitch, int element, bool scaled) {
            run.refuses(GS_CUDA_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                const gs_cuda_sample one = {0, 0, 0, 0};
                const gs_cuda_sample* of = call.in(&one, 1);
                float* const m = call.in_out(f.data, 256);
                return call.run([&](void* stream) {
                    return gs_cuda_input(1, height, width, channels, pitch, element, m, of, scaled ? m : nullptr, m, m,
                                         stream);
                });
            });
        };
        refused(3, 3, 1, 1, GS_CUDA_UINT8, true); /* nine floats are no whole words */
        refused(4, 4, 1, 2, GS_CUDA_UINT8, true);
        refused(4, 4, 5, 4, GS_CUDA_FLOAT32, true);
        refused(4, 4, 1, 4, GS_CUDA_UINT8, false);
        refused(4, 4, 1, 4, 2, true);
        refused(0, 4, 1, 4, GS_CUDA_FLOAT32, true);
        refused(1 << 16, 1 << 16, 1, 4, GS_CUDA_FLOAT32, true);
        refused(INT64_MAX, 4, 1, 4, GS_CUDA_FLOAT32, true);
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    const Images shapes[] = {{6, 5, 7, 3, 4, 0, 0, 0, 0},    {6, 28, 28, 1, 1, 0, 0, 0, 0}, {6, 28, 28, 1, 4, 0, 0, 0, 0},
                             {70, 8, 9, 3, 3, 0, 0, 0, 0},   {5, 32, 32, 3, 4, 0, 0, 0, 0}, {7, 3, 5, 2, 8, 0, 0, 0, 0},
                             {6, 2, 2, 5, 5, 0, 0, 0, 0},    {6, 9, 11, 16, 16, 0, 0, 0, 0}, {6, 1, 1, 13, 16, 0, 0, 0, 0},
                             {90, 1, 4, 1, 1, 0, 0, 0, 0}};
    for (Images s : shapes)
        for (int element : {GS_CUDA_UINT8, GS_CUDA_FLOAT32})
            for (int change = 0; change < 4; change++) {
                s.element = element;
                s.crop = change & 1;
                s.flip = change >> 1;
                cases.push_back(input_case(s, false));
            }
    cases.push_back(input_case({6, 28, 28, 1, 1, GS_CUDA_UINT8, 0, 1, 1}, false));
    cases.push_back(input_case({6, 28, 28, 1, 1, GS_CUDA_FLOAT32, 0, 1, 1}, false));
    cases.push_back(input_case({6, 1, 1, 784, 784, GS_CUDA_FLOAT32, 0, 0, 0}, false));
    cases.push_back(refusals_case());
    cases.push_back(input_case({4096, 28, 28, 1, 1, GS_CUDA_UINT8, 0, 0, 0}, true)); /* an mlp on Fashion-MNIST */
    cases.push_back(input_case({2048, 32, 32, 3, 4, GS_CUDA_UINT8, 1, 1, 0}, true)); /* resnet20 on CIFAR-10 */
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
