/* The stand-in for cuDNN against plain loops in double: odd shapes, strides, dilations, groups, pitches, TF32. */
#include "convolution.h"

namespace {

/* What the pass adds up, in double, at the result's places; 0 between them. */
std::vector<double> reference(const Case& t, Pass pass, const std::vector<float>& x, const std::vector<float>& w,
                              const std::vector<float>& y) {
    std::vector<double> sums(pass == Pass::FORWARD ? y.size() : pass == Pass::DATA ? x.size() : w.size());
    const auto in = [&](float value) { return t.math == CUDNN_FMA_MATH ? double{value} : tf32_of(value); };
    for (int n = 0; n < t.n; n++)
        for (int p = 0; p < t.p(); p++)
            for (int q = 0; q < t.q(); q++)
                for (int k = 0; k < t.k; k++)
                    for (int r = 0; r < t.r; r++)
                        for (int s = 0; s < t.s; s++) {
                            const int h = p * t.stride_h - t.pad_h + r * t.dilation_h;
                            const int v = q * t.stride_w - t.pad_w + s * t.dilation_w;
                            if (h < 0 || h >= t.h || v < 0 || v >= t.w) continue;
                            const bool turned = t.mode == CUDNN_CONVOLUTION;
                            for (int c = 0; c < t.per_group(); c++) {
                                const size_t at_x = t.x_at(n, h, v, k / (t.k / t.groups) * t.per_group() + c);
                                const size_t at_w = t.w_at(k, turned ? t.r - 1 - r : r, turned ? t.s - 1 - s : s, c);
                                const size_t at_y = t.y_at(n, p, q, k);
                                if (pass == Pass::FORWARD) sums[at_y] += in(x[at_x]) * in(w[at_w]);
                                if (pass == Pass::DATA) sums[at_x] += in(y[at_y]) * in(w[at_w]);
                                if (pass == Pass::FILTER) sums[at_w] += in(x[at_x]) * in(y[at_y]);
                            }
                        }
    return sums;
}

std::string text_of(const Case& t) {
    char text[200];
    snprintf(text, sizeof text,
             "[%d, %d, %d, %d] k%d %dx%d pad %d,%d stride %d,%d dilation %d,%d groups %d pitch %d,%d math %d mode %d", t.n, t.c,
             t.h, t.w, t.k, t.r, t.s, t.pad_h, t.pad_w, t.stride_h, t.stride_w, t.dilation_h, t.dilation_w, t.groups, t.x_pitch,
             t.y_pitch, t.math, t.mode);
    return text;
}

void compare(const Case& t, Draw& draw) {
    const float BETWEEN = -77; /* what lies between rows of channels, which nothing may write */
    Convolution convolution(t);
    int dims[4] = {};
    CHECK_EQUAL(cudnnGetConvolution2dForwardOutputDim(convolution.convolution, convolution.x, convolution.w, dims, dims + 1,
                                                      dims + 2, dims + 3), 0);
    CHECK(dims[0] == t.n && dims[1] == t.k && dims[2] == t.p() && dims[3] == t.q());
    const std::vector<float> x = draw.values(t.x_count()), w = draw.values(t.w_count()), y = draw.values(t.y_count());
    const DeviceFloats at_x(x), at_w(w), at_y(y);
    for (const Pass pass : {Pass::FORWARD, Pass::DATA, Pass::FILTER}) {
        const std::vector<double> sums = reference(t, pass, x, w, y);
        const int pitch = pass == Pass::FORWARD ? t.y_pitch : pass == Pass::DATA ? t.x_pitch : 1;
        const int channels = pass == Pass::FORWARD ? t.k : pass == Pass::DATA ? t.c : 1;
        for (const cudnnAlgorithmPerformance& algorithm : convolution.algorithms(pass)) {
            if (algorithm.status != CUDNN_STATUS_SUCCESS) continue;
            CHECK_EQUAL(convolution.workspace(pass, algorithm.algo), algorithm.memory);
            const DeviceFloats space(algorithm.memory / sizeof(float) + 1);
            std::vector<float> old = draw.values(sums.size());
            for (size_t i = 0; i < old.size(); i++)
                if (static_cast<int>(i % static_cast<size_t>(pitch)) >= channels) old[i] = BETWEEN;
            const DeviceFloats result(old);
            CHECK_EQUAL(convolution.run(pass, algorithm.algo, at_x.at(), at_w.at(), at_y.at(), result.at(), space.at(),
                                        algorithm.memory, t.alpha, t.beta), 0);
            CHECK_EQUAL(cudaDeviceSynchronize(), 0);
            const std::vector<float> got = result.get();
            const double ulps = algorithm.determinism == CUDNN_DETERMINISTIC ? 1 : 2;
            for (size_t i = 0; i < got.size(); i++) {
                const bool between = static_cast<int>(i % static_cast<size_t>(pitch)) >= channels;
                const double wanted = between ? BETWEEN : t.alpha * sums[i] + t.beta * old[i];
                /* One rounding to float; sums in double in another order. */
                const bool near = fabs(got[i] - wanted) <= ulps * 1.2e-7 * fabs(wanted) + 1e-13;
                checks++;
                if (near) continue;
                check(false, __FILE__, __LINE__, text_of(t) + " pass " + std::to_string(static_cast<int>(pass)) + " algorithm " +
                      std::to_string(algorithm.algo) + ": [" + std::to_string(i) + "] is " + std::to_string(got[i]) + ", not " +
                      std::to_string(wanted));
                break;
            }
        }
    }
}

Case draw_case(Draw& draw) {
    Case t;
    t.groups = draw.between(0, 3) == 0 ? 3 : 1;
    t.c = t.groups * draw.between(1, 21);
    t.k = t.groups * draw.between(1, 19);
    t.r = draw.between(1, 4);
    t.s = draw.between(1, 4);
    t.dilation_h = draw.between(1, 2);
    t.dilation_w = draw.between(1, 2);
    t.stride_h = draw.between(1, 3);
    t.stride_w = draw.between(1, 3);
    t.pad_h = draw.between(0, 3);
    t.pad_w = draw.between(0, 3);
    t.n = draw.between(1, 3);
    t.h = (t.r - 1) * t.dilation_h + draw.between(1, 6);
    t.w = (t.s - 1) * t.dilation_w + draw.between(1, 6);
    t.x_pitch = t.c + draw.between(0, 5);
    t.y_pitch = t.k + draw.between(0, 5);
    t.math = draw.between(0, 1) == 0 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
    t.mode = draw.between(0, 3) == 0 ? CUDNN_CONVOLUTION : CUDNN_CROSS_CORRELATION;
    t.filter_format = draw.between(0, 3) == 0 ? CUDNN_TENSOR_NCHW : CUDNN_TENSOR_NHWC;
    t.alpha = draw.between(0, 1) == 0 ? 1 : 0.75f;
    t.beta = draw.between(0, 1) == 0 ? 0 : -0.5f;
    return t;
}

/* What a net in a test is made of; printed, not judged: machines differ. */
void time() {
    Draw draw(11);
    Case t = PLAIN;
    t.n = 64;
    t.c = t.k = t.x_pitch = t.y_pitch = 16;
    t.h = t.w = 28;
    const Convolution convolution(t);
    const DeviceFloats x(draw.values(t.x_count())), w(draw.values(t.w_count())), y(draw.values(t.y_count()));
    const DeviceFloats out(t.x_count()), space(65536);
    for (const Pass pass : {Pass::FORWARD, Pass::DATA, Pass::FILTER}) {
        const double start = seconds();
        CHECK_EQUAL(convolution.run(pass, 1, x.at(), w.at(), y.at(), out.at(), space.at(), space.bytes(), 1, 0), 0);
        CHECK_EQUAL(cudaDeviceSynchronize(), 0);
        printf("pass %d of [64, 16, 28, 28], 16 filters 3 x 3: %.1f ms\n", static_cast<int>(pass), (seconds() - start) * 1e3);
    }
}

}  // namespace

int main() {
    const uint64_t seed = 20;
    printf("seed %llu\n", static_cast<unsigned long long>(seed));
    Draw draw(seed);
    for (int i = 0; i < 60; i++) compare(draw_case(draw), draw);
    time();
    return finish("convolutions");
}
