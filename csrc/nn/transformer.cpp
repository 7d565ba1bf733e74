// The stacks of transformers' layers, and an encoder with a decoder.
#include "wengert/nn/transformer.h"

#include <cmath>

#include "nn/make.h"
#include "wengert/nn/functional/attention.h"
#include "wengert/nn/init.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

template <class Layer>
void fill(ModuleList& layers, const Layer& layer, int64_t count) {
  check_size("Transformer", "num_layers", count);
  for (int64_t i = 0; i < count; ++i) layers.append(clone(layer));
}

// What was said of the mask, or else whether it is the causal one for the length of x.
bool is_causal_mask(const Tensor& mask, std::optional<bool> said, const Tensor& x,
                    bool batch_first) {
  if (said || !mask.defined()) return said.value_or(false);
  const int64_t length = x.size(batch_first && x.dim() == 3 ? 1 : 0);
  const Tensor causal = Transformer::generate_square_subsequent_mask(
      length, is_floating(mask.dtype()) ? mask.dtype() : DType::float32);
  return mask.shape() == causal.shape() && all(mask == causal).item().to_bool();
}

}  // namespace

// ---- the encoder

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                                       const TransformerEncoderOptions& o)
    : options(o) {
  fill(layers, layer, num_layers);
  register_module("layers", layers);
  if (o.norm) register_module("norm", o.norm);
}

Tensor TransformerEncoder::forward(const Tensor& src) { return forward(src, {}); }
Tensor TransformerEncoder::forward(const Tensor& src, const EncoderCall& c) {
  const Tensor padding =
      functional::added_mask(c.src_key_padding_mask, "src_key_padding_mask", src.dtype());
  const Tensor mask = functional::added_mask(c.mask, "mask", src.dtype());
  const bool batch_first = layers.get<TransformerEncoderLayer>(0).options.batch_first;
  const bool causal = is_causal_mask(mask, c.is_causal, src, batch_first);
  Tensor output = src;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto& layer = layers.get<TransformerEncoderLayer>(static_cast<int64_t>(i));
    output =
        layer(output, {.src_mask = mask, .src_key_padding_mask = padding, .is_causal = causal});
  }
  if (padding.defined() && !mask.defined() && leaves_padding_out(src, padding)) {
    output = masked_fill(output, unsqueeze(padding.to(DType::bool_), -1), Scalar(0.0));
  }
  return options.norm ? (*options.norm)(output) : output;
}
Tensor TransformerEncoder::operator()(const Tensor& src, const EncoderCall& c) {
  return call(src, [&](const Tensor& x) { return forward(x, c); });
}

std::shared_ptr<Module> TransformerEncoder::make_like() const {
  TransformerEncoderOptions o = options;
  if (o.norm) o.norm = o.norm->make_like();
  return make<TransformerEncoder>(layers.get<TransformerEncoderLayer>(0),
                                  static_cast<int64_t>(layers.size()), o);
}

bool TransformerEncoder::leaves_padding_out(const Tensor& src, const Tensor& padding) const {
  const auto& first = layers.get<TransformerEncoderLayer>(0);
  const TransformerEncoderLayerOptions& o = first.options;
  if (!options.enable_nested_tensor || o.norm_first || !o.batch_first || !o.bias ||
      !o.activation.has_name() || first.nhead % 2 == 1 || first.is_training() || src.dim() != 3) {
    return false;
  }
  if (is_grad_enabled()) {
    if (src.requires_grad()) return false;
    for (const Tensor& p : first.parameters()) {
      if (p.requires_grad()) return false;
    }
  }
  if (!options.mask_check) return true;
  // Nothing that takes part stands behind padding.
  const Tensor there = padding == 0;
  const Tensor later = slice(there, 1, 1, {}), earlier = slice(there, 1, {}, -1);
  return !any(logical_and(later, logical_not(earlier))).item().to_bool();
}

// ---- the decoder

TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, int64_t num_layers,
                                       const TransformerDecoderOptions& o)
    : options(o) {
  fill(layers, layer, num_layers);
  register_module("layers", layers);
  if (o.norm) register_module("norm", o.norm);
}

Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory, const DecoderCall& c) {
  const bool batch_first = layers.get<TransformerDecoderLayer>(0).options.batch_first;
  const bool causal = is_causal_mask(c.tgt_mask, c.tgt_is_causal, tgt, batch_first);
  Tensor output = tgt;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto& layer = layers.get<TransformerDecoderLayer>(static_cast<int64_t>(i));
    output = layer(output, memory,
                   {.tgt_mask = c.tgt_mask,
                    .memory_mask = c.memory_mask,
                    .tgt_key_padding_mask = c.tgt_key_padding_mask,
                    .memory_key_padding_mask = c.memory_key_padding_mask,
                    .tgt_is_causal = causal,
                    .memory_is_causal = c.memory_is_causal});
  }
  return options.norm ? (*options.norm)(output) : output;
}
Tensor TransformerDecoder::operator()(const Tensor& tgt, const Tensor& memory,
                                      const DecoderCall& c) {
  return call(tgt, [&](const Tensor& x) { return forward(x, memory, c); });
}
std::shared_ptr<Module> TransformerDecoder::make_like() const {
  TransformerDecoderOptions o = options;
  if (o.norm) o.norm = o.norm->make_like();
  return make<TransformerDecoder>(layers.get<TransformerDecoderLayer>(0),
                                  static_cast<int64_t>(layers.size()), o);
}

// ---- both

namespace {

TransformerEncoderLayerOptions layer_options(const TransformerOptions& o) {
  return {.dim_feedforward = o.dim_feedforward,
          .dropout = o.dropout,
          .activation = o.activation,
          .layer_norm_eps = o.layer_norm_eps,
          .batch_first = o.batch_first,
          .norm_first = o.norm_first,
          .bias = o.bias,
          .dtype = o.dtype};
}

std::shared_ptr<LayerNorm> last_norm(const TransformerOptions& o) {
  return make<LayerNorm>(
      o.d_model, LayerNormOptions{.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype});
}

}  // namespace

Transformer::Transformer(const TransformerOptions& o)
    : options(o),
      encoder(make<TransformerEncoder>(
          TransformerEncoderLayer(o.d_model, o.nhead, layer_options(o)), o.num_encoder_layers,
          TransformerEncoderOptions{.norm = last_norm(o)})),
      decoder(make<TransformerDecoder>(
          TransformerDecoderLayer(o.d_model, o.nhead, layer_options(o)), o.num_decoder_layers,
          TransformerDecoderOptions{.norm = last_norm(o)})) {
  register_module("encoder", encoder);
  register_module("decoder", decoder);
  for (Tensor& p : parameters()) {
    if (p.dim() > 1) init::xavier_uniform_(p);
  }
}

Tensor Transformer::forward(const Tensor& src, const Tensor& tgt, const TransformerCall& c) {
  const int64_t batch = options.batch_first ? 0 : 1;
  for (const Tensor* t : {&src, &tgt}) {
    WG_CHECK((t->dim() == 2 || t->dim() == 3) && t->size(-1) == options.d_model, Error,
             "Transformer: src and tgt must have d_model ", options.d_model,
             " features, but their shapes are ", src.shape(), " and ", tgt.shape());
  }
  WG_CHECK(src.dim() == tgt.dim() && (src.dim() == 2 || src.size(batch) == tgt.size(batch)), Error,
           "Transformer: the batches of src ", src.shape(), " and tgt ", tgt.shape(),
           " must be equal");
  const Tensor memory = (*encoder)(src, {.mask = c.src_mask,
                                         .src_key_padding_mask = c.src_key_padding_mask,
                                         .is_causal = c.src_is_causal});
  return (*decoder)(tgt, memory,
                    {.tgt_mask = c.tgt_mask,
                     .memory_mask = c.memory_mask,
                     .tgt_key_padding_mask = c.tgt_key_padding_mask,
                     .memory_key_padding_mask = c.memory_key_padding_mask,
                     .tgt_is_causal = c.tgt_is_causal,
                     .memory_is_causal = c.memory_is_causal});
}
Tensor Transformer::operator()(const Tensor& src, const Tensor& tgt, const TransformerCall& c) {
  return call(src, [&](const Tensor& x) { return forward(x, tgt, c); });
}

Tensor Transformer::generate_square_subsequent_mask(int64_t size, std::optional<DType> dtype) {
  return triu(full({size, size}, Scalar(-INFINITY), dtype), 1);
}

}  // namespace nn
WENGERT_NAMESPACE_END
