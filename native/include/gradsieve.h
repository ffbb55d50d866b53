/*
 * Gradsieve's CPU library: the C interface between the engine (Java, through JavaCPP) and the kernels.
 *
 * Every function returns a status; GS_OK is 0. On any other status gs_last_error() has one line for this thread that
 * names the operation, what is wrong and the shapes. Nothing here prints, exits or throws.
 *
 * Letters: B batch, H W height and width, C channels, P pitch (floats from one position to the next, P >= C), T = H*W
 * positions, D features, K classes. Values are channels last: one sample of a tensor is [H][W][P] floats, contiguous;
 * lanes C..P-1 are zero in every value and every gradient. A vector of D features is H = W = 1, C = D.
 * Weights inside: convolution [P_out / 16][kh][kw][C_in][16] with P_out = C_out rounded up to 16 (blocks of 16 output
 * channels, each read from one end to the other; channel o is lane o % 16 of block o / 16), linear [out/16][P_in * positions][16].
 */
#ifndef GRADSIEVE_H
#define GRADSIEVE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GS_ABI_VERSION 1

enum gs_status {
    GS_OK = 0,
    GS_INVALID_ARGUMENT = 1, /* a shape, index or option that the operation does not take */
    GS_OUT_OF_MEMORY = 2,
    GS_UNSUPPORTED = 4,   /* this processor lacks the instruction set asked for */
    GS_DIVERGED = 5,        /* a loss, norm or gradient of the step is not finite; no weight or statistic was changed */
    GS_ABORTED = 6          /* gs_step_abort ended the step; no weight or statistic was changed */
};

enum gs_activation { GS_IDENTITY = 0, GS_RELU = 1, GS_GELU = 2, GS_TANH = 3, GS_SIGMOID = 4 };
enum gs_pool { GS_MAX_POOL = 0, GS_AVERAGE_POOL = 1 };
enum gs_mode { GS_EVALUATION = 0, GS_TRAINING = 1 };
enum gs_element { GS_UINT8 = 0, GS_FLOAT32 = 1 };

/* What a backward pass does with the gradient of an input: leave it out (the network's input), store it, add to it. */
enum gs_gradient { GS_GRADIENT_NONE = 0, GS_GRADIENT_STORE = 1, GS_GRADIENT_ADD = 2 };

/* ---- the machine ------------------------------------------------------------------------------------------------ */

/* Chooses the kernels, once a process: isa is "baseline", "avx2", "avx512", or NULL for the best the processor has. A second
 * call with the same isa does nothing. */
int gs_open(const char* isa);
/* What was chosen and why not more, as a JSON object: isa, candidates [{name, usable, reason}], cpu. The text lives as long
 * as the process. */
const char* gs_describe(void);
const char* gs_last_error(void);

/* Another shared library, by path or by a name that the system looks up, for as long as the process lives; its functions are found
 * when they are first called. 0: it cannot be opened, and gs_last_error has the system's own words. */
int64_t gs_library_open(const char* name);
/* Where that library has a function of this name; 0: nowhere. */
int64_t gs_library_function(int64_t library, const char* name);
/* The file that it was opened from; the text lives as long as the process. */
const char* gs_library_path(int64_t library);

/* Zeroed memory, aligned to 64 bytes (2 MiB and huge pages from 4 MiB on). The caller owns it. */
int gs_allocate(int64_t bytes, void** memory);
int gs_release(void* memory, int64_t bytes);

/* Zeroed memory that other processes of this user on this host can have too, aligned to pages: a file without a name in any directory,
 * which is gone with the last process that maps it. name, under 200 bytes, should be one that nobody can guess. Others can open it as
 * long as the file is. */
int gs_shared_create(const char* name, int64_t bytes, void** memory, int* file);
/* The same memory in another process, or once more in that one. GS_UNSUPPORTED: it is not there, or may not be opened from here. */
int gs_shared_open(const char* name, int64_t process, int file, int64_t bytes, void** memory);
/* The memory stays. */
int gs_shared_close(int file);
int gs_shared_release(void* memory, int64_t bytes);

