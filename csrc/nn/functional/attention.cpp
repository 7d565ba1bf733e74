#include "wengert/nn/functional/attention.h"

#include <cmath>
#include <vector>

#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

constexpr const char* kOp = "multi_head_attention_forward";

void check_shapes(const Tensor& query, const Tensor& key, const Tensor& value,
                  const Tensor& padding, const Tensor& mask) {
  const int64_t ndim = query.dim();
  WG_CHECK(ndim == 2 || ndim == 3, ValueError, kOp,
           ": expected a query of 2 (unbatched) or 3 dimensions, but its shape is ", query.shape());
  WG_CHECK(key.dim() == ndim && value.dim() == ndim, ValueError, kOp,
           ": expected key and value to have ", ndim,
           " dimensions as the query has, but their shapes are ", key.shape(), " and ",
           value.shape());
  WG_CHECK(!padding.defined() || padding.dim() == ndim - 1, ValueError, kOp,
           ": expected a key_padding_mask of ", ndim - 1, " dimensions, but its shape is ",
           padding.shape());
  WG_CHECK(!mask.defined() || mask.dim() == 2 || mask.dim() == 3, ValueError, kOp,
           ": expected an attn_mask of 2 or 3 dimensions, got shape ", mask.shape());
}

std::vector<Tensor> parts_of(const Tensor& t, Dims sizes) {
  return t.defined() ? split(t, sizes) : std::vector<Tensor>(sizes.size());
}

// The three projections by one weight (3 E, E), in as few products as can be.
std::array<Tensor, 3> project(const Tensor& query, const Tensor& key, const Tensor& value,
                              const Tensor& weight, const Tensor& bias) {
  const int64_t width = query.size(-1);
  if (key.is_same(value) && query.is_same(key)) {
    const std::vector<Tensor> all = chunk(linear(query, weight, bias), 3, -1);
    return {all[0], all[1], all[2]};
  }
  if (key.is_same(value)) {
    const std::vector<Tensor> w = split(weight, {width, 2 * width});
    const std::vector<Tensor> b = parts_of(bias, {width, 2 * width});
    const std::vector<Tensor> both = chunk(linear(key, w[1], b[1]), 2, -1);
    return {linear(query, w[0], b[0]), both[0], both[1]};
  }
  const std::vector<Tensor> w = chunk(weight, 3);
  const std::vector<Tensor> b = bias.defined() ? chunk(bias, 3) : std::vector<Tensor>(3);
  const Tensor q = linear(query, w[0], b[0]), k = linear(key, w[1], b[1]);
  return {q, k, linear(value, w[2], b[2])};
}

// (N, heads, length, width) of a projection whose length is dimension `sequence`.
Tensor split_heads(const Tensor& x, int64_t heads, int64_t width, int64_t sequence) {
  const Tensor parts = unflatten(x, -1, {heads, width});
  return sequence == 1 ? transpose(parts, 1, 2) : permute(parts, {1, 2, 0, 3});
}

// Keys or values that were given as (N heads, S, width).
Tensor from_static(const Tensor& x, const char* name, int64_t batch, int64_t heads, int64_t width) {
  WG_CHECK(x.dim() == 3 && x.size(0) == batch * heads && x.size(2) == width, ValueError, kOp,
           ": expected ", name, " of shape (", batch * heads, ", S, ", width, "), got ", x.shape());
  return unflatten(x, 0, {batch, heads});
}

// A mask with one key more, which takes part.
Tensor extended(const Tensor& mask) {
  return mask.defined() ? pad(mask, {0, 1}, "constant", 0.0) : mask;
}

// The sum of both masks, to be broadcast to (N, heads, L, S).
Tensor full_mask(const Tensor& mask, const Tensor& padding, int64_t batch, int64_t heads) {
  const Tensor own = mask.defined() && mask.dim() == 3 ? unflatten(mask, 0, {batch, heads}) : mask;
  if (!padding.defined()) return own;
  const Tensor wide = unsqueeze(unsqueeze(padding, 1), 2);
  return own.defined() ? own + wide : wide;
}

}  // namespace

Tensor added_mask(const Tensor& mask, const char* name, DType dtype) {
  if (!mask.defined()) return mask;
  if (mask.dtype() != DType::bool_) {
    WG_CHECK(is_floating(mask.dtype()), ValueError, kOp, ": expected ", name,
             " to be boolean or floating point, but it has dtype ", mask.dtype());
    return mask;
  }
  Tensor numbers = zeros_like(mask, dtype);
  return masked_fill_(numbers, mask, Scalar(-INFINITY));
}

