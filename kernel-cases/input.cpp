/* input: bytes scaled and shifted by channel, floats as they are, into the network's pitch. */
#include "shapes.h"

#include <math.h>

namespace cases {

static Case input_case(const Shape& s, int element, bool timed) {
    Case result = {"input", s.name() + (element == GS_UINT8 ? " bytes" : " floats"), 2.0 * static_cast<double>(s.used()),
                   (element == GS_UINT8 ? 1.0 : 4.0) * static_cast<double>(s.used()) + 4.0 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto bytes = run.bytes("bytes", element == GS_UINT8 ? s.used() : 0);
        auto floats = run.random("floats", element == GS_FLOAT32 ? s.used() : 0);
        for (size_t i = 0; i < bytes.size; i++) bytes[i] = static_cast<uint8_t>(run.below(256));
        auto scale = run.random("scale", s.channels), shift = run.random("shift", s.channels);
        auto output = run.unwritten("output", s.count());
        const bool as_bytes = element == GS_UINT8;
        run.call([&] {
            return gs_input(s.batch, s.positions, s.channels, s.pitch, element, as_bytes ? static_cast<const void*>(bytes.data) : floats.data,
                            as_bytes ? scale.data : nullptr, as_bytes ? shift.data : nullptr, output.data);
        });
        run.compare(output, as_bytes ? few_roundings(s, 5e-7) : EXACT, [&] {
            std::vector<double> wanted(output.size);
            size_t dense = 0;
            s.each([&](int64_t, int64_t, int64_t channel, size_t at) {
                const size_t c = static_cast<size_t>(channel);
                wanted[at] = as_bytes ? static_cast<double>(bytes[dense]) * scale[c] + shift[c] : floats[dense];
                dense++;
            });
            return wanted;
        });
    };
    return result;
}

static Case refusals_case() {
    Case result = {"input", "refuses elements that are none", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 64);
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_input(1, 1, 16, 16, 2, f.data, f.data, f.data, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_input(1, 1, 16, 16, GS_UINT8, f.data, nullptr, nullptr, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_input(1, 1, 16, 15, GS_FLOAT32, f.data, nullptr, nullptr, f.data); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    std::vector<Shape> shapes = odd_shapes();
    for (const Shape& s : {Shape{3, 784, 1, 1}, Shape{2, 1023, 3, 3}, Shape{2, 31, 16, 16}, Shape{2, 9, 1, 16}, Shape{5, 1, 13, 16}, Shape{2, 77, 15, 15}})
        shapes.push_back(s);
    for (const Shape& s : shapes)
        for (int element : {GS_UINT8, GS_FLOAT32}) {
            cases.push_back(input_case(s, element, false));
        }
    cases.push_back(refusals_case());
    for (int element : {GS_UINT8, GS_FLOAT32}) {
        cases.push_back(input_case({128, 784, 1, 1}, element, true)); /* Fashion-MNIST */
        cases.push_back(input_case({128, 1024, 3, 3}, element, true)); /* CIFAR-10 */
    }
    cases.push_back(input_case({128, 1, 784, 784}, GS_FLOAT32, true)); /* plain features */
}

static const Registration registration(declare);

}  // namespace cases
