#include "bindings/autocast.h"

#include <algorithm>
#include <string_view>

namespace wengert::python {

namespace {

// Both are sorted.
constexpr std::string_view kShort[] = {
    "addbmm",
    "addmm",
    "baddbmm",
    "bmm",
    "chain_matmul",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "linalg_vecdot",
    "linear",
    "matmul",
    "mm",
    "prelu",
    "scaled_dot_product_attention",
    "vecdot",
};
constexpr std::string_view kFloat32[] = {
    "adaptive_avg_pool3d",
    "avg_pool3d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cdist",
    "cosine_embedding_loss",
    "cross_entropy",
    "ctc_loss",
    "grid_sampler",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "max_pool3d",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "nanquantile",
    "nll_loss",
    "poisson_nll_loss",
    "prod",
    "quantile",
    "smooth_l1_loss",
    "soft_margin_loss",
    "trace",
    "triplet_margin_loss",
};
static_assert(std::ranges::is_sorted(kShort) && std::ranges::is_sorted(kFloat32));

}  // namespace

void autocast_values(const char* name, DType dtype, const std::vector<Parameter>& parameters,
                     Value* values, std::vector<Tensor>& kept) {
  if (std::ranges::binary_search(kFloat32, std::string_view(name))) {
    dtype = DType::float32;
  } else if (!std::ranges::binary_search(kShort, std::string_view(name))) {
    return;
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const ArgKind kind = parameters[i].kind;
    if ((kind != ArgKind::tensor && kind != ArgKind::operand) || !values[i].tensor) continue;
    kept.push_back(autocast_to(Tensor::share(values[i].tensor), dtype));
    values[i].tensor = kept.back().impl();
  }
}

}  // namespace wengert::python
