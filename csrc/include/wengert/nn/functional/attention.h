// Attention with several heads. Source: Vaswani et al., NeurIPS 2017.
#pragma once

#include <array>
#include <optional>
#include <utility>

#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::scaled_dot_product_attention;

// What projects queries, keys and values, and what joins the heads; undefined where there is none.
struct MultiheadWeights {
  Tensor in_proj_weight = {};           // (3 E, E), or
  std::array<Tensor, 3> separate = {};  // (E, E), (E, Ek) and (E, Ev)
  Tensor in_proj_bias = {};             // (3 E)
  Tensor bias_k = {}, bias_v = {};      // (1, 1, E): one key and value more
  Tensor out_proj_weight = {}, out_proj_bias = {};
};
struct MultiheadOptions {
  bool add_zero_attn = false;  // adds a key and a value of zeros
  double dropout_p = 0;
  bool training = true;
  // (N, S), and (L, S) or (N heads, L, S). Boolean ones are true where a key does not take part;
  // others are added.
  Tensor key_padding_mask = {}, attn_mask = {};
  bool need_weights = true;
  Tensor static_k = {}, static_v = {};  // (N heads, S, E / heads) instead of what was projected
  bool average_attn_weights = true;
  bool is_causal = false;    // says that attn_mask is the causal one
  bool batch_first = false;  // (N, L, E) instead of (L, N, E)
};
// The concatenated heads' attention, projected: (L, N, E), from (L, N, E), (S, N, Ek) and
// (S, N, Ev), or the same without N; and if needed the weights (N, L, S), averaged over the heads,
// or (N, heads, L, S).
WENGERT_API std::pair<Tensor, Tensor> multi_head_attention_forward(
    const Tensor& query, const Tensor& key, const Tensor& value, int64_t num_heads,
    const MultiheadWeights& weights, const MultiheadOptions& options);

// A mask as numbers to add: -inf where a boolean mask says that a key does not take part; undefined
// stays undefined.
WENGERT_API Tensor added_mask(const Tensor& mask, const char* name, DType dtype);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