/* ---- dense linear algebra outside the step, by OpenBLAS, on the calling thread ------------------------------------ */
/* Matrices are row after row. Before gs_openblas_open has succeeded the others give GS_UNSUPPORTED. */

/* Opens libopenblas.so.0, once a process, to compute with one thread; a later call does nothing. GS_UNSUPPORTED: it does not load. */
int gs_openblas_open(const char* path);
/* OpenBLAS's own words, for instance "OpenBLAS 0.3.31 DYNAMIC_ARCH …", and the kernels that it chose, for instance "SkylakeX". */
const char* gs_openblas_config(void);
const char* gs_openblas_core(void);
/* The symmetric tridiagonal matrix with these n diagonal and n - 1 neighbouring elements: eigenvalues, ascending, = diagonal;
 * eigenvector i = vectors[i], [n][n]. beside is overwritten. LAPACK's dstev. */
int gs_tridiagonal_eigen(int n, double* diagonal, double* beside, double* vectors);
/* A symmetric matrix [n][n], of which one triangle is read: eigenvalues, ascending, = values; eigenvector i = matrix[i]. LAPACK's dsyevd. */
int gs_symmetric_eigen(int n, double* matrix, double* values);
/* c [m][n] = a [m][k] * b [k][n]. BLAS's sgemm; a benchmark sets it beside our kernels. */
int gs_sgemm(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c);

/* ---- single operations: for tests and benchmarks, on the calling thread, over a batch ----------------------------- */
/* "=" stores, "+=" adds. norm2 is float[B], "+=" the share of the operation's parameters in every sample's squared
 * gradient norm; NULL leaves it out. Gradients of parameters are "+=". */

/* Shape of a convolution. Padding is zeros. Output height = (height + 2 padding - kernel_height) / stride + 1. */
typedef struct gs_conv2d {
    int64_t height, width, channels, pitch;                 /* input  [H][W][P] */
    int64_t kernel_height, kernel_width, stride, padding;
    int64_t out_channels, out_pitch;                        /* output [H'][W'][P'] */
} gs_conv2d;

int gs_conv2d_forward(const gs_conv2d* shape, int64_t batch, const float* input, const float* weights,
                      const float* bias, int activation, float* output);
int gs_conv2d_backward_input(const gs_conv2d* shape, int64_t batch, const float* output_gradient, const float* weights,
                             int gradient, float* input_gradient);
int gs_conv2d_backward_weights(const gs_conv2d* shape, int64_t batch, const float* input, const float* output_gradient,
                               float* weights_gradient, float* bias_gradient, float* norm2);

/* Convolution, bias, relu and max-pooling (kernel = stride = pool) in one pass: choice is uint8[B][H''][W''][P'], the
 * place of the largest value in its window, row by row. Backward uses that at most one in pool*pool gradients is not zero. */
int gs_conv2d_maxpool_forward(const gs_conv2d* shape, int64_t pool, int64_t batch, const float* input,
                              const float* weights, const float* bias, int activation, float* output, uint8_t* choice);
int gs_conv2d_maxpool_backward_input(const gs_conv2d* shape, int64_t pool, int64_t batch, const float* output,
                                     const uint8_t* choice, const float* output_gradient, const float* weights,
                                     int activation, int gradient, float* input_gradient);
int gs_conv2d_maxpool_backward_weights(const gs_conv2d* shape, int64_t pool, int64_t batch, const float* input,
                                       const float* output, const uint8_t* choice, const float* output_gradient,
                                       int activation, float* weights_gradient, float* bias_gradient, float* norm2);

