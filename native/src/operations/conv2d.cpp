/* Convolution, with max-pooling fused or not, and the private gradients that it and the norm layers share. */
#include <string.h>

#include "conv2d_check.h"
#include "operations/operation.h"

namespace gradsieve {

/* ---- private gradients ---------------------------------------------------------------------------------------------- */

PrivateGradients::PrivateGradients(Step& step, int ordinal, int64_t floats)
    : step_(step), floats_(floats), region_(step.scratch.own("gradients " + std::to_string(ordinal), floats)) {}

float* PrivateGradients::of(const Worker& worker) const { return step_.scratch.own(region_, worker.index); }

void PrivateGradients::clear(Worker& worker) const {
    memset(of(worker), 0, static_cast<size_t>(floats_) * sizeof(float));
}

double PrivateGradients::reduce(Worker& worker, int64_t from, const Parameter& parameter) const {
    Range range = share(parameter.count, LANES, worker.index, step_.threads);
    if (range.from >= range.to) return 0;
    const float* parts[MAX_THREADS];
    for (int t = 0; t < step_.threads; t++) parts[t] = step_.scratch.own(region_, t) + from + range.from;
    float* target = step_.gradients(parameter.offset) + range.from;
    return kernels().reduce(range.to - range.from, step_.threads, parts, target);
}

void PrivateGradients::total(float* target) const {
    const float* parts[MAX_THREADS];
    for (int t = 0; t < step_.threads; t++) parts[t] = step_.scratch.own(region_, t);
    kernels().reduce(floats_, step_.threads, parts, target);
}

/* ---- convolution ------------------------------------------------------------------------------------------------------ */

namespace {

struct Convolution {
    gs_conv2d shape;
    int64_t weights, bias;
    int activation;
    int64_t pool; /* 1: none */
};

class Conv2d : public Operation {
public:
    Conv2d(Step& step, const Convolution& c)
        : Operation(step, "conv2d"),
          c_(fitted(c)),
          filters_(c_.shape.out_pitch * c_.shape.kernel_height * c_.shape.kernel_width * c_.shape.channels),
          gradients_(step, ordinal_, filters_ + c_.shape.out_channels) {
        check();
        book();
        parameter(c_.weights, filters_, "weights");
        if (c_.bias >= 0) parameter(c_.bias, c_.shape.out_channels, "bias");
        needs_backward(in(), "input");
        if (c_.activation != GS_IDENTITY) needs_backward(out(), "output");
    }

    void forward_begin(Worker& worker) override {
        if (prepares_forward)
            kernels().conv2d_prepare(c_.shape, c_.pool, worker.index, step_.threads, step_.weights(c_.weights),
                                     step_.scratch.shared(prepared_));
    }

    void forward(const Block& block) override {
        if (pooled()) {
            each(block, dense_, [this](const Block& b) {
                kernels().conv2d_maxpool_forward(c_.shape, c_.pool, b.count, step_.value(b, in()), filters(),
                                                 step_.weights(c_.bias), c_.activation, step_.value(b, out()),
                                                 choice(b), scratch(b));
            });
        } else {
            kernels().conv2d_forward(c_.shape, block.count, step_.value(block, in()), filters(),
                                     step_.weights(c_.bias), c_.activation, step_.value(block, out()), scratch(block));
        }
    }

    void backward_begin(Worker& worker) override {
        gradients_.clear(worker);
        if (prepares_backward)
            kernels().conv2d_transpose(c_.shape, c_.pool, worker.index, step_.threads, step_.weights(c_.weights),
                                       step_.scratch.shared(transposed_));
    }

    void backward(const Block& block) override {
        if (pooled()) {
            each(block, dense_, [this](const Block& b) { backward_pooled(b); });
        } else {
            backward_plain(block);
        }
    }

    void backward_end(Worker& worker) override {
        double& sum = squares[static_cast<size_t>(worker.index)];
        sum = gradients_.reduce(worker, 0, parameters[0]);
        if (c_.bias >= 0) sum += gradients_.reduce(worker, filters_, parameters[1]);
    }

private:
    /* The shape of the whole, checked. */
    Convolution fitted(const Convolution& asked) const {
        needs_output();
        Convolution c = asked;
        c.shape.channels = tensor(in()).channels;
        c.shape.pitch = tensor(in()).pitch;
        c.shape.out_channels = tensor(out()).channels;
        c.shape.out_pitch = tensor(out()).pitch;
        int status = check_conv2d(name, &c.shape, c.pool, step_.capacity);
        if (status != GS_OK) throw Refusal{status};
        return c;
    }

