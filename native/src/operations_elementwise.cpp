/* Input, activation, dropout, add and pooling. */
#include "step_operations.h"

namespace gradsieve {

void check_activation(const char* operation, int activation) {
    if (activation < GS_IDENTITY || activation > GS_SIGMOID)
        refuse(GS_INVALID_ARGUMENT, "%s: activation %d is not one of gs_activation", operation, activation);
}

void check_same(const char* operation, const Tensor& a, const Tensor& b) {
    if (a.positions != b.positions || a.channels != b.channels || a.pitch != b.pitch)
        refuse(GS_INVALID_ARGUMENT, "%s: [%lld][%lld] at a pitch of %lld against [%lld][%lld] at %lld", operation,
               static_cast<long long>(a.positions), static_cast<long long>(a.channels), static_cast<long long>(a.pitch),
               static_cast<long long>(b.positions), static_cast<long long>(b.channels), static_cast<long long>(b.pitch));
}

void check_image(const char* operation, const Tensor& tensor, int64_t height, int64_t width) {
    if (height < 1 || width < 1 || width > tensor.positions || height != tensor.positions / width ||
        tensor.positions % width != 0)
        refuse(GS_INVALID_ARGUMENT, "%s: an image of %lldx%lld in a tensor of %lld positions", operation,
               static_cast<long long>(height), static_cast<long long>(width), static_cast<long long>(tensor.positions));
}

void check_saved(const char* operation, const Tensor& saved, int64_t floats) {
    if (saved.floats() < floats)
        refuse(GS_INVALID_ARGUMENT, "%s: saved has %lld floats a sample, %lld are needed", operation,
               static_cast<long long>(saved.floats()), static_cast<long long>(floats));
}

namespace {

class Input : public Operation {
public:
    Input(Step& step, int32_t out, int element, const float* scale, const float* shift)
        : Operation(step, "input"), out_(out), element_(element) {
        const Tensor& tensor = step.tensor(name, "out", out);
        if (element != GS_UINT8 && element != GS_FLOAT32)
            refuse(GS_INVALID_ARGUMENT, "input: element %d is not one of gs_element", element);
        if (element == GS_UINT8) {
            if (!scale || !shift) refuse(GS_INVALID_ARGUMENT, "input: bytes need a scale and a shift a channel");
            scale_.assign(scale, scale + tensor.channels);
            shift_.assign(shift, shift + tensor.channels);
        }
        input_bytes = tensor.positions * tensor.channels * (element == GS_UINT8 ? 1 : int64_t{sizeof(float)});
        writes(out);
    }

    void forward(const Block& block) override {
        const Tensor& tensor = step_.tensors[static_cast<size_t>(out_)];
        const void* const* samples = block.worker.run.samples + block.first;
        float* out = step_.value(block, out_);
        for (int64_t i = 0; i < block.count; i++)
            kernels().input(tensor.extent(1), element_, samples[i], scale_.data(), shift_.data(), out + i * tensor.floats());
    }

private:
    const int32_t out_;
    const int element_;
    std::vector<float> scale_, shift_;
};

class Activation : public Operation {
public:
    Activation(Step& step, int32_t in, int32_t out, int activation, int gradient)
        : Operation(step, "activation"), in_(in), out_(out), activation_(activation), gradient_(gradient) {
        check_activation(name, activation);
        check_same(name, step.tensor(name, "in", in), step.tensor(name, "out", out));
        reads(in);
        writes(out);
        backward_takes(out);
        if (activation != GS_IDENTITY) backward_reads(activation == GS_GELU ? in : out);
        backward_gives(in, gradient);
    }

    void forward(const Block& block) override {
        kernels().activation_forward(tensor().extent(block.count), activation_, step_.value(block, in_),
                                     step_.value(block, out_));
    }

