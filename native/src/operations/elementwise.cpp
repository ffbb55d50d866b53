/* Input, activation, dropout, add and pooling. */
#include "operations/operation.h"

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

namespace {

class Input : public Operation {
public:
    Input(Step& step, int element, const float* scale, const float* shift)
        : Operation(step, "input", 0), element_(element) {
        needs_output();
        const Tensor& result = tensor(out());
        if (element != GS_UINT8 && element != GS_FLOAT32)
            refuse(GS_INVALID_ARGUMENT, "input: element %d is not one of gs_element", element);
        if (element == GS_UINT8) {
            if (!scale || !shift) refuse(GS_INVALID_ARGUMENT, "input: bytes need a scale and a shift a channel");
            scale_.assign(scale, scale + result.channels);
            shift_.assign(shift, shift + result.channels);
        }
        input_bytes = result.positions * result.channels * (element == GS_UINT8 ? 1 : int64_t{sizeof(float)});
    }

    void forward(const Block& block) override {
        const Tensor& result = tensor(out());
        const void* const* samples = block.worker.run.samples + block.first;
        float* target = step_.value(block, out());
        for (int64_t i = 0; i < block.count; i++)
            kernels().input(result.extent(1), element_, samples[i], scale_.data(), shift_.data(),
                            target + i * result.floats());
    }

private:
    const int element_;
    std::vector<float> scale_, shift_;
};

class Activation : public Operation {
public:
    Activation(Step& step, int activation) : Operation(step, "activation"), activation_(activation) {
        check_activation(name, activation);
        needs_output();
        check_same(name, tensor(in()), tensor(out()));
        if (activation == GS_GELU) needs_backward(in(), "input");
        if (activation != GS_IDENTITY && activation != GS_GELU) needs_backward(out(), "output");
    }

    void forward(const Block& block) override {
        kernels().activation_forward(tensor(in()).extent(block.count), activation_, step_.value(block, in()),
                                     step_.value(block, out()));
    }

    void backward(const Block& block) override {
        kernels().activation_backward(tensor(in()).extent(block.count), activation_, step_.value(block, in()),
                                      step_.value(block, out()), step_.gradient(block, out()), gradient(),
                                      step_.gradient(block, in()));
    }

private:
    const int activation_;
};

/* In evaluation it passes values and gradients on. */
class Dropout : public Operation {
public:
    Dropout(Step& step, double p, int64_t place) : Operation(step, "dropout"), p_(p), place_(place) {
        needs_output();
        check_same(name, tensor(in()), tensor(out()));
        if (!(p >= 0 && p < 1)) refuse(GS_INVALID_ARGUMENT, "dropout: a probability of %g", p);
    }

    int check(const Run& run) const override {
        if (run.training() && run.batch > 0 && !run.ids)
            return fail(GS_INVALID_ARGUMENT, "begin: dropout draws by sample id, and there are no ids");
        return GS_OK;
    }

    void forward(const Block& block) override {
        apply(block, step_.value(block, in()), GS_GRADIENT_STORE, step_.value(block, out()));
    }

    void backward(const Block& block) override {
        apply(block, step_.gradient(block, out()), gradient(), step_.gradient(block, in()));
    }

private:
    void apply(const Block& block, const float* from, int mode, float* to) const {
        const Tensor& input = tensor(in());
        const Run& run = block.worker.run;
        if (run.training()) {
            kernels().dropout(input.extent(block.count), p_, run.seed, run.epoch, place_, run.ids + block.first, from,
                              mode, to);
        } else {
            kernels().pass_gradient(block.count * input.floats(), from, mode, to);
        }
    }

    const double p_;
    const int64_t place_;
};

class Add : public Operation {
public:
    explicit Add(Step& step) : Operation(step, "add", 2) {
        needs_output();
        for (int32_t input : flow_.inputs) check_same(name, tensor(input), tensor(out()));
    }

    void forward(const Block& block) override {
        kernels().add(count(block), step_.value(block, flow_.inputs[0]), step_.value(block, flow_.inputs[1]),
                      step_.value(block, out()));
    }

