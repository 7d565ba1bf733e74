// Attention over blocks of queries, on memory. Query, key, value and mask are (N, heads, rows,
// columns); a mask is boolean or of the computed dtype, and already has the shape of the weights.
#pragma once

#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

struct AttentionRule {
  double scale;
  bool causal;  // query i sees the keys 0 to i only
  double p;     // of dropout, whose numbers follow from seed, offset and the weight's position
  uint64_t seed, offset;
};

// out = dropout(softmax(scale q k^T + mask)) v. Of heads, `key` and `value` may have a fraction of
// the query's, each of theirs then serving as many neighbouring ones. `out` is float32 or float64
// and has contiguous rows; what is read is converted to its dtype. sums (N, heads, L, 2), of that
// dtype too, gets the largest score of each row and the reciprocal of the sum of exp(score -
// largest), zeros where nothing takes part.
void attention(const AttentionRule& rule, const Tensor& query, const Tensor& key,
               const Tensor& value, const Tensor& mask, const Tensor& out, const Tensor& sums);

// The gradients of the query, the key and the value for that of the output; those that are
// undefined are not computed. They have the dtype that `out` had, and contiguous rows.
struct AttentionGradients {
  Tensor query, key, value;
};
void attention_gradient(const AttentionRule& rule, const Tensor& query, const Tensor& key,
                        const Tensor& value, const Tensor& mask, const Tensor& out,
                        const Tensor& sums, const Tensor& grad,
                        const AttentionGradients& gradients);

// What dropout multiplies the weights (N, heads, L, S) by.
Tensor attention_dropout(const AttentionRule& rule, Dims shape, DType dtype);
// Elements of randomness in a row of n weights.
int64_t attention_random_row(int64_t n);

WENGERT_NAMESPACE_END
