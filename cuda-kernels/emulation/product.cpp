#include "product.h"

#include <string.h>

#include <algorithm>
#include <vector>

#include "cublas_api.h"
#include "library.h"
#include "sums.h"

namespace gradsieve {
namespace {

const int64_t COLUMNS = 64; /* of op(B) that lie in panels at a time */

}  // namespace

int64_t MatrixLayout::extent() const {
    const int64_t lines = order == CUBLASLT_ORDER_COL ? columns : rows, length = order == CUBLASLT_ORDER_COL ? rows : columns;
    return (batch - 1) * stride + (lines - 1) * leading + length;
}

int64_t Product::bias_count() const { return epilogue == CUBLASLT_EPILOGUE_BGRADB ? columns() : rows(); }

void Product::compute() const {
    /* What lies in the workspace means nothing afterwards. */
    if (workspace != nullptr) memset(workspace, 0xff, workspace_bytes);
    const bool by_columns = d.order == CUBLASLT_ORDER_COL;
    const size_t length = static_cast<size_t>(by_columns ? d.rows : d.columns);
    const size_t lines = static_cast<size_t>(by_columns ? d.columns : d.rows);
    for (int64_t index = 0; index < d.batch; index++) {
        compute_one(index);
        /* What lies between them is not written. */
        gs_emulated_written(to_d + index * d.stride, length * sizeof(float), static_cast<size_t>(d.leading) * sizeof(float), lines);
    }
    if (epilogue == CUBLASLT_EPILOGUE_BGRADA || epilogue == CUBLASLT_EPILOGUE_BGRADB) sum_bias();
}

void Product::compute_one(int64_t index) const {
    const float* const at_a = from_a + index * a.stride;
    const float* const at_b = from_b + index * b.stride;
    const int64_t a_row = transpose_a ? a.column_step() : a.row_step(), a_inner = transpose_a ? a.row_step() : a.column_step();
    const int64_t b_column = transpose_b ? b.row_step() : b.column_step(), b_inner = transpose_b ? b.column_step() : b.row_step();
    const bool adds_bias = epilogue == CUBLASLT_EPILOGUE_BIAS || epilogue == CUBLASLT_EPILOGUE_RELU_BIAS;
    const bool clamps = epilogue == CUBLASLT_EPILOGUE_RELU || epilogue == CUBLASLT_EPILOGUE_RELU_BIAS;
    std::vector<double> sums(COLUMNS);
    for (int64_t first = 0; first < columns(); first += COLUMNS) {
        const int64_t count = std::min(COLUMNS, columns() - first);
        Panels panels(static_cast<size_t>(inner()), static_cast<size_t>(count), tf32);
        for (int64_t i = 0; i < inner(); i++)
            for (int64_t j = 0; j < count; j++)
                panels.set(static_cast<size_t>(i), static_cast<size_t>(j), at_b[i * b_inner + (first + j) * b_column]);
        Row row(static_cast<size_t>(inner()), tf32, !panels.finite());
        for (int64_t i = 0; i < rows(); i++) {
            row.clear();
            row.add(at_a + i * a_row, static_cast<size_t>(inner()), a_inner, 0);
            row.times(panels, sums.data());
            for (int64_t j = 0; j < count; j++) {
                const int64_t at_c = index * c.stride + i * c.row_step() + (first + j) * c.column_step();
                double value = alpha * sums[static_cast<size_t>(j)];
                if (beta != 0) value += double{beta} * from_c[at_c];
                if (adds_bias) value += bias[i];
                if (clamps && value < 0) value = 0;
                to_d[index * d.stride + i * d.row_step() + (first + j) * d.column_step()] = static_cast<float>(value);
            }
        }
    }
}

void Product::sum_bias() const {
    const bool of_a = epilogue == CUBLASLT_EPILOGUE_BGRADA;
    const MatrixLayout& layout = of_a ? a : b;
    const bool along_rows = of_a ? transpose_a : !transpose_b; /* the inner dimension is the stored matrix's rows */
    const float* const from = of_a ? from_a : from_b;
    for (int64_t i = 0; i < bias_count(); i++) {
        double sum = 0;
        for (int64_t k = 0; k < inner(); k++)
            sum += from[along_rows ? k * layout.row_step() + i * layout.column_step()
                                   : i * layout.row_step() + k * layout.column_step()];
        bias[i] = static_cast<float>(sum);
    }
}

}  // namespace gradsieve
