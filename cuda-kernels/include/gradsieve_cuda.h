/*
 * Gradsieve's CUDA library: the C interface between the engine (Java, through JavaCPP) and its own kernels. Products and most
 * convolutions are cuBLASLt's and cuDNN's; what they do not do, or do slowly, is here.
 *
 * Every function queues its kernels on a stream and returns at once, so that a step can be captured as a graph. It returns
 * GS_CUDA_OK; else nothing was queued and gs_cuda_last_error() has one line for this thread that names the operation, what is
 * wrong and the shapes. Nothing here prints, exits, throws, allocates or waits. What changes from one step to the next is read
 * from device memory (gs_cuda_step).
 *
 * All addresses are device memory unless said otherwise, float arrays at multiples of 16 bytes. Letters: B batch, T positions
 * (H*W), C channels, P pitch: floats from one position to the next, P >= C, a multiple of 4. A value is [B][T][P]; its lanes
 * C..P-1 are zero, in gradients too, and every function leaves them so in what it writes. Weights inside: convolution
 * [P_out][kh][kw][P_in], linear [P_out][T_in * P_in], vectors [P]; what is no element is zero.
 * "=" stores, "+=" adds. norm2 is float[B], "+=" the share of the operation's parameters in every sample's squared gradient norm;
 * NULL leaves it out. Gradients of parameters are "=". Sums have an order that depends on the shapes alone, so that the same
 * input gives the same bits. `workspace` is the caller's, as many bytes as the function's _workspace says, at a multiple of 256
 * bytes, of no meaning before or after.
 */
#ifndef GRADSIEVE_CUDA_H
#define GRADSIEVE_CUDA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GS_CUDA_ABI_VERSION 1

enum gs_cuda_status {
    GS_CUDA_OK = 0,
    GS_CUDA_INVALID_ARGUMENT = 1, /* a shape, index or option that the operation does not take */
    GS_CUDA_FAILED = 3            /* the runtime refused a launch: its own words are in the message */
};

enum gs_cuda_activation { GS_CUDA_IDENTITY = 0, GS_CUDA_RELU = 1, GS_CUDA_GELU = 2, GS_CUDA_TANH = 3, GS_CUDA_SIGMOID = 4 };
enum gs_cuda_pool { GS_CUDA_MAX_POOL = 0, GS_CUDA_AVERAGE_POOL = 1 };
enum gs_cuda_element { GS_CUDA_UINT8 = 0, GS_CUDA_FLOAT32 = 1 };
/* What a backward pass does with the gradient of an input. */
enum gs_cuda_gradient { GS_CUDA_STORE = 1, GS_CUDA_ADD = 2 };
enum gs_cuda_precision { GS_CUDA_FP32 = 0, GS_CUDA_TF32 = 1 };

/* The kernels of this library as a JSON object: emulated (true or false), architectures ["sm_75", ...]. */
const char* gs_cuda_describe(void);
const char* gs_cuda_last_error(void);

/* ---- what changes from one step to the next -------------------------------------------------------------------------- */

typedef struct gs_cuda_step {
    int64_t seed, epoch;        /* of random draws */
    int64_t count;              /* optimizer steps so far, from 1 */
    double rate;                /* learning rate of this step, lr_scale included */
    double divisor;             /* b * w_bar: gradients are divided by it */
    double clip_norm;           /* of the divided gradient; <= 0: none */
    double statistics_momentum; /* replaces the layers' own; negative: their own */
} gs_cuda_step;

/* Where a sample of the batch lies and what is done to it on its way. */
typedef struct gs_cuda_sample {
    int64_t sample; /* of the data set */
    int64_t draw;   /* random bits of the augmentation */
    int32_t crop, flip;
} gs_cuda_sample;

