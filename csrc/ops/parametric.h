// Elementwise operations with numbers, made of the lines of kernels/parametric.def.
#pragma once

#include "kernels/parametric.h"
#include "ops/elementwise.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {

// At most kernels::kParameters numbers; what is not used is 0.
struct Numbers {
  double list[kernels::kParameters] = {};
};

// All inputs are of floating point dtypes and broadcast; so are those of a gradient, the gradient
// of the result being the first.
void infer_parametric(const char* op, bool gradient, Infer& m);
// Of the value, or what is passed on to input `of`; kValue for the former.
inline constexpr int kValue = -1;
void compute_parametric(kernels::Parametric kernel, int of, const Numbers& numbers, Compute& c);
bool pointwise_parametric(kernels::Parametric kernel, int of, const Numbers& numbers,
                          const DType* inputs, int n, Pointwise& p);

// The gradient of an operation's value by input kOf: of the result's gradient and its inputs.
template <class Op, int kOf>
struct ParametricGradient {
  Op of;
  static constexpr const char* name = Op::gradient_name;
  static constexpr const char* field_names = Op::field_names;
  auto fields() const { return of.fields(); }
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const { infer_parametric(name, true, m); }
  bool pointwise(const DType* in, int n, Pointwise& p) const {
    return pointwise_parametric(Op::kernel, kOf, of.numbers(), in, n, p);
  }
  void compute(Compute& c) const { compute_parametric(Op::kernel, kOf, of.numbers(), c); }
};

// One pass, into the gradient's own memory where nobody else needs it; as recorded operations where
// those are asked for.
template <int kOf, class Op, class... T>
void put_parametric(Vjp& v, const Op& op, const T&... inputs) {
  if (!v.needs(kOf)) return;
  const Tensor& g = v.grad();
  if (v.create_graph() || thread_mode.word & kTransformModes) {
    v.set(kOf, op.template chain_rule<kOf>(g, inputs...));
    return;
  }
  const ParametricGradient<Op, kOf> gradient{op};
  const bool last = kOf == 0;  // the gradient by the other input was taken before
  if (!last || thread_mode.word & kCapture || !g.impl()->unique() || !g.is_contiguous()) {
    v.set(kOf, apply(gradient, g, inputs...));
    return;
  }
  Tensor out = g;
  TensorImpl* in[] = {g.impl(), inputs.impl()...};
  Compute c{in, 1 + sizeof...(T), &out, 1};
  gradient.compute(c);
  v.set(kOf, std::move(out));
}

}  // namespace elementwise

// clamp() of floating point numbers, with both bounds.
Tensor clamp_between(const Tensor& input, double min, double max);
void clamp_between_(Tensor& self, double min, double max);
// The elements of smooth_l1_loss and huber_loss.
Tensor smooth_l1(const Tensor& a, const Tensor& b, double beta);
Tensor huber(const Tensor& a, const Tensor& b, double delta);

WENGERT_NAMESPACE_END