    void backward(const Block& block) override {
        kernels().activation_backward(tensor().extent(block.count), activation_, step_.value(block, in_),
                                      step_.value(block, out_), step_.gradient(block, out_), gradient_,
                                      step_.gradient(block, in_));
    }

private:
    const Tensor& tensor() const { return step_.tensors[static_cast<size_t>(in_)]; }
    const int32_t in_, out_;
    const int activation_, gradient_;
};

/* In evaluation it passes values and gradients on. */
class Dropout : public Operation {
public:
    Dropout(Step& step, int32_t in, int32_t out, double p, int64_t place, int gradient)
        : Operation(step, "dropout"), in_(in), out_(out), p_(p), place_(place), gradient_(gradient) {
        check_same(name, step.tensor(name, "in", in), step.tensor(name, "out", out));
        if (!(p >= 0 && p < 1)) refuse(GS_INVALID_ARGUMENT, "dropout: a probability of %g", p);
        reads(in);
        writes(out);
        backward_takes(out);
        backward_gives(in, gradient);
    }

    int check(const Run& run) const override {
        if (run.training() && run.batch > 0 && !run.ids)
            return fail(GS_INVALID_ARGUMENT, "begin: dropout draws by sample id, and there are no ids");
        return GS_OK;
    }

    void forward(const Block& block) override {
        apply(block, step_.value(block, in_), GS_GRADIENT_STORE, step_.value(block, out_));
    }

    void backward(const Block& block) override {
        apply(block, step_.gradient(block, out_), gradient_, step_.gradient(block, in_));
    }

private:
    void apply(const Block& block, const float* from, int gradient, float* to) const {
        const Tensor& tensor = step_.tensors[static_cast<size_t>(in_)];
        const Run& run = block.worker.run;
        if (run.training()) {
            kernels().dropout(tensor.extent(block.count), p_, run.seed, run.epoch, place_, run.ids + block.first, from,
                              gradient, to);
        } else {
            kernels().pass_gradient(block.count * tensor.floats(), from, gradient, to);
        }
    }

    const int32_t in_, out_;
    const double p_;
    const int64_t place_;
    const int gradient_;
};

class Add : public Operation {
public:
    Add(Step& step, int32_t a, int32_t b, int32_t out, int a_gradient, int b_gradient)
        : Operation(step, "add"), a_(a), b_(b), out_(out), a_gradient_(a_gradient), b_gradient_(b_gradient) {
        check_same(name, step.tensor(name, "a", a), step.tensor(name, "out", out));
        check_same(name, step.tensor(name, "b", b), step.tensor(name, "out", out));
        reads(a);
        reads(b);
        writes(out);
        backward_takes(out);
        backward_gives(a, a_gradient);
        backward_gives(b, b_gradient);
    }

    void forward(const Block& block) override {
        kernels().add(count(block), step_.value(block, a_), step_.value(block, b_), step_.value(block, out_));
    }

    void backward(const Block& block) override {
        const float* gradient = step_.gradient(block, out_);
        if (a_gradient_ != GS_GRADIENT_NONE)
            kernels().pass_gradient(count(block), gradient, a_gradient_, step_.gradient(block, a_));
        if (b_gradient_ != GS_GRADIENT_NONE)
            kernels().pass_gradient(count(block), gradient, b_gradient_, step_.gradient(block, b_));
    }

private:
    int64_t count(const Block& block) const { return block.count * step_.tensors[static_cast<size_t>(out_)].floats(); }

    const int32_t a_, b_, out_;
    const int a_gradient_, b_gradient_;
};

const int64_t LARGEST_WINDOW = 256; /* places that a byte tells apart */

class Pool2d : public Operation {
public:
    Pool2d(Step& step, int32_t in, int32_t out, int pool, int64_t height, int64_t width, int64_t kernel_height,
           int64_t kernel_width, int32_t saved, int gradient)
        : Operation(step, "pool2d"),
          in_(in),
          out_(out),
          saved_(saved),
          pool_(pool),
          gradient_(gradient),
          height_(height),
          width_(width),
          kernel_height_(kernel_height),
          kernel_width_(kernel_width) {
        check();
        reads(in);
        writes(out);
        backward_takes(out);
        if (pool == GS_MAX_POOL) {
            const Tensor& kept = step.tensor(name, "saved", saved);
            int64_t bytes = step.tensors[static_cast<size_t>(out)].floats();
            check_saved(name, kept, (bytes + 3) / 4);
            dense_ = kept.floats() * 4 == bytes;
            writes(saved);
            backward_reads(saved);
        }
        backward_gives(in, gradient);
    }