    bool pooled() const { return c_.pool > 1; }
    float* scratch(const Block& block) const { return step_.scratch.own(scratch_, block.worker.index); }
    uint8_t* choice(const Block& block) const { return reinterpret_cast<uint8_t*>(step_.value(block, saved())); }
    float* input_gradient(const Block& block) const {
        return gradient() == GS_GRADIENT_NONE ? nullptr : step_.gradient(block, in());
    }
    const float* filters() const {
        return prepares_forward ? step_.scratch.shared(prepared_) : step_.weights(c_.weights);
    }
    const float* transposed() const { return prepares_backward ? step_.scratch.shared(transposed_) : nullptr; }

    void backward_pooled(const Block& b) {
        float* own = gradients_.of(b.worker);
        kernels().conv2d_maxpool_backward(c_.shape, c_.pool, b.count, step_.value(b, in()), step_.value(b, out()),
                                          choice(b), step_.gradient(b, out()), transposed(), c_.activation,
                                          gradient(), input_gradient(b), own, bias_of(own), step_.norm2(b), scratch(b));
    }

    void backward_plain(const Block& b) {
        const float* delta = step_.gradient(b, out());
        if (c_.activation != GS_IDENTITY) {
            const Tensor& result = tensor(out());
            float* masked = step_.scratch.own(masked_, b.worker.index);
            kernels().activation_backward(result.extent(b.count), c_.activation, nullptr, step_.value(b, out()), delta,
                                          GS_GRADIENT_STORE, masked);
            delta = masked;
        }
        float* own = gradients_.of(b.worker);
        kernels().conv2d_backward_weights(c_.shape, b.count, step_.value(b, in()), delta, own, bias_of(own),
                                          step_.norm2(b), scratch(b));
        if (gradient() != GS_GRADIENT_NONE)
            kernels().conv2d_backward_input(c_.shape, b.count, delta, transposed(), gradient(), input_gradient(b),
                                            scratch(b));
    }

    float* bias_of(float* own) const { return c_.bias >= 0 ? own + filters_ : nullptr; }

    /* What check_conv2d, which passed, can't know: the tensor that the result goes to, and what backward reads. */
    void check() {
        const gs_conv2d& s = c_.shape;
        const Tensor& result = tensor(out());
        int64_t height = ((s.height + 2 * s.padding - s.kernel_height) / s.stride + 1) / c_.pool;
        int64_t width = ((s.width + 2 * s.padding - s.kernel_width) / s.stride + 1) / c_.pool;
        if (height * width != result.positions)
            refuse(GS_INVALID_ARGUMENT, "conv2d: the result of %lldx%lld goes to a tensor of %lld positions",
                   static_cast<long long>(height), static_cast<long long>(width), static_cast<long long>(result.positions));
        check_image(name, tensor(in()), s.height, s.width);
        check_activation(name, c_.activation);
        bool kept = pooled() ? c_.activation <= GS_RELU : c_.activation != GS_GELU || result.gradient_storage == GS_NOWHERE;
        if (!kept) refuse(GS_INVALID_ARGUMENT, "conv2d: activation %d is an operation of its own here", c_.activation);
    }

    void book() {
        const gs_conv2d& s = c_.shape;
        std::string shape_name = name;
        for (int64_t part : {s.height, s.width, s.channels, s.pitch, s.kernel_height, s.kernel_width, s.stride,
                             s.padding, s.out_channels, c_.pool})
            shape_name += " " + std::to_string(part);
        scratch_ = step_.scratch.own(shape_name, kernels().conv2d_scratch(s, c_.pool));
        prepares_forward = kernels().conv2d_prepared(s, c_.pool) > 0;
        if (prepares_forward)
            prepared_ = step_.scratch.shared("prepared " + std::to_string(ordinal_), kernels().conv2d_prepared(s, c_.pool));
        prepares_backward = gradient() != GS_GRADIENT_NONE;
        if (prepares_backward)
            transposed_ = step_.scratch.shared("transposed " + std::to_string(ordinal_),
                                               kernels().conv2d_transposed(s, c_.pool));
        const Tensor& result = tensor(out());
        if (pooled()) {
            needs_saved((result.floats() + 3) / 4);
            dense_ = tensor(saved()).floats() * 4 == result.floats();
        } else if (c_.activation != GS_IDENTITY) {
            masked_ = step_.scratch.own("masked gradient", result.floats() * step_.open_segment().block);
        }
    }

    Convolution c_;
    const int64_t filters_; /* floats of the weights */
    PrivateGradients gradients_;
    int scratch_ = -1, prepared_ = -1, transposed_ = -1, masked_ = -1;
    bool dense_ = true;
};

}  // namespace
}  // namespace gradsieve

int gs_step_conv2d(gs_step* step, int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width, int64_t stride,
                   int64_t padding, int64_t weights, int64_t bias, int activation, int64_t pool) {
    gs_conv2d shape{height, width, 0, 0, kernel_height, kernel_width, stride, padding, 0, 0};
    return gradsieve::add<gradsieve::Conv2d>(
        step, gradsieve::Convolution{shape, weights, bias, activation, pool < 1 ? 1 : pool});
}
