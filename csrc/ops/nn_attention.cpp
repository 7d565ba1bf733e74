// Scaled dot-product attention. Sources: Vaswani et al., NeurIPS 2017; grouped queries: Ainslie et
// al., EMNLP 2023.
#include "ops/nn_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/random_fill.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

constexpr const char* kName = "scaled_dot_product_attention";

DType computed_as(DType t) { return t == DType::float64 ? t : DType::float32; }

// Key and value heads, each repeated for the query heads it serves.
Tensor repeated(const Tensor& t, int64_t heads) {
  return t.size(1) == heads ? t : repeat_interleave(t, heads / t.size(1), 1);
}
// The adjoint.
Tensor gathered(const Tensor& t, int64_t heads) {
  return t.size(1) == heads ? t : sum(unflatten(t, 1, {heads, t.size(1) / heads}), {2});
}
Tensor turned(const Tensor& t) { return transpose(t, -2, -1); }

// softmax(scale q k^T + mask) in differentiable operations; zero where nothing takes part.
Tensor weights(const AttentionRule& rule, const Tensor& q, const Tensor& k, const Tensor& mask) {
  constexpr double kNothing = -std::numeric_limits<double>::infinity();
  const int64_t queries = q.size(2), keys = k.size(2);
  Tensor scores = queries < keys ? matmul(mul(q, rule.scale), turned(k))
                                 : matmul(q, turned(mul(k, rule.scale)));
  if (rule.causal)
    scores = masked_fill(scores, triu(ones({queries, keys}, DType::bool_), 1), kNothing);
  if (!mask.defined()) return softmax(scores, -1);
  scores = mask.dtype() == DType::bool_ ? masked_fill(scores, logical_not(mask), kNothing)
                                        : add(scores, mask);
  if (keys == 0) return scores;
  // Made finite before the softmax too, so that no NaN gets into the gradients.
  const Tensor nothing = eq(amax(scores.detach(), {-1}, true), kNothing);
  return masked_fill(softmax(masked_fill(scores, nothing, 0), -1), nothing, 0);
}

// The whole in differentiable operations.
Tensor composed(const AttentionRule& rule, const Tensor& q, const Tensor& k, const Tensor& v,
                const Tensor& mask) {
  const DType dtype = computed_as(q.dtype());
  const int64_t heads = q.size(1);
  Tensor p = weights(rule, to(q, dtype), to(repeated(k, heads), dtype), mask);
  if (rule.p > 0) p = mul(p, attention_dropout(rule, p.shape(), dtype));
  return to(matmul(p, to(repeated(v, heads), dtype)), q.dtype());
}

// Dense strides of (N, heads, rows, columns) with contiguous rows, the other dimensions lying in
// the order that they have in x. False, with nothing written, where that is row-major order.
bool strides_like(const TensorImpl& x, int64_t columns, int64_t* strides) {
  int order[3] = {0, 1, 2};
  for (int d = 0; d < 3; ++d) {
    if (x.shape()[d] == 0 || (x.shape()[d] > 1 && x.strides()[d] <= 0)) return false;
  }
  std::stable_sort(order, order + 3, [&](int a, int b) { return x.strides()[a] > x.strides()[b]; });
  if (order[0] == 0 && order[1] == 1) return false;
  int64_t step = std::max<int64_t>(columns, 1);
  for (int i = 2; i >= 0; --i) {
    strides[order[i]] = step;
    step *= x.shape()[order[i]];
  }
  strides[3] = 1;
  return true;
}

// Inputs (N, heads, L, E), (N, heads', S, E), (N, heads', S, Ev), and a mask (N, heads, L, S) or
// none, which gets no gradient. A second output (N, heads, L, 2) is kept for the gradient.
struct Attention {
  AttentionRule rule;
  static constexpr const char* name = kName;
  static constexpr const char* field_names = "scale, causal, p, seed, offset";
  auto fields() const { return std::tie(rule.scale, rule.causal, rule.p, rule.seed, rule.offset); }
  static constexpr Save saves[] = {save_input(0), save_input(1),  save_input(2),
                                   save_input(3), save_output(0), save_output(1)};
  static int64_t flops(const Sizes& s) {  // as if no weights were left out
    const Dims q = s.inputs[0], k = s.inputs[1], v = s.inputs[2];
    return 2 * q[0] * q[1] * q[2] * k[2] * (q[3] + v[3]);
  }
  void infer(Infer& m) const {
    Meta& out = m.out();
    const int64_t columns = m.in(2).shape()[3];
    out.dtype = m.in(0).dtype;
    out.shape = m.in(0).sizes();
    out.shape.d[3] = columns;
    out.strided = strides_like(m.in(0), columns, out.strides);
    m.out(1).dtype = computed_as(out.dtype);
    m.out(1).shape = m.in(0).sizes();
    m.out(1).shape.d[3] = 2;
  }
  void compute(Compute& c) const {
    const Tensor& out = c.out();
    const DType dtype = computed_as(out.dtype());
    const Tensor y = out.dtype() == dtype ? out : new_tensor(dtype, out.shape());
    attention(rule, c.in(0), c.in(1), c.in(2), c.in(3), y, c.out(1));
    if (!y.is_same(out)) copy_elements(*out.impl(), *y.impl());
  }
  void vjp(Vjp& v) const { v.create_graph() ? formula(v) : fused(v); }

