// Transformers: layers, stacks of them, and an encoder with a decoder.
// Sources: Vaswani et al., NeurIPS 2017; with norm_first, Xiong et al., ICML 2020.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "wengert/nn/attention.h"
#include "wengert/nn/container.h"
#include "wengert/nn/dropout.h"
#include "wengert/nn/normalization.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// "relu", "gelu", or a function of one's own.
class WENGERT_API TransformerActivation {
 public:
  TransformerActivation(const char* name) : TransformerActivation(std::string(name)) {}
  // ValueError for other names.
  TransformerActivation(const std::string& name);
  template <class F>
    requires(std::is_invocable_r_v<Tensor, F&, const Tensor&> &&
             !std::is_same_v<std::remove_cvref_t<F>, TransformerActivation>)
  TransformerActivation(F f) : f_(std::move(f)) {}
  Tensor operator()(const Tensor& x) const { return f_(x); }
  bool has_name() const { return !name_.empty(); }

 private:
  std::string name_;
  std::function<Tensor(const Tensor&)> f_;
};

struct TransformerEncoderLayerOptions {
  int64_t dim_feedforward = 2048;  // features between the two linear maps
  double dropout = 0.1;            // of the attention weights and after each map
  TransformerActivation activation = "relu";
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  // (N, L, E) instead of (L, N, E)
  bool norm_first = false;   // normalises what goes into a block instead of the sum after it
  bool bias = true;          // of linear maps and normalisations
  std::optional<DType> dtype = {};
};
using TransformerDecoderLayerOptions = TransformerEncoderLayerOptions;

// Of calls. Masks are those of MultiheadAttention; is_causal says that a mask is the causal one.
struct EncoderLayerCall {
  Tensor src_mask = {}, src_key_padding_mask = {};
  bool is_causal = false;
};
struct DecoderLayerCall {
  Tensor tgt_mask = {}, memory_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
  bool tgt_is_causal = false, memory_is_causal = false;
};
// is_causal left out: found out from the mask.
struct EncoderCall {
  Tensor mask = {}, src_key_padding_mask = {};
  std::optional<bool> is_causal = {};
};
struct DecoderCall {
  Tensor tgt_mask = {}, memory_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
  std::optional<bool> tgt_is_causal = {};
  bool memory_is_causal = false;
};
struct TransformerCall {
  Tensor src_mask = {}, tgt_mask = {}, memory_mask = {};
  Tensor src_key_padding_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
  std::optional<bool> src_is_causal = {}, tgt_is_causal = {};
  bool memory_is_causal = false;
};

// Self-attention and a feed-forward network, each beside a shortcut and normalised.
class WENGERT_API TransformerEncoderLayer : public Module {
 public:
  TransformerEncoderLayer(int64_t d_model, int64_t nhead,
                          const TransformerEncoderLayerOptions& options = {});
  // (L, N, E) or (L, E) to the same.
  Tensor forward(const Tensor& src) override;
  Tensor forward(const Tensor& src, const EncoderLayerCall& call);
  using Module::operator();
  Tensor operator()(const Tensor& src, const EncoderLayerCall& options);
  std::shared_ptr<Module> make_like() const override {
    return make<TransformerEncoderLayer>(d_model, nhead, options);
  }
  const int64_t d_model, nhead;
  const TransformerEncoderLayerOptions options;
  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;
};

// Self-attention, attention to the encoder's output, and a feed-forward network.
class WENGERT_API TransformerDecoderLayer : public Module {
 public:
  TransformerDecoderLayer(int64_t d_model, int64_t nhead,
                          const TransformerDecoderLayerOptions& options = {});
  using Module::forward;
  // (L, N, E), with the encoder's output (S, N, E), to (L, N, E).
  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderLayerCall& call = {});
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const DecoderLayerCall& options = {});
  std::shared_ptr<Module> make_like() const override {
    return make<TransformerDecoderLayer>(d_model, nhead, options);
  }
  const int64_t d_model, nhead;
  const TransformerDecoderLayerOptions options;
  MultiheadAttention self_attn, multihead_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout1, dropout2, dropout3;
};

// A stack of copies of a layer; `norm`, if there is one, is applied to the last layer's output.
struct TransformerEncoderOptions {
  std::shared_ptr<Module> norm = {};
  // In evaluation without gradients, padding comes out as 0 before `norm` (as it is left out of the
  // computation elsewhere), where the layers are batch_first and not norm_first ...
  bool enable_nested_tensor = true;
  bool mask_check = true;  // ... and all padding is at the ends of the sequences.
};
class WENGERT_API TransformerEncoder : public Module {
 public:
  TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                     const TransformerEncoderOptions& options = {});
  Tensor forward(const Tensor& src) override;
  Tensor forward(const Tensor& src, const EncoderCall& call);
  using Module::operator();
  Tensor operator()(const Tensor& src, const EncoderCall& options);
  std::shared_ptr<Module> make_like() const override;
  const TransformerEncoderOptions options;
  ModuleList layers;

 private:
  bool leaves_padding_out(const Tensor& src, const Tensor& padding) const;
};

struct TransformerDecoderOptions {
  std::shared_ptr<Module> norm = {};
};
class WENGERT_API TransformerDecoder : public Module {
 public:
  TransformerDecoder(const TransformerDecoderLayer& layer, int64_t num_layers,
                     const TransformerDecoderOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderCall& call = {});
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const DecoderCall& options = {});
  std::shared_ptr<Module> make_like() const override;
  const TransformerDecoderOptions options;
  ModuleList layers;
};

struct TransformerOptions {
  int64_t d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6;
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  TransformerActivation activation = "relu";
  double layer_norm_eps = 1e-5;
  bool batch_first = false, norm_first = false, bias = true;
  std::optional<DType> dtype = {};
};
// An encoder and a decoder. Matrices begin as Xavier uniform.
class WENGERT_API Transformer : public Module {
 public:
  explicit Transformer(const TransformerOptions& options = {});
  using Module::forward;
  // Sources (S, N, E) and targets (L, N, E) to (L, N, E).
  Tensor forward(const Tensor& src, const Tensor& tgt, const TransformerCall& call = {});
  Tensor operator()(const Tensor& src, const Tensor& tgt, const TransformerCall& options = {});
  // (size, size) of 0, and -inf above the diagonal: query i sees the keys 0 to i.
  static Tensor generate_square_subsequent_mask(int64_t size, std::optional<DType> dtype = {});
  std::shared_ptr<Module> make_like() const override { return make<Transformer>(options); }
  const TransformerOptions options;
  const std::shared_ptr<TransformerEncoder> encoder;
  const std::shared_ptr<TransformerDecoder> decoder;
};

}  // namespace nn
WENGERT_NAMESPACE_END
