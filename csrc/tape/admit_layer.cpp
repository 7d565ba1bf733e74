// What files may ask of layers and losses.
#include "tape/admit_call.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

void recurrent(C c) {
  enum { x, w_ih, w_hh, b_ih, b_hh, w_hr, h_0, c_0 };
  c.range("cell", 0, 4);
  const int64_t cell = c.integer("cell"), gates = cell == 0 ? 4 : cell == 1 ? 3 : 1;
  for (int i = 0; i < 8; ++i) {
    if (!c.has(i)) continue;
    c.floating(i), c.ndim(i, i == b_ih || i == b_hh ? 1 : 2);
    c.same_dtype(i == x || i == h_0 || i == c_0 ? x : w_ih, i);
  }
  const DType weights = c.in(w_ih).dtype, states = c.in(x).dtype;
  c.need(weights == states || (states == DType::float32 && weights != DType::float64),
         "weights of another dtype");
  const int64_t sums = c.size(w_hh, 0), out = c.size(w_hh, 1), hidden = sums / gates;
  c.need(sums == hidden * gates && hidden > 0, "weights of another size");
  c.has_shape(w_ih, {sums, c.size(x, 1)});
  if (c.has(b_ih)) c.has_shape(b_ih, {sums});
  if (c.has(b_hh)) c.has_shape(b_hh, {sums});
  c.need(!c.has(w_hr) || cell == 0, "a projection of another cell than an LSTM");
  if (c.has(w_hr)) {
    c.has_shape(w_hr, {out, hidden});
  } else {
    c.need(out == hidden, "weights of another size");
  }
  const int64_t count = c.integer("count"), batch = c.integer("batch");
  c.need(count >= 1 && count <= INT32_MAX && batch >= 0 && batch <= INT32_MAX, "no steps");
  const auto& sizes = c.list("sizes");
  int64_t rows = count * batch;
  if (!sizes.empty()) {
    c.need(static_cast<int64_t>(sizes.size()) == count && sizes[0] == batch, "no sizes of steps");
    rows = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      c.need(sizes[i] >= 0 && (i == 0 || sizes[i] <= sizes[i - 1]), "sizes that grow");
      rows += sizes[i];
    }
  }
  c.need(c.size(x, 0) == rows, "another number of rows");
  c.need(!c.has(c_0) || cell == 0, "a state of an LSTM");
  if (c.has(h_0)) c.has_shape(h_0, {batch, out});
  if (c.has(c_0)) c.has_shape(c_0, {batch, hidden});
}

void attention(C c) {
  for (int i = 0; i < 3; ++i) c.ndim(i, 4), c.floating(i), c.same_dtype(0, i);
  const int64_t n = c.size(0, 0), heads = c.size(0, 1), rows = c.size(0, 2);
  c.need(c.size(1, 0) == n && c.size(2, 0) == n && c.size(1, 3) == c.size(0, 3) &&
             c.size(1, 2) == c.size(2, 2) && c.size(1, 1) == c.size(2, 1) && c.size(1, 1) > 0 &&
             heads % c.size(1, 1) == 0,
         "query, key and value do not fit");
  const double p = c.get<double>("p");
  c.need(p >= 0 && p < 1, "p must lie in [0, 1)");
  if (!c.has(3)) return;
  c.has_shape(3, {n, heads, rows, c.size(1, 2)});
  const DType t = c.in(3).dtype;
  c.need(
      t == DType::bool_ || t == (c.in(0).dtype == DType::float64 ? DType::float64 : DType::float32),
      "a mask of another dtype");
}

// Bags of rows of the table in input 0, looked at by the functions themselves; which row an index
// names is checked when they run.
void bags(C c) {
  c.ndim(0, 2), c.floating(0);
  for (int i = 1; i < 3; ++i) {
    c.ndim(i, 1), c.dtype(i, DType::int64),
        c.need(c.in(i).contiguous(), "expected row-major indices");
  }
  c.need(c.size(2, 0) >= 1, "the bags have no end");
}
// Log-probabilities (T, N, C) in input k, then labels (N, S) and the lengths of both.
void alignments(C c, int k) {
  c.ndim(k, 3), c.wide(k), c.ndim(k + 1, 2), c.range("blank", 0, c.size(k, 2));
  const int64_t n = c.size(k, 1);
  for (int i = 1; i < 4; ++i) c.dtype(k + i, DType::int64);
  c.need(c.size(k + 1, 0) == n, "labels of another number of samples");
  c.has_shape(k + 2, {n}), c.has_shape(k + 3, {n});
}