 private:
  static Tensor mask_of(Vjp& v) { return v.has_saved(3) ? v.saved(3) : Tensor(); }

  void fused(Vjp& v) const {
    const Tensor like[] = {v.saved(0), v.saved(1), v.saved(2)};
    const DType dtype = computed_as(v.grad().dtype());
    Tensor made[3];
    for (int i = 0; i < 3; ++i) {
      if (!v.needs(i)) continue;
      int64_t strides[4];
      const TensorImpl& x = *like[i].impl();
      made[i] = strides_like(x, x.shape()[3], strides) ? new_tensor(dtype, x.sizes(), strides)
                                                       : new_tensor(dtype, x.sizes());
    }
    attention_gradient(rule, like[0], like[1], like[2], mask_of(v), v.saved(4), v.saved(5),
                       v.grad(), {made[0], made[1], made[2]});
    for (int i = 0; i < 3; ++i) {
      if (v.needs(i)) v.set(i, made[i]);
    }
  }

  // The same in differentiable operations.
  void formula(Vjp& v) const {
    const DType dtype = computed_as(v.grad().dtype());
    const Tensor g = to(v.grad(), dtype), q = to(v.saved(0), dtype);
    const int64_t heads = q.size(1);
    const Tensor k = to(repeated(v.saved(1), heads), dtype),
                 w = to(repeated(v.saved(2), heads), dtype);
    const Tensor p = weights(rule, q, k, mask_of(v));
    const Tensor factors = rule.p > 0 ? attention_dropout(rule, p.shape(), dtype) : Tensor();
    const auto dropped = [&](const Tensor& t) { return rule.p > 0 ? mul(t, factors) : t; };
    if (v.needs(2)) v.set(2, gathered(matmul(turned(dropped(p)), g), v.shape(2).d[1]));
    if (!v.needs(0) && !v.needs(1)) return;
    const Tensor gp = dropped(matmul(g, turned(w)));
    const Tensor gs = mul(mul(p, sub(gp, sum(mul(gp, p), {-1}, true))), rule.scale);
    if (v.needs(0)) v.set(0, matmul(gs, k));
    if (v.needs(1)) v.set(1, gathered(matmul(turned(gs), q), v.shape(1).d[1]));
  }
};

// What is common to the shapes of the arguments, and brings them to four dimensions.
struct Leading {
  Shape batch;  // all dimensions but heads, rows and columns
  int64_t count = 1, heads = 1;
  int64_t ndim;

  Leading(const Tensor& q, const Tensor& k, const Tensor& v, bool grouped) {
    ndim = std::max({q.dim(), k.dim(), v.dim()});
    Shape all, some;
    const auto lead = [&](const Tensor& t) {
      const TensorImpl& x = *t.impl();
      Shape s(Dims(x.shape(), static_cast<size_t>(x.ndim - 2)));
      if (grouped) s.d[s.ndim - 1] = 1;
      return s;
    };
    WG_CHECK(broadcast_shapes(lead(q), lead(k), some) && broadcast_shapes(some, lead(v), all),
             Error, kName, ": the leading dimensions of query ", q.shape(), ", key ", k.shape(),
             " and value ", v.shape(), " do not broadcast");
    if (all.ndim > 0) heads = grouped ? q.size(-3) : all.d[all.ndim - 1];
    for (int i = 0; i + 1 < all.ndim; ++i) {
      batch.push(all.d[i]);
      count *= all.d[i];
    }
  }
  Shape with(int64_t h, int64_t rows, int64_t columns) const {
    Shape s = batch;
    if (ndim > 2) s.push(h);
    s.push(rows);
    s.push(columns);
    return s;
  }
  // (count, h, rows, columns), by views where that can be.
  Tensor four(const Tensor& t, int64_t h, int64_t rows, int64_t columns) const {
    const Shape full = with(h, rows, columns);
    const Tensor whole = t.shape() == Dims(full) ? t : expand(t, full);
    return ndim == 4 ? whole : reshape(whole, {count, h, rows, columns});
  }
};