/* What a step says of itself; gs_cuda_verdict writes it. */
enum gs_cuda_what { GS_CUDA_FINE = 0, GS_CUDA_LOSS = 1, GS_CUDA_NORM = 2, GS_CUDA_GRADIENT = 3, GS_CUDA_BEHIND = 4 };
typedef struct gs_cuda_outcome {
    int32_t what;          /* what is not finite; GS_CUDA_BEHIND: a step before this one was not fine */
    int32_t place;         /* of the sample in the batch whose loss or norm it is */
    int64_t id;            /* of that sample */
    double gradient_norm2; /* of the summed gradient */
    double norm2_sum;      /* sum of norm2 over the batch, for the noise scale */
} gs_cuda_outcome;

/* ---- the batch ------------------------------------------------------------------------------------------------------- */

/*
 * output [B][H*W][P] = the samples as floats: byte * scale[c] + shift[c] for bytes (one rounding, as fmaf), as they are for
 * floats. samples is the data set, [N][H][W][C] densely; of[i] says which of them sample i is. crop pads 4 zeros on each side and
 * cuts H x W out where draw says, flip mirrors left and right if draw < 0: java's Augment, bit for bit (a byte of padding is 0
 * before scale and shift). scale and shift are float[C]; NULL for floats. pitch may be C where H*W*C is a
 * multiple of 4: dense rows, for networks whose first layer is a product.
 */
int gs_cuda_input(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int element,
                  const void* samples, const gs_cuda_sample* of, const float* scale, const float* shift, float* output,
                  void* stream);

/* ---- layers ---------------------------------------------------------------------------------------------------------- */

/* Shape of a convolution. Padding is zeros. Output height = (height + 2 padding - kernel_height) / stride + 1. */
typedef struct gs_cuda_conv2d {
    int64_t height, width, channels, pitch;                 /* input  [H][W][P] */
    int64_t kernel_height, kernel_width, stride, padding;
    int64_t out_channels, out_pitch;                        /* output [H'][W'][P'] */
} gs_cuda_conv2d;

/*
 * weights_gradient = sum over samples of the weight gradient, norm2 += the squares of each sample's own, in one pass. Any shape;
 * precision of the products (GS_CUDA_TF32 only where it is faster). 1x1 of stride 1 serves a linear layer at several positions.
 */
int gs_cuda_conv2d_backward_weights(const gs_cuda_conv2d* shape, int64_t batch, int precision, const float* input,
                                    const float* output_gradient, void* workspace, float* weights_gradient, float* norm2,
                                    void* stream);
int64_t gs_cuda_conv2d_backward_weights_workspace(const gs_cuda_conv2d* shape, int64_t batch, int precision);
/*
 * norm2 += the same squares from Gram matrices of pixels alone, where the gradient is cuDNN's: 3x3, stride 1, padding 1, at most
 * 64 pixels, channels multiples of 4. Clamped at 0.
 */
int gs_cuda_conv2d_gram_norms(const gs_cuda_conv2d* shape, int64_t batch, int precision, const float* input,
                              const float* output_gradient, float* norm2, void* stream);
/* Which of the two the step should take: 1 where cuDNN's gradient beside Gram norms is faster (docs/gpu.md), else 0. */
int gs_cuda_conv2d_prefers_gram(const gs_cuda_conv2d* shape, int precision);

/* bias_gradient [P] = column sums of output_gradient [B][T][P] over B*T, norm2 += sum over c of (sum over t)^2. */
int gs_cuda_bias_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* output_gradient,
                          void* workspace, float* bias_gradient, float* norm2, void* stream);
int64_t gs_cuda_bias_backward_workspace(int64_t batch, int64_t positions, int64_t pitch);
/* norm2 += |input_i|^2 * |output_gradient_i|^2, rows [B][in_pitch] and [B][out_pitch]. */
int gs_cuda_linear_norms(int64_t batch, int64_t in_pitch, int64_t out_pitch, const float* input, const float* output_gradient,
                         float* norm2, void* stream);

/* value = activation(value + bias[c]), in place; bias NULL: none. */
int gs_cuda_bias_activation(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation, const float* bias,
                            float* value, void* stream);
int gs_cuda_activation_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
                               const float* input, float* output, void* stream);