/* output [B][out_pitch] = activation(input [B][in_pitch] * weights + bias [out]); lanes out..out_pitch-1 = 0. */
int gs_linear_forward(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                      const float* weights, const float* bias, int activation, float* output);
int gs_linear_backward_input(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch,
                             const float* output_gradient, const float* weights, int gradient, float* input_gradient);
int gs_linear_backward_weights(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                               const float* output_gradient, float* weights_gradient, float* bias_gradient, float* norm2);

/* Batch norm over B*T positions. statistics is float[2][P]: mean, 1 / sqrt(variance + eps). In training
 * running_mean and running_variance (unbiased) move by momentum. */
int gs_batchnorm_statistics(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                            float eps, float momentum, float* running_mean, float* running_variance, float* statistics);
/* output = activation((input - mean) * inv * gamma + beta + skip); skip may be NULL; activation identity or relu. */
int gs_batchnorm_normalize(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                           const float* statistics, const float* gamma, const float* beta, const float* skip,
                           int activation, float* output);
/* masked_gradient = output_gradient where the activation lets it through. sums is float[2][P]: sum of masked_gradient
 * and of masked_gradient * x_hat over B*T; they are "+=" into gamma_gradient and beta_gradient too. */
int gs_batchnorm_backward_sums(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                               const float* statistics, const float* output, int activation,
                               const float* output_gradient, float* masked_gradient, float* sums, float* gamma_gradient,
                               float* beta_gradient, float* norm2);
/* input_gradient = gamma * inv * (masked_gradient - sums0/(B T) - x_hat * sums1/(B T)); in evaluation without the sums. */
int gs_batchnorm_backward_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                const float* statistics, const float* gamma, const float* masked_gradient,
                                const float* sums, int mode, float* input_gradient);

/* Group norm: saved is float[B][2][groups]: mean, 1/sqrt(variance + eps). */
int gs_groupnorm_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups, float eps,
                         const float* input, const float* gamma, const float* beta, float* output, float* saved);
int gs_groupnorm_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups,
                          const float* input, const float* gamma, const float* saved, const float* output_gradient,
                          int gradient, float* input_gradient, float* gamma_gradient, float* beta_gradient, float* norm2);
/* Layer norm of PyTorch's last axis. spatial = 0: over all features of a sample ([T][P], C of P lanes in use; gamma
 * [T][P]). spatial = 1: of [H][W][P] over W, gamma [W]. saved is float[B][2][rows], rows = 1 or H*P. */
int gs_layernorm_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                         float eps, const float* input, const float* gamma, const float* beta, float* output, float* saved);
int gs_layernorm_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                          const float* input, const float* gamma, const float* saved, const float* output_gradient,
                          int gradient, float* input_gradient, float* gamma_gradient, float* beta_gradient, float* norm2);

/* Element-wise; a NaN stays a NaN. Backward takes the input (gelu) or the output (all others). */
int gs_activation_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
                          const float* input, float* output);
int gs_activation_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
                           const float* input, const float* output, const float* output_gradient, int gradient,
                           float* input_gradient);

/* Windows of kernel x kernel, stride = kernel, no padding, the rest of the border left out (floor). kernel_height and
 * kernel_width differ for global pooling only. choice as above (max only; windows of at most 256 places). */
int gs_pool2d_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                      int64_t kernel_height, int64_t kernel_width, const float* input, float* output, uint8_t* choice);
int gs_pool2d_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                       int64_t kernel_height, int64_t kernel_width, const uint8_t* choice,
                       const float* output_gradient, int gradient, float* input_gradient);

/* Keeps an element with probability 1-p and scales it by 1/(1-p): a function of (seed, epoch, sample id, place, element),
 * element being the index in PyTorch's order c*H*W + position. The backward pass is the same call on the gradient. */
int gs_dropout(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, double p, int64_t seed, int64_t epoch,
               int64_t place, const int64_t* ids, const float* input, int gradient, float* output);
int gs_add(int64_t count, const float* a, const float* b, float* output);

