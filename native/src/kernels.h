/*
 * The table of kernels of one instruction set. Each kernel file in kernels/ is compiled once for every instruction set, inside a
 * namespace of that name, and kernels/table.cpp collects them; machine.cpp chooses one table at load. Names, formulas and
 * "=" or "+=" are those of gradsieve.h; here every function works on a block of samples with the caller's scratch, so the
 * single operations of the C interface and the step's executor run the same code.
 */
#ifndef GRADSIEVE_KERNELS_H
#define GRADSIEVE_KERNELS_H

#include "gradsieve.h"

namespace gradsieve {

/* Values of a block of samples: positions of each, lanes in use, floats from one position to the next. */
struct Extent {
    int64_t batch, positions, channels, pitch;
};

/* A linear layer: rows of features to rows of outputs that are pitch apart. Weights [outputs / 16][features][16], lanes beyond
 * the outputs zero. */
struct LinearShape {
    int64_t features, outputs, pitch;
};

/* Blocks of 16 outputs, and features, that one thread takes of a weight gradient. */
struct LinearPart {
    int64_t first_block, last_block, first_feature, last_feature;
};

const int64_t CHUNK = 2048; /* floats, 8 KiB, whose squares are summed apart */

struct Kernels {
    const char* name;

    /* Convolution. scratch: conv2d_scratch floats, private to the thread; what it holds before a call does not matter.
     * prepared, transposed: the weights as forward and as the backward passes want them, conv2d_prepared (0: as they are) and
     * conv2d_transposed floats, one of `parts` parts a call (pool: 1 for a convolution without pooling, here and for the
     * scratch). bias may be NULL; it is float[out_channels]. */
    int (*conv2d_algorithm)(const gs_conv2d& shape, int64_t pool, int pass);
    int64_t (*conv2d_scratch)(const gs_conv2d& shape, int64_t pool);
    int64_t (*conv2d_prepared)(const gs_conv2d& shape, int64_t pool);
    void (*conv2d_prepare)(const gs_conv2d& shape, int64_t pool, int64_t part, int64_t parts, const float* weights,
                           float* prepared);
    int64_t (*conv2d_transposed)(const gs_conv2d& shape, int64_t pool);
    void (*conv2d_transpose)(const gs_conv2d& shape, int64_t pool, int64_t part, int64_t parts, const float* weights,
                             float* transposed);
    void (*conv2d_forward)(const gs_conv2d& shape, int64_t batch, const float* input, const float* prepared,
                           const float* bias, int activation, float* output, float* scratch);
    void (*conv2d_backward_input)(const gs_conv2d& shape, int64_t batch, const float* output_gradient,
                                  const float* transposed, int gradient, float* input_gradient, float* scratch);
    void (*conv2d_backward_weights)(const gs_conv2d& shape, int64_t batch, const float* input,
                                    const float* output_gradient, float* weights_gradient, float* bias_gradient,
                                    float* norm2, float* scratch);
    void (*conv2d_maxpool_forward)(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input,
                                   const float* prepared, const float* bias, int activation, float* output,
                                   uint8_t* choice, float* scratch);
    /* Both gradients of a pooled convolution in one call, for they share the sparse lists. NULL input_gradient: none. */
    void (*conv2d_maxpool_backward)(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input,
                                    const float* output, const uint8_t* choice, const float* output_gradient,
                                    const float* transposed, int activation, int gradient, float* input_gradient,
                                    float* weights_gradient, float* bias_gradient, float* norm2, float* scratch);

    /* Scratch as for convolutions, linear_scratch floats, for all three products. */
    int64_t (*linear_scratch)(const LinearShape& shape);
    void (*linear_forward)(const LinearShape& shape, int64_t batch, const float* input, const float* weights, const float* bias,
                           int activation, float* output, float* scratch);
    /* The weights as the input gradient wants them, linear_transposed floats; features from..to-1, from a multiple of 16. */
    int64_t (*linear_transposed)(const LinearShape& shape);
    void (*linear_transpose)(const LinearShape& shape, int64_t from, int64_t to, const float* weights, float* transposed);
    void (*linear_backward_input)(const LinearShape& shape, int64_t batch, const float* output_gradient, const float* transposed,
                                  int gradient, float* input_gradient, float* scratch);
    /* One part, "=" or (add) "+="; returns the sum of its squares. A layer of features input + shift gives both shift [features]
     * and the column sums of the output gradient [pitch], which make one sample more; NULL otherwise. */
    double (*linear_backward_weights)(const LinearShape& shape, int64_t batch, const LinearPart& part, const float* input,
                                      const float* output_gradient, const float* shift, const float* gradient_sums, bool add,
                                      float* weights_gradient, float* scratch);
    /* sums[c] += the column sums of rows [batch][pitch] for columns from..to-1. */
    void (*column_sums)(int64_t batch, int64_t pitch, int64_t from, int64_t to, const float* rows, float* sums);