const Rule rules[] = {
    {"layer_norm", 3, 3, 6, 3,
     [](C c) {
       c.ndim(0, 2), c.floating(0);
       for (int i = 1; i < 3; ++i) {
         if (c.has(i)) c.floating(i), c.need(c.in(i).numel == c.size(0, 1), "another size");
       }
     }},
    {"group_norm", 3, 3, 6, 3,
     [](C c) {
       c.least_ndim(0, 2), c.floating(0);
       const int64_t groups = c.get<int64_t>("groups");
       c.need(groups > 0 && c.size(0, 1) % groups == 0, "the groups do not divide the channels");
       for (int i = 1; i < 3; ++i) {
         if (c.has(i)) c.floating(i), c.has_shape(i, {c.size(0, 1)});
       }
     }},
    {"batch_norm", 3, 5, 0x1e, 4,
     [](C c) {
       c.least_ndim(0, 2), c.floating(0);
       c.need(!c.get<bool>("given") || (c.has(3) && c.has(4)), "statistics are missing");
       for (int i = 1; i < c.inputs(); ++i) {
         if (c.has(i)) c.floating(i), c.has_shape(i, {c.size(0, 1)});
       }
     }},
    {"running_statistic", 2, 2, 0, 1,
     [](C c) {
       c.floating(0), c.dtype(1, DType::float64), c.ndim(0, 1), c.same_shape(0, 1);
       c.need(c.in(1).contiguous(), "expected row-major statistics");
     }},
    {"cross_entropy", 3, 3, 4, 3,
     [](C c) {
       c.range("reduction", 0, 3);
       c.ndim(0, 2), c.floating(0), c.dtype(1, DType::int64), c.has_shape(1, {c.size(0, 0)});
       if (c.has(2)) c.floating(2), c.has_shape(2, {c.size(0, 1)});
     }},
    {"soft_cross_entropy", 2, 2, 0, 2,
     [](C c) { c.ndim(0, 2), c.floating(0), c.floating(1), c.same_shape(0, 1); }},
    {"embedding", 2, 2, 0, 1,
     [](C c) {
       c.ndim(0, 2), c.index(1);
       c.need(!c.get<bool>("sparse"), "sparse gradients");
     }},
    {"embedding_renorm_", 2, 2, 0, 1, [](C c) { c.ndim(0, 2), c.floating(0), c.index(1); }},
    {"embedding_gradient", 2, 2, 0, 1,
     [](C c) {
       c.floating(0), c.index(1), c.need(c.integer("count") >= 0, "a negative count");
       c.need(c.in(0).ndim == c.in(1).ndim + 1, "a gradient of another shape");
       for (int i = 0; i < c.in(1).ndim; ++i)
         c.need(c.size(0, i) == c.size(1, i), "a gradient of another shape");
     }},
    {"embedding_bag_sum", 4, 4, 8, 1,
     [](C c) {
       bags(c), c.need(!c.get<bool>("sparse"), "sparse gradients");
       if (c.has(3)) c.same_dtype(0, 3), c.same_shape(1, 3);
     }},
    {"embedding_bag_argmax", 3, 3, 0, 1, bags},
    {"ctc_loss", 4, 4, 0, 2, [](C c) { alignments(c, 0); }},
    {"ctc_loss_backward", 7, 7, 0, 1,
     [](C c) {
       alignments(c, 1);
       for (const int i : {5, 6}) c.same_dtype(1, i);
       const int64_t n = c.size(1, 1);
       c.floating(0), c.has_shape(0, {n}), c.has_shape(5, {n});
       c.has_shape(6, {n, c.size(1, 0), 2 * c.size(2, 1) + 1});
     }},
    {"recurrent_layer", 8, 8, 0xf8, 6, recurrent},
    {"scaled_dot_product_attention", 4, 4, 8, 2, attention},
};

}  // namespace

WG_ADMIT(layer)

}  // namespace tape
WENGERT_NAMESPACE_END