/* What workers do with gradients. Every part = ((part[0] + part[1]) + part[2]) + ...: floats that parts workers have, none of which
 * lies in another. */
int gs_all_reduce(int64_t count, int64_t parts, float* const* part);
/* bfloat16, the upper half of a float32: rounded to the nearest, ties to even; NaN stays NaN. */
int gs_bf16_round(int64_t count, const float* values, uint16_t* rounded);
/* target = (GS_GRADIENT_STORE) or += (GS_GRADIENT_ADD) what they stand for. */
int gs_bf16_add(int64_t count, const uint16_t* rounded, int gradient, float* target);

/* Bytes or floats of a sample, [H][W][C] densely, to [H][W][P]: value * scale[c] + shift[c] for bytes, as is for floats. */
int gs_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int element, const void* input,
             const float* scale, const float* shift, float* output);

/* Per-sample results of a step, each float[capacity], one after another; GS_RECORDS of them. predicted holds a class. */
enum gs_record {
    GS_RECORD_LOSS = 0,          /* sample weight * (label-smoothed) cross-entropy */
    GS_RECORD_CROSS_ENTROPY = 1, /* the plain one */
    GS_RECORD_EL2N = 2,
    GS_RECORD_MARGIN = 3,        /* 1 + max over k != y of p_k - p_y */
    GS_RECORD_CONFIDENCE = 4,    /* p_y */
    GS_RECORD_PREDICTED = 5,     /* the class of the largest logit, the first of equals */
    GS_RECORD_NORM2 = 6,         /* squared norm of term_i, plan weight included */
    GS_RECORDS = 7
};
/* probabilities may be NULL ([B][pitch]); gradient (NULL: forward only) = plan_weight * sample_weight *
 * (softmax - smoothed one-hot). labels outside 0..K-1 are GS_INVALID_ARGUMENT. records has its rows capacity apart. */
int gs_softmax_cross_entropy(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing, const float* logits,
                             const int32_t* labels, const float* plan_weights, const float* sample_weights,
                             float* gradient, float* probabilities, float* records, int64_t capacity);

/* g = scale * gradient + decay * theta; v = momentum * v + g; theta -= rate * (nesterov ? g + momentum * v : v). */
int gs_sgd_update(int64_t count, float scale, float rate, float momentum, int nesterov, float decay,
                  const float* gradient, float* velocity, float* theta);
/* theta *= 1 - rate * decay; then Adam with both biases corrected for the step (from 1). */
int gs_adamw_update(int64_t count, float scale, float rate, double beta1, double beta2, float eps, float decay,
                    int64_t step, const float* gradient, float* first, float* second, float* theta);
/* Adam's moments, then gradient = the direction of LAMB, decay * theta included, before its trust ratio. */
int gs_lamb_direction(int64_t count, float scale, double beta1, double beta2, float eps, float decay, int64_t step,
                      const float* theta, float* first, float* second, float* gradient);

/* ---- a compiled step ---------------------------------------------------------------------------------------------- */
/*
 * Built once from a plan: tensors, then operations in order, segment by segment; then bound to memory that the caller
 * owns. Runs are asynchronous: begin, segment and update calls put work in the step's queue, gs_step_wait waits for it.
 * A second step may be begun before the first is waited for, so that the threads go from one to the next. They are the
 * step's own, each with a fixed, contiguous range of the batch, and flush denormals to zero.
 */
typedef struct gs_step gs_step;

int gs_step_create(int32_t threads, int64_t capacity, int32_t norms, gs_step** step);
int gs_step_destroy(gs_step* step);

/* Where a tensor's values or gradients live: GS_ARENA: at offset floats in the arena, sample i at offset + i*floats;
 * GS_SCRATCH: at offset floats in every thread's own scratch, for one block of samples; GS_NOWHERE. Returns its number. */
