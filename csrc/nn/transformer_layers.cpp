// The layers of transformers: attention and a feed-forward network, each beside a shortcut.
#include "nn/make.h"
#include "wengert/nn/functional/attention.h"
#include "wengert/nn/transformer.h"
#include "wengert/ops/elementwise.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

MultiheadAttentionOptions attention(const TransformerEncoderLayerOptions& o) {
  return {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first, .dtype = o.dtype};
}
LinearOptions map(const TransformerEncoderLayerOptions& o) {
  return {.bias = o.bias, .dtype = o.dtype};
}
LayerNormOptions norm(const TransformerEncoderLayerOptions& o) {
  return {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype};
}

}  // namespace

TransformerActivation::TransformerActivation(const std::string& name) : name_(name) {
  WG_CHECK(name == "relu" || name == "gelu", ValueError,
           "Transformer: activation should be relu or gelu, not ", name);
  if (name == "relu") {
    f_ = [](const Tensor& x) { return relu(x); };
  } else {
    f_ = [](const Tensor& x) { return gelu(x); };
  }
}

// ---- of encoders

TransformerEncoderLayer::TransformerEncoderLayer(int64_t width, int64_t heads,
                                                 const TransformerEncoderLayerOptions& o)
    : d_model(width),
      nhead(heads),
      options(o),
      self_attn(width, heads, attention(o)),
      linear1(width, o.dim_feedforward, map(o)),
      dropout(o.dropout),
      linear2(o.dim_feedforward, width, map(o)),
      norm1(width, norm(o)),
      norm2(width, norm(o)),
      dropout1(o.dropout),
      dropout2(o.dropout) {
  register_module("self_attn", self_attn);
  register_module("linear1", linear1);
  register_module("dropout", dropout);
  register_module("linear2", linear2);
  register_module("norm1", norm1);
  register_module("norm2", norm2);
  register_module("dropout1", dropout1);
  register_module("dropout2", dropout2);
}

Tensor TransformerEncoderLayer::forward(const Tensor& src) { return forward(src, {}); }
Tensor TransformerEncoderLayer::forward(const Tensor& src, const EncoderLayerCall& c) {
  const Tensor padding =
      functional::added_mask(c.src_key_padding_mask, "src_key_padding_mask", src.dtype());
  const Tensor mask = functional::added_mask(c.src_mask, "src_mask", src.dtype());
  const auto attend = [&](const Tensor& x) {
    return dropout1(self_attn(x, x, x,
                              {.key_padding_mask = padding,
                               .need_weights = false,
                               .attn_mask = mask,
                               .is_causal = c.is_causal})
                        .first);
  };
  const auto feed = [&](const Tensor& x) {
    return dropout2(linear2(dropout(options.activation(linear1(x)))));
  };
  if (options.norm_first) {
    const Tensor x = src + attend(norm1(src));
    return x + feed(norm2(x));
  }
  const Tensor x = norm1(src + attend(src));
  return norm2(x + feed(x));
}
Tensor TransformerEncoderLayer::operator()(const Tensor& src, const EncoderLayerCall& c) {
  return call(src, [&](const Tensor& x) { return forward(x, c); });
}

// ---- of decoders

TransformerDecoderLayer::TransformerDecoderLayer(int64_t width, int64_t heads,
                                                 const TransformerDecoderLayerOptions& o)
    : d_model(width),
      nhead(heads),
      options(o),
      self_attn(width, heads, attention(o)),
      multihead_attn(width, heads, attention(o)),
      linear1(width, o.dim_feedforward, map(o)),
      dropout(o.dropout),
      linear2(o.dim_feedforward, width, map(o)),
      norm1(width, norm(o)),
      norm2(width, norm(o)),
      norm3(width, norm(o)),
      dropout1(o.dropout),
      dropout2(o.dropout),
      dropout3(o.dropout) {
  register_module("self_attn", self_attn);
  register_module("multihead_attn", multihead_attn);
  register_module("linear1", linear1);
  register_module("dropout", dropout);
  register_module("linear2", linear2);
  register_module("norm1", norm1);
  register_module("norm2", norm2);
  register_module("norm3", norm3);
  register_module("dropout1", dropout1);
  register_module("dropout2", dropout2);
  register_module("dropout3", dropout3);
}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory,
                                        const DecoderLayerCall& c) {
  const auto attend = [&](const Tensor& x) {
    return dropout1(self_attn(x, x, x,
                              {.key_padding_mask = c.tgt_key_padding_mask,
                               .need_weights = false,
                               .attn_mask = c.tgt_mask,
                               .is_causal = c.tgt_is_causal})
                        .first);
  };
  const auto attend_to_memory = [&](const Tensor& x) {
    return dropout2(multihead_attn(x, memory, memory,
                                   {.key_padding_mask = c.memory_key_padding_mask,
                                    .need_weights = false,
                                    .attn_mask = c.memory_mask,
                                    .is_causal = c.memory_is_causal})
                        .first);
  };
  const auto feed = [&](const Tensor& x) {
    return dropout3(linear2(dropout(options.activation(linear1(x)))));
  };
  if (options.norm_first) {
    Tensor x = tgt + attend(norm1(tgt));
    x = x + attend_to_memory(norm2(x));
    return x + feed(norm3(x));
  }
  Tensor x = norm1(tgt + attend(tgt));
  x = norm2(x + attend_to_memory(x));
  return norm3(x + feed(x));
}
Tensor TransformerDecoderLayer::operator()(const Tensor& tgt, const Tensor& memory,
                                           const DecoderLayerCall& c) {
  return call(tgt, [&](const Tensor& x) { return forward(x, memory, c); });
}

}  // namespace nn
WENGERT_NAMESPACE_END
