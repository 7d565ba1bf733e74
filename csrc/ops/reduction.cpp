// Sums and what is made of them.
#include <algorithm>

#include "kernels/reduce.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/reduce_plan.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Sum {
  Shape dims;  // wrapped, ascending
  bool keepdim;
  DType dtype;
  static constexpr const char* name = "sum";
  WG_FIELDS(dims, keepdim, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    reduce_into(name, kernels::Reduce::sum, c.in(0), dims, *c.out().impl(), dtype);
  }
  void vjp(Vjp& v) const { v.set(0, spread(v.grad(), v.shape(0), dims, keepdim)); }
};

}  // namespace

Tensor sum(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("sum", input);
  const DType t = dtype ? *dtype : is_integral(x.dtype) ? DType::int64 : x.dtype;
  return apply(Sum{wrap_dims("sum", dims, x.ndim), keepdim, t}, input);
}

Tensor mean(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("mean", input);
  const DType t = dtype.value_or(x.dtype);
  WG_CHECK(is_differentiable(t), Error, "mean: expected a floating point or complex dtype, but got ",
           t, "; give dtype=, or convert the input first");
  const Shape wrapped = wrap_dims("mean", dims, x.ndim);
  int64_t n = 1;
  for (int i = 0; i < wrapped.ndim; ++i) n *= x.shape()[wrapped.d[i]];
  return div(apply(Sum{wrapped, keepdim, t}, input), static_cast<double>(n));
}

namespace {
constexpr Function rows[] = {
    make_function<sum>("sum", "input, dim=(), keepdim=False, *, dtype=None", kFunction | kMethod | kOut,
                       "Sum over the given dimensions, or all. Integers and bools are summed as int64.",
                       "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nT((0, 3)), 0\nT(())",
                       "np.sum(input, axis=dim or None, keepdims=keepdim)"),
    make_function<mean>("mean", "input, dim=(), keepdim=False, *, dtype=None", kFunction | kMethod | kOut,
                        "Arithmetic mean over the given dimensions, or all",
                        "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nT(())",
                        "np.mean(input, axis=dim or None, keepdims=keepdim)"),
};
}  // namespace

extern const FunctionTable reduction_functions;
const FunctionTable reduction_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