/* Takes the input (gelu) or the output (all others; the other one may be NULL). input_gradient may be output_gradient itself. */
int gs_cuda_activation_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
                                const float* input, const float* output, const float* output_gradient, int gradient,
                                float* input_gradient, void* stream);

/*
 * What follows a convolution that is pooled, in one pass: output [B][H/k][W/k][P] = max over k x k windows (stride k, the rest of
 * the border left out) of activation(input + bias), identity or relu, bias NULL: none; choice uint8 of the same shape: the place
 * of the largest in its window, row by row, the first of equals. Backward: input_gradient [B][H][W][P] = the gradient at the
 * convolution's output (bias not included: it is the same), zero but at the chosen places, and only where relu let it through.
 */
int gs_cuda_bias_maxpool_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int64_t kernel,
                                 int activation, const float* input, const float* bias, float* output, uint8_t* choice,
                                 void* stream);
int gs_cuda_bias_maxpool_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int64_t kernel,
                                  int activation, const float* output, const uint8_t* choice, const float* output_gradient,
                                  float* input_gradient, void* stream);
/* Windows of kernel_height x kernel_width, stride the same, floor. choice as above (max only; at most 256 places). */
int gs_cuda_pool2d_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                           int64_t kernel_height, int64_t kernel_width, const float* input, float* output, uint8_t* choice,
                           void* stream);
int gs_cuda_pool2d_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                            int64_t kernel_height, int64_t kernel_width, const uint8_t* choice, const float* output_gradient,
                            int gradient, float* input_gradient, void* stream);

/*
 * Batch norm over B*T positions.
 *   moments     sums double[1 + 2P]: how many values a channel has, sum x, sum x^2 "=". A sample's own sums are taken in float
 *               about a pivot of its own, the rest in double, as on the CPU, so that they do not depend on how a batch is divided
 *   statistics  from sums: statistics float[2][P] = mean, 1 / sqrt(variance + eps); pending float[2][P] = what the running mean and
 *               the (unbiased) running variance become by momentum or gs_cuda_step's. They stay as they are until
 *               gs_cuda_batchnorm_commit
 *   running     statistics from the running ones, for evaluation
 *   normalize   output = activation((input - mean) * inv * gamma + beta + skip); skip may be NULL; identity or relu
 *   backward    masked_gradient = output_gradient where relu let it through (may be the same memory); skip_gradient (NULL: none) by
 *               `gradient` = or += it; sums double[1 + 2P]: count, sum of masked_gradient, sum of it * x_hat; gamma_gradient and
 *               beta_gradient = these sums; norm2 += the squares of each sample's own
 *   input       input_gradient by `gradient` = gamma * inv * (masked_gradient - sums0/count - x_hat * sums1/count); sums NULL in evaluation
 * count: how many values the sums are of where that is more than B*T (after a choice of samples); 0: B*T.
 */
int gs_cuda_batchnorm_moments(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                              void* workspace, double* sums, void* stream);
int gs_cuda_batchnorm_statistics(int64_t channels, int64_t pitch, float eps, float momentum, const gs_cuda_step* step,
                                 const double* sums, const float* running_mean, const float* running_variance, float* statistics,
                                 float* pending, void* stream);
int gs_cuda_batchnorm_running(int64_t channels, int64_t pitch, float eps, const float* running_mean,
                              const float* running_variance, float* statistics, void* stream);
/* running_mean and running_variance = pending, unless outcome says that the step was not fine. */
int gs_cuda_batchnorm_commit(int64_t channels, int64_t pitch, const gs_cuda_outcome* outcome, const float* pending,
                             float* running_mean, float* running_variance, void* stream);
int gs_cuda_batchnorm_normalize(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                const float* statistics, const float* gamma, const float* beta, const float* skip,
                                int activation, float* output, void* stream);
int gs_cuda_batchnorm_backward_sums(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t count,
                                    const float* input, const float* statistics, const float* output, int activation,
                                    const float* output_gradient, float* masked_gradient, int gradient, float* skip_gradient,
                                    void* workspace, double* sums, float* gamma_gradient, float* beta_gradient, float* norm2,
                                    void* stream);
