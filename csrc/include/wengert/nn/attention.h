// Attention with several heads as a module.
#pragma once

#include <optional>
#include <utility>

#include "wengert/nn/linear.h"
#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct MultiheadAttentionOptions {
  double dropout = 0;  // of the attention weights, in training
  bool bias = true;
  bool add_bias_kv = false;                     // learns one more key and value
  bool add_zero_attn = false;                   // adds a key and a value of zeros
  std::optional<int64_t> kdim = {}, vdim = {};  // features of keys and values; embed_dim
  bool batch_first = false;                     // (N, L, E) instead of (L, N, E)
  std::optional<DType> dtype = {};
};
// Of a call. Boolean masks are true where a key does not take part, others are added.
struct AttentionCall {
  Tensor key_padding_mask = {};  // (N, S)
  bool need_weights = true;
  Tensor attn_mask = {};  // (L, S) or (N heads, L, S)
  bool average_attn_weights = true;
  bool is_causal = false;  // says that attn_mask is the causal one
};
// Heads that attend each to a projection of queries, keys and values; joined and projected. Weights
// begin as Xavier uniform, biases as 0.
class WENGERT_API MultiheadAttention : public Module {
 public:
  MultiheadAttention(int64_t embed_dim, int64_t num_heads,
                     const MultiheadAttentionOptions& options = {});
  using Module::forward;
  // The outputs (L, N, E) and, if needed, the attention weights (N, L, S).
  std::pair<Tensor, Tensor> forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionCall& call = {});
  std::pair<Tensor, Tensor> operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                       const AttentionCall& options = {});
  std::shared_ptr<Module> make_like() const override {
    return make<MultiheadAttention>(embed_dim, num_heads, options);
  }
  const int64_t embed_dim, num_heads;
  const MultiheadAttentionOptions options;
  // One weight for all projections, or three where keys or values have other features.
  Tensor in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight;
  Tensor in_proj_bias, bias_k, bias_v;
  NonDynamicallyQuantizableLinear out_proj;
};

}  // namespace nn
WENGERT_NAMESPACE_END