enum gs_storage { GS_NOWHERE = 0, GS_ARENA = 1, GS_SCRATCH = 2 };
int gs_step_tensor(gs_step* step, int64_t positions, int64_t channels, int64_t pitch, int storage, int64_t offset,
                   int gradient_storage, int64_t gradient_offset, int32_t* tensor);

/* Opens the next segment; its operations run on blocks of so many samples, one block through all of them at a time.
 * recompute: how many of its first operations run again at the start of a block's backward pass (their outputs are not kept). */
int gs_step_segment(gs_step* step, int64_t block, int32_t recompute);

/* What the next operation of the open segment touches, by tensor number: the inputs it reads (count of them) and what backward
 * does with the gradient of each (gs_gradient), the tensor that it writes (-1: none), the one that it saves for its own backward
 * pass (-1: none; bytes packed into floats where it holds choices), and those inputs or output whose values backward reads again.
 * The operation, added by one of the calls that follow, refuses to run on less. */
int gs_step_operation(gs_step* step, int32_t count, const int32_t* inputs, const int32_t* gradients, int32_t output,
                      int32_t saved, int32_t reads, const int32_t* read);

/* Each adds the operation that was told of. Parameters and running statistics are offsets in floats into the weights buffer
 * (-1: none); gradients lie at the same offsets of the gradient buffer. Only operations on images take height and width, those
 * of their input; layernorm a width of 0 for all features of a sample. */
int gs_step_input(gs_step* step, int element, const float* scale, const float* shift);
int gs_step_conv2d(gs_step* step, int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width, int64_t stride,
                   int64_t padding, int64_t weights, int64_t bias, int activation, int64_t pool);
/* shift: a float for each of the input's, or NULL: the layer's features are input + shift. Blank pixels then lie in memory as
 * zeros, which the products skip. */
int gs_step_linear(gs_step* step, int64_t weights, int64_t bias, int activation, const float* shift);
/* The two halves of batch norm: statistics ends a segment and writes no tensor, normalize is in a later one and reads the same
 * input, without a gradient, and perhaps a second one that it adds; normalizer is the number that statistics returns. */
int gs_step_batchnorm_statistics(gs_step* step, int64_t running_mean, int64_t running_variance, float eps, float momentum,
                                 int32_t* normalizer);
int gs_step_batchnorm_normalize(gs_step* step, int32_t normalizer, int64_t gamma, int64_t beta, int activation);
int gs_step_groupnorm(gs_step* step, int64_t groups, int64_t gamma, int64_t beta, float eps);
int gs_step_layernorm(gs_step* step, int64_t width, int64_t gamma, int64_t beta, float eps);
int gs_step_activation(gs_step* step, int activation);
int gs_step_pool2d(gs_step* step, int pool, int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width);
int gs_step_dropout(gs_step* step, double p, int64_t place);
int gs_step_add(gs_step* step);
int gs_step_softmax_cross_entropy(gs_step* step, float label_smoothing);

/* How a pass over a convolution of this shape is computed here (pool: 1 for none): by its sum, by the transforms of Winograd's
 * F(4x4, 3x3), or from the few gradients that max-pooling let through. GS_DIRECT too for a shape that is none. */
enum gs_algorithm { GS_DIRECT = 0, GS_WINOGRAD = 1, GS_SPARSE = 2 };
enum gs_pass { GS_PASS_FORWARD = 0, GS_PASS_BACKWARD_INPUT = 1, GS_PASS_BACKWARD_WEIGHTS = 2 };
int gs_conv2d_algorithm(const gs_conv2d* shape, int64_t pool, int pass);

/* What the step needs, in bytes: arena (for the capacity), scratch (all threads: tensors and the kernels' own), and the
 * bytes of memory that a forward and a backward pass over one sample of a segment read and write. */
int gs_step_memory(gs_step* step, int64_t* arena, int64_t* scratch);
int gs_step_traffic(gs_step* step, int32_t segment, int64_t* forward, int64_t* backward);

