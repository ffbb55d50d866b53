/* The operations of a step, as gradsieve.h's gs_step_* functions describe them; each refuses what it does not take. */
#ifndef GRADSIEVE_STEP_OPERATIONS_H
#define GRADSIEVE_STEP_OPERATIONS_H

#include "step.h"

namespace gradsieve {

std::unique_ptr<Operation> input_operation(Step& step, int32_t out, int element, const float* scale, const float* shift);
std::unique_ptr<Operation> conv2d_operation(Step& step, int32_t in, int32_t out, int64_t height, int64_t width,
                                            int64_t kernel_height, int64_t kernel_width, int64_t stride, int64_t padding,
                                            int64_t weights, int64_t bias, int activation, int64_t pool, int32_t saved,
                                            int gradient);
std::unique_ptr<Operation> linear_operation(Step& step, int32_t in, int32_t out, int64_t weights, int64_t bias,
                                            int activation, int gradient, const float* shift);
std::unique_ptr<Operation> batchnorm_statistics_operation(Step& step, int32_t in, int64_t running_mean,
                                                          int64_t running_variance, float eps, float momentum,
                                                          int gradient, int32_t* normalizer);
std::unique_ptr<Operation> batchnorm_normalize_operation(Step& step, int32_t normalizer, int32_t in, int32_t skip,
                                                         int32_t out, int64_t gamma, int64_t beta, int activation,
                                                         int skip_gradient);
std::unique_ptr<Operation> groupnorm_operation(Step& step, int32_t in, int32_t out, int64_t groups, int64_t gamma,
                                               int64_t beta, float eps, int32_t saved, int gradient);
std::unique_ptr<Operation> layernorm_operation(Step& step, int32_t in, int32_t out, int64_t width, int64_t gamma,
                                               int64_t beta, float eps, int32_t saved, int gradient);
std::unique_ptr<Operation> activation_operation(Step& step, int32_t in, int32_t out, int activation, int gradient);
std::unique_ptr<Operation> pool2d_operation(Step& step, int32_t in, int32_t out, int pool, int64_t height, int64_t width,
                                            int64_t kernel_height, int64_t kernel_width, int32_t saved, int gradient);
std::unique_ptr<Operation> dropout_operation(Step& step, int32_t in, int32_t out, double p, int64_t place, int gradient);
std::unique_ptr<Operation> add_operation(Step& step, int32_t a, int32_t b, int32_t out, int a_gradient, int b_gradient);
std::unique_ptr<Operation> softmax_cross_entropy_operation(Step& step, int32_t logits, float label_smoothing,
                                                           int gradient);

/* ---- shared by them */

void check_activation(const char* operation, int activation);
/* Both tensors have the same shape and pitch. */
void check_same(const char* operation, const Tensor& a, const Tensor& b);
/* The positions of the tensor are those of an image of this size. */
void check_image(const char* operation, const Tensor& tensor, int64_t height, int64_t width);
/* `saved` has room for that many floats a sample. */
void check_saved(const char* operation, const Tensor& saved, int64_t floats);

/*
 * Runs body(block) on the whole block where the samples of a saved tensor lie as close as the kernels want them, sample by
 * sample where a plan has rounded their floats up.
 */
template <typename Body>
void each(const Block& block, bool dense, const Body& body) {
    if (dense || block.count == 1) {
        body(block);
        return;
    }
    for (int64_t i = 0; i < block.count; i++) body(Block{block.worker, block.first + i, 1, block.origin});
}

/*
 * Gradients of an operation's parameters while its blocks run: one buffer a thread, cleared at the start of a backward pass,
 * then added up in the order of the threads, every thread a slice. Operations of different segments share the memory.
 */
class PrivateGradients {
public:
    PrivateGradients(Step& step, int ordinal, int64_t floats);
    void clear(Worker& worker) const;
    float* of(const Worker& worker) const;
    /* Stores the sums of floats at `from` into the parameter's gradient; returns the sum of squares of this thread's slice. */
    double reduce(Worker& worker, int64_t from, const Parameter& parameter) const;
    /* All sums, to target [floats]. */
    void total(float* target) const;

private:
    Step& step_;
    int64_t floats_;
    int region_;
};

}  // namespace gradsieve
#endif
