// lerp, addcmul and addcdiv: elementwise operations of three tensors.
#include "kernels/ternary.h"

#include "ops/elementwise.h"
#include "ops/operands.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

void infer_ternary(const char* op, Infer& m, DType dtype) {
  Shape pair;
  WG_CHECK(broadcast_shapes(m.in(0).sizes(), m.in(1).sizes(), pair) &&
               broadcast_shapes(pair, m.in(2).sizes(), m.out().shape),
           Error, op, ": shapes ", m.in(0).sizes(), ", ", m.in(1).sizes(), " and ", m.in(2).sizes(),
           " do not broadcast");
  m.out().dtype = dtype;
}

void compute_ternary(const char* op, kernels::Ternary kernel, const Scalar& value, Compute& c) {
  const TensorImpl& out = *c.out().impl();
  const bool narrow = is_half(out.dtype);
  const DType t = narrow ? DType::float32 : out.dtype;
  const kernels::TernaryFn fn = kernels::ternary(kernel, t);
  WG_CHECK(fn, NotImplementedError, op, ": not available for dtype ", out.dtype);
  const Tensor result = narrow ? new_tensor(t, out.sizes()) : c.out();
  Tensor converted[3];
  const TensorImpl* operands[4] = {result.impl()};
  for (int i = 0; i < 3; ++i) {
    converted[i] = c.in(i).dtype() == t ? c.in(i) : as_contiguous(c.in(i), t);
    operands[i + 1] = converted[i].impl();
  }
  alignas(16) char number[16];
  store_scalar(t, number, value);
  const Loop loop(operands, 4);
  const auto item = static_cast<int64_t>(item_size(t));
  const int64_t steps[] = {loop.stride[1][0] / item, loop.stride[2][0] / item,
                           loop.stride[3][0] / item};
  runtime::parallel_for(loop.total, kParallelGrain, [&](int64_t begin, int64_t end) {
    for_rows(loop, begin, end, [&](char* const* p, int64_t n) {
      if (loop.inner_is(0, item)) {
        fn(n, p[0], p[1], p[2], p[3], steps, number);
        return;
      }
      for (int64_t i = 0; i < n; ++i) {
        fn(1, p[0] + i * loop.stride[0][0], p[1] + i * loop.stride[1][0],
           p[2] + i * loop.stride[2][0], p[3] + i * loop.stride[3][0], steps, number);
      }
    });
  });
  if (narrow) copy_elements(out, *result.impl());
}

struct Lerp {
  static constexpr const char* name = "lerp";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::elementwise;
  void jvp(Jvp& j) const {
    if (j.has(0)) j.add(0, mul(j.tangent(0), sub(Scalar(1), j.in(2))));
    if (j.has(1)) j.add(0, mul(j.tangent(1), j.in(2)));
    if (j.has(2)) j.add(0, mul(j.tangent(2), sub(j.in(1), j.in(0))));
  }
  static constexpr Save saves[] = {save_input(0, for_input(2)), save_input(1, for_input(2)),
                                   save_input(2, for_input(0) | for_input(1))};
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const {
    const DType t = m.in(0).dtype;
    WG_CHECK(m.in(1).dtype == t && (m.in(2).dtype == t || m.in(2).ndim == 0), Error,
             "lerp: start, end and weight must have one dtype, but got ", t, ", ", m.in(1).dtype,
             " and ", m.in(2).dtype, "; convert with to()");
    WG_CHECK(is_floating(t), NotImplementedError, "lerp: expected a floating point dtype, but got ",
             t);
    infer_ternary(name, m, t);
  }
  void compute(Compute& c) const { compute_ternary(name, kernels::Ternary::lerp, 0, c); }
  void vjp(Vjp& v) const {
    const Tensor& g = v.grad();
    if (v.needs(0)) v.set(0, mul(g, sub(Scalar(1), v.saved(2))));
    if (v.needs(1)) v.set(1, mul(g, v.saved(2)));
    if (v.needs(2)) v.set(2, mul(g, sub(v.saved(1), v.saved(0))));
  }
};

DType joint_dtype(const Infer& m) {
  return elementwise::operand_dtype(m.in(0), m.in(1)) == m.in(2).dtype
             ? m.in(2).dtype
             : promote(elementwise::operand_dtype(m.in(0), m.in(1)),
                       elementwise::operand_dtype(m.in(0), m.in(2)));
}

struct Addcmul {
  Scalar value;
  static constexpr const char* name = "addcmul";
  WG_FIELDS(value)
  static constexpr Batching batching = Batching::elementwise;
  void jvp(Jvp& j) const {
    if (j.has(0)) j.add(0, j.tangent(0));
    if (j.has(1)) j.add(0, mul(mul(j.tangent(1), j.in(2)), value));
    if (j.has(2)) j.add(0, mul(mul(j.in(1), j.tangent(2)), value));
  }
  static constexpr Save saves[] = {save_input(1, for_input(2)), save_input(2, for_input(1))};
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const { infer_ternary(name, m, joint_dtype(m)); }
  void compute(Compute& c) const { compute_ternary(name, kernels::Ternary::addcmul, value, c); }
  void vjp(Vjp& v) const {
    if (v.needs(0)) v.set(0, v.grad());
    if (!v.needs(1) && !v.needs(2)) return;
    const Tensor g = value.equal(1) ? v.grad() : mul(v.grad(), value);
    if (v.needs(1)) v.set(1, mul(g, v.saved(1)));
    if (v.needs(2)) v.set(2, mul(g, v.saved(0)));
  }
};