/* weights: trainable first, then running statistics; gradients and the two optimizer states (may be NULL): trainable
 * floats each. records: float[2][GS_RECORDS][capacity], probabilities: NULL or float[2][capacity][pitch of logits]: the first
 * step begun writes the first of two sets, the next one the second, and so on in turn. */
int gs_step_bind(gs_step* step, float* arena, float* scratch, float* weights, int64_t trainable, float* gradients,
                 float* state1, float* state2, float* records, float* probabilities);

/* Starts a step over batch <= capacity samples; at most two are under way. These arrays stay the caller's and must live until
 * the step was waited for, as must what samples points at: samples[i] is one sample, [H][W][C] densely as the input takes it,
 * read where it lies.
 * plan_weights and sample_weights are float[B]; labels may be NULL in evaluation without backward. statistics_momentum
 * from 0 to 1 replaces the layers' own momentum for the running statistics (0 keeps them, 1/k in the k-th batch of a
 * recalibration averages); negative: the layers' own. Gradients and records start at zero. */
int gs_step_begin(gs_step* step, int64_t batch, int mode, const void* const* samples, const int32_t* labels,
                  const int64_t* ids, const float* plan_weights, const float* sample_weights, int64_t seed, int64_t epoch,
                  double statistics_momentum);
int gs_segment_forward(gs_step* step, int32_t segment);
int gs_segment_backward(gs_step* step, int32_t segment);

/* Between forward and backward: goes on with the count samples whose record (a gs_record that forward writes) is largest; of equal
 * ones those that come first, none that is NaN before a number. chosen[j] is the sample that gives the j-th term: its squared norm
 * is the j-th record of norms; all other records stay those of the whole batch. What forward kept of the chosen is moved together,
 * nothing is computed again. With batch norm the others still count in the statistics, but their gradients are left out.
 * of_class, if not NULL, is the largest how many of each of that many classes, count together, of those that the labels have. */
int gs_step_choose(gs_step* step, int record, int64_t count, const int32_t* of_class, int64_t classes, int32_t* chosen);

/* Between begin and backward: the step is a part of a larger one, whose gradient is the sum over its parts, a step each. sum is
 * trainable floats of the caller's. The first part starts it, each adds to it, and in the last each segment leaves the whole in the
 * gradients right after its backward pass; then gs_step_wait returns their norm and the rule clips by it. */
enum gs_part { GS_PART_FIRST = 1, GS_PART_LAST = 2 };
int gs_step_part(gs_step* step, int parts, float* sum);

/* ---- a step with other participants */
/*
 * A step may be the share of a larger one that others take part in, each with samples of its own (or none), the same plan and the
 * same parts. It meets them at points, always in the same order:
 *
 *   GS_POINT_SUMS       at a batch norm: how many values, sums of x and of x^2 in forward, of delta and of delta * x_hat in
 *                       backward; to be added up
 *   GS_POINT_GRADIENTS  the gradients of one segment's parameters are final, where the plan has them. The threads go on with
 *                       earlier segments
 *   GS_POINT_VERDICT    last: what this share says of the step; gs_step_wait is that of all
 *
 * One thread of the caller's takes the points and answers each with what all participants make of it, in place. At the first the
 * step's threads wait for the answer; at the last one for all. Then the squares of the reduced gradient are summed in chunks, in
 * double and in a fixed order, so that every participant clips and judges alike, whatever its threads and instruction set.
 * Only steps in training meet others; in evaluation each is on its own.
 */
enum gs_point_kind { GS_POINT_SUMS = 0, GS_POINT_GRADIENTS = 1, GS_POINT_VERDICT = 2 };
enum gs_verdict { GS_VERDICT_FINE = 0, GS_VERDICT_LOSS = 1, GS_VERDICT_NORM = 2, GS_VERDICT_GRADIENT = 3 };
typedef struct gs_point {
    int32_t kind;
    int32_t index;   /* of the batch norm, in the order of gs_step_batchnorm_statistics; of the segment */
    int32_t verdict; /* of GS_POINT_VERDICT: what is not finite */
    int64_t sample;  /* the id of the sample whose loss or norm it is */
    int64_t number;  /* of the point; an answer keeps it */
} gs_point;

