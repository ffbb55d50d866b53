/* A product of matrices as cublasLtMatmul describes it, its arguments checked. */
#ifndef GRADSIEVE_EMULATION_PRODUCT_H
#define GRADSIEVE_EMULATION_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

namespace gradsieve {

struct MatrixLayout {
    int type, order;
    int64_t rows, columns, leading;
    int32_t batch;
    int64_t stride; /* elements from one matrix of a batch to the next */

    /* Elements from the first to beyond the last of the whole batch. */
    int64_t extent() const;
    int64_t row_step() const { return order == 0 ? 1 : leading; }
    int64_t column_step() const { return order == 0 ? leading : 1; }
};

struct Product {
    MatrixLayout a, b, c, d;
    bool transpose_a, transpose_b, tf32;
    int epilogue;
    float alpha, beta;
    const float* from_a;
    const float* from_b;
    const float* from_c;
    float* to_d;
    float* bias; /* read, or the sums that BGRADA and BGRADB write */
    void* workspace;
    size_t workspace_bytes;

    int64_t rows() const { return d.rows; }
    int64_t columns() const { return d.columns; }
    int64_t inner() const { return transpose_a ? a.rows : a.columns; }
    int64_t bias_count() const;
    void compute() const;

private:
    void compute_one(int64_t index) const;
    void sum_bias() const;
};

}  // namespace gradsieve

#endif