void check(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, double p,
           bool causal, bool grouped) {
  const int64_t least = std::min({q.dim(), k.dim(), v.dim()});
  WG_CHECK(least >= 2, Error, kName, ": query, key and value need at least 2 dimensions, but have ",
           q.shape(), ", ", k.shape(), " and ", v.shape());
  WG_CHECK(q.dtype() == k.dtype() && q.dtype() == v.dtype(), Error, kName,
           ": query, key and value must have one dtype, but have ", q.dtype(), ", ", k.dtype(),
           " and ", v.dtype(), "; convert with to()");
  WG_CHECK(is_floating(q.dtype()), Error, kName, ": not available for dtype ", q.dtype());
  WG_CHECK(p >= 0 && p <= 1, Error, kName,
           ": the probability of dropout must lie in [0, 1], but is ", p);
  WG_CHECK(q.size(-1) == k.size(-1), Error, kName, ": the last dimensions of query ", q.shape(),
           " and key ", k.shape(), " must be equal");
  WG_CHECK(k.size(-2) == v.size(-2), Error, kName, ": the last dimensions but one of key ",
           k.shape(), " and value ", v.shape(), " must be equal");
  if (grouped) {
    WG_CHECK(least >= 3, IndexError, kName,
             ": enable_gqa needs at least 3 dimensions, but the shapes are ", q.shape(), ", ",
             k.shape(), " and ", v.shape());
    const int64_t hq = q.size(-3), hk = k.size(-3), hv = v.size(-3);
    WG_CHECK(hk > 0 && hv > 0 && hq % hk == 0 && hq % hv == 0, Error, kName,
             ": the numbers of heads of key (", hk, ") and value (", hv,
             ") must divide that of query (", hq, ")");
  }
  if (!mask.defined()) return;
  WG_CHECK(!causal, Error, kName, ": give either attn_mask or is_causal=True, not both");
  WG_CHECK(
      mask.dtype() == DType::bool_ || mask.dtype() == q.dtype() || mask.dtype() == DType::float32,
      Error, kName, ": attn_mask must have dtype bool or that of the query, ", q.dtype(),
      ", but has ", mask.dtype());
  WG_CHECK(mask.dim() >= 2 || q.dim() < 4, IndexError, kName,
           ": attn_mask needs at least 2 dimensions, but has shape ", mask.shape());
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  for (const Tensor* t : {&query, &key, &value}) detail::input(kName, *t);
  check(query, key, value, attn_mask, dropout_p, is_causal, enable_gqa);
  const Leading lead(query, key, value, enable_gqa);
  const int64_t rows = query.size(-2), inner = query.size(-1), keys = key.size(-2),
                columns = value.size(-1), heads = lead.heads;
  AttentionRule rule{scale.value_or(1 / std::sqrt(std::max(static_cast<double>(inner), 1.0))),
                     is_causal, dropout_p, 0, 0};
  const Tensor q = lead.four(query, heads, rows, inner);
  Tensor k = lead.four(key, enable_gqa ? key.size(-3) : heads, keys, inner);
  Tensor v = lead.four(value, enable_gqa ? value.size(-3) : heads, keys, columns);
  if (k.size(1) != v.size(1)) {
    k = repeated(k, heads);
    v = repeated(v, heads);
  }
  Tensor mask;
  if (attn_mask.defined()) {
    const Shape full = lead.with(heads, rows, keys);
    Shape both;
    WG_CHECK(broadcast_shapes(attn_mask.shape(), full, both) && Dims(both) == Dims(full), Error,
             kName, ": attn_mask of shape ", attn_mask.shape(),
             " does not broadcast to the shape of the weights, ", Dims(full));
    mask =
        attn_mask.dtype() == DType::bool_ ? attn_mask : to(attn_mask, computed_as(query.dtype()));
    mask = lead.four(mask, heads, rows, keys);
  }
  if (dropout_p > 0) {
    const int64_t drawn = lead.count * heads * rows * attention_random_row(keys);
    const Generator::State s = default_generator().advance(random_blocks(drawn));
    rule.seed = s.seed;
    rule.offset = s.offset;
  }
  const Tensor y = transforming() || (mask.defined() && mask.requires_grad())
                       ? composed(rule, q, k, v, mask)
                       : apply_many<2>(Attention{rule}, q, k, v, mask)[0];
  return lead.ndim == 4 ? y : reshape(y, lead.with(heads, rows, columns));
}

namespace {
constexpr Function rows[] = {
    make_function<scaled_dot_product_attention>(
        kName,
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, "
        "enable_gqa=False",
        kFunction | kNN,
        "softmax(scale query key^T + attn_mask) value of (*, L, E), (*, S, E) and (*, S, Ev). "
        "Boolean masks tell which keys take part, others are added. Source: Vaswani et al., "
        "NeurIPS 2017.",
        "T((2, 3, 4)), T((2, 5, 4)), T((2, 5, 3))\n"
        "T((2, 2, 4, 3)), T((2, 2, 5, 3)), T((2, 2, 5, 3)), T((4, 5))\n"
        "T((4, 3)), T((4, 3)), T((4, 2)), None, 0.0, True, scale=0.5\n"
        "T((2, 4, 4, 3)), T((2, 2, 4, 3)), T((2, 2, 4, 3)), M((4, 4)), enable_gqa=True"),
};
}  // namespace

extern const FunctionTable nn_attention_functions;
const FunctionTable nn_attention_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_attention, operation<Attention>())

WENGERT_NAMESPACE_END
