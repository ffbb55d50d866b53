/*
 * Every kernel of the CPU library, once: GS_KERNEL(result, name, (arguments)). Included three times, each time under a GS_KERNEL of
 * its own: kernels.h makes members of them, kernels/operations.h declarations, kernels/table.cpp the table.
 * To add one: a line here, its file in kernels/, its case in kernel-cases/, its row in docs/operations.md.
 */

/* Convolution. scratch: conv2d_scratch floats, private to the thread; what it holds before a call does not matter.
 * prepared, transposed: the weights as forward and as the backward passes want them, conv2d_prepared (0: as they are) and
 * conv2d_transposed floats, one of `parts` parts a call (pool: 1 for a convolution without pooling, here and for the
 * scratch). bias may be NULL; it is float[out_channels]. */
GS_KERNEL(int, conv2d_algorithm, (const gs_conv2d& shape, int64_t pool, int pass))
GS_KERNEL(int64_t, conv2d_scratch, (const gs_conv2d& shape, int64_t pool))
GS_KERNEL(int64_t, conv2d_prepared, (const gs_conv2d& shape, int64_t pool))
GS_KERNEL(void, conv2d_prepare, (const gs_conv2d& shape, int64_t pool, int64_t part, int64_t parts, const float* weights,
                                 float* prepared))
GS_KERNEL(int64_t, conv2d_transposed, (const gs_conv2d& shape, int64_t pool))
GS_KERNEL(void, conv2d_transpose, (const gs_conv2d& shape, int64_t pool, int64_t part, int64_t parts, const float* weights,
                                   float* transposed))
GS_KERNEL(void, conv2d_forward, (const gs_conv2d& shape, int64_t batch, const float* input, const float* prepared,
                                 const float* bias, int activation, float* output, float* scratch))
GS_KERNEL(void, conv2d_backward_input, (const gs_conv2d& shape, int64_t batch, const float* output_gradient,
                                        const float* transposed, int gradient, float* input_gradient, float* scratch))
GS_KERNEL(void, conv2d_backward_weights, (const gs_conv2d& shape, int64_t batch, const float* input,
                                          const float* output_gradient, float* weights_gradient, float* bias_gradient,
                                          float* norm2, float* scratch))
GS_KERNEL(void, conv2d_maxpool_forward, (const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input,
                                         const float* prepared, const float* bias, int activation, float* output,
                                         uint8_t* choice, float* scratch))
/* Both gradients of a pooled convolution in one call, for they share the sparse lists. NULL input_gradient: none. */
GS_KERNEL(void, conv2d_maxpool_backward, (const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input,
                                          const float* output, const uint8_t* choice, const float* output_gradient,
                                          const float* transposed, int activation, int gradient, float* input_gradient,
                                          float* weights_gradient, float* bias_gradient, float* norm2, float* scratch))

/* Scratch as for convolutions, linear_scratch floats, for all three products. */
GS_KERNEL(int64_t, linear_scratch, (const LinearShape& shape))
GS_KERNEL(void, linear_forward, (const LinearShape& shape, int64_t batch, const float* input, const float* weights,
                                 const float* bias, int activation, float* output, float* scratch))
/* The weights as the input gradient wants them, linear_transposed floats; features from..to-1, from a multiple of 16. */
GS_KERNEL(int64_t, linear_transposed, (const LinearShape& shape))
GS_KERNEL(void, linear_transpose, (const LinearShape& shape, int64_t from, int64_t to, const float* weights, float* transposed))
GS_KERNEL(void, linear_backward_input, (const LinearShape& shape, int64_t batch, const float* output_gradient,
                                        const float* transposed, int gradient, float* input_gradient, float* scratch))
/* One part, "=" or (add) "+="; returns the sum of its squares. A layer of features input + shift gives both shift [features]
 * and the column sums of the output gradient [pitch], which make one sample more; NULL otherwise. */
GS_KERNEL(double, linear_backward_weights, (const LinearShape& shape, int64_t batch, const LinearPart& part, const float* input,
                                            const float* output_gradient, const float* shift, const float* gradient_sums,
                                            bool add, float* weights_gradient, float* scratch))
/* sums[c] += the column sums of rows [batch][pitch] for columns from..to-1. */
GS_KERNEL(void, column_sums, (int64_t batch, int64_t pitch, int64_t from, int64_t to, const float* rows, float* sums))

/* moments is double[2][P]: += the sums of x and of x^2. */
GS_KERNEL(void, batchnorm_moments, (const Extent& extent, const float* input, double* moments))
GS_KERNEL(void, batchnorm_normalize, (const Extent& extent, const float* input, const float* statistics, const float* gamma,
                                      const float* beta, const float* skip, int activation, float* output))
