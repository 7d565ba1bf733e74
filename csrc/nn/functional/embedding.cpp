#include "wengert/nn/functional/embedding.h"

#include "ops/nn_embedding.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

void limit_rows(const Tensor& weight, const Tensor& input, std::optional<double> max_norm,
                double norm_type) {
  if (!max_norm) return;
  const NoGradGuard no_grad;
  Tensor table = weight;
  embedding_renorm_(table, input, *max_norm, norm_type);
}

}  // namespace

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingFunctionOptions& o) {
  limit_rows(weight, input, o.max_norm, o.norm_type);
  return wengert::detail::embedding(input, weight, o.padding_idx, o.scale_grad_by_freq, o.sparse);
}

Tensor embedding_bag(const Tensor& input, const Tensor& weight, const Tensor& offsets,
                     const EmbeddingBagFunctionOptions& o) {
  const char* op = "embedding_bag";
  const bool has_factors = o.per_sample_weights.defined();
  WG_CHECK(!has_factors || o.per_sample_weights.shape() == input.shape(), ValueError, op,
           ": expected per_sample_weights of the input's shape ", input.shape(), ", got ",
           o.per_sample_weights.shape());
  WG_CHECK(weight.dim() == 2, ValueError, op, ": expected a weight of 2 dimensions, got ",
           weight.dim());
  WG_CHECK(o.mode == "sum" || o.mode == "mean" || o.mode == "max", ValueError, op,
           ": mode has to be one of sum, mean or max, got ", o.mode);
  WG_CHECK(input.dim() == 1 || input.dim() == 2, ValueError, op,
           ": expected an input of 1 or 2 dimensions, got ", input.dim());
  const bool rows = input.dim() == 2;
  WG_CHECK(!rows || !offsets.defined(), ValueError, op,
           ": expected no offsets beside an input of 2 dimensions");
  WG_CHECK(rows || (offsets.defined() && offsets.dim() == 1), ValueError, op,
           ": offsets has to be a 1D tensor beside an input of 1 dimension");
  WG_CHECK(o.mode != "max" || !(o.scale_grad_by_freq || o.sparse), ValueError, op,
           ": mode 'max' has no scale_grad_by_freq and no sparse gradients");
  WG_CHECK(!has_factors || o.mode == "sum", NotImplementedError, op,
           ": per_sample_weights is only supported for mode 'sum', got ", o.mode);
  const BagMode mode = o.mode == "sum"    ? BagMode::sum
                       : o.mode == "mean" ? BagMode::mean
                                          : BagMode::max;
  const Tensor flat = rows ? input.reshape({-1}) : input;
  const Tensor begins = rows ? arange(0, input.size(0)) * input.size(1) : offsets;
  const Tensor factors =
      rows && has_factors ? o.per_sample_weights.reshape({-1}) : o.per_sample_weights;
  limit_rows(weight, flat, o.max_norm, o.norm_type);
  return wengert::detail::embedding_bag(weight, flat, begins, o.scale_grad_by_freq, mode, factors,
                                        !rows && o.include_last_offset, o.padding_idx, o.sparse)
      .output;
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