    void backward(const Block& block) override {
        for (size_t i = 0; i < 2; i++)
            if (gradient(i) != GS_GRADIENT_NONE)
                kernels().pass_gradient(count(block), step_.gradient(block, out()), gradient(i),
                                        step_.gradient(block, flow_.inputs[i]));
    }

private:
    int64_t count(const Block& block) const { return block.count * tensor(out()).floats(); }
};

const int64_t LARGEST_WINDOW = 256; /* places that a byte tells apart */

class Pool2d : public Operation {
public:
    Pool2d(Step& step, int pool, int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width)
        : Operation(step, "pool2d"),
          pool_(pool),
          height_(height),
          width_(width),
          kernel_height_(kernel_height),
          kernel_width_(kernel_width) {
        needs_output();
        check();
        if (pool != GS_MAX_POOL) return;
        int64_t bytes = tensor(out()).floats();
        needs_saved((bytes + 3) / 4);
        dense_ = tensor(saved()).floats() * 4 == bytes;
    }

    void forward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().pool2d_forward(b.count, height_, width_, input().channels, input().pitch, pool_, kernel_height_, kernel_width_,
                                     step_.value(b, in()), step_.value(b, out()), choice(b));
        });
    }

    void backward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().pool2d_backward(b.count, height_, width_, input().channels, input().pitch, pool_, kernel_height_, kernel_width_,
                                      choice(b), step_.gradient(b, out()), gradient(), step_.gradient(b, in()));
        });
    }

private:
    const Tensor& input() const { return tensor(in()); }
    uint8_t* choice(const Block& b) const {
        return pool_ == GS_MAX_POOL ? reinterpret_cast<uint8_t*>(step_.value(b, saved())) : nullptr;
    }

    void check() const {
        const Tensor &from = input(), &to = tensor(out());
        if (pool_ != GS_MAX_POOL && pool_ != GS_AVERAGE_POOL)
            refuse(GS_INVALID_ARGUMENT, "pool2d: pool %d is not one of gs_pool", pool_);
        check_image(name, from, height_, width_);
        if (kernel_height_ < 1 || kernel_width_ < 1 ||
            (height_ / kernel_height_) * (width_ / kernel_width_) != to.positions || from.channels != to.channels ||
            from.pitch != to.pitch)
            refuse(GS_INVALID_ARGUMENT, "pool2d: windows of %lldx%lld do not make [%lld][%lld] of [%lld][%lld][%lld]",
                   static_cast<long long>(kernel_height_), static_cast<long long>(kernel_width_),
                   static_cast<long long>(to.positions), static_cast<long long>(to.channels),
                   static_cast<long long>(height_), static_cast<long long>(width_), static_cast<long long>(from.channels));
        if (pool_ == GS_MAX_POOL && kernel_height_ * kernel_width_ > LARGEST_WINDOW)
            refuse(GS_INVALID_ARGUMENT, "pool2d: max-pooling windows have at most %lld places, not %lld",
                   static_cast<long long>(LARGEST_WINDOW), static_cast<long long>(kernel_height_ * kernel_width_));
    }

    const int pool_;
    const int64_t height_, width_, kernel_height_, kernel_width_;
    bool dense_ = true;
};

}  // namespace
}  // namespace gradsieve

int gs_step_input(gs_step* step, int element, const float* scale, const float* shift) {
    return gradsieve::add<gradsieve::Input>(step, element, scale, shift);
}

int gs_step_activation(gs_step* step, int activation) { return gradsieve::add<gradsieve::Activation>(step, activation); }

int gs_step_pool2d(gs_step* step, int pool, int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width) {
    return gradsieve::add<gradsieve::Pool2d>(step, pool, height, width, kernel_height, kernel_width);
}

int gs_step_dropout(gs_step* step, double p, int64_t place) { return gradsieve::add<gradsieve::Dropout>(step, p, place); }

int gs_step_add(gs_step* step) { return gradsieve::add<gradsieve::Add>(step); }
