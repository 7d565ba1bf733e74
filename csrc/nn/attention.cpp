#include "wengert/nn/attention.h"

#include "nn/make.h"
#include "wengert/nn/functional/attention.h"
#include "wengert/nn/init.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {
int64_t checked_width(int64_t embed_dim, int64_t heads) {
  check_size("MultiheadAttention", "embed_dim", embed_dim);
  check_size("MultiheadAttention", "num_heads", heads);
  WG_CHECK(embed_dim % heads == 0, ValueError, "MultiheadAttention: embed_dim ", embed_dim,
           " must be divisible by num_heads ", heads);
  return embed_dim;
}
}  // namespace

MultiheadAttention::MultiheadAttention(int64_t width, int64_t heads,
                                       const MultiheadAttentionOptions& o)
    : embed_dim(checked_width(width, heads)),
      num_heads(heads),
      options(o),
      out_proj(width, width, {.bias = o.bias, .dtype = o.dtype}) {
  const int64_t kdim = o.kdim.value_or(width), vdim = o.vdim.value_or(width);
  const auto add = [&](const char* name, Dims shape) {
    return register_parameter(name, empty(shape, o.dtype));
  };
  const bool separate = kdim != width || vdim != width;
  if (separate) {
    q_proj_weight = add("q_proj_weight", {width, width});
    k_proj_weight = add("k_proj_weight", {width, kdim});
    v_proj_weight = add("v_proj_weight", {width, vdim});
  } else {
    in_proj_weight = add("in_proj_weight", {3 * width, width});
  }
  if (o.bias) in_proj_bias = add("in_proj_bias", {3 * width});
  register_module("out_proj", out_proj);
  if (o.add_bias_kv) {
    bias_k = add("bias_k", {1, 1, width});
    bias_v = add("bias_v", {1, 1, width});
  }
  for (Tensor* w : {&in_proj_weight, &q_proj_weight, &k_proj_weight, &v_proj_weight}) {
    if (w->defined()) init::xavier_uniform_(*w);
  }
  if (o.bias) {
    init::zeros_(in_proj_bias);
    init::zeros_(out_proj.bias);
  }
  if (o.add_bias_kv) {
    init::xavier_normal_(bias_k);
    init::xavier_normal_(bias_v);
  }
}

std::pair<Tensor, Tensor> MultiheadAttention::forward(const Tensor& query, const Tensor& key,
                                                      const Tensor& value, const AttentionCall& c) {
  WG_CHECK(query.dim() > 0 && query.size(-1) == embed_dim, ValueError,
           "MultiheadAttention: expected queries of ", embed_dim, " features, got shape ",
           query.shape());
  return functional::multi_head_attention_forward(
      query, key, value, num_heads,
      {.in_proj_weight = in_proj_weight,
       .separate = {q_proj_weight, k_proj_weight, v_proj_weight},
       .in_proj_bias = in_proj_bias,
       .bias_k = bias_k,
       .bias_v = bias_v,
       .out_proj_weight = out_proj.weight,
       .out_proj_bias = out_proj.bias},
      {.add_zero_attn = options.add_zero_attn,
       .dropout_p = options.dropout,
       .training = is_training(),
       .key_padding_mask = c.key_padding_mask,
       .attn_mask = c.attn_mask,
       .need_weights = c.need_weights,
       .average_attn_weights = c.average_attn_weights,
       .is_causal = c.is_causal,
       .batch_first = options.batch_first});
}

std::pair<Tensor, Tensor> MultiheadAttention::operator()(const Tensor& query, const Tensor& key,
                                                         const Tensor& value,
                                                         const AttentionCall& c) {
  return call(query, [&](const Tensor& x) {
    // Queries that are keys stay the same tensor, which saves products.
    const bool same = query.is_same(key), shared = key.is_same(value);
    const Tensor& k = same ? x : key;
    return forward(x, k, shared ? k : value, c);
  });
}

}  // namespace nn
WENGERT_NAMESPACE_END