struct Addcdiv {
  Scalar value;
  static constexpr const char* name = "addcdiv";
  WG_FIELDS(value)
  static constexpr Batching batching = Batching::elementwise;
  void jvp(Jvp& j) const {
    if (j.has(0)) j.add(0, j.tangent(0));
    if (j.has(1)) j.add(0, mul(div(j.tangent(1), j.in(2)), value));
    if (j.has(2)) j.add(0, mul(neg(div(mul(j.in(1), j.tangent(2)), square(j.in(2)))), value));
  }
  static constexpr Save saves[] = {save_input(1, for_input(2)),
                                   save_input(2, for_input(1) | for_input(2))};
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const {
    WG_CHECK(!(is_integral(m.in(1).dtype) && is_integral(m.in(2).dtype)), Error,
             "addcdiv: integers ", m.in(1).dtype, " and ", m.in(2).dtype,
             " do not divide; convert one to a floating dtype");
    infer_ternary(name, m, joint_dtype(m));
  }
  void compute(Compute& c) const { compute_ternary(name, kernels::Ternary::addcdiv, value, c); }
  void vjp(Vjp& v) const {
    if (v.needs(0)) v.set(0, v.grad());
    if (!v.needs(1) && !v.needs(2)) return;
    const Tensor g = div(value.equal(1) ? v.grad() : mul(v.grad(), value), v.saved(1));
    if (v.needs(1)) v.set(1, g);
    if (v.needs(2)) v.set(2, neg(mul(g, div(v.saved(0), v.saved(1)))));
  }
};

}  // namespace

Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight) {
  return apply(Lerp{}, start, end, weight);
}
Tensor lerp(const Tensor& start, const Tensor& end, double weight) {
  return apply(Lerp{}, start, end, full({}, weight, detail::input("lerp", start)->dtype));
}
Tensor& lerp_(Tensor& self, const Tensor& end, double weight) {
  apply_in_place(Lerp{}, self, end, full({}, weight, detail::input("lerp_", self)->dtype));
  return self;
}
Tensor addcmul(const Tensor& input, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value) {
  return apply(Addcmul{value}, input, tensor1, tensor2);
}
Tensor& addcmul_(Tensor& self, const Tensor& tensor1, const Tensor& tensor2, const Scalar& value) {
  apply_in_place(Addcmul{value}, self, tensor1, tensor2);
  return self;
}
Tensor addcdiv(const Tensor& input, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value) {
  return apply(Addcdiv{value}, input, tensor1, tensor2);
}
Tensor& addcdiv_(Tensor& self, const Tensor& tensor1, const Tensor& tensor2, const Scalar& value) {
  apply_in_place(Addcdiv{value}, self, tensor1, tensor2);
  return self;
}

namespace {

Tensor lerp_row(const Tensor& start, const Tensor& end, const Operand& weight) {
  return weight.tensor ? lerp(start, end, *weight.tensor)
                       : lerp(start, end, weight.scalar.to_double());
}
Tensor& lerp_row_(Tensor& self, const Tensor& end, const Operand& weight) {
  if (!weight.tensor) return lerp_(self, end, weight.scalar.to_double());
  apply_in_place(Lerp{}, self, end, *weight.tensor);
  return self;
}

constexpr uint32_t kUsual = kFunction | kMethod | kOut;
constexpr const char* kThree =
    "T((3, 4)), T((3, 4)), T((3, 4), 0.5, 2)\nT((3, 1)), T((4,)), T((), 0.5, 2), value=-0.5\nT((0, "
    "3)), T((3,)), T((3,), 0.5, 2), value=2";

constexpr Function rows[] = {
    make_function<lerp_row, lerp_row_>(
        "lerp", "input, end, weight", kUsual,
        "input + weight (end - input), weight being a number or a tensor",
        "T((3, 4)), T((3, 4)), 0.3\nT((3, 4)), T((4,)), T((3, 1), 0, 1)\nT((2,)), T((2,)), "
        "0.75\nT((0, 3)), T((3,)), 0.5",
        "input + weight * (end - input)"),
    make_function<addcmul, addcmul_>("addcmul", "input, tensor1, tensor2, *, value=1", kUsual,
                                     "input + value tensor1 tensor2", kThree,
                                     "input + value * tensor1 * tensor2"),
    make_function<addcdiv, addcdiv_>("addcdiv", "input, tensor1, tensor2, *, value=1", kUsual,
                                     "input + value tensor1 / tensor2", kThree,
                                     "input + value * tensor1 / tensor2"),
};
}  // namespace

extern const FunctionTable ternary_functions;
const FunctionTable ternary_functions = {rows, std::size(rows)};

WG_OPERATIONS(ternary, operation<Lerp>(), operation<Addcdiv>(), operation<Addcmul>())

WENGERT_NAMESPACE_END