std::pair<Tensor, Tensor> multi_head_attention_forward(const Tensor& given_query,
                                                       const Tensor& given_key,
                                                       const Tensor& given_value, int64_t heads,
                                                       const MultiheadWeights& w,
                                                       const MultiheadOptions& o) {
  Tensor query = given_query, key = given_key, value = given_value;
  Tensor key_padding_mask = o.key_padding_mask, attn_mask = o.attn_mask;
  check_shapes(query, key, value, key_padding_mask, attn_mask);
  const bool batched = query.dim() == 3;
  const int64_t sequence = o.batch_first && batched ? 1 : 0;
  if (!batched) {
    const bool same = query.is_same(key), shared = key.is_same(value);
    query = unsqueeze(query, 1);
    key = same ? query : unsqueeze(key, 1);
    value = shared ? key : unsqueeze(value, 1);
    if (key_padding_mask.defined()) key_padding_mask = unsqueeze(key_padding_mask, 0);
  }
  const int64_t batch = query.size(1 - sequence), length = query.size(sequence);
  const int64_t embed_dim = query.size(-1), width = embed_dim / heads;
  Tensor padding = added_mask(key_padding_mask, "key_padding_mask", query.dtype());
  bool is_causal = o.is_causal;
  WG_CHECK(!is_causal || attn_mask.defined(), Error, kOp,
           ": is_causal = true says what the attn_mask is, which must be given too "
           "(Transformer::generate_square_subsequent_mask makes one)");
  if (is_causal && !padding.defined() && !o.need_weights) {
    attn_mask = {};
  } else {
    attn_mask = added_mask(attn_mask, "attn_mask", query.dtype());
    is_causal = false;
  }
  WG_CHECK(width * heads == embed_dim, ValueError, kOp, ": the ", embed_dim,
           " features of the query are not divisible by the number of heads ", heads);
  const bool separate = !w.in_proj_weight.defined();
  const bool agree = separate ? key.size(0) == value.size(0) && key.size(1) == value.size(1)
                              : key.shape() == value.shape();
  WG_CHECK(agree, ValueError, kOp, ": the shapes of key ", key.shape(), " and value ",
           value.shape(), " do not agree");
  if (attn_mask.defined()) {
    const int64_t keys = key.size(sequence);
    const bool fits = attn_mask.dim() == 2
                          ? attn_mask.shape() == Dims({length, keys})
                          : attn_mask.shape() == Dims({batch * heads, length, keys});
    WG_CHECK(fits, Error, kOp, ": expected an attn_mask of shape (", length, ", ", keys, ") or (",
             batch * heads, ", ", length, ", ", keys, "), got ", attn_mask.shape());
  }

  std::array<Tensor, 3> projected;
  if (separate) {
    const std::vector<Tensor> b =
        w.in_proj_bias.defined() ? chunk(w.in_proj_bias, 3) : std::vector<Tensor>(3);
    const std::array<const Tensor*, 3> inputs{&query, &key, &value};
    for (size_t i = 0; i < 3; ++i) projected[i] = linear(*inputs[i], w.separate[i], b[i]);
  } else {
    projected = project(query, key, value, w.in_proj_weight, w.in_proj_bias);
  }
  auto& [q, k, v] = projected;
  WG_CHECK(w.bias_k.defined() == w.bias_v.defined(), ValueError, kOp,
           ": bias_k and bias_v must be given together");
  if (w.bias_k.defined()) {
    WG_CHECK(!o.static_k.defined() && !o.static_v.defined(), ValueError, kOp,
             ": static keys and values take no bias");
    std::vector<int64_t> shape{1, 1, embed_dim};
    shape[static_cast<size_t>(1 - sequence)] = batch;
    k = cat({k, expand(w.bias_k, shape)}, sequence);
    v = cat({v, expand(w.bias_v, shape)}, sequence);
    attn_mask = extended(attn_mask);
    padding = extended(padding);
  }
  q = split_heads(q, heads, width, sequence);
  k = o.static_k.defined() ? from_static(o.static_k, "static_k", batch, heads, width)
                           : split_heads(k, heads, width, sequence);
  v = o.static_v.defined() ? from_static(o.static_v, "static_v", batch, heads, width)
                           : split_heads(v, heads, width, sequence);
  if (o.add_zero_attn) {
    const Tensor nothing = zeros({batch, heads, 1, width}, k.dtype());
    k = cat({k, nothing}, 2);
    v = cat({v, nothing}, 2);
    attn_mask = extended(attn_mask);
    padding = extended(padding);
  }
  WG_CHECK(!padding.defined() || padding.shape() == Dims({batch, k.size(2)}), ValueError, kOp,
           ": expected a key_padding_mask of shape (", batch, ", ", k.size(2), "), got ",
           padding.shape());
  const Tensor mask = full_mask(attn_mask, padding, batch, heads);
  const double dropout_p = o.training ? o.dropout_p : 0;

  Tensor weights, y;
  if (o.need_weights) {
    const Tensor scaled = q * std::sqrt(1.0 / static_cast<double>(width));
    const Tensor scores = matmul(scaled, transpose(k, -2, -1));
    weights = softmax(mask.defined() ? scores + mask : scores, -1);
    if (dropout_p > 0) weights = dropout(weights, dropout_p, true);
    y = matmul(weights, v);
    if (o.average_attn_weights) weights = mean(weights, {1});
  } else {
    y = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal);
  }
  y = sequence == 1 ? transpose(y, 1, 2) : permute(y, {2, 0, 1, 3});
  y = linear(flatten(y, 2), w.out_proj_weight, w.out_proj_bias);
  if (batched) return {y, weights};
  return {squeeze(y, {1}), weights.defined() ? squeeze(weights, {0}) : weights};
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
