// The affine map of a layer.
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/product.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Everything but the last dimension as rows.
class Rows {
 public:
  explicit Rows(const Tensor& t) : given_(t) {
    if (t.dim() == 2) return;
    int64_t rows = 1;
    for (int64_t i = 0; i < t.dim() - 1; ++i) rows *= t.size(i);
    made_ = reshape(t, {rows, t.size(-1)});
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  const Tensor& get() const { return made_.defined() ? made_ : given_; }

 private:
  const Tensor& given_;
  Tensor made_;
};

// x w^T + b for x (*, n), w (m, n) and b (m) or none.
struct Linear {
  static constexpr const char* name = "linear";
  WG_NO_FIELDS
  void jvp(Jvp& j) const {
    if (j.has(0)) j.add(0, linear(j.tangent(0), j.in(1), {}));
    if (j.has(1)) j.add(0, linear(j.in(0), j.tangent(1), {}));
    if (j.inputs() > 2 && j.has(2)) j.add(0, j.tangent(2));
  }
  bool batch(Batch& b) const {
    if (b.only(0)) return b.run_leading();
    const Tensor w = b.front(1);
    const Tensor x = b.front(0);
    Tensor y = matmul(reshape(x, {b.size(), -1, x.size(-1)}), transpose(w, -2, -1));
    if (b.inputs() > 2) y = add(y, b.batched(2) ? unsqueeze(b.in(2), 1) : b.in(2));
    Shape shape = x.shape();
    shape.d[shape.ndim - 1] = w.size(1);
    b.set(0, reshape(y, shape));
    return true;
  }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1, for_input(0))};
  static int64_t flops(const Sizes& s) {
    const Dims a = s.inputs[0];
    return 2 * Sizes::count(s.outputs[0]) * a[a.size() - 1];
  }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[m.in(0).ndim - 1] = m.in(1).shape()[0];
  }
  void compute(Compute& c) const {
    const Rows rows(c.in(0));
    const Tensor* bias = c.n_inputs > 2 ? &c.in(2) : nullptr;
    matrix_product(name, rows.get(), {c.in(1), true}, c.out(), false, bias);
  }
  void vjp(Vjp& v) const {
    const Tensor& g = v.grad();
    const Rows rows(g);
    const bool summable = item_size(g.dtype()) >= 4, direct = multiplies_memory(v);
    if (v.needs(0)) {
      const bool added = summable && v.accumulate(0, [&](Tensor& sum) {
        matrix_product(name, rows.get(), v.saved(1), sum, true);
      });
      if (!added && direct)
        v.set(0, product_gradient(name, rows.get(), v.saved(1), v.shape(0)));
      else if (!added)
        v.set(0, reshape(mm(rows.get(), v.saved(1)), v.shape(0)));
    }
    if (v.needs(1)) {
      const Rows x(v.saved(0));
      const bool added = summable && v.accumulate(1, [&](Tensor& sum) {
        matrix_product(name, {rows.get(), true}, x.get(), sum, true);
      });
      if (!added && direct)
        v.set(1, product_gradient(name, {rows.get(), true}, x.get(), v.shape(1)));
      else if (!added)
        v.set(1, mm(transpose(rows.get(), 0, 1), x.get()));
    }
    if (v.inputs() > 2 && v.needs(2)) v.set(2, sum(rows.get(), {0}));
  }
};

}  // namespace

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  const TensorImpl &x = *detail::input("linear", input), &w = *detail::input("linear", weight);
  if (w.ndim == 1) {  // a single output, whose dimension is dropped
    const Tensor y = matmul(input, weight);
    return bias.defined() ? add(y, bias) : y;
  }
  WG_CHECK(w.ndim == 2, Error, "linear: the weight must be (out, in), but has shape ", w.sizes());
  WG_CHECK(x.ndim > 0 && x.shape()[x.ndim - 1] == w.shape()[1], Error,
           "linear: the last dimension of the input ", x.sizes(),
           " must equal the last of the weight ", w.sizes());
  WG_CHECK(x.dtype == w.dtype && (!bias.defined() || bias.dtype() == x.dtype), Error,
           "linear: input, weight and bias must have one dtype, but got ", x.dtype, " and ",
           w.dtype == x.dtype ? bias.dtype() : w.dtype, "; convert one with to()");
  if (!bias.defined()) return apply(Linear{}, input, weight);
  const bool fused = bias.dim() == 1 && bias.size(0) == w.shape()[0] && is_floating(x.dtype);
  if (fused) return apply(Linear{}, input, weight, bias);
  return add(apply(Linear{}, input, weight), bias);
}

namespace {
constexpr Function rows[] = {
    make_function<linear>("linear", "input, weight, bias=None", kFunction | kNN,
                          "x W^T + b for an input (*, in), a weight (out, in) and a bias (out)",
                          "T((3, 4)), T((2, 4)), T((2,))\nT((2, 3, 4)), T((5, 4))\nT((4,)), T((2, "
                          "4)), T((2,))\nT((0, "
                          "4)), T((2, 4)), T((2,))\nT((3, 4)), T((4,)), T(())",
                          "input @ weight.T + (0 if bias is None else bias)"),
};
}  // namespace

extern const FunctionTable nn_linear_functions;
const FunctionTable nn_linear_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_linear, operation<Linear>())

WENGERT_NAMESPACE_END