int gs_cuda_batchnorm_backward_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                     const float* statistics, const float* gamma, const float* masked_gradient,
                                     const double* sums, int gradient, float* input_gradient, void* stream);
/* Of moments and of backward_sums. */
int64_t gs_cuda_batchnorm_workspace(int64_t batch, int64_t positions, int64_t pitch);

/* Group norm, of at most 2,048 floats a position: saved is float[B][2][groups]: mean, 1 / sqrt(variance + eps). Here and in layer
 * norm input_gradient may be NULL. */
int gs_cuda_groupnorm_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups, float eps,
                              const float* input, const float* gamma, const float* beta, float* output, float* saved,
                              void* stream);
int gs_cuda_groupnorm_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups,
                               const float* input, const float* gamma, const float* saved, const float* output_gradient,
                               int gradient, float* input_gradient, void* workspace, float* gamma_gradient, float* beta_gradient,
                               float* norm2, void* stream);
/* Of the backward passes of group and layer norm: parameters is how many floats gamma has inside. */
int64_t gs_cuda_norm_workspace(int64_t batch, int64_t parameters);
/* Layer norm of PyTorch's last axis. spatial = 0: over all features of a sample ([T][P], C of P lanes in use; gamma [T][P]).
 * spatial = 1: of [H][W][P] over W, gamma [W rounded up to 4]. saved is float[B][2][rows], rows = 1 or H*P. */
int gs_cuda_layernorm_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                              float eps, const float* input, const float* gamma, const float* beta, float* output, float* saved,
                              void* stream);
int gs_cuda_layernorm_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                               const float* input, const float* gamma, const float* saved, const float* output_gradient,
                               int gradient, float* input_gradient, void* workspace, float* gamma_gradient, float* beta_gradient,
                               float* norm2, void* stream);

/* Keeps an element with probability 1-p and scales it by 1/(1-p): the CPU's masks bit for bit, a function of (step.seed,
 * step.epoch, ids[i], place, element c*T + t). The backward pass is the same call on the gradient. */
int gs_cuda_dropout(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, double p, int64_t place,
                    const gs_cuda_step* step, const int64_t* ids, const float* input, int gradient, float* output, void* stream);
/* output = a + b; output = or += a (what a gradient that passes through does). count is a multiple of 4. */
int gs_cuda_add(int64_t count, const float* a, const float* b, float* output, void* stream);
int gs_cuda_pass(int64_t count, const float* a, int gradient, float* output, void* stream);

/* Per-sample results, each float[capacity], one after another. */
enum gs_cuda_record {
    GS_CUDA_RECORD_LOSS = 0, GS_CUDA_RECORD_CROSS_ENTROPY = 1, GS_CUDA_RECORD_EL2N = 2, GS_CUDA_RECORD_MARGIN = 3,
    GS_CUDA_RECORD_CONFIDENCE = 4, GS_CUDA_RECORD_PREDICTED = 5, GS_CUDA_RECORD_NORM2 = 6, GS_CUDA_RECORDS = 7
};
/* As gs_softmax_cross_entropy of the CPU, its formulas and its care for sure samples, in double. probabilities may be NULL
 * ([B][pitch]), gradient may be NULL. A label outside 0..K-1 makes its loss NaN. The record NORM2 is set to 0. */
int gs_cuda_softmax_cross_entropy(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing, const float* logits,
                                  const int32_t* labels, const float* plan_weights, const float* sample_weights,
                                  float* gradient, float* probabilities, float* records, int64_t capacity, void* stream);

/* ---- going on with some of the samples -------------------------------------------------------------------------------- */

/*
 * chosen [count] = the places of the count samples whose record is largest; of equal ones the first, NaN last. As on the CPU, who
 * is chosen and lies before place count stays there, and the others fill the gaps between them in order: chosen[j] is j or at least
 * count, so that rows can be gathered in place by all threads at once. of_class (int32[classes], NULL: whatever their class): how
 * many of each class, count together, no more than the labels have of each. At most 65,536 samples. Ranked by a histogram of scores
 * (radix select), then threshold and compaction.
 */
