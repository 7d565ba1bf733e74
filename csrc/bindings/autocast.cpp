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

// Recurrent networks, whose parameters and results have one dtype. Some end with products, others
// mix them into a state that keeps its own dtype; those of sequences (kShortWeights) take their
// factors in the short one even so.
constexpr std::string_view kShortNetworks[] = {
    "_lstm", "_rnn_relu", "_rnn_tanh", "rnn_relu_cell", "rnn_tanh_cell",
};
constexpr std::string_view kStateNetworks[] = {"_gru", "gru_cell", "lstm_cell"};
constexpr std::string_view kShortWeights[] = {"_gru"};
static_assert(std::ranges::is_sorted(kShortNetworks) && std::ranges::is_sorted(kStateNetworks));

template <size_t n>
bool holds(const std::string_view (&names)[n], const char* name) {
  return std::ranges::binary_search(names, std::string_view(name));
}

bool is_tensor(ArgKind kind) { return kind == ArgKind::tensor || kind == ArgKind::operand; }

// The dtype of the last of the states, the second parameter that holds tensors, or without states
// that of the input.
DType state_dtype(const std::vector<Parameter>& parameters, const Value* values) {
  const TensorImpl* last = values[0].tensor;
  for (size_t i = 1; i < parameters.size(); ++i) {
    if (parameters[i].kind == ArgKind::tensor_list) {
      const auto* states = static_cast<const Tensor*>(values[i].data);
      if (values[i].size > 0) last = states[values[i].size - 1].impl();
      break;
    }
    if (is_tensor(parameters[i].kind)) {
      if (values[i].tensor) last = values[i].tensor;
      break;
    }
  }
  return last ? last->dtype : DType::float32;
}

}  // namespace

void autocast_values(const char* name, DType dtype, const std::vector<Parameter>& parameters,
                     Value* values, std::vector<Tensor>& kept) {
  const DType low = dtype;
  if (holds(kFloat32, name)) {
    dtype = DType::float32;
  } else if (holds(kStateNetworks, name)) {
    dtype = state_dtype(parameters, values);
  } else if (!holds(kShort, name) && !holds(kShortNetworks, name)) {
    return;
  }
  const bool network = holds(kStateNetworks, name) || holds(kShortNetworks, name);
  size_t most = parameters.size();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].kind == ArgKind::tensor_list) most += values[i].size;
  }
  kept.reserve(most);  // lists point into it
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (is_tensor(parameters[i].kind) && values[i].tensor) {
      kept.push_back(autocast_to(Tensor::share(values[i].tensor), dtype));
      values[i].tensor = kept.back().impl();
    } else if (network && parameters[i].kind == ArgKind::tensor_list) {
      const auto* list = static_cast<const Tensor*>(values[i].data);
      const bool weights =
          dtype == DType::float32 && holds(kShortWeights, name) && parameters[i].name == "params";
      values[i].data = kept.data() + kept.size();
      for (size_t k = 0; k < values[i].size; ++k) {
        kept.push_back(list[k].defined() ? autocast_to(list[k], weights ? low : dtype) : Tensor());
      }
    }
  }
}

}  // namespace wengert::python
