// Norms of vectors.
#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/reduce_plan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The sum of f(x) over the last dimensions in blocks that stay in the first-level cache; false,
// with nothing done, for other layouts.
bool sum_of(kernels::Unary f, const Tensor& x, DimSet dims, const TensorImpl& out) {
  const DType t = x.dtype();
  const uint32_t all = (1u << x.dim()) - 1, kept = all & ~dims.bits;
  if (!x.is_contiguous() || !out.contiguous() || is_complex(t) || x.numel() == 0 ||
      (kept & (kept + 1)) != 0)
    return false;
  const int64_t n = reduced_count(x.shape(), dims), outer = x.numel() / n;
  constexpr int64_t kBlock = 2048;
  const int64_t blocks = (n + kBlock - 1) / kBlock;
  const auto item = static_cast<int64_t>(item_size(t));
  const kernels::UnaryFn value = kernels::unary(f).value[static_cast<int>(t)];
  const kernels::ReduceFn sum = kernels::reduce(kernels::Reduce::sum, t);
  const Tensor parts = new_tensor(t, {outer, blocks});
  const int64_t grain = kParallelGrain / std::min(n, kBlock) + 1;
  runtime::parallel_for(outer * blocks, grain, [&](int64_t begin, int64_t end) {
    alignas(64) char buffer[kBlock * 8];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * kBlock, count = std::min(kBlock, n - first);
      value(count, buffer, x.data<char>() + (i / blocks * n + first) * item);
      sum(1, count, 1, parts.data<char>() + i * item, buffer);
    }
  });
  sum(outer, blocks, 1, out.data, parts.data());
  return true;
}

struct VectorNorm {
  double order;
  DimSet dims;
  bool keepdim;
  DType dtype;
  static constexpr const char* name = "vector_norm";
  WG_FIELDS(order, dims, keepdim, dtype)
  VectorNorm batched(int64_t) const { return {order, dims.later(), keepdim, dtype}; }
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    const DType t = compute_dtype(dtype);
    const Tensor x = to(c.in(0), t);
    const TensorImpl& out = *c.out().impl();
    Tensor result = t == dtype ? c.out() : new_tensor(t, out.sizes());
    const auto reduce = [&](kernels::Reduce kind, const Tensor& of) {
      reduce_into(name, kind, of, dims, *result.impl(), t);
    };
    if (order == 2) {
      if (!sum_of(kernels::Unary::square_, x, dims, *result.impl()))
        reduce(kernels::Reduce::sum, square(x));
      sqrt_(result);
    } else if (order == 1) {
      if (!sum_of(kernels::Unary::abs_, x, dims, *result.impl()))
        reduce(kernels::Reduce::sum, abs(x));
    } else if (order == 0) {
      reduce(kernels::Reduce::sum, ne(x, 0));
    } else if (std::isinf(order)) {
      reduce(order > 0 ? kernels::Reduce::max : kernels::Reduce::min, abs(x));
    } else {
      reduce(kernels::Reduce::sum, pow(abs(x), order));
      pow_(result, Scalar(1 / order));
    }
    if (t != dtype) copy_elements(out, *result.impl());
  }
  void vjp(Vjp& v) const { v.set(0, gradient(v.grad(), v.saved(0), v.saved(1))); }
  void jvp(Jvp& j) const {
    reduced_tangent(j, dims, keepdim,
                    [&](const Tensor& g) { return gradient(g, j.in(0), j.out()); });
  }

 private:
  // At a norm of 0 the gradient is 0.
  Tensor gradient(const Tensor& of_norm, const Tensor& x, const Tensor& y) const {
    const Shape shape = x.shape();
    if (order == 0) return zeros(shape, x.dtype());
    const Tensor g = keep_dims(of_norm, shape, dims, keepdim);
    if (order == 1) return mul(g, sign(x));
    if (std::isinf(order)) {
      return mul(share_equally(of_norm, abs(x), y, dims, keepdim), sign(x));
    }
    const Tensor norm = keep_dims(y, shape, dims, keepdim);
    const Tensor none = eq(norm, 0), zero = zeros({}, g.dtype());
    const Tensor safe = where(none, ones({}, norm.dtype()), norm);
    if (order == 2) return mul(x, where(none, zero, div(g, safe)));
    const Tensor flat = eq(x, 0);
    const Tensor size = where(flat, ones({}, x.dtype()), abs(x));
    const Tensor part = mul(sign(x), pow(size, order - 1));
    return mul(part, where(none, zero, div(g, pow(safe, order - 1))));
  }
};

}  // namespace

Tensor vector_norm(const Tensor& input, double order, Dims dims, bool keepdim,
                   std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("vector_norm", input);
  if (dtype) {
    WG_CHECK(
        is_complex(*dtype) == is_complex(x.dtype), Error,
        "vector_norm: dtype must be complex for complex inputs and real for real ones, but is ",
        *dtype, " for ", x.dtype);
    WG_CHECK(promote(x.dtype, *dtype) == *dtype, Error, "vector_norm: ", x.dtype,
             " cannot be converted to dtype ", *dtype, " without loss");
  }
  if (is_complex(x.dtype)) {
    const Tensor complex = dtype ? to(input, *dtype) : input;
    return vector_norm(abs(complex), order, dims, keepdim, std::nullopt);
  }
  const DType t = dtype.value_or(x.dtype);
  WG_CHECK(is_floating(t), Error, "vector_norm: expected a floating point dtype, but got ", t,
           "; give dtype=, or convert the input first");
  const DimSet set = wrap_dims("vector_norm", dims, x.ndim);
  WG_CHECK((order >= 0 && !std::isinf(order)) || reduced_count(x.sizes(), set) > 0, Error,
           "vector_norm: order ", order, " has no value for no elements, as in shape ", x.sizes());
  return apply(VectorNorm{order, set, keepdim, t}, input);
}

Tensor dist(const Tensor& input, const Tensor& other, double p) {
  return vector_norm(sub(input, other), p);
}

namespace {
constexpr Function rows[] = {
    make_function<vector_norm>(
        "_vector_norm", "input, ord=2, dim=(), keepdim=False, *, dtype=None",
        kFunction | kInternal | kOut,
        "Norm of the elements over the given dimensions, or all, as one vector",
        "T((3, 4))\nT((3, 4)), 1, 0\nT((3, 4)), inf, 1, True\nT((3, 4)), 3, 1\nT((3, 4)), 0.5, "
        "1\nT((3, 4)), -1.5, 1\nT((5,)), 0",
        "np.linalg.norm(input.ravel() if dim in (None, ()) else input, ord=ord, axis=dim if dim "
        "not in (None, ()) else None, keepdims=keepdim)"),
    make_function<dist>("dist", "input, other, p=2", kFunction | kMethod,
                        "Norm of order p of input - other",
                        "T((3, 4)), T((3, 4))\nT((3, 4)), T((4,)), 1\nT((3,)), T((3,)), 3",
                        "np.linalg.norm(np.ravel(input - other), ord=p)"),
};
}  // namespace

extern const FunctionTable norm_functions;
const FunctionTable norm_functions = {rows, std::size(rows)};

WG_OPERATIONS(norm, operation<VectorNorm>())

WENGERT_NAMESPACE_END
