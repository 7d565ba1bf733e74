// Rows of tables.
#pragma once

#include <optional>
#include <string_view>

#include "wengert/ops/indexing.h"
#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::one_hot;

struct EmbeddingFunctionOptions {
  std::optional<int64_t> padding_idx = {};  // this row receives no gradient
  // Rows used here whose norm of order norm_type is larger are first scaled down, in place.
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;  // divides the gradient of a row by how often it is used here
  bool sparse = false;              // the gradient of a leaf has the rows used here only
};
// Rows of `weight` (n, d) by the integers `input` (*): (*, d).
WENGERT_API Tensor embedding(const Tensor& input, const Tensor& weight,
                             const EmbeddingFunctionOptions& options);

struct EmbeddingBagFunctionOptions {
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  std::string_view mode = "mean";           // "sum" or "max"
  bool sparse = false;                      // the gradient of a leaf has the rows used here only
  Tensor per_sample_weights = {};           // factors of the rows, of the input's shape, for "sum"
  bool include_last_offset = false;         // the last offset is the end of the last bag
  std::optional<int64_t> padding_idx = {};  // this row is left out of every bag
};
// Sums, means or maxima of bags of rows: (bags, d). The input is (bags, k), or holds the integers
// of all bags, which begin at the offsets.
WENGERT_API Tensor embedding_bag(const Tensor& input, const Tensor& weight, const Tensor& offsets,
                                 const EmbeddingBagFunctionOptions& options);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