    /* moments is double[2][P]: += the sums of x and of x^2. */
    void (*batchnorm_moments)(const Extent& extent, const float* input, double* moments);
    void (*batchnorm_normalize)(const Extent& extent, const float* input, const float* statistics, const float* gamma,
                                const float* beta, const float* skip, int activation, float* output);
    /* sums is double[2][P], "+=". masked_gradient may be output_gradient itself. skip_gradient (may be NULL) by `gradient`. */
    void (*batchnorm_backward_sums)(const Extent& extent, const float* input, const float* statistics,
                                    const float* output, int activation, const float* output_gradient,
                                    float* masked_gradient, int gradient, float* skip_gradient, double* sums,
                                    float* norm2);
    /* mean_sums is float[2][P]: sums / (B T); NULL in evaluation. */
    void (*batchnorm_backward_input)(const Extent& extent, const float* input, const float* statistics,
                                     const float* gamma, const float* masked_gradient, const float* mean_sums,
                                     int gradient, float* input_gradient);

    void (*groupnorm_forward)(const Extent& extent, int64_t groups, float eps, const float* input, const float* gamma,
                              const float* beta, float* output, float* saved);
    void (*groupnorm_backward)(const Extent& extent, int64_t groups, const float* input, const float* gamma,
                               const float* saved, const float* output_gradient, int gradient, float* input_gradient,
                               float* gamma_gradient, float* beta_gradient, float* norm2);
    void (*layernorm_forward)(const Extent& extent, int64_t width, int spatial, float eps, const float* input,
                              const float* gamma, const float* beta, float* output, float* saved);
    void (*layernorm_backward)(const Extent& extent, int64_t width, int spatial, const float* input, const float* gamma,
                               const float* saved, const float* output_gradient, int gradient, float* input_gradient,
                               float* gamma_gradient, float* beta_gradient, float* norm2);

    void (*activation_forward)(const Extent& extent, int activation, const float* input, float* output);
    void (*activation_backward)(const Extent& extent, int activation, const float* input, const float* output,
                                const float* output_gradient, int gradient, float* input_gradient);
    void (*pool2d_forward)(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                           int64_t kernel_height, int64_t kernel_width, const float* input, float* output, uint8_t* choice);
    void (*pool2d_backward)(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                            int64_t kernel_height, int64_t kernel_width, const uint8_t* choice,
                            const float* output_gradient, int gradient, float* input_gradient);
    void (*dropout)(const Extent& extent, double p, int64_t seed, int64_t epoch, int64_t place, const int64_t* ids,
                    const float* input, int gradient, float* output);
    void (*add)(int64_t count, const float* a, const float* b, float* output);
    /* gradient (GS_GRADIENT_STORE or _ADD) of a value into another's: target = or += source. */
    void (*pass_gradient)(int64_t count, const float* source, int gradient, float* target);
    void (*input)(const Extent& extent, int element, const void* input, const float* scale, const float* shift,
                  float* output);
    /* All checks are the caller's. records points at the block's first sample. */
    void (*softmax_cross_entropy)(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing,
                                  const float* logits, const int32_t* labels, const float* plan_weights,
                                  const float* sample_weights, float* gradient, float* probabilities, float* records,
                                  int64_t capacity);

    /* target[i] = the sum over parts of part[i], in the order of the parts; returns the sum of target[i]^2. */
    double (*reduce)(int64_t count, int64_t parts, const float* const* part, float* target);
    double (*squared_norm)(int64_t count, const float* values);
    /* norms[k] = squared norm of the k-th CHUNK of count values (the last may be shorter): the same bits with every table. */
    void (*chunk_norms)(int64_t count, const float* values, double* norms);
    /* norms[i] = squared norm of row i, of count elements, plus shift; shift may be null. */
    void (*row_norms)(int64_t batch, int64_t count, const float* rows, const float* shift, float* norms);
    void (*sgd_update)(int64_t count, float scale, float rate, float momentum, int nesterov, float decay,
                       const float* gradient, float* velocity, float* theta);
    void (*adamw_update)(int64_t count, float scale, float rate, double beta1, double beta2, float eps, float decay,
                         int64_t step, const float* gradient, float* first, float* second, float* theta);
    void (*lamb_direction)(int64_t count, float scale, double beta1, double beta2, float eps, float decay, int64_t step,
                           const float* theta, float* first, float* second, float* gradient);
};

extern const Kernels kernels_baseline, kernels_avx2, kernels_avx512;

/* The table that gs_open chose (baseline before). */
const Kernels& kernels();
/* Whether gs_open has succeeded. */
bool opened();
/* Sets gs_last_error's line (printf) and returns status. */
int fail(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace gradsieve
#endif