/* From the next begin on steps in training are shares of larger ones, or (0) not. GS_SHARE_BATCHNORM: batch norm normalizes by the
 * statistics of all shares; else by each share's own, and the first kind of points does not come. exchange (may be NULL without):
 * double[1 + 2C] for each batch norm, one after another, where they are exchanged. */
enum gs_share { GS_SHARE_GRADIENTS = 1, GS_SHARE_BATCHNORM = 2 };
int gs_step_share(gs_step* step, int flags, double* exchange);
/* Waits for the next point. GS_ABORTED once after each gs_step_abort, also if it came before. */
int gs_step_next_point(gs_step* step, gs_point* point);
/* The point that was taken, with the verdict of all. GS_ABORTED: its step was aborted meanwhile. */
int gs_step_answer(gs_step* step, const gs_point* point);
/* From any thread: ends the steps that are under way, each with GS_ABORTED unless its update has begun. Whoever waits at a point
 * wakes. What was not answered yet is not waited for any more, and its memory is written by the next step. */
int gs_step_abort(gs_step* step);

/* LARS (You et al. 2017) is SGD whose gradient and decay are multiplied by trust * |theta| / (|g| + decay * |theta|), LAMB (You et
 * al. 2020) takes its direction times |theta| / |direction|: for each weight tensor its own ratio, 1 where a norm is 0. Biases and the
 * parameters of norms have a ratio of 1 and no decay. Nesterov is SGD's alone. After an update by LAMB the gradient buffer holds
 * the direction. */
enum gs_optimizer { GS_SGD = 0, GS_ADAMW = 1, GS_LARS = 2, GS_LAMB = 3 };
typedef struct gs_update_rule {
    int32_t optimizer;
    int32_t nesterov;
    double rate;       /* learning rate of this step, lr_scale included */
    double momentum;   /* or beta1 */
    double beta2, eps;
    double decay;
    double divisor;    /* b * w_bar: gradients are divided by it */
    double clip_norm;  /* of the divided gradient; <= 0: none */
    int64_t step;      /* from 1 */
    double trust;      /* of LARS */
} gs_update_rule;
/* The rule for the update calls that follow. The step updates nothing if its loss, a norm or its gradient is not finite. */
int gs_step_rule(gs_step* step, const gs_update_rule* rule);
int gs_segment_update(gs_step* step, int32_t segment);

/* From the next step on every thread notes when it ran each phase of each segment: times is int64[2][threads][segments]
 * [GS_PHASES][GS_PHASE_TIMES], two sets in turn as for the records, of the last step that ran the phase. NULL ends it. */
enum gs_phase { GS_PHASE_FORWARD = 0, GS_PHASE_BACKWARD = 1, GS_PHASE_UPDATE = 2, GS_PHASES = 3 };
/* Nanoseconds of CLOCK_MONOTONIC; waited: how much of it in waiting for the other threads, at the segment's inner
 * barriers, and for other participants. */
enum gs_phase_time { GS_PHASE_BEGAN = 0, GS_PHASE_ENDED = 1, GS_PHASE_WAITED = 2, GS_PHASE_TIMES = 3 };
int gs_step_profile(gs_step* step, int64_t* times);

/* Waits for the first step that was not waited for yet; with none, tells of the last again. GS_DIVERGED as said above, and for a
 * step begun before the caller knew of the one before it, which then does nothing; so GS_ABORTED. gradient_norm2 (may be NULL): squared norm of
 * the summed gradient, undivided. */
int gs_step_wait(gs_step* step, double* gradient_norm2);

#ifdef __cplusplus
}
#endif
#endif
