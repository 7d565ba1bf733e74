// What the functions of tables of vectors have in common.
#pragma once

#include <optional>

#include "ops/op.h"
#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

void check_table(const char* op, const TensorImpl& weight, const TensorImpl& indices);
// The row of padding as a number from 0, or -1 if there is none.
int64_t table_padding(const char* op, const TensorImpl& weight, std::optional<int64_t> index);

// table[index[i]] += g[row_of[i]] (or g[i]) for all i in order, but not for the row `padding`.
// Threads share out the rows of the table.
void add_rows(const Tensor& table, const Tensor& index, const Tensor& g, int64_t padding,
              const int64_t* row_of = nullptr);

// The rows of the table that index names, zeros for the row `padding`; and the adjoint map. Both
// are differentiable.
Tensor kept_rows(const Tensor& table, const Tensor& index, int64_t padding);
Tensor embedding_gradient(const Tensor& g, const Tensor& index, int64_t rows, int64_t padding);

// As above; with `sparse` the gradient of a table that is a leaf is sparse.
Tensor embedding(const Tensor& input, const Tensor& weight, std::optional<int64_t> padding_idx,
                 bool scale_grad_by_freq, bool sparse);
Bags embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                   bool scale_grad_by_freq, BagMode mode, const Tensor& per_sample_weights,
                   bool include_last_offset, std::optional<int64_t> padding_idx, bool sparse);
// The gradient of a table of this shape, sparse: row index[i] has g[i]; without the row `padding`.
Tensor sparse_rows(Dims table, const Tensor& g, const Tensor& index, int64_t padding);

// 1 / how often the row index[i] occurs in index, of shape (*index, 1).
Tensor inverse_frequency(const Tensor& index, int64_t rows, DType dtype);

}  // namespace detail
WENGERT_NAMESPACE_END