int gs_cuda_choose(int64_t batch, int64_t count, const float* record, const int32_t* labels, int64_t classes,
                   const int32_t* of_class, void* workspace, int32_t* chosen, void* stream);
int64_t gs_cuda_choose_workspace(int64_t batch, int64_t classes);
/* Row j = row chosen[j] for j < count, in place; rows of row_bytes bytes, a multiple of 4. chosen is as gs_cuda_choose writes it. */
int gs_cuda_gather_rows(int64_t count, int64_t row_bytes, const int32_t* chosen, void* rows, void* stream);

/* ---- update ----------------------------------------------------------------------------------------------------------- */

/* A trainable parameter in the one buffer of weights, gradients and states. */
typedef struct gs_cuda_parameter {
    int64_t offset, count; /* floats; multiples of 4 */
    int64_t matrix;        /* whether it has a trust ratio (and decay under LARS and LAMB) */
} gs_cuda_parameter;

/* sums[k] = squares of chunk k of the gradient, in double: chunks of GS_CUDA_CHUNK floats of each parameter (its last one may be
 * shorter), counted through from 0 to chunks - 1. The CPU's chunks, and its bits where the floats are the same. */
enum { GS_CUDA_CHUNK = 2048 };
int gs_cuda_gradient_squares(int64_t parameters, const gs_cuda_parameter* table, int64_t chunks, const float* gradient,
                             double* sums, void* stream);
/* Judges a step: the first loss, then the first norm (norm2 NULL: none), then the gradient (sums NULL: none) that is not finite.
 * norms: how many of norm2 there are; norm j is that of place chosen[j] (NULL: j), and ids[place] (NULL: place) names the sample,
 * with the ids of the whole batch as it went forward. place and id are -1 where it is no sample's fault. *outcome = the verdict;
 * if *halted is not 0 before, GS_CUDA_BEHIND and zero sums; whatever is not fine sets it to 1. */
int gs_cuda_verdict(int64_t batch, const float* losses, int64_t norms, const float* norm2, const int32_t* chosen,
                    const int64_t* ids, int64_t chunks, const double* sums, int32_t* halted, gs_cuda_outcome* outcome,
                    void* stream);
/* Many tensors in one launch; nothing happens unless outcome is fine. scale = clip / divisor, both from step and outcome. count is
 * a multiple of 4; velocity may be NULL where momentum is 0; eps > 0, so that what is no element stays zero. */
int gs_cuda_sgd_update(int64_t count, const gs_cuda_step* step, const gs_cuda_outcome* outcome, float momentum, int nesterov,
                       float decay, const float* gradient, float* velocity, float* theta, void* stream);
int gs_cuda_adamw_update(int64_t count, const gs_cuda_step* step, const gs_cuda_outcome* outcome, double beta1, double beta2,
                         float eps, float decay, const float* gradient, float* first, float* second, float* theta, void* stream);
/* LARS and LAMB: norms of each matrix in chunks as above, then the update. workspace of gs_cuda_trust_workspace. LAMB leaves its
 * direction in gradient. */
int gs_cuda_lars_update(int64_t parameters, const gs_cuda_parameter* table, int64_t chunks, const gs_cuda_step* step,
                        const gs_cuda_outcome* outcome, float momentum, float decay, float trust, const float* gradient,
                        float* velocity, float* theta, void* workspace, void* stream);
int gs_cuda_lamb_update(int64_t parameters, const gs_cuda_parameter* table, int64_t chunks, const gs_cuda_step* step,
                        const gs_cuda_outcome* outcome, double beta1, double beta2, float eps, float decay, float* gradient,
                        float* first, float* second, float* theta, void* workspace, void* stream);
int64_t gs_cuda_trust_workspace(int64_t parameters, int64_t chunks);
/* Whether all floats are finite: *found = the first place of one that is not, -1 for none. */
int gs_cuda_not_finite(int64_t count, const float* values, int64_t* found, void* stream);

#ifdef __cplusplus
}
#endif
#endif