/* sums is double[2][P], "+=". masked_gradient may be output_gradient itself. skip_gradient (may be NULL) by `gradient`. */
GS_KERNEL(void, batchnorm_backward_sums, (const Extent& extent, const float* input, const float* statistics,
                                          const float* output, int activation, const float* output_gradient,
                                          float* masked_gradient, int gradient, float* skip_gradient, double* sums,
                                          float* norm2))
/* mean_sums is float[2][P]: sums / (B T); NULL in evaluation. */
GS_KERNEL(void, batchnorm_backward_input, (const Extent& extent, const float* input, const float* statistics,
                                           const float* gamma, const float* masked_gradient, const float* mean_sums,
                                           int gradient, float* input_gradient))

GS_KERNEL(void, groupnorm_forward, (const Extent& extent, int64_t groups, float eps, const float* input, const float* gamma,
                                    const float* beta, float* output, float* saved))
GS_KERNEL(void, groupnorm_backward, (const Extent& extent, int64_t groups, const float* input, const float* gamma,
                                     const float* saved, const float* output_gradient, int gradient, float* input_gradient,
                                     float* gamma_gradient, float* beta_gradient, float* norm2))
GS_KERNEL(void, layernorm_forward, (const Extent& extent, int64_t width, int spatial, float eps, const float* input,
                                    const float* gamma, const float* beta, float* output, float* saved))
GS_KERNEL(void, layernorm_backward, (const Extent& extent, int64_t width, int spatial, const float* input, const float* gamma,
                                     const float* saved, const float* output_gradient, int gradient, float* input_gradient,
                                     float* gamma_gradient, float* beta_gradient, float* norm2))

GS_KERNEL(void, activation_forward, (const Extent& extent, int activation, const float* input, float* output))
GS_KERNEL(void, activation_backward, (const Extent& extent, int activation, const float* input, const float* output,
                                      const float* output_gradient, int gradient, float* input_gradient))
GS_KERNEL(void, pool2d_forward, (int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                                 int64_t kernel_height, int64_t kernel_width, const float* input, float* output,
                                 uint8_t* choice))
GS_KERNEL(void, pool2d_backward, (int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                                  int64_t kernel_height, int64_t kernel_width, const uint8_t* choice,
                                  const float* output_gradient, int gradient, float* input_gradient))
GS_KERNEL(void, dropout, (const Extent& extent, double p, int64_t seed, int64_t epoch, int64_t place, const int64_t* ids,
                          const float* input, int gradient, float* output))
GS_KERNEL(void, add, (int64_t count, const float* a, const float* b, float* output))
GS_KERNEL(void, all_reduce, (int64_t count, int64_t parts, float* const* part))
GS_KERNEL(void, bf16_round, (int64_t count, const float* values, uint16_t* rounded))
GS_KERNEL(void, bf16_add, (int64_t count, const uint16_t* rounded, int gradient, float* target))
/* gradient (GS_GRADIENT_STORE or _ADD) of a value into another's: target = or += source. */
GS_KERNEL(void, pass_gradient, (int64_t count, const float* source, int gradient, float* target))
GS_KERNEL(void, input, (const Extent& extent, int element, const void* input, const float* scale, const float* shift,
                        float* output))
/* All checks are the caller's. records points at the block's first sample. */
GS_KERNEL(void, softmax_cross_entropy, (int64_t batch, int64_t classes, int64_t pitch, float label_smoothing,
                                        const float* logits, const int32_t* labels, const float* plan_weights,
                                        const float* sample_weights, float* gradient, float* probabilities, float* records,
                                        int64_t capacity))

/* target[i] = the sum over parts of part[i], in the order of the parts; returns the sum of target[i]^2. */
GS_KERNEL(double, reduce, (int64_t count, int64_t parts, const float* const* part, float* target))
GS_KERNEL(double, squared_norm, (int64_t count, const float* values))
/* norms[k] = squared norm of the k-th CHUNK of count values (the last may be shorter): the same bits with every table. */
GS_KERNEL(void, chunk_norms, (int64_t count, const float* values, double* norms))
/* norms[i] = squared norm of row i, of count elements, plus shift; shift may be null. */
GS_KERNEL(void, row_norms, (int64_t batch, int64_t count, const float* rows, const float* shift, float* norms))
GS_KERNEL(void, sgd_update, (int64_t count, float scale, float rate, float momentum, int nesterov, float decay,
                             const float* gradient, float* velocity, float* theta))
GS_KERNEL(void, adamw_update, (int64_t count, float scale, float rate, double beta1, double beta2, float eps, float decay,
                               int64_t step, const float* gradient, float* first, float* second, float* theta))
GS_KERNEL(void, lamb_direction, (int64_t count, float scale, double beta1, double beta2, float eps, float decay, int64_t step,
                                 const float* theta, float* first, float* second, float* gradient))

#undef GS_KERNEL