    void forward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            const Tensor& in = input();
            kernels().pool2d_forward(b.count, height_, width_, in.channels, in.pitch, pool_, kernel_height_, kernel_width_,
                                     step_.value(b, in_), step_.value(b, out_), choice(b));
        });
    }

    void backward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            const Tensor& in = input();
            kernels().pool2d_backward(b.count, height_, width_, in.channels, in.pitch, pool_, kernel_height_, kernel_width_,
                                      choice(b), step_.gradient(b, out_), gradient_, step_.gradient(b, in_));
        });
    }

private:
    const Tensor& input() const { return step_.tensors[static_cast<size_t>(in_)]; }
    uint8_t* choice(const Block& b) const {
        return pool_ == GS_MAX_POOL ? reinterpret_cast<uint8_t*>(step_.value(b, saved_)) : nullptr;
    }

    void check() const {
        const Tensor &in = step_.tensor(name, "in", in_), &out = step_.tensor(name, "out", out_);
        if (pool_ != GS_MAX_POOL && pool_ != GS_AVERAGE_POOL)
            refuse(GS_INVALID_ARGUMENT, "pool2d: pool %d is not one of gs_pool", pool_);
        check_image(name, in, height_, width_);
        if (kernel_height_ < 1 || kernel_width_ < 1 ||
            (height_ / kernel_height_) * (width_ / kernel_width_) != out.positions || in.channels != out.channels ||
            in.pitch != out.pitch)
            refuse(GS_INVALID_ARGUMENT, "pool2d: windows of %lldx%lld do not make [%lld][%lld] of [%lld][%lld][%lld]",
                   static_cast<long long>(kernel_height_), static_cast<long long>(kernel_width_),
                   static_cast<long long>(out.positions), static_cast<long long>(out.channels),
                   static_cast<long long>(height_), static_cast<long long>(width_), static_cast<long long>(in.channels));
        if (pool_ == GS_MAX_POOL && kernel_height_ * kernel_width_ > LARGEST_WINDOW)
            refuse(GS_INVALID_ARGUMENT, "pool2d: max-pooling windows have at most %lld places, not %lld",
                   static_cast<long long>(LARGEST_WINDOW), static_cast<long long>(kernel_height_ * kernel_width_));
    }

    const int32_t in_, out_, saved_;
    const int pool_, gradient_;
    const int64_t height_, width_, kernel_height_, kernel_width_;
    bool dense_ = true;
};

}  // namespace

std::unique_ptr<Operation> input_operation(Step& step, int32_t out, int element, const float* scale, const float* shift) {
    return std::make_unique<Input>(step, out, element, scale, shift);
}

std::unique_ptr<Operation> activation_operation(Step& step, int32_t in, int32_t out, int activation, int gradient) {
    return std::make_unique<Activation>(step, in, out, activation, gradient);
}

std::unique_ptr<Operation> pool2d_operation(Step& step, int32_t in, int32_t out, int pool, int64_t height, int64_t width,
                                            int64_t kernel_height, int64_t kernel_width, int32_t saved, int gradient) {
    return std::make_unique<Pool2d>(step, in, out, pool, height, width, kernel_height, kernel_width, saved, gradient);
}

std::unique_ptr<Operation> dropout_operation(Step& step, int32_t in, int32_t out, double p, int64_t place, int gradient) {
    return std::make_unique<Dropout>(step, in, out, p, place, gradient);
}

std::unique_ptr<Operation> add_operation(Step& step, int32_t a, int32_t b, int32_t out, int a_gradient, int b_gradient) {
    return std::make_unique<Add>(step, a, b, out, a_gradient, b_gradient);
}

}  // namespace gradsieve
